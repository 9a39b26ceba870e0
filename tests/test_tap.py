#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What tap.py reads, writes and counts."""
# What a test is about, its name says. # pylint: disable=missing-class-docstring,missing-function-docstring
import contextlib
import io
import os
import sys
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, f"{TOP}/scripts")
import tap  # pylint: disable=wrong-import-position,import-error
from tap import Cell  # pylint: disable=wrong-import-position,import-error


class Tap(unittest.TestCase):
    def setUp(self):
        self.path = tempfile.NamedTemporaryFile("w+", suffix=".tap").name  # pylint: disable=consider-using-with

    def tearDown(self):
        if os.path.exists(self.path):
            os.remove(self.path)

    def read(self, *lines):
        with open(self.path, "w", encoding="utf-8") as file:
            print(*lines, sep="\n", file=file)
        return tap.read_all(self.path)

    def counts(self, *lines):
        self.read(*lines)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            good = tap.count([self.path])
        return good, said.getvalue().splitlines()[-1]

    def test_as_others_write_it(self):
        for line, want in (("ok 1 a case", ("a case", Cell("ok"))),
                           ("ok 1 - a case", ("a case", Cell("ok"))),
                           ("ok a case", ("a case", Cell("ok"))),
                           ("not ok 12 a.b", ("a.b", Cell("not ok"))),
                           ("ok 1 a # SKIP why not", ("a", Cell("skip", "why not"))),
                           ("ok 1 a # skip (why not)", ("a", Cell("skip", "(why not)"))),
                           ("ok 1 a # SKIP", ("a", Cell("skip", "")))):
            with self.subTest(line=line):
                self.assertEqual(self.read("TAP version 13", "1..1", line), [want])

    def test_whatever_begins_like_a_result_is_one(self):
        for line in ("not ok", "not ok 1", "not ok 1 - ", "not ok 1 a # of b", "not ok 1 a # TODO later"):
            with self.subTest(line=line):
                self.assertEqual([cell.verdict for _, cell in self.read(line)], ["not ok"])
                self.assertEqual(self.counts("ok 1 a", line), (False, "1 passed, 1 failed, 0 skipped"))

    def test_what_is_written_is_read(self):
        cells = [("a", Cell("ok", "", None, "x.log:1-2")),
                 ("b c", Cell("not ok", "it (x) # failed", "x.log:3", "x.log:3-4", ("one", " two"))),
                 ("d", Cell("skip", "no", None, "x.log:5-6")), ("a", Cell("not ok", "again"))]
        tap.write(self.path, cells)
        self.assertEqual(tap.read_all(self.path), cells)

    def test_counts(self):
        self.assertEqual(self.counts("ok 1 a", "ok 2 a", "ok 3 b # SKIP c"), (True, "2 passed, 0 failed, 1 skipped"))
        self.assertEqual(self.counts("ok 1 b # SKIP c"), (False, "0 passed, 0 failed, 1 skipped"))
        self.assertEqual(self.counts("TAP version 13"), (False, "0 passed, 0 failed, 0 skipped"))

    def test_all_that_is_said_of_a_failure_is_kept(self):
        self.assertEqual(self.read("not ok 1 a", "# b", "# c", "#   d", "ok 2 e", "# f"),
                         [("a", Cell("not ok", "b", None, None, ("c", "d"))), ("e", Cell("ok"))])

    def test_a_file_that_is_not_there_has_failed(self):
        self.read("ok 1 a")
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertFalse(tap.count([self.path, self.path + ".none"]))
        self.assertEqual(said.getvalue().splitlines()[-1], "1 passed, 1 failed, 0 skipped")

    def test_junit_has_no_control_characters(self):
        self.read("not ok 1 a\x1b", "# b\x07", "#   \x1b[2J\0")
        tree = tap.xml.fromstring(tap.xml.tostring(tap.junit([self.path])))
        self.assertEqual(tree.find("testsuite/testcase/failure").get("message"), "b\ufffd")

    def test_junit(self):
        self.read("ok 1 a", "not ok 2 b", "# <why> (x.log:1)", "ok 3 c # SKIP d")
        suite = tap.junit([self.path])[0]
        self.assertEqual([suite.get(name) for name in ("tests", "failures", "skipped")], ["3", "1", "1"])
        self.assertEqual(suite.find("testcase/failure").get("message"), "<why>")

    def test_kunit(self):
        json = {"test_cases": [], "sub_groups": [{"name": "suite", "test_cases": [
            {"name": "a", "status": "PASS"}, {"name": "b", "status": "FAIL"},
            {"name": "", "status": "ERROR"}, {"name": "c", "status": "SKIP"}],
            "sub_groups": [{"name": "p", "test_cases": [{"name": "x y", "status": "PASS"}], "sub_groups": []}]}]}
        self.assertEqual([(case, cell.verdict) for case, cell in tap.kunit(json)], [
            ("KUnit suite a", "ok"), ("KUnit suite b", "not ok"), ("KUnit suite a test that did not say its name", "not ok"),
            ("KUnit suite c", "skip"), ("KUnit suite p x y", "ok")])


if __name__ == "__main__":
    unittest.main()

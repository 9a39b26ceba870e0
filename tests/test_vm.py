#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
What vm.py makes of a console: recorded ones, each of another end, are in tests/consoles/.
And what machine.py makes of guest/machine.
"""
# What a test is about, its name says. # pylint: disable=missing-class-docstring,missing-function-docstring
import concurrent.futures
import contextlib
import io
import os
import re
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, f"{TOP}/scripts")
os.environ["B"] = tempfile.gettempdir()
os.chdir(TOP)
import machine  # pylint: disable=wrong-import-position,import-error
import vm  # pylint: disable=wrong-import-position,import-error


def boot(lines, hung=False):
    """A run whose VM prints these lines, and then hangs or ends"""
    console = mock.Mock(hung=hung)
    console.lines.return_value = iter(lines)
    run = vm.Run("series-fast", "intel", "result", ["test"])
    with mock.patch.object(vm, "Vm", return_value=console), mock.patch.object(vm, "qemu"), \
            contextlib.redirect_stderr(io.StringIO()):
        run.boot(1)
    console.end.assert_called_once()
    return run


def recorded(name):
    with open(f"tests/consoles/{name}.log", encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


class Recorded(unittest.TestCase):
    def ends(self, name, *results, complete=False, hung=False):
        run = boot(recorded(name), hung)
        self.assertEqual([result[:3] for result in run.results], list(results))
        self.assertEqual(run.complete, complete)
        return run

    def test_panic(self):
        run = self.ends("panic", ("membership.functions.remove_during_attach_close", "not ok",
                                  "panic: NULL dereference in dmar_remove_one_dev_info"))
        self.assertRegex(run.results[0][4], r":31-101$")
        self.assertEqual(run.cases, 1)

    def test_general_protection(self):
        self.ends("general-protection", ("membership.alias.close_remove", "not ok",
                                         "panic: general protection fault in domain_update_iommu_cap"))

    def test_soft_lockup(self):
        self.ends("soft-lockup", ("type1.mdev_first", "ok", ""), ("type1.mdev_beside", "ok", ""),
                  ("user.unset_container", "not ok", "panic: soft lockup in osq_wait_next"))

    def test_warning_in_a_case_that_fails(self):
        self.ends("warn", ("membership.alias.remove_close", "not ok",
                           "DMA lost: 0000:03:01.0 cannot write memory while 0000:03:02.0 was removed; WARN in domain_exit"))

    def test_warning_in_a_case_that_passes(self):
        lines = [line.replace("remove_close 1", "remove_close 0") for line in recorded("warn")]
        self.assertEqual(boot(lines).results[0][:3], ("membership.alias.remove_close", "not ok", "WARN in domain_exit"))

    def test_failure_without_a_report_keeps_the_vm(self):
        self.ends("fail-skip",
                  ("attach.flat.joining_group", "not ok", "joining a container attaches 0000:00:09.0 4 times instead of 2"),
                  ("attach.flat.shared_domain", "ok", ""), ("attach.flat.reserved_region", "ok", ""),
                  ("after attach.flat.reserved_region", "not ok", "the VM ended early"))

    def test_hang(self):
        run = self.ends("hang", ("user.last_page", "skip", "an IOMMU that has no last page"),
                        ("kmemleak", "not ok", f"hang: nothing on the console for {vm.SILENCE} s"), hung=True)
        self.assertEqual(run.results[-1][5][-1], recorded("hang")[-1])

    def test_boot_that_stalls_is_not_tried_again(self):
        self.ends("stall-at-boot", ("boot", "not ok",
                                    "rcu: INFO: rcu_sched self-detected stall on CPU in __kernel_text_address"), complete=True)


class Made(unittest.TestCase):
    """Ends of which there is no record"""
    start = ["[    0.000000] Linux"] * 20

    def test_all_done(self):
        run = boot([*self.start, "[ 1.0] bench: run 1 a.b", "[ 1.1] bench: end 1 a.b 0", "[ 1.2] bench: done 1"])
        self.assertEqual([result[:3] for result in run.results], [("a.b", "ok", "")])
        self.assertTrue(run.complete)

    def test_report_between_two_cases(self):
        run = boot([*self.start, "[ 1.0] bench: run 1 a.b", "[ 1.1] bench: end 1 a.b 0",
                    "[ 1.2] WARNING: CPU: 0 PID: 1 at x.c:1 late+0x1/0x2", "[ 1.3] bench: run 2 a.c", "[ 1.4] bench: done 2"])
        self.assertEqual([result[:3] for result in run.results], [("a.b", "ok", ""), ("after a.b", "not ok", "WARN in late")])
        self.assertEqual(run.cases, 1)
        self.assertFalse(run.complete)

    def test_report_after_the_last_case(self):
        run = boot([*self.start, "[ 1.0] bench: run 1 a.b", "[ 1.1] bench: end 1 a.b 0",
                    "[ 1.2] BUG: KASAN: slab-use-after-free in gone+0x1/0x2", "[ 1.3] bench: done 1"])
        self.assertEqual(run.results[-1][:3], ("after a.b", "not ok", "BUG: KASAN: slab-use-after-free in gone"))

    def test_emulator_that_does_not_start(self):
        run = boot(["qemu-system-x86_64: no such device"])
        self.assertEqual(run.results[0][:3], ("boot", "not ok", "QEMU: qemu-system-x86_64: no such device"))

    def test_what_5_10_warns_of_by_design(self):
        run = boot([*self.start, "[ 1.0] bench: run 1 a.b", "[ 1.1] WARNING: CPU: 0 PID: 9 at v.c:1 vfio_iommu_group_notifier+0x1",
                    "[ 1.2] bench: end 1 a.b 0", "[ 1.3] bench: done 1"])
        self.assertEqual(run.results[0][:3], ("a.b", "ok", ""))

    def test_kunit_that_fails(self):
        run = boot([*self.start, "[ 1.0]     not ok 3 test_detach", "[ 1.1] bench: run 1 a.b"])
        self.assertEqual(run.results[0][:2], ("boot", "not ok"))

    def test_verdicts(self):
        for tap, rc, want in (
                ([], 0, ("ok", "")),
                (["ok 1 # SKIP no device"], 0, ("skip", "no device")),
                (["# SKIP"], 4, ("skip", "no reason given")),
                ([], 4, ("skip", "no reason given")),
                ([], 7, ("not ok", "exit code 7")),
                (["# x_test.c:12:remove:Expected 0 (0) == x (-1)", "# x_test.c:12:remove:DMA lost"], 1, ("not ok", "DMA lost")),
                (["# x_test.c:12:remove:Expected 0 (0) == x (-1)"], 1, ("not ok", "Expected 0 (0) == x (-1)")),
                (["# 5 s: 3 attaches", "# too few", "not ok 1 alias", "# after it"], 1, ("not ok", "too few")),
                (["lib/x.c:7: open: Assertion Failure", "  Expression: fd >= 0", "  Observed: -1", "  [errno: 2 - none]"], 1,
                 ("not ok", "Expression: fd >= 0; Observed: -1; [errno: 2 - none] (x.c:7)"))):
            with self.subTest(tap=tap, rc=rc):
                self.assertEqual(vm.Run.verdict(tap, rc), want)


class Machine(unittest.TestCase):
    def test_the_docs_have_its_tables(self):
        with open("docs/bench.md", encoding="utf-8") as file:
            has = re.findall("<!-- machine: .*?<!-- end -->", file.read(), re.S)
        self.assertEqual("\n".join(has), machine.docs(), "docs/bench.md does not have what scripts/machine.py docs prints")

    def test_a_record_that_lacks_a_field_is_refused(self):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            print("# first", "bus\t00\tpcie.0", sep="\n", file=file, flush=True)
            with mock.patch.object(machine, "TABLE", file.name), \
                    self.assertRaisesRegex(SystemExit, "machine:2: .* bus of 3 fields"):
                list(machine.records())


class Side(unittest.TestCase):
    def test_places_are_had_in_order(self):
        places, order, done = vm.Places(4), [], threading.Event()
        places.take(3)

        def run(wanted):
            places.take(wanted)
            order.append(wanted)
            done.wait()
            places.give(wanted)

        def until(there):
            for _ in range(1000):
                if there():
                    return
                time.sleep(0.001)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for number, wanted in enumerate((2, 1, 1), 1):
                pool.submit(run, wanted)
                until(lambda number=number: len(places.waiting) == number)
            early = list(order)
            places.give(3)
            until(lambda: len(order) == 3)
            free = places.free
            done.set()
        # One was free, but the first one wanted two.
        self.assertEqual((early, order[:1], free, places.free), ([], [2], 0, 4))

    def test_a_debug_kernel_has_two_places_until_it_has_booted(self):
        for kernel, while_booting in (("series-debug,kunit.enable=0", 2), ("series-fast", 1)):
            console, places, seen = mock.Mock(hung=False), vm.Places(4), []
            said = [*Made.start, "[ 1.0] bench: run 1 a.b", "[ 1.1] bench: end 1 a.b 0", "[ 1.2] bench: done 1"]
            # append() returns nothing
            console.lines.return_value = (seen.append(4 - places.free) or line for line in said)  # pylint: disable=cell-var-from-loop
            with mock.patch.object(vm, "Vm", return_value=console), mock.patch.object(vm, "qemu"), \
                    contextlib.redirect_stderr(io.StringIO()):
                vm.Run(kernel, "intel", "result", ["test"], places).boot(1)
            self.assertEqual((seen[0], seen[20], seen[21], places.free), (while_booting, while_booting, 1, 4))


if __name__ == "__main__":
    unittest.main()

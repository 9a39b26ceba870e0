#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
TAP, as the bench writes it: results of cases, each with its reason and its log.

    tap.py count FILE...	what failed, and in the last line how many did, passed and were skipped
    tap.py junit FILE...	the same files as JUnit's XML
    tap.py kunit JSON		what `kunit.py --json` wrote to JSON, as TAP

count's exit code is 0 only if none failed and some passed.
"""
import json
import os
import re
import sys
import typing
import xml.etree.ElementTree as xml


class Cell(typing.NamedTuple):
    """What became of a case"""
    verdict: str        # ok, not ok, skip or not run
    why: str = ""
    where: str | None = None    # the log's file and line that say why
    log: str | None = None      # all that the log has of the case: file:first-last
    last: tuple[str, ...] = ()  # what else is said of it


NOT_RUN = Cell("not run")


def read_all(path: str) -> list[tuple[str, Cell]]:
    """What a file says of each case, in its order"""
    cells: list[tuple[str, Cell]] = []
    with open(path, encoding="utf-8", errors="replace") as tap:
        for line in tap:
            result = re.match(r"(ok|not ok)(?= |$)(?: +\d+(?= |$))?(?: +-(?= |$))?(.*)$", line.rstrip())
            if result:
                verdict, name = result.groups()
                name, *skip = re.split(r"(?: |^)# *skip\b *", name, maxsplit=1, flags=re.I)
                # What failed was not skipped, whatever it says.
                cell = Cell("skip", *skip) if skip and verdict == "ok" else Cell(verdict)
                cells.append((name.strip() or "a case without a name", cell))
                continue
            log = re.match(r"# log (\S+:\d+-\d+)$", line)
            why = re.match(r"# (.*?)(?: \((\S+:\d+)\))?$", line)
            last = re.match(r"#(?:   | )(.*)$", line)
            if not cells:
                continue
            case, cell = cells[-1]
            if log:
                cell = cell._replace(log=log[1])
            elif why and cell[:2] == ("not ok", ""):
                cell = cell._replace(why=why[1], where=why[2])
            elif last and cell.verdict == "not ok":
                cell = cell._replace(last=(*cell.last, last[1]))
            cells[-1] = case, cell
    return cells


def read(path: str) -> dict[str, Cell]:
    """The same, for a file that has each case once"""
    return dict(read_all(path))


def written(cells: typing.Iterable[tuple[str, Cell]]) -> typing.Iterator[str]:
    """The lines of a file that says that"""
    cells = list(cells)
    yield "TAP version 13"
    yield f"1..{len(cells)}"
    for number, (case, cell) in enumerate(cells, 1):
        if cell.verdict == "skip":
            yield f"ok {number} {case} # SKIP {cell.why}"
        else:
            yield f"{cell.verdict} {number} {case}"
        if cell.verdict == "not ok" and cell.why:
            yield f"# {cell.why}{f' ({cell.where})' if cell.where else ''}"
            yield from (f"#   {line}" for line in cell.last)
        if cell.log:
            yield f"# log {cell.log}"


def write(path: str, cells: typing.Iterable[tuple[str, Cell]]) -> None:
    """All of it or nothing: who is stopped leaves no half of a file"""
    with open(path + ".tmp", "w", encoding="utf-8") as tap:
        for line in written(cells):
            print(line, file=tap)
    os.rename(path + ".tmp", path)


def count(paths: list[str]) -> bool:
    """Print what failed, and the sums. Is all well?"""
    passed = failed = skipped = 0
    for path in paths:
        try:
            cells = read_all(path)
        except OSError as error:
            cells = [("a file", Cell("not ok", error.strerror))]
        for number, (case, cell) in enumerate(cells, 1):
            passed += cell.verdict == "ok"
            skipped += cell.verdict == "skip"
            if cell.verdict == "not ok":
                failed += 1
                print(f"{path}: not ok {number} {case}")
                if cell.why:
                    print(f"  {cell.why}{f' ({cell.where})' if cell.where else ''}")
                    print("".join(f"    {line}\n" for line in cell.last), end="")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return bool(passed and not failed)


def junit(paths: list[str]) -> xml.Element:
    """A suite for each file"""
    def text(words: str) -> str:
        # XML has no place for a console's control characters.
        return "".join(c if c.isprintable() or c in "\t\n" else "\ufffd" for c in words)

    suites = xml.Element("testsuites")
    for path in paths:
        name = os.path.basename(path).split(".tap")[0]
        cells = read_all(path)
        suite = xml.SubElement(suites, "testsuite", name=name, tests=str(len(cells)),
                               failures=str(sum(cell.verdict == "not ok" for _, cell in cells)),
                               skipped=str(sum(cell.verdict == "skip" for _, cell in cells)))
        for case, cell in cells:
            element = xml.SubElement(suite, "testcase", classname=name, name=text(case))
            if cell.verdict == "not ok":
                failure = xml.SubElement(element, "failure", message=text(cell.why))
                failure.text = text("\n".join(filter(None, (cell.where, *cell.last))))
            elif cell.verdict == "skip":
                xml.SubElement(element, "skipped", message=text(cell.why))
            if cell.log:
                xml.SubElement(element, "system-out").text = cell.log
    return suites


def kunit(group: dict[str, typing.Any], *suites: str) -> typing.Iterator[tuple[str, Cell]]:
    """What kunit.py says of each test, and of each parameter of those that have some"""
    status = {"PASS": Cell("ok"), "SKIP": Cell("skip", "as it says itself"), "ERROR": Cell("not ok", "it crashed")}
    for case in group["test_cases"]:
        name = case["name"] or "a test that did not say its name"
        yield " ".join(("KUnit", *suites, name)), status.get(case["status"], Cell("not ok"))
    for other in group["sub_groups"]:
        yield from kunit(other, *suites, other["name"])


def main() -> None:
    """What the command line asks for"""
    if not {"-h", "--help"}.isdisjoint(sys.argv[1:]):
        print((__doc__ or "").strip())
        return
    match sys.argv[1:]:
        case ["count", *paths]:
            sys.exit(not count(paths))
        case ["junit", *paths]:
            tree = xml.ElementTree(junit(paths))
            xml.indent(tree)
            tree.write(sys.stdout.buffer, encoding="utf-8", xml_declaration=True)
        case ["kunit", path]:
            with open(path, encoding="utf-8") as file:
                for line in written(kunit(json.load(file))):
                    print(line)
        case _:
            sys.exit("error: want count, junit or kunit, and files: tap.py --help")


if __name__ == "__main__":
    main()

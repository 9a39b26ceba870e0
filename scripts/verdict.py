#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Print the results of the same cases on several kernels as one table.

    verdict.py TITLE=RESULT...

RESULT is what vm.py named it. What the stock kernel did (TITLE `stock`) is shown
as found; every case must be in every other column, and ok or skipped there, and
some ok, else the exit code is 1.
"""
import os
import re
import sys
import textwrap
import typing

WIDTH = 46


class Cell(typing.NamedTuple):
    """What became of a case"""
    verdict: str        # ok, not ok, skip or not run
    why: str = ""
    where: str = None   # the log's file and line that say why
    log: str = None     # all that the log has of the case: file:first-last


NOT_RUN = Cell("not run")


def results(path):
    """{case: Cell}"""
    cells, case = {}, None
    with open(path, errors="replace") as tap:
        for line in tap:
            result = re.match(r"(ok|not ok) \d+ ([^#]*[^# ])(?: # SKIP ?(.*))?$", line.rstrip())
            if result:
                verdict, case, skip = result.groups()
                cells[case] = Cell(verdict) if skip is None else Cell("skip", skip)
                continue
            log = re.match(r"# log (\S+:\d+-\d+)$", line)
            why = re.match(r"# (.*?)(?: \((\S+:\d+)\))?$", line)
            if log and case:
                cells[case] = cells[case]._replace(log=log[1])
            elif why and case and cells[case][:2] == ("not ok", ""):
                cells[case] = cells[case]._replace(why=why[1], where=why[2])
    return cells


def main():
    columns = [argument.split("=", 1) for argument in sys.argv[1:]]
    tables = [results(f"{os.environ['B']}/result/{name}.tap") for _, name in columns]
    cases = list(dict.fromkeys(case for table in tables for case in table))
    # The fixture is the same for all of them.
    first = max((len(case.split(".", 1)[-1]) for case in cases), default=8)
    rule = "-" * first + ("-+-" + "-" * WIDTH) * len(columns)
    print(f"{'scenario':<{first}}", *(f"{title:<{WIDTH}}" for title, _ in columns), sep=" | ")
    print(rule)
    logs = []
    for case in cases:
        cells = []
        for table in tables:
            cell = table.get(case, NOT_RUN)
            what = {"skip": f"skip: {cell.why}", "not ok": cell.why}.get(cell.verdict) or cell.verdict
            if cell.where:
                logs.append(cell.where)
                what += f" [{len(logs)}]"
            cells.append(textwrap.wrap(what, WIDTH))
        for row in range(max(map(len, cells))):
            name = case.split(".", 1)[-1] if row == 0 else ""
            print(f"{name:<{first}}", *(f"{(cell + [''] * row)[row] if row < len(cell) else '':<{WIDTH}}"
                                         for cell in cells), sep=" | ")
    print(rule)
    for number, where in enumerate(logs, 1):
        print(f"[{number}] {where}")
    status = 0
    for (title, _), table in zip(columns, tables):
        verdicts = [table.get(case, NOT_RUN).verdict for case in cases]
        good, skipped = verdicts.count("ok"), verdicts.count("skip")
        print(f"{title}: {good} of {len(cases)} scenarios are ok" + (f", {skipped} skipped" if skipped else ""))
        if title != "stock" and (not good or good + skipped < len(cases)):
            status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()

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

WIDTH = 46


def results(name):
    """{case: (what happened, where its log lies)}"""
    cells, case = {}, None
    with open(f"{os.environ['B']}/result/{name}.tap") as tap:
        for line in tap:
            result = re.match(r"(ok|not ok) \d+ ([^#]*[^# ])(?: # SKIP (.*))?$", line.rstrip())
            if result:
                verdict, case, skip = result.groups()
                cells[case] = ("skip: " + skip if skip else verdict, None)
                continue
            why = re.match(r"# (.*) \((\S+)\)$", line.rstrip())
            if why and cells.get(case) == ("not ok", None):
                cells[case] = why.groups()
    return cells


def main():
    columns = [argument.split("=", 1) for argument in sys.argv[1:]]
    tables = [results(name) for _, name in columns]
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
            what, where = table.get(case, ("not run", None))
            if where:
                logs.append(where)
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
        verdicts = [table.get(case, ("not run",))[0].split(":")[0] for case in cases]
        good, skipped = verdicts.count("ok"), verdicts.count("skip")
        print(f"{title}: {good} of {len(cases)} scenarios are ok" + (f", {skipped} skipped" if skipped else ""))
        if title != "stock" and (not good or good + skipped < len(cases)):
            status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()

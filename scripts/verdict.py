#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Print the results of the same cases on several kernels as one table.

    verdict.py [--of] TITLE=RESULT[,RESULT...]...

RESULT is what vm.py named it; several are parts of one column. What the stock kernel did (TITLE `stock`) is shown
as found; every case must be in every other column, and ok or skipped there, and
some ok, else the exit code is 1. With --of, each kernel is shown as found, and a
sentence says whether it is affected and which series mends it; the exit code is 1
if nothing was shown of one.
"""
import os
import re
import sys
import textwrap
from pathlib import Path

from tap import Cell, NOT_RUN, read

WIDTH = 46
# What a failed case says that it saw, and what that is called
KINDS = [("panic: ", "panic"), ("hang: ", "hang"), ("DMA lost", "lose DMA"), ("before any change", "have no DMA"), ("WARN", "warn")]


def series_for(release: str) -> str:
    """Which series mends what fails in a kernel of that release"""
    versions = {}
    for path in Path("series").glob("*/base"):
        # What is a draft mends nothing yet.
        if not re.search("^draft: ", path.read_text(), re.M):
            versions[path.parent.name] = path.read_text().split()[0]
    # In parentheses behind what a tree calls itself
    number = re.search(r"(?:^|\()(\d+\.\d+)[^(]*$", release)
    for base, version in versions.items():
        if number and re.match(r"\d+\.\d+", version)[0] == number[1]:
            return f"series/{base} mends what fails in {version}: `make BASE={base}` shows it"
    return f"no series is made for it: there are {', '.join(f'{base} ({version})' for base, version in sorted(versions.items()))}"


def sentence(release: str, table: dict[str, Cell]) -> str:
    """What a person wants to know of a kernel"""
    booted = table.get("boot", Cell("ok"))
    failed = [cell for case, cell in table.items() if cell.verdict == "not ok" and case != "boot"]
    good = sum(cell.verdict == "ok" for cell in table.values())
    if booted.verdict == "not ok":
        said = f"Linux {release} did not boot here, at least once, and not all was tried: {booted.why}"
        return said + (f"; of {good + len(failed)} scenarios that were, {len(failed)} fail" if good or failed else "")
    if not good and not failed:
        return f"Linux {release}: nothing was shown: each of {len(table)} scenarios was skipped"
    if not failed:
        return f"Linux {release} is not affected by any of {good} scenarios"
    kinds = {}
    for cell in failed:
        kind = next((kind for sign, kind in KINDS if sign in cell.why), "fail otherwise")
        kinds[kind] = kinds.get(kind, 0) + 1
    said = ", ".join(f"{kinds[kind]} {kind}" for kind in (*dict(KINDS).values(), "fail otherwise") if kind in kinds)
    return f"Linux {release} is affected: of {good + len(failed)} scenarios {said}; {series_for(release)}"


def main() -> None:
    """What the command line asks for"""
    if not {"-h", "--help"}.isdisjoint(sys.argv[1:]):
        print(__doc__.strip())
        return
    arguments = [argument for argument in sys.argv[1:] if argument != "--of"]
    found = len(arguments) < len(sys.argv) - 1
    columns = [argument.split("=", 1) for argument in arguments]
    tables = []
    for _, names in columns:
        tables.append({})
        for name in names.split(","):
            for case, cell in read(f"{os.environ['B']}/result/{name}.tap").items():
                # Each part can have it, e.g. the scan for leaks.
                if tables[-1].get(case, NOT_RUN).verdict != "not ok":
                    tables[-1][case] = cell
    cases = list(dict.fromkeys(case for table in tables for case in table))
    names = {case: case.removeprefix("membership.") for case in cases}
    first = max(map(len, names.values()), default=8)
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
            name = names[case] if row == 0 else ""
            print(f"{name:<{first}}", *(f"{(cell + [''] * row)[row] if row < len(cell) else '':<{WIDTH}}"
                                         for cell in cells), sep=" | ")
    print(rule)
    for number, where in enumerate(logs, 1):
        print(f"[{number}] {where}")
    status = 0
    for (title, _), table in zip(columns, tables):
        if found:
            print(*textwrap.wrap(sentence(title, table), first + (WIDTH + 3) * len(columns), break_long_words=False), sep="\n")
            status |= table.get("boot", NOT_RUN).verdict == "not ok" or not any(cell.verdict == "ok" for cell in table.values())
            continue
        verdicts = [table.get(case, NOT_RUN).verdict for case in cases]
        good, skipped = verdicts.count("ok"), verdicts.count("skip")
        print(f"{title}: {good} of {len(cases)} scenarios are ok" + (f", {skipped} skipped" if skipped else ""))
        if title not in ("debian", "stock") and (not good or good + skipped < len(cases)):
            status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()

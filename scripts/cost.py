#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Measure what attaching costs on the stock kernel and on another one, print it as
ratios, assert what must be better and what must not change, and plot it.

    cost.py KERNEL VIOMMU...

guest/attach_cost.c measures, on the kernels stock-$CONFIG and KERNEL-$CONFIG.
What comes out: $B/bench/attach-cost.tsv, $B/bench/join-COLUMN-VIOMMU.svg and
$B/result/attach-cost.tap.
"""
import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import typing

import tap

B = os.environ["B"]
CONFIG = os.environ["CONFIG"]
TAP = f"{B}/result/attach-cost.tap"
# What attach_cost prints behind operation, size and mappings
COLUMNS = {"attaches": "attach_dev calls", "domains": "domains allocated", "iotlb": "IOTLB flushes",
           "context": "context flushes", "ns": "guest time [ns]"}
TOLERANCE = 0.01
# Each call takes the container's lock, or it could use what is freed: 59 instructions more, at most.
LOCK = 60
# Of each group that is there, type1 looks whether it is the one that joins: some ten
# instructions each.
GROWTH = 0.05
Rows = dict[tuple[str, int, int], dict[str, int | None]]
PLOT = """
set terminal svg size 480,360 noenhanced background "white"
set output "{svg}"
set title "groups that join a container ({viommu}): {title}"
set xlabel "groups"
set xtics (1, 2, 4, 8, 16, 24)
set yrange [0:*]
set format y "%.0s%c"
set grid y
set key left top
$data << EOD
{data}
EOD
plot for [i=2:{last}] $data using 1:i with linespoints pointtype 2*i pointsize i%2 ? 0.4 : 1 title columnheader(i)
"""


def measured(run: str) -> Rows:
    """{(operation, size, mappings): {column: number, or None where it cannot be counted}}"""
    for cell in tap.read(f"{B}/result/{run}.tap").values():
        if cell.verdict == "not ok":
            sys.exit(f"error: {run}: {cell.why}{f' ({cell.where})' if cell.where else ''}")
    rows = {}
    with open(f"{B}/log/{run}.1.log", encoding="utf-8", errors="replace") as log:
        for line in log:
            row = re.search(r"\| (\w+)\t(\d+)\t(\d+)\t(.*)", line.rstrip())
            if row:
                numbers = [None if word == "-" else int(word) for word in row[4].split("\t")]
                rows[row[1], int(row[2]), int(row[3])] = dict(zip(COLUMNS, numbers, strict=True))
    return rows


def table(viommu: str, stock: Rows, other: Rows, kernel: str) -> None:
    """Print what both kernels took, and the ratios"""
    def cell(before, after):
        if before is None:
            return "", "-", ""
        return before, after, f"{after / before:.3f}" if before else ""

    rows = [[viommu, "size", "mappings", *["stock", kernel, "ratio"] * len(COLUMNS)]]
    for key, before in stock.items():
        rows.append([*key, *(word for column in COLUMNS for word in cell(before[column], other[key][column]))])
    widths = [max(len(str(word)) for word in words) for words in zip(*rows)]
    print(*(f"{title:^{sum(widths[3 * i:3 * i + 3]) + 2}}" for i, title in enumerate(["", *COLUMNS.values()])), sep=" | ")
    for name, *words in rows:
        cells = [f"{name:<{widths[0]}}", *(f"{word:>{width}}" for word, width in zip(words, widths[1:]))]
        print(*(" ".join(cells[i:i + 3]) for i in range(0, len(cells), 3)), sep=" | ")
    print()


def checks(viommu: str, stock: Rows, other: Rows) -> typing.Iterator[tuple[str, bool, object]]:
    """(what must hold, whether it does, the numbers)"""
    for name, rows in ("stock", stock), ("series", other):
        # Else what is counted is not how these kernels allocate domains.
        first = rows["first", 1, 0]
        yield f"{viommu}: {name}: the first group takes one domain", first["domains"] == 1, first
    joins = [key for key in other if key[0] == "join"]
    for key in joins:
        before, after = stock[key]["attaches"], other[key]["attaches"]
        yield (f"{viommu}: {key[1]} groups join, {key[2]} mappings: at most half of stock's attach_dev calls",
               0 < after <= before / 2, f"{after}, stock {before}")
    for mappings in dict.fromkeys(key[2] for key in joins):
        for column, title in COLUMNS.items():
            costs = {key[1]: other[key][column] for key in joins if key[2] == mappings}
            if costs[1] is None:
                continue
            allowed = costs[1] * (1 + GROWTH if column == "ns" else 1)
            yield (f"{viommu}: groups join, {mappings} mappings: at most linear: {title}",
                   all(cost <= groups * allowed for groups, cost in costs.items()), costs)
    for key in other:
        if key[0] in ("map", "unmap"):
            before, after = stock[key]["ns"], other[key]["ns"]
            # With virtio-iommu, the series maps without allocating memory for it.
            cheaper = viommu == "virtio" and key[0] == "map"
            after_lock = after - LOCK * key[2]
            yield (f"{viommu}: {key[0]}, {key[2]} mappings: guest time is {'at most ' * cheaper}stock's +-{TOLERANCE:.0%}, "
                   f"and {LOCK} ns a call",
                   after_lock / before - 1 <= TOLERANCE and (cheaper or 1 - after / before <= TOLERANCE),
                   f"{after}, stock {before}")
    # Two runs of one kernel are some ns apart, the two kernels hundreds.
    for operation in "first", "last", "join", "leave", "attach", "give_back":
        for column, title in COLUMNS.items():
            before, after = ({key[1:]: row[column] for key, row in rows.items() if key[0] == operation}
                             for rows in (stock, other))
            if None not in after.values():
                yield (f"{viommu}: {operation}, whatever the size: at most stock's: {title}",
                       all(after[size] <= before[size] for size in after), f"{after}, stock {before}")
    for operation in "attach", "give_back":
        after = {size: row["ns"] for (name, size, _), row in sorted(other.items()) if name == operation}
        sizes = list(after)
        more = [(after[b] - after[a]) / (b - a) for a, b in zip(sizes, sizes[1:])]
        yield (f"{viommu}: {operation}, 1 to {sizes[-1]} devices in the group: each more takes the same: {COLUMNS['ns']}",
               max(more) <= min(more) * (1 + GROWTH), after)


def plot(viommu: str, stock: Rows, other: Rows, kernel: str) -> None:
    """Draw what it takes groups to join, by each column"""
    joins = [key for key in other if key[0] == "join"]
    counts = dict.fromkeys(key[1] for key in joins)
    lines = [(f'"{name}, {mappings} mappings"', rows, mappings) for name, rows in (("stock", stock), (kernel, other))
             for mappings in dict.fromkeys(key[2] for key in joins)]
    for column, title in COLUMNS.items():
        if other[joins[0]][column] is None:
            continue
        data = [["groups", *(name for name, _, _ in lines)]]
        data += [[groups, *(rows["join", groups, mappings][column] for _, rows, mappings in lines)] for groups in counts]
        subprocess.run(["gnuplot"], text=True, check=True, input=PLOT.format(
            svg=f"{B}/bench/join-{column}-{viommu}.svg", viommu=viommu, title=title, last=len(data[0]),
            data="\n".join(" ".join(map(str, row)) for row in data)))


def main() -> None:
    """What the command line asks for"""
    if not {"-h", "--help"}.isdisjoint(sys.argv[1:]):
        print(__doc__.strip())
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    kernel, *viommus = sys.argv[1:]
    runs = {viommu: (f"cost-stock-{viommu}", f"cost-{viommu}") for viommu in viommus}
    # What is left of a run that fails must not look like its results.
    shutil.rmtree(f"{B}/bench", ignore_errors=True)
    os.makedirs(f"{B}/bench")
    if os.path.exists(TAP):
        os.remove(TAP)
    arguments = [word for viommu, names in runs.items() for name, image in zip(names, ("stock", kernel))
                 for word in ("+", f"{image}-{CONFIG}", viommu, name, "attach_cost")]
    # KVM does not count instructions.
    vm = subprocess.run(["setpriv", "--pdeathsig", "TERM", "scripts/vm.py", "run", *arguments],
                        env={**os.environ, "MACHINE": "cost", "ACCEL": "tcg"}, check=False)
    if vm.returncode:
        sys.exit(vm.returncode)
    results = []
    with open(f"{B}/bench/attach-cost.tsv", "w", encoding="utf-8", newline="") as file:
        tsv = csv.writer(file, "excel-tab", lineterminator="\n")
        tsv.writerow(["viommu", "kernel", "operation", "size", "mappings", *COLUMNS])
        for viommu, names in runs.items():
            stock, other = map(measured, names)
            for name, rows in ("stock", stock), (kernel, other):
                tsv.writerows([viommu, name, *key, *row.values()] for key, row in rows.items())
            table(viommu, stock, other, kernel)
            plot(viommu, stock, other, kernel)
            results += checks(viommu, stock, other)
    tap.write(TAP, [(name, tap.Cell("ok") if holds else tap.Cell("not ok", str(numbers))) for name, holds, numbers in results])
    for name, holds, numbers in results:
        if not holds:
            print(f"not ok: {name}: {numbers}")
    failed = sum(not holds for _, holds, _ in results)
    print(f"{len(results) - failed} of {len(results)} hold; numbers and plots are in {os.path.relpath(B)}/bench/")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

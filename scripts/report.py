#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Show the results of the last `make check` or `make check-all`, of each base that
has any, as one page that needs nothing else, build/report/index.html, and as text.

    report.py
    report.py versions	what made the results: check.sh keeps it beside them
"""
import base64
import collections
import csv
import datetime
import functools
import glob
import html
import itertools
import os
import platform
import re
import shutil
import subprocess
import sys
import textwrap
import typing

import topics
import verdict
import vm

PAGE = "build/report/index.html"
CONFIGS = ["fast", "debug"]
KERNELS = ["stock", "fixes", "series"]
# What vm.py is told to call a run: [ARCH-]KERNEL-CONFIG-VIOMMU[-PART]
RUN = re.compile(rf"(?:(\w+)-)?({'|'.join(KERNELS)})-({'|'.join(CONFIGS)})-"
                 rf"({'|'.join(sorted(vm.VIOMMU, key=len, reverse=True))})(?:-\w+)?")
SIGNS = {"ok": "✓", "not ok": "✗", "skip": "–", "not run": "·"}
CLASSES = {"ok": "o", "not ok": "f", "skip": "s", "not run": "n"}
WORDS = {"ok": "ok", "not ok": "failed", "skip": "skipped", "not run": "not run"}
TEXT = {"ok": "ok", "not ok": "x", "skip": "-", "not run": "."}
# The first part of a case's name: what it shows. Programs that have no cases have no such part.
TESTS = {
    "membership": "Devices leave and join a group that VFIO uses",
    "function_alone": "The same for functions of which only the first one's header says that there are several",
    "interrupts": "A device's interrupts, while another member of its group leaves and returns",
    "host_driver": "A host's driver and VFIO have devices of one group, one after the other",
    "reserved": "The device that leaves and returns has reserved memory regions",
    "vf": "Virtual functions that VFIO uses leave all at once, and return",
    "suspend": "The machine sleeps and wakes up, while VFIO has a group or has given it back",
    "crash": "The kernel crashes while VFIO has a group, and another one takes over the IOMMU's tables",
    "nested": "QEMU, in the VM, gives devices to a guest, while other members of their groups leave and return",
    "attach": "What attaching a group takes: calls of the IOMMU driver, reserved regions, interrupts",
    "fail_nth": "Each allocation fails in turn, while a group is attached, used and given back",
    "type1": "What type1 does besides attaching: the same on both kernels",
    "dma": "DMA through type1's mappings, byte by byte",
    "acpi_device": "A PCI device's DMA, while an ACPI device has its requester ID in a group of its own",
    "testpmd": "DPDK forwards packets between two NICs while another member of their group leaves and returns",
    "vfio_iommu_group_test": "Devices leave and join a group, in each IOMMU mode, iommufd's too",
    "": "Races for a minute, and memory leaks",
}
OWN_TEST = "A test that mainline has of its own"
GLOSSARY = {
    "flat": "each device is a group of its own",
    "functions": "two functions of one device, one group",
    "functions_root_port": "the same behind a PCIe root port",
    "alias": "two devices behind a PCIe-to-PCI bridge: one group, one requester ID",
    "deep": "two devices behind a bridge that is behind a PCIe-to-PCI bridge",
    "alias_plugged": "as alias, unplugged and plugged through QEMU's monitor rather than by sysfs",
    "…@11": "on QEMU 11; without, on the QEMU that the machine has, or that QEMU= named",
    "own_group": "virtual functions in groups of their own",
    "shared_group": "virtual functions in the group of their physical function",
    "ats": "functions behind a root port that have translations cached",
    "intel-hw, intel-hw-sm": "Intel's IOMMU without caching mode, with snoop control; in scalable mode",
    "intel-fs": "Intel's IOMMU with first-stage translation",
    "remove": "one device is removed; the other's DMA must go on",
    "readd": "it is removed and returns; then it shares the group's mappings",
    "…_close": "after that, VFIO closes the group and opens it again",
    "close_…": "VFIO closes the group while the device leaves or returns",
    "…_during_attach": "meanwhile VFIO attaches and closes the group again and again",
    "driverless": "the device that leaves and returns has no driver",
    "unplug": "QEMU asks for the device while VFIO holds it and its DMA runs; it goes when VFIO lets go",
    "host_driver": "VFIO and a host's driver keep each other out of a group",
}
# What a test itself says in the console, but for what the harness says of each
OWN = re.compile(r"bench: |\| (?!TAP version|1\.\.|# (?:Starting|PASSED|FAILED|Totals))")
# A failure's log is whole up to this, else its first and its last lines are shown.
WHOLE, HEAD = 500, 50


class Column(typing.NamedTuple):
    viommu: str
    config: str
    kernel: str

    def order(self):
        return list(vm.VIOMMU).index(self.viommu), CONFIGS.index(self.config), KERNELS.index(self.kernel)

    def __str__(self):
        return f"{self.viommu}, {self.config}, {self.kernel}"


class Matrix:
    """The cases of one test on one architecture: {(kind, scenario): {Column: Cell}}"""

    def __init__(self, base, arch, test):
        self.base, self.arch, self.test = base, arch, test
        self.rows = {}
        self.id = anchor(base, arch, test or "programs")
        self.title = f"{test or 'programs'}{' on ' + arch if arch else ''}"

    def add(self, column, name, cell):
        parts = name.split(".") if self.test else [self.test, name]
        row = self.rows.setdefault((".".join(parts[1:-1]), parts[-1]), {})
        # Some have run twice here, e.g. the scan for leaks behind each part.
        rank = ["not run", "skip", "ok", "not ok"].index
        row[column] = max(row.get(column, verdict.NOT_RUN), cell, key=lambda cell: rank(cell.verdict))

    def pairs(self):
        return {column[:2] for row in self.rows.values() for column in row}

    def finish(self, pairs):
        """What needs all the cells. Each column has its neighbours: stock, series, and what ran of the fixes."""
        ran = {column for row in self.rows.values() for column in row}
        self.columns = sorted((column for pair in pairs for column in (Column(*pair, kernel) for kernel in KERNELS)
                               if column.kernel != "fixes" or column in ran), key=Column.order)
        kinds = list(dict.fromkeys(kind for kind, _ in self.rows))
        self.rows = dict(sorted(self.rows.items(), key=lambda item: kinds.index(item[0][0])))
        self.notes = {}
        for key, column, cell in self.cells():
            if cell.verdict in ("not ok", "skip"):
                self.notes.setdefault((cell.verdict, cell.why), []).append((key, column))
        # What stock alone fails comes last.
        self.notes = dict(sorted(self.notes.items(), key=lambda note: (
            note[0][0], all(column.kernel == "stock" for _, column in note[1]))))
        self.numbers = {note: number for number, note in enumerate(self.notes, 1)}

    def cell(self, key, column):
        return self.rows[key].get(column, verdict.NOT_RUN)

    def cells(self):
        return ((key, column, self.cell(key, column)) for key in self.rows for column in self.columns)

    def number(self, cell):
        return self.numbers.get((cell.verdict, cell.why), "")

    def case(self, key):
        return ".".join(filter(None, (self.test, *key)))

    def count(self, kernel):
        return collections.Counter(cell.verdict for _, column, cell in self.cells() if column.kernel == kernel)

    def cell_id(self, key, column):
        return anchor(self.base, self.arch, column.kernel, column.config, column.viommu, self.case(key))

    def row_id(self, key):
        return anchor(self.id, *key)

    def by_kind(self):
        return itertools.groupby(self.rows, key=lambda key: key[0])

    def where(self, note, name):
        """Which cells a note is about: all that failed but for stock's; name() is what one is called."""
        cells = self.notes[note]
        if note[0] == "skip":
            places = dict.fromkeys(f"{key[0] or key[1]} on {column.viommu}" for key, column in cells)
            return f"{plural(len(cells), 'cell')}: {', '.join(places)}"
        bad = [cell for cell in cells if cell[1].kernel != "stock"]
        return (f"{plural(len(cells), 'cell')}{'' if bad or len(cells) == 1 else ', the first'}: "
                + "; ".join(name(*cell) for cell in bad or cells[:1]))

    def name(self, key, column):
        cell = self.cell(key, column)
        return f"{'.'.join(filter(None, key))} on {column}{': ' + cell.where if cell.where else ''}"

    def program(self):
        return topics.program(self.test)

    def kind(self, key):
        """What devices a cell was about, as far as its program was told of them"""
        kind = key[0].split(".")[0]
        return kind if self.test.startswith("vfio_") and kind in vm.KINDS else ""

    def again(self, key, column):
        """The command that repeats a cell"""
        kind = self.kind(key)
        tests = f"{self.program()}{kind and '@' + kind}/{self.case(key)}" if self.test else key[1].replace(" ", ",")
        # What comes of itself in every VM, or is no case: a scan, a boot
        return f"make selftests {self.variables(column)} TESTS={tests}" if re.search("[,/]", tests) else None

    def by_hand(self, key):
        """What repeats a cell in a shell in its VM"""
        if not self.test.startswith("vfio_"):
            return f"./{self.program()} -r {self.case(key)}"
        kind = self.kind(key)
        devices = vm.KINDS[kind or "flat"]
        case = self.case(key).replace(f"{self.test}.{kind}.", f"{self.test}.")
        return (f"for d in {devices}; do echo vfio-pci >/sys/bus/pci/devices/$d/driver_override; "
                f"echo $d >/sys/bus/pci/drivers_probe; done; ./{self.program()} -r {case} {devices}")

    def variables(self, column):
        base, _, linux = self.base.partition("-")
        return (f"BASE={base}{' LINUX=<path>/' + linux if linux else ''}{' ARCH=' + self.arch if self.arch else ''} "
                f"{'TOPIC=fixes' if column.kernel == 'fixes' else 'KERNEL=' + column.kernel} "
                f"CONFIG={column.config} VIOMMU={column.viommu}")


class Base:
    """All results of one base, or of a tree that someone gave as the base"""

    def __init__(self, base, folder):
        self.base, self.folder, self.name = base, folder, os.path.basename(folder)
        matrices, self.steps, self.left_out, runs = {}, {}, [], []
        self.paths = sorted(glob.glob(f"{folder}/result/*.tap") + glob.glob(f"{folder}/result/*.tap.stock"))
        for path in self.paths:
            name = os.path.basename(path).split(".tap")[0]
            run = RUN.fullmatch(name)
            if run:
                runs.append((run, verdict.results(path)))
                continue
            cells = verdict.results(path)
            if any(cell.log for cell in cells.values()) and not name.startswith("topic-"):
                self.left_out.append(name)
                continue
            for case, cell in cells.items():
                kunit = re.match(r"KUnit (\S+) (.*)", case)
                suite, case = (f"{name}: {kunit[1]}", kunit[2]) if kunit else (name, case)
                self.steps.setdefault(suite, {})[case] = cell
        # The one with the most cases says in which order they come.
        for run, cells in sorted(runs, key=lambda run: -len(run[1])):
            arch, kernel, config, viommu = run.groups()
            for case, cell in cells.items():
                test = case.split(".")[0] if "." in case and " " not in case else ""
                matrix = matrices.setdefault((arch or "", test), Matrix(self.name, arch or "", test))
                matrix.add(Column(viommu, config, kernel), case, cell)
        order = list(TESTS)
        self.matrices = [matrices[key] for key in sorted(
            matrices, key=lambda key: (order.index(key[1]) if key[1] in TESTS else len(order), key))]
        for matrix in self.matrices:
            pairs = matrix.pairs()
            if matrix.test == "membership":
                # The matrix: what was not run is shown, too.
                pairs = {(viommu, config) for other in self.matrices if other.arch == matrix.arch
                         for viommu, _ in other.pairs() for config in CONFIGS}
            matrix.finish(pairs)

    def versions(self):
        rows = []
        try:
            with open(f"{self.folder}/result/versions") as file:
                rows = [line.rstrip("\n").split("\t", 1) for line in file]
        except FileNotFoundError:
            rows = [["made by", "not known: not one whole `make check`"]]
        last = datetime.datetime.fromtimestamp(max(map(os.path.getmtime, self.paths)), datetime.timezone.utc)
        return rows + [["ended", f"{last:%Y-%m-%d %H:%M} UTC"]]

    def what(self):
        """What was tested, in a line"""
        return f"{self.name}: " + ", ".join(value for name, value in self.versions() if name in ("base", "series", "bench", "made by"))

    def headline(self):
        """What is worth knowing first, as sentences"""
        tested = [matrix for matrix in self.matrices if matrix.test == "membership"]
        for kernel in KERNELS:
            count = sum((matrix.count(kernel) for matrix in tested), collections.Counter())
            ran = count["ok"] + count["not ok"]
            if kernel == "fixes" and not count:
                continue
            name = {"stock": "The stock kernel", "fixes": "With the series' fixes alone, the kernel",
                    "series": "With the series, the kernel"}[kernel]
            failed = f"fails {count['not ok'] or 'none'} of {plural(ran, 'cell')}"
            yield kernel, "; ".join([f"{name} {failed if ran else 'was not tested'}"] + [
                f"{count[word]} {WORDS[word]}" for word in ("skip", "not run") if count[word]]) + "."
        for kernel, who in ("fixes", "The fixes alone fail"), ("series", "The series fails"):
            failed = sum(matrix.count(kernel)["not ok"] for matrix in self.matrices if matrix.test != "membership")
            if failed:
                yield kernel, f"{who} {failed} of the other tests' cells."
        failed = sum(count["not ok"] for _, _, count in self.step_counts())
        if failed:
            yield "steps", f"{plural(failed, 'other check')} failed."

    def skipped(self):
        """How many cells of both kernels were skipped, and why: [reason, count, share]"""
        cells = [cell for matrix in self.matrices for _, _, cell in matrix.cells() if cell.verdict != "not run"]
        # The same reason for another device is no other reason.
        counts = collections.Counter(re.sub(r"\b[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d", "a device", cell.why)
                                     for cell in cells if cell.verdict == "skip")
        return [[why or "no reason given", count] for why, count in counts.most_common()] + \
            [["all", f"{counts.total()} of {len(cells)}"]]

    def step_counts(self):
        for name, cells in self.steps.items():
            yield name, cells, collections.Counter(cell.verdict for cell in cells.values())

    def plots(self):
        return sorted(glob.glob(f"{self.folder}/bench/*.svg"))

    def numbers(self):
        for path in sorted(glob.glob(f"{self.folder}/bench/*.tsv")):
            with open(path, newline="") as file:
                yield path, list(csv.reader(file, "excel-tab"))


def plural(number, thing):
    return f"{number} {thing}{'' if number == 1 else 's'}"


def anchor(*parts):
    return re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join(filter(None, parts)))


@functools.cache
def console(path):
    try:
        with open(path, "rb") as log:
            return log.read().split(b"\n")
    except FileNotFoundError:
        return None


def excerpt(cell):
    """What the console said of a case: all of a failure, of others what the test itself said"""
    path, first, last = re.fullmatch(r"(.*):(\d+)-(\d+)", cell.log).groups()
    lines = console(path)
    if lines is None:
        return [f"{path} is gone."]
    lines = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line.decode(errors="replace").rstrip("\r"))
             for line in lines[int(first) - 1:int(last)]]
    if cell.verdict != "not ok":
        lines = [line for line in lines if OWN.match(vm.TIME.sub("", line))]
    elif len(lines) > WHOLE:
        lines[HEAD:HEAD - WHOLE] = [f"[... {len(lines) - WHOLE} lines left out ...]"]
    return ["".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in line) for line in lines]


def e(text):
    return html.escape(str(text))


def link(target, text):
    return f'<a href="#{target}">{text}</a>'


def simple_table(caption, head, rows, body=e):
    yield f'<div class="scroll" tabindex="0"><table class="plain"><caption>{caption}</caption>'
    if head:
        yield "<thead><tr>" + "".join(f'<th scope="col">{e(word)}</th>' for word in head) + "</tr></thead>"
    yield "<tbody>"
    for first, *row in rows:
        yield f'<tr><th scope="row">{body(first)}</th>' + "".join(f"<td>{body(word)}</td>" for word in row) + "</tr>"
    yield "</tbody></table></div>"


def matrix_html(matrix):
    columns = matrix.columns
    first = [i == 0 or columns[i - 1].viommu != column.viommu for i, column in enumerate(columns)]
    yield f'<section id="{matrix.id}"><h3>{e(matrix.title)}</h3>'
    yield '<div class="scroll" tabindex="0"><table class="matrix">'
    yield f"<caption>{e(TESTS.get(matrix.test, OWN_TEST))}.</caption><thead><tr>"
    yield '<th rowspan="3" scope="col">case</th>'
    for viommu, group in itertools.groupby(columns, key=lambda column: column.viommu):
        yield f'<th colspan="{len(list(group))}" scope="colgroup" class="g">{e(viommu)}</th>'
    yield "</tr><tr>"
    for (viommu, config), group in itertools.groupby(columns, key=lambda column: column[:2]):
        group = list(group)
        yield f'<th colspan="{len(group)}" scope="colgroup"{" class=g" * first[columns.index(group[0])]}>{e(config)}</th>'
    yield "</tr><tr>"
    for column, starts in zip(columns, first):
        yield f'<th scope="col" class="k{" g" * starts}"><span>{column.kernel}</span></th>'
    yield "</tr></thead>"
    for kind, keys in matrix.by_kind():
        yield "<tbody>"
        if kind:
            yield (f'<tr class="kind"><th colspan="{len(columns) + 1}" scope="rowgroup"><span>{e(kind)}'
                   f"<small>{': ' + e(GLOSSARY[kind]) if kind in GLOSSARY else ''}</small></span></th></tr>")
        for key in keys:
            cells = []
            for column, starts in zip(columns, first):
                cell = matrix.cell(key, column)
                sign = SIGNS[cell.verdict]
                if matrix.number(cell):
                    sign += f"<sup>{matrix.number(cell)}</sup>"
                if cell.log:
                    sign = link(matrix.cell_id(key, column), sign)
                cells.append(f'<td class="{CLASSES[cell.verdict]}{" g" * starts}">{sign}</td>')
            yield f'<tr id="{matrix.row_id(key)}"><th scope="row">{e(key[1])}</th>{"".join(cells)}</tr>'
        yield "</tbody>"
    yield "</table></div>"

    def name(key, column):
        text = e(matrix.name(key, column))
        return link(matrix.cell_id(key, column), text) if matrix.cell(key, column).log else text

    if matrix.notes:
        yield '<ol class="notes">'
        for note in matrix.notes:
            verdict_, why = note
            yield (f'<li><b class="{CLASSES[verdict_]}">{SIGNS[verdict_]}</b> {e(why) or "no reason given"}'
                   f" <small>({matrix.where(note, name)})</small></li>")
        yield "</ol>"
    yield "</section>"


def logs_html(matrix):
    for key, column, cell in matrix.cells():
        if not cell.log:
            continue
        again = matrix.again(key, column)
        yield (f'<section class="log" id="{matrix.cell_id(key, column)}"><h3>{e(matrix.case(key))}</h3>'
               f"<p>{e(matrix.arch + ', ' if matrix.arch else '')}{column}: <b class={CLASSES[cell.verdict]}>"
               f"{SIGNS[cell.verdict]} {WORDS[cell.verdict]}</b> {e(cell.why)}</p>"
               f"<p>{link(matrix.row_id(key), 'Back')} · <code>{e(cell.log)}</code></p>"
               f"<pre>{e(chr(10).join(excerpt(cell)))}</pre>"
               + (f"<p>Again: <code>{e(again)}</code></p>" if again else "") + "</section>")


def base_html(base):
    yield f'<section id="{base.name}"><h2>Linux {e(base.name)}</h2>'
    rows = []
    for matrix in base.matrices:
        counts = [matrix.count(kernel) for kernel in KERNELS]
        rows.append([link(matrix.id, e(matrix.title)),
                     *(str(count[word] or "") for count in counts for word in WORDS)])
    yield from simple_table("How many cells of each table are ok, failed or were skipped",
                            ["test", *(f"{kernel} {word}" for kernel in KERNELS for word in WORDS.values())],
                            rows, str)
    yield from simple_table("What was tested, and with what", [], base.versions())
    yield from simple_table("Why cells were skipped", ["reason", "cells"], base.skipped())
    signs = " ".join(f'<span class="{CLASSES[word]}">{sign}</span> {WORDS[word]}' for word, sign in SIGNS.items())
    yield (f'<p class="legend">{signs}. The number says which reason below the table. A sign leads to what the '
           "console said of its case.</p>")
    for matrix in base.matrices:
        yield from matrix_html(matrix)
    yield f'<section id="{base.name}-cost"><h3>What attaching costs</h3>'
    plots = base.plots()
    if not plots:
        yield f"<p>Not measured: <code>make bench BASE={e(base.base)}</code> does, and the next page has its plots.</p>"
    yield '<div class="plots">'
    for path in plots:
        name = os.path.splitext(os.path.basename(path))[0]
        with open(path, "rb") as file:
            data = base64.b64encode(file.read()).decode()
        yield f'<img alt="plot: {e(name)}" src="data:image/svg+xml;base64,{data}">'
    yield "</div>"
    for path, (head, *rows) in base.numbers():
        yield "<details><summary>The numbers</summary>"
        yield from simple_table(f"<code>{e(path)}</code>", head, rows)
        yield "</details>"
    yield f'</section><section id="{base.name}-steps"><h3>What else was checked</h3>'
    yield from simple_table("" if base.steps else "Nothing.", ["", "ok", "failed", "skipped"],
                            [[name, *(count[word] or "" for word in ("ok", "not ok", "skip"))]
                             for name, _, count in base.step_counts()])
    said = [f'<li><b class="f">✗</b> {e(name)}: {e(case)} <small>{e(cell.why)}</small></li>'
            for name, cells in base.steps.items() for case, cell in cells.items() if cell.verdict == "not ok"]
    if said:
        yield f'<ul class="notes">{"".join(said)}</ul>'
    if base.left_out:
        yield f"<p>Other results that are there, not shown: {e(', '.join(base.left_out))}.</p>"
    yield "</section></section>"


def example(bases):
    """The cell to show how to repeat one: a failure if there is one"""
    cells = [(matrix, key, column, cell) for base in bases for matrix in base.matrices if matrix.test
             for key, column, cell in matrix.cells() if cell.verdict != "not run"]
    return next((cell for cell in cells if cell[3].verdict == "not ok"), next(iter(cells), None))


def again_html(bases):
    yield '<section id="again"><h2>To repeat a cell</h2>'
    found = example(bases)
    if found:
        matrix, key, column, _ = found
        yield (f"<p>At the top of the repository, for instance {e(matrix.case(key))} on {column}:</p>"
               f'<pre class="cmd">{e(matrix.again(key, column))}</pre>'
               "<p>or by hand, in a shell in the same VM:</p>"
               f'<pre class="cmd">make boot {e(matrix.variables(column))}\n{e(matrix.by_hand(key))}</pre>'
               "<p>Each cell's log names the command for that cell. Races may take more than one try.</p>")
    yield "</section>"


STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1a1a1a;--dim:#595959;--line:#c4c4c4;--head:#f0f0f0;
--o:#d5eed9;--of:#0b4a1c;--f:#b3261e;--ff:#fff;--s:#fdeebd;--sf:#574300;--link:#0b57b0}
@media (prefers-color-scheme:dark){:root{--bg:#16181b;--fg:#e6e6e6;--dim:#a3a3a3;--line:#4a4d52;--head:#24272b;
--o:#17402a;--of:#b4e8c4;--f:#c0362e;--ff:#fff;--s:#4a3d12;--sf:#f5dd96;--link:#8ab8f5}}
*{box-sizing:border-box}
body{margin:0 auto;padding:0 1rem 4rem;max-width:82rem;background:var(--bg);color:var(--fg);
font:1rem/1.5 system-ui,sans-serif}
h1{line-height:1.2;font-size:1.7rem}h2{margin-top:2.5rem;border-bottom:2px solid var(--line)}h3{margin-top:2.5rem}
a{color:var(--link)}p,li{max-width:52rem}code,pre{font:.85em/1.4 ui-monospace,monospace}
code{overflow-wrap:anywhere}pre{overflow-x:auto;padding:.7rem;background:var(--head);border:1px solid var(--line)}
.o{background:var(--o);color:var(--of)}.f{background:var(--f);color:var(--ff);font-weight:700}
.s{background:var(--s);color:var(--sf);font-weight:700}.n{color:var(--dim)}
.head{padding:.4rem .8rem;margin:.5rem 0;font-size:1.1rem;font-weight:600;border:1px solid var(--line)}
.head.n{color:var(--fg);background:var(--head)}
.legend span,b.f,b.s,b.o{display:inline-block;min-width:1.6em;padding:0 .3em;text-align:center;border-radius:2px}
.scroll{overflow:auto;max-width:100%;max-height:85vh;width:fit-content}
table{border-spacing:1px}caption{width:max-content;max-width:min(90vw,50rem);text-align:left;padding:1rem 0 .3rem;color:var(--dim)}
th{font-weight:600;text-align:left}thead th{background:var(--head);padding:.1rem .4rem}
.plain th,.plain td{padding:.15rem .7rem .15rem .4rem;border-bottom:1px solid var(--line);vertical-align:top}
.plain td{font-variant-numeric:tabular-nums}
.matrix thead{position:sticky;top:0;z-index:2;background:var(--bg)}
.matrix tbody th,.matrix thead tr:first-child th:first-child{position:sticky;left:0;z-index:1;background:var(--bg);
padding-right:.6rem;white-space:nowrap;font-weight:400}
.matrix thead tr:first-child th:first-child{background:var(--head)}
.matrix .kind th{padding-top:.8rem;font-weight:700}.kind small{font-weight:400;color:var(--dim);font-size:.9em}
.matrix .kind th{max-width:0}.matrix .kind span{position:sticky;left:0}
.matrix .g{border-left:4px solid var(--bg)}.matrix thead th{text-align:center}
.k span{writing-mode:vertical-rl;font-weight:400;font-size:.85em;line-height:1.2}
.matrix td{min-width:2.3em;height:1.75em;text-align:center;padding:0}
.matrix td a{display:block;color:inherit;text-decoration:none;line-height:1.75em;white-space:nowrap}
.matrix td a:hover,.matrix td a:focus{outline:2px solid var(--link)}
.matrix tr:hover>*{box-shadow:inset 0 -1px var(--dim)}
sup{font-size:.7em;line-height:0;font-weight:400}
tr:target>th{outline:2px solid var(--link)}tr{scroll-margin:9rem}
.notes li{margin:.3rem 0}.notes small,small{color:var(--dim)}
.plots{display:flex;flex-wrap:wrap;gap:1rem}.plots img{max-width:100%}
.log{display:none}.log:target{display:block}
.cmd{white-space:pre-wrap;overflow-wrap:anywhere}
.log pre{max-height:80vh;overflow:auto}
nav ul{columns:16rem;padding-left:1.2rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dd{margin:0}
@media (min-width:76rem){.scroll:has(.matrix){overflow:visible;max-height:none}}
@media (max-width:40rem){body{padding:0 .6rem 3rem}dl{grid-template-columns:1fr}dd{margin:0 0 .4rem 1rem}
.matrix{font-size:.85rem}.kind small{display:none}}
@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--dim:#444;--line:#999;--head:#eee;--o:#d5eed9;--of:#000;
--f:#b3261e;--ff:#fff;--s:#fdeebd;--sf:#000;--link:#000}
@page{margin:11mm}body{padding:0;max-width:none;font-size:9pt}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.scroll{overflow:visible;max-height:none}nav{display:none}.plots img{width:48%}
.matrix{font-size:7pt}.matrix td{min-width:0;width:6.2mm;height:1.35em}.matrix td a{line-height:1.35em}
.matrix thead,.matrix th{position:static!important}a{text-decoration:none}
tr,li,img,.head,tbody{break-inside:avoid}thead{display:table-header-group}h2,h3,.kind,caption{break-after:avoid}
pre,.log pre{white-space:pre-wrap;max-height:none}}
"""


def page(bases):
    yield '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>IOMMU groups in use: results</title><style>{STYLE}</style></head><body><main>"
    yield "<h1>Devices come and go while their IOMMU group is in use</h1>"
    for base in bases:
        yield f"<p><b>{e(base.what())}</b></p>"
        for kind, sentence in base.headline():
            bad = re.search(r"fails \d|failed|not tested", sentence)
            # What stock fails is the reason for all this, and no alarm.
            look = ("n", "") if kind == "stock" else ("f", "✗ ") if bad else ("o", "✓ ")
            yield f'<p class="head {look[0]}">{look[1]}{e(sentence)}</p>'
    yield ("<p>VFIO hands devices to user space by IOMMU group. Here devices leave and join such groups while VFIO uses "
           "them, in virtual machines with emulated IOMMUs (the columns: QEMU's <i>vIOMMU</i>), on the <b>stock</b> kernel "
           "and on the same one with the patch <b>series</b>, or with that series' <b>fixes</b> alone; each once as fast "
           "as it is built for use (<b>fast</b>) and once with the kernel's own checkers on (<b>debug</b>: KASAN, lockdep, for the races kmemleak). A case fails if "
           "a device loses its DMA, if something is refused or allowed wrongly, or if the kernel reports anything at all.</p><nav><ul>")
    for base in bases:
        yield f"<li>{link(base.name, 'Linux ' + e(base.name))}<ul>"
        yield "".join(f"<li>{link(matrix.id, e(matrix.title))}</li>" for matrix in base.matrices)
        yield f"<li>{link(base.name + '-cost', 'What attaching costs')}</li>"
        yield f"<li>{link(base.name + '-steps', 'What else was checked')}</li></ul></li>"
    yield f"<li>{link('names', 'What the names mean')}</li><li>{link('again', 'To repeat a cell')}</li></ul></nav>"
    for base in bases:
        yield from base_html(base)
    yield '<section id="names"><h2>What the names mean</h2><dl>'
    yield "".join(f"<dt><code>{e(name)}</code></dt><dd>{e(text)}</dd>" for name, text in GLOSSARY.items())
    yield "</dl></section>"
    yield from again_html(bases)
    yield ('<section id="logs"><h2>Log of a cell</h2><p>Of the cell that was chosen last: all that the console said if it '
           "failed, else what the test said. The file named has all of it.</p>")
    for base in bases:
        for matrix in base.matrices:
            yield from logs_html(matrix)
    yield "</section></main></body></html>"


def wrapped(text, width, first=""):
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False)


def text_table(rows, width):
    widths = [max(len(str(word)) for word in words) for words in zip(*rows)]
    for row in rows:
        line = "  ".join(f"{word:<{w}}" for word, w in zip(row, widths)).rstrip()
        yield wrapped(line, width, "  ") if len(line) > width - 2 else "  " + line


def matrix_text(matrix, width):
    yield f"{matrix.title}: {TESTS.get(matrix.test, OWN_TEST)}"
    pairs = list(dict.fromkeys(column[:2] for column in matrix.columns))

    def kernels(pair):
        return [column for column in matrix.columns if column[:2] == pair]

    def cell(key, pair):
        return "/".join(f"{TEXT[cell.verdict]}{matrix.number(cell)}" for cell in
                        (matrix.cell(key, column) for column in kernels(pair)))

    label = max(len(key[1]) for key in matrix.rows) + 5
    widths = [max(len(word) for word in [*pair, *(cell(key, pair) for key in matrix.rows)]) for pair in pairs]
    while pairs:
        fit = max(1, sum(label + total <= width for total in itertools.accumulate(w + 2 for w in widths)))
        for line in zip(*pairs[:fit]):
            yield (" " * label + "  ".join(f"{word:<{w}}" for word, w in zip(line, widths))).rstrip()
        for kind, keys in matrix.by_kind():
            if kind:
                yield "  " + kind
            for key in keys:
                cells = "  ".join(f"{cell(key, pair):<{w}}" for pair, w in zip(pairs[:fit], widths))
                yield f"{'    ' + key[1]:<{label}}{cells}".rstrip()
        pairs, widths = pairs[fit:], widths[fit:]
    for note, number in matrix.numbers.items():
        yield wrapped(f"{note[1]} ({matrix.where(note, matrix.name)})", width,
                      f"  {TEXT[note[0]]}{number} ")
    yield ""


def text(bases, width):
    for base in bases:
        yield wrapped(f"== {base.what()}", width)
        yield from (wrapped(sentence, width) for _, sentence in base.headline())
        yield ""
        yield from text_table(base.versions(), width)
        yield ""
        yield wrapped(f"Each cell is stock/series, or stock/fixes/series: {', '.join(f'{sign} {WORDS[word]}' for word, sign in TEXT.items())}; "
                      "the number is the reason's, below the table.", width)
        yield ""
        for matrix in base.matrices:
            yield from matrix_text(matrix, width)
        yield "why cells were skipped:"
        yield from text_table([[count, why] for why, count in base.skipped()], width)
        yield ""
        plots = base.plots()
        yield "what attaching costs: " + (f"{plural(len(plots), 'plot')} of `make bench`" if plots else
                                          "not measured: `make bench` does")
        for _, rows in base.numbers():
            yield from text_table(rows, width)
        yield ""
        yield f"what else was checked:{'' if base.steps else ' nothing'}"
        yield from text_table([["", "ok", "failed", "skipped"], *(
            [name, *(count[word] or "" for word in ("ok", "not ok", "skip"))]
            for name, _, count in base.step_counts())], width)
        for name, cells in base.steps.items():
            yield from (wrapped(f"{name}: {case}: {cell.why}", width, "  x ")
                        for case, cell in cells.items() if cell.verdict == "not ok")
        if base.left_out:
            yield wrapped(f"  Other results that are there, not shown: {', '.join(base.left_out)}", width)
        yield ""


def versions():
    def said(*command):
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]
        except (OSError, subprocess.CalledProcessError):
            return "not known"

    base, folder = os.environ["BASE"], os.environ["B"]
    with open(f"{folder}/linux/.git/bench-version") as file:
        yield "base", f"Linux {file.read().strip()}"
    yield "series", f"{len(glob.glob(f'series/{base}/*/[0-9]*.patch'))} patches"
    yield "bench", f"commit {said('git', 'describe', '--always', '--dirty')}"
    for system in "x86_64", "aarch64":
        path = shutil.which(f"qemu-system-{system}", path=os.environ.get("qemu_folder") or None)
        if path:
            yield f"QEMU, {system}", said(path, "--version")
        for path in sorted(glob.glob(f"build/qemu-*/qemu-system-{system}")):
            yield f"…@{path.split('/')[1].removeprefix('qemu-')}: QEMU, {system}", said(path, "--version")
    yield "compiler", said("gcc", "--version")
    with open("/proc/cpuinfo") as file:
        model = re.search(r"^model name\s*: (.*)", file.read(), re.M)
    yield "host", f"Linux {platform.release()}, {plural(os.cpu_count(), 'CPU')}{', ' + model[1] if model else ''}"
    yield "began", f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC"


def main():
    if not {"-h", "--help"}.isdisjoint(sys.argv[1:]):
        print(__doc__.strip())
        return
    if sys.argv[1:] not in ([], ["versions"]):
        sys.exit(f"error: {' '.join(sys.argv[1:])}: want nothing, or versions")
    if sys.argv[1:] == ["versions"]:
        for row in versions():
            print(*row, sep="\t")
        return
    bases = [Base(base, folder) for base in sorted(os.listdir("series"))
             for folder in [f"build/{base}", *sorted(glob.glob(f"build/{base}-*"))]]
    bases = [base for base in bases if base.matrices]
    if not bases:
        sys.exit("error: there are no results to report: run 'make check' first")
    os.makedirs(os.path.dirname(PAGE), exist_ok=True)
    with open(PAGE + ".tmp", "w", encoding="utf-8") as file:
        for part in page(bases):
            file.write(part + "\n")
    os.rename(PAGE + ".tmp", PAGE)
    width = shutil.get_terminal_size((100, 24)).columns
    for line in text(bases, width):
        print(line)
    print(f"{PAGE}: {os.path.getsize(PAGE) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

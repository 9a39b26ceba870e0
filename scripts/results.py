# SPDX-License-Identifier: GPL-2.0
"""
What the results in build/ say: of each base, and of each case on each kernel. report.py shows it.
"""
import base64
import collections
import csv
import datetime
import functools
import glob
import itertools
import os
import platform
import re
import shutil
import subprocess
import typing

import machine
import tap
import topics
import verdict
import vm

CONFIGS = ["fast", "debug"]
# What `make try` tried, and what a series is about
TRIED, KERNELS = ["against", "try"], ["debian", "stock", "fixes", "series"]
# What these fail is the reason for all this.
WITHOUT = ["debian", "stock"]
# What vm.py is told to call a run: [ARCH-]KERNEL-CONFIG-VIOMMU[-PART]
RUN = re.compile(rf"(?:(\w+)-)?({'|'.join(TRIED + KERNELS)})-({'|'.join(CONFIGS)})-"
                 rf"({'|'.join(sorted(machine.VIOMMUS, key=len, reverse=True))})(?:-\w+)?")
WORDS = {"ok": "ok", "not ok": "failed", "skip": "skipped", "not run": "not run"}
# From what says least of a case to what counts, whatever else was seen
WORST = ["not run", "skip", "ok", "not ok"]
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
# What the names mean: besides what guest/machine has, groups that a test makes by itself, and what it does with them
GLOSSARY = {
    **{name: kind.text for name, kind in machine.KINDS.items()},
    "alias_plugged": "as alias, unplugged and plugged through QEMU's monitor rather than by sysfs",
    "own_group": "virtual functions in groups of their own",
    "shared_group": "virtual functions in the group of their physical function",
    "ats": "functions behind a root port that have translations cached",
    **{name: viommu.text for name, viommu in machine.VIOMMUS.items() if "@" not in name},
    "…@11": "on QEMU 11; without, on the QEMU that the machine has, or that QEMU= named",
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

Key = tuple[str, str]       # group kind and scenario
Note = tuple[str, str]      # verdict and reason


class Column(typing.NamedTuple):
    """What a case ran on"""
    viommu: str
    config: str
    kernel: str

    def order(self) -> tuple[int, ...]:
        """What columns are sorted by"""
        return list(machine.VIOMMUS).index(self.viommu), CONFIGS.index(self.config), (TRIED + KERNELS).index(self.kernel)

    def __str__(self) -> str:
        return f"{self.viommu}, {self.config}, {self.kernel}"


class Sentence(typing.NamedTuple):
    """What is worth knowing first; good is None for what is only the reason for all this"""
    text: str
    good: bool | None


class Matrix:
    """The cases of one test on one architecture"""

    def __init__(self, base: str, kernels: list[str], arch: str, test: str) -> None:
        self.base, self.kernels, self.arch, self.test = base, kernels, arch, test
        self.rows: dict[Key, dict[Column, tap.Cell]] = {}
        self.folders: dict[tuple[Key, Column], str] = {}
        self.columns: list[Column] = []
        self.notes: dict[Note, list[tuple[Key, Column]]] = {}
        self.numbers: dict[Note, int] = {}
        self.id = anchor(base, arch, test or "programs")
        self.title = f"{test or 'programs'}{' on ' + arch if arch else ''}"
        self.about = TESTS.get(test, OWN_TEST)

    def add(self, column: Column, name: str, cell: tap.Cell, folder: str) -> None:
        """Take what a folder of results says of a case"""
        parts = name.split(".") if self.test else [self.test, name]
        key = ".".join(parts[1:-1]), parts[-1]
        row = self.rows.setdefault(key, {})
        # Some have run twice, here, e.g. the scan for leaks behind each part, or on two machines.
        if column not in row or worse(cell, row[column]):
            row[column], self.folders[key, column] = cell, folder

    def pairs(self) -> set[tuple[str, str]]:
        """The vIOMMUs and configurations that any case ran on"""
        return {column[:2] for row in self.rows.values() for column in row}

    def finish(self, pairs: set[tuple[str, str]]) -> None:
        """What needs all the cells. Each column has its neighbours: stock and series, if they ran anywhere or not."""
        ran = {column for row in self.rows.values() for column in row}
        self.columns = sorted((column for pair in pairs for column in (Column(*pair, kernel) for kernel in self.kernels)
                               if column.kernel in ("stock", "series") or column in ran), key=Column.order)
        kinds = list(dict.fromkeys(kind for kind, _ in self.rows))
        self.rows = dict(sorted(self.rows.items(), key=lambda item: kinds.index(item[0][0])))
        for key, column, cell in self.cells():
            if cell.verdict in ("not ok", "skip"):
                self.notes.setdefault((cell.verdict, cell.why), []).append((key, column))
        # What they alone fail comes last.
        self.notes = dict(sorted(self.notes.items(), key=lambda note: (
            note[0][0], all(column.kernel in WITHOUT for _, column in note[1]))))
        self.numbers = {note: number for number, note in enumerate(self.notes, 1)}

    def cell(self, key: Key, column: Column) -> tap.Cell:
        """What became of a case there"""
        return self.rows[key].get(column, tap.NOT_RUN)

    def cells(self) -> typing.Iterator[tuple[Key, Column, tap.Cell]]:
        """All of them, row by row"""
        return ((key, column, self.cell(key, column)) for key in self.rows for column in self.columns)

    def number(self, cell: tap.Cell) -> int | str:
        """That of the note that has its reason"""
        return self.numbers.get((cell.verdict, cell.why), "")

    def case(self, key: Key) -> str:
        """What the test itself calls it"""
        return ".".join(filter(None, (self.test, *key)))

    def count(self, kernel: str) -> collections.Counter[str]:
        """How many of a kernel's cells have each verdict"""
        return collections.Counter(cell.verdict for _, column, cell in self.cells() if column.kernel == kernel)

    def counts(self) -> list[int | str]:
        """What Base.counted names"""
        return [count[word] or "" for count in map(self.count, self.kernels) for word in WORDS]

    def cell_id(self, key: Key, column: Column) -> str:
        """Where a cell's log is on the page"""
        return anchor(self.base, self.arch, column.kernel, column.config, column.viommu, self.case(key))

    def row_id(self, key: Key) -> str:
        """Where a case is on the page"""
        return anchor(self.id, *key)

    def by_kind(self) -> typing.Iterator[tuple[str, list[Key]]]:
        """The rows of each group kind"""
        return ((kind, list(keys)) for kind, keys in itertools.groupby(self.rows, key=lambda key: key[0]))

    def spans(self, words: int) -> typing.Iterator[tuple[tuple[str, ...], int]]:
        """What so many words of neighbouring columns are, and how many have them"""
        return ((head, len(list(group))) for head, group in itertools.groupby(self.columns, key=lambda column: column[:words]))

    def where(self, note: Note) -> tuple[str, list[tuple[Key, Column]]]:
        """How many cells a note is about, and which are worth naming: all that failed but for stock's"""
        cells = self.notes[note]
        if note[0] == "skip":
            places = dict.fromkeys(f"{key[0] or key[1]} on {column.viommu}" for key, column in cells)
            return f"{plural(len(cells), 'cell')}: {', '.join(places)}", []
        bad = [cell for cell in cells if cell[1].kernel not in WITHOUT]
        return f"{plural(len(cells), 'cell')}{'' if bad or len(cells) == 1 else ', the first'}: ", bad or cells[:1]

    def name(self, key: Key, column: Column) -> str:
        """What a note calls a cell"""
        cell = self.cell(key, column)
        return f"{'.'.join(filter(None, key))} on {column}{': ' + cell.where if cell.where else ''}"

    def kind(self, key: Key) -> str:
        """What devices a cell was about, as far as its program was told of them"""
        kind = key[0].split(".")[0]
        return kind if self.test.startswith("vfio_") and kind in machine.KINDS and machine.KINDS[kind].own else ""

    def again(self, key: Key, column: Column) -> str | None:
        """The command that repeats a cell, if there is one that does just that"""
        if self.kernels == TRIED or column.kernel == "debian":
            return None
        kind = self.kind(key)
        tests = f"{topics.program(self.test)}{kind and '@' + kind}/{self.case(key)}" if self.test else key[1].replace(" ", ",")
        # What comes of itself in every VM, or is no case: a scan, a boot
        return f"make selftests {self.variables(column)} TESTS={tests}" if re.search("[,/]", tests) else None

    def by_hand(self, key: Key) -> str:
        """What repeats a cell in a shell in its VM"""
        if not self.test.startswith("vfio_"):
            return f"./{topics.program(self.test)} -r {self.case(key)}"
        kind = self.kind(key)
        devices = " ".join(machine.KINDS[kind or "flat"].devices)
        case = self.case(key).replace(f"{self.test}.{kind}.", f"{self.test}.")
        return (f"for d in {devices}; do echo vfio-pci >/sys/bus/pci/devices/$d/driver_override; "
                f"echo $d >/sys/bus/pci/drivers_probe; done; ./{topics.program(self.test)} -r {case} {devices}")

    def variables(self, column: Column) -> str:
        """What tells make of a column"""
        base, _, linux = self.base.partition("-")
        return (f"BASE={base}{' LINUX=<path>/' + linux if linux else ''}{' ARCH=' + self.arch if self.arch else ''} "
                f"{'TOPIC=fixes' if column.kernel == 'fixes' else 'KERNEL=' + column.kernel} "
                f"CONFIG={column.config} VIOMMU={column.viommu}")

    def excerpt(self, key: Key, column: Column) -> list[str]:
        """What the console said of a cell that has a log: all of a failure, of others what the test itself said"""
        cell = self.cell(key, column)
        path, first, last = re.fullmatch(r"(.*):(\d+)-(\d+)", cell.log).groups()
        # The cell says where it was on the machine that it is from.
        lines = console(f"{self.folders[key, column]}/log/{os.path.basename(path)}")
        if lines is None:
            return [f"{path} is gone."]
        said = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line.decode(errors="replace").rstrip("\r"))
                for line in lines[int(first) - 1:int(last)]]
        if cell.verdict != "not ok":
            said = [line for line in said if OWN.match(vm.TIME.sub("", line))]
        elif len(said) > WHOLE:
            said[HEAD:HEAD - WHOLE] = [f"[... {len(said) - WHOLE} lines left out ...]"]
        return ["".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in line) for line in said]


class Base:
    """All results of one base, or of a tree that someone gave as the base"""
    kernels = KERNELS

    def __init__(self, base: str, name: str, builds: list[str]) -> None:
        self.base, self.name = base, name
        self.folders = [folder for folder in (f"{build}/{name}" for build in builds) if os.path.isdir(f"{folder}/result")]
        # By name, however they are spread over the folders
        self.paths = sorted(((folder, path) for folder in self.folders for path in files(folder)),
                            key=lambda found: os.path.basename(found[1]))
        self.steps: dict[str, dict[str, tap.Cell]] = {}
        matrices: dict[tuple[str, str], Matrix] = {}
        runs, left_out = [], []
        for folder, path in self.paths:
            title, cells = part(path), tap.read_all(path)
            run = RUN.fullmatch(title)
            if run:
                runs.append((run, cells, folder))
            elif any(cell.log for _, cell in cells) and not title.startswith("topic-"):
                left_out.append(title)
            else:
                self.add_step(title, cells)
        self.left_out = list(dict.fromkeys(left_out))
        # The one with the most cases says in which order they come.
        for run, cells, folder in sorted(runs, key=lambda run: -len(run[1])):
            arch, kernel, config, viommu = run.groups()
            for case, cell in cells:
                test = case.split(".")[0] if "." in case and " " not in case else ""
                matrix = matrices.setdefault((arch or "", test), Matrix(self.name, self.kernels, arch or "", test))
                matrix.add(Column(viommu, config, kernel), case, cell, folder)
        order = list(TESTS)
        self.matrices = [matrices[key] for key in sorted(
            matrices, key=lambda key: (order.index(key[1]) if key[1] in TESTS else len(order), key))]
        for matrix in self.matrices:
            pairs = matrix.pairs()
            if matrix.test == "membership" and self.kernels == KERNELS:
                # The matrix: what was not run is shown, too.
                pairs = {(viommu, config) for other in self.matrices if other.arch == matrix.arch
                         for viommu, _ in other.pairs() for config in CONFIGS}
            matrix.finish(pairs)

    def add_step(self, title: str, cells: list[tuple[str, tap.Cell]]) -> None:
        """Take what one of the other checks found"""
        for case, cell in cells:
            kunit = re.match(r"KUnit (\S+) (.*)", case)
            suite, case = (f"{title}: {kunit[1]}", kunit[2]) if kunit else (title, case)
            step = self.steps.setdefault(suite, {})
            if case not in step or worse(cell, step[case]):
                step[case] = cell

    @functools.cached_property
    def plan(self) -> list[str]:
        """Each part of the whole, as far as anybody has written it down"""
        planned = []
        for folder in self.folders:
            if os.path.exists(f"{folder}/result/plan"):
                with open(f"{folder}/result/plan", encoding="utf-8") as file:
                    planned += file.read().split()
        return list(dict.fromkeys(planned))

    def missing(self) -> list[str]:
        """Each part of the plan that has no result"""
        there = {part(path) for _, path in self.paths}
        return [name for name in self.plan if name not in there]

    def versions(self) -> list[list[str]]:
        """What was tested, and with what: each machine's, where they differ"""
        rows: dict[str, list[str]] = {}
        for folder in self.folders:
            try:
                with open(f"{folder}/result/versions", encoding="utf-8") as file:
                    said = [line.rstrip("\n").split("\t", 1) for line in file]
            except FileNotFoundError:
                said = [["made by", "not known: not one whole `make check`"]]
            for name, value in said:
                rows.setdefault(name, []).append(value)
        if self.paths:
            last = max(os.path.getmtime(path) for _, path in self.paths)
            rows["ended"] = [f"{datetime.datetime.fromtimestamp(last, datetime.timezone.utc):%Y-%m-%d %H:%M} UTC"]
        return [[name, value] for name, values in rows.items() for value in dict.fromkeys(values)]

    def title(self) -> str:
        """What its part of the page is called"""
        return f"Linux {self.name}"

    def what(self) -> str:
        """What was tested, in a line"""
        return f"{self.name}: " + ", ".join(value for name, value in self.versions()
                                            if name in ("base", "series", "bench", "made by"))

    def headline(self) -> typing.Iterator[Sentence]:
        """What is worth knowing first"""
        missing = self.missing()
        if missing:
            yield Sentence(f"Of {plural(len(self.plan), 'part')} of the plan {len(missing)} "
                           f"{'has' if len(missing) == 1 else 'have'} no result: {', '.join(missing)}.", False)
        tested = [matrix for matrix in self.matrices if matrix.test == "membership"]
        for kernel in self.kernels:
            count = sum((matrix.count(kernel) for matrix in tested), collections.Counter())
            ran = count["ok"] + count["not ok"]
            if kernel in ("debian", "fixes") and not count:
                continue
            name = {"debian": "Debian's own kernel", "stock": "The stock kernel", "series": "With the series, the kernel",
                    "fixes": "With the series' fixes alone, the kernel"}[kernel]
            failed = f"fails {count['not ok'] or 'none'} of {plural(ran, 'cell')}"
            yield Sentence("; ".join([f"{name} {failed if ran else 'was not tested'}"] + [
                f"{count[word]} {WORDS[word]}" for word in ("skip", "not run") if count[word]]) + ".",
                None if kernel in WITHOUT else bool(ran and not count["not ok"]))
        for kernel, who in ("fixes", "The fixes alone fail"), ("series", "The series fails"):
            failed = sum(matrix.count(kernel)["not ok"] for matrix in self.matrices if matrix.test != "membership")
            if failed:
                yield Sentence(f"{who} {failed} of the other tests' cells.", False)
        failed = len(self.failed_steps())
        if failed:
            yield Sentence(f"{plural(failed, 'other check')} failed.", False)

    def counted(self) -> list[str]:
        """What is counted of a matrix"""
        return [f"{kernel} {word}" for kernel in self.kernels for word in WORDS.values()]

    def skipped(self) -> list[list]:
        """Why cells of all kernels were skipped, and how many"""
        cells = [cell for matrix in self.matrices for _, _, cell in matrix.cells() if cell.verdict != "not run"]
        # The same reason for another device is no other reason.
        counts = collections.Counter(re.sub(r"\b[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d", "a device", cell.why)
                                     for cell in cells if cell.verdict == "skip")
        return [[why or "no reason given", count] for why, count in counts.most_common()] + \
            [["all", f"{counts.total()} of {len(cells)}"]]

    def step_counts(self) -> list[list]:
        """What else was checked, and how many are ok, failed and were skipped"""
        counts = {name: collections.Counter(cell.verdict for cell in cells.values()) for name, cells in self.steps.items()}
        return [[name, *(count[word] or "" for word in ("ok", "not ok", "skip"))] for name, count in counts.items()]

    def failed_steps(self) -> list[tuple[str, str, tap.Cell]]:
        """What failed of that"""
        return [(name, case, cell) for name, cells in self.steps.items() for case, cell in cells.items()
                if cell.verdict == "not ok"]

    def plots(self) -> list[tuple[str, str]]:
        """The plots of `make bench`: each one's name, and its SVG in base64"""
        found = []
        for path in self.bench("svg"):
            with open(path, "rb") as file:
                found.append((os.path.splitext(os.path.basename(path))[0], base64.b64encode(file.read()).decode()))
        return found

    def numbers(self) -> typing.Iterator[tuple[str, list[list[str]]]]:
        """The tables of `make bench`: each one's path, and its rows, of which the first says what they are"""
        for path in self.bench("tsv"):
            with open(path, newline="", encoding="utf-8") as file:
                yield path, list(csv.reader(file, "excel-tab"))

    def bench(self, end: str) -> list[str]:
        """What `make bench` wrote"""
        return [path for folder in self.folders for path in sorted(glob.glob(f"{glob.escape(folder)}/bench/*.{end}"))]


class Try(Base):
    """What `make try` found of a kernel, or of a tree and a commit of it"""
    kernels = TRIED

    def title(self) -> str:
        return f"make {self.name}"

    def what(self) -> str:
        return "make try: " + ", ".join(f"Linux {value}" for name, value in self.versions() if name in TRIED)

    def headline(self) -> typing.Iterator[Sentence]:
        for kernel, release in self.versions():
            if kernel in TRIED:
                table: dict[str, tap.Cell] = {}
                for matrix in self.matrices:
                    for key, column, cell in matrix.cells():
                        if column.kernel == kernel and worse(cell, table.get(matrix.case(key), tap.NOT_RUN)):
                            table[matrix.case(key)] = cell
                yield Sentence(verdict.sentence(release, table) + ".", None)


def plural(number: int, thing: str) -> str:
    """So many of them"""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def anchor(*parts: str) -> str:
    """A place on the page that is called that"""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join(filter(None, parts)))


def worse(cell: tap.Cell, than: tap.Cell) -> bool:
    """Does it count, rather than the other?"""
    return WORST.index(cell.verdict) > WORST.index(than.verdict)


@functools.cache
def console(path: str) -> list[bytes] | None:
    """The lines of a log"""
    try:
        with open(path, "rb") as log:
            return log.read().split(b"\n")
    except FileNotFoundError:
        return None


def part(path: str) -> str:
    """What of the whole a file has the result of"""
    return os.path.basename(path).split(".tap")[0]


def files(folder: str) -> list[str]:
    """A base's results. What has begun and not ended is an empty file."""
    here = glob.escape(folder)
    return [path for path in glob.glob(f"{here}/result/*.tap") + glob.glob(f"{here}/result/*.tap.stock")
            if os.path.getsize(path)]


def names(builds: list[str]) -> typing.Iterator[tuple[str, str]]:
    """Each base, and what of it copies of build/ may have results of: the base itself, and trees that someone gave as it"""
    for base in [*sorted(os.listdir("series")), "try"]:
        yield base, base
        yield from ((base, name) for name in sorted({os.path.basename(path) for build in builds
                                                     for path in glob.glob(f"{glob.escape(build)}/{base}-*")}))


def bases(builds: list[str]) -> list[Base]:
    """What copies of build/ have, together, of each base. Of one with a plan even nothing is to be shown."""
    found = ((Try if base == "try" else Base)(base, name, builds) for base, name in names(builds))
    return [base for base in found if base.matrices or base.plan]


def any_in(build: str) -> bool:
    """Has that copy of build/ any results?"""
    return any(files(f"{build}/{name}") or os.path.exists(f"{build}/{name}/result/plan") for _, name in names([build]))


def example(shown: list[Base]) -> tuple[Matrix, Key, Column, tap.Cell] | None:
    """The cell to show how to repeat one: a failure if there is one"""
    cells = [(matrix, key, column, cell) for base in shown for matrix in base.matrices if matrix.test
             for key, column, cell in matrix.cells() if cell.verdict != "not run" and matrix.again(key, column)]
    return next((cell for cell in cells if cell[3].verdict == "not ok"), next(iter(cells), None))


def versions() -> typing.Iterator[tuple[str, str]]:
    """What makes the results, while it does"""
    def said(*command: str) -> str:
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]
        except (OSError, subprocess.CalledProcessError):
            return "not known"

    base, folder = os.environ["BASE"], os.environ["B"]
    if base in os.listdir("series"):
        with open(f"{folder}/linux/.git/bench-version", encoding="utf-8") as file:
            yield "base", f"Linux {file.read().strip()}"
        if os.path.exists(f"{folder}/image/debian-fast/release"):
            with open(f"{folder}/image/debian-fast/release", encoding="utf-8") as file:
                yield "Debian's kernel", file.read().strip()
        yield "series", f"{len(glob.glob(f'series/{base}/*/[0-9]*.patch'))} patches"
    yield "bench", f"commit {said('git', 'describe', '--always', '--dirty')}"
    for system in "x86_64", "aarch64":
        path = shutil.which(f"qemu-system-{system}", path=os.environ.get("qemu_folder") or None)
        if path:
            yield f"QEMU, {system}", said(path, "--version")
        for path in sorted(glob.glob(f"build/qemu-*/qemu-system-{system}")):
            yield f"…@{path.split('/')[1].removeprefix('qemu-')}: QEMU, {system}", said(path, "--version")
    yield "compiler", said("gcc", "--version")
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*: (.*)", file.read(), re.M)
    yield "host", f"Linux {platform.release()}, {plural(os.cpu_count(), 'CPU')}{', ' + model[1] if model else ''}"
    yield "began", f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC"

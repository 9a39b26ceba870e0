#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Say what `make check` runs of $BASE on $ARCH, or `make check-all`, from series/$BASE/plan.

    plan.py check|check-all		what is to run here, a line each, its words between tabs:
					vm KERNEL VIOMMU RESULT TESTS, or step RESULT NAME ARCH ARGUMENTS
    plan.py check|check-all names	all results that it has, whatever $SHARD says
    plan.py check|check-all stock	what became of what the stock kernel must fail and pass, as TAP
    plan.py check|check-all missing	whether all of it has a result, as TAP

With SHARD=k/n in the environment, the k-th of n parts: what belongs together is in one, and
all take as long, by series/$BASE/times (RESULT SECONDS, of an earlier run) as far as that knows.
"""
import os
import re
import sys
import typing
from pathlib import Path

import machine
import tap
import topics

ARCHS = ["x86_64", "arm64"]
# check.sh has them.
STEPS = ["test", "test-built", "lint", "bisect", "compile", "cost", "kunit", "kunit-boot", "host"]
# How much longer it takes with the kernel's checkers on, or a step, of what no time is known
DEBUG = 5
# So many VMs go side by side on two cores.
WIDE = 4


class Part(typing.NamedTuple):
    """A VM or a step"""
    result: str
    words: tuple[str, ...]

    def line(self) -> str:
        """As check.sh reads it"""
        return "\t".join(self.words)


def die(message: str) -> typing.NoReturn:
    """End with that"""
    sys.exit("error: " + message)


def names(path: Path, base: str) -> dict[str, str]:
    """What guest/tests has names for, and `tests`, the base's own"""
    own = re.search(r"^tests: (.*)$", Path("series", base, "base").read_text(encoding="utf-8"), re.M)
    found = {"tests": own[1] if own else ""}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and line[0] != "#":
            name, words = line.split(maxsplit=1)
            found[name] = filled(words, found, f"{path}: {name}")
    return found


def filled(words: str, known: dict[str, str], where: str) -> str:
    """With what $NAMEs stand for"""
    def value(match: re.Match[str]) -> str:
        return known[match[1]] if match[1] in known else die(f"{where}: there is no name {match[1]} in guest/tests")
    return re.sub(r"\$(\w+)", value, words)


def check(where: str, kernel: str, viommus: str, part: str) -> None:
    """Bad input is found before anything is built"""
    if kernel == "step":
        if viommus not in ("-", *ARCHS):
            die(f"{where}: {viommus}: want one of: - {' '.join(ARCHS)}")
        if part.split()[0] not in STEPS:
            die(f"{where}: {part.split()[0]}: want one of: {' '.join(STEPS)}")
        return
    arch = "arm64" if kernel.startswith("arm64-") else "x86_64"
    if not re.fullmatch("(arm64-)?(stock|series|fixes)-(fast|debug)(,.*)?|debian-fast", kernel):
        die(f"{where}: {kernel}: want [arm64-]KERNEL-CONFIG[,ARGUMENT...]")
    for viommu in viommus.split(","):
        if arch not in machine.VIOMMUS.get(viommu, machine.Viommu([], "", "", [], [])).arch:
            die(f"{where}: {viommu}: {arch} has no such vIOMMU")


def plan(base: str, what: str, archs: list[str]) -> list[Part]:
    """All of it, in its order"""
    path = Path("series", base, "plan")
    known = names(Path("guest/tests"), base)
    parts = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line[0] == "#":
            continue
        where = f"{path}:{number}"
        words = line.split()[:2]
        words = line.split(maxsplit=3 if words[1:] == ["step"] else 4)
        if words[:1] not in (["brief"], ["all"], ["both"]) or len(words) < (4 if words[1:2] == ["step"] else 5):
            die(f"{where}: want brief, all or both, a kernel, vIOMMUs, a part and tests, or step, an architecture, a name")
        when, kernel, viommus, part, *tests = words
        check(where, kernel, viommus, part)
        if when == ("all" if what == "check" else "brief"):
            continue
        if kernel == "step":
            if viommus in (*archs, "-"):
                # An architecture's own has its name in front
                front = "" if viommus == "-" or viommus == "x86_64" and part.split()[0] != "kunit" else f"{viommus}-"
                name, *arguments = part.split()
                parts.append(Part(f"step-{front}{name}", ("step", f"{front}{name}", name, viommus, *arguments)))
            continue
        if ("arm64" if kernel.startswith("arm64-") else "x86_64") not in archs:
            continue
        kernel = filled(kernel, known, where)
        for viommu in viommus.split(","):
            result = f"{kernel.split(',')[0]}-{viommu}{'' if part == '-' else '-' + part}"
            parts.append(Part(result, ("vm", kernel, viommu, result, filled(tests[0], known, where))))
    twice = {part.result for part in parts if sum(other.result == part.result for other in parts) > 1}
    if twice:
        die(f"{path}: twice in `make {what}`: {', '.join(sorted(twice))}")
    return parts


def unit(part: Part) -> str:
    """What must be in one shard: all that stock is to fail on a vIOMMU, and a boot and who reads its log"""
    if part.words[0] == "step":
        return part.words[4] if part.words[2] == "kunit-boot" else part.result
    arch_kernel, viommu = part.words[1].split("-"), part.words[2]
    return f"{'arm64-' * (arch_kernel[0] == 'arm64')}stock-{viommu}" if "stock" in arch_kernel[:2] else part.result


def times(base: str) -> dict[str, float]:
    """How long each part took when somebody last kept that"""
    path = Path("series", base, "times")
    if not path.exists():
        return {}
    return {name: float(seconds) for name, seconds in map(str.split, path.read_text(encoding="utf-8").splitlines())}


def shard(parts: list[Part], index: int, count: int, took: dict[str, float]) -> list[Part]:
    """The longest unit first, each to who has least to do"""
    def size(part: Part) -> int:
        return DEBUG if "-debug" in part.result or part.words[0] == "step" else 1

    known = [took[part.result] / size(part) for part in parts if part.result in took]
    mean = sum(known) / len(known) if known else 1
    units: dict[str, float] = {}
    for part in parts:
        seconds = took.get(part.result, mean * size(part)) / (WIDE if part.words[0] == "vm" else 1)
        units[unit(part)] = units.get(unit(part), 0) + seconds
    load = [0.0] * count
    mine = set()
    for name, seconds in sorted(units.items(), key=lambda item: (-item[1], item[0])):
        least = load.index(min(load))
        load[least] += seconds
        if least == index - 1:
            mine.add(name)
    return [part for part in parts if unit(part) in mine]


def stock(mine: list[Part], whole: list[Part], archs: list[str], what: str) -> typing.Iterator[tuple[str, tap.Cell]]:
    """
    The stock kernel must fail what the topics' stock-fails name (a vIOMMU and a case a line), or these cases prove
    nothing of the series. What the series must not change (type1.*), stock must pass, or the cases are wrong.
    """
    def on(parts: list[Part], viommu: str) -> list[Part]:
        return [part for part in parts if part.words[0] == "vm" and unit(part) == re.sub("^(arm64-)?", r"\1stock-", viommu)]

    found = {part.result: tap.read_all(path) for part in mine if part.words[0] == "vm" and "stock-" in part.words[1]
             for path in (f"{os.environ['B']}/result/{part.result}.tap.stock",) if os.path.exists(path)}
    series = topics.Series(Path("series", os.environ["BASE"]))
    for line in (line for topic in series.topics for _, line in topics.stock_fails(topic)):
        viommu, case = line.split(" ", 1)
        cells = [(name, cell) for part in on(mine, viommu) for name, cell in found.get(part.result, ())
                 if re.fullmatch(case, name)]
        name = f"stock fails {viommu} {case}"
        if any(cell.verdict == "not ok" for _, cell in cells):
            yield name, tap.Cell("ok")
        elif not on(mine, viommu) and on(whole, viommu):
            continue  # another part's
        elif "@" in viommu and os.environ.get("NO_QEMU"):
            yield name, tap.Cell("skip", os.environ["NO_QEMU"])
        elif what == "check" and not on(whole, viommu):
            where = viommu.removeprefix("arm64-")
            other = archs[0] if (where != viommu) != ("arm64" in archs) else where
            yield name, tap.Cell("skip", f"not on {other}: 'make check-all'")
        else:
            was = ", ".join(f"{cell.verdict}{' ' + cell.why if cell.why else ''}" for _, cell in cells) or "it did not run"
            yield name, tap.Cell("not ok", f"it does not: {was}: the case can no longer tell stock from series")
    for result, cells in found.items():
        if "stock-fast-" in result:
            for case, cell in cells:
                if case.startswith("type1."):
                    yield f"stock passes {result} {case}", cell._replace(log=None)


def missing(mine: list[Part]) -> tuple[str, tap.Cell]:
    """What has no result cannot have failed, either"""
    without = [part.result for part in mine if not any(
        os.path.exists(path) and os.path.getsize(path)
        for path in (f"{os.environ['B']}/result/{part.result}.tap{end}" for end in ("", ".stock")))]
    return ("all of the plan has a result",
            tap.Cell("not ok", f"these have none: {', '.join(without)}") if without else tap.Cell("ok"))


def main() -> None:
    """What the command line asks for"""
    if not {"-h", "--help"}.isdisjoint(sys.argv[1:]):
        print((__doc__ or "").strip())
        return
    if sys.argv[1:2] not in (["check"], ["check-all"]) or sys.argv[2:] not in ([], ["names"], ["stock"], ["missing"]):
        die("want check or check-all, and perhaps names, stock or missing: plan.py --help")
    base, what = os.environ["BASE"], sys.argv[1]
    archs = [os.environ["ARCH"]] if what == "check" else ["arm64", "x86_64"]
    parts = whole = plan(base, what, archs)
    if sys.argv[2:] == ["names"]:
        print(*(part.result for part in parts), sep="\n")
        return
    if what == "check-all" and os.environ.get("SHARD"):
        found = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", os.environ["SHARD"])
        if not found or int(found[1]) > int(found[2]):
            die(f"SHARD={os.environ['SHARD']}: want k/n, the k-th of n parts")
        parts = shard(parts, int(found[1]), int(found[2]), times(base))
    if sys.argv[2:] == ["missing"]:
        print(*tap.written([missing(parts)]), sep="\n")
        return
    if sys.argv[2:]:
        print(*tap.written(stock(parts, whole, archs, what)), sep="\n")
        return
    print(*(part.line() for part in parts), sep="\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Show the results of the last `make check` or `make check-all`, of each base that
has any, as one page that needs nothing else, build/report/index.html, and as text.

    report.py [FOLDER...]	what is in these copies of build/, e.g. of several machines, as one; build, if none is named
    report.py versions	what made the results: check.sh keeps it beside them

Of a case that has several results, the worst counts.
"""
import itertools
import os
import shutil
import sys
import textwrap
import typing

import results

PAGE = "build/report/index.html"
TEXT = {"ok": "ok", "not ok": "x", "skip": "-", "not run": "."}


def page(bases: list[results.Base]) -> str:
    """The page, whole"""
    try:
        # The rest does without. # pylint: disable=import-outside-toplevel
        import jinja2
    except ImportError:
        sys.exit(f"error: {sys.executable} has no jinja2, which makes the page: it is in the package python3-jinja2")

    pages = jinja2.Environment(loader=jinja2.FileSystemLoader(os.path.dirname(__file__)), undefined=jinja2.StrictUndefined,
                               autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return pages.get_template("page.html").render(bases=bases, results=results)


def wrapped(text: str, width: int, first: str = "") -> str:
    """Text in lines, behind `first`"""
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False)


def table_text(rows: list[list], width: int) -> typing.Iterator[str]:
    """Rows of words as lines"""
    widths = [max(len(str(word)) for word in words) for words in zip(*rows)]
    for row in rows:
        line = "  ".join(f"{word:<{w}}" for word, w in zip(row, widths)).rstrip()
        yield wrapped(line, width, "  ") if len(line) > width - 2 else "  " + line


def matrix_text(matrix: results.Matrix, width: int) -> typing.Iterator[str]:
    """One test's cases, the kernels' cells side by side"""
    yield f"{matrix.title}: {matrix.about}"
    pairs = list(dict.fromkeys(column[:2] for column in matrix.columns))

    def verdicts(key: results.Key, pair: tuple[str, ...]) -> str:
        cells = [matrix.cell(key, column) for column in matrix.columns if column[:2] == pair]
        return "/".join(f"{TEXT[cell.verdict]}{matrix.number(cell)}" for cell in cells)

    label = max(len(key[1]) for key in matrix.rows) + 5
    widths = [max(len(word) for word in [*pair, *(verdicts(key, pair) for key in matrix.rows)]) for pair in pairs]
    while pairs:
        fit = max(1, sum(label + total <= width for total in itertools.accumulate(w + 2 for w in widths)))
        for line in zip(*pairs[:fit]):
            yield (" " * label + "  ".join(f"{word:<{w}}" for word, w in zip(line, widths))).rstrip()
        for kind, keys in matrix.by_kind():
            if kind:
                yield "  " + kind
            for key in keys:
                cells = "  ".join(f"{verdicts(key, pair):<{w}}" for pair, w in zip(pairs[:fit], widths))
                yield f"{'    ' + key[1]:<{label}}{cells}".rstrip()
        pairs, widths = pairs[fit:], widths[fit:]
    for note, number in matrix.numbers.items():
        where, cells = matrix.where(note)
        yield wrapped(f"{note[1]} ({where}{'; '.join(matrix.name(*cell) for cell in cells)})", width,
                      f"  {TEXT[note[0]]}{number} ")
    yield ""


def base_text(base: results.Base, width: int) -> typing.Iterator[str]:
    """All of a base's results"""
    yield wrapped(f"== {base.what()}", width)
    yield from (wrapped(sentence.text, width) for sentence in base.headline())
    yield ""
    yield from table_text(base.versions(), width)
    yield ""
    yield wrapped(f"Each cell is {'stock/series, or ' if base.kernels == results.KERNELS else ''}{'/'.join(base.kernels)}: "
                  f"{', '.join(f'{sign} {results.WORDS[word]}' for word, sign in TEXT.items())}; "
                  "the number is the reason's, below the table.", width)
    yield ""
    for matrix in base.matrices:
        yield from matrix_text(matrix, width)
    yield "why cells were skipped:"
    yield from table_text([[count, why] for why, count in base.skipped()], width)
    yield ""
    if base.kernels == results.TRIED:
        return
    plots = base.plots()
    yield "what attaching costs: " + (f"{results.plural(len(plots), 'plot')} of `make bench`" if plots else
                                      "not measured: `make bench` does")
    for _, rows in base.numbers():
        yield from table_text(rows, width)
    yield ""
    yield f"what else was checked:{'' if base.steps else ' nothing'}"
    yield from table_text([["", "ok", "failed", "skipped"], *base.step_counts()], width)
    for step, case, cell in base.failed_steps():
        yield wrapped(f"{step}: {case}: {cell.why}", width, "  x ")
    if base.left_out:
        yield wrapped(f"  Other results that are there, not shown: {', '.join(base.left_out)}", width)
    yield ""


def main() -> None:
    """What the command line asks for"""
    if not {"-h", "--help"}.isdisjoint(sys.argv[1:]):
        print((__doc__ or "").strip())
        return
    if sys.argv[1:] == ["versions"]:
        for row in results.versions():
            print(*row, sep="\t")
        return
    builds = list(dict.fromkeys(map(os.path.normpath, sys.argv[1:])))
    for build in builds:
        if not os.path.isdir(build):
            sys.exit(f"error: {build}: there is no such folder")
        if not results.any_in(build):
            sys.exit(f"error: {build}: there are no results in it: want a copy of build/ after 'make check'")
    bases = results.bases(builds or ["build"])
    for base in bases:
        kernels = [name for name, _ in base.versions() if name in results.TRIED]
        if len(kernels) > len(set(kernels)):
            sys.exit(f"error: these are of several kernels, which one page does not tell apart: {base.what()}")
    if not any(base.paths for base in bases):
        sys.exit("error: there are no results to report: run 'make check' first")
    whole = page(bases)
    os.makedirs(os.path.dirname(PAGE), exist_ok=True)
    with open(PAGE + ".tmp", "w", encoding="utf-8") as file:
        file.write(whole)
    os.rename(PAGE + ".tmp", PAGE)
    width = shutil.get_terminal_size((100, 24)).columns
    for base in bases:
        for line in base_text(base, width):
            print(line)
    print(f"{PAGE}: {os.path.getsize(PAGE) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

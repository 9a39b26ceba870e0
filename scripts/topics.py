#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""topics.py COMMAND...: the topics of series/$BASE, each a folder NN-NAME of patches

Its file `topic` has facts, a line each, "name: value"; what it needs are topics before it.
They are in $SERIES, if that is set. With $TOPIC, only that one and what it needs; `fixes` are all whose names begin with fix-.

  patches             their patches, in order
  own                 those of $TOPIC, or all
  names               the topics
  folder              where $TOPIC is
  needs               the titles of what it needs
  facts NAME          what $TOPIC says of that
  tests               what $TOPIC alone has to pass: lines of a vIOMMU and tests
  files PATTERN       their files of that name
  lint                what a list would object to, but for what checkpatch sees
  sum                 of the patches and of the topics that they are in
  mails FOLDER        the patches, each with a trailer that names its topic, as files there
  write FROM TO       what git format-patch wrote in folder FROM, as series/$BASE is to be, in TO
"""

import hashlib
import os
import re
import shutil
import sys
import typing
from pathlib import Path

FIELDS = {
    "title": "what it does",
    "needs": "topics of this base that it does not apply, build or work without",
    "for": "mailed, backport or carried",
    "tree": "whose git tree it is for",
    "prefix": "what is in a mail's subject besides PATCH",
    "stable": "yes or no",
    "tests": "a vIOMMU and what `make selftests` runs on it, if what stock fails is not what it passes alone",
}
REPEATED = {"tests"}
VALUES = {"for": ("mailed", "backport", "carried"), "stable": ("yes", "no")}
# All that mends something
FIXES = "fixes"
# The programs of cases that do not begin with their name
PROGRAMS = {
    "membership": "vfio_group_membership_test",
    "function_alone": "vfio_group_membership_test",
    "interrupts": "vfio_group_membership_test",
    "reserved": "vfio_host_driver_test",
    "user": "vfio_type1_test",
    "vf": "vfio_sriov_test",
    "acpi_device": "acpi_device",
    "crash": "crash",
    "nested": "nested",
    "testpmd": "testpmd",
    "vfio_cdev": "vfio_iommufd_setup_test",
    "vfio_dma_map_limit_test": "vfio_dma_mapping_test",
    "vfio_pci_irq_test": "vfio_pci_device_test",
}
# Only debug kernels sleep; minutes of stress, or of QEMU in the VM, are for the whole series.
NOT_ALONE = ("suspend", "vfio_group_stress", "nested")
# For a topic without which stock fails nothing
DMA = ("intel", "vfio_dma_test/dma.integrity")
INDEX = "<!-- What follows is written by `make refresh`. -->\n"


# What TOPIC= is the name of a kernel of, besides
RESERVED = re.compile("stock|series|fixes|arm64-.*|x86_64-.*")


def read(path: Path) -> str:
    """A file's text, of which each byte can be written back"""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def write_back(path: Path, text: str) -> None:
    """What read() gave, as the same bytes"""
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)


def die(message: str) -> typing.NoReturn:
    """End with that"""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(1)


class Topic:
    """A folder NN-NAME, its patches and its facts"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number, self.name = folder.name.split("-", 1)
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", self.name) or RESERVED.fullmatch(self.name):
            die(f"{folder}: {self.name} cannot be the name of a topic")
        self.patches = sorted(folder.glob("[0-9][0-9][0-9][0-9]-*.patch"))
        self.facts = {name: [] for name in FIELDS}
        try:
            lines = (folder / "topic").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            die(f"{folder} has no file `topic`")
        for number, line in enumerate(lines, 1):
            if not line or line.startswith("#"):
                continue
            name, colon, value = line.partition(": ")
            value = value.strip()
            if not colon or name not in FIELDS or not value:
                die(f"{folder}/topic:{number}: {line!r}: want one of: {', '.join(FIELDS)}")
            if self.facts[name] and name not in REPEATED:
                die(f"{folder}/topic:{number}: {name} is there twice")
            if value not in VALUES.get(name, (value,)):
                die(f"{folder}/topic:{number}: {name}: {value}: want one of: {', '.join(VALUES[name])}")
            if name == "tests" and len(value.split()) < 2:
                die(f"{folder}/topic:{number}: tests: {value}: want a vIOMMU and tests")
            self.facts[name].append(value)
        for name in ("title", "for"):
            if not self.facts[name]:
                die(f"{folder}/topic says no {name}")
        self.needs = " ".join(self.facts["needs"]).split()


class Series:
    """All topics of a base"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.topics = [Topic(f) for f in sorted(folder.glob("[0-9][0-9]-*"))]
        patches = {patch for topic in self.topics for patch in topic.patches}
        for patch in sorted(folder.rglob("*.patch")):
            if patch not in patches and patch.parent.name != "mutants":
                die(f"{patch} is in no topic: it has to be a {folder}/NN-NAME/NNNN-*.patch")
        for patch in sorted(patches):
            text = read(patch)
            if not re.match(r"From [0-9a-f]{40} ", text) or "\n---\n" not in text or not text.endswith("\n"):
                die(f"{patch} is no patch as git format-patch writes one")
        self.named = {}
        for topic in self.topics:
            if topic.name in self.named:
                die(f"{topic.folder} and {self.named[topic.name].folder} have one name")
            self.named[topic.name] = topic
        for topic in self.topics:
            for name in topic.needs:
                if name not in self.named:
                    die(f"{topic.folder}/topic needs {name}, which is no topic of {folder}")
        for topic in self.topics:
            self.closure(topic, ())
        before = set()
        for topic in self.topics:
            for name in topic.needs:
                if name not in before:
                    die(f"{topic.folder}/topic needs {name}, which comes after it")
            before.add(topic.name)

    def closure(self, topic: Topic, path: tuple[Topic, ...]) -> set[Topic]:
        """The topic and all that it needs"""
        if topic in path:
            names = [t.name for t in path[path.index(topic):]] + [topic.name]
            die(f"{topic.folder}/topic: {' needs '.join(names)}: a cycle")
        found = {topic}
        for name in topic.needs:
            found |= self.closure(self.named[name], (*path, topic))
        return found

    def topic(self, name: str) -> Topic:
        """That of this name"""
        if name not in self.named:
            die(f"TOPIC={name}: want one of: {' '.join(t.name for t in self.topics)} {FIXES}")
        return self.named[name]

    def chosen(self, name: str) -> list[Topic]:
        """All, or what $TOPIC means"""
        if not name:
            return self.topics
        wanted = set()
        for topic in self.topics if name == FIXES else [self.topic(name)]:
            if name != FIXES or topic.name.startswith("fix-"):
                wanted |= self.closure(topic, ())
        return [topic for topic in self.topics if topic in wanted]


def split_message(text: str) -> tuple[list[str], str]:
    """A patch's lines up to the one that ends its message, and the others"""
    lines = text.split("\n")
    end = lines.index("---")
    return lines[:end], lines[end:]


def paragraphs(message: list[str]) -> list[list[str]]:
    """A message's header and last paragraph, which are lists of lines, and what is between them"""
    body = message.index("") if "" in message else len(message)
    last = len(message) - message[::-1].index("") if "" in message else len(message)
    return message[:body], message[body:last], message[last:]


def with_trailer(text: str, name: str) -> str:
    """A patch whose message names its topic"""
    message, rest = split_message(text)
    header, middle, last = paragraphs(message)
    if last and not all(re.match(r"[A-Z][A-Za-z-]+: ", line) for line in last):
        last.append("")
    return "\n".join([*header, *(middle or [""]), *last, f"Topic: {name}", *rest])


def without_trailer(text: str) -> tuple[str, set[str]]:
    """The patch, and what its trailers say is its topic"""
    message, rest = split_message(text)
    header, middle, last = paragraphs(message)
    names = {line.removeprefix("Topic: ") for line in last if line.startswith("Topic: ")}
    last = [line for line in last if not line.startswith("Topic: ")]
    if names and not last and len(middle) > 1:
        middle = middle[:-1]
    return "\n".join([*header, *middle, *last, *rest]), names


def subject(text: str) -> str:
    """A patch's, in one line"""
    message, _ = split_message(text)
    at = next(i for i, line in enumerate(message) if line.startswith("Subject: "))
    words = [message[at]]
    for line in message[at + 1:]:
        if not line.startswith(" "):
            break
        words.append(line)
    return re.sub(r"^Subject: \[PATCH\] ", "", "".join(words))


def upstream(text: str) -> str:
    """The commit in mainline that a message names as its own, or as what did the same"""
    message = " ".join(split_message(text)[0])
    for pattern in (r"[Cc]ommit ([0-9a-f]{40}) upstream", r"\bMainline\b[^.]*?\b([0-9a-f]{12})\b"):
        found = re.search(pattern, message)
        if found:
            return found.group(1)[:12]
    return ""


def stock_fails(topic: Topic) -> typing.Iterator[tuple[str, str]]:
    """What stock fails for want of the topic: a patch's subject, or nothing, and "VIOMMU CASE" """
    title = ""
    try:
        lines = (topic.folder / "stock-fails").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        if line.startswith("# "):
            title = line[2:]
        elif line:
            yield title, line


def mutants(topic: Topic) -> typing.Iterator[tuple[str, str]]:
    """What its mutants say of themselves: name, subject of the patch that they undo"""
    for mutant in sorted((topic.folder / "mutants").glob("*.patch")):
        found = re.search(r"^Patch: (.*)$", read(mutant), re.M)
        yield mutant.stem, found.group(1) if found else ""


def proofs(topic: Topic, title: str) -> list[str]:
    """What fails without a patch"""
    return [*(f"mutant {name}" for name, undoes in mutants(topic) if undoes == title),
            *(line for of, line in stock_fails(topic) if of == title)]


def program(test: str) -> str:
    """The program that has the cases whose names begin with that"""
    return PROGRAMS.get(test, test if test.startswith("vfio_") else f"vfio_{test}_test")


def test_of(case: str) -> str:
    """The test that has a case of stock-fails"""
    first, *others = case.split(".")
    if first == "vfio_iommu_group_test":
        return f"{first}@{others[0]}/*.{'.'.join(others[1:])}"
    return f"{program(first)}/{case}"


def tests(topic: Topic) -> typing.Iterator[str]:
    """What it names, or else what stock fails for want of it, by vIOMMU"""
    found = {}
    for line in topic.facts["tests"]:
        viommu, *others = line.split()
        found.setdefault(viommu, []).extend(others)
    for _, line in [] if found else list(stock_fails(topic)):
        viommu, case = line.split(" ", 1)
        if not case.startswith(NOT_ALONE):
            found.setdefault(viommu, []).append(test_of(case))
    if not found:
        found[DMA[0]] = [DMA[1]]
    return (" ".join([viommu, *dict.fromkeys(those)]) for viommu, those in found.items())


def lint(topic: Topic) -> typing.Iterator[str]:
    """What a list would object to"""
    stable = False
    titles = [subject(read(patch)) for patch in topic.patches]
    for what, title in [*mutants(topic), *(("stock-fails", title) for title, _ in stock_fails(topic))]:
        if title and title not in titles:
            yield f"{what} names a patch that is not there: {title}"
    for patch in topic.patches:
        message = split_message(read(patch))[0]
        noted = [line for line in message if line.startswith("Cc: stable@")]
        fixes = any(line.startswith("Fixes: ") for line in message)
        stable |= bool(noted)
        if noted and not fixes:
            yield f"{patch.name} is for stable, and has no Fixes:"
    if stable != (topic.facts["stable"] == ["yes"]):
        yield f"`topic` {'does not say' if stable else 'says'} stable: yes, and {'a' if stable else 'no'} patch has Cc: stable"
    letter, notes = topic.folder / "cover-letter", topic.folder / "notes"
    if len(topic.patches) > 1 and not letter.exists():
        yield f"{len(topic.patches)} patches have no cover-letter"
    if len(topic.patches) == 1 and letter.exists():
        yield "a single patch has a cover-letter: what is to be below its --- is `notes`"
    for text in letter, notes:
        for number, line in enumerate(read(text).splitlines() if text.exists() else [], 1):
            if len(line) > 75 and not line.startswith("  "):
                yield f"{text.name}:{number} has more than 75 columns"


def index(series: Series) -> typing.Iterator[str]:
    """README.md's table"""
    base = series.folder.name
    yield INDEX
    yield f"\n## The topics of {base}\n"
    for topic in series.topics:
        facts = topic.facts
        words = [facts["for"][0], *(f"for {t}" for t in facts["tree"]),
                 *(["stable"] if facts["stable"] == ["yes"] else []),
                 *([f"needs {', '.join(topic.needs)}"] if topic.needs else [])]
        yield f"\n### {topic.number} {topic.name}: {facts['title'][0]}\n\n{'; '.join(words)}\n\n"
        yield "| patch | in mainline | fails without it |\n|---|---|---|\n"
        for patch in topic.patches:
            text = read(patch)
            title = subject(text)
            shown = proofs(topic, title)
            if len(shown) > 3:
                shown = [*shown[:3], f"{len(shown) - 3} more"]
            name = title.replace("|", "\\|")
            yield (f"| [{patch.name[:4]}]({topic.folder.name}/{patch.name}) {name} | {upstream(text)} | "
                   f"{', '.join(shown)} |\n")


def write(old: Series, chosen: list[Topic], source: Path, target: Path) -> None:
    """Distribute what git format-patch wrote, and number all anew"""
    patches = {topic: [] if topic in chosen else
               [(p.name[5:], read(p)) for p in topic.patches] for topic in old.topics}
    at = 0
    for patch in sorted(source.glob("*.patch")):
        text, names = without_trailer(read(patch))
        title = subject(text)
        if len(names) > 1:
            die(f"\"{title}\" is in several topics: {', '.join(sorted(names))}")
        name = "".join(names)
        if not name:
            die(f"\"{title}\" is in no topic: its message has no trailer \"Topic: NAME\", one of: "
                f"{' '.join(t.name for t in chosen)}")
        if name not in old.named:
            die(f"\"{title}\" says Topic: {name}: there is no {old.folder}/NN-{name}")
        if old.named[name] not in chosen:
            die(f"\"{title}\" says Topic: {name}, which this branch does not have")
        to = old.topics.index(old.named[name])
        if to < at:
            die(f"\"{title}\" of topic {name} comes after one of {old.topics[at].name}: reorder the commits")
        at = to
        patches[old.named[name]].append((patch.name[5:], text))
    shutil.copytree(old.folder, target)
    for patch in target.glob("[0-9][0-9]-*/[0-9]*.patch"):
        patch.unlink()
    every = [(topic, *patch) for topic in old.topics for patch in patches[topic]]
    for number, (topic, name, text) in enumerate(every, 1):
        write_back(target / topic.folder.name / f"{number:04}-{name}", text)
    new = Series(target)
    new.folder = old.folder
    readme = target / "README.md"
    head = readme.read_text(encoding="utf-8").split(INDEX)[0] if readme.exists() else f"# {old.folder.name}\n\n"
    readme.write_text(head + "".join(index(new)), encoding="utf-8")
    (target / "series").write_text("".join(
        f"{topic.folder.name}/{patch.name}\n" for topic in new.topics for patch in topic.patches), encoding="utf-8")


def show(*lines: object) -> None:
    """A line each"""
    for line in lines:
        print(line)


def main() -> None:
    """What the command line asks for"""
    if not {"-h", "--help"}.isdisjoint(sys.argv[1:]):
        print(__doc__.strip())
        return
    command, *arguments = sys.argv[1:]
    name = os.environ.get("TOPIC", "")
    series = Series(Path(os.environ.get("SERIES") or f"series/{os.environ['BASE']}"))
    chosen = series.chosen(name)
    match command:
        case "patches":
            show(*(p for t in chosen for p in t.patches))
        case "own":
            show(*(p for t in (chosen[-1:] if name else chosen) for p in t.patches))
        case "names":
            show(*(t.name for t in chosen))
        case "facts":
            show(*series.topic(name).facts[arguments[0]])
        case "folder":
            print(series.topic(name).folder)
        case "needs":
            show(*(f"{t.facts['title'][0]} ({t.name}, {len(t.patches)})" for t in chosen[:-1]))
        case "tests":
            show(*tests(series.topic(name)))
        case "files":
            show(*(f for t in chosen for f in sorted(t.folder.glob(arguments[0]))))
        case "lint":
            for topic in chosen:
                for line in lint(topic):
                    print(f"{topic.folder}: {line}")
        case "sum":
            print(hashlib.sha256("".join(with_trailer(read(p), t.name) for t in chosen for p in t.patches).encode(
                "utf-8", "surrogateescape")).hexdigest())
        case "mails":
            for topic in chosen:
                for patch in topic.patches:
                    write_back(Path(arguments[0]) / patch.name, with_trailer(read(patch), topic.name))
        case "write":
            write(series, chosen, Path(arguments[0]), Path(arguments[1]))
        case _:
            die(f"topics.py: {command}?")


if __name__ == "__main__":
    main()

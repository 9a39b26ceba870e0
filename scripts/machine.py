#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Read guest/machine, which says what machine there is.

    machine.py docs	prints the tables that docs/bench.md has of it
"""
import os
import re
import sys
import typing

TABLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "guest/machine")
# How many fields a record has
FIELDS = {"bus": 4, "kind": 6, "argument": 3, "with": 4, "rmrr": 3, "andd": 3, "viommu": 8, "formerly": 3, "cannot": 5}


class Kind(typing.NamedTuple):
    """A kind of IOMMU group"""
    devices: list[str]
    text: str
    own: bool  # whether mainline's own tests can be told of it


class Viommu(typing.NamedTuple):
    """An IOMMU"""
    devices: list[str]
    arguments: str
    text: str
    arch: list[str]
    among: str  # all, or more


class Extra(typing.NamedTuple):
    """What QEMU and the kernel are told for a test besides"""
    options: list[tuple[str, str]]
    arguments: list[str]


def records() -> typing.Iterator[list[str]]:
    """The table's, with nothing instead of -"""
    with open(TABLE, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            fields = re.split("\t+", line.rstrip("\n"))
            if fields == [""] or line.startswith("#"):
                continue
            if len(fields) != FIELDS.get(fields[0]):
                sys.exit(f"error: guest/machine:{number}: there is no record {fields[0]} of {len(fields)} fields")
            yield ["" if field == "-" else field for field in fields]


RECORDS = list(records())


def all_of(word: str) -> typing.Iterator[list[str]]:
    """The fields of one sort of record"""
    return (fields for first, *fields in RECORDS if first == word)


def edu(device: str, bus: str = "pcie.0", options: str = "") -> list[str]:
    """QEMU's words for an edu. guest/hotplug knows it by where the guest finds it: 03:02.0 is edu-03-02.0."""
    slot, function = device[3:].split(".")
    function = f".{function}" if options or function != "0" else ""
    name = f"edu-{device.replace(':', '-')}"
    return ["-device", f"edu,dma_mask=0xffffffff,id={name},bus={bus},addr=0x{int(slot, 16):x}{function}{options}"]


def kinds_devices() -> typing.Iterator[str]:
    """QEMU's words for the group kinds"""
    buses: dict[str, str] = {}
    for word, name, *fields in RECORDS:
        if word == "bus":
            buses[name], devices = fields
            for device in devices.split():
                yield from ("-device", device)
        elif word == "kind" and fields[0] == "edu":
            for device in fields[1].split():
                yield from edu(device[:7], buses[device[:2]], device[7:])


def extras() -> dict[str, Extra]:
    """By test or kind"""
    found: dict[str, Extra] = {}
    for word, names, *fields in RECORDS:
        for name in names.split() if word in ("with", "argument") else ():
            extra = found.setdefault(name, Extra([], []))
            if word == "with":
                extra.options.append((fields[0], fields[1]))
            else:
                extra.arguments.append(fields[0])
    return found


KINDS = {name: Kind([f"0000:{device[:7]}" for device in devices.split()], text, told == "told")
         for name, _, devices, told, text in all_of("kind")}
VIOMMUS = {name: Viommu(options.split(), arguments, text, archs.split(), among)
           for name, archs, among, _, options, arguments, text in all_of("viommu")}
# What other versions of QEMU have: NAME@VERSION runs on that one, build/qemu-VERSION.
VIOMMUS |= {f"{name}@11": viommu for name, viommu in VIOMMUS.items()}
EXTRAS = extras()
RMRR = {name: devices.split() for name, devices in all_of("rmrr")}
ANDD = dict(all_of("andd"))
FORMERLY = dict(all_of("formerly"))


def code(words: typing.Iterable[str]) -> str:
    """As code in a cell of a table"""
    return ", ".join(f"`{word}`" for word in words)


def table(name: str, head: list[str], *rows: list[str]) -> str:
    """A table between the markers that docs/bench.md has there"""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join([f"<!-- machine: {name} -->", *(f"| {' | '.join(line)} |" for line in lines), "<!-- end -->"])


def docs() -> str:
    """The tables of docs/bench.md"""
    cannot: dict[tuple[str, str, str], list[str]] = {}
    for viommu, qemu, kind, why in all_of("cannot"):
        cannot.setdefault((viommu, qemu, why), []).append(kind)
    return "\n".join([
        table("kinds", ["kind", "devices", ""],
              *([code([name]), ", ".join(device.removeprefix("0000:") for device in kind.devices), kind.text]
                for name, kind in KINDS.items())),
        table("vIOMMUs", ["`VIOMMU=`", "`ARCH=`", "`VIOMMU=all`", ""],
              *([code([name]), ", ".join(viommu.arch), "yes" if viommu.among == "all" else "no", viommu.text]
                for name, viommu in VIOMMUS.items() if "@" not in name)),
        table("cannot", ["`VIOMMU=`", "QEMU", "kinds", "reason"],
              *([code([viommu]), code([qemu]), code(kinds), why] for (viommu, qemu, why), kinds in cannot.items()))])


def main() -> None:
    """See above"""
    if sys.argv[1:] != ["docs"]:
        print((__doc__ or "").strip())
        sys.exit(not {"-h", "--help"} & set(sys.argv[1:]))
    print(docs())


if __name__ == "__main__":
    main()

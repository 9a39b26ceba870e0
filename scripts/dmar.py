# SPDX-License-Identifier: GPL-2.0
"""
A DMAR table with reserved memory regions (RMRR) or an ACPI device (ANDD), which QEMU's
intel-iommu has not.

It is QEMU's own table of the same machine with more at its end and a higher revision. Linux
takes it for QEMU's if it is kernel/firmware/acpi/*.aml in an uncompressed cpio in front of the
initramfs, and CONFIG_ACPI_TABLE_UPGRADE is on.
"""
import base64
import struct
import subprocess

# What the firmware keeps to itself: Linux warns of a region that is not reserved in its map of memory.
REGION = 0xf0000, 0xfffff


def own_table(command: list[str]) -> bytes:
    """QEMU's table, as the machine's firmware would get it (fw_cfg's DMA), without a step of its CPU"""
    request, answer = 0x1000, 0x2000
    with subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command, "-S", "-qtest", "stdio", "-qtest-log", "none"], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        def ask(words):
            print(words, file=process.stdin, flush=True)
            status, *data = process.stdout.readline().split() or ["nothing"]
            if status != "OK":
                raise OSError(f"QEMU says {status} to '{words}'")
            return data

        def item(key, size):
            ask(f"write {request} 16 0x{struct.pack('>IIQ', key << 16 | 0xa, size, answer).hex()}")
            ask(f"outl 0x518 {int.from_bytes(request.to_bytes(4, 'big'), 'little')}")
            return base64.b64decode(ask(f"b64read {answer} {size}")[0])

        count, = struct.unpack(">I", item(0x19, 4))
        files = struct.iter_unpack(">IHH56s", item(0x19, 4 + 64 * count)[4:])
        tables = next(item(key, size) for size, key, _, name in files if name.rstrip(b"\0") == b"etc/acpi/tables")
        process.kill()
    start = tables.index(b"DMAR")
    length, = struct.unpack_from("<I", tables, start + 4)
    return tables[start:start + length]


def rmrr(name: str) -> bytes:
    """
    A device by the way there from bus 0, bridges first: "10.1", "12.0/0.0/2.0" behind two of them.
    If its region is not to be the usual one: "10.1@0xfffc0000-0xffffffff".
    """
    way, _, region = name.partition("@")
    first, last = (int(end, 0) for end in region.split("-")) if region else REGION
    path = bytes(int(number, 16) for step in way.split("/") for number in step.split("."))
    scope = struct.pack("<BBHBB", 1, 6 + len(path), 0, 0, 0) + path
    return struct.pack("<HHHHQQ", 1, 24 + len(scope), 0, 0, first, last) + scope


# What Linux makes no platform device of: its IOMMU group comes after those of PCI.
ACPI_DEVICE = b"PNP0400"


def aml(opcode: bytes, body: bytes) -> bytes:
    """An object that has its length in front"""
    return opcode + bytes([len(body) + 1]) + body


def acpi_device() -> bytes:
    r"""\_SB.EDU0, without resources (79 00 is their end), in a table of its own"""
    device = aml(b"\x5b\x82", b"EDU0" + b"\x08_HID\x0d" + ACPI_DEVICE + b"\0" + b"\x08_CRS" + aml(b"\x11", b"\x0a\2\x79\0"))
    empty = struct.pack("<4sIBB6s8sI4sI", b"SSDT", 36, 2, 0, b"BENCH ", b"EDU     ", 0, b"BNCH", 1)
    return table(empty, aml(b"\x10", b"\\_SB_" + device))


def with_requester_id(own: bytes, device: str) -> bytes:
    """The table, in which \\_SB.EDU0 has the requester ID of a PCI device on bus 0"""
    name = b"\\_SB.EDU0\0"
    path = bytes(int(number, 16) for number in device.split("."))
    scope = struct.pack("<BBHBB", 5, 8, 0, 1, 0) + path
    # The first structure behind the header is the IOMMU.
    kind, length = struct.unpack_from("<HH", own, 48)
    assert kind == 0, "no DRHD"
    own = own[:48] + struct.pack("<HH", kind, length + 8) + own[52:48 + length] + scope + own[48 + length:]
    return own + struct.pack("<HHBBBB", 4, 8 + len(name), 0, 0, 0, 1) + name


def table(own: bytes, more: bytes) -> bytes:
    """The table with more at its end, and its length, revision and sum put right"""
    header = list(struct.unpack_from("<4sIBB6s8sI", own))
    header[1], header[3] = len(own) + len(more), 0
    header[6] += 1
    data = bytearray(struct.pack("<4sIBB6s8sI", *header) + own[28:] + more)
    data[9] = -sum(data) % 256
    return bytes(data)


def cpio(files: list[tuple[str, bytes]]) -> bytes:
    """An uncompressed archive"""
    archive = b""
    for name, data in [*files, ("TRAILER!!!", b"")]:
        fields = [0, 0o100644 if data else 0, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        archive += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        archive += b"\0" * (-len(archive) % 4) + data
        archive += b"\0" * (-len(archive) % 4)
    return archive


def initrd(command: list[str], names: list[str], shared: str | None = None) -> bytes:
    """
    What goes in front of the initramfs of a machine, which is QEMU's command line: names are
    devices with an RMRR, an ACPI device has the requester ID of shared.
    """
    own, files = own_table(command), []
    if shared:
        own = with_requester_id(own, shared)
        files = [("kernel/firmware/acpi/edu.aml", acpi_device())]
    more = b"".join(rmrr(name) for name in names)
    return cpio([("kernel/firmware/acpi/dmar.aml", table(own, more)), *files])

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Boot kernels in QEMU, run selftests in them, and say what happened as TAP.

    vm.py shell KERNEL VIOMMU
    vm.py check KERNEL TESTS VIOMMU...	can this QEMU be such a machine? TESTS: "shell", too
    vm.py run + KERNEL VIOMMU RESULT TEST... [+ KERNEL VIOMMU RESULT TEST...]...

KERNEL is a folder of $B/image, e.g. stock-fast. guest/init says what a TEST is.
RESULT names $B/result/RESULT.tap and the logs.
The runs, each behind a '+', go side by side, one per core: a VM is one thread.

A case ends its VM when the kernel reports anything, hangs or dies; the next
case gets a new VM, so that no case can hide another's failure or cause it.
"""
import concurrent.futures
import functools
import hashlib
import itertools
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import dmar

B = os.environ["B"]
TOP = os.getcwd()
# Nothing new on the console for this long is a hang. Tests print at least every
# 5 s; a debug kernel may be silent for a while when it boots or scans for leaks.
SILENCE = int(os.environ.get("SILENCE", 60))


def edu(slot, bus="pcie.0"):
    """guest/hotplug knows it by where the guest finds it, if it is to: 03:02.0 is edu-03-02.0."""
    number = {"pcie.0": "00", "rp1": "01", "bridge": "03", "deep": "06"}.get(bus)
    device, _, function = slot.partition(".")
    name = f"id=edu-{number}-{device:>02}.{function or 0}," if number else ""
    return ["-device", f"edu,dma_mask=0xffffffff,{name}"
                       f"bus={bus},addr=0x{slot}{',multifunction=on' if function else ''}"]


# By the first part of an image's name: QEMU, the kernel's file, the machine, its arguments.
# no_timer_check: TCG's timer is too coarse for the IO-APIC's check. earlycon: what came before
# the PL011's driver is else written at once, long enough to be a soft lockup to a debug kernel.
ARCH = {
    "arm64": ("qemu-system-aarch64", "Image", ["-M", "virt,gic-version=3", "-cpu", "cortex-a57"],
              "console=ttyAMA0 earlycon"),
    "": ("qemu-system-x86_64", "bzImage", ["-M", "q35,kernel-irqchip=split", "-cpu", "max"],
         "console=ttyS0 no_timer_check"),
}
# A second function whose header does not say that there are others.
ALONE = [*edu("1a.0"), *(word.replace(",multifunction=on", "") for word in edu("1a.1"))]
# The group kinds (docs/bench.md): two devices each.
MACHINE = [
    "-smp", "2", "-m", "1G", "-nodefaults", "-display", "none", "-no-reboot",
    *edu("8"), *edu("9"), *edu("10.0"), *edu("10.1"), *ALONE,
    "-device", "pcie-root-port,id=rp1,addr=0x11,chassis=1,slot=1",
    *edu("0.0", "rp1"), *edu("0.1", "rp1"),
    "-device", "pcie-root-port,id=rp2,addr=0x12,chassis=2,slot=2",
    "-device", "pcie-pci-bridge,id=bridge,bus=rp2",
    *edu("1", "bridge"), *edu("2", "bridge"),
    "-device", "pcie-root-port,id=rp6,addr=0x13,chassis=6,slot=6",
    "-device", "pcie-pci-bridge,id=bridge6,bus=rp6",
    "-device", "pci-bridge,id=deep,bus=bridge6,addr=0x1,chassis_nr=9",
    *edu("1", "deep"), *edu("2", "deep"),
]
# The root ports' own, which Linux uses with "pcie_ports=native", instead of ACPI's.
NATIVE_HOTPLUG = ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"]
# The host's root file system, read-only.
HOST_ROOT = ["-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"]
# Groups of two NICs, which send each other what they send, and an edu: functions, behind a
# bridge, and functions that have translations cached (ATS), which wants a root port.
NICS = [
    *(word for n in range(6) for word in ("-netdev", f"hubport,id=net{n},hubid={n // 2}")),
    "-device", "e1000,netdev=net0,addr=0x3.0,multifunction=on",
    "-device", "e1000,netdev=net1,addr=0x3.1,multifunction=on",
    *edu("3.2"),
    "-device", "pcie-root-port,id=rp3,addr=0x15,chassis=3,slot=3",
    "-device", "pcie-pci-bridge,id=bridge2,bus=rp3",
    "-device", "e1000,netdev=net2,bus=bridge2,addr=0x1",
    "-device", "e1000,netdev=net3,bus=bridge2,addr=0x2",
    *edu("3", "bridge2"),
    "-device", "pcie-root-port,id=rp8,addr=0x1d,chassis=8,slot=8",
    *(word for n in range(2) for word in (
        "-device", f"virtio-net-pci,netdev=net{4 + n},bus=rp8,addr=0x0.{n},multifunction=on,"
                   "disable-legacy=on,iommu_platform=on,ats=on")),
    *edu("0.2", "rp8"),
]
# For a guest in the guest, and for mainline's tests of DMA, which map a gigabyte: in a second rather than five
# if it can be of huge pages.
MEMORY = ["-m", "4G"]
# TCG clears memory byte by byte on a CPU that has ERMS.
HUGE_MEMORY = "transparent_hugepage_shmem=always clearcpuid=erms"
HUGE_PAGES = "hugepagesz=2M hugepages=1 hugepagesz=1G hugepages=1"


def sriov(number, where):
    """A device that can have two virtual functions"""
    return ["-device", f"nvme-subsys,id=subsystem{number}",
            "-device", f"nvme,{where},serial={number},subsys=subsystem{number},sriov_max_vfs=2,"
                       "sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=4"]


SRIOV = sriov(1, "addr=0x1c")
# And one whose virtual functions share its group: the port above it has no ACS.
SRIOV_SHARED = ["-device", "pcie-root-port,id=rp7,addr=0x1e,chassis=7,slot=7",
                "-device", "x3130-upstream,id=switch,bus=rp7",
                "-device", "xio3130-downstream,id=down,bus=switch,chassis=11,slot=1", *sriov(2, "bus=down")]
# The kinds that mainline's tests can be told of, and their devices.
with open(os.path.join(os.path.dirname(__file__), "../guest/init"), encoding="utf-8") as file:
    KINDS = dict(re.findall(r"^\t(\w+)\)\s+echo (0000:.*) ;;$", file.read(), re.M))
# Groups of an edu and a device of a driver that uses the DMA API: functions, and behind a bridge.
RNG = "virtio-rng-pci,disable-legacy=on,iommu_platform=on"
EDU_AND_RNG = [
    *(word for slot in ("16", "17") for word in (
        "-device", f"edu,dma_mask=0xffffffff,addr=0x{slot}.0,multifunction=on",
        "-device", f"{RNG},addr=0x{slot}.1,multifunction=on")),
    *(word for n, slot in ((4, "18"), (5, "19")) for word in (
        "-device", f"pcie-root-port,id=rp{n},addr=0x{slot},chassis={n},slot={n}",
        "-device", f"pcie-pci-bridge,id=bridge{n},bus=rp{n}",
        "-device", f"edu,dma_mask=0xffffffff,bus=bridge{n},addr=0x1",
        "-device", f"{RNG},bus=bridge{n},addr=0x2")),
]
# A device of the host's, whose requester ID an ACPI device has, too.
SHARED = "1b.0"
P9 = ["-fsdev", "local,id=shared,path=guest,security_model=none,readonly=on",
      "-device", f"virtio-9p-pci,fsdev=shared,mount_tag=shared,addr=0x{SHARED},iommu_platform=on,disable-legacy=on"]
# What a VM and its kernel's arguments have besides for these tests or kinds, or for a shell.
EXTRAS = {
    "acpi_device": (P9, ""),
    "crash": (HOST_ROOT, "crashkernel=256M image={image} initramfs={initramfs}"),
    "nested": (HOST_ROOT + MEMORY, "image={image} initramfs={plain}"),
    "testpmd": (NICS + HOST_ROOT, ""),
    "vfio_pci_driver_test": (MEMORY, HUGE_MEMORY),
    "vfio_dma_mapping_test": (MEMORY, HUGE_PAGES),
    "vfio_host_driver_test": (EDU_AND_RNG, ""),
    "vfio_sriov_test": (SRIOV + SRIOV_SHARED, ""),
    "sriov": (SRIOV, "vfio_pci.enable_sriov=1"),
}
# Devices with reserved memory regions for these tests, or with this IOMMU, on intel: scripts/dmar.py says how
# they are named. The last one's is where IOVAs are handed out first.
RMRR = {
    "vfio_host_driver_test": ["17.1", "19.0/0.0/2.0"],
    "intel-rmrr": ["16.1@0xfffc0000-0xffffffff"],
}
# 7.3 remaps no interrupts on amd unless it finds the IO-APIC's PCI device, an SMBus.
IO_APIC = ["-blockdev", "null-co,node-name=none",
           "-device", "virtio-blk-pci,drive=none,addr=0x14,class=0x0c05"]
UNSAFE = "vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1"
# The IOMMU comes first: QEMU gives devices that are there already no IOMMU.
VIOMMU = {
    "intel": (["-device", "intel-iommu,intremap=on,caching-mode=on"], "intel_iommu=on"),
    "intel-noir": (["-device", "intel-iommu,intremap=off,caching-mode=on"], f"intel_iommu=on {UNSAFE}"),
    "intel-sm": (["-device", "intel-iommu,intremap=on,caching-mode=on,scalable-mode=on"],
                 "intel_iommu=on,sm_on"),
    "intel-snoop": (["-device", "intel-iommu,intremap=on,caching-mode=on,snoop-control=on"], "intel_iommu=on"),
    "intel-rmrr": (["-device", "intel-iommu,intremap=on,caching-mode=on"], "intel_iommu=on"),
    # As hardware is: nothing to be told of a new mapping
    "intel-hw": (["-device", "intel-iommu,intremap=on,snoop-control=on,device-iotlb=on"], "intel_iommu=on"),
    "intel-hw-sm": (["-device", "intel-iommu,intremap=on,snoop-control=on,device-iotlb=on,scalable-mode=on"],
                    "intel_iommu=on,sm_on"),
    # The first stage, which only newer QEMU has
    "intel-fs": (["-device", "intel-iommu,intremap=on,scalable-mode=on,fsts=on"], "intel_iommu=on,sm_on"),
    "virtio": (["-device", "virtio-iommu-pci,addr=0x2"], UNSAFE),
    "amd": (["-device", "amd-iommu,intremap=on,dma-remap=on", *IO_APIC], "amd_iommu=on"),
    "smmuv3": (["-machine", "iommu=smmuv3"], ""),
}
# What other versions of QEMU have: NAME@VERSION runs on that one, build/qemu-VERSION.
VIOMMU |= {f"{name}@11": VIOMMU[name] for name in VIOMMU}
# What an option was called before, and an option that before there was one was on
FORMERLY = {"scalable-mode": "x-scalable-mode", "dma-remap": None}
# rcu_cpu_stall_suppress_at_boot: ACPI's interpreter can take a debug kernel half a minute
# without a pause on a slow machine. What hangs is seen by other watchdogs.
# rcu_expedited: on the root bus, each removal waits for RCU, which is what the stress
# would do most of the time.
CMDLINE = "printk.devkmsg=on panic=-1 " \
          "rcupdate.rcu_cpu_stall_suppress_at_boot=1 oops=panic hung_task_panic=1 softlockup_panic=1 rcupdate.rcu_expedited=1"
# MACHINE=cost: a group for each device on the root bus, one for all that are behind root
# ports, which have no ACS here, and a clock that counts instructions, so that the same kernel
# takes the same time whenever and wherever it runs.
if os.environ.get("MACHINE") == "cost":
    MACHINE[MACHINE.index("-device"):] = [
        "-smp", "1", "-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2000-01-01,clock=vm",
        *(word for slot in (*range(0x3, 0x14), *range(0x15, 0x1c), 0x1d) for word in edu(f"{slot:x}")),
        *(word for port in range(3) for word in [
            "-device", f"pcie-root-port,id=port{port},addr=0x1c.{port},multifunction=on,"
                       f"chassis={port + 1},disable-acs=on",
            *(word for function in range(8) for word in [
                "-device", f"edu,bus=port{port},addr=0x0.{function},multifunction=on"])])]
    # Under -icount, Linux can wait for ever for the ticks by which it measures this timer.
    CMDLINE += " nolapic_timer"

# Linux 5.10's VFIO WARNs by design of a device that joins a group in use. guest/crash
# has its kernel crash.
REPORT = re.compile(
    r"BUG: |WARNING: (?!.* at (?:\S+ )?vfio_iommu_group_notifier\+)|[Kk]ernel BUG at|Oops: |general protection fault|"
    r"Kernel panic(?! - not syncing: sysrq triggered crash)|"
    r"INFO: task .* blocked|rcu: INFO|INFO: trying to register|UBSAN: |unreferenced object|"
    r"Internal error: |Unable to handle kernel|^ *not ok \d")  # the last is KUnit's
TIME = re.compile(r"^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ")


def die(message):
    print("error: " + message, file=sys.stderr)
    sys.exit(1)


def with_dmar(initramfs, machine, names, shared):
    """The initramfs with a DMAR table in front, a file of its own"""
    front = dmar.initrd(machine, names, shared)
    path = f"{B}/initramfs-dmar-{hashlib.sha256(front).hexdigest()[:12]}.cpio"
    with open(initramfs, "rb") as file:
        rest = file.read()
    with tempfile.NamedTemporaryFile(dir=B, prefix="initramfs-", delete=False) as file:
        file.write(front + rest)
    os.rename(file.name, path)
    return path


def program(system, version=""):
    """The emulator: of a version, else that of QEMU=, else the machine's"""
    folder = f"{TOP}/build/qemu-{version}" if version else os.environ.get("qemu_folder")
    found = shutil.which(system, path=folder or None)
    return found or die(f"there is no {system}{' in ' + os.path.relpath(folder, TOP) if folder else ''}")


@functools.cache
def options_of(emulator, device):
    """The options of a device that this QEMU has, None if it has no such device"""
    said = subprocess.run([emulator, "-M", "none", "-device", f"{device},help"], capture_output=True, text=True, check=False)
    return None if said.returncode else set(re.findall(r"^  ([\w-]+)=", said.stdout, re.M))


@functools.cache
def version_of(emulator):
    try:
        said = subprocess.run([emulator, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError as error:
        die(f"{emulator}: {error.strerror}")
    found = re.match(r"QEMU emulator version (\S+)", said)
    return found[1] if found else die(f"{emulator} is no QEMU")


def fitting(emulator, words):
    """The words of a command, with the options of devices as this QEMU calls them"""
    words = list(words)
    for i, word in enumerate(words):
        if not i or words[i - 1] != "-device":
            continue
        device, *settings = word.split(",")
        known = options_of(emulator, device)
        if known is None:
            die(f"{emulator}: QEMU {version_of(emulator)} has no device {device}")
        fit = []
        for setting in settings:
            name, _, value = setting.partition("=")
            if name not in known and name not in ("id", "bus"):
                if name not in FORMERLY or FORMERLY[name] not in (None, *known):
                    die(f"{emulator}: QEMU {version_of(emulator)} has no option {name} of {device}")
                name = FORMERLY[name]
            if name:
                fit.append(f"{name}={value}")
        words[i] = ",".join([device, *fit])
    return words


def with_modules(initramfs, modules):
    """The initramfs with a kernel's modules behind it, a file of its own"""
    path = re.sub(r"\.cpio$", "-modules.cpio", modules)
    with tempfile.NamedTemporaryFile(dir=B, prefix="initramfs-", delete=False) as file:
        for part in initramfs, modules:
            with open(part, "rb") as source:
                shutil.copyfileobj(source, file)
    os.rename(file.name, path)
    return path


def arch_of(kernel):
    return next(arch for arch in ARCH if kernel.startswith(arch))


def words_of(tests):
    return dict.fromkeys(word for test in tests for word in re.split("[,/@]", test))


def extras_of(kernel, tests):
    # The host's programs are of its own architecture.
    return [EXTRAS[word] for word in words_of(tests)
            if word in EXTRAS and not (arch_of(kernel) and "-virtfs" in EXTRAS[word][0])]


def machine_of(kernel, viommu, accel, tests):
    """QEMU's command, but for what the kernel is told"""
    system, _, machine, _ = ARCH[arch_of(kernel)]
    emulator = program(system, viommu.partition("@")[2])
    version_of(emulator)
    # One thread: under more, QEMU can lose a write to the IOMMU's queue register
    # while PCI devices come and go, and the guest waits for ever.
    accel = {"tcg": "tcg,thread=single"}.get(accel, accel)
    # Tests can have some in common: each option with its value once
    extras = dict.fromkeys(pair for extra, _ in extras_of(kernel, tests) for pair in zip(extra[::2], extra[1::2]))
    devices = [*VIOMMU[viommu][0], *MACHINE, *itertools.chain(*extras)]
    return [emulator, "-accel", accel, *machine, *fitting(emulator, devices)]


def qemu(kernel, viommu, accel, arguments, options="", tests=()):
    kernel, *kernel_arguments = kernel.split(",")
    arch = arch_of(kernel)
    _, file, _, arch_options = ARCH[arch]
    image = f"{B}/image/{kernel}/{file}"
    initramfs = plain = os.environ.get("INITRAMFS", f"{B}/{arch and arch + '-'}initramfs.cpio")
    if not os.path.exists(image):
        die(f"there is no {os.path.relpath(image, TOP)}: run 'make image' first")
    if os.path.exists(modules := f"{B}/image/{kernel}/modules.cpio"):
        initramfs = with_modules(initramfs, modules)
    machine = machine_of(kernel, viommu, accel, tests)
    words = words_of(tests)
    rmrr = [*os.environ.get("RMRR", "").split(),
            *(name for word in (*words, viommu.partition("@")[0]) for name in RMRR.get(word, ()))]
    shared = SHARED if "acpi_device" in words else None
    if (rmrr or shared) and viommu.startswith("intel"):
        initramfs = with_dmar(initramfs, machine, rmrr, shared)
    options = " ".join([arch_options, CMDLINE, options, VIOMMU[viommu][1],
                        *dict.fromkeys(more.format(image=image, initramfs=initramfs, plain=plain)
                                       for _, more in extras_of(kernel, tests)),
                        *kernel_arguments, os.environ.get("KARGS", ""), f"qemu={version_of(machine[0])}"])
    if "pcie_ports=native" in options:
        machine += NATIVE_HOTPLUG
    # The VM dies with us, however we die.
    return ["setpriv", "--pdeathsig", "KILL", *machine, "-kernel", image, "-initrd", initramfs,
            "-append", f"{options} -- {arguments}"]


def describe(lines):
    """One line for a person out of the console's lines since a kernel report."""
    text = "\n".join(lines)
    panic = re.search(r"Kernel panic - not syncing: (.*)", text)
    if panic:
        # What came before the fault that killed it is another, lesser report.
        text = text[:panic.start()]
        faults = [m.start() for m in re.finditer(
            r"(?<!Oops - )BUG: |[Kk]ernel BUG at|general protection fault|Unable to handle|INFO: task", text)]
        text = text[faults[-1]:] if faults else panic.group(1)
    for pattern, name in ((r"BUG: KASAN: [\w-]+", None),
                          (r"NULL pointer dereference", "NULL dereference"),
                          (r"[Kk]ernel BUG at", "BUG"),
                          (r"general protection fault", None),
                          (r"[Uu]nable to handle", "page fault"),
                          (r"soft lockup", None),
                          (r"INFO: task \S+ blocked", None),
                          (r"WARNING: possible [\w ]+", None),
                          (r"WARNING: suspicious RCU usage", None),
                          (r"unreferenced object", "memory leak"),
                          (r"WARNING: ", "WARN")):
        found = re.search(pattern, text)
        if found:
            what = name or found.group(0)
            break
    else:
        what = text.split("\n", 1)[0]
    # Where it broke: not in a lock or a list, but in who used them.
    functions = re.findall(r"(?:RIP: 0010:|pc : |BUG: KASAN: .* in |WARNING: .* at \S+ |^ )(\w+)(?:\.[\w.]+)?\+0x", text, re.M)
    functions = [f for f in functions if not re.search(
        r"(^|_)(spin|raw|(un)?lock|mutex|list|kasan|stack|report|warn|asm|exc|mem\w+)(_|$)", f)]
    if functions:
        what += " in " + functions[0]
    return ("panic: " if panic else "") + what


def start(command, **how):
    """QEMU, with its monitor at the other end of the guest's second serial port"""
    monitor, port = socket.socketpair()
    with monitor, port:
        return subprocess.Popen(
            [*command, "-chardev", f"socket,id=monitor,fd={monitor.fileno()}", "-qmp", "chardev:monitor",
             "-chardev", f"socket,id=port,fd={port.fileno()}", "-serial", "chardev:port"],
            pass_fds=(monitor.fileno(), port.fileno()), **how)


class Vm:
    """One boot: yields the console's lines until the VM ends or hangs."""

    def __init__(self, command, log):
        self.log = log
        self.hung = False
        self.process = start(command + ["-serial", "stdio"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def lines(self):
        rest = b""
        with open(self.log, "wb") as log:
            while True:
                if not select.select([self.process.stdout], [], [], SILENCE)[0]:
                    self.hung = True
                    break
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    break
                log.write(data)
                log.flush()
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    yield line.decode(errors="replace").rstrip("\r")
        if rest:
            yield rest.decode(errors="replace")

    def end(self):
        self.process.kill()
        self.process.wait()


class Run:
    """The cases of some tests on one kernel with one IOMMU, over as many boots as it takes."""

    def __init__(self, kernel, viommu, result, tests):
        self.kernel, self.viommu, self.name, self.tests = kernel, viommu, result, tests
        self.results = []
        self.cases = 0
        self.complete = False

    def boot(self, number):
        """One boot, for as many of the cases that are left as it lasts."""
        log = f"{B}/log/{self.name}.{number}.log"
        vm = Vm(qemu(self.kernel, self.viommu, os.environ.get("ACCEL", "tcg"),
                     " ".join(["run", "-s", str(self.cases), *self.tests]), "ignore_loglevel", self.tests), log)
        case, previous, tap, report, begin, first, count, last = None, None, [], [], 1, 0, 0, []
        crashed = False
        try:
            for line in vm.lines():
                count += 1
                last = (last + [line])[-5:]
                text = TIME.sub("", line)
                if text.startswith("| "):
                    tap.append(text[2:])
                    continue
                if report:
                    report.append(text)
                elif REPORT.search(text):
                    report, first = [text], count
                if not text.startswith("bench: "):
                    continue
                word, *rest = text.split(" ", 2)[1:]
                if word == "run":
                    if report:
                        break
                    # guest/crash goes on in another kernel.
                    crashed = case == rest[0].split(" ", 1)[1]
                    if crashed:
                        continue
                    case, tap, begin = rest[0].split(" ", 1)[1], [], count
                    self.cases += 1
                elif word == "end":
                    rc = int(rest[0].rsplit(" ", 1)[1])
                    verdict, why = self.verdict(tap, rc)
                    if report:
                        why = f"{why}; {describe(report)}" if verdict == "not ok" else describe(report)
                        self.add(case, "not ok", why, log, first, begin, count)
                        return
                    self.add(case, verdict, why, log, count, begin, count)
                    if crashed:
                        return
                    case, previous = None, case
                elif word == "done":
                    self.complete = True
            if self.complete and not report:
                return
            if vm.hung:
                what = f"hang: nothing on the console for {SILENCE} s"
            elif report:
                what = describe(report)
            elif count < 20:
                what = "QEMU: " + " ".join(last).strip()
            else:
                what = "the VM ended early"
            self.add(case or (f"after {previous}" if previous else "boot"), "not ok", what, log,
                     first or count, begin, count, last)
            # If it did not get to a case, nor will the next.
            self.complete |= not case and not previous
        finally:
            vm.end()

    @staticmethod
    def verdict(tap, rc):
        """What a case's own output says."""
        skip = next((line.split("# SKIP", 1)[1].strip() for line in tap if "# SKIP" in line), None)
        if rc == 4 or (rc == 0 and skip is not None):
            return "skip", skip or "no reason given"
        if rc == 0:
            return "ok", ""
        said = [re.sub(r"^# [\w.-]+\.c:\d+:\w+:", "", line) for line in tap
                if re.match(r"# [\w.-]+\.c:\d+:", line)]
        said = [line for line in said if not line.startswith("Expected ")] or said
        asserted = [n for n, line in enumerate(tap) if line.endswith(": Assertion Failure")]
        if asserted:
            # Mainline's libvfio: an expression, what it was, errno, and perhaps what that means.
            where, *rest = [line.strip() for line in tap[asserted[0]:asserted[0] + 7]]
            rest = [line for line in rest if line and not line.startswith("#")]
            said = ["; ".join(rest[3:] or rest) + f" ({os.path.basename(where.split(': ')[0])})"]
        if not said:
            # What comes before that is progress.
            before = itertools.takewhile(lambda line: not line.startswith("not ok"), tap)
            said = [line[2:] for line in before if re.match("# [^ ]", line)][-1:] or [f"exit code {rc}"]
        return "not ok", said[0]

    def add(self, case, verdict, why, log, line, begin, end, last=()):
        log = os.path.relpath(log, TOP)
        self.results.append((case, verdict, why, f"{log}:{line}", f"{log}:{begin}-{end}", last))
        print(f"  {self.name}: {case}: {verdict}{': ' + why if why else ''}", file=sys.stderr, flush=True)

    def __call__(self):
        number = 0
        while not self.complete:
            number += 1
            self.boot(number)
        path = f"{B}/result/{self.name}.tap"
        with open(path + ".tmp", "w") as tap:
            print("TAP version 13", f"1..{len(self.results)}", sep="\n", file=tap)
            for n, (case, verdict, why, where, log, last) in enumerate(self.results, 1):
                if verdict == "skip":
                    print(f"ok {n} {case} # SKIP {why}", file=tap)
                else:
                    print(f"{verdict} {n} {case}", file=tap)
                if verdict == "not ok":
                    print(f"# {why} ({where})", *("#   " + line for line in last), sep="\n", file=tap)
                print(f"# log {log}", file=tap)
        os.rename(path + ".tmp", path)


def kvm_works(kernel, viommu):
    """/dev/kvm can be there and hang every guest: believe only a boot that ended."""
    command = qemu(kernel, viommu, "kvm", "run") + ["-serial", "null"]
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=20).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main():
    if not {"-h", "--help"}.isdisjoint(sys.argv[1:]):
        print(__doc__.strip())
        return
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, lambda number, _: os._exit(128 + number))
    mode, *rest = sys.argv[1:]
    if mode == "check":
        for viommu in rest[2:]:
            machine_of(rest[0], viommu, "tcg", EXTRAS if rest[1] == "shell" else rest[1].split())
        return
    for folder in "log", "result":
        os.makedirs(f"{B}/{folder}", exist_ok=True)
    if os.environ.get("ACCEL") == "kvm" and not kvm_works(*[word for word in rest if word != "+"][:2]):
        print("notice: no boot ends under KVM here: TCG it is", file=sys.stderr)
        os.environ["ACCEL"] = "tcg"
    if mode == "shell":
        command = qemu(rest[0], rest[1], os.environ.get("ACCEL", "tcg"), "shell", tests=EXTRAS)
        sys.exit(start(command + ["-serial", "mon:stdio"]).wait())
    runs = [Run(kernel, viommu, result, tests.split()) for kernel, viommu, result, tests in
            (run.split(maxsplit=3) for run in " ".join(rest).split("+")[1:])]
    for test in (test for run in runs for test in run.tests):
        kind = re.match("[^,/@]+@([^/]*)", test)
        if kind and kind[1] not in KINDS:
            die(f"{test}: after the '@' want one of: {', '.join(KINDS)}")
    # Half of its time a VM waits: the edu device takes a tenth of a second for each transfer.
    with concurrent.futures.ThreadPoolExecutor(2 * int(os.environ.get("JOBS", 2))) as pool:
        for future in [pool.submit(run) for run in runs]:
            future.result()


if __name__ == "__main__":
    main()

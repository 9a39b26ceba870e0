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
import threading
import time
import typing

import dmar
import machine
import tap

B = os.environ["B"]
TOP = os.getcwd()
# Nothing new on the console for this long is a hang. Tests print at least every
# 5 s; a debug kernel may be silent for a while when it boots or scans for leaks.
SILENCE = int(os.environ.get("SILENCE", 60))
# By the first part of an image's name: QEMU, the kernel's file, the machine, its arguments.
# no_timer_check: TCG's timer is too coarse for the IO-APIC's check. earlycon: what came before
# the PL011's driver is else written at once, long enough to be a soft lockup to a debug kernel.
ARCH = {
    "arm64": ("qemu-system-aarch64", "Image", ["-M", "virt,gic-version=3", "-cpu", "cortex-a57"],
              "console=ttyAMA0 earlycon"),
    "": ("qemu-system-x86_64", "bzImage", ["-M", "q35,kernel-irqchip=split", "-cpu", "max"],
         "console=ttyS0 no_timer_check"),
}
# The root ports' own, which Linux uses with "pcie_ports=native", instead of ACPI's.
NATIVE_HOTPLUG = ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"]
# rcu_cpu_stall_suppress_at_boot: ACPI's interpreter can take a debug kernel half a minute
# without a pause on a slow machine. What hangs is seen by other watchdogs.
# rcu_expedited: on the root bus, each removal waits for RCU, which is what the stress
# would do most of the time.
CMDLINE = "printk.devkmsg=on panic=-1 " \
          "rcupdate.rcu_cpu_stall_suppress_at_boot=1 oops=panic hung_task_panic=1 softlockup_panic=1 rcupdate.rcu_expedited=1"
MACHINE = ["-smp", "2", "-m", "1G", "-nodefaults", "-display", "none", "-no-reboot"]
# MACHINE=cost: a group for each device on the root bus, one for all that are behind root
# ports, which have no ACS here, and a clock that counts instructions, so that the same kernel
# takes the same time whenever and wherever it runs.
if os.environ.get("MACHINE") == "cost":
    MACHINE += [
        "-smp", "1", "-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2000-01-01,clock=vm",
        *(word for slot in (*range(0x3, 0x14), *range(0x15, 0x1c), 0x1d) for word in machine.edu(f"00:{slot:02x}.0")),
        *(word for port in range(3) for word in [
            "-device", f"pcie-root-port,id=port{port},addr=0x1c.{port},multifunction=on,"
                       f"chassis={port + 1},disable-acs=on",
            *(word for function in range(8) for word in [
                "-device", f"edu,bus=port{port},addr=0x0.{function},multifunction=on"])])]
    # Under -icount, Linux can wait for ever for the ticks by which it measures this timer.
    CMDLINE += " nolapic_timer"
else:
    MACHINE += machine.kinds_devices()

# Linux 5.10's VFIO WARNs by design of a device that joins a group in use. guest/crash
# has its kernel crash.
REPORT = re.compile(
    r"BUG: |WARNING: (?!.* at (?:\S+ )?vfio_iommu_group_notifier\+)|[Kk]ernel BUG at|Oops: |general protection fault|"
    r"Kernel panic(?! - not syncing: sysrq triggered crash)|"
    r"INFO: task .* blocked|rcu: INFO|INFO: trying to register|UBSAN: |unreferenced object|"
    r"Internal error: |Unable to handle kernel|^ *not ok \d")  # the last is KUnit's
TIME = re.compile(r"^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ")


def die(message: str) -> typing.NoReturn:
    """End with that"""
    print("error: " + message, file=sys.stderr)
    sys.exit(1)


def with_dmar(initramfs: str, command: list[str], names: list[str], shared: str | None) -> str:
    """The initramfs with a DMAR table in front, a file of its own"""
    front = dmar.initrd(command, names, shared)
    path = f"{B}/initramfs-dmar-{hashlib.sha256(front).hexdigest()[:12]}.cpio"
    with open(initramfs, "rb") as file:
        rest = file.read()
    with tempfile.NamedTemporaryFile(dir=B, prefix="initramfs-", delete=False) as file:
        file.write(front + rest)
    os.rename(file.name, path)
    return path


def program(system: str, version: str = "") -> str:
    """The emulator: of a version, else that of QEMU=, else the machine's"""
    folder = f"{TOP}/build/qemu-{version}" if version else os.environ.get("qemu_folder")
    found = shutil.which(system, path=folder or None)
    return found or die(f"there is no {system}{' in ' + os.path.relpath(folder, TOP) if folder else ''}")


@functools.cache
def options_of(emulator: str, device: str) -> set[str] | None:
    """The options of a device that this QEMU has, None if it has no such device"""
    said = subprocess.run([emulator, "-M", "none", "-device", f"{device},help"], capture_output=True, text=True, check=False)
    return None if said.returncode else set(re.findall(r"^  ([\w-]+)=", said.stdout, re.M))


@functools.cache
def version_of(emulator: str) -> str:
    """What this QEMU says of itself"""
    try:
        said = subprocess.run([emulator, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError as error:
        die(f"{emulator}: {error.strerror}")
    found = re.match(r"QEMU emulator version (\S+)", said)
    return found[1] if found else die(f"{emulator} is no QEMU")


def fitting(emulator: str, words: typing.Iterable[str]) -> list[str]:
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
                if name not in machine.FORMERLY or machine.FORMERLY[name] not in ("", *known):
                    die(f"{emulator}: QEMU {version_of(emulator)} has no option {name} of {device}")
                name = machine.FORMERLY[name]
            if name:
                fit.append(f"{name}={value}")
        words[i] = ",".join([device, *fit])
    return words


def with_modules(initramfs: str, modules: str) -> str:
    """The initramfs with a kernel's modules behind it, a file of its own"""
    path = re.sub(r"\.cpio$", "-modules.cpio", modules)
    with tempfile.NamedTemporaryFile(dir=B, prefix="initramfs-", delete=False) as file:
        for part in initramfs, modules:
            with open(part, "rb") as source:
                shutil.copyfileobj(source, file)
    os.rename(file.name, path)
    return path


def arch_of(kernel: str) -> str:
    """The key of ARCH"""
    return next(arch for arch in ARCH if kernel.startswith(arch))


def words_of(tests: typing.Iterable[str]) -> dict[str, None]:
    """What tests are made of, each once: programs, kinds, cases, arguments"""
    return dict.fromkeys(word for test in tests for word in re.split("[,/@]", test))


def extras_of(kernel: str, tests: typing.Iterable[str]) -> list[machine.Extra]:
    """What guest/machine has for these tests"""
    # The host's programs are of its own architecture.
    return [extra for extra in map(machine.EXTRAS.get, words_of(tests))
            if extra and not (arch_of(kernel) and "-virtfs" in dict(extra.options))]


def machine_of(kernel: str, viommu: str, accel: str, tests: typing.Iterable[str]) -> list[str]:
    """QEMU's command, but for what the kernel is told"""
    system, _, board, _ = ARCH[arch_of(kernel)]
    emulator = program(system, viommu.partition("@")[2])
    version_of(emulator)
    # One thread: under more, QEMU can lose a write to the IOMMU's queue register
    # while PCI devices come and go, and the guest waits for ever.
    accel = {"tcg": "tcg,thread=single"}.get(accel, accel)
    # Tests can have some in common: each option with its value once
    extras = dict.fromkeys(pair for extra in extras_of(kernel, tests) for pair in extra.options)
    # The IOMMU comes first: QEMU gives devices that are there already no IOMMU.
    devices = [*machine.VIOMMUS[viommu].devices, *MACHINE, *itertools.chain(*extras)]
    return [emulator, "-accel", accel, *board, *fitting(emulator, devices)]


def qemu(kernel: str, viommu: str, accel: str, arguments: str, options: str = "",
         tests: typing.Iterable[str] = ()) -> list[str]:
    """The command that boots a kernel: arguments are guest/init's, options the kernel's"""
    kernel, *kernel_arguments = kernel.split(",")
    arch = arch_of(kernel)
    _, file, _, arch_options = ARCH[arch]
    image = f"{B}/image/{kernel}/vmlinux"
    if not os.path.exists(image):
        image = f"{B}/image/{kernel}/{file}"
    initramfs = plain = os.environ.get("INITRAMFS", f"{B}/{arch and arch + '-'}initramfs.cpio")
    if not os.path.exists(image):
        die(f"there is no {os.path.relpath(image, TOP)}: run 'make image' first")
    if os.path.exists(modules := f"{B}/image/{kernel}/modules.cpio"):
        initramfs = with_modules(initramfs, modules)
    command = machine_of(kernel, viommu, accel, tests)
    name = viommu.partition("@")[0]
    words = [*words_of(tests), name]
    rmrr = [*os.environ.get("RMRR", "").split(), *(device for word in words for device in machine.RMRR.get(word, ()))]
    shared = next((machine.ANDD[word] for word in words if word in machine.ANDD), None)
    if (rmrr or shared) and name.startswith("intel"):
        initramfs = with_dmar(initramfs, command, rmrr, shared)
    options = " ".join([arch_options, CMDLINE, options, machine.VIOMMUS[viommu].arguments,
                        *dict.fromkeys(" ".join(extra.arguments).format(image=image, initramfs=initramfs, plain=plain)
                                       for extra in extras_of(kernel, tests)),
                        *kernel_arguments, os.environ.get("KARGS", ""), f"viommu={name} qemu={version_of(command[0])}"])
    if "pcie_ports=native" in options:
        command += NATIVE_HOTPLUG
    # The VM dies with us, however we die.
    return ["setpriv", "--pdeathsig", "KILL", *command, "-kernel", image, "-initrd", initramfs,
            "-append", f"{options} -- {arguments}"]


def describe(lines: list[str]) -> str:
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


def start(command: list[str], **how: typing.Any) -> subprocess.Popen[bytes]:
    """QEMU, with its monitor at the other end of the guest's second serial port"""
    monitor, port = socket.socketpair()
    with monitor, port:
        return subprocess.Popen(
            [*command, "-chardev", f"socket,id=monitor,fd={monitor.fileno()}", "-qmp", "chardev:monitor",
             "-chardev", f"socket,id=port,fd={port.fileno()}", "-serial", "chardev:port"],
            pass_fds=(monitor.fileno(), port.fileno()), **how)


class Vm:
    """One boot: yields the console's lines until the VM ends or hangs."""

    def __init__(self, command: list[str], log: str) -> None:
        self.log = log
        self.hung = False
        self.process = start(command + ["-serial", "stdio"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def lines(self) -> typing.Iterator[str]:
        """What comes on the console, until there is no more or nothing new"""
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

    def end(self) -> None:
        """Whatever it does"""
        self.process.kill()
        self.process.wait()


class Places:
    """Two for each core: half of its time a VM waits, for the edu device takes a tenth of a second for each transfer"""

    def __init__(self, free: int) -> None:
        self.free = free
        self.waiting: list[object] = []
        self.changed = threading.Condition()

    def take(self, wanted: int) -> None:
        """Wait for so many. Who comes later waits longer, or who wants two would wait for ever."""
        with self.changed:
            me = object()
            self.waiting.append(me)
            self.changed.wait_for(lambda: self.waiting[0] is me and self.free >= wanted)
            self.waiting.remove(me)
            self.give(-wanted)

    def give(self, number: int) -> None:
        """Give so many back"""
        with self.changed:
            self.free += number
            self.changed.notify_all()


class Run:
    """The cases of some tests on one kernel with one IOMMU, over as many boots as it takes."""

    def __init__(self, kernel: str, viommu: str, result: str, tests: list[str], places: Places | None = None) -> None:
        self.places, self.held = places or Places(2), 0
        self.kernel, self.viommu, self.name, self.tests = kernel, viommu, result, tests
        self.results = []
        self.cases = 0
        self.complete = False

    def boot(self, number: int) -> None:
        """A debug kernel waits for nothing while it boots: on half a core, ACPI's interpreter is a soft lockup."""
        self.held = 2 if "-debug" in self.kernel else 1
        self.places.take(self.held)
        try:
            self.follow(number)
        finally:
            self.places.give(self.held)

    def booted(self) -> None:
        """From now on it is as others"""
        self.places.give(self.held - 1)
        self.held = 1

    def follow(self, number: int) -> None:
        """One boot, for as many of the cases that are left as it lasts."""
        log = f"{B}/log/{self.name}.{number}.log"
        vm = Vm(qemu(self.kernel, self.viommu, os.environ.get("ACCEL", "tcg"),
                     " ".join(["run", "-s", str(self.cases), *self.tests]), "ignore_loglevel", self.tests), log)
        case, previous, output, report, begin, first, count, last = None, None, [], [], 1, 0, 0, []
        crashed = False
        try:
            for line in vm.lines():
                count += 1
                last = (last + [line])[-5:]
                text = TIME.sub("", line)
                if text.startswith("| "):
                    output.append(text[2:])
                    continue
                if report:
                    report.append(text)
                elif REPORT.search(text):
                    report, first = [text], count
                if not text.startswith("bench: "):
                    continue
                word, *rest = text.split(" ", 2)[1:]
                self.booted()
                if word == "run":
                    if report:
                        break
                    # guest/crash goes on in another kernel.
                    crashed = case == rest[0].split(" ", 1)[1]
                    if crashed:
                        continue
                    case, output, begin = rest[0].split(" ", 1)[1], [], count
                    self.cases += 1
                elif word == "end":
                    rc = int(rest[0].rsplit(" ", 1)[1])
                    verdict, why = self.verdict(output, rc)
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
                why = f"hang: nothing on the console for {SILENCE} s"
            elif report:
                why = describe(report)
            else:
                why = "the VM ended early" if count >= 20 else "QEMU: " + " ".join(last).strip()
            self.add(case or (f"after {previous}" if previous else "boot"), "not ok", why, log,
                     first or count, begin, count, last)
            # If it did not get to a case, nor will the next.
            self.complete |= not case and not previous
        finally:
            vm.end()

    @staticmethod
    def verdict(output: list[str], rc: int) -> tuple[str, str]:
        """What a case's own output says."""
        skip = next((line.split("# SKIP", 1)[1].strip() for line in output if "# SKIP" in line), None)
        if rc == 4 or (rc == 0 and skip is not None):
            return "skip", skip or "no reason given"
        if rc == 0:
            return "ok", ""
        said = [re.sub(r"^# [\w.-]+\.c:\d+:\w+:", "", line) for line in output
                if re.match(r"# [\w.-]+\.c:\d+:", line)]
        said = [line for line in said if not line.startswith("Expected ")] or said
        asserted = [n for n, line in enumerate(output) if line.endswith(": Assertion Failure")]
        if asserted:
            # Mainline's libvfio: an expression, what it was, errno, and perhaps what that means.
            where, *rest = [line.strip() for line in output[asserted[0]:asserted[0] + 7]]
            rest = [line for line in rest if line and not line.startswith("#")]
            said = ["; ".join(rest[3:] or rest) + f" ({os.path.basename(where.split(': ')[0])})"]
        if not said:
            # What comes before that is progress.
            before = itertools.takewhile(lambda line: not line.startswith("not ok"), output)
            said = [line[2:] for line in before if re.match("# [^ ]", line)][-1:] or [f"exit code {rc}"]
        return "not ok", said[0]

    def add(self, case: str, verdict: str, why: str, log: str, line: int, begin: int, end: int,
            last: typing.Sequence[str] = ()) -> None:
        """A result, which is said at once"""
        log = os.path.relpath(log, TOP)
        self.results.append((case, verdict, why, f"{log}:{line}", f"{log}:{begin}-{end}", last))
        print(f"  {self.name}: {case}: {verdict}{': ' + why if why else ''}", file=sys.stderr, flush=True)

    def __call__(self) -> None:
        began = time.monotonic()
        for number in itertools.count(1):
            self.boot(number)
            if self.complete:
                break
        tap.write(f"{B}/result/{self.name}.tap", ((case, tap.Cell(*cell)) for case, *cell in self.results))
        if "TIMES" in os.environ:
            with open(os.environ["TIMES"], "a", encoding="utf-8") as times:
                print(self.name, round(time.monotonic() - began), file=times)


def kvm_works(kernel: str, viommu: str) -> bool:
    """/dev/kvm can be there and hang every guest: believe only a boot that ended."""
    command = qemu(kernel, viommu, "kvm", "run") + ["-serial", "null"]
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> None:
    """See above"""
    if not {"-h", "--help"}.isdisjoint(sys.argv[1:]):
        print(__doc__.strip())
        return
    for number in signal.SIGINT, signal.SIGTERM:
        # pylint: disable-next=protected-access # with all threads, at once
        signal.signal(number, lambda number, _: os._exit(128 + number))
    mode, *rest = sys.argv[1:]
    if mode == "check":
        for viommu in rest[2:]:
            machine_of(rest[0], viommu, "tcg", machine.EXTRAS if rest[1] == "shell" else rest[1].split())
        return
    for folder in "log", "result":
        os.makedirs(f"{B}/{folder}", exist_ok=True)
    if os.environ.get("ACCEL") == "kvm" and not kvm_works(*[word for word in rest if word != "+"][:2]):
        print("notice: no boot ends under KVM here: TCG it is", file=sys.stderr)
        os.environ["ACCEL"] = "tcg"
    if mode == "shell":
        command = qemu(rest[0], rest[1], os.environ.get("ACCEL", "tcg"), "shell", tests=machine.EXTRAS)
        sys.exit(start(command + ["-serial", "mon:stdio"]).wait())
    places = Places(2 * int(os.environ.get("JOBS", 2)))
    runs = [Run(kernel, viommu, result, tests.split(), places) for kernel, viommu, result, tests in
            (run.split(maxsplit=3) for run in " ".join(rest).split("+")[1:])]
    told = [name for name, kind in machine.KINDS.items() if kind.own]
    for test in (test for run in runs for test in run.tests):
        kind = re.match("[^,/@]+@([^/]*)", test)
        if kind and kind[1] not in told:
            die(f"{test}: after the '@' want one of: {', '.join(told)}")
    with concurrent.futures.ThreadPoolExecutor(places.free) as pool:
        for future in [pool.submit(run) for run in runs]:
            future.result()


if __name__ == "__main__":
    main()

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kunit.sh [LOG]: run the KUnit suites that drivers/iommu/.kunitconfig of the tree
# $B/linux names, and those of $ARCH's own drivers, through 6.1's kunit.py, in QEMU:
# 5.10's knows no QEMU yet, and mainline's tries KVM, under which a guest can hang. With
# LOG, the console of a kernel that has run them at boot: only read what they said.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
name=${a}kunit${1:+-boot}
raw=$B/log/$name.log
# 5.10 does not reboot when the suites are done, but panics: it has no root.
options=(--kernel_args=panic=-1)
mkdir -p "$B/result" "$B/log"
# Without what no suite needs, the build is faster.
for option in EXPERT=y BLOCK=n FTRACE=n INPUT=n USB_SUPPORT=n VT=n; do
	options+=("--kconfig_add=CONFIG_$option")
done
[ "$ARCH" != x86_64 ] || options+=(--kconfig_add=CONFIG_CPU_MITIGATIONS=n)
for folder in . $own_drivers; do
	[ ! -e "$tree/drivers/iommu/$folder/.kunitconfig" ] ||
		options+=(--kunitconfig="drivers/iommu/$folder/.kunitconfig")
done
kunit_py=("$tree/tools/testing/kunit/kunit.py")
if [ $# = 0 ] && [ ! -e "$tree/drivers/iommu/.kunitconfig" ]; then
	die "$(rel "$tree") has no drivers/iommu/.kunitconfig: no suite to run"
fi
if [ "$BASE" != 6.1 ]; then
	BASE=6.1 B=$PWD/build/6.1 LINUX='' TOPIC='' scripts/tree.sh
	# It would leave for the tree that it is of.
	kunit_py=(env "PYTHONPATH=$PWD/build/6.1/linux/tools/testing/kunit" python3 -c
		'import kunit, sys; kunit.get_kernel_root_path = str; kunit.main(sys.argv[1:])')
fi

rm -f "$B/log/$name.json"
options+=(--json="$B/log/$name.json")
kunit() {
	if [ $# = 0 ]; then
		# It looks for QEMU in PATH.
		PATH=${qemu_folder:+$qemu_folder:}$PATH "${kunit_py[@]}" run --arch="$ARCH" --cross_compile="${CROSS_COMPILE:-}" --build_dir="$B/obj-${a}kunit" \
			"${options[@]}" --jobs="$JOBS" --timeout="${TIMEOUT:-300}" </dev/null
	else
		# what the selftests say after that is TAP, too
		sed 's/\r//; /bench: run/Q' "$1" | "${kunit_py[@]}" parse --json="$B/log/$name.json"
	fi
}

status=0
(cd "$tree" && kunit "$@") 2>&1 | tee "$raw" || status=$?
if [ -e "$B/log/$name.json" ]; then scripts/tap.py kunit "$B/log/$name.json"; else printf "TAP version 13\n1..0\n"; fi >"$B/result/$name.tap"
grep -q '^ok' "$B/result/$name.tap" || status=1
exit $status

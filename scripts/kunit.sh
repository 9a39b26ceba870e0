#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kunit.sh [LOG]: run the KUnit suites that drivers/iommu/.kunitconfig of the
# tree $B/linux names, through the kernel's own kunit.py, in QEMU. With LOG, the
# console of a kernel that has run them at boot: only read what they said. A kunit.py
# that knows no QEMU yet (5.10's) is 6.1's instead, on what the bench's kernel says.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
name=${a}kunit${1:+-boot}
raw=$B/log/$name.log
options=()
mkdir -p "$B/result" "$B/log"
# What only x86 can do without makes the build faster.
[ "$ARCH" != x86_64 ] || options=(--kconfig_add=CONFIG_CPU_MITIGATIONS=n)
kunit_py=$tree/tools/testing/kunit/kunit.py
if [ ! -d "${kunit_py%/*}/qemu_configs" ]; then
	kunit_py=$PWD/build/6.1/linux/tools/testing/kunit/kunit.py
	if [ $# = 0 ]; then
		: "${viommus:?}"
		KERNEL=series scripts/image.sh >&2
		scripts/initramfs.sh
		scripts/vm.py run + "${a}series-$CONFIG" "${viommus%% *}" kunit-vm vfio_dma_test/dma.flat.integrity
		exec "$0" "$B/log/kunit-vm.1.log"
	fi
elif [ $# = 0 ] && [ ! -e "$tree/drivers/iommu/.kunitconfig" ]; then
	die "$(rel "$tree") has no drivers/iommu/.kunitconfig: no suite to run"
fi

kunit() {
	if [ $# = 0 ]; then
		"$kunit_py" run --arch="$ARCH" --cross_compile="${CROSS_COMPILE:-}" --build_dir="$B/obj-${a}kunit" \
			--kunitconfig=drivers/iommu/.kunitconfig "${options[@]}" --jobs="$JOBS" --timeout="${TIMEOUT:-300}" </dev/null
	else
		# what the selftests say after that is TAP, too
		sed 's/\r//; /bench: run/Q' "$1" | "$kunit_py" parse
	fi
}

status=0
(cd "$tree" && kunit "$@") 2>&1 | tee "$raw" || status=$?

# kunit.py's verdicts are for people: [PASSED] name, [FAILED], [SKIPPED].
sed -E 's/^\[[0-9:]+\] //; s/\x1b\[[0-9;]*m//g' "$raw" | awk '
	BEGIN { print "TAP version 13" }
	/^=+ .*subtests?\) =+$/ { suite = $2; test = ""; next }
	/^=+ \[/ { test = ""; next }
	/^=+ .* =+$/ { test = " " $2; next }
	/^\[(PASSED|FAILED|SKIPPED|CRASHED)\] / {
		what = $1
		sub(/^\[[A-Z]+\] /, "")
		print (what ~ /PASSED|SKIPPED/ ? "ok " : "not ok ") ++n " KUnit " suite test " " $0 \
			(what ~ /SKIPPED/ ? " # SKIP" : "") }
	END { print "1.." n + 0; exit !n }' >"$B/result/$name.tap" || status=1
exit $status

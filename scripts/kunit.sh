#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kunit.sh: run the KUnit suites that drivers/iommu/.kunitconfig of the tree
# $B/linux names, through the kernel's own kunit.py, in QEMU.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
[ -e "$tree/drivers/iommu/.kunitconfig" ] || die "$(rel "$tree") has no drivers/iommu/.kunitconfig: no suite to run"
mkdir -p "$B/result" "$B/log"
raw=$B/log/kunit.log

say "$BASE: KUnit, from $(rel "$tree")"
status=0
(cd "$tree" && tools/testing/kunit/kunit.py run --arch="$ARCH" --build_dir="$B/obj-kunit" \
	--kunitconfig=drivers/iommu/.kunitconfig --jobs="$JOBS") 2>&1 | tee "$raw" || status=$?

# kunit.py prints its verdicts for people: [PASSED] name, [FAILED], [SKIPPED].
sed -E 's/^\[[0-9:]+\] //; s/\x1b\[[0-9;]*m//g' "$raw" | awk '
	BEGIN { print "TAP version 13" }
	/^=+ .* =+$/ { if (!/\[/) suite = $2; next }
	/^\[PASSED\] / { print "ok " ++n " " suite " " substr($0, 10) }
	/^\[FAILED\] / { print "not ok " ++n " " suite " " substr($0, 10) }
	/^\[SKIPPED\] / { print "ok " ++n " " suite " " substr($0, 11) " # SKIP" }
	END { print "1.." n }' >"$B/result/kunit.tap"
exit $status

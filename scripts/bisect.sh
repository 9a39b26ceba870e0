#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bisect.sh: does the kernel build after each patch of the series, and the
# selftests that it touches or whose harness it does? As TAP. What was built
# once, with the same compiler, options and scripts, is not built again.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
built=$B/bisect
mkdir -p "$built" "$B/result" "$B/log"
n=0

# What touches only tools/ leaves the kernel as it is.
kernel() {
	if git -C "$tree" diff --quiet "$1~" "$1" -- . ':!tools'; then
		git -C "$B/src" checkout -q --force --detach "$1"
	else
		KERNEL=stock scripts/image.sh "$1" vmlinux
	fi
}

selftests() {
	git -C "$tree" diff --quiet "$1~" "$1" -- tools/testing/selftests && return
	make -s -C "$B/src" O="$B/obj-${a}selftests" ARCH="$ARCH" headers &&
	make -s -C "$B/src/tools/testing/selftests" O="$B/obj-${a}selftests" ARCH="$ARCH" \
		FORCE_TARGETS=1 TARGETS="rtc $(cd "$B/src/tools/testing/selftests" && ls -d vfio 2>/dev/null)"
}

commits=$(git -C "$tree" rev-list --reverse base..series)
{
	echo "TAP version 13"
	for commit in $commits; do
		n=$((n + 1))
		subject=$(git -C "$tree" log -1 --format=%s "$commit")
		stamp=$({
			git -C "$tree" rev-parse "$commit^{tree}" "$commit~^{tree}"
			cat config/*.config scripts/image.sh "$0"
			"${CROSS_COMPILE:-}gcc" --version
		} | sha256sum | cut -c1-40)
		if [ -e "$built/$stamp" ]; then
			echo "ok $n builds: $subject"
			continue
		fi
		say "bisect: $subject"
		if { kernel "$commit" && selftests "$commit"; } >"$B/log/bisect.log" 2>&1; then
			touch "$built/$stamp"
			echo "ok $n builds: $subject"
		else
			echo "not ok $n builds: $subject"
			sed 's/^/# /' "$B/log/bisect.log"
		fi
	done
	echo "1..$n"
} | tee "$B/result/bisect.tap"
! grep -q '^not ok' "$B/result/bisect.tap"

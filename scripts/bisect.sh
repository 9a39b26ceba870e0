#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bisect.sh: does the kernel build after each patch of the branch, and the
# selftests that it touches or whose harness it does? As TAP. What was built
# once, with the same compiler, options and scripts, is not built again.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
obj=$B/obj-$a$CONFIG
built=$B/bisect
mkdir -p "$built" "$B/result" "$B/log"
alone
n=0

# Is the kernel here built from what the commit changes? Its makefiles know.
concerns_kernel() {
	local file
	[ -e "$obj/vmlinux" ] || return 0
	while read -r file; do
		case $file in
		*/Kconfig* | */Makefile | */Kbuild) return ;;
		esac
		! grep -rqE "/${file//./\\.}( |\$)" "$obj" --include='.*.cmd' || return 0
	done < <(git -C "$tree" diff --name-only "$1~" "$1" -- . ':!tools')
	return 1
}

concerns_selftests() {
	! git -C "$tree" diff --quiet "$1~" "$1" -- tools/testing/selftests
}

build() {
	if concerns_kernel "$1"; then
		KERNEL=stock scripts/image.sh "$1" vmlinux || return
	else
		git -C "$B/src" checkout -q --force --detach "$1"
	fi
	! concerns_selftests "$1" || {
		make -s -C "$B/src" O="$built/${a}selftests" ARCH="$ARCH" headers &&
			make -s -C "$B/src/tools/testing/selftests" O="$built/${a}selftests" ARCH="$ARCH" \
				FORCE_TARGETS=1 TARGETS="rtc $(cd "$B/src/tools/testing/selftests" && ls -d vfio 2>/dev/null)"
	}
}

commits=$(git -C "$tree" rev-list --reverse "base..$branch")
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
		if ! concerns_kernel "$commit" && ! concerns_selftests "$commit"; then
			echo "ok $n builds: $subject # SKIP nothing here is built from it: 'make compile'"
			continue
		fi
		say "bisect: $subject"
		if build "$commit" >"$B/log/bisect.log" 2>&1; then
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

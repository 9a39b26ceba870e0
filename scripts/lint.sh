#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lint.sh: what a maintainer's tools say of series/$BASE and of our scripts, as
# TAP. Of warnings from a compiler only those count that the base does not have.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
out=$B/lint
rm -rf "$out"
mkdir -p "$out" "$B/result"
n=0

# check NAME COMMAND...: one TAP line, and what the command said if it failed
check() {
	local name=$1
	n=$((n + 1))
	shift
	say "lint: $name"
	if "$@" >"$out/said" 2>&1; then
		echo "ok $n $name"
	else
		echo "not ok $n $name"
		sed 's/^/# /' "$out/said"
	fi
}

# The person who mails signs off; a new file's entry in MAINTAINERS is the
# series' own patch; a source package has no history to look "Fixes:" up in.
checkpatch() {
	local ignore=FILE_PATH_CHANGES
	[ -n "$(git -C "$tree" rev-list -n 1 base~ 2>/dev/null)" ] || ignore+=,UNKNOWN_COMMIT_ID
	(cd "$tree" && scripts/checkpatch.pl --strict --terse --no-signoff --ignore "$ignore" --show-types "$1")
}

# The kernel's files that the series touches
touched() {
	git -C "$tree" diff --name-only --diff-filter=d base series -- "$1" ':!tools'
}

# The objects of those that this architecture builds
objects() {
	touched '*.c' | while read -r file; do
		[ ! -e "$B/obj-$CONFIG/${file%.c}.o" ] || echo "${file%.c}.o"
	done
}

# warnings NAME [COMMIT]: what W=1 and sparse say of those objects, without line numbers
warnings() {
	local found=()
	image "${@:2}"
	for o in $(objects); do
		[ ! -e "$B/src/${o%.o}.c" ] || found+=("$o")
	done
	[ ${#found[@]} = 0 ] || {
		(cd "$B/obj-$CONFIG" && rm -f "${found[@]}")
		make -s -C "$B/src" O="$B/obj-$CONFIG" ARCH="$ARCH" LOCALVERSION= W=1 C=1 "${found[@]}" 2>&1
	} | tee "$out/warnings.$1.log" | sed -E 's/:[0-9]+(:[0-9]+)?:/:/g' |
		grep -E 'warning:|error:' | sort >"$out/warnings.$1" || :
}

image() {
	KERNEL=series scripts/image.sh "$@" >/dev/null
}

# The kernel, and the selftests that the commit touches or whose harness it does.
builds() {
	# What touches only tools/ leaves the kernel as it is.
	if git -C "$tree" diff --quiet "$1~" "$1" -- . ':!tools'; then
		git -C "$B/src" checkout -q --force --detach "$1"
	else
		image "$1"
	fi
	git -C "$tree" diff --quiet "$1~" "$1" -- tools/testing/selftests && return
	make -s -C "$B/src" O="$B/obj-selftests" ARCH="$ARCH" headers &&
	make -s -C "$B/src/tools/testing/selftests" O="$B/obj-selftests" ARCH="$ARCH" \
		FORCE_TARGETS=1 TARGETS="rtc $(cd "$B/src/tools/testing/selftests" && ls -d vfio 2>/dev/null)"
}

no_new_warnings() {
	# the series as it is, with the options that it adds
	warnings series
	warnings base base
	! comm -13 "$out/warnings.base" "$out/warnings.series" | grep .
}

# What Coccinelle's rules of the kernel report of the C files that the series
# touches. An old report matters only if the series has one, too.
coccicheck() {
	local log=$out/coccicheck.$1.log
	git -C "$B/src" checkout -q --force --detach "$1"
	xargs -r -P "$JOBS" -I{} make -s -C "$B/src" coccicheck MODE=report J=1 M={} >"$log" 2>&1
	sed -nE 's/^([^ ]+\.[ch]):[0-9]+(:[0-9-]+)?: /\1: /p' "$log" | sort >"$out/coccicheck.$1"
}

no_new_coccicheck() {
	touched '*.c' | coccicheck series || { tail -n 5 "$out/coccicheck.series.log"; return 1; }
	cut -d: -f1 "$out/coccicheck.series" | sort -u | coccicheck base
	! comm -13 "$out/coccicheck.base" "$out/coccicheck.series" | grep .
}

# kernel-doc's, likewise
no_new_kernel_doc() {
	local file commit
	for commit in base series; do
		touched '*.[ch]' | while read -r file; do
			git -C "$tree" show "$commit:$file" >"$out/source.${file##*.}" 2>/dev/null || continue
			"$tree/scripts/kernel-doc" -none "$out/source.${file##*.}" 2>&1 |
				sed -E "s|^.*source\.[ch]:[0-9]+:|$file:|" || :
		done | grep warning: | sort >"$out/kernel-doc.$commit" || :
	done
	! comm -13 "$out/kernel-doc.base" "$out/kernel-doc.series" | grep .
}

{
	echo "TAP version 13"
	for patch in $(patches); do
		check "checkpatch ${patch##*/}" checkpatch "$patch"
	done
	exported "$tree" || say "notice: $(rel "$tree") has work that is not in series/$BASE: 'make refresh'"
	check "series/$BASE is what git format-patch writes" scripts/refresh.sh check
	for commit in $(git -C "$tree" rev-list --reverse base..series); do
		check "builds: $(git -C "$tree" log -1 --format=%s "$commit")" builds "$commit"
	done
	check "no new warning with W=1 and sparse" no_new_warnings
	check "no new report from coccicheck" no_new_coccicheck
	check "no new warning from kernel-doc" no_new_kernel_doc
	check "shellcheck" shellcheck -x -P SCRIPTDIR scripts/*.sh .ci/run
	check "shellcheck guest/init" shellcheck -s dash guest/init
	check "no machine's path or package host in what is tracked" bash -c \
		"! git grep -nE '(/work/|/home/|(deb|ftp|snapshot)\.debian\.org|deb\.nodesource)' -- . ':!scripts/lint.sh'"
	echo "1..$n"
} | tee "$B/result/lint.tap"
! grep -q '^not ok' "$B/result/lint.tap"

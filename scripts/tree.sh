#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tree.sh: the kernel as a git tree in $B/linux, tag `base`, branch `series` with
# series/$BASE/ applied; with $TOPIC, branch `topic-$TOPIC` with that one and what it
# needs. From Debian's source package, or from $LINUX. With $BESIDE, what is checked out
# stays. Exits with 4 if the package cannot be had.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
tmp=$B/linux.tmp
work=$B/linux.am
: "${BESIDE:=}"

import_package() {
	local deb
	deb=$(get_package "$package" "" "$suite") || exit 4
	version=${deb##*/"$package"_}
	version=${version%_*}
	say "$BASE: unpacking $package $version"
	mkdir "$tmp"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/$package.tar.xz" |
		tar -xJ -C "$tmp" --strip-components=1 ||
		die "$BASE: cannot unpack $deb"
	# Debian's own lines make git ignore the whole tree.
	sed -i '/^# Debian packaging/,$d' "$tmp/.gitignore"
	say "$BASE: making a git tree of it"
	git -C "$tmp" init -q
	git -C "$tmp" config core.looseCompression 1
	git -C "$tmp" config gc.auto 0
	git -C "$tmp" add -f .
	git -C "$tmp" commit -q -m "Linux $version, as in Debian's $package"
}

import_linux() {
	[ -f "$LINUX/Kbuild" ] || die "LINUX=$LINUX is no kernel source tree"
	if [ -e "$LINUX/.git" ]; then
		version=$(git -C "$LINUX" describe --always)
		say "$BASE: using $LINUX at $version"
		git -C "$LINUX" diff --quiet HEAD ||
			say "notice: $LINUX has uncommitted changes, which are left out"
		git clone -q --shared "$LINUX" "$tmp"
		git -C "$tmp" checkout -q --detach
		git -C "$tmp" config gc.auto 0
	else
		version=$(make -s -C "$LINUX" kernelversion)
		say "$BASE: copying $LINUX ($version)"
		mkdir "$tmp"
		tar -c -C "$LINUX" . | tar -x -C "$tmp"
		git -C "$tmp" init -q
		git -C "$tmp" config gc.auto 0
		git -C "$tmp" add -f .
		git -C "$tmp" commit -q -m "Linux $version"
	fi
}

# have_branch TREE: make the branch from series/$BASE. If a patch does not apply, nothing has changed.
have_branch() {
	local mails=$B/log/am log=$B/log/am.log patch patches where new
	rm -rf "$mails" "$work"
	mkdir -p "$mails"
	mapfile -t patches < <(patches)
	scripts/topics.py mails "$mails"
	git -C "$1" worktree prune
	git -C "$1" worktree add -q --no-checkout --detach "$work" base
	git -C "$work" read-tree base
	[ ${#patches[@]} = 0 ] ||
		git -C "$work" -c core.hooksPath=/dev/null am -q --committer-date-is-author-date --no-gpg-sign "$mails"/*.patch >"$log" 2>&1 || {
		patch=$(sed -n 's/^Patch failed at 0*\([0-9]*\) .*/\1/p' "$log")
		patch=${patches[${patch:-1} - 1]}
		where=$(sed -n 's/^error: patch failed: \(.*\):\([0-9]*\)$/\1, hunk at line \2/p' "$log" | head -n 1)
		[ -n "$where" ] || where=$(sed -n 's/^error: //p' "$log" | head -n 1)
		die "$(rel "$patch") does not apply to $(cat "$1/.git/bench-version"): $where"
	}
	new=$(git -C "$work" rev-parse HEAD)
	git -C "$1" worktree remove --force "$work"
	if [ "$BESIDE" ]; then
		git -C "$1" update-ref "refs/heads/$branch" "$new"
	else
		git -C "$1" checkout -q -B "$branch" "$new"
	fi
	git -C "$1" update-ref "refs/bench/$branch" "$new"
	git -C "$1" config "branch.$branch.patches" "$sum"
}

# Before anything is touched
sum=$(patches_sum)
mkdir -p "$B"
exec 8>"$B/tree.lock"
flock 8
trap 'rm -rf "$tmp" "$work"' EXIT

if [ ! -d "$tree" ]; then
	rm -rf "$tmp"
	if [ -n "$LINUX" ]; then import_linux; else import_package; fi
	git -C "$tmp" tag -f base >/dev/null
	echo "$version" >"$tmp/.git/bench-version"
	say "$BASE: applying $(patches | wc -l) patches"
	have_branch "$tmp"
	mv "$tmp" "$tree"
else
	settled "$tree"
	there=$(checked_out "$tree")
	dirty=$(changes "$tree")
	case $there in
	"$branch") BESIDE='' ;;
	*)	if [ "$BESIDE" ]; then
			dirty=
		elif [[ $there != series && $there != topic-* ]]; then
			say "notice: $(rel "$tree") is on ${there:-no branch}, which is left as it is"
			exit
		elif [ "$dirty" ]; then
			die "$(rel "$tree") has uncommitted changes on branch $there: commit them, or say which TOPIC"
		fi ;;
	esac
	if [ "$sum" != "$(applied_sum "$tree")" ]; then
		{ [ -z "$dirty" ] && exported "$tree"; } ||
			die "series/$BASE has changed, and branch $branch of $(rel "$tree") has work of its own: move that to another branch, 'git reset --hard refs/bench/$branch' on $branch, 'make tree', and put it on top"
		say "$BASE: ${TOPIC:+$TOPIC of }series/$BASE $([ -n "$(applied_sum "$tree")" ] && echo has changed || echo is new): applying $(patches | wc -l) patches"
		have_branch "$tree"
	elif [ ! "$BESIDE" ]; then
		git -C "$tree" checkout -q "$branch"
	fi
fi

have=$(cat "$tree/.git/bench-version")
[ "$have" = "$verified" ] || say "notice: series/$BASE was verified on $verified, this is $have"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tree.sh: the kernel as a git tree in $B/linux, tag `base`, branch `series` with
# series/$BASE/ applied, or none with $PLAIN; with $TOPIC, branch `topic-$TOPIC` with that one and what it
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
		XZ_OPT=-T0 tar -xJ -C "$tmp" --strip-components=1 ||
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
	if [ -e "$LINUX/.git" ]; then
		say "$BASE: using $LINUX at $version"
		# Not --shared: what its owner rebases away is still the base here.
		printf '[safe]\n\tdirectory = *\n' >"$B/trusting"
		GIT_CONFIG_GLOBAL=$B/trusting git clone -q --no-tags "$LINUX" "$tmp"
		git -C "$tmp" checkout -q --detach
		git -C "$tmp" config gc.auto 0
	else
		say "$BASE: copying $LINUX ($version)"
		mkdir "$tmp"
		touch "$B/copied"
		tar -c -C "$LINUX" . | tar -x -C "$tmp"
		# kbuild builds from no tree that was built in.
		rm -rf "$tmp"/{.config,include/config,include/generated} "$tmp"/arch/*/include/generated
		git -C "$tmp" init -q
		git -C "$tmp" config gc.auto 0
		git -C "$tmp" add -f .
		git -C "$tmp" commit -q -m "Linux $version"
	fi
}

# Of $LINUX: whether it is a tree, what it calls itself, and the commit that is the base
look_at_linux() {
	local dirty
	[ -f "$LINUX/Kbuild" ] || die "LINUX=$LINUX is no kernel source tree"
	if [ ! -e "$LINUX/.git" ]; then
		version=$(make -s -C "$LINUX" kernelversion) head=
		return
	fi
	version=$(git -C "$LINUX" describe --always) head=$(git -C "$LINUX" rev-parse HEAD)
	dirty=$(changes "$LINUX")
	[ -z "$dirty" ] || say "notice: $LINUX has uncommitted changes, which are left out"
}

# The base is what $LINUX is now, or who asks for that learns why not.
follow_linux() {
	local lost newer following=$tree/.git/bench-following
	if [ -e "$following" ]; then
		: # what was begun and has not ended
	elif [ -n "$head" ]; then
		[ "$head" != "$(git -C "$tree" rev-parse 'base^{commit}')" ] || return 0
	else
		newer=$(find "$LINUX/" -cnewer "$B/copied" -print -quit)
		[ -n "$newer" ] || [ "$version" != "$(cat "$tree/.git/bench-version")" ] || return 0
	fi
	lost=''
	[ -e "$following" ] || lost=$(work_in "$tree")
	[ -z "$lost" ] ||
		die "$LINUX has changed since $(rel "$tree") was made of it, which has work of its own (${lost//$'\n'/; }): 'make refresh', or remove it yourself"
	say "$BASE: $LINUX has changed: it is $version now"
	if [ -n "$head" ]; then
		touch "$following"
		GIT_CONFIG_GLOBAL=$B/trusting git -C "$tree" fetch -q --update-shallow "$LINUX" "$head"
		git -C "$tree" checkout -q --force --detach "$head"
		git -C "$tree" tag -f base "$head" >/dev/null
		echo "$version" >"$tree/.git/bench-version"
		# Other branches are made anew when they are wanted.
		git -C "$tree" for-each-ref --format='%(refname)' refs/bench refs/heads/series 'refs/heads/topic-*' |
			while read -r ref; do
				git -C "$tree" update-ref -d "$ref"
				git -C "$tree" config --remove-section "branch.${ref#refs/*/}" 2>/dev/null || :
			done
		rm "$following"
		BESIDE='' have_branch "$tree"
	else
		rm -rf "$tmp"
		mv "$tree" "$tmp"
		rm -rf "$tmp"
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

[ -z "$LINUX" ] || look_at_linux
# Not in the middle of what has begun with it
[ ! -d "$tree" ] || [ -z "$LINUX" ] || [ "$BESIDE" ] || {
	settled "$tree"
	follow_linux
}
if [ ! -d "$tree" ]; then
	rm -rf "$tmp"
	if [ -n "$LINUX" ]; then import_linux; else import_package; fi
	git -C "$tmp" tag -f base >/dev/null
	echo "$version" >"$tmp/.git/bench-version"
	[ -n "${PLAIN:-}" ] || say "$BASE: applying $(patches | wc -l) patches"
	have_branch "$tmp"
	mv "$tmp" "$tree"
else
	settled "$tree"
	there=$(checked_out "$tree")
	dirty=$(changes "$tree")
	case $there in
	"$branch") BESIDE='' ;;
	*) if [ "$BESIDE" ]; then
		dirty=
	elif [ -z "$there$(applied_sum "$tree")" ] && git -C "$tree" diff --quiet HEAD base; then
		: # it has followed $LINUX, and the patches did not apply
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
[ "$have" = "$verified" ] || [ -n "${PLAIN:-}" ] || say "notice: series/$BASE was verified on $verified, this is $have"

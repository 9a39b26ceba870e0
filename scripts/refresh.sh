#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# refresh.sh [check]: write branch `series` of $B/linux back to series/$BASE/;
# with check, only say whether that would change anything.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
series=series/$BASE
[ -d "$tree" ] || die "there is no $(rel "$tree"): run 'make tree' first"
[ -z "$(git -C "$tree" status --porcelain)" ] ||
	die "$(rel "$tree") has uncommitted changes: commit them (or fold them into their patch) first"
[ "$(git -C "$tree" symbolic-ref -q --short HEAD)" = series ] ||
	die "$(rel "$tree") is not on branch 'series' (a rebase that has not ended?)"
[ -z "$(git -C "$tree" rev-list --merges base..series)" ] ||
	die "$(rel "$tree") has merges on branch 'series': patches have none"

new=$B/series.new
rm -rf "$new"
trap 'rm -rf "$new"' EXIT
mkdir "$new"
cp -r "$series/." "$new"
rm -f "$new"/*.patch "$new/cover-letter"
description=$(git -C "$tree" config branch.series.description || :)
[ -z "$description" ] || echo "$description" >"$new/cover-letter"

format_patch "$tree" -o "$new" --no-numbered --no-cover-letter \
	--subject-prefix=PATCH base..series

# What is in series/ is what is in the tree, from now on.
exported_now() {
	git -C "$tree" update-ref refs/bench/series series
	patches_sum >"$tree/.git/bench-patches"
}

if diff -rq "$series" "$new" >/dev/null; then
	say "$series: nothing has changed"
	[ "${1:-}" = check ] || exported_now
	exit 0
fi
diff -rq "$series" "$(rel "$new")" >&2 || :
[ "${1:-}" != check ] || exit 1
rm -rf "$series.old"
mv "$series" "$series.old"
mv "$new" "$series"
rm -rf "$series.old"
exported_now

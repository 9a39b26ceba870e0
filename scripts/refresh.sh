#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# refresh.sh [check]: write branch `series` of $B/linux, or `topic-$TOPIC`, back to
# series/$BASE/, each patch to the topic that its trailer names; with check, only say
# whether that would change anything.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
series=series/$BASE
[ -d "$tree" ] || die "there is no $(rel "$tree"): run 'make tree' first"
settled "$tree"
[ -z "$(git -C "$tree" status --porcelain)" ] ||
	die "$(rel "$tree") has uncommitted changes: commit them (or fold them into their patch) first"
[ "$(checked_out "$tree")" = "$branch" ] ||
	die "$(rel "$tree") is on $(checked_out "$tree" | grep . || echo "no branch"), not on $branch: check it out, or say which TOPIC"
[ -z "$(git -C "$tree" rev-list --merges "base..$branch")" ] ||
	die "$(rel "$tree") has merges on branch '$branch': patches have none"
[ "$(patches_sum)" = "$(applied_sum "$tree")" ] ||
	die "$series has changed since branch $branch was made: its work would undo that. Move it to another branch, 'git reset --hard refs/bench/$branch' on $branch, 'make tree', and put it on top"

new=$B/series.new
whole=$new.whole
remove() {
	rm -rf "$new" "$new.patches" "$new.mails" "$whole"
	git -C "$tree" worktree prune
}
remove
trap remove EXIT

# write COMMIT: what leads to it, as series/$BASE is to be
write() {
	rm -rf "$new" "$new.patches"
	format_patch "$tree" -o "$new.patches" --no-numbered --no-cover-letter --subject-prefix=PATCH "base..$1"
	scripts/topics.py write "$new.patches" "$new"
}

write "$branch"
# Each patch has the bytes that it has in the whole, whatever branch it comes from.
if [ -n "$TOPIC" ]; then
	mkdir "$new.mails"
	SERIES=$new TOPIC='' scripts/topics.py mails "$new.mails"
	git -C "$tree" worktree add -q --no-checkout --detach "$whole" base
	git -C "$whole" read-tree base
	if git -C "$whole" am -q --committer-date-is-author-date --no-gpg-sign "$new.mails"/*.patch >"$B/log/am.log" 2>&1; then
		TOPIC='' write "$(git -C "$whole" rev-parse HEAD)"
	else
		say "notice: with $TOPIC as it is now, the whole series does not apply any more: $(sed -n 's/^Patch failed at [0-9]* //p' "$B/log/am.log")"
	fi
fi

# What is in series/ is what is in the tree, from now on.
exported_now() {
	git -C "$tree" update-ref "refs/bench/$branch" "$branch"
	git -C "$tree" config "branch.$branch.patches" "$(patches_sum)"
}

if diff -rq "$series" "$new" >/dev/null; then
	say "$series: nothing has changed"
	[ "${1:-}" = check ] || exported_now
	exit 0
fi
diff -rq "$series" "$(rel "$new")" >&2 || :
[ "${1:-}" != check ] || exit 1
# Nothing ends this half way.
trap '' INT TERM
rm -rf "$B/series.old"
mv "$series" "$B/series.old"
mv "$new" "$series"
rm -rf "$B/series.old"
exported_now

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
dirty=$(changes "$tree")
[ -z "$dirty" ] ||
	die "$(rel "$tree") has uncommitted changes: commit them (or fold them into their patch) first"
[ "$(checked_out "$tree")" = "$branch" ] ||
	die "$(rel "$tree") is on $(checked_out "$tree" | grep . || echo "no branch"), not on $branch: check it out, or say which TOPIC"
[ -z "$(git -C "$tree" rev-list --merges "base..$branch")" ] ||
	die "$(rel "$tree") has merges on branch '$branch': patches have none"
sum=$(patches_sum)
[ "$sum" = "$(applied_sum "$tree")" ] ||
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

# all COMMIT: what its commits say, but for whose topic they are
all() {
	git -C "$tree" -c i18n.logOutputEncoding=UTF-8 log --format='%an <%ae> %at%n%B' "base..$1" | sed '/^Topic: /d; /^$/d'
}

write "$branch"
mkdir -p "$new.mails" "$B/log"
SERIES=$new TOPIC='' scripts/topics.py mails "$new.mails"
git -C "$tree" worktree add -q --no-checkout --detach "$whole" base
git -C "$whole" read-tree base
if [ -z "$(find "$new.mails" -name '*.patch')" ] ||
	git -C "$whole" -c core.hooksPath=/dev/null am -q --committer-date-is-author-date --no-gpg-sign "$new.mails"/*.patch >"$B/log/am.log" 2>&1; then
	made=$(git -C "$whole" rev-parse HEAD)
	if [ -n "$TOPIC" ]; then
		# Each patch has the bytes that it has in the whole, whatever branch it comes from.
		TOPIC='' write "$made"
	else
		git -C "$tree" diff --quiet "$branch" "$made" ||
			die "what is written would not give the files of branch $branch back: $(git -C "$tree" diff --name-only "$branch" "$made" | head -n 1)"
		said=$(diff <(all "$branch") <(all "$made") | sed -n 's/^[<>] //p' | head -n 1)
		[ -z "$said" ] || die "what is written would not give the messages of branch $branch back, since mails lose such a line: $said"
	fi
else
	say "notice: with ${TOPIC:-it} as it is now, the whole series does not apply any more: $(sed -n 's/^Patch failed at [0-9]* //p' "$B/log/am.log")"
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

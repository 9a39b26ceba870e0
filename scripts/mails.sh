#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mails.sh VERSION: write branch `series` of $B/linux to build/outgoing/ as mails
# from whoever runs this, and print the line that sends them. What was mailed is
# tag mailed/$BASE/v<VERSION> of this repository, which that line sets.
set -euo pipefail
. "${0%/*}/common.sh"

version=$1
tree=$B/linux
series=series/$BASE
out=$PWD/build/outgoing
tmp=$out.tmp
# git's objects are the tree's, so all of this can go again
repo=$tmp/git

mailed() {
	git rev-parse -q --verify "refs/tags/mailed/$BASE/v$1^{commit}" >/dev/null
}

[[ $version =~ ^[1-9][0-9]{0,3}$ ]] || die "V=$version: want the number of the version to mail, from 1 on"
name=$(git config user.name || :)
[ -n "$name" ] || die "git does not know who mails: git config --global user.name 'Your Name'"
email=$(git config user.email || :)
[[ $email == *@* ]] || die "git does not know from which address: git config --global user.email you@where"
uncommitted=$(git status --porcelain -- "$series")
[ -z "$uncommitted" ] || die "$series has changes that are not committed: commit them, for its tag to be what was mailed"
! mailed "$version" || die "V=$version: that was mailed (tag mailed/$BASE/v$version): V=$((version + 1)) is next"
[ "$version" = 1 ] || mailed "$((version - 1))" ||
	die "V=$version: there is no tag mailed/$BASE/v$((version - 1)) to compare with: mail V=$((version - 1)) first, or tag what was"
[ "$version" = 1 ] || grep -qs "^Changes in v$version:" "$series/cover-letter" ||
	die "$series/cover-letter has no line 'Changes in v$version:': 'git branch --edit-description series' in $(rel "$tree"), 'make refresh', commit"
[ -d "$tree" ] || die "there is no $(rel "$tree"): run 'make tree' first"
exported "$tree" || die "$(rel "$tree") has work that is not in $series: 'make refresh' it first"
[ "$(patches_sum)" = "$(cat "$tree/.git/bench-patches")" ] || die "$series is newer than $(rel "$tree"): run 'make tree' first"
[ -n "$(git -C "$tree" rev-list base..series)" ] || die "$series has no patches to mail"
[ -s "$series/cover-letter" ] || die "there is no $series/cover-letter: 'git branch --edit-description series' in $(rel "$tree"), 'make refresh', commit"
scripts/deps.sh mails >&2

export GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$email
mkdir -p "${out%/*}"
rm -rf "$tmp"
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp"
git clone -q --bare --shared "$tree" "$repo"

options=(--subject-prefix="PATCH $BASE") maintainer_options=(--nofixes)
[ "$BASE" != mainline ] || options=(--subject-prefix=PATCH)
about=$(cat "$series/cover-letter")
if [ -n "$LINUX" ] && [ -e "$LINUX/.git" ]; then
	options+=(--base=base) maintainer_options=()
else
	# a commit that nobody else has says nothing
	about+=$'\n\n'"Based on $(git -C "$tree" log -1 --format=%s base)."
fi
git -C "$repo" config branch.series.description "$about"

# The last version's patches, as commits that git range-diff can compare with
rewrite=(series)
if [ "$version" != 1 ]; then
	last=mailed/$BASE/v$((version - 1))
	say "mails: applying what was mailed as v$((version - 1))"
	git archive "$last" "$series" | tar -x -C "$tmp"
	git -C "$repo" worktree add -q --no-checkout -b mailed "$tmp/mailed" base
	git -C "$tmp/mailed" read-tree base
	if git -C "$tmp/mailed" am -q --no-gpg-sign "$tmp/$series"/[0-9]*.patch >"$tmp/am.log" 2>&1; then
		rewrite+=(mailed)
		options+=(--range-diff=base..mailed)
	else
		say "notice: no range-diff: $last was made on $(cut -d ' ' -f 1 "$tmp/$series/base"), and does not apply to $(cat "$tree/.git/bench-version")"
	fi
	options+=(--reroll-count="$version")
fi

say "mails: writing $(git -C "$repo" rev-list --count base..series) patches, from $name <$email>"
# An author whom no mail reaches stands for whoever mails. Others keep their name.
# shellcheck disable=SC2016 # these are the filter's
MAILS_NAME=$name MAILS_EMAIL=$email FILTER_BRANCH_SQUELCH_WARNING=1 \
	git -C "$repo" filter-branch -d "$tmp/rewrite" --env-filter '
	case $GIT_AUTHOR_EMAIL in
	*.example|*.invalid|*.localhost|*@localhost)
		export GIT_AUTHOR_NAME="$MAILS_NAME" GIT_AUTHOR_EMAIL="$MAILS_EMAIL" ;;
	esac' -- "${rewrite[@]}" ^base >"$tmp/rewrite.log" 2>&1 ||
	{ cat "$tmp/rewrite.log" >&2; die "the patches could not be given their author"; }

format_patch "$repo" -o "$tmp/mails" --numbered --cover-letter --cover-from-description=subject \
	--signoff "${options[@]}" base..series
mapfile -t mails < <(find "$tmp/mails" -name '*.patch' | sort)
cover=${mails[0]}
unset 'mails[0]'

say "mails: asking get_maintainer.pl whom they are for"
# shellcheck disable=SC2016 # $1 is the inner shell's
(cd "$tree" && printf '%s\0' "${mails[@]}" | xargs -0 -P "$JOBS" -I{} sh -c '
	mail=$1
	shift
	scripts/get_maintainer.pl --nogit-fallback "$@" "$mail" >"$mail.for"' - {} "${maintainer_options[@]}") ||
	die "get_maintainer.pl failed: see above"

# header NAME ADDRESS...
header() {
	local header=$1
	shift
	[ $# = 0 ] || printf '%s: %s\n' "$header" "$(printf '%s,\n    ' "$@" | sed '$d' | sed '$s/,$//')"
}

# address MAIL ROLES...: to those who maintain it, copies to reviewers, to those whose
# commit it fixes, and to lists
address() {
	local mail=$1 to cc
	shift
	mapfile -t to < <(cat "$@" | grep '> (' | grep -vE '> \((reviewer|blamed_fixes)' | addresses)
	mapfile -t cc < <(cat "$@" | addresses | grep -vxFf <(printf '%s\n' "${to[@]}"))
	[ ${#to[@]} != 0 ] || { to=("${cc[@]}") cc=(); }
	{
		sed '/^$/,$d' "$mail"
		header To "${to[@]}"
		header Cc "${cc[@]}"
		sed -n '/^$/,$p' "$mail"
	} >"$tmp/mail"
	mv "$tmp/mail" "$mail"
}

addresses() {
	sed -E 's/^([^<]*<[^>]*>|[^ <]*) \(.*/\1/' | sort -u
}

for mail in "${mails[@]}"; do
	address "$mail" "$mail.for"
done
# it says to each of them what their patch is for
address "$cover" "${mails[@]/%/.for}"
rm "${mails[@]/%/.for}"

rm -rf "$out"
mv "$tmp/mails" "$out"
say "mails: $(rel "$out") has $((${#mails[@]} + 1)). Read them; this sends them:"
# The recipients are in the mails: git asks for more, unless there is a --to-cmd.
echo "git send-email --to-cmd=true --8bit-encoding=UTF-8 $(rel "$out")/*.patch && git tag mailed/$BASE/v$version $(git rev-parse --short HEAD)"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mails.sh VERSION: write $TOPIC's patches to build/outgoing/ as mails from whoever runs
# this, and print the line that sends them. What was mailed is tag
# mailed/$BASE/$TOPIC/v<VERSION> of this repository, which that line sets.
set -euo pipefail
. "${0%/*}/common.sh"

version=$1
tree=$B/linux
out=$PWD/build/outgoing
tmp=$out.tmp
# git's objects are the tree's, so all of this can go again
repo=$tmp/git

# Each trailer in the sender's `git config bench.trailer` is added to every patch.
filter='git interpret-trailers'
while read -r trailer; do
	filter+=" --trailer '${trailer//\'/\'\\\'\'}'"
done < <(their_git config --get-all bench.trailer || :)

mailed() {
	git rev-parse -q --verify "refs/tags/mailed/$BASE/$TOPIC/v$1^{commit}" >/dev/null
}

fact() {
	scripts/topics.py facts "$1"
}

[[ $version =~ ^[1-9][0-9]{0,3}$ ]] || die "V=$version: want the number of the version to mail, from 1 on"
[ -n "$TOPIC" ] || die "a mail is of one topic: TOPIC=<one of: $(scripts/topics.py names | xargs)>"
[ "$TOPIC" != fixes ] || die "TOPIC=fixes: these are several topics: mail each"
folder=$(scripts/topics.py folder)
mapfile -t own < <(scripts/topics.py own)
name=$(their_git config user.name || :)
[ -n "$name" ] || die "git does not know who mails: git config --global user.name 'Your Name'"
email=$(their_git config user.email || :)
[[ $email == *@* ]] || die "git does not know from which address: git config --global user.email you@where"
public=
[ -z "$LINUX" ] || [ ! -e "$LINUX/.git" ] || public=1
[ -z "$(of_base public)" ] || [ "$public" ] ||
	die "mails for $BASE name a base that everybody has: LINUX=<a git clone of the kernel, at the commit to name>"
[ ${#own[@]} != 0 ] || die "$folder has no patches to mail"
about=$folder/cover-letter
[ ${#own[@]} != 1 ] || about=$folder/notes
uncommitted=$(changes . "series/$BASE")
[ -z "$uncommitted" ] || die "series/$BASE has changes that are not committed: commit them, for its tag to be what was mailed"
! mailed "$version" || die "V=$version: that was mailed (tag mailed/$BASE/$TOPIC/v$version): V=$((version + 1)) is next"
[ "$version" = 1 ] || mailed "$((version - 1))" ||
	die "V=$version: there is no tag mailed/$BASE/$TOPIC/v$((version - 1)) to compare with: mail V=$((version - 1)) first, or tag what was"
[ "$version" = 1 ] || grep -qs "^Changes in v$version:" "$about" ||
	die "$about has no line 'Changes in v$version:': write it, commit"
[ ${#own[@]} = 1 ] || [ -s "$about" ] || die "there is no $about, which $TOPIC's ${#own[@]} patches want: write it, commit"
[ -d "$tree" ] || die "there is no $(rel "$tree"): run 'make tree' first"
scripts/deps.sh mails >&2

export GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$email
mkdir -p "${out%/*}"
rm -rf "$tmp"
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp"
git clone -q --bare --shared --single-branch --branch base "$tree" "$repo"

prefix=$(fact prefix)
prefix="${prefix:+$prefix }PATCH"
name_of_tree=$(of_base tree)
prefix+=${name_of_tree:+ $name_of_tree}
options=(--subject-prefix="$prefix") maintainer_options=(--nofixes)
[ ! -e "$about" ] || cp "$about" "$tmp/about"
needed=$(scripts/topics.py needs | sed 's/^/ - /')
[ -z "$needed" ] || printf '\nIt needs, in this order:\n\n%s\n' "$needed" >>"$tmp/about"
if [ "$public" ]; then
	options+=(--base=base) maintainer_options=()
else
	# a commit that nobody else has says nothing
	printf '\nBased on %s.\n' "$(git -C "$tree" log -1 --format=%s base)" >>"$tmp/about"
fi

# commits BRANCH PATCH...: have them as commits, on the base
commits() {
	local branch=$1
	shift
	git -C "$repo" worktree add -q --no-checkout -b "$branch" "$tmp/$branch" base
	git -C "$tmp/$branch" read-tree base
	git -C "$tmp/$branch" -c core.hooksPath=/dev/null am -q --no-gpg-sign "$@" >"$tmp/am.log" 2>&1
}

mapfile -t all < <(patches)
commits mine "${all[@]}" || die "$(sed -n 's/^Patch failed at //p' "$tmp/am.log"): does not apply to $(cat "$tree/.git/bench-version")"
rewrite=(mine)
# The last version's patches, as commits that git range-diff can compare with
if [ "$version" != 1 ]; then
	last=mailed/$BASE/$TOPIC/v$((version - 1))
	say "mails: applying what was mailed as v$((version - 1))"
	mkdir "$tmp/last"
	git archive "$last" "series/$BASE" scripts/topics.py | tar -x -C "$tmp/last"
	mapfile -t all < <(cd "$tmp/last" && scripts/topics.py patches | sed "s|^|$tmp/last/|")
	before=$(cd "$tmp/last" && scripts/topics.py own | wc -l)
	if commits mailed "${all[@]}"; then
		rewrite+=(mailed)
		options+=(--range-diff="mailed~$before..mailed")
	else
		say "notice: no range-diff: $last was made on $(awk '{ print $1; exit }' "$tmp/last/series/$BASE/base"), and does not apply to $(cat "$tree/.git/bench-version")"
	fi
	options+=(--reroll-count="$version")
fi

say "mails: writing ${#own[@]} patches, from $name <$email>"
# An author whom no mail reaches stands for whoever mails. Others keep their name.
# shellcheck disable=SC2016 # these are the filter's
MAILS_NAME=$name MAILS_EMAIL=$email FILTER_BRANCH_SQUELCH_WARNING=1 \
	git -C "$repo" filter-branch -d "$tmp/rewrite" --env-filter '
	case $GIT_AUTHOR_EMAIL in
	*.example|*.invalid|*.localhost|*@localhost)
		export GIT_AUTHOR_NAME="$MAILS_NAME" GIT_AUTHOR_EMAIL="$MAILS_EMAIL" ;;
	esac' --msg-filter "$filter" \
	-- "${rewrite[@]}" ^base >"$tmp/rewrite.log" 2>&1 ||
	{
		cat "$tmp/rewrite.log" >&2
		die "the patches could not be given their author"
	}

if [ ${#own[@]} = 1 ]; then
	options+=(--no-numbered --no-cover-letter)
else
	git -C "$repo" config branch.mine.description "$(cat "$tmp/about")"
	options+=(--numbered --cover-letter --cover-from-description=subject)
fi
format_patch "$repo" -o "$tmp/mails" --signoff "${options[@]}" "mine~${#own[@]}..mine"
mapfile -t mails < <(find "$tmp/mails" -name '*.patch' | sort)
if [ ${#own[@]} = 1 ]; then
	[ ! -s "$tmp/about" ] || {
		sed '/./,$!d' "$tmp/about"
		echo
	} >"$tmp/notes"
	[ ! -e "$tmp/notes" ] || sed -i "0,/^---\$/{ /^---\$/r $tmp/notes
		}" "${mails[0]}"
else
	cover=${mails[0]}
	unset 'mails[0]'
fi

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
# It says to each of them what their patch is for.
[ ${#own[@]} = 1 ] || address "$cover" "${mails[@]/%/.for}"
rm "${mails[@]/%/.for}"

rm -rf "$out"
mv "$tmp/mails" "$out"
say "mails: $(rel "$out") has $(find "$out" -name '*.patch' | wc -l). Read them; this sends them:"
# The recipients are in the mails: git asks for more, unless there is a --to-cmd.
echo "git send-email --to-cmd=true --8bit-encoding=UTF-8 $(rel "$out")/*.patch && git tag mailed/$BASE/$TOPIC/v$version $(git rev-parse --short HEAD)"

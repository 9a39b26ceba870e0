#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mutants.sh [NAME...]: would the KUnit tests notice? Each patch in a topic's mutants/
# undoes a fix of the series or breaks what it added; each of its lines "Fails: SUITE TEST"
# names a test that must fail for it. It goes on top of what the branch has
# committed, one at a time, in a worktree and with objects of its own. TAP; the last line counts.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
work=$B/mutants
src=$work/linux
said=$work/log/mutant.log
mutants=("$@")
[ $# != 0 ] || mapfile -t mutants < <(scripts/topics.py files 'mutants/*.patch' | sed 's|.*/||; s/\.patch$//')
n=0 failed=0

# The suites take 20 s; some mutants hang the kernel when a test has noticed them.
kunit() {
	B=$work TIMEOUT=120 scripts/kunit.sh >"$said" 2>&1
}

# result STATUS WHAT [LINE...]
result() {
	n=$((n + 1))
	[ "$1" = ok ] || failed=$((failed + 1))
	echo "$1 $n $2"
	[ $# = 2 ] || printf '# %s\n' "${@:3}"
}

# What failed, without the parameters of tests that have some.
failures() {
	sed -n 's/^not ok [0-9]* KUnit \([^ ]* [^ ][^ ]*\).*/\1/p' "$work/result/kunit.tap" | uniq
}

mutant() {
	local patch missed=() all want
	patch=$(scripts/topics.py files "mutants/$1.patch")
	[ -n "$patch" ] || die "no topic has a mutant $1"
	grep -q '^Fails: ' "$patch" || die "$patch names no test that fails"
	reset
	git -C "$src" apply "$PWD/$patch" 2>"$said" || {
		result "not ok" "$1" "$patch does not apply:" "$(head -n 1 "$said")"
		return
	}
	kunit || :
	mapfile -t all < <(failures)
	while read -r want; do
		printf '%s\n' "${all[@]}" | grep -qxF "$want" || missed+=("does not notice: $want")
	done < <(sed -n 's/^Fails: //p' "$patch")
	if [ ${#missed[@]} = 0 ]; then
		result ok "$1" "${all[@]}"
	elif grep -q '^1\.\.0$' "$work/result/kunit.tap"; then
		cp "$said" "$work/log/$1.log"
		result "not ok" "$1" "no test ran: see $(rel "$work/log/$1.log")"
	else
		cp "$said" "$work/log/$1.log"
		result "not ok" "$1" "${missed[@]}" "see $(rel "$work/log/$1.log")" "${all[@]}"
	fi
}

reset() {
	git -C "$src" checkout -q --force --detach "$commit"
	git -C "$src" clean -qdff
}

# kunit.py catches this, and would have us go on with the next.
trap 'exit 130' INT TERM
mkdir -p "$work/log"
exec 9>"$work/lock"
flock 9
dirty=$(changes "$tree")
[ -z "$dirty" ] || say "notice: $(rel "$tree") has uncommitted work, which is left out"
commit=$(git -C "$tree" rev-parse "$branch")
if ! worktree "$src"; then
	say "$BASE: checking out the sources for mutants"
	rm -rf "$src"
	git -C "$tree" worktree prune
	git -C "$tree" worktree add -q --detach "$src" "$commit"
fi

echo "TAP version 13"
say "mutants: none (the series as it is)"
reset
if kunit; then
	result ok "no mutant: all tests pass"
else
	mapfile -t all < <(failures)
	result "not ok" "no mutant: all tests pass" "${all[@]}" "see $(rel "$said")"
	mutants=()
fi
for m in "${mutants[@]}"; do
	say "mutants: $m"
	mutant "$m"
done
echo "1..$n"
echo "$((n - failed)) passed, $failed failed"
[ $failed = 0 ]

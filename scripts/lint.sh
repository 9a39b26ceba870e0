#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lint.sh [brief]: what a maintainer's tools say of series/$BASE and of our scripts, as
# TAP. Of warnings from a compiler only those count that the base does not have. In brief
# without what takes minutes.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
out=$B/lint
alone
rm -rf "$out"
mkdir -p "$out" "$B/passed" "$B/result"
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

# once NAME COMMAND...: run the command, unless it passed with this standard input and script
once() {
	local passed=$B/passed/$1 sum
	sum=$(cat - "$lint" | sha256sum)
	shift
	[ "$sum" != "$(cat "$passed" 2>/dev/null)" ] || return 0
	"$@" || return
	echo "$sum" >"$passed"
}

# The person who mails signs off; a new file's entry in MAINTAINERS is the
# series' own patch; a source package has no history to look "Fixes:" up in.
ignore=FILE_PATH_CHANGES
[ -n "$(git -C "$tree" rev-list -n 1 base~ 2>/dev/null)" ] || ignore+=,UNKNOWN_COMMIT_ID
more=$(of_base lint-ignores)
ignore+=${more:+,$more}
run_checkpatch() {
	local said=$out/checkpatch.${1##*/} ignore=$ignore
	# That is how stable's backports begin, which 5.10's does not know.
	! grep -qE '^commit [0-9a-f]{40} upstream\.$' "$1" || ignore+=,GIT_COMMIT_ID
	cd "$tree"
	# its spdxcheck.py is to meet Debian's python3, which has what it imports
	cat "$1" scripts/checkpatch.pl | PATH=/usr/bin:$PATH once "checkpatch.${1##*/}" scripts/checkpatch.pl --strict \
		--terse --no-signoff --ignore "$ignore" --show-types "$1" >"$said" 2>&1 && mv "$said" "$said.passed"
}
lint=$(realpath "$0")
export tree out ignore lint branch
export -f run_checkpatch once

guest=(guest/init guest/hotplug guest/testpmd guest/acpi_device guest/crash guest/nested)
# Debian's python3 has what Debian's pylint imports.
pylint() {
	PATH=/usr/bin:$PATH command pylint "$@"
}

checkpatch() {
	[ -e "$1.passed" ] || {
		cat "$1"
		return 1
	}
}

# The kernel's files that the series touches
touched() {
	git -C "$tree" diff --name-only --diff-filter=d base "$branch" -- "$1" ':!tools'
}

# The objects of those that this architecture builds
objects() {
	touched '*.c' | while read -r file; do
		[ ! -e "$B/obj-$a$CONFIG/${file%.c}.o" ] || echo "${file%.c}.o"
	done
}

# warnings KERNEL COMMIT: what W=1 and sparse say of those objects, without line numbers
warnings() {
	local found=()
	for o in $(objects); do
		! git -C "$tree" cat-file -e "$2:${o%.o}.c" 2>/dev/null || found+=("$o")
	done
	(cd "$B/obj-$a$CONFIG" && rm -f "${found[@]}")
	[ ${#found[@]} = 0 ] || KERNEL=$1 scripts/image.sh "$2" W=1 C=1 "${found[@]}" || return
	sed -E 's/:[0-9]+(:[0-9]+)?:/:/g' "$B/log/build-$a$([ "$1" = stock ] && echo stock || echo "$kernel")-$CONFIG.log" |
		grep -E 'warning:|error:' | sort -u >"$out/warnings.$2" || :
}

no_new_warnings() {
	# what is built here
	KERNEL=series scripts/image.sh "$branch" vmlinux &&
		warnings series "$branch" &&
		warnings stock base || return
	! comm -13 "$out/warnings.base" "$out/warnings.$branch" | grep .
}

# coccicheck COMMIT RULE FILE...: what a rule of the kernel for Coccinelle, or each of them
# if it is empty, reports of these. In a folder of their own, one run of a rule does for all.
# Their neighbours' headers are elsewhere: included, but not looked at, which took minutes.
coccicheck() {
	local commit=$1 rule=$2 files=$out/coccicheck.$1.files headers folders
	shift 2
	rm -rf "$files" "$files.headers"
	mkdir -p "$files" "$files.headers"
	mapfile -t folders < <(printf '%s\n' "${@%/*}" | sort -u)
	mapfile -t headers < <(git -C "$tree" ls-tree --name-only "$commit" "${folders[@]/%//}" | grep '\.h$')
	git -C "$tree" archive "$commit" -- "${headers[@]}" | tar -x -C "$files.headers" &&
		git -C "$tree" archive "$commit" -- "$@" | tar -x -C "$files" || return
	sources "$commit" || return
	make -s -C "$B/src" coccicheck MODE=report J="$JOBS" COCCI="$rule" \
		SPFLAGS="--use-coccigrep ${folders[*]/#/-I $files.headers/}" M="$files" >"$files.log" 2>&1 ||
		{
			tail -n 5 "$files.log"
			return 1
		}
	# with the rule in front, without the line's number
	sed -nE "s|^.*/spatch .*--cocci-file ([^ ]+) .*|\1|; T report; h; b
		:report s|^$files/([^ ]+\.[ch]):[0-9]+(:[0-9-]+)?: |\1: |; T; s/ line [0-9]+//
		G; s/(.*)\n(.*)/\2 \1/p" "$files.log"
}

# An old report matters only if the series has one, too
no_new_coccicheck() {
	local files rule file
	mapfile -t files < <(touched '*.[ch]')
	[ ${#files[@]} != 0 ] || return 0
	coccicheck "$branch" '' "${files[@]}" >"$out/coccicheck.series" ||
		{
			cat "$out/coccicheck.series"
			return 1
		}
	grep -qE '^[1-9][0-9]* files match' "$out/coccicheck.series.files.log" ||
		{
			echo "coccicheck looked at no file"
			return 1
		}
	cut -d: -f1 "$out/coccicheck.series" | sort -u | while read -r rule file; do
		! git -C "$tree" cat-file -e "base:$file" 2>/dev/null || coccicheck base "$rule" "$file" || return
	done >"$out/coccicheck.base" || {
		cat "$out/coccicheck.base"
		return 1
	}
	! comm -13 <(sort "$out/coccicheck.base") <(sort "$out/coccicheck.series") | grep .
}

# kernel-doc's, likewise
no_new_kernel_doc() {
	local file commit
	for commit in base "$branch"; do
		touched '*.[ch]' | while read -r file; do
			git -C "$tree" show "$commit:$file" >"$out/source.${file##*.}" 2>/dev/null || continue
			"$tree/scripts/kernel-doc" -none "$out/source.${file##*.}" 2>&1 |
				sed -E "s|^.*source\.[ch]:[0-9]+:|$file:|" || :
		done | grep warning: | sort >"$out/kernel-doc.$commit" || :
	done
	! comm -13 "$out/kernel-doc.base" "$out/kernel-doc.$branch" | grep .
}

# sphinx COMMIT: what Sphinx says of the pages that the series touches. With the code
# that they quote, but without the other pages, it takes seconds rather than minutes.
sphinx() {
	local docs=$out/sphinx.$1 pages code page name
	mapfile -t pages < <(touched 'Documentation/*.rst' | xargs -r git -C "$tree" ls-tree --name-only "$1")
	[ ${#pages[@]} != 0 ] || return 0
	mapfile -t code < <(git -C "$tree" grep -hoP '^\.\. kernel-doc:: *\K\S+' "$1" -- "${pages[@]}" | sort -u)
	mkdir -p "$docs"
	git -C "$tree" archive "$1" -- Documentation/conf.py Documentation/sphinx \
		Documentation/driver-api/index.rst scripts/kernel-doc "${pages[@]}" "${code[@]}" |
		tar -x -C "$docs" || return
	sphinx-build -q -b html -D master_doc=driver-api/index -D kerneldoc_srctree="$docs" \
		-D kerneldoc_bin="$docs/scripts/kernel-doc" "$docs/Documentation" "$docs/html" \
		>"$docs.log" 2>&1 || {
		tail -n 5 "$docs.log"
		return 1
	}
	# kernel-doc is silent about a name that it does not find as long as it finds another
	for page in "${pages[@]#Documentation/}"; do
		sed -n '/^ *:identifiers:/,/^$/{ s/.*:identifiers://; p }' "$docs/Documentation/$page" |
			xargs -rn 1 | while read -r name; do
			grep -q "id=\"c\.$name\"" "$docs/html/${page%.rst}.html" ||
				echo "Documentation/$page: WARNING: there is no kernel-doc for $name"
		done
	done >>"$docs.log"
	sed -E "s|$docs/||g; s/:[0-9]+:/:/" "$docs.log" | grep -E 'WARNING:|ERROR:|warning:|error:' |
		sort >"$out/sphinx.warnings.$1" || :
}

no_new_sphinx() {
	local commit
	for commit in base "$branch"; do
		: >"$out/sphinx.warnings.$commit"
		sphinx "$commit" || return
	done
	! comm -13 "$out/sphinx.warnings.base" "$out/sphinx.warnings.$branch" | grep .
}

{
	echo "TAP version 13"
	say "lint: checkpatch"
	# shellcheck disable=SC2016 # $1 is the inner shell's
	patches | xargs -P "$JOBS" -I{} bash -c 'run_checkpatch "$1"' - {} || :
	for patch in $(patches); do
		check "checkpatch ${patch##*/}" checkpatch "$out/checkpatch.${patch##*/}"
	done
	exported "$tree" || say "notice: $(rel "$tree") has work that is not in series/$BASE: 'make refresh'"
	check "series/$BASE is what git format-patch writes" scripts/refresh.sh check
	# shellcheck disable=SC2016 # the inner shell's
	check "topics of series/$BASE" bash -c 'said=$(scripts/topics.py lint) && echo "$said" && [ -z "$said" ]'
	check "shellcheck" shellcheck -x -P SCRIPTDIR scripts/*.sh .ci/run
	check "shellcheck tests" shellcheck -s bats tests/bench.bats
	check "shellcheck guest" shellcheck -s dash "${guest[@]}"
	check "shfmt" shfmt -d scripts/*.sh .ci/run tests/bench.bats "${guest[@]}"
	check "pylint" pylint --score=no scripts/*.py tests/*.py
	check "yamllint" yamllint -s .gitlab-ci.yml .github .yamllint
	check "no machine's path or package host in what is tracked" bash -c \
		"! git grep -nE '(/work/|/home/|(deb|ftp|snapshot)\.debian\.org|deb\.nodesource)' -- . ':!scripts/lint.sh'"
	where=$(of_base asks-no-bus)
	export where
	# shellcheck disable=SC2016 # these are the inner shell's
	[ -n "$TOPIC" ] || check "nothing in $where asks a bus for its IOMMU" bash -c \
		'git -C "$tree" grep -nwE "iommu_(present|capable|domain_alloc)" "$branch" -- "$where"; [ $? = 1 ]'
	check "no new warning from kernel-doc" no_new_kernel_doc
	check "no new warning from Sphinx" no_new_sphinx
	[ "${1:-}" != brief ] || {
		for name in "report from coccicheck" "warning with W=1 and sparse"; do
			n=$((n + 1))
			echo "ok $n no new $name # SKIP in brief: 'make BASE=$BASE lint'"
		done
		echo "1..$n"
		exit
	}
	check "no new report from coccicheck" once coccicheck no_new_coccicheck \
		< <(
			git -C "$tree" rev-parse 'base^{tree}' "$branch^{tree}"
			spatch --version
		)
	check "no new warning with W=1 and sparse" no_new_warnings
	echo "1..$n"
} | tee "$B/result/lint.tap"
! grep -q '^not ok' "$B/result/lint.tap"

# SPDX-License-Identifier: GPL-2.0
# Sourced by the scripts beside it, which are started by the Makefile from the
# top of the repository with BASE, B (the build folder), LINUX, TOPIC, KERNEL, CONFIG,
# ARCH and JOBS set.
# shellcheck shell=bash

say() {
	echo "$*" >&2
}

die() {
	say "error: $*"
	exit 1
}

# A path as a person at the top of the repository would type it.
rel() {
	echo "${1#"$PWD/"}"
}

# What the kernel that is built is called
# shellcheck disable=SC2034,SC2153 # those who source this use it
case $KERNEL in
stock)	kernel=stock ;;
*)	kernel=${TOPIC:-series} ;;
esac

# The branch of $B/linux that has the series, or a topic and what it needs.
branch=series
[ -z "$TOPIC" ] || branch=topic-$TOPIC

patches() {
	scripts/topics.py patches | sed "s|^|$PWD/|"
}

patches_sum() {
	scripts/topics.py sum
}

# Of which patches tree $1 has made the branch
applied_sum() {
	git -C "$1" config "branch.$branch.patches" || :
}

# Is all that is on the branch of tree $1 in series/, too?
exported() {
	! git -C "$1" rev-parse -q --verify "refs/heads/$branch" >/dev/null ||
		[ "$(git -C "$1" rev-parse "refs/heads/$branch")" = "$(git -C "$1" rev-parse -q --verify "refs/bench/$branch")" ]
}

# The branch that tree $1 has checked out; nothing if it has none
checked_out() {
	git -C "$1" symbolic-ref -q --short HEAD || :
}

# What is not committed in tree $1. Who calls this assigns it, so that a git that fails ends that.
changes() {
	git -C "$1" status --porcelain --untracked-files=normal -- "${@:2}"
}

# Who is in the middle of something in tree $1 is not disturbed.
settled() {
	local doing
	for doing in rebase-merge rebase-apply CHERRY_PICK_HEAD MERGE_HEAD REVERT_HEAD; do
		[ ! -e "$1/.git/$doing" ] || die "$(rel "$1") has a ${doing%%[-_]*} that has not ended: end it first"
	done
}

# format_patch TREE ARGUMENT...: the same bytes, whatever a person's git configuration
# or version says.
format_patch() {
	local tree=$1
	shift
	git -C "$tree" -c core.abbrev=12 -c diff.noprefix=false \
		-c diff.mnemonicPrefix=false -c diff.renames=true \
		-c diff.algorithm=default -c diff.context=3 -c diff.interHunkContext=0 \
		-c diff.indentHeuristic=true -c diff.suppressBlankEmpty=false \
		-c i18n.logOutputEncoding=UTF-8 -c i18n.commitEncoding=UTF-8 \
		-c format.encodeEmailHeaders=true -c format.useAutoBase=false \
		-c format.from=false -c format.signOff=false \
		format-patch -q --zero-commit --no-signature --no-thread --no-attach \
		--no-to --no-cc --no-add-header --no-notes --stat=72 --suffix=.patch --filename-max-length=64 "$@"
}

# What is built for, or found out with, another architecture than x86_64 has its
# name in front. Folders of drivers/iommu that have KUnit tests for it alone.
# shellcheck disable=SC2034 # they are for those who source this
case $ARCH in
x86_64)	a='' kbuild_image=arch/x86/boot/bzImage own_drivers=amd ;;
arm64)	a=arm64- kbuild_image=arch/arm64/boot/Image own_drivers=''
	export CROSS_COMPILE=aarch64-linux-gnu- ;;
esac

# What series/$BASE was verified on, its package, and Debian's suite that has it,
# if that is not the machine's own.
# shellcheck disable=SC2034 # tree.sh uses these
read -r verified package suite <"series/$BASE/base"

# mirrors SUITE: where APT is to look for a suite that the machine does not use: where
# it has its own from, then in the archive of old releases.
mirrors() {
	local codename mirror signed=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	case $1 in
	*-security) codename+=-security ;;
	esac
	# shellcheck disable=SC2016 # APT's names
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		sed -n "s| $codename\$||p" | head -n 1)
	[ -n "$mirror" ] || return
	echo "deb [$signed] $mirror $1 main"
	echo "deb [$signed check-valid-until=no] $(sed -E 's|//[^/]*\.([^./]+\.[^./]+)/|//archive.\1/|' <<<"$mirror") $1 main"
}

# get_package NAME [ARCHITECTURE [SUITE]]: a Debian package, as APT verifies it; prints
# where it is. APT's lists are ours, so that neither root nor a fresh `apt-get
# update` is needed, nor does the machine learn of another architecture or suite.
get_package() {
	local name=$1 machine=${2:-} suite=${3:-} apt deb sum source what lists
	what=$name${machine:+ for $machine}${suite:+ in $suite}
	lists=$B/apt/${machine:+$machine-}${suite:+$suite-}
	apt=(-qq -o "Dir::State::Lists=${lists}lists" -o "Dir::Cache=${lists}cache" -o APT::Sandbox::User=root)
	[ -z "$machine" ] || apt+=(-o "APT::Architecture=$machine" -o "APT::Architectures=$machine" -o Dir::State::status=/dev/null)
	[ -z "$suite" ] || apt+=(-o "Dir::Etc::SourceList=${lists}sources.list" -o Dir::Etc::SourceParts=-)
	mkdir -p "${lists}lists/partial" "${lists}cache/archives/partial" "$B/download"
	say "$BASE: looking for $what with APT"
	if [ -z "$suite" ]; then
		apt-get "${apt[@]}" update >&2 || die "$BASE: APT could not update its package lists${machine:+ for $machine}"
	else
		while read -r source; do
			echo "$source" >"${lists}sources.list"
			! apt-get "${apt[@]}" update >&2 || break
		done < <(mirrors "$suite")
	fi
	# it is silent about what lies where it is called
	read -r _ deb _ sum < <(cd "${lists}lists" && apt-get "${apt[@]}" --print-uris download "$name") ||
		die "$BASE: APT knows no package $what: enable a suite that has it$([ -n "$machine" ] || echo ", or use LINUX=<path>")"
	deb=$B/download/$deb
	case $sum in
	SHA256:*) sum=${sum#SHA256:} ;;
	*)	  die "$BASE: APT gives no SHA256 for ${deb##*/}" ;;
	esac
	if [ -e "$deb" ] && ! sha256sum --status -c <<<"$sum  $deb"; then
		say "$BASE: ${deb##*/} is not what APT expects (cut short?): getting it again"
		rm "$deb"
	fi
	if [ ! -e "$deb" ]; then
		say "$BASE: getting ${deb##*/}"
		(cd "$B/download" && apt-get "${apt[@]}" download "$name" >&2) ||
			die "$BASE: APT could not get ${deb##*/}"
		sha256sum --status -c <<<"$sum  $deb" || die "$BASE: ${deb##*/} is not what APT expects"
	fi
	echo "$deb"
}

# Is folder $1 a worktree of a repository that is still there?
worktree() {
	[ -e "$1/.git" ] && git -C "$1" rev-parse -q --verify HEAD >/dev/null 2>&1
}

# Have commit $1 in $B/src, to build from. Who calls this holds $B/lock.
sources() {
	local tree=$B/linux src=$B/src
	if ! worktree "$src"; then
		say "$BASE: checking out the sources to build from"
		rm -rf "$src" "$src.tmp"
		git -C "$tree" worktree prune
		git -C "$tree" worktree add -q --detach "$src.tmp" "$1"
		git -C "$tree" worktree move "$src.tmp" "$src"
	fi
	git -C "$src" checkout -q --force --detach "$1"
	git -C "$src" clean -qdff
}

# git writes commits here; where nobody has a name for all repositories, so must we.
if ! git -C / config user.email >/dev/null; then
	export GIT_AUTHOR_NAME=nobody GIT_AUTHOR_EMAIL=nobody@localhost
	export GIT_COMMITTER_NAME=nobody GIT_COMMITTER_EMAIL=nobody@localhost
fi

# `make KERNEL=stock` hands KERNEL and its like on to every make below it.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

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
stock | against) kernel=$KERNEL ;;
*) kernel=${TOPIC:-series} ;;
esac

# The branch of $B/linux that has the series, or a topic and what it needs.
branch=series
[ -z "$TOPIC" ] || branch=topic-$TOPIC

# With $PLAIN, the tree is as it is.
patches() {
	[ -n "${PLAIN:-}" ] || scripts/topics.py patches | sed "s|^|$PWD/|"
}

patches_sum() {
	if [ -n "${PLAIN:-}" ]; then echo none; else scripts/topics.py sum; fi
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

# What is in tree $1 and nowhere else: work that would be lost with it. Nothing if there is none.
work_in() {
	local worktree b lost='what git cannot tell'
	[ -z "$(changes "$1" || echo "$lost")" ] || echo "uncommitted changes"
	[ -z "$(git -C "$1" stash list || echo "$lost")" ] || echo "a stash"
	git -C "$1" for-each-ref --format='%(refname)' refs/heads refs/tags refs/notes |
		while read -r ref; do
			[ -z "$(git -C "$1" rev-list -n 1 "$ref" --not base --glob=refs/bench --remotes || echo "$lost")" ] || echo "commits on ${ref#refs/*/}"
		done
	[ -z "$(git -C "$1" rev-list -n 1 HEAD --not base --glob=refs/bench --branches --remotes || echo "$lost")" ] || echo "commits on no branch"
	b=$(realpath "$B")
	git -C "$1" worktree list --porcelain | sed -n 's/^worktree //p' | while read -r worktree; do
		case $worktree in
		"$(realpath "$1")" | "$b"/src | "$b"/src.tmp | "$b"/linux.am | "$b"/series.new.whole | "$b"/mutants/linux) ;;
		*) echo "a worktree, $worktree" ;;
		esac
	done
	git -C "$1" status --porcelain --untracked-files=normal --ignored=matching | sed -n 's/^!! /ignored by git: /p'
}

# Who builds in $B/src has it to themselves until they end; so has what they call.
alone() {
	[ "${ALONE:-}" != "$B" ] || return 0
	mkdir -p "$B"
	exec 9>"$B/lock"
	flock -n 9 || {
		say "$BASE: waiting for another make, which builds in $(rel "$B")"
		flock 9
	}
	export ALONE=$B
}

# What is not committed in tree $1. Who calls this assigns it, so that a git that fails ends that.
changes() {
	# Somebody else's tree is not even to have its index refreshed.
	git --no-optional-locks -C "$1" status --porcelain --untracked-files=normal -- "${@:2}"
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
x86_64) a='' kbuild_image=arch/x86/boot/bzImage own_drivers=amd ;;
arm64)
	a=arm64- kbuild_image=arch/arm64/boot/Image own_drivers=''
	export CROSS_COMPILE=aarch64-linux-gnu-
	;;
esac

# What series/$BASE was verified on, its package, and Debian's suite that has it,
# if that is not the machine's own.
# shellcheck disable=SC2034 # tree.sh uses these
read -r verified package suite <"series/$BASE/base"

# of_base NAME: what a line of that file below the first says (docs/bench.md)
of_base() {
	sed -n "s/^$1: //p" "series/$BASE/base"
}

# What this release of Debian is called; nothing on other systems
codename() {
	# shellcheck source=/dev/null
	(. /etc/os-release && echo "${VERSION_CODENAME:-}")
}

# repository RELEASE: whence the machine's APT has that
repository() {
	# shellcheck disable=SC2016 # APT's names
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sed -n "s| $1\$||p" | head -n 1
}

# mirrors SUITE: where APT is to look for a suite that the machine does not use: where
# it has its own from, then in the archive of old releases.
mirrors() {
	local mirror signed=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg
	case $1 in
	*-security)
		mirror=$(repository "$(codename)-security")
		# a machine that has none of its own
		[ -n "$mirror" ] || mirror=$(repository "$(codename)" | sed 's|/*$|-security/|')
		;;
	*) mirror=$(repository "$(codename)") ;;
	esac
	[ -n "$mirror" ] || return
	echo "deb [$signed] $mirror $1 main"
	echo "deb [$signed check-valid-until=no] $(sed -E 's|//[^/]*\.([^./]+\.[^./]+)/|//archive.\1/|' <<<"$mirror") $1 main"
}

# get_package NAME [ARCHITECTURE [SUITE]]: a Debian package, as APT verifies it; prints
# where it is. APT's lists are ours, so that neither root nor a fresh `apt-get
# update` is needed, nor does the machine learn of another architecture or suite.
get_package() {
	local name=$1 machine=${2:-} suite=${3:-} apt deb sum source what lists
	[ -n "$(type -P apt-get)" ] || die "$BASE: there is no APT here to get $name with: use LINUX=<path>"
	[[ $suite != "$(codename)" && $suite != "$(codename)-security" ]] || suite=''
	what=$name${machine:+ for $machine}${suite:+ in $suite}
	lists=$PWD/build/apt/${machine:+$machine-}${suite:+$suite-}
	apt=(-qq -o "Dir::State::Lists=${lists}lists" -o "Dir::Cache=${lists}cache" -o APT::Sandbox::User=root)
	[ -z "$machine" ] || apt+=(-o "APT::Architecture=$machine" -o "APT::Architectures=$machine" -o Dir::State::status=/dev/null)
	[ -z "$suite" ] || apt+=(-o "Dir::Etc::SourceList=${lists}sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::status=/dev/null)
	mkdir -p "${lists}lists/partial" "${lists}cache/archives/partial" "$B/download"
	exec 6>"$PWD/build/apt/lock"
	flock 6
	say "$BASE: looking for $what with APT"
	if [ -n "$(find "${lists}updated" -mmin -10 2>/dev/null)" ]; then
		: # by what ran just before this
	elif [ -z "$suite" ]; then
		apt-get "${apt[@]}" update >&2 || die "$BASE: APT could not update its package lists${machine:+ for $machine}"
		touch "${lists}updated"
	else
		while read -r source; do
			echo "$source" >"${lists}sources.list"
			! apt-get "${apt[@]}" update >&2 || {
				touch "${lists}updated"
				break
			}
		done < <(mirrors "$suite")
	fi
	# it is silent about what lies where it is called
	read -r _ deb _ sum < <(cd "${lists}lists" && apt-get "${apt[@]}" --print-uris download "$name") || {
		rm -f "${lists}updated"
		die "$BASE: APT knows no package $what: enable a suite that has it$([ -n "$machine" ] || echo ", or use LINUX=<path>")"
	}
	# What another one "provides" is another kernel's.
	[ "${deb%%_*}" = "$name" ] || {
		rm -f "${lists}updated"
		die "$BASE: APT has ${deb%%_*} for $what: enable a suite that has it, or use LINUX=<path>"
	}
	deb=$B/download/$deb
	case $sum in
	SHA256:*) sum=${sum#SHA256:} ;;
	*) die "$BASE: APT gives no SHA256 for ${deb##*/}" ;;
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
	exec 6>&-
	echo "$deb"
}

# Is folder $1 a worktree of a repository that is still there?
worktree() {
	[ -e "$1/.git" ] && git -C "$1" rev-parse -q --verify HEAD >/dev/null 2>&1
}

# Have commit $1 in $B/src, to build from. Who calls this is alone there.
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

# progress WHAT: kbuild's lines become a counter on a terminal, and a line now and then elsewhere.
progress() {
	awk -v what="$BASE: building $1" -v tty="$([ -t 2 ] && echo 1)" '
		/^  (AR|CC|LD|AS)/ { n++
			if (tty && n % 10 == 0) printf "\r%s: %d objects", what, n > "/dev/stderr"
			if (!tty && n % 1000 == 0) print what ": " n " objects" > "/dev/stderr" }
		END { if (tty) printf "\r%s: %d objects\n", what, n > "/dev/stderr" }'
}

# git does the same here for everybody: of a person's environment and configuration counts
# who they are, if they say, and whose repositories they trust. their_git has all of that.
their_config=()
if [ -z "${GIT_IS_OURS:-}" ]; then
	for variable in GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM; do
		[ -z "${!variable+set}" ] || their_config+=("$variable=${!variable}")
	done
	for variable in $(compgen -e GIT_); do
		unset "$variable"
	done
	who=$(env "${their_config[@]}" git -C / config user.name || echo nobody)
	where=$(env "${their_config[@]}" git -C / config user.email || echo nobody@localhost)
	export GIT_AUTHOR_NAME=$who GIT_AUTHOR_EMAIL=$where GIT_COMMITTER_NAME=$who GIT_COMMITTER_EMAIL=$where
	export GIT_CONFIG_COUNT=0
	while read -r trusted; do
		export "GIT_CONFIG_KEY_$GIT_CONFIG_COUNT=safe.directory" "GIT_CONFIG_VALUE_$GIT_CONFIG_COUNT=$trusted"
		GIT_CONFIG_COUNT=$((GIT_CONFIG_COUNT + 1))
	done < <(env "${their_config[@]}" git -C / config --get-all safe.directory)
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_IS_OURS=1
fi

their_git() {
	env -u GIT_CONFIG_GLOBAL -u GIT_CONFIG_NOSYSTEM "${their_config[@]}" git "$@"
}

# Compilers and their like say "warning:" in this one. kunit.py leaves nothing in the tree.
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1

# `make KERNEL=stock` hands KERNEL and its like on to every make below it.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

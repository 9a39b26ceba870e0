# SPDX-License-Identifier: GPL-2.0
# Sourced by the scripts beside it, which are started by the Makefile from the
# top of the repository with BASE, B (the build folder), LINUX, KERNEL, CONFIG
# and JOBS set.
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

patches() {
	find "$PWD/series/$BASE" -name '[0-9]*.patch' | sort
}

patches_sum() {
	for f in $(patches) "series/$BASE/cover-letter"; do [ ! -f "$f" ] || cat "$f"; done | sha256sum
}

# Is all that is in tree $1 in series/ too?
exported() {
	[ -z "$(git -C "$1" status --porcelain)" ] &&
		[ "$(git -C "$1" rev-parse HEAD)" = "$(git -C "$1" rev-parse refs/bench/series)" ]
}

# git writes commits here; on a machine where nobody has a name yet, so must we.
if ! git config user.email >/dev/null; then
	export GIT_AUTHOR_NAME=nobody GIT_AUTHOR_EMAIL=nobody@localhost
	export GIT_COMMITTER_NAME=nobody GIT_COMMITTER_EMAIL=nobody@localhost
fi

# `make KERNEL=stock` hands KERNEL and its like on to every make below it.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

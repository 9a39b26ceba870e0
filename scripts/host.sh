#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# host.sh SUITE TARGET...: does `make TARGET` do its work on a fresh machine of another release
# of Debian? In a chroot of it, build/host-SUITE, in a clone of what is committed here. A TARGET
# has its variables behind commas: try,KERNEL_IMAGE=linux-image-amd64. TAP; what each said is
# in $B/log.
set -euo pipefail
. "${0%/*}/common.sh"

suite=$1 targets=("${@:2}")
root=$PWD/build/host-$suite
result=$B/result/host-$suite.tap
mkdir -p "$B/log" "$B/result"

skip() {
	printf '%s\n' "TAP version 13" 1..1 "ok 1 a machine with Debian's $suite # SKIP $1" | tee "$result"
	exit
}

[ "$(id -u)" = 0 ] || skip "a chroot takes root"
mirror=$(repository "$(codename)" 2>/dev/null || :)
[ -n "$mirror" ] || skip "there is no APT here that says whence"
exec 8>"$root.lock"
flock 8
if [ ! -d "$root" ]; then
	say "host: installing Debian's $suite in $(rel "$root")"
	rm -rf "$root.tmp"
	debootstrap --variant=minbase --include=ca-certificates,git,make "$suite" "$root.tmp" "$mirror" >"$B/log/host-$suite.log" 2>&1 ||
		die "debootstrap: $(tail -n 1 "$B/log/host-$suite.log"): see $(rel "$B/log/host-$suite.log")"
	mv "$root.tmp" "$root"
fi
dirty=$(changes .)
[ -z "$dirty" ] || say "notice: there is work that is not committed, which is left out"
# What an earlier run has got with APT is there, but nothing that it has built.
rm -rf "$root/bench.new"
git clone -q --no-local . "$root/bench.new"
for kept in build/apt build/6.1/download build/try/download; do
	[ ! -d "$root/bench/$kept" ] || { mkdir -p "$root/bench.new/${kept%/*}" && mv "$root/bench/$kept" "$root/bench.new/$kept"; }
done
rm -rf "$root/bench"
mv "$root/bench.new" "$root/bench"

# It ends with us, and so does all that it has mounted.
inside() {
	# shellcheck disable=SC2016 # the inner shell's
	setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child sh -c '
		for folder in dev sys; do mount --rbind /$folder "$0/$folder"; done
		mount -t proc proc "$0/proc"
		root=$0
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb make -C /bench "$@"
	' "$root" "$@" </dev/null
}

each() {
	local n=0 target log status
	echo "TAP version 13"
	for target; do
		n=$((n + 1)) log=$B/log/host-$suite-${target%%,*}.log status=0
		say "host: make ${target//,/ } on Debian's $suite"
		# shellcheck disable=SC2086 # they are words
		inside ${target//,/ } >"$log" 2>&1 || status=$?
		if [ $status = 0 ]; then
			echo "ok $n make ${target//,/ } on Debian's $suite"
		else
			echo "not ok $n make ${target//,/ } on Debian's $suite"
			echo "# exit code $status: see $(rel "$log")"
			tail -n 5 "$log" | sed 's/^/#   /'
		fi
	done
	echo "1..$n"
}
each "${targets[@]}" | tee "$result"
! grep -q '^not ok' "$result"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# host.sh SUITE TARGET...: does `make TARGET` do its work on a fresh machine of another release
# of Debian? In a chroot of it, unpacked anew in build/host-SUITE, in a clone of what is
# committed here. A TARGET has its variables behind commas: try,KERNEL_IMAGE=linux-image-amd64.
# TAP; what each said is in $B/log.
set -euo pipefail
. "${0%/*}/common.sh"

suite=$1 targets=("${@:2}")
root=$PWD/build/host-$suite
result=$B/result/host-$suite.tap
log=$B/log/host-$suite.log
mkdir -p "$B/log" "$B/result"

skip() {
	printf '%s\n' "TAP version 13" 1..1 "ok 1 a machine with Debian's $suite # SKIP $1" | tee "$result"
	exit
}

# It ends with us, and so does all that it has mounted.
apart() {
	setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child "$@" </dev/null
}

[ "$(id -u)" = 0 ] || skip "a chroot takes root"
apart true 2>/dev/null || skip "this machine lets nobody mount"
mirror=$(repository "$(codename)" 2>/dev/null || :)
[ -n "$mirror" ] || skip "there is no APT here that says whence"
exec 8>"$root.lock"
flock 8
if [ ! -e "$root.tar" ]; then
	say "host: getting Debian's $suite"
	rm -rf "$root"
	apart debootstrap --variant=minbase --include=ca-certificates,git,make "$suite" "$root" "$mirror" >"$log" 2>&1 ||
		skip "debootstrap: $(tail -n 1 "$log"): see $(rel "$log")"
	tar -C "$root" --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' -cf "$root.tar.tmp" .
	mv "$root.tar.tmp" "$root.tar"
fi
dirty=$(changes .)
[ -z "$dirty" ] || say "notice: there is work that is not committed, which is left out"
rm -rf "$root"
mkdir "$root"
tar -C "$root" -xf "$root.tar"
cp /etc/resolv.conf "$root/etc/"
apt-config dump | grep '^Acquire::.*Proxy' >"$root/etc/apt/apt.conf.d/proxy" || :
# Who it belongs to is no matter.
printf '[safe]\n\tdirectory = *\n' >"$B/log/trusting"
GIT_CONFIG_GLOBAL=$B/log/trusting git clone -q --no-local . "$root/bench"

inside() {
	# shellcheck disable=SC2016 # the inner shell's
	apart sh -c '
		for folder in dev sys; do mount --rbind /$folder "$0/$folder"; done
		mount -t proc proc "$0/proc"
		root=$0
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb make -C /bench "$@"
	' "$root" "$@"
}

each() {
	local n=0 target what status
	echo "TAP version 13"
	for target; do
		n=$((n + 1)) what="make ${target//,/ } on Debian's $suite" status=0
		log=$B/log/host-$suite-$n.log
		say "host: $what"
		# shellcheck disable=SC2086 # they are words
		inside ${target//,/ } >"$log" 2>&1 || status=$?
		if [ $status = 0 ]; then
			echo "ok $n $what"
		else
			echo "not ok $n $what"
			echo "# exit code $status: see $(rel "$log")"
			tail -n 5 "$log" | sed 's/^/#   /'
		fi
	done
	echo "1..$n"
}
each "${targets[@]}" | tee "$result"
! grep -q '^not ok' "$result" || exit 1
rm -rf "$root"

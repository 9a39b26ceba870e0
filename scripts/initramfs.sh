#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# initramfs.sh: build the selftests of series/6.1/ and, on a base that has vfio selftests
# itself, those of $B/linux; install them the way any kernel does, and pack them with
# busybox and guest/: $B/initramfs.cpio, or $B/arm64-initramfs.cpio with ARCH=arm64.
set -euo pipefail
. "${0%/*}/common.sh"

root=$B/${a}initramfs
log=$B/log/build-${a}selftests.log
out=$B/${a}initramfs.cpio
busybox=$(type -P busybox) flags=(LDFLAGS=-static)
tests=$B/linux own=
if [ "$BASE" != 6.1 ]; then
	tests=$PWD/build/6.1/linux
	BASE=6.1 B=$PWD/build/6.1 LINUX='' TOPIC='' scripts/tree.sh
	[ ! -d "$B/linux/tools/testing/selftests/vfio" ] || own=$B/linux
elif [ ! -d "$tests" ]; then
	tests=$B/tests
elif [ ! -d "$tests/tools/testing/selftests/vfio/lib" ]; then
	# A topic that has none is tested with the series'.
	BESIDE=1 TOPIC='' scripts/tree.sh
	tests=$B/src
fi

mkdir -p "$B/log"
alone
[ "$tests" != "$B/src" ] || sources series

# Where nobody has made a tree, the series' tests and what they are built with are had in seconds.
tests_only() {
	local deb sum
	sum="$(patches_sum) $(cat "series/$BASE/base")"
	[ "$sum" != "$(cat "$tests/sum" 2>/dev/null)" ] || return 0
	deb=$(get_package "$package" "" "$suite")
	say "$BASE: unpacking what its tests need of $package"
	rm -rf "$tests" "$tests.tmp"
	mkdir "$tests.tmp"
	dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$package.tar.xz" |
		XZ_OPT=-T0 tar -xJ -C "$tests.tmp" --strip-components=1 --wildcards --no-wildcards-match-slash \
			'*/Makefile' '*/scripts' '*/include' '*/arch/x86' '*/tools/include' '*/tools/scripts' '*/tools/testing/selftests' ||
		die "cannot unpack $(rel "$deb")"
	# Not as a part of the repository that it is in
	patches | GIT_CEILING_DIRECTORIES=$B xargs git -C "$tests.tmp" apply --include='tools/testing/selftests/*' --include='include/*' ||
		die "the tests of series/$BASE do not apply to ${deb##*/}"
	echo "$sum" >"$tests.tmp/sum"
	mv "$tests.tmp" "$tests"
}
[ "$tests" != "$B/tests" ] || tests_only

# unpacked PACKAGE: another architecture's is not to be installed here, only looked into.
unpacked() {
	local folder=$B/download/$1-$ARCH deb
	if [ ! -d "$folder" ]; then
		deb=$(get_package "$1" "$ARCH")
		rm -rf "$folder.tmp"
		dpkg-deb -x "$deb" "$folder.tmp" || die "cannot unpack $(rel "$deb")"
		mv "$folder.tmp" "$folder"
	fi
	echo "$folder"
}

if [ "$ARCH" != x86_64 ]; then
	busybox=$(unpacked busybox-static)/bin/busybox
	if [ -n "$own" ]; then
		uuid=$(unpacked uuid-dev)
		flags=("EXTRA_CFLAGS=-I$uuid/usr/include" "LDFLAGS=-static -L$(echo "$uuid"/usr/lib/*-linux-gnu)")
	fi
fi

# selftests TREE OBJECTS
selftests() {
	mkdir -p "$2" &&
		make -s -j "$JOBS" -C "$1" O="$2" ARCH="$ARCH" headers &&
		make -s -j "$JOBS" -C "$1/tools/testing/selftests" O="$2" ARCH="$ARCH" \
			TARGETS=vfio FORCE_TARGETS=1 "${flags[@]}" INSTALL_PATH="$root/kselftest" install
}

obj=$B/obj-${a}selftests
{
	rm -rf "$root" &&
		mkdir -p "$root"/{bin,dev,proc,root,sys,tmp} &&
		{ [ -z "$own" ] || selftests "$own" "$B/obj-${a}selftests-own"; } &&
		selftests "$tests" "$obj" &&
		"${CROSS_COMPILE:-}gcc" -O2 -Wall -static -pthread -I "$tests/tools/include" -isystem "$obj/usr/include" \
			-I "$tests/tools/testing/selftests/vfio/lib" -o "$root/kselftest/vfio/attach_cost" \
			guest/attach_cost.c "$tests"/tools/testing/selftests/vfio/lib/*.c
} >"$log" 2>&1 || {
	tail -n 10 "$log" >&2
	die "the selftests do not build: see $(rel "$log")"
}
cp "$busybox" "$root/bin/busybox"
cp guest/hotplug "$root/bin/"
cp guest/init guest/machine "$root/"
cp guest/acpi_device guest/crash guest/nested guest/testpmd "$root/kselftest/vfio/"
(cd "$root" && find . -print0 | sort -z | cpio -o0 -H newc --quiet) >"$out.tmp"
mv "$out.tmp" "$out"

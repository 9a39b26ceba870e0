#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# initramfs.sh: build the selftests of $B/linux (of the tree of series/6.1/ if it has none
# of its own), install them the way any kernel does, and pack them with busybox and
# guest/: $B/initramfs.cpio.gz, or $B/arm64-initramfs.cpio.gz with ARCH=arm64.
set -euo pipefail
. "${0%/*}/common.sh"

obj=$B/obj-${a}selftests
root=$B/${a}initramfs
log=$B/log/build-${a}selftests.log
out=$B/${a}initramfs.cpio.gz
busybox=/bin/busybox
tree=$B/linux
if [ ! -d "$tree/tools/testing/selftests/vfio" ]; then
	tree=$PWD/build/6.1/linux
	BASE=6.1 B=$PWD/build/6.1 LINUX='' scripts/tree.sh
fi

mkdir -p "$obj" "$B/log"
exec 9>"$B/lock"
flock 9

# Another architecture's is not to be installed here, only looked into.
if [ "$ARCH" != x86_64 ]; then
	busybox=$B/download/busybox-$ARCH
	if [ ! -e "$busybox" ]; then
		deb=$(get_package busybox-static "$ARCH")
		dpkg-deb --fsys-tarfile "$deb" | tar -xO ./bin/busybox >"$busybox.tmp" ||
			die "cannot unpack $(rel "$deb")"
		chmod +x "$busybox.tmp"
		mv "$busybox.tmp" "$busybox"
	fi
fi

{
	rm -rf "$root" &&
	mkdir -p "$root"/{bin,dev,proc,root,sys,tmp} &&
	make -s -C "$tree" O="$obj" ARCH="$ARCH" headers &&
	make -s -C "$tree/tools/testing/selftests" O="$obj" ARCH="$ARCH" \
		TARGETS=vfio FORCE_TARGETS=1 LDFLAGS=-static INSTALL_PATH="$root/kselftest" install &&
	"${CROSS_COMPILE:-}gcc" -O2 -Wall -static -pthread -I "$tree/tools/include" -isystem "$obj/usr/include" \
		-I "$tree/tools/testing/selftests/vfio/lib" -o "$root/kselftest/vfio/attach_cost" \
		guest/attach_cost.c "$tree"/tools/testing/selftests/vfio/lib/*.c
} >"$log" 2>&1 || {
	tail -n 10 "$log" >&2
	die "the selftests do not build: see $(rel "$log")"
}
cp "$busybox" "$root/bin/busybox"
cp guest/hotplug "$root/bin/"
cp guest/init "$root/init"
cp guest/testpmd "$root/kselftest/vfio/"
(cd "$root" && find . -print0 | sort -z | cpio -o0 -H newc --quiet | gzip -1) >"$out.tmp"
mv "$out.tmp" "$out"

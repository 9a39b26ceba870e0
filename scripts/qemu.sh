#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# qemu.sh VERSION SYSTEM: have build/qemu-VERSION/qemu-system-SYSTEM: QEMU from a suite of
# Debian's that the machine does not use, with the libraries that it wants. All of it is
# unpacked there and nothing is installed, so that it takes no root. Exits with 4 if it cannot be had.
set -euo pipefail
. "${0%/*}/common.sh"

version=$1 system=$2
dir=$PWD/build/qemu-$version/$system
program=$PWD/build/qemu-$version/qemu-system-$system
case $version in
11) release=trixie suite=trixie-backports ;;
*) die "QEMU=$version: want 11, or a path" ;;
esac
case $system in
x86_64) package=qemu-system-x86 ;;
aarch64) package=qemu-system-arm ;;
esac

unavailable() {
	say "error: QEMU $version: $*"
	exit 4
}

mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9
[ ! -x "$program" ] || exit 0

# No package is installed, as far as this APT knows: it gets all that it takes. Its lock is
# where that file is.
apt=(-qq -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=root -o "Dir::State::status=$dir/status"
	-o APT::Architecture=amd64 -o APT::Architectures=amd64
	-o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=- --no-install-recommends)
mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
: >"$dir/status"
say "QEMU $version: looking for $package in $suite with APT"
known=
while IFS= read -r -u 3 first && IFS= read -r -u 4 second; do
	printf '%s\n' "$first" "$second" >"$dir/sources.list"
	! apt-get "${apt[@]}" update >&2 || {
		known=1
		break
	}
done 3< <(mirrors "$release") 4< <(mirrors "$suite")
[ "$known" ] || unavailable "APT has no lists of $suite"
say "QEMU $version: getting $package and what it needs"
apt-get "${apt[@]}" -y -t "$suite" --download-only install "$package" >&2 || unavailable "APT could not get $package of $suite"
rm -rf "$dir/root.tmp" "$dir/root"
mkdir "$dir/root.tmp"
for deb in "$dir"/cache/archives/*.deb; do
	dpkg-deb -x "$deb" "$dir/root.tmp"
done
mv "$dir/root.tmp" "$dir/root"

# It would load the machine's own C library, and look for its firmware in /usr.
cat >"$program.tmp" <<-EOF
	#!/bin/sh
	root=\$(dirname "\$(realpath "\$0")")/$system/root/usr
	lib=\$root/lib/x86_64-linux-gnu
	export QEMU_MODULE_DIR="\$lib/qemu"
	exec "\$root/lib64/ld-linux-x86-64.so.2" --library-path "\$lib" "\$root/bin/qemu-system-$system" \\
		-L "\$root/share/qemu" -L "\$root/share/seabios" "\$@"
EOF
chmod +x "$program.tmp"
[[ $("$program.tmp" --version) == "QEMU emulator version $version."* ]] ||
	unavailable "what $suite has does not run here, or is another version"
rm -rf "$dir/cache" "$dir/lists"
mv "$program.tmp" "$program"

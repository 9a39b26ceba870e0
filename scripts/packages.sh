#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages.sh: the series' kernel as Debian packages, in $B/packages/, for machines that are to
# run it. $KCONFIG is its configuration: a file; `debian`, that of Debian's kernel of this base;
# if empty, that of the kernel that runs here.
set -euo pipefail
. "${0%/*}/common.sh"

: "${KCONFIG=}"
out=$B/packages
build=$out/build # kbuild leaves packages in the folder above its objects
obj=$build/obj
log=$B/log/packages.log

# The configuration, from wherever it is
configuration() {
	local config=$KCONFIG deb
	if [ "$KCONFIG" = debian ]; then
		config=$package deb=$(get_package "linux-config-${package#linux-source-}" "" "$suite")
		dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards '*/config.amd64_none_amd64.xz' | xz -dc >"$build/config" ||
			die "${deb##*/} has no configuration for amd64"
	else
		[ -n "$config" ] || config=/boot/config-$(uname -r)
		[ -n "$KCONFIG" ] || [ -r "$config" ] || config=/proc/config.gz
		[ -r "$config" ] || die "${KCONFIG:-/boot/config-$(uname -r)}: there is no such configuration: want KCONFIG=<file>, or KCONFIG=debian"
		# What is not packed goes through as it is.
		gzip -dcf "$config" >"$build/config" || die "$config: cannot read it"
	fi
	grep -q '^CONFIG_X86_64=y' "$build/config" || die "$config is no configuration of a kernel for 64-bit x86"
	grep -q '^CONFIG_VFIO=' "$build/config" || say "notice: $config has no CONFIG_VFIO: the series mends little there"
}

# Is there room for what kbuild makes of it, less what is there already?
room() {
	local need=$1 has
	has=$(($(df --output=avail -B1M "$build" | tail -n 1) + $(du -sm "$build" | cut -f 1)))
	[ "$has" -ge "$need" ] || die "$(rel "$build"): its packages can take $((need / 1000)) GB to build, and there are $((has / 1000))"
}

kbuild() {
	make -C "$src" O="$obj" ARCH="$ARCH" -j "$JOBS" LOCALVERSION="$local" KDEB_PKGVERSION="$base+vfio.$sum" DPKG_FLAGS=-d "$@"
}

option() {
	"$src/scripts/config" --file "$obj/.config" "$@"
}

mkdir -p "$build" "$B/log"
alone
configuration
# Guessed, not measured: with debug information, which takes most of it, and without
if grep -q '^CONFIG_DEBUG_INFO=y' "$build/config"; then room 30000; else room 3000; fi
scripts/tree.sh
tree=$B/linux src=$B/src
dirty=$(changes "$tree")
[ -z "$dirty" ] || die "$(rel "$tree") has changes that are not committed: packages are of what is"
commit=$(git -C "$tree" rev-parse "refs/heads/$branch")
sources "$commit"

base=$(cat "$tree/.git/bench-version")
# The same sources have the same name, whoever builds them.
sum=$(git -C "$tree" rev-parse --short=8 "$commit^{tree}")
local=${base#"$(make -s -C "$src" kernelversion)"}-vfio-$sum
mkdir -p "$obj"
cp "$build/config" "$obj/.config"
option --set-str LOCALVERSION '' -d LOCALVERSION_AUTO
for key in SYSTEM_TRUSTED_KEYS SYSTEM_REVOCATION_KEYS MODULE_SIG_KEY; do
	file=$(option -s "$key")
	[[ -z $file || $file == undef || $file == certs/signing_key.pem || -e $src/$file ]] || {
		say "notice: $key: there is no $file here: none"
		option --set-str "$key" ''
	}
done
rm -f "$build"/*.{deb,buildinfo,changes}
say "$BASE: building packages of $(git -C "$tree" log -1 --format=%s "$commit")"
kbuild -s olddefconfig >"$log" 2>&1 || {
	tail -n 5 "$log" >&2
	die "cannot configure it: see $(rel "$log")"
}
kbuild bindeb-pkg 2>&1 | tee -a "$log" | progress packages || {
	grep -E 'error:|Error |No space|undefined reference' "$log" | head -n 10 >&2 || :
	die "the packages do not build: see $(rel "$log")"
}
mv "$build"/*.deb "$out/"
for deb in "$out"/*"$sum"*.deb; do
	rel "$deb"
done
say "To try them in a VM: make try KERNEL_IMAGE=$(rel "$out")/$(basename "$out"/linux-image-*"$sum"_*.deb)"
say "To run them: apt install these files, and start the machine anew"

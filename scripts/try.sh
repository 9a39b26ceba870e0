#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# try.sh [NAME]: what becomes of a kernel, as it is, when devices come and go? $KERNEL_IMAGE (a
# file; Debian packages, as files or as NAME[/SUITE]; if empty, the kernel that runs here) with its
# $MODULES; or tree $LINUX, and its commit $AGAINST beside it, built without any series.
# The tests are those of series/6.1. With NAME: only make $KERNEL_IMAGE that image of $B.
set -euo pipefail
. "${0%/*}/common.sh"

: "${viommus:?}" "${KERNEL_IMAGE=}" "${MODULES=}" "${AGAINST=}"
name=${1:-}
[ -n "$name" ] || export B=$PWD/build/try${B##*/"$BASE"}
membership=vfio_group_membership_test/membership
# Side by side, for each VM waits half of its time; each panic costs a boot. The longest come first.
tests=(
	"$membership.alias.r*"
	"vfio_attach_test vfio_type1_test"
	"$membership.functions.* $membership.flat.*"
	"$membership.alias.[!r]*"
	"$membership.functions_root_port.* ${membership%/*}/function_alone.* ${membership%/*}/interrupts.*"
)

# unpack DEB: what it has of a kernel, into $B/package
unpack() {
	say "${name:-try}: unpacking ${1##*/}"
	dpkg-deb --fsys-tarfile "$1" >"$B/package.tar" || die "KERNEL_IMAGE=$1 is no Debian package"
	tar -x -C "$B/package" -f "$B/package.tar" --exclude='./usr/share' --exclude='./usr/src'
	rm "$B/package.tar"
}

# unpack_named NAME SUITE: that package, and those that have what it has not
unpack_named() {
	local deb other
	deb=$(BASE=${name:-try} get_package "$1" "" "$2")
	unpack "$deb"
	for other in $(dpkg-deb -f "$deb" Depends | grep -oE '\blinux-(image|binary|modules)-[0-9][^ ,]*' | sort -u); do
		unpack_named "$other" "$2"
	done
}

# packages DEB... or NAME[/SUITE]: the kernel that they have
packages() {
	local deb found
	rm -rf "$B/package"
	mkdir -p "$B/package"
	case $1 in
	*.deb) for deb; do unpack "$deb"; done ;;
	*/*) unpack_named "${1%/*}" "${1#*/}" ;;
	*) unpack_named "$1" "" ;;
	esac
	mapfile -t found < <(find "$B/package/boot" -name 'vmlinuz-*' 2>/dev/null)
	[ ${#found[@]} = 1 ] || die "KERNEL_IMAGE=$*: want one kernel, there are ${#found[@]} in it"
	file=${found[0]} release=${found[0]##*/vmlinuz-}
	[ -e "$B/package/lib" ] || ln -s usr/lib "$B/package/lib"
	folder=$B/package/lib/modules/$release
	# Packages leave that to the machine that they are installed on.
	[ ! -d "$folder" ] || /sbin/depmod -b "$B/package" "$release" 2>"$B/log/depmod.log" || die "depmod: $(tail -n 1 "$B/log/depmod.log")"
}

# bytes FILE OFFSET NUMBER: up to the first that is 0
bytes() {
	dd if="$1" bs=1 skip="$2" count="$3" 2>/dev/null | tr '\0\n' '\n ' | sed -n 1p
}

# version_of COMMIT: of which version it is, whatever it is called
version_of() {
	git -C "$B/linux" show "$1:Makefile" | awk -F ' = ' '/^(VERSION|PATCHLEVEL|SUBLEVEL) = / { v = v "." $2 } /^EXTRAVERSION =./ { v = v $2 } END { print substr(v, 2) }'
}

# release_of FILE: what a kernel calls itself
release_of() {
	local at
	[ "$(bytes "$1" 514 4)" = HdrS ] || return
	at=$(od -An -tu2 -j 526 -N 2 "$1")
	bytes "$1" $((at + 512)) 128 | sed 's/ .*//'
}

# modules FOLDER: those that the guest needs, in the order in which they need each other
modules() {
	awk -F '[: ]+' '
		{
			name = $1
			gsub(/.*\/|\.ko.*/, "", name)
			gsub(/-/, "_", name)
			path[name] = $1
			for (i = NF; i > 1; i--)
				needs[name] = needs[name] " " $i
		}
		END {
			words = split("virtio_pci virtio_iommu vfio_iommu_type1 vfio_pci pci_stub uio_pci_generic virtio_rng", want, " ")
			for (i = 1; i <= words; i++)
				if (want[i] in path)
					list = list needs[want[i]] " " path[want[i]]
			words = split(list, word, " ")
			for (i = 1; i <= words; i++)
				if (!seen[word[i]]++)
					print word[i]
		}' "$1/modules.dep"
}

# The tests of series/6.1 as it is, whatever somebody has in build/6.1
guest() {
	BASE=6.1 B=$PWD/build/try LINUX='' PLAIN='' scripts/initramfs.sh
}

# image FILE FOLDER: a kernel and its modules, as vm.py wants them
image() {
	local tmp=$B/image/${name:-try}.tmp path n=100
	rm -rf "$tmp" "$B/image/${name:-try}"
	mkdir -p "$tmp/root/modules"
	cp "$1" "$tmp/bzImage"
	while read -r path; do
		case $path in
		*.xz) xz -dc "$2/$path" ;;
		*.gz) gzip -dc "$2/$path" ;;
		*.zst) zstd -qdc "$2/$path" ;;
		*) cat "$2/$path" ;;
		esac >"$tmp/root/modules/$n-$(basename "${path%%.ko*}")" || die "cannot unpack $2/$path"
		n=$((n + 1))
	done < <([ ! -d "$2" ] || modules "$2")
	(cd "$tmp/root" && find . | cpio -o -H newc --quiet) >"$tmp/modules.cpio"
	rm -r "$tmp/root"
	echo "$release" >"$tmp/release"
	mv "$tmp" "$B/image/${name:-try}"
}

# To unpack Debian's kernels is half of each boot under TCG. QEMU boots what is unpacked, if
# that has a PVH entry: the note of type 18.
unpack_image() {
	local image=$B/image/${name:-try} tree=$B/linux
	[ -n "$name" ] || tree=$B/tests
	"$tree/scripts/extract-vmlinux" "$image/bzImage" >"$image/vmlinux.tmp" 2>/dev/null || :
	if readelf -n "$image/vmlinux.tmp" 2>/dev/null | grep -q '(0x00000012)'; then
		mv "$image/vmlinux.tmp" "$image/vmlinux"
	else
		rm "$image/vmlinux.tmp"
	fi
}

# A kernel that was built elsewhere: its file, its modules' folder, what it is called
prebuilt() {
	local file folder release images
	read -ra images <<<"$KERNEL_IMAGE"
	[ -z "$MODULES" ] || [ -e "$MODULES/modules.dep" ] ||
		die "MODULES=$MODULES: want a folder that has modules.dep, such as /lib/modules/$(uname -r)"
	case $KERNEL_IMAGE in
	'')
		file=/boot/vmlinuz-$(uname -r)
		[ -r "$file" ] || die "there is no $file to read: say which kernel with KERNEL_IMAGE=<file or Debian package>"
		;;
	*.deb)
		for file in "${images[@]}"; do
			[ -r "$file" ] || die "KERNEL_IMAGE=$file: there is no such file"
		done
		file=''
		;;
	*)
		file=$KERNEL_IMAGE
		[[ -e $file || $file == /* ]] || file=
		[[ -n $file || $KERNEL_IMAGE =~ ^linux-[a-z0-9.+~-]+(/[a-z-]+)?$ ]] ||
			die "KERNEL_IMAGE=$KERNEL_IMAGE: want a vmlinuz, .deb files, or a package: linux-image-...[/SUITE]"
		;;
	esac
	[ -z "$file" ] || release=$(release_of "$file") || die "KERNEL_IMAGE=$file is no x86 kernel"
	if [ -z "$name" ]; then
		# beside what comes until the VMs, in a group of its own, which the trap ends
		set -m
		guest </dev/null &
		set +m
		job=$!
	fi
	if [ -n "$file" ]; then
		folder=${MODULES:-/lib/modules/$release}
		[ -n "$MODULES" ] || [ -e "$folder/modules.dep" ] || say "notice: there is no $folder: MODULES=<folder> if $release has modules"
	else
		packages "${images[@]}"
	fi
	say "${name:-try}: Linux $release"
	image "$file" "$folder"
	rm -rf "$B/package"
	[ -z "$job" ] || wait "$job" || exit
	job=
	unpack_image
	kernels+=("try try-fast $release")
}

# A source tree, and a commit of it
built() {
	local commit=$AGAINST version until
	[ -z "$commit" ] || commit=$(git -C "$LINUX" rev-parse -q --verify "$AGAINST^{commit}" 2>/dev/null) ||
		die "AGAINST=$AGAINST is no commit of $LINUX"
	[ -f "$LINUX/Kbuild" ] || die "LINUX=$LINUX is no kernel source tree"
	# The options of the base that is nearest
	version=$(make -s -C "$LINUX" kernelversion)
	version=$(cut -d . -f 1,2 <<<"${version%%-*}")
	while read -r until BASE; do
		[ "$(printf '%s\n' "$until" "$version" | sort -V | tail -n 1)" != "$until" ] || break
	done < <(for BASE in series/*/base; do
		BASE=${BASE%/base} BASE=${BASE#series/}
		echo "$(of_base options-until) $BASE"
	done | sort -V)
	export BASE PLAIN=1
	scripts/tree.sh
	[ -z "$commit" ] || {
		git -C "$B/linux" cat-file -e "$commit" 2>/dev/null || GIT_CONFIG_GLOBAL=$B/trusting git -C "$B/linux" fetch -q --update-shallow "$LINUX" "$commit"
		AGAINST=$commit KERNEL=against scripts/image.sh >&2
		kernels+=("against-$CONFIG against-$CONFIG $AGAINST ($(version_of "$commit"))")
	}
	KERNEL=stock scripts/image.sh >&2
	guest
	kernels+=("stock-$CONFIG try-$CONFIG $(cat "$B/linux/.git/bench-version") ($(version_of base))")
}

kernels=() columns=() runs=()
[[ -z $LINUX || -z $KERNEL_IMAGE$MODULES ]] || die "LINUX= is a tree to build, KERNEL_IMAGE= and MODULES= are built: want one or the other"
[[ -z $AGAINST || -n $LINUX ]] || die "AGAINST=$AGAINST is a commit of LINUX=<tree>: say which"
[ -n "$name" ] || [ -n "$(type -P apt-get)" ] || [ -e build/try/tests ] ||
	die "there is no APT here to get linux-source-6.1 with, which the tests are built from: run 'make try' once where there is, and copy its build/try/tests here"
mkdir -p "$B/log" "$B/result" "$B/image"
exec 7>"$B/try.lock"
flock 7
job=
trap '[ -z "$job" ] || kill -- "-$job" 2>/dev/null || :' EXIT
trap 'exit 130' INT TERM
if [ -n "$LINUX" ]; then built; else prebuilt; fi
[ -z "$name" ] || exit 0
rm -f "$B/result"/*.tap
for kernel in "${kernels[@]}"; do
	read -r _ result title <<<"$kernel"
	printf '%s\t%s\n' "${result%-*}" "$title"
done >"$B/result/versions"
BASE=try scripts/report.py versions >>"$B/result/versions"
for viommu in $viommus; do
	for kernel in "${kernels[@]}"; do
		read -r image result title <<<"$kernel"
		names=
		for part in "${!tests[@]}"; do
			names+=${names:+,}$result-$viommu-$part
			runs+=(+ "$image" "$viommu" "${names##*,}" "${tests[part]}")
		done
		[ "$viommus" = "$viommu" ] || title+=" on $viommu"
		columns+=(--of "$title=$names")
	done
done
INITRAMFS=$PWD/build/try/initramfs.cpio scripts/vm.py run "${runs[@]}"
status=0
scripts/verdict.py "${columns[@]}" || status=$?
PATH=/usr/bin:$PATH scripts/report.py | tail -n 1 || :
exit $status

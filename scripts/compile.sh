#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# compile.sh [CONFIG...]: what compilers and sparse say of the files that
# series/$BASE touches, where they live: from allmodconfig, with W=1, on each
# architecture, with GCC and with Clang, and without the IOMMU API. As TAP. Only
# the touched objects are built, and only warnings count that the base does not have.
set -euo pipefail
. "${0%/*}/common.sh"

# Mainline takes no Clang as old as Debian 12's own, and Linux 5.10 none with a number in its name.
export PATH=/usr/lib/llvm-19/bin:$PATH

tree=$B/linux
src=$B/src
out=$B/compile
n=0

# a configuration, ARCH, the prefix of GCC's commands (with "clang/" in front:
# Clang's target), and what differs from allmodconfig
configs() {
	cat <<-EOF
		x86_64-gcc                     x86_64               gcc
		x86_64-clang                   x86_64               clang/
		arm64-gcc                      arm64                aarch64-linux-gnu-
		arm64-clang                    arm64                clang/aarch64-linux-gnu-
		arm64-no-iommu-support arm64   aarch64-linux-gnu-   $(without IOMMU_SUPPORT) $(without IOMMU_API)
		arm-gcc                                             arm arm-linux-gnueabihf-
		arm-clang                      arm                  clang/arm-linux-gnueabihf-
		arm-no-iommu-api       arm     arm-linux-gnueabihf- $(without IOMMU_API)
		powerpc-gcc                    powerpc              powerpc64-linux-gnu- CONFIG_PPC_BOOK3E_64=y
		powerpc-book3s-gcc     powerpc powerpc64-linux-gnu- CONFIG_PPC64=y CONFIG_PPC_BOOK3S_64=y
		s390-gcc                       s390                 s390x-linux-gnu-
	EOF
	[ -z "$(touched 'drivers/iommu/riscv/*')" ] ||
		echo "riscv-clang	riscv	clang/riscv64-linux-gnu-"
}

# Turn off $1, which takes to turn off all who select it; Xen's are selected, too.
without() {
	git -C "$tree" grep -hE "^\s*(menu)?config\s|^\s*select $1\b" "$branch" -- '*Kconfig*' |
		awk -v without="$1" '$1 ~ /config$/ { name = $2 }
			$1 == "select" { printf "CONFIG_%s=n ", name }
			END { print "CONFIG_XEN=n CONFIG_" without "=n" }'
}

# The sanitizers and debug information cost minutes and say nothing here; as
# errors, the base's warnings would hide all others; the KUnit tests are built in.
common="CONFIG_WERROR=n CONFIG_KASAN=n CONFIG_KCSAN=n CONFIG_KCOV=n CONFIG_GCOV_KERNEL=n
	CONFIG_DEBUG_INFO_NONE=y CONFIG_KUNIT=y CONFIG_VFIO=y CONFIG_VIRTIO_MMIO=y CONFIG_VIRTIO_IOMMU=y"

kbuild() {
	local tools=(CROSS_COMPILE="${cross#gcc}")
	# Linux 5.10 takes the target from CROSS_COMPILE.
	[[ $cross != clang/* ]] || tools=(LLVM=1 CROSS_COMPILE="${cross#clang/}")
	make -C "$src" O="$obj" ARCH="$arch" "${tools[@]}" LOCALVERSION= -j "$JOBS" -Otarget "$@"
}

touched() {
	git -C "$tree" diff --name-only --diff-filter=d base "$branch" -- "$@" ':!tools'
}

# Make builds any object, configured or not: ask each folder's own makefile, unless
# it is a part of one further up.
objects_of() {
	make -rRs -C "$obj" -f - srctree="$src" src="$src/$1" obj="$1" 2>/dev/null <<-'EOF' || :
		include include/config/auto.conf
		include $(firstword $(wildcard $(src)/Kbuild $(src)/Makefile))
		members = $($(1)-y) $($(1)-m) $($(1)-objs)
		$(info $(obj-y) $(obj-m) $(foreach o,$(obj-y) $(obj-m),$(call members,$(basename $(o)))))
		.PHONY: nothing
		.DEFAULT_GOAL := nothing
		nothing: ;
	EOF
}

# The objects that this configuration has of the touched files. The makefile that
# lists one can be that of a folder further up, and a folder is left out by that above it.
objects() {
	local file folder object
	declare -A has
	while read -r file; do
		folder=$file object=${file%.c}.o
		while [[ $folder == */* ]]; do
			folder=${folder%/*}
			[ -e "$src/$folder/Kbuild" ] || [ -e "$src/$folder/Makefile" ] || continue
			has[$folder]=${has[$folder]-$(objects_of "$folder")}
			[[ " ${has[$folder]} " == *" ${object#"$folder/"} "* ]] || continue
			object=$folder/
		done
		# What is above arch/x86/ is no makefile of this kind.
		[[ $object != "$folder/" && $object != arch/*/ ]] || echo "${file%.c}.o"
	done < <(
		touched '*.c' ':!arch'
		touched "arch/${arch/x86_64/x86}/*.c"
	)
}

# build COMMIT LOG OBJECT...: compile these afresh
build() {
	local commit=$1 log=$2 check=(C=1)
	shift 2
	sources "$commit"
	[[ $cross != clang/* ]] || check=()
	(cd "$obj" && rm -f "$@")
	kbuild olddefconfig >"$log" 2>&1 &&
		kbuild prepare >>"$log" 2>&1 &&
		kbuild W=1 "${check[@]}" -k "$@" >"$log" 2>&1
}

# What a log says of the objects, as object and warning without line number
warnings() {
	awk -v objects="${objects[*]}" -v src="$src/" '
		BEGIN { split(objects, list, " "); for (i in list) wanted[list[i]] }
		/^  [A-Z]+ / { object = $NF; sub(src, "", object); sub(/\.c$/, ".o", object) }
		object in wanted && /warning:|error:/ {
			sub(src, ""); gsub(/:[0-9]+(:[0-9]+)?:/, ":")
			print object "\t" $0
		}' "$1" | sort
}

no_new_warnings() {
	local name=$1 objects old=()
	arch=$2 cross=$3 obj=$out/$name
	mkdir -p "$obj"
	sources "$branch"
	tr -s ' \t' '\n' <<<"$common ${*:4}" >"$obj/allconfig"
	if ! { kbuild -s KCONFIG_ALLCONFIG="$obj/allconfig" allmodconfig &&
		kbuild -s prepare; } >"$obj/series.log" 2>&1; then
		tail -n 5 "$obj/series.log"
		return 1
	fi
	if [[ $* == *CONFIG_IOMMU_API=n* ]] && grep '^CONFIG_IOMMU_API=' "$obj/.config"; then
		echo "something selects it"
		return 1
	fi
	mapfile -t objects < <(objects)
	[ ${#objects[@]} != 0 ] || {
		echo "it has none of the touched files"
		return 4
	}
	say "compile: $name: ${#objects[@]} objects"
	build series "$obj/series.log" "${objects[@]}" || {
		grep -E 'error:|\*\*\*' "$obj/series.log" | head -n 20
		return 1
	}
	for o in "${objects[@]}"; do
		cat "$obj/${o%/*}/.${o##*/}.cmd" >>"$out/compiled"
	done
	warnings "$obj/series.log" >"$obj/series.warnings"
	mapfile -t old < <(cut -f 1 "$obj/series.warnings" | uniq | while read -r o; do
		! git -C "$tree" cat-file -e "base:${o%.o}.c" 2>/dev/null || echo "$o"
	done)
	: >"$obj/base.log"
	[ ${#old[@]} = 0 ] || build base "$obj/base.log" "${old[@]}" || {
		grep -E 'error:|\*\*\*' "$obj/base.log" | head -n 20
		return 1
	}
	warnings "$obj/base.log" >"$obj/base.warnings"
	# nor is it news what an old header says in a new file
	! comm -13 "$obj/base.warnings" "$obj/series.warnings" |
		awk -F '\t' 'NR == FNR { known[$2]; next } !($2 ~ /^include\// && $2 in known)' \
			"$obj/base.warnings" - | grep .
}

# A file that no configuration compiles has not been looked at.
all_compiled() {
	local file left=()
	while read -r file; do
		grep -qE "/$file( |$)" "$out/compiled" || left+=("$file")
	done < <(touched '*.[ch]')
	[ ${#left[@]} = 0 ] || {
		printf 'not compiled: %s\n' "${left[@]}"
		return 1
	}
}

check() {
	local name=$1
	n=$((n + 1))
	shift
	say "compile: $name"
	local status=0
	"$@" >"$out/said" || status=$?
	case $status in
	0) echo "ok $n $name" ;;
	4) echo "ok $n $name # SKIP $(cat "$out/said")" ;;
	*)
		echo "not ok $n $name"
		sed 's/^/# /' "$out/said"
		;;
	esac
}

for name; do
	configs | grep -q "^$name	" || die "no such configuration: $name (there is: $(configs | cut -f 1 | paste -sd ' '))"
done
alone
mkdir -p "$out" "$B/result"
rm -f "$out/compiled"
exec 9>"$B/lock"
flock 9
{
	echo "TAP version 13"
	while read -r name arch cross options; do
		[ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
		# shellcheck disable=SC2086 # options are words
		check "no new warning: $name" no_new_warnings "$name" "$arch" "$cross" $options </dev/null
	done < <(configs)
	[ $# != 0 ] || check "every file of the series was compiled" all_compiled
	echo "1..$n"
} | tee "$B/result/compile.tap"
! grep -q '^not ok' "$B/result/compile.tap"

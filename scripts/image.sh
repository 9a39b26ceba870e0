#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# image.sh [COMMIT TARGET...]: build the kernel $KERNEL in configuration $CONFIG,
# in $B/obj-$CONFIG (another architecture's in obj-$ARCH-$CONFIG) from the sources
# in $B/src, and print the image's path.
# `stock` is the tag base, `series` the working tree $B/linux as it is now,
# commits and all, `against` is commit $AGAINST; with $BESIDE, the branch, whatever is checked out. They take turns
# in the same folders, so that each is an incremental build. With COMMIT: make TARGET
# of that one, with the options of $KERNEL, and keep no image.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
src=$B/src
obj=$B/obj-$a$CONFIG
name=$a$kernel-$CONFIG
image=$B/image/$name
log=$B/log/build-$name.log
fragments=(config/core.config "config/$ARCH.config")
[ "$CONFIG-$ARCH" != "fast-$(uname -m)" ] || fragments+=(config/host-root.config)
mapfile -t added < <(scripts/topics.py files config && scripts/topics.py files "config-$ARCH")
[ "$KERNEL" = series ] || added=()
for fragment in "config/$CONFIG.config" "config/$CONFIG-$ARCH.config" "config/$BASE.config" "config/$BASE-$ARCH.config" "${added[@]}"; do
	[ ! -f "$fragment" ] || fragments+=("$fragment")
done
# Read once: what is built is what its stamp says, even if somebody edits one meanwhile.
options=$(cat "${fragments[@]}")
sum=$(sha256sum <<<"$options")

# The commit to build; uncommitted work in the tree becomes one of its own.
commit() {
	case $KERNEL in
	stock) git -C "$tree" rev-parse base ;;
	against) echo "$AGAINST" ;;
	series)
		if [ "${BESIDE:-}" ] && [ "$(checked_out "$tree")" != "$branch" ]; then
			git -C "$tree" rev-parse "refs/heads/$branch"
			return
		fi
		dirty=$(changes "$tree") || exit
		if [ -z "$dirty" ]; then
			git -C "$tree" rev-parse HEAD
			return
		fi
		index=$(mktemp "$B/index.XXXXXX")
		trap 'rm -f "$index"' EXIT
		cp "$tree/.git/index" "$index"
		GIT_INDEX_FILE=$index git -C "$tree" add -A
		git -C "$tree" commit-tree -p HEAD -m 'uncommitted work' \
			"$(GIT_INDEX_FILE=$index git -C "$tree" write-tree)"
		;;
	esac
}

# Kconfig has the sample driver as a module only, and these kernels have none; mainline
# lets nobody but such drivers ask for mdev.
kbuild() {
	make -C "$src" O="$obj" ARCH="$ARCH" LOCALVERSION= -j "$JOBS" CONFIG_VFIO_MDEV=y CONFIG_SAMPLE_VFIO_MDEV_MTTY=y "$@"
}

configure() {
	if [ "$sum" = "$(cat "$obj/fragments" 2>/dev/null)" ]; then
		kbuild -s olddefconfig
		return
	fi
	rm -f "$obj/fragments"
	# as `make tinyconfig` does, but with ours among what is not "no"
	cat "$src"/kernel/configs/tiny*.config - <<<"$options" >"$obj/allconfig" &&
		kbuild -s KCONFIG_ALLCONFIG="$obj/allconfig" allnoconfig &&
		echo "$sum" >"$obj/fragments"
}

# Kconfig drops silently what it does not know or cannot have. Of two fragments, the
# later one is right.
dropped() {
	local f line
	awk '/^CONFIG_/ { split($0, option, "="); last[option[1]] = FILENAME " " $0 }
		END { for (o in last) print last[o] }' "${fragments[@]}" | sort |
		while read -r f line; do
			case $line in
			CONFIG_*=n) grep -q "^${line%n}" "$obj/.config" || continue ;;
			*) grep -qxF "$line" "$obj/.config" && continue ;;
			esac
			echo "${f##*/}:$line"
		done
}

mkdir -p "$obj" "$B/log" "$B/image"
alone

commit=${1:-$(commit)}
targets=("${@:2}")
[ $# != 0 ] || targets=("${kbuild_image##*/}")
stamp="$(git -C "$tree" rev-parse "$commit^{tree}") $sum $(sha256sum <"$0") $("${CROSS_COMPILE:-}gcc" --version | head -n 1)"
if [ $# = 0 ] && [ "$stamp" = "$(cat "$image/stamp" 2>/dev/null)" ]; then
	echo "$image/${kbuild_image##*/}"
	exit 0
fi

sources "$commit"
[ $# != 0 ] || say "$BASE: building $name: $(git -C "$tree" log -1 --format=%s "$commit")"
configure >"$log" 2>&1 || {
	tail -n 5 "$log" >&2
	die "cannot configure $name: see $(rel "$log")"
}
dropped=$(dropped)
[ -z "$dropped" ] || {
	dropped="these options did not take effect: ${dropped//$'\n'/ }"
	# What is tried as it is can be of any version.
	[ -n "${PLAIN:-}" ] || die "$dropped"
	say "notice: $dropped"
}
kbuild "${targets[@]}" 2>&1 | tee -a "$log" | progress "$name" || {
	grep -E 'error:|Error |undefined reference' "$log" | head -n 10 >&2 || :
	die "$name does not build: see $(rel "$log")"
}
[ $# = 0 ] || exit 0

rm -rf "$image" "$image.tmp"
mkdir "$image.tmp"
cp "$obj/$kbuild_image" "$obj/System.map" "$obj/.config" "$image.tmp/"
echo "$stamp" >"$image.tmp/stamp"
mv "$image.tmp" "$image"
echo "$image/${kbuild_image##*/}"

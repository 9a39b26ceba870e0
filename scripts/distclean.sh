#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# distclean.sh: remove $B, what `make try` has of the same tree, and QEMUs, APT's lists and other
# hosts that were got, unless one of the trees has work that is nowhere else.
set -euo pipefail
. "${0%/*}/common.sh"

folders=("$B" "$PWD/build/try${B##*/"$BASE"}")
for B in "${folders[@]}"; do
	[ -d "$B/linux" ] || continue
	work=$(work_in "$B/linux")
	[ -z "$work" ] ||
		die "$(rel "$B/linux") has work that is not in series/$BASE (${work//$'\n'/; }): 'make refresh', or remove it yourself"
done
rm -rf "${folders[@]}" build/qemu-* build/apt build/host-*

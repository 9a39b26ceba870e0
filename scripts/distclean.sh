#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# distclean.sh: remove $B, and QEMUs that were got, unless its tree has work that is nowhere else.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
if [ -d "$tree" ]; then
	dirty=$(changes "$tree")
	work=$(git -C "$tree" rev-list -n 1 HEAD --all --not base --glob=refs/bench)
	[ -z "$dirty$work" ] ||
		die "$(rel "$tree") has work that is not in series/$BASE: 'make refresh', or remove it yourself"
fi
rm -rf "$B" build/qemu-*

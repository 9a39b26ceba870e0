#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# distclean.sh: remove $B, and QEMUs that were got, unless its tree has work that is nowhere else.
set -euo pipefail
. "${0%/*}/common.sh"

tree=$B/linux
[ ! -d "$tree" ] ||
	{ [ -z "$(git -C "$tree" status --porcelain)" ] &&
	[ -z "$(git -C "$tree" rev-list -n 1 HEAD --all --not base --glob=refs/bench)" ]; } ||
	die "$(rel "$tree") has work that is not in series/$BASE: 'make refresh', or remove it yourself"
rm -rf "$B" build/qemu-*

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh [VIOMMU...]: all that CI runs; with VIOMMUs, every cell of their matrix
# as well. Each step leaves TAP in $B/result; the last line counts them all.
set -euo pipefail
. "${0%/*}/common.sh"

matrix=("$@")

rm -rf "$B/result"
mkdir -p "$B/result"
scripts/report.py versions >"$B/result/versions"

stress() {
	echo "vfio_group_stress,-k,$1,-t,$2,-a,$3,-r,$4"
}

# The stock kernel must fail what series/$BASE/stock-fails names (a vIOMMU and a
# case a line), or these cases prove nothing of the series. What the series must
# not change (type1.*), the stock kernel must pass, or the cases are wrong.
stock() {
	local viommu case
	{
		while read -r viommu case; do
			if grep -qsE "^not ok [0-9]+ $case$" "$B/result/stock-fast-$viommu"{,-testpmd}.tap.stock; then
				echo "ok stock fails $viommu $case"
			else
				echo "not ok stock fails $viommu $case"
				echo "# it does not: the case can no longer tell stock from series"
			fi
		done < <(grep -v '^#' "series/$BASE/stock-fails")
		for viommu in intel amd virtio; do
			sed -nE "s/^((not )?ok) [0-9]+ type1\\./\\1 stock passes $viommu type1./p" \
				"$B/result/stock-fast-$viommu.tap.stock"
		done
	} | awk '
		BEGIN { print "TAP version 13" }
		/^(not )?ok / { sub(/ok /, "ok " ++n " ") }
		{ print }
		END { print "1.." n + 0 }'
}

build() {
	KERNEL=stock CONFIG=fast scripts/image.sh
	KERNEL=series CONFIG=fast scripts/image.sh
	KERNEL=series CONFIG=debug scripts/image.sh
	[ ${#matrix[@]} = 0 ] || KERNEL=stock CONFIG=debug scripts/image.sh
	scripts/initramfs.sh
}

# vm KERNEL VIOMMU RESULT TEST...
vm() {
	vms+=(+ "$@")
}

# Everything on each vIOMMU with the fast kernel; with the debug kernel, which takes
# five times as long, the races and, on intel, most changes of membership.
run() {
	local dma=vfio_dma_test membership=vfio_group_membership_test
	local type1=vfio_type1_test attach=vfio_attach_test fail_nth=vfio_fail_nth_test
	local viommu vms=()

	# the longest first
	if [ ${#matrix[@]} != 0 ]; then
		for viommu in "${matrix[@]}"; do
			vm series-debug "$viommu" "series-debug-$viommu" "$membership"
			vm stock-debug "$viommu" "stock-debug-$viommu" "$membership"
		done
	else
		vm series-debug intel series-debug-intel "$membership/*.functions.*" "$membership/*.alias.*"
	fi
	vm series-debug intel series-debug-intel-stress "$(stress functions 30 1 1)" "$(stress alias 30 1 1)"
	vm series-debug virtio series-debug-virtio-stress "$fail_nth" "$(stress functions 30 1 1)"
	vm series-debug intel series-debug-intel-fail "$fail_nth"
	vm stock-fast intel stock-fast-intel "$type1" "$attach" "$membership" "$(stress functions 60 10000 500)" "$(stress alias 60 10000 500)"
	vm series-fast intel series-fast-intel "$dma" "$type1" "$attach" "$membership" "$(stress functions 60 10000 500)" "$(stress alias 60 10000 500)"
	vm series-fast amd series-fast-amd "$dma" "$type1" "$attach" "$membership" "$(stress functions 60 10000 500)"
	vm series-fast virtio series-fast-virtio "$dma" "$type1" "$attach" "$membership" "$(stress functions 10 1 1)"
	vm series-debug amd series-debug-amd-stress "$(stress functions 30 1 1)"
	vm stock-fast amd stock-fast-amd "$type1" "$attach" "$membership" "$(stress functions 60 10000 500)"
	if [ ${#matrix[@]} != 0 ]; then
		for viommu in intel-noir intel-sm; do
			vm series-fast "$viommu" "series-fast-$viommu" "$dma" "$type1" "$attach" "$membership"
			vm stock-fast "$viommu" "stock-fast-$viommu" "$type1" "$membership"
		done
		vm stock-fast virtio stock-fast-virtio "$type1" "$membership"
	else
		vm series-fast intel-noir series-fast-intel-noir "$dma" "$attach"
		vm series-fast intel-sm series-fast-intel-sm "$dma" "$membership/*.alias.*"
		vm stock-fast virtio stock-fast-virtio "$type1"
	fi
	vm stock-fast intel stock-fast-intel-testpmd testpmd
	for viommu in "${matrix[@]:-intel}"; do
		vm series-fast "$viommu" "series-fast-$viommu-testpmd" testpmd
	done
	scripts/vm.py run "${vms[@]}"
	# what stock fails is not ours, but what it must fail or pass is
	for result in "$B"/result/stock-*.tap; do
		mv "$result" "$result.stock"
	done
	stock >"$B/result/stock.tap"
}

# A part of the run that fails to write its results must not look like a good one.
step() {
	local name=$1
	shift
	say "== $name"
	if "$@" >&2; then
		echo "ok 1 $name"
	else
		echo "not ok 1 $name"
	fi >"$B/result/step-$name.tap"
}

step build build
step lint scripts/lint.sh
step bisect scripts/bisect.sh
step vm run
step cost scripts/cost.py series intel
step kunit-boot scripts/kunit.sh "$B/log/series-debug-intel.1.log"
step kunit scripts/kunit.sh
bats --formatter tap tests >"$B/result/bench.tap" || :

awk '
	/^(not )?ok / { seen++ }
	/^ok .*# [Ss][Kk][Ii][Pp]/ { skipped++; said = 0; next }
	/^ok / { passed++ }
	/^not ok / { failed++; said = 1; print FILENAME ": " $0; next }
	/^# / && said { print "  " $0; next }
	{ said = 0 }
	END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed > 0 || passed == 0 }
' "$B"/result/*.tap

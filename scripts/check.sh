#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh [all|topics] BASE...: all that CI runs, for $ARCH; with "all", for every
# architecture, and every cell of the matrix; with "topics", each topic alone. Each step
# leaves TAP in $B/result; the last line counts them.
set -euo pipefail
. "${0%/*}/common.sh"

all='' what=''
case $1 in
all | topics)
	all=all what=$1
	shift ;;
esac

# count RESULT...: says what failed, and how many did not
count() {
	awk '
		/^(not )?ok / { seen++ }
		/^ok .*# [Ss][Kk][Ii][Pp]/ { skipped++; said = 0; next }
		/^ok / { passed++ }
		/^not ok / { failed++; said = 1; print FILENAME ": " $0; next }
		/^# / && said { print "  " $0; next }
		{ said = 0 }
		END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed > 0 || passed == 0 }
	' "$@"
}

# aside COMMAND...: beside what follows, when that leaves a core idle. It ends with this script.
asides=()
aside() {
	set -m # a group of its own
	{
		renice -n 19 -p $BASHPID >/dev/null
		"$@"
	} </dev/null &
	set +m
	asides+=("$!")
}

ended() {
	wait "${asides[@]}" || :
	asides=()
}
# shellcheck disable=SC2154 # the trap assigns it
trap 'for job in "${asides[@]}"; do kill -- "-$job" 2>/dev/null || :; done' EXIT
# vm.py ends by itself, which is not to be taken for a result.
trap 'exit 130' INT TERM

# ahead BASE...: the kernels of the bases that come next. Whatever goes wrong here, they meet
# again, and say.
ahead() {
	local base kernel
	for base; do
		mkdir -p "build/$base/log"
		for kernel in stock series; do
			make BASE="$base" KERNEL=$kernel image || return
		done >>"build/$base/log/ahead.log" 2>&1
	done
}

if [ $# -gt 1 ]; then
	results=() status=0
	aside ahead "${@:2}"
	for base; do
		say "==== Linux $base"
		rm -f "build/$base/result"/*.tap
		make BASE="$base" "check${all:+-all}" >/dev/null || status=1
		results+=("build/$base/result"/*.tap)
	done
	count "${results[@]}" || status=1
	exit $status
fi

archs=("$ARCH")
[ -z "$all" ] || archs=(arm64 x86_64) # arm64's VMs take longest
: "${viommu_x86_64:?}" "${viommu_arm64:?}"

# What another run has found of the whole series stays beside what topics do.
if [ "$what" = topics ]; then rm -f "$B/result/"{topic-*,step-*topics}.tap; else rm -rf "$B/result"; fi
mkdir -p "$B/result" "$B/log"
# Debian need not have another suite's kernel for ever.
scripts/tree.sh 2>&1 | tee "$B/log/tree.log" >&2 || {
	status=$? why=$(sed -n 's/^error: //p' "$B/log/tree.log")
	what="not ok 1 Linux $BASE:"
	[ $status != 4 ] || what="ok 1 Linux $BASE # SKIP"
	# What is verified on one version of a base that moves is advice on another.
	[[ $BASE != mainline || $why != *" does not apply to "* || $why == *" to $verified: "* ]] ||
		what="ok 1 Linux $BASE # SKIP advice only:"
	echo "$what $why" >"$B/result/tree.tap"
	count "$B/result/tree.tap"
	exit
}
stress() {
	echo "vfio_group_stress,-k,$1,-t,$2,-a,$3,-r,$4"
}

# The stock kernel must fail what the topics' stock-fails name (a vIOMMU and a
# case a line), or these cases prove nothing of the series. What the series must
# not change (type1.*), the stock kernel must pass, or the cases are wrong.
stock() {
	local viommu case prefix found
	{
		while read -r viommu case; do
			prefix=$B/result/stock-fast-$viommu
			case $viommu in
			arm64-*) prefix=$B/result/arm64-stock-fast-${viommu#arm64-} ;;
			esac
			if grep -qsE "^not ok [0-9]+ $case$" {"$prefix","${prefix/stock-fast/stock-debug}"}{,-own,-testpmd,-host,-pt,-acpi,-sriov,-suspend,-crash,-nested}.tap.stock; then
				echo "ok stock fails $viommu $case"
			elif [ "${viommu#*@}" != "$viommu" ] && [ "$no_qemu" ]; then
				echo "ok stock fails $viommu $case # SKIP $no_qemu"
			elif [[ " ${archs[*]} " != *" $([ "${viommu#arm64-}" = "$viommu" ] && echo x86_64 || echo arm64) "* ]]; then
				echo "ok stock fails $viommu $case # SKIP not on ${archs[*]}: 'make check-all'"
			elif [ -z "$all" ] && [[ " ${vms[*]} " != *" ${viommu#arm64-} "* ]]; then
				echo "ok stock fails $viommu $case # SKIP not on $viommu: 'make check-all'"
			else
				echo "not ok stock fails $viommu $case"
				found=$(cat {"$prefix","${prefix/stock-fast/stock-debug}"}*.tap.stock 2>/dev/null | grep -E "^ok [0-9]+ $case( #|\$)" || :)
				echo "# it does not: ${found:-it did not run}: the case can no longer tell stock from series"
			fi
		done < <(scripts/topics.py files stock-fails | xargs grep -hv '^#')
		for result in "$B"/result/*stock-fast-*.tap.stock; do
			name=${result##*/}
			sed -nE "s/^((not )?ok) [0-9]+ type1\\./\\1 stock passes ${name%.tap.stock} type1./p" "$result"
		done
	} | awk '
		BEGIN { print "TAP version 13" }
		/^(not )?ok / { sub(/ok /, "ok " ++n " ") }
		{ print }
		END { print "1.." n + 0 }'
}

fixes() {
	TOPIC=fixes BESIDE=1 scripts/tree.sh && KERNEL=series CONFIG=fast TOPIC=fixes BESIDE=1 scripts/image.sh
}

build() {
	local ARCH
	export ARCH
	[[ " ${archs[*]} " != *" x86_64 "* || $BASE$all == 6.1 || $BASE$all == 5.10 ]] || newer_qemu || return
	for ARCH in "${archs[@]}"; do
		KERNEL=stock CONFIG=fast scripts/image.sh &&
		KERNEL=series CONFIG=fast scripts/image.sh &&
		{ [[ -z $all || $ARCH != x86_64 ]] || fixes; } &&
		{ [ "$BASE$all" = 5.10 ] || KERNEL=series CONFIG=debug scripts/image.sh; } &&
		{ [[ -z $all && $BASE-$ARCH != mainline-arm64 ]] || KERNEL=stock CONFIG=debug scripts/image.sh; } &&
		scripts/initramfs.sh || return
	done
}

# What a newer QEMU shows is skipped, with the reason, where that cannot be had.
no_qemu=
newer_qemu() {
	local log=$B/log/qemu.log status=0
	scripts/qemu.sh 11 x86_64 2>&1 | tee "$log" >&2 || status=$?
	[ $status = 4 ] || return $status
	no_qemu=$(sed -n 's/^error: //p' "$log")
}

# vm KERNEL VIOMMU RESULT TEST...
vm() {
	if [ "$no_qemu" ] && [ "${2#*@}" != "$2" ]; then
		printf 'ok 1 %s # SKIP %s\n' "$3" "$no_qemu" >"$B/result/$3.tap"
		return
	fi
	vms+=(+ "$@")
}

# A debug kernel takes a third of a minute for KUnit: once is enough. In the matrix, half
# of its time would go to kmemleak: who looks for races and failures looks for leaks.
no_kunit=,kunit.enable=0
matrix=$no_kunit,kmemleak=off

# Everything on each vIOMMU with the fast kernel; with the debug kernel, which takes
# five times as long, the races and, of the rest, the kind of group that breaks most
# easily. The longest first; on stock, membership last: not all that it breaks ends the VM, and
# a case that finds no group of its kind after that is skipped.
vms_x86_64() {
	local viommu kind='/*.functions.*' races=(20 3000 150) user=()
	if [ "$BASE" != 6.1 ]; then
		vms_other
		return
	fi
	if [ "$all" ]; then
		kind='' races=(60 10000 500) user=("$type1/user.*")
		# QEMU 11's amd-iommu is slow with 6.1, stock, too (docs/findings.md).
		vm series-debug$matrix amd@11 series-debug-amd@11 "$frail"
		for viommu in ${viommu_x86_64/%amd}; do
			vm series-debug$matrix "$viommu" "series-debug-$viommu" "$most"
		done
		# Stock panics again and again, and each time takes a new VM: where nothing is named that
		# only this shows, the kinds that break most easily will do.
		vm stock-debug$matrix intel stock-debug-intel "$frail"
	else
		vm series-debug$matrix intel series-debug-intel "$membership/*.alias.*"
	fi
	vm series-debug intel series-debug-intel-stress "$(stress functions 30 1 1)" "$(stress alias 30 1 1)"
	vm series-debug$no_kunit virtio series-debug-virtio-stress "$fail_nth$kind" "$(stress functions 30 1 1)"
	vm series-debug$no_kunit intel series-debug-intel-fail "$fail_nth$kind" "${user[@]}"
	vm stock-fast intel stock-fast-intel "$(stress functions "${races[@]}")" "$(stress alias "${races[@]}")" "$type1" "$attach" "$most"
	vm series-fast intel series-fast-intel "$dma" "$type1" "$attach" "$membership" "$(stress functions "${races[@]}")" "$(stress alias "${races[@]}")"
	vm series-fast amd series-fast-amd "$dma" "$type1" "${amd_kinds[@]}" "$(stress functions "${races[@]}")"
	vm series-fast virtio series-fast-virtio "$dma" "$type1" "$attach" "$most" "$(stress functions 10 1 1)"
	vm series-debug$no_kunit amd series-debug-amd-stress "$(stress functions 30 1 1)"
	vm stock-fast amd stock-fast-amd "$(stress functions "${races[@]}")" "$type1" "${amd_kinds[@]}"
	vm series-fast intel series-fast-intel-host "$host"
	vm stock-fast intel stock-fast-intel-host "$host/*.readd_in_use"
	vm series-fast intel-snoop series-fast-intel-snoop "$attach/*.shared_domain" "$attach/*.coherency"
	# Slots that Linux, not ACPI, powers
	vm series-fast,pcie_ports=native intel series-fast-intel-pciehp "$membership/*.functions_root_port.unplug"
	if [ "$all" ]; then
		for viommu in intel-sm amd@11 virtio; do
			vm series-fast "$viommu" "series-fast-$viommu-host" "$host"
			vm stock-fast "$viommu" "stock-fast-$viommu-host" "$host/*.readd_in_use"
		done
		vm series-fast amd@11 series-fast-amd@11 "$dma" "$type1" "$attach" "$membership" "$(stress alias 60 200 100)"
		vm stock-fast amd@11 stock-fast-amd@11 "$(stress alias 60 200 100)" "$type1" "$attach" "$most"
		vms_hardware
		vm series-fast intel-rmrr series-fast-intel-rmrr "$host/reserved.functions.*"
		# In scalable mode, QEMU lets a device through that once was in the identity domain.
		for viommu in intel virtio amd@11; do
			vm series-fast,iommu=pt "$viommu" "series-fast-$viommu-pt" "$membership/*.isolation"
		done
		for viommu in intel-noir intel-sm; do
			vm series-fast "$viommu" "series-fast-$viommu" "$dma" "$type1" "$attach" "$membership"
			vm stock-fast "$viommu" "stock-fast-$viommu" "$type1" "$frail"
		done
		vm stock-fast virtio stock-fast-virtio "$type1" "$most"
		for viommu in ${viommu_x86_64/%amd/amd@11}; do
			vm series-fast "$viommu" "series-fast-$viommu-testpmd" testpmd
		done
		vm stock-fast amd@11 stock-fast-amd@11-testpmd testpmd
		vms_more
	else
		vm series-fast intel-noir series-fast-intel-noir "$dma" "$attach"
		vm series-fast intel-sm series-fast-intel-sm "$dma" "$membership/*.alias.*"
		vm stock-fast virtio stock-fast-virtio "$type1"
		vm series-fast intel series-fast-intel-testpmd testpmd
	fi
	vm stock-fast intel stock-fast-intel-testpmd testpmd
}

# Virtual functions, a machine that sleeps, a kernel that crashes, and QEMU in the VM
vms_more() {
	local viommu kernel
	for kernel in series stock; do
		for viommu in intel-hw intel-hw-sm amd@11; do
			vm $kernel-fast $viommu $kernel-fast-$viommu-crash crash
			vm $kernel-fast $viommu $kernel-fast-$viommu-sriov vfio_sriov_test
			# QEMU 11's amd-iommu translates nothing after a sleep.
			viommu=${viommu%@11}
			vm $kernel-debug$matrix "$viommu" "$kernel-debug-$viommu-suspend" vfio_suspend_test
		done
		vm $kernel-fast intel-hw $kernel-fast-intel-hw-nested nested
	done
	[ "$BASE" = 5.10 ] || vm series-fast virtio series-fast-virtio-sriov vfio_sriov_test
}

# Intel's IOMMU as hardware is, which need not be told of what was not mapped before, and in
# first-stage translation, which only newer QEMU has.
vms_hardware() {
	local viommu
	for viommu in intel-hw intel-hw-sm intel-fs@11; do
		vm series-fast "$viommu" "series-fast-$viommu" "$dma" "$attach" "$membership/*.functions.*" "$membership/*.alias.*"
		vm stock-fast "$viommu" "stock-fast-$viommu" "$membership/*.alias.re*"
	done
	for viommu in intel-hw intel-hw-sm; do
		vm series-fast $viommu series-fast-$viommu-testpmd testpmd/testpmd.ats
	done
}

# The other series carry over what 6.1's has: less of the same. Of 5.10's, unless all
# is asked for, what stock must fail, and its kin, in a few minutes.
vms_other() {
	local viommu kernel
	if [ "$BASE" = 5.10 ]; then
		vm series-fast,iommu=pt intel series-fast-intel-pt "$membership/*.isolation"
		vm stock-fast,iommu=pt intel stock-fast-intel-pt "$membership/*.alias.isolation"
		vm series-fast intel series-fast-intel-host "$host/reserved.*"
		vm stock-fast intel stock-fast-intel-host "$host/reserved.*.no_driver"
		vm series-fast amd series-fast-amd "$membership/*.functions.*" "$attach/*.f*.*" "$type1/user.*" "$(stress functions 20 1 1)"
		vm stock-fast amd stock-fast-amd "$(stress functions 20 1 1)" "$attach/*.f*.joining_group" "$type1/user.last_page" "$membership/*.functions.re*"
	fi
	if [ "$BASE$all" = 5.10 ]; then
		vm series-fast intel series-fast-intel "$most" "$attach" "$type1"
		vm stock-fast intel stock-fast-intel "$type1/user.*" "$attach/*.*_group" "$membership/*.functions*.re*" "$membership/*.alias.*"
		return
	fi
	for viommu in intel amd@11; do
		for kernel in series-fast stock-fast; do
			vm $kernel $viommu $kernel-$viommu "$(stress functions 20 1 1)" "$(stress alias 20 1 1)" "$type1" "$attach" "$most"
		done
	done
	[ "$BASE" != mainline ] || vms_mainline
	[ -z "$all" ] || vms_hardware
	[ -z "$all" ] || vms_more
	vm series-fast intel-sm series-fast-intel-sm "$dma" "$membership/*.alias.*"
	vm series-debug intel series-debug-intel-stress "$(stress functions 30 1 1)" "$(stress alias 30 1 1)"
	[ "$all" ] || return 0
	for viommu in ${viommu_x86_64/%amd/amd@11}; do
		vm series-debug$matrix "$viommu" "series-debug-$viommu" "$most"
	done
	# Mainline's intel-iommu needs memory to give a group its default domain back.
	viommu=intel
	[ "$BASE" != mainline ] || viommu=virtio
	vm series-debug$no_kunit $viommu series-debug-$viommu-fail "$fail_nth"
}

# Mainline's own suite: all of it on stock, too; else what the series is about, and of the
# rest what takes seconds.
vms_mainline() {
	local viommu
	if [ "$all" ]; then
		vm series-fast intel series-fast-intel-own "${tests_mainline:?}"
		vm stock-fast intel stock-fast-intel-own "$tests_mainline"
		for viommu in intel-noir intel-sm virtio amd@11; do
			vm series-fast $viommu series-fast-$viommu-own "$own@functions" "$own@alias/*.vfio_type1v2_iommu.*" "$own@alias/*.iommufd.*"
			vm stock-fast $viommu stock-fast-$viommu-own "$own@functions/*.iommufd.*" "$own@alias/*.iommufd.*"
		done
	else
		vm series-fast intel series-fast-intel-own vfio_pci_device_test@sriov vfio_iommufd_setup_test \
			vfio_pci_device_init_perf_test vfio_dma_mapping_mmio_test vfio_dma_mapping_test \
			"vfio_pci_sriov_uapi_test@sriov/*_same_uuid.*" "vfio_pci_driver_test/*.iommufd.*" \
			"$own@alias/*v2*" "$own@alias/*.iommufd.*" "$own@functions/*.iommufd.*"
		vm stock-fast intel stock-fast-intel-own "$own@alias/*.remove" "$own@alias/*.iommufd.first_leaves"
		vm series-fast amd@11 series-fast-amd@11-own "$own@alias/*.iommufd.*"
		vm stock-fast amd@11 stock-fast-amd@11-own "$own@alias/*.iommufd.*"
		vm series-fast virtio series-fast-virtio-own "$own@functions/*.iommufd.remove"
		vm stock-fast virtio stock-fast-virtio-own "$own@functions/*.iommufd.remove"
	fi
	vm stock-fast intel-sm stock-fast-intel-sm "$membership/*.alias.remove" "$own@alias/*.iommufd.remove" "$own@alias/*.iommufd.first_leaves"
	vm series-fast intel series-fast-intel-host "$host"
	vm stock-fast intel stock-fast-intel-host "$host/host_driver.alias.*" "$host/reserved.*.given_back"
	vm series-fast intel-rmrr series-fast-intel-rmrr "$host/reserved.functions.*"
	vm stock-fast intel-rmrr stock-fast-intel-rmrr "$host/reserved.functions.no_driver"
	[ ! "$all" ] || vm series-fast intel-sm series-fast-intel-sm-host "$host"
	vm series-fast intel series-fast-intel-acpi acpi_device
	vm stock-fast intel stock-fast-intel-acpi acpi_device
}

vms_arm64() {
	local viommu fail
	for viommu in $viommu_arm64; do
		# As its intel-iommu, mainline's SMMUv3 needs memory to go back.
		fail=$fail_nth
		[ "$BASE-$viommu" != mainline-smmuv3 ] || fail=
		if [ "$all" ]; then
			vm arm64-series-debug$matrix "$viommu" "arm64-series-debug-$viommu" "$most"
			vm arm64-stock-debug$matrix "$viommu" "arm64-stock-debug-$viommu" "$most"
		fi
		vm arm64-series-debug "$viommu" "arm64-series-debug-$viommu-stress" ${fail:+"$fail"} "$(stress functions 30 1 1)"
		vm arm64-series-fast "$viommu" "arm64-series-fast-$viommu" "$dma" "$type1" "$attach" "$most" "$(stress functions 10 1 1)"
		vm arm64-stock-fast "$viommu" "arm64-stock-fast-$viommu" "$(stress functions 10 1 1)" "$type1" "$attach" "$most"
		if [ "$BASE" = mainline ]; then
			vm arm64-series-fast "$viommu" "arm64-series-fast-$viommu-own" "$own@functions"
			vm arm64-stock-fast "$viommu" "arm64-stock-fast-$viommu-own" "$own@functions/*.iommufd.*"
			# The fast kernel can find what was freed as it was.
			[ "$viommu" != smmuv3 ] ||
				vm arm64-stock-debug$matrix smmuv3 arm64-stock-debug-smmuv3-own "$own@functions/*.iommufd.first_leaves"
		fi
	done
}

# What a careful carrier takes: the fixes alone. What attaching takes, and 6.1's user.quiet,
# are the rework's.
vms_fixes() {
	local viommu
	for viommu in intel intel-sm amd@11 $([ "$BASE" = 5.10 ] || echo virtio); do
		vm fixes-fast "$viommu" "fixes-fast-$viommu" "$dma" "$type1/type1.*" "$type1/user.[!q]*" "$most" "$(stress functions 20 1 1)" "$(stress alias 20 1 1)"
	done
}

run() {
	local dma=vfio_dma_test membership=vfio_group_membership_test
	local host=vfio_host_driver_test type1=vfio_type1_test attach=vfio_attach_test fail_nth=vfio_fail_nth_test own=vfio_iommu_group_test
	# Of the kind `deep` one case, but where all of them take seconds
	local most="${shallow:?} $membership/membership.deep.remove"
	# The kinds of group that break most easily
	local frail="$membership/*.functions.* $membership/*.alias.*"
	# With QEMU 7.2, what is behind a bridge has no DMA on amd: amd@11 is for that.
	local amd_kinds=("$attach/*.f*.*" "$membership/*.flat.*" "$membership/*.functions.*" "$membership/function_alone.*"
		"$membership/interrupts.alias.*")
	local arch status=0 vms=()
	for arch in "${archs[@]}"; do
		"vms_$arch"
	done
	[ -z "$all" ] || vms_fixes
	scripts/vm.py run "${vms[@]}" || status=$?
	# what stock fails is not ours, but what it must fail or pass is
	for result in "$B"/result/*stock-*.tap; do
		mv "$result" "$result.stock"
	done
	stock >"$B/result/stock.tap"
	return $status
}

build_tests() {
	local ARCH
	export ARCH
	newer_qemu || return
	for ARCH in "${archs[@]}"; do
		scripts/initramfs.sh || return
	done
}

# Each topic alone, on what it needs: it builds, boots, and passes the tests that it names, or
# else what stock fails for want of it. The tests are the whole series'.
topics() {
	local topic viommu tests arch result vms=() status=0
	local KERNEL=series CONFIG=fast BESIDE=1 TOPIC ARCH
	export KERNEL CONFIG BESIDE TOPIC ARCH
	while read -r topic; do
		TOPIC=$topic
		while read -r viommu tests; do
			arch=x86_64
			[ "$viommu" = "${viommu#arm64-}" ] || arch=arm64
			[[ " ${archs[*]} " == *" $arch "* ]] || continue
			ARCH=$arch result=topic-$topic-$viommu
			say "topic $topic, for $viommu"
			if { scripts/tree.sh && scripts/image.sh; } </dev/null >"$B/log/$result.build" 2>&1; then
				# shellcheck disable=SC2086 # they are words
				vm "${viommu%"${viommu#arm64-}"}$topic-fast" "${viommu#arm64-}" "$result" $tests
			else
				{
					echo "not ok 1 topic $topic builds for $arch"
					tail -n 5 "$B/log/$result.build" | sed 's/^/# /'
				} >"$B/result/$result.tap"
				status=1
			fi
		done < <(scripts/topics.py tests)
	done < <(TOPIC='' scripts/topics.py names)
	scripts/vm.py run "${vms[@]}" && return $status
}

# A part of the run that fails to write its results must not look like a good one. In what
# is called here, `set -e` does nothing.
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

if [ "$what" = topics ]; then
	step tests-for-topics build_tests
	step topics topics
	count "$B"/result/{topic-*,step-*topics}.tap
	exit
fi
[ "$BASE" != 6.1 ] || bats --formatter tap --filter-tags '!built' tests >"$B/result/test.tap" || :
step build build
scripts/report.py versions >"$B/result/versions"
brief=()
[ "$BASE$all" != 5.10 ] || brief=(brief)
aside step lint scripts/lint.sh "${brief[@]}"
step vm run
[ -z "$all" ] || { ended && step bisect scripts/bisect.sh; }
for ARCH in "${archs[@]}"; do
	export ARCH
	case $ARCH in
	x86_64)	[ "$BASE" != 6.1 ] || step cost scripts/cost.py series intel amd ${all:+intel-sm virtio}
		# Each kernel of 5.10 runs them.
		boot=series-debug-intel-stress
		[ "$BASE$all" != 5.10 ] || boot=series-fast-intel
		step kunit-boot scripts/kunit.sh "$B/log/$boot.1.log" ;;
	arm64)	step arm64-kunit-boot scripts/kunit.sh "$B/log/arm64-series-debug-smmuv3-stress.1.log" ;;
	esac
	[ -z "$all" ] || step "${ARCH}-kunit" scripts/kunit.sh
done
[ -z "$all" ] || step compile scripts/compile.sh
[ "$BASE" != 6.1 ] || bats --formatter tap --filter-tags built tests >"$B/result/test-built.tap" || :
ended
version=$(cat "$B/linux/.git/bench-version")
[ "$BASE" != mainline ] || [ "$version" = "$verified" ] ||
	sed -i -E "s/^not (ok .*)/\1 # SKIP advice only: this is $version, verified is $verified/" "$B"/result/*.tap

count "$B"/result/*.tap

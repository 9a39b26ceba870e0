#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh [all|topics] BASE...: all that CI runs, for $ARCH; with "all", for every
# architecture, and every cell of the matrix, or with $SHARD a part of that; with "topics",
# each topic alone. series/<base>/plan says what that is. Each step leaves TAP in $B/result;
# the last line counts them.
set -euo pipefail
. "${0%/*}/common.sh"

what=check
case $1 in
all)
	what=check-all
	shift
	;;
topics)
	what=topics
	shift
	;;
esac

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
	shopt -s nullglob
	results=() status=0
	aside ahead "${@:2}"
	for base; do
		say "==== Linux $base"
		rm -f "build/$base/result"/*.tap
		make BASE="$base" "$what" >/dev/null || status=1
		results+=("build/$base/result"/*.tap)
	done
	scripts/tap.py count "${results[@]}" || status=1
	exit $status
fi

archs=("$ARCH")
[ $what = check ] || archs=(arm64 x86_64)

# Bad input costs nobody the last results. What another run has found of the whole series stays beside what topics do.
[ $what = topics ] || plan=$(scripts/plan.py $what)
if [ $what = topics ]; then rm -f "$B/result/"{topic-*,step-*topics}.tap; else rm -rf "$B/result"; fi
mkdir -p "$B/result" "$B/log"
if [ $what != topics ]; then
	scripts/plan.py $what names >"$B/result/plan"
fi
# Debian need not have another suite's kernel for ever.
scripts/tree.sh 2>&1 | tee "$B/log/tree.log" >&2 || {
	status=$? why=$(sed -n 's/^error: //p' "$B/log/tree.log")
	line="not ok 1 Linux $BASE:"
	[ $status != 4 ] || line="ok 1 Linux $BASE # SKIP"
	# What is verified on one version of a base that moves is advice on another.
	[[ -z $(of_base moves) || $why != *" does not apply to "* || $why == *" to $verified: "* ]] ||
		line="ok 1 Linux $BASE # SKIP advice only:"
	echo "$line $why" >"$B/result/tree.tap"
	rm -f "$B/result/plan"
	scripts/tap.py count "$B/result/tree.tap"
	exit
}

# A part of the run that fails to write its results must not look like a good one. In what
# is called here, `set -e` does nothing.
step() {
	local name=$1 began=$SECONDS
	shift
	say "== $name"
	if "$@" >&2; then
		echo "ok 1 $name"
	else
		echo "not ok 1 $name"
	fi >"$B/result/step-$name.tap"
	[ -z "${TIMES:-}" ] || echo "step-$name $((SECONDS - began))" >>"$TIMES"
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
vms=()
vm() {
	if [ "$no_qemu" ] && [[ $2 = *@* ]]; then
		printf 'ok 1 %s # SKIP %s\n' "$3" "$no_qemu" >"$B/result/$3.tap"
		return
	fi
	vms+=(+ "$@")
}

# Each topic alone, on what it needs: it builds, boots, and passes the tests that it names, or
# else what stock fails for want of it. The tests are the whole series'.
topics() {
	local topic viommu tests arch result status=0
	local KERNEL=series CONFIG=fast BESIDE=1 TOPIC ARCH
	export KERNEL CONFIG BESIDE TOPIC ARCH
	while read -r topic; do
		TOPIC=$topic
		while read -r viommu tests; do
			arch=x86_64
			[ "$viommu" = "${viommu#arm64-}" ] || arch=arm64
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

build_tests() {
	local ARCH
	export ARCH
	newer_qemu || return
	for ARCH in "${archs[@]}"; do
		scripts/initramfs.sh || return
	done
}

if [ $what = topics ]; then
	step tests-for-topics build_tests
	step topics topics
	scripts/tap.py count "$B"/result/{topic-*,step-*topics}.tap
	exit
fi

# planned FIELD PATTERN: that of the plan's lines of which PATTERN is in front, once each
planned() {
	grep -E "^$2" <<<"$plan" | cut -f "$1" | awk '!seen[$0]++'
}

# The kernels that the VMs want, and the steps: an incremental build after another.
kernels() {
	{
		planned 2 vm | sed 's/,.*//'
		planned 3 'step.(cost|test-built)' | sed 's/cost/stock-fast\nseries-fast/; s/test-built/stock-fast/'
	} | awk -F - '{ print ($NF == "debug") ($0 !~ /stock/) ($0 ~ /fixes/), $0 }' | sort -u | cut -d ' ' -f 2
}

build() {
	local kernel ARCH KERNEL CONFIG TOPIC='' BESIDE=''
	export ARCH KERNEL CONFIG TOPIC BESIDE
	! planned 3 vm | grep -q @ || newer_qemu || return
	for kernel in $(kernels); do
		ARCH=x86_64 CONFIG=${kernel##*-} KERNEL=${kernel%-*} TOPIC='' BESIDE=''
		[ "${KERNEL#arm64-}" = "$KERNEL" ] || ARCH=arm64 KERNEL=${KERNEL#arm64-}
		if [ "$KERNEL" = debian ]; then
			KERNEL=stock KERNEL_IMAGE=$(of_base binary) scripts/try.sh "$kernel" || return
			continue
		fi
		if [ "$KERNEL" = fixes ]; then
			KERNEL=series TOPIC=fixes BESIDE=1
			scripts/tree.sh || return
		fi
		scripts/image.sh || return
	done
	for ARCH in $(kernels | sed '/^debian/d; /^arm64-/!s/.*/x86_64/; s/^arm64-.*/arm64/' | sort -u); do
		TOPIC='' BESIDE='' scripts/initramfs.sh || return
	done
}

run() {
	local kind kernel viommu result tests status=0
	while IFS=$'\t' read -r kind kernel viommu result tests; do
		# shellcheck disable=SC2086 # they are words
		[ "$kind" != vm ] || {
			set -f
			vm "$kernel" "$viommu" "$result" $tests
			set +f
		}
	done <<<"$plan"
	[ ${#vms[@]} = 0 ] || scripts/vm.py run "${vms[@]}" || status=$?
	# what stock fails is not ours, but what it must fail or pass is
	for result in "$B"/result/{*stock,debian}-*.tap; do
		[ ! -e "$result" ] || mv "$result" "$result.stock"
	done
	NO_QEMU=$no_qemu scripts/plan.py $what stock >"$B/result/stock.tap" || status=1
	return $status
}

# of_bats NAME TAGS: the bench's own tests
of_bats() {
	bats --jobs "$JOBS" --formatter tap --filter-tags "$2" tests >"$B/result/$1.tap"
}

# part RESULT NAME ARCH ARGUMENT...: a step of the plan
part() {
	local result=$1 name=$2
	[ "$3" = - ] || local -x ARCH=$3
	shift 3
	case $name in
	test) step test of_bats test '!built' ;;
	test-built) step test-built of_bats test-built built ;;
	lint) aside step lint scripts/lint.sh "$@" ;;
	bisect) ended && step bisect scripts/bisect.sh ;;
	compile) step compile scripts/compile.sh ;;
	cost) step cost scripts/cost.py series "$@" ;;
	host) step "$result" scripts/host.sh "$@" ;;
	kunit) step "$result" scripts/kunit.sh ;;
	kunit-boot) step "$result" scripts/kunit.sh "$B/log/$1.1.log" ;;
	esac
}

# parts PATTERN: those of that name
parts() {
	local lines words
	mapfile -t lines < <(grep ^step <<<"$plan")
	for words in "${lines[@]}"; do
		read -ra words <<<"$words"
		[[ ! ${words[2]} =~ ^($1)$ ]] || part "${words[@]:1}"
	done
}

export TIMES=$B/result/times
parts test
step build build
scripts/report.py versions >"$B/result/versions"
parts lint
step vm run
parts 'bisect|cost|kunit|kunit-boot|compile|test-built|host'
ended
version=$(cat "$B/linux/.git/bench-version")
[ -z "$(of_base moves)" ] || [ "$version" = "$verified" ] ||
	sed -i -E "s/^not (ok .*)/\1 # SKIP advice only: this is $version, verified is $verified/" "$B"/result/*.tap

scripts/plan.py $what missing >"$B/result/plan.tap"
scripts/tap.py junit "$B"/result/*.tap >"$B/result/junit.xml" || :
scripts/tap.py count "$B"/result/*.tap

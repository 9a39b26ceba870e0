#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# deps.sh [WHO...]: make sure that the tools are there which every run needs, and
# which WHO of the last column does. DEPS=skip: only look, and name what is missing.
set -euo pipefail

# what is looked for (a command, or a file)	its Debian package	who needs it
needs() {
	cat <<-EOF
	git			git			run
	gcc			gcc			run
	flex			flex			run
	bison			bison			run
	bc			bc			run
	perl			perl			run
	python3			python3			run
	cpio			cpio			run
	rsync			rsync			run
	xz			xz-utils		run
	flock			util-linux		run
	/usr/include/libelf.h	libelf-dev		run
	/usr/lib/x86_64-linux-gnu/libc.a	libc6-dev	run
	/usr/include/linux/kvm.h	linux-libc-dev	run
	/bin/busybox		busybox-static		run
	qemu-system-x86_64	qemu-system-x86		run
	/usr/lib/x86_64-linux-gnu/libuuid.a	uuid-dev	mainline
	aarch64-linux-gnu-gcc	gcc-aarch64-linux-gnu	arm64
	/usr/aarch64-linux-gnu/lib/libc.a	libc6-dev-arm64-cross	arm64
	qemu-system-aarch64	qemu-system-arm		arm64
	gnuplot			gnuplot-nox		bench
	sparse			sparse			lint
	shellcheck		shellcheck		lint
	spatch			coccinelle		lint
	ocamlopt		ocaml-nox		lint
	/usr/share/doc/python3-ply	python3-ply	lint
	/usr/share/doc/python3-git	python3-git	lint
	sphinx-build		python3-sphinx		lint
	bats			bats			check
	aiosmtpd		python3-aiosmtpd	check
	/usr/lib/git-core/git-send-email	git-email	mails
	/usr/share/perl5/Mail/Address.pm	libmailtools-perl	mails
	/usr/share/perl5/IO/Socket/SSL.pm	libio-socket-ssl-perl	mails
	/usr/share/perl5/Authen/SASL.pm	libauthen-sasl-perl	mails
	dpdk-testpmd		dpdk-dev		testpmd
	sparse			sparse			compile
	aarch64-linux-gnu-gcc	gcc-aarch64-linux-gnu	compile
	arm-linux-gnueabihf-gcc	gcc-arm-linux-gnueabihf	compile
	powerpc64-linux-gnu-gcc	gcc-powerpc64-linux-gnu	compile
	s390x-linux-gnu-gcc	gcc-s390x-linux-gnu	compile
	/usr/lib/llvm-19/bin/clang	clang-19	compile
	/usr/lib/llvm-19/bin/ld.lld	lld-19	compile
	/usr/lib/llvm-19/bin/llvm-ar	llvm-19	compile
	EOF
}

missing=() packages=()
while read -r what package who; do
	[[ " run $* " == *" $who "* ]] || continue
	[[ -z ${QEMU:-} || $what != qemu-system-* ]] || continue
	case $what in
	/*)	[ -e "$what" ] && continue ;;
	*)	[ -n "$(type -P "$what")" ] && continue ;;
	esac
	missing+=("$what")
	packages+=("$package")
done < <(needs)

[ ${#missing[@]} -gt 0 ] || exit 0

if [ "${DEPS:-}" = skip ]; then
	echo "deps: missing: ${missing[*]} (Debian: apt-get install ${packages[*]})" >&2
	exit 1
fi

sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=$(type -P sudo) || {
		echo "deps: installing ${packages[*]} needs root: run 'apt-get install ${packages[*]}' as root, or DEPS=skip" >&2
		exit 1
	}
fi
echo "deps: installing with APT, as root since they go to /usr: ${packages[*]}"
apt() {
	# dpkg's lock may be held for a while by what a fresh machine does first
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@"
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt update && apt install -y --no-install-recommends "${packages[@]}"; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "deps: APT could not install ${packages[*]}: see above" >&2
	exit 1
fi

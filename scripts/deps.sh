#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# deps.sh [WHO...]: make sure that the tools are there which WHO of the last column needs:
# `run`, unless `tests` is among WHO, for kernels that are there, or WHO is `report`. DEPS=skip: only look, and
# name what is missing.
set -euo pipefail

# what is looked for (a command, or a file)	its Debian package	who needs it
needs() {
	cat <<-EOF
		git                                                        git          run tests
		gcc                                                        gcc          run tests
		flex                                                       flex         run
		bison                                                      bison        run
		bc                                                         bc           run
		perl                                                       perl         run tests
		python3                                                    python3      run tests
		cpio                                                       cpio         run tests
		rsync                                                      rsync        run tests
		xz                                                         xz-utils    run tests
		flock                                                      util-linux  run tests
		/usr/include/libelf.h             libelf-dev               run
		libc.a                                                     libc6-dev run tests
		/usr/include/linux/kvm.h          linux-libc-dev          run tests
		busybox                                                            busybox-static  run tests
		qemu-system-x86_64                qemu-system-x86                  run tests
		/sbin/depmod                                              kmod       try check
		libuuid.a                                                 uuid-dev libvfio
		aarch64-linux-gnu-gcc             gcc-aarch64-linux-gnu   arm64
		/usr/aarch64-linux-gnu/lib/libc.a libc6-dev-arm64-cross   arm64
		qemu-system-aarch64               qemu-system-arm                        arm64
		python3:jinja2                                            python3-jinja2             report check
		gnuplot                                                                  gnuplot-nox  bench
		sparse                                                                   sparse        lint
		shellcheck                                                shellcheck                 lint
		shfmt                                                                    shfmt         lint
		pylint                                                                   pylint        lint
		yamllint                                                  yamllint                   lint check
		spatch                                                                   coccinelle   lint
		ocamlopt                                                  ocaml-nox                  lint
		/usr/share/doc/python3-ply        python3-ply             lint
		/usr/share/doc/python3-git        python3-git             lint
		sphinx-build                                              python3-sphinx        lint
		bats                                                                       bats   check
		parallel                                                  parallel              check
		aiosmtpd                                                  python3-aiosmtpd check
		/usr/lib/git-core/git-send-email  git-email               mails
		/usr/share/perl5/Mail/Address.pm  libmailtools-perl       mails
		/usr/share/perl5/IO/Socket/SSL.pm libio-socket-ssl-perl   mails
		/usr/share/perl5/Authen/SASL.pm   libauthen-sasl-perl     mails
		dpkg-buildpackage                 dpkg-dev                packages
		dh                                debhelper               packages
		/usr/include/openssl/ssl.h        libssl-dev              packages
		pahole                            dwarves                 packages
		dpdk-testpmd                                              dpdk-dev  testpmd
		/usr/sbin/debootstrap             debootstrap                      host
		sparse                                                             sparse   compile
		aarch64-linux-gnu-gcc             gcc-aarch64-linux-gnu   compile
		arm-linux-gnueabihf-gcc           gcc-arm-linux-gnueabihf compile
		powerpc64-linux-gnu-gcc           gcc-powerpc64-linux-gnu compile
		s390x-linux-gnu-gcc               gcc-s390x-linux-gnu     compile
		/usr/lib/llvm-19/bin/clang        clang-19                compile
		/usr/lib/llvm-19/bin/ld.lld       lld-19                  compile
		/usr/lib/llvm-19/bin/llvm-ar      llvm-19                 compile
	EOF
}

[[ " $* " == *" tests "* || $* == report ]] || set -- run "$@"

# What a package of Debian's is called in Fedora, Arch and openSUSE, where that is another name.
# "-": they have none.
elsewhere() {
	cat <<-EOF
		xz-utils                                        xz                                                             xz   xz
		libelf-dev                                      elfutils-libelf-devel    libelf                                   libelf-devel
		libc6-dev                                       glibc-static                                 glibc                 glibc-devel-static
		linux-libc-dev                                  kernel-headers                               linux-api-headers linux-glibc-devel
		python3                                                                  python3                                       python   python3
		busybox-static                                  busybox                                                        busybox         busybox-static
		qemu-system-x86                                 qemu-system-x86-core     qemu-system-x86                       qemu-x86
		qemu-system-arm                                 qemu-system-aarch64-core qemu-system-aarch64 qemu-arm
		uuid-dev                                        libuuid-devel                                util-linux-libs  libuuid-devel
		gcc-aarch64-linux-gnu   gcc-aarch64-linux-gnu   aarch64-linux-gnu-gcc    cross-aarch64-gcc13
		libc6-dev-arm64-cross   -                                                                 aarch64-linux-gnu-glibc -
		gnuplot-nox                                     gnuplot                                                           gnuplot   gnuplot
		shellcheck                                      ShellCheck                                shellcheck                      ShellCheck
		shfmt                                                                    shfmt                                            shfmt           shfmt
		pylint                                                                   pylint                                           python-pylint  python3-pylint
		yamllint                                        yamllint                                  yamllint                        yamllint
		ocaml-nox                                       ocaml                                                             ocaml     ocaml
		python3-jinja2                                  python3-jinja2                            python-jinja                    python3-Jinja2
		python3-ply                                     python3-ply                               python-ply                      python3-ply
		python3-git                                     python3-GitPython        python-gitpython python3-GitPython
		python3-sphinx                                  python3-sphinx                            python-sphinx  python3-Sphinx
		python3-aiosmtpd        python3-aiosmtpd        python-aiosmtpd                           python3-aiosmtpd
		parallel                                        parallel                                  parallel  gnu_parallel
		git-email                                       git-email                                 git        git-email
		libmailtools-perl       perl-MailTools                                   perl-mailtools            perl-MailTools
		libio-socket-ssl-perl   perl-IO-Socket-SSL      perl-io-socket-ssl       perl-IO-Socket-SSL
		libauthen-sasl-perl     perl-Authen-SASL        perl-authen-sasl         perl-Authen-SASL
		dpkg-dev                dpkg-dev                dpkg dpkg
		debhelper               debhelper               - -
		libssl-dev              openssl-devel           openssl libopenssl-devel
		dwarves                 dwarves                 pahole dwarves
		dpdk-dev                                        dpdk                            dpdk        dpdk
		clang-19                                        clang                           clang       clang19
		lld-19                                                                   lld          lld    lld19
		llvm-19                                                                  llvm         llvm   llvm19
		gcc-arm-linux-gnueabihf -                                                     -            -
		gcc-powerpc64-linux-gnu gcc-powerpc64-linux-gnu -                               cross-ppc64-gcc13
		gcc-s390x-linux-gnu     gcc-s390x-linux-gnu     -                               cross-s390x-gcc13
	EOF
}

# called COLUMN PACKAGE...
called() {
	elsewhere | awk -v column="$1" -v packages="${*:2}" '
		{ name[$1] = $column }
		END {
			words = split(packages, package, " ")
			for (i = 1; i <= words; i++)
				printf " %s", package[i] in name ? name[package[i]] : package[i]
		}'
}

install() {
	echo "Debian: apt-get install ${packages[*]}; Fedora: dnf install$(called 2 "${packages[@]}"); Arch: pacman -S$(called 3 "${packages[@]}"); openSUSE: zypper install$(called 4 "${packages[@]}")"
}

missing=() packages=()
while read -r what package who; do
	for role in $who; do
		[[ " $* " != *" $role "* ]] || break
	done
	[[ " $* " == *" $role "* ]] || continue
	[[ -z ${QEMU:-} || $what != qemu-system-* ]] || continue
	case $what in
	busybox) [ -n "$(type -P busybox)" ] && ! ldd "$(type -P busybox)" >/dev/null 2>&1 && continue ;; # a static one
	lib*.a) [[ $(gcc -print-file-name="$what" 2>/dev/null) != /* ]] || continue ;;
	python3:*) PATH=/usr/bin:$PATH python3 -c "import ${what#*:}" 2>/dev/null && continue ;;
	/*) [ -e "$what" ] && continue ;;
	*) [ -n "$(type -P "$what")" ] && continue ;;
	esac
	missing+=("$what")
	packages+=("$package")
done < <(needs)

[ ${#missing[@]} -gt 0 ] || exit 0

if [ "${DEPS:-}" = skip ]; then
	echo "deps: missing: ${missing[*]} ($(install))" >&2
	exit 1
fi
if [ -z "$(type -P apt-get)" ]; then
	echo "deps: there is no APT here to install what is missing: ${missing[*]} ($(install))" >&2
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

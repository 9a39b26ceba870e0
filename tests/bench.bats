# SPDX-License-Identifier: GPL-2.0
# What the bench does with bad input and bad luck: `make test`. A case that is tagged
# `built` needs the kernels that are built in $B of the tree it runs in.

bats_require_minimum_version 1.5.0

setup_file() {
	export TOP=$PWD
	export B=${B:-$PWD/build/6.1}
	export TESTED=${BASE:-6.1}
	# shellcheck disable=SC2046 # several names
	unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BASE TOPIC KERNEL CONFIG ARCH VIOMMU LINUX DEPS ALONE PLAIN BESIDE QEMU qemu_folder ACCEL KARGS KERNEL_IMAGE MODULES AGAINST SHARD RESULTS TIMES KCONFIG $(compgen -e GIT_)
}

# A copy of the bench, and a kernel tree of two files for it.
setup() {
	copy=$BATS_TEST_TMPDIR/bench
	mkdir "$copy"
	cd "$TOP" || return
	# without the topics: half a thousand files, and each case has its own
	git ls-files -z --cached --others --exclude-standard -- . ':!series/*/[0-9]*' | xargs -0 cp --parents -t "$copy"
	cd "$copy" || return
	rm series/6.1/{README.md,series}
	topic 01-count 'fake: count' carried
	topic 02-more 'fake: count on' carried 'needs: count'

	fake=$BATS_TEST_TMPDIR/fake
	mkdir "$fake"
	seq 100 >"$fake/Kbuild"
	printf '*.o\n' >"$fake/.gitignore"
	git -C "$fake" init -q
	git -C "$fake" config user.name T
	git -C "$fake" config user.email t@localhost
	git -C "$fake" add .
	git -C "$fake" commit -q -m 'fake: start'
	F=build/6.1-fake-$(printf '%s\n' "$fake" | sha256sum | cut -c 1-8)
}

# topic FOLDER TITLE FOR [LINE...]
topic() {
	mkdir -p "series/6.1/$1"
	printf '%s\n' "title: $2" "for: $3" "${@:4}" >"series/6.1/$1/topic"
}

teardown() {
	[ -z "${sink:-}" ] || kill "$sink"
}

# built PART: has somebody built that of this tree?
built() {
	[ -e "$B/$1" ] || skip "there is no $1 in $B: 'make' builds it"
}

no_build() {
	[ ! -e build ]
}

# commit OLD NEW [TOPIC]: a change to the fake kernel as a commit of a topic
commit() {
	sed -i "s/^$1$/$2/" "$F/linux/Kbuild"
	git -C "$F/linux" -c user.name=T -c user.email=t@localhost commit -q -a -m "fake: turn $1 into $2" --trailer "Topic: ${3:-count}"
}

vm() {
	mkdir -p "$BATS_TEST_TMPDIR/b"
	ln -sfn "$B/image" "$BATS_TEST_TMPDIR/b/image"
	: "${INITRAMFS:=$B/initramfs.cpio}"
	export INITRAMFS
	B=$BATS_TEST_TMPDIR/b scripts/vm.py run + stock-fast intel result test
}

hanging_guest() {
	mkdir -p "$BATS_TEST_TMPDIR/root/bin"
	cp /bin/busybox "$BATS_TEST_TMPDIR/root/bin/"
	printf '#!/bin/busybox sh\necho the guest says this and no more\nexec /bin/busybox sleep 1000\n' \
		>"$BATS_TEST_TMPDIR/root/init"
	chmod +x "$BATS_TEST_TMPDIR/root/init"
	INITRAMFS=$BATS_TEST_TMPDIR/hanging.cpio
	(cd "$BATS_TEST_TMPDIR/root" && find . | cpio -o -H newc --quiet) >"$INITRAMFS"
}

sums() {
	find series/6.1 -type f -exec sha256sum {} + | sort -k 2
}

# What `make mails` needs: the copy as somebody's git repository, with nobody
# else's settings.
person() {
	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
	git init -q
	git config user.name "$1"
	git config user.email person@somewhere.test
	git add -f .
	git -c user.name=T commit -q -m 'bench: start'
}

# The fake kernel as one that get_maintainer.pl knows.
maintained() {
	mkdir -p "$fake"/{Documentation,arch,include,drivers,fs,init,ipc,kernel,lib,scripts}
	touch "$fake"/{COPYING,CREDITS,Makefile,README,{Documentation,arch,include,drivers,fs,init,ipc,kernel,lib}/.keep}
	cp "$B/linux/scripts/get_maintainer.pl" "$fake/scripts/"
	seq 100 >"$fake/drivers/one"
	cat >"$fake/MAINTAINERS" <<-EOF
		List of maintainers
		-------------------

		BUILD
		M: "Bob T." <bob@build.test>
		R: Rea <rea@build.test>
		L: list@build.test
		S: Supported
		F: Kbuild

		ONE
		M: Ünal <one@drivers.test>
		S: Odd Fixes
		F: drivers/one

		THE REST
		L: linux-kernel@vger.test
		F: *
		F: */
	EOF
	git -C "$fake" add -f .
	git -C "$fake" commit -q -m 'fake: maintained'
}

# Each mail of a folder as lines: its headers, unfolded and decoded.
headers() {
	python3 - "$@" <<-'EOF'
		import email, email.policy, sys
		for name in sys.argv[1:]:
		    mail = email.message_from_binary_file(open(name, 'rb'), policy=email.policy.default)
		    for header in 'From', 'Subject', 'To', 'Cc', 'X-RcptTo':
		        print(f"{header}: {mail[header] or ''}")
	EOF
}

recipients() {
	headers "$@" | sed -n 's/^X-RcptTo: //p' | tr -d ' ' | tr , '\n' | sort -u
}

@test "what is made of a console" {
	tests/test_vm.py
}

@test "what is made of TAP" {
	tests/test_tap.py
}

@test "an unknown BASE, KERNEL, CONFIG, ARCH, VIOMMU is refused before any work" {
	for bad in BASE=9.9 KERNEL=mine CONFIG=slow ARCH=mips VIOMMU=arm DEPS=maybe ACCEL=xen; do
		run -2 make "$bad" selftests
		[[ $output == *"$bad: want one of: "* ]]
		[ "${#lines[@]}" = 1 ]
		no_build
	done
	run -2 make ARCH=arm64 VIOMMU=intel selftests
	[[ $output == *"VIOMMU=intel: want one of: smmuv3 virtio all"* ]]
	[ "${#lines[@]}" = 1 ]
	no_build
}

@test "QEMU that is none, is too old or lacks a device is refused before any work" {
	for bad in QEMU=9 QEMU=/etc/passwd QEMU="$BATS_TEST_TMPDIR"; do
		run -2 make "$bad" selftests
		[[ $output == *"$bad: want 11, or the path of a qemu-system-x86_64 or of its folder"* ]]
		[ "${#lines[@]}" = 1 ]
		no_build
	done
	run -2 make VIOMMU=virtio@9 selftests
	[[ $output == *"VIOMMU=virtio@9: want one of: "* ]]
	emulator=$BATS_TEST_TMPDIR/qemu-system-x86_64
	real=$(type -P qemu-system-x86_64)
	says() {
		printf '#!/bin/sh\n%s\n' "$1" >"$emulator"
		chmod +x "$emulator"
		run -2 make QEMU="$emulator" DEPS=skip selftests
		[[ ${lines[0]} == "error: $emulator$2" ]]
		no_build
	}
	says 'echo BusyBox' ' is no QEMU'
	says "case \$* in *edu,help) exit 1 ;; esac; exec $real \"\$@\"" ": QEMU $($real --version | awk 'NR == 1 { print $4 }') has no device edu"
	says "$real \"\$@\" | grep -v caching-mode" ": QEMU $($real --version | awk 'NR == 1 { print $4 }') has no option caching-mode of intel-iommu"
}

@test "DEPS=skip names the missing tool and installs nothing" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s /usr/bin/* "$BATS_TEST_TMPDIR/bin/"
	rm "$BATS_TEST_TMPDIR/bin/qemu-system-x86_64"
	PATH=$BATS_TEST_TMPDIR/bin run -2 make DEPS=skip tree
	[[ ${lines[0]} == "deps: missing: qemu-system-x86_64 (Debian: apt-get install qemu-system-x86; Fedora: dnf install qemu-system-x86-core; Arch: pacman -S qemu-system-x86; openSUSE: zypper install qemu-x86)" ]]
	no_build
}

@test "what only a test needs is missed only by that test" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s /usr/bin/* "$BATS_TEST_TMPDIR/bin/"
	rm -f "$BATS_TEST_TMPDIR/bin/dpdk-testpmd"
	PATH=$BATS_TEST_TMPDIR/bin run -2 make DEPS=skip TESTS=testpmd selftests
	[[ ${lines[0]} == "deps: missing: dpdk-testpmd (Debian: apt-get install dpdk-dev; "* ]]
	PATH=$BATS_TEST_TMPDIR/bin run -0 make DEPS=skip deps
	no_build
	# what only the building of a kernel needs
	rm "$BATS_TEST_TMPDIR/bin/flex"
	PATH=$BATS_TEST_TMPDIR/bin run -2 make DEPS=skip deps
	PATH=$BATS_TEST_TMPDIR/bin run -0 make DEPS=skip deps-tests-try
}

@test "a host without APT is told what to install, and gets no package" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s /usr/bin/* "$BATS_TEST_TMPDIR/bin/"
	rm "$BATS_TEST_TMPDIR/bin/apt-get"
	PATH=$BATS_TEST_TMPDIR/bin run -2 make tree
	[[ $output == *"error: 6.1: there is no APT here to get linux-source-6.1 with: use LINUX=<path>"* ]]
	PATH=$BATS_TEST_TMPDIR/bin run -0 make LINUX="$fake" tree
	rm "$BATS_TEST_TMPDIR/bin/bc"
	PATH=$BATS_TEST_TMPDIR/bin run -2 make LINUX="$fake" tree
	[[ ${lines[0]} == "deps: there is no APT here to install what is missing: bc (Debian: apt-get install bc; Fedora: "* ]]
}

@test "what another package provides is not taken for the one that is asked for" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/apt-get" <<-EOF
		#!/bin/bash
		[[ " \$* " == *" --print-uris "* ]] || exec $(type -P apt-get) "\$@"
		echo "'http://nowhere/linux-source-6.12_6.12.1-1_all.deb' linux-source-6.12_6.12.1-1_all.deb 1 SHA256:1"
	EOF
	chmod +x "$BATS_TEST_TMPDIR/bin/apt-get"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run -2 make tree
	# where that is from another suite, it is said
	[[ $output == *"error: 6.1: APT has linux-source-6.12 for linux-source-6.1"*": enable a suite that has it, or use LINUX=<path>"* ]]
	[ ! -e build/6.1/linux ]
}

@test "LINUX that is no kernel tree is refused" {
	run -2 make LINUX="$BATS_TEST_TMPDIR" tree
	[[ $output == *"LINUX=$BATS_TEST_TMPDIR is no kernel source tree"* ]]
	[ ! -e "build/6.1-${BATS_TEST_TMPDIR##*/}/linux" ]
}

@test "LINUX is never modified" {
	before=$(cd "$fake" && find . -type f | sort | xargs sha256sum)
	make LINUX="$fake" tree
	commit 5 five
	[ "$before" = "$(cd "$fake" && find . -type f | sort | xargs sha256sum)" ]
}

@test "two at once wait for each other's tree" {
	make LINUX="$fake" tree &
	make LINUX="$fake" tree
	wait $!
	[ -d "$F/linux/.git" ]
}

@test "another version of the base is a notice" {
	run -0 make LINUX="$fake" tree
	[[ $output == *"notice: series/6.1 was verified on $(awk '{ print $1; exit }' series/6.1/base), this is "* ]]
}

@test "a patch that does not apply is named, with its file and hunk" {
	make LINUX="$fake" tree
	commit 5 five
	commit 50 fifty
	make LINUX="$fake" refresh
	sed -i 's/^ 49$/ 49 or so/' series/6.1/01-count/0002-*.patch
	make LINUX="$fake" distclean || rm -r build
	run -2 make LINUX="$fake" tree
	[[ $output == *"error: series/6.1/01-count/0002-fake-turn-50-into-fifty.patch does not apply to "*": Kbuild, hunk at line 47"* ]]
	[ ! -e "$F/linux" ]
	[ ! -e "$F/linux.tmp" ]
}

@test "refresh writes what was committed, and the same bytes again" {
	make LINUX="$fake" tree
	commit 5 five
	run -0 make LINUX="$fake" refresh
	[ -f series/6.1/01-count/0001-fake-turn-5-into-five.patch ]
	run -1 grep '^MIME-Version:' series/6.1/01-count/0001-fake-turn-5-into-five.patch
	before=$(sums)
	rm -r build
	make LINUX="$fake" tree
	grep -x five "$F/linux/Kbuild"
	run -0 make LINUX="$fake" refresh
	[[ $output == *"nothing has changed"* ]]
	[ "$before" = "$(sums)" ]
}

@test "refresh refuses uncommitted changes, and loses nothing" {
	make LINUX="$fake" tree
	before=$(sums)
	sed -i 's/^7$/seven/' "$F/linux/Kbuild"
	run -2 make LINUX="$fake" refresh
	[[ $output == *"error: $F/linux has uncommitted changes"* ]]
	grep -x seven "$F/linux/Kbuild"
	[ "$before" = "$(sums)" ]
}

@test "distclean refuses to remove work that is nowhere else" {
	make LINUX="$fake" tree
	commit 5 five
	run -2 make LINUX="$fake" distclean
	[[ $output == *"has work that is not in series/6.1"* ]]
	make LINUX="$fake" refresh
	make LINUX="$fake" distclean
	[ ! -e "$F" ]
}

@test "what a target does not go by is refused before any work" {
	for bad in "check TESTS=x" "check VIOMMU=amd" "check-all ARCH=arm64" "check TOPIC=count" "tree KERNEL=stock" "try BASE=6.1" "image VIOMU=amd"; do
		# shellcheck disable=SC2086 # two words
		run -2 make $bad
		[[ $output == *"make ${bad% *} does not go by $(cut -d ' ' -f 2 <<<"${bad%=*}"): it goes by "* ]]
		[ "${#lines[@]}" = 1 ]
		no_build
	done
	run -2 make VIOMMU=all
	[[ $output == *"VIOMMU=all: make verdict is on one: want one of: "* ]]
	no_build
}

@test "a path with a space or a colon is refused before any work" {
	for odd in "a space" a:colon; do
		cp -r "$copy" "$BATS_TEST_TMPDIR/$odd"
		run -2 make -C "$BATS_TEST_TMPDIR/$odd" tree
		[[ $output == *": kbuild takes no path with a space or a colon in it"* ]]
		[ ! -e "$BATS_TEST_TMPDIR/$odd/build" ]
		run -2 make LINUX="$BATS_TEST_TMPDIR/$odd" tree
		[[ $output == *": kbuild takes no path with a space or a colon in it"* ]]
		no_build
	done
}

@test "LINUX is followed when it moves, but not over work" {
	moved() {
		sed -i "s/^$1$/$2/" "$fake/Kbuild"
		git -C "$fake" commit -q -a -m "fake: $1 is $2"
	}
	make LINUX="$fake" tree
	commit 5 five
	make LINUX="$fake" refresh
	moved 90 ninety
	run -0 make LINUX="$fake" tree
	[[ $output == *"$fake has changed: it is $(git -C "$fake" describe --always) now"* ]]
	[ "$(git -C "$F/linux" rev-parse base)" = "$(git -C "$fake" rev-parse HEAD)" ]
	grep -x ninety "$F/linux/Kbuild"
	grep -x five "$F/linux/Kbuild"
	[ "$(git -C "$F/linux" symbolic-ref --short HEAD)" = series ]
	run -0 make LINUX="$fake" tree
	[[ $output != *"has changed"* ]]
	# its owner changes what had been the base
	sed -i 's/^80$/eighty/' "$fake/Kbuild"
	git -C "$fake" commit -q -a --amend --no-edit
	commit 60 sixty
	run -2 make LINUX="$fake" tree
	[[ ${lines[0]} == "error: $fake has changed since $F/linux was made of it, which has work of its own (commits on series): "* ]]
	grep -x sixty "$F/linux/Kbuild"
	make LINUX="$fake" refresh
	# where the series does not apply, it says so each time
	moved 6 six
	for _ in 1 2; do
		run -2 make LINUX="$fake" tree
		[[ $output == *"does not apply to "* ]]
	done
	sed -i 's/^six$/6/' "$fake/Kbuild"
	git -C "$fake" commit -q -a -m 'fake: 6 is 6'
	make LINUX="$fake" tree
	grep -x sixty "$F/linux/Kbuild"
	grep -x eighty "$F/linux/Kbuild"
}

@test "LINUX without git is copied again when it has changed" {
	printf 'kernelversion:\n\t@echo 9.9\n' >"$fake/Makefile"
	rm -rf "$fake/.git"
	make LINUX="$fake" tree
	run -0 make LINUX="$fake" tree
	[[ $output != *"has changed"* ]]
	# what is unpacked over it can be old
	sed -i 's/^90$/ninety/' "$fake/Kbuild"
	touch -d 2001-01-01 "$fake/Kbuild"
	run -0 make LINUX="$fake" tree
	[[ $output == *"$fake has changed: it is 9.9 now"* ]]
	grep -x ninety "$F/linux/Kbuild"
	commit 60 sixty
	touch "$fake/Kbuild"
	run -2 make LINUX="$fake" tree
	[[ ${lines[0]} == "error: $fake has changed since $F/linux was made of it, which has work of its own (commits on series): "* ]]
}

@test "two trees in folders of one name have each a build folder" {
	mkdir "$BATS_TEST_TMPDIR/other"
	cp -r "$fake" "$BATS_TEST_TMPDIR/other/fake"
	sed -i 's/^90$/ninety/' "$BATS_TEST_TMPDIR/other/fake/Kbuild"
	git -C "$BATS_TEST_TMPDIR/other/fake" commit -q -a -m 'fake: 90 is ninety'
	make LINUX="$fake" tree
	make LINUX="$BATS_TEST_TMPDIR/other/fake" tree
	run -1 grep -x ninety "$F/linux/Kbuild"
	[ "$(echo build/6.1-fake-*/linux | wc -w)" = 2 ]
	grep -x ninety build/6.1-fake-*/linux/Kbuild
}

@test "distclean loses no branch, tag, stash, hidden or ignored file, worktree, commit" {
	t() {
		git -C "$F/linux" -c user.name=T -c user.email=t@localhost "$@"
	}
	refused() {
		run -2 make LINUX="$fake" distclean
		[[ ${lines[0]} == "error: $F/linux has work that is not in series/6.1 ($1): "* ]]
	}
	make LINUX="$fake" tree
	t checkout -q -b mine
	t commit -q --allow-empty -m 'mine'
	t checkout -q series
	refused 'commits on mine'
	t branch -q -m mine base-2
	refused 'commits on base-2'
	t tag mine base-2
	t branch -q -D base-2
	refused 'commits on mine'
	t checkout -q mine
	t tag -d mine
	refused 'commits on no branch'
	t checkout -q series
	sed -i 's/^9$/nine/' "$F/linux/Kbuild"
	t stash -q
	refused 'a stash'
	t stash drop -q
	t config status.showUntrackedFiles no
	touch "$F/linux/mine"
	refused 'uncommitted changes'
	rm "$F/linux/mine"
	touch "$F/linux/mine.o"
	refused 'ignored by git: mine.o'
	rm "$F/linux/mine.o"
	for worktree in "$BATS_TEST_TMPDIR/worktree" "$copy/$F/mine"; do
		t worktree add -q --detach "$worktree" base
		refused "a worktree, $worktree"
		t worktree remove "$worktree"
	done
	# what git cannot tell is not "nothing"
	t checkout -q -b mine
	t commit -q --allow-empty -m 'mine'
	t checkout -q series
	t tag -d base
	run -2 make LINUX="$fake" distclean
	[[ $output == *"has work that is not in series/6.1"* ]]
	t branch -q -D mine
	t tag base series
	make LINUX="$fake" distclean
	[ ! -e "$F" ]
}

@test "a hook's GIT_DIR, and a person's git configuration, change nothing" {
	mkdir "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/hooks"
	git -C "$BATS_TEST_TMPDIR/theirs" init -q
	git -C "$BATS_TEST_TMPDIR/theirs" -c user.name=T -c user.email=t@localhost commit -q --allow-empty -m theirs
	before=$(cd "$BATS_TEST_TMPDIR/theirs" && find . -type f -print0 | sort -z | xargs -0 sha256sum)
	export GIT_AUTHOR_DATE='2000-01-01 00:00 +0000'
	make LINUX="$fake" tree
	commit 5 five
	commit 50 fifty
	make LINUX="$fake" refresh
	want=$(sums)
	rm -r build
	printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/hooks/pre-commit"
	for hook in applypatch-msg commit-msg pre-applypatch post-checkout; do
		cp "$BATS_TEST_TMPDIR/hooks/pre-commit" "$BATS_TEST_TMPDIR/hooks/$hook"
	done
	chmod +x "$BATS_TEST_TMPDIR/hooks"/*
	cat >"$BATS_TEST_TMPDIR/config" <<-EOF
		[user]
			name = Zoë
			email = zoe@somewhere.test
			signingKey = none
		[commit]
			gpgSign = true
		[tag]
			gpgSign = true
		[core]
			hooksPath = $BATS_TEST_TMPDIR/hooks
			autocrlf = true
			quotePath = false
		[format]
			filenameMaxLength = 10
			pretty = oneline
		[diff]
			suppressBlankEmpty = true
			interHunkContext = 100
			noprefix = true
		[status]
			showUntrackedFiles = no
			short = true
		[log]
			showSignature = true
	EOF
	rm series/6.1/01-count/000* series/6.1/README.md series/6.1/series
	export GIT_CONFIG_GLOBAL=$BATS_TEST_TMPDIR/config
	# as a hook has it from git
	export GIT_DIR=$BATS_TEST_TMPDIR/theirs/.git GIT_INDEX_FILE=$BATS_TEST_TMPDIR/theirs/.git/index
	make LINUX="$fake" tree
	(
		unset GIT_DIR GIT_INDEX_FILE
		export GIT_CONFIG_GLOBAL=/dev/null
		commit 5 five
		commit 50 fifty
	)
	make LINUX="$fake" refresh
	[ "$want" = "$(sums)" ]
	rm -r build
	make LINUX="$fake" tree
	unset GIT_DIR GIT_INDEX_FILE GIT_CONFIG_GLOBAL
	[ "$(git -C "$F/linux" log -1 --format='%an %cn %ce' series)" = 'T Zoë zoe@somewhere.test' ]
	[ "$(git -C "$F/linux" log --format=%s base..series | wc -l)" = 2 ]
	[ "$before" = "$(cd "$BATS_TEST_TMPDIR/theirs" && find . -type f -print0 | sort -z | xargs -0 sha256sum)" ]
}

@test "who builds in a folder has it to themselves" {
	make LINUX="$fake" tree
	exec 4>"$F/lock"
	flock 4
	make LINUX="$fake" DEPS=skip image >said 2>&1 4>&- 3>&- &
	for _ in $(seq 100); do
		! grep -q waiting said || break
		sleep 0.1
	done
	grep -x "6.1: waiting for another make, which builds in $F" said
	kill $!
	exec 4>&-
}

@test "try: bad input is refused before any work" {
	refused() {
		run -2 make DEPS=skip try "${@:2}"
		[[ ${lines[0]} == "error: $1"* ]]
		[ ! -e build/try/image/try ]
	}
	echo none >"$BATS_TEST_TMPDIR/none"
	refused "KERNEL_IMAGE=$BATS_TEST_TMPDIR/none is no x86 kernel" KERNEL_IMAGE="$BATS_TEST_TMPDIR/none"
	refused "KERNEL_IMAGE=$BATS_TEST_TMPDIR/nothing is no x86 kernel" KERNEL_IMAGE="$BATS_TEST_TMPDIR/nothing"
	refused "KERNEL_IMAGE=bash: want a vmlinuz, .deb files, or a package: linux-image-" KERNEL_IMAGE=bash
	refused "KERNEL_IMAGE=none.deb: there is no such file" KERNEL_IMAGE=none.deb
	refused "MODULES=$BATS_TEST_TMPDIR: want a folder that has modules.dep" MODULES="$BATS_TEST_TMPDIR" KERNEL_IMAGE="$BATS_TEST_TMPDIR/none"
	refused "AGAINST=v1 is a commit of LINUX=<tree>: say which" AGAINST=v1
	refused "LINUX= is a tree to build, KERNEL_IMAGE= and MODULES= are built: want one or the other" LINUX="$fake" KERNEL_IMAGE=x
	refused "AGAINST=v1 is no commit of $fake" LINUX="$fake" AGAINST=v1
	refused "LINUX=$BATS_TEST_TMPDIR is no kernel source tree" LINUX="$BATS_TEST_TMPDIR"
}

@test "packages: bad input is refused before any work" {
	refused() {
		echo "$*"
		PATH=$BATS_TEST_TMPDIR:$PATH run -2 make DEPS=skip LINUX="$fake" packages "${@:2}"
		[[ ${lines[-2]} == "error: $1"* ]]
		[ ! -e "$F/linux" ]
	}
	# 10 GB are free
	printf '#!/bin/sh\necho Avail\necho 10000\n' >"$BATS_TEST_TMPDIR/df"
	# what is not looked for has not to be there
	sed -i '/ packages$/d' scripts/deps.sh
	chmod +x "$BATS_TEST_TMPDIR/df"
	refused "$copy/none: there is no such configuration: want KCONFIG=<file>, or KCONFIG=debian" KCONFIG="$copy/none"
	refused "README.md is no configuration of a kernel for 64-bit x86" KCONFIG=README.md
	printf 'CONFIG_X86_64=y\nCONFIG_VFIO=y\nCONFIG_DEBUG_INFO=y\n' | gzip >config.gz
	refused "$F/packages/build: its packages can take 30 GB to build, and there are 10" KCONFIG=config.gz
}

# vmlinuz: a file that looks like a kernel
vmlinuz() {
	{
		head -c 514 /dev/zero
		printf 'HdrS\0\0\0\0\0\0\0\0\0\002'
		head -c $((2048 + 512 - 528)) /dev/zero | tr '\0' x
		printf '9.9.9-test (somebody) #1\0'
		head -c 1000000 /dev/zero
	} >"$BATS_TEST_TMPDIR/vmlinuz"
	# at 526: where it says of which release it is, from 512 on
	printf '\000\010' | dd of="$BATS_TEST_TMPDIR/vmlinuz" bs=1 seek=526 conv=notrunc 2>/dev/null
}

@test "try: a kernel and its modules, in the order in which they need each other" {
	vmlinuz
	mkdir -p "$BATS_TEST_TMPDIR/m/k"
	for module in vfio vfio_iommu_type1 vfio-pci vfio-pci-core none; do
		echo "$module" | xz >"$BATS_TEST_TMPDIR/m/k/$module.ko.xz"
	done
	cat >"$BATS_TEST_TMPDIR/m/modules.dep" <<-EOF
		k/none.ko.xz:
		k/vfio-pci.ko.xz: k/vfio-pci-core.ko.xz k/vfio.ko.xz
		k/vfio.ko.xz:
		k/vfio-pci-core.ko.xz: k/vfio.ko.xz
		k/vfio_iommu_type1.ko.xz: k/vfio.ko.xz
	EOF
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/apt-get"
	chmod +x "$BATS_TEST_TMPDIR/bin/apt-get"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run -2 make DEPS=skip try KERNEL_IMAGE="$BATS_TEST_TMPDIR/vmlinuz" MODULES="$BATS_TEST_TMPDIR/m"
	[[ $output == *'try: Linux 9.9.9-test'* ]]
	[[ $output == *"error: 6.1: APT "*"linux-source-6.1 in "* || $output == *"error: 6.1: APT could not update its package lists"* ]]
	cmp "$BATS_TEST_TMPDIR/vmlinuz" build/try/image/try/bzImage
	mkdir root && (cd root && cpio -i --quiet <../build/try/image/try/modules.cpio)
	[ "$(cd root/modules && cat ./*)" = "vfio
vfio_iommu_type1
vfio-pci-core
vfio-pci" ]
}

@test "the verdict of a kernel says what is affected, and what mends it" {
	mkdir -p "$BATS_TEST_TMPDIR/result"
	cat >"$BATS_TEST_TMPDIR/result/try.tap" <<-EOF
		ok 1 membership.flat.remove
		not ok 2 membership.functions.remove
		# panic: NULL dereference in x (log:1)
		not ok 3 membership.alias.remove
		# DMA lost: y; WARN in z (log:2)
		not ok 4 attach.flat.count
		# attached 4 times (log:3)
		ok 5 membership.deep.remove # SKIP no reason
	EOF
	B=$BATS_TEST_TMPDIR run -0 scripts/verdict.py --of 6.1.0-9-amd64=try
	[[ ${output//$'\n'/ } == *" Linux 6.1.0-9-amd64 is affected: of 4 scenarios 1 panic, 1 lose DMA, 1 fail otherwise; series/6.1 mends what fails in $(awk '{ print $1; exit }' series/6.1/base): \`make BASE=6.1\` shows it" ]]
	B=$BATS_TEST_TMPDIR run -0 scripts/verdict.py --of 6.12.9=try
	[[ ${output//$'\n'/ } == *"; no series is made for it: there are 5.10 ("* ]]
	printf 'ok 1 x\nok 2 y # SKIP z\n' >"$BATS_TEST_TMPDIR/result/try.tap"
	B=$BATS_TEST_TMPDIR run -0 scripts/verdict.py --of 6.12.9=try
	[[ ${output//$'\n'/ } == *" Linux 6.12.9 is not affected by any of 1 scenarios" ]]
	printf 'ok 2 y # SKIP z\n' >"$BATS_TEST_TMPDIR/result/try.tap"
	B=$BATS_TEST_TMPDIR run -1 scripts/verdict.py --of 6.12.9=try
	[[ ${output//$'\n'/ } == *" Linux 6.12.9: nothing was shown: each of 1 scenarios was skipped" ]]
	# a device that has none to lose
	printf 'not ok 1 membership.alias.remove\n# 0000:03:01.0 cannot write memory, before any change (log:1)\nok 2 x\n' >"$BATS_TEST_TMPDIR/result/a.tap"
	B=$BATS_TEST_TMPDIR run -0 scripts/verdict.py --of 6.12.9=a
	[[ ${output//$'\n'/ } == *" Linux 6.12.9 is affected: of 2 scenarios 1 have no DMA; "* ]]
	# a tree says itself of which version it is; parts of one column have a case in common
	printf 'not ok 1 kmemleak\n# unreferenced object\n' >"$BATS_TEST_TMPDIR/result/a.tap"
	printf 'ok 1 kmemleak\nok 2 x\n' >"$BATS_TEST_TMPDIR/result/b.tap"
	B=$BATS_TEST_TMPDIR run -0 scripts/verdict.py --of 'topic-7 (6.1.0-rc2)=a,b'
	[[ ${output//$'\n'/ } == *" Linux topic-7 (6.1.0-rc2) is affected: of 2 scenarios 1 fail otherwise; series/6.1 mends "* ]]
	printf 'not ok 1 boot\n# panic: no console\n' >"$BATS_TEST_TMPDIR/result/a.tap"
	B=$BATS_TEST_TMPDIR run -1 scripts/verdict.py --of 6.1.9=a
	[[ ${output//$'\n'/ } == *" Linux 6.1.9 did not boot here, at least once, and not all was tried: panic: no console" ]]
	B=$BATS_TEST_TMPDIR run -1 scripts/verdict.py --of 6.1.9=a,b
	[[ ${output//$'\n'/ } == *" not all was tried: panic: no console; of 2 scenarios that were, 0 fail" ]]
}

@test "a series that changed is applied anew, but never over work in the tree" {
	make LINUX="$fake" tree
	commit 5 five
	make LINUX="$fake" refresh
	sed -i 's/^+five$/+FIVE/' series/6.1/01-count/0001-*.patch
	make LINUX="$fake" tree
	grep -x FIVE "$F/linux/Kbuild"
	commit 60 sixty
	sed -i 's/^+FIVE$/+5.0/' series/6.1/01-count/0001-*.patch
	run -2 make LINUX="$fake" tree
	[[ $output == *"has work of its own"* ]]
	grep -x sixty "$F/linux/Kbuild"
}

@test "an archive that was cut short is not taken for a whole one" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	# APT as it is, but what it downloads arrives cut short
	cat >"$BATS_TEST_TMPDIR/bin/apt-get" <<-EOF
		#!/bin/bash
		[[ " \$* " != *" download "* || " \$* " == *" --print-uris "* ]] && exec $(type -P apt-get) "\$@"
		deb=\$($(type -P apt-get) --print-uris "\$@" | cut -d ' ' -f 2)
		head -c 1000 /dev/zero >"\$deb"
	EOF
	chmod +x "$BATS_TEST_TMPDIR/bin/apt-get"
	for _ in 1 2; do
		PATH=$BATS_TEST_TMPDIR/bin:$PATH run -2 make tree
		[[ $output == *"error: 6.1: linux-source-6.1_"*".deb is not what APT expects"* ]]
		[ ! -e build/6.1/linux ]
	done
	[[ $output == *"(cut short?): getting it again"* ]]
}

# bats test_tags=built
@test "an option that does not take effect is an error" {
	built linux
	echo CONFIG_NO_SUCH_OPTION=y >config/bogus.config
	KERNEL=stock CONFIG=bogus BASE=6.1 ARCH=x86_64 JOBS=2 LINUX='' TOPIC='' run -1 scripts/image.sh
	rm -rf "$B/obj-bogus" "$B/log/build-stock-bogus.log"
	[[ $output == *"these options did not take effect: bogus.config:CONFIG_NO_SUCH_OPTION=y"* ]]
}

# bats test_tags=built
@test "a kernel that panics at boot is reported with its panic" {
	built image/stock-fast
	KARGS=rdinit=/nowhere vm
	grep -x 'not ok 1 boot' "$BATS_TEST_TMPDIR/b/result/result.tap"
	grep '# panic: .*No working init found' "$BATS_TEST_TMPDIR/b/result/result.tap"
}

# bats test_tags=built
@test "a guest that hangs is reported with its last lines, and ended" {
	built image/stock-fast
	hanging_guest
	SILENCE=5 vm
	cat "$BATS_TEST_TMPDIR/b/result/result.tap"
	grep '# hang: nothing on the console for 5 s' "$BATS_TEST_TMPDIR/b/result/result.tap"
	grep '#   the guest says this and no more' "$BATS_TEST_TMPDIR/b/result/result.tap"
	run ! pgrep -f "$INITRAMFS"
}

# bats test_tags=built
@test "QEMU that does not start is reported with its reason" {
	built image/stock-fast
	INITRAMFS=$BATS_TEST_TMPDIR/none vm
	grep '# QEMU: qemu: error reading initrd' "$BATS_TEST_TMPDIR/b/result/result.tap"
}

@test "the machine that a shell is in has the devices of all tests, and starts" {
	for viommu in intel intel-sm virtio amd; do
		B=$BATS_TEST_TMPDIR PYTHONPATH=scripts run python3 -B -c '
import machine, subprocess, sys, vm
command = vm.machine_of("series-fast", sys.argv[1], "tcg", machine.EXTRAS)
sys.exit(subprocess.run([*command, "-S", "-monitor", "stdio"], input=b"quit\n", timeout=60).returncode)' $viommu
		[ "$status" = 0 ] || {
			echo "$viommu: $output"
			false
		}
	done
}

# bats test_tags=built
@test "Ctrl-C leaves no VM and no result that looks like one" {
	built image/stock-fast
	hanging_guest
	vm 3>&- &
	pid=$!
	for _ in $(seq 100); do
		! pgrep -f "initrd $INITRAMFS" || break
		sleep 0.1
	done
	pgrep -f "initrd $INITRAMFS"
	pkill -INT -P "$pid" -f vm.py || kill -INT "$pid"
	wait "$pid" || :
	for _ in $(seq 50); do
		pgrep -f "initrd $INITRAMFS" || break
		sleep 0.1
	done
	run ! pgrep -f "initrd $INITRAMFS"
	[ ! -e "$BATS_TEST_TMPDIR/b/result/result.tap" ]
}

@test "the Python scripts say what they are for, and do nothing else" {
	for script in scripts/{report,verdict,vm,topics,cost,tap,plan,machine}.py; do
		B=$BATS_TEST_TMPDIR BASE=6.1 CONFIG=fast JOBS=1 run -0 "$script" --help
		[[ $output == *"${script##*/}"* ]]
	done
	run -1 scripts/report.py everything
	[ "$output" = "error: everything: there is no such folder" ]
	no_build
}

@test "a report of no results says what makes them" {
	run -2 make report
	[[ ${lines[0]} == "error: there are no results to report: run 'make check' first" ]]
}

@test "the report shows each cell with its log, what was not run, and nobody else's markup" {
	mkdir -p build/6.1/result build/6.1/log
	for kernel in stock series; do
		cat >"build/6.1/log/$kernel.1.log" <<-EOF
			[    1.000000] bench: run 1 membership.flat.remove
			[    1.100000] | # <b>"$kernel" & co</b>
			[    1.200000] pci: a line of the kernel
			[    1.300000] bench: end 1 membership.flat.remove 0
			[    1.400000] bench: run 2 membership.flat.readd
		EOF
	done
	cat >build/6.1/result/series-fast-intel.tap <<-EOF
		ok 1 membership.flat.remove
		# log build/6.1/log/series.1.log:1-4
	EOF
	cat >build/6.1/result/stock-fast-intel.tap.stock <<-EOF
		not ok 1 membership.flat.remove
		# lost: <b>"DMA" & co</b> (build/6.1/log/stock.1.log:2)
		# log build/6.1/log/stock.1.log:1-4
		ok 2 membership.flat.readd # SKIP <i>no</i> reason
		# log build/6.1/log/stock.1.log:5-5
	EOF
	printf 'not ok 1 a <u>check</u>\n# said & done\n' >build/6.1/result/lint.tap
	run -0 make report
	[[ $output == *"The stock kernel fails 1 of 1 cell; 1 skipped; "* ]]
	[[ $output == *"the kernel fails none of 1 cell; "* ]]
	[[ $output =~ remove\ +x1/ok ]]
	[[ $output =~ readd\ +-2/\. ]]
	page=build/report/index.html
	run -1 grep -E '<b>"|<i>no|<u>|<script|https?:' $page
	grep -F 'lost: &lt;b&gt;&#34;DMA&#34; &amp; co&lt;/b&gt;' $page
	grep -F '&lt;i&gt;no&lt;/i&gt; reason' $page
	# all that the console said of a failure, of others what the test said
	[ "$(grep -c 'a line of the kernel' $page)" = 1 ]
	grep -F '&lt;b&gt;&#34;series&#34; &amp; co' $page
	grep -F 'KERNEL=stock CONFIG=fast VIOMMU=intel TESTS=vfio_group_membership_test/membership.flat.remove' $page
	# the fixes alone, where they ran, and what each topic said
	[[ $output != *"fixes alone"* ]]
	printf 'ok 1 membership.flat.remove\nnot ok 2 dma.integrity\n# lost\n# log build/6.1/log/stock.1.log:1-4\n' >build/6.1/result/fixes-fast-intel.tap
	printf 'not ok 1 attach.flat.coherency\n# log build/6.1/log/stock.1.log:1-4\n' >build/6.1/result/topic-count-intel.tap
	run -0 make report
	[[ $output == *"With the series' fixes alone, the kernel fails none of 1 cell"* ]]
	[[ $output == *"The fixes alone fail 1 of the other tests' cells."* ]]
	[[ $output =~ remove\ +x1/ok/ok ]]
	[[ $output =~ topic-count-intel\ +1 ]]
	grep -F 'TOPIC=fixes CONFIG=fast VIOMMU=intel TESTS=vfio_dma_test/dma.integrity' $page
	# each link leads somewhere, and to one place
	grep -o ' id="[^"]*"' $page | cut -d '"' -f 2 | sort >ids
	[ -z "$(uniq -d ids)" ]
	grep -o 'href="[^"]*"' $page | sed 's/href="#\(.*\)"/\1/' | sort -u >links
	[ -s links ]
	[ -z "$(comm -23 links ids)" ]
}

@test "a report of several folders has of each case the worst, and the log that is beside it" {
	local folder page=build/report/index.html
	said() {
		printf '%s\n' "$2 1 membership.flat.remove" '# log build/6.1/log/series.1.log:1-1' \
			"$3 2 membership.flat.readd" '# log build/6.1/log/series.1.log:2-2' >"$1/6.1/result/series-fast-intel.tap"
	}
	for folder in one 'two[2]' three; do
		mkdir -p "$folder/6.1"/{result,log}
		printf '[    1.%s00000] | # the log in %s\n' 1 "$folder, of remove" 2 "$folder, of readd" >"$folder/6.1/log/series.1.log"
		printf 'host\t%s\n' "the host of $folder" >"$folder/6.1/result/versions"
	done
	said one ok 'not ok'
	said 'two[2]' 'not ok' ok
	echo 'not ok 1 a check' >one/6.1/result/lint.tap
	echo 'ok 1 a check' >'two[2]/6.1/result/lint.tap'
	mkdir -p 'two[2]/6.1-mine/result'
	echo 'ok 1 membership.flat.remove' >'two[2]/6.1-mine/result/stock-fast-intel.tap.stock'
	run -2 make RESULTS='one four' report
	[[ ${lines[0]} == "error: four: there is no such folder" ]]
	run -2 make RESULTS='one three' report
	[[ ${lines[0]} == "error: three: there are no results in it: "* ]]
	no_build
	run -0 make RESULTS="one/ 'two[2]'" report
	[[ $output == *"With the series, the kernel fails 2 of 2 cells"* ]]
	[[ $output == *"1 other check failed."* ]]
	[[ $output =~ host\ +the\ host\ of\ one$'\n'\ +host\ +the\ host\ of\ two\[2\] ]]
	[[ $output == *"== 6.1-mine: "* ]]
	grep -F 'the log in one, of readd' $page
	grep -F 'the log in two[2], of remove' $page
	run -1 grep -E 'the log in (one, of remove|two.*, of readd)' $page
	grep -F '<code>build/6.1/log/series.1.log:1-1</code>' $page
	run -1 grep -E '(one|two.*)/6\.1' $page
}

@test "a report says which parts of the plan have no result" {
	local page=build/report/index.html
	mkdir -p {one,two}/6.1/result two/mainline/result
	echo 'ok 1 membership.flat.remove' | tee one/6.1/result/series-fast-intel.tap >two/6.1/result/stock-fast-intel.tap.stock
	run -0 make RESULTS='one two' report
	[[ $output != *"of the plan"* ]]
	printf '%s\n' series-fast-intel stock-fast-intel >one/6.1/result/plan
	run -0 make RESULTS='one two' report
	[[ $output != *"of the plan"* ]]
	# another machine's plan has more; what was ended before it had a result has left an empty file
	printf '%s\n' series-fast-intel series-debug-virtio step-lint >two/6.1/result/plan
	touch two/6.1/result/step-lint.tap
	echo step-build >two/mainline/result/plan
	run -0 make RESULTS='one two' report
	output=${output//$'\n'/ }
	[[ $output == *"Of 4 parts of the plan 2 have no result: series-debug-virtio, step-lint."* ]]
	[[ $output == *"== mainline: "*"Of 1 part of the plan 1 has no result: step-build."* ]]
	grep -F '<p class="head f">✗ Of 4 parts of the plan 2 have no result: series-debug-virtio, step-lint.</p>' $page
}

@test "a report without jinja2 says what is missing" {
	mkdir -p build/6.1/result
	echo 'ok 1 membership.flat.remove' >build/6.1/result/series-fast-intel.tap
	echo 'raise ImportError' >scripts/jinja2.py
	run -2 make report
	[[ ${lines[0]} == "error: /"*" has no jinja2, "*" python3-jinja2" ]]
	[ ! -e build/report ]
	B=$BATS_TEST_TMPDIR run -0 scripts/report.py --help
	# shellcheck disable=SC2016 # the inner shell's
	run -0 env B="$PWD/build/6.1" BASE=6.1 sh -c 'mkdir -p $B/linux/.git; echo 6.1.1 >$B/linux/.git/bench-version; scripts/report.py versions'
	[[ ${lines[0]} == base$'\t'"Linux 6.1.1" ]]
}

@test "topics: bad input is refused before anything is touched" {
	refused() {
		run -2 make LINUX="$fake" DEPS=skip tree
		[[ $output == "error: $1"* ]]
		[[ ${lines[1]} == "make: "* ]]
		[ ! -e "$F/linux" ]
	}
	run -2 make TOPIC=nope tree
	[[ $output == *"TOPIC=nope: want one of: count more fixes. "* ]]
	no_build
	topic 03-last 'fake: the last' carried 'colour: red'
	refused "series/6.1/03-last/topic:3: 'colour: red': want one of: title, needs, "
	topic 03-last 'fake: the last' borrowed
	refused 'series/6.1/03-last/topic:2: for: borrowed: want one of: mailed, backport, carried'
	topic 03-last 'fake: the last' carried 'needs: nobody'
	refused 'series/6.1/03-last/topic needs nobody, which is no topic of series/6.1'
	topic 01-count 'fake: count' carried 'needs: more'
	topic 03-last 'fake: the last' carried
	refused 'series/6.1/01-count/topic: count needs more needs count: a cycle'
	topic 01-count 'fake: count' carried 'needs: last'
	refused 'series/6.1/01-count/topic needs last, which comes after it'
	topic 01-count 'fake: count' carried
	for stray in 0001-stray.patch 03-last/stray.patch 4-short/0001-stray.patch; do
		mkdir -p "$(dirname "series/6.1/$stray")"
		touch "series/6.1/$stray"
		refused "series/6.1/$stray is in no topic: "
		rm "series/6.1/$stray"
	done
	touch series/6.1/03-last/0001-empty.patch
	refused 'series/6.1/03-last/0001-empty.patch is no patch as git format-patch writes one'
	mv series/6.1/03-last/topic topic
	rm series/6.1/03-last/0001-empty.patch
	refused "series/6.1/03-last has no file \`topic\`"
	mv series/6.1/03-last series/6.1/03-stock
	mv topic series/6.1/03-stock/topic
	refused 'series/6.1/03-stock: stock cannot be the name of a topic'
}

@test "topics: each is a branch on what it needs; its commits are written back to it" {
	make LINUX="$fake" tree
	commit 5 five
	commit 50 fifty more
	run -0 make LINUX="$fake" refresh
	[ "$(cat series/6.1/series)" = "01-count/0001-fake-turn-5-into-five.patch
02-more/0002-fake-turn-50-into-fifty.patch" ]
	grep -F '| [0002](02-more/0002-fake-turn-50-into-fifty.patch) fake: turn 50 into fifty |' series/6.1/README.md
	run -1 grep -r '^Topic:' series/6.1
	make LINUX="$fake" TOPIC=count tree
	grep -x five "$F/linux/Kbuild"
	run -1 grep -x fifty "$F/linux/Kbuild"
	commit 6 six
	# what comes after it keeps its order
	run -0 make LINUX="$fake" TOPIC=count refresh
	[ "$(cat series/6.1/series)" = "01-count/0001-fake-turn-5-into-five.patch
01-count/0002-fake-turn-6-into-six.patch
02-more/0003-fake-turn-50-into-fifty.patch" ]
	make LINUX="$fake" tree
	grep -x six "$F/linux/Kbuild"
	grep -x fifty "$F/linux/Kbuild"
	commit 7 seven nope
	run -2 make LINUX="$fake" refresh
	[[ ${lines[0]} == 'error: "fake: turn 7 into seven" says Topic: nope: there is no series/6.1/NN-nope' ]]
	git -C "$F/linux" -c user.name=T -c user.email=t@localhost commit -q --amend -m 'fake: turn 7 into seven'
	run -2 make LINUX="$fake" refresh
	[[ ${lines[0]} == 'error: "fake: turn 7 into seven" is in no topic: its message has no trailer "Topic: NAME"'* ]]
	git -C "$F/linux" -c user.name=T -c user.email=t@localhost commit -q --amend -m 'fake: turn 7 into seven' --trailer 'Topic: count'
	run -2 make LINUX="$fake" refresh
	[[ ${lines[0]} == 'error: "fake: turn 7 into seven" of topic count comes after one of more: reorder the commits' ]]
}

@test "topics: nobody's work is lost to a branch that is made or written back" {
	tree=$F/linux
	t() {
		git -C "$tree" -c user.name=T -c user.email=t@localhost -c core.editor=true "$@"
	}
	make LINUX="$fake" tree
	commit 5 five
	commit 50 fifty more
	make LINUX="$fake" refresh
	# a branch that is older than what another one wrote
	make LINUX="$fake" TOPIC=count tree
	commit 6 six
	make LINUX="$fake" TOPIC=count refresh
	t checkout -q series
	before=$(sums)
	run -2 make LINUX="$fake" refresh
	[[ ${lines[0]} == "error: series/6.1 has changed since branch series was made: "* ]]
	[ "$before" = "$(sums)" ]
	make LINUX="$fake" tree
	# another topic's uncommitted work
	sed -i 's/^8$/eight/' "$tree/Kbuild"
	run -2 make LINUX="$fake" TOPIC=count tree
	[[ ${lines[0]} == "error: $tree has uncommitted changes on branch series: commit them, or say which TOPIC" ]]
	grep -x eight "$tree/Kbuild"
	t checkout -q Kbuild
	# somebody's own branch, and a rebase that has not ended
	t checkout -q -b mine
	run -0 make LINUX="$fake" tree
	[[ $output == *"notice: $tree is on mine, which is left as it is"* ]]
	[ "$(t symbolic-ref --short HEAD)" = mine ]
	t checkout -q series
	GIT_SEQUENCE_EDITOR="sed -i 1s/pick/edit/" t rebase -q -i base
	for target in tree refresh; do
		run -2 make LINUX="$fake" $target
		[[ ${lines[0]} == "error: $tree has a rebase that has not ended: end it first" ]]
	done
	t rebase --abort
	# a trailer that another one follows, and two
	t commit -q --amend --no-edit --trailer 'Topic: more' --trailer 'Reviewed-by: R <r@localhost>'
	run -0 make LINUX="$fake" refresh
	run -1 grep -r '^Topic:' series/6.1
	grep -x 'Reviewed-by: R <r@localhost>' series/6.1/02-more/*.patch
	t commit -q --amend --no-edit --trailer 'Topic: count'
	run -2 make LINUX="$fake" refresh
	[[ ${lines[0]} == 'error: "fake: turn 50 into fifty" is in several topics: count, more' ]]
	t reset -q --hard 'HEAD@{1}'
	# a topic that does not apply leaves nothing that looks done
	t checkout -q series
	t branch -q -D topic-count
	sed -i 's/^ 3$/ three/' series/6.1/01-count/0001-*.patch
	run -2 make LINUX="$fake" TOPIC=count tree
	[[ $output == *"does not apply to "* ]]
	sed -i 's/^ three$/ 3/' series/6.1/01-count/0001-*.patch
	make LINUX="$fake" TOPIC=count tree
	grep -x six "$tree/Kbuild"
	# what check makes beside uncommitted work
	make LINUX="$fake" tree
	t branch -q -D topic-count
	sed -i 's/^8$/eight/' "$tree/Kbuild"
	make LINUX="$fake" TOPIC=count --eval='beside:;@BESIDE=1 scripts/tree.sh' beside
	t show topic-count:Kbuild | grep -x six
	[ "$(t symbolic-ref --short HEAD)" = series ]
	grep -x eight "$tree/Kbuild"
	t checkout -q Kbuild
	# what is stashed
	sed -i 's/^9$/nine/' "$tree/Kbuild"
	t stash -q
	run -2 make LINUX="$fake" distclean
	[[ $output == *"has work that is not in series/6.1"* ]]
}

@test "mails: bad input is refused before any work" {
	printf 'From %040d Mon Sep 17 00:00:00 2001\nFrom: T <t@localhost>\nSubject: [PATCH] x\n\n---\n' 0 \
		>series/6.1/01-count/0001-x.patch
	for bad in 0 -1 v2 1.5 99999; do
		run -2 make V=$bad TOPIC=count mails
		[[ ${lines[0]} == "error: V=$bad: want the number of the version to mail, from 1 on" ]]
	done
	run -2 make mails
	[[ ${lines[0]} == "error: a mail is of one topic: TOPIC=<one of: count more>" ]]
	person ''
	run -2 make TOPIC=count mails
	[[ ${lines[0]} == "error: git does not know who mails: "* ]]
	git config user.name Person
	git config user.email ''
	run -2 make TOPIC=count mails
	[[ ${lines[0]} == "error: git does not know from which address: "* ]]
	git config user.email person@somewhere.test
	cp -r "$TOP"/series/mainline/*-fix-group-type series/mainline/
	run -2 make BASE=mainline TOPIC=fix-group-type mails
	[[ ${lines[0]} == "error: mails for mainline name a base that everybody has: LINUX="* ]]
	run -2 make V=2 TOPIC=count mails
	[[ ${lines[0]} == "error: V=2: there is no tag mailed/6.1/count/v1 to compare with: "* ]]
	run -2 make TOPIC=more mails
	[[ ${lines[0]} == "error: series/6.1/02-more has no patches to mail" ]]
	run -2 make TOPIC=count mails
	[[ ${lines[0]} == "error: there is no build/6.1/linux: run 'make tree' first" ]]
	no_build
	git tag mailed/6.1/count/v1
	run -2 make TOPIC=count mails
	[[ ${lines[0]} == "error: V=1: that was mailed (tag mailed/6.1/count/v1): V=2 is next" ]]
	run -2 make V=2 TOPIC=count mails
	[[ ${lines[0]} == "error: series/6.1/01-count/notes has no line 'Changes in v2:'"* ]]
	no_build
}

@test "mails: only what is committed is mailed" {
	person Person
	make LINUX="$fake" tree
	commit 5 five
	commit 6 six
	make LINUX="$fake" refresh
	run -2 make LINUX="$fake" TOPIC=count mails
	[[ ${lines[0]} == "error: series/6.1 has changes that are not committed: "* ]]
	git add -f series && git commit -q -m v1
	run -2 make LINUX="$fake" TOPIC=count mails
	[[ ${lines[0]} == "error: there is no series/6.1/01-count/cover-letter, which count's 2 patches want"* ]]
	[ ! -e build/outgoing ]
}

# bats test_tags=built
@test "mails: one patch goes without a cover letter, its notes below the line, with the sender's trailers" {
	built linux
	maintained
	person Person
	git config --add bench.trailer 'Tested-with: the bench'
	make LINUX="$fake" tree
	commit 5 five
	commit 50 fifty more
	printf 'fake: turn 60 into sixty\n\nIn words.\n\nFixes: 123456789abc ("fake: count")\n' >message
	sed -i 's/^60$/sixty/' "$F/linux/Kbuild"
	git -C "$F/linux" -c user.name=T -c user.email=t@localhost commit -q -a -F "$PWD/message" --trailer 'Topic: more'
	git -C "$F/linux" -c user.name=T -c user.email=t@localhost rebase -q --onto HEAD~2 HEAD~1
	topic 02-more 'fake: count on' mailed 'needs: count' 'prefix: RFC' 'stable: yes'
	printf 'Seen with this.\n' >series/6.1/02-more/notes
	make LINUX="$fake" refresh
	git add -f series && git commit -q -m v1
	run -0 --separate-stderr make LINUX="$fake" TOPIC=more mails
	[ "$output" = "git send-email --to-cmd=true --8bit-encoding=UTF-8 build/outgoing/*.patch && git tag mailed/6.1/more/v1 $(git rev-parse --short HEAD)" ]
	[ "$(cd build/outgoing && echo *)" = 0001-fake-turn-60-into-sixty.patch ]
	[ "$(sed -n '/^In words/,/^ Kbuild/p' build/outgoing/0001-*)" = 'In words.

Fixes: 123456789abc ("fake: count")
Tested-with: the bench
Signed-off-by: Person <person@somewhere.test>
---
Seen with this.

It needs, in this order:

 - fake: count (count, 1)

 Kbuild | 2 +-' ]
	grep -x 'Subject: \[RFC PATCH 6.1\] fake: turn 60 into sixty' build/outgoing/0001-*
	grep -x "base-commit: $(git -C "$fake" rev-parse HEAD)" build/outgoing/0001-*
	grep -E '^prerequisite-patch-id: [0-9a-f]{40}$' build/outgoing/0001-*
}

# bats test_tags=built
@test "mails: a second version has its changes, a range-diff and its base; Ctrl-C leaves the first" {
	built linux
	maintained
	person Person
	make LINUX="$fake" tree
	commit 5 five
	sed -i 's/^50$/fifty/' "$F/linux/drivers/one"
	git -C "$F/linux" -c user.name=T -c user.email=t@localhost commit -q -a --author='Another <another@elsewhere.test>' -m 'one: turn 50 into fifty' --trailer 'Topic: count'
	printf 'fake: count\n\nIn words.\n' >series/6.1/01-count/cover-letter
	make LINUX="$fake" refresh
	git add -f series && git commit -q -m v1
	run -0 --separate-stderr make LINUX="$fake" TOPIC=count mails
	[ "$output" = "git send-email --to-cmd=true --8bit-encoding=UTF-8 build/outgoing/*.patch && git tag mailed/6.1/count/v1 $(git rev-parse --short HEAD)" ]
	git tag mailed/6.1/count/v1
	before=$(cat build/outgoing/* | sha256sum)

	echo all: >"$F/linux/Makefile"
	git -C "$F/linux" -c user.name=T -c user.email=t@localhost commit -q -a -m 'fake: all of it' --trailer 'Topic: count'
	printf 'fake: count\n\nIn words.\n\nChanges in v2:\n - more words\n' >series/6.1/01-count/cover-letter
	make LINUX="$fake" refresh
	git add -f series && git commit -q -m v2

	mkdir "$BATS_TEST_TMPDIR/bin"
	# Ctrl-C comes when it is called: to all in the group, which timeout makes one of its own. What
	# bats runs side by side ignores it.
	printf '#!/bin/sh\nkill -INT 0\nexec sleep 100\n' >"$BATS_TEST_TMPDIR/bin/xargs"
	chmod +x "$BATS_TEST_TMPDIR/bin/xargs"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run ! env --default-signal=INT timeout 100 make LINUX="$fake" TOPIC=count V=2 mails
	[[ $output == *"mails: asking get_maintainer.pl"* ]]
	# timeout does not wait for all of them
	for _ in $(seq 100); do
		[ -e build/outgoing.tmp ] || break
		sleep 0.1
	done
	[ ! -e build/outgoing.tmp ]
	[ "$before" = "$(cat build/outgoing/* | sha256sum)" ]

	# what was mailed may have been for another base
	sed -i 's/^ 3$/ three/' series/6.1/01-count/0001-*
	git tag -f mailed/6.1/count/v1 "$(git commit-tree -m 'on another base' "$(git add -f series && git write-tree)")"
	git reset -q --hard
	run -0 make LINUX="$fake" TOPIC=count V=2 mails
	[[ $output == *"notice: no range-diff: mailed/6.1/count/v1 was made on $(awk '{ print $1; exit }' series/6.1/base), and does not apply to "* ]]
	run -1 grep Range-diff build/outgoing/v2-0000-*
	git tag -f mailed/6.1/count/v1 HEAD~

	run -0 make LINUX="$fake" TOPIC=count V=2 mails
	[[ $output == *" && git tag mailed/6.1/count/v2 $(git rev-parse --short HEAD)" ]]
	[ "$(cd build/outgoing && echo *)" = "v2-0000-cover-letter.patch v2-0001-fake-turn-5-into-five.patch v2-0002-one-turn-50-into-fifty.patch v2-0003-fake-all-of-it.patch" ]
	[ ! -e build/outgoing.tmp ]
	grep -x ' - more words' build/outgoing/v2-0000-*
	grep -x 'Range-diff against v1:' build/outgoing/v2-0000-*
	grep -E '^1:  [0-9a-f]+ = 1:  [0-9a-f]+ fake: turn 5 into five$' build/outgoing/v2-0000-*
	grep -E '^-:  -+ > 3:  [0-9a-f]+ fake: all of it$' build/outgoing/v2-0000-*
	grep -x "base-commit: $(git -C "$fake" rev-parse HEAD)" build/outgoing/v2-0000-*
	headers build/outgoing/*
	[ "$(headers build/outgoing/*)" = 'From: Person <person@somewhere.test>
Subject: [PATCH 6.1 v2 0/3] fake: count
To: "Bob T." <bob@build.test>, Ünal <one@drivers.test>
Cc: Rea <rea@build.test>, linux-kernel@vger.test, list@build.test
X-RcptTo: 
From: Person <person@somewhere.test>
Subject: [PATCH 6.1 v2 1/3] fake: turn 5 into five
To: "Bob T." <bob@build.test>
Cc: Rea <rea@build.test>, linux-kernel@vger.test, list@build.test
X-RcptTo: 
From: Another <another@elsewhere.test>
Subject: [PATCH 6.1 v2 2/3] one: turn 50 into fifty
To: Ünal <one@drivers.test>
Cc: linux-kernel@vger.test
X-RcptTo: 
From: Person <person@somewhere.test>
Subject: [PATCH 6.1 v2 3/3] fake: all of it
To: linux-kernel@vger.test
Cc: 
X-RcptTo: ' ]
}

# bats test_tags=built
@test "mails: every topic, sent, received and applied, is the series" {
	built linux
	rm -r "series/$TESTED"
	cp -r "$TOP/series/$TESTED" "series/$TESTED"
	mkdir -p build
	ln -s "$B" "build/$TESTED"
	person 'Zoë Person'
	tree=$B/linux based="Based on $(git -C "$B/linux" log -1 --format=%s base)\." linux=() blamed=(--nofixes)
	if [ "$TESTED" = mainline ]; then
		# a base that everybody has, as far as this tree knows
		git clone -q --no-tags --single-branch -b series "$B/linux" "$BATS_TEST_TMPDIR/public"
		git -C "$BATS_TEST_TMPDIR/public" reset -q --hard "$(git -C "$B/linux" rev-parse base)"
		linux=(LINUX="$BATS_TEST_TMPDIR/public") blamed=()
		based="base-commit: $(git -C "$B/linux" rev-parse base)"
		make BASE=mainline "${linux[@]}" tree
		tree=$(echo build/mainline-public-*/linux)
	fi

	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	aiosmtpd -n -l "127.0.0.1:$port" -c aiosmtpd.handlers.Mailbox "$BATS_TEST_TMPDIR/received" 3>&- &
	sink=$!
	for _ in $(seq 100); do
		! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
		sleep 0.1
	done
	git config sendemail.smtpServer 127.0.0.1
	git config sendemail.smtpServerPort "$port"
	git config sendemail.confirm never
	for topic in $(BASE=$TESTED scripts/topics.py names); do
		run -0 --separate-stderr make BASE="$TESTED" "${linux[@]}" TOPIC="$topic" mails
		[ "${#lines[@]}" = 1 ]
		send=$output
		run -1 grep -r '\.example>' build/outgoing
		[ "$(grep -lx "$based" build/outgoing/* | wc -l)" = 1 ]
		[ ${#linux[@]} != 0 ] || run -1 grep -r '^base-commit:' build/outgoing
		eval "$send" </dev/null >sent 2>&1 || {
			tail -n 20 sent
			false
		}
		[ "$(git rev-parse "mailed/$TESTED/$topic/v1^{commit}")" = "$(git rev-parse HEAD)" ]
	done

	mapfile -t received < <(ls -v "$BATS_TEST_TMPDIR"/received/new/*)
	mapfile -t covers < <(grep -lE '^Subject: .*[ 0]0/[0-9]+\]' "${received[@]}")
	mapfile -t mails < <(printf '%s\n' "${received[@]}" | grep -vxFf <(printf '%s\n' "${covers[@]}"))
	mapfile -t patches < <(BASE=$TESTED scripts/topics.py patches)
	[ "${#mails[@]}" = "${#patches[@]}" ]
	[ "${#covers[@]}" = "$(find "series/$TESTED" -name cover-letter | wc -l)" ]
	for i in 0 $((${#patches[@]} - 1)); do
		# whom it is for, those whose commit it fixes, and whom it says itself
		want=$(
			cd "$tree" && scripts/get_maintainer.pl --nogit-fallback "${blamed[@]}" --norolestats --non "$copy/${patches[i]}" 2>/dev/null | sed 's/.*<\(.*\)>/\1/'
			sed -n 's/^Cc: \(stable@vger.kernel.org\).*/\1/p' "$copy/${patches[i]}"
		)
		diff <(recipients "${mails[i]}") <(printf '%s\n' "$want" person@somewhere.test | sort -u)
	done

	rm "${covers[@]}"
	# git am takes the files that it needs from the index
	git clone -q --shared --no-checkout -b series "$tree" applied
	git -C applied reset -q --soft base
	git -C applied read-tree base
	git -C applied -c user.name=T -c user.email=t@localhost am -q "$BATS_TEST_TMPDIR/received"
	[ "$(git -C applied rev-parse 'HEAD^{tree}')" = "$(git -C "$tree" rev-parse 'series^{tree}')" ]
	[ "$(git -C applied log --format='%an <%ae>' base.. | sort -u)" = 'Zoë Person <person@somewhere.test>' ]
	[ "$(git -C applied log --format='%(trailers:key=Signed-off-by)' base.. | grep -c '^Signed-off-by: Zoë Person <person@somewhere.test>$')" = "${#patches[@]}" ]
}

# A bench of which all is real but kernels and emulator: what that prints is what its cases did.
# planned LINE...: the plan of 6.1
planned() {
	printf '%s\n' "$@" >series/6.1/plan
	cat >"$BATS_TEST_TMPDIR/qemu-system-x86_64" <<-'EOF'
		#!/bin/bash
		case $* in
		--version) echo 'QEMU emulator version 9.9.9'; exit ;;
		*help*)    exec /usr/bin/qemu-system-x86_64 "$@" ;;
		esac
		for i in $(seq 20); do echo "[    0.000000] Linux"; done
		n=0
		for test in ${*##*-- run -s 0 }; do
			[[ $test == vfio_*_test* ]] || continue
			n=$((n + 1))
			echo "[    1.000000] bench: run $n ${test##*/}"
			[[ $* == *stock* && $test == *remove || $* == */image/try/* && $test == *membership* ]]
			echo "[    1.000000] bench: end $n ${test##*/} $((1 - $?))"
		done
		echo "[    2.000000] bench: done $n"
	EOF
	chmod +x "$BATS_TEST_TMPDIR/qemu-system-x86_64"
	# shellcheck disable=SC2016 # the scripts'
	printf '#!/bin/bash\nmkdir -p $B/linux/.git $B/image/$KERNEL-$CONFIG; echo 6.1.1 >$B/linux/.git/bench-version; touch $B/initramfs.cpio $B/image/$KERNEL-$CONFIG/bzImage\n' |
		tee scripts/tree.sh scripts/image.sh >scripts/initramfs.sh
	echo 'intel membership.flat.remove' >series/6.1/01-count/stock-fails
}

check_sh() {
	PATH=$BATS_TEST_TMPDIR:$PATH BASE=6.1 B=$PWD/build/6.1 KERNEL=series TOPIC='' CONFIG=fast ARCH=x86_64 LINUX='' JOBS=2 scripts/check.sh "$@"
}

@test "check-all: its parts, one after another, give what the whole gives; what fails or is missing is said" {
	planned $'all\tseries-fast\tintel,amd,virtio\t-\t$membership/membership.flat.remove $membership/membership.flat.readd' \
		$'all\tstock-fast\tintel,amd\t-\t$membership/membership.flat.remove $type1/type1.dirty' \
		$'all\tstock-fast\tintel\tmore\t$membership/membership.flat.readd' \
		$'brief\tseries-debug\tintel\t-\t$membership' \
		$'all\tstep\t-\tbisect'
	printf 'exit 1\n' >scripts/bisect.sh
	keep() {
		mkdir -p "$1"
		mv build/6.1 "$1/6.1"
	}
	run -1 check_sh all 6.1
	echo "$output"
	[[ $output == *$'not ok 1 bisect\n'* ]]
	[[ ${lines[-1]} == "12 passed, 1 failed, 0 skipped" ]]
	python3 -c 'import xml.dom.minidom; xml.dom.minidom.parse("build/6.1/result/junit.xml")'
	keep whole
	for k in 1 2 3; do
		SHARD=$k/3 run check_sh all 6.1
		keep "part$k"
	done
	# each in one part, and stock's of an IOMMU together
	[ "$(cat part?/6.1/result/*series*.tap | wc -l)" = "$(cat whole/6.1/result/*series*.tap | wc -l)" ]
	[ "$(find part? -name 'stock-fast-intel*.tap.stock' | cut -d / -f 1 | sort -u | wc -l)" = 1 ]
	[ "$(grep -h 'stock fails' part?/6.1/result/stock.tap)" = 'ok 1 stock fails intel membership.flat.remove' ]
	table() {
		make RESULTS="$*" report | sed -n '/^Each cell/,/^what else/p'
	}
	table whole >of-whole
	grep membership of-whole
	diff of-whole <(table part1 part2 part3)
	run -0 make RESULTS="part1 part3" report
	[[ $output =~ "Of 7 parts of the plan "[1-9]" have no result: " || $output =~ "Of 7 parts of the plan 1 has no result: " ]]

	# brief goes by no part, whatever the environment has; what ends without a result has failed
	planned $'brief\tseries-fast\tintel,amd\t-\t$membership/membership.flat.readd' $'brief\tstep\t-\tlint'
	printf 'exit 0\n' >scripts/lint.sh
	SHARD=1/2 run check_sh 6.1
	[[ ${lines[-1]} == "6 passed, 0 failed, 1 skipped" ]]
	sed -i 's/^	lint) aside.*/	lint) ;;/' scripts/check.sh
	run -1 check_sh 6.1
	[[ $output == *"not ok 1 all of the plan has a result"*"these have none: step-lint"* ]]

	planned $'all\tstock-fast\tintel\t-\t$membership/membership.flat.remove $membership/membership.flat.readd'
	sed -i 's/readd$/stays/' series/6.1/01-count/stock-fails
	sed -i 's/remove$/readd/' series/6.1/01-count/stock-fails
	run -1 check_sh all 6.1
	[[ $output == *"not ok 1 stock fails intel membership.flat.readd"*"it does not: ok: the case can no longer tell stock from series"* ]]
}

@test "try: the kernel that fails is said to be affected, on the page, too; what was tried before is not there any more" {
	planned
	vmlinuz
	tried() {
		PATH=$BATS_TEST_TMPDIR:$PATH "$@" make DEPS=skip try KERNEL_IMAGE="$BATS_TEST_TMPDIR/vmlinuz" "${more[@]}"
		echo "$output"
	}
	more=(VIOMMU=all)
	tried run -0
	more=()
	tried run -0
	said=${output//$'\n'/ }
	[[ $said == *"Linux 9.9.9-test is affected: of "*" fail otherwise; no series is made for it"* ]]
	[[ ${lines[-1]} == build/report/index.html:* ]]
	grep -E '<p class="head n">Linux 9.9.9-test is affected: of ' build/report/index.html
	run -1 grep -E 'make bench|<span>stock<|intel-noir, fast' build/report/index.html
	run -0 make report
	[[ $output == *"== make try: Linux 9.9.9-test"*"Each cell is against/try"* ]]
}

@test "plan: bad input is refused before any work" {
	refused() {
		run -1 check_sh 6.1
		[ "${lines[0]}" = "error: $1" ]
		[ ! -e build/6.1/linux ]
	}
	planned $'sometimes\tseries-fast\tintel\t-\t$membership'
	refused "series/6.1/plan:1: want brief, all or both, a kernel, vIOMMUs, a part and tests, or step, an architecture, a name"
	planned both
	refused "series/6.1/plan:1: want brief, all or both, a kernel, vIOMMUs, a part and tests, or step, an architecture, a name"
	planned $'both\tserial-fast\tintel\t-\t$membership'
	refused "series/6.1/plan:1: serial-fast: want [arm64-]KERNEL-CONFIG[,ARGUMENT...]"
	planned $'both\tseries-fast\tintel,smmuv3\t-\t$membership'
	refused "series/6.1/plan:1: smmuv3: x86_64 has no such vIOMMU"
	planned $'both\tstep\t-\tkunit-bot'
	refused "series/6.1/plan:1: kunit-bot: want one of: test test-built lint bisect compile cost kunit kunit-boot host"
	planned $'both\tstep\tx86-64\tlint'
	refused "series/6.1/plan:1: x86-64: want one of: - x86_64 arm64"
	planned $'both\tseries-fast\tintel\t-\t$member'
	refused "series/6.1/plan:1: there is no name member in guest/tests"
	planned $'both\tseries-fast\tintel,intel\t-\t$membership'
	refused "series/6.1/plan: twice in \`make check\`: series-fast-intel"
	planned $'both\tseries-fast\tintel\t-\t$membership'
	for bad in 0/2 3/2 2 a/b 1/0 '1/2 x'; do
		run -2 make SHARD="$bad" check-all
		[[ $output == *"SHARD=$bad: want k/n, the k-th of n parts"* ]]
		[ ! -e build/6.1/linux ]
	done
	run -2 make SHARD=1/2 check
	[[ $output == *"make check does not go by SHARD"* ]]
	# the last results are still there
	mkdir -p build/6.1/result
	touch build/6.1/result/some.tap
	planned none
	run -1 check_sh 6.1
	[ -e build/6.1/result/some.tap ]
}

@test "the jobs for GitLab and GitHub have every base and part" {
	PATH=/usr/bin:$PATH python3 - <<-'EOF'
		import os, yaml
		bases = sorted(base for base in os.listdir("series") if "\ndraft: " not in open(f"series/{base}/base").read())
		for path, find, name, shard in (
		        (".gitlab-ci.yml", lambda file: file["check"]["parallel"]["matrix"][0], "BASE", "SHARD"),
		        (".github/workflows/check.yml", lambda file: file["jobs"]["check"]["strategy"]["matrix"], "base", "shard")):
		    with open(path, encoding="utf-8") as file:
		        matrix = find(yaml.safe_load(file))
		    count = len(matrix[shard])
		    assert sorted(matrix[name]) == bases, path
		    assert matrix[shard] == [f"{k}/{count}" for k in range(1, count + 1)], path
	EOF
}

# SPDX-License-Identifier: GPL-2.0
# What the bench does with bad input and bad luck. `make check` runs this when
# the kernels are built; a case that needs one uses $B of the tree it runs in.

bats_require_minimum_version 1.5.0

setup_file() {
	export TOP=$PWD
	export B=${B:-$PWD/build/6.1}
	export TESTED=${BASE:-6.1}
	unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BASE TOPIC KERNEL CONFIG ARCH VIOMMU LINUX DEPS
}

# A copy of the bench, and a kernel tree of two files for it.
setup() {
	copy=$BATS_TEST_TMPDIR/bench
	mkdir "$copy"
	cd "$TOP"
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy"
	cd "$copy"
	rm -rf series/6.1/[0-9]* series/6.1/{README.md,series}
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
}

# topic FOLDER TITLE FOR [LINE...]
topic() {
	mkdir -p "series/6.1/$1"
	printf '%s\n' "title: $2" "for: $3" "${@:4}" >"series/6.1/$1/topic"
}

teardown() {
	[ -z "${sink:-}" ] || kill "$sink"
}

no_build() {
	[ ! -e build ]
}

# commit OLD NEW [TOPIC]: a change to the fake kernel as a commit of a topic
commit() {
	sed -i "s/^$1$/$2/" build/6.1-fake/linux/Kbuild
	git -C build/6.1-fake/linux -c user.name=T -c user.email=t@localhost commit -q -a -m "fake: turn $1 into $2" --trailer "Topic: ${3:-count}"
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
	M:	"Bob T." <bob@build.test>
	R:	Rea <rea@build.test>
	L:	list@build.test
	S:	Supported
	F:	Kbuild

	ONE
	M:	Ünal <one@drivers.test>
	S:	Odd Fixes
	F:	drivers/one

	THE REST
	L:	linux-kernel@vger.test
	F:	*
	F:	*/
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
	[[ ${lines[0]} == "deps: missing: qemu-system-x86_64 (Debian: apt-get install qemu-system-x86)" ]]
	no_build
}

@test "what only a test needs is missed only by that test" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s /usr/bin/* "$BATS_TEST_TMPDIR/bin/"
	rm -f "$BATS_TEST_TMPDIR/bin/dpdk-testpmd"
	PATH=$BATS_TEST_TMPDIR/bin run -2 make DEPS=skip TESTS=testpmd selftests
	[[ ${lines[0]} == "deps: missing: dpdk-testpmd (Debian: apt-get install dpdk-dev)" ]]
	PATH=$BATS_TEST_TMPDIR/bin run -0 make DEPS=skip deps
	no_build
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
	[ -d build/6.1-fake/linux/.git ]
}

@test "another version of the base is a notice" {
	run -0 make LINUX="$fake" tree
	[[ $output == *"notice: series/6.1 was verified on $(cut -d ' ' -f 1 series/6.1/base), this is "* ]]
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
	[ ! -e build/6.1-fake/linux ]
	[ ! -e build/6.1-fake/linux.tmp ]
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
	grep -x five build/6.1-fake/linux/Kbuild
	run -0 make LINUX="$fake" refresh
	[[ $output == *"nothing has changed"* ]]
	[ "$before" = "$(sums)" ]
}

@test "refresh refuses uncommitted changes, and loses nothing" {
	make LINUX="$fake" tree
	before=$(sums)
	sed -i 's/^7$/seven/' build/6.1-fake/linux/Kbuild
	run -2 make LINUX="$fake" refresh
	[[ $output == *"error: build/6.1-fake/linux has uncommitted changes"* ]]
	grep -x seven build/6.1-fake/linux/Kbuild
	[ "$before" = "$(sums)" ]
}

@test "distclean refuses to remove work that is nowhere else" {
	make LINUX="$fake" tree
	commit 5 five
	run -2 make LINUX="$fake" distclean
	[[ $output == *"has work that is not in series/6.1"* ]]
	make LINUX="$fake" refresh
	make LINUX="$fake" distclean
	[ ! -e build/6.1-fake ]
}

@test "a series that changed is applied anew, but never over work in the tree" {
	make LINUX="$fake" tree
	commit 5 five
	make LINUX="$fake" refresh
	sed -i 's/^+five$/+FIVE/' series/6.1/01-count/0001-*.patch
	make LINUX="$fake" tree
	grep -x FIVE build/6.1-fake/linux/Kbuild
	commit 60 sixty
	sed -i 's/^+FIVE$/+5.0/' series/6.1/01-count/0001-*.patch
	run -2 make LINUX="$fake" tree
	[[ $output == *"has work of its own"* ]]
	grep -x sixty build/6.1-fake/linux/Kbuild
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
	for try in 1 2; do
		PATH=$BATS_TEST_TMPDIR/bin:$PATH run -2 make tree
		[[ $output == *"error: 6.1: linux-source-6.1_"*".deb is not what APT expects"* ]]
		[ ! -e build/6.1/linux ]
	done
	[[ $output == *"(cut short?): getting it again"* ]]
}

@test "an option that does not take effect is an error" {
	echo CONFIG_NO_SUCH_OPTION=y >config/bogus.config
	KERNEL=stock CONFIG=bogus BASE=6.1 ARCH=x86_64 JOBS=2 LINUX='' TOPIC='' run -1 scripts/image.sh
	rm -rf "$B/obj-bogus" "$B/log/build-stock-bogus.log"
	[[ $output == *"these options did not take effect: bogus.config:CONFIG_NO_SUCH_OPTION=y"* ]]
}

@test "a kernel that panics at boot is reported with its panic" {
	KARGS=rdinit=/nowhere vm
	grep -x 'not ok 1 boot' "$BATS_TEST_TMPDIR/b/result/result.tap"
	grep '# panic: .*No working init found' "$BATS_TEST_TMPDIR/b/result/result.tap"
}

@test "a guest that hangs is reported with its last lines, and ended" {
	hanging_guest
	SILENCE=5 vm
	cat "$BATS_TEST_TMPDIR/b/result/result.tap"
	grep '# hang: nothing on the console for 5 s' "$BATS_TEST_TMPDIR/b/result/result.tap"
	grep '#   the guest says this and no more' "$BATS_TEST_TMPDIR/b/result/result.tap"
	run ! pgrep -f "$INITRAMFS"
}

@test "QEMU that does not start is reported with its reason" {
	INITRAMFS=$BATS_TEST_TMPDIR/none vm
	grep '# QEMU: qemu: error reading initrd' "$BATS_TEST_TMPDIR/b/result/result.tap"
}

@test "the machine that a shell is in has the devices of all tests, and starts" {
	for viommu in intel intel-sm virtio amd; do
		B=$BATS_TEST_TMPDIR PYTHONPATH=scripts run python3 -B -c '
import subprocess, sys, vm
command = vm.machine_of("series-fast", sys.argv[1], "tcg", vm.EXTRAS)
sys.exit(subprocess.run([*command, "-S", "-monitor", "stdio"], input=b"quit\n", timeout=60).returncode)' $viommu
		[ "$status" = 0 ] || { echo "$viommu: $output"; false; }
	done
}

@test "Ctrl-C leaves no VM and no result that looks like one" {
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
	grep -F 'lost: &lt;b&gt;&quot;DMA&quot; &amp; co&lt;/b&gt;' $page
	grep -F '&lt;i&gt;no&lt;/i&gt; reason' $page
	# all that the console said of a failure, of others what the test said
	[ "$(grep -c 'a line of the kernel' $page)" = 1 ]
	grep -F '&lt;b&gt;&quot;series&quot; &amp; co' $page
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

@test "topics: bad input is refused before anything is touched" {
	refused() {
		run -2 make LINUX="$fake" DEPS=skip tree
		[[ $output == "error: $1"* ]]
		[[ ${lines[1]} == "make: "* ]]
		[ ! -e build/6.1-fake/linux ]
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
	refused 'series/6.1/03-last has no file `topic`'
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
	grep -x five build/6.1-fake/linux/Kbuild
	run -1 grep -x fifty build/6.1-fake/linux/Kbuild
	commit 6 six
	# what comes after it keeps its order
	run -0 make LINUX="$fake" TOPIC=count refresh
	[ "$(cat series/6.1/series)" = "01-count/0001-fake-turn-5-into-five.patch
01-count/0002-fake-turn-6-into-six.patch
02-more/0003-fake-turn-50-into-fifty.patch" ]
	make LINUX="$fake" tree
	grep -x six build/6.1-fake/linux/Kbuild
	grep -x fifty build/6.1-fake/linux/Kbuild
	commit 7 seven nope
	run -2 make LINUX="$fake" refresh
	[[ ${lines[0]} == 'error: "fake: turn 7 into seven" says Topic: nope: there is no series/6.1/NN-nope' ]]
	git -C build/6.1-fake/linux -c user.name=T -c user.email=t@localhost commit -q --amend -m 'fake: turn 7 into seven'
	run -2 make LINUX="$fake" refresh
	[[ ${lines[0]} == 'error: "fake: turn 7 into seven" is in no topic: its message has no trailer "Topic: NAME"'* ]]
	git -C build/6.1-fake/linux -c user.name=T -c user.email=t@localhost commit -q --amend -m 'fake: turn 7 into seven' --trailer 'Topic: count'
	run -2 make LINUX="$fake" refresh
	[[ ${lines[0]} == 'error: "fake: turn 7 into seven" of topic count comes after one of more: reorder the commits' ]]
}

@test "topics: nobody's work is lost to a branch that is made or written back" {
	tree=build/6.1-fake/linux
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
	sed -i 's/^8$/eight/' $tree/Kbuild
	run -2 make LINUX="$fake" TOPIC=count tree
	[[ ${lines[0]} == "error: $tree has uncommitted changes on branch series: commit them, or say which TOPIC" ]]
	grep -x eight $tree/Kbuild
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
	t reset -q --hard HEAD@{1}
	# a topic that does not apply leaves nothing that looks done
	t checkout -q series
	t branch -q -D topic-count
	sed -i 's/^ 3$/ three/' series/6.1/01-count/0001-*.patch
	run -2 make LINUX="$fake" TOPIC=count tree
	[[ $output == *"does not apply to "* ]]
	sed -i 's/^ three$/ 3/' series/6.1/01-count/0001-*.patch
	make LINUX="$fake" TOPIC=count tree
	grep -x six $tree/Kbuild
	# what check makes beside uncommitted work
	make LINUX="$fake" tree
	t branch -q -D topic-count
	sed -i 's/^8$/eight/' $tree/Kbuild
	make LINUX="$fake" TOPIC=count --eval='beside:;@BESIDE=1 scripts/tree.sh' beside
	t show topic-count:Kbuild | grep -x six
	[ "$(t symbolic-ref --short HEAD)" = series ]
	grep -x eight $tree/Kbuild
	t checkout -q Kbuild
	# what is stashed
	sed -i 's/^9$/nine/' $tree/Kbuild
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

@test "mails: one patch goes without a cover letter, its notes below the line, with the sender's trailers" {
	maintained
	person Person
	git config --add bench.trailer 'Tested-with: the bench'
	make LINUX="$fake" tree
	commit 5 five
	commit 50 fifty more
	printf 'fake: turn 60 into sixty\n\nIn words.\n\nFixes: 123456789abc ("fake: count")\n' >message
	sed -i 's/^60$/sixty/' build/6.1-fake/linux/Kbuild
	git -C build/6.1-fake/linux -c user.name=T -c user.email=t@localhost commit -q -a -F "$PWD/message" --trailer 'Topic: more'
	git -C build/6.1-fake/linux -c user.name=T -c user.email=t@localhost rebase -q --onto HEAD~2 HEAD~1
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

@test "mails: a second version has its changes, a range-diff and its base; Ctrl-C leaves the first" {
	maintained
	person Person
	make LINUX="$fake" tree
	commit 5 five
	sed -i 's/^50$/fifty/' build/6.1-fake/linux/drivers/one
	git -C build/6.1-fake/linux -c user.name=T -c user.email=t@localhost commit -q -a --author='Another <another@elsewhere.test>' -m 'one: turn 50 into fifty' --trailer 'Topic: count'
	printf 'fake: count\n\nIn words.\n' >series/6.1/01-count/cover-letter
	make LINUX="$fake" refresh
	git add -f series && git commit -q -m v1
	run -0 --separate-stderr make LINUX="$fake" TOPIC=count mails
	[ "$output" = "git send-email --to-cmd=true --8bit-encoding=UTF-8 build/outgoing/*.patch && git tag mailed/6.1/count/v1 $(git rev-parse --short HEAD)" ]
	git tag mailed/6.1/count/v1
	before=$(cat build/outgoing/* | sha256sum)

	echo all: >build/6.1-fake/linux/Makefile
	git -C build/6.1-fake/linux -c user.name=T -c user.email=t@localhost commit -q -a -m 'fake: all of it' --trailer 'Topic: count'
	printf 'fake: count\n\nIn words.\n\nChanges in v2:\n - more words\n' >series/6.1/01-count/cover-letter
	make LINUX="$fake" refresh
	git add -f series && git commit -q -m v2

	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexec sleep 100\n' >"$BATS_TEST_TMPDIR/bin/xargs"
	chmod +x "$BATS_TEST_TMPDIR/bin/xargs"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run ! timeout -s INT 3 make LINUX="$fake" TOPIC=count V=2 mails
	[[ $output == *"mails: asking get_maintainer.pl"* ]]
	[ ! -e build/outgoing.tmp ]
	[ "$before" = "$(cat build/outgoing/* | sha256sum)" ]

	# what was mailed may have been for another base
	sed -i 's/^ 3$/ three/' series/6.1/01-count/0001-*
	git tag -f mailed/6.1/count/v1 "$(git commit-tree -m 'on another base' "$(git add -f series && git write-tree)")"
	git reset -q --hard
	run -0 make LINUX="$fake" TOPIC=count V=2 mails
	[[ $output == *"notice: no range-diff: mailed/6.1/count/v1 was made on $(cut -d ' ' -f 1 series/6.1/base), and does not apply to "* ]]
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

@test "mails: every topic, sent, received and applied, is the series" {
	rm -r "series/$TESTED"
	cp -r "$TOP/series/$TESTED" "series/$TESTED"
	mkdir -p build
	ln -s "$B" "build/$TESTED"
	person 'Zoë Person'

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
		run -0 --separate-stderr make BASE="$TESTED" TOPIC="$topic" mails
		[ "${#lines[@]}" = 1 ]
		send=$output
		run -1 grep -rE '^base-commit:|\.example>' build/outgoing
		[ "$(grep -lx "Based on $(git -C "$B/linux" log -1 --format=%s base)\." build/outgoing/* | wc -l)" = 1 ]
		eval "$send" </dev/null >sent 2>&1 || { tail -n 20 sent; false; }
		[ "$(git rev-parse "mailed/$TESTED/$topic/v1^{commit}")" = "$(git rev-parse HEAD)" ]
	done

	mapfile -t received < <(ls -v "$BATS_TEST_TMPDIR"/received/new/*)
	mapfile -t covers < <(grep -lE '^Subject: .*[ 0]0/[0-9]+\]' "${received[@]}")
	mapfile -t mails < <(printf '%s\n' "${received[@]}" | grep -vxFf <(printf '%s\n' "${covers[@]}"))
	mapfile -t patches < <(BASE=$TESTED scripts/topics.py patches)
	[ "${#mails[@]}" = "${#patches[@]}" ]
	[ "${#covers[@]}" = "$(ls "series/$TESTED"/*/cover-letter | wc -l)" ]
	for i in 0 $((${#patches[@]} - 1)); do
		want=$(cd "$B/linux" && scripts/get_maintainer.pl --nogit-fallback --nofixes --norolestats --non "$copy/${patches[i]}")
		[ "$(recipients "${mails[i]}")" = "$(printf '%s\n' "$want" person@somewhere.test | sort -u)" ]
	done

	rm "${covers[@]}"
	# git am takes the files that it needs from the index
	git clone -q --shared --no-checkout -b series "$B/linux" applied
	git -C applied reset -q --soft base
	git -C applied read-tree base
	git -C applied -c user.name=T -c user.email=t@localhost am -q "$BATS_TEST_TMPDIR/received"
	[ "$(git -C applied rev-parse 'HEAD^{tree}')" = "$(git -C "$B/linux" rev-parse 'series^{tree}')" ]
	[ "$(git -C applied log --format='%an <%ae>' base.. | sort -u)" = 'Zoë Person <person@somewhere.test>' ]
	[ "$(git -C applied log --format='%(trailers:key=Signed-off-by)' base.. | grep -c '^Signed-off-by: Zoë Person <person@somewhere.test>$')" = "${#patches[@]}" ]
}

# SPDX-License-Identifier: GPL-2.0
# What the bench does with bad input and bad luck. `make check` runs this when
# the kernels are built; a case that needs one uses $B of the tree it runs in.

bats_require_minimum_version 1.5.0

setup_file() {
	export TOP=$PWD
	export B=${B:-$PWD/build/6.1}
	unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BASE KERNEL CONFIG ARCH VIOMMU LINUX DEPS
}

# A copy of the bench, and a kernel tree of two files for it.
setup() {
	copy=$BATS_TEST_TMPDIR/bench
	mkdir "$copy"
	cd "$TOP"
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy"
	cd "$copy"
	rm -f series/6.1/*.patch series/6.1/cover-letter

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

no_build() {
	[ ! -e build ]
}

# A change to the fake kernel as a commit on branch `series`.
commit() {
	sed -i "s/^$1$/$2/" build/6.1-fake/linux/Kbuild
	git -C build/6.1-fake/linux -c user.name=T -c user.email=t@localhost commit -q -a -m "fake: turn $1 into $2"
}

vm() {
	mkdir -p "$BATS_TEST_TMPDIR/b"
	ln -sfn "$B/image" "$BATS_TEST_TMPDIR/b/image"
	: "${INITRAMFS:=$B/initramfs.cpio.gz}"
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

@test "another version of the base is a notice" {
	run -0 make LINUX="$fake" tree
	[[ $output == *"notice: series/6.1 was verified on $(cat series/6.1/base), this is "* ]]
}

@test "a patch that does not apply is named, with its file and hunk" {
	make LINUX="$fake" tree
	commit 5 five
	commit 50 fifty
	make LINUX="$fake" refresh
	sed -i 's/^ 49$/ 49 or so/' series/6.1/0002-*.patch
	make LINUX="$fake" distclean || rm -r build
	run -2 make LINUX="$fake" tree
	[[ $output == *"error: series/6.1/0002-fake-turn-50-into-fifty.patch does not apply to "*": Kbuild, hunk at line 47"* ]]
	[ ! -e build/6.1-fake/linux ]
	[ ! -e build/6.1-fake/linux.tmp ]
}

@test "refresh writes what was committed, and the same bytes again" {
	make LINUX="$fake" tree
	commit 5 five
	run -0 make LINUX="$fake" refresh
	[ -f series/6.1/0001-fake-turn-5-into-five.patch ]
	run -1 grep '^MIME-Version:' series/6.1/0001-fake-turn-5-into-five.patch
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
	sed -i 's/^+five$/+FIVE/' series/6.1/0001-*.patch
	make LINUX="$fake" tree
	grep -x FIVE build/6.1-fake/linux/Kbuild
	commit 60 sixty
	sed -i 's/^+FIVE$/+5.0/' series/6.1/0001-*.patch
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
	KERNEL=stock CONFIG=bogus BASE=6.1 ARCH=x86_64 JOBS=2 LINUX='' run -1 scripts/image.sh
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
	# each link leads somewhere, and to one place
	grep -o ' id="[^"]*"' $page | cut -d '"' -f 2 | sort >ids
	[ -z "$(uniq -d ids)" ]
	grep -o 'href="[^"]*"' $page | sed 's/href="#\(.*\)"/\1/' | sort -u >links
	[ -s links ]
	[ -z "$(comm -23 links ids)" ]
}

# SPDX-License-Identifier: GPL-2.0
# The front of the bench: `make help` lists what a person can do.

BASE   ?= 6.1
KERNEL ?= series
CONFIG ?= fast
ARCH   ?= x86_64
VIOMMU ?= $(firstword $(viommu_$(ARCH)))
JOBS   ?= $(shell nproc)
LINUX  ?=
TOPIC  ?=
DEPS   ?=
ACCEL  ?= tcg
QEMU   ?=
KERNEL_IMAGE ?=
MODULES ?=
AGAINST ?=
SHARD ?=
RESULTS ?=
KCONFIG ?=

# What the person said
said := $(strip $(foreach v,$(filter-out MAKEFLAGS MAKEOVERRIDES -%,$(.VARIABLES)),$(if $(findstring command line,$(origin $v)),$v)))

# `try` goes by none of these, whatever the environment has.
ifneq ($(filter try,$(MAKECMDGOALS)),)
override BASE := 6.1
override ARCH := x86_64
override TOPIC :=
endif
# These are of the whole series.
ifneq ($(filter check check-all topics,$(MAKECMDGOALS)),)
override TOPIC :=
endif
ifneq ($(filter check check-all topics lint,$(MAKECMDGOALS)),)
override KERNEL := series
endif

system_x86_64 := x86_64
system_arm64  := aarch64

bases := $(notdir $(wildcard series/*))
one-of = $(if $(filter 1,$(words $($1))),$(if $(filter $2,$($1)),,$(error $1=$($1): want one of: $2)),$(error $1=$($1): want one of: $2))
$(call one-of,BASE,$(bases))
$(call one-of,KERNEL,series stock)
$(call one-of,CONFIG,fast debug)
$(call one-of,ARCH,x86_64 arm64)
# Those of an architecture that BASE has a driver for: all, or more, which are not among VIOMMU=all
viommus-of = $(shell awk -F '\t+' '$$1 == "viommu" && $$3 ~ "$1" && $$4 == "$2" && $$5 !~ "$(BASE)/$1" { print $$2 }' guest/machine)
viommu_x86_64 := $(call viommus-of,x86_64,all)
viommu_arm64  := $(call viommus-of,arm64,all)
viommu_more_x86_64 := $(call viommus-of,x86_64,more)
known := $(strip $(viommu_$(ARCH)) $(viommu_more_$(ARCH)))
$(if $(and $(filter 1,$(words $(VIOMMU))),$(filter $(addsuffix @11,$(known)),$(VIOMMU))),,$(call one-of,VIOMMU,$(known) all))
$(call one-of,ACCEL,tcg kvm)
$(if $(DEPS),$(call one-of,DEPS,skip))
# series/<base>/NN-NAME
topics := $(shell printf '%s\n' series/$(BASE)/[0-9][0-9]-*/topic | sed -n 's,.*/[0-9]*-\(.*\)/topic$$,\1,p')
$(if $(TOPIC),$(call one-of,TOPIC,$(topics) fixes))
kernel := $(if $(filter stock,$(KERNEL)),stock,$(or $(TOPIC),series))

$(if $(findstring :,$(CURDIR))$(filter-out 1,$(words $(CURDIR))),$(error $(CURDIR): kbuild takes no path with a space or a colon in it: clone it elsewhere))
$(if $(findstring :,$(LINUX))$(filter-out 0 1,$(words $(LINUX))),$(error LINUX=$(LINUX): kbuild takes no path with a space or a colon in it))
override LINUX := $(patsubst %/,%,$(abspath $(LINUX)))
B := $(CURDIR)/build/$(BASE)$(if $(LINUX),-$(notdir $(LINUX))-$(firstword $(shell echo '$(LINUX)' | sha256sum | cut -c 1-8)))
viommus := $(if $(filter all,$(VIOMMU)),$(viommu_$(ARCH)),$(VIOMMU))
a := $(if $(filter-out x86_64,$(ARCH)),$(ARCH)-)
ifeq ($(QEMU),11)
qemu_folder := $(CURDIR)/build/qemu-11
else ifneq ($(QEMU),)
program := qemu-system-$(system_$(ARCH))
qemu_folder := $(abspath $(QEMU:%/$(program)=%))
$(if $(and $(filter 1,$(words $(QEMU))),$(wildcard $(qemu_folder)/$(program))),,$(error QEMU=$(QEMU): want 11, or the path of a $(program) or of its folder))
endif
export BASE TOPIC KERNEL CONFIG ARCH JOBS LINUX DEPS ACCEL B viommus QEMU qemu_folder \
	KERNEL_IMAGE MODULES AGAINST SHARD KCONFIG
# What the user's environment says to other kernels' builds and tests.
unexport PLAIN BESIDE KBUILD_OUTPUT O CROSS_COMPILE LLVM CC KCFLAGS KCONFIG_CONFIG

# What each target goes by, of what a person can say: the rest would change nothing, and is refused.
built := BASE LINUX TOPIC CONFIG ARCH JOBS DEPS
vm := VIOMMU QEMU ACCEL KARGS
uses_verdict	:= $(built) $(vm)
uses_try	:= LINUX AGAINST KERNEL_IMAGE MODULES CONFIG JOBS DEPS $(vm)
uses_check	:= BASE LINUX ARCH JOBS DEPS QEMU ACCEL
uses_topics	:= BASE LINUX JOBS DEPS QEMU ACCEL
uses_check-all	:= $(uses_topics) SHARD
uses_bench	:= $(built) $(vm) KERNEL
uses_report	:= RESULTS DEPS
uses_test	:= JOBS DEPS
uses_tree	:= BASE LINUX TOPIC JOBS DEPS
uses_refresh	:= BASE LINUX TOPIC
uses_mails	:= BASE LINUX TOPIC V JOBS DEPS
uses_packages	:= BASE LINUX TOPIC JOBS DEPS KCONFIG
uses_image	:= $(built) KERNEL
uses_selftests	:= $(built) $(vm) KERNEL TESTS
uses_kunit	:= BASE LINUX TOPIC ARCH JOBS DEPS QEMU
uses_mutants	:= $(uses_kunit) MUTANTS
uses_boot	:= $(built) $(vm) KERNEL
uses_lint	:= $(built)
uses_bisect	:= $(built)
uses_compile	:= BASE LINUX TOPIC JOBS DEPS CONFIGS
uses_clean	:= BASE LINUX
uses_distclean	:= BASE LINUX
$(foreach g,$(filter $(patsubst uses_%,%,$(filter uses_%,$(.VARIABLES))),$(or $(MAKECMDGOALS),verdict)),$(foreach v,$(filter-out $(uses_$g),$(said)),$(error \
	make $g does not go by $v: it goes by $(or $(uses_$g),nothing))))
$(if $(and $(filter all,$(VIOMMU)),$(filter verdict boot,$(or $(MAKECMDGOALS),verdict))),$(error VIOMMU=all: make $(filter verdict boot,$(or $(MAKECMDGOALS),verdict)) is on one: want one of: $(known)))

.PHONY: verdict try test check check-all topics report bench help deps emulator tree refresh mails packages image selftests kunit mutants boot lint bisect compile clean distclean
.DEFAULT_GOAL := verdict
.NOTPARALLEL:

# Debian's python3 has the packages that Debian has.
debians := PATH=/usr/bin:$$PATH
report := $(debians) scripts/report.py

tests := vfio_dma_test vfio_type1_test vfio_attach_test vfio_group_membership_test vfio_host_driver_test vfio_sriov_test vfio_suspend_test \
	vfio_fail_nth_test vfio_group_stress
TESTS ?= $(or $(shell sed -n 's/^tests: //p' series/$(BASE)/base),$(tests))
shallow := $(subst $$membership,vfio_group_membership_test,$(shell sed -n 's/^shallow[[:blank:]]*//p' guest/tests))
shown = $(a)$1-$(CONFIG)-$(viommus)-verdict
# What Debian itself has built of the base, where that is worth a column
binary := $(if $(LINUX)$a$(filter debug,$(CONFIG)),,$(shell sed -n 's/^binary: //p' series/$(BASE)/base))
verdict: deps-report$(if $(binary),-try) emulator tree ## Does the stock kernel fail, and the series hold? (the main job)
	@KERNEL=stock scripts/image.sh >&2
	@KERNEL=series scripts/image.sh >&2
	@scripts/initramfs.sh
	@$(if $(binary),KERNEL=stock KERNEL_IMAGE=$(binary) scripts/try.sh debian-fast)
	@mkdir -p $(B)/result && scripts/report.py versions >$(B)/result/versions
	@scripts/vm.py run $(foreach k,$(if $(binary),debian) stock $(or $(TOPIC),series),+ $(a)$k-$(CONFIG) $(viommus) $(call shown,$k) "$(shallow)")
	@scripts/verdict.py $(if $(binary),debian=$(call shown,debian)) stock=$(call shown,stock) series=$(call shown,$(or $(TOPIC),series)); status=$$?; \
		$(report) | tail -n 1; exit $$status

try: deps-tests-try-report$(if $(LINUX),-run) ## Is a kernel affected? The one that runs here, or KERNEL_IMAGE=, or LINUX=, as it is
	@$(if $(filter 11,$(QEMU))$(findstring @11,$(VIOMMU)),scripts/qemu.sh 11 x86_64)
	@scripts/vm.py check stock "$(shallow)" $(viommus)
	@scripts/try.sh

# All that take minutes, unless somebody names a base.
checked := $(if $(filter file,$(origin BASE)),$(if $(LINUX),,$(shell awk '/^check: / { split(FILENAME, part, "/"); print $$2, part[2] }' series/*/base | sort -n | cut -d ' ' -f 2)))
check: deps-check-lint-bench-testpmd-mails emulator ## All that CI runs; its last line counts
	@scripts/check.sh $(or $(checked),$(BASE))

test: deps-check ## What the scripts do with bad input and bad luck, without building a kernel
	@$(debians) bats --jobs $(JOBS) tests

ifneq ($(SHARD),)
ifneq ($(shell echo '$(SHARD)' | awk -F / '/^[1-9][0-9]*\/[1-9][0-9]*$$/ && $$1 + 0 <= $$2 + 0'),$(SHARD))
$(error SHARD=$(SHARD): want k/n, the k-th of n parts)
endif
endif
check-all: deps-check-lint-bench-testpmd-mails-arm64-compile-host emulator ## BASE's: each patch alone, every cell, arm64, other compilers
	@scripts/check.sh all $(BASE)

topics: deps-testpmd-arm64 emulator ## Each topic of BASE alone, on what it needs: does it build, and do what it says?
	@scripts/check.sh topics $(BASE)

bench: emulator deps-bench tree ## What attaching costs on KERNEL and on stock: counts, time, plots
	@KERNEL=stock scripts/image.sh >&2
	@scripts/image.sh >&2
	@scripts/initramfs.sh
	@scripts/cost.py $(kernel) $(viommus)

report: deps-report ## The last check's results, or RESULTS=, as a page, build/report/index.html, and as text
	@$(report) $(RESULTS)

tree: deps ## The kernel as a git tree with the series, or TOPIC, in build/<base>/linux
	@scripts/tree.sh

refresh: ## Write that branch back to series/<base>/, and its index
	@scripts/refresh.sh

V ?= 1
mails: ## Write TOPIC to build/outgoing/ as mails, and say how to send them
	@scripts/mails.sh '$(V)'

packages: deps-run-packages ## The series' kernel as Debian packages, with the configuration KCONFIG
	@scripts/packages.sh

image: tree ## Build KERNEL in CONFIG; the last line is the image's path
	@scripts/image.sh

selftests: emulator image ## Run the vfio selftests on KERNEL, CONFIG and VIOMMU
	@scripts/initramfs.sh
	@scripts/vm.py run $(foreach v,$(viommus),+ $(a)$(kernel)-$(CONFIG) $v $(a)selftests-$(kernel)-$(CONFIG)-$v $(TESTS))
	@scripts/verdict.py $(foreach v,$(viommus),$v=$(a)selftests-$(kernel)-$(CONFIG)-$v)

kunit: emulator tree ## Run the series' KUnit suites through kunit.py
	@scripts/kunit.sh

MUTANTS ?=
mutants: emulator tree ## Undo each fix in turn: do the KUnit suites notice?
	@scripts/mutants.sh $(MUTANTS)

boot: emulator image ## A shell in the VM, with the host's tools, the selftests and devices at hand
	@scripts/initramfs.sh
	@echo "Ctrl-A X ends the VM, Ctrl-A C is QEMU's monitor"
	@scripts/vm.py shell $(a)$(kernel)-$(CONFIG) $(firstword $(viommus))

lint: deps-lint tree ## checkpatch, sparse, W=1, kernel-doc, Sphinx, coccicheck, shellcheck
	@scripts/lint.sh

bisect: tree ## Does the kernel build after each patch?
	@scripts/bisect.sh

CONFIGS ?=
compile: deps-compile tree ## W=1, sparse: touched files on each architecture, GCC and Clang
	@scripts/compile.sh $(CONFIGS)

# Before anything is built: can this QEMU do it?
checks := $(filter check check-all topics,$(MAKECMDGOALS))
emulator: deps
	@$(if $(filter 11,$(QEMU))$(findstring @11,$(VIOMMU)),scripts/qemu.sh 11 $(system_$(ARCH)))
	@scripts/vm.py check $(a)series-fast "$(if $(filter boot,$(MAKECMDGOALS)),shell,$(TESTS))" $(if $(checks),$(viommu_$(ARCH)),$(viommus))

deps:
	@scripts/deps.sh $(shell sed -n 's/^deps: //p' series/$(BASE)/base) $(ARCH) $(foreach t,$(TESTS),$(firstword $(subst /, ,$t)))

deps-%:
	@scripts/deps.sh $(subst -, ,$*)

clean: ## Remove what was built; the tree stays
	rm -rf $(B)/obj-* $(B)/image $(B)/src $(B)/*initramfs* $(B)/passed $(B)/log $(B)/result $(B)/bench $(B)/mutants build/report build/outgoing

distclean: ## Remove all of build/<base>/, unless it has work of yours
	@scripts/distclean.sh

help: ## This
	@echo 'Targets:'
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
	@echo 'Variables:'
	@echo '  BASE=$(BASE)    the series: $(bases)'
	@echo '  KERNEL=series (the tree as it is now) or stock (without our patches)'
	@echo '  CONFIG=fast or debug (KASAN, lockdep, kmemleak, fault injection)'
	@echo '  ARCH=x86_64 or arm64 (cross-built; in names, arm64- in front)'
	@echo '  VIOMMU=all or one of $(viommu_x86_64), or $(viommu_more_x86_64); with ARCH=arm64 of $(viommu_arm64)'
	@echo '  QEMU=<path>   or 11: that of Debian 13'\''s backports, unpacked in build/; VIOMMU=<one>@11 for one of them'
	@echo '  LINUX=<path>  your own kernel tree as the base; it is not modified'
	@echo '  KERNEL_IMAGE=<vmlinuz, .deb files, or Debian package[/SUITE]>, MODULES=<folder>, AGAINST=<commit of LINUX>: what `make try` tries'
	@echo '  KCONFIG=<a configuration, or debian for its kernel'\''s>: of `make packages`; if none, that of the kernel that runs here'
	@echo '  SHARD=k/n     of `make check-all` the k-th of n parts; RESULTS="<folders>", copies of build/ that `make report` is to be of'
	@echo '  TESTS="..."   what `make selftests` runs: PROGRAM[@KIND][/CASES] or PROGRAM,-ARGUMENT,VALUE'
	@echo '  MUTANTS="..." which mutants `make mutants` tries'
	@echo '  CONFIGS="..." which of its configurations `make compile` tries'
	@echo '  TOPIC=<name>  on most targets, one topic of the series and what it needs, or fixes, all that mend something: $(topics)'
	@echo '  V=$(V)           the version that `make mails` writes'
	@echo '  DEPS=skip     install nothing; ACCEL=kvm  use KVM if a boot under it ends'
	@echo '  JOBS=$(JOBS)       compilers side by side, and twice as many VMs, but of debug kernels; KARGS="..."  kernel arguments'

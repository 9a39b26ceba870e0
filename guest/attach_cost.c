// SPDX-License-Identifier: GPL-2.0
/*
 * What it takes groups to join a container and to leave it again, and what it
 * takes to map and unmap memory there, with each edu device on the root bus in
 * its own group; and what it takes to attach one group and to give it back, with
 * those elsewhere all in that. scripts/cost.py reads what it prints, where "size"
 * is how many groups join, or how many such devices the group has:
 *
 *	operation size mappings attaches domains iotlb context ns
 */
#define _GNU_SOURCE
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "libvfio.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define VFIO_PCI	"/sys/bus/pci/drivers/vfio-pci"
#define TRACE		"/sys/kernel/tracing"
#define EVENTS		TRACE "/events"
#define PAGE		4096
#define PAGES		4096
#define MAX_GROUPS	24
#define MAX_MEMBERS	24
/*
 * The first counts, which takes time. The fastest of the others is what it
 * takes: there can be an interrupt or a kernel thread in any of them.
 */
#define PASSES		6

enum count { ATTACHES, DOMAINS, IOTLB, CONTEXT, COUNTS };

struct cost {
	/* -1 if it cannot be counted */
	int counts[COUNTS];
	unsigned long long ns;
};

static const struct {
	enum count count;
	const char *path;
	const char *value;
} events[] = {
	{ ATTACHES, EVENTS "/iommu/attach_device_to_domain/enable", "1" },
	/* There is no event for a new domain: who allocates memory? */
	{ DOMAINS, EVENTS "/kmem/kmalloc/enable", "1" },
	{ DOMAINS, EVENTS "/kmem/kmalloc/trigger", "stacktrace" },
	/* Intel's come from a cache in Linux 5.10. */
	{ DOMAINS, EVENTS "/kmem/kmem_cache_alloc/enable", "1" },
	{ DOMAINS, EVENTS "/kmem/kmem_cache_alloc/trigger", "stacktrace" },
	{ IOTLB, EVENTS "/intel_iommu/qi_submit/enable", "1" },
};

static const struct {
	enum count count;
	const char *text;
} marks[] = {
	{ ATTACHES, " attach_device_to_domain: " },
	{ DOMAINS, "=> intel_iommu_domain_alloc\n" },
	{ DOMAINS, "=> amd_iommu_domain_alloc\n" },
	{ DOMAINS, "=> viommu_domain_alloc\n" },
	{ IOTLB, " qi_submit: iotlb_inv " },
	{ IOTLB, " qi_submit: p_iotlb_inv " },
	{ CONTEXT, " qi_submit: cc_inv " },
	{ CONTEXT, " qi_submit: pc_inv " },
};

/* The first is in the container before the others join. */
static int groups[1 + MAX_GROUPS];
static char members[MAX_MEMBERS][PCI_NAME_SIZE];
static int container;
static struct dma_area memory = { .iova = 0x4000000, .size = PAGES * PAGE };
static bool sees_flushes;

static void die(void)
{
	printf("# %s\n", vfio_reason);
	exit(1);
}

static void open_groups(void)
{
	const char *name;
	glob_t found;
	size_t i;

	if (file_write(VFIO_PCI "/new_id", "1234 11e8"))
		die();
	if (glob(VFIO_PCI "/0000:*", 0, NULL, &found) ||
	    found.gl_pathc != ARRAY_SIZE(groups) + MAX_MEMBERS) {
		vfio_fail("not %zu edu devices", ARRAY_SIZE(groups) + MAX_MEMBERS);
		die();
	}
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		name = strrchr(found.gl_pathv[i], '/') + 1;
		groups[i] = vfio_group_open(pci_group(name));
		if (groups[i] < 0)
			die();
		sees_flushes = pci_iommu_is(name, "dmar") &&
			       !access(EVENTS "/intel_iommu/qi_submit", F_OK);
	}
	for (i = 0; i < MAX_MEMBERS; i++) {
		name = strrchr(found.gl_pathv[ARRAY_SIZE(groups) + i], '/') + 1;
		memcpy(members[i], name, PCI_NAME_SIZE);
		if (pci_group(name) != pci_group(members[0])) {
			vfio_fail("%s is in another group than %s", name, members[0]);
			die();
		}
	}
	globfree(&found);
}

/*
 * The same page all over, so that it is not for the page allocator to say how
 * much of it is contiguous.
 */
static void alloc_memory(void)
{
	int fd = memfd_create("page", MFD_CLOEXEC);
	size_t i;

	memory.vaddr = mmap(NULL, memory.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < memory.size; i += PAGE)
		if (ftruncate(fd, PAGE) ||
		    mmap(memory.vaddr + i, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED) {
			vfio_fail("no memory");
			die();
		}
	close(fd);
}

static void trace_start(struct cost *cost)
{
	size_t i;

	if (file_write(TRACE "/buffer_size_kb", "8192"))
		die();
	/* It is opening it for writing that clears it. */
	fclose(fopen(TRACE "/trace", "we"));
	for (i = 0; i < ARRAY_SIZE(events); i++)
		if (!cost->counts[events[i].count] &&
		    file_write(events[i].path, events[i].value))
			die();
}

static void trace_stop(struct cost *cost)
{
	unsigned long kept = 0, written = 0;
	char line[512];
	FILE *file;
	size_t i;

	if (file_write(EVENTS "/enable", "0") ||
	    file_write(EVENTS "/kmem/kmalloc/trigger", "!stacktrace") ||
	    file_write(EVENTS "/kmem/kmem_cache_alloc/trigger", "!stacktrace"))
		die();
	file = fopen(TRACE "/trace", "re");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "# entries-in-buffer/entries-written: %lu/%lu",
			   &kept, &written) == 2)
			continue;
		for (i = 0; i < ARRAY_SIZE(marks); i++)
			cost->counts[marks[i].count] += !!strstr(line, marks[i].text);
	}
	fclose(file);
	if (kept != written) {
		vfio_fail("the trace has %lu of %lu entries", kept, written);
		die();
	}
}

static unsigned long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_RAW, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static int join(int count)
{
	int i, ret = 0;

	for (i = 1; i <= count && !ret; i++)
		ret = vfio_group_set_container(groups[i], container);
	return ret;
}

static int leave(int count)
{
	int i, ret = 0;

	for (i = 1; i <= count && !ret; i++)
		ret = vfio_group_unset_container(groups[i]);
	return ret;
}

static int for_each(int mappings, int (*op)(const struct dma_area *))
{
	struct dma_area area = memory;
	int i, ret = 0;

	for (i = 0; i < mappings && !ret; i++) {
		area.size = memory.size / mappings;
		ret = op(&area);
		area.vaddr += area.size;
		area.iova += area.size;
	}
	return ret;
}

static int map_area(const struct dma_area *area)
{
	return vfio_map(container, area, VFIO_MAP_RW);
}

static int unmap_area(const struct dma_area *area)
{
	return vfio_unmap(container, area);
}

static int map(int mappings)
{
	return for_each(mappings, map_area);
}

static int unmap(int mappings)
{
	return for_each(mappings, unmap_area);
}

static int first(int count)
{
	container = vfio_container_open();
	if (container < 0)
		return -1;
	return vfio_group_set_container(groups[0], container) ?:
	       vfio_set_iommu(container);
}

static int last(int count)
{
	int ret = vfio_group_unset_container(groups[0]);

	close(container);
	return ret;
}

static void measure(struct cost *cost, int pass, int (*op)(int), int arg)
{
	unsigned long long start, ns;

	if (!pass) {
		/* They allocate too much to look through, and no domains. */
		if (op == map || op == unmap)
			cost->counts[DOMAINS] = -1;
		/* Only Intel's driver has events for that, and not in 5.10. */
		if (!sees_flushes) {
			cost->counts[IOTLB] = -1;
			cost->counts[CONTEXT] = -1;
		}
		trace_start(cost);
	}
	start = now();
	if (op(arg))
		die();
	ns = now() - start;
	if (!pass)
		trace_stop(cost);
	else if (pass == 1 || ns < cost->ns)
		cost->ns = ns;
}

static void report(const char *op, int size, int mappings, const struct cost *cost)
{
	int i;

	printf("%s\t%d\t%d", op, size, mappings);
	for (i = 0; i < COUNTS; i++)
		printf(cost->counts[i] < 0 ? "\t-" : "\t%d", cost->counts[i]);
	printf("\t%llu\n", cost->ns);
}

static void measure_pair(const char *there_name, int (*there)(int),
			 const char *back_name, int (*back)(int), int arg,
			 int size, int mappings)
{
	struct cost there_cost = {}, back_cost = {};
	int pass;

	for (pass = 0; pass < PASSES; pass++) {
		measure(&there_cost, pass, there, arg);
		measure(&back_cost, pass, back, arg);
	}
	report(there_name, size, mappings, &there_cost);
	report(back_name, size, mappings, &back_cost);
}

/* The group gets smaller: it starts with all of its devices. */
static void measure_sizes(void)
{
	static const int sizes[] = { 24, 16, 8, 4, 2, 1 };
	int there = MAX_MEMBERS;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		while (there > sizes[i])
			if (pci_remove(members[--there]))
				die();
		groups[0] = vfio_group_open(pci_group(members[0]));
		if (groups[0] < 0)
			die();
		measure_pair("attach", first, "give_back", last, 1, sizes[i], 0);
		close(groups[0]);
	}
}

int main(int argc, char **argv)
{
	static const int mappings[] = { 0, PAGES };
	static const int counts[] = { 1, 2, 4, 8, 16, MAX_GROUPS };
	size_t i, j;

	if (argc != 1) {
		fprintf(stderr, "Usage: %s\n", argv[0]);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	open_groups();
	alloc_memory();
	/* What happens only once in a group's life must not be in the counts. */
	if (first(1) || join(MAX_GROUPS) || leave(MAX_GROUPS) || last(1))
		die();
	measure_pair("first", first, "last", last, 1, 1, 0);
	if (first(1))
		die();
	measure_pair("map", map, "unmap", unmap, PAGES, 0, PAGES);
	measure_pair("map", map, "unmap", unmap, 1, 0, 1);
	for (i = 0; i < ARRAY_SIZE(mappings); i++) {
		if (map(mappings[i]))
			die();
		for (j = 0; j < ARRAY_SIZE(counts); j++)
			measure_pair("join", join, "leave", leave, counts[j],
				     counts[j], mappings[i]);
		if (unmap(mappings[i]))
			die();
	}
	if (last(1))
		die();
	measure_sizes();
	return 0;
}

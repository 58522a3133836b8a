/* SPDX-License-Identifier: BSD-3-Clause */
/* Anonymous memory on huge pages, near the core that uses it. */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <numa.h>
#include <numaif.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"

#define HUGE_PAGE      ((size_t)2 << 20)
#define SMALLEST_PAGE  4096 /* no machine of ours has smaller ones */
#define NODES_MAX      1024
#define BITS_IN_A_LONG (CHAR_BIT * sizeof(unsigned long))

size_t
mem_footprint(size_t bytes)
{
	size_t unit = bytes >= HUGE_PAGE ? HUGE_PAGE : (size_t)sysconf(_SC_PAGESIZE);
	size_t length = (bytes + unit - 1) & ~(unit - 1);

	if (length < bytes) /* past the end of the address space: mmap refuses this one */
		return SIZE_MAX & ~(unit - 1);
	return length ? length : unit;
}

/*
 * Preferred, not bound: where the node has none left, slow memory is better than
 * none, and a strict policy would show its lack by a signal at the first touch.
 */
static void
mem_prefer_node(void *memory, size_t length, int socket)
{
	unsigned long nodes[NODES_MAX / BITS_IN_A_LONG] = {0};

	if (socket < 0 || socket >= NODES_MAX || numa_available() < 0 || numa_max_node() == 0)
		return;
	nodes[(size_t)socket / BITS_IN_A_LONG] = 1UL << ((size_t)socket % BITS_IN_A_LONG);
	(void)mbind(memory, length, MPOL_PREFERRED, nodes, NODES_MAX, 0);
}

/* mmap aligns to small pages only: map one huge page more and give back both ends. */
static void *
mem_map_aligned(size_t length, size_t alignment)
{
	size_t slack = alignment - SMALLEST_PAGE, before;
	uint8_t *m;

	if (length > SIZE_MAX - slack)
		return NULL;
	m = mmap(NULL, length + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)m & (alignment - 1);
	if (before)
		munmap(m, before);
	if (slack > before)
		munmap(m + before + length, slack - before);
	return m + before;
}

void *
mem_reserve(size_t bytes, int socket)
{
	size_t length = mem_footprint(bytes);
	bool huge = bytes >= HUGE_PAGE;
	void *m = mem_map_aligned(length, huge ? HUGE_PAGE : SMALLEST_PAGE);

	if (m == NULL)
		return NULL;
	if (huge) /* a kernel without huge pages is slower, not wrong */
		(void)madvise(m, length, MADV_HUGEPAGE);
	mem_prefer_node(m, length, socket);
	return m;
}

void *
mem_alloc(size_t bytes, int socket)
{
	volatile uint8_t *m = mem_reserve(bytes, socket);

	if (m == NULL)
		return NULL;
	for (size_t i = 0; i < bytes; i += SMALLEST_PAGE)
		m[i] = 0;
	return (void *)(uintptr_t)m;
}

void
mem_hide(void *memory, size_t bytes)
{
	(void)madvise(memory, mem_footprint(bytes), MADV_DONTDUMP);
}

void
mem_free(void *memory, size_t bytes)
{
	if (memory != NULL)
		munmap(memory, mem_footprint(bytes));
}

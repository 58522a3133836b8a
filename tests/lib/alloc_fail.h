/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mempools whose allocations fail when a test says so: the n-th one, or all from the n-th on for a
 * while. Every mbuf pool that is made after alloc_fail_install() is one; those that count are told
 * by their size.
 */
#ifndef TESTS_LIB_ALLOC_FAIL_H
#define TESTS_LIB_ALLOC_FAIL_H

#include <stdint.h>

/* Starts EAL if need be. Before the pools are made. */
void alloc_fail_install(void);

/*
 * Of pools with so many mbufs allocation number 'first' fails, counted from 1 and from here, and
 * the 'count' - 1 after it. 'count' 0: none does.
 */
void alloc_fail_from(uint32_t pool_size, uint64_t first, uint64_t count);

/* Allocations since then, and how many of them failed. */
uint64_t alloc_fail_seen(void);
uint64_t alloc_fail_failed(void);

#endif

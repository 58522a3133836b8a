/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every test process needs once: EAL without privileges, hugepages or devices, and
 * mempools whose leaks are found. Time is virtual everywhere in tests: whoever runs a
 * world (a script, a simulation) owns a spt_time and moves it; nobody reads a clock.
 */
#ifndef TESTS_LIB_ENV_H
#define TESTS_LIB_ENV_H

#include <stdint.h>

#include <rte_mempool.h>

/* Where virtual clocks start: not 0, so that 0 as a forgotten time shows. */
#define ENV_EPOCH UINT64_C(5000000000)

/* Start EAL if this process has not yet. Ends the process with a line when that fails. */
void env_start(void);

/* The same as a cmocka group fixture. */
int env_group_setup(void **state);

/* A pool of 'mbufs' buffers of 2 KiB behind the usual headroom. Ends the process on failure. */
struct rte_mempool *env_pool_create(unsigned int mbufs);
/* The same with buffers of 'room' bytes. */
struct rte_mempool *env_pool_create_room(unsigned int mbufs, uint16_t room);

/* Mbufs of 'pool' that somebody holds: 0 at the end of a test, or there is a leak. */
unsigned int env_pool_in_use(const struct rte_mempool *pool);

/* Frees the pool. NULL is allowed. */
void env_pool_destroy(struct rte_mempool *pool);

/*
 * Pseudo-random numbers of a test: xorshift64*, the same on every machine. A seed is any
 * number; 'state' is never 0 afterwards.
 */
struct env_random {
	uint64_t state;
};

void env_random_seed(struct env_random *r, uint64_t seed);
uint64_t env_random_next(struct env_random *r);
/* Uniform in 0 .. n - 1; 0 for n == 0. */
uint32_t env_random_below(struct env_random *r, uint32_t n);

#endif

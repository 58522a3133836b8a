/* SPDX-License-Identifier: BSD-3-Clause */
/* What the worlds of simulations share: pools, addresses, the link's ends, and what both hold. */
#ifndef TESTS_LIB_SIMLINK_H
#define TESTS_LIB_SIMLINK_H

#include <septet/septet.h>

struct monitor;

/*
 * The pool of side 0 or 1 of all runs: each run ends with all mbufs back. Where one did not,
 * simlink_pools_lost() lets the next begin with whole ones.
 */
struct rte_mempool *simlink_pool(unsigned int side);
void simlink_pools_lost(void);

/* 10.1.0.'host', or 2001:db8::'host'. */
struct spt_addr simlink_address(int family, uint8_t host);

/*
 * A memory pair of both pools and this MTU (0: 1500), memory[0] under an impairment wrapper, which
 * is returned: towards it to[0], from it to[1]. Ends the process on failure.
 */
struct spt_port *simlink_create(uint64_t seed, const struct spt_impair to[2],
    struct rte_mempool *const pool[2], uint16_t mtu, struct spt_port *memory[2]);

/* What was broken, or the last segments. */
void simlink_tell(const struct monitor *m);

/* Conservation: NULL, or what is wrong with the counters. */
const char *simlink_check_stats(const struct spt_stats *stats);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flood of SYNs in a simulation: their sources are forged, so what answers them comes to nobody.
 * They enter the link where the simulated host does, past its monitor.
 */
#ifndef TESTS_LIB_SIMFLOOD_H
#define TESTS_LIB_SIMFLOOD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mempool.h>

#include <septet/port.h>

/* When, and how many: 'burst' SYNs each 'interval', none for burst == 0. */
struct sim_flood {
	spt_time start, stop, interval;
	unsigned int burst;
};

struct simflood_config {
	struct sim_flood flood; /* times as those of 'now' */
	struct spt_port *port;  /* stays the caller's */
	struct rte_mempool *pool;
	struct rte_ether_addr peer_mac;
	struct spt_endpoint peer;
	int family;
	uint64_t seed;
};

struct simflood;

/* Never NULL. */
struct simflood *simflood_create(const struct simflood_config *config);
void simflood_destroy(struct simflood *f); /* NULL is allowed */

/* Send what is due. Returns whether anything was sent. */
bool simflood_poll(struct simflood *f, spt_time now);
spt_time simflood_next_deadline(const struct simflood *f);
uint64_t simflood_sent(const struct simflood *f);

#endif

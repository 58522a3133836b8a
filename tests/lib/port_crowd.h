/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port on whose link there is, besides the inner port's other end, a crowd of peers with an
 * address of their own. They open connections to one endpoint and send a byte at a time: with gaps
 * between, which are never filled; or in order. What they send is taken from the pool that the
 * device would receive into; what that does not have is lost.
 */
#ifndef TESTS_LIB_PORT_CROWD_H
#define TESTS_LIB_PORT_CROWD_H

#include <stdbool.h>

#include <rte_mempool.h>

#include <septet/port.h>
#include <septet/types.h>

struct port_crowd_config {
	struct spt_port *inner; /* destroyed with the crowd's */
	struct rte_mempool *pool;
	struct spt_addr from; /* IPv4 */
	struct spt_endpoint to;
	unsigned int peers; /* 0: nobody */
	bool gaps;
	spt_time interval; /* between two frames of the crowd */
};

/* Ends the process on failure. */
struct spt_port *port_crowd_create(const struct port_crowd_config *config, spt_time now);
/* How many are connected, and bytes that they sent. */
unsigned int port_crowd_connected(const struct spt_port *p);
uint64_t port_crowd_sent(const struct spt_port *p);

#endif

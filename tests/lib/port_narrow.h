/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port whose path has a link of a smaller MTU: larger packets that are sent are lost there, and
 * the router before it says so by ICMP (RFC 1191, RFC 4443 3.2), or is a black hole.
 */
#ifndef TESTS_LIB_PORT_NARROW_H
#define TESTS_LIB_PORT_NARROW_H

#include <stdbool.h>

#include <rte_mempool.h>

#include <septet/port.h>

#define PORT_NARROW_STEPS 4

/* Belongs to the test and outlives the port. */
struct port_narrow {
	/* In the order of time; what counts is the last one that has come. An 'mtu' of 0 ends. */
	struct port_narrow_step {
		spt_time at;
		uint16_t mtu; /* IP bytes that pass */
		bool silent;  /* nobody is told */
	} step[PORT_NARROW_STEPS];
	struct rte_mempool *pool; /* for what the router says */
	uint64_t lost, told;      /* packets that did not pass, and that somebody heard of */
	uint64_t largest;         /* that passed, IP bytes, since the last step */
};

/* Wrap 'inner', which belongs to the new port from then on. Ends the process without memory. */
struct spt_port *port_narrow_create(struct port_narrow *narrow, struct spt_port *inner);

#endif

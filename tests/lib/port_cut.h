/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port whose device cuts large sends into segments (TSO), over one that does not. Each is judged
 * first: flags, lengths, the pseudo-header's sum, what its header may say and how many mbufs it is
 * made of. Then the segments go to the inner port, complete, as such a device puts them on the
 * wire: SEQ and the IPv4 identification count up, PSH is the last one's. Everything else passes as
 * it is.
 */
#ifndef TESTS_LIB_PORT_CUT_H
#define TESTS_LIB_PORT_CUT_H

#include <port/port.h>

#define PORT_CUT_MOST 65000

struct port_cut_config {
	struct rte_mempool *pool; /* for the segments */
	struct port_tso tso;      /* what is said to the sender, who must keep to it */
	/* A large send that no device takes; 'text' says why. */
	void (*fault)(void *arg, const char *text);
	void *arg;
};

/*
 * Wrap 'inner', which belongs to the new port from then on. Segments that it refuses wait here, as
 * in the device's memory, and nothing else is taken until they are gone. Never fails (ends the
 * process where there is no memory).
 */
struct spt_port *port_cut_create(const struct port_cut_config *config, struct spt_port *inner);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port that loses exactly one TCP segment each way: which, the test says. It also loses ARP whose
 * link addresses contradict each other, as a link that corrupts frames must.
 */
#ifndef TESTS_LIB_PORT_LOSE_H
#define TESTS_LIB_PORT_LOSE_H

#include <septet/port.h>

enum port_lose_way { PORT_LOSE_RX, PORT_LOSE_TX };

/* Belongs to the test and outlives the port; indexed by enum port_lose_way. */
struct port_lose {
	unsigned int which[2]; /* the segment to lose, counted from 1; 0: none */
	unsigned int seen[2];  /* TCP segments that came by, lost ones too */
};

/* Wrap 'inner', which belongs to the new port from then on. Ends the process without memory. */
struct spt_port *port_lose_create(struct port_lose *lose, struct spt_port *inner);

#endif

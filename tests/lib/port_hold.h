/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port that is as slow as a NIC: it holds a reference to every frame that it transmitted
 * for some more calls, and says so when the bytes of one changed meanwhile. What a sender has
 * handed to a port belongs to the wire: neither a retransmission nor an answer written in
 * place may touch it while the device may still be reading (rte_eth_tx_burst promises no
 * more). Like a device it remembers addresses and lengths, so that a sender is free to
 * shorten or unlink the mbufs of its own references.
 */
#ifndef TESTS_LIB_PORT_HOLD_H
#define TESTS_LIB_PORT_HOLD_H

#include <port/port.h>

struct port_hold_config {
	unsigned int calls; /* each port_rx or port_tx of later counts; 0 = 8 */
	/* Bytes changed; 'text' says which. Called at the latest when the port is destroyed. */
	void (*fault)(void *arg, const char *text);
	void *arg;
};

/*
 * Wrap 'inner', which belongs to the new port from then on. Checksums are filled in before
 * the bytes are remembered; since the frames have two references then, the memory pair will
 * copy them. Never fails (ends the process where there is no memory).
 */
struct spt_port *port_hold_create(const struct port_hold_config *config, struct spt_port *inner);

/* Compare and let go of everything held. */
void port_hold_flush(struct spt_port *port);

#endif

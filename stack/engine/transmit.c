/* SPDX-License-Identifier: BSD-3-Clause */
/* The transmit stage: packets get their link header and go to the port in bursts. */
#include "engine.h"

/* What the port takes goes; the rest waits, in order. */
static void
engine_to_port(struct spt_engine *e)
{
	unsigned int sent = 0;

	while (sent < e->n_ready) {
		uint16_t n = (uint16_t)RTE_MIN(e->n_ready - sent, (unsigned int)PORT_BURST);
		uint16_t taken = port_tx(e->port, e->now, e->ready + sent, n);

		sent += taken;
		if (taken < n)
			break;
	}
	e->stats.tx_frames += sent;
	e->n_ready -= sent;
	if (unlikely(e->n_ready > 0 && sent > 0))
		memmove(e->ready, e->ready + sent, e->n_ready * sizeof(*e->ready));
}

/* A port that takes nothing: the newest frames are lost, as in a NIC's full ring. */
static void
engine_trim(struct spt_engine *e)
{
	while (e->n_ready > ENGINE_READY_SIZE - 2 * TXLIST_SIZE - ENGINE_NET_BURST) {
		rte_pktmbuf_free(e->ready[--e->n_ready]);
		e->stats.tx_dropped++;
	}
}

void
engine_flush(struct spt_engine *e)
{
	if (e->out.n > 0 || e->out.n_advice > 0)
		e->n_ready += net_transmit(&e->net, e->now, &e->out, e->ready + e->n_ready);
	if (e->n_ready == 0)
		return;
	engine_to_port(e);
	engine_trim(e);
}

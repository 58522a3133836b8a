/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames from each port to the other. */
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>

#include "bridge/core.h"

/* A line around what is there already. */
static int
bridge_line(
    struct bridge_exit *e, const struct spt_impair *tx, uint64_t seed, struct rte_mempool *pool)
{
	const struct spt_impair_config config = {.seed = seed, .tx = *tx, .pool = pool};
	int rc = spt_port_impair_create(&config, e->port, &e->port);

	if (rc == 0)
		e->line[e->n_lines++] = e->port;
	return rc;
}

int
bridge_core_init(struct bridge_core *core, struct spt_port *const device[2],
    const struct spt_impair_config *const impair[2], struct rte_mempool *pool)
{
	int rc = 0;

	memset(core, 0, sizeof(*core));
	for (unsigned int i = 0; i < 2; i++)
		core->device[i] = core->exit[i].port = device[i];
	/*
	 * Last what goes out of a port; before that what came in at the other. Two directions of
	 * one seed have nothing in common: one has its complement, as in the wrapper.
	 */
	for (unsigned int i = 0; i < 2 && rc == 0; i++) {
		if (impair[i])
			rc = bridge_line(&core->exit[i], &impair[i]->tx, impair[i]->seed, pool);
		if (rc == 0 && impair[!i])
			rc = bridge_line(&core->exit[i], &impair[!i]->rx, ~impair[!i]->seed, pool);
	}
	if (rc)
		bridge_core_fini(core);
	return rc;
}

/* A tag that the device took off goes back in front: it was the sender's. */
static uint16_t
bridge_tag(struct bridge_core *core, unsigned int from, struct rte_mbuf **m, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(m[i]->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) &&
		    rte_vlan_insert(&m[i]) != 0) {
			core->untaggable[from]++;
			rte_pktmbuf_free(m[i]);
			continue;
		}
		m[kept++] = m[i];
	}
	return kept;
}

bool
bridge_core_receive(struct bridge_core *core)
{
	for (unsigned int i = 0; i < 2; i++) {
		/* A device receives when it is asked, whatever the time is. */
		core->n[i] = port_rx(core->device[i], 0, core->burst[i], PORT_BURST);
		core->n[i] = bridge_tag(core, i, core->burst[i], core->n[i]);
	}
	return core->n[0] + core->n[1] > 0;
}

void
bridge_core_send(struct bridge_core *core, spt_time now)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct bridge_exit *e = &core->exit[!i];
		struct rte_mbuf **m = core->burst[i];
		uint16_t n = core->n[i], sent = 0;

		if (n > 0)
			sent = port_tx(e->port, now, m, n);
		rte_pktmbuf_free_bulk(m + sent, n - sent);
		core->n[i] = 0;
		/* From the outside in, so that what leaves one for the next may leave that too. */
		for (unsigned int l = e->n_lines; l > 0; l--)
			port_tx(e->line[l - 1], now, m, 0);
	}
}

spt_time
bridge_core_deadline(const struct bridge_core *core)
{
	return RTE_MIN(
	    port_next_deadline(core->exit[0].port), port_next_deadline(core->exit[1].port));
}

static void
bridge_add_impaired(struct bridge_way *way, const struct spt_impair_stats *s)
{
	for (unsigned int i = 0; i < SPT_IMPAIRMENTS; i++)
		way->impaired[i] += s->impaired[i];
	way->held += s->held;
	way->queue_longest = RTE_MAX(way->queue_longest, s->queue_longest);
	way->queue_heaviest = RTE_MAX(way->queue_heaviest, s->queue_heaviest);
}

void
bridge_core_stats(const struct bridge_core *core, struct bridge_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	for (unsigned int i = 0; i < 2; i++) {
		struct bridge_way *in = &stats->way[i], *out = &stats->way[!i];
		const struct bridge_exit *e = &core->exit[!i];
		struct spt_impair_stats rx, tx;
		struct spt_port_stats s;

		spt_port_stats_get(core->device[i], &s);
		in->in = s.rx_frames;
		in->in_bytes = s.rx_bytes;
		in->missed = s.rx_missed;
		in->no_mbuf = s.rx_no_mbuf;
		in->refused += core->untaggable[i];
		out->out = s.tx_frames;
		out->out_bytes = s.tx_bytes;
		out->refused += s.tx_refused;
		for (unsigned int l = 0; l < e->n_lines; l++)
			if (spt_port_impair_stats(e->line[l], &rx, &tx) == 0)
				bridge_add_impaired(in, &tx);
	}
}

bool
bridge_way_adds_up(const struct bridge_way *way)
{
	return way->in + way->impaired[SPT_IMPAIR_DUPLICATED] ==
	       way->out + way->impaired[SPT_IMPAIR_LOST] + way->impaired[SPT_IMPAIR_DROPPED] +
	           way->refused + way->held;
}

void
bridge_core_fini(struct bridge_core *core)
{
	for (unsigned int i = 0; i < 2; i++) {
		rte_pktmbuf_free_bulk(core->burst[i], core->n[i]);
		spt_port_destroy(core->exit[i].port);
		core->exit[i] = (struct bridge_exit){.port = NULL};
		core->device[i] = NULL;
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The port that loses one segment: what is not TCP (ARP, neighbour discovery) always passes. */
#include <stdbool.h>
#include <stdlib.h>

#include <rte_arp.h>
#include <rte_ether.h>

#include <port/port.h>

#include "packet.h"
#include "port_lose.h"

struct loser {
	struct spt_port base;
	struct spt_port *inner;
	struct port_lose *lose;
};

static bool
is_tcp(const struct rte_mbuf *m)
{
	static uint8_t flat[PACKET_MAX];
	unsigned int length = packet_flatten(m, flat);
	struct packet p;

	/* What is sent may have its checksums still to be filled in. */
	packet_offload(m, flat, length);
	return packet_parse(flat, length, &p) == PACKET_TCP;
}

/*
 * Whether 'm' is ARP that was corrupted where it would teach a wrong link address. ARP has no
 * checksum of its own: on a real link the frame's check sequence finds this.
 */
static bool
is_broken_arp(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_arp_hdr *arp = (const struct rte_arp_hdr *)(eth + 1);

	return rte_pktmbuf_data_len(m) >= sizeof(*eth) + sizeof(*arp) &&
	       eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP) &&
	       !rte_is_same_ether_addr(&eth->src_addr, &arp->arp_data.arp_sha);
}

/* Whether 'm' is to be lost; then it is freed. */
static bool
lose(struct port_lose *l, struct rte_mbuf *m, enum port_lose_way way)
{
	if (!is_broken_arp(m) && (!is_tcp(m) || ++l->seen[way] != l->which[way]))
		return false;
	rte_pktmbuf_free(m);
	return true;
}

static uint16_t
loser_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct loser *l = (struct loser *)p;
	uint16_t got = port_rx(l->inner, now, m, n), kept = 0;

	for (uint16_t i = 0; i < got; i++) {
		if (!lose(l->lose, m[i], PORT_LOSE_RX))
			m[kept++] = m[i];
	}
	return kept;
}

static uint16_t
loser_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct loser *l = (struct loser *)p;
	uint16_t sent = 0;

	for (; sent < n; sent++) {
		if (!lose(l->lose, m[sent], PORT_LOSE_TX) &&
		    port_tx(l->inner, now, &m[sent], 1) != 1)
			break;
	}
	return sent;
}

static spt_time
loser_next_deadline(const struct spt_port *p)
{
	return port_next_deadline(((const struct loser *)p)->inner);
}

static void
loser_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	struct spt_port *inner = ((struct loser *)p)->inner;

	inner->ops->stats(inner, stats);
}

static void
loser_destroy(struct spt_port *p)
{
	struct loser *l = (struct loser *)p;

	l->inner->ops->destroy(l->inner);
	free(l);
}

static const struct port_ops loser_ops = {
    .rx = loser_rx,
    .tx = loser_tx,
    .next_deadline = loser_next_deadline,
    .stats = loser_stats,
    .destroy = loser_destroy,
};

struct spt_port *
port_lose_create(struct port_lose *lose_what, struct spt_port *inner)
{
	struct loser *l = calloc(1, sizeof(*l));

	if (l == NULL)
		exit(2);
	l->base = *inner;
	l->base.ops = &loser_ops;
	l->inner = inner;
	l->lose = lose_what;
	return &l->base;
}

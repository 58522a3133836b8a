/* SPDX-License-Identifier: BSD-3-Clause */
/* The port that loses one segment: what is not TCP (ARP, neighbour discovery) always passes. */
#include <stdbool.h>
#include <stdlib.h>

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
	struct packet p;

	return packet_parse(flat, packet_flatten(m, flat), &p) == PACKET_TCP;
}

/* Whether 'm' is the one to lose; then it is freed. */
static bool
lose(struct port_lose *l, struct rte_mbuf *m, enum port_lose_way way)
{
	if (!is_tcp(m) || ++l->seen[way] != l->which[way])
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

/* SPDX-License-Identifier: BSD-3-Clause */
/* A port whose path has a link of a smaller MTU, and the router before it. */
#include <stdlib.h>

#include <port/port.h>

#include "packet.h"
#include "port_narrow.h"

#define ANSWERS 256 /* that wait to be received; more are lost */
#define QUOTED  64  /* bytes of the packet: its headers */

struct narrow {
	struct spt_port base;
	struct spt_port *inner;
	struct port_narrow *what;
	unsigned int step;
	struct rte_mbuf *answer[ANSWERS];
	unsigned int n_answers;
};

/* The router's word about a packet that is lost. */
static void
tell(struct narrow *r, const struct rte_mbuf *m, uint16_t mtu)
{
	static uint8_t flat[PACKET_MAX], message[PACKET_MAX];
	unsigned int length = packet_flatten(m, flat);
	struct packet p, icmp = {.ttl = 64};
	struct rte_mbuf *answer;

	packet_offload(m, flat, length);
	if (packet_parse(flat, length, &p) != PACKET_TCP || r->n_answers == ANSWERS)
		return;
	icmp.family = p.family;
	icmp.eth_src = p.eth_dst;
	icmp.eth_dst = p.eth_src;
	icmp.src = p.dst;
	icmp.dst = p.src;
	length = packet_build_icmp(
	    &icmp, p.family == 4 ? 3 : 2, p.family == 4 ? 4 : 0, mtu, flat + 14, QUOTED, message);
	answer = packet_mbuf(r->what->pool, message, length);
	if (answer == NULL)
		return;
	r->answer[r->n_answers++] = answer;
	r->what->told++;
}

/* The link as it is now; NULL: as wide as all others. */
static const struct port_narrow_step *
present(struct narrow *r, spt_time now)
{
	const struct port_narrow_step *s = r->what->step;

	while (r->step < PORT_NARROW_STEPS && s[r->step].mtu != 0 && s[r->step].at <= now) {
		r->step++;
		r->what->largest = 0;
	}
	return r->step > 0 ? &s[r->step - 1] : NULL;
}

static uint16_t
narrow_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct narrow *r = (struct narrow *)p;
	uint16_t got = 0;

	while (got < n && r->n_answers > 0)
		m[got++] = r->answer[--r->n_answers];
	return got > 0 ? got : port_rx(r->inner, now, m, n);
}

static uint16_t
narrow_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct narrow *r = (struct narrow *)p;
	const struct port_narrow_step *s = present(r, now);
	uint16_t sent = 0;

	for (; sent < n; sent++) {
		uint32_t bytes = m[sent]->pkt_len - RTE_ETHER_HDR_LEN;

		if (s != NULL && bytes > s->mtu) {
			r->what->lost++;
			if (!s->silent)
				tell(r, m[sent], s->mtu);
			rte_pktmbuf_free(m[sent]);
			continue;
		}
		if (port_tx(r->inner, now, &m[sent], 1) != 1)
			break;
		r->what->largest = RTE_MAX(r->what->largest, (uint64_t)bytes);
	}
	return sent;
}

static spt_time
narrow_next_deadline(const struct spt_port *p)
{
	const struct narrow *r = (const struct narrow *)p;

	return r->n_answers > 0 ? 0 : port_next_deadline(r->inner);
}

static void
narrow_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	struct spt_port *inner = ((struct narrow *)p)->inner;

	inner->ops->stats(inner, stats);
}

static void
narrow_destroy(struct spt_port *p)
{
	struct narrow *r = (struct narrow *)p;

	rte_pktmbuf_free_bulk(r->answer, r->n_answers);
	r->inner->ops->destroy(r->inner);
	free(r);
}

static const struct port_ops narrow_ops = {
    .rx = narrow_rx,
    .tx = narrow_tx,
    .next_deadline = narrow_next_deadline,
    .stats = narrow_stats,
    .destroy = narrow_destroy,
};

struct spt_port *
port_narrow_create(struct port_narrow *what, struct spt_port *inner)
{
	struct narrow *r = calloc(1, sizeof(*r));

	if (r == NULL)
		exit(2);
	r->base = *inner;
	r->base.ops = &narrow_ops;
	r->inner = inner;
	r->what = what;
	return &r->base;
}

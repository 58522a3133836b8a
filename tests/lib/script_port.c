/* SPDX-License-Identifier: BSD-3-Clause */
/* The script's port: frames injected come out of rx, frames sent are kept, in order, with times. */
#include <stdlib.h>
#include <string.h>

#include "script_priv.h"

static uint16_t
script_port_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct script_port *sp = (struct script_port *)p;
	uint16_t got = (uint16_t)RTE_MIN(sp->n_rx, n);

	memcpy(m, sp->rx, got * sizeof(*m));
	memmove(sp->rx, sp->rx + got, (sp->n_rx - got) * sizeof(*m));
	sp->n_rx -= got;
	sp->rx_frames += got;
	return got;
}

/* Requests for a link address are answered at once and are nobody's business else. */
static bool
resolve(const uint8_t *flat, unsigned int length)
{
	static uint8_t reply[PACKET_MAX];
	unsigned int n;

	n = packet_answer_resolution(flat, length, &script->peer_mac, &script->peer, reply);
	if (n > 0)
		script_port_push(reply, n, true);
	return n > 0;
}

static bool
is_neighbour_discovery(const struct packet *p, uint8_t type)
{
	return p->family == 6 && type >= 133 && type <= 137;
}

static void
keep(const struct rte_mbuf *m, const uint8_t *flat, unsigned int length)
{
	struct capture *c = &script->capture[script->captures];
	struct packet p;
	enum packet_kind kind = packet_parse(flat, length, &p);

	if (kind != PACKET_TCP && kind != PACKET_ICMP)
		return; /* what is malformed is the monitor's affair */
	if (kind == PACKET_ICMP && is_neighbour_discovery(&p, flat[p.l4_off]))
		return;
	if (script->captures == SCRIPT_CAPTURES)
		script_fail("more than %u segments captured", SCRIPT_CAPTURES);
	script->captures++;
	c->at = script->now;
	c->kind = kind;
	c->p = p;
	c->bytes = malloc(length);
	memcpy(c->bytes, flat, length);
	if (kind == PACKET_TCP) {
		c->p.payload = c->bytes + (p.payload - flat);
	} else {
		c->icmp_type = flat[p.l4_off];
		c->icmp_code = flat[p.l4_off + 1];
	}
}

static uint16_t
script_port_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct script_port *sp = (struct script_port *)p;
	static uint8_t flat[PACKET_MAX];
	unsigned int length;

	if (sp->refuses)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		if (!sp->base.multi_segment && (m[i]->nb_segs != 1 || !RTE_MBUF_DIRECT(m[i])))
			script_fail("the port takes no chains and no indirect mbufs, but got one");
		length = packet_flatten(m[i], flat);
		packet_offload(m[i], flat, length);
		if (!resolve(flat, length))
			keep(m[i], flat, length);
		sp->tx_frames++;
		rte_pktmbuf_free(m[i]);
	}
	return n;
}

static spt_time
script_port_next_deadline(const struct spt_port *p)
{
	return SPT_TIME_NEVER;
}

static void
script_port_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	struct script_port *sp = (struct script_port *)p;

	*stats = (struct spt_port_stats){.rx_frames = sp->rx_frames, .tx_frames = sp->tx_frames};
}

static void
script_port_destroy(struct spt_port *p)
{
	struct script_port *sp = (struct script_port *)p;

	rte_pktmbuf_free_bulk(sp->rx, sp->n_rx);
	free(sp);
}

static const struct port_ops script_port_ops = {
    .rx = script_port_rx,
    .tx = script_port_tx,
    .next_deadline = script_port_next_deadline,
    .stats = script_port_stats,
    .destroy = script_port_destroy,
};

struct script_port *
script_port_create(struct rte_mempool *pool, const struct rte_ether_addr *mac, bool multi_segment)
{
	struct script_port *sp = calloc(1, sizeof(*sp));

	if (sp == NULL)
		exit(2);
	sp->base = (struct spt_port){.ops = &script_port_ops,
	    .mac = *mac,
	    .mtu = 1500,
	    .multi_segment = multi_segment,
	    .headroom = 14};
	sp->pool = pool;
	return sp;
}

/* The same bytes in two mbufs, cut somewhere behind the fixed headers. */
static struct rte_mbuf *
chain(struct rte_mempool *pool, const uint8_t *flat, unsigned int length)
{
	unsigned int fixed = flat[12] == 0x08 ? 14 + 20 + 20 : 14 + 40 + 20, cut;
	struct rte_mbuf *head, *tail;

	if (length <= fixed)
		return packet_mbuf(pool, flat, length);
	cut = fixed + (length - fixed) / 3;
	head = packet_mbuf(pool, flat, cut);
	tail = packet_mbuf(pool, flat + cut, length - cut);
	if (head == NULL || tail == NULL || rte_pktmbuf_chain(head, tail) != 0)
		script_fail("no mbuf for the peer");
	return head;
}

void
script_port_push(const uint8_t *flat, unsigned int length, bool plain)
{
	struct script_port *sp = script->port;
	enum shape shape = plain ? SHAPE_DIRECT : script->variant->shape;
	struct rte_mbuf *m;

	if (shape == SHAPE_CHAINED)
		m = chain(sp->pool, flat, length);
	else
		m = packet_mbuf(sp->pool, flat, length);
	if (m == NULL || sp->n_rx == SCRIPT_RX)
		script_fail("no room for another frame to the engine");
	if (shape == SHAPE_SHARED && script->n_shared < SCRIPT_CAPTURES) {
		rte_mbuf_refcnt_update(m, 1);
		script->shared[script->n_shared] =
		    (struct shared){.m = m, .bytes = malloc(length), .length = length};
		memcpy(script->shared[script->n_shared++].bytes, flat, length);
	}
	sp->rx[sp->n_rx++] = m;
}

/* Whether frames that the harness holds too were left as they were. Frees all captures. */
bool
script_port_release(void)
{
	bool unchanged = true;

	for (unsigned int i = 0; i < script->n_shared; i++) {
		struct shared *s = &script->shared[i];

		/* Headers may be taken off and chains made; the bytes stay where they were. */
		if (memcmp((const uint8_t *)s->m->buf_addr + RTE_PKTMBUF_HEADROOM, s->bytes,
		        s->length) != 0)
			unchanged = false;
		free(s->bytes);
		s->m->next = NULL;
		s->m->nb_segs = 1;
		rte_pktmbuf_free_seg(s->m);
	}
	script->n_shared = 0;
	for (unsigned int i = 0; i < script->captures; i++)
		free(script->capture[i].bytes);
	script->captures = script->taken = 0;
	return unchanged;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers about link addresses for all engines; a lockless ring for each ordered pair of them. */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdio.h>

#include <rte_arp.h>
#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "port/port.h"
#include "share.h"

#define SHARE_RING 64 /* copies that wait; past it they are dropped, as the wire might have */

struct share_port {
	struct spt_port port;
	struct share *share;
	struct spt_port *inner;
	struct rte_mempool *pool;
	unsigned int index;
	uint64_t shared; /* frames that came from other engines' queues */
};

struct share {
	unsigned int n;
	struct rte_ring **ring; /* [to * n + from] */
	struct share_port *ports;
};

/* ARP reply, or neighbour advertisement. What is malformed is the parser's affair. */
static inline bool
share_concerns_all(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	if (likely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		return false;
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP)) {
		const struct rte_arp_hdr *arp = (const void *)(eth + 1);

		return m->data_len >= sizeof(*eth) + sizeof(*arp) &&
		       arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY);
	}
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6)) {
		const struct rte_ipv6_hdr *ip = (const void *)(eth + 1);
		const uint8_t *type = (const void *)(ip + 1);

		return m->data_len > sizeof(*eth) + sizeof(*ip) && ip->proto == IPPROTO_ICMPV6 &&
		       *type == ND_NEIGHBOR_ADVERT;
	}
	return false;
}

static void
share_spread(struct share_port *self, struct rte_mbuf *m)
{
	struct share *share = self->share;
	struct rte_mbuf *copy;

	for (unsigned int to = 0; to < share->n; to++) {
		if (to == self->index)
			continue;
		copy = rte_pktmbuf_copy(m, self->pool, 0, UINT32_MAX);
		if (!copy)
			return;
		/* The receiver has not verified its checksum yet, nor should it believe us. */
		copy->ol_flags = 0;
		if (rte_ring_sp_enqueue(share->ring[to * share->n + self->index], copy) != 0)
			rte_pktmbuf_free(copy);
	}
}

static uint16_t
share_collect(struct share_port *self, struct rte_mbuf **m, uint16_t n)
{
	struct share *share = self->share;
	uint16_t got = 0;

	for (unsigned int from = 0; from < share->n && got < n; from++)
		if (from != self->index)
			got = (uint16_t)(got + rte_ring_sc_dequeue_burst(
			                           share->ring[self->index * share->n + from],
			                           (void **)(m + got), (unsigned int)(n - got),
			                           NULL));
	self->shared += got;
	return got;
}

static uint16_t
share_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct share_port *self = (struct share_port *)p;
	uint16_t got = port_rx(self->inner, now, m, n);

	for (uint16_t i = 0; i < got; i++)
		if (unlikely(
		        m[i]->data_len >= sizeof(struct rte_ether_hdr) && share_concerns_all(m[i])))
			share_spread(self, m[i]);
	return (uint16_t)(got + share_collect(self, m + got, (uint16_t)(n - got)));
}

static uint16_t
share_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return port_tx(((struct share_port *)p)->inner, now, m, n);
}

static spt_time
share_next_deadline(const struct spt_port *p)
{
	return port_next_deadline(((const struct share_port *)p)->inner);
}

static void
share_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	struct share_port *self = (struct share_port *)p;

	spt_port_stats_get(self->inner, stats);
	stats->rx_frames += self->shared;
}

static void
share_destroy(struct spt_port *p)
{
	struct share_port *self = (struct share_port *)p;
	struct rte_mbuf *m;

	spt_port_destroy(self->inner);
	self->inner = NULL;
	while (share_collect(self, &m, 1) == 1)
		rte_pktmbuf_free(m);
}

static const struct port_ops share_ops = {
    .rx = share_rx,
    .tx = share_tx,
    .next_deadline = share_next_deadline,
    .stats = share_stats,
    .destroy = share_destroy,
};

void
share_free(struct share *share)
{
	if (!share)
		return;
	for (unsigned int i = 0; share->ring && i < share->n * share->n; i++)
		rte_ring_free(share->ring[i]);
	rte_free(share->ring);
	rte_free(share->ports);
	rte_free(share);
}

static int
share_create_rings(struct share *share)
{
	char name[RTE_RING_NAMESIZE];

	for (unsigned int to = 0; to < share->n; to++)
		for (unsigned int from = 0; from < share->n; from++) {
			struct rte_ring **ring = &share->ring[to * share->n + from];

			if (to == from)
				continue;
			snprintf(name, sizeof(name), "septet_%u_%u", to, from);
			*ring = rte_ring_create(
			    name, SHARE_RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (!*ring)
				return -ENOMEM;
		}
	return 0;
}

int
share_create(
    struct spt_port **ports, struct rte_mempool **pools, unsigned int n, struct share **share)
{
	struct share *s = rte_zmalloc(NULL, sizeof(*s), 0);

	if (!s)
		return -ENOMEM;
	s->n = n;
	s->ring = rte_zmalloc(NULL, n * n * sizeof(struct rte_ring *), 0);
	s->ports = rte_zmalloc(NULL, n * sizeof(*s->ports), RTE_CACHE_LINE_SIZE);
	if (!s->ring || !s->ports || share_create_rings(s)) {
		share_free(s);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < n; i++) {
		s->ports[i] = (struct share_port){
		    .port = *ports[i],
		    .share = s,
		    .inner = ports[i],
		    .pool = pools[i],
		    .index = i,
		};
		s->ports[i].port.ops = &share_ops;
		ports[i] = &s->ports[i].port;
	}
	*share = s;
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory pair: two ports joined by two rings, no NIC. It behaves as a device
 * without any offload would: checksums that were asked for are summed here, and
 * what arrives says nothing about its own.
 *
 * An mbuf changes sides only when nobody else can see its bytes: direct, a single
 * reference, in all its segments. Payload on a retransmission queue never is, so
 * it is copied, as a NIC would read it by DMA.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>
#include <rte_ring.h>

#include "../base/debug.h"
#include "../wire/wire.h"

#include "copy.h"
#include "port.h"

#define MEMORY_RING_DEFAULT 1024
#define MEMORY_MTU_DEFAULT  1500
#define MEMORY_NAME_MAX     20

struct memory_link;

struct memory_port {
	struct spt_port base;
	struct rte_ring *rx_ring;
	struct rte_ring *tx_ring;
	struct rte_mempool *pool; /* for copies of what this port sends */
	uint32_t frame_max;
	struct memory_link *link;
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t tx_refused;
} __rte_cache_aligned;

/* What both ends share; freed with the second of them. */
struct memory_link {
	struct memory_port port[2];
	struct rte_ring *ring[2]; /* ring[i] carries what port i sends */
	uint32_t ends;            /* not yet destroyed */
};

/* Whether nobody else can see or change the bytes of 'm'. */
static inline bool
memory_is_ours(const struct rte_mbuf *m)
{
	if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1)
		return false;
	if (likely(m->nb_segs == 1))
		return true;
	for (m = m->next; m != NULL; m = m->next) {
		if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1)
			return false;
	}
	return true;
}

/*
 * Leave nothing of the sender's on 'm' but its bytes. tx_offload lies on the second
 * line of an mbuf and means nothing without a flag, so only a flag makes us touch it.
 */
static inline void
memory_clean(struct rte_mbuf *m)
{
	if (m->ol_flags != 0) {
		wire_checksum_tx(m);
		m->ol_flags = 0;
		m->tx_offload = 0;
	}
	m->packet_type = 0;
	m->port = RTE_MBUF_PORT_INVALID;
}

/* As on devices, the tag of a VLAN is not part of the MTU. */
static __rte_noinline bool
memory_fits_tagged(const struct memory_port *self, const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	return m->pkt_len <= self->frame_max + RTE_VLAN_HLEN && m->data_len >= sizeof(*eth) &&
	       eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_VLAN);
}

static uint16_t
memory_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct memory_port *self = (struct memory_port *)p;
	uint64_t bytes = 0;
	unsigned int i, got;

	got = rte_ring_sc_dequeue_burst(self->rx_ring, (void **)m, n, NULL);
	/* The other side's core wrote them: ask for all before reading the first. */
	for (i = 0; i < got; i++)
		rte_prefetch0(m[i]);
	for (i = 0; i < got; i++)
		bytes += m[i]->pkt_len;
	self->rx_frames += got;
	self->rx_bytes += bytes;
	return (uint16_t)got;
}

static uint16_t
memory_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct memory_port *self = (struct memory_port *)p;
	struct rte_mbuf *out[PORT_BURST];
	unsigned int room = rte_ring_free_count(self->tx_ring);
	unsigned int ready = 0;
	uint64_t bytes = 0;
	uint16_t i;

	SPT_ASSERT(n <= PORT_BURST);
	/* Only the receiver changes the room meanwhile, and only for the better. */
	for (i = 0; i < n && ready < room; i++) {
		struct rte_mbuf *frame = m[i];

		if (unlikely(frame->pkt_len > self->frame_max) &&
		    !memory_fits_tagged(self, frame)) {
			rte_pktmbuf_free(frame);
			self->tx_refused++;
			continue;
		}
		if (!memory_is_ours(frame)) {
			frame = port_copy(m[i], self->pool);
			if (unlikely(frame == NULL))
				break;
			rte_pktmbuf_free(m[i]);
		}
		memory_clean(frame);
		bytes += frame->pkt_len;
		out[ready++] = frame;
	}
	rte_ring_sp_enqueue_bulk(self->tx_ring, (void **)out, ready, NULL);
	self->tx_frames += ready;
	self->tx_bytes += bytes;
	self->tx_refused += n - i;
	return i;
}

static spt_time
memory_next_deadline(const struct spt_port *p)
{
	return SPT_TIME_NEVER;
}

static void
memory_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	const struct memory_port *self = (const struct memory_port *)p;

	stats->rx_frames = self->rx_frames;
	stats->rx_bytes = self->rx_bytes;
	stats->tx_frames = self->tx_frames;
	stats->tx_bytes = self->tx_bytes;
	stats->tx_refused = self->tx_refused;
}

static void
memory_drain(struct rte_ring *ring)
{
	struct rte_mbuf *m;

	while (rte_ring_sc_dequeue(ring, (void **)&m) == 0)
		rte_pktmbuf_free(m);
}

static void
memory_link_free(struct memory_link *link)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (link->ring[i] == NULL)
			continue;
		memory_drain(link->ring[i]);
		rte_ring_free(link->ring[i]);
	}
	rte_free(link);
}

static void
memory_destroy(struct spt_port *p)
{
	struct memory_port *self = (struct memory_port *)p;

	/* What we sent stays with the other end, which may still receive it. */
	memory_drain(self->rx_ring);
	if (__atomic_sub_fetch(&self->link->ends, 1, __ATOMIC_ACQ_REL) == 0)
		memory_link_free(self->link);
}

static const struct port_ops memory_ops = {
    .rx = memory_rx,
    .tx = memory_tx,
    .next_deadline = memory_next_deadline,
    .stats = memory_stats,
    .destroy = memory_destroy,
};

static void
memory_port_init(struct memory_link *link, const struct spt_memory_pair_config *config, int i)
{
	struct memory_port *self = &link->port[i];

	self->base.ops = &memory_ops;
	/* Locally administered, and the same in every run. */
	self->base.mac = (struct rte_ether_addr){{0x02, 's', 'e', 'p', 't', (uint8_t)(i + 1)}};
	self->base.mtu = config->mtu != 0 ? config->mtu : MEMORY_MTU_DEFAULT;
	/* They would be copied here, with an mbuf for each piece before: so at once, where they are
	 * built. */
	self->base.multi_segment = false;
	self->base.headroom = WIRE_ETH_LEN;
	self->tx_ring = link->ring[i];
	self->rx_ring = link->ring[!i];
	self->pool = config->pool[i];
	self->frame_max = self->base.mtu + WIRE_ETH_LEN;
	self->link = link;
}

int
spt_port_memory_pair_create(const struct spt_memory_pair_config *config, struct spt_port *port[2])
{
	uint32_t size = config->ring_size != 0 ? config->ring_size : MEMORY_RING_DEFAULT;
	struct memory_link *link;
	char name[RTE_RING_NAMESIZE];
	int i;

	if (config->name == NULL || config->name[0] == '\0' ||
	    strlen(config->name) > MEMORY_NAME_MAX || config->pool[0] == NULL ||
	    config->pool[1] == NULL || !rte_is_power_of_2(size) || size > RTE_RING_SZ_MASK)
		return -EINVAL;
	link = rte_zmalloc_socket(
	    "spt_memory_pair", sizeof(*link), RTE_CACHE_LINE_SIZE, config->socket);
	if (link == NULL)
		return -ENOMEM;
	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "sp_%s_%d", config->name, i);
		link->ring[i] =
		    rte_ring_create(name, size, config->socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (link->ring[i] == NULL) {
			int rc = -rte_errno;

			memory_link_free(link);
			return rc;
		}
	}
	for (i = 0; i < 2; i++) {
		memory_port_init(link, config, i);
		port[i] = &link->port[i].base;
	}
	link->ends = 2;
	return 0;
}

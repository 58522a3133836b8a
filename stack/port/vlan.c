/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The VLAN wrapper (IEEE 802.1Q): a port inside one VLAN of the port below. Above it frames
 * are untagged, so that whoever has no VLAN pays nothing for those who have. It does in
 * software what is four bytes of work, so no device has to offer it; a tag that a device has
 * taken off by itself is believed.
 *
 * Nothing is written into a buffer that others may see: such frames are copied first. But
 * the link header of a frame to be sent, and the room before it, belong to its transmission
 * even where the reference count is 2, since the sender holds on to the payload only
 * (stack/tcp/sendq.c writes headers at count 1, then counts the port).
 */
#include <errno.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_prefetch.h>

#include "../base/debug.h"
#include "../wire/wire.h"

#include "copy.h"
#include "port.h"

#define VLAN_ID_MAX     4094
#define VLAN_TAGGED_LEN (WIRE_ETH_LEN + RTE_VLAN_HLEN)
#define VLAN_MACS_LEN   (2 * RTE_ETHER_ADDR_LEN)

#define VLAN_RX_STRIPPED (RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED)
#define VLAN_RX_FLAGS    (VLAN_RX_STRIPPED | RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_QINQ)

struct vlan_port {
	struct spt_port base;
	struct spt_port *inner;
	struct rte_mempool *pool; /* for copies */
	rte_be16_t tci;           /* of what is sent: the VLAN, priority 0 */
	uint16_t vlan;
	uint64_t other; /* received and not passed on */
	uint64_t other_bytes;
	uint64_t no_mbuf; /* received and not passed on: no buffer for a copy */
	uint64_t no_mbuf_bytes;
	uint64_t refused; /* not sent: no buffer for a copy */
};

/* ---- receiving ----------------------------------------------------------- */

/* Whose VLAN a frame is: the outermost tag of its bytes. 0: no tag, or no room for one. */
static inline uint16_t
vlan_of_header(const uint8_t *header)
{
	const struct rte_ether_hdr *eth = (const void *)header;
	const struct rte_vlan_hdr *tag = (const void *)(eth + 1);

	if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_VLAN))
		return 0;
	return RTE_VLAN_TCI_ID(rte_be_to_cpu_16(tag->vlan_tci));
}

/* The same where the first buffer does not hold it all. */
static __rte_noinline uint16_t
vlan_of_chain(const struct rte_mbuf *m)
{
	uint8_t header[VLAN_TAGGED_LEN];
	const void *p = rte_pktmbuf_read(m, 0, sizeof(header), header);

	return p != NULL ? vlan_of_header(p) : 0;
}

/* Without its tag, or NULL: no buffer for a copy of what is not to be written to. */
static inline struct rte_mbuf *
vlan_untag_received(struct vlan_port *self, struct rte_mbuf *m)
{
	struct rte_mbuf *own = m;

	if (unlikely(m->data_len < VLAN_TAGGED_LEN || !RTE_MBUF_DIRECT(m) ||
	             rte_mbuf_refcnt_read(m) != 1)) {
		own = port_copy(m, self->pool);
		if (own == NULL)
			self->no_mbuf_bytes += m->pkt_len;
		self->no_mbuf += own == NULL;
		rte_pktmbuf_free(m);
	}
	if (likely(own != NULL))
		rte_vlan_strip(own);
	return own;
}

/* What is above should see of 'm', or NULL: nothing, it is freed and counted. */
static inline struct rte_mbuf *
vlan_receive(struct vlan_port *self, struct rte_mbuf *m)
{
	uint64_t stripped = m->ol_flags & VLAN_RX_STRIPPED;
	uint16_t vlan;

	if (unlikely(stripped))
		/* Two tags taken off are one more than ours. */
		vlan = stripped == RTE_MBUF_F_RX_VLAN_STRIPPED ? RTE_VLAN_TCI_ID(m->vlan_tci) : 0;
	else if (likely(m->data_len >= VLAN_TAGGED_LEN))
		vlan = vlan_of_header(rte_pktmbuf_mtod(m, const uint8_t *));
	else
		vlan = vlan_of_chain(m);
	if (unlikely(vlan != self->vlan)) {
		self->other++;
		self->other_bytes += m->pkt_len;
		rte_pktmbuf_free(m);
		return NULL;
	}
	if (likely(!stripped))
		m = vlan_untag_received(self, m);
	if (likely(m != NULL))
		m->ol_flags &= ~VLAN_RX_FLAGS;
	return m;
}

static uint16_t
vlan_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct vlan_port *self = (struct vlan_port *)p;
	uint16_t got = port_rx(self->inner, now, m, n), kept = 0;

	for (uint16_t i = 0; i < got; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], const void *));
	for (uint16_t i = 0; i < got; i++) {
		m[kept] = vlan_receive(self, m[i]);
		kept += m[kept] != NULL;
	}
	return kept;
}

/* ---- sending ------------------------------------------------------------- */

/*
 * rte_vlan_insert refuses what has a reference count of 2, as most data has. Where offload
 * flags ask for checksums the devices, and wire_checksum_tx, find the headers by l2_len.
 */
static inline void
vlan_tag(struct rte_mbuf *m, rte_be16_t tci)
{
	const uint8_t *from = rte_pktmbuf_mtod(m, const uint8_t *);
	struct {
		rte_be16_t type, tci;
	} tag = {RTE_BE16(RTE_ETHER_TYPE_VLAN), tci};
	uint8_t *to;

	m->data_off -= RTE_VLAN_HLEN;
	m->data_len += RTE_VLAN_HLEN;
	m->pkt_len += RTE_VLAN_HLEN;
	m->l2_len += RTE_VLAN_HLEN;
	to = rte_pktmbuf_mtod(m, uint8_t *);
	memmove(to, from, VLAN_MACS_LEN);
	memcpy(to + VLAN_MACS_LEN, &tag, sizeof(tag));
}

/* What the port below refused goes back as it came. */
static inline void
vlan_untag(struct rte_mbuf *m)
{
	const uint8_t *from = rte_pktmbuf_mtod(m, const uint8_t *);

	m->data_off += RTE_VLAN_HLEN;
	m->data_len -= RTE_VLAN_HLEN;
	m->pkt_len -= RTE_VLAN_HLEN;
	m->l2_len -= RTE_VLAN_HLEN;
	memmove(rte_pktmbuf_mtod(m, uint8_t *), from, VLAN_MACS_LEN);
}

static inline bool
vlan_has_room(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_pktmbuf_headroom(m) >= RTE_VLAN_HLEN &&
	       m->data_len >= WIRE_ETH_LEN;
}

static uint16_t
vlan_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct vlan_port *self = (struct vlan_port *)p;
	uint16_t ready, sent;

	for (ready = 0; ready < n; ready++) {
		SPT_ASSERT(m[ready]->pkt_len >= WIRE_ETH_LEN);
		if (unlikely(!vlan_has_room(m[ready]))) {
			struct rte_mbuf *copy = port_copy(m[ready], self->pool);

			if (copy == NULL)
				break;
			rte_pktmbuf_free(m[ready]);
			m[ready] = copy;
		}
		vlan_tag(m[ready], self->tci);
	}
	sent = port_tx(self->inner, now, m, ready);
	for (uint16_t i = sent; i < ready; i++)
		vlan_untag(m[i]);
	self->refused += n - ready;
	return sent;
}

/* ---- the port ------------------------------------------------------------ */

static spt_time
vlan_next_deadline(const struct spt_port *p)
{
	return port_next_deadline(((const struct vlan_port *)p)->inner);
}

static void
vlan_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	const struct vlan_port *self = (const struct vlan_port *)p;

	spt_port_stats_get(self->inner, stats);
	stats->rx_frames -= self->other + self->no_mbuf;
	stats->rx_bytes -= self->other_bytes + self->no_mbuf_bytes;
	stats->rx_vlan_other += self->other;
	stats->rx_no_mbuf += self->no_mbuf;
	stats->tx_refused += self->refused;
}

static void
vlan_destroy(struct spt_port *p)
{
	struct vlan_port *self = (struct vlan_port *)p;

	spt_port_destroy(self->inner);
	rte_free(self);
}

static const struct port_ops vlan_ops = {
    .rx = vlan_rx,
    .tx = vlan_tx,
    .next_deadline = vlan_next_deadline,
    .stats = vlan_stats,
    .destroy = vlan_destroy,
};

int
spt_port_vlan_create(
    const struct spt_vlan_config *config, struct spt_port *inner, struct spt_port **port)
{
	struct vlan_port *self;

	if (inner == NULL || config->pool == NULL || config->vlan == 0 ||
	    config->vlan > VLAN_ID_MAX)
		return -EINVAL;
	self = rte_zmalloc("spt_vlan", sizeof(*self), RTE_CACHE_LINE_SIZE);
	if (self == NULL)
		return -ENOMEM;
	self->base = *inner;
	self->base.ops = &vlan_ops;
	self->base.tso = (struct port_tso){0};
	self->base.headroom = (uint16_t)(inner->headroom + RTE_VLAN_HLEN);
	self->inner = inner;
	self->pool = config->pool;
	self->vlan = config->vlan;
	self->tci = rte_cpu_to_be_16(config->vlan);
	*port = &self->base;
	return 0;
}

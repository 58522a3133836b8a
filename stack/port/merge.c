/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive merging wrapper: segments of a burst that follow one another on a connection go up
 * as one. DPDK's generic receive offload (rte_gro) joins them; what is decided here is what it
 * may be given, for it trusts lengths, sums and fields that nobody else has looked at by then:
 *
 * - plain segments only: IPv4 without options, flags ACK alone, text, no options but aligned
 *   timestamps, in one buffer that is ours alone; the wire parser found each of them right, sums
 *   included, which then are marked so that nobody sums again;
 * - not those that are marked CE (RFC 3168 6.1.3: each counts), and none whose TOS, TTL, window,
 *   acknowledgment or options differ from those of the one before: the joined one tells the
 * first's.
 *
 * It files flows by their acknowledgment too and hands out what it joined in the order of its
 * table, so what it gets at a time is a stretch of the burst in which a flow's segments follow
 * one another without a gap: within such the order of a flow cannot change. Everything else ends
 * a stretch and stays where it is. A burst is all it sees: nothing waits for the next.
 *
 * A joined one has a flag of its own, spt_port.merged: TCP acknowledges by it, and may take it
 * apart again (stack/tcp/input.c). Not a device's flag: what such have joined is one segment, whose
 * headers are gone.
 */
#include <errno.h>
#include <string.h>

#include <rte_gro.h>
#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_mbuf_dyn.h>
#include <rte_prefetch.h>
#include <rte_tcp.h>

#include "../base/debug.h"
#include "../wire/wire.h"

#include "port.h"

#define MERGE_TCP_OFF     (WIRE_ETH_LEN + WIRE_IP4_LEN)
#define MERGE_HEADERS_LEN (MERGE_TCP_OFF + WIRE_TCP_LEN)
#define MERGE_TIMESTAMPS  (WIRE_TCP_LEN + WIRE_TIMESTAMP_LEN)
#define MERGE_SLOTS       64 /* a power of two */

#define MERGE_RX_GOOD (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD)
#define MERGE_RX_SUMS (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK)

/* The last segment of a flow in the present stretch. */
struct merge_flow {
	uint32_t stretch; /* another's number: the slot is free */
	uint32_t next;    /* the sequence number behind it */
	uint32_t length;  /* IP bytes of what it will be joined to, and its own */
	const uint8_t *header;
};

struct merge_port {
	struct spt_port base;
	struct spt_port *inner;
	uint64_t merged;
	uint32_t stretch;
	struct merge_flow flow[MERGE_SLOTS];
};

/* ---- which segments ------------------------------------------------------- */

static inline const struct rte_ipv4_hdr *
merge_ip(const uint8_t *header)
{
	return (const void *)(header + WIRE_ETH_LEN);
}

static inline const struct rte_tcp_hdr *
merge_tcp(const uint8_t *header)
{
	return (const void *)(header + MERGE_TCP_OFF);
}

static inline unsigned int
merge_tcp_len(const struct rte_tcp_hdr *tcp)
{
	return (tcp->data_off >> 4) * 4;
}

/* Does 'm' look like a segment that may be joined? Without its sums, and what costs more. */
static inline bool
merge_is_plain(const struct rte_mbuf *m)
{
	const uint8_t *header = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_ether_hdr *eth = (const void *)header;
	const struct rte_ipv4_hdr *ip = merge_ip(header);
	const struct rte_tcp_hdr *tcp = merge_tcp(header);
	unsigned int length;

	if (m->nb_segs != 1 || m->data_len <= MERGE_HEADERS_LEN || !RTE_MBUF_DIRECT(m) ||
	    rte_mbuf_refcnt_read(m) != 1)
		return false;
	if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
	    ip->version_ihl != RTE_IPV4_VHL_DEF || ip->next_proto_id != IP_PROTO_TCP ||
	    (ip->fragment_offset & ~RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) != 0 ||
	    (ip->type_of_service & ECN_MASK) == ECN_CE || tcp->tcp_flags != TCP_ACK)
		return false;
	length = merge_tcp_len(tcp);
	return (length == WIRE_TCP_LEN || length == MERGE_TIMESTAMPS) &&
	       rte_be_to_cpu_16(ip->total_length) > WIRE_IP4_LEN + length;
}

/*
 * What the engine would find wrong goes up as it came, to be counted there. Right ones need not be
 * summed there again, and have what rte_gro asks for.
 */
static inline bool
merge_verify(const struct merge_port *self, struct rte_mbuf *m, uint32_t *len)
{
	struct frame f;
	struct seg s;

	if (wire_parse_frame(m, &self->base.mac, &f) != SPT_V_CONTINUE ||
	    wire_parse_tcp(&f, &s) != SPT_V_CONTINUE)
		return false;
	m->ol_flags = (m->ol_flags & ~MERGE_RX_SUMS) | MERGE_RX_GOOD;
	if (f.group_mac || (s.options & ~SEG_HAS_TIMESTAMP) != 0)
		return false;
	m->packet_type = RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_TCP;
	m->tx_offload = 0;
	m->l2_len = WIRE_ETH_LEN;
	m->l3_len = WIRE_IP4_LEN;
	m->l4_len = s.payload_off - s.l4_off;
	*len = s.len;
	return true;
}

/* Same addresses and ports. */
static inline bool
merge_same_flow(const uint8_t *a, const uint8_t *b)
{
	const struct rte_ipv4_hdr *ip_a = merge_ip(a), *ip_b = merge_ip(b);
	const struct rte_tcp_hdr *tcp_a = merge_tcp(a), *tcp_b = merge_tcp(b);

	return ip_a->src_addr == ip_b->src_addr && ip_a->dst_addr == ip_b->dst_addr &&
	       tcp_a->src_port == tcp_b->src_port && tcp_a->dst_port == tcp_b->dst_port;
}

/* Of two segments of a flow: would the first's headers, with another length, tell all? */
static inline bool
merge_same_headers(const uint8_t *a, const uint8_t *b)
{
	const struct rte_ipv4_hdr *ip_a = merge_ip(a), *ip_b = merge_ip(b);
	const struct rte_tcp_hdr *tcp_a = merge_tcp(a), *tcp_b = merge_tcp(b);

	return memcmp(a, b, WIRE_ETH_LEN) == 0 && ip_a->type_of_service == ip_b->type_of_service &&
	       ip_a->time_to_live == ip_b->time_to_live &&
	       ip_a->fragment_offset == ip_b->fragment_offset &&
	       tcp_a->recv_ack == tcp_b->recv_ack && tcp_a->rx_win == tcp_b->rx_win &&
	       tcp_a->data_off == tcp_b->data_off && tcp_a->tcp_urp == tcp_b->tcp_urp &&
	       memcmp(tcp_a + 1, tcp_b + 1, merge_tcp_len(tcp_a) - WIRE_TCP_LEN) == 0;
}

/* ---- stretches ------------------------------------------------------------ */

enum merge_place {
	MERGE_ALONE,   /* the first of its flow in the stretch */
	MERGE_FOLLOWS, /* goes on where the one before ended */
	MERGE_APART,   /* must not be in one stretch with what is there */
};

static inline enum merge_place
merge_place(struct merge_port *self, const uint8_t *header, uint32_t len)
{
	const struct rte_tcp_hdr *tcp = merge_tcp(header);
	uint32_t ports = (uint32_t)tcp->src_port << 16 | tcp->dst_port;
	uint32_t hash = (merge_ip(header)->src_addr ^ ports) * 0x9e3779b1u;
	struct merge_flow *flow = &self->flow[hash / (UINT32_MAX / MERGE_SLOTS + 1)];
	uint32_t seq = rte_be_to_cpu_32(tcp->sent_seq);
	enum merge_place place = MERGE_ALONE;
	uint32_t length = len;

	if (flow->stretch == self->stretch) {
		length += flow->length;
		/* What lies in another's slot would not be known again. */
		if (!merge_same_flow(flow->header, header) || flow->next != seq ||
		    length > UINT16_MAX - WIRE_IP4_LEN - MERGE_TIMESTAMPS ||
		    !merge_same_headers(flow->header, header))
			return MERGE_APART;
		place = MERGE_FOLLOWS;
	}
	*flow = (struct merge_flow){
	    .stretch = self->stretch, .next = seq + len, .length = length, .header = header};
	return place;
}

/* Join what of m[0 .. n - 1] can be. Returns how many are left, in front. */
static uint16_t
merge_stretch(struct merge_port *self, struct rte_mbuf **m, uint16_t n)
{
	const struct rte_gro_param param = {
	    .gro_types = RTE_GRO_TCP_IPV4,
	    .max_flow_num = PORT_BURST,
	    .max_item_per_flow = 1, /* of their product it makes room for both */
	};
	uint16_t left = rte_gro_reassemble_burst(m, n, &param);

	SPT_ASSERT(left > 0 && left <= n);
	for (uint16_t i = 0; i < left; i++)
		if (m[i]->nb_segs > 1)
			m[i]->ol_flags |= self->base.merged;
	self->merged += n - left;
	return left;
}

/* m[begin .. end - 1] is a stretch; what is left of it goes to m[out ..]. Returns where that ends.
 */
static inline uint16_t
merge_end(struct merge_port *self, struct rte_mbuf **m, uint16_t out, uint16_t begin, uint16_t end,
    bool *follows)
{
	uint16_t n = end - begin;

	self->stretch++;
	if (n == 0)
		return out;
	if (*follows)
		n = merge_stretch(self, m + begin, n);
	*follows = false;
	if (out != begin)
		memmove(m + out, m + begin, n * sizeof(*m));
	return (uint16_t)(out + n);
}

static uint16_t
merge_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct merge_port *self = (struct merge_port *)p;
	uint16_t got = port_rx(self->inner, now, m, n), out = 0, begin = 0;
	bool follows = false;

	if (got < 2)
		return got;
	for (uint16_t i = 0; i < got; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], const void *));
	for (uint16_t i = 0; i < got; i++) {
		enum merge_place place;
		uint32_t len;

		if (!merge_is_plain(m[i]) || !merge_verify(self, m[i], &len)) {
			out = merge_end(self, m, out, begin, i, &follows);
			m[out++] = m[i];
			begin = i + 1;
			continue;
		}
		place = merge_place(self, rte_pktmbuf_mtod(m[i], const uint8_t *), len);
		if (place == MERGE_APART) {
			out = merge_end(self, m, out, begin, i, &follows);
			begin = i;
			merge_place(self, rte_pktmbuf_mtod(m[i], const uint8_t *), len);
		}
		follows |= place == MERGE_FOLLOWS;
	}
	return merge_end(self, m, out, begin, got, &follows);
}

/* ---- the port ------------------------------------------------------------- */

static uint16_t
merge_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return port_tx(((struct merge_port *)p)->inner, now, m, n);
}

static spt_time
merge_next_deadline(const struct spt_port *p)
{
	return port_next_deadline(((const struct merge_port *)p)->inner);
}

static void
merge_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	const struct merge_port *self = (const struct merge_port *)p;

	spt_port_stats_get(self->inner, stats);
	stats->rx_merged += self->merged;
}

static void
merge_destroy(struct spt_port *p)
{
	struct merge_port *self = (struct merge_port *)p;

	spt_port_destroy(self->inner);
	rte_free(self);
}

static const struct port_ops merge_ops = {
    .rx = merge_rx,
    .tx = merge_tx,
    .next_deadline = merge_next_deadline,
    .stats = merge_stats,
    .destroy = merge_destroy,
};

int
spt_port_merge_create(struct spt_port *inner, struct spt_port **port)
{
	static const struct rte_mbuf_dynflag flag = {.name = "septet_mbuf_merged"};
	struct merge_port *self;
	int bit;

	if (inner == NULL)
		return -EINVAL;
	bit = rte_mbuf_dynflag_register(&flag);
	if (bit < 0)
		return -ENOMEM;
	self = rte_zmalloc("spt_merge", sizeof(*self), RTE_CACHE_LINE_SIZE);
	if (self == NULL)
		return -ENOMEM;
	self->base = *inner;
	self->base.ops = &merge_ops;
	self->base.merged = RTE_BIT64(bit);
	self->inner = inner;
	self->stretch = 1;
	*port = &self->base;
	return 0;
}

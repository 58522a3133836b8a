/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that other engines need; a lockless ring for each ordered pair of engines. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <rte_ring.h>
#include <rte_tcp.h>

#include "base/addr.h"
#include "base/debug.h"
#include "flow/steer.h"
#include "port/port.h"
#include "share.h"
#include "wire/wire.h"

#define SHARE_RING 1024 /* frames that wait; past it they are dropped, as the wire might have */
/*
 * A queue is believed after 64 flows have begun at it as predicted: each further frame of a flow
 * proves nothing new, but where flows are few a million frames will do as well.
 */
#define SHARE_OPENING (1 << 14)
#define SHARE_CONFIRM (64 * SHARE_OPENING)

enum share_state {
	SHARE_BELIEVED, /* so far */
	SHARE_REFUTED,  /* somebody is writing down by what */
	SHARE_SOFTWARE,
};

/* Network order, as frames arrive: 'remote' is their source. */
struct share_flow {
	struct spt_addr remote, local;
	uint16_t rport, lport;
	bool syn;
};

struct share_port {
	struct spt_port port; /* port.ops is &ops */
	struct port_ops ops;  /* rx changes with what is known of the device */
	struct share *share;
	struct spt_port *inner;
	struct rte_mempool *pool;
	unsigned int index;
	unsigned int turn;    /* whose ring is looked into first */
	uint32_t unconfirmed; /* from SHARE_CONFIRM down to 0 */
	uint64_t came_frames; /* from other engines' queues */
	uint64_t came_bytes;
	uint64_t gone_frames; /* received here, but not by this engine */
	uint64_t gone_bytes;
	uint64_t missed; /* of those: no room in the ring */
} __rte_cache_aligned;

struct share {
	unsigned int n;
	struct rte_ring **ring; /* [to * n + from] */
	struct share_port *ports;
	/* What refuted the device; constant once the state is SHARE_SOFTWARE. */
	struct share_flow flow;
	unsigned int arrived, expected;
	uint32_t state __rte_cache_aligned; /* atomic: enum share_state; read every burst */
	uint32_t unconfirmed;               /* atomic: queues that have not proven themselves */
	struct steer steer;
};

static inline bool
share_is_software(const struct share *share)
{
	return __atomic_load_n(&share->state, __ATOMIC_ACQUIRE) == SHARE_SOFTWARE;
}

/* ---- whose a frame is ------------------------------------------------------ */

static inline bool
share_parse_ports(const struct rte_mbuf *m, uint16_t offset, struct share_flow *f)
{
	const struct rte_tcp_hdr *tcp =
	    rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, offset);

	if (unlikely(m->data_len < offset + sizeof(*tcp)))
		return false;
	f->rport = tcp->src_port;
	f->lport = tcp->dst_port;
	f->syn = tcp->tcp_flags & RTE_TCP_SYN_FLAG;
	return true;
}

/*
 * The flow of a TCP frame. What is no TCP, or is a fragment, malformed or behind extension headers,
 * stays where it arrived; that engine counts it. Checksums are its affair, too.
 */
static inline bool
share_parse_tcp(const struct rte_mbuf *m, struct share_flow *f)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	uint16_t header;

	if (likely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))) {
		const struct rte_ipv4_hdr *ip = (const void *)(eth + 1);

		if (unlikely(m->data_len < sizeof(*eth) + sizeof(*ip)) ||
		    ip->next_proto_id != IPPROTO_TCP)
			return false;
		header = rte_ipv4_hdr_len(ip);
		if (unlikely(ip->version_ihl >> 4 != 4 || header < sizeof(*ip) ||
		             ip->fragment_offset &
		                 RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)))
			return false;
		f->remote = addr_from_v4(ip->src_addr);
		f->local = addr_from_v4(ip->dst_addr);
		return share_parse_ports(m, (uint16_t)(sizeof(*eth) + header), f);
	}
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6)) {
		const struct rte_ipv6_hdr *ip = (const void *)(eth + 1);

		if (unlikely(m->data_len < sizeof(*eth) + sizeof(*ip)) || ip->proto != IPPROTO_TCP)
			return false;
		f->remote = addr_from_v6(ip->src_addr);
		f->local = addr_from_v6(ip->dst_addr);
		/* No such address is on a wire, and here it would mean the other family. */
		if (unlikely((ip->vtc_flow & RTE_BE32(0xf0000000)) != RTE_BE32(0x60000000) ||
		             addr_is_v4(&f->remote) || addr_is_v4(&f->local)))
			return false;
		return share_parse_ports(m, sizeof(*eth) + sizeof(*ip), f);
	}
	return false;
}

static inline unsigned int
share_flow_owner(const struct share *share, const struct share_flow *f)
{
	uint32_t hash = steer_hash_addresses(&share->steer, &f->remote, &f->local);

	hash ^= steer_hash_ports(&share->steer, addr_is_v4(&f->remote), f->rport, f->lport);
	return steer_queue(&share->steer, hash);
}

/* The owner of the flow that an ICMP error quotes; who has it keeps it where it quotes none. */
static __rte_noinline unsigned int
share_quote_owner(const struct share_port *self, struct rte_mbuf *m)
{
	struct wire_quote q;
	struct share_flow f;
	struct frame frame;

	if (wire_parse_frame(m, &self->port.mac, &frame) != SPT_V_CONTINUE ||
	    !wire_parse_quote(&frame, &q))
		return self->index;
	/* The quoted packet went the other way: its source is ours. */
	f = (struct share_flow){
	    .remote = q.dst,
	    .local = q.src,
	    .rport = q.dport,
	    .lport = q.sport,
	};
	return share_flow_owner(self->share, &f);
}

enum share_concern {
	SHARE_OURS,  /* whoever it arrived at */
	SHARE_ALL,   /* ARP reply, or neighbour advertisement */
	SHARE_QUOTE, /* ICMP error */
};

static inline enum share_concern
share_concern_ip4(const struct rte_mbuf *m, const struct rte_ether_hdr *eth)
{
	const struct rte_ipv4_hdr *ip = (const void *)(eth + 1);
	const uint8_t *type;

	if (unlikely(m->data_len < sizeof(*eth) + sizeof(*ip)) ||
	    likely(ip->next_proto_id != IPPROTO_ICMP))
		return SHARE_OURS;
	if (m->data_len <= sizeof(*eth) + rte_ipv4_hdr_len(ip))
		return SHARE_OURS;
	type = (const uint8_t *)ip + rte_ipv4_hdr_len(ip);
	return *type == ICMP_DEST_UNREACH || *type == ICMP_TIME_EXCEEDED ||
	               *type == ICMP_PARAMETERPROB
	           ? SHARE_QUOTE
	           : SHARE_OURS;
}

static inline enum share_concern
share_concern_ip6(const struct rte_mbuf *m, const struct rte_ether_hdr *eth)
{
	const struct rte_ipv6_hdr *ip = (const void *)(eth + 1);
	const uint8_t *type = (const void *)(ip + 1);

	if (unlikely(m->data_len <= sizeof(*eth) + sizeof(*ip)) ||
	    likely(ip->proto != IPPROTO_ICMPV6))
		return SHARE_OURS;
	if (*type == ND_NEIGHBOR_ADVERT)
		return SHARE_ALL;
	return *type & ICMP6_INFOMSG_MASK ? SHARE_OURS : SHARE_QUOTE;
}

/* Whom else a frame concerns that is not TCP. What is malformed is the parser's affair. */
static inline enum share_concern
share_concern(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_arp_hdr *arp = (const void *)(eth + 1);

	if (unlikely(m->data_len < sizeof(*eth)))
		return SHARE_OURS;
	if (likely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		return share_concern_ip4(m, eth);
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return share_concern_ip6(m, eth);
	return eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP) &&
	               m->data_len >= sizeof(*eth) + sizeof(*arp) &&
	               arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY)
	           ? SHARE_ALL
	           : SHARE_OURS;
}

/* ---- handing over ---------------------------------------------------------- */

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

/* m[i], received here, belongs to owner[i], another engine. */
static __rte_noinline void
share_hand_over(struct share_port *self, struct rte_mbuf **m, const uint16_t *owner, unsigned int n)
{
	struct share *share = self->share;
	struct rte_mbuf *burst[PORT_BURST];
	unsigned int k, taken;

	self->gone_frames += n;
	for (unsigned int i = 0; i < n; i++)
		self->gone_bytes += m[i]->pkt_len;
	for (unsigned int to = 0; to < share->n; to++) {
		k = 0;
		for (unsigned int i = 0; i < n; i++)
			if (owner[i] == to)
				burst[k++] = m[i];
		if (k == 0)
			continue;
		taken = rte_ring_sp_enqueue_burst(
		    share->ring[to * share->n + self->index], (void **)burst, k, NULL);
		rte_pktmbuf_free_bulk(burst + taken, k - taken);
		self->missed += k - taken;
	}
}

static uint16_t
share_collect(struct share_port *self, struct rte_mbuf **m, uint16_t n)
{
	struct share *share = self->share;
	unsigned int from = self->turn;
	uint16_t got = 0;

	for (unsigned int i = 0; i < share->n && got < n; i++) {
		from = from + 1 < share->n ? from + 1 : 0;
		if (from != self->index)
			got = (uint16_t)(got + rte_ring_sc_dequeue_burst(
			                           share->ring[self->index * share->n + from],
			                           (void **)(m + got), (unsigned int)(n - got),
			                           NULL));
	}
	self->turn = from;
	self->came_frames += got;
	for (uint16_t i = 0; i < got; i++)
		self->came_bytes += m[i]->pkt_len;
	return got;
}

/* ---- comparing ------------------------------------------------------------- */

/* The device does not do what it says; the first to find out says by what. */
static __rte_noinline void
share_refute(struct share_port *self, const struct share_flow *f, unsigned int owner)
{
	struct share *share = self->share;
	uint32_t believed = SHARE_BELIEVED;

	if (!__atomic_compare_exchange_n(
	        &share->state, &believed, SHARE_REFUTED, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	share->flow = *f;
	share->arrived = self->index;
	share->expected = owner;
	__atomic_store_n(&share->state, SHARE_SOFTWARE, __ATOMIC_RELEASE);
}

static inline void
share_compare(struct share_port *self, const struct share_flow *f, unsigned int owner)
{
	uint32_t weight = f->syn ? SHARE_OPENING : 1;

	if (unlikely(owner != self->index))
		share_refute(self, f, owner);
	else
		self->unconfirmed -= RTE_MIN(weight, self->unconfirmed);
}

/*
 * Of m[first .. n - 1] keep what is this engine's and hand the rest over. Returns how many are
 * left. 'steering' is a constant.
 */
static __rte_always_inline uint16_t
share_sort(struct share_port *self, struct rte_mbuf **m, uint16_t first, uint16_t n,
    enum spt_steering steering)
{
	struct rte_mbuf *others[PORT_BURST];
	uint16_t owner[PORT_BURST];
	uint16_t kept = first, moved = 0;
	struct share_flow f;

	for (uint16_t i = first; i < n; i++) {
		unsigned int to = self->index;

		if (steering != SPT_STEERING_DEVICE &&
		    likely(m[i]->data_len >= RTE_ETHER_HDR_LEN && share_parse_tcp(m[i], &f))) {
			to = share_flow_owner(self->share, &f);
			if (steering == SPT_STEERING_CHECKED)
				share_compare(self, &f, to);
		} else {
			enum share_concern concern = share_concern(m[i]);

			if (concern == SHARE_QUOTE)
				to = share_quote_owner(self, m[i]);
			else if (concern == SHARE_ALL)
				share_spread(self, m[i]);
		}
		if (to == self->index) {
			m[kept++] = m[i];
			continue;
		}
		others[moved] = m[i];
		owner[moved++] = (uint16_t)to;
	}
	if (moved > 0)
		share_hand_over(self, others, owner, moved);
	return kept;
}

/* ---- receiving ------------------------------------------------------------- */

static inline void
share_prefetch(struct rte_mbuf **m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], const void *));
}

/* Frames come both from the device and from the rings: neither may starve the other. */
static uint16_t
share_rx_software(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct share_port *self = (struct share_port *)p;
	uint16_t got = share_collect(self, m, n / 2);
	uint16_t fresh = port_rx(self->inner, now, m + got, (uint16_t)(n - got));

	share_prefetch(m + got, fresh);
	got = (uint16_t)(got + share_sort(self, m + got, 0, fresh, SPT_STEERING_SOFTWARE));
	return (uint16_t)(got + share_collect(self, m + got, (uint16_t)(n - got)));
}

static __rte_noinline uint16_t
share_sort_device(struct share_port *self, struct rte_mbuf **m, uint16_t first, uint16_t n)
{
	return share_sort(self, m, first, n, SPT_STEERING_DEVICE);
}

/* Only frames that are not TCP can be for somebody else, and they are few. */
static uint16_t
share_rx_device(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct share_port *self = (struct share_port *)p;
	uint16_t got;

	if (unlikely(share_is_software(self->share))) {
		self->ops.rx = share_rx_software;
		return share_rx_software(p, now, m, n);
	}
	got = port_rx(self->inner, now, m, n);
	for (uint16_t i = 0; i < got; i++)
		if (unlikely(share_concern(m[i]) != SHARE_OURS)) {
			got = share_sort_device(self, m, i, got);
			break;
		}
	return (uint16_t)(got + share_collect(self, m + got, (uint16_t)(n - got)));
}

static uint16_t
share_rx_checked(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct share_port *self = (struct share_port *)p;
	uint16_t got;

	if (unlikely(share_is_software(self->share))) {
		self->ops.rx = share_rx_software;
		return share_rx_software(p, now, m, n);
	}
	got = port_rx(self->inner, now, m, n);
	share_prefetch(m, got);
	got = share_sort(self, m, 0, got, SPT_STEERING_CHECKED);
	if (unlikely(self->unconfirmed == 0)) {
		self->ops.rx = share_rx_device;
		__atomic_sub_fetch(&self->share->unconfirmed, 1, __ATOMIC_RELAXED);
	}
	return (uint16_t)(got + share_collect(self, m + got, (uint16_t)(n - got)));
}

uint16_t
share_relay(struct share *share, unsigned int queue, spt_time now)
{
	struct share_port *self = &share->ports[queue];
	struct rte_mbuf *m[PORT_BURST];
	uint16_t got = port_rx(self->inner, now, m, PORT_BURST), kept;

	kept = share_sort(self, m, 0, got, SPT_STEERING_SOFTWARE);
	for (uint16_t i = 0; i < kept; i++)
		self->gone_bytes += m[i]->pkt_len;
	self->gone_frames += kept;
	self->missed += kept;
	rte_pktmbuf_free_bulk(m, kept);
	return got;
}

/* ---- the port -------------------------------------------------------------- */

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

/* What arrived here for another engine counts there: a sum over all is right. */
static void
share_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	struct share_port *self = (struct share_port *)p;

	spt_port_stats_get(self->inner, stats);
	stats->rx_frames += self->came_frames - self->gone_frames;
	stats->rx_bytes += self->came_bytes - self->gone_bytes;
	stats->rx_missed += self->missed;
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

/* ---- what is known of the device ------------------------------------------- */

enum spt_steering
share_steering(const struct share *share)
{
	if (!share)
		return SPT_STEERING_NONE;
	if (share_is_software(share))
		return SPT_STEERING_SOFTWARE;
	return __atomic_load_n(&share->unconfirmed, __ATOMIC_RELAXED) > 0 ? SPT_STEERING_CHECKED
	                                                                  : SPT_STEERING_DEVICE;
}

/* "192.0.2.1:80" or "[2001:db8::1]:80" */
static void
share_endpoint_text(const struct spt_addr *a, uint16_t port, char text[static INET6_ADDRSTRLEN + 8])
{
	char address[INET6_ADDRSTRLEN];
	bool v4 = addr_is_v4(a);

	inet_ntop(
	    v4 ? AF_INET : AF_INET6, v4 ? &a->b[12] : a->b, address, (socklen_t)sizeof(address));
	snprintf(text, INET6_ADDRSTRLEN + 8, v4 ? "%s:%u" : "[%s]:%u", address, ntohs(port));
}

void
share_describe(const struct share *share, char *text, size_t size)
{
	char remote[INET6_ADDRSTRLEN + 8], local[INET6_ADDRSTRLEN + 8];
	enum spt_steering steering = share_steering(share);

	switch (steering) {
	case SPT_STEERING_NONE: snprintf(text, size, "%s", ""); return;
	case SPT_STEERING_CHECKED:
		snprintf(
		    text, size, "steering: comparing the device's RSS with where flows arrive");
		return;
	case SPT_STEERING_DEVICE:
		snprintf(text, size, "steering: the device spreads flows as predicted");
		return;
	case SPT_STEERING_SOFTWARE: break;
	}
	if (!share->steer.rss.device) {
		snprintf(text, size,
		    "steering in software: the device has no RSS, or does not tell how it spreads "
		    "flows");
		return;
	}
	share_endpoint_text(&share->flow.remote, share->flow.rport, remote);
	share_endpoint_text(&share->flow.local, share->flow.lport, local);
	snprintf(text, size,
	    "steering in software: flow %s -> %s arrived at queue %u, expected %u (RSS as the "
	    "device reports it is wrong)",
	    remote, local, share->arrived, share->expected);
}

/* ---- from beginning to end ------------------------------------------------- */

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
share_create_rings(struct share *share, unsigned int device)
{
	char name[sizeof("septet__") + 3 * 10];

	for (unsigned int to = 0; to < share->n; to++)
		for (unsigned int from = 0; from < share->n; from++) {
			struct rte_ring **ring = &share->ring[to * share->n + from];

			if (to == from)
				continue;
			snprintf(name, sizeof(name), "septet_%u_%u_%u", device, to, from);
			*ring = rte_ring_create(
			    name, SHARE_RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (!*ring)
				return -ENOMEM;
		}
	return 0;
}

static void
share_wrap(struct share *share, unsigned int i, struct spt_port **port, struct rte_mempool *pool)
{
	struct share_port *self = &share->ports[i];

	*self = (struct share_port){
	    .port = **port,
	    .ops =
	        {
	            .rx = share->steer.rss.device ? share_rx_checked : share_rx_software,
	            .tx = share_tx,
	            .next_deadline = share_next_deadline,
	            .stats = share_stats,
	            .destroy = share_destroy,
	        },
	    .share = share,
	    .inner = *port,
	    .pool = pool,
	    .index = i,
	    .unconfirmed = SHARE_CONFIRM,
	};
	self->port.ops = &self->ops;
	*port = &self->port;
}

int
share_create(unsigned int device, struct spt_port **ports, struct rte_mempool *pool, unsigned int n,
    struct share **share)
{
	struct share *s;
	int rc;

	/* Every owner has to be one of these ports. */
	if (!ports[0]->rss || ports[0]->rss->queues != n)
		return -EINVAL;
	s = rte_zmalloc(NULL, sizeof(*s), RTE_CACHE_LINE_SIZE);
	if (!s)
		return -ENOMEM;
	s->n = s->unconfirmed = n;
	s->ring = rte_zmalloc(NULL, n * n * sizeof(struct rte_ring *), 0);
	s->ports = rte_zmalloc(NULL, n * sizeof(*s->ports), RTE_CACHE_LINE_SIZE);
	rc = s->ring && s->ports ? steer_init(&s->steer, ports[0]->rss) : -ENOMEM;
	if (rc == 0)
		rc = share_create_rings(s, device);
	if (rc) {
		share_free(s);
		return rc;
	}
	s->state = s->steer.rss.device ? SHARE_BELIEVED : SHARE_SOFTWARE;
	for (unsigned int i = 0; i < n; i++) {
		SPT_ASSERT(ports[i]->rss && ports[i]->rss->queue == i);
		share_wrap(s, i, &ports[i], pool);
	}
	*share = s;
	return 0;
}

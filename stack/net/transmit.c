/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes and transmission: which neighbour a packet goes to, its link header, and the
 * requests that find out link addresses.
 */
#include <rte_branch_prediction.h>

#include "../base/addr.h"
#include "internal.h"

/* ---- routes ----------------------------------------------------------- */

bool
net_on_link(const struct net *n, const struct spt_addr *a)
{
	uint16_t index;

	if (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80) /* fe80::/10 */
		return true;
	return local_on_link(n->config.local, a, &index);
}

bool
net_is_unicast(const struct net *n, const struct spt_addr *a)
{
	if (!addr_is_v4(a))
		return a->b[0] != 0xff && !addr_is_zero(a);
	/* 0/8 is "this network"; class D, class E and 255.255.255.255 (RFC 1122 3.2.1.3). */
	return a->b[12] != 0 && a->b[12] != 127 && a->b[12] < 224 &&
	       !local_is_broadcast(n->config.local, a);
}

static struct neighbour *
route(struct net *n, const struct spt_addr *remote)
{
	struct neighbour *e;
	uint16_t gateway;

	if (net_on_link(n, remote)) {
		e = neighbour_find(n, remote);
		if (likely(e != NULL))
			return e;
		if (!net_is_unicast(n, remote) || local_find(n->config.local, remote) != LOCAL_NONE)
			return NULL;
		return neighbour_make(n, remote, false);
	}
	gateway = n->gateway_hop[!addr_is_v4(remote)];
	if (gateway == NEXT_HOP_NONE || !net_is_unicast(n, remote))
		return NULL;
	return &n->table[gateway];
}

uint16_t
net_next_hop(struct net *n, spt_time now, const struct spt_addr *remote)
{
	struct neighbour *e = &n->table[n->last_hop];

	/* The segments of a burst tend to come from one host: its entry is found without a hash. */
	if (addr_eq(&e->addr, remote) && !e->gateway)
		return n->last_hop;
	e = route(n, remote);
	if (e == NULL)
		return NEXT_HOP_NONE;
	return n->last_hop = neighbour_index(n, e);
}

/* ---- requests --------------------------------------------------------- */

/* Ours towards 'e' when no packet says which: of its prefix if it has one. */
static bool
source_for(const struct net *n, const struct neighbour *e, struct spt_addr *source)
{
	const struct local_table *local = n->config.local;
	uint16_t on_link;
	int index;

	if (local_on_link(local, &e->addr, &on_link))
		index = on_link;
	else
		index = local_first(local, e->v4);
	if (index == LOCAL_NONE)
		return false;
	*source = local_at(local, (uint16_t)index);
	return true;
}

/*
 * The sender's address in a request is that of the packet that causes it (RFC 4861 7.2.2), so
 * that the answerer need not ask back for it. In ARP it must share the target's prefix: routers
 * do not answer others.
 */
static bool
prefer_source(const struct net *n, const struct neighbour *e, const struct spt_addr *of_packet)
{
	const struct local_table *local = n->config.local;
	uint16_t a, b;

	if (addr_is_v4(of_packet) != e->v4 || local_find(local, of_packet) == LOCAL_NONE)
		return false;
	if (!e->v4 || !local_on_link(local, &e->addr, &a))
		return true;
	return local_on_link(local, of_packet, &b) && a == b;
}

/*
 * Ask for the link address of 'e'. Returns how many frames: 0 (rate limit, no mbuf) or 1. Those
 * that we know are probed by unicast, within a limit of their own: strangers, of whom there may be
 * a flood, must not make us forget them.
 */
static unsigned int
ask(struct net *n, spt_time now, const struct neighbour *e, const struct spt_addr *of_packet,
    struct rte_mbuf **ready)
{
	struct ratelimit *limit = e->state == NEIGHBOUR_PROBE ? &n->probe_limit : &n->request_limit;
	struct spt_addr source;

	if (of_packet != NULL && prefer_source(n, e, of_packet))
		source = *of_packet;
	else if (!source_for(n, e, &source))
		return 0;
	if (!ratelimit_take(limit, now)) {
		n->requests_limited++;
		return 0;
	}
	*ready = e->v4 ? net_arp_request(n, e, &source) : net_nd_request(n, e, &source);
	return *ready != NULL;
}

/* ---- packets ---------------------------------------------------------- */

static inline void
prepend_link(struct rte_mbuf *m, const struct neighbour *e)
{
	SPT_ASSERT(rte_pktmbuf_headroom(m) >= RTE_ETHER_HDR_LEN);
	m->data_off -= RTE_ETHER_HDR_LEN;
	m->data_len += RTE_ETHER_HDR_LEN;
	m->pkt_len += RTE_ETHER_HDR_LEN;
	m->l2_len = RTE_ETHER_HDR_LEN;
	memcpy(rte_pktmbuf_mtod(m, void *), e->header, RTE_ETHER_HDR_LEN);
}

/* Whether the packet goes to 'e': it is its destination, or the gateway of its family. */
static inline bool
leads_to(const struct neighbour *e, const uint8_t *ip)
{
	if (ip[0] >> 4 == 4) {
		uint32_t dst;

		memcpy(&dst, ip + 16, sizeof(dst));
		return e->v4 && (e->addr.w[3] == dst || e->gateway);
	} else {
		uint64_t dst[2];

		memcpy(dst, ip + 24, sizeof(dst));
		return !e->v4 &&
		       (((e->addr.q[0] ^ dst[0]) | (e->addr.q[1] ^ dst[1])) == 0 || e->gateway);
	}
}

static void
packet_addresses(const struct rte_mbuf *m, struct spt_addr *src, struct spt_addr *dst)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

	if (ip[0] >> 4 == 4) {
		uint32_t v4[2];

		memcpy(v4, ip + 12, sizeof(v4));
		*src = addr_from_v4(v4[0]);
		*dst = addr_from_v4(v4[1]);
	} else {
		*src = addr_from_v6(ip + 8);
		*dst = addr_from_v6(ip + 24);
	}
}

/* 'm' waits in 'e'; the first one asks. Returns how many frames were put to 'ready'. */
static unsigned int
hold(struct net *n, spt_time now, struct neighbour *e, struct rte_mbuf *m,
    const struct spt_addr *src, struct rte_mbuf **ready)
{
	if (e->state == NEIGHBOUR_FAILED && now < e->deadline) {
		n->dropped_unresolved++;
		rte_pktmbuf_free(m);
		return 0;
	}
	neighbour_hold(n, e, m);
	if (e->state == NEIGHBOUR_INCOMPLETE)
		return 0;
	neighbour_ask(n, now, e, NEIGHBOUR_INCOMPLETE);
	return ask(n, now, e, src, ready);
}

/*
 * All that transmission of a packet to a confirmed neighbour by a valid hint is not. Puts up
 * to 2 frames to 'ready' and returns how many.
 */
static unsigned int
transmit_slow(struct net *n, spt_time now, const struct tx_entry *t, struct rte_mbuf **ready)
{
	struct rte_mbuf *m = t->m;
	struct spt_addr src, dst;
	struct neighbour *e;
	unsigned int count = 0;

	if (t->next_hop == NEXT_HOP_FRAME) {
		*ready = m;
		return 1;
	}
	packet_addresses(m, &src, &dst);
	e = route(n, &dst);
	if (e == NULL) {
		n->dropped_unresolved++;
		rte_pktmbuf_free(m);
		return 0;
	}
	if (!neighbour_resolved(e))
		return hold(n, now, e, m, &src, ready);
	e->referenced = true;
	if (now >= e->until) {
		/* RFC 4861 7.3.3. While pending packets are due the probe can wait. */
		if (e->state != NEIGHBOUR_DELAY) {
			neighbour_set(n, e, NEIGHBOUR_DELAY, now + NEIGHBOUR_DELAY_TIME);
		} else if (!e->armed) {
			neighbour_ask(n, now, e, NEIGHBOUR_PROBE);
			count = ask(n, now, e, &src, ready);
		}
	}
	prepend_link(m, e);
	ready[count] = m;
	return count + 1;
}

/*
 * Transport doubts these (RFC 1122 3.3.1.4): believe them no longer, so that the retransmission
 * that comes with the advice probes.
 */
static void
take_advice(struct net *n, spt_time now, struct txlist *list)
{
	for (uint32_t i = 0; i < list->n_advice; i++) {
		struct neighbour *e;

		if (list->advice[i] >= n->used)
			continue;
		e = &n->table[list->advice[i]];
		if (neighbour_resolved(e) && e->state != NEIGHBOUR_PROBE)
			neighbour_set(n, e, NEIGHBOUR_DELAY, now);
	}
	list->n_advice = 0;
}

/* The entry that the hint names, if the packet may go there without a thought. */
static inline struct neighbour *
hinted(const struct net *n, spt_time now, const struct tx_entry *t)
{
	struct neighbour *e;

	if (unlikely(t->next_hop >= n->used))
		return NULL;
	e = &n->table[t->next_hop];
	if (unlikely(now >= e->until || !leads_to(e, rte_pktmbuf_mtod(t->m, const uint8_t *))))
		return NULL;
	return e;
}

unsigned int
net_transmit(struct net *n, spt_time now, struct txlist *list, struct rte_mbuf **ready)
{
	unsigned int count = 0;

	if (unlikely(list->n_advice))
		take_advice(n, now, list);
	for (uint32_t i = 0; i < list->n; i++) {
		const struct tx_entry *t = &list->entry[i];
		struct neighbour *e = hinted(n, now, t);

		if (likely(e != NULL)) {
			e->referenced = true;
			prepend_link(t->m, e);
			ready[count++] = t->m;
		} else {
			count += transmit_slow(n, now, t, ready + count);
		}
	}
	list->n = 0;
	return count;
}

/* ---- timers ----------------------------------------------------------- */

/* Pending packets of a neighbour that answered. Returns how many; it stays due if some are left. */
static unsigned int
release(struct net *n, spt_time now, struct neighbour *e, struct rte_mbuf **ready, unsigned int max)
{
	unsigned int count = neighbour_take(n, e, ready, max);

	for (unsigned int i = 0; i < count; i++)
		prepend_link(ready[i], e);
	if (e->n_pending == 0)
		neighbour_disarm(n, e);
	if (e->state == NEIGHBOUR_STALE)
		neighbour_set(n, e, NEIGHBOUR_DELAY, now + NEIGHBOUR_DELAY_TIME);
	return count;
}

/* No answer to the last request: RFC 4861 7.2.2 (INCOMPLETE), 7.3.3 (PROBE). */
static void
give_up(struct net *n, spt_time now, struct neighbour *e)
{
	struct rte_mbuf *m[NEIGHBOUR_PENDING];
	unsigned int count = neighbour_take(n, e, m, NEIGHBOUR_PENDING);

	n->dropped_unresolved += count;
	rte_pktmbuf_free_bulk(m, count);
	if (e->state == NEIGHBOUR_PROBE) {
		neighbour_set(n, e, NEIGHBOUR_NONE, 0);
		return;
	}
	neighbour_set(n, e, NEIGHBOUR_FAILED, 0);
	e->deadline = now + NEIGHBOUR_HOLD_DOWN;
}

static unsigned int
expire(struct net *n, spt_time now, struct neighbour *e, struct rte_mbuf **ready, unsigned int max)
{
	struct spt_addr src, dst;

	if (e->n_pending && neighbour_resolved(e))
		return release(n, now, e, ready, max);
	neighbour_disarm(n, e);
	if (e->tries == NEIGHBOUR_TRIES) {
		give_up(n, now, e);
		return 0;
	}
	e->tries++;
	neighbour_arm(n, e, now + NEIGHBOUR_RETRANS_TIMER);
	if (e->n_pending == 0)
		return ask(n, now, e, NULL, ready);
	packet_addresses(neighbour_pending(n, e)[0], &src, &dst);
	return ask(n, now, e, &src, ready);
}

unsigned int
net_timers(struct net *n, spt_time now, struct rte_mbuf **ready, unsigned int max)
{
	unsigned int count = 0;

	while (count < max && n->timer_head != NEIGHBOUR_NIL) {
		struct neighbour *e = &n->table[n->timer_head];

		if (e->deadline > now)
			break;
		count += expire(n, now, e, ready + count, max - count);
	}
	return count;
}

spt_time
net_next_deadline(const struct net *n)
{
	return n->timer_head == NEIGHBOUR_NIL ? SPT_TIME_NEVER : n->table[n->timer_head].deadline;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP: RFC 826, with the conflict rules of RFC 5227. */
#include "../base/addr.h"
#include "internal.h"

#define ARP_REQUEST 1
#define ARP_REPLY   2

/* RFC 5227 1.1: DEFEND_INTERVAL. */
#define DEFEND_INTERVAL (10 * SPT_NS_PER_SEC)

static const struct rte_ether_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static void
write_frame(const struct net *n, struct rte_mbuf *m, const struct rte_ether_addr *dst,
    const struct wire_arp *arp)
{
	char *frame = rte_pktmbuf_append(m, RTE_ETHER_HDR_LEN + WIRE_ARP_LEN);

	SPT_ASSERT(frame != NULL);
	wire_write_eth(frame, dst, &n->config.mac, RTE_ETHER_TYPE_ARP);
	wire_write_arp(frame + RTE_ETHER_HDR_LEN, arp);
}

struct rte_mbuf *
net_arp_request(struct net *n, const struct neighbour *e, const struct spt_addr *source)
{
	struct rte_mbuf *m = net_alloc(n);
	struct wire_arp arp = {
	    .op = ARP_REQUEST,
	    .sha = n->config.mac,
	    .spa = addr_v4(source),
	    .tpa = addr_v4(&e->addr),
	};
	bool probe = e->state == NEIGHBOUR_PROBE;

	if (m != NULL)
		write_frame(n, m, probe ? neighbour_lladdr(e) : &broadcast, &arp);
	return m;
}

/* RFC 5227 2.3: a request for the address that it comes from. */
struct rte_mbuf *
net_arp_announcement(struct net *n, const struct spt_addr *a)
{
	struct rte_mbuf *m = net_alloc(n);
	struct wire_arp arp = {
	    .op = ARP_REQUEST,
	    .sha = n->config.mac,
	    .spa = addr_v4(a),
	    .tpa = addr_v4(a),
	};

	if (m != NULL)
		write_frame(n, m, &broadcast, &arp);
	return m;
}

/*
 * The sender claims an address of ours. Defended as RFC 5227 2.4 (b) says: one announcement, and
 * not again within DEFEND_INTERVAL, lest two hosts shout at each other.
 */
static enum spt_verdict
conflict(struct net *n, spt_time now, const struct wire_arp *arp, struct txlist *out)
{
	struct spt_addr ours = addr_from_v4(arp->spa);
	struct rte_mbuf *m;

	if (rte_is_same_ether_addr(&arp->sha, &n->config.mac))
		return SPT_V_ARP_IGNORED; /* our own, or of another core of ours */
	n->conflicts++;
	if (now < n->next_defence)
		return SPT_V_ARP_CONFLICT;
	m = net_arp_announcement(n, &ours);
	if (m != NULL) {
		txlist_append(out, m, NEXT_HOP_FRAME);
		n->next_defence = now + DEFEND_INTERVAL;
	}
	return SPT_V_ARP_CONFLICT;
}

/*
 * RFC 826: an entry that exists takes the sender's link address; only if we are the target
 * is one made. True if something was learnt.
 */
static bool
merge(struct net *n, spt_time now, const struct frame *f, const struct wire_arp *arp, bool to_us)
{
	struct spt_addr spa = addr_from_v4(arp->spa);
	struct neighbour *e = neighbour_find(n, &spa);
	/* Only what can answer a request of ours confirms; a broadcast may be anybody's. */
	bool answer = arp->op == ARP_REPLY && to_us && !f->group_mac;

	if (e == NULL && to_us && net_is_unicast(n, &spa) && net_on_link(n, &spa))
		e = neighbour_make(n, &spa, true);
	if (e == NULL)
		return false;
	if (!answer && neighbour_resolved(e) &&
	    rte_is_same_ether_addr(&arp->sha, neighbour_lladdr(e)))
		return false;
	neighbour_learn(n, now, e, &arp->sha, answer);
	return true;
}

static enum spt_verdict
reply(struct net *n, struct frame *f, const struct wire_arp *request, struct txlist *out)
{
	struct wire_arp arp = {
	    .op = ARP_REPLY,
	    .sha = n->config.mac,
	    .tha = request->sha,
	    .spa = request->tpa,
	    .tpa = request->spa,
	};
	struct rte_mbuf *m = net_alloc_answer(n, f);

	if (m == NULL)
		return SPT_V_ARP_IGNORED;
	write_frame(n, m, &arp.tha, &arp);
	txlist_append(out, m, NEXT_HOP_FRAME);
	return SPT_V_ARP_REQUEST;
}

enum spt_verdict
net_arp_input(struct net *n, spt_time now, struct frame *f, struct txlist *out)
{
	struct wire_arp arp;
	struct spt_addr spa, tpa;
	enum spt_verdict v = wire_parse_arp(f, &arp);
	bool to_us, learnt;

	if (v != SPT_V_CONTINUE)
		return v;
	spa = addr_from_v4(arp.spa);
	tpa = addr_from_v4(arp.tpa);
	if (local_find(n->config.local, &spa) != LOCAL_NONE)
		return conflict(n, now, &arp, out);
	to_us = local_find(n->config.local, &tpa) != LOCAL_NONE;
	learnt = merge(n, now, f, &arp, to_us);
	if (to_us && arp.op == ARP_REQUEST)
		return reply(n, f, &arp, out);
	return learnt ? SPT_V_ARP_REPLY : SPT_V_ARP_IGNORED;
}

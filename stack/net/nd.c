/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour discovery for IPv6: RFC 4861. Router messages and redirects are ignored. */
#include "../base/addr.h"
#include "internal.h"

#define ND_SOLICITATION  135
#define ND_ADVERTISEMENT 136

#define ND_HOP_LIMIT 255 /* proves that the sender is on the link */
#define ND_LEN       32

const struct spt_addr net_all_nodes = {.b = {0xff, 0x02, [15] = 0x01}};

/* RFC 4291 2.7.1: ff02::1:ff00:0/104 and the last 24 bits. */
static struct spt_addr
solicited_node(const struct spt_addr *a)
{
	return (struct spt_addr){
	    .b = {0xff, 0x02, [11] = 1, 0xff, a->b[13], a->b[14], a->b[15]},
	};
}

/* RFC 2464 7. */
static struct rte_ether_addr
group_lladdr(const struct spt_addr *group)
{
	return (struct rte_ether_addr){
	    {0x33, 0x33, group->b[12], group->b[13], group->b[14], group->b[15]},
	};
}

/* Into an empty mbuf. Without 'lladdr' the packet begins with its IP header. */
static void
write_packet(const struct net *n, struct rte_mbuf *m, const struct rte_ether_addr *lladdr,
    const struct wire_nd *nd, const struct spt_addr *src, const struct spt_addr *dst)
{
	struct wire_ip ip = {
	    .src = *src,
	    .dst = *dst,
	    .protocol = IP_PROTO_ICMP6,
	    .ttl = ND_HOP_LIMIT,
	};
	unsigned int link = lladdr != NULL ? RTE_ETHER_HDR_LEN : 0;
	char *p = rte_pktmbuf_append(m, link + WIRE_IP6_LEN + ND_LEN);

	SPT_ASSERT(p != NULL);
	if (lladdr != NULL)
		wire_write_eth(p, lladdr, &n->config.mac, RTE_ETHER_TYPE_IPV6);
	wire_write_ip(p + link, &ip, ND_LEN);
	wire_write_nd(p + link + WIRE_IP6_LEN, nd, src, dst);
}

struct rte_mbuf *
net_nd_request(struct net *n, const struct neighbour *e, const struct spt_addr *source)
{
	struct rte_mbuf *m = net_alloc(n);
	struct wire_nd nd = {
	    .type = ND_SOLICITATION,
	    .target = e->addr,
	    .has_lladdr = true,
	    .lladdr = n->config.mac,
	};
	struct spt_addr group = solicited_node(&e->addr);
	struct rte_ether_addr lladdr = group_lladdr(&group);

	if (m == NULL)
		return NULL;
	if (e->state == NEIGHBOUR_PROBE)
		write_packet(n, m, neighbour_lladdr(e), &nd, source, &e->addr);
	else
		write_packet(n, m, &lladdr, &nd, source, &group);
	return m;
}

/* RFC 4861 7.2.6. */
struct rte_mbuf *
net_nd_announcement(struct net *n, const struct spt_addr *a)
{
	struct rte_mbuf *m = net_alloc(n);
	struct wire_nd nd = {
	    .type = ND_ADVERTISEMENT,
	    .target = *a,
	    .override = true,
	    .has_lladdr = true,
	    .lladdr = n->config.mac,
	};
	struct rte_ether_addr lladdr = group_lladdr(&net_all_nodes);

	if (m != NULL)
		write_packet(n, m, &lladdr, &nd, a, &net_all_nodes);
	return m;
}

/*
 * RFC 4861 7.2.4. Straight to the link address that the solicitation gave; if it gave none, by the
 * neighbour table. A probe for a duplicate (unspecified source) is answered to all nodes.
 */
static enum spt_verdict
advertise(struct net *n, struct frame *f, const struct wire_nd *solicitation, struct txlist *out)
{
	bool probe = addr_is_zero(&f->src);
	struct spt_addr dst = probe ? net_all_nodes : f->src;
	struct rte_ether_addr lladdr = probe ? group_lladdr(&net_all_nodes) : solicitation->lladdr;
	bool direct = probe || solicitation->has_lladdr;
	struct wire_nd nd = {
	    .type = ND_ADVERTISEMENT,
	    .target = solicitation->target,
	    .solicited = !probe,
	    .override = true,
	    .has_lladdr = true,
	    .lladdr = n->config.mac,
	};
	struct rte_mbuf *m = net_alloc_answer(n, f);

	if (m == NULL)
		return SPT_V_ND_IGNORED;
	write_packet(n, m, direct ? &lladdr : NULL, &nd, &nd.target, &dst);
	txlist_append(out, m, direct ? NEXT_HOP_FRAME : NEXT_HOP_NONE);
	return SPT_V_ND_SOLICIT;
}

/* RFC 4861 7.2.3: the source of a solicitation. Only a change is news. */
static void
learn_source(struct net *n, spt_time now, const struct frame *f, const struct wire_nd *nd)
{
	struct neighbour *e = neighbour_find(n, &f->src);

	if (e == NULL && net_is_unicast(n, &f->src) && net_on_link(n, &f->src))
		e = neighbour_make(n, &f->src, true);
	if (e == NULL)
		return;
	if (neighbour_resolved(e) && rte_is_same_ether_addr(&nd->lladdr, neighbour_lladdr(e)))
		return;
	neighbour_learn(n, now, e, &nd->lladdr, false);
}

static enum spt_verdict
solicitation_input(
    struct net *n, spt_time now, struct frame *f, const struct wire_nd *nd, struct txlist *out)
{
	const struct local_table *local = n->config.local;
	struct spt_addr group = solicited_node(&nd->target);

	if (local_find(local, &nd->target) == LOCAL_NONE)
		return SPT_V_ND_IGNORED;
	if (f->group_dst ? !addr_eq(&f->dst, &group) : local_find(local, &f->dst) == LOCAL_NONE)
		return SPT_V_ND_IGNORED;
	if (local_find(local, &f->src) != LOCAL_NONE)
		return SPT_V_ND_IGNORED;
	if (nd->has_lladdr)
		learn_source(n, now, f, nd);
	return advertise(n, f, nd, out);
}

/* RFC 4861 7.2.5. */
static enum spt_verdict
advertisement_input(struct net *n, spt_time now, const struct frame *f, const struct wire_nd *nd)
{
	struct neighbour *e;
	bool same;

	if (local_find(n->config.local, &nd->target) != LOCAL_NONE) {
		/* Our own, looped back, or somebody else has our address. */
		n->conflicts += !rte_is_same_ether_addr(&nd->lladdr, &n->config.mac);
		return SPT_V_ND_IGNORED;
	}
	e = neighbour_find(n, &nd->target);
	if (e == NULL)
		return SPT_V_ND_IGNORED;
	if (!neighbour_resolved(e)) {
		if (!nd->has_lladdr)
			return SPT_V_ND_IGNORED;
		neighbour_learn(n, now, e, &nd->lladdr, nd->solicited);
		return SPT_V_ND_ADVERT;
	}
	same = !nd->has_lladdr || rte_is_same_ether_addr(&nd->lladdr, neighbour_lladdr(e));
	if (!same && !nd->override) {
		/* Another address, not to be believed, but doubt is cast: probe when next used. */
		if (e->state != NEIGHBOUR_REACHABLE)
			return SPT_V_ND_IGNORED;
		neighbour_set(n, e, NEIGHBOUR_STALE, 0);
		return SPT_V_ND_ADVERT;
	}
	if (same && !nd->solicited)
		return SPT_V_ND_IGNORED;
	neighbour_learn(n, now, e, same ? neighbour_lladdr(e) : &nd->lladdr, nd->solicited);
	return SPT_V_ND_ADVERT;
}

enum spt_verdict
net_nd_input(struct net *n, spt_time now, struct frame *f, struct txlist *out)
{
	struct wire_nd nd;
	enum spt_verdict v = wire_parse_nd(f, &nd);

	if (v != SPT_V_CONTINUE)
		return v;
	switch (nd.type) {
	case ND_SOLICITATION: return solicitation_input(n, now, f, &nd, out);
	case ND_ADVERTISEMENT: return advertisement_input(n, now, f, &nd);
	default: return SPT_V_ND_IGNORED;
	}
}

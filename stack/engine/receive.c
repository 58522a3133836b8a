/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive stages: each works on the whole burst and prefetches for the next, so that an
 * access to memory costs its latency once a burst and not once a packet.
 */
#include "../base/addr.h"
#include "engine.h"

#define PREFETCH_AHEAD 4

static inline void
engine_count(struct spt_engine *e, enum spt_verdict v)
{
	e->stats.verdict[v]++;
}

/* An ICMP error, to the connection whose packet it quotes. */
static enum spt_verdict
engine_icmp_error(struct spt_engine *e, const struct net_error *error)
{
	int laddr = local_find(&e->tcp.local, &error->quote.src);
	struct flow_key key = {
	    .raddr = error->quote.dst,
	    .rport = error->quote.dport,
	    .lport = error->quote.sport,
	    .laddr = (uint16_t)laddr,
	};

	if (laddr == LOCAL_NONE ||
	    !tcp_icmp_error(&e->tcp, &key, error->quote.seq, error->error, error->hard, error->mtu))
		return SPT_V_ICMP_ERROR_STRAY;
	return SPT_V_ICMP_ERROR;
}

static enum spt_verdict
engine_net_input(struct spt_engine *e, struct frame *f)
{
	struct net_error error;
	enum spt_verdict v = net_input(&e->net, e->now, f, &e->out, &error);

	return v == SPT_V_ICMP_ERROR ? engine_icmp_error(e, &error) : v;
}

/* RFC 9293 3.9.2.3: not to a group (MUST-57), no SYN from what is no host (MUST-63). */
static enum spt_verdict
engine_addresses(struct spt_engine *e, const struct frame *f, struct seg *s)
{
	const struct local_table *local = &e->tcp.local;
	int laddr = local_find(local, &f->dst);

	if (unlikely(laddr == LOCAL_NONE || f->group_mac)) {
		if (f->group_dst || f->group_mac || local_is_broadcast(local, &f->dst))
			return SPT_V_IP_GROUP;
		return SPT_V_IP_NOT_LOCAL;
	}
	if (unlikely(s->flags & TCP_SYN) && f->family == 4 && local_is_broadcast(local, &f->src))
		return SPT_V_IP4_BAD_SOURCE;
	s->key.laddr = (uint16_t)laddr;
	s->key.pad = 0;
	return SPT_V_CONTINUE;
}

/* One frame: a segment for the next stages (true), or dealt with and counted. */
static inline bool
engine_parse(struct spt_engine *e, struct rte_mbuf *m, struct seg *s)
{
	struct frame f;
	enum spt_verdict v = wire_parse_frame(m, &e->port->mac, &f);

	if (likely(v == SPT_V_CONTINUE)) {
		if (unlikely(f.class != WIRE_TCP)) {
			engine_count(e, engine_net_input(e, &f));
			return false;
		}
		v = wire_parse_tcp(&f, s);
		if (likely(v == SPT_V_CONTINUE))
			v = engine_addresses(e, &f, s);
		if (likely(v == SPT_V_CONTINUE))
			return true;
	}
	engine_count(e, v);
	rte_pktmbuf_free(m);
	return false;
}

/* Stage 1: parse and validate, hash, prefetch buckets. */
static unsigned int
engine_stage_parse(struct spt_engine *e, unsigned int n)
{
	unsigned int n_segs = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct seg *s = &e->segs[n_segs];

		if (i + PREFETCH_AHEAD < n)
			rte_prefetch0(rte_pktmbuf_mtod(e->burst[i + PREFETCH_AHEAD], void *));
		if (!engine_parse(e, e->burst[i], s))
			continue;
		s->hash = flow_hash(&e->tcp.flows, &s->key);
		flow_prefetch_bucket(&e->tcp.flows, s->hash);
		n_segs++;
	}
	return n_segs;
}

void
engine_receive(struct spt_engine *e)
{
	unsigned int n = port_rx(e->port, e->now, e->burst, PORT_BURST);
	uint32_t made[2] = {0};

	if (n == 0)
		return;
	e->stats.rx_frames += n;
	for (unsigned int i = 0; i < RTE_MIN(n, (unsigned int)PREFETCH_AHEAD); i++)
		rte_prefetch0(rte_pktmbuf_mtod(e->burst[i], void *));
	n = engine_stage_parse(e, n);
	/* Stage 2: bring in the lines of the flows. What an earlier segment of this burst changes
	 * is found in stage 3, which looks up with authority. */
	for (unsigned int i = 0; i < n; i++)
		tcp_prefetch(&e->tcp, &e->segs[i], made);
	/* Stage 3: the protocol. */
	for (unsigned int i = 0; i < n; i++)
		engine_count(e, tcp_input(&e->tcp, &e->segs[i]));
}

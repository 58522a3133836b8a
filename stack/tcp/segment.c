/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that we build: headers before a payload, or into the packet that asked
 * for an answer. Checksums are requested from the port, which knows who computes them.
 */
#include <rte_ip.h>

#include "internal.h"

#define TCP_CHECKSUM_OFFSET 16

struct rte_mbuf *
segment_alloc(struct tcp *t)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(t->mbufs);

	if (unlikely(!m)) {
		t->stats->tx_no_mbuf++;
		return NULL;
	}
	/* Headers are prepended, so the headroom has to hold all of them. */
	m->data_off = RTE_PKTMBUF_HEADROOM;
	return m;
}

/* A packet may be written into if nobody else sees its bytes. */
static bool
segment_writable(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1 && m->nb_segs == 1 &&
	       m->buf_len >= RTE_PKTMBUF_HEADROOM;
}

struct rte_mbuf *
segment_reuse(struct tcp *t, struct rte_mbuf *m)
{
	if (unlikely(!segment_writable(m))) {
		rte_pktmbuf_free(m);
		return segment_alloc(t);
	}
	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->data_len = 0;
	m->pkt_len = 0;
	m->ol_flags = 0;
	m->tx_offload = 0;
	t->stats->acks_in_place++;
	return m;
}

void
segment_emit(struct tcp *t, struct rte_mbuf *m, const struct wire_ip *ip, const struct wire_tcp *w,
    uint16_t next_hop)
{
	bool v4 = addr_is_v4(&ip->dst);
	unsigned int l3 = v4 ? WIRE_IP4_LEN : WIRE_IP6_LEN;
	unsigned int l4 = wire_tcp_len(w);
	uint32_t payload = m->pkt_len;
	uint16_t sum;
	uint8_t *p = (uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)(l3 + l4));

	SPT_ASSERT(p && rte_pktmbuf_headroom(m) >= WIRE_ETH_LEN);
	wire_write_ip(p, ip, (uint16_t)(l4 + payload));
	wire_write_tcp(p + l3, w);
	sum = wire_fold(wire_sum_pseudo(&ip->src, &ip->dst, IP_PROTO_TCP, l4 + payload));
	memcpy(p + l3 + TCP_CHECKSUM_OFFSET, &sum, sizeof(sum));
	m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM |
	               (v4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6);
	m->l3_len = l3;
	m->l4_len = l4;
	t->stats->tx_tcp_bytes += payload;
	txlist_append(t->out, m, next_hop);
}

/*
 * The window to advertise, as on the wire, and the new right edge. The edge opens only by steps
 * that are worth it (RFC 9293 3.8.6.2.2, MUST-39), never under memory pressure, and never goes
 * back (SHLD-14): where scaling cannot express what is left of it, it is rounded up.
 */
uint32_t
segment_window(const struct tcp *t, struct conn *c)
{
	unsigned int shift = conn_rcv_shift(c);
	uint32_t edge = c->rcv_nxt + (c->rcv_free > 0 ? (uint32_t)c->rcv_free : 0);
	uint32_t step = RTE_MIN((uint32_t)c->mss, c->rcv_limit / 2);
	uint32_t wire;

	c->flags &= ~CONN_WITHHELD;
	if (seq_lt(edge, c->rcv_adv + step)) {
		edge = c->rcv_adv;
	} else if (unlikely(conn_is_pressed(t, c))) {
		edge = c->rcv_adv;
		c->flags |= CONN_WITHHELD;
	}
	wire = (edge - c->rcv_nxt) >> shift;
	if (seq_lt(c->rcv_nxt + (wire << shift), c->rcv_adv))
		wire++;
	wire = RTE_MIN(wire, UINT16_MAX);
	c->rcv_adv = seq_max(c->rcv_adv, c->rcv_nxt + (wire << shift));
	return wire;
}

static void
segment_conn_headers(struct tcp *t, struct conn *c, uint32_t seq, unsigned int flags,
    struct wire_ip *ip, struct wire_tcp *w)
{
	*ip = (struct wire_ip){
	    .src = local_at(&t->local, c->key.laddr),
	    .dst = c->key.raddr,
	    .protocol = IP_PROTO_TCP,
	    .ttl = (uint8_t)c->node.owner,
	    .tos = (uint8_t)(c->node.owner >> 8),
	};
	*w = (struct wire_tcp){
	    .sport = c->key.lport,
	    .dport = c->key.rport,
	    .seq = seq,
	    .ack = c->rcv_nxt,
	    .flags = (uint8_t)(flags | TCP_ACK),
	};
	/* Retransmissions, probes and bare ACKs are not marked (RFC 3168 6.1.4 to 6.1.6). */
	if ((flags & SEGMENT_NEW) && (c->features & (FEATURE_ECN | FEATURE_NO_ECT)) == FEATURE_ECN)
		ip->tos |= ECN_ECT0;
	w->wnd = (uint16_t)segment_window(t, c);
	if (c->flags & CONN_TIMESTAMPS) {
		w->options = SEG_HAS_TIMESTAMP;
		w->tsval = conn_tsval(t, c);
		w->tsecr = c->ts_recent;
	}
	if (unlikely(c->features & FEATURE_ECE) && !(flags & TCP_RST))
		w->flags |= TCP_ECE;
	/* With a RST the text is given up that the pointer is about. */
	if ((c->flags & CONN_URG_SEND) && seq_gt(c->snd_up, seq) && !(flags & TCP_RST)) {
		w->flags |= TCP_URG;
		w->up = (uint16_t)RTE_MIN(c->snd_up - seq, UINT16_MAX);
	}
}

/*
 * ECE and CWR on a SYN ask for ECN, ECE on a SYN-ACK agrees to it; a SYN that is sent again asks no
 * more (RFC 3168 6.1.1, 6.1.1.1).
 */
static uint8_t
segment_syn_flags(const struct conn *c)
{
	bool ecn = c->features & FEATURE_ECN;

	if (c->state == SPT_SYN_RECEIVED)
		return TCP_SYN | TCP_ACK | (ecn ? TCP_ECE : 0);
	return TCP_SYN | (ecn && !(c->features & FEATURE_NO_ECT) ? ECN_SETUP_SYN : 0);
}

/*
 * <SEQ=ISS><CTL=SYN>, or <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> of a simultaneous open, with what we
 * offer or what both agreed on.
 */
void
segment_send_syn(struct tcp *t, struct conn *c, struct seg *s)
{
	bool syn_ack = c->state == SPT_SYN_RECEIVED;
	struct rte_mbuf *m = s ? segment_reuse(t, s->m) : segment_alloc(t);
	/*
	 * Never less than was offered before (SHLD-14), though an ACK in SYN-RECEIVED may have told
	 * more than a SYN can, which is not scaled (RFC 7323 2.2).
	 */
	uint32_t wnd = RTE_MAX(conn_rcv_wnd(c), RTE_MIN(c->rcv_limit, (uint32_t)UINT16_MAX));
	struct wire_ip ip;
	struct wire_tcp w;

	c->rcv_adv = c->rcv_nxt + wnd;
	if (s)
		s->m = NULL;
	if (!m)
		return;
	ip = (struct wire_ip){
	    .src = local_at(&t->local, c->key.laddr),
	    .dst = c->key.raddr,
	    .protocol = IP_PROTO_TCP,
	    .ttl = (uint8_t)c->node.owner,
	    .tos = (uint8_t)(c->node.owner >> 8),
	};
	w = (struct wire_tcp){
	    .sport = c->key.lport,
	    .dport = c->key.rport,
	    .seq = c->iss,
	    .ack = syn_ack ? c->rcv_nxt : 0,
	    .wnd = (uint16_t)RTE_MIN(wnd, (uint32_t)UINT16_MAX),
	    .flags = segment_syn_flags(c),
	    .options = SEG_HAS_MSS,
	    .mss = option_mss_announced(t, conn_options(t, c), addr_is_v4(&c->key.raddr)),
	};
	if (c->marks & MARK_SCALING) {
		w.options |= SEG_HAS_WSCALE;
		w.wscale = conn_rcv_shift(c);
	}
	if (c->flags & CONN_TIMESTAMPS) {
		w.options |= SEG_HAS_TIMESTAMP;
		w.tsval = conn_tsval(t, c);
		w.tsecr = c->ts_recent;
	}
	if (c->features & FEATURE_SACK)
		w.options |= SEG_HAS_SACK_PERM;
	segment_emit(t, m, &ip, &w, c->next_hop);
}

/*
 * Whatever was owed to the peer has been told by the segment just built; but for a window that was
 * withheld: it is owed until memory is there.
 */
static void
segment_acknowledged(struct tcp *t, struct conn *c)
{
	c->last_ack_sent = c->rcv_nxt;
	if (unlikely(c->flags & CONN_WITHHELD) && conn_receives(c)) {
		c->flags = (c->flags & ~CONN_ACK_NOW) | CONN_ACK_OWED;
		conn_want_output(t, c);
		return;
	}
	c->flags &= ~(CONN_ACK_OWED | CONN_ACK_NOW);
	conn_timer_clear(c, TIMER_DELACK);
}

/*
 * SACK blocks, where there is something to tell: as many as the payload leaves room for, since a
 * segment that is sent again may be a full one. The MSS counts timestamps already.
 */
static unsigned int
segment_sack(const struct tcp *t, const struct conn *c, uint32_t payload,
    struct wire_sack_block blocks[4], struct wire_tcp *w)
{
	unsigned int n = sack_blocks(t, c, blocks);
	uint32_t room = payload < c->mss ? c->mss - payload : 0;

	while (n > 0 && WIRE_SACK_LEN(n) > room)
		n--;
	if (n == 0)
		return 0;
	w->options |= SEG_HAS_SACK;
	w->sack_blocks = (uint8_t)n;
	w->sack = blocks;
	return n;
}

/* 'payload' is of the segment, or of each that the device makes of it. */
static __rte_always_inline void
segment_send_each(struct tcp *t, struct conn *c, struct rte_mbuf *m, uint32_t seq,
    unsigned int flags, uint32_t payload)
{
	struct wire_sack_block blocks[4];
	struct wire_ip ip;
	struct wire_tcp w;
	unsigned int told = 0;

	segment_conn_headers(t, c, seq, flags, &ip, &w);
	if (unlikely(c->xfer != POOL_NONE) && !(flags & TCP_RST))
		told = segment_sack(t, c, payload, blocks, &w);
	segment_emit(t, m, &ip, &w, c->next_hop);
	segment_acknowledged(t, c);
	if (unlikely(told > 0))
		sack_told(t, c);
}

void
segment_send(struct tcp *t, struct conn *c, struct rte_mbuf *m, uint32_t seq, unsigned int flags)
{
	segment_send_each(t, c, m, seq, flags, m->pkt_len);
}

void
segment_send_large(struct tcp *t, struct conn *c, struct rte_mbuf *m, uint32_t seq,
    unsigned int flags, uint32_t mss)
{
	uint16_t length, sum;
	uint8_t *at;

	t->stats->large_sends++;
	t->stats->tx_frames += m->pkt_len / mss - 1; /* and one by the transmit stage */
	segment_send_each(t, c, m, seq, flags, mss);
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
	m->tso_segsz = (uint16_t)mss;
	/* Each segment has a length of its own, which the device adds: that of all is taken off. */
	at = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l3_len + TCP_CHECKSUM_OFFSET);
	length = rte_cpu_to_be_16((uint16_t)(m->pkt_len - m->l3_len));
	memcpy(&sum, at, sizeof(sum));
	sum = wire_fold((uint32_t)sum + (uint16_t)~length);
	memcpy(at, &sum, sizeof(sum));
}

bool
segment_send_bare(struct tcp *t, struct conn *c, struct seg *s, uint32_t seq, uint8_t flags)
{
	struct rte_mbuf *m;

	if (s && s->m) {
		m = segment_reuse(t, s->m);
		s->m = NULL;
	} else {
		m = segment_alloc(t);
	}
	if (!m)
		return false;
	segment_send(t, c, m, seq, flags);
	return true;
}

/*
 * <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> with the options that the SYN made possible
 * (RFC 7323 2.2, 3.2; SHLD-5; RFC 2018 2; RFC 3168 6.1.1).
 */
void
segment_send_syn_ack(struct tcp *t, const struct half_open *h, struct seg *s, uint32_t tsval)
{
	const struct tcp_listener *l = &t->listener[h->listener];
	const struct option_block *o = option_at(t, l->options);
	struct rte_mbuf *m;
	struct wire_ip ip;
	struct wire_tcp w;

	if (s) {
		m = segment_reuse(t, s->m);
		s->m = NULL;
	} else {
		m = segment_alloc(t);
	}
	if (!m)
		return;
	ip = (struct wire_ip){
	    .src = local_at(&t->local, h->key.laddr),
	    .dst = h->key.raddr,
	    .protocol = IP_PROTO_TCP,
	    .ttl = o->set.ttl,
	    .tos = (uint8_t)(o->set.dscp << 2),
	};
	w = (struct wire_tcp){
	    .sport = h->key.lport,
	    .dport = h->key.rport,
	    .seq = h->iss,
	    .ack = h->irs + 1,
	    .wnd = (uint16_t)half_open_initial_window(t, h),
	    .flags = TCP_SYN | TCP_ACK | (h->flags & RECORD_ECN ? TCP_ECE : 0),
	    .options = SEG_HAS_MSS,
	    .mss = option_mss_announced(t, o, addr_is_v4(&h->key.raddr)),
	};
	if (h->flags & RECORD_SCALING) {
		w.options |= SEG_HAS_WSCALE;
		w.wscale = h->scales >> 4;
	}
	if (h->flags & RECORD_TIMESTAMPS) {
		w.options |= SEG_HAS_TIMESTAMP;
		w.tsval = tsval;
		w.tsecr = h->ts_recent;
	}
	if (h->flags & RECORD_SACK)
		w.options |= SEG_HAS_SACK_PERM;
	segment_emit(t, m, &ip, &w, h->next_hop);
}

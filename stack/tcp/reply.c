/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The answers that RFC 9293 3.10.7 prescribes for what is not acceptable: RST where there is no
 * connection, ACK where there is one. All of them are rate-limited (RFC 5961 7), so that two
 * ends out of step stop talking and a flood draws no flood.
 */
#include "internal.h"

/* To a segment without a connection, RFC 9293 3.10.7.1. Never to a RST. */
enum spt_verdict
reply_reset(struct tcp *t, struct seg *s, enum spt_verdict v)
{
	struct rte_mbuf *m;
	struct wire_ip ip;
	struct wire_tcp w;

	SPT_ASSERT(!(s->flags & TCP_RST));
	if (!ratelimit_take(&t->rst_limit, t->now))
		return seg_discard(s, SPT_V_TCP_RST_LIMITED);
	m = segment_reuse(t, s->m);
	s->m = NULL;
	if (!m)
		return v;
	ip = (struct wire_ip){
	    .src = local_at(&t->local, s->key.laddr),
	    .dst = s->key.raddr,
	    .protocol = IP_PROTO_TCP,
	    .ttl = 64,
	};
	w = (struct wire_tcp){.sport = s->key.lport, .dport = s->key.rport, .flags = TCP_RST};
	if (s->flags & TCP_ACK) {
		w.seq = s->ack;
	} else {
		w.ack = s->seq + seg_len(s);
		w.flags |= TCP_ACK;
	}
	t->stats->resets_sent++;
	segment_emit(t, m, &ip, &w, NEXT_HOP_NONE);
	return v;
}

/* SEG.SEQ of an answer: in SYN-RECEIVED SND.NXT, for our SYN needs no window. */
static uint32_t
reply_seq(const struct conn *c)
{
	return conn_is_synchronized(c) ? conn_ack_seq(c) : c->snd_nxt;
}

/*
 * Of a bare ACK that is not acceptable the peer needs no answer, unless it is a probe, which comes
 * from RCV.NXT - 1 with numbers that can be. It is what two ends out of step say to each other, so
 * it costs more tokens than they have come back in a round trip, even of two seconds.
 */
#define BARE_ACK_COST 4
/* Tokens that strangers, who know addresses and ports alone, leave to the peer. */
#define STRANGERS_LEAVE 1

/* Text or FIN that was sent again, or probes a closed window: from a window before RCV.NXT on. */
static bool
reply_is_to_peer(const struct conn *c, const struct seg *s)
{
	return !(s->flags & (TCP_SYN | TCP_RST)) && conn_ack_can_be(c, s->ack) &&
	       c->rcv_nxt - s->seq <= (uint32_t)UINT16_MAX << conn_rcv_shift(c);
}

static bool
reply_allowed(const struct tcp *t, struct conn *c, const struct seg *s)
{
	bool bare = s->len == 0 && !(s->flags & (TCP_SYN | TCP_FIN | TCP_RST));
	bool probe = s->seq == c->rcv_nxt - 1 && seq_leq(s->ack, c->snd_nxt);

	if (bare && !probe)
		return ratelimit16_take_cost(&c->key.pad, t->now, BARE_ACK_COST, BARE_ACK_COST - 1);
	return ratelimit16_take_cost(
	    &c->key.pad, t->now, 1, reply_is_to_peer(c, s) ? 0 : STRANGERS_LEAVE);
}

enum spt_verdict
reply_ack_limited(struct tcp *t, struct conn *c, struct seg *s, enum spt_verdict v)
{
	if (!reply_allowed(t, c, s)) {
		t->stats->acks_limited++;
		return seg_discard(s, v);
	}
	segment_send_bare(t, c, s, reply_seq(c), 0);
	return v;
}

/* The same from a compact record; the limiter was asked by the caller. */
void
reply_ack_record(struct tcp *t, struct seg *s, uint32_t seq, uint32_t ack, uint16_t wnd,
    bool timestamps, uint32_t tsval, uint32_t ts_recent, uint16_t next_hop)
{
	struct rte_mbuf *m = segment_reuse(t, s->m);
	struct wire_ip ip;
	struct wire_tcp w;

	s->m = NULL;
	if (!m)
		return;
	ip = (struct wire_ip){
	    .src = local_at(&t->local, s->key.laddr),
	    .dst = s->key.raddr,
	    .protocol = IP_PROTO_TCP,
	    .ttl = 64,
	};
	w = (struct wire_tcp){
	    .sport = s->key.lport,
	    .dport = s->key.rport,
	    .seq = seq,
	    .ack = ack,
	    .wnd = wnd,
	    .flags = TCP_ACK,
	};
	if (timestamps) {
		w.options = SEG_HAS_TIMESTAMP;
		w.tsval = tsval;
		w.tsecr = ts_recent;
	}
	segment_emit(t, m, &ip, &w, next_hop);
}

/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=RST,ACK>: the connection is given up (RFC 9293 3.10.5). */
void
reset_send(struct tcp *t, struct conn *c)
{
	t->stats->resets_sent++;
	segment_send_bare(t, c, NULL, reply_seq(c), TCP_RST);
}

/* The same for a record whose listener went away: <SEQ=ISS+1><ACK=IRS+1><CTL=RST,ACK>. */
void
reset_send_record(struct tcp *t, const struct half_open *h)
{
	struct rte_mbuf *m = segment_alloc(t);
	struct wire_ip ip;
	struct wire_tcp w;

	if (!m)
		return;
	ip = (struct wire_ip){
	    .src = local_at(&t->local, h->key.laddr),
	    .dst = h->key.raddr,
	    .protocol = IP_PROTO_TCP,
	    .ttl = 64,
	};
	w = (struct wire_tcp){
	    .sport = h->key.lport,
	    .dport = h->key.rport,
	    .seq = h->iss + 1,
	    .ack = h->irs + 1,
	    .flags = TCP_RST | TCP_ACK,
	};
	t->stats->resets_sent++;
	segment_emit(t, m, &ip, &w, h->next_hop);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segment arrives, RFC 9293 3.10.7: who it is for, and for a full connection the
 * steps of 3.10.7.4 in their order. A step returns SPT_V_CONTINUE, or the verdict when
 * it has dealt with the segment.
 */
#include "internal.h"

/* TS.Recent older than 24 days says nothing any more (RFC 7323 5.5): units of 19.5 hours. */
#define TS_RECENT_EPOCHS 30

static inline bool
ts_recent_valid(const struct tcp *t, const struct conn *c)
{
	return (uint8_t)(t->now_epoch - c->rcv_epoch) < TS_RECENT_EPOCHS;
}

/*
 * RFC 7323 4.3 (2) and (3): the timestamp of the segment that Last.ACK.sent was waiting for. Where
 * TS.Recent is not valid, of any: it is about to become so again (5.5).
 */
static inline void
ts_recent_update(const struct tcp *t, struct conn *c, const struct seg *s)
{
	if (!(s->options & SEG_HAS_TIMESTAMP))
		return;
	if (unlikely(!ts_recent_valid(t, c)) ||
	    (seq_leq(s->seq, c->last_ack_sent) && seq_geq(s->tsval, c->ts_recent)))
		c->ts_recent = s->tsval;
}

/*
 * What is remembered of an acceptable segment. Nothing, if later steps discard it for its ACK, or
 * as a SYN (RFC 5961 5.2, 4.2): by its timestamp a stranger who guesses a number in the window
 * would stop the peer, with one segment.
 */
static inline void
conn_remember(const struct tcp *t, struct conn *c, const struct seg *s)
{
	if (unlikely((s->flags & (TCP_SYN | TCP_ACK)) != TCP_ACK || !conn_ack_can_be(c, s->ack)))
		return;
	ts_recent_update(t, c, s);
	c->last_rcv = t->now_half;
	c->rcv_epoch = t->now_epoch;
}

/* RFC 7323 5: protection against wrapped sequence numbers. */
static enum spt_verdict
check_timestamps(struct tcp *t, struct conn *c, struct seg *s)
{
	if (s->flags & TCP_RST)
		return SPT_V_CONTINUE;
	if (unlikely(!(s->options & SEG_HAS_TIMESTAMP))) {
		/* A SYN agreed to nothing yet: it is challenged as any other (RFC 5961 4.2). */
		if (s->flags & TCP_SYN)
			return SPT_V_CONTINUE;
		return seg_discard(s, SPT_V_TCP_NO_TIMESTAMP);
	}
	if (unlikely(seq_lt(s->tsval, c->ts_recent)) && ts_recent_valid(t, c)) {
		/* The original, overtaken by its retransmission: the peer wants to know of it. */
		sack_unacceptable(t, c, s);
		return reply_ack_limited(t, c, s, SPT_V_TCP_PAWS);
	}
	return SPT_V_CONTINUE;
}

/*
 * The acceptability test of RFC 9293 3.4, but for bare ACKs, which may come from the very edge, and
 * for RST, of which the sequence number itself must lie in the window (RFC 5961 3.2).
 */
static inline bool
seq_acceptable(const struct conn *c, const struct seg *s, uint32_t len)
{
	uint32_t wnd = conn_rcv_wnd(c);
	uint32_t start = s->seq - c->rcv_nxt;

	if (likely(start == 0))
		return len == 0 || wnd > 0;
	if (len == 0)
		return start < wnd ||
		       (start == wnd && (s->flags & (TCP_ACK | TCP_SYN | TCP_RST)) == TCP_ACK);
	return start < wnd || (start + len - 1 < wnd && !(s->flags & TCP_RST));
}

/* Not acceptable: an ACK, unless RST; keep-alives and window probes are told apart. */
static enum spt_verdict
refuse_sequence(struct tcp *t, struct conn *c, struct seg *s, uint32_t len)
{
	if (s->flags & TCP_RST)
		return seg_discard(s, SPT_V_TCP_RST_IGNORED);
	if (s->flags & TCP_SYN)
		return reply_ack_limited(t, c, s, SPT_V_TCP_SYN_CHALLENGED);
	sack_unacceptable(t, c, s);
	if (s->seq == c->rcv_nxt - 1 && len <= 1 && !(s->flags & TCP_FIN))
		return reply_ack_limited(t, c, s, SPT_V_TCP_WINDOW_PROBE);
	return reply_ack_limited(t, c, s, SPT_V_TCP_OUT_OF_WINDOW);
}

/* first: sequence number. With a closed window ACK, RST and URG still count (MUST-66). */
enum spt_verdict
conn_check_sequence(struct tcp *t, struct conn *c, struct seg *s)
{
	uint32_t len = seg_len(s);

	if (c->flags & CONN_TIMESTAMPS) {
		enum spt_verdict v = check_timestamps(t, c, s);

		if (unlikely(v != SPT_V_CONTINUE))
			return v;
	}
	if (unlikely(!seq_acceptable(c, s, len))) {
		if (s->seq != c->rcv_nxt ||
		    (!(s->flags & TCP_RST) && (s->flags & (TCP_SYN | TCP_ACK)) != TCP_ACK))
			return refuse_sequence(t, c, s, len);
		/* Text and FIN do not fit; receive_text or receive_fin answers. */
		if (s->len > 0)
			s->flags &= ~TCP_FIN;
	}
	conn_remember(t, c, s);
	return SPT_V_CONTINUE;
}

/* second: RST, believed only at RCV.NXT (RFC 5961 3.2). */
static enum spt_verdict
check_reset(struct tcp *t, struct conn *c, struct seg *s)
{
	bool orderly = conn_said_all(c);

	if (s->seq != c->rcv_nxt)
		return reply_ack_limited(t, c, s, SPT_V_TCP_RST_CHALLENGED);
	t->stats->closed_reset_by_peer++;
	/* In CLOSING and LAST-ACK nobody waits for more, unless data of ours is lost. */
	conn_finish(t, c, orderly && c->snd_nxt - c->snd_una <= 1 ? 0 : -ECONNRESET);
	return seg_discard(s, SPT_V_TCP_RST);
}

/* sixth to eighth: URG, text, FIN. */
enum spt_verdict
conn_input_text(struct tcp *t, struct conn *c, struct seg *s)
{
	enum spt_verdict v = SPT_V_TCP_ACK;

	if (unlikely(s->flags & TCP_URG))
		receive_urgent(t, c, s);
	if (s->len > 0) {
		v = receive_text(t, c, s);
		if (unlikely(!conn_is_open(c)))
			return seg_discard(s, v);
	}
	if (s->flags & TCP_FIN)
		v = receive_fin(t, c, s);
	return s->m ? seg_discard(s, v) : v;
}

/* fifth to eighth: ACK, then the rest. */
enum spt_verdict
conn_input_from_ack(struct tcp *t, struct conn *c, struct seg *s)
{
	enum spt_verdict v = acknowledge_input(t, c, s);

	return unlikely(v != SPT_V_CONTINUE) ? v : conn_input_text(t, c, s);
}

enum spt_verdict
conn_input(struct tcp *t, struct conn *c, struct seg *s)
{
	enum spt_verdict v;

	if (unlikely(!conn_is_synchronized(c)))
		return c->state == SPT_SYN_SENT ? syn_sent_input(t, c, s)
		                                : syn_received_input(t, c, s);
	v = conn_check_sequence(t, c, s);
	if (unlikely(v != SPT_V_CONTINUE))
		return v;
	if (unlikely(s->flags & TCP_RST))
		return check_reset(t, c, s);
	/* third: security and compartment of IPv4 options are not used here (RFC 9293 A.1) */
	/* fourth: a SYN in the window is challenged (RFC 5961 4.2) */
	if (unlikely(s->flags & TCP_SYN))
		return reply_ack_limited(t, c, s, SPT_V_TCP_SYN_CHALLENGED);
	return conn_input_from_ack(t, c, s);
}

/*
 * What was several segments is taken as one where each of them would be in order, in the window,
 * and acknowledged with the last. Elsewhere each has an answer of its own: RFC 5681 4.2, RFC
 * 2883 4.
 */
static bool
input_as_one(struct tcp *t, flow_ref ref, const struct seg *s)
{
	const struct conn *c;
	const struct xfer *x;

	if (ref == FLOW_NONE || flow_ref_kind(ref) != FLOW_CONN)
		return false;
	c = conn_at(t, flow_ref_index(ref));
	x = conn_xfer(t, c);
	return conn_is_synchronized(c) && s->seq == c->rcv_nxt &&
	       seq_leq(s->seq + s->len, c->rcv_adv) && !(x && (x->ooo || x->fin_waits));
}

/* One after another, as they came: the headers of each still lie before its text. */
static __rte_noinline enum spt_verdict
input_apart(struct tcp *t, struct seg *s)
{
	struct rte_mbuf *m = s->m, *next;
	struct seg one = *s;
	enum spt_verdict v;

	m->ol_flags &= ~t->merged;
	for (bool first = true;; first = false) {
		next = m->next;
		m->next = NULL;
		m->nb_segs = 1;
		if (!first) {
			m->data_off -= s->payload_off;
			m->data_len += s->payload_off;
		}
		m->pkt_len = m->data_len;
		one.m = m;
		one.len = m->pkt_len - s->payload_off;
		s->seq += one.len;
		v = tcp_input(t, &one);
		if (!next)
			return v;
		m = next;
		one = *s;
	}
}

enum spt_verdict
tcp_input(struct tcp *t, struct seg *s)
{
	flow_ref ref = flow_lookup(&t->flows, &s->key, s->hash);

	if (unlikely(seg_is_merged(t, s->m)) && !input_as_one(t, ref, s))
		return input_apart(t, s);
	if (ref == FLOW_NONE)
		return listen_input(t, s);
	switch (flow_ref_kind(ref)) {
	case FLOW_CONN:
		t->input = conn_at(t, flow_ref_index(ref));
		t->input_hash = s->hash;
		return conn_input(t, conn_at(t, flow_ref_index(ref)), s);
	case FLOW_HALF_OPEN: return half_open_input(t, half_open_at(t, flow_ref_index(ref)), s);
	case FLOW_TIME_WAIT: return time_wait_input(t, time_wait_at(t, flow_ref_index(ref)), s);
	case FLOW_KINDS: break;
	}
	SPT_ASSERT(!"reference of no kind");
	t->stats->errors++;
	return seg_discard(s, SPT_V_INTERNAL_ERROR);
}

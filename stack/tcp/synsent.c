/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments for a connection that opens actively: SYN-SENT (RFC 9293 3.10.7.3), and SYN-RECEIVED as
 * a full connection, which only a simultaneous open leads to (3.10.7.4 with its exceptions).
 */
#include "internal.h"

/*
 * Whether the peer's SYN, or SYN-ACK, lets us use ECN, for which our SYN asked (RFC 3168 6.1.1).
 * A SYN of ours that did not ask forbids to set ECT, not to echo what the peer may set; unless its
 * SYN crossed ours: then our SYN-ACK can still say no.
 */
static void
syn_negotiate_ecn(struct conn *c, const struct seg *s)
{
	uint8_t setup = s->flags & ECN_SETUP_SYN;
	bool agreed = s->flags & TCP_ACK
	                  ? setup == TCP_ECE
	                  : setup == ECN_SETUP_SYN && !(c->features & FEATURE_NO_ECT);

	if (!agreed)
		c->features &= ~FEATURE_ECN;
}

/* What the peer's SYN tells: sequence, window, options (RFC 7323 1.3, 2.2, 3.2; MUST-15). */
static void
syn_negotiate(struct tcp *t, struct conn *c, const struct seg *s)
{
	uint32_t offered = conn_rcv_wnd(c); /* by our SYN */

	c->irs = s->seq;
	c->rcv_nxt = s->seq + 1;
	c->rcv_adv = c->rcv_nxt + offered;
	c->last_ack_sent = c->rcv_nxt;
	c->snd_wnd = s->wnd; /* of a SYN: never scaled */
	c->snd_wl1 = s->seq;
	c->last_rcv = t->now_half;
	c->rcv_epoch = t->now_epoch;
	if (!(s->options & SEG_HAS_TIMESTAMP))
		c->flags &= ~CONN_TIMESTAMPS;
	else if (c->flags & CONN_TIMESTAMPS)
		c->ts_recent = s->tsval;
	if ((c->marks & MARK_SCALING) && (s->options & SEG_HAS_WSCALE)) {
		c->scales |= (uint8_t)RTE_MIN(s->wscale, 14);
	} else {
		c->marks &= ~MARK_SCALING;
		c->scales = 0;
	}
	if (!(s->options & SEG_HAS_SACK_PERM))
		c->features &= ~FEATURE_SACK;
	syn_negotiate_ecn(c, s);
	if (s->options & SEG_HAS_MSS)
		c->mss_peer = s->mss;
	c->mss = 0; /* anew, from what was agreed */
	option_apply(t, c);
}

/* Our SYN is acknowledged: the connection is open, and knows its first round-trip time. */
static void
syn_acknowledged(struct tcp *t, struct conn *c, uint32_t wnd)
{
	uint32_t sent_us = c->rttvar;

	c->state = c->flags & CONN_FIN_QUEUED ? SPT_FIN_WAIT_1 : SPT_ESTABLISHED;
	c->snd_una = c->iss + 1;
	c->snd_wnd = wnd;
	c->snd_wnd_max = wnd;
	c->unacked_since = t->now_half;
	c->rttvar = 0;
	conn_timer_clear(c, TIMER_RTX);
	congestion_init(c);
	if (c->marks & MARK_RTO_SYN)
		c->cwnd = c->mss; /* RFC 5681 3.1; and no sample (Karn) */
	else
		retransmit_rtt_sample(t, c, t->now_us - sent_us);
	c->retries = 0;
	c->backoff = 0;
	c->marks &= ~(MARK_R1 | MARK_SYN);
	t->stats->opened_active++;
	if (!(c->flags & CONN_APP_CLOSED))
		event_raise(t, c, SPT_CONNECTED);
	if (c->flags & CONN_WANT_SPACE)
		acknowledge_space(t, c);
	idle_arm(t, c);
	conn_want_output(t, c);
}

/* The SYN is dealt with. What the urgent pointer counts from moves with SEG.SEQ. */
static void
syn_strip(struct seg *s)
{
	s->flags &= ~TCP_SYN;
	s->seq++;
	s->up -= s->up > 0;
}

/* fourth: SYN. With an acceptable ACK the connection is open, else both ends opened at once. */
static enum spt_verdict
syn_sent_syn(struct tcp *t, struct conn *c, struct seg *s)
{
	syn_negotiate(t, c, s);
	if (s->flags & TCP_ACK) {
		/* The third ACK goes with the next output: a request, or FIN, may ride on it. */
		c->flags |= CONN_ACK_OWED | CONN_ACK_NOW;
		syn_acknowledged(t, c, s->wnd);
		syn_strip(s);
		conn_input_text(t, c, s);
		return SPT_V_TCP_CONNECTED;
	}
	c->state = SPT_SYN_RECEIVED;
	if (c->marks & MARK_SYN)
		c->rttvar =
		    t->now_us; /* the SYN waits in the output list still: this is the first */
	c->marks &= ~MARK_SYN;
	/* Text or FIN of this SYN is not taken: IRS + 1 is acknowledged, the peer repeats it. */
	segment_send_syn(t, c, s);
	if (!(c->timers & TIMER_RTX))
		retransmit_arm(t, c);
	return s->m ? seg_discard(s, SPT_V_TCP_SIMULTANEOUS) : SPT_V_TCP_SIMULTANEOUS;
}

/* RFC 9293 3.10.7.3 in its order. */
enum spt_verdict
syn_sent_input(struct tcp *t, struct conn *c, struct seg *s)
{
	/* first: ACK. SND.NXT is ISS + 1: nothing but our SYN was sent. */
	if ((s->flags & TCP_ACK) && s->ack != c->iss + 1) {
		if (s->flags & TCP_RST)
			return seg_discard(s, SPT_V_TCP_SYN_SENT_IGNORED);
		return reply_reset(t, s, SPT_V_TCP_SYN_SENT_BAD_ACK);
	}
	/* second: RST, believed with an acceptable ACK only */
	if (s->flags & TCP_RST) {
		if (!(s->flags & TCP_ACK))
			return seg_discard(s, SPT_V_TCP_SYN_SENT_IGNORED);
		t->stats->connects_refused++;
		conn_finish(t, c, -ECONNREFUSED);
		return seg_discard(s, SPT_V_TCP_REFUSED);
	}
	/* fifth: neither SYN nor RST */
	if (!(s->flags & TCP_SYN))
		return seg_discard(s, SPT_V_TCP_SYN_SENT_IGNORED);
	return syn_sent_syn(t, c, s);
}

/* The peer's SYN again, without an ACK: it has not seen our SYN-ACK. */
static enum spt_verdict
syn_received_again(struct tcp *t, struct conn *c, struct seg *s)
{
	if (!ratelimit16_take(&c->key.pad, t->now))
		return seg_discard(s, SPT_V_TCP_SYN_LIMITED);
	t->stats->segments_retransmitted++;
	c->marks |= MARK_RTO_SYN;
	syn_negotiate_ecn(c, s);
	segment_send_syn(t, c, s);
	return SPT_V_TCP_SYN_REPEATED;
}

/* RFC 9293 3.10.7.4, SYN-RECEIVED after an active open. */
enum spt_verdict
syn_received_input(struct tcp *t, struct conn *c, struct seg *s)
{
	bool syn_ack = false;
	enum spt_verdict v;

	/*
	 * RFC 9293 figure 7: the peer's SYN-ACK repeats its SYN, which lies before the window. What
	 * it acknowledges counts; its window is not scaled.
	 */
	if ((s->flags & (TCP_SYN | TCP_RST)) == TCP_SYN && s->seq == c->irs &&
	    ((s->flags & TCP_ACK) || !(c->flags & CONN_TIMESTAMPS) ||
	        (s->options & SEG_HAS_TIMESTAMP))) {
		if (!(s->flags & TCP_ACK))
			return syn_received_again(t, c, s);
		syn_negotiate_ecn(c, s);
		syn_strip(s);
		syn_ack = true;
	}
	/* first: sequence number */
	v = conn_check_sequence(t, c, s);
	if (v != SPT_V_CONTINUE)
		return v;
	/* second: RST. The open was active: it is refused. Only at RCV.NXT (RFC 5961 3.2) */
	if (s->flags & TCP_RST) {
		if (s->seq != c->rcv_nxt)
			return reply_ack_limited(t, c, s, SPT_V_TCP_RST_CHALLENGED);
		t->stats->connects_refused++;
		conn_finish(t, c, -ECONNREFUSED);
		return seg_discard(s, SPT_V_TCP_REFUSED);
	}
	/* fourth: another SYN in the window (RFC 5961 4.2) */
	if (s->flags & TCP_SYN)
		return reply_ack_limited(t, c, s, SPT_V_TCP_SYN_CHALLENGED);
	/* fifth: ACK */
	if (!(s->flags & TCP_ACK))
		return seg_discard(s, SPT_V_TCP_NO_ACK);
	if (s->ack != c->iss + 1)
		return reply_reset(t, s, SPT_V_TCP_HANDSHAKE_BAD_ACK);
	c->snd_wl1 = s->seq;
	if (syn_ack)
		c->flags |= CONN_ACK_OWED | CONN_ACK_NOW;
	syn_acknowledged(t, c, (uint32_t)s->wnd << (syn_ack ? 0 : conn_snd_shift(c)));
	conn_input_text(t, c, s);
	return SPT_V_TCP_CONNECTED;
}

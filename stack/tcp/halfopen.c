/* SPDX-License-Identifier: BSD-3-Clause */
/* SYN-RECEIVED of a passive open: the 64-byte record, until the handshake's last ACK. */
#include "internal.h"

/* The window that our SYN-ACK offers: never scaled (RFC 7323 2.2), and SEG.WND of it in check. */
uint32_t
half_open_initial_window(const struct tcp *t, const struct half_open *h)
{
	const struct option_block *o = option_at(t, t->listener[h->listener].options);

	return RTE_MIN(o->set.receive_buffer, UINT16_MAX);
}

/* The same for an ACK, which is scaled: rounded up, for edges never move back (SHLD-14). */
static uint32_t
half_open_window(const struct tcp *t, const struct half_open *h)
{
	return RTE_ALIGN_CEIL(half_open_initial_window(t, h), 1u << (h->scales >> 4));
}

uint32_t
half_open_tsval(const struct tcp *t, const struct half_open *h)
{
	uint32_t tsval;

	if (!(h->flags & RECORD_TIMESTAMPS))
		return 0;
	tsval = t->now_ms + ts_offset_generate(t, &h->key);
	return h->flags & RECORD_COOKIE ? cookie_tsval(h, tsval) : tsval;
}

/* Out of the table, the queue and the pool; a TIME-WAIT record that it stood for returns. */
void
half_open_remove(struct tcp *t, struct half_open *h)
{
	uint32_t index = half_open_index(t, h);
	uint64_t hash = flow_hash(&t->flows, &h->key);

	fifo_remove(&t->syn_ack[h->tries], index);
	t->listener[h->listener].half_open--;
	if ((h->flags & RECORD_REOPENED) && h->time_wait != POOL_NONE)
		time_wait_restore(t, h, hash);
	else
		flow_remove(&t->flows, hash, flow_ref_make(FLOW_HALF_OPEN, index));
	h->key.lport = 0; /* tells a walk that the record is free */
	pool_put(&t->half_opens, index);
}

void
half_open_start_timer(struct tcp *t, struct half_open *h)
{
	spt_time delay = RTE_MIN(t->rto_initial << h->tries, t->rto_max);

	h->expires = tcp_deadline(t, delay);
	fifo_append(&t->syn_ack[h->tries], half_open_index(t, h));
}

static void
half_open_expired(struct tcp *t, struct half_open *h)
{
	if (h->tries >= t->syn_ack_retries) {
		t->stats->half_open_expired++;
		half_open_remove(t, h);
		return;
	}
	fifo_remove(&t->syn_ack[h->tries], half_open_index(t, h));
	h->tries++;
	half_open_start_timer(t, h);
	if (h->flags & RECORD_ACKED)
		return; /* the peer has our SYN-ACK and owes data (defer_accept) */
	h->flags |= RECORD_RETRIED;
	t->stats->segments_retransmitted++;
	segment_send_syn_ack(t, h, NULL, half_open_tsval(t, h));
}

void
half_open_timers(struct tcp *t)
{
	unsigned int budget = TIMER_BUDGET;

	for (unsigned int step = 0; step <= t->syn_ack_retries; step++) {
		while (t->syn_ack[step].head != POOL_NONE && budget > 0 &&
		       txlist_room(t->out) > OUTPUT_RESERVE) {
			struct half_open *h = half_open_at(t, t->syn_ack[step].head);

			if (seq_gt(h->expires, t->now_tick))
				break;
			half_open_expired(t, h);
			budget--;
		}
	}
}

/* The connection takes over what the record knew. */
static void
conn_from_record(struct tcp *t, struct conn *c, const struct half_open *h, const struct seg *s)
{
	const struct tcp_listener *l = &t->listener[h->listener];
	const struct option_block *o = option_at(t, l->options);
	uint32_t generation = c->generation;

	*c = (struct conn){
	    .key = h->key,
	    .state = SPT_ESTABLISHED,
	    .scales = h->scales,
	    .snd_una = h->iss + 1,
	    .snd_nxt = h->iss + 1,
	    .rcv_nxt = h->irs + 1,
	    .rcv_adv = h->irs + 1 + half_open_window(t, h),
	    .rcv_free = (int32_t)o->set.receive_buffer,
	    .snd_wnd = h->wnd,
	    .snd_wl1 = h->irs,
	    .last_ack_sent = h->irs + 1,
	    .ts_recent = h->ts_recent,
	    .user = l->user,
	    .xfer = POOL_NONE,
	    .event = POOL_NONE,
	    .next_hop = h->next_hop,
	    .generation = generation,
	    .last_rcv = t->now_half,
	    .rcv_epoch = t->now_epoch,
	    .iss = h->iss,
	    .irs = h->irs,
	    .snd_wnd_max = h->wnd,
	    .rcv_limit = o->set.receive_buffer,
	    .options = l->options,
	    .listener = h->listener,
	    .mss_peer = h->mss,
	    .features = (h->flags & RECORD_SACK ? FEATURE_SACK : 0) |
	                (h->flags & RECORD_ECN ? FEATURE_ECN : 0),
	};
	c->key.pad = 0;
	if (h->flags & RECORD_TIMESTAMPS) {
		c->flags |= CONN_TIMESTAMPS;
		c->ts_offset = ts_offset_generate(t, &h->key);
		/* RFC 7323 4.3 (2) and (3); that it is not older was seen before */
		if (seq_leq(s->seq, h->irs + 1))
			c->ts_recent = s->tsval;
	}
	if (l->close_on_fin)
		c->flags |= CONN_CLOSE_FIN;
	option_hold(t, c->options);
	option_apply(t, c);
	congestion_init(c);
}

void
half_open_establish(struct tcp *t, struct conn *c, const struct half_open *h, const struct seg *s)
{
	conn_from_record(t, c, h, s);
	t->stats->opened_passive++;
	event_raise(t, c, SPT_ACCEPTED);
	event_slot(t, c)->listener = c->listener;
	idle_arm(t, c);
}

/* What the handshake tells of the path: how long it took, or that something was lost. */
static void
half_open_measure(struct tcp *t, struct conn *c, const struct half_open *h)
{
	if (h->flags & RECORD_RETRIED) {
		c->marks |= MARK_RTO_SYN;
		c->cwnd = c->mss; /* RFC 5681 3.1: a lost SYN or SYN-ACK starts with one segment */
	} else if (!(h->flags & RECORD_REOPENED)) {
		retransmit_rtt_sample(
		    t, c, h->flags & RECORD_ACKED ? h->sent_us : t->now_us - h->sent_us);
	}
}

static enum spt_verdict
half_open_accept(struct tcp *t, struct half_open *h, struct seg *s)
{
	uint32_t index = pool_get(&t->conns);
	uint32_t record = half_open_index(t, h);
	struct conn *c;

	if (index == POOL_NONE)
		return seg_discard(s, SPT_V_TCP_HANDSHAKE_NO_CONN);
	c = conn_at(t, index);
	half_open_establish(t, c, h, s);
	half_open_measure(t, c, h);
	flow_replace(&t->flows, s->hash, flow_ref_make(FLOW_HALF_OPEN, record),
	    flow_ref_make(FLOW_CONN, index));
	fifo_remove(&t->syn_ack[h->tries], record);
	t->listener[h->listener].half_open--;
	if ((h->flags & RECORD_REOPENED) && h->time_wait != POOL_NONE)
		time_wait_free(t, h->time_wait);
	h->key.lport = 0;
	pool_put(&t->half_opens, record);

	conn_input_from_ack(t, c, s);
	return SPT_V_TCP_HANDSHAKE;
}

/* First step of RFC 9293 3.10.7.4 for the record, whose window is that of its SYN-ACK. */
static bool
half_open_acceptable(const struct tcp *t, const struct half_open *h, const struct seg *s)
{
	uint32_t rcv_nxt = h->irs + 1;
	uint32_t edge = rcv_nxt + half_open_window(t, h);
	uint32_t len = seg_len(s);
	uint32_t last = len ? s->seq + len - 1 : s->seq;

	if ((h->flags & RECORD_TIMESTAMPS) && (s->options & SEG_HAS_TIMESTAMP) &&
	    seq_lt(s->tsval, h->ts_recent) && !(s->flags & TCP_RST))
		return false; /* PAWS */
	if (seq_geq(s->seq, rcv_nxt) && seq_lt(s->seq, edge))
		return true;
	/*
	 * Text may reach into the window. RST and SYN must lie in it themselves (RFC 5961 3.2; RFC
	 * 9293 3.10.7.4, fourth).
	 */
	return !(s->flags & (TCP_SYN | TCP_RST)) && seq_geq(last, rcv_nxt) && seq_lt(last, edge);
}

/* An ACK that repeats where we are: rate-limited. No SYN, so its window is scaled (RFC 7323 2.2).
 */
static enum spt_verdict
half_open_challenge(struct tcp *t, struct half_open *h, struct seg *s, enum spt_verdict v)
{
	uint32_t wnd = half_open_window(t, h) >> (h->scales >> 4);

	if (!ratelimit16_take(&h->key.pad, t->now)) {
		t->stats->acks_limited++;
		return seg_discard(s, v);
	}
	reply_ack_record(t, s, h->iss + 1, h->irs + 1, (uint16_t)wnd, h->flags & RECORD_TIMESTAMPS,
	    half_open_tsval(t, h), h->ts_recent, h->next_hop);
	return v;
}

/* The handshake is complete, accept deferred: from now on sent_us is the RTT itself. */
static void
half_open_acked(const struct tcp *t, struct half_open *h)
{
	if (!(h->flags & (RECORD_ACKED | RECORD_REOPENED)))
		h->sent_us = t->now_us - h->sent_us;
	h->flags |= RECORD_ACKED;
}

/* SYN-RECEIVED, RFC 9293 3.10.7.4 in its order. */
enum spt_verdict
half_open_input(struct tcp *t, struct half_open *h, struct seg *s)
{
	bool lacks_timestamp = (h->flags & RECORD_TIMESTAMPS) && !(s->options & SEG_HAS_TIMESTAMP);

	if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && s->seq == h->irs &&
	    !lacks_timestamp) {
		/* The SYN again: our SYN-ACK was lost or is slow. */
		if (!ratelimit16_take(&h->key.pad, t->now))
			return seg_discard(s, SPT_V_TCP_SYN_LIMITED);
		h->flags |= RECORD_RETRIED;
		/* It asks for ECN no more: the path may not let it pass (RFC 3168 6.1.1, 6.1.1.1)
		 */
		if ((s->flags & ECN_SETUP_SYN) != ECN_SETUP_SYN)
			h->flags &= ~RECORD_ECN;
		t->stats->segments_retransmitted++;
		segment_send_syn_ack(t, h, s, half_open_tsval(t, h));
		return SPT_V_TCP_SYN_REPEATED;
	}
	/* RFC 7323 3.2; a SYN agreed to nothing yet and is answered (RFC 5961 4.2) */
	if (lacks_timestamp && !(s->flags & (TCP_SYN | TCP_RST)))
		return seg_discard(s, SPT_V_TCP_NO_TIMESTAMP);
	/* first: sequence number */
	if (!half_open_acceptable(t, h, s)) {
		if (s->flags & TCP_RST)
			return seg_discard(s, SPT_V_TCP_RST_IGNORED);
		return half_open_challenge(t, h, s, SPT_V_TCP_HANDSHAKE_IGNORED);
	}
	/* second: RST, only at RCV.NXT (RFC 5961 3.2): back to LISTEN */
	if (s->flags & TCP_RST) {
		if (s->seq != h->irs + 1)
			return half_open_challenge(t, h, s, SPT_V_TCP_RST_CHALLENGED);
		half_open_remove(t, h);
		return seg_discard(s, SPT_V_TCP_HANDSHAKE_RST);
	}
	/* fourth: a SYN in the window: a passive open returns to LISTEN */
	if (s->flags & TCP_SYN) {
		half_open_remove(t, h);
		return seg_discard(s, SPT_V_TCP_HANDSHAKE_IGNORED);
	}
	/* fifth: ACK */
	if (!(s->flags & TCP_ACK))
		return seg_discard(s, SPT_V_TCP_NO_ACK);
	if (unlikely(s->ack != h->iss + 1) && !(h->flags & RECORD_REOPENED) &&
	    cookie_acknowledged(t, s, h->listener)) {
		/* Of an earlier epoch: the peer was faster with its SYN than with its ACK. */
		int listener = h->listener;

		half_open_remove(t, h);
		return cookie_input(t, s, listener);
	}
	if (s->ack != h->iss + 1)
		return reply_reset(t, s, SPT_V_TCP_HANDSHAKE_BAD_ACK);
	if (t->listener[h->listener].defer_accept && s->len == 0 && !(s->flags & TCP_FIN)) {
		half_open_acked(t, h);
		return seg_discard(s, SPT_V_TCP_HANDSHAKE_DEFERRED);
	}
	return half_open_accept(t, h, s);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments without a connection: CLOSED and LISTEN (RFC 9293 3.10.7.1, 3.10.7.2). */
#include <rte_byteorder.h>

#include "internal.h"

/*
 * Window scale, timestamps (RFC 7323 1.3, 2.2), SACK (RFC 2018 2) and ECN (RFC 3168 6.1.1): used if
 * both ends want them.
 */
static void
listen_negotiate(struct half_open *h, const struct seg *s, const struct option_block *o)
{
	h->flags = 0;
	h->scales = 0;
	if ((s->options & SEG_HAS_TIMESTAMP) && !o->set.no_timestamps) {
		h->flags |= RECORD_TIMESTAMPS;
		h->ts_recent = s->tsval;
	}
	if ((s->options & SEG_HAS_WSCALE) && !o->set.no_window_scale) {
		h->flags |= RECORD_SCALING;
		h->scales = (uint8_t)(RTE_MIN(s->wscale, 14) | o->rcv_shift << 4);
	}
	if ((s->options & SEG_HAS_SACK_PERM) && !o->set.no_sack)
		h->flags |= RECORD_SACK;
	if ((s->flags & ECN_SETUP_SYN) == ECN_SETUP_SYN && o->set.ecn != SPT_ECN_NEVER)
		h->flags |= RECORD_ECN;
}

/* All that a SYN says, and our answer but for ISS. */
static void
listen_record(struct tcp *t, struct half_open *h, const struct seg *s, int listener)
{
	h->key = s->key;
	h->key.pad = 0;
	h->irs = s->seq;
	h->listener = (uint16_t)listener;
	h->mss = s->options & SEG_HAS_MSS ? s->mss : (s->family == 4 ? 536 : 1220); /* MUST-15 */
	h->wnd = s->wnd;
	h->tries = 0;
	h->tos = s->tos;
	h->ts_recent = 0;
	h->sent_us = t->now_us;
	h->next_hop = t->next_hop(t->next_hop_context, t->now, &h->key.raddr);
	listen_negotiate(h, s, option_at(t, t->listener[listener].options));
}

/* Out of the pool and into the flow table, where it may take the place of a TIME-WAIT record. */
static enum spt_verdict
listen_insert(struct tcp *t, struct seg *s, uint32_t tw, struct half_open **h)
{
	uint32_t index = pool_get(&t->half_opens);
	flow_ref ref;

	if (index == POOL_NONE)
		return seg_discard(s, SPT_V_TCP_SYN_NO_RECORD);
	*h = half_open_at(t, index);
	ref = flow_ref_make(FLOW_HALF_OPEN, index);
	(*h)->key = s->key;
	if (tw != POOL_NONE) {
		flow_replace(&t->flows, s->hash, flow_ref_make(FLOW_TIME_WAIT, tw), ref);
	} else if (flow_insert(&t->flows, s->hash, ref) != 0) {
		pool_put(&t->half_opens, index);
		t->stats->flow_refused++;
		return seg_discard(s, SPT_V_TCP_SYN_NO_FLOW);
	}
	return SPT_V_CONTINUE;
}

/*
 * LISTEN, third: a SYN makes a half-open record and is answered in place. 'tw' is the
 * TIME-WAIT record that it reopens, or POOL_NONE: that needs a record, for a cookie's number need
 * not be above the old incarnation's.
 */
enum spt_verdict
listen_syn(struct tcp *t, struct seg *s, int listener, uint32_t tw)
{
	struct tcp_listener *l = &t->listener[listener];
	struct half_open *h;
	enum spt_verdict v;

	if (unlikely(t->port_full)) {
		if (t->syn_credit < 2)
			return seg_discard(s, SPT_V_TCP_SYN_PORT_FULL);
		t->syn_credit -= 2;
	}
	if (tw == POOL_NONE && cookie_wanted(t, l)) {
		struct half_open transient;

		listen_record(t, &transient, s, listener);
		v = cookie_answer(t, &transient, s);
		if (v != SPT_V_CONTINUE)
			return v;
	}
	if (l->half_open >= l->backlog)
		return seg_discard(s, SPT_V_TCP_SYN_BACKLOG);
	v = listen_insert(t, s, tw, &h);
	if (v != SPT_V_CONTINUE)
		return v;
	listen_record(t, h, s, listener);
	if (tw == POOL_NONE) {
		h->iss = cookie_isn(t, h);
	} else {
		const struct time_wait *w = time_wait_at(t, tw);

		h->iss = isn_generate(t, &h->key);

		/* Above all that the old incarnation used, so no old segment fits (RFC 6191). */
		if (seq_lt(h->iss, w->snd_nxt + 65537))
			h->iss = w->snd_nxt + 65537;
		h->flags |= RECORD_REOPENED;
		h->time_wait = tw;
	}
	l->half_open++;
	half_open_start_timer(t, h);
	segment_send_syn_ack(t, h, s, half_open_tsval(t, h));
	return SPT_V_TCP_SYN;
}

enum spt_verdict
listen_input(struct tcp *t, struct seg *s)
{
	int listener;

	if (s->flags & TCP_RST)
		return seg_discard(s, SPT_V_TCP_CLOSED_RST);
	listener = listener_find(&t->listeners, rte_be_to_cpu_16(s->key.lport), s->key.laddr);
	if (listener == LISTENER_NONE)
		return reply_reset(t, s, SPT_V_TCP_NO_LISTENER);
	if (s->flags & TCP_ACK)
		return cookie_input(t, s, listener);
	if (!(s->flags & TCP_SYN))
		return seg_discard(s, SPT_V_TCP_NO_ACK);
	/* Data or FIN on the SYN is not taken: only IRS + 1 is acknowledged, the peer repeats it.
	 */
	return listen_syn(t, s, listener, POOL_NONE);
}

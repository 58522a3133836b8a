/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TIME-WAIT as a 64-byte record (RFC 9293 3.6.1, 3.10.7.4): 2MSL in a queue of
 * constant delay, a bounded pool whose oldest record gives way, and reopening by a
 * SYN that cannot be old (RFC 6191).
 */
#include <rte_byteorder.h>

#include "internal.h"

void
time_wait_free(struct tcp *t, uint32_t index)
{
	struct time_wait *w = time_wait_at(t, index);

	fifo_remove(&t->time_wait_fifo, index);
	if (w->source)
		source_release(t, w->source);
	w->key.lport = 0; /* tells a walk that the record is free */
	pool_put(&t->time_waits, index);
}

/* Out of the queue, the table and the pool; a half-open record that stands for it loses it. */
static void
time_wait_remove(struct tcp *t, uint32_t index)
{
	struct time_wait *w = time_wait_at(t, index);
	uint64_t hash = flow_hash(&t->flows, &w->key);

	if (w->flags & RECORD_SHADOWED) {
		flow_ref ref = flow_lookup(&t->flows, &w->key, hash);
		struct half_open *h = half_open_at(t, flow_ref_index(ref));

		SPT_ASSERT(flow_ref_kind(ref) == FLOW_HALF_OPEN && h->time_wait == index);
		h->time_wait = POOL_NONE;
	} else {
		flow_remove(&t->flows, hash, flow_ref_make(FLOW_TIME_WAIT, index));
	}
	time_wait_free(t, index);
}

static void
time_wait_start(struct tcp *t, uint32_t index)
{
	struct time_wait *w = time_wait_at(t, index);

	w->expires = tcp_deadline(t, t->two_msl);
	fifo_append(&t->time_wait_fifo, index);
}

/*
 * The record after 'w' in the queue ends soon: its bucket is brought in, and the record after that,
 * so that ending one costs no memory latency.
 */
static void
time_wait_look_ahead(const struct tcp *t, const struct time_wait *w)
{
	const struct time_wait *next;

	if (w->link.next == POOL_NONE)
		return;
	next = time_wait_at(t, w->link.next);
	flow_prefetch_bucket(&t->flows, flow_hash(&t->flows, &next->key));
	if (next->link.next != POOL_NONE)
		rte_prefetch0(time_wait_at(t, next->link.next));
}

/* A record from the pool; when there is none the oldest gives way, which is counted. */
static uint32_t
time_wait_get(struct tcp *t)
{
	uint32_t index = pool_get(&t->time_waits);

	if (likely(index != POOL_NONE))
		return index;
	t->stats->timewait_early++;
	time_wait_look_ahead(t, time_wait_at(t, t->time_wait_fifo.head));
	time_wait_remove(t, t->time_wait_fifo.head);
	return pool_get(&t->time_waits);
}

void
time_wait_enter(struct tcp *t, struct conn *c)
{
	uint32_t index = time_wait_get(t);
	uint64_t hash = conn_hash(t, c);
	struct time_wait *w = time_wait_at(t, index);

	*w = (struct time_wait){
	    .key = c->key,
	    .snd_nxt = c->snd_nxt,
	    .rcv_nxt = c->rcv_nxt,
	    .ts_recent = c->ts_recent,
	    .ts_offset = c->ts_offset,
	    .wnd = (uint16_t)segment_window(t, c),
	    .next_hop = c->next_hop,
	    .flags = c->flags & CONN_TIMESTAMPS ? RECORD_TIMESTAMPS : 0,
	    .ttl = (uint8_t)c->node.owner,
	    .tos = (uint8_t)(c->node.owner >> 8),
	    .source = c->source,
	};
	c->source = 0; /* the record holds the tuple now */
	flow_replace(&t->flows, hash, flow_ref_make(FLOW_CONN, conn_index(t, c)),
	    flow_ref_make(FLOW_TIME_WAIT, index));
	t->stats->timewait_entered++;
	time_wait_start(t, index);
	conn_release(t, c, 0);
}

void
time_wait_restore(struct tcp *t, const struct half_open *h, uint64_t hash)
{
	struct time_wait *w = time_wait_at(t, h->time_wait);

	SPT_ASSERT(w->flags & RECORD_SHADOWED);
	w->flags &= ~RECORD_SHADOWED;
	flow_replace(&t->flows, hash, flow_ref_make(FLOW_HALF_OPEN, half_open_index(t, h)),
	    flow_ref_make(FLOW_TIME_WAIT, h->time_wait));
}

void
time_wait_timers(struct tcp *t)
{
	for (unsigned int n = 0; n < 2 * TIMER_BUDGET; n++) {
		const struct time_wait *w;

		if (t->time_wait_fifo.head == POOL_NONE)
			return;
		w = time_wait_at(t, t->time_wait_fifo.head);
		if (seq_gt(w->expires, t->now_tick))
			return;
		time_wait_look_ahead(t, w);
		t->stats->timewait_expired++;
		time_wait_remove(t, t->time_wait_fifo.head);
	}
}

/*
 * An ACK that says where the connection ended, rate-limited (RFC 9293 3.10.7.4; RFC 5961 7): the
 * last of the limit is for the peer's FIN, which needs it.
 */
static enum spt_verdict
time_wait_ack(struct tcp *t, struct time_wait *w, struct seg *s, enum spt_verdict v)
{
	if (!ratelimit16_take_cost(&w->key.pad, t->now, 1, v != SPT_V_TCP_TIMEWAIT_FIN)) {
		t->stats->acks_limited++;
		return seg_discard(s, v);
	}
	reply_ack_record(t, s, w->snd_nxt, w->rcv_nxt, w->wnd, w->flags & RECORD_TIMESTAMPS,
	    t->now_ms + w->ts_offset, w->ts_recent, w->next_hop);
	return v;
}

/*
 * A new incarnation may begin if its SYN cannot be an old duplicate (RFC 6191 2): by a younger
 * timestamp; because the old one had none, so that its segments would lack the option; else by a
 * sequence number beyond all that was received, the last of which is RCV.NXT - 1.
 */
static bool
time_wait_reopens(const struct tcp *t, const struct time_wait *w, const struct seg *s, int listener)
{
	const struct option_block *o = option_at(t, t->listener[listener].options);

	if ((s->options & SEG_HAS_TIMESTAMP) && !o->set.no_timestamps) {
		if (!(w->flags & RECORD_TIMESTAMPS))
			return true;
		if (s->tsval != w->ts_recent)
			return seq_gt(s->tsval, w->ts_recent);
	}
	return seq_geq(s->seq, w->rcv_nxt);
}

static enum spt_verdict
time_wait_syn(struct tcp *t, struct time_wait *w, struct seg *s)
{
	int listener = listener_find(&t->listeners, rte_be_to_cpu_16(s->key.lport), s->key.laddr);
	enum spt_verdict v;

	if (listener == LISTENER_NONE || (s->flags & TCP_ACK) ||
	    !time_wait_reopens(t, w, s, listener))
		return time_wait_ack(t, w, s, SPT_V_TCP_TIMEWAIT_CHALLENGED);
	w->flags |= RECORD_SHADOWED;
	v = listen_syn(t, s, listener, time_wait_index(t, w));
	if (v != SPT_V_TCP_SYN) {
		w->flags &= ~RECORD_SHADOWED;
		return v;
	}
	return SPT_V_TCP_TIMEWAIT_SYN;
}

/*
 * Ignored (RFC 1337), or as in other states: only at RCV.NXT (RFC 5961 3.2). The window's scale
 * is forgotten, so its far end is silent.
 */
static enum spt_verdict
time_wait_rst(struct tcp *t, struct time_wait *w, struct seg *s)
{
	if (!t->timewait_rst_closes)
		return seg_discard(s, SPT_V_TCP_TIMEWAIT_RST);
	if (s->seq == w->rcv_nxt) {
		time_wait_remove(t, time_wait_index(t, w));
		return seg_discard(s, SPT_V_TCP_RST);
	}
	if (s->seq - w->rcv_nxt < w->wnd)
		return time_wait_ack(t, w, s, SPT_V_TCP_RST_CHALLENGED);
	return seg_discard(s, SPT_V_TCP_TIMEWAIT_RST);
}

/* RFC 9293 3.4, with the window as it was told last; its scale is forgotten, so it is too small. */
static bool
time_wait_acceptable(const struct time_wait *w, const struct seg *s)
{
	uint32_t start = s->seq - w->rcv_nxt, len = seg_len(s);

	if (len == 0)
		return start == 0 || start < w->wnd;
	return start < w->wnd || start + len - 1 < w->wnd;
}

/* RFC 5961 5.2; the largest window of all stands for MAX.SND.WND, which is forgotten. */
static bool
time_wait_ack_in_range(const struct time_wait *w, const struct seg *s)
{
	return seq_leq(s->ack, w->snd_nxt) && seq_geq(s->ack, w->snd_nxt - (UINT16_MAX << 14));
}

enum spt_verdict
time_wait_input(struct tcp *t, struct time_wait *w, struct seg *s)
{
	uint32_t index = time_wait_index(t, w);

	if (s->flags & TCP_RST)
		return time_wait_rst(t, w, s);
	if (s->flags & TCP_SYN)
		return time_wait_syn(t, w, s);
	/* RFC 7323 3.2, 5.3 R1: an old duplicate restarts nothing */
	if (w->flags & RECORD_TIMESTAMPS) {
		if (!(s->options & SEG_HAS_TIMESTAMP))
			return seg_discard(s, SPT_V_TCP_NO_TIMESTAMP);
		if (seq_lt(s->tsval, w->ts_recent))
			return time_wait_ack(t, w, s, SPT_V_TCP_PAWS);
	}
	/* Before the sequence check: the FIN that ended at RCV.NXT, whose ACK was lost. */
	if ((s->flags & TCP_FIN) && s->seq + seg_len(s) == w->rcv_nxt) {
		fifo_remove(&t->time_wait_fifo, index);
		time_wait_start(t, index);
		return time_wait_ack(t, w, s, SPT_V_TCP_TIMEWAIT_FIN);
	}
	/* first: not acceptable. fifth: of what is, no ACK flag, and an ACK that cannot be */
	if (time_wait_acceptable(w, s)) {
		if (!(s->flags & TCP_ACK))
			return seg_discard(s, SPT_V_TCP_NO_ACK);
		if (seg_len(s) == 0 && s->seq == w->rcv_nxt && time_wait_ack_in_range(w, s))
			return seg_discard(s, SPT_V_TCP_TIMEWAIT_ACK); /* nothing to say */
	}
	return time_wait_ack(t, w, s, SPT_V_TCP_TIMEWAIT_ACK);
}

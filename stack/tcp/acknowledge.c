/* SPDX-License-Identifier: BSD-3-Clause */
/* The ACK step of RFC 9293 3.10.7.4: SND.UNA, the send window, and what our FIN's ACK ends. */
#include "internal.h"

/* An RTT sample (RFC 6298 3, Karn; RFC 7323 4.1 where retransmission made the timing ambiguous). */
static void
acknowledge_sample(struct tcp *t, struct conn *c, struct xfer *x, const struct seg *s)
{
	if (x && x->rtt_timed && seq_geq(s->ack, x->rtt_seq)) {
		x->rtt_timed = 0;
		retransmit_rtt_sample(t, c, t->now_us - x->rtt_us);
	} else if (c->backoff > 0) {
		uint32_t ms;

		if (undo_echoed(t, c, s, &ms))
			retransmit_rtt_sample(t, c, RTE_MAX(t->now_ms - ms, 1u) * 1000);
	}
}

/* How long until space is looked for again when no acknowledgment will tell of it. */
#define SPACE_RETRY (10 * SPT_NS_PER_MS)

void
acknowledge_await_space(struct tcp *t, struct conn *c)
{
	c->flags |= CONN_WANT_SPACE;
	if (c->snd_nxt == c->snd_una && !(c->timers & (TIMER_PERSIST | TIMER_SPACE)))
		conn_timer_set(t, c, TIMER_SPACE, SPACE_RETRY);
}

/* After -EAGAIN or -ENOBUFS: WRITABLE once there is space again. */
void
acknowledge_space(struct tcp *t, struct conn *c)
{
	const struct xfer *x = conn_xfer(t, c);

	if ((x && x->snd_end - c->snd_una >= conn_options(t, c)->set.send_buffer) ||
	    !send_budget_allows(t, x, 1)) {
		acknowledge_await_space(t, c);
		return;
	}
	c->flags &= ~CONN_WANT_SPACE;
	event_raise(t, c, SPT_WRITABLE);
}

static void
acknowledge_events(struct tcp *t, struct conn *c, uint32_t data)
{
	if (data > 0 && !(c->flags & CONN_APP_CLOSED)) {
		struct event_slot *e = event_slot(t, c);

		e->bits |= SPT_SENT;
		e->acked += data;
	}
	if (c->flags & CONN_WANT_SPACE)
		acknowledge_space(t, c);
}

/* SND.UNA moves: nothing is doubted any more. */
static void
acknowledge_advance(struct tcp *t, struct conn *c, uint32_t ack)
{
	conn_advance_una(c, ack);
	c->unacked_since = t->now_half;
	c->retries = 0;
	c->marks &= ~(MARK_R1 | MARK_PROBED);
	if (unlikely(c->flags & CONN_URG_SEND) && seq_geq(ack, c->snd_up))
		c->flags &= ~CONN_URG_SEND;
}

/*
 * RFC 6298 5.2, 5.3. Of partial acknowledgments without SACK only the first restarts the timer: the
 * impatient variant of RFC 6582 4.
 */
static void
acknowledge_timer(struct tcp *t, struct conn *c, const struct xfer *x)
{
	if (c->snd_una == c->snd_nxt)
		conn_timer_clear(c, TIMER_RTX | TIMER_PERSIST | TIMER_REORDER | TIMER_PROBE);
	else if (!x || !x->partial || seq_geq(c->snd_una, x->recover) || !(c->timers & TIMER_RTX))
		retransmit_arm(t, c);
}

/* SND.UNA < SEG.ACK =< SND.NXT. */
static void
acknowledge_new(struct tcp *t, struct conn *c, const struct seg *s, uint32_t data)
{
	struct xfer *x = conn_xfer(t, c);
	struct acknowledgment a = {
	    .s = s, .data = data, .out = c->snd_nxt - c->snd_una, .advances = true};

	recovery_told(t, c, x, &a);
	acknowledge_sample(t, c, x, s);
	acknowledge_advance(t, c, s->ack);
	if (unlikely(x->path) && seq_geq(s->ack, x->path_seq))
		pmtu_acknowledged(t, c, x);
	sendq_acknowledge(t, x, s->ack);
	acknowledge_timer(t, c, x);
	recovery_acknowledged(t, c, x, &a);
	acknowledge_events(t, c, data);
	if (x->sendq || (c->flags & (CONN_FIN_QUEUED | CONN_FIN_SENT)) == CONN_FIN_QUEUED)
		conn_want_output(t, c);
	xfer_put_if_idle(t, c);
}

/* Nothing but our FIN was out, and the connection has no transfer block. */
static void
acknowledge_control(struct tcp *t, struct conn *c, const struct seg *s)
{
	acknowledge_sample(t, c, NULL, s);
	acknowledge_advance(t, c, s->ack);
	acknowledge_timer(t, c, NULL);
	acknowledge_events(t, c, 0);
}

/*
 * RFC 5681 2: a duplicate ACK, which tells that something left the network. With a closed window
 * it is the answer to a probe.
 */
static inline bool
acknowledge_is_duplicate(const struct conn *c, const struct seg *s, uint32_t wnd)
{
	return s->ack == c->snd_una && s->len == 0 && !(s->flags & TCP_FIN) && wnd == c->snd_wnd &&
	       wnd > 0 && c->snd_nxt != c->snd_una && (c->timers & TIMER_RTX);
}

/*
 * SEG.ACK = SND.UNA, with something that is out: a duplicate, SACK blocks, ECE, or none of these.
 * Or SEG.ACK < SND.UNA, with SACK blocks: what they tell is true whatever overtook them.
 */
static void
acknowledge_again(struct tcp *t, struct conn *c, struct xfer *x, const struct seg *s, uint32_t wnd)
{
	struct acknowledgment a = {
	    .s = s,
	    .out = c->snd_nxt - c->snd_una,
	    .duplicate = acknowledge_is_duplicate(c, s, wnd),
	    .old = s->ack != c->snd_una,
	};

	if (!a.duplicate && !(s->options & SEG_HAS_SACK) && !(s->flags & TCP_ECE))
		return;
	recovery_told(t, c, x, &a);
	recovery_acknowledged(t, c, x, &a);
	xfer_put_if_idle(t, c);
}

/* Was what is out refused? If it went out less than a round trip ago nobody knows that yet. */
static bool
acknowledge_refused(const struct tcp *t, const struct conn *c, const struct xfer *x)
{
	const struct sent *first = scoreboard_first(&x->sb, (struct pool *)(uintptr_t)&t->chunks);

	return c->retries > 0 || t->now_us - first->us >= c->srtt >> 3;
}

/*
 * A closed window opened. The time that it was closed counts for no time-out (SHLD-17, MUST-37),
 * and what was sent beyond it, probes included, was refused: it is sent again at once; but no more
 * than once in a round trip, however often a peer shuts and opens it.
 */
static void
acknowledge_reopened(struct tcp *t, struct conn *c, struct xfer *x)
{
	bool refused = x && c->snd_nxt != c->snd_una && acknowledge_refused(t, c, x);

	conn_timer_clear(c, TIMER_PERSIST | TIMER_RTX | TIMER_REORDER | TIMER_PROBE);
	c->backoff = 0;
	c->retries = 0;
	c->marks &= ~(MARK_PROBED | MARK_R1);
	c->unacked_since = t->now_half;
	if (c->snd_nxt == c->snd_una)
		return;
	if (refused)
		recovery_resend(t, x);
	else if (!x)
		retransmit_one(t, c); /* our FIN */
	retransmit_arm(t, c);
}

/* The window changed; where it grew, data or our FIN may have waited for it. */
static void
acknowledge_window(struct tcp *t, struct conn *c, uint32_t wnd)
{
	struct xfer *x = conn_xfer(t, c);
	bool grew = wnd > c->snd_wnd, was_closed = c->snd_wnd == 0;

	c->snd_wnd = wnd;
	if (wnd > c->snd_wnd_max)
		c->snd_wnd_max = wnd;
	if (!grew)
		return;
	if (was_closed)
		acknowledge_reopened(t, c, x);
	if (x || (c->flags & (CONN_FIN_QUEUED | CONN_FIN_SENT)) == CONN_FIN_QUEUED)
		conn_want_output(t, c);
}

/* Our FIN is acknowledged: what that means, by state. */
static enum spt_verdict
acknowledge_fin(struct tcp *t, struct conn *c, struct seg *s)
{
	if (c->state == SPT_FIN_WAIT_1) {
		c->state = SPT_FIN_WAIT_2;
		c->idle_since = t->now_half;
		idle_arm(t, c);
	} else if (c->state == SPT_CLOSING) {
		time_wait_enter(t, c);
		return seg_discard(s, SPT_V_TCP_ACK);
	} else if (c->state == SPT_LAST_ACK) {
		conn_finish(t, c, 0);
		return seg_discard(s, SPT_V_TCP_LAST_ACK);
	}
	return SPT_V_CONTINUE;
}

enum spt_verdict
acknowledge_input(struct tcp *t, struct conn *c, struct seg *s)
{
	uint32_t wnd = (uint32_t)s->wnd << conn_snd_shift(c);
	uint32_t seq = seq_max(s->seq, c->rcv_nxt);
	bool advances = seq_gt(s->ack, c->snd_una);

	if (unlikely(!(s->flags & TCP_ACK)))
		return seg_discard(s, SPT_V_TCP_NO_ACK);
	if (unlikely(seq_gt(s->ack, c->snd_nxt)))
		return reply_ack_limited(t, c, s, SPT_V_TCP_ACK_AHEAD);
	if (unlikely(seq_lt(s->ack, c->snd_una))) {
		/* RFC 5961 5.2: too old to be honest; else a duplicate whose text may be new */
		if (seq_lt(s->ack, conn_oldest_ack(c)))
			return reply_ack_limited(t, c, s, SPT_V_TCP_ACK_OLD);
		if ((s->options & SEG_HAS_SACK) && c->xfer != POOL_NONE)
			acknowledge_again(t, c, conn_xfer(t, c), s, wnd);
		return SPT_V_CONTINUE;
	}
	if (advances && c->xfer == POOL_NONE)
		acknowledge_control(t, c, s);
	else if (advances)
		acknowledge_new(t, c, s,
		    s->ack - c->snd_una - ((c->flags & CONN_FIN_SENT) && s->ack == c->snd_nxt));
	else if (c->xfer != POOL_NONE)
		acknowledge_again(t, c, conn_xfer(t, c), s, wnd);
	/*
	 * Of the part that is new (3.10.7.4, first: the idealized segment begins at RCV.NXT):
	 * SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK): the last always holds.
	 * A segment that advances SND.UNA is newer than WL1 tells, when it filled a gap: its window
	 * counts as well, or the old one would reach beyond what was offered.
	 */
	if (advances || seq_leq(c->snd_wl1, seq)) {
		c->snd_wl1 = seq;
		if (wnd != c->snd_wnd)
			acknowledge_window(t, c, wnd);
	}
	if (unlikely((c->flags & CONN_FIN_SENT) && c->snd_una == c->snd_nxt))
		return acknowledge_fin(t, c, s);
	return SPT_V_CONTINUE;
}

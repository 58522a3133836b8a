/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The retransmission timer (RFC 6298), R1 and R2 (RFC 9293 3.8.3), the user time-out
 * (RFC 5482), and probing of closed windows (RFC 9293 3.8.6.1).
 */
#include "internal.h"

#define TICK_NS (UINT64_C(1) << WHEEL_TICK_SHIFT)

/* RFC 6298 2.1 and 5.7: before the first sample; 3 s for data after a lost SYN. */
#define RTO_AFTER_LOST_SYN (3 * SPT_NS_PER_SEC)

spt_time
retransmit_rto(const struct tcp *t, const struct conn *c)
{
	spt_time rto;

	if (c->srtt != 0) {
		/* SRTT + max (G, 4 * RTTVAR); both are kept scaled, in microseconds */
		rto = ((spt_time)(c->srtt >> 3) + c->rttvar) * SPT_NS_PER_US;
		rto = RTE_MAX(rto, (spt_time)(c->srtt >> 3) * SPT_NS_PER_US + TICK_NS);
		rto = RTE_MAX(rto, t->rto_min);
	} else if ((c->marks & MARK_RTO_SYN) && conn_is_synchronized(c)) {
		rto = RTE_MAX(RTO_AFTER_LOST_SYN, t->rto_initial);
	} else {
		rto = t->rto_initial;
	}
	rto <<= RTE_MIN(c->backoff, 16);
	return RTE_MIN(rto, t->rto_max);
}

/* RFC 6298 2.2, 2.3. A sample ends the back-off (Karn). */
void
retransmit_rtt_sample(struct tcp *t, struct conn *c, uint32_t us)
{
	us = RTE_MIN(RTE_MAX(us, 1u), 60000000u);
	if (c->srtt == 0) {
		c->srtt = us << 3;
		c->rttvar = us << 1;
	} else {
		int32_t delta = (int32_t)(us - (c->srtt >> 3));

		c->srtt += delta;
		c->rttvar += (uint32_t)abs(delta) - (c->rttvar >> 2);
	}
	c->srtt = RTE_MAX(c->srtt, 1u);
	c->backoff = 0;
}

/* How long data may stay unacknowledged, and how long it has. */
static spt_time
retransmit_limit(const struct tcp *t, const struct conn *c, bool r2)
{
	const struct option_block *o = conn_options(t, c);

	if (o->set.user_timeout_ms)
		return o->set.user_timeout_ms * SPT_NS_PER_MS;
	return r2 ? o->set.r2_ms * SPT_NS_PER_MS : SPT_TIME_NEVER;
}

spt_time
retransmit_due(const struct tcp *t, const struct conn *c, spt_time limit)
{
	if (limit == SPT_TIME_NEVER)
		return SPT_TIME_NEVER;
	return instant_after(t, t->now_half - c->unacked_since, limit);
}

/* The timer runs out after 'delay', or when patience does, whichever is first. */
static void
retransmit_set(struct tcp *t, struct conn *c, enum conn_timer which, spt_time delay, bool r2)
{
	spt_time due = retransmit_due(t, c, retransmit_limit(t, c, r2));

	conn_timer_set(t, c, which, RTE_MIN(delay, due > t->now ? due - t->now : 0));
}

/* Not for a closed window (MUST-37); a SYN has patience of its own (connect.c). */
static bool
retransmit_has_r2(const struct conn *c)
{
	return c->snd_wnd > 0 && conn_is_synchronized(c);
}

void
retransmit_arm(struct tcp *t, struct conn *c)
{
	retransmit_set(t, c, TIMER_RTX, retransmit_rto(t, c), retransmit_has_r2(c));
}

/* Patience may have become shorter; the timer itself starts only as RFC 6298 5 says. */
void
retransmit_hasten(struct tcp *t, struct conn *c)
{
	bool probing = (c->timers & TIMER_PERSIST) && c->snd_wnd == 0;
	struct xfer *x = conn_xfer(t, c);
	spt_time due;
	uint32_t deadline;

	if (!(c->timers & TIMER_RTX) && !probing)
		return;
	due = retransmit_due(t, c, retransmit_limit(t, c, retransmit_has_r2(c)));
	if (due == SPT_TIME_NEVER)
		return;
	deadline = tcp_deadline(t, due > t->now ? due - t->now : 0);
	if ((c->timers & (TIMER_REORDER | TIMER_PROBE)) && seq_lt(deadline, x->rto))
		x->rto = deadline;
	if (seq_lt(deadline, c->t_rtx)) {
		timer_only_rto(c, x);
		c->t_rtx = deadline;
		conn_wheel(t, c, deadline);
	}
}

/* Patience is over: the peer is told, in case it hears, and the application. */
static bool
retransmit_timed_out(struct tcp *t, struct conn *c, bool r2)
{
	if (retransmit_due(t, c, retransmit_limit(t, c, r2)) > t->now)
		return false;
	t->stats->closed_timed_out++;
	conn_abort(t, c, -ETIMEDOUT);
	return true;
}

/* The octet at SND.UNA, which the window is closed to (MUST-35); it has been sent before. */
static void
retransmit_octet(struct tcp *t, struct conn *c, struct xfer *x)
{
	struct sent *first = scoreboard_first(&x->sb, &t->chunks);
	struct rte_mbuf *at = x->sendq, *m;
	uint32_t seq = c->snd_una;
	bool last = seq + 1 == x->snd_end;

	x->rtt_timed = 0; /* Karn */
	m = sendq_take(
	    t, &at, seq, 1, WIRE_ETH_LEN + WIRE_IP6_LEN + WIRE_TCP_LEN + WIRE_TCP_MAX_OPTS);
	if (!m)
		return;
	if (first && !(first->flags & (SENT_SACKED | SENT_LOST)))
		scoreboard_sent_again(&x->sb, first, t->now_us);
	segment_send(t, c, m, seq,
	    (last ? TCP_PSH : 0) | (last && (c->flags & CONN_FIN_SENT) ? TCP_FIN : 0));
}

/* What stands at SND.UNA: an octet, or our FIN if nothing else is out. */
void
retransmit_one(struct tcp *t, struct conn *c)
{
	struct xfer *x = conn_xfer(t, c);
	struct sent *fin;

	t->stats->segments_retransmitted++;
	if (x && x->sendq) {
		retransmit_octet(t, c, x);
		return;
	}
	if (!(c->flags & CONN_FIN_SENT) || !segment_send_bare(t, c, NULL, c->snd_una, TCP_FIN) ||
	    !x)
		return;
	fin = scoreboard_first(&x->sb, &t->chunks);
	if (fin && !(fin->flags & SENT_SACKED))
		scoreboard_sent_again(&x->sb, fin, t->now_us);
}

/* SHLD-9: the application hears once; MUST-20: the link layer is told to look again. */
void
retransmit_r1(struct tcp *t, struct conn *c)
{
	if ((c->marks & MARK_R1) || c->retries < conn_options(t, c)->set.r1_retries)
		return;
	c->marks |= MARK_R1;
	txlist_doubt(t->out, c->next_hop);
	if (!(c->flags & CONN_APP_CLOSED))
		event_soft_error(t, c, -ETIMEDOUT);
}

void
retransmit_back_off(struct conn *c)
{
	if (c->backoff < 32)
		c->backoff++;
	if (c->retries < UINT8_MAX)
		c->retries++;
}

/* RFC 6298 5.4 to 5.6. */
void
retransmit_expired(struct tcp *t, struct conn *c)
{
	struct xfer *x = conn_xfer(t, c);
	bool closed_window = c->snd_wnd == 0, first = c->retries == 0;

	conn_timer_clear(c, TIMER_RTX | TIMER_REORDER | TIMER_PROBE);
	if (retransmit_timed_out(t, c, !closed_window))
		return;
	t->stats->rto_expirations++;
	retransmit_back_off(c);
	if (!closed_window)
		retransmit_r1(t, c);
	retransmit_arm(t, c);
	if (closed_window || !x) /* a probe (MUST-35), or our FIN */
		retransmit_one(t, c);
	else
		recovery_timeout(t, c, x, !pmtu_timed_out(t, c, x) && first);
}

/* First probe after one RTO (SHLD-29), then with back-off (SHLD-30), for ever (MUST-37). */
void
persist_arm(struct tcp *t, struct conn *c)
{
	c->backoff = 0;
	c->unacked_since = t->now_half;
	retransmit_set(t, c, TIMER_PERSIST, retransmit_rto(t, c), false);
}

/* One octet beyond the window, the same one each time; our FIN when nothing else is left. */
static void
persist_probe(struct tcp *t, struct conn *c)
{
	struct xfer *x = conn_xfer(t, c);
	struct rte_mbuf *m;

	t->stats->window_probes++;
	if ((c->marks & MARK_PROBED) || !x || !x->send_next) {
		if (c->snd_nxt == c->snd_una)
			output_fin(t, c, NULL);
		else
			retransmit_one(t, c);
		return;
	}
	if (!conn_has_chunk(t))
		return;
	m = sendq_take(t, &x->send_next, c->snd_nxt, 1,
	    WIRE_ETH_LEN + WIRE_IP6_LEN + WIRE_TCP_LEN + WIRE_TCP_MAX_OPTS);
	if (!m)
		return;
	segment_send(t, c, m, c->snd_nxt, c->snd_nxt + 1 == x->snd_end ? TCP_PSH : 0);
	scoreboard_push(&x->sb, &t->chunks, c->snd_nxt, 1, t->now_us, 0);
	c->snd_nxt++;
	c->marks |= MARK_PROBED;
}

void
persist_expired(struct tcp *t, struct conn *c)
{
	conn_timer_clear(c, TIMER_PERSIST);
	if (c->flags & CONN_WANT_SPACE)
		acknowledge_space(t, c);
	if (c->snd_wnd > 0) { /* not closed: a small segment has waited long enough */
		c->flags |= CONN_OVERRIDE;
		c->flags &= ~CONN_MORE;
		conn_want_output(t, c);
		return;
	}
	if (retransmit_timed_out(t, c, false))
		return;
	persist_probe(t, c);
	retransmit_back_off(c);
	retransmit_set(t, c, TIMER_PERSIST, retransmit_rto(t, c), false);
}

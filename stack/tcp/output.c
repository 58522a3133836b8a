/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What to send now, RFC 9293 3.8: what a time-out wants again, new data within both windows,
 * FIN, or the acknowledgment that is owed. Nagle (3.7.4) and the sender's silly window
 * avoidance (3.8.6.2.1) decide over segments that are not full.
 */
#include "internal.h"

/* A partial segment may wait this long for company before it goes out alone (MUST-38, MUST-60). */
#define OVERRIDE_DELAY (200 * SPT_NS_PER_MS)

/* Link, IP and TCP bytes in front of the payload. */
static unsigned int
output_header(const struct conn *c)
{
	return WIRE_ETH_LEN + (addr_is_v4(&c->key.raddr) ? WIRE_IP4_LEN : WIRE_IP6_LEN) +
	       (c->flags & CONN_TIMESTAMPS ? WIRE_TCP_LEN + 12 : WIRE_TCP_LEN);
}

/* Flags of a data segment [seq, seq + len): PSH where the queue ends, FIN where it may ride. */
static uint8_t
output_flags(const struct conn *c, const struct xfer *x, uint32_t seq, uint32_t len, uint32_t edge)
{
	if (seq + len != x->snd_end)
		return 0;
	if ((c->flags & CONN_FIN_SENT) ||
	    ((c->flags & CONN_FIN_QUEUED) && seq_gt(edge, x->snd_end)))
		return TCP_PSH | TCP_FIN;
	return TCP_PSH;
}

/* Our FIN takes its sequence number; what follows from it (RFC 9293 3.10.4). */
static void
output_fin_sent(struct tcp *t, struct conn *c)
{
	if (c->flags & CONN_FIN_SENT)
		return;
	if (c->snd_nxt == c->snd_una)
		c->unacked_since = t->now_half;
	c->flags |= CONN_FIN_SENT;
	c->snd_nxt++;
	if (c->state == SPT_CLOSE_WAIT)
		c->state = SPT_LAST_ACK;
}

void
output_fin(struct tcp *t, struct conn *c, struct seg *s)
{
	if (!segment_send_bare(t, c, s, c->snd_nxt, TCP_FIN))
		return; /* it waits, as data does */
	output_fin_sent(t, c);
	if (!(c->timers & TIMER_RTX))
		retransmit_arm(t, c);
}

/* One segment of the range that a time-out wants again. False: no mbuf, the timer tries again. */
static bool
output_again(struct tcp *t, struct conn *c, struct xfer *x, uint32_t edge)
{
	uint32_t end = seq_min(x->rtx_end, x->snd_end);
	uint32_t len = RTE_MIN(end - x->rtx_nxt, (uint32_t)c->mss);
	struct rte_mbuf *m;
	uint8_t flags;

	t->stats->segments_retransmitted++;
	x->rtt_timed = 0;               /* Karn */
	if (x->rtx_nxt == x->snd_end) { /* only our FIN is left */
		segment_send_bare(t, c, NULL, x->snd_end, TCP_FIN);
		x->rtx_nxt = x->rtx_end;
		return true;
	}
	if (!x->rtx_at)
		x->rtx_at = x->sendq;
	while (seq_leq(link_of(t, x->rtx_at)->seq + link_of(t, x->rtx_at)->len, x->rtx_nxt))
		x->rtx_at = link_of(t, x->rtx_at)->next;
	len = RTE_MIN(len, edge - x->rtx_nxt);
	m = sendq_take(t, &x->rtx_at, x->rtx_nxt, len, output_header(c));
	if (!m)
		return false;
	flags = output_flags(c, x, x->rtx_nxt, len, edge) &
	        (c->flags & CONN_FIN_SENT ? 0xff : ~TCP_FIN);
	segment_send(t, c, m, x->rtx_nxt, flags);
	x->rtx_nxt += len;
	if (flags & TCP_FIN)
		x->rtx_nxt = x->rtx_end;
	return true;
}

/*
 * Whether 'len' bytes, fewer than a full segment, may go: RFC 9293 3.8.6.2.1, (2) to (4). Nagle's
 * algorithm adds to (2) and (3) that nothing is unacknowledged.
 */
static bool
output_small(const struct conn *c, const struct xfer *x, uint32_t len)
{
	bool all = c->snd_nxt + len == x->snd_end;
	bool nagle = !(c->flags & CONN_NODELAY) && c->snd_nxt != c->snd_una;

	if (all && !(c->flags & CONN_MORE) && (!nagle || (c->flags & CONN_FIN_QUEUED)))
		return true;
	if (!nagle && len >= c->snd_wnd_max / 2)
		return true;
	return c->flags & CONN_OVERRIDE;
}

/* One new segment, [SND.NXT, SND.NXT + len). False: no mbuf. */
static bool
output_new(struct tcp *t, struct conn *c, struct xfer *x, uint32_t len, uint32_t edge)
{
	uint32_t seq = c->snd_nxt;
	uint8_t flags = output_flags(c, x, seq, len, edge);
	struct rte_mbuf *m = sendq_take(t, &x->send_next, seq, len, output_header(c));

	if (!m)
		return false;
	if (c->snd_nxt == c->snd_una)
		c->unacked_since = t->now_half;
	c->snd_nxt += len;
	c->last_send = t->now_tick;
	if (!x->rtt_timed) {
		x->rtt_timed = 1;
		x->rtt_seq = c->snd_nxt;
		x->rtt_us = t->now_us;
	}
	if (flags & TCP_FIN)
		output_fin_sent(t, c);
	segment_send(t, c, m, seq, flags | SEGMENT_NEW);
	c->flags &= ~CONN_OVERRIDE;
	return true;
}

/* The range that a time-out wants again, as far as the congestion window goes. True: go on. */
static bool
output_retransmissions(struct tcp *t, struct conn *c, struct xfer *x)
{
	/* not congestion_window(): limited transmit is for what was never sent (RFC 3042) */
	uint32_t edge = c->snd_una + RTE_MAX(RTE_MIN(c->cwnd, c->snd_wnd), 1u);

	while (seq_lt(x->rtx_nxt, x->rtx_end)) {
		if (txlist_room(t->out) <= OUTPUT_RESERVE)
			return false;
		if (!seq_lt(x->rtx_nxt, edge) || !output_again(t, c, x, edge))
			break;
	}
	return true;
}

/* New data within the usable window. True: nothing more to be done now. */
static bool
output_data(struct tcp *t, struct conn *c, struct xfer *x)
{
	uint32_t edge;

	if (c->snd_nxt == c->snd_una)
		congestion_restart(t, c);
	edge = c->snd_una + RTE_MIN(c->snd_wnd, congestion_window(c));
	while (!(c->flags & CONN_FIN_SENT) && seq_lt(c->snd_nxt, x->snd_end)) {
		uint32_t unsent = x->snd_end - c->snd_nxt;
		uint32_t len;

		if (txlist_room(t->out) <= OUTPUT_RESERVE)
			return false;
		if (!seq_lt(c->snd_nxt, edge))
			break;
		len = RTE_MIN(RTE_MIN(unsent, edge - c->snd_nxt), (uint32_t)c->mss);
		if (len < c->mss && !output_small(c, x, len))
			break;
		if (!output_new(t, c, x, len, c->snd_una + c->snd_wnd))
			break;
	}
	return true;
}

/* Timers that follow from what is out and what is not. */
static void
output_timers(struct tcp *t, struct conn *c)
{
	const struct xfer *x = conn_xfer(t, c);
	bool unsent = (x && c->snd_nxt != x->snd_end && !(c->flags & CONN_FIN_SENT)) ||
	              (c->flags & (CONN_FIN_QUEUED | CONN_FIN_SENT)) == CONN_FIN_QUEUED;

	if (c->snd_nxt != c->snd_una) {
		/* what the persist timer does for an open window is done when something is sent */
		if (!(c->timers & TIMER_RTX) && (!(c->timers & TIMER_PERSIST) || c->snd_wnd > 0))
			retransmit_arm(t, c);
	} else if (unsent && !(c->timers & TIMER_PERSIST)) {
		if (c->snd_wnd == 0)
			persist_arm(t, c);
		else
			conn_timer_set(t, c, TIMER_PERSIST, OVERRIDE_DELAY);
	}
}

/* An acknowledgment that nothing carried: now, or after the delay (RFC 9293 3.8.6.3). */
void
output_ack(struct tcp *t, struct conn *c)
{
	uint32_t deadline;

	if (!(c->flags & (CONN_ACK_NOW | CONN_ACK_OWED)))
		return;
	if ((c->flags & CONN_ACK_NOW) || t->delack_tail - t->delack_head > t->delack_mask)
		segment_send_bare(t, c, NULL, conn_ack_seq(c), 0);
	/* Still owed: it may wait, or there was no mbuf and the delay tries again. */
	if (!(c->flags & (CONN_ACK_NOW | CONN_ACK_OWED)) || (c->timers & TIMER_DELACK) ||
	    t->delack_tail - t->delack_head > t->delack_mask)
		return;
	deadline = tcp_deadline(t, t->delayed_ack);
	c->t_delack = deadline;
	c->timers |= TIMER_DELACK;
	t->delack[t->delack_tail++ & t->delack_mask] = (struct delack){
	    .conn = conn_index(t, c), .generation = c->generation, .deadline = deadline};
}

/* False: the list is full, come back. */
bool
output_conn(struct tcp *t, struct conn *c)
{
	struct xfer *x = conn_xfer(t, c);

	if (unlikely(!conn_is_synchronized(c))) {
		connect_output(t, c); /* what was queued waits for the handshake */
		return true;
	}
	if (x && x->sendq) {
		if (seq_lt(x->rtx_nxt, x->rtx_end) && !output_retransmissions(t, c, x))
			return false;
		if (!seq_lt(x->rtx_nxt, x->rtx_end) && !output_data(t, c, x))
			return false;
	}
	if ((c->flags & (CONN_FIN_QUEUED | CONN_FIN_SENT)) == CONN_FIN_QUEUED &&
	    c->snd_nxt == conn_snd_end(t, c) && seq_lt(c->snd_nxt, c->snd_una + c->snd_wnd))
		output_fin(t, c, NULL);
	output_timers(t, c);
	output_ack(t, c);
	return true;
}

/*
 * RFC 9293 3.10.5: in CLOSING and LAST-ACK both have said all, in SYN-SENT nobody has; the TCB is
 * just deleted. Unless what the peer said is lost (3.6.1, SHLD-3).
 */
static void
output_abort(struct tcp *t, struct conn *c)
{
	if ((conn_said_all(c) && !(c->marks & MARK_LOST)) || c->state == SPT_SYN_SENT)
		conn_finish(t, c, -ECONNABORTED);
	else
		conn_abort(t, c, -ECONNABORTED);
}

bool
tcp_output_run(struct tcp *t)
{
	uint32_t end = t->output_tail;

	while (t->output_head != end) {
		uint32_t index = t->output[t->output_head & t->output_mask];
		struct conn *c = conn_at(t, index);

		if (txlist_room(t->out) <= OUTPUT_RESERVE)
			return true;
		if (t->output_tail - t->output_head > 2) {
			uint32_t ahead = t->output[(t->output_head + 2) & t->output_mask];

			rte_prefetch0(&conn_at(t, ahead)->node);
		}
		if (unlikely(c->marks & MARK_ABORT) && conn_is_open(c)) {
			t->stats->closed_aborted++;
			output_abort(t, c);
		} else if (conn_is_open(c)) {
			if (!output_conn(t, c))
				return true;
		} else if (c->marks & MARK_ENDED) {
			pool_put(&t->conns, index);
		}
		c->flags &= ~CONN_IN_OUTPUT;
		t->output_head++;
	}
	return false;
}

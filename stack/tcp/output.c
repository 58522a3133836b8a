/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What to send now, RFC 9293 3.8: what was lost, then new data within both windows,
 * FIN, or the acknowledgment that is owed. Nagle (3.7.4) and the sender's silly window
 * avoidance (3.8.6.2.1) decide over segments that are not full.
 */
#include "internal.h"

/* A partial segment may wait this long for company before it goes out alone (MUST-38, MUST-60). */
#define OVERRIDE_DELAY (200 * SPT_NS_PER_MS)

/* Link, IP and TCP bytes in front of the payload. */
static unsigned int
output_header(const struct tcp *t, const struct conn *c)
{
	return WIRE_ETH_LEN + (addr_is_v4(&c->key.raddr) ? WIRE_IP4_LEN : WIRE_IP6_LEN) +
	       (c->flags & CONN_TIMESTAMPS ? WIRE_TCP_LEN + 12 : WIRE_TCP_LEN) +
	       sack_option_len(t, c);
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

/* A segment went out for the first time; that a chunk was left, was seen before. */
static void
output_record(struct tcp *t, struct xfer *x, uint32_t seq, uint16_t len, uint8_t flags)
{
	bool pushed = scoreboard_push(&x->sb, &t->chunks, seq, len, t->now_us, flags);

	SPT_ASSERT(pushed);
	(void)pushed;
	x->prr_out += len;
}

void
output_fin(struct tcp *t, struct conn *c, struct seg *s)
{
	uint32_t seq = c->snd_nxt;
	struct xfer *x;

	if (c->xfer != POOL_NONE && !conn_has_chunk(t))
		return; /* it waits, as data does */
	if (!segment_send_bare(t, c, s, seq, TCP_FIN))
		return;
	output_fin_sent(t, c);
	x = conn_xfer(t, c); /* a DSACK that was told may have been all that it was for */
	if (x)
		output_record(t, x, seq, 1, SENT_FIN);
	if (!(c->timers & TIMER_RTX))
		retransmit_arm(t, c);
}

/* 's', where a walk over the records begins. */
static struct scoreboard_cursor
output_cursor(const struct tcp *t, const struct sent *s)
{
	const struct sent_chunk *chunk =
	    (const void *)((uintptr_t)s & ~(uintptr_t)(sizeof(*chunk) - 1));

	return (struct scoreboard_cursor){
	    .chunk = pool_index(&t->chunks, chunk), .slot = (uint8_t)(s - chunk->at)};
}

/*
 * Lost records after 's' that one segment of 'most' bytes holds as well, if the congestion window
 * lets them go: how many, and *end and *fin of them all. The last of them is split if need be.
 */
static unsigned int
output_gather(struct tcp *t, const struct conn *c, struct xfer *x, const struct sent *s,
    uint32_t most, uint32_t *end, bool *fin)
{
	struct scoreboard_cursor at = output_cursor(t, s);
	uint32_t seq = s->seq, room = RTE_MIN(conn_cwnd_room(c, x), most);
	unsigned int n = 0;

	*end = seq + s->len;
	*fin = s->flags & SENT_FIN;
	if (!(s->flags & SENT_LOST))
		return 0;
	while (!*fin && *end - seq < most) {
		struct sent *next = scoreboard_next(&t->chunks, &at);
		uint32_t left = most - (*end - seq);

		if (!next || !(next->flags & SENT_LOST))
			break;
		if (next->len - !!(next->flags & SENT_FIN) > (int64_t)room - (*end - seq) &&
		    !(room == most && scoreboard_split(&x->sb, &t->chunks, next, (uint16_t)left)))
			break;
		*end += next->len;
		*fin = next->flags & SENT_FIN;
		n++;
	}
	return n;
}

/* [seq, seq + len), and our FIN if it is to be, out of the queue. */
static bool
output_repeat(struct tcp *t, struct conn *c, struct xfer *x, uint32_t seq, uint32_t len, bool fin)
{
	unsigned int flags = seq + len == x->snd_end ? TCP_PSH : 0;
	struct rte_mbuf *m;

	if (len == 0)
		return segment_send_bare(t, c, NULL, seq, TCP_FIN);
	if (!x->rtx_at || seq_gt(link_of(t, x->rtx_at)->seq, seq))
		x->rtx_at = x->sendq;
	while (seq_leq(link_of(t, x->rtx_at)->seq + link_of(t, x->rtx_at)->len, seq))
		x->rtx_at = link_of(t, x->rtx_at)->next;
	m = sendq_take(t, &x->rtx_at, seq, len, output_header(t, c));
	if (!m)
		return false;
	segment_send(t, c, m, seq, fin ? flags | TCP_FIN : flags);
	return true;
}

/*
 * 's' is longer than a segment, and there is no chunk to split it for. The first 'most' bytes of it
 * go, once until they are acknowledged, which cuts it, or the timer expires: a segment in a round
 * trip, but it goes on.
 */
static bool
output_part(struct tcp *t, struct conn *c, struct xfer *x, struct sent *s, uint32_t most)
{
	t->stats->no_chunk++;
	if (!(s->flags & SENT_LOST) || (s->flags & SENT_PART) ||
	    !output_repeat(t, c, x, s->seq, most, false))
		return false;
	scoreboard_sent_part(s, t->now_us);
	recovery_sent_again(t, c, x, s->seq, most);
	return true;
}

bool
output_again(struct tcp *t, struct conn *c, struct xfer *x, struct sent *s)
{
	/* What is known to be missing goes wherever the edge is now (MAY-7), else it counts
	 * (SHLD-16). */
	bool beyond = x->recovery == RECOVERY_FAST && c->snd_wnd > 0;
	uint32_t edge = beyond ? c->snd_nxt : c->snd_una + RTE_MAX(c->snd_wnd, 1u);
	uint32_t seq = s->seq, end, most;
	struct scoreboard_cursor at;
	unsigned int more;
	bool fin;

	if (!seq_lt(seq, edge))
		return false;
	most = RTE_MIN((uint32_t)c->mss, edge - seq);
	if (s->len - !!(s->flags & SENT_FIN) > (int64_t)most &&
	    !scoreboard_split(&x->sb, &t->chunks, s, (uint16_t)most))
		return output_part(t, c, x, s, most);
	more = output_gather(t, c, x, s, most, &end, &fin);
	if (!output_repeat(t, c, x, seq, end - seq - fin, fin))
		return false;
	at = output_cursor(t, s);
	scoreboard_sent_again(&x->sb, s, t->now_us);
	for (; more > 0; more--)
		scoreboard_sent_again(&x->sb, scoreboard_next(&t->chunks, &at), t->now_us);
	recovery_sent_again(t, c, x, seq, end - seq);
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

/*
 * One that has some out leaves a chunk for each block that others may begin to use: peers with a
 * small MSS, which make many segments of an mbuf, take no more.
 */
static bool
output_has_chunk(struct tcp *t, const struct xfer *x)
{
	if (x->sb.tail_n < SENT_CHUNK || t->chunks.n_free > t->xfers.n_free)
		return true;
	if (x->sb.head == POOL_NONE)
		return conn_has_chunk(t);
	t->stats->no_chunk++;
	return false;
}

/* A segment of 'len' new bytes goes out: SND.NXT, and what is measured by it. */
static inline void
output_begins(const struct tcp *t, struct conn *c, struct xfer *x, uint32_t len)
{
	if (c->snd_nxt == c->snd_una)
		c->unacked_since = t->now_half;
	c->snd_nxt += len;
	c->last_send = t->now_tick;
	pmtu_sent(c, x, len);
	if (!x->rtt_timed) {
		x->rtt_timed = 1;
		x->rtt_seq = c->snd_nxt;
		x->rtt_us = t->now_us;
	}
}

bool
output_new(struct tcp *t, struct conn *c, struct xfer *x, uint32_t len)
{
	uint32_t seq = c->snd_nxt;
	unsigned int flags = output_flags(c, x, seq, len, c->snd_una + c->snd_wnd);
	bool fin = flags & TCP_FIN;
	struct rte_mbuf *m;

	if (!output_has_chunk(t, x))
		return false;
	m = sendq_take(t, &x->send_next, seq, len, output_header(t, c));
	if (!m)
		return false;
	output_begins(t, c, x, len);
	if (fin)
		output_fin_sent(t, c);
	output_record(t, x, seq, (uint16_t)(len + fin), fin ? SENT_FIN : 0);
	if (unlikely(c->features & FEATURE_CWR)) {
		c->features &= ~FEATURE_CWR;
		flags |= TCP_CWR;
	}
	segment_send(t, c, m, seq, flags | SEGMENT_NEW);
	c->flags &= ~CONN_OVERRIDE;
	return true;
}

/*
 * Whether new data may go as a large send now. The device repeats the header's fields in each
 * segment, so what only one of them may say forbids it: an urgent pointer, which counts from SEQ,
 * CWR (RFC 3168 6.1.2), and a DSACK (RFC 2883 4). Nor while a larger path MTU is tried: the
 * segments beside it tell of its loss.
 */
static bool
output_may_be_large(const struct conn *c, const struct xfer *x)
{
	return !(c->flags & CONN_URG_SEND) && !(c->features & FEATURE_CWR) && !x->dsack_due &&
	       !(x->path == PATH_SIZE && x->path_len > c->mss);
}

/* Records for so many segments, and a chunk is left for each block that others may begin to use. */
static bool
output_has_chunks(const struct tcp *t, const struct xfer *x, uint32_t segments)
{
	uint32_t slots = SENT_CHUNK - x->sb.tail_n;
	uint32_t chunks = segments > slots ? (segments - slots + SENT_CHUNK - 1) / SENT_CHUNK : 0;

	return t->chunks.n_free >= t->xfers.n_free + chunks;
}

/*
 * A large send of up to 'len' new bytes, which both windows allow, in segments of 'mss' that the
 * device cuts; a record for each of them, so recovery knows nothing of it. At most half of cwnd:
 * they go out at the rate of the line. Full segments only, none with FIN, which goes as always,
 * like what is left. False: not now.
 */
static __rte_noinline bool
output_large(struct tcp *t, struct conn *c, struct xfer *x, uint32_t len, uint32_t mss)
{
	uint32_t seq = c->snd_nxt, end;
	unsigned int flags;
	struct rte_mbuf *m;

	len = RTE_MIN(len, RTE_MIN(t->most, c->cwnd / 2));
	if (len < 2 * mss || !output_may_be_large(c, x))
		return false;
	len = sendq_span(t, x->send_next, seq, len, mss);
	if (output_flags(c, x, seq, len, c->snd_una + c->snd_wnd) & TCP_FIN)
		len -= mss;
	if (len < 2 * mss || !output_has_chunks(t, x, len / mss))
		return false;
	flags = output_flags(c, x, seq, len, c->snd_una + c->snd_wnd);
	m = sendq_take(t, &x->send_next, seq, len, output_header(t, c));
	if (!m)
		return false;
	output_begins(t, c, x, mss);
	for (end = seq + len; seq != end; seq += mss)
		output_record(t, x, seq, (uint16_t)mss, 0);
	c->snd_nxt = end;
	segment_send_large(t, c, m, end - len, flags | SEGMENT_NEW, mss);
	c->flags &= ~CONN_OVERRIDE;
	return true;
}

/* What is lost, as far as the congestion window goes. False: the list is full, come back. */
static bool
output_lost(struct tcp *t, struct conn *c, struct xfer *x)
{
	struct sent *s;

	while ((s = scoreboard_lost(&x->sb, &t->chunks))) {
		/*
		 * Whatever is in flight, a hole that a partial acknowledgment showed is filled (RFC
		 * 6582 3.2 step 3), and after a time-out the first one is sent (RFC 8985 6.3).
		 */
		bool now = x->recovery == RECOVERY_TIMEOUT
		               ? x->prr_out == 0
		               : x->recovery == RECOVERY_FAST && !(c->features & FEATURE_SACK);

		if (txlist_room(t->out) <= OUTPUT_RESERVE)
			return false;
		if (!now && conn_flight(x) > 0 &&
		    RTE_MIN((uint32_t)s->len, (uint32_t)c->mss) > conn_cwnd_room(c, x))
			break;
		if (!output_again(t, c, x, s))
			break;
	}
	return true;
}

/* New data within the usable window. True: nothing more to be done now. */
static bool
output_data(struct tcp *t, struct conn *c, struct xfer *x)
{
	uint32_t edge = c->snd_una + c->snd_wnd, mss = c->mss - sack_option_len(t, c);

	if (c->snd_nxt == c->snd_una)
		recovery_restart(t, c, x);
	if (unlikely(c->features & FEATURE_PATH) && !pmtu_try(t, c, x))
		return true;
	while (!(c->flags & CONN_FIN_SENT) && seq_lt(c->snd_nxt, x->snd_end)) {
		uint32_t room = conn_cwnd_room(c, x), len;

		if (txlist_room(t->out) <= OUTPUT_RESERVE)
			return false;
		if (!seq_lt(c->snd_nxt, edge) || room == 0)
			break;
		len = RTE_MIN(seq_min(x->snd_end, edge) - c->snd_nxt, room);
		if (unlikely(RTE_MIN(len, t->most) >= 2 * mss) && output_large(t, c, x, len, mss))
			continue;
		len = RTE_MIN(len, mss);
		if (len < mss && !output_small(c, x, len))
			break;
		if (!output_new(t, c, x, len))
			break;
	}
	return true;
}

/*
 * New data before what is lost (RFC 5682 2.1, step 2b), or, where there is none, not any more. A
 * FIN may have gone out meanwhile; it is none.
 */
static bool
output_forward(struct tcp *t, struct conn *c, struct xfer *x)
{
	if (!output_data(t, c, x))
		return false;
	if (seq_leq(c->snd_nxt - !!(c->flags & CONN_FIN_SENT), x->recover))
		x->forward = FORWARD_NONE;
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
	uint32_t before = c->snd_nxt;

	if (unlikely(!conn_is_synchronized(c))) {
		connect_output(t, c); /* what was queued waits for the handshake */
		return true;
	}
	if (x) {
		if (unlikely(x->forward == FORWARD_NEW) && !output_forward(t, c, x))
			return false;
		if (unlikely(x->sb.lost > 0) && x->forward != FORWARD_NEW && !output_lost(t, c, x))
			return false;
		if (x->sendq && x->sb.lost == 0 && !output_data(t, c, x))
			return false;
		x->limited = conn_flight(x) + c->mss >= c->cwnd;
	}
	if ((c->flags & (CONN_FIN_QUEUED | CONN_FIN_SENT)) == CONN_FIN_QUEUED &&
	    c->snd_nxt == conn_snd_end(t, c) && seq_lt(c->snd_nxt, c->snd_una + c->snd_wnd))
		output_fin(t, c, NULL);
	output_timers(t, c);
	if (x && c->snd_nxt != before)
		probe_arm(t, c, x);
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

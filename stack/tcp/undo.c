/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reductions that were made for nothing: what was taken for lost was late. It is found by the
 * Eifel detection (RFC 3522: the acknowledgment echoes a time before the retransmission), without
 * timestamps after a time-out by F-RTO (RFC 5682), or by DSACKs for all that was sent again (RFC
 * 3708); the response is RFC 4015's.
 */
#include "internal.h"

/* TSecr of less than this long ago is one of ours. */
#define ECHO_MS (UINT32_MAX / 2000)

bool
undo_echoed(const struct tcp *t, const struct conn *c, const struct seg *s, uint32_t *ms)
{
	if (!(c->flags & CONN_TIMESTAMPS) || !(s->options & SEG_HAS_TIMESTAMP) || s->tsecr == 0)
		return false;
	*ms = s->tsecr - c->ts_offset;
	return t->now_ms - *ms < ECHO_MS;
}

void
undo_begin(struct conn *c, struct xfer *x)
{
	x->undo = 1;
	x->undo_timed = 0;
	x->undo_retrans = 0;
	x->undo_cwnd = c->cwnd;
	x->undo_ssthresh = c->ssthresh;
	x->undo_una = c->snd_una;
	x->undo_cc = x->cc;
}

/*
 * [seq, end) is sent again. Of the first one the time counts, if it is the oldest: else what fills
 * the gap before it would be echoed (RFC 3522 3.2, RFC 7323 4.3).
 */
void
undo_sent_again(
    const struct tcp *t, const struct conn *c, struct xfer *x, uint32_t seq, uint32_t end)
{
	if (x->undo_retrans++ > 0)
		return;
	x->undo_timed = seq == c->snd_una;
	x->undo_tsval = conn_tsval(t, c);
	x->undo_seq = end;
}

/*
 * RFC 4015 3.2. The window opens at once as far as that is no burst, and by slow start to what it
 * was. After a time-out the RTT that was too long for the RTO is what it starts from.
 */
static void
undo_apply(struct tcp *t, struct conn *c, struct xfer *x, const struct acknowledgment *a)
{
	uint32_t burst = RTE_MIN(a->d.acked, congestion_initial_window(c->mss)), ms;

	t->stats->spurious_undone++;
	scoreboard_mark_none_lost(&x->sb, &t->chunks);
	if (x->recovery == RECOVERY_TIMEOUT && undo_echoed(t, c, a->s, &ms)) {
		uint32_t rtt = RTE_MAX(t->now_ms - ms, 1u) * 1000;

		c->srtt = RTE_MAX(c->srtt, rtt << 3);
		c->rttvar = RTE_MAX(c->rttvar, rtt << 1);
		c->backoff = 0;
	}
	x->undo = 0;
	x->forward = FORWARD_NONE;
	x->limited = 0; /* the window is another */
	x->recovery = RECOVERY_OPEN;
	x->dup_acks = 0;
	x->dup_bytes = 0;
	x->partial = 0;
	if (c->cwnd < x->undo_cwnd) {
		congestion_of(c)->undo(&x->cc, &x->undo_cc);
		c->cwnd = RTE_MAX(c->cwnd, RTE_MIN(x->undo_cwnd, conn_flight(x) + burst));
	}
	c->ssthresh = c->cwnd < x->undo_cwnd ? RTE_MAX(x->undo_ssthresh, x->undo_cwnd)
	                                     : RTE_MAX(x->undo_ssthresh, c->ssthresh);
	conn_want_output(t, c);
}

/* RFC 2883 5, RFC 3708: was all that was sent again since the reduction a duplicate? */
static bool
undo_by_dsack(const struct conn *c, struct xfer *x, const struct acknowledgment *a)
{
	if (!a->dsack || x->undo_retrans == 0 || seq_lt(a->dsack_start, x->undo_una) ||
	    seq_gt(a->dsack_end, c->snd_nxt))
		return false;
	return --x->undo_retrans == 0;
}

/*
 * RFC 5682 3.1, and 2.1 without SACK. Step 2: what acknowledges the first one, which was sent
 * again, but not all, lets new data go instead of what is lost. Step 3: if what comes next tells of
 * others that were sent once, and of nothing that was sent since, these were only late.
 */
static bool
undo_by_forward(const struct conn *c, struct xfer *x, const struct acknowledgment *a)
{
	bool sack = c->features & FEATURE_SACK;
	bool step3 = x->forward == FORWARD_NEW;
	uint32_t high = x->sb.sacked > 0 ? seq_max(c->snd_una, x->sb.high_sacked) : c->snd_una;

	if (!a->advances && !a->duplicate && a->d.news == 0)
		return false;
	if (!a->advances && !step3 && sack)
		return false; /* SACK blocks meanwhile tell nothing of the first one */
	x->forward = FORWARD_NONE;
	if (step3)
		return a->d.once.any && seq_leq(high, x->recover);
	if (a->advances && seq_lt(c->snd_una, x->recover))
		x->forward = FORWARD_NEW;
	return false;
}

void
undo_acknowledged(struct tcp *t, struct conn *c, struct xfer *x, const struct acknowledgment *a)
{
	bool spurious;

	/* A mark: whatever else is told, the reduction was not for nothing (RFC 4015 3.2). */
	if ((a->s->flags & TCP_ECE) && (c->features & FEATURE_ECN)) {
		x->undo = 0;
		return;
	}
	spurious = undo_by_dsack(c, x, a);
	if (a->advances && x->undo_timed && seq_geq(a->s->ack, x->undo_seq)) {
		uint32_t ms;

		x->undo_timed = 0;
		spurious |= undo_echoed(t, c, a->s, &ms) && seq_lt(a->s->tsecr, x->undo_tsval);
	}
	if (unlikely(x->forward != FORWARD_NONE))
		spurious |= undo_by_forward(c, x, a);
	if (spurious)
		undo_apply(t, c, x, a);
}

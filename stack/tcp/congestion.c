/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NewReno: slow start and congestion avoidance (RFC 5681), fast retransmit and fast
 * recovery (RFC 6582), limited transmit (RFC 3042), initial window of ten (RFC 6928).
 */
#include "internal.h"

#define DUPLICATES_FOR_LOSS 3

/* RFC 6928: min (10 * MSS, max (2 * MSS, 14600)). */
static uint32_t
congestion_initial(const struct conn *c)
{
	uint32_t mss = c->mss;

	return RTE_MIN(10 * mss, RTE_MAX(2 * mss, 14600u));
}

void
congestion_init(struct conn *c)
{
	c->cwnd = congestion_initial(c);
	c->ssthresh = UINT32_MAX / 2;
}

/* What may be in flight: the first two duplicates allow a segment each beyond cwnd. */
uint32_t
congestion_window(const struct conn *c)
{
	if (likely(c->dupacks == 0) || (c->flags & CONN_RECOVERY))
		return c->cwnd;
	return c->cwnd + RTE_MIN(c->dupacks, 2) * c->mss;
}

/* ssthresh by RFC 5681 3.1 (4); what limited transmit sent beyond cwnd does not count (3.2). */
static uint32_t
congestion_half_flight(const struct conn *c)
{
	return RTE_MAX(RTE_MIN(c->snd_nxt - c->snd_una, c->cwnd) / 2, 2u * c->mss);
}

/* RFC 5681 4.1: after an idle RTO nothing is known of the path any more. */
void
congestion_restart(struct tcp *t, struct conn *c)
{
	spt_time idle = (spt_time)(t->now_tick - c->last_send) << WHEEL_TICK_SHIFT;

	if (c->last_send != 0 && idle > retransmit_rto(t, c))
		c->cwnd = RTE_MIN(c->cwnd, congestion_initial(c));
}

/* RFC 6582 3.2 step 3: a partial acknowledgment shows the next hole, a full one ends recovery. */
static void
congestion_recover(struct tcp *t, struct conn *c, struct xfer *x, uint32_t acked)
{
	uint32_t flight = c->snd_nxt - c->snd_una;

	if (seq_geq(c->snd_una, x->recover)) {
		c->cwnd = RTE_MIN(c->ssthresh, RTE_MAX(flight, c->mss) + c->mss);
		c->flags &= ~CONN_RECOVERY;
		c->dupacks = 0;
		return;
	}
	c->cwnd -= RTE_MIN(acked, c->cwnd - c->mss);
	if (acked >= c->mss)
		c->cwnd += c->mss;
	retransmit_one(t, c, c->snd_una);
}

/* 'acked' new bytes of the 'flight' that was out. */
void
congestion_acked(struct tcp *t, struct conn *c, uint32_t acked, uint32_t flight)
{
	struct xfer *x = conn_xfer(t, c);

	if (unlikely(c->flags & CONN_RECOVERY) && x) {
		congestion_recover(t, c, x, acked);
		return;
	}
	c->dupacks = 0;
	if (x && seq_gt(c->snd_una, x->recover))
		x->recover = c->snd_una - 1; /* stays within half of the number space */
	if (flight + c->mss < c->cwnd)
		return; /* the window was not what held us back (RFC 7661's concern) */
	if (c->cwnd < c->ssthresh) {
		c->cwnd += RTE_MIN(acked, (uint32_t)c->mss);
		return;
	}
	if (!x)
		return;
	x->acked_ca += acked;
	if (x->acked_ca >= c->cwnd) {
		x->acked_ca -= c->cwnd;
		c->cwnd += c->mss;
	}
}

void
congestion_duplicate(struct tcp *t, struct conn *c)
{
	struct xfer *x = conn_xfer(t, c);

	if (!x || !x->sendq)
		return;
	if (c->dupacks < UINT8_MAX)
		c->dupacks++;
	if (c->flags & CONN_RECOVERY) {
		c->cwnd += c->mss; /* a segment has left the network */
	} else if (c->dupacks == DUPLICATES_FOR_LOSS && seq_gt(c->snd_una, x->recover)) {
		/* RFC 6582: only once for what was out at the last time-out or recovery */
		t->stats->fast_retransmits++;
		c->ssthresh = congestion_half_flight(c);
		c->cwnd = c->ssthresh + DUPLICATES_FOR_LOSS * c->mss;
		c->flags |= CONN_RECOVERY;
		x->recover = c->snd_nxt;
		retransmit_one(t, c, c->snd_una);
		retransmit_arm(t, c);
	}
	conn_want_output(t, c);
}

/* RFC 5681 3.1: at the first time-out of a segment. */
void
congestion_timeout(struct tcp *t, struct conn *c)
{
	c->ssthresh = congestion_half_flight(c);
}

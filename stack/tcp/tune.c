/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive window auto-tuning (dynamic right-sizing): a peer sends at most a window in a round
 * trip, so the window has to be larger than what it sends in one and the application reads. What
 * is measured is what was read in a round: from some instant to the first segment by which the peer
 * shows that it has heard of us after that. With timestamps it echoes a later TSval; without them
 * it sends beyond the right edge of that instant, which may take a slow peer many round trips:
 * then only the part of one counts, as long as the handshake took. Round trips below a millisecond
 * count as one, that is how finely timestamps tell.
 *
 * A transfer block holds it, of those that read 64 KiB, for as long as a round brings an eighth of
 * the window: who receives little, or has all the window there may be, needs none.
 */
#include "internal.h"

#define TUNE_READ_SHIFT 16   /* after each 64 KiB that are read it is asked whether to begin */
#define TUNE_LAST_SHIFT 13   /* the unit of xfer.tune_last, and what fits into it */
#define TUNE_LAST_MOST  2047 /* 16 MiB */
#define TUNE_RTT_MIN_US 1000
/* What an mbuf holds of a window, at least in the mean: more of them are not kept either. */
#define TUNE_MBUF_BYTES 1024

/*
 * What applications hold is theirs and not in our budget, but it is of our pool. While that is half
 * full there is no bound but the window; then each connection's may be as many bytes as mbufs are
 * free, a thousandth of what those hold, so that a thousand who do not read leave some for those
 * who do: they hold next to nothing.
 */
void
tune_share(struct tcp *t)
{
	uint64_t left = rte_mempool_avail_count(t->mbufs);

	t->held_most = UINT32_MAX;
	if (unlikely(left < t->mbufs->size / 2))
		t->held_most = (uint32_t)RTE_MIN(left, UINT32_MAX / 2);
}

/* The sequence number up to which the application has read. */
static uint32_t
tune_read_up_to(const struct conn *c)
{
	return c->rcv_nxt - (c->rcv_limit - (uint32_t)c->rcv_free);
}

/* Not more than the window field can tell, and than half of what the queues of others leave. */
static uint32_t
tune_most(const struct tcp *t, const struct conn *c)
{
	uint32_t most = conn_options(t, c)->set.receive_buffer_max;
	uint32_t left = t->pinned_limit > t->pinned ? (t->pinned_limit - t->pinned) / 2 : 0;

	most = RTE_MIN(most, (uint32_t)UINT16_MAX << conn_rcv_shift(c));
	return (uint32_t)RTE_MIN((uint64_t)most, (uint64_t)left * TUNE_MBUF_BYTES);
}

static void
tune_round(const struct tcp *t, const struct conn *c, struct xfer *x)
{
	x->tune_held = 0;
	x->tune_seq = tune_read_up_to(c);
	x->tune_until = c->flags & CONN_TIMESTAMPS ? conn_tsval(t, c) : c->rcv_adv;
	x->tune_ms = t->now_ms;
}

/* So much was read: is it worth a transfer block to look closer? */
void
tune_read(struct tcp *t, struct conn *c, uint32_t bytes)
{
	uint32_t read = tune_read_up_to(c) - c->irs;
	struct xfer *x = conn_xfer(t, c);

	if (likely((read - bytes) >> TUNE_READ_SHIFT == read >> TUNE_READ_SHIFT))
		return;
	if (c->rcv_limit >= tune_most(t, c) || (x && x->tuning))
		return;
	if (!(c->flags & CONN_TIMESTAMPS) && c->srtt == 0)
		return; /* nobody knows how long a round trip is */
	if (!x && !xfer_plenty(t))
		return;
	x = xfer_get(t, c);
	if (!x)
		return;
	x->tuning = 1;
	x->tune_last = 0;
	tune_round(t, c, x);
	x->tune_held = x->ooo != NULL; /* what waits came before the round */
}

/* Of what was read in a round the part of one round trip, and no more than one window. */
static uint32_t
tune_measured(const struct tcp *t, const struct conn *c, const struct xfer *x)
{
	uint32_t read = tune_read_up_to(c) - x->tune_seq;

	if (!(c->flags & CONN_TIMESTAMPS)) {
		uint32_t ms = (t->now_ms - x->tune_ms) & TUNE_MS_MASK;
		uint32_t rtt = RTE_MAX(c->srtt >> 3, (uint32_t)TUNE_RTT_MIN_US);
		uint64_t us = RTE_MAX((uint64_t)ms * 1000, rtt);

		read = (uint32_t)(read * (uint64_t)rtt / us);
	}
	return RTE_MIN(read, c->rcv_limit);
}

/*
 * Twice what a round brought, so that it is not the window that it was limited by; and as a sender
 * in slow start doubles what it sends twice before the window that is told now matters to it, as
 * much room again as it needs for that.
 */
static void
tune_grow(const struct tcp *t, struct conn *c, struct xfer *x, uint32_t read)
{
	uint32_t last = (uint32_t)x->tune_last << TUNE_LAST_SHIFT;
	uint64_t more = read > last ? RTE_MIN(4 * (uint64_t)(read - last), 2 * (uint64_t)read) : 0;
	uint64_t wanted = RTE_MIN(2 * (uint64_t)read + more, (uint64_t)tune_most(t, c));

	x->tune_last = RTE_MIN(read >> TUNE_LAST_SHIFT, (uint32_t)TUNE_LAST_MOST);
	if (wanted <= c->rcv_limit)
		return;
	c->rcv_free += (int32_t)((uint32_t)wanted - c->rcv_limit);
	c->rcv_limit = (uint32_t)wanted;
}

/*
 * What the application holds of earlier turns, half of the window or more: it is the application
 * that the peer waits for. What it reads at once after that says nothing of the path.
 */
static bool
tune_is_held(const struct tcp *t, const struct conn *c)
{
	return conn_held(t, c) >= c->rcv_limit / 2;
}

/* The peer has heard of the round's beginning. */
static bool
tune_is_over(const struct conn *c, const struct xfer *x, const struct seg *s)
{
	return c->flags & CONN_TIMESTAMPS ? seq_gt(s->tsecr, x->tune_until)
	                                  : seq_gt(c->rcv_nxt, x->tune_until);
}

/*
 * One that is closed again within the round changes nothing of what the round brings. Else its end
 * was not seen, and more was read than in a round trip.
 */
void
tune_gap(const struct conn *c, struct xfer *x, const struct seg *s)
{
	if (tune_is_over(c, x, s))
		x->tune_held = 1;
}

void
tune_arrived(struct tcp *t, struct conn *c, struct xfer *x, const struct seg *s)
{
	uint32_t read;

	if (unlikely(tune_is_held(t, c))) {
		x->tune_held = 1;
		return;
	}
	if (unlikely(x->tune_held)) {
		tune_round(t, c, x);
		return;
	}
	if (!tune_is_over(c, x, s))
		return;
	read = tune_measured(t, c, x);
	tune_grow(t, c, x, read);
	if (read >= c->rcv_limit / 8 && c->rcv_limit < tune_most(t, c)) {
		tune_round(t, c, x);
		return;
	}
	x->tuning = 0;
	xfer_put_if_idle(t, c);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss recovery: what an acknowledgment says of what is out, what of that is lost, and what the
 * congestion window does about it. With SACK loss is found by time (RACK, RFC 8985), without it by
 * duplicate and partial acknowledgments (RFC 6582, RFC 3042); both mark records of the scoreboard,
 * which output.c sends again. PRR (prr.c) governs sending until recovery is over.
 */
#include <rte_byteorder.h>

#include "internal.h"

#define DUPLICATES_FOR_LOSS 3

/* An undo, and a reduction by ECN, are forgotten before their numbers come round. */
#define REMEMBERED_BYTES (UINT32_C(1) << 30)

const struct congestion_algorithm *
congestion_of(const struct conn *c)
{
	return congestion_algorithms[c->congestion];
}

void
congestion_init(struct conn *c)
{
	c->cwnd = congestion_initial_window(c->mss);
	c->ssthresh = CONGESTION_SSTHRESH_INITIAL;
}

static struct congestion_event
congestion_event(const struct tcp *t, const struct conn *c)
{
	return (struct congestion_event){
	    .cwnd = c->cwnd,
	    .ssthresh = c->ssthresh,
	    .mss = c->mss,
	    .now_us = t->now_us,
	    .srtt_us = c->srtt >> 3,
	    .una = c->snd_una,
	    .nxt = c->snd_nxt,
	};
}

/* RFC 5681 4.1: after an idle RTO nothing is known of the path any more. */
void
recovery_restart(struct tcp *t, struct conn *c, struct xfer *x)
{
	spt_time idle = (spt_time)(t->now_tick - c->last_send) << WHEEL_TICK_SHIFT;

	congestion_of(c)->idle(&x->cc, t->now_us - x->acked_us);
	x->acked_us = t->now_us;
	if (c->last_send != 0 && idle > retransmit_rto(t, c))
		c->cwnd = RTE_MIN(c->cwnd, congestion_initial_window(c->mss));
}

/* ---- what an acknowledgment tells -------------------------------------------------- */

/* RFC 2883 5: the first block tells of a duplicate, if it is acknowledged or lies in the second. */
static bool
sack_is_duplicate(
    const struct acknowledgment *a, const struct wire_sack_block *block, unsigned int n)
{
	if (seq_leq(block[0].end, a->s->ack))
		return true;
	return n > 1 && seq_geq(block[0].start, block[1].start) &&
	       seq_leq(block[0].end, block[1].end);
}

/* Blocks that do not lie in what is out are not believed (RFC 2018 5.1). */
static void
recovery_sack(struct tcp *t, const struct conn *c, struct xfer *x, struct acknowledgment *a)
{
	struct wire_sack_block raw[4], block[4];
	const struct wire_sack_block *from;
	unsigned int n = RTE_MIN(a->s->sack_blocks, RTE_DIM(raw));

	from = rte_pktmbuf_read(a->s->m, a->s->l4_off + a->s->sack_off, n * sizeof(raw[0]), raw);
	for (unsigned int i = 0; from && i < n; i++) {
		memcpy(&block[i], &from[i], sizeof(block[i]));
		block[i].start = rte_be_to_cpu_32(block[i].start);
		block[i].end = rte_be_to_cpu_32(block[i].end);
	}
	for (unsigned int i = 0; from && i < n; i++) {
		t->stats->sack_blocks_received++;
		if (i == 0 && seq_lt(block[0].start, block[0].end) &&
		    sack_is_duplicate(a, block, n)) {
			a->dsack = true;
			a->dsack_start = block[0].start;
			a->dsack_end = block[0].end;
			t->stats->dsacks_received++;
		} else if (!seq_lt(block[i].start, block[i].end) ||
		           seq_lt(block[i].start, seq_max(a->s->ack, c->snd_una)) ||
		           seq_gt(block[i].end, c->snd_nxt)) {
			t->stats->sack_blocks_ignored++;
		} else {
			scoreboard_sack(&x->sb, &t->chunks, block[i].start, block[i].end, &a->d);
		}
	}
}

/*
 * Without SACK: an acknowledgment repairs one hole, what it covers beyond that are segments that
 * duplicates told of before (RFC 9937 6 on DeliveredData).
 */
static void
recovery_told_plain(const struct conn *c, struct xfer *x, struct acknowledgment *a)
{
	uint32_t known;

	if (x->recovery == RECOVERY_FAST) {
		known = a->d.acked - RTE_MIN(a->d.acked, (uint32_t)c->mss);
		known = RTE_MIN(known, x->dup_bytes);
	} else {
		known = x->dup_bytes;
		x->dup_acks = 0;
	}
	x->dup_bytes -= known;
	a->d.news -= RTE_MIN(known, a->d.news);
	x->dup_bytes = RTE_MIN(x->dup_bytes, scoreboard_flight(&x->sb));
}

void
recovery_told(struct tcp *t, struct conn *c, struct xfer *x, struct acknowledgment *a)
{
	a->flight = conn_flight(x);
	a->told = x->sb.sacked + x->dup_bytes;
	if (a->advances)
		scoreboard_ack(&x->sb, &t->chunks, a->s->ack, &a->d);
	if (unlikely(a->s->options & SEG_HAS_SACK) && (c->features & FEATURE_SACK))
		recovery_sack(t, c, x, a);
	if (unlikely(x->dup_acks > 0) && a->advances)
		recovery_told_plain(c, x, a);
}

/* ---- the states --------------------------------------------------------------------- */

/* A congestion event that no recovery follows, or the begin of one: ssthresh. */
static void
recovery_reduce(struct tcp *t, struct conn *c, struct xfer *x, uint32_t flight, bool ecn)
{
	struct congestion_event e = congestion_event(t, c);

	e.flight = flight;
	congestion_of(c)->reduce(&x->cc, &e, ecn);
	c->ssthresh = e.ssthresh;
	if (c->features & FEATURE_ECN)
		c->features |= FEATURE_CWR; /* for whatever reason (RFC 3168 6.1.2) */
}

/*
 * RFC 5681 4.3: the loss of a retransmission is one more indication of congestion. Once for all
 * that were sent again equally often: those of a round trip. And so is loss in the next window, of
 * what went out since recovery began, which goes on with it (RFC 6675 5: a new phase).
 */
static bool
recovery_lost_again(struct tcp *t, const struct conn *c, struct xfer *x)
{
	uint32_t left = x->sb.lost;
	struct scoreboard_cursor at;
	uint8_t tries = x->relost;
	bool next = false;

	for (struct sent *s = scoreboard_begin(&x->sb, &t->chunks, &at); s && left > 0;
	     s = scoreboard_next(&t->chunks, &at)) {
		if (!(s->flags & SENT_LOST))
			continue;
		left -= s->len;
		if (s->flags & SENT_AGAIN)
			tries = RTE_MAX(tries, s->tries);
		next |= seq_geq(s->seq, x->recover);
	}
	if (next) {
		x->recover = c->snd_nxt;
		x->undo_timed = 0; /* of this one the first retransmission tells nothing */
	}
	if (tries == x->relost && !next)
		return false;
	x->relost = tries;
	return true;
}

/* The window that recovery is to end with shrinks once more. */
static void
recovery_reduce_again(struct tcp *t, struct conn *c, struct xfer *x, uint32_t flight)
{
	c->cwnd = c->ssthresh;
	recovery_reduce(t, c, x, c->ssthresh, false);
	prr_begin(x, flight);
}

/*
 * FAST, or CWR, begins. 'out' was SND.NXT - SND.UNA before, 'told' of that what was known to have
 * arrived. Where the window was full when we last sent, what is missing in it left with the
 * acknowledgments of this turn, which nothing was sent for yet: it is of the flight that shrinks
 * (RFC 9438 4.6 has cwnd for it), and PRR counts it as delivered. Loss while the window shrinks
 * already for ECN is one event with it (RFC 3168 6.1.2).
 */
static void
recovery_enter(struct tcp *t, struct conn *c, struct xfer *x, enum recovery_state state,
    uint32_t out, uint32_t told)
{
	uint32_t flight = out - told, window = x->limited ? RTE_MAX(flight, c->cwnd) : flight;

	if (x->recovery == RECOVERY_OPEN) {
		undo_begin(c, x);
		recovery_reduce(t, c, x, RTE_MAX(out, window), state == RECOVERY_CWR);
	}
	prr_begin(x, window); /* anew after CWR: fast retransmit is not put off */
	x->prr_delivered = window - flight;
	if (state == RECOVERY_FAST) {
		t->stats->fast_recoveries++;
		x->learned = 1;
		tlp_reset(&x->rack);
		if (!(c->timers & TIMER_REORDER)) /* what is late only, is waited for as well */
			retransmit_arm(t, c);
	}
	if (state == RECOVERY_CWR || x->recovery == RECOVERY_CWR)
		x->undo = 0; /* the mark was no error */
	x->recovery = state;
	x->recover = c->snd_nxt;
	x->partial = 0;
	x->relost = 0;
	(void)recovery_lost_again(t, c, x); /* what is lost by now is reason for one reduction */
}

/* 'lost' was found lost just now. 'out' and 'told' as recovery_enter() has them. */
static void
recovery_lost(
    struct tcp *t, struct conn *c, struct xfer *x, uint32_t lost, uint32_t out, uint32_t told)
{
	if (likely(lost == 0))
		return;
	if (x->recovery == RECOVERY_OPEN || x->recovery == RECOVERY_CWR)
		recovery_enter(t, c, x, RECOVERY_FAST, out, told);
	else if (x->recovery == RECOVERY_FAST && (c->features & FEATURE_SACK) &&
	         recovery_lost_again(t, c, x))
		recovery_reduce_again(t, c, x, conn_flight(x) + lost);
}

/* All of what was out when it began is acknowledged. */
static void
recovery_leave(struct conn *c, struct xfer *x)
{
	if (x->recovery == RECOVERY_FAST || x->recovery == RECOVERY_CWR)
		c->cwnd = c->ssthresh; /* RFC 9937 6: the end of a PRR episode */
	if (x->recovery == RECOVERY_FAST || x->recovery == RECOVERY_TIMEOUT)
		rack_recovery_ended(&x->rack);
	x->recovery = RECOVERY_OPEN;
	x->dup_acks = 0;
	x->dup_bytes = 0;
	x->partial = 0;
}

/* What was noted of numbers that are acknowledged. */
static void
recovery_advanced(struct conn *c, struct xfer *x)
{
	if (x->recovery != RECOVERY_OPEN && seq_geq(c->snd_una, x->recover))
		recovery_leave(c, x);
	if (seq_gt(c->snd_una, x->recover))
		x->recover = c->snd_una - 1; /* stays within half of the number space */
	/* CWR stands on what comes next: until that is acknowledged ECE is the one before */
	if ((c->features & FEATURE_ECN_REDUCED) && seq_gt(c->snd_una, x->ecn_end))
		c->features &= ~FEATURE_ECN_REDUCED;
	if (x->undo && c->snd_una - x->undo_una > REMEMBERED_BYTES)
		x->undo = 0;
}

/* ---- loss, without SACK ------------------------------------------------------------------ */

/* Duplicates tell of segments, not which: at most all that is in flight, but for the hole. */
static void
recovery_left(struct tcp *t, struct xfer *x, uint32_t bytes)
{
	const struct sent *first = scoreboard_first(&x->sb, &t->chunks);
	uint32_t most = scoreboard_flight(&x->sb);

	if (!(first->flags & SENT_LOST))
		most -= first->len;
	x->dup_bytes = RTE_MIN(bytes, most);
}

/* The first is lost: returns its bytes. */
static uint32_t
recovery_first_lost(struct tcp *t, struct xfer *x)
{
	struct sent *first = scoreboard_first(&x->sb, &t->chunks);

	if (first->flags & (SENT_LOST | SENT_SACKED))
		return 0;
	scoreboard_mark_lost(&x->sb, &t->chunks, first);
	x->dup_bytes = RTE_MIN(x->dup_bytes, scoreboard_flight(&x->sb));
	return first->len;
}

/*
 * RFC 5681 3.2, RFC 6582 3.2, RFC 3042. Returns what is lost by it; *delivered: what it told of.
 * What the retransmissions of a time-out draw tells nothing.
 */
static uint32_t
recovery_duplicate(struct tcp *t, struct conn *c, struct xfer *x, uint32_t *delivered)
{
	uint32_t before = x->dup_bytes;

	if (x->recovery == RECOVERY_TIMEOUT || x->sb.bytes == 0)
		return 0;
	if (x->dup_acks < UINT8_MAX)
		x->dup_acks++;
	if (x->recovery == RECOVERY_FAST) {
		recovery_left(t, x, x->dup_bytes + c->mss);
		*delivered = x->dup_bytes - before;
		return 0;
	}
	/* only once for what was out at the last time-out or recovery */
	if (x->dup_acks < DUPLICATES_FOR_LOSS || !seq_gt(c->snd_una, x->recover)) {
		recovery_left(t, x, RTE_MIN(x->dup_acks, DUPLICATES_FOR_LOSS - 1) * c->mss);
		return 0;
	}
	t->stats->fast_retransmits++;
	recovery_left(t, x, x->dup_acks * c->mss);
	*delivered = c->mss;
	return recovery_first_lost(t, x);
}

/* ---- loss, with SACK ----------------------------------------------------------------------- */

static struct rack_ack
recovery_rack_ack(
    const struct tcp *t, const struct conn *c, const struct xfer *x, const struct acknowledgment *a)
{
	struct rack_ack r = {
	    .now_us = t->now_us,
	    .srtt_us = c->srtt >> 3,
	    .una = c->snd_una,
	    .nxt = c->snd_nxt,
	    .mss = c->mss,
	    .in_recovery = x->recovery == RECOVERY_FAST || x->recovery == RECOVERY_TIMEOUT,
	    .sacked = x->sb.segments,
	};
	uint32_t ms;

	if (!a)
		return r;
	r.dsack = a->dsack;
	if (undo_echoed(t, c, a->s, &ms)) {
		r.tsecr_valid = true;
		r.tsecr_us = ms * 1000 + 999;
	}
	return r;
}

/* RFC 8985 7.4: an acknowledgment of a probe; where it repaired a loss, that is congestion. */
static void
recovery_probed(struct tcp *t, struct conn *c, struct xfer *x, const struct acknowledgment *a)
{
	bool plain = a->s->len == 0 && !(a->s->options & SEG_HAS_SACK);
	bool dsack = a->dsack && a->dsack_end == x->rack.tlp_end_seq;

	if (!tlp_process_ack(&x->rack, a->s->ack, dsack, a->advances, plain))
		return;
	t->stats->tlp_recovered++;
	if (x->recovery != RECOVERY_OPEN)
		return;
	x->undo = 0;                              /* it was right */
	recovery_reduce(t, c, x, c->cwnd, false); /* what was in flight then, is not known */
	c->cwnd = RTE_MIN(c->cwnd, c->ssthresh);
}

/* RFC 8985 6.2 step 5. Returns what is newly lost; the reordering timer is set for what may be. */
static uint32_t
recovery_detect(struct tcp *t, struct conn *c, struct xfer *x, const struct acknowledgment *a)
{
	struct rack_ack r = recovery_rack_ack(t, c, x, a);
	uint32_t lost = 0, wait;

	timer_only_rto(c, x);
	if (x->sb.bytes == 0)
		return 0;
	wait = rack_detect_loss(
	    &x->rack, &x->sb, &t->chunks, t->now_us, rack_reo_wnd(&x->rack, &r), &lost);
	if (wait > 0)
		timer_before_rto(t, c, x, TIMER_REORDER, wait);
	if (unlikely(lost > 0) && x->path == PATH_SIZE)
		return pmtu_tried(t, c, x, lost);
	return lost;
}

/* What RACK waited for did not come. */
void
reorder_expired(struct tcp *t, struct conn *c)
{
	struct xfer *x = conn_xfer(t, c);
	uint32_t out = c->snd_nxt - c->snd_una, told = x->sb.sacked;
	uint32_t lost = recovery_detect(t, c, x, NULL);

	if (lost == 0)
		return;
	t->stats->rack_lost += lost;
	recovery_lost(t, c, x, lost, out, told);
	if (x->recovery == RECOVERY_FAST)
		prr_acknowledged(c, x, 0, false);
	conn_want_output(t, c);
}

/* ---- the acknowledgment ---------------------------------------------------------------------- */

/*
 * ECE, RFC 3168 6.1.2: once for what was out at the last reduction, though it be nothing: the peer
 * repeats it until CWR comes (6.1.3).
 */
static void
recovery_ecn(struct tcp *t, struct conn *c, struct xfer *x, const struct acknowledgment *a)
{
	if (c->features & FEATURE_ECN_REDUCED)
		return;
	x->ecn_end = c->snd_nxt;
	c->features |= FEATURE_CWR | FEATURE_ECN_REDUCED;
	if (x->recovery != RECOVERY_OPEN) {
		x->undo = 0; /* it was reduced in this window already, and rightly so */
		return;
	}
	t->stats->ecn_reductions++;
	recovery_enter(t, c, x, RECOVERY_CWR, a->out, a->told);
	if (c->snd_una == c->snd_nxt)
		recovery_leave(c, x);
}

/*
 * Slow start and congestion avoidance. Where the window was not what held us back it does not grow
 * (RFC 7661's concern), nor does the time count.
 */
static void
recovery_grow(struct tcp *t, struct conn *c, struct xfer *x, const struct acknowledgment *a)
{
	const struct congestion_algorithm *algorithm = congestion_of(c);
	struct congestion_event e;

	if (!x->limited) {
		algorithm->idle(&x->cc, t->now_us - x->acked_us);
		return;
	}
	e = congestion_event(t, c);
	e.acked = a->data;
	e.flight = a->flight;
	if (a->d.once.any)
		e.rtt_us = RTE_MAX(t->now_us - a->d.once.us, 1u);
	algorithm->acked(&x->cc, &e);
	c->cwnd = e.cwnd;
	c->ssthresh = e.ssthresh;
}

/* What is newly lost by it. */
static uint32_t
recovery_losses(struct tcp *t, struct conn *c, struct xfer *x, const struct acknowledgment *a,
    uint32_t *delivered)
{
	uint32_t lost;

	if (c->features & FEATURE_SACK) {
		lost = recovery_detect(t, c, x, a);
		t->stats->rack_lost += lost;
		return lost;
	}
	if (a->duplicate)
		return recovery_duplicate(t, c, x, delivered);
	if (!a->advances || x->recovery != RECOVERY_FAST)
		return 0;
	x->partial = 1; /* RFC 6582 3.2 step 3: it shows the next hole */
	return recovery_first_lost(t, x);
}

void
recovery_acknowledged(struct tcp *t, struct conn *c, struct xfer *x, const struct acknowledgment *a)
{
	bool grow =
	    a->data > 0 && (x->recovery == RECOVERY_OPEN || x->recovery == RECOVERY_TIMEOUT);
	uint32_t delivered = a->d.news, lost;

	if (c->features & FEATURE_SACK) {
		struct rack_ack r = recovery_rack_ack(t, c, x, a);

		rack_update(&x->rack, &r, &a->d);
		x->learned |= x->rack.reordering_seen;
		if (unlikely(x->rack.tlp_out))
			recovery_probed(t, c, x, a);
	}
	if (unlikely(x->undo))
		undo_acknowledged(t, c, x, a);
	if (a->advances)
		recovery_advanced(c, x);
	lost = recovery_losses(t, c, x, a, &delivered);
	recovery_lost(t, c, x, lost, a->out, a->told);
	if (unlikely(a->s->flags & TCP_ECE) && (c->features & FEATURE_ECN) && !a->old) {
		recovery_ecn(t, c, x, a);
		grow = false;
	}
	if (unlikely(x->recovery == RECOVERY_FAST || x->recovery == RECOVERY_CWR))
		prr_acknowledged(c, x, delivered, a->advances && lost == 0);
	else if (grow)
		recovery_grow(t, c, x, a);
	if (a->advances)
		x->acked_us = t->now_us;
	if (c->features & FEATURE_SACK)
		probe_arm(t, c, x);
	if (!a->advances || x->sb.lost > 0)
		conn_want_output(t, c);
}

/* ---- sending again ------------------------------------------------------------------------------
 */

/*
 * RFC 5681 3.1, RFC 8985 6.3. Where the first one is SACKed the receiver has let it go, and what it
 * said is not believed any more (RFC 2018 8).
 */
void
recovery_timeout(struct tcp *t, struct conn *c, struct xfer *x, bool first)
{
	struct rack_ack r = recovery_rack_ack(t, c, x, NULL);
	const struct sent *oldest = scoreboard_first(&x->sb, &t->chunks);

	if (x->recovery == RECOVERY_OPEN)
		undo_begin(c, x);
	else if (first || x->recovery != RECOVERY_TIMEOUT)
		x->undo = 0;
	if (first) {
		struct congestion_event e = congestion_event(t, c);

		e.flight = c->snd_nxt - c->snd_una;
		congestion_of(c)->timeout(&x->cc, &e);
		c->ssthresh = e.ssthresh;
		if (c->features & FEATURE_ECN)
			c->features |= FEATURE_CWR;
	}
	if (oldest && (oldest->flags & SENT_SACKED)) {
		t->stats->reneged++;
		scoreboard_mark_all_lost(&x->sb, &t->chunks, true);
	} else if (c->features & FEATURE_SACK) {
		scoreboard_part_lost(&x->sb, &t->chunks);
		rack_timeout(&x->rack, &x->sb, &t->chunks, t->now_us, rack_reo_wnd(&x->rack, &r));
	} else {
		scoreboard_mark_all_lost(&x->sb, &t->chunks, false);
	}
	c->cwnd = c->mss;
	x->recovery = RECOVERY_TIMEOUT;
	x->recover = c->snd_nxt;
	x->learned = 1;
	tlp_reset(&x->rack);
	x->dup_acks = 0;
	x->dup_bytes = 0;
	x->partial = 0;
	x->prr_out = 0;
	x->rtt_timed = 0; /* Karn */
	x->forward = x->undo && !(c->flags & CONN_TIMESTAMPS) ? FORWARD_SENT : FORWARD_NONE;
	conn_want_output(t, c);
}

void
recovery_resend(struct tcp *t, struct xfer *x)
{
	scoreboard_mark_all_lost(&x->sb, &t->chunks, false);
	x->forward = FORWARD_NONE; /* what is answered from now on was sent again */
	x->dup_acks = 0;
	x->dup_bytes = 0;
	x->rtt_timed = 0;
}

void
recovery_sent_again(struct tcp *t, struct conn *c, struct xfer *x, uint32_t seq, uint32_t len)
{
	t->stats->segments_retransmitted++;
	x->rtt_timed = 0; /* Karn */
	x->prr_out += len;
	if (x->path == PATH_SIZE)
		pmtu_sent_again(t, c, x, seq, len);
	if (x->undo)
		undo_sent_again(t, c, x, seq, seq + len);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Time: what a turn's clock means to TCP, which deadlines have come, and when the next one does. */
#include "internal.h"

/* Unit in which TS.Recent ages: 19.5 hours. */
#define EPOCH_SHIFT 46

/*
 * Most ticks from one turn to the next, 29 hours: longer than any timer, and less than the 39 hours
 * that can be told from the future. After a longer pause the rest of it is left out of the ticks,
 * so that all deadlines have passed, each once.
 */
#define TICKS_A_TURN (UINT32_C(3) << 29)

void
tcp_set_now(struct tcp *t, spt_time now)
{
	int64_t ticks = (int64_t)((now >> WHEEL_TICK_SHIFT) - (t->now >> WHEEL_TICK_SHIFT));
	uint32_t ms = (uint32_t)(now / SPT_NS_PER_MS);

	SPT_ASSERT(now >= t->now);
	if (unlikely(ticks > (int64_t)TICKS_A_TURN)) /* signed: a clock that went back skips none */
		t->skipped += (uint32_t)(ticks - TICKS_A_TURN);
	t->turn++;
	t->now = now;
	t->now_tick = wheel_ticks(now) - t->skipped;
	t->now_half = (uint32_t)(now >> HALF_TICK_SHIFT) - (t->skipped << 1);
	t->now_us = (uint32_t)(now / SPT_NS_PER_US);
	if (unlikely(ms != t->now_ms) && likely(t->mbufs))
		tune_share(t);
	t->now_ms = ms;
	t->now_epoch = (uint8_t)(now >> EPOCH_SHIFT);
	syncookie_set_now(&t->cookie, now);
}

static bool
timer_due(const struct tcp *t, const struct conn *c, unsigned int which, uint32_t deadline)
{
	return (c->timers & which) && seq_leq(deadline, t->now_tick);
}

static void
space_expired(struct tcp *t, struct conn *c)
{
	conn_timer_clear(c, TIMER_SPACE);
	acknowledge_space(t, c);
}

/* The node of a connection came out of the wheel: look at the true deadlines. */
static void
conn_timers(struct tcp *t, struct conn *c)
{
	if (timer_due(t, c, TIMER_REORDER, c->t_rtx))
		reorder_expired(t, c);
	else if (timer_due(t, c, TIMER_PROBE, c->t_rtx))
		probe_expired(t, c);
	else if (timer_due(t, c, TIMER_RTX, c->t_rtx))
		(conn_is_synchronized(c) ? retransmit_expired : connect_expired)(t, c);
	else if (timer_due(t, c, TIMER_PERSIST, c->t_rtx))
		persist_expired(t, c);
	else if (timer_due(t, c, TIMER_SPACE, c->t_rtx))
		space_expired(t, c);
	if (conn_is_open(c) && timer_due(t, c, TIMER_IDLE, c->t_idle))
		idle_expired(t, c);
	if (!conn_is_open(c))
		return;
	if (c->timers & TIMERS_OF_RTX)
		conn_wheel(t, c, c->t_rtx);
	if (c->timers & TIMER_IDLE)
		conn_wheel(t, c, c->t_idle);
}

static bool
delack_valid(const struct tcp *t, const struct delack *d, const struct conn *c)
{
	return c->generation == d->generation && (c->timers & TIMER_DELACK) &&
	       c->t_delack == d->deadline && conn_is_open(c);
}

static void
delack_timers(struct tcp *t)
{
	unsigned int budget = TIMER_BUDGET;

	while (t->delack_head != t->delack_tail && budget > 0) {
		const struct delack *d = &t->delack[t->delack_head & t->delack_mask];
		struct conn *c = conn_at(t, d->conn);

		if (seq_gt(d->deadline, t->now_tick))
			return;
		t->delack_head++;
		if (!delack_valid(t, d, c))
			continue;
		budget--;
		conn_timer_clear(c, TIMER_DELACK);
		if (unlikely(c->flags & CONN_WITHHELD) && conn_is_pressed(t, c)) {
			output_ack(t, c); /* later, again */
			continue;
		}
		t->stats->acks_delayed++;
		c->flags |= CONN_ACK_NOW;
		output_ack(t, c);
	}
}

void
tcp_timers_run(struct tcp *t)
{
	uint32_t due[TIMER_BUDGET];
	unsigned int n = wheel_advance(&t->wheel, t->now_tick, due, TIMER_BUDGET);

	for (unsigned int i = 0; i < n; i++)
		conn_timers(t, conn_at(t, due[i]));
	delack_timers(t);
	half_open_timers(t);
	time_wait_timers(t);
	cookie_timers(t);
}

/* Nanoseconds at which tick 'deadline' begins, in the past or within 39 hours. */
static spt_time
tick_to_time(const struct tcp *t, uint32_t deadline)
{
	int64_t ahead = (int32_t)(deadline - t->now_tick);

	return (spt_time)((int64_t)(t->now >> WHEEL_TICK_SHIFT) + ahead) << WHEEL_TICK_SHIFT;
}

spt_time
tcp_next_deadline(const struct tcp *t)
{
	spt_time next = cookie_deadline(t);
	uint32_t tick;

	if (t->output_head != t->output_tail || t->ready_head != POOL_NONE)
		return t->now;
	if (wheel_next(&t->wheel, &tick))
		next = tick_to_time(t, tick);
	if (t->delack_head != t->delack_tail) {
		tick = t->delack[t->delack_head & t->delack_mask].deadline;
		next = RTE_MIN(next, tick_to_time(t, tick));
	}
	for (unsigned int step = 0; step <= t->syn_ack_retries; step++) {
		const struct half_open *h;

		if (t->syn_ack[step].head == POOL_NONE)
			continue;
		h = half_open_at(t, t->syn_ack[step].head);
		next = RTE_MIN(next, tick_to_time(t, h->expires));
	}
	if (t->time_wait_fifo.head != POOL_NONE) {
		const struct time_wait *w = time_wait_at(t, t->time_wait_fifo.head);

		next = RTE_MIN(next, tick_to_time(t, w->expires));
	}
	return next;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ends a silent connection: keep-alive (RFC 9293 3.8.4), the bound of FIN-WAIT-2
 * after close, and a service's idle time-out. One deadline serves them all; it is a lower bound,
 * looked at when it comes, so a received segment costs one store.
 */
#include "internal.h"

/* After a tick that was rounded down: one more, so that nothing is early (MUST-28). */
static uint32_t
ms_to_ticks(uint32_t ms)
{
	return (uint32_t)((ms * SPT_NS_PER_MS + (1 << WHEEL_TICK_SHIFT) - 1) >> WHEEL_TICK_SHIFT) +
	       1;
}

static bool
fin_wait2_bounded(const struct conn *c)
{
	return c->state == SPT_FIN_WAIT_2 && (c->flags & CONN_APP_CLOSED);
}

/*
 * Probes without an answer since the last segment received. Nothing arrived in the tick of a probe
 * before it, so what has that tick came after it.
 */
static bool
keepalive_unanswered(const struct conn *c)
{
	return c->keepalive_probes > 0 && seq_lt(c->last_rcv, c->idle_since);
}

/* The tick at which the next keep-alive probe, or the end, is due. */
static uint32_t
keepalive_due(const struct conn *c, const struct option_block *o)
{
	if (keepalive_unanswered(c))
		return c->idle_since + ms_to_ticks(o->set.keepalive_interval_ms);
	return c->last_rcv + ms_to_ticks(o->set.keepalive_idle_ms);
}

static void
idle_earlier(struct conn *c, uint32_t deadline)
{
	if (!(c->timers & TIMER_IDLE) || seq_lt(deadline, c->t_idle))
		c->t_idle = deadline;
	c->timers |= TIMER_IDLE;
}

/* Arm for the earliest of what is wanted; called when that may have changed. */
void
idle_arm(struct tcp *t, struct conn *c)
{
	const struct option_block *o = conn_options(t, c);

	conn_timer_clear(c, TIMER_IDLE);
	if (!conn_is_synchronized(c))
		return;
	if (fin_wait2_bounded(c))
		idle_earlier(c, c->idle_since + ms_to_ticks(o->set.fin_wait2_ms));
	if (o->set.idle_timeout_ms)
		idle_earlier(c, c->last_rcv + ms_to_ticks(o->set.idle_timeout_ms));
	if (o->set.keepalive && !fin_wait2_bounded(c)) {
		uint32_t due = keepalive_due(c, o);

		if (seq_leq(due, t->now_tick)) /* data is in flight: its own timer decides */
			due = t->now_tick + ms_to_ticks(o->set.keepalive_interval_ms);
		idle_earlier(c, due);
	}
	if (c->timers & TIMER_IDLE)
		conn_wheel(t, c, c->t_idle);
}

/* MUST-26, MUST-29, SHLD-12: one octet below the window, no data, several before giving up. */
static void
keepalive_expired(struct tcp *t, struct conn *c, const struct option_block *o)
{
	if (!keepalive_unanswered(c))
		c->keepalive_probes = 0;
	if (c->snd_nxt != c->snd_una)
		return;
	if (c->keepalive_probes >= o->set.keepalive_probes) {
		t->stats->closed_timed_out++;
		conn_abort(t, c, -ETIMEDOUT);
		return;
	}
	c->keepalive_probes++;
	c->idle_since = t->now_tick;
	t->stats->keepalive_probes++;
	segment_send_bare(t, c, NULL, c->snd_una - 1, 0);
}

void
idle_expired(struct tcp *t, struct conn *c)
{
	const struct option_block *o = conn_options(t, c);

	if (fin_wait2_bounded(c) &&
	    seq_leq(c->idle_since + ms_to_ticks(o->set.fin_wait2_ms), t->now_tick)) {
		t->stats->closed_timed_out++;
		conn_finish(t, c, -ETIMEDOUT);
		return;
	}
	if (o->set.idle_timeout_ms &&
	    seq_leq(c->last_rcv + ms_to_ticks(o->set.idle_timeout_ms), t->now_tick)) {
		t->stats->closed_timed_out++;
		conn_abort(t, c, -ETIMEDOUT);
		return;
	}
	if (o->set.keepalive && !fin_wait2_bounded(c) && seq_leq(keepalive_due(c, o), t->now_tick))
		keepalive_expired(t, c, o);
	if (conn_is_open(c))
		idle_arm(t, c);
}

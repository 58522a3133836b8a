/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ends a silent connection: keep-alive (RFC 9293 3.8.4), the bound of FIN-WAIT-2
 * after close, and a service's idle time-out. One deadline serves them all; it is a lower bound,
 * looked at when it comes, so a received segment costs one store.
 */
#include "internal.h"

static bool
fin_wait2_bounded(const struct conn *c)
{
	return c->state == SPT_FIN_WAIT_2 && (c->flags & CONN_APP_CLOSED);
}

/* Half ticks since the last segment received, or UINT32_MAX where 39 hours would not hold them. */
static uint32_t
idle_age(const struct tcp *t, const struct conn *c)
{
	uint32_t age = t->now_half - c->last_rcv;
	uint8_t epochs = (uint8_t)(t->now_epoch - c->rcv_epoch); /* of 2^31 half ticks */

	return epochs < 2 || (epochs == 2 && age >> 31) ? age : UINT32_MAX;
}

/* When nothing has been received for so long. */
static spt_time
idle_due(const struct tcp *t, const struct conn *c, uint32_t ms)
{
	return instant_after(t, idle_age(t, c), ms * SPT_NS_PER_MS);
}

/* When FIN-WAIT-2, or the last keep-alive probe, is so long ago. */
static spt_time
idle_since_due(const struct tcp *t, const struct conn *c, uint32_t ms)
{
	return instant_after(t, t->now_half - c->idle_since, ms * SPT_NS_PER_MS);
}

/*
 * Probes without an answer since the last segment received. Nothing arrived in the half tick of a
 * probe before it, so what has that half tick came after it.
 */
static bool
keepalive_unanswered(const struct tcp *t, const struct conn *c)
{
	return c->keepalive_probes > 0 && idle_age(t, c) > t->now_half - c->idle_since;
}

/* When the next keep-alive probe, or the end, is due. */
static spt_time
keepalive_due(const struct tcp *t, const struct conn *c, const struct option_block *o)
{
	if (keepalive_unanswered(t, c))
		return idle_since_due(t, c, o->set.keepalive_interval_ms);
	return idle_due(t, c, o->set.keepalive_idle_ms);
}

/* Arm for the earliest of what is wanted; called when that may have changed. */
void
idle_arm(struct tcp *t, struct conn *c)
{
	const struct option_block *o = conn_options(t, c);
	spt_time next = SPT_TIME_NEVER;

	conn_timer_clear(c, TIMER_IDLE);
	if (!conn_is_synchronized(c))
		return;
	/* Answered ones are forgotten while their half tick can be told from one to come. */
	if (!o->set.keepalive || !keepalive_unanswered(t, c))
		c->keepalive_probes = 0;
	if (fin_wait2_bounded(c))
		next = idle_since_due(t, c, o->set.fin_wait2_ms);
	if (o->set.idle_timeout_ms)
		next = RTE_MIN(next, idle_due(t, c, o->set.idle_timeout_ms));
	if (o->set.keepalive && !fin_wait2_bounded(c)) {
		spt_time due = keepalive_due(t, c, o);

		if (due <= t->now) /* data is in flight: its own timer decides */
			due = t->now + o->set.keepalive_interval_ms * SPT_NS_PER_MS;
		/* an answer may come at once, and it is silent again from then on */
		due = RTE_MIN(due, t->now + o->set.keepalive_idle_ms * SPT_NS_PER_MS);
		next = RTE_MIN(next, due);
	}
	if (next != SPT_TIME_NEVER)
		conn_timer_set(t, c, TIMER_IDLE, next > t->now ? next - t->now : 0);
}

/* MUST-26, MUST-29, SHLD-12: one octet below the window, no data, several before giving up. */
static void
keepalive_expired(struct tcp *t, struct conn *c, const struct option_block *o)
{
	if (!keepalive_unanswered(t, c))
		c->keepalive_probes = 0;
	if (c->snd_nxt != c->snd_una)
		return;
	if (c->keepalive_probes >= o->set.keepalive_probes) {
		t->stats->closed_timed_out++;
		conn_abort(t, c, -ETIMEDOUT);
		return;
	}
	c->keepalive_probes++;
	c->idle_since = t->now_half;
	t->stats->keepalive_probes++;
	segment_send_bare(t, c, NULL, c->snd_una - 1, 0);
}

void
idle_expired(struct tcp *t, struct conn *c)
{
	const struct option_block *o = conn_options(t, c);

	if (fin_wait2_bounded(c) && idle_since_due(t, c, o->set.fin_wait2_ms) <= t->now) {
		t->stats->closed_timed_out++;
		conn_finish(t, c, -ETIMEDOUT);
		return;
	}
	if (o->set.idle_timeout_ms && idle_due(t, c, o->set.idle_timeout_ms) <= t->now) {
		t->stats->closed_timed_out++;
		conn_abort(t, c, -ETIMEDOUT);
		return;
	}
	if (o->set.keepalive && !fin_wait2_bounded(c) && keepalive_due(t, c, o) <= t->now)
		keepalive_expired(t, c, o);
	if (conn_is_open(c))
		idle_arm(t, c);
}

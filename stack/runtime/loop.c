/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop of a core: read the clock once, turn the engine, let the program answer,
 * look into the mailbox. On a port without a NIC a core that has nothing to do naps.
 */
#include <sys/prctl.h>
#include <time.h>

#include <rte_cycles.h>

#include "core.h"

/* Sleep until 'deadline' at the latest, never longer than a nap. */
static void
core_nap(struct core *c, spt_time now)
{
	spt_time nap = now - c->quiet_since > IDLE_LONG_AFTER ? IDLE_LONG : IDLE_NAP;
	spt_time deadline = spt_next_deadline(c->engine);
	struct timespec ts = {0, 0};

	if (deadline <= now)
		return;
	ts.tv_nsec = (long)RTE_MIN(nap, deadline - now);
	nanosleep(&ts, NULL); /* a signal ends it early: so much the better */
}

/*
 * A turn gave no events. ACKs and frames that concern no connection give none either, so the
 * engine's own counters decide, and they are looked at now and then only.
 */
static void
core_idle(struct core *c, spt_time now)
{
	struct spt_stats stats;
	uint64_t frames;

	if (!c->napping && ++c->quiet_turns % IDLE_TURNS != 0)
		return;
	spt_engine_stats(c->engine, &stats);
	frames = stats.rx_frames + stats.tx_frames;
	if (frames != c->frames_seen) {
		c->frames_seen = frames;
		c->quiet_since = now;
		c->napping = false;
		return;
	}
	c->napping = now - c->quiet_since > IDLE_GRACE;
	if (c->napping)
		core_nap(c, now);
}

int
core_loop(void *core)
{
	struct core *c = core;
	bool more = true;
	unsigned int n;
	spt_time now;

	if (c->idle_sleep)
		prctl(PR_SET_TIMERSLACK, 1000UL); /* ns: the default doubles a nap */
	while (more) {
		now = clock_read(&c->clock, rte_rdtsc());
		n = spt_poll(c->engine, now, c->events, CORE_EVENTS);
		more = c->ops->turn(c->state, now, c->events, n);
		if (!rte_ring_empty(c->mailbox.ring))
			mailbox_drain(c, now);
		if (n == 0 && c->idle_sleep)
			core_idle(c, now);
	}
	__atomic_store_n(&c->running, 0, __ATOMIC_RELEASE);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop of an lcore: the turns of its cores, one after another, with the clock read once for
 * each: turn the engine, let the program answer, look into the mailbox. On a port without a NIC
 * an lcore whose cores all have nothing to do naps. Of cores that have ended it hands on what
 * arrives for others.
 */
#include <sys/prctl.h>
#include <time.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>

#include "core.h"
#include "share.h"

static spt_time
lcore_now(struct lcore *l)
{
	return clock_read(&l->clock, rte_rdtsc());
}

/* Once in CLOCK_TUNE. Where somebody came between, and the two readings are not of one time, later.
 */
static void
lcore_tune(struct lcore *l, spt_time now)
{
	uint64_t before = rte_rdtsc();
	spt_time system = runtime_clock_ns(CLOCK_MONOTONIC);
	uint64_t after = rte_rdtsc();

	l->tune_at = now + CLOCK_TUNE;
	if (after - before < rte_get_tsc_hz() / 100000) /* 10 us */
		clock_tune(&l->clock, before + (after - before) / 2, system);
}

/* Sleep until the earliest deadline of its engines, never longer than a nap. */
static void
lcore_nap(const struct lcore *l, spt_time now)
{
	spt_time nap = now - l->quiet_since > IDLE_LONG_AFTER ? IDLE_LONG : IDLE_NAP;
	spt_time deadline = SPT_TIME_NEVER;
	struct timespec ts = {0, 0};

	for (unsigned int i = 0; i < l->n; i++)
		deadline = RTE_MIN(deadline, spt_next_deadline(l->core[i]->engine));
	if (deadline <= now)
		return;
	ts.tv_nsec = (long)RTE_MIN(nap, deadline - now);
	nanosleep(&ts, NULL); /* a signal ends it early: so much the better */
}

static void
lcore_begin(struct lcore *l)
{
	if (l->idle_sleep)
		prctl(PR_SET_TIMERSLACK, 1000UL); /* ns: the default doubles a nap */
	l->quiet_since = lcore_now(l);
	l->tune_at = l->quiet_since + CLOCK_TUNE;
	for (unsigned int i = 0; i < l->n; i++)
		l->core[i]->begun = l->quiet_since;
}

/* What is asked from outside, and of a peer by the end of those that it serves. */
static void
core_requests(struct core *c, spt_time now)
{
	struct stopping *s = c->stopping;
	uint32_t asked;

	if (!rte_ring_empty(c->mailbox.ring))
		mailbox_drain(c, now);
	if (c->role == SPT_ROLE_OWN || likely(__atomic_load_n(&s->own, __ATOMIC_ACQUIRE) > 0))
		return;
	asked = __atomic_load_n(&s->asked, __ATOMIC_ACQUIRE);
	if (asked == c->stop_seen)
		return;
	c->stop_seen = asked;
	c->ops->stop(c->state, now, now + __atomic_load_n(&s->grace, __ATOMIC_RELAXED));
}

/* Behind those that go on. */
static void
core_end(struct lcore *l, struct core *c)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < l->n; i++)
		if (l->core[i] != c)
			l->core[kept++] = l->core[i];
	l->core[kept] = c;
	l->n = kept;
	__atomic_store_n(&c->running, 0, __ATOMIC_RELEASE);
	if (c->role == SPT_ROLE_OWN)
		__atomic_sub_fetch(&c->stopping->own, 1, __ATOMIC_ACQ_REL);
}

/* A turn of one core at 'now'; returns the time at its end. */
static spt_time
core_turn(struct lcore *l, struct core *c, spt_time now)
{
	unsigned int n = spt_poll(c->engine, now, c->events, CORE_EVENTS);
	bool more = c->ops->turn(c->state, now, c->events, n);
	uint64_t frames = spt_engine_frames(c->engine);

	c->now = now;
	core_requests(c, now);
	now = lcore_now(l);
	if (n > 0 || frames != c->frames) {
		c->busy += now - c->now;
		c->frames = frames;
		l->quiet_since = now;
	}
	if (unlikely(!more)) {
		c->now = now;
		core_end(l, c);
	}
	return now;
}

/*
 * Steered in software, engines that still run may have frames at the queue of one that does not.
 * Returns how many there were at the queues of this lcore's.
 */
static unsigned int
lcore_relay(const struct lcore *l, spt_time now)
{
	unsigned int frames = 0;

	for (unsigned int i = l->n; i < l->n_cores; i++) {
		const struct core *c = l->core[i];

		if (c->share)
			frames += share_relay(c->share, c->queue, now);
	}
	return frames;
}

static bool
lcore_relays(const struct lcore *l)
{
	for (unsigned int i = 0; i < l->n_cores; i++)
		if (l->core[i]->share)
			return true;
	return false;
}

/* After the last of its cores: until the own ones of all lcores have ended. */
static void
lcore_outlast(struct lcore *l)
{
	const struct stopping *s = l->core[0]->stopping;
	const struct timespec nap = {.tv_nsec = IDLE_NAP};

	while (__atomic_load_n(&s->own, __ATOMIC_ACQUIRE) > 0)
		if (lcore_relay(l, lcore_now(l)) == 0 && l->idle_sleep)
			nanosleep(&nap, NULL);
}

int
lcore_loop(void *lcore)
{
	struct lcore *l = lcore;
	spt_time now;

	lcore_begin(l);
	now = l->quiet_since;
	while (l->n > 0) {
		for (unsigned int i = 0; i < l->n; i++)
			now = core_turn(l, l->core[i], now);
		if (unlikely(now >= l->tune_at))
			lcore_tune(l, now);
		if (unlikely(l->n < l->n_cores) && lcore_relay(l, now) > 0)
			l->quiet_since = now;
		if (l->idle_sleep && now - l->quiet_since > IDLE_GRACE) {
			lcore_nap(l, now);
			now = lcore_now(l);
		}
	}
	if (lcore_relays(l))
		lcore_outlast(l);
	return 0;
}

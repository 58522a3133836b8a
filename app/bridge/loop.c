/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop of `septet bridge`, and the thread beside it. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>
#include <rte_lcore.h>

#include "bridge/bridge.h"
#include "common/wait.h"
#include "runtime/clock.h"

/* When the loop may nap, and how long: as the runtime's, and never past what is due. */
#define LOOP_GRACE (200 * SPT_NS_PER_US)
#define LOOP_NAP   (50 * SPT_NS_PER_US)

#define ANSWER_TRIES 100 /* of a ms */

/* ---- the loop --------------------------------------------------------------------- */

static void
loop_nap(const struct bridge_core *core, spt_time now)
{
	spt_time deadline = bridge_core_deadline(core);
	struct timespec ts = {0, 0};

	if (deadline <= now)
		return;
	ts.tv_nsec = (long)RTE_MIN(LOOP_NAP, deadline - now);
	nanosleep(&ts, NULL);
}

static void
loop_answer(struct bridge *bridge, spt_time now)
{
	uint32_t asked = __atomic_load_n(&bridge->asked, __ATOMIC_ACQUIRE);

	if (likely(asked == bridge->answered))
		return;
	bridge_core_stats(&bridge->core, &bridge->stats);
	bridge->stats.now = now;
	__atomic_store_n(&bridge->answered, asked, __ATOMIC_RELEASE);
}

void
bridge_loop(struct bridge *bridge)
{
	struct clock clock;
	spt_time now, quiet_since;

	if (bridge->idle_sleep)
		prctl(PR_SET_TIMERSLACK, 1000UL); /* ns: the default doubles a nap */
	clock_init(&clock, rte_get_tsc_hz(), rte_rdtsc(), wait_now());
	bridge->begun = now = quiet_since = clock_read(&clock, rte_rdtsc());
	while (!__atomic_load_n(&bridge->stop, __ATOMIC_ACQUIRE)) {
		bool moved = bridge_core_receive(&bridge->core);

		/* Afterwards: a frame must not be older than its time says. */
		now = clock_read(&clock, rte_rdtsc());
		bridge_core_send(&bridge->core, now);
		if (moved)
			quiet_since = now;
		loop_answer(bridge, now);
		if (bridge->idle_sleep && now - quiet_since > LOOP_GRACE)
			loop_nap(&bridge->core, now);
	}
	bridge->ended = now;
}

/* ---- the thread beside it ----------------------------------------------------------- */

static struct {
	struct bridge *bridge;
	pthread_t thread;
	struct bridge_stats last;
} control;

static bool
control_ask(struct bridge *bridge, struct bridge_stats *stats)
{
	const struct timespec ms = {.tv_nsec = SPT_NS_PER_MS};
	uint32_t asked = bridge->asked + 1;

	__atomic_store_n(&bridge->asked, asked, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < ANSWER_TRIES; i++) {
		if (__atomic_load_n(&bridge->answered, __ATOMIC_ACQUIRE) == asked) {
			*stats = bridge->stats;
			return true;
		}
		nanosleep(&ms, NULL);
	}
	return false;
}

static void
control_second(struct bridge *bridge)
{
	struct bridge_stats now;

	/* An answer that comes late is that to the next question too. */
	if (bridge->options.link.quiet || !control_ask(bridge, &now))
		return;
	if (control.last.now)
		bridge_print_second(&now, &control.last);
	control.last = now;
}

static void *
control_run(void *arg)
{
	struct bridge *bridge = arg;
	spt_time begin = wait_now(), end = SPT_TIME_NEVER, tick = begin;
	sigset_t signals;

	wait_block_all();
	wait_signals(&signals);
	if (bridge->options.duration_ms)
		end = begin + (spt_time)bridge->options.duration_ms * SPT_NS_PER_MS;
	control_second(bridge);
	for (;;) {
		tick = RTE_MAX(tick + SPT_NS_PER_SEC, wait_now());
		if (wait_until(&signals, RTE_MIN(end, tick)) || wait_now() >= end)
			break;
		control_second(bridge);
	}
	__atomic_store_n(&bridge->stop, 1, __ATOMIC_RELEASE);
	return NULL;
}

int
bridge_control_start(struct bridge *bridge)
{
	control.bridge = bridge;
	return -rte_ctrl_thread_create(
	    &control.thread, "septet-control", NULL, control_run, bridge);
}

void
bridge_control_join(void)
{
	struct bridge *bridge = control.bridge;

	pthread_join(control.thread, NULL);
	bridge_core_stats(&bridge->core, &bridge->stats);
	bridge->stats.now = bridge->ended;
}

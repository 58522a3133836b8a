/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread beside the cores: it waits for signals and for the end of --duration, asks
 * the cores to end, and prints the status line meanwhile. Signals are blocked in every thread
 * and taken here, so that no handler runs anywhere.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_lcore.h>

#include "common/wait.h"
#include "serve/serve.h"

static struct {
	struct serve *serve;
	pthread_t thread;
	uint32_t ended; /* atomic: the loops are over */
	bool status;    /* a status line is wanted */
	struct spt_runtime_snapshot last;
	struct serve_flood flood;
} control;

/* "now" against what it was a second ago. */
static void
control_status(const struct spt_runtime_snapshot *s)
{
	const struct spt_stats *n = &s->stats, *o = &control.last.stats;
	double seconds = (double)(s->now - control.last.now) / 1e9, gbit = 8e-9;

	if (control.last.now && seconds > 0)
		printf("%" PRIu64 " connections, %.0f/s opened, in %.3f out %.3f Gbit/s, "
		       "%.0f + %.0f frames/s, %" PRIu64 " half-open, %" PRIu64 " time-wait, "
		       "%" PRIu64 " dropped\n",
		    n->connections, (double)(n->opened_passive - o->opened_passive) / seconds,
		    (double)(s->port.rx_bytes - control.last.port.rx_bytes) / seconds * gbit,
		    (double)(s->port.tx_bytes - control.last.port.tx_bytes) / seconds * gbit,
		    (double)(n->rx_frames - o->rx_frames) / seconds,
		    (double)(n->tx_frames - o->tx_frames) / seconds, n->half_open, n->timewait,
		    n->tx_dropped + s->port.rx_missed + s->port.rx_no_mbuf);
}

static void
control_second(void)
{
	struct spt_runtime_snapshot s;

	if (spt_runtime_snapshot_sum(control.serve->runtime, SPT_ROLE_OWN, &s) != 0)
		return;
	if (!control.serve->options.link.quiet)
		serve_flood_watch(&control.flood, &s, &control.last);
	if (control.status)
		control_status(&s);
	fflush(stdout);
	control.last = s;
}

static void *
control_run(void *arg)
{
	const struct serve_options *o = &control.serve->options;
	spt_time grace = (spt_time)o->drain_ms * SPT_NS_PER_MS;
	spt_time begin = wait_now(), end = SPT_TIME_NEVER, tick = begin;
	bool asked = false;
	sigset_t signals;
	int sig;

	wait_block_all();
	wait_signals(&signals);
	if (o->duration_ms)
		end = begin + (spt_time)o->duration_ms * SPT_NS_PER_MS;
	spt_runtime_snapshot_sum(control.serve->runtime, SPT_ROLE_OWN, &control.last);
	while (!__atomic_load_n(&control.ended, __ATOMIC_ACQUIRE)) {
		tick += SPT_NS_PER_SEC;
		if (tick < wait_now())
			tick = wait_now();
		sig = wait_until(&signals, !asked && end < tick ? end : tick);
		if (__atomic_load_n(&control.ended, __ATOMIC_ACQUIRE))
			break;
		if (sig || (!asked && wait_now() >= end)) {
			if (!o->link.quiet && !asked)
				printf("closing, for %u.%03u s at most\n", o->drain_ms / 1000,
				    o->drain_ms % 1000);
			/* Asked a second time, we wait no longer. */
			spt_runtime_stop(control.serve->runtime, asked ? 0 : grace);
			asked = true;
		} else {
			control_second();
		}
	}
	return NULL;
}

int
serve_control_start(struct serve *serve)
{
	control.serve = serve;
	control.status = !serve->options.link.quiet && isatty(STDOUT_FILENO);
	return -rte_ctrl_thread_create(&control.thread, "septet-control", NULL, control_run, NULL);
}

void
serve_control_join(void)
{
	__atomic_store_n(&control.ended, 1, __ATOMIC_RELEASE);
	pthread_kill(control.thread, SIGTERM); /* blocked everywhere: it ends the wait */
	pthread_join(control.thread, NULL);
}

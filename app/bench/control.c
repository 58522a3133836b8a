/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread beside the cores: it runs the phases of load one after another, prints the summary,
 * and asks the cores to end. Signals are taken here.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_lcore.h>

#include "bench/check.h"
#include "bench/flood.h"
#include "bench/phase.h"
#include "bench/search.h"
#include "common/wait.h"

#define REGION_TIME   (3 * SPT_NS_PER_SEC) /* as fast as possible, to know where to search */
#define TRIAL_TIME    (2 * SPT_NS_PER_SEC) /* of one rate */
#define EXPECTED_RUNS 12                   /* of a search, for the bar */
#define STOP_GRACE    (2 * SPT_NS_PER_SEC)

static struct {
	struct bench *bench;
	pthread_t thread;
	uint32_t ended; /* atomic: the loops are over */
	sigset_t signals;
	struct phase_runner runner;
} control;

/* ---- one stretch of load -------------------------------------------------------- */

static spt_time
control_duration(const struct bench_options *o)
{
	return (spt_time)o->duration_ms * SPT_NS_PER_MS;
}

static struct bench_phase
control_phase(const struct bench_options *o, double rate, spt_time duration)
{
	return (struct bench_phase){
	    .duration = duration,
	    .attempts = o->attempts,
	    .rate_from = rate,
	    .rate_to = rate,
	    .window = o->concurrency,
	    .drain = (spt_time)o->drain_ms * SPT_NS_PER_MS,
	};
}

static int
control_run_once(struct bench *bench)
{
	const struct bench_options *o = &bench->options;
	struct bench_phase whole = control_phase(o, o->rate, control_duration(o));
	struct phase_runner *r = &control.runner;
	int rc;

	if (o->ramp) {
		whole.rate_from = o->ramp_from;
		whole.rate_to = o->ramp_to;
	}
	if (whole.duration)
		r->expected = r->begun + whole.duration;
	rc = phase_run(r, &whole, &bench->result);
	if (rc == 0)
		bench->behind = result_behind(o, &bench->result);
	return rc;
}

/* ---- the search ------------------------------------------------------------------- */

static int
control_remember(struct bench *bench, const struct search_trial *t)
{
	struct search_trial *grown = realloc(bench->trials, (bench->n_trials + 1) * sizeof(*grown));

	if (!grown) {
		snprintf(bench->error, sizeof(bench->error), "no memory for trials");
		return -ENOMEM;
	}
	bench->trials = grown;
	grown[bench->n_trials++] = *t;
	return 0;
}

/* As fast as possible for a moment: a closed loop finds about what is possible. */
static int
control_region(struct bench *bench, struct search *s)
{
	const struct bench_options *o = &bench->options;
	struct bench_phase whole = control_phase(o, 0, REGION_TIME);
	double median;
	int rc;

	if (o->mode == MODE_CONNECTIONS)
		whole.window = RTE_MIN(whole.window, (uint32_t)BENCH_WINDOW);
	rc = phase_run(&control.runner, &whole, &bench->result);
	if (rc)
		return rc;
	median = o->mode == MODE_REQUESTS ? bench->result.requests_median
	                                  : bench->result.connections_median;
	live_clear();
	printf("search: as fast as possible: %.0f/s\n", median);
	search_begin(s, median);
	return 0;
}

static int
control_trial(struct bench *bench, struct search *s)
{
	const struct bench_options *o = &bench->options;
	bool confirm = s->state == SEARCH_CONFIRMING;
	struct bench_phase whole =
	    control_phase(o, s->rate, confirm ? control_duration(o) : TRIAL_TIME);
	const struct bench_result *r = &bench->result;
	struct search_trial trial;
	char text[192];
	int rc = phase_run(&control.runner, &whole, &bench->result);

	if (rc || control.runner.interrupts)
		return rc;
	search_judge(
	    &trial, s->rate, r->seconds, result_begun(o, &r->totals), &r->totals, o->max_failures);
	live_clear();
	printf("search: %s%s\n", confirm ? "for longer: " : "",
	    search_text(s, &trial, text, sizeof(text)));
	fflush(stdout);
	search_next(s, &trial);
	return control_remember(bench, &trial);
}

/* The rate that was found is the load asked for; the limit is what kept it from being higher. */
static void
control_search_limit(struct bench_result *r, enum bench_limit limit, const char *text)
{
	r->limit = limit;
	snprintf(r->limit_text, sizeof(r->limit_text), "%s", text);
}

static int
control_search(struct bench *bench)
{
	char limit_text[sizeof(bench->result.limit_text)];
	enum bench_limit limit;
	const struct bench_options *o = &bench->options;
	struct phase_runner *r = &control.runner;
	struct search s;
	int rc;

	r->expected = r->begun + EXPECTED_RUNS * TRIAL_TIME + control_duration(o);
	rc = control_region(bench, &s);
	limit = bench->result.limit;
	memcpy(limit_text, bench->result.limit_text, sizeof(limit_text));
	while (rc == 0 && r->interrupts == 0 && s.state <= SEARCH_CONFIRMING)
		rc = control_trial(bench, &s);
	bench->confirmed = rc == 0 && s.state == SEARCH_FOUND;
	control_search_limit(&bench->result, limit, limit_text);
	if (rc == 0 && r->interrupts == 0) {
		live_clear();
		if (bench->confirmed)
			printf("search: %.0f/s is the highest rate that was confirmed\n", s.rate);
		else
			printf(
			    "search: no rate was confirmed; the figures are of the last trial\n");
	}
	return rc;
}

/* ---- the thread ----------------------------------------------------------------------- */

static void *
control_thread(void *arg)
{
	struct bench *bench = control.bench;
	struct phase_runner *r = &control.runner;
	int rc;

	wait_block_all();
	wait_signals(&control.signals);
	rc = phase_runner_init(r, bench, &control.signals);
	if (rc)
		snprintf(bench->error, sizeof(bench->error), "no memory for histograms");
	else if (bench->options.flood.on)
		rc = flood_run(r);
	else
		rc = bench->options.search ? control_search(bench) : control_run_once(bench);
	live_clear();
	if (rc == 0)
		bench_print_summary(bench);
	spt_runtime_stop(bench->runtime, STOP_GRACE);
	/* A signal now: no grace. */
	while (!__atomic_load_n(&control.ended, __ATOMIC_ACQUIRE)) {
		if (wait_until(&control.signals, wait_now() + SPT_NS_PER_SEC) &&
		    !__atomic_load_n(&control.ended, __ATOMIC_ACQUIRE))
			spt_runtime_stop(bench->runtime, 0);
	}
	return NULL;
}

int
bench_control_start(struct bench *bench)
{
	control.bench = bench;
	return -rte_ctrl_thread_create(
	    &control.thread, "septet-control", NULL, control_thread, NULL);
}

void
bench_control_join(void)
{
	__atomic_store_n(&control.ended, 1, __ATOMIC_RELEASE);
	pthread_kill(control.thread, SIGTERM); /* blocked everywhere: it ends the wait */
	pthread_join(control.thread, NULL);
	phase_final(&control.runner);
}

void
bench_control_free(void)
{
	phase_runner_fini(&control.runner);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps of a flood, and the search for the rate that the first of them are shares of. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_random.h>

#include "base/addr.h"
#include "bench/check.h"
#include "bench/flood.h"
#include "bench/search.h"
#include "common/address.h"

#define WAY_TIME     (10 * SPT_NS_PER_SEC) /* for the targets to answer at all */
#define REGION_TIME  (500 * SPT_NS_PER_MS) /* as much as goes, to know where to search */
#define TRIAL_TIME   (500 * SPT_NS_PER_MS)
#define CONFIRM_TIME (2 * SPT_NS_PER_SEC)
#define TRIAL_DRAIN  (200 * SPT_NS_PER_MS) /* who needs a second SYN is aborted */
#define KEPT_UP      0.9 /* of the rate asked for: a generator that made less could not */

/* ---- the ports -------------------------------------------------------------- */

int
flood_wrap_port(void *app, unsigned int core, unsigned int port_index, struct rte_mempool *pool,
    struct spt_port **port, char *error, size_t error_size)
{
	struct bench *bench = app;
	const struct bench_options *o = &bench->options;
	struct flood_config config = {
	    .kind = o->flood.kind,
	    .prefix = o->flood.prefix,
	    .length = o->flood.length,
	    .seed = rte_rand(), /* what an earlier run left at the target is not met again */
	    .pool = pool,
	};
	unsigned int first = 0;
	int rc;

	/* Those of the port stand in a row. */
	while (first < o->n_target && o->target_port[first] != port_index)
		first++;
	config.target = &o->target[first];
	/* Whole handshakes are no frames of the port's; they go to targets of both families. */
	while (o->flood.kind != FLOOD_SILENT && first + config.n_targets < o->n_target &&
	       o->target_port[first + config.n_targets] == port_index)
		config.n_targets++;
	rc = flood_port_create(&config, port, &bench->flood[core]);
	if (rc)
		snprintf(error, error_size, "no memory for the flood of core %u", core);
	return rc;
}

/* ---- phases ------------------------------------------------------------------ */

static struct bench_phase
flood_phase(const struct bench_options *o, double rate, spt_time duration)
{
	return (struct bench_phase){
	    .duration = duration,
	    .rate_from = o->flood.alone ? 0 : o->rate,
	    .rate_to = o->flood.alone ? 0 : o->rate,
	    .window = o->concurrency,
	    .drain = (spt_time)o->drain_ms * SPT_NS_PER_MS,
	    .flood_rate = rate,
	    .idle = o->flood.alone,
	};
}

/* Only what the port lost counts. */
static int
flood_run_trial(struct phase_runner *r, double rate, spt_time duration)
{
	struct bench_phase whole = flood_phase(&r->bench->options, rate, duration);
	int rc;

	whole.drain = RTE_MIN(whole.drain, TRIAL_DRAIN);
	r->hushed = true;
	rc = phase_run(r, &whole, &r->bench->result);
	r->hushed = false;
	return rc;
}

/*
 * A connection to each target: the flood learns where its frames go, and a target that does not
 * answer is none to measure.
 */
static int
flood_find_way(struct phase_runner *r)
{
	struct bench *bench = r->bench;
	const struct bench_options *o = &bench->options;
	struct bench_phase whole = flood_phase(o, 0, WAY_TIME);
	bool ready = true;
	int rc;

	whole.attempts = (uint64_t)o->n_target * r->cores;
	whole.rate_from = whole.rate_to = 0;
	whole.window = BENCH_WINDOW;
	whole.idle = false;
	rc = phase_run(r, &whole, &bench->result);
	if (rc || r->interrupts)
		return rc;
	for (unsigned int i = 0; i < r->cores; i++)
		ready &= flood_port_ready(bench->flood[i]);
	if (bench->result.totals.handshakes < whole.attempts)
		snprintf(bench->error, sizeof(bench->error),
		    "%llu of %llu connections to the targets were not accepted: expected servers "
		    "that listen, before they are flooded",
		    (unsigned long long)(whole.attempts - bench->result.totals.handshakes),
		    (unsigned long long)whole.attempts);
	else if (!ready)
		snprintf(bench->error, sizeof(bench->error),
		    "the link address of a target was not learnt");
	return bench->error[0] ? -EHOSTUNREACH : 0;
}

/* ---- what a stretch came to ---------------------------------------------------- */

double
flood_seconds(const struct bench_result *r, unsigned int cores)
{
	double n = RTE_MAX(cores, 1u);
	double lasted = (double)r->flood.lasted_ns / 1e9 / n;
	double stalled = (double)r->flood.stalled_ns / 1e9 / n;
	double share = r->cpu_share_all;
	double taken = share >= 0 && share < 1 ? (1 - share) * lasted : 0;

	return lasted - RTE_MIN(stalled, taken);
}

static double
flood_per_second(uint64_t n, double seconds)
{
	return seconds > 0 ? (double)n / seconds : 0;
}

/* Behind the port that the flood is handed to; --impair may lose frames of a link that is full. */
static uint64_t
flood_port_lost(const struct spt_runtime_snapshot *s)
{
	return s->port.rx_missed + s->port.rx_no_mbuf + s->stats.tx_dropped +
	       s->port.impaired[SPT_IMPAIR_LOST];
}

static uint64_t
flood_lost_behind(const struct bench_result *r)
{
	return flood_port_lost(&r->client_all) +
	       (r->server_known ? flood_port_lost(&r->server_all) : 0);
}

/* Frames of either kind that were lost either way. */
static uint64_t
flood_lost(const struct bench_result *r)
{
	return r->flood.refused + r->flood.no_mbuf + r->flood.honest_refused + flood_lost_behind(r);
}

/* What went through a stretch, a second. */
static double
flood_through(const struct bench_result *r, unsigned int cores)
{
	uint64_t behind = RTE_MIN(flood_lost_behind(r), r->flood.taken);

	return flood_per_second(r->flood.taken - behind, flood_seconds(r, cores));
}

void
flood_judge(struct search_trial *t, double asked, const struct bench_result *r, unsigned int cores)
{
	double through = flood_through(r, cores), made = (double)r->flood.made;
	uint64_t lost = flood_lost(r);

	*t = (struct search_trial){
	    .asked = asked,
	    .begun_share = flood_per_second(r->flood.made, flood_seconds(r, cores)) / asked,
	    .done_share = RTE_MIN(through / asked, 1.0),
	    .failures_share = made > 0 ? (double)lost / made : 1,
	};
	if (lost > 0)
		t->verdict = SEARCH_FAILURES;
	else if (through < KEPT_UP * asked)
		t->verdict = SEARCH_BEHIND;
	else
		t->verdict = SEARCH_PASSED;
}

/* ---- the largest rate without loss --------------------------------------------- */

/* What passed is '*through', which may be a little less than was asked for. */
static int
flood_trial(struct phase_runner *r, struct search *s, double *through)
{
	struct bench *bench = r->bench;
	spt_time time = s->state == SEARCH_CONFIRMING ? CONFIRM_TIME : TRIAL_TIME;
	double asked = RTE_MIN(s->rate, FLOOD_RATE_MOST);
	struct search_trial trial;
	int rc = flood_run_trial(r, asked, time);

	if (rc || r->interrupts)
		return rc;
	flood_judge(&trial, asked, &bench->result, r->cores);
	live_clear();
	printf("without loss: %.0f/s: %s, %.4f %% lost\n", asked,
	    trial.verdict == SEARCH_PASSED   ? "yes"
	    : trial.verdict == SEARCH_BEHIND ? "not reached"
	                                     : "no",
	    100 * trial.failures_share);
	fflush(stdout);
	search_next(s, &trial);
	*through = asked * trial.done_share;
	return 0;
}

static int
flood_find_most(struct phase_runner *r)
{
	struct bench *bench = r->bench;
	int rc = flood_run_trial(r, FLOOD_RATE_MOST, REGION_TIME);
	double through = 0;
	struct search s;

	if (rc || r->interrupts)
		return rc;
	search_begin(&s, flood_through(&bench->result, r->cores));
	while (rc == 0 && r->interrupts == 0 && s.state <= SEARCH_CONFIRMING)
		rc = flood_trial(r, &s, &through);
	if (rc || r->interrupts)
		return rc;
	bench->flood_most = through;
	bench->confirmed = s.state == SEARCH_FOUND;
	live_clear();
	printf("without loss: %.0f/s%s\n", bench->flood_most,
	    bench->confirmed ? " is the largest" : ": nothing was confirmed; shares are of this");
	return 0;
}

/* ---- steps ------------------------------------------------------------------------ */

double
flood_success_share(const struct flood_step *s)
{
	const struct bench_totals *t = &s->totals;

	return t->attempts ? (double)t->completions / (double)t->attempts : -1;
}

double
flood_first_syn_share(const struct flood_step *s)
{
	const struct bench_totals *t = &s->totals;

	return t->attempts ? (double)(t->handshakes - s->counts.second_syns) / (double)t->attempts
	                   : -1;
}

double
flood_lost_share(const struct flood_step *s)
{
	return s->counts.made ? (double)s->lost / (double)s->counts.made : -1;
}

uint64_t
flood_cookies(const struct flood_step *s)
{
	return s->server.stats.verdict[SPT_V_TCP_SYN_COOKIE];
}

uint64_t
flood_dropped(const struct flood_step *s)
{
	const uint64_t *v = s->server.stats.verdict;

	return v[SPT_V_TCP_SYN_BACKLOG] + v[SPT_V_TCP_SYN_NO_RECORD] + v[SPT_V_TCP_SYN_NO_FLOW] +
	       v[SPT_V_TCP_SYN_PORT_FULL];
}

static double
flood_asked(const struct bench *bench, const struct flood_ask *ask)
{
	double rate = ask->value;

	if (ask->unit == FLOOD_SHARE)
		rate *= bench->flood_most;
	else if (ask->unit == FLOOD_TIMES)
		rate *= bench->options.rate;
	return RTE_MAX(RTE_MIN(rate, FLOOD_RATE_MOST), 1.0);
}

static void
flood_reckon(struct flood_step *s, const struct bench *bench)
{
	const struct bench_result *r = &bench->result;
	const struct histogram *h = r->latency[LATENCY_HANDSHAKE];

	s->seconds = flood_seconds(r, bench->info.engines);
	s->offered = flood_per_second(r->flood.made, s->seconds);
	s->carried = flood_per_second(r->flood.taken, s->seconds);
	s->share = bench->flood_most > 0 ? s->asked / bench->flood_most : -1;
	s->lost = flood_lost(r);
	s->counts = r->flood;
	s->totals = r->totals;
	s->p50 = histogram_percentile(h, 0.5);
	s->p99 = histogram_percentile(h, 0.99);
	s->max = h->max;
	s->server = r->server_all;
	s->server_busy = r->server_known ? r->server_busy : -1;
	s->cpu_share = r->cpu_share_all;
}

static int
flood_one_step(struct phase_runner *r, const struct flood_ask *ask)
{
	struct bench *bench = r->bench;
	struct flood_step *s = &bench->steps[bench->n_steps];
	struct bench_phase whole;
	int rc;

	*s = (struct flood_step){.ask = *ask, .asked = flood_asked(bench, ask)};
	whole = flood_phase(
	    &bench->options, s->asked, (spt_time)bench->options.duration_ms * SPT_NS_PER_MS);
	rc = phase_run(r, &whole, &bench->result);
	if (rc)
		return rc;
	flood_reckon(s, bench);
	bench->n_steps++;
	live_clear();
	flood_print_step(bench);
	return 0;
}

static bool
flood_needs_most(const struct flood_options *f)
{
	for (unsigned int i = 0; i < f->n_steps; i++)
		if (f->step[i].unit == FLOOD_SHARE)
			return true;
	return false;
}

int
flood_run(struct phase_runner *r)
{
	struct bench *bench = r->bench;
	const struct flood_options *f = &bench->options.flood;
	int rc;

	bench->steps = calloc(f->n_steps, sizeof(*bench->steps));
	if (!bench->steps) {
		snprintf(bench->error, sizeof(bench->error), "no memory for steps");
		return -ENOMEM;
	}
	rc = flood_find_way(r);
	if (rc == 0 && r->interrupts == 0 && flood_needs_most(f))
		rc = flood_find_most(r);
	r->expected = 0;
	for (unsigned int i = 0; i < f->n_steps && rc == 0 && r->interrupts == 0; i++)
		rc = flood_one_step(r, &f->step[i]);
	return rc;
}

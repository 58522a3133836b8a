/* SPDX-License-Identifier: BSD-3-Clause */
/* A stretch of load: samples of all cores, every second without drifting. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_common.h>

#include "bench/phase.h"
#include "common/wait.h"

#define ANSWER_PATIENCE (10 * SPT_NS_PER_SEC) /* a core that says nothing this long is lost */
#define ASK_AGAIN       SPT_NS_PER_MS
#define DRAIN_LOOK      (20 * SPT_NS_PER_MS)  /* how often drained cores are looked for ... */
#define ATTEMPTS_LOOK   (100 * SPT_NS_PER_MS) /* ... and the end of a number of attempts */
#define DRAIN_GRACE     (5 * SPT_NS_PER_SEC)  /* beyond the time to drain */
#define STOP_GRACE      (2 * SPT_NS_PER_SEC)  /* after a second signal */
#define WINDOW_FULL     0.9                   /* of the window */

/* ---- asking cores ----------------------------------------------------------- */

static void
phase_answer(void *state, spt_time now, void *argument)
{
	struct phase_ask *ask = argument;

	ask->function(state, now, ask->argument);
	__atomic_store_n(&ask->done, 1, __ATOMIC_RELEASE);
}

static void
phase_pause(spt_time ns)
{
	sigset_t none;

	sigemptyset(&none);
	wait_until(&none, wait_now() + ns);
}

/* Call a function on a core and wait: a core that lost its processor answers late. */
static int
phase_call(struct phase_runner *r, unsigned int core,
    void (*function)(void *state, spt_time now, void *argument), void *argument)
{
	struct phase_ask *ask = &r->core[core].ask;
	spt_time until = wait_now() + ANSWER_PATIENCE;
	int rc;

	*ask = (struct phase_ask){.function = function, .argument = argument};
	while ((rc = spt_runtime_call(r->bench->runtime, core, phase_answer, ask)) == -EBUSY &&
	       wait_now() < until)
		phase_pause(ASK_AGAIN);
	while (rc == -ETIMEDOUT && wait_now() < until) {
		if (__atomic_load_n(&ask->done, __ATOMIC_ACQUIRE))
			return 0;
		phase_pause(ASK_AGAIN);
	}
	if (rc)
		snprintf(r->bench->error, sizeof(r->bench->error), "core %u does not answer: %s",
		    core, strerror(-rc));
	return rc;
}

static int
phase_snapshot(struct phase_runner *r, enum spt_role role, struct spt_runtime_snapshot *snapshot)
{
	spt_time until = wait_now() + ANSWER_PATIENCE;
	int rc;

	while ((rc = spt_runtime_snapshot_sum(r->bench->runtime, role, snapshot)) != 0 &&
	       (rc == -EBUSY || rc == -ETIMEDOUT) && wait_now() < until)
		phase_pause(ASK_AGAIN);
	if (rc)
		snprintf(r->bench->error, sizeof(r->bench->error), "a core does not answer: %s",
		    strerror(-rc));
	return rc;
}

static int
phase_snapshots(struct phase_runner *r, struct spt_runtime_snapshot *client,
    struct spt_runtime_snapshot *server)
{
	int rc = phase_snapshot(r, SPT_ROLE_OWN, client);

	if (rc == 0 && r->bench->server)
		rc = phase_snapshot(r, SPT_ROLE_PEER, server);
	return rc;
}

/* ---- samples ------------------------------------------------------------------ */

struct phase_sum {
	struct bench_totals totals;
	struct flood_counts flood;
	uint32_t in_progress, open;
	spt_time now, all_at;
	bool over;
};

/* All cores, added up; what they timed goes into r->second and r->latency, if it 'counts'. */
static int
phase_sample(struct phase_runner *r, struct phase_sum *sum, bool counts)
{
	int rc;

	*sum = (struct phase_sum){.over = true};
	r->bench->source = (struct spt_source_info){0};
	for (unsigned int i = 0; i < r->cores; i++) {
		struct phase_core *c = &r->core[i];

		for (unsigned int l = 0; l < LATENCIES; l++) {
			histogram_clear(c->spare[l]);
			c->sample.latency[l] = c->spare[l];
		}
		rc = phase_call(r, i, bench_core_sample, &c->sample);
		if (rc)
			return rc;
		bench_totals_add(&sum->totals, &c->sample.totals);
		bench_flood_add(&sum->flood, &c->sample.flood);
		sum->in_progress += c->sample.in_progress;
		sum->open += c->sample.open;
		sum->over &= c->sample.over;
		sum->now = RTE_MAX(sum->now, c->sample.now);
		sum->all_at = RTE_MAX(sum->all_at, c->sample.all_at);
		r->bench->source.tuples = c->sample.source.tuples;
		r->bench->source.used += c->sample.source.used;
		for (unsigned int l = 0; l < LATENCIES; l++) {
			c->spare[l] = c->sample.latency[l];
			if (!counts)
				continue;
			histogram_add(r->second[l], c->spare[l]);
			histogram_add(r->latency[l], c->spare[l]);
		}
	}
	r->held = RTE_MAX(r->held, sum->open);
	return 0;
}

/* The mean rate between two times of the phase, which a ramp changes evenly. */
static double
phase_asked(const struct phase_runner *r, double from, double to)
{
	const struct bench_phase *p = &r->whole;
	double duration = (double)p->duration / 1e9;

	if (p->rate_from <= 0 && p->rate_to <= 0)
		return 0;
	if (p->rate_from == p->rate_to || duration <= 0)
		return p->rate_to;
	return p->rate_from + (p->rate_to - p->rate_from) * (from + to) / 2 / duration;
}

/*
 * How long load was asked for, at most 'seconds' of the phase: a number of attempts at a rate until
 * the next would have been due, not until the last connection was closed and somebody looked.
 */
static double
phase_asked_until(const struct phase_runner *r, const struct phase_sum *sum, double seconds)
{
	uint64_t begun = sum->totals.attempts - r->at_begin.attempts;
	double took, asked;

	if (!r->whole.attempts || begun < r->whole.attempts || !sum->all_at)
		return seconds;
	took = (double)(RTE_MAX(sum->all_at, r->engine_begun) - r->engine_begun) / 1e9;
	asked = phase_asked(r, 0, took);
	return asked > 0 ? RTE_MIN(seconds, took + 1 / asked) : seconds;
}

/* The mean rate asked for in a second of the load that ended at 'end'. */
static double
phase_second_asked(
    const struct phase_runner *r, const struct phase_sum *sum, spt_time end, double seconds)
{
	double from = (double)(r->last - r->engine_begun) / 1e9;
	double to = phase_asked_until(r, sum, (double)(end - r->engine_begun) / 1e9);

	if (to <= from || seconds <= 0)
		return 0;
	return phase_asked(r, from, to) * (to - from) / seconds;
}

static double
phase_busy(const struct spt_runtime_snapshot *now, const struct spt_runtime_snapshot *before)
{
	spt_time elapsed = now->elapsed - before->elapsed;

	return elapsed ? (double)(now->busy - before->busy) / (double)elapsed : 0;
}

/* What is timed for the line of a second. */
static const struct histogram *
phase_timed(const struct phase_runner *r, struct histogram *const *latency)
{
	switch (r->bench->options.mode) {
	case MODE_REQUESTS: return latency[LATENCY_REQUEST];
	case MODE_CONCURRENT: return latency[LATENCY_HANDSHAKE];
	case MODE_CONNECTIONS:
	case MODE_THROUGHPUT: break;
	}
	return latency[LATENCY_CONNECTION];
}

static struct bench_second *
phase_new_second(struct bench *bench)
{
	size_t n = bench->n_seconds;
	struct bench_second *grown;

	/* Room is doubled whenever the number is a power of two. */
	if ((n & (n - 1)) == 0) {
		grown = realloc(bench->seconds, (n ? 2 * n : 1) * sizeof(*grown));
		if (!grown) {
			snprintf(bench->error, sizeof(bench->error), "no memory for samples");
			return NULL;
		}
		bench->seconds = grown;
	}
	bench->n_seconds++;
	memset(&bench->seconds[n], 0, sizeof(bench->seconds[n]));
	return &bench->seconds[n];
}

static spt_time
phase_cpu_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (spt_time)ts.tv_sec * SPT_NS_PER_SEC + (spt_time)ts.tv_nsec;
}

/* Of the time of our processors since the phase began, until 'now', what we had. */
static double
phase_cpu_share(const struct phase_runner *r, spt_time now)
{
	if (r->bench->naps || now <= r->engine_begun)
		return -1;
	return (double)(phase_cpu_time() - r->cpu_begun) / (double)(now - r->engine_begun) /
	       r->bench->info.lcores;
}

/* The loading part is over: what is reckoned for it ends here. */
static void
phase_loaded(struct phase_runner *r, const struct phase_sum *sum)
{
	double most = (double)r->whole.duration / 1e9;
	spt_time now = sum->now;

	r->loaded = true;
	r->loading = (double)(now - r->engine_begun) / 1e9;
	if (r->whole.duration && r->loading > most)
		r->loading = most;
	r->loading = phase_asked_until(r, sum, r->loading);
	r->cpu_share = phase_cpu_share(r, now);
	r->client_loaded = r->client;
	r->server_loaded = r->server;
}

static void
phase_window(struct phase_runner *r, const struct phase_sum *sum)
{
	r->samples++;
	r->full += sum->in_progress >= WINDOW_FULL * r->whole.window;
}

/* From a sample to the second that ended with it. */
static int
phase_second(struct phase_runner *r, const struct phase_sum *sum, bool loading)
{
	struct bench_second *s = phase_new_second(r->bench);
	struct spt_runtime_snapshot client = r->client, server = r->server;
	const struct histogram *h = phase_timed(r, r->second);
	spt_time end = sum->now;
	int rc;

	if (!s)
		return -ENOMEM;
	rc = phase_snapshots(r, &r->client, &r->server);
	if (rc)
		return rc;
	/* A sample that is taken late ends the load no later. */
	if (loading && r->whole.duration)
		end = RTE_MIN(end, r->engine_begun + r->whole.duration);
	s->at = (double)(wait_now() - r->begun) / 1e9;
	s->seconds = (double)(end - RTE_MIN(end, r->last)) / 1e9;
	s->phase = r->number;
	s->loading = loading;
	bench_totals_diff(&s->totals, &sum->totals, &r->totals);
	if (sum->now > r->last)
		s->flood = (double)(sum->flood.taken - r->flood.taken) * 1e9 /
		           (double)(sum->now - r->last);
	s->client_busy = phase_busy(&r->client, &client);
	s->server_busy = r->bench->server ? phase_busy(&r->server, &server) : -1;
	s->in_progress = sum->in_progress;
	s->open = sum->open;
	s->asked = loading ? phase_second_asked(r, sum, end, s->seconds) : 0;
	s->p50 = histogram_percentile(h, 0.5);
	s->p99 = histogram_percentile(h, 0.99);
	s->max = h->max;
	for (unsigned int l = 0; l < LATENCIES; l++)
		histogram_clear(r->second[l]);
	r->totals = sum->totals;
	r->flood = sum->flood;
	r->last = sum->now;
	if (loading)
		phase_window(r, sum);
	live_second(r, s);
	return 0;
}

/* ---- a phase -------------------------------------------------------------------- */

static void
phase_share(struct phase_runner *r, unsigned int core, struct bench_phase *p)
{
	*p = r->whole;
	p->attempts = r->whole.attempts / r->cores + (core < r->whole.attempts % r->cores);
	p->rate_from /= r->cores;
	p->rate_to /= r->cores;
	p->flood_rate /= r->cores;
	p->honest = &r->honest;
	p->window = RTE_MAX(r->whole.window / r->cores, 1u);
	/* No limit is written as 0: a core that has no share begins nothing by having no time. */
	if (r->whole.attempts && !p->attempts)
		p->duration = 1;
}

static int
phase_begin(struct phase_runner *r, const struct bench_phase *whole)
{
	struct phase_sum sum;
	int rc;

	r->whole = *whole;
	r->number++;
	r->first_second = r->bench->n_seconds;
	r->loaded = false;
	r->over = false;
	r->samples = r->full = 0;
	r->held = 0;
	rc = phase_sample(r, &sum, false);
	for (unsigned int l = 0; l < LATENCIES; l++) {
		histogram_clear(r->second[l]);
		histogram_clear(r->latency[l]);
	}
	if (rc == 0)
		rc = phase_snapshots(r, &r->client_begin, &r->server_begin);
	r->client = r->client_begin;
	r->server = r->server_begin;
	r->at_begin = r->totals = sum.totals;
	r->flood_begin = r->flood = sum.flood;
	r->held = 0;
	__atomic_store_n(&r->honest, r->cores, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < r->cores && rc == 0; i++) {
		phase_share(r, i, &r->core[i].phase);
		rc = phase_call(r, i, bench_core_begin, &r->core[i].phase);
	}
	/* Samples tell the engines' clock; between them ours runs as fast. */
	if (rc == 0)
		rc = phase_sample(r, &sum, true);
	r->engine_begun = r->last = sum.now;
	r->cpu_begun = phase_cpu_time();
	r->loading_until = whole->duration ? wait_now() + whole->duration : SPT_TIME_NEVER;
	return rc;
}

static int
phase_end(struct phase_runner *r)
{
	int rc = 0;

	for (unsigned int i = 0; i < r->cores && rc == 0; i++)
		rc = phase_call(r, i, bench_core_end, NULL);
	return rc;
}

/* A signal: the first ends the load in order, the second does not wait for what is open. */
static int
phase_interrupt(struct phase_runner *r)
{
	r->interrupts++;
	r->bench->interrupted = true;
	if (r->interrupts == 1)
		return phase_end(r);
	spt_runtime_stop(r->bench->runtime, 0);
	return 0;
}

/* When the next sample is due: each second, at the end of the load, and often after it. */
static spt_time
phase_next(const struct phase_runner *r, spt_time tick)
{
	if (r->loaded)
		return RTE_MIN(tick, wait_now() + DRAIN_LOOK);
	if (r->whole.attempts)
		return RTE_MIN(RTE_MIN(tick, r->loading_until), wait_now() + ATTEMPTS_LOOK);
	return RTE_MIN(tick, r->loading_until);
}

/* Samples until everything is over. */
static int
phase_watch(struct phase_runner *r)
{
	spt_time tick = wait_now() + SPT_NS_PER_SEC, give_up = SPT_TIME_NEVER, now;
	struct phase_sum sum;
	int rc = 0;

	while (rc == 0 && !r->over) {
		bool load_ends, was_loaded = r->loaded;
		int sig = wait_until(r->signals, phase_next(r, tick));

		if (sig)
			rc = phase_interrupt(r);
		if (rc == 0)
			rc = phase_sample(r, &sum, true);
		if (rc)
			break;
		now = wait_now();
		/* What is aborted is a failure, and counted as one: that takes a moment yet. */
		if (sig && r->interrupts > 1)
			give_up = RTE_MIN(give_up, now + STOP_GRACE);
		r->over |= sum.over || now > give_up;
		load_ends = !was_loaded && (sig || now >= r->loading_until || r->over);
		if (load_ends || r->over || now >= tick)
			rc = phase_second(r, &sum, !was_loaded);
		if (load_ends) {
			phase_loaded(r, &sum);
			give_up = now + r->whole.drain + DRAIN_GRACE;
		}
		/* Ticks keep their distance; after a long stall the missed ones are left out. */
		while (tick <= now)
			tick += SPT_NS_PER_SEC;
	}
	return rc;
}

static void
phase_reckon(struct phase_runner *r, struct bench_result *result)
{
	const struct bench *b = r->bench;
	struct result_input in = {
	    .options = &b->options,
	    .seconds = b->seconds + r->first_second,
	    .n_seconds = b->n_seconds - r->first_second,
	    .asked = phase_asked(r, 0, r->loading),
	    .loading = r->loading,
	    .window_full = r->samples ? (double)r->full / r->samples : 0,
	    .held = r->held,
	    .server_known = b->server != NULL,
	    .one_lcore = b->server && b->info.lcores < b->info.engines + b->info.peers,
	    .cpu_share = r->cpu_share,
	    .hz = spt_runtime_hz(),
	    .speed_mbps = ports_speed(&b->info),
	    .client_bytes = b->info.engines * spt_engine_footprint(&b->options.engine),
	};

	bench_totals_diff(&in.totals, &r->totals, &r->at_begin);
	bench_flood_diff(&in.flood, &r->flood, &r->flood_begin);
	result_snapshot_diff(&in.client, &r->client_loaded, &r->client_begin);
	result_snapshot_diff(&in.client_all, &r->client, &r->client_begin);
	if (in.server_known) {
		result_snapshot_diff(&in.server, &r->server_loaded, &r->server_begin);
		result_snapshot_diff(&in.server_all, &r->server, &r->server_begin);
	}
	memset(result, 0, sizeof(*result));
	for (unsigned int l = 0; l < LATENCIES; l++)
		result->latency[l] = r->latency[l];
	result_compute(result, &in);
	result->cpu_share_all = phase_cpu_share(r, r->last);
}

int
phase_run(struct phase_runner *r, const struct bench_phase *whole, struct bench_result *result)
{
	int rc = phase_begin(r, whole);

	if (rc == 0)
		rc = phase_watch(r);
	r->bench->totals = r->totals;
	r->bench->flood_total = r->flood;
	r->bench->end = r->client;
	r->bench->server_end = r->server;
	if (rc == 0)
		phase_reckon(r, result);
	return rc;
}

void
phase_final(struct phase_runner *r)
{
	struct phase_sum sum;

	if (r->core && phase_sample(r, &sum, false) == 0) {
		r->bench->totals = sum.totals;
		r->bench->flood_total = sum.flood;
	}
	phase_snapshots(r, &r->bench->end, &r->bench->server_end);
}

/* ---- beginning and end ------------------------------------------------------------ */

int
phase_runner_init(struct phase_runner *r, struct bench *bench, const sigset_t *signals)
{
	bool missing = false;

	memset(r, 0, sizeof(*r));
	r->bench = bench;
	r->signals = signals;
	r->cores = bench->info.engines;
	r->core = calloc(r->cores, sizeof(*r->core));
	if (!r->core)
		return -ENOMEM;
	for (unsigned int l = 0; l < LATENCIES; l++) {
		r->second[l] = histogram_create();
		r->latency[l] = histogram_create();
		missing |= !r->second[l] || !r->latency[l];
		for (unsigned int i = 0; i < r->cores; i++) {
			r->core[i].spare[l] = histogram_create();
			missing |= !r->core[i].spare[l];
		}
	}
	r->begun = wait_now();
	return missing ? -ENOMEM : 0;
}

void
phase_runner_fini(struct phase_runner *r)
{
	for (unsigned int l = 0; l < LATENCIES; l++) {
		free(r->second[l]);
		free(r->latency[l]);
		for (unsigned int i = 0; r->core && i < r->cores; i++)
			free(r->core[i].spare[l]);
	}
	free(r->core);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One stretch of load on all own cores, as the thread beside them sees it: begin it, take a sample
 * each second, wait until all has drained, and reckon.
 */
#ifndef SPT_APP_BENCH_PHASE_H
#define SPT_APP_BENCH_PHASE_H

#include <signal.h>

#include "bench/bench.h"
#include "bench/result.h"

/* A question to a core: it lives on until it was answered, however late. */
struct phase_ask {
	void (*function)(void *state, spt_time now, void *argument);
	void *argument;
	uint32_t done; /* atomic */
};

/* What is kept for each core between samples. */
struct phase_core {
	struct phase_ask ask;
	struct bench_phase phase;
	struct bench_core_sample sample;
	struct histogram *spare[LATENCIES];
};

struct phase_runner {
	struct bench *bench;
	const sigset_t *signals;
	unsigned int cores;
	struct phase_core *core;
	unsigned int number;     /* of the phase that runs or ran last */
	unsigned int interrupts; /* signals that came */
	spt_time begun;          /* the run, by wait_now() */
	spt_time expected;       /* when it will be over, as far as is known; 0: unknown */
	/* since the last sample */
	struct bench_totals totals;
	struct flood_counts flood;
	struct spt_runtime_snapshot client, server;
	struct histogram *second[LATENCIES];
	/* of this phase */
	struct bench_phase whole;
	spt_time loading_until; /* by wait_now(); SPT_TIME_NEVER: until attempts are begun */
	spt_time engine_begun;  /* by the engines' clock */
	spt_time last;          /* the last sample, by the engines' clock */
	size_t first_second;    /* index in bench->seconds */
	struct bench_totals at_begin;
	struct flood_counts flood_begin;
	struct spt_runtime_snapshot client_begin, server_begin, client_loaded, server_loaded;
	struct histogram *latency[LATENCIES];
	bool loaded, over;
	uint32_t honest;    /* see bench_phase */
	bool hushed;        /* no line each second: it is a trial */
	spt_time cpu_begun; /* of all our threads */
	double cpu_share;
	double loading;             /* seconds */
	unsigned int samples, full; /* while loading, and those with a full window */
	uint32_t held;
};

/* 0 or -ENOMEM; then phase_runner_fini, in any case. */
int phase_runner_init(struct phase_runner *r, struct bench *bench, const sigset_t *signals);
void phase_runner_fini(struct phase_runner *r);

/*
 * Run it: rates, window and attempts are of all cores together. Seconds are added to the bench,
 * *result is filled in: its histograms are the runner's, until the next phase. 0, or a negative
 * errno with bench->error. A signal ends it in order and is counted in r->interrupts.
 */
int phase_run(struct phase_runner *r, const struct bench_phase *whole, struct bench_result *result);

/* After the loops: what bench->totals, end and server_end are now. */
void phase_final(struct phase_runner *r);

/* ---- live.c ----------------------------------------------------------------- */

/* The line of the last second, and on a terminal how far the run is. */
void live_second(const struct phase_runner *r, const struct bench_second *s);
/* Before anything else is printed: the bar is not left standing. */
void live_clear(void);

/* A time as people read it: "850 ns", "12.3 us", "1.42 ms", "2.1 s". */
#define LIVE_TIME 24
const char *live_time(uint64_t ns, char text[LIVE_TIME]);

#endif

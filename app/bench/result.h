/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From seconds, totals and snapshots of a stretch of load to its result, and what limited it, by
 * name. Nothing here reads a clock or asks a core.
 */
#ifndef SPT_APP_BENCH_RESULT_H
#define SPT_APP_BENCH_RESULT_H

#include "bench/bench.h"

#define RESULT_REACHED 0.99  /* of the load asked for */
#define RESULT_BUSY    0.90  /* of a core's time: it is the limit */
#define RESULT_WAITS   0.01  /* waits for source ports, of the attempts */
#define RESULT_REFUSED 0.001 /* frames that a port lost or never took */
#define RESULT_LINE    0.95  /* of the port's line rate: there is no more */
#define RESULT_IDLE    0.30  /* less than this of a core's time: no processor is the limit */
#define RESULT_SHARED  0.80  /* of the processors' time for us: less, and others are the limit */
#define RESULT_WINDOW  0.90  /* of the samples with the window (nearly) full */

/* What control knows of a stretch of load when it is over. */
struct result_input {
	const struct bench_options *options;
	const struct bench_second *seconds; /* of this phase */
	size_t n_seconds;
	struct bench_totals totals; /* of all of it, drained */
	struct flood_counts flood;
	double asked;       /* mean rate; 0: as fast as possible */
	double loading;     /* seconds for which load was asked */
	double window_full; /* share of the samples while loading */
	uint32_t held;      /* most established at once */
	/* Differences over its loading part, and over all of it. */
	struct spt_runtime_snapshot client, server, client_all, server_all;
	bool server_known;
	bool one_lcore;   /* both ends take turns */
	double cpu_share; /* that the cores had of their processors; < 0: unknown, they nap */
	uint64_t hz;
	uint64_t speed_mbps;   /* of the port; 0: unknown */
	uint64_t client_bytes; /* tables of all client engines */
};

/* Everything but 'latency', which is the caller's. */
void result_compute(struct bench_result *r, const struct result_input *in);

/* Fewer were begun in so many seconds than a rate asks for. */
bool result_rate_behind(double asked, double seconds, uint64_t begun);

/* Decimals with which a rate is said: 0.5/s is not 0/s. */
static inline int
result_digits(double rate)
{
	return rate < 100 ? 2 : 0;
}

/* A load with a rate that was not kept up with. */
bool result_behind(const struct bench_options *o, const struct bench_result *r);

/* The median of n values, which are sorted on the way; 0 of none. */
double result_median(double *values, size_t n);

/*
 * What a phase's rates count: connections begun, or requests sent. An attempt for which we had
 * no port or no connection failed without a SYN: it was due, and not begun.
 */
uint64_t result_begun(const struct bench_options *o, const struct bench_totals *totals);

/* after - before: counters, time and busy time; gauges are after's. */
void result_snapshot_diff(struct spt_runtime_snapshot *out,
    const struct spt_runtime_snapshot *after, const struct spt_runtime_snapshot *before);

#endif

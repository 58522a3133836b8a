/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles under a SYN flood, on the memory port in one thread: a SYN answered by a cookie, one by a
 * record, an ACK that is no cookie, one that makes a connection; and the flow floor of the same
 * run: perf_cookie [SOURCES [ROUNDS]].
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

enum figure { FLOW_FLOOR, RECORD, COOKIE, FORGED, ACCEPTED, FIGURES };

static const char *const names[FIGURES] = {
    [FLOW_FLOOR] = "flow floor, a frame",
    [RECORD] = "SYN answered, record made",
    [COOKIE] = "SYN answered by a cookie",
    [FORGED] = "ACK that is no cookie",
    [ACCEPTED] = "ACK of a cookie, connection made",
};

/* A frame of each source; cycles of one. */
static double
each(struct bench *b, uint8_t flags)
{
	return (double)bench_step(b, 0, b->n, flags, 0) / b->n;
}

/* 'but' may have gone another way. */
static void
expect(struct bench *b, const char *what, uint64_t got, uint64_t before, unsigned int but)
{
	if (got - before <= b->n && got - before + but >= b->n)
		return;
	fprintf(stderr, "perf_cookie: %s: %lu of %u\n", what, (unsigned long)(got - before), b->n);
	bench_print_stats(b);
	exit(1);
}

/* New numbers for all. Time stands nearly still: neighbours stay known. */
static void
fresh(struct bench *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		b->clients[i].seq += 100000;
}

static void
round_of_records(struct bench *b, double sample[FIGURES])
{
	struct spt_stats before, after;

	fresh(b);
	spt_engine_stats(b->engine, &before);
	sample[RECORD] = each(b, TCP_SYN);
	spt_engine_stats(b->engine, &after);
	expect(b, "records", after.verdict[SPT_V_TCP_SYN], before.verdict[SPT_V_TCP_SYN], 0);
	each(b, TCP_RST);
}

static void
round_of_cookies(struct bench *b, double sample[FIGURES])
{
	struct spt_stats before, after;

	fresh(b);
	spt_engine_stats(b->engine, &before);
	sample[FLOW_FLOOR] = bench_step_floor(b, 1, true);
	sample[COOKIE] = each(b, TCP_SYN);
	for (unsigned int i = 0; i < b->n; i++)
		b->clients[i].seq++;
	sample[FORGED] = each(b, TCP_ACK);
	for (unsigned int i = 0; i < b->n; i++)
		b->clients[i].seq--;
	sample[ACCEPTED] = each(b, TCP_ACK);
	spt_engine_stats(b->engine, &after);
	expect(b, "cookies", after.verdict[SPT_V_TCP_SYN_COOKIE],
	    before.verdict[SPT_V_TCP_SYN_COOKIE], 0);
	/* One in 2^22 is guessed, and has a connection when its cookie comes. */
	expect(b, "forged", after.verdict[SPT_V_TCP_COOKIE_FORGED],
	    before.verdict[SPT_V_TCP_COOKIE_FORGED], 2);
	expect(b, "accepted", after.verdict[SPT_V_TCP_COOKIE], before.verdict[SPT_V_TCP_COOKIE], 2);
	each(b, TCP_RST);
}

static void
report(double *samples[FIGURES], unsigned int rounds)
{
	double hz = (double)rte_get_tsc_hz(), floor = 1;

	printf("%-40s %8s %8s %8s %10s %12s\n", "cycles", "least", "median", "most", "M/s, core",
	    "flow floors");
	for (int f = 0; f < FIGURES; f++) {
		struct bench_spread s = bench_print_spread(40, names[f], samples[f], rounds);

		if (f == FLOW_FLOOR)
			floor = s.median;
		printf(" %10.2f %12.2f\n", hz / s.median / 1e6, s.median / floor);
	}
}

int
main(int argc, char **argv)
{
	unsigned int sources = argc > 1 ? (unsigned int)atoi(argv[1]) : 1000;
	unsigned int rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : 101;
	double *samples[FIGURES];
	struct bench records, cookies;

	if (sources < 1 || rounds < 1) {
		fprintf(stderr, "usage: perf_cookie [SOURCES [ROUNDS]], both from 1\n");
		return 2;
	}
	bench_samples_alloc(samples, FIGURES, rounds);
	bench_start(&records, sources, SPT_COOKIES_NEVER);
	bench_start(&cookies, sources, SPT_COOKIES_ALWAYS);
	bench_floor_init(sources);
	for (unsigned int r = 0; r < rounds + BENCH_WARM_UP; r++) {
		double sample[FIGURES];

		round_of_records(&records, sample);
		round_of_cookies(&cookies, sample);
		bench_samples_keep(samples, FIGURES, r, sample);
	}
	printf("%u sources, %u rounds, TSC %.2f GHz\n", sources, rounds,
	    (double)rte_get_tsc_hz() / 1e9);
	report(samples, rounds);
	bench_stop(&records);
	bench_stop(&cookies);
	bench_samples_free(samples, FIGURES);
	return 0;
}

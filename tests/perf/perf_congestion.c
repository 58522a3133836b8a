/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles that congestion control takes for an ACK of two segments, as an engine calls it, over
 * sawteeth of several widths: perf_congestion [ACKS [ROUNDS]].
 */
#include <stdio.h>
#include <stdlib.h>

#include <tcp/congestion.h>

#include "bench.h"

#define MSS    1448
#define RTT_US 200000

/* In segments. Below 32 each of these ACKs moves the window, above every 16th of it, or 8th ACK. */
static const uint32_t windows[] = {10, 100, 1000, 50000};

struct sawtooth {
	const struct congestion_algorithm *algorithm;
	struct congestion cc;
	uint32_t cwnd, ssthresh, top;
	uint32_t now_us, step_us; /* from one ACK to the next */
	uint32_t una;
};

static void
lose(struct sawtooth *s)
{
	struct congestion_event e = {.cwnd = s->cwnd, .mss = MSS, .flight = s->cwnd};

	s->algorithm->reduce(&s->cc, &e, false);
	s->cwnd = s->ssthresh = e.ssthresh;
}

/* What recovery does around the call: the event is made, cwnd and ssthresh are taken from it. */
static void
acknowledge(struct sawtooth *s)
{
	struct congestion_event e = {.cwnd = s->cwnd,
	    .ssthresh = s->ssthresh,
	    .mss = MSS,
	    .now_us = s->now_us += s->step_us,
	    .acked = 2 * MSS,
	    .flight = s->cwnd,
	    .rtt_us = RTT_US,
	    .srtt_us = RTT_US,
	    .una = s->una += 2 * MSS,
	    .nxt = s->una + s->cwnd};

	s->algorithm->acked(&s->cc, &e);
	s->cwnd = e.cwnd;
	s->ssthresh = e.ssthresh;
	if (unlikely(s->cwnd >= s->top))
		lose(s);
}

static double
cycles_of(enum spt_congestion which, uint32_t window, unsigned int acks)
{
	struct sawtooth s = {.algorithm = congestion_algorithms[which],
	    .cwnd = window * MSS,
	    .top = window * MSS,
	    .step_us = RTT_US / (window / 2)};
	uint64_t begin;

	s.algorithm->init(&s.cc);
	lose(&s);
	begin = rte_rdtsc_precise();
	for (unsigned int i = 0; i < acks; i++)
		acknowledge(&s);
	return (double)(rte_rdtsc_precise() - begin) / acks;
}

int
main(int argc, char **argv)
{
	unsigned int acks = argc > 1 ? (unsigned int)atoi(argv[1]) : 100000;
	unsigned int rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : 21;
	double *samples;

	if (acks < 1 || rounds < 1) {
		fprintf(stderr, "usage: perf_congestion [ACKS [ROUNDS]], both from 1\n");
		return 2;
	}
	samples = calloc(rounds, sizeof(*samples));
	if (!samples)
		return 1;
	printf("%-40s %8s %8s %8s\n", "cycles an ACK of two segments", "least", "median", "most");
	for (int which = 0; which < SPT_CONGESTION_ALGORITHMS; which++) {
		for (unsigned int w = 0; w < RTE_DIM(windows); w++) {
			struct bench_spread spread;

			for (unsigned int r = 0; r < rounds; r++)
				samples[r] = cycles_of(which, windows[w], acks);
			spread = bench_spread(samples, rounds);
			printf("%-16s %6u segments %15.1f %8.1f %8.1f\n",
			    congestion_algorithms[which]->name, windows[w], spread.least,
			    spread.median, spread.most);
		}
	}
	free(samples);
	return 0;
}

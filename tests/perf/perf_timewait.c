/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TIME-WAIT under pressure, on the memory port in one thread: a SYN that meets a record and reopens
 * it (RFC 6191), or is refused, with timestamps and without; a server that closes first into a pool
 * whose oldest record has to give way; and the flow floor of the same run:
 * perf_timewait [RECORDS [ROUNDS]].
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

enum figure {
	FLOW_FLOOR,
	SYN_NEW,
	SYN_REFUSED,
	SYN_REFUSED_TS,
	SYN_REOPENS,
	SYN_REOPENS_TS,
	CLOSE_FREE,
	CLOSE_REAPS,
	FIGURES
};

/* Of 'frames' in, at most 'target' flow floors each; 0: to compare with. */
static const struct {
	const char *name;
	unsigned int frames;
	double target;
} figures[FIGURES] = {
    [FLOW_FLOOR] = {"flow floor, a frame", 1, 0},
    [SYN_NEW] = {"SYN that meets nothing, record made", 1, 0},
    [SYN_REFUSED] = {"SYN refused by TIME-WAIT, challenge ACK", 1, 6},
    [SYN_REFUSED_TS] = {"the same by its timestamp", 1, 6},
    [SYN_REOPENS] = {"SYN that reopens TIME-WAIT", 1, 7},
    [SYN_REOPENS_TS] = {"the same by its timestamp", 1, 7},
    [CLOSE_FREE] = {"server closes first, a record is free (2 in, 2 out)", 2, 0},
    [CLOSE_REAPS] = {"server closes first, the oldest record gives way", 2, 9},
};

static void
renumber(struct bench *b, unsigned int from, unsigned int to, int32_t ahead)
{
	for (unsigned int i = from; i < to; i++)
		b->clients[i].seq += (uint32_t)ahead;
}

/*
 * Clients of [from, to) that sent their SYN send the rest: a byte comes back with the server's FIN,
 * and their own FIN makes the record. Cycles of the close, from that byte on.
 */
static uint64_t
close_first(struct bench *b, unsigned int from, unsigned int to)
{
	struct spt_stats before, after;
	uint64_t cycles = 0;

	spt_engine_stats(b->engine, &before);
	bench_step(b, from, to, TCP_ACK, 0);
	for (unsigned int i = from; i < to; i += BENCH_CHUNK) {
		unsigned int end = RTE_MIN(to, i + BENCH_CHUNK);

		cycles += bench_step(b, i, end, TCP_ACK | TCP_PSH, 1);
		cycles += bench_step(b, i, end, TCP_ACK | TCP_FIN, 0);
	}
	spt_engine_stats(b->engine, &after);
	bench_expect(b, "closed", after.closed - before.closed, to - from);
	bench_expect(
	    b, "records made", after.timewait_entered - before.timewait_entered, to - from);
	return cycles;
}

/*
 * All clients are in TIME-WAIT. A SYN of each is refused and the next reopens: by its sequence
 * number, or with timestamps by those alone, for its number lies below.
 */
static void
round_of_records(struct bench *b, double *refused, double *reopens, double *closes)
{
	struct spt_stats before, after;

	bench_resolve(b);
	spt_engine_stats(b->engine, &before);
	b->tsval--;
	renumber(b, 0, b->n, -1000);
	*refused = (double)bench_step(b, 0, b->n, TCP_SYN, 0) / b->n;
	b->tsval += 2;
	renumber(b, 0, b->n, b->timestamps ? 0 : 100000);
	*reopens = (double)bench_step(b, 0, b->n, TCP_SYN, 0) / b->n;
	spt_engine_stats(b->engine, &after);
	bench_expect(b, "SYNs refused",
	    after.verdict[SPT_V_TCP_TIMEWAIT_CHALLENGED] -
	        before.verdict[SPT_V_TCP_TIMEWAIT_CHALLENGED],
	    b->n);
	bench_expect(b, "SYNs that reopened",
	    after.verdict[SPT_V_TCP_TIMEWAIT_SYN] - before.verdict[SPT_V_TCP_TIMEWAIT_SYN], b->n);
	bench_expect(b, "challenge ACKs kept back", after.acks_limited, 0);
	*closes = (double)close_first(b, 0, b->n) / b->n;
	spt_engine_stats(b->engine, &after);
	bench_expect(b, "records", after.timewait, b->n);
	bench_expect(b, "records that gave way", after.timewait_early, 0);
}

/* Half of the clients hold all records: the other half closes, and takes them over. */
static void
round_of_pressure(struct bench *b, bool second, double *syn, double *closes)
{
	unsigned int half = b->n / 2, from = second ? half : 0;
	struct spt_stats before, after;

	bench_resolve(b);
	spt_engine_stats(b->engine, &before);
	renumber(b, from, from + half, 100000);
	*syn = (double)bench_step(b, from, from + half, TCP_SYN, 0) / half;
	*closes = (double)close_first(b, from, from + half) / half;
	spt_engine_stats(b->engine, &after);
	bench_expect(b, "SYNs that met nothing",
	    after.verdict[SPT_V_TCP_SYN] - before.verdict[SPT_V_TCP_SYN], half);
	bench_expect(b, "records that gave way", after.timewait_early - before.timewait_early,
	    before.timewait);
	bench_expect(b, "records", after.timewait, half);
}

/* The first incarnation of all. */
static void
populate(struct bench *b)
{
	b->close_first = true;
	b->tsval = 1000;
	bench_step(b, 0, b->n, TCP_SYN, 0);
	close_first(b, 0, b->n);
}

static void
report(double *samples[FIGURES], unsigned int rounds)
{
	double floor = 1;

	printf("%-52s %8s %8s %8s %12s %8s\n", "cycles", "least", "median", "most", "flow floors",
	    "target");
	for (int f = 0; f < FIGURES; f++) {
		struct bench_spread s = bench_print_spread(52, figures[f].name, samples[f], rounds);
		double ratio;

		if (f == FLOW_FLOOR)
			floor = s.median;
		ratio = s.median / (floor * figures[f].frames);
		printf(" %12.2f", ratio);
		if (figures[f].target > 0)
			printf(" %8.2f%s", figures[f].target,
			    ratio > figures[f].target ? " missed" : "");
		putchar('\n');
	}
}

int
main(int argc, char **argv)
{
	unsigned int records = argc > 1 ? (unsigned int)atoi(argv[1]) : 1000;
	unsigned int rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : 101;
	struct bench_options plain = {.cookies = SPT_COOKIES_NEVER, .timewait = records};
	struct bench_options stamped = plain;
	double *samples[FIGURES];
	struct bench b, ts, full;

	if (records < 1 || rounds < 1) {
		fprintf(stderr, "usage: perf_timewait [RECORDS [ROUNDS]], both from 1\n");
		return 2;
	}
	bench_samples_alloc(samples, FIGURES, rounds);
	stamped.timestamps = true;
	bench_start_with(&b, records, &plain);
	bench_start_with(&ts, records, &stamped);
	bench_start_with(&full, 2 * records, &plain);
	full.close_first = true;
	populate(&b);
	populate(&ts);
	bench_floor_init(records);
	for (unsigned int r = 0; r < rounds + BENCH_WARM_UP; r++) {
		double sample[FIGURES], unused;

		/* The other engines left its lines as cold as the records. */
		sample[FLOW_FLOOR] = bench_step_floor(&b, 1, true);
		round_of_records(
		    &b, &sample[SYN_REFUSED], &sample[SYN_REOPENS], &sample[CLOSE_FREE]);
		round_of_records(&ts, &sample[SYN_REFUSED_TS], &sample[SYN_REOPENS_TS], &unused);
		round_of_pressure(&full, r % 2, &sample[SYN_NEW], &sample[CLOSE_REAPS]);
		bench_samples_keep(samples, FIGURES, r, sample);
	}
	printf("%u TIME-WAIT records, %u rounds, TSC %.2f GHz\n", records, rounds,
	    (double)rte_get_tsc_hz() / 1e9);
	report(samples, rounds);
	bench_stop(&b);
	bench_stop(&ts);
	bench_stop(&full);
	bench_samples_free(samples, FIGURES);
	return 0;
}

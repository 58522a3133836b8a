/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles of a segment that comes ahead of a gap: as an ordinary sender's do, each behind the one
 * before; and the worst that a hostile one can do, single bytes with gaps between, as many as one
 * connection may have: one that goes on where the last but one ends, and one more gap, before the
 * last, which is refused: perf_reassembly [ROUNDS].
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define SEGMENTS 128
#define BYTES    64
#define GAPS     256 /* OUT_OF_ORDER_RUNS */
#define SPACE    100 /* from one to the next */

enum figure { PORT_FLOOR, IN_ORDER, BEHIND_A_GAP, HOSTILE, ONE_MORE, FIGURES };

static const char *const names[FIGURES] = {
    [PORT_FLOOR] = "port floor, a frame",
    [IN_ORDER] = "in-order segment, 64 bytes",
    [BEHIND_A_GAP] = "segment behind a gap, in its order",
    [HOSTILE] = "hostile byte before the last of 256 gaps",
    [ONE_MORE] = "hostile byte that makes one gap more",
};

static void
put(struct bench *b, uint32_t seq, uint32_t len)
{
	struct bench_client *c = &b->clients[0];
	uint32_t was = c->seq;

	c->seq = seq;
	bench_inject(b, 0, TCP_ACK, len);
	c->seq = was;
}

static double
run(struct bench *b, unsigned int frames)
{
	uint64_t cycles = bench_run_engine(b);

	bench_collect(b);
	return (double)cycles / frames;
}

/* A new connection of client 0. */
static void
open_one(struct bench *b)
{
	b->clients[0].seq += 10000000;
	bench_resolve(b);
	bench_inject(b, 0, TCP_SYN, 0);
	run(b, 1);
	bench_inject(b, 0, TCP_ACK, 0);
	run(b, 1);
}

static void
abort_one(struct bench *b)
{
	bench_inject(b, 0, TCP_RST | TCP_ACK, 0);
	run(b, 1);
}

static void
round_of(struct bench *b, double sample[FIGURES])
{
	uint32_t at;

	open_one(b);
	for (unsigned int i = 0; i < SEGMENTS; i++)
		bench_inject(b, 0, TCP_ACK, BYTES);
	sample[IN_ORDER] = run(b, SEGMENTS);
	at = b->clients[0].seq + 10;
	for (unsigned int i = 0; i < SEGMENTS; i++)
		put(b, at + BYTES * i, BYTES);
	sample[BEHIND_A_GAP] = run(b, SEGMENTS);
	abort_one(b);

	open_one(b);
	at = b->clients[0].seq;
	for (unsigned int i = 0; i < GAPS; i++) {
		put(b, at + 1000 + SPACE * i, 1);
		if (i % 64 == 63)
			run(b, 1);
	}
	run(b, 1);
	/* Each fills a byte behind the last run but one: the whole queue is walked. */
	for (unsigned int i = 0; i < 8; i++)
		put(b, at + 1000 + SPACE * (GAPS - 2) + 1 + i, 1);
	sample[HOSTILE] = run(b, 8);
	/* Each would be a new run in front of the last. */
	for (unsigned int i = 0; i < 8; i++)
		put(b, at + 1000 + SPACE * (GAPS - 2) + 90 - 2 * i, 1);
	sample[ONE_MORE] = run(b, 8);
	abort_one(b);
	for (unsigned int i = 0; i < SEGMENTS; i++)
		bench_inject(b, 0, TCP_ACK, 0);
	sample[PORT_FLOOR] = (double)bench_run_floor(b, false) / SEGMENTS;
	bench_collect(b);
}

int
main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : 101;
	double *samples[FIGURES];
	struct bench b;

	if (rounds < 1) {
		fprintf(stderr, "usage: perf_reassembly [ROUNDS], from 1\n");
		return 2;
	}
	bench_samples_alloc(samples, FIGURES, rounds);
	bench_start(&b, 1, SPT_COOKIES_NEVER);
	bench_floor_init(1);
	for (unsigned int r = 0; r < rounds + BENCH_WARM_UP; r++) {
		double sample[FIGURES];

		round_of(&b, sample);
		bench_samples_keep(samples, FIGURES, r, sample);
	}
	printf("%u rounds\n%-56s %8s %8s %8s\n", rounds, "cycles", "least", "median", "most");
	for (int f = 0; f < FIGURES; f++) {
		bench_print_spread(56, names[f], samples[f], rounds);
		putchar('\n');
	}
	bench_stop(&b);
	bench_samples_free(samples, FIGURES);
	return 0;
}

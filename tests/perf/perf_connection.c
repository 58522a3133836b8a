/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles of a passive handshake and of a full connection on the memory port in one thread, and
 * both floors from the same run: perf_connection [CONNECTIONS [ROUNDS]].
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

/* Frames of a full connection: SYN, ACK, 1 byte, FIN, ACK in; SYN-ACK, echo, FIN out. */
#define FRAMES_IN 5

enum figure { PORT_FLOOR, FLOW_FLOOR, HANDSHAKE, CONNECTION, CLOSE_FIRST, FIGURES };

static const char *const names[FIGURES] = {
    [PORT_FLOOR] = "port floor, a frame",
    [FLOW_FLOOR] = "flow floor, a frame",
    [HANDSHAKE] = "passive handshake (2 in, 1 out)",
    [CONNECTION] = "full connection (5 in, 3 out)",
    [CLOSE_FIRST] = "full connection, server closes first, TIME-WAIT reaped",
};

/* One frame of each client of [from, to); returns the engine's cycles. */
static uint64_t
step(struct bench *b, unsigned int from, unsigned int to, uint8_t flags, uint32_t len)
{
	uint64_t cycles;

	for (unsigned int i = from; i < to; i++)
		bench_inject(b, i, flags, len);
	cycles = bench_run_engine(b);
	bench_collect(b);
	return cycles;
}

/* As many frames of each client as a connection has: the floor is as warm as the engine. */
static double
floor_round(struct bench *b, bool flow)
{
	uint64_t cycles = 0;
	unsigned int frames = 0;

	for (unsigned int i = 0; i < b->n; i += BENCH_CHUNK) {
		for (unsigned int pass = 0; pass < FRAMES_IN; pass++) {
			for (unsigned int k = i; k < RTE_MIN(b->n, i + BENCH_CHUNK); k++, frames++)
				bench_inject(b, k, TCP_ACK, 0);
			cycles += bench_run_floor(b, flow);
			bench_collect(b);
		}
	}
	return (double)cycles / frames;
}

/* Every client opens, sends a byte and gets it back, and both close; clients first or last. */
static void
round_of_connections(struct bench *b, bool close_first, double sample[FIGURES])
{
	uint64_t closed = b->closed, received = b->received;
	uint64_t handshake = 0, rest = 0;

	b->close_first = close_first;
	bench_resolve(b);
	for (unsigned int i = 0; i < b->n; i++)
		b->clients[i].seq += 100000;
	for (unsigned int i = 0; i < b->n; i += BENCH_CHUNK) {
		unsigned int to = RTE_MIN(b->n, i + BENCH_CHUNK);

		handshake += step(b, i, to, TCP_SYN, 0);
		handshake += step(b, i, to, TCP_ACK, 0);
	}
	for (unsigned int i = 0; i < b->n; i += BENCH_CHUNK) {
		unsigned int to = RTE_MIN(b->n, i + BENCH_CHUNK);

		rest += step(b, i, to, TCP_ACK | TCP_PSH, 1);
		rest += step(b, i, to, TCP_ACK | TCP_FIN, 0);
		if (!close_first)
			rest += step(b, i, to, TCP_ACK, 0);
	}
	if (close_first) {
		b->now += 61 * SPT_NS_PER_SEC; /* 2MSL: the reaping is inside the span */
		rest += bench_run_engine(b);
		while (spt_next_deadline(b->engine) < b->now)
			rest += bench_run_engine(b);
	}
	if (b->closed - closed != b->n || b->received - received != b->n) {
		fprintf(stderr, "perf_connection: %lu of %u connections closed, %lu echoed\n",
		    (unsigned long)(b->closed - closed), b->n,
		    (unsigned long)(b->received - received));
		bench_print_stats(b);
		exit(1);
	}
	sample[HANDSHAKE] = (double)handshake / b->n;
	sample[close_first ? CLOSE_FIRST : CONNECTION] = (double)(handshake + rest) / b->n;
}

static void
report(double *samples[FIGURES], unsigned int rounds)
{
	struct bench_spread s[FIGURES];
	double floor;

	printf("%-56s %8s %8s %8s\n", "cycles", "least", "median", "most");
	for (int f = 0; f < FIGURES; f++) {
		s[f] = bench_spread(samples[f], rounds);
		printf("%-56s %8.0f %8.0f %8.0f\n", names[f], s[f].least, s[f].median, s[f].most);
	}
	floor = s[FLOW_FLOOR].median;
	printf("\nratios (medians of one run)\n");
	printf("%-56s %8.2f\n", "handshake / flow floor of its 2 frames",
	    s[HANDSHAKE].median / (2 * floor));
	printf("%-56s %8.2f\n", "connection / flow floor of its 5 frames",
	    s[CONNECTION].median / (FRAMES_IN * floor));
	printf("%-56s %8.2f\n", "connection / port floor of its 5 frames",
	    s[CONNECTION].median / (FRAMES_IN * s[PORT_FLOOR].median));
}

int
main(int argc, char **argv)
{
	unsigned int connections = argc > 1 ? (unsigned int)atoi(argv[1]) : 1000;
	unsigned int rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : 101;
	double *samples[FIGURES];
	struct bench b;

	if (connections < 1 || rounds < 1) {
		fprintf(stderr, "usage: perf_connection [CONNECTIONS [ROUNDS]], both from 1\n");
		return 2;
	}
	for (int f = 0; f < FIGURES; f++)
		samples[f] = calloc(rounds, sizeof(double));
	bench_start(&b, connections, SPT_COOKIES_NEVER);
	bench_floor_init(connections);
	for (unsigned int r = 0; r < rounds + 2; r++) {
		double sample[FIGURES];
		unsigned int at = r < 2 ? 0 : r - 2; /* two rounds to warm up */

		sample[PORT_FLOOR] = floor_round(&b, false);
		sample[FLOW_FLOOR] = floor_round(&b, true);
		round_of_connections(&b, true, sample);
		round_of_connections(&b, false, sample);
		for (int f = 0; f < FIGURES; f++)
			samples[f][at] = sample[f];
	}
	printf("%u connections, %u rounds, TSC %.2f GHz\n", connections, rounds,
	    (double)rte_get_tsc_hz() / 1e9);
	report(samples, rounds);
	bench_stop(&b);
	return 0;
}

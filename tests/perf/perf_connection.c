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

		handshake += bench_step(b, i, to, TCP_SYN, 0);
		handshake += bench_step(b, i, to, TCP_ACK, 0);
	}
	for (unsigned int i = 0; i < b->n; i += BENCH_CHUNK) {
		unsigned int to = RTE_MIN(b->n, i + BENCH_CHUNK);

		rest += bench_step(b, i, to, TCP_ACK | TCP_PSH, 1);
		rest += bench_step(b, i, to, TCP_ACK | TCP_FIN, 0);
		if (!close_first)
			rest += bench_step(b, i, to, TCP_ACK, 0);
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
		s[f] = bench_print_spread(56, names[f], samples[f], rounds);
		putchar('\n');
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
	bench_samples_alloc(samples, FIGURES, rounds);
	bench_start(&b, connections, SPT_COOKIES_NEVER);
	bench_floor_init(connections);
	for (unsigned int r = 0; r < rounds + BENCH_WARM_UP; r++) {
		double sample[FIGURES];

		/* As many frames as a connection has: the floor is as warm as the engine. */
		sample[PORT_FLOOR] = bench_step_floor(&b, FRAMES_IN, false);
		sample[FLOW_FLOOR] = bench_step_floor(&b, FRAMES_IN, true);
		round_of_connections(&b, true, sample);
		round_of_connections(&b, false, sample);
		bench_samples_keep(samples, FIGURES, r, sample);
	}
	printf("%u connections, %u rounds, TSC %.2f GHz\n", connections, rounds,
	    (double)rte_get_tsc_hz() / 1e9);
	report(samples, rounds);
	bench_stop(&b);
	bench_samples_free(samples, FIGURES);
	return 0;
}

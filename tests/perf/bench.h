/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The benchmarks' stage: one engine and a hand-written generator at the two ends of a memory
 * pair, in one thread. The generator works outside the timed spans.
 */
#ifndef TESTS_PERF_BENCH_H
#define TESTS_PERF_BENCH_H

#include <rte_cycles.h>

#include <septet/septet.h>

#include "port/port.h"
#include "wire/wire.h"

#define BENCH_PORT 7
/* Frames in one timed span: their mbufs, and copies of what is echoed, stay in the pool's cache. */
#define BENCH_CHUNK 192

/* One client connection of the generator. */
struct bench_client {
	struct spt_addr addr;
	uint16_t port;     /* host order */
	uint32_t seq, ack; /* SND.NXT, RCV.NXT */
	uint32_t tsecr;    /* TS.Recent */
};

/* What the engine is like; 0 asks for the default. */
struct bench_options {
	enum spt_syn_cookies cookies;
	uint32_t timewait; /* records */
	bool timestamps;   /* in every segment of both ends */
};

struct bench {
	unsigned int n; /* connections */
	struct bench_client *clients;
	struct rte_mempool *pool; /* of both ends, as in one process */
	struct spt_port *port[2];
	struct spt_engine *engine;
	struct spt_addr server;
	spt_time now;
	uint64_t received; /* data events, for the application in the loop */
	uint64_t closed;
	bool close_first; /* the application closes after its answer */
	bool timestamps;
	uint32_t tsval; /* of what the generator sends, if 'timestamps' */
};

void bench_start_with(
    struct bench *b, unsigned int connections, const struct bench_options *options);
void bench_start(struct bench *b, unsigned int connections, enum spt_syn_cookies cookies);
/* Tell the engine, whose neighbour entries age, where the clients are. */
void bench_resolve(struct bench *b);
void bench_stop(struct bench *b);

/* Frame 'flags' (and 'len' bytes of payload) of client 'i', into the ring to the engine. */
void bench_inject(struct bench *b, unsigned int i, uint8_t flags, uint32_t len);
/* Cycles that the engine and its application take for what was injected. */
uint64_t bench_run_engine(struct bench *b);
/* Take the engine's frames and learn from them; returns how many there were. */
unsigned int bench_collect(struct bench *b);
/* Cycles to receive, swap addresses and send back what was injected; 'flow': see floors.c. */
uint64_t bench_run_floor(struct bench *b, bool flow);
void bench_floor_init(unsigned int connections);

/* A frame of each client of [from, to), in spans; the engine's cycles. */
uint64_t bench_step(
    struct bench *b, unsigned int from, unsigned int to, uint8_t flags, uint32_t len);
/* The same by a floor, 'passes' times in each span and of all clients; cycles of a frame. */
double bench_step_floor(struct bench *b, unsigned int passes, bool flow);

void bench_print_stats(const struct bench *b);
/* Ends the program, with all counters, where a figure is not what it should be. */
void bench_expect(const struct bench *b, const char *what, uint64_t got, uint64_t wanted);

/* Rounds whose samples are not kept: they warm up. */
#define BENCH_WARM_UP 2
void bench_samples_alloc(double **samples, unsigned int figures, unsigned int rounds);
void bench_samples_free(double **samples, unsigned int figures);
/* What round 'r', warming up included, gave for each figure. */
void bench_samples_keep(
    double **samples, unsigned int figures, unsigned int r, const double *sample);

/* Of samples collected over rounds: sorted in place. */
struct bench_spread {
	double least, median, most;
};
struct bench_spread bench_spread(double *samples, unsigned int n);
/* The same, printed in a line that the caller ends. */
struct bench_spread bench_print_spread(
    int width, const char *name, double *samples, unsigned int n);

#endif

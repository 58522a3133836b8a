/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long the source ports last. A connection that the client closes first keeps its tuple for
 * 2MSL, so a rate needs rate x 2MSL of them for each remote endpoint.
 */
#ifndef SPT_APP_BENCH_PREDICT_H
#define SPT_APP_BENCH_PREDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/options.h"

/* Tuples of the source addresses and ports towards all targets: what can be in use at once. */
uint64_t predict_tuples(const struct bench_options *o);

/*
 * Seconds after which every tuple is in use at that many connections a second; a negative number:
 * they last for ever. A pool of TIME-WAIT records that is smaller gives tuples back early.
 */
double predict_seconds(const struct bench_options *o, double connections);

/* The sentence to say about it. False: they last, or longer than the run. */
bool predict_text(const struct bench_options *o, double connections, char *text, size_t size);

/* The connections a second that the options ask for; 0: unknown before the run. */
double predict_connections(const struct bench_options *o);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Which options of `septet bench` make sense together, and what follows from them. */
#ifndef SPT_APP_BENCH_CHECK_H
#define SPT_APP_BENCH_CHECK_H

#include "bench/options.h"

#define BENCH_WINDOW 256 /* in progress at most, as fast as possible */
/*
 * With a rate: what a network holds on its way. In memory there is no way, and more than is needed
 * to keep both ends busy only spills their caches: who fell behind would not catch up again.
 */
#define BENCH_WINDOW_OPEN   16384
#define BENCH_WINDOW_MEMORY BENCH_WINDOW
#define BENCH_TIMEWAIT      (1 << 20) /* TIME-WAIT records, unless --timewait says otherwise */

/* Which of them were on the command line, where the value does not tell. */
struct bench_given {
	bool mode, close, request, http_body, direction, max_failures, rate;
};

/*
 * Refuse what contradicts itself, then fill in what was left open. 0, or -EINVAL with one line
 * that says what was expected and what to do.
 */
int bench_options_check(
    struct bench_options *o, const struct bench_given *given, char *error, size_t error_size);

/* Sizes of tables and pools of one engine follow from the wishes. */
void bench_options_size(struct bench_options *o);

/* Engines that each port has for the load: of a memory port two lcores make one. */
static inline unsigned int
bench_options_queues(const struct bench_options *o)
{
	unsigned int cores = link_is_memory(&o->link) ? o->cores / 2 : o->cores;

	return cores ? cores : 1;
}

/* The same of all ports. */
static inline unsigned int
bench_options_engines(const struct bench_options *o)
{
	return bench_options_queues(o) * (o->link.n_ports ? o->link.n_ports : 1);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The load of a phase as a function of time: when each attempt is due. With a rate (constant,
 * or a line from one rate to another) attempts are due by the clock, whatever became of those
 * before: an open loop. Without one the next is due when fewer than 'window' are in progress.
 */
#ifndef SPT_APP_BENCH_LOAD_H
#define SPT_APP_BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <septet/types.h>

struct load {
	double from, to; /* attempts a second at the beginning and the end; both 0: no rate */
	spt_time start, duration; /* duration 0: no end, and no ramp */
	uint32_t window;
};

static inline bool
load_has_rate(const struct load *l)
{
	return l->from > 0 || l->to > 0;
}

/*
 * The intended start of attempt 'number' (0, 1, ...) of a load with a rate; SPT_TIME_NEVER when
 * it would lie behind the end. It never decreases with 'number'.
 */
spt_time load_time(const struct load *l, uint64_t number);

/*
 * Whether attempt 'number' is due at 'now' while 'in_progress' others are; then *intended is
 * when it was.
 */
static inline bool
load_due(
    const struct load *l, uint64_t number, uint32_t in_progress, spt_time now, spt_time *intended)
{
	*intended = load_has_rate(l)          ? load_time(l, number)
	            : in_progress < l->window ? now
	                                      : SPT_TIME_NEVER;
	return *intended <= now;
}

#endif

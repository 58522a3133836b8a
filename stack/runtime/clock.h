/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock of a core: the TSC in nanoseconds. One multiplication of 64 by 64 to 128
 * bits, so nothing overflows for as long as the counter itself does not.
 */
#ifndef SPT_RUNTIME_CLOCK_H
#define SPT_RUNTIME_CLOCK_H

#include <stdint.h>

#include <septet/types.h>

struct clock {
	uint64_t tsc;      /* the counter at 'start' */
	uint64_t ns_shift; /* nanoseconds of one count, times 2^32 */
	spt_time start;
	spt_time last; /* never handed out less than this */
};

static inline void
clock_init(struct clock *c, uint64_t hz, uint64_t tsc, spt_time start)
{
	c->tsc = tsc;
	c->ns_shift = (uint64_t)(((unsigned __int128)SPT_NS_PER_SEC << 32) / hz);
	c->start = start;
	c->last = start;
}

/*
 * 'tsc' as time. A thread that moved to a core whose counter is behind must not see
 * time go back: spt_poll forbids it.
 */
static inline spt_time
clock_read(struct clock *c, uint64_t tsc)
{
	spt_time now = c->last;

	if (tsc > c->tsc)
		now =
		    c->start + (spt_time)(((unsigned __int128)(tsc - c->tsc) * c->ns_shift) >> 32);
	if (now > c->last)
		c->last = now;
	return c->last;
}

#endif

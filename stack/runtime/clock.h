/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock of a core: the TSC in nanoseconds. One multiplication of 64 by 64 to 128
 * bits, so nothing overflows for as long as the counter itself does not.
 *
 * EAL tells the TSC's rate to the next 10 MHz: off by a second in ten minutes, at worst. So the
 * clock is compared with the system's from time to time, and led to it: hosts that share a cookie
 * secret must agree on the time for as long as they run.
 */
#ifndef SPT_RUNTIME_CLOCK_H
#define SPT_RUNTIME_CLOCK_H

#include <stdint.h>

#include <septet/types.h>

/* How often; what was found wrong is gone by the next time. */
#define CLOCK_TUNE SPT_NS_PER_SEC
/* But the clock is never led away from its rate by more than an eighth. */
#define CLOCK_STEER ((int64_t)CLOCK_TUNE / 8)

struct clock {
	uint64_t tsc;      /* the counter at 'start' */
	uint64_t ns_shift; /* nanoseconds of one count, times 2^32 */
	spt_time start;
	spt_time last; /* never handed out less than this */
	/* both when they were compared last */
	uint64_t seen_tsc;
	spt_time seen_system;
};

static inline void
clock_init(struct clock *c, uint64_t hz, uint64_t tsc, spt_time start)
{
	c->tsc = tsc;
	c->ns_shift = (uint64_t)(((unsigned __int128)SPT_NS_PER_SEC << 32) / hz);
	c->start = start;
	c->last = start;
	c->seen_tsc = tsc;
	c->seen_system = start;
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

/* The system's monotonic clock, of which 'start' was taken, says 'system' at 'tsc'. */
static inline void
clock_tune(struct clock *c, uint64_t tsc, spt_time system)
{
	spt_time now = clock_read(c, tsc);
	int64_t wrong = (int64_t)(system - now);
	uint64_t rate;

	if (tsc <= c->seen_tsc || system <= c->seen_system)
		return;
	rate =
	    (uint64_t)(((unsigned __int128)(system - c->seen_system) << 32) / (tsc - c->seen_tsc));
	wrong = wrong > CLOCK_STEER ? CLOCK_STEER : wrong < -CLOCK_STEER ? -CLOCK_STEER : wrong;
	c->ns_shift = rate + (uint64_t)((__int128)rate * wrong / (int64_t)CLOCK_TUNE);
	c->tsc = c->seen_tsc = tsc;
	c->seen_system = system;
	c->start = now;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rate limiters: a 16-bit one for a connection or a record, and a token bucket for
 * a whole core.
 */
#ifndef SPT_BASE_RATELIMIT_H
#define SPT_BASE_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include <septet/types.h>

/*
 * Sixteen bits: 4 bits of tokens used, 12 bits of time in units of 2^29 ns (0.54 s).
 * Allows a burst of RATELIMIT16_BURST, then one a unit: from time a to b at most
 * BURST + unit(b) - unit(a). The time wraps after 37 minutes: then the tokens may come back
 * late, never early. Zero is a full bucket. Two ends out of step that answer each other stop
 * when one finds its bucket empty, which for round trips below a unit is soon; where an answer
 * costs several tokens, for round trips below as many units.
 */
#define RATELIMIT16_SHIFT 29
#define RATELIMIT16_BURST 8

/*
 * An answer that costs as much as 'cost' others, and leaves 'left' of them, so that what is worth
 * less does not keep back what others wait for. Together at most RATELIMIT16_BURST.
 */
static inline bool
ratelimit16_take_cost(uint16_t *limiter, spt_time now, uint16_t cost, uint16_t left)
{
	uint16_t unit = (uint16_t)(now >> RATELIMIT16_SHIFT) & 0xfff;
	uint16_t used = *limiter & 0xf;
	uint16_t passed = (uint16_t)(unit - (*limiter >> 4)) & 0xfff;

	used = passed >= used ? 0 : used - passed;
	if (used + cost + left > RATELIMIT16_BURST)
		return false;
	*limiter = (uint16_t)(unit << 4 | (used + cost));
	return true;
}

static inline bool
ratelimit16_take(uint16_t *limiter, spt_time now)
{
	return ratelimit16_take_cost(limiter, now, 1, 0);
}

/*
 * Tokens by time: at most 'rate' a second, at most 'burst' saved up. From time a to b
 * at most burst + (b - a) / interval. Nothing is subtracted from a time, so the bucket
 * is full at time 0 as well.
 */
struct ratelimit {
	uint64_t interval; /* ns for one token */
	uint64_t span;     /* interval * burst */
	spt_time full_at;  /* the time at which the bucket is full again */
};

/* 'rate' and 'burst' are not 0. The interval is rounded up: never more than 'rate'. */
static inline void
ratelimit_init(struct ratelimit *r, uint64_t rate, uint64_t burst, spt_time now)
{
	r->interval = (SPT_NS_PER_SEC + rate - 1) / rate;
	r->span = r->interval * burst;
	r->full_at = now;
}

static inline bool
ratelimit_take(struct ratelimit *r, spt_time now)
{
	spt_time full_at = (r->full_at > now ? r->full_at : now) + r->interval;

	if (full_at > now + r->span)
		return false;
	r->full_at = full_at;
	return true;
}

#endif

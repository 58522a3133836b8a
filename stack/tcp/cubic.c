/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CUBIC, RFC 9438, in integers: windows are bytes, times microseconds. In congestion avoidance the
 * window follows W_cubic (t) = C * (t - K)^3 + W_max, or W_est where Reno would be faster.
 */
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "congestion.h"

/* beta_cubic = 0.7; alpha_cubic = 3 * (1 - beta_cubic) / (1 + beta_cubic) = 9 / 17. */
#define BETA_NUM    7
#define BETA_DEN    10
#define ALPHA_NUM   9
#define ALPHA_DEN   17
#define FASTCNV_NUM 17 /* (1 + beta_cubic) / 2 */
#define FASTCNV_DEN 20

/*
 * No longer times are computed with, 2^30 us (17.9 minutes): K is at most 347 s (W_max of 2^30
 * bytes in segments of 64), and by then W_cubic is far above any window.
 */
#define TIME_MAX (UINT32_C(1) << 30)

/* C = 0.4 segments / s^3 for cubes of microseconds less 32 bits: 0.4e-18 * 2^(32 + 61). */
#define C_SCALED UINT64_C(3961408126)
#define C_SHIFT  61

/* 1 / C in cubic microseconds a segment. */
#define C_INVERSE UINT64_C(2500000000000000000)

/*
 * The window is looked at each time a 16th of it, or 16 segments, were acknowledged, not with every
 * ACK: of the curve that loses nothing, for it is a function of time.
 */
#define STEP_SHIFT    4
#define STEP_SEGMENTS 16

/* One bit of the root at a time; b is (y + 1)^3 - y^3. Once an epoch. */
uint32_t
cubic_root(unsigned __int128 n)
{
	unsigned int bits = n >> 64 ? 128 - __builtin_clzll((uint64_t)(n >> 64))
	                            : 64 - __builtin_clzll((uint64_t)n | 1);
	unsigned __int128 b;
	uint64_t y = 0;

	for (int s = (int)(bits - 1) / 3 * 3; s >= 0; s -= 3) {
		y *= 2;
		b = (unsigned __int128)(3 * y) * (y + 1) + 1;
		if (n >> s >= b) {
			n -= b << s;
			y++;
		}
	}
	return (uint32_t)y;
}

static void
cubic_init(struct congestion *cc)
{
	memset(cc, 0, sizeof(*cc));
}

/* C * d^3 in bytes, d at most TIME_MAX. Sixteen bits of a segment's fraction are kept. */
static uint64_t
cubic_cube(uint64_t d, uint32_t mss)
{
	uint64_t cube = (uint64_t)((unsigned __int128)(d * d) * d >> 32);
	uint64_t segments = (uint64_t)((unsigned __int128)cube * C_SCALED >> (C_SHIFT - 16));

	return segments * mss >> 16;
}

/* W_cubic (t). Where the stage began above W_max its plateau is where it began, and K is 0. */
static uint64_t
cubic_window(const struct congestion_cubic *c, uint64_t t, uint32_t mss)
{
	uint64_t plateau = RTE_MAX(c->w_max, c->cwnd_epoch), below;

	if (t >= c->k_us)
		return plateau + cubic_cube(RTE_MIN(t - c->k_us, TIME_MAX), mss);
	below = cubic_cube(c->k_us - t, mss);
	return plateau - RTE_MIN(below, plateau); /* were segments smaller when K was computed */
}

/* A stage of congestion avoidance begins: t_epoch, cwnd_epoch, K, W_est (4.2, 4.3). */
static void
cubic_begin(struct congestion *cc, const struct congestion_event *e)
{
	struct congestion_cubic *c = &cc->cubic;
	unsigned __int128 cube;

	cc->epoch = 1;
	cc->after_rto = 0;
	/* after a time-out, and after slow start that ended without loss: K is 0 (4.8, 4.10) */
	if (c->w_max == 0)
		c->w_max = e->cwnd;
	if (c->cwnd_prior == 0)
		c->cwnd_prior = e->cwnd;
	c->cwnd_epoch = e->cwnd;
	c->epoch_us = e->now_us;
	c->k_us = 0;
	if (c->w_max > e->cwnd) {
		cube = (unsigned __int128)(c->w_max - e->cwnd) * C_INVERSE / e->mss;
		c->k_us = RTE_MIN(cubic_root(cube), TIME_MAX);
	}
	c->w_est = e->cwnd;
	c->w_est_fraction = 0;
	c->acked = 0;
}

/* t. The epoch moves along before the clock comes around, and if it was told of too much idling. */
static uint32_t
cubic_elapsed(struct congestion_cubic *c, uint32_t now_us)
{
	uint32_t t = now_us - c->epoch_us;

	if (likely(t <= TIME_MAX))
		return t;
	t = (int32_t)t < 0 ? 0 : TIME_MAX;
	c->epoch_us = now_us - t;
	return t;
}

/* 4.3: W_est += alpha * MSS * (bytes acknowledged / cwnd); 'share' is that ratio, times 2^32. */
static void
cubic_estimate(struct congestion_cubic *c, uint64_t share, uint32_t mss)
{
	uint64_t w_est = (uint64_t)c->w_est << 32 | c->w_est_fraction;
	uint64_t increase = share * mss;

	if (c->w_est < c->cwnd_prior)
		increase = increase * ALPHA_NUM / ALPHA_DEN;
	w_est = RTE_MIN(w_est + increase, (uint64_t)CONGESTION_CWND_MAX << 32);
	c->w_est = (uint32_t)(w_est >> 32);
	c->w_est_fraction = (uint32_t)w_est;
}

/* The regions of 4.3 to 4.5, for c->acked bytes that were acknowledged. */
static void
cubic_grow(struct congestion_cubic *c, struct congestion_event *e)
{
	uint32_t mss = e->mss, cwnd = RTE_MAX(e->cwnd, mss);
	uint32_t acked = RTE_MIN(c->acked, cwnd);
	uint64_t share = ((uint64_t)acked << 32) / cwnd;
	uint32_t t = cubic_elapsed(c, e->now_us);
	uint64_t next, target;

	c->acked = 0;
	cubic_estimate(c, share, mss);
	if (cubic_window(c, t, mss) < c->w_est) {
		/* Reno-friendly; not faster than slow start, should the caller have cut cwnd */
		next = RTE_MIN(c->w_est, cwnd + acked);
	} else {
		target = cubic_window(c, (uint64_t)t + e->srtt_us, mss);
		target = RTE_MIN(target, cwnd + cwnd / 2);
		next = target > cwnd ? cwnd + ((target - cwnd) * share >> 32) : cwnd;
	}
	if (next > cwnd)
		e->cwnd = (uint32_t)RTE_MIN(next, CONGESTION_CWND_MAX);
}

static void
cubic_acked(struct congestion *cc, struct congestion_event *e)
{
	struct congestion_cubic *c = &cc->cubic;

	if (e->cwnd < e->ssthresh) {
		cc->epoch = 0; /* what follows slow start is a new stage */
		if (e->ssthresh >= CONGESTION_SSTHRESH_INITIAL)
			hystart_acked(&cc->hystart, e);
		else
			newreno_slow_start(cc, e);
		return;
	}
	if (unlikely(!cc->epoch))
		cubic_begin(cc, e);
	c->acked += RTE_MIN(e->acked, e->cwnd);
	if (c->acked >= RTE_MIN(e->cwnd >> STEP_SHIFT, e->mss * STEP_SEGMENTS))
		cubic_grow(c, e);
}

/* beta_cubic of what was in flight (4.6); not of what limited transmit added (RFC 5681 3.2). */
static void
cubic_ssthresh(struct congestion_event *e)
{
	uint64_t flight = RTE_MIN(e->flight, e->cwnd);

	e->ssthresh = RTE_MAX((uint32_t)(flight * BETA_NUM / BETA_DEN), 2 * e->mss);
}

/* 4.6 and fast convergence (4.7). ECN-Echo counts as loss does. */
static void
cubic_reduce(struct congestion *cc, struct congestion_event *e, bool ecn)
{
	struct congestion_cubic *c = &cc->cubic;
	bool lower = e->cwnd < c->w_max;

	c->w_max = lower ? (uint32_t)((uint64_t)e->cwnd * FASTCNV_NUM / FASTCNV_DEN) : e->cwnd;
	c->cwnd_prior = e->cwnd;
	cc->epoch = 0;
	cubic_ssthresh(e);
}

/* 4.8: W_max will be what congestion avoidance begins with. */
static void
cubic_timeout(struct congestion *cc, struct congestion_event *e)
{
	cc->cubic.w_max = 0;
	cc->cubic.cwnd_prior = e->cwnd;
	cc->epoch = 0;
	cc->after_rto = 1;
	cubic_ssthresh(e);
}

/* 4.9: W_max, K, t_epoch and W_est as they were, and HyStart++ where it was. */
static void
cubic_undo(struct congestion *cc, const struct congestion *before)
{
	*cc = *before;
}

static void
cubic_idle(struct congestion *cc, uint32_t us)
{
	cc->cubic.epoch_us += us;
}

const struct congestion_algorithm cubic_algorithm = {
    .name = "cubic",
    .init = cubic_init,
    .acked = cubic_acked,
    .reduce = cubic_reduce,
    .timeout = cubic_timeout,
    .undo = cubic_undo,
    .idle = cubic_idle,
};

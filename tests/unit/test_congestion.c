/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CUBIC's integers against RFC 9438 in doubles: the cube root, the curve over sawteeth, regions and
 * corners; and what no algorithm ever does.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_common.h>

#include <base/random.h>

#include "test_congestion.h"

#define C          0.4
#define BETA_CUBIC 0.7
#define ALPHA      (3 * (1 - BETA_CUBIC) / (1 + BETA_CUBIC))

static const struct congestion_algorithm *const cubic = &cubic_algorithm;

/* ---- the integer cube root ---- */

static void
expect_root(unsigned __int128 n, uint32_t root)
{
	if (cubic_root(n) != root)
		fail_msg("root of %016llx%016llx: %u, not %u", (unsigned long long)(n >> 64),
		    (unsigned long long)n, cubic_root(n), root);
}

static unsigned __int128
cube(uint64_t r)
{
	return (unsigned __int128)r * r * r;
}

/* RFC 9438 4.2: K. The root of every small number, and at every edge of others. */
static void
test_root(void **state)
{
	uint64_t random = 1;
	uint32_t r = 0;

	for (uint32_t n = 0; n < 2000000; n++) {
		if (cube(r + 1) == n)
			r++;
		expect_root(n, r);
	}
	for (uint32_t i = 0; i < 300000; i++) {
		r = (uint32_t)random_next(&random) >> random_below(&random, 32);
		if (i < 32)
			r = UINT32_MAX >> i;
		if (r < 2)
			continue;
		expect_root(cube(r), r);
		expect_root(cube(r) - 1, r - 1);
		expect_root(cube((uint64_t)r + 1) - 1, r);
	}
	expect_root(((unsigned __int128)1 << 96) - 1, UINT32_MAX);
	expect_root(((unsigned __int128)1 << 63), 2097152);
	expect_root(((unsigned __int128)1 << 64), 2642245);
}

/* ---- CUBIC's curve ---- */

/* What RFC 9438 says of a stage of congestion avoidance, in segments and seconds. */
struct curve {
	double w_max, k, start, prior, rtt;
};

static double
curve_cubic(const struct curve *c, double t)
{
	return C * pow(t - c->k, 3) + c->w_max;
}

/* 4.3: alpha_cubic segments a round trip until cwnd_prior, then one. */
static double
curve_reno(const struct curve *c, double t)
{
	double grown = ALPHA * t / c->rtt, until = (c->prior - c->start) / ALPHA * c->rtt;

	return t < until ? c->start + grown : c->prior + (t - until) / c->rtt;
}

static struct curve
curve_of(double w_max, double start, double prior, const struct sender *s)
{
	struct curve c = {.w_max = w_max, .start = start, .prior = prior};

	c.rtt = s->rtt_us / 1e6;
	c.k = cbrt((w_max - start) / C);
	return c;
}

/* One tooth: up to 'top' segments. Returns the largest error in parts of the curve. */
static double
tooth(struct sender *s, const struct curve *c, double top, uint32_t acks)
{
	double worst = 0, begin = s->us + (double)s->rtt_us / RTE_MIN(acks, s->e.cwnd / s->e.mss);

	while (sender_segments(s) < top) {
		double t, want;

		sender_round(s, acks);
		t = (s->us - begin) / 1e6;
		want = fmax(curve_cubic(c, t), curve_reno(c, t));
		worst = fmax(worst, fabs(sender_segments(s) - want) / want);
	}
	return worst;
}

/* 4.2 to 4.5: within 1 % of the curve in a clean sawtooth, whatever the path. */
static void
test_sawtooth(void **state)
{
	static const uint32_t rtts[] = {1, 5, 20, 50, 100, 300};
	static const uint32_t tops[] = {10, 30, 100, 1000, 10000, 50000};

	for (unsigned int r = 0; r < RTE_DIM(rtts); r++) {
		for (unsigned int w = 0; w < RTE_DIM(tops); w++) {
			struct sender s = sender_new(cubic, tops[w], rtts[r] * MS);

			for (int epoch = 0; epoch < 3; epoch++) {
				double top = sender_segments(&s), error;
				struct curve c;

				sender_loss(&s);
				c = curve_of(top, sender_segments(&s), top, &s);
				error = tooth(&s, &c, tops[w] * (1 + epoch / 20.0), 32);
				if (error > 0.01)
					fail_msg("%u ms, %u segments, epoch %d: %.2f %% off",
					    rtts[r], tops[w], epoch, 100 * error);
			}
		}
	}
}

/* 4.10: slow start ended without loss. K is 0, W_max where it ended, and alpha is 1 from then on.
 */
static void
test_convex(void **state)
{
	static const uint32_t segments[] = {30, 1000, 20000};

	for (unsigned int i = 0; i < RTE_DIM(segments); i++) {
		struct sender s = sender_new(cubic, segments[i], 100 * MS);
		struct curve c = curve_of(segments[i], segments[i], segments[i], &s);

		s.e.ssthresh = s.e.cwnd;
		assert_true(tooth(&s, &c, 2.5 * segments[i], 32) < 0.01);
		assert_int_equal(s.cc.cubic.k_us, 0);
	}
}

/* RFC 9438 said with doubles, an ACK at a time: in segments and seconds. */
struct model {
	double cwnd, w_max, prior, w_est, k, begin;
};

static void
model_begin(struct model *m, double now)
{
	m->begin = now;
	m->w_est = m->cwnd;
	m->k = cbrt((m->w_max - m->cwnd) / C);
}

static void
model_ack(struct model *m, double segments, double now, double rtt)
{
	double alpha = m->w_est < m->prior ? ALPHA : 1, t = now - m->begin, target;

	m->w_est += alpha * segments / m->cwnd;
	if (C * pow(t - m->k, 3) + m->w_max < m->w_est) {
		m->cwnd = fmax(m->cwnd, m->w_est);
		return;
	}
	target = C * pow(t + rtt - m->k, 3) + m->w_max;
	target = fmin(fmax(target, m->cwnd), 1.5 * m->cwnd);
	m->cwnd += (target - m->cwnd) / m->cwnd * segments;
}

/* What ACKs carry, how long they take and when losses come is random: still within 1 %. */
static void
test_model(void **state)
{
	uint64_t random = 2;

	for (int run = 0; run < 300; run++) {
		uint32_t rtt_us = (uint32_t)(MS + random_below(&random, 300 * MS));
		struct sender s = sender_new(cubic, 4 + random_below(&random, 3000), rtt_us);
		struct model m = {.w_max = 0};

		s.e.mss = (uint32_t)(64 + random_below(&random, 9000));
		s.e.cwnd = (uint32_t)(sender_segments(&s) + 4) * s.e.mss;
		s.us = (double)random_below(&random, UINT64_C(1) << 33);
		s.e.now_us = (uint32_t)(uint64_t)s.us;
		for (int i = 0; i < 4000; i++) {
			uint32_t bytes = (uint32_t)random_below(&random, 3 * s.e.mss) + 1;

			if (i == 0 || random_below(&random, 1000) == 0) {
				m.cwnd = m.prior = sender_segments(&s);
				m.w_max = m.cwnd < m.w_max ? 0.85 * m.cwnd : m.cwnd;
				sender_loss(&s);
				m.cwnd = fmax(BETA_CUBIC * m.cwnd, 2);
				model_begin(&m, (s.us + 1) / 1e6);
				sender_wait(&s, 1);
				if (m.k != m.k || m.w_max <= m.cwnd)
					break; /* 2 segments: not of interest */
				sender_ack(&s, 1);
			}
			sender_wait(&s, (double)bytes / s.e.cwnd * rtt_us);
			sender_ack(&s, bytes);
			model_ack(&m, (double)bytes / s.e.mss, s.us / 1e6, rtt_us / 1e6);
			if (fabs(sender_segments(&s) / m.cwnd - 1) > 0.01)
				fail_msg("run %d, ACK %d: %.3f, not %.3f segments", run, i,
				    sender_segments(&s), m.cwnd);
		}
	}
}

/* 4.3: 9/17 of a segment a round trip until cwnd_prior (not W_max), then a whole one. */
static void
test_reno_friendly(void **state)
{
	struct sender s = sender_new(cubic, 100, 2 * MS);
	int rounds = 0, more = 0;

	sender_loss(&s);
	s.e.cwnd = 80 * s.e.mss;
	sender_loss(&s); /* W_max 68, cwnd_prior 80 */
	assert_int_equal(s.e.cwnd, 56 * s.e.mss);
	for (; sender_segments(&s) < 80; rounds++)
		sender_round(&s, 1000);
	for (; sender_segments(&s) < 120; more++)
		sender_round(&s, 1000);
	assert_in_range(rounds, (80 - 56) / ALPHA - 1, (80 - 56) / ALPHA + 2);
	assert_in_range(more, 39, 41);
}

/* 4.7: when a loss comes earlier than the last one, W_max is 0.85 of where; else where. */
static void
test_fast_convergence(void **state)
{
	struct sender s = sender_new(cubic, 1000, 100 * MS);
	struct curve c;

	sender_loss(&s);
	assert_int_equal(s.cc.cubic.w_max, 1000 * s.e.mss);
	assert_int_equal(s.e.cwnd, 700 * s.e.mss);
	s.e.cwnd = 800 * s.e.mss;
	sender_loss(&s);
	assert_int_equal(s.cc.cubic.w_max, 680 * s.e.mss);
	assert_int_equal(s.cc.cubic.cwnd_prior, 800 * s.e.mss);
	assert_int_equal(s.e.cwnd, 560 * s.e.mss);
	c = curve_of(680, 560, 800, &s);
	assert_true(tooth(&s, &c, 900, 32) < 0.01);
	sender_loss(&s);
	assert_true(s.cc.cubic.w_max > 900 * s.e.mss);
}

/* 4.2: below 1.5 cwnd a round trip, and not below cwnd, wherever the curve is. */
static void
test_target(void **state)
{
	struct sender s = sender_new(cubic, 1000, 100 * MS);
	uint32_t cwnd;

	sender_loss(&s);
	sender_round(&s, 1000);
	sender_wait(&s, 100 * SECOND);
	for (int i = 0; i < 5; i++) {
		cwnd = s.e.cwnd;
		sender_round(&s, 1000);
		/* compounded, as each ACK's 1.5 cwnd is of a window that has grown */
		assert_in_range(s.e.cwnd, 1.45 * cwnd, 1.65 * cwnd);
	}
	/* nor in large steps */
	sender_loss(&s);
	sender_ack(&s, s.e.mss);
	sender_wait(&s, 100e6);
	for (int i = 0; i < 500; i++) {
		cwnd = s.e.cwnd;
		sender_ack(&s, s.e.mss);
		assert_in_range(s.e.cwnd, cwnd, cwnd + 9 * s.e.mss);
	}
	sender_loss(&s);
	s.e.srtt_us = 0;
	sender_ack(&s, s.e.mss);
	s.cc.cubic.k_us = 200 * SECOND; /* a plateau far away: the curve is at 0 */
	cwnd = s.e.cwnd;
	sender_ack(&s, cwnd / 4);
	assert_in_range(s.e.cwnd, cwnd, cwnd + s.e.mss); /* Reno's part */
}

/* 4.6: of what is in flight, no less than 2 segments; ECN-Echo as loss; limited transmit not. */
static void
test_ssthresh(void **state)
{
	static const struct congestion_algorithm *const both[] = {
	    &cubic_algorithm, &newreno_algorithm};

	for (int a = 0; a < 2; a++) {
		for (int kind = 0; kind < 3; kind++) {
			static const uint32_t flights[] = {100, 60, 102, 3, 2, 1, 0};
			static const uint32_t want[2][7] = {
			    {70000, 42000, 70000, 2100, 2000, 2000, 2000},
			    {50000, 30000, 50000, 2000, 2000, 2000, 2000}};

			for (int i = 0; i < 7; i++) {
				struct sender s = sender_new(both[a], 100, MS);

				s.e.mss = 1000;
				s.e.cwnd = 100 * s.e.mss;
				s.e.flight = flights[i] * s.e.mss;
				if (kind == 2)
					both[a]->timeout(&s.cc, &s.e);
				else
					both[a]->reduce(&s.cc, &s.e, kind);
				assert_int_equal(s.e.ssthresh, want[a][i]);
				assert_int_equal(s.e.cwnd, 100 * s.e.mss);
			}
		}
	}
}

/* 4.8: slow start, by a segment an ACK (RFC 3465 2.3); then K is 0, W_max the window. */
static void
test_timeout(void **state)
{
	struct sender s = sender_new(cubic, 200, 50 * MS);
	struct curve c;

	sender_loss(&s);
	sender_ack(&s, s.e.mss);
	s.e.flight = s.e.cwnd = 100 * s.e.mss;
	cubic->timeout(&s.cc, &s.e);
	assert_int_equal(s.e.ssthresh, 70 * s.e.mss);
	s.e.cwnd = s.e.mss;
	for (uint32_t segments = 1; segments < 70; segments++) {
		assert_int_equal(s.e.cwnd, segments * s.e.mss);
		sender_wait(&s, 10 * MS);
		sender_ack(&s, 5 * s.e.mss);
	}
	assert_int_equal(s.e.cwnd, 70 * s.e.mss);
	c = curve_of(70, 70, 100, &s);
	assert_true(tooth(&s, &c, 150, 32) < 0.01);
	assert_int_equal(s.cc.cubic.k_us, 0);
	assert_int_equal(s.cc.cubic.w_max, 70 * s.e.mss);

	/* a slow start that follows no time-out counts two segments, up to ssthresh */
	s.e.cwnd = 10 * s.e.mss;
	s.e.ssthresh = 13 * s.e.mss;
	sender_ack(&s, 5 * s.e.mss);
	assert_int_equal(s.e.cwnd, 12 * s.e.mss);
	sender_ack(&s, 5 * s.e.mss);
	assert_int_equal(s.e.cwnd, 13 * s.e.mss);
}

/* 4.9: after a reduction that was for nothing the window goes on as if there had been none. */
static void
test_undo(void **state)
{
	struct sender s = sender_new(cubic, 1000, 80 * MS), undone;
	struct congestion before;

	sender_loss(&s);
	for (int i = 0; i < 20; i++)
		sender_round(&s, 100);
	for (int timeout = 0; timeout < 2; timeout++) {
		undone = s;
		before = undone.cc;
		if (timeout) {
			undone.algorithm->timeout(&undone.cc, &undone.e);
			undone.e.cwnd = undone.e.mss;
		} else {
			sender_loss(&undone);
		}
		for (int i = 0; i < 3; i++)
			sender_ack(&undone, undone.e.mss);
		assert_true(undone.e.cwnd < s.e.cwnd);
		assert_int_equal(undone.cc.cubic.cwnd_prior, s.e.cwnd);
		undone.algorithm->undo(&undone.cc, &before);
		undone.e.cwnd = s.e.cwnd;
		undone.e.ssthresh = s.e.ssthresh;
		assert_memory_equal(&undone.cc, &s.cc, sizeof(s.cc));
		for (int i = 0; i < 20; i++) {
			sender_round(&s, 100);
			sender_round(&undone, 100);
			assert_int_equal(undone.e.cwnd, s.e.cwnd);
		}
	}
}

/* 4.2: time in which nothing could grow does not count. It may be told too generously. */
static void
test_idle(void **state)
{
	struct sender s = sender_new(cubic, 5000, 100 * MS), idle, untold;

	sender_loss(&s);
	for (int i = 0; i < 50; i++)
		sender_round(&s, 32);
	idle = untold = s;
	sender_wait(&idle, 40e6);
	idle.algorithm->idle(&idle.cc, 40 * SECOND);
	sender_wait(&untold, 40e6);
	for (int i = 0; i < 10; i++) {
		sender_round(&s, 32);
		sender_round(&idle, 32);
		sender_round(&untold, 32);
		assert_int_equal(idle.e.cwnd, s.e.cwnd);
	}
	assert_true(untold.e.cwnd > 2 * s.e.cwnd);
	sender_ack(&s, s.e.mss);
	for (int i = 0; i < 3; i++) {
		uint32_t before = s.e.cwnd;

		s.algorithm->idle(&s.cc, 100 * SECOND);
		sender_round(&s, 32);
		assert_in_range(s.e.cwnd, before, before * 1.02);
	}
}

/* The caller cut cwnd (RFC 5681 4.1, RFC 7661): no leap back to W_est; slow start ends a stage. */
static void
test_cut(void **state)
{
	struct sender s = sender_new(cubic, 100, 2 * MS);
	struct curve c;

	sender_loss(&s);
	while (sender_segments(&s) < 200)
		sender_round(&s, 32);
	s.e.cwnd = 100 * s.e.mss;
	for (int i = 0; i < 20; i++) {
		uint32_t before = s.e.cwnd;

		sender_ack(&s, s.e.mss);
		assert_in_range(s.e.cwnd, before, before + 10 * s.e.mss);
	}
	s.e.cwnd = 10 * s.e.mss;
	while (s.e.cwnd < s.e.ssthresh)
		sender_ack(&s, 2 * s.e.mss);
	assert_int_equal(s.e.cwnd, 70 * s.e.mss);
	c = curve_of(100, 70, 100, &s);
	assert_true(tooth(&s, &c, 110, 32) < 0.01);

	/* cwnd was given back and what CUBIC knows was not: from there on, above W_max */
	s = sender_new(cubic, 1000, 300 * MS);
	sender_loss(&s);
	s.e.cwnd = 1200 * s.e.mss;
	c = curve_of(1200, 1200, 1200, &s);
	assert_true(tooth(&s, &c, 2000, 32) < 0.01);
}

/* The clock comes around, also within one stage: the window neither falls nor stops growing. */
static void
test_clock(void **state)
{
	struct sender a = sender_new(cubic, 10000, 200 * MS), b = a, s;
	uint32_t before;

	b.us = 4294967295.0 - 5e6;
	b.e.now_us = (uint32_t)b.us;
	sender_loss(&a);
	sender_loss(&b);
	for (int i = 0; i < 300; i++) {
		sender_round(&a, 50);
		sender_round(&b, 50);
		assert_in_range(b.e.cwnd, a.e.cwnd - a.e.mss, a.e.cwnd + a.e.mss);
	}
	/* 2.8 hours in one stage: far beyond K the window grows by half a round trip, always */
	s = sender_new(cubic, 10000, 10 * SECOND);
	sender_loss(&s);
	for (int i = 0; i < 1000; i++) {
		s.e.cwnd = before = 10000 * s.e.mss;
		sender_round(&s, 32);
		if (i > 20)
			assert_in_range(s.e.cwnd, before * 1.4, before * 1.65);
	}
	while (s.e.cwnd < CONGESTION_CWND_MAX)
		sender_round(&s, 32);
	sender_round(&s, 32);
	assert_int_equal(s.e.cwnd, CONGESTION_CWND_MAX);
}

/* ---- what never happens ---- */

static uint32_t
corner(uint64_t *random, uint32_t least, uint32_t most)
{
	switch (random_below(random, 4)) {
	case 0: return least;
	case 1: return most;
	case 2: return least + (uint32_t)RTE_MIN(random_below(random, 100), most - least);
	default: return least + (uint32_t)random_below(random, (uint64_t)most - least + 1);
	}
}

/* An event at random; what cwnd and ssthresh may do after it. */
static void
random_event(struct sender *s, uint64_t *random, uint64_t *credit)
{
	struct congestion_event *e = &s->e;
	uint32_t cwnd = e->cwnd, ssthresh = e->ssthresh, what = (uint32_t)random_below(random, 64);

	e->now_us += corner(random, 0, what == 0 ? UINT32_MAX : 100 * MS);
	e->srtt_us = corner(random, 0, what == 1 ? UINT32_MAX : 300 * MS);
	e->rtt_us = corner(random, 0, what == 2 ? UINT32_MAX : 300 * MS);
	e->flight = corner(random, 0, cwnd);
	if (what < 2) {
		what ? s->algorithm->reduce(&s->cc, e, what) : s->algorithm->timeout(&s->cc, e);
		assert_int_equal(e->cwnd, cwnd);
		assert_true(e->ssthresh >= 2 * e->mss);
		assert_true(e->ssthresh <= RTE_MAX(0.7 * e->flight, 2.0 * e->mss) + 1);
		e->cwnd = corner(random, 0, 1) ? e->mss : RTE_MIN(e->ssthresh, cwnd);
		*credit = 0;
	} else if (what == 2) {
		s->algorithm->idle(&s->cc, corner(random, 0, UINT32_MAX));
	} else if (what == 3) {
		e->mss = corner(random, 64, 65535);
		e->cwnd = RTE_MAX(e->cwnd, e->mss);
	} else {
		e->acked = corner(random, 1, RTE_MIN(cwnd, what < 40 ? 3 * e->mss : UINT32_MAX));
		e->una += e->acked;
		e->nxt = e->una + e->flight;
		s->algorithm->acked(&s->cc, e);
		*credit += e->acked;
		assert_true(e->cwnd >= cwnd && e->cwnd <= CONGESTION_CWND_MAX);
		/* RFC 5681 3.1, RFC 9438 4.2: at most as many bytes as were acknowledged */
		assert_true(e->cwnd - cwnd <= *credit || e->acked > cwnd);
		*credit -= e->cwnd - cwnd;
		if (cwnd < ssthresh)
			assert_true(e->cwnd - cwnd <= 8 * e->mss);
		if (cwnd < ssthresh && ssthresh < CONGESTION_SSTHRESH_INITIAL)
			assert_true(e->cwnd - cwnd <= 2 * e->mss && e->cwnd <= ssthresh);
		if (e->ssthresh != ssthresh)
			assert_true(
			    ssthresh == CONGESTION_SSTHRESH_INITIAL && e->ssthresh == e->cwnd);
	}
}

static void
test_never(void **state)
{
	uint64_t random = 3;

	for (uint32_t run = 0; run < 4000; run++) {
		struct sender s = sender_new(congestion_algorithms[run % 2], 10, MS);
		uint64_t credit = 0;

		s.e.mss = corner(&random, 64, 65535);
		s.e.cwnd = corner(&random, s.e.mss, CONGESTION_CWND_MAX);
		if (run % 4 < 2)
			s.e.cwnd =
			    CONGESTION_CWND_MAX - (uint32_t)random_below(&random, 4 * s.e.mss);
		if (run % 8 < 4)
			s.e.ssthresh = s.e.cwnd - s.e.mss / 2;
		s.e.now_us = (uint32_t)random_next(&random);
		for (int i = 0; i < 300; i++)
			random_event(&s, &random, &credit);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_root),
	    cmocka_unit_test(test_sawtooth),
	    cmocka_unit_test(test_convex),
	    cmocka_unit_test(test_model),
	    cmocka_unit_test(test_reno_friendly),
	    cmocka_unit_test(test_fast_convergence),
	    cmocka_unit_test(test_target),
	    cmocka_unit_test(test_ssthresh),
	    cmocka_unit_test(test_timeout),
	    cmocka_unit_test(test_undo),
	    cmocka_unit_test(test_idle),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_clock),
	    cmocka_unit_test(test_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Slow start with HyStart++ (RFC 9406), NewReno's window (RFC 5681), and the initial one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_common.h>

#include "test_congestion.h"

static const struct congestion_algorithm *const cubic = &cubic_algorithm;
static const struct congestion_algorithm *const newreno = &newreno_algorithm;

/* ---- NewReno ---- */

/* RFC 5681 3.1, RFC 3465: two segments an ACK at most, then a segment for each window. */
static void
test_newreno(void **state)
{
	struct sender s = sender_new(newreno, 10, 50 * MS);
	uint32_t bytes;

	sender_ack(&s, s.e.mss / 2);
	assert_int_equal(s.e.cwnd, 10 * s.e.mss + s.e.mss / 2);
	sender_ack(&s, 2 * s.e.mss);
	sender_ack(&s, 7 * s.e.mss);
	assert_int_equal(s.e.cwnd, 14 * s.e.mss + s.e.mss / 2);
	s.e.cwnd = 40 * s.e.mss;
	sender_loss(&s);
	assert_int_equal(s.e.cwnd, 20 * s.e.mss);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(s.e.cwnd, (20 + i) * s.e.mss);
		sender_round(&s, i % 20 + 1);
	}
	/* a byte at a time makes no difference, and a window at once no more than one */
	bytes = s.e.cwnd;
	while (--bytes)
		sender_ack(&s, 1);
	assert_int_equal(s.e.cwnd, 1020 * s.e.mss);
	sender_ack(&s, 1);
	assert_int_equal(s.e.cwnd, 1021 * s.e.mss);
	sender_ack(&s, 3 * s.e.cwnd);
	assert_int_equal(s.e.cwnd, 1022 * s.e.mss);
	sender_ack(&s, s.e.cwnd - 1);
	assert_int_equal(s.e.cwnd, 1022 * s.e.mss);
	/* what is left over counts: 15000 segments are the windows from 20 to 174 */
	s.e.cwnd = 40 * s.e.mss;
	sender_loss(&s);
	for (int i = 0; i < 1000; i++)
		sender_ack(&s, 15 * s.e.mss);
	assert_in_range(s.e.cwnd, 174 * s.e.mss, 175 * s.e.mss);
	/* after a time-out one segment an ACK; the count begins anew */
	s.e.flight = 100 * s.e.mss;
	newreno->timeout(&s.cc, &s.e);
	assert_int_equal(s.e.ssthresh, 50 * s.e.mss);
	s.e.cwnd = 48 * s.e.mss;
	sender_ack(&s, 7 * s.e.mss);
	assert_int_equal(s.e.cwnd, 49 * s.e.mss);
	sender_ack(&s, 7 * s.e.mss);
	assert_int_equal(s.e.cwnd, s.e.ssthresh);
	sender_ack(&s, s.e.cwnd - 1);
	assert_int_equal(s.e.cwnd, 50 * s.e.mss);
	newreno->idle(&s.cc, SECOND);
	sender_ack(&s, 1);
	assert_int_equal(s.e.cwnd, 51 * s.e.mss);
	/* and later slow starts, after an idle time, are the usual ones */
	s.e.cwnd = 10 * s.e.mss;
	sender_ack(&s, 7 * s.e.mss);
	assert_int_equal(s.e.cwnd, 12 * s.e.mss);
}

/* ---- HyStart++ ---- */

static void
slow_start_round(struct sender *s, uint32_t rtt_us)
{
	s->e.rtt_us = rtt_us;
	sender_round(s, 1000000);
}

/* RFC 9406 4.2, 4.3: an eighth more, but 4 ms at least and 16 at most, ends slow start. */
static void
test_hystart_threshold(void **state)
{
	static const uint32_t cases[][2] = {
	    {100, 4000}, {32000, 4000}, {50000, 6250}, {128000, 16000}, {400000, 16000}};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		for (uint32_t more = 0; more < 2; more++) {
			struct sender s = sender_new(cubic, 10, cases[i][0]);

			s.e.una = 0u - 250 * s.e.mss; /* wraps in the last round */
			for (int round = 0; round < 3; round++)
				slow_start_round(&s, cases[i][0]);
			assert_int_equal(s.e.cwnd, 80 * s.e.mss);
			/* the first of these is spread over two rounds of RFC 9406's */
			for (int round = 0; round < 2; round++)
				slow_start_round(&s, cases[i][0] + cases[i][1] - 1 + more);
			assert_int_equal(s.cc.hystart.in_css, more);
			assert_int_equal(s.e.ssthresh, CONGESTION_SSTHRESH_INITIAL);
		}
	}
}

/*
 * While the window is not the limit nobody tells of rounds; of more than 2^31 bytes meanwhile the
 * end of the last one seems to lie ahead.
 */
static void
test_hystart_after_long(void **state)
{
	struct sender s = sender_new(cubic, 10, 50 * MS);

	for (int round = 0; round < 3; round++)
		slow_start_round(&s, 50 * MS);
	s.e.una += UINT32_C(3) << 30;
	for (int round = 0; round < 2; round++)
		slow_start_round(&s, 50 * MS);
	assert_false(s.cc.hystart.in_css);
	for (int round = 0; round < 2; round++)
		slow_start_round(&s, 60 * MS);
	assert_true(s.cc.hystart.in_css);
}

/* 4.2: by a quarter for five rounds, of which the one it began in counts; then no more. */
static void
test_hystart_exit(void **state)
{
	struct sender s = sender_new(cubic, 10, 50 * MS);
	uint32_t before = 0;
	int rounds = 0;

	for (int round = 0; round < 4; round++)
		slow_start_round(&s, 50 * MS);
	slow_start_round(&s, 60 * MS);
	slow_start_round(&s, 60 * MS);
	assert_true(s.cc.hystart.in_css);
	while (s.e.ssthresh == CONGESTION_SSTHRESH_INITIAL) {
		before = s.e.cwnd;
		slow_start_round(&s, 61 * MS);
		assert_in_range(s.e.cwnd, before, before * 1.26);
		assert_true(rounds++ < 5);
	}
	assert_in_range(rounds, 4, 5);
	assert_true(s.e.ssthresh <= s.e.cwnd && s.e.ssthresh >= before);
	/* congestion avoidance: RFC 9438 4.10 */
	before = s.e.cwnd;
	slow_start_round(&s, 61 * MS);
	assert_in_range(s.e.cwnd, before, before + 2 * s.e.mss);
	assert_int_equal(s.cc.cubic.k_us, 0);
	assert_in_range(s.cc.cubic.cwnd_prior, s.e.ssthresh, before);
}

/* 4.2: the delay fell again, so it was a false alarm. */
static void
test_hystart_spurious(void **state)
{
	struct sender s = sender_new(cubic, 10, 50 * MS);
	uint32_t before;

	for (int round = 0; round < 4; round++)
		slow_start_round(&s, 50 * MS);
	for (int round = 0; round < 4; round++)
		slow_start_round(&s, 60 * MS);
	assert_true(s.cc.hystart.in_css);
	slow_start_round(&s, 59 * MS);
	assert_false(s.cc.hystart.in_css);
	before = s.e.cwnd;
	slow_start_round(&s, 59 * MS);
	assert_int_equal(s.e.cwnd, 2 * before);
	assert_int_equal(s.e.ssthresh, CONGESTION_SSTHRESH_INITIAL);
	/* and a new alarm has all its rounds */
	slow_start_round(&s, 70 * MS);
	assert_true(s.cc.hystart.in_css);
	assert_in_range(s.cc.hystart.css_rounds, 0, 1);
}

/* 4.3: eight samples a round are needed, and an ACK counts for eight segments at most. */
static void
test_hystart_samples(void **state)
{
	struct sender s = sender_new(cubic, 10, 50 * MS);

	for (uint32_t round = 0; round < 6; round++) {
		s.e.rtt_us = (50 + 10 * round) * MS;
		sender_round(&s, 7);
		assert_false(s.cc.hystart.in_css);
	}
	for (uint32_t i = 0, cwnd = s.e.cwnd; i < 200; i++) {
		s.e.rtt_us = 0; /* nor is no sample one */
		sender_ack(&s, s.e.mss);
		assert_int_equal(s.e.cwnd, cwnd + (i + 1) * s.e.mss);
	}
	s = sender_new(cubic, 1000, 50 * MS);
	sender_ack(&s, 20 * s.e.mss);
	assert_int_equal(s.e.cwnd, 1008 * s.e.mss);
	sender_ack(&s, 8 * s.e.mss - 1);
	assert_int_equal(s.e.cwnd, 1016 * s.e.mss - 1);
	/* quarters of bytes are kept */
	s.cc.hystart.in_css = 1;
	for (int i = 0; i < 4000; i++)
		sender_ack(&s, 1);
	assert_int_equal(s.e.cwnd, 1016 * s.e.mss - 1 + 1000);
}

/* 4.3: only the first slow start; later ones know where to end. */
static void
test_hystart_once(void **state)
{
	struct sender s = sender_new(cubic, 100, 50 * MS);

	s.e.flight = s.e.cwnd;
	cubic->timeout(&s.cc, &s.e);
	s.e.cwnd = 10 * s.e.mss;
	for (uint32_t round = 0; s.e.cwnd < s.e.ssthresh; round++) {
		uint32_t before = s.e.cwnd;

		slow_start_round(&s, (50 + 20 * round) * MS);
		/* an ACK may bring a little more than the segment that counts */
		assert_in_range(
		    s.e.cwnd, RTE_MIN(1.9 * before, s.e.ssthresh), s.e.ssthresh + s.e.mss);
	}
	assert_false(s.cc.hystart.started);
}

/* RFC 6928 2: ten segments, but no more than 14600 bytes unless two are more. */
static void
test_initial_window(void **state)
{
	assert_int_equal(congestion_initial_window(536), 5360);
	assert_int_equal(congestion_initial_window(1460), 14600);
	assert_int_equal(congestion_initial_window(1461), 14600);
	assert_int_equal(congestion_initial_window(8960), 17920);
	assert_string_equal(congestion_algorithms[SPT_CONGESTION_CUBIC]->name, "cubic");
	assert_string_equal(congestion_algorithms[SPT_CONGESTION_NEWRENO]->name, "newreno");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_newreno),
	    cmocka_unit_test(test_hystart_threshold),
	    cmocka_unit_test(test_hystart_after_long),
	    cmocka_unit_test(test_hystart_exit),
	    cmocka_unit_test(test_hystart_spurious),
	    cmocka_unit_test(test_hystart_samples),
	    cmocka_unit_test(test_hystart_once),
	    cmocka_unit_test(test_initial_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

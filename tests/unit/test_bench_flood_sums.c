/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a stretch of a flood came to: how long it was, whether a frame was lost anywhere, and
 * whether the rate was kept. Of several cores the counts are added up, times too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include "bench/flood.h"

/* Two seconds of a million frames a second, on each of 'cores'. */
static struct bench_result
stretch(unsigned int cores)
{
	return (struct bench_result){
	    .cpu_share_all = 1,
	    .flood = {.made = 2000000 * (uint64_t)cores,
	        .taken = 2000000 * (uint64_t)cores,
	        .lasted_ns = 2 * SPT_NS_PER_SEC * cores},
	};
}

static void
assert_near(double is, double should_be)
{
	if (fabs(is - should_be) > 1e-6 * fabs(should_be))
		fail_msg("%f is not %f", is, should_be);
}

static struct search_trial
judge(const struct bench_result *r, double asked, unsigned int cores)
{
	struct search_trial t;

	flood_judge(&t, asked, r, cores);
	return t;
}

/* Each core counts the same two seconds. */
static void
cores_are_at_work_at_once(void **state)
{
	for (unsigned int cores = 1; cores <= 8; cores++) {
		struct bench_result r = stretch(cores);
		struct search_trial t = judge(&r, 1e6 * cores, cores);

		assert_near(flood_seconds(&r, cores), 2);
		assert_int_equal(t.verdict, SEARCH_PASSED);
		assert_near(t.begun_share, 1);
		assert_near(t.done_share, 1);
		assert_true(t.failures_share == 0);
	}
}

/* Of the time that the clock stood still, what others had of the processors; no more. */
static void
only_the_time_of_others_is_left_out(void **state)
{
	struct bench_result r = stretch(2);

	r.cpu_share_all = 0.75;
	assert_near(flood_seconds(&r, 2), 2);
	r.flood.stalled_ns = 2 * 100 * SPT_NS_PER_MS;
	assert_near(flood_seconds(&r, 2), 1.9);
	r.flood.stalled_ns = 2 * SPT_NS_PER_SEC;
	assert_near(flood_seconds(&r, 2), 1.5);
	/* The machine was ours, or nobody knows: then it was the generator that was slow. */
	r.cpu_share_all = 1.01;
	assert_near(flood_seconds(&r, 2), 2);
	r.cpu_share_all = -1;
	assert_near(flood_seconds(&r, 2), 2);
}

static void
a_frame_lost_anywhere_is_a_loss(void **state)
{
	struct bench_result r = stretch(1);
	uint64_t *const lost[] = {&r.flood.refused, &r.flood.no_mbuf, &r.flood.honest_refused,
	    &r.client_all.port.rx_missed, &r.client_all.port.rx_no_mbuf,
	    &r.client_all.stats.tx_dropped, &r.client_all.port.impaired[SPT_IMPAIR_LOST],
	    &r.server_all.port.rx_missed, &r.server_all.port.rx_no_mbuf,
	    &r.server_all.stats.tx_dropped, &r.server_all.port.impaired[SPT_IMPAIR_LOST]};

	r.server_known = true;
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		*lost[i] = 1;
		assert_int_equal(judge(&r, 1e6, 1).verdict, SEARCH_FAILURES);
		*lost[i] = 0;
		assert_int_equal(judge(&r, 1e6, 1).verdict, SEARCH_PASSED);
	}
	/* What a link that is full lost did not go through, though the port took it. */
	r.client_all.port.impaired[SPT_IMPAIR_LOST] = 1500000;
	assert_near(judge(&r, 1e6, 1).done_share, 0.25);
	r.client_all.port.impaired[SPT_IMPAIR_LOST] = 3000000;
	assert_true(judge(&r, 1e6, 1).done_share == 0);
	/* Held back is not lost. */
	r = stretch(1);
	r.client_all.port.impaired[SPT_IMPAIR_DELAYED] = 2000000;
	assert_int_equal(judge(&r, 1e6, 1).verdict, SEARCH_PASSED);
}

/* A generator that could not is no proof of a port that can. */
static void
a_rate_that_was_not_made_is_not_carried(void **state)
{
	struct bench_result r = stretch(1);
	struct search_trial t = judge(&r, 1.5e6, 1);

	assert_int_equal(t.verdict, SEARCH_BEHIND);
	assert_near(t.begun_share, 2 / 3.0);
	/* A little less passes, for what it was. */
	t = judge(&r, 1.05e6, 1);
	assert_int_equal(t.verdict, SEARCH_PASSED);
	assert_near(t.asked * t.done_share, 1e6);
}

static void
shares_of_a_step(void **state)
{
	struct flood_step s = {.lost = 100,
	    .counts = {.made = 1000, .second_syns = 5},
	    .totals = {.attempts = 100, .completions = 80, .handshakes = 90}};

	assert_near(flood_lost_share(&s), 0.1);
	assert_near(flood_success_share(&s), 0.8);
	assert_near(flood_first_syn_share(&s), 0.85);
	s = (struct flood_step){.asked = 1};
	assert_true(flood_lost_share(&s) < 0);
	assert_true(flood_success_share(&s) < 0);
	assert_true(flood_first_syn_share(&s) < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cores_are_at_work_at_once),
	    cmocka_unit_test(only_the_time_of_others_is_left_out),
	    cmocka_unit_test(a_frame_lost_anywhere_is_a_loss),
	    cmocka_unit_test(a_rate_that_was_not_made_is_not_carried),
	    cmocka_unit_test(shares_of_a_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

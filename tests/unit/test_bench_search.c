/* SPDX-License-Identifier: BSD-3-Clause */
/* The search, against machines of known capacity: steady ones, noisy ones, and one that lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/search.h"

#define RUNS_MAX 200 /* of one search: it must end by itself */

/* A machine that keeps up with so much, and now and then has a bad moment. */
struct machine {
	double capacity, longer; /* in a short run, in a long one */
	unsigned int noise;      /* one run in so many fails whatever the rate; 0: none */
	unsigned int runs;
	uint32_t random;
};

static void
machine_run(struct machine *m, const struct search *s, struct search_trial *t)
{
	double capacity = s->state == SEARCH_CONFIRMING ? m->longer : m->capacity;

	*t = (struct search_trial){.asked = s->rate, .begun_share = 1, .done_share = 1};
	m->runs++;
	m->random = m->random * 1664525 + 1013904223;
	if (m->noise && (m->random >> 16) % m->noise == 0)
		t->verdict = SEARCH_BEHIND;
	if (s->rate > capacity) {
		t->verdict = SEARCH_FAILURES;
		t->failures_share = 1 - capacity / s->rate;
		t->done_share = capacity / s->rate;
	}
}

static void
machine_search(struct machine *m, double region, struct search *s)
{
	struct search_trial t;

	search_begin(s, region);
	while (s->state <= SEARCH_CONFIRMING && m->runs < RUNS_MAX) {
		machine_run(m, s, &t);
		search_next(s, &t);
	}
	assert_true(m->runs < RUNS_MAX);
}

static void
finds_the_capacity_to_a_percent(void **state)
{
	/* The region may be wrong by much, either way. */
	static const double regions[] = {100e3, 480e3, 500e3, 510e3, 700e3, 2e6};

	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		struct machine m = {.capacity = 500e3, .longer = 500e3};
		struct search s;

		machine_search(&m, regions[i], &s);
		assert_int_equal(s.state, SEARCH_FOUND);
		assert_true(s.rate <= 500e3);
		assert_true(s.rate >= 500e3 * (1 - 1.01 * SEARCH_PRECISION));
	}
}

/* A near region, as a closed loop gives it, takes few trials. */
static void
near_regions_take_few_trials(void **state)
{
	struct machine m = {.capacity = 500e3, .longer = 500e3};
	struct search s;

	machine_search(&m, 520e3, &s);
	assert_true(m.runs <= 14);
}

static void
a_rate_that_failed_once_is_tried_again(void **state)
{
	static const struct search_trial passed = {.verdict = SEARCH_PASSED},
	                                 failed = {.verdict = SEARCH_FAILURES},
	                                 behind = {.verdict = SEARCH_BEHIND};
	struct search s;

	search_begin(&s, 1000);
	search_next(&s, &failed);
	assert_true(s.rate == 1000 && s.again && s.high == 0);
	search_next(&s, &passed);
	assert_true(s.low == 1000 && s.high == 0 && !s.again);
	assert_true(s.rate > 1000);
	search_next(&s, &behind);
	search_next(&s, &behind);
	assert_true(s.high > 1000 && s.low == 1000);
}

static void
bad_moments_do_not_count_for_much(void **state)
{
	unsigned int near = 0;

	for (uint32_t seed = 1; seed <= 50; seed++) {
		struct machine m = {
		    .capacity = 500e3, .longer = 500e3, .noise = 8, .random = seed * 7919};
		struct search s;

		machine_search(&m, 500e3, &s);
		near += s.state == SEARCH_FOUND && s.rate > 450e3;
	}
	assert_true(near >= 45);
}

/* The machine was busy at the beginning: the rates that failed then are not the limit. */
static void
an_early_bad_moment_is_asked_about_again(void **state)
{
	struct machine m = {.capacity = 500e3, .longer = 500e3};
	struct search_trial t;
	struct search s;

	search_begin(&s, 300e3);
	while (s.state <= SEARCH_CONFIRMING && m.runs < RUNS_MAX) {
		machine_run(&m, &s, &t);
		if (m.runs <= 4)
			t = (struct search_trial){.asked = s.rate,
			    .begun_share = 0.6,
			    .done_share = 0.6,
			    .verdict = SEARCH_BEHIND};
		search_next(&s, &t);
	}
	assert_int_equal(s.state, SEARCH_FOUND);
	assert_true(s.rate <= 500e3 && s.rate >= 500e3 * (1 - 1.01 * SEARCH_PRECISION));
}

/* Down to what was achieved, not by steps: a machine of a tenth of the region takes few trials. */
static void
far_regions_take_few_trials(void **state)
{
	struct machine m = {.capacity = 50e3, .longer = 50e3};
	struct search s;

	machine_search(&m, 500e3, &s);
	assert_int_equal(s.state, SEARCH_FOUND);
	assert_true(m.runs <= 20);
}

static void
a_longer_run_that_fails_takes_the_rate_down(void **state)
{
	struct machine m = {.capacity = 500e3, .longer = 470e3};
	struct search s;

	machine_search(&m, 500e3, &s);
	assert_int_equal(s.state, SEARCH_FOUND);
	assert_true(s.rate <= 470e3 && s.rate > 470e3 * 0.97);
	assert_true(s.confirms > 1);
	/* By much: not in steps of 2 %. */
	m = (struct machine){.capacity = 500e3, .longer = 300e3};
	machine_search(&m, 500e3, &s);
	assert_int_equal(s.state, SEARCH_FOUND);
	assert_true(s.rate <= 300e3 && s.rate > 300e3 * 0.97);
	assert_true(s.confirms <= 3);
}

static void
nothing_is_confirmed_where_nothing_works(void **state)
{
	struct machine never = {.capacity = 0, .longer = 0};
	struct machine liar = {.capacity = 500e3, .longer = 0};
	struct search s;

	machine_search(&never, 1000, &s);
	assert_int_equal(s.state, SEARCH_NOTHING);
	machine_search(&liar, 500e3, &s);
	assert_int_equal(s.state, SEARCH_NOTHING);
	/* Also when the first moment did nothing at all. */
	search_begin(&s, 0);
	assert_true(s.rate >= 1);
}

static void
trials_are_judged(void **state)
{
	struct bench_totals t = {.attempts = 1000000};
	struct search_trial trial;

	search_judge(&trial, 500e3, 2, t.attempts, &t, 0.001);
	assert_int_equal(trial.verdict, SEARCH_PASSED);
	assert_true(trial.begun_share == 1 && trial.failures_share == 0);
	t.failed.refused = 1000;
	search_judge(&trial, 500e3, 2, t.attempts, &t, 0.001);
	assert_int_equal(trial.verdict, SEARCH_PASSED);
	t.failed.unfinished = 1;
	search_judge(&trial, 500e3, 2, t.attempts, &t, 0.001);
	assert_int_equal(trial.verdict, SEARCH_FAILURES);
	memset(&t.failed, 0, sizeof(t.failed));
	search_judge(&trial, 500e3, 2, 985000, &t, 0.001);
	assert_int_equal(trial.verdict, SEARCH_BEHIND);
	/* Late is no failure while it is a moment only, or hardly late. */
	t.late = 400000;
	t.late_ns = 600000000;
	search_judge(&trial, 500e3, 2, t.attempts, &t, 0.001);
	assert_int_equal(trial.verdict, SEARCH_PASSED);
	t.late = 900000;
	search_judge(&trial, 500e3, 2, t.attempts, &t, 0.001);
	assert_int_equal(trial.verdict, SEARCH_LATENESS);
	t.late_ns = 20000000;
	search_judge(&trial, 500e3, 2, t.attempts, &t, 0.001);
	assert_int_equal(trial.verdict, SEARCH_PASSED);
	search_judge(&trial, 500e3, 2, 0, &t, 0.001);
	assert_int_equal(trial.verdict, SEARCH_EMPTY);
	/* What failed for want of a connection was due, and not begun: no share is above 1. */
	t.failed.no_connection = t.attempts - 10;
	search_judge(&trial, 500e3, 2, 10, &t, 0.001);
	assert_int_equal(trial.verdict, SEARCH_FAILURES);
	assert_true(trial.failures_share < 1 && trial.late_share <= 1);
	/* What was done is counted once: ten of a million, however the others are called. */
	assert_true(trial.done_share > 9.9e-6 && trial.done_share < 10.1e-6);
	search_judge(&trial, 500e3, 2, 10, &t, 1);
	assert_int_equal(trial.verdict, SEARCH_BEHIND);
	/* One of a handful is no sign. */
	memset(&t, 0, sizeof(t));
	search_judge(&trial, 5, 2, 9, &t, 0.001);
	assert_int_equal(trial.verdict, SEARCH_PASSED);
}

static void
each_trial_is_said(void **state)
{
	struct bench_totals t = {.attempts = 970000};
	struct search_trial trial;
	struct search s;
	char text[192];

	search_begin(&s, 500e3);
	search_judge(&trial, s.rate, 2, t.attempts, &t, 0.001);
	search_text(&s, &trial, text, sizeof(text));
	assert_non_null(strstr(text, "500000/s: fell behind (begun 97.0 %"));
	assert_non_null(strstr(text, "once more"));
	search_next(&s, &trial);
	search_text(&s, &trial, text, sizeof(text));
	assert_null(strstr(text, "once more"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_capacity_to_a_percent),
	    cmocka_unit_test(near_regions_take_few_trials),
	    cmocka_unit_test(a_rate_that_failed_once_is_tried_again),
	    cmocka_unit_test(bad_moments_do_not_count_for_much),
	    cmocka_unit_test(an_early_bad_moment_is_asked_about_again),
	    cmocka_unit_test(far_regions_take_few_trials),
	    cmocka_unit_test(a_longer_run_that_fails_takes_the_rate_down),
	    cmocka_unit_test(nothing_is_confirmed_where_nothing_works),
	    cmocka_unit_test(trials_are_judged),
	    cmocka_unit_test(each_trial_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

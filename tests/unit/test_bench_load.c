/* SPDX-License-Identifier: BSD-3-Clause */
/* The load as a function of time: no engine, no clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/load.h"

#define START (77 * SPT_NS_PER_SEC)

/* How many attempts are due at 'now', counted one by one. */
static uint64_t
due(const struct load *l, spt_time now)
{
	uint64_t n = 0;
	spt_time at;

	while (load_due(l, n, 0, now, &at))
		n++;
	return n;
}

static void
test_constant(void **state)
{
	const struct load l = {
	    .from = 1000, .to = 1000, .start = START, .duration = SPT_NS_PER_SEC};

	assert_int_equal(load_time(&l, 0), START);
	assert_int_equal(load_time(&l, 1), START + SPT_NS_PER_MS);
	assert_int_equal(load_time(&l, 999), START + 999 * SPT_NS_PER_MS);
	/* It would begin when the phase is over. */
	assert_int_equal(load_time(&l, 1000), SPT_TIME_NEVER);
	assert_int_equal(due(&l, START - 1), 0);
	assert_int_equal(due(&l, START), 1);
	assert_int_equal(due(&l, START + SPT_NS_PER_SEC / 2), 501);
	assert_int_equal(due(&l, START + 10 * SPT_NS_PER_SEC), 1000);
}

/* For days, and at a rate that does not divide a second. */
static void
test_constant_long(void **state)
{
	const struct load l = {.from = 1234567, .to = 1234567, .start = START};
	uint64_t day = UINT64_C(1234567) * 86400;

	assert_in_range(load_time(&l, day), START + 86400 * SPT_NS_PER_SEC - 100,
	    START + 86400 * SPT_NS_PER_SEC + 100);
	for (uint64_t k = day; k < day + 1000; k++)
		assert_true(load_time(&l, k) < load_time(&l, k + 1));
}

/* Less than one a second. */
static void
test_slow(void **state)
{
	const struct load l = {
	    .from = 0.1, .to = 0.1, .start = START, .duration = 25 * SPT_NS_PER_SEC};

	assert_true(load_has_rate(&l));
	assert_int_equal(due(&l, START + 9 * SPT_NS_PER_SEC), 1);
	assert_int_equal(due(&l, START + 99 * SPT_NS_PER_SEC), 3);
}

static void
ramp(double from, double to)
{
	const struct load l = {
	    .from = from, .to = to, .start = START, .duration = 10 * SPT_NS_PER_SEC};
	spt_time last = START;

	/* After x seconds as many as the area under the line, which is a trapezium. */
	for (int x = 1; x <= 10; x++) {
		double rate = from + (to - from) * x / 10, area = x * (from + rate) / 2;
		uint64_t n = due(&l, START + (spt_time)x * SPT_NS_PER_SEC);

		assert_in_range(n, (uint64_t)area, (uint64_t)area + 1);
	}
	for (uint64_t k = 0; load_time(&l, k) != SPT_TIME_NEVER; k++) {
		assert_true(load_time(&l, k) >= last);
		last = load_time(&l, k);
	}
	assert_true(last < START + 10 * SPT_NS_PER_SEC);
}

static void
test_ramp(void **state)
{
	ramp(100, 1000);
	ramp(1000, 100);
	ramp(0, 500);
	ramp(500, 0);
	ramp(300, 300);
}

static void
test_window(void **state)
{
	const struct load l = {.start = START, .duration = SPT_NS_PER_SEC, .window = 3};
	spt_time at;

	assert_false(load_has_rate(&l));
	assert_true(load_due(&l, 1000000, 2, START + 5, &at));
	assert_int_equal(at, START + 5);
	assert_false(load_due(&l, 0, 3, START + 5, &at));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_constant),
	    cmocka_unit_test(test_constant_long),
	    cmocka_unit_test(test_slow),
	    cmocka_unit_test(test_ramp),
	    cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock: nanoseconds from counts without overflow or a step back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/clock.h"

static void
test_rates(void **state)
{
	static const uint64_t rates[] = {1000000, 24000000, 999999937, 2700000000, 5000000000};
	static const uint64_t seconds[] = {0, 1, 3600, 86400, 31536000, 315360000};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (size_t j = 0; j < sizeof(seconds) / sizeof(seconds[0]); j++) {
			uint64_t tsc = UINT64_C(1) << 40, want = seconds[j] * SPT_NS_PER_SEC, got;
			struct clock c;

			clock_init(&c, rates[i], tsc, 5000);
			got = clock_read(&c, tsc + seconds[j] * rates[i]) - 5000;
			/* The factor has 32 bits behind the point: one in 2^31 is its error at
			 * most. */
			assert_true(got <= want);
			assert_true(want - got <= want / (1u << 20) + 1);
		}
}

static void
test_never_back(void **state)
{
	struct clock c;
	spt_time t;

	clock_init(&c, 1000000000, 1000, 77);
	assert_int_equal(clock_read(&c, 1000), 77);
	assert_int_equal(clock_read(&c, 999), 77);
	assert_int_equal(clock_read(&c, 0), 77);
	t = clock_read(&c, 2000);
	assert_int_equal(t, 1077);
	/* A processor whose counter is behind. */
	assert_int_equal(clock_read(&c, 1999), t);
	assert_int_equal(clock_read(&c, 500), t);
	assert_int_equal(clock_read(&c, 2001), t + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rates),
	    cmocka_unit_test(test_never_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The histogram against sorted values, and the arithmetic of the totals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/bench.h"
#include "bench/histogram.h"
#include "env.h"

#define VALUES 20000

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
test_empty(void **state)
{
	struct histogram *h = histogram_create();

	assert_non_null(h);
	assert_int_equal(histogram_percentile(h, 0.5), 0);
	histogram_record(h, 7);
	histogram_clear(h);
	assert_int_equal(h->count, 0);
	assert_int_equal(histogram_percentile(h, 1), 0);
	free(h);
}

/* Each value by itself: reported not too low, and at most one in 1024 too high. */
static void
test_resolution(void **state)
{
	struct histogram *h = histogram_create();

	for (uint64_t value = 0; value < UINT64_C(3600000000000); value += 1 + value / 777) {
		histogram_clear(h);
		histogram_record(h, value);
		/* A larger one, so that the maximum does not stand in for it. */
		histogram_record(h, UINT64_C(4000000000000));
		assert_in_range(histogram_percentile(h, 0.5), value, value + value / 1024);
		assert_int_equal(h->min, value);
	}
	free(h);
}

static void
test_percentiles(void **state)
{
	static const double shares[] = {0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
	static uint64_t values[VALUES];
	struct histogram *h = histogram_create();
	struct env_random r;

	env_random_seed(&r, 3);
	for (unsigned int i = 0; i < VALUES; i++) {
		values[i] = env_random_next(&r) >> (24 + env_random_below(&r, 40));
		histogram_record(h, values[i]);
	}
	qsort(values, VALUES, sizeof(values[0]), compare);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		uint64_t rank = (uint64_t)(shares[i] * VALUES), want;

		want = values[rank ? rank - 1 : 0];
		assert_in_range(histogram_percentile(h, shares[i]), want, want + want / 1024);
	}
	assert_int_equal(histogram_percentile(h, 1), values[VALUES - 1]);
	assert_int_equal(h->min, values[0]);
	free(h);
}

/* Two that are added are the one that had everything. */
static void
test_add(void **state)
{
	struct histogram *all = histogram_create(), *part[2], *sum = histogram_create();

	part[0] = histogram_create();
	part[1] = histogram_create();
	for (uint64_t i = 1; i < 5000; i++) {
		histogram_record(all, i * i);
		histogram_record(part[i % 2], i * i);
	}
	for (int i = 0; i < 2; i++)
		histogram_add(sum, part[i]);
	histogram_clear(part[0]);
	histogram_add(sum, part[0]);
	assert_int_equal(sum->count, all->count);
	assert_int_equal(sum->min, 1);
	assert_int_equal(sum->max, all->max);
	assert_memory_equal(sum->slot, all->slot, sizeof(all->slot));
	assert_true(sum->sum > 0.999 * all->sum && sum->sum < 1.001 * all->sum);
	free(all);
	free(sum);
	free(part[0]);
	free(part[1]);
}

/* Longer than an hour: counted, and the maximum is exact. */
static void
test_too_large(void **state)
{
	struct histogram *h = histogram_create();

	histogram_record(h, UINT64_MAX);
	histogram_record(h, 1);
	assert_int_equal(h->max, UINT64_MAX);
	assert_int_equal(histogram_percentile(h, 1), UINT64_MAX);
	assert_int_equal(histogram_percentile(h, 0.5), 1);
	free(h);
}

static void
test_totals(void **state)
{
	struct bench_totals sum = {0}, out;
	const struct bench_totals a = {.attempts = 9,
	    .completions = 5,
	    .late_ns = 70,
	    .failed = {.refused = 1, .wrong_data = 1, .other = 2}};
	const struct bench_totals b = {
	    .attempts = 3, .completions = 2, .late_ns = 40, .failed = {.refused = 1}};

	bench_totals_add(&sum, &a);
	bench_totals_add(&sum, &b);
	assert_int_equal(sum.attempts, 12);
	assert_int_equal(sum.completions, 7);
	assert_int_equal(sum.failed.refused, 2);
	assert_int_equal(sum.late_ns, 70);
	assert_int_equal(bench_failures_sum(&sum.failed), 5);
	bench_totals_diff(&out, &sum, &b);
	assert_int_equal(out.attempts, 9);
	assert_int_equal(out.failed.refused, 1);
	assert_int_equal(out.failed.other, 2);
	assert_int_equal(out.late_ns, 70);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_resolution),
	    cmocka_unit_test(test_percentiles),
	    cmocka_unit_test(test_add),
	    cmocka_unit_test(test_too_large),
	    cmocka_unit_test(test_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive window over a long line: 100 ms there and back at 1 Gbit/s, and what the receiver
 * offers is what limits the peer. A window that stays allows 256 KiB / 100 ms; one that is tuned
 * opens until the line is the limit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lib/bottleneck.h>
#include <lib/env.h>

#define MS     SPT_NS_PER_MS
#define LINE   UINT64_C(1000000000)
#define KIB256 (256 * 1024)
#define MAX    (32 << 20)

/* 'late': so many of a million frames come a millisecond late. */
static void
long_line(struct bottleneck_result *r, uint32_t most, bool timestamps, uint64_t rate, uint32_t late)
{
	struct bottleneck_config config = {
	    .seed = 7,
	    .forward = {.rate_bps = rate,
	        .delay_ns = 50 * MS,
	        .queue_limit = 30000,
	        .reorder_ppm = late},
	    .back = {.delay_ns = 50 * MS, .queue_limit = 30000},
	    /* Its slow start ends at the line, or at the window: nothing else is measured here. */
	    .sender = {.send_buffer = MAX, .congestion = SPT_CONGESTION_NEWRENO},
	    .receiver = {.receive_buffer = KIB256,
	        .receive_buffer_max = most,
	        .no_timestamps = !timestamps,
	        .mss = 1412}, /* with timestamps a segment is a mbuf of the sender's application */
	    .warm_up = 2 * SPT_NS_PER_SEC,
	    .run = SPT_NS_PER_SEC,
	    .unwatched = rate == LINE,
	    .pool = rate == LINE ? 25000 : 0,
	    .pinned = rate == LINE ? 24900 : 0,
	};

	assert_true(bottleneck_run(&config, "window tuning", r));
	print_message("%s timestamps, up to %u KiB: %.1f Mbit/s, window %u KiB\n",
	    timestamps ? "with" : "without", most / 1024, (double)r->goodput_bps / 1e6,
	    r->receive_buffer / 1024);
}

static void
test_fixed_window(void **state)
{
	struct bottleneck_result r;

	long_line(&r, KIB256, true, LINE / 4, 0);
	assert_int_equal(r.receive_buffer, KIB256);
	assert_in_range(r.goodput_bps, 18000000, 22000000);
}

static void
test_window_opens(void **state)
{
	struct bottleneck_result r;

	long_line(&r, MAX, true, LINE, 0);
	assert_true(r.goodput_bps > LINE * 85 / 100);
	assert_true(r.receive_buffer > 11 << 20);
}

/* The window is not larger than what the line and its sender's growth are worth. */
static void
test_window_fits_the_line(void **state)
{
	for (unsigned int timestamps = 0; timestamps < 2; timestamps++) {
		struct bottleneck_result r;

		/* 100 Mbit/s * 100 ms = 1.25 MB */
		long_line(&r, 6 << 20, timestamps, LINE / 10, 0);
		assert_true(r.goodput_bps > LINE / 10 * 85 / 100);
		assert_in_range(r.receive_buffer, 1250000, 5 << 20);
	}
}

/* Hardly a round trip without a gap: each is filled before the next. */
static void
test_window_opens_where_order_changes(void **state)
{
	struct bottleneck_result r;

	/* What the sender makes of it depends on when it takes the first late one for lost. */
	long_line(&r, 6 << 20, true, LINE / 10, 50000);
	assert_in_range(r.receive_buffer, 1250000, 5 << 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_window_opens), /* first: its pools are the largest */
	    cmocka_unit_test(test_fixed_window),
	    cmocka_unit_test(test_window_fits_the_line),
	    cmocka_unit_test(test_window_opens_where_order_changes),
	};

	return cmocka_run_group_tests_name("sim: window tuning", tests, env_group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk data over a path whose MTU is smaller than the line's, becomes smaller in mid-transfer, or
 * larger again; with a router that says so and without. And jumbo frames, end to end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lib/bottleneck.h>
#include <lib/env.h>
#include <lib/port_narrow.h>

#define MS    SPT_NS_PER_MS
#define SEC   SPT_NS_PER_SEC
#define AT(t) (ENV_EPOCH + (t))

/* 5 Mbit/s, 20 ms there and back, and room for as much again in the queue. */
static struct bottleneck_config
line(struct port_narrow *narrow)
{
	return (struct bottleneck_config){
	    .seed = 6,
	    .forward = {.rate_bps = 5000000, .delay_ns = 10 * MS, .buffer_bytes = 25000},
	    .back = {.delay_ns = 10 * MS},
	    .narrow = narrow,
	    .warm_up = SEC,
	    .run = 9 * SEC,
	};
}

static uint32_t path_mtu;

static void
see(void *arg, spt_time since, unsigned int flow, const struct spt_conn_info *info)
{
	path_mtu = info->path_mtu;
}

/* Runs; so much of the line is used, and nothing stands still for longer. */
static struct bottleneck_result
good(struct bottleneck_config *config, const char *what, double least, spt_time silence)
{
	struct bottleneck_result r;
	double share;

	config->sample = see;
	config->sample_every = config->run / 50;
	assert_true(bottleneck_run(config, what, &r));
	share = (double)r.goodput_bps / (double)config->forward.rate_bps;
	print_message("%s: %.3f of the line, %.3f s of silence at most, path MTU %u\n", what, share,
	    (double)r.longest_silence / 1e9, path_mtu);
	assert_true(share >= least);
	assert_true(r.longest_silence <= silence);
	return r;
}

static void
test_from_the_beginning(void **state)
{
	struct port_narrow narrow = {.step = {{.mtu = 1400}}};
	struct bottleneck_config config = line(&narrow);
	struct bottleneck_result r = good(&config, "1400 from the beginning", 0.9, 100 * MS);

	assert_int_equal(path_mtu, 1400);
	assert_int_equal(narrow.largest, 1400);
	assert_int_equal(r.sender.pmtu_decreased, 1);
	assert_int_equal(r.sender.rto_expirations, 0); /* at once: nothing large had arrived */
	assert_true(narrow.lost <= 10);                /* the first window */
}

static void
test_two_routers(void **state)
{
	struct port_narrow narrow = {.step = {{.mtu = 1400}, {.at = AT(4 * SEC), .mtu = 1300}}};
	struct bottleneck_config config = line(&narrow);
	struct bottleneck_result r = good(&config, "1400, then 1300", 0.85, 600 * MS);

	assert_int_equal(path_mtu, 1300);
	assert_int_equal(r.sender.pmtu_decreased, 2);
}

static void
test_in_mid_transfer(void **state)
{
	struct port_narrow narrow = {.step = {{.at = AT(3 * SEC), .mtu = 1400}}};
	struct bottleneck_config config = line(&narrow);
	struct bottleneck_result r = good(&config, "1400 after 3 s", 0.85, 600 * MS);

	assert_int_equal(path_mtu, 1400);
	assert_int_equal(narrow.largest, 1400);
	assert_int_equal(r.sender.pmtu_decreased, 1);
	assert_true(r.sender.pmtu_waiting >= 1); /* larger ones had arrived: RFC 5927 7.2 */
	assert_int_equal(r.sender.pmtu_black_holes, 0);
}

/* Two time-outs, then 1280; larger sizes are tried in vain, and each of them costs one packet. */
static void
test_black_hole(void **state)
{
	struct port_narrow narrow = {.step = {{.at = AT(3 * SEC), .mtu = 1400, .silent = true}}};
	struct bottleneck_config config = line(&narrow);
	struct bottleneck_result r = good(&config, "1400 after 3 s, silently", 0.75, 1500 * MS);

	assert_int_equal(path_mtu, 1400);
	assert_int_equal(narrow.largest, 1400);
	assert_int_equal(r.sender.pmtu_black_holes, 1);
	assert_int_equal(r.sender.pmtu_increased, 1); /* 1400; 1420 is lost */
}

static void
test_black_hole_of_old(void **state)
{
	struct port_narrow narrow = {.step = {{.at = AT(3 * SEC), .mtu = 700, .silent = true}}};
	struct bottleneck_config config = line(&narrow);
	struct bottleneck_result r;

	config.run = 12 * SEC;
	r = good(&config, "700 after 3 s, silently", 0.4, 8 * SEC);
	assert_int_equal(path_mtu, 576);
	assert_int_equal(r.sender.pmtu_black_holes, 2);
}

/* Nothing passes for a second, whatever its size: all of the MTU is back soon after. */
static void
test_outage(void **state)
{
	struct port_narrow narrow = {.step = {{.at = AT(3 * SEC), .mtu = 60, .silent = true},
	                                 {.at = AT(4 * SEC), .mtu = 1500}}};
	struct bottleneck_config config = line(&narrow);
	struct bottleneck_result r = good(&config, "an outage", 0.7, 2 * SEC);

	assert_int_equal(path_mtu, 1500);
	assert_int_equal(narrow.largest, 1500);
	assert_int_equal(r.sender.pmtu_black_holes, 1);
}

/* RFC 1191 6.3: it is tried after ten minutes, and in vain once more as long as it is narrow. */
static void
test_larger_again(void **state)
{
	struct port_narrow narrow = {
	    .step = {{.at = AT(3 * SEC), .mtu = 1400}, {.at = AT(1000 * SEC), .mtu = 1500}}};
	struct bottleneck_config config = line(&narrow);
	struct bottleneck_result r;

	config.forward.rate_bps = 200000;
	config.forward.buffer_bytes = 15000;
	config.run = 1800 * SEC;
	config.unwatched = true;
	r = good(&config, "1400, and 1500 after 1000 s", 0.9, 2 * SEC);
	assert_int_equal(path_mtu, 1500);
	assert_int_equal(narrow.largest, 1500);
	assert_int_equal(r.sender.pmtu_decreased, 1);
	assert_int_equal(r.sender.pmtu_increased, 5); /* 1420, 1460, 1480, 1492, 1500 */
}

static void
test_jumbo(void **state)
{
	struct port_narrow narrow = {.step = {{.mtu = 9000}}};
	struct bottleneck_config config = line(&narrow);
	struct bottleneck_result r;

	config.mtu = 9000;
	config.forward.rate_bps = 20000000;
	config.forward.buffer_bytes = 100000;
	r = good(&config, "jumbo frames", 0.9, 100 * MS);
	assert_int_equal(path_mtu, 9000);
	assert_int_equal(narrow.largest, 9000);
	assert_int_equal(narrow.lost, 0);
	assert_int_equal(r.sender.pmtu_decreased, 0);
}

static void
test_jumbo_to_ordinary(void **state)
{
	struct port_narrow narrow = {.step = {{.mtu = 9000}, {.at = AT(3 * SEC), .mtu = 1500}}};
	struct bottleneck_config config = line(&narrow);
	struct bottleneck_result r;

	config.mtu = 9000;
	config.forward.rate_bps = 20000000;
	config.forward.buffer_bytes = 100000;
	r = good(&config, "jumbo frames, then 1500", 0.8, SEC);
	assert_int_equal(path_mtu, 1500);
	assert_int_equal(narrow.largest, 1500);
	assert_int_equal(r.sender.pmtu_decreased, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_from_the_beginning),
	    cmocka_unit_test(test_two_routers),
	    cmocka_unit_test(test_in_mid_transfer),
	    cmocka_unit_test(test_black_hole),
	    cmocka_unit_test(test_black_hole_of_old),
	    cmocka_unit_test(test_outage),
	    cmocka_unit_test(test_larger_again),
	    cmocka_unit_test(test_jumbo),
	    cmocka_unit_test(test_jumbo_to_ordinary),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

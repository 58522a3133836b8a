/* SPDX-License-Identifier: BSD-3-Clause */
/* Readers so slow that the window closes and opens for ever, on either side, and lossy too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/sim.h>

#define SEGMENT 1388 /* the engine's: the client's MSS 1400 less timestamps */

static struct sim_config config;

static void
base(uint64_t seed, int family)
{
	config = (struct sim_config){.seed = seed, .family = family, .n = 1};
	config.to_engine.delay_ns = config.to_client.delay_ns = SPT_NS_PER_MS;
	config.rto_max_ms = 10000;
	config.options.r2_ms = 1000000;
	sim_conn_default(&config.conn[0]);
	config.conn[0].client.send = config.conn[0].server.send = 0;
}

/* The client reads two segments a time of a window of as many: closed after each. */
static void
test_client_reads_slowly(void **state)
{
	struct sim_result r;

	base(1, 4);
	config.conn[0].server.send = 6000000;
	config.conn[0].client.window = 2 * SEGMENT;
	config.conn[0].client.wscale = -1;
	config.conn[0].client.read_bytes = 2 * SEGMENT;
	config.conn[0].client.read_interval = 100 * SPT_NS_PER_MS;
	assert_true(sim_run(&config, "slow client", &r));
	assert_in_range(r.closed_windows, 6000000 / (2 * SEGMENT) - 10, 10000000);
}

/* It reads by the byte: the window must not be opened, nor filled, by crumbs (RFC 9293 3.8.6.2). */
static void
test_client_reads_crumbs(void **state)
{
	struct sim_result r;

	base(2, 6);
	config.conn[0].server.send = 100000;
	config.conn[0].client.window = 3000;
	config.conn[0].client.wscale = -1;
	config.conn[0].client.read_bytes = 7;
	config.conn[0].client.read_interval = 5 * SPT_NS_PER_MS;
	assert_true(sim_run(&config, "crumbs", &r));
	assert_in_range(r.stats.tx_frames, 1, 2000);
}

/* The engine's application is the slow one: its window closes, opens, and never retreats. */
static void
test_server_reads_slowly(void **state)
{
	struct sim_result r;

	base(3, 4);
	config.options.receive_buffer = 4000;
	config.conn[0].client.send = 4000000;
	config.conn[0].client.wscale = -1;
	config.conn[0].server.read_bytes = 4000;
	config.conn[0].server.read_interval = 100 * SPT_NS_PER_MS;
	assert_true(sim_run(&config, "slow server", &r));
	assert_in_range(r.stats.tx_frames, 2000, 10000000);
}

static void
test_server_reads_crumbs(void **state)
{
	base(4, 6);
	config.options.receive_buffer = 5000;
	config.conn[0].client.send = 100000;
	config.conn[0].server.read_bytes = 13;
	config.conn[0].server.read_interval = 5 * SPT_NS_PER_MS;
	assert_true(sim_run(&config, "server reads crumbs", NULL));
}

/* Both at once, and every tenth segment lost: window updates too, so that probes must find out. */
static void
test_both_slow_and_lossy(void **state)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		base(seed, seed % 2 ? 4 : 6);
		config.to_engine.loss_ppm = config.to_client.loss_ppm = 100000;
		config.options.receive_buffer = 3000;
		config.conn[0].client.send = config.conn[0].server.send = 60000;
		config.conn[0].client.window = 3000;
		config.conn[0].client.wscale = (int)(seed % 3) - 1;
		config.conn[0].client.read_bytes = 1500;
		config.conn[0].client.read_interval = 300 * SPT_NS_PER_MS;
		config.conn[0].server.read_bytes = 2000;
		config.conn[0].server.read_interval = 400 * SPT_NS_PER_MS;
		assert_true(sim_run(&config, "slow and lossy", NULL));
	}
}

/* A window closed for minutes: probes go on (MUST-36, MUST-37), the connection lives. */
static void
test_window_closed_for_minutes(void **state)
{
	base(5, 4);
	config.rto_max_ms = 0;
	config.options.r2_ms = 0;
	config.conn[0].server.send = 20000;
	config.conn[0].client.window = 4000;
	config.conn[0].client.read_bytes = 4000;
	config.conn[0].client.read_interval = 250 * SPT_NS_PER_SEC;
	assert_true(sim_run(&config, "closed for minutes", NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_client_reads_slowly),
	    cmocka_unit_test(test_client_reads_crumbs),
	    cmocka_unit_test(test_server_reads_slowly),
	    cmocka_unit_test(test_server_reads_crumbs),
	    cmocka_unit_test(test_both_slow_and_lossy),
	    cmocka_unit_test(test_window_closed_for_minutes),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

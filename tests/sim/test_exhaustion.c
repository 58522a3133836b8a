/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * More clients than the engine has connections, records or mbufs for. Running out is a
 * refusal that the peer's retransmission mends: in the end everybody is served.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/sim.h>

static struct sim_config config;

static void
base(uint64_t seed, unsigned int conns, uint64_t bytes)
{
	config = (struct sim_config){.seed = seed, .family = seed % 2 ? 4 : 6, .n = conns};
	config.to_engine.delay_ns = config.to_client.delay_ns = 5 * SPT_NS_PER_MS;
	config.to_engine.loss_ppm = config.to_client.loss_ppm = 20000;
	config.rto_max_ms = 10000;
	config.options.r2_ms = 1000000;
	for (unsigned int i = 0; i < conns; i++) {
		sim_conn_default(&config.conn[i]);
		config.conn[i].client.send = config.conn[i].server.send = bytes;
	}
}

/* Forty clients, six connections, six half-open and six TIME-WAIT records. */
static void
test_few_connections(void **state)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct sim_result r;

		base(seed, 40, 5000);
		config.connections = 6;
		config.syn_cookies = seed % 3; /* auto, always, never */
		assert_true(sim_run(&config, "few connections", &r));
		assert_int_equal(r.stats.opened_passive, 40);
		assert_int_not_equal(r.stats.verdict[SPT_V_TCP_SYN_NO_RECORD] +
		                         r.stats.verdict[SPT_V_TCP_HANDSHAKE_NO_CONN] +
		                         r.stats.verdict[SPT_V_TCP_COOKIE_NO_CONN],
		    0);
	}
}

/* The server closes first: TIME-WAIT is its own, and records must make room for each other. */
static void
test_few_time_wait_records(void **state)
{
	struct sim_result r;

	base(7, 30, 1000);
	for (unsigned int i = 0; i < config.n; i++) {
		config.conn[i].client.fin_last = true;
		config.conn[i].server.fin_last = false;
	}
	config.connections = 8;
	assert_true(sim_run(&config, "few TIME-WAIT records", &r));
	assert_int_equal(r.stats.opened_passive, 30);
	assert_int_not_equal(r.stats.timewait_early, 0);
}

/* A pool so small that queues, windows and replies compete for it. */
static void
test_few_mbufs(void **state)
{
	static const uint32_t mbufs[] = {100, 150, 200, 300, 500};

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct sim_result r;

		base(seed, 10, 40000);
		config.mbufs = mbufs[seed % 5];
		assert_true(sim_run(&config, "few mbufs", &r));
		assert_int_equal(r.stats.opened_passive, 10);
	}
}

/* The same, but the clients' windows let all of the server's streams into the queues at once. */
static void
test_few_mbufs_no_loss(void **state)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct sim_result r;

		base(seed, 10, 40000);
		config.to_engine.loss_ppm = config.to_client.loss_ppm = 0;
		config.mbufs = 300;
		for (unsigned int i = 0; i < config.n; i++)
			config.conn[i].server.send_last = true;
		assert_true(sim_run(&config, "few mbufs, no loss", &r));
		assert_int_not_equal(r.stats.budget_refused, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_few_connections),
	    cmocka_unit_test(test_few_time_wait_records),
	    cmocka_unit_test(test_few_mbufs),
	    cmocka_unit_test(test_few_mbufs_no_loss),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that end in disorder, over a lossy link: either side aborts in the middle, or
 * closes while the other still sends (RFC 9293 3.6.1). Whatever gets lost, nobody is reset
 * twice, nobody answers a RST, and nothing is left.
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
base(uint64_t seed, struct env_random *r)
{
	env_random_seed(r, seed);
	config = (struct sim_config){.seed = seed, .family = seed % 2 ? 4 : 6, .n = 5};
	config.to_engine.delay_ns = config.to_client.delay_ns = 10 * SPT_NS_PER_MS;
	config.to_engine.loss_ppm = config.to_client.loss_ppm = seed % 3 * 75000;
	config.to_engine.reorder_ppm = config.to_client.reorder_ppm = seed % 5 ? 0 : 50000;
	config.to_engine.duplicate_ppm = config.to_client.duplicate_ppm = seed % 4 ? 0 : 50000;
	config.rto_max_ms = 10000;
	/* A RST may be lost, and then nobody else tells the engine. */
	config.options.idle_timeout_ms = 60000;
	for (unsigned int i = 0; i < config.n; i++) {
		struct sim_conn *c = &config.conn[i];

		sim_conn_default(c);
		c->client.send = env_random_below(r, 50000);
		c->server.send = env_random_below(r, 50000);
		c->client.may_reset = true;
		c->server.any_end = true;
		c->server.fin_last = env_random_below(r, 2);
	}
}

static void
test_client_aborts(void **state)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct env_random r;

		base(seed, &r);
		for (unsigned int i = 0; i < config.n; i++)
			config.conn[i].client.abort_at = 1 + env_random_below(&r, 40000);
		assert_true(sim_run(&config, "the client aborts", NULL));
	}
}

static void
test_server_aborts(void **state)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct env_random r;

		base(seed, &r);
		for (unsigned int i = 0; i < config.n; i++)
			config.conn[i].server.abort_at = 1 + env_random_below(&r, 40000);
		assert_true(sim_run(&config, "the server aborts", NULL));
	}
}

static void
test_server_closes_early(void **state)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct env_random r;

		base(seed, &r);
		for (unsigned int i = 0; i < config.n; i++)
			config.conn[i].server.close_at = 1 + env_random_below(&r, 40000);
		assert_true(sim_run(&config, "the server closes early", NULL));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_client_aborts),
	    cmocka_unit_test(test_server_aborts),
	    cmocka_unit_test(test_server_closes_early),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each segment of a connection's life lost in turn, in both directions, in every order of
 * closing: whatever is lost, both streams arrive and both ends close.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/sim.h>

struct order {
	const char *name;
	bool client_last, server_last, server_send_last, by_close;
	uint64_t client_send, server_send;
};

static const struct order orders[] = {
    {"passive", .server_last = true, .client_send = 3000, .server_send = 3000},
    {"passive, spt_close", .server_last = true, .by_close = true, .client_send = 3000,
        .server_send = 3000},
    {"passive, no data", .server_last = true},
    {"active", .client_last = true, .client_send = 3000, .server_send = 3000},
    {"active, no data", .client_last = true},
    {"active, spt_close", .client_last = true, .by_close = true, .server_send = 3000},
    {"simultaneous", .client_send = 3000, .server_send = 3000},
    {"simultaneous, no data", .client_send = 0},
    {"half-close, the server goes on", .server_last = true, .server_send_last = true,
        .client_send = 500, .server_send = 6000},
    {"half-close, the client goes on", .client_last = true, .client_send = 20000},
};

static void
configure(struct sim_config *config, const struct order *o, int family, bool timestamps)
{
	*config = (struct sim_config){.seed = 1, .family = family, .n = 1};
	config->to_engine.delay_ns = config->to_client.delay_ns = 10 * SPT_NS_PER_MS;
	sim_conn_default(&config->conn[0]);
	config->conn[0].client.timestamps = timestamps;
	config->conn[0].client.send = o->client_send;
	config->conn[0].client.fin_last = o->client_last;
	config->conn[0].server = (struct sim_end){.send = o->server_send,
	    .fin_last = o->server_last,
	    .send_last = o->server_send_last,
	    .by_close = o->by_close};
}

static unsigned int
lose_each(const struct order *o, int family, bool timestamps)
{
	static struct sim_config config;
	struct sim_result whole, r;
	unsigned int failed = 0;
	char what[100];

	configure(&config, o, family, timestamps);
	if (!sim_run(&config, o->name, &whole))
		return 1;
	assert_in_range(whole.to_engine, 3, 100);
	assert_in_range(whole.to_client, 2, 100);
	for (unsigned int i = 1; i <= whole.to_engine + 1; i++) {
		config.lose_to_engine = i;
		snprintf(what, sizeof(what), "%s, number %u to the engine is lost", o->name, i);
		failed += !sim_run(&config, what, &r);
	}
	config.lose_to_engine = 0;
	for (unsigned int i = 1; i <= whole.to_client + 1; i++) {
		config.lose_to_client = i;
		snprintf(what, sizeof(what), "%s, number %u to the client is lost", o->name, i);
		failed += !sim_run(&config, what, &r);
	}
	return failed;
}

/* Pairs of losses in the handshake and in the goodbye: one each way. */
static unsigned int
lose_pairs(const struct order *o)
{
	static struct sim_config config;
	struct sim_result whole, r;
	unsigned int failed = 0;
	char what[100];

	configure(&config, o, 4, true);
	if (!sim_run(&config, o->name, &whole))
		return 1;
	for (unsigned int i = 1; i <= whole.to_engine; i++) {
		for (unsigned int j = 1; j <= whole.to_client; j++) {
			config.lose_to_engine = i;
			config.lose_to_client = j;
			snprintf(
			    what, sizeof(what), "%s, number %u and %u are lost", o->name, i, j);
			failed += !sim_run(&config, what, &r);
		}
	}
	return failed;
}

static void
test_each_lost_ipv4(void **state)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		failed += lose_each(&orders[i], 4, true);
	assert_int_equal(failed, 0);
}

static void
test_each_lost_ipv6(void **state)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		failed += lose_each(&orders[i], 6, false);
	assert_int_equal(failed, 0);
}

static void
test_pairs_lost(void **state)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		failed += lose_pairs(&orders[i]);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_lost_ipv4),
	    cmocka_unit_test(test_each_lost_ipv6),
	    cmocka_unit_test(test_pairs_lost),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

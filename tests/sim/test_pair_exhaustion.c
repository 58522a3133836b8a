/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * More opens than there are source ports, connections, records or mbufs for, on either side.
 * Running out is a refusal that is counted and told at once, never a time-out; in the end all are
 * served, and every port and record is there again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/simpair.h>

#define CONNS_MAX 60

static struct simpair_config config;
static struct simpair_conn conns[CONNS_MAX];

static void
base(uint64_t seed, unsigned int n, uint64_t bytes)
{
	config = (struct simpair_config){
	    .seed = seed, .family = seed % 2 ? 4 : 6, .n = n, .conn = conns};
	for (unsigned int s = 0; s < 2; s++) {
		config.to[s].delay_ns = 5 * SPT_NS_PER_MS;
		config.to[s].loss_ppm = seed % 3 * 10000;
		config.side[s].rto_max_ms = 10000;
		config.side[s].options.r2_ms = 1000000;
	}
	for (unsigned int i = 0; i < n; i++)
		conns[i] = simpair_conn_default(bytes);
}

/* Each end served in order, and those refused said so themselves. */
static void
run(const char *what, struct simpair_result *r)
{
	assert_true(simpair_run(&config, what, r));
	assert_int_equal(r->in_order, config.n);
	assert_int_equal(r->timed_out, 0);
	assert_int_equal(r->stats[0].opened_active, config.n);
	assert_int_equal(r->stats[1].opened_passive, config.n);
	assert_int_equal(r->stats[0].connects_no_tuple, r->refused_tuple);
}

/* Sixty opens at once from four ports: every second four more, out of TIME-WAIT. */
static void
test_few_ports(void **state)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct simpair_result r;

		base(seed, CONNS_MAX, 500);
		config.side[0].source.port_first = 50000;
		config.side[0].source.port_last = 50003;
		config.retry = 100 * SPT_NS_PER_MS;
		for (unsigned int i = 0; i < CONNS_MAX; i++)
			conns[i].end[1].late_reset = true; /* as in test_pair_churn.c */
		run("few ports", &r);
		assert_int_not_equal(r.refused_tuple, 0);
		assert_int_equal(r.refused_conn, 0);
	}
}

/* Without timestamps a port comes back after 2MSL only, here 2 s; more addresses mean more ports.
 */
static void
test_few_ports_no_timestamps(void **state)
{
	static spt_time took[4];

	for (unsigned int addresses = 1; addresses <= 3; addresses += 2) {
		struct simpair_result r;

		base(3, CONNS_MAX, 500);
		config.side[0].source.port_first = config.side[0].source.port_last = 50000;
		config.side[0].options.no_timestamps = true;
		config.side[0].msl_ms = 1000;
		config.addresses = addresses;
		config.retry = 100 * SPT_NS_PER_MS;
		run("one port, no timestamps", &r);
		assert_int_equal(r.stats[0].timewait_reused, 0);
		took[addresses] = r.took;
	}
	assert_in_range(took[1], 59 * 2 * SPT_NS_PER_SEC, 70 * 2 * SPT_NS_PER_SEC);
	assert_in_range(took[3], 19 * 2 * SPT_NS_PER_SEC, 24 * 2 * SPT_NS_PER_SEC);
}

/* Five connections on the opening side: the rest is told -ENFILE. */
static void
test_few_connections(void **state)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct simpair_result r;

		base(seed, CONNS_MAX, 3000);
		config.side[0].connections = 5;
		config.side[0].timewait = 100;
		run("few connections", &r);
		assert_int_not_equal(r.refused_conn, 0);
		assert_int_equal(r.refused_tuple, 0);
	}
}

/* Five on the accepting side: SYNs and third ACKs are refused, and repeated. */
static void
test_few_connections_there(void **state)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct simpair_result r;

		base(seed, CONNS_MAX, 3000);
		config.side[1].connections = 5;
		config.side[1].syn_cookies = seed % 3; /* auto, always, never */
		run("few connections on the other side", &r);
		assert_int_equal(r.refused_conn + r.refused_tuple, 0);
		assert_int_not_equal(r.stats[1].verdict[SPT_V_TCP_SYN_NO_RECORD] +
		                         r.stats[1].verdict[SPT_V_TCP_HANDSHAKE_NO_CONN] +
		                         r.stats[1].verdict[SPT_V_TCP_COOKIE_NO_CONN],
		    0);
	}
}

/* TIME-WAIT records for three: the oldest gives way, counted, and its port is free again. */
static void
test_few_time_wait_records(void **state)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct simpair_result r;

		base(seed, CONNS_MAX, 1000);
		config.side[0].timewait = 3;
		for (unsigned int i = 0; i < CONNS_MAX; i++)
			conns[i].end[1].late_reset = true;
		run("few TIME-WAIT records", &r);
		assert_int_equal(r.stats[0].timewait_early, CONNS_MAX - 3);
		assert_int_equal(r.stats[0].timewait_expired, 3);
	}
}

/* Pools so small that queues, windows and replies of both ends compete for them. */
static void
test_few_mbufs(void **state)
{
	static const uint32_t mbufs[] = {100, 150, 200, 300};

	for (uint64_t seed = 1; seed <= 24; seed++) {
		struct simpair_result r;

		base(seed, 8, 30000);
		config.side[seed / 4 % 2].mbufs = mbufs[seed % 4];
		if (seed % 5 == 0)
			config.side[!(seed / 4 % 2)].mbufs = mbufs[seed / 5 % 4];
		run("few mbufs", &r);
	}
}

/* Nobody listens: every open is refused at once, and its port is free at once. */
static void
test_refused(void **state)
{
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct simpair_result r;

		base(seed, CONNS_MAX, 1000);
		config.side[1].deaf = true;
		config.side[0].source.port_first = config.side[0].source.port_last = 50000;
		for (unsigned int i = 0; i < CONNS_MAX; i++)
			conns[i].end[0].any_end = conns[i].end[1].any_end = true;
		assert_true(simpair_run(&config, "refused", &r));
		assert_int_equal(r.refused, CONNS_MAX);
		assert_int_equal(r.stats[0].connects_refused, CONNS_MAX);
		assert_int_equal(r.stats[0].timewait_entered, 0);
	}
}

/* Nobody answers, not even with a link address: given up when as many SYNs had their time. */
static void
test_nobody_answers(void **state)
{
	struct simpair_result r;

	base(3, 20, 1000);
	config.to[0].loss_ppm = 1000000;
	config.side[0].syn_retries = 2;
	config.side[0].source.port_first = 50000;
	config.side[0].source.port_last = 50009;
	for (unsigned int i = 0; i < 20; i++)
		conns[i].end[0].any_end = conns[i].end[1].any_end = true;
	assert_true(simpair_run(&config, "nobody answers", &r));
	assert_int_equal(r.timed_out, 20);
	assert_int_equal(r.stats[0].opened_active, 0);
	/* 1 + 2 + 4 s, twice, for there are ports for half of them. */
	assert_in_range(r.took, 14 * SPT_NS_PER_SEC, 15 * SPT_NS_PER_SEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_few_ports),
	    cmocka_unit_test(test_few_ports_no_timestamps),
	    cmocka_unit_test(test_few_connections),
	    cmocka_unit_test(test_few_connections_there),
	    cmocka_unit_test(test_few_time_wait_records),
	    cmocka_unit_test(test_few_mbufs),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_nobody_answers),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

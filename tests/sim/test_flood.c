/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Honest clients beside a flood of forged SYNs, ten for each of theirs, on a path that loses one
 * frame in a hundred. All of them get in, and their streams are whole; the flood takes no more
 * records than there are, and in the end it has left nothing. (RFC 4987 3.6)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/sim.h>

#define CLIENTS 100
#define RECORDS 64
#define TIMES   10 /* forged SYNs for each client */

static struct sim_config config;

static void
honest(struct env_random *r, struct sim_conn *c, spt_time span)
{
	sim_conn_default(c);
	/* Whose third ACK is lost comes in with data or FIN, so there must be some. */
	c->client.send = 1 + env_random_below(r, 4000);
	c->server.send = env_random_below(r, 4) ? env_random_below(r, 4000) : 0;
	c->client.timestamps = env_random_below(r, 2);
	c->client.wscale = (int)env_random_below(r, 6) - 1;
	c->client.start = env_random_next(r) % span;
	if (env_random_below(r, 3) == 0) { /* the server closes first */
		c->client.fin_last = true;
		c->server.fin_last = false;
	}
}

/* 'span': in which all of them begin; the flood goes on for twice as long, at ten times the rate.
 */
static void
base(uint64_t seed, enum spt_syn_cookies cookies, spt_time span)
{
	struct env_random r;

	env_random_seed(&r, seed);
	config = (struct sim_config){.seed = seed,
	    .family = seed % 2 ? 6 : 4,
	    .n = CLIENTS,
	    .rto_max_ms = 10000,
	    .options.r2_ms = 1000000,
	    .iss = seed % 3 ? 0 : 0xffffff00u,
	    .syn_cookies = cookies};
	config.to_engine = config.to_client = (struct spt_impair){
	    .loss_ppm = 10000, .delay_ns = (1 + env_random_below(&r, 30)) * SPT_NS_PER_MS};
	config.flood =
	    (struct sim_flood){.stop = 2 * span, .interval = span / CLIENTS, .burst = TIMES};
	for (unsigned int i = 0; i < CLIENTS; i++)
		honest(&r, &config.conn[i], span);
}

static void
run(const char *what, struct sim_result *r)
{
	assert_true(sim_run(&config, what, r));
	assert_int_equal(r->flooded, 2 * TIMES * CLIENTS);
	assert_int_equal(r->stats.opened_passive, CLIENTS);
	assert_int_equal(r->stats.closed, CLIENTS);
	assert_int_equal(
	    r->stats.verdict[SPT_V_TCP_COOKIE] + r->stats.verdict[SPT_V_TCP_HANDSHAKE], CLIENTS);
	/* Nobody was turned away: what found no record got a cookie. */
	assert_int_equal(r->stats.verdict[SPT_V_TCP_SYN_BACKLOG] +
	                     r->stats.verdict[SPT_V_TCP_SYN_NO_RECORD] +
	                     r->stats.verdict[SPT_V_TCP_COOKIE_NO_CONN],
	    0);
}

static void
test_always(void **state)
{
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct sim_result r;

		base(seed, SPT_COOKIES_ALWAYS, SPT_NS_PER_SEC);
		run("a flood, cookies always", &r);
		assert_int_equal(r.half_open_most, 0);
		assert_in_range(r.stats.verdict[SPT_V_TCP_SYN_COOKIE], r.flooded * 97 / 100,
		    r.flooded + 2 * CLIENTS);
	}
}

/* Records run out, and cookies begin. */
static void
test_auto_by_records(void **state)
{
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct sim_result r;

		base(seed, SPT_COOKIES_AUTO, SPT_NS_PER_SEC);
		config.half_open = RECORDS;
		run("a flood, cookies by records", &r);
		assert_int_equal(r.stats.cookies_by_records, 1);
		assert_in_range(r.half_open_most, RECORDS * 3 / 4, RECORDS);
		assert_int_not_equal(r.stats.verdict[SPT_V_TCP_COOKIE], 0);
	}
}

/* The listener's backlog is full, while the engine has records enough. */
static void
test_auto_by_backlog(void **state)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct sim_result r;

		base(seed, SPT_COOKIES_AUTO, SPT_NS_PER_SEC);
		config.half_open = 16 * RECORDS;
		config.backlog = RECORDS;
		run("a flood, cookies by backlog", &r);
		assert_int_equal(r.stats.cookies_by_records + r.stats.cookies_by_rate, 0);
		assert_in_range(r.half_open_most, RECORDS * 3 / 4, RECORDS);
		assert_int_not_equal(r.stats.verdict[SPT_V_TCP_COOKIE], 0);
	}
}

/* SYNs come faster than they are completed: 20,000 a second, with records for all of them. */
static void
test_auto_by_rate(void **state)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct sim_result r;

		base(seed, SPT_COOKIES_AUTO, 50 * SPT_NS_PER_MS);
		config.flood.stop = 4 * 50 * SPT_NS_PER_MS;
		config.half_open = 8192;
		for (unsigned int i = 0; i < CLIENTS; i++) /* in the flood's second half */
			config.conn[i].client.start += 110 * SPT_NS_PER_MS;
		assert_true(sim_run(&config, "a flood, cookies by rate", &r));
		assert_int_equal(r.stats.opened_passive, CLIENTS);
		assert_int_equal(r.stats.cookies_by_rate, 1);
		assert_int_equal(r.stats.cookies_by_records, 0);
		assert_int_not_equal(r.stats.verdict[SPT_V_TCP_COOKIE], 0);
		assert_int_equal(r.stats.half_open_expired + r.stats.verdict[SPT_V_TCP_HANDSHAKE],
		    r.stats.verdict[SPT_V_TCP_SYN]);
	}
}

/*
 * Each of the first segments either way is lost in turn: the SYN, the SYN-ACK, the third ACK, what
 * follows it. The client has data to send, or nothing but its FIN.
 */
static void
test_each_lost(void **state)
{
	for (unsigned int i = 0; i < 2 * 2 * 2 * 12; i++) {
		unsigned int lost = i % 12;
		struct sim_result r;

		base(100 + i / 12 % 2, i / 24 % 2 ? SPT_COOKIES_AUTO : SPT_COOKIES_ALWAYS,
		    SPT_NS_PER_SEC / 10);
		config.to_engine.loss_ppm = config.to_client.loss_ppm = 0;
		config.half_open = RECORDS;
		config.n = 1;
		sim_conn_default(&config.conn[0]);
		config.conn[0].client.send = i / 48 ? 5000 : 0;
		config.conn[0].client.start = SPT_NS_PER_SEC / 10; /* the records are taken */
		if (lost < 6)
			config.lose_to_engine = 1 + lost;
		else
			config.lose_to_client = 1 + lost - 6;
		assert_true(sim_run(&config, "a flood and one lost segment", &r));
		assert_int_equal(r.stats.verdict[SPT_V_TCP_COOKIE], 1);
		assert_int_equal(r.stats.opened_passive, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_always),
	    cmocka_unit_test(test_auto_by_records),
	    cmocka_unit_test(test_auto_by_backlog),
	    cmocka_unit_test(test_auto_by_rate),
	    cmocka_unit_test(test_each_lost),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Honest clients beside a flood, in virtual time: with SYN cookies all of them get in with their
 * first SYN, without cookies hardly any; and the flood's frames add up at both ends.
 */
#include "test_bench.h"

#define RECORDS 64

static void
world_flood(enum flood_kind kind, enum spt_syn_cookies cookies)
{
	struct flood_config config = {.kind = kind,
	    .prefix = address("198.18.0.0"),
	    .length = 15,
	    .target = o->target,
	    .n_targets = 1,
	    .pool = w.pool[0]};

	o->engine.connections = 4000;
	o->flood.on = true;
	o->flood.kind = kind;
	o->connections = o->connections ? o->connections : 1000;
	w.half_open = RECORDS;
	w.cookies = cookies;
	o->target[0] = (struct spt_endpoint){.addr = address("10.0.0.2"), .port = 9};
	if (flood_port_create(&config, &w.port[0], &w.bench.flood[0]))
		fail();
	world_start(9);
	/* The way. */
	phase((struct bench_phase){.attempts = 1, .window = 1}, SPT_NS_PER_SEC);
	assert_true(flood_port_ready(w.bench.flood[0]));
}

/* 2,000 a second for 300 ms beside 'flood_rate'. Returns the share that completed. */
static double
honest(double flood_rate)
{
	const struct bench_totals *t;
	struct bench_totals before = *sample(), d;

	t = phase((struct bench_phase){.duration = 300 * SPT_NS_PER_MS,
	              .rate_from = 2000,
	              .rate_to = 2000,
	              .window = 3000,
	              .flood_rate = flood_rate},
	    10 * SPT_NS_PER_SEC);
	bench_totals_diff(&d, t, &before);
	assert_int_equal(d.attempts, 600);
	return (double)d.completions / (double)d.attempts;
}

/* Frames of the flood that the server has seen, as its verdicts say. */
static uint64_t
server_verdicts(const enum spt_verdict *v, size_t n)
{
	struct spt_stats stats;
	uint64_t sum = 0;

	run_for(SPT_NS_PER_MS); /* what is in the ring yet */
	spt_engine_stats(w.server, &stats);
	for (size_t i = 0; i < n; i++)
		sum += stats.verdict[v[i]];
	return sum;
}

static const struct flood_counts *
flooded(void)
{
	sample();
	assert_int_equal(w.sample.flood.made, w.sample.flood.taken + w.sample.flood.refused);
	assert_int_equal(w.sample.flood.no_mbuf, 0);
	return &w.sample.flood;
}

/* What the flood made half open, expires. */
static void
calm(void)
{
	w.step = 10 * SPT_NS_PER_MS;
	run_for(70 * SPT_NS_PER_SEC);
	w.step = STEP;
}

static int
calm_down(void **state)
{
	calm();
	return teardown(state);
}

static void
test_cookies(void **state)
{
	static const enum spt_verdict syns[] = {SPT_V_TCP_SYN, SPT_V_TCP_SYN_COOKIE};
	const struct flood_counts *c;

	world_flood(FLOOD_SYN, SPT_COOKIES_AUTO);
	assert_true(honest(20000) == 1);
	c = flooded();
	assert_int_equal(c->made, 6000);
	assert_int_equal(c->second_syns, 0);
	assert_true(w.all[LATENCY_HANDSHAKE]->max <= 10 * STEP);
	/* Every frame once: the flood's, the honest ones, the first of all. */
	assert_int_equal(server_verdicts(syns, 2), c->taken + 600 + 1);
	c = flooded();
	assert_true(c->syn_acks >= c->taken);
	assert_int_equal(c->resets, 0);
	/* And at more than a hundred times the rate. */
	assert_true(honest(250000) == 1);
	assert_int_equal(flooded()->second_syns, 0);
}

static void
test_never(void **state)
{
	static const enum spt_verdict syns[] = {
	    SPT_V_TCP_SYN, SPT_V_TCP_SYN_BACKLOG, SPT_V_TCP_SYN_NO_RECORD};
	const struct flood_counts *c;
	double share;

	world_flood(FLOOD_SYN, SPT_COOKIES_NEVER);
	share = honest(20000);
	c = flooded();
	assert_true(share < 0.1);
	assert_true(server_verdicts(syns, 3) > c->taken);
	/* Without a flood all is well again, when the records have expired. */
	calm();
	assert_true(honest(0) == 1);
}

/* Who gets in by a repeated SYN is told from who does by the first. */
static void
test_second_syn(void **state)
{
	const struct flood_counts *c;
	double share;

	o->timeout_ms = 5000;
	world_flood(FLOOD_SYN, SPT_COOKIES_AUTO);
	share = honest(100);
	c = flooded();
	assert_true(share > 0.9);
	assert_true(c->second_syns > 20 && c->second_syns < 300);
}

static void
forged(enum flood_kind kind, enum spt_verdict verdict)
{
	const enum spt_verdict verdicts[] = {
	    verdict, SPT_V_TCP_RST_LIMITED, SPT_V_TCP_COOKIE_FORGED};
	const struct flood_counts *c;

	world_flood(kind, SPT_COOKIES_AUTO);
	assert_true(honest(50000) == 1);
	c = flooded();
	assert_int_equal(c->second_syns, 0);
	assert_int_equal(c->syn_acks, 0);
	assert_int_equal(server_verdicts(verdicts, 3), c->taken);
}

static void
test_forged_acks(void **state)
{
	forged(FLOOD_ACK, SPT_V_TCP_NO_LISTENER);
}

static void
test_forged_resets(void **state)
{
	forged(FLOOD_RST, SPT_V_TCP_CLOSED_RST);
}

static void
test_forged_fins(void **state)
{
	forged(FLOOD_FIN, SPT_V_TCP_NO_LISTENER);
}

/* A flood without honest clients lasts as long as was asked for. */
static void
test_alone(void **state)
{
	const struct bench_totals *t;
	const struct flood_counts *c;

	world_flood(FLOOD_SYN, SPT_COOKIES_AUTO);
	t = phase(
	    (struct bench_phase){
	        .duration = 100 * SPT_NS_PER_MS, .window = 1, .flood_rate = 100000, .idle = true},
	    SPT_NS_PER_SEC);
	c = flooded();
	assert_int_equal(t->attempts, 1);
	assert_in_range(c->made, 9999, 10002);
	run_for(50 * SPT_NS_PER_MS);
	assert_int_equal(flooded()->made, c->made);
}

/* The clients of another core have not ended: ours have, and the flood goes on. */
static void
test_others_wait(void **state)
{
	uint32_t honest_cores = 2;
	const struct flood_counts *c;

	world_flood(FLOOD_SYN, SPT_COOKIES_AUTO);
	begin((struct bench_phase){.duration = 100 * SPT_NS_PER_MS,
	    .rate_from = 2000,
	    .rate_to = 2000,
	    .window = 3000,
	    .flood_rate = 20000,
	    .honest = &honest_cores});
	run_for(300 * SPT_NS_PER_MS);
	c = flooded();
	assert_int_equal(w.sample.in_progress, 0);
	assert_false(w.sample.over);
	assert_int_equal(honest_cores, 1);
	assert_in_range(c->made, 5999, 6001);
	honest_cores = 0;
	finish(SPT_NS_PER_MS);
	assert_in_range(flooded()->made, 5999, 6002);
	/* Who is told to stop waits for nobody. */
	honest_cores = 2;
	begin((struct bench_phase){.duration = SPT_NS_PER_SEC,
	    .window = 1,
	    .flood_rate = 20000,
	    .idle = true,
	    .honest = &honest_cores});
	run_for(SPT_NS_PER_MS);
	bench_core_ops.stop(w.core, w.now, w.now + SPT_NS_PER_SEC);
	run_for(SPT_NS_PER_MS);
	assert_true(w.core->over);
}

/* Whole handshakes, held in silence; and when the phase is over none is left. */
static void
test_silent(void **state)
{
	const struct flood_counts *c;

	world_flood(FLOOD_SILENT, SPT_COOKIES_AUTO);
	/* The server has room for a thousand connections. */
	assert_true(honest(2000) == 1);
	c = flooded();
	assert_in_range(c->made, 599, 602);
	assert_int_equal(c->taken, c->made);
	assert_int_equal(server_connections(), 0);
	/* Twice as many, of which the client may hold a thousand. */
	assert_true(honest(8000) < 1);
	c = flooded();
	assert_in_range(c->made, 3000 - 2, 3000 + 2 + 8 * 6000);
	assert_true(c->refused > 0);
	run_for(10 * SPT_NS_PER_MS);
	assert_int_equal(server_connections(), 0);
}

/*
 * More silence than the server has connections: it takes them all, unless a connection is one only
 * when it says something. Ours do, and end.
 */
static double
silent_beyond(bool defer_accept)
{
	double share;

	w.defer_accept = defer_accept;
	o->connections = 2500;
	o->exchange = EXCHANGE_DISCARD;
	o->requests = 1;
	world_flood(FLOOD_SILENT, SPT_COOKIES_AUTO);
	share = honest(8000);
	assert_in_range(flooded()->made, 2398, 3000000);
	assert_int_equal(server_connections(), 0);
	return share;
}

static void
test_silent_beyond(void **state)
{
	assert_true(silent_beyond(false) < 0.9);
}

static void
test_silent_deferred(void **state)
{
	struct spt_stats stats;

	assert_true(silent_beyond(true) == 1);
	assert_int_equal(flooded()->taken, flooded()->made);
	spt_engine_stats(w.server, &stats);
	assert_int_equal(stats.opened_passive, 600 + 1);
	assert_true(stats.verdict[SPT_V_TCP_COOKIE_DEFERRED] > 2000);
}

/* Also without an honest client, whose target would be theirs: each has its share. */
static void
test_silent_targets(void **state)
{
	const struct flood_counts *c;

	o->n_target = 2;
	o->target[1] = (struct spt_endpoint){.addr = address("10.0.0.2"), .port = 10};
	world_flood(FLOOD_SILENT, SPT_COOKIES_AUTO);
	phase(
	    (struct bench_phase){
	        .duration = 100 * SPT_NS_PER_MS, .window = 1, .flood_rate = 2000, .idle = true},
	    SPT_NS_PER_SEC);
	c = flooded();
	/* Nobody listens at the second. */
	assert_in_range(c->taken, 99, 101);
	assert_in_range(c->refused, 99, 101);
}

int
main(void)
{
	static char lossy[] = "tx.loss=5%";
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_cookies, setup, calm_down),
	    cmocka_unit_test_setup_teardown(test_never, setup, calm_down),
	    cmocka_unit_test_prestate_setup_teardown(test_second_syn, setup, calm_down, lossy),
	    cmocka_unit_test_setup_teardown(test_forged_acks, setup, calm_down),
	    cmocka_unit_test_setup_teardown(test_forged_resets, setup, calm_down),
	    cmocka_unit_test_setup_teardown(test_forged_fins, setup, calm_down),
	    cmocka_unit_test_setup_teardown(test_alone, setup, calm_down),
	    cmocka_unit_test_setup_teardown(test_others_wait, setup, calm_down),
	    cmocka_unit_test_setup_teardown(test_silent, setup, calm_down),
	    cmocka_unit_test_setup_teardown(test_silent_beyond, setup, calm_down),
	    cmocka_unit_test_setup_teardown(test_silent_deferred, setup, calm_down),
	    cmocka_unit_test_setup_teardown(test_silent_targets, setup, calm_down),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

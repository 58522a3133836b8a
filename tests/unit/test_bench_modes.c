/* SPDX-License-Identifier: BSD-3-Clause */
/* The load of `septet bench` by the clock, its other modes, trouble on the way, and the end. */
#include "test_bench.h"

/* ---- load ------------------------------------------------------------------------------- */

/* By the clock: as many as the rate says, each on time. */
static void
test_rate(void **state)
{
	const struct bench_totals *t;

	world_start(9);
	t = phase((struct bench_phase){.duration = 50 * SPT_NS_PER_MS,
	              .rate_from = 20000,
	              .rate_to = 20000,
	              .window = 500},
	    SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 1000);
	assert_int_equal(t->completions, 1000);
	assert_int_equal(t->late, 0);
}

/* A number of attempts at a rate: the load ends with the last of them, not when it is answered. */
static void
test_rate_attempts(void **state)
{
	spt_time from;

	world_start(9);
	from = w.now;
	phase(
	    (struct bench_phase){
	        .attempts = 100, .rate_from = 10000, .rate_to = 10000, .window = 500},
	    SPT_NS_PER_SEC);
	assert_int_equal(w.sample.totals.completions, 100);
	assert_in_range(w.sample.all_at - from, 99 * SPT_NS_PER_MS / 10, 100 * SPT_NS_PER_MS / 10);
	assert_true(w.sample.all_at < w.now);
	/* The next phase has not begun its own. */
	begin((struct bench_phase){.attempts = 2, .rate_from = 100, .rate_to = 100, .window = 5});
	assert_int_equal(w.core->all_at, 0);
	finish(SPT_NS_PER_SEC);
}

/* The core stalls: what was due meanwhile is begun late, and its latency tells. */
static void
test_stall(void **state)
{
	const struct bench_totals *t;

	world_start(9);
	begin((struct bench_phase){
	    .duration = 50 * SPT_NS_PER_MS, .rate_from = 10000, .rate_to = 10000, .window = 500});
	run_for(20 * SPT_NS_PER_MS);
	w.now += 10 * SPT_NS_PER_MS;
	t = finish(SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 500);
	assert_int_equal(t->completions, 500);
	assert_in_range(t->late, 85, 95);
	assert_in_range(t->late_ns, 9 * SPT_NS_PER_MS, 10 * SPT_NS_PER_MS + 2 * STEP);
	assert_true(w.all[LATENCY_CONNECTION]->max > 9 * SPT_NS_PER_MS);
}

/* No port is left: an open loop counts that as failures, a closed one waits. */
static void
test_ports_open_loop(void **state)
{
	const struct bench_totals *t;

	o->port_first = 5000;
	o->port_last = 5099;
	o->conn.no_timestamps = true; /* nothing is reused early */
	world_start(9);
	t = phase((struct bench_phase){.duration = 30 * SPT_NS_PER_MS,
	              .rate_from = 10000,
	              .rate_to = 10000,
	              .window = 500},
	    SPT_NS_PER_SEC);
	/* Of both families together. */
	assert_int_equal(w.sample.source.tuples, 200);
	assert_int_equal(t->attempts, 300);
	assert_int_equal(t->completions, 100);
	assert_int_equal(t->failed.no_source_port, 200);
}

static void
test_ports_closed_loop(void **state)
{
	const struct bench_totals *t;

	o->port_first = 5000;
	o->port_last = 5099;
	o->conn.no_timestamps = true;
	world_start(9);
	t = phase(
	    (struct bench_phase){.duration = 30 * SPT_NS_PER_MS, .window = 10}, SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 100);
	assert_int_equal(t->completions, 100);
	assert_true(t->waits_ports > 10);
}

/* More in progress than there is room for: after a second those that wait fail. */
static void
test_window_open_loop(void **state)
{
	const struct bench_totals *t;

	o->exchange = EXCHANGE_HTTP;
	o->timeout_ms = 5000;
	w.odd = ODD_SILENT;
	world_start(80);
	w.step = 100 * SPT_NS_PER_US;
	t = phase(
	    (struct bench_phase){
	        .duration = 1089 * SPT_NS_PER_MS, .rate_from = 1000, .rate_to = 1000, .window = 30},
	    10 * SPT_NS_PER_SEC);
	assert_int_equal(t->failed.timed_out, 30);
	assert_in_range(t->failed.no_connection, 59, 61);
	assert_int_equal(t->attempts, 30 + t->failed.no_connection);
	assert_true(t->waits_conns > 0);
}

/* A peer that is away for a moment makes attempts late: none fails, and all are begun. */
static void
test_window_waits(void **state)
{
	const struct bench_totals *t;

	world_start(9);
	w.step = 100 * SPT_NS_PER_US;
	begin((struct bench_phase){
	    .duration = 200 * SPT_NS_PER_MS, .rate_from = 1000, .rate_to = 1000, .window = 10});
	run_for(50 * SPT_NS_PER_MS);
	w.now += 50 * SPT_NS_PER_MS;
	t = finish(SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 200);
	assert_int_equal(t->completions, 200);
	assert_true(t->waits_conns > 0);
	assert_true(t->late > 0);
}

/* The engine's own limit, in a closed loop: waited for. */
static void
test_engine_full(void **state)
{
	const struct bench_totals *t;

	o->engine.connections = 16;
	world_start(9);
	t = phase((struct bench_phase){.attempts = 200, .window = 100}, SPT_NS_PER_SEC);
	assert_int_equal(t->completions, 200);
	assert_true(t->waits_conns > 0);
}

/* ---- the other modes ----------------------------------------------------------------------- */

static void
test_concurrent(void **state)
{
	const struct bench_totals *t;

	o->mode = MODE_CONCURRENT;
	o->connections = 500;
	world_start(7);
	begin((struct bench_phase){.duration = 50 * SPT_NS_PER_MS, .window = 16});
	run_for(40 * SPT_NS_PER_MS);
	sample();
	assert_int_equal(w.sample.open, 500);
	assert_int_equal(w.sample.in_progress, 500);
	assert_false(w.sample.over);
	assert_int_equal(server_connections(), 500);
	t = finish(SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 500);
	assert_int_equal(t->completions, 500);
}

/* Each held connection has an exchange every 10 ms, and never many at once. */
static void
test_concurrent_traffic(void **state)
{
	const struct bench_totals *t;
	uint64_t before, worst = 0;

	o->mode = MODE_CONCURRENT;
	o->connections = 200;
	o->exchange = EXCHANGE_ECHO;
	o->traffic_ms = 10;
	o->verify = true;
	world_start(7);
	begin((struct bench_phase){.duration = 150 * SPT_NS_PER_MS, .window = 16});
	run_for(40 * SPT_NS_PER_MS);
	for (unsigned int i = 0; i < 10000; i++) {
		before = w.core->totals.requests;
		turn();
		worst = RTE_MAX(worst, w.core->totals.requests - before);
	}
	assert_true(worst <= 2);
	t = finish(SPT_NS_PER_SEC);
	assert_in_range(t->requests, 200 * 13, 200 * 15 + 200);
	assert_int_equal(t->responses, t->requests);
	assert_int_equal(t->completions, 200);
	assert_int_equal(t->left_out, 0);
	for (uint32_t i = 0; i < 200; i++)
		assert_in_range(bench_conn_at(w.core, i)->responses, 13, 16);
}

/* A way that is longer than the time between requests: what cannot be sent is counted. */
static void
test_concurrent_traffic_left_out(void **state)
{
	const struct bench_totals *t;

	o->mode = MODE_CONCURRENT;
	o->connections = 20;
	o->exchange = EXCHANGE_ECHO;
	o->traffic_ms = 10;
	world_start(7);
	t = phase(
	    (struct bench_phase){.duration = 500 * SPT_NS_PER_MS, .window = 20}, SPT_NS_PER_SEC);
	assert_int_equal(t->completions, 20);
	assert_true(t->left_out > t->requests);
	assert_in_range(t->requests + t->left_out, 20 * 40, 20 * 51);
}

/* Those that the server ends are failures: they were to be held. */
static void
test_concurrent_lost(void **state)
{
	const struct bench_totals *t;

	o->mode = MODE_CONCURRENT;
	o->connections = 30;
	w.odd = ODD_CLOSES;
	world_start(80);
	t = phase(
	    (struct bench_phase){.duration = 20 * SPT_NS_PER_MS, .window = 16}, SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 30);
	assert_int_equal(t->failed.bad_response, 30);
}

static void
test_requests(void **state)
{
	const struct bench_totals *t;

	o->mode = MODE_REQUESTS;
	o->connections = 10;
	o->exchange = EXCHANGE_HTTP;
	o->verify = true;
	world_start(80);
	t = phase(
	    (struct bench_phase){.duration = 20 * SPT_NS_PER_MS, .window = 10}, SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 10);
	assert_int_equal(t->completions, 10);
	assert_true(t->requests > 3000);
	assert_int_equal(t->responses, t->requests);
	assert_int_equal(t->bytes_verified, 3000 * t->responses);
}

/* Five on each, then the connection gives way to another. */
static void
test_requests_reopened(void **state)
{
	const struct bench_totals *t;

	o->mode = MODE_REQUESTS;
	o->connections = 10;
	o->requests = 5;
	o->exchange = EXCHANGE_ECHO;
	world_start(7);
	t = phase(
	    (struct bench_phase){.duration = 20 * SPT_NS_PER_MS, .window = 10}, SPT_NS_PER_SEC);
	assert_int_equal(w.most_in_progress, 10);
	assert_true(t->completions > 100);
	assert_int_equal(t->completions, t->attempts);
	/* Those that the end found in the middle had fewer. */
	assert_in_range(t->responses, 5 * (t->completions - 10), 5 * t->completions);
	assert_int_equal(t->responses, t->requests);
}

/* By the clock, whether connections are free or not. */
static void
test_requests_rate(void **state)
{
	const struct bench_totals *t;

	o->mode = MODE_REQUESTS;
	o->connections = 4;
	o->exchange = EXCHANGE_ECHO;
	world_start(7);
	begin((struct bench_phase){
	    .duration = 100 * SPT_NS_PER_MS, .rate_from = 10000, .rate_to = 10000, .window = 4});
	run_for(50 * SPT_NS_PER_MS);
	w.now += 10 * SPT_NS_PER_MS;
	t = finish(SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 4);
	assert_int_equal(t->completions, 4);
	assert_in_range(t->responses, 998, 1000);
	assert_in_range(t->late, 85, 110);
	assert_true(w.all[LATENCY_REQUEST]->max > 9 * SPT_NS_PER_MS);
}

static const struct bench_totals *
throughput(enum bench_exchange exchange, uint16_t port)
{
	const struct bench_totals *t;

	o->mode = MODE_THROUGHPUT;
	o->connections = 2;
	o->exchange = exchange;
	o->verify = exchange != EXCHANGE_DISCARD;
	world_start(port);
	t = phase(
	    (struct bench_phase){.duration = 30 * SPT_NS_PER_MS, .window = 2}, SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 2);
	assert_int_equal(t->completions, 2);
	assert_int_equal(t->requests, 0);
	return t;
}

static void
test_throughput_up(void **state)
{
	assert_true(throughput(EXCHANGE_DISCARD, 9)->bytes_out > 10000000);
	/* The server had all of it. */
	assert_int_equal(w.serve.core[0]->totals[1].bytes_in, w.sample.totals.bytes_out);
}

static void
test_throughput_both(void **state)
{
	const struct bench_totals *t = throughput(EXCHANGE_ECHO, 7);

	assert_true(t->bytes_out > 10000000);
	assert_int_equal(t->bytes_in, t->bytes_out);
	assert_int_equal(t->bytes_verified, t->bytes_out);
}

static void
test_throughput_down(void **state)
{
	const struct bench_totals *t = throughput(EXCHANGE_CHARGEN, 19);

	assert_true(t->bytes_in > 10000000);
	assert_int_equal(t->bytes_verified, t->bytes_in);
	assert_int_equal(w.serve.core[0]->totals[2].bytes_out, t->bytes_in);
}

/* ---- trouble -------------------------------------------------------------------------------- */

/* Frames are lost, doubled and late in both directions: slower, and nothing else. */
static void
test_lossy(void **state)
{
	const struct bench_totals *t;

	o->exchange = EXCHANGE_ECHO;
	o->request_bytes = 4000;
	o->timeout_ms = 60000;
	o->verify = true;
	world_start(7);
	w.step = 100 * SPT_NS_PER_US;
	t = phase((struct bench_phase){.attempts = 300, .window = 50, .drain = 60 * SPT_NS_PER_SEC},
	    60 * SPT_NS_PER_SEC);
	assert_int_equal(t->completions, 300);
	assert_int_equal(t->bytes_verified, 300 * 4000);
}

/* All buffers are somewhere else: what waits for one goes on when they are back. */
static void
test_no_buffers(void **state)
{
	static struct rte_mbuf *taken[8192];
	const struct bench_totals *t;
	unsigned int n = 0, waiting;

	o->exchange = EXCHANGE_ECHO;
	o->timeout_ms = 10000;
	world_start(7);
	phase((struct bench_phase){.attempts = 5, .window = 5}, SPT_NS_PER_SEC);
	while (n < RTE_DIM(taken) && (taken[n] = rte_pktmbuf_alloc(pools[0])))
		n++;
	begin((struct bench_phase){.attempts = 95, .window = 95});
	run_for(SPT_NS_PER_MS / 2);
	waiting = w.core->retry.length;
	rte_pktmbuf_free_bulk(taken, n);
	assert_int_equal(waiting, 95);
	w.step = 100 * SPT_NS_PER_US;
	t = finish(10 * SPT_NS_PER_SEC);
	assert_int_equal(t->completions, 100);
}

/* ---- stop ----------------------------------------------------------------------------------- */

/* In the middle of everything: orderly, and in time. */
static void
test_stop(void **state)
{
	spt_time from;

	o->mode = MODE_CONCURRENT;
	o->connections = 300;
	world_start(7);
	begin((struct bench_phase){.duration = SPT_NS_PER_SEC, .window = 16});
	run_for(20 * SPT_NS_PER_MS);
	assert_true(w.core->open > 200);
	from = w.now;
	bench_core_ops.stop(w.core, w.now, w.now + SPT_NS_PER_SEC);
	while (w.running) {
		turn();
		assert_true(w.now < from + SPT_NS_PER_SEC);
	}
	sample();
	assert_true(w.sample.over);
	assert_int_equal(w.sample.totals.completions, w.sample.totals.attempts);
}

/* The peer does not close: aborted at the deadline. */
static void
test_stop_deadline(void **state)
{
	spt_time from;

	w.odd = ODD_NEVER_FIN;
	world_start(80);
	w.step = 100 * SPT_NS_PER_US;
	begin((struct bench_phase){.duration = 100 * SPT_NS_PER_SEC, .window = 5});
	run_for(5 * SPT_NS_PER_MS);
	from = w.now;
	bench_core_ops.stop(w.core, w.now, w.now + SPT_NS_PER_SEC);
	while (w.running)
		turn();
	assert_in_range(w.now - from, SPT_NS_PER_SEC, SPT_NS_PER_SEC + SPT_NS_PER_SEC / 10);
	sample();
	assert_int_equal(w.sample.totals.failed.unfinished, 5);
	assert_int_equal(w.sample.totals.attempts, 5);
}

/* Nothing was begun. */
static void
test_stop_idle(void **state)
{
	world_start(9);
	bench_core_ops.stop(w.core, w.now, w.now + SPT_NS_PER_SEC);
	turn();
	assert_false(w.running);
}

/* A core without a share begins nothing. */
static void
test_no_share(void **state)
{
	world_start(9);
	assert_int_equal(
	    phase((struct bench_phase){.duration = 1, .window = 5}, SPT_NS_PER_SEC)->attempts, 0);
}

int
main(void)
{
	static char long_way[] = "delay=15ms";
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(test_rate),
	    T(test_rate_attempts),
	    T(test_stall),
	    T(test_ports_open_loop),
	    T(test_ports_closed_loop),
	    T(test_window_open_loop),
	    T(test_window_waits),
	    T(test_engine_full),
	    T(test_concurrent),
	    T(test_concurrent_traffic),
	    cmocka_unit_test_prestate_setup_teardown(
	        test_concurrent_traffic_left_out, setup, teardown, long_way),
	    T(test_concurrent_lost),
	    T(test_requests),
	    T(test_requests_reopened),
	    T(test_requests_rate),
	    T(test_throughput_up),
	    T(test_throughput_both),
	    T(test_throughput_down),
	    cmocka_unit_test_prestate_setup_teardown(
	        test_lossy, setup, teardown, (void *)(uintptr_t) "loss=3%,duplicate=2%,reorder=2%"),
	    T(test_no_buffers),
	    T(test_stop),
	    T(test_stop_deadline),
	    T(test_stop_idle),
	    T(test_no_share),
#undef T
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The connections of `septet bench`: with every exchange and every end, and how they fail. */
#include "test_bench.h"

/* ---- mode connections ---------------------------------------------------------------- */

static void
test_connections(void **state)
{
	const struct bench_totals *t;

	world_start(9);
	t = phase((struct bench_phase){.attempts = 500, .window = 20}, SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 500);
	assert_int_equal(t->handshakes, 500);
	assert_int_equal(t->completions, 500);
	assert_int_equal(w.most_in_progress, 20);
	assert_true(w.all[LATENCY_HANDSHAKE]->max < 10 * STEP);
	/* Another phase on the same core. */
	t = phase((struct bench_phase){.attempts = 10, .window = 2}, SPT_NS_PER_SEC);
	assert_int_equal(t->completions, 510);
	assert_int_equal(w.sample.source.used, 510);
}

/* A window that is always full, until the time is over. */
static void
test_connections_duration(void **state)
{
	const struct bench_totals *t;
	spt_time from;

	world_start(9);
	from = w.now;
	t = phase(
	    (struct bench_phase){.duration = 20 * SPT_NS_PER_MS, .window = 8}, SPT_NS_PER_SEC);
	assert_true(t->completions > 1000);
	assert_int_equal(t->completions, t->attempts);
	assert_in_range(w.now - from, 20 * SPT_NS_PER_MS, 21 * SPT_NS_PER_MS);
}

/* Told to end. */
static void
test_connections_end(void **state)
{
	const struct bench_totals *t;

	world_start(9);
	begin((struct bench_phase){.window = 8});
	run_for(5 * SPT_NS_PER_MS);
	assert_false(w.core->over);
	bench_core_end(w.core, w.now, NULL);
	t = finish(SPT_NS_PER_MS);
	assert_true(t->attempts > 100);
	assert_int_equal(t->completions, t->attempts);
}

/* One of each: request and response, whoever closes. */
static void
exchanges(enum bench_exchange exchange, uint16_t port, uint32_t bytes, uint32_t requests)
{
	const struct bench_totals *t;

	o->exchange = exchange;
	o->request_bytes = bytes;
	o->requests = requests;
	o->verify = exchange != EXCHANGE_DISCARD;
	world_start(port);
	t = phase((struct bench_phase){.attempts = 100, .window = 10}, SPT_NS_PER_SEC);
	assert_int_equal(t->completions, 100);
	assert_int_equal(t->requests, 100 * requests);
	assert_int_equal(t->responses, 100 * requests);
	if (exchange == EXCHANGE_ECHO || exchange == EXCHANGE_DISCARD)
		assert_int_equal(t->bytes_out, 100 * requests * bytes);
	if (exchange == EXCHANGE_ECHO)
		assert_int_equal(t->bytes_verified, 100 * requests * bytes);
	if (exchange == EXCHANGE_CHARGEN)
		assert_true(t->bytes_verified >= 100 * bytes);
	if (exchange == EXCHANGE_HTTP)
		assert_int_equal(t->bytes_verified, 100 * requests * 3000);
}

static void
test_echo(void **state)
{
	exchanges(EXCHANGE_ECHO, 7, 64, 1);
	/* Data on the third ACK, FIN on the ACK of the answer: SYN, data, FIN, last ACK. */
	assert_true(w.all[LATENCY_CONNECTION]->max <= 8 * STEP);
}

static void
test_echo_many(void **state)
{
	exchanges(EXCHANGE_ECHO, 7, 5000, 7);
}

static void
test_discard(void **state)
{
	/* More than the send buffer takes at once. */
	exchanges(EXCHANGE_DISCARD, 9, 600000, 1);
}

static void
test_chargen(void **state)
{
	exchanges(EXCHANGE_CHARGEN, 19, 5000, 1);
}

static void
test_http(void **state)
{
	exchanges(EXCHANGE_HTTP, 80, 0, 1);
}

static void
test_http_many(void **state)
{
	exchanges(EXCHANGE_HTTP, 80, 0, 4);
}

/* The server closes first: the record in TIME-WAIT is its, not ours. */
static void
test_http_server_closes(void **state)
{
	struct spt_stats stats;

	o->close = CLOSE_SERVER;
	exchanges(EXCHANGE_HTTP, 80, 0, 2);
	spt_engine_stats(w.client, &stats);
	assert_int_equal(stats.timewait, 0);
	spt_engine_stats(w.server, &stats);
	assert_int_equal(stats.timewait, 100);
}

static void
test_reset(void **state)
{
	struct spt_stats stats;

	o->close = CLOSE_RESET;
	exchanges(EXCHANGE_ECHO, 7, 64, 1);
	spt_engine_stats(w.client, &stats);
	assert_int_equal(stats.timewait, 0);
}

static void
test_reset_nothing_said(void **state)
{
	const struct bench_totals *t;

	o->close = CLOSE_RESET;
	world_start(9);
	t = phase((struct bench_phase){.attempts = 100, .window = 10}, SPT_NS_PER_SEC);
	assert_int_equal(t->completions, 100);
}

/* Both families, in turn. */
static void
test_two_targets(void **state)
{
	const struct bench_totals *t;

	o->n_target = 2;
	o->target[0] = (struct spt_endpoint){.addr = address("10.0.0.2"), .port = 7};
	o->target[1] = (struct spt_endpoint){.addr = address("fd00::2"), .port = 7};
	o->exchange = EXCHANGE_ECHO;
	world_start(0);
	t = phase((struct bench_phase){.attempts = 50, .window = 10}, SPT_NS_PER_SEC);
	assert_int_equal(t->completions, 50);
}

/* Those of other ports are not behind this one: nobody is there. */
static void
test_targets_of_its_port(void **state)
{
	const struct spt_endpoint nobody = {.addr = address("10.0.0.77"), .port = 7};
	const struct bench_totals *t;

	o->n_target = 4;
	o->target[0] = o->target[3] = nobody;
	o->target[1] = (struct spt_endpoint){.addr = address("10.0.0.2"), .port = 7};
	o->target[2] = (struct spt_endpoint){.addr = address("fd00::2"), .port = 7};
	o->target_port[1] = o->target_port[2] = w.own_port = 1;
	o->target_port[3] = 2;
	o->exchange = EXCHANGE_ECHO;
	world_start(0);
	t = phase((struct bench_phase){.attempts = 50, .window = 10}, SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 50);
	assert_int_equal(t->completions, 50);
}

/* A server that speaks unasked and closes is all right where nothing was asked. */
static void
test_speaks_first(void **state)
{
	const struct bench_totals *t;

	w.odd = ODD_SPEAKS_FIRST;
	o->close = CLOSE_SERVER;
	world_start(80);
	t = phase((struct bench_phase){.attempts = 50, .window = 5}, SPT_NS_PER_SEC);
	assert_int_equal(t->completions, 50);
	assert_int_equal(t->bytes_in, 500);
}

/* ---- failures -------------------------------------------------------------------------- */

/* Ten attempts that fail: 'failed' says where they must be counted. */
static const struct bench_totals *
failures(uint16_t port)
{
	const struct bench_totals *t;

	world_start(port);
	w.step = 100 * SPT_NS_PER_US;
	t = phase((struct bench_phase){.attempts = 10, .window = 4}, 20 * SPT_NS_PER_SEC);
	assert_int_equal(t->attempts, 10);
	assert_int_equal(t->completions, 0);
	return t;
}

static void
test_refused(void **state)
{
	assert_int_equal(failures(4444)->failed.refused, 10);
}

static void
test_nobody(void **state)
{
	o->target[0] = (struct spt_endpoint){.addr = address("10.0.0.77"), .port = 80};
	assert_int_equal(
	    failures(0)->failed.handshake_timeout + w.sample.totals.failed.unreachable, 10);
}

static void
test_silent(void **state)
{
	o->exchange = EXCHANGE_HTTP;
	w.odd = ODD_SILENT;
	assert_int_equal(failures(80)->failed.timed_out, 10);
	assert_int_equal(w.sample.totals.requests, 10);
	assert_int_equal(w.sample.totals.responses, 0);
}

static void
test_peer_resets(void **state)
{
	o->exchange = EXCHANGE_ECHO;
	w.odd = ODD_RESETS;
	assert_int_equal(failures(80)->failed.reset, 10);
}

static void
test_early_end(void **state)
{
	o->exchange = EXCHANGE_ECHO;
	w.odd = ODD_CLOSES;
	assert_int_equal(failures(80)->failed.bad_response, 10);
}

/* Two were asked for, one came. */
static void
test_one_answer(void **state)
{
	o->exchange = EXCHANGE_HTTP;
	o->requests = 2;
	w.odd = ODD_ONE_ANSWER;
	assert_int_equal(failures(80)->failed.bad_response, 10);
	assert_int_equal(w.sample.totals.responses, 10);
}

static void
test_404(void **state)
{
	o->exchange = EXCHANGE_HTTP;
	w.odd = ODD_404;
	assert_int_equal(failures(80)->failed.bad_response, 10);
}

static void
test_wrong_echo(void **state)
{
	o->exchange = EXCHANGE_ECHO;
	o->verify = true;
	w.odd = ODD_WRONG_ECHO;
	assert_int_equal(failures(80)->failed.wrong_data, 10);
}

/* Neither end's FIN comes: not finished when the time to drain is over. */
static void
test_unfinished(void **state)
{
	const struct bench_totals *t;

	w.odd = ODD_NEVER_FIN;
	world_start(80);
	w.step = SPT_NS_PER_MS;
	t = phase((struct bench_phase){.attempts = 10, .window = 10, .drain = SPT_NS_PER_SEC},
	    2 * SPT_NS_PER_SEC);
	assert_int_equal(t->failed.unfinished, 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(test_connections),
	    T(test_connections_duration),
	    T(test_connections_end),
	    T(test_echo),
	    T(test_echo_many),
	    T(test_discard),
	    T(test_chargen),
	    T(test_http),
	    T(test_http_many),
	    T(test_http_server_closes),
	    T(test_reset),
	    T(test_reset_nothing_said),
	    T(test_two_targets),
	    T(test_targets_of_its_port),
	    T(test_speaks_first),
	    T(test_refused),
	    T(test_nobody),
	    T(test_silent),
	    T(test_peer_resets),
	    T(test_early_end),
	    T(test_one_answer),
	    T(test_404),
	    T(test_wrong_echo),
	    T(test_unfinished),
#undef T
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

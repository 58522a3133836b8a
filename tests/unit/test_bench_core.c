/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The program of `septet bench` on a real engine, joined in memory with another: the services of
 * `septet serve`, or a server that misbehaves. Time is virtual. After every run the counts add up,
 * no engine has a connection left and every mbuf is back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "bench/core.h"
#include "common/address.h"
#include "env.h"
#include "serve/serve.h"

#define EVENTS 64
#define STEP   (10 * SPT_NS_PER_US)

/* ---- servers that misbehave ------------------------------------------------ */

enum odd {
	ODD_NOT, /* septet serve */
	ODD_SILENT,
	ODD_SPEAKS_FIRST, /* RFC 867: says something and closes */
	ODD_CLOSES,       /* without a word */
	ODD_RESETS,       /* when something comes */
	ODD_ONE_ANSWER,   /* http: answers once, then closes */
	ODD_404,
	ODD_WRONG_ECHO, /* one bit */
	ODD_NEVER_FIN,  /* reads, and keeps its end open */
};

static const struct spt_listen_options odd_listen;

/* ---- the world --------------------------------------------------------------- */

static struct {
	spt_time now, step;
	struct rte_mempool *pool[2];
	struct spt_port *port[2];
	struct spt_engine *client, *server;
	struct bench bench;
	struct bench_core *core;
	bool running;
	struct serve serve;
	void *serve_core;
	enum odd odd;
	struct bench_core_sample sample;
	struct histogram *all[LATENCIES]; /* of all samples */
	uint32_t most_open, most_in_progress, turns;
} w;

static struct rte_mempool *pools[2];

static struct bench_options *const o = &w.bench.options;

static struct spt_addr
address(const char *text)
{
	struct spt_addr a;
	char error[100];

	assert_int_equal(address_parse(text, &a, error, sizeof(error)), 0);
	return a;
}

static struct spt_engine *
engine_create(unsigned int side, uint32_t connections, const char *v4, const char *v6)
{
	const struct spt_local local[] = {{.first = address(v4), .count = 1, .prefix = 24},
	    {.first = address(v6), .count = 1, .prefix = 64}};
	const struct spt_config config = {.local = local,
	    .n_local = 2,
	    .pool = w.pool[side],
	    .socket = -1,
	    .connections = connections,
	    .timewait = 4096,
	    .master_secret = {1, 2, (uint8_t)side}};
	struct spt_engine *engine;
	char error[256] = "";

	if (spt_engine_create(&config, w.port[side], w.now, &engine, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	return engine;
}

/* 'impair' as on a command line, or NULL. */
static void
world_link(const char *impair)
{
	static unsigned int number;
	struct spt_impair_config config = {.pool = pools[0]};
	char name[16], error[100];
	struct spt_memory_pair_config pair = {.name = name, .socket = -1};

	snprintf(name, sizeof(name), "bench%u", number++);
	w.now = ENV_EPOCH;
	w.step = STEP;
	for (unsigned int i = 0; i < 2; i++)
		w.pool[i] = pair.pool[i] = pools[i];
	assert_int_equal(spt_port_memory_pair_create(&pair, w.port), 0);
	if (!impair)
		return;
	assert_int_equal(spt_impair_parse(impair, &config, error, sizeof(error)), 0);
	assert_int_equal(spt_port_impair_create(&config, w.port[0], &w.port[0]), 0);
}

/* What the options are unless a test says otherwise; then world_start. */
static int
setup(void **state)
{
	static const struct bench_options defaults = {.n_target = 1,
	    .request_bytes = 64,
	    .path = "/",
	    .timeout_ms = 1000,
	    .port_first = 1024,
	    .port_last = 65535};

	memset(&w, 0, sizeof(w));
	*o = defaults;
	o->engine.connections = 600;
	w.bench.info.engines = 1;
	world_link(*state);
	for (unsigned int i = 0; i < LATENCIES; i++) {
		w.all[i] = histogram_create();
		w.sample.latency[i] = histogram_create();
	}
	return 0;
}

static void
world_serve(void)
{
	static char args[][32] = {"--port=vdev:x", "--address=10.0.0.2/24", "--listen=echo:7",
	    "--listen=discard:9", "--listen=chargen:19", "--listen=http:80", "--connections=1000",
	    "--http-body=3000"};
	char *argv[RTE_DIM(args)];
	char error[256] = "";
	struct spt_endpoint any = {.port = 80};

	w.server = engine_create(1, 1000, "10.0.0.2", "fd00::2");
	if (w.odd) {
		assert_true(spt_listen(w.server, &any, &odd_listen) >= 0);
		return;
	}
	for (size_t i = 0; i < RTE_DIM(args); i++)
		argv[i] = args[i];
	assert_int_equal(
	    serve_options_parse(&w.serve.options, RTE_DIM(args), argv, error, sizeof(error)), 0);
	assert_int_equal(
	    serve_core_ops.start(&w.serve, 0, w.server, w.now, &w.serve_core, error, sizeof(error)),
	    0);
}

static void
world_start(uint16_t port)
{
	char error[256] = "";
	void *state;

	if (o->target[0].port == 0) {
		o->target[0].addr = address("10.0.0.2");
		o->target[0].port = port;
	}
	world_serve();
	w.client = engine_create(0, o->engine.connections, "10.0.0.1", "fd00::1");
	if (bench_core_ops.start(&w.bench, 0, w.client, w.now, &state, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	w.core = state;
	w.running = true;
}

/* ---- turns -------------------------------------------------------------------------- */

static void
odd_answer(const struct spt_event *e, const char *text, bool close)
{
	struct rte_mbuf *m = spt_buffer_alloc(w.server);

	memcpy(rte_pktmbuf_append(m, (uint16_t)strlen(text)), text, strlen(text));
	assert_int_equal(spt_send(w.server, e->conn, m, 0), 0);
	if (close)
		spt_close(w.server, e->conn);
}

static void
odd_received(const struct spt_event *e)
{
	struct rte_mbuf *m = e->data;

	spt_receive_done(w.server, e->conn, e->bytes);
	if (w.odd == ODD_WRONG_ECHO) {
		rte_pktmbuf_mtod(m, uint8_t *)[m->data_len / 2] ^= 4;
		assert_int_equal(spt_send(w.server, e->conn, m, 0), 0);
		return;
	}
	rte_pktmbuf_free(m);
	if (w.odd == ODD_RESETS)
		spt_abort(w.server, e->conn);
	else if (w.odd == ODD_ONE_ANSWER)
		odd_answer(e, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true);
	else if (w.odd == ODD_404)
		odd_answer(e, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false);
}

static void
odd_event(const struct spt_event *e)
{
	if (e->events & SPT_ACCEPTED && w.odd == ODD_SPEAKS_FIRST)
		odd_answer(e, "Saturday\r\n", true);
	if (e->events & SPT_ACCEPTED && w.odd == ODD_CLOSES)
		spt_close(w.server, e->conn);
	if (e->events & SPT_RECEIVED)
		odd_received(e);
	if (e->events & SPT_PEER_CLOSED && w.odd != ODD_NEVER_FIN)
		spt_close(w.server, e->conn);
}

static void
turn(void)
{
	struct spt_event events[EVENTS];
	unsigned int n;

	w.now += w.step;
	if (w.running) {
		n = spt_poll(w.client, w.now, events, EVENTS);
		w.running = bench_core_ops.turn(w.core, w.now, events, n);
		if (w.turns++ % 16 == 0)
			assert_null(bench_core_check(w.core));
	}
	n = spt_poll(w.server, w.now, events, EVENTS);
	for (unsigned int i = 0; i < n && w.odd; i++)
		odd_event(&events[i]);
	if (!w.odd)
		serve_core_ops.turn(w.serve_core, w.now, events, n);
	w.most_open = RTE_MAX(w.most_open, w.core->open);
	w.most_in_progress = RTE_MAX(w.most_in_progress, w.core->in_progress);
}

static void
run_for(spt_time time)
{
	spt_time until = w.now + time;

	while (w.now < until)
		turn();
}

static const struct bench_totals *
sample(void)
{
	bench_core_sample(w.core, w.now, &w.sample);
	for (unsigned int i = 0; i < LATENCIES; i++) {
		histogram_add(w.all[i], w.sample.latency[i]);
		histogram_clear(w.sample.latency[i]);
	}
	return &w.sample.totals;
}

static void
begin(struct bench_phase phase)
{
	if (phase.drain == 0)
		phase.drain = 5 * SPT_NS_PER_SEC;
	bench_core_begin(w.core, w.now, &phase);
}

/* Until the phase is over, which is at most 'patience' away. */
static const struct bench_totals *
finish(spt_time patience)
{
	spt_time until = w.now + patience;
	const struct bench_totals *t;

	do {
		turn();
		assert_true(w.now < until);
	} while (!w.core->over);
	t = sample();
	assert_true(w.sample.over);
	assert_int_equal(w.sample.in_progress, 0);
	assert_int_equal(w.sample.open, 0);
	assert_int_equal(t->attempts, t->completions + bench_failures_sum(&t->failed));
	assert_int_equal(w.all[LATENCY_CONNECTION]->count, t->completions);
	assert_int_equal(w.all[LATENCY_HANDSHAKE]->count, t->handshakes);
	assert_int_equal(w.all[LATENCY_REQUEST]->count, t->responses);
	return t;
}

static const struct bench_totals *
phase(struct bench_phase p, spt_time patience)
{
	begin(p);
	return finish(patience);
}

static uint64_t
server_connections(void)
{
	struct spt_stats stats;

	spt_engine_stats(w.server, &stats);
	return stats.connections + stats.half_open;
}

/* Everything ends; the server, which is told of every end, has nothing left. */
static int
teardown(void **state)
{
	struct spt_stats stats;

	if (w.running)
		bench_core_ops.stop(w.core, w.now, w.now + SPT_NS_PER_SEC);
	for (unsigned int n = 0; w.running; n++) {
		turn();
		assert_true(n < 1000000);
	}
	w.step = 100 * SPT_NS_PER_US;
	run_for(10 * SPT_NS_PER_MS);
	spt_engine_stats(w.client, &stats);
	assert_int_equal(stats.connections, 0);
	if (w.odd != ODD_NEVER_FIN && w.odd != ODD_SILENT)
		assert_int_equal(server_connections(), 0);
	assert_null(spt_engine_check(w.client));
	bench_core_ops.finish(w.core);
	if (!w.odd)
		serve_core_ops.finish(w.serve_core);
	spt_engine_destroy(w.client);
	spt_engine_destroy(w.server);
	for (unsigned int i = 0; i < LATENCIES; i++) {
		free(w.all[i]);
		free(w.sample.latency[i]);
	}
	for (unsigned int i = 0; i < 2; i++)
		spt_port_destroy(w.port[i]);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(env_pool_in_use(w.pool[i]), 0);
	return 0;
}

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

/* More in progress than there is room for: after a tenth of a second those that wait fail. */
static void
test_window_open_loop(void **state)
{
	const struct bench_totals *t;

	o->exchange = EXCHANGE_HTTP;
	o->timeout_ms = 500;
	w.odd = ODD_SILENT;
	world_start(80);
	w.step = 100 * SPT_NS_PER_US;
	t = phase(
	    (struct bench_phase){
	        .duration = 189 * SPT_NS_PER_MS, .rate_from = 1000, .rate_to = 1000, .window = 30},
	    SPT_NS_PER_SEC);
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
	for (uint32_t i = 0; i < 200; i++)
		assert_in_range(bench_conn_at(w.core, i)->responses, 13, 16);
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

static int
group_setup(void **state)
{
	env_start();
	for (unsigned int i = 0; i < 2; i++)
		pools[i] = env_pool_create(8191);
	return held_register();
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
	    T(test_rate),
	    T(test_stall),
	    T(test_ports_open_loop),
	    T(test_ports_closed_loop),
	    T(test_window_open_loop),
	    T(test_window_waits),
	    T(test_engine_full),
	    T(test_concurrent),
	    T(test_concurrent_traffic),
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

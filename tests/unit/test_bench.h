/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A world for the program of `septet bench`: a real engine, joined in memory with another that has
 * the services of `septet serve`, or a server that misbehaves. Time is virtual. After every run the
 * counts add up, no engine has a connection left and every mbuf is back.
 */
#ifndef TESTS_UNIT_TEST_BENCH_H
#define TESTS_UNIT_TEST_BENCH_H

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

#include <lib/env.h>

#include "bench/core.h"
#include "common/address.h"
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
	unsigned int own_port; /* index of the client's port in its options */
	enum odd odd;
	uint32_t half_open; /* records of the server; 0: as it likes */
	enum spt_syn_cookies cookies;
	bool defer_accept;
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

static inline struct spt_engine *
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
	    /* The client is the way to everybody else. */
	    .gateway4 = side ? address("10.0.0.1") : (struct spt_addr){.q = {0}},
	    .half_open = side ? w.half_open : 0,
	    .syn_cookies = w.cookies,
	    .master_secret = {1, 2, (uint8_t)side}};
	struct spt_engine *engine;
	char error[256] = "";

	if (spt_engine_create(&config, w.port[side], w.now, &engine, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	return engine;
}

/* 'impair' as on a command line, or NULL. */
static inline void
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
static inline int
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

static inline void
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
	w.serve.options.conn.defer_accept = w.defer_accept;
	assert_int_equal(serve_core_ops.start(
	                     &w.serve, 0, 0, w.server, w.now, &w.serve_core, error, sizeof(error)),
	    0);
}

static inline void
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
	if (bench_core_ops.start(
	        &w.bench, 0, w.own_port, w.client, w.now, &state, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	w.core = state;
	w.running = true;
}

/* ---- turns -------------------------------------------------------------------------- */

static inline void
odd_answer(const struct spt_event *e, const char *text, bool close)
{
	struct rte_mbuf *m = spt_buffer_alloc(w.server);

	memcpy(rte_pktmbuf_append(m, (uint16_t)strlen(text)), text, strlen(text));
	assert_int_equal(spt_send(w.server, e->conn, m, 0), 0);
	if (close)
		spt_close(w.server, e->conn);
}

static inline void
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

static inline void
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

static inline void
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

static inline void
run_for(spt_time time)
{
	spt_time until = w.now + time;

	while (w.now < until)
		turn();
}

static inline const struct bench_totals *
sample(void)
{
	bench_core_sample(w.core, w.now, &w.sample);
	for (unsigned int i = 0; i < LATENCIES; i++) {
		histogram_add(w.all[i], w.sample.latency[i]);
		histogram_clear(w.sample.latency[i]);
	}
	return &w.sample.totals;
}

static inline void
begin(struct bench_phase phase)
{
	if (phase.drain == 0)
		phase.drain = 5 * SPT_NS_PER_SEC;
	bench_core_begin(w.core, w.now, &phase);
}

/* Until the phase is over, which is at most 'patience' away. */
static inline const struct bench_totals *
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

static inline const struct bench_totals *
phase(struct bench_phase p, spt_time patience)
{
	begin(p);
	return finish(patience);
}

static inline uint64_t
server_connections(void)
{
	struct spt_stats stats;

	spt_engine_stats(w.server, &stats);
	return stats.connections + stats.half_open;
}

/* Everything ends; the server, which is told of every end, has nothing left. */
static inline int
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

static inline int
group_setup(void **state)
{
	env_start();
	for (unsigned int i = 0; i < 2; i++)
		pools[i] = env_pool_create(8191);
	return held_register();
}

#endif

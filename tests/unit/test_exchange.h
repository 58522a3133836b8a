/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection's exchange against an engine that takes as many chains as it is told to and keeps
 * their bytes.
 */
#ifndef TESTS_UNIT_TEST_EXCHANGE_H
#define TESTS_UNIT_TEST_EXCHANGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lib/env.h>
#include <rte_mbuf.h>

#include "bench/exchange.h"
#include "common/address.h"

#define SENT_MAX  (1 << 18)
#define FAKE_CONN ((spt_conn)7)

/* ---- the engine --------------------------------------------------------- */

struct spt_engine {
	struct rte_mempool *pool;
	unsigned int room; /* chains that spt_send still takes */
	bool no_buffers;
	int error;
	uint32_t n_sent;
	uint8_t sent[SENT_MAX];
};

static struct spt_engine engine;

int
spt_send(struct spt_engine *e, spt_conn conn, struct rte_mbuf *chain, unsigned int flags)
{
	assert_true(conn == FAKE_CONN);
	if (e->error)
		return e->error;
	if (e->room == 0)
		return -EAGAIN;
	e->room--;
	assert_true(e->n_sent + chain->pkt_len <= SENT_MAX);
	for (struct rte_mbuf *m = chain; m; m = m->next) {
		memcpy(e->sent + e->n_sent, rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
		e->n_sent += m->data_len;
	}
	rte_pktmbuf_free(chain);
	return 0;
}

struct rte_mbuf *
spt_buffer_alloc(struct spt_engine *e)
{
	return e->no_buffers ? NULL : rte_pktmbuf_alloc(e->pool);
}

/* ---- the world ---------------------------------------------------------- */

static struct bench_options options;
static struct bench_totals totals;
static struct exchange x;
static struct {
	uint32_t head; /* where a connection's other fields are: the state is not at the start */
	struct exchange_state s;
	uint8_t more[256];
} __attribute__((aligned(16))) conn;

static void
open_exchange(enum bench_exchange exchange, uint32_t bytes)
{
	char error[100];

	options = (struct bench_options){
	    .exchange = exchange, .request_bytes = bytes, .n_target = 2, .path = "/some/path"};
	assert_int_equal(
	    address_parse_endpoint("10.0.0.2:80", &options.target[0], error, sizeof(error)), 0);
	assert_int_equal(
	    address_parse_endpoint("[fd00::2]:81", &options.target[1], error, sizeof(error)), 0);
	options.verify = exchange != EXCHANGE_DISCARD && exchange != EXCHANGE_NONE;
}

static void
begin(void)
{
	assert_true(exchange_room(&options) <= sizeof(conn.more));
	assert_int_equal(exchange_init(&x, &options, &engine, 5, &totals), 0);
	exchange_open(&x, &conn.s, 1);
	exchange_begin(&x, &conn.s, 0, false);
}

static inline int
setup(void **state)
{
	memset(&engine, 0, sizeof(engine));
	memset(&totals, 0, sizeof(totals));
	memset(&x, 0, sizeof(x));
	engine.pool = env_pool_create(255);
	engine.room = UINT_MAX;
	return 0;
}

static inline int
teardown(void **state)
{
	exchange_fini(&x);
	assert_int_equal(env_pool_in_use(engine.pool), 0);
	env_pool_destroy(engine.pool);
	return 0;
}

/* 'n' bytes in a chain of mbufs of at most 'piece' bytes. */
static inline enum exchange_result
receive(const void *data, uint32_t n, uint32_t piece)
{
	struct rte_mbuf *chain = NULL;
	enum exchange_result result;

	for (uint32_t at = 0; at < n; at += piece) {
		uint32_t length = RTE_MIN(piece, n - at);
		struct rte_mbuf *m = rte_pktmbuf_alloc(engine.pool);

		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)length), (const uint8_t *)data + at, length);
		if (chain)
			assert_int_equal(rte_pktmbuf_chain(chain, m), 0);
		else
			chain = m;
	}
	result = exchange_received(&x, &conn.s, chain);
	rte_pktmbuf_free(chain);
	return result;
}

static inline void
begin_http(bool verify)
{
	open_exchange(EXCHANGE_HTTP, 0);
	options.verify = verify;
	begin();
	engine.n_sent = 0;
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_SENT);
}

static inline int
group_setup(void **state)
{
	env_start();
	return 0;
}

#endif

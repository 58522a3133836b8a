/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools that many connections share, empty: blocks of private options and transfer blocks. The one
 * too many is told so, keeps what it had and loses nothing, the others are served as before, and
 * there is room again once somebody leaves. (Connections, records, listeners and sources:
 * tests/script/test_pools.c, test_source.c; neighbours: tests/unit/test_net_transmit.c.)
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <septet/septet.h>

#include <base/addr.h>
#include <lib/env.h>
#include <port/port.h>

static struct rte_mempool *pool;
static struct spt_port *pair[2];
static struct spt_engine *engine;
static int source;
static spt_time now;

static void
make(uint32_t connections, uint32_t listeners)
{
	struct spt_local local = {
	    .first = addr_from_v4(RTE_BE32(0x0a010001)), .count = 1, .prefix = 24};
	struct spt_config config = {.local = &local,
	    .n_local = 1,
	    .pool = pool,
	    .socket = -1,
	    .connections = connections,
	    .half_open = 16,
	    .timewait = 16,
	    .listeners = listeners,
	    .pinned_mbufs = 1000000};
	char error[200] = "";

	now = ENV_EPOCH;
	assert_int_equal(
	    spt_engine_create(&config, pair[0], now, &engine, error, sizeof(error)), 0);
	source = spt_source_add(engine, NULL);
	assert_true(source >= 0);
}

static void
destroy(void)
{
	assert_null(spt_engine_check(engine));
	spt_engine_destroy(engine);
}

/* Connection i, in SYN-SENT: nobody answers. */
static spt_conn
dial(unsigned int i)
{
	struct spt_endpoint remote = {
	    addr_from_v4(RTE_BE32(0x0a010009)), (uint16_t)(1 + i % 60000)};
	spt_conn conn = 0;
	int rc;

	do {
		rc = spt_connect(engine, source, NULL, &remote, NULL, &conn);
	} while (rc == -EAGAIN);
	assert_int_equal(rc, 0);
	return conn;
}

/* It is over, told by CLOSED. */
static void
end(spt_conn conn)
{
	struct spt_event events[64];
	bool closed = false;

	assert_int_equal(spt_abort(engine, conn), 0);
	for (unsigned int turn = 0; turn < 20000 && !closed; turn++) {
		struct rte_mbuf *frames[PORT_BURST];
		unsigned int n = spt_poll(engine, ++now, events, 64);

		for (unsigned int i = 0; i < n; i++)
			closed |= events[i].conn == conn && (events[i].events & SPT_CLOSED);
		n = port_rx(pair[1], now, frames, PORT_BURST);
		rte_pktmbuf_free_bulk(frames, n);
	}
	assert_true(closed);
}

/* ---- blocks of options ---------------------------------------------------------------------- */

#define LISTENERS 4
#define DIALLED   1100 /* more than there are private blocks */

static void
test_options(void **state)
{
	struct spt_conn_options own = {.ttl = 9}, got;
	struct spt_endpoint at = {.port = 7};
	spt_conn conn[DIALLED];
	unsigned int had = 0;

	make(2000, LISTENERS);
	assert_int_equal(spt_listen(engine, &at, NULL), 0);
	for (unsigned int i = 0; i < DIALLED; i++)
		conn[i] = dial(i);
	while (had < DIALLED && spt_conn_set(engine, conn[had], &own) == 0)
		had++;
	/* one for the listener, one for the source */
	assert_int_equal(had, LISTENERS + 1024 - 2);
	for (unsigned int i = had; i < DIALLED; i++) {
		assert_int_equal(spt_conn_set(engine, conn[i], &own), -ENOMEM);
		assert_int_equal(spt_conn_get(engine, conn[i], &got), 0);
		assert_int_equal(got.ttl, 64); /* as it was */
	}
	for (unsigned int i = 0; i < had; i++) {
		assert_int_equal(spt_conn_get(engine, conn[i], &got), 0);
		assert_int_equal(got.ttl, 9);
	}
	/* no source either, and it is no secret why */
	assert_int_equal(spt_source_add(engine, NULL), -ENOMEM);
	assert_null(spt_engine_check(engine));
	end(conn[3]);
	assert_int_equal(spt_conn_set(engine, conn[had], &own), 0);
	assert_int_equal(spt_conn_set(engine, conn[had + 1], &own), -ENOMEM);
	end(conn[0]);
	assert_int_equal(spt_source_add(engine, NULL), 1);
	destroy();
}

/* ---- transfer blocks --------------------------------------------------------------------------
 */

/* From 65537 connections on there are fewer blocks than connections (stack/tcp/context.c). */
#define BLOCKS 65536
#define MANY   (BLOCKS + 3)

/* Mbufs of the application's own, and small: there are many. */
static struct rte_mempool *small;

static int
send_one(spt_conn conn)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(small);
	int rc;

	assert_non_null(m);
	*(uint8_t *)rte_pktmbuf_append(m, 1) = 'x';
	rc = spt_send(engine, conn, m, 0);
	if (rc != 0)
		rte_pktmbuf_free(m); /* on an error it stays ours */
	return rc;
}

static void
test_transfer_blocks(void **state)
{
	spt_conn *conn = calloc(MANY, sizeof(*conn));
	struct spt_stats stats;

	assert_non_null(conn);
	small = rte_pktmbuf_pool_create("small", MANY + 60, 0, 0, RTE_PKTMBUF_HEADROOM + 64, -1);
	assert_non_null(small);
	make(MANY, LISTENERS);
	for (unsigned int i = 0; i < MANY; i++)
		conn[i] = dial(i);
	for (unsigned int i = 0; i < BLOCKS; i++)
		assert_int_equal(send_one(conn[i]), 0);
	for (unsigned int i = BLOCKS; i < MANY; i++)
		assert_int_equal(send_one(conn[i]), -ENOBUFS);
	/* who has one goes on */
	assert_int_equal(send_one(conn[17]), 0);
	spt_engine_stats(engine, &stats);
	assert_int_equal(stats.pinned_mbufs, BLOCKS + 1);
	end(conn[17]);
	assert_int_equal(send_one(conn[BLOCKS]), 0);
	assert_int_equal(send_one(conn[BLOCKS + 1]), -ENOBUFS);
	destroy();
	assert_int_equal(rte_mempool_in_use_count(small), 0);
	rte_mempool_free(small);
	free(conn);
}

static int
group_setup(void **state)
{
	struct spt_memory_pair_config config = {.name = "pools", .socket = -1};

	env_start();
	pool = env_pool_create(4096);
	config.pool[0] = config.pool[1] = pool;
	return spt_port_memory_pair_create(&config, pair);
}

static int
group_teardown(void **state)
{
	int leaked;

	for (unsigned int i = 0; i < 2; i++)
		pair[i]->ops->destroy(pair[i]);
	leaked = (int)env_pool_in_use(pool);
	env_pool_destroy(pool);
	return leaked;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_transfer_blocks),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

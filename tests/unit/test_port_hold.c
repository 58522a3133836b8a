/* SPDX-License-Identifier: BSD-3-Clause */
/* The holding test port: it must see what it is there for, and must not cry wolf. */
#include "test_port.h"

#include <lib/port_hold.h>

#define CALLS 4

static struct rte_mempool *pool;
static struct spt_port *holding;
static struct spt_port *far_end;
static unsigned int faults;
static char last_fault[128];

static void
on_fault(void *arg, const char *text)
{
	assert_ptr_equal(arg, &faults);
	faults++;
	snprintf(last_fault, sizeof(last_fault), "%s", text);
}

static int
setup(void **state)
{
	struct port_hold_config config = {.calls = CALLS, .fault = on_fault, .arg = &faults};
	struct spt_memory_pair_config pair = {.name = "hold test", .ring_size = 8, .socket = -1};
	struct spt_port *port[2];

	pool = env_pool_create(63);
	pair.pool[0] = pair.pool[1] = pool;
	if (spt_port_memory_pair_create(&pair, port) != 0)
		return -1;
	holding = port_hold_create(&config, port[0]);
	far_end = port[1];
	faults = 0;
	return 0;
}

static int
teardown(void **state)
{
	spt_port_destroy(holding);
	spt_port_destroy(far_end);
	assert_int_equal(env_pool_in_use(pool), 0);
	env_pool_destroy(pool);
	return 0;
}

static struct rte_mbuf *
receive(struct spt_port *p)
{
	struct rte_mbuf *m;

	return port_rx(p, 0, &m, 1) == 1 ? m : NULL;
}

static void
test_held_for_some_calls(void **state)
{
	struct rte_mbuf *m = frame_make(pool, 1, 60), *got;
	unsigned int i;

	assert_int_equal(port_tx(holding, 0, &m, 1), 1);
	got = receive(far_end);
	assert_ptr_not_equal(got, m);
	assert_true(frame_is(got, 1, 60));
	rte_pktmbuf_free(got);
	for (i = 0; i < CALLS; i++) {
		assert_int_equal(env_pool_in_use(pool), 1);
		assert_null(receive(holding));
	}
	assert_int_equal(env_pool_in_use(pool), 0);
	assert_int_equal(faults, 0);
}

static void
test_changed_header_is_seen(void **state)
{
	struct rte_mbuf *m = frame_make(pool, 1, 60);

	rte_pktmbuf_refcnt_update(m, 1); /* the sender keeps it, and then misuses it */
	assert_int_equal(port_tx(holding, 0, &m, 1), 1);
	rte_pktmbuf_mtod(m, uint8_t *)[37] ^= 0xff;
	rte_pktmbuf_free(m);
	port_hold_flush(holding);
	assert_int_equal(faults, 1);
	assert_non_null(strstr(last_fault, "byte 37 of transmitted frame 0"));
}

static void
test_changed_payload_is_seen(void **state)
{
	struct rte_mbuf *m = frame_make(pool, 1, 40), *payload = frame_make(pool, 2, 50), *clone;
	unsigned int i;

	clone = rte_pktmbuf_clone(payload, pool);
	assert_int_equal(rte_pktmbuf_chain(m, clone), 0);
	assert_int_equal(port_tx(holding, 0, &m, 1), 1);
	rte_pktmbuf_mtod(payload, uint8_t *)[49] ^= 1;
	for (i = 0; i < CALLS; i++)
		assert_null(receive(holding));
	assert_int_equal(faults, 1);
	assert_non_null(strstr(last_fault, "byte 89 of transmitted frame 0"));
	rte_pktmbuf_free(payload);
}

/* A sender may do with its own mbuf what it likes, as long as the bytes stay. */
static void
test_shortening_is_allowed(void **state)
{
	struct rte_mbuf *m = frame_make_chain(pool, 1, 90, 30), *keep = m;

	rte_pktmbuf_refcnt_update(m, 1);
	assert_int_equal(port_tx(holding, 0, &m, 1), 1);
	rte_pktmbuf_adj(keep, 14);
	rte_pktmbuf_trim(keep, 10);
	rte_pktmbuf_free(keep);
	port_hold_flush(holding);
	assert_int_equal(faults, 0);
}

/* Checksums are the port's to fill in; the sender's flags are no change of bytes. */
static void
test_checksums_are_not_faults(void **state)
{
	struct rte_mbuf *m = frame_make_tcp(pool, 6, 5), *got;

	assert_int_equal(port_tx(holding, 0, &m, 1), 1);
	got = receive(far_end);
	assert_frame_right(got);
	rte_pktmbuf_free(got);
	port_hold_flush(holding);
	assert_int_equal(faults, 0);
}

static void
test_refused_is_let_go(void **state)
{
	struct rte_mbuf *m[10];
	unsigned int i;

	for (i = 0; i < 10; i++)
		m[i] = frame_make(pool, i, 60);
	assert_int_equal(port_tx(holding, 0, m, 10), 7);
	rte_pktmbuf_free_bulk(m + 7, 3);
	port_hold_flush(holding);
	assert_int_equal(env_pool_in_use(pool), 7);
	assert_int_equal(faults, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_held_for_some_calls, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_changed_header_is_seen, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_changed_payload_is_seen, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_shortening_is_allowed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_checksums_are_not_faults, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_refused_is_let_go, setup, teardown),
	};

	return cmocka_run_group_tests_name("port: holding test port", tests, env_group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory pair: what is moved, what is copied, what is refused, and that nothing is lost. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include <rte_ring.h>

#include "test_port.h"

#define MTU  1500
#define RING 16 /* holds 15 */

static struct rte_mempool *pool[2];
static struct spt_port *port[2];

static int
setup(void **state)
{
	struct spt_memory_pair_config config = {
	    .name = "memory test",
	    .ring_size = RING,
	    .socket = -1,
	};

	config.pool[0] = pool[0] = env_pool_create(255);
	config.pool[1] = pool[1] = env_pool_create(127);
	return spt_port_memory_pair_create(&config, port);
}

static int
teardown(void **state)
{
	spt_port_destroy(port[0]);
	spt_port_destroy(port[1]);
	assert_int_equal(env_pool_in_use(pool[0]), 0);
	assert_int_equal(env_pool_in_use(pool[1]), 0);
	env_pool_destroy(pool[0]);
	env_pool_destroy(pool[1]);
	return 0;
}

/* Send one frame by port 0 and return what port 1 gets. */
static struct rte_mbuf *
pass(struct rte_mbuf *m)
{
	struct rte_mbuf *got[2] = {NULL, NULL};

	assert_int_equal(port_tx(port[0], 0, &m, 1), 1);
	assert_int_equal(port_rx(port[1], 0, got, 2), 1);
	return got[0];
}

static void
test_addresses(void **state)
{
	assert_int_equal(port[0]->mtu, MTU);
	assert_int_equal(port[1]->headroom, RTE_ETHER_HDR_LEN);
	assert_false(port[0]->multi_segment);
	assert_true(rte_is_local_admin_ether_addr(&port[0]->mac));
	assert_true(rte_is_local_admin_ether_addr(&port[1]->mac));
	assert_true(rte_is_unicast_ether_addr(&port[0]->mac));
	assert_false(rte_is_same_ether_addr(&port[0]->mac, &port[1]->mac));
	assert_true(port_next_deadline(port[0]) == SPT_TIME_NEVER);
}

static void
test_direct_is_moved(void **state)
{
	struct rte_mbuf *m = frame_make(pool[0], 1, 100), *got;

	/* What an answer written into a received frame may still carry. */
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_VLAN;
	m->packet_type = RTE_PTYPE_L4_TCP;
	got = pass(m);
	assert_ptr_equal(got, m);
	assert_frame_clean(got);
	assert_int_equal(got->packet_type, 0);
	assert_int_equal(got->tx_offload, 0);
	assert_true(frame_is(got, 1, 100));
	rte_pktmbuf_free(got);
}

static void
test_direct_chain_is_moved(void **state)
{
	struct rte_mbuf *m = frame_make_chain(pool[0], 2, 1000, 300), *got;

	assert_int_equal(m->nb_segs, 4);
	got = pass(m);
	assert_ptr_equal(got, m);
	assert_frame_clean(got);
	assert_true(frame_is(got, 2, 1000));
	rte_pktmbuf_free(got);
}

static void
test_shared_is_copied(void **state)
{
	struct rte_mbuf *m = frame_make(pool[1], 3, 100), *got;

	rte_pktmbuf_refcnt_update(m, 1); /* as a retransmission queue would */
	got = pass(m);
	assert_ptr_not_equal(got, m);
	assert_ptr_equal(got->pool, pool[0]);
	assert_frame_clean(got);
	assert_int_equal(got->nb_segs, 1);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	memset(rte_pktmbuf_mtod(m, void *), 0, 100);
	assert_true(frame_is(got, 3, 100));
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(got);
}

/* Header, payload and an indirect mbuf in the last place: the whole chain counts. */
static void
test_chain_with_indirect_is_copied(void **state)
{
	struct rte_mbuf *m = frame_make_chain(pool[0], 4, 90, 30), *payload, *clone, *got;

	payload = frame_make(pool[1], 5, 50);
	clone = rte_pktmbuf_clone(payload, pool[0]);
	assert_non_null(clone);
	assert_int_equal(rte_pktmbuf_chain(m, clone), 0);
	got = pass(m);
	assert_ptr_not_equal(got, m);
	assert_frame_clean(got);
	assert_int_equal(got->nb_segs, 1);
	assert_int_equal(got->pkt_len, 140);
	assert_memory_equal(
	    rte_pktmbuf_mtod_offset(got, void *, 90), rte_pktmbuf_mtod(payload, void *), 50);
	assert_int_equal(rte_mbuf_refcnt_read(payload), 1);
	rte_pktmbuf_free(payload);
	rte_pktmbuf_free(got);
	assert_int_equal(env_pool_in_use(pool[0]), 0);
}

static void
test_chain_with_shared_tail_is_copied(void **state)
{
	struct rte_mbuf *m = frame_make_chain(pool[0], 6, 90, 30), *tail = m->next->next, *got;

	rte_mbuf_refcnt_update(tail, 1);
	got = pass(m);
	assert_ptr_not_equal(got, m);
	assert_true(frame_is(got, 6, 90));
	assert_int_equal(env_pool_in_use(pool[0]), 2);
	rte_pktmbuf_free_seg(tail);
	rte_pktmbuf_free(got);
}

static void
test_checksums_are_filled_in(void **state)
{
	static const uint16_t payloads[] = {0, 1, 6, 1439};
	struct rte_mbuf *m, *got;
	unsigned int i, share;

	for (i = 0; i < RTE_DIM(payloads); i++) {
		for (share = 0; share < 4; share++) {
			m = frame_make_tcp(pool[0], share & 2 ? 6 : 4, payloads[i]);
			if (share & 1)
				rte_pktmbuf_refcnt_update(m, 1);
			got = pass(m);
			assert_frame_clean(got);
			assert_int_equal(got->tx_offload, 0);
			assert_frame_right(got);
			rte_pktmbuf_free(got);
			if (share & 1)
				rte_pktmbuf_free(m);
		}
	}
}

static void
test_full_ring_refuses(void **state)
{
	struct rte_mbuf *m[PORT_BURST], *got[PORT_BURST];
	struct spt_port_stats stats;
	uint32_t i;

	for (i = 0; i < 20; i++)
		m[i] = frame_make(pool[0], i, 60);
	assert_int_equal(port_tx(port[0], 0, m, 20), RING - 1);
	assert_int_equal(port_tx(port[0], 0, m + RING - 1, 1), 0);
	spt_port_stats_get(port[0], &stats);
	assert_int_equal(stats.tx_frames, RING - 1);
	assert_int_equal(stats.tx_bytes, (RING - 1) * 60);
	assert_int_equal(stats.tx_refused, 20 - (RING - 1) + 1);
	for (i = RING - 1; i < 20; i++)
		assert_true(frame_is(m[i], i, 60));
	assert_int_equal(port_rx(port[1], 0, got, 4), 4);
	assert_int_equal(port_tx(port[0], 0, m + RING - 1, 5), 4);
	rte_pktmbuf_free(m[19]);
	assert_int_equal(port_rx(port[1], 0, got + 4, PORT_BURST - 4), RING - 1);
	for (i = 0; i < 19; i++) {
		assert_true(frame_is(got[i], i, 60));
		rte_pktmbuf_free(got[i]);
	}
	spt_port_stats_get(port[1], &stats);
	assert_int_equal(stats.rx_frames, 19);
	assert_int_equal(stats.rx_bytes, 19 * 60);
	assert_int_equal(stats.rx_missed, 0);
}

static void
test_too_long_is_refused_alone(void **state)
{
	struct rte_mbuf *m[3], *got[4];
	struct spt_port_stats stats;

	m[0] = frame_make(pool[0], 1, MTU + RTE_ETHER_HDR_LEN);
	m[1] = frame_make(pool[0], 2, MTU + RTE_ETHER_HDR_LEN + 1);
	m[2] = frame_make(pool[0], 3, 60);
	assert_int_equal(port_tx(port[0], 0, m, 3), 3);
	assert_int_equal(port_rx(port[1], 0, got, 4), 2);
	assert_true(frame_is(got[0], 1, MTU + RTE_ETHER_HDR_LEN));
	assert_true(frame_is(got[1], 3, 60));
	spt_port_stats_get(port[0], &stats);
	assert_int_equal(stats.tx_refused, 1);
	assert_int_equal(stats.tx_frames, 2);
	rte_pktmbuf_free_bulk(got, 2);
}

/* No buffer for a copy: what cannot be moved is refused, what can be is not. */
static void
test_empty_pool_refuses(void **state)
{
	struct rte_mbuf *all[255], *m[2], *got[2];
	struct spt_port_stats stats;

	m[0] = frame_make(pool[1], 1, 60);
	m[1] = frame_make(pool[1], 2, 60);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool[0], all, RTE_DIM(all)), 0);
	rte_pktmbuf_refcnt_update(m[1], 1);
	assert_int_equal(port_tx(port[0], 0, m, 2), 1);
	assert_int_equal(rte_mbuf_refcnt_read(m[1]), 2);
	rte_pktmbuf_free(m[1]);
	rte_pktmbuf_free(m[1]);
	spt_port_stats_get(port[0], &stats);
	assert_int_equal(stats.tx_refused, 1);
	rte_pktmbuf_free_bulk(all, RTE_DIM(all));
	assert_int_equal(port_rx(port[1], 0, got, 2), 1);
	rte_pktmbuf_free(got[0]);
}

static void
test_one_end_outlives_the_other(void **state)
{
	struct rte_mbuf *m[3], *got[2];

	m[0] = frame_make(pool[0], 1, 60);
	m[1] = frame_make(pool[1], 2, 60);
	m[2] = frame_make(pool[1], 3, 60);
	assert_int_equal(port_tx(port[0], 0, &m[0], 1), 1);
	assert_int_equal(port_tx(port[1], 0, &m[1], 1), 1);
	spt_port_destroy(port[0]);
	port[0] = NULL;
	assert_int_equal(port_rx(port[1], 0, got, 2), 1);
	assert_true(frame_is(got[0], 1, 60));
	rte_pktmbuf_free(got[0]);
	assert_int_equal(port_tx(port[1], 0, &m[2], 1), 1); /* teardown sees that it is freed */
}

static void
test_create_refuses(void **state)
{
	struct spt_memory_pair_config good = {
	    .name = "memory other",
	    .socket = -1,
	    .pool = {pool[0], pool[1]},
	};
	struct spt_memory_pair_config bad;
	struct spt_port *other[2];

	bad = good;
	bad.name = "memory test";
	assert_int_equal(spt_port_memory_pair_create(&bad, other), -EEXIST);
	bad.name = "a name of 21 letters.";
	assert_int_equal(spt_port_memory_pair_create(&bad, other), -EINVAL);
	bad.name = "";
	assert_int_equal(spt_port_memory_pair_create(&bad, other), -EINVAL);
	bad = good;
	bad.ring_size = 1000;
	assert_int_equal(spt_port_memory_pair_create(&bad, other), -EINVAL);
	bad = good;
	bad.pool[1] = NULL;
	assert_int_equal(spt_port_memory_pair_create(&bad, other), -EINVAL);
	/* And nothing of those is left behind. */
	assert_int_equal(spt_port_memory_pair_create(&good, other), 0);
	spt_port_destroy(other[1]);
	spt_port_destroy(other[0]);
	assert_null(rte_ring_lookup("sp_memory other_0"));
}

#define THREAD_FRAMES 100000

static void *
thread_send(void *arg)
{
	uint32_t number = 0;

	while (number < THREAD_FRAMES) {
		struct rte_mbuf *m[32];
		uint16_t i, n = 0, sent = 0;

		while (n < 32 && number + n < THREAD_FRAMES) {
			m[n] = rte_pktmbuf_alloc(pool[0]);
			if (m[n] == NULL)
				break;
			*(uint32_t *)(void *)rte_pktmbuf_append(m[n], 60) = number + n;
			/* Every third is copied on its way. */
			if ((number + n) % 3 == 0)
				rte_pktmbuf_refcnt_update(m[n], 1);
			n++;
		}
		sent = port_tx(port[0], 0, m, n);
		for (i = 0; i < n; i++) {
			bool shared = (number + i) % 3 == 0;

			if (shared)
				rte_pktmbuf_free(m[i]);
			if (i >= sent)
				rte_pktmbuf_free(m[i]);
		}
		number += sent;
		if (sent == 0)
			sched_yield();
	}
	return NULL;
}

/* A port on a core of its own each: nothing is lost, doubled or overtaken. */
static void
test_two_threads(void **state)
{
	struct rte_mbuf *got[PORT_BURST];
	uint32_t expected = 0;
	pthread_t sender;
	uint16_t i, n;

	assert_int_equal(pthread_create(&sender, NULL, thread_send, NULL), 0);
	while (expected < THREAD_FRAMES) {
		n = port_rx(port[1], 0, got, PORT_BURST);
		if (n == 0)
			sched_yield();
		for (i = 0; i < n; i++) {
			if (frame_number(got[i]) != expected++)
				fail_msg("frame %u where %u was due", frame_number(got[i]),
				    expected - 1);
			rte_pktmbuf_free(got[i]);
		}
	}
	pthread_join(sender, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_direct_is_moved, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_direct_chain_is_moved, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_shared_is_copied, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_chain_with_indirect_is_copied, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_chain_with_shared_tail_is_copied, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_checksums_are_filled_in, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_full_ring_refuses, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_too_long_is_refused_alone, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_empty_pool_refuses, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_one_end_outlives_the_other, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_create_refuses, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_two_threads, setup, teardown),
	};

	return cmocka_run_group_tests_name("port: memory pair", tests, env_group_setup, NULL);
}

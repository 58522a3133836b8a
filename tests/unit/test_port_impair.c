/* SPDX-License-Identifier: BSD-3-Clause */
/* The impairment wrapper in virtual time: shares, times, determinism, and whose bytes change. */
#include <errno.h>
#include <stdio.h>

#include "test_port.h"

#define RING   4096
#define LENGTH 100
#define MS     SPT_NS_PER_MS

static struct rte_mempool *pool;
static struct spt_port *near_end; /* impaired */
static struct spt_port *far_end;
static spt_time now;

static void
open_ring(const struct spt_impair_config *given, uint32_t ring)
{
	struct spt_memory_pair_config pair = {
	    .name = "impair test",
	    .ring_size = ring,
	    .socket = -1,
	    .pool = {pool, pool},
	};
	struct spt_impair_config config = *given;
	struct spt_port *port[2];

	config.pool = pool;
	now = ENV_EPOCH;
	assert_int_equal(spt_port_memory_pair_create(&pair, port), 0);
	assert_int_equal(spt_port_impair_create(&config, port[0], &near_end), 0);
	far_end = port[1];
}

static void
open_port(const struct spt_impair_config *config)
{
	open_ring(config, RING);
}

/* Every frame that is not in somebody's hands must be back in the pool. */
static void
close_port(void)
{
	spt_port_destroy(near_end);
	spt_port_destroy(far_end);
	assert_int_equal(env_pool_in_use(pool), 0);
}

static void
send_frame(struct spt_port *p, struct rte_mbuf *m)
{
	assert_int_equal(port_tx(p, now, &m, 1), 1);
}

static void
send_numbers(struct spt_port *p, uint32_t first, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		send_frame(p, frame_make(pool, first + i, LENGTH));
}

/* Take one frame that must be 'number', unharmed. */
static void
expect_number(struct spt_port *p, uint32_t number)
{
	struct rte_mbuf *m;

	assert_int_equal(port_rx(p, now, &m, 1), 1);
	assert_true(frame_is(m, number, LENGTH));
	rte_pktmbuf_free(m);
}

static void
expect_nothing(struct spt_port *p)
{
	struct rte_mbuf *m;

	assert_int_equal(port_rx(p, now, &m, 1), 0);
}

/* Receive and free all that is there. */
static uint32_t
receive_all(struct spt_port *p)
{
	struct rte_mbuf *m[PORT_BURST];
	uint32_t total = 0;
	uint16_t n;

	while ((n = port_rx(p, now, m, PORT_BURST)) > 0) {
		rte_pktmbuf_free_bulk(m, n);
		total += n;
	}
	return total;
}

/* Let the wrapper release what is due on its transmit side. */
static void
turn(void)
{
	expect_nothing(near_end);
}

static uint64_t
impaired(enum spt_impairment what)
{
	struct spt_port_stats stats;

	spt_port_stats_get(near_end, &stats);
	return stats.impaired[what];
}

static int
setup(void **state)
{
	env_start();
	pool = env_pool_create(8191);
	return 0;
}

static int
teardown(void **state)
{
	env_pool_destroy(pool);
	return 0;
}

static void
test_nothing_impaired(void **state)
{
	struct rte_mbuf *m, *got;
	struct spt_port_stats stats;

	open_port(&(struct spt_impair_config){.seed = 1});
	assert_memory_equal(&near_end->mac, &((struct rte_ether_addr){{2, 's', 'e', 'p', 't', 1}}),
	    RTE_ETHER_ADDR_LEN);
	assert_int_equal(near_end->mtu, 1500);
	assert_false(near_end->multi_segment);
	m = frame_make(pool, 1, LENGTH);
	send_frame(near_end, m);
	assert_int_equal(port_rx(far_end, now, &got, 1), 1);
	assert_ptr_equal(got, m); /* nobody else had it, so it was moved */
	send_frame(far_end, got);
	expect_number(near_end, 1);
	assert_true(port_next_deadline(near_end) == SPT_TIME_NEVER);
	spt_port_stats_get(near_end, &stats);
	assert_int_equal(stats.tx_frames, 1);
	assert_int_equal(stats.tx_bytes, LENGTH);
	assert_int_equal(stats.rx_frames, 1);
	assert_int_equal(stats.rx_bytes, LENGTH);
	assert_int_equal(stats.impaired[SPT_IMPAIR_LOST] + stats.impaired[SPT_IMPAIR_DELAYED], 0);
	close_port();
}

/* 20 000 trials of probability p: within five standard deviations of the mean. */
#define TRIALS 20000
static void
assert_share(uint64_t hits, double p)
{
	double mean = TRIALS * p, off = (double)hits - mean;

	if (off * off > 25 * mean * (1 - p))
		fail_msg("%llu of %d, expected about %.0f", (unsigned long long)hits, TRIALS, mean);
}

/* TRIALS frames by each direction; returns what arrived. */
static void
run_trials(uint32_t *sent_by_near, uint32_t *sent_by_far)
{
	uint32_t i;

	*sent_by_near = *sent_by_far = 0;
	for (i = 0; i < TRIALS; i += 100) {
		send_numbers(near_end, i, 100);
		send_numbers(far_end, i, 100);
		*sent_by_near += receive_all(far_end);
		*sent_by_far += receive_all(near_end);
	}
}

static void
test_loss(void **state)
{
	uint32_t near_sent, far_sent;

	open_port(
	    &(struct spt_impair_config){.seed = 2, .rx.loss_ppm = 200000, .tx.loss_ppm = 20000});
	run_trials(&near_sent, &far_sent);
	assert_share(TRIALS - near_sent, 0.02);
	assert_share(TRIALS - far_sent, 0.2);
	assert_int_equal(impaired(SPT_IMPAIR_LOST), 2 * TRIALS - near_sent - far_sent);
	close_port();

	open_port(&(struct spt_impair_config){.tx.loss_ppm = 1000000});
	run_trials(&near_sent, &far_sent);
	assert_int_equal(near_sent, 0);
	assert_int_equal(far_sent, TRIALS);
	close_port();
}

static void
test_duplicate(void **state)
{
	struct rte_mbuf *m, *got[3];
	uint32_t near_sent, far_sent;

	open_port(&(struct spt_impair_config){
	    .seed = 3, .rx.duplicate_ppm = 10000, .tx.duplicate_ppm = 500000});
	run_trials(&near_sent, &far_sent);
	assert_share(near_sent - TRIALS, 0.5);
	assert_share(far_sent - TRIALS, 0.01);
	assert_int_equal(impaired(SPT_IMPAIR_DUPLICATED), near_sent + far_sent - 2 * TRIALS);
	close_port();

	/* Twins are alike, complete, and share nothing. */
	open_port(&(struct spt_impair_config){.tx.duplicate_ppm = 1000000});
	m = frame_make_tcp(pool, 4, 7);
	send_frame(near_end, m);
	assert_int_equal(port_rx(far_end, now, got, 3), 2);
	assert_ptr_not_equal(rte_pktmbuf_mtod(got[0], void *), rte_pktmbuf_mtod(got[1], void *));
	assert_frame_clean(got[0]);
	assert_frame_clean(got[1]);
	assert_frame_right(got[0]);
	assert_frame_right(got[1]);
	rte_pktmbuf_free_bulk(got, 2);
	close_port();
}

/* How many bits differ; *at is the last byte that does. */
static unsigned int
bits_changed(const uint8_t *a, const uint8_t *b, uint32_t length, uint32_t *at)
{
	unsigned int bits = 0;
	uint32_t i;

	for (i = 0; i < length; i++) {
		if (a[i] != b[i])
			*at = i;
		bits += (unsigned int)__builtin_popcount(a[i] ^ b[i]);
	}
	return bits;
}

static void
test_corrupt(void **state)
{
	struct rte_mbuf *m, *got;
	uint8_t sent[PACKET_MAX], flat[PACKET_MAX];
	unsigned int i, bits, seen[4] = {0}, unnoticed = 0;
	uint32_t length, at = 0;
	struct packet p;

	open_port(&(struct spt_impair_config){.seed = 4, .tx.corrupt_ppm = 1000000});
	m = frame_make_tcp(pool, 4, 33); /* an odd length */
	for (i = 0; i < 5000; i++) {
		rte_pktmbuf_refcnt_update(m, 1);
		send_frame(near_end, m);
		assert_frame_right(m); /* the sender's bytes: completed, not changed */
		length = packet_flatten(m, sent);
		assert_int_equal(port_rx(far_end, now, &got, 1), 1);
		assert_int_equal(packet_flatten(got, flat), length);
		bits = bits_changed(sent, flat, length, &at);
		assert_in_range(bits, 1, 3);
		seen[bits]++;
		/* All but the Ethernet header is under the one checksum or the other. */
		packet_parse(flat, length, &p);
		unnoticed += p.fault == NULL && at >= RTE_ETHER_HDR_LEN;
		rte_pktmbuf_free(got);
	}
	assert_int_equal(unnoticed, 0);
	assert_true(seen[1] > 1000 && seen[2] > 1000 && seen[3] > 1000);
	assert_int_equal(impaired(SPT_IMPAIR_CORRUPTED), 5000);
	rte_pktmbuf_free(m);
	close_port();
}

/* ARP has no checksum of its own: what is spoilt there nobody could find. */
static void
test_corrupt_spares_arp(void **state)
{
	struct rte_mbuf *m, *got;

	open_port(&(struct spt_impair_config){.seed = 4, .tx.corrupt_ppm = 1000000});
	m = frame_make_tcp(pool, 4, 33);
	rte_pktmbuf_mtod(m, struct rte_ether_hdr *)->ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
	m->ol_flags = 0;
	send_frame(near_end, m);
	assert_int_equal(port_rx(far_end, now, &got, 1), 1);
	assert_ptr_equal(got, m);
	assert_int_equal(impaired(SPT_IMPAIR_CORRUPTED), 0);
	rte_pktmbuf_free(got);
	close_port();
}

static void
test_corrupt_share_and_chains(void **state)
{
	struct rte_mbuf *m, *got;
	uint32_t i, hits = 0;

	open_port(&(struct spt_impair_config){.seed = 5, .tx.corrupt_ppm = 30000});
	for (i = 0; i < TRIALS; i++) {
		m = frame_make_chain(pool, i, LENGTH, 33);
		send_frame(near_end, m);
		assert_int_equal(port_rx(far_end, now, &got, 1), 1);
		hits += !frame_is(got, i, LENGTH);
		rte_pktmbuf_free(got);
	}
	assert_share(hits, 0.03);
	assert_int_equal(impaired(SPT_IMPAIR_CORRUPTED), hits);
	close_port();
}

/* A port that receives frames which a device has verified, and nothing else. */
static uint16_t
verified_rx(struct spt_port *p, spt_time t, struct rte_mbuf **m, uint16_t n)
{
	m[0] = frame_make(pool, 9, LENGTH);
	m[0]->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return 1;
}

static spt_time
verified_deadline(const struct spt_port *p)
{
	return 77;
}

static void
verified_destroy(struct spt_port *p)
{
}

static void
test_corrupt_is_not_verified(void **state)
{
	static const struct port_ops ops = {
	    .rx = verified_rx,
	    .next_deadline = verified_deadline,
	    .destroy = verified_destroy,
	};
	struct spt_port inner = {.ops = &ops};
	struct spt_impair_config config = {.rx.corrupt_ppm = 500000, .pool = pool};
	struct spt_port *p;
	struct rte_mbuf *m;
	unsigned int i, harmed = 0;

	assert_int_equal(spt_port_impair_create(&config, &inner, &p), 0);
	for (i = 0; i < 1000; i++) {
		uint64_t good = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;

		assert_int_equal(port_rx(p, now, &m, 1), 1);
		if (frame_is(m, 9, LENGTH)) {
			assert_int_equal(m->ol_flags, good);
		} else {
			assert_int_equal(m->ol_flags, 0);
			harmed++;
		}
		rte_pktmbuf_free(m);
	}
	assert_in_range(harmed, 400, 600);
	assert_true(port_next_deadline(p) == 77);
	spt_port_destroy(p);
	assert_int_equal(env_pool_in_use(pool), 0);
}

static void
test_delay(void **state)
{
	open_port(&(struct spt_impair_config){.rx.delay_ns = 3 * MS, .tx.delay_ns = 20 * MS});
	send_numbers(near_end, 1, 2);
	assert_true(port_next_deadline(near_end) == ENV_EPOCH + 20 * MS);
	now += 10 * MS;
	send_numbers(near_end, 3, 1);
	send_numbers(far_end, 4, 1);
	turn();
	assert_true(port_next_deadline(near_end) == ENV_EPOCH + 13 * MS);
	now = ENV_EPOCH + 13 * MS - 1;
	turn();
	now++;
	expect_number(near_end, 4);
	assert_true(port_next_deadline(near_end) == ENV_EPOCH + 20 * MS);
	now = ENV_EPOCH + 20 * MS - 1;
	turn();
	expect_nothing(far_end);
	now++;
	turn();
	expect_number(far_end, 1);
	expect_number(far_end, 2);
	expect_nothing(far_end);
	/* A transmission releases what is due as well as a reception does. */
	now = ENV_EPOCH + 30 * MS;
	send_numbers(near_end, 5, 1);
	expect_number(far_end, 3);
	expect_nothing(far_end);
	assert_int_equal(impaired(SPT_IMPAIR_DELAYED), 5);
	close_port(); /* number 5 is still held */
}

static void
test_jitter_keeps_order(void **state)
{
	uint32_t i, next = 0, late = 0;
	struct rte_mbuf *m;

	open_port(
	    &(struct spt_impair_config){.seed = 6, .tx.delay_ns = 5 * MS, .tx.jitter_ns = 2 * MS});
	for (i = 0; i < 1000; i++) {
		send_numbers(near_end, i, 1);
		now += MS;
		turn();
		while (port_rx(far_end, now, &m, 1) == 1) {
			spt_time sent = ENV_EPOCH + next * MS;

			assert_int_equal(frame_number(m), next++);
			assert_true(now >= sent + 5 * MS && now < sent + 8 * MS);
			late += now >= sent + 7 * MS;
			rte_pktmbuf_free(m);
		}
	}
	assert_true(next > 990);
	assert_in_range(late, 300, 990);
	close_port();
}

static void
test_reorder(void **state)
{
	struct spt_impair_config config = {.seed = 7, .tx.reorder_ppm = 100000};
	uint32_t i, next = 0, overtaken = 0, lag;
	struct rte_mbuf *m;

	config.tx.reorder_ns = 3 * MS + MS / 2;
	open_port(&config);
	for (i = 0; i < TRIALS; i++) {
		send_numbers(near_end, i, 1);
		turn();
		while (port_rx(far_end, now, &m, 1) == 1) {
			lag = i - frame_number(m);
			if (lag != 0) {
				/* Sent 4 ms ago, the first turn after 3.5. */
				assert_int_equal(lag, 4);
				overtaken++;
			}
			next++;
			rte_pktmbuf_free(m);
		}
		now += MS;
	}
	assert_share(impaired(SPT_IMPAIR_REORDERED), 0.1);
	assert_true(impaired(SPT_IMPAIR_REORDERED) - overtaken <= 4);
	assert_true(TRIALS - next <= 4);
	close_port();
}

static void
test_rate_is_exact(void **state)
{
	spt_time step = 100 * LENGTH * 8 / 3; /* 100 frames at 3 Gbit/s: 26666.67 ns */

	open_port(&(struct spt_impair_config){.tx.rate_bps = UINT64_C(3000000000)});
	send_numbers(near_end, 0, 900);
	now += step - 1;
	turn();
	assert_int_equal(receive_all(far_end), 99);
	now++;
	turn();
	assert_int_equal(receive_all(far_end), 1);
	now = ENV_EPOCH + 240000 - 1; /* 900 frames: nothing was rounded away */
	turn();
	assert_int_equal(receive_all(far_end), 799);
	now++;
	turn();
	assert_int_equal(receive_all(far_end), 1);
	/* An idle line has nothing to catch up with. */
	now += 1000 * MS;
	send_numbers(near_end, 0, 1);
	assert_true(port_next_deadline(near_end) == now + LENGTH * 8 / 3);
	close_port();
}

static void
test_queue_limit(void **state)
{
	struct spt_impair_config config = {.tx.delay_ns = MS, .tx.queue_limit = 10};

	open_port(&config);
	send_numbers(near_end, 0, 12);
	assert_int_equal(impaired(SPT_IMPAIR_DROPPED), 2);
	now += MS;
	send_numbers(near_end, 12, 1); /* the queue has been emptied first */
	assert_int_equal(impaired(SPT_IMPAIR_DROPPED), 2);
	assert_int_equal(receive_all(far_end), 10);
	close_port();

	open_port(&(struct spt_impair_config){.tx.delay_ns = MS}); /* 1000 */
	send_numbers(near_end, 0, 1003);
	assert_int_equal(impaired(SPT_IMPAIR_DROPPED), 3);
	close_port();
}

static void
test_equal_times_keep_order(void **state)
{
	uint32_t i;

	open_port(&(struct spt_impair_config){.rx.delay_ns = MS, .tx.delay_ns = MS});
	send_numbers(near_end, 0, 500);
	send_numbers(far_end, 1000, 300);
	assert_int_equal(receive_all(near_end), 0);
	now += MS;
	for (i = 0; i < 300; i++)
		expect_number(near_end, 1000 + i);
	for (i = 0; i < 500; i++)
		expect_number(far_end, i);
	close_port();
}

/* A full burst leaves the rest for the next call, and the deadline says that there is one. */
static void
test_small_bursts(void **state)
{
	struct rte_mbuf *m[PORT_BURST];
	uint32_t i;

	open_port(&(struct spt_impair_config){.rx.delay_ns = MS});
	send_numbers(far_end, 0, 10);
	turn();
	now += 2 * MS;
	assert_int_equal(port_rx(near_end, now, m, 4), 4);
	rte_pktmbuf_free_bulk(m, 4);
	assert_true(port_next_deadline(near_end) <= now);
	assert_int_equal(port_rx(near_end, now, m, 4), 4);
	rte_pktmbuf_free_bulk(m, 4);
	assert_int_equal(port_rx(near_end, now, m, 4), 2);
	rte_pktmbuf_free_bulk(m, 2);
	assert_true(port_next_deadline(near_end) == SPT_TIME_NEVER);
	close_port();

	/* More waiting than the queue holds: nothing is lost that did not have to wait. */
	open_port(&(struct spt_impair_config){.rx.queue_limit = PORT_BURST});
	send_numbers(far_end, 0, 1000);
	for (i = 0; i < 1000; i++)
		expect_number(near_end, i);
	assert_int_equal(impaired(SPT_IMPAIR_LOST), 0);
	close_port();
}

static void
test_inner_refuses(void **state)
{
	struct spt_port_stats stats;

	open_ring(&(struct spt_impair_config){.tx.delay_ns = MS}, 16);
	send_numbers(near_end, 0, 100);
	now += MS;
	turn();
	spt_port_stats_get(near_end, &stats);
	assert_int_equal(stats.tx_frames, 100);
	assert_int_equal(stats.tx_refused, 85);
	assert_int_equal(receive_all(far_end), 15);
	assert_int_equal(env_pool_in_use(pool), 0);
	close_port();
}

/* No buffer for a copy: a corrupted frame is lost, a duplicated one goes alone. */
static void
test_empty_pool(void **state)
{
	static struct rte_mbuf *all[8191];
	uint32_t rest;

	open_port(
	    &(struct spt_impair_config){.tx.duplicate_ppm = 1000000, .rx.corrupt_ppm = 1000000});
	send_numbers(far_end, 1, 1);
	rest = rte_mempool_avail_count(pool) - 1;
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, rest), 0);
	send_numbers(near_end, 2, 1); /* the last buffer */
	expect_number(far_end, 2);
	expect_nothing(far_end);
	assert_int_equal(impaired(SPT_IMPAIR_DUPLICATED), 0);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all + rest, 1), 0);
	expect_nothing(near_end);
	assert_int_equal(impaired(SPT_IMPAIR_LOST), 1);
	assert_int_equal(impaired(SPT_IMPAIR_CORRUPTED), 0);
	rte_pktmbuf_free_bulk(all, rest + 1);
	close_port();
}

/* Everything at once; returns a digest of what arrived at the far end, when and how. */
static uint64_t
run_digest(uint64_t seed, bool other_direction)
{
	struct spt_impair all = {
	    .loss_ppm = 50000,
	    .duplicate_ppm = 50000,
	    .corrupt_ppm = 50000,
	    .reorder_ppm = 50000,
	    .delay_ns = 2 * MS,
	    .jitter_ns = MS,
	    .rate_bps = 10000000,
	    .queue_limit = 50,
	};
	uint8_t flat[PACKET_MAX];
	uint64_t digest = 0;
	struct rte_mbuf *m;
	uint32_t i, j, length;

	open_port(&(struct spt_impair_config){.seed = seed, .rx = all, .tx = all});
	for (i = 0; i < 2000; i++) {
		send_numbers(near_end, i, 1);
		if (other_direction) {
			send_numbers(far_end, i, i % 3);
			receive_all(near_end);
		}
		now += 50000;
		while (port_rx(near_end, now, &m, 1) == 1)
			rte_pktmbuf_free(m);
		while (port_rx(far_end, now, &m, 1) == 1) {
			length = packet_flatten(m, flat);
			for (j = 0; j < length; j++)
				digest = (digest ^ flat[j]) * UINT64_C(0x100000001b3);
			digest = (digest ^ now) * UINT64_C(0x100000001b3);
			rte_pktmbuf_free(m);
		}
	}
	assert_true(impaired(SPT_IMPAIR_LOST) > 0 && impaired(SPT_IMPAIR_REORDERED) > 0);
	close_port();
	return digest;
}

static void
test_same_seed_same_day(void **state)
{
	uint64_t first = run_digest(11, false);

	assert_true(run_digest(11, false) == first);
	assert_true(run_digest(11, true) == first); /* directions do not disturb each other */
	assert_true(run_digest(12, false) != first);
}

static void
test_create_refuses(void **state)
{
	static const struct spt_impair bad[] = {
	    {.loss_ppm = 1000001},
	    {.duplicate_ppm = 1000001},
	    {.corrupt_ppm = 1000001},
	    {.reorder_ppm = 1000001},
	    {.delay_ns = 3601 * SPT_NS_PER_SEC},
	    {.jitter_ns = 3601 * SPT_NS_PER_SEC},
	    {.reorder_ns = 3601 * SPT_NS_PER_SEC},
	    {.queue_limit = UINT32_MAX},
	};
	struct spt_port inner = {.ops = NULL}, *p;
	struct spt_impair_config config;
	unsigned int i;

	for (i = 0; i < RTE_DIM(bad); i++) {
		config = (struct spt_impair_config){.rx = bad[i], .pool = pool};
		assert_int_equal(spt_port_impair_create(&config, &inner, &p), -EINVAL);
		config = (struct spt_impair_config){.tx = bad[i], .pool = pool};
		assert_int_equal(spt_port_impair_create(&config, &inner, &p), -EINVAL);
	}
	config = (struct spt_impair_config){.pool = NULL};
	assert_int_equal(spt_port_impair_create(&config, &inner, &p), -EINVAL);
	config = (struct spt_impair_config){.pool = pool};
	assert_int_equal(spt_port_impair_create(&config, NULL, &p), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_impaired),
	    cmocka_unit_test(test_loss),
	    cmocka_unit_test(test_duplicate),
	    cmocka_unit_test(test_corrupt),
	    cmocka_unit_test(test_corrupt_spares_arp),
	    cmocka_unit_test(test_corrupt_share_and_chains),
	    cmocka_unit_test(test_corrupt_is_not_verified),
	    cmocka_unit_test(test_delay),
	    cmocka_unit_test(test_jitter_keeps_order),
	    cmocka_unit_test(test_reorder),
	    cmocka_unit_test(test_rate_is_exact),
	    cmocka_unit_test(test_queue_limit),
	    cmocka_unit_test(test_equal_times_keep_order),
	    cmocka_unit_test(test_small_bursts),
	    cmocka_unit_test(test_inner_refuses),
	    cmocka_unit_test(test_empty_pool),
	    cmocka_unit_test(test_same_seed_same_day),
	    cmocka_unit_test(test_create_refuses),
	};

	return cmocka_run_group_tests_name("port: impairment", tests, setup, teardown);
}

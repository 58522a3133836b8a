/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The impairment wrapper's bottleneck in virtual time: its buffer, what it drops and marks, losses
 * in bursts, and the statistics of each direction, which add up.
 */
#include <errno.h>

#include <wire/wire.h>

#include "test_port.h"

#define LENGTH 100
#define MS     SPT_NS_PER_MS
#define FRAME  (MS / 100) /* one of LENGTH bytes at RATE */
#define RATE   UINT64_C(80000000)

static struct rte_mempool *pool;
static struct spt_port *near_end, *far_end; /* the first is impaired */
static spt_time now;

static void
open_port(const struct spt_impair *tx)
{
	struct spt_memory_pair_config pair = {
	    .name = "impair queue", .ring_size = 32768, .socket = -1, .pool = {pool, pool}};
	struct spt_impair_config config = {.seed = 5, .tx = *tx, .pool = pool};
	struct spt_port *port[2];

	now = ENV_EPOCH;
	assert_int_equal(spt_port_memory_pair_create(&pair, port), 0);
	assert_int_equal(spt_port_impair_create(&config, port[0], &near_end), 0);
	far_end = port[1];
}

static void
close_port(void)
{
	spt_port_destroy(near_end);
	spt_port_destroy(far_end);
	assert_int_equal(env_pool_in_use(pool), 0);
}

static void
send_frame(struct rte_mbuf *m)
{
	assert_int_equal(port_tx(near_end, now, &m, 1), 1);
}

static void
send_many(uint32_t n, uint16_t length)
{
	for (uint32_t i = 0; i < n; i++)
		send_frame(frame_make(pool, i, length));
}

static uint32_t
receive_all(void)
{
	struct rte_mbuf *m[PORT_BURST];
	uint32_t total = 0;
	uint16_t n;

	assert_int_equal(port_rx(near_end, now, m, 1), 0);
	while ((n = port_rx(far_end, now, m, PORT_BURST)) > 0) {
		rte_pktmbuf_free_bulk(m, n);
		total += n;
	}
	return total;
}

/* The law of a direction, and one of its counters. */
static uint64_t
count(enum spt_impairment what)
{
	struct spt_impair_stats rx, tx;
	struct spt_port_stats port;

	assert_int_equal(spt_port_impair_stats(near_end, &rx, &tx), 0);
	assert_int_equal(tx.in + tx.impaired[SPT_IMPAIR_DUPLICATED],
	    tx.out + tx.impaired[SPT_IMPAIR_LOST] + tx.impaired[SPT_IMPAIR_DROPPED] + tx.held);
	spt_port_stats_get(near_end, &port);
	assert_int_equal(port.impaired[what], rx.impaired[what] + tx.impaired[what]);
	return tx.impaired[what];
}

static struct spt_impair_stats
stats(void)
{
	struct spt_impair_stats rx, tx;

	assert_int_equal(spt_port_impair_stats(near_end, &rx, &tx), 0);
	assert_int_equal(rx.in + rx.out + rx.held + rx.queue_longest, 0);
	return tx;
}

static int
setup(void **state)
{
	env_start();
	pool = env_pool_create(32767);
	return 0;
}

static int
teardown(void **state)
{
	env_pool_destroy(pool);
	return 0;
}

/* The frame being sent has its place until its last bit has left. */
static void
test_buffer_of_frames(void **state)
{
	open_port(&(struct spt_impair){.rate_bps = RATE, .buffer_frames = 10});
	send_many(15, LENGTH);
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 5);
	now += FRAME - 1;
	send_many(1, LENGTH);
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 6);
	now += 1;
	send_many(2, LENGTH);
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 7);
	now += 3 * FRAME;
	send_many(4, LENGTH);
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 8);
	now += 10 * FRAME;
	assert_int_equal(receive_all(), 14);
	assert_int_equal(stats().queue_longest, 10);
	assert_int_equal(stats().queue_heaviest, 10 * LENGTH);
	assert_int_equal(count(SPT_IMPAIR_LOST), 0);
	close_port();
}

static void
test_buffer_of_bytes(void **state)
{
	open_port(&(struct spt_impair){.rate_bps = RATE, .buffer_bytes = 1050});
	send_many(10, LENGTH);
	send_many(1, LENGTH); /* 1100 */
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 1);
	send_many(1, 50);
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 1);
	assert_int_equal(stats().queue_heaviest, 1050);
	close_port();

	/* Nothing is too large for a buffer that has nothing in it. */
	open_port(&(struct spt_impair){.rate_bps = RATE, .buffer_bytes = 50});
	send_many(2, LENGTH);
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 1);
	now += FRAME;
	send_many(2, LENGTH);
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 2);
	close_port();
}

/* What has passed the bottleneck and is on its way takes no place in its buffer. */
static void
test_delay_is_behind(void **state)
{
	open_port(&(struct spt_impair){.rate_bps = RATE, .delay_ns = 50 * MS, .buffer_frames = 3});
	for (uint32_t i = 0; i < 5000; i++) {
		send_many(1, LENGTH);
		assert_int_equal(stats().held, i + 1);
		now += FRAME;
	}
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 0);
	assert_int_equal(stats().queue_longest, 1);
	now += 50 * MS;
	assert_int_equal(receive_all(), 5000);
	close_port();

	/* Nor is it without a bound. */
	open_port(&(struct spt_impair){
	    .rate_bps = RATE, .delay_ns = 50 * MS, .buffer_frames = 3, .queue_limit = 100});
	for (uint32_t i = 0; i < 110; i++) {
		send_many(1, LENGTH);
		now += FRAME;
	}
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 10);
	close_port();
}

static void
test_defaults(void **state)
{
	open_port(&(struct spt_impair){.rate_bps = RATE, .delay_ns = MS});
	send_many(1005, LENGTH);
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 5);
	now += 1000 * FRAME;
	send_many(1000, LENGTH); /* those before are on their way */
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 5);
	assert_int_equal(stats().queue_longest, 1000);
	close_port();

	/* The one bound that was given is the only one. */
	open_port(&(struct spt_impair){.rate_bps = RATE, .queue_limit = 2000});
	send_many(2001, LENGTH);
	assert_int_equal(count(SPT_IMPAIR_DROPPED), 1);
	close_port();
}

/* Runs of lost frames, told by the counter: their share and their mean length. */
static void
run_bursts(uint32_t ppm, uint32_t length, uint32_t frames, double *share, double *mean)
{
	uint64_t lost = 0, before;
	uint32_t runs = 0;
	bool in_run = false;

	open_port(&(struct spt_impair){.burst_ppm = ppm, .burst_frames = length});
	for (uint32_t i = 0; i < frames; i++) {
		before = lost;
		send_many(1, LENGTH);
		lost = stats().impaired[SPT_IMPAIR_LOST];
		runs += lost != before && !in_run;
		in_run = lost != before;
		if (i % 64 == 0)
			receive_all();
	}
	*share = (double)count(SPT_IMPAIR_LOST) / frames;
	*mean = runs ? (double)lost / runs : 0;
	close_port();
}

static void
test_burst_loss(void **state)
{
	double share, mean;

	run_bursts(10000, 4, 400000, &share, &mean);
	assert_true(share > 0.009 && share < 0.011);
	assert_true(mean > 3.7 && mean < 4.3);
	run_bursts(200000, 20, 400000, &share, &mean);
	assert_true(share > 0.18 && share < 0.22);
	assert_true(mean > 18 && mean < 22);
	/* Bursts of one: as many as that, and never two in a row. */
	run_bursts(250000, 1, 100000, &share, &mean);
	assert_true(share > 0.24 && share < 0.26);
	assert_true(mean == 1.0);
	/* As short as they can be: every second frame. */
	run_bursts(500000, 1, 1000, &share, &mean);
	assert_true(share == 0.5 && mean == 1.0);
}

/* ---- ECN ---------------------------------------------------------------------------- */

/* A TCP packet with that field, checksums right; 'tagged': behind that many VLAN tags. */
static struct rte_mbuf *
packet_ecn(int family, uint8_t ecn, unsigned int tagged)
{
	struct rte_mbuf *m = frame_make_tcp(pool, family, 40);
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct rte_ether_hdr));

	if (family == 4)
		ip[1] = 0xb8 | ecn; /* EF */
	else
		ip[1] = (uint8_t)((ip[1] & 0x0f) | ecn << 4);
	wire_checksum_tx(m);
	if (family == 4) {
		struct rte_ipv4_hdr *h = (struct rte_ipv4_hdr *)ip;

		h->hdr_checksum = 0;
		h->hdr_checksum = rte_ipv4_cksum(h);
	}
	for (unsigned int i = 0; i < tagged; i++) {
		m->vlan_tci = 7;
		assert_int_equal(rte_vlan_insert(&m), 0);
	}
	m->ol_flags = 0;
	return m;
}

static uint8_t
ecn_of(struct rte_mbuf *m, int family, unsigned int tagged)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *,
	    sizeof(struct rte_ether_hdr) + tagged * sizeof(struct rte_vlan_hdr));

	return family == 4 ? ip[1] & 3 : ip[1] >> 4 & 3;
}

/* Everything but the field, and the checksum over it, is as it was. */
static void
assert_marked(struct rte_mbuf *m, struct rte_mbuf *as_before, int family, unsigned int tagged)
{
	uint8_t a[PACKET_MAX], b[PACKET_MAX];
	uint32_t length = packet_flatten(m, a);
	size_t ip = sizeof(struct rte_ether_hdr) + tagged * sizeof(struct rte_vlan_hdr);

	assert_int_equal(packet_flatten(as_before, b), length);
	assert_int_equal(ecn_of(m, family, tagged), 3);
	if (family == 4) {
		assert_int_equal(
		    rte_raw_cksum(a + ip, sizeof(struct rte_ipv4_hdr)), (uint16_t)0xffff);
		memcpy(a + ip + 10, b + ip + 10, 2);
	}
	a[ip + 1] = b[ip + 1];
	assert_memory_equal(a, b, length);
	if (!tagged)
		assert_frame_right(m);
}

static void
test_marks(void **state)
{
	static const uint8_t marked[] = {[0] = 0, [1] = 1, [2] = 1, [3] = 0};
	uint64_t expected = 0;
	struct rte_mbuf *m, *got;

	open_port(&(struct spt_impair){.ce_ppm = 1000000});
	for (int family = 4; family <= 6; family += 2) {
		for (uint8_t ecn = 0; ecn < 4; ecn++) {
			for (unsigned int tagged = 0; tagged < 3; tagged++) {
				struct rte_mbuf *before = packet_ecn(family, ecn, tagged);

				m = packet_ecn(family, ecn, tagged);
				send_frame(m);
				assert_int_equal(port_rx(far_end, now, &got, 1), 1);
				assert_ptr_equal(got, m); /* it was nobody else's */
				if (marked[ecn])
					assert_marked(got, before, family, tagged);
				else
					assert_int_equal(ecn_of(got, family, tagged), ecn);
				expected += marked[ecn];
				assert_int_equal(count(SPT_IMPAIR_MARKED), expected);
				rte_pktmbuf_free(got);
				rte_pktmbuf_free(before);
			}
		}
	}
	/* No IP, and too short for it. */
	send_many(1, 14);
	send_many(1, 10);
	m = packet_ecn(4, 1, 0);
	rte_pktmbuf_trim(m, m->pkt_len - 30);
	send_frame(m);
	assert_int_equal(receive_all(), 3);
	assert_int_equal(count(SPT_IMPAIR_MARKED), expected);
	close_port();
}

/* Every checksum that there is, also those at the ends of the arithmetic. */
static void
test_mark_checksums(void **state)
{
	struct rte_mbuf *m = packet_ecn(4, 2, 0);
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);

	for (uint32_t id = 0; id <= UINT16_MAX; id++) {
		ip->type_of_service = (uint8_t)(id << 2 | (id & 1 ? 1 : 2));
		ip->packet_id = (rte_be16_t)id;
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		assert_true(wire_is_ect(m));
		wire_mark_ce(m);
		assert_false(wire_is_ect(m));
		if (rte_raw_cksum(ip, sizeof(*ip)) != UINT16_MAX)
			fail_msg("packet %u: a wrong checksum", id);
	}
	rte_pktmbuf_free(m);
}

/* What somebody else holds stays as it is. */
static void
test_mark_of_shared(void **state)
{
	struct rte_mbuf *m, *got, *before = packet_ecn(4, 1, 0);

	open_port(&(struct spt_impair){.ce_ppm = 1000000});
	m = packet_ecn(4, 1, 0);
	rte_pktmbuf_refcnt_update(m, 1);
	send_frame(m);
	assert_int_equal(ecn_of(m, 4, 0), 1);
	assert_frame_right(m);
	assert_int_equal(port_rx(far_end, now, &got, 1), 1);
	assert_ptr_not_equal(got, m);
	assert_marked(got, before, 4, 0);
	rte_pktmbuf_free(got);
	rte_pktmbuf_free(before);
	rte_pktmbuf_free(m);
	close_port();
}

static void
test_mark_by_threshold(void **state)
{
	struct rte_mbuf *got;

	open_port(
	    &(struct spt_impair){.rate_bps = RATE, .buffer_frames = 100, .ecn_threshold = 20});
	for (unsigned int i = 0; i < 50; i++) {
		send_frame(packet_ecn(4, 2, 0));
		assert_int_equal(count(SPT_IMPAIR_MARKED), i < 20 ? 0 : i - 19);
	}
	now += MS;
	for (unsigned int i = 0; i < 50; i++) {
		assert_int_equal(port_rx(near_end, now, &got, 1), 0);
		assert_int_equal(port_rx(far_end, now, &got, 1), 1);
		assert_int_equal(ecn_of(got, 4, 0), i < 20 ? 2 : 3);
		rte_pktmbuf_free(got);
	}
	send_frame(packet_ecn(4, 2, 0)); /* the queue is gone */
	assert_int_equal(count(SPT_IMPAIR_MARKED), 30);
	close_port();
}

static void
test_mark_share(void **state)
{
	uint64_t marked;

	open_port(&(struct spt_impair){.ce_ppm = 100000});
	for (unsigned int i = 0; i < 20000; i++) {
		send_frame(packet_ecn(4, 1, 0));
		if (i % 64 == 0)
			receive_all();
	}
	marked = count(SPT_IMPAIR_MARKED);
	assert_in_range(marked, 1780, 2220); /* five standard deviations */
	close_port();
}

/* All of it at once, and the law at every step. */
static void
test_law(void **state)
{
	open_port(&(struct spt_impair){.rate_bps = RATE,
	    .delay_ns = MS,
	    .loss_ppm = 20000,
	    .duplicate_ppm = 50000,
	    .corrupt_ppm = 20000,
	    .reorder_ppm = 20000,
	    .burst_ppm = 20000,
	    .burst_frames = 3,
	    .buffer_bytes = 2000,
	    .ecn_threshold = 5,
	    .ce_ppm = 10000});
	for (unsigned int i = 0; i < 5000; i++) {
		send_frame(packet_ecn(i % 2 ? 4 : 6, 1, 0));
		if (i % 3 == 0)
			now += 2 * FRAME;
		if (i % 50 == 0)
			receive_all();
		count(SPT_IMPAIR_LOST);
	}
	for (unsigned int what = 0; what < SPT_IMPAIRMENTS; what++)
		assert_true(count(what) > 0);
	close_port();
}

static void
test_refused(void **state)
{
	static const struct spt_impair bad[] = {
	    {.burst_ppm = 1000000, .burst_frames = 10},
	    {.burst_ppm = 500001, .burst_frames = 1},
	    {.burst_ppm = 1, .burst_frames = 1000001},
	    {.ce_ppm = 1000001},
	};
	struct spt_port inner = {.ops = NULL}, *p;
	struct spt_impair_stats rx, tx;

	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		struct spt_impair_config config = {.tx = bad[i], .pool = pool};

		assert_int_equal(spt_port_impair_create(&config, &inner, &p), -EINVAL);
	}
	assert_int_equal(spt_port_impair_stats(&inner, &rx, &tx), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_buffer_of_frames),
	    cmocka_unit_test(test_buffer_of_bytes),
	    cmocka_unit_test(test_delay_is_behind),
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_burst_loss),
	    cmocka_unit_test(test_marks),
	    cmocka_unit_test(test_mark_checksums),
	    cmocka_unit_test(test_mark_of_shared),
	    cmocka_unit_test(test_mark_by_threshold),
	    cmocka_unit_test(test_mark_share),
	    cmocka_unit_test(test_law),
	    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name(
	    "port: the impairment's bottleneck", tests, setup, teardown);
}

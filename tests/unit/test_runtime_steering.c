/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP frames reach the owner of their flow. A device is believed once it has proven what it says
 * and no longer than that; nothing is lost on the way but what is counted.
 */
#include "test_share.h"

/* ---- TCP --------------------------------------------------------------- */

/* 64 flows for each queue, both families; the device is believed when the last queue has them. */
static void
test_believed(void **state)
{
	uint8_t flat[PACKET_MAX];
	unsigned int length;

	assert_int_equal(share_steering(share), SPT_STEERING_CHECKED);
	assert_string_equal(line(), "steering: comparing the device's RSS with where flows arrive");
	for (uint16_t i = 0; i < N; i++) {
		begin_flows(i, 63);
		length = segment(i, 4, P_ACK, flat);
		for (unsigned int k = 0; k < 100; k++)
			assert_comes(i, i, flat, length);
		assert_int_equal(share_steering(share), SPT_STEERING_CHECKED);
		begin_flows(i, 1);
	}
	assert_int_equal(share_steering(share), SPT_STEERING_DEVICE);
	assert_string_equal(line(), "steering: the device spreads flows as predicted");
	/* From now on nobody looks. */
	length = segment(0, 4, P_SYN, flat);
	assert_comes(1, 1, flat, length);
	length = segment(1, 6, P_SYN, flat);
	assert_comes(0, 0, flat, length);
	assert_int_equal(share_steering(share), SPT_STEERING_DEVICE);
}

/* Where there are few flows, a million of their frames prove as much. */
static void
test_believed_for_long(void **state)
{
	struct rte_mbuf *m[PORT_BURST], *got[PORT_BURST];
	uint8_t flat[PACKET_MAX];
	unsigned int length = segment(1, 4, P_ACK, flat);

	begin_flows(0, 64);
	begin_flows(2, 64);
	for (unsigned int i = 0; i < PORT_BURST; i++)
		m[i] = packet_mbuf(pool, flat, length);
	for (unsigned int round = 0; round < (1 << 20) / PORT_BURST; round++) {
		assert_int_equal(share_steering(share), SPT_STEERING_CHECKED);
		memcpy(fakes[1].next, m, sizeof(m));
		fakes[1].n = PORT_BURST;
		assert_int_equal(port_rx(ports[1], ENV_EPOCH, got, PORT_BURST), PORT_BURST);
	}
	assert_int_equal(share_steering(share), SPT_STEERING_DEVICE);
	rte_pktmbuf_free_bulk(m, PORT_BURST);
}

/* One frame at the wrong queue is enough, and it is not lost; every engine sees that. */
static void
test_refuted(void **state)
{
	struct packet p = flow_of(0, 4, P_ACK);
	uint8_t flat[PACKET_MAX];
	unsigned int length = packet_build(&p, flat);
	char want[256], text[INET_ADDRSTRLEN];

	begin_flows(2, 64); /* this one is the device's already */
	assert_comes(1, 0, flat, length);
	assert_int_equal(share_steering(share), SPT_STEERING_SOFTWARE);
	inet_ntop(AF_INET, &p.src.w[3], text, sizeof(text));
	snprintf(want, sizeof(want),
	    "steering in software: flow %s:%u -> 192.0.2.1:80 arrived at queue 1, expected 0 (RSS "
	    "as the device reports it is wrong)",
	    text, p.sport);
	assert_string_equal(line(), want);
	for (uint16_t at = 0; at < N; at++)
		for (uint16_t to = 0; to < N; to++)
			for (uint8_t family = 4; family <= 6; family += 2) {
				length = segment(to, family, P_ACK, flat);
				assert_comes(at, to, flat, length);
			}
	/* It says what came first. */
	assert_string_equal(line(), want);
}

static void
test_refuted_by_ip6(void **state)
{
	struct packet p = flow_of(2, 6, P_SYN);
	uint8_t flat[PACKET_MAX];
	char want[256], text[INET6_ADDRSTRLEN], tight[20];

	assert_comes(0, 2, flat, packet_build(&p, flat));
	assert_int_equal(share_steering(share), SPT_STEERING_SOFTWARE);
	inet_ntop(AF_INET6, p.src.b, text, sizeof(text));
	snprintf(want, sizeof(want),
	    "steering in software: flow [%s]:%u -> [2001:db8::1]:80 arrived at queue 0, expected "
	    "2 (RSS as the device reports it is wrong)",
	    text, p.sport);
	assert_string_equal(line(), want);
	share_describe(share, tight, sizeof(tight));
	assert_string_equal(tight, "steering in softwar");
}

/* In the burst that refutes, what is right stays and what is wrong goes. */
static void
test_refuted_within_a_burst(void **state)
{
	uint8_t flat[PACKET_MAX];
	unsigned int mine = 0, sum = 0;

	for (unsigned int i = 0; i < PORT_BURST; i++) {
		uint16_t owner = i < 10 ? 1 : (uint16_t)(i % N);

		mine += owner == 1;
		lay(1, flat, segment(owner, i % 2 ? 4 : 6, P_SYN, flat));
	}
	for (unsigned int i = 0; i < N; i++) {
		struct rte_mbuf *m[PORT_BURST];
		/* Port 1 first: that is where they are. */
		unsigned int port = (i + 1) % N;
		uint16_t got = port_rx(ports[port], ENV_EPOCH, m, PORT_BURST);

		if (port == 1)
			assert_int_equal(got, mine);
		sum += got;
		for (uint16_t k = 0; k < got; k++) {
			struct packet p;

			packet_parse(rte_pktmbuf_mtod(m[k], uint8_t *), m[k]->pkt_len, &p);
			assert_int_equal(owner_of(&p), port);
			/* Handed over as it came: the device is the same. */
			assert_int_equal(m[k]->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
		}
		rte_pktmbuf_free_bulk(m, got);
	}
	assert_int_equal(sum, PORT_BURST);
	assert_int_equal(share_steering(share), SPT_STEERING_SOFTWARE);
}

/* Any frame anywhere: each comes to its owner, those of a flow in their order, and sums agree. */
static void
test_software(void **state)
{
	static uint32_t next[N][8]; /* of a flow */
	struct packet flow[N][8];
	struct spt_port_stats stats;
	uint64_t frames = 0, bytes = 0, laid_bytes = 0, got = 0;
	uint32_t laid[N][8] = {{0}};
	uint8_t flat[PACKET_MAX];

	memset(next, 0, sizeof(next));
	assert_string_equal(line(), "steering in software: the device has no RSS, or does not tell "
	                            "how it spreads flows");
	assert_int_equal(share_steering(share), SPT_STEERING_SOFTWARE);
	for (uint16_t q = 0; q < N; q++)
		for (unsigned int k = 0; k < 8; k++) {
			flow[q][k] = flow_of(q, k % 2 ? 4 : 6, P_ACK);
			flow[q][k].ack = k;
		}
	for (unsigned int round = 0; round < 600; round++) {
		unsigned int at = env_random_below(&r, N);

		for (unsigned int i = env_random_below(&r, PORT_BURST - fakes[at].n); i > 0; i--) {
			uint32_t q = env_random_below(&r, N);
			uint32_t k = at + env_random_below(&r, 2) * N; /* a flow has one queue */

			flow[q][k].seq = laid[q][k]++;
			lay(at, flat, packet_build(&flow[q][k], flat));
			laid_bytes += rte_pktmbuf_pkt_len(fakes[at].next[fakes[at].n - 1]);
		}
		for (unsigned int i = 0; i < N; i++) {
			struct rte_mbuf *m[PORT_BURST];
			uint16_t n = port_rx(ports[i], ENV_EPOCH, m,
			    (uint16_t)(1 + env_random_below(&r, PORT_BURST)));

			got += n;
			for (uint16_t k = 0; k < n; k++) {
				struct packet p;

				packet_parse(rte_pktmbuf_mtod(m[k], uint8_t *), m[k]->pkt_len, &p);
				assert_int_equal(owner_of(&p), i);
				assert_int_equal(p.seq, next[i][p.ack]++);
			}
			rte_pktmbuf_free_bulk(m, n);
		}
	}
	for (unsigned int i = 0; i < N * 40; i++) {
		struct rte_mbuf *m[PORT_BURST];
		uint16_t n = port_rx(ports[i % N], ENV_EPOCH, m, PORT_BURST);

		got += n;
		rte_pktmbuf_free_bulk(m, n);
	}
	for (unsigned int i = 0; i < N; i++) {
		spt_port_stats_get(ports[i], &stats);
		frames += stats.rx_frames;
		bytes += stats.rx_bytes;
		assert_int_equal(stats.rx_missed, 10);
	}
	assert_true(got > 5000);
	assert_int_equal(got, fakes[0].frames + fakes[1].frames + fakes[2].frames);
	assert_int_equal(frames, got);
	assert_int_equal(bytes, laid_bytes);
}

/* What is no whole TCP header, or no first fragment's only one, stays, and refutes nothing. */
static void
test_left_alone(void **state)
{
	static const struct {
		uint8_t family;
		uint16_t offset;
		uint8_t value;
		uint16_t cut; /* to so many bytes; 0: not */
	} cases[] = {
	    {4, 12, 0x88, 0},        /* another type */
	    {4, 23, 17, 0},          /* UDP */
	    {4, 20, 0x20, 0},        /* more fragments */
	    {4, 21, 1, 0},           /* a later fragment */
	    {4, 14, 0x55, 0},        /* version 5 */
	    {4, 14, 0x44, 0},        /* header of 16 bytes */
	    {4, 14, 0x46, 0},        /* and of 24, so that TCP's is not whole */
	    {4, 0, 2, 14 + 20 + 19}, /* one byte is missing */
	    {4, 0, 2, 14 + 19},      /* not even IP */
	    {6, 14, 0x40, 0},        /* version 4 */
	    {6, 20, 44, 0},          /* a fragment header */
	    {6, 20, 0, 0},           /* hop by hop options */
	    {6, 0, 2, 14 + 40 + 19}, /* one byte is missing */
	    {6, 0, 2, 14 + 39},      /* not even IP */
	};
	enum spt_steering before = share_steering(share);
	uint8_t flat[PACKET_MAX];
	unsigned int length;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (uint16_t owner = 0; owner < N; owner++) {
			length = segment(owner, cases[i].family, P_ACK, flat);
			flat[cases[i].offset] = cases[i].value;
			if (cases[i].cut)
				length = cases[i].cut;
			for (unsigned int at = 0; at < N; at++)
				assert_comes(at, at, flat, length);
		}
	/* A mapped address is of the other family, and not on any wire. */
	length = segment(0, 6, P_ACK, flat);
	for (unsigned int side = 0; side < 2; side++) {
		memset(flat + 22 + side * 16, 0, 10);
		memset(flat + 32 + side * 16, 0xff, 2);
		for (unsigned int at = 0; at < N; at++)
			assert_comes(at, at, flat, length);
	}
	assert_int_equal(share_steering(share), before);
}

/* The ports are behind the options of IPv4. */
static void
test_options(void **state)
{
	uint8_t flat[PACKET_MAX];
	unsigned int length;

	for (uint16_t owner = 0; owner < N; owner++) {
		length = segment(owner, 4, P_ACK, flat);
		memmove(flat + 34 + 40, flat + 34, length - 34);
		memset(flat + 34, 1, 40);
		flat[14] = 0x4f;
		for (unsigned int at = 0; at < N; at++)
			assert_comes(at, owner, flat, length + 40);
	}
}

/* What does not fit into a ring is lost, and counted where it arrived. */
static void
test_ring_full(void **state)
{
	uint8_t flat[PACKET_MAX];
	unsigned int length = segment(0, 4, P_ACK, flat), got = 0, n;
	struct spt_port_stats stats;

	for (unsigned int round = 0; round < 20; round++) {
		for (unsigned int i = 0; i < PORT_BURST; i++)
			lay(1, flat, length);
		assert_int_equal(take(1, flat, length), 0);
	}
	assert_int_equal(env_pool_in_use(pool), 1023);
	spt_port_stats_get(ports[1], &stats);
	assert_int_equal(stats.rx_missed, 10 + 20 * PORT_BURST - 1023);
	assert_int_equal(stats.rx_frames, 0);
	assert_int_equal(stats.rx_bytes, 0);
	/* A full burst of its own does not keep the receiver from the ring, nor the other way. */
	for (unsigned int i = 0; i < PORT_BURST; i++)
		lay(0, flat, length);
	assert_int_equal(take(0, flat, length), PORT_BURST);
	assert_int_equal(fakes[0].n, PORT_BURST / 2);
	got = PORT_BURST;
	while ((n = take(0, flat, length)) > 0)
		got += n;
	assert_int_equal(got, 1023 + PORT_BURST);
	spt_port_stats_get(ports[0], &stats);
	assert_int_equal(stats.rx_frames, 1023 + PORT_BURST);
	assert_int_equal(stats.rx_bytes, (1023 + PORT_BURST) * length);
	assert_int_equal(stats.rx_missed, 10);
	/* Another sender's ring is another one. */
	lay(2, flat, length);
	assert_int_equal(take(2, flat, length), 0);
	assert_int_equal(take(0, flat, length), 1);
}

/* Two others that always have something share what there is room for. */
static void
test_rings_in_turn(void **state)
{
	uint8_t one[PACKET_MAX], two[PACKET_MAX];
	unsigned int length = segment(0, 4, P_ACK, one), from[2] = {0, 0};

	assert_int_equal(segment(0, 4, P_SYN, two), length);
	for (unsigned int round = 0; round < 8; round++) {
		for (unsigned int i = 0; i < PORT_BURST; i++) {
			lay(1, one, length);
			lay(2, two, length);
		}
		assert_int_equal(take(1, one, length) + take(2, two, length), 0);
	}
	for (unsigned int round = 0; round < 8; round++) {
		struct rte_mbuf *m[8];

		assert_int_equal(port_rx(ports[0], ENV_EPOCH, m, 8), 8);
		for (unsigned int i = 0; i < 8; i++)
			from[memcmp(rte_pktmbuf_mtod(m[i], void *), one, length) != 0]++;
		rte_pktmbuf_free_bulk(m, 8);
	}
	assert_true(from[0] >= 16 && from[1] >= 16);
}

/* The core of engine 1 has ended: the others still get theirs. */
static void
test_relay(void **state)
{
	struct spt_port_stats stats;
	uint8_t flat[PACKET_MAX];
	unsigned int length;

	assert_int_equal(share_relay(share, 1, ENV_EPOCH), 0);
	for (uint16_t to = 0; to < N; to++) {
		length = segment(to, 4, P_ACK, flat);
		lay(1, flat, length);
		assert_int_equal(share_relay(share, 1, ENV_EPOCH), 1);
		for (unsigned int i = 0; i < N; i++)
			if (i != 1)
				assert_int_equal(take(i, flat, length), i == to);
	}
	lay(1, arp_reply, sizeof(arp_reply));
	assert_int_equal(share_relay(share, 1, ENV_EPOCH), 1);
	assert_int_equal(take(0, arp_reply, sizeof(arp_reply)), 1);
	spt_port_stats_get(ports[1], &stats);
	assert_int_equal(stats.rx_frames, 0);
	assert_int_equal(stats.rx_bytes, 0);
	assert_int_equal(stats.rx_missed, 10 + 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_believed),
	    TEST(test_believed_for_long),
	    TEST(test_refuted),
	    TEST(test_refuted_by_ip6),
	    TEST(test_refuted_within_a_burst),
	    TEST_SOFTWARE(test_software),
	    TEST(test_left_alone),
	    TEST_SOFTWARE(test_left_alone),
	    TEST(test_options),
	    TEST_SOFTWARE(test_options),
	    TEST_SOFTWARE(test_ring_full),
	    TEST_SOFTWARE(test_rings_in_turn),
	    TEST(test_relay),
	    TEST_SOFTWARE(test_relay),
	};

	return cmocka_run_group_tests_name("runtime: steering", tests, env_group_setup, NULL);
}

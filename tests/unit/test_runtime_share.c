/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several queues behind one address: answers about link addresses reach every engine, once, and
 * errors about a flow its owner, whatever the device does with them.
 */
#include "test_share.h"

/* ---- link addresses ---------------------------------------------------- */

static void
test_shared(void **state)
{
	const struct {
		const uint8_t *frame;
		uint16_t n;
		bool shared;
	} cases[] = {
	    {arp_reply, 42, true},
	    {advert, 86, true},
	    {advert, 55, true},
	    {arp_request, 42, false},
	    {solicit, 86, false},
	    {udp6, 86, false},
	    {udp4, 60, false},
	    {echo4, 60, false},
	    {echo6, 86, false},
	    {ppp, 60, false},
	    /* too short to say what they are */
	    {arp_reply, 41, false},
	    {advert, 54, false},
	    {advert, 14, false},
	    {arp_reply, 13, false},
	    {echo4, 34, false},
	    {udp4, 33, false},
	    {udp4, 14, false},
	    {udp6, 53, false},
	};
	enum spt_steering before = share_steering(share);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned int port = 0; port < N; port++) {
			lay(port, cases[i].frame, cases[i].n);
			assert_int_equal(take(port, cases[i].frame, cases[i].n), 1);
			for (unsigned int other = 0; other < N; other++)
				assert_int_equal(take(other, cases[i].frame, cases[i].n),
				    cases[i].shared && other != port);
		}
	assert_int_equal(share_steering(share), before);
}

/* A copy brings no word of a device that its receiver has not tested. */
static void
test_unverified(void **state)
{
	struct rte_mbuf *m;

	lay(1, arp_reply, sizeof(arp_reply));
	assert_int_equal(take(1, arp_reply, sizeof(arp_reply)), 1);
	assert_int_equal(port_rx(ports[0], ENV_EPOCH, &m, 1), 1);
	assert_int_equal(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, 0);
	rte_pktmbuf_free(m);
	/* That for port 2 is still in its ring: destroying it must free it. */
}

/* An engine that does not look, and one whose burst is full. */
static void
test_bounds(void **state)
{
	unsigned int got = 0, n;

	for (unsigned int round = 0; round < 20; round++) {
		for (unsigned int i = 0; i < PORT_BURST; i++)
			lay(0, advert, sizeof(advert));
		assert_int_equal(take(0, advert, sizeof(advert)), PORT_BURST);
	}
	for (unsigned int i = 0; i < PORT_BURST; i++)
		lay(1, udp4, sizeof(udp4));
	assert_int_equal(take(1, udp4, sizeof(udp4)), PORT_BURST);
	while ((n = take(1, advert, sizeof(advert))) > 0)
		got += n;
	assert_int_equal(got, 1023);
}

static void
test_passes_on(void **state)
{
	struct rte_mbuf *none[1] = {NULL};

	for (unsigned int i = 0; i < N; i++) {
		assert_true(rte_is_same_ether_addr(&ports[i]->mac, &mac));
		assert_int_equal(ports[i]->mtu, 1500);
		assert_ptr_equal(ports[i]->rss, &fakes[i].rss);
		assert_int_equal(port_next_deadline(ports[i]), 4711);
		assert_int_equal(port_tx(ports[i], ENV_EPOCH, none, 1), 1);
	}
}

/* ---- errors that quote ------------------------------------------------- */

/* An ICMP error about a segment that we sent in the flow of which 'p' arrives. */
static unsigned int
error_about(const struct packet *p, uint8_t type, uint8_t flat[PACKET_MAX])
{
	struct packet ours = {
	    .family = p->family,
	    .src = p->dst,
	    .dst = p->src,
	    .sport = p->dport,
	    .dport = p->sport,
	    .flags = P_SYN,
	};
	struct packet error = {
	    .family = p->family,
	    .eth_dst = mac,
	    .ttl = 64,
	    .protocol = p->family == 4 ? 1 : 58,
	    .src = p->src,
	    .dst = p->dst,
	};
	unsigned int at = packet_build_ip(&error, NULL, 0), length;
	uint8_t quoted[PACKET_MAX];

	error.src.b[14] ^= 0x55; /* a router's */
	length = packet_build(&ours, quoted) - RTE_ETHER_HDR_LEN;
	memset(flat + at, 0, 8);
	flat[at] = type;
	memcpy(flat + at + 8, quoted + RTE_ETHER_HDR_LEN, length);
	packet_build_ip(&error, flat, 8 + length);
	return at + 8 + length;
}

static void
test_errors(void **state)
{
	static const struct {
		uint8_t family, type;
		bool steered;
	} cases[] = {
	    {4, 3, true},
	    {4, 11, true},
	    {4, 12, true},
	    {4, 0, false},
	    {4, 8, false},
	    {4, 5, false},
	    {6, 1, true},
	    {6, 2, true},
	    {6, 3, true},
	    {6, 4, true},
	    {6, 128, false},
	    {6, 129, false},
	    {6, 137, false},
	};
	enum spt_steering before = share_steering(share);
	uint8_t flat[PACKET_MAX];
	unsigned int length;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (uint16_t owner = 0; owner < N; owner++) {
			struct packet p = flow_of(owner, cases[i].family, P_ACK);

			length = error_about(&p, cases[i].type, flat);
			for (unsigned int at = 0; at < N; at++)
				assert_comes(at, cases[i].steered ? owner : at, flat, length);
		}
	/* Among frames that stay, before and behind it. */
	for (uint16_t owner = 0; owner < N; owner++) {
		struct packet p = flow_of(owner, 6, P_ACK);
		struct rte_mbuf *m[4];

		length = error_about(&p, 1, flat);
		lay(0, udp4, sizeof(udp4));
		lay(0, flat, length);
		lay(0, udp6, sizeof(udp6));
		assert_int_equal(port_rx(ports[0], ENV_EPOCH, m, 4), owner == 0 ? 3 : 2);
		assert_int_equal(m[0]->pkt_len, sizeof(udp4));
		assert_int_equal(m[owner == 0 ? 2 : 1]->pkt_len, sizeof(udp6));
		rte_pktmbuf_free_bulk(m, owner == 0 ? 3 : 2);
		for (unsigned int k = 1; k < N; k++)
			assert_int_equal(take(k, flat, length), k == owner);
	}
	/* Where an error arrives proves nothing about flows. */
	assert_int_equal(share_steering(share), before);
}

/* Errors that quote too little, or nothing of ours, or are for another host. */
static void
test_errors_without_quote(void **state)
{
	uint8_t flat[PACKET_MAX];
	struct packet p;
	unsigned int length;

	for (uint16_t owner = 0; owner < N; owner++) {
		p = flow_of(owner, 4, P_ACK);
		length = error_about(&p, 3, flat);
		flat[14 + 20 + 8 + 9] = 17; /* a quoted datagram */
		for (unsigned int at = 0; at < N; at++)
			assert_comes(at, at, flat, length);
		length = error_about(&p, 3, flat);
		flat[5]++; /* another host's */
		for (unsigned int at = 0; at < N; at++)
			assert_comes(at, at, flat, length);
		p = flow_of(owner, 6, P_ACK);
		length = error_about(&p, 1, flat);
		for (unsigned int at = 0; at < N; at++) {
			assert_comes(at, at, flat, 14 + 40 + 1); /* cut: its IP header says more */
			assert_comes(at, owner, flat, length);
		}
	}
}

/* ---- set-up, and a device ---------------------------------------------- */

static void
test_refused(void **state)
{
	struct spt_port *before[N];
	struct share *none = NULL;

	fakes_make(true);
	memcpy(before, ports, sizeof(ports));
	ports[0]->rss = NULL;
	assert_int_equal(share_create(0, ports, pool, N, &none), -EINVAL);
	ports[0]->rss = &fakes[0].rss;
	assert_int_equal(share_create(0, ports, pool, N - 1, &none), -EINVAL);
	fakes[0].rss.key_length = 16;
	assert_int_equal(share_create(0, ports, pool, N, &none), -EINVAL);
	fakes[0].rss.key_length = 40;
	fakes[0].rss.reta[5] = N;
	assert_int_equal(share_create(0, ports, pool, N, &none), -EINVAL);
	assert_null(none);
	assert_memory_equal(before, ports, sizeof(ports));
	assert_int_equal(share_steering(NULL), SPT_STEERING_NONE);
	share = NULL;
	assert_string_equal(line(), "");
	env_pool_destroy(pool);
}

/* net_ring has queues, but no RSS: what is transmitted on one comes to the owner of its flow. */
static void
test_ring_device(void **state)
{
	struct spt_ethdev_config config = {.queues = 2, .socket = -1, .pool = pools};
	struct spt_ethdev_info info;
	struct packet p = {.family = 4, .eth_dst = mac, .dport = 80, .flags = P_SYN};
	unsigned int length, at[2] = {0, 0};
	struct rte_mbuf *m;
	uint8_t flat[PACKET_MAX];
	uint16_t id, owner;
	char error[256];

	fakes_make(false);
	assert_int_equal(rte_eal_hotplug_add("vdev", "net_ring_share", ""), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_ring_share", &id), 0);
	config.port_id = id;
	assert_int_equal(spt_port_ethdev_create(&config, ports, &info, error, sizeof(error)), 0);
	assert_int_equal(info.queues, 2);
	fakes[0].rss = *ports[0]->rss; /* for owner_of */
	memcpy(key, ports[0]->rss->key, 40);
	assert_int_equal(share_create(0, ports, pool, 2, &share), 0);
	assert_int_equal(share_steering(share), SPT_STEERING_SOFTWARE);
	p.src = addr_from_v4(htonl(0x0a000001));
	p.dst = addr_from_v4(htonl(0x0a000002));
	for (p.sport = 1; p.sport < 1000; p.sport++) {
		length = packet_build(&p, flat);
		m = packet_mbuf(pool, flat, length);
		owner = owner_of(&p);
		at[owner]++;
		assert_int_equal(port_tx(ports[p.sport % 2], ENV_EPOCH, &m, 1), 1);
		/* Once at the queue where it is, then at that where it belongs. */
		assert_int_equal(take(p.sport % 2, flat, length), owner == p.sport % 2);
		assert_int_equal(take(!(p.sport % 2), flat, length), owner != p.sport % 2);
	}
	assert_true(at[0] > 400 && at[1] > 400);
	spt_port_destroy(ports[0]);
	spt_port_destroy(ports[1]);
	share_free(share);
	assert_int_equal(rte_eal_hotplug_remove("vdev", "net_ring_share"), 0);
	assert_int_equal(env_pool_in_use(pool), 0);
	env_pool_destroy(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_shared),
	    TEST_SOFTWARE(test_shared),
	    TEST_DEVICE(test_shared),
	    TEST(test_unverified),
	    TEST_DEVICE(test_unverified),
	    TEST(test_bounds),
	    TEST_DEVICE(test_bounds),
	    TEST(test_passes_on),
	    TEST(test_errors),
	    TEST_SOFTWARE(test_errors),
	    TEST_DEVICE(test_errors),
	    TEST(test_errors_without_quote),
	    TEST_DEVICE(test_errors_without_quote),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_ring_device),
	};

	return cmocka_run_group_tests_name("runtime: share", tests, env_group_setup, NULL);
}

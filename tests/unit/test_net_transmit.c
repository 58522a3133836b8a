/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes, the link header of packets, replacement in a full table, advice, announcements. */
#include <errno.h>

#include <rte_ip.h>

#include "netframe.h"

static const struct rte_ether_addr gateway_mac = {{0x02, 0, 0, 0, 0, 0xfe}};

static struct spt_addr
host(uint32_t i)
{
	return nf_v4(10, 0, 0, (uint8_t)(20 + i));
}

static void
test_hint(void **state)
{
	struct netframe *x = *state;
	struct spt_addr a = NF_PEER4, b = NF_PEER6;
	uint16_t hop4, hop6;

	nf_resolve(x, NF_PEER4, &nf_peer_mac);
	nf_resolve(x, NF_PEER6, &nf_other_mac);
	hop4 = net_next_hop(&x->net, x->now, &a);
	hop6 = net_next_hop(&x->net, x->now, &b);
	assert_int_not_equal(hop4, hop6);
	nf_queue(x, NF_OURS4, NF_PEER4, hop4, 1);
	nf_queue(x, NF_OURS6, NF_PEER6, hop6, 2);
	/* Hints are verified: of the other family, out of range, none, of another host. */
	nf_queue(x, NF_OURS4, NF_PEER4, hop6, 3);
	nf_queue(x, NF_OURS6, NF_PEER6, hop4, 4);
	nf_queue(x, NF_OURS4, NF_PEER4, 12345, 5);
	nf_queue(x, NF_OURS6, NF_PEER6, NEXT_HOP_NONE, 6);
	assert_int_equal(nf_turn(x), 6);
	for (uint32_t i = 1; i <= 6; i += 2) {
		nf_expect_packet(x, &nf_peer_mac, NF_PEER4, i);
		nf_expect_packet(x, &nf_other_mac, NF_PEER6, i + 1);
	}
	nf_queue(x, NF_OURS4, host(1), hop4, 7);
	nf_queue(x, NF_OURS6, nf_v6(77), hop6, 8);
	assert_int_equal(nf_turn(x), 2); /* two requests */
	assert_int_equal(nf_state(x, host(1)), NEIGHBOUR_INCOMPLETE);
	assert_int_equal(nf_state(x, nf_v6(77)), NEIGHBOUR_INCOMPLETE);
}

static void
test_gateways(void **state)
{
	struct netframe *x = *state;
	struct spt_addr far4 = NF_FAR4, far6 = NF_FAR6;
	struct wire_arp arp;
	uint16_t hop4 = net_next_hop(&x->net, x->now, &far4);
	uint16_t hop6 = net_next_hop(&x->net, x->now, &far6);

	assert_int_equal(hop4, x->net.gateway_hop[0]);
	assert_int_equal(hop6, x->net.gateway_hop[1]);
	nf_queue(x, NF_OURS4, NF_FAR4, hop4, 1);
	nf_queue(x, NF_OURS6, NF_FAR6, hop6, 2);
	assert_int_equal(nf_turn(x), 2);
	arp = nf_expect_arp(x, &nf_broadcast);
	assert_int_equal(arp.tpa, RTE_BE32(RTE_IPV4(10, 0, 0, 254)));
	assert_int_equal(nf_expect_nd(x, &(struct rte_ether_addr){{0x33, 0x33, 0xff, 0, 0, 0xfe}},
	                     nf_solicited_node(nf_fe80(0xfe)), NULL)
	                     .type,
	    135);
	nf_input(x, nf_arp(x, &nf_mac, 2, &gateway_mac, nf_v4(10, 0, 0, 254), NF_OURS4));
	nf_input(x, nf_advert(x, nf_fe80(0xfe), &gateway_mac, true, true));
	nf_queue(x, NF_OURS4, NF_FAR4, hop4, 3);
	nf_queue(x, NF_OURS6, NF_FAR6, hop6, 4);
	/* The gateway of the other family leads nowhere; a gateway may be talked to itself. */
	nf_queue(x, NF_OURS4, NF_FAR4, hop6, 5);
	nf_queue(x, NF_OURS6, NF_FAR6, NEXT_HOP_NONE, 6);
	nf_queue(x, NF_OURS4, nf_v4(10, 0, 0, 254), NEXT_HOP_NONE, 7);
	assert_int_equal(nf_turn(x), 7);
	if (rte_pktmbuf_mtod(x->ready[0], uint8_t *)[12] == 0x08) {
		nf_expect_packet(x, &gateway_mac, NF_FAR4, 1);
		nf_expect_packet(x, &gateway_mac, NF_FAR6, 2);
	} else {
		nf_expect_packet(x, &gateway_mac, NF_FAR6, 2);
		nf_expect_packet(x, &gateway_mac, NF_FAR4, 1);
	}
	nf_expect_packet(x, &gateway_mac, NF_FAR4, 3);
	nf_expect_packet(x, &gateway_mac, NF_FAR6, 4);
	nf_expect_packet(x, &gateway_mac, NF_FAR4, 5);
	nf_expect_packet(x, &gateway_mac, NF_FAR6, 6);
	nf_expect_packet(x, &gateway_mac, nf_v4(10, 0, 0, 254), 7);
}

/* A router answers only those who ask from its own network; IPv6 has no such rule. */
static void
test_source_of_requests(void **state)
{
	struct netframe *x = *state;
	const struct spt_local local[] = {
	    {.first = NF_OURS4, .count = 3, .prefix = 24},
	    {.first = nf_v4(192, 168, 5, 1), .count = 1, .prefix = 32},
	    {.first = NF_OURS6, .count = 2, .prefix = 64},
	};
	struct spt_addr src;
	char error[100];

	assert_int_equal(local_init(&x->local, local, 3, error, sizeof(error)), 0);
	nf_queue(x, nf_v4(192, 168, 5, 1), NF_FAR4, NEXT_HOP_NONE, 1);
	assert_int_equal(nf_turn(x), 1);
	assert_int_equal(nf_expect_arp(x, &nf_broadcast).spa, RTE_BE32(RTE_IPV4(10, 0, 0, 1)));
	nf_queue(x, nf_v4(10, 0, 0, 3), NF_PEER4, NEXT_HOP_NONE, 2);
	assert_int_equal(nf_turn(x), 1);
	assert_int_equal(nf_expect_arp(x, &nf_broadcast).spa, RTE_BE32(RTE_IPV4(10, 0, 0, 3)));
	nf_queue(x, nf_v6(2), NF_FAR6, NEXT_HOP_NONE, 3);
	assert_int_equal(nf_turn(x), 1);
	nf_expect_nd(x, &(struct rte_ether_addr){{0x33, 0x33, 0xff, 0, 0, 0xfe}},
	    nf_solicited_node(nf_fe80(0xfe)), &src);
	assert_int_equal(src.b[15], 2);
}

static void
test_no_route(void **state)
{
	struct netframe *x = *state;
	const struct spt_addr nowhere[] = {
	    nf_v4(10, 0, 0, 255), /* broadcast of the subnet */
	    nf_v4(255, 255, 255, 255),
	    nf_v4(224, 0, 0, 1),
	    nf_v4(127, 0, 0, 1),
	    nf_v4(0, 0, 0, 0),
	    NF_OURS4,
	    nf_v6(2), /* ours */
	    {.b = {0xff, 0x02, [15] = 1}},
	    {.q = {0, 0}},
	};

	for (unsigned int i = 0; i < RTE_DIM(nowhere); i++) {
		assert_int_equal(net_next_hop(&x->net, x->now, &nowhere[i]), NEXT_HOP_NONE);
		nf_queue(
		    x, addr_is_v4(&nowhere[i]) ? NF_OURS4 : NF_OURS6, nowhere[i], NEXT_HOP_NONE, i);
		assert_int_equal(nf_turn(x), 0);
		assert_int_equal(x->net.dropped_unresolved, i + 1);
	}
	assert_int_equal(x->net.used, 2);
}

static void
test_without_gateways(void **state)
{
	static struct netframe x;
	struct net_config config;
	struct spt_addr far4 = NF_FAR4, far6 = NF_FAR6;

	nf_open(&x, 16, 63);
	net_fini(&x.net);
	config = nf_config(&x, 16);
	config.gateway4 = config.gateway6 = (struct spt_addr){.q = {0, 0}};
	assert_int_equal(net_init(&x.net, &config, x.now), 0);
	assert_int_equal(net_next_hop(&x.net, x.now, &far4), NEXT_HOP_NONE);
	assert_int_equal(net_next_hop(&x.net, x.now, &far6), NEXT_HOP_NONE);
	nf_resolve(&x, NF_PEER4, &nf_peer_mac);
	nf_close(&x);
}

static void
test_configuration(void **state)
{
	struct netframe *x = *state;
	struct net_config good = nf_config(x, NEIGHBOURS_MAX), bad;
	struct net n;

	assert_int_equal(net_init(&n, &good, x->now), 0);
	assert_true(
	    net_footprint(NEIGHBOURS_MAX) == n.bytes_table + n.bytes_pending + n.bytes_buckets);
	net_fini(&n);
	bad = good;
	bad.neighbours = NEIGHBOURS_MIN - 1;
	assert_int_equal(net_init(&n, &bad, x->now), -EINVAL);
	bad.neighbours = NEIGHBOURS_MAX + 1;
	assert_int_equal(net_init(&n, &bad, x->now), -EINVAL);
	bad = good;
	bad.gateway4 = nf_fe80(1);
	assert_int_equal(net_init(&n, &bad, x->now), -EINVAL);
	bad = good;
	bad.gateway6 = nf_v4(10, 0, 0, 254);
	assert_int_equal(net_init(&n, &bad, x->now), -EINVAL);
	bad.gateway6 = nf_v6(2);
	assert_int_equal(net_init(&n, &bad, x->now), -EINVAL);
}

/* RFC 1122 3.3.1.4: transport doubts; the packet goes out and the neighbour is probed. */
static void
test_advice(void **state)
{
	struct netframe *x = *state;
	struct spt_addr a = NF_PEER4;
	uint16_t hop;

	nf_resolve(x, NF_PEER4, &nf_peer_mac);
	hop = net_next_hop(&x->net, x->now, &a);
	txlist_doubt(&x->out, hop);
	txlist_doubt(&x->out, 40000);
	txlist_doubt(&x->out, x->net.gateway_hop[0]); /* not resolved: nothing to doubt */
	nf_queue(x, NF_OURS4, NF_PEER4, hop, 1);
	nf_queue(x, NF_OURS4, NF_PEER4, hop, 2);
	assert_int_equal(nf_turn(x), 3);
	assert_int_equal(nf_expect_arp(x, &nf_peer_mac).op, 1);
	nf_expect_packet(x, &nf_peer_mac, NF_PEER4, 1);
	nf_expect_packet(x, &nf_peer_mac, NF_PEER4, 2);
	/* Repeated advice does not repeat the probe. */
	txlist_doubt(&x->out, hop);
	nf_queue(x, NF_OURS4, NF_PEER4, hop, 3);
	assert_int_equal(nf_turn(x), 1);
	/* Without a packet advice has no effect that needs room. */
	nf_input(x, nf_arp(x, &nf_mac, 2, &nf_peer_mac, NF_PEER4, NF_OURS4));
	assert_int_equal(nf_state(x, NF_PEER4), NEIGHBOUR_REACHABLE);
	txlist_doubt(&x->out, hop);
	assert_int_equal(nf_turn(x), 0);
	assert_int_equal(nf_state(x, NF_PEER4), NEIGHBOUR_DELAY);
}

/* A hint to an entry that somebody else has got meanwhile. */
static void
test_hint_to_replaced_entry(void **state)
{
	struct netframe *x = *state;
	struct spt_addr a = host(0);
	uint16_t hop = net_next_hop(&x->net, x->now, &a);
	uint32_t i;

	for (i = 1; nf_state(x, host(0)) != -1; i++) {
		struct spt_addr b = host(i);

		net_next_hop(&x->net, x->now, &b);
		nf_check(x);
		assert_true(i < 100);
	}
	nf_resolve(x, host(0), &nf_peer_mac);
	nf_queue(x, NF_OURS4, host(0), hop, 9);
	assert_int_equal(nf_turn(x), 1);
	nf_expect_packet(x, &nf_peer_mac, host(0), 9);
	assert_true(x->net.evicted > 0);
}

/* RFC 6583: a scan of our network does not push out those that we talk to. */
static void
test_flood_of_unknown_addresses(void **state)
{
	struct netframe *x = *state;
	uint64_t requests = 0;

	for (uint32_t i = 0; i < 6; i++)
		nf_resolve(x, host(i), &nf_peer_mac);
	for (uint16_t i = 0; i < 5000; i++) {
		x->now += 100 * SPT_NS_PER_US;
		requests += nf_send(x, nf_v6((uint16_t)(1000 + i)), i);
		assert_true(env_pool_in_use(x->pool) < 100);
	}
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(nf_state(x, host(i)), NEIGHBOUR_REACHABLE);
		assert_int_equal(nf_send(x, host(i), i), 1);
		nf_expect_packet(x, &nf_peer_mac, host(i), i);
	}
	assert_true(x->net.evicted > 0);
	assert_true(requests > 1000);
	assert_true(x->net.unresolved <= x->net.unresolved_max);
	/* Newcomers still get through. */
	nf_resolve(x, nf_v6(9), &nf_other_mac);
	/* Those who do not answer are forgotten, and with them what waited. */
	for (int i = 0; i < 5; i++) {
		x->now += NF_SECOND;
		nf_turn(x);
	}
	nf_drop_ready(x);
	assert_int_equal(env_pool_in_use(x->pool), 0);
	assert_int_equal(x->net.dropped_unresolved, 5000);
}

/* A table full of neighbours that answered: idle ones give way, gateways never do. */
static void
test_full_table(void **state)
{
	struct netframe *x = *state;
	const struct spt_addr gateway4 = nf_v4(10, 0, 0, 254);

	for (uint32_t i = 0; i < 200; i++) {
		nf_resolve(x, host(i), &nf_peer_mac);
		nf_send(x, host(0), i); /* in use all the time */
		nf_expect_packet(x, &nf_peer_mac, host(0), i);
	}
	assert_int_equal(x->net.used, 16);
	assert_true(x->net.evicted >= 180);
	assert_int_equal(
	    neighbour_index(&x->net, neighbour_find(&x->net, &gateway4)), x->net.gateway_hop[0]);
}

/* Requests to ever new addresses have a limit of their own. */
static void
test_requests_are_rate_limited(void **state)
{
	static struct netframe x;
	uint64_t requests = 0;

	nf_open(&x, 8192, 4095);
	for (uint16_t i = 0; i < 3000; i++) {
		nf_queue(&x, NF_OURS6, nf_v6((uint16_t)(1000 + i)), NEXT_HOP_NONE, i);
		if (x.out.n < 300)
			continue;
		/* The whole table's invariants after each packet would take long. */
		x.n_ready = net_transmit(&x.net, x.now, &x.out, x.ready);
		requests += x.n_ready;
		nf_drop_ready(&x);
	}
	assert_int_equal(requests, 1024);
	assert_int_equal(x.net.requests_limited, 3000 - 1024);
	/* What waits in all is bounded: the pool is there to receive, too. */
	assert_int_equal(env_pool_in_use(x.pool), x.pool->size / 8);
	nf_close(&x);
}

static void
test_frames_pass(void **state)
{
	struct netframe *x = *state;
	struct rte_mbuf *m = nf_arp(x, &nf_broadcast, 1, &nf_mac, NF_OURS4, NF_PEER4);

	txlist_append(&x->out, m, NEXT_HOP_FRAME);
	assert_int_equal(nf_turn(x), 1);
	assert_ptr_equal(x->ready[0], m);
	assert_int_equal(m->pkt_len, WIRE_ETH_LEN + WIRE_ARP_LEN);
}

static void
test_announcements(void **state)
{
	struct netframe *x = *state;
	struct spt_addr all_nodes = {.b = {0xff, 0x02, [15] = 1}}, src;
	struct wire_arp arp;
	struct wire_nd nd;

	assert_int_equal(net_announce(&x->net, x->now, x->ready, 1), 1);
	x->n_ready = 1;
	nf_drop_ready(x);
	x->n_ready = net_announce(&x->net, x->now, x->ready, 8);
	assert_int_equal(x->n_ready, 2);
	arp = nf_expect_arp(x, &nf_broadcast);
	assert_int_equal(arp.op, 1);
	assert_int_equal(arp.spa, RTE_BE32(RTE_IPV4(10, 0, 0, 1)));
	assert_int_equal(arp.tpa, arp.spa);
	nd = nf_expect_nd(x, &(struct rte_ether_addr){{0x33, 0x33, 0, 0, 0, 1}}, all_nodes, &src);
	assert_int_equal(nd.type, 136);
	assert_true(addr_eq(&nd.target, &src));
	assert_true(nd.override);
	assert_false(nd.solicited);
}

/* A chain whose first buffer holds headers only, as transport sends payload that is queued. */
static void
test_chains(void **state)
{
	struct netframe *x = *state;
	struct rte_mbuf *m, *payload = nf_mbuf(x, "payload", 7);

	nf_resolve(x, NF_PEER4, &nf_peer_mac);
	rte_mbuf_refcnt_update(payload, 1);
	m = nf_queue(x, NF_OURS4, NF_PEER4, NEXT_HOP_NONE, 1);
	assert_int_equal(rte_pktmbuf_chain(m, payload), 0);
	assert_int_equal(nf_turn(x), 1);
	rte_mbuf_sanity_check(m, 1);
	assert_int_equal(m->pkt_len, WIRE_ETH_LEN + WIRE_IP4_LEN + 4 + 7);
	assert_int_equal(m->data_len, WIRE_ETH_LEN + WIRE_IP4_LEN + 4);
	assert_int_equal(m->l2_len, WIRE_ETH_LEN);
	nf_drop_ready(x);
	assert_memory_equal(rte_pktmbuf_mtod(payload, char *), "payload", 7);
	rte_pktmbuf_free(payload);
}

#define T(f) cmocka_unit_test_setup_teardown(f, nf_setup, nf_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_hint),
	    T(test_gateways),
	    T(test_source_of_requests),
	    T(test_no_route),
	    cmocka_unit_test(test_without_gateways),
	    T(test_configuration),
	    T(test_advice),
	    T(test_hint_to_replaced_entry),
	    T(test_flood_of_unknown_addresses),
	    T(test_full_table),
	    cmocka_unit_test(test_requests_are_rate_limited),
	    T(test_frames_pass),
	    T(test_announcements),
	    T(test_chains),
	};

	return cmocka_run_group_tests_name("net_transmit", tests, env_group_setup, NULL);
}

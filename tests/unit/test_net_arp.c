/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP (RFC 826, RFC 5227) and the life of a neighbour entry (RFC 4861 7.3.2), over IPv4. */
#include "netframe.h"

/* The longest that an answer is believed: 1.5 times ReachableTime (RFC 4861 6.3.2). */
#define BELIEVED (45 * NF_SECOND)

static uint32_t
be(struct spt_addr a)
{
	return addr_v4(&a);
}

static void
test_request_for_us_is_answered_in_place(void **state)
{
	struct netframe *x = *state;
	struct rte_mbuf *m =
	    nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, NF_PEER4, nf_v4(10, 0, 0, 2));
	struct wire_arp arp;

	assert_int_equal(nf_input(x, m), SPT_V_ARP_REQUEST);
	assert_int_equal(nf_turn(x), 1);
	assert_ptr_equal(x->ready[0], m);
	arp = nf_expect_arp(x, &nf_peer_mac);
	assert_int_equal(arp.op, 2);
	assert_true(rte_is_same_ether_addr(&arp.tha, &nf_peer_mac));
	assert_int_equal(arp.spa, be(nf_v4(10, 0, 0, 2)));
	assert_int_equal(arp.tpa, be(NF_PEER4));
	/* RFC 826: the target learns the sender, and need not ask. */
	assert_int_equal(nf_state(x, NF_PEER4), NEIGHBOUR_STALE);
	assert_int_equal(nf_send(x, NF_PEER4, 1), 1);
	nf_expect_packet(x, &nf_peer_mac, NF_PEER4, 1);
}

static void
test_shared_request_is_not_overwritten(void **state)
{
	struct netframe *x = *state;
	struct rte_mbuf *m = nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, NF_PEER4, NF_OURS4);
	uint8_t before[WIRE_ETH_LEN + WIRE_ARP_LEN];

	memcpy(before, rte_pktmbuf_mtod(m, void *), sizeof(before));
	rte_mbuf_refcnt_update(m, 1);
	assert_int_equal(nf_input(x, m), SPT_V_ARP_REQUEST);
	assert_int_equal(nf_turn(x), 1);
	assert_ptr_not_equal(x->ready[0], m);
	assert_int_equal(nf_expect_arp(x, &nf_peer_mac).op, 2);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), before, sizeof(before));
	rte_pktmbuf_free(m);
}

static void
test_request_for_another(void **state)
{
	struct netframe *x = *state;
	struct spt_addr other = nf_v4(10, 0, 0, 77);

	assert_int_equal(nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, NF_PEER4, other)),
	    SPT_V_ARP_IGNORED);
	assert_int_equal(nf_state(x, NF_PEER4), -1);
	nf_resolve(x, NF_PEER4, &nf_peer_mac);
	/* Merge flag of RFC 826: an entry that exists is brought up to date. */
	assert_int_equal(nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_other_mac, NF_PEER4, other)),
	    SPT_V_ARP_REPLY);
	assert_int_equal(nf_state(x, NF_PEER4), NEIGHBOUR_STALE);
	assert_int_equal(nf_send(x, NF_PEER4, 2), 1);
	nf_expect_packet(x, &nf_other_mac, NF_PEER4, 2);
}

static void
test_gratuitous_updates_only(void **state)
{
	struct netframe *x = *state;

	for (uint16_t op = 1; op <= 2; op++)
		assert_int_equal(
		    nf_input(x, nf_arp(x, &nf_broadcast, op, &nf_peer_mac, NF_PEER4, NF_PEER4)),
		    SPT_V_ARP_IGNORED);
	assert_int_equal(nf_state(x, NF_PEER4), -1);
	nf_resolve(x, NF_PEER4, &nf_peer_mac);
	/* No news: the entry stays confirmed. */
	assert_int_equal(nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, NF_PEER4, NF_PEER4)),
	    SPT_V_ARP_IGNORED);
	assert_int_equal(nf_state(x, NF_PEER4), NEIGHBOUR_REACHABLE);
	assert_int_equal(
	    nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_other_mac, NF_PEER4, NF_PEER4)),
	    SPT_V_ARP_REPLY);
	assert_int_equal(nf_state(x, NF_PEER4), NEIGHBOUR_STALE);
}

static void
test_broadcast_reply_confirms_nothing(void **state)
{
	struct netframe *x = *state;

	nf_send(x, NF_PEER4, 1);
	assert_int_equal(nf_input(x, nf_arp(x, &nf_broadcast, 2, &nf_peer_mac, NF_PEER4, NF_OURS4)),
	    SPT_V_ARP_REPLY);
	assert_int_equal(nf_state(x, NF_PEER4), NEIGHBOUR_STALE);
}

static void
test_probe_is_answered_and_not_learnt(void **state)
{
	struct netframe *x = *state;
	struct spt_addr zero = nf_v4(0, 0, 0, 0);
	struct wire_arp arp;

	assert_int_equal(nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, zero, NF_OURS4)),
	    SPT_V_ARP_REQUEST);
	nf_turn(x);
	arp = nf_expect_arp(x, &nf_peer_mac);
	assert_int_equal(arp.spa, be(NF_OURS4));
	assert_int_equal(arp.tpa, 0);
	assert_int_equal(nf_state(x, zero), -1);
}

static void
test_off_link_and_group_senders_are_not_learnt(void **state)
{
	struct netframe *x = *state;

	assert_int_equal(nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, NF_FAR4, NF_OURS4)),
	    SPT_V_ARP_REQUEST);
	assert_int_equal(nf_state(x, NF_FAR4), -1);
	assert_int_equal(
	    nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, nf_v4(10, 0, 0, 255), NF_OURS4)),
	    SPT_V_ARP_REQUEST);
	assert_int_equal(nf_state(x, nf_v4(10, 0, 0, 255)), -1);
	assert_int_equal(nf_turn(x), 2);
}

static void
test_conflict_is_defended_once_in_ten_seconds(void **state)
{
	struct netframe *x = *state;
	struct wire_arp arp;

	assert_int_equal(nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, NF_OURS4, NF_OURS4)),
	    SPT_V_ARP_CONFLICT);
	assert_int_equal(nf_turn(x), 1);
	arp = nf_expect_arp(x, &nf_broadcast);
	assert_int_equal(arp.op, 1);
	assert_int_equal(arp.spa, be(NF_OURS4));
	assert_int_equal(arp.tpa, be(NF_OURS4));
	x->now += 10 * NF_SECOND - 1;
	assert_int_equal(nf_input(x, nf_arp(x, &nf_mac, 2, &nf_peer_mac, NF_OURS4, NF_OURS4)),
	    SPT_V_ARP_CONFLICT);
	assert_int_equal(nf_turn(x), 0);
	x->now += 1;
	assert_int_equal(nf_input(x, nf_arp(x, &nf_mac, 2, &nf_peer_mac, NF_OURS4, NF_OURS4)),
	    SPT_V_ARP_CONFLICT);
	assert_int_equal(nf_turn(x), 1);
	assert_int_equal(x->net.conflicts, 3);
	/* Another core of ours has the same MAC: no conflict. */
	assert_int_equal(nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_mac, NF_OURS4, NF_OURS4)),
	    SPT_V_ARP_IGNORED);
	assert_int_equal(x->net.conflicts, 3);
	assert_int_equal(nf_state(x, NF_OURS4), -1);
}

static void
test_malformed(void **state)
{
	struct netframe *x = *state;
	static const struct rte_ether_addr group = {{0x01, 0, 0x5e, 0, 0, 1}};
	struct rte_mbuf *m = nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, NF_PEER4, NF_OURS4);

	rte_pktmbuf_trim(m, 1);
	assert_int_equal(nf_input(x, m), SPT_V_ARP_BAD);
	assert_int_equal(
	    nf_input(x, nf_arp(x, &nf_broadcast, 1, &group, NF_PEER4, NF_OURS4)), SPT_V_ARP_BAD);
	assert_int_equal(nf_turn(x), 0);
}

/* RFC 1122 2.3.2: asked three times a second apart, then packets are dropped and counted. */
static void
test_unanswered_requests(void **state)
{
	struct netframe *x = *state;
	struct wire_arp arp;

	nf_queue(x, nf_v4(10, 0, 0, 3), NF_PEER4, NEXT_HOP_NONE, 1);
	nf_queue(x, NF_OURS4, NF_PEER4, NEXT_HOP_NONE, 2);
	assert_int_equal(nf_turn(x), 1);
	for (int i = 0; i < 3; i++) {
		arp = nf_expect_arp(x, &nf_broadcast);
		assert_int_equal(arp.op, 1);
		assert_int_equal(arp.tpa, be(NF_PEER4));
		/* Of the packet that waits longest. */
		assert_int_equal(arp.spa, be(nf_v4(10, 0, 0, 3)));
		assert_int_equal(net_next_deadline(&x->net), x->now + NF_SECOND);
		x->now += NF_SECOND - 1;
		assert_int_equal(nf_turn(x), 0);
		x->now += 1;
		assert_int_equal(nf_turn(x), i < 2);
	}
	assert_int_equal(x->net.dropped_unresolved, 2);
	assert_int_equal(nf_state(x, NF_PEER4), NEIGHBOUR_FAILED);
	assert_int_equal(net_next_deadline(&x->net), SPT_TIME_NEVER);
	assert_int_equal(env_pool_in_use(x->pool), 0);
}

static void
test_failure_is_remembered_for_a_moment(void **state)
{
	struct netframe *x = *state;

	nf_send(x, NF_PEER4, 0);
	for (int i = 0; i < 3; i++) {
		x->now += NF_SECOND;
		nf_turn(x);
	}
	for (int i = 0; i < 100; i++)
		assert_int_equal(nf_send(x, NF_PEER4, 1), 0);
	assert_int_equal(x->net.dropped_unresolved, 101);
	assert_int_equal(net_next_deadline(&x->net), SPT_TIME_NEVER);
	x->now += NEIGHBOUR_HOLD_DOWN;
	assert_int_equal(nf_send(x, NF_PEER4, 2), 1);
	assert_int_equal(nf_expect_arp(x, &nf_broadcast).op, 1);
	/* It may speak up itself in the meantime. */
	assert_int_equal(nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, NF_PEER4, NF_OURS4)),
	    SPT_V_ARP_REQUEST);
	assert_int_equal(nf_turn(x), 2);
	nf_expect_packet(x, &nf_peer_mac, NF_PEER4, 2);
	assert_int_equal(nf_expect_arp(x, &nf_peer_mac).op, 2);
}

static void
test_failed_neighbour_speaks(void **state)
{
	struct netframe *x = *state;

	nf_send(x, NF_PEER4, 0);
	for (int i = 0; i < 3; i++) {
		x->now += NF_SECOND;
		nf_turn(x);
	}
	assert_int_equal(nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, NF_PEER4, NF_PEER4)),
	    SPT_V_ARP_REPLY);
	assert_int_equal(nf_send(x, NF_PEER4, 1), 1);
	nf_expect_packet(x, &nf_peer_mac, NF_PEER4, 1);
}

static void
test_answer_frees_what_waited_in_order(void **state)
{
	struct netframe *x = *state;
	struct rte_mbuf *part[3];

	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(nf_send(x, NF_PEER4, i), i == 0);
	assert_int_equal(
	    nf_input(x, nf_arp(x, &nf_mac, 2, &nf_peer_mac, NF_PEER4, NF_OURS4)), SPT_V_ARP_REPLY);
	assert_int_equal(net_next_deadline(&x->net), 0);
	/* A caller with little room gets them by and by. */
	assert_int_equal(net_timers(&x->net, x->now, part, 3), 3);
	nf_check(x);
	assert_int_equal(net_next_deadline(&x->net), 0);
	assert_int_equal(nf_send(x, NF_PEER4, 5), 3);
	for (uint32_t i = 3; i < 6; i++)
		nf_expect_packet(x, &nf_peer_mac, NF_PEER4, i);
	memcpy(x->ready, part, sizeof(part));
	x->n_taken = 0;
	x->n_ready = 3;
	for (uint32_t i = 0; i < 3; i++)
		nf_expect_packet(x, &nf_peer_mac, NF_PEER4, i);
	assert_int_equal(net_next_deadline(&x->net), SPT_TIME_NEVER);
	assert_int_equal(x->net.dropped_unresolved, 0);
}

static void
test_the_oldest_gives_way(void **state)
{
	struct netframe *x = *state;

	for (uint32_t i = 0; i < NEIGHBOUR_PENDING + 3; i++)
		nf_send(x, NF_PEER4, i);
	assert_int_equal(x->net.dropped_unresolved, 3);
	assert_int_equal(env_pool_in_use(x->pool), NEIGHBOUR_PENDING);
	nf_input(x, nf_arp(x, &nf_mac, 2, &nf_peer_mac, NF_PEER4, NF_OURS4));
	assert_int_equal(nf_turn(x), NEIGHBOUR_PENDING);
	for (uint32_t i = 3; i < NEIGHBOUR_PENDING + 3; i++)
		nf_expect_packet(x, &nf_peer_mac, NF_PEER4, i);
}

/* RFC 4861 7.3.3, by ARP: stale, delay, probe by unicast, confirmed again. */
static void
test_ageing_and_probe(void **state)
{
	struct netframe *x = *state;
	struct wire_arp arp;

	nf_resolve(x, NF_PEER4, &nf_peer_mac);
	assert_int_equal(net_next_deadline(&x->net), SPT_TIME_NEVER);
	x->now += BELIEVED;
	assert_int_equal(nf_send(x, NF_PEER4, 1), 1);
	nf_expect_packet(x, &nf_peer_mac, NF_PEER4, 1);
	assert_int_equal(nf_state(x, NF_PEER4), NEIGHBOUR_DELAY);
	x->now += NEIGHBOUR_DELAY_TIME - 1;
	assert_int_equal(nf_send(x, NF_PEER4, 2), 1);
	nf_expect_packet(x, &nf_peer_mac, NF_PEER4, 2);
	x->now += 1;
	assert_int_equal(nf_send(x, NF_PEER4, 3), 2);
	arp = nf_expect_arp(x, &nf_peer_mac);
	assert_int_equal(arp.op, 1);
	assert_int_equal(arp.tpa, be(NF_PEER4));
	nf_expect_packet(x, &nf_peer_mac, NF_PEER4, 3);
	/* Packets pass while it is probed. */
	assert_int_equal(nf_send(x, NF_PEER4, 4), 1);
	nf_expect_packet(x, &nf_peer_mac, NF_PEER4, 4);
	assert_int_equal(
	    nf_input(x, nf_arp(x, &nf_mac, 2, &nf_peer_mac, NF_PEER4, NF_OURS4)), SPT_V_ARP_REPLY);
	assert_int_equal(nf_state(x, NF_PEER4), NEIGHBOUR_REACHABLE);
	assert_int_equal(net_next_deadline(&x->net), SPT_TIME_NEVER);
}

static void
test_probe_unanswered(void **state)
{
	struct netframe *x = *state;

	nf_resolve(x, NF_PEER4, &nf_peer_mac);
	x->now += BELIEVED;
	nf_send(x, NF_PEER4, 1);
	x->now += NEIGHBOUR_DELAY_TIME;
	assert_int_equal(nf_send(x, NF_PEER4, 2), 2);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(nf_expect_arp(x, &nf_peer_mac).op, 1);
		x->now += NF_SECOND;
		assert_int_equal(nf_turn(x), i < 2);
	}
	/* Forgotten: whoever has the address now is asked by broadcast. */
	assert_int_equal(nf_state(x, NF_PEER4), NEIGHBOUR_NONE);
	assert_int_equal(nf_send(x, NF_PEER4, 3), 1);
	assert_int_equal(nf_expect_arp(x, &nf_broadcast).tpa, be(NF_PEER4));
	nf_input(x, nf_arp(x, &nf_mac, 2, &nf_other_mac, NF_PEER4, NF_OURS4));
	assert_int_equal(nf_turn(x), 1);
	nf_expect_packet(x, &nf_other_mac, NF_PEER4, 3);
}

static void
test_times_of_belief_differ(void **state)
{
	struct netframe *x = *state;
	spt_time first = 0;
	unsigned int different = 0;

	for (uint8_t i = 0; i < 8; i++) {
		struct spt_addr a = nf_v4(10, 0, 0, (uint8_t)(20 + i));
		const struct neighbour *e;

		nf_resolve(x, a, &nf_peer_mac);
		e = neighbour_find(&x->net, &a);
		assert_in_range(e->until - x->now, NEIGHBOUR_REACHABLE_TIME / 2, BELIEVED);
		if (i == 0)
			first = e->until;
		different += e->until != first;
	}
	assert_in_range(different, 6, 7);
}

static void
test_no_mbuf(void **state)
{
	struct netframe *x = *state;
	struct rte_mbuf *m = nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, NF_PEER4, NF_OURS4);
	struct rte_mbuf *all[255];
	unsigned int n = 0;

	nf_queue(x, NF_OURS4, nf_v4(10, 0, 0, 50), NEXT_HOP_NONE, 7);
	rte_mbuf_refcnt_update(m, 1);
	while ((all[n] = rte_pktmbuf_alloc(x->pool)) != NULL)
		n++;
	assert_int_equal(nf_turn(x), 0);
	assert_int_equal(x->net.no_mbuf, 1);
	assert_int_equal(nf_input(x, m), SPT_V_ARP_IGNORED);
	assert_int_equal(x->net.no_mbuf, 2);
	rte_pktmbuf_free_bulk(all, n);
	rte_pktmbuf_free(m);
	/* The request is repeated all the same. */
	x->now += NF_SECOND;
	assert_int_equal(nf_turn(x), 1);
	assert_int_equal(nf_expect_arp(x, &nf_broadcast).op, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, nf_setup, nf_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_request_for_us_is_answered_in_place),
	    T(test_shared_request_is_not_overwritten),
	    T(test_request_for_another),
	    T(test_gratuitous_updates_only),
	    T(test_broadcast_reply_confirms_nothing),
	    T(test_probe_is_answered_and_not_learnt),
	    T(test_off_link_and_group_senders_are_not_learnt),
	    T(test_conflict_is_defended_once_in_ten_seconds),
	    T(test_malformed),
	    T(test_unanswered_requests),
	    T(test_failure_is_remembered_for_a_moment),
	    T(test_failed_neighbour_speaks),
	    T(test_answer_frees_what_waited_in_order),
	    T(test_the_oldest_gives_way),
	    T(test_ageing_and_probe),
	    T(test_probe_unanswered),
	    T(test_times_of_belief_differ),
	    T(test_no_mbuf),
	};

	return cmocka_run_group_tests_name("net_arp", tests, env_group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour discovery (RFC 4861 7.2), as it is asked of a host. */
#include "netframe.h"

static const struct rte_ether_addr all_nodes_mac = {{0x33, 0x33, 0, 0, 0, 1}};

static struct spt_addr
all_nodes(void)
{
	return (struct spt_addr){.b = {0xff, 0x02, [15] = 1}};
}

static struct wire_nd
solicitation(struct spt_addr target, const struct rte_ether_addr *lladdr)
{
	struct wire_nd nd = {.type = 135, .target = target, .has_lladdr = lladdr != NULL};

	if (lladdr != NULL)
		nd.lladdr = *lladdr;
	return nd;
}

static void
test_solicitation_is_answered_in_place(void **state)
{
	struct netframe *x = *state;
	struct wire_nd nd = solicitation(nf_v6(2), &nf_peer_mac);
	struct rte_mbuf *m = nf_nd(x, &nd, NF_PEER6, nf_solicited_node(nf_v6(2)));
	struct spt_addr src;

	assert_int_equal(nf_input(x, m), SPT_V_ND_SOLICIT);
	assert_int_equal(nf_turn(x), 1);
	assert_ptr_equal(x->ready[0], m);
	nd = nf_expect_nd(x, &nf_peer_mac, NF_PEER6, &src);
	assert_int_equal(nd.type, 136);
	assert_true(addr_eq(&nd.target, &src));
	assert_int_equal(src.b[15], 2);
	assert_true(nd.solicited);
	assert_true(nd.override);
	assert_false(nd.router);
	assert_int_equal(nf_state(x, NF_PEER6), NEIGHBOUR_STALE);
	assert_int_equal(nf_send(x, NF_PEER6, 1), 1);
	nf_expect_packet(x, &nf_peer_mac, NF_PEER6, 1);
}

/* A router asks from its link-local address, and probes by unicast (RFC 4861 7.3.3). */
static void
test_unicast_solicitation_from_link_local(void **state)
{
	struct netframe *x = *state;
	struct wire_nd nd = solicitation(NF_OURS6, &nf_peer_mac);

	assert_int_equal(nf_input(x, nf_nd(x, &nd, nf_fe80(9), NF_OURS6)), SPT_V_ND_SOLICIT);
	nf_turn(x);
	nd = nf_expect_nd(x, &nf_peer_mac, nf_fe80(9), NULL);
	assert_true(nd.solicited);
	assert_int_equal(nf_state(x, nf_fe80(9)), NEIGHBOUR_STALE);
}

/* Without a link address in it the answer goes by the table: we ask first. */
static void
test_solicitation_without_link_address(void **state)
{
	struct netframe *x = *state;
	struct wire_nd nd = solicitation(NF_OURS6, NULL);

	assert_int_equal(nf_input(x, nf_nd(x, &nd, NF_PEER6, NF_OURS6)), SPT_V_ND_SOLICIT);
	assert_int_equal(nf_turn(x), 1);
	nd = nf_expect_nd(x, &(struct rte_ether_addr){{0x33, 0x33, 0xff, 0, 0, 9}},
	    nf_solicited_node(NF_PEER6), NULL);
	assert_int_equal(nd.type, 135);
	assert_int_equal(
	    nf_input(x, nf_advert(x, NF_PEER6, &nf_peer_mac, true, true)), SPT_V_ND_ADVERT);
	assert_int_equal(nf_turn(x), 1);
	nd = nf_expect_nd(x, &nf_peer_mac, NF_PEER6, NULL);
	assert_int_equal(nd.type, 136);
}

/* RFC 4862 5.4.3: somebody tests whether our address is free. */
static void
test_duplicate_detection_is_answered_to_all(void **state)
{
	struct netframe *x = *state;
	struct spt_addr zero = {.q = {0, 0}};
	struct wire_nd nd = solicitation(NF_OURS6, NULL);

	assert_int_equal(
	    nf_input(x, nf_nd(x, &nd, zero, nf_solicited_node(NF_OURS6))), SPT_V_ND_SOLICIT);
	assert_int_equal(nf_turn(x), 1);
	nd = nf_expect_nd(x, &all_nodes_mac, all_nodes(), NULL);
	assert_int_equal(nd.type, 136);
	assert_false(nd.solicited);
	assert_true(nd.override);
	assert_int_equal(x->net.used, 2); /* the gateways */
	/* RFC 4861 7.1.1: such a probe goes to the group and names no link address. */
	nd = solicitation(NF_OURS6, NULL);
	assert_int_equal(nf_input(x, nf_nd(x, &nd, zero, NF_OURS6)), SPT_V_ND_BAD);
	nd = solicitation(NF_OURS6, &nf_peer_mac);
	assert_int_equal(
	    nf_input(x, nf_nd(x, &nd, zero, nf_solicited_node(NF_OURS6))), SPT_V_ND_BAD);
	assert_int_equal(nf_turn(x), 0);
}

static void
test_solicitations_that_are_not_for_us(void **state)
{
	struct netframe *x = *state;
	struct wire_nd nd = solicitation(nf_v6(0x77), &nf_peer_mac);

	assert_int_equal(
	    nf_input(x, nf_nd(x, &nd, NF_PEER6, nf_solicited_node(nf_v6(0x77)))), SPT_V_ND_IGNORED);
	/* Our target, another's group. */
	nd = solicitation(NF_OURS6, &nf_peer_mac);
	assert_int_equal(
	    nf_input(x, nf_nd(x, &nd, NF_PEER6, nf_solicited_node(nf_v6(0x77)))), SPT_V_ND_IGNORED);
	assert_int_equal(nf_input(x, nf_nd(x, &nd, NF_PEER6, nf_v6(0x77))), SPT_V_ND_IGNORED);
	/* From ourselves. */
	assert_int_equal(nf_input(x, nf_nd(x, &nd, nf_v6(2), NF_OURS6)), SPT_V_ND_IGNORED);
	assert_int_equal(nf_turn(x), 0);
	assert_int_equal(x->net.used, 2);
}

static void
test_routed_messages_are_refused(void **state)
{
	struct netframe *x = *state;
	struct wire_nd nd = solicitation(NF_OURS6, &nf_peer_mac);
	struct rte_mbuf *m = nf_nd(x, &nd, NF_PEER6, NF_OURS6);

	rte_pktmbuf_mtod(m, uint8_t *)[WIRE_ETH_LEN + 7] = 254;
	assert_int_equal(nf_input(x, m), SPT_V_ND_BAD);
	assert_int_equal(nf_turn(x), 0);
}

static void
test_router_messages_are_ignored(void **state)
{
	struct netframe *x = *state;
	uint8_t advert[16] = {134};
	struct spt_addr router = nf_fe80(0xfe), group = all_nodes();
	uint16_t checksum;

	checksum = (uint16_t)~wire_fold(wire_sum(advert, sizeof(advert),
	    wire_sum_pseudo(&router, &group, IP_PROTO_ICMP6, sizeof(advert))));
	memcpy(advert + 2, &checksum, sizeof(checksum));
	assert_int_equal(nf_input(x, nf_ip(x, &all_nodes_mac, router, group, IP_PROTO_ICMP6, 255,
	                                 advert, sizeof(advert))),
	    SPT_V_ND_IGNORED);
	assert_int_equal(nf_turn(x), 0);
}

static void
test_unanswered_solicitations(void **state)
{
	struct netframe *x = *state;
	static const struct rte_ether_addr group_mac = {{0x33, 0x33, 0xff, 0, 0, 9}};
	struct wire_nd nd;
	struct spt_addr src;

	nf_queue(x, nf_v6(2), NF_PEER6, NEXT_HOP_NONE, 1);
	assert_int_equal(nf_turn(x), 1);
	for (int i = 0; i < 3; i++) {
		nd = nf_expect_nd(x, &group_mac, nf_solicited_node(NF_PEER6), &src);
		assert_int_equal(nd.type, 135);
		assert_int_equal(nd.target.b[15], 9);
		assert_int_equal(src.b[15], 2); /* of the packet (RFC 4861 7.2.2) */
		x->now += NF_SECOND - 1;
		assert_int_equal(nf_turn(x), 0);
		x->now += 1;
		assert_int_equal(nf_turn(x), i < 2);
	}
	assert_int_equal(x->net.dropped_unresolved, 1);
	assert_int_equal(nf_send(x, NF_PEER6, 2), 0);
	assert_int_equal(x->net.dropped_unresolved, 2);
	x->now += NEIGHBOUR_HOLD_DOWN;
	assert_int_equal(nf_send(x, NF_PEER6, 3), 1);
}

/* RFC 4861 7.2.5, entry by entry: state and link address before, message, state and address. */
struct advert_case {
	enum neighbour_state before;
	bool has_lladdr, other, solicited, override;
	enum spt_verdict verdict;
	enum neighbour_state after;
	bool taken; /* the other link address */
};

static const struct advert_case advert_cases[] = {
    /* clang-format off */
    {NEIGHBOUR_INCOMPLETE, false, false, true, true, SPT_V_ND_IGNORED, NEIGHBOUR_INCOMPLETE, false},
    {NEIGHBOUR_INCOMPLETE, true, true, true, false, SPT_V_ND_ADVERT, NEIGHBOUR_REACHABLE, true},
    {NEIGHBOUR_INCOMPLETE, true, true, false, false, SPT_V_ND_ADVERT, NEIGHBOUR_STALE, true},
    {NEIGHBOUR_REACHABLE, true, true, true, false, SPT_V_ND_ADVERT, NEIGHBOUR_STALE, false},
    {NEIGHBOUR_REACHABLE, true, true, false, false, SPT_V_ND_ADVERT, NEIGHBOUR_STALE, false},
    {NEIGHBOUR_REACHABLE, true, true, false, true, SPT_V_ND_ADVERT, NEIGHBOUR_STALE, true},
    {NEIGHBOUR_REACHABLE, true, true, true, true, SPT_V_ND_ADVERT, NEIGHBOUR_REACHABLE, true},
    {NEIGHBOUR_REACHABLE, true, false, false, true, SPT_V_ND_IGNORED, NEIGHBOUR_REACHABLE, false},
    {NEIGHBOUR_REACHABLE, false, false, false, false, SPT_V_ND_IGNORED, NEIGHBOUR_REACHABLE, false},
    {NEIGHBOUR_STALE, true, false, true, false, SPT_V_ND_ADVERT, NEIGHBOUR_REACHABLE, false},
    {NEIGHBOUR_STALE, false, false, true, true, SPT_V_ND_ADVERT, NEIGHBOUR_REACHABLE, false},
    {NEIGHBOUR_STALE, true, true, true, false, SPT_V_ND_IGNORED, NEIGHBOUR_STALE, false},
    {NEIGHBOUR_STALE, true, false, false, true, SPT_V_ND_IGNORED, NEIGHBOUR_STALE, false},
    {NEIGHBOUR_STALE, true, true, false, true, SPT_V_ND_ADVERT, NEIGHBOUR_STALE, true},
    {NEIGHBOUR_PROBE, false, false, true, false, SPT_V_ND_ADVERT, NEIGHBOUR_REACHABLE, false},
    {NEIGHBOUR_PROBE, true, true, true, false, SPT_V_ND_IGNORED, NEIGHBOUR_PROBE, false},
    {NEIGHBOUR_PROBE, true, true, false, true, SPT_V_ND_ADVERT, NEIGHBOUR_STALE, true},
    /* clang-format on */
};

/* Bring the peer's entry to a state by what would bring it there. */
static void
reach(struct netframe *x, struct spt_addr a, enum neighbour_state wanted)
{
	struct wire_nd nd = solicitation(NF_OURS6, &nf_peer_mac);

	if (wanted == NEIGHBOUR_INCOMPLETE) {
		nf_send(x, a, 1);
	} else if (wanted == NEIGHBOUR_REACHABLE) {
		nf_resolve(x, a, &nf_peer_mac);
	} else {
		nf_input(x, nf_nd(x, &nd, a, NF_OURS6));
		nf_turn(x);
	}
	if (wanted == NEIGHBOUR_PROBE) {
		nf_send(x, a, 1);
		x->now += NEIGHBOUR_DELAY_TIME;
		nf_send(x, a, 2);
	}
	assert_int_equal(nf_state(x, a), wanted);
}

static void
check_case(struct netframe *x, unsigned int i, struct spt_addr a)
{
	const struct advert_case *c = &advert_cases[i];
	const struct rte_ether_addr *lladdr = c->other ? &nf_other_mac : &nf_peer_mac;
	const struct neighbour *e = neighbour_find(&x->net, &a);
	struct rte_mbuf *m =
	    nf_advert(x, a, c->has_lladdr ? lladdr : NULL, c->solicited, c->override);

	if (nf_input(x, m) != c->verdict || nf_state(x, a) != (int)c->after)
		fail_msg("case %u: state %d", i, nf_state(x, a));
	if (c->after != NEIGHBOUR_INCOMPLETE &&
	    rte_is_same_ether_addr(neighbour_lladdr(e), &nf_other_mac) != c->taken)
		fail_msg("case %u: wrong link address", i);
}

static void
test_advertisements(void **state)
{
	struct netframe *x = *state;

	for (uint16_t i = 0; i < RTE_DIM(advert_cases); i++) {
		struct spt_addr a = nf_v6((uint16_t)(0x100 + i));

		reach(x, a, advert_cases[i].before);
		check_case(x, i, a);
		nf_turn(x);
	}
}

static void
test_advertisements_make_no_entries(void **state)
{
	struct netframe *x = *state;

	assert_int_equal(
	    nf_input(x, nf_advert(x, NF_PEER6, &nf_peer_mac, false, true)), SPT_V_ND_IGNORED);
	assert_int_equal(nf_state(x, NF_PEER6), -1);
	/* Somebody says that he has our address: counted, not believed. */
	assert_int_equal(
	    nf_input(x, nf_advert(x, nf_v6(2), &nf_peer_mac, false, true)), SPT_V_ND_IGNORED);
	assert_int_equal(x->net.conflicts, 1);
	assert_int_equal(
	    nf_input(x, nf_advert(x, nf_v6(2), &nf_mac, false, true)), SPT_V_ND_IGNORED);
	assert_int_equal(x->net.conflicts, 1);
	assert_int_equal(nf_state(x, nf_v6(2)), -1);
}

/* A solicitation tells of a link address; only a change is news (RFC 4861 7.2.3). */
static void
test_solicitation_brings_news(void **state)
{
	struct netframe *x = *state;
	struct wire_nd nd = solicitation(NF_OURS6, &nf_peer_mac);

	nf_resolve(x, NF_PEER6, &nf_peer_mac);
	nf_input(x, nf_nd(x, &nd, NF_PEER6, NF_OURS6));
	assert_int_equal(nf_state(x, NF_PEER6), NEIGHBOUR_REACHABLE);
	nd = solicitation(NF_OURS6, &nf_other_mac);
	nf_input(x, nf_nd(x, &nd, NF_PEER6, NF_OURS6));
	assert_int_equal(nf_state(x, NF_PEER6), NEIGHBOUR_STALE);
	nf_turn(x);
	nf_send(x, NF_PEER6, 4);
	nf_expect_packet(x, &nf_other_mac, NF_PEER6, 4);
	/* It answers packets that wait, too. */
	nf_send(x, nf_v6(10), 5);
	nf_input(x, nf_nd(x, &nd, nf_v6(10), NF_OURS6));
	assert_int_equal(nf_turn(x), 2);
	nf_expect_packet(x, &nf_other_mac, nf_v6(10), 5);
	assert_int_equal(nf_state(x, nf_v6(10)), NEIGHBOUR_DELAY);
}

static void
test_off_link_sources_are_not_learnt(void **state)
{
	struct netframe *x = *state;
	struct wire_nd nd = solicitation(NF_OURS6, &nf_peer_mac);

	assert_int_equal(nf_input(x, nf_nd(x, &nd, NF_FAR6, NF_OURS6)), SPT_V_ND_SOLICIT);
	assert_int_equal(x->net.used, 2);
	nf_turn(x);
	nf_expect_nd(x, &nf_peer_mac, NF_FAR6, NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, nf_setup, nf_teardown)

static int
setup_wide(void **state)
{
	static struct netframe x;

	nf_open(&x, 64, 255);
	*state = &x;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_solicitation_is_answered_in_place),
	    T(test_unicast_solicitation_from_link_local),
	    T(test_solicitation_without_link_address),
	    T(test_duplicate_detection_is_answered_to_all),
	    T(test_solicitations_that_are_not_for_us),
	    T(test_routed_messages_are_refused),
	    T(test_router_messages_are_ignored),
	    T(test_unanswered_solicitations),
	    cmocka_unit_test_setup_teardown(test_advertisements, setup_wide, nf_teardown),
	    T(test_advertisements_make_no_entries),
	    T(test_solicitation_brings_news),
	    T(test_off_link_sources_are_not_learnt),
	};

	return cmocka_run_group_tests_name("net_nd", tests, env_group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The neighbour table under random operations. The model is the link itself: peers that
 * have a link address, change it, answer or do not. After every operation the table's
 * invariants hold, every packet is delivered, dropped (counted) or waits, one that is delivered
 * carries the link address its peer has now, and nobody is asked twice within a second.
 */
#include "netframe.h"

#define PEERS    24 /* even: IPv4, odd: IPv6 */
#define CAPACITY 12 /* so that they push one another out */
#define STEPS    20000

struct peer {
	struct spt_addr addr;
	struct rte_ether_addr mac;
	bool silent;         /* does not answer requests */
	spt_time asked;      /* by broadcast or multicast, last */
	uint64_t evicted;    /* counter of the table then */
	uint32_t sent, seen; /* tags */
	bool reordered;      /* part of what waited left late: order is not checked */
};

struct model {
	struct netframe x;
	struct env_random random;
	struct peer peer[PEERS];
	uint64_t sent, delivered, answers;
};

static uint32_t
below(struct model *w, uint32_t n)
{
	return env_random_below(&w->random, n);
}

static struct peer *
any(struct model *w)
{
	return &w->peer[below(w, PEERS)];
}

static struct peer *
peer_of(struct model *w, const struct spt_addr *a)
{
	for (unsigned int i = 0; i < PEERS; i++)
		if (addr_eq(&w->peer[i].addr, a))
			return &w->peer[i];
	fail_msg("a frame for nobody");
	return NULL;
}

static void
move(struct model *w, struct peer *p)
{
	p->mac.addr_bytes[3] = (uint8_t)below(w, 256);
	p->mac.addr_bytes[4] = (uint8_t)below(w, 256);
}

/* The peer tells us, and only us, its link address. */
static void
answer(struct model *w, struct peer *p)
{
	struct netframe *x = &w->x;
	enum spt_verdict v;

	if (addr_is_v4(&p->addr))
		v = nf_input(x, nf_arp(x, &nf_mac, 2, &p->mac, p->addr, NF_OURS4));
	else
		v = nf_input(x, nf_advert(x, p->addr, &p->mac, true, true));
	w->answers += v == SPT_V_ARP_REPLY || v == SPT_V_ND_ADVERT;
}

/* The peer moves and says so: by a gratuitous message, or by asking for us. */
static void
announce(struct model *w, struct peer *p)
{
	struct netframe *x = &w->x;
	struct wire_nd nd = {.type = 135, .target = NF_OURS6, .has_lladdr = true};
	bool gratuitous = below(w, 2);

	move(w, p);
	nd.lladdr = p->mac;
	if (addr_is_v4(&p->addr))
		nf_input(x,
		    nf_arp(x, &nf_broadcast, 1, &p->mac, p->addr, gratuitous ? p->addr : NF_OURS4));
	else if (gratuitous)
		nf_input(x, nf_advert(x, p->addr, &p->mac, false, true));
	else
		nf_input(x, nf_nd(x, &nd, p->addr, NF_OURS6));
}

/* We asked for 'target'. Whom to answer is decided, the answer itself comes later. */
static struct peer *
take_request(struct model *w, const struct spt_addr *target, bool group)
{
	struct netframe *x = &w->x;
	struct peer *p = peer_of(w, target);

	if (group) {
		if (p->asked && p->evicted == x->net.evicted)
			assert_true(x->now >= p->asked + NF_SECOND);
		p->asked = x->now;
		p->evicted = x->net.evicted;
	}
	return p;
}

static void
take_packet(struct model *w, const struct frame *f, const struct rte_ether_hdr *eth)
{
	struct peer *p = peer_of(w, &f->dst);
	uint32_t tag;

	assert_true(rte_is_same_ether_addr(&eth->dst_addr, &p->mac));
	memcpy(&tag, rte_pktmbuf_mtod_offset(f->m, char *, f->l4_off), sizeof(tag));
	if (!p->reordered)
		assert_true(tag > p->seen);
	assert_true(tag <= p->sent);
	p->seen = RTE_MAX(p->seen, tag);
	w->delivered++;
}

/* Look at one frame of ours as the whole link sees it. Returns who shall answer, or NULL. */
static struct peer *
take_frame(struct model *w, struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	bool group = rte_is_multicast_ether_addr(&eth->dst_addr);
	struct rte_ether_addr dst = eth->dst_addr;
	struct wire_arp arp;
	struct wire_nd nd;
	struct frame f;

	assert_int_equal(wire_parse_frame(m, &dst, &f), SPT_V_CONTINUE);
	if (f.class == WIRE_ARP) {
		struct spt_addr target;

		assert_int_equal(wire_parse_arp(&f, &arp), SPT_V_CONTINUE);
		target = addr_from_v4(arp.tpa);
		return arp.op == 1 ? take_request(w, &target, group) : NULL;
	}
	if (f.class == WIRE_ICMP6) {
		assert_int_equal(wire_parse_nd(&f, &nd), SPT_V_CONTINUE);
		return nd.type == 135 ? take_request(w, &nd.target, group) : NULL;
	}
	take_packet(w, &f, eth);
	return NULL;
}

static void
check_conservation(struct model *w)
{
	const struct net *n = &w->x.net;

	assert_int_equal(w->sent, w->delivered + n->dropped_unresolved + n->n_pending);
	assert_int_equal(env_pool_in_use(w->x.pool), n->n_pending);
}

static void
turn(struct model *w)
{
	struct netframe *x = &w->x;
	struct peer *askers[64];
	unsigned int n = 0;

	nf_turn(x);
	while (x->n_taken < x->n_ready) {
		struct rte_mbuf *m = nf_take(x);
		struct peer *p = take_frame(w, m);

		rte_pktmbuf_free(m);
		if (p != NULL && !p->silent && n < RTE_DIM(askers))
			askers[n++] = p;
	}
	check_conservation(w);
	for (unsigned int i = 0; i < PEERS && x->net.n_pending == 0; i++)
		w->peer[i].reordered = false;
	for (unsigned int i = 0; i < n; i++)
		if (below(w, 4))
			answer(w, askers[i]);
}

static void
send_some(struct model *w, struct peer *p, unsigned int count)
{
	static const uint16_t no_hint = NEXT_HOP_NONE;
	struct netframe *x = &w->x;

	while (count--) {
		uint16_t hint = below(w, 2) ? (uint16_t)below(w, CAPACITY + 2) : no_hint;

		if (below(w, 3) == 0)
			hint = net_next_hop(&x->net, x->now, &p->addr);
		nf_queue(x, addr_is_v4(&p->addr) ? NF_OURS4 : NF_OURS6, p->addr, hint, ++p->sent);
		w->sent++;
	}
}

/* A port with little room: part of what waited leaves, the rest later. */
static void
little_room(struct model *w)
{
	struct netframe *x = &w->x;

	nf_drop_ready(x);
	x->n_ready = net_timers(&x->net, x->now, x->ready, 1 + below(w, 3));
	for (unsigned int i = 0; i < PEERS; i++)
		w->peer[i].reordered = true;
	while (x->n_taken < x->n_ready) {
		struct rte_mbuf *m = nf_take(x);

		take_frame(w, m);
		rte_pktmbuf_free(m);
	}
	nf_check(x);
}

static void
step(struct model *w)
{
	struct netframe *x = &w->x;

	switch (below(w, 12)) {
	case 0:
	case 1:
	case 2:
	case 3: send_some(w, any(w), 1 + below(w, 4)); break;
	case 4: send_some(w, any(w), 1 + below(w, 2 * NEIGHBOUR_PENDING)); break;
	case 5: announce(w, any(w)); break;
	case 6: any(w)->silent = below(w, 3) == 0; break;
	case 7: txlist_doubt(&x->out, (uint16_t)below(w, CAPACITY + 2)); break;
	case 8: x->now += below(w, 2000) * SPT_NS_PER_MS; break;
	case 9: x->now += below(w, 50) == 0 ? below(w, 100) * NF_SECOND : 1; break;
	case 10: little_room(w); return;
	default: answer(w, any(w)); break;
	}
	nf_check(x);
	turn(w);
}

static void
run(uint64_t seed)
{
	static struct model w;

	memset(&w, 0, sizeof(w));
	nf_open(&w.x, CAPACITY, 255);
	env_random_seed(&w.random, seed);
	for (unsigned int i = 0; i < PEERS; i++) {
		w.peer[i].addr =
		    i % 2 ? nf_v6((uint16_t)(100 + i)) : nf_v4(10, 0, 0, (uint8_t)(100 + i));
		w.peer[i].mac = (struct rte_ether_addr){{0x02, 0x10, 0, 0, 0, (uint8_t)i}};
		w.peer[i].silent = i % 5 == 0;
	}
	for (unsigned int i = 0; i < STEPS; i++)
		step(&w);
	/* Whatever it waits for comes or does not: in the end nothing waits. */
	for (unsigned int i = 0; i < 10; i++) {
		w.x.now += NF_SECOND;
		turn(&w);
	}
	assert_int_equal(w.x.net.n_pending, 0);
	assert_int_equal(env_pool_in_use(w.x.pool), 0);
	/* All of it happened, or the run proves little. */
	assert_true(w.delivered > STEPS / 8);
	assert_true(w.x.net.dropped_unresolved > 100);
	assert_true(w.x.net.evicted > 100);
	assert_true(w.answers > 100);
	nf_close(&w.x);
}

static void
test_random_operations(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++)
		run(seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random_operations),
	};

	return cmocka_run_group_tests_name("neighbour", tests, env_group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flood from forged sources of our own link: each is answered, so each is asked for. Neighbours
 * that exist stay known, nobody on the link is asked without end, and what is kept is bounded.
 */
#include "netframe.h"

#define HONEST    6
#define NEWCOMERS 12 /* of 16 places, two of which are gateways' */
#define STEP      (10 * SPT_NS_PER_MS)
#define PER_STEP  60 /* 6,000 a second: more than are asked for */
#define SECONDS   90

#define OURS nf_v4(198, 18, 0, 1)

struct link {
	struct netframe *x;
	uint64_t requests, probes, delivered;
	uint32_t forged;
};

static struct spt_addr
honest(unsigned int i)
{
	return nf_v4(198, 18, 7, (uint8_t)(20 + i));
}

/* Who is asked for answers, if it exists. Everybody's frames are seen, and taken. */
static void
link_take(struct link *l)
{
	struct netframe *x = l->x;

	while (x->n_taken < x->n_ready) {
		struct rte_mbuf *m = x->ready[x->n_taken++];
		const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const void *);
		struct wire_arp arp;
		struct frame f;

		if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_ARP)) {
			l->delivered++;
			rte_pktmbuf_free(m);
			continue;
		}
		assert_int_equal(wire_parse_frame(m, &eth->dst_addr, &f), SPT_V_CONTINUE);
		assert_int_equal(wire_parse_arp(&f, &arp), SPT_V_CONTINUE);
		if (rte_is_broadcast_ether_addr(&eth->dst_addr))
			l->requests++;
		else
			l->probes += arp.op == 1; /* not our answers */
		rte_pktmbuf_free(m);
		for (unsigned int i = 0; i < HONEST; i++) {
			struct spt_addr a = honest(i);

			if (arp.tpa == addr_v4(&a))
				nf_input(x, nf_arp(x, &nf_mac, 2, &nf_peer_mac, a, OURS));
		}
	}
	x->n_ready = x->n_taken = 0;
}

/* As nf_turn, without the check of all invariants. */
static void
link_turn(struct link *l)
{
	struct netframe *x = l->x;

	x->n_ready = net_timers(&x->net, x->now, x->ready, TXLIST_SIZE);
	x->n_ready += net_transmit(&x->net, x->now, &x->out, x->ready + x->n_ready);
	link_take(l);
}

/* The second half of 198.18.0.0/15, which is on our link: each address in turn. */
static struct spt_addr
forge(uint32_t n)
{
	return nf_v4(198, 19, (uint8_t)(n >> 8), (uint8_t)n);
}

static void
queue(struct netframe *x, struct spt_addr to)
{
	nf_queue(x, OURS, to, net_next_hop(&x->net, x->now, &to), 0);
}

/* An honest neighbour wants to talk to us, so it asks for us first. */
static void
ask_us(struct netframe *x, unsigned int i)
{
	assert_int_equal(nf_input(x, nf_arp(x, &nf_broadcast, 1, &nf_peer_mac, honest(i), OURS)),
	    SPT_V_ARP_REQUEST);
}

/* STEP of the flood, and at its end, when the limiter has nothing left, the timers once more. */
static void
flood_step(struct link *l)
{
	struct netframe *x = l->x;

	x->now += STEP - 1;
	for (unsigned int i = 0; i < PER_STEP; i++)
		queue(x, forge(l->forged++));
	link_turn(l);
	x->now += 1;
	link_turn(l);
}

/*
 * Neighbours are used, age, are probed and answer, while the link's addresses are asked for as fast
 * as the limit lets: none of them is forgotten, every packet goes to them at once.
 */
static void
test_neighbours_stay_known(void **state)
{
	struct netframe *x = *state;
	struct link l = {.x = x};
	uint64_t sent = 0;

	for (unsigned int i = 0; i < HONEST; i++)
		ask_us(x, i);
	for (unsigned int step = 0; step < SECONDS * 100; step++) {
		flood_step(&l);
		for (unsigned int i = 0; i < HONEST && step % 10 == 0; i++, sent++)
			queue(x, honest(i));
		link_turn(&l);
		for (unsigned int i = 0; i < HONEST; i++)
			assert_true(nf_state(x, honest(i)) >= NEIGHBOUR_STALE);
	}
	nf_check(x);
	assert_int_equal(l.delivered, sent);
	assert_true(l.probes >= 2 * HONEST);
	/* Others hear no more than the limit's: 1,024 at once, 2,000 a second. */
	assert_true(l.requests > 1024 && l.requests <= 1024 + 2000 * SECONDS);
	assert_true(x->net.requests_limited > 0);
	assert_true(x->net.unresolved <= x->net.unresolved_max);
}

/* A table that is full, half of it of those who do not exist: who does finds a place, and stays. */
static void
test_newcomers_stay(void **state)
{
	struct netframe *x = *state;
	struct link l = {.x = x};

	for (unsigned int i = 0; i < NEWCOMERS; i++) {
		for (unsigned int step = 0; step < 10; step++)
			flood_step(&l);
		ask_us(x, i);
	}
	assert_int_equal(x->net.used, x->net.capacity);
	for (unsigned int step = 0; step < 500; step++)
		flood_step(&l);
	for (unsigned int i = 0; i < NEWCOMERS; i++)
		assert_true(nf_state(x, honest(i)) >= NEIGHBOUR_STALE);
	nf_check(x);
}

static int
setup(void **state)
{
	const struct spt_local local = {.first = OURS, .count = 1, .prefix = 15};
	static struct netframe x;
	char error[100];

	nf_open(&x, 16, 1023);
	*state = &x;
	return local_init(&x.local, &local, 1, error, sizeof(error));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_neighbours_stay_known, setup, nf_teardown),
	    cmocka_unit_test_setup_teardown(test_newcomers_stay, setup, nf_teardown),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

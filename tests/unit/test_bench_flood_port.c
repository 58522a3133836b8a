/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flood's port in virtual time: that its frames are what they should be, as many as were asked
 * for and no more, and share the queue with the engine's as equals; and that what comes back for
 * them stays away from the engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include <lib/env.h>
#include <lib/packet.h>

#include "base/addr.h"
#include "bench/flood.h"
#include "bench/flood_port.h"
#include "common/address.h"
#include "port/port.h"

#define MBUFS 8191
#define RING  4096
#define US    SPT_NS_PER_US
#define MS    SPT_NS_PER_MS

static struct rte_mempool *pool;
static struct spt_port *near_end, *far_end;
static struct flood_port *flood;
static spt_time now;
static struct spt_endpoint target;

static struct spt_addr
address(const char *text)
{
	struct spt_addr a;
	char error[100];

	assert_int_equal(address_parse(text, &a, error, sizeof(error)), 0);
	return a;
}

static void
open_flood(enum flood_kind kind, const char *prefix, uint8_t length, const char *to, uint32_t ring,
    uint64_t seed)
{
	const struct spt_memory_pair_config pair = {
	    .name = "flood test", .ring_size = ring, .socket = -1, .pool = {pool, pool}};
	struct flood_config config = {.kind = kind,
	    .prefix = address(prefix),
	    .length = length,
	    .target = &target,
	    .n_targets = 1,
	    .seed = seed,
	    .pool = pool};
	struct spt_port *port[2];

	now = ENV_EPOCH;
	target = (struct spt_endpoint){.addr = address(to), .port = 80};
	assert_int_equal(spt_port_memory_pair_create(&pair, port), 0);
	near_end = port[0];
	far_end = port[1];
	assert_int_equal(flood_port_create(&config, &near_end, &flood), 0);
}

static void
open_syns(void)
{
	open_flood(FLOOD_SYN, "198.18.0.0", 15, "10.0.0.2", RING, 1);
}

static void
close_flood(void)
{
	spt_port_destroy(near_end);
	spt_port_destroy(far_end);
	assert_int_equal(env_pool_in_use(pool), 0);
}

static struct rte_mbuf *
packet(const struct packet *p)
{
	uint8_t flat[PACKET_MAX];
	unsigned int n = packet_build(p, flat);
	struct rte_mbuf *m = packet_mbuf(pool, flat, n);

	assert_non_null(m);
	return m;
}

/* A frame of an honest client, to the target. */
static struct packet
honest(void)
{
	bool v4 = addr_is_v4(&target.addr);

	return (struct packet){.family = v4 ? 4 : 6,
	    .ttl = 64,
	    .src = address(v4 ? "10.0.0.1" : "fd00::1"),
	    .dst = target.addr,
	    .eth_src = near_end->mac,
	    .eth_dst = far_end->mac,
	    .sport = 5000,
	    .dport = 80,
	    .flags = P_SYN};
}

static void
send_honest(void)
{
	const struct packet p = honest();
	struct rte_mbuf *m = packet(&p);

	assert_int_equal(port_tx(near_end, now, &m, 1), 1);
}

/* Take a frame at the far end: false, there is none. */
static bool
take(struct packet *p)
{
	static uint8_t flat[PACKET_MAX];
	struct rte_mbuf *m;
	unsigned int n;

	if (port_rx(far_end, now, &m, 1) == 0)
		return false;
	n = packet_flatten(m, flat);
	rte_pktmbuf_free(m);
	assert_int_equal(packet_parse(flat, n, p), PACKET_TCP);
	return true;
}

static unsigned int
drain(unsigned int most)
{
	struct rte_mbuf *m[PORT_BURST];
	unsigned int all = 0, n;

	do {
		n = port_rx(
		    far_end, now, m, (uint16_t)RTE_MIN(most - all, (unsigned int)PORT_BURST));
		rte_pktmbuf_free_bulk(m, n);
		all += n;
	} while (n > 0 && all < most);
	return all;
}

/* Let it learn the way, and begin. */
static void
begin(double rate)
{
	struct packet p;

	assert_false(flood_port_ready(flood));
	send_honest();
	assert_true(flood_port_ready(flood));
	assert_true(take(&p));
	flood_port_start(flood, rate, now);
}

/* A turn of an engine that has nothing to send. */
static void
turn(spt_time step)
{
	struct rte_mbuf *m;

	now += step;
	assert_int_equal(port_rx(near_end, now, &m, 1), 0);
}

/* ---- frames ------------------------------------------------------------------ */

static bool
has_prefix(const struct spt_addr *a, const char *prefix, unsigned int length)
{
	struct spt_addr network = address(prefix);

	return address_in_network(a, &network, length);
}

static void
check_kind(enum flood_kind kind, uint8_t flags, const char *prefix, uint8_t length, const char *to)
{
	uint32_t before = 0, acks = 0;
	struct packet p;
	unsigned int n = 0;

	open_flood(kind, prefix, length, to, RING, 7);
	begin(1e6);
	for (unsigned int i = 0; i < 100; i++)
		turn(20 * US);
	for (; take(&p); n++) {
		assert_null(p.fault);
		assert_int_equal(p.flags, flags);
		assert_int_equal(p.options, flags == P_SYN ? P_MSS : 0);
		assert_memory_equal(&p.eth_dst, &far_end->mac, sizeof(p.eth_dst));
		assert_memory_equal(&p.eth_src, &near_end->mac, sizeof(p.eth_src));
		assert_true(addr_eq(&p.dst, &target.addr));
		assert_true(has_prefix(&p.src, prefix, length));
		assert_int_equal(p.dport, 80);
		assert_true(p.sport >= 1024);
		assert_int_equal(p.len, 0);
		assert_int_not_equal(p.seq, before);
		before = p.seq;
		acks += p.ack != 0;
	}
	assert_int_equal(n, 2000);
	assert_int_equal(acks, flags & P_ACK ? 2000 : 0);
	close_flood();
}

static void
frames_are_right(void **state)
{
	static const struct {
		enum flood_kind kind;
		uint8_t flags;
	} kinds[] = {
	    {FLOOD_SYN, P_SYN}, {FLOOD_ACK, P_ACK}, {FLOOD_RST, P_RST}, {FLOOD_FIN, P_FIN | P_ACK}};

	for (size_t i = 0; i < RTE_DIM(kinds); i++) {
		check_kind(kinds[i].kind, kinds[i].flags, "198.18.0.0", 15, "10.0.0.2");
		check_kind(kinds[i].kind, kinds[i].flags, "2001:2::", 48, "fd00::2");
	}
}

/* Every source of a small prefix comes, and no other; the random bits of a large one all change. */
static void
sources_cover_the_prefix(void **state)
{
	struct spt_addr all = {.q = {0}}, none = {.q = {UINT64_MAX, UINT64_MAX}};
	bool seen[256] = {false};
	struct packet p;

	open_flood(FLOOD_SYN, "198.18.5.0", 24, "10.0.0.2", RING, 3);
	begin(1e6);
	for (unsigned int i = 0; i < 30; i++) {
		turn(100 * US);
		while (take(&p))
			seen[p.src.b[15]] = true;
	}
	for (unsigned int i = 0; i < 256; i++)
		assert_true(seen[i]);
	close_flood();

	open_flood(FLOOD_SYN, "2001:2::", 52, "fd00::2", RING, 3);
	begin(1e6);
	turn(200 * US);
	while (take(&p))
		for (unsigned int i = 0; i < 2; i++) {
			all.q[i] |= p.src.q[i];
			none.q[i] &= p.src.q[i];
		}
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(all.b[i] & ~none.b[i], i < 6 ? 0 : i == 6 ? 0x0f : 0xff);
	close_flood();
}

static void
a_seed_makes_the_same_flood(void **state)
{
	struct packet first[3][32];

	for (unsigned int run = 0; run < 3; run++) {
		open_flood(FLOOD_SYN, "198.18.0.0", 15, "10.0.0.2", RING, run == 2 ? 6 : 5);
		begin(1e6);
		turn(32 * US);
		for (unsigned int i = 0; i < 32; i++)
			assert_true(take(&first[run][i]));
		close_flood();
	}
	for (unsigned int i = 0; i < 32; i++) {
		assert_true(addr_eq(&first[0][i].src, &first[1][i].src));
		assert_int_equal(first[0][i].seq, first[1][i].seq);
		assert_int_not_equal(first[0][i].seq, first[2][i].seq);
	}
}

/* What one run left half open at a target is not what the next one hits. */
static void
runs_differ(void **state)
{
	const struct spt_memory_pair_config pair = {
	    .name = "flood test", .ring_size = RING, .socket = -1, .pool = {pool, pool}};
	static struct bench bench;
	struct packet p[2];
	char error[100];

	for (unsigned int run = 0; run < 2; run++) {
		struct spt_port *port[2];

		now = ENV_EPOCH;
		assert_int_equal(spt_port_memory_pair_create(&pair, port), 0);
		near_end = port[0];
		far_end = port[1];
		target = (struct spt_endpoint){.addr = address("10.0.0.2"), .port = 80};
		bench.options.target[0] = target;
		bench.options.n_target = 1;
		bench.options.flood.prefix = address("198.18.0.0");
		bench.options.flood.length = 15;
		assert_int_equal(
		    flood_wrap_port(&bench, 0, 0, pool, &near_end, error, sizeof(error)), 0);
		flood = bench.flood[0];
		begin(1e6);
		turn(US);
		assert_true(take(&p[run]));
		close_flood();
	}
	assert_int_not_equal(p[0].seq, p[1].seq);
	assert_false(addr_eq(&p[0].src, &p[1].src));
}

/* Silence is made elsewhere: the port has nothing to learn, of whatever family its targets are. */
static void
silence_needs_no_way(void **state)
{
	const struct spt_memory_pair_config pair = {
	    .name = "flood test", .ring_size = RING, .socket = -1, .pool = {pool, pool}};
	static struct bench bench;
	struct spt_port *port[2];
	char error[100];

	assert_int_equal(spt_port_memory_pair_create(&pair, port), 0);
	near_end = port[0];
	far_end = port[1];
	bench.options.target[0] = (struct spt_endpoint){.addr = address("10.0.0.2"), .port = 80};
	bench.options.target[1] = (struct spt_endpoint){.addr = address("fd00::2"), .port = 80};
	bench.options.n_target = 2;
	bench.options.flood.kind = FLOOD_SILENT;
	bench.options.flood.prefix = address("198.18.0.0");
	bench.options.flood.length = 15;
	assert_int_equal(flood_wrap_port(&bench, 0, 0, pool, &near_end, error, sizeof(error)), 0);
	assert_true(flood_port_ready(bench.flood[0]));
	close_flood();
}

/* ---- how many ------------------------------------------------------------------ */

/* To the frame, whatever the length of the turns. */
static void
the_rate_is_exact(void **state)
{
	static const double rates[] = {1, 999, 12345.678, 1e6, 3.3e6};
	const struct flood_counts *c;
	struct env_random random;
	spt_time begun;

	env_random_seed(&random, 1);
	for (size_t r = 0; r < RTE_DIM(rates); r++) {
		open_syns();
		begin(rates[r]);
		begun = now;
		for (unsigned int i = 0; i < 3000; i++) {
			turn(1 + env_random_below(&random, 70 * US));
			drain(UINT32_MAX);
			c = flood_port_counts(flood);
			assert_int_equal(
			    c->made, (uint64_t)((double)(now - begun) * (rates[r] / 1e9)));
		}
		assert_int_equal(c->taken, c->made);
		assert_int_equal(c->lasted_ns, now - begun);
		assert_int_equal(c->stalled_ns, 0);
		flood_port_stop(flood, now);
		turn(10 * MS);
		assert_int_equal(drain(UINT32_MAX), 0);
		close_flood();
	}
}

/* The core was elsewhere for a second: no million frames at once. */
static void
a_stall_is_not_made_up_for(void **state)
{
	const struct flood_counts *c;

	open_syns();
	begin(1e6);
	c = flood_port_counts(flood);
	turn(SPT_NS_PER_SEC);
	assert_int_equal(c->made, FLOOD_CATCH_UP);
	assert_int_equal(drain(UINT32_MAX), FLOOD_CATCH_UP);
	assert_in_range(c->stalled_ns, SPT_NS_PER_SEC - (FLOOD_CATCH_UP + 1) * US, SPT_NS_PER_SEC);
	for (unsigned int i = 0; i < 1000; i++)
		turn(US);
	assert_in_range(c->made, FLOOD_CATCH_UP + 999, FLOOD_CATCH_UP + 1001);
	close_flood();
}

/* Where nobody knows the way, nothing goes; and when nobody asked. */
static void
nothing_without_a_way(void **state)
{
	struct packet p;

	open_syns();
	flood_port_start(flood, 1e6, now);
	turn(MS);
	assert_false(take(&p));
	assert_int_equal(flood_port_counts(flood)->made, 0);
	begin(1e6);
	assert_int_equal(port_next_deadline(near_end), now + US);
	flood_port_stop(flood, now);
	turn(MS);
	assert_false(take(&p));
	assert_true(port_next_deadline(near_end) == SPT_TIME_NEVER);
	close_flood();
}

static void
what_finds_no_room_is_counted(void **state)
{
	const struct flood_counts *c;

	open_flood(FLOOD_SYN, "198.18.0.0", 15, "10.0.0.2", 64, 1);
	begin(1e6);
	c = flood_port_counts(flood);
	turn(200 * US);
	assert_int_equal(c->made, 200);
	assert_int_equal(c->taken, 63);
	assert_int_equal(c->refused, 137);
	assert_int_equal(c->honest_refused, 0);
	/* The engine's frames are dropped as well: there is one queue. */
	send_honest();
	turn(10 * US);
	assert_int_equal(c->honest_refused, 1);
	assert_int_equal(c->made, 210);
	assert_int_equal(c->refused, 147);
	assert_int_equal(drain(UINT32_MAX), 63);
	close_flood();
}

static void
no_buffer_is_counted(void **state)
{
	struct rte_mbuf *m[MBUFS];
	const struct flood_counts *c;

	open_syns();
	begin(1e6);
	c = flood_port_counts(flood);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, m, MBUFS - 300), 0);
	for (unsigned int i = 0; i < 20; i++)
		turn(100 * US);
	assert_int_equal(c->made, 2000);
	assert_true(c->no_mbuf > 1600 && c->no_mbuf < 2000);
	assert_int_equal(c->taken + c->no_mbuf, 2000);
	rte_pktmbuf_free_bulk(m, MBUFS - 300);
	drain(UINT32_MAX);
	close_flood();
}

/*
 * The far end takes two thirds of what comes: of the flood's frames a third is lost, and of the
 * engine's as well, since both have the same chance of the places that are free.
 */
static void
both_lose_alike(void **state)
{
	const unsigned int turns = 20000;
	const struct flood_counts *c;
	double lost, honest_lost;

	open_flood(FLOOD_SYN, "198.18.0.0", 15, "10.0.0.2", 256, 1);
	begin(1e6);
	c = flood_port_counts(flood);
	for (unsigned int i = 0; i < turns; i++) {
		send_honest();
		turn(96 * US);
		drain(64);
	}
	lost = (double)c->refused / (double)c->made;
	honest_lost = (double)c->honest_refused / turns;
	assert_int_equal(c->made, 96 * turns);
	assert_int_equal(c->made, c->taken + c->refused);
	assert_true(lost > 0.32 && lost < 0.35);
	assert_true(honest_lost > lost - 0.02 && honest_lost < lost + 0.02);
	drain(UINT32_MAX);
	close_flood();
}

/* In the order in which the engine sent them, and one turn later at most. */
static void
honest_frames_pass(void **state)
{
	struct packet p = honest();
	struct rte_mbuf *m[PORT_BURST];
	uint32_t next = 1, seq = 1;

	open_syns();
	begin(1e6);
	for (unsigned int i = 0; i < 100; i++) {
		unsigned int n = 1 + i % PORT_BURST;

		p = honest();
		for (unsigned int j = 0; j < n; j++) {
			p.seq = seq++;
			m[j] = packet(&p);
		}
		assert_int_equal(port_tx(near_end, now, m, (uint16_t)n), n);
		assert_int_equal(port_next_deadline(near_end), 0);
		/* More in the same turn than is kept. */
		if (i % 7 == 0) {
			p.seq = seq++;
			m[0] = packet(&p);
			assert_int_equal(port_tx(near_end, now, m, 1), 1);
		}
		turn(20 * US);
		while (take(&p))
			if (p.sport == 5000 && p.src.b[12] == 10)
				assert_int_equal(p.seq, next++);
		assert_int_equal(next, seq);
	}
	/* What is kept goes when the flood ends, or with the port. */
	send_honest();
	flood_port_stop(flood, now);
	assert_int_equal(drain(UINT32_MAX), 1);
	flood_port_start(flood, 1e6, now);
	send_honest();
	close_flood();
}

/* ---- answers ------------------------------------------------------------------------ */

static void
answer(const char *to, uint8_t flags)
{
	struct packet p = honest();
	struct rte_mbuf *m;

	p.src = target.addr;
	p.dst = address(to);
	p.eth_src = far_end->mac;
	p.eth_dst = near_end->mac;
	p.flags = flags;
	m = packet(&p);
	assert_int_equal(port_tx(far_end, now, &m, 1), 1);
}

static void
check_answers(const char *inside, const char *also, const char *outside)
{
	const struct flood_counts *c = flood_port_counts(flood);
	struct rte_mbuf *m[PORT_BURST];

	answer(inside, P_SYN | P_ACK);
	answer(outside, P_SYN | P_ACK);
	answer(also, P_SYN | P_ACK);
	answer(inside, P_RST);
	answer(inside, P_RST | P_ACK);
	answer(also, P_ACK);
	answer(outside, P_RST);
	now += US;
	assert_int_equal(port_rx(near_end, now, m, PORT_BURST), 2);
	rte_pktmbuf_free_bulk(m, 2);
	assert_int_equal(c->syn_acks, 2);
	assert_int_equal(c->resets, 2);
	assert_int_equal(c->other_answers, 1);
}

static void
answers_stay_away(void **state)
{
	struct rte_mbuf *m[PORT_BURST];
	unsigned int got = 0;

	open_syns();
	check_answers("198.18.0.0", "198.19.255.255", "198.20.0.0");
	/* Between thousands of answers the engine's frames are found in one call. */
	for (unsigned int i = 0; i < 900; i++)
		answer(i % 300 == 299 ? "10.0.0.1" : "198.18.1.1", P_ACK);
	got = port_rx(near_end, now, m, PORT_BURST);
	assert_int_equal(got, 3);
	rte_pktmbuf_free_bulk(m, got);
	close_flood();
	open_flood(FLOOD_SYN, "2001:2::", 48, "fd00::2", RING, 1);
	check_answers("2001:2::", "2001:2:0:ffff::1", "2001:2:1::");
	close_flood();
}

static int
group_setup(void **state)
{
	env_start();
	pool = env_pool_create(MBUFS);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_are_right),
	    cmocka_unit_test(sources_cover_the_prefix),
	    cmocka_unit_test(a_seed_makes_the_same_flood),
	    cmocka_unit_test(runs_differ),
	    cmocka_unit_test(silence_needs_no_way),
	    cmocka_unit_test(the_rate_is_exact),
	    cmocka_unit_test(a_stall_is_not_made_up_for),
	    cmocka_unit_test(nothing_without_a_way),
	    cmocka_unit_test(what_finds_no_room_is_counted),
	    cmocka_unit_test(no_buffer_is_counted),
	    cmocka_unit_test(both_lose_alike),
	    cmocka_unit_test(honest_frames_pass),
	    cmocka_unit_test(answers_stay_away),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

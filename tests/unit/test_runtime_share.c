/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers about link addresses reach every engine, once, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "env.h"
#include "port/port.h"
#include "runtime/share.h"

#define N 3

/* A port that receives what a test laid down for it. */
struct fake_port {
	struct spt_port port;
	struct rte_mbuf *next[PORT_BURST];
	uint16_t n;
	bool destroyed;
};

static uint16_t
fake_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct fake_port *f = (struct fake_port *)p;
	uint16_t got = f->n < n ? f->n : n;

	memcpy(m, f->next, got * sizeof(*m));
	f->n = 0;
	return got;
}

static uint16_t
fake_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return n;
}

static spt_time
fake_deadline(const struct spt_port *p)
{
	return 4711;
}

static void
fake_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->rx_frames = 10;
}

static void
fake_destroy(struct spt_port *p)
{
	((struct fake_port *)p)->destroyed = true;
}

static const struct port_ops fake_ops = {
    .rx = fake_rx,
    .tx = fake_tx,
    .next_deadline = fake_deadline,
    .stats = fake_stats,
    .destroy = fake_destroy,
};

static struct fake_port fakes[N];
static struct spt_port *ports[N];
static struct rte_mempool *pool;
static struct share *share;

static int
setup(void **state)
{
	struct rte_mempool *pools[N];

	pool = env_pool_create(511);
	for (unsigned int i = 0; i < N; i++) {
		fakes[i] = (struct fake_port){.port = {.ops = &fake_ops, .mtu = 1500}};
		fakes[i].port.mac.addr_bytes[5] = (uint8_t)i;
		ports[i] = &fakes[i].port;
		pools[i] = pool;
	}
	return share_create(ports, pools, N, &share);
}

static int
teardown(void **state)
{
	for (unsigned int i = 0; i < N; i++) {
		spt_port_destroy(ports[i]);
		assert_true(fakes[i].destroyed);
	}
	share_free(share);
	assert_int_equal(env_pool_in_use(pool), 0);
	env_pool_destroy(pool);
	return 0;
}

static void
lay(unsigned int port, const uint8_t *frame, uint16_t n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, n), frame, n);
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	fakes[port].next[fakes[port].n++] = m;
}

/* Receive on a port; returns how many, all of them equal to 'frame'. */
static uint16_t
take(unsigned int port, const uint8_t *frame, uint16_t n)
{
	struct rte_mbuf *m[PORT_BURST];
	uint16_t got = port_rx(ports[port], ENV_EPOCH, m, PORT_BURST);

	for (uint16_t i = 0; i < got; i++) {
		assert_int_equal(m[i]->pkt_len, n);
		assert_memory_equal(rte_pktmbuf_mtod(m[i], uint8_t *), frame, n);
		rte_pktmbuf_free(m[i]);
	}
	return got;
}

/* Ethernet type, then what matters behind it. */
static uint8_t arp_reply[42] = {[12] = 0x08, 0x06, [20] = 0, 2, 0xaa};
static uint8_t arp_request[42] = {[12] = 0x08, 0x06, [20] = 0, 1, 0xaa};
static uint8_t advert[86] = {[12] = 0x86, 0xdd, [14] = 0x60, [20] = 58, [54] = 136};
static uint8_t solicit[86] = {[12] = 0x86, 0xdd, [14] = 0x60, [20] = 58, [54] = 135};
static uint8_t tcp6[86] = {[12] = 0x86, 0xdd, [14] = 0x60, [20] = 6, [54] = 136};
static uint8_t tcp4[60] = {[12] = 0x08, 0x00, [14] = 0x45, [20] = 0, 2};

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
	    {tcp6, 86, false},
	    {tcp4, 60, false},
	    /* too short to say what they are */
	    {arp_reply, 41, false},
	    {advert, 54, false},
	    {advert, 14, false},
	    {arp_reply, 13, false},
	};
	struct spt_port_stats stats;
	unsigned int shared = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned int port = 0; port < N; port++) {
			lay(port, cases[i].frame, cases[i].n);
			assert_int_equal(take(port, cases[i].frame, cases[i].n), 1);
			for (unsigned int other = 0; other < N; other++)
				assert_int_equal(take(other, cases[i].frame, cases[i].n),
				    cases[i].shared && other != port);
			shared += cases[i].shared;
		}
	spt_port_stats_get(ports[0], &stats);
	/* Each of the three ports' frames went to two others. */
	assert_int_equal(stats.rx_frames, 10 + shared / N * (N - 1));
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

	for (unsigned int round = 0; round < 5; round++) {
		for (unsigned int i = 0; i < PORT_BURST; i++)
			lay(0, advert, sizeof(advert));
		assert_int_equal(take(0, advert, sizeof(advert)), PORT_BURST);
	}
	for (unsigned int i = 0; i < PORT_BURST; i++)
		lay(1, tcp4, sizeof(tcp4));
	assert_int_equal(take(1, tcp4, sizeof(tcp4)), PORT_BURST);
	while ((n = take(1, advert, sizeof(advert))) > 0)
		got += n;
	assert_true(got > 0 && got < PORT_BURST * 2);
}

static void
test_passes_on(void **state)
{
	struct rte_mbuf *none[1] = {NULL};

	for (unsigned int i = 0; i < N; i++) {
		assert_int_equal(ports[i]->mac.addr_bytes[5], i);
		assert_int_equal(ports[i]->mtu, 1500);
		assert_int_equal(port_next_deadline(ports[i]), 4711);
		assert_int_equal(port_tx(ports[i], ENV_EPOCH, none, 1), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_unverified, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_passes_on, setup, teardown),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

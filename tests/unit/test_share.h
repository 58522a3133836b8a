/* SPDX-License-Identifier: BSD-3-Clause */
/* For the tests of stack/runtime/share.h: queues that receive what a test lays down, and flows. */
#ifndef TESTS_UNIT_TEST_SHARE_H
#define TESTS_UNIT_TEST_SHARE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_thash.h>

#include <base/addr.h>
#include <lib/env.h>
#include <lib/packet.h>
#include <port/port.h>
#include <runtime/share.h>

#define N     3
#define TABLE 128

/* A port that receives what a test laid down for it. */
struct fake_port {
	struct spt_port port;
	struct rss rss;
	struct rte_mbuf *next[PORT_BURST];
	uint16_t n;
	uint64_t frames, bytes;
	bool destroyed;
};

static inline uint16_t
fake_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct fake_port *f = (struct fake_port *)p;
	uint16_t got = f->n < n ? f->n : n;

	memcpy(m, f->next, got * sizeof(*m));
	f->n = (uint16_t)(f->n - got);
	memmove(f->next, f->next + got, f->n * sizeof(*m));
	f->frames += got;
	for (uint16_t i = 0; i < got; i++)
		f->bytes += m[i]->pkt_len;
	return got;
}

static inline uint16_t
fake_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return n;
}

static inline spt_time
fake_deadline(const struct spt_port *p)
{
	return 4711;
}

static inline void
fake_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	const struct fake_port *f = (const struct fake_port *)p;

	memset(stats, 0, sizeof(*stats));
	stats->rx_frames = f->frames;
	stats->rx_bytes = f->bytes;
	stats->rx_missed = 10;
}

static inline void
fake_destroy(struct spt_port *p)
{
	struct fake_port *f = (struct fake_port *)p;

	rte_pktmbuf_free_bulk(f->next, f->n);
	f->destroyed = true;
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
static struct rte_mempool *pools[N];
static struct share *share;
static uint32_t key[RSS_KEY_MAX / 4];
static struct env_random r;

static const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 7}};

/* A key and a table as random as a device's. */
static inline void
fakes_make(bool device)
{
	pool = env_pool_create(4095);
	env_random_seed(&r, 4711);
	for (unsigned int i = 0; i < RSS_KEY_MAX / 4; i++)
		key[i] = (uint32_t)env_random_next(&r);
	for (unsigned int i = 0; i < N; i++) {
		fakes[i] = (struct fake_port){
		    .port = {.ops = &fake_ops, .mtu = 1500, .mac = mac, .rss = &fakes[i].rss},
		    .rss = {.key_length = 40,
		        .ports4 = true,
		        .ports6 = true,
		        .device = device,
		        .queues = N,
		        .queue = (uint16_t)i,
		        .reta_size = TABLE},
		};
		memcpy(fakes[i].rss.key, key, 40);
		for (unsigned int k = 0; k < TABLE; k++)
			fakes[i].rss.reta[k] = (uint16_t)((k * 7 + 1) % N);
		ports[i] = &fakes[i].port;
		pools[i] = pool;
	}
}

static inline int
setup(void **state)
{
	fakes_make(true);
	return share_create(0, ports, pool, N, &share);
}

static inline int
setup_software(void **state)
{
	fakes_make(false);
	return share_create(0, ports, pool, N, &share);
}

static inline int
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

static inline void
lay(unsigned int port, const uint8_t *frame, unsigned int n)
{
	struct rte_mbuf *m = packet_mbuf(pool, frame, n);

	assert_non_null(m);
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	fakes[port].next[fakes[port].n++] = m;
}

/* Receive on a port; returns how many, all of them equal to 'frame'. */
static inline uint16_t
take(unsigned int port, const uint8_t *frame, unsigned int n)
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

/* Lay at 'at'; it has to come to 'to' and to nobody else. */
static inline void
assert_comes(unsigned int at, unsigned int to, const uint8_t *frame, unsigned int n)
{
	lay(at, frame, n);
	assert_int_equal(take(at, frame, n), at == to);
	for (unsigned int i = 0; i < N; i++)
		assert_int_equal(take(i, frame, n), i == to && at != to);
}

/* ---- flows ------------------------------------------------------------- */

static inline uint16_t
owner_of(const struct packet *p)
{
	uint32_t tuple[9], n = 0, first = p->family == 4 ? 3 : 0;

	for (uint32_t i = first; i < 4; i++)
		tuple[n++] = ntohl(p->src.w[i]);
	for (uint32_t i = first; i < 4; i++)
		tuple[n++] = ntohl(p->dst.w[i]);
	tuple[n++] = (uint32_t)p->sport << 16 | p->dport;
	return fakes[0].rss.reta[rte_softrss(tuple, n, (const uint8_t *)key) % TABLE];
}

/* Another segment of a random flow that belongs to 'queue'. */
static inline struct packet
flow_of(uint16_t queue, uint8_t family, uint8_t flags)
{
	struct packet p = {.family = family, .eth_dst = mac, .flags = flags, .wnd = 1};

	if (family == 4) {
		p.src = addr_from_v4(htonl(0x0a000000 | env_random_below(&r, 1 << 24)));
		p.dst = addr_from_v4(htonl(0xc0000201));
	} else {
		p.src = (struct spt_addr){.b = {0x20, 1, 0xd, 0xb8, [15] = 9}};
		p.src.w[2] = (uint32_t)env_random_next(&r);
		p.dst = (struct spt_addr){.b = {0x20, 1, 0xd, 0xb8, [15] = 1}};
	}
	p.dport = 80;
	do
		p.sport = (uint16_t)(1024 + env_random_below(&r, 60000));
	while (owner_of(&p) != queue);
	return p;
}

static inline unsigned int
segment(uint16_t queue, uint8_t family, uint8_t flags, uint8_t flat[PACKET_MAX])
{
	struct packet p = flow_of(queue, family, flags);

	return packet_build(&p, flat);
}

/* Flows that begin where they should. */
static inline void
begin_flows(uint16_t queue, unsigned int n)
{
	uint8_t flat[PACKET_MAX];

	for (unsigned int i = 0; i < n; i++) {
		unsigned int length = segment(queue, i % 2 ? 4 : 6, P_SYN, flat);

		assert_comes(queue, queue, flat, length);
	}
}

static inline int
setup_device(void **state)
{
	int rc = setup(state);

	for (uint16_t i = 0; i < N; i++)
		begin_flows(i, 64);
	return rc ? rc : share_steering(share) != SPT_STEERING_DEVICE;
}

static inline const char *
line(void)
{
	static char text[256];

	memset(text, '?', sizeof(text));
	share_describe(share, text, sizeof(text));
	return text;
}

/* Ethernet type, then what matters behind it. */
static const uint8_t arp_reply[42] = {[12] = 0x08, 0x06, [20] = 0, 2, 0xaa};
static const uint8_t arp_request[42] = {[12] = 0x08, 0x06, [20] = 0, 1, 0xaa};
static const uint8_t advert[86] = {[12] = 0x86, 0xdd, [14] = 0x60, [20] = 58, [54] = 136};
static const uint8_t solicit[86] = {[12] = 0x86, 0xdd, [14] = 0x60, [20] = 58, [54] = 135};
static const uint8_t udp6[86] = {[12] = 0x86, 0xdd, [14] = 0x60, [20] = 17, [54] = 136};
static const uint8_t udp4[60] = {[12] = 0x08, 0x00, [14] = 0x45, [20] = 0, 2, [23] = 17};
static const uint8_t echo4[60] = {[12] = 0x08, 0x00, [14] = 0x45, [23] = 1, [34] = 8};
static const uint8_t echo6[86] = {[12] = 0x86, 0xdd, [14] = 0x60, [20] = 58, [54] = 128};
static const uint8_t ppp[60] = {[12] = 0x88, 0x64};

#define TEST(name)          cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_SOFTWARE(name) cmocka_unit_test_setup_teardown(name, setup_software, teardown)
#define TEST_DEVICE(name)   cmocka_unit_test_setup_teardown(name, setup_device, teardown)

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The VLAN wrapper: frames of any bytes with any tag, one that the device took off among them, in
 * buffers of exact size, chains, or held by others too. What is passed on is the frame without its
 * tag, and what is not is counted; what is sent comes back as it was when it is refused.
 */
#include <string.h>

#include <lib/env.h>
#include <lib/packet.h>
#include <port/port.h>

#include "fuzz.h"

#define CONTROL 6
#define MBUFS   255
#define VLAN    5

enum control {
	CONTROL_EXACT = 1,
	CONTROL_SHARED = 2,
	CONTROL_STRIPPED = 4,
	CONTROL_QINQ = 8,
	CONTROL_REFUSE = 16,
	CONTROL_TAG = 32, /* ours, written by the target */
};

struct inner {
	struct spt_port base;
	struct rte_mbuf *next;
	bool refuse;
	uint8_t flat[PACKET_MAX];
	unsigned int length; /* of what was sent last */
};

static struct rte_mempool *pool;
static struct inner inner;
static struct spt_port *port;

static uint16_t
inner_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct inner *i = (struct inner *)p;

	(void)now;
	if (i->next == NULL || n == 0)
		return 0;
	*m = i->next;
	i->next = NULL;
	return 1;
}

static uint16_t
inner_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct inner *i = (struct inner *)p;

	(void)now;
	EXPECT(n == 1);
	i->length = packet_flatten(*m, i->flat);
	EXPECT(i->length == (*m)->pkt_len);
	if (i->refuse)
		return 0;
	rte_pktmbuf_free(*m);
	return 1;
}

static spt_time
inner_next_deadline(const struct spt_port *p)
{
	(void)p;
	return SPT_TIME_NEVER;
}

static void
inner_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	(void)p;
	memset(stats, 0, sizeof(*stats));
	stats->rx_frames = UINT32_MAX;
	stats->rx_bytes = UINT32_MAX;
}

static void
inner_destroy(struct spt_port *p)
{
	(void)p;
}

static const struct port_ops inner_ops = {
    .rx = inner_rx,
    .tx = inner_tx,
    .next_deadline = inner_next_deadline,
    .stats = inner_stats,
    .destroy = inner_destroy,
};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct spt_vlan_config config = {.vlan = VLAN};

	(void)argc;
	(void)argv;
	env_start();
	config.pool = pool = env_pool_create(MBUFS);
	inner.base = (struct spt_port){
	    .ops = &inner_ops, .mtu = 1500, .headroom = 14, .multi_segment = true};
	EXPECT(spt_port_vlan_create(&config, &inner.base, &port) == 0);
	return 0;
}

/* What should be passed on of 'flat'. */
static bool
is_ours(const uint8_t *flat, unsigned int length, const struct rte_mbuf *m)
{
	if (m->ol_flags & RTE_MBUF_F_RX_QINQ_STRIPPED)
		return false;
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		return (m->vlan_tci & 0xfff) == VLAN;
	return length >= 18 && flat[12] == 0x81 && flat[13] == 0 && (flat[14] & 15) == 0 &&
	       flat[15] == VLAN;
}

/* Up from below. Returns what was passed on. */
static struct rte_mbuf *
receive(struct rte_mbuf *m, uint8_t *flat, unsigned int length)
{
	bool ours = is_ours(flat, length, m), stripped = m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED;
	struct spt_port_stats before, after;
	static uint8_t got[PACKET_MAX];
	struct rte_mbuf *out;

	spt_port_stats_get(port, &before);
	inner.next = m;
	if (port_rx(port, 1, &out, 1) == 0) {
		EXPECT(!ours);
		spt_port_stats_get(port, &after);
		EXPECT(after.rx_vlan_other == before.rx_vlan_other + 1);
		EXPECT(after.rx_frames == before.rx_frames - 1);
		EXPECT(after.rx_bytes == before.rx_bytes - length);
		return NULL;
	}
	EXPECT(ours);
	if (!stripped) {
		memmove(flat + 12, flat + 16, length - 16);
		length -= 4;
	}
	EXPECT(packet_flatten(out, got) == length && out->pkt_len == length);
	EXPECT(memcmp(got, flat, length) == 0);
	EXPECT((out->ol_flags & (RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED)) == 0);
	rte_mbuf_sanity_check(out, 1);
	return out;
}

/* Down again: with the tag below, without it when it comes back. */
static void
send(struct rte_mbuf *m)
{
	static uint8_t before[PACKET_MAX], after[PACKET_MAX];
	unsigned int length = packet_flatten(m, before);

	if (length < 14) {
		rte_pktmbuf_free(m);
		return;
	}
	m->l2_len = 14;
	if (port_tx(port, 2, &m, 1) == 0) {
		EXPECT(inner.refuse);
		EXPECT(packet_flatten(m, after) == length && memcmp(before, after, length) == 0);
		EXPECT(m->l2_len == 14);
		rte_pktmbuf_free(m);
	}
	EXPECT(inner.length == length + 4);
	EXPECT(memcmp(inner.flat, before, 12) == 0);
	EXPECT(memcmp(inner.flat + 12, "\x81\x00\x00\x05", 4) == 0);
	EXPECT(memcmp(inner.flat + 16, before + 12, length - 12) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t flat[2048], copy[2048];
	struct rte_mbuf *m, *out, *held = NULL;
	unsigned int length;

	if (size <= CONTROL || size > 1600)
		return 0;
	length = (unsigned int)(size - CONTROL);
	memcpy(flat, data + CONTROL, length);
	if ((data[0] & CONTROL_TAG) && length >= 18)
		memcpy(flat + 12, "\x81\x00\x60\x05", 4);
	memcpy(copy, flat, length);
	m = fuzz_mbuf(
	    pool, flat, length, FUZZ_CHAIN | (data[0] & CONTROL_EXACT ? FUZZ_EXACT : 0), data + 1);
	EXPECT(m != NULL);
	if (data[0] & CONTROL_STRIPPED)
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	if (data[0] & CONTROL_QINQ)
		m->ol_flags |= RTE_MBUF_F_RX_QINQ | RTE_MBUF_F_RX_QINQ_STRIPPED;
	m->vlan_tci = (uint16_t)(data[4] << 8 | data[5]);
	if ((data[0] & CONTROL_SHARED) && m->nb_segs == 1) {
		held = m;
		rte_mbuf_refcnt_update(m, 1);
	}
	inner.refuse = data[0] & CONTROL_REFUSE;
	out = receive(m, flat, length);
	if (held != NULL) {
		EXPECT(memcmp(rte_pktmbuf_mtod(held, const uint8_t *), copy, length) == 0);
		rte_pktmbuf_free(held);
	}
	if (out != NULL)
		send(out);
	EXPECT(env_pool_in_use(pool) == 0);
	return 0;
}

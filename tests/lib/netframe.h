/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A net on a link of its own, for tests: frames of ARP, neighbour discovery and ICMP as
 * peers would send them, and what net answers, taken apart as the peer would. After each
 * step the table's invariants are checked; at the end no mbuf may be missing.
 */
#ifndef TESTS_LIB_NETFRAME_H
#define TESTS_LIB_NETFRAME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "flow/local.h"
#include "net/neighbour.h"
#include "net/net.h"

#include "env.h"

#define NF_SECOND SPT_NS_PER_SEC

static inline struct spt_addr
nf_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct spt_addr){.b = {[10] = 0xff, 0xff, a, b, c, d}};
}

/* 2001:db8::x */
static inline struct spt_addr
nf_v6(uint16_t x)
{
	return (struct spt_addr){
	    .b = {0x20, 0x01, 0x0d, 0xb8, [14] = (uint8_t)(x >> 8), (uint8_t)x}};
}

static inline struct spt_addr
nf_fe80(uint8_t x)
{
	return (struct spt_addr){.b = {0xfe, 0x80, [15] = x}};
}

/* Ours: 10.0.0.1 to .3 /24, 2001:db8::1 to ::2 /64. Gateways 10.0.0.254 and fe80::fe. */
#define NF_OURS4 nf_v4(10, 0, 0, 1)
#define NF_OURS6 nf_v6(1)
#define NF_PEER4 nf_v4(10, 0, 0, 9)
#define NF_PEER6 nf_v6(9)
#define NF_FAR4  nf_v4(192, 0, 2, 7)
#define NF_FAR6  ((struct spt_addr){.b = {0x20, 0x01, 0x0d, 0xb9, [15] = 7}})

static const struct rte_ether_addr nf_mac = {{0x02, 0, 0, 0, 0, 0x01}};
static const struct rte_ether_addr nf_peer_mac = {{0x02, 0, 0, 0, 0, 0x09}};
static const struct rte_ether_addr nf_other_mac = {{0x02, 0, 0, 0, 0, 0x0a}};
static const struct rte_ether_addr nf_broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

struct netframe {
	struct rte_mempool *pool;
	struct local_table local;
	struct net net;
	struct txlist out;
	struct rte_mbuf *ready[2 * TXLIST_SIZE];
	unsigned int n_ready, n_taken; /* frames of the last step, and those looked at */
	struct net_error error;
	struct frame frame; /* as net_input was given it, but for m */
	spt_time now;
};

static inline void
nf_check(const struct netframe *x)
{
	const char *wrong = net_check(&x->net);

	if (wrong != NULL)
		fail_msg("net_check: %s", wrong);
}

static inline struct net_config
nf_config(struct netframe *x, uint32_t neighbours)
{
	return (struct net_config){
	    .local = &x->local,
	    .mac = nf_mac,
	    .gateway4 = nf_v4(10, 0, 0, 254),
	    .gateway6 = nf_fe80(0xfe),
	    .pool = x->pool,
	    .neighbours = neighbours,
	    .seed = 12345,
	    .socket = -1,
	    .mtu = 1500,
	};
}

static inline void
nf_open(struct netframe *x, uint32_t neighbours, unsigned int mbufs)
{
	const struct spt_local local[] = {
	    {.first = NF_OURS4, .count = 3, .prefix = 24},
	    {.first = NF_OURS6, .count = 2, .prefix = 64},
	};
	struct net_config config;
	char error[100];

	memset(x, 0, sizeof(*x));
	x->pool = env_pool_create(mbufs);
	assert_int_equal(local_init(&x->local, local, 2, error, sizeof(error)), 0);
	config = nf_config(x, neighbours);
	x->now = ENV_EPOCH;
	assert_int_equal(net_init(&x->net, &config, x->now), 0);
	nf_check(x);
}

/* Frames that the test did not look at are not leaks. */
static inline void
nf_drop_ready(struct netframe *x)
{
	while (x->n_taken < x->n_ready)
		rte_pktmbuf_free(x->ready[x->n_taken++]);
	x->n_ready = x->n_taken = 0;
}

static inline void
nf_close(struct netframe *x)
{
	nf_drop_ready(x);
	for (uint32_t i = 0; i < x->out.n; i++)
		rte_pktmbuf_free(x->out.entry[i].m);
	nf_check(x);
	net_fini(&x->net);
	assert_int_equal(env_pool_in_use(x->pool), 0);
	env_pool_destroy(x->pool);
}

static inline int
nf_setup(void **state)
{
	static struct netframe x;

	nf_open(&x, 16, 255);
	*state = &x;
	return 0;
}

static inline int
nf_teardown(void **state)
{
	nf_close(*state);
	return 0;
}

/* ---- frames that peers send --------------------------------------------- */

static inline struct rte_mbuf *
nf_mbuf(struct netframe *x, const void *data, unsigned int length)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(x->pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, length), data, length);
	return m;
}

static inline struct rte_mbuf *
nf_arp(struct netframe *x, const struct rte_ether_addr *dst, uint16_t op,
    const struct rte_ether_addr *sha, struct spt_addr spa, struct spt_addr tpa)
{
	uint8_t frame[WIRE_ETH_LEN + WIRE_ARP_LEN];
	struct wire_arp arp = {.op = op, .sha = *sha, .spa = addr_v4(&spa), .tpa = addr_v4(&tpa)};

	if (op == 2)
		arp.tha = nf_mac;
	wire_write_eth(frame, dst, sha, RTE_ETHER_TYPE_ARP);
	wire_write_arp(frame + WIRE_ETH_LEN, &arp);
	return nf_mbuf(x, frame, sizeof(frame));
}

/* An IP packet of any protocol; the IPv4 header's checksum is right. */
static inline struct rte_mbuf *
nf_ip(struct netframe *x, const struct rte_ether_addr *dst_mac, struct spt_addr src,
    struct spt_addr dst, uint8_t protocol, uint8_t ttl, const void *payload, unsigned int length)
{
	struct wire_ip ip = {
	    .src = src, .dst = dst, .protocol = protocol, .tos = 0x28 | 0x02, .ttl = ttl};
	bool v4 = addr_is_v4(&dst);
	unsigned int l3_len = v4 ? WIRE_IP4_LEN : WIRE_IP6_LEN;
	struct rte_mbuf *m = rte_pktmbuf_alloc(x->pool);
	char *p;

	assert_non_null(m);
	p = rte_pktmbuf_append(m, WIRE_ETH_LEN + l3_len + length);
	assert_non_null(p);
	wire_write_eth(p, dst_mac, &nf_peer_mac, v4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
	wire_write_ip(p + WIRE_ETH_LEN, &ip, (uint16_t)length);
	if (length)
		memcpy(p + WIRE_ETH_LEN + l3_len, payload, length);
	m->l2_len = WIRE_ETH_LEN;
	m->l3_len = l3_len;
	m->ol_flags = v4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : 0;
	wire_checksum_tx(m);
	m->tx_offload = 0;
	return m;
}

/* An ICMP message of either family: type, code, second word, data; the checksum is right. */
static inline struct rte_mbuf *
nf_icmp(struct netframe *x, struct spt_addr src, struct spt_addr dst, uint8_t type, uint8_t code,
    uint32_t rest, const void *data, unsigned int length)
{
	uint8_t icmp[2000] = {type, code};
	bool v4 = addr_is_v4(&dst);
	uint16_t checksum;
	uint32_t sum = 0;

	rest = rte_cpu_to_be_32(rest);
	memcpy(icmp + 4, &rest, sizeof(rest));
	if (length)
		memcpy(icmp + 8, data, length);
	length += 8;
	if (!v4)
		sum = wire_sum_pseudo(&src, &dst, IP_PROTO_ICMP6, length);
	checksum = (uint16_t)~wire_fold(wire_sum(icmp, length, sum));
	memcpy(icmp + 2, &checksum, sizeof(checksum));
	return nf_ip(x, &nf_mac, src, dst, v4 ? IP_PROTO_ICMP : IP_PROTO_ICMP6, 64, icmp, length);
}

/* A neighbour discovery message; the destination MAC is the group's if 'dst' is a group. */
static inline struct rte_mbuf *
nf_nd(struct netframe *x, const struct wire_nd *nd, struct spt_addr src, struct spt_addr dst)
{
	struct rte_ether_addr group = {{0x33, 0x33, dst.b[12], dst.b[13], dst.b[14], dst.b[15]}};
	uint8_t message[32];
	unsigned int length = wire_write_nd(message, nd, &src, &dst);

	if (!nd->has_lladdr) { /* wire_write_nd always writes the option: take it off again */
		uint16_t checksum;

		length -= 8;
		memset(message + 2, 0, 2);
		checksum = (uint16_t)~wire_fold(
		    wire_sum(message, length, wire_sum_pseudo(&src, &dst, IP_PROTO_ICMP6, length)));
		memcpy(message + 2, &checksum, sizeof(checksum));
	}
	return nf_ip(
	    x, dst.b[0] == 0xff ? &group : &nf_mac, src, dst, IP_PROTO_ICMP6, 255, message, length);
}

static inline struct spt_addr
nf_solicited_node(struct spt_addr a)
{
	return (struct spt_addr){
	    .b = {0xff, 0x02, [11] = 1, [12] = 0xff, a.b[13], a.b[14], a.b[15]}};
}

static inline struct rte_mbuf *
nf_advert(struct netframe *x, struct spt_addr target, const struct rte_ether_addr *lladdr,
    bool solicited, bool override)
{
	struct wire_nd nd = {.type = 136,
	    .target = target,
	    .solicited = solicited,
	    .override = override,
	    .has_lladdr = lladdr != NULL};
	struct spt_addr all_nodes = {.b = {0xff, 0x02, [15] = 1}};

	if (lladdr != NULL)
		nd.lladdr = *lladdr;
	return nf_nd(x, &nd, target, solicited ? NF_OURS6 : all_nodes);
}

/* ---- steps ---------------------------------------------------------------- */

/* Parse and give to net, as an engine does. The verdict of whichever decided. */
static inline enum spt_verdict
nf_input(struct netframe *x, struct rte_mbuf *m)
{
	struct frame f;
	enum spt_verdict v = wire_parse_frame(m, &nf_mac, &f);

	if (v != SPT_V_CONTINUE) {
		rte_pktmbuf_free(m);
		return v;
	}
	x->frame = f;
	v = net_input(&x->net, x->now, &f, &x->out, &x->error);
	nf_check(x);
	return v;
}

/* Timers, then the turn's list: what an engine does at the end of a turn. */
static inline unsigned int
nf_turn(struct netframe *x)
{
	nf_drop_ready(x);
	x->n_ready = net_timers(&x->net, x->now, x->ready, TXLIST_SIZE);
	nf_check(x);
	x->n_ready += net_transmit(&x->net, x->now, &x->out, x->ready + x->n_ready);
	assert_int_equal(x->out.n, 0);
	assert_int_equal(x->out.n_advice, 0);
	nf_check(x);
	return x->n_ready;
}

/* Append a packet of ours: an IP header and 'tag' as its payload. */
static inline struct rte_mbuf *
nf_queue(
    struct netframe *x, struct spt_addr src, struct spt_addr dst, uint16_t next_hop, uint32_t tag)
{
	struct rte_mbuf *m = nf_ip(x, &nf_mac, src, dst, IP_PROTO_TCP, 64, &tag, sizeof(tag));

	rte_pktmbuf_adj(m, WIRE_ETH_LEN);
	txlist_append(&x->out, m, next_hop);
	return m;
}

static inline unsigned int
nf_send(struct netframe *x, struct spt_addr dst, uint32_t tag)
{
	nf_queue(x, addr_is_v4(&dst) ? NF_OURS4 : NF_OURS6, dst, NEXT_HOP_NONE, tag);
	return nf_turn(x);
}

/* The next frame of the last step, its checksums filled in as a port would. The caller frees. */
static inline struct rte_mbuf *
nf_take(struct netframe *x)
{
	struct rte_mbuf *m;

	assert_true(x->n_taken < x->n_ready);
	m = x->ready[x->n_taken++];
	rte_mbuf_sanity_check(m, 1);
	wire_checksum_tx(m);
	return m;
}

/* The next frame is one of our packets with this tag, to this MAC. */
static inline void
nf_expect_packet(
    struct netframe *x, const struct rte_ether_addr *mac, struct spt_addr dst, uint32_t tag)
{
	struct rte_mbuf *m = nf_take(x);
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	unsigned int l3_len = addr_is_v4(&dst) ? WIRE_IP4_LEN : WIRE_IP6_LEN;
	struct frame f;

	assert_true(rte_is_same_ether_addr(&eth->src_addr, &nf_mac));
	assert_int_equal(m->l2_len, WIRE_ETH_LEN);
	assert_int_equal(m->pkt_len, WIRE_ETH_LEN + l3_len + sizeof(tag));
	assert_memory_equal(rte_pktmbuf_mtod(m, char *) + WIRE_ETH_LEN + l3_len, &tag, sizeof(tag));
	assert_int_equal(wire_parse_frame(m, mac, &f), SPT_V_CONTINUE);
	assert_false(f.group_mac);
	assert_true(addr_eq(&f.dst, &dst));
	rte_pktmbuf_free(m);
}

/* The next frame is ARP, to this MAC; fields of it. */
static inline struct wire_arp
nf_expect_arp(struct netframe *x, const struct rte_ether_addr *mac)
{
	struct rte_mbuf *m = nf_take(x);
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	struct wire_arp arp;
	struct frame f;

	assert_true(rte_is_same_ether_addr(&eth->dst_addr, mac));
	assert_true(rte_is_same_ether_addr(&eth->src_addr, &nf_mac));
	assert_int_equal(m->pkt_len, WIRE_ETH_LEN + WIRE_ARP_LEN);
	assert_int_equal(m->ol_flags, 0);
	assert_int_equal(wire_parse_frame(m, mac, &f), SPT_V_CONTINUE);
	assert_int_equal(f.class, WIRE_ARP);
	assert_int_equal(wire_parse_arp(&f, &arp), SPT_V_CONTINUE);
	assert_true(rte_is_same_ether_addr(&arp.sha, &nf_mac));
	rte_pktmbuf_free(m);
	return arp;
}

/* The next frame is neighbour discovery, to this MAC and address; fields of it. */
static inline struct wire_nd
nf_expect_nd(
    struct netframe *x, const struct rte_ether_addr *mac, struct spt_addr dst, struct spt_addr *src)
{
	struct rte_mbuf *m = nf_take(x);
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	struct wire_icmp icmp;
	struct wire_nd nd;
	struct frame f;

	assert_true(rte_is_same_ether_addr(&eth->dst_addr, mac));
	assert_true(rte_is_same_ether_addr(&eth->src_addr, &nf_mac));
	assert_int_equal(wire_parse_frame(m, mac, &f), SPT_V_CONTINUE);
	assert_int_equal(f.class, WIRE_ICMP6);
	assert_int_equal(f.hop_limit, 255);
	assert_true(addr_eq(&f.dst, &dst));
	assert_int_equal(wire_parse_icmp(&f, &icmp), SPT_V_CONTINUE);
	assert_int_equal(wire_parse_nd(&f, &nd), SPT_V_CONTINUE);
	assert_true(nd.has_lladdr);
	assert_true(rte_is_same_ether_addr(&nd.lladdr, &nf_mac));
	if (src != NULL)
		*src = f.src;
	rte_pktmbuf_free(m);
	return nd;
}

static inline int
nf_state(const struct netframe *x, struct spt_addr a)
{
	const struct neighbour *e = neighbour_find(&x->net, &a);

	return e == NULL ? -1 : e->state;
}

/* Make it REACHABLE by an exchange: a packet of ours asks, the peer answers. */
static inline void
nf_resolve(struct netframe *x, struct spt_addr a, const struct rte_ether_addr *lladdr)
{
	nf_send(x, a, 0);
	if (addr_is_v4(&a))
		assert_int_equal(
		    nf_input(x, nf_arp(x, &nf_mac, 2, lladdr, a, NF_OURS4)), SPT_V_ARP_REPLY);
	else
		assert_int_equal(nf_input(x, nf_advert(x, a, lladdr, true, true)), SPT_V_ND_ADVERT);
	nf_turn(x);
	assert_int_equal(nf_state(x, a), NEIGHBOUR_REACHABLE);
	nf_drop_ready(x);
}

#endif

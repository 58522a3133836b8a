/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The floors: what no TCP on this port can be cheaper than. Port floor: the same frames,
 * addresses swapped, sent back. Flow floor: the same, plus for every frame the keyed hash of its
 * 4-tuple, a bucket and two lines of a connection read and written, prefetched over the burst.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "bench.h"
#include "base/flow_key.h"
#include "base/mem.h"
#include "base/siphash.h"

struct floor_line {
	uint64_t words[8];
};

static struct floor_line *buckets, *conns;
static uint64_t bucket_mask;
static uint32_t conn_mask;

void
bench_floor_init(unsigned int connections)
{
	uint64_t n = rte_align64pow2(RTE_MAX(connections, 64u));

	/* As many lines as the engine would have: two a connection, and buckets half full. */
	bucket_mask = n / 4 - 1;
	conn_mask = (uint32_t)n - 1;
	buckets = mem_alloc((bucket_mask + 1) * sizeof(*buckets), -1);
	conns = mem_alloc(2 * n * sizeof(*conns), -1);
}

static void
floor_swap(struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);
	struct rte_ether_addr mac = eth->src_addr;
	uint32_t addr = ip->src_addr;
	uint16_t port = tcp->src_port;

	eth->src_addr = eth->dst_addr;
	eth->dst_addr = mac;
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = addr;
	tcp->src_port = tcp->dst_port;
	tcp->dst_port = port;
}

static uint64_t
floor_hash(const struct rte_mbuf *m)
{
	static const struct siphash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *) + WIRE_ETH_LEN;
	uint64_t addresses;
	uint32_t ports;

	memcpy(&addresses, ip + 12, 8);
	memcpy(&ports, ip + 20, 4);
	return siphash13_3w(key, 0, addresses, ports);
}

static void
floor_flows(struct rte_mbuf **m, uint16_t n)
{
	uint64_t hash[PORT_BURST];

	for (uint16_t i = 0; i < n; i++) {
		hash[i] = floor_hash(m[i]);
		rte_prefetch0(&buckets[hash[i] & bucket_mask]);
	}
	for (uint16_t i = 0; i < n; i++) {
		struct floor_line *c = &conns[2 * ((hash[i] >> 32) & conn_mask)];

		buckets[hash[i] & bucket_mask].words[0]++;
		rte_prefetch0(c);
		rte_prefetch0(c + 1);
	}
	for (uint16_t i = 0; i < n; i++) {
		struct floor_line *c = &conns[2 * ((hash[i] >> 32) & conn_mask)];

		c[0].words[1] += hash[i];
		c[1].words[1] += c[0].words[1];
	}
}

uint64_t
bench_run_floor(struct bench *b, bool flow)
{
	struct rte_mbuf *m[PORT_BURST];
	uint64_t start = rte_rdtsc();
	uint16_t n;

	while ((n = port_rx(b->port[1], b->now, m, PORT_BURST)) > 0) {
		if (flow)
			floor_flows(m, n);
		for (uint16_t i = 0; i < n; i++)
			floor_swap(m[i]);
		if (port_tx(b->port[1], b->now, m, n) != n)
			abort();
	}
	return rte_rdtsc() - start;
}

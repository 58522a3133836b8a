/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet II, and the two things that every parser does to a packet: pull and trim. */
#include "wire_internal.h"

bool
wire_pull_chain(struct rte_mbuf *m, uint32_t need)
{
	SPT_ASSERT(need <= m->pkt_len);
	/* What is written behind the data of a shared buffer would appear in another packet. */
	if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1)
		return false;
	return rte_pktmbuf_linearize(m) == 0;
}

void
wire_trim_chain(struct rte_mbuf *m, uint32_t length)
{
	struct rte_mbuf *last = m, *rest;
	uint16_t n = 1;

	SPT_ASSERT(length <= m->pkt_len);
	m->pkt_len = length;
	for (; length > last->data_len; last = last->next) {
		length -= last->data_len;
		n++;
	}
	last->data_len = (uint16_t)length;
	rest = last->next;
	last->next = NULL;
	m->nb_segs = n;
	rte_pktmbuf_free(rest);
}

static void
eth_fill_arp(struct frame *f)
{
	f->class = WIRE_ARP;
	f->family = f->protocol = f->hop_limit = f->tos = 0;
	f->l4_off = WIRE_ETH_LEN;
	f->l4_len = (uint16_t)RTE_MIN(f->m->pkt_len - WIRE_ETH_LEN, (uint32_t)UINT16_MAX);
	f->src = f->dst = (struct spt_addr){.q = {0, 0}};
	f->group_dst = false;
}

/* A link header that is not in the first buffer, or not there. */
static __rte_noinline enum spt_verdict
eth_parse_uncommon(struct rte_mbuf *m, const struct rte_ether_addr *mac, struct frame *f)
{
	if (m->pkt_len < WIRE_ETH_LEN)
		return SPT_V_ETH_SHORT;
	if (!wire_pull(m, WIRE_ETH_LEN))
		return SPT_V_ETH_SPLIT_HEADER;
	return wire_parse_frame(m, mac, f);
}

enum spt_verdict
wire_parse_frame(struct rte_mbuf *m, const struct rte_ether_addr *mac, struct frame *f)
{
	const struct rte_ether_hdr *eth;

	if (unlikely(m->data_len < WIRE_ETH_LEN))
		return eth_parse_uncommon(m, mac, f);
	eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	f->group_mac = rte_is_multicast_ether_addr(&eth->dst_addr);
	if (unlikely(!f->group_mac && !rte_is_same_ether_addr(&eth->dst_addr, mac)))
		return SPT_V_ETH_NOT_OURS;
	f->m = m;
	f->l3_off = WIRE_ETH_LEN;
	if (likely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		return wire_parse_ip4(f);
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return wire_parse_ip6(f);
	if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_ARP))
		return SPT_V_ETH_UNKNOWN_TYPE;
	eth_fill_arp(f);
	return SPT_V_CONTINUE;
}

void
wire_write_eth(void *at, const struct rte_ether_addr *dst, const struct rte_ether_addr *src,
    uint16_t ether_type)
{
	struct rte_ether_hdr *eth = at;

	eth->dst_addr = *dst;
	eth->src_addr = *src;
	eth->ether_type = rte_cpu_to_be_16(ether_type);
}

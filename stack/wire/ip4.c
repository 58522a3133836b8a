/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsing IPv4 (RFC 791, RFC 1122 3.2.1). Options are skipped, fragments refused. */
#include <string.h>

#include "wire_internal.h"

#define L3_OFF  WIRE_ETH_LEN
#define VHL_MAX (RTE_IPV4_VHL_DEF | RTE_IPV4_HDR_IHL_MASK) /* version 4, 60 bytes of header */

/* 20 bytes, without a loop. */
static inline bool
ip4_checksum_ok(const struct rte_ipv4_hdr *ip)
{
	uint64_t v[2];
	uint32_t w;

	memcpy(v, ip, sizeof(v));
	memcpy(&w, (const uint8_t *)ip + sizeof(v), sizeof(w));
	return wire_fold(wire_narrow(wire_add(wire_add(v[0], v[1]), w))) == UINT16_MAX;
}

static inline enum wire_class
ip4_class(uint8_t protocol)
{
	if (likely(protocol == IP_PROTO_TCP))
		return WIRE_TCP;
	return protocol == IP_PROTO_ICMP ? WIRE_ICMP4 : WIRE_OTHER_PROTOCOL;
}

/* The IPv4 header with its options, and that of TCP, contiguous where there are several buffers. */
static __rte_cold bool
ip4_pull(struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip;
	uint32_t want;

	if (!wire_pull(m, L3_OFF + WIRE_IP4_LEN))
		return false;
	ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, L3_OFF);
	want = L3_OFF + rte_ipv4_hdr_len(ip);
	if (ip->next_proto_id == IP_PROTO_TCP)
		want += WIRE_TCP_LEN;
	return wire_pull(m, RTE_MIN(want, m->pkt_len));
}

/* What a header that is not at fault says. */
static inline void
ip4_fill(struct frame *f, const struct rte_ipv4_hdr *ip, unsigned int header, unsigned int total)
{
	f->class = ip4_class(ip->next_proto_id);
	f->family = 4;
	f->protocol = ip->next_proto_id;
	f->hop_limit = ip->time_to_live;
	f->tos = ip->type_of_service;
	f->l4_off = (uint16_t)(L3_OFF + header);
	f->l4_len = (uint16_t)(total - header);
	wire_store_ip4(&f->src, ip->src_addr);
	wire_store_ip4(&f->dst, ip->dst_addr);
	f->group_dst = (ip->dst_addr & RTE_BE32(0xf0000000)) == RTE_BE32(0xe0000000) ||
	               ip->dst_addr == UINT32_MAX;
}

/*
 * The header at L3_OFF, which is contiguous with its options if the packet has them. Made twice:
 * 'common' is the header of 20 bytes in a single buffer, and calls nothing.
 */
static __rte_always_inline enum spt_verdict
ip4_parse(struct frame *f, bool common)
{
	struct rte_mbuf *m = f->m;
	const struct rte_ipv4_hdr *ip =
	    rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, L3_OFF);
	unsigned int header = common ? WIRE_IP4_LEN : rte_ipv4_hdr_len(ip);
	unsigned int total = rte_be_to_cpu_16(ip->total_length);

	if (unlikely(total < header))
		return SPT_V_IP4_BAD_HEADER;
	if (unlikely(total > m->pkt_len - L3_OFF))
		return SPT_V_IP4_SHORT;
	/* GOOD and NONE, which both vouch for the header, share this bit; BAD is looked into. */
	if (!(m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD) &&
	    unlikely(
	        common ? !ip4_checksum_ok(ip) : wire_fold(wire_sum(ip, header, 0)) != UINT16_MAX))
		return SPT_V_IP4_BAD_CHECKSUM;
	if (unlikely(
	        ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)))
		return SPT_V_IP4_FRAGMENT;
	if (unlikely(wire_ip4_bad_source(ip->src_addr)))
		return SPT_V_IP4_BAD_SOURCE;
	ip4_fill(f, ip, header, total);
	if (common)
		m->pkt_len = m->data_len = (uint16_t)(L3_OFF + total);
	else
		wire_trim(m, L3_OFF + total);
	return SPT_V_CONTINUE;
}

/* Short frames, several buffers, options, and what is no IPv4 header at all. */
static __rte_noinline enum spt_verdict
ip4_parse_uncommon(struct frame *f)
{
	struct rte_mbuf *m = f->m;
	const struct rte_ipv4_hdr *ip;

	if (m->pkt_len < L3_OFF + WIRE_IP4_LEN)
		return SPT_V_IP4_SHORT;
	if (!ip4_pull(m))
		return SPT_V_ETH_SPLIT_HEADER;
	ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, L3_OFF);
	if (ip->version_ihl < RTE_IPV4_VHL_DEF || ip->version_ihl > VHL_MAX)
		return SPT_V_IP4_BAD_HEADER;
	return ip4_parse(f, false);
}

enum spt_verdict
wire_parse_ip4(struct frame *f)
{
	const struct rte_mbuf *m = f->m;

	if (unlikely(m->nb_segs != 1 || m->data_len < L3_OFF + WIRE_IP4_LEN ||
	             *rte_pktmbuf_mtod_offset(m, uint8_t *, L3_OFF) != RTE_IPV4_VHL_DEF))
		return ip4_parse_uncommon(f);
	return ip4_parse(f, true);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsing IPv4 (RFC 791, RFC 1122 3.2.1). Options are skipped, fragments refused. */
#include <string.h>

#include "wire_internal.h"

/* Whether the header of 'length' bytes sums up; 20 bytes, almost always, without a loop. */
static inline bool
ip4_checksum_ok(const struct rte_ipv4_hdr *ip, unsigned int length)
{
	uint64_t v[2];
	uint32_t w;

	if (unlikely(length != WIRE_IP4_LEN))
		return wire_fold(wire_sum(ip, length, 0)) == UINT16_MAX;
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

enum spt_verdict
wire_parse_ip4(struct frame *f)
{
	struct rte_mbuf *m = f->m;
	uint32_t left = m->pkt_len - f->l3_off;
	const struct rte_ipv4_hdr *ip;
	unsigned int header, total, want;

	if (unlikely(left < WIRE_IP4_LEN))
		return SPT_V_IP4_SHORT;
	if (unlikely(!wire_pull(m, f->l3_off + WIRE_IP4_LEN)))
		return SPT_V_ETH_SPLIT_HEADER;
	ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, f->l3_off);
	header = rte_ipv4_hdr_len(ip);
	total = rte_be_to_cpu_16(ip->total_length);
	if (unlikely(ip->version_ihl >> 4 != 4 || header < WIRE_IP4_LEN || total < header))
		return SPT_V_IP4_BAD_HEADER;
	if (unlikely(total > left))
		return SPT_V_IP4_SHORT;
	want = header + (ip->next_proto_id == IP_PROTO_TCP ? WIRE_TCP_LEN : 0);
	if (unlikely(!wire_pull(m, f->l3_off + RTE_MIN(want, total))))
		return SPT_V_ETH_SPLIT_HEADER;
	/* GOOD and NONE, which both vouch for the header, share this bit; BAD is looked into. */
	if (!(m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD) && unlikely(!ip4_checksum_ok(ip, header)))
		return SPT_V_IP4_BAD_CHECKSUM;
	if (unlikely(
	        ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)))
		return SPT_V_IP4_FRAGMENT;
	if (unlikely(wire_ip4_bad_source(ip->src_addr)))
		return SPT_V_IP4_BAD_SOURCE;
	wire_trim(m, f->l3_off + total);
	f->class = ip4_class(ip->next_proto_id);
	f->family = 4;
	f->protocol = ip->next_proto_id;
	f->hop_limit = ip->time_to_live;
	f->tos = ip->type_of_service;
	f->l4_off = (uint16_t)(f->l3_off + header);
	f->l4_len = (uint16_t)(total - header);
	wire_store_ip4(&f->src, ip->src_addr);
	wire_store_ip4(&f->dst, ip->dst_addr);
	f->group_dst = (ip->dst_addr & RTE_BE32(0xf0000000)) == RTE_BE32(0xe0000000) ||
	               ip->dst_addr == UINT32_MAX;
	return SPT_V_CONTINUE;
}

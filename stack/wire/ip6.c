/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsing IPv6 and its extension headers (RFC 8200). */
#include "wire_internal.h"

#define L3_OFF WIRE_ETH_LEN

#define EXT_HOP_BY_HOP  0
#define EXT_ROUTING     43
#define EXT_FRAGMENT    44
#define EXT_DESTINATION 60
#define EXT_UNIT        8

#define OPTION_PAD1    0
#define OPTION_DISCARD 0xc0 /* RFC 8200 4.2: unless zero, unknown options end the packet */

/*
 * Options of a hop-by-hop or destination options header, none of which we know:
 * jumbograms (0xc2) too are for those who want them. 'p' is behind the first two bytes.
 */
static bool
ip6_options_ok(const uint8_t *p, unsigned int length)
{
	while (length > 0) {
		unsigned int size = 1;

		if (p[0] != OPTION_PAD1) {
			if (length < 2 || p[0] & OPTION_DISCARD)
				return false;
			size = 2 + p[1];
		}
		if (size > length)
			return false;
		p += size;
		length -= size;
	}
	return true;
}

/* One extension header of 'length' contiguous bytes; the caller deals with fragments. */
static bool
ip6_extension_ok(uint8_t type, const uint8_t *p, unsigned int length)
{
	if (type == EXT_ROUTING)
		return p[3] == 0; /* segments left: we are no router (RFC 8200 4.4) */
	return ip6_options_ok(p + 2, length - 2);
}

/*
 * Walk the extension headers between 'offset' and 'end'; each advances by 8 bytes or more.
 * Sets f->protocol and f->l4_off.
 */
static enum spt_verdict
ip6_skip_extensions(struct frame *f, uint8_t type, uint32_t offset, uint32_t end)
{
	struct rte_mbuf *m = f->m;
	uint32_t first = offset;

	while (type == EXT_HOP_BY_HOP || type == EXT_ROUTING || type == EXT_DESTINATION ||
	       type == EXT_FRAGMENT) {
		const uint8_t *p;
		unsigned int length;

		if (end - offset < EXT_UNIT)
			return SPT_V_IP6_BAD_HEADER;
		if (type == EXT_FRAGMENT)
			return SPT_V_IP6_FRAGMENT;
		if (!wire_pull(m, offset + EXT_UNIT))
			return SPT_V_ETH_SPLIT_HEADER;
		p = rte_pktmbuf_mtod_offset(m, const uint8_t *, offset);
		length = (p[1] + 1u) * EXT_UNIT;
		/* Hop-by-hop stands first or not at all (RFC 8200 4.1). */
		if (length > end - offset || (type == EXT_HOP_BY_HOP && offset != first))
			return SPT_V_IP6_BAD_HEADER;
		if (!wire_pull(m, offset + length))
			return SPT_V_ETH_SPLIT_HEADER;
		if (!ip6_extension_ok(type, p, length))
			return SPT_V_IP6_BAD_HEADER;
		type = p[0];
		offset += length;
	}
	f->protocol = type;
	f->l4_off = (uint16_t)offset;
	return SPT_V_CONTINUE;
}

static inline enum wire_class
ip6_class(uint8_t protocol)
{
	if (likely(protocol == IP_PROTO_TCP))
		return WIRE_TCP;
	return protocol == IP_PROTO_ICMP6 ? WIRE_ICMP6 : WIRE_OTHER_PROTOCOL;
}

/*
 * RFC 4291 2.5 and 2.7. The unspecified address may ask for itself only (RFC 4862 5.4). A mapped
 * IPv4 address on the wire would pass for a connection of the other family.
 */
static enum spt_verdict
ip6_check_addresses(const struct frame *f)
{
	static const struct spt_addr loopback = {.b = {[15] = 1}};

	if (wire_ip6_is_multicast(&f->src) || addr_eq(&f->src, &loopback) || addr_is_v4(&f->src) ||
	    (addr_is_zero(&f->src) && f->class != WIRE_ICMP6))
		return SPT_V_IP6_BAD_SOURCE;
	return addr_is_v4(&f->dst) ? SPT_V_IP_NOT_LOCAL : SPT_V_CONTINUE;
}

enum spt_verdict
wire_parse_ip6(struct frame *f)
{
	struct rte_mbuf *m = f->m;
	uint32_t left = m->pkt_len - L3_OFF;
	uint32_t offset = L3_OFF + WIRE_IP6_LEN;
	const struct rte_ipv6_hdr *ip;
	enum spt_verdict v;
	uint32_t end;

	if (unlikely(left < WIRE_IP6_LEN))
		return SPT_V_IP6_SHORT;
	if (unlikely(!wire_pull(m, offset)))
		return SPT_V_ETH_SPLIT_HEADER;
	ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, L3_OFF);
	if (unlikely((ip->vtc_flow & RTE_BE32(0xf0000000)) != RTE_BE32(0x60000000)))
		return SPT_V_IP6_BAD_HEADER;
	end = offset + rte_be_to_cpu_16(ip->payload_len);
	if (unlikely(end > m->pkt_len))
		return SPT_V_IP6_SHORT;
	v = ip6_skip_extensions(f, ip->proto, offset, end);
	if (unlikely(v != SPT_V_CONTINUE))
		return v;
	f->class = ip6_class(f->protocol);
	f->l4_len = (uint16_t)(end - f->l4_off);
	if (f->class == WIRE_TCP &&
	    unlikely(!wire_pull(m, f->l4_off + RTE_MIN(f->l4_len, WIRE_TCP_LEN))))
		return SPT_V_ETH_SPLIT_HEADER;
	f->src = addr_from_v6(ip->src_addr);
	f->dst = addr_from_v6(ip->dst_addr);
	v = ip6_check_addresses(f);
	if (unlikely(v != SPT_V_CONTINUE))
		return v;
	wire_trim(m, end);
	f->family = 6;
	f->hop_limit = ip->hop_limits;
	f->tos = (uint8_t)(rte_be_to_cpu_32(ip->vtc_flow) >> RTE_IPV6_HDR_TC_SHIFT);
	f->group_dst = wire_ip6_is_multicast(&f->dst);
	return SPT_V_CONTINUE;
}

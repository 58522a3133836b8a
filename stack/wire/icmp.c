/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP and ICMPv6 headers, and the packets that their errors quote (RFC 792, 4443, 5927). */
#include <string.h>

#include <rte_tcp.h>

#include "wire_internal.h"

#define ICMP_LEN         8
#define ICMP6_ECHO_REPLY 129
#define QUOTE_TCP_LEN    8 /* ports and sequence number: all that RFC 792 promises */

enum spt_verdict
wire_parse_icmp(const struct frame *f, struct wire_icmp *i)
{
	uint32_t sum = 0;
	const uint8_t *p;

	if (f->l4_len < ICMP_LEN)
		return SPT_V_ICMP_SHORT;
	if (!wire_pull(f->m, f->l4_off + ICMP_LEN))
		return SPT_V_ETH_SPLIT_HEADER;
	if (f->class == WIRE_ICMP6)
		sum = wire_sum_pseudo(&f->src, &f->dst, IP_PROTO_ICMP6, f->l4_len);
	/* Devices vouch for TCP and UDP; what they say of ICMP differs, so it is not asked. */
	if (wire_fold(wire_sum_mbuf(f->m, f->l4_off, f->l4_len, sum)) != UINT16_MAX)
		return SPT_V_ICMP_BAD_CHECKSUM;
	p = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, f->l4_off);
	/* Nobody could be answered; only discovery and MLD speak from the unspecified address. */
	if (f->class == WIRE_ICMP6 && p[0] <= ICMP6_ECHO_REPLY && addr_is_zero(&f->src))
		return SPT_V_IP6_BAD_SOURCE;
	i->type = p[0];
	i->code = p[1];
	memcpy(&i->rest, p + 4, sizeof(i->rest));
	return SPT_V_CONTINUE;
}

/* Length of the quoted IPv4 header, whose addresses go into 'q'; 0 if it is of no use. */
static unsigned int
quote_parse_ip4(const uint8_t *p, unsigned int length, struct wire_quote *q)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p;
	unsigned int header;

	if (length < WIRE_IP4_LEN)
		return 0;
	header = rte_ipv4_hdr_len(ip);
	if (ip->version_ihl >> 4 != 4 || header < WIRE_IP4_LEN ||
	    ip->next_proto_id != IP_PROTO_TCP ||
	    ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK) ||
	    rte_be_to_cpu_16(ip->total_length) < header + WIRE_TCP_LEN)
		return 0;
	q->src = addr_from_v4(ip->src_addr);
	q->dst = addr_from_v4(ip->dst_addr);
	return header;
}

/* We send no extension headers, so a quote that has some is not of ours. */
static unsigned int
quote_parse_ip6(const uint8_t *p, unsigned int length, struct wire_quote *q)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)p;

	if (length < WIRE_IP6_LEN || p[0] >> 4 != 6 || ip->proto != IP_PROTO_TCP ||
	    rte_be_to_cpu_16(ip->payload_len) < WIRE_TCP_LEN)
		return 0;
	q->src = addr_from_v6(ip->src_addr);
	q->dst = addr_from_v6(ip->dst_addr);
	return addr_is_v4(&q->src) || addr_is_v4(&q->dst) ? 0 : WIRE_IP6_LEN;
}

bool
wire_parse_quote(const struct frame *f, struct wire_quote *q)
{
	const struct rte_tcp_hdr *tcp;
	unsigned int length, header;
	const uint8_t *p;

	if (f->l4_len < ICMP_LEN)
		return false;
	length = RTE_MIN(f->l4_len - ICMP_LEN, 15 * 4 + QUOTE_TCP_LEN);
	if (!wire_pull(f->m, f->l4_off + ICMP_LEN + length))
		return false;
	p = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, f->l4_off + ICMP_LEN);
	header = f->family == 4 ? quote_parse_ip4(p, length, q) : quote_parse_ip6(p, length, q);
	if (header == 0 || length < header + QUOTE_TCP_LEN)
		return false;
	tcp = (const struct rte_tcp_hdr *)(p + header);
	q->family = f->family;
	q->sport = tcp->src_port;
	q->dport = tcp->dst_port;
	q->seq = rte_be_to_cpu_32(tcp->sent_seq);
	return true;
}

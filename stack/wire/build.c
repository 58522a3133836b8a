/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing IP and TCP headers; checksums are left to wire_checksum_tx or to a device. */
#include <rte_tcp.h>

#include "wire_internal.h"

static inline unsigned int
write_ip4(void *at, const struct wire_ip *ip, uint16_t payload)
{
	struct rte_ipv4_hdr *h = at;

	SPT_ASSERT(payload <= UINT16_MAX - WIRE_IP4_LEN);
	h->version_ihl = RTE_IPV4_VHL_DEF;
	h->type_of_service = ip->tos;
	h->total_length = rte_cpu_to_be_16((uint16_t)(WIRE_IP4_LEN + payload));
	h->packet_id = 0; /* RFC 6864 4.1: atomic packets may have any */
	h->fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	h->time_to_live = ip->ttl;
	h->next_proto_id = ip->protocol;
	h->hdr_checksum = 0;
	h->src_addr = addr_v4(&ip->src);
	h->dst_addr = addr_v4(&ip->dst);
	return WIRE_IP4_LEN;
}

unsigned int
wire_write_ip(void *at, const struct wire_ip *ip, uint16_t payload)
{
	struct rte_ipv6_hdr *h = at;

	SPT_ASSERT(addr_is_v4(&ip->src) == addr_is_v4(&ip->dst));
	if (addr_is_v4(&ip->dst))
		return write_ip4(at, ip, payload);
	h->vtc_flow =
	    rte_cpu_to_be_32(UINT32_C(6) << 28 | (uint32_t)ip->tos << RTE_IPV6_HDR_TC_SHIFT);
	h->payload_len = rte_cpu_to_be_16(payload);
	h->proto = ip->protocol;
	h->hop_limits = ip->ttl;
	memcpy(h->src_addr, ip->src.b, sizeof(h->src_addr));
	memcpy(h->dst_addr, ip->dst.b, sizeof(h->dst_addr));
	return WIRE_IP6_LEN;
}

/* A word of options, in the order in which its bytes are sent. */
static inline uint8_t *
put_word(uint8_t *p, uint32_t word)
{
	word = rte_cpu_to_be_32(word);
	memcpy(p, &word, sizeof(word));
	return p + sizeof(word);
}

/* NOPs in front keep every option in whole words, so nothing is left to pad (MUST-69). */
static uint8_t *
write_syn_options(uint8_t *p, const struct wire_tcp *t)
{
	if (t->options & SEG_HAS_MSS)
		p = put_word(p, 0x02040000 | t->mss);
	if (t->options & SEG_HAS_WSCALE)
		p = put_word(p, 0x01030300 | t->wscale);
	if ((t->options & (SEG_HAS_SACK_PERM | SEG_HAS_TIMESTAMP)) == SEG_HAS_SACK_PERM)
		p = put_word(p, 0x01010402);
	return p;
}

/* RFC 2018 3, behind the timestamps: there the fast path of who receives it looks. */
static uint8_t *
write_sack(uint8_t *p, const struct wire_tcp *t)
{
	SPT_ASSERT(t->sack_blocks > 0 && t->sack_blocks <= 4);
	p = put_word(p, 0x01010502 + 8 * t->sack_blocks);
	for (unsigned int i = 0; i < t->sack_blocks; i++) {
		p = put_word(p, t->sack[i].start);
		p = put_word(p, t->sack[i].end);
	}
	return p;
}

unsigned int
wire_write_tcp(void *at, const struct wire_tcp *t)
{
	unsigned int length = wire_tcp_len(t);
	struct rte_tcp_hdr *h = at;
	uint8_t *p = (uint8_t *)(h + 1);

	h->src_port = t->sport;
	h->dst_port = t->dport;
	h->sent_seq = rte_cpu_to_be_32(t->seq);
	h->recv_ack = rte_cpu_to_be_32(t->ack);
	h->data_off = (uint8_t)(length << 2);
	h->tcp_flags = t->flags;
	h->rx_win = rte_cpu_to_be_16(t->wnd);
	h->cksum = 0;
	h->tcp_urp = rte_cpu_to_be_16(t->up);
	if (unlikely(t->options & ~(SEG_HAS_TIMESTAMP | SEG_HAS_SACK)))
		p = write_syn_options(p, t);
	if (t->options & SEG_HAS_TIMESTAMP) {
		p = put_word(p, t->options & SEG_HAS_SACK_PERM ? 0x0402080a : 0x0101080a);
		p = put_word(p, t->tsval);
		p = put_word(p, t->tsecr);
	}
	if (t->options & SEG_HAS_SACK)
		p = write_sack(p, t);
	SPT_ASSERT(p == (uint8_t *)at + length);
	return length;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsing the TCP header and its options (RFC 9293 3.1, 3.2; RFC 7323; RFC 2018). */
#include <string.h>

#include <rte_tcp.h>

#include "wire_internal.h"

enum tcp_option_kind {
	KIND_EOL = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_WSCALE = 3,
	KIND_SACK_PERM = 4,
	KIND_SACK = 5,
	KIND_TIMESTAMP = 8,
};

#define LEN_MSS        4
#define LEN_WSCALE     3
#define LEN_SACK_PERM  2
#define LEN_SACK_BLOCK 8
#define LEN_TIMESTAMP  10

/* NOP, NOP, timestamps: how every segment of an ordinary connection looks (RFC 7323 app. A). */
#define ALIGNED_TIMESTAMP RTE_BE32(0x0101080a)
#define ALIGNED_LEN       12
/* NOP, NOP, SACK behind them or alone: its length in the low byte. */
#define ALIGNED_SACK 0x01010500

static inline uint32_t
load_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return rte_be_to_cpu_32(v);
}

/* One option whose 'length' bytes are there; of one that comes twice the last counts. */
static bool
tcp_parse_option(struct seg *s, const uint8_t *p, unsigned int length, unsigned int offset)
{
	switch (p[0]) {
	case KIND_MSS:
		if (length != LEN_MSS)
			return false;
		s->mss = (uint16_t)(p[2] << 8 | p[3]);
		s->options |= SEG_HAS_MSS;
		return true;
	case KIND_WSCALE:
		if (length != LEN_WSCALE)
			return false;
		s->wscale = p[2];
		s->options |= SEG_HAS_WSCALE;
		return true;
	case KIND_SACK_PERM: s->options |= SEG_HAS_SACK_PERM; return length == LEN_SACK_PERM;
	case KIND_SACK:
		if (length < 2 + LEN_SACK_BLOCK || (length - 2) % LEN_SACK_BLOCK != 0)
			return false;
		s->sack_off = (uint8_t)(WIRE_TCP_LEN + offset + 2);
		s->sack_blocks = (uint8_t)((length - 2) / LEN_SACK_BLOCK);
		s->options |= SEG_HAS_SACK;
		return true;
	case KIND_TIMESTAMP:
		if (length != LEN_TIMESTAMP)
			return false;
		s->tsval = load_be32(p + 2);
		s->tsecr = load_be32(p + 6);
		s->options |= SEG_HAS_TIMESTAMP;
		return true;
	default: return true; /* MUST-6 */
	}
}

/*
 * NOP NOP SACK, behind aligned timestamps or alone: how the ACKs of a peer look who misses
 * something. False: another layout, nothing was taken.
 */
static bool
tcp_parse_sack(struct seg *s, const uint8_t *p, unsigned int length)
{
	unsigned int at = 0, size;
	uint32_t first;

	memcpy(&first, p, sizeof(first));
	if (first == ALIGNED_TIMESTAMP && length > ALIGNED_LEN)
		at = ALIGNED_LEN;
	size = load_be32(p + at) - ALIGNED_SACK;
	if (size < 2 + LEN_SACK_BLOCK || size % LEN_SACK_BLOCK != 2 || size + 2 != length - at)
		return false;
	s->sack_off = (uint8_t)(WIRE_TCP_LEN + at + 4);
	s->sack_blocks = (uint8_t)(size / LEN_SACK_BLOCK);
	s->options = SEG_HAS_SACK;
	if (at > 0) {
		s->tsval = load_be32(p + 4);
		s->tsecr = load_be32(p + 8);
		s->options |= SEG_HAS_TIMESTAMP;
	}
	return true;
}

/* Any options, at any alignment. Each step takes a byte at least. */
static __rte_noinline enum spt_verdict
tcp_parse_options(struct seg *s, const uint8_t *p, unsigned int length)
{
	unsigned int i = 0;

	if (tcp_parse_sack(s, p, length))
		return SPT_V_CONTINUE;
	while (i < length && p[i] != KIND_EOL) {
		unsigned int size = 1;

		if (p[i] != KIND_NOP) {
			/* MUST-7: illegal lengths are told from legal ones, 0 and 1 too. */
			if (length - i < 2 || p[i + 1] < 2 || p[i + 1] > length - i)
				return SPT_V_TCP_BAD_OPTION;
			size = p[i + 1];
			if (!tcp_parse_option(s, p + i, size, i))
				return SPT_V_TCP_BAD_OPTION;
		}
		i += size;
	}
	return SPT_V_CONTINUE;
}

/* MUST-3: over the pseudo-header, the header and the payload. */
static inline bool
tcp_checksum_ok(const struct frame *f)
{
	uint32_t sum = wire_sum_pseudo(&f->src, &f->dst, IP_PROTO_TCP, f->l4_len);

	if (likely(f->l4_len <= WIRE_SUM_SHORT_MAX && f->m->nb_segs == 1)) {
		const uint8_t *p = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, f->l4_off);

		return wire_fold(wire_narrow(wire_sum_short(p, f->l4_len) + sum)) == UINT16_MAX;
	}
	return wire_fold(wire_sum_mbuf(f->m, f->l4_off, f->l4_len, sum)) == UINT16_MAX;
}

/* The header with its options, contiguous where there are several buffers. */
static __rte_cold bool
tcp_pull(const struct frame *f)
{
	const struct rte_tcp_hdr *tcp =
	    rte_pktmbuf_mtod_offset(f->m, const struct rte_tcp_hdr *, f->l4_off);
	uint32_t header = (tcp->data_off >> 4) * 4;

	return wire_pull(f->m, f->l4_off + RTE_MIN(header, f->l4_len));
}

/* All but the options. */
static inline void
tcp_fill(struct seg *s, const struct frame *f, const struct rte_tcp_hdr *tcp, unsigned int header)
{
	s->key.raddr = f->src;
	s->key.rport = tcp->src_port;
	s->key.lport = tcp->dst_port;
	s->key.pad = 0;
	s->m = f->m;
	s->seq = rte_be_to_cpu_32(tcp->sent_seq);
	s->ack = rte_be_to_cpu_32(tcp->recv_ack);
	s->len = f->l4_len - header;
	s->wnd = rte_be_to_cpu_16(tcp->rx_win);
	s->flags = tcp->tcp_flags;
	s->options = 0;
	s->tsval = s->tsecr = 0;
	s->mss = 0;
	s->up = rte_be_to_cpu_16(tcp->tcp_urp);
	s->wscale = 0;
	s->l3_off = WIRE_ETH_LEN;
	s->l4_off = f->l4_off;
	s->payload_off = (uint16_t)(f->l4_off + header);
	s->sack_off = s->sack_blocks = 0;
	s->tos = f->tos;
	s->family = f->family;
}

enum spt_verdict
wire_parse_tcp(const struct frame *f, struct seg *s)
{
	const struct rte_tcp_hdr *tcp;
	unsigned int header;
	const uint8_t *p;
	uint32_t first;

	/* What calls another function stands first, where little has to outlive the call. */
	if (unlikely(f->l4_len < WIRE_TCP_LEN))
		return SPT_V_TCP_SHORT;
	/* GOOD and NONE, which both vouch for the data, share this bit; BAD is looked into. */
	if (!(f->m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_GOOD) && unlikely(!tcp_checksum_ok(f)))
		return SPT_V_TCP_BAD_CHECKSUM;
	if (unlikely(f->m->nb_segs != 1) && !tcp_pull(f))
		return SPT_V_ETH_SPLIT_HEADER;
	tcp = rte_pktmbuf_mtod_offset(f->m, const struct rte_tcp_hdr *, f->l4_off);
	header = (tcp->data_off >> 4) * 4;
	if (unlikely(header < WIRE_TCP_LEN || header > f->l4_len))
		return SPT_V_TCP_BAD_OFFSET;
	if (unlikely(tcp->src_port == 0 || tcp->dst_port == 0))
		return SPT_V_TCP_BAD_PORT;
	tcp_fill(s, f, tcp, header);
	if (header == WIRE_TCP_LEN)
		return SPT_V_CONTINUE;
	p = (const uint8_t *)(tcp + 1);
	memcpy(&first, p, sizeof(first));
	if (unlikely(header != WIRE_TCP_LEN + ALIGNED_LEN || first != ALIGNED_TIMESTAMP))
		return tcp_parse_options(s, p, header - WIRE_TCP_LEN);
	s->tsval = load_be32(p + 4);
	s->tsecr = load_be32(p + 8);
	s->options = SEG_HAS_TIMESTAMP;
	return SPT_V_CONTINUE;
}

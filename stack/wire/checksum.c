/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071) in software. Not built on rte_raw_cksum: it adds two bytes at
 * a time, and rte_raw_cksum_mbuf of DPDK 22.11 drops the carries of a segment at an odd offset.
 */
#include <string.h>

#include <rte_tcp.h>

#include "wire_internal.h"

/* Two words at a time; every machine that DPDK runs on has registers for it. */
typedef uint64_t two_words __attribute__((vector_size(16)));

/*
 * Sums of 64-bit words: of all of them, modulo 2^64, and of their high halves. The sum of the low
 * halves is what is left of the first when the second is taken off it, so no word is split twice.
 */
struct halves {
	two_words all, high;
};

static inline void
halves_add(struct halves *h, const uint8_t *p)
{
	two_words v;

	memcpy(&v, p, sizeof(v));
	h->all += v;
	h->high += v >> 32;
}

/* The sum of all 32-bit words, fewer than 2^32 of each half. */
static inline uint64_t
halves_sum(struct halves h)
{
	two_words sum = h.all - (h.high << 32) + h.high;

	return sum[0] + sum[1];
}

/* 'length' bytes, far fewer than the 2^34 that carries have room for. */
static uint64_t
sum_bytes(const uint8_t *p, size_t length)
{
	struct halves a = {0}, b = {0};
	uint64_t sum = 0;
	uint32_t w[2];

	for (; length >= 32; p += 32, length -= 32) {
		halves_add(&a, p);
		halves_add(&b, p + 16);
	}
	if (length & 16) {
		halves_add(&a, p);
		p += 16;
	}
	if (length & 8) {
		memcpy(w, p, 8);
		sum += (uint64_t)w[0] + w[1];
		p += 8;
	}
	return sum + halves_sum(a) + halves_sum(b) + wire_sum_tail(p, length & 7);
}

uint32_t
wire_sum(const void *data, size_t length, uint32_t sum)
{
	return wire_narrow(sum_bytes(data, length) + sum);
}

uint32_t
wire_sum_mbuf(const struct rte_mbuf *m, uint32_t offset, uint32_t length, uint32_t sum)
{
	uint64_t total = sum;
	bool odd = false; /* the segment begins with the second byte of a word */

	SPT_ASSERT((uint64_t)offset + length <= m->pkt_len);
	if (likely(offset + length <= m->data_len))
		return wire_sum(rte_pktmbuf_mtod_offset(m, const void *, offset), length, sum);
	while (offset >= m->data_len && m->next != NULL) {
		offset -= m->data_len;
		m = m->next;
	}
	for (; length > 0 && m != NULL; m = m->next) {
		uint32_t here = RTE_MIN(length, m->data_len - offset);
		uint16_t part = wire_fold(wire_narrow(
		    sum_bytes(rte_pktmbuf_mtod_offset(m, const uint8_t *, offset), here)));

		/* A swapped sum is the sum of swapped words (RFC 1071 section 2 (B)). */
		total += odd ? rte_bswap16(part) : part;
		odd ^= here & 1;
		length -= here;
		offset = 0;
	}
	return wire_narrow(total);
}

/* The field holds the sum of the pseudo-header, so it is part of the sum. */
static inline uint16_t
tcp_checksum(const struct rte_mbuf *m, uint32_t l4_off)
{
	uint32_t length = m->pkt_len - l4_off;

	SPT_ASSERT(l4_off + WIRE_TCP_LEN <= m->data_len);
	if (likely(length <= WIRE_SUM_SHORT_MAX && m->nb_segs == 1)) {
		const uint8_t *p = rte_pktmbuf_mtod_offset(m, const uint8_t *, l4_off);

		return (uint16_t)~wire_fold(wire_narrow(wire_sum_short(p, length)));
	}
	return (uint16_t)~wire_fold(wire_sum_mbuf(m, l4_off, length, 0));
}

void
wire_checksum_tx(struct rte_mbuf *m)
{
	if (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) {
		struct rte_ipv4_hdr *ip =
		    rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, m->l2_len);

		SPT_ASSERT(m->l2_len + m->l3_len <= m->data_len && m->l3_len >= WIRE_IP4_LEN);
		ip->hdr_checksum = 0;
		ip->hdr_checksum = (uint16_t)~wire_fold(
		    wire_narrow(wire_sum_short((const uint8_t *)ip, m->l3_len)));
	}
	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM) {
		uint32_t l4_off = m->l2_len + m->l3_len;
		struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, l4_off);

		tcp->cksum = tcp_checksum(m, l4_off);
	}
	m->ol_flags &= ~(RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IPV4 |
	                 RTE_MBUF_F_TX_IPV6);
}

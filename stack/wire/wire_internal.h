/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of wire/ share with one another and with nobody else. */
#ifndef SPT_WIRE_INTERNAL_H
#define SPT_WIRE_INTERNAL_H

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_ip.h>

#include "../base/addr.h"
#include "wire.h"

/*
 * The network header behind an Ethernet header; f->m, f->l3_off and f->group_mac are set. On
 * SPT_V_CONTINUE every field of 'f' is.
 */
enum spt_verdict wire_parse_ip4(struct frame *f);
enum spt_verdict wire_parse_ip6(struct frame *f);

/* The uncommon cases of wire_pull and wire_trim. */
__rte_cold bool wire_pull_chain(struct rte_mbuf *m, uint32_t need);
__rte_cold void wire_trim_chain(struct rte_mbuf *m, uint32_t length);

/*
 * Make the first 'need' bytes contiguous; the caller knows that the packet has them. The
 * first byte stays where it is. False: buffers are shared, or there is no room.
 */
static inline bool
wire_pull(struct rte_mbuf *m, uint32_t need)
{
	return likely(need <= m->data_len) || wire_pull_chain(m, need);
}

/* Cut the packet to 'length' bytes; it has at least that many. */
static inline void
wire_trim(struct rte_mbuf *m, uint32_t length)
{
	if (m->pkt_len == length)
		return;
	if (likely(m->nb_segs == 1))
		m->pkt_len = m->data_len = (uint16_t)length;
	else
		wire_trim_chain(m, length);
}

/*
 * Write a mapped IPv4 address by one store: whoever loads it whole at once, as the parser of the
 * transport does, would wait for the parts (no store is forwarded to a load larger than it).
 */
static inline void
wire_store_ip4(struct spt_addr *to, uint32_t v4)
{
	uint32_t v __attribute__((vector_size(16))) = {0, 0, ADDR_V4_PREFIX, v4};

	memcpy(to, &v, sizeof(v));
}

/* Hosts do not use these on a link: RFC 1122 3.2.1.3, RFC 6890. 'a' is big endian. */
static inline bool
wire_ip4_bad_source(uint32_t a)
{
	uint8_t net = (uint8_t)(rte_be_to_cpu_32(a) >> 24);

	if (likely((uint8_t)(net - 1) < 126 || (uint8_t)(net - 128) < 96))
		return false;
	return net < 240 || a == UINT32_MAX;
}

static inline bool
wire_ip6_is_multicast(const struct spt_addr *a)
{
	return a->b[0] == 0xff;
}

static inline bool
wire_ip6_is_link_local(const struct spt_addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* The last bytes of what is summed, fewer than eight. */
static inline uint64_t
wire_sum_tail(const uint8_t *p, size_t length)
{
	uint64_t sum = 0;
	uint32_t w;
	uint16_t h;

	if (length & 4) {
		memcpy(&w, p, 4);
		sum += w;
		p += 4;
	}
	if (length & 2) {
		memcpy(&h, p, 2);
		sum += h;
		p += 2;
	}
	if (length & 1) {
		/* The last byte is the first of a word whose second is 0, in either byte order. */
		h = 0;
		memcpy(&h, p, 1);
		sum += h;
	}
	return sum;
}

/*
 * 20 to 64 bytes: a header and little more, which a few loads sum faster than vectors do. The
 * result has far fewer than 64 bits: add to it, then wire_narrow.
 */
#define WIRE_SUM_SHORT_MAX 64

static inline uint64_t
wire_sum_short(const uint8_t *p, unsigned int length)
{
	uint64_t v, sum;
	uint32_t w[5];

	memcpy(w, p, sizeof(w));
	sum = (uint64_t)w[0] + w[1] + w[2] + w[3] + w[4];
	p += sizeof(w);
	length -= sizeof(w);
	for (; length >= 8; p += 8, length -= 8) {
		memcpy(&v, p, sizeof(v));
		sum += v & UINT32_MAX;
		sum += v >> 32;
	}
	return sum + wire_sum_tail(p, length);
}

#endif

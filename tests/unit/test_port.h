/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames for the tests of ports: numbered ones, chains, and packets whose checksums are open. */
#ifndef TESTS_UNIT_TEST_PORT_H
#define TESTS_UNIT_TEST_PORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include <lib/env.h>
#include <lib/packet.h>
#include <port/port.h>

/* One segment of 'length' bytes that follow from 'number', which its first 4 bytes are. */
static inline struct rte_mbuf *
frame_make(struct rte_mempool *pool, uint32_t number, uint16_t length)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *b;
	uint16_t i;

	assert_non_null(m);
	b = (uint8_t *)rte_pktmbuf_append(m, length);
	assert_non_null(b);
	for (i = 0; i < length; i++)
		b[i] = (uint8_t)(number * 31 + i);
	if (length >= sizeof(number))
		memcpy(b, &number, sizeof(number));
	return m;
}

static inline uint32_t
frame_number(const struct rte_mbuf *m)
{
	uint32_t number;

	memcpy(&number, rte_pktmbuf_mtod(m, const void *), sizeof(number));
	return number;
}

/* Whether 'm', of any number of segments, has the bytes of frame_make(number, length). */
static inline int
frame_is(const struct rte_mbuf *m, uint32_t number, uint16_t length)
{
	uint8_t flat[PACKET_MAX];
	uint16_t i;

	if (m->pkt_len != length || packet_flatten(m, flat) != length)
		return 0;
	if (memcmp(flat, &number, sizeof(number)) != 0)
		return 0;
	for (i = sizeof(number); i < length; i++) {
		if (flat[i] != (uint8_t)(number * 31 + i))
			return 0;
	}
	return 1;
}

/* The same bytes in segments of at most 'piece' bytes. */
static inline struct rte_mbuf *
frame_make_chain(struct rte_mempool *pool, uint32_t number, uint16_t length, uint16_t piece)
{
	struct rte_mbuf *flat = frame_make(pool, number, length), *head = NULL;
	uint16_t at, here;

	for (at = 0; at < length; at += here) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		assert_non_null(m);
		here = RTE_MIN(piece, length - at);
		memcpy(rte_pktmbuf_append(m, here), rte_pktmbuf_mtod_offset(flat, const void *, at),
		    here);
		if (head == NULL)
			head = m;
		else
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
	}
	rte_pktmbuf_free(flat);
	return head;
}

/* A TCP packet as an engine hands it over: checksums asked for, the pseudo-header's filled in. */
static inline struct rte_mbuf *
frame_make_tcp(struct rte_mempool *pool, uint8_t family, uint16_t payload)
{
	static const uint8_t data[1460] = {1, 2, 3, 0xff, 0xfe, 0x80};
	uint8_t flat[PACKET_MAX];
	struct packet p = {
	    .family = family,
	    .src.b = {0x20, 1, 0xd, 0xb8, [10] = 0xff, 0xff, 192, 0, 2, 1},
	    .dst.b = {0x20, 1, 0xd, 0xb8, [10] = 0xff, 0xff, 192, 0, 2, 2},
	    .sport = 4711,
	    .dport = 7,
	    .seq = 0xfffffff0,
	    .ack = 1,
	    .flags = P_ACK | P_PSH,
	    .wnd = 1000,
	    .payload = data,
	    .len = payload,
	};
	struct rte_mbuf *m;
	struct rte_tcp_hdr *tcp;
	void *ip;

	if (family == 4) {
		memset(p.src.b, 0, 10);
		memset(p.dst.b, 0, 10);
	}
	m = packet_mbuf(pool, flat, packet_build(&p, flat));
	assert_non_null(m);
	m->l2_len = RTE_ETHER_HDR_LEN;
	m->l3_len = family == 4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	m->l4_len = sizeof(struct rte_tcp_hdr);
	m->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM;
	ip = rte_pktmbuf_mtod_offset(m, void *, m->l2_len);
	tcp = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, m->l2_len + m->l3_len);
	if (family == 4) {
		m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
		((struct rte_ipv4_hdr *)ip)->hdr_checksum = 0;
		tcp->cksum = rte_ipv4_phdr_cksum(ip, 0);
	} else {
		m->ol_flags |= RTE_MBUF_F_TX_IPV6;
		tcp->cksum = rte_ipv6_phdr_cksum(ip, 0);
	}
	return m;
}

/* A frame whose checksums, and all else about it, are right. */
static inline void
assert_frame_right(const struct rte_mbuf *m)
{
	uint8_t flat[PACKET_MAX];
	struct packet p;

	packet_parse(flat, packet_flatten(m, flat), &p);
	assert_null(p.fault);
}

/* What must not be left of its last owner's on a received frame. */
static inline void
assert_frame_clean(const struct rte_mbuf *m)
{
	rte_mbuf_sanity_check(m, 1);
	assert_int_equal(m->ol_flags & ~(RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL), 0);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	assert_true(RTE_MBUF_DIRECT(m));
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of wire/ share: packets in buffers of exactly their size, so that an
 * overread of one byte is a sanitizer's report; chains; sums and frames that owe nothing
 * to the code under test.
 */
#ifndef TEST_WIRE_H
#define TEST_WIRE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include "wire/wire.h"

#define FRAME_MAX 2048

static struct rte_mempool *test_pool;

static const struct rte_ether_addr test_mac = {{0x02, 0, 0, 0, 0, 0x01}};

static inline int
test_wire_setup(void **state)
{
	char prefix[32];
	char *argv[] = {(char[]){"t"}, (char[]){"--no-huge"}, (char[]){"--no-pci"},
	    (char[]){"--no-shconf"}, (char[]){"-m"}, (char[]){"256"}, (char[]){"--file-prefix"},
	    prefix, (char[]){"--log-level"}, (char[]){"4"}, NULL};

	(void)state;
	snprintf(prefix, sizeof(prefix), "wire%d", (int)getpid());
	if (rte_eal_init(10, argv) < 0)
		return -1;
	test_pool =
	    rte_pktmbuf_pool_create("wire", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return test_pool == NULL ? -1 : 0;
}

/* Every mbuf is back. */
static inline int
test_wire_teardown(void **state)
{
	(void)state;
	return rte_mempool_avail_count(test_pool) == 1023 ? 0 : -1;
}

static inline void
test_free_external(void *buffer, void *shinfo)
{
	free(buffer);
	free(shinfo);
}

/* One mbuf whose buffer is an allocation of 'n' bytes: not direct, no room behind. */
static inline struct rte_mbuf *
test_mbuf_exact(const void *bytes, size_t n)
{
	struct rte_mbuf_ext_shared_info *shinfo = malloc(sizeof(*shinfo));
	struct rte_mbuf *m = rte_pktmbuf_alloc(test_pool);
	void *buffer = malloc(n);

	assert_non_null(m);
	assert_true(shinfo != NULL && (buffer != NULL || n == 0));
	memcpy(buffer, bytes, n);
	shinfo->free_cb = test_free_external;
	shinfo->fcb_opaque = shinfo;
	rte_mbuf_ext_refcnt_set(shinfo, 1);
	rte_pktmbuf_attach_extbuf(m, buffer, RTE_BAD_IOVA, (uint16_t)n, shinfo);
	m->data_len = (uint16_t)n;
	m->pkt_len = (uint32_t)n;
	return m;
}

/* One direct mbuf of the pool, with room behind. */
static inline struct rte_mbuf *
test_mbuf_direct(const void *bytes, size_t n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(test_pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)n), bytes, n);
	return m;
}

/* 'bytes' in as many segments as 'cuts' says (sizes, 0 ends; the rest is the last segment). */
static inline struct rte_mbuf *
test_mbuf_chain(const uint8_t *bytes, size_t n, const uint16_t *cuts, bool direct)
{
	struct rte_mbuf *head = NULL, *m;

	for (;; cuts++) {
		size_t here = *cuts == 0 || *cuts > n ? n : *cuts;

		m = direct ? test_mbuf_direct(bytes, here) : test_mbuf_exact(bytes, here);
		if (head == NULL)
			head = m;
		else
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
		bytes += here;
		n -= here;
		if (*cuts == 0 || n == 0)
			return head;
	}
}

/* RFC 1071 by the letter: bytes in pairs, the first of a pair is the upper one. */
static inline uint32_t
naive_sum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static inline void
put_be16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, v >> 16);
	put_be16(p + 2, v & 0xffff);
}

/* The checksum of an IPv4 header at 'ip'. */
static inline void
fix_ip4(uint8_t *ip)
{
	put_be16(ip + 10, 0);
	put_be16(ip + 10, ~naive_sum(ip, (ip[0] & 15) * 4u, 0) & 0xffff);
}

/* A checksum field at l4 + field, for 'n' bytes from l4, with the pseudo-header of 'ip'. */
static inline void
fix_l4(const uint8_t *ip, uint8_t *l4, size_t n, uint8_t protocol, size_t field)
{
	uint32_t sum = naive_sum((uint8_t[]){0, protocol}, 2, 0);

	sum = naive_sum((uint8_t[]){(uint8_t)(n >> 8), (uint8_t)n}, 2, sum);
	sum = ip[0] >> 4 == 4 ? naive_sum(ip + 12, 8, sum) : naive_sum(ip + 8, 32, sum);
	put_be16(l4 + field, 0);
	put_be16(l4 + field, ~naive_sum(l4, n, sum) & 0xffff);
}

/* 10.0.0.2:1234 -> 10.0.0.1:80, ACK, timestamps, "hello": 71 bytes with the link header. */
#define TCP4_LEN 71
#define TCP4_L4  34
/* The same from 2001:db8::2 to 2001:db8::1: 91 bytes. */
#define TCP6_LEN 91
#define TCP6_L4  54

static inline void
write_tcp_hello(uint8_t *tcp)
{
	static const uint8_t segment[37] = {0x04, 0xd2, 0, 80, 0x01, 0x02, 0x03, 0x04, 0xf1, 0xf2,
	    0xf3, 0xf4, 0x80, TCP_ACK | TCP_PSH, 0x20, 0x00, 0, 0, 0x12, 0x34, 1, 1, 8, 10, 0xaa,
	    0xbb, 0xcc, 0xdd, 0x11, 0x22, 0x33, 0x44, 'h', 'e', 'l', 'l', 'o'};

	memcpy(tcp, segment, sizeof(segment));
}

static inline void
write_link(uint8_t *p, uint16_t type)
{
	memcpy(p, &test_mac, 6);
	memcpy(p + 6, (uint8_t[]){0x02, 0, 0, 0, 0, 0x02}, 6);
	put_be16(p + 12, type);
}

/* An IPv4 header of 20 bytes behind a link header. */
static inline void
write_ip4(uint8_t *frame, uint8_t protocol, size_t payload)
{
	static const uint8_t ip[20] = {
	    0x45, 0x2a, 0, 0, 0, 0, 0x40, 0, 57, 0, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1};

	write_link(frame, 0x0800);
	memcpy(frame + 14, ip, sizeof(ip));
	put_be16(frame + 16, (unsigned int)(20 + payload));
	frame[23] = protocol;
	fix_ip4(frame + 14);
}

/* An IPv6 header behind a link header. */
static inline void
write_ip6(uint8_t *frame, uint8_t next, size_t payload)
{
	static const uint8_t ip[40] = {0x62, 0xa0, 0, 7, 0, 0, 0, 58, 0x20, 0x01, 0x0d,
	    0xb8, [23] = 2, [24] = 0x20, 0x01, 0x0d, 0xb8, [39] = 1};

	write_link(frame, 0x86dd);
	memcpy(frame + 14, ip, sizeof(ip));
	put_be16(frame + 18, (unsigned int)payload);
	frame[20] = next;
}

static inline void
write_tcp4(uint8_t *frame)
{
	write_ip4(frame, 6, TCP4_LEN - TCP4_L4);
	write_tcp_hello(frame + TCP4_L4);
	fix_l4(frame + 14, frame + TCP4_L4, TCP4_LEN - TCP4_L4, 6, 16);
}

static inline void
write_tcp6(uint8_t *frame)
{
	write_ip6(frame, 6, TCP6_LEN - TCP6_L4);
	write_tcp_hello(frame + TCP6_L4);
	fix_l4(frame + 14, frame + TCP6_L4, TCP6_LEN - TCP6_L4, 6, 16);
}

#define assert_verdict(got, want) assert_string_equal(spt_verdict_name(got), spt_verdict_name(want))

/* The verdict on 'n' bytes in a buffer of their size; TCP is parsed to the end. */
static inline enum spt_verdict
verdict_of(const uint8_t *frame, size_t n, struct frame *f, struct seg *s)
{
	struct rte_mbuf *m = test_mbuf_exact(frame, n);
	enum spt_verdict v = wire_parse_frame(m, &test_mac, f);

	if (v == SPT_V_CONTINUE && f->class == WIRE_TCP)
		v = wire_parse_tcp(f, s);
	rte_pktmbuf_free(m);
	return v;
}

/* xorshift64: tests are the same on each run. */
static inline uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

#endif

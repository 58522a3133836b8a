/* SPDX-License-Identifier: BSD-3-Clause */
/* Internet checksums against a sum of bytes: any length, alignment, chain; and DPDK's for IP. */
#include <rte_ip.h>
#include <rte_tcp.h>

#include "test_wire.h"

/* What is stored for an unfolded sum, in the order of the wire. */
static uint16_t
stored(uint32_t sum)
{
	return rte_be_to_cpu_16(wire_fold(sum));
}

static void
fill(uint8_t *p, size_t n, uint64_t *seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)next_random(seed);
}

/* All lengths up to 200, all alignments, exact buffers; a sum is continued from another. */
static void
test_sum(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (size_t n = 0; n <= 200; n++) {
		for (size_t shift = 0; shift < 9; shift++) {
			uint8_t *p;

			if (n + shift == 0)
				continue;
			p = malloc(n + shift); /* exact, so that a sanitizer sees one byte more */
			assert_non_null(p);
			fill(p, n + shift, &seed);
			assert_int_equal(
			    stored(wire_sum(p + shift, n, 0)), naive_sum(p + shift, n, 0));
			assert_int_equal(stored(wire_sum(p + shift, n, wire_sum("ab", 2, 0))),
			    naive_sum(p + shift, n, 0x6162));
			free(p);
		}
	}
}

/* Carries all the way, the largest length, the largest sum to continue. */
static void
test_sum_extremes(void **state)
{
	uint8_t *p = malloc(65535);

	(void)state;
	assert_non_null(p);
	memset(p, 0xff, 65535);
	for (size_t n = 0; n < 65535; n += 1 + n / 7) {
		assert_int_equal(stored(wire_sum(p, n, 0)), naive_sum(p, n, 0));
		assert_true(wire_sum(p, n, UINT32_MAX) < 1 << 17);
		/* what is continued is a zero */
		assert_int_equal(stored(wire_sum(p, n, UINT32_MAX)), naive_sum(p, n, 0xffff));
	}
	memset(p, 0, 65535);
	assert_int_equal(wire_sum(p, 65535, 0), 0);
	p[65534] = 1;
	assert_int_equal(stored(wire_sum(p, 65535, 0)), 0x0100);
	free(p);
}

static void
test_fold(void **state)
{
	(void)state;
	assert_int_equal(wire_fold(0), 0);
	assert_int_equal(wire_fold(0xffff), 0xffff);
	assert_int_equal(wire_fold(0x10000), 1);
	assert_int_equal(wire_fold(0x1ffff), 1);
	assert_int_equal(wire_fold(0xffffffff), 0xffff);
	assert_int_equal(wire_fold(0xffff0000), 0xffff);
	assert_int_equal(wire_fold(0xfffe0001), 0xffff);
	assert_int_equal(wire_fold(0xfffeffff), 0xfffe);
}

/* Random chains, empty and one-byte segments among them, from every kind of offset. */
static void
test_sum_mbuf(void **state)
{
	uint64_t seed = 7;
	uint8_t bytes[FRAME_MAX];

	(void)state;
	for (int round = 0; round < 3000; round++) {
		size_t n = 1 + next_random(&seed) % 1500;
		uint16_t cuts[12] = {0};
		struct rte_mbuf *m;

		fill(bytes, n, &seed);
		if (round % 3 == 0)
			memset(bytes, 0xff, n); /* carries at every seam */
		for (size_t i = 0; i < RTE_DIM(cuts) - 1; i++)
			cuts[i] = (uint16_t)(1 + next_random(&seed) % (round % 2 ? 9 : 300));
		m = test_mbuf_chain(bytes, n, cuts, false);
		if (round % 5 == 0)
			rte_pktmbuf_chain(m, test_mbuf_exact(bytes, 0));
		for (int i = 0; i < 8; i++) {
			uint32_t offset = (uint32_t)(next_random(&seed) % (n + 1));
			uint32_t length = (uint32_t)(next_random(&seed) % (n - offset + 1));

			assert_int_equal(stored(wire_sum_mbuf(m, offset, length, 0)),
			    naive_sum(bytes + offset, length, 0));
			assert_int_equal(
			    stored(wire_sum_mbuf(m, offset, length, wire_sum("\x80\x01", 2, 0))),
			    naive_sum(bytes + offset, length, 0x8001));
		}
		rte_pktmbuf_free(m);
	}
}

static void
test_sum_pseudo(void **state)
{
	uint64_t seed = 3;
	uint8_t frame[FRAME_MAX];

	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint16_t length = (uint16_t)next_random(&seed);
		struct rte_ipv4_hdr *four = (struct rte_ipv4_hdr *)(frame + 14);
		struct rte_ipv6_hdr *six = (struct rte_ipv6_hdr *)(frame + 14);
		struct spt_addr src = {0}, dst = {0};

		write_ip6(frame, 6, length);
		fill(six->src_addr, 32, &seed);
		memcpy(src.b, six->src_addr, 16);
		memcpy(dst.b, six->dst_addr, 16);
		assert_int_equal(
		    wire_fold(wire_sum_pseudo(&src, &dst, 6, length)), rte_ipv6_phdr_cksum(six, 0));

		length = (uint16_t)RTE_MIN(length, 65515);
		write_ip4(frame, 6, length);
		fill(frame + 26, 8, &seed);
		src = dst = (struct spt_addr){.b = {[10] = 255, 255}};
		memcpy(src.b + 12, frame + 26, 4);
		memcpy(dst.b + 12, frame + 30, 4);
		assert_int_equal(wire_fold(wire_sum_pseudo(&src, &dst, 6, length)),
		    rte_ipv4_phdr_cksum(four, 0));
	}
}

/* A frame as an engine leaves it: pseudo-header sum in the field, flags and lengths set. */
static void
prepare_tx(struct rte_mbuf *m, bool six, uint64_t flags)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_tcp_hdr *tcp;

	m->l2_len = 14;
	m->l3_len = six ? 40 : 20;
	m->l4_len = 32;
	m->ol_flags |= flags;
	tcp = (struct rte_tcp_hdr *)(p + 14 + m->l3_len);
	if (flags & RTE_MBUF_F_TX_TCP_CKSUM)
		tcp->cksum = six ? rte_ipv6_phdr_cksum((struct rte_ipv6_hdr *)(p + 14), 0)
		                 : rte_ipv4_phdr_cksum((struct rte_ipv4_hdr *)(p + 14), 0);
	else
		tcp->cksum = RTE_BE16(0x1111);
	if (flags & RTE_MBUF_F_TX_IP_CKSUM)
		put_be16(p + 24, 0xdead); /* whatever was there */
}

/* Payloads of any length in any cut: the result is what the naive sum says. */
static void
test_checksum_tx(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		bool six = round & 1;
		size_t payload = next_random(&seed) % 300;
		size_t l4 = six ? TCP6_L4 : TCP4_L4, n = l4 + 32 + payload;
		const uint16_t cuts[] = {
		    (uint16_t)(l4 + 32), 1, 3, (uint16_t)(1 + next_random(&seed) % 99), 0};
		uint8_t frame[FRAME_MAX], got[FRAME_MAX];
		struct rte_mbuf *m;

		if (six)
			write_ip6(frame, 6, 32 + payload);
		else
			write_ip4(frame, 6, 32 + payload);
		write_tcp_hello(frame + l4);
		fill(frame + l4 + 32, payload, &seed);
		fix_l4(frame + 14, frame + l4, n - l4, 6, 16);
		m = test_mbuf_chain(frame, n, cuts, true);
		prepare_tx(m, six,
		    RTE_MBUF_F_TX_TCP_CKSUM | (six ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4) |
		        (six ? 0 : RTE_MBUF_F_TX_IP_CKSUM));
		wire_checksum_tx(m);
		assert_int_equal(m->ol_flags & (RTE_MBUF_F_TX_OFFLOAD_MASK), 0);
		assert_memory_equal(rte_pktmbuf_read(m, 0, (uint32_t)n, got), frame, n);
		rte_pktmbuf_free(m);
	}
}

/* What was not asked for is left alone. */
static void
test_checksum_tx_nothing_asked(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct rte_mbuf *m;

	(void)state;
	write_tcp4(frame);
	put_be16(frame + 24, 0x1234);
	m = test_mbuf_exact(frame, TCP4_LEN);
	prepare_tx(m, false, 0);
	wire_checksum_tx(m);
	put_be16(frame + TCP4_L4 + 16, 0x1111);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), frame, TCP4_LEN);
	rte_pktmbuf_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sum),
	    cmocka_unit_test(test_sum_extremes),
	    cmocka_unit_test(test_fold),
	    cmocka_unit_test(test_sum_mbuf),
	    cmocka_unit_test(test_sum_pseudo),
	    cmocka_unit_test(test_checksum_tx),
	    cmocka_unit_test(test_checksum_tx_nothing_asked),
	};

	return cmocka_run_group_tests(tests, test_wire_setup, test_wire_teardown);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Writers: exact bytes where the standards fix them, and what is written is read back. */
#include <rte_arp.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "test_wire.h"

static struct spt_addr
address(bool six, uint8_t last)
{
	struct spt_addr a = {.b = {[10] = 255, 255, 10, 0, 0, last}};

	if (six)
		a = (struct spt_addr){.b = {0x20, 0x01, 0x0d, 0xb8, [15] = last}};
	return a;
}

static void
test_eth(void **state)
{
	static const struct rte_ether_addr src = {{2, 0, 0, 0, 0, 2}};
	uint8_t got[16] = {[14] = 0x77, 0x77}, want[FRAME_MAX];

	(void)state;
	write_link(want, 0x86dd);
	wire_write_eth(got, &test_mac, &src, 0x86dd);
	assert_memory_equal(got, want, 14);
	assert_int_equal(got[14], 0x77);
}

static void
test_ip(void **state)
{
	static const uint8_t four[20] = {
	    0x45, 0xb9, 0, 120, 0, 0, 0x40, 0, 33, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
	static const uint8_t six[40] = {0x6b, 0x90, 0, 0, 0, 100, 6, 33, 0x20, 0x01, 0x0d,
	    0xb8, [23] = 1, 0x20, 0x01, 0x0d, 0xb8, [39] = 2};
	uint8_t got[41];

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct wire_ip ip = {.src = address(i, 1),
		    .dst = address(i, 2),
		    .protocol = 6,
		    .tos = 0xb9,
		    .ttl = 33};
		unsigned int length = i ? 40 : 20;

		memset(got, 0x77, sizeof(got));
		assert_int_equal(wire_write_ip(got, &ip, 100), length);
		assert_memory_equal(got, i ? six : four, length);
		assert_int_equal(got[length], 0x77);
	}
}

/* RFC 9293 3.1 and MUST-69: words, padded with zeros if at all. */
static void
test_tcp_bytes(void **state)
{
	static const uint8_t want[44] = {0x04, 0xd2, 0, 80, 1, 2, 3, 4, 0xf1, 0xf2, 0xf3, 0xf4,
	    0xa0, TCP_SYN | TCP_ACK, 0xab, 0xcd, 0, 0, 0x12, 0x34, 2, 4, 5, 180, 1, 3, 3, 9, 4, 2,
	    8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 0x77, 0x77, 0x77, 0x77};
	const struct wire_tcp t = {.sport = RTE_BE16(1234),
	    .dport = RTE_BE16(80),
	    .seq = 0x01020304,
	    .ack = 0xf1f2f3f4,
	    .wnd = 0xabcd,
	    .flags = TCP_SYN | TCP_ACK,
	    .up = 0x1234,
	    .options = SEG_HAS_MSS | SEG_HAS_WSCALE | SEG_HAS_SACK_PERM | SEG_HAS_TIMESTAMP,
	    .mss = 1460,
	    .wscale = 9,
	    .tsval = 0x01020304,
	    .tsecr = 0x05060708};
	uint8_t got[44];

	(void)state;
	memset(got, 0x77, sizeof(got));
	assert_int_equal(wire_write_tcp(got, &t), 40);
	assert_memory_equal(got, want, sizeof(got));
}

/* Every set of options, every family: what the writer wrote the parser reads. */
static void
test_tcp_round_trip(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * 16; i++) {
		bool six = i & 1;
		const struct wire_tcp t = {.sport = RTE_BE16(1234),
		    .dport = RTE_BE16(80),
		    .seq = 0xfffffff0,
		    .ack = 7,
		    .wnd = 4096,
		    .flags = TCP_SYN,
		    .up = 9,
		    .options = (uint8_t)(i >> 1),
		    .mss = 1440,
		    .wscale = 7,
		    .tsval = 0x80000001,
		    .tsecr = 3};
		const struct wire_ip ip = {.src = address(six, 2),
		    .dst = address(six, 1),
		    .protocol = 6,
		    .tos = 0x48,
		    .ttl = 64};
		static const struct rte_ether_addr src = {{2, 0, 0, 0, 0, 2}};
		unsigned int header = wire_tcp_len(&t), l4 = six ? 54 : 34;
		uint8_t frame[FRAME_MAX] = {0};
		struct rte_mbuf *m;
		struct frame f;
		struct seg s;

		assert_int_equal(header % 4, 0);
		wire_write_eth(frame, &test_mac, &src, six ? 0x86dd : 0x0800);
		assert_int_equal(wire_write_ip(frame + 14, &ip, (uint16_t)(header + 3)), l4 - 14);
		assert_int_equal(wire_write_tcp(frame + l4, &t), header);
		memcpy(frame + l4 + header, "abc", 3);
		m = test_mbuf_exact(frame, l4 + header + 3);
		m->l2_len = 14;
		m->l3_len = l4 - 14;
		m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM | (six ? 0 : RTE_MBUF_F_TX_IP_CKSUM);
		rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, l4)->cksum =
		    wire_fold(wire_sum_pseudo(&ip.src, &ip.dst, 6, header + 3));
		wire_checksum_tx(m);
		assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
		assert_int_equal(f.tos, 0x48);
		assert_int_equal(f.hop_limit, 64);
		assert_verdict(wire_parse_tcp(&f, &s), SPT_V_CONTINUE);
		assert_memory_equal(&s.key.raddr, &ip.src, 16);
		assert_int_equal(s.key.rport, t.sport);
		assert_int_equal(s.key.lport, t.dport);
		assert_int_equal(s.seq, t.seq);
		assert_int_equal(s.ack, t.ack);
		assert_int_equal(s.wnd, t.wnd);
		assert_int_equal(s.up, t.up);
		assert_int_equal(s.flags, t.flags);
		assert_int_equal(s.options, t.options);
		assert_int_equal(s.len, 3);
		assert_int_equal(s.mss, t.options & SEG_HAS_MSS ? t.mss : 0);
		assert_int_equal(s.wscale, t.options & SEG_HAS_WSCALE ? t.wscale : 0);
		assert_int_equal(s.tsval, t.options & SEG_HAS_TIMESTAMP ? t.tsval : 0);
		assert_int_equal(s.tsecr, t.options & SEG_HAS_TIMESTAMP ? t.tsecr : 0);
		rte_pktmbuf_free(m);
	}
}

/* The parser's quick way is the writer's usual way (RFC 7323 appendix A). */
static void
test_tcp_timestamp_aligned(void **state)
{
	const struct wire_tcp t = {.options = SEG_HAS_TIMESTAMP, .tsval = 1, .tsecr = 2};
	static const uint8_t want[12] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
	uint8_t got[32];

	(void)state;
	assert_int_equal(wire_write_tcp(got, &t), 32);
	assert_memory_equal(got + 20, want, 12);
}

/* RFC 2018 3, in words of their own, behind timestamps or alone; and read again. */
static void
test_tcp_sack(void **state)
{
	static const struct wire_sack_block blocks[4] = {
	    {0xfffffff0, 0x10}, {0x01020304, 0x05060708}, {1, 2}, {0x80000000, 0x80000001}};
	static const uint8_t first[12] = {
	    1, 1, 5, 0, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 0x10}; /* the length is left out */

	(void)state;
	for (unsigned int i = 0; i < 7; i++) {
		bool timestamps = i >= 4;
		uint8_t n = (uint8_t)(timestamps ? i - 3 : i + 1);
		const struct wire_tcp t = {.sport = RTE_BE16(1),
		    .dport = RTE_BE16(2),
		    .options = SEG_HAS_SACK | (timestamps ? SEG_HAS_TIMESTAMP : 0),
		    .tsval = 3,
		    .tsecr = 4,
		    .sack_blocks = n,
		    .sack = blocks};
		const struct wire_ip ip = {
		    .src = address(false, 2), .dst = address(false, 1), .protocol = 6, .ttl = 64};
		unsigned int header = wire_tcp_len(&t), at = timestamps ? 32 : 20;
		uint8_t frame[FRAME_MAX] = {0}, *tcp = frame + 34;
		struct rte_mbuf *m;
		struct frame f;
		struct seg s;

		assert_int_equal(header, at + 4 + 8 * n);
		write_link(frame, 0x0800);
		wire_write_ip(frame + 14, &ip, (uint16_t)header);
		assert_int_equal(wire_write_tcp(tcp, &t), header);
		assert_memory_equal(tcp + at, first, 3);
		assert_int_equal(tcp[at + 3], 2 + 8 * n);
		assert_memory_equal(tcp + at + 4, first + 4, 8);
		m = test_mbuf_exact(frame, 34 + header);
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
		assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
		assert_verdict(wire_parse_tcp(&f, &s), SPT_V_CONTINUE);
		assert_int_equal(s.options, t.options);
		assert_int_equal(s.tsval, timestamps ? 3 : 0);
		assert_int_equal(s.tsecr, timestamps ? 4 : 0);
		assert_int_equal(s.sack_off, at + 4);
		assert_int_equal(s.sack_blocks, n);
		for (unsigned int b = 0; b < n; b++) {
			rte_be32_t edges[2];

			memcpy(edges, tcp + s.sack_off + 8 * b, sizeof(edges));
			assert_int_equal(rte_be_to_cpu_32(edges[0]), blocks[b].start);
			assert_int_equal(rte_be_to_cpu_32(edges[1]), blocks[b].end);
		}
		rte_pktmbuf_free(m);
	}
}

static void
test_arp(void **state)
{
	const struct wire_arp want = {.op = 2,
	    .sha = {{2, 0, 0, 0, 0, 1}},
	    .tha = {{2, 0, 0, 0, 0, 2}},
	    .spa = RTE_BE32(0x0a000001),
	    .tpa = RTE_BE32(0x0a000002)};
	static const uint8_t bytes[28] = {
	    0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2};
	uint8_t frame[42];
	struct wire_arp got;
	struct rte_mbuf *m;
	struct frame f;

	(void)state;
	write_link(frame, 0x0806);
	wire_write_arp(frame + 14, &want);
	assert_memory_equal(frame + 14, bytes, 28);
	m = test_mbuf_exact(frame, sizeof(frame));
	assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
	assert_verdict(wire_parse_arp(&f, &got), SPT_V_CONTINUE);
	assert_int_equal(got.op, want.op);
	assert_memory_equal(&got.sha, &want.sha, 6);
	assert_memory_equal(&got.tha, &want.tha, 6);
	assert_int_equal(got.spa, want.spa);
	assert_int_equal(got.tpa, want.tpa);
	rte_pktmbuf_free(m);
}

static void
test_nd(void **state)
{
	const struct wire_nd cases[] = {
	    {.type = 135, .target = address(true, 9), .lladdr = {{2, 0, 0, 0, 0, 7}}},
	    {.type = 136,
	        .target = address(true, 9),
	        .lladdr = {{2, 0, 0, 0, 0, 7}},
	        .solicited = true},
	    {.type = 136,
	        .target = address(true, 9),
	        .lladdr = {{2, 0, 0, 0, 0, 7}},
	        .override = true,
	        .router = true},
	};
	const struct spt_addr src = address(true, 2), dst = address(true, 1);
	const struct wire_ip ip = {.src = src, .dst = dst, .protocol = 58, .ttl = 255};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		uint8_t frame[54 + 32];
		struct wire_icmp icmp;
		struct rte_mbuf *m;
		struct wire_nd nd;
		struct frame f;

		memset(frame, 0x77, sizeof(frame));
		write_link(frame, 0x86dd);
		assert_int_equal(wire_write_ip(frame + 14, &ip, 32), 40);
		assert_int_equal(wire_write_nd(frame + 54, &cases[i], &src, &dst), 32);
		m = test_mbuf_exact(frame, sizeof(frame));
		assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
		assert_verdict(wire_parse_icmp(&f, &icmp), SPT_V_CONTINUE);
		assert_verdict(wire_parse_nd(&f, &nd), SPT_V_CONTINUE);
		assert_int_equal(nd.type, cases[i].type);
		assert_memory_equal(&nd.target, &cases[i].target, 16);
		assert_true(nd.has_lladdr);
		assert_memory_equal(&nd.lladdr, &cases[i].lladdr, 6);
		assert_int_equal(nd.solicited, cases[i].solicited);
		assert_int_equal(nd.override, cases[i].override);
		assert_int_equal(nd.router, cases[i].router);
		rte_pktmbuf_free(m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_eth),
	    cmocka_unit_test(test_ip),
	    cmocka_unit_test(test_tcp_bytes),
	    cmocka_unit_test(test_tcp_round_trip),
	    cmocka_unit_test(test_tcp_timestamp_aligned),
	    cmocka_unit_test(test_tcp_sack),
	    cmocka_unit_test(test_arp),
	    cmocka_unit_test(test_nd),
	};

	return cmocka_run_group_tests(tests, test_wire_setup, test_wire_teardown);
}

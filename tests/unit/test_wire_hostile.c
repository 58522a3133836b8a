/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that were right until something flipped, cut, grew or repeated bytes in them: no
 * parser reads beyond the buffer or promises what is not there.
 */
#include "test_wire.h"

#define ROUNDS 200000
#define CORPUS 10

static uint8_t corpus[CORPUS][FRAME_MAX];
static size_t corpus_len[CORPUS];

static void
add(size_t *n, size_t length)
{
	assert_true(*n < CORPUS);
	corpus_len[(*n)++] = length;
}

/* ICMP of 'n' bytes already in place. */
static void
seal_icmp(uint8_t *frame, bool six, size_t n)
{
	if (six) {
		fix_l4(frame + 14, frame + 54, n, 58, 2);
		return;
	}
	put_be16(frame + 36, 0);
	put_be16(frame + 36, ~naive_sum(frame + 34, n, 0) & 0xffff);
}

static void
make_corpus(void)
{
	static const uint8_t hop_by_hop[16] = {60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4};
	static const uint8_t arp[28] = {
	    0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2, [24] = 10, 0, 0, 1};
	static const uint8_t sack[20] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 4, 2, 3, 3, 7};
	static const uint8_t nd[32] = {135, [8] = 0xfe, 0x80, [23] = 1, 1, 1, 2, 0, 0, 0, 0, 2};
	uint8_t plain[FRAME_MAX];
	size_t n = 0;

	write_tcp4(corpus[n]);
	add(&n, TCP4_LEN);
	write_tcp6(corpus[n]);
	add(&n, TCP6_LEN);
	write_tcp6(plain);
	write_ip6(corpus[n], 0, 16 + 37);
	memcpy(corpus[n] + 54, hop_by_hop, 16);
	memcpy(corpus[n] + 70, plain + 54, 37);
	add(&n, 107);
	write_ip4(corpus[n], 6, 40);
	write_tcp_hello(corpus[n] + 34);
	corpus[n][46] = 0xa0;
	memcpy(corpus[n] + 54, sack, 20);
	fix_l4(corpus[n] + 14, corpus[n] + 34, 40, 6, 16);
	add(&n, 74);
	write_link(corpus[n], 0x0806);
	memcpy(corpus[n] + 14, arp, 28);
	add(&n, 60);
	write_ip6(corpus[n], 58, 32);
	corpus[n][21] = 255;
	memcpy(corpus[n] + 54, nd, 32);
	seal_icmp(corpus[n], true, 32);
	add(&n, 86);
	write_tcp4(plain);
	write_ip4(corpus[n], 1, 8 + 36);
	memcpy(corpus[n] + 34, (uint8_t[]){3, 3, 0, 0, 0, 0, 0, 0}, 8);
	memcpy(corpus[n] + 42, plain + 14, 36);
	seal_icmp(corpus[n], false, 44);
	add(&n, 78);
	write_tcp6(plain);
	write_ip6(corpus[n], 58, 8 + 56);
	memcpy(corpus[n] + 54, (uint8_t[]){1, 3, 0, 0, 0, 0, 0, 0}, 8);
	memcpy(corpus[n] + 62, plain + 14, 56);
	seal_icmp(corpus[n], true, 64);
	add(&n, 118);
	write_ip4(corpus[n], 1, 11);
	memcpy(corpus[n] + 34, "\x08\0\0\0\0\1\0\2abc", 11);
	seal_icmp(corpus[n], false, 11);
	add(&n, 60);
	write_ip4(corpus[n], 17, 20);
	add(&n, 54);
	assert_int_equal(n, CORPUS);
}

/* One to four changes; sizes may go wrong either way. */
static size_t
mutate(uint8_t *p, size_t n, uint64_t *seed)
{
	for (unsigned int i = 1 + next_random(seed) % 4; i > 0; i--) {
		size_t at = n > 0 ? next_random(seed) % n : 0;

		switch (next_random(seed) % 6) {
		case 0: p[at] ^= (uint8_t)(1 << next_random(seed) % 8); break;
		case 1: p[at] = (uint8_t)next_random(seed); break;
		case 2: p[at] = next_random(seed) & 1 ? 0xff : 0; break;
		case 3: n = at; break;
		case 4: n += next_random(seed) % 40; break;
		default: p[at] = (uint8_t)(next_random(seed) % 8); break;
		}
	}
	return n;
}

/* What a parser promised must hold; each verdict is one of this module's. */
static enum spt_verdict
parse_all(struct rte_mbuf *m)
{
	struct frame f;
	struct seg s;
	struct wire_arp a;
	struct wire_icmp icmp;
	struct wire_quote q;
	struct wire_nd nd;
	enum spt_verdict v = wire_parse_frame(m, &test_mac, &f);

	if (v != SPT_V_CONTINUE)
		return v;
	assert_int_equal(f.l3_off, 14);
	assert_true(f.l4_off <= m->data_len && f.l4_off + f.l4_len <= m->pkt_len);
	switch (f.class) {
	case WIRE_TCP:
		assert_int_equal(f.l4_off + f.l4_len, m->pkt_len);
		v = wire_parse_tcp(&f, &s);
		if (v == SPT_V_CONTINUE) {
			assert_true(s.payload_off >= s.l4_off + 20);
			assert_true(s.payload_off <= m->data_len);
			assert_int_equal(s.payload_off + s.len, m->pkt_len);
			assert_true(s.sack_off + s.sack_blocks * 8 <= 60);
		}
		return v;
	case WIRE_ARP: return wire_parse_arp(&f, &a);
	case WIRE_ICMP4:
	case WIRE_ICMP6:
		v = wire_parse_icmp(&f, &icmp);
		/* Not only behind a right checksum: that would keep most mutants out. */
		if (wire_parse_quote(&f, &q))
			assert_int_equal(q.family, f.family);
		if (f.class == WIRE_ICMP6 && wire_parse_nd(&f, &nd) == SPT_V_CONTINUE)
			assert_in_range(nd.type, 133, 137);
		return v;
	case WIRE_OTHER_PROTOCOL: break;
	}
	return SPT_V_IP_UNKNOWN_PROTOCOL;
}

/* Checksums vouched for, so that mutants get past them. */
static void
test_mutants(void **state)
{
	static uint32_t seen[SPT_V_COUNT];
	uint64_t seed = 42;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t which = next_random(&seed) % CORPUS;
		uint8_t frame[FRAME_MAX];
		struct rte_mbuf *m;
		size_t n;

		memcpy(frame, corpus[which], FRAME_MAX);
		n = mutate(frame, corpus_len[which], &seed);
		m = test_mbuf_exact(frame, n);
		if (round & 1)
			m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		seen[parse_all(m)]++;
		rte_pktmbuf_free(m);
	}
	for (int v = 0; v < SPT_V_COUNT; v++) {
		bool ours = v == SPT_V_CONTINUE || v <= SPT_V_ETH_UNKNOWN_TYPE ||
		            v == SPT_V_ARP_BAD || v == SPT_V_ARP_IGNORED ||
		            (v >= SPT_V_IP4_SHORT && v <= SPT_V_IP6_BAD_SOURCE) ||
		            v == SPT_V_ICMP_SHORT || v == SPT_V_ICMP_BAD_CHECKSUM ||
		            (v >= SPT_V_TCP_SHORT && v <= SPT_V_TCP_BAD_PORT);

		if (ours && seen[v] == 0)
			fail_msg("%s was never seen", spt_verdict_name((enum spt_verdict)v));
		if (!ours && v != SPT_V_IP_UNKNOWN_PROTOCOL && v != SPT_V_IP_NOT_LOCAL)
			assert_int_equal(seen[v], 0);
	}
}

/* The same in chains of small segments, ours and foreign ones. */
static void
test_mutants_in_chains(void **state)
{
	uint64_t seed = 43;

	(void)state;
	for (int round = 0; round < ROUNDS / 10; round++) {
		size_t which = next_random(&seed) % CORPUS;
		uint16_t cuts[6] = {0};
		uint8_t frame[FRAME_MAX];
		struct rte_mbuf *m;
		size_t n;

		memcpy(frame, corpus[which], FRAME_MAX);
		n = mutate(frame, corpus_len[which], &seed);
		for (size_t i = 0; i < next_random(&seed) % RTE_DIM(cuts); i++)
			cuts[i] = (uint16_t)(1 + next_random(&seed) % 60);
		m = test_mbuf_chain(frame, n, cuts, round & 1);
		if (round & 2)
			m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		parse_all(m);
		rte_mbuf_sanity_check(m, 1);
		rte_pktmbuf_free(m);
	}
}

/* Noise behind a link header that lets it in. */
static void
test_noise(void **state)
{
	static const uint16_t types[] = {0x0800, 0x86dd, 0x0806};
	uint64_t seed = 44;

	(void)state;
	for (int round = 0; round < ROUNDS / 4; round++) {
		size_t n = 14 + next_random(&seed) % 120;
		uint8_t frame[FRAME_MAX];
		struct rte_mbuf *m;

		write_link(frame, types[round % 3]);
		for (size_t i = 14; i < n; i++)
			frame[i] = (uint8_t)next_random(&seed);
		/* Most noise has no version: give it one. */
		if (round % 3 < 2)
			frame[14] = (uint8_t)(round % 3 == 0 ? 0x40 | (frame[14] & 15) : 0x60);
		m = test_mbuf_exact(frame, n);
		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		parse_all(m);
		rte_pktmbuf_free(m);
	}
}

/* Each frame of the corpus cut at each length, its checksums vouched for. */
static void
test_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < CORPUS; i++) {
		for (size_t n = 0; n <= corpus_len[i]; n++) {
			struct rte_mbuf *m = test_mbuf_exact(corpus[i], n);

			m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
			if (n == corpus_len[i])
				assert_verdict(parse_all(m),
				    i == CORPUS - 1 ? SPT_V_IP_UNKNOWN_PROTOCOL : SPT_V_CONTINUE);
			else
				parse_all(m);
			rte_pktmbuf_free(m);
		}
	}
}

static int
setup(void **state)
{
	make_corpus();
	return test_wire_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_truncated),
	    cmocka_unit_test(test_mutants),
	    cmocka_unit_test(test_mutants_in_chains),
	    cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, setup, test_wire_teardown);
}

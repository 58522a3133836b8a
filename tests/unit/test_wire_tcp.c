/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP headers and options: each verdict, each field, each illegal length. */
#include <rte_tcp.h>

#include "test_wire.h"

/* A SYN or a plain ACK with 'n' bytes of options, which end the buffer. */
static size_t
write_options(uint8_t *frame, const uint8_t *options, size_t n)
{
	write_ip4(frame, 6, 20 + n);
	write_tcp_hello(frame + TCP4_L4);
	frame[TCP4_L4 + 12] = (uint8_t)((20 + n) / 4 << 4);
	memcpy(frame + TCP4_L4 + 20, options, n);
	fix_l4(frame + 14, frame + TCP4_L4, 20 + n, 6, 16);
	return TCP4_L4 + 20 + n;
}

static enum spt_verdict
options_verdict(const uint8_t *options, size_t n, struct seg *s)
{
	uint8_t frame[FRAME_MAX];
	struct frame f;

	return verdict_of(frame, write_options(frame, options, n), &f, s);
}

static void
check_hello(const struct seg *s, const struct frame *f, uint16_t l4_off)
{
	assert_memory_equal(&s->key.raddr, &f->src, 16);
	assert_int_equal(s->key.rport, RTE_BE16(1234));
	assert_int_equal(s->key.lport, RTE_BE16(80));
	assert_int_equal(s->key.pad, 0);
	assert_ptr_equal(s->m, f->m);
	assert_int_equal(s->seq, 0x01020304);
	assert_int_equal(s->ack, 0xf1f2f3f4);
	assert_int_equal(s->len, 5);
	assert_int_equal(seg_len(s), 5);
	assert_int_equal(s->wnd, 0x2000);
	assert_int_equal(s->flags, TCP_ACK | TCP_PSH);
	assert_int_equal(s->options, SEG_HAS_TIMESTAMP);
	assert_int_equal(s->tsval, 0xaabbccdd);
	assert_int_equal(s->tsecr, 0x11223344);
	assert_int_equal(s->up, 0x1234);
	assert_int_equal(s->l3_off, 14);
	assert_int_equal(s->l4_off, l4_off);
	assert_int_equal(s->payload_off, l4_off + 32);
	assert_int_equal(s->tos, 0x2a);
	assert_int_equal(s->family, f->family);
}

static void
test_fields(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	memset(&s, 0x5a, sizeof(s));
	write_tcp4(frame);
	assert_verdict(verdict_of(frame, TCP4_LEN, &f, &s), SPT_V_CONTINUE);
	check_hello(&s, &f, TCP4_L4);
	/* Not known before the local address is looked up. */
	assert_int_equal(s.key.laddr, 0x5a5a);
	assert_true(s.hash == UINT64_C(0x5a5a5a5a5a5a5a5a));
	write_tcp6(frame);
	assert_verdict(verdict_of(frame, TCP6_LEN, &f, &s), SPT_V_CONTINUE);
	check_hello(&s, &f, TCP6_L4);
}

static void
test_seg_len(void **state)
{
	struct seg s = {.len = 7, .flags = TCP_ACK};

	(void)state;
	assert_int_equal(seg_len(&s), 7);
	s.flags = TCP_SYN;
	assert_int_equal(seg_len(&s), 8);
	s.flags = TCP_FIN | TCP_ACK;
	assert_int_equal(seg_len(&s), 8);
}

/* Data offsets 0 to 15, in a segment of each length from nothing to 70 bytes. */
static void
test_data_offset(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	for (unsigned int length = 0; length <= 70; length++) {
		for (unsigned int offset = 0; offset < 16; offset++) {
			enum spt_verdict want = SPT_V_CONTINUE;

			write_ip4(frame, 6, length);
			write_tcp_hello(frame + TCP4_L4);
			memset(frame + TCP4_L4 + 20, 1, 50); /* NOPs, then payload */
			frame[TCP4_L4 + 12] = (uint8_t)(offset << 4 | 0x0f);
			if (length >= 20)
				fix_l4(frame + 14, frame + TCP4_L4, length, 6, 16);
			if (length < 20)
				want = SPT_V_TCP_SHORT;
			else if (offset < 5 || offset * 4 > length)
				want = SPT_V_TCP_BAD_OFFSET;
			assert_verdict(verdict_of(frame, TCP4_L4 + length, &f, &s), want);
			if (want != SPT_V_CONTINUE)
				continue;
			assert_int_equal(s.len, length - offset * 4);
			assert_int_equal(s.payload_off, TCP4_L4 + offset * 4);
			assert_int_equal(s.options, 0);
		}
	}
}

/* All flag bytes pass: what a state makes of them is RFC 9293 3.10.7's to say. */
static void
test_flags(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	for (unsigned int flags = 0; flags < 256; flags++) {
		write_tcp4(frame);
		frame[TCP4_L4 + 13] = (uint8_t)flags;
		fix_l4(frame + 14, frame + TCP4_L4, 37, 6, 16);
		assert_verdict(verdict_of(frame, TCP4_LEN, &f, &s), SPT_V_CONTINUE);
		assert_int_equal(s.flags, flags);
	}
}

/* Reserved bits are ignored (RFC 9293 3.1). */
static void
test_reserved(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	write_tcp4(frame);
	frame[TCP4_L4 + 12] |= 0x0f;
	fix_l4(frame + 14, frame + TCP4_L4, 37, 6, 16);
	assert_verdict(verdict_of(frame, TCP4_LEN, &f, &s), SPT_V_CONTINUE);
	check_hello(&s, &f, TCP4_L4);
}

static void
test_ports(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	for (unsigned int at = 0; at < 4; at += 2) {
		write_tcp4(frame);
		put_be16(frame + TCP4_L4 + at, 0);
		fix_l4(frame + 14, frame + TCP4_L4, 37, 6, 16);
		assert_verdict(verdict_of(frame, TCP4_LEN, &f, &s), SPT_V_TCP_BAD_PORT);
		put_be16(frame + TCP4_L4 + at, 0xffff);
		fix_l4(frame + 14, frame + TCP4_L4, 37, 6, 16);
		assert_verdict(verdict_of(frame, TCP4_LEN, &f, &s), SPT_V_CONTINUE);
	}
}

/* Each bit of a segment, and of the addresses, counts. */
static void
test_checksum_bits(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		size_t length = six ? TCP6_LEN : TCP4_LEN;

		for (size_t bit = (six ? 23 : 27) * 8; bit < length * 8; bit++) {
			uint8_t frame[FRAME_MAX];
			struct frame f;
			struct seg s;

			(six ? write_tcp6 : write_tcp4)(frame);
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (!six)
				fix_ip4(frame + 14);
			assert_verdict(verdict_of(frame, length, &f, &s), SPT_V_TCP_BAD_CHECKSUM);
		}
	}
}

/* Both representations of zero pass; 0 in the field is no excuse (that is UDP's). */
static void
test_checksum_zero(void **state)
{
	uint8_t frame[FRAME_MAX];
	uint32_t sum = 0x10000;
	struct frame f;
	struct seg s;

	(void)state;
	write_tcp4(frame);
	put_be16(frame + TCP4_L4 + 16, 0);
	assert_verdict(verdict_of(frame, TCP4_LEN, &f, &s), SPT_V_TCP_BAD_CHECKSUM);
	/* A window with which the right checksum is 0. */
	for (unsigned int wnd = 0; wnd <= 0xffff && sum != 0; wnd++) {
		put_be16(frame + TCP4_L4 + 14, wnd);
		fix_l4(frame + 14, frame + TCP4_L4, 37, 6, 16);
		sum = frame[TCP4_L4 + 16] | frame[TCP4_L4 + 17];
	}
	assert_int_equal(sum, 0);
	assert_verdict(verdict_of(frame, TCP4_LEN, &f, &s), SPT_V_CONTINUE);
	put_be16(frame + TCP4_L4 + 16, 0xffff);
	assert_verdict(verdict_of(frame, TCP4_LEN, &f, &s), SPT_V_CONTINUE);
}

/* Only GOOD and NONE spare the software; BAD is looked into. */
static void
test_checksum_offload(void **state)
{
	static const struct {
		uint64_t flags;
		bool believed;
	} c[] = {{RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN, false}, {RTE_MBUF_F_RX_L4_CKSUM_BAD, false},
	    {RTE_MBUF_F_RX_L4_CKSUM_GOOD, true}, {RTE_MBUF_F_RX_L4_CKSUM_NONE, true},
	    {RTE_MBUF_F_RX_IP_CKSUM_GOOD, false}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(c) * 2; i++) {
		bool broken = i % 2;
		uint8_t frame[FRAME_MAX];
		struct rte_mbuf *m;
		struct frame f;
		struct seg s;

		write_tcp4(frame);
		frame[TCP4_LEN - 1] ^= broken;
		m = test_mbuf_exact(frame, TCP4_LEN);
		m->ol_flags |= c[i / 2].flags;
		assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
		assert_verdict(wire_parse_tcp(&f, &s),
		    broken && !c[i / 2].believed ? SPT_V_TCP_BAD_CHECKSUM : SPT_V_CONTINUE);
		rte_pktmbuf_free(m);
	}
}

/* Payloads in segments of odd sizes. */
static void
test_checksum_chain(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int round = 0; round < 500; round++) {
		size_t payload = 1 + next_random(&seed) % 1400, n = TCP4_L4 + 32 + payload;
		const uint16_t cuts[] = {TCP4_L4 + 32 + (uint16_t)(next_random(&seed) % 5), 1, 7,
		    (uint16_t)(1 + next_random(&seed) % 200), 0};
		uint8_t frame[FRAME_MAX];
		struct rte_mbuf *m;
		struct frame f;
		struct seg s;

		write_ip4(frame, 6, 32 + payload);
		write_tcp_hello(frame + TCP4_L4);
		for (size_t i = TCP4_L4 + 32; i < n; i++)
			frame[i] = (uint8_t)next_random(&seed);
		fix_l4(frame + 14, frame + TCP4_L4, n - TCP4_L4, 6, 16);
		frame[n - 1] ^= round & 1;
		m = test_mbuf_chain(frame, n, cuts, false);
		assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
		assert_verdict(
		    wire_parse_tcp(&f, &s), round & 1 ? SPT_V_TCP_BAD_CHECKSUM : SPT_V_CONTINUE);
		if (!(round & 1))
			assert_int_equal(s.len, payload);
		rte_pktmbuf_free(m);
	}
}

/* Options, padded with EOL to whole words by the table's zeros. */
struct options {
	const char *name;
	uint8_t n;
	uint8_t bytes[40];
	bool bad;
	uint8_t set;
};

#define SYN_OPTIONS (SEG_HAS_MSS | SEG_HAS_WSCALE | SEG_HAS_SACK_PERM | SEG_HAS_TIMESTAMP)

static const struct options options[] = {
    {"MSS", 4, {2, 4, 5, 180}, false, SEG_HAS_MSS},
    {"as Linux sends them", 20, {2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7},
        false, SYN_OPTIONS},
    {"unaligned", 20, {3, 3, 7, 2, 4, 5, 180, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 4, 2, 0}, false,
        SYN_OPTIONS},
    {"EOL hides what follows", 8, {0, 2, 4, 5, 180, 0, 0, 0}, false, 0},
    {"EOL hides garbage", 4, {1, 0, 2, 0}, false, 0},
    {"NOPs only", 40,
        {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        false, 0},
    {"unknown, skipped by its length", 12, {254, 6, 2, 0, 8, 1, 2, 4, 5, 180}, false, SEG_HAS_MSS},
    {"unknown, of length 2", 4, {254, 2, 1, 1}, false, 0},
    {"unknown, of length 0", 4, {254, 0, 1, 1}, true, 0},
    {"unknown, of length 1", 4, {254, 1, 1, 1}, true, 0},
    {"unknown, to the end", 4, {254, 4, 9, 9}, false, 0},
    {"unknown, one beyond the end", 4, {254, 5, 9, 9}, true, 0},
    {"unknown, at its longest", 4, {254, 255, 9, 9}, true, 0},
    {"unknown, as the last byte", 4, {1, 1, 1, 254}, true, 0},
    {"timestamps of length 12", 12, {8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, true, 0},
    {"timestamps of length 10 in 8", 8, {8, 10, 0, 0, 0, 0, 0, 0}, true, 0},
    {"timestamps, last", 12, {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}, false, SEG_HAS_TIMESTAMP},
    {"timestamps, first", 12, {8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1}, false, SEG_HAS_TIMESTAMP},
    {"timestamps in the middle", 12, {1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 0}, false,
        SEG_HAS_TIMESTAMP},
    {"SACK, one block", 12, {1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2}, false, SEG_HAS_SACK},
    {"SACK, four blocks", 36, {1, 1, 5, 34}, false, SEG_HAS_SACK},
    {"SACK with timestamps", 32, {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 5, 18}, false,
        SEG_HAS_SACK | SEG_HAS_TIMESTAMP},
    {"SACK before the timestamps", 24,
        {1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}, false,
        SEG_HAS_SACK | SEG_HAS_TIMESTAMP},
    {"SACK, then more", 16, {1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 5, 180}, false,
        SEG_HAS_SACK | SEG_HAS_MSS},
    {"SACK with timestamps, then more", 28,
        {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7},
        false, SEG_HAS_SACK | SEG_HAS_TIMESTAMP | SEG_HAS_WSCALE},
    {"SACK with timestamps, no block", 16, {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 5, 2}, true,
        0},
    {"SACK with timestamps, a block and a half", 28,
        {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 5, 14}, true, 0},
    {"SACK with timestamps, beyond the end", 24, {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 5, 18},
        true, 0},
    {"SACK, no block", 4, {1, 1, 5, 2}, true, 0},
    {"SACK, half a block", 8, {1, 1, 5, 6}, true, 0},
    {"SACK, a block and a half", 16, {1, 1, 5, 14}, true, 0},
    {"SACK, five blocks", 40, {5, 42}, true, 0},
    {"the last of two counts", 8, {2, 4, 0, 1, 2, 4, 5, 180}, false, SEG_HAS_MSS},
    {"a bad one behind a good one", 8, {2, 4, 5, 180, 3, 4, 7, 0}, true, 0},
    {"aligned timestamps, then more", 16, {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 3, 0, 0, 0}, true,
        0},
};

static void
test_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(options); i++) {
		const struct options *o = &options[i];
		struct seg s;
		enum spt_verdict v = options_verdict(o->bytes, o->n, &s);

		if (v != (o->bad ? SPT_V_TCP_BAD_OPTION : SPT_V_CONTINUE))
			fail_msg("%s: %s", o->name, spt_verdict_name(v));
		if (o->bad)
			continue;
		if (s.options != o->set)
			fail_msg("%s: set is %#x", o->name, s.options);
		if (o->set & SEG_HAS_MSS)
			assert_int_equal(s.mss, 1460);
		if (o->set & SEG_HAS_WSCALE)
			assert_int_equal(s.wscale, 7);
		if (o->set & SEG_HAS_TIMESTAMP) {
			assert_int_equal(s.tsval, 0x01020304);
			assert_int_equal(s.tsecr, 0x05060708);
		}
	}
}

static void
test_sack_blocks(void **state)
{
	static const uint8_t one[] = {1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1};
	uint8_t bytes[40] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 5, 26};
	struct seg s;

	(void)state;
	assert_verdict(options_verdict(one, sizeof(one), &s), SPT_V_CONTINUE);
	assert_int_equal(s.sack_off, 23);
	assert_int_equal(s.sack_blocks, 1);
	assert_verdict(options_verdict(bytes, 40, &s), SPT_V_CONTINUE);
	assert_int_equal(s.sack_off, 36);
	assert_int_equal(s.sack_blocks, 3);
	assert_int_equal(s.tsval, 0x01020304);
	assert_int_equal(s.tsecr, 0x05060708);
	bytes[15] = 18; /* and zeros behind it: the end of the list */
	assert_verdict(options_verdict(bytes, 40, &s), SPT_V_CONTINUE);
	assert_int_equal(s.sack_off, 36);
	assert_int_equal(s.sack_blocks, 2);
	assert_verdict(options_verdict(one, 0, &s), SPT_V_CONTINUE);
	assert_int_equal(s.sack_blocks, 0);
}

/* Each known option with each length: only its own is legal (MUST-7). */
static void
test_known_lengths(void **state)
{
	static const struct {
		uint8_t kind;
		uint64_t legal; /* set of lengths */
	} known[] = {{2, 1 << 4}, {3, 1 << 3}, {4, 1 << 2}, {8, 1 << 10},
	    {5, UINT64_C(1) << 10 | UINT64_C(1) << 18 | UINT64_C(1) << 26 | UINT64_C(1) << 34}};
	struct seg s;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(known); i++) {
		for (unsigned int length = 0; length < 256; length++) {
			bool legal = length < 64 && known[i].legal >> length & 1;
			uint8_t bytes[40] = {known[i].kind, (uint8_t)length};

			assert_verdict(options_verdict(bytes, 40, &s),
			    legal ? SPT_V_CONTINUE : SPT_V_TCP_BAD_OPTION);
		}
	}
}

/* A plain reading of RFC 9293 3.1, to hold against: the set, or -1. */
static int
naive_options(const uint8_t *p, size_t n)
{
	int set = 0;

	while (n > 0) {
		size_t length;

		if (p[0] == 0)
			return set;
		if (p[0] == 1) {
			p++;
			n--;
			continue;
		}
		length = n < 2 ? 0 : p[1];
		if (length < 2 || length > n)
			return -1;
		if (p[0] == 2)
			set = length == 4 ? set | SEG_HAS_MSS : -1;
		else if (p[0] == 3)
			set = length == 3 ? set | SEG_HAS_WSCALE : -1;
		else if (p[0] == 4)
			set = length == 2 ? set | SEG_HAS_SACK_PERM : -1;
		else if (p[0] == 5)
			set = length > 2 && length % 8 == 2 ? set | SEG_HAS_SACK : -1;
		else if (p[0] == 8)
			set = length == 10 ? set | SEG_HAS_TIMESTAMP : -1;
		if (set < 0)
			return -1;
		p += length;
		n -= length;
	}
	return set;
}

/* Options in random order, one length in sixteen a random one, cut where the header ends. */
static void
random_options(uint8_t *bytes, size_t n, uint64_t *seed)
{
	static const uint8_t kinds[] = {1, 2, 3, 4, 5, 8, 99, 1},
	                     lengths[] = {1, 4, 3, 2, 10, 10, 5, 1};
	size_t i = 0;

	for (size_t j = 0; j < n; j++)
		bytes[j] = (uint8_t)(next_random(seed) % 3);
	while (i + 1 < n) {
		size_t which = next_random(seed) % RTE_DIM(kinds);

		bytes[i] = kinds[which];
		if (kinds[which] != 1)
			bytes[i + 1] = next_random(seed) % 16 == 0
			                   ? (uint8_t)(next_random(seed) % 42)
			                   : lengths[which];
		i += lengths[which];
	}
}

/* The same verdict and set as the plain reading. */
static void
test_random_options(void **state)
{
	uint64_t seed = 9;
	int good = 0, bad = 0;

	(void)state;
	for (int round = 0; round < 30000; round++) {
		size_t n = next_random(&seed) % 11 * 4;
		uint8_t bytes[40];
		struct seg s;
		int want;

		random_options(bytes, n, &seed);
		want = naive_options(bytes, n);
		good += want > 0;
		bad += want < 0;
		assert_verdict(options_verdict(bytes, n, &s),
		    want < 0 ? SPT_V_TCP_BAD_OPTION : SPT_V_CONTINUE);
		if (want >= 0)
			assert_int_equal(s.options, want);
	}
	assert_true(good > 3000 && bad > 3000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_seg_len),
	    cmocka_unit_test(test_data_offset),
	    cmocka_unit_test(test_flags),
	    cmocka_unit_test(test_reserved),
	    cmocka_unit_test(test_ports),
	    cmocka_unit_test(test_checksum_bits),
	    cmocka_unit_test(test_checksum_zero),
	    cmocka_unit_test(test_checksum_offload),
	    cmocka_unit_test(test_checksum_chain),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_sack_blocks),
	    cmocka_unit_test(test_known_lengths),
	    cmocka_unit_test(test_random_options),
	};

	return cmocka_run_group_tests(tests, test_wire_setup, test_wire_teardown);
}

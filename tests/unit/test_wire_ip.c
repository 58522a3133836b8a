/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet, IPv4 and IPv6: each verdict, each field, headers over several buffers. */
#include "test_wire.h"

/* A change to a frame that was right; 'fix' asks for a new IPv4 header checksum. */
struct change {
	const char *name;
	uint16_t at;
	uint8_t n;
	uint8_t bytes[16];
	bool fix;
	enum spt_verdict want;
};

static void
run_changes(const struct change *c, size_t n, void (*write)(uint8_t *), size_t length)
{
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	for (size_t i = 0; i < n; i++) {
		enum spt_verdict v;

		write(frame);
		memcpy(frame + c[i].at, c[i].bytes, c[i].n);
		if (c[i].fix)
			fix_ip4(frame + 14);
		v = verdict_of(frame, length, &f, &s);
		if (v != c[i].want)
			fail_msg("%s: %s, expected %s", c[i].name, spt_verdict_name(v),
			    spt_verdict_name(c[i].want));
	}
}

static void
test_ip4_fields(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct rte_mbuf *m;
	struct frame f;

	(void)state;
	write_tcp4(frame);
	m = test_mbuf_exact(frame, TCP4_LEN);
	assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
	assert_ptr_equal(f.m, m);
	assert_int_equal(f.class, WIRE_TCP);
	assert_int_equal(f.family, 4);
	assert_int_equal(f.protocol, 6);
	assert_int_equal(f.hop_limit, 57);
	assert_int_equal(f.tos, 0x2a);
	assert_int_equal(f.l3_off, 14);
	assert_int_equal(f.l4_off, TCP4_L4);
	assert_int_equal(f.l4_len, 37);
	assert_memory_equal(
	    f.src.b, ((uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 2}), 16);
	assert_memory_equal(
	    f.dst.b, ((uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1}), 16);
	assert_false(f.group_mac);
	assert_false(f.group_dst);
	rte_pktmbuf_free(m);
}

static void
test_ip6_fields(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct rte_mbuf *m;
	struct frame f;

	(void)state;
	write_tcp6(frame);
	m = test_mbuf_exact(frame, TCP6_LEN);
	assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
	assert_int_equal(f.class, WIRE_TCP);
	assert_int_equal(f.family, 6);
	assert_int_equal(f.protocol, 6);
	assert_int_equal(f.hop_limit, 58);
	assert_int_equal(f.tos, 0x2a);
	assert_int_equal(f.l4_off, TCP6_L4);
	assert_int_equal(f.l4_len, 37);
	assert_memory_equal(f.src.b, frame + 22, 16);
	assert_memory_equal(f.dst.b, frame + 38, 16);
	assert_false(f.group_dst);
	rte_pktmbuf_free(m);
}

static const struct change ip4_changes[] = {
    {"as it is", 0, 0, {0}, false, SPT_V_CONTINUE},
    {"to another host", 5, 1, {9}, false, SPT_V_ETH_NOT_OURS},
    {"to another host, first byte", 0, 1, {4}, false, SPT_V_ETH_NOT_OURS},
    {"broadcast link address", 0, 6, {255, 255, 255, 255, 255, 255}, false, SPT_V_CONTINUE},
    {"multicast link address", 0, 6, {1, 0, 0x5e, 0, 0, 1}, false, SPT_V_CONTINUE},
    {"VLAN tag", 12, 2, {0x81, 0x00}, false, SPT_V_ETH_UNKNOWN_TYPE},
    {"IEEE 802.3 length", 12, 2, {0x00, 0x39}, false, SPT_V_ETH_UNKNOWN_TYPE},
    {"version 6", 14, 1, {0x65}, true, SPT_V_IP4_BAD_HEADER},
    {"version 0", 14, 1, {0x05}, true, SPT_V_IP4_BAD_HEADER},
    {"header of 16 bytes", 14, 1, {0x44}, true, SPT_V_IP4_BAD_HEADER},
    {"header of 0 bytes", 14, 1, {0x40}, false, SPT_V_IP4_BAD_HEADER},
    {"total below header", 16, 2, {0, 19}, true, SPT_V_IP4_BAD_HEADER},
    {"total below long header", 14, 4, {0x4f, 0, 0, 57}, true, SPT_V_IP4_BAD_HEADER},
    {"total is the header", 16, 2, {0, 20}, true, SPT_V_TCP_SHORT},
    {"total beyond the frame", 16, 2, {0, 58}, true, SPT_V_IP4_SHORT},
    {"total at its largest", 16, 2, {255, 255}, true, SPT_V_IP4_SHORT},
    {"checksum", 24, 1, {0x55}, false, SPT_V_IP4_BAD_CHECKSUM},
    {"first fragment", 20, 2, {0x20, 0}, true, SPT_V_IP4_FRAGMENT},
    {"middle fragment", 20, 2, {0x20, 1}, true, SPT_V_IP4_FRAGMENT},
    {"last fragment", 20, 2, {0x00, 0x05}, true, SPT_V_IP4_FRAGMENT},
    {"last fragment, high offset", 20, 2, {0x10, 0x00}, true, SPT_V_IP4_FRAGMENT},
    {"DF not set", 20, 2, {0x00, 0}, true, SPT_V_CONTINUE},
    {"reserved flag", 20, 2, {0x80, 0}, true, SPT_V_CONTINUE},
    {"from 0.0.0.0", 26, 4, {0, 0, 0, 0}, true, SPT_V_IP4_BAD_SOURCE},
    {"from this network", 26, 4, {0, 1, 2, 3}, true, SPT_V_IP4_BAD_SOURCE},
    {"from loopback", 26, 4, {127, 255, 0, 1}, true, SPT_V_IP4_BAD_SOURCE},
    {"from the first group", 26, 4, {224, 0, 0, 0}, true, SPT_V_IP4_BAD_SOURCE},
    {"from the last group", 26, 4, {239, 255, 255, 255}, true, SPT_V_IP4_BAD_SOURCE},
    {"from broadcast", 26, 4, {255, 255, 255, 255}, true, SPT_V_IP4_BAD_SOURCE},
    {"UDP", 23, 1, {17}, true, SPT_V_CONTINUE},
    {"ICMPv6 in IPv4", 23, 1, {58}, true, SPT_V_CONTINUE},
};

static void
test_ip4_verdicts(void **state)
{
	(void)state;
	run_changes(ip4_changes, RTE_DIM(ip4_changes), write_tcp4, TCP4_LEN);
}

/* Sources next to the forbidden ranges are as good as any. */
static void
test_ip4_sources_allowed(void **state)
{
	static const uint8_t good[][4] = {{1, 0, 0, 0}, {126, 255, 255, 255}, {128, 0, 0, 1},
	    {223, 255, 255, 255}, {240, 0, 0, 1}, {255, 255, 255, 254}};
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(good); i++) {
		write_tcp4(frame);
		memcpy(frame + 26, good[i], 4);
		fix_ip4(frame + 14);
		fix_l4(frame + 14, frame + TCP4_L4, 37, 6, 16);
		assert_verdict(verdict_of(frame, TCP4_LEN, &f, &s), SPT_V_CONTINUE);
	}
}

static const struct change ip6_changes[] = {
    {"as it is", 0, 0, {0}, false, SPT_V_CONTINUE},
    {"version 4", 14, 1, {0x42}, false, SPT_V_IP6_BAD_HEADER},
    {"payload beyond the frame", 18, 2, {0, 38}, false, SPT_V_IP6_SHORT},
    {"payload at its largest", 18, 2, {255, 255}, false, SPT_V_IP6_SHORT},
    {"payload none", 18, 2, {0, 0}, false, SPT_V_TCP_SHORT},
    {"fragment header", 20, 1, {44}, false, SPT_V_IP6_FRAGMENT},
    {"from a group", 22, 1, {0xff}, false, SPT_V_IP6_BAD_SOURCE},
    {"from loopback", 22, 16, {[15] = 1}, false, SPT_V_IP6_BAD_SOURCE},
    {"from unspecified", 22, 16, {0}, false, SPT_V_IP6_BAD_SOURCE},
    {"from a mapped address", 22, 16, {[10] = 255, 255, 10, 0, 0, 2}, false, SPT_V_IP6_BAD_SOURCE},
    {"to a mapped address", 38, 16, {[10] = 255, 255, 10, 0, 0, 1}, false, SPT_V_IP_NOT_LOCAL},
    {"UDP", 20, 1, {17}, false, SPT_V_CONTINUE},
    {"ICMP in IPv6", 20, 1, {1}, false, SPT_V_CONTINUE},
    {"no next header", 20, 1, {59}, false, SPT_V_CONTINUE},
};

static void
test_ip6_verdicts(void **state)
{
	(void)state;
	run_changes(ip6_changes, RTE_DIM(ip6_changes), write_tcp6, TCP6_LEN);
}

/* Only ICMPv6 may come from the unspecified address. */
static void
test_ip6_unspecified_icmp(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	write_tcp6(frame);
	frame[20] = 58;
	memset(frame + 22, 0, 16);
	assert_verdict(verdict_of(frame, TCP6_LEN, &f, &s), SPT_V_CONTINUE);
	assert_int_equal(f.class, WIRE_ICMP6);
}

static void
test_classes(void **state)
{
	static const struct {
		uint8_t protocol;
		enum wire_class four, six;
	} c[] = {{1, WIRE_ICMP4, WIRE_OTHER_PROTOCOL}, {58, WIRE_OTHER_PROTOCOL, WIRE_ICMP6},
	    {17, WIRE_OTHER_PROTOCOL, WIRE_OTHER_PROTOCOL}, {6, WIRE_TCP, WIRE_TCP},
	    {59, WIRE_OTHER_PROTOCOL, WIRE_OTHER_PROTOCOL}};
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(c); i++) {
		write_tcp4(frame);
		frame[23] = c[i].protocol;
		fix_ip4(frame + 14);
		assert_verdict(verdict_of(frame, TCP4_LEN, &f, &s), SPT_V_CONTINUE);
		assert_int_equal(f.class, c[i].four);
		assert_int_equal(f.protocol, c[i].protocol);
		write_tcp6(frame);
		frame[20] = c[i].protocol;
		assert_verdict(verdict_of(frame, TCP6_LEN, &f, &s), SPT_V_CONTINUE);
		assert_int_equal(f.class, c[i].six);
		assert_int_equal(f.protocol, c[i].protocol);
	}
}

/* Extension headers between the IPv6 header and the segment. */
struct extension {
	const char *name;
	uint8_t first; /* next header of the IPv6 header */
	uint8_t n;
	uint8_t bytes[40];
	enum spt_verdict want;
};

static const struct extension extensions[] = {
    {"hop-by-hop, PadN", 0, 8, {6, 0, 1, 4}, SPT_V_CONTINUE},
    {"hop-by-hop, Pad1 only", 0, 8, {6, 0}, SPT_V_CONTINUE},
    {"hop-by-hop, router alert", 0, 8, {6, 0, 5, 2, 0, 0, 1, 0}, SPT_V_CONTINUE},
    {"destination options", 60, 8, {6, 0, 1, 4}, SPT_V_CONTINUE},
    {"destination options, 16 bytes", 60, 16, {6, 1, 1, 12}, SPT_V_CONTINUE},
    {"unknown option, to be skipped", 60, 8, {6, 0, 0x1e, 4}, SPT_V_CONTINUE},
    {"unknown option, to be discarded", 60, 8, {6, 0, 0x5e, 4}, SPT_V_IP6_BAD_HEADER},
    {"unknown option, to be reported", 60, 8, {6, 0, 0x9e, 4}, SPT_V_IP6_BAD_HEADER},
    {"jumbogram", 0, 8, {6, 0, 0xc2, 4, 0, 1, 0, 0}, SPT_V_IP6_BAD_HEADER},
    {"option longer than its header", 60, 8, {6, 0, 1, 5}, SPT_V_IP6_BAD_HEADER},
    {"option at its longest", 60, 8, {6, 0, 1, 255}, SPT_V_IP6_BAD_HEADER},
    {"option without a length", 60, 8, {6, 0, 1, 3, 0, 0, 0, 1}, SPT_V_IP6_BAD_HEADER},
    {"routing, none left", 43, 8, {6, 0, 0, 0}, SPT_V_CONTINUE},
    {"routing, type 2, none left", 43, 24, {6, 2, 2, 0}, SPT_V_CONTINUE},
    {"routing, one left", 43, 24, {6, 2, 0, 1}, SPT_V_IP6_BAD_HEADER},
    {"all three", 0, 24, {43, 0, 1, 4, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1, 4},
        SPT_V_CONTINUE},
    {"destination options twice", 60, 16, {60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4}, SPT_V_CONTINUE},
    {"hop-by-hop second", 60, 16, {0, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4}, SPT_V_IP6_BAD_HEADER},
    {"hop-by-hop twice", 0, 16, {0, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4}, SPT_V_IP6_BAD_HEADER},
    {"fragment behind hop-by-hop", 0, 16, {44, 0, 1, 4, 0, 0, 0, 0, 6}, SPT_V_IP6_FRAGMENT},
    {"longer than the packet", 60, 8, {6, 6, 1, 4}, SPT_V_IP6_BAD_HEADER},
    {"at its longest", 60, 8, {6, 255, 1, 4}, SPT_V_IP6_BAD_HEADER},
    {"ends in itself", 60, 8, {60, 0, 1, 4}, SPT_V_IP6_BAD_HEADER},
};

static size_t
write_extension(uint8_t *frame, const struct extension *e)
{
	uint8_t plain[FRAME_MAX];

	write_tcp6(plain);
	memcpy(frame, plain, TCP6_L4);
	frame[20] = e->first;
	put_be16(frame + 18, 37u + e->n);
	memcpy(frame + TCP6_L4, e->bytes, e->n);
	memcpy(frame + TCP6_L4 + e->n, plain + TCP6_L4, 37);
	return TCP6_LEN + e->n;
}

static void
test_ip6_extensions(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(extensions); i++) {
		const struct extension *e = &extensions[i];
		size_t n = write_extension(frame, e);
		enum spt_verdict v = verdict_of(frame, n, &f, &s);

		if (v != e->want)
			fail_msg("%s: %s", e->name, spt_verdict_name(v));
		if (v == SPT_V_CONTINUE) {
			assert_int_equal(f.l4_off, TCP6_L4 + e->n);
			assert_int_equal(f.l4_len, 37);
			assert_int_equal(s.len, 5);
		}
		/* Cut short everywhere, with the payload length to match: a verdict, no overread.
		 */
		for (size_t cut = TCP6_L4; cut < n; cut++) {
			put_be16(frame + 18, (unsigned int)(cut - TCP6_L4));
			assert_int_not_equal(verdict_of(frame, cut, &f, &s), SPT_V_CONTINUE);
		}
	}
}

/* A header that the payload length ends before eight bytes are there. */
static void
test_ip6_extension_stub(void **state)
{
	static const uint8_t types[] = {0, 43, 44, 60};
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(types); i++) {
		for (unsigned int n = 0; n < 8; n++) {
			write_ip6(frame, types[i], n);
			memset(frame + TCP6_L4, 0, n);
			assert_verdict(
			    verdict_of(frame, TCP6_L4 + n, &f, &s), SPT_V_IP6_BAD_HEADER);
		}
	}
}

static void
test_groups(void **state)
{
	static const struct {
		uint8_t dst[4];
		bool group;
	} four[] = {{{224, 0, 0, 0}, true}, {{239, 255, 255, 255}, true},
	    {{255, 255, 255, 255}, true}, {{223, 255, 255, 255}, false}, {{240, 0, 0, 0}, false},
	    {{10, 0, 0, 255}, false}};
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(four); i++) {
		write_tcp4(frame);
		frame[0] |= 1;
		memcpy(frame + 30, four[i].dst, 4);
		fix_ip4(frame + 14);
		fix_l4(frame + 14, frame + TCP4_L4, 37, 6, 16);
		assert_verdict(verdict_of(frame, TCP4_LEN, &f, &s), SPT_V_CONTINUE);
		assert_int_equal(f.group_dst, four[i].group);
		assert_true(f.group_mac);
	}
	write_tcp6(frame);
	memcpy(frame, (uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, 6);
	frame[38] = 0xff;
	fix_l4(frame + 14, frame + TCP6_L4, 37, 6, 16);
	assert_verdict(verdict_of(frame, TCP6_LEN, &f, &s), SPT_V_CONTINUE);
	assert_true(f.group_dst && f.group_mac);
}

/* Options of an IPv4 header are skipped, and counted in its checksum. */
static void
test_ip4_options(void **state)
{
	uint8_t plain[FRAME_MAX], frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	write_tcp4(plain);
	for (size_t n = 4; n <= 40; n += 4) {
		memcpy(frame, plain, 34);
		memset(frame + 34, 0xab, n);
		memcpy(frame + 34 + n, plain + TCP4_L4, 37);
		frame[14] = (uint8_t)(0x45 + n / 4);
		put_be16(frame + 16, (unsigned int)(57 + n));
		fix_ip4(frame + 14);
		assert_verdict(verdict_of(frame, TCP4_LEN + n, &f, &s), SPT_V_CONTINUE);
		assert_int_equal(f.l4_off, TCP4_L4 + n);
		assert_int_equal(f.l4_len, 37);
		frame[34 + n - 1] ^= 1;
		assert_verdict(verdict_of(frame, TCP4_LEN + n, &f, &s), SPT_V_IP4_BAD_CHECKSUM);
	}
}

/* Only GOOD and NONE spare the software; BAD is looked into (some devices err). */
static void
test_ip4_checksum_offload(void **state)
{
	static const struct {
		uint64_t flags;
		bool believed;
	} c[] = {{RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN, false}, {RTE_MBUF_F_RX_IP_CKSUM_BAD, false},
	    {RTE_MBUF_F_RX_IP_CKSUM_GOOD, true}, {RTE_MBUF_F_RX_IP_CKSUM_NONE, true},
	    {RTE_MBUF_F_RX_L4_CKSUM_GOOD, false}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(c) * 2; i++) {
		bool broken = i % 2;
		uint8_t frame[FRAME_MAX];
		struct rte_mbuf *m;
		struct frame f;

		write_tcp4(frame);
		frame[24] ^= broken;
		m = test_mbuf_exact(frame, TCP4_LEN);
		m->ol_flags |= c[i / 2].flags;
		assert_verdict(wire_parse_frame(m, &test_mac, &f),
		    broken && !c[i / 2].believed ? SPT_V_IP4_BAD_CHECKSUM : SPT_V_CONTINUE);
		rte_pktmbuf_free(m);
	}
}

/* Frames cut at every length: the link's verdict, then the network's. */
static void
test_truncated(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct frame f;
	struct seg s;

	(void)state;
	write_tcp4(frame);
	for (size_t n = 0; n < TCP4_LEN; n++)
		assert_verdict(
		    verdict_of(frame, n, &f, &s), n < 14 ? SPT_V_ETH_SHORT : SPT_V_IP4_SHORT);
	write_tcp6(frame);
	for (size_t n = 0; n < TCP6_LEN; n++)
		assert_verdict(
		    verdict_of(frame, n, &f, &s), n < 14 ? SPT_V_ETH_SHORT : SPT_V_IP6_SHORT);
}

/* What the link padded is cut, in one buffer or many. */
static void
test_padding(void **state)
{
	static const uint16_t cuts[] = {60, 4, 6, 1, 1, 1, 20, 0};

	(void)state;
	for (int six = 0; six < 2; six++) {
		size_t length = six ? TCP6_LEN : TCP4_LEN;

		for (size_t pad = 0; pad < 50; pad++) {
			uint8_t frame[FRAME_MAX] = {0};
			struct rte_mbuf *m[2];
			struct frame f;

			(six ? write_tcp6 : write_tcp4)(frame);
			m[0] = test_mbuf_exact(frame, length + pad);
			m[1] = test_mbuf_chain(frame, length + pad, cuts, true);
			for (int i = 0; i < 2; i++) {
				assert_verdict(
				    wire_parse_frame(m[i], &test_mac, &f), SPT_V_CONTINUE);
				assert_int_equal(m[i]->pkt_len, length);
				assert_int_equal(f.l4_len, 37);
				rte_mbuf_sanity_check(m[i], 1);
				rte_pktmbuf_free(m[i]);
			}
		}
	}
}

/*
 * A cut at every offset. Direct buffers become contiguous as far as promised; a cut through the
 * headers of foreign buffers is a verdict; one through the payload is nothing.
 */
static void
test_split(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		size_t length = six ? TCP6_LEN : TCP4_LEN;
		size_t headers = (six ? TCP6_L4 : TCP4_L4) + 32u;

		for (uint16_t at = 1; at < length; at++) {
			for (int direct = 0; direct < 2; direct++) {
				const uint16_t cuts[] = {at, 0};
				bool split = !direct && at < headers;
				enum spt_verdict v;
				struct rte_mbuf *m;
				uint8_t frame[FRAME_MAX];
				struct frame f;
				struct seg s;

				(six ? write_tcp6 : write_tcp4)(frame);
				m = test_mbuf_chain(frame, length, cuts, direct);
				v = wire_parse_frame(m, &test_mac, &f);
				if (v == SPT_V_CONTINUE) {
					assert_true(m->data_len >= f.l4_off + 20);
					v = wire_parse_tcp(&f, &s);
				}
				assert_verdict(v, split ? SPT_V_ETH_SPLIT_HEADER : SPT_V_CONTINUE);
				if (!split) {
					assert_true(m->data_len >= headers);
					assert_int_equal(s.len, 5);
				}
				rte_pktmbuf_free(m);
			}
		}
	}
}

/* A buffer that another mbuf points into, or one without room, is not written to. */
static void
test_split_not_mendable(void **state)
{
	static const uint16_t cuts[] = {20, 0};
	uint8_t frame[FRAME_MAX];
	struct rte_mbuf *m, *other;
	uint16_t buf_len;
	struct frame f;

	(void)state;
	write_tcp4(frame);
	m = test_mbuf_chain(frame, TCP4_LEN, cuts, true);
	other = rte_pktmbuf_alloc(test_pool);
	assert_non_null(other);
	rte_pktmbuf_attach(other, m);
	assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_ETH_SPLIT_HEADER);
	rte_pktmbuf_free(other);
	assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
	rte_pktmbuf_free(m);

	m = test_mbuf_chain(frame, TCP4_LEN, cuts, true);
	buf_len = m->buf_len;
	m->buf_len = m->data_off + m->data_len + 50;
	assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_ETH_SPLIT_HEADER);
	m->buf_len++;
	assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
	m->buf_len = buf_len;
	rte_pktmbuf_free(m);
}

/* An indirect mbuf has room behind it that is not its own. */
static void
test_split_indirect(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct rte_mbuf *owner, *m;
	struct frame f;

	(void)state;
	write_tcp4(frame);
	owner = test_mbuf_direct(frame, 20);
	m = rte_pktmbuf_alloc(test_pool);
	assert_non_null(m);
	rte_pktmbuf_attach(m, owner);
	assert_int_equal(rte_pktmbuf_chain(m, test_mbuf_direct(frame + 20, TCP4_LEN - 20)), 0);
	assert_true(rte_pktmbuf_tailroom(m) > TCP4_LEN);
	assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_ETH_SPLIT_HEADER);
	assert_int_equal(m->nb_segs, 2);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(owner);
}

/* Extension headers split at every offset. */
static void
test_split_extensions(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct frame f;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(extensions); i++) {
		size_t n = write_extension(frame, &extensions[i]);

		for (uint16_t at = 1; at < n; at++) {
			const uint16_t cuts[] = {at, 0};

			for (int direct = 0; direct < 2; direct++) {
				struct rte_mbuf *m = test_mbuf_chain(frame, n, cuts, direct);
				enum spt_verdict v = wire_parse_frame(m, &test_mac, &f);

				if (v != extensions[i].want &&
				    (direct || v != SPT_V_ETH_SPLIT_HEADER))
					fail_msg("%s cut at %u: %s", extensions[i].name, at,
					    spt_verdict_name(v));
				if (v == SPT_V_CONTINUE)
					assert_true(m->data_len >= f.l4_off + 20);
				rte_pktmbuf_free(m);
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ip4_fields),
	    cmocka_unit_test(test_ip6_fields),
	    cmocka_unit_test(test_ip4_verdicts),
	    cmocka_unit_test(test_ip4_sources_allowed),
	    cmocka_unit_test(test_ip6_verdicts),
	    cmocka_unit_test(test_ip6_unspecified_icmp),
	    cmocka_unit_test(test_classes),
	    cmocka_unit_test(test_ip6_extensions),
	    cmocka_unit_test(test_ip6_extension_stub),
	    cmocka_unit_test(test_groups),
	    cmocka_unit_test(test_ip4_options),
	    cmocka_unit_test(test_ip4_checksum_offload),
	    cmocka_unit_test(test_truncated),
	    cmocka_unit_test(test_padding),
	    cmocka_unit_test(test_split),
	    cmocka_unit_test(test_split_not_mendable),
	    cmocka_unit_test(test_split_indirect),
	    cmocka_unit_test(test_split_extensions),
	};

	return cmocka_run_group_tests(tests, test_wire_setup, test_wire_teardown);
}

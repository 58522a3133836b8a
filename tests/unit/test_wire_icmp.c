/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP, ICMP, the packets that ICMP errors quote, and neighbour discovery (RFC 4861 7.1). */
#include "test_wire.h"

#define L4 34 /* behind an IPv4 header */
#define L6 54 /* behind an IPv6 header */

/* Parse 'n' bytes from a buffer of their size; the mbuf is the caller's to free. */
static struct rte_mbuf *
open_frame(const uint8_t *frame, size_t n, struct frame *f, enum wire_class class)
{
	struct rte_mbuf *m = test_mbuf_exact(frame, n);

	assert_verdict(wire_parse_frame(m, &test_mac, f), SPT_V_CONTINUE);
	assert_int_equal(f->class, class);
	return m;
}

/* ---- ARP ---- */

#define ARP_LEN 42

static void
write_arp_request(uint8_t *frame)
{
	static const uint8_t arp[28] = {
	    0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1};

	write_link(frame, 0x0806);
	memcpy(frame + 14, arp, sizeof(arp));
}

static enum spt_verdict
arp_verdict(const uint8_t *frame, size_t n, struct wire_arp *a)
{
	struct frame f;
	struct rte_mbuf *m = open_frame(frame, n, &f, WIRE_ARP);
	enum spt_verdict v = wire_parse_arp(&f, a);

	if (v == SPT_V_CONTINUE)
		assert_int_equal(m->pkt_len, ARP_LEN);
	rte_pktmbuf_free(m);
	return v;
}

static void
test_arp(void **state)
{
	uint8_t frame[FRAME_MAX] = {0};
	struct wire_arp a;

	(void)state;
	write_arp_request(frame);
	assert_verdict(arp_verdict(frame, 60, &a), SPT_V_CONTINUE);
	assert_int_equal(a.op, 1);
	assert_memory_equal(&a.sha, frame + 22, 6);
	assert_memory_equal(&a.tha, frame + 32, 6);
	assert_memory_equal(&a.spa, frame + 28, 4);
	assert_memory_equal(&a.tpa, frame + 38, 4);
	frame[21] = 2;
	assert_verdict(arp_verdict(frame, ARP_LEN, &a), SPT_V_CONTINUE);
	assert_int_equal(a.op, 2);
	memset(frame + 28, 0, 4); /* a probe */
	assert_verdict(arp_verdict(frame, ARP_LEN, &a), SPT_V_CONTINUE);
	for (size_t n = 14; n < ARP_LEN; n++)
		assert_verdict(arp_verdict(frame, n, &a), SPT_V_ARP_BAD);
}

static void
test_arp_verdicts(void **state)
{
	static const struct {
		uint8_t at, n, bytes[6];
		enum spt_verdict want;
	} c[] = {
	    {14, 2, {0, 2}, SPT_V_ARP_BAD},       /* hardware */
	    {16, 2, {0x86, 0xdd}, SPT_V_ARP_BAD}, /* protocol */
	    {18, 1, {8}, SPT_V_ARP_BAD},          /* address lengths */
	    {19, 1, {16}, SPT_V_ARP_BAD},
	    {20, 2, {0, 0}, SPT_V_ARP_IGNORED}, /* operations */
	    {20, 2, {0, 3}, SPT_V_ARP_IGNORED},
	    {20, 2, {1, 1}, SPT_V_ARP_IGNORED},
	    {22, 1, {3}, SPT_V_ARP_BAD}, /* sender is a group */
	    {22, 6, {255, 255, 255, 255, 255, 255}, SPT_V_ARP_BAD},
	    {22, 6, {0, 0, 0, 0, 0, 0}, SPT_V_ARP_BAD}, /* sender is nobody */
	    {28, 4, {224, 0, 0, 1}, SPT_V_ARP_BAD},
	    {28, 4, {255, 255, 255, 255}, SPT_V_ARP_BAD},
	    {28, 4, {127, 0, 0, 1}, SPT_V_ARP_BAD},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(c); i++) {
		uint8_t frame[FRAME_MAX];
		struct wire_arp a;

		write_arp_request(frame);
		memcpy(frame + c[i].at, c[i].bytes, c[i].n);
		assert_verdict(arp_verdict(frame, ARP_LEN, &a), c[i].want);
	}
}

/* ---- ICMP ---- */

/* A message of 'n' bytes behind an IP header of either family, checksum right. */
static size_t
write_icmp(uint8_t *frame, bool six, const uint8_t *message, size_t n)
{
	size_t l4 = six ? L6 : L4;

	if (six)
		write_ip6(frame, 58, n);
	else
		write_ip4(frame, 1, n);
	frame[21] = six ? 255 : frame[21];
	memcpy(frame + l4, message, n);
	if (n >= 4 && six) {
		fix_l4(frame + 14, frame + l4, n, 58, 2);
	} else if (n >= 4) {
		put_be16(frame + l4 + 2, 0);
		put_be16(frame + l4 + 2, ~naive_sum(frame + l4, n, 0) & 0xffff);
	}
	return l4 + n;
}

static enum spt_verdict
icmp_verdict(const uint8_t *frame, size_t n, bool six, struct wire_icmp *icmp)
{
	struct frame f;
	struct rte_mbuf *m = open_frame(frame, n, &f, six ? WIRE_ICMP6 : WIRE_ICMP4);
	enum spt_verdict v = wire_parse_icmp(&f, icmp);

	rte_pktmbuf_free(m);
	return v;
}

static void
test_icmp(void **state)
{
	static const uint8_t echo[] = {8, 3, 0, 0, 0x12, 0x34, 0x56, 0x78, 'o', 'd', 'd'};

	(void)state;
	for (int six = 0; six < 2; six++) {
		uint8_t frame[FRAME_MAX];
		size_t n = write_icmp(frame, six, echo, sizeof(echo));
		struct wire_icmp icmp;

		assert_verdict(icmp_verdict(frame, n, six, &icmp), SPT_V_CONTINUE);
		assert_int_equal(icmp.type, 8);
		assert_int_equal(icmp.code, 3);
		assert_int_equal(icmp.rest, RTE_BE32(0x12345678));
		for (size_t bit = (six ? L6 : L4) * 8; bit < n * 8; bit++) {
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_verdict(icmp_verdict(frame, n, six, &icmp), SPT_V_ICMP_BAD_CHECKSUM);
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t short_n = 0; short_n < 8; short_n++) {
			n = write_icmp(frame, six, echo, short_n);
			assert_verdict(icmp_verdict(frame, n, six, &icmp), SPT_V_ICMP_SHORT);
		}
	}
}

/* Whatever a device says of it. */
static void
test_icmp_offload(void **state)
{
	static const uint8_t echo[] = {8, 0, 0, 0, 0, 0, 0, 0};
	uint8_t frame[FRAME_MAX];
	struct wire_icmp icmp;
	struct rte_mbuf *m;
	struct frame f;

	(void)state;
	write_icmp(frame, false, echo, sizeof(echo));
	frame[L4 + 7] = 1;
	m = open_frame(frame, L4 + 8, &f, WIRE_ICMP4);
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	assert_verdict(wire_parse_icmp(&f, &icmp), SPT_V_ICMP_BAD_CHECKSUM);
	rte_pktmbuf_free(m);
}

/* Nobody is there to be answered or believed; discovery alone may come from "::". */
static void
test_icmp6_unspecified(void **state)
{
	static const struct {
		uint8_t type;
		enum spt_verdict want;
	} c[] = {{1, SPT_V_IP6_BAD_SOURCE}, {128, SPT_V_IP6_BAD_SOURCE},
	    {129, SPT_V_IP6_BAD_SOURCE}, {133, SPT_V_CONTINUE}, {135, SPT_V_CONTINUE},
	    {143, SPT_V_CONTINUE}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(c); i++) {
		const uint8_t message[24] = {c[i].type};
		uint8_t frame[FRAME_MAX];
		size_t n = write_icmp(frame, true, message, sizeof(message));
		struct wire_icmp icmp;

		memset(frame + 22, 0, 16);
		fix_l4(frame + 14, frame + L6, sizeof(message), 58, 2);
		assert_verdict(icmp_verdict(frame, n, true, &icmp), c[i].want);
	}
}

/* ---- quoted packets ---- */

/* An error that quotes the first 'n' bytes of our segment, links apart. */
static size_t
write_quote(uint8_t *frame, bool six, size_t n, const uint8_t *quoted)
{
	uint8_t message[FRAME_MAX] = {six ? 1 : 3, 1};

	memcpy(message + 8, quoted, n);
	return write_icmp(frame, six, message, 8 + n);
}

static bool
quote_found(const uint8_t *frame, size_t n, bool six, struct wire_quote *q)
{
	struct frame f;
	struct rte_mbuf *m = open_frame(frame, n, &f, six ? WIRE_ICMP6 : WIRE_ICMP4);
	bool found = wire_parse_quote(&f, q);

	rte_pktmbuf_free(m);
	return found;
}

/* Cut everywhere: known from ports and sequence number on, never read beyond. */
static void
test_quote(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		size_t header = six ? 40 : 20;
		uint8_t quoted[FRAME_MAX], frame[FRAME_MAX];

		(six ? write_tcp6 : write_tcp4)(quoted);
		for (size_t n = 0; n <= header + 37; n++) {
			struct wire_quote q;
			size_t length = write_quote(frame, six, n, quoted + 14);

			assert_int_equal(quote_found(frame, length, six, &q), n >= header + 8);
			if (n < header + 8)
				continue;
			assert_int_equal(q.family, six ? 6 : 4);
			assert_int_equal(q.sport, RTE_BE16(1234));
			assert_int_equal(q.dport, RTE_BE16(80));
			assert_int_equal(q.seq, 0x01020304);
			assert_memory_equal(q.src.b + 12, quoted + (six ? 34 : 26), 4);
			assert_memory_equal(q.dst.b + 12, quoted + (six ? 50 : 30), 4);
			assert_int_equal(q.src.b[11], six ? 0 : 255);
		}
	}
}

static void
test_quote_of_others(void **state)
{
	static const struct {
		bool six, found;
		uint8_t at, n, bytes[16];
	} c[] = {
	    {false, false, 14, 1, {0x65}},   /* version */
	    {false, false, 14, 1, {0x44}},   /* header length */
	    {false, false, 14, 1, {0x4f}},   /* beyond the quote */
	    {false, false, 23, 1, {17}},     /* protocol */
	    {false, false, 20, 2, {0, 1}},   /* not a first fragment */
	    {false, true, 20, 2, {0x20, 0}}, /* a first fragment */
	    {false, false, 16, 2, {0, 39}},  /* no TCP header ever */
	    {false, true, 24, 2, {1, 1}},    /* routers change it */
	    {true, false, 14, 1, {0x42}},
	    {true, false, 20, 1, {17}},
	    {true, false, 20, 1, {0}},
	    {true, false, 18, 2, {0, 19}},
	    {true, false, 22, 16, {[10] = 255, 255, 1, 1, 1, 1}},
	    {true, false, 38, 16, {[10] = 255, 255, 1, 1, 1, 1}},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(c); i++) {
		size_t quote = (c[i].six ? 40 : 20) + 8;
		uint8_t quoted[FRAME_MAX], frame[FRAME_MAX];
		struct wire_quote q;
		size_t n;

		(c[i].six ? write_tcp6 : write_tcp4)(quoted);
		memcpy(quoted + c[i].at, c[i].bytes, c[i].n);
		n = write_quote(frame, c[i].six, quote, quoted + 14);
		if (quote_found(frame, n, c[i].six, &q) != c[i].found)
			fail_msg("case %zu", i);
	}
}

/* ---- neighbour discovery ---- */

/* A message with its options, in hex as it would lie on the wire. */
struct nd_case {
	const char *name;
	uint8_t n;
	uint8_t message[56];
	const char *src,
	    *dst; /* "l" link-local, "g" global, "u" ::, "s" solicited node, "a" ff02::1 */
	bool good;
};

#define TARGET    0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define NS        135, 0, 0, 0, 0, 0, 0, 0, TARGET
#define NA(flags) 136, 0, 0, 0, flags, 0, 0, 0, TARGET
#define MAC       2, 0, 0, 0, 0, 2
#define SLLA      1, 1, MAC
#define TLLA      2, 1, MAC
#define RA        134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0
#define ZERO16    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define GLOBAL    0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1

static const struct nd_case nd_cases[] = {
    {"solicitation", 32, {NS, SLLA}, "g", "s", true},
    {"solicitation without option", 24, {NS}, "g", "g", true},
    {"probe for a duplicate", 24, {NS}, "u", "s", true},
    {"probe for a duplicate, with a nonce", 32, {NS, 14, 1, 1, 2, 3, 4, 5, 6}, "u", "s", true},
    {"probe to one host", 24, {NS}, "u", "g", false},
    {"probe to all nodes", 24, {NS}, "u", "a", false},
    {"probe with a link address", 32, {NS, SLLA}, "u", "s", false},
    {"code", 24, {135, 1, 0, 0, 0, 0, 0, 0, TARGET}, "g", "s", false},
    {"target is a group", 24, {135, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x02, [23] = 1}, "g", "s", false},
    {"target is unspecified", 24, {135}, "g", "s", false},
    {"target is mapped IPv4", 24, {135, [18] = 255, 255, 10, 0, 0, 1}, "g", "s", false},
    {"solicitation of 23 bytes", 23, {NS}, "g", "s", false},
    {"option of length 0", 32, {NS, 1, 0, MAC}, "g", "s", false},
    {"unknown option of length 0", 32, {NS, 99, 0}, "g", "s", false},
    {"unknown option", 40, {NS, 99, 1, 0, 0, 0, 0, 0, 0, SLLA}, "g", "s", true},
    {"option beyond the end", 32, {NS, 99, 2}, "g", "s", false},
    {"half an option", 28, {NS, 1, 1, 2, 0}, "g", "s", false},
    {"one byte of an option", 25, {NS, 1}, "g", "s", false},
    {"link address of two units", 40, {NS, 1, 2, MAC}, "g", "s", false},
    {"link address is a group", 32, {NS, 1, 1, 3, 0, 0, 0, 0, 2}, "g", "s", false},
    {"link address is nobody", 32, {NS, 1, 1, 0, 0, 0, 0, 0, 0}, "g", "s", false},
    {"advertisement", 32, {NA(0x60), TLLA}, "g", "g", true},
    {"unsolicited, to all", 32, {NA(0x20), TLLA}, "g", "a", true},
    {"solicited, to all", 32, {NA(0x60), TLLA}, "g", "a", false},
    {"advertisement by nobody", 32, {NA(0x20), TLLA}, "u", "a", false},
    {"advertisement of 23 bytes", 23, {NA(0x60)}, "g", "g", false},
    {"advertisement of mapped IPv4", 24, {136, [18] = 255, 255, 10, 0, 0, 9}, "g", "g", false},
    {"advertisement of a group", 24, {136, [8] = 255, 2}, "g", "g", false},
    {"router solicitation", 16, {133, 0, 0, 0, 0, 0, 0, 0, SLLA}, "l", "a", true},
    {"router solicitation by nobody", 8, {133}, "u", "a", true},
    {"the same with a link address", 16, {133, 0, 0, 0, 0, 0, 0, 0, SLLA}, "u", "a", false},
    {"router advertisement", 24, {RA, SLLA}, "l", "a", true},
    {"router advertisement from afar", 24, {RA, SLLA}, "g", "a", false},
    {"router advertisement of 15 bytes", 15, {RA}, "l", "a", false},
    {"redirect", 40, {137, 0, 0, 0, 0, 0, 0, 0, TARGET, GLOBAL}, "l", "g", true},
    {"redirect on the link", 40, {137, 0, 0, 0, 0, 0, 0, 0, GLOBAL, GLOBAL}, "l", "g", true},
    {"redirect to a global target", 40, {137, 0, 0, 0, 0, 0, 0, 0, GLOBAL, TARGET}, "l", "g",
        false},
    {"redirect from afar", 40, {137, 0, 0, 0, 0, 0, 0, 0, TARGET, GLOBAL}, "g", "g", false},
    {"redirect of a group", 40, {137, 0, 0, 0, 0, 0, 0, 0, TARGET, 0xff}, "l", "g", false},
    {"redirect of 39 bytes", 39, {137, 0, 0, 0, 0, 0, 0, 0, TARGET, GLOBAL}, "l", "g", false},
    {"not discovery", 24, {132, 0, 0, 0, 0, 0, 0, 0, TARGET}, "g", "g", false},
    {"not discovery either", 24, {138, 0, 0, 0, 0, 0, 0, 0, TARGET}, "g", "g", false},
};

static void
put_nd_address(uint8_t *at, const char *which)
{
	static const uint8_t local[16] = {TARGET}, global[16] = {GLOBAL}, zero[16] = {ZERO16},
	                     node[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 1},
	                     all[16] = {0xff, 2, [15] = 1};
	const uint8_t *a = *which == 'l'   ? local
	                   : *which == 'g' ? global
	                   : *which == 'u' ? zero
	                   : *which == 's' ? node
	                                   : all;

	memcpy(at, a, 16);
}

static size_t
write_nd_case(uint8_t *frame, const struct nd_case *c)
{
	size_t n = write_icmp(frame, true, c->message, c->n);

	put_nd_address(frame + 22, c->src);
	put_nd_address(frame + 38, c->dst);
	fix_l4(frame + 14, frame + L6, c->n, 58, 2);
	return n;
}

static enum spt_verdict
nd_verdict(const uint8_t *frame, size_t n, struct wire_nd *nd)
{
	struct frame f;
	struct rte_mbuf *m = open_frame(frame, n, &f, WIRE_ICMP6);
	struct wire_icmp icmp;
	enum spt_verdict v;

	assert_verdict(wire_parse_icmp(&f, &icmp), SPT_V_CONTINUE);
	v = wire_parse_nd(&f, nd);
	rte_pktmbuf_free(m);
	return v;
}

static void
test_nd(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(nd_cases); i++) {
		const struct nd_case *c = &nd_cases[i];
		uint8_t frame[FRAME_MAX];
		size_t n = write_nd_case(frame, c);
		struct wire_nd nd;
		enum spt_verdict v = nd_verdict(frame, n, &nd);

		if (v != (c->good ? SPT_V_CONTINUE : SPT_V_ND_BAD))
			fail_msg("%s: %s", c->name, spt_verdict_name(v));
		if (c->good)
			assert_int_equal(nd.type, c->message[0]);
		/* A router has forwarded it: not from this link. */
		frame[21] = 254;
		assert_verdict(nd_verdict(frame, n, &nd), SPT_V_ND_BAD);
	}
}

static void
test_nd_fields(void **state)
{
	const struct nd_case solicit = {"", 32, {NS, SLLA}, "g", "s", true};
	const struct nd_case advert = {"", 32, {NA(0xa0), TLLA}, "g", "a", true};
	const struct nd_case wrong = {"", 32, {NA(0x40), SLLA}, "g", "g", true};
	static const uint8_t target[16] = {TARGET}, mac[6] = {MAC};
	uint8_t frame[FRAME_MAX];
	struct wire_nd nd;

	(void)state;
	assert_verdict(nd_verdict(frame, write_nd_case(frame, &solicit), &nd), SPT_V_CONTINUE);
	assert_memory_equal(nd.target.b, target, 16);
	assert_true(nd.has_lladdr);
	assert_memory_equal(&nd.lladdr, mac, 6);
	assert_false(nd.router || nd.solicited || nd.override);
	assert_verdict(nd_verdict(frame, write_nd_case(frame, &advert), &nd), SPT_V_CONTINUE);
	assert_true(nd.router && !nd.solicited && nd.override && nd.has_lladdr);
	/* A source option in an advertisement says nothing. */
	assert_verdict(nd_verdict(frame, write_nd_case(frame, &wrong), &nd), SPT_V_CONTINUE);
	assert_true(!nd.router && nd.solicited && !nd.override && !nd.has_lladdr);
}

/* Shorter than any message; parsed although the ICMP parser refused them. */
static void
test_nd_short(void **state)
{
	static const uint8_t message[8] = {133};

	(void)state;
	for (size_t n = 0; n < 8; n++) {
		uint8_t frame[FRAME_MAX];
		size_t length = write_icmp(frame, true, message, n);
		struct wire_nd nd;
		struct frame f;
		struct rte_mbuf *m = open_frame(frame, length, &f, WIRE_ICMP6);

		assert_verdict(wire_parse_nd(&f, &nd), SPT_V_ND_BAD);
		rte_pktmbuf_free(m);
	}
}

/* Messages whose bytes are in two foreign buffers, or two of ours. */
static void
test_split_messages(void **state)
{
	const struct nd_case solicit = {"", 32, {NS, SLLA}, "g", "s", true};
	uint8_t frame[3][FRAME_MAX], quoted[FRAME_MAX];
	size_t n[3];

	(void)state;
	write_arp_request(frame[0]);
	n[0] = ARP_LEN;
	n[1] = write_nd_case(frame[1], &solicit);
	write_tcp4(quoted);
	n[2] = write_quote(frame[2], false, 28, quoted + 14);
	for (int i = 0; i < 3; i++) {
		for (int direct = 0; direct < 2; direct++) {
			const uint16_t cuts[] = {(uint16_t)(n[i] - 3), 0};
			struct rte_mbuf *m = test_mbuf_chain(frame[i], n[i], cuts, direct);
			struct wire_quote q;
			struct wire_icmp icmp;
			struct wire_arp a;
			struct wire_nd nd;
			struct frame f;
			enum spt_verdict v;

			assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
			if (i > 0)
				assert_verdict(wire_parse_icmp(&f, &icmp), SPT_V_CONTINUE);
			if (i == 2) {
				assert_int_equal(wire_parse_quote(&f, &q), direct);
			} else {
				v = i == 0 ? wire_parse_arp(&f, &a) : wire_parse_nd(&f, &nd);
				assert_verdict(v, direct ? SPT_V_CONTINUE : SPT_V_ETH_SPLIT_HEADER);
			}
			rte_pktmbuf_free(m);
		}
	}
}

/* The ICMP header itself is split. */
static void
test_split_icmp(void **state)
{
	static const uint8_t echo[] = {8, 0, 0, 0, 1, 2, 3, 4, 5};
	uint8_t frame[FRAME_MAX];
	size_t n;

	(void)state;
	n = write_icmp(frame, false, echo, sizeof(echo));
	for (int direct = 0; direct < 2; direct++) {
		const uint16_t cuts[] = {L4 + 3, 0};
		struct rte_mbuf *m = test_mbuf_chain(frame, n, cuts, direct);
		struct wire_icmp icmp;
		struct frame f;

		assert_verdict(wire_parse_frame(m, &test_mac, &f), SPT_V_CONTINUE);
		assert_verdict(
		    wire_parse_icmp(&f, &icmp), direct ? SPT_V_CONTINUE : SPT_V_ETH_SPLIT_HEADER);
		rte_pktmbuf_free(m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_arp),
	    cmocka_unit_test(test_arp_verdicts),
	    cmocka_unit_test(test_icmp),
	    cmocka_unit_test(test_icmp_offload),
	    cmocka_unit_test(test_icmp6_unspecified),
	    cmocka_unit_test(test_quote),
	    cmocka_unit_test(test_quote_of_others),
	    cmocka_unit_test(test_nd),
	    cmocka_unit_test(test_nd_fields),
	    cmocka_unit_test(test_nd_short),
	    cmocka_unit_test(test_split_messages),
	    cmocka_unit_test(test_split_icmp),
	};

	return cmocka_run_group_tests(tests, test_wire_setup, test_wire_teardown);
}

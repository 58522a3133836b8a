/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP and ICMPv6: echo, errors received, errors sent (RFC 792, 1122, 4443, 5461, 9293). */
#include <errno.h>

#include "netframe.h"

#define ECHO4 8
#define ECHO6 128

/* What came out last, to the peer: parsed, its ICMP checksum verified. The caller frees m. */
static struct rte_mbuf *
take_icmp(struct netframe *x, struct frame *f, struct wire_icmp *icmp)
{
	struct rte_mbuf *m = nf_take(x);

	assert_int_equal(wire_parse_frame(m, &nf_peer_mac, f), SPT_V_CONTINUE);
	assert_int_equal(f->hop_limit, 64);
	assert_int_equal(wire_parse_icmp(f, icmp), SPT_V_CONTINUE);
	return m;
}

static int
setup(void **state)
{
	struct netframe *x;

	nf_setup(state);
	x = *state;
	nf_resolve(x, NF_PEER4, &nf_peer_mac);
	nf_resolve(x, NF_PEER6, &nf_peer_mac);
	return 0;
}

static void
fill(uint8_t *data, unsigned int length)
{
	for (unsigned int i = 0; i < length; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
}

/* The answer to an echo request with this data: addresses, identifier, bytes. */
static void
expect_echo(struct netframe *x, struct spt_addr src, struct spt_addr dst, const uint8_t *data,
    unsigned int length)
{
	struct wire_icmp icmp;
	struct frame f;
	uint8_t copy[2000];
	struct rte_mbuf *m = take_icmp(x, &f, &icmp);
	bool v4 = addr_is_v4(&dst);

	assert_int_equal(icmp.type, v4 ? 0 : 129);
	assert_int_equal(icmp.code, 0);
	assert_int_equal(icmp.rest, rte_cpu_to_be_32(0x12340001));
	assert_true(addr_eq(&f.src, &src));
	assert_true(addr_eq(&f.dst, &dst));
	assert_int_equal(f.tos, 0x28); /* the service of the request, not its ECN marks */
	assert_int_equal(f.l4_off, WIRE_ETH_LEN + (v4 ? WIRE_IP4_LEN : WIRE_IP6_LEN));
	assert_int_equal(f.l4_len, 8 + length);
	assert_memory_equal(rte_pktmbuf_read(m, f.l4_off + 8u, length, copy), data, length);
	rte_pktmbuf_free(m);
}

static void
test_echo(void **state)
{
	struct netframe *x = *state;
	static const unsigned int lengths[] = {0, 1, 56, 57, 1000, 1452};
	uint8_t data[1452];

	fill(data, sizeof(data));
	for (unsigned int i = 0; i < RTE_DIM(lengths); i++) {
		struct rte_mbuf *m =
		    nf_icmp(x, NF_PEER4, NF_OURS4, ECHO4, 0, 0x12340001, data, lengths[i]);

		assert_int_equal(nf_input(x, m), SPT_V_ICMP_ECHO);
		assert_int_equal(
		    x->out.entry[0].m->ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
		assert_int_equal(nf_turn(x), 1);
		assert_ptr_equal(x->ready[0], m);
		expect_echo(x, NF_OURS4, NF_PEER4, data, lengths[i]);
		m = nf_icmp(x, NF_PEER6, nf_v6(2), ECHO6, 0, 0x12340001, data, lengths[i]);
		assert_int_equal(nf_input(x, m), SPT_V_ICMP_ECHO);
		assert_int_equal(nf_turn(x), 1);
		assert_ptr_equal(x->ready[0], m);
		expect_echo(x, nf_v6(2), NF_PEER6, data, lengths[i]);
	}
}

/* The word of data that makes a request's checksum 0. */
static uint16_t
critical_word(struct netframe *x, struct spt_addr src, struct spt_addr dst, uint8_t type)
{
	struct rte_mbuf *m = nf_icmp(x, src, dst, type, 0, 0x12340001, "\0\0", 2);
	unsigned int l3_len = addr_is_v4(&dst) ? WIRE_IP4_LEN : WIRE_IP6_LEN;
	uint16_t checksum;

	memcpy(&checksum, rte_pktmbuf_mtod(m, char *) + WIRE_ETH_LEN + l3_len + 2, 2);
	rte_pktmbuf_free(m);
	return rte_be_to_cpu_16(checksum);
}

static void
check_echo_of_word(
    struct netframe *x, struct spt_addr src, struct spt_addr dst, uint8_t type, uint16_t word)
{
	uint8_t data[2] = {(uint8_t)(word >> 8), (uint8_t)word};
	struct rte_mbuf *m = nf_icmp(x, src, dst, type, 0, 0x12340001, data, 2);

	assert_int_equal(nf_input(x, m), SPT_V_ICMP_ECHO);
	assert_int_equal(nf_turn(x), 1);
	expect_echo(x, dst, src, data, 2);
}

/* RFC 1624: around both zeros of one's complement, in the request and in the answer. */
static void
test_echo_checksum_zero(void **state)
{
	struct netframe *x = *state;
	uint16_t word4 = critical_word(x, NF_PEER4, NF_OURS4, ECHO4);
	uint16_t word6 = critical_word(x, NF_PEER6, NF_OURS6, ECHO6);

	x->net.echo_limit.interval = 0;
	for (int d = -0x900; d <= 0x900; d++) {
		check_echo_of_word(x, NF_PEER4, NF_OURS4, ECHO4, (uint16_t)(word4 + d));
		check_echo_of_word(x, NF_PEER6, NF_OURS6, ECHO6, (uint16_t)(word6 + d));
	}
}

/* RFC 4443 4.2: to all nodes, from an address of ours. */
static void
test_echo_to_all_nodes(void **state)
{
	struct netframe *x = *state;
	struct spt_addr all_nodes = {.b = {0xff, 0x02, [15] = 1}};
	struct spt_addr all_routers = {.b = {0xff, 0x02, [15] = 2}};
	const uint8_t data[5] = "hello";

	assert_int_equal(
	    nf_input(x, nf_icmp(x, NF_PEER6, all_nodes, ECHO6, 0, 0x12340001, data, 5)),
	    SPT_V_ICMP_ECHO);
	assert_int_equal(nf_turn(x), 1);
	expect_echo(x, NF_OURS6, NF_PEER6, data, 5);
	assert_int_equal(
	    nf_input(x, nf_icmp(x, NF_PEER6, all_routers, ECHO6, 0, 1, data, 5)), SPT_V_IP_GROUP);
	/* A link-local asker is on the link: it is asked for its link address. */
	assert_int_equal(
	    nf_input(x, nf_icmp(x, nf_fe80(5), NF_OURS6, ECHO6, 0, 1, data, 5)), SPT_V_ICMP_ECHO);
	assert_int_equal(nf_turn(x), 1);
	assert_int_equal(nf_state(x, nf_fe80(5)), NEIGHBOUR_INCOMPLETE);
}

/* IP options and extension headers do not come back. */
static void
test_echo_with_options(void **state)
{
	struct netframe *x = *state;
	const uint8_t data[9] = "123456789";
	struct rte_mbuf *m = nf_icmp(x, NF_PEER4, NF_OURS4, ECHO4, 0, 0x12340001, data, 9);
	static const uint8_t record_route[8] = {7, 7, 4, 0, 0, 0, 0, 0};
	uint8_t *p;

	assert_non_null(rte_pktmbuf_prepend(m, 8));
	p = rte_pktmbuf_mtod(m, uint8_t *);
	memmove(p, p + 8, WIRE_ETH_LEN + WIRE_IP4_LEN);
	memcpy(p + WIRE_ETH_LEN + WIRE_IP4_LEN, record_route, 8);
	p[WIRE_ETH_LEN] = 0x47;
	p[WIRE_ETH_LEN + 3] += 8;
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	m->l2_len = WIRE_ETH_LEN;
	m->l3_len = 28;
	wire_checksum_tx(m);
	assert_int_equal(nf_input(x, m), SPT_V_ICMP_ECHO);
	assert_int_equal(nf_turn(x), 1);
	expect_echo(x, NF_OURS4, NF_PEER4, data, 9);

	m = nf_icmp(x, NF_PEER6, NF_OURS6, ECHO6, 0, 0x12340001, data, 9);
	assert_non_null(rte_pktmbuf_prepend(m, 8));
	p = rte_pktmbuf_mtod(m, uint8_t *);
	memmove(p, p + 8, WIRE_ETH_LEN + WIRE_IP6_LEN);
	memset(p + WIRE_ETH_LEN + WIRE_IP6_LEN, 0, 8);
	p[WIRE_ETH_LEN + WIRE_IP6_LEN] = IP_PROTO_ICMP6;
	p[WIRE_ETH_LEN + WIRE_IP6_LEN + 2] = 1; /* PadN of 6 */
	p[WIRE_ETH_LEN + WIRE_IP6_LEN + 3] = 4;
	p[WIRE_ETH_LEN + 6] = 60; /* destination options */
	p[WIRE_ETH_LEN + 5] += 8;
	assert_int_equal(nf_input(x, m), SPT_V_ICMP_ECHO);
	assert_int_equal(nf_turn(x), 1);
	expect_echo(x, NF_OURS6, NF_PEER6, data, 9);
}

/* The same packet in segments of these sizes and the rest. */
static struct rte_mbuf *
split(struct netframe *x, struct rte_mbuf *m, unsigned int first, unsigned int second)
{
	uint8_t flat[2000];
	unsigned int length = m->pkt_len;
	unsigned int sizes[3] = {first, second, length - first - second};
	struct rte_mbuf *head = NULL;
	unsigned int at = 0;

	memcpy(flat, rte_pktmbuf_mtod(m, void *), length);
	rte_pktmbuf_free(m);
	for (unsigned int i = 0; i < 3; i++) {
		struct rte_mbuf *s = nf_mbuf(x, flat + at, sizes[i]);

		at += sizes[i];
		if (head == NULL)
			head = s;
		else
			assert_int_equal(rte_pktmbuf_chain(head, s), 0);
	}
	return head;
}

static void
test_echo_in_segments(void **state)
{
	struct netframe *x = *state;
	uint8_t data[1400];

	fill(data, sizeof(data));
	for (unsigned int first = 15; first < 120; first++) {
		struct rte_mbuf *m =
		    nf_icmp(x, NF_PEER4, NF_OURS4, ECHO4, 0, 0x12340001, data, sizeof(data));

		assert_int_equal(nf_input(x, split(x, m, first, 333)), SPT_V_ICMP_ECHO);
		m = nf_icmp(x, NF_PEER6, NF_OURS6, ECHO6, 0, 0x12340001, data, sizeof(data));
		assert_int_equal(nf_input(x, split(x, m, first, 333)), SPT_V_ICMP_ECHO);
		assert_int_equal(nf_turn(x), 2);
		expect_echo(x, NF_OURS4, NF_PEER4, data, sizeof(data));
		expect_echo(x, NF_OURS6, NF_PEER6, data, sizeof(data));
	}
}

/* Somebody else holds the request: its bytes stay as they are. */
static void
test_echo_of_shared_request(void **state)
{
	struct netframe *x = *state;
	uint8_t data[1400], before[1500];
	struct rte_mbuf *m;

	fill(data, sizeof(data));
	m = nf_icmp(x, NF_PEER4, NF_OURS4, ECHO4, 0, 0x12340001, data, sizeof(data));
	memcpy(before, rte_pktmbuf_mtod(m, void *), m->pkt_len);
	rte_mbuf_refcnt_update(m, 1);
	assert_int_equal(nf_input(x, m), SPT_V_ICMP_ECHO);
	assert_int_equal(nf_turn(x), 1);
	expect_echo(x, NF_OURS4, NF_PEER4, data, sizeof(data));
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), before, m->pkt_len);
	rte_pktmbuf_free(m);
}

static void
test_echo_that_is_not_answered(void **state)
{
	struct netframe *x = *state;
	struct spt_addr group = nf_v4(224, 0, 0, 1), directed = nf_v4(10, 0, 0, 255);
	struct rte_mbuf *m;
	uint8_t data[1600] = {0};

	assert_int_equal(
	    nf_input(x, nf_icmp(x, NF_PEER4, group, ECHO4, 0, 1, data, 8)), SPT_V_IP_GROUP);
	assert_int_equal(
	    nf_input(x, nf_icmp(x, NF_PEER4, directed, ECHO4, 0, 1, data, 8)), SPT_V_IP_GROUP);
	/* RFC 1122 3.3.6: a link-layer broadcast of a unicast packet. */
	m = nf_icmp(x, NF_PEER4, NF_OURS4, ECHO4, 0, 1, data, 8);
	memset(rte_pktmbuf_mtod(m, void *), 0xff, 6);
	assert_int_equal(nf_input(x, m), SPT_V_IP_GROUP);
	assert_int_equal(
	    nf_input(x, nf_icmp(x, NF_PEER4, nf_v4(10, 0, 0, 4), ECHO4, 0, 1, data, 8)),
	    SPT_V_IP_NOT_LOCAL);
	assert_int_equal(
	    nf_input(x, nf_icmp(x, NF_PEER6, nf_v6(3), ECHO6, 0, 1, data, 8)), SPT_V_IP_NOT_LOCAL);
	/* As if from the broadcast address of our network: an amplifier's dream. */
	assert_int_equal(nf_input(x, nf_icmp(x, directed, NF_OURS4, ECHO4, 0, 1, data, 8)),
	    SPT_V_ICMP_ECHO_LIMITED);
	/* Longer than the MTU lets us send. */
	assert_int_equal(nf_input(x, nf_icmp(x, NF_PEER4, NF_OURS4, ECHO4, 0, 1, data, 1473)),
	    SPT_V_ICMP_ECHO_LIMITED);
	/* An unknown code asks nothing, nor does a reply. */
	assert_int_equal(
	    nf_input(x, nf_icmp(x, NF_PEER4, NF_OURS4, ECHO4, 1, 1, data, 8)), SPT_V_ICMP_IGNORED);
	assert_int_equal(
	    nf_input(x, nf_icmp(x, NF_PEER4, NF_OURS4, 0, 0, 1, data, 8)), SPT_V_ICMP_IGNORED);
	assert_int_equal(
	    nf_input(x, nf_icmp(x, NF_PEER6, NF_OURS6, 129, 0, 1, data, 8)), SPT_V_ICMP_IGNORED);
	m = nf_icmp(x, NF_PEER4, NF_OURS4, ECHO4, 0, 1, data, 8);
	rte_pktmbuf_mtod(m, uint8_t *)[WIRE_ETH_LEN + WIRE_IP4_LEN + 9] ^= 1;
	assert_int_equal(nf_input(x, m), SPT_V_ICMP_BAD_CHECKSUM);
	assert_int_equal(nf_turn(x), 0);
}

static void
test_echo_is_rate_limited(void **state)
{
	struct netframe *x = *state;
	unsigned int answered = 0;

	for (int i = 0; i < 3000; i++) {
		enum spt_verdict v =
		    nf_input(x, nf_icmp(x, NF_PEER4, NF_OURS4, ECHO4, 0, 1, "x", 1));

		if (v == SPT_V_ICMP_ECHO)
			answered++;
		else
			assert_int_equal(v, SPT_V_ICMP_ECHO_LIMITED);
		nf_turn(x);
	}
	assert_int_equal(answered, 1000);
	x->now += NF_SECOND;
	assert_int_equal(
	    nf_input(x, nf_icmp(x, NF_PEER4, NF_OURS4, ECHO4, 0, 1, "x", 1)), SPT_V_ICMP_ECHO);
}

/* ---- errors received -------------------------------------------------- */

/* The start of a packet of ours to a far host: IP header, ports, sequence number. */
static unsigned int
quote(uint8_t *at, struct spt_addr src, struct spt_addr dst, uint8_t protocol)
{
	struct wire_ip ip = {.src = src, .dst = dst, .protocol = protocol, .ttl = 60};
	unsigned int l3_len = wire_write_ip(at, &ip, 100);
	static const uint8_t tcp[8] = {0x1f, 0x90, 0x30, 0x39, 0x01, 0x02, 0x03, 0x04};

	memcpy(at + l3_len, tcp, sizeof(tcp));
	return l3_len + sizeof(tcp);
}

struct error_case {
	uint8_t family, type, code;
	enum spt_verdict verdict;
	int error;
	bool hard;
	uint32_t rest, mtu;
};

static const struct error_case error_cases[] = {
    {4, 3, 0, SPT_V_ICMP_ERROR, -ENETUNREACH, false, 0, 0},
    {4, 3, 1, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {4, 3, 2, SPT_V_ICMP_ERROR, -ECONNREFUSED, true, 0, 0},
    {4, 3, 3, SPT_V_ICMP_ERROR, -ECONNREFUSED, true, 0, 0},
    {4, 3, 4, SPT_V_ICMP_ERROR, -EMSGSIZE, false, 0xabcd0500, 1280},
    {4, 3, 4, SPT_V_ICMP_ERROR, -EMSGSIZE, false, 0, 0},
    {4, 3, 5, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {4, 3, 6, SPT_V_ICMP_ERROR, -ENETUNREACH, false, 0, 0},
    {4, 3, 9, SPT_V_ICMP_ERROR, -ENETUNREACH, false, 0, 0},
    {4, 3, 13, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {4, 3, 15, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {4, 3, 200, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {4, 4, 0, SPT_V_ICMP_IGNORED, 0, false, 0, 0}, /* source quench: MUST-55 */
    {4, 5, 1, SPT_V_ICMP_IGNORED, 0, false, 0, 0}, /* redirect */
    {4, 11, 0, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {4, 11, 1, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {4, 12, 0, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {4, 13, 0, SPT_V_ICMP_IGNORED, 0, false, 0, 0},
    {6, 1, 0, SPT_V_ICMP_ERROR, -ENETUNREACH, false, 0, 0},
    {6, 1, 1, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {6, 1, 3, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {6, 1, 4, SPT_V_ICMP_ERROR, -ECONNREFUSED, true, 0, 0},
    {6, 1, 200, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {6, 2, 0, SPT_V_ICMP_ERROR, -EMSGSIZE, false, 1400, 1400},
    {6, 3, 0, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 0, 0},
    {6, 4, 1, SPT_V_ICMP_ERROR, -EHOSTUNREACH, false, 6, 0},
    {6, 5, 0, SPT_V_ICMP_IGNORED, 0, false, 0, 0},
    {6, 130, 0, SPT_V_ICMP_IGNORED, 0, false, 0, 0},
};

static void
test_errors(void **state)
{
	struct netframe *x = *state;

	for (unsigned int i = 0; i < RTE_DIM(error_cases); i++) {
		const struct error_case *c = &error_cases[i];
		struct spt_addr ours = c->family == 4 ? NF_OURS4 : nf_v6(2);
		struct spt_addr far = c->family == 4 ? NF_FAR4 : NF_FAR6;
		struct spt_addr router = c->family == 4 ? NF_PEER4 : NF_PEER6;
		uint8_t data[60];
		unsigned int length = quote(data, ours, far, IP_PROTO_TCP);

		memset(&x->error, 0, sizeof(x->error));
		if (nf_input(x, nf_icmp(x, router, ours, c->type, c->code, c->rest, data,
		                    length)) != c->verdict ||
		    x->error.error != c->error || x->error.hard != c->hard ||
		    x->error.mtu != c->mtu)
			fail_msg("case %u: error %d hard %d mtu %u", i, x->error.error,
			    x->error.hard, x->error.mtu);
		if (c->verdict != SPT_V_ICMP_ERROR)
			continue;
		assert_true(addr_eq(&x->error.quote.src, &ours));
		assert_true(addr_eq(&x->error.quote.dst, &far));
		assert_int_equal(x->error.quote.sport, RTE_BE16(8080));
		assert_int_equal(x->error.quote.dport, RTE_BE16(12345));
		assert_int_equal(x->error.quote.seq, 0x01020304);
	}
	assert_int_equal(nf_turn(x), 0);
}

static void
test_stray_errors(void **state)
{
	struct netframe *x = *state;
	uint8_t data[60];
	unsigned int length;

	/* Not from us, to another of ours, not TCP, too short to know the connection. */
	length = quote(data, nf_v4(10, 0, 0, 4), NF_FAR4, IP_PROTO_TCP);
	assert_int_equal(nf_input(x, nf_icmp(x, NF_PEER4, NF_OURS4, 3, 1, 0, data, length)),
	    SPT_V_ICMP_ERROR_STRAY);
	length = quote(data, nf_v4(10, 0, 0, 2), NF_FAR4, IP_PROTO_TCP);
	assert_int_equal(nf_input(x, nf_icmp(x, NF_PEER4, NF_OURS4, 3, 1, 0, data, length)),
	    SPT_V_ICMP_ERROR_STRAY);
	length = quote(data, NF_OURS4, NF_FAR4, 17);
	assert_int_equal(nf_input(x, nf_icmp(x, NF_PEER4, NF_OURS4, 3, 1, 0, data, length)),
	    SPT_V_ICMP_ERROR_STRAY);
	length = quote(data, NF_OURS4, NF_FAR4, IP_PROTO_TCP);
	assert_int_equal(nf_input(x, nf_icmp(x, NF_PEER4, NF_OURS4, 3, 1, 0, data, length - 1)),
	    SPT_V_ICMP_ERROR_STRAY);
	length = quote(data, NF_OURS6, NF_FAR6, IP_PROTO_TCP);
	assert_int_equal(nf_input(x, nf_icmp(x, NF_PEER6, NF_OURS6, 1, 0, 0, data, length - 9)),
	    SPT_V_ICMP_ERROR_STRAY);
	/* To a group. */
	length = quote(data, NF_OURS4, NF_FAR4, IP_PROTO_TCP);
	assert_int_equal(
	    nf_input(x, nf_icmp(x, NF_PEER4, nf_v4(224, 0, 0, 1), 3, 1, 0, data, length)),
	    SPT_V_IP_GROUP);
	assert_int_equal(nf_turn(x), 0);
}

/* ---- errors sent ------------------------------------------------------ */

/* The answer to a packet of unknown protocol, which quotes 'length' bytes of 'original'. */
static void
expect_refusal(struct netframe *x, struct spt_addr dst, uint32_t rest, const uint8_t *original,
    unsigned int length)
{
	struct wire_icmp icmp;
	struct frame f;
	uint8_t copy[1500];
	struct rte_mbuf *m = take_icmp(x, &f, &icmp);
	bool v4 = addr_is_v4(&dst);

	assert_true(addr_eq(&f.dst, &dst));
	assert_true(addr_eq(&f.src, &x->frame.dst));
	assert_int_equal(icmp.type, v4 ? 3 : 4);
	assert_int_equal(icmp.code, v4 ? 2 : 1);
	assert_int_equal(icmp.rest, rte_cpu_to_be_32(rest));
	assert_int_equal(f.l4_len, 8 + length);
	assert_memory_equal(rte_pktmbuf_read(m, f.l4_off + 8u, length, copy), original, length);
	rte_pktmbuf_free(m);
}

static void
test_unknown_protocol(void **state)
{
	struct netframe *x = *state;
	static const unsigned int lengths[] = {0, 7, 300, 548, 549, 1400};
	uint8_t data[1400], original[1500];

	fill(data, sizeof(data));
	for (unsigned int i = 0; i < RTE_DIM(lengths); i++) {
		struct rte_mbuf *m =
		    nf_ip(x, &nf_mac, NF_PEER4, NF_OURS4, 17, 64, data, lengths[i]);

		memcpy(original, rte_pktmbuf_mtod(m, char *) + WIRE_ETH_LEN,
		    m->pkt_len - WIRE_ETH_LEN);
		assert_int_equal(nf_input(x, m), SPT_V_IP_UNKNOWN_PROTOCOL);
		assert_int_equal(nf_turn(x), 1);
		expect_refusal(x, NF_PEER4, 0, original, RTE_MIN(20 + lengths[i], 576u - 28));
		m = nf_ip(x, &nf_mac, NF_PEER6, nf_v6(2), 17, 64, data, lengths[i]);
		memcpy(original, rte_pktmbuf_mtod(m, char *) + WIRE_ETH_LEN,
		    m->pkt_len - WIRE_ETH_LEN);
		assert_int_equal(nf_input(x, m), SPT_V_IP_UNKNOWN_PROTOCOL);
		assert_int_equal(nf_turn(x), 1);
		expect_refusal(x, NF_PEER6, 6, original, RTE_MIN(40 + lengths[i], 1280u - 48));
	}
}

/* RFC 4443 3.4: the pointer names the field, which may be in an extension header. */
static void
test_pointer_into_extension_headers(void **state)
{
	struct netframe *x = *state;
	/* Hop-by-hop of 8 bytes, destination options of 16, then protocol 132. */
	static const uint8_t payload[] = {60, 0, 1, 4, 0, 0, 0, 0, /* PadN */
	    132, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 's', 'c', 't', 'p'};
	struct rte_mbuf *m = nf_ip(x, &nf_mac, NF_PEER6, NF_OURS6, 0, 64, payload, sizeof(payload));
	uint8_t original[100];

	memcpy(original, rte_pktmbuf_mtod(m, char *) + WIRE_ETH_LEN, m->pkt_len - WIRE_ETH_LEN);
	assert_int_equal(nf_input(x, m), SPT_V_IP_UNKNOWN_PROTOCOL);
	assert_int_equal(nf_turn(x), 1);
	expect_refusal(x, NF_PEER6, 48, original, 40 + sizeof(payload));
}

static void
test_no_error_where_none_is_due(void **state)
{
	struct netframe *x = *state;
	struct rte_mbuf *m;

	/* RFC 1122 3.2.2: group or broadcast destination, or a source that is not one host. */
	assert_int_equal(
	    nf_input(x, nf_ip(x, &nf_broadcast, NF_PEER4, nf_v4(10, 0, 0, 255), 17, 64, "x", 1)),
	    SPT_V_IP_GROUP);
	assert_int_equal(
	    nf_input(x, nf_ip(x, &nf_mac, NF_PEER4, nf_v4(224, 0, 0, 251), 17, 64, "x", 1)),
	    SPT_V_IP_GROUP);
	assert_int_equal(nf_input(x, nf_ip(x, &nf_broadcast, NF_PEER4, NF_OURS4, 17, 64, "x", 1)),
	    SPT_V_IP_GROUP);
	assert_int_equal(
	    nf_input(x, nf_ip(x, &nf_mac, nf_v4(10, 0, 0, 255), NF_OURS4, 17, 64, "x", 1)),
	    SPT_V_IP_UNKNOWN_PROTOCOL);
	assert_int_equal(
	    nf_input(x, nf_ip(x, &nf_mac, NF_PEER4, nf_v4(10, 0, 0, 4), 17, 64, "x", 1)),
	    SPT_V_IP_NOT_LOCAL);
	/* Nothing follows: RFC 8200 4.7. */
	assert_int_equal(nf_input(x, nf_ip(x, &nf_mac, NF_PEER6, NF_OURS6, 59, 64, "x", 1)),
	    SPT_V_IP_UNKNOWN_PROTOCOL);
	m = nf_ip(x, &nf_mac, NF_PEER4, NF_OURS4, 17, 64, "x", 1);
	assert_int_equal(nf_input(x, m), SPT_V_IP_UNKNOWN_PROTOCOL);
	assert_int_equal(nf_turn(x), 1);
}

static void
test_errors_are_rate_limited(void **state)
{
	struct netframe *x = *state;

	for (int i = 0; i < 200; i++)
		assert_int_equal(nf_input(x, nf_ip(x, &nf_mac, NF_PEER4, NF_OURS4, 17, 64, "x", 1)),
		    SPT_V_IP_UNKNOWN_PROTOCOL);
	assert_int_equal(nf_turn(x), 50);
}

static void
test_no_mbuf(void **state)
{
	struct netframe *x = *state;
	struct rte_mbuf *unknown = nf_ip(x, &nf_mac, NF_PEER4, NF_OURS4, 17, 64, "x", 1);
	struct rte_mbuf *ping = nf_icmp(x, NF_PEER4, NF_OURS4, ECHO4, 0, 1, "x", 1);
	struct rte_mbuf *all[255];
	unsigned int n = 0;

	rte_mbuf_refcnt_update(ping, 1);
	while ((all[n] = rte_pktmbuf_alloc(x->pool)) != NULL)
		n++;
	assert_int_equal(nf_input(x, unknown), SPT_V_IP_UNKNOWN_PROTOCOL);
	assert_non_null(all[n] = rte_pktmbuf_alloc(x->pool)); /* 'unknown' was freed */
	n++;
	assert_int_equal(nf_input(x, ping), SPT_V_ICMP_ECHO_LIMITED);
	assert_int_equal(x->net.no_mbuf, 2);
	rte_pktmbuf_free_bulk(all, n);
	rte_pktmbuf_free(ping);
	assert_int_equal(nf_turn(x), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, nf_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_echo),
	    T(test_echo_checksum_zero),
	    T(test_echo_to_all_nodes),
	    T(test_echo_with_options),
	    T(test_echo_in_segments),
	    T(test_echo_of_shared_request),
	    T(test_echo_that_is_not_answered),
	    T(test_echo_is_rate_limited),
	    T(test_errors),
	    T(test_stray_errors),
	    T(test_unknown_protocol),
	    T(test_pointer_into_extension_headers),
	    T(test_no_error_where_none_is_due),
	    T(test_errors_are_rate_limited),
	    T(test_no_mbuf),
	};

	return cmocka_run_group_tests_name("net_icmp", tests, env_group_setup, NULL);
}

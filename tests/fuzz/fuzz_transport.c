/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What lies behind a good IP header, which the target writes: options and segments, ICMP messages
 * and what they quote, neighbour discovery, ARP, IPv6 extension headers. Small inputs reach them
 * all, with checksums that are right. TCP is parsed a second time by other code (tests/lib), and
 * both must say the same.
 */
#include <string.h>

#include <base/addr.h>
#include <lib/env.h>
#include <lib/packet.h>
#include <wire/wire.h>

#include "fuzz.h"

#define MBUFS 255
#define ETH   14

/* What the first input byte says is there; the next three are cuts. */
enum kind {
	KIND_TCP4,
	KIND_TCP6,
	KIND_ICMP4,
	KIND_ICMP6,
	KIND_EXTENSION6,
	KIND_ARP,
	KIND_OPTIONS4, /* a TCP header is written too: options, or any data offset */
	KIND_OPTIONS6,
	KINDS,
};

#define KIND_MASK    0x0f
#define KIND_BAD_SUM 0x10
#define KIND_DIRECT  0x20
#define KIND_PADDED  0x40 /* bytes of the link behind the packet */

static struct rte_mempool *pool;
static const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 1}};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	env_start();
	pool = env_pool_create(MBUFS);
	return 0;
}

/* ---- the frame ------------------------------------------------------------- */

static void
put_checksum(const struct packet *p, uint8_t *l4, unsigned int n, unsigned int at)
{
	uint16_t sum;

	if (n < at + 2)
		return;
	l4[at] = l4[at + 1] = 0;
	sum = packet_l4_checksum(p, l4, n);
	l4[at] = (uint8_t)(sum >> 8);
	l4[at + 1] = (uint8_t)sum;
}

/* The sum of ICMP has no pseudo-header: of one of zeros only the length counts. */
static void
put_icmp4_checksum(uint8_t *l4, unsigned int n)
{
	struct packet none = {.family = 4};
	uint32_t sum;

	if (n < 4)
		return;
	l4[2] = l4[3] = 0;
	sum = (uint32_t)(uint16_t)~packet_l4_checksum(&none, l4, n) + (uint16_t)~n;
	sum = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
	l4[2] = (uint8_t)(sum >> 8);
	l4[3] = (uint8_t)sum;
}

static unsigned int
make_l4(enum kind kind, struct packet *p, uint8_t *l4, const uint8_t *bytes, unsigned int n)
{
	static const uint8_t tcp[20] = {0x03, 0xe8, 0, 80, [12] = 0x50, P_ACK, 1, 0};
	unsigned int offset;

	p->protocol = kind == KIND_ICMP4 ? 1 : kind == KIND_ICMP6 ? 58 : 6;
	if (kind == KIND_EXTENSION6 && n > 0) {
		p->protocol = *bytes++;
		n--;
	}
	if (kind >= KIND_OPTIONS4) {
		/* Data offset and flags, then options and text. */
		memcpy(l4, tcp, sizeof(tcp));
		offset = n > 0 ? bytes[0] >> 4 : 5;
		l4[12] = (uint8_t)(offset << 4);
		l4[13] = n > 1 ? bytes[1] : P_ACK;
		n = n > 2 ? n - 2 : 0;
		memcpy(l4 + sizeof(tcp), bytes + 2, n);
		return n + (unsigned int)sizeof(tcp);
	}
	memcpy(l4, bytes, n);
	return n;
}

static unsigned int
make_frame(uint8_t control, const uint8_t *bytes, unsigned int n, uint8_t *flat)
{
	enum kind kind = (control & KIND_MASK) % KINDS;
	bool v4 = kind == KIND_TCP4 || kind == KIND_ICMP4 || kind == KIND_OPTIONS4;
	struct packet p = {.family = v4 ? 4 : 6, .ttl = 255, .eth_dst = mac, .eth_src = {{2, 9}}};
	unsigned int at = packet_build_ip(&p, NULL, 0);

	if (kind == KIND_ARP) {
		memcpy(flat, &mac, sizeof(mac));
		memcpy(flat + 6, &p.eth_src, sizeof(mac));
		memcpy(flat + 12, "\x08\x06", 2);
		memcpy(flat + ETH, bytes, n);
		return ETH + n;
	}
	p.src =
	    v4 ? addr_from_v4(RTE_BE32(0x0a010009)) : (struct spt_addr){.b = {0x20, 1, [15] = 9}};
	p.dst =
	    v4 ? addr_from_v4(RTE_BE32(0x0a010001)) : (struct spt_addr){.b = {0x20, 1, [15] = 1}};
	n = make_l4(kind, &p, flat + at, bytes, n);
	packet_build_ip(&p, flat, n);
	if (control & KIND_BAD_SUM)
		return at + n;
	if (kind == KIND_ICMP4)
		put_icmp4_checksum(flat + at, n);
	else if (kind == KIND_ICMP6)
		put_checksum(&p, flat + at, n, 2);
	else if (kind != KIND_EXTENSION6)
		put_checksum(&p, flat + at, n, 16);
	return at + n;
}

/* ---- both parsers ------------------------------------------------------------- */

static void
compare_options(const struct seg *s, const struct packet *p)
{
	static const uint8_t theirs[] = {P_MSS, P_WSCALE, P_TIMESTAMP, P_SACK_PERM};
	static const uint8_t ours[] = {
	    SEG_HAS_MSS, SEG_HAS_WSCALE, SEG_HAS_TIMESTAMP, SEG_HAS_SACK_PERM};

	for (unsigned int i = 0; i < RTE_DIM(ours); i++)
		EXPECT(!(s->options & ours[i]) == !(p->options & theirs[i]));
	if (p->options & P_MSS)
		EXPECT(s->mss == p->mss);
	if (p->options & P_WSCALE)
		EXPECT(s->wscale == p->wscale);
	if (p->options & P_TIMESTAMP)
		EXPECT(s->tsval == p->tsval && s->tsecr == p->tsecr);
}

static void
parse_tcp(const struct frame *f, const uint8_t *flat, unsigned int length)
{
	static uint8_t payload[PACKET_MAX];
	enum spt_verdict v;
	enum packet_kind kind;
	struct packet p;
	struct seg s;

	v = wire_parse_tcp(f, &s);
	kind = packet_parse(flat, length, &p);
	if (v != SPT_V_CONTINUE) {
		/* What a strict sender may write must be taken, if its headers can be made one. */
		EXPECT(kind != PACKET_TCP || v == SPT_V_ETH_SPLIT_HEADER);
		return;
	}
	EXPECT(s.payload_off <= f->m->data_len);
	EXPECT(s.payload_off + s.len == f->m->pkt_len);
	if (s.options & SEG_HAS_SACK)
		EXPECT(s.l4_off + s.sack_off + 8 * s.sack_blocks <= s.payload_off);
	EXPECT(s.seq == p.seq && s.ack == p.ack && s.wnd == p.wnd && s.flags == p.flags);
	EXPECT(
	    s.key.rport == rte_cpu_to_be_16(p.sport) && s.key.lport == rte_cpu_to_be_16(p.dport));
	EXPECT(s.len == p.len);
	memcpy(payload, rte_pktmbuf_read(f->m, s.payload_off, s.len, payload), s.len);
	EXPECT(memcmp(payload, p.payload, p.len) == 0);
	if (kind == PACKET_TCP)
		compare_options(&s, &p);
}

static void
parse_icmp(const struct frame *f)
{
	struct wire_icmp icmp;
	struct wire_quote q;
	struct wire_nd nd;

	if (wire_parse_icmp(f, &icmp) != SPT_V_CONTINUE)
		return;
	if (wire_parse_quote(f, &q))
		EXPECT(q.family == f->family);
	if (f->class == WIRE_ICMP6 && wire_parse_nd(f, &nd) == SPT_V_CONTINUE) {
		EXPECT(!addr_is_v4(&nd.target));
		EXPECT(nd.type >= 133 && nd.type <= 137);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t flat[2048], copy[2048];
	static const uint8_t padding[6];
	unsigned int length, shape = FUZZ_CHAIN;
	struct rte_mbuf *m;
	struct wire_arp a;
	struct frame f;

	if (size < 4 || size > 1000)
		return 0;
	length = make_frame(data[0], data + 4, (unsigned int)size - 4, flat);
	memcpy(copy, flat, length);
	if (data[0] & KIND_PADDED) {
		memcpy(flat + length, padding, sizeof(padding));
		length += (unsigned int)sizeof(padding);
	}
	m = fuzz_mbuf(
	    pool, flat, length, data[0] & KIND_DIRECT ? shape : shape | FUZZ_EXACT, data + 1);
	EXPECT(m != NULL);
	if (data[0] & KIND_PADDED)
		length -= (unsigned int)sizeof(padding);
	if (wire_parse_frame(m, &mac, &f) == SPT_V_CONTINUE) {
		if (f.class == WIRE_TCP)
			parse_tcp(&f, copy, length);
		else if (f.class == WIRE_ARP)
			wire_parse_arp(&f, &a);
		else if (f.class != WIRE_OTHER_PROTOCOL)
			parse_icmp(&f);
	}
	rte_mbuf_sanity_check(m, 1);
	rte_pktmbuf_free(m);
	EXPECT(env_pool_in_use(pool) == 0);
	return 0;
}

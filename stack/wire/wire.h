/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes <-> structs, without state. Parsing trusts nothing: every length is
 * checked against what is there, and each fault has its verdict.
 */
#ifndef SPT_WIRE_WIRE_H
#define SPT_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include <septet/stats.h>
#include <septet/types.h>

#include "../base/flow_key.h"

/* TCP header flags, RFC 9293 3.1. */
enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

/* The two low bits of a packet's TOS byte, RFC 3168 5. */
enum ip_ecn { ECN_NOT_ECT, ECN_ECT1, ECN_ECT0, ECN_CE, ECN_MASK = 3 };

#define IP_PROTO_ICMP  1
#define IP_PROTO_TCP   6
#define IP_PROTO_ICMP6 58

#define WIRE_ETH_LEN      14
#define WIRE_IP4_LEN      20
#define WIRE_IP6_LEN      40
#define WIRE_TCP_LEN      20
#define WIRE_TCP_MAX_OPTS 40

/* Which options a segment carries. */
enum seg_option {
	SEG_HAS_MSS = 1 << 0,
	SEG_HAS_WSCALE = 1 << 1,
	SEG_HAS_TIMESTAMP = 1 << 2,
	SEG_HAS_SACK_PERM = 1 << 3,
	SEG_HAS_SACK = 1 << 4, /* blocks are at sack_off, sack_blocks of them */
};

/*
 * A parsed, validated TCP header: one per packet of a burst. Numbers are in host
 * order; names of RFC 9293 3.3.1. The first line is what every segment needs.
 */
struct seg {
	struct flow_key key; /* remote, ports and local index, as the flow table wants them */
	uint64_t hash;
	struct rte_mbuf *m;
	uint32_t seq; /* SEG.SEQ */
	uint32_t ack; /* SEG.ACK, if TCP_ACK */
	uint32_t len; /* payload bytes; SYN and FIN count in seg_len() */
	uint16_t wnd; /* SEG.WND as on the wire, not scaled */
	uint8_t flags;
	uint8_t options;       /* set of enum seg_option */
	uint32_t tsval, tsecr; /* RFC 7323, if SEG_HAS_TIMESTAMP */
	/* second line */
	uint16_t mss;         /* if SEG_HAS_MSS */
	uint16_t up;          /* SEG.UP, if TCP_URG */
	uint8_t wscale;       /* as on the wire; 14 is the largest to use */
	uint8_t l3_off;       /* of the IP header: 14 */
	uint16_t l4_off;      /* of the TCP header */
	uint16_t payload_off; /* of the first payload byte */
	uint8_t sack_off;     /* of the first block, from the TCP header */
	uint8_t sack_blocks;
	uint8_t tos;    /* DSCP and ECN of the packet */
	uint8_t family; /* 4 or 6 */
} __rte_aligned(64);

SPT_STATIC_ASSERT(sizeof(struct seg) == 128 && offsetof(struct seg, mss) == 64,
    "what every segment needs is one line");

/* SEG.LEN of RFC 9293: payload, SYN and FIN. */
static inline uint32_t
seg_len(const struct seg *s)
{
	return s->len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
}

enum wire_class { WIRE_ARP, WIRE_ICMP4, WIRE_ICMP6, WIRE_TCP, WIRE_OTHER_PROTOCOL };

/* A frame up to and including its network header. */
struct frame {
	struct rte_mbuf *m;
	enum wire_class class;
	uint8_t family;   /* 4, 6; 0 for ARP */
	uint8_t protocol; /* the transport protocol */
	uint8_t hop_limit;
	uint8_t tos;
	uint16_t l3_off;
	uint16_t l4_off;
	uint16_t l4_len; /* bytes from l4_off to the end of the packet */
	struct spt_addr src, dst;
	bool group_mac; /* link-layer destination was broadcast or multicast */
	bool group_dst; /* IP destination is multicast or 255.255.255.255 */
};

/*
 * Parse Ethernet and ARP/IPv4/IPv6 with extension headers; trim what the link padded.
 * 'mac' is the port's own. SPT_V_CONTINUE, or the verdict (the caller frees). On
 * SPT_V_CONTINUE the first l4_off + (20 for TCP) bytes are contiguous and writable-if-direct.
 * An IPv6 source may be unspecified with WIRE_ICMP6 only, and neither address is a mapped one.
 */
enum spt_verdict wire_parse_frame(
    struct rte_mbuf *m, const struct rte_ether_addr *mac, struct frame *f);

/*
 * Parse and verify the TCP segment of 'f' into 's' (all but s->key.laddr and s->hash):
 * lengths, checksum (by ol_flags or in software), options. SPT_V_CONTINUE or the verdict.
 */
enum spt_verdict wire_parse_tcp(const struct frame *f, struct seg *s);

/*
 * Internet checksum helpers, RFC 1071. Sums are of 16-bit words as they lie in memory, not
 * folded; each result is below 2^17, so a few may be added with +.
 */
uint32_t wire_sum(const void *data, size_t length, uint32_t sum);
/* Over 'length' bytes of a chain from 'offset', any segment boundaries, odd ones too. */
uint32_t wire_sum_mbuf(const struct rte_mbuf *m, uint32_t offset, uint32_t length, uint32_t sum);

/* End-around carry: one's complement addition of any width (RFC 1071 section 2 (B)). */
static inline uint64_t
wire_add(uint64_t a, uint64_t b)
{
	a += b;
	return a + (a < b);
}

/* Narrow a 64-bit sum to less than 2^17, so that a handful of results may simply be added. */
static inline uint32_t
wire_narrow(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return (uint32_t)((sum & UINT16_MAX) + (sum >> 16));
}

/*
 * Both families at once: the 0xffff of a mapped IPv4 address is a zero of one's complement,
 * and protocol and length, being in the sum, keep it from folding to the other zero.
 */
static inline uint32_t
wire_sum_pseudo(
    const struct spt_addr *src, const struct spt_addr *dst, uint8_t protocol, uint32_t length)
{
	uint64_t rest = (uint64_t)rte_cpu_to_be_32(protocol) + rte_cpu_to_be_32(length);
	uint64_t s, d;

	if (likely((src->q[0] | dst->q[0]) == 0)) /* as in IPv4: no carries to mind */
		return wire_narrow(rest + src->w[2] + src->w[3] + (uint64_t)dst->w[2] + dst->w[3]);
	s = wire_add(src->q[0], src->q[1]);
	d = wire_add(dst->q[0], dst->q[1]);
	return wire_narrow(wire_add(wire_add(s, d), rest));
}

/* Folded, not complemented, as stored in memory. */
static inline uint16_t
wire_fold(uint32_t sum)
{
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

/*
 * Do in software what TX offload flags ask for: fill in the IPv4 header checksum
 * and the TCP checksum, and clear the flags. Headers contiguous.
 */
void wire_checksum_tx(struct rte_mbuf *m);

/*
 * Is 'm' a frame, behind VLAN tags or not, of an ECN-capable transport: ECT(0) or ECT(1), RFC 3168?
 * Then wire_mark_ce() writes CE over that, with the IPv4 header's checksum after it (RFC 1624).
 */
bool wire_is_ect(const struct rte_mbuf *m);
void wire_mark_ce(struct rte_mbuf *m);

/*
 * Is 'm' a frame, behind VLAN tags or not, of an ECN-capable transport: ECT(0) or ECT(1), RFC 3168?
 * Then wire_mark_ce() writes CE over that, with the IPv4 header's checksum after it (RFC 1624).
 */
bool wire_is_ect(const struct rte_mbuf *m);
void wire_mark_ce(struct rte_mbuf *m);

/* What an IP header that we write carries. */
struct wire_ip {
	struct spt_addr src, dst;
	uint8_t protocol;
	uint8_t tos;
	uint8_t ttl;
};

/*
 * Write an IP header (20 or 40 bytes by family; IPv4 with DF and ID 0, RFC 6864) at 'at' for
 * 'payload' bytes behind it. Returns its length. The IPv4 checksum is 0: the port fills it in.
 */
unsigned int wire_write_ip(void *at, const struct wire_ip *ip, uint16_t payload);

/* A SACK block, RFC 2018 3: [start, end), host order. */
struct wire_sack_block {
	uint32_t start, end;
};

/* What a TCP header that we write carries. Names of RFC 9293; host order. */
struct wire_tcp {
	uint16_t sport, dport; /* big endian, as in the flow key */
	uint32_t seq, ack;
	uint16_t wnd;
	uint8_t flags;
	uint16_t up;
	uint8_t options; /* set of enum seg_option */
	uint16_t mss;
	uint8_t wscale;
	uint8_t sack_blocks; /* with SEG_HAS_SACK: 1 .. 4, with timestamps 1 .. 3 */
	uint32_t tsval, tsecr;
	const struct wire_sack_block *sack;
};

/* Bytes that timestamps take, and blocks of SACK, in whole words. */
#define WIRE_TIMESTAMP_LEN 12
#define WIRE_SACK_LEN(n)   (4 + 8 * (n))

/* Bytes of header that wire_write_tcp will write, a multiple of 4. */
static inline unsigned int
wire_tcp_len(const struct wire_tcp *t)
{
	unsigned int length = WIRE_TCP_LEN;

	if (t->options & SEG_HAS_MSS)
		length += 4;
	if (t->options & SEG_HAS_WSCALE)
		length += 4;
	if (t->options & SEG_HAS_TIMESTAMP)
		length += WIRE_TIMESTAMP_LEN; /* SACK-permitted takes the place of two NOPs */
	else if (t->options & SEG_HAS_SACK_PERM)
		length += 4;
	if (t->options & SEG_HAS_SACK)
		length += WIRE_SACK_LEN(t->sack_blocks);
	return length;
}

/* Write it at 'at' with a zero checksum. Returns wire_tcp_len(). Pads with zero (MUST-69). */
unsigned int wire_write_tcp(void *at, const struct wire_tcp *t);

/* ARP, RFC 826 (Ethernet and IPv4 only). */
struct wire_arp {
	uint16_t op; /* 1 request, 2 reply */
	struct rte_ether_addr sha, tha;
	uint32_t spa, tpa; /* big endian */
};
#define WIRE_ARP_LEN 28
enum spt_verdict wire_parse_arp(const struct frame *f, struct wire_arp *a);
void wire_write_arp(void *at, const struct wire_arp *a);

/* ICMP and ICMPv6, RFC 792 and 4443: header and checksum. */
struct wire_icmp {
	uint8_t type, code;
	uint32_t rest; /* the second word, big endian */
};
enum spt_verdict wire_parse_icmp(const struct frame *f, struct wire_icmp *i);

/*
 * What an ICMP error quotes: the start of a packet that we are said to have sent. False when it is
 * not enough of a TCP packet to know the connection (RFC 5927: sequence number included).
 */
struct wire_quote {
	uint8_t family;
	struct spt_addr src, dst; /* of the quoted packet: src is ours */
	uint16_t sport, dport;    /* big endian */
	uint32_t seq;
};
bool wire_parse_quote(const struct frame *f, struct wire_quote *q);

/*
 * Neighbour discovery, RFC 4861 (hop limit 255, code 0, addresses and options checked; 7.1). To be
 * called after wire_parse_icmp, which verified the checksum.
 */
struct wire_nd {
	uint8_t type; /* 133 .. 137 */
	struct spt_addr target;
	bool router, solicited, override;
	bool has_lladdr; /* source option of a solicitation, target option of an advert */
	struct rte_ether_addr lladdr;
};
enum spt_verdict wire_parse_nd(const struct frame *f, struct wire_nd *nd);
/* Write solicitation or advertisement with its link-address option, checksum included. Returns
 * bytes (32). */
unsigned int wire_write_nd(
    void *at, const struct wire_nd *nd, const struct spt_addr *src, const struct spt_addr *dst);

void wire_write_eth(void *at, const struct rte_ether_addr *dst, const struct rte_ether_addr *src,
    uint16_t ether_type /* host order */);

#endif

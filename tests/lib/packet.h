/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP packet taken apart and put together byte by byte, on purpose without the code
 * under test: what stack/wire writes is judged by other eyes, and strictly. A sender may
 * be liberal nowhere: anything that RFC 9293, 791, 8200 or 7323 does not allow it to write
 * is a fault here, even where a receiver would have to accept it.
 */
#ifndef TESTS_LIB_PACKET_H
#define TESTS_LIB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <septet/types.h>

#define PACKET_MAX 16384 /* bytes of the largest frame in tests */

/* Flags of the TCP header (RFC 9293 3.1). */
#define P_FIN 0x01
#define P_SYN 0x02
#define P_RST 0x04
#define P_PSH 0x08
#define P_ACK 0x10
#define P_URG 0x20
#define P_ECE 0x40
#define P_CWR 0x80

/* Options present. */
#define P_MSS       0x01
#define P_WSCALE    0x02
#define P_TIMESTAMP 0x04
#define P_SACK_PERM 0x08
#define P_SACK      0x10

enum packet_kind {
	PACKET_TCP,
	PACKET_ARP,
	PACKET_ICMP, /* of either family, neighbour discovery included */
	PACKET_OTHER,
	PACKET_BAD /* 'fault' says why */
};

/* Host order, but for addresses and MACs. */
struct packet {
	struct rte_ether_addr eth_src, eth_dst;
	uint8_t family; /* 4 or 6 */
	uint8_t protocol;
	uint8_t ttl, tos;
	struct spt_addr src, dst; /* IPv4 mapped */
	uint16_t l4_off;
	uint16_t l4_len;
	/* TCP only */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint16_t wnd, up;
	uint8_t flags;
	uint8_t options;     /* set of P_MSS ... */
	uint8_t options_len; /* bytes, padding included */
	uint16_t mss;
	uint8_t wscale;
	uint8_t n_sack;
	uint32_t tsval, tsecr;
	uint32_t sack[4][2];
	const uint8_t
	    *raw_options; /* building: these instead of 'options'; 'options_len' of them */
	const uint8_t *payload;
	uint32_t len;
	const char *fault;
	/* No sender may write it, but a receiver has to take it: all fields are filled in. */
	bool tolerable;
};

/* SEG.LEN: payload, SYN and FIN. */
static inline uint32_t
packet_seg_len(const struct packet *p)
{
	return p->len + !!(p->flags & P_SYN) + !!(p->flags & P_FIN);
}

/* The bytes of a chain, laid flat. Returns how many, 0 when they exceed PACKET_MAX. */
unsigned int packet_flatten(const struct rte_mbuf *m, uint8_t flat[PACKET_MAX]);

/*
 * Do in 'flat' what the transmit offload flags of 'm' ask of a port (stack/port/port.h).
 * NULL, or what is wrong with the request.
 */
const char *packet_offload(const struct rte_mbuf *m, uint8_t *flat, unsigned int length);

/* Take a frame apart. 'p->payload' points into 'flat'. */
enum packet_kind packet_parse(const uint8_t *flat, unsigned int length, struct packet *p);

/* Write the frame of a TCP packet with right checksums. Returns its length. */
unsigned int packet_build(const struct packet *p, uint8_t flat[PACKET_MAX]);

/*
 * Write Ethernet and IP headers of 'p' before 'length' bytes that are already at the place
 * this returns when called with flat == NULL (14 + 20 or 40).
 */
unsigned int packet_build_ip(const struct packet *p, uint8_t *flat, unsigned int length);

/*
 * Write the frame of an ICMP or ICMPv6 message: type, code and the second word of its header, then
 * 'n' bytes of 'data'. Addresses, family and TTL are those of 'p'. Returns its length.
 */
unsigned int packet_build_icmp(const struct packet *p, uint8_t type, uint8_t code, uint32_t word,
    const uint8_t *data, unsigned int n, uint8_t flat[PACKET_MAX]);

/* Internet checksum, RFC 1071, the slow way: over the L4 bytes and the pseudo-header of 'p'. */
uint16_t packet_l4_checksum(const struct packet *p, const uint8_t *l4, unsigned int length);

/*
 * When 'flat' asks for the link address of 'addr' (ARP, RFC 826, or neighbour solicitation,
 * RFC 4861), write the answer and return its length, else 0.
 */
unsigned int packet_answer_resolution(const uint8_t *flat, unsigned int length,
    const struct rte_ether_addr *mac, const struct spt_addr *addr, uint8_t reply[PACKET_MAX]);

/* An ARP request or neighbour solicitation for 'target' by 'addr'. Returns its length. */
unsigned int packet_ask_resolution(const struct rte_ether_addr *mac, const struct spt_addr *addr,
    const struct spt_addr *target, uint8_t flat[PACKET_MAX]);

/* "SYN,ACK" into 'text' of at least 40 bytes. Returns text. */
char *packet_flags_text(uint8_t flags, char *text);

/* A direct mbuf of 'pool' with these bytes, or NULL. */
struct rte_mbuf *packet_mbuf(struct rte_mempool *pool, const uint8_t *flat, unsigned int length);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Putting packets together for scripted peers and simulated clients. */
#include <string.h>

#include "packet.h"

#define ETH_LEN 14

static void
put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void
put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v);
}

unsigned int
packet_build_ip(const struct packet *p, uint8_t *flat, unsigned int length)
{
	unsigned int header = p->family == 4 ? 20 : 40;
	uint8_t *ip = flat == NULL ? NULL : flat + ETH_LEN;
	uint32_t sum = 0;

	if (flat == NULL)
		return ETH_LEN + header;
	memcpy(flat, &p->eth_dst, 6);
	memcpy(flat + 6, &p->eth_src, 6);
	put16(flat + 12, p->family == 4 ? 0x0800 : 0x86dd);
	memset(ip, 0, header);
	if (p->family == 6) {
		put32(ip, 6u << 28 | (uint32_t)p->tos << 20);
		put16(ip + 4, length);
		ip[6] = p->protocol;
		ip[7] = p->ttl;
		memcpy(ip + 8, p->src.b, 16);
		memcpy(ip + 24, p->dst.b, 16);
		return ETH_LEN + header;
	}
	ip[0] = 0x45;
	ip[1] = p->tos;
	put16(ip + 2, 20 + length);
	put16(ip + 6, 0x4000);
	ip[8] = p->ttl;
	ip[9] = p->protocol;
	memcpy(ip + 12, p->src.b + 12, 4);
	memcpy(ip + 16, p->dst.b + 12, 4);
	for (unsigned int i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~sum & 0xffff);
	return ETH_LEN + header;
}

static unsigned int
build_options(const struct packet *p, uint8_t *o)
{
	unsigned int n = 0;

	if (p->raw_options != NULL) {
		memcpy(o, p->raw_options, p->options_len);
		return p->options_len;
	}
	if (p->options & P_MSS) {
		o[n] = 2;
		o[n + 1] = 4;
		put16(o + n + 2, p->mss);
		n += 4;
	}
	if (p->options & P_SACK_PERM) {
		memcpy(o + n, "\x04\x02\x01\x01", 4);
		n += 4;
	}
	if (p->options & P_TIMESTAMP) {
		memcpy(o + n, "\x01\x01\x08\x0a", 4);
		put32(o + n + 4, p->tsval);
		put32(o + n + 8, p->tsecr);
		n += 12;
	}
	if (p->options & P_WSCALE) {
		memcpy(o + n, "\x01\x03\x03", 3);
		o[n + 3] = p->wscale;
		n += 4;
	}
	if (p->options & P_SACK) {
		memcpy(o + n, "\x01\x01\x05", 3);
		o[n + 3] = (uint8_t)(2 + 8 * p->n_sack);
		n += 4;
		for (unsigned int i = 0; i < p->n_sack; i++, n += 8) {
			put32(o + n, p->sack[i][0]);
			put32(o + n + 4, p->sack[i][1]);
		}
	}
	return n;
}

unsigned int
packet_build(const struct packet *given, uint8_t flat[PACKET_MAX])
{
	struct packet p = *given;
	unsigned int at = packet_build_ip(&p, NULL, 0);
	uint8_t *t = flat + at;
	unsigned int header;

	p.protocol = 6;
	if (p.ttl == 0)
		p.ttl = 64;
	memset(t, 0, 20);
	put16(t, p.sport);
	put16(t + 2, p.dport);
	put32(t + 4, p.seq);
	put32(t + 8, p.ack);
	header = 20 + build_options(&p, t + 20);
	t[12] = (uint8_t)(header / 4 << 4);
	t[13] = p.flags;
	put16(t + 14, p.wnd);
	put16(t + 18, p.up);
	if (p.len > 0)
		memcpy(t + header, p.payload, p.len);
	packet_build_ip(&p, flat, header + p.len);
	put16(t + 16, packet_l4_checksum(&p, t, header + p.len));
	return at + header + p.len;
}

unsigned int
packet_build_icmp(const struct packet *given, uint8_t type, uint8_t code, uint32_t word,
    const uint8_t *data, unsigned int n, uint8_t flat[PACKET_MAX])
{
	struct packet p = *given;
	unsigned int at = packet_build_ip(&p, NULL, 0);
	uint8_t *icmp = flat + at;
	uint32_t sum = 0;

	p.protocol = p.family == 6 ? 58 : 1;
	icmp[0] = type;
	icmp[1] = code;
	put16(icmp + 2, 0);
	put32(icmp + 4, word);
	if (n > 0)
		memcpy(icmp + 8, data, n);
	n += 8;
	packet_build_ip(&p, flat, n);
	if (p.family == 6) {
		put16(icmp + 2, packet_l4_checksum(&p, icmp, n));
		return at + n;
	}
	for (unsigned int i = 0; i < n; i += 2)
		sum += (uint32_t)(icmp[i] << 8 | (i + 1 < n ? icmp[i + 1] : 0));
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(icmp + 2, ~sum & 0xffff);
	return at + n;
}

static unsigned int
answer_arp(
    const uint8_t *q, const struct rte_ether_addr *mac, const struct spt_addr *addr, uint8_t *r)
{
	if (memcmp(q + 14, "\x00\x01\x08\x00\x06\x04\x00\x01", 8) != 0 ||
	    memcmp(q + 38, addr->b + 12, 4) != 0)
		return 0;
	memcpy(r, q + 6, 6);
	memcpy(r + 6, mac, 6);
	memcpy(r + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02", 10);
	memcpy(r + 22, mac, 6);
	memcpy(r + 28, addr->b + 12, 4);
	memcpy(r + 32, q + 22, 10);
	return 42;
}

/* Finish a neighbour message of 'length' bytes behind the IPv6 header. */
static unsigned int
finish_nd(struct packet *p, uint8_t *flat, unsigned int length)
{
	uint8_t *icmp = flat + packet_build_ip(p, NULL, 0);

	p->protocol = 58;
	p->ttl = 255;
	put16(icmp + 2, 0);
	put16(icmp + 2, packet_l4_checksum(p, icmp, length));
	return packet_build_ip(p, flat, length) + length;
}

static unsigned int
answer_nd(const struct packet *q, const uint8_t *icmp, const struct rte_ether_addr *mac,
    const struct spt_addr *addr, uint8_t *r)
{
	struct packet p = {
	    .family = 6, .eth_src = *mac, .eth_dst = q->eth_src, .src = *addr, .dst = q->src};
	uint8_t *n = r + packet_build_ip(&p, NULL, 0);

	if (icmp[0] != 135 || memcmp(icmp + 8, addr->b, 16) != 0)
		return 0;
	put32(n, 136u << 24);
	put32(n + 4, 0x60000000); /* solicited, override */
	memcpy(n + 8, addr->b, 16);
	n[24] = 2;
	n[25] = 1;
	memcpy(n + 26, mac, 6);
	return finish_nd(&p, r, 32);
}

unsigned int
packet_answer_resolution(const uint8_t *flat, unsigned int length, const struct rte_ether_addr *mac,
    const struct spt_addr *addr, uint8_t reply[PACKET_MAX])
{
	struct packet p;

	switch (packet_parse(flat, length, &p)) {
	case PACKET_ARP: return length < 42 ? 0 : answer_arp(flat, mac, addr, reply);
	case PACKET_ICMP:
		if (p.family != 6 || p.l4_len < 24)
			return 0;
		return answer_nd(&p, flat + p.l4_off, mac, addr, reply);
	case PACKET_TCP:
	case PACKET_OTHER:
	case PACKET_BAD: break;
	}
	return 0;
}

unsigned int
packet_ask_resolution(const struct rte_ether_addr *mac, const struct spt_addr *addr,
    const struct spt_addr *target, uint8_t flat[PACKET_MAX])
{
	struct packet p = {.family = 6, .eth_src = *mac, .src = *addr};
	uint8_t *n = flat + packet_build_ip(&p, NULL, 0);

	if (addr->q[0] == 0 && addr->w[2] == rte_cpu_to_be_32(0xffff)) {
		memset(flat, 0xff, 6);
		memcpy(flat + 6, mac, 6);
		memcpy(flat + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01", 10);
		memcpy(flat + 22, mac, 6);
		memcpy(flat + 28, addr->b + 12, 4);
		memset(flat + 32, 0, 6);
		memcpy(flat + 38, target->b + 12, 4);
		return 42;
	}
	/* To the solicited-node group of the target, RFC 4291 2.7.1, RFC 2464 7. */
	memcpy(p.dst.b, "\xff\x02\0\0\0\0\0\0\0\0\0\x01\xff", 13);
	memcpy(p.dst.b + 13, target->b + 13, 3);
	memcpy(p.eth_dst.addr_bytes, "\x33\x33", 2);
	memcpy(p.eth_dst.addr_bytes + 2, p.dst.b + 12, 4);
	put32(n, 135u << 24);
	put32(n + 4, 0);
	memcpy(n + 8, target->b, 16);
	n[24] = 1;
	n[25] = 1;
	memcpy(n + 26, mac, 6);
	return finish_nd(&p, flat, 32);
}

struct rte_mbuf *
packet_mbuf(struct rte_mempool *pool, const uint8_t *flat, unsigned int length)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char *at;

	if (m == NULL)
		return NULL;
	at = rte_pktmbuf_append(m, (uint16_t)length);
	if (at == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(at, flat, length);
	return m;
}

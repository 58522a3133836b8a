/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking TCP packets apart, strictly, and offload requests carried out the slow way. */
#include <string.h>

#include "packet.h"

#define ETH_LEN 14

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* One's complement sum of big-endian 16-bit words, carries folded as they come. */
static uint16_t
sum16(const uint8_t *at, unsigned int length, uint16_t sum)
{
	uint32_t s = sum;

	for (unsigned int i = 0; i < length; i += 2) {
		s += (uint32_t)at[i] << 8 | (i + 1 < length ? at[i + 1] : 0);
		s = (s & 0xffff) + (s >> 16);
	}
	return (uint16_t)s;
}

static uint16_t
pseudo_sum(const struct packet *p, unsigned int length)
{
	uint8_t tail[8] = {0, 0, (uint8_t)(length >> 8), (uint8_t)length, 0, 0, 0, p->protocol};
	uint16_t s;

	if (p->family == 4) {
		s = sum16(p->src.b + 12, 4, 0);
		s = sum16(p->dst.b + 12, 4, s);
	} else {
		s = sum16(p->src.b, 16, 0);
		s = sum16(p->dst.b, 16, s);
	}
	return sum16(tail, sizeof(tail), s);
}

uint16_t
packet_l4_checksum(const struct packet *p, const uint8_t *l4, unsigned int length)
{
	return (uint16_t)~sum16(l4, length, pseudo_sum(p, length));
}

unsigned int
packet_flatten(const struct rte_mbuf *m, uint8_t flat[PACKET_MAX])
{
	unsigned int n = 0;

	for (; m != NULL; m = m->next) {
		if (n + m->data_len > PACKET_MAX)
			return 0;
		memcpy(flat + n, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
		n += m->data_len;
	}
	return n;
}

static const char *
parse_ip4(const uint8_t *flat, unsigned int length, struct packet *p)
{
	const uint8_t *ip = flat + ETH_LEN;
	unsigned int total;

	if (length < ETH_LEN + 20)
		return "frame shorter than an IPv4 header";
	total = get16(ip + 2);
	p->family = 4;
	p->tos = ip[1];
	p->ttl = ip[8];
	p->protocol = ip[9];
	p->src.w[2] = p->dst.w[2] = rte_cpu_to_be_32(0xffff);
	memcpy(p->src.b + 12, ip + 12, 4);
	memcpy(p->dst.b + 12, ip + 16, 4);
	if (ip[0] != 0x45)
		return "IPv4 version or header length is not 4 and 5";
	if (total < 20 || total + ETH_LEN > length)
		return "IPv4 total length does not fit the frame";
	if (sum16(ip, 20, 0) != 0xffff)
		return "IPv4 header checksum wrong";
	if ((get16(ip + 6) & 0xbfff) != 0)
		return "IPv4 fragment";
	if (p->ttl == 0)
		return "TTL is 0";
	p->l4_off = ETH_LEN + 20;
	p->l4_len = (uint16_t)(total - 20);
	return NULL;
}

static const char *
parse_ip6(const uint8_t *flat, unsigned int length, struct packet *p)
{
	const uint8_t *ip = flat + ETH_LEN;

	if (length < ETH_LEN + 40)
		return "frame shorter than an IPv6 header";
	p->family = 6;
	p->tos = (uint8_t)(ip[0] << 4 | ip[1] >> 4);
	p->protocol = ip[6];
	p->ttl = ip[7];
	memcpy(p->src.b, ip + 8, 16);
	memcpy(p->dst.b, ip + 24, 16);
	if (ip[0] >> 4 != 6)
		return "IPv6 version is not 6";
	if (ETH_LEN + 40u + get16(ip + 4) > length)
		return "IPv6 payload length does not fit the frame";
	p->l4_off = ETH_LEN + 40;
	p->l4_len = get16(ip + 4);
	return NULL;
}

/* One option of 'n' bytes in all at 'o'. RFC 9293 3.1, 3.2; RFC 7323; RFC 2018. */
static const char *
parse_option(const uint8_t *o, unsigned int n, struct packet *p)
{
	uint8_t bit;

	switch (o[0]) {
	case 2:
		bit = P_MSS;
		if (n != 4)
			return "MSS option of wrong length";
		p->mss = get16(o + 2);
		break;
	case 3:
		bit = P_WSCALE;
		if (n != 3)
			return "window scale option of wrong length";
		p->wscale = o[2];
		break;
	case 4:
		bit = P_SACK_PERM;
		if (n != 2)
			return "SACK-permitted option of wrong length";
		break;
	case 5:
		bit = P_SACK;
		if (n < 10 || (n - 2) % 8 != 0 || n > 34)
			return "SACK option of wrong length";
		p->n_sack = (uint8_t)((n - 2) / 8);
		for (unsigned int i = 0; i < p->n_sack; i++) {
			p->sack[i][0] = get32(o + 2 + 8 * i);
			p->sack[i][1] = get32(o + 6 + 8 * i);
		}
		break;
	case 8:
		bit = P_TIMESTAMP;
		if (n != 10)
			return "timestamps option of wrong length";
		p->tsval = get32(o + 2);
		p->tsecr = get32(o + 6);
		break;
	default:
		p->fault = "option of unknown kind";
		return NULL; /* MUST-6: ignored where it arrives */
	}
	if (p->options & bit)
		return "option twice";
	p->options |= bit;
	return NULL;
}

static const char *
parse_options(const uint8_t *o, unsigned int length, struct packet *p)
{
	const char *fault;

	for (unsigned int i = 0, n; i < length; i += n) {
		n = 1;
		if (o[i] == 1)
			continue;
		if (o[i] == 0) {
			/* MUST-69: the padding behind End of Option List is zero. */
			for (; i < length; i++) {
				if (o[i] != 0)
					p->fault = "padding of options is not zero";
			}
			return NULL;
		}
		if (i + 1 >= length || o[i + 1] < 2 || i + o[i + 1] > length)
			return "option does not fit its header";
		n = o[i + 1];
		fault = parse_option(o + i, n, p);
		if (fault != NULL)
			return fault;
	}
	return NULL;
}

static const char *
parse_tcp(const uint8_t *flat, struct packet *p)
{
	const uint8_t *t = flat + p->l4_off;
	unsigned int header;

	if (p->l4_len < 20)
		return "shorter than a TCP header";
	header = (unsigned int)(t[12] >> 4) * 4;
	p->sport = get16(t);
	p->dport = get16(t + 2);
	p->seq = get32(t + 4);
	p->ack = get32(t + 8);
	p->flags = t[13];
	p->wnd = get16(t + 14);
	p->up = get16(t + 18);
	if (header < 20 || header > p->l4_len)
		return "TCP data offset wrong";
	if (packet_l4_checksum(p, t, p->l4_len) != 0)
		return "TCP checksum wrong";
	if (t[12] & 0x0f)
		p->fault = "reserved bits are not zero";
	p->options_len = (uint8_t)(header - 20);
	p->len = p->l4_len - header;
	p->payload = t + header;
	if (p->sport == 0 || p->dport == 0)
		return "port 0";
	return parse_options(t + 20, p->options_len, p);
}

enum packet_kind
packet_parse(const uint8_t *flat, unsigned int length, struct packet *p)
{
	const char *fault;
	unsigned int type;

	memset(p, 0, sizeof(*p));
	if (length < ETH_LEN) {
		p->fault = "shorter than an Ethernet header";
		return PACKET_BAD;
	}
	memcpy(&p->eth_dst, flat, 6);
	memcpy(&p->eth_src, flat + 6, 6);
	type = get16(flat + 12);
	if (type == 0x0806)
		return PACKET_ARP;
	if (type != 0x0800 && type != 0x86dd)
		return PACKET_OTHER;
	p->fault = type == 0x0800 ? parse_ip4(flat, length, p) : parse_ip6(flat, length, p);
	if (p->fault != NULL)
		return PACKET_BAD;
	if (p->protocol == (p->family == 4 ? 1 : 58)) {
		uint16_t sum = p->family == 4 ? 0 : pseudo_sum(p, p->l4_len);

		if (p->l4_len < 8)
			p->fault = "shorter than an ICMP header";
		else if (sum16(flat + p->l4_off, p->l4_len, sum) != 0xffff)
			p->fault = "ICMP checksum wrong";
		return p->fault == NULL ? PACKET_ICMP : PACKET_BAD;
	}
	if (p->protocol != 6)
		return PACKET_OTHER;
	fault = parse_tcp(flat, p);
	p->tolerable = fault == NULL;
	p->fault = fault != NULL ? fault : p->fault;
	/* Not to be sent, but taken by whom it is for (RFC 8200 3). */
	if (p->fault == NULL && p->ttl == 0)
		p->fault = "hop limit is 0";
	return p->fault == NULL ? PACKET_TCP : PACKET_BAD;
}

static const char *
offload_tcp(const struct rte_mbuf *m, uint8_t *flat, const struct packet *p)
{
	uint8_t *at;
	uint16_t sum;

	if (p->protocol != 6 || m->l2_len + m->l3_len != p->l4_off)
		return "TCP checksum asked for where no TCP header is";
	if (m->l4_len != 0 && m->l4_len != (flat[p->l4_off + 12] >> 4) * 4)
		return "l4_len is not the TCP header's length";
	at = flat + p->l4_off + 16;
	if (get16(at) != pseudo_sum(p, p->l4_len))
		return "TCP checksum field does not hold the pseudo-header sum";
	at[0] = at[1] = 0;
	sum = packet_l4_checksum(p, flat + p->l4_off, p->l4_len);
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
	return NULL;
}

const char *
packet_offload(const struct rte_mbuf *m, uint8_t *flat, unsigned int length)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	struct packet p;
	const char *fault;
	uint16_t sum;

	if (m->ol_flags & (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG))
		return "segmentation offload asked for";
	if (!(m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) && l4 == 0)
		return NULL;
	if (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) {
		if (!(m->ol_flags & RTE_MBUF_F_TX_IPV4) || length < ETH_LEN + 20 ||
		    flat[ETH_LEN] != 0x45)
			return "IPv4 checksum asked for where no IPv4 header is";
		if (m->l2_len != ETH_LEN || m->l3_len != 20)
			return "l2_len and l3_len are not 14 and 20";
		if (get16(flat + ETH_LEN + 10) != 0)
			return "IPv4 checksum field is not zero though the port is to fill it in";
		sum = (uint16_t)~sum16(flat + ETH_LEN, 20, 0);
		flat[ETH_LEN + 10] = (uint8_t)(sum >> 8);
		flat[ETH_LEN + 11] = (uint8_t)sum;
	}
	memset(&p, 0, sizeof(p));
	if (l4 == 0)
		return NULL;
	if (l4 != RTE_MBUF_F_TX_TCP_CKSUM)
		return "checksum of another protocol asked for";
	fault =
	    get16(flat + 12) == 0x0800 ? parse_ip4(flat, length, &p) : parse_ip6(flat, length, &p);
	return fault != NULL ? fault : offload_tcp(m, flat, &p);
}

char *
packet_flags_text(uint8_t flags, char *text)
{
	static const char names[8][4] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	static const uint8_t order[8] = {1, 0, 2, 3, 5, 6, 7, 4};
	size_t n = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < 8; i++) {
		if (!(flags & (1u << order[i])))
			continue;
		if (n > 0)
			text[n++] = ',';
		memcpy(text + n, names[order[i]], 4);
		n += 3;
	}
	if (n == 0)
		memcpy(text, "none", 5);
	return text;
}

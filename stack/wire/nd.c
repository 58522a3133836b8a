/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour discovery messages with the checks of RFC 4861 6.1, 7.1 and 8.1. */
#include <string.h>

#include "wire_internal.h"

enum nd_type {
	ND_ROUTER_SOLICIT = 133,
	ND_ROUTER_ADVERT = 134,
	ND_SOLICIT = 135,
	ND_ADVERT = 136,
	ND_REDIRECT = 137,
};

#define ND_LEN          24 /* of a solicitation or an advertisement without options */
#define ND_TARGET       8
#define ND_REDIRECT_DST 24
#define ND_OPTION_UNIT  8
#define ND_HOP_LIMIT    255 /* no router has forwarded it */

#define OPTION_SOURCE_LLADDR 1
#define OPTION_TARGET_LLADDR 2

#define FLAG_ROUTER    0x80
#define FLAG_SOLICITED 0x40
#define FLAG_OVERRIDE  0x20

/* Where the options of a message begin, and which of them carries a link address. */
static const struct nd_format {
	uint8_t options;
	uint8_t lladdr;
} nd_formats[] = {
    [ND_ROUTER_SOLICIT - ND_ROUTER_SOLICIT] = {8, OPTION_SOURCE_LLADDR},
    [ND_ROUTER_ADVERT - ND_ROUTER_SOLICIT] = {16, OPTION_SOURCE_LLADDR},
    [ND_SOLICIT - ND_ROUTER_SOLICIT] = {ND_LEN, OPTION_SOURCE_LLADDR},
    [ND_ADVERT - ND_ROUTER_SOLICIT] = {ND_LEN, OPTION_TARGET_LLADDR},
    [ND_REDIRECT - ND_ROUTER_SOLICIT] = {40, OPTION_TARGET_LLADDR},
};

/* All options have a length that is there; others than link addresses are skipped. */
static bool
nd_parse_options(struct wire_nd *nd, uint8_t lladdr, const uint8_t *p, unsigned int length)
{
	while (length > 0) {
		unsigned int size;

		if (length < ND_OPTION_UNIT || p[1] == 0)
			return false;
		size = p[1] * ND_OPTION_UNIT;
		if (size > length)
			return false;
		if (p[0] == lladdr) {
			/* Ethernet's fill one unit exactly (RFC 2464 6) and name one host. */
			if (size != ND_OPTION_UNIT)
				return false;
			memcpy(&nd->lladdr, p + 2, sizeof(nd->lladdr));
			if (!rte_is_valid_assigned_ether_addr(&nd->lladdr))
				return false;
			nd->has_lladdr = true;
		}
		p += size;
		length -= size;
	}
	return true;
}

/* ff02::1:ff00:0/104 (RFC 4291 2.7.1). */
static bool
nd_is_solicited_node(const struct spt_addr *a)
{
	static const uint8_t prefix[13] = {0xff, 0x02, [11] = 0x01, [12] = 0xff};

	return memcmp(a->b, prefix, sizeof(prefix)) == 0;
}

/* Targets are addresses of one IPv6 host. */
static bool
nd_target_ok(const struct spt_addr *a)
{
	return !wire_ip6_is_multicast(a) && !addr_is_zero(a) && !addr_is_v4(a);
}

/* What each kind of message asks of its addresses. 'p' is the message. */
static bool
nd_addresses_ok(const struct frame *f, const struct wire_nd *nd, const uint8_t *p)
{
	bool unspecified = addr_is_zero(&f->src);
	struct spt_addr destination;

	switch (nd->type) {
	case ND_ROUTER_SOLICIT: return !(unspecified && nd->has_lladdr);
	case ND_ROUTER_ADVERT: return wire_ip6_is_link_local(&f->src);
	case ND_SOLICIT:
		return nd_target_ok(&nd->target) &&
		       !(unspecified && (nd->has_lladdr || !nd_is_solicited_node(&f->dst)));
	case ND_ADVERT:
		return nd_target_ok(&nd->target) && !unspecified &&
		       !(f->group_dst && nd->solicited);
	default: /* redirect */
		destination = addr_from_v6(p + ND_REDIRECT_DST);
		return wire_ip6_is_link_local(&f->src) && !wire_ip6_is_multicast(&destination) &&
		       (wire_ip6_is_link_local(&nd->target) || addr_eq(&nd->target, &destination));
	}
}

enum spt_verdict
wire_parse_nd(const struct frame *f, struct wire_nd *nd)
{
	const struct nd_format *format;
	const uint8_t *p;

	memset(nd, 0, sizeof(*nd));
	if (f->l4_len < 8 || f->hop_limit != ND_HOP_LIMIT)
		return SPT_V_ND_BAD;
	if (!wire_pull(f->m, f->l4_off + f->l4_len))
		return SPT_V_ETH_SPLIT_HEADER;
	p = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, f->l4_off);
	nd->type = p[0];
	if (nd->type < ND_ROUTER_SOLICIT || nd->type > ND_REDIRECT || p[1] != 0)
		return SPT_V_ND_BAD;
	format = &nd_formats[nd->type - ND_ROUTER_SOLICIT];
	if (f->l4_len < format->options)
		return SPT_V_ND_BAD;
	if (nd->type >= ND_SOLICIT)
		nd->target = addr_from_v6(p + ND_TARGET);
	if (nd->type == ND_ADVERT) {
		nd->router = p[4] & FLAG_ROUTER;
		nd->solicited = p[4] & FLAG_SOLICITED;
		nd->override = p[4] & FLAG_OVERRIDE;
	}
	if (!nd_parse_options(
	        nd, format->lladdr, p + format->options, f->l4_len - format->options) ||
	    !nd_addresses_ok(f, nd, p))
		return SPT_V_ND_BAD;
	return SPT_V_CONTINUE;
}

unsigned int
wire_write_nd(
    void *at, const struct wire_nd *nd, const struct spt_addr *src, const struct spt_addr *dst)
{
	const unsigned int length = ND_LEN + ND_OPTION_UNIT;
	uint8_t *p = at;
	uint16_t checksum;

	SPT_ASSERT(nd->type == ND_SOLICIT || nd->type == ND_ADVERT);
	memset(p, 0, length);
	p[0] = nd->type;
	if (nd->type == ND_ADVERT)
		p[4] = (uint8_t)((nd->router ? FLAG_ROUTER : 0) |
		                 (nd->solicited ? FLAG_SOLICITED : 0) |
		                 (nd->override ? FLAG_OVERRIDE : 0));
	memcpy(p + ND_TARGET, nd->target.b, sizeof(nd->target.b));
	p[ND_LEN] = nd->type == ND_SOLICIT ? OPTION_SOURCE_LLADDR : OPTION_TARGET_LLADDR;
	p[ND_LEN + 1] = 1;
	memcpy(p + ND_LEN + 2, &nd->lladdr, sizeof(nd->lladdr));
	checksum = (uint16_t)~wire_fold(
	    wire_sum(p, length, wire_sum_pseudo(src, dst, IP_PROTO_ICMP6, length)));
	memcpy(p + 2, &checksum, sizeof(checksum));
	return length;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP and ICMPv6 (RFC 792, RFC 4443): echo answered, errors classified for the
 * transport, unknown protocols refused.
 */
#include <errno.h>

#include "../base/addr.h"
#include "internal.h"

#define ICMP_LEN 8
#define ICMP_TTL 64

enum {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACHABLE = 3,
	ICMP4_ECHO = 8,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER_PROBLEM = 12,
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER_PROBLEM = 4,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_ND_FIRST = 133,
	ICMP6_ND_LAST = 137,
};

#define ICMP4_PROTOCOL_UNREACHABLE 2
#define ICMP4_FRAGMENTATION_NEEDED 4
#define ICMP6_UNRECOGNISED_NEXT    1

/* An error quotes no more than makes it this long (RFC 1812 4.3.2.3, RFC 4443 2.4 c). */
#define ICMP4_ERROR_MAX 576
#define ICMP6_ERROR_MAX 1280

#define IP6_NO_NEXT_HEADER 59

/* ---- writing ---------------------------------------------------------- */

/* Put an IP header before a whole ICMP message. */
static void
prepend_ip(struct rte_mbuf *m, const struct spt_addr *src, const struct spt_addr *dst, uint8_t tos)
{
	bool v4 = addr_is_v4(src);
	struct wire_ip ip = {
	    .src = *src,
	    .dst = *dst,
	    .protocol = v4 ? IP_PROTO_ICMP : IP_PROTO_ICMP6,
	    .tos = tos,
	    .ttl = ICMP_TTL,
	};
	uint16_t payload = (uint16_t)m->pkt_len;
	unsigned int length = v4 ? WIRE_IP4_LEN : WIRE_IP6_LEN;
	char *at = rte_pktmbuf_prepend(m, length);

	SPT_ASSERT(at != NULL);
	wire_write_ip(at, &ip, payload);
	m->ol_flags = v4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : 0;
	m->tx_offload = 0;
	m->l2_len = RTE_ETHER_HDR_LEN;
	m->l3_len = length;
}

/* RFC 1624 eqn. 3: the checksum at 'at' after 'before' became 'after' in what it covers. */
static void
checksum_update(void *at, const void *before, const void *after, unsigned int length)
{
	uint16_t checksum, words[1 + 2 * sizeof(struct spt_addr) / 2];
	unsigned int count = length / 2;

	memcpy(&checksum, at, sizeof(checksum));
	words[0] = (uint16_t)~checksum;
	memcpy(&words[1], before, length);
	for (unsigned int i = 0; i < count; i++)
		words[1 + i] = (uint16_t)~words[1 + i];
	memcpy(&words[1 + count], after, length);
	checksum = (uint16_t)~wire_fold(wire_sum(words, 2 + 2 * length, 0));
	memcpy(at, &checksum, sizeof(checksum));
}

/*
 * A message of nothing but zeros has the sum +0, and only the other zero for a checksum makes it
 * the one that receivers look for: the update cannot know that (RFC 1624 5).
 */
static void
checksum_of_zeros(const struct rte_mbuf *m, uint8_t *icmp)
{
	uint16_t checksum;

	memcpy(&checksum, icmp + 2, sizeof(checksum));
	if (likely(checksum != 0))
		return;
	checksum = (uint16_t)~wire_fold(wire_sum_mbuf(m, 0, m->pkt_len, 0));
	memcpy(icmp + 2, &checksum, sizeof(checksum));
}

/* ---- echo ------------------------------------------------------------- */

/* The message alone: in the request's mbuf if that may be written, else copied. */
static struct rte_mbuf *
take_message(struct net *n, struct frame *f)
{
	struct rte_mbuf *m = f->m;

	if (RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1 &&
	    m->data_len >= f->l4_off + ICMP_LEN) {
		f->m = NULL;
		rte_pktmbuf_adj(m, f->l4_off);
		return m;
	}
	m = rte_pktmbuf_copy(m, n->config.pool, f->l4_off, f->l4_len);
	n->no_mbuf += m == NULL;
	return m;
}

/*
 * RFC 1122 3.2.2.6, RFC 4443 4.2: the data comes back. IP options do not: no route of the
 * request is to be trusted, and there is nothing to record.
 */
static enum spt_verdict
echo(struct net *n, spt_time now, struct frame *f, struct txlist *out)
{
	const uint8_t request[2] = {f->family == 4 ? ICMP4_ECHO : ICMP6_ECHO, 0};
	const uint8_t answer[2] = {f->family == 4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY, 0};
	unsigned int ip_len = f->family == 4 ? WIRE_IP4_LEN : WIRE_IP6_LEN;
	struct spt_addr source = f->dst;
	struct rte_mbuf *m;
	uint8_t *icmp;

	if (f->group_dst) {
		int index = local_first(n->config.local, false);

		if (index == LOCAL_NONE)
			return SPT_V_IP_GROUP;
		source = local_at(n->config.local, (uint16_t)index);
	}
	if (ip_len + f->l4_len > n->config.mtu || !net_is_unicast(n, &f->src) ||
	    !ratelimit_take(&n->echo_limit, now))
		return SPT_V_ICMP_ECHO_LIMITED;
	m = take_message(n, f);
	if (m == NULL)
		return SPT_V_ICMP_ECHO_LIMITED;
	icmp = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(icmp, answer, sizeof(answer));
	checksum_update(icmp + 2, request, answer, sizeof(answer));
	if (f->group_dst) /* it is in the pseudo-header */
		checksum_update(icmp + 2, &f->dst, &source, sizeof(source));
	if (f->family == 4) /* with a pseudo-header it is never all zero */
		checksum_of_zeros(m, icmp);
	prepend_ip(m, &source, &f->src, f->tos & 0xfc);
	txlist_append(out, m, NEXT_HOP_NONE);
	return SPT_V_ICMP_ECHO;
}

/* ---- errors received -------------------------------------------------- */

struct meaning {
	int error; /* 0: none of the transport's business */
	bool hard;
};

/* RFC 792 and RFC 1122 3.2.2.1, RFC 1812 5.2.7.1 from 9 on. */
static const struct meaning unreachable4[] = {
    [0] = {-ENETUNREACH, false},
    [1] = {-EHOSTUNREACH, false},
    [ICMP4_PROTOCOL_UNREACHABLE] = {-ECONNREFUSED, true},
    [3] = {-ECONNREFUSED, true},
    [ICMP4_FRAGMENTATION_NEEDED] = {-EMSGSIZE, false}, /* path MTU discovery, RFC 1191 */
    [5] = {-EHOSTUNREACH, false},                      /* source route failed */
    [6] = {-ENETUNREACH, false},
    [7] = {-EHOSTUNREACH, false},
    [8] = {-EHOSTUNREACH, false},
    [9] = {-ENETUNREACH, false},
    [10] = {-EHOSTUNREACH, false},
    [11] = {-ENETUNREACH, false},
    [12] = {-EHOSTUNREACH, false},
    [13] = {-EHOSTUNREACH, false},
    [14] = {-EHOSTUNREACH, false},
    [15] = {-EHOSTUNREACH, false},
};

/* RFC 4443 3.1. Hard is what RFC 5461 calls so and a packet filter does not say. */
static const struct meaning unreachable6[] = {
    [0] = {-ENETUNREACH, false},
    [1] = {-EHOSTUNREACH, false},
    [2] = {-EHOSTUNREACH, false},
    [3] = {-EHOSTUNREACH, false},
    [4] = {-ECONNREFUSED, true},
    [5] = {-EHOSTUNREACH, false},
    [6] = {-ENETUNREACH, false},
};

static const struct meaning unreachable = {-EHOSTUNREACH, false};

/* Source quench is not in here: RFC 9293 MUST-55. */
static struct meaning
meaning4(const struct wire_icmp *icmp)
{
	switch (icmp->type) {
	case ICMP4_UNREACHABLE:
		return icmp->code < RTE_DIM(unreachable4) ? unreachable4[icmp->code] : unreachable;
	case ICMP4_TIME_EXCEEDED:
	case ICMP4_PARAMETER_PROBLEM: return unreachable;
	default: return (struct meaning){0, false};
	}
}

static struct meaning
meaning6(const struct wire_icmp *icmp)
{
	switch (icmp->type) {
	case ICMP6_UNREACHABLE:
		return icmp->code < RTE_DIM(unreachable6) ? unreachable6[icmp->code] : unreachable;
	case ICMP6_TOO_BIG: return (struct meaning){-EMSGSIZE, false};
	case ICMP6_TIME_EXCEEDED:
	case ICMP6_PARAMETER_PROBLEM: return unreachable;
	default: return (struct meaning){0, false};
	}
}

static enum spt_verdict
error_input(
    struct net *n, const struct frame *f, const struct wire_icmp *icmp, struct net_error *error)
{
	struct meaning meaning = f->family == 4 ? meaning4(icmp) : meaning6(icmp);
	uint32_t rest = rte_be_to_cpu_32(icmp->rest);

	if (meaning.error == 0)
		return SPT_V_ICMP_IGNORED;
	*error = (struct net_error){.error = meaning.error, .hard = meaning.hard};
	/* Errors go to the source of what they quote (RFC 1122 3.2.2): others are made up. */
	if (!wire_parse_quote(f, &error->quote) || !addr_eq(&error->quote.src, &f->dst))
		return SPT_V_ICMP_ERROR_STRAY;
	if (meaning.error == -EMSGSIZE)
		error->mtu = f->family == 4 ? rest & 0xffff : rest;
	return SPT_V_ICMP_ERROR;
}

enum spt_verdict
net_icmp_input(
    struct net *n, spt_time now, struct frame *f, struct txlist *out, struct net_error *error)
{
	struct wire_icmp icmp;
	enum spt_verdict v = wire_parse_icmp(f, &icmp);
	bool v4 = f->family == 4;
	bool is_echo;

	if (v != SPT_V_CONTINUE)
		return v;
	if (!v4 && icmp.type >= ICMP6_ND_FIRST && icmp.type <= ICMP6_ND_LAST)
		return net_nd_input(n, now, f, out);
	is_echo = icmp.type == (v4 ? ICMP4_ECHO : ICMP6_ECHO) && icmp.code == 0;
	v = net_check_destination(n, f);
	if (v != SPT_V_CONTINUE && !(is_echo && addr_eq(&f->dst, &net_all_nodes)))
		return v;
	return is_echo ? echo(n, now, f, out) : error_input(n, f, &icmp, error);
}

/* ---- errors sent ------------------------------------------------------ */

/*
 * Where the packet says which protocol follows its headers: in the IPv6 header, or in the last
 * extension header. All of it was validated when the frame was parsed.
 */
static uint32_t
next_header_offset(const struct frame *f)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, f->l3_off);
	uint32_t end = f->l4_off - f->l3_off;
	uint32_t at = 6, header = WIRE_IP6_LEN;

	while (header < end) {
		at = header;
		header += (ip[header + 1] + 1) * 8;
	}
	return at;
}

/* Protocol unreachable (RFC 1122 3.2.2.1), or unrecognised next header (RFC 4443 3.4). */
static struct rte_mbuf *
protocol_error(struct net *n, const struct frame *f)
{
	bool v4 = f->family == 4;
	uint32_t ip_len = v4 ? WIRE_IP4_LEN : WIRE_IP6_LEN;
	uint32_t quote = (v4 ? ICMP4_ERROR_MAX : ICMP6_ERROR_MAX) - ip_len - ICMP_LEN;
	uint32_t rest = v4 ? 0 : rte_cpu_to_be_32(next_header_offset(f));
	uint32_t sum = 0;
	struct rte_mbuf *m;
	uint16_t checksum;
	uint8_t *icmp;

	quote = RTE_MIN(quote, (uint32_t)(f->l4_off - f->l3_off) + f->l4_len);
	m = rte_pktmbuf_copy(f->m, n->config.pool, f->l3_off, quote);
	if (m == NULL) {
		n->no_mbuf++;
		return NULL;
	}
	icmp = (uint8_t *)rte_pktmbuf_prepend(m, ICMP_LEN);
	SPT_ASSERT(icmp != NULL);
	icmp[0] = v4 ? ICMP4_UNREACHABLE : ICMP6_PARAMETER_PROBLEM;
	icmp[1] = v4 ? ICMP4_PROTOCOL_UNREACHABLE : ICMP6_UNRECOGNISED_NEXT;
	memset(icmp + 2, 0, 2);
	memcpy(icmp + 4, &rest, sizeof(rest));
	if (!v4)
		sum = wire_sum_pseudo(&f->dst, &f->src, IP_PROTO_ICMP6, m->pkt_len);
	checksum = (uint16_t)~wire_fold(wire_sum_mbuf(m, 0, m->pkt_len, sum));
	memcpy(icmp + 2, &checksum, sizeof(checksum));
	prepend_ip(m, &f->dst, &f->src, 0);
	return m;
}

/* RFC 1122 3.2.2: no error in answer to a group, nor to a source that is not one host. */
enum spt_verdict
net_unknown_input(struct net *n, spt_time now, struct frame *f, struct txlist *out)
{
	enum spt_verdict v = net_check_destination(n, f);
	struct rte_mbuf *m;

	if (v != SPT_V_CONTINUE)
		return v;
	if (!net_is_unicast(n, &f->src) || (f->family == 6 && f->protocol == IP6_NO_NEXT_HEADER) ||
	    !ratelimit_take(&n->error_limit, now))
		return SPT_V_IP_UNKNOWN_PROTOCOL;
	m = protocol_error(n, f);
	if (m != NULL)
		txlist_append(out, m, NEXT_HOP_NONE);
	return SPT_V_IP_UNKNOWN_PROTOCOL;
}

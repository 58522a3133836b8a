/* SPDX-License-Identifier: BSD-3-Clause */
/* What a router does to a packet in its way: marking it, for whoever plays one. */
#include "wire_internal.h"

#define MARK_TAGS 2 /* VLAN tags that are looked behind */

/* The offset of the IP header if it lies in the first segment, or 0; '*type' is its EtherType. */
static uint16_t
mark_find_ip(const struct rte_mbuf *m, rte_be16_t *type)
{
	uint16_t offset = sizeof(struct rte_ether_hdr);
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	if (m->data_len < offset)
		return 0;
	*type = ((const struct rte_ether_hdr *)p)->ether_type;
	for (unsigned int i = 0; i < MARK_TAGS; i++) {
		if (*type != RTE_BE16(RTE_ETHER_TYPE_VLAN) &&
		    *type != RTE_BE16(RTE_ETHER_TYPE_QINQ))
			break;
		if (m->data_len < offset + sizeof(struct rte_vlan_hdr))
			return 0;
		*type = ((const struct rte_vlan_hdr *)(p + offset))->eth_proto;
		offset += sizeof(struct rte_vlan_hdr);
	}
	if (*type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return m->data_len >= offset + sizeof(struct rte_ipv4_hdr) ? offset : 0;
	if (*type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return m->data_len >= offset + sizeof(struct rte_ipv6_hdr) ? offset : 0;
	return 0;
}

/* The octet that has the field, and how far to the left. NULL: no IP. */
static uint8_t *
mark_find(const struct rte_mbuf *m, rte_be16_t *type, unsigned int *shift)
{
	uint16_t offset = mark_find_ip(m, type);

	if (offset == 0)
		return NULL;
	*shift = *type == RTE_BE16(RTE_ETHER_TYPE_IPV4) ? 0 : 4;
	return rte_pktmbuf_mtod_offset(m, uint8_t *, offset + 1);
}

bool
wire_is_ect(const struct rte_mbuf *m)
{
	unsigned int shift, field;
	rte_be16_t type;
	const uint8_t *octet = mark_find(m, &type, &shift);

	if (octet == NULL)
		return false;
	field = *octet >> shift & ECN_MASK;
	return field != ECN_NOT_ECT && field != ECN_CE;
}

void
wire_mark_ce(struct rte_mbuf *m)
{
	unsigned int shift;
	rte_be16_t type;
	uint8_t *octet = mark_find(m, &type, &shift);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(octet - 1);
	uint16_t before, after;

	/* The 16-bit word of the checksum that the octet is the second half of. */
	memcpy(&before, ip, sizeof(before));
	*octet |= (uint8_t)(ECN_CE << shift);
	memcpy(&after, ip, sizeof(after));
	if (type != RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return;
	/* RFC 1624 3: HC' = ~(~HC + ~m + m'). */
	ip->hdr_checksum =
	    (uint16_t)~wire_fold((uint32_t)(uint16_t)~ip->hdr_checksum + (uint16_t)~before + after);
}

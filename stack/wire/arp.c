/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP for IPv4 over Ethernet (RFC 826; probes as RFC 5227 has them). */
#include <rte_arp.h>

#include "wire_internal.h"

enum spt_verdict
wire_parse_arp(const struct frame *f, struct wire_arp *a)
{
	const struct rte_arp_hdr *arp;
	uint16_t op;

	if (f->l4_len < WIRE_ARP_LEN)
		return SPT_V_ARP_BAD;
	if (!wire_pull(f->m, f->l4_off + WIRE_ARP_LEN))
		return SPT_V_ETH_SPLIT_HEADER;
	arp = rte_pktmbuf_mtod_offset(f->m, const struct rte_arp_hdr *, f->l4_off);
	if (arp->arp_hardware != RTE_BE16(RTE_ARP_HRD_ETHER) ||
	    arp->arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
	    arp->arp_hlen != RTE_ETHER_ADDR_LEN || arp->arp_plen != 4)
		return SPT_V_ARP_BAD;
	op = rte_be_to_cpu_16(arp->arp_opcode);
	if (op != RTE_ARP_OP_REQUEST && op != RTE_ARP_OP_REPLY)
		return SPT_V_ARP_IGNORED; /* reverse and inverse ARP */
	/* A sender is one host; its address is 0 only while it probes (RFC 5227 2.1.1). */
	if (!rte_is_valid_assigned_ether_addr(&arp->arp_data.arp_sha) ||
	    (arp->arp_data.arp_sip != 0 && wire_ip4_bad_source(arp->arp_data.arp_sip)))
		return SPT_V_ARP_BAD;
	a->op = op;
	a->sha = arp->arp_data.arp_sha;
	a->tha = arp->arp_data.arp_tha;
	a->spa = arp->arp_data.arp_sip;
	a->tpa = arp->arp_data.arp_tip;
	wire_trim(f->m, f->l4_off + WIRE_ARP_LEN);
	return SPT_V_CONTINUE;
}

void
wire_write_arp(void *at, const struct wire_arp *a)
{
	struct rte_arp_hdr *arp = at;

	arp->arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = RTE_ETHER_ADDR_LEN;
	arp->arp_plen = 4;
	arp->arp_opcode = rte_cpu_to_be_16(a->op);
	arp->arp_data.arp_sha = a->sha;
	arp->arp_data.arp_sip = a->spa;
	arp->arp_data.arp_tha = a->tha;
	arp->arp_data.arp_tip = a->tpa;
}

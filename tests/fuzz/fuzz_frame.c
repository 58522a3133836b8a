/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame of any bytes, in one buffer of its size or a chain: parsed up to its network header,
 * then by whatever parser fits. The first four input bytes choose offload flags and cuts; the
 * link destination is made ours, so that no time goes into guessing it.
 */
#include <string.h>

#include <rte_ether.h>

#include <base/addr.h>
#include <lib/env.h>
#include <wire/wire.h>

#include "fuzz.h"

#define CONTROL 4
#define MBUFS   255

/* Bits of the first byte. */
enum control {
	CONTROL_IP_GOOD = 1,
	CONTROL_L4_GOOD = 2,
	CONTROL_FOREIGN_MAC = 4,
	CONTROL_DIRECT = 8,
};

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

static void
parse_tcp(const struct frame *f)
{
	struct seg s;

	if (wire_parse_tcp(f, &s) != SPT_V_CONTINUE)
		return;
	EXPECT(s.payload_off <= f->m->data_len);
	EXPECT(s.payload_off + s.len == f->m->pkt_len);
	if (s.options & SEG_HAS_SACK)
		EXPECT(s.l4_off + s.sack_off + 8 * s.sack_blocks <= s.payload_off);
}

static void
parse_icmp(const struct frame *f)
{
	struct wire_icmp icmp;
	struct wire_quote q;
	struct wire_nd nd;

	/* The others also behind a wrong checksum: they must stand it. */
	wire_parse_icmp(f, &icmp);
	wire_parse_quote(f, &q);
	if (f->class == WIRE_ICMP6 && wire_parse_nd(f, &nd) == SPT_V_CONTINUE)
		EXPECT(!addr_is_v4(&nd.target));
}

static void
parse(struct rte_mbuf *m)
{
	struct wire_arp a;
	struct frame f;

	if (wire_parse_frame(m, &mac, &f) != SPT_V_CONTINUE)
		return;
	EXPECT(f.l4_off <= m->data_len && f.l4_off + f.l4_len <= m->pkt_len);
	if (f.class == WIRE_TCP)
		parse_tcp(&f);
	else if (f.class == WIRE_ARP)
		wire_parse_arp(&f, &a);
	else if (f.class != WIRE_OTHER_PROTOCOL)
		parse_icmp(&f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int shape = FUZZ_CHAIN;
	struct rte_mbuf *m;

	if (size <= CONTROL || size > 2000)
		return 0;
	if (!(data[0] & CONTROL_DIRECT))
		shape |= FUZZ_EXACT;
	m = fuzz_mbuf(pool, data + CONTROL, size - CONTROL, shape, data + 1);
	EXPECT(m != NULL);
	if (!(data[0] & CONTROL_FOREIGN_MAC) && m->data_len >= sizeof(mac))
		memcpy(rte_pktmbuf_mtod(m, void *), &mac, sizeof(mac));
	if (data[0] & CONTROL_IP_GOOD)
		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	if (data[0] & CONTROL_L4_GOOD)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	parse(m);
	rte_mbuf_sanity_check(m, 1);
	rte_pktmbuf_free(m);
	EXPECT(env_pool_in_use(pool) == 0);
	return 0;
}

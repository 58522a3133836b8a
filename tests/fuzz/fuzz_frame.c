/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame of any bytes, in one buffer of its size or a chain: parsed up to its network header,
 * then by whatever parser fits. The first four input bytes choose offload flags and cuts; the
 * link destination is made ours, so that no time goes into guessing it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include "base/addr.h"
#include "wire/wire.h"

#define CONTROL 4

/* Bits of the first byte. */
enum control {
	CONTROL_IP_GOOD = 1,
	CONTROL_L4_GOOD = 2,
	CONTROL_FOREIGN_MAC = 4,
	CONTROL_DIRECT = 8,
};

static struct rte_mempool *pool;
static const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 1}};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char prefix[32];
	char *eal[] = {(char[]){"fuzz"}, (char[]){"--no-huge"}, (char[]){"--no-pci"},
	    (char[]){"--no-shconf"}, (char[]){"-m"}, (char[]){"256"}, (char[]){"--file-prefix"},
	    prefix, (char[]){"--log-level"}, (char[]){"4"}, NULL};

	(void)argc;
	(void)argv;
	snprintf(prefix, sizeof(prefix), "fuzz%d", (int)getpid());
	EXPECT(rte_eal_init(10, eal) >= 0);
	pool = rte_pktmbuf_pool_create("fuzz", 255, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	EXPECT(pool != NULL);
	return 0;
}

static void
free_external(void *buffer, void *shinfo)
{
	free(buffer);
	free(shinfo);
}

/* Direct, with room behind; or in an allocation of its size. */
static struct rte_mbuf *
make_segment(const uint8_t *bytes, size_t n, bool direct)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct rte_mbuf_ext_shared_info *shinfo;
	void *buffer;

	EXPECT(m != NULL);
	if (direct) {
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), bytes, n);
		return m;
	}
	shinfo = malloc(sizeof(*shinfo));
	buffer = malloc(n);
	EXPECT(shinfo != NULL && buffer != NULL);
	memcpy(buffer, bytes, n);
	shinfo->free_cb = free_external;
	shinfo->fcb_opaque = shinfo;
	rte_mbuf_ext_refcnt_set(shinfo, 1);
	rte_pktmbuf_attach_extbuf(m, buffer, RTE_BAD_IOVA, (uint16_t)n, shinfo);
	m->data_len = (uint16_t)n;
	m->pkt_len = (uint32_t)n;
	return m;
}

static struct rte_mbuf *
make_frame(const uint8_t *control, const uint8_t *bytes, size_t n)
{
	bool direct = control[0] & CONTROL_DIRECT;
	struct rte_mbuf *head = NULL;

	for (int i = 1; i < CONTROL && control[i] > 0 && control[i] < n; i++) {
		struct rte_mbuf *m = make_segment(bytes, control[i], direct);

		if (head == NULL)
			head = m;
		else
			EXPECT(rte_pktmbuf_chain(head, m) == 0);
		bytes += control[i];
		n -= control[i];
	}
	if (head == NULL)
		return make_segment(bytes, n, direct);
	EXPECT(rte_pktmbuf_chain(head, make_segment(bytes, n, direct)) == 0);
	return head;
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
	struct rte_mbuf *m;

	if (size <= CONTROL || size > 2000)
		return 0;
	m = make_frame(data, data + CONTROL, size - CONTROL);
	if (!(data[0] & CONTROL_FOREIGN_MAC) && m->data_len >= sizeof(mac))
		memcpy(rte_pktmbuf_mtod(m, void *), &mac, sizeof(mac));
	if (data[0] & CONTROL_IP_GOOD)
		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	if (data[0] & CONTROL_L4_GOOD)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	parse(m);
	rte_mbuf_sanity_check(m, 1);
	rte_pktmbuf_free(m);
	EXPECT(rte_mempool_avail_count(pool) == 255);
	return 0;
}

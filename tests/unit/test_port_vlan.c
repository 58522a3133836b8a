/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The VLAN wrapper: whose frames pass, what they look like then, which buffers are written to,
 * and in what state refused frames come back. Tags are written and read byte by byte here.
 */
#include <errno.h>
#include <stdio.h>

#include "test_port.h"

#define RING   64
#define VLAN   7
#define OTHER  8
#define LENGTH 100
#define MTU    1500

static struct rte_mempool *pool;
static struct rte_mempool *copies; /* of the wrapper: 3 buffers */
static struct spt_port *vlan;
static struct spt_port *wire; /* the other end, without a wrapper */

static int
setup(void **state)
{
	struct spt_memory_pair_config pair = {
	    .name = "vlan test",
	    .ring_size = RING,
	    .socket = -1,
	    .pool = {pool, pool},
	};
	struct spt_vlan_config config = {.vlan = VLAN, .pool = copies};
	struct spt_port *port[2];

	assert_int_equal(spt_port_memory_pair_create(&pair, port), 0);
	assert_int_equal(spt_port_vlan_create(&config, port[0], &vlan), 0);
	wire = port[1];
	return 0;
}

static int
teardown(void **state)
{
	spt_port_destroy(vlan);
	spt_port_destroy(wire);
	assert_int_equal(env_pool_in_use(pool), 0);
	assert_int_equal(env_pool_in_use(copies), 0);
	return 0;
}

static int
group_setup(void **state)
{
	env_start();
	pool = env_pool_create(1023);
	copies = env_pool_create(3);
	return 0;
}

static int
group_teardown(void **state)
{
	env_pool_destroy(copies);
	env_pool_destroy(pool);
	return 0;
}

/* ---- frames, byte by byte ------------------------------------------------- */

/* Put a tag behind the MAC addresses of 'length' bytes. Returns the new length. */
static uint16_t
tag_bytes(uint8_t *b, uint16_t length, uint16_t tpid, uint16_t tci)
{
	assert_true(length >= 12);
	memmove(b + 16, b + 12, (size_t)length - 12);
	b[12] = (uint8_t)(tpid >> 8);
	b[13] = (uint8_t)tpid;
	b[14] = (uint8_t)(tci >> 8);
	b[15] = (uint8_t)tci;
	return (uint16_t)(length + 4);
}

/* frame_make(number) with a tag, in segments of at most 'piece' bytes. */
static struct rte_mbuf *
tagged_make(uint32_t number, uint16_t length, uint16_t tpid, uint16_t tci, uint16_t piece)
{
	struct rte_mbuf *flat = frame_make(pool, number, length), *head = NULL;
	uint8_t bytes[2048];
	uint16_t at, here;

	assert_true(length <= sizeof(bytes) - 4);
	memcpy(bytes, rte_pktmbuf_mtod(flat, const void *), length);
	rte_pktmbuf_free(flat);
	length = tag_bytes(bytes, length, tpid, tci);
	for (at = 0; at < length; at += here) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		assert_non_null(m);
		here = (uint16_t)RTE_MIN((int)piece, length - at);
		memcpy(rte_pktmbuf_append(m, here), bytes + at, here);
		if (head == NULL)
			head = m;
		else
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
	}
	return head;
}

/* Whether 'm' is frame_make(number, length) with our tag of priority 0. */
static bool
is_tagged(const struct rte_mbuf *m, uint32_t number, uint16_t length)
{
	struct rte_mbuf *expected = tagged_make(number, length, 0x8100, VLAN, UINT16_MAX);
	uint8_t flat[PACKET_MAX];
	bool same = packet_flatten(m, flat) == expected->pkt_len &&
	            memcmp(flat, rte_pktmbuf_mtod(expected, const void *), expected->pkt_len) == 0;

	rte_pktmbuf_free(expected);
	return same;
}

static uint64_t
count_other(void)
{
	struct spt_port_stats stats;

	spt_port_stats_get(vlan, &stats);
	return stats.rx_vlan_other;
}

/*
 * A port that hands out one prepared mbuf as it is, and takes none: for what no memory pair
 * delivers (shared buffers, offload flags of a device) and for refusals.
 */
struct odd_port {
	struct spt_port base;
	struct rte_mbuf *m;
	uint16_t takes; /* of each burst */
	struct rte_mbuf *taken[PORT_BURST];
	uint16_t n_taken;
	unsigned int destroyed;
};

static uint16_t
odd_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct odd_port *self = (struct odd_port *)p;

	if (self->m == NULL)
		return 0;
	m[0] = self->m;
	self->m = NULL;
	return 1;
}

static uint16_t
odd_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct odd_port *self = (struct odd_port *)p;
	uint16_t i, taken = RTE_MIN(n, self->takes);

	for (i = 0; i < taken; i++)
		self->taken[self->n_taken++] = m[i];
	return taken;
}

static spt_time
odd_next_deadline(const struct spt_port *p)
{
	return 4711;
}

static void
odd_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	stats->rx_frames = 10;
	stats->rx_bytes = 10000;
	stats->rx_no_mbuf = 2;
	stats->tx_refused = 3;
	stats->rx_vlan_other = 5; /* of a wrapper below this one */
}

static void
odd_destroy(struct spt_port *p)
{
	((struct odd_port *)p)->destroyed++;
}

static const struct port_ops odd_ops = {odd_rx, odd_tx, odd_next_deadline, odd_stats, odd_destroy};

static struct spt_port *
odd_create(struct odd_port *odd)
{
	struct spt_vlan_config config = {.vlan = VLAN, .pool = copies};
	struct spt_port *port;

	*odd = (struct odd_port){
	    .base = {.ops = &odd_ops, .mtu = MTU, .headroom = 14, .multi_segment = true}};
	assert_int_equal(spt_port_vlan_create(&config, &odd->base, &port), 0);
	return port;
}

/* What comes out when the port below hands up 'm'. */
static struct rte_mbuf *
odd_pass(struct rte_mbuf *m)
{
	struct odd_port odd;
	struct spt_port *port = odd_create(&odd);
	struct rte_mbuf *got = NULL;

	odd.m = m;
	if (port_rx(port, 0, &got, 1) == 0)
		got = NULL;
	spt_port_destroy(port);
	assert_int_equal(odd.destroyed, 1);
	return got;
}

/* ---- receiving ------------------------------------------------------------ */

static void
test_ours_passes_untagged(void **state)
{
	static const uint16_t tci[] = {VLAN, VLAN | 7 << 13, VLAN | 1 << 12, VLAN | 0xf000};
	struct rte_mbuf *m, *got;
	struct spt_port_stats stats;
	unsigned int i;

	for (i = 0; i < RTE_DIM(tci); i++) {
		m = tagged_make(i, LENGTH, 0x8100, tci[i], UINT16_MAX);
		assert_int_equal(port_tx(wire, 0, &m, 1), 1);
		assert_int_equal(port_rx(vlan, 0, &got, 1), 1);
		assert_ptr_equal(got, m);
		assert_true(frame_is(got, i, LENGTH));
		assert_frame_clean(got);
		rte_pktmbuf_free(got);
	}
	spt_port_stats_get(vlan, &stats);
	assert_int_equal(stats.rx_frames, RTE_DIM(tci));
	assert_int_equal(stats.rx_bytes, RTE_DIM(tci) * (LENGTH + 4));
	assert_int_equal(stats.rx_vlan_other, 0);
}

/* A burst of everything: ours keep their order, the others are counted. */
static void
test_others_are_dropped(void **state)
{
	static const struct {
		uint16_t tpid, tci;
		bool ours;
	} kinds[] = {
	    {0x8100, OTHER, false},
	    {0x8100, VLAN, true},
	    {0x8100, 0, false},              /* priority-tagged */
	    {0x8100, 5 << 13, false},        /* the same, with a priority */
	    {0x88a8, VLAN, false},           /* a provider's tag */
	    {0x9100, VLAN, false},           /* an older one */
	    {0x0800, VLAN, false},           /* no tag: IPv4 */
	    {0x8100, VLAN | 1 << 11, false}, /* 12 bits are compared */
	    {0x8100, 4095, false},
	    {0x8100, VLAN, true},
	};
	struct rte_mbuf *m[RTE_DIM(kinds)], *got[PORT_BURST];
	struct spt_port_stats stats;
	unsigned int i, n = 0;

	for (i = 0; i < RTE_DIM(kinds); i++)
		m[i] = tagged_make(i, LENGTH, kinds[i].tpid, kinds[i].tci, UINT16_MAX);
	assert_int_equal(port_tx(wire, 0, m, RTE_DIM(kinds)), RTE_DIM(kinds));
	assert_int_equal(port_rx(vlan, 0, got, PORT_BURST), 2);
	for (i = 0; i < RTE_DIM(kinds); i++) {
		if (kinds[i].ours) {
			assert_true(frame_is(got[n], i, LENGTH));
			rte_pktmbuf_free(got[n++]);
		}
	}
	spt_port_stats_get(vlan, &stats);
	assert_int_equal(stats.rx_frames, 2);
	assert_int_equal(stats.rx_bytes, 2 * (LENGTH + 4));
	assert_int_equal(stats.rx_vlan_other, RTE_DIM(kinds) - 2);
}

/* Under another tag of ours there may be anything; the engine knows no second tag. */
static void
test_second_tag_stays(void **state)
{
	struct rte_mbuf *m = tagged_make(1, LENGTH, 0x8100, VLAN, UINT16_MAX), *got;
	uint8_t bytes[LENGTH + 8];

	memcpy(bytes, rte_pktmbuf_mtod(m, const void *), LENGTH + 4);
	tag_bytes(bytes, LENGTH + 4, 0x8100, VLAN);
	rte_pktmbuf_free(m);
	m = packet_mbuf(pool, bytes, sizeof(bytes));
	assert_int_equal(port_tx(wire, 0, &m, 1), 1);
	assert_int_equal(port_rx(vlan, 0, &got, 1), 1);
	assert_true(is_tagged(got, 1, LENGTH));
	rte_pktmbuf_free(got);
}

/* Every length up to a whole tag, in pieces of any size; and one byte more. */
static void
test_short_frames(void **state)
{
	uint16_t length, piece;
	uint64_t dropped = 0;

	for (length = 1; length <= 19; length++) {
		for (piece = 1; piece <= length; piece++) {
			struct rte_mbuf *m = tagged_make(1, 60, 0x8100, VLAN, piece), *got = NULL;

			rte_pktmbuf_trim(m, 0);
			while (m->pkt_len > length) {
				struct rte_mbuf *last = rte_pktmbuf_lastseg(m);
				uint32_t cut =
				    RTE_MIN(m->pkt_len - length, (uint32_t)last->data_len);

				assert_int_equal(rte_pktmbuf_trim(m, (uint16_t)cut), 0);
				if (last->data_len == 0 && last != m) {
					struct rte_mbuf *before = m;

					while (before->next != last)
						before = before->next;
					before->next = NULL;
					m->nb_segs--;
					rte_pktmbuf_free(last);
				}
			}
			assert_int_equal(port_tx(wire, 0, &m, 1), 1);
			if (length < 18) {
				assert_int_equal(port_rx(vlan, 0, &got, 1), 0);
				assert_int_equal(count_other(), ++dropped);
				continue;
			}
			assert_int_equal(port_rx(vlan, 0, &got, 1), 1);
			assert_int_equal(got->pkt_len, length - 4);
			assert_frame_clean(got);
			rte_pktmbuf_free(got);
		}
	}
}

/* A header in several buffers, the tag split anywhere. */
static void
test_split_headers(void **state)
{
	struct rte_mbuf *m, *got;
	uint16_t piece;

	for (piece = 1; piece <= LENGTH + 4; piece++) {
		m = tagged_make(piece, LENGTH, 0x8100, VLAN, piece);
		assert_int_equal(port_tx(wire, 0, &m, 1), 1);
		assert_int_equal(port_rx(vlan, 0, &got, 1), 1);
		assert_true(frame_is(got, piece, LENGTH));
		assert_true(got->data_len >= RTE_ETHER_HDR_LEN);
		rte_mbuf_sanity_check(got, 1);
		rte_pktmbuf_free(got);
		m = tagged_make(piece, LENGTH, 0x8100, OTHER, piece);
		assert_int_equal(port_tx(wire, 0, &m, 1), 1);
		assert_int_equal(port_rx(vlan, 0, &got, 1), 0);
	}
	assert_int_equal(count_other(), LENGTH + 4);
}

/* What somebody else has a reference to is copied, never written to. */
static void
test_shared_is_not_written_to(void **state)
{
	struct rte_mbuf *m = tagged_make(1, LENGTH, 0x8100, VLAN, UINT16_MAX), *i, *got;
	uint8_t before[LENGTH + 4];

	memcpy(before, rte_pktmbuf_mtod(m, const void *), sizeof(before));
	/* Two references to one mbuf. */
	rte_pktmbuf_refcnt_update(m, 1);
	got = odd_pass(m);
	assert_true(got != m && frame_is(got, 1, LENGTH));
	assert_frame_clean(got);
	rte_pktmbuf_free(got);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	/* An indirect one. */
	i = rte_pktmbuf_alloc(pool);
	rte_pktmbuf_attach(i, m);
	got = odd_pass(i);
	assert_true(frame_is(got, 1, LENGTH));
	assert_frame_clean(got);
	rte_pktmbuf_free(got);
	assert_int_equal(m->pkt_len, sizeof(before));
	assert_memory_equal(rte_pktmbuf_mtod(m, const void *), before, sizeof(before));
	rte_pktmbuf_free(m);
}

static void
external_free(void *addr, void *arg)
{
	free(arg);
}

/* A buffer of exactly the frame's size, read-only for us: ASan sees a byte too many. */
static void
test_external_buffer_of_exact_size(void **state)
{
	uint16_t length;

	for (length = 0; length <= 60; length++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool), *got;
		struct rte_mbuf_ext_shared_info *info = malloc(sizeof(*info));
		uint8_t *bytes = malloc(length + (length == 0)), full[64] = {0};
		uint8_t before[64];

		tag_bytes(full, 60, 0x8100, VLAN);
		memcpy(bytes, full, length);
		memcpy(before, full, length);
		info->free_cb = external_free;
		info->fcb_opaque = info;
		rte_mbuf_ext_refcnt_set(info, 1);
		rte_pktmbuf_attach_extbuf(m, bytes, RTE_BAD_IOVA, length, info);
		m->data_off = 0;
		m->data_len = length;
		m->pkt_len = length;
		got = odd_pass(m);
		assert_int_equal(got != NULL, length >= 18);
		if (got != NULL) {
			assert_int_equal(got->pkt_len, length - 4);
			assert_frame_clean(got);
			rte_pktmbuf_free(got);
		}
		assert_memory_equal(bytes, before, length);
		free(bytes);
	}
}

/* A device that takes tags off by itself says so; two taken off are not ours. */
static void
test_stripped_by_the_device(void **state)
{
	static const struct {
		uint64_t flags;
		uint16_t tci;
		bool ours;
	} kinds[] = {
	    {RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED, VLAN | 3 << 13, true},
	    {RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED, OTHER, false},
	    {RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED, 0, false},
	    /* Seen but left where it was: the bytes count, and have none. */
	    {RTE_MBUF_F_RX_VLAN, VLAN, false},
	    {RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ |
	            RTE_MBUF_F_RX_QINQ_STRIPPED,
	        VLAN, false},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(kinds); i++) {
		struct rte_mbuf *m = frame_make(pool, i, LENGTH), *got;

		m->ol_flags = kinds[i].flags | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		m->vlan_tci = kinds[i].tci;
		got = odd_pass(m);
		assert_int_equal(got != NULL, kinds[i].ours);
		if (got == NULL)
			continue;
		assert_ptr_equal(got, m);
		assert_true(frame_is(got, i, LENGTH));
		assert_int_equal(got->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
		rte_pktmbuf_free(got);
	}
}

static void
test_received_without_buffers(void **state)
{
	struct odd_port odd;
	struct spt_port *port = odd_create(&odd);
	struct rte_mbuf *all[3], *m, *got;
	struct spt_port_stats stats;

	assert_int_equal(rte_pktmbuf_alloc_bulk(copies, all, RTE_DIM(all)), 0);
	m = tagged_make(1, LENGTH, 0x8100, VLAN, 10);
	odd.m = m;
	assert_int_equal(port_rx(port, 0, &got, 1), 0);
	odd.m = frame_make(pool, 2, LENGTH);
	assert_int_equal(port_rx(port, 0, &got, 1), 0);
	spt_port_stats_get(port, &stats);
	assert_int_equal(stats.rx_no_mbuf, 2 + 1);
	assert_int_equal(stats.rx_vlan_other, 5 + 1);
	assert_int_equal(stats.rx_frames, 10 - 2);
	assert_int_equal(stats.rx_bytes, 10000 - (LENGTH + 4) - LENGTH);
	rte_pktmbuf_free_bulk(all, RTE_DIM(all));
	spt_port_destroy(port);
}

/* ---- sending -------------------------------------------------------------- */

static void
test_sent_is_tagged(void **state)
{
	struct rte_mbuf *m, *got;
	struct spt_port_stats stats;
	uint16_t piece;

	for (piece = 14; piece <= LENGTH; piece++) {
		m = frame_make_chain(pool, piece, LENGTH, piece);
		assert_int_equal(port_tx(vlan, 0, &m, 1), 1);
		assert_int_equal(port_rx(wire, 0, &got, 1), 1);
		assert_ptr_equal(got, m);
		assert_true(is_tagged(got, piece, LENGTH));
		rte_mbuf_sanity_check(got, 1);
		rte_pktmbuf_free(got);
	}
	spt_port_stats_get(vlan, &stats);
	assert_int_equal(stats.tx_frames, LENGTH - 13);
	assert_int_equal(stats.tx_bytes, (LENGTH - 13) * (LENGTH + 4));
	assert_int_equal(stats.tx_refused, 0);
}

/* Checksums that were asked for are right behind a tag, whoever computes them. */
static void
test_checksums_behind_the_tag(void **state)
{
	static const uint16_t payloads[] = {0, 1, 6, 1439};
	struct rte_mbuf *m, *got;
	uint8_t flat[PACKET_MAX];
	struct packet p;
	unsigned int i, family, length;

	for (i = 0; i < RTE_DIM(payloads); i++) {
		for (family = 4; family <= 6; family += 2) {
			m = frame_make_tcp(pool, (uint8_t)family, payloads[i]);
			assert_int_equal(port_tx(vlan, 0, &m, 1), 1);
			assert_int_equal(port_rx(wire, 0, &got, 1), 1);
			length = packet_flatten(got, flat);
			assert_int_equal(flat[12] << 8 | flat[13], 0x8100);
			memmove(flat + 12, flat + 16, length - 16);
			packet_parse(flat, length - 4, &p);
			assert_null(p.fault);
			rte_pktmbuf_free(got);
		}
	}
}

/* Payload that the sender keeps has a second reference; its headers are still ours to move. */
static void
test_sent_with_two_references(void **state)
{
	struct odd_port odd;
	struct spt_port *port = odd_create(&odd);
	struct rte_mbuf *m = frame_make(pool, 1, LENGTH);

	rte_pktmbuf_refcnt_update(m, 1);
	odd.takes = 1;
	assert_int_equal(port_tx(port, 0, &m, 1), 1);
	assert_ptr_equal(odd.taken[0], m);
	assert_true(is_tagged(m, 1, LENGTH));
	assert_int_equal(env_pool_in_use(copies), 0);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(m);
	spt_port_destroy(port);
}

/* The longest frame of an engine leaves room; where there is none, or no buffer of our own, a copy.
 */
static void
test_no_headroom(void **state)
{
	struct rte_mbuf *m, *got, *direct;
	uint16_t room;

	for (room = 0; room < 8; room++) {
		m = frame_make(pool, room, LENGTH);
		memmove((uint8_t *)m->buf_addr + room, rte_pktmbuf_mtod(m, const void *), LENGTH);
		m->data_off = room;
		assert_int_equal(port_tx(vlan, 0, &m, 1), 1);
		assert_int_equal(port_rx(wire, 0, &got, 1), 1);
		assert_int_equal(got->pool == copies, room < 4);
		assert_true(is_tagged(got, room, LENGTH));
		rte_pktmbuf_free(got);
	}
	direct = frame_make(pool, 1, LENGTH);
	m = rte_pktmbuf_alloc(pool);
	rte_pktmbuf_attach(m, direct);
	assert_int_equal(port_tx(vlan, 0, &m, 1), 1);
	assert_int_equal(port_rx(wire, 0, &got, 1), 1);
	assert_true(is_tagged(got, 1, LENGTH));
	assert_true(frame_is(direct, 1, LENGTH));
	rte_pktmbuf_free(direct);
	rte_pktmbuf_free(got);
	/* The headers' tail in another buffer: an engine does not do it, but would not lose it. */
	m = frame_make_chain(pool, 2, LENGTH, 5);
	assert_int_equal(port_tx(vlan, 0, &m, 1), 1);
	assert_int_equal(port_rx(wire, 0, &got, 1), 1);
	assert_true(is_tagged(got, 2, LENGTH));
	rte_pktmbuf_free(got);
}

/* Refused frames are as they were given, so that the next attempt tags them once. */
static void
test_refused_come_back_as_given(void **state)
{
	struct odd_port odd;
	struct spt_port *port = odd_create(&odd);
	struct rte_mbuf *m[4];
	uint64_t offload[4], flags[4];
	uint8_t before[4][PACKET_MAX], now[PACKET_MAX];
	unsigned int i, attempt, length[4];

	for (i = 0; i < 4; i++) {
		m[i] = frame_make_tcp(pool, i & 1 ? 6 : 4, (uint16_t)(100 * i));
		rte_pktmbuf_refcnt_update(m[i], i & 1);
		length[i] = packet_flatten(m[i], before[i]);
		offload[i] = m[i]->tx_offload;
		flags[i] = m[i]->ol_flags;
	}
	for (attempt = 0; attempt < 3; attempt++) {
		odd.takes = 1;
		odd.n_taken = 0;
		assert_int_equal(port_tx(port, 0, m + attempt, (uint16_t)(4 - attempt)), 1);
		assert_ptr_equal(odd.taken[0], m[attempt]);
		assert_int_equal(m[attempt]->pkt_len, length[attempt] + 4);
		assert_int_equal(m[attempt]->l2_len, 18);
		for (i = attempt + 1; i < 4; i++) {
			assert_int_equal(packet_flatten(m[i], now), length[i]);
			assert_memory_equal(now, before[i], length[i]);
			assert_int_equal(m[i]->tx_offload, offload[i]);
			assert_int_equal(m[i]->ol_flags, flags[i]);
			rte_mbuf_sanity_check(m[i], 1);
		}
	}
	for (i = 0; i < 4; i++) {
		if (i & 1)
			rte_pktmbuf_free(m[i]);
		rte_pktmbuf_free(m[i]);
	}
	spt_port_destroy(port);
}

/* Where a copy is needed and cannot be had, sending stops there and nothing has changed. */
static void
test_sent_without_buffers(void **state)
{
	struct rte_mbuf *all[3], *m[3], *got[3];
	struct spt_port_stats stats;

	assert_int_equal(rte_pktmbuf_alloc_bulk(copies, all, RTE_DIM(all)), 0);
	m[0] = frame_make(pool, 0, LENGTH);
	m[1] = frame_make_chain(pool, 1, LENGTH, 5);
	m[2] = frame_make(pool, 2, LENGTH);
	assert_int_equal(port_tx(vlan, 0, m, 3), 1);
	assert_true(frame_is(m[1], 1, LENGTH));
	assert_true(frame_is(m[2], 2, LENGTH));
	spt_port_stats_get(vlan, &stats);
	assert_int_equal(stats.tx_frames, 1);
	assert_int_equal(stats.tx_refused, 2);
	rte_pktmbuf_free_bulk(all, RTE_DIM(all));
	assert_int_equal(port_tx(vlan, 0, m + 1, 2), 2);
	assert_int_equal(port_rx(wire, 0, got, 3), 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(is_tagged(got[i], i, LENGTH));
		rte_pktmbuf_free(got[i]);
	}
}

/* The MTU is that of the IP packet: the longest one passes with its tag, one byte more does not. */
static void
test_longest_frame(void **state)
{
	struct rte_mbuf *m = frame_make(pool, 1, MTU + 14), *got;
	struct spt_port_stats stats;

	assert_int_equal(vlan->mtu, MTU);
	assert_int_equal(vlan->headroom, 18);
	assert_int_equal(port_tx(vlan, 0, &m, 1), 1);
	assert_int_equal(port_rx(wire, 0, &got, 1), 1);
	assert_true(is_tagged(got, 1, MTU + 14));
	assert_int_equal(port_tx(wire, 0, &got, 1), 1);
	assert_int_equal(port_rx(vlan, 0, &m, 1), 1);
	assert_true(frame_is(m, 1, MTU + 14));
	rte_pktmbuf_free(m);
	m = frame_make(pool, 1, MTU + 15);
	assert_int_equal(port_tx(vlan, 0, &m, 1), 1);
	assert_int_equal(port_rx(wire, 0, &got, 1), 0);
	spt_port_stats_get(vlan, &stats);
	assert_int_equal(stats.tx_refused, 1);
}

/* ---- the port ------------------------------------------------------------- */

static void
test_what_is_passed_through(void **state)
{
	struct odd_port odd;
	struct spt_port *port = odd_create(&odd);

	assert_int_equal(port_next_deadline(port), 4711);
	assert_true(port->multi_segment);
	spt_port_destroy(port);
	assert_int_equal(odd.destroyed, 1);
}

static void
test_create_refuses(void **state)
{
	static const uint16_t wrong[] = {0, 4095, 4096, UINT16_MAX};
	struct spt_vlan_config config = {.pool = copies};
	struct odd_port odd = {.base.ops = &odd_ops};
	struct spt_port *port;
	unsigned int i;

	for (i = 0; i < RTE_DIM(wrong); i++) {
		config.vlan = wrong[i];
		assert_int_equal(spt_port_vlan_create(&config, &odd.base, &port), -EINVAL);
	}
	config.vlan = VLAN;
	assert_int_equal(spt_port_vlan_create(&config, NULL, &port), -EINVAL);
	config.pool = NULL;
	assert_int_equal(spt_port_vlan_create(&config, &odd.base, &port), -EINVAL);
	assert_int_equal(odd.destroyed, 0);
	config.pool = copies;
	config.vlan = 4094;
	assert_int_equal(spt_port_vlan_create(&config, &odd.base, &port), 0);
	spt_port_destroy(port);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(test_ours_passes_untagged),
	    T(test_others_are_dropped),
	    T(test_second_tag_stays),
	    T(test_short_frames),
	    T(test_split_headers),
	    T(test_shared_is_not_written_to),
	    T(test_external_buffer_of_exact_size),
	    T(test_stripped_by_the_device),
	    T(test_received_without_buffers),
	    T(test_sent_is_tagged),
	    T(test_checksums_behind_the_tag),
	    T(test_sent_with_two_references),
	    T(test_no_headroom),
	    T(test_refused_come_back_as_given),
	    T(test_sent_without_buffers),
	    T(test_longest_frame),
	    T(test_what_is_passed_through),
	    T(test_create_refuses),
#undef T
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

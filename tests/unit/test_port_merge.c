/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive merging wrapper: what is joined, what must not be, that nothing is lost, written
 * wrong or overtaken within a flow, and that what is malformed passes as it came.
 */
#include <errno.h>
#include <stdio.h>

#include "test_port.h"

#define LEN  100 /* payload of most segments */
#define TEXT 4096

static struct rte_mempool *pool;
static uint8_t text[2 * TEXT]; /* segments begin in the first half */

/* A port that hands out what was put into it, in one burst. */
struct source {
	struct spt_port base;
	struct rte_mbuf *m[PORT_BURST];
	uint16_t n;
	uint64_t frames, bytes;
	unsigned int destroyed;
};

static struct source source;
static struct spt_port *merge;
static struct rte_mbuf *got[PORT_BURST];
static uint16_t n_got;

static uint16_t
source_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct source *self = (struct source *)p;
	uint16_t count = self->n;

	assert_true(n >= count);
	memcpy(m, self->m, count * sizeof(*m));
	for (uint16_t i = 0; i < count; i++)
		self->bytes += m[i]->pkt_len;
	self->frames += count;
	self->n = 0;
	return count;
}

static uint16_t
source_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return n > 0 ? n - 1 : 0;
}

static spt_time
source_next_deadline(const struct spt_port *p)
{
	return 4711;
}

static void
source_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	stats->rx_frames = ((struct source *)p)->frames;
	stats->rx_bytes = ((struct source *)p)->bytes;
}

static void
source_destroy(struct spt_port *p)
{
	((struct source *)p)->destroyed++;
}

static const struct port_ops source_ops = {
    source_rx, source_tx, source_next_deadline, source_stats, source_destroy};

static int
setup(void **state)
{
	source = (struct source){.base = {.ops = &source_ops, .mtu = 1500, .headroom = 14}};
	assert_int_equal(spt_port_merge_create(&source.base, &merge), 0);
	n_got = 0;
	return 0;
}

static int
teardown(void **state)
{
	rte_pktmbuf_free_bulk(got, n_got);
	spt_port_destroy(merge);
	assert_int_equal(source.destroyed, 1);
	assert_int_equal(env_pool_in_use(pool), 0);
	return 0;
}

static int
group_setup(void **state)
{
	env_start();
	pool = env_pool_create(1023);
	for (unsigned int i = 0; i < 2 * TEXT; i++)
		text[i] = (uint8_t)(i * 7 + (i >> 8));
	return 0;
}

static int
group_teardown(void **state)
{
	env_pool_destroy(pool);
	return 0;
}

/* ---- frames --------------------------------------------------------------- */

/* The segment of a flow whose text is at text[seq ..]. */
static struct packet
segment(uint32_t seq, uint32_t len)
{
	return (struct packet){
	    .family = 4,
	    .src.b = {[10] = 0xff, 0xff, 192, 0, 2, 1},
	    .dst.b = {[10] = 0xff, 0xff, 192, 0, 2, 2},
	    .ttl = 64,
	    .sport = 4711,
	    .dport = 7,
	    .seq = seq,
	    .ack = 1,
	    .flags = P_ACK,
	    .wnd = 1000,
	    .payload = text + seq % TEXT,
	    .len = len,
	};
}

static struct rte_mbuf *
put_mbuf(struct rte_mbuf *m)
{
	assert_non_null(m);
	assert_true(source.n < PORT_BURST);
	source.m[source.n++] = m;
	return m;
}

static struct rte_mbuf *
put(const struct packet *p)
{
	uint8_t flat[PACKET_MAX];

	return put_mbuf(packet_mbuf(pool, flat, packet_build(p, flat)));
}

static struct rte_mbuf *
put_segment(uint32_t seq)
{
	struct packet p = segment(seq, LEN);

	return put(&p);
}

static void
receive(void)
{
	struct spt_port_stats before, after;
	uint16_t n = source.n;

	rte_pktmbuf_free_bulk(got, n_got);
	spt_port_stats_get(merge, &before);
	n_got = port_rx(merge, 1, got, PORT_BURST);
	spt_port_stats_get(merge, &after);
	assert_int_equal(after.rx_frames - before.rx_frames, n);
	assert_int_equal(after.rx_merged - before.rx_merged, n - n_got);
	for (uint16_t i = 0; i < n_got; i++)
		rte_mbuf_sanity_check(got[i], 1);
}

/* Of what was joined: the sum of TCP is the first one's, so no parser is asked. */
struct joined {
	uint8_t flat[PACKET_MAX];
	const struct rte_ipv4_hdr *ip;
	const struct rte_tcp_hdr *tcp;
	const uint8_t *payload;
	uint32_t seq, len;
};

static const struct joined *
look(uint16_t i)
{
	static struct joined j;
	unsigned int length = packet_flatten(got[i], j.flat), header;

	j.ip = (const void *)(j.flat + 14);
	j.tcp = (const void *)(j.flat + 34);
	header = (j.tcp->data_off >> 4) * 4;
	j.payload = j.flat + 34 + header;
	j.seq = rte_be_to_cpu_32(j.tcp->sent_seq);
	j.len = rte_be_to_cpu_16(j.ip->total_length) - 20 - header;
	assert_int_equal(length, 34 + header + j.len);
	return &j;
}

/* got[i] is as one segment that begins at 'seq', of 'n' that were LEN bytes long. */
static void
assert_joined(uint16_t i, uint32_t seq, uint16_t n)
{
	const struct joined *j;

	assert_true(i < n_got);
	assert_int_equal(got[i]->nb_segs, n);
	j = look(i);
	assert_int_equal(j->seq, seq);
	assert_int_equal(j->len, n * LEN);
	assert_memory_equal(j->payload, text + seq % TEXT, j->len);
	if (n == 1) {
		assert_int_equal(got[i]->ol_flags & merge->merged, 0);
		return;
	}
	assert_true(got[i]->ol_flags & merge->merged);
	assert_int_equal(
	    got[i]->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	assert_int_equal(
	    got[i]->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK, RTE_MBUF_F_RX_IP_CKSUM_GOOD);
}

/* ---- what is joined ------------------------------------------------------- */

static void
test_one_flow(void **state)
{
	for (unsigned int n = 1; n <= 30; n++) {
		for (unsigned int i = 0; i < n; i++)
			put_segment(i * LEN);
		receive();
		assert_int_equal(n_got, 1);
		assert_joined(0, 0, (uint16_t)n);
	}
}

/* RFC 7323: with the same timestamps, and sequence numbers that pass 2^32. */
static void
test_timestamps_and_wrap(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct packet p = segment((uint32_t)(i * LEN) - 2 * LEN, LEN);

		p.payload = text + i * LEN;
		p.options = P_TIMESTAMP;
		p.tsval = 100 + i / 3;
		p.tsecr = 5;
		put(&p);
	}
	receive();
	assert_int_equal(n_got, 2);
	assert_int_equal(got[0]->nb_segs, 3);
	assert_int_equal(got[0]->pkt_len, 14 + 20 + 32 + 3 * LEN);
	assert_int_equal(got[1]->nb_segs, 1);
}

/* Flows between one another's segments are joined each for itself, from the first's place. */
static void
test_many_flows(void **state)
{
	for (unsigned int i = 0; i < 3; i++) {
		for (unsigned int flow = 0; flow < 10; flow++) {
			struct packet p = segment(i * LEN, LEN);

			p.sport = (uint16_t)(5000 + flow);
			put(&p);
		}
	}
	receive();
	/* Two whose place in the table is one are not; that depends on the ports chosen here. */
	assert_true(n_got >= 10 && n_got < 30);
	for (unsigned int flow = 0; flow < 10; flow++) {
		uint32_t next = 0;

		for (uint16_t i = 0; i < n_got; i++) {
			const struct joined *j = look(i);

			if (j->tcp->src_port != rte_cpu_to_be_16((uint16_t)(5000 + flow)))
				continue;
			assert_int_equal(j->seq, next);
			next += j->len;
		}
		assert_int_equal(next, 3 * LEN);
	}
}

/* No chain is longer than an IPv4 packet, and the order stays where several are full. */
static void
test_chain_limit(void **state)
{
	uint32_t next = 0;

	for (unsigned int i = 0; i < PORT_BURST; i++) {
		struct packet p = segment(i * 1900, 1900);

		put(&p);
	}
	receive();
	assert_int_equal(n_got, 2);
	for (uint16_t i = 0; i < n_got; i++) {
		const struct rte_tcp_hdr *tcp =
		    rte_pktmbuf_mtod_offset(got[i], const struct rte_tcp_hdr *, 34);

		assert_true(got[i]->pkt_len <= 14 + UINT16_MAX);
		assert_int_equal(rte_be_to_cpu_32(tcp->sent_seq), next);
		next += got[i]->pkt_len - 54;
	}
	assert_int_equal(next, PORT_BURST * 1900);
}

/* ---- what is not ---------------------------------------------------------- */

/* Each of these in place of the second of three: all three stay apart, and in order. */
static void
change(struct packet *p, unsigned int what)
{
	static const uint8_t unusual[] = {1, 1, 1, 0};

	switch (what) {
	case 0: p->flags |= P_FIN; break;
	case 1: p->flags |= P_PSH; break;
	case 2:
		p->flags |= P_URG;
		p->up = 5;
		break;
	case 3: p->flags |= P_ECE; break;
	case 4: p->flags |= P_CWR; break;
	case 5: p->tos = 3; break; /* CE */
	case 6: p->tos = 2; break; /* ECT(0) */
	case 7: p->tos = 0x20; break;
	case 8: p->ttl = 63; break;
	case 9: p->ack = 2; break;
	case 10: p->wnd = 999; break;
	case 11: p->options = P_TIMESTAMP; break;
	case 12:
		p->raw_options = unusual;
		p->options_len = 4;
		break;
	case 13: p->seq++; break; /* overlaps what follows */
	case 14: p->seq--; break;
	case 15: p->len = 0; break;
	case 16: p->flags = P_RST | P_ACK; break;
	case 17: p->flags = P_SYN | P_ACK; break;
	}
}

static void
test_not_joined(void **state)
{
	for (unsigned int what = 0; what < 18; what++) {
		struct packet p = segment(LEN, LEN);
		struct rte_mbuf *expected[3];

		change(&p, what);
		expected[0] = put_segment(0);
		expected[1] = put(&p);
		expected[2] = put_segment(2 * LEN);
		receive();
		assert_int_equal(n_got, 3);
		for (unsigned int i = 0; i < 3; i++) {
			assert_ptr_equal(got[i], expected[i]);
			assert_int_equal(got[i]->ol_flags & merge->merged, 0);
		}
	}
}

/* RFC 3168 6.1.3: none of those that are marked goes into another, nor takes one in. */
static void
test_congestion_marks(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct packet p = segment(i * LEN, LEN);

		p.tos = 3;
		put(&p);
	}
	receive();
	assert_int_equal(n_got, 4);
}

/* Duplicates and what came in another order are told apart by TCP: nothing of it is hidden. */
static void
test_order(void **state)
{
	static const unsigned int order[] = {1, 0, 2, 2, 4, 3, 5};
	struct rte_mbuf *expected[RTE_DIM(order)];

	for (unsigned int i = 0; i < RTE_DIM(order); i++)
		expected[i] = put_segment(order[i] * LEN);
	receive();
	assert_int_equal(n_got, RTE_DIM(order));
	for (unsigned int i = 0; i < RTE_DIM(order); i++)
		assert_ptr_equal(got[i], expected[i]);
}

/* Two acknowledgments by turns: rte_gro would file them apart, and hand the third out second. */
static void
test_order_of_acknowledgments(void **state)
{
	struct rte_mbuf *expected[6];

	for (unsigned int i = 0; i < 6; i++) {
		struct packet p = segment(i * LEN, LEN);

		p.ack = 1 + i % 2;
		expected[i] = put(&p);
	}
	receive();
	assert_int_equal(n_got, 6);
	for (unsigned int i = 0; i < 6; i++)
		assert_ptr_equal(got[i], expected[i]);
}

/* What is no segment stays between those that came before and after. */
static void
test_mixed_burst(void **state)
{
	struct packet six = segment(0, LEN);
	struct rte_mbuf *arp, *v6[2], *fin;
	struct packet last = segment(5 * LEN, LEN);

	six.family = 6;
	six.src.b[0] = six.dst.b[0] = 0x20;
	last.flags |= P_FIN;
	put_segment(0);
	put_segment(LEN);
	arp = put_mbuf(frame_make(pool, 0x0608, 60));
	put_segment(2 * LEN);
	v6[0] = put(&six);
	six.seq = LEN;
	v6[1] = put(&six);
	put_segment(3 * LEN);
	put_segment(4 * LEN);
	fin = put(&last);
	receive();
	assert_int_equal(n_got, 7);
	assert_joined(0, 0, 2);
	assert_ptr_equal(got[1], arp);
	assert_joined(2, 2 * LEN, 1);
	assert_ptr_equal(got[3], v6[0]);
	assert_ptr_equal(got[4], v6[1]);
	assert_joined(5, 3 * LEN, 2);
	assert_ptr_equal(got[6], fin);
}

/* A buffer that somebody else sees, or a chain, is not written to. */
static void
test_shared_and_chained(void **state)
{
	struct rte_mbuf *m, *tail;

	put_segment(0);
	m = put_segment(LEN);
	rte_mbuf_refcnt_update(m, 1);
	put_segment(2 * LEN);
	receive();
	assert_int_equal(n_got, 3);
	rte_mbuf_refcnt_update(m, -1);

	put_segment(0);
	m = put_segment(LEN);
	rte_pktmbuf_trim(m, 10);
	tail = rte_pktmbuf_alloc(pool);
	memcpy(rte_pktmbuf_append(tail, 10), text + 2 * LEN - 10, 10);
	assert_int_equal(rte_pktmbuf_chain(m, tail), 0);
	put_segment(2 * LEN);
	receive();
	assert_int_equal(n_got, 3);
}

/* ---- sums and lengths ----------------------------------------------------- */

static void
test_sums(void **state)
{
	struct rte_mbuf *m[4];

	/* Wrong ones go up as they came, without a word that they were good. */
	for (unsigned int i = 0; i < 4; i++)
		m[i] = put_segment(i * LEN);
	rte_pktmbuf_mtod(m[1], uint8_t *)[60] ^= 1;
	receive();
	assert_int_equal(n_got, 3);
	assert_ptr_equal(got[1], m[1]);
	assert_int_equal(got[1]->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, 0);
	assert_joined(2, 2 * LEN, 2);

	for (unsigned int i = 0; i < 2; i++)
		m[i] = put_segment(i * LEN);
	rte_pktmbuf_mtod(m[1], uint8_t *)[14 + 10] ^= 1;
	receive();
	assert_int_equal(n_got, 2);

	/* The device vouches for them: nobody looks. It was wrong in calling one bad: summed. */
	for (unsigned int i = 0; i < 3; i++)
		m[i] = put_segment(i * LEN);
	rte_pktmbuf_mtod_offset(m[1], struct rte_tcp_hdr *, 34)->cksum = 0;
	m[1]->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	m[0]->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD;
	receive();
	assert_int_equal(n_got, 1);
	assert_joined(0, 0, 3);
}

/* What a link padded is no text. */
static void
test_padding(void **state)
{
	for (unsigned int i = 0; i < 3; i++)
		memset(rte_pktmbuf_append(put_segment(i * LEN), 1 + i), 0xee, 1 + i);
	receive();
	assert_int_equal(n_got, 1);
	assert_joined(0, 0, 3);
}

/*
 * Every byte of the headers with every value, and every length of the buffer: nothing is read
 * outside of it (the sanitizers see that), nothing is lost, and what the parser would refuse is
 * not joined. Checksums are vouched for, so that lengths are all that is there to hold it.
 */
static void
test_malformed(void **state)
{
	for (unsigned int at = 12; at < 54; at++) {
		for (unsigned int value = 0; value < 256; value++) {
			struct rte_mbuf *m;

			put_segment(0);
			m = put_segment(LEN);
			rte_pktmbuf_mtod(m, uint8_t *)[at] = (uint8_t)value;
			m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
			put_segment(2 * LEN);
			receive();
			assert_true(n_got >= 1 && n_got <= 3);
			if (n_got < 3 && at != 16 && at != 17)
				assert_true(n_got == 1); /* nothing that mattered */
		}
	}
	for (uint16_t length = 0; length < 54 + LEN; length++) {
		struct rte_mbuf *m;

		put_segment(0);
		m = put_segment(LEN);
		m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		/* The bytes stand at the end of the buffer, at an even place as drivers have it. */
		m->data_len = m->pkt_len = length;
		m->data_off = (uint16_t)((m->buf_len - length) & ~1);
		put_segment(2 * LEN);
		receive();
		assert_int_equal(n_got, 3);
		assert_ptr_equal(got[1], m);
	}
}

/* A total length that says less than the frame has is right, and what is behind it no text. */
static void
test_total_length(void **state)
{
	for (uint16_t total = 0; total < 2 * LEN; total++) {
		struct rte_mbuf *m;

		put_segment(0);
		m = put_segment(LEN);
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14)->total_length =
		    rte_cpu_to_be_16(total);
		m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		receive();
		if (total <= 40 || total > 40 + LEN) {
			assert_int_equal(n_got, 2);
		} else {
			assert_int_equal(n_got, 1);
			assert_int_equal(got[0]->pkt_len, 54 + LEN + total - 40);
		}
	}
}

/* ---- the rest of the port ------------------------------------------------- */

static void
test_passes_on(void **state)
{
	struct rte_mbuf *m[3] = {0};

	assert_int_equal(port_tx(merge, 1, m, 3), 2);
	assert_int_equal(port_next_deadline(merge), 4711);
	assert_int_equal(merge->mtu, 1500);
	assert_int_equal(merge->headroom, 14);
	receive();
	assert_int_equal(n_got, 0);
	assert_int_equal(spt_port_merge_create(NULL, &(struct spt_port *){NULL}), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_one_flow),
	    TEST(test_timestamps_and_wrap),
	    TEST(test_many_flows),
	    TEST(test_chain_limit),
	    TEST(test_not_joined),
	    TEST(test_congestion_marks),
	    TEST(test_order),
	    TEST(test_order_of_acknowledgments),
	    TEST(test_mixed_burst),
	    TEST(test_shared_and_chained),
	    TEST(test_sums),
	    TEST(test_padding),
	    TEST(test_malformed),
	    TEST(test_total_length),
	    TEST(test_passes_on),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

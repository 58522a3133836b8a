/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The out-of-order queue (RFC 9293 SHLD-31): payload chains sorted by sequence number,
 * without overlap. Bytes that are there already win over a later copy. What follows without a gap
 * is one chain, so that a search takes no more steps than there are gaps, and of those there is a
 * bound.
 *
 * Where a chain ends is kept in the link of its second mbuf, which has no other use for it.
 */
#include "internal.h"

static struct rte_mbuf *
chain_cut_front(struct rte_mbuf *m, uint32_t front)
{
	while (front >= m->data_len && m->next) {
		struct rte_mbuf *next = m->next;

		front -= m->data_len;
		next->nb_segs = m->nb_segs - 1;
		next->pkt_len = m->pkt_len - m->data_len;
		m->next = NULL;
		m->nb_segs = 1;
		rte_pktmbuf_free_seg(m);
		m = next;
	}
	m->data_off += (uint16_t)front;
	m->data_len -= (uint16_t)front;
	m->pkt_len -= front;
	return m;
}

struct rte_mbuf *
chain_cut(struct rte_mbuf *m, uint32_t front, uint32_t keep)
{
	struct rte_mbuf *last;
	uint32_t left = keep;
	uint16_t segs = 1;

	SPT_ASSERT(keep > 0 && front + keep <= m->pkt_len);
	m = chain_cut_front(m, front);
	for (last = m; last->data_len < left; last = last->next, segs++)
		left -= last->data_len;
	if (last->next) {
		rte_pktmbuf_free(last->next);
		last->next = NULL;
	}
	last->data_len = (uint16_t)left;
	m->pkt_len = keep;
	m->nb_segs = segs;
	m->ol_flags &= ~RTE_MBUF_F_TX_OFFLOAD_MASK;
	return m;
}

static uint32_t
chain_end(const struct tcp *t, struct rte_mbuf *m)
{
	return link_of(t, m)->seq + m->pkt_len;
}

static struct rte_mbuf *
chain_last(const struct tcp *t, struct rte_mbuf *m)
{
	return m->next ? link_of(t, m->next)->next : m;
}

/* 'm', whose last mbuf is 'm_last', goes on where 'to' ends. */
static void
chain_join(const struct tcp *t, struct rte_mbuf *to, struct rte_mbuf *m, struct rte_mbuf *m_last)
{
	struct rte_mbuf *last = chain_last(t, to);

	last->next = m;
	to->nb_segs += m->nb_segs;
	to->pkt_len += m->pkt_len;
	link_of(t, to->next)->next = m_last;
}

/* Take 'm', which follows 'prev' (NULL: it is the head), out of the queue. */
static void
reassembly_unlink(struct tcp *t, struct xfer *x, struct rte_mbuf *prev, struct rte_mbuf *m)
{
	struct rte_mbuf *next = link_of(t, m)->next;

	if (prev)
		link_of(t, prev)->next = next;
	else
		x->ooo = next;
	if (x->ooo_tail == m)
		x->ooo_tail = prev;
	x->ooo_bytes -= m->pkt_len;
	x->ooo_runs--;
	x->ooo_mbufs -= m->nb_segs;
	t->pinned -= m->nb_segs;
}

static void
reassembly_link(
    struct tcp *t, struct xfer *x, struct rte_mbuf *prev, struct rte_mbuf *m, uint32_t seq)
{
	struct mbuf_link *l = link_of(t, m);

	l->seq = seq;
	l->next = prev ? link_of(t, prev)->next : x->ooo;
	if (prev)
		link_of(t, prev)->next = m;
	else
		x->ooo = m;
	if (!l->next)
		x->ooo_tail = m;
	if (unlikely(m->next))
		link_of(t, m->next)->next = rte_pktmbuf_lastseg(m);
	x->ooo_runs++;
	x->ooo_bytes += m->pkt_len;
	x->ooo_mbufs += m->nb_segs;
	t->pinned += m->nb_segs;
}

/* The last element that starts at or before 'seq', or NULL. */
static struct rte_mbuf *
reassembly_before(const struct tcp *t, const struct xfer *x, uint32_t seq)
{
	struct rte_mbuf *prev = NULL, *m;

	if (x->ooo_tail && seq_leq(link_of(t, x->ooo_tail)->seq, seq))
		return x->ooo_tail;
	for (m = x->ooo; m && seq_leq(link_of(t, m)->seq, seq); m = link_of(t, m)->next)
		prev = m;
	return prev;
}

/*
 * The first part of [start, end) that is queued, without a gap: what RFC 2883 4 calls a duplicate
 * contiguous sequence. 'm' is an element that starts at or before 'start', or the head.
 */
static bool
reassembly_overlap(
    const struct tcp *t, struct rte_mbuf *m, uint32_t start, uint32_t end, struct sack_block *again)
{
	again->start = again->end = start;
	for (; m && seq_lt(link_of(t, m)->seq, end); m = link_of(t, m)->next) {
		uint32_t from = seq_max(link_of(t, m)->seq, start);
		uint32_t to = seq_min(chain_end(t, m), end);

		if (!seq_lt(from, to))
			continue;
		if (again->start == again->end)
			again->start = from;
		else if (from != again->end)
			break;
		again->end = to;
	}
	return again->start != again->end;
}

void
reassembly_repeated(struct tcp *t, struct conn *c, uint32_t start, uint32_t end)
{
	struct sack_block again;

	if (reassembly_overlap(t, conn_xfer(t, c)->ooo, start, end, &again))
		sack_duplicate(t, c, again.start, again.end);
}

/*
 * Room for a chain in the budgets of the connection and the core. Half of that is for what goes on:
 * peers may leave their gaps open for ever. Of the other half those whose mbufs hold little get
 * half, and no more than what they leave to the next one: however many they are.
 */
static bool
reassembly_budget(struct tcp *t, const struct xfer *x, const struct rte_mbuf *m)
{
	uint32_t mbufs = x->ooo_mbufs + m->nb_segs;
	bool full = x->ooo_bytes + m->pkt_len >= mbufs * OUT_OF_ORDER_FULL_BYTES;

	if (full ? mbufs <= OUT_OF_ORDER_FULL_MBUFS && t->pinned + m->nb_segs <= t->pinned_limit / 2
	         : mbufs <= OUT_OF_ORDER_MBUFS && t->pinned + mbufs <= t->pinned_limit / 4)
		return true;
	t->stats->budget_refused++;
	return false;
}

/*
 * A few bytes that go on where 'to' ends are copied behind it, if nobody else sees them there: a
 * peer that sends a byte at a time does not pin an mbuf with each.
 */
static bool
reassembly_copy(const struct tcp *t, struct rte_mbuf *to, const struct rte_mbuf *m)
{
	struct rte_mbuf *last = chain_last(t, to);

	if (m->pkt_len > OUT_OF_ORDER_COPY || m->nb_segs != 1 || !RTE_MBUF_DIRECT(last) ||
	    rte_mbuf_refcnt_read(last) != 1 || rte_pktmbuf_tailroom(last) < m->data_len)
		return false;
	memcpy(rte_pktmbuf_mtod_offset(last, void *, last->data_len),
	    rte_pktmbuf_mtod(m, const void *), m->data_len);
	last->data_len += m->data_len;
	to->pkt_len += m->pkt_len;
	return true;
}

/* 'm', which is not in the queue, goes on where 'prev' ends: false if it does not. */
static bool
reassembly_append(
    struct tcp *t, struct xfer *x, struct rte_mbuf *prev, struct rte_mbuf *m, uint32_t seq)
{
	if (!prev || chain_end(t, prev) != seq)
		return false;
	x->ooo_bytes += m->pkt_len;
	if (reassembly_copy(t, prev, m)) {
		rte_pktmbuf_free(m);
		return true;
	}
	x->ooo_mbufs += m->nb_segs;
	t->pinned += m->nb_segs;
	chain_join(t, prev, m, rte_pktmbuf_lastseg(m));
	return true;
}

/* The gap behind 'm' is closed: the run after it becomes part of it. */
static void
reassembly_close_gap(struct tcp *t, struct xfer *x, struct rte_mbuf *m)
{
	struct rte_mbuf *next = link_of(t, m)->next;

	if (!next || link_of(t, next)->seq != chain_end(t, m))
		return;
	link_of(t, m)->next = link_of(t, next)->next;
	if (x->ooo_tail == next)
		x->ooo_tail = m;
	x->ooo_runs--;
	if (reassembly_copy(t, m, next)) {
		x->ooo_mbufs--;
		t->pinned--;
		rte_pktmbuf_free(next);
	} else {
		chain_join(t, m, next, chain_last(t, next));
	}
}

/* What of 'm' is new, and something is, goes into the queue behind 'prev'. */
static void
reassembly_place(
    struct tcp *t, struct xfer *x, struct rte_mbuf *prev, struct rte_mbuf *m, uint32_t seq)
{
	uint32_t end = seq + m->pkt_len;
	struct rte_mbuf *next;

	if (prev && seq_gt(chain_end(t, prev), seq)) {
		uint32_t overlap = chain_end(t, prev) - seq;

		seq += overlap;
		m = chain_cut(m, overlap, m->pkt_len - overlap);
	}
	/* Those that the new one covers whole go; it ends where a partly covered one begins. */
	while (
	    (next = prev ? link_of(t, prev)->next : x->ooo) && seq_lt(link_of(t, next)->seq, end)) {
		if (seq_gt(chain_end(t, next), end)) {
			m = chain_cut(m, 0, link_of(t, next)->seq - seq);
			break;
		}
		reassembly_unlink(t, x, prev, next);
		rte_pktmbuf_free(next);
	}
	if (reassembly_append(t, x, prev, m, seq)) {
		reassembly_close_gap(t, x, prev);
	} else {
		reassembly_link(t, x, prev, m, seq);
		reassembly_close_gap(t, x, m);
	}
}

/* The last one, which is wanted last. */
static void
reassembly_drop_tail(struct tcp *t, struct xfer *x)
{
	struct rte_mbuf *prev = NULL, *m = x->ooo;

	for (; m != x->ooo_tail; m = link_of(t, m)->next)
		prev = m;
	reassembly_unlink(t, x, prev, m);
	sack_dropped(x, link_of(t, m)->seq);
	rte_pktmbuf_free(m);
}

/*
 * Whether there are as many gaps as there may be, and [seq, end), which begins behind 'prev', would
 * make one more. It will come again; what was SACKed would only after a time-out (RFC 2018 8).
 */
static bool
reassembly_is_one_more(
    const struct tcp *t, const struct xfer *x, struct rte_mbuf *prev, uint32_t seq, uint32_t end)
{
	struct rte_mbuf *next;

	if (likely(x->ooo_runs < OUT_OF_ORDER_RUNS))
		return false;
	next = prev ? link_of(t, prev)->next : x->ooo;
	return (!prev || seq_gt(seq, chain_end(t, prev))) &&
	       (!next || seq_lt(end, link_of(t, next)->seq));
}

enum spt_verdict
reassembly_insert(struct tcp *t, struct conn *c, struct rte_mbuf *m, uint32_t seq)
{
	struct xfer *x = xfer_get(t, c);
	uint32_t end = seq + m->pkt_len;
	struct sack_block again;
	struct rte_mbuf *prev;
	bool repeats, whole;

	if (!x) {
		t->stats->budget_refused++;
		rte_pktmbuf_free(m);
		return SPT_V_TCP_DATA_NO_MEMORY;
	}
	prev = reassembly_before(t, x, seq);
	repeats = reassembly_overlap(t, prev ? prev : x->ooo, seq, end, &again);
	whole = repeats && again.start == seq && again.end == end;
	if (!whole &&
	    (reassembly_is_one_more(t, x, prev, seq, end) || !reassembly_budget(t, x, m))) {
		rte_pktmbuf_free(m);
		xfer_put_if_idle(t, c);
		return SPT_V_TCP_DATA_NO_MEMORY;
	}
	if (whole) {
		rte_pktmbuf_free(m);
	} else {
		reassembly_place(t, x, prev, m, seq);
		if (c->features & FEATURE_SACK)
			sack_out_of_order(t, x, seq, end);
	}
	if (repeats)
		sack_duplicate(t, c, again.start, again.end);
	return whole ? SPT_V_TCP_DATA_DUPLICATE : SPT_V_TCP_DATA_OUT_OF_ORDER;
}

/* The end of a run goes, so that 'keep' of its mbufs stay. */
static void
reassembly_shorten(struct tcp *t, struct xfer *x, struct rte_mbuf *run, uint32_t keep)
{
	uint32_t bytes = run->data_len, mbufs = run->nb_segs - keep;
	struct rte_mbuf *last = run;

	for (uint32_t i = 1; i < keep; i++) {
		last = last->next;
		bytes += last->data_len;
	}
	rte_pktmbuf_free(last->next);
	last->next = NULL;
	x->ooo_bytes -= run->pkt_len - bytes;
	x->ooo_mbufs -= mbufs;
	t->pinned -= mbufs;
	run->pkt_len = bytes;
	run->nb_segs = (uint16_t)keep;
	if (run->next)
		link_of(t, run->next)->next = last;
	sack_dropped(x, chain_end(t, run));
}

/*
 * From the end: that is wanted last (RFC 2018 8: to forget what was SACKed is allowed). Of a long
 * run a quarter at least, so that the walk to its end is worth it.
 */
bool
reassembly_prune(struct tcp *t, struct conn *c, uint32_t n)
{
	struct xfer *x = conn_xfer(t, c);

	if (!x || x->ooo_mbufs < n)
		return false;
	while (n > 0) {
		uint32_t mbufs = x->ooo_tail->nb_segs, some = RTE_MAX(n, mbufs / 4);

		if (some < mbufs) {
			reassembly_shorten(t, x, x->ooo_tail, mbufs - some);
			break;
		}
		n -= mbufs;
		reassembly_drop_tail(t, x);
	}
	xfer_put_if_idle(t, c);
	return true;
}

void
reassembly_drain(struct tcp *t, struct conn *c)
{
	struct xfer *x = conn_xfer(t, c);
	struct rte_mbuf *m, *last;

	while ((m = x->ooo) && seq_leq(link_of(t, m)->seq, c->rcv_nxt)) {
		uint32_t overlap = c->rcv_nxt - link_of(t, m)->seq;

		last = chain_last(t, m);
		reassembly_unlink(t, x, NULL, m);
		if (overlap >= m->pkt_len) {
			rte_pktmbuf_free(m);
			continue;
		}
		if (overlap > 0)
			m = chain_cut(m, overlap, m->pkt_len - overlap);
		receive_deliver(t, c, m, last);
	}
	sack_advanced(x, c->rcv_nxt);
	if (x->fin_waits && x->fin_seq == c->rcv_nxt) {
		x->fin_waits = 0;
		receive_fin_in_order(t, c, NULL);
	}
	if (conn_is_open(c))
		xfer_put_if_idle(t, c);
}

void
reassembly_drop(struct tcp *t, struct xfer *x)
{
	struct rte_mbuf *m;

	while ((m = x->ooo)) {
		reassembly_unlink(t, x, NULL, m);
		rte_pktmbuf_free(m);
	}
	x->fin_waits = 0;
}

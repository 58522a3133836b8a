/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The out-of-order queue (RFC 9293 SHLD-31): payload chains sorted by sequence number,
 * without overlap. Bytes that are there already win over a later copy.
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

enum spt_verdict
reassembly_insert(struct tcp *t, struct conn *c, struct rte_mbuf *m, uint32_t seq)
{
	struct xfer *x = xfer_get(t, c);
	uint32_t end = seq + m->pkt_len;
	struct rte_mbuf *prev, *next;

	/* The other half is for what goes on: peers may leave their gaps open for ever. */
	if (!x || x->ooo_mbufs + m->nb_segs > OUT_OF_ORDER_MBUFS ||
	    t->pinned + m->nb_segs > t->pinned_limit / 2) {
		t->stats->budget_refused++;
		rte_pktmbuf_free(m);
		xfer_put_if_idle(t, c);
		return SPT_V_TCP_DATA_NO_MEMORY;
	}
	prev = reassembly_before(t, x, seq);
	if (prev && seq_gt(chain_end(t, prev), seq)) {
		uint32_t overlap = chain_end(t, prev) - seq;

		if (overlap >= m->pkt_len) {
			rte_pktmbuf_free(m);
			return SPT_V_TCP_DATA_DUPLICATE;
		}
		seq += overlap;
		m = chain_cut(m, overlap, m->pkt_len - overlap);
	}
	/* Those that the new one covers whole go; it ends where a partly covered one begins. */
	while (
	    (next = prev ? link_of(t, prev)->next : x->ooo) && seq_lt(link_of(t, next)->seq, end)) {
		if (seq_gt(chain_end(t, next), end)) {
			if (link_of(t, next)->seq == seq) { /* it goes on where 'prev' ends */
				rte_pktmbuf_free(m);
				return SPT_V_TCP_DATA_DUPLICATE;
			}
			m = chain_cut(m, 0, link_of(t, next)->seq - seq);
			break;
		}
		reassembly_unlink(t, x, prev, next);
		rte_pktmbuf_free(next);
	}
	reassembly_link(t, x, prev, m, seq);
	return SPT_V_TCP_DATA_OUT_OF_ORDER;
}

void
reassembly_drain(struct tcp *t, struct conn *c)
{
	struct xfer *x = conn_xfer(t, c);
	struct rte_mbuf *m;

	while ((m = x->ooo) && seq_leq(link_of(t, m)->seq, c->rcv_nxt)) {
		uint32_t overlap = c->rcv_nxt - link_of(t, m)->seq;

		reassembly_unlink(t, x, NULL, m);
		if (overlap >= m->pkt_len) {
			rte_pktmbuf_free(m);
			continue;
		}
		receive_deliver(t, c, chain_cut(m, overlap, m->pkt_len - overlap));
	}
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

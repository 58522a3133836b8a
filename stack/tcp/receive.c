/* SPDX-License-Identifier: BSD-3-Clause */
/* URG, segment text and FIN: the sixth to eighth step of RFC 9293 3.10.7.4. */
#include "internal.h"

/* sixth: RCV.UP <- max(RCV.UP, SEG.UP); told once for each advance (MUST-32, MUST-33). */
void
receive_urgent(struct tcp *t, struct conn *c, const struct seg *s)
{
	uint32_t up = s->seq + s->up;

	if (!conn_receives(c))
		return;
	if (!seq_gt(up, c->rcv_nxt))
		return;
	if ((c->flags & CONN_URG_RCVD) && !seq_gt(up, c->rcv_up))
		return;
	c->rcv_up = up;
	c->flags |= CONN_URG_RCVD;
	if (!(c->flags & CONN_APP_CLOSED))
		event_raise(t, c, SPT_URGENT);
}

/* In-order payload, ready for the application; the acknowledgment may ride on its answer. */
void
receive_deliver(struct tcp *t, struct conn *c, struct rte_mbuf *m, struct rte_mbuf *last)
{
	uint32_t len = m->pkt_len;

	c->rcv_nxt += len;
	c->rcv_free -= (int32_t)len;
	if (unlikely(c->flags & CONN_URG_RCVD) && seq_geq(c->rcv_nxt, c->rcv_up))
		c->flags &= ~CONN_URG_RCVD;
	t->stats->rx_tcp_bytes += len;
	event_data(t, c, m, last);
}

/*
 * Every second segment with data, at least, is acknowledged at once (SHLD-19), once (MUST-58). One
 * that was several, which the port joined, is its own second; so is what is larger than the link
 * carries: a peer's large send, which nobody cut (virtio).
 */
static void
receive_owe_ack(struct tcp *t, struct conn *c, bool merged, uint32_t len)
{
	bool second = (c->flags & (CONN_ACK_OWED | CONN_NO_DELACK)) || merged || len > t->mtu;

	c->flags |= second ? CONN_ACK_NOW : CONN_ACK_OWED;
	conn_want_output(t, c);
}

/*
 * What is left of the pool allows the application to hold as much as it does: so many bytes as
 * mbufs are free if they come in full ones. If less comes in each, what it holds came like that.
 */
static bool
receive_share(const struct tcp *t, const struct conn *c, const struct rte_mbuf *m, uint32_t len)
{
	uint64_t held = conn_held(t, c), full = (uint64_t)m->nb_segs * OUT_OF_ORDER_FULL_BYTES;

	return len >= full ? held <= t->held_most : held * full <= (uint64_t)t->held_most * len;
}

/*
 * Room for this chain with 'len' bytes of text in the budgets of the connection and the core, and
 * in what is left of the pool. What is in order may take it from what waits behind a gap (RFC 2018
 * 8 allows to forget that), or the gap would stay.
 */
static bool
receive_budget(struct tcp *t, struct conn *c, const struct rte_mbuf *m, uint32_t seq, uint32_t len)
{
	uint32_t waiting = 0, over;

	if (c->event != POOL_NONE)
		waiting = event_at(t, c->event)->data_mbufs;
	over = t->pinned + m->nb_segs;
	over = over > t->pinned_limit ? over - t->pinned_limit : 0;
	if (likely(waiting + m->nb_segs <= UNDELIVERED_MBUFS && c->rcv_free > -65536) &&
	    (likely(t->held_most == UINT32_MAX) || receive_share(t, c, m, len)) &&
	    (likely(over == 0) || (seq == c->rcv_nxt && reassembly_prune(t, c, over))))
		return true;
	t->stats->budget_refused++;
	return false;
}

/*
 * In order: to the application, with all that waited behind it (MUST-59). The first 'again' bytes
 * of the segment had come before.
 */
static enum spt_verdict
receive_in_order(
    struct tcp *t, struct conn *c, const struct seg *s, struct rte_mbuf *m, uint32_t again)
{
	struct xfer *x = conn_xfer(t, c);
	bool merged = seg_is_merged(t, m);
	uint32_t seq = c->rcv_nxt;

	receive_deliver(t, c, m, rte_pktmbuf_lastseg(m));
	receive_owe_ack(t, c, merged, c->rcv_nxt - seq);
	if (unlikely(again > 0) && (c->features & FEATURE_SACK)) {
		c->flags |= CONN_ACK_NOW; /* RFC 2883 4, (1): of the packet that came last */
		sack_duplicate(t, c, seq - again, seq);
	}
	if (likely(!x))
		return SPT_V_TCP_DATA;
	if (unlikely(x->ooo || x->fin_waits)) {
		c->flags |= CONN_ACK_NOW; /* RFC 5681 4.2: a gap was filled */
		if (x->tuning)
			tune_gap(c, x, s);
		if (again == 0) /* of two duplicates the first is told (RFC 2883 4.2.2) */
			reassembly_repeated(t, c, seq, c->rcv_nxt);
		reassembly_drain(t, c);
	} else if (x->tuning) {
		tune_arrived(t, c, x, s);
	}
	return SPT_V_TCP_DATA;
}

/*
 * Ahead of a gap: kept, and each one acknowledged at once (RFC 5681 4.2, MAY-13); with a FIN by the
 * next step, so that the ACK can tell of it too. What was refused will come again, FIN and all.
 */
static enum spt_verdict
receive_out_of_order(struct tcp *t, struct conn *c, struct seg *s, struct rte_mbuf *m, uint32_t seq)
{
	enum spt_verdict v = reassembly_insert(t, c, m, seq);

	if (v == SPT_V_TCP_DATA_NO_MEMORY)
		s->flags &= ~TCP_FIN;
	if (!(s->flags & TCP_FIN))
		segment_send_bare(t, c, NULL, conn_ack_seq(c), 0);
	return v;
}

/*
 * RFC 3168 6.1.3: a router marked it, which every ACK says until the peer answers that it has sent
 * less; and if that answer was marked, again.
 */
static void
receive_congestion(struct tcp *t, struct conn *c, const struct seg *s)
{
	if (!(c->features & FEATURE_ECN))
		return;
	if (s->flags & TCP_CWR)
		c->features &= ~FEATURE_ECE;
	if ((s->tos & ECN_MASK) == ECN_CE) {
		t->stats->rx_congestion++;
		c->features |= FEATURE_ECE;
	}
}

/* seventh: the segment text. */
enum spt_verdict
receive_text(struct tcp *t, struct conn *c, struct seg *s)
{
	uint32_t skip = seq_lt(s->seq, c->rcv_nxt) ? c->rcv_nxt - s->seq : 0;
	uint32_t seq = s->seq + skip;
	uint32_t len;
	struct rte_mbuf *m;

	if (unlikely(!conn_receives(c)))
		return seg_discard(s, SPT_V_TCP_DATA_DUPLICATE); /* the peer's FIN was before it */
	if (skip >= s->len) {
		sack_duplicate(t, c, s->seq, s->seq + s->len);
		if (!(s->flags & TCP_FIN) || skip > s->len)
			return reply_ack_limited(t, c, s, SPT_V_TCP_DATA_DUPLICATE);
		return SPT_V_TCP_DATA_DUPLICATE;
	}
	len = s->len - skip;
	/* RFC 9293 3.10.7.4 first: what lies beyond the window is cut off, a FIN on its edge too */
	if (seq_geq(seq + len, c->rcv_adv)) {
		len = c->rcv_adv - seq;
		s->flags &= ~TCP_FIN;
	}
	if (len == 0)
		return reply_ack_limited(t, c, s, SPT_V_TCP_WINDOW_PROBE);
	if (unlikely(c->flags & CONN_APP_CLOSED)) {
		conn_abort(t, c, -ECONNABORTED);
		return SPT_V_TCP_DATA_AFTER_CLOSE;
	}
	if (unlikely((s->tos & ECN_MASK) == ECN_CE || (s->flags & TCP_CWR)))
		receive_congestion(t, c, s);
	if (unlikely(!receive_budget(t, c, s->m, seq, len))) {
		s->flags &= ~TCP_FIN;
		return seg_discard(s, SPT_V_TCP_DATA_NO_MEMORY);
	}
	m = chain_cut(s->m, s->payload_off + skip, len);
	s->m = NULL;
	if (likely(seq == c->rcv_nxt))
		return receive_in_order(t, c, s, m, skip);
	return receive_out_of_order(t, c, s, m, seq);
}

/* Nothing follows a FIN: what a peer sent beyond its own would lie there for as long as we live. */
static void
receive_drop_beyond(struct tcp *t, struct conn *c)
{
	struct xfer *x = conn_xfer(t, c);

	if (likely(!x))
		return;
	reassembly_drop(t, x);
	sack_dropped(x, c->rcv_nxt);
	x->tuning = 0;
	xfer_put_if_idle(t, c);
}

/* The states of RFC 9293 3.10.7.4, eighth, once all data before the FIN is there. */
void
receive_fin_in_order(struct tcp *t, struct conn *c, struct seg *s)
{
	receive_drop_beyond(t, c);
	c->rcv_nxt++;
	c->rcv_adv = seq_max(c->rcv_adv, c->rcv_nxt);
	if (c->flags & CONN_URG_RCVD)
		c->flags &= ~CONN_URG_RCVD;
	if (!(c->flags & CONN_APP_CLOSED))
		event_raise(t, c, SPT_PEER_CLOSED);
	switch (c->state) {
	case SPT_ESTABLISHED:
		c->state = SPT_CLOSE_WAIT;
		if (c->flags & CONN_CLOSE_FIN) {
			c->flags |= CONN_APP_CLOSED;
			conn_queue_fin(t, c);
			if (!conn_xfer(t, c) || !conn_xfer(t, c)->sendq) {
				c->flags |= CONN_ACK_OWED | CONN_ACK_NOW;
				output_fin(t, c, s);
				break;
			}
		}
		/* The application's own FIN may ride on the acknowledgment. */
		c->flags |= CONN_ACK_OWED | CONN_ACK_NOW;
		conn_want_output(t, c);
		break;
	case SPT_FIN_WAIT_1:
		c->state = SPT_CLOSING;
		segment_send_bare(t, c, s, conn_ack_seq(c), 0);
		break;
	case SPT_FIN_WAIT_2:
		segment_send_bare(t, c, s, conn_ack_seq(c), 0);
		time_wait_enter(t, c);
		break;
	default: SPT_ASSERT(!"FIN in a state that has had one"); break;
	}
}

/* eighth: FIN. */
enum spt_verdict
receive_fin(struct tcp *t, struct conn *c, struct seg *s)
{
	uint32_t fin = s->seq + s->len;
	struct xfer *x;

	if (!conn_receives(c))
		return SPT_V_TCP_DATA_DUPLICATE;
	if (s->len == 0 && fin == c->rcv_nxt && conn_rcv_wnd(c) == 0)
		return reply_ack_limited(t, c, s, SPT_V_TCP_WINDOW_PROBE);
	if (fin == c->rcv_nxt) {
		receive_fin_in_order(t, c, s);
		return SPT_V_TCP_FIN;
	}
	if (seq_lt(fin, c->rcv_nxt))
		return SPT_V_TCP_DATA_DUPLICATE;
	x = xfer_get(t, c);
	if (x) {
		if (unlikely(x->fin_waits && x->fin_seq != fin))
			sack_dropped(
			    x, x->fin_seq); /* that one was none, or this: the last counts */
		x->fin_waits = 1;
		x->fin_seq = fin;
		if (c->features & FEATURE_SACK)
			sack_out_of_order(t, x, fin, fin + 1);
	}
	segment_send_bare(t, c, s, conn_ack_seq(c), 0); /* a gap: tell where we are */
	return SPT_V_TCP_DATA_OUT_OF_ORDER;
}

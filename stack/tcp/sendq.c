/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The send queue: what the application gave, until it is acknowledged. Payload is never
 * written. Each transmission has header bytes of its own: headroom of the queued mbuf while nobody
 * else refers to it, else a header mbuf before indirect ones (or a copy, where the port takes no
 * chains).
 */
#include "internal.h"

struct xfer *
xfer_get(struct tcp *t, struct conn *c)
{
	bool fin = (c->flags & CONN_FIN_SENT) && c->snd_una != c->snd_nxt;
	struct xfer *x;

	if (c->xfer != POOL_NONE)
		return conn_xfer(t, c);
	if (fin && !conn_has_chunk(t))
		return NULL;
	c->xfer = pool_get(&t->xfers);
	if (c->xfer == POOL_NONE)
		return NULL;
	x = conn_xfer(t, c);
	*x = (struct xfer){
	    .snd_end = c->flags & CONN_FIN_SENT ? c->snd_nxt - 1 : c->snd_nxt,
	    .recover = c->snd_una - 1,
	    .ecn_end = c->snd_una, /* with FEATURE_ECN_REDUCED nothing was sent since */
	    .acked_us = t->now_us,
	};
	scoreboard_init(&x->sb);
	rack_init(&x->rack);
	congestion_of(c)->init(&x->cc);
	if (fin) /* it was sent without a record, so when is not known */
		scoreboard_push(
		    &x->sb, &t->chunks, c->snd_una, 1, t->now_us, SENT_FIN | SENT_AGAIN);
	return x;
}

bool
xfer_plenty(const struct tcp *t)
{
	return t->xfers.capacity == t->conns.capacity || t->xfers.n_free > t->xfers.capacity / 2;
}

/*
 * What was learned of a path that loses or reorders, W_max and RACK's window, is worth keeping
 * while the connection is idle, as long as there is no want of blocks; so is what is measured of a
 * connection that receives (tune.c).
 */
static bool
xfer_worth_keeping(const struct tcp *t, const struct xfer *x)
{
	return (x->learned || x->tuning) && xfer_plenty(t);
}

void
xfer_put_if_idle(struct tcp *t, struct conn *c)
{
	const struct xfer *x = conn_xfer(t, c);

	if (!x || x->sendq || x->ooo || x->fin_waits || x->dsack_due || x->sb.bytes > 0)
		return;
	if (unlikely(xfer_worth_keeping(t, x)))
		return;
	pool_put(&t->xfers, c->xfer);
	c->xfer = POOL_NONE;
}

static void
sendq_link(struct tcp *t, struct xfer *x, struct rte_mbuf *m)
{
	struct mbuf_link *l = link_of(t, m);

	*l = (struct mbuf_link){.seq = x->snd_end, .off = m->data_off, .len = m->data_len};
	x->snd_end += m->data_len;
	if (x->sendq)
		link_of(t, x->sendq_tail)->next = m;
	else
		x->sendq = m;
	x->sendq_tail = m;
	if (!x->send_next)
		x->send_next = m;
	x->send_mbufs++;
	t->pinned++;
}

/* Free indirect mbufs that were prepared and not used. */
static void
sendq_unprepare(struct tcp *t, struct rte_mbuf *own)
{
	while (own) {
		struct rte_mbuf *e = own;

		own = link_of(t, e)->next;
		e->next = NULL;
		rte_pktmbuf_free_seg(e);
	}
}

/* Indirect mbufs for the chain's shared segments, in its order; false: no mbuf, nothing kept. */
static bool
sendq_prepare(struct tcp *t, struct rte_mbuf *chain, struct rte_mbuf **own)
{
	struct rte_mbuf *last = NULL;

	*own = NULL;
	for (struct rte_mbuf *m = chain; m; m = m->next) {
		struct rte_mbuf *e;

		if (likely(rte_mbuf_refcnt_read(m) == 1) || m->data_len == 0)
			continue;
		e = rte_pktmbuf_alloc(t->mbufs);
		if (!e) {
			sendq_unprepare(t, *own);
			return false;
		}
		rte_pktmbuf_attach(e, m);
		e->next = m; /* whom it stands for, until it is queued */
		link_of(t, e)->next = NULL;
		if (last)
			link_of(t, last)->next = e;
		else
			*own = e;
		last = e;
	}
	return true;
}

int
sendq_append(struct tcp *t, struct conn *c, struct rte_mbuf *chain)
{
	struct rte_mbuf *own, *next;
	struct xfer *x = xfer_get(t, c);

	if (!x)
		return -ENOBUFS;
	if (unlikely(!sendq_prepare(t, chain, &own))) {
		xfer_put_if_idle(t, c);
		return -ENOBUFS;
	}
	for (struct rte_mbuf *m = chain; m; m = next) {
		next = m->next;
		if (unlikely(m->data_len == 0)) {
			rte_pktmbuf_free_seg(m);
			continue;
		}
		/*
		 * The queue's link is in the mbuf, so one that others refer to as well stays as it
		 * is and is represented by the indirect mbuf prepared for it.
		 */
		if (unlikely(own && own->next == m)) {
			struct rte_mbuf *e = own;

			own = link_of(t, e)->next;
			rte_pktmbuf_free_seg(m);
			m = e;
		}
		m->next = NULL;
		m->nb_segs = 1;
		m->pkt_len = m->data_len;
		m->ol_flags &= ~RTE_MBUF_F_TX_OFFLOAD_MASK;
		m->tx_offload = 0;
		sendq_link(t, x, m);
	}
	sendq_unprepare(t, own);
	return 0;
}

/* Free what lies wholly before 'una'. Cursors never point before it. */
void
sendq_acknowledge(struct tcp *t, struct xfer *x, uint32_t una)
{
	while (x->sendq) {
		struct rte_mbuf *m = x->sendq;
		const struct mbuf_link *l = link_of(t, m);

		if (seq_gt(l->seq + l->len, una))
			break;
		x->sendq = l->next;
		if (x->send_next == m)
			x->send_next = l->next;
		if (x->rtx_at == m)
			x->rtx_at = l->next;
		x->send_mbufs--;
		t->pinned--;
		rte_pktmbuf_free_seg(m);
	}
	if (!x->sendq)
		x->sendq_tail = NULL;
}

void
sendq_drop(struct tcp *t, struct xfer *x)
{
	sendq_acknowledge(t, x, x->snd_end);
}

/* The queued mbuf itself as the packet: it is all of the payload, and only we refer to it. */
static bool
sendq_whole(const struct rte_mbuf *m, const struct mbuf_link *l, uint32_t seq, uint32_t len,
    unsigned int header)
{
	return l->seq == seq && l->len == len && RTE_MBUF_DIRECT(m) &&
	       rte_mbuf_refcnt_read(m) == 1 && l->off >= header;
}

/* Append a reference to 'n' payload bytes at 'delta' of queued 'm' to the packet 'p'. */
static bool
sendq_attach(struct tcp *t, struct rte_mbuf *p, struct rte_mbuf **last, struct rte_mbuf *m,
    uint32_t delta, uint32_t n)
{
	const struct mbuf_link *l = link_of(t, m);
	struct rte_mbuf *i = rte_pktmbuf_alloc(t->mbufs);

	if (!i)
		return false;
	rte_pktmbuf_attach(i, m);
	i->data_off = (uint16_t)(l->off + delta);
	i->data_len = (uint16_t)n;
	i->pkt_len = n;
	i->ol_flags &= ~RTE_MBUF_F_TX_OFFLOAD_MASK;
	(*last)->next = i;
	*last = i;
	p->nb_segs++;
	p->pkt_len += n;
	return true;
}

static void
sendq_copy(const struct tcp *t, struct rte_mbuf *p, struct rte_mbuf *m, uint32_t delta, uint32_t n)
{
	const struct mbuf_link *l = link_of(t, m);
	const uint8_t *from = (const uint8_t *)m->buf_addr + l->off + delta;

	memcpy(rte_pktmbuf_append(p, (uint16_t)n), from, n);
}

struct rte_mbuf *
sendq_take(struct tcp *t, struct rte_mbuf **at, uint32_t seq, uint32_t len, unsigned int header)
{
	struct rte_mbuf *m = *at, *p, *last;
	struct mbuf_link *l = link_of(t, m);
	uint32_t left = len;

	SPT_ASSERT(seq_leq(l->seq, seq) && seq_lt(seq, l->seq + l->len));
	if (likely(sendq_whole(m, l, seq, len, header))) {
		*at = l->next;
		m->data_off = l->off;
		m->data_len = l->len;
		m->pkt_len = l->len;
		m->ol_flags = 0;
		rte_mbuf_refcnt_update(m, 1);
		return m;
	}
	p = last = segment_alloc(t);
	while (p && left > 0) {
		uint32_t delta, n;

		l = link_of(t, m);
		delta = seq + (len - left) - l->seq;
		n = RTE_MIN(left, l->len - delta);
		if (!t->multi_segment) {
			sendq_copy(t, p, m, delta, n);
		} else if (!sendq_attach(t, p, &last, m, delta, n)) {
			rte_pktmbuf_free(p);
			t->stats->tx_no_mbuf++;
			return NULL;
		}
		left -= n;
		if (delta + n == l->len)
			m = l->next;
	}
	if (p)
		*at = m;
	return p;
}

/*
 * A device that reads a header and then each segment's payload takes so many pieces for a segment,
 * and in all; small ones, of an application that writes little at a time, may be more.
 */
uint32_t
sendq_span(const struct tcp *t, struct rte_mbuf *at, uint32_t seq, uint32_t len, uint32_t mss)
{
	const struct mbuf_link *l = link_of(t, at);
	uint32_t fits, here = l->seq + l->len - seq;
	unsigned int all = 2; /* the headers, and 'at' */

	for (fits = 0; fits + mss <= len; fits += mss) {
		unsigned int pieces = 1 + (here > 0);
		uint32_t left = mss;

		while (here < left) {
			left -= here;
			l = link_of(t, l->next);
			here = l->len;
			if (++all > t->most_mbufs || ++pieces > t->segment_mbufs)
				return fits;
		}
		here -= left;
	}
	return fits;
}

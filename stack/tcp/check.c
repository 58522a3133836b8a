/* SPDX-License-Identifier: BSD-3-Clause */
/* Invariants of TCP on one core: for tests after each step, and for debuggers. */
#include "internal.h"

struct check_sums {
	uint32_t pinned, xfers, chunks, open, waiting, ended, armed, sourced;
};

static const char *
check_send_queue(
    const struct tcp *t, const struct conn *c, const struct xfer *x, struct check_sums *sums)
{
	uint32_t n = 0, seq = 0;
	bool next_seen = x->send_next == NULL;

	for (struct rte_mbuf *m = x->sendq; m; m = link_of(t, m)->next) {
		const struct mbuf_link *l = link_of(t, m);

		if (n++ > 0 && l->seq != seq)
			return "send queue: a gap between two elements";
		if (l->len == 0)
			return "send queue: an empty element";
		seq = l->seq + l->len;
		if (m == x->send_next) {
			next_seen = true;
			if (!(seq_leq(l->seq, c->snd_nxt) && seq_lt(c->snd_nxt, seq)))
				return "send queue: the cursor is not at SND.NXT";
		}
	}
	if (x->sendq && seq != x->snd_end)
		return "send queue: its end is not snd_end";
	/* Before the handshake our SYN is all that is out. */
	if (x->sendq && !seq_leq(link_of(t, x->sendq)->seq, c->snd_una + !conn_is_synchronized(c)))
		return "send queue: it begins after SND.UNA";
	if (!next_seen)
		return "send queue: the cursor is not in it";
	if (!x->send_next && x->sendq && seq_lt(c->snd_nxt, x->snd_end))
		return "send queue: unsent data without a cursor";
	if (n != x->send_mbufs)
		return "send queue: wrong count";
	sums->pinned += n;
	return NULL;
}

/* What is out is in the scoreboard: all of SND.UNA to SND.NXT. */
static const char *
check_recovery(struct tcp *t, const struct conn *c, const struct xfer *x, struct check_sums *sums)
{
	const char *wrong;

	for (uint32_t i = x->sb.head; i != POOL_NONE;
	     i = ((const struct sent_chunk *)pool_at(&t->chunks, i))->next)
		sums->chunks++;
	if (!conn_is_synchronized(c))
		return x->sb.bytes > 0 ? "scoreboard: records of a SYN" : NULL;
	wrong = scoreboard_check(&x->sb, &t->chunks, c->snd_una, c->snd_nxt);
	if (wrong)
		return wrong;
	if (x->dup_bytes > scoreboard_flight(&x->sb))
		return "recovery: duplicates tell of more than is in flight";
	if (x->recovery != RECOVERY_OPEN && seq_geq(c->snd_una, x->recover))
		return "recovery: not left";
	if ((c->timers & (TIMER_REORDER | TIMER_PROBE)) && seq_gt(c->t_rtx, x->rto))
		return "recovery: a timer that comes after the time-out";
	return NULL;
}

static const char *
check_out_of_order(
    const struct tcp *t, const struct conn *c, const struct xfer *x, struct check_sums *sums)
{
	uint32_t bytes = 0, mbufs = 0, runs = 0, end = c->rcv_nxt;
	struct rte_mbuf *last = NULL;

	for (struct rte_mbuf *m = x->ooo; m; last = m, m = link_of(t, m)->next) {
		uint32_t seq = link_of(t, m)->seq;

		if (!seq_gt(seq, end))
			return "out-of-order queue: no gap, or data that is in order";
		if (m->next && link_of(t, m->next)->next != rte_pktmbuf_lastseg(m))
			return "out-of-order queue: a run of which the end is not known";
		end = seq + m->pkt_len;
		bytes += m->pkt_len;
		mbufs += m->nb_segs;
		runs++;
	}
	if (last != x->ooo_tail)
		return "out-of-order queue: wrong tail";
	if (bytes != x->ooo_bytes || mbufs != x->ooo_mbufs || runs != x->ooo_runs)
		return "out-of-order queue: wrong counts";
	if (x->ooo && seq_gt(end, c->rcv_adv))
		return "out-of-order queue: beyond the window";
	sums->pinned += mbufs;
	return NULL;
}

/* What has come already, the wheel looks at with its next tick. */
static bool
wheel_comes_after(const struct tcp *t, const struct conn *c, uint32_t deadline)
{
	return c->node.slot == 0 ||
	       (seq_gt(c->node.expires, deadline) && seq_gt(c->node.expires, t->now_tick + 1));
}

static const char *
check_conn(struct tcp *t, const struct conn *c, struct check_sums *sums)
{
	const struct xfer *x = conn_xfer(t, c);
	const char *wrong;

	sums->open++;
	sums->sourced += c->source != 0;
	if (!seq_leq(c->snd_una, c->snd_nxt))
		return "connection: SND.UNA is beyond SND.NXT";
	if (!seq_leq(c->rcv_nxt, c->rcv_adv))
		return "connection: RCV.NXT is beyond the window's edge";
	if (c->rcv_free > (int32_t)c->rcv_limit)
		return "connection: more receive buffer free than there is";
	if ((c->timers & TIMER_RTX) && (c->timers & TIMER_PERSIST))
		return "connection: both retransmission and persist timer";
	if (c->snd_una != c->snd_nxt && !(c->timers & (TIMER_RTX | TIMER_PERSIST)) &&
	    !(c->flags & CONN_IN_OUTPUT))
		return "connection: data in flight without a timer";
	if ((c->timers & TIMER_SPACE) && (c->timers & (TIMER_RTX | TIMER_PERSIST)))
		return "connection: looks for space while another timer will";
	if ((c->timers & (TIMER_REORDER | TIMER_PROBE)) && (!x || !(c->timers & TIMER_RTX)))
		return "connection: a timer of recovery without the time-out";
	if ((c->timers & TIMERS_OF_RTX) && wheel_comes_after(t, c, c->t_rtx))
		return "connection: the wheel comes after its retransmission deadline";
	if ((c->timers & TIMER_IDLE) && wheel_comes_after(t, c, c->t_idle))
		return "connection: the wheel comes after its idle deadline";
	if (flow_lookup(&t->flows, &c->key, flow_hash(&t->flows, &c->key)) !=
	    flow_ref_make(FLOW_CONN, conn_index(t, c)))
		return "connection: not in the flow table";
	if (!x)
		return NULL;
	sums->xfers++;
	if (!x->sendq && !x->ooo && !x->fin_waits && !x->dsack_due && x->sb.bytes == 0 &&
	    !x->learned && !x->tuning)
		return "connection: a transfer block that is not needed";
	wrong = check_recovery(t, c, x, sums);
	if (!wrong)
		wrong = pmtu_check(t, c, x);
	if (!wrong)
		wrong = check_send_queue(t, c, x, sums);
	return wrong ? wrong : check_out_of_order(t, c, x, sums);
}

static const char *
check_conns(struct tcp *t, struct check_sums *sums)
{
	for (uint32_t i = 0; i < t->conns.capacity; i++) {
		const struct conn *c = conn_at(t, i);
		const char *wrong;

		sums->armed += c->node.slot != 0;
		if (conn_is_open(c)) {
			wrong = check_conn(t, c, sums);
			if (wrong)
				return wrong;
		} else if (c->marks & MARK_ENDED && (c->flags & CONN_IN_OUTPUT)) {
			sums->ended++;
		}
	}
	return NULL;
}

/* Records: every used one is in exactly one queue, listeners' counts agree. */
static const char *
check_records(const struct tcp *t)
{
	uint32_t half_open = 0;
	uint64_t by_listener = 0;
	const char *wrong = fifo_check(&t->time_wait_fifo);

	if (wrong)
		return wrong;
	for (unsigned int i = 0; i < RTE_DIM(t->syn_ack); i++) {
		wrong = fifo_check(&t->syn_ack[i]);
		if (wrong)
			return wrong;
		half_open += t->syn_ack[i].length;
	}
	if (half_open != pool_used(&t->half_opens))
		return "half-open records: used ones are not all in a queue";
	if (t->time_wait_fifo.length != pool_used(&t->time_waits))
		return "TIME-WAIT records: used ones are not all in the queue";
	for (uint32_t i = 0; i < t->listeners.capacity; i++)
		by_listener += t->listeners.slots[i].lport ? t->listener[i].half_open : 0;
	if (by_listener != half_open)
		return "listeners: their half-open counts do not add up";
	return NULL;
}

const char *
tcp_check(const struct tcp *t)
{
	struct check_sums sums = {0};
	const struct pool *pools[] = {&t->conns, &t->xfers, &t->chunks, &t->half_opens,
	    &t->time_waits, &t->events, &t->options};
	/* walks over scoreboards take their pool as it is, and change nothing */
	const char *wrong = check_conns((struct tcp *)(uintptr_t)t, &sums);

	for (unsigned int i = 0; !wrong && i < RTE_DIM(pools); i++)
		wrong = pool_check(pools[i]);
	if (!wrong)
		wrong = flow_check(&t->flows);
	if (!wrong)
		wrong = wheel_check(&t->wheel);
	if (!wrong)
		wrong = check_records(t);
	if (wrong)
		return wrong;
	for (uint32_t i = t->ready_head; i != POOL_NONE;) {
		const struct event_slot *e = event_at(t, i);

		sums.pinned += e->data_mbufs;
		sums.waiting += (e->bits & SPT_CLOSED) != 0;
		i = e->next;
	}
	if (sums.pinned != t->pinned)
		return "the count of pinned mbufs is wrong";
	if (sums.xfers != pool_used(&t->xfers))
		return "a transfer block leaked";
	if (sums.chunks != pool_used(&t->chunks))
		return "a chunk of a scoreboard leaked";
	if (sums.open + sums.waiting + sums.ended != pool_used(&t->conns))
		return "a connection leaked";
	for (uint32_t i = t->time_wait_fifo.head; i != POOL_NONE; i = time_wait_at(t, i)->link.next)
		sums.sourced += time_wait_at(t, i)->source != 0;
	if (sums.sourced != t->source_tuples)
		return "sources: the count of tuples in use is wrong";
	if (sums.armed != t->wheel.armed)
		return "the wheel's count is wrong";
	return NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events: a set of bits per connection and a ready list. What happens to one
 * connection coalesces into one slot; what the application's array cannot hold stays
 * in the list. There are as many slots as connections, so none is ever refused.
 */
#include "internal.h"

struct event_slot *
event_slot(struct tcp *t, struct conn *c)
{
	struct event_slot *e;

	if (likely(c->event != POOL_NONE))
		return event_at(t, c->event);
	c->event = pool_get(&t->events);
	SPT_ASSERT(c->event != POOL_NONE);
	pool_prefetch(&t->events, 0);
	e = event_at(t, c->event);
	*e = (struct event_slot){.conn = conn_index(t, c), .next = POOL_NONE, .turn = t->turn};
	if (t->ready_tail != POOL_NONE)
		event_at(t, t->ready_tail)->next = c->event;
	else
		t->ready_head = c->event;
	t->ready_tail = c->event;
	return e;
}

void
event_raise(struct tcp *t, struct conn *c, uint32_t bits)
{
	event_slot(t, c)->bits |= bits;
}

/* A close reason is never overwritten by a soft error. */
void
event_soft_error(struct tcp *t, struct conn *c, int reason)
{
	struct event_slot *e = event_slot(t, c);

	e->bits |= SPT_SOFT_ERROR;
	if (!(e->bits & SPT_CLOSED))
		e->reason = reason;
}

/* Payload in order, for the application: the chains of a turn are joined. */
void
event_data(struct tcp *t, struct conn *c, struct rte_mbuf *m, struct rte_mbuf *last)
{
	struct event_slot *e = event_slot(t, c);
	uint32_t mbufs = m->nb_segs;

	e->bits |= SPT_RECEIVED;
	e->bytes += m->pkt_len;
	e->data_mbufs += mbufs;
	t->pinned += mbufs;
	if (!e->data) {
		e->data = m;
	} else {
		e->tail->next = m;
		e->data->nb_segs += m->nb_segs;
		e->data->pkt_len += m->pkt_len;
	}
	e->tail = last;
}

/* Hand one slot over; the mbufs belong to the application now. */
static void
event_fill(struct tcp *t, struct conn *c, const struct event_slot *e, struct spt_event *out)
{
	*out = (struct spt_event){
	    .conn = (uint64_t)c->generation << 32 | e->conn,
	    .user = c->user,
	    .events = e->bits,
	    .reason = e->reason,
	    .data = e->data,
	    .bytes = e->bytes,
	    .acked = e->acked,
	    .listener = e->listener,
	};
	t->pinned -= e->data_mbufs;
	t->stats->events_delayed += e->turn != t->turn;
}

unsigned int
tcp_events_take(struct tcp *t, struct spt_event *events, unsigned int max)
{
	unsigned int n = 0;

	t->input = NULL; /* from here on its index may name another connection */
	while (n < max && t->ready_head != POOL_NONE) {
		uint32_t index = t->ready_head;
		struct event_slot *e = event_at(t, index);
		struct conn *c = conn_at(t, e->conn);
		bool ended = e->bits & SPT_CLOSED;

		t->ready_head = e->next;
		if (t->ready_head == POOL_NONE)
			t->ready_tail = POOL_NONE;
		else
			rte_prefetch0(event_at(t, t->ready_head));
		event_fill(t, c, e, &events[n++]);
		c->event = POOL_NONE;
		pool_put(&t->events, index);
		if (ended)
			conn_free(t, c);
	}
	return n;
}

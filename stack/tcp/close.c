/* SPDX-License-Identifier: BSD-3-Clause */
/* The ends of a connection: orderly, by reset, and the return of what it held. */
#include "internal.h"

void
conn_queue_fin(struct tcp *t, struct conn *c)
{
	SPT_ASSERT(!(c->flags & CONN_FIN_QUEUED));
	c->flags |= CONN_FIN_QUEUED;
	c->flags &= ~CONN_MORE;
	conn_want_output(t, c);
}

void
conn_release(struct tcp *t, struct conn *c, int reason)
{
	struct xfer *x = conn_xfer(t, c);
	struct event_slot *e;

	wheel_cancel(&t->wheel, conn_index(t, c));
	c->timers = 0;
	if (x) {
		sendq_drop(t, x);
		reassembly_drop(t, x);
		scoreboard_clear(&x->sb, &t->chunks);
		pool_put(&t->xfers, c->xfer);
		c->xfer = POOL_NONE;
	}
	if (c->source) {
		source_release(t, c->source);
		c->source = 0;
	}
	c->state = SPT_CLOSED_STATE;
	t->stats->closed++;
	e = event_slot(t, c);
	e->bits = (e->bits & ~(uint32_t)SPT_WRITABLE) | SPT_CLOSED;
	e->reason = reason;
}

void
conn_finish(struct tcp *t, struct conn *c, int reason)
{
	flow_remove(&t->flows, conn_hash(t, c), flow_ref_make(FLOW_CONN, conn_index(t, c)));
	conn_release(t, c, reason);
}

void
conn_abort(struct tcp *t, struct conn *c, int reason)
{
	reset_send(t, c);
	conn_finish(t, c, reason);
}

/*
 * The handle dies with the generation. While the output list still names the connection
 * its index waits there (output.c frees it).
 */
void
conn_free(struct tcp *t, struct conn *c)
{
	SPT_ASSERT(c->state == SPT_CLOSED_STATE && c->event == POOL_NONE);
	option_put(t, c->options);
	c->generation++;
	if (c->generation == 0)
		c->generation = 1;
	if (c->flags & CONN_IN_OUTPUT)
		c->marks |= MARK_ENDED;
	else
		pool_put(&t->conns, conn_index(t, c));
}

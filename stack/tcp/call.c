/* SPDX-License-Identifier: BSD-3-Clause */
/* The user's calls, RFC 9293 3.10.1 to 3.10.5: OPEN (passive; connect.c has the other), SEND,
 * RECEIVE, CLOSE, ABORT. */
#include "internal.h"

/* The open connection of a handle, or NULL: stale. */
static struct conn *
conn_find(struct tcp *t, spt_conn handle)
{
	uint32_t index = (uint32_t)handle;
	struct conn *c;

	if (index >= t->conns.capacity)
		return NULL;
	c = conn_at(t, index);
	if (c->generation != (uint32_t)(handle >> 32) || !conn_is_open(c) ||
	    (c->marks & MARK_ABORT))
		return NULL;
	return c;
}

int
tcp_listen(
    struct tcp *t, const struct spt_endpoint *local, const struct spt_listen_options *options)
{
	const struct spt_listen_options none = {0};
	uint16_t laddr = LISTENER_ANY;
	struct tcp_listener *l;
	int slot, block;

	if (!options)
		options = &none;
	if (local->port == 0)
		return -EINVAL;
	if (!addr_is_zero(&local->addr)) {
		int found = local_find(&t->local, &local->addr);

		if (found == LOCAL_NONE)
			return -EADDRNOTAVAIL;
		laddr = (uint16_t)found;
	}
	block = option_get(t, &options->conn);
	if (block < 0)
		return block;
	slot = listener_add(&t->listeners, local->port, laddr);
	if (slot < 0) {
		option_put(t, (uint16_t)block);
		return slot;
	}
	l = &t->listener[slot];
	*l = (struct tcp_listener){
	    .backlog = options->backlog ? options->backlog : UINT32_MAX,
	    .options = (uint16_t)block,
	    .defer_accept = options->defer_accept,
	    .close_on_fin = options->close_on_fin,
	    .user = options->user,
	};
	return slot;
}

/* The half-open records of a listener go, with a RST if wanted. False: no room for more RSTs. */
static bool
unlisten_records(struct tcp *t, int listener, enum spt_unlisten how)
{
	for (unsigned int step = 0; step <= t->syn_ack_retries; step++) {
		uint32_t next;

		for (uint32_t i = t->syn_ack[step].head; i != POOL_NONE; i = next) {
			struct half_open *h = half_open_at(t, i);

			next = h->link.next;
			if (h->listener != listener)
				continue;
			if (how == SPT_UNLISTEN_RESET) {
				if (txlist_room(t->out) <= OUTPUT_RESERVE)
					return false;
				reset_send_record(t, h);
			}
			half_open_remove(t, h);
		}
	}
	return true;
}

/* CLOSE and ABORT of RFC 9293 3.10.4 and 3.10.5 in LISTEN. */
int
tcp_unlisten(struct tcp *t, int listener, enum spt_unlisten how)
{
	if (listener < 0 || (uint32_t)listener >= t->listeners.capacity ||
	    t->listeners.slots[listener].lport == 0)
		return -ENOENT;
	if (!unlisten_records(t, listener, how))
		return -EAGAIN;
	listener_remove(&t->listeners, listener);
	option_put(t, t->listener[listener].options);
	return 0;
}

static int
send_refused(struct tcp *t, struct conn *c, int error)
{
	acknowledge_await_space(t, c);
	return error;
}

/* RFC 9293 3.10.2. */
int
tcp_send(struct tcp *t, spt_conn handle, struct rte_mbuf *chain, unsigned int flags)
{
	struct conn *c = conn_find(t, handle);
	const struct option_block *o;
	const struct xfer *x;
	uint32_t length;

	if (!c)
		return -ESTALE;
	if (!chain || chain->pkt_len == 0 || chain->nb_segs > send_budget(t))
		return -EINVAL;
	if (c->flags & CONN_FIN_QUEUED)
		return -EPIPE;
	o = conn_options(t, c);
	x = conn_xfer(t, c);
	if (x && x->snd_end - c->snd_una >= o->set.send_buffer)
		return send_refused(t, c, -EAGAIN);
	if (!send_budget_allows(t, x, chain->nb_segs)) {
		t->stats->budget_refused++;
		return send_refused(t, c, -ENOBUFS);
	}
	length = chain->pkt_len;
	if (length > UINT32_C(1) << 30)
		return -EINVAL;
	if (sendq_append(t, c, chain) != 0)
		return send_refused(t, c, -ENOBUFS);
	if (flags & SPT_URGENT_DATA) {
		c->snd_up = conn_snd_end(t, c);
		c->flags |= CONN_URG_SEND;
	}
	if (flags & SPT_MORE)
		c->flags |= CONN_MORE;
	else
		c->flags &= ~CONN_MORE;
	conn_want_output(t, c);
	return 0;
}

/* The peer is told of room when it is worth it (RFC 9293 3.8.6.2.2). */
static void
call_tell_window(struct tcp *t, struct conn *c)
{
	uint32_t step, room, wnd;

	if (c->rcv_free <= 0)
		return;
	step = RTE_MIN(2u * c->mss, c->rcv_limit / 2);
	wnd = RTE_MIN((uint32_t)c->rcv_free, (uint32_t)UINT16_MAX << conn_rcv_shift(c));
	room = c->rcv_nxt + wnd - c->rcv_adv;
	if ((int32_t)room >= (int32_t)step && !(c->flags & CONN_ACK_NOW)) {
		c->flags |= CONN_ACK_NOW;
		conn_want_output(t, c);
	}
}

/* RFC 9293 3.10.3: what was delivered is done with; the window may open (3.8.6.2.2). */
int
tcp_receive_done(struct tcp *t, spt_conn handle, uint32_t bytes)
{
	struct conn *c = conn_find(t, handle);
	uint32_t waiting = 0;

	if (!c)
		return -ESTALE;
	if (unlikely(c->event != POOL_NONE))
		waiting = event_at(t, c->event)->bytes; /* not the application's yet */
	if ((int64_t)c->rcv_free + waiting + bytes > (int64_t)c->rcv_limit)
		return -EINVAL;
	c->rcv_free += (int32_t)bytes;
	if (!conn_receives(c))
		return 0;
	tune_read(t, c, bytes);
	call_tell_window(t, c);
	return 0;
}

/* CLOSE of RFC 9293 3.10.4, one direction: FIN-WAIT-1 at once, LAST-ACK when our FIN goes out. */
int
tcp_shutdown(struct tcp *t, spt_conn handle)
{
	struct conn *c = conn_find(t, handle);

	if (!c)
		return -ESTALE;
	if (c->state == SPT_SYN_SENT)
		return -ENOTCONN;
	if (c->flags & CONN_FIN_QUEUED)
		return -EALREADY;
	conn_queue_fin(t, c);
	if (c->state == SPT_ESTABLISHED)
		c->state = SPT_FIN_WAIT_1;
	return 0;
}

/* Data that the application will never see: received and not delivered, or behind a gap. */
static bool
close_loses_data(struct tcp *t, const struct conn *c)
{
	const struct xfer *x = conn_xfer(t, c);

	if (c->event != POOL_NONE && event_at(t, c->event)->bytes > 0)
		return true;
	return x && x->ooo;
}

int
tcp_close(struct tcp *t, spt_conn handle)
{
	struct conn *c = conn_find(t, handle);

	if (!c)
		return -ESTALE;
	if (c->flags & CONN_APP_CLOSED)
		return 0;
	if (c->state == SPT_SYN_SENT) { /* nobody has answered: the TCB is deleted */
		t->stats->closed_aborted++;
		conn_finish(t, c, -ECONNABORTED);
		return 0;
	}
	if (close_loses_data(t, c)) { /* RFC 9293 3.6.1, SHLD-3 */
		c->marks |= MARK_LOST;
		return tcp_abort(t, handle);
	}
	c->flags |= CONN_APP_CLOSED;
	if (!(c->flags & CONN_FIN_QUEUED)) {
		conn_queue_fin(t, c);
		if (c->state == SPT_ESTABLISHED)
			c->state = SPT_FIN_WAIT_1;
	} else if (c->state == SPT_FIN_WAIT_2) {
		c->idle_since = t->now_half;
		idle_arm(t, c);
	}
	return 0;
}

/* RFC 9293 3.10.5. The RST goes out with the next turn, so that many fit. */
int
tcp_abort(struct tcp *t, spt_conn handle)
{
	struct conn *c = conn_find(t, handle);

	if (!c)
		return -ESTALE;
	c->marks |= MARK_ABORT;
	conn_want_output(t, c);
	return 0;
}

int
tcp_conn_get(struct tcp *t, spt_conn handle, struct spt_conn_options *options)
{
	struct conn *c = conn_find(t, handle);

	if (!c)
		return -ESTALE;
	*options = conn_options(t, c)->set;
	return 0;
}

int
tcp_conn_set(struct tcp *t, spt_conn handle, const struct spt_conn_options *options)
{
	struct conn *c = conn_find(t, handle);
	struct spt_conn_options set = *options;
	const struct spt_conn_options *now;
	uint32_t before, limit;
	int block;

	if (!c)
		return -ESTALE;
	if (!conn_is_synchronized(c))
		set.mss = conn_options(t, c)->set.mss; /* every SYN says the same */
	block = option_get(t, &set);
	if (block < 0)
		return block;
	before = conn_options(t, c)->set.receive_buffer;
	option_put(t, c->options);
	c->options = (uint16_t)block;
	option_apply(t, c);
	/* What tuning made of it stays, unless it is about that. */
	now = &conn_options(t, c)->set;
	limit = now->receive_buffer == before ? c->rcv_limit : now->receive_buffer;
	limit = RTE_MIN(limit, now->receive_buffer_max);
	limit = RTE_MAX(limit, 1u << conn_rcv_shift(c));
	c->rcv_free += (int32_t)(limit - c->rcv_limit);
	c->rcv_limit = limit;
	if (conn_receives(c))
		call_tell_window(t, c);
	retransmit_hasten(t, c); /* R2 and the user time-out may have changed */
	idle_arm(t, c);
	conn_want_output(t, c);
	return 0;
}

int
tcp_conn_set_user(struct tcp *t, spt_conn handle, void *user)
{
	struct conn *c = conn_find(t, handle);

	if (!c)
		return -ESTALE;
	c->user = user;
	return 0;
}

int
tcp_conn_info(struct tcp *t, spt_conn handle, struct spt_conn_info *info)
{
	struct conn *c = conn_find(t, handle);

	if (!c)
		return -ESTALE;
	info_conn(t, c, info);
	return 0;
}

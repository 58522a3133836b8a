/* SPDX-License-Identifier: BSD-3-Clause */
/* The application of the world: what it hears, and the calls that it makes. */
#include <errno.h>
#include <string.h>

#include <base/addr.h>

#include <lib/pattern.h>

#include "world_priv.h"

/* ---- what it hears --------------------------------------------------------- */

/* Streams go round with the sequence numbers: their byte 0 follows the first SYN of the peer. */
static void
take_data(struct world *w, const struct spt_event *e)
{
	uint32_t at = w->delivered_before + w->delivered;

	for (struct rte_mbuf *m = e->data; m != NULL; m = m->next) {
		for (uint32_t i = 0; i < m->data_len; i++) {
			if (*rte_pktmbuf_mtod_offset(m, uint8_t *, i) !=
			    pattern_byte(WORLD_PEER_SEED, at++))
				w->broken = "bytes were delivered that are not the stream's";
		}
	}
	w->delivered += e->bytes;
	rte_pktmbuf_free(e->data);
}

/* An incarnation of before says its last word. */
static bool
dispatch_old(struct world *w, const struct spt_event *e)
{
	for (unsigned int i = 0; i < w->n_old; i++) {
		if (w->old[i] != e->conn)
			continue;
		if (e->events & SPT_CLOSED)
			w->old[i] = w->old[--w->n_old];
		return true;
	}
	return false;
}

void
world_dispatch(struct world *w, const struct spt_event *e)
{
	bool old = dispatch_old(w, e);

	if (e->events & SPT_ACCEPTED) {
		w->conn = e->conn;
		w->open = true;
		w->user = NULL;
	}
	if (!old && (!w->open || e->conn != w->conn))
		w->broken = "an event of another connection";
	if (!old && e->user != w->user)
		w->broken = "an event with another user pointer";
	if (e->events & SPT_RECEIVED)
		take_data(w, e);
	w->events |= e->events;
	w->acked += e->acked;
	if (e->events & SPT_CLOSED) {
		w->reason = e->reason;
		w->open = w->open && old;
	}
}

void
world_deaf(struct world *w, bool deaf)
{
	w->deaf = deaf;
}

void
world_turn(struct world *w)
{
	world_settle(w);
}

/* ---- its calls --------------------------------------------------------------- */

int
world_connect(struct world *w)
{
	struct spt_endpoint local = {w->local, w->lport}, remote = {w->remote, w->rport};
	spt_conn conn;
	int rc = spt_connect(w->engine, w->source, &local, &remote, w, &conn);

	if (rc != 0)
		return rc;
	if (w->open && w->n_old < WORLD_OLD)
		w->old[w->n_old++] = w->conn;
	w->conn = conn;
	w->open = true;
	w->user = w;
	w->again = w->have_iss;
	w->have_iss = false;
	w->tcb.fin_sent = false;
	w->sent = 0;
	return 0;
}

int
world_listen(struct world *w, bool any)
{
	struct spt_listen_options options = {.conn = world_options()};
	struct spt_endpoint local = {.port = w->lport};
	int rc;

	if (!any)
		local.addr = w->local;
	rc = spt_listen(w->engine, &local, &options);
	if (rc >= 0 && w->n_extra < WORLD_EXTRA)
		w->extra[w->n_extra++] = rc;
	return RTE_MIN(rc, 0);
}

int
world_unlisten(struct world *w, enum spt_unlisten how)
{
	struct spt_conn_info info;

	/* A record of it goes without a word. */
	if (how == SPT_UNLISTEN_DRAIN && !w->open && world_find(w, &info) &&
	    info.state == SPT_SYN_RECEIVED)
		monitor_forget_half_open(w->monitor);
	return spt_unlisten(w->engine, w->listener, how);
}

int
world_source_remove(struct world *w)
{
	return spt_source_remove(w->engine, w->source);
}

int
world_send(struct world *w, uint32_t bytes, unsigned int flags)
{
	struct rte_mbuf *m = spt_buffer_alloc(w->engine), *last = m;
	uint32_t left = bytes, at = w->sent;
	int rc;

	while (m != NULL && left > 0) {
		uint16_t n = (uint16_t)RTE_MIN(left, 1000u);

		pattern_fill((uint8_t *)rte_pktmbuf_append(last, n), n, WORLD_ENGINE_SEED, at);
		at += n;
		left -= n;
		if (last != m) {
			m->nb_segs++;
			m->pkt_len += n;
		}
		if (left == 0)
			break;
		last->next = spt_buffer_alloc(w->engine);
		last = last->next;
		if (last == NULL)
			world_die("no mbuf for the application");
	}
	if (m == NULL)
		world_die("no mbuf for the application");
	rc = spt_send(w->engine, w->conn, m, flags);
	if (rc == 0)
		w->sent = at;
	else
		rte_pktmbuf_free(m);
	return rc;
}

int
world_receive_done(struct world *w, uint32_t bytes)
{
	return spt_receive_done(w->engine, w->conn, bytes);
}

int
world_shutdown(struct world *w)
{
	return spt_shutdown(w->engine, w->conn);
}

/* In SYN-SENT, CLOSING and LAST-ACK ABORT says nothing to the peer (RFC 9293 3.10.5). */
static void
gives_up_silently(struct world *w, bool close)
{
	struct spt_endpoint local = {w->local, w->lport}, remote = {w->remote, w->rport};
	struct spt_conn_info info;

	if (spt_conn_info(w->engine, w->conn, &info) != 0)
		return;
	if (info.state == SPT_SYN_SENT ||
	    (!close && (info.state == SPT_CLOSING || info.state == SPT_LAST_ACK)))
		monitor_forget(w->monitor, &local, &remote);
}

int
world_close(struct world *w)
{
	gives_up_silently(w, true);
	return spt_close(w->engine, w->conn);
}

int
world_abort(struct world *w)
{
	gives_up_silently(w, false);
	return spt_abort(w->engine, w->conn);
}

int
world_get(struct world *w, struct spt_conn_options *options)
{
	return spt_conn_get(w->engine, w->conn, options);
}

int
world_set(struct world *w, const struct spt_conn_options *options)
{
	return spt_conn_set(w->engine, w->conn, options);
}

int
world_set_user(struct world *w, void *user)
{
	int rc = spt_conn_set_user(w->engine, w->conn, user);

	if (rc == 0)
		w->user = user;
	return rc;
}

int
world_status(struct world *w, struct spt_conn_info *info)
{
	return spt_conn_info(w->engine, w->conn, info);
}

bool
world_is_ours(const struct world *w, const struct spt_conn_info *info)
{
	return addr_eq(&info->local.addr, &w->local) && addr_eq(&info->remote.addr, &w->remote) &&
	       info->local.port == w->lport && info->remote.port == w->rport;
}

uint32_t
world_heard(const struct world *w, int *reason)
{
	*reason = w->reason;
	return w->events;
}

uint32_t
world_acked(const struct world *w)
{
	return w->acked;
}

/* Listeners of this cell go, and what every world has is there again. */
void
world_restore(struct world *w)
{
	struct spt_source_info info;

	while (w->n_extra > 0)
		spt_unlisten(w->engine, w->extra[--w->n_extra], SPT_UNLISTEN_DRAIN);
	spt_unlisten(w->engine, w->listener, SPT_UNLISTEN_DRAIN);
	world_listen_again(w);
	if (spt_source_info(w->engine, w->source, &info) != 0)
		world_source_again(w);
}

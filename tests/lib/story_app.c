/* SPDX-License-Identifier: BSD-3-Clause */
/* The applications of a story: what both ends ask their engines for, and what they are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "story_priv.h"

static struct story_end *
new_end(unsigned int side, spt_conn conn)
{
	struct story_end *e = &story->end[story->n_ends];
	struct spt_conn_info info;

	if (story->n_ends++ == ENDS_MAX) {
		fprintf(stderr, "story: too many ends\n");
		exit(2);
	}
	*e = (struct story_end){.side = side, .conn = conn, .open = true};
	if (spt_conn_info(story->side[side].engine, conn, &info) == 0) {
		e->local = info.local;
		e->remote = info.remote;
	} else {
		story_wrong("no info of a new connection");
	}
	return e;
}

/* The youngest of the other side between the same endpoints. */
struct story_end *
story_other(const struct story_end *e)
{
	for (unsigned int i = story->n_ends; i > 0; i--) {
		struct story_end *o = &story->end[i - 1];

		if (o->side != e->side && o->local.port == e->remote.port &&
		    o->remote.port == e->local.port)
			return o;
	}
	return NULL;
}

static struct story_end *
accepted(unsigned int side, const struct spt_event *event)
{
	struct story_end *e = new_end(side, event->conn), *opener = story_other(e);

	if (opener == NULL)
		story_wrong("accepted what nobody opened");
	else
		e->life = opener->life;
	spt_conn_set_user(story->side[side].engine, event->conn, e);
	return e;
}

static void
take_data(struct story_end *e, const struct spt_event *event)
{
	uint32_t n = 0;

	for (const struct rte_mbuf *m = event->data; m != NULL; m = m->next) {
		if (!story->config.any_bytes &&
		    pattern_match(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
		        SEED(e->life, !e->side), e->received) != m->data_len)
			story_wrong("bytes delivered that are not of this connection's stream");
		e->received += m->data_len;
		n += m->data_len;
	}
	e->unread += n;
	if (!story->config.by_hand && !(event->events & SPT_CLOSED)) {
		spt_receive_done(story->side[e->side].engine, e->conn, n);
		e->unread = 0;
	}
}

void
story_on_event(unsigned int side, const struct spt_event *event)
{
	struct story_end *e = event->user;

	/* Accepted and gone in one turn: nobody to ask whose it was. */
	if ((event->events & SPT_ACCEPTED) && (event->events & SPT_CLOSED)) {
		rte_pktmbuf_free(event->data);
		return;
	}
	if (event->events & SPT_ACCEPTED)
		e = accepted(side, event);
	if (e == NULL || !e->open || e->conn != event->conn) {
		story_wrong("an event of no connection, or after CLOSED");
		rte_pktmbuf_free(event->data);
		return;
	}
	if (event->data != NULL)
		take_data(e, event);
	rte_pktmbuf_free(event->data);
	e->events |= event->events;
	e->acked += event->acked;
	if (event->events & SPT_CLOSED) {
		e->open = false;
		e->reason = event->reason;
	}
}

struct story_end *
story_connect(unsigned int side, uint16_t lport, uint16_t rport)
{
	struct side *s = &story->side[side];
	struct spt_endpoint local = {s->addr, lport}, remote = {story->side[!side].addr, rport};
	struct story_end *e, *other;
	spt_conn conn;

	if (spt_connect(s->engine, s->source, &local, &remote, NULL, &conn) != 0)
		return NULL;
	e = new_end(side, conn);
	other = story_other(e);
	/* Both open: one connection. */
	e->life = other != NULL && other->open && other->events == 0 ? other->life : ++story->lives;
	spt_conn_set_user(s->engine, conn, e);
	story_settle();
	return e;
}

struct story_end *
story_established(uint16_t lport)
{
	struct story_end *e = story_connect(0, lport, STORY_PORT);

	story_check(e != NULL);
	story_run_us(6 * story->config.delay / SPT_NS_PER_US);
	story_check_state(e, ESTABLISHED);
	story_check(story_other(e) != NULL && story_other(e)->open);
	story_check_state(story_other(e), ESTABLISHED);
	return e;
}

void
story_send(struct story_end *e, uint32_t n)
{
	struct spt_engine *engine = story->side[e->side].engine;

	while (n > 0) {
		struct rte_mbuf *m = spt_buffer_alloc(engine);
		uint16_t take = (uint16_t)RTE_MIN(n, rte_pktmbuf_tailroom(m));

		pattern_fill(
		    (uint8_t *)rte_pktmbuf_append(m, take), take, SEED(e->life, e->side), e->sent);
		story_check_eq(spt_send(engine, e->conn, m, 0), 0);
		e->sent += take;
		n -= take;
	}
	story_settle();
}

void
story_read(struct story_end *e, uint32_t n)
{
	if (n == 0)
		n = (uint32_t)e->unread;
	story_check_eq(spt_receive_done(story->side[e->side].engine, e->conn, n), 0);
	e->unread -= n;
	story_settle();
}

void
story_shutdown(struct story_end *e)
{
	story_check_eq(spt_shutdown(story->side[e->side].engine, e->conn), 0);
	story_settle();
}

void
story_close(struct story_end *e)
{
	story_check_eq(spt_close(story->side[e->side].engine, e->conn), 0);
	story_settle();
}

void
story_abort(struct story_end *e)
{
	story_check_eq(spt_abort(story->side[e->side].engine, e->conn), 0);
	story_settle();
}

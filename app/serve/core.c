/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all services share on one core: events to services, states from a pool, the
 * lingering close, another try, the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "common/address.h"
#include "serve/serve.h"

/* ---- closing ------------------------------------------------------------ */

static void
serve_wait_end(struct serve_core *core, struct serve_conn *c)
{
	if (c->phase == PHASE_LINGERING)
		TAILQ_REMOVE(&core->linger, c, waiting);
	if (c->retrying)
		TAILQ_REMOVE(&core->retry, c, waiting);
	c->retrying = false;
}

void
serve_close(struct serve_core *core, struct serve_conn *c)
{
	serve_wait_end(core, c);
	c->phase = PHASE_CLOSING;
	spt_close(core->engine, c->conn);
}

static void
serve_abort(struct serve_core *core, struct serve_conn *c)
{
	serve_wait_end(core, c);
	c->phase = PHASE_CLOSING;
	spt_abort(core->engine, c->conn);
}

void
serve_linger(struct serve_core *core, struct serve_conn *c)
{
	struct rte_mbuf *m;

	if (c->peer_closed) {
		serve_close(core, c);
		return;
	}
	serve_wait_end(core, c);
	spt_shutdown(core->engine, c->conn);
	c->phase = PHASE_LINGERING;
	c->linger_until = core->now + LINGER_TIME;
	c->linger_bytes = 0;
	TAILQ_INSERT_TAIL(&core->linger, c, waiting);
	/* What was received and never looked at is thrown away like what is still to come. */
	while ((m = held_pop(&c->held))) {
		c->linger_bytes += m->pkt_len;
		spt_receive_done(core->engine, c->conn, m->pkt_len);
		rte_pktmbuf_free(m);
	}
}

static void
serve_lingering_received(
    struct serve_core *core, struct serve_conn *c, struct rte_mbuf *chain, uint32_t bytes)
{
	rte_pktmbuf_free(chain);
	c->linger_bytes += bytes;
	if (c->linger_bytes > LINGER_BYTES)
		serve_close(core, c);
	else
		spt_receive_done(core->engine, c->conn, bytes);
}

/* ---- sending ------------------------------------------------------------ */

bool
serve_send(struct serve_core *core, struct serve_conn *c, struct rte_mbuf *chain)
{
	uint32_t bytes = chain->pkt_len;
	int rc = spt_send(core->engine, c->conn, chain, 0);

	if (rc == 0) {
		serve_totals(core, c)->bytes_out += bytes;
		return true;
	}
	/* -EAGAIN and -ENOBUFS: WRITABLE follows. Else the connection takes no more data. */
	if (rc != -EAGAIN && rc != -ENOBUFS)
		serve_close(core, c);
	return false;
}

void
serve_retry(struct serve_core *core, struct serve_conn *c)
{
	if (c->retrying)
		return;
	c->retrying = true;
	TAILQ_INSERT_TAIL(&core->retry, c, waiting);
}

static const struct service *
serve_service(const struct serve_core *core, const struct serve_conn *c)
{
	return core->options->listen[c->listener].service;
}

/* ---- events ------------------------------------------------------------- */

static struct serve_conn *
serve_accept(struct serve_core *core, const struct spt_event *e)
{
	ptrdiff_t listener = (int *)e->user - core->listener;
	uint32_t index = pool_get(&core->conns);
	const struct service *service;
	struct serve_conn *c;

	core->totals[listener].accepted++;
	if (unlikely(index == POOL_NONE)) {
		core->totals[listener].refused++;
		spt_conn_set_user(core->engine, e->conn, NULL);
		spt_abort(core->engine, e->conn);
		return NULL;
	}
	c = pool_at(&core->conns, index);
	memset(c, 0, sizeof(*c));
	c->conn = e->conn;
	c->listener = (uint8_t)listener;
	c->phase = PHASE_SERVING;
	spt_conn_set_user(core->engine, e->conn, c);
	TAILQ_INSERT_TAIL(&core->live, c, live);
	service = serve_service(core, c);
	if (service->open)
		service->open(core, c);
	if (unlikely(core->stopping) && c->phase == PHASE_SERVING) {
		c->stopping = true;
		service->stop(core, c);
	}
	return c;
}

static void
serve_received(struct serve_core *core, struct serve_conn *c, const struct spt_event *e)
{
	serve_totals(core, c)->bytes_in += e->bytes;
	if (c->phase == PHASE_SERVING)
		serve_service(core, c)->received(core, c, e->data, e->bytes);
	else if (c->phase == PHASE_LINGERING)
		serve_lingering_received(core, c, e->data, e->bytes);
	else
		rte_pktmbuf_free(e->data);
}

static void
serve_peer_closed(struct serve_core *core, struct serve_conn *c)
{
	c->peer_closed = true;
	if (c->phase == PHASE_SERVING)
		serve_service(core, c)->peer_closed(core, c);
	else if (c->phase == PHASE_LINGERING)
		serve_close(core, c);
}

static void
serve_closed(struct serve_core *core, struct serve_conn *c, int32_t reason)
{
	struct service_totals *t = serve_totals(core, c);

	switch (reason) {
	case 0: t->closed++; break;
	case -ECONNRESET: t->reset++; break;
	case -ETIMEDOUT: t->timed_out++; break;
	default: t->aborted++; break;
	}
	serve_wait_end(core, c);
	held_free(&c->held);
	TAILQ_REMOVE(&core->live, c, live);
	pool_put(&core->conns, pool_index(&core->conns, c));
}

static void
serve_event(struct serve_core *core, const struct spt_event *e)
{
	struct serve_conn *c = e->user;

	if (e->events & SPT_ACCEPTED)
		c = serve_accept(core, e);
	if (unlikely(!c)) {
		/* Refused for want of a state. */
		if (e->events & SPT_RECEIVED)
			rte_pktmbuf_free(e->data);
		return;
	}
	if (e->events & SPT_RECEIVED)
		serve_received(core, c, e);
	if (e->events & SPT_WRITABLE && c->phase == PHASE_SERVING)
		if (serve_service(core, c)->ready)
			serve_service(core, c)->ready(core, c);
	if (e->events & SPT_PEER_CLOSED)
		serve_peer_closed(core, c);
	if (e->events & SPT_CLOSED)
		serve_closed(core, c, e->reason);
}

/* ---- a turn ------------------------------------------------------------- */

static void
serve_date(struct serve_core *core)
{
	time_t seconds = time(NULL);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(core->date, sizeof(core->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	core->date_until = core->now + SPT_NS_PER_SEC;
	http_prepare(core);
}

static void
serve_tick(struct serve_core *core)
{
	struct serve_conn *c;

	if (core->now >= core->date_until)
		serve_date(core);
	/* The time to linger is the same for all, so the list is sorted by its end. */
	while ((c = TAILQ_FIRST(&core->linger)) && core->now >= c->linger_until)
		serve_close(core, c);
	for (unsigned int i = 0; i < RETRY_BURST && (c = TAILQ_FIRST(&core->retry)); i++) {
		TAILQ_REMOVE(&core->retry, c, waiting);
		c->retrying = false;
		if (serve_service(core, c)->ready)
			serve_service(core, c)->ready(core, c);
	}
}

/* Everything that is still open when the time for an orderly end is over. */
static bool
serve_stopped(struct serve_core *core)
{
	struct serve_conn *c;

	if (TAILQ_EMPTY(&core->live))
		return true;
	if (core->now < core->stop_by)
		return false;
	/* A second time: their CLOSED events did not come, which must not keep us. */
	if (core->aborted)
		return core->now > core->stop_by + SPT_NS_PER_SEC;
	core->aborted = true;
	TAILQ_FOREACH(c, &core->live, live)
	{
		serve_abort(core, c);
	}
	return false;
}

static bool
serve_turn(void *state, spt_time now, const struct spt_event *events, unsigned int n)
{
	struct serve_core *core = state;

	core->now = now;
	for (unsigned int i = 0; i < n; i++)
		serve_event(core, &events[i]);
	serve_tick(core);
	return !core->stopping || !serve_stopped(core);
}

/* ---- beginning and end -------------------------------------------------- */

static int
serve_listen(struct serve_core *core, unsigned int port, char *error, size_t error_size)
{
	struct spt_listen_options options = core->options->conn;
	char text[ADDRESS_TEXT * 2];
	int rc;

	for (unsigned int i = 0; i < core->options->n_listen; i++) {
		const struct serve_listen *l = &core->options->listen[i];

		core->listener[i] = -1;
		if (l->port >= 0 && l->port != (int)port)
			continue;
		options.conn.nodelay = core->options->conn.conn.nodelay || l->service->nodelay;
		options.user = &core->listener[i];
		rc = spt_listen(core->engine, &l->local, &options);
		if (rc < 0) {
			snprintf(error, error_size, "--listen %s: %s",
			    serve_listen_text(l, text, sizeof(text)), strerror(-rc));
			return rc;
		}
		core->listener[i] = rc;
	}
	return 0;
}

static void
serve_free(struct serve_core *core)
{
	text_fini(&core->chargen);
	text_fini(&core->body);
	pool_fini(&core->conns);
	free(core);
}

static int
serve_start(void *app, unsigned int index, unsigned int port, struct spt_engine *engine,
    spt_time now, void **state, char *error, size_t error_size)
{
	struct serve_core *core = calloc(1, sizeof(*core));
	struct serve *serve = app;
	int rc;

	snprintf(error, error_size, "no memory for the services of core %u", index);
	if (!core)
		return -ENOMEM;
	core->engine = engine;
	core->options = &serve->options;
	core->serve = serve;
	core->index = index;
	core->now = now;
	TAILQ_INIT(&core->live);
	TAILQ_INIT(&core->linger);
	TAILQ_INIT(&core->retry);
	rc = pool_init(&core->conns, serve->options.engine.connections,
	    RTE_ALIGN_CEIL(sizeof(struct serve_conn), 8), -1);
	if (rc == 0)
		rc = text_init(&core->chargen, "chargen", index, CHARGEN_PERIOD, text_chargen);
	if (rc == 0)
		rc = text_init(&core->body, "body", index, HTTP_BODY_PERIOD, text_body);
	if (rc == 0)
		rc = serve_listen(core, port, error, error_size);
	if (rc) {
		serve_free(core);
		return rc;
	}
	serve_date(core);
	serve->core[index] = core;
	*state = core;
	return 0;
}

static void
serve_stop(void *state, spt_time now, spt_time deadline)
{
	struct serve_core *core = state;
	struct serve_conn *c;

	core->stop_by = deadline;
	core->now = now;
	if (core->stopping)
		return;
	core->stopping = true;
	for (unsigned int i = 0; i < core->options->n_listen; i++)
		if (core->listener[i] >= 0)
			spt_unlisten(core->engine, core->listener[i], SPT_UNLISTEN_DRAIN);
	TAILQ_FOREACH(c, &core->live, live)
	{
		c->stopping = true;
		if (c->phase == PHASE_SERVING)
			serve_service(core, c)->stop(core, c);
	}
}

static void
serve_finish(void *state)
{
	struct serve_core *core = state;
	struct serve_conn *c;

	while ((c = TAILQ_FIRST(&core->live))) {
		held_free(&c->held);
		TAILQ_REMOVE(&core->live, c, live);
	}
	for (unsigned int i = 0; i < core->options->n_listen; i++) {
#define X(field, text) core->serve->totals[i].field += core->totals[i].field;
		SERVICE_TOTALS(X)
#undef X
	}
	core->serve->core[core->index] = NULL;
	serve_free(core);
}

const struct spt_core_ops serve_core_ops = {
    .start = serve_start,
    .turn = serve_turn,
    .stop = serve_stop,
    .finish = serve_finish,
};

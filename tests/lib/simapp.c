/* SPDX-License-Identifier: BSD-3-Clause */
/* The simulated application: sends its streams, checks what comes, closes in the order asked for.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "env.h"
#include "pattern.h"
#include "simapp.h"

/* Events that only an open connection has. */
#define OF_AN_OPEN_ONE (SPT_RECEIVED | SPT_SENT | SPT_PEER_CLOSED | SPT_URGENT)

struct session {
	struct simapp_session set;
	spt_conn conn;
	struct spt_endpoint local; /* of an active open */
	uint32_t iss;
	bool active, opening; /* opened by spt_connect; CONNECTED did not come yet */
	bool open, closed, peer_closed, shut, blocked, starved, broken, aborted;
	int reason;
	spt_time began;
	uint64_t sent; /* given to spt_send */
	uint64_t received;
	uint64_t unread; /* received, spt_receive_done not yet called */
	uint64_t acked;
	spt_time read_at;
	unsigned int at; /* in 'live' */
};

struct simapp {
	struct simapp_config config;
	struct env_random random;
	spt_time now;
	uint64_t progress;
	bool busy;
	char error[200];
	struct simapp_counts counts;
	unsigned int n_live;
	struct session **live; /* opening or open */
	struct session *session;
};

static void
fail(struct simapp *a, const struct session *c, const char *why, int result)
{
	if (a->error[0] == '\0')
		snprintf(a->error, sizeof(a->error), "%s, connection %d: %s (%d)", a->config.name,
		    c ? (int)(c - a->session) : -1, why, result);
}

struct simapp *
simapp_create(const struct simapp_config *config, spt_time now)
{
	struct simapp *a = calloc(1, sizeof(*a));

	if (a == NULL)
		exit(2);
	a->config = *config;
	a->now = now;
	a->session = calloc(config->n, sizeof(a->session[0]));
	a->live = calloc(config->n, sizeof(struct session *));
	if (a->session == NULL || a->live == NULL)
		exit(2);
	env_random_seed(&a->random, config->seed ^ 0x5e55e7);
	return a;
}

void
simapp_destroy(struct simapp *a)
{
	if (a == NULL)
		return;
	free(a->session);
	free(a->live);
	free(a);
}

void
simapp_session(struct simapp *a, unsigned int i, const struct simapp_session *session)
{
	a->session[i].set = *session;
}

void
simapp_listen(struct simapp *a, uint16_t port, const struct spt_listen_options *options)
{
	struct spt_endpoint any = {.port = port};

	if (spt_listen(a->config.engine, &any, options) < 0) {
		fprintf(stderr, "%s: spt_listen fails\n", a->config.name);
		exit(2);
	}
}

static void
live_add(struct simapp *a, struct session *c)
{
	c->began = a->now;
	c->at = a->n_live;
	a->live[a->n_live++] = c;
}

static void
live_remove(struct simapp *a, struct session *c)
{
	a->live[c->at] = a->live[--a->n_live];
	a->live[c->at]->at = c->at;
}

/* ---- sending, reading, ending --------------------------------------------------------- */

static uint32_t
chunk_size(struct simapp *a, const struct session *c)
{
	uint64_t left = c->set.end->send - c->sent;
	uint32_t n = c->set.end->chunk;

	if (n == 0)
		n = 1 + env_random_below(&a->random, env_random_below(&a->random, 4) ? 300 : 5000);
	return (uint32_t)RTE_MIN(left, (uint64_t)n);
}

static struct rte_mbuf *
make_chain(struct simapp *a, const struct session *c, uint32_t n)
{
	struct rte_mbuf *head = NULL, *m;
	uint32_t at = 0;

	while (at < n) {
		uint16_t take;

		m = spt_buffer_alloc(a->config.engine);
		if (m == NULL)
			break;
		take = (uint16_t)RTE_MIN(n - at, rte_pktmbuf_tailroom(m));
		pattern_fill((uint8_t *)rte_pktmbuf_append(m, take), take, c->set.seed_send,
		    c->sent + 1 + at);
		at += take;
		if (head == NULL)
			head = m;
		else
			rte_pktmbuf_chain(head, m);
	}
	return head;
}

static void
send_some(struct simapp *a, struct session *c)
{
	while (c->sent < c->set.end->send && !c->blocked) {
		struct rte_mbuf *m = make_chain(a, c, chunk_size(a, c));
		uint32_t n;
		int result;

		c->starved = m == NULL;
		if (m == NULL)
			return; /* the pool is empty for now: tried again a little later */
		n = m->pkt_len;
		result = spt_send(a->config.engine, c->conn, m, 0);
		if (result == 0) {
			c->sent += n;
			a->progress++;
			continue;
		}
		rte_pktmbuf_free(m);
		if (result != -EAGAIN && result != -ENOBUFS)
			fail(a, c, "spt_send", result);
		c->blocked = true;
	}
}

/* Say that no more will be sent, when that is so. */
static void
end(struct simapp *a, struct session *c)
{
	const struct sim_end *v = c->set.end;
	int result;

	if (c->shut || c->sent < v->send || (v->fin_last && !c->peer_closed))
		return;
	if (a->now < c->began + v->fin_after)
		return;
	/* To close with data of the peer still to come would be a reset, as it must. */
	if ((v->fin_after_data || v->by_close) && c->received < c->set.receive)
		return;
	if (v->by_close)
		result = spt_close(a->config.engine, c->conn);
	else
		result = spt_shutdown(a->config.engine, c->conn);
	if (result != 0)
		fail(a, c, v->by_close ? "spt_close" : "spt_shutdown", result);
	c->shut = true;
	a->busy = true;
}

static void
read_some(struct simapp *a, struct session *c)
{
	const struct sim_end *v = c->set.end;
	uint64_t n = c->unread;
	int result;

	if (n == 0 || (c->shut && v->by_close))
		return;
	if (v->read_interval != 0) {
		if (c->read_at > a->now)
			return;
		n = RTE_MIN(n, v->read_bytes);
		c->read_at = a->now + v->read_interval;
	}
	result = spt_receive_done(a->config.engine, c->conn, (uint32_t)n);
	if (result != 0)
		fail(a, c, "spt_receive_done", result);
	c->unread -= n;
	a->progress++;
	a->busy = true;
}

static bool
due(const struct simapp *a, const struct session *c, uint64_t at, spt_time after)
{
	return (at != 0 && c->received >= at) || (after != 0 && a->now >= c->began + after);
}

/* Ends in disorder, as asked for. Returns whether it has. */
static bool
break_off(struct simapp *a, struct session *c)
{
	const struct sim_end *v = c->set.end;
	struct spt_conn_info info = {0};
	int result;

	if (c->broken)
		return true;
	if (due(a, c, v->abort_at, v->abort_after)) {
		result = spt_abort(a->config.engine, c->conn);
		c->aborted = true;
	} else if (due(a, c, v->close_at, v->close_after)) {
		/* RFC 9293 3.10.4: nothing is left in SYN-SENT; in SYN-RECEIVED a FIN follows. */
		spt_conn_info(a->config.engine, c->conn, &info);
		c->aborted = info.state == SPT_SYN_SENT;
		result = spt_close(a->config.engine, c->conn);
	} else {
		return false;
	}
	if (result != 0)
		fail(a, c, "spt_abort or spt_close", result);
	c->broken = true;
	a->counts.given_up += c->opening;
	a->busy = true;
	return true;
}

static void
work(struct simapp *a, struct session *c)
{
	const struct sim_end *v = c->set.end;

	if (break_off(a, c))
		return;
	if (c->opening && !v->early)
		return;
	if (c->open)
		read_some(a, c);
	if ((!v->send_last || c->peer_closed) && c->received >= v->send_after)
		send_some(a, c);
	if (c->open)
		end(a, c);
}

/* ---- opening ------------------------------------------------------------------------------ */

int
simapp_connect(struct simapp *a, unsigned int i, int source, const struct spt_endpoint *local,
    const struct spt_endpoint *remote)
{
	struct session *c = &a->session[i];
	struct spt_conn_info info;
	int result = spt_connect(a->config.engine, source, local, remote, c, &c->conn);

	if (result != 0)
		return result;
	a->counts.connects++;
	a->progress++;
	if (spt_conn_info(a->config.engine, c->conn, &info) != 0)
		fail(a, c, "no info of a connection that opens", 0);
	else if (info.state != SPT_SYN_SENT || info.remote.port != remote->port || info.user != c)
		fail(a, c, "the info of a connection that opens is wrong", (int)info.state);
	c->local = info.local;
	c->iss = info.iss;
	c->active = c->opening = true;
	live_add(a, c);
	work(a, c);
	return 0;
}

int
simapp_find(const struct simapp *a, const struct spt_endpoint *local, uint32_t iss)
{
	for (unsigned int i = a->config.n; i > 0; i--) {
		const struct session *c = &a->session[i - 1];

		if (c->active && c->iss == iss && c->local.port == local->port &&
		    memcmp(&c->local.addr, &local->addr, sizeof(local->addr)) == 0)
			return (int)i - 1;
	}
	return -1;
}

static struct session *
accepted(struct simapp *a, const struct spt_event *e)
{
	struct spt_conn_info info;
	struct session *c;
	int i;

	if (spt_conn_info(a->config.engine, e->conn, &info) != 0) {
		fail(a, NULL, "no info of an accepted connection", 0);
		return NULL;
	}
	i = a->config.which(a->config.arg, &info);
	if (i < 0 || (unsigned int)i >= a->config.n) {
		fail(a, NULL, "accepted what nobody opened, from port", info.remote.port);
		return NULL;
	}
	c = &a->session[i];
	if (c->active || c->open || c->closed)
		fail(a, c, "accepted twice", 0);
	c->open = true;
	c->conn = e->conn;
	a->counts.accepted++;
	live_add(a, c);
	spt_conn_set_user(a->config.engine, e->conn, c);
	return c;
}

/* ---- events --------------------------------------------------------------------------------- */

static void
take_data(struct simapp *a, struct session *c, const struct spt_event *e)
{
	uint32_t n = 0;

	for (struct rte_mbuf *m = e->data; m != NULL; m = m->next) {
		if (pattern_match(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
		        c->set.seed_receive, c->received + 1) != m->data_len)
			fail(a, c, "wrong bytes delivered", 0);
		c->received += m->data_len;
		n += m->data_len;
	}
	if (n != e->bytes || n == 0)
		fail(a, c, "event and chain differ in length", (int)n);
	if (c->received > c->set.receive)
		fail(a, c, "more bytes delivered than were sent", 0);
	if (c->peer_closed)
		fail(a, c, "data after PEER_CLOSED", 0);
	c->unread += n;
	a->progress += n;
}

/* Whether a disorderly end has a reason that it may have. */
static bool
good_reason(const struct session *c, int reason)
{
	if (c->aborted)
		return reason == -ECONNABORTED;
	switch (reason) {
	case 0: return c->open || c->broken; /* CONNECTED is not told after spt_close */
	case -ECONNRESET:
	case -ETIMEDOUT: return true;
	case -ECONNREFUSED: return c->opening;
	case -ECONNABORTED: return c->broken || (c->shut && c->set.end->by_close);
	}
	return false;
}

static void
check_end(struct simapp *a, struct session *c, const struct spt_event *e)
{
	const struct sim_end *v = c->set.end;
	struct spt_conn_info info;

	if (spt_conn_info(a->config.engine, e->conn, &info) != -ESTALE)
		fail(a, c, "the handle outlives CLOSED", 0);
	if (v->any_end && !good_reason(c, e->reason))
		fail(a, c, "closed with a reason that does not fit", e->reason);
	if (!v->any_end) {
		bool late = v->late_reset && c->shut && e->reason == -ECONNRESET &&
		            (c->peer_closed || v->by_close);

		if (e->reason != 0 && !late)
			fail(a, c, "closed with a reason", e->reason);
		/* Nor is the peer's FIN told then. */
		if (c->received != c->set.receive || (!c->peer_closed && !v->by_close))
			fail(a, c, "closed before the peer's stream ended", 0);
		/* After spt_close nobody asks any more how far the peer came. */
		if (c->sent != v->send || (c->acked != c->sent && !v->by_close && !late))
			fail(a, c, "closed before its own stream was acknowledged", (int)c->acked);
	}
	c->closed = true;
	c->open = c->opening = false;
	c->reason = e->reason;
	a->counts.closed++;
	a->progress++;
	live_remove(a, c);
}

/* CONNECTED comes once, of what we opened, and before anything else. */
static void
connected(struct simapp *a, struct session *c)
{
	if (!c->opening)
		fail(a, c, "CONNECTED, but not opening", 0);
	c->opening = false;
	c->open = true;
	a->counts.connected++;
	a->progress++;
}

/* Accepted and reset in one burst: whose it was nobody can tell any more. */
static void
stillborn(struct simapp *a, const struct spt_event *e)
{
	if (e->reason != -ECONNRESET)
		fail(a, NULL, "accepted and closed at once, and not by a reset", e->reason);
	a->counts.accepted++;
	a->counts.closed++;
	rte_pktmbuf_free(e->data);
}

static void
on_event(struct simapp *a, const struct spt_event *e)
{
	struct session *c;

	if ((e->events & SPT_ACCEPTED) && (e->events & SPT_CLOSED)) {
		stillborn(a, e);
		return;
	}
	c = e->events & SPT_ACCEPTED ? accepted(a, e) : e->user;
	if (c == NULL || c->closed || c->conn != e->conn) {
		fail(a, c, "an event of no session, or after CLOSED", (int)e->events);
		rte_pktmbuf_free(e->data);
		return;
	}
	if (e->events & SPT_CONNECTED)
		connected(a, c);
	if ((e->events & OF_AN_OPEN_ONE) && !c->open)
		fail(a, c, "an event before CONNECTED", (int)e->events);
	if (e->events == 0 || (e->events & SPT_URGENT))
		fail(a, c, "an event without a cause", (int)e->events);
	if ((e->events & SPT_RECEIVED) != 0)
		take_data(a, c, e);
	else if (e->data != NULL || e->bytes != 0)
		fail(a, c, "data without RECEIVED", 0);
	rte_pktmbuf_free(e->data);
	if ((e->events & SPT_WRITABLE) && !c->blocked)
		fail(a, c, "WRITABLE, but nothing was refused", 0);
	if (e->events & SPT_WRITABLE)
		c->blocked = false;
	if (e->events & SPT_PEER_CLOSED) {
		if (c->peer_closed || (c->received != c->set.receive && !c->set.end->any_end))
			fail(a, c, "PEER_CLOSED twice, or before all was delivered", 0);
		c->peer_closed = true;
		a->progress++;
	}
	c->acked += e->acked;
	a->progress += e->acked;
	if (c->acked > c->sent)
		fail(a, c, "more acknowledged than was sent", 0);
	if (e->events & SPT_CLOSED)
		check_end(a, c, e);
	else
		work(a, c);
}

bool
simapp_poll(struct simapp *a, spt_time now)
{
	struct spt_event events[16];
	unsigned int n;

	a->now = now;
	a->busy = false;
	n = spt_poll(a->config.engine, now, events, RTE_DIM(events));
	for (unsigned int i = 0; i < n; i++)
		on_event(a, &events[i]);
	for (unsigned int i = 0; i < a->n_live; i++)
		work(a, a->live[i]);
	return a->busy || n > 0;
}

/* ---- asked by the world --------------------------------------------------------------------- */

static spt_time
session_next_deadline(const struct simapp *a, const struct session *c)
{
	const struct sim_end *v = c->set.end;
	spt_time t = SPT_TIME_NEVER;

	if (c->broken) /* nothing more is done */
		return t;
	if (c->open && c->unread > 0 && v->read_interval != 0 && !(c->shut && v->by_close))
		t = c->read_at;
	if (c->starved)
		t = RTE_MIN(t, a->now + SPT_NS_PER_MS);
	if (v->fin_after != 0 && !c->shut && a->now < c->began + v->fin_after)
		t = RTE_MIN(t, c->began + v->fin_after);
	if (v->abort_after != 0)
		t = RTE_MIN(t, c->began + v->abort_after);
	if (v->close_after != 0)
		t = RTE_MIN(t, c->began + v->close_after);
	return t;
}

spt_time
simapp_next_deadline(const struct simapp *a)
{
	spt_time t = SPT_TIME_NEVER;

	for (unsigned int i = 0; i < a->n_live; i++)
		t = RTE_MIN(t, session_next_deadline(a, a->live[i]));
	return t;
}

uint64_t
simapp_progress(const struct simapp *a)
{
	return a->progress;
}

bool
simapp_over(const struct simapp *a, unsigned int i)
{
	const struct session *c = &a->session[i];

	/* A client that gave up may never have been accepted. */
	return c->closed || (c->set.end->any_end && !c->open && !c->opening);
}

int
simapp_reason(const struct simapp *a, unsigned int i)
{
	return a->session[i].reason;
}

unsigned int
simapp_open_sessions(const struct simapp *a)
{
	return a->n_live;
}

void
simapp_counts(const struct simapp *a, struct simapp_counts *counts)
{
	*counts = a->counts;
}

const char *
simapp_error(const struct simapp *a)
{
	return a->error[0] == '\0' ? NULL : a->error;
}

const char *
simapp_text(const struct simapp *a, unsigned int i)
{
	const struct session *c = &a->session[i];
	struct spt_conn_info info = {0};
	static char text[300];

	if (c->open || c->opening)
		spt_conn_info(a->config.engine, c->conn, &info);
	snprintf(text, sizeof(text),
	    "%s %s%s%s%s%s %s: sent %" PRIu64 ", acknowledged %" PRIu64 " of %" PRIu64
	    "; received %" PRIu64 " of %" PRIu64 ", unread %" PRIu64,
	    a->config.name,
	    c->open      ? "open"
	    : c->opening ? "opening"
	                 : "not open",
	    c->closed ? " closed" : "", c->peer_closed ? " peer-closed" : "",
	    c->shut ? " shut" : "", c->blocked ? " blocked" : "", spt_state_name(info.state),
	    c->sent, c->acked, c->set.end->send, c->received, c->set.receive, c->unread);
	return text;
}

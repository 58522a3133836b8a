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
#include "simserver.h"

struct session {
	const struct sim_conn *config;
	spt_conn conn;
	bool open, closed, peer_closed, shut, blocked, starved, broken;
	uint64_t sent; /* given to spt_send */
	uint64_t received;
	uint64_t unread; /* received, spt_receive_done not yet called */
	uint64_t acked;
	spt_time read_at;
};

struct simserver {
	struct spt_engine *engine;
	const struct sim_config *config;
	struct env_random random;
	spt_time now;
	uint64_t progress;
	bool active;
	char error[200];
	struct session session[SIM_CONNS_MAX];
};

static void
fail(struct simserver *s, const struct session *c, const char *why, int result)
{
	if (s->error[0] == '\0')
		snprintf(s->error, sizeof(s->error), "server, connection %d: %s (%d)",
		    (int)(c - s->session), why, result);
}

struct simserver *
simserver_create(struct spt_engine *engine, const struct sim_config *config, spt_time now)
{
	struct simserver *s = calloc(1, sizeof(*s));
	struct spt_listen_options options = {.conn = config->options};
	struct spt_endpoint any = {.port = SIM_PORT};

	if (s == NULL || spt_listen(engine, &any, &options) < 0)
		exit(2);
	s->engine = engine;
	s->config = config;
	s->now = now;
	env_random_seed(&s->random, config->seed ^ 0x5e55e7);
	for (unsigned int i = 0; i < config->n; i++)
		s->session[i].config = &config->conn[i];
	return s;
}

void
simserver_destroy(struct simserver *s)
{
	free(s);
}

static uint32_t
chunk_size(struct simserver *s, const struct session *c)
{
	uint64_t left = c->config->server.send - c->sent;
	uint32_t n = c->config->server.chunk;

	if (n == 0)
		n = 1 + env_random_below(&s->random, env_random_below(&s->random, 4) ? 300 : 5000);
	return (uint32_t)RTE_MIN(left, (uint64_t)n);
}

static struct rte_mbuf *
make_chain(struct simserver *s, const struct session *c, uint32_t n)
{
	struct rte_mbuf *head = NULL, *m;
	uint32_t at = 0;

	while (at < n) {
		uint16_t take;

		m = spt_buffer_alloc(s->engine);
		if (m == NULL)
			break;
		take = (uint16_t)RTE_MIN(n - at, rte_pktmbuf_tailroom(m));
		pattern_fill((uint8_t *)rte_pktmbuf_append(m, take), take,
		    SIMSERVER_SEED_SERVER((uint32_t)(c - s->session)), c->sent + 1 + at);
		at += take;
		if (head == NULL)
			head = m;
		else
			rte_pktmbuf_chain(head, m);
	}
	return head;
}

static void
send_some(struct simserver *s, struct session *c)
{
	while (c->sent < c->config->server.send && !c->blocked) {
		struct rte_mbuf *m = make_chain(s, c, chunk_size(s, c));
		uint32_t n;
		int result;

		c->starved = m == NULL;
		if (m == NULL)
			return; /* the pool is empty for now: tried again a little later */
		n = m->pkt_len;
		result = spt_send(s->engine, c->conn, m, 0);
		if (result == 0) {
			c->sent += n;
			s->progress++;
			continue;
		}
		rte_pktmbuf_free(m);
		if (result != -EAGAIN && result != -ENOBUFS)
			fail(s, c, "spt_send", result);
		c->blocked = true;
	}
}

/* Say that no more will be sent, when that is so. */
static void
end(struct simserver *s, struct session *c)
{
	const struct sim_server *v = &c->config->server;
	int result;

	if (c->shut || c->sent < v->send || (v->fin_last && !c->peer_closed))
		return;
	if (v->by_close)
		result = spt_close(s->engine, c->conn);
	else
		result = spt_shutdown(s->engine, c->conn);
	if (result != 0)
		fail(s, c, v->by_close ? "spt_close" : "spt_shutdown", result);
	c->shut = true;
	s->active = true;
}

static void
read_some(struct simserver *s, struct session *c)
{
	const struct sim_server *v = &c->config->server;
	uint64_t n = c->unread;
	int result;

	if (n == 0 || (c->shut && v->by_close))
		return;
	if (v->read_interval != 0) {
		if (c->read_at > s->now)
			return;
		n = RTE_MIN(n, v->read_bytes);
		c->read_at = s->now + v->read_interval;
	}
	result = spt_receive_done(s->engine, c->conn, (uint32_t)n);
	if (result != 0)
		fail(s, c, "spt_receive_done", result);
	c->unread -= n;
	s->progress++;
	s->active = true;
}

/* Ends in disorder, as asked for. Returns whether it has. */
static bool
break_off(struct simserver *s, struct session *c)
{
	const struct sim_server *v = &c->config->server;
	int result = 0;

	if (c->broken)
		return true;
	if (v->abort_at != 0 && c->received >= v->abort_at)
		result = spt_abort(s->engine, c->conn);
	else if (v->close_at != 0 && c->received >= v->close_at)
		result = spt_close(s->engine, c->conn);
	else
		return false;
	if (result != 0)
		fail(s, c, "spt_abort or spt_close", result);
	c->broken = true;
	s->active = true;
	return true;
}

static void
work(struct simserver *s, struct session *c)
{
	if (!c->open || break_off(s, c))
		return;
	read_some(s, c);
	if (!c->config->server.send_last || c->peer_closed)
		send_some(s, c);
	end(s, c);
}

static void
take_data(struct simserver *s, struct session *c, const struct spt_event *e)
{
	uint32_t seed = SIMSERVER_SEED_CLIENT((uint32_t)(c - s->session)), n = 0;

	for (struct rte_mbuf *m = e->data; m != NULL; m = m->next) {
		if (pattern_match(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, seed,
		        c->received + 1) != m->data_len)
			fail(s, c, "wrong bytes delivered", 0);
		c->received += m->data_len;
		n += m->data_len;
	}
	if (n != e->bytes)
		fail(s, c, "event and chain differ in length", (int)n);
	if (c->received > c->config->client.send)
		fail(s, c, "more bytes delivered than were sent", 0);
	rte_pktmbuf_free(e->data);
	c->unread += n;
	s->progress += n;
}

static void
check_end(struct simserver *s, struct session *c, const struct spt_event *e)
{
	c->closed = true;
	c->open = false;
	s->progress++;
	if (c->config->server.any_end)
		return;
	if (e->reason != 0)
		fail(s, c, "closed with a reason", e->reason);
	/* Nor is the peer's FIN told then. */
	if (c->received != c->config->client.send ||
	    (!c->peer_closed && !c->config->server.by_close))
		fail(s, c, "closed before the client's stream ended", 0);
	/* After spt_close nobody asks any more how far the peer came. */
	if (c->sent != c->config->server.send ||
	    (c->acked != c->sent && !c->config->server.by_close))
		fail(s, c, "closed before its own stream was acknowledged", (int)c->acked);
}

static struct session *
accepted(struct simserver *s, const struct spt_event *e)
{
	struct spt_conn_info info;
	struct session *c = s->session;
	unsigned int i;

	if (spt_conn_info(s->engine, e->conn, &info) != 0) {
		fail(s, c, "no info of an accepted connection", 0);
		return NULL;
	}
	i = (unsigned int)(info.remote.port - SIMSERVER_FIRST_PORT);
	if (i >= s->config->n) {
		fail(s, c, "accepted from an unknown port", info.remote.port);
		return NULL;
	}
	c = &s->session[i];
	if (c->open || c->closed)
		fail(s, c, "accepted twice", 0);
	c->open = true;
	c->conn = e->conn;
	spt_conn_set_user(s->engine, e->conn, c);
	return c;
}

static void
on_event(struct simserver *s, const struct spt_event *e)
{
	struct session *c = e->events & SPT_ACCEPTED ? accepted(s, e) : e->user;

	if (c == NULL) {
		fail(s, s->session, "an event of no session", (int)e->events);
		rte_pktmbuf_free(e->data);
		return;
	}
	if (e->events & SPT_RECEIVED)
		take_data(s, c, e);
	if (e->events & SPT_WRITABLE)
		c->blocked = false;
	if ((e->events & SPT_PEER_CLOSED) && c->received != c->config->client.send)
		fail(s, c, "PEER_CLOSED before all was delivered", 0);
	if (e->events & SPT_PEER_CLOSED) {
		c->peer_closed = true;
		s->progress++;
	}
	c->acked += e->acked;
	s->progress += e->acked;
	if (e->events & SPT_CLOSED)
		check_end(s, c, e);
	else
		work(s, c);
}

bool
simserver_poll(struct simserver *s, spt_time now)
{
	struct spt_event events[16];
	unsigned int n;

	s->now = now;
	s->active = false;
	n = spt_poll(s->engine, now, events, RTE_DIM(events));
	for (unsigned int i = 0; i < n; i++)
		on_event(s, &events[i]);
	for (unsigned int i = 0; i < s->config->n; i++)
		work(s, &s->session[i]);
	return s->active || n > 0;
}

spt_time
simserver_next_deadline(const struct simserver *s)
{
	spt_time t = SPT_TIME_NEVER;

	for (unsigned int i = 0; i < s->config->n; i++) {
		const struct session *c = &s->session[i];

		if (c->open && c->unread > 0 && c->config->server.read_interval != 0 &&
		    !(c->shut && c->config->server.by_close))
			t = RTE_MIN(t, c->read_at);
		if (c->open && c->starved)
			t = RTE_MIN(t, s->now + SPT_NS_PER_MS);
	}
	return t;
}

uint64_t
simserver_progress(const struct simserver *s)
{
	return s->progress;
}

bool
simserver_over(const struct simserver *s, unsigned int i)
{
	const struct session *c = &s->session[i];

	/* A client that gave up may never have been accepted. */
	return c->closed || (c->config->server.any_end && !c->open);
}

const char *
simserver_error(const struct simserver *s)
{
	return s->error[0] == '\0' ? NULL : s->error;
}

const char *
simserver_text(const struct simserver *s, unsigned int i)
{
	const struct session *c = &s->session[i];
	struct spt_conn_info info = {0};
	static char text[300];

	if (c->open)
		spt_conn_info(s->engine, c->conn, &info);
	snprintf(text, sizeof(text),
	    "server %s%s%s%s%s %s: sent %" PRIu64 ", acknowledged %" PRIu64 " of %" PRIu64
	    "; received %" PRIu64 " of %" PRIu64 ", unread %" PRIu64,
	    c->open ? "open" : "not open", c->closed ? " closed" : "",
	    c->peer_closed ? " peer-closed" : "", c->shut ? " shut" : "",
	    c->blocked ? " blocked" : "", spt_state_name(info.state), c->sent, c->acked,
	    c->config->server.send, c->received, c->config->client.send, c->unread);
	return text;
}

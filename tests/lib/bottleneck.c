/* SPDX-License-Identifier: BSD-3-Clause */
/* Bulk flows through a bottleneck: both ends, and the clock that jumps. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include <port/port.h>

#include "bottleneck.h"
#include "env.h"
#include "monitor.h"
#include "port_narrow.h"
#include "simlink.h"

#define PORT       9
#define EVENTS     64
#define CHUNK      1400 /* of a mbuf; small enough for any MSS that options leave */
#define BUFFER     (4 << 20)
#define POOL       16383
#define POOL_JUMBO 4095
#define JUMBO      9000  /* the largest MTU */
#define MOST_TURNS 20000 /* of one instant */

struct flow {
	spt_conn sending, receiving;
	bool opened, connected, accepted, over;
	uint64_t delivered; /* since the warm-up */
	spt_time delivered_at;
};

struct end {
	struct spt_port *port;
	struct monitor *monitor;
	struct rte_mempool *pool;
	struct spt_engine *engine;
	uint64_t frames;
};

struct world {
	const struct bottleneck_config *config;
	const char *what;
	spt_time now, counts_from;
	struct spt_port *impaired;
	struct end end[2]; /* sender, receiver */
	int source;
	unsigned int n_flows, n_accepted;
	struct flow flow[BOTTLENECK_FLOWS];
	spt_time longest_silence;
	char failed[300];
};

static void
fail(struct world *w, const char *why)
{
	if (w->failed[0] == '\0')
		snprintf(w->failed, sizeof(w->failed), "%s", why);
}

static void
stop(const char *why)
{
	fprintf(stderr, "bottleneck: %s\n", why);
	exit(2);
}

/* ---- building and taking down ------------------------------------------------------ */

/* Pools of all runs: larger than other simulations', for what is on a long line. */
static struct rte_mempool *
pool_of(const struct bottleneck_config *config, unsigned int s)
{
	static struct rte_mempool *pools[2][2];
	bool jumbo = config->mtu > 1500;

	if (config->pool != 0)
		return env_pool_create(config->pool);
	if (pools[s][jumbo] == NULL)
		pools[s][jumbo] =
		    jumbo ? env_pool_create_room(POOL_JUMBO, JUMBO + 14) : env_pool_create(POOL);
	return pools[s][jumbo];
}

static void
build_link(struct world *w)
{
	struct rte_mempool *const pool[2] = {w->end[0].pool, w->end[1].pool};
	const struct spt_impair to[2] = {w->config->back, w->config->forward};
	struct spt_port *memory[2];

	w->impaired = simlink_create(w->config->seed, to, pool, w->config->mtu, memory);
	w->end[0].port = w->impaired;
	if (w->config->narrow) {
		w->config->narrow->pool = pool[0];
		w->end[0].port = port_narrow_create(w->config->narrow, w->impaired);
	}
	w->end[1].port = memory[1];
	for (unsigned int s = 0; s < 2 && !w->config->unwatched; s++) {
		struct end *e = &w->end[s];

		e->monitor = monitor_create(s ? "receiver" : "sender", s ? "sender" : "receiver",
		    &memory[s]->mac, memory[s]->mtu);
		e->port = monitor_port_create(e->monitor, e->port);
	}
}

static void
build_engine(struct world *w, unsigned int s)
{
	struct spt_local local = {
	    .first = simlink_address(4, (uint8_t)(1 + s)), .count = 1, .prefix = 24};
	uint64_t secret[2] = {w->config->seed, s};
	struct spt_config config = {.local = &local,
	    .n_local = 1,
	    .pool = w->end[s].pool,
	    .socket = -1,
	    .connections = 2 * BOTTLENECK_FLOWS,
	    .neighbours = 16,
	    .pinned_mbufs = w->config->pinned,
	    .sources = 2,
	    .listeners = 2};
	char error[200] = "";

	memcpy(config.master_secret, secret, sizeof(secret));
	if (spt_engine_create(
	        &config, w->end[s].port, w->now, &w->end[s].engine, error, sizeof(error)) != 0)
		stop(error);
}

static void
build(struct world *w)
{
	struct spt_source_options source = {.conn = w->config->sender};
	struct spt_listen_options listen = {.conn = w->config->receiver};
	struct spt_endpoint any = {.port = PORT};

	w->now = ENV_EPOCH;
	w->counts_from = ENV_EPOCH + w->config->warm_up;
	w->n_flows = w->config->flows ? w->config->flows : 1;
	for (unsigned int s = 0; s < 2; s++)
		w->end[s].pool = pool_of(w->config, s);
	build_link(w);
	build_engine(w, 0);
	build_engine(w, 1);
	if (source.conn.send_buffer == 0)
		source.conn.send_buffer = BUFFER / w->n_flows;
	if (listen.conn.receive_buffer == 0)
		listen.conn.receive_buffer = BUFFER;
	w->source = spt_source_add(w->end[0].engine, &source);
	if (w->source < 0 || spt_listen(w->end[1].engine, &any, &listen) < 0)
		stop("no source or no listener");
}

static void
take_down(struct world *w)
{
	spt_engine_destroy(w->end[0].engine);
	spt_engine_destroy(w->end[1].engine);
	w->end[0].port->ops->destroy(w->end[0].port);
	w->end[1].port->ops->destroy(w->end[1].port);
	for (unsigned int s = 0; s < 2; s++) {
		if (env_pool_in_use(w->end[s].pool) != 0)
			fail(w, "mbufs leaked");
		monitor_destroy(w->end[s].monitor);
		if (w->config->pool != 0)
			env_pool_destroy(w->end[s].pool);
	}
}

/* ---- the applications --------------------------------------------------------------- */

static void
fill(struct world *w, struct flow *f)
{
	while (f->connected && !f->over) {
		struct rte_mbuf *m = spt_buffer_alloc(w->end[0].engine);
		int rc;

		if (m == NULL)
			return;
		memset(rte_pktmbuf_append(m, CHUNK), 0x5a, CHUNK);
		rc = spt_send(w->end[0].engine, f->sending, m, 0);
		if (rc == 0)
			continue;
		rte_pktmbuf_free(m);
		if (rc != -EAGAIN && rc != -ENOBUFS)
			fail(w, "spt_send fails");
		return;
	}
}

static spt_time
opens_at(const struct world *w, unsigned int i)
{
	return w->flow[i].opened ? SPT_TIME_NEVER : ENV_EPOCH + i * w->config->stagger;
}

static void
open_due(struct world *w)
{
	struct spt_endpoint remote = {.addr = simlink_address(4, 2), .port = PORT};

	for (unsigned int i = 0; i < w->n_flows; i++) {
		struct flow *f = &w->flow[i];

		if (opens_at(w, i) > w->now)
			continue;
		if (spt_connect(w->end[0].engine, w->source, NULL, &remote, f, &f->sending) != 0)
			fail(w, "spt_connect fails");
		f->opened = true;
	}
}

static bool
poll_sender(struct world *w)
{
	struct spt_event events[EVENTS];
	unsigned int n = spt_poll(w->end[0].engine, w->now, events, EVENTS);

	for (unsigned int i = 0; i < n; i++) {
		struct flow *f = events[i].user;

		f->connected |= (events[i].events & SPT_CONNECTED) != 0;
		if (events[i].events & SPT_CLOSED) {
			f->over = true;
			fail(w, "a sending connection ended");
		}
		fill(w, f);
	}
	return n > 0;
}

/* The flow that an accepted connection is: its opener has the port. */
static struct flow *
flow_of(struct world *w, spt_conn conn)
{
	struct spt_conn_info here, there;

	if (spt_conn_info(w->end[1].engine, conn, &here) != 0)
		return NULL;
	for (unsigned int i = 0; i < w->n_flows; i++) {
		if (w->flow[i].opened &&
		    spt_conn_info(w->end[0].engine, w->flow[i].sending, &there) == 0 &&
		    there.local.port == here.remote.port)
			return &w->flow[i];
	}
	return NULL;
}

static void
deliver(struct world *w, struct flow *f, const struct spt_event *e)
{
	rte_pktmbuf_free(e->data);
	if (spt_receive_done(w->end[1].engine, e->conn, e->bytes) != 0)
		fail(w, "spt_receive_done fails");
	if (w->now >= w->counts_from) {
		f->delivered += e->bytes;
		if (f->delivered_at != 0)
			w->longest_silence = RTE_MAX(w->longest_silence, w->now - f->delivered_at);
		f->delivered_at = w->now;
	}
}

static bool
poll_receiver(struct world *w)
{
	struct spt_event events[EVENTS];
	unsigned int n = spt_poll(w->end[1].engine, w->now, events, EVENTS);

	for (unsigned int i = 0; i < n; i++) {
		struct flow *f = events[i].user;

		if (events[i].events & SPT_ACCEPTED) {
			f = flow_of(w, events[i].conn);
			if (f == NULL)
				stop("accepted what nobody opened");
			f->receiving = events[i].conn;
			spt_conn_set_user(w->end[1].engine, events[i].conn, f);
		}
		if (events[i].events & SPT_RECEIVED)
			deliver(w, f, &events[i]);
		if (events[i].events & (SPT_PEER_CLOSED | SPT_CLOSED))
			fail(w, "a receiving connection ended");
	}
	return n > 0;
}

/* ---- running -------------------------------------------------------------------------- */

static bool
moved(struct end *e)
{
	uint64_t frames = spt_engine_frames(e->engine);
	bool changed = frames != e->frames;

	e->frames = frames;
	return changed;
}

/* Both ends work until the instant holds nothing more to do. */
static void
settle(struct world *w)
{
	unsigned int turns = 0;
	bool busy;

	open_due(w);
	do {
		busy = poll_sender(w);
		busy |= poll_receiver(w);
		busy |= moved(&w->end[0]);
		busy |= moved(&w->end[1]);
		if (++turns > MOST_TURNS)
			fail(w, "too many turns at one instant");
	} while (busy && w->failed[0] == '\0');
}

static spt_time
next_deadline(const struct world *w)
{
	spt_time t = SPT_TIME_NEVER;

	for (unsigned int s = 0; s < 2; s++) {
		t = RTE_MIN(t, spt_next_deadline(w->end[s].engine));
		t = RTE_MIN(t, port_next_deadline(w->end[s].port));
	}
	for (unsigned int i = 0; i < w->n_flows; i++)
		t = RTE_MIN(t, opens_at(w, i));
	return t;
}

static void
check(struct world *w)
{
	const char *wrong = spt_engine_check(w->end[0].engine);

	if (wrong == NULL)
		wrong = spt_engine_check(w->end[1].engine);
	if (wrong != NULL)
		fail(w, wrong);
	for (unsigned int s = 0; s < 2; s++)
		if (w->end[s].monitor && monitor_broken(w->end[s].monitor) != MONITOR_NONE)
			fail(w, "an end broke a rule of the monitor");
}

static void
sample(struct world *w)
{
	struct spt_conn_info info;

	check(w);
	for (unsigned int i = 0; i < w->n_flows; i++)
		if (w->flow[i].connected && w->config->sample &&
		    spt_conn_info(w->end[0].engine, w->flow[i].sending, &info) == 0)
			w->config->sample(w->config->arg, w->now - ENV_EPOCH, i, &info);
}

static void
run(struct world *w)
{
	spt_time end = w->counts_from + w->config->run, next;
	spt_time every = w->config->sample_every ? w->config->sample_every : SPT_NS_PER_SEC;
	spt_time sample_at = ENV_EPOCH + every;

	settle(w);
	while (w->now < end && w->failed[0] == '\0') {
		next = RTE_MIN(next_deadline(w), end);
		if (next <= w->now) {
			fail(w, "a deadline that is not later than its turn");
			return;
		}
		if (sample_at <= next) {
			w->now = sample_at;
			settle(w);
			sample(w);
			sample_at += every;
			continue;
		}
		w->now = next;
		settle(w);
	}
}

static void
sum_up(const struct world *w, struct bottleneck_result *r)
{
	struct spt_impair_stats back;
	struct spt_conn_info info;

	memset(r, 0, sizeof(*r));
	for (unsigned int i = 0; i < w->n_flows; i++) {
		r->delivered[i] = w->flow[i].delivered;
		r->total += w->flow[i].delivered;
	}
	r->goodput_bps = r->total * 8 * SPT_NS_PER_SEC / w->config->run;
	r->longest_silence = w->longest_silence;
	if (spt_conn_info(w->end[1].engine, w->flow[0].receiving, &info) == 0)
		r->receive_buffer = info.receive_buffer;
	spt_port_impair_stats(w->impaired, &back, &r->forward);
	spt_engine_stats(w->end[0].engine, &r->sender);
	spt_engine_stats(w->end[1].engine, &r->receiver);
}

bool
bottleneck_run(
    const struct bottleneck_config *config, const char *what, struct bottleneck_result *result)
{
	struct world *w = calloc(1, sizeof(*w));
	bool good;

	if (w == NULL || config->flows > BOTTLENECK_FLOWS)
		stop("no memory, or too many flows");
	w->config = config;
	w->what = what;
	build(w);
	run(w);
	check(w);
	sum_up(w, result);
	if (w->failed[0] != '\0') {
		fprintf(stderr, "\nbottleneck %s, seed %" PRIu64 ": %s\n  at %.6f s virtual\n",
		    what, config->seed, w->failed, (double)(w->now - ENV_EPOCH) / 1e9);
		for (unsigned int s = 0; s < 2; s++)
			if (w->end[s].monitor)
				simlink_tell(w->end[s].monitor);
	}
	take_down(w);
	good = w->failed[0] == '\0';
	free(w);
	return good;
}

double
bottleneck_jain(const uint64_t *shares, unsigned int n)
{
	double sum = 0, squares = 0;

	for (unsigned int i = 0; i < n; i++) {
		sum += (double)shares[i];
		squares += (double)shares[i] * (double)shares[i];
	}
	return squares > 0 ? sum * sum / (n * squares) : 0;
}

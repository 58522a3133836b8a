/* SPDX-License-Identifier: BSD-3-Clause */
/* The world of two engines: the link, the clock that jumps, and what must hold at the end. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <port/port.h>

#include "env.h"
#include "monitor.h"
#include "port_cut.h"
#include "port_hold.h"
#include "port_lose.h"
#include "simlink.h"
#include "simpair.h"

#define PATIENCE  (300 * SPT_NS_PER_SEC)
#define WIND_DOWN (200 * SPT_NS_PER_SEC)
#define ENOUGH    256

/* The stream that side 's' sends on connection i. */
#define SEED(i, s) (2 * (i) + 1 + (s))

struct side {
	struct rte_mempool *pool;
	struct spt_port *port;
	struct monitor *monitor;
	struct spt_addr addr;
	struct spt_engine *engine;
	struct simapp *app;
	int source;
};

/* How far the opening of a connection has come, on either side. */
struct opening {
	bool opened[2];
	spt_time again; /* not before */
};

struct world {
	const struct simpair_config *config;
	const char *what;
	spt_time now;
	struct side side[2];
	struct port_lose lose[2]; /* the first loses nothing but broken ARP */
	struct opening *opening;
	unsigned int next;  /* all before it are opened */
	unsigned int first; /* all before it are over */
	struct simpair_result result;
	spt_time progress_at;
	uint64_t progress;
	unsigned int checks;
	char failed[400];
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
	fprintf(stderr, "simpair: %s\n", why);
	exit(2);
}

/* ---- building and taking down -------------------------------------------------------- */

static void
on_port_fault(void *arg, const char *text)
{
	fail(arg, text);
}

static void
build_link(struct world *w)
{
	struct side *a = &w->side[0], *b = &w->side[1];
	struct rte_mempool *const pool[2] = {a->pool, b->pool};
	struct port_hold_config hold = {.fault = on_port_fault, .arg = w};
	struct port_cut_config cut = {
	    .tso = {PORT_CUT_MOST, 40, 8}, .fault = on_port_fault, .arg = w};
	struct spt_port *memory[2], *p;

	p = simlink_create(w->config->seed, w->config->to, pool, 0, memory);
	a->monitor = monitor_create("opener", "other", &memory[0]->mac, 1500);
	b->monitor = monitor_create("other", "opener", &memory[1]->mac, 1500);
	for (unsigned int s = 0; s < 2; s++)
		if (w->config->side[s].syn_cookies != SPT_COOKIES_NEVER)
			monitor_allow_cookies(w->side[s].monitor);
	w->lose[1].which[PORT_LOSE_TX] = w->config->lose[0];
	w->lose[1].which[PORT_LOSE_RX] = w->config->lose[1];
	/* What is held is copied by the pair, the rest changes sides as it is: both are wanted. */
	p = port_lose_create(&w->lose[0], p);
	if (w->config->seed % 2 == 0)
		p = port_hold_create(&hold, p);
	a->port = monitor_port_create(a->monitor, p);
	p = port_lose_create(&w->lose[1], memory[1]);
	if (w->config->seed % 3 == 0)
		p = port_hold_create(&hold, p);
	b->port = monitor_port_create(b->monitor, p);
	for (unsigned int s = 0; s < 2; s++)
		if (w->config->side[s].merge &&
		    spt_port_merge_create(w->side[s].port, &w->side[s].port) != 0)
			stop("no receive merging wrapper");
	for (unsigned int s = 0; s < 2; s++) {
		cut.pool = w->side[s].pool;
		if (w->config->side[s].tso)
			w->side[s].port = port_cut_create(&cut, w->side[s].port);
	}
}

static void
build_engine(struct world *w, unsigned int s)
{
	const struct simpair_side *set = &w->config->side[s];
	struct side *side = &w->side[s];
	struct spt_local local = {.first = side->addr,
	    .count = s == 0 && w->config->addresses ? w->config->addresses : 1,
	    .prefix = w->config->family == 4 ? 24 : 64};
	uint64_t secret[2] = {w->config->seed, s};
	struct spt_config config = {.local = &local,
	    .n_local = 1,
	    .pool = side->pool,
	    .socket = -1,
	    .connections = set->connections ? set->connections : ENOUGH,
	    .neighbours = 16,
	    .msl_ms = set->msl_ms,
	    .rto_max_ms = set->rto_max_ms,
	    .syn_ack_retries = 15,
	    .syn_retries = set->syn_retries ? set->syn_retries : 15,
	    .timewait_rst_closes = set->timewait_rst_closes,
	    .syn_cookies = set->syn_cookies,
	    .sources = 2,
	    .listeners = 4};
	struct spt_source_options source = set->source;
	char error[200] = "";

	config.half_open = config.connections;
	config.timewait = set->timewait ? set->timewait : config.connections;
	memcpy(config.master_secret, secret, sizeof(secret));
	if (spt_engine_create(&config, side->port, w->now, &side->engine, error, sizeof(error)) !=
	    0)
		stop(error);
	source.conn = set->options;
	side->source = spt_source_add(side->engine, &source);
	if (side->source < 0)
		stop("spt_source_add fails");
}

/* Which connection an accepted one is: its opener's ISS tells it, also where ports come again. */
static int
which(void *arg, const struct spt_conn_info *info, unsigned int opener)
{
	struct world *w = arg;
	int i = simapp_find(w->side[opener].app, &info->remote, info->irs);

	return i >= 0 && w->config->conn[i].reversed == (opener == 1) ? i : -1;
}

static int
which_of_0(void *arg, const struct spt_conn_info *info)
{
	return which(arg, info, 0);
}

static int
which_of_1(void *arg, const struct spt_conn_info *info)
{
	return which(arg, info, 1);
}

static void
build_app(struct world *w, unsigned int s)
{
	struct simapp_config config = {.engine = w->side[s].engine,
	    .name = s == 0 ? "engine 0" : "engine 1",
	    .seed = w->config->seed + s,
	    .n = w->config->n,
	    .which = s == 0 ? which_of_1 : which_of_0,
	    .arg = w};
	struct spt_listen_options options = {.conn = w->config->side[s].options};

	w->side[s].app = simapp_create(&config, w->now);
	for (unsigned int i = 0; i < w->config->n; i++) {
		const struct simpair_conn *c = &w->config->conn[i];
		unsigned int mine = s ^ c->reversed;

		simapp_session(w->side[s].app, i,
		    &(struct simapp_session){.end = &c->end[mine],
		        .receive = c->end[!mine].send,
		        .seed_send = SEED(i, s),
		        .seed_receive = SEED(i, !s)});
	}
	if (!w->config->side[s].deaf)
		simapp_listen(w->side[s].app, SIMPAIR_PORT, &options);
}

static void
build(struct world *w)
{
	w->now = w->progress_at = ENV_EPOCH;
	w->opening = calloc(w->config->n, sizeof(w->opening[0]));
	if (w->opening == NULL)
		exit(2);
	for (unsigned int s = 0; s < 2; s++) {
		uint32_t mbufs = w->config->side[s].mbufs;

		w->side[s].pool = mbufs ? env_pool_create(mbufs) : simlink_pool(s);
		w->side[s].addr = simlink_address(w->config->family, s == 0 ? 1 : 200);
	}
	build_link(w);
	build_engine(w, 0);
	build_engine(w, 1);
	build_app(w, 0);
	build_app(w, 1);
}

static void
take_down(struct world *w)
{
	unsigned int left[2];
	char text[100];

	for (unsigned int s = 0; s < 2; s++)
		spt_engine_destroy(w->side[s].engine);
	for (unsigned int s = 0; s < 2; s++)
		w->side[s].port->ops->destroy(w->side[s].port);
	for (unsigned int s = 0; s < 2; s++)
		left[s] = env_pool_in_use(w->side[s].pool);
	snprintf(text, sizeof(text), "mbufs leaked: %u of engine 0's pool, %u of engine 1's",
	    left[0], left[1]);
	for (unsigned int s = 0; s < 2; s++) {
		if (w->config->side[s].mbufs != 0)
			env_pool_destroy(w->side[s].pool);
	}
	if (left[0] == 0 && left[1] == 0)
		return;
	simlink_pools_lost();
	fail(w, text);
}

/* ---- telling what went wrong ------------------------------------------------------------ */

static bool
conn_over(const struct world *w, unsigned int i)
{
	const struct opening *o = &w->opening[i];
	const struct simpair_conn *c = &w->config->conn[i];

	if (!o->opened[c->reversed] || (c->simultaneous && !o->opened[1]))
		return false;
	return simapp_over(w->side[0].app, i) && simapp_over(w->side[1].app, i);
}

static void
tell(const struct world *w)
{
	fprintf(stderr, "\nsimulation %s, seed %" PRIu64 ": %s\n  at %.6f s virtual\n", w->what,
	    w->config->seed, w->failed, (double)w->now / 1e9);
	for (unsigned int i = 0, told = 0; i < w->config->n && told < 4; i++) {
		if (w->config->n > 4 && (conn_over(w, i) || (!w->opening[i].opened[0] && i > 4)))
			continue;
		told++;
		fprintf(stderr, "  %u: %s\n", i, simapp_text(w->side[0].app, i));
		fprintf(stderr, "  %u: %s\n", i, simapp_text(w->side[1].app, i));
	}
	simlink_tell(w->side[0].monitor);
	simlink_tell(w->side[1].monitor);
}

/* ---- opening ---------------------------------------------------------------------------- */

static void
count_refusal(struct world *w, int result)
{
	switch (result) {
	case -EADDRNOTAVAIL: w->result.refused_tuple++; return;
	case -ENFILE: w->result.refused_conn++; return;
	case -EAGAIN:
	case -ENOBUFS:
	case -EADDRINUSE: w->result.refused_other++; return;
	}
	fail(w, "spt_connect gives an error that it should not");
}

/* Open connection i on side 's'. Returns whether that is done. */
static bool
open_on(struct world *w, unsigned int i, unsigned int s)
{
	const struct simpair_conn *c = &w->config->conn[i];
	struct spt_endpoint local = {.addr = w->side[s].addr, .port = c->port[s]};
	struct spt_endpoint remote = {
	    .addr = w->side[!s].addr, .port = c->simultaneous ? c->port[!s] : SIMPAIR_PORT};
	int result = simapp_connect(w->side[s].app, i, w->side[s].source,
	    c->simultaneous || c->port[s] != 0 ? &local : NULL, &remote);

	if (result == 0) {
		w->opening[i].opened[s] = true;
		return true;
	}
	count_refusal(w, result);
	w->opening[i].again = w->now + (w->config->retry ? w->config->retry : 10 * SPT_NS_PER_MS);
	return false;
}

/* When connection i is to be opened on side 's', or SPT_TIME_NEVER: it is, or never will be. */
static spt_time
open_at(const struct world *w, unsigned int i, unsigned int s)
{
	const struct simpair_conn *c = &w->config->conn[i];
	spt_time at = ENV_EPOCH + c->start;

	if (w->opening[i].opened[s] || (!c->simultaneous && s != c->reversed))
		return SPT_TIME_NEVER;
	if (c->simultaneous && s == 1)
		at += c->later;
	return RTE_MAX(at, w->opening[i].again);
}

static bool
may_open(const struct world *w)
{
	return w->config->at_once == 0 ||
	       RTE_MAX(simapp_open_sessions(w->side[0].app), simapp_open_sessions(w->side[1].app)) <
	           w->config->at_once;
}

static bool
is_opened(const struct world *w, unsigned int i)
{
	return open_at(w, i, 0) == SPT_TIME_NEVER && open_at(w, i, 1) == SPT_TIME_NEVER;
}

/* Where connections wait for each other they open in their order: one past the next to look at. */
static unsigned int
open_end(const struct world *w)
{
	return w->config->at_once ? RTE_MIN(w->next + 1, w->config->n) : w->config->n;
}

/* Open what is due. Returns whether anything was opened. */
static bool
open_due(struct world *w)
{
	bool any = false;

	for (unsigned int i = w->next; i < open_end(w); i++) {
		for (unsigned int s = 0; s < 2; s++) {
			if (!may_open(w))
				return any;
			if (open_at(w, i, s) <= w->now)
				any |= open_on(w, i, s);
		}
		while (w->next < w->config->n && is_opened(w, w->next))
			w->next++;
	}
	return any;
}

static spt_time
open_next(const struct world *w)
{
	spt_time t = SPT_TIME_NEVER;

	if (!may_open(w))
		return t;
	for (unsigned int i = w->next; i < open_end(w); i++) {
		for (unsigned int s = 0; s < 2; s++)
			t = RTE_MIN(t, open_at(w, i, s));
	}
	return t;
}

/* ---- running ------------------------------------------------------------------------------ */

static void
check_side(struct world *w, unsigned int s, bool thorough)
{
	const struct side *side = &w->side[s];
	struct spt_stats stats;
	struct simapp_counts told;
	const char *wrong;

	if (monitor_broken(side->monitor) != MONITOR_NONE)
		fail(w, s == 0 ? "engine 0 broke a rule of the monitor"
		               : "engine 1 broke a rule of the monitor");
	if (simapp_error(side->app) != NULL)
		fail(w, simapp_error(side->app));
	spt_engine_stats(side->engine, &stats);
	simapp_counts(side->app, &told);
	wrong = simlink_check_stats(&stats);
	if (wrong == NULL && thorough)
		wrong = spt_engine_check(side->engine);
	if (wrong != NULL)
		fail(w, wrong);
	if (stats.connects != told.connects)
		fail(w, "'connects' is not what spt_connect let through");
	if (stats.opened_active < told.connected || stats.opened_passive < told.accepted ||
	    stats.closed < told.closed)
		fail(w, "more events than what was counted");
}

static void
check(struct world *w)
{
	bool thorough = ++w->checks % 64 == 0; /* slow */

	check_side(w, 0, thorough);
	check_side(w, 1, thorough);
}

static unsigned long
segments(const struct world *w)
{
	return monitor_segments(w->side[0].monitor) + monitor_segments(w->side[1].monitor);
}

/* Both ends work until the instant holds nothing more to do. */
static void
settle(struct world *w)
{
	unsigned long before;
	unsigned int turns = 0;
	bool busy;

	do {
		before = segments(w);
		busy = open_due(w);
		busy |= simapp_poll(w->side[0].app, w->now);
		busy |= simapp_poll(w->side[1].app, w->now);
		if (before != segments(w))
			busy = true;
		if (++turns > 20000) {
			fail(w, "20000 turns at one instant");
			return;
		}
	} while (busy || turns < 2);
}

static spt_time
next_deadline(const struct world *w)
{
	spt_time t = open_next(w);

	for (unsigned int s = 0; s < 2; s++) {
		t = RTE_MIN(t, spt_next_deadline(w->side[s].engine));
		t = RTE_MIN(t, port_next_deadline(w->side[s].port));
		t = RTE_MIN(t, simapp_next_deadline(w->side[s].app));
	}
	return t;
}

static void
step(struct world *w)
{
	spt_time next = next_deadline(w);
	uint64_t progress;

	if (next == SPT_TIME_NEVER) {
		fail(w, "nothing will ever happen again");
		return;
	}
	if (next <= w->now) {
		fail(w, "a deadline that is not later than its turn");
		return;
	}
	w->now = next;
	settle(w);
	check(w);
	progress = simapp_progress(w->side[0].app) + simapp_progress(w->side[1].app);
	if (progress != w->progress) {
		w->progress = progress;
		w->progress_at = w->now;
	} else if (w->now - w->progress_at > PATIENCE) {
		fail(w, "no progress for 300 s");
	}
}

/* Nothing may be left, and all that was counted must have been told. */
static void
check_nothing_left(struct world *w, unsigned int s)
{
	const struct side *side = &w->side[s];
	struct spt_source_info info = {0};
	struct simapp_counts told;
	struct spt_stats stats;

	check_side(w, s, true);
	spt_engine_stats(side->engine, &stats);
	simapp_counts(side->app, &told);
	if (stats.connections || stats.half_open || stats.timewait || stats.pinned_mbufs)
		fail(w, "connections, records or queued mbufs are left 200 s after the end");
	if (spt_source_info(side->engine, side->source, &info) != 0 || info.used != 0 ||
	    stats.source_tuples != 0)
		fail(w, "source tuples are in use 200 s after the end");
	/* One that was given up may have opened before its end was said on the wire. */
	if (stats.opened_active > told.connected + told.given_up ||
	    stats.opened_active < told.connected || stats.opened_passive != told.accepted ||
	    stats.closed != told.closed)
		fail(w, "the counters are not what the application was told");
	/* Those that a RST or a SYN of the peer's ended are counted as verdicts only. */
	if (stats.timewait_entered <
	    stats.timewait_expired + stats.timewait_early + stats.timewait_reused)
		fail(w, "more TIME-WAIT records ended than were made");
	if (simapp_open_sessions(side->app) != 0)
		fail(w, "a session is open 200 s after the end");
}

/* After the last connection: 2MSL, and nothing may be left. */
static void
wind_down(struct world *w)
{
	spt_time end = w->now + WIND_DOWN;

	while (w->now < end && w->failed[0] == '\0') {
		w->now = RTE_MIN(end, next_deadline(w));
		settle(w);
		check(w);
	}
	check_nothing_left(w, 0);
	check_nothing_left(w, 1);
}

static void
count_reasons(struct world *w)
{
	struct simpair_result *r = &w->result;

	for (unsigned int i = 0; i < w->config->n; i++) {
		switch (simapp_reason(w->side[w->config->conn[i].reversed].app, i)) {
		case 0: r->in_order++; break;
		case -ECONNRESET: r->reset++; break;
		case -ETIMEDOUT: r->timed_out++; break;
		case -ECONNREFUSED: r->refused++; break;
		case -ECONNABORTED: r->aborted++; break;
		}
	}
	r->segments[0] = w->lose[1].seen[PORT_LOSE_TX];
	r->segments[1] = w->lose[1].seen[PORT_LOSE_RX];
	for (unsigned int s = 0; s < 2; s++) {
		spt_engine_stats(w->side[s].engine, &r->stats[s]);
		spt_port_stats_get(w->side[s].port, &r->port[s]);
	}
}

static bool
all_over(struct world *w)
{
	while (w->first < w->config->n && conn_over(w, w->first))
		w->first++;
	return w->first == w->config->n;
}

bool
simpair_run(const struct simpair_config *config, const char *what, struct simpair_result *result)
{
	struct world *w = calloc(1, sizeof(*w));
	bool good;

	if (w == NULL)
		exit(2);
	w->config = config;
	w->what = what;
	build(w);
	settle(w);
	while (w->failed[0] == '\0' && !all_over(w))
		step(w);
	w->result.took = w->now - ENV_EPOCH;
	if (w->failed[0] == '\0')
		wind_down(w);
	count_reasons(w);
	if (result != NULL)
		*result = w->result;
	good = w->failed[0] == '\0';
	if (!good)
		tell(w);
	take_down(w);
	if (good && w->failed[0] != '\0') {
		fprintf(stderr, "\nsimulation %s, seed %" PRIu64 ": %s\n", what, config->seed,
		    w->failed);
		good = false;
	}
	for (unsigned int s = 0; s < 2; s++) {
		simapp_destroy(w->side[s].app);
		monitor_destroy(w->side[s].monitor);
	}
	free(w->opening);
	free(w);
	return good;
}

struct simpair_conn
simpair_conn_default(uint64_t bytes)
{
	return (struct simpair_conn){
	    .end = {{.send = bytes}, {.send = bytes, .fin_last = true}},
	};
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One core of `septet bench`: its turns, its phases of load, and what it tells the thread beside
 * it. Nothing here reads a clock: 'now' comes with the turn.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "bench/core.h"

#define CONNECTIONS_DEFAULT 4096                  /* of an engine: septet.h */
#define LATE                SPT_NS_PER_MS         /* an attempt that begins later is counted */
#define LINGER              (300 * SPT_NS_PER_MS) /* for peers whose last ACK was lost */

/*
 * Until a target has answered, its link address may be unknown, and what is sent meanwhile waits
 * in a short queue: so many SYNs at most, for so long.
 */
#define FIRST_OPENS 4
#define FIRST_TIME  (250 * SPT_NS_PER_MS)

/*
 * With a rate, an attempt for which the window has no room waits so long: a peer that lost its
 * processor for a moment makes attempts late, and only one that does not come back makes them fail.
 */
#define WINDOW_PATIENCE SPT_NS_PER_SEC

SPT_STATIC_ASSERT(BENCH_TARGETS <= 64, "a bit of 'answered' for each");

/* ---- opening ------------------------------------------------------------------ */

static bool
core_has_rate(const struct bench_core *core)
{
	return core->options->mode != MODE_REQUESTS && load_has_rate(&core->load);
}

/* What the window limits: all in progress; of those that are to be held, what opens or closes. */
static uint32_t
core_in_window(const struct bench_core *core)
{
	return core->options->mode == MODE_CONCURRENT ? core->in_progress - core->settled
	                                              : core->in_progress;
}

/* Whether another attempt is due, and when it should have begun. */
static bool
core_attempt_due(const struct bench_core *core, spt_time *intended)
{
	if (core->begun >= core->most)
		return false;
	if (core->options->mode == MODE_REQUESTS) {
		*intended = core->now;
		return core->in_progress < core->load.window;
	}
	if (!load_has_rate(&core->load))
		return load_due(
		    &core->load, core->begun, core_in_window(core), core->now, intended);
	*intended = core->next;
	return core->next <= core->now;
}

/* Reckoned once for each attempt, not every turn. */
static void
core_next(struct bench_core *core)
{
	if (core_has_rate(core))
		core->next = load_time(&core->load, core->begun);
}

/* Whether SYNs have where to go. */
static bool
core_way_known(struct bench_core *core)
{
	uint64_t all = UINT64_MAX >> (64 - core->n_target) << core->first_target;

	if (likely(core->answered == all))
		return true;
	if (core->opened == 0)
		core->first_open = core->now;
	if (core->now - core->first_open >= FIRST_TIME)
		core->answered = all;
	return core->in_progress < FIRST_OPENS * core->n_target;
}

static void
core_note_late(struct bench_core *core, spt_time intended)
{
	spt_time late = core->now - intended;

	if (likely(late <= LATE))
		return;
	core->totals.late++;
	core->totals.late_ns = RTE_MAX(core->totals.late_ns, late);
}

/* spt_connect did not want. True: that was an attempt too, by the clock, and it failed. */
static bool
core_refused(struct bench_core *core, int error)
{
	bool ports = error == -EADDRNOTAVAIL || error == -EADDRINUSE;
	bool room = error == -ENFILE || error == -ENOBUFS;
	struct bench_totals *t = &core->totals;

	if (!core_has_rate(core) && (ports || room)) {
		t->waits_ports += ports;
		t->waits_conns += room;
		return false;
	}
	t->attempts++;
	t->failed.no_source_port += ports;
	t->failed.no_connection += room;
	t->failed.other += !ports && !room;
	return true;
}

static void
core_open(struct bench_core *core)
{
	spt_time intended;

	for (unsigned int n = 0; n < BENCH_BURST && core_attempt_due(core, &intended); n++) {
		int rc = -ENFILE;

		if (!core_way_known(core))
			return;
		if (core_in_window(core) < core->load.window) {
			rc = bench_conn_open(core, intended);
		} else if (core->now - intended < WINDOW_PATIENCE) {
			core->totals.waits_conns++;
			return;
		}
		/* None was found yet: it stays due. */
		if (rc == -EAGAIN || (rc && !core_refused(core, rc)))
			return;
		core->begun++;
		core_next(core);
		core_note_late(core, intended);
	}
}

/* ---- requests by the clock ------------------------------------------------------ */

/* Those that are due go to the connections that have been free for longest; if none is, they wait,
 * and their latency has begun. */
static void
core_request(struct bench_core *core)
{
	spt_time intended;

	for (unsigned int n = 0; n < BENCH_BURST; n++) {
		if (core->idle.head == POOL_NONE ||
		    !load_due(&core->load, core->due, 0, core->now, &intended))
			return;
		core->due++;
		core_note_late(core, intended);
		bench_conn_request(core, bench_conn_at(core, core->idle.head), intended);
	}
}

/*
 * An exchange on each held connection in turn, evenly: all have had theirs after traffic_ms. One
 * whose last has no answer yet has none this time, and who is a round late goes on from now: both
 * are counted, since the load is then less than was asked for.
 */
static void
core_traffic(struct bench_core *core)
{
	spt_time round = core->options->traffic_ms * SPT_NS_PER_MS, step;

	if (core->top == 0)
		return;
	step = RTE_MAX(round / core->top, UINT64_C(1));
	if (core->now > core->traffic_at + round) {
		core->totals.left_out += (core->now - core->traffic_at) / step;
		core->traffic_at = core->now;
	}
	for (unsigned int n = 0; n < BENCH_BURST && core->now >= core->traffic_at; n++) {
		struct bench_conn *c;

		if (core->cursor >= core->top)
			core->cursor = 0;
		c = bench_conn_at(core, core->cursor++);
		if (c->state == CONN_IDLE)
			bench_conn_request(core, c, core->traffic_at);
		else
			core->totals.left_out += c->state == CONN_BUSY;
		core->traffic_at += step;
	}
}

/* ---- phases --------------------------------------------------------------------- */

static void
core_drain(struct bench_core *core)
{
	if (core->over || core->draining)
		return;
	core->draining = true;
	core->abandoning = false;
	core->cursor = 0;
	core->drain_by = core->now + core->phase.drain;
}

/* Close what is idle and stop what is endless, no more at once than the window has room for. */
static void
core_end_some(struct bench_core *core)
{
	uint32_t most = core->cursor + 4 * BENCH_BURST;

	while (core->cursor < core->top && core->cursor < most) {
		if (core->in_progress - core->settled >= core->load.window)
			return;
		bench_conn_end(core, bench_conn_at(core, core->cursor++));
	}
}

static void
core_abandon_some(struct bench_core *core)
{
	uint32_t most;

	if (!core->abandoning)
		core->cursor = 0;
	core->abandoning = true;
	for (most = core->cursor + 4 * BENCH_BURST; core->cursor < core->top && core->cursor < most;
	     core->cursor++)
		bench_conn_abandon(core, bench_conn_at(core, core->cursor));
}

static void
core_load(struct bench_core *core)
{
	enum bench_mode mode = core->options->mode;
	bool all = core->begun >= core->most;
	bool ended = core->phase.duration && core->now - core->load.start >= core->phase.duration;

	/* What was due before the end and after the last turn is begun yet. */
	if (!ended || core_has_rate(core))
		core_open(core);
	if (bench_requests_rated(core))
		core_request(core);
	if (mode == MODE_CONCURRENT && core->options->traffic_ms)
		core_traffic(core);
	if (core->begun >= core->most && !core->all_at)
		core->all_at = core->now;
	/* What is held or used until it is told to end does not end with the last attempt. */
	if ((mode == MODE_CONNECTIONS && all && !core->phase.idle) || ended)
		core_drain(core);
}

static void
core_phase(struct bench_core *core)
{
	bool done;

	if (!core->draining)
		core_load(core);
	if (core->flood)
		bench_flood_turn(core);
	if (core->draining) {
		if (core->now >= RTE_MIN(core->drain_by, core->stop_by))
			core_abandon_some(core);
		else
			core_end_some(core);
	}
	done = core->in_progress == 0 &&
	       (core->draining || (core->begun >= core->most && !core->phase.idle));
	core->over = done && (!core->flood || bench_flood_end(core));
	SPT_ASSERT(
	    !core->over || core->totals.attempts ==
	                       core->totals.completions + bench_failures_sum(&core->totals.failed));
}

/* The share of this core in a number that is given for all. */
static uint32_t
core_share(const struct bench_core *core, uint32_t number)
{
	uint32_t cores = RTE_MAX(core->bench->info.engines, 1u);

	return number / cores + (core->index < number % cores);
}

void
bench_core_begin(void *state, spt_time now, void *argument)
{
	const struct bench_phase *phase = argument;
	enum bench_mode mode = ((struct bench_core *)state)->options->mode;
	struct bench_core *core = state;

	core->now = now;
	core->phase = *phase;
	core->load = (struct load){.from = phase->rate_from,
	    .to = phase->rate_to,
	    .start = now,
	    .duration = phase->duration,
	    .window = RTE_MAX(phase->window, 1u)};
	core->most = phase->attempts ? phase->attempts : UINT64_MAX;
	/* These have so many connections and no more, also when one of them fails. */
	if (mode == MODE_CONCURRENT || mode == MODE_THROUGHPUT)
		core->most =
		    RTE_MIN(core->most, (uint64_t)core_share(core, core->options->connections));
	if (phase->idle)
		core->most = 0;
	core->begun = 0;
	core->all_at = 0;
	core_next(core);
	core->due = 0;
	core->totals.late_ns = 0;
	core->cursor = 0;
	core->traffic_at = now;
	core->draining = false;
	core->abandoning = false;
	core->over = false;
	core->calm = false;
	if (core->flood)
		bench_flood_begin(core);
	/* A core without a share of the attempts is given no time. */
	if (core->stopping || (phase->duration && phase->duration < SPT_NS_PER_US))
		core_drain(core);
}

void
bench_core_end(void *state, spt_time now, void *argument)
{
	struct bench_core *core = state;

	core->now = now;
	core_drain(core);
}

void
bench_core_sample(void *state, spt_time now, void *argument)
{
	struct bench_core_sample *sample = argument;
	struct bench_core *core = state;

	sample->now = now;
	sample->over = core->over;
	sample->in_progress = core->in_progress;
	sample->open = core->open;
	sample->all_at = core->all_at;
	sample->totals = core->totals;
	sample->flood = core->flood_own;
	if (core->flood)
		bench_flood_add(&sample->flood, flood_port_counts(core->flood));
	spt_source_info(core->engine, core->source, &sample->source);
	for (unsigned int i = 0; i < LATENCIES; i++) {
		struct histogram *filled = core->latency[i];

		core->latency[i] = sample->latency[i];
		sample->latency[i] = filled;
	}
}

/* ---- turns ---------------------------------------------------------------------- */

static void
core_tick(struct bench_core *core)
{
	uint32_t tick = bench_tick(core->now);

	for (unsigned int n = 0; n < BENCH_BURST && core->waiting.head != POOL_NONE; n++) {
		struct bench_conn *c = bench_conn_at(core, core->waiting.head);

		if ((int32_t)(tick - c->deadline) < 0)
			break;
		bench_conn_expire(core, c);
	}
	/* Those that find no buffer again are appended: each has one try. */
	for (uint32_t n = RTE_MIN(core->retry.length, (uint32_t)BENCH_BURST);
	     n > 0 && core->retry.head != POOL_NONE; n--)
		bench_conn_retry(core, bench_conn_at(core, core->retry.head));
}

/* Nothing is left but peers who may not have heard our last ACK. */
static bool
core_stopped(struct bench_core *core)
{
	/* A second after all was aborted: CLOSED did not come, which must not keep us. */
	if (!core->over)
		return core->now > core->stop_by + SPT_NS_PER_SEC;
	if (!core->quiet_until)
		core->quiet_until = core->now + (core->totals.attempts ? LINGER : 0);
	return core->now >= RTE_MIN(core->quiet_until, core->stop_by);
}

static bool
core_turn(void *state, spt_time now, const struct spt_event *events, unsigned int n)
{
	struct bench_core *core = state;

	core->now = now;
	for (unsigned int i = 0; i < n; i++)
		if (unlikely(bench_flood_owns(&events[i])))
			bench_flood_event(core, &events[i]);
		else
			bench_conn_event(core, &events[i]);
	core_tick(core);
	if (!core->over)
		core_phase(core);
	return !core->stopping || !core_stopped(core);
}

/* ---- beginning and end ------------------------------------------------------------ */

static void
core_free(struct bench_core *core)
{
	for (unsigned int i = 0; i < LATENCIES; i++)
		free(core->latency[i]);
	bench_flood_fini(core);
	exchange_fini(&core->exchange);
	pool_fini(&core->conns);
	free(core);
}

static int
core_tables(struct bench_core *core)
{
	const struct bench_options *o = core->options;
	uint32_t conns = o->engine.connections ? o->engine.connections : CONNECTIONS_DEFAULT;
	size_t stride = RTE_ALIGN_CEIL(sizeof(struct bench_conn) + exchange_room(o), 8);
	int rc = pool_init(&core->conns, conns, (uint32_t)stride, -1);

	if (rc)
		return rc;
	fifo_init(&core->waiting, &core->conns, offsetof(struct bench_conn, waiting));
	fifo_init(&core->idle, &core->conns, offsetof(struct bench_conn, list));
	fifo_init(&core->retry, &core->conns, offsetof(struct bench_conn, list));
	for (unsigned int i = 0; i < LATENCIES; i++) {
		core->latency[i] = histogram_create();
		if (!core->latency[i])
			return -ENOMEM;
	}
	rc = bench_flood_init(core);
	if (rc)
		return rc;
	return exchange_init(&core->exchange, o, core->engine, core->index, &core->totals);
}

/* One source has the addresses of both families. */
static int
core_source(struct bench_core *core, char *error, size_t error_size)
{
	struct spt_source_options options = {
	    .conn = core->options->conn,
	    .port_first = core->options->port_first,
	    .port_last = core->options->port_last,
	};

	/* Whole requests are written: Nagle's algorithm would only delay their last segment. */
	options.conn.nodelay |= core->options->mode != MODE_THROUGHPUT;
	core->source = spt_source_add(core->engine, &options);
	if (core->source >= 0)
		return 0;
	snprintf(error, error_size, "no source of connections on core %u: %s", core->index,
	    strerror(-core->source));
	return core->source;
}

/* Those of its port, which stand in a row. */
static void
core_targets(struct bench_core *core, unsigned int port)
{
	const struct bench_options *o = core->options;

	while (core->first_target < o->n_target && o->target_port[core->first_target] != port)
		core->first_target++;
	for (unsigned int i = core->first_target; i < o->n_target; i++)
		core->n_target += o->target_port[i] == port;
	core->next_target = core->first_target;
}

static int
core_start(void *app, unsigned int index, unsigned int port, struct spt_engine *engine,
    spt_time now, void **state, char *error, size_t error_size)
{
	struct bench_core *core = calloc(1, sizeof(*core));
	const struct bench *bench = app;
	int rc;

	snprintf(error, error_size, "no memory for the connections of core %u", index);
	if (!core)
		return -ENOMEM;
	core->engine = engine;
	core->bench = bench;
	core->options = &bench->options;
	core->index = index;
	core->flood = bench->flood[index];
	core_targets(core, port);
	core->now = now;
	core->over = true;
	core->stop_by = SPT_TIME_NEVER;
	rc = core_tables(core);
	if (rc == 0)
		rc = core_source(core, error, error_size);
	if (rc) {
		core_free(core);
		return rc;
	}
	*state = core;
	return 0;
}

static void
core_stop(void *state, spt_time now, spt_time deadline)
{
	struct bench_core *core = state;

	core->now = now;
	core->stop_by = deadline;
	core->stopping = true;
	core_drain(core);
}

static void
core_finish(void *state)
{
	core_free(state);
}

const struct spt_core_ops bench_core_ops = {
    .start = core_start,
    .turn = core_turn,
    .stop = core_stop,
    .finish = core_finish,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A core's part in a flood: it begins and ends with the phase. Frames are the port's matter
 * (flood_port.c); whole handshakes that then say nothing are made here, of the engine's own
 * connections, whose user pointers are odd numbers.
 */
#include <errno.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_mbuf.h>

#include "bench/core.h"

/* One that is silent. */
struct silent_conn {
	spt_conn conn;  /* SPT_CONN_NONE: free */
	bool connected; /* is counted as taken */
};

static void *
silent_user(uint32_t index)
{
	return (void *)((uintptr_t)index << 1 | 1);
}

int
bench_flood_init(struct bench_core *core)
{
	const struct bench_options *o = core->options;
	uint32_t most = o->connections / RTE_MAX(core->bench->info.engines, 1u) + 1;

	if (!o->flood.on || o->flood.kind != FLOOD_SILENT)
		return 0;
	return pool_init(
	    &core->silent.conns, most, (uint32_t)RTE_ALIGN_CEIL(sizeof(struct silent_conn), 8), -1);
}

void
bench_flood_fini(struct bench_core *core)
{
	pool_fini(&core->silent.conns);
}

void
bench_flood_begin(struct bench_core *core)
{
	struct bench_silent *s = &core->silent;
	double rate = core->phase.flood_rate;

	if (rate <= 0)
		return;
	if (core->options->flood.kind != FLOOD_SILENT) {
		flood_port_start(core->flood, rate, core->now);
		return;
	}
	s->running = true;
	s->per_ns = rate / (double)SPT_NS_PER_SEC;
	s->start = core->now;
	s->done = 0;
	s->cursor = 0;
}

/* A handshake begins; false: there was no room, and it is counted as refused. */
static bool
silent_open(struct bench_core *core)
{
	uint32_t index = pool_get(&core->silent.conns);
	const struct spt_endpoint *target;
	struct silent_conn *c;

	if (index == POOL_NONE)
		return false;
	target = &core->options->target[core->first_target + core->silent.done % core->n_target];
	c = pool_at(&core->silent.conns, index);
	*c = (struct silent_conn){.conn = SPT_CONN_NONE};
	if (spt_connect(core->engine, core->source, NULL, target, silent_user(index), &c->conn)) {
		pool_put(&core->silent.conns, index);
		return false;
	}
	core->silent.top = RTE_MAX(core->silent.top, index + 1);
	return true;
}

void
bench_flood_turn(struct bench_core *core)
{
	struct bench_silent *s = &core->silent;
	uint64_t due;

	if (likely(!s->running))
		return;
	due = (uint64_t)((double)(core->now - s->start) * s->per_ns);
	for (unsigned int n = 0; n < BENCH_BURST && s->done < due; n++) {
		s->done++;
		core->flood_own.made++;
		core->flood_own.refused += !silent_open(core);
	}
}

void
bench_flood_event(struct bench_core *core, const struct spt_event *e)
{
	uint32_t index = (uint32_t)((uintptr_t)e->user >> 1);
	struct silent_conn *c = pool_at(&core->silent.conns, index);

	if (e->events & SPT_RECEIVED)
		rte_pktmbuf_free(e->data);
	if (e->events & SPT_CONNECTED) {
		c->connected = true;
		core->flood_own.taken++;
	}
	if (e->events & SPT_PEER_CLOSED)
		spt_close(core->engine, c->conn);
	if (!(e->events & SPT_CLOSED))
		return;
	core->flood_own.refused += !c->connected;
	core->flood_own.resets += c->connected && e->reason == -ECONNRESET;
	c->conn = SPT_CONN_NONE;
	pool_put(&core->silent.conns, index);
}

/* Some of those that are left, each turn. */
static bool
silent_end(struct bench_core *core)
{
	struct bench_silent *s = &core->silent;
	uint32_t most = s->cursor + 4 * BENCH_BURST;

	if (s->running) {
		s->running = false;
		core->flood_own.lasted_ns += core->now - s->start;
	}
	for (; s->cursor < s->top && s->cursor < most; s->cursor++) {
		struct silent_conn *c = pool_at(&s->conns, s->cursor);

		if (c->conn != SPT_CONN_NONE)
			spt_abort(core->engine, c->conn);
	}
	return pool_used(&s->conns) == 0;
}

/* Who still waits is not to get in because half of the flood is over. */
static bool
flood_may_end(struct bench_core *core)
{
	uint32_t *honest = core->phase.honest;

	if (!core->calm && honest)
		__atomic_sub_fetch(honest, 1, __ATOMIC_RELAXED);
	core->calm = true;
	return !honest || core->stopping || __atomic_load_n(honest, __ATOMIC_RELAXED) == 0;
}

bool
bench_flood_end(struct bench_core *core)
{
	if (!flood_may_end(core))
		return false;
	flood_port_stop(core->flood, core->now);
	return core->options->flood.kind != FLOOD_SILENT || silent_end(core);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A turn of one core, on a screen. */
#include "engine.h"

/* Rounds of sending in one turn: a long list goes out in several bursts, but receiving comes too.
 */
#define OUTPUT_ROUNDS 4

/* What the application asked for since the last turn; acknowledgments ride on it. */
static void
engine_output(struct spt_engine *e)
{
	bool more = true;

	for (int round = 0; more && round < OUTPUT_ROUNDS && e->n_ready < ENGINE_READY_PAUSE;
	     round++) {
		more = tcp_output_run(&e->tcp);
		engine_flush(e);
	}
}

/* What segments of this turn may add to a port that does not keep up. */
static void
engine_share_port(struct spt_engine *e)
{
	tcp_set_port(&e->tcp, e->stats.tx_frames - e->tx_seen, e->n_ready >= ENGINE_READY_PAUSE);
	e->tx_seen = e->stats.tx_frames;
}

static void
engine_timers(struct spt_engine *e)
{
	tcp_timers_run(&e->tcp);
	e->n_ready += net_timers(&e->net, e->now, e->ready + e->n_ready, ENGINE_NET_BURST);
}

unsigned int
spt_poll(struct spt_engine *engine, spt_time now, struct spt_event *events, unsigned int max)
{
	engine->now = now;
	tcp_set_now(&engine->tcp, now);

	engine_output(engine);
	engine_share_port(engine);
	engine_receive(engine);
	engine_timers(engine);
	engine_flush(engine);
	return tcp_events_take(&engine->tcp, events, max);
}

spt_time
spt_next_deadline(const struct spt_engine *engine)
{
	spt_time next = tcp_next_deadline(&engine->tcp);

	next = RTE_MIN(next, net_next_deadline(&engine->net));
	next = RTE_MIN(next, port_next_deadline(engine->port));
	if (engine->n_ready > 0)
		next = RTE_MIN(next, engine->now + SPT_NS_PER_US); /* the port was full */
	return RTE_MAX(next, engine->now + 1);
}

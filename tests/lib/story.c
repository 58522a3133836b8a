/* SPDX-License-Identifier: BSD-3-Clause */
/* The world of a story: two engines, a clock that jumps, and what must hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "simlink.h"
#include "story_priv.h"

struct story *story;

/* ---- failing ---------------------------------------------------------------------- */

static void
show(void)
{
	fprintf(stderr, "  at %.6f s virtual\n", (double)story->now / 1e9);
	simlink_tell(story->side[0].monitor);
	simlink_tell(story->side[1].monitor);
}

void
story_check_at(bool holds, const char *text, const char *file, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
	show();
	fail();
}

void
story_check_eq_at(int64_t got, int64_t expected, const char *text, const char *file, int line)
{
	if (got == expected)
		return;
	fprintf(stderr, "%s:%d: %s is %lld, expected %lld\n", file, line, text, (long long)got,
	    (long long)expected);
	show();
	fail();
}

void
story_check_state_at(const struct story_end *e, enum spt_state state, const char *file, int line)
{
	enum spt_state is = story_state(e);

	if (is == state)
		return;
	fprintf(stderr, "%s:%d: side %u is in %s, expected %s\n", file, line, e->side,
	    spt_state_name(is), spt_state_name(state));
	show();
	fail();
}

/* Noted where no test may be left in the middle of a turn; told by the next settle. */
void
story_wrong(const char *why)
{
	if (story->wrong[0] == '\0')
		snprintf(story->wrong, sizeof(story->wrong), "%s", why);
}

/* ---- the engines -------------------------------------------------------------------- */

static void
start_engine(unsigned int s)
{
	struct side *side = &story->side[s];
	struct spt_local local = {
	    .first = side->addr, .count = 1, .prefix = story->config.family == 4 ? 24 : 64};
	struct spt_config config = story->config.config;
	struct spt_source_options source = {.conn = story->config.options[s]};
	struct spt_listen_options listen = {
	    .conn = story->config.options[s], .close_on_fin = story->config.close_on_fin};
	struct spt_endpoint any = {.port = STORY_PORT};
	char error[200] = "";

	config.local = &local;
	config.n_local = 1;
	config.pool = side->pool;
	config.socket = -1;
	config.connections = story->config.connections ? story->config.connections : 64;
	if (config.half_open == 0)
		config.half_open = config.connections;
	if (config.timewait == 0)
		config.timewait = config.connections;
	config.neighbours = 16;
	config.listeners = 4;
	config.sources = 2;
	/* Another secret in each life: nobody who crashed knows the old one. */
	config.master_secret[0] = (uint8_t)(s + 1);
	config.master_secret[1] = (uint8_t)++side->born;
	side->monitor = monitor_create(
	    s == 0 ? "side 0" : "side 1", s == 0 ? "side 1" : "side 0", &side->link.base.mac, 1500);
	side->port = monitor_port_create(side->monitor, &side->link.base);
	if (spt_engine_create(
	        &config, side->port, story->now, &side->engine, error, sizeof(error)) != 0) {
		fprintf(stderr, "story: %s\n", error);
		exit(2);
	}
	side->source = spt_source_add(side->engine, &source);
	if (side->source < 0 ||
	    (!story->config.deaf[s] && spt_listen(side->engine, &any, &listen) < 0)) {
		fprintf(stderr, "story: spt_source_add or spt_listen fails\n");
		exit(2);
	}
}

/* The other side asks for our link address, and so tells its own: no answer has to wait for it. */
static void
introduce(unsigned int s)
{
	static uint8_t flat[PACKET_MAX];
	const struct side *us = &story->side[s], *them = &story->side[!s];

	story_deliver(s, story->now, flat,
	    packet_ask_resolution(&them->link.base.mac, &them->addr, &us->addr, flat));
	story_settle();
}

static void
stop_engine(unsigned int s)
{
	struct side *side = &story->side[s];

	spt_engine_destroy(side->engine);
	side->port->ops->destroy(side->port); /* and what was under way to it */
	monitor_destroy(side->monitor);
}

void
story_begin(const struct story_config *config)
{
	/* The story before failed: what it held is lost. */
	if (story != NULL)
		simlink_pools_lost();
	story = calloc(1, sizeof(*story));
	if (story == NULL)
		exit(2);
	story->config = *config;
	story->now = ENV_EPOCH + config->start;
	for (unsigned int s = 0; s < 2; s++) {
		struct side *side = &story->side[s];

		side->pool = simlink_pool(s);
		side->addr = simlink_address(config->family, (uint8_t)(1 + s));
		story_link_init(s);
		start_engine(s);
	}
	introduce(0);
	introduce(1);
}

void
story_end(void)
{
	story_settle();
	for (unsigned int s = 0; s < 2; s++) {
		story_check_eq(monitor_broken(story->side[s].monitor), MONITOR_NONE);
		story_check(spt_engine_check(story->side[s].engine) == NULL);
	}
	stop_engine(0);
	stop_engine(1);
	for (unsigned int s = 0; s < 2; s++)
		assert_int_equal(env_pool_in_use(simlink_pool(s)), 0);
	for (unsigned int i = 0; i < story->n_segments; i++)
		free(story->segment[i].bytes);
	free(story->segment);
	free(story);
	story = NULL;
}

void
story_crash(unsigned int side)
{
	for (unsigned int i = 0; i < story->n_ends; i++) {
		if (story->end[i].side == side)
			story->end[i].open = false;
	}
	stop_engine(side);
	start_engine(side);
	introduce(side);
}

struct spt_engine *
story_engine(unsigned int side)
{
	return story->side[side].engine;
}

/* ---- time -------------------------------------------------------------------------------- */

static void
check_side(unsigned int s)
{
	struct spt_stats stats;
	const char *bad;

	spt_engine_stats(story->side[s].engine, &stats);
	bad = simlink_check_stats(&stats);
	if (bad != NULL)
		story_wrong(bad);
	if (story->wrong[0] == '\0' && monitor_broken(story->side[s].monitor) == MONITOR_NONE)
		return;
	fprintf(stderr, "story: %s\n", story->wrong);
	show();
	fail();
}

void
story_settle(void)
{
	struct spt_event events[EVENTS_MAX];
	unsigned int turns = 0, n, before;

	do {
		before = story->frames;
		n = 0;
		for (unsigned int s = 0; s < 2; s++) {
			unsigned int got =
			    spt_poll(story->side[s].engine, story->now, events, EVENTS_MAX);

			for (unsigned int i = 0; i < got; i++)
				story_on_event(s, &events[i]);
			n += got;
		}
		story_check(++turns < 20000);
	} while (n > 0 || before != story->frames || turns < 3);
	check_side(0);
	check_side(1);
}

void
story_run_us(uint64_t us)
{
	spt_time end = story->now + us * SPT_NS_PER_US;

	story_settle();
	while (story->now < end) {
		spt_time t = end;

		for (unsigned int s = 0; s < 2; s++) {
			t = RTE_MIN(t, spt_next_deadline(story->side[s].engine));
			t = RTE_MIN(t, story_link_next(s));
		}
		story_check(t > story->now);
		story->now = t;
		story_settle();
	}
}

spt_time
story_now(void)
{
	return story->now;
}

/* ---- what is known ------------------------------------------------------------------------- */

struct spt_conn_info
story_look(const struct story_end *e)
{
	struct spt_conn_info info[16];
	uint64_t cursor = 0;
	unsigned int n;

	while (
	    (n = spt_engine_walk(story->side[e->side].engine, &cursor, info, RTE_DIM(info))) > 0) {
		for (unsigned int i = 0; i < n; i++) {
			if (info[i].local.port == e->local.port &&
			    info[i].remote.port == e->remote.port)
				return info[i];
		}
	}
	return (struct spt_conn_info){.state = SPT_CLOSED_STATE};
}

enum spt_state
story_state(const struct story_end *e)
{
	return story_look(e).state;
}

unsigned int
story_segments(void)
{
	return story->n_segments;
}

const struct story_segment *
story_segment(unsigned int i)
{
	return &story->segment[i];
}

unsigned int
story_count(unsigned int since, unsigned int from, uint8_t flags)
{
	unsigned int n = 0;

	for (unsigned int i = since; i < story->n_segments; i++) {
		if (story->segment[i].from == from && (story->segment[i].p.flags & flags) == flags)
			n++;
	}
	return n;
}

struct spt_stats
story_stats(unsigned int side)
{
	struct spt_stats stats;

	spt_engine_stats(story->side[side].engine, &stats);
	return stats;
}

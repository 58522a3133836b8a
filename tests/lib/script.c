/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The script harness: variants, an engine for each run, the clock, failures, and what
 * must hold at the end of every script.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/addr.h>

#include "port_cut.h"
#include "port_hold.h"
#include "script_priv.h"

/* Just below 2^32: the first few bytes of each stream cross it. */
#define WRAP_ISS 0xfffffff0u

static const struct variant variants[] = {
    {.name = "ipv4", .family = 4, .peer_iss = 1000, .multi_segment = true, .hold = true},
    {.name = "ipv4-wrap-ts",
        .family = 4,
        .peer_iss = WRAP_ISS,
        .engine_iss = WRAP_ISS,
        .shape = SHAPE_CHAINED,
        .ts = true,
        .hold = true},
    {.name = "ipv6-ts",
        .family = 6,
        .peer_iss = 1000,
        .shape = SHAPE_SHARED,
        .ts = true,
        .multi_segment = true,
        .tso = true,
        .hold = true},
    {.name = "ipv6-wrap", .family = 6, .peer_iss = WRAP_ISS, .engine_iss = WRAP_ISS},
    {.name = "ipv4-active-ts",
        .family = 4,
        .peer_iss = 1000,
        .shape = SHAPE_SHARED,
        .ts = true,
        .active = true,
        .multi_segment = true,
        .tso = true,
        .hold = true},
    {.name = "ipv6-active-wrap",
        .family = 6,
        .peer_iss = WRAP_ISS,
        .engine_iss = WRAP_ISS,
        .shape = SHAPE_CHAINED,
        .active = true,
        .multi_segment = true,
        .tso = true},
};

struct script *script;
static struct script_entry *first_entry, **last_entry = &first_entry;

void
script_register(struct script_entry *entry)
{
	*last_entry = entry;
	last_entry = &entry->next;
}

void
script_at(const char *file, int line)
{
	script->file = file;
	script->line = line;
}

void
script_fail(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "\n%s:%d: script %s (%s; %s)\n  %s\n", script->file, script->line,
	    script->entry->name, script->variant->name, script->entry->cites, text);
	if (monitor_report(script->monitor) != NULL)
		fprintf(stderr, "%s", monitor_report(script->monitor));
	else
		monitor_print(script->monitor, stderr);
	fflush(stderr);
	_fail(script->file, script->line);
	abort();
}

/* ---- the clock ------------------------------------------------------------ */

static void
check_turn(void)
{
	struct spt_stats stats;
	uint64_t sum = 0;
	const char *wrong;

	if (monitor_broken(script->monitor) != MONITOR_NONE)
		script_fail("the engine broke a rule of the monitor");
	if (script->fault != NULL)
		script_fail("%s", script->fault);
	spt_engine_stats(script->engine, &stats);
	for (unsigned int i = 0; i < SPT_V_COUNT; i++)
		sum += stats.verdict[i];
	if (sum != stats.rx_frames)
		script_fail(
		    "%" PRIu64 " frames received, but %" PRIu64 " verdicts", stats.rx_frames, sum);
	if (stats.errors != 0)
		script_fail("the engine counted an error of its own");
	wrong = spt_engine_check(script->engine);
	if (wrong != NULL)
		script_fail("spt_engine_check: %s", wrong);
}

void
script_settle(void)
{
	struct spt_event events[8];
	unsigned int n, before, turns = 0;

	if (script->settling || script->engine == NULL)
		return;
	script->settling = true;
	do {
		before = script->captures;
		n = spt_poll(script->engine, script->now, events, RTE_DIM(events));
		for (unsigned int i = 0; i < n; i++)
			script_dispatch(&events[i]);
		if (++turns > 1000)
			script_fail("the engine does not come to rest: 1000 turns at one instant");
	} while (n > 0 || script->captures != before || script->port->n_rx > 0 || turns < 2);
	script->settling = false;
	check_turn();
	if (spt_next_deadline(script->engine) <= script->now)
		script_fail("spt_next_deadline is not later than the turn that just ended");
}

/* Move to 'until' by way of all deadlines; stop at the first segment if 'stop'. */
static void
run_until(spt_time until, bool stop)
{
	unsigned int waiting = script->captures - script->taken;
	spt_time deadline;

	for (unsigned int i = 0; script->now < until; i++) {
		deadline = spt_next_deadline(script->engine);
		script->now = RTE_MIN(until, deadline);
		script_settle();
		if (stop && script->captures - script->taken > waiting)
			return;
		if (i > 1000000)
			script_fail("a million deadlines in one step of time");
	}
}

void
script_advance(uint64_t us)
{
	script_strict_segments();
	spt_engine_stats(script->engine, &script->before);
	run_until(script->now + us * SPT_NS_PER_US, false);
}

void
script_expect_after(uint64_t us, const struct expect *e)
{
	spt_time start = script->now;
	uint64_t waited;

	script_strict_segments();
	spt_engine_stats(script->engine, &script->before);
	run_until(start + (us + SCRIPT_SLACK_US) * SPT_NS_PER_US, true);
	waited = (script->now - start) / SPT_NS_PER_US;
	if (script->captures == script->taken)
		script_fail("nothing was sent after %" PRIu64 " us", waited);
	if (waited < us)
		script_fail("a segment was sent after %" PRIu64 " us, not %" PRIu64, waited, us);
	script_expect(e);
}

void
script_expect_within(uint64_t us, const struct expect *e)
{
	if (script->captures == script->taken) {
		spt_engine_stats(script->engine, &script->before);
		run_until(script->now + (us + SCRIPT_SLACK_US) * SPT_NS_PER_US, true);
	}
	script_expect(e);
}

void
script_expect_silence(uint64_t us)
{
	script_expect_nothing();
	script_advance(us);
	script_expect_nothing();
}

/* ---- setting up and taking down --------------------------------------------- */

static void
on_port_fault(void *arg, const char *text)
{
	if (script->fault == NULL)
		script->fault = strdup(text);
}

static void
create_port(void)
{
	const struct variant *v = script->variant;
	struct port_hold_config hold = {.fault = on_port_fault};
	struct port_cut_config cut = {.pool = script->peer_pool,
	    .tso = {.most = PORT_CUT_MOST, .mbufs = 40, .segment_mbufs = 8},
	    .fault = on_port_fault};

	script->port = script_port_create(script->peer_pool, &script->mac, v->multi_segment);
	script->top = &script->port->base;
	if (v->hold)
		script->top = port_hold_create(&hold, script->top);
	script->top = monitor_port_create(script->monitor, script->top);
	if (v->tso)
		script->top = port_cut_create(&cut, script->top);
}

static void
create_world(const struct script_entry *entry, const struct variant *v, spt_time start)
{
	static const uint8_t net6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0};
	struct spt_addr a;

	script = calloc(1, sizeof(*script));
	if (script == NULL)
		exit(2);
	script->entry = entry;
	script->variant = v;
	script->start = script->now = start;
	script->engine_pool = env_pool_create(2048);
	script->peer_pool = env_pool_create(4096);
	script->mac = (struct rte_ether_addr){{2, 0, 0, 0, 0, 1}};
	script->peer_mac = (struct rte_ether_addr){{2, 0, 0, 0, 0, 2}};
	a = v->family == 4 ? addr_from_v4(RTE_BE32(0x0a010000)) : addr_from_v6(net6);
	for (unsigned int i = 0; i < 2; i++) {
		script->local[i] = a;
		script->local[i].b[15] = (uint8_t)(1 + i);
	}
	script->peer = a;
	script->peer.b[15] = 9;
	for (unsigned int i = 0; i < SCRIPT_PEERS; i++) {
		script->flow[i].number = i;
		script->flow[i].port = (uint16_t)(SCRIPT_PEER_PORT + i);
		script->flow[i].lport = SCRIPT_PORT;
		script->flow[i].peer_iss = v->peer_iss;
	}
	script->f = &script->flow[0];
	script->source = -1;
	script->monitor = monitor_create("septet", "peer", &script->mac, 1500);
	create_port();
}

static void
destroy_world(void)
{
	if (script == NULL)
		return;
	spt_engine_destroy(script->engine);
	script->top->ops->destroy(script->top);
	script_port_release();
	monitor_destroy(script->monitor);
	env_pool_destroy(script->engine_pool);
	env_pool_destroy(script->peer_pool);
	free(script->fault);
	free(script);
	script = NULL;
}

static const struct script_entry trial = {.name = "trial handshake", .cites = "RFC 6528"};

/*
 * When to start so that the engine's ISS for the first peer, which follows a clock of about
 * 4 us (RFC 6528 3), is the one that the variant wishes for: found by handshakes on trial.
 */
static spt_time
find_start(const struct variant *v)
{
	static spt_time found[RTE_DIM(variants)];
	spt_time *start = &found[v - variants];
	uint32_t iss;

	if (v->engine_iss == 0 || *start != 0)
		return v->engine_iss == 0 ? ENV_EPOCH : *start;
	*start = ENV_EPOCH;
	for (unsigned int i = 0; i < 2; i++) {
		create_world(&trial, v, *start);
		given(SYN_RECEIVED);
		iss = script->f->engine_iss;
		destroy_world();
		if (iss != v->engine_iss)
			*start += (uint64_t)(v->engine_iss - iss) * 4096;
	}
	return *start;
}

static int
setup(void **state)
{
	const void *const *initial = *state;

	create_world(initial[0], initial[1], find_start(initial[1]));
	return 0;
}

static int
teardown(void **state)
{
	destroy_world();
	return 0;
}

/* What must hold at the end of every script. */
static void
finish(void)
{
	struct spt_stats stats;

	if (script->engine == NULL)
		script_fail("a script that never said given()");
	script_expect_nothing();
	script->finishing = true;
	for (unsigned int i = 0; i < SCRIPT_PEERS; i++) {
		if (script->flow[i].open)
			spt_abort(script->engine, script->flow[i].conn);
	}
	script_settle();
	run_until(script->now + 400 * SPT_NS_PER_SEC, false);
	for (unsigned int i = 0; i < SCRIPT_PEERS; i++) {
		if (script->flow[i].open)
			script_fail("peer %u: no CLOSED event came, not even after an abort", i);
	}
	spt_engine_stats(script->engine, &stats);
	if (stats.connections || stats.half_open || stats.timewait || stats.pinned_mbufs ||
	    stats.source_tuples)
		script_fail("after 400 s there are still %" PRIu64 " connections, %" PRIu64
		            " half open, %" PRIu64 " in TIME-WAIT, %" PRIu64
		            " tuples of sources in use, %" PRIu64 " mbufs in queues",
		    stats.connections, stats.half_open, stats.timewait, stats.source_tuples,
		    stats.pinned_mbufs);
	spt_engine_destroy(script->engine);
	script->engine = NULL;
	script->top->ops->destroy(script->top);
	if (!script_port_release())
		script_fail("a received frame that others hold too was written to");
	script->port = script_port_create(script->peer_pool, &script->mac, true);
	script->top = &script->port->base;
	if (script->fault != NULL)
		script_fail("%s", script->fault);
	if (env_pool_in_use(script->engine_pool) || env_pool_in_use(script->peer_pool))
		script_fail("%u mbufs of the engine and %u received ones leaked",
		    env_pool_in_use(script->engine_pool), env_pool_in_use(script->peer_pool));
}

static void
run_script(void **state)
{
	script_at("setup", 0);
	script->entry->body();
	finish();
}

/* ---- the program -------------------------------------------------------------- */

static bool
wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strstr(name, argv[i]) != NULL)
			return true;
	}
	return argc < 2;
}

int
script_main(int argc, char **argv)
{
	size_t n = 0, max = 0;
	struct CMUnitTest *tests;
	const void **initial;
	char *name;
	int failed;

	env_start();
	for (struct script_entry *e = first_entry; e != NULL; e = e->next)
		max += RTE_DIM(variants);
	tests = calloc(max, sizeof(*tests));
	initial = calloc(max, 2 * sizeof(*initial));
	for (struct script_entry *e = first_entry; e != NULL; e = e->next) {
		for (unsigned int v = 0; v < RTE_DIM(variants); v++) {
			if (asprintf(&name, "%s/%s", e->name, variants[v].name) < 0)
				return 2;
			if (!wanted(name, argc, argv)) {
				free(name);
				continue;
			}
			initial[2 * n] = e;
			initial[2 * n + 1] = &variants[v];
			tests[n] = (struct CMUnitTest){.name = name,
			    .test_func = run_script,
			    .setup_func = setup,
			    .teardown_func = teardown,
			    .initial_state = &initial[2 * n]};
			n++;
		}
	}
	failed = _cmocka_run_group_tests("scripts", tests, n, NULL, NULL);
	for (size_t i = 0; i < n; i++)
		free((char *)(uintptr_t)tests[i].name);
	free(tests);
	free(initial);
	return failed;
}

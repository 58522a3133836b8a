/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Thousands of connections over a handful of source ports, so that each is an incarnation of a
 * 4-tuple that was closed a moment ago: out of our TIME-WAIT where the opener closed first, into
 * the peer's where the peer did (RFC 6191), with loss, duplicates and segments that come so late
 * that they belong to an incarnation before. Every stream has bytes of its own, so that a byte of
 * an old incarnation that is delivered to a new one is found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/simpair.h>

#define CONNS_MAX 3000
#define PORTS     8

static struct simpair_config config;
static struct simpair_conn conns[CONNS_MAX];

enum closer { OPENER, OTHER, EITHER };

static void
base(uint64_t seed, unsigned int n, enum closer closer)
{
	struct env_random r;

	env_random_seed(&r, seed);
	config = (struct simpair_config){.seed = seed,
	    .family = seed % 2 ? 4 : 6,
	    .n = n,
	    .conn = conns,
	    .at_once = PORTS,
	    .retry = 50 * SPT_NS_PER_MS};
	for (unsigned int s = 0; s < 2; s++) {
		config.to[s].delay_ns = 5 * SPT_NS_PER_MS;
		config.side[s].rto_max_ms = 10000;
		config.side[s].options.r2_ms = 1000000;
		config.side[s].connections = 64;
	}
	config.side[0].source.port_first = 40000;
	config.side[0].source.port_last = 40000 + PORTS - 1;
	for (unsigned int i = 0; i < n; i++) {
		struct sim_end *e = conns[i].end;
		bool other = closer == OTHER || (closer == EITHER && env_random_below(&r, 2));

		conns[i] = simpair_conn_default(1 + env_random_below(&r, 4000));
		e[0].send = 1 + env_random_below(&r, 2000);
		e[0].early = env_random_below(&r, 2);
		e[1].send_after = env_random_below(&r, 2) ? e[0].send : 0;
		e[0].fin_last = other;
		e[1].fin_last = !other;
		e[other].by_close = env_random_below(&r, 2);
		/*
		 * The ACK of the last FIN is lost, and so are the FINs of the next second: then the
		 * tuple is in use again, the SYN is challenged, and the challenge draws a RST.
		 */
		e[!other].late_reset = true;
	}
}

/* The worst a link does: copies that come as late as 'late', and everything else. */
static void
impair(uint64_t seed, spt_time late)
{
	for (unsigned int s = 0; s < 2; s++) {
		struct spt_impair *d = &config.to[s];

		d->loss_ppm = seed % 4 * 20000;
		d->duplicate_ppm = 100000;
		d->reorder_ppm = 50000;
		d->reorder_ns = late;
		d->jitter_ns = 2 * SPT_NS_PER_MS;
	}
}

static void
run(const char *what, bool lossless, struct simpair_result *r)
{
	assert_true(simpair_run(&config, what, r));
	assert_int_equal(r->in_order + (lossless ? 0 : r->reset), config.n);
	assert_int_equal(r->stats[0].opened_active, config.n);
	assert_int_equal(r->stats[1].opened_passive, config.n);
}

/* Our own TIME-WAIT: a tuple is taken again after a second, and only then. */
static void
test_opener_closes(void **state)
{
	struct simpair_result r;

	base(1, CONNS_MAX, OPENER);
	run("the opener closes", true, &r);
	/* All but the first of each port, and none after less than a second. */
	assert_int_equal(r.stats[0].timewait_reused, CONNS_MAX - PORTS);
	assert_in_range(r.took, (CONNS_MAX / PORTS - 1) * SPT_NS_PER_SEC,
	    CONNS_MAX / PORTS * 2 * SPT_NS_PER_SEC);
	assert_int_not_equal(r.refused_tuple + r.refused_other, 0);
	assert_int_equal(r.stats[1].timewait_entered, 0);
}

/* The peer's TIME-WAIT: our timestamps are younger, so it lets us in at once. */
static void
test_other_closes(void **state)
{
	struct simpair_result r;

	base(2, CONNS_MAX, OTHER);
	run("the other closes", true, &r);
	assert_int_equal(r.stats[0].timewait_entered, 0);
	assert_int_equal(r.stats[1].verdict[SPT_V_TCP_TIMEWAIT_SYN], CONNS_MAX - PORTS);
	/* Without a wait: it is the round trips that cost. */
	assert_in_range(r.took, 1, CONNS_MAX / PORTS * 200 * SPT_NS_PER_MS);
}

/* Without timestamps nothing tells the incarnations apart but 2MSL: ports come back after that. */
static void
test_no_timestamps(void **state)
{
	struct simpair_result r;

	base(3, 10 * PORTS, OPENER);
	config.side[0].options.no_timestamps = true;
	run("no timestamps", true, &r);
	assert_int_equal(r.stats[0].timewait_reused, 0);
	assert_in_range(r.took, 9 * 60 * SPT_NS_PER_SEC, 11 * 60 * SPT_NS_PER_SEC);
}

/* The other has none: it closes first, and our ISS alone must convince it. */
static void
test_no_timestamps_other_closes(void **state)
{
	struct simpair_result r;

	base(4, 400, OTHER);
	config.side[1].options.no_timestamps = true;
	run("no timestamps, the other closes", true, &r);
	assert_int_not_equal(r.stats[1].verdict[SPT_V_TCP_TIMEWAIT_SYN], 0);
}

static void
test_late_duplicates(void **state)
{
	static const spt_time late[] = {20 * SPT_NS_PER_MS, 300 * SPT_NS_PER_MS, SPT_NS_PER_SEC,
	    3 * SPT_NS_PER_SEC, 10 * SPT_NS_PER_SEC};

	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct simpair_result r;

		base(seed, 200, seed % 3);
		impair(seed, late[seed % 5]);
		run("late duplicates", false, &r);
		assert_int_not_equal(
		    r.stats[0].timewait_reused + r.stats[1].verdict[SPT_V_TCP_TIMEWAIT_SYN], 0);
	}
}

/* Records for only half of the ports: the oldest is reaped, and its tuple comes again too. */
static void
test_few_records(void **state)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct simpair_result r;

		base(seed, 200, seed % 3);
		impair(seed, 100 * SPT_NS_PER_MS);
		config.side[0].timewait = config.side[1].timewait = PORTS / 2;
		run("few records", false, &r);
		assert_int_not_equal(r.stats[0].timewait_early + r.stats[1].timewait_early, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_opener_closes),
	    cmocka_unit_test(test_other_closes),
	    cmocka_unit_test(test_no_timestamps),
	    cmocka_unit_test(test_no_timestamps_other_closes),
	    cmocka_unit_test(test_late_duplicates),
	    cmocka_unit_test(test_few_records),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

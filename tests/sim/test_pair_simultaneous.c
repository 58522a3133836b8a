/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Simultaneous open between two engines (RFC 9293 3.5, figure 7): SYNs that cross at every
 * distance that a link's delay allows, ends that agree on different options, a link that loses,
 * repeats and turns round, opens that are given up half-way, and tuples that open so again and
 * again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/simpair.h>

#define CONNS 30

static struct simpair_config config;
static struct simpair_conn conns[CONNS];

static void
base(uint64_t seed, unsigned int n)
{
	config = (struct simpair_config){
	    .seed = seed, .family = seed % 2 ? 4 : 6, .n = n, .conn = conns};
	config.to[0].delay_ns = config.to[1].delay_ns = 20 * SPT_NS_PER_MS;
	for (unsigned int s = 0; s < 2; s++) {
		config.side[s].rto_max_ms = 10000;
		config.side[s].options.r2_ms = 1000000;
		config.side[s].deaf = true;
	}
	for (unsigned int i = 0; i < n; i++) {
		conns[i] = simpair_conn_default(3000);
		conns[i].simultaneous = true;
		conns[i].port[0] = (uint16_t)(1000 + i);
		conns[i].port[1] = (uint16_t)(3000 - i);
	}
}

/*
 * The second end opens while the first one's SYN is on its way; before that its address is asked
 * for, which takes a round trip, so the SYNs of the first connection do not tell: a second one,
 * once the addresses are known.
 */
static void
test_every_distance(void **state)
{
	for (unsigned int ms = 0; ms < 20; ms++) {
		struct simpair_result r;

		base(ms, 2);
		conns[1].start = SPT_NS_PER_SEC;
		conns[1].later = ms * SPT_NS_PER_MS;
		assert_true(simpair_run(&config, "every distance", &r));
		assert_int_equal(r.in_order, 2);
		for (unsigned int s = 0; s < 2; s++) {
			assert_int_equal(r.stats[s].opened_active, 2);
			assert_int_equal(r.stats[s].resets_sent, 0);
			assert_int_equal(r.stats[s].segments_retransmitted, 0);
		}
		assert_in_range(r.stats[0].verdict[SPT_V_TCP_SIMULTANEOUS], 1, 2);
		assert_in_range(r.stats[1].verdict[SPT_V_TCP_SIMULTANEOUS], 1, 2);
	}
}

/* Too late: nobody listens, and the first end is refused (RFC 9293 3.10.7.1). */
static void
test_too_late(void **state)
{
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct simpair_result r;

		base(seed, 2);
		conns[1].start = SPT_NS_PER_SEC;
		conns[1].later = 21 * SPT_NS_PER_MS;
		conns[1].end[0] = conns[1].end[1] = (struct sim_end){.any_end = true};
		config.side[1].syn_retries = 1;
		assert_true(simpair_run(&config, "too late", &r));
		assert_int_equal(r.in_order, 1);
		assert_int_equal(r.refused, 1);
		assert_int_equal(r.stats[0].connects_refused, 1);
	}
}

/* Each end has its own idea of timestamps, scaling and MSS: what is agreed is less than either. */
static void
test_options(void **state)
{
	for (unsigned int i = 0; i < 64; i++) {
		base(i, 4);
		config.side[0].options.no_timestamps = i & 1;
		config.side[1].options.no_timestamps = i & 2;
		config.side[0].options.no_window_scale = i & 4;
		config.side[1].options.no_window_scale = i & 8;
		config.side[0].options.mss = i & 16 ? 600 : 0;
		config.side[1].options.mss = i & 32 ? 300 : 0;
		for (unsigned int k = 0; k < 4; k++) {
			conns[k].start = k / 2 * SPT_NS_PER_SEC;
			conns[k].end[0].early = k & 1;
			conns[k].end[1].send = 20000;
		}
		assert_true(simpair_run(&config, "options of both", NULL));
	}
}

static void
lossy(uint64_t seed, struct env_random *r)
{
	env_random_seed(r, seed);
	for (unsigned int s = 0; s < 2; s++) {
		struct spt_impair *d = &config.to[s];

		d->delay_ns = env_random_below(r, 40) * SPT_NS_PER_MS;
		d->jitter_ns = env_random_below(r, 10) * SPT_NS_PER_MS;
		d->loss_ppm = env_random_below(r, 4) * 70000;
		d->duplicate_ppm = env_random_below(r, 2) * 200000;
		d->reorder_ppm = env_random_below(r, 2) * 200000;
		d->reorder_ns = env_random_below(r, 50) * SPT_NS_PER_MS;
		config.side[s].options.no_timestamps = env_random_below(r, 2);
	}
}

static void
test_lossy(void **state)
{
	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct simpair_result r;
		struct env_random random;

		base(seed, 5);
		lossy(seed, &random);
		for (unsigned int i = 0; i < 5; i++) {
			conns[i].end[0].early = env_random_below(&random, 2);
			conns[i].end[1].early = env_random_below(&random, 2);
			conns[i].end[1].fin_last = env_random_below(&random, 2);
			conns[i].end[1].by_close = env_random_below(&random, 2);
			conns[i].end[0].by_close = env_random_below(&random, 2);
		}
		assert_true(simpair_run(&config, "crossing and lossy", &r));
		assert_int_equal(r.in_order, 5);
	}
}

/*
 * Given up at any moment, by abort or by close, in SYN-SENT, SYN-RECEIVED or just after. A first
 * connection learns the addresses: what waits for them and is lost there no monitor sees.
 */
static void
test_given_up(void **state)
{
	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct env_random r;

		base(seed, 10);
		lossy(seed, &r);
		for (unsigned int s = 0; s < 2; s++) {
			config.side[s].options.idle_timeout_ms = 60000;
		}
		for (unsigned int i = 1; i < 10; i++) {
			struct sim_end *e = conns[i].end;
			unsigned int who = env_random_below(&r, 2);
			spt_time when = 1 + env_random_below(&r, 120) * SPT_NS_PER_MS;

			conns[i].start = 20 * SPT_NS_PER_SEC;
			e[0].any_end = e[1].any_end = true;
			e[0].early = env_random_below(&r, 2);
			if (env_random_below(&r, 2))
				e[who].abort_after = when;
			else
				e[who].close_after = when;
		}
		assert_true(simpair_run(&config, "given up", NULL));
	}
}

/* The same two ports, opened by both at once time after time, out of one another's TIME-WAIT. */
static void
test_again_and_again(void **state)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct simpair_result r;

		base(seed, CONNS);
		for (unsigned int i = 0; i < CONNS; i++) {
			conns[i].port[0] = 1000;
			conns[i].port[1] = 2000;
			conns[i].start = i * 3 * SPT_NS_PER_SEC;
			/* One end closes, then the other, then both. */
			conns[i].end[0].fin_last = i % 3 == 1;
			conns[i].end[1].fin_last = i % 3 == 0;
		}
		assert_true(simpair_run(&config, "again and again", &r));
		assert_int_equal(r.in_order, CONNS);
		assert_int_not_equal(r.stats[0].timewait_reused, 0);
		assert_int_not_equal(r.stats[1].timewait_reused, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_distance),
	    cmocka_unit_test(test_too_late),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_lossy),
	    cmocka_unit_test(test_given_up),
	    cmocka_unit_test(test_again_and_again),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large sends (TSO) change nothing but how many sends there are: two engines over any link, once
 * with ports that cut and once without, send the same segments at the same times, and count the
 * same; losses are found and repaired alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/simpair.h>

#define CONNS 4
#define SEEDS 100

static struct simpair_config config;
static struct simpair_conn conns[CONNS];

static void
any_direction(struct env_random *r, struct spt_impair *d)
{
	static const uint32_t loss[] = {0, 0, 1000, 10000, 50000};

	*d = (struct spt_impair){
	    .loss_ppm = loss[env_random_below(r, 5)],
	    .duplicate_ppm = env_random_below(r, 3) ? 0 : 20000,
	    .reorder_ppm = env_random_below(r, 2) ? 0 : 30000,
	    .reorder_ns = (1 + env_random_below(r, 20)) * SPT_NS_PER_MS,
	    .delay_ns = (1 + env_random_below(r, 40)) * SPT_NS_PER_MS,
	    .rate_bps = env_random_below(r, 2) ? 0 : 50000000,
	    .buffer_frames = 100,
	    .ecn_threshold = env_random_below(r, 2) ? 0 : 20,
	};
}

/* Segments not so small that the list of a turn is full of them: it holds more large sends. */
static void
any_world(unsigned int seed)
{
	static const uint16_t mss[] = {0, 0, 536, 1220};
	struct env_random r;

	env_random_seed(&r, seed);
	config = (struct simpair_config){
	    .seed = seed, .family = seed % 2 ? 6 : 4, .n = CONNS, .conn = conns};
	for (unsigned int s = 0; s < 2; s++) {
		struct simpair_side *side = &config.side[s];

		any_direction(&r, &config.to[s]);
		side->rto_max_ms = 10000;
		side->options.r2_ms = 1000000;
		side->options.mss = mss[env_random_below(&r, 4)];
		side->options.no_timestamps = env_random_below(&r, 3) == 0;
		side->options.no_sack = env_random_below(&r, 4) == 0;
		side->options.nodelay = env_random_below(&r, 2);
		side->options.ecn = env_random_below(&r, 2) ? SPT_ECN_ASK : SPT_ECN_ACCEPT;
		side->options.congestion = (uint8_t)env_random_below(&r, SPT_CONGESTION_ALGORITHMS);
	}
	for (unsigned int i = 0; i < CONNS; i++) {
		conns[i] = simpair_conn_default(1000 + env_random_below(&r, 200000));
		conns[i].end[1].send = env_random_below(&r, 200000);
		conns[i].end[0].chunk =
		    env_random_below(&r, 3) ? 0 : 1 + env_random_below(&r, 3000);
		conns[i].start = env_random_below(&r, 50) * SPT_NS_PER_MS;
	}
}

static void
assert_same_counters(
    const struct spt_stats *with, const struct spt_stats *without, unsigned int seed)
{
#define X(field, text)                                                                             \
	if (strcmp(#field, "large_sends") != 0 && with->field != without->field)                   \
		fail_msg("seed %u: " #field " is %lu with large sends, %lu without", seed,         \
		    (unsigned long)with->field, (unsigned long)without->field);
	SPT_COUNTERS(X)
#undef X
	assert_memory_equal(with->verdict, without->verdict, sizeof(with->verdict));
}

static void
test_same_segments(void **state)
{
	struct simpair_result with, without;
	uint64_t large = 0;

	for (unsigned int seed = 1; seed <= SEEDS; seed++) {
		any_world(seed);
		if (!simpair_run(&config, "without large sends", &without))
			fail();
		config.side[0].tso = config.side[1].tso = true;
		if (!simpair_run(&config, "with large sends", &with))
			fail();
		for (unsigned int s = 0; s < 2; s++) {
			if (with.segments[s] != without.segments[s])
				fail_msg("seed %u: %u segments to engine %u with large sends, %u "
				         "without",
				    seed, with.segments[s], s, without.segments[s]);
			assert_same_counters(&with.stats[s], &without.stats[s], seed);
			assert_int_equal(without.stats[s].large_sends, 0);
			large += with.stats[s].large_sends;
		}
		assert_true(with.took == without.took);
	}
	assert_in_range(large, 10 * SEEDS, UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_segments)};

	return cmocka_run_group_tests_name("large sends", tests, env_group_setup, NULL);
}

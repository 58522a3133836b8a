/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two engines that merge what they receive, over links that lose, reorder, duplicate, corrupt and
 * mark: streams are equal, nothing is left, the monitor below the wrapper sees no rule broken, and
 * on the wire nothing differs from what is there without it.
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

#define CONNS 8

static struct simpair_conn conns[CONNS];

static struct simpair_config
config_of(unsigned int seed, bool merge, uint32_t loss)
{
	struct simpair_config config = {.seed = seed,
	    .family = seed % 5 == 4 ? 6 : 4,
	    .n = loss ? 1 : 1 + seed % CONNS,
	    .conn = conns};

	for (unsigned int i = 0; i < config.n; i++)
		conns[i] = simpair_conn_default(100000);
	if (loss) /* one way, so that what is acknowledged is nobody's loss recovery */
		conns[0].end[seed % 2].send = 0;
	for (unsigned int s = 0; s < 2; s++) {
		config.side[s].merge = merge;
		config.side[s].options.no_timestamps = seed % 3 == 0;
		config.side[s].options.no_sack = seed % 7 == 0;
		config.side[s].options.ecn = seed % 4 == 0 ? SPT_ECN_ASK : SPT_ECN_ACCEPT;
		config.side[s].options.r2_ms = 1000000;
		config.to[s] = (struct spt_impair){.loss_ppm = loss,
		    .duplicate_ppm = loss && seed % 4 ? 10000 : 0,
		    .corrupt_ppm = loss && seed % 4 ? 5000 : 0,
		    .reorder_ppm = loss && seed % 4 ? 10000 : 0,
		    .ce_ppm = seed % 4 ? 0 : 20000,
		    .delay_ns = 10 * SPT_NS_PER_MS};
	}
	return config;
}

/*
 * With the wrapper and without the same segments go both ways, ACKs included, at the same times: a
 * segment more or less and the link, whose dice are thrown for each, would do something else.
 */
static void
run_both(unsigned int seed, uint32_t loss, uint64_t *merged)
{
	struct simpair_config config = config_of(seed, false, loss);
	struct simpair_result apart, joined;

	assert_true(simpair_run(&config, "apart", &apart));
	config.side[0].merge = config.side[1].merge = true;
	assert_true(simpair_run(&config, "joined", &joined));
	for (unsigned int s = 0; s < 2; s++) {
		const struct spt_port_stats *port = &joined.port[s];

		assert_int_equal(apart.port[s].rx_merged, 0);
		assert_int_equal(joined.segments[s], apart.segments[s]);
		assert_int_equal(port->rx_frames, apart.port[s].rx_frames);
		assert_int_equal(port->rx_frames - port->rx_merged, joined.stats[s].rx_frames);
		assert_int_equal(joined.stats[s].rx_congestion, apart.stats[s].rx_congestion);
		assert_true(config.family == 4 || port->rx_merged == 0);
		*merged += port->rx_merged;
	}
	assert_true(joined.took == apart.took);
}

static void
test_loss(void **state)
{
	static const uint32_t loss[] = {1000, 10000, 50000};
	uint64_t merged = 0;

	for (unsigned int seed = 1; seed <= 300; seed++)
		run_both(seed, loss[seed % 3], &merged);
	assert_true(merged > 10000);
}

static void
test_without_loss(void **state)
{
	uint64_t merged = 0;

	for (unsigned int seed = 1; seed <= 20; seed++)
		run_both(seed, 0, &merged);
	assert_true(merged > 2000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_loss),
	    cmocka_unit_test(test_without_loss),
	};

	env_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Hundreds of seeds over a link that loses, reorders, duplicates, delays and corrupts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/sim.h>

static struct sim_config config;

/* An impaired direction, anything up to the worst of everything. */
static void
impair(struct env_random *r, struct spt_impair *d)
{
	static const uint32_t loss[] = {0, 1000, 10000, 50000, 100000, 200000};

	*d = (struct spt_impair){
	    .loss_ppm = loss[env_random_below(r, 6)],
	    .duplicate_ppm = env_random_below(r, 3) ? 0 : 50000,
	    .corrupt_ppm = env_random_below(r, 3) ? 0 : 20000,
	    .reorder_ppm = env_random_below(r, 2) ? 0 : 100000,
	    .reorder_ns = (1 + env_random_below(r, 20)) * SPT_NS_PER_MS,
	    .delay_ns = env_random_below(r, 100) * SPT_NS_PER_MS,
	    .jitter_ns = env_random_below(r, 2) ? 0 : 5 * SPT_NS_PER_MS,
	};
}

/* Any mixture of sizes, options, closing orders and paces. */
static void
any_conn(struct env_random *r, struct sim_conn *c, uint64_t most)
{
	static const uint16_t mss[] = {0, 100, 536, 1220, 1400, 1440};
	static const uint32_t window[] = {1000, 4000, 20000, 65535, 200000};

	sim_conn_default(c);
	c->client.send = env_random_below(r, 4) ? env_random_next(r) % most : 0;
	c->server.send = env_random_below(r, 4) ? env_random_next(r) % most : 0;
	c->client.timestamps = env_random_below(r, 2);
	c->client.mss = mss[env_random_below(r, 6)];
	c->client.wscale = (int)env_random_below(r, 6) - 1;
	c->client.window = window[env_random_below(r, 5)];
	c->client.segment = env_random_below(r, 3) ? 0 : 1 + env_random_below(r, 600);
	c->client.delayed_ack = env_random_below(r, 2) ? 0 : 40 * SPT_NS_PER_MS;
	c->client.start = env_random_below(r, 100) * SPT_NS_PER_MS;
	switch (env_random_below(r, 4)) {
	case 0: /* passive: the client closes first */ c->server.fin_last = true; break;
	case 1: /* active: the server does */
		c->client.fin_last = true;
		c->server.fin_last = false;
		break;
	case 2: /* whoever is ready first, or both at once */ c->server.fin_last = false; break;
	case 3: /* half-close: all of the server's data follows the client's FIN */
		c->server.fin_last = c->server.send_last = true;
		break;
	}
	/* To close with data of the peer still to come would be a reset, as it must. */
	c->server.by_close = c->server.fin_last && env_random_below(r, 2);
}

static void
run_seeds(unsigned int first, unsigned int n, unsigned int conns, uint64_t most)
{
	unsigned int failed = 0;

	for (unsigned int seed = first; seed < first + n; seed++) {
		struct env_random r;

		env_random_seed(&r, seed);
		config = (struct sim_config){.seed = seed, .family = seed % 2 ? 6 : 4, .n = conns};
		/* With 20 % lost each way ten losses in a row do happen: do not give up, nor wait
		 * long. */
		config.options.r2_ms = 1000000;
		config.rto_max_ms = 10000;
		config.syn_cookies = seed % 4 ? SPT_COOKIES_AUTO : SPT_COOKIES_ALWAYS;
		config.iss = seed % 3 ? 0 : 0xffffff00u;
		impair(&r, &config.to_engine);
		impair(&r, &config.to_client);
		for (unsigned int i = 0; i < conns; i++)
			any_conn(&r, &config.conn[i], most);
		/* A lost third ACK is repeated with data only (RFC 4987 3.6). */
		for (unsigned int i = 0; i < conns && config.syn_cookies == SPT_COOKIES_ALWAYS; i++)
			config.conn[i].client.send += config.conn[i].client.send == 0;
		if (!sim_run(&config, "loss", NULL))
			failed++;
	}
	assert_int_equal(failed, 0);
}

static void
test_one_connection(void **state)
{
	run_seeds(1, 400, 1, 60000);
}

static void
test_many_connections(void **state)
{
	run_seeds(1000, 8, 50, 20000);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_connection),
	    cmocka_unit_test(test_many_connections),
	};

	env_start();
	if (argc > 2) { /* seed and number of connections: this run alone */
		unsigned int conns = (unsigned int)atoi(argv[2]);

		run_seeds((unsigned int)atoi(argv[1]), 1, conns, conns > 1 ? 20000 : 60000);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

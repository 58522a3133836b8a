/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two engines, hundreds of seeds: a link that loses, reorders, duplicates, delays and corrupts,
 * any mixture of options, sizes, paces and orders of closing, connections from either side and
 * from both at once.
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

#define CONNS_MAX 40

static struct simpair_config config;
static struct simpair_conn conns[CONNS_MAX];

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

static void
any_side(struct env_random *r, struct simpair_side *s)
{
	static const uint16_t mss[] = {0, 100, 536, 1220, 1400};
	static const uint32_t buffer[] = {0, 3000, 20000, 100000};

	*s = (struct simpair_side){.rto_max_ms = 10000};
	/* With 20 % lost each way ten losses in a row do happen: do not give up, nor wait long. */
	s->options.r2_ms = 1000000;
	s->options.mss = mss[env_random_below(r, 5)];
	s->options.receive_buffer = buffer[env_random_below(r, 4)];
	s->options.send_buffer = buffer[env_random_below(r, 4)];
	s->options.nodelay = env_random_below(r, 2);
	s->options.no_delayed_ack = env_random_below(r, 3) == 0;
	s->options.no_timestamps = env_random_below(r, 3) == 0;
	s->options.no_window_scale = env_random_below(r, 3) == 0;
	s->timewait_rst_closes = env_random_below(r, 2);
}

static void
any_end(struct env_random *r, struct sim_end *e, uint64_t most)
{
	*e = (struct sim_end){
	    .send = env_random_below(r, 4) ? env_random_next(r) % most : 0,
	    .early = env_random_below(r, 2),
	    .chunk = env_random_below(r, 3) ? 0 : 1 + env_random_below(r, 2000),
	};
	if (env_random_below(r, 6) == 0) {
		e->read_bytes = 500 + env_random_below(r, 3000);
		e->read_interval = (1 + env_random_below(r, 50)) * SPT_NS_PER_MS;
	}
}

static void
any_conn(struct env_random *r, unsigned int i, uint64_t most)
{
	struct simpair_conn *c = &conns[i];

	*c = (struct simpair_conn){.start = env_random_below(r, 100) * SPT_NS_PER_MS};
	any_end(r, &c->end[0], most);
	any_end(r, &c->end[1], most);
	switch (env_random_below(r, 5)) {
	case 0: /* the opener closes first */ c->end[1].fin_last = true; break;
	case 1: /* the other does */ c->end[0].fin_last = true; break;
	case 2: /* whoever is ready first, or both at once */ break;
	case 3: /* half-close: all of the other's data follows the opener's FIN */
		c->end[1].fin_last = c->end[1].send_last = true;
		break;
	case 4: /* a request, a response that ends it */
		c->end[1].send_after = c->end[0].send;
		c->end[0].fin_last = true;
		break;
	}
	/* Who closes so waits for all of the peer's data. */
	c->end[0].by_close = !c->end[1].send_last && env_random_below(r, 2);
	c->end[1].by_close = env_random_below(r, 2);
	c->reversed = env_random_below(r, 3) == 0;
	if (env_random_below(r, 4) != 0)
		return;
	c->simultaneous = true;
	c->reversed = false;
	c->port[0] = (uint16_t)(500 + i);
	c->port[1] = (uint16_t)(600 + i);
}

/*
 * Where the SYN of one end comes before the other opened it is refused, so that with a delay of
 * nothing, or a connection refused for a while, both must begin in the same turn: they do.
 */
static void
run_seeds(unsigned int first, unsigned int n, unsigned int conns_wanted, uint64_t most)
{
	unsigned int failed = 0;

	for (unsigned int seed = first; seed < first + n; seed++) {
		struct env_random r;

		env_random_seed(&r, seed);
		config = (struct simpair_config){
		    .seed = seed, .family = seed % 2 ? 6 : 4, .n = conns_wanted, .conn = conns};
		impair(&r, &config.to[0]);
		impair(&r, &config.to[1]);
		any_side(&r, &config.side[0]);
		any_side(&r, &config.side[1]);
		config.side[0].tso = seed & 2;
		config.side[1].tso = seed & 4;
		config.side[1].syn_cookies = seed % 4 ? SPT_COOKIES_AUTO : SPT_COOKIES_ALWAYS;
		for (unsigned int i = 0; i < conns_wanted; i++)
			any_conn(&r, i, most);
		/* A lost third ACK is repeated with data only (RFC 4987 3.6). */
		for (unsigned int i = 0;
		     i < conns_wanted && config.side[1].syn_cookies == SPT_COOKIES_ALWAYS; i++) {
			conns[i].end[0].send += conns[i].end[0].send == 0;
			conns[i].end[0].send_last = false;
		}
		if (!simpair_run(&config, "loss between two engines", NULL))
			failed++;
	}
	assert_int_equal(failed, 0);
}

static void
test_one_connection(void **state)
{
	run_seeds(1, 600, 1, 60000);
}

static void
test_many_connections(void **state)
{
	run_seeds(1000, 15, CONNS_MAX, 20000);
}

/*
 * Either side aborts, or closes while data is still to come, after so many bytes or at any moment
 * from the SYN on (RFC 9293 3.6.1, 3.10.5). A RST may be lost, and then nobody else tells the other
 * end: that is what its idle time-out is for.
 */
static void
test_broken_off(void **state)
{
	for (unsigned int seed = 1; seed <= 150; seed++) {
		struct env_random r;

		env_random_seed(&r, seed);
		config = (struct simpair_config){
		    .seed = seed, .family = seed % 2 ? 6 : 4, .n = 6, .conn = conns};
		impair(&r, &config.to[0]);
		impair(&r, &config.to[1]);
		any_side(&r, &config.side[0]);
		any_side(&r, &config.side[1]);
		config.side[0].tso = seed & 2;
		config.side[1].tso = seed & 4;
		config.side[1].syn_cookies = seed % 4 ? SPT_COOKIES_AUTO : SPT_COOKIES_ALWAYS;
		for (unsigned int i = 0; i < 6; i++) {
			struct sim_end *e;

			any_conn(&r, i, 50000);
			conns[i].simultaneous = false;
			conns[i].end[0].any_end = conns[i].end[1].any_end = true;
			e = &conns[i].end[env_random_below(&r, 2)];
			switch (env_random_below(&r, 4)) {
			case 0: e->abort_at = 1 + env_random_below(&r, 40000); break;
			case 1: e->close_at = 1 + env_random_below(&r, 40000); break;
			case 2:
				e->abort_after = 1 + env_random_below(&r, 500) * SPT_NS_PER_MS;
				break;
			case 3:
				e->close_after = 1 + env_random_below(&r, 500) * SPT_NS_PER_MS;
				break;
			}
		}
		config.side[0].options.idle_timeout_ms = 60000;
		config.side[1].options.idle_timeout_ms = 60000;
		assert_true(simpair_run(&config, "broken off", NULL));
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_connection),
	    cmocka_unit_test(test_many_connections),
	    cmocka_unit_test(test_broken_off),
	};

	env_start();
	if (argc > 2) { /* seed, number of connections, number of seeds: these runs alone */
		unsigned int n = (unsigned int)atoi(argv[2]);

		run_seeds((unsigned int)atoi(argv[1]), argc > 3 ? (unsigned int)atoi(argv[3]) : 1,
		    n, n > 1 ? 20000 : 60000);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

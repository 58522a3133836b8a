/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every allocation of an mbuf fails once, for every conversation and every n until none is left to
 * fail: a segment that could not be built is as lost as one on the wire, so both streams arrive and
 * both ends close in order; counters add up, invariants hold and no mbuf is lost. Then the same
 * with a pool that stays empty for a while.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <lib/alloc_fail.h>
#include <lib/env.h>
#include <lib/sim.h>

/* The engine's pool: told from the client's by its size. */
#define MBUFS 700

static struct sim_config config;

struct conversation {
	const char *name;
	void (*make)(struct sim_conn *c);
	uint32_t loss_ppm, reorder_ppm, duplicate_ppm, corrupt_ppm;
};

static void
passive(struct sim_conn *c)
{
}

static void
active_close(struct sim_conn *c)
{
	c->client.fin_last = true;
	c->server.fin_last = false;
}

static void
close_both(struct sim_conn *c)
{
	c->server.fin_last = false;
}

static void
by_close(struct sim_conn *c)
{
	c->server.by_close = true;
}

static void
half_closed(struct sim_conn *c)
{
	c->client.send = 500;
	c->server.send_last = true;
}

/* The client reads slowly: its window closes, and is probed. */
static void
zero_window(struct sim_conn *c)
{
	c->client.window = 1000;
	c->client.read_bytes = 900;
	c->client.read_interval = 700 * SPT_NS_PER_MS;
}

/* So does the server's application. */
static void
our_zero_window(struct sim_conn *c)
{
	c->client.send = 12000;
	c->server.read_bytes = 3000;
	c->server.read_interval = 500 * SPT_NS_PER_MS;
}

/* Segments of a few bytes, so that queued mbufs are cut and joined. */
static void
small_chunks(struct sim_conn *c)
{
	c->client.send = 1000;
	c->server.chunk = 333;
}

static void
server_aborts(struct sim_conn *c)
{
	c->server.abort_at = 1500;
	c->server.any_end = true;
	c->client.may_reset = true;
}

static void
client_aborts(struct sim_conn *c)
{
	c->client.abort_at = 1500;
	c->client.may_reset = true;
	c->server.any_end = true;
}

static const struct conversation conversations[] = {
    {.name = "the client closes first", .make = passive},
    {.name = "the server closes first", .make = active_close},
    {.name = "both close at once", .make = close_both},
    {.name = "spt_close", .make = by_close},
    {.name = "half closed", .make = half_closed},
    {.name = "the client's window closes", .make = zero_window},
    {.name = "our window closes", .make = our_zero_window},
    {.name = "small chunks", .make = small_chunks},
    {.name = "the server aborts", .make = server_aborts},
    {.name = "the client aborts", .make = client_aborts},
    {.name = "loss", .make = passive, .loss_ppm = 60000},
    {.name = "reordered", .make = passive, .reorder_ppm = 300000},
    {.name = "duplicated", .make = passive, .duplicate_ppm = 300000},
    {.name = "corrupted", .make = passive, .corrupt_ppm = 100000},
};
#define CONVERSATIONS (sizeof(conversations) / sizeof(conversations[0]))

static void
configure(const struct conversation *c, int family)
{
	struct spt_impair link = {.delay_ns = 10 * SPT_NS_PER_MS,
	    .loss_ppm = c->loss_ppm,
	    .reorder_ppm = c->reorder_ppm,
	    .reorder_ns = c->reorder_ppm ? 3 * SPT_NS_PER_MS : 0,
	    .duplicate_ppm = c->duplicate_ppm,
	    .corrupt_ppm = c->corrupt_ppm};

	config = (struct sim_config){
	    .seed = 5, .family = family, .n = 1, .mbufs = MBUFS, .rto_max_ms = 2000};
	config.to_engine = config.to_client = link;
	config.options.r2_ms = 1000000;
	config.options.receive_buffer = 8000;
	sim_conn_default(&config.conn[0]);
	config.conn[0].client.timestamps = family == 4;
	config.conn[0].client.send = config.conn[0].server.send = 5000;
	config.conn[0].client.mss = 700;
	config.conn[0].server.chunk = 1000;
	c->make(&config.conn[0]);
}

/* 'count' allocations fail from the n-th on. *seen: how many there were in all. */
static bool
run_failing(const struct conversation *c, uint64_t n, uint64_t count, uint64_t *seen)
{
	char what[120];
	bool good;

	snprintf(what, sizeof(what), "%s, %u allocations fail from number %u on", c->name,
	    (unsigned int)count, (unsigned int)n);
	alloc_fail_from(MBUFS, n, count);
	good = sim_run(&config, what, NULL);
	*seen = alloc_fail_seen();
	return good;
}

static unsigned int
each_fails(int family)
{
	unsigned int failed = 0, runs = 0;

	for (unsigned int i = 0; i < CONVERSATIONS; i++) {
		uint64_t seen = 0, n = 0;

		configure(&conversations[i], family);
		do {
			failed += !run_failing(&conversations[i], ++n, 1, &seen);
			runs++;
		} while (n <= seen && failed < 3);
		assert_true(n > 5); /* something was there to fail */
	}
	print_message("%u runs, each with one allocation that failed\n", runs);
	return failed;
}

static void
test_each_fails_ipv4(void **state)
{
	assert_int_equal(each_fails(4), 0);
}

static void
test_each_fails_ipv6(void **state)
{
	assert_int_equal(each_fails(6), 0);
}

/* Long enough only where the handshake is done: a SYN-ACK has six tries. */
static void
test_empty_for_a_while(void **state)
{
	static const struct {
		uint64_t count, first;
	} whiles[] = {{2, 1}, {3, 1}, {6, 1}, {25, 12}};
	unsigned int failed = 0;
	uint64_t seen;

	for (unsigned int i = 0; i < CONVERSATIONS; i++) {
		configure(&conversations[i], i % 2 ? 4 : 6);
		for (unsigned int k = 0; k < sizeof(whiles) / sizeof(whiles[0]); k++) {
			if (whiles[k].count > 3 &&
			    (conversations[i].loss_ppm || conversations[i].corrupt_ppm))
				continue;
			for (uint64_t n = whiles[k].first; n < 60 && failed < 3; n += 1 + n / 3)
				failed +=
				    !run_failing(&conversations[i], n, whiles[k].count, &seen);
		}
	}
	assert_int_equal(failed, 0);
}

static int
group_setup(void **state)
{
	alloc_fail_install();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_fails_ipv4),
	    cmocka_unit_test(test_each_fails_ipv6),
	    cmocka_unit_test(test_empty_for_a_while),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

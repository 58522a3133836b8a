/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * As test_failures.c, between two engines: every allocation of an mbuf of the side that opens, then
 * of the side that accepts, fails once, or all of them for a while. Active and simultaneous open,
 * ends of either kind, copies of the memory pair and of the impairment wrapper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <lib/alloc_fail.h>
#include <lib/env.h>
#include <lib/simpair.h>

/* The sizes tell the two pools apart. */
#define MBUFS_OPENER 701
#define MBUFS_OTHER  702

static struct simpair_config config;
static struct simpair_conn conn;

struct conversation {
	const char *name;
	void (*make)(struct simpair_conn *c);
	struct spt_impair link;
	bool deaf;
};

static void
plain(struct simpair_conn *c)
{
}

static void
early_data(struct simpair_conn *c)
{
	c->end[0].early = true;
}

static void
simultaneous(struct simpair_conn *c)
{
	c->simultaneous = true;
	c->port[0] = 2000;
	c->port[1] = 3000;
	c->later = 5 * SPT_NS_PER_MS;
}

static void
other_closes(struct simpair_conn *c)
{
	c->end[0].fin_last = true;
	c->end[1].fin_last = false;
}

static void
both_close(struct simpair_conn *c)
{
	c->end[0].fin_last = c->end[1].fin_last = false;
}

static void
slow_readers(struct simpair_conn *c)
{
	for (unsigned int s = 0; s < 2; s++) {
		c->end[s].read_bytes = 900;
		c->end[s].read_interval = 400 * SPT_NS_PER_MS;
	}
}

static void
opener_aborts(struct simpair_conn *c)
{
	c->end[0].abort_at = 1500;
	c->end[0].any_end = c->end[1].any_end = true;
}

static void
closed_unread(struct simpair_conn *c)
{
	c->end[1].close_at = 1000;
	c->end[0].any_end = c->end[1].any_end = true;
}

static void
refused(struct simpair_conn *c)
{
	c->end[0].any_end = c->end[1].any_end = true;
}

static const struct conversation conversations[] = {
    {.name = "plain", .make = plain},
    {.name = "data before the handshake", .make = early_data},
    {.name = "simultaneous open", .make = simultaneous},
    {.name = "the other closes first", .make = other_closes},
    {.name = "both close at once", .make = both_close},
    {.name = "closed windows", .make = slow_readers},
    {.name = "the opener aborts", .make = opener_aborts},
    {.name = "the other closes with data unread", .make = closed_unread},
    {.name = "refused", .make = refused, .deaf = true},
    {.name = "duplicated", .make = plain, .link = {.duplicate_ppm = 300000}},
    {.name = "lost and reordered",
        .make = plain,
        .link = {.loss_ppm = 50000, .reorder_ppm = 200000}},
};
#define CONVERSATIONS (sizeof(conversations) / sizeof(conversations[0]))

static void
configure(const struct conversation *c, int family, uint64_t seed)
{
	conn = simpair_conn_default(4000);
	c->make(&conn);
	config = (struct simpair_config){.seed = seed, .family = family, .n = 1, .conn = &conn};
	for (unsigned int s = 0; s < 2; s++) {
		config.to[s] = c->link;
		config.to[s].delay_ns = 10 * SPT_NS_PER_MS;
		config.side[s].rto_max_ms = 2000;
		config.side[s].connections = 4;
		config.side[s].options.r2_ms = 1000000;
		config.side[s].options.receive_buffer = 2000;
		conn.end[s].chunk = 900;
	}
	config.side[0].mbufs = MBUFS_OPENER;
	config.side[1].mbufs = MBUFS_OTHER;
	config.side[1].deaf = c->deaf;
}

static bool
run_failing(const struct conversation *c, uint32_t pool, uint64_t n, uint64_t count)
{
	char what[140];

	snprintf(what, sizeof(what), "%s, %u allocations of the %s fail from number %u on", c->name,
	    (unsigned int)count, pool == MBUFS_OPENER ? "opener" : "other", (unsigned int)n);
	alloc_fail_from(pool, n, count);
	return simpair_run(&config, what, NULL);
}

/* The frames that are held, and so copied, depend on the seed: 1 none, 2 one side's, 6 both. */
static unsigned int
each_fails(int family, uint64_t seed)
{
	unsigned int failed = 0, runs = 0;

	for (unsigned int i = 0; i < CONVERSATIONS; i++) {
		for (uint32_t pool = MBUFS_OPENER; pool <= MBUFS_OTHER; pool++) {
			uint64_t n = 0;

			configure(&conversations[i], family, seed);
			do {
				failed += !run_failing(&conversations[i], pool, ++n, 1);
				runs++;
			} while (n <= alloc_fail_seen() && failed < 3);
		}
	}
	print_message("%u runs, each with one allocation that failed\n", runs);
	assert_true(runs > 20 * CONVERSATIONS);
	return failed;
}

static void
test_each_fails_ipv4(void **state)
{
	assert_int_equal(each_fails(4, 6), 0);
}

static void
test_each_fails_ipv6(void **state)
{
	assert_int_equal(each_fails(6, 1), 0);
}

static void
test_empty_for_a_while(void **state)
{
	static const uint64_t counts[] = {2, 4, 8};
	unsigned int failed = 0;

	for (unsigned int i = 0; i < CONVERSATIONS; i++) {
		configure(&conversations[i], i % 2 ? 4 : 6, 2 + i % 2);
		for (unsigned int k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
			for (uint64_t n = 1; n < 40 && failed < 3; n += 1 + n / 3)
				failed += !run_failing(&conversations[i],
				    (i + n) % 2 ? MBUFS_OPENER : MBUFS_OTHER, n, counts[k]);
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

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each segment of a connection's life between two engines lost in turn, in both directions, and
 * each pair of them: open by one or by both at once, in every order of closing. Whatever is lost,
 * both streams arrive, and both ends close in order. What a life costs when nothing is lost is
 * held too, since every segment more is one that is not needed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/simpair.h>

struct shape {
	const char *name;
	struct simpair_conn conn;
	unsigned int to_opener, to_other; /* segments, when nothing is lost */
};

#define BOTH .simultaneous = true, .port = {100, 200}

static const struct shape shapes[] = {
    {"no data, the opener closes", {.end = {{0}, {.fin_last = true}}}, 2, 3},
    {"no data, the other closes", {.end = {{.fin_last = true}, {0}}}, 3, 3},
    {"no data, both close at once",
        {.end = {{.fin_after = 100 * SPT_NS_PER_MS}, {.fin_after = 60 * SPT_NS_PER_MS}}}, 3, 4},
    {"request and response, the opener closes",
        {.end = {{.send = 100, .early = true, .fin_after_data = true},
             {.send = 1000, .send_after = 100, .fin_last = true}}},
        3, 4},
    {"request and response, the response closes",
        {.end = {{.send = 100, .early = true, .fin_last = true},
             {.send = 1000, .send_after = 100}}},
        3, 3},
    {"request and response, the response closes both ways",
        {.end = {{.send = 100, .fin_last = true, .by_close = true},
             {.send = 1000, .send_after = 100, .by_close = true}}},
        3, 3},
    {"both send at once, both close at once",
        {.end = {{.send = 3000, .chunk = 3000, .by_close = true},
             {.send = 3000, .chunk = 3000, .by_close = true}}},
        5, 5},
    {"half-close, the other goes on",
        {.end = {{.send = 500}, {.send = 6000, .send_last = true, .fin_last = true}}}, 6, 3},
    {"simultaneous, no data, one closes", {.end = {{0}, {.fin_last = true}}, BOTH}, 4, 4},
    {"simultaneous, no data, the other closes", {.end = {{.fin_last = true}, {0}}, BOTH}, 4, 4},
    {"simultaneous, both close at once", {.end = {{0}, {0}}, BOTH}, 4, 4},
    {"simultaneous, data queued before",
        {.end = {{.send = 2000, .chunk = 2000, .early = true},
             {.send = 3000, .chunk = 3000, .early = true}},
            BOTH},
        6, 5},
    {"simultaneous, one later than the other",
        {.end = {{.send = 100, .early = true}, {.send = 100, .fin_last = true}},
            BOTH,
            .later = 7 * SPT_NS_PER_MS},
        4, 4},
};

static struct simpair_config config;

static void
configure(const struct shape *s, int family, bool timestamps)
{
	config = (struct simpair_config){.seed = 2, .family = family, .n = 1, .conn = &s->conn};
	config.to[0].delay_ns = config.to[1].delay_ns = 10 * SPT_NS_PER_MS;
	for (unsigned int i = 0; i < 2; i++)
		config.side[i].options.no_timestamps = !timestamps;
}

/* A run with the i-th segment towards engine 0 lost, and the j-th towards engine 1. */
static unsigned int
lose(const struct shape *s, unsigned int i, unsigned int j)
{
	char what[120];

	config.lose[0] = i;
	config.lose[1] = j;
	snprintf(
	    what, sizeof(what), "%s, number %u to engine 0, %u to engine 1 lost", s->name, i, j);
	return !simpair_run(&config, what, NULL);
}

/*
 * Each, and a life that took another course than the one that was counted loses one more; with
 * 'pairs' one each way at once too.
 */
static unsigned int
lose_each(const struct shape *s, int family, bool timestamps, bool pairs)
{
	struct simpair_result whole;
	unsigned int failed = 0;

	configure(s, family, timestamps);
	if (!simpair_run(&config, s->name, &whole))
		return 1;
	assert_int_equal(whole.segments[0], s->to_opener);
	assert_int_equal(whole.segments[1], s->to_other);
	for (unsigned int i = 0; i <= whole.segments[0] + 1; i++) {
		for (unsigned int j = 0; j <= whole.segments[1] + 1; j++) {
			if (pairs || i == 0 || j == 0)
				failed += lose(s, i, j);
		}
	}
	return failed;
}

static void
test_each_lost_ipv4(void **state)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		failed += lose_each(&shapes[i], 4, true, false);
	assert_int_equal(failed, 0);
}

static void
test_each_lost_ipv6(void **state)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		failed += lose_each(&shapes[i], 6, false, false);
	assert_int_equal(failed, 0);
}

static void
test_pairs_lost(void **state)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		failed += lose_each(&shapes[i], 4, true, true);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_lost_ipv4),
	    cmocka_unit_test(test_each_lost_ipv6),
	    cmocka_unit_test(test_pairs_lost),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

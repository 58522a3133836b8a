/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scoreboard against an array that has an entry for each sequence number: random sending,
 * acknowledgments of all shapes, losses, time-outs, undo, an empty pool, numbers that wrap.
 */
#include "scoreboard_twin.h"

static uint32_t
draw(struct world *w, uint32_t n)
{
	return env_random_below(&w->random, n);
}

static void
run(uint64_t seed, uint32_t chunks, unsigned int steps)
{
	struct world *w = &world;

	memset(w, 0, sizeof(*w));
	w->draw = draw;
	env_random_seed(&w->random, seed);
	scoreboard_init(&w->sb);
	assert_int_equal(pool_init(&w->chunks, chunks, sizeof(struct sent_chunk), -1), 0);
	w->una = below(w, 2) ? UINT32_MAX - below(w, 400) : 0x80000000 - below(w, 400);
	w->us = below(w, 2) ? UINT32_MAX - below(w, 4000) : 0x80000000 - below(w, 4000);
	for (unsigned int i = 0; i < steps; i++)
		step(w);
	scoreboard_clear(&w->sb, &w->chunks);
	w->n = 0;
	compare(w);
	assert_int_equal(pool_used(&w->chunks), 0);
	assert_null(pool_check(&w->chunks));
	pool_fini(&w->chunks);
}

static void
test_random(void **state)
{
	for (uint64_t seed = 1; seed <= 300; seed++)
		run(seed, 512, 250);
}

/* Few chunks: pushes and splits fail all the time, and nothing else goes wrong. */
static void
test_empty_pool(void **state)
{
	for (uint64_t seed = 1000; seed < 1200; seed++)
		run(seed, (uint32_t)(1 + seed % 12), 250);
}

#define SEGMENT  1448
#define SEGMENTS 1000

static uint32_t
records(struct scoreboard *sb, struct pool *chunks)
{
	struct scoreboard_cursor at;
	uint32_t n = 0;

	for (struct sent *s = scoreboard_begin(sb, chunks, &at); s != NULL;
	     s = scoreboard_next(chunks, &at))
		n++;
	return n;
}

/* Each tenth of a thousand is lost: what is held goes with the holes, in whatever order they fill.
 */
static void
test_merge(void **state)
{
	static const uint32_t una = 0xfffff000;
	struct delivery d = {0};
	struct scoreboard sb;
	struct pool chunks;

	scoreboard_init(&sb);
	assert_int_equal(pool_init(&chunks, 300, sizeof(struct sent_chunk), -1), 0);
	for (uint32_t i = 0; i < SEGMENTS; i++)
		assert_true(scoreboard_push(&sb, &chunks, una + i * SEGMENT, SEGMENT, i, 0));
	assert_int_equal(pool_used(&chunks), SEGMENTS / SENT_CHUNK);
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		uint32_t from = i / 10 * 10 + 1;

		if (i % 10 != 0)
			scoreboard_sack(
			    &sb, &chunks, una + from * SEGMENT, una + (i + 1) * SEGMENT, &d);
	}
	assert_int_equal(d.news, SEGMENTS / 10 * 9 * SEGMENT);
	assert_int_equal(sb.segments, SEGMENTS / 10 * 9);
	assert_int_equal(records(&sb, &chunks), 2 * SEGMENTS / 10);
	assert_true(pool_used(&chunks) <= SEGMENTS / 10 / 2 + 1);
	for (uint32_t i = 10; i < SEGMENTS; i += 20)
		scoreboard_sack(&sb, &chunks, una + i * SEGMENT, una + (i + 1) * SEGMENT, &d);
	for (uint32_t i = 20; i < SEGMENTS; i += 20)
		scoreboard_sack(&sb, &chunks, una + i * SEGMENT, una + (i + 1) * SEGMENT, &d);
	/* One hole, and records of at most 64 KiB. */
	assert_int_equal(sb.segments, SEGMENTS - 1);
	assert_true(records(&sb, &chunks) <= 1 + 2 * SEGMENTS / (UINT16_MAX / SEGMENT));
	assert_true(pool_used(&chunks) <= 1 + SEGMENTS / (UINT16_MAX / SEGMENT));
	assert_null(scoreboard_check(&sb, &chunks, una, una + SEGMENTS * SEGMENT));
	scoreboard_ack(&sb, &chunks, una + SEGMENTS * SEGMENT, &d);
	assert_int_equal(pool_used(&chunks), 0);
	pool_fini(&chunks);
}

/* Small ones: how many segments a merged record stands for is counted up to its byte's end. */
static void
test_merge_small(void **state)
{
	struct delivery d = {0};
	struct scoreboard sb;
	struct pool chunks;

	scoreboard_init(&sb);
	assert_int_equal(pool_init(&chunks, 300, sizeof(struct sent_chunk), -1), 0);
	for (uint32_t i = 0; i < SEGMENTS; i++)
		assert_true(scoreboard_push(&sb, &chunks, i, 1, i, 0));
	for (uint32_t i = SEGMENTS - 1; i > 0; i--)
		assert_int_equal(scoreboard_sack(&sb, &chunks, i, i + 1, &d), 1);
	assert_int_equal(sb.segments, SEGMENTS - 1);
	assert_null(scoreboard_check(&sb, &chunks, 0, SEGMENTS));
	assert_true(pool_used(&chunks) < 20);
	scoreboard_mark_all_lost(&sb, &chunks, true);
	assert_int_equal(sb.segments, 0);
	assert_int_equal(sb.lost, SEGMENTS);
	scoreboard_clear(&sb, &chunks);
	pool_fini(&chunks);
}

/* Blocks of one ACK, the newest first, are no reordering; an old segment that was sent once is. */
static void
test_reordering(void **state)
{
	struct delivery d = {0};
	struct scoreboard sb;
	struct pool chunks;

	scoreboard_init(&sb);
	assert_int_equal(pool_init(&chunks, 10, sizeof(struct sent_chunk), -1), 0);
	for (uint32_t i = 0; i < 10; i++)
		scoreboard_push(&sb, &chunks, i * 100, 100, i, 0);
	scoreboard_sack(&sb, &chunks, 700, 800, &d);
	scoreboard_sack(&sb, &chunks, 300, 400, &d);
	scoreboard_ack(&sb, &chunks, 100, &d);
	assert_false(d.reordered);
	assert_int_equal(d.once.us, 7);
	d = (struct delivery){0};
	scoreboard_sent_again(&sb, scoreboard_first(&sb, &chunks), 20);
	scoreboard_sack(&sb, &chunks, 100, 200, &d);
	assert_false(d.reordered);
	assert_true(d.again.any && d.again.us == 20 && d.again.end == 200);
	d = (struct delivery){0};
	scoreboard_sack(&sb, &chunks, 600, 650, &d);
	assert_true(d.reordered);
	d = (struct delivery){0};
	scoreboard_sack(&sb, &chunks, 800, 900, &d);
	assert_false(d.reordered);
	d = (struct delivery){0};
	scoreboard_ack(&sb, &chunks, 250, &d);
	assert_true(d.reordered);
	scoreboard_clear(&sb, &chunks);
	pool_fini(&chunks);
}

/* Blocks of a byte cut no more records than SACK_CUTS; whole ones are SACKed whatever was cut. */
static void
test_cuts(void **state)
{
	struct delivery d = {0};
	struct scoreboard sb;
	struct pool chunks;

	scoreboard_init(&sb);
	assert_int_equal(pool_init(&chunks, 3000, sizeof(struct sent_chunk), -1), 0);
	for (uint32_t i = 0; i < SEGMENTS; i++)
		assert_true(scoreboard_push(&sb, &chunks, i * SEGMENT, SEGMENT, i, 0));
	for (uint32_t n = 0; n < 10; n++)
		for (uint32_t i = 1; i < SEGMENTS; i++)
			scoreboard_sack(
			    &sb, &chunks, i * SEGMENT + 2 * n, i * SEGMENT + 2 * n + 1, &d);
	assert_int_equal(records(&sb, &chunks), SEGMENTS + SACK_CUTS);
	assert_int_equal(
	    scoreboard_sack(&sb, &chunks, 990 * SEGMENT + 5, 993 * SEGMENT + 7, &d), 2 * SEGMENT);
	assert_null(scoreboard_check(&sb, &chunks, 0, SEGMENTS * SEGMENT));
	scoreboard_ack(&sb, &chunks, (SEGMENTS - 1) * SEGMENT + 1, &d);
	assert_int_equal(sb.sacked, 0);
	assert_int_equal(scoreboard_sack(&sb, &chunks, (SEGMENTS - 1) * SEGMENT + 5,
	                     (SEGMENTS - 1) * SEGMENT + 7, &d),
	    2);
	scoreboard_clear(&sb, &chunks);
	pool_fini(&chunks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_empty_pool),
	    cmocka_unit_test(test_merge),
	    cmocka_unit_test(test_merge_small),
	    cmocka_unit_test(test_reordering),
	    cmocka_unit_test(test_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

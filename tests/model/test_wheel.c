/* SPDX-License-Identifier: BSD-3-Clause */
/* The timing wheel against a list that is searched from end to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wheel/wheel.h"

#include "env.h"

#define NODES_MAX 8192

struct object {
	uint64_t before;
	struct wheel_node node;
	uint32_t after;
	uint32_t pad;
};

/* The wheel, its objects, and the naive twin: whether a node is in and when it expires. */
struct world {
	struct wheel wheel;
	struct pool pool;
	struct env_random random;
	uint32_t nodes;
	uint32_t tick; /* all up to this were asked for */
	bool in[NODES_MAX];
	uint32_t expires[NODES_MAX];
};

static struct world world;

/* Where clocks start: about every place at which a level or all of them wrap. */
static const uint32_t starts[] = {
    0,
    1,
    62,
    63,
    64,
    4095,
    4096,
    0xffffff,
    0x1000000,
    0x3ffffffe,
    0x3fffffff,
    0x40000000,
    0x7fffffff,
    0x80000000,
    0xc0000000,
    0xfffff000,
    0xffffffbf,
    0xffffffc0,
    0xffffffff,
};
#define STARTS (sizeof(starts) / sizeof(starts[0]))

static void
world_start(struct world *w, uint32_t nodes, uint32_t tick, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->nodes = nodes;
	w->tick = tick;
	env_random_seed(&w->random, seed);
	assert_int_equal(pool_init(&w->pool, nodes, sizeof(struct object), -1), 0);
	wheel_init(&w->wheel, &w->pool, offsetof(struct object, node), tick);
}

static void
world_check(const struct world *w)
{
	uint32_t armed = 0, tick = 0, nearest = UINT32_MAX;

	assert_null(wheel_check(&w->wheel));
	for (uint32_t i = 0; i < w->nodes; i++) {
		const struct wheel_node *node = wheel_node_at(&w->wheel, i);

		assert_int_equal(node->slot != 0, w->in[i]);
		if (!w->in[i])
			continue;
		armed++;
		assert_int_equal(node->expires, w->expires[i]);
		if (w->expires[i] - w->wheel.tick < nearest)
			nearest = w->expires[i] - w->wheel.tick;
	}
	assert_int_equal(w->wheel.armed, armed);
	assert_int_equal(wheel_next(&w->wheel, &tick), armed != 0);
	if (armed == 0)
		return;
	/* Later than what was served, not later than the first to come out. */
	assert_true(tick - w->wheel.tick >= 1);
	assert_true(tick - w->wheel.tick <= nearest);
}

static void
world_end(struct world *w)
{
	for (uint32_t i = 0; i < w->nodes; i++) {
		const struct object *o = pool_at(&w->pool, i);

		assert_true(o->before == 0 && o->after == 0 && o->node.owner == 0);
	}
	pool_fini(&w->pool);
}

static void
world_arm(struct world *w, uint32_t i, uint32_t deadline)
{
	uint32_t tick = w->wheel.tick, expires = deadline;

	if ((int32_t)(deadline - tick) <= 0)
		expires = tick + 1;
	else if (deadline - tick >= WHEEL_MAX_TICKS)
		expires = tick + WHEEL_MAX_TICKS - 1;
	if (!w->in[i] || (int32_t)(expires - w->expires[i]) < 0)
		w->expires[i] = expires;
	w->in[i] = true;
	wheel_arm(&w->wheel, i, deadline);
}

static void
world_cancel(struct world *w, uint32_t i)
{
	w->in[i] = false;
	wheel_cancel(&w->wheel, i);
}

/* Advance once; what comes out was in, is due, and comes in order of time. */
static unsigned int
world_advance(struct world *w, uint32_t to, unsigned int max)
{
	static uint32_t out[NODES_MAX + 1];
	uint32_t last = w->wheel.tick, guard = 0xdeadbeef;
	unsigned int n;

	out[max] = guard;
	n = wheel_advance(&w->wheel, to, out, max);
	assert_true(n <= max && out[max] == guard);
	for (unsigned int k = 0; k < n; k++) {
		uint32_t i = out[k];

		assert_true(i < w->nodes && w->in[i]);
		assert_true((int32_t)(to - w->expires[i]) >= 0);
		assert_true((int32_t)(w->expires[i] - last) >= 0);
		last = w->expires[i];
		w->in[i] = false;
	}
	/* All due are out exactly when the wheel says that it has arrived. */
	for (uint32_t i = 0; i < w->nodes; i++)
		if (w->in[i])
			assert_true((int32_t)(w->expires[i] - w->wheel.tick) > 0);
	assert_true(w->wheel.tick == to || n == max || w->nodes > WHEEL_CASCADE_MAX);
	assert_true((int32_t)(to - w->wheel.tick) >= 0);
	return n;
}

/* A number of ticks of any order of magnitude up to 2^'bits'. */
static uint32_t
some_ticks(struct world *w, uint32_t bits)
{
	uint32_t magnitude = 1 + env_random_below(&w->random, bits);

	return (uint32_t)(env_random_next(&w->random) >> (64 - magnitude));
}

static void
test_random_operations(void **state)
{
	struct world *w = &world;

	for (uint64_t seed = 0; seed < 20 * STARTS; seed++) {
		world_start(w, 1 + (uint32_t)(seed * 7 % 60), starts[seed % STARTS], seed);
		for (int step = 0; step < 1000; step++) {
			uint32_t i = env_random_below(&w->random, w->nodes);

			switch (env_random_below(&w->random, 8)) {
			case 0: world_cancel(w, i); break;
			case 1: w->tick += some_ticks(w, 30); break;
			case 2: w->tick += some_ticks(w, 8); break;
			case 3: /* into the past */
				world_arm(w, i, w->wheel.tick - some_ticks(w, 30));
				break;
			case 4: /* seldom all that is due at once */
				world_advance(w, w->tick, env_random_below(&w->random, 4));
				break;
			default: world_arm(w, i, w->wheel.tick + some_ticks(w, 31)); break;
			}
			world_check(w);
			/* Not served for long: the distance may not reach 2^31. */
			if (w->tick - w->wheel.tick > UINT32_MAX / 4)
				while (w->wheel.tick != w->tick)
					world_advance(w, w->tick, 7);
		}
		while (w->wheel.tick != w->tick)
			world_advance(w, w->tick, w->nodes);
		world_check(w);
		world_end(w);
	}
}

/* A simulator jumps from wheel_next to wheel_next: each node at its tick, in few jumps. */
static void
test_jumping_to_next_meets_every_node_at_its_tick(void **state)
{
	struct world *w = &world;

	for (uint64_t seed = 0; seed < 20 * STARTS; seed++) {
		uint32_t jumps = 0, next;

		world_start(w, 50, starts[seed % STARTS], seed);
		for (uint32_t i = 0; i < w->nodes; i++)
			world_arm(w, i, w->tick + 1 + some_ticks(w, 30));
		while (wheel_next(&w->wheel, &next)) {
			unsigned int due = 0;

			for (uint32_t i = 0; i < w->nodes; i++)
				due += w->in[i] && w->expires[i] == next;
			assert_true((int32_t)(next - w->wheel.tick) > 0);
			assert_int_equal(world_advance(w, next, w->nodes), due);
			assert_int_equal(w->wheel.tick, next);
			assert_true(++jumps <= w->nodes * WHEEL_LEVELS);
			world_check(w);
		}
		assert_int_equal(w->wheel.armed, 0);
		world_end(w);
	}
}

/* Every distance about the borders of levels, one node, tick by tick and in one jump. */
static void
test_exact_tick_at_every_border(void **state)
{
	struct world *w = &world;

	for (size_t s = 0; s < STARTS; s++) {
		for (unsigned int level = 0; level <= WHEEL_LEVELS; level++) {
			for (int off = -2; off <= 2; off++) {
				uint32_t d =
				    (UINT32_C(1) << (level * WHEEL_SLOT_BITS)) + (uint32_t)off;
				uint32_t clamped = d < WHEEL_MAX_TICKS ? d : WHEEL_MAX_TICKS - 1;

				world_start(w, 1, starts[s], 1);
				world_arm(w, 0, w->tick + d);
				clamped = (int32_t)d <= 0 ? 1 : clamped;
				assert_int_equal(world_advance(w, w->tick + clamped - 1, 1), 0);
				assert_int_equal(world_advance(w, w->tick + clamped, 1), 1);
				world_arm(w, 0, w->wheel.tick + d);
				assert_int_equal(
				    world_advance(w, w->wheel.tick + clamped + 5, 1), 1);
				world_end(w);
			}
		}
	}
	/* Tick by tick across the end of 2^32, from levels 0, 1 and 2. */
	world_start(w, 3, 0xffffe000, 1);
	world_arm(w, 0, 0);
	world_arm(w, 1, 0xffffffff);
	world_arm(w, 2, 0x00000123);
	for (uint32_t tick = 0xffffe000; tick != 0x200; tick++)
		assert_int_equal(
		    world_advance(w, tick, 3), tick == 0 || tick == 0xffffffff || tick == 0x123);
	world_end(w);
}

static void
test_later_deadline_moves_nothing(void **state)
{
	struct world *w = &world;
	struct wheel before;

	world_start(w, 4, 100, 1);
	world_arm(w, 0, 500);
	world_arm(w, 1, 500);
	before = w->wheel;
	wheel_arm(&w->wheel, 0, 500);
	wheel_arm(&w->wheel, 0, 100000);
	assert_memory_equal(&before, &w->wheel, sizeof(before));
	wheel_arm(&w->wheel, 0, 50); /* in the past: the next tick */
	assert_int_equal(wheel_node_at(&w->wheel, 0)->expires, 101);
	before = w->wheel;
	wheel_arm(&w->wheel, 0, 20);
	assert_memory_equal(&before, &w->wheel, sizeof(before));
	wheel_cancel(&w->wheel, 3); /* not in: nothing */
	assert_memory_equal(&before, &w->wheel, sizeof(before));
	w->expires[0] = 101;
	world_check(w);
	/* Neither standing nor going back takes anything out. */
	assert_int_equal(world_advance(w, 100, 4), 0);
	assert_int_equal(wheel_advance(&w->wheel, 99, NULL, 0), 0);
	assert_int_equal(w->wheel.tick, 100);
	assert_int_equal(world_advance(w, 101, 4), 1);
	world_end(w);
}

/* Thousands that cascade together: bounded steps, nothing early, nothing lost or late in the end.
 */
static void
test_cascades_are_bounded(void **state)
{
	struct world *w = &world;

	for (uint64_t seed = 0; seed < 8; seed++) {
		uint32_t at, calls = 0, out = 0;

		world_start(w, 5000, starts[seed * 5 % STARTS], seed);
		at = w->tick + 1000 + some_ticks(w, 24);
		for (uint32_t i = 0; i < w->nodes; i++)
			world_arm(w, i, at + env_random_below(&w->random, 40));
		assert_int_equal(world_advance(w, at - 100, w->nodes), 0);
		while (w->wheel.tick != at + 40) {
			out += world_advance(w, at + 40, w->nodes);
			assert_null(wheel_check(&w->wheel));
			/* Who arms meanwhile is served in his turn. */
			if (calls == 1) {
				uint32_t i = 0;

				while (i < w->nodes && w->in[i])
					i++;
				if (i < w->nodes)
					world_arm(w, i, w->wheel.tick + 64), out--;
			}
			assert_true(++calls < 100);
		}
		out += world_advance(w, at + 4200, w->nodes);
		assert_int_equal(out, w->nodes);
		assert_int_equal(w->wheel.armed, 0);
		assert_true(calls > 2); /* it was bounded */
		world_end(w);
	}
}

static void
test_ticks_round_away_from_early(void **state)
{
	const spt_time tick = 1 << WHEEL_TICK_SHIFT;

	assert_int_equal(wheel_ticks(0), 0);
	assert_int_equal(wheel_ticks(tick - 1), 0);
	assert_int_equal(wheel_ticks(tick), 1);
	assert_int_equal(wheel_deadline(0, 0), 0);
	assert_int_equal(wheel_deadline(0, 1), 1);
	assert_int_equal(wheel_deadline(1, tick - 1), 1);
	assert_int_equal(wheel_deadline(1, tick), 2);
	assert_int_equal(wheel_deadline(tick * UINT32_MAX, tick + 1), 1); /* modulo 2^32 */
}

static void
test_check_finds_what_is_broken(void **state)
{
	struct world *w = &world;
	struct wheel good;
	struct wheel_node *node;

	world_start(w, 3, 7, 1);
	for (uint32_t i = 0; i < 3; i++)
		world_arm(w, i, 50);
	good = w->wheel;
	node = wheel_node_at(&w->wheel, 1);
	w->wheel.armed = 2;
	assert_non_null(wheel_check(&w->wheel));
	w->wheel.armed = 4;
	assert_non_null(wheel_check(&w->wheel));
	w->wheel = good;
	w->wheel.occupied[2] = 1;
	assert_non_null(wheel_check(&w->wheel));
	w->wheel = good;
	w->wheel.occupied[0] = 0;
	assert_non_null(wheel_check(&w->wheel));
	w->wheel = good;
	w->wheel.tick = 50;
	assert_non_null(wheel_check(&w->wheel));
	w->wheel = good;
	node->expires++;
	assert_non_null(wheel_check(&w->wheel));
	node->expires--;
	node->slot++;
	assert_non_null(wheel_check(&w->wheel));
	node->slot--;
	node->prev = 0;
	assert_non_null(wheel_check(&w->wheel));
	node->prev = 2;
	world_check(w);
	world_end(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random_operations),
	    cmocka_unit_test(test_jumping_to_next_meets_every_node_at_its_tick),
	    cmocka_unit_test(test_exact_tick_at_every_border),
	    cmocka_unit_test(test_later_deadline_moves_nothing),
	    cmocka_unit_test(test_cascades_are_bounded),
	    cmocka_unit_test(test_ticks_round_away_from_early),
	    cmocka_unit_test(test_check_finds_what_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

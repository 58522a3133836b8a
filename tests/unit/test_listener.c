/* SPDX-License-Identifier: BSD-3-Clause */
/* The listener table: the most specific listener, and slots against a naive twin. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow/listener.h"

#include "env.h"

static void
test_specific_before_any(void **state)
{
	struct listener_table t;

	assert_int_equal(listener_init(&t, 8, -1), 0);
	assert_int_equal(listener_find(&t, 80, 0), LISTENER_NONE);
	assert_int_equal(listener_add(&t, 80, LISTENER_ANY), 0);
	assert_int_equal(listener_add(&t, 80, 5), 1);
	assert_int_equal(listener_add(&t, 80, 0), 2);
	assert_int_equal(listener_add(&t, 81, 5), 3);
	assert_int_equal(listener_find(&t, 80, 5), 1);
	assert_int_equal(listener_find(&t, 80, 0), 2);
	assert_int_equal(listener_find(&t, 80, 1), 0);
	assert_int_equal(listener_find(&t, 81, 5), 3);
	assert_int_equal(listener_find(&t, 81, 0), LISTENER_NONE);
	assert_int_equal(listener_find(&t, 0, 0), LISTENER_NONE);
	assert_int_equal(listener_remove(&t, 0), 0);
	assert_int_equal(listener_find(&t, 80, 1), LISTENER_NONE);
	assert_int_equal(listener_find(&t, 80, 5), 1);
	assert_int_equal(listener_add(&t, 80, LISTENER_ANY), 0);
	assert_int_equal(listener_find(&t, 80, 5), 1);
	assert_null(listener_check(&t));
	listener_fini(&t);
}

static void
test_refusals(void **state)
{
	struct listener_table t;

	assert_int_equal(listener_init(&t, 0, -1), -EINVAL);
	assert_int_equal(listener_init(&t, LISTENER_MAX + 1, -1), -EINVAL);
	assert_int_equal(listener_init(&t, 2, -1), 0);
	assert_int_equal(listener_add(&t, 0, 1), -EINVAL);
	assert_int_equal(listener_add(&t, 7, 1), 0);
	assert_int_equal(listener_add(&t, 7, 1), -EADDRINUSE);
	assert_int_equal(listener_add(&t, 7, LISTENER_ANY), 1);
	assert_int_equal(listener_add(&t, 7, LISTENER_ANY), -EADDRINUSE);
	assert_int_equal(listener_add(&t, 8, 1), -ENOSPC);
	assert_int_equal(listener_remove(&t, -1), -ENOENT);
	assert_int_equal(listener_remove(&t, 2), -ENOENT);
	assert_int_equal(listener_remove(&t, 1), 0);
	assert_int_equal(listener_remove(&t, 1), -ENOENT);
	assert_null(listener_check(&t));
	listener_fini(&t);
	assert_null(t.heads);
}

static void
test_as_many_as_there_are_slots(void **state)
{
	struct listener_table t;

	assert_int_equal(listener_init(&t, LISTENER_MAX, -1), 0);
	for (int i = 0; i < LISTENER_MAX; i++)
		assert_int_equal(listener_add(&t, (uint16_t)(i + 1), (uint16_t)i), i);
	assert_int_equal(listener_add(&t, 1, LISTENER_ANY), -ENOSPC);
	assert_null(listener_check(&t));
	for (int i = 0; i < LISTENER_MAX; i++)
		assert_int_equal(listener_find(&t, (uint16_t)(i + 1), (uint16_t)i), i);
	assert_int_equal(listener_remove(&t, LISTENER_MAX - 1), 0);
	assert_int_equal(listener_remove(&t, 0), 0);
	assert_int_equal(listener_add(&t, 1, 3), 0);
	assert_int_equal(listener_add(&t, 1, 4), LISTENER_MAX - 1);
	assert_null(listener_check(&t));
	listener_fini(&t);
}

#define SLOTS 12

static void
test_random_operations(void **state)
{
	for (uint64_t seed = 0; seed < 30; seed++) {
		uint16_t lport[SLOTS] = {0}, laddr[SLOTS] = {0};
		struct env_random random;
		struct listener_table t;

		env_random_seed(&random, seed);
		assert_int_equal(listener_init(&t, SLOTS, -1), 0);
		for (int step = 0; step < 300; step++) {
			uint16_t port = (uint16_t)(1 + env_random_below(&random, 3));
			uint16_t addr = (uint16_t)env_random_below(&random, 6);
			int lowest = -ENOSPC, slot, best = LISTENER_NONE;

			addr = addr == 5 ? LISTENER_ANY : addr;
			for (int i = SLOTS - 1; i >= 0; i--)
				if (lport[i] == 0)
					lowest = i;
			for (int i = 0; i < SLOTS; i++)
				if (lport[i] == port && laddr[i] == addr)
					lowest = -EADDRINUSE;
			if (env_random_below(&random, 2)) {
				slot = listener_add(&t, port, addr);
				assert_int_equal(slot, lowest);
				if (slot >= 0) {
					lport[slot] = port;
					laddr[slot] = addr;
				}
			} else {
				slot = (int)env_random_below(&random, SLOTS);
				assert_int_equal(
				    listener_remove(&t, slot), lport[slot] ? 0 : -ENOENT);
				lport[slot] = 0;
			}
			assert_null(listener_check(&t));
			addr = (uint16_t)env_random_below(&random, 6);
			for (int i = 0; i < SLOTS; i++)
				if (lport[i] == port && laddr[i] == LISTENER_ANY)
					best = i;
			for (int i = 0; i < SLOTS; i++)
				if (lport[i] == port && laddr[i] == addr)
					best = i;
			assert_int_equal(listener_find(&t, port, addr), best);
		}
		listener_fini(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_specific_before_any),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_as_many_as_there_are_slots),
	    cmocka_unit_test(test_random_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Constant-delay queues against an array in order of arrival. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wheel/fifo.h"

#include "env.h"

#define MEMBERS 40

struct object {
	uint64_t before;
	struct fifo_link link;
	uint64_t after;
};

struct twin {
	uint32_t member[MEMBERS];
	uint32_t n;
};

static void
compare(const struct fifo *f, const struct twin *t)
{
	uint32_t index = f->head;

	assert_null(fifo_check(f));
	assert_int_equal(f->length, t->n);
	for (uint32_t i = 0; i < t->n; i++) {
		assert_int_equal(index, t->member[i]);
		index = fifo_link_at(f, index)->next;
	}
	assert_int_equal(index, POOL_NONE);
	assert_int_equal(f->tail, t->n ? t->member[t->n - 1] : POOL_NONE);
}

static void
test_random_operations_in_two_queues_of_one_pool(void **state)
{
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct fifo f[2];
		struct twin t[2] = {{.n = 0}, {.n = 0}};
		struct env_random random;
		struct pool pool;

		env_random_seed(&random, seed);
		assert_int_equal(pool_init(&pool, MEMBERS, sizeof(struct object), -1), 0);
		fifo_init(&f[0], &pool, offsetof(struct object, link));
		fifo_init(&f[1], &pool, offsetof(struct object, link));
		for (int step = 0; step < 500; step++) {
			uint32_t q = env_random_below(&random, 2), at, index;

			/* One seed in two leans to full queues, the other to empty ones. */
			if (env_random_below(&random, 5) < 2 + seed % 2) {
				index = pool_get(&pool);
				if (index == POOL_NONE)
					continue;
				fifo_append(&f[q], index);
				t[q].member[t[q].n++] = index;
			} else if (t[q].n > 0) {
				/* the head, the tail or any other */
				at = env_random_below(&random, 3);
				at = at == 0   ? 0
				     : at == 1 ? t[q].n - 1
				               : env_random_below(&random, t[q].n);
				index = t[q].member[at];
				fifo_remove(&f[q], index);
				memmove(&t[q].member[at], &t[q].member[at + 1],
				    (--t[q].n - at) * sizeof(index));
				if (env_random_below(&random, 2)) {
					pool_put(&pool, index);
				} else { /* a restart: to the tail of the other */
					fifo_append(&f[!q], index);
					t[!q].member[t[!q].n++] = index;
				}
			}
			compare(&f[0], &t[0]);
			compare(&f[1], &t[1]);
			assert_int_equal(pool_used(&pool), t[0].n + t[1].n);
		}
		for (uint32_t i = 0; i < MEMBERS; i++) {
			const struct object *o = pool_at(&pool, i);

			assert_true(o->before == 0 && o->after == 0);
		}
		assert_null(pool_check(&pool));
		pool_fini(&pool);
	}
}

static void
test_check_finds_what_is_broken(void **state)
{
	struct fifo f;
	struct pool pool;

	assert_int_equal(pool_init(&pool, 4, sizeof(struct object), -1), 0);
	fifo_init(&f, &pool, offsetof(struct object, link));
	for (uint32_t i = 0; i < 3; i++)
		fifo_append(&f, i);
	assert_null(fifo_check(&f));
	f.length = 2;
	assert_non_null(fifo_check(&f));
	f.length = 4;
	assert_non_null(fifo_check(&f));
	f.length = 3;
	f.tail = 1;
	assert_non_null(fifo_check(&f));
	f.tail = 2;
	fifo_link_at(&f, 1)->prev = 2;
	assert_non_null(fifo_check(&f));
	fifo_link_at(&f, 1)->prev = 0;
	fifo_link_at(&f, 2)->next = 0; /* a ring */
	assert_non_null(fifo_check(&f));
	fifo_link_at(&f, 2)->next = 4;
	assert_non_null(fifo_check(&f));
	pool_fini(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random_operations_in_two_queues_of_one_pool),
	    cmocka_unit_test(test_check_finds_what_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

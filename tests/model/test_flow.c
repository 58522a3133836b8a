/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow table against an array that says which flow has which object. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "flow/flow.h"

#include "env.h"

/* Objects of each kind: the key, and as much more as real ones have. */
static const uint32_t strides[FLOW_KINDS] = {192, 64, 64};

/* Table, pools and the naive twin: flow i has key key_of(i) and object ref[i], if any. */
struct world {
	struct flow_table table;
	struct pool pool[FLOW_KINDS];
	struct env_random random;
	uint64_t seed;
	uint32_t flows;
	flow_ref *ref;
	uint32_t used, refused;
};

static void
world_start(struct world *w, uint32_t capacity, uint32_t flows, uint32_t objects, uint64_t seed)
{
	const struct pool *pools[FLOW_KINDS];
	struct siphash_key key = {seed, ~seed};

	*w = (struct world){.seed = seed, .flows = flows};
	env_random_seed(&w->random, seed);
	for (int k = 0; k < FLOW_KINDS; k++) {
		assert_int_equal(pool_init(&w->pool[k], objects, strides[k], -1), 0);
		pools[k] = &w->pool[k];
	}
	assert_int_equal(flow_init(&w->table, capacity, key, pools, -1), 0);
	assert_true((w->table.mask + 1) * FLOW_SLOTS >= 2 * (uint64_t)capacity);
	assert_true(flow_footprint(capacity) >= w->table.bytes);
	w->ref = mem_alloc(flows * sizeof(*w->ref), -1);
	assert_non_null(w->ref);
	for (uint32_t i = 0; i < flows; i++)
		w->ref[i] = FLOW_NONE;
}

static void
world_end(struct world *w)
{
	flow_fini(&w->table);
	for (int k = 0; k < FLOW_KINDS; k++)
		pool_fini(&w->pool[k]);
	mem_free(w->ref, w->flows * sizeof(*w->ref));
}

/* Keys of either family, in which neighbouring flows differ in one field. */
static struct flow_key
key_of(const struct world *w, uint32_t flow)
{
	struct flow_key k = {0};

	if (flow % 2) {
		k.raddr.w[2] = RTE_BE32(0xffff);
		k.raddr.w[3] = rte_cpu_to_be_32(0x0a000000 + flow / 2 / 60000);
	} else {
		k.raddr.q[0] = RTE_BE64(0x20010db800000000);
		k.raddr.q[1] = rte_cpu_to_be_64(flow / 2 / 60000);
	}
	k.rport = rte_cpu_to_be_16((uint16_t)(1024 + flow / 2 % 60000));
	k.lport = RTE_BE16(80);
	k.laddr = (uint16_t)w->seed;
	return k;
}

/* An object of some kind, or of the next that has one, with the flow's key in it. */
static flow_ref
object_get(struct world *w, uint32_t flow)
{
	struct flow_key key = key_of(w, flow);
	uint32_t kind = env_random_below(&w->random, FLOW_KINDS);

	for (int tries = 0; tries < FLOW_KINDS; tries++, kind = (kind + 1) % FLOW_KINDS) {
		uint32_t index = pool_get(&w->pool[kind]);
		struct flow_key *in;

		if (index == POOL_NONE)
			continue;
		in = pool_at(&w->pool[kind], index);
		*in = key;
		in->pad = (uint16_t)env_random_next(&w->random); /* no part of the key */
		return flow_ref_make((enum flow_kind)kind, index);
	}
	return FLOW_NONE;
}

static void
object_put(struct world *w, flow_ref ref)
{
	pool_put(&w->pool[flow_ref_kind(ref)], flow_ref_index(ref));
}

static void
world_lookup(const struct world *w, uint32_t flow)
{
	struct flow_key key = key_of(w, flow);

	key.pad = (uint16_t)~flow;
	assert_int_equal(flow_lookup(&w->table, &key, flow_hash(&w->table, &key)), w->ref[flow]);
}

/* Insert a flow that is not in, or replace or remove one that is. */
static void
world_change(struct world *w, uint32_t flow, bool replace)
{
	struct flow_key key = key_of(w, flow);
	uint64_t hash = flow_hash(&w->table, &key);
	flow_ref old = w->ref[flow], new = FLOW_NONE;

	if (old == FLOW_NONE || replace)
		new = object_get(w, flow);
	if (old == FLOW_NONE && new == FLOW_NONE)
		return;
	if (old == FLOW_NONE) {
		int rc = flow_insert(&w->table, hash, new);

		assert_true(rc == 0 || rc == -ENOSPC);
		if (rc < 0) {
			w->refused++;
			object_put(w, new);
			return;
		}
		w->used++;
	} else if (new != FLOW_NONE) {
		flow_replace(&w->table, hash, old, new);
		object_put(w, old);
	} else {
		flow_remove(&w->table, hash, old);
		object_put(w, old); /* it keeps its key: a stale tag would find it */
		w->used--;
	}
	w->ref[flow] = new;
	assert_int_equal(w->table.used, w->used);
	world_lookup(w, flow);
}

static void
world_check(const struct world *w)
{
	const char *wrong = flow_check(&w->table);

	if (wrong != NULL)
		fail_msg("%s", wrong);
	assert_int_equal(w->table.used, w->used);
}

static void
test_small_tables_checked_after_each_operation(void **state)
{
	static const uint32_t capacities[] = {0, 1, 8, 9, 16, 33, 64, 200};
	uint32_t refused = 0;

	for (uint64_t seed = 0; seed < 120; seed++) {
		uint32_t capacity = capacities[seed % (sizeof(capacities) / sizeof(uint32_t))];
		uint32_t slots = capacity < 9 ? 16 : 4 * capacity;
		struct world w;

		/* Objects for as many as promised, or for more than the table has slots. */
		world_start(&w, capacity, 2 * slots, seed % 3 ? capacity / 3 + 1 : slots, seed);
		for (int step = 0; step < 500; step++) {
			world_change(&w, env_random_below(&w.random, w.flows),
			    env_random_below(&w.random, 3) == 0);
			world_lookup(&w, env_random_below(&w.random, w.flows));
			world_check(&w);
		}
		for (uint32_t i = 0; i < w.flows; i++)
			world_lookup(&w, i);
		for (uint32_t i = 0; i < w.flows; i++) /* empty it: nothing stays behind */
			if (w.ref[i] != FLOW_NONE)
				world_change(&w, i, false);
		world_check(&w);
		assert_int_equal(w.table.used, 0);
		for (uint64_t b = 0; b <= w.table.mask; b++)
			assert_true(w.table.buckets[b].overflow == 0 &&
			            w.table.buckets[b].occupied == 0 &&
			            w.table.buckets[b].displaced == 0);
		refused += w.refused;
		world_end(&w);
	}
	assert_true(refused > 0); /* full tables were met */
}

/* A burst: all prefetched, then served one by one while the table changes under them. */
static void
test_lookups_are_right_whatever_was_prefetched(void **state)
{
	struct world w;

	world_start(&w, 3000, 6000, 1000, 5);
	for (int burst = 0; burst < 2000; burst++) {
		uint32_t flow[32];

		for (int i = 0; i < 32; i++) { /* some of them several times */
			flow[i] = env_random_below(&w.random, i % 2 ? w.flows : 200);
			if (i % 5 == 4)
				flow[i] = flow[i - 1];
		}
		for (int i = 0; i < 32; i++) {
			struct flow_key key = key_of(&w, flow[i]);

			flow_prefetch_bucket(&w.table, flow_hash(&w.table, &key));
		}
		for (int i = 0; i < 32; i++) {
			struct flow_key key = key_of(&w, flow[i]);
			flow_ref hint = flow_prefetch_entry(&w.table, flow_hash(&w.table, &key));

			assert_true(hint == FLOW_NONE || flow_ref_kind(hint) < FLOW_KINDS);
			if (w.ref[flow[i]] != FLOW_NONE && hint == FLOW_NONE) {
				struct flow_bucket *b =
				    flow_first_bucket(&w.table, flow_hash(&w.table, &key));

				assert_true(b->overflow != 0); /* else it is in the first */
			}
		}
		for (int i = 0; i < 32; i++) {
			world_lookup(&w, flow[i]);
			world_change(&w, flow[i], env_random_below(&w.random, 2));
		}
		if (burst % 500 == 0)
			world_check(&w);
	}
	world_check(&w);
	world_end(&w);
}

/*
 * Find keys by trial whose first bucket, distance to the second and, if 'tag' is not
 * negative, tag are the ones asked for. The table has 4 buckets.
 */
static uint32_t
find_flow(const struct world *w, uint32_t from, uint64_t bucket, uint64_t other, int tag)
{
	for (;; from++) {
		struct flow_key key = key_of(w, from);
		uint64_t hash = flow_hash(&w->table, &key);
		struct flow_bucket *b = flow_first_bucket(&w->table, hash);

		if ((uint64_t)(b - w->table.buckets) == bucket &&
		    flow_other_bucket(&w->table, b, flow_tag(hash)) == &w->table.buckets[other] &&
		    (tag < 0 || flow_tag(hash) == tag))
			return from;
	}
}

static int
insert(struct world *w, uint32_t flow, uint32_t index)
{
	struct flow_key key = key_of(w, flow);
	struct flow_key *in = pool_at(&w->pool[0], index);

	*in = key;
	return flow_insert(&w->table, flow_hash(&w->table, &key), flow_ref_make(FLOW_CONN, index));
}

static flow_ref
lookup(const struct world *w, uint32_t flow)
{
	struct flow_key key = key_of(w, flow);

	return flow_lookup(&w->table, &key, flow_hash(&w->table, &key));
}

/* Sixteen flows of one tag and one pair of buckets fit; the next is refused and harms nothing. */
static void
test_colliding_tags(void **state)
{
	struct world w;
	uint32_t flow[18], next = 0;
	struct flow_key key;
	uint64_t bucket, other;
	int tag;

	world_start(&w, 16, 1, 32, 99);
	key = key_of(&w, 0);
	bucket = flow_hash(&w.table, &key) & w.table.mask;
	tag = flow_tag(flow_hash(&w.table, &key));
	other = (uint64_t)(flow_other_bucket(&w.table, &w.table.buckets[bucket], (uint16_t)tag) -
	                   w.table.buckets);
	for (uint32_t i = 0; i < 18; i++) {
		flow[i] = find_flow(&w, next, bucket, other, tag);
		next = flow[i] + 1;
	}
	for (uint32_t i = 0; i < 16; i++) {
		assert_int_equal(insert(&w, flow[i], i), 0);
		assert_null(flow_check(&w.table));
		for (uint32_t j = 0; j < 18; j++)
			assert_int_equal(lookup(&w, flow[j]), j <= i ? j : FLOW_NONE);
	}
	assert_int_equal(insert(&w, flow[16], 16), -ENOSPC);
	assert_null(flow_check(&w.table));
	for (uint32_t i = 0; i < 16; i++) { /* one out of each slot of both, another one in */
		key = key_of(&w, flow[i]);
		flow_remove(&w.table, flow_hash(&w.table, &key), i);
		assert_int_equal(lookup(&w, flow[i]), FLOW_NONE);
		assert_int_equal(insert(&w, flow[16 + i % 2], 16), 0);
		assert_int_equal(insert(&w, flow[17 - i % 2], 17), -ENOSPC);
		assert_null(flow_check(&w.table));
		key = key_of(&w, flow[16 + i % 2]);
		assert_int_equal(lookup(&w, flow[16 + i % 2]), 16);
		flow_remove(&w.table, flow_hash(&w.table, &key), 16);
		assert_int_equal(insert(&w, flow[i], i), 0);
		assert_null(flow_check(&w.table));
	}
	world_end(&w);
}

/* With both buckets full an insert succeeds if one entry of them can step aside. */
static void
test_one_entry_steps_aside(void **state)
{
	for (uint32_t odd = 0; odd < 17; odd++) {
		struct world w;
		uint32_t flow[17], next[2] = {0, 0};

		/* Buckets 0 and 1 filled from their own; entry 'odd' may go to bucket 2. */
		world_start(&w, 16, 1, 32, 7);
		for (uint32_t i = 0; i < 17; i++) {
			uint64_t bucket = i % 2, other = i == odd && i < 16 ? 2 : !bucket;

			flow[i] = find_flow(&w, next[bucket], bucket, other, -1);
			next[bucket] = flow[i] + 1;
		}
		for (uint32_t i = 0; i < 16; i++)
			assert_int_equal(insert(&w, flow[i], i), 0);
		assert_int_equal(
		    w.table.buckets[0].occupied & w.table.buckets[1].occupied, UINT64_MAX);
		assert_int_equal(insert(&w, flow[16], 16), odd < 16 ? 0 : -ENOSPC);
		assert_null(flow_check(&w.table));
		for (uint32_t i = 0; i < 17; i++)
			assert_int_equal(lookup(&w, flow[i]), i < 16 || odd < 16 ? i : FLOW_NONE);
		assert_int_equal(w.table.buckets[2].displaced, odd < 16 ? 1 : 0);
		world_end(&w);
	}
}

/* A displaced entry that makes room goes home, where nothing is left of its detour. */
static void
test_displaced_entry_goes_home(void **state)
{
	struct world w;
	uint32_t flow[18], next = 0;
	struct flow_key key;

	world_start(&w, 16, 1, 32, 8);
	for (uint32_t i = 0; i < 9; i++) { /* 8 fill bucket 0, the ninth goes to bucket 1 */
		flow[i] = find_flow(&w, next, 0, 1, -1);
		next = flow[i] + 1;
		assert_int_equal(insert(&w, flow[i], i), 0);
	}
	assert_int_equal(w.table.buckets[0].overflow, 1);
	assert_int_equal(w.table.buckets[1].displaced, 1);
	for (uint32_t i = 9; i < 16; i++) { /* bucket 1 is full */
		flow[i] = find_flow(&w, i == 9 ? 0 : flow[i - 1] + 1, 1, 2, -1);
		assert_int_equal(insert(&w, flow[i], i), 0);
	}
	for (uint32_t i = 16; i < 18; i++) {
		flow[i] = find_flow(&w, i == 16 ? 0 : flow[i - 1] + 1, 2, 1, -1);
		assert_int_equal(insert(&w, flow[i], i), 0);
	}
	key = key_of(&w, flow[3]);
	flow_remove(&w.table, flow_hash(&w.table, &key), 3);
	/* Bucket 2 filled by its own, of which the next needs room in bucket 1. */
	for (uint32_t i = 0, from = flow[17] + 1; i < 7; i++) {
		uint32_t f = find_flow(&w, from, 2, 1, -1);

		from = f + 1;
		assert_int_equal(insert(&w, f, 18 + i), 0);
	}
	assert_null(flow_check(&w.table));
	assert_int_equal(w.table.buckets[0].overflow, 0);
	assert_int_equal(w.table.buckets[0].occupied, UINT64_MAX);
	assert_int_equal(w.table.buckets[2].overflow, 1);
	assert_int_equal(lookup(&w, flow[8]), 8);
	world_end(&w);
}

static void
test_check_finds_what_is_broken(void **state)
{
	struct world w;
	struct flow_bucket *b, good;
	struct flow_key *object, key;
	uint32_t flow = 0;

	world_start(&w, 16, 1, 32, 3);
	flow = find_flow(&w, 0, 0, 1, -1);
	assert_int_equal(insert(&w, flow, 5), 0);
	b = &w.table.buckets[0];
	good = *b;
	b->overflow = 1;
	assert_non_null(flow_check(&w.table));
	*b = good;
	b->displaced = 1;
	assert_non_null(flow_check(&w.table));
	b->displaced = 2;
	assert_non_null(flow_check(&w.table));
	*b = good;
	b->tag[0] ^= 1;
	assert_non_null(flow_check(&w.table));
	*b = good;
	b->occupied = 0x7f;
	assert_non_null(flow_check(&w.table));
	*b = good;
	b->ref[0] = flow_ref_make(FLOW_CONN, 32);
	assert_non_null(flow_check(&w.table));
	*b = good;
	b->tag[1] = b->tag[0];
	b->ref[1] = b->ref[0];
	b->occupied = 0xffff;
	w.table.used = 2;
	assert_non_null(flow_check(&w.table)); /* one key twice */
	*b = good;
	assert_non_null(flow_check(&w.table)); /* used */
	w.table.used = 1;
	object = pool_at(&w.pool[0], 5);
	key = *object;
	object->rport ^= 1;
	assert_non_null(flow_check(&w.table));
	*object = key;
	assert_null(flow_check(&w.table));
	world_end(&w);
}

/*
 * Full size: as many flows as promised, at exactly half load, then changes at that
 * load. The design allows 1e-4 of the inserts to be refused.
 */
static void
test_refusals_at_full_size(void **state)
{
	const uint32_t capacity = UINT32_C(1) << 20, changes = capacity / 4;
	struct world w;
	uint32_t inserts = capacity, displaced = 0, lookups = 0;

	world_start(&w, capacity, capacity + capacity / 8, capacity / 2, 11);
	assert_int_equal((w.table.mask + 1) * FLOW_SLOTS, 2 * capacity);
	for (uint32_t i = 0; i < capacity; i++)
		world_change(&w, i, false);
	assert_int_equal(w.used + w.refused, capacity);
	for (uint64_t b = 0; b <= w.table.mask; b++) {
		displaced += (uint32_t)__builtin_popcount(w.table.buckets[b].displaced);
		lookups += w.table.buckets[b].overflow != 0;
	}
	print_message("%u flows in %u slots: %u refused, %.2f%% in their second bucket, "
	              "%.2f%% of first buckets send lookups on\n",
	    capacity, 2 * capacity, w.refused, 100.0 * displaced / w.used,
	    100.0 * lookups / (double)(w.table.mask + 1));
	world_check(&w);
	assert_true(w.refused < inserts / 10000);
	/* At full load one goes, another one comes. */
	for (; inserts < capacity + changes; inserts++) {
		uint32_t out, in;

		do
			out = env_random_below(&w.random, w.flows);
		while (w.ref[out] == FLOW_NONE);
		do
			in = env_random_below(&w.random, w.flows);
		while (w.ref[in] != FLOW_NONE);
		world_change(&w, out, false);
		world_change(&w, in, false);
	}
	displaced = lookups = 0;
	for (uint64_t b = 0; b <= w.table.mask; b++) {
		displaced += (uint32_t)__builtin_popcount(w.table.buckets[b].displaced);
		lookups += w.table.buckets[b].overflow != 0;
	}
	print_message("after %u changes at that load: %u refused, %.2f%% in their second bucket, "
	              "%.2f%% of first buckets send lookups on\n",
	    changes, w.refused, 100.0 * displaced / w.used,
	    100.0 * lookups / (double)(w.table.mask + 1));
	world_check(&w);
	assert_true(w.refused < inserts / 10000);
	for (uint32_t i = 0; i < w.flows; i += 3)
		world_lookup(&w, i);
	world_end(&w);
}

/* Flow 'i' of those that differ in one field only. */
static struct flow_key
key_of_field(unsigned int field, uint16_t i)
{
	struct flow_key k = {.rport = RTE_BE16(1024), .lport = RTE_BE16(80)};

	k.raddr.q[0] = RTE_BE64(0x20010db800000000);
	switch (field) {
	case 0: k.raddr.q[0] ^= rte_cpu_to_be_64(i); break;
	case 1: k.raddr.q[1] = rte_cpu_to_be_64(i); break;
	case 2: k.rport = rte_cpu_to_be_16(i); break;
	case 3: k.lport = rte_cpu_to_be_16(i); break;
	default: k.laddr = i; break;
	}
	return k;
}

/* A field that the hash left out would pile all such flows up in two buckets. */
static void
test_every_field_spreads(void **state)
{
	const uint32_t capacity = 1024;

	for (unsigned int field = 0; field < 5; field++) {
		struct world w;

		world_start(&w, capacity, 1, capacity, 7);
		for (uint32_t i = 0; i < capacity; i++) {
			struct flow_key key = key_of_field(field, (uint16_t)i);
			uint32_t index = pool_get(&w.pool[FLOW_CONN]);

			*(struct flow_key *)pool_at(&w.pool[FLOW_CONN], index) = key;
			assert_int_equal(flow_insert(&w.table, flow_hash(&w.table, &key),
			                     flow_ref_make(FLOW_CONN, index)),
			    0);
		}
		assert_null(flow_check(&w.table));
		world_end(&w);
	}
}

static void
test_table_without_objects_is_empty(void **state)
{
	const struct pool *pools[FLOW_KINDS] = {NULL, NULL, NULL};
	struct flow_table t;

	assert_int_equal(flow_init(&t, 100, (struct siphash_key){1, 2}, pools, -1), 0);
	assert_null(flow_check(&t));
	flow_fini(&t);
	assert_null(t.buckets);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_small_tables_checked_after_each_operation),
	    cmocka_unit_test(test_lookups_are_right_whatever_was_prefetched),
	    cmocka_unit_test(test_colliding_tags),
	    cmocka_unit_test(test_one_entry_steps_aside),
	    cmocka_unit_test(test_displaced_entry_goes_home),
	    cmocka_unit_test(test_check_finds_what_is_broken),
	    cmocka_unit_test(test_refusals_at_full_size),
	    cmocka_unit_test(test_every_field_spreads),
	    cmocka_unit_test(test_table_without_objects_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

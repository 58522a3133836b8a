/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow table: changes and checks. Lookups are in the header. */
#include <errno.h>

#include "../base/mem.h"
#include "flow.h"

#define FLOW_BUCKETS_MIN 2 /* an entry's two buckets are never the same */

/* The slot of a bucket; b == NULL: nowhere. */
struct flow_place {
	struct flow_bucket *b;
	unsigned int slot;
};

static uint64_t
flow_buckets(uint32_t capacity)
{
	uint64_t n = FLOW_BUCKETS_MIN;

	while (n * FLOW_SLOTS < 2 * (uint64_t)capacity)
		n *= 2;
	return n;
}

size_t
flow_footprint(uint32_t capacity)
{
	return mem_footprint(flow_buckets(capacity) * sizeof(struct flow_bucket));
}

int
flow_init(struct flow_table *t, uint32_t capacity, struct siphash_key key,
    const struct pool *const pools[FLOW_KINDS], int socket)
{
	uint64_t n = flow_buckets(capacity);

	*t = (struct flow_table){
	    .mask = n - 1,
	    .key = key,
	    .capacity = capacity,
	    .bytes = n * sizeof(struct flow_bucket),
	};
	for (int kind = 0; kind < FLOW_KINDS; kind++) {
		if (pools[kind] == NULL)
			continue;
		SPT_ASSERT(pools[kind]->capacity <= FLOW_INDEX_MASK);
		t->pools[kind] = pools[kind];
		t->objects[kind] = (struct flow_objects){
		    .base = pools[kind]->base,
		    .stride = pools[kind]->stride,
		};
	}
	t->buckets = mem_alloc(t->bytes, socket);
	return t->buckets ? 0 : -ENOMEM;
}

void
flow_fini(struct flow_table *t)
{
	mem_free(t->buckets, t->bytes);
	*t = (struct flow_table){0};
}

flow_ref
flow_lookup_second(const struct flow_table *t, const struct flow_key *k, uint64_t hash)
{
	uint16_t tag = flow_tag(hash);

	return flow_find_in(t, flow_other_bucket(t, flow_first_bucket(t, hash), tag), k, tag);
}

static bool
flow_bucket_full(const struct flow_bucket *b)
{
	return b->occupied == UINT64_MAX;
}

static bool
flow_is_displaced(const struct flow_bucket *b, unsigned int slot)
{
	return b->displaced >> slot & 1;
}

/* Put an entry into a bucket that is not full: its first, or else 'displaced'. */
static void
flow_put(struct flow_table *t, struct flow_bucket *b, uint16_t tag, flow_ref ref, bool displaced)
{
	unsigned int slot = flow_match_slot(~b->occupied);

	b->tag[slot] = tag;
	b->ref[slot] = ref;
	b->occupied |= UINT64_C(0xff) << (8 * slot);
	if (displaced) {
		b->displaced |= (uint8_t)(1u << slot);
		flow_other_bucket(t, b, tag)->overflow++;
	}
}

static void
flow_clear(struct flow_table *t, struct flow_bucket *b, unsigned int slot)
{
	if (flow_is_displaced(b, slot)) {
		struct flow_bucket *first = flow_other_bucket(t, b, b->tag[slot]);

		SPT_ASSERT(first->overflow > 0);
		first->overflow--;
		b->displaced &= (uint8_t) ~(1u << slot);
	}
	b->occupied &= ~(UINT64_C(0xff) << (8 * slot));
}

/* Make room in a full bucket by moving one of its entries to that one's other bucket. */
static bool
flow_make_room(struct flow_table *t, struct flow_bucket *b)
{
	for (unsigned int slot = 0; slot < FLOW_SLOTS; slot++) {
		struct flow_bucket *other = flow_other_bucket(t, b, b->tag[slot]);

		if (!flow_bucket_full(other)) {
			flow_put(t, other, b->tag[slot], b->ref[slot], !flow_is_displaced(b, slot));
			flow_clear(t, b, slot);
			return true;
		}
	}
	return false;
}

int
flow_insert(struct flow_table *t, uint64_t hash, flow_ref ref)
{
	uint16_t tag = flow_tag(hash);
	struct flow_bucket *first = flow_first_bucket(t, hash), *second;

	SPT_ASSERT(flow_ref_kind(ref) < FLOW_KINDS);
	if (likely(!flow_bucket_full(first))) {
		flow_put(t, first, tag, ref, false);
		t->used++;
		return 0;
	}
	second = flow_other_bucket(t, first, tag);
	if (flow_bucket_full(second) && !flow_make_room(t, first) && !flow_make_room(t, second))
		return -ENOSPC;
	if (!flow_bucket_full(first))
		flow_put(t, first, tag, ref, false);
	else
		flow_put(t, second, tag, ref, true);
	t->used++;
	return 0;
}

static struct flow_place
flow_place_in(struct flow_bucket *b, uint16_t tag, flow_ref ref)
{
	for (uint64_t m = flow_match(b, tag); m != 0; m = flow_match_rest(m))
		if (b->ref[flow_match_slot(m)] == ref)
			return (struct flow_place){b, flow_match_slot(m)};
	return (struct flow_place){NULL, 0};
}

static struct flow_place
flow_place(const struct flow_table *t, uint64_t hash, flow_ref ref)
{
	uint16_t tag = flow_tag(hash);
	struct flow_bucket *first = flow_first_bucket(t, hash);
	struct flow_place p = flow_place_in(first, tag, ref);

	if (p.b == NULL && first->overflow != 0)
		p = flow_place_in(flow_other_bucket(t, first, tag), tag, ref);
	SPT_ASSERT(p.b != NULL);
	return p;
}

void
flow_replace(struct flow_table *t, uint64_t hash, flow_ref old, flow_ref new)
{
	struct flow_place p = flow_place(t, hash, old);

	SPT_ASSERT(flow_ref_kind(new) < FLOW_KINDS);
	if (p.b != NULL)
		p.b->ref[p.slot] = new;
}

void
flow_remove(struct flow_table *t, uint64_t hash, flow_ref ref)
{
	struct flow_place p = flow_place(t, hash, ref);

	if (p.b == NULL)
		return;
	flow_clear(t, p.b, p.slot);
	t->used--;
}

/* How many entries of a bucket have this key; tags are checked to be their keys'. */
static unsigned int
flow_count_key(
    const struct flow_table *t, const struct flow_bucket *b, const struct flow_key *k, uint16_t tag)
{
	unsigned int n = 0;

	for (uint64_t m = flow_match(b, tag); m != 0; m = flow_match_rest(m))
		n += flow_key_eq(flow_key_of(t, b->ref[flow_match_slot(m)]), k);
	return n;
}

/* One entry; counts it for its first bucket in 'overflow' if it is displaced. */
static const char *
flow_check_entry(
    const struct flow_table *t, const struct flow_bucket *b, unsigned int slot, uint32_t *overflow)
{
	flow_ref ref = b->ref[slot];
	enum flow_kind kind = flow_ref_kind(ref);
	const struct flow_bucket *first, *second;
	const struct flow_key *key;
	unsigned int same;
	uint64_t hash;

	if (kind >= FLOW_KINDS || t->pools[kind] == NULL ||
	    flow_ref_index(ref) >= t->pools[kind]->capacity)
		return "a reference to no object";
	key = flow_key_of(t, ref);
	hash = flow_hash(t, key);
	first = flow_first_bucket(t, hash);
	second = flow_other_bucket(t, first, flow_tag(hash));
	if (first == second || flow_other_bucket(t, second, flow_tag(hash)) != first)
		return "the two buckets of a flow are not each other's other";
	if (b->tag[slot] != flow_tag(hash))
		return "a tag that is not its key's";
	if (b != (flow_is_displaced(b, slot) ? second : first))
		return "an entry in the wrong bucket";
	same = flow_count_key(t, first, key, flow_tag(hash)) +
	       flow_count_key(t, second, key, flow_tag(hash));
	if (same != 1)
		return "two entries of one key";
	if (flow_lookup(t, key, hash) != ref)
		return "an entry that a lookup does not find";
	if (b != first)
		overflow[first - t->buckets]++;
	return NULL;
}

static const char *
flow_check_all(const struct flow_table *t, uint32_t *overflow)
{
	uint32_t used = 0;

	for (uint64_t i = 0; i <= t->mask; i++) {
		const struct flow_bucket *b = &t->buckets[i];

		for (unsigned int slot = 0; slot < FLOW_SLOTS; slot++) {
			unsigned int occupied = b->occupied >> (8 * slot) & 0xff;
			const char *wrong;

			if (occupied != 0 && occupied != 0xff)
				return "half a slot occupied";
			if (occupied == 0 && flow_is_displaced(b, slot))
				return "a free slot displaced";
			if (occupied == 0)
				continue;
			used++;
			wrong = flow_check_entry(t, b, slot, overflow);
			if (wrong != NULL)
				return wrong;
		}
	}
	for (uint64_t i = 0; i <= t->mask; i++)
		if (t->buckets[i].overflow != overflow[i])
			return "an overflow count is not the number of displaced entries";
	return used == t->used ? NULL : "the number of entries is not what the table says";
}

const char *
flow_check(const struct flow_table *t)
{
	size_t bytes = (t->mask + 1) * sizeof(uint32_t);
	uint32_t *overflow = mem_alloc(bytes, -1);
	const char *wrong;

	if (overflow == NULL)
		return "no memory to check with";
	wrong = flow_check_all(t, overflow);
	mem_free(overflow, bytes);
	return wrong;
}

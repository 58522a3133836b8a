/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow table: 4-tuple -> connection, half-open record or TIME-WAIT record.
 *
 * 64-byte buckets of tagged slots under SipHash-1-3 with a secret key. A flow
 * has two buckets, the second derived from the first and the tag; it is read
 * only when the first's overflow count is not zero. Nothing grows: an insert that
 * finds no place is refused and counted by the caller.
 */
#ifndef SPT_FLOW_FLOW_H
#define SPT_FLOW_FLOW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_prefetch.h>

#include <septet/types.h>

#include "../base/debug.h"
#include "../base/flow_key.h"
#include "../base/pool.h"
#include "../base/siphash.h"

/* What an entry is: the upper two bits of a reference; the rest is its index. */
enum flow_kind { FLOW_CONN, FLOW_HALF_OPEN, FLOW_TIME_WAIT, FLOW_KINDS };

typedef uint32_t flow_ref;
#define FLOW_NONE       UINT32_MAX
#define FLOW_KIND_SHIFT 30
#define FLOW_INDEX_MASK ((UINT32_C(1) << FLOW_KIND_SHIFT) - 1)

static inline flow_ref
flow_ref_make(enum flow_kind kind, uint32_t index)
{
	return (uint32_t)kind << FLOW_KIND_SHIFT | index;
}

static inline enum flow_kind
flow_ref_kind(flow_ref r)
{
	return (enum flow_kind)(r >> FLOW_KIND_SHIFT);
}

static inline uint32_t
flow_ref_index(flow_ref r)
{
	return r & FLOW_INDEX_MASK;
}

#define FLOW_SLOTS 8

/*
 * One cache line. Tags, references and occupancy of a slot have the same number;
 * occupancy is a byte a slot, the form in which tags are compared.
 */
struct flow_bucket {
	uint16_t tag[FLOW_SLOTS];
	flow_ref ref[FLOW_SLOTS];
	uint64_t occupied; /* byte i: 0xff if slot i is */
	uint32_t overflow; /* entries whose first bucket this is and that lie in their second */
	uint8_t displaced; /* bit i: slot i lies in its second bucket */
	uint8_t reserved[3];
} __rte_cache_aligned;
SPT_STATIC_ASSERT(sizeof(struct flow_bucket) == SPT_CACHE_LINE, "one line a bucket");
SPT_STATIC_ASSERT(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "byte i of a word is slot i");

/* Where the objects of a kind live: what a lookup needs of their pool. */
struct flow_objects {
	const uint8_t *base;
	size_t stride;
};

struct flow_table {
	struct flow_bucket *buckets;
	uint64_t mask; /* buckets - 1 */
	struct siphash_key key;
	struct flow_objects objects[FLOW_KINDS];
	const struct pool *pools[FLOW_KINDS];
	uint32_t used;     /* entries */
	uint32_t capacity; /* entries promised; at most half of the slots */
	size_t bytes;
};

/*
 * A table for 'capacity' entries whose objects live in 'pools' (by kind), which are
 * initialised before; NULL for a kind that does not occur. 0 or -ENOMEM.
 */
int flow_init(struct flow_table *t, uint32_t capacity, struct siphash_key key,
    const struct pool *const pools[FLOW_KINDS], int socket);
void flow_fini(struct flow_table *t);
size_t flow_footprint(uint32_t capacity);

static inline uint64_t
flow_hash(const struct flow_table *t, const struct flow_key *k)
{
	uint64_t w2 = k->rport | (uint64_t)k->lport << 16 | (uint64_t)k->laddr << 32;

	return siphash13_3w(t->key, k->raddr.q[0], k->raddr.q[1], w2);
}

static inline uint16_t
flow_tag(uint64_t hash)
{
	return (uint16_t)(hash >> 48);
}

static inline struct flow_bucket *
flow_first_bucket(const struct flow_table *t, uint64_t hash)
{
	return &t->buckets[hash & t->mask];
}

/*
 * The other bucket of an entry that lies in 'b': never 'b' itself, and the other one of
 * that is 'b' again, so that an entry can be moved without its key. (The multiplier is
 * 2^64 over the golden ratio: it spreads tags beyond their sixteen bits.)
 */
static inline struct flow_bucket *
flow_other_bucket(const struct flow_table *t, const struct flow_bucket *b, uint16_t tag)
{
	uint64_t distance = tag * UINT64_C(0x9e3779b97f4a7c15) & t->mask;

	return &t->buckets[(uint64_t)(b - t->buckets) ^ (distance ? distance : 1)];
}

typedef uint16_t flow_tags __attribute__((vector_size(16)));
typedef uint8_t flow_lanes __attribute__((vector_size(8)));

/* The slots in use with this tag, a byte 0xff for each. */
static inline uint64_t
flow_match(const struct flow_bucket *b, uint16_t tag)
{
	flow_tags tags;
	flow_lanes lanes;
	uint64_t match;

	memcpy(&tags, b->tag, sizeof(tags));
	lanes = __builtin_convertvector(tags == (flow_tags){0} + tag, flow_lanes);
	memcpy(&match, &lanes, sizeof(match));
	return match & b->occupied;
}

/* The lowest slot of a match that is not zero; and the match without it. */
static inline unsigned int
flow_match_slot(uint64_t match)
{
	return (unsigned int)__builtin_ctzll(match) / 8;
}

static inline uint64_t
flow_match_rest(uint64_t match)
{
	return match & ~(UINT64_C(0xff) << __builtin_ctzll(match));
}

/* An object begins with its key. */
static inline const struct flow_key *
flow_key_of(const struct flow_table *t, flow_ref ref)
{
	const struct flow_objects *o = &t->objects[flow_ref_kind(ref)];

	return (const struct flow_key *)(o->base + flow_ref_index(ref) * o->stride);
}

static inline flow_ref
flow_find_in(
    const struct flow_table *t, const struct flow_bucket *b, const struct flow_key *k, uint16_t tag)
{
	for (uint64_t m = flow_match(b, tag); m != 0; m = flow_match_rest(m)) {
		flow_ref ref = b->ref[flow_match_slot(m)];

		if (likely(flow_key_eq(flow_key_of(t, ref), k)))
			return ref;
	}
	return FLOW_NONE;
}

/* Stage 1: bring in the bucket. */
static inline void
flow_prefetch_bucket(const struct flow_table *t, uint64_t hash)
{
	rte_prefetch0(flow_first_bucket(t, hash));
}

/*
 * Stage 2: bring in the object that the tag points at: its first line, of a connection
 * the first two; if there is none, the second bucket where the flow may lie in it.
 * Returns that reference, unverified, or FLOW_NONE: a hint, which changes of the table
 * after this make stale.
 */
static inline flow_ref
flow_prefetch_entry(const struct flow_table *t, uint64_t hash)
{
	const struct flow_bucket *b = flow_first_bucket(t, hash);
	uint64_t match = flow_match(b, flow_tag(hash));
	const uint8_t *object;
	flow_ref ref;

	if (match == 0) {
		if (unlikely(b->overflow != 0))
			rte_prefetch0(flow_other_bucket(t, b, flow_tag(hash)));
		return FLOW_NONE;
	}
	ref = b->ref[flow_match_slot(match)];
	object = (const uint8_t *)flow_key_of(t, ref);
	rte_prefetch0(object);
	/* Kinds come mixed: the first line once more costs less than a branch. */
	rte_prefetch0(object + (flow_ref_kind(ref) == FLOW_CONN) * SPT_CACHE_LINE);
	rte_prefetch0(object + (flow_ref_kind(ref) == FLOW_CONN) * 2 * SPT_CACHE_LINE);
	return ref;
}

/* Stage 3, the rest of it: in the second bucket. */
flow_ref flow_lookup_second(const struct flow_table *t, const struct flow_key *k, uint64_t hash);

/*
 * Stage 3: the entry whose key equals 'k', or FLOW_NONE. It owes nothing to stages 1
 * and 2 but its speed.
 */
static inline flow_ref
flow_lookup(const struct flow_table *t, const struct flow_key *k, uint64_t hash)
{
	const struct flow_bucket *b = flow_first_bucket(t, hash);
	flow_ref ref = flow_find_in(t, b, k, flow_tag(hash));

	if (unlikely(ref == FLOW_NONE && b->overflow != 0))
		return flow_lookup_second(t, k, hash);
	return ref;
}

/*
 * 0 or -ENOSPC. The key must not be in the table; the object must carry it. At most one
 * other entry moves, and that by reference: no object is read.
 */
int flow_insert(struct flow_table *t, uint64_t hash, flow_ref ref);

/* Replace 'old', which is in the table under 'hash', by 'new' of the same key. */
void flow_replace(struct flow_table *t, uint64_t hash, flow_ref old, flow_ref new);

/* Remove 'ref', which is in the table under 'hash'. */
void flow_remove(struct flow_table *t, uint64_t hash, flow_ref ref);

/* NULL, or which invariant is broken (counts, overflow counts, keys, duplicates). Slow. */
const char *flow_check(const struct flow_table *t);

#endif

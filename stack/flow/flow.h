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

struct flow_bucket;

struct flow_table {
	struct flow_bucket *buckets;
	uint64_t mask;                          /* buckets - 1 */
	struct siphash_key key;
	const struct pool *pools[FLOW_KINDS];   /* where the objects of a kind live */
	uint32_t used;                          /* entries */
	uint32_t capacity;                      /* entries promised; at most half of the slots */
	size_t bytes;
};

/*
 * A table for 'capacity' entries whose objects live in 'pools' (by kind).
 * 0 or -ENOMEM.
 */
int flow_init(struct flow_table *t, uint32_t capacity, struct siphash_key key,
    const struct pool *const pools[FLOW_KINDS], int socket);
void flow_fini(struct flow_table *t);
size_t flow_footprint(uint32_t capacity);

static inline uint64_t
flow_hash(const struct flow_table *t, const struct flow_key *k)
{
	uint64_t w2 = 0;

	memcpy(&w2, &k->rport, 6);
	return siphash13_3w(t->key, k->raddr.q[0], k->raddr.q[1], w2);
}

/* Stage 1: bring in the bucket. */
void flow_prefetch_bucket(const struct flow_table *t, uint64_t hash);

/* Stage 2: bring in the first lines of the object that the tag points at, if any.
 * Returns that reference, unverified, or FLOW_NONE. */
flow_ref flow_prefetch_entry(const struct flow_table *t, uint64_t hash);

/* Stage 3: the entry whose key equals 'k', or FLOW_NONE. */
flow_ref flow_lookup(const struct flow_table *t, const struct flow_key *k, uint64_t hash);

/* 0 or -ENOSPC. 'k' must not be in the table; the object must carry it. */
int flow_insert(struct flow_table *t, uint64_t hash, flow_ref ref);

/* Replace 'old', which is in the table under 'hash', by 'new' of the same key. */
void flow_replace(struct flow_table *t, uint64_t hash, flow_ref old, flow_ref new);

/* Remove 'ref', which is in the table under 'hash'. */
void flow_remove(struct flow_table *t, uint64_t hash, flow_ref ref);

/* NULL, or which invariant is broken (counts, overflow counts, keys, duplicates). Slow. */
const char *flow_check(const struct flow_table *t);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool of fixed-size objects named by 32-bit index, 0 .. capacity-1. Free
 * indexes are a stack, so the object freed last, still in the cache, is used first.
 */
#ifndef SPT_BASE_POOL_H
#define SPT_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "debug.h"

#define POOL_NONE UINT32_MAX

struct pool {
	uint8_t *base;  /* capacity objects of 'stride' bytes, cache-line aligned */
	uint32_t *free; /* stack of free indexes; free[0 .. n_free - 1] */
	uint32_t n_free;
	uint32_t capacity;
	uint32_t stride;
	size_t bytes_base, bytes_free;
};

/* 0 or -ENOMEM. 'stride' is a multiple of 8. All objects are zeroed; index 0 goes out first. */
int pool_init(struct pool *p, uint32_t capacity, uint32_t stride, int socket);
void pool_fini(struct pool *p);

/* Bytes that pool_init takes. */
size_t pool_footprint(uint32_t capacity, uint32_t stride);

static inline void *
pool_at(const struct pool *p, uint32_t index)
{
	SPT_ASSERT(index < p->capacity);
	return p->base + (size_t)index * p->stride;
}

static inline uint32_t
pool_index(const struct pool *p, const void *object)
{
	return (uint32_t)(((const uint8_t *)object - p->base) / p->stride);
}

/* POOL_NONE when empty. The object's bytes are as its last user left them. */
static inline uint32_t
pool_get(struct pool *p)
{
	return p->n_free ? p->free[--p->n_free] : POOL_NONE;
}

/* Bring in, for writing, the object that the pool_get after 'ahead' others will return. */
static inline void
pool_prefetch(const struct pool *p, uint32_t ahead)
{
	if (ahead < p->n_free)
		__builtin_prefetch(p->base + (size_t)p->free[p->n_free - 1 - ahead] * p->stride, 1);
}

static inline void
pool_put(struct pool *p, uint32_t index)
{
	SPT_ASSERT(index < p->capacity && p->n_free < p->capacity);
	p->free[p->n_free++] = index;
}

static inline uint32_t
pool_used(const struct pool *p)
{
	return p->capacity - p->n_free;
}

/* NULL, or what is wrong (an index twice on the free stack, out of range). Slow. */
const char *pool_check(const struct pool *p);

#endif

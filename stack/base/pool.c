/* SPDX-License-Identifier: BSD-3-Clause */
/* Pools of fixed-size objects: what is not on the fast path. */
#include <errno.h>

#include "mem.h"
#include "pool.h"

int
pool_init(struct pool *p, uint32_t capacity, uint32_t stride, int socket)
{
	SPT_ASSERT(stride % 8 == 0 && stride > 0 && capacity < POOL_NONE);
	*p = (struct pool){
	    .capacity = capacity,
	    .stride = stride,
	    .bytes_base = (size_t)capacity * stride,
	    .bytes_free = (size_t)capacity * sizeof(*p->free),
	};
	p->base = mem_alloc(p->bytes_base, socket);
	if (p->base != NULL) /* else do not touch gigabytes for nothing */
		p->free = mem_alloc(p->bytes_free, socket);
	if (p->free == NULL) {
		pool_fini(p);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < capacity; i++)
		p->free[i] = capacity - 1 - i;
	p->n_free = capacity;
	return 0;
}

void
pool_fini(struct pool *p)
{
	mem_free(p->base, p->bytes_base);
	mem_free(p->free, p->bytes_free);
	*p = (struct pool){0};
}

size_t
pool_footprint(uint32_t capacity, uint32_t stride)
{
	return mem_footprint((size_t)capacity * stride) +
	       mem_footprint((size_t)capacity * sizeof(uint32_t));
}

const char *
pool_check(const struct pool *p)
{
	const char *wrong = NULL;
	uint8_t *seen;

	if (p->n_free > p->capacity)
		return "more free indexes than objects";
	seen = mem_alloc(p->capacity, -1);
	if (seen == NULL)
		return "no memory to check with";
	for (uint32_t i = 0; i < p->n_free && wrong == NULL; i++) {
		if (p->free[i] >= p->capacity)
			wrong = "a free index out of range";
		else if (seen[p->free[i]]++)
			wrong = "an index twice on the free stack";
	}
	mem_free(seen, p->capacity);
	return wrong;
}

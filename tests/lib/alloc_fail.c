/* SPDX-License-Identifier: BSD-3-Clause */
/* A mempool driver: a stack of pointers, and a counter that decides which allocations fail. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "alloc_fail.h"
#include "env.h"

#define OPS_NAME "septet_fail"

struct stack {
	unsigned int n;
	void *object[];
};

static struct {
	uint32_t size;
	uint64_t first, count, seen, failed;
} plan;

static int
stack_alloc(struct rte_mempool *pool)
{
	struct stack *s = rte_zmalloc(NULL, sizeof(*s) + pool->size * sizeof(s->object[0]), 0);

	pool->pool_data = s;
	return s == NULL ? -ENOMEM : 0;
}

static void
stack_free(struct rte_mempool *pool)
{
	rte_free(pool->pool_data);
}

static int
stack_enqueue(struct rte_mempool *pool, void *const *object, unsigned int n)
{
	struct stack *s = pool->pool_data;

	if (s->n + n > pool->size)
		return -ENOBUFS;
	memcpy(s->object + s->n, object, n * sizeof(*object));
	s->n += n;
	return 0;
}

static bool
planned_to_fail(const struct rte_mempool *pool)
{
	/* rte_mempool_free takes every object out, and is nobody's allocation */
	if (pool->size != plan.size || pool->populated_size != pool->size || plan.count == 0)
		return false;
	plan.seen++;
	if (plan.seen < plan.first || plan.seen - plan.first >= plan.count)
		return false;
	plan.failed++;
	return true;
}

static int
stack_dequeue(struct rte_mempool *pool, void **object, unsigned int n)
{
	struct stack *s = pool->pool_data;

	if (n > s->n || planned_to_fail(pool))
		return -ENOBUFS;
	s->n -= n;
	memcpy(object, s->object + s->n, n * sizeof(*object));
	return 0;
}

static unsigned int
stack_count(const struct rte_mempool *pool)
{
	return ((const struct stack *)pool->pool_data)->n;
}

static const struct rte_mempool_ops ops = {
    .name = OPS_NAME,
    .alloc = stack_alloc,
    .free = stack_free,
    .enqueue = stack_enqueue,
    .dequeue = stack_dequeue,
    .get_count = stack_count,
};

void
alloc_fail_install(void)
{
	env_start();
	if (rte_mempool_register_ops(&ops) < 0 || rte_mbuf_set_user_mempool_ops(OPS_NAME) != 0) {
		fprintf(stderr, "no mempool driver of our own\n");
		exit(2);
	}
}

void
alloc_fail_from(uint32_t pool_size, uint64_t first, uint64_t count)
{
	plan.size = pool_size;
	plan.first = first;
	plan.count = count;
	plan.seen = plan.failed = 0;
}

uint64_t
alloc_fail_seen(void)
{
	return plan.seen;
}

uint64_t
alloc_fail_failed(void)
{
	return plan.failed;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of pooled objects in order of arrival: with one constant delay it is
 * sorted by deadline by construction. Doubly linked by index so that any member
 * can leave.
 */
#ifndef SPT_WHEEL_FIFO_H
#define SPT_WHEEL_FIFO_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/pool.h"

struct fifo_link {
	uint32_t next, prev; /* POOL_NONE at the ends */
};

struct fifo {
	const struct pool *pool;
	uint32_t link_offset;
	uint32_t head, tail;
	uint32_t length;
};

static inline void
fifo_init(struct fifo *f, const struct pool *pool, uint32_t link_offset)
{
	*f = (struct fifo){
	    .pool = pool, .link_offset = link_offset, .head = POOL_NONE, .tail = POOL_NONE};
}

static inline struct fifo_link *
fifo_link_at(const struct fifo *f, uint32_t index)
{
	return (struct fifo_link *)((uint8_t *)pool_at(f->pool, index) + f->link_offset);
}

static inline void
fifo_append(struct fifo *f, uint32_t index)
{
	struct fifo_link *l = fifo_link_at(f, index);

	l->next = POOL_NONE;
	l->prev = f->tail;
	if (f->tail != POOL_NONE)
		fifo_link_at(f, f->tail)->next = index;
	else
		f->head = index;
	f->tail = index;
	f->length++;
}

static inline void
fifo_remove(struct fifo *f, uint32_t index)
{
	struct fifo_link *l = fifo_link_at(f, index);

	if (l->prev != POOL_NONE)
		fifo_link_at(f, l->prev)->next = l->next;
	else
		f->head = l->next;
	if (l->next != POOL_NONE)
		fifo_link_at(f, l->next)->prev = l->prev;
	else
		f->tail = l->prev;
	f->length--;
}

const char *fifo_check(const struct fifo *f); /* NULL, or what is wrong. Slow. */

#endif

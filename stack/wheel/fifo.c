/* SPDX-License-Identifier: BSD-3-Clause */
/* The invariants of a queue of pooled objects. */
#include "fifo.h"

const char *
fifo_check(const struct fifo *f)
{
	uint32_t prev = POOL_NONE, n = 0;

	for (uint32_t index = f->head; index != POOL_NONE; index = fifo_link_at(f, index)->next) {
		if (index >= f->pool->capacity)
			return "a link to an index out of range";
		if (++n > f->length)
			return "more members than counted";
		if (fifo_link_at(f, index)->prev != prev)
			return "a broken backward link";
		prev = index;
	}
	if (f->tail != prev)
		return "the tail is not the last member";
	return n == f->length ? NULL : "fewer members than counted";
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hierarchical timing wheel over nodes that live inside pooled objects. The
 * caller keeps true deadlines; a node's 'expires' is a lower bound of them: arming
 * later is no work, arming earlier moves the node, and when a node comes out the
 * caller looks at the true deadline and arms again if it is later.
 *
 * Ticks are 2^16 ns. Deadlines are 32-bit ticks compared modulo 2^32: one that lies
 * WHEEL_MAX_TICKS (19.5 hours) or more ahead is clamped and comes out early; one may not lie
 * 2^31 or more ahead, nor more than WHEEL_MAX_TICKS in the past.
 */
#ifndef SPT_WHEEL_WHEEL_H
#define SPT_WHEEL_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <septet/types.h>

#include "../base/debug.h"
#include "../base/pool.h"

#define WHEEL_TICK_SHIFT 16
#define WHEEL_SLOT_BITS  6
#define WHEEL_SLOTS      (1 << WHEEL_SLOT_BITS)
#define WHEEL_LEVELS     5
#define WHEEL_MAX_TICKS  (UINT32_C(1) << (WHEEL_SLOT_BITS * WHEEL_LEVELS))

/* Nodes that one wheel_advance moves down: a million of equal delay cascade together. */
#define WHEEL_CASCADE_MAX 1024

/* 'now' in ticks, rounded down; and a delay, rounded up so that nothing fires early. */
static inline uint32_t
wheel_ticks(spt_time now)
{
	return (uint32_t)(now >> WHEEL_TICK_SHIFT);
}

/* The first tick at or after now + delay. */
static inline uint32_t
wheel_deadline(spt_time now, spt_time delay)
{
	return (uint32_t)((now + delay + (1 << WHEEL_TICK_SHIFT) - 1) >> WHEEL_TICK_SHIFT);
}

struct wheel_node {
	uint32_t next, prev; /* index of the neighbour node, POOL_NONE at the ends */
	uint32_t expires;    /* tick: a lower bound of the owner's deadlines */
	uint16_t slot;       /* level * WHEEL_SLOTS + slot + 1; 0: not in the wheel */
	uint16_t owner;      /* two bytes that belong to the object around it */
};

struct wheel {
	const struct pool *pool;         /* the objects that hold the nodes */
	uint32_t node_offset;            /* of the node in an object */
	uint32_t tick;                   /* all ticks up to and including this one were served */
	uint32_t armed;                  /* nodes in the wheel */
	uint64_t occupied[WHEEL_LEVELS]; /* bit per slot with nodes */
	uint32_t heads[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, const struct pool *pool, uint32_t node_offset, uint32_t tick);

/* Behind wheel_arm and wheel_cancel, for nodes whose list has to change. */
void wheel_place(struct wheel *w, struct wheel_node *node, uint32_t index, uint32_t deadline);
void wheel_take(struct wheel *w, struct wheel_node *node, uint32_t index);

static inline struct wheel_node *
wheel_node_at(const struct wheel *w, uint32_t index)
{
	return (struct wheel_node *)((uint8_t *)pool_at(w->pool, index) + w->node_offset);
}

/*
 * Make sure that node 'index' comes out no later than 'deadline'. One that is not later
 * than w->tick counts as w->tick + 1: it comes out at the first advance beyond w->tick, so
 * that who arms while serving timers cannot keep himself busy within one tick.
 */
static inline void
wheel_arm(struct wheel *w, uint32_t index, uint32_t deadline)
{
	struct wheel_node *node = wheel_node_at(w, index);

	if (node->slot == 0 || (int32_t)(deadline - node->expires) < 0)
		wheel_place(w, node, index, deadline);
}

/* Take the node out, if it is in. */
static inline void
wheel_cancel(struct wheel *w, uint32_t index)
{
	struct wheel_node *node = wheel_node_at(w, index);

	if (node->slot != 0)
		wheel_take(w, node, index);
}

/*
 * Advance to tick 'to', less than 2^31 ahead (one in the past is no advance), taking out
 * up to 'max' nodes whose lower bound has come, into 'out', tick by tick. Returns how many.
 * All that were due are out when w->tick == to; else it stopped, because of 'max' or because
 * it had cascaded WHEEL_CASCADE_MAX nodes, at the last tick served in full: call again, with
 * the same or a later 'to'; nothing is skipped meanwhile. A node is cascaded at most
 * WHEEL_LEVELS - 1 times in its life.
 */
unsigned int wheel_advance(struct wheel *w, uint32_t to, uint32_t *out, unsigned int max);

/*
 * The tick at which wheel_advance next has something to do: exact when the next node is in
 * the lowest level, else the start of the earliest occupied slot, where it cascades.
 * Returns false when the wheel is empty. Always later than w->tick.
 */
bool wheel_next(const struct wheel *w, uint32_t *tick);

const char *wheel_check(const struct wheel *w); /* NULL, or what is wrong. Slow. */

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The timing wheel. A slot of level l holds the nodes that expire within one run of
 * 64^l ticks. Seen from w->tick, that run begins 1 to 64 runs ahead, never in
 * the current one: so the slot number tells the run, and rotating the bitmap of
 * occupied slots by the current one puts the earliest first. A slot of an upper
 * level cascades at the first tick of its run, before level 0 of that tick is served.
 */
#include "wheel.h"

void
wheel_init(struct wheel *w, const struct pool *pool, uint32_t node_offset, uint32_t tick)
{
	*w = (struct wheel){.pool = pool, .node_offset = node_offset, .tick = tick};
	for (unsigned int level = 0; level < WHEEL_LEVELS; level++)
		for (unsigned int slot = 0; slot < WHEEL_SLOTS; slot++)
			w->heads[level][slot] = POOL_NONE;
}

/* Put the node, in no list, where one belongs that expires in 'delta' < WHEEL_MAX_TICKS. */
static void
wheel_link(struct wheel *w, struct wheel_node *node, uint32_t index, uint32_t delta)
{
	unsigned int level = (31 - (unsigned int)__builtin_clz(delta | 1)) / WHEEL_SLOT_BITS;
	unsigned int slot = node->expires >> (level * WHEEL_SLOT_BITS) & (WHEEL_SLOTS - 1);
	uint32_t *head = &w->heads[level][slot];

	node->slot = (uint16_t)(level * WHEEL_SLOTS + slot + 1);
	node->prev = POOL_NONE;
	node->next = *head;
	if (*head != POOL_NONE)
		wheel_node_at(w, *head)->prev = index;
	*head = index;
	w->occupied[level] |= UINT64_C(1) << slot;
}

/* The opposite, but for node->slot. */
static void
wheel_unlink(struct wheel *w, struct wheel_node *node, uint32_t index)
{
	unsigned int level = (node->slot - 1u) / WHEEL_SLOTS;
	unsigned int slot = (node->slot - 1u) % WHEEL_SLOTS;

	SPT_ASSERT(level < WHEEL_LEVELS);
	if (node->next != POOL_NONE)
		wheel_node_at(w, node->next)->prev = node->prev;
	if (node->prev != POOL_NONE) {
		wheel_node_at(w, node->prev)->next = node->next;
		return;
	}
	SPT_ASSERT(w->heads[level][slot] == index);
	w->heads[level][slot] = node->next;
	if (node->next == POOL_NONE)
		w->occupied[level] &= ~(UINT64_C(1) << slot);
}

void
wheel_place(struct wheel *w, struct wheel_node *node, uint32_t index, uint32_t deadline)
{
	uint32_t delta = deadline - w->tick;

	if ((int32_t)delta <= 0)
		delta = 1;
	else if (delta >= WHEEL_MAX_TICKS)
		delta = WHEEL_MAX_TICKS - 1;
	if (node->slot == 0)
		w->armed++;
	else if ((int32_t)(w->tick + delta - node->expires) >= 0)
		return; /* a past deadline, and the node is due at the next tick already */
	else
		wheel_unlink(w, node, index);
	node->expires = w->tick + delta;
	wheel_link(w, node, index, delta);
}

void
wheel_take(struct wheel *w, struct wheel_node *node, uint32_t index)
{
	wheel_unlink(w, node, index);
	node->slot = 0;
	w->armed--;
}

bool
wheel_next(const struct wheel *w, uint32_t *tick)
{
	uint32_t nearest = UINT32_MAX;

	for (unsigned int level = 0; level < WHEEL_LEVELS; level++) {
		unsigned int shift = level * WHEEL_SLOT_BITS;
		uint32_t run = (w->tick >> shift) + 1;
		unsigned int by = run & (WHEEL_SLOTS - 1);
		uint64_t occupied = w->occupied[level];
		uint32_t distance;

		if (occupied == 0)
			continue;
		occupied = occupied >> by | occupied << (-by & (WHEEL_SLOTS - 1));
		run += (uint32_t)__builtin_ctzll(occupied);
		distance = (run << shift) - w->tick;
		if (distance < nearest)
			nearest = distance;
	}
	if (nearest == UINT32_MAX)
		return false;
	*tick = w->tick + nearest;
	return true;
}

/*
 * Bring down what expires in the runs that begin at 'tick'. Returns whether all of
 * it was moved; what is left stays in its slot, which is found again at the same tick.
 */
static bool
wheel_cascade(struct wheel *w, uint32_t tick, unsigned int *budget)
{
	for (unsigned int level = 1; level < WHEEL_LEVELS; level++) {
		unsigned int shift = level * WHEEL_SLOT_BITS;
		unsigned int slot = tick >> shift & (WHEEL_SLOTS - 1);
		uint32_t index;

		if (tick & ((UINT32_C(1) << shift) - 1))
			break; /* no run of this level begins here, nor one of those above */
		while ((index = w->heads[level][slot]) != POOL_NONE) {
			struct wheel_node *node = wheel_node_at(w, index);

			if (*budget == 0)
				return false;
			(*budget)--;
			wheel_unlink(w, node, index);
			wheel_link(w, node, index, node->expires - tick);
		}
	}
	return true;
}

/* Take up to 'max' nodes that expire at 'tick' out of their slot. */
static unsigned int
wheel_expire(struct wheel *w, uint32_t tick, uint32_t *out, unsigned int max)
{
	unsigned int slot = tick & (WHEEL_SLOTS - 1), n = 0;
	uint32_t index = w->heads[0][slot];

	while (index != POOL_NONE && n < max) {
		struct wheel_node *node = wheel_node_at(w, index);

		SPT_ASSERT(node->expires == tick);
		out[n++] = index;
		index = node->next;
		node->slot = 0;
	}
	w->heads[0][slot] = index;
	if (index == POOL_NONE)
		w->occupied[0] &= ~(UINT64_C(1) << slot);
	else
		wheel_node_at(w, index)->prev = POOL_NONE;
	w->armed -= n;
	return n;
}

unsigned int
wheel_advance(struct wheel *w, uint32_t to, uint32_t *out, unsigned int max)
{
	unsigned int budget = WHEEL_CASCADE_MAX, n = 0;
	uint32_t tick;

	while ((int32_t)(to - w->tick) > 0) {
		if (!wheel_next(w, &tick) || (int32_t)(tick - to) > 0) {
			w->tick = to;
			break;
		}
		w->tick = tick - 1; /* nothing in between; and so it stays if we have to stop */
		if (!wheel_cascade(w, tick, &budget))
			break;
		n += wheel_expire(w, tick, out + n, max - n);
		if (w->occupied[0] >> (tick & (WHEEL_SLOTS - 1)) & 1)
			break;
		w->tick = tick;
	}
	return n;
}

/* One slot's list; adds its length to *armed. */
static const char *
wheel_check_slot(const struct wheel *w, unsigned int level, unsigned int slot, uint32_t *armed)
{
	unsigned int shift = level * WHEEL_SLOT_BITS;
	uint32_t prev = POOL_NONE, index = w->heads[level][slot];
	/* How many runs there are in 2^32 ticks, minus one. */
	uint32_t runs = UINT32_MAX >> shift;

	if ((w->occupied[level] >> slot & 1) != (index != POOL_NONE))
		return "an occupied bit is not what its list says";
	for (; index != POOL_NONE; prev = index, index = wheel_node_at(w, index)->next) {
		const struct wheel_node *node = wheel_node_at(w, index);
		uint32_t ahead = ((node->expires >> shift) - (w->tick >> shift)) & runs;

		if (++*armed > w->armed)
			return "more nodes in lists than armed";
		if (node->slot != level * WHEEL_SLOTS + slot + 1)
			return "a node in another list than it says";
		if (node->prev != prev)
			return "a broken backward link";
		if ((int32_t)(node->expires - w->tick) <= 0)
			return "a node in the wheel that should have come out";
		if ((node->expires >> shift & (WHEEL_SLOTS - 1)) != slot)
			return "a node in a slot that is not of its time";
		if (ahead < 1 || ahead > WHEEL_SLOTS)
			return "a node whose slot comes round before or after its time";
	}
	return NULL;
}

const char *
wheel_check(const struct wheel *w)
{
	uint32_t armed = 0;

	for (unsigned int level = 0; level < WHEEL_LEVELS; level++) {
		for (unsigned int slot = 0; slot < WHEEL_SLOTS; slot++) {
			const char *wrong = wheel_check_slot(w, level, slot, &armed);

			if (wrong != NULL)
				return wrong;
		}
	}
	return armed == w->armed ? NULL : "fewer nodes in lists than armed";
}

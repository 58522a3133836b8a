/* SPDX-License-Identifier: BSD-3-Clause */
/* The listener table: changes and checks. */
#include <errno.h>
#include <stdbool.h>

#include "../base/mem.h"
#include "listener.h"

#define PORTS 65536

int
listener_init(struct listener_table *t, uint32_t capacity, int socket)
{
	*t = (struct listener_table){
	    .capacity = capacity,
	    .bytes_heads = PORTS * sizeof(*t->heads),
	    .bytes_slots = capacity * sizeof(*t->slots),
	};
	if (capacity < 1 || capacity > LISTENER_MAX)
		return -EINVAL;
	t->heads = mem_alloc(t->bytes_heads, socket);
	t->slots = mem_alloc(t->bytes_slots, socket);
	if (t->heads == NULL || t->slots == NULL) {
		listener_fini(t);
		return -ENOMEM;
	}
	return 0;
}

void
listener_fini(struct listener_table *t)
{
	mem_free(t->heads, t->bytes_heads);
	mem_free(t->slots, t->bytes_slots);
	*t = (struct listener_table){0};
}

int
listener_add(struct listener_table *t, uint16_t lport, uint16_t laddr)
{
	uint16_t *link = &t->heads[lport];
	uint32_t slot = t->free_from;

	if (lport == 0)
		return -EINVAL;
	for (uint16_t i = *link; i != 0; i = t->slots[i - 1].next)
		if (t->slots[i - 1].laddr == laddr)
			return -EADDRINUSE;
	if (t->used == t->capacity)
		return -ENOSPC;
	while (t->slots[slot].lport != 0)
		slot++;
	/* Specific addresses in front, any address last: the first that fits is the one. */
	if (laddr == LISTENER_ANY)
		while (*link != 0)
			link = &t->slots[*link - 1].next;
	t->slots[slot] = (struct listener_slot){.lport = lport, .laddr = laddr, .next = *link};
	*link = (uint16_t)(slot + 1);
	t->free_from = slot + 1;
	t->used++;
	return (int)slot;
}

int
listener_remove(struct listener_table *t, int slot)
{
	struct listener_slot *s;
	uint16_t *link;

	if (slot < 0 || (uint32_t)slot >= t->capacity || t->slots[slot].lport == 0)
		return -ENOENT;
	s = &t->slots[slot];
	for (link = &t->heads[s->lport]; *link != slot + 1; link = &t->slots[*link - 1].next)
		;
	*link = s->next;
	*s = (struct listener_slot){0};
	if ((uint32_t)slot < t->free_from)
		t->free_from = (uint32_t)slot;
	t->used--;
	return 0;
}

/* The chain of one port; adds its length to *linked. */
static const char *
listener_check_port(const struct listener_table *t, uint32_t lport, uint32_t *linked)
{
	for (uint16_t i = t->heads[lport]; i != 0; i = t->slots[i - 1].next) {
		if (i > t->capacity)
			return "a link past the last slot";
		if (++*linked > t->used)
			return "more listeners in chains than counted";
		if (t->slots[i - 1].lport != lport)
			return "a listener in the chain of another port";
		if (t->slots[i - 1].laddr == LISTENER_ANY && t->slots[i - 1].next != 0)
			return "a listener behind the one for any address";
	}
	return NULL;
}

const char *
listener_check(const struct listener_table *t)
{
	uint32_t linked = 0, taken = 0;

	for (uint32_t lport = 0; lport < PORTS; lport++) {
		const char *wrong = listener_check_port(t, lport, &linked);

		if (wrong != NULL)
			return wrong;
	}
	for (uint32_t i = 0; i < t->capacity; i++) {
		taken += t->slots[i].lport != 0;
		if (t->slots[i].lport == 0 && i < t->free_from)
			return "a free slot below the first free one";
	}
	return linked == t->used && taken == t->used ? NULL : "listeners counted wrongly";
}

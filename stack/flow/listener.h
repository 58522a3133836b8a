/* SPDX-License-Identifier: BSD-3-Clause */
/* The listener table: local address (or any) and port -> listener number. */
#ifndef SPT_FLOW_LISTENER_H
#define SPT_FLOW_LISTENER_H

#include <stdint.h>

#include <septet/septet.h>

#define LISTENER_ANY  0xffff /* every local address */
#define LISTENER_NONE (-1)
#define LISTENER_MAX  65535

/*
 * Listener 'i' is slot i. 'heads' maps a port to its first listener, so a SYN
 * costs one 2-byte load and, where several addresses share a port, a short chain
 * in which specific addresses come before LISTENER_ANY.
 */
struct listener_slot {
	uint16_t lport; /* host order; 0: free slot */
	uint16_t laddr; /* index, or LISTENER_ANY */
	uint16_t next;  /* slot + 1, 0 ends */
	uint16_t pad;
};

struct listener_table {
	uint16_t *heads; /* 65536 entries: slot + 1, 0 for none */
	struct listener_slot *slots;
	uint32_t capacity;
	uint32_t used;
	uint32_t free_from; /* no slot below is free */
	size_t bytes_heads, bytes_slots;
};

/* 'capacity' is 1 .. LISTENER_MAX. 0, -EINVAL or -ENOMEM. */
int listener_init(struct listener_table *t, uint32_t capacity, int socket);
void listener_fini(struct listener_table *t);

/* The slot number (the lowest that is free), -EINVAL for port 0, -EADDRINUSE or -ENOSPC. */
int listener_add(struct listener_table *t, uint16_t lport, uint16_t laddr);
int listener_remove(struct listener_table *t, int slot); /* 0 or -ENOENT */

/* The most specific listener, or LISTENER_NONE. 'lport' in host order. */
static inline int
listener_find(const struct listener_table *t, uint16_t lport, uint16_t laddr)
{
	for (uint16_t i = t->heads[lport]; i != 0; i = t->slots[i - 1].next)
		if (t->slots[i - 1].laddr == laddr || t->slots[i - 1].laddr == LISTENER_ANY)
			return i - 1;
	return LISTENER_NONE;
}

/* NULL, or which invariant is broken (chains, order, counts). Slow. */
const char *listener_check(const struct listener_table *t);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The turn's list of packets to send. Each mbuf begins with its IP header and has
 * room for the link header in front; 'next_hop' says where the link takes it.
 */
#ifndef SPT_BASE_TXLIST_H
#define SPT_BASE_TXLIST_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "debug.h"

#define TXLIST_SIZE   512
#define NEXT_HOP_NONE 0xffff /* to be looked up by destination address */
#define TXLIST_ADVICE 16

struct tx_entry {
	struct rte_mbuf *m;
	uint16_t next_hop; /* index of a neighbour entry: a hint, verified when used */
};

struct txlist {
	uint32_t n;
	uint32_t n_advice;
	struct tx_entry entry[TXLIST_SIZE];
	/* Next hops that transport doubts (RFC 9293 MUST-20, RFC 1122 4.2.3.5: R1 reached). */
	uint16_t advice[TXLIST_ADVICE];
};

static inline uint32_t
txlist_room(const struct txlist *l)
{
	return TXLIST_SIZE - l->n;
}

/* There must be room: who appends many asks first; replies have theirs set aside. */
static inline void
txlist_append(struct txlist *l, struct rte_mbuf *m, uint16_t next_hop)
{
	SPT_ASSERT(l->n < TXLIST_SIZE);
	l->entry[l->n++] = (struct tx_entry){.m = m, .next_hop = next_hop};
}

static inline void
txlist_doubt(struct txlist *l, uint16_t next_hop)
{
	if (next_hop != NEXT_HOP_NONE && l->n_advice < TXLIST_ADVICE)
		l->advice[l->n_advice++] = next_hop;
}

#endif

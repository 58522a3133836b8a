/* SPDX-License-Identifier: BSD-3-Clause */
/* The key of a flow: what the parser fills in and the flow table hashes. */
#ifndef SPT_BASE_FLOW_KEY_H
#define SPT_BASE_FLOW_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <septet/types.h>

#include "debug.h"

/*
 * Both families in one key. Every object in the table begins with its key;
 * 'pad' is the owner's to use and no part of the key.
 */
struct flow_key {
	struct spt_addr raddr; /* remote */
	uint16_t rport;        /* big endian */
	uint16_t lport;        /* big endian */
	uint16_t laddr;        /* index of the local address */
	uint16_t pad;
};
SPT_STATIC_ASSERT(sizeof(struct flow_key) == 24, "three words are hashed");

static inline bool
flow_key_eq(const struct flow_key *a, const struct flow_key *b)
{
	uint32_t pa, pb;

	memcpy(&pa, &a->rport, 4);
	memcpy(&pb, &b->rport, 4);
	return ((a->raddr.q[0] ^ b->raddr.q[0]) | (a->raddr.q[1] ^ b->raddr.q[1]) | (pa ^ pb) |
	           (uint64_t)(a->laddr ^ b->laddr)) == 0;
}

#endif

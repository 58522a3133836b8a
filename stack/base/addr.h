/* SPDX-License-Identifier: BSD-3-Clause */
/* Address helpers: both families in sixteen bytes. */
#ifndef SPT_BASE_ADDR_H
#define SPT_BASE_ADDR_H

#include <stdbool.h>
#include <string.h>

#include <rte_byteorder.h>

#include <septet/types.h>

#define ADDR_V4_PREFIX RTE_BE32(0x0000ffff)

static inline bool
addr_is_v4(const struct spt_addr *a)
{
	return a->q[0] == 0 && a->w[2] == ADDR_V4_PREFIX;
}

/* 'v4' is big endian, as on the wire. */
static inline struct spt_addr
addr_from_v4(uint32_t v4)
{
	return (struct spt_addr){.w = {0, 0, ADDR_V4_PREFIX, v4}};
}

static inline uint32_t
addr_v4(const struct spt_addr *a)
{
	return a->w[3];
}

static inline struct spt_addr
addr_from_v6(const uint8_t b[16])
{
	struct spt_addr a;

	memcpy(a.b, b, sizeof(a.b));
	return a;
}

static inline bool
addr_eq(const struct spt_addr *a, const struct spt_addr *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

static inline bool
addr_is_zero(const struct spt_addr *a)
{
	return (a->q[0] | a->q[1]) == 0;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* What test streams consist of: any byte follows from the stream's seed and its place. */
#ifndef TESTS_LIB_PATTERN_H
#define TESTS_LIB_PATTERN_H

#include <stdint.h>

static inline uint8_t
pattern_byte(uint32_t seed, uint64_t offset)
{
	uint32_t x = (uint32_t)offset * 0x9e3779b1u + seed * 0x85ebca6bu + (uint32_t)(offset >> 32);

	x ^= x >> 15;
	x *= 0x2c1b3c6du;
	return (uint8_t)(x >> 24);
}

static inline void
pattern_fill(uint8_t *at, uint32_t n, uint32_t seed, uint64_t offset)
{
	for (uint32_t i = 0; i < n; i++)
		at[i] = pattern_byte(seed, offset + i);
}

/* How many of the n bytes are right, from the first. */
static inline uint32_t
pattern_match(const uint8_t *at, uint32_t n, uint32_t seed, uint64_t offset)
{
	uint32_t i = 0;

	while (i < n && at[i] == pattern_byte(seed, offset + i))
		i++;
	return i;
}

#endif

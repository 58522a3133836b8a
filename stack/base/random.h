/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers that look random and come again with the same seed: for impaired links and made-up
 * traffic. Never for a secret.
 */
#ifndef SPT_BASE_RANDOM_H
#define SPT_BASE_RANDOM_H

#include <stdint.h>

/* splitmix64: one word of state, and neighbouring seeds have nothing in common. */
static inline uint64_t
random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Uniform in 0 .. bound - 1. */
static inline uint64_t
random_below(uint64_t *state, uint64_t bound)
{
	return (uint64_t)(((unsigned __int128)random_next(state) * bound) >> 64);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash (Aumasson, Bernstein 2012). The 1-3 variant hashes flow keys; 2-4 is
 * the PRF behind initial sequence numbers, cookies and derived secrets.
 */
#ifndef SPT_BASE_SIPHASH_H
#define SPT_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

struct siphash_key {
	uint64_t k0, k1;
};

struct siphash_state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t
siphash_rotl(uint64_t x, int b)
{
	return (x << b) | (x >> (64 - b));
}

static inline void
siphash_round(struct siphash_state *s)
{
	s->v0 += s->v1;
	s->v1 = siphash_rotl(s->v1, 13) ^ s->v0;
	s->v0 = siphash_rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = siphash_rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = siphash_rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = siphash_rotl(s->v1, 17) ^ s->v2;
	s->v2 = siphash_rotl(s->v2, 32);
}

static inline struct siphash_state
siphash_start(struct siphash_key k)
{
	return (struct siphash_state){
	    .v0 = k.k0 ^ UINT64_C(0x736f6d6570736575),
	    .v1 = k.k1 ^ UINT64_C(0x646f72616e646f6d),
	    .v2 = k.k0 ^ UINT64_C(0x6c7967656e657261),
	    .v3 = k.k1 ^ UINT64_C(0x7465646279746573),
	};
}

static inline void
siphash13_word(struct siphash_state *s, uint64_t word)
{
	s->v3 ^= word;
	siphash_round(s);
	s->v0 ^= word;
}

static inline void
siphash24_word(struct siphash_state *s, uint64_t word)
{
	s->v3 ^= word;
	siphash_round(s);
	siphash_round(s);
	s->v0 ^= word;
}

/* SipHash-1-3 of three little-endian words, the size of a padded flow key. */
static inline uint64_t
siphash13_3w(struct siphash_key k, uint64_t w0, uint64_t w1, uint64_t w2)
{
	struct siphash_state s = siphash_start(k);

	/* Written out: a loop over an array goes through memory, at half the speed. */
	siphash13_word(&s, w0);
	siphash13_word(&s, w1);
	siphash13_word(&s, w2);
	siphash13_word(&s, (uint64_t)24 << 56);
	s.v2 ^= 0xff;
	siphash_round(&s);
	siphash_round(&s);
	siphash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* Four rounds, and what is left of four words. */
static inline uint64_t
siphash24_end(struct siphash_state *s)
{
	s->v2 ^= 0xff;
	siphash_round(s);
	siphash_round(s);
	siphash_round(s);
	siphash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* SipHash-2-4 of two little-endian words and a byte. */
static inline uint64_t
siphash24_2w(struct siphash_key k, uint64_t w0, uint64_t w1, uint8_t last)
{
	struct siphash_state s = siphash_start(k);

	siphash24_word(&s, w0);
	siphash24_word(&s, w1);
	siphash24_word(&s, (uint64_t)17 << 56 | last);
	return siphash24_end(&s);
}

/* SipHash-2-4 of five little-endian words and a byte. */
static inline uint64_t
siphash24_5w(struct siphash_key k, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3, uint64_t w4,
    uint8_t last)
{
	struct siphash_state s = siphash_start(k);

	siphash24_word(&s, w0);
	siphash24_word(&s, w1);
	siphash24_word(&s, w2);
	siphash24_word(&s, w3);
	siphash24_word(&s, w4);
	siphash24_word(&s, (uint64_t)41 << 56 | last);
	return siphash24_end(&s);
}

/* SipHash-2-4 of any bytes: slow path and tests of the reference vectors. */
uint64_t siphash24(struct siphash_key k, const void *data, size_t length);

#endif

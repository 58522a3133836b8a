/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash-2-4 of a string of bytes. */
#include "siphash.h"

uint64_t
siphash24(struct siphash_key k, const void *data, size_t length)
{
	struct siphash_state s = siphash_start(k);
	const uint8_t *p = data;
	size_t left = length;
	uint64_t word = 0;

	for (; left >= sizeof(word); left -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		siphash24_word(&s, rte_le_to_cpu_64(word));
	}
	word = (uint64_t)length << 56;
	for (size_t i = 0; i < left; i++)
		word |= (uint64_t)p[i] << (8 * i);
	siphash24_word(&s, word);
	return siphash24_end(&s);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables of what each byte of a tuple adds to the Toeplitz hash under a device's key. */
#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_thash.h>

#include "steer.h"

#define STEER_WORDS6 (STEER_BYTES6 / 4)
/* Each word of the tuple is multiplied with 64 bits of the key from its own place on. */
#define STEER_KEY_MIN (STEER_BYTES6 + 4)

static bool
steer_usable(const struct rss *rss)
{
	if (rss->key_length < STEER_KEY_MIN || rss->key_length > RSS_KEY_MAX)
		return false;
	if (!rte_is_power_of_2(rss->reta_size) || rss->reta_size > RSS_RETA_MAX)
		return false;
	for (unsigned int i = 0; i < rss->reta_size; i++)
		if (rss->reta[i] >= rss->queues)
			return false;
	return true;
}

static void
steer_fill(uint32_t (*table)[256], unsigned int bytes, const uint32_t *key)
{
	for (unsigned int i = 0; i < bytes; i++)
		for (uint32_t value = 0; value < 256; value++) {
			uint32_t tuple[STEER_WORDS6] = {0};

			/* rte_softrss wants the tuple in host order, and the key as it is. */
			tuple[i / 4] = value << (24 - 8 * (i % 4));
			table[i][value] = rte_softrss(tuple, i / 4 + 1, (const uint8_t *)key);
		}
}

int
steer_init(struct steer *s, const struct rss *rss)
{
	uint32_t key[STEER_KEY_MIN / 4]; /* aligned: it is read by words */

	if (!steer_usable(rss))
		return -EINVAL;
	s->rss = *rss;
	memcpy(key, rss->key, sizeof(key));
	steer_fill(s->table4, STEER_BYTES4, key);
	steer_fill(s->table6, STEER_BYTES6, key);
	return 0;
}

uint32_t
steer_hash_addresses(
    const struct steer *s, const struct spt_addr *remote, const struct spt_addr *local)
{
	uint32_t hash = 0;

	if (addr_is_v4(remote)) {
		for (unsigned int i = 0; i < 4; i++)
			hash ^=
			    s->table4[i][remote->b[12 + i]] ^ s->table4[4 + i][local->b[12 + i]];
		return hash;
	}
	for (unsigned int i = 0; i < 16; i++)
		hash ^= s->table6[i][remote->b[i]] ^ s->table6[16 + i][local->b[i]];
	return hash;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a device spreads flows over its queues: the Toeplitz hash of the addresses and ports
 * as they arrive, under the device's key, then its indirection table.
 */
#ifndef SPT_BASE_RSS_H
#define SPT_BASE_RSS_H

#include <stdbool.h>
#include <stdint.h>

#define RSS_KEY_MAX  52
#define RSS_RETA_MAX 2048

struct rss {
	uint8_t key[RSS_KEY_MAX];
	uint8_t key_length; /* 40 or 52 */
	bool ports4;        /* TCP ports are part of the hash over IPv4, over IPv6 */
	bool ports6;
	bool device; /* read from the device; else our own, and frames arrive anywhere */
	uint16_t queues;
	uint16_t queue;     /* the one that this is about */
	uint16_t reta_size; /* a power of two */
	uint16_t reta[RSS_RETA_MAX];
};

#endif

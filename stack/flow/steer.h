/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which queue the frames of a flow arrive at. Toeplitz is linear: the hash is the exclusive or of
 * what each byte of the tuple contributes, so tables made once for a device's key give the hash of
 * any flow, and a source port can be chosen so that the answers come back to the core that asks.
 */
#ifndef SPT_FLOW_STEER_H
#define SPT_FLOW_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <septet/types.h>

#include "../base/addr.h"
#include "../base/rss.h"

#define STEER_BYTES4 12 /* source and destination address, source and destination port */
#define STEER_BYTES6 36

struct steer {
	struct rss rss;
	/* What byte i of the tuple, having a value, adds. */
	uint32_t table4[STEER_BYTES4][256];
	uint32_t table6[STEER_BYTES6][256];
};

/* The tables for a device: at start, not in the data path. 0 or -EINVAL: key or table unusable. */
int steer_init(struct steer *s, const struct rss *rss);

/* What the addresses of frames that arrive add: 'remote' is their source. */
uint32_t steer_hash_addresses(
    const struct steer *s, const struct spt_addr *remote, const struct spt_addr *local);

/* What the ports add, as on the wire; 0 where the device does not look at them. */
static inline uint32_t
steer_hash_ports(const struct steer *s, bool v4, uint16_t rport, uint16_t lport)
{
	const uint32_t(*t)[256] = v4 ? &s->table4[STEER_BYTES4 - 4] : &s->table6[STEER_BYTES6 - 4];

	if (!(v4 ? s->rss.ports4 : s->rss.ports6))
		return 0;
	/* Network order: the low byte of the variable is the first on the wire. */
	return t[0][rport & 0xff] ^ t[1][rport >> 8] ^ t[2][lport & 0xff] ^ t[3][lport >> 8];
}

static inline uint16_t
steer_queue(const struct steer *s, uint32_t hash)
{
	return s->rss.reta[hash & (s->rss.reta_size - 1u)];
}

#endif

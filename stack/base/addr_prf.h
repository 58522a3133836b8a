/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash-2-4 of two addresses of one family and what else names a connection. */
#ifndef SPT_BASE_ADDR_PRF_H
#define SPT_BASE_ADDR_PRF_H

#include <rte_branch_prediction.h>

#include "addr.h"
#include "siphash.h"

/*
 * In IPv4 of the addresses' 32 bits only: 17 bytes in place of 41, which is ten rounds in place of
 * sixteen. Messages of different lengths are different to SipHash, so the families never meet.
 */
static inline uint64_t
addr_prf(struct siphash_key key, const struct spt_addr *remote, const struct spt_addr *local,
    uint64_t rest, uint8_t last)
{
	if (likely(addr_is_v4(remote)))
		return siphash24_2w(
		    key, (uint64_t)addr_v4(local) << 32 | addr_v4(remote), rest, last);
	return siphash24_5w(key, remote->q[0], remote->q[1], local->q[0], local->q[1], rest, last);
}

#endif

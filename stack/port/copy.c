/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one user of rte_pktmbuf_copy, which DPDK 22.11 still calls experimental: its
 * licence to be used ends with this file.
 */
#define ALLOW_EXPERIMENTAL_API
#include "copy.h"

struct rte_mbuf *
port_copy(const struct rte_mbuf *m, struct rte_mempool *pool)
{
	return rte_pktmbuf_copy(m, pool, 0, UINT32_MAX);
}

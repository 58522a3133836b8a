/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies of frames: for whoever must not see the bytes that somebody else still holds. */
#ifndef SPT_PORT_COPY_H
#define SPT_PORT_COPY_H

#include <rte_mbuf.h>

/*
 * All bytes of 'm' in mbufs of 'pool', direct, with a single reference; one segment if the
 * pool's buffers hold it, a chain if not. Offload flags and fields come along. NULL when the
 * pool is empty or the frame is. 'm' is not changed.
 */
struct rte_mbuf *port_copy(const struct rte_mbuf *m, struct rte_mempool *pool);

#endif

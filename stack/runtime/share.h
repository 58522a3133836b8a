/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several engines behind one MAC address: each resolves neighbours for itself, but the device
 * hands an answer to one queue of its own choice. This wrapper gives every engine a copy
 * of what answers link addresses: ARP replies and neighbour advertisements, and of nothing else.
 */
#ifndef SPT_RUNTIME_SHARE_H
#define SPT_RUNTIME_SHARE_H

#include <septet/port.h>

struct share;

/*
 * Put a wrapper around each of ports[0 .. n - 1], which it then owns; copies come from
 * pool[i]. 0 or -ENOMEM, the ports then as they were.
 */
int share_create(
    struct spt_port **ports, struct rte_mempool **pools, unsigned int n, struct share **share);

/* After its ports were destroyed. NULL is allowed. */
void share_free(struct share *share);

#endif

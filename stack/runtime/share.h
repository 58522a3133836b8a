/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several engines behind one MAC address, each with a queue of the device. This wrapper brings
 * every engine what it needs to see:
 *
 * - Each resolves neighbours for itself, but the device hands an answer to one queue of its own
 *   choice: every engine gets a copy of ARP replies and neighbour advertisements.
 * - A flow belongs to the queue that the device's key and table name (stack/flow/steer.h). While
 *   that is CHECKED, each TCP frame's queue is compared with it; one that arrived elsewhere makes
 *   the device one that is steered in SOFTWARE, for good: frames are handed to their owner over
 *   a ring. A queue that has proven itself is the DEVICE's: its TCP frames are not looked at.
 * - An ICMP error is spread by its outer addresses: it is handed to the owner of the flow that it
 *   quotes, always.
 */
#ifndef SPT_RUNTIME_SHARE_H
#define SPT_RUNTIME_SHARE_H

#include <septet/port.h>
#include <septet/runtime.h>

struct share;

/*
 * Put a wrapper around each of ports[0 .. n - 1], queues of one device that say in 'rss' how it
 * spreads flows; 'device' is a number of its own. The wrapper owns them; copies come from 'pool'.
 * 0, -ENOMEM or -EINVAL (the rule is not usable), the ports then as they were.
 */
int share_create(unsigned int device, struct spt_port **ports, struct rte_mempool *pool,
    unsigned int n, struct share **share);

/* Who steers at this moment; any thread may ask. NULL: one queue, nobody needs to. */
enum spt_steering share_steering(const struct share *share);

/* The same in one line for the user; empty for NULL. */
void share_describe(const struct share *share, char *text, size_t size);

/*
 * A core that has ended goes on handing to the others what arrives at its queue for them; what
 * would be its own is dropped. Returns how many frames there were.
 */
uint16_t share_relay(struct share *share, unsigned int queue, spt_time now);

/* After its ports were destroyed. NULL is allowed. */
void share_free(struct share *share);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `septet bridge` does with frames: every one that arrives at a port leaves at the other, by
 * way of what either's impairment says. No clock in here, so that a test has its own.
 *
 * Lines are impairment wrappers around the port that a frame leaves by, those of what the other one
 * does to frames that come in there too: so a time is told that was read after a frame was there,
 * and no frame is early, however long the loop was kept from the processor in between.
 */
#ifndef SPT_APP_BRIDGE_CORE_H
#define SPT_APP_BRIDGE_CORE_H

#include <stdbool.h>
#include <stddef.h>

#include <septet/port.h>

#include "port/port.h"

/* One way through: way[0] from port 0 to port 1. */
struct bridge_way {
	uint64_t in, in_bytes;    /* what its device received, */
	uint64_t out, out_bytes;  /* and the other one sent */
	uint64_t refused;         /* that one did not take it */
	uint64_t missed, no_mbuf; /* lost before us, not in 'in' */
	uint64_t held;            /* on the line at this moment */
	uint64_t impaired[SPT_IMPAIRMENTS];
	uint64_t queue_longest, queue_heaviest; /* frames, and bytes, in a bottleneck's buffer */
};

struct bridge_stats {
	spt_time now;
	struct bridge_way way[2];
};

/* What a frame leaves by: a device, in at most two lines. */
struct bridge_exit {
	struct spt_port *port;    /* the outermost; ours */
	struct spt_port *line[2]; /* from the inside out */
	unsigned int n_lines;
};

struct bridge_core {
	struct spt_port *device[2]; /* whose counters say what came and what went */
	struct bridge_exit exit[2];
	struct rte_mbuf *burst[2][PORT_BURST]; /* from that device, between receiving and sending */
	uint16_t n[2];
	uint64_t untaggable[2]; /* frames whose tag could not be put back */
};

/*
 * Between two devices, which are ours from then on; impair[i] is of frames in and out
 * of the one of that index, NULL: nothing. Copies come from 'pool'. 0, or a negative errno: the
 * devices are destroyed then.
 */
int bridge_core_init(struct bridge_core *core, struct spt_port *const device[2],
    const struct spt_impair_config *const impair[2], struct rte_mempool *pool);

/* Take what is there, at most a burst each way. Was there anything? */
bool bridge_core_receive(struct bridge_core *core);

/* Pass it on, and what is due of what was on a line. 'now' is a time after it was received. */
void bridge_core_send(struct bridge_core *core, spt_time now);

/* When there is something to do by itself. */
spt_time bridge_core_deadline(const struct bridge_core *core);

/* 'now' is the caller's. */
void bridge_core_stats(const struct bridge_core *core, struct bridge_stats *stats);

/* in + duplicated = out + lost + dropped + refused + held. */
bool bridge_way_adds_up(const struct bridge_way *way);

/* With what is still on the line. */
void bridge_core_fini(struct bridge_core *core);

#endif

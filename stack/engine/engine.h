/* SPDX-License-Identifier: BSD-3-Clause */
/* One core: what spt_poll works on. The order of a turn stands in poll.c. */
#ifndef SPT_ENGINE_ENGINE_H
#define SPT_ENGINE_ENGINE_H

#include <septet/septet.h>

#include "../base/txlist.h"
#include "../net/net.h"
#include "../port/port.h"
#include "../tcp/tcp.h"
#include "../wire/wire.h"

/* Frames that may wait for a port that takes no more; half of it is where sending data pauses. */
#define ENGINE_READY_PAUSE 512
#define ENGINE_READY_SIZE  (ENGINE_READY_PAUSE + 4 * TXLIST_SIZE)

/* Frames that neighbour discovery may add in one turn. */
#define ENGINE_NET_BURST 64

struct spt_engine {
	struct spt_port *port;
	struct rte_mempool *pool;
	spt_time now;
	unsigned int n_ready; /* frames that the port did not take yet */
	uint64_t tx_seen;     /* frames that it had taken when the last turn looked */
	struct spt_stats stats;
	struct txlist out;
	struct tcp tcp;
	struct net net;
	struct rte_mbuf *burst[PORT_BURST];
	struct seg segs[PORT_BURST];
	struct rte_mbuf *ready[ENGINE_READY_SIZE];
};

/* The turn's packets to the link, and as many as it takes to the port (transmit.c). */
void engine_flush(struct spt_engine *e);

/* A burst from the port, through every stage (receive.c). */
void engine_receive(struct spt_engine *e);

/* What 0 means in a configuration (config.c). */
void engine_defaults(struct spt_config *config);

/* Defaults and ranges of a configuration: 0, or -EINVAL with one line in 'error' (config.c). */
int engine_config(
    struct spt_config *config, const struct spt_port *port, char *error, size_t error_size);

#endif

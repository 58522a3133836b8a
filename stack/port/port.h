/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a port: a handful of burst functions. What an engine hands to
 * port_tx carries complete headers; where an L4 or IPv4 header checksum is to
 * be filled in, ol_flags, l2_len, l3_len and l4_len say so and the L4 field
 * holds the pseudo-header sum, as rte_eth_tx_prepare would leave it. The port
 * computes in software what its device does not.
 *
 * Where tso.most says so, one may be a large send (TSO): RTE_MBUF_F_TX_TCP_SEG, and tso_segsz
 * bytes of payload for each segment that the device cuts of it; its pseudo-header sum leaves out
 * the length. The IP header's lengths are those of the whole.
 */
#ifndef SPT_PORT_PORT_H
#define SPT_PORT_PORT_H

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <septet/port.h>

#include "../base/rss.h"

/* The largest burst that anyone hands to a port at once. */
#define PORT_BURST 64

struct port_ops {
	/* Frames received, at most n <= PORT_BURST; they belong to the caller. */
	uint16_t (*rx)(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n);
	/*
	 * Frames taken, sent or not; m[taken ..] belong to the caller, who frees them. What lies
	 * there may be a copy that the port made in place of the caller's chain.
	 */
	uint16_t (*tx)(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n);
	/*
	 * When the port has work of its own accord, so that rx should be called, or
	 * SPT_TIME_NEVER. In the past where a full burst left something behind.
	 */
	spt_time (*next_deadline)(const struct spt_port *p);
	void (*stats)(struct spt_port *p, struct spt_port_stats *stats);
	void (*destroy)(struct spt_port *p);
};

/* What a device cuts into segments by itself; all 0: nothing. */
struct port_tso {
	uint32_t most;          /* payload bytes of a send */
	uint16_t mbufs;         /* thereof at most, its headers counted; */
	uint16_t segment_mbufs; /* and for each segment of it, again with the headers */
};

/* What every kind of port begins with. Constant after creation, but for what 'ops' points to. */
struct spt_port {
	const struct port_ops *ops;
	struct rte_ether_addr mac;
	uint16_t mtu;       /* IP bytes */
	bool multi_segment; /* chains and indirect mbufs cost no copy; where false, they do */
	uint16_t headroom;  /* link bytes that a sender must leave: 14 */
	/* The bit of ol_flags of what was several segments (merge.c); 0: nothing is. */
	uint64_t merged;
	/* Of a wrapper 0, if it looks at frames: they are to be as they are on the wire. */
	struct port_tso tso;
	/* How frames find this queue among its device's; NULL: all of them come here. */
	const struct rss *rss;
};

static inline uint16_t
port_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return p->ops->rx(p, now, m, n);
}

static inline uint16_t
port_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return p->ops->tx(p, now, m, n);
}

static inline spt_time
port_next_deadline(const struct spt_port *p)
{
	return p->ops->next_deadline(p);
}

#endif

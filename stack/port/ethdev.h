/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of ethdev ports: what ethdev_setup.c negotiates and ethdev.c does for each
 * burst. Which burst functions a port has is settled when it is created, so that no
 * packet asks about the configuration; only the receive function changes, once, when the
 * device's checksum reports have been confirmed or refuted.
 */
#ifndef SPT_PORT_ETHDEV_H
#define SPT_PORT_ETHDEV_H

#include "port.h"

struct rte_eth_dev_info;

/* So many right reports make us believe a device's receive checksums. */
#define ETHDEV_CONFIRM_FRAMES 64

struct ethdev_device;

/* A queue pair. */
struct ethdev_port {
	struct spt_port base; /* base.ops is &ops */
	struct port_ops ops;
	uint16_t port_id;
	uint16_t queue_id;
	uint16_t unconfirmed;     /* reports still to be confirmed, ethdev_rx_confirm() */
	struct rte_mempool *pool; /* receives, and copies that linearise */
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t rx_checksum_wrong;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t tx_refused;
	struct ethdev_device *device;
	struct rss rss; /* base.rss where there are several queues */
} __rte_cache_aligned;

/* What the queue pairs of a device share; closed and freed with the last of them. */
struct ethdev_device {
	uint32_t open;        /* queue pairs not yet destroyed */
	uint64_t missed_base; /* the device's counters at creation */
	uint64_t no_mbuf_base;
	struct ethdev_port port[];
};

/* Receive: no word about checksums leaves; the device reports none, or wrong ones. */
uint16_t ethdev_rx_software(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n);
/* Receive: compare what the device says is good with a sum of our own, and then decide. */
uint16_t ethdev_rx_confirm(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n);
/* Receive: the device's reports are believed. */
uint16_t ethdev_rx_trusted(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n);

/* Which checksums the device fills in; the rest is ours. */
enum ethdev_checksums {
	ETHDEV_CHECKSUM_NONE,
	ETHDEV_CHECKSUM_TCP, /* but not the one of the IPv4 header */
	ETHDEV_CHECKSUM_BOTH,
};

typedef uint16_t (*ethdev_burst)(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n);

/* What becomes of chains, and of large sends. */
enum ethdev_chains {
	ETHDEV_CHAINS,  /* as they are */
	ETHDEV_COPIED,  /* copied into one buffer */
	ETHDEV_SEGMENTS /* as they are, and the device cuts large sends: not with CHECKSUM_NONE */
};

/* Transmit: [checksums][chains]. */
extern const ethdev_burst ethdev_tx[3][3];

/*
 * How a running device with several queues spreads flows, of which it 'claimed' to be capable. What
 * cannot be read, or would leave a queue out, is replaced: rss->device is then false.
 */
void ethdev_rss_read(uint16_t port_id, const struct rte_eth_dev_info *device, bool claimed,
    uint16_t queues, struct rss *rss);

spt_time ethdev_next_deadline(const struct spt_port *p);
void ethdev_stats(struct spt_port *p, struct spt_port_stats *stats);
void ethdev_destroy(struct spt_port *p);

#endif

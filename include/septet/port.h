/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: where an engine's bursts come from and go to. A port belongs to one
 * engine (one core); only that core may call it, after creation.
 */
#ifndef SEPTET_PORT_H
#define SEPTET_PORT_H

#include <stddef.h>

#include <septet/types.h>

/* Counters of a port, all monotonic since its creation; frames unless it says bytes. */
struct spt_port_stats {
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t tx_refused; /* not sent: no room, no buffer, longer than the MTU */
	uint64_t rx_missed;  /* lost before us: device or ring was full */
	uint64_t rx_no_mbuf; /* lost: no buffer to receive into */
	/* Not for us: no tag of our VLAN, or too short to tell; 0 without the wrapper. */
	uint64_t rx_vlan_other;
	/* Called good by the device and were not; from the first on, we sum for ourselves. */
	uint64_t rx_checksum_wrong;
	/* Segments that went up as part of the one before; counted in rx_frames as well. */
	uint64_t rx_merged;
	uint64_t impaired[7]; /* by enum spt_impairment; 0 without the wrapper */
};

enum spt_impairment {
	SPT_IMPAIR_LOST, /* by chance, or for want of a buffer to spoil it in */
	SPT_IMPAIR_DELAYED,
	SPT_IMPAIR_REORDERED,
	SPT_IMPAIR_DUPLICATED,
	SPT_IMPAIR_CORRUPTED,
	SPT_IMPAIR_DROPPED, /* the bottleneck's buffer was full, or the line */
	SPT_IMPAIR_MARKED,  /* CE */
	SPT_IMPAIRMENTS,
};

/*
 * The memory pair: two ports joined in memory, no NIC. What one transmits the
 * other receives, in order, at the next burst. A full ring refuses, as a NIC's
 * would. Checksums asked for by offload flags are computed in software.
 * The rings are lockless single-producer single-consumer: each port may live
 * on a core of its own. An mbuf is moved only if it is direct, a single
 * reference; any other is copied into 'pool' of the sending side.
 */
struct spt_memory_pair_config {
	const char *name;            /* unique in the process, at most 20 characters */
	uint32_t ring_size;          /* slots each way; a power of two, holds one less; 0 = 1024 */
	uint16_t mtu;                /* IP bytes; 0 = 1500 */
	int socket;                  /* NUMA node, -1 = any */
	struct rte_mempool *pool[2]; /* for copies sent by port 0, port 1 */
};

/* 0, -EINVAL, -ENOMEM or -EEXIST. On success both ports are the caller's. */
int spt_port_memory_pair_create(
    const struct spt_memory_pair_config *config, struct spt_port *port[2]);

/*
 * The impairment wrapper: a port over another that loses, delays, reorders, duplicates, corrupts
 * and marks in either direction, reproducibly from 'seed'. A direction is
 *
 *	loss, burst loss - duplication - corruption - buffer - rate - delay, jitter, reordering
 *
 * Probabilities are in parts per million. Corruption flips one to three bits of one 16-bit
 * word of a copy, checksums filled in before, so that every such error under an internet
 * checksum can be found; ARP, which has none, is left alone. Marks (RFC 3168: CE) are written into
 * IP packets that say ECT and into no others, and into a copy of what somebody else holds.
 * Frames count in the statistics as they pass the wrapper; what it released and the inner port
 * refused is in tx_refused. Owns 'inner' on success.
 */
struct spt_impair {
	uint32_t loss_ppm;
	uint32_t duplicate_ppm;
	uint32_t corrupt_ppm;
	uint32_t reorder_ppm; /* this share of frames is held back by reorder_ns */
	uint64_t reorder_ns;  /* 0 = 1 ms */
	uint64_t delay_ns;
	uint64_t jitter_ns;   /* uniform, added to delay; keeps order */
	uint64_t rate_bps;    /* bits per second of frame bytes; 0 = unlimited */
	uint32_t queue_limit; /* most frames held at all; 0 = 1000, with a rate 16384 */
	/*
	 * The bottleneck's buffer: what waits for the rate, the frame being sent included; one that
	 * finds it full is dropped. Both bounds count where both are given; 0 = none, all zero with
	 * queue_limit too = 1000 frames. Without a rate nothing waits.
	 */
	uint32_t buffer_frames;
	uint64_t buffer_bytes; /* however small, an empty buffer takes a frame */
	uint32_t burst_ppm;    /* of Gilbert and Elliott: this share is lost, ... */
	uint32_t burst_frames; /* ... in bursts of so many frames in the mean; 0 = 1 */
	uint32_t
	    ecn_threshold; /* marks what finds so many frames in the buffer or more; 0 = none */
	uint32_t ce_ppm;   /* marks this share */
};

struct spt_impair_config {
	uint64_t seed;
	struct spt_impair rx;     /* frames from the inner port to us */
	struct spt_impair tx;     /* frames from us to the inner port */
	struct rte_mempool *pool; /* for duplicates and for copies that are changed */
};

/* 0, -EINVAL or -ENOMEM. */
int spt_port_impair_create(
    const struct spt_impair_config *config, struct spt_port *inner, struct spt_port **port);

/* One direction so far: in + duplicated = out + lost + dropped + held, by enum spt_impairment. */
struct spt_impair_stats {
	uint64_t in;  /* frames that came */
	uint64_t out; /* that left, also those that the inner port refused then */
	uint64_t impaired[SPT_IMPAIRMENTS];
	uint32_t held;           /* inside now */
	uint32_t queue_longest;  /* most frames that the bottleneck's buffer had in it, */
	uint64_t queue_heaviest; /* and most bytes */
};

/* 0, or -EINVAL: 'port' is no impairment wrapper. */
int spt_port_impair_stats(
    const struct spt_port *port, struct spt_impair_stats *rx, struct spt_impair_stats *tx);

/*
 * Parse "loss=2%,delay=20ms,jitter=1ms,reorder=0.5%,duplicate=1%,corrupt=0.1%,
 * rate=100Mbit,queue=1000,seed=7" (and reorder-delay=5ms, burst-loss=1%:4, buffer=100 or
 * buffer=150KB, ecn=20, ce=1%) into both directions of 'config' ("rx.loss=" or "tx.loss=" for one);
 * the rest of it is kept. 0, or -EINVAL with one line in 'error' and 'config' unchanged.
 */
int spt_impair_parse(
    const char *text, struct spt_impair_config *config, char *error, size_t error_size);

/*
 * The VLAN wrapper (IEEE 802.1Q): what it transmits is tagged (priority 0, whatever DSCP says); of
 * what it receives, frames whose outermost tag (TPID 0x8100) has our VLAN are passed on without it,
 * of any priority. Others, priority-tagged (VID 0) and untagged ones are dropped and counted
 * (rx_vlan_other). Frames received count as they pass it, bytes with their tags. The MTU stays: the
 * frames of the port below are 4 bytes longer, which devices allow for. Owns 'inner' on success.
 */
struct spt_vlan_config {
	uint16_t vlan;            /* 1 .. 4094 */
	struct rte_mempool *pool; /* for copies of what must not be written to */
};

/* 0, -EINVAL or -ENOMEM. */
int spt_port_vlan_create(
    const struct spt_vlan_config *config, struct spt_port *inner, struct spt_port **port);

/*
 * The receive merging wrapper: in-order segments of a connection that come in one burst (TCP over
 * IPv4 with text, ACK alone of the flags, same acknowledgment, window, TOS and timestamps, not
 * marked CE, sums right) are handed up as one, a chain of at most 65,535 bytes; TCP acknowledges it
 * as those that it is made of. All else passes as it came, in order. Of a flow nothing overtakes
 * anything, of different ones within a burst it may. Frames received count as the port below counts
 * them: an engine sees rx_frames less rx_merged. Owns 'inner' on success.
 */
/* 0, -EINVAL or -ENOMEM. */
int spt_port_merge_create(struct spt_port *inner, struct spt_port **port);

/*
 * A queue pair of an ethdev port. All queues of a device are set up by the
 * first call for its port_id; 'queues' and 'descriptors' are wishes.
 */
struct spt_ethdev_config {
	uint16_t port_id;
	uint16_t queues;         /* queue pairs wanted (one for each engine); 0 = 1 */
	uint16_t rx_descriptors; /* 0 = 1024, adjusted to what the device takes */
	uint16_t tx_descriptors; /* 0 = 1024 */
	uint16_t mtu;            /* 0 = 1500 */
	int socket;
	struct rte_mempool **pool; /* 'queues' receive pools */
	/*
	 * For who passes frames of others on: those to any address are received, and checksums are
	 * neither filled in nor left open by the device.
	 */
	bool transparent;
	bool no_tso; /* no large sends, also where the device cuts them into segments */
	/* Sleep so long: asked up to 200 times for 10 ms while the link is down. NULL: no wait. */
	void (*pause)(unsigned int microseconds);
};

/* What negotiation found; printed at start. */
struct spt_ethdev_info {
	uint16_t queues;     /* granted */
	bool rss;            /* the device spreads flows over queues */
	bool rx_checksum;    /* claimed by the device; believed once the first frames prove it */
	bool tx_checksum;    /* filled in by the device */
	bool multi_segment;  /* chains are transmitted without copying */
	bool tso;            /* large sends are cut into segments by the device */
	uint64_t speed_mbps; /* 0 = unknown */
	char driver[32];
	char summary[384]; /* one line: what the device does, what is done in software */
};

/* The port_id of a device by its name ("net_tap0", "0000:03:00.0"). 0 or -ENODEV. */
int spt_port_ethdev_find(const char *name, uint16_t *port_id);

/*
 * Configure and start the device; ports[0 .. info->queues - 1] are filled in.
 * 0 or a negative errno, with one line in 'error'.
 */
int spt_port_ethdev_create(const struct spt_ethdev_config *config, struct spt_port **ports,
    struct spt_ethdev_info *info, char *error, size_t error_size);

void spt_port_stats_get(struct spt_port *port, struct spt_port_stats *stats);

/* Frames held inside are freed. NULL is allowed. */
void spt_port_destroy(struct spt_port *port);

#endif

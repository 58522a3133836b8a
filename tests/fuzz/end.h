/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One end of a fuzzed conversation: an engine on a port of the harness with a monitor around it,
 * small pools that may be empty, and an application that does what the input says and checks all
 * that it is told. Streams are patterns of the 4-tuple and the sequence number, so every byte is
 * checked on the wire and where it is delivered.
 */
#ifndef TESTS_FUZZ_END_H
#define TESTS_FUZZ_END_H

#include <rte_ether.h>

#include <lib/env.h>
#include <lib/monitor.h>
#include <lib/packet.h>
#include <lib/pattern.h>
#include <port/port.h>
#include <septet/septet.h>

#include "fuzz.h"

#define END_CONNS  24 /* more than an engine has here, CLOSED ones that wait included */
#define END_RX     512
#define END_KEPT   64
#define END_MBUFS  255 /* of the pool of an engine */
#define END_FRAMES 511 /* of the pool for what arrives and what the application sends */

/* A connection as the application knows it. */
struct end_conn {
	spt_conn conn;
	bool used, open, active, peer_closed, shut, closed, aborted, blocked;
	struct spt_endpoint local, remote;
	uint32_t iss, irs;
	uint64_t sent, received, unread, acked;
};

struct end;

struct end_port {
	struct spt_port base;
	struct end *end;
	struct rte_mbuf *rx[END_RX];
	unsigned int n_rx;
	uint32_t room; /* frames that it takes before it refuses */
};

struct end {
	struct spt_engine *engine;
	struct end_port *port;
	struct spt_port *top; /* the port with its monitor */
	struct monitor *monitor;
	struct rte_mempool *pool, *frames;
	spt_time now;
	struct rte_ether_addr mac;
	/* What it sent, checksums filled in. */
	void (*sent)(struct end *e, const uint8_t *frame, unsigned int length);
	void *arg;
	/* The input wrote frames of its own: streams may be anything, or the monitor knows less. */
	bool tainted, wild;
	bool fin_closes; /* a listener had close_on_fin: the engine may have closed by itself */
	bool probed;     /* the peer may send keep-alive probes as often as it likes */
	bool late; /* answers may have waited: for a burst, a link address, an mbuf, the port */
	bool read_at_once, close_at_fin, echo, keep_data;
	unsigned int max_events;
	struct end_conn conn[END_CONNS];
	spt_conn stale;
	spt_time ended_at;          /* when CLOSED came last */
	int listener[4], source[4]; /* -1: none */
	struct rte_mbuf *kept[END_KEPT], *drained[END_MBUFS];
	unsigned int n_kept, n_drained;
	uint64_t rx_frames, tx_frames; /* at the port */
	uint64_t tx_text;              /* of them, segments with text */
	unsigned int idle_turns;       /* at a deadline, with nothing done, in a row */
	struct spt_stats before;
};

/* What the beginning of an input decides about an end. */
struct end_config {
	uint32_t connections, half_open, timewait, pinned;
	uint16_t mtu;
	bool multi_segment, timewait_rst_closes;
	struct rte_ether_addr mac;
	struct spt_addr local4, local6, gateway4,
	    gateway6; /* two local ones of each, consecutive */
	uint8_t secret;
};

/* end.c */
void end_create(struct end *e, const struct end_config *config, spt_time now);
/* After all was given up and its time has passed: nothing may be left. */
void end_check_empty(struct end *e);
void end_destroy(struct end *e);
/* A frame arrives with the next turn. */
void end_push(struct end *e, struct rte_mbuf *m);
/* One turn and its events. Whether anything was done. */
bool end_poll(struct end *e);
/* All that must hold after every step. */
void end_check(struct end *e);
/* Give back what the harness kept from the engine: mbufs, and the port's readiness. */
void end_relent(struct end *e);

/* end_app.c */
enum end_act {
	END_LISTEN,
	END_UNLISTEN,
	END_SOURCE,
	END_SOURCE_REMOVE,
	END_SEND,
	END_READ,
	END_SHUTDOWN,
	END_CLOSE,
	END_ABORT,
	END_SET,
	END_POLICY,
	END_DRAIN,  /* take mbufs out of the engine's pool */
	END_RELENT, /* see end_relent */
	END_REFUSE, /* the port takes so many frames and no more */
	END_STALE,  /* every call with a handle that is no connection's */
	END_ACTS,
};

void end_act(struct end *e, enum end_act act, struct fuzz_input *in);
/* An active open. 'local' may be NULL. */
void end_connect(struct end *e, unsigned int source, const struct spt_endpoint *local,
    const struct spt_endpoint *remote);
void end_event(struct end *e, const struct spt_event *event);
void end_abort_all(struct end *e);
void end_read_all(struct end *e);
void end_close_all(struct end *e);
void end_options(struct fuzz_input *in, struct spt_conn_options *options);

/* The seed of the stream from one endpoint to another. */
uint32_t end_seed(
    const struct spt_addr *from, uint16_t from_port, const struct spt_addr *to, uint16_t to_port);

/* The bytes of a stream: each follows from its sequence number, across 2^32 too. */
static inline void
end_fill(uint8_t *at, uint32_t n, uint32_t seed, uint32_t seq)
{
	for (uint32_t i = 0; i < n; i++)
		at[i] = pattern_byte(seed, (uint32_t)(seq + i));
}

static inline bool
end_match(const uint8_t *at, uint32_t n, uint32_t seed, uint32_t seq)
{
	uint32_t i = 0;

	while (i < n && at[i] == pattern_byte(seed, (uint32_t)(seq + i)))
		i++;
	return i == n;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The peers of a fuzzed conversation: hosts, their connections, and every kind of frame from them.
 */
#ifndef TESTS_FUZZ_PEER_H
#define TESTS_FUZZ_PEER_H

#include "end.h"

#define PEERS     8
#define PEER_PAST 8 /* frames that are remembered */

/* A connection as the peer knows it. Numbers are absolute. */
struct peer {
	struct spt_addr addr, local;
	uint16_t port, local_port;
	struct rte_ether_addr mac; /* of the host, or of the router before it */
	uint32_t iss, nxt;         /* ours: the first, the next to send */
	uint32_t engine_iss, rcv;  /* the engine's first, and what we expect next of it */
	uint32_t acked, edge;      /* what it acknowledged, and the right edge of its window */
	uint32_t ts_recent;        /* its last TSval */
	uint8_t wscale;            /* its shift */
};

/* A received frame that the harness holds as well. */
struct shared {
	struct rte_mbuf *m;
	uint8_t *bytes;
	unsigned int length;
};

struct world {
	struct end end;
	struct peer peer[PEERS];
	struct peer *last; /* who spoke last */
	unsigned int dialled;
	/* Habits: link addresses are resolved; timestamps; our clock. */
	bool deaf, ts, silent;
	bool hold;   /* frames wait for the next instruction */
	bool mirror; /* what the engine sends comes back */
	uint8_t shape, cuts[3];
	bool share, own_pool;
	struct {
		uint8_t bytes[2048];
		unsigned int length;
	} past[PEER_PAST];
	unsigned int n_past;
	struct shared shared[END_RX];
	unsigned int n_shared;
	uint64_t credit; /* answers to what the engine received, not sent yet */
};

void world_create(struct world *w, const struct end_config *config, spt_time now);

/* Every host speaks first, so that the engine knows the link addresses. */
void peer_introduce(struct world *w);

/* Instructions; each reads its arguments. */
void peer_segment(struct world *w, struct fuzz_input *in);
void peer_data(struct world *w, struct fuzz_input *in);
void peer_ack(struct world *w, struct fuzz_input *in);
void peer_fin(struct world *w, struct fuzz_input *in);
void peer_syn(struct world *w, struct fuzz_input *in);
void peer_rst(struct world *w, struct fuzz_input *in);
void peer_handshake_ack(struct world *w);
void peer_answer(struct world *w, struct fuzz_input *in);
void peer_raw(struct world *w, struct fuzz_input *in);
void peer_mangle(struct world *w, struct fuzz_input *in);
void peer_icmp(struct world *w, struct fuzz_input *in);
void peer_link(struct world *w, struct fuzz_input *in);
void peer_habit(struct world *w, struct fuzz_input *in);

/* Frames that the harness holds too are as they were; then they are let go. */
void peer_check(struct world *w);
void peer_release(struct world *w);

/* ---- between peer.c and peer_segment.c ---- */

/* A frame of 'p' goes to the engine, in the shape that is in fashion. */
void peer_push(struct world *w, const uint8_t *frame, unsigned int length);

/* Write checksums of a frame anew, wherever its headers let find them. */
void peer_fix_checksums(uint8_t *frame, unsigned int length);

#endif

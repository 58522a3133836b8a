/* SPDX-License-Identifier: BSD-3-Clause */
/* The peers of a fuzzed conversation: hosts, their connections, and every kind of frame from them.
 */
#ifndef TESTS_FUZZ_PEER_H
#define TESTS_FUZZ_PEER_H

#include "end.h"

#define PEERS     8
#define PEER_PAST 8   /* frames that are remembered */
#define PEER_RUNS 16  /* that came behind a gap, and are remembered */
#define PATH_MOST 256 /* segments under way */

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
	/* What it receives (peer_path.c): behind a gap, the newest first; twice, not told yet. */
	struct run {
		uint32_t start, end;
	} run[PEER_RUNS], twice;
	uint8_t n_runs;
	bool was_twice;
	uint32_t told;   /* its last SEG.ACK */
	uint8_t unacked; /* segments since */
	bool ask_sack, sack, ask_ecn, ecn, ce;
};

/* What becomes of segments of the engine on their way, and what the peer says of them. */
struct path {
	uint16_t lose, mark; /* a bit a segment with text; they go round */
	uint8_t late;        /* the same: it comes when several others have */
	uint8_t each;        /* an acknowledgment for each so many; 0: none by itself */
	bool tell;           /* SACK blocks where there are any */
	uint8_t tos;         /* of the peers' data */
	spt_time delay;      /* there and back; 0: at once, as far as the peer knows */
	struct way {
		spt_time due;
		struct packet packet;
	} way[PATH_MOST]; /* by 'due' */
	unsigned int n_ways;
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
	struct path path;
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

void peer_path(struct world *w, struct fuzz_input *in);
void peer_sack(struct world *w, struct fuzz_input *in);

/* When the next segment arrives at its peer; they do. */
spt_time path_next(const struct world *w);
bool path_run(struct world *w);

/* Frames that the harness holds too are as they were; then they are let go. */
void peer_check(struct world *w);
void peer_release(struct world *w);

/* ---- between peer.c, peer_segment.c and peer_path.c ---- */

/* The engine sent a segment: it is lost, under way, or there. */
void path_takes(struct world *w, const struct packet *p);
/* It is there. NULL: with nobody. */
struct peer *peer_learn(struct world *w, const struct packet *p);
/* It is in order, ahead of a gap, or a duplicate. */
void path_received(struct peer *p, uint32_t seq, uint32_t end);
/* What would be sent now: all is acknowledged, the window is open; and it goes. */
struct packet peer_proper(const struct world *w, const struct peer *p, uint8_t flags);
void peer_send(struct world *w, struct peer *p, struct packet *s);
/* The blocks that an honest receiver tells now. */
void path_blocks(const struct world *w, struct peer *p, struct packet *s);

/* A frame of 'p' goes to the engine, in the shape that is in fashion. */
void peer_push(struct world *w, const uint8_t *frame, unsigned int length);

/* Write checksums of a frame anew, wherever its headers let find them. */
void peer_fix_checksums(uint8_t *frame, unsigned int length);

#endif

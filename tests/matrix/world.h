/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A world for the matrix: one engine with a monitor, an application, and a peer that brings one
 * connection after the other into a state, each on a 4-tuple of its own. What the peer knows it
 * learns from the wire: 'tcb' holds the engine's variables as its segments told them.
 */
#ifndef TESTS_MATRIX_WORLD_H
#define TESTS_MATRIX_WORLD_H

#include <lib/monitor.h>
#include <lib/packet.h>

#include "oracle.h"

#define WORLD_PORTS       1536 /* 4-tuples; each is used once a world */
#define WORLD_SEEN        64
#define WORLD_WINDOW      1000 /* the engine's receive buffer */
#define WORLD_PEER_WND    65535
#define WORLD_SEND_BUFFER 4000

/* The timestamp of a cell's segment. */
enum world_stamp {
	STAMP_NOW,
	STAMP_SAME, /* as the segment before it */
	STAMP_OLD,
	STAMP_MISSING,
};

struct world_variant {
	const char *name;
	int family;
	bool wrap; /* numbers of both sides cross 2^32 within the cell */
	bool ts;   /* timestamps */
	enum world_stamp stamp;
	bool active;  /* the engine opens what ends in a synchronized state */
	uint16_t wnd; /* SEG.WND of the cells on the wire, if 'wnd_given' */
	bool wnd_given;
	uint8_t wscale; /* the peer's, which is offered if it is not 0 */
	bool own_port;  /* nobody listens at the port of what is opened */
	bool turns;     /* of the calls: each has a turn of its own */
};

/* A TCP segment of the engine. */
struct seen {
	spt_time at;
	struct packet p; /* payload is not kept */
};

struct world;

/* Never NULL: what goes wrong here ends the process with a line. */
struct world *world_create(const struct world_variant *v);
/* NULL, or what was left over. */
const char *world_destroy(struct world *w);

/*
 * The connection on 4-tuple 'n' is brought to 'state'; SYN_RECEIVED with 'active' is a
 * simultaneous open. Our FIN comes of CLOSE, or of a half-close. NULL, or what went wrong.
 */
const char *world_bring(
    struct world *w, unsigned int n, enum spt_state state, bool active, bool by_close);
const struct tcb *world_tcb(const struct world *w);
/* The first sequence number of the peer, where there is no connection yet. */
/* SEG.WND in bytes of a segment with these flags: the window of a SYN is never scaled. */
uint32_t world_window(const struct world *w, uint8_t flags, uint16_t wire);
uint32_t world_peer_iss(const struct world *w);

/* A 4-tuple of its own, at the listener's port or not; 'opens': the clock waits for its ISS. */
void world_begin(struct world *w, unsigned int n, bool well_known, bool opens);

/*
 * The next connection's receive window is filled before any FIN, but for the room of the peer's
 * own: then it is closed, and nothing is read.
 */
void world_fill(struct world *w, bool full);

/*
 * A segment of the peer, whose text is that of its stream and whose timestamp is filled in. The
 * engine works until it rests.
 */
void world_inject(struct world *w, struct arrival *seg, enum world_stamp stamp);

/* What happened since world_forget. */
void world_forget(struct world *w);
unsigned int world_seen(const struct world *w, const struct seen **seen);
uint32_t world_events(const struct world *w, int *reason);
uint32_t world_delivered(const struct world *w);
/* -ESTALE, -ENOENT: no handle (yet). */
int world_info(const struct world *w, struct spt_conn_info *info);
/* As spt_engine_walk tells it: CLOSED_STATE when there is nothing. */
enum spt_state world_state(const struct world *w);
/* NULL, or an invariant that did not hold: monitor, verdicts, spt_engine_check, bytes. */
const char *world_broken(const struct world *w);
/* The same without spt_engine_check, which takes its time. */
const char *world_wrong(const struct world *w);
void world_ladder(const struct world *w);

/* ---- the calls of RFC 9293 3.9.1, for tests of calls: what the engine returns ---- */

int world_connect(struct world *w);
/* At the connection's port: any address, or ours. 0 or the error. */
int world_listen(struct world *w, bool any);
int world_unlisten(struct world *w, enum spt_unlisten how); /* the world's listener */
int world_source_remove(struct world *w);
/* The next bytes of our stream; what is refused is freed. */
int world_send(struct world *w, uint32_t bytes, unsigned int flags);
int world_receive_done(struct world *w, uint32_t bytes);
int world_shutdown(struct world *w);
int world_close(struct world *w);
int world_abort(struct world *w);
int world_get(struct world *w, struct spt_conn_options *options);
int world_set(struct world *w, const struct spt_conn_options *options);
int world_set_user(struct world *w, void *user);
/* By the last handle, stale or not. */
int world_status(struct world *w, struct spt_conn_info *info);
/* As spt_engine_walk tells it. False: there is nothing. */
bool world_find(const struct world *w, struct spt_conn_info *info);
/* Its endpoints are those of the cell. */
bool world_is_ours(const struct world *w, const struct spt_conn_info *info);
void world_turn(struct world *w);
/* Events wait: spt_poll has no room for them. */
void world_deaf(struct world *w, bool deaf);
/* All events, and the bytes that SENT told of. */
uint32_t world_heard(const struct world *w, int *reason);
uint32_t world_acked(const struct world *w);
/* What calls of this cell did to listener and source is undone. */
void world_restore(struct world *w);

void world_advance(struct world *w, spt_time ns);
spt_time world_now(const struct world *w);

/* The connection is given up, time passes. NULL, or what is left. */
const char *world_end(struct world *w);

#endif

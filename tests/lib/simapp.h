/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The application over an engine in a simulation: a stream each way for each session, opened
 * actively or accepted. It checks every byte that is delivered and that the events are lawful:
 * ACCEPTED or CONNECTED first and once, nothing after PEER_CLOSED but CLOSED, nothing after
 * CLOSED, which comes once with the right reason.
 */
#ifndef TESTS_LIB_SIMAPP_H
#define TESTS_LIB_SIMAPP_H

#include <stdbool.h>
#include <stdint.h>

#include <septet/septet.h>

/* What one end's application does with its connection, and how that ends. */
struct sim_end {
	uint64_t send;          /* bytes of its stream */
	uint64_t send_after;    /* its data waits for so many bytes of the peer's */
	bool early;             /* an active open queues its data at once, before the handshake */
	bool fin_last;          /* FIN after the peer's FIN, else after its own data */
	bool fin_after_data;    /* FIN after all of the peer's data */
	spt_time fin_after;     /* and not before so long after the open */
	bool send_last;         /* even its data follows the peer's FIN */
	bool by_close;          /* ends with spt_close, once all was received, else spt_shutdown */
	uint32_t chunk;         /* bytes a spt_send; 0: at random */
	uint64_t abort_at;      /* spt_abort once so many bytes came; 0: never */
	uint64_t close_at;      /* spt_close, whatever else is to come; 0: never */
	spt_time abort_after;   /* spt_abort so long after the open began; 0: never */
	spt_time close_after;   /* spt_close, likewise */
	bool any_end;           /* a reset, a refusal or a time-out is a good end too */
	bool late_reset;        /* so is a reset when both FINs are out: the peer forgot us */
	uint32_t read_bytes;    /* reads so many ... */
	spt_time read_interval; /* ... so often; 0: at once */
};

/* One session: what this end does, what it is to receive, the patterns of both streams. */
struct simapp_session {
	const struct sim_end *end; /* outlives the application */
	uint64_t receive;
	uint32_t seed_send, seed_receive;
};

struct simapp_config {
	struct spt_engine *engine;
	const char *name; /* in texts */
	uint64_t seed;
	unsigned int n; /* sessions */
	/* Which session an accepted connection is; < 0: none, which is an error. */
	int (*which)(void *arg, const struct spt_conn_info *info);
	void *arg;
};

/* What the application was told so far, to be compared with the engine's counters. */
struct simapp_counts {
	uint64_t connects, connected, accepted, closed;
	uint64_t given_up; /* opens that it aborted or closed before CONNECTED */
};

struct simapp;

/* Never NULL. */
struct simapp *simapp_create(const struct simapp_config *config, spt_time now);
void simapp_destroy(struct simapp *a); /* NULL is allowed */

/* Before the session opens. */
void simapp_session(struct simapp *a, unsigned int i, const struct simapp_session *session);

/* Listen on a port of every local address. Ends the process on failure. */
void simapp_listen(struct simapp *a, uint16_t port, const struct spt_listen_options *options);

/* spt_connect for session i, and its result. */
int simapp_connect(struct simapp *a, unsigned int i, int source, const struct spt_endpoint *local,
    const struct spt_endpoint *remote);

/* The latest session that was opened actively from 'local' with this ISS, or -1. */
int simapp_find(const struct simapp *a, const struct spt_endpoint *local, uint32_t iss);

/* A turn of the engine and of the application. Returns whether anything happened. */
bool simapp_poll(struct simapp *a, spt_time now);
spt_time simapp_next_deadline(const struct simapp *a);
uint64_t simapp_progress(const struct simapp *a);

/* Session i was closed, in order unless any end is good. */
bool simapp_over(const struct simapp *a, unsigned int i);
/* Its reason, once CLOSED came. */
int simapp_reason(const struct simapp *a, unsigned int i);
unsigned int simapp_open_sessions(const struct simapp *a);
void simapp_counts(const struct simapp *a, struct simapp_counts *counts);
/* The first thing that went wrong, or NULL. */
const char *simapp_error(const struct simapp *a);
const char *simapp_text(const struct simapp *a, unsigned int i); /* static storage */

#endif

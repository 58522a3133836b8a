/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The program on one core of `septet bench`: core.c has its turns and phases, conn.c the life of
 * a connection.
 */
#ifndef SPT_APP_BENCH_CORE_H
#define SPT_APP_BENCH_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/debug.h"
#include "base/pool.h"
#include "bench/bench.h"
#include "bench/exchange.h"
#include "bench/load.h"
#include "wheel/fifo.h"

#define BENCH_BURST 64 /* connections begun, tried again or given up in a turn */

/* Timeouts are counted in ticks of about a millisecond. */
#define BENCH_TICK_SHIFT 20

enum bench_conn_state {
	CONN_FREE,
	CONN_OPENING,
	CONN_IDLE,      /* open, nothing is outstanding */
	CONN_BUSY,      /* a request or bulk data is under way */
	CONN_AWAIT_FIN, /* all is said: the server closes first */
	CONN_FINISHING, /* our FIN is queued; the peer sends on until its own */
	CONN_CLOSING,   /* closed or aborted: only CLOSED matters */
};

enum bench_conn_flags {
	CONN_WAITING = 1 << 0,     /* on core->waiting */
	CONN_LISTED = 1 << 1,      /* on core->idle, or on core->retry while BUSY or OPENING */
	CONN_ESTABLISHED = 1 << 2, /* CONNECTED came */
	CONN_QUEUED = 1 << 3,      /* the first request was queued with the SYN */
	CONN_LAST = 1 << 4,        /* the request under way is the last: the server closes */
	CONN_PEER_CLOSED = 1 << 5,
	CONN_DONE = 1 << 6,    /* everything that the mode asks for was done */
	CONN_ABORTED = 1 << 7, /* by us */
};

/* A number of BENCH_FAILURES. */
enum bench_failure {
	FAILURE_NONE,
#define X(field, text) FAILURE_##field,
	BENCH_FAILURES(X)
#undef X
};

/* An attempt. A million of them may be held: with http another 48 bytes follow. */
struct bench_conn {
	spt_conn conn;
	spt_time begun;           /* when it should have been */
	spt_time due;             /* when the request under way should have been sent */
	uint32_t deadline;        /* tick, while CONN_WAITING */
	struct fifo_link waiting; /* for a handshake, a response or the peer's FIN */
	struct fifo_link list;
	uint32_t responses;
	uint8_t state;   /* enum bench_conn_state */
	uint8_t flags;   /* enum bench_conn_flags */
	uint8_t failure; /* enum bench_failure, as far as it was we who gave up */
	uint8_t target : 7;
	uint8_t unreachable : 1; /* ICMP said so */
	struct exchange_state exchange;
};

SPT_STATIC_ASSERT(sizeof(struct bench_conn) == 64, "a held connection is one cache line");
SPT_STATIC_ASSERT(offsetof(struct bench_conn, exchange) + sizeof(struct exchange_state) == 64,
    "what http adds lies behind");

struct bench_core {
	struct spt_engine *engine;
	const struct bench *bench;
	const struct bench_options *options;
	unsigned int index;
	spt_time now;
	int source;
	struct pool conns;
	uint32_t top;        /* connections below this index were used */
	struct fifo waiting; /* by deadline: it is one delay for all */
	struct fifo idle;    /* free for the next request that is due */
	struct fifo retry;   /* without a buffer to send */
	uint32_t in_progress, open;
	uint32_t settled;                /* of them idle or busy: neither opening nor closing */
	uint32_t first_target, n_target; /* of options->target: our port's */
	uint32_t next_target;
	uint64_t answered;   /* targets that ever answered, a bit each */
	spt_time first_open; /* of the run */
	uint32_t opened;     /* of the run, may wrap */
	struct exchange exchange;
	/* the phase */
	struct bench_phase phase;
	struct load load;
	bool draining, abandoning, over;
	bool calm; /* --mode flood: its clients have ended, which is told */
	spt_time drain_by;
	uint64_t begun;  /* attempts */
	spt_time next;   /* with a rate: when the next of them is due */
	uint64_t due;    /* mode requests with a rate: requests */
	uint64_t most;   /* attempts of the phase */
	spt_time all_at; /* when the last of them had begun; 0: not yet */
	uint32_t cursor; /* traffic, then the end, goes round the connections */
	spt_time traffic_at;
	/* --mode flood */
	struct flood_port *flood;      /* around our port; NULL in other modes */
	struct flood_counts flood_own; /* what we count ourselves */
	struct bench_silent {
		struct pool
		    conns; /* handles: connections that are open, or were not told to close */
		uint32_t top, cursor;
		double per_ns;
		spt_time start;
		uint64_t done;
		bool running;
	} silent;
	/* the end */
	bool stopping;
	spt_time stop_by, quiet_until;
	struct bench_totals totals;
	struct histogram *latency[LATENCIES];
};

/* ---- conn.c ---------------------------------------------------------------- */

/*
 * Begin an attempt that should have begun at 'intended'. 0, or what spt_connect said: then nothing
 * happened and nothing was counted. -ENFILE also when this core has no state left.
 */
int bench_conn_open(struct bench_core *core, spt_time intended);

/* The next request on an idle connection, which should have been sent at 'due'. */
void bench_conn_request(struct bench_core *core, struct bench_conn *c, spt_time due);

void bench_conn_event(struct bench_core *core, const struct spt_event *e);

/* Another try to send. */
void bench_conn_retry(struct bench_core *core, struct bench_conn *c);

/* The deadline of one that waits has come. */
void bench_conn_expire(struct bench_core *core, struct bench_conn *c);

/* The phase is over: what is idle closes, bulk data stops; a request may still be answered. */
void bench_conn_end(struct bench_core *core, struct bench_conn *c);

/* The time for that is over too. */
void bench_conn_abandon(struct bench_core *core, struct bench_conn *c);

/* ---- core_flood.c: --mode flood -------------------------------------------- */

/* 0 or -ENOMEM; then fini, in any case. */
int bench_flood_init(struct bench_core *core);
void bench_flood_fini(struct bench_core *core);

/* With the phase. */
void bench_flood_begin(struct bench_core *core);

/* Each turn of a phase, and each event of a connection that is the flood's. */
void bench_flood_turn(struct bench_core *core);
void bench_flood_event(struct bench_core *core, const struct spt_event *e);

/*
 * The clients of this core have ended; when those of the others have too, so does the flood. True
 * when nothing is left of it.
 */
bool bench_flood_end(struct bench_core *core);

/* Silent connections have odd user pointers. */
static inline bool
bench_flood_owns(const struct spt_event *e)
{
	return (uintptr_t)e->user & 1;
}

/* ---- for both ----------------------------------------------------------------- */

static inline uint32_t
bench_tick(spt_time now)
{
	return (uint32_t)(now >> BENCH_TICK_SHIFT);
}

static inline struct bench_conn *
bench_conn_at(const struct bench_core *core, uint32_t index)
{
	return pool_at(&core->conns, index);
}

/* Requests are due by the clock, not when the one before was answered. */
static inline bool
bench_requests_rated(const struct bench_core *core)
{
	return core->options->mode == MODE_REQUESTS && load_has_rate(&core->load);
}

/* Invariants: NULL, or what is wrong. Slow. */
const char *bench_core_check(const struct bench_core *core);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP on one core, RFC 9293: everything that connections share, and the entry
 * points of the engine. Time, secrets and buffers come from outside.
 */
#ifndef SPT_TCP_TCP_H
#define SPT_TCP_TCP_H

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <septet/septet.h>

#include "../base/pool.h"
#include "../base/ratelimit.h"
#include "../base/rss.h"
#include "../base/siphash.h"
#include "../base/txlist.h"
#include "../flow/flow.h"
#include "../flow/listener.h"
#include "../flow/local.h"
#include "../wheel/fifo.h"
#include "../wheel/wheel.h"
#include "../wire/wire.h"
#include "conn.h"
#include "syncookie.h"

struct steer;

#define TCP_SYN_ACK_STEPS 16 /* most SYN-ACK retransmissions that can be configured */

/* An event slot: what a connection has to tell, until the application takes it. */
struct event_slot {
	struct rte_mbuf *data, *tail;
	uint32_t conn;
	uint32_t bits;
	int32_t reason;
	uint32_t bytes;
	uint32_t acked;
	uint32_t next; /* in the ready list, POOL_NONE ends */
	uint32_t data_mbufs;
	uint32_t listener;
	uint32_t turn; /* in which it was made */
};
SPT_STATIC_ASSERT(sizeof(struct event_slot) <= 64, "one line");

struct tcp_listener {
	uint64_t half_open; /* records at the moment */
	uint32_t backlog;
	uint16_t options; /* option block of its connections */
	bool defer_accept, close_on_fin;
	void *user;
};

#define TCP_SYN_CREDIT 128 /* two bursts, so a burst of SYNs is answered */

#define TCP_SOURCES_MAX 254 /* a byte names one, 0 is none */

/* Local addresses of one family that lie together: indexes of the local table. */
struct source_span {
	uint16_t first, count;
};

#define SOURCE_REMOTES 128 /* whose search a source remembers, for each family; a power of two */

/* Where the search for one remote stands. */
struct source_cursor {
	uint64_t remote;        /* its hash, 0: nobody's */
	uint64_t missed;        /* in a row, since 'freed': none was free */
	uint32_t freed;         /* tcp_source.freed at that time */
	uint32_t address, port; /* the tuple to be looked at next */
	/* The tuple that comes next, and its hash: its bucket is on the way. */
	struct flow_key ahead;
	uint64_t ahead_hash;
} __rte_aligned(64);
SPT_STATIC_ASSERT(sizeof(struct source_cursor) == 64, "one line");

/* What a source has for remotes of one family. */
struct source_family {
	struct source_cursor cursor[SOURCE_REMOTES];
	struct source_span span[LOCAL_RUNS];
	uint32_t n_spans;
	uint32_t addresses;
	/* Steering: the hash of the last pair of addresses */
	uint32_t hash;
	uint32_t hashed;
	struct spt_addr hashed_remote;
};

struct tcp_source {
	bool open;
	uint16_t options; /* option block of its connections */
	uint16_t port_first;
	uint32_t ports;
	uint32_t freed; /* how often a tuple became free: then all are worth a look again */
	uint64_t used, reused;
	struct source_family family[2]; /* IPv6, IPv4 */
};

/* Options as connections use them: in ticks and shifts, shared until spt_conn_set. */
struct option_block {
	struct spt_conn_options set; /* as given, defaults filled in */
	uint32_t references;
	uint8_t rcv_shift; /* Rcv.Wind.Shift that receive_buffer_max wants */
} __rte_aligned(64);

struct delack {
	uint32_t conn, generation, deadline;
};

/*
 * When SYNs are answered by cookies. A window's counts are those at its begin; it is looked at by
 * the first SYN after its end, and while cookies are on by every turn.
 */
struct tcp_defence {
	bool available; /* mode auto or always */
	bool always;
	bool on;        /* for every SYN, not only for what exceeds a backlog */
	uint32_t quiet; /* windows in a row without a reason */
	spt_time window_end;
	uint64_t syns, opened;
	spt_time since; /* of the last change */
	/* for whom it may interest */
	uint64_t sources; /* see struct spt_defence */
	uint16_t laddr, lport;
};

struct tcp_secrets {
	struct siphash_key isn, ts, flow, net, ports, cookie;
};

struct tcp {
	/* this turn */
	spt_time now;
	uint32_t now_tick, now_half, now_ms, now_us;
	uint32_t skipped; /* ticks between turns that no deadline counts: timers.c */
	uint8_t now_epoch;
	uint32_t turn;
	const struct conn *input; /* whose segment is being processed, and its hash */
	uint64_t input_hash;
	struct txlist *out;
	struct spt_stats *stats;
	struct rte_mempool *mbufs;
	bool port_full;      /* more waits for it than it takes: see tcp_set_port */
	uint32_t syn_credit; /* twice the SYNs that may be answered then */
	int link_offset;     /* of struct mbuf_link in an mbuf */
	bool multi_segment;  /* the port takes chains */
	/* The bit of ol_flags of several segments that the port joined; 0: it never does. */
	uint64_t merged;
	/*
	 * Large sends, which the device cuts into segments (TSO): bytes of one at most, 0 where it
	 * does not, so that nobody has to ask; mbufs of one, and of each segment, headers counted.
	 */
	uint32_t most;
	uint16_t most_mbufs, segment_mbufs;

	struct flow_table flows;
	struct pool conns, xfers, half_opens, time_waits, events, options;
	struct pool chunks; /* of scoreboards */
	struct wheel wheel;
	struct fifo syn_ack[TCP_SYN_ACK_STEPS + 1];
	struct fifo time_wait_fifo;

	/* delayed ACKs: a ring in order of deadline; entries may be stale */
	struct delack *delack;
	uint32_t delack_mask, delack_head, delack_tail;

	/* connections with something to send: a ring, each at most once */
	uint32_t *output;
	uint32_t output_mask, output_head, output_tail;

	/* events that wait for the application */
	uint32_t ready_head, ready_tail;

	uint32_t pinned, pinned_limit; /* mbufs in queues */
	uint32_t held_most; /* bytes of one connection that its application may hold: tune.c */

	/* configuration in units of use */
	spt_time rto_initial, rto_min, rto_max, delayed_ack, two_msl;
	uint32_t syn_ack_retries, syn_retries;
	bool timewait_rst_closes;
	uint16_t mtu;
	struct ratelimit rst_limit;
	struct tcp_secrets secrets;
	struct syncookie cookie;
	struct tcp_defence defence;
	uint32_t ts_base; /* ms: of hosts that share a cookie secret TSval is of one clock */
	struct local_table local;
	struct listener_table listeners;
	struct tcp_listener *listener;
	struct tcp_source *source;
	uint32_t n_sources;
	uint64_t source_tuples; /* held by connections and TIME-WAIT records of all sources */
	struct steer *steer;    /* NULL: every flow comes to this engine */
	/* The link's way to a remote address: an index for the transmit stage. */
	uint16_t (*next_hop)(void *context, spt_time now, const struct spt_addr *remote);
	void *next_hop_context;
	size_t bytes_delack, bytes_output, bytes_listener, bytes_source;
};

struct tcp_init {
	const struct spt_config *config; /* defaults filled in */
	uint16_t mtu;
	bool multi_segment;
	uint64_t merged; /* of ol_flags, as in struct tcp */
	uint32_t most;   /* with multi_segment: of large sends, as in struct tcp; else 0 */
	uint16_t most_mbufs, segment_mbufs;
	struct txlist *out;
	struct spt_stats *stats;
	uint16_t (*next_hop)(void *context, spt_time now, const struct spt_addr *remote);
	void *next_hop_context;
	const struct rss *rss; /* NULL: every flow comes to this engine */
};

/* 0, -ENOMEM, or -EINVAL with one line in 'error'. */
int tcp_init(
    struct tcp *t, const struct tcp_init *init, spt_time now, char *error, size_t error_size);
void tcp_fini(struct tcp *t);
uint64_t tcp_footprint(const struct spt_config *config);

/* A new turn begins. */
void tcp_set_now(struct tcp *t, spt_time now);

/*
 * Before segments of a turn: the port took so many frames since the last, and whether it is full.
 * Half of what a full port takes may be answers to SYNs, so that a flood of them leaves room for
 * data.
 */
static inline void
tcp_set_port(struct tcp *t, uint64_t taken, bool full)
{
	t->port_full = full;
	t->syn_credit = (uint32_t)RTE_MIN(t->syn_credit + taken, (uint64_t)TCP_SYN_CREDIT);
}

/*
 * Stage 2 for one segment: bring in what its entry in the flow table leads to, or the record that
 * it will make. 'made' counts those of a burst, by kind of what is made.
 */
static inline void
tcp_prefetch(const struct tcp *t, const struct seg *s, uint32_t made[2])
{
	flow_ref ref = flow_prefetch_entry(&t->flows, s->hash);

	if (ref == FLOW_NONE) {
		if (s->flags & TCP_SYN)
			pool_prefetch(&t->half_opens, made[0]++);
	} else if (flow_ref_kind(ref) == FLOW_HALF_OPEN) {
		pool_prefetch(&t->conns, made[1]++);
	}
}

/* Segment arrives (RFC 9293 3.10.7): takes s->m, returns the verdict. Room for 2 packets in 'out'.
 */
enum spt_verdict tcp_input(struct tcp *t, struct seg *s);

/*
 * Send what connections on the output list have to send, until 'out' is nearly
 * full. Returns whether connections are left.
 */
bool tcp_output_run(struct tcp *t);

/* Time-outs that are due: bounded work, what is left comes with the next turn. */
void tcp_timers_run(struct tcp *t);

/* When tcp_timers_run or tcp_output_run has something to do, or SPT_TIME_NEVER. */
spt_time tcp_next_deadline(const struct tcp *t);

/* Move up to 'max' events to the application. */
unsigned int tcp_events_take(struct tcp *t, struct spt_event *events, unsigned int max);

/*
 * An ICMP error about a segment that we sent with sequence number 'seq' (RFC 5927: must be
 * in flight). 'hard' as RFC 9293 SHLD-26. Returns whether it matched something of ours.
 */
bool tcp_icmp_error(
    struct tcp *t, const struct flow_key *key, uint32_t seq, int error, bool hard, uint32_t mtu);

void tcp_defence_info(const struct tcp *t, struct spt_defence *info);

/* The calls of RFC 9293 3.10.1 to 3.10.6; septet.h documents them under spt_. */
int tcp_listen(
    struct tcp *t, const struct spt_endpoint *local, const struct spt_listen_options *options);
/* -EAGAIN as well: 'out' is full of RSTs; send them and call again. */
int tcp_unlisten(struct tcp *t, int listener, enum spt_unlisten how);
int tcp_source_add(struct tcp *t, const struct spt_source_options *options);
int tcp_source_remove(struct tcp *t, int source);
int tcp_source_info(const struct tcp *t, int source, struct spt_source_info *info);
int tcp_connect(struct tcp *t, int source, const struct spt_endpoint *local,
    const struct spt_endpoint *remote, void *user, spt_conn *conn);
int tcp_send(struct tcp *t, spt_conn conn, struct rte_mbuf *chain, unsigned int flags);
int tcp_receive_done(struct tcp *t, spt_conn conn, uint32_t bytes);
int tcp_shutdown(struct tcp *t, spt_conn conn);
int tcp_close(struct tcp *t, spt_conn conn);
int tcp_abort(struct tcp *t, spt_conn conn);
int tcp_conn_info(struct tcp *t, spt_conn conn, struct spt_conn_info *info);
int tcp_conn_get(struct tcp *t, spt_conn conn, struct spt_conn_options *options);
int tcp_conn_set(struct tcp *t, spt_conn conn, const struct spt_conn_options *options);
int tcp_conn_set_user(struct tcp *t, spt_conn conn, void *user);
unsigned int tcp_walk(
    const struct tcp *t, uint64_t *cursor, struct spt_conn_info *infos, unsigned int max);

const char *tcp_check(const struct tcp *t); /* NULL, or what is wrong. Slow. */

#endif

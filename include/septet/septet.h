/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libseptet: a TCP endpoint (RFC 9293) for one core. The caller owns the loop:
 *
 *	for (;;) {
 *		n = spt_poll(engine, now, events, max);
 *		for (i = 0; i < n; i++)
 *			... spt_send(), spt_receive_done(), spt_close() ...
 *	}
 *
 * An engine and its connections may be touched by one core only. No function
 * here reads a clock, blocks, or calls back. Errors are negative errno values.
 * "data" is payload bytes; times are nanoseconds of the clock given to spt_poll.
 */
#ifndef SEPTET_SEPTET_H
#define SEPTET_SEPTET_H

#include <stddef.h>

#include <septet/port.h>
#include <septet/stats.h>
#include <septet/types.h>

/* ---- configuration ---------------------------------------------------- */

/* A run of local addresses: 'count' consecutive ones from 'first'. */
struct spt_local {
	struct spt_addr first;
	uint32_t count; /* 1 .. 65535 in all */
	uint8_t prefix; /* on-link prefix length within the family: /24, /64 */
};

/*
 * SYN cookies (RFC 4987 3.6): a SYN is answered without a record, what it offered comes back with
 * the ACK. AUTO: for what exceeds a backlog; and for all while records run out, or SYNs come that
 * nobody completes.
 */
enum spt_syn_cookies { SPT_COOKIES_AUTO, SPT_COOKIES_ALWAYS, SPT_COOKIES_NEVER };

/* Behaviour of one core; 0 (or an all-zero field) asks for the default. */
struct spt_config {
	const struct spt_local *local;
	unsigned int n_local;
	struct spt_addr gateway4; /* all zero: none */
	struct spt_addr gateway6;
	struct rte_mempool *pool; /* for what the engine sends; room for frame + 128 */
	int socket;               /* NUMA node of tables, -1 = any */

	uint32_t connections; /* most full connections; 0 = 4096 */
	uint32_t half_open;   /* most half-open records; 0 = as connections */
	uint32_t timewait;    /* most TIME-WAIT records; 0 = 4 x connections */
	uint32_t listeners;   /* 0 = 64 */
	uint32_t sources;     /* of active opens: 0 = 16, at most 254 */
	uint32_t neighbours;  /* 0 = 1024 */
	/*
	 * Most mbufs in queues, 0 = half of 'pool'. Send queues take three quarters of it at most,
	 * one of them what the others leave free; data behind gaps takes half. So peers who hold
	 * theirs full leave room to receive and for those that come later.
	 */
	uint32_t pinned_mbufs;

	uint8_t master_secret[32]; /* every other secret is a PRF of it */
	uint64_t wall_offset;      /* wall-clock ns (since 1970) minus 'now' */
	enum spt_syn_cookies syn_cookies;
	/*
	 * 32 bytes, read at creation; NULL: of this engine alone. Engines with the same complete
	 * each other's handshakes, their wall clocks being less than 16 s apart.
	 */
	const uint8_t *cookie_secret;

	uint32_t msl_ms;          /* 0 = 30000; TIME-WAIT lasts twice that */
	uint32_t rto_initial_ms;  /* 0 = 1000 (RFC 6298 2.1) */
	uint32_t rto_min_ms;      /* 0 = 200; 1000 is RFC 6298 2.4 */
	uint32_t rto_max_ms;      /* 0 = 60000 */
	uint32_t syn_ack_retries; /* 0 = 5 (given up after 63 s) */
	uint32_t syn_retries;     /* of an active open; 0 = 7 (183 s: RFC 9293 MUST-23) */
	uint32_t delayed_ack_ms;  /* 0 = 40; at most 499 (RFC 9293 MUST-40) */
	bool timewait_rst_closes; /* RFC 9293 as written instead of RFC 1337 */
};

/*
 * Per-connection defaults that a listener hands on; spt_conn_set changes one connection.
 * Times are at most a day.
 */
enum spt_congestion {
	SPT_CONGESTION_CUBIC,   /* RFC 9438, with HyStart++ (RFC 9406) */
	SPT_CONGESTION_NEWRENO, /* RFC 5681, 6582 */
	SPT_CONGESTION_ALGORITHMS
};

/* RFC 3168. */
enum spt_ecn {
	SPT_ECN_ACCEPT, /* when the peer asks for it */
	SPT_ECN_ASK,    /* with our SYN too; a SYN that is repeated asks no more (6.1.1.1) */
	SPT_ECN_NEVER
};

struct spt_conn_options {
	uint32_t receive_buffer;        /* bytes offered as window; 0 = 262144 */
	uint32_t send_buffer;           /* bytes unacknowledged and unsent; 0 = 262144 */
	uint32_t user_timeout_ms;       /* data unacknowledged this long ends it; 0 = R2 */
	uint32_t r1_retries;            /* 0 = 3: SOFT_ERROR (RFC 9293 3.8.3) */
	uint32_t r2_ms;                 /* 0 = 100000 */
	uint32_t keepalive_idle_ms;     /* 0 = 7200000 (RFC 9293 MUST-28) */
	uint32_t keepalive_interval_ms; /* 0 = 75000 */
	uint32_t keepalive_probes;      /* 0 = 9 */
	uint32_t fin_wait2_ms;          /* after spt_close; 0 = 60000 */
	uint32_t idle_timeout_ms;       /* nothing received this long: abort; 0 = never */
	uint16_t mss;                   /* largest that we announce; 0 = from the MTU */
	uint8_t dscp;                   /* 0 .. 63 */
	uint8_t ttl;                    /* 0 = 64 */
	bool keepalive;
	bool nodelay; /* Nagle's algorithm off */
	bool no_delayed_ack;
	bool no_timestamps;
	bool no_window_scale;
	bool no_sack; /* neither offered nor accepted (RFC 2018 2); losses as RFC 6582 has it */
	uint8_t congestion; /* enum spt_congestion */
	uint8_t ecn;        /* enum spt_ecn */
	/*
	 * The window that is offered grows with what the application reads in a round trip, from
	 * receive_buffer up to this many bytes; 0 = 4194304, and receive_buffer at least. It is
	 * what the window scale of our SYN is made for, and a unit of that scale (RFC 7323 2.3) is
	 * the least receive_buffer. Equal to receive_buffer: the window stays.
	 */
	uint32_t receive_buffer_max;
};

struct spt_listen_options {
	struct spt_conn_options conn;
	/*
	 * Most half-open records of this listener; 0 = all there are. From three quarters of them
	 * cookies answer: the rest is for SYNs that meet TIME-WAIT.
	 */
	uint32_t backlog;
	bool defer_accept; /* ACCEPTED only when data or FIN is there */
	bool close_on_fin; /* a peer's FIN is answered by ours, as by spt_close */
	void *user;        /* initial user pointer of accepted connections */
};

/*
 * Where active opens come from: local addresses times local ports, and what their
 * connections are like. Zero means the default.
 */
struct spt_source_options {
	struct spt_conn_options conn;
	struct spt_addr first;          /* all zero: every local address of the remote's family */
	uint32_t count;                 /* consecutive local addresses from 'first'; 0 = 1 */
	uint16_t port_first, port_last; /* 0 = 1024 and 65535 */
};

/* ---- engine ----------------------------------------------------------- */

/*
 * Create an engine over 'port' (which must outlive it) at time 'now'.
 * Returns 0, -EINVAL (with one line in 'error'), or -ENOMEM.
 */
int spt_engine_create(const struct spt_config *config, struct spt_port *port, spt_time now,
    struct spt_engine **engine, char *error, size_t error_size);

/* Everything is freed; nothing is sent: abort connections and poll first. NULL is allowed. */
void spt_engine_destroy(struct spt_engine *engine);

/* Bytes of tables and records that 'config' takes, mbufs apart. */
uint64_t spt_engine_footprint(const struct spt_config *config);

/* ---- events ----------------------------------------------------------- */

enum spt_event_bits {
	SPT_ACCEPTED = 1 << 0,    /* a passive open completed: 'listener' */
	SPT_RECEIVED = 1 << 1,    /* 'data' and 'bytes': yours to free or send */
	SPT_SENT = 1 << 2,        /* 'acked' bytes were acknowledged; not after spt_close */
	SPT_WRITABLE = 1 << 3,    /* after -EAGAIN or -ENOBUFS: spt_send takes data again */
	SPT_PEER_CLOSED = 1 << 4, /* the peer's FIN: no more data will come */
	SPT_URGENT = 1 << 5,      /* urgent data announced (RFC 9293 3.8.5) */
	SPT_SOFT_ERROR = 1 << 6,  /* 'reason': R1 reached or ICMP; the connection lives on */
	SPT_CLOSED = 1 << 7,      /* 'reason': the last event of this handle */
	SPT_CONNECTED = 1 << 8,   /* an active open completed */
};

/*
 * Why a connection closed (0: in order): -ECONNRESET RST from the peer; -ETIMEDOUT R2, user
 * time-out, keep-alive, idle time-out or the bound of FIN-WAIT-2; -ECONNABORTED spt_abort, unread
 * or later data at spt_close, or spt_close in SYN-SENT. What the soft error was: -ETIMEDOUT R1
 * reached; -EHOSTUNREACH, -ENETUNREACH or -ECONNREFUSED an ICMP error.
 * Of an active open that never was CONNECTED: -ECONNREFUSED a RST, or a hard ICMP error;
 * -ETIMEDOUT nobody answered (syn_retries, or user_timeout_ms).
 */
struct spt_event {
	spt_conn conn;
	void *user;
	uint32_t events; /* set of enum spt_event_bits */
	int32_t reason;
	struct rte_mbuf *data; /* chain, payload only; pkt_len == bytes */
	uint32_t bytes;
	uint32_t acked;
	uint32_t listener; /* with SPT_ACCEPTED */
};

/*
 * One turn: send what was asked for, receive, process, expire timers, transmit,
 * and hand out up to 'max' events (those of one connection coalesce; what does
 * not fit comes with the next turn). 'now' must not go back.
 * Returns the number of events.
 */
unsigned int spt_poll(
    struct spt_engine *engine, spt_time now, struct spt_event *events, unsigned int max);

/* The earliest time at which spt_poll would do something without a frame arriving. */
spt_time spt_next_deadline(const struct spt_engine *engine);

/* ---- opening and closing (RFC 9293 3.9.1, 3.10.1 to 3.10.5) ------------- */

/*
 * Accept connections to 'local' (all-zero address: every local address of both
 * families). Returns the listener's number >= 0, -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL, -ENOSPC
 * (no listener left) or -ENOMEM (no block of options).
 */
int spt_listen(struct spt_engine *engine, const struct spt_endpoint *local,
    const struct spt_listen_options *options);

enum spt_unlisten { SPT_UNLISTEN_DRAIN, SPT_UNLISTEN_RESET };

/*
 * Stop listening. Half-open records are dropped (RESET: with a RST); accepted
 * connections live on. 0 or -ENOENT.
 */
int spt_unlisten(struct spt_engine *engine, int listener, enum spt_unlisten how);

/*
 * A source of active opens. Returns its number >= 0, -EADDRNOTAVAIL (not all of them are local
 * addresses), -EINVAL, -ENOSPC (no source left) or -ENOMEM.
 */
int spt_source_add(struct spt_engine *engine, const struct spt_source_options *options);

/* No more opens from it; its connections live on. 0 or -ENOENT. */
int spt_source_remove(struct spt_engine *engine, int source);

struct spt_source_info {
	uint64_t
	    tuples; /* local endpoints: addresses times ports, as many for each remote endpoint */
	uint64_t used;    /* by connections and TIME-WAIT records, to all remotes together */
	uint64_t reused;  /* opens that took over a TIME-WAIT record (RFC 6191) */
	uint32_t engines; /* that share them: a device spreads the answers over so many */
};

/* 0 or -ENOENT. */
int spt_source_info(struct spt_engine *engine, int source, struct spt_source_info *info);

/*
 * Active open (RFC 9293 3.10.1): the SYN goes out with the next turn, CONNECTED or CLOSED follows.
 * Data may be queued at once. 'local' NULL: address and port are chosen from the source (RFC 6056),
 * a tuple in TIME-WAIT only if the peer can tell the new connection from the old (RFC 6191); else
 * it is taken as it is, its address one of the source's, any port. 0 and *conn, or nothing
 * happened: -EADDRNOTAVAIL no local endpoint is left for this remote, or no address of its family;
 * -EADDRINUSE 'local' is taken;  -EAGAIN none found yet, ask again (the search is bounded);
 * -ENFILE no connection left; -ENOBUFS the flow table refused; -ENOENT no such source; -EINVAL.
 */
int spt_connect(struct spt_engine *engine, int source, const struct spt_endpoint *local,
    const struct spt_endpoint *remote, void *user, spt_conn *conn);

/*
 * Send our FIN after what is queued and go on receiving. 0, -ESTALE, -ENOTCONN (in SYN-SENT) or
 * -EALREADY when already shut down.
 */
int spt_shutdown(struct spt_engine *engine, spt_conn conn);

/*
 * Close both ways: FIN after what is queued; data that arrives later, or was
 * not received yet, draws a RST (RFC 9293 3.6.1). FIN-WAIT-2 is bounded. CLOSED follows.
 * 0 or -ESTALE.
 */
int spt_close(struct spt_engine *engine, spt_conn conn);

/*
 * RST to the peer (in CLOSING and LAST-ACK none once our FIN is out: RFC 9293 3.10.5), queues
 * dropped, CLOSED with -ECONNABORTED follows. 0 or -ESTALE.
 */
int spt_abort(struct spt_engine *engine, spt_conn conn);

/* ---- data (RFC 9293 3.10.2, 3.10.3) ------------------------------------- */

enum spt_send_flags {
	SPT_PUSH = 1 << 0, /* PSH on the last segment (set anyway when the queue empties) */
	SPT_MORE =
	    1 << 1, /* more follows at once: hold a partial segment (MUST-60: a bounded time) */
	SPT_URGENT_DATA = 1 << 2, /* the urgent pointer points behind this chain */
};

/*
 * Queue a chain of payload. On 0 it belongs to the engine, which never writes
 * into its payload. A chain is taken whole while the send buffer is not full.
 * -EAGAIN: full (WRITABLE follows); -EPIPE: after shutdown; -ESTALE; -EINVAL: empty
 * chain, or one of more mbufs than send queues may ever hold (three quarters of
 * pinned_mbufs); -ENOBUFS: mbuf budget of the core reached (WRITABLE follows). On an
 * error the chain stays the caller's.
 */
int spt_send(struct spt_engine *engine, spt_conn conn, struct rte_mbuf *chain, unsigned int flags);

/* 'bytes' of received data are done with: the window opens. 0, -ESTALE or -EINVAL. */
int spt_receive_done(struct spt_engine *engine, spt_conn conn, uint32_t bytes);

/* An empty mbuf with the headroom that spt_send wants, or NULL. */
struct rte_mbuf *spt_buffer_alloc(struct spt_engine *engine);

/* ---- a connection's options and state ----------------------------------- */

/* RFC 9293 3.3.2. */
enum spt_state {
	SPT_CLOSED_STATE, /* no connection */
	SPT_LISTEN,
	SPT_SYN_SENT,
	SPT_SYN_RECEIVED,
	SPT_ESTABLISHED,
	SPT_FIN_WAIT_1,
	SPT_FIN_WAIT_2,
	SPT_CLOSE_WAIT,
	SPT_CLOSING,
	SPT_LAST_ACK,
	SPT_TIME_WAIT,
};

/* "ESTABLISHED", never NULL. */
const char *spt_state_name(enum spt_state state);

/* A half-open or TIME-WAIT record knows less than a connection: what it has forgotten is 0. */
/* What is done about loss at the moment. */
enum spt_recovery {
	SPT_RECOVERY_OPEN,    /* nothing is known to be lost */
	SPT_RECOVERY_FAST,    /* fast recovery (RFC 6582, RFC 8985) */
	SPT_RECOVERY_TIMEOUT, /* slow start after a retransmission time-out */
	SPT_RECOVERY_CWR,     /* the window shrinks because of ECN (RFC 3168) */
};

struct spt_conn_info {
	enum spt_state state;
	struct spt_endpoint local, remote;
	void *user;
	uint32_t iss, irs;
	uint32_t snd_una, snd_nxt, snd_wnd, snd_max;
	uint32_t rcv_nxt, rcv_wnd;
	uint32_t mss;            /* payload bytes of our largest segment */
	uint32_t path_mtu;       /* IP bytes of that: what path, peer and we take; 0: a record */
	uint32_t cwnd, ssthresh; /* bytes */
	uint32_t srtt_us, rttvar_us, rto_us;
	uint32_t unsent;          /* bytes queued, not sent */
	uint32_t unacked;         /* bytes sent, not acknowledged */
	uint32_t receive_buffer;  /* bytes of window offered at most: as set, or tuned since */
	uint32_t undelivered;     /* bytes received, receive_done not yet called */
	uint32_t out_of_order;    /* bytes queued behind a gap */
	uint32_t urgent;          /* bytes still before the peer's urgent pointer; 0: none */
	uint32_t retransmissions; /* in a row, of the oldest segment */
	uint32_t in_flight; /* of what is unacknowledged, FIN counted: neither SACKed nor lost, */
	uint32_t sacked, lost; /* SACKed, and lost and not yet sent again */
	uint32_t min_rtt_us;   /* over ten seconds; 0: no SACK, or nothing was sent of late */
	enum spt_recovery recovery;
	enum spt_congestion congestion;
	uint8_t snd_wscale, rcv_wscale;
	bool timestamps, sack, ecn; /* agreed on; before the handshake: offered */
	bool syn_retransmitted; /* one SYN of ours was not enough, nor one SYN-ACK of a record */
};

/* 0 or -ESTALE. */
int spt_conn_info(struct spt_engine *engine, spt_conn conn, struct spt_conn_info *info);

/* The options in force, and new ones (mss, timestamps, scaling, SACK and ECN stay as negotiated).
 */
int spt_conn_get(struct spt_engine *engine, spt_conn conn, struct spt_conn_options *options);

/*
 * 0, -ESTALE, -EINVAL, or -ENOMEM when no block for private options is left. A larger
 * receive_buffer is told to the peer at once; while it is left as it was, so is what
 * auto-tuning has made of the window, up to receive_buffer_max.
 */
int spt_conn_set(struct spt_engine *engine, spt_conn conn, const struct spt_conn_options *options);

int spt_conn_set_user(struct spt_engine *engine, spt_conn conn, void *user);

/*
 * Bounded iteration over connections, half-open and TIME-WAIT records: fills up
 * to 'max' infos, advances *cursor (start with 0), returns how many; 0 is the end.
 */
unsigned int spt_engine_walk(const struct spt_engine *engine, uint64_t *cursor,
    struct spt_conn_info *infos, unsigned int max);

void spt_engine_stats(const struct spt_engine *engine, struct spt_stats *stats);

/* What the SYN cookies of an engine are doing (docs/syn-flood.md). */
struct spt_defence {
	bool on;          /* every SYN is answered by one, not only what exceeds a backlog */
	spt_time since;   /* of the last change; 0: there was none */
	uint64_t sources; /* a bit for each 64th of all addresses that asked, while they are on */
	struct spt_endpoint to; /* where the last SYN that got one was for; port 0: none did */
};

void spt_engine_defence(const struct spt_engine *engine, struct spt_defence *defence);

/* Frames received and sent so far: it changes with every turn that did something. Cheap. */
uint64_t spt_engine_frames(const struct spt_engine *engine);

/* Invariants of every module, for tests and debuggers: NULL, or what is wrong. */
const char *spt_engine_check(const struct spt_engine *engine);

#endif

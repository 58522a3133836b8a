/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What TCP remembers: the connection (the TCB of RFC 9293 3.3.1), its transfer
 * block, and the compact records of SYN-RECEIVED and TIME-WAIT. The layout is the
 * performance: docs/layout.md tells which event touches which line.
 */
#ifndef SPT_TCP_CONN_H
#define SPT_TCP_CONN_H

#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include <septet/septet.h>

#include "../base/debug.h"
#include "../base/flow_key.h"
#include "../wheel/fifo.h"
#include "../wheel/wheel.h"
#include "congestion.h"
#include "rack.h"
#include "scoreboard.h"

/* conn.flags: what segments and calls look at all the time. */
enum conn_flag {
	CONN_TIMESTAMPS = 1 << 0, /* negotiated (RFC 7323) */
	CONN_ACK_OWED = 1 << 1,   /* something to acknowledge; may wait for data or the delay */
	CONN_ACK_NOW = 1 << 2,    /* acknowledge with the next output */
	CONN_IN_OUTPUT = 1 << 3,  /* is on the output list */
	CONN_FIN_QUEUED = 1 << 4, /* the application sends no more: FIN after the queue */
	CONN_FIN_SENT = 1 << 5,   /* SND.NXT is beyond our FIN */
	CONN_APP_CLOSED = 1 << 6, /* spt_close: nobody reads any more */
	CONN_NODELAY = 1 << 7,    /* Nagle's algorithm off */
	CONN_NO_DELACK = 1 << 8,
	CONN_WANT_SPACE = 1 << 9, /* spt_send said -EAGAIN: WRITABLE is due */
	CONN_MORE = 1 << 10,      /* SPT_MORE: hold a partial segment */
	CONN_WITHHELD = 1 << 11,  /* memory was short: there is a window that was not told */
	CONN_URG_RCVD = 1 << 12,  /* rcv_up is ahead of what was delivered */
	CONN_URG_SEND = 1 << 13,  /* snd_up is ahead of what is acknowledged */
	CONN_CLOSE_FIN = 1 << 14, /* listener's close_on_fin */
	CONN_OVERRIDE = 1 << 15,  /* the persist timer allows a small segment (MUST-38) */
};

/* conn.timers: which deadlines are armed. */
enum conn_timer {
	TIMER_RTX = 1 << 0,     /* t_rtx: retransmission of the oldest segment */
	TIMER_PERSIST = 1 << 1, /* t_rtx: window probe or small-segment override; never with RTX */
	TIMER_IDLE = 1 << 2,    /* t_idle: keep-alive, FIN-WAIT-2, idle time-out */
	TIMER_DELACK = 1 << 3,  /* t_delack: an entry in the delayed-ACK ring is valid */
	TIMER_SPACE = 1 << 4,   /* t_rtx: look for space after -ENOBUFS; none of the others */
	TIMER_REORDER =
	    1 << 5,           /* t_rtx: RACK's reordering timer; with RTX, whose time is xfer.rto */
	TIMER_PROBE = 1 << 6, /* t_rtx: tail loss probe (RFC 8985 7.2); the same */
};

/* conn.marks: what is looked at rarely. */
enum conn_mark {
	MARK_RTO_SYN = 1 << 0, /* a SYN was lost: RTO starts at 3 s (RFC 6298 5.7) */
	MARK_R1 = 1 << 1,      /* SOFT_ERROR was raised for this series of retransmissions */
	MARK_ENDED = 1 << 2,   /* CLOSED was handed out; the output list still names us */
	MARK_PROBED = 1 << 3,  /* a window probe byte is out */
	MARK_ABORT = 1 << 4,   /* spt_abort: RST with the next output, the handle is stale */
	MARK_SYN = 1 << 5,     /* our SYN is due with the next output */
	MARK_SCALING = 1 << 6, /* before the handshake: window scale was offered, or agreed on */
	MARK_LOST = 1 << 7,    /* with MARK_ABORT: spt_close found unread data, the peer is told */
};

/* conn.features: what both ends agreed on, and ECN's state (RFC 3168 6.1). */
enum conn_feature {
	FEATURE_SACK = 1 << 0, /* both said SACK-permitted (RFC 2018 2); connecting: offered */
	FEATURE_ECN = 1 << 1,  /* negotiated; while connecting: asked for */
	FEATURE_ECE = 1 << 2,  /* CE came: ECE on every ACK until CWR comes (6.1.3) */
	FEATURE_CWR = 1 << 3,  /* the window was reduced: CWR with the next new data (6.1.2) */
	FEATURE_ECN_REDUCED = 1 << 4, /* once a window: no ECE counts before xfer.ecn_end */
	FEATURE_NO_ECT = 1 << 5,      /* a SYN of ours did not ask for ECN: we only echo (6.1.1) */
	FEATURE_PATH = 1 << 6, /* the path takes less than both ends: mss is below option_mss() */
	FEATURE_FAR =
	    1 << 7, /* SND.UNA was 2^31 beyond ISS: what is older cannot be told any more */
};

#define CONN_NO_LISTENER 0xffff

/* A connection: 192 bytes, three lines; the first two are hot. Ticks are the wheel's. */
struct conn {
	/* line 0: key, receive, acknowledge. key.pad is the ACK rate limiter */
	struct flow_key key;
	uint8_t state;  /* enum spt_state */
	uint8_t scales; /* Snd.Wind.Shift in the low, Rcv.Wind.Shift in the high 4 bits */
	uint16_t flags; /* enum conn_flag */
	uint32_t snd_una;
	uint32_t snd_nxt; /* never goes back; retransmission has a cursor of its own */
	uint32_t rcv_nxt;
	uint32_t rcv_adv;       /* right edge advertised: RCV.NXT + RCV.WND */
	int32_t rcv_free;       /* rcv_limit less what spt_receive_done has not seen yet */
	uint32_t snd_wnd;       /* scaled */
	uint32_t snd_wl1;       /* SND.WL2 never exceeds SND.UNA, so it need not be kept */
	uint32_t last_ack_sent; /* Last.ACK.sent (RFC 7323) */
	uint32_t ts_recent;     /* TS.Recent */

	/* line 1: transmit, timers. node.owner: TTL low, traffic class high byte */
	struct wheel_node node;
	void *user;
	uint32_t xfer;  /* transfer block, POOL_NONE when idle */
	uint32_t event; /* event slot of this turn, POOL_NONE */
	uint16_t next_hop;
	uint16_t mss; /* payload bytes of our largest segment (Eff.snd.MSS) */
	uint32_t t_rtx;
	uint32_t generation; /* upper half of the handle */
	uint32_t ts_offset;  /* our TSval is the millisecond clock plus this */
	uint32_t srtt;       /* us, times 8; 0: no sample yet (RFC 6298) */
	uint32_t rttvar;     /* us, times 4; before the first sample: when our SYN was sent, us */
	uint32_t last_rcv;   /* half tick of the last acceptable segment */
	uint8_t timers;      /* enum conn_timer */
	uint8_t backoff;     /* time-outs, or probes, in a row */
	uint8_t features;    /* enum conn_feature */
	uint8_t rcv_epoch;   /* 19.5-hour unit of last_rcv: TS.Recent ages in 24 days */

	/* line 2: cold */
	uint32_t iss, irs;
	uint32_t cwnd, ssthresh; /* bytes */
	uint32_t snd_wnd_max;    /* MAX.SND.WND (RFC 5961 5.2), and for SWS avoidance */
	uint32_t snd_up, rcv_up; /* urgent pointers, absolute */
	uint32_t t_idle;
	uint32_t t_delack;
	uint32_t idle_since; /* half tick of FIN-WAIT-2's begin, or of the last keep-alive probe */
	uint32_t last_send;  /* tick of the last data segment: restart after idle (RFC 5681 4.1) */
	uint32_t unacked_since;   /* half tick from which R2 and the user time-out count */
	uint32_t rcv_limit;       /* bytes of window that we offer at most: receive_buffer, tuned */
	uint16_t options;         /* index of the option block */
	uint16_t listener;        /* number of the listener, or CONN_NO_LISTENER */
	uint16_t mss_peer;        /* the peer's MSS option, or the default (MUST-15) */
	uint8_t keepalive_probes; /* sent without an answer */
	uint8_t marks;            /* enum conn_mark */
	uint8_t retries;          /* retransmissions of the oldest segment: R1 (RFC 9293 3.8.3) */
	uint8_t source;           /* of an active open: its number and 1, else 0 */
	uint8_t congestion : 2;   /* enum spt_congestion */
	uint8_t path_epoch : 6;   /* of the last change of the path MTU, see pmtu.c */
	uint8_t path_acked;       /* largest segment acknowledged, in 64 bytes of payload */
} __rte_aligned(64);
SPT_STATIC_ASSERT(sizeof(struct conn) == 192, "an idle connection is 192 bytes");
SPT_STATIC_ASSERT(offsetof(struct conn, key) == 0, "the flow table compares keys there");
SPT_STATIC_ASSERT(offsetof(struct conn, node) == 64, "transmit state is line 1");
SPT_STATIC_ASSERT(offsetof(struct conn, iss) == 128, "the cold part is line 2");

/* xfer.recovery: RFC 5681, RFC 6675, RFC 8985. */
enum recovery_state {
	RECOVERY_OPEN = SPT_RECOVERY_OPEN,
	RECOVERY_FAST = SPT_RECOVERY_FAST,       /* until SND.UNA reaches 'recover', */
	RECOVERY_TIMEOUT = SPT_RECOVERY_TIMEOUT, /* so is this, */
	RECOVERY_CWR = SPT_RECOVERY_CWR,         /* and this */
};

/* xfer.path: what is watched for the path MTU (pmtu.c). */
enum path_watch {
	PATH_NONE,
	PATH_SIZE,  /* [path_seq - path_len, path_seq): that this size arrives */
	PATH_CLAIM, /* path_seq - 1: a router says that it did not, and path_len would have */
};

/* xfer.forward: F-RTO, RFC 5682 2.1 and 3.1. */
enum forward_state {
	FORWARD_NONE,
	FORWARD_SENT, /* step 2: the first one was sent again, nobody has answered */
	FORWARD_NEW,  /* step 3: it is acknowledged, new data goes out */
};

/* A transfer block: present while data is queued, in flight or out of order. */
struct xfer {
	struct rte_mbuf *sendq, *sendq_tail; /* from the byte at SND.UNA on, linked by mbuf_link */
	struct rte_mbuf *send_next;          /* holds the byte at SND.NXT; NULL: all is sent */
	struct rte_mbuf
	    *rtx_at; /* of the last retransmission: where the next is looked for, or NULL */
	struct rte_mbuf *ooo, *ooo_tail; /* out-of-order queue: runs, sorted, with gaps between */
	uint32_t snd_end;                /* sequence number behind the last byte queued */
	uint32_t recover;                /* RFC 6582 */
	uint32_t rtt_seq;                /* its acknowledgment is an RTT sample, if rtt_timed */
	uint32_t rtt_us;                 /* when it was sent, microseconds */
	uint32_t ooo_bytes;
	uint16_t ooo_mbufs;
	uint16_t ooo_runs; /* elements of the queue: gaps */
	uint32_t send_mbufs;
	uint32_t fin_seq; /* of a FIN that waits behind a gap, if fin_waits */
	uint8_t rtt_timed : 1;
	uint8_t fin_waits : 1;
	uint8_t limited : 1; /* when something was last to be sent, cwnd was what held it back */
	uint8_t forward : 2; /* enum forward_state */
	uint8_t relost;      /* of this recovery: how often what was sent again was lost again */
	uint16_t path_len;   /* payload of the segment that is watched, or that is claimed to fit */

	/* what is out, and how its loss is found and repaired */
	struct scoreboard sb;
	struct rack rack;
	uint32_t rto;     /* tick of the retransmission time-out, while another timer is first */
	uint8_t recovery; /* enum recovery_state */
	uint8_t dup_acks; /* without SACK: in a row (RFC 6582) */
	uint8_t undo : 1; /* undo_* are valid */
	uint8_t undo_timed : 1; /* what acknowledges undo_seq has not come yet (RFC 3522) */
	uint8_t learned : 1;    /* this path lost or reordered: worth keeping while idle */
	uint8_t partial : 1;   /* a partial acknowledgment came: the timer runs on (RFC 6582 3.2) */
	uint8_t dsack_due : 1; /* 'dsack' is to be told */
	uint8_t path : 2;      /* enum path_watch */
	uint8_t tuning : 1;    /* tune_* are valid: the block is kept meanwhile */
	uint8_t n_sack;        /* of 'sack' */
	uint32_t dup_bytes;    /* without SACK: what duplicates say has left the network */
	uint32_t prr_delivered, prr_out, recover_fs; /* PRR (RFC 9937): RecoverFS */
	uint32_t undo_cwnd, undo_ssthresh;
	uint32_t undo_tsval;   /* Eifel (RFC 3522): TSval of the first retransmission */
	uint32_t undo_seq;     /* and its end */
	uint32_t undo_una;     /* where the reduction was made */
	uint32_t undo_retrans; /* retransmissions since that no DSACK told of */
	uint32_t ecn_end;      /* SND.NXT at the last reduction by ECN, if FEATURE_ECN_REDUCED */
	uint32_t acked_us;     /* of the last new acknowledgment: time without growth */

	/* what we say of holes in what came: RFC 2018 4, RFC 2883 4. Newest block first */
	struct sack_block {
		uint32_t start, end;
	} sack[4], dsack;
	uint32_t path_seq; /* if 'path' */

	/* receive window auto-tuning (tune.c): the round that is measured, if 'tuning' */
	uint32_t tune_seq;       /* the application had read up to here when it began */
	uint32_t tune_until;     /* a later echo of TSval ends it; without them: what is beyond */
	uint32_t tune_ms : 20;   /* when it began */
	uint32_t tune_held : 1;  /* it does not count: the application did not read, or a gap */
	uint32_t tune_last : 11; /* what the one before brought, in 8 KiB */

	struct congestion cc, undo_cc;
} __rte_aligned(64);
SPT_STATIC_ASSERT(sizeof(struct xfer) == 384, "six lines");

/* half_open.flags, time_wait.flags */
enum record_flag {
	RECORD_TIMESTAMPS = 1 << 0,
	RECORD_SCALING = 1 << 1,
	RECORD_SACK = 1 << 2,     /* both want it */
	RECORD_ECN = 1 << 3,      /* the peer asked for it, and we agree */
	RECORD_ACKED = 1 << 4,    /* half-open: handshake complete, accept deferred */
	RECORD_SHADOWED = 1 << 5, /* TIME-WAIT: a half-open record stands in the table for it */
	RECORD_COOKIE = 1 << 5,   /* half-open: its ISS, and so its TSval, are a cookie's */
	RECORD_REOPENED = 1 << 6, /* half-open: made from a TIME-WAIT record, which is kept */
	RECORD_RETRIED = 1 << 7,  /* half-open: a SYN-ACK was repeated: RTO 3 s (RFC 6298 5.7) */
};

/* SYN-RECEIVED of a passive open. key.pad is the limiter. */
struct half_open {
	struct flow_key key;
	uint32_t iss, irs;
	uint16_t listener;
	uint16_t mss;   /* the peer's */
	uint16_t wnd;   /* the peer's, of its SYN: never scaled */
	uint8_t flags;  /* enum record_flag */
	uint8_t scales; /* as in conn */
	uint8_t tries;  /* SYN-ACKs sent by the timer */
	uint8_t tos;
	uint16_t next_hop;
	uint32_t ts_recent;
	union {
		uint32_t sent_us;   /* time of the first SYN-ACK; if RECORD_ACKED the RTT */
		uint32_t time_wait; /* if RECORD_REOPENED: the TIME-WAIT record we stand for */
	};
	uint32_t expires; /* tick: next SYN-ACK, or the end */
	struct fifo_link link;
} __rte_aligned(64);
SPT_STATIC_ASSERT(sizeof(struct half_open) == 64, "one line");

/* TIME-WAIT. key.pad is the limiter. */
struct time_wait {
	struct flow_key key;
	uint32_t snd_nxt, rcv_nxt;
	uint32_t ts_recent;
	uint32_t ts_offset;
	uint32_t expires; /* tick */
	struct fifo_link link;
	uint16_t wnd; /* as on the wire */
	uint16_t next_hop;
	uint8_t flags; /* enum record_flag */
	uint8_t ttl;
	uint8_t tos;
	uint8_t source; /* as in conn */
} __rte_aligned(64);
SPT_STATIC_ASSERT(sizeof(struct time_wait) == 64, "one line");

/*
 * What a queue needs to know of an mbuf, in a dynamic field of it: applications
 * may send mbufs of foreign pools, whose private area is not ours.
 */
struct mbuf_link {
	struct rte_mbuf *next;
	uint32_t seq; /* of the first payload byte */
	uint16_t off; /* of that byte in the buffer */
	uint16_t len;
};

static inline uint8_t
conn_snd_shift(const struct conn *c)
{
	return c->scales & 0xf;
}

static inline uint8_t
conn_rcv_shift(const struct conn *c)
{
	return c->scales >> 4;
}

#endif

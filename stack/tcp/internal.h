/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of tcp/ share among themselves: small helpers inline, and one
 * section for each file's functions. Nobody outside tcp/ includes this.
 */
#ifndef SPT_TCP_INTERNAL_H
#define SPT_TCP_INTERNAL_H

#include <errno.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf_dyn.h>
#include <rte_prefetch.h>

#include "../base/addr.h"
#include "../base/debug.h"
#include "../base/seq.h"
#include "tcp.h"

/* Packets that may be appended outside the output loop: replies and timers. */
#define OUTPUT_RESERVE 8
/*
 * Instants that patience counts from are kept in half ticks, rounded down: with the rounding of the
 * timer itself nothing is more than 100 us late. They go round in 39 hours.
 */
#define HALF_TICK_SHIFT (WHEEL_TICK_SHIFT - 1)
/* Expirations of each kind that one turn handles. */
#define TIMER_BUDGET 64
/* Those whose deadline is t_rtx. */
#define TIMERS_OF_RTX (TIMER_RTX | TIMER_PERSIST | TIMER_SPACE | TIMER_REORDER | TIMER_PROBE)
/* Most mbufs that one connection may hold undelivered, or out of order. */
#define UNDELIVERED_MBUFS  32768
#define OUT_OF_ORDER_MBUFS 512
/*
 * So many out of order if they hold so many bytes each in the mean: a wide window. Of less, two
 * and their headers fit into one mbuf.
 */
#define OUT_OF_ORDER_FULL_MBUFS 16384
#define OUT_OF_ORDER_FULL_BYTES 896
/* Runs without a gap: most steps of a search, and what SACK and reordering may leave open. */
#define OUT_OF_ORDER_RUNS 256
/* Behind the one before it what is no longer is copied into its room. */
#define OUT_OF_ORDER_COPY (OUT_OF_ORDER_FULL_BYTES - 1)

/*
 * Objects by index and back, with sizes that the compiler knows: a division by a constant is
 * a multiplication.
 */
#define OBJECT_ACCESS(name, type, pool)                                                            \
	static inline struct type *name##_at(const struct tcp *t, uint32_t index)                  \
	{                                                                                          \
		SPT_ASSERT(index < t->pool.capacity);                                              \
		return (struct type *)t->pool.base + index;                                        \
	}                                                                                          \
                                                                                                   \
	static inline uint32_t name##_index(const struct tcp *t, const struct type *object)        \
	{                                                                                          \
		return (uint32_t)(object - (const struct type *)t->pool.base);                     \
	}

OBJECT_ACCESS(conn, conn, conns)
OBJECT_ACCESS(half_open, half_open, half_opens)
OBJECT_ACCESS(time_wait, time_wait, time_waits)
OBJECT_ACCESS(event, event_slot, events)
OBJECT_ACCESS(xfer, xfer, xfers)
OBJECT_ACCESS(option, option_block, options)

static inline struct xfer *
conn_xfer(const struct tcp *t, const struct conn *c)
{
	return c->xfer == POOL_NONE ? NULL : xfer_at(t, c->xfer);
}

static inline struct option_block *
conn_options(const struct tcp *t, const struct conn *c)
{
	return option_at(t, c->options);
}

static inline struct mbuf_link *
link_of(const struct tcp *t, struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, t->link_offset, struct mbuf_link *);
}

/* Sequence number behind the last byte that the application queued, FIN not counted. */
static inline uint32_t
conn_snd_end(const struct tcp *t, const struct conn *c)
{
	const struct xfer *x = conn_xfer(t, c);

	if (x)
		return x->snd_end;
	return c->flags & CONN_FIN_SENT ? c->snd_nxt - 1 : c->snd_nxt;
}

/*
 * SEG.SEQ of a segment without text: SND.NXT, but never beyond the window, where a peer that
 * follows RFC 9293 3.4 to the letter would drop the acknowledgment with it: while a window probe is
 * out, or after the window shrank.
 */
static inline uint32_t
conn_ack_seq(const struct conn *c)
{
	return c->snd_una + RTE_MIN(c->snd_nxt - c->snd_una, c->snd_wnd);
}

/* All send queues together may pin three quarters of the budget: there is room to receive. */
static inline uint32_t
send_budget(const struct tcp *t)
{
	return t->pinned_limit - t->pinned_limit / 4;
}

/*
 * In flight, RFC 6675's pipe: without SACK each duplicate acknowledgment tells of a segment that
 * has left the network (RFC 5681 3.2).
 */
static inline uint32_t
conn_flight(const struct xfer *x)
{
	return scoreboard_flight(&x->sb) - x->dup_bytes;
}

/*
 * The oldest SEG.ACK that a segment under way may have: SND.UNA - MAX.SND.WND (RFC 5961 5.2), but
 * not before our SYN, before which there was nothing to acknowledge.
 */
static inline uint32_t
conn_oldest_ack(const struct conn *c)
{
	bool young = !(c->features & FEATURE_FAR) && c->snd_una - c->iss < c->snd_wnd_max;

	return young ? c->iss : c->snd_una - c->snd_wnd_max;
}

/* Between that and SND.NXT: else the segment is discarded (RFC 9293 3.10.7.4, fifth). */
static inline bool
conn_ack_can_be(const struct conn *c, uint32_t ack)
{
	return seq_leq(ack, c->snd_nxt) &&
	       (likely(seq_geq(ack, c->snd_una)) || seq_geq(ack, conn_oldest_ack(c)));
}

static inline void
conn_advance_una(struct conn *c, uint32_t ack)
{
	c->snd_una = ack;
	if (unlikely(seq_lt(ack, c->iss)))
		c->features |= FEATURE_FAR;
}

/* What the congestion window leaves. */
static inline uint32_t
conn_cwnd_room(const struct conn *c, const struct xfer *x)
{
	uint32_t flight = conn_flight(x);

	return c->cwnd > flight ? c->cwnd - flight : 0;
}

/*
 * A segment that goes out for the first time needs a record. While the pool is empty none is
 * begun, so that what was sent is never without one.
 */
static inline bool
conn_has_chunk(struct tcp *t)
{
	if (likely(t->chunks.n_free > 0))
		return true;
	t->stats->no_chunk++;
	return false;
}

/*
 * Whether a send queue may take 'n' more mbufs: no more than what the others leave free, so peers
 * that close their windows share the budget evenly with one that comes later.
 */
static inline bool
send_budget_allows(const struct tcp *t, const struct xfer *x, uint32_t n)
{
	uint32_t own = x ? x->send_mbufs : 0;

	return t->pinned + own + n <= send_budget(t);
}

/* RCV.WND as the peer knows it. */
static inline uint32_t
conn_rcv_wnd(const struct conn *c)
{
	return c->rcv_adv - c->rcv_nxt;
}

static inline bool
conn_is_open(const struct conn *c)
{
	return c->state != SPT_CLOSED_STATE;
}

/* RFC 9293 3.3.2: both ends agree on sequence numbers. */
static inline bool
conn_is_synchronized(const struct conn *c)
{
	return c->state >= SPT_ESTABLISHED;
}

/* The keyed hash of a connection: known where its segment is being processed. */
static inline uint64_t
conn_hash(const struct tcp *t, const struct conn *c)
{
	return t->input == c ? t->input_hash : flow_hash(&t->flows, &c->key);
}

/* The peer's FIN has not come yet. */
static inline bool
conn_receives(const struct conn *c)
{
	return c->state == SPT_ESTABLISHED || c->state == SPT_FIN_WAIT_1 ||
	       c->state == SPT_FIN_WAIT_2;
}

/* CLOSING or LAST-ACK, and our FIN is out: it may wait behind data in CLOSING (3.10.4). */
static inline bool
conn_said_all(const struct conn *c)
{
	return (c->state == SPT_CLOSING || c->state == SPT_LAST_ACK) && (c->flags & CONN_FIN_SENT);
}

/* TSval of RFC 7323: milliseconds, offset by a secret of the 4-tuple. */
static inline uint32_t
conn_tsval(const struct tcp *t, const struct conn *c)
{
	return t->now_ms + c->ts_offset;
}

/* The time 'delay' after an instant that was 'age' half ticks ago, at the latest: never early. */
static inline spt_time
instant_after(const struct tcp *t, uint32_t age, spt_time delay)
{
	spt_time half = (t->now >> HALF_TICK_SHIFT) - age;

	return ((half + 1) << HALF_TICK_SHIFT) - 1 + delay;
}

/* Put on the output list, once. */
static inline void
conn_want_output(struct tcp *t, struct conn *c)
{
	if (c->flags & CONN_IN_OUTPUT)
		return;
	c->flags |= CONN_IN_OUTPUT;
	SPT_ASSERT(t->output_tail - t->output_head <= t->output_mask);
	t->output[t->output_tail++ & t->output_mask] = conn_index(t, c);
}

/* The first tick at or after now + delay. */
static inline uint32_t
tcp_deadline(const struct tcp *t, spt_time delay)
{
	return wheel_deadline(t->now, delay) - t->skipped;
}

/* Arm at tick 'deadline' (32-bit, modulo); the wheel is touched only when it is earlier. */
static inline void
conn_wheel(struct tcp *t, struct conn *c, uint32_t deadline)
{
	if (c->node.slot == 0 || seq_lt(deadline, c->node.expires))
		wheel_arm(&t->wheel, conn_index(t, c), deadline);
}

static inline void
conn_timer_set(struct tcp *t, struct conn *c, enum conn_timer which, spt_time delay)
{
	uint32_t deadline = tcp_deadline(t, delay);

	if (which == TIMER_IDLE) {
		c->t_idle = deadline;
		c->timers |= TIMER_IDLE;
	} else {
		c->t_rtx = deadline;
		c->timers = (c->timers & ~TIMERS_OF_RTX) | which;
	}
	conn_wheel(t, c, deadline);
}

static inline void
conn_timer_clear(struct conn *c, unsigned int which)
{
	c->timers &= ~which;
}

/* ---- event.c ---- */
/* The slot of this connection, made and put on the ready list if need be. */
struct event_slot *event_slot(struct tcp *t, struct conn *c);
void event_raise(struct tcp *t, struct conn *c, uint32_t bits);
void event_soft_error(struct tcp *t, struct conn *c, int reason);
/* In-order payload: a chain, and its last mbuf. */
void event_data(struct tcp *t, struct conn *c, struct rte_mbuf *m, struct rte_mbuf *last);

/* ---- isn.c ---- */
uint32_t isn_generate(const struct tcp *t, const struct flow_key *key);
uint32_t ts_offset_generate(const struct tcp *t, const struct flow_key *key);
/* 'shared': 32 bytes of the secrets that several hosts have, or NULL: of 'master'. */
void secrets_derive(struct tcp_secrets *s, const uint8_t master[32], const uint8_t *shared);

/* ---- segment.c: packets that we build ---- */
struct rte_mbuf *segment_alloc(struct tcp *t);
/* 'm', which we own, emptied and ready for headers: itself where possible, else another. */
struct rte_mbuf *segment_reuse(struct tcp *t, struct rte_mbuf *m);
void segment_emit(struct tcp *t, struct rte_mbuf *m, const struct wire_ip *ip,
    const struct wire_tcp *w, uint16_t next_hop);
/* Both of them on a SYN ask for ECN; one alone does not, and ECE alone on a SYN-ACK agrees to it
 * (RFC 3168 6.1.1). */
#define ECN_SETUP_SYN (TCP_ECE | TCP_CWR)
/* With the flags of a segment: text that is sent for the first time, so ECT(0) where ECN was agreed
 * on (RFC 3168 6.1.2, 6.1.5). */
#define SEGMENT_NEW 0x100
/*
 * A segment of a connection; 'm' holds its payload or nothing. ACK, window, timestamps and ECE are
 * added; and SACK blocks, as many as the payload leaves room for below the MSS.
 */
void segment_send(
    struct tcp *t, struct conn *c, struct rte_mbuf *m, uint32_t seq, unsigned int flags);
/*
 * The same for a large send, which the device cuts into segments of 'mss' bytes of payload each:
 * what stands in its header stands in all of theirs, but for PSH.
 */
void segment_send_large(struct tcp *t, struct conn *c, struct rte_mbuf *m, uint32_t seq,
    unsigned int flags, uint32_t mss);
/* A bare segment; written into 's' where possible (then s->m is taken). False: no mbuf. */
bool segment_send_bare(struct tcp *t, struct conn *c, struct seg *s, uint32_t seq, uint8_t flags);
uint32_t segment_window(const struct tcp *t, struct conn *c);
/* The SYN-ACK of a record; into 's' where given. 'tsval' counts with timestamps. */
void segment_send_syn_ack(struct tcp *t, const struct half_open *h, struct seg *s, uint32_t tsval);
/* The SYN of an active open, in SYN-RECEIVED its SYN-ACK; into 's' where given. */
void segment_send_syn(struct tcp *t, struct conn *c, struct seg *s);

/* ---- reply.c: answers that RFC 9293 3.10.7 prescribes ---- */
enum spt_verdict reply_reset(struct tcp *t, struct seg *s, enum spt_verdict v);
/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, rate-limited (RFC 5961 7): takes s->m. */
enum spt_verdict reply_ack_limited(
    struct tcp *t, struct conn *c, struct seg *s, enum spt_verdict v);
void reply_ack_record(struct tcp *t, struct seg *s, uint32_t seq, uint32_t ack, uint16_t wnd,
    bool timestamps, uint32_t tsval, uint32_t ts_recent, uint16_t next_hop);
void reset_send(struct tcp *t, struct conn *c);
void reset_send_record(struct tcp *t, const struct half_open *h);
static inline enum spt_verdict
seg_discard(struct seg *s, enum spt_verdict v)
{
	rte_pktmbuf_free(s->m);
	s->m = NULL;
	return v;
}

/* Was 'm' several segments on the wire, which the port joined (stack/port/merge.c)? */
static inline bool
seg_is_merged(const struct tcp *t, const struct rte_mbuf *m)
{
	return m->ol_flags & t->merged;
}

/* ---- input steps ---- */
enum spt_verdict listen_input(struct tcp *t, struct seg *s); /* listen.c */
enum spt_verdict half_open_input(
    struct tcp *t, struct half_open *h, struct seg *s); /* halfopen.c */
enum spt_verdict time_wait_input(
    struct tcp *t, struct time_wait *w, struct seg *s);                    /* timewait.c */
enum spt_verdict conn_input(struct tcp *t, struct conn *c, struct seg *s); /* input.c */
/* From the ACK step on, for a connection that this segment made. */
enum spt_verdict conn_input_from_ack(struct tcp *t, struct conn *c, struct seg *s); /* input.c */
/* Its first step, and its last three: URG, text, FIN. The last take s->m. */
enum spt_verdict conn_check_sequence(struct tcp *t, struct conn *c, struct seg *s); /* input.c */
enum spt_verdict conn_input_text(struct tcp *t, struct conn *c, struct seg *s);     /* input.c */
enum spt_verdict syn_sent_input(struct tcp *t, struct conn *c, struct seg *s);      /* synsent.c */
enum spt_verdict syn_received_input(struct tcp *t, struct conn *c, struct seg *s);  /* synsent.c */
enum spt_verdict acknowledge_input(
    struct tcp *t, struct conn *c, struct seg *s);                           /* acknowledge.c */
void acknowledge_space(struct tcp *t, struct conn *c);                       /* acknowledge.c */
void acknowledge_await_space(struct tcp *t, struct conn *c);                 /* acknowledge.c */
enum spt_verdict receive_text(struct tcp *t, struct conn *c, struct seg *s); /* receive.c */
enum spt_verdict receive_fin(struct tcp *t, struct conn *c, struct seg *s);  /* receive.c */
void receive_urgent(struct tcp *t, struct conn *c, const struct seg *s);     /* receive.c */
/* In-order payload, a chain and its last mbuf; RCV.NXT moves: takes m. */
void receive_deliver(struct tcp *t, struct conn *c, struct rte_mbuf *m, struct rte_mbuf *last);
/* The peer's FIN stands at RCV.NXT; 's', if not NULL, may be answered in place. */
void receive_fin_in_order(struct tcp *t, struct conn *c, struct seg *s);

/* ---- connect.c ---- */
void connect_output(struct tcp *t, struct conn *c);
void connect_expired(struct tcp *t, struct conn *c);
/* An active open ends before it is open: CLOSED(reason). */
void conn_refuse(struct tcp *t, struct conn *c, int reason);

/* ---- source.c ---- */
struct tcp_source *source_find(const struct tcp *t, int source); /* NULL: there is none */
/*
 * Local endpoint for the remote of 'key': the next free one, or the one asked for. 0 and *old, the
 * TIME-WAIT record that has it, or FLOW_NONE; or the errors of spt_connect.
 */
int source_choose(
    struct tcp *t, struct tcp_source *src, struct flow_key *key, uint64_t *hash, flow_ref *old);
int source_claim(struct tcp *t, struct tcp_source *src, const struct spt_endpoint *local,
    struct flow_key *key, uint64_t *hash, flow_ref *old);
/* A tuple of a source is held, is free again; 'number' as in conn. */
void source_take(struct tcp *t, uint8_t number);
void source_release(struct tcp *t, uint8_t number);

/* ---- listen.c, halfopen.c ---- */
enum spt_verdict listen_syn(struct tcp *t, struct seg *s, int listener, uint32_t tw);
void half_open_remove(struct tcp *t, struct half_open *h);
void half_open_start_timer(struct tcp *t, struct half_open *h);
void half_open_timers(struct tcp *t);
/* Our TSval for a record; 0 without timestamps. */
uint32_t half_open_tsval(const struct tcp *t, const struct half_open *h);
/* 'c' becomes what the record, in a queue or on a stack, and the ACK 's' say; ACCEPTED is raised.
 */
void half_open_establish(
    struct tcp *t, struct conn *c, const struct half_open *h, const struct seg *s);
uint32_t half_open_initial_window(const struct tcp *t, const struct half_open *h);

/* ---- cookie.c ---- */
void cookie_init(struct tcp *t, const struct spt_config *config);
/* Whether this SYN gets a cookie: its listener, or all of us, are short of records. */
bool cookie_wanted(struct tcp *t, const struct tcp_listener *l);
/* A flood ends when nothing comes any more: that is seen by time; and when, if nothing comes. */
void cookie_timers(struct tcp *t);
spt_time cookie_deadline(const struct tcp *t);
/*
 * ISS of a record. While cookies are about it is the one that a cookie would have: the peer may
 * have been answered by one before, and both answers must say the same. Always so for hosts that
 * share a secret: its ACK may come to another.
 */
uint32_t cookie_isn(struct tcp *t, struct half_open *h);
/* The TSval of such a record, which may end before its ACK comes: 'tsval', or a little less. */
uint32_t cookie_tsval(const struct half_open *h, uint32_t tsval);
/*
 * The answer to a SYN, of which 'h' holds everything but ISS; or SPT_V_CONTINUE: its MSS is so
 * small that it takes a record. Takes s->m otherwise.
 */
enum spt_verdict cookie_answer(struct tcp *t, struct half_open *h, struct seg *s);
/* Does it acknowledge a cookie that we issued? */
bool cookie_acknowledged(const struct tcp *t, const struct seg *s, int listener);
/* An ACK for a listener that has no connection. */
enum spt_verdict cookie_input(struct tcp *t, struct seg *s, int listener);

/* ---- reassembly.c ---- */
/* Queue a payload chain that starts at 'seq', ahead of RCV.NXT. Takes it. */
enum spt_verdict reassembly_insert(struct tcp *t, struct conn *c, struct rte_mbuf *m, uint32_t seq);
/* A segment [start, end) came: the first part of it that is queued already is a duplicate. */
void reassembly_repeated(struct tcp *t, struct conn *c, uint32_t start, uint32_t end);
/* Deliver what has become in order. */
void reassembly_drain(struct tcp *t, struct conn *c);
/* Give up what is furthest ahead, at least 'n' mbufs of it: false, nothing, if there are fewer. */
bool reassembly_prune(struct tcp *t, struct conn *c, uint32_t n);
void reassembly_drop(struct tcp *t, struct xfer *x);
/* Cut 'front' bytes and all behind 'keep' from a payload chain; NULL when nothing is left. */
struct rte_mbuf *chain_cut(struct rte_mbuf *m, uint32_t front, uint32_t keep);

/* ---- tune.c: receive window auto-tuning ---- */
#define TUNE_MS_MASK ((UINT32_C(1) << 20) - 1) /* of xfer.tune_ms */
/* How much an application may hold of one connection follows from what is free of the pool. */
void tune_share(struct tcp *t);
/* Bytes that were handed out in earlier turns, and spt_receive_done has not seen. */
static inline uint32_t
conn_held(const struct tcp *t, const struct conn *c)
{
	uint32_t undelivered = c->rcv_limit - (uint32_t)c->rcv_free;

	return c->event == POOL_NONE ? undelivered : undelivered - event_at(t, c->event)->bytes;
}
/* Memory is short, as far as this one goes: no window opens. */
static inline bool
conn_is_pressed(const struct tcp *t, const struct conn *c)
{
	return unlikely(t->pinned >= t->pinned_limit) ||
	       (unlikely(t->held_most != UINT32_MAX) && conn_held(t, c) > t->held_most);
}
/* The application has read 'bytes'. */
void tune_read(struct tcp *t, struct conn *c, uint32_t bytes);
/* 's' filled a gap, and x->tuning. */
void tune_gap(const struct conn *c, struct xfer *x, const struct seg *s);
/* 's' came in order, no gap is left, and x->tuning: the block may go. */
void tune_arrived(struct tcp *t, struct conn *c, struct xfer *x, const struct seg *s);

/* ---- sendq.c ---- */
int sendq_append(struct tcp *t, struct conn *c, struct rte_mbuf *chain);
void sendq_acknowledge(struct tcp *t, struct xfer *x, uint32_t una);
void sendq_drop(struct tcp *t, struct xfer *x);
/* A packet's payload, 'len' bytes from 'seq' found at *at, which moves on. NULL: no mbuf. */
struct rte_mbuf *sendq_take(
    struct tcp *t, struct rte_mbuf **at, uint32_t seq, uint32_t len, unsigned int header);
/*
 * How much of [seq, seq + len), found at 'at', a large send may be that the device cuts every 'mss'
 * bytes: whole segments.
 */
uint32_t sendq_span(
    const struct tcp *t, struct rte_mbuf *at, uint32_t seq, uint32_t len, uint32_t mss);
struct xfer *xfer_get(struct tcp *t, struct conn *c);
void xfer_put_if_idle(struct tcp *t, struct conn *c);
/* No want of blocks: half of them are free, or there is one for each connection. */
bool xfer_plenty(const struct tcp *t);

/* ---- output.c ---- */
/* Our FIN at SND.NXT; into 's' where given. */
void output_fin(struct tcp *t, struct conn *c, struct seg *s);
/* [SND.NXT, SND.NXT + len) of the queue. False: no mbuf, or no record of it. */
bool output_new(struct tcp *t, struct conn *c, struct xfer *x, uint32_t len);
/*
 * 's', which is in the scoreboard, again; if it is lost, with lost ones after it as long as one
 * segment holds them. False: no mbuf, or nothing of it may be sent.
 */
bool output_again(struct tcp *t, struct conn *c, struct xfer *x, struct sent *s);
bool output_conn(struct tcp *t, struct conn *c);
/* The acknowledgment that is owed: now, or into the delayed-ACK ring. */
void output_ack(struct tcp *t, struct conn *c);

/* ---- retransmit.c ---- */
spt_time retransmit_rto(const struct tcp *t, const struct conn *c);
void retransmit_rtt_sample(struct tcp *t, struct conn *c, uint32_t us);
/* When data has been unacknowledged for 'limit'; SPT_TIME_NEVER for that limit. */
spt_time retransmit_due(const struct tcp *t, const struct conn *c, spt_time limit);
void retransmit_back_off(struct conn *c);
void retransmit_r1(struct tcp *t, struct conn *c);
void retransmit_arm(struct tcp *t, struct conn *c);
void retransmit_hasten(struct tcp *t, struct conn *c);
void retransmit_expired(struct tcp *t, struct conn *c);
void persist_arm(struct tcp *t, struct conn *c);
void persist_expired(struct tcp *t, struct conn *c);
void retransmit_one(struct tcp *t, struct conn *c);

/* ---- sack.c: what we tell the peer of holes (RFC 2018 4, RFC 2883 4) ---- */
/* [start, end) came ahead of a gap and is queued: the block that it lies in is told first. */
void sack_out_of_order(const struct tcp *t, struct xfer *x, uint32_t start, uint32_t end);
/* RCV.NXT moved: blocks before it go. */
void sack_advanced(struct xfer *x, uint32_t rcv_nxt);
/* What was queued from 'from' on is gone. */
void sack_dropped(struct xfer *x, uint32_t from);
/* [start, end) came twice: told once, with the next ACK. Takes a transfer block if need be. */
void sack_duplicate(struct tcp *t, struct conn *c, uint32_t start, uint32_t end);
/* What of a segment that is not acceptable came before RCV.NXT is a duplicate. */
void sack_unacceptable(struct tcp *t, struct conn *c, const struct seg *s);
/* Blocks for the segment that is being built, DSACK first; 0 if there are none. */
unsigned int sack_blocks(
    const struct tcp *t, const struct conn *c, struct wire_sack_block blocks[4]);
/* They were told: a DSACK is not repeated. */
void sack_told(struct tcp *t, struct conn *c);
/* Bytes of option that the next segment needs for it: it makes the payload shorter (MUST-16). */
unsigned int sack_option_len(const struct tcp *t, const struct conn *c);

/* ---- recovery.c: what acknowledgments say of loss, and what is done about it ---- */
/* What one acknowledgment says of what is out. */
struct acknowledgment {
	const struct seg *s;
	struct delivery d;
	uint32_t data;   /* bytes that it acknowledges, FIN not counted */
	uint32_t out;    /* before it: SND.NXT - SND.UNA, */
	uint32_t flight; /* and what of that was in flight, */
	uint32_t told;   /* and what had been told to have arrived */
	uint32_t dsack_start, dsack_end;
	bool advances;  /* SND.UNA moves */
	bool duplicate; /* RFC 5681 2 */
	bool dsack;     /* RFC 2883: [dsack_start, dsack_end) came twice */
	bool old;       /* SEG.ACK < SND.UNA: a later one was here first */
};

/* cwnd and ssthresh of a connection that begins. */
void congestion_init(struct conn *c);
const struct congestion_algorithm *congestion_of(const struct conn *c);
/* The scoreboard hears of it, before SND.UNA moves. */
void recovery_told(struct tcp *t, struct conn *c, struct xfer *x, struct acknowledgment *a);
/* What follows from it: for loss, recovery, and the congestion window. SND.UNA has moved. */
void recovery_acknowledged(
    struct tcp *t, struct conn *c, struct xfer *x, const struct acknowledgment *a);
/* The time of the oldest that is out is over. */
void recovery_timeout(struct tcp *t, struct conn *c, struct xfer *x, bool first);
/* All that is not SACKed is sent again, for other reasons than congestion. */
void recovery_resend(struct tcp *t, struct xfer *x);
/* 'len' went out again. */
void recovery_sent_again(struct tcp *t, struct conn *c, struct xfer *x, uint32_t seq, uint32_t len);
/* Before new data, when nothing is out: RFC 5681 4.1. */
void recovery_restart(struct tcp *t, struct conn *c, struct xfer *x);
void reorder_expired(struct tcp *t, struct conn *c);

/* ---- pmtu.c: the path MTU (RFC 1191, RFC 8201, RFC 5927 7, RFC 4821) ---- */
#define PATH_ACKED_SHIFT 6
/* A router says that the segment at 'seq', which is out, was too big; mtu 0: not what would fit. */
void pmtu_told(struct tcp *t, struct conn *c, uint32_t seq, uint32_t mtu);
/* [SND.NXT - len, SND.NXT) went out: whether it arrives tells that its size does. */
static inline void
pmtu_watch(const struct conn *c, struct xfer *x, uint32_t len)
{
	x->path = PATH_SIZE;
	x->path_seq = c->snd_nxt;
	x->path_len = (uint16_t)len;
}
/* The same; it is watched if none as large is known to have arrived. */
static inline void
pmtu_sent(const struct conn *c, struct xfer *x, uint32_t len)
{
	if (unlikely(len >> PATH_ACKED_SHIFT > c->path_acked) && x->path == PATH_NONE)
		pmtu_watch(c, x, len);
}
/* [seq, seq + len) goes out again. */
void pmtu_sent_again(
    const struct tcp *t, struct conn *c, struct xfer *x, uint32_t seq, uint32_t len);
/* What was watched is acknowledged. */
void pmtu_acknowledged(struct tcp *t, struct conn *c, struct xfer *x);
/* The oldest timed out, retries was counted. True: it was too big, the network is not congested. */
bool pmtu_timed_out(struct tcp *t, struct conn *c, struct xfer *x);
/* 'lost' was found to be lost: nothing, if it is a size that was tried and nothing else. */
uint32_t pmtu_tried(struct tcp *t, struct conn *c, struct xfer *x, uint32_t lost);
/*
 * With FEATURE_PATH, before new data: a larger segment, when it is time to try one. False: no data
 * now, until the congestion window has room for it.
 */
bool pmtu_try(struct tcp *t, struct conn *c, struct xfer *x);
/* IP bytes of the largest packet that we send. */
uint32_t pmtu_of(const struct conn *c);
const char *pmtu_check(const struct tcp *t, const struct conn *c, const struct xfer *x);

/* ---- tlp.c: the tail loss probe (RFC 8985 7), and which timer is first ---- */
void probe_arm(struct tcp *t, struct conn *c, struct xfer *x);
void probe_expired(struct tcp *t, struct conn *c);
/* 'which', REORDER or PROBE, 'us' from now, if that is before the time-out. */
void timer_before_rto(
    struct tcp *t, struct conn *c, struct xfer *x, enum conn_timer which, uint32_t us);
/* Neither of both any more. */
void timer_only_rto(struct conn *c, const struct xfer *x);

/* ---- prr.c: RFC 9937 ---- */
void prr_begin(struct xfer *x, uint32_t recover_fs);
void prr_acknowledged(struct conn *c, struct xfer *x, uint32_t delivered, bool safe);

/* ---- undo.c: reductions that were made for nothing ---- */
void undo_begin(struct conn *c, struct xfer *x);
void undo_sent_again(
    const struct tcp *t, const struct conn *c, struct xfer *x, uint32_t seq, uint32_t end);
void undo_acknowledged(
    struct tcp *t, struct conn *c, struct xfer *x, const struct acknowledgment *a);
/* When, milliseconds, the segment was sent whose TSval 's' echoes; false: it does not tell. */
bool undo_echoed(const struct tcp *t, const struct conn *c, const struct seg *s, uint32_t *ms);

/* ---- keepalive.c ---- */
void idle_arm(struct tcp *t, struct conn *c);
void idle_expired(struct tcp *t, struct conn *c);

/* ---- timewait.c ---- */
/* The connection becomes a record; CLOSED is raised. All is acknowledged that has to be. */
void time_wait_enter(struct tcp *t, struct conn *c);
void time_wait_timers(struct tcp *t);
void time_wait_free(struct tcp *t, uint32_t index);
/* A reopened record proved to face an old duplicate SYN: it is TIME-WAIT again. */
void time_wait_restore(struct tcp *t, const struct half_open *h, uint64_t hash);

/* ---- close.c ---- */
/* Give up the TCB: queues dropped, out of the table, CLOSED(reason) raised. */
void conn_finish(struct tcp *t, struct conn *c, int reason);
/* The same without the flow table, whose entry was replaced. */
void conn_release(struct tcp *t, struct conn *c, int reason);
/* CLOSED was handed out: the index is free again. */
void conn_free(struct tcp *t, struct conn *c);
/* RST, then conn_finish. */
void conn_abort(struct tcp *t, struct conn *c, int reason);
void conn_queue_fin(struct tcp *t, struct conn *c);

/* ---- info.c ---- */
void info_conn(const struct tcp *t, const struct conn *c, struct spt_conn_info *info);

/* ---- option.c ---- */
int option_get(struct tcp *t, const struct spt_conn_options *set); /* index or -errno */
void option_hold(struct tcp *t, uint16_t index);
void option_put(struct tcp *t, uint16_t index);
void option_apply(struct tcp *t, struct conn *c);
/* Eff.snd.MSS (MUST-16) as far as both ends go. */
uint16_t option_mss(const struct tcp *t, const struct conn *c);
uint16_t option_mss_announced(const struct tcp *t, const struct option_block *o, bool v4);
int options_defaults(struct spt_conn_options *o);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 9293 3.10.1 to 3.10.6 in their order. Quotations are the RFC's. */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include <lib/packet.h>

#include "oracle_calls.h"
#include "world.h"

/* ---- arithmetic and words ------------------------------------------------------ */

static bool
lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static bool
is_synchronized(const struct user *u)
{
	return u->t.state >= SPT_ESTABLISHED && u->t.state != SPT_TIME_WAIT;
}

static bool
receives(const struct user *u)
{
	return u->t.state == SPT_ESTABLISHED || u->t.state == SPT_FIN_WAIT_1 ||
	       u->t.state == SPT_FIN_WAIT_2;
}

static bool
exists(const struct user *u)
{
	return u->t.state != SPT_CLOSED_STATE && u->t.state != SPT_LISTEN;
}

/* CLOSE was called, by either name. */
static bool
closing(const struct user *u)
{
	return u->fin_due || u->t.fin_sent || u->t.closed;
}

/* ---- what the project decided ---------------------------------------------------- */

/*
 * DESIGN 5: a listener is no connection, and has no handle. So in LISTEN there is no SEND, RECEIVE,
 * CLOSE, ABORT or STATUS by a connection's handle (the listener's number and spt_unlisten take
 * their places), and an active OPEN does not "change the connection from passive to active"
 * (3.10.1): the listener stays and the tuple is a connection of its own, as MUST-42 has it for the
 * other order.
 */
static bool
decision_open_beside_listener(const struct user *u)
{
	return u->t.state == SPT_LISTEN;
}

/*
 * docs/decisions.md, "A tuple in TIME-WAIT is taken over only with timestamps, after a second":
 * RFC 6191 from the opener's side; 3.10.1: "connection already exists".
 */
static bool
decision_open_in_time_wait(const struct user *u)
{
	return u->t.state == SPT_TIME_WAIT && u->agreed_ts && u->old_enough;
}

/*
 * docs/decisions.md, "spt_abort acts at the beginning of the next turn": the handle is stale at
 * once, but until then the tuple is taken.
 */
static bool
decision_tuple_until_the_turn(const struct user *u)
{
	return u->rst_due;
}

/* septet.h, spt_shutdown: -ENOTCONN. The half-close of a connection that is not: 3.10.4 has CLOSE
 * only, which deletes the TCB. */
static int
decision_shutdown_in_syn_sent(void)
{
	return -ENOTCONN;
}

/*
 * 3.10.4, SYN-RECEIVED: "If no SENDs have been issued and there is no pending data to send, then
 * form a FIN segment and send it, and enter FIN-WAIT-1 state; otherwise, queue for processing after
 * entering ESTABLISHED state." It is always queued (tests/script/test_simultaneous.c says so).
 */
static bool
decision_close_in_syn_received(const struct user *u)
{
	return u->t.state == SPT_SYN_RECEIVED;
}

/*
 * 3.10.4, FIN-WAIT-1, FIN-WAIT-2: "Strictly speaking, this is an error ... An 'ok' response would
 * be acceptable, too, as long as a second FIN is not emitted". septet.h: spt_close is ok in every
 * state that has a handle, CLOSING and LAST-ACK too, since the half-close of before was another
 * call; spt_shutdown says -EALREADY.
 */
static int
decision_second_close(bool close)
{
	return close ? 0 : -EALREADY;
}

/*
 * 3.10.5, CLOSING: "Respond with 'ok' and delete the TCB", without a RST, since both sides have
 * said all. Where our FIN waits behind text in CLOSING we have not: a RST as in FIN-WAIT-1
 * (stack/tcp, conn_said_all). The RFC's CLOSING has a FIN that was sent.
 */
static bool
decision_reset_in_closing(const struct user *u)
{
	return !u->t.fin_sent;
}

/*
 * 3.7.4 and 3.8.6.2.1 let the last, partial segment wait; nothing can join it once CLOSE was
 * called: it goes, with the FIN.
 */
static bool
decision_last_segment_does_not_wait(const struct user *u)
{
	return u->fin_due;
}

/* docs/decisions.md, "SEG.SEQ of a bare ACK or RST": not beyond SND.UNA + SND.WND. */
static uint32_t
decision_seq_of_bare(const struct user *u)
{
	uint32_t edge = u->t.snd_una + u->t.snd_wnd;

	return is_synchronized(u) && lt(edge, u->t.snd_nxt) ? edge : u->t.snd_nxt;
}

/* septet.h: a window that a call opened is told at once if it is worth a segment. */
static bool
decision_window_update(const struct user *u, uint32_t opens)
{
	return receives(u) && opens >= RTE_MIN(2 * u->mss, u->receive_buffer / 2);
}

/* ---- what a connection says ---------------------------------------------------------- */

/* 3.8.6.2.2: the edge stays "until RCV.BUFF - RCV.USER - RCV.WND >= min(Fr * RCV.BUFF, MSS)". */
static uint32_t
window_opens(const struct user *u)
{
	int32_t space = (int32_t)(u->receive_buffer - u->unread - u->taken);
	uint32_t edge = u->t.rcv_nxt + (uint32_t)RTE_MAX(space, 0);

	return lt(u->edge, edge) ? edge - u->edge : 0;
}

static void
tell_window(struct user *u)
{
	uint32_t opens = window_opens(u);

	if (opens >= RTE_MIN(u->mss, u->receive_buffer / 2))
		u->edge += opens;
}

static struct said *
say(struct user *u, struct outcome *o, uint8_t flags, uint32_t seq, uint32_t len)
{
	struct said *s = &o->said[o->n_said];

	if (o->n_said < CALL_MAX_SAID - 1)
		o->n_said++;
	tell_window(u);
	*s = (struct said){.flags = flags | P_ACK,
	    .seq = seq,
	    .ack = u->t.rcv_nxt,
	    .len = len,
	    .wnd = u->edge - u->t.rcv_nxt};
	/* 3.10.2: "set the urgent pointer in the outgoing segments" */
	if (u->urgent && lt(seq, u->snd_up) && !(flags & P_RST)) {
		s->flags |= P_URG;
		s->up = (uint16_t)(u->snd_up - seq);
	}
	u->ack_due = false;
	return s;
}

void
oracle_say_ack(struct user *u, struct outcome *o)
{
	say(u, o, 0, decision_seq_of_bare(u), 0);
}

static void
say_syn(struct user *u, struct outcome *o)
{
	struct said *s = &o->said[o->n_said++];
	bool ack = u->t.state == SPT_SYN_RECEIVED;

	u->offered = RTE_MAX(u->offered, RTE_MIN(u->receive_buffer, 65535u));
	u->edge = u->t.rcv_nxt + u->offered;
	u->syn_due = false;
	*s = (struct said){.flags = ack ? P_SYN | P_ACK : P_SYN,
	    .seq = u->t.iss,
	    .ack = ack ? u->t.rcv_nxt : 0,
	    .wnd = u->offered,
	    .new_iss = !ack || !u->t.active};
}

/* What of the queue may go now: a full segment, or the last, 3.7.4 and 3.8.6.2.1. 0: nothing. */
static uint32_t
segment_length(const struct user *u)
{
	int32_t usable = (int32_t)(u->t.snd_una + u->t.snd_wnd - u->t.snd_nxt);
	uint32_t len;

	if (u->unsent == 0 || usable <= 0)
		return 0;
	len = RTE_MIN(RTE_MIN(u->unsent, (uint32_t)usable), u->mss);
	if (len == u->mss)
		return len;
	/* every SEND is pushed, unless it promised more (MUST-61) */
	if (len == u->unsent && !u->more &&
	    (u->nodelay || u->t.snd_una == u->t.snd_nxt || decision_last_segment_does_not_wait(u)))
		return len;
	return 0;
}

static void
fin_sent(struct user *u)
{
	u->t.fin_sent = true;
	u->fin_due = false;
	u->t.snd_nxt++;
	if (u->t.state == SPT_CLOSE_WAIT) /* "then send a FIN segment, enter LAST-ACK state" */
		u->t.state = SPT_LAST_ACK;
}

/* "Segmentize the buffer and send it with a piggybacked acknowledgment." */
static void
say_text(struct user *u, struct outcome *o)
{
	uint32_t len;

	while ((len = segment_length(u)) > 0) {
		uint32_t edge = u->t.snd_una + u->t.snd_wnd, seq = u->t.snd_nxt;
		bool last = len == u->unsent, fin = last && u->fin_due && lt(seq + len, edge);

		say(u, o, (last ? P_PSH : 0) | (fin ? P_FIN : 0), seq, len);
		u->t.snd_nxt += len;
		u->unsent -= len;
		if (fin)
			fin_sent(u);
	}
	/* "until all preceding SENDs have been segmentized, then form a FIN segment and send it" */
	if (u->fin_due && u->unsent == 0 && lt(u->t.snd_nxt, u->t.snd_una + u->t.snd_wnd)) {
		say(u, o, P_FIN, u->t.snd_nxt, 0);
		fin_sent(u);
	}
}

static void
say_reset(struct user *u, struct outcome *o)
{
	bool ended = u->t.state == SPT_CLOSING || u->t.state == SPT_LAST_ACK;

	/* 3.10.5: in SYN-SENT, CLOSING and LAST-ACK the TCB is deleted without a segment */
	if (u->rst_due && u->t.state != SPT_SYN_SENT &&
	    (!ended || decision_reset_in_closing(u) || u->lost))
		say(u, o, P_RST, decision_seq_of_bare(u), 0);
	oracle_finish(u, o, -ECONNABORTED, "3.10.5: <SEQ=SND.NXT><CTL=RST>; delete the TCB");
}

static void
hand_out(struct user *u, struct outcome *o)
{
	o->events |= u->pending;
	if (u->pending & SPT_CLOSED)
		o->reason = u->reason;
	o->acked += u->acked;
	o->delivered += u->unread + u->left;
	u->taken += u->unread;
	u->unread = u->left = 0;
	u->pending = 0;
	u->acked = 0;
}

void
oracle_turn(struct user *u, struct outcome *o)
{
	if (u->rst_due)
		say_reset(u, o);
	if (u->syn_due)
		say_syn(u, o);
	if (is_synchronized(u)) {
		say_text(u, o);
		if (u->ack_due)
			oracle_say_ack(u, o);
	}
	if (!u->deaf)
		hand_out(u, o);
}

void
oracle_override(struct user *u, struct outcome *o)
{
	u->more = false;
	o->cites = "3.8.6.2.1 (4), MUST-60: not buffered indefinitely";
	oracle_turn(u, o);
}

/* ---- 3.10.1, OPEN --------------------------------------------------------------------- */

static void
begin(struct user *u)
{
	oracle_user_renew(u);
	u->t = (struct tcb){.state = SPT_SYN_SENT, .active = true, .snd_nxt = 1};
	u->handle = u->syn_due = true;
	u->user = u->opener;
}

static int
open_active(struct user *u, struct outcome *o)
{
	uint32_t old_nxt = u->t.snd_nxt;
	bool again = u->t.state == SPT_TIME_WAIT, used = u->t.irs != 0;

	if (!u->source) {
		o->cites = "septet.h, spt_connect: no such source";
		return -ENOENT;
	}
	if ((exists(u) && !decision_open_in_time_wait(u)) || decision_tuple_until_the_turn(u)) {
		o->cites = "3.10.1: error: connection already exists";
		return -EADDRINUSE;
	}
	o->cites = "3.10.1, CLOSED: a SYN segment is issued, enter SYN-SENT";
	if (decision_open_beside_listener(u))
		o->cites = "3.10.1, LISTEN; DESIGN 5: beside the listener";
	begin(u);
	u->reopened = again;
	u->old_nxt = old_nxt;
	if (used)
		u->peer_iss += SECOND_PEER_SYN;
	return 0;
}

/* MUST-41: "either creates a new connection record in LISTEN state, or it returns an error". */
static int
open_passive(struct user *u, bool any, struct outcome *o)
{
	bool *listens = any ? &u->listens_any : &u->listens_here;

	o->cites = "3.9.1.1, MUST-41, MUST-42; 3.10.1: passive: enter the LISTEN state";
	if (*listens || (any && u->listens && u->well_known))
		return -EADDRINUSE;
	*listens = true;
	if (u->t.state == SPT_CLOSED_STATE && !u->rst_due)
		u->t.state = SPT_LISTEN;
	return 0;
}

/* ---- 3.10.2, SEND ------------------------------------------------------------------------ */

uint32_t
oracle_amount(const struct user *u, enum call call)
{
	switch ((int)call) {
	case CALL_SEND:
	case CALL_SEND_PUSH:
	case CALL_SEND_MORE:
	case CALL_SEND_URGENT: return CALL_SEND_LEN;
	case CALL_SEND_LONG: return CALL_LONG_LEN;
	case CALL_DONE: return RTE_MAX(u->taken, 1u);
	case CALL_DONE_PART: return RTE_MAX(u->taken / 2, 1u);
	case CALL_DONE_EARLY: return u->taken + 1;
	case CALL_DONE_MORE: return u->taken + u->unread + 1;
	default: return 0;
	}
}

static int
send_text(struct user *u, enum call call, struct outcome *o)
{
	uint32_t n = oracle_amount(u, call);

	if (!u->handle) {
		o->cites = "3.10.2, CLOSED: error: connection does not exist";
		return -ESTALE;
	}
	if (closing(u)) {
		o->cites = "3.10.2, FIN-WAIT-1 to TIME-WAIT: error: connection closing";
		return -EPIPE;
	}
	if (n == 0) {
		o->cites = "septet.h, spt_send: empty chain";
		return -EINVAL;
	}
	if (u->unsent + oracle_in_flight(u) >= u->send_buffer) {
		o->cites = "3.10.2: error: insufficient resources";
		u->full = true;
		return -EAGAIN;
	}
	o->cites = "3.10.2: queue the data; in ESTABLISHED, CLOSE-WAIT: segmentize and send";
	u->unsent += n;
	u->more = call == CALL_SEND_MORE;
	/* "If the URGENT flag is set, then SND.UP <- SND.NXT": behind what was queued */
	if (call == CALL_SEND_URGENT) {
		u->urgent = true;
		u->snd_up = u->t.snd_nxt + u->unsent;
	}
	return 0;
}

/* ---- 3.10.3, RECEIVE ------------------------------------------------------------------------ */

/*
 * Events are RECEIVEs that are always queued: nothing is "insufficient". In CLOSE-WAIT and later
 * they are "satisfied by data already on hand". spt_receive_done frees the buffer.
 */
static int
receive_done(struct user *u, enum call call, struct outcome *o)
{
	uint32_t n = oracle_amount(u, call);

	if (!u->handle) {
		o->cites = "3.10.3, CLOSED: error: connection does not exist";
		return -ESTALE;
	}
	o->cites = "septet.h, spt_receive_done: of received data; 3.8.6.2.2";
	if (n > u->taken)
		return -EINVAL;
	u->taken -= n;
	if (decision_window_update(u, window_opens(u)))
		u->ack_due = true;
	return 0;
}

/* ---- 3.10.4, CLOSE ----------------------------------------------------------------------------
 */

static void
queue_fin(struct user *u, struct outcome *o)
{
	u->fin_due = true;
	u->more = false;
	u->full = false; /* nothing more can be sent: there is nothing to be writable for */
	if (u->t.state == SPT_ESTABLISHED)
		u->t.state = SPT_FIN_WAIT_1;
	o->cites = decision_close_in_syn_received(u)
	               ? "3.10.4, SYN-RECEIVED: queue for processing after ESTABLISHED"
	               : "3.10.4, ESTABLISHED: FIN-WAIT-1 in any case; CLOSE-WAIT: queue this";
}

static int
close_half(struct user *u, struct outcome *o)
{
	o->cites = "3.10.4: error: connection does not exist";
	if (!u->handle)
		return -ESTALE;
	if (u->t.state == SPT_SYN_SENT) {
		o->cites = "septet.h, spt_shutdown";
		return decision_shutdown_in_syn_sent();
	}
	o->cites = "3.10.4, FIN-WAIT-1 and later: error: connection closing";
	if (closing(u))
		return decision_second_close(false);
	queue_fin(u, o);
	return 0;
}

static int
close_both(struct user *u, struct outcome *o)
{
	o->cites = "3.10.4: error: connection does not exist";
	if (!u->handle)
		return -ESTALE;
	if (u->t.closed) {
		o->cites = "3.10.4: ok, no second FIN";
		return decision_second_close(true);
	}
	if (u->t.state == SPT_SYN_SENT) {
		oracle_finish(u, o, -ECONNABORTED, "3.10.4, SYN-SENT: delete the TCB");
		return 0;
	}
	/* 3.6.1, SHLD-3: "while received data is still pending ... send a RST" */
	if (u->unread > 0 || u->held > 0) {
		u->handle = false;
		u->rst_due = u->lost = true;
		o->cites = "3.6.1, SHLD-3: CLOSE while data is unread: a RST";
		return 0;
	}
	u->t.closed = true;
	if (!u->fin_due && !u->t.fin_sent)
		queue_fin(u, o);
	else
		o->cites = "3.10.4: ok, no second FIN";
	u->full = false;
	return 0;
}

/* ---- 3.10.5, ABORT -------------------------------------------------------------------------- */

static int
abort_it(struct user *u, struct outcome *o)
{
	o->cites = "3.10.5, CLOSED: error: connection does not exist";
	if (!u->handle)
		return -ESTALE;
	u->handle = false;
	u->rst_due = true;
	o->cites = "3.10.5: a RST, unless SYN-SENT, CLOSING, LAST-ACK; delete the TCB";
	return 0;
}

/* ---- septet.h: options, listeners, sources ----------------------------------------------------
 */

static int
set_options(struct user *u, enum call call, struct outcome *o)
{
	o->cites = "septet.h, spt_conn_set";
	if (!u->handle)
		return -ESTALE;
	if (call == CALL_SET_WRONG)
		return -EINVAL;
	if (call == CALL_SET_NODELAY)
		u->nodelay = true; /* 3.7.4, MUST-17: off on an individual connection */
	else if (call == CALL_SET_LARGER)
		u->receive_buffer = CALL_LARGER;
	else if (call == CALL_SET_SMALLER)
		u->receive_buffer = CALL_SMALLER; /* SHLD-14: not taken back */
	/* 3.8.6.2.2: a window that opens so far is told, whatever opened it */
	if (call == CALL_SET_LARGER && decision_window_update(u, window_opens(u)))
		u->ack_due = true;
	return 0;
}

/* CLOSE and ABORT in LISTEN, of the listener; its half-open records go. */
static int
stop_listening(struct user *u, bool reset, struct outcome *o)
{
	o->cites = "3.10.4, 3.10.5, LISTEN: delete the TCB; septet.h, spt_unlisten";
	if (!u->listens)
		return -ENOENT;
	u->listens = false;
	if (u->t.state == SPT_LISTEN && u->well_known && !u->listens_any && !u->listens_here)
		u->t.state = SPT_CLOSED_STATE;
	if (u->t.state == SPT_SYN_RECEIVED && !u->t.active) {
		if (reset)
			say(u, o, P_RST, u->t.snd_nxt, 0);
		u->t.state = u->listens_any || u->listens_here ? SPT_LISTEN : SPT_CLOSED_STATE;
	}
	return 0;
}

static int
remove_source(struct user *u, struct outcome *o)
{
	o->cites = "septet.h, spt_source_remove: its connections live on";
	if (!u->source)
		return -ENOENT;
	u->source = false;
	return 0;
}

static int
set_user(struct user *u, struct outcome *o)
{
	o->cites = "septet.h, spt_conn_set_user";
	if (!u->handle)
		return -ESTALE;
	u->user = &u->opener; /* any other pointer; the test translates */
	return 0;
}

void
oracle_call(struct user *u, enum call call, struct outcome *o)
{
	switch (call) {
	case CALL_NONE:
	case CALL_RECEIVE: o->rc = 0; break; /* a turn: see the caller */
	case CALL_OPEN: o->rc = open_active(u, o); break;
	case CALL_LISTEN_ANY: o->rc = open_passive(u, true, o); break;
	case CALL_LISTEN_HERE: o->rc = open_passive(u, false, o); break;
	case CALL_SEND:
	case CALL_SEND_PUSH:
	case CALL_SEND_MORE:
	case CALL_SEND_URGENT:
	case CALL_SEND_LONG:
	case CALL_SEND_EMPTY: o->rc = send_text(u, call, o); break;
	case CALL_DONE:
	case CALL_DONE_PART:
	case CALL_DONE_EARLY:
	case CALL_DONE_MORE: o->rc = receive_done(u, call, o); break;
	case CALL_CLOSE: o->rc = close_both(u, o); break;
	case CALL_SHUTDOWN: o->rc = close_half(u, o); break;
	case CALL_ABORT: o->rc = abort_it(u, o); break;
	case CALL_STATUS:
		o->cites = "3.10.6: STATUS";
		o->rc = u->handle ? 0 : -ESTALE;
		break;
	case CALL_SET_NODELAY:
	case CALL_SET_LARGER:
	case CALL_SET_SMALLER:
	case CALL_SET_WRONG: o->rc = set_options(u, call, o); break;
	case CALL_SET_USER: o->rc = set_user(u, o); break;
	case CALL_DRAIN: o->rc = stop_listening(u, false, o); break;
	case CALL_RESET: o->rc = stop_listening(u, true, o); break;
	case CALL_NO_SOURCE: o->rc = remove_source(u, o); break;
	case N_CALLS: break;
	}
}

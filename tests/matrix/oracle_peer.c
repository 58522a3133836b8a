/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an orderly peer says to the connection of oracle_calls.h, and what comes of it by RFC 9293
 * 3.10.7; and what STATUS (3.10.6) tells of it. What any segment does in any state is oracle.c's.
 */
#include <errno.h>

#include <rte_common.h>

#include <lib/packet.h>

#include "oracle_calls.h"
#include "world.h"

#define PEER_MSS 1400

static bool
lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

uint32_t
oracle_in_flight(const struct user *u)
{
	bool syn = u->t.state > SPT_LISTEN && u->t.snd_una == u->t.iss;
	bool fin = u->t.fin_sent && u->t.snd_una != u->t.snd_nxt;

	return u->t.snd_nxt - u->t.snd_una - syn - fin;
}

void
oracle_finish(struct user *u, struct outcome *o, int reason, const char *cites)
{
	bool listens = (u->listens && u->well_known) || u->listens_any || u->listens_here;

	u->t.state = listens ? SPT_LISTEN : SPT_CLOSED_STATE;
	u->handle = false;
	u->syn_due = u->rst_due = u->lost = u->ack_due = false;
	u->pending |= SPT_CLOSED;
	u->reason = reason;
	/* What was held behind a gap goes; what is on hand is handed out with the event. */
	u->held = 0;
	o->cites = cites;
}

/* septet.h, SPT_SENT: not after spt_close; of events CLOSED only. */
static void
decision_events_after_close(struct user *u, uint32_t events)
{
	u->pending |= u->t.closed ? events & SPT_CLOSED : events;
}

/*
 * septet.h, SPT_WRITABLE: "after -EAGAIN or -ENOBUFS: spt_send takes data again". So neither after
 * a shutdown nor before there is space.
 */
static void
decision_writable(struct user *u)
{
	if (!u->full || u->unsent + oracle_in_flight(u) >= u->send_buffer)
		return;
	u->full = false;
	u->pending |= SPT_WRITABLE;
}

/* DESIGN 5, TIME-WAIT: CLOSED comes with the entry, the record has no handle. */
static void
decision_time_wait_is_closed(struct user *u, struct outcome *o)
{
	oracle_finish(u, o, 0, "3.10.7.4, fifth, eighth: enter the TIME-WAIT state");
	u->t.state = SPT_TIME_WAIT;
}

/* ---- 3.10.7 ------------------------------------------------------------------------ */

/* Our SYN was acknowledged. */
static void
opened(struct user *u, struct outcome *o)
{
	u->t.snd_una = u->t.iss + 1;
	u->t.snd_wnd = PEER_WINDOW;
	u->handle = true;
	u->t.state = u->fin_due ? SPT_FIN_WAIT_1 : SPT_ESTABLISHED;
	decision_events_after_close(u, u->t.active ? SPT_CONNECTED : SPT_ACCEPTED);
	decision_writable(u);
	o->cites = "3.10.7.3, fourth; 3.10.7.4, fifth: ESTABLISHED; what was queued goes out";
}

/* fifth: the ACK field. */
static void
acknowledged(struct user *u, uint32_t ack, uint32_t wnd, struct outcome *o)
{
	uint32_t before = oracle_in_flight(u);

	o->cites = "3.10.7.4, fifth";
	u->t.snd_una = ack;
	u->t.snd_wnd = wnd;
	before -= oracle_in_flight(u);
	if (before > 0) {
		decision_events_after_close(u, SPT_SENT);
		u->acked += u->t.closed ? 0 : before;
	}
	if (u->urgent && !lt(ack, u->snd_up))
		u->urgent = false;
	decision_writable(u);
	if (!u->t.fin_sent || u->t.snd_una != u->t.snd_nxt)
		return;
	if (u->t.state == SPT_FIN_WAIT_1)
		u->t.state = SPT_FIN_WAIT_2;
	else if (u->t.state == SPT_CLOSING)
		decision_time_wait_is_closed(u, o);
	else if (u->t.state == SPT_LAST_ACK)
		oracle_finish(u, o, 0, "3.10.7.4, fifth, LAST-ACK: delete the TCB, CLOSED");
}

/* seventh: the text is taken; an acknowledgment is due. */
static void
text(struct user *u, uint32_t len, struct outcome *o)
{
	u->t.rcv_nxt += len;
	u->unread += len;
	u->pending |= SPT_RECEIVED;
	u->ack_due = true;
	o->cites = "3.10.7.4, seventh";
}

/* eighth: in FIN-WAIT-1 and FIN-WAIT-2 nothing of ours could ride on the acknowledgment. */
static void
fin(struct user *u, struct outcome *o)
{
	u->t.rcv_nxt++;
	if (lt(u->edge, u->t.rcv_nxt))
		u->edge = u->t.rcv_nxt;
	decision_events_after_close(u, SPT_PEER_CLOSED);
	o->cites = "3.10.7.4, eighth";
	if (u->t.state == SPT_ESTABLISHED) {
		u->t.state = SPT_CLOSE_WAIT;
		u->ack_due = true;
		return;
	}
	oracle_say_ack(u, o);
	if (u->t.state == SPT_FIN_WAIT_1)
		u->t.state = SPT_CLOSING;
	else
		decision_time_wait_is_closed(u, o);
}

/* ---- the peer's segments ------------------------------------------------------------ */

static void
peer_syn(struct user *u, bool ack, struct arrival *s, struct outcome *o)
{
	s->flags = ack ? P_SYN | P_ACK : P_SYN;
	s->seq = u->peer_iss;
	u->t.irs = u->peer_iss;
	u->t.rcv_nxt = u->peer_iss + 1;
	u->agreed_ts = u->peer_ts;
	u->mss = PEER_MSS - (u->agreed_ts ? 12 : 0);
	u->t.snd_wnd = PEER_WINDOW;
	if (u->t.state == SPT_SYN_SENT) {
		u->edge = u->t.rcv_nxt + u->offered;
		u->t.state = SPT_SYN_RECEIVED;
		u->syn_due = !ack;
		u->ack_due = ack;
		if (ack)
			opened(u, o);
		return;
	}
	/* passive: a record, which has no handle yet */
	oracle_user_renew(u);
	u->t = (struct tcb){.state = SPT_SYN_RECEIVED,
	    .irs = s->seq,
	    .rcv_nxt = s->seq + 1,
	    .snd_wnd = PEER_WINDOW};
	u->agreed_ts = u->peer_ts;
	u->mss = PEER_MSS - (u->agreed_ts ? 12 : 0);
	u->edge = u->t.rcv_nxt + WORLD_WINDOW;
	o->said[o->n_said++] = (struct said){
	    .flags = P_SYN | P_ACK, .ack = u->t.rcv_nxt, .wnd = WORLD_WINDOW, .new_iss = true};
	o->cites = "3.10.7.2, third: <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>";
}

static void
peer_text(struct user *u, enum peer_step step, struct arrival *s, struct outcome *o)
{
	s->seq = u->t.rcv_nxt;
	s->ack = u->t.snd_una;
	s->wnd = u->t.snd_wnd;
	s->len = 100;
	if (step == PEER_FILL)
		s->len = u->edge - u->t.rcv_nxt;
	if (step == PEER_URGENT) {
		s->len = 10;
		s->flags |= P_URG;
		s->up = 30;
		u->rcv_up = s->seq + 30;
		u->peer_urgent = true;
		u->pending |= SPT_URGENT;
	}
	if (step == PEER_GAP) {
		s->len = 10;
		text(u, 10 + u->held, o);
		u->held = 0;
	} else if (step == PEER_AHEAD) {
		s->seq += 10;
		s->len = u->held = 20;
		oracle_say_ack(u, o);
	} else {
		text(u, s->len, o);
	}
	if (u->peer_urgent && !lt(u->t.rcv_nxt, u->rcv_up))
		u->peer_urgent = false;
}

static void
peer_stray(struct arrival *s, struct outcome *o)
{
	s->seq = 1000000;
	s->ack = 2000000;
	s->wnd = PEER_WINDOW;
	o->said[o->n_said++] = (struct said){.flags = P_RST, .seq = s->ack};
	o->cites = "3.10.7.1, 3.10.7.2: <SEQ=SEG.ACK><CTL=RST>";
}

void
oracle_peer(struct user *u, enum peer_step step, struct arrival *s, struct outcome *o)
{
	*s = (struct arrival){.flags = P_ACK,
	    .seq = u->t.rcv_nxt,
	    .ack = u->t.snd_nxt,
	    .wnd = step == PEER_SHUT ? 0 : PEER_WINDOW};
	switch (step) {
	case PEER_SYN:
	case PEER_SYN_ACK: peer_syn(u, step == PEER_SYN_ACK, s, o); break;
	case PEER_ACK:
	case PEER_SHUT:
	case PEER_OPEN:
		if (u->t.state == SPT_SYN_RECEIVED)
			opened(u, o);
		else
			acknowledged(u, s->ack, s->wnd, o);
		break;
	case PEER_DATA:
	case PEER_FILL:
	case PEER_AHEAD:
	case PEER_GAP:
	case PEER_URGENT: peer_text(u, step, s, o); break;
	case PEER_FIN:
	case PEER_FIN_ACK:
		s->flags |= P_FIN;
		s->wnd = u->t.snd_wnd;
		if (step == PEER_FIN)
			s->ack = u->t.snd_una;
		else
			acknowledged(u, s->ack, s->wnd, o);
		fin(u, o);
		break;
	case PEER_STRAY: peer_stray(s, o); break;
	}
}

void
oracle_iss(struct user *u, uint32_t iss)
{
	uint32_t moved = iss - u->t.iss;

	u->t.iss = u->t.snd_una = iss;
	u->t.snd_nxt = iss + 1;
	u->snd_up += moved;
}

/* ---- 3.10.6 ---------------------------------------------------------------------------- */

/* "Return 'state = ...' and the TCB pointer": the variables of 3.3.1. */
bool
oracle_status(const struct user *u, struct spt_conn_info *info)
{
	*info = (struct spt_conn_info){
	    .state = u->t.state,
	    .user = u->user,
	    .iss = u->t.iss,
	    .irs = u->t.irs,
	    .snd_una = u->t.snd_una,
	    .snd_nxt = u->t.snd_nxt,
	    .snd_max = u->t.snd_nxt,
	    .snd_wnd = u->t.snd_wnd,
	    .rcv_nxt = u->t.rcv_nxt,
	    .rcv_wnd = u->t.state == SPT_SYN_SENT ? u->offered : u->edge - u->t.rcv_nxt,
	    .mss = u->mss,
	    .unsent = u->unsent,
	    .unacked = oracle_in_flight(u),
	    .undelivered = u->unread + u->taken,
	    .out_of_order = u->held,
	    .urgent = u->peer_urgent ? u->rcv_up - u->t.rcv_nxt : 0,
	    .timestamps = u->agreed_ts,
	};
	return u->handle;
}

/*
 * docs/decisions.md, DESIGN 4: records of 64 bytes keep what their state needs; TIME-WAIT has no
 * ISS, IRS, user, send window.
 */
static void
decision_record_forgets(struct spt_conn_info *info)
{
	if (info->state == SPT_TIME_WAIT) {
		info->iss = info->irs = info->snd_wnd = info->mss = 0;
		info->rcv_wnd = 0;
	}
	info->user = NULL;
	info->unsent = info->undelivered = info->out_of_order = info->urgent = 0;
}

bool
oracle_walk(const struct user *u, struct spt_conn_info *info)
{
	oracle_status(u, info);
	if (u->t.state == SPT_TIME_WAIT || (u->t.state == SPT_SYN_RECEIVED && !u->t.active))
		decision_record_forgets(info);
	return u->t.state != SPT_CLOSED_STATE && u->t.state != SPT_LISTEN;
}

void
oracle_user_renew(struct user *u)
{
	struct user was = *u;

	*u = (struct user){.peer_ts = was.peer_ts,
	    .deaf = was.deaf,
	    .send_buffer = WORLD_SEND_BUFFER,
	    .receive_buffer = WORLD_WINDOW,
	    .peer_iss = was.peer_iss,
	    .left = was.left + was.unread, /* handed out with the CLOSED of before */
	    .pending = was.pending,
	    .reason = was.reason,
	    .acked = was.acked,
	    .listens = was.listens,
	    .listens_any = was.listens_any,
	    .listens_here = was.listens_here,
	    .well_known = was.well_known,
	    .source = was.source,
	    .opener = was.opener};
}

void
oracle_user_init(struct user *u, bool well_known, bool peer_ts, void *opener)
{
	*u = (struct user){.t = {.state = well_known ? SPT_LISTEN : SPT_CLOSED_STATE},
	    .peer_ts = peer_ts,
	    .listens = true,
	    .well_known = well_known,
	    .source = true,
	    .opener = opener};
}

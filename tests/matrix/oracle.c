/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 9293 3.10.7 in its order. A step returns true when it has dealt with the segment. Quotations
 * are the RFC's; "3.10.7.4, first" names a section and its step.
 */
#include <errno.h>

#include <lib/packet.h>

#include "oracle.h"

/* ---- arithmetic (RFC 9293 3.4) --------------------------------------------- */

static bool
lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static bool
leq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static uint32_t
seg_len(const struct arrival *s)
{
	return s->len + !!(s->flags & P_SYN) + !!(s->flags & P_FIN);
}

/* RCV.NXT =< seq < RCV.NXT+RCV.WND */
static bool
in_window(const struct tcb *t, uint32_t seq)
{
	return leq(t->rcv_nxt, seq) && lt(seq, t->rcv_nxt + t->rcv_wnd);
}

static bool
receives_text(enum spt_state state)
{
	return state == SPT_ESTABLISHED || state == SPT_FIN_WAIT_1 || state == SPT_FIN_WAIT_2;
}

/* ---- answers ------------------------------------------------------------------ */

static bool
drop(struct expectation *e, const char *cites)
{
	e->cites = cites;
	return true;
}

/*
 * docs/decisions.md, "SEG.SEQ of a bare ACK or RST": SND.NXT, but not beyond the window, where the
 * peer would drop what the segment says.
 */
static uint32_t
decision_seq_of_bare(const struct tcb *t)
{
	uint32_t edge = t->snd_una + t->snd_wnd;
	bool synchronized = t->state >= SPT_ESTABLISHED && t->state != SPT_TIME_WAIT;

	return synchronized && lt(edge, t->snd_nxt) ? edge : t->snd_nxt;
}

/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
static bool
answer_ack(struct expectation *e, const char *cites)
{
	e->reply = REPLY_ACK;
	e->reply_seq = decision_seq_of_bare(&e->after);
	e->reply_ack = e->after.rcv_nxt;
	return drop(e, cites);
}

/* An acknowledgment that something may ride on: the latest numbers count (MUST-58). */
static void
owe_ack(struct expectation *e, enum reply when)
{
	if (e->reply != REPLY_ACK)
		e->reply = when;
	e->reply_seq = decision_seq_of_bare(&e->after);
	e->reply_ack = e->after.rcv_nxt;
}

/* <SEQ=SEG.ACK><CTL=RST> */
static bool
answer_rst(struct expectation *e, const struct arrival *s, const char *cites)
{
	e->reply = REPLY_RST;
	e->reply_seq = s->ack;
	return drop(e, cites);
}

/* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
static bool
answer_rst_ack(struct expectation *e, const struct arrival *s, const char *cites)
{
	e->reply = REPLY_RST_ACK;
	e->reply_seq = 0;
	e->reply_ack = s->seq + seg_len(s);
	return drop(e, cites);
}

/* <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> */
static bool
answer_syn_ack(struct expectation *e, const char *cites)
{
	e->reply = REPLY_SYN_ACK;
	e->reply_seq = e->after.iss;
	e->reply_ack = e->after.rcv_nxt;
	return drop(e, cites);
}

static bool
closed(struct expectation *e, int reason, bool any_reason, const char *cites)
{
	e->after.state = SPT_CLOSED_STATE;
	e->events |= SPT_CLOSED;
	e->reason = reason;
	e->any_reason = any_reason;
	return drop(e, cites);
}

/* ---- what the project decided ---------------------------------------------------- */

/*
 * docs/decisions.md, "a bare ACK exactly at RCV.NXT + RCV.WND": accepted by connections; the letter
 * of 3.4, table 6, says no.
 */
static bool
decision_ack_at_the_edge(const struct tcb *t, const struct arrival *s)
{
	bool record = t->state == SPT_TIME_WAIT || (t->state == SPT_SYN_RECEIVED && !t->active);

	return !record && s->len == 0 && s->seq == t->rcv_nxt + t->rcv_wnd &&
	       (s->flags & (P_ACK | P_SYN | P_FIN | P_RST)) == P_ACK;
}

/*
 * docs/decisions.md, "text or FIN on the SYN", of passive and of simultaneous opens: not kept,
 * IRS + 1 is acknowledged and the peer repeats the rest. 3.10.7.2 third and 3.10.7.3 fourth: queue
 * them.
 */
static void
decision_only_the_syn_is_taken(struct expectation *e)
{
	e->after.rcv_nxt = e->after.irs + 1;
}

/*
 * DESIGN 6, "in SYN-RECEIVED: repeated SYN: SYN-ACK again", instead of the ACK that 3.10.7.4,
 * first, has for every segment before the window: our SYN-ACK was lost, and an ACK would not serve.
 * A SYN without the TSopt of the first one is not that SYN: a SYN-ACK to it could not have TSopt
 * either (RFC 7323 3.2).
 */
static bool
decision_syn_again(const struct tcb *t, const struct arrival *s, struct expectation *e)
{
	if ((s->flags & (P_SYN | P_ACK | P_RST)) != P_SYN || s->seq != t->irs ||
	    (t->timestamps && !s->has_ts))
		return false;
	return answer_syn_ack(e, "DESIGN 6, in SYN-RECEIVED: repeated SYN: SYN-ACK again");
}

/*
 * docs/decisions.md, "SYN-ACK in SYN-RECEIVED whose SEG.SEQ is IRS" of a simultaneous open: its ACK
 * counts, and it is acknowledged (figure 7); by the letter of 3.10.7.4, first, it is not
 * acceptable.
 */
static bool
decision_syn_ack_of_figure_7(const struct tcb *t, const struct arrival *s)
{
	return t->state == SPT_SYN_RECEIVED && t->active && s->seq == t->irs &&
	       (s->flags & (P_SYN | P_ACK | P_RST)) == (P_SYN | P_ACK);
}

/*
 * In SYN-RECEIVED the text has two answers to an ACK of what was not sent: an ACK (3.10.7.4, fifth,
 * RFC 5961 5.2, which comes first) and <SEQ=SEG.ACK><CTL=RST> (3.5.2, group 2, of every
 * non-synchronized state, and the state's own paragraph). DESIGN 6, "wrong ACK: RST, record
 * stays": the RFC's recovery from half-open connections (figure 9) lives by it.
 */
static bool
decision_range_check_when_synchronized(const struct tcb *t)
{
	return t->state != SPT_SYN_RECEIVED;
}

/*
 * docs/decisions.md, "window of a segment that advances SND.UNA": always taken; 3.10.7.4, fifth:
 * only if SND.WL1 allows.
 */
static bool
decision_window_of_an_advance(bool advances)
{
	return advances;
}

/*
 * docs/decisions.md, "text or FIN behind the peer's FIN": ignored. 3.10.7.4 eighth has RCV.NXT
 * advance over every FIN and acknowledge it, in states whose seventh step ignores text.
 */
static bool
decision_second_fin(enum spt_state state)
{
	return !receives_text(state);
}

/*
 * 3.6.1, SHLD-3: "if new data is received after CLOSE is called, its TCP implementation SHOULD send
 * a RST to show that data was lost". docs/decisions.md, "an abort's segment": with ACK and RCV.NXT,
 * where 3.10.5 has <SEQ=SND.NXT><CTL=RST>.
 */
static void
decision_text_after_close(struct expectation *e)
{
	e->reply = REPLY_RST_ACK;
	e->reply_seq = decision_seq_of_bare(&e->after);
	e->reply_ack = e->after.rcv_nxt;
	closed(e, -ECONNABORTED, false, "3.6.1, SHLD-3: new data after CLOSE: a RST");
}

/* septet.h: after CLOSE the user hears of CLOSED only. */
static void
decision_events_after_close(struct expectation *e)
{
	if (e->after.closed)
		e->events &= SPT_CLOSED;
}

/* docs/decisions.md, "RST in TIME-WAIT": ignored (RFC 1337); 3.10.7.4, second: closes. */
static bool
decision_rst_in_time_wait(const struct arrival *s, struct expectation *e)
{
	return (s->flags & P_RST) && drop(e, "RFC 1337 3: RST in TIME-WAIT is ignored");
}

/*
 * docs/decisions.md, "FIN in TIME-WAIT": before the sequence check, which it cannot pass, the
 * repeated FIN is acknowledged and restarts 2MSL (3.10.7.4, fifth and eighth).
 */
static bool
decision_fin_in_time_wait(const struct tcb *t, const struct arrival *s, struct expectation *e)
{
	if (!(s->flags & P_FIN) || s->seq + seg_len(s) != t->rcv_nxt)
		return false;
	e->restarts_2msl = true;
	return answer_ack(e, "3.10.7.4, fifth, TIME-WAIT: acknowledge it, and restart 2MSL");
}

/*
 * 3.10.7.4, fifth: "The only thing that can arrive in this state is a retransmission of the remote
 * FIN. Acknowledge it, and restart the 2 MSL timeout." What is acceptable is no such
 * retransmission: DESIGN 6, nothing else restarts 2MSL. It is acknowledged, but for an ACK at
 * RCV.NXT (docs/decisions.md, "ACK in TIME-WAIT"), which says that all is well and asks nothing.
 */
static bool
decision_time_wait(const struct tcb *t, const struct arrival *s, struct expectation *e)
{
	if (seg_len(s) == 0 && s->seq == t->rcv_nxt)
		return drop(e, "docs/decisions.md: an ACK at RCV.NXT in TIME-WAIT asks nothing");
	return answer_ack(e, "3.10.7.4, fifth, TIME-WAIT: acknowledge it");
}

/*
 * RFC 6191 2, which 3.10.7.4, first and fourth, refer to; DESIGN 6: an acceptable SYN reopens,
 * others draw a challenge ACK. A SYN with ACK opens nothing (3.10.7.2, second).
 */
static bool
decision_syn_in_time_wait(const struct tcb *t, const struct arrival *s, struct expectation *e)
{
	bool younger;

	if (!(s->flags & P_SYN))
		return false;
	if (t->timestamps && s->has_ts && s->tsval != t->ts_recent)
		younger = lt(t->ts_recent, s->tsval);
	else if (!t->timestamps && s->has_ts)
		younger = true;
	else
		younger = leq(t->rcv_nxt, s->seq); /* "larger than the last sequence number" */
	if ((s->flags & P_ACK) || !younger)
		return answer_ack(e, "3.10.7.4, fourth; RFC 5961 4.2: challenge ACK");
	e->after.state = SPT_SYN_RECEIVED;
	e->after.irs = s->seq;
	decision_only_the_syn_is_taken(e);
	e->new_iss = true;
	return answer_syn_ack(e, "RFC 6191 2; 3.6.1, MAY-2: the SYN of a new incarnation");
}

/*
 * 3.10.7.4, first: "If the RCV.WND is zero, no segments will be acceptable, but special allowance
 * should be made to accept valid ACKs, URGs, and RSTs" (3.4, MUST-66). Valid is what begins at
 * RCV.NXT, as a window probe does: its text and FIN are left out, and it is answered as what is not
 * acceptable. TIME-WAIT waits for no ACK: there it is not acceptable, no more.
 */
static bool
decision_probe(const struct tcb *t, struct arrival *s)
{
	if (t->state <= SPT_SYN_SENT || t->state == SPT_TIME_WAIT || t->rcv_wnd > 0 ||
	    s->seq != t->rcv_nxt || seg_len(s) == 0)
		return false;
	if (!(s->flags & P_RST) && (s->flags & (P_SYN | P_ACK)) != P_ACK)
		return false;
	s->len = 0;
	s->flags &= (uint8_t) ~(P_SYN | P_FIN);
	return true;
}

/*
 * docs/decisions.md, "text or FIN behind the peer's FIN": ignored. With a closed window 3.10.7.4,
 * first, has such a segment answered by an ACK; fifth has CLOSING ignore it.
 */
static bool
decision_probe_behind_fin(enum spt_state state)
{
	return decision_second_fin(state);
}

/*
 * RFC 7323 3.2: a non-RST segment without the TSopt agreed to SHOULD be dropped silently. RFC
 * 5961 4.2 MUSTs an answer to every SYN, which never had to have agreed to anything.
 */
static bool
decision_syn_without_timestamp(const struct arrival *s)
{
	return s->flags & P_SYN;
}

/* ---- 3.10.7.1 to 3.10.7.3 ---------------------------------------------------------- */

static void
closed_state(const struct arrival *s, struct expectation *e)
{
	if (s->flags & P_RST)
		drop(e, "3.10.7.1: a segment containing a RST is discarded");
	else if (s->flags & P_ACK)
		answer_rst(e, s, "3.10.7.1: <SEQ=SEG.ACK><CTL=RST>");
	else
		answer_rst_ack(e, s, "3.10.7.1: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>");
}

static void
listen_state(const struct arrival *s, struct expectation *e)
{
	if (s->flags & P_RST) {
		drop(e, "3.10.7.2, first: an incoming RST should be ignored");
	} else if (s->flags & P_ACK) {
		answer_rst(e, s, "3.10.7.2, second: any acknowledgment is bad");
	} else if (s->flags & P_SYN) {
		e->after.state = SPT_SYN_RECEIVED;
		e->after.irs = s->seq;
		decision_only_the_syn_is_taken(e);
		e->new_iss = true;
		answer_syn_ack(e, "3.10.7.2, third: <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>");
	} else {
		drop(e, "3.10.7.2, fourth: drop the segment and return");
	}
}

static void text_and_fin(const struct arrival *s, struct expectation *e);

static bool
syn_sent_ack(const struct arrival *s, struct expectation *e)
{
	const struct tcb *t = &e->after;

	if (!(s->flags & P_ACK) || (lt(t->iss, s->ack) && leq(s->ack, t->snd_nxt)))
		return false;
	if (s->flags & P_RST)
		return drop(e, "3.10.7.3, first: unless the RST bit is set, if so drop");
	return answer_rst(e, s, "3.10.7.3, first: <SEQ=SEG.ACK><CTL=RST>");
}

static void
syn_sent_syn(const struct arrival *s, struct expectation *e)
{
	struct tcb *t = &e->after;

	t->rcv_nxt = s->seq + 1;
	t->irs = s->seq;
	/* "Set the variables"; where the ACK came too the window is as new. */
	t->snd_wnd = s->wnd;
	t->snd_wl1 = s->seq;
	t->snd_wl2 = s->ack;
	if (!(s->flags & P_ACK)) {
		t->state = SPT_SYN_RECEIVED;
		decision_only_the_syn_is_taken(e);
		answer_syn_ack(e, "3.10.7.3, fourth: otherwise, enter SYN-RECEIVED");
		return;
	}
	t->snd_una = s->ack;
	t->state = SPT_ESTABLISHED;
	e->events |= SPT_CONNECTED;
	answer_ack(e, "3.10.7.3, fourth: our SYN has been ACKed: ESTABLISHED, form an ACK");
	/* "continue processing at the sixth step under Section 3.10.7.4" */
	text_and_fin(s, e);
}

static void
syn_sent_state(const struct arrival *s, struct expectation *e)
{
	if (syn_sent_ack(s, e))
		return;
	if (s->flags & P_RST) {
		if (s->flags & P_ACK)
			closed(e, -ECONNREFUSED, false, "3.10.7.3, second: the ACK was acceptable");
		else
			drop(e, "3.10.7.3, second: otherwise (no ACK), drop the segment");
		return;
	}
	if (s->flags & P_SYN)
		syn_sent_syn(s, e);
	else
		drop(e, "3.10.7.3, fifth: neither SYN nor RST: drop the segment");
}

/* ---- 3.10.7.4, first to fourth --------------------------------------------------------- */

/* Table 6. */
static bool
acceptable(const struct tcb *t, const struct arrival *s)
{
	uint32_t len = seg_len(s);

	if (t->rcv_wnd == 0)
		return len == 0 && s->seq == t->rcv_nxt;
	if (len == 0)
		return in_window(t, s->seq);
	return in_window(t, s->seq) || in_window(t, s->seq + len - 1);
}

/* RFC 7323 3.2, and 5.3, R1: before the sequence number. */
static bool
timestamp(const struct arrival *s, struct expectation *e)
{
	const struct tcb *t = &e->after;

	if (!t->timestamps || (s->flags & P_RST))
		return false;
	if (s->has_ts)
		return lt(s->tsval, t->ts_recent) &&
		       answer_ack(e, "RFC 7323 5.3, R1: not acceptable: an ACK in reply");
	return !decision_syn_without_timestamp(s) &&
	       drop(e, "RFC 7323 3.2: silently drop a segment without TSopt");
}

static bool
first_sequence(const struct arrival *s, struct expectation *e)
{
	const struct tcb *t = &e->after;

	if (acceptable(t, s) || decision_ack_at_the_edge(t, s))
		return false;
	if (s->flags & P_RST)
		return drop(e, "3.10.7.4, first: unless the RST bit is set, if so drop");
	return answer_ack(e, "3.10.7.4, first: not acceptable: <SEQ=SND.NXT><ACK=RCV.NXT>");
}

static bool
second_rst(const struct arrival *s, struct expectation *e)
{
	struct tcb *t = &e->after;

	if (!(s->flags & P_RST))
		return false;
	/* RFC 5961 3.2: it is the sequence number that counts, not what text would cover. */
	if (!in_window(t, s->seq) && s->seq != t->rcv_nxt)
		return drop(e, "3.10.7.4, second, 1): outside the window, silently drop");
	if (s->seq != t->rcv_nxt)
		return answer_ack(e, "3.10.7.4, second, 3): in the window: challenge ACK");
	switch ((int)t->state) {
	case SPT_SYN_RECEIVED:
		if (t->active)
			return closed(e, -ECONNREFUSED, false,
			    "3.10.7.4, second, SYN-RECEIVED: active: connection refused");
		t->state = SPT_LISTEN;
		return drop(e, "3.10.7.4, second, SYN-RECEIVED: passive: return to LISTEN");
	case SPT_ESTABLISHED:
	case SPT_FIN_WAIT_1:
	case SPT_FIN_WAIT_2:
	case SPT_CLOSE_WAIT:
		return closed(
		    e, -ECONNRESET, false, "3.10.7.4, second: general connection reset signal");
	default: return closed(e, 0, true, "3.10.7.4, second: CLOSING, LAST-ACK: CLOSED");
	}
}

static bool
fourth_syn(const struct arrival *s, struct expectation *e)
{
	struct tcb *t = &e->after;

	if (!(s->flags & P_SYN))
		return false;
	if (t->state != SPT_SYN_RECEIVED || t->active)
		return answer_ack(e, "3.10.7.4, fourth; RFC 5961 4.2: challenge ACK");
	/* Of a segment whose text only reaches into the window: */
	if (!in_window(t, s->seq))
		return answer_ack(e, "3.10.7.4, fourth: the SYN is not in the window: an ACK");
	t->state = SPT_LISTEN;
	return drop(e, "3.10.7.4, fourth, SYN-RECEIVED: passive: return to LISTEN");
}

/* ---- 3.10.7.4, fifth ---------------------------------------------------------------------- */

/* The segment is idealized: it begins at RCV.NXT, unless it lies ahead. */
static uint32_t
idealized_seq(const struct tcb *t, const struct arrival *s)
{
	return lt(s->seq, t->rcv_nxt) ? t->rcv_nxt : s->seq;
}

static void
take_window(struct tcb *t, const struct arrival *s, bool advances)
{
	uint32_t seq = idealized_seq(t, s);

	if (decision_window_of_an_advance(advances) || lt(t->snd_wl1, seq) ||
	    (t->snd_wl1 == seq && leq(t->snd_wl2, s->ack))) {
		t->snd_wnd = s->wnd;
		t->snd_wl1 = seq;
		t->snd_wl2 = s->ack;
	}
}

static bool
fifth_syn_received(const struct arrival *s, struct expectation *e)
{
	struct tcb *t = &e->after;

	if (!lt(t->snd_una, s->ack) || !leq(s->ack, t->snd_nxt))
		return answer_rst(e, s, "3.10.7.4, fifth, SYN-RECEIVED; 3.5.2, group 2: RST");
	t->state = SPT_ESTABLISHED;
	t->snd_una = s->ack;
	t->snd_wnd = s->wnd;
	t->snd_wl1 = idealized_seq(t, s);
	t->snd_wl2 = s->ack;
	e->events |= t->active ? SPT_CONNECTED : SPT_ACCEPTED;
	e->cites = "3.10.7.4, fifth, SYN-RECEIVED: enter ESTABLISHED and continue";
	return false;
}

/* "Do the same processing as for the ESTABLISHED state." */
static void
fifth_established(const struct arrival *s, struct expectation *e)
{
	struct tcb *t = &e->after;
	bool advances = lt(t->snd_una, s->ack);

	if (lt(s->ack, t->snd_una)) {
		e->cites = "3.10.7.4, fifth: a duplicate ACK can be ignored";
		return;
	}
	e->cites = "3.10.7.4, fifth: SND.UNA =< SEG.ACK =< SND.NXT";
	t->snd_una = s->ack;
	take_window(t, s, advances);
}

/* Nothing was sent before our SYN. A record of TIME-WAIT does not know any more where that was. */
uint32_t
oracle_oldest_ack(const struct tcb *t)
{
	bool young = t->state != SPT_TIME_WAIT && t->snd_una - t->iss < t->max_snd_wnd;

	return young ? t->iss : t->snd_una - t->max_snd_wnd;
}

static bool
fifth_ack(const struct arrival *s, struct expectation *e)
{
	struct tcb *t = &e->after;

	if (!(s->flags & P_ACK))
		return drop(e, "3.10.7.4, fifth: if the ACK bit is off, drop the segment");
	if (decision_range_check_when_synchronized(t) &&
	    (lt(s->ack, oracle_oldest_ack(t)) || lt(t->snd_nxt, s->ack)))
		return answer_ack(
		    e, "3.10.7.4, fifth; RFC 5961 5.2: outside the range: discarded, an ACK");
	if (t->state == SPT_SYN_RECEIVED)
		return fifth_syn_received(s, e);
	if (t->state == SPT_TIME_WAIT)
		return decision_time_wait(&e->after, s, e);
	fifth_established(s, e);
	if (!t->fin_sent || t->snd_una != t->snd_nxt) {
		if (t->state == SPT_CLOSING)
			return drop(e, "3.10.7.4, fifth, CLOSING: otherwise, ignore the segment");
		return false;
	}
	if (t->state == SPT_FIN_WAIT_1) {
		t->state = SPT_FIN_WAIT_2;
		e->cites = "3.10.7.4, fifth, FIN-WAIT-1: enter FIN-WAIT-2 and continue";
	} else if (t->state == SPT_CLOSING) {
		t->state = SPT_TIME_WAIT;
		e->events |= SPT_CLOSED; /* septet.h: the last event comes with TIME-WAIT */
		e->cites = "3.10.7.4, fifth, CLOSING: enter the TIME-WAIT state";
	} else if (t->state == SPT_LAST_ACK) {
		return closed(e, 0, false, "3.10.7.4, fifth, LAST-ACK: delete the TCB, CLOSED");
	}
	return false;
}

/* ---- 3.10.7.4, sixth to eighth --------------------------------------------------------------- */

static void
sixth_urg(const struct arrival *s, struct expectation *e)
{
	const struct tcb *t = &e->after;

	if (!(s->flags & P_URG) || !receives_text(t->state))
		return;
	if (lt(t->rcv_nxt, s->seq + s->up))
		e->events |= SPT_URGENT;
}

static void
eighth_fin(struct expectation *e)
{
	struct tcb *t = &e->after;

	t->rcv_nxt++;
	e->events |= SPT_PEER_CLOSED;
	owe_ack(e, REPLY_ACK);
	switch ((int)t->state) {
	case SPT_ESTABLISHED:
		t->state = SPT_CLOSE_WAIT;
		e->cites = "3.10.7.4, eighth, ESTABLISHED: enter the CLOSE-WAIT state";
		break;
	case SPT_FIN_WAIT_1:
		t->state = SPT_CLOSING; /* had our FIN been ACKed, it were FIN-WAIT-2 by now */
		e->cites = "3.10.7.4, eighth, FIN-WAIT-1: otherwise, enter the CLOSING state";
		break;
	case SPT_FIN_WAIT_2:
		t->state = SPT_TIME_WAIT;
		e->events |= SPT_CLOSED; /* septet.h: the last event comes with TIME-WAIT */
		e->cites = "3.10.7.4, eighth, FIN-WAIT-2: enter the TIME-WAIT state";
		break;
	default: break;
	}
}

/*
 * sixth to eighth, of what lies in the window: "trimming off any portions that lie outside the
 * window (including SYN and FIN)". What begins ahead of RCV.NXT is held (SHLD-31), and told of
 * by an ACK at once (RFC 5681 4.2, MAY-13); its ACK and URG were looked at when it arrived.
 */
static void
text_and_fin(const struct arrival *s, struct expectation *e)
{
	struct tcb *t = &e->after;
	uint32_t begin = s->seq + !!(s->flags & P_SYN), end = begin + s->len, fin = end;
	uint32_t edge = t->rcv_nxt + t->rcv_wnd;
	bool has_fin = (s->flags & P_FIN) && in_window(t, fin);

	sixth_urg(s, e);
	if (!receives_text(t->state)) {
		if (seg_len(s) > 0 && decision_second_fin(t->state))
			e->cites = "3.10.7.4, seventh: ignore the segment text";
		return;
	}
	if (lt(begin, t->rcv_nxt))
		begin = t->rcv_nxt;
	if (lt(edge, end))
		end = edge;
	if (lt(begin, end) && t->closed) {
		decision_text_after_close(e);
		return;
	}
	if (lt(t->rcv_nxt, begin) && (lt(begin, end) || has_fin)) {
		e->held_seq = begin;
		e->held = lt(begin, end) ? end - begin : 0;
		e->fin_held = has_fin;
		owe_ack(e, REPLY_ACK);
		e->cites = "3.10.7.4, first, SHLD-31: held for later processing; RFC 5681 4.2";
		return;
	}
	if (lt(begin, end)) {
		e->delivered = end - begin;
		t->rcv_nxt = end;
		t->rcv_wnd -= e->delivered;
		owe_ack(e, REPLY_ACK_SOON);
		e->cites = "3.10.7.4, seventh: deliver, advance RCV.NXT, acknowledge";
	}
	if (has_fin)
		eighth_fin(e);
}

static void
other_states(const struct arrival *seg, struct expectation *e)
{
	struct arrival s = *seg;
	bool figure_7 = decision_syn_ack_of_figure_7(&e->after, &s), probe;

	if (e->after.state == SPT_SYN_RECEIVED && decision_syn_again(&e->after, &s, e))
		return;
	if (e->after.state == SPT_TIME_WAIT &&
	    (decision_rst_in_time_wait(&s, e) || decision_syn_in_time_wait(&e->after, &s, e)))
		return;
	if (figure_7) {
		s.flags &= (uint8_t)~P_SYN;
		s.seq++;
	}
	probe = decision_probe(&e->after, &s);
	if (timestamp(&s, e))
		return;
	if (e->after.state == SPT_TIME_WAIT && decision_fin_in_time_wait(&e->after, &s, e))
		return;
	/* third: security and compartment are not used (RFC 9293 A.1) */
	if (first_sequence(&s, e) || second_rst(&s, e) || fourth_syn(&s, e) || fifth_ack(&s, e))
		return;
	if (figure_7 || (probe && !decision_probe_behind_fin(e->after.state)))
		owe_ack(e, REPLY_ACK);
	text_and_fin(&s, e);
}

void
oracle_segment_arrives(const struct tcb *before, const struct arrival *seg, struct expectation *e)
{
	*e = (struct expectation){.after = *before, .cites = "3.10.7.4"};
	switch ((int)before->state) {
	case SPT_CLOSED_STATE: closed_state(seg, e); break;
	case SPT_LISTEN: listen_state(seg, e); break;
	case SPT_SYN_SENT: syn_sent_state(seg, e); break;
	default: other_states(seg, e); break;
	}
	decision_events_after_close(e);
}

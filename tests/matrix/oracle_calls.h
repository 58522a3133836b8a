/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The calls of RFC 9293 3.10.1 to 3.10.6, written down from their text, without a line of
 * stack/tcp: what each does to one connection in each state, what the connection then says, and
 * what an orderly peer's segments do to it. Errors of the text are those of include/septet:
 * "connection does not exist" -ESTALE, "connection closing" -EPIPE, -EALREADY, "connection already
 * exists" -EADDRINUSE, "insufficient resources" -EAGAIN. Choices stand in decision_...().
 */
#ifndef TESTS_MATRIX_ORACLE_CALLS_H
#define TESTS_MATRIX_ORACLE_CALLS_H

#include "oracle.h"

/* X(NAME, "name") */
#define CALLS(X)                                                                                   \
	X(NONE, "nothing")                                                                         \
	X(OPEN, "OPEN, active, this tuple")                                                        \
	X(LISTEN_ANY, "OPEN, passive, any address")                                                \
	X(LISTEN_HERE, "OPEN, passive, this address")                                              \
	X(SEND, "SEND")                                                                            \
	X(SEND_PUSH, "SEND, PUSH")                                                                 \
	X(SEND_MORE, "SEND, MORE")                                                                 \
	X(SEND_URGENT, "SEND, URGENT")                                                             \
	X(SEND_LONG, "SEND, three segments")                                                       \
	X(SEND_EMPTY, "SEND, no data")                                                             \
	X(RECEIVE, "RECEIVE")                                                                      \
	X(DONE, "RECEIVE done, all")                                                               \
	X(DONE_PART, "RECEIVE done, half")                                                         \
	X(DONE_EARLY, "RECEIVE done, before it was delivered")                                     \
	X(DONE_MORE, "RECEIVE done, more than there was")                                          \
	X(CLOSE, "CLOSE")                                                                          \
	X(SHUTDOWN, "SHUTDOWN")                                                                    \
	X(ABORT, "ABORT")                                                                          \
	X(STATUS, "STATUS")                                                                        \
	X(SET_NODELAY, "set NODELAY")                                                              \
	X(SET_LARGER, "set a larger buffer")                                                       \
	X(SET_SMALLER, "set a smaller buffer")                                                     \
	X(SET_WRONG, "set what is wrong")                                                          \
	X(SET_USER, "set the user pointer")                                                        \
	X(DRAIN, "stop listening")                                                                 \
	X(RESET, "stop listening, RST")                                                            \
	X(NO_SOURCE, "remove the source")

enum call {
#define X(name, text) CALL_##name,
	CALLS(X)
#undef X
	    N_CALLS
};

/* What the peer does, in order, and never more than it may. */
enum peer_step {
	PEER_SYN,
	PEER_SYN_ACK,
	PEER_ACK,     /* of all that was sent */
	PEER_SHUT,    /* the same, and its window is closed */
	PEER_OPEN,    /* the same, and its window is open */
	PEER_DATA,    /* 100 bytes */
	PEER_FILL,    /* all that the window takes */
	PEER_AHEAD,   /* 20 bytes behind a gap of 10 */
	PEER_GAP,     /* those 10 */
	PEER_URGENT,  /* 10 bytes, the urgent pointer 30 behind their first */
	PEER_FIN,     /* acknowledges nothing new */
	PEER_FIN_ACK, /* acknowledges all */
	PEER_STRAY,   /* an ACK where there is no connection */
};

#define CALL_SEND_LEN   10
#define CALL_LONG_LEN   3000
#define CALL_LARGER     3000
#define CALL_SMALLER    200
#define CALL_MAX_SAID   12
#define PEER_WINDOW     65535
#define REOPEN_AFTER    (2 * SPT_NS_PER_SEC) /* TIME-WAIT: RFC 6191 from the opener's side */
#define SECOND_PEER_SYN 3000000000u          /* from the first one of the tuple */

/* A connection as its user, the wire and RFC 9293 3.3.1 know it. */
struct user {
	struct tcb t; /* SND.NXT: of what was said; rcv_wnd is not kept here, but 'edge' */
	bool handle;  /* the user's is not stale */
	bool syn_due; /* OPEN was called, no turn since */
	bool rst_due; /* ABORT was called, no turn since */
	bool lost;    /* it was a CLOSE that found unread data */
	bool fin_due; /* CLOSE is queued behind SENDs */
	bool ack_due;
	bool full; /* a SEND was refused: WRITABLE follows */
	bool more; /* the last SEND promised more */
	bool nodelay;
	bool urgent;
	bool peer_ts, agreed_ts;
	bool deaf;       /* takes no events */
	bool old_enough; /* TIME-WAIT for REOPEN_AFTER */
	uint32_t snd_up;
	uint32_t unsent;
	uint32_t send_buffer, receive_buffer;
	uint32_t mss;
	uint32_t offered; /* window of our SYN */
	uint32_t edge;    /* RCV.NXT + RCV.WND, as told */
	uint32_t taken, unread, held;
	uint32_t left; /* unread, of an incarnation before */
	uint32_t rcv_up;
	bool peer_urgent;
	uint32_t peer_iss;
	uint32_t old_nxt; /* SND.NXT of an incarnation in TIME-WAIT */
	bool reopened;
	/* events that wait for a turn's end */
	uint32_t pending;
	int reason;
	uint32_t acked;
	/* around it */
	bool listens, listens_any, listens_here; /* the world's; those of LISTEN_... */
	bool well_known;                         /* its port is the world's listener's */
	bool source;
	void *user, *opener;
};

struct said {
	uint8_t flags;
	uint32_t seq, ack, len, wnd;
	uint16_t up;
	bool new_iss; /* seq is not known beforehand */
};

struct outcome {
	int rc;
	struct said said[CALL_MAX_SAID];
	unsigned int n_said;
	uint32_t events; /* without RECEIVED */
	int reason;
	uint32_t delivered, acked;
	const char *cites;
};

/* CLOSED, or LISTEN if 'well_known' and there is a listener. */
void oracle_user_init(struct user *u, bool well_known, bool peer_ts, void *opener);
/* Another connection of this tuple: what is around it stays, and what is still to be handed out. */
void oracle_user_renew(struct user *u);
/* Adds to 'o', and sets o->rc and o->cites. */
void oracle_call(struct user *u, enum call call, struct outcome *o);
/* What SEND and RECEIVE done take in a call. */
uint32_t oracle_amount(const struct user *u, enum call call);
/* What the connection says, and the events handed out. */
void oracle_turn(struct user *u, struct outcome *o);
/* The segment of an orderly peer; what comes of it but for the turn. */
void oracle_peer(struct user *u, enum peer_step step, struct arrival *seg, struct outcome *o);
/* A partial segment has waited long enough for company (MUST-38, MUST-60). */
void oracle_override(struct user *u, struct outcome *o);
/* Our ISS, which is anybody's choice (3.4.1). */
void oracle_iss(struct user *u, uint32_t iss);
/* Octets of SND.UNA to SND.NXT; SYN and FIN are none. */
uint32_t oracle_in_flight(const struct user *u);
/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
void oracle_say_ack(struct user *u, struct outcome *o);
/* The connection is over: no handle, CLOSED is due. */
void oracle_finish(struct user *u, struct outcome *o, int reason, const char *cites);
/* STATUS of a connection (by handle); of what a walk shows. False: nothing. */
bool oracle_status(const struct user *u, struct spt_conn_info *info);
bool oracle_walk(const struct user *u, struct spt_conn_info *info);

#endif

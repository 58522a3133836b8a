/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEGMENT ARRIVES, written down from the text of RFC 9293 3.10.7.1 to 3.10.7.4 and of what it
 * refers to (RFC 5961, 6191, 1337), step by step, without a line of stack/tcp: what one
 * segment must do to one connection. Where the project chose something else, or where the text
 * leaves a choice, that stands in one function each, oracle.c: decision_...().
 */
#ifndef TESTS_MATRIX_ORACLE_H
#define TESTS_MATRIX_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include <septet/septet.h>

/* RFC 9293 3.3.1, absolute numbers. CLOSED and LISTEN have none of them. */
struct tcb {
	enum spt_state state;
	bool active; /* came from SYN-SENT, not from LISTEN */
	uint32_t iss, irs;
	uint32_t snd_una, snd_nxt, snd_wnd, snd_wl1, snd_wl2;
	uint32_t max_snd_wnd; /* RFC 5961 5.2 */
	uint32_t rcv_nxt, rcv_wnd;
	bool fin_sent; /* ours stands at SND.NXT - 1 */
	bool closed;   /* CLOSE was called: nobody is left to receive (3.6.1) */
	bool timestamps;
	uint32_t ts_recent;
};

/* The segment; flags as in the header (P_FIN ... of lib/packet.h). */
struct arrival {
	uint8_t flags;
	uint32_t seq, ack;
	uint32_t wnd; /* bytes: scaled already, if so agreed */
	uint16_t up;
	uint32_t len; /* of the text */
	bool has_ts;  /* TSopt of RFC 7323 */
	uint32_t tsval;
};

enum reply {
	REPLY_NONE,
	REPLY_ACK,      /* at once */
	REPLY_ACK_SOON, /* within half a second (RFC 9293 3.8.6.3, MUST-40) */
	REPLY_SYN_ACK,
	REPLY_RST,
	REPLY_RST_ACK,
};

struct expectation {
	struct tcb after; /* state CLOSED or LISTEN: there is no connection */
	enum reply reply;
	uint32_t reply_seq, reply_ack;
	bool new_iss; /* a new incarnation: reply_seq is any that lies beyond it */
	uint32_t delivered;
	/* Text and FIN ahead of a gap, SHLD-31. */
	uint32_t held_seq, held;
	bool fin_held;
	uint32_t events; /* of ACCEPTED, CONNECTED, PEER_CLOSED, URGENT, CLOSED */
	int reason;      /* of CLOSED */
	bool any_reason; /* the RFC names none */
	bool restarts_2msl;
	const char *cites; /* the paragraph that had the last word */
};

/* RFC 5961 5.2: what is not before this may be acknowledged by a segment under way. */
uint32_t oracle_oldest_ack(const struct tcb *t);

void oracle_segment_arrives(
    const struct tcb *before, const struct arrival *seg, struct expectation *e);

#endif

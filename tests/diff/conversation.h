/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A conversation that follows from a seed: what a peer puts on the wire and what an application
 * calls, step by step. Sequence numbers of the peer are of its own stream alone (its SYN stands at
 * 0, its first byte at 1), so they are the same whoever answers; its acknowledgments say how they
 * are chosen, for they depend on what arrived.
 */
#ifndef TESTS_DIFF_CONVERSATION_H
#define TESTS_DIFF_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONVERSATION_STEPS  48
#define CONVERSATION_STREAM 32768u  /* the most that either side sends, bytes */
#define CONVERSATION_WINDOW 60000u  /* the peer's, unless a step says otherwise */
#define CONVERSATION_FAR    3000000 /* beyond any window of this test, in either direction */

enum step_kind {
	STEP_SEGMENT,
	STEP_LOSE,   /* the next 'bytes' numbers do not reach the peer the first time */
	STEP_RENEGE, /* the peer forgets what it has behind gaps (RFC 2018 8) */
	STEP_WAIT,   /* 'bytes' milliseconds */
	STEP_READ,   /* at most 'bytes' */
	STEP_WRITE,
	STEP_SHUTDOWN,
	STEP_CLOSE, /* after reading all, if 'bytes' is 0 */
	STEP_ABORT,
};

/* SEG.ACK. */
enum step_ack {
	STEP_ACK_ALL,    /* all that arrived in order */
	STEP_ACK_PART,   /* half of what was not acknowledged yet */
	STEP_ACK_SAME,   /* as the one before */
	STEP_ACK_OLD,    /* before it, within the window */
	STEP_ACK_STALE,  /* before anything that could be (RFC 5961 5.2) */
	STEP_ACK_BEFORE, /* before the other's SYN */
	STEP_ACK_AHEAD,  /* of what was not sent */
};

enum step_stamp {
	STEP_STAMP_NOW,
	STEP_STAMP_OLD,     /* PAWS */
	STEP_STAMP_ONE_OLD, /* by one */
	STEP_STAMP_MISSING,
};

enum step_sack {
	STEP_SACK_TRUE,  /* what arrived behind gaps */
	STEP_SACK_NONE,  /* the option is left out */
	STEP_SACK_AHEAD, /* a block of what was not sent */
	STEP_SACK_OLD,   /* a block of what was acknowledged long ago */
};

struct step {
	enum step_kind kind;
	uint32_t bytes;
	/* of a segment */
	uint8_t flags;
	bool bad_checksum;
	int32_t seq;
	uint32_t len;
	uint32_t wnd;
	uint16_t up;
	enum step_ack ack;
	enum step_stamp stamp;
	enum step_sack sack;
};

/*
 * What a conversation may have in it, one of them at most, on which Linux and septet are known to
 * differ: see rules.c.
 */
enum oddity {
	ODD_NOTHING,
	ODD_STAMP_MISSING,
	ODD_STAMP_ONE_OLD,
	ODD_RST_AT_SACK,
	ODD_RST_BEFORE_FIN,
	ODD_SYN_FIN,
	ODD_SIMULTANEOUS,
	ODD_ACK_STALE,
	ODD_ACK_BEFORE_STREAM,
	ODD_SYN_ACK_TO_LISTENER,
	ODD_CLOSE_UNREAD,
	ODD_CLOSE_OVER_GAP,
	ODD_SYN_AGAIN,
	ODD_TSECR,
	ODDITIES,
};

/* How it ends: the peer acknowledges, and does no more; or both sides close in order. */
enum ending { ENDING_LEAVE, ENDING_FINISH };

struct conversation {
	uint64_t seed;
	bool active; /* the application opens */
	bool ipv6, ts, sack;
	int wscale; /* the peer's; -1: not offered */
	uint16_t mss;
	uint32_t iss;
	/* The peer's window closes, or what is sent is lost; then nothing ends it out of order. */
	bool narrow;
	enum oddity odd;
	enum ending ending;
	uint32_t max, fin; /* of the peer's stream: behind the last byte; where the FIN is, or 0 */
	unsigned int n;
	struct step step[CONVERSATION_STEPS];
};

void conversation_make(struct conversation *c, uint64_t seed);
/* A line for people, into text of at least 120 bytes. Returns text. */
char *step_text(const struct step *s, char *text);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A story between two engines, told step by step: a test lets either end act, loses, holds and
 * repeats segments of its choice, forges others, lets an end crash and come back without its
 * memory, and lets virtual time pass. In contrast to a simulation (sim.h, simpair.h) nothing is
 * random and every step is the test's; in contrast to a script both ends are real.
 *
 *	engine 0 - monitor - link of the story - monitor - engine 1
 *
 * There is one story at a time. What does not hold is shown with both ladders, and fails the test.
 */
#ifndef TESTS_LIB_STORY_H
#define TESTS_LIB_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include <septet/septet.h>

#include "packet.h"

#define STORY_PORT   7 /* both engines listen there, unless deaf */
#define STORY_CLIENT 40000

struct story_config {
	int family;     /* 4 or 6 */
	spt_time delay; /* of the link, each way */
	struct spt_conn_options options[2];
	bool deaf[2];
	spt_time start;           /* so much later than stories begin */
	bool any_bytes;           /* forged ones are delivered too */
	bool by_hand;             /* data is read by story_read() only */
	bool close_on_fin;        /* the listeners' */
	uint32_t connections;     /* of either engine, and records of each kind; 0 = 64 */
	struct spt_config config; /* behaviour of both: times, retries, the letter of RFCs */
};

/* One end of one connection; belongs to the story. */
struct story_end {
	unsigned int side;
	spt_conn conn;
	struct spt_endpoint local, remote;
	uint32_t life;   /* which connection it is: its two streams' seeds */
	bool open;       /* between its first event, or spt_connect, and CLOSED */
	uint32_t events; /* all that it was told, ever */
	int reason;      /* with CLOSED */
	uint64_t sent, received, unread, acked;
};

/* A TCP segment that was sent. */
struct story_segment {
	unsigned int from;
	unsigned int number; /* among those of its side, from 1 */
	spt_time at;
	bool lost;
	struct packet p; /* 'payload' points into 'bytes' */
	uint8_t *bytes;
	unsigned int length;
};

/* A segment that a stranger makes up. Numbers are relative to what the victim knows. */
struct story_forged {
	uint8_t flags;
	int64_t seq; /* from the victim's RCV.NXT */
	int64_t ack; /* from its SND.NXT */
	uint32_t len;
	uint16_t wnd;
	bool no_ts;       /* no timestamp, though the connection has them */
	int64_t ts_older; /* TSval so much less than the peer's last */
};

void story_begin(const struct story_config *config);
/* Frees everything. Nothing may be leaked, no rule of a monitor broken. */
void story_end(void);

/* Both ends work until nothing is left to do at this instant. */
void story_settle(void);
void story_run_us(uint64_t us);
#define story_run_ms(ms) story_run_us((ms)*UINT64_C(1000))
#define story_run_s(s)   story_run_us((s)*UINT64_C(1000000))
spt_time story_now(void);

/* ---- what the ends do; each lets both work at once ---- */

/* spt_connect from this port to that one of the other side. NULL when it refuses. */
struct story_end *story_connect(unsigned int side, uint16_t lport, uint16_t rport);
/* The other end of 'e', or NULL while there is none. */
struct story_end *story_other(const struct story_end *e);
/* Connected: the opener's end. The other is accepted already. */
struct story_end *story_established(uint16_t lport);
/* The same calls to an engine, which must succeed. */
void story_send(struct story_end *e, uint32_t n);
void story_read(struct story_end *e, uint32_t n); /* 0: all that is unread */
void story_shutdown(struct story_end *e);
void story_close(struct story_end *e);
void story_abort(struct story_end *e);

/* The host crashes and is up again, without memory of anything. Its ends are gone unsaid. */
void story_crash(unsigned int side);
struct spt_engine *story_engine(unsigned int side);

/* ---- what is known ---- */

/* As spt_engine_walk tells it, records included; SPT_CLOSED_STATE: nothing. */
struct spt_conn_info story_look(const struct story_end *e);
enum spt_state story_state(const struct story_end *e);
/* Segments sent so far, and number i. */
unsigned int story_segments(void);
const struct story_segment *story_segment(unsigned int i);
/* How many of them, from number 'since' on, came from this side with these flags all set. */
unsigned int story_count(unsigned int since, unsigned int from, uint8_t flags);
struct spt_stats story_stats(unsigned int side);

/* ---- what the link does ---- */

enum story_fate {
	STORY_PASSES,
	STORY_LOST,
	STORY_TWICE,
	STORY_LATE, /* right behind the next one of its side, or 100 ms late */
};

/* What becomes of each segment; NULL: all pass. */
void story_fates(enum story_fate (*fate)(const struct story_segment *s));
/* All that this side sends is lost, or not any more. */
void story_cut(unsigned int from, bool cut);
/* The next 'n' segments of this side are lost. */
void story_lose_next(unsigned int from, unsigned int n);
/* Segment i, as it was sent, comes (again) to the other side now. */
void story_repeat(unsigned int i);
/* A segment that seems to come from the other side of 'victim' arrives there now. */
void story_forge(const struct story_end *victim, const struct story_forged *f);

/* ---- what must hold ---- */

#define story_check(condition) story_check_at(condition, #condition, __FILE__, __LINE__)
void story_check_at(bool holds, const char *text, const char *file, int line);
#define story_check_eq(got, expected) story_check_eq_at(got, expected, #got, __FILE__, __LINE__)
void story_check_eq_at(int64_t got, int64_t expected, const char *text, const char *file, int line);
#define story_check_state(e, name) story_check_state_at(e, SPT_##name, __FILE__, __LINE__)
void story_check_state_at(
    const struct story_end *e, enum spt_state state, const char *file, int line);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scoreboard: what is out, a record for each segment, in the order of sequence numbers and
 * without a gap from SND.UNA to SND.NXT. RACK (RFC 8985 5.2) wants to know of each when it was sent
 * and how often; SACK (RFC 2018 5.1) which have arrived. Records lie in chunks of one line
 * from a pool that all connections of an engine share. Nothing here knows a connection.
 *
 * In flight (RFC 6675's pipe, RFC 9937's) is what is neither SACKed nor lost; a segment that is
 * sent again is not lost any more.
 */
#ifndef SPT_TCP_SCOREBOARD_H
#define SPT_TCP_SCOREBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/debug.h"
#include "../base/pool.h"

enum sent_flag {
	SENT_SACKED = 1 << 0,
	SENT_LOST = 1 << 1,  /* not in flight any more, and not yet sent again; never with SACKED */
	SENT_AGAIN = 1 << 2, /* sent more than once: its RTT is ambiguous (Karn) */
	SENT_FIN = 1 << 3,   /* its last sequence number is our FIN */
	SENT_PROBE = 1 << 4, /* sent last as a tail loss probe */
};

/* A segment: 'len' sequence numbers from 'seq' on, FIN counted. len 0: an empty slot. */
struct sent {
	uint32_t seq;
	uint32_t us; /* of its last transmission: engine's microseconds, modulo 2^32 */
	uint16_t len;
	uint8_t flags; /* enum sent_flag */
	uint8_t tries; /* retransmissions, at most 255 */
};
SPT_STATIC_ASSERT(sizeof(struct sent) == 12, "five and a link are a line");

#define SENT_CHUNK 5

struct sent_chunk {
	struct sent at[SENT_CHUNK];
	uint32_t next; /* POOL_NONE ends */
} __attribute__((aligned(64)));
SPT_STATIC_ASSERT(sizeof(struct sent_chunk) == 64, "one line");

struct scoreboard {
	uint32_t head, tail;  /* chunks; POOL_NONE: nothing is out */
	uint32_t bytes;       /* sequence numbers of all records */
	uint32_t sacked;      /* thereof SACKed */
	uint32_t lost;        /* thereof lost */
	uint32_t high_sacked; /* behind the highest SACKed one; valid if sacked > 0 */
	uint32_t lost_from;   /* no record before it is lost; valid if lost > 0 */
};

/* What one acknowledgment told, of cumulative ACK and SACK blocks together. */
struct delivery {
	uint32_t acked;  /* by SEG.ACK, SACKed before or not */
	uint32_t news;   /* delivered: acked or SACKed by this ACK and not SACKed before */
	uint32_t sacked; /* thereof by blocks */
	/* The one sent last of those newly delivered, apart for those sent once and those sent
	 * again. */
	struct delivered {
		uint32_t us, end;
		bool any;
	} once, again;
	/*
	 * Delivered once sent although something beyond it was delivered before: the path reorders
	 * (RFC 8985 6.2 step 3).
	 */
	bool reordered;
	bool original_again; /* newly delivered ones are marked lost: they were late, not lost */
	uint8_t tries;       /* most retransmissions of a newly delivered one */
};

static inline void
scoreboard_init(struct scoreboard *sb)
{
	*sb = (struct scoreboard){.head = POOL_NONE, .tail = POOL_NONE};
}

/* RFC 6675 pipe, by what RACK has marked. */
static inline uint32_t
scoreboard_flight(const struct scoreboard *sb)
{
	return sb->bytes - sb->sacked - sb->lost;
}

/*
 * A segment goes out for the first time: [seq, seq + len) follows what is out. False: the pool is
 * empty, nothing changed.
 */
bool scoreboard_push(struct scoreboard *sb, struct pool *chunks, uint32_t seq, uint16_t len,
    uint32_t us, uint8_t flags);

/* SEG.ACK = una: what lies before it goes; a record that it cuts keeps the rest. Adds to 'd'. */
void scoreboard_ack(struct scoreboard *sb, struct pool *chunks, uint32_t una, struct delivery *d);

/*
 * A SACK block [start, end) within what is out. Records that an edge cuts are split; where the pool
 * has no chunk for that, the part stays un-SACKed. Adds to 'd'. A record that was lost and is
 * SACKed is lost no more. Returns newly SACKed sequence numbers.
 */
uint32_t scoreboard_sack(
    struct scoreboard *sb, struct pool *chunks, uint32_t start, uint32_t end, struct delivery *d);

/* One record, which is neither SACKed nor lost, is lost. */
void scoreboard_mark_lost(struct scoreboard *sb, struct sent *s);

/* A time-out: all that is not SACKed is lost; with 'renege' SACKs are forgotten too (RFC 2018 8).
 */
void scoreboard_mark_all_lost(struct scoreboard *sb, struct pool *chunks, bool renege);

/* The lost mark of all is withdrawn: they were only late (undo). */
void scoreboard_mark_none_lost(struct scoreboard *sb, struct pool *chunks);

/* The first lost record, or NULL. */
struct sent *scoreboard_lost(struct scoreboard *sb, struct pool *chunks);

/* The first record, the last one; NULL: nothing is out. */
struct sent *scoreboard_first(const struct scoreboard *sb, struct pool *chunks);
struct sent *scoreboard_last(const struct scoreboard *sb, struct pool *chunks);

/*
 * Split 's' so that it is 'len' long (its own is longer); what follows is a record of its own with
 * the same marks. False: no chunk. To be used when the MSS has become smaller.
 */
bool scoreboard_split(struct scoreboard *sb, struct pool *chunks, struct sent *s, uint16_t len);

/* 's', lost or not, goes out again now. */
void scoreboard_sent_again(struct scoreboard *sb, struct sent *s, uint32_t us);

/* Walk: for (s = scoreboard_first(..., &at); s; s = scoreboard_next(..., &at)). */
struct scoreboard_cursor {
	uint32_t chunk;
	uint8_t slot;
};
struct sent *scoreboard_begin(
    const struct scoreboard *sb, struct pool *chunks, struct scoreboard_cursor *at);
struct sent *scoreboard_next(struct pool *chunks, struct scoreboard_cursor *at);

/* All chunks go back. */
void scoreboard_clear(struct scoreboard *sb, struct pool *chunks);

/* NULL, or what is wrong: gaps, counts, marks, hints. Records are from 'una' to 'nxt'. */
const char *scoreboard_check(
    const struct scoreboard *sb, struct pool *chunks, uint32_t una, uint32_t nxt);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scoreboard: what is out, a record for each segment, in the order of sequence numbers and
 * without a gap from SND.UNA to SND.NXT. RACK (RFC 8985 5.2) wants to know of each when it was sent
 * and how often; SACK (RFC 2018 5.1) which have arrived. Records lie in chunks of one line
 * from a pool that all connections of an engine share. Nothing here knows a connection.
 *
 * SACKed neighbours are merged into one record, so that what is walked, and what memory is held,
 * goes with the number of holes and not with what lies between them.
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
#include "../base/seq.h"

enum sent_flag {
	SENT_SACKED = 1 << 0,
	SENT_LOST = 1 << 1,  /* not in flight any more, and not yet sent again; never with SACKED */
	SENT_AGAIN = 1 << 2, /* sent more than once: its RTT is ambiguous (Karn) */
	SENT_FIN = 1 << 3,   /* its last sequence number is our FIN */
	SENT_PART = 1 << 4,  /* lost, and too long to be sent: its first part went out, see below */
};

/*
 * A segment: 'len' sequence numbers from 'seq' on, FIN counted. len 0: an empty slot. After SACKs
 * were forgotten, or the MSS has become smaller, it may be longer than a segment can be.
 */
struct sent {
	uint32_t seq;
	uint32_t us; /* of its last transmission: engine's microseconds, modulo 2^32 */
	uint16_t len;
	uint8_t flags; /* enum sent_flag */
	uint8_t tries; /* retransmissions, at most 255; of a SACKed one: segments merged into it */
};
SPT_STATIC_ASSERT(sizeof(struct sent) == 12, "five and a link are a line");

#define SENT_CHUNK 5

/*
 * Blocks of an honest receiver begin and end where segments do, unless somebody on the path cut
 * them anew. So many records are cut for that, then the part stays un-SACKed: else a hostile one
 * makes records until each acknowledgment, which walks over them, is work for a millisecond.
 */
#define SACK_CUTS 255

#define SEGMENTS_MANY 8191

/* From slot 0 on (the first chunk: from head_slot on) without a gap; never without a record. */
struct sent_chunk {
	struct sent at[SENT_CHUNK];
	uint32_t next; /* POOL_NONE ends */
} __attribute__((aligned(64)));
SPT_STATIC_ASSERT(sizeof(struct sent_chunk) == 64, "one line");

struct scoreboard {
	uint32_t head, tail;    /* chunks; POOL_NONE: nothing is out */
	uint32_t bytes;         /* sequence numbers of all records */
	uint32_t sacked;        /* thereof SACKed */
	uint32_t lost;          /* thereof lost */
	uint32_t high_sacked;   /* behind the highest SACKed one; valid if sacked > 0 */
	uint32_t lost_at;       /* chunk: none before it holds a lost record */
	uint32_t hint;          /* chunk in which the last SACK that told something began */
	uint16_t segments : 13; /* that were SACKed; SEGMENTS_MANY: or more, until sacked is 0 */
	uint16_t head_slot : 3; /* of the first record in its chunk */
	uint8_t tail_n;         /* slots of the last chunk that are used up; SENT_CHUNK: no chunk */
	uint8_t cuts;           /* records that SACK edges cut, until nothing is SACKed any more */
};

/*
 * What one acknowledgment told, of cumulative ACK and SACK blocks together, in any order. All zero
 * at first.
 */
struct delivery {
	uint32_t acked;  /* by SEG.ACK, SACKed before or not */
	uint32_t news;   /* delivered: acked or SACKed by this ACK and not SACKed before */
	uint32_t sacked; /* thereof by blocks */
	/*
	 * The one sent last (RFC 8985 6.2: RACK_sent_after) of those newly delivered, apart for
	 * those sent once and those sent again.
	 */
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
	bool fack_known;
	uint32_t fack; /* RACK.fack before this acknowledgment, if fack_known */
};

static inline void
scoreboard_init(struct scoreboard *sb)
{
	*sb = (struct scoreboard){
	    .head = POOL_NONE,
	    .tail = POOL_NONE,
	    .lost_at = POOL_NONE,
	    .hint = POOL_NONE,
	    .tail_n = SENT_CHUNK,
	};
}

/* RFC 8985 6.2: RACK_sent_after: (us, end) of one segment against those of another. */
static inline bool
scoreboard_sent_after(uint32_t us1, uint32_t end1, uint32_t us2, uint32_t end2)
{
	return us1 == us2 ? seq_gt(end1, end2) : (int32_t)(us1 - us2) > 0;
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

/*
 * SEG.ACK = una: what lies before it goes; a record that it cuts keeps the rest. Adds to 'd'.
 * Anything before what is out, or beyond, counts for no more than that.
 */
void scoreboard_ack(struct scoreboard *sb, struct pool *chunks, uint32_t una, struct delivery *d);

/*
 * A SACK block [start, end); what of it is not out is left aside. Records that an edge cuts are
 * split; where the pool has few chunks left, or too many were, the part stays un-SACKed. Adds to
 * 'd'. A record that was lost and is SACKed is lost no more. Returns newly SACKed sequence numbers.
 * Pointers to records are not valid any more.
 */
uint32_t scoreboard_sack(
    struct scoreboard *sb, struct pool *chunks, uint32_t start, uint32_t end, struct delivery *d);

/* One record, which is neither SACKed nor lost, is lost. */
void scoreboard_mark_lost(struct scoreboard *sb, struct pool *chunks, struct sent *s);

/* A time-out: all that is not SACKed is lost; with 'renege' SACKs are forgotten too (RFC 2018 8).
 */
void scoreboard_mark_all_lost(struct scoreboard *sb, struct pool *chunks, bool renege);

/* The lost mark of all is withdrawn: they were only late (undo). */
void scoreboard_mark_none_lost(struct scoreboard *sb, struct pool *chunks);

/* The first lost record, or NULL. It may be longer than the MSS: split it before it is sent. */
struct sent *scoreboard_lost(struct scoreboard *sb, struct pool *chunks);

/* The first record, the last one; NULL: nothing is out. */
struct sent *scoreboard_first(const struct scoreboard *sb, struct pool *chunks);
struct sent *scoreboard_last(const struct scoreboard *sb, struct pool *chunks);

/*
 * Split 's', which is not SACKed, so that it is 'len' long (its own is longer); what follows is a
 * record of its own with the same marks. 's' stays where it is. False: no chunk.
 */
bool scoreboard_split(struct scoreboard *sb, struct pool *chunks, struct sent *s, uint16_t len);

/* 's', lost or not, but not SACKed, goes out again now. */
void scoreboard_sent_again(struct scoreboard *sb, struct sent *s, uint32_t us);

/*
 * The first part of 's', which is lost, goes out again now, and there is no chunk to split it for:
 * all of it stays lost, and is SENT_PART until an acknowledgment cuts it, it is sent again, or
 * scoreboard_part_lost().
 */
void scoreboard_sent_part(struct sent *s, uint32_t us);

/* A time-out: what went out of the first lost record may go out again. */
void scoreboard_part_lost(struct scoreboard *sb, struct pool *chunks);

/*
 * Walk: for (s = scoreboard_begin(..., &at); s; s = scoreboard_next(..., &at)). Records may be
 * marked or split meanwhile.
 */
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

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scoreboard. The first chunk and the last one are known, so that sending and cumulative
 * acknowledgment, which is all that happens without loss, touch one line for five segments. SACK
 * blocks come with a hint; what they cover is merged at once (see the header).
 */
#include <string.h>

#include "scoreboard.h"

#define SENT_MARKS (SENT_SACKED | SENT_LOST | SENT_AGAIN)

/* Records that only SACK edges ask for leave this share of the chunks to what is sent. */
#define CHUNKS_FOR_SENDING(capacity) ((capacity) / 8)

static inline struct sent_chunk *
chunk_at(const struct pool *chunks, uint32_t index)
{
	return pool_at(chunks, index);
}

/* Chunks are lines, so a record tells in which one it lies. */
static inline struct sent_chunk *
chunk_of(const struct sent *s)
{
	return (struct sent_chunk *)((uintptr_t)s & ~(uintptr_t)(sizeof(struct sent_chunk) - 1));
}

static inline uint8_t
chunk_begin(const struct scoreboard *sb, uint32_t index)
{
	return index == sb->head ? sb->head_slot : 0;
}

static inline struct sent *
chunk_first(const struct scoreboard *sb, struct pool *chunks, uint32_t index)
{
	return &chunk_at(chunks, index)->at[chunk_begin(sb, index)];
}

/* The first slot after 'slot' that is not used. */
static uint8_t
chunk_end(const struct sent_chunk *c, uint8_t slot)
{
	while (slot < SENT_CHUNK && c->at[slot].len > 0)
		slot++;
	return slot;
}

static bool
append_chunk(struct scoreboard *sb, struct pool *chunks)
{
	uint32_t index = pool_get(chunks);
	struct sent_chunk *c;

	if (index == POOL_NONE)
		return false;
	c = chunk_at(chunks, index);
	memset(c, 0, sizeof(*c));
	c->next = POOL_NONE;
	if (sb->head == POOL_NONE) {
		sb->head = sb->hint = sb->lost_at = index;
		sb->head_slot = 0;
	} else {
		chunk_at(chunks, sb->tail)->next = index;
	}
	sb->tail = index;
	sb->tail_n = 0;
	return true;
}

bool
scoreboard_push(struct scoreboard *sb, struct pool *chunks, uint32_t seq, uint16_t len, uint32_t us,
    uint8_t flags)
{
	SPT_ASSERT(len > 0);
	SPT_ASSERT(chunks->stride == sizeof(struct sent_chunk));
	if (sb->tail_n == SENT_CHUNK && !append_chunk(sb, chunks))
		return false;
	chunk_at(chunks, sb->tail)->at[sb->tail_n++] = (struct sent){
	    .seq = seq,
	    .us = us,
	    .len = len,
	    .flags = flags,
	};
	sb->bytes += len;
	return true;
}

static inline void
delivered_last(struct delivered *last, uint32_t us, uint32_t end)
{
	if (last->any && !scoreboard_sent_after(us, end, last->us, last->end))
		return;
	*last = (struct delivered){.us = us, .end = end, .any = true};
}

/* RACK.fack of before: an ACK's blocks say nothing about the order in which they came true. */
static inline void
fack_know(const struct scoreboard *sb, uint32_t una, struct delivery *d)
{
	if (d->fack_known)
		return;
	d->fack_known = true;
	d->fack = sb->sacked > 0 ? sb->high_sacked : una;
}

/* The first 'len' of 's', which was not SACKed, have been delivered. */
static inline void
deliver(const struct sent *s, uint32_t len, struct delivery *d)
{
	uint32_t end = s->seq + len;

	d->news += len;
	if ((s->flags & (SENT_LOST | SENT_AGAIN)) == 0) {
		d->reordered |= seq_lt(end, d->fack);
		delivered_last(&d->once, s->us, end);
		return;
	}
	if (s->flags & SENT_LOST)
		d->original_again = true;
	if (s->tries > d->tries)
		d->tries = s->tries;
	if (s->flags & SENT_AGAIN) {
		delivered_last(&d->again, s->us, end);
	} else {
		d->reordered |= seq_lt(end, d->fack);
		delivered_last(&d->once, s->us, end);
	}
}

static void
segments_add(struct scoreboard *sb, int n)
{
	if (sb->sacked == 0)
		sb->segments = 0;
	else if (sb->segments < SEGMENTS_MANY)
		sb->segments = (uint16_t)(sb->segments + n) & SEGMENTS_MANY;
}

/* A record with marks leaves by cumulative ACK, the first 'len' of it or all. */
static void
ack_marked(struct scoreboard *sb, const struct sent *s, uint32_t len, struct delivery *d)
{
	if (s->flags & SENT_SACKED) {
		sb->sacked -= len;
		segments_add(sb, len == s->len ? -(int)s->tries : 0);
		if (sb->sacked == 0)
			sb->cuts = 0;
		return;
	}
	if (s->flags & SENT_LOST)
		sb->lost -= len;
	deliver(s, len, d);
}

/* The first chunk is used up; returns the next one, or POOL_NONE. */
static inline uint32_t
drop_head(struct scoreboard *sb, struct pool *chunks, uint32_t index)
{
	uint32_t next = chunk_at(chunks, index)->next;

	if (sb->hint == index)
		sb->hint = next;
	if (sb->lost_at == index)
		sb->lost_at = next;
	pool_put(chunks, index);
	return next;
}

void
scoreboard_ack(struct scoreboard *sb, struct pool *chunks, uint32_t una, struct delivery *d)
{
	uint32_t index = sb->head, slot = sb->head_slot, left;
	struct sent *s;

	if (index == POOL_NONE)
		return;
	s = &chunk_at(chunks, index)->at[slot];
	if (seq_leq(una, s->seq))
		return;
	left = una - s->seq;
	if (left > sb->bytes)
		left = sb->bytes;
	fack_know(sb, s->seq, d);
	d->acked += left;
	sb->bytes -= left;
	while (left > 0) {
		uint32_t len = s->len < left ? s->len : left;

		if (s->flags & SENT_MARKS)
			ack_marked(sb, s, len, d);
		else
			deliver(s, len, d);
		left -= len;
		if (len < s->len) {
			s->seq += len;
			s->len -= (uint16_t)len;
			s->flags &= (uint8_t)~SENT_PART;
			break;
		}
		s++;
		if (++slot < SENT_CHUNK && s->len > 0)
			continue;
		slot = 0;
		index = drop_head(sb, chunks, index);
		if (index == POOL_NONE)
			break;
		s = chunk_at(chunks, index)->at;
	}
	sb->head = index;
	sb->head_slot = slot & 7;
	if (index == POOL_NONE) {
		sb->tail = POOL_NONE;
		sb->tail_n = SENT_CHUNK;
	}
}

/* The record that holds 'seq', which is out; *before: the chunk before it, if that was seen. */
static struct sent *
find(const struct scoreboard *sb, struct pool *chunks, uint32_t seq, struct scoreboard_cursor *at,
    uint32_t *before)
{
	uint32_t index = sb->head;
	const struct sent_chunk *c;

	if (seq_leq(chunk_first(sb, chunks, sb->hint)->seq, seq))
		index = sb->hint;
	*before = index;
	for (;;) {
		uint32_t next = chunk_at(chunks, index)->next;

		if (next == POOL_NONE || seq_gt(chunk_at(chunks, next)->at[0].seq, seq))
			break;
		*before = index;
		index = next;
	}
	c = chunk_at(chunks, index);
	at->chunk = index;
	at->slot = chunk_begin(sb, index);
	while (seq_leq(c->at[at->slot].seq + c->at[at->slot].len, seq))
		at->slot++;
	return &chunk_at(chunks, index)->at[at->slot];
}

static void
mark_sacked(struct scoreboard *sb, struct sent *s, struct delivery *d)
{
	deliver(s, s->len, d);
	d->sacked += s->len;
	if (s->flags & SENT_LOST)
		sb->lost -= s->len;
	s->flags = (uint8_t)((s->flags & ~(SENT_LOST | SENT_PART)) | SENT_SACKED);
	s->tries = 1;
	if (sb->sacked == 0 || seq_gt(s->seq + s->len, sb->high_sacked))
		sb->high_sacked = s->seq + s->len;
	sb->sacked += s->len;
	segments_add(sb, 1);
}

/* 'index', which 'prev' points to, is empty. It is not the hint: merging begins there. */
static void
unlink_chunk(struct scoreboard *sb, struct pool *chunks, uint32_t prev, uint32_t index)
{
	struct sent_chunk *before = chunk_at(chunks, prev);

	before->next = chunk_at(chunks, index)->next;
	if (sb->tail == index) {
		sb->tail = prev;
		sb->tail_n = chunk_end(before, chunk_begin(sb, prev));
	}
	if (sb->lost_at == index)
		sb->lost_at = prev;
	pool_put(chunks, index);
}

static bool
merge_into(struct sent *run, const struct sent *s)
{
	if (run == NULL || (s->flags & SENT_SACKED) == 0 || run->len + s->len > UINT16_MAX ||
	    run->tries + s->tries > UINT8_MAX)
		return false;
	run->len = (uint16_t)(run->len + s->len);
	run->tries = (uint8_t)(run->tries + s->tries);
	run->flags |= s->flags;
	run->us = s->us;
	return true;
}

/*
 * Merge SACKed neighbours within a chunk, and into *run, the last record before it if that is
 * SACKed. *run is then the same for the next chunk. Returns the number of records left.
 */
static uint8_t
merge_chunk(struct sent_chunk *c, uint8_t begin, struct sent **run, bool *changed)
{
	uint8_t kept = begin, slot;

	for (slot = begin; slot < SENT_CHUNK && c->at[slot].len > 0; slot++) {
		if (merge_into(*run, &c->at[slot]))
			continue;
		if (kept != slot)
			c->at[kept] = c->at[slot];
		*run = c->at[kept].flags & SENT_SACKED ? &c->at[kept] : NULL;
		kept++;
	}
	*changed = kept != slot;
	if (*changed)
		memset(&c->at[kept], 0, (size_t)(slot - kept) * sizeof(c->at[0]));
	return kept;
}

/* All records of 'c' move to chunk 'prev', which has room from 'slot' on; *run moves along. */
static void
absorb(struct sent_chunk *prev, uint8_t slot, struct sent_chunk *c, uint8_t n, struct sent **run)
{
	memcpy(&prev->at[slot], c->at, n * sizeof(c->at[0]));
	if (*run != NULL)
		*run = &prev->at[slot + n - 1];
}

/*
 * Merge from chunk 'index' to chunk 'last', and beyond as long as that changes anything. Chunks
 * whose records fit into the one before go back to the pool.
 */
static void
merge(struct scoreboard *sb, struct pool *chunks, uint32_t index, uint32_t last)
{
	struct sent *run = NULL;
	uint32_t prev = POOL_NONE;
	bool beyond = false, stop = false;
	uint8_t used = SENT_CHUNK; /* slots of 'prev' */

	while (index != POOL_NONE && !stop) {
		struct sent_chunk *c = chunk_at(chunks, index);
		uint8_t begin = chunk_begin(sb, index), end;
		uint32_t next = c->next;
		bool changed;

		end = merge_chunk(c, begin, &run, &changed);
		stop = beyond && !changed;
		beyond |= index == last;
		stop |= beyond && run == NULL;
		if (used + end - begin <= SENT_CHUNK) {
			absorb(chunk_at(chunks, prev), used, c, end, &run);
			used += end;
			unlink_chunk(sb, chunks, prev, index);
		} else {
			if (index == sb->tail)
				sb->tail_n = end;
			prev = index;
			used = end;
		}
		index = next;
	}
}

/* An edge of a SACK block lies in 's'. */
static bool
cut(struct scoreboard *sb, struct pool *chunks, struct sent *s, uint32_t edge)
{
	if (sb->cuts >= SACK_CUTS || chunks->n_free < CHUNKS_FOR_SENDING(chunks->capacity) ||
	    !scoreboard_split(sb, chunks, s, (uint16_t)(edge - s->seq)))
		return false;
	sb->cuts++;
	return true;
}

uint32_t
scoreboard_sack(
    struct scoreboard *sb, struct pool *chunks, uint32_t start, uint32_t end, struct delivery *d)
{
	uint32_t una, news = d->sacked, before, last = POOL_NONE;
	struct sent *s = scoreboard_first(sb, chunks);
	struct scoreboard_cursor at;
	int32_t from, to;

	if (s == NULL)
		return 0;
	/* Distances from SND.UNA have an order, whatever nonsense the edges are. */
	una = s->seq;
	from = (int32_t)(start - una);
	to = (int32_t)(end - una);
	if (from >= to || to <= 0 || from >= (int32_t)sb->bytes)
		return 0;
	if (from < 0)
		start = una;
	if (to > (int32_t)sb->bytes)
		end = una + sb->bytes;
	fack_know(sb, una, d);
	s = find(sb, chunks, start, &at, &before);
	for (; s != NULL && seq_lt(s->seq, end); s = scoreboard_next(chunks, &at)) {
		if (s->flags & SENT_SACKED)
			continue;
		if (seq_lt(s->seq, start)) {
			/* The rest, if it may be cut, is the next one. */
			(void)cut(sb, chunks, s, start);
			continue;
		}
		if (seq_gt(s->seq + s->len, end) && !cut(sb, chunks, s, end))
			break;
		mark_sacked(sb, s, d);
		last = at.chunk;
	}
	news = d->sacked - news;
	if (news > 0) {
		sb->hint = before;
		merge(sb, chunks, before, last);
	}
	return news;
}

void
scoreboard_mark_lost(struct scoreboard *sb, struct pool *chunks, struct sent *s)
{
	SPT_ASSERT((s->flags & (SENT_SACKED | SENT_LOST)) == 0);
	if (sb->lost == 0 || seq_lt(s->seq, chunk_first(sb, chunks, sb->lost_at)->seq))
		sb->lost_at = pool_index(chunks, chunk_of(s));
	s->flags |= SENT_LOST;
	sb->lost += s->len;
}

void
scoreboard_mark_all_lost(struct scoreboard *sb, struct pool *chunks, bool renege)
{
	struct scoreboard_cursor at;

	for (struct sent *s = scoreboard_begin(sb, chunks, &at); s != NULL;
	     s = scoreboard_next(chunks, &at)) {
		if (s->flags & SENT_SACKED) {
			if (!renege)
				continue;
			/* It was delivered once: what comes of it now tells no RTT. */
			s->flags = (uint8_t)((s->flags & ~SENT_SACKED) | SENT_AGAIN);
			s->tries = 0;
		}
		s->flags = (uint8_t)((s->flags & ~SENT_PART) | SENT_LOST);
	}
	if (renege)
		sb->sacked = sb->segments = 0;
	sb->lost = sb->bytes - sb->sacked;
	sb->lost_at = sb->head;
}

void
scoreboard_mark_none_lost(struct scoreboard *sb, struct pool *chunks)
{
	struct scoreboard_cursor at;

	if (sb->lost == 0)
		return;
	for (struct sent *s = scoreboard_begin(sb, chunks, &at); s != NULL;
	     s = scoreboard_next(chunks, &at))
		s->flags &= (uint8_t) ~(SENT_LOST | SENT_PART);
	sb->lost = 0;
}

struct sent *
scoreboard_lost(struct scoreboard *sb, struct pool *chunks)
{
	struct scoreboard_cursor at = {.chunk = sb->lost_at};
	struct sent *s;

	if (sb->lost == 0)
		return NULL;
	at.slot = chunk_begin(sb, sb->lost_at);
	s = chunk_first(sb, chunks, sb->lost_at);
	while (s != NULL && (s->flags & SENT_LOST) == 0)
		s = scoreboard_next(chunks, &at);
	sb->lost_at = at.chunk;
	return s;
}

struct sent *
scoreboard_first(const struct scoreboard *sb, struct pool *chunks)
{
	return sb->head == POOL_NONE ? NULL : &chunk_at(chunks, sb->head)->at[sb->head_slot];
}

struct sent *
scoreboard_last(const struct scoreboard *sb, struct pool *chunks)
{
	return sb->tail == POOL_NONE ? NULL : &chunk_at(chunks, sb->tail)->at[sb->tail_n - 1];
}

bool
scoreboard_split(struct scoreboard *sb, struct pool *chunks, struct sent *s, uint16_t len)
{
	struct sent_chunk *c = chunk_of(s);
	size_t slot = (size_t)(s - c->at), n = chunk_end(c, (uint8_t)slot), after = n - slot - 1;
	struct sent *rest = s + 1;

	SPT_ASSERT(len > 0 && len < s->len && (s->flags & SENT_SACKED) == 0);
	if (n < SENT_CHUNK) {
		memmove(rest + 1, rest, after * sizeof(*s));
		if (c->next == POOL_NONE)
			sb->tail_n++;
	} else {
		uint32_t index = pool_get(chunks);
		struct sent_chunk *new;

		if (index == POOL_NONE)
			return false;
		new = chunk_at(chunks, index);
		memset(new, 0, sizeof(*new));
		memcpy(&new->at[1], rest, after * sizeof(*s));
		memset(rest, 0, after * sizeof(*s));
		rest = &new->at[0];
		new->next = c->next;
		if (c->next == POOL_NONE) {
			sb->tail = index;
			sb->tail_n = (uint8_t)(1 + after);
		}
		c->next = index;
	}
	*rest = *s;
	rest->seq += len;
	rest->len = (uint16_t)(rest->len - len);
	rest->flags &= (uint8_t)~SENT_PART;
	s->len = len;
	s->flags &= (uint8_t)~SENT_FIN;
	return true;
}

void
scoreboard_sent_again(struct scoreboard *sb, struct sent *s, uint32_t us)
{
	SPT_ASSERT((s->flags & SENT_SACKED) == 0);
	if (s->flags & SENT_LOST)
		sb->lost -= s->len;
	s->flags = (uint8_t)((s->flags & ~(SENT_LOST | SENT_PART)) | SENT_AGAIN);
	s->us = us;
	if (s->tries < UINT8_MAX)
		s->tries++;
}

/* It stays lost, so a try is not counted: that it is would be found lost once more. */
void
scoreboard_sent_part(struct sent *s, uint32_t us)
{
	SPT_ASSERT(s->flags & SENT_LOST);
	s->flags |= SENT_PART | SENT_AGAIN;
	s->us = us;
}

void
scoreboard_part_lost(struct scoreboard *sb, struct pool *chunks)
{
	struct sent *s = scoreboard_lost(sb, chunks);

	if (s != NULL)
		s->flags &= (uint8_t)~SENT_PART;
}

struct sent *
scoreboard_begin(const struct scoreboard *sb, struct pool *chunks, struct scoreboard_cursor *at)
{
	at->chunk = sb->head;
	at->slot = sb->head_slot;
	return scoreboard_first(sb, chunks);
}

struct sent *
scoreboard_next(struct pool *chunks, struct scoreboard_cursor *at)
{
	struct sent_chunk *c = chunk_at(chunks, at->chunk);

	if (++at->slot < SENT_CHUNK && c->at[at->slot].len > 0)
		return &c->at[at->slot];
	at->chunk = c->next;
	at->slot = 0;
	return at->chunk == POOL_NONE ? NULL : chunk_at(chunks, at->chunk)->at;
}

void
scoreboard_clear(struct scoreboard *sb, struct pool *chunks)
{
	for (uint32_t index = sb->head; index != POOL_NONE;) {
		uint32_t next = chunk_at(chunks, index)->next;

		pool_put(chunks, index);
		index = next;
	}
	scoreboard_init(sb);
}

/* What scoreboard_check counts along its walk. */
struct census {
	uint32_t seq, bytes, sacked, lost, high_sacked, segments;
	bool hint, lost_at;
};

static const char *
check_record(const struct sent *s, struct census *n)
{
	if (s->seq != n->seq)
		return "a gap, or an overlap, between records";
	n->seq += s->len;
	n->bytes += s->len;
	if ((s->flags & SENT_LOST) && (s->flags & SENT_SACKED))
		return "a record is both SACKed and lost";
	if ((s->flags & SENT_PART) && !(s->flags & SENT_LOST))
		return "a part of a record was sent that is not lost";
	if ((s->flags & SENT_LOST) && !n->lost_at)
		return "a lost record before the first chunk of lost ones";
	if (s->flags & SENT_LOST)
		n->lost += s->len;
	if (s->flags & SENT_SACKED) {
		n->sacked += s->len;
		n->segments += s->tries;
		n->high_sacked = s->seq + s->len;
	}
	return NULL;
}

static const char *
check_chunk(const struct scoreboard *sb, struct pool *chunks, uint32_t index, struct census *n)
{
	const struct sent_chunk *c = chunk_at(chunks, index);
	uint8_t begin = chunk_begin(sb, index), end = chunk_end(c, begin);
	const char *wrong = NULL;

	n->hint |= index == sb->hint;
	n->lost_at |= sb->lost == 0 || index == sb->lost_at;
	if (end == begin)
		return "an empty chunk";
	for (uint8_t slot = begin; slot < end && wrong == NULL; slot++)
		wrong = check_record(&c->at[slot], n);
	for (uint8_t slot = end; slot < SENT_CHUNK && wrong == NULL; slot++)
		if (c->at[slot].len > 0)
			wrong = "an empty slot between records";
	if (wrong == NULL && c->next == POOL_NONE && (index != sb->tail || end != sb->tail_n))
		wrong = "the last chunk is another";
	return wrong;
}

const char *
scoreboard_check(const struct scoreboard *sb, struct pool *chunks, uint32_t una, uint32_t nxt)
{
	struct census n = {.seq = una};

	if (sb->head == POOL_NONE)
		return una == nxt && sb->tail == POOL_NONE && sb->tail_n == SENT_CHUNK &&
		               sb->bytes == 0 && sb->sacked == 0 && sb->lost == 0
		           ? NULL
		           : "nothing is out, but something is counted";
	for (uint32_t index = sb->head; index != POOL_NONE; index = chunk_at(chunks, index)->next) {
		const char *wrong = check_chunk(sb, chunks, index, &n);

		if (wrong != NULL)
			return wrong;
	}
	if (n.seq != nxt)
		return "records do not end at SND.NXT";
	if (n.bytes != sb->bytes || n.sacked != sb->sacked || n.lost != sb->lost)
		return "counts differ from the records";
	if (n.sacked > 0 && n.high_sacked != sb->high_sacked)
		return "the highest SACKed one is another";
	if (n.segments != sb->segments && sb->segments != SEGMENTS_MANY)
		return "SACKed segments are miscounted";
	if (!n.hint)
		return "the hint is not a chunk of ours";
	return NULL;
}

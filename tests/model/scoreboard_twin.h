/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A naive twin of the scoreboard, an entry for each sequence number, and steps that both do and are
 * compared after: for tests/model, which draws them at random, and tests/fuzz, where the input says
 * what they are. The program that includes it says where numbers come from: world.draw.
 */
#ifndef TESTS_MODEL_SCOREBOARD_TWIN_H
#define TESTS_MODEL_SCOREBOARD_TWIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tcp/scoreboard.h"

#include "lib/env.h"

#define BYTES_MAX 2048

/* What the naive twin knows of one sequence number. */
struct byte {
	uint32_t us;
	uint8_t flags, tries;
	uint32_t record_end; /* before the acknowledgment at hand */
};

struct world {
	struct scoreboard sb;
	struct pool chunks;
	uint32_t (*draw)(struct world *w, uint32_t n); /* 0 .. n - 1 */
	struct env_random random;                      /* or: */
	const uint8_t *input;                          /* bytes that say what is done, */
	size_t left;                                   /* and how many of them there are still */
	uint32_t una, n;                               /* bytes out: una .. una + n */
	uint32_t us;
	bool fin;
	uint32_t block_start, block_end; /* the last one, to be repeated and to grow */
	struct byte bytes[BYTES_MAX];
};

static struct world world;

static uint32_t
below(struct world *w, uint32_t n)
{
	return w->draw(w, n);
}

/* A record against the bytes of it; those beyond are told too. */
static void
compare_record(const struct world *w, const struct sent *s)
{
	uint32_t at = s->seq - w->una;

	assert_true(at < w->n && s->len <= w->n - at);
	for (uint32_t i = at; i < at + s->len; i++) {
		const struct byte *b = &w->bytes[i];

		assert_int_equal(s->flags & SENT_SACKED, b->flags & SENT_SACKED);
		assert_int_equal(!!(s->flags & SENT_FIN), w->fin && at + s->len == w->n);
		if (s->flags & SENT_SACKED)
			continue; /* merged: all that is known of it is that it arrived */
		assert_int_equal(s->flags & (SENT_LOST | SENT_AGAIN), b->flags & ~SENT_FIN);
		assert_int_equal(s->us, b->us);
		assert_int_equal(s->tries, b->tries);
	}
}

static void
compare(struct world *w)
{
	uint32_t flight = 0, sacked = 0, lost = 0, bytes = 0;
	const struct byte *first_lost = NULL;
	struct scoreboard_cursor at;
	const struct sent *s, *last = NULL;
	const char *wrong = scoreboard_check(&w->sb, &w->chunks, w->una, w->una + w->n);

	if (wrong != NULL)
		fail_msg("%s", wrong);
	for (uint32_t i = 0; i < w->n; i++) {
		sacked += !!(w->bytes[i].flags & SENT_SACKED);
		lost += !!(w->bytes[i].flags & SENT_LOST);
		flight += !(w->bytes[i].flags & (SENT_SACKED | SENT_LOST));
		if (first_lost == NULL && w->bytes[i].flags & SENT_LOST)
			first_lost = &w->bytes[i];
	}
	assert_int_equal(w->sb.bytes, w->n);
	assert_int_equal(w->sb.sacked, sacked);
	assert_int_equal(w->sb.lost, lost);
	assert_int_equal(scoreboard_flight(&w->sb), flight);
	s = scoreboard_begin(&w->sb, &w->chunks, &at);
	assert_ptr_equal(s, scoreboard_first(&w->sb, &w->chunks));
	for (; s != NULL; s = scoreboard_next(&w->chunks, &at)) {
		assert_int_equal(s->seq, w->una + bytes);
		compare_record(w, s);
		bytes += s->len;
		last = s;
	}
	assert_int_equal(bytes, w->n);
	assert_ptr_equal(last, scoreboard_last(&w->sb, &w->chunks));
	s = scoreboard_lost(&w->sb, &w->chunks);
	assert_int_equal(s != NULL, first_lost != NULL);
	if (s != NULL)
		assert_int_equal(s->seq - w->una, first_lost - w->bytes);
}

/* A record that has all flags of 'with' and none of 'without', or NULL. */
static struct sent *
some_record(struct world *w, uint8_t with, uint8_t without)
{
	struct scoreboard_cursor at;
	struct sent *chosen = NULL;
	uint32_t n = 0;

	for (struct sent *s = scoreboard_begin(&w->sb, &w->chunks, &at); s != NULL;
	     s = scoreboard_next(&w->chunks, &at))
		if ((s->flags & with) == with && (s->flags & without) == 0 && below(w, ++n) == 0)
			chosen = s;
	return chosen;
}

static void
step_push(struct world *w)
{
	uint16_t len = (uint16_t)(1 + below(w, 20));
	uint8_t flags = below(w, 100) == 0 ? SENT_FIN : 0;
	bool room = w->chunks.n_free > 0;

	if (w->n + len > BYTES_MAX || w->fin)
		return;
	if (!scoreboard_push(&w->sb, &w->chunks, w->una + w->n, len, w->us, flags)) {
		assert_false(room);
		return;
	}
	w->fin = flags != 0;
	for (uint32_t i = 0; i < len; i++)
		w->bytes[w->n++] = (struct byte){.us = w->us};
}

static void
expect_delivered(const struct byte *b, uint32_t end, struct delivery *want)
{
	struct delivered *last = b->flags & SENT_AGAIN ? &want->again : &want->once;

	want->news++;
	want->original_again |= (b->flags & SENT_LOST) != 0;
	if (b->tries > want->tries)
		want->tries = b->tries;
	if (!(b->flags & SENT_AGAIN) && (int32_t)(end - want->fack) < 0)
		want->reordered = true;
	if (!last->any || (int32_t)(b->us - last->us) > 0 ||
	    (b->us == last->us && (int32_t)(end - last->end) > 0))
		*last = (struct delivered){.us = b->us, .end = end, .any = true};
}

static void
one_ack(struct world *w, struct delivery *d, struct delivery *want)
{
	uint32_t una = w->una + below(w, 60) - 5;
	uint32_t n = una - w->una;

	if (below(w, 20) == 0)
		una = w->una + w->n;
	if ((int32_t)(una - w->una) <= 0)
		n = 0;
	else
		n = una - w->una < w->n ? una - w->una : w->n;
	scoreboard_ack(&w->sb, &w->chunks, una, d);
	for (uint32_t i = 0; i < n; i++)
		if (!(w->bytes[i].flags & SENT_SACKED))
			expect_delivered(&w->bytes[i], w->una + i + 1, want);
	want->acked += n;
	w->una += n;
	w->n -= n;
	w->fin &= w->n > 0;
	memmove(w->bytes, w->bytes + n, w->n * sizeof(w->bytes[0]));
}

static void
note_records(struct world *w)
{
	struct scoreboard_cursor at;

	for (struct sent *s = scoreboard_begin(&w->sb, &w->chunks, &at); s != NULL;
	     s = scoreboard_next(&w->chunks, &at))
		for (uint32_t i = 0; i < s->len; i++)
			w->bytes[s->seq - w->una + i].record_end = s->seq + s->len;
}

/* Offsets from SND.UNA that may be negative, or beyond what is out. */
static void
choose_block(struct world *w, int32_t *start, int32_t *end)
{
	*start = (int32_t)below(w, w->n + 60) - 30;
	*end = *start + (int32_t)below(w, 80);
	if (below(w, 3) == 0) { /* the same again, perhaps longer */
		*start = (int32_t)(w->block_start - w->una);
		*end = (int32_t)(w->block_end - w->una) + (int32_t)below(w, 40);
	} else if (below(w, 30) == 0) { /* nonsense of any size */
		*start = (int32_t)(below(w, 65536) << 16 | below(w, 65536));
		*end = (int32_t)(below(w, 65536) << 16 | below(w, 65536));
	}
	w->block_start = w->una + (uint32_t)*start;
	w->block_end = w->una + (uint32_t)*end;
}

static void
one_block(struct world *w, struct delivery *d, struct delivery *want)
{
	bool room = w->chunks.n_free >= 2 && w->sb.cuts + 2 <= SACK_CUTS;
	uint32_t news = 0;
	int32_t start, end;
	struct scoreboard_cursor at;

	note_records(w);
	choose_block(w, &start, &end);
	uint32_t told = scoreboard_sack(&w->sb, &w->chunks, w->block_start, w->block_end, d);

	for (struct sent *s = scoreboard_begin(&w->sb, &w->chunks, &at); s != NULL;
	     s = scoreboard_next(&w->chunks, &at)) {
		for (uint32_t i = s->seq - w->una; i < s->seq - w->una + s->len; i++) {
			struct byte *b = &w->bytes[i];
			bool inside = (int32_t)i >= start && (int32_t)i < end;

			if (b->flags & SENT_SACKED)
				continue;
			if (!(s->flags & SENT_SACKED)) {
				/* Not SACKed though reported: only a part, for want of a chunk. */
				if (inside && room)
					fail_msg("byte %u stays un-SACKed", i);
				continue;
			}
			assert_true(inside);
			expect_delivered(b, w->una + i + 1, want);
			b->flags = SENT_SACKED | (b->flags & SENT_AGAIN);
			news++;
		}
	}
	want->sacked += news;
	assert_int_equal(told, news);
	/* For want of chunks nothing but a record that an edge cuts is left. */
	for (int32_t i = start < 0 ? 0 : start; i < end && i < (int32_t)w->n && !room; i++) {
		const struct byte *b = &w->bytes[i];
		bool cut = b->record_end - w->una > (uint32_t)end;

		if (b->flags & SENT_SACKED || cut)
			continue;
		assert_true(start > 0 && w->bytes[start - 1].record_end == b->record_end);
	}
}

static void
step_acknowledge(struct world *w)
{
	struct delivery d = {0}, want = {0};

	for (uint32_t i = 0; i < w->n; i++)
		if (w->bytes[i].flags & SENT_SACKED)
			want.fack = w->una + i + 1;
	if (w->sb.sacked == 0)
		want.fack = w->una;
	for (uint32_t parts = 1 + below(w, 4); parts > 0; parts--) {
		if (below(w, 4) == 0)
			one_ack(w, &d, &want);
		else
			one_block(w, &d, &want);
		compare(w);
	}
	assert_int_equal(d.acked, want.acked);
	assert_int_equal(d.news, want.news);
	assert_int_equal(d.sacked, want.sacked);
	assert_int_equal(d.reordered, want.reordered);
	assert_int_equal(d.original_again, want.original_again);
	assert_int_equal(d.tries, want.tries);
	assert_int_equal(d.once.any, want.once.any);
	assert_int_equal(d.once.us, want.once.us);
	assert_int_equal(d.once.end, want.once.end);
	assert_int_equal(d.again.any, want.again.any);
	assert_int_equal(d.again.us, want.again.us);
	assert_int_equal(d.again.end, want.again.end);
}

static void
step_lose(struct world *w)
{
	struct sent *s = some_record(w, 0, SENT_SACKED | SENT_LOST);

	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->len; i++)
		w->bytes[s->seq - w->una + i].flags |= SENT_LOST;
	scoreboard_mark_lost(&w->sb, &w->chunks, s);
}

static void
step_send_again(struct world *w)
{
	struct sent *s =
	    below(w, 4) ? scoreboard_lost(&w->sb, &w->chunks) : some_record(w, 0, SENT_SACKED);

	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->len; i++) {
		struct byte *b = &w->bytes[s->seq - w->una + i];

		b->flags = SENT_AGAIN;
		b->us = w->us;
		b->tries++;
	}
	scoreboard_sent_again(&w->sb, s, w->us);
}

static void
step_send_part(struct world *w)
{
	struct sent *s = some_record(w, SENT_LOST, SENT_PART);

	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->len; i++) {
		struct byte *b = &w->bytes[s->seq - w->una + i];

		b->flags |= SENT_AGAIN;
		b->us = w->us;
	}
	scoreboard_sent_part(s, w->us);
	assert_int_equal(s->flags & (SENT_LOST | SENT_PART), SENT_LOST | SENT_PART);
	if (below(w, 2) == 0)
		return;
	scoreboard_part_lost(&w->sb, &w->chunks);
	assert_int_equal(scoreboard_lost(&w->sb, &w->chunks)->flags & SENT_PART, 0);
}

static void
step_split(struct world *w)
{
	struct sent *s = some_record(w, 0, SENT_SACKED);
	bool room = w->chunks.n_free > 0;
	uint16_t len;

	if (s == NULL || s->len < 2)
		return;
	len = (uint16_t)(1 + below(w, s->len - 1));
	if (scoreboard_split(&w->sb, &w->chunks, s, len))
		assert_int_equal(s->len, len);
	else
		assert_false(room);
}

/* What was merged has the time of its last part when SACKs are forgotten. */
static void
forget_sacks(struct world *w)
{
	struct scoreboard_cursor at;

	for (struct sent *s = scoreboard_begin(&w->sb, &w->chunks, &at); s != NULL;
	     s = scoreboard_next(&w->chunks, &at)) {
		uint32_t from = s->seq - w->una, last = from + s->len - 1;

		if (!(s->flags & SENT_SACKED))
			continue;
		for (uint32_t i = from; i <= last; i++)
			w->bytes[i] = (struct byte){.us = w->bytes[last].us, .flags = SENT_AGAIN};
	}
}

static void
step_time_out(struct world *w, bool renege)
{
	if (renege)
		forget_sacks(w);
	scoreboard_mark_all_lost(&w->sb, &w->chunks, renege);
	for (uint32_t i = 0; i < w->n; i++)
		if (!(w->bytes[i].flags & SENT_SACKED))
			w->bytes[i].flags |= SENT_LOST;
}

static void
step_undo(struct world *w)
{
	scoreboard_mark_none_lost(&w->sb, &w->chunks);
	for (uint32_t i = 0; i < w->n; i++)
		w->bytes[i].flags &= (uint8_t)~SENT_LOST;
}

static inline void
step(struct world *w)
{
	uint32_t kind = below(w, 100);

	w->us += below(w, 3) * below(w, 1000);
	if (kind < 50)
		step_push(w);
	else if (kind < 75)
		step_acknowledge(w);
	else if (kind < 84)
		step_lose(w);
	else if (kind < 90)
		step_send_again(w);
	else if (kind < 92)
		step_send_part(w);
	else if (kind < 96)
		step_split(w);
	else if (kind < 98)
		step_undo(w);
	else
		step_time_out(w, kind == 99);
	compare(w);
}

#endif

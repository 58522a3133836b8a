/* SPDX-License-Identifier: BSD-3-Clause */
/* What each cell of the matrix sends. */
#include <stdio.h>

#include <lib/packet.h>

#include "cells.h"
#include "world.h"

#define TEXT_LEN 10
#define BEYOND   5 /* bytes that stick out of the window */

/* Other than what the peer said before, so that it shows whether it was taken. */
#define CELL_WND 50000
#define CELL_UP  20

struct named {
	const char *name;
	uint8_t flags;
};

static const struct named kinds[] = {
#define X(name, text, flags) {text, flags},
    CELL_KINDS(X)
#undef X
};
#define X(name, text) {text, 0},
static const struct named seqs[] = {CELL_SEQS(X)};
static const struct named acks[] = {CELL_ACKS(X)};
static const struct named texts[] = {CELL_TEXTS(X)};
#undef X

const char *
exclusion_text(enum exclusion why)
{
	static const char *const text[EXCLUSIONS] = {
	    [EXCLUDED_NOT] = "run",
	    [EXCLUDED_NO_ACK_FIELD] = "without the ACK flag SEG.ACK is absent",
	    [EXCLUDED_ACK_FIELD] = "with the ACK flag SEG.ACK is present",
	    [EXCLUDED_SYN_DATA] = "SYN and SYN with data are two kinds, each with its own texts",
	    [EXCLUDED_NOTHING_SENT] = "nothing was sent: one SEG.ACK is as good as another",
	    [EXCLUDED_NO_WINDOW_SEEN] = "the peer has not offered a window yet",
	    [EXCLUDED_NOT_IN_FLIGHT] = "nothing is in flight: SND.UNA is SND.NXT",
	    [EXCLUDED_NO_PART] = "nothing lies between SND.UNA and SND.NXT",
	    [EXCLUDED_NO_EDGES] = "no receive window yet: it has no such edge",
	    [EXCLUDED_NO_INSIDE] = "a closed window has no inside",
	    [EXCLUDED_GEOMETRY] = "text that begins there cannot lie so",
	};

	return text[why];
}

struct cell
cell_number(unsigned int n)
{
	return (struct cell){.text = n % TEXTS,
	    .ack = n / TEXTS % ACKS,
	    .seq = n / TEXTS / ACKS % SEQS,
	    .kind = n / TEXTS / ACKS / SEQS};
}

char *
cell_name(const struct cell *c, char name[200])
{
	snprintf(name, 200, "%s; SEG.SEQ %s; SEG.ACK %s; %s", kinds[c->kind].name,
	    seqs[c->seq].name, acks[c->ack].name, texts[c->text].name);
	return name;
}

static bool
has_numbers(const struct tcb *t)
{
	return t->state != SPT_CLOSED_STATE && t->state != SPT_LISTEN;
}

static enum exclusion
set_ack(const struct cell *c, const struct tcb *t, struct arrival *s)
{
	bool present = s->flags & P_ACK;
	uint32_t part = t->fin_sent ? t->snd_nxt - 1 : t->snd_una + TEXT_LEN;

	if (!present)
		return c->ack == ACK_ABSENT ? EXCLUDED_NOT : EXCLUDED_NO_ACK_FIELD;
	if (c->ack == ACK_ABSENT)
		return EXCLUDED_ACK_FIELD;
	if (!has_numbers(t)) {
		s->ack = 4294967290u;
		return c->ack == ACK_UNA ? EXCLUDED_NOT : EXCLUDED_NOTHING_SENT;
	}
	switch (c->ack) {
	case ACK_ABSENT: break;
	case ACK_BELOW: s->ack = oracle_oldest_ack(t) - 1; break;
	case ACK_OLDEST:
		s->ack = oracle_oldest_ack(t);
		return t->max_snd_wnd ? EXCLUDED_NOT : EXCLUDED_NO_WINDOW_SEEN;
	case ACK_OLD: s->ack = t->snd_una - 1; break;
	case ACK_UNA: s->ack = t->snd_una; break;
	case ACK_PART:
		s->ack = part;
		return t->snd_nxt - t->snd_una < 2 ? EXCLUDED_NO_PART : EXCLUDED_NOT;
	case ACK_NXT:
		s->ack = t->snd_nxt;
		return t->snd_nxt == t->snd_una ? EXCLUDED_NOT_IN_FLIGHT : EXCLUDED_NOT;
	case ACK_ABOVE: s->ack = t->snd_nxt + 1; break;
	case ACKS: break;
	}
	return EXCLUDED_NOT;
}

/* Text of this class for a segment that begins 'off' behind RCV.NXT; the window has 'wnd'. */
static enum exclusion
set_text(enum cell_text text, int32_t off, int32_t wnd, struct arrival *s)
{
	bool below = off < 0, above = off >= wnd;

	switch (text) {
	case TEXT_EMPTY: return EXCLUDED_NOT;
	case TEXT_WITHIN:
		s->len = (uint32_t)RTE_MIN(TEXT_LEN, wnd - off);
		return below || above ? EXCLUDED_GEOMETRY : EXCLUDED_NOT;
	case TEXT_OUTSIDE:
		s->len = (uint32_t)(below ? -off : TEXT_LEN);
		return below || above ? EXCLUDED_NOT : EXCLUDED_GEOMETRY;
	case TEXT_OVER_LEFT:
		s->len = (uint32_t)(-off + TEXT_LEN);
		return below ? EXCLUDED_NOT : EXCLUDED_GEOMETRY;
	case TEXT_OVER_RIGHT:
		s->len = (uint32_t)(wnd - off + BEYOND);
		return below || above ? EXCLUDED_GEOMETRY : EXCLUDED_NOT;
	case TEXT_OVER_BOTH:
		s->len = (uint32_t)(wnd - off + BEYOND);
		return below ? EXCLUDED_NOT : EXCLUDED_GEOMETRY;
	case TEXTS: break;
	}
	return EXCLUDED_GEOMETRY;
}

/* Before the peer's SYN: in SYN-SENT a window is offered, it has a right edge only. */
static enum exclusion
set_text_before_syn(enum cell_text text, const struct tcb *t, struct arrival *s)
{
	if (text == TEXT_WITHIN)
		s->len = TEXT_LEN;
	else if (text == TEXT_OVER_RIGHT && t->state == SPT_SYN_SENT)
		s->len = t->rcv_wnd + BEYOND;
	else if (text != TEXT_EMPTY)
		return EXCLUDED_NO_EDGES;
	return EXCLUDED_NOT;
}

enum exclusion
cell_segment(const struct cell *c, const struct tcb *t, uint32_t base, struct arrival *s)
{
	bool window = t->state > SPT_SYN_SENT;
	int32_t wnd = window ? (int32_t)t->rcv_wnd : WORLD_WINDOW;
	const int32_t off[SEQS] = {[SEQ_LEFT] = 0,
	    [SEQ_NEXT] = 1,
	    [SEQ_INSIDE] = wnd / 2,
	    [SEQ_RIGHT] = wnd - 1,
	    [SEQ_BELOW] = -1,
	    [SEQ_FAR_BELOW] = -BEYOND,
	    [SEQ_ABOVE] = wnd ? wnd : 1,
	    [SEQ_FAR_ABOVE] = INT32_MAX};
	enum exclusion why;

	*s = (struct arrival){.flags = kinds[c->kind].flags,
	    .seq = (window ? t->rcv_nxt : base) + (uint32_t)off[c->seq],
	    .wnd = CELL_WND,
	    .up = kinds[c->kind].flags & P_URG ? CELL_UP : 0};
	if ((c->kind == KIND_SYN && c->text != TEXT_EMPTY) ||
	    (c->kind == KIND_SYN_DATA && c->text == TEXT_EMPTY))
		return EXCLUDED_SYN_DATA;
	why = set_ack(c, t, s);
	if (why != EXCLUDED_NOT)
		return why;
	if (wnd == 0 && (c->seq == SEQ_NEXT || c->seq == SEQ_INSIDE || c->seq == SEQ_RIGHT))
		return EXCLUDED_NO_INSIDE;
	if (window)
		return set_text(c->text, off[c->seq], wnd, s);
	return set_text_before_syn(c->text, t, s);
}

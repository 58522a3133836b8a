/* SPDX-License-Identifier: BSD-3-Clause */
/* Conversations from seeds. */
#include <stdio.h>
#include <string.h>

#include <lib/env.h>
#include <lib/packet.h>

#include "conversation.h"

/* While one is made: what of the peer's stream was sent, and taken, for all that is known. */
struct maker {
	struct env_random random;
	struct conversation *c;
	uint32_t next; /* the first number that was not taken */
	uint32_t max;  /* behind the last that was sent */
	uint32_t fin;
	bool odd_done;
	bool over; /* the connection may have ended */
	bool sent[CONVERSATION_STREAM + 2], before[CONVERSATION_STREAM + 2];
};

static uint32_t
below(struct maker *g, uint32_t n)
{
	return env_random_below(&g->random, n);
}

static uint32_t
between(struct maker *g, uint32_t low, uint32_t high)
{
	return low + below(g, high - low + 1);
}

static bool
percent(struct maker *g, uint32_t n)
{
	return below(g, 100) < n;
}

/* The next step, all zero but for its kind; the last one again when there is no more room. */
static struct step *
append(struct maker *g, enum step_kind kind)
{
	struct conversation *c = g->c;
	struct step *s = &c->step[c->n < CONVERSATION_STEPS ? c->n++ : CONVERSATION_STEPS - 1];

	*s = (struct step){.kind = kind, .wnd = CONVERSATION_WINDOW};
	return s;
}

static struct step *
segment(struct maker *g, uint8_t flags, int32_t seq, uint32_t len)
{
	struct step *s = append(g, STEP_SEGMENT);

	s->flags = flags;
	s->seq = seq;
	s->len = len;
	return s;
}

/* The numbers from 'seq' on were sent; no more than the stream has. */
static uint32_t
mark(struct maker *g, uint32_t seq, uint32_t len)
{
	uint32_t end = g->fin ? g->fin : CONVERSATION_STREAM;

	if (seq >= end)
		return 0;
	if (len > end - seq)
		len = end - seq;
	memset(g->sent + seq, true, len);
	if (seq + len > g->max)
		g->max = seq + len;
	while (g->next < g->max && g->sent[g->next])
		g->next++;
	return len;
}

static uint32_t
length(struct maker *g)
{
	return percent(g, 30) ? between(g, 1, 20) : between(g, 1, 1400);
}

/* The segment made last will not be taken: its numbers are in use, and missing. */
static void
unmark(struct maker *g, uint32_t next)
{
	memcpy(g->sent, g->before, sizeof(g->sent));
	g->next = next;
}

/* ---- what every segment has ------------------------------------------------------- */

static void
ordinary(struct maker *g, struct step *s)
{
	uint32_t x = below(g, 100);

	s->ack = x < 66   ? STEP_ACK_ALL
	         : x < 78 ? STEP_ACK_SAME
	         : x < 88 ? STEP_ACK_PART
	         : x < 96 ? STEP_ACK_OLD
	                  : STEP_ACK_AHEAD;
	if (x == 95 && s->len == 0 && !(s->flags & P_FIN))
		s->ack = STEP_ACK_STALE;
	x = below(g, 100);
	if (g->c->narrow && x > 60)
		s->wnd = x < 70 ? 0 : between(g, 1, 5000);
	if (percent(g, 4))
		s->stamp = STEP_STAMP_OLD;
	x = below(g, 100);
	s->sack = x < 90   ? STEP_SACK_TRUE
	          : x < 94 ? STEP_SACK_NONE
	          : x < 97 ? STEP_SACK_AHEAD
	                   : STEP_SACK_OLD;
	if (percent(g, 2))
		s->bad_checksum = true;
	if (percent(g, 30))
		s->flags |= P_PSH;
	if (percent(g, 3)) {
		s->flags |= P_URG;
		s->up = (uint16_t)between(g, 0, 2000);
	}
	if (percent(g, 2))
		s->flags &= (uint8_t)~P_ACK;
}

static bool
is_dropped(const struct maker *g, const struct step *s)
{
	return s->bad_checksum || !(s->flags & P_ACK) || s->ack > STEP_ACK_OLD ||
	       (g->c->ts && s->stamp == STEP_STAMP_OLD);
}

/* ---- segments of a connection -------------------------------------------------------- */

static struct step *
new_text(struct maker *g)
{
	uint32_t seq = g->max, len = mark(g, seq, length(g));

	return segment(g, P_ACK, (int32_t)seq, len);
}

static struct step *
text_behind_gap(struct maker *g)
{
	uint32_t seq = g->max + between(g, 1, 1500), len;

	if (g->fin || seq + 1500 >= CONVERSATION_STREAM)
		return new_text(g);
	len = mark(g, seq, length(g));
	return segment(g, P_ACK, (int32_t)seq, len);
}

static struct step *fin(struct maker *g);

/* What the first gap lacks, or more, or less. */
static struct step *
fill(struct maker *g)
{
	uint32_t seq = g->next, gap = 0, len;

	if (g->fin && seq >= g->fin)
		return fin(g);
	while (seq + gap < g->max && !g->sent[seq + gap])
		gap++;
	if (gap == 0)
		return new_text(g);
	len = percent(g, 60) ? gap : length(g);
	if (len > 1400)
		len = 1400;
	return segment(g, P_ACK, (int32_t)seq, mark(g, seq, len));
}

static struct step *
overlap(struct maker *g)
{
	uint32_t back = between(g, 0, 2500), seq = g->max > back + 1 ? g->max - back : 1;

	return segment(g, P_ACK, (int32_t)seq, mark(g, seq, length(g)));
}

static struct step *
old_text(struct maker *g)
{
	uint32_t seq = between(g, 1, g->next), len = length(g);

	if (len > g->next - seq)
		len = g->next - seq;
	return segment(g, P_ACK, (int32_t)seq, len);
}

static struct step *
fin(struct maker *g)
{
	uint32_t seq = g->max, len;

	if (g->fin) {
		g->sent[g->fin] = true;
		while (g->next < g->max && g->sent[g->next])
			g->next++;
		return segment(g, P_ACK | P_FIN, (int32_t)g->fin, 0);
	}
	len = percent(g, 50) ? mark(g, seq, length(g)) : 0;
	g->fin = seq + len;
	g->sent[g->fin] = true;
	g->max = g->fin + 1;
	while (g->next < g->max && g->sent[g->next])
		g->next++;
	return segment(g, P_ACK | P_FIN, (int32_t)seq, len);
}

static struct step *
bare(struct maker *g)
{
	return segment(g, P_ACK, (int32_t)g->max, 0);
}

/* RFC 5961 3: ends it at RCV.NXT alone. */
static struct step *
rst(struct maker *g)
{
	uint32_t x = below(g, 10);
	int32_t seq = (int32_t)g->next;

	if (g->c->narrow)
		return bare(g);
	if (x < 3)
		seq += (int32_t)between(g, 2, 20000) + (int32_t)(g->max - g->next);
	else if (x < 5)
		seq += CONVERSATION_FAR;
	else if (x < 7)
		seq -= (int32_t)between(g, 2, 100000) + (int32_t)g->next;
	else if (x < 9)
		return segment(g, P_ACK, seq, 0);
	g->over |= x == 9;
	return segment(g, percent(g, 50) ? P_RST : P_RST | P_ACK, seq, 0);
}

static struct step *
syn(struct maker *g)
{
	uint32_t x = below(g, 3);
	int32_t seq;

	/* Where there is no connection any more, or TIME-WAIT, a SYN makes another. */
	if (g->c->narrow || g->over)
		return bare(g);
	if (g->fin)
		seq = x == 0 ? 0 : (int32_t)between(g, 1, g->next - 1);
	else
		seq = x == 0 ? 0 : x == 1 ? (int32_t)g->next : (int32_t)between(g, 1, 100000);

	return segment(g, percent(g, 50) ? P_SYN : P_SYN | P_ACK, seq, 0);
}

static struct step *
keep_alive(struct maker *g)
{
	return segment(g, P_ACK, (int32_t)g->next - 1, g->next > 1 ? below(g, 2) : 0);
}

/* Text that no window has room for, on either side of it. */
static struct step *
far_text(struct maker *g)
{
	int32_t seq = (int32_t)g->next;

	return segment(
	    g, P_ACK, percent(g, 50) ? seq + CONVERSATION_FAR : -CONVERSATION_FAR, length(g));
}

/* What this conversation is odd about: at most once in it. NULL: not now. */
static struct step *
odd_segment(struct maker *g)
{
	struct step *s;

	switch (g->c->odd) {
	case ODD_STAMP_MISSING:
		s = new_text(g);
		s->stamp = STEP_STAMP_MISSING;
		return s;
	case ODD_STAMP_ONE_OLD:
		s = new_text(g);
		s->stamp = STEP_STAMP_ONE_OLD;
		return s;
	case ODD_RST_AT_SACK:
		if (g->next == g->max || g->fin)
			return NULL;
		return segment(g, P_RST, (int32_t)g->max, 0);
	case ODD_RST_BEFORE_FIN:
		if (!g->fin || g->next != g->max)
			return NULL;
		return segment(g, P_RST, (int32_t)g->next - 1, 0);
	case ODD_ACK_STALE:
		s = new_text(g);
		s->ack = STEP_ACK_STALE;
		return s;
	case ODD_ACK_BEFORE_STREAM:
		s = new_text(g);
		s->ack = STEP_ACK_BEFORE;
		return s;
	case ODD_SYN_AGAIN:
		if (!g->fin || g->next != g->max)
			return NULL;
		return segment(
		    g, P_SYN, (int32_t)(g->next + below(g, 2) * between(g, 1, 100000)), 0);
	case ODD_NOTHING:
	case ODD_SYN_FIN:
	case ODD_TSECR:
	case ODD_SIMULTANEOUS:
	case ODD_SYN_ACK_TO_LISTENER:
	case ODD_CLOSE_UNREAD:
	case ODD_CLOSE_OVER_GAP:
	case ODDITIES: break;
	}
	return NULL;
}

static void
ordinary_segment(struct maker *g, struct step *(*make)(struct maker *g))
{
	uint32_t next = g->next;
	struct step *s;

	memcpy(g->before, g->sent, sizeof(g->sent));
	s = make(g);
	ordinary(g, s);
	if (is_dropped(g, s))
		unmark(g, next);
}

static void
some_segment(struct maker *g)
{
	static const struct {
		struct step *(*make)(struct maker *g);
		uint32_t weight;
	} kinds[] = {
	    {new_text, 26},
	    {text_behind_gap, 9},
	    {fill, 12},
	    {overlap, 8},
	    {old_text, 6},
	    {bare, 20},
	    {fin, 4},
	    {rst, 3},
	    {syn, 2},
	    {keep_alive, 3},
	    {far_text, 3},
	};
	uint32_t sum = 0, x;
	unsigned int i;

	if (g->c->odd != ODD_NOTHING && !g->odd_done && percent(g, 25) && odd_segment(g) != NULL) {
		g->odd_done = true;
		return;
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		sum += kinds[i].weight;
	x = below(g, sum);
	for (i = 0; x >= kinds[i].weight; i++)
		x -= kinds[i].weight;
	ordinary_segment(g, kinds[i].make);
}

/* Where text waits behind a gap the gap is filled first. */
static void
close_it(struct maker *g)
{
	g->over = true;
	if (g->c->odd == ODD_CLOSE_UNREAD)
		append(g, STEP_CLOSE)->bytes = 1;
	else if (g->next == g->max || g->c->odd == ODD_CLOSE_OVER_GAP)
		append(g, STEP_CLOSE);
	else
		fill(g);
}

static void
some_call(struct maker *g)
{
	uint32_t x = below(g, 100);

	if (x < 40)
		append(g, STEP_READ)->bytes = percent(g, 30) ? UINT32_MAX : between(g, 1, 3000);
	else if (x < 84)
		append(g, STEP_WRITE)->bytes =
		    percent(g, 50) ? between(g, 1, 100) : between(g, 1, 3000);
	else if (x < 93)
		append(g, STEP_SHUTDOWN);
	else if (x < 98)
		close_it(g);
	else if (!g->c->narrow) {
		g->over = true;
		append(g, STEP_ABORT);
	}
}

/* ---- the opening ----------------------------------------------------------------------- */

/* What comes while the handshake is not done, and must not do it. */
static void
some_nonsense(struct maker *g)
{
	uint32_t x = below(g, 6);
	struct step *s;

	switch (x) {
	case 0: /* again */
		segment(g, g->c->active ? P_ACK : P_SYN, 0, 0)->ack =
		    g->c->active ? STEP_ACK_STALE : STEP_ACK_ALL;
		break;
	case 1: segment(g, P_ACK, 1, 0)->ack = STEP_ACK_AHEAD; break;
	case 2: segment(g, P_RST, CONVERSATION_FAR, 0); break;
	case 3:
		s = segment(g, P_ACK, 1, 0);
		s->bad_checksum = true;
		break;
	case 4: segment(g, P_RST | P_ACK, g->c->active ? 0 : -7, 0)->ack = STEP_ACK_AHEAD; break;
	default:
		if (g->c->active || g->c->odd == ODD_SYN_ACK_TO_LISTENER)
			segment(g, P_SYN | P_ACK, 0, 0)->ack = STEP_ACK_AHEAD;
		break;
	}
}

static void
open_active(struct maker *g)
{
	if (percent(g, 25))
		some_nonsense(g);
	if (percent(g, 6)) {
		segment(g, P_RST | P_ACK, 0, 0);
		g->over = true;
		return;
	}
	if (percent(g, 15))
		append(g, STEP_WRITE)->bytes = between(g, 1, 2000);
	if (g->c->odd == ODD_SIMULTANEOUS) {
		segment(g, P_SYN, 0, 0);
		if (percent(g, 50))
			segment(g, P_ACK, 1, 0);
		else
			segment(g, P_SYN | P_ACK, 0, 0);
		return;
	}
	segment(g, P_SYN | P_ACK, 0, 0);
}

static void
open_passive(struct maker *g)
{
	struct step *s = segment(g, P_SYN, 0, 0);

	if (g->c->odd == ODD_SYN_FIN)
		s->flags |= P_FIN;
	else if (percent(g, 10))
		s->len = between(g, 1, 500);
	if (percent(g, 25))
		some_nonsense(g);
	if (percent(g, 5))
		segment(g, P_RST, 1, 0), g->over = true;
	if (g->c->odd == ODD_TSECR)
		segment(g, P_ACK, 1, 0)->stamp = STEP_STAMP_OLD;
	if (percent(g, 20))
		ordinary_segment(g, new_text);
	else if (percent(g, 5))
		fin(g);
	else
		segment(g, P_ACK, 1, 0);
}

void
conversation_make(struct conversation *c, uint64_t seed)
{
	static const uint16_t mss[] = {1460, 1460, 1000, 536, 120};
	struct maker g = {.c = c, .next = 1, .max = 1};
	unsigned int steps;

	env_random_seed(&g.random, seed);
	memset(c, 0, sizeof(*c));
	c->seed = seed;
	c->active = percent(&g, 35);
	c->ipv6 = percent(&g, 40);
	c->ts = percent(&g, 60);
	c->sack = percent(&g, 70);
	c->wscale = percent(&g, 60) ? (int)between(&g, 0, 9) : -1;
	c->mss = mss[below(&g, 5)];
	c->iss =
	    percent(&g, 30) ? UINT32_MAX - below(&g, 3000) : (uint32_t)env_random_next(&g.random);
	c->ending = percent(&g, 50) ? ENDING_LEAVE : ENDING_FINISH;
	c->narrow = percent(&g, 40);
	if (!c->narrow && percent(&g, 15))
		c->odd = (enum oddity)between(&g, 1, ODDITIES - 1);
	if (c->odd == ODD_SIMULTANEOUS)
		c->active = true;
	if (c->odd == ODD_SYN_FIN || c->odd == ODD_SYN_ACK_TO_LISTENER || c->odd == ODD_TSECR)
		c->active = false;
	if (c->active)
		open_active(&g);
	else
		open_passive(&g);
	steps = between(&g, c->n + 1, CONVERSATION_STEPS);
	while (c->n < steps) {
		uint32_t x = below(&g, 100);

		if (x < 34)
			some_call(&g);
		else if (x < 37 && c->narrow)
			append(&g, STEP_LOSE)->bytes = between(&g, 1, 2000);
		else if (x < 38 && c->narrow)
			append(&g, STEP_RENEGE);
		else if (x < 40)
			append(&g, STEP_WAIT)->bytes = between(&g, 1, 300);
		else
			some_segment(&g);
	}
	c->max = g.fin ? g.fin : g.max;
	c->fin = g.fin;
}

/* ---- for people ------------------------------------------------------------------------- */

char *
step_text(const struct step *s, char *text)
{
	static const char *const kinds[] = {
	    "segment", "lose", "renege", "wait", "read", "write", "shutdown", "close", "abort"};
	static const char *const acks[] = {
	    "all", "part", "same", "old", "stale", "before", "ahead"};
	static const char *const stamps[] = {"", " old-ts", " one-old-ts", " no-ts"};
	static const char *const sacks[] = {"", " no-sack", " sack-ahead", " sack-old"};
	char flags[40];

	if (s->kind != STEP_SEGMENT) {
		snprintf(text, 120, "%s %u", kinds[s->kind], s->bytes);
		return text;
	}
	snprintf(text, 120, "segment %s seq %d len %u ack %s win %u%s%s%s",
	    packet_flags_text(s->flags, flags), s->seq, s->len, acks[s->ack], s->wnd,
	    stamps[s->stamp], sacks[s->sack], s->bad_checksum ? " bad-checksum" : "");
	return text;
}

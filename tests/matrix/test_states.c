/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every kind of segment, at every place of its numbers, in every state (RFC 9293 3.10.7): what the
 * engine answers, tells its user and becomes is what oracle.c derives from the RFC's text. Each
 * cell has a connection of its own. matrix_states VARIANT [WORD] ...: the cells whose names have
 * all these words, with what was said.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cells.h"
#include "world.h"

/* Cells that share an engine. */
#define WORLD_CELLS 1000
#define SHOWN       25
#define TWO_MSL     (60 * SPT_NS_PER_SEC)

static const struct world_variant variants[] = {
    {.name = "ipv4", .family = 4},
    {.name = "ipv4-wrap-ts", .family = 4, .wrap = true, .ts = true},
    {.name = "ipv6-ts", .family = 6, .ts = true},
    {.name = "ipv6-wrap", .family = 6, .wrap = true},
    {.name = "ipv4-active-ts", .family = 4, .ts = true, .active = true},
    {.name = "ipv6-active-wrap", .family = 6, .wrap = true, .active = true},
    {.name = "ipv6-same-ts", .family = 6, .ts = true, .active = true, .stamp = STAMP_SAME},
    {.name = "ipv4-old-ts", .family = 4, .ts = true, .stamp = STAMP_OLD},
    {.name = "ipv6-missing-ts", .family = 6, .wrap = true, .ts = true, .stamp = STAMP_MISSING},
    {.name = "ipv4-window-0", .family = 4, .wnd_given = true, .wnd = 0},
    {.name = "ipv6-window-5", .family = 6, .wrap = true, .wnd_given = true, .wnd = 5},
    {.name = "ipv4-shift-7", .family = 4, .ts = true, .wscale = 7, .wnd_given = true, .wnd = 40000},
    {.name = "ipv6-shift-14",
        .family = 6,
        .wrap = true,
        .active = true,
        .wscale = 14,
        .wnd_given = true,
        .wnd = 65535},
    {.name = "ipv4-shift-15", /* RFC 7323 2.3: taken for 14 */
        .family = 4,
        .active = true,
        .wscale = 15,
        .wnd_given = true,
        .wnd = 1},
};

static const struct matrix_state {
	const char *name;
	enum spt_state state;
	bool active; /* SYN_RECEIVED: the full connection of a simultaneous open */
	bool full;   /* RCV.WND is 0: nothing of what filled it was read */
	bool by_close;
} states[] = {
    {"CLOSED", SPT_CLOSED_STATE, false, false, false},
    {"LISTEN", SPT_LISTEN, false, false, false},
    {"SYN-SENT", SPT_SYN_SENT, true, false, false},
    {"SYN-RECEIVED, a record", SPT_SYN_RECEIVED, false, false, false},
    {"SYN-RECEIVED, a connection", SPT_SYN_RECEIVED, true, false, false},
    {"ESTABLISHED", SPT_ESTABLISHED, false, false, false},
    {"ESTABLISHED, RCV.WND = 0", SPT_ESTABLISHED, false, true, false},
    {"FIN-WAIT-1", SPT_FIN_WAIT_1, false, false, false},
    {"FIN-WAIT-1 after CLOSE", SPT_FIN_WAIT_1, false, false, true},
    {"FIN-WAIT-1, RCV.WND = 0", SPT_FIN_WAIT_1, false, true, false},
    {"FIN-WAIT-2", SPT_FIN_WAIT_2, false, false, false},
    {"FIN-WAIT-2, RCV.WND = 0", SPT_FIN_WAIT_2, false, true, false},
    {"FIN-WAIT-2 after CLOSE", SPT_FIN_WAIT_2, false, false, true},
    {"CLOSE-WAIT", SPT_CLOSE_WAIT, false, false, false},
    {"CLOSE-WAIT, RCV.WND = 0", SPT_CLOSE_WAIT, false, true, false},
    {"CLOSING", SPT_CLOSING, false, false, false},
    {"CLOSING, RCV.WND = 0", SPT_CLOSING, false, true, false},
    {"CLOSING after CLOSE", SPT_CLOSING, false, false, true},
    {"LAST-ACK", SPT_LAST_ACK, false, false, false},
    {"LAST-ACK, RCV.WND = 0", SPT_LAST_ACK, false, true, false},
    {"LAST-ACK after CLOSE", SPT_LAST_ACK, false, false, true},
    {"TIME-WAIT", SPT_TIME_WAIT, false, false, false},
    {"TIME-WAIT, RCV.WND = 0", SPT_TIME_WAIT, false, true, false},
};

static const struct world_variant *variant;
static char **words;
static int n_words;
static unsigned int total_run, total_excluded[EXCLUSIONS];

/* A cell while it runs. */
struct trial {
	struct world *w;
	const struct matrix_state *state;
	struct cell cell;
	struct tcb before;
	struct arrival seg;
	struct expectation e;
	spt_time brought;
	char wrong[1200]; /* empty: nothing */
};

__attribute__((format(printf, 2, 3))) static void
complain(struct trial *t, const char *format, ...)
{
	size_t used = strlen(t->wrong);
	va_list args;

	va_start(args, format);
	vsnprintf(t->wrong + used, sizeof(t->wrong) - used, format, args);
	va_end(args);
}

/* ---- numbers that read well -------------------------------------------------- */

static int32_t
rel_snd(const struct trial *t, uint32_t seq)
{
	return (int32_t)(seq - t->before.iss);
}

static int32_t
rel_rcv(const struct trial *t, uint32_t seq)
{
	return (int32_t)(seq - world_peer_iss(t->w));
}

static const char *
reply_name(enum reply r)
{
	switch (r) {
	case REPLY_NONE: return "no answer";
	case REPLY_ACK: return "ACK at once";
	case REPLY_ACK_SOON: return "ACK within 50 ms";
	case REPLY_SYN_ACK: return "SYN,ACK";
	case REPLY_RST: return "RST";
	case REPLY_RST_ACK: return "RST,ACK";
	}
	return "?";
}

static const char *
events_text(uint32_t events, char text[80])
{
	snprintf(text, 80, "%s%s%s%s%s%s%s", events & SPT_ACCEPTED ? " ACCEPTED" : "",
	    events & SPT_CONNECTED ? " CONNECTED" : "",
	    events & SPT_PEER_CLOSED ? " PEER_CLOSED" : "", events & SPT_URGENT ? " URGENT" : "",
	    events & SPT_SOFT_ERROR ? " SOFT_ERROR" : "", events & SPT_CLOSED ? " CLOSED" : "",
	    events ? "" : " none");
	return text;
}

static void
complain_reply(struct trial *t, const struct seen *seen, unsigned int n)
{
	const struct expectation *e = &t->e;
	bool rst = e->reply == REPLY_RST || e->reply == REPLY_RST_ACK;
	char flags[40];

	complain(t, "    expected %s", reply_name(e->reply));
	if (e->reply != REPLY_NONE && !e->new_iss)
		complain(
		    t, " seq %" PRId32, rst ? (int32_t)e->reply_seq : rel_snd(t, e->reply_seq));
	if (e->reply != REPLY_NONE && e->reply != REPLY_RST)
		complain(t, " ack %" PRId32, rel_rcv(t, e->reply_ack));
	complain(t, ", got");
	for (unsigned int i = 0; i < n; i++)
		complain(t, " [%s seq %" PRId32 " ack %" PRId32 " len %u]",
		    packet_flags_text(seen[i].p.flags, flags),
		    rst ? (int32_t)seen[i].p.seq : rel_snd(t, seen[i].p.seq),
		    rel_rcv(t, seen[i].p.ack), seen[i].p.len);
	complain(t, "%s\n", n ? "" : " no answer");
}

/* ---- comparing ------------------------------------------------------------------- */

/* The form of the answer: flags, numbers, and nothing on it. */
static bool
is_reply(const struct trial *t, const struct packet *p)
{
	static const uint8_t flags[] = {
	    [REPLY_ACK] = P_ACK,
	    [REPLY_ACK_SOON] = P_ACK,
	    [REPLY_SYN_ACK] = P_SYN | P_ACK,
	    [REPLY_RST] = P_RST,
	    [REPLY_RST_ACK] = P_RST | P_ACK,
	};
	const struct expectation *e = &t->e;

	if (p->flags != flags[e->reply] || p->len > 0)
		return false;
	if (e->new_iss && t->before.state == SPT_TIME_WAIT &&
	    (int32_t)(p->seq - t->before.snd_nxt) <= 0)
		return false; /* RFC 9293 3.6.1, MAY-2: larger than the largest used before */
	if (!e->new_iss && p->seq != e->reply_seq)
		return false;
	return e->reply == REPLY_RST || p->ack == e->reply_ack;
}

static void
compare_reply(struct trial *t, unsigned int at_once)
{
	const struct seen *seen;
	unsigned int n = world_seen(t->w, &seen);
	bool right;

	if (t->e.reply == REPLY_NONE)
		right = n == 0;
	else
		right = n == 1 && is_reply(t, &seen[0].p) &&
		        (at_once == 1 || t->e.reply == REPLY_ACK_SOON);
	if (!right)
		complain_reply(t, seen, n);
}

static void
compare_user(struct trial *t)
{
	char expected[80], got[80];
	int reason;
	uint32_t events = world_events(t->w, &reason);

	if (events != t->e.events)
		complain(t, "    expected events%s, got%s\n", events_text(t->e.events, expected),
		    events_text(events, got));
	else if ((events & SPT_CLOSED) && !t->e.any_reason && reason != t->e.reason)
		complain(t, "    expected CLOSED with %s, got %s\n", strerror(-t->e.reason),
		    strerror(-reason));
	if (world_delivered(t->w) != t->e.delivered)
		complain(t, "    expected %u bytes delivered, got %u\n", t->e.delivered,
		    world_delivered(t->w));
}

/* A variable of the connection, as it is and as it should be. */
static void
compare_number(struct trial *t, const char *name, uint32_t got, uint32_t expected)
{
	if (got != expected)
		complain(t, "    expected %s %" PRId32 ", got %" PRId32 "\n", name,
		    (int32_t)expected, (int32_t)got);
}

static void
compare_variables(struct trial *t)
{
	const struct tcb *a = &t->e.after;
	struct spt_conn_info info;

	if (world_info(t->w, &info) != 0)
		return;
	compare_number(t, "SND.UNA", info.snd_una - a->iss, a->snd_una - a->iss);
	compare_number(t, "SND.NXT", info.snd_nxt - a->iss, a->snd_nxt - a->iss);
	if (a->state == SPT_SYN_SENT)
		return;
	compare_number(t, "RCV.NXT", info.rcv_nxt - a->irs, a->rcv_nxt - a->irs);
	compare_number(t, "SND.WND", info.snd_wnd, a->snd_wnd);
	compare_number(t, "bytes held", info.out_of_order, t->e.held);
}

static void
compare_state(struct trial *t, enum spt_state expected)
{
	enum spt_state got = world_state(t->w);

	if (expected == SPT_LISTEN)
		expected = SPT_CLOSED_STATE; /* a listener has no connection to show */
	if (got != expected)
		complain(t, "    expected state %s, got %s\n", spt_state_name(expected),
		    spt_state_name(got));
}

/* What is held counts once the gap is filled (SHLD-31). */
static void
fill_gap(struct trial *t)
{
	struct expectation filled, after;
	struct arrival gap = {.flags = P_ACK,
	    .seq = t->e.after.rcv_nxt,
	    .ack = t->e.after.snd_una,
	    .wnd = t->seg.wnd,
	    .len = t->e.held_seq - t->e.after.rcv_nxt};
	struct arrival rest = {.flags = t->e.fin_held ? P_FIN | P_ACK : P_ACK,
	    .seq = t->e.held_seq,
	    .ack = t->e.after.snd_una,
	    .wnd = t->seg.wnd,
	    .len = t->e.held};
	struct tcb now = t->e.after;

	now.rcv_wnd = world_tcb(t->w)->rcv_wnd;
	world_forget(t->w);
	world_inject(t->w, &gap, STAMP_NOW);
	rest.has_ts = gap.has_ts;
	rest.tsval = gap.tsval;
	oracle_segment_arrives(&now, &gap, &filled);
	after = filled;
	if (filled.after.state != SPT_CLOSED_STATE) {
		oracle_segment_arrives(&filled.after, &rest, &after);
		after.delivered += filled.delivered;
	}
	t->e = after;
	t->e.held = 0;
	compare_user(t);
	compare_state(t, after.after.state);
	compare_variables(t);
	if (t->wrong[0])
		complain(t, "    (after the gap was filled)\n");
}

/* In TIME-WAIT still: until 2MSL after it began, or after the segment that restarted it. */
static void
compare_2msl(struct trial *t, spt_time injected)
{
	spt_time ends =
	    (t->before.state == SPT_TIME_WAIT && !t->e.restarts_2msl ? t->brought : injected) +
	    TWO_MSL;

	world_advance(t->w, ends - SPT_NS_PER_SEC - world_now(t->w));
	if (world_state(t->w) != SPT_TIME_WAIT)
		complain(t, "    TIME-WAIT ended before 2MSL were over\n");
	world_advance(t->w, 2 * SPT_NS_PER_SEC);
	if (world_state(t->w) != SPT_CLOSED_STATE)
		complain(t, "    TIME-WAIT goes on after 2MSL\n");
}

/* ---- a cell ------------------------------------------------------------------------- */

static bool
is_wanted(const struct trial *t)
{
	char name[200];

	cell_name(&t->cell, name);
	for (int i = 0; i < n_words; i++) {
		if (strstr(name, words[i]) == NULL && strstr(t->state->name, words[i]) == NULL)
			return false;
	}
	return true;
}

static void
run_cell(struct trial *t)
{
	const struct seen *seen;
	const char *broken;
	spt_time injected;
	unsigned int at_once;

	/* The peer's timestamp clock ticks; TIME-WAIT is older than the slack of its end. */
	world_advance(
	    t->w, t->before.state == SPT_TIME_WAIT ? 5 * SPT_NS_PER_SEC : 10 * SPT_NS_PER_MS);
	world_forget(t->w);
	injected = world_now(t->w);
	world_inject(t->w, &t->seg, variant->stamp);
	oracle_segment_arrives(&t->before, &t->seg, &t->e);
	at_once = world_seen(t->w, &seen);
	if (world_broken(t->w) != NULL)
		complain(t, "    %s\n", world_broken(t->w));
	compare_state(t, t->e.after.state);
	compare_variables(t);
	world_advance(t->w, 50 * SPT_NS_PER_MS);
	compare_reply(t, at_once);
	compare_user(t);
	if (t->e.held > 0 || t->e.fin_held)
		fill_gap(t);
	if (t->e.after.state == SPT_TIME_WAIT && !t->wrong[0])
		compare_2msl(t, injected);
	broken = world_end(t->w);
	if (broken != NULL && strstr(t->wrong, broken) == NULL)
		complain(t, "    %s\n", broken);
}

static void
show(const struct trial *t)
{
	char name[200], flags[40];

	fprintf(
	    stderr, "\n%s (%s): %s\n", t->state->name, variant->name, cell_name(&t->cell, name));
	fprintf(stderr,
	    "    segment %s seq %" PRId32 " ack %" PRId32 " len %u; SND.UNA %" PRId32
	    " SND.NXT %" PRId32 " RCV.NXT %" PRId32 " RCV.WND %u\n",
	    packet_flags_text(t->seg.flags, flags), rel_rcv(t, t->seg.seq), rel_snd(t, t->seg.ack),
	    t->seg.len, rel_snd(t, t->before.snd_una), rel_snd(t, t->before.snd_nxt),
	    rel_rcv(t, t->before.rcv_nxt), t->before.rcv_wnd);
	fprintf(stderr, "%s    by %s\n", t->wrong, t->e.cites);
	if (n_words > 0)
		world_ladder(t->w);
}

static struct world *
renew(struct world *w)
{
	const char *left = w ? world_destroy(w) : NULL;

	if (left != NULL)
		fail_msg("%s", left);
	return world_create(variant);
}

static void
run_state(void **arg)
{
	const struct matrix_state *state = *arg;
	bool active = state->state > SPT_SYN_RECEIVED ? variant->active : state->active;
	unsigned int run = 0, wrong = 0, excluded[EXCLUSIONS] = {0};
	struct trial t = {.state = state};
	const char *problem;
	enum exclusion why;
	bool fresh = false;

	for (unsigned int n = 0; n < CELLS; n++) {
		t.cell = cell_number(n);
		t.wrong[0] = 0;
		t.e = (struct expectation){.cites = "3.10.7"};
		if (!is_wanted(&t))
			continue;
		/* An excluded cell leaves its connection to the next one. */
		if (!fresh) {
			if (run % WORLD_CELLS == 0)
				t.w = renew(t.w);
			world_fill(t.w, state->full);
			problem = world_bring(t.w, run, state->state, active, state->by_close);
			if (problem != NULL)
				fail_msg("%s: %s", state->name, problem);
			t.before = *world_tcb(t.w);
			t.brought = world_now(t.w);
			fresh = true;
		}
		why = cell_segment(&t.cell, &t.before, world_peer_iss(t.w), &t.seg);
		if (variant->wnd_given)
			t.seg.wnd = world_window(t.w, t.seg.flags, variant->wnd);
		excluded[why]++;
		if (why != EXCLUDED_NOT)
			continue;
		run_cell(&t);
		fresh = false;
		run++;
		if (t.wrong[0] && ++wrong <= SHOWN)
			show(&t);
		if (t.wrong[0] && world_broken(t.w) != NULL)
			t.w = renew(t.w);
	}
	if (fresh)
		world_end(t.w);
	if (t.w != NULL && (problem = world_destroy(t.w)) != NULL)
		fail_msg("%s", problem);
	printf("%-28s %5u cells run, %5u excluded\n", state->name, run, CELLS - run);
	total_run += run;
	for (unsigned int i = 0; i < EXCLUSIONS; i++)
		total_excluded[i] += excluded[i];
	if (wrong > 0)
		fail_msg("%s: %u of %u cells are not as the RFC says", state->name, wrong, run);
}

int
main(int argc, char **argv)
{
	struct CMUnitTest tests[RTE_DIM(states)];
	int failed;

	for (unsigned int i = 0; i < RTE_DIM(variants); i++) {
		if (argc > 1 && strcmp(argv[1], variants[i].name) == 0)
			variant = &variants[i];
	}
	if (variant == NULL) {
		fprintf(stderr, "usage: matrix_states VARIANT [WORD] ...\n");
		return 2;
	}
	words = argv + 2;
	n_words = argc - 2;
	for (unsigned int i = 0; i < RTE_DIM(states); i++)
		tests[i] = (struct CMUnitTest){.name = states[i].name,
		    .test_func = run_state,
		    .initial_state = (void *)(uintptr_t)&states[i]};
	failed = _cmocka_run_group_tests(variant->name, tests, RTE_DIM(tests), NULL, NULL);
	printf("%s: %u cells run\n", variant->name, total_run);
	for (unsigned int i = 1; i < EXCLUSIONS; i++)
		printf("%6u excluded: %s\n", total_excluded[i], exclusion_text(i));
	return failed;
}

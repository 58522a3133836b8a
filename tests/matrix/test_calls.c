/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every call of RFC 9293 3.10.1 to 3.10.6, and every two of them, in every state and situation:
 * what it returns, what the connection says and becomes, what its user hears, and how it goes on
 * until it is over, is what oracle_calls.c derives from the RFC's text. Each cell has a connection
 * of its own. matrix_calls VARIANT [WORD] ...: the cells whose names have all these words, with
 * what was said.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_common.h>

#include "oracle_calls.h"
#include "situations.h"
#include "world.h"

/* Cells that share an engine. */
#define WORLD_CELLS 1500
#define SHOWN       25
#define ACK_DELAY   (50 * SPT_NS_PER_MS)  /* and a bit */
#define ISS_TICK    (10 * SPT_NS_PER_US)  /* after it another ISS is due (3.4.1) */
#define OVERRIDE    (250 * SPT_NS_PER_MS) /* and a bit */

static const struct world_variant variants[] = {
    {.name = "ipv4", .family = 4},
    {.name = "ipv6-ts-turns", .family = 6, .ts = true, .turns = true},
    {.name = "ipv4-wrap-ts", .family = 4, .wrap = true, .ts = true},
    {.name = "ipv6-wrap-active-turns", .family = 6, .wrap = true, .active = true, .turns = true},
    {.name = "ipv4-own-active-ts", .family = 4, .ts = true, .active = true, .own_port = true},
    {.name = "ipv6-own-active", .family = 6, .active = true, .own_port = true},
};

static const char *const call_names[] = {
#define X(name, text) text,
    CALLS(X)
#undef X
};

/* Why a cell cannot be. */
enum exclusion {
	EXCLUDED_NOT,
	EXCLUDED_NOTHING_DELIVERED,
	EXCLUDED_NOTHING_UNREAD,
	EXCLUDED_TWO_ERRORS,
	EXCLUSIONS
};

static const char *const exclusion_texts[EXCLUSIONS] = {
    [EXCLUDED_NOTHING_DELIVERED] = "nothing was delivered: there is nothing to be done with",
    [EXCLUDED_NOTHING_UNREAD] = "nothing is unread: it is more than there was",
    [EXCLUDED_TWO_ERRORS] = "an empty SEND while closing: two errors, no order among them",
};

static const struct world_variant *variant;
static char **words;
static int n_words;
static unsigned int total_run, total_excluded[EXCLUSIONS];

/* A cell while it runs. */
struct trial {
	struct world *w;
	const struct situation *situation;
	enum call call[2];
	struct user u;
	struct outcome o;
	char wrong[2000]; /* empty: nothing */
	const char *at;   /* what was being done */
};

/* ---- complaints ---------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void
complain(struct trial *t, const char *format, ...)
{
	size_t used = strlen(t->wrong);
	va_list args;

	va_start(args, format);
	vsnprintf(t->wrong + used, sizeof(t->wrong) - used, format, args);
	va_end(args);
}

static const char *
error_text(int rc)
{
	return rc == 0 ? "0" : strerror(-rc);
}

static const char *
events_text(uint32_t events, char text[120])
{
	static const char *const names[] = {"ACCEPTED", "RECEIVED", "SENT", "WRITABLE",
	    "PEER_CLOSED", "URGENT", "SOFT_ERROR", "CLOSED", "CONNECTED"};

	text[0] = 0;
	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		if (events & (1u << i)) {
			strcat(text, " ");
			strcat(text, names[i]);
		}
	}
	return events ? text : " none";
}

static void
complain_said(struct trial *t, const struct seen *seen, unsigned int n)
{
	char flags[40];

	complain(t, "    %s: expected", t->at);
	for (unsigned int i = 0; i < t->o.n_said; i++) {
		const struct said *s = &t->o.said[i];

		complain(t, " [%s seq %" PRId32 " ack %" PRId32 " len %u wnd %u up %u]",
		    packet_flags_text(s->flags, flags), (int32_t)(s->seq - t->u.t.iss),
		    (int32_t)(s->ack - t->u.t.irs), s->len, s->wnd, s->up);
	}
	complain(t, "%s\n      got", t->o.n_said ? "" : " nothing");
	for (unsigned int i = 0; i < n; i++) {
		const struct packet *p = &seen[i].p;

		complain(t, " [%s seq %" PRId32 " ack %" PRId32 " len %u wnd %u up %u]",
		    packet_flags_text(p->flags, flags), (int32_t)(p->seq - t->u.t.iss),
		    (int32_t)(p->ack - t->u.t.irs), p->len, p->wnd, p->up);
	}
	complain(t, "%s\n", n ? "" : " nothing");
}

/* ---- comparing -------------------------------------------------------------------- */

static bool
is_said(const struct said *s, const struct packet *p)
{
	if (p->flags != s->flags || p->len != s->len || p->up != s->up)
		return false;
	if (!s->new_iss && p->seq != s->seq)
		return false;
	if ((s->flags & P_ACK) && p->ack != s->ack)
		return false;
	return (s->flags & P_RST) || p->wnd == s->wnd;
}

static void
compare_said(struct trial *t)
{
	const struct seen *seen;
	unsigned int n = world_seen(t->w, &seen);
	bool right = n == t->o.n_said;

	for (unsigned int i = 0; right && i < n; i++) {
		if (t->o.said[i].new_iss) {
			oracle_iss(&t->u, seen[i].p.seq);
			/* RFC 9293 3.6.1, MAY-2: larger than the largest used before */
			right = !t->u.reopened || (int32_t)(seen[i].p.seq - t->u.old_nxt) > 0;
		}
		right = right && is_said(&t->o.said[i], &seen[i].p);
	}
	if (!right)
		complain_said(t, seen, n);
}

static void
compare_heard(struct trial *t)
{
	char expected[120], got[120];
	int reason;
	uint32_t events = world_heard(t->w, &reason);

	if (events != t->o.events)
		complain(t, "    %s: expected events%s, got%s\n", t->at,
		    events_text(t->o.events, expected), events_text(events, got));
	else if ((events & SPT_CLOSED) && reason != t->o.reason)
		complain(t, "    %s: expected CLOSED with %s, got %s\n", t->at,
		    error_text(t->o.reason), error_text(reason));
	if (world_delivered(t->w) != t->o.delivered)
		complain(t, "    %s: expected %u bytes delivered, got %u\n", t->at, t->o.delivered,
		    world_delivered(t->w));
	if (world_acked(t->w) != t->o.acked)
		complain(t, "    %s: expected SENT of %u bytes, got %u\n", t->at, t->o.acked,
		    world_acked(t->w));
}

static void
compare_field(struct trial *t, const char *name, uint32_t got, uint32_t expected)
{
	if (got != expected)
		complain(t, "    %s, STATUS: expected %s %" PRId32 ", got %" PRId32 "\n", t->at,
		    name, (int32_t)expected, (int32_t)got);
}

#define COMPARE(field) compare_field(t, #field, got->field, e->field)
#define COMPARE_SND(f) compare_field(t, #f, got->f - t->u.t.iss, e->f - t->u.t.iss)
#define COMPARE_RCV(f) compare_field(t, #f, got->f - t->u.t.irs, e->f - t->u.t.irs)

static void
compare_state(struct trial *t, enum spt_state got, enum spt_state expected)
{
	if (got != expected)
		complain(t, "    %s: expected state %s, got %s\n", t->at, spt_state_name(expected),
		    spt_state_name(got));
}

/* 3.10.6, and septet.h, struct spt_conn_info. */
static void
compare_info(struct trial *t, const struct spt_conn_info *got, const struct spt_conn_info *e)
{
	compare_state(t, got->state, e->state);
	if (got->user != e->user)
		complain(t, "    %s, STATUS: another user pointer\n", t->at);
	COMPARE(unsent);
	COMPARE(unacked);
	COMPARE(undelivered);
	COMPARE(out_of_order);
	COMPARE(retransmissions);
	COMPARE(rcv_wnd);
	if (t->u.syn_due && e->state == SPT_SYN_SENT)
		return; /* our ISS is not known yet */
	COMPARE_SND(snd_una);
	COMPARE_SND(snd_nxt);
	COMPARE_SND(snd_max);
	if (e->state == SPT_SYN_SENT)
		return; /* nor the peer's */
	if (e->state != SPT_TIME_WAIT) {
		COMPARE_SND(iss);
		COMPARE_RCV(irs);
	}
	COMPARE_RCV(rcv_nxt);
	COMPARE(snd_wnd);
	COMPARE(urgent);
	COMPARE(snd_wscale);
	COMPARE(rcv_wscale);
	COMPARE(timestamps);
	if (e->state != SPT_SYN_RECEIVED)
		COMPARE(mss);
}

/* By handle, and the options in force. */
static void
compare_status(struct trial *t)
{
	struct spt_conn_options options;
	struct spt_conn_info got, e;
	int expected = oracle_status(&t->u, &e) ? 0 : -ESTALE;
	int rc = world_status(t->w, &got);

	if (rc != expected)
		complain(t, "    %s: expected of spt_conn_info %s, got %s\n", t->at,
		    error_text(expected), error_text(rc));
	else if (rc == 0)
		compare_info(t, &got, &e);
	rc = world_get(t->w, &options);
	if (rc != expected)
		complain(t, "    %s: expected of spt_conn_get %s, got %s\n", t->at,
		    error_text(expected), error_text(rc));
	else if (rc == 0 && (options.nodelay != t->u.nodelay ||
	                        options.receive_buffer != t->u.receive_buffer ||
	                        options.send_buffer != t->u.send_buffer))
		complain(t, "    %s: spt_conn_get tells of other options\n", t->at);
}

/* As everybody sees it, with the endpoints. */
static void
compare_walk(struct trial *t)
{
	struct spt_conn_info got = {.state = SPT_CLOSED_STATE}, e;
	bool expected = oracle_walk(&t->u, &e), found = world_find(t->w, &got);

	if (found != expected)
		compare_state(t, got.state, e.state);
	else if (found)
		compare_info(t, &got, &e);
	if (found && !world_is_ours(t->w, &got))
		complain(t, "    %s, STATUS: not these endpoints\n", t->at);
}

/* ---- steps -------------------------------------------------------------------------- */

static void
begin_step(struct trial *t, const char *at)
{
	t->at = at;
	t->o = (struct outcome){.cites = ""};
	world_forget(t->w);
}

static void
end_step(struct trial *t)
{
	world_turn(t->w);
	oracle_turn(&t->u, &t->o);
	compare_said(t);
	compare_heard(t);
	compare_status(t);
	compare_walk(t);
	if (world_wrong(t->w) != NULL)
		complain(t, "    %s: %s\n", t->at, world_wrong(t->w));
	if (t->wrong[0] && t->o.cites[0])
		complain(t, "    by %s\n", t->o.cites);
}

static int
do_set(struct trial *t, enum call call)
{
	struct spt_conn_options options = {0};

	world_get(t->w, &options);
	if (call == CALL_SET_NODELAY)
		options.nodelay = true;
	else if (call == CALL_SET_LARGER)
		options.receive_buffer = CALL_LARGER;
	else if (call == CALL_SET_SMALLER)
		options.receive_buffer = CALL_SMALLER;
	else
		options.dscp = 64;
	return world_set(t->w, &options);
}

static int
do_call(struct trial *t, enum call call, uint32_t amount)
{
	struct spt_conn_info info;

	switch (call) {
	case CALL_NONE:
	case CALL_RECEIVE: return 0;
	case CALL_OPEN: return world_connect(t->w);
	case CALL_LISTEN_ANY: return world_listen(t->w, true);
	case CALL_LISTEN_HERE: return world_listen(t->w, false);
	case CALL_SEND:
	case CALL_SEND_LONG:
	case CALL_SEND_EMPTY: return world_send(t->w, amount, 0);
	case CALL_SEND_PUSH: return world_send(t->w, amount, SPT_PUSH);
	case CALL_SEND_MORE: return world_send(t->w, amount, SPT_MORE);
	case CALL_SEND_URGENT: return world_send(t->w, amount, SPT_URGENT_DATA);
	case CALL_DONE:
	case CALL_DONE_PART:
	case CALL_DONE_EARLY:
	case CALL_DONE_MORE: return world_receive_done(t->w, amount);
	case CALL_CLOSE: return world_close(t->w);
	case CALL_SHUTDOWN: return world_shutdown(t->w);
	case CALL_ABORT: return world_abort(t->w);
	case CALL_STATUS: return world_status(t->w, &info);
	case CALL_SET_NODELAY:
	case CALL_SET_LARGER:
	case CALL_SET_SMALLER:
	case CALL_SET_WRONG: return do_set(t, call);
	case CALL_SET_USER: return world_set_user(t->w, t);
	case CALL_DRAIN: return world_unlisten(t->w, SPT_UNLISTEN_DRAIN);
	case CALL_RESET: return world_unlisten(t->w, SPT_UNLISTEN_RESET);
	case CALL_NO_SOURCE: return world_source_remove(t->w);
	case N_CALLS: break;
	}
	return 0;
}

static void
set_deaf(struct trial *t, bool deaf)
{
	world_deaf(t->w, deaf);
	t->u.deaf = deaf;
}

/* A call without a turn; RECEIVE is one. */
static void
step_call(struct trial *t, enum call call)
{
	uint32_t amount = oracle_amount(&t->u, call);
	bool deaf = t->u.deaf;
	int rc = do_call(t, call, amount);

	t->at = call_names[call];
	oracle_call(&t->u, call, &t->o);
	if (call == CALL_SET_USER && t->o.rc == 0)
		t->u.user = t;
	if (rc != t->o.rc)
		complain(
		    t, "    %s: expected %s, got %s\n", t->at, error_text(t->o.rc), error_text(rc));
	compare_status(t);
	if (call != CALL_RECEIVE)
		return;
	set_deaf(t, false);
	end_step(t);
	set_deaf(t, deaf);
	begin_step(t, t->at);
}

static void
call_and_turn(struct trial *t, enum call call)
{
	begin_step(t, call_names[call]);
	step_call(t, call);
	end_step(t);
}

static void
step_peer(struct trial *t, enum peer_step step, const char *name)
{
	struct arrival seg;

	begin_step(t, name);
	oracle_peer(&t->u, step, &seg, &t->o);
	world_inject(t->w, &seg, STAMP_NOW);
	if (seg.len > 0)
		world_advance(t->w, ACK_DELAY);
	end_step(t);
}

static void
step_time(struct trial *t, spt_time ns)
{
	begin_step(t, "time passes");
	world_advance(t->w, ns);
	t->u.old_enough = t->u.t.state == SPT_TIME_WAIT;
	end_step(t);
}

static void
bring_step(struct trial *t, char c)
{
	switch (c) {
	case 'o': call_and_turn(t, CALL_OPEN); break;
	case 's': call_and_turn(t, CALL_SEND); break;
	case 'x':
		call_and_turn(t, CALL_SEND_LONG);
		call_and_turn(t, CALL_SEND_LONG);
		break;
	case 'h': call_and_turn(t, CALL_SHUTDOWN); break;
	case 'c': call_and_turn(t, CALL_CLOSE); break;
	case 'b': call_and_turn(t, CALL_ABORT); break;
	case 'Y': step_peer(t, PEER_SYN, "the peer's SYN"); break;
	case 'y': step_peer(t, PEER_SYN_ACK, "the peer's SYN-ACK"); break;
	case 'k': step_peer(t, PEER_ACK, "the peer's ACK"); break;
	case 'z': step_peer(t, PEER_SHUT, "the peer's window closes"); break;
	case 'd': step_peer(t, PEER_DATA, "the peer's text"); break;
	case 'D': step_peer(t, PEER_FILL, "the peer fills the window"); break;
	case 'g': step_peer(t, PEER_AHEAD, "the peer's text behind a gap"); break;
	case 'u': step_peer(t, PEER_URGENT, "the peer's urgent text"); break;
	case 'f': step_peer(t, PEER_FIN, "the peer's FIN"); break;
	case 'F': step_peer(t, PEER_FIN_ACK, "the peer's FIN, that acknowledges all"); break;
	case 'w': set_deaf(t, true); break;
	case 't': step_time(t, REOPEN_AFTER); break;
	default: fail_msg("no step '%c'", c);
	}
}

/* ---- a cell --------------------------------------------------------------------------- */

static bool
is_active(const struct situation *s)
{
	return s->steps[0] == 'o' || (s->steps[0] == 'E' && variant->active);
}

static bool
is_well_known(const struct situation *s)
{
	if (s->state == SPT_CLOSED_STATE && s->steps[0] == 0)
		return false;
	return !is_active(s) || !variant->own_port;
}

static void
bring(struct trial *t, unsigned int n)
{
	const struct situation *s = t->situation;

	world_begin(t->w, n, is_well_known(s), s->steps[0] != 0);
	oracle_user_init(&t->u, is_well_known(s), variant->ts, t->w);
	t->u.peer_iss = world_peer_iss(t->w);
	for (const char *c = s->steps; *c; c++) {
		if (*c == 'E') {
			bring_step(t, variant->active ? 'o' : 'Y');
			bring_step(t, variant->active ? 'y' : 'k');
		} else {
			bring_step(t, *c);
		}
	}
	/* Where somebody listens, a connection that is over leaves LISTEN. */
	if (!t->wrong[0] && (s->state != SPT_CLOSED_STATE || t->u.t.state != SPT_LISTEN))
		compare_state(t, t->u.t.state, s->state);
}

static enum exclusion
is_excluded(const struct user *u, enum call call)
{
	bool closing = u->fin_due || u->t.fin_sent || u->t.closed;

	if (!u->handle)
		return EXCLUDED_NOT;
	if ((call == CALL_DONE && u->taken == 0) || (call == CALL_DONE_PART && u->taken < 2))
		return EXCLUDED_NOTHING_DELIVERED;
	if (call == CALL_DONE_EARLY && u->unread == 0)
		return EXCLUDED_NOTHING_UNREAD;
	if (call == CALL_SEND_EMPTY && closing)
		return EXCLUDED_TWO_ERRORS;
	return EXCLUDED_NOT;
}

/* The calls on a model of their own: may there be such a cell? */
static enum exclusion
rehearse(const struct trial *t)
{
	struct user u = t->u;
	struct outcome o = {0};
	enum exclusion why = is_excluded(&u, t->call[0]);

	if (why != EXCLUDED_NOT)
		return why;
	oracle_call(&u, t->call[0], &o);
	if (variant->turns || t->call[0] == CALL_RECEIVE) {
		u.deaf = u.deaf && t->call[0] != CALL_RECEIVE;
		oracle_turn(&u, &o);
	}
	return is_excluded(&u, t->call[1]);
}

/* One step towards the end of all. False: it is there. */
static bool
follow_step(struct trial *t)
{
	const struct user *u = &t->u;

	switch ((int)u->t.state) {
	case SPT_TIME_WAIT: return false;
	case SPT_CLOSED_STATE:
	case SPT_LISTEN:
		step_peer(t, PEER_STRAY, "an ACK to no connection");
		if (u->t.state == SPT_CLOSED_STATE || u->t.irs != 0)
			return false;
		step_peer(t, PEER_SYN, "the peer's SYN");
		return true;
	case SPT_SYN_SENT: step_peer(t, PEER_SYN_ACK, "the peer's SYN-ACK"); return true;
	case SPT_SYN_RECEIVED: step_peer(t, PEER_ACK, "the peer's ACK"); return true;
	default: break;
	}
	if (u->held > 0)
		step_peer(t, PEER_GAP, "the gap is filled");
	else if (u->t.snd_wnd == 0)
		step_peer(t, PEER_OPEN, "the peer's window opens");
	else if (u->t.snd_una != u->t.snd_nxt)
		step_peer(t, PEER_ACK, "the peer's ACK");
	else if (u->unsent > 0) {
		begin_step(t, "what was held back");
		world_advance(t->w, OVERRIDE);
		oracle_override(&t->u, &t->o);
		end_step(t);
	} else if (u->t.state == SPT_CLOSE_WAIT)
		call_and_turn(t, CALL_CLOSE);
	else if (u->edge == u->t.rcv_nxt && u->handle)
		call_and_turn(t, CALL_DONE);
	else if (u->peer_urgent && u->handle && !u->t.closed)
		step_peer(t, PEER_DATA, "the peer's text, and all that was urgent");
	else
		step_peer(t, PEER_FIN_ACK, "the peer's FIN");
	return true;
}

static void
follow(struct trial *t)
{
	set_deaf(t, false);
	begin_step(t, "the next turn");
	end_step(t);
	for (unsigned int i = 0; i < 30 && !t->wrong[0]; i++) {
		if (!follow_step(t))
			return;
	}
	if (!t->wrong[0])
		complain(t, "    it does not come to an end\n");
}

static void
run_cell(struct trial *t)
{
	const char *broken;

	if (!t->wrong[0]) {
		begin_step(t, "");
		step_call(t, t->call[0]);
		if (variant->turns)
			end_step(t);
		if (variant->turns) {
			world_advance(t->w, ISS_TICK);
			begin_step(t, "");
		}
		step_call(t, t->call[1]);
		end_step(t);
		if (world_broken(t->w) != world_wrong(t->w))
			complain(t, "    %s: %s\n", t->at, world_broken(t->w));
	}
	if (!t->wrong[0])
		follow(t);
	world_deaf(t->w, false);
	broken = world_end(t->w);
	if (broken != NULL && strstr(t->wrong, broken) == NULL)
		complain(t, "    at the end: %s\n", broken);
	world_restore(t->w);
}

static char *
cell_name(const struct trial *t, char name[200])
{
	snprintf(name, 200, "%s: %s; %s%s", t->situation->name, call_names[t->call[0]],
	    variant->turns ? "a turn; " : "", call_names[t->call[1]]);
	return name;
}

static bool
is_wanted(const struct trial *t)
{
	char name[200];

	cell_name(t, name);
	for (int i = 0; i < n_words; i++) {
		if (strstr(name, words[i]) == NULL)
			return false;
	}
	return true;
}

/* The world of all situations, and the 4-tuples that it has used. */
static struct world *common;
static unsigned int used;

static void
world_give_up(void)
{
	const char *left = common ? world_destroy(common) : NULL;

	common = NULL;
	if (left != NULL)
		fail_msg("%s", left);
}

static unsigned int
next_tuple(struct trial *t)
{
	if (used % WORLD_CELLS == 0)
		world_give_up();
	if (common == NULL) {
		common = world_create(variant);
		used = 0;
	}
	t->w = common;
	return used++ % WORLD_CELLS;
}

static void
show(const struct trial *t)
{
	char name[200];

	fprintf(stderr, "\n%s (%s)\n%s", cell_name(t, name), variant->name, t->wrong);
	if (n_words > 0)
		world_ladder(t->w);
}

static void
run_situation(void **arg)
{
	const struct situation *situation = *arg;
	unsigned int run = 0, wrong = 0, excluded = 0;
	struct trial t = {.situation = situation};
	enum exclusion why;
	bool fresh = false;

	for (unsigned int n = N_CALLS; n < N_CALLS * N_CALLS; n++) {
		t.call[0] = n / N_CALLS;
		t.call[1] = n % N_CALLS;
		if (!is_wanted(&t))
			continue;
		/* An excluded cell leaves its connection to the next one. */
		if (!fresh) {
			t.wrong[0] = 0;
			bring(&t, next_tuple(&t));
			fresh = true;
		}
		why = rehearse(&t);
		if (why != EXCLUDED_NOT) {
			total_excluded[why]++;
			excluded++;
			continue;
		}
		run_cell(&t);
		fresh = false;
		run++;
		if (t.wrong[0] && ++wrong <= SHOWN)
			show(&t);
		if (t.wrong[0] && world_broken(t.w) != NULL)
			world_give_up();
	}
	if (fresh)
		world_end(t.w);
	printf("%-44s %4u cells run, %4u excluded\n", situation->name, run, excluded);
	total_run += run;
	if (wrong > 0)
		fail_msg("%s: %u of %u cells are not as the RFC says", situation->name, wrong, run);
}

int
main(int argc, char **argv)
{
	struct CMUnitTest tests[SITUATIONS_MAX];
	int failed;

	for (unsigned int i = 0; i < RTE_DIM(variants); i++) {
		if (argc > 1 && strcmp(argv[1], variants[i].name) == 0)
			variant = &variants[i];
	}
	if (variant == NULL) {
		fprintf(stderr, "usage: matrix_calls VARIANT [WORD] ...\n");
		return 2;
	}
	words = argv + 2;
	n_words = argc - 2;
	for (unsigned int i = 0; i < n_situations; i++)
		tests[i] = (struct CMUnitTest){.name = situations[i].name,
		    .test_func = run_situation,
		    .initial_state = (void *)(uintptr_t)&situations[i]};
	failed = _cmocka_run_group_tests(variant->name, tests, n_situations, NULL, NULL);
	if (common != NULL && world_destroy(common) != NULL)
		failed++;
	printf("%s: %u cells run\n", variant->name, total_run);
	for (unsigned int i = 1; i < EXCLUSIONS; i++)
		printf("%6u excluded: %s\n", total_excluded[i], exclusion_texts[i]);
	return failed;
}

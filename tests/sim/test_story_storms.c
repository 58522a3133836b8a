/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Storms that must not be, between two engines in step: answers to answers, RSTs to RSTs, probes
 * of both sides at once, old duplicates in each closing state, guesses of a stranger, a thousand
 * connections that end at one instant. Each segment from outside draws at most one, and what is
 * drawn draws nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/ratelimit.h>

#include <lib/env.h>
#include <lib/story.h>

#define MS  SPT_NS_PER_MS
#define DAY 86400

static struct story_config
base(int family, bool timestamps)
{
	struct story_config c = {.family = family, .delay = 5 * MS};

	c.options[0].no_timestamps = c.options[1].no_timestamps = !timestamps;
	return c;
}

/* ---- states ---------------------------------------------------------------------------------- */

enum pair { OPEN, FIN_WAIT_1, FIN_WAIT_2, CLOSING, LAST_ACK, TIME_WAIT, BOTH_TIME_WAIT, PAIRS };

/* One connection with some text behind it, its ends in such a pair of states. */
static struct story_end *
bring_to(enum pair pair)
{
	struct story_end *a = story_established(STORY_CLIENT), *b = story_other(a);

	story_send(a, 300);
	story_send(b, 500);
	story_run_ms(100);
	switch (pair) {
	case OPEN: break;
	case FIN_WAIT_1:
		story_lose_next(0, 1);
		story_shutdown(a);
		story_check_state(b, ESTABLISHED);
		break;
	case FIN_WAIT_2:
		story_shutdown(a);
		story_run_ms(20);
		story_check_state(b, CLOSE_WAIT);
		break;
	case CLOSING:
		story_shutdown(a);
		story_shutdown(b);
		story_run_ms(5);
		/* The FINs have come, their ACKs are on the way. */
		story_check_state(a, CLOSING);
		story_check_state(b, CLOSING);
		break;
	case LAST_ACK:
		story_shutdown(a);
		story_run_ms(20);
		story_lose_next(1, 1);
		story_shutdown(b);
		story_check_state(a, FIN_WAIT_2);
		story_check_state(b, LAST_ACK);
		break;
	case TIME_WAIT:
		story_shutdown(a);
		story_run_ms(20);
		story_cut(0, true); /* the last ACK is lost */
		story_shutdown(b);
		story_run_ms(10);
		story_cut(0, false);
		story_check_state(a, TIME_WAIT);
		story_check_state(b, LAST_ACK);
		break;
	case BOTH_TIME_WAIT:
		story_shutdown(a);
		story_shutdown(b);
		story_run_ms(50);
		story_check_state(a, TIME_WAIT);
		story_check_state(b, TIME_WAIT);
		break;
	case PAIRS: break;
	}
	return a;
}

/* Whatever was left open is closed; then nothing may be left, and nobody was told a failure. */
static void
ends_in_order(struct story_end *a, enum pair pair)
{
	struct story_end *b = story_other(a);

	if (pair == OPEN)
		story_shutdown(a);
	story_run_s(10);
	if (pair <= FIN_WAIT_2)
		story_shutdown(b);
	story_run_s(200);
	story_check_eq(a->reason, 0);
	story_check_eq(b->reason, 0);
	story_check_eq(a->received, 500);
	story_check_eq(b->received, 300);
	for (unsigned int s = 0; s < 2; s++) {
		struct spt_stats stats = story_stats(s);

		story_check_eq(stats.connections + stats.half_open + stats.timewait, 0);
	}
}

/*
 * Every segment of the life comes once more, to where it went: old SYN, SYN-ACK, ACKs, text, FINs.
 * RFC 9293 3.10.7.4, first: what is not acceptable is answered by an ACK, which is acceptable to
 * the other end. So for each duplicate there is at most the answer, and nothing after it.
 */
static void
test_old_duplicates(void **state)
{
	for (unsigned int i = 0; i < 4 * PAIRS; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		enum pair pair = i / 4;
		unsigned int n, before;
		struct story_end *a;

		story_begin(&config);
		a = bring_to(pair);
		n = story_segments();
		for (unsigned int k = 0; k < n; k++) {
			/* The limiter has a token for each: what is seen is not its doing. */
			before = story_segments();
			story_repeat(k);
			story_check(story_segments() - before <= 1);
		}
		story_check_eq(story_count(n, 0, P_RST) + story_count(n, 1, P_RST), 0);
		ends_in_order(a, pair);
		story_end();
	}
}

/* The same duplicates again and again, all day: what they draw is what the limiter allows. */
static void
test_duplicates_all_day(void **state)
{
	for (unsigned int i = 0; i < 3; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		struct story_end *a;
		unsigned int n, since;

		story_begin(&config);
		a = bring_to(OPEN);
		n = since = story_segments();
		for (unsigned int round = 0; round < 200; round++) {
			for (unsigned int k = 0; k < n; k++)
				story_repeat(k);
			story_run_ms(100);
		}
		/* 20 s: of either end */
		story_check(story_segments() - since <= 2 * (RATELIMIT16_BURST + 1 + 20 * 2));
		story_check_eq(story_count(n, 0, P_RST) + story_count(n, 1, P_RST), 0);
		ends_in_order(a, OPEN);
		story_end();
	}
}

/*
 * RFC 9293 3.10.7.4, fifth: "ACKs something not yet sent ... then send an ACK, drop the segment":
 * to either end, in every synchronized state. One ACK each, which the other end takes for what it
 * is: nothing new.
 */
static void
test_ack_of_what_was_not_sent(void **state)
{
	for (unsigned int i = 0; i < 4 * PAIRS; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		enum pair pair = i / 4;
		struct story_end *a;

		story_begin(&config);
		a = bring_to(pair);
		for (unsigned int who = 0; who < 2; who++) {
			const struct story_end *e = who ? story_other(a) : a;
			unsigned int since = story_segments();

			/* The answer of TIME-WAIT was the ACK that LAST-ACK waited for. */
			if (pair == TIME_WAIT && who == 1) {
				story_check_state(e, CLOSED_STATE);
				continue;
			}
			story_forge(e, &(struct story_forged){.flags = P_ACK, .ack = 1000});
			story_check_eq(story_segments() - since, 1);
			story_check_eq(story_segment(since)->p.flags, P_ACK);
			story_check_eq(story_segment(since)->from, e->side);
			/* a retransmission may fall into this time, the answer draws none */
			story_run_ms(6);
			story_check_eq(story_count(since, e->side, P_ACK), 1);
		}
		ends_in_order(a, pair);
		story_end();
	}
}

/* ---- RST ------------------------------------------------------------------------------------ */

/* RFC 9293 3.5.2, group 1: a RST for everything but a RST; and none of those draws another. */
static void
test_resets_of_two_without_memory(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		unsigned int n, resets = 0;

		config.deaf[0] = true;
		story_begin(&config);
		bring_to(FIN_WAIT_2);
		n = story_segments();
		story_crash(0);
		story_crash(1);
		for (unsigned int k = 0; k < n; k++) {
			unsigned int before = story_segments();
			bool syn = story_segment(k)->p.flags == P_SYN;

			story_repeat(k);
			story_run_ms(200);
			if (syn) { /* figure 11: SYN-ACK, RST */
				story_check_eq(story_segments() - before, 2);
				resets++;
				continue;
			}
			story_check_eq(story_segments() - before, 1);
			story_check_eq(story_segment(before)->p.flags & P_RST, P_RST);
			resets++;
		}
		story_check_eq(story_count(n, 0, P_RST) + story_count(n, 1, P_RST), resets);
		/* and each of the RSTs again, at both: nothing */
		for (unsigned int k = n, end = story_segments(); k < end; k++) {
			if (story_segment(k)->p.flags & P_RST)
				story_repeat(k);
		}
		story_run_s(1);
		story_check_eq(story_count(n, 0, P_RST) + story_count(n, 1, P_RST), resets);
		story_end();
	}
}

/* FIN and RST cross: A closes, B aborts, at the same instant. RFC 9293 3.5.3, 3.10.7.4 second. */
static void
test_fin_and_rst_cross(void **state)
{
	for (unsigned int i = 0; i < 8; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		struct story_end *a, *b;
		unsigned int since;

		story_begin(&config);
		a = story_established(STORY_CLIENT);
		b = story_other(a);
		since = story_segments();
		if (i & 4)
			story_send(a, 100);
		story_shutdown(a);
		story_abort(b);
		story_run_ms(20);
		/* B's RST is at A's RCV.NXT: believed. A's FIN finds nothing: RST, never answered.
		 */
		story_check_eq(a->reason, -ECONNRESET);
		story_check_eq(b->reason, -ECONNABORTED);
		story_check_eq(story_count(since, 1, P_RST), i & 4 ? 3 : 2);
		story_check_eq(story_count(since, 0, P_RST), 0);
		since = story_segments();
		story_run_s(300);
		story_check_eq(story_segments() - since, 0);
		story_end();
	}
}

/* Both abort at once: two RSTs cross, neither is answered. */
static void
test_aborts_cross(void **state)
{
	struct story_config config = base(4, true);
	struct story_end *a;
	unsigned int since;

	story_begin(&config);
	a = story_established(STORY_CLIENT);
	since = story_segments();
	story_abort(a);
	story_abort(story_other(a));
	story_run_s(300);
	story_check_eq(story_segments() - since, 2);
	story_end();
}

/* ---- probes of both sides -----------------------------------------------------------------------
 */

/* RFC 9293 3.8.4: keep-alives of both ends: a probe and its answer each, every two hours at most.
 */
static void
test_keepalives(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		struct story_end *a;
		unsigned int since;

		config.options[0].keepalive = config.options[1].keepalive = true;
		story_begin(&config);
		a = story_established(STORY_CLIENT);
		since = story_segments();
		story_run_s(DAY);
		story_check(story_segments() - since >= 2 * (DAY / 7200 - 1));
		story_check(story_segments() - since <= 4 * (DAY / 7200));
		story_check_state(a, ESTABLISHED);
		story_check_state(story_other(a), ESTABLISHED);
		story_end();
	}
}

/* As often as can be asked for, an hour long: nobody is refused an answer for so long as to die. */
static void
test_frequent_keepalives(void **state)
{
	struct story_config config = base(4, true);
	struct story_end *a;
	unsigned int since;

	for (unsigned int s = 0; s < 2; s++) {
		config.options[s].keepalive = true;
		config.options[s].keepalive_idle_ms = 1000;
		config.options[s].keepalive_interval_ms = 1000;
		config.options[s].keepalive_probes = 3;
	}
	story_begin(&config);
	a = story_established(STORY_CLIENT);
	since = story_segments();
	story_run_s(3600);
	story_check(story_segments() - since <= 4 * 3600);
	story_check_state(a, ESTABLISHED);
	story_check_state(story_other(a), ESTABLISHED);
	story_end();
}

/*
 * RFC 9293 3.8.6.1, MUST-37: both windows are closed, both ends probe, a day long: no more than a
 * probe and its answer a minute each once backed off; then both are read, and everything arrives.
 */
static void
test_both_windows_closed(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		struct story_end *a, *b;
		unsigned int since;

		config.by_hand = true;
		for (unsigned int s = 0; s < 2; s++) {
			config.options[s].receive_buffer = 2000;
			config.options[s].receive_buffer_max = 2000; /* no scale: to the byte */
		}
		story_begin(&config);
		a = story_established(STORY_CLIENT);
		b = story_other(a);
		story_send(a, 6000);
		story_send(b, 5000);
		story_run_s(10);
		since = story_segments();
		story_run_s(DAY);
		story_check(story_segments() - since <= 4 * (DAY / 60 + 12));
		story_check(story_segments() - since >= 2 * (DAY / 60));
		story_check_eq(a->events & SPT_CLOSED, 0);
		story_check_eq(b->events & SPT_CLOSED, 0);
		/* One reads; the other's window stays closed, its stream waits. */
		for (unsigned int k = 0; k < 200 && b->received < 6000; k++) {
			if (b->unread)
				story_read(b, 0);
			story_run_ms(100);
		}
		story_check_eq(b->received, 6000);
		for (unsigned int k = 0; k < 200 && a->received < 5000; k++) {
			if (a->unread)
				story_read(a, 0);
			story_run_ms(100);
		}
		story_check_eq(a->received, 5000);
		story_end();
	}
}

/*
 * Both closed behind data that the other has no room for (RFC 9293 3.10.4: the FIN follows what is
 * queued; 3.8.6.1: probing goes on): nothing ends it but the readers, and then all is in order.
 */
static void
test_fins_behind_closed_windows(void **state)
{
	for (unsigned int i = 0; i < 8; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		/* So much that only the FIN lies beyond the window, or text does too. */
		uint32_t bytes = i & 4 ? 2000 : 5000;
		struct story_end *a, *b;

		config.by_hand = true;
		for (unsigned int s = 0; s < 2; s++) {
			config.options[s].receive_buffer = 2000;
			config.options[s].receive_buffer_max = 2000; /* no scale: to the byte */
		}
		story_begin(&config);
		a = story_established(STORY_CLIENT);
		b = story_other(a);
		story_send(a, bytes);
		story_send(b, bytes);
		story_shutdown(a);
		story_shutdown(b);
		story_run_s(3600);
		story_check_state(a, FIN_WAIT_1);
		story_check_state(b, FIN_WAIT_1);
		story_check_eq((a->events | b->events) & (SPT_PEER_CLOSED | SPT_CLOSED), 0);
		for (unsigned int k = 0; k < 300 && (a->open || b->open); k++) {
			if (a->open && a->unread)
				story_read(a, 0);
			if (b->open && b->unread)
				story_read(b, 0);
			story_run_ms(100);
		}
		story_check_eq(a->received, bytes);
		story_check_eq(b->received, bytes);
		story_check_eq(a->reason, 0);
		story_check_eq(b->reason, 0);
		story_run_s(130);
		story_check_state(a, CLOSED_STATE);
		story_check_state(b, CLOSED_STATE);
		story_end();
	}
}

/* ---- a stranger who guesses
 * ------------------------------------------------------------------------ */

/*
 * RFC 5961 3.2, 4.2, 5.2: a stranger who knows the 4-tuple tries one number in each window's width,
 * over the whole space: a RST, a SYN, a SYN-ACK, an ACK, text with an ACK out of range. The stream
 * goes on meanwhile; what is drawn is what the limiter allows.
 */
static void
test_stranger_sweeps(void **state)
{
	static const struct story_forged guesses[] = {
	    {.flags = P_RST, .no_ts = true},
	    {.flags = P_SYN, .no_ts = true},
	    {.flags = P_SYN | P_ACK, .no_ts = true},
	    {.flags = P_ACK, .ack = 1 << 30},
	    {.flags = P_PSH | P_ACK, .ack = 1 << 29, .len = 20},
	    {.flags = P_FIN | P_ACK, .ack = -(1 << 30)},
	};

	for (unsigned int g = 0; g < sizeof(guesses) / sizeof(guesses[0]); g++) {
		struct story_config config = base(g & 1 ? 4 : 6, g & 1);
		struct story_end *a, *b;
		unsigned int challenges;

		story_begin(&config);
		a = story_established(STORY_CLIENT);
		b = story_other(a);
		/* From half a window beyond RCV.NXT on: never exactly there. */
		for (uint32_t i = 0; i < 2048; i++) {
			struct story_forged f = guesses[g];

			f.seq = (int64_t)((uint32_t)i * (1u << 21) + 100000);
			story_forge(b, &f);
			if (i % 64 == 0) {
				story_send(a, 700);
				story_run_ms(50);
			}
		}
		story_run_s(5);
		challenges = 0;
		for (unsigned int i = 0; i < story_segments(); i++) {
			const struct story_segment *s = story_segment(i);

			challenges += s->from == 1 && s->p.flags == P_ACK && s->p.len == 0;
		}
		/* 32 delayed ACKs of text, 1.6 s */
		story_check(challenges <= 32 + 1 + RATELIMIT16_BURST + 1 + 4);
		story_check_eq(b->received, 32 * 700);
		story_check_state(a, ESTABLISHED);
		story_check_state(b, ESTABLISHED);
		story_send(b, 10);
		story_run_ms(100);
		story_check_eq(a->received, 10);
		story_end();
	}
}

/* A stranger on the path, who knows RCV.NXT: his RST is believed (RFC 5961 3.2), once and alone. */
static void
test_exact_reset(void **state)
{
	struct story_config config = base(6, true);
	struct story_end *a, *b;
	unsigned int since;

	story_begin(&config);
	a = story_established(STORY_CLIENT);
	b = story_other(a);
	since = story_segments();
	story_forge(b, &(struct story_forged){.flags = P_RST});
	story_check_eq(b->reason, -ECONNRESET);
	story_check_eq(story_segments() - since, 0);
	story_send(a, 10);
	story_run_ms(20);
	story_check_eq(a->reason, -ECONNRESET);
	story_check_eq(story_segments() - since, 2);
	story_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_old_duplicates),
	    cmocka_unit_test(test_duplicates_all_day),
	    cmocka_unit_test(test_ack_of_what_was_not_sent),
	    cmocka_unit_test(test_resets_of_two_without_memory),
	    cmocka_unit_test(test_fin_and_rst_cross),
	    cmocka_unit_test(test_aborts_cross),
	    cmocka_unit_test(test_keepalives),
	    cmocka_unit_test(test_frequent_keepalives),
	    cmocka_unit_test(test_both_windows_closed),
	    cmocka_unit_test(test_fins_behind_closed_windows),
	    cmocka_unit_test(test_stranger_sweeps),
	    cmocka_unit_test(test_exact_reset),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

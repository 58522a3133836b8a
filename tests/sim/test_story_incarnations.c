/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Incarnations of one 4-tuple that follow each other: whatever of an old one comes late changes
 * nothing in the new one, nor do its bytes get in. Each segment of the old life again at every
 * step of the new one; a SYN that reopens TIME-WAIT and was an old duplicate (RFC 1122 4.2.2.13,
 * RFC 6191); RFC 9293 3.5, figure 8; and a thousand incarnations over a link that delays,
 * loses, repeats.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/simpair.h>
#include <lib/story.h>

#define MS SPT_NS_PER_MS

/* ---- each segment of the old life, at each step of the new ----------------------------------- */

static struct story_config
base(int family, bool timestamps)
{
	struct story_config c = {.family = family, .delay = 10 * MS};

	c.options[0].no_timestamps = c.options[1].no_timestamps = !timestamps;
	return c;
}

static struct story_end *
live(uint32_t bytes)
{
	struct story_end *a = story_established(STORY_CLIENT);

	story_send(a, bytes);
	story_send(story_other(a), bytes / 2);
	story_run_ms(300);
	story_check_eq(story_other(a)->received, bytes);
	story_check_eq(a->received, bytes / 2);
	return a;
}

static void
close_both(struct story_end *first, struct story_end *second)
{
	story_shutdown(first);
	story_run_ms(30);
	story_shutdown(second);
	story_run_ms(60);
	story_check_eq(first->reason, 0);
	story_check_eq(second->reason, 0);
	story_check_state(first, TIME_WAIT);
	story_check_state(second, CLOSED_STATE);
}

static void
repeat_all(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		story_repeat(i);
}

/* Steps of the new life at which the old one comes again. */
enum step { BEFORE, SYN_SENT, SYN_RECEIVED, ESTABLISHED, TEXT, HALF_CLOSED, AFTER, STEPS };

static void
again_at(enum step step, int family, bool timestamps, bool opener_closes)
{
	struct story_config config = base(family, timestamps);
	struct story_end *a, *b;
	unsigned int n;

	story_begin(&config);
	a = live(3000);
	b = story_other(a);
	close_both(opener_closes ? a : b, opener_closes ? b : a);
	n = story_segments();
	if (step == BEFORE)
		repeat_all(n);
	/* Our own TIME-WAIT: a second, with timestamps, else its end (septet.h, spt_connect). */
	story_run_ms(!opener_closes ? 5 : timestamps ? 1100 : 60100);
	a = story_connect(0, STORY_CLIENT, STORY_PORT);
	story_check(a != NULL);
	if (step == SYN_SENT)
		repeat_all(n);
	story_run_ms(15); /* the SYN is there, its answer is not */
	if (step == SYN_RECEIVED)
		repeat_all(n);
	story_run_ms(20);
	if (step == ESTABLISHED)
		repeat_all(n);
	story_run_s(4); /* what was lost by it comes again */
	b = story_other(a);
	story_check_state(a, ESTABLISHED);
	story_check_state(b, ESTABLISHED);
	story_send(a, 2000);
	story_send(b, 1000);
	if (step == TEXT)
		repeat_all(n);
	story_run_s(1);
	story_shutdown(a);
	story_run_ms(5);
	if (step == HALF_CLOSED)
		repeat_all(n);
	story_run_ms(30);
	story_shutdown(b);
	story_run_s(1);
	if (step == AFTER)
		repeat_all(n);
	story_check_eq(b->received, 2000);
	story_check_eq(a->received, 1000);
	story_check_eq(a->reason, 0);
	story_check_eq(b->reason, 0);
	story_run_s(130);
	story_check_state(a, CLOSED_STATE);
	story_check_state(b, CLOSED_STATE);
	story_end();
}

/*
 * With timestamps PAWS (RFC 7323 5) and RFC 6191 tell the lives apart, without them the numbers do
 * as long as the old ones are below: RFC 6528, and TIME-WAIT where that end closed first.
 */
static void
test_old_life_again(void **state)
{
	for (enum step step = BEFORE; step < STEPS; step++) {
		for (unsigned int i = 0; i < 8; i++)
			again_at(step, i & 1 ? 4 : 6, i & 2, i & 4);
	}
}

/* ---- a SYN that reopens TIME-WAIT, and was an old duplicate -------------------------------------
 */

/*
 * RFC 1122 4.2.2.13: a SYN may reopen it if its number is larger than the largest used before; and
 * B "returns to TIME-WAIT state if the SYN turns out to be an old duplicate". A knows nothing of
 * it, so the SYN-ACK draws a RST; 2MSL ends when it would have.
 */
static void
test_old_syn_into_time_wait(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		struct story_end *a, *b;
		unsigned int since;

		story_begin(&config);
		a = live(1000);
		b = story_other(a);
		close_both(b, a);
		story_run_s(20);
		/* Not larger: refused, whatever else it says. */
		since = story_segments();
		story_forge(b, &(struct story_forged){.flags = P_SYN, .seq = -1});
		story_forge(b, &(struct story_forged){.flags = P_SYN, .seq = -100000});
		story_run_ms(30);
		story_check_state(b, TIME_WAIT);
		story_check_eq(story_count(since, 1, P_SYN), 0);
		/* Larger */
		since = story_segments();
		story_forge(b, &(struct story_forged){.flags = P_SYN, .seq = 5000});
		story_check_state(b, SYN_RECEIVED);
		story_run_ms(30);
		story_check_eq(story_segments() - since, 2);
		story_check_eq(story_segment(since)->p.flags, P_SYN | P_ACK);
		story_check_eq(story_segment(since + 1)->p.flags, P_RST);
		story_check_state(b, TIME_WAIT);
		/* 2MSL began with the FIN, 20.1 s ago */
		story_run_ms(39500);
		story_check_state(b, TIME_WAIT);
		story_run_ms(500);
		story_check_state(b, CLOSED_STATE);
		story_end();
	}
}

/* The same while A opens anew: the true SYN comes while the false one is half open. */
static void
test_true_syn_after_old_one(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		struct story_end *a, *b;

		story_begin(&config);
		a = live(1000);
		b = story_other(a);
		close_both(b, a);
		story_run_s(1);
		story_forge(b, &(struct story_forged){.flags = P_SYN, .seq = 5000});
		story_check_state(b, SYN_RECEIVED);
		a = story_connect(0, STORY_CLIENT, STORY_PORT);
		story_run_s(10);
		story_check_state(a, ESTABLISHED);
		b = story_other(a);
		story_send(a, 700);
		story_run_s(1);
		story_check_eq(b->received, 700);
		close_both(a, b);
		story_end();
	}
}

/*
 * RFC 9293 3.5, figure 8: recovery from an old duplicate SYN. A opens, but a SYN of an old life
 * comes to B first; B's SYN-ACK acknowledges that one: A sends <SEQ=SEG.ACK><CTL=RST>, B returns to
 * LISTEN, and the new SYN does what it should.
 */
static void
test_figure_8(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		struct story_end *a, *b;
		unsigned int since, old;

		story_begin(&config);
		a = live(100);
		close_both(a, story_other(a));
		story_run_s(61);
		story_check_state(a, CLOSED_STATE);
		for (old = 0; story_segment(old)->p.flags != P_SYN; old++)
			;
		since = story_segments();
		story_lose_next(0, 1);
		a = story_connect(0, STORY_CLIENT, STORY_PORT);
		story_repeat(old);
		story_run_ms(25);
		story_check_eq(story_segments() - since, 3);
		story_check_eq(story_segment(since + 1)->p.flags, P_SYN | P_ACK);
		story_check_eq(story_segment(since + 1)->p.ack, story_segment(old)->p.seq + 1);
		story_check_eq(story_segment(since + 2)->p.flags, P_RST);
		story_check_eq(story_segment(since + 2)->p.seq, story_segment(since + 1)->p.ack);
		story_check_eq(story_stats(1).half_open, 0);
		story_check_state(a, SYN_SENT);
		story_run_ms(1100);
		b = story_other(a);
		story_check_state(a, ESTABLISHED);
		story_check_state(b, ESTABLISHED);
		story_send(a, 100);
		story_run_ms(4000);
		story_check_eq(b->received, 100);
		story_end();
	}
}

/* ---- the last ACK, and the end of TIME-WAIT
 * ---------------------------------------------------------- */

/*
 * The last ACK of the close is lost, n times. LAST-ACK sends its FIN again, TIME-WAIT answers and
 * begins 2MSL anew each time (RFC 9293 3.6.1, 3.10.7.4 eighth).
 */
static void
test_last_acks_lost(void **state)
{
	for (unsigned int n = 1; n <= 6; n++) {
		struct story_config config = base(n & 1 ? 4 : 6, n & 2);
		struct story_end *a, *b;
		unsigned int since;
		spt_time last;

		story_begin(&config);
		a = live(100);
		b = story_other(a);
		story_shutdown(a);
		story_run_ms(30);
		since = story_segments();
		story_shutdown(b);
		story_lose_next(0, n);
		story_run_s(40);
		story_check_eq(story_count(since, 1, P_FIN), n + 1);
		story_check_eq(story_segments() - since, 2 * (n + 1));
		story_check_state(b, CLOSED_STATE);
		story_check_eq(b->reason, 0);
		last = story_segment(story_segments() - 1)->at;
		story_run_us((last + 60000 * MS - story_now()) / SPT_NS_PER_US - 1000);
		story_check_state(a, TIME_WAIT);
		story_run_ms(2);
		story_check_state(a, CLOSED_STATE);
		story_end();
	}
}

/* A FIN again in the last millisecond of 2MSL, and in the first after it (RFC 9293 3.10.7.1). */
static void
test_fin_at_the_end_of_time_wait(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		struct story_end *a, *b;
		unsigned int fin, since;
		spt_time began;

		story_begin(&config);
		a = live(100);
		b = story_other(a);
		close_both(a, b);
		fin = story_segments() - 2;
		began = story_segment(fin + 1)->at;
		story_check(story_segment(fin)->p.flags & P_FIN);
		story_run_us((began + 60000 * MS - story_now()) / SPT_NS_PER_US - 500);
		since = story_segments();
		story_repeat(fin);
		story_check_eq(story_segments() - since, 1);
		story_check_eq(story_segment(since)->p.flags, P_ACK);
		story_check_eq(story_segment(since)->p.ack, story_segment(fin + 1)->p.ack);
		story_run_ms(20); /* at B: no connection */
		story_check_eq(story_segment(since + 1)->p.flags, P_RST);
		/* which TIME-WAIT ignores (RFC 1337): it has all its time again */
		story_run_ms(59979);
		story_check_state(a, TIME_WAIT);
		story_run_ms(2);
		story_check_state(a, CLOSED_STATE);
		since = story_segments();
		story_repeat(fin);
		story_run_ms(30);
		story_check_eq(story_segments() - since, 1);
		story_check_eq(story_segment(since)->p.flags, P_RST);
		story_end();
	}
}

/* ---- a thousand of them
 * ------------------------------------------------------------------------------ */

#define LIVES 1000

static struct simpair_config config;
static struct simpair_conn conns[LIVES];

static void
many(uint64_t seed, unsigned int n, bool opener_closes, bool timestamps, spt_time late)
{
	struct env_random r;

	env_random_seed(&r, seed);
	config = (struct simpair_config){.seed = seed,
	    .family = seed % 2 ? 4 : 6,
	    .n = n,
	    .conn = conns,
	    .at_once = 1,
	    .retry = timestamps ? 50 * MS : 1000 * MS};
	config.side[0].source.port_first = config.side[0].source.port_last = 40000;
	for (unsigned int s = 0; s < 2; s++) {
		config.to[s].delay_ns = 3 * MS;
		config.to[s].loss_ppm = 10000;
		config.to[s].duplicate_ppm = 100000;
		config.to[s].reorder_ppm = 50000;
		config.to[s].reorder_ns = late;
		config.side[s].rto_max_ms = 10000;
		config.side[s].options.r2_ms = 1000000;
		config.side[s].options.no_timestamps = !timestamps;
		config.side[s].connections = 16;
	}
	for (unsigned int i = 0; i < n; i++) {
		struct sim_end *e = conns[i].end;

		conns[i] = simpair_conn_default(1 + env_random_below(&r, 3000));
		e[0].early = env_random_below(&r, 2);
		e[0].fin_last = !opener_closes;
		e[1].fin_last = opener_closes;
		/* Who was in LAST-ACK when the tuple was used again is told so by a RST. */
		e[opener_closes].late_reset = true;
	}
}

/*
 * One tuple, and segments that come so late that they fall into the lives after. Bytes of one life
 * in another are told by their pattern. Late by less than MSL, 30 s (RFC 9293 3.4.3).
 */
static void
run_many(uint64_t seed, unsigned int n, bool opener_closes, bool timestamps, spt_time late)
{
	struct simpair_result r;
	char what[100];

	many(seed, n, opener_closes, timestamps, late);
	snprintf(what, sizeof(what), "%u lives, %s closes, %s timestamps, late by %u ms", n,
	    opener_closes ? "the opener" : "the other", timestamps ? "with" : "without",
	    (unsigned int)(late / MS));
	assert_true(simpair_run(&config, what, &r));
	assert_int_equal(r.in_order + r.reset, n);
	assert_int_equal(r.stats[0].opened_active, n);
	assert_int_equal(r.stats[1].opened_passive, n);
	/* They did come. */
	for (unsigned int s = 0; s < 2; s++) {
		const uint64_t *v = r.stats[s].verdict;

		assert_true(v[SPT_V_TCP_PAWS] + v[SPT_V_TCP_OUT_OF_WINDOW] +
		                v[SPT_V_TCP_TIMEWAIT_ACK] + v[SPT_V_TCP_SYN_CHALLENGED] >
		            n / 10);
	}
}

static void
test_thousand_with_timestamps(void **state)
{
	run_many(1, LIVES, false, true, 2000 * MS);
	run_many(2, LIVES, true, true, 3000 * MS);
	run_many(3, 300, false, true, 25000 * MS);
	run_many(4, 300, true, true, 100 * MS);
}

/* Without: the numbers tell, and TIME-WAIT keeps an opener that closed first from coming too soon.
 */
static void
test_thousand_without_timestamps(void **state)
{
	run_many(5, LIVES, false, false, 2000 * MS);
	run_many(6, LIVES, true, false, 25000 * MS);
	run_many(7, 300, false, false, 25000 * MS);
	run_many(8, 300, false, false, 50 * MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_old_life_again),
	    cmocka_unit_test(test_old_syn_into_time_wait),
	    cmocka_unit_test(test_true_syn_after_old_one),
	    cmocka_unit_test(test_figure_8),
	    cmocka_unit_test(test_last_acks_lost),
	    cmocka_unit_test(test_fin_at_the_end_of_time_wait),
	    cmocka_unit_test(test_thousand_with_timestamps),
	    cmocka_unit_test(test_thousand_without_timestamps),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

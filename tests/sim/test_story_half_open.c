/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Half-open connections between two engines: one end crashed and came back without memory, or
 * never learnt that the connection was complete. RFC 9293 3.5.1, figures 9 to 11 as written, and
 * what a lost last ACK of the handshake leads to.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/story.h>

#define MS SPT_NS_PER_MS

static struct story_config
base(int family, bool timestamps)
{
	struct story_config c = {.family = family, .delay = 10 * MS};

	c.options[0].no_timestamps = c.options[1].no_timestamps = !timestamps;
	return c;
}

/*
 * RFC 9293 3.5.1, figure 9: A crashed, and opens again. Its SYN finds B in ESTABLISHED: an ACK;
 * that is not what A in SYN-SENT expects: RST; B aborts; the SYN again (A's timer), and both are
 * ESTABLISHED.
 */
static void
figure_9(int family, bool timestamps, bool with_data)
{
	struct story_config config = base(family, timestamps);
	struct story_end *a, *b, *again;
	unsigned int since;

	story_begin(&config);
	a = story_established(STORY_CLIENT);
	b = story_other(a);
	if (with_data) {
		story_send(a, 3000);
		story_send(b, 3000);
		story_run_ms(500);
	}
	story_crash(0);
	story_run_ms(3000);
	since = story_segments();
	again = story_connect(0, STORY_CLIENT, STORY_PORT);
	story_run_ms(35);
	/* (3) SYN --> (!!) (4) (!!) <-- ACK of where B is (5) RST --> (Abort!!) */
	story_check_eq(story_segments() - since, 3);
	story_check_eq(story_segment(since)->p.flags, P_SYN);
	story_check_eq(story_segment(since + 1)->p.flags, P_ACK);
	story_check_eq(story_segment(since + 2)->p.flags, P_RST);
	story_check_eq(story_segment(since + 2)->p.seq, story_segment(since + 1)->p.ack);
	story_check(!b->open);
	story_check_eq(b->reason, -ECONNRESET);
	story_check_state(again, SYN_SENT);
	story_run_ms(1100);
	story_check_state(again, ESTABLISHED);
	story_check(story_other(again) != b);
	story_send(again, 1000);
	story_run_ms(300);
	story_check_eq(story_other(again)->received, 1000);
	story_end();
}

static void
test_figure_9(void **state)
{
	for (unsigned int i = 0; i < 8; i++)
		figure_9(i & 1 ? 4 : 6, i & 2, i & 4);
}

/* RFC 9293 3.5.1, figure 10: A crashed, B sends data: RST from A, B aborts. */
static void
test_figure_10(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		struct story_end *a, *b;
		unsigned int since;

		story_begin(&config);
		a = story_established(STORY_CLIENT);
		b = story_other(a);
		story_crash(0);
		since = story_segments();
		story_send(b, 10);
		story_run_ms(25);
		story_check_eq(story_segments() - since, 2);
		story_check_eq(story_segment(since + 1)->p.flags, P_RST);
		story_check_eq(story_segment(since + 1)->p.seq, story_segment(since)->p.ack);
		story_check(!b->open);
		story_check_eq(b->reason, -ECONNRESET);
		story_run_s(300);
		story_check_eq(story_segments() - since, 2);
		story_end();
	}
}

/*
 * RFC 9293 3.5.1, figure 11: an old duplicate SYN of A's arrives at B in LISTEN; its SYN-ACK finds
 * A in LISTEN (or in CLOSED): RST; B returns to LISTEN, and no user was told.
 */
static void
test_figure_11(void **state)
{
	for (unsigned int i = 0; i < 8; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		/* From the port that A listens at: two passive sockets. */
		uint16_t port = i & 4 ? STORY_PORT : STORY_CLIENT;
		struct story_end *a;
		unsigned int since;

		story_begin(&config);
		a = story_connect(0, port, STORY_PORT);
		story_run_ms(100);
		story_crash(0);
		story_crash(1);
		story_run_ms(60000);
		since = story_segments();
		for (unsigned int k = 0; k < since; k++) {
			if (story_segment(k)->p.flags == P_SYN) {
				story_repeat(k);
				break;
			}
		}
		story_run_ms(25);
		story_check_eq(story_segments() - since, 2);
		story_check_eq(story_segment(since)->p.flags, P_SYN | P_ACK);
		story_check_eq(story_segment(since + 1)->p.flags, P_RST);
		story_check_eq(story_segment(since + 1)->p.seq, story_segment(since)->p.ack);
		story_check_eq(story_stats(1).half_open, 0);
		story_check_eq(story_stats(1).verdict[SPT_V_TCP_HANDSHAKE_RST], 1);
		story_check(story_other(a) == NULL || !story_other(a)->open);
		story_run_s(100);
		story_check_eq(story_segments() - since, 2);
		story_end();
	}
}

/*
 * The last ACK of the handshake is lost and nobody speaks. RFC 9293 3.8.1: B sends its SYN-ACK
 * again, which A acknowledges (3.10.7.4, first).
 */
static void
test_last_ack_lost(void **state)
{
	struct story_config config = base(4, true);
	struct story_end *a;

	story_begin(&config);
	story_established(STORY_CLIENT + 1); /* the link addresses are known now */
	a = story_connect(0, STORY_CLIENT, STORY_PORT);
	story_run_ms(15);
	story_lose_next(0, 1);
	story_run_ms(100);
	story_check_state(a, ESTABLISHED);
	story_check(story_other(a) == NULL);
	story_run_ms(950);
	story_check(story_other(a) != NULL);
	story_check_state(story_other(a), ESTABLISHED);
	story_send(story_other(a), 1000);
	story_run_ms(3200);
	story_check_eq(a->received, 1000);
	story_end();
}

/* The same, but A has data, which carries the ACK: nothing waits for B's timer. */
static void
test_last_ack_lost_then_data(void **state)
{
	struct story_config config = base(6, false);
	struct story_end *a;

	story_begin(&config);
	story_established(STORY_CLIENT + 1);
	a = story_connect(0, STORY_CLIENT, STORY_PORT);
	story_run_ms(15);
	story_lose_next(0, 1);
	story_run_ms(100);
	story_check(story_other(a) == NULL);
	story_send(a, 700);
	story_run_ms(15);
	story_check(story_other(a) != NULL);
	story_check_eq(story_other(a)->received, 700);
	story_run_s(5);
	story_check_eq(story_stats(1).segments_retransmitted, 0);
	story_end();
}

/*
 * All of A's segments are lost for longer than B waits: B gives up in silence (no user knows of the
 * connection), A is half open. Its first data afterwards draws a RST (RFC 9293 3.5.2, group 1).
 */
static void
test_all_acks_lost(void **state)
{
	struct story_config config = base(4, true);
	struct story_end *a;
	unsigned int since;

	story_begin(&config);
	story_established(STORY_CLIENT + 1);
	a = story_connect(0, STORY_CLIENT, STORY_PORT);
	story_run_ms(15);
	story_cut(0, true);
	story_run_s(70);
	story_check_state(a, ESTABLISHED);
	story_check_eq(story_stats(1).half_open, 0);
	story_check_eq(story_stats(1).half_open_expired, 1);
	story_check(story_other(a) == NULL);
	story_cut(0, false);
	since = story_segments();
	story_send(a, 10);
	story_run_ms(25);
	story_check_eq(story_segments() - since, 2);
	story_check_eq(story_segment(since + 1)->p.flags, P_RST);
	story_check(!a->open);
	story_check_eq(a->reason, -ECONNRESET);
	story_end();
}

/* One end crashed and says nothing; the other is silent too, until its keep-alive asks. */
static void
test_keepalive_discovers(void **state)
{
	struct story_config config = base(6, true);
	struct story_end *a;
	unsigned int since;

	config.options[0].keepalive = true;
	story_begin(&config);
	a = story_established(STORY_CLIENT);
	story_crash(1);
	since = story_segments();
	story_run_s(7199);
	story_check_eq(story_segments() - since, 0);
	story_check_state(a, ESTABLISHED);
	story_run_s(2);
	/* RFC 9293 3.8.4: the probe; 3.5.2, group 1: a RST from where nothing is known of it */
	story_check_eq(story_segments() - since, 2);
	story_check_eq(a->reason, -ECONNRESET);
	story_check_state(a, CLOSED_STATE);
	story_end();
}

/* Each state of the surviving end, whose peer came back: what it does next ends it or is silence.
 */
static void
test_crash_in_each_state(void **state)
{
	for (unsigned int i = 0; i < 5; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2);
		struct story_end *a, *b;
		unsigned int since;

		story_begin(&config);
		a = story_established(STORY_CLIENT);
		b = story_other(a);
		switch (i) {
		case 0: /* FIN-WAIT-1: B crashes before it hears of the FIN */
			story_lose_next(0, 1);
			story_close(a);
			break;
		case 1: /* FIN-WAIT-2 after spt_close: 60 s */
			story_close(a);
			story_run_ms(50);
			story_check_state(a, FIN_WAIT_2);
			break;
		case 2: /* CLOSE-WAIT: the application closes later */
			story_shutdown(b);
			story_run_ms(50);
			story_check_state(a, CLOSE_WAIT);
			break;
		case 3: /* LAST-ACK */
			story_shutdown(b);
			story_run_ms(50);
			story_lose_next(0, 1);
			story_close(a);
			story_check_state(a, LAST_ACK);
			break;
		case 4: /* TIME-WAIT */
			story_close(a);
			story_run_ms(50);
			story_close(b);
			story_run_ms(50);
			story_check_state(a, TIME_WAIT);
			break;
		}
		story_crash(1);
		since = story_segments();
		story_run_s(1);
		if (i == 2)
			story_close(a);
		story_run_s(70);
		story_check_state(a, CLOSED_STATE);
		story_check(!a->open);
		/* A FIN, and the RST that it draws; nothing where nothing is to be said. */
		story_check_eq(story_segments() - since, i == 1 || i == 4 ? 0 : 2);
		story_check_eq(a->reason, i == 0 ? -ECONNRESET : i == 1 ? -ETIMEDOUT : 0);
		story_end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_figure_9),
	    cmocka_unit_test(test_figure_10),
	    cmocka_unit_test(test_figure_11),
	    cmocka_unit_test(test_last_ack_lost),
	    cmocka_unit_test(test_last_ack_lost_then_data),
	    cmocka_unit_test(test_all_acks_lost),
	    cmocka_unit_test(test_keepalive_discovers),
	    cmocka_unit_test(test_crash_in_each_state),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

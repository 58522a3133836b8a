/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ends put out of step on purpose: a stranger made each believe that the other sent what it
 * did not, so that what one says is unacceptable to the other, who must say so (RFC 9293 3.10.7.4,
 * first and fifth). What is held here: such an exchange is slow from the beginning (RFC 5961 7)
 * and ends, or goes on no faster than the limit; the connection dies of its timers, or is idle.
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

#define MS   SPT_NS_PER_MS
#define HOUR 3600

/* The most that either end may say to what it does not accept: in a time, RATELIMIT16. */
#define LIMIT(seconds) (RATELIMIT16_BURST + 1 + (unsigned int)((seconds) / 0.5))

static struct story_config
base(int family, bool timestamps, spt_time delay)
{
	struct story_config c = {.family = family, .delay = delay, .any_bytes = true};

	c.options[0].no_timestamps = c.options[1].no_timestamps = !timestamps;
	return c;
}

/* 'e' believes that the other end sent 'n' bytes more than it did. */
static void
mislead(const struct story_end *e, uint32_t n)
{
	story_forge(e, &(struct story_forged){.flags = P_PSH | P_ACK, .len = n});
}

/* An answer to what is not acceptable: SEQ=SND.NXT, ACK=RCV.NXT, CTL=ACK, and no more. */
static bool
is_answer(unsigned int i, unsigned int side)
{
	const struct story_segment *s = story_segment(i);

	return s->from == side && s->p.flags == P_ACK && s->p.len == 0;
}

/* In no second may an end send more answers than its limiter holds. */
static void
check_rate(unsigned int since)
{
	for (unsigned int side = 0; side < 2; side++) {
		unsigned int first = since;

		for (unsigned int i = since, n = 0; i < story_segments(); i++) {
			if (!is_answer(i, side))
				continue;
			n++;
			while (!is_answer(first, side) ||
			       story_segment(first)->at + SPT_NS_PER_SEC < story_segment(i)->at) {
				n -= is_answer(first, side);
				first++;
			}
			story_check(n <= LIMIT(1));
		}
	}
}

/*
 * Both are misled while nothing is under way. Where a round trip is shorter than two seconds the
 * exchange empties both limiters, and ends for good; else it goes on no faster than they allow.
 */
static void
idle_ends(spt_time delay, uint32_t a_by, uint32_t b_by)
{
	struct story_config config = base(delay & 1 ? 6 : 4, a_by & 1, delay);
	struct story_end *a, *b;
	unsigned int since, later;

	story_begin(&config);
	a = story_established(STORY_CLIENT);
	b = story_other(a);
	since = story_segments();
	if (a_by)
		mislead(a, a_by);
	if (b_by)
		mislead(b, b_by);
	story_run_s(60);
	later = story_segments();
	check_rate(since);
	story_check(later - since <= 2 * LIMIT(60));
	story_run_s(HOUR);
	if (2 * delay < 2000 * MS) {
		story_check(later - since <= 2 * LIMIT(20));
		story_check_eq(story_segments() - later, 0);
	} else {
		story_check(story_segments() - later <= 2 * LIMIT(HOUR));
	}
	story_check_state(a, ESTABLISHED);
	story_check_state(b, ESTABLISHED);
	story_check_eq(story_count(since, 0, P_RST) + story_count(since, 1, P_RST), 0);
	story_end();
}

static void
test_idle_ends(void **state)
{
	static const spt_time delays[] = {
	    0, 10 * SPT_NS_PER_US, MS, 20 * MS, 150 * MS, 400 * MS, 900 * MS, 2000 * MS};

	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		idle_ends(delays[i], 100, 0);
		idle_ends(delays[i], 0, 1);
		idle_ends(delays[i], 100, 100);
		idle_ends(delays[i], 1001, 7);
	}
}

/*
 * Out of step, and both applications go on sending. What is sent lies below the other's window,
 * or acknowledges what it did not send, and is never acknowledged: R2 (RFC 9293 3.8.3) ends it at
 * the one, and its RST, or the answer to what the other still says, ends it at the other.
 */
static void
sending_ends(spt_time delay, uint32_t a_by, uint32_t b_by)
{
	struct story_config config = base(delay & 1 ? 6 : 4, b_by & 1, delay);
	struct story_end *a, *b;
	unsigned int since, seconds = 0;

	story_begin(&config);
	a = story_established(STORY_CLIENT);
	b = story_other(a);
	mislead(a, a_by);
	mislead(b, b_by);
	story_run_s(5);
	since = story_segments();
	story_send(a, 20);
	story_send(b, 20);
	while ((a->open || b->open) && seconds < 400) {
		story_run_s(1);
		seconds++;
	}
	story_check(!a->open && !b->open);
	story_check(a->reason == -ETIMEDOUT || a->reason == -ECONNRESET);
	story_check(b->reason == -ETIMEDOUT || b->reason == -ECONNRESET);
	check_rate(since);
	/* Retransmissions back off; each draws no more than an answer, and that one no more. */
	story_check(story_segments() - since <= 2 * LIMIT(seconds));
	since = story_segments();
	story_run_s(HOUR);
	story_check_eq(story_segments() - since, 0);
	story_end();
}

static void
test_sending_ends(void **state)
{
	static const spt_time delays[] = {10 * SPT_NS_PER_US, 20 * MS, 400 * MS};

	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		sending_ends(delays[i], 100, 100);
		sending_ends(delays[i], 1000, 33);
		sending_ends(delays[i], 1, 1000);
	}
}

/* Out of step, and then both applications close: nothing may last longer than R2 and 2MSL. */
static void
closing_ends(unsigned int who, uint32_t a_by, uint32_t b_by)
{
	struct story_config config = base(who & 1 ? 6 : 4, who & 2, 10 * MS);
	struct story_end *a, *b;
	unsigned int since;

	story_begin(&config);
	a = story_established(STORY_CLIENT);
	b = story_other(a);
	if (a_by)
		mislead(a, a_by);
	if (b_by)
		mislead(b, b_by);
	story_run_s(5);
	since = story_segments();
	if (who == 0 || who == 2)
		story_shutdown(a);
	if (who == 1 || who == 2)
		story_shutdown(b);
	story_run_s(10);
	if (who == 0 && b->open)
		story_shutdown(b);
	if (who == 1 && a->open)
		story_shutdown(a);
	story_run_s(300);
	check_rate(since);
	story_check(story_segments() - since <= 2 * LIMIT(310));
	since = story_segments();
	story_run_s(HOUR);
	story_check_eq(story_segments() - since, 0);
	story_check_state(a, CLOSED_STATE);
	story_check_state(b, CLOSED_STATE);
	story_end();
}

static void
test_closing_ends(void **state)
{
	for (unsigned int who = 0; who < 3; who++) {
		closing_ends(who, 100, 100);
		closing_ends(who, 500, 0);
		closing_ends(who, 0, 500);
		closing_ends(who, 1, 2);
	}
}

/* Each is misled about the last word: TIME-WAIT here, LAST-ACK there, and numbers that differ. */
static void
test_time_wait_and_last_ack(void **state)
{
	for (unsigned int i = 0; i < 6; i++) {
		struct story_config config = base(i & 1 ? 4 : 6, i & 2, i * 5 * MS);
		struct story_end *a, *b;
		unsigned int since;

		story_begin(&config);
		a = story_established(STORY_CLIENT);
		b = story_other(a);
		story_shutdown(a);
		story_run_ms(200);
		story_check_state(b, CLOSE_WAIT);
		/* A forged FIN puts A into TIME-WAIT, one number ahead of B (or more). */
		story_forge(a, &(struct story_forged){.flags = P_FIN | P_ACK, .len = i});
		story_check_state(a, TIME_WAIT);
		since = story_segments();
		story_run_s(2);
		story_check_state(b, CLOSE_WAIT);
		story_send(b, 100);
		story_shutdown(b);
		story_check_state(b, LAST_ACK);
		story_run_s(300);
		check_rate(since);
		story_check(story_segments() - since <= 2 * LIMIT(200));
		since = story_segments();
		story_run_s(HOUR);
		story_check_eq(story_segments() - since, 0);
		story_check_state(a, CLOSED_STATE);
		story_check_state(b, CLOSED_STATE);
		story_check(!b->open);
		story_end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_idle_ends),
	    cmocka_unit_test(test_sending_ends),
	    cmocka_unit_test(test_closing_ends),
	    cmocka_unit_test(test_time_wait_and_last_ack),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams whose numbers cross 2^32 and 2^31 (RFC 9293 3.4: all arithmetic modulo 2^32), with every
 * segment lost, doubled or overtaken now and then, and old ones again all the time; and segments
 * as they would come from a whole sequence space ago, whose numbers fit and whose time does not
 * (RFC 7323 5, PAWS), or from half of one, which fit nowhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/story.h>

#define BYTES 200000

static struct env_random random_fates;

static enum story_fate
fate(const struct story_segment *s)
{
	switch (env_random_below(&random_fates, 24)) {
	case 0: return STORY_LOST;
	case 1: return STORY_TWICE;
	case 2: return STORY_LATE;
	}
	return STORY_PASSES;
}

/* A story whose connection has this ISS on that side: the ISN runs by a clock of 4.096 us. */
static struct story_end *
begin_at(int family, bool timestamps, unsigned int side, uint32_t iss)
{
	struct story_config config = {.family = family, .delay = 5 * SPT_NS_PER_MS};
	struct story_end *a;
	uint32_t is;

	config.options[0].no_timestamps = config.options[1].no_timestamps = !timestamps;
	story_begin(&config);
	a = story_established(STORY_CLIENT);
	is = story_look(side == 0 ? a : story_other(a)).iss;
	story_end();
	config.start = (uint64_t)(uint32_t)(iss - is) * 4096;
	story_begin(&config);
	a = story_established(STORY_CLIENT);
	is = story_look(side == 0 ? a : story_other(a)).iss;
	story_check((uint32_t)(is - iss) < 2);
	return a;
}

static void
test_crossing(void **state)
{
	static const uint32_t isses[] = {UINT32_MAX, UINT32_MAX - BYTES / 2, INT32_MAX,
	    (uint32_t)INT32_MAX - BYTES / 2, UINT32_MAX - 1448 * 3};

	for (unsigned int i = 0; i < 4 * sizeof(isses) / sizeof(isses[0]); i++) {
		struct story_end *a = begin_at(i & 1 ? 4 : 6, i & 2, i & 1, isses[i / 4]);
		struct story_end *b = story_other(a);

		env_random_seed(&random_fates, i);
		story_fates(fate);
		for (unsigned int sent = 0; sent < BYTES; sent += 20000) {
			story_send(a, 20000);
			story_send(b, 20000);
			story_run_ms(700);
			/* some old ones again: of the beginning, and of a moment ago */
			for (unsigned int k = 0; k < 40 && k < story_segments(); k++) {
				story_repeat(k);
				story_repeat(story_segments() - 1 - k);
			}
		}
		story_run_s(60);
		story_check_eq(a->received, BYTES);
		story_check_eq(b->received, BYTES);
		story_check_eq(a->acked, BYTES);
		story_check_eq(b->acked, BYTES);
		story_shutdown(a);
		story_shutdown(b);
		story_run_s(130);
		story_check_eq(a->reason, 0);
		story_check_eq(b->reason, 0);
		story_check_eq(story_count(0, 0, P_RST), 0);
		story_check_eq(story_count(0, 1, P_RST), 0);
		story_end();
	}
}

/*
 * RFC 7323 5.3 R1: a segment of a whole space ago: SEG.SEQ lies in the window, SEG.TSval is older
 * than TS.Recent: an ACK, and it is dropped. Its bytes would be seen in the stream.
 */
static void
test_a_space_ago(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct story_end *a = begin_at(i & 1 ? 4 : 6, true, 0, UINT32_MAX - 5000);
		struct story_end *b = story_other(a);

		for (unsigned int k = 0; k < 20; k++) {
			unsigned int since;
			uint64_t paws;

			story_send(a, 1000);
			story_run_ms(2000);
			since = story_segments();
			paws = story_stats(1).verdict[SPT_V_TCP_PAWS];
			story_forge(b, &(struct story_forged){.flags = P_PSH | P_ACK,
			                   .seq = k * 10,
			                   .len = 500,
			                   .ts_older = 1 + k * 40000});
			story_check_eq(story_stats(1).verdict[SPT_V_TCP_PAWS] - paws, 1);
			story_check_eq(story_segments() - since, 1);
			story_check_eq(story_segment(since)->p.ack, story_look(b).rcv_nxt);
			/* a FIN likewise */
			story_forge(b, &(struct story_forged){
			                   .flags = P_FIN | P_ACK, .ts_older = 1 + k * 40000});
			story_check_state(b, ESTABLISHED);
		}
		story_check_eq(b->received, 20 * 1000);
		story_end();
	}
}

/* Half a space away is outside of every window, on either side (RFC 9293 3.4). */
static void
test_half_a_space_away(void **state)
{
	for (unsigned int i = 0; i < 8; i++) {
		struct story_end *a =
		    begin_at(i & 1 ? 4 : 6, i & 2, 0, (i & 4 ? UINT32_MAX : INT32_MAX) - 3000u);
		struct story_end *b = story_other(a);

		for (unsigned int k = 0; k < 12; k++) {
			static const int64_t at[] = {INT32_MIN, (int64_t)INT32_MIN - 1,
			    (int64_t)INT32_MIN + 1, (int64_t)INT32_MIN + 262144};
			uint64_t outside = story_stats(1).verdict[SPT_V_TCP_OUT_OF_WINDOW];

			story_forge(b, &(struct story_forged){
			                   .flags = P_PSH | P_ACK, .seq = at[k % 4], .len = 100});
			story_check_eq(
			    story_stats(1).verdict[SPT_V_TCP_OUT_OF_WINDOW] - outside, 1);
			story_forge(b, &(struct story_forged){.flags = P_RST, .seq = at[k % 4]});
			story_send(a, 500);
			story_run_ms(2000);
		}
		story_check_eq(b->received, 12 * 500);
		story_check_state(a, ESTABLISHED);
		story_end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_crossing),
	    cmocka_unit_test(test_a_space_ago),
	    cmocka_unit_test(test_half_a_space_away),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

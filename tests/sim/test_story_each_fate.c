/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Simultaneous open and simultaneous close (RFC 9293 3.5, figure 7; 3.6, figure 13), and the
 * ordinary ones beside them: each segment of the life lost, sent twice, or overtaken by the next,
 * in turn, and each pair of them, of one side or of both. Both streams arrive, both ends close in
 * order, and 2MSL later nothing is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/story.h>

#define PORT_A 100
#define PORT_B 200
#define BYTES  900

struct shape {
	bool both_open, both_close;
	uint32_t bytes;
};

static const struct shape shapes[] = {
    {true, true, 0},
    {true, true, BYTES},
    {true, false, BYTES},
    {false, true, BYTES},
    {false, false, BYTES},
};

/* What becomes of which two segments; 'number' 0: of none. */
static struct {
	unsigned int from, number;
	enum story_fate fate;
} chosen[2];

static enum story_fate
fate(const struct story_segment *s)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (s->from == chosen[i].from && s->number == chosen[i].number)
			return chosen[i].fate;
	}
	return STORY_PASSES;
}

static void
close_when_done(struct story_end *e, const struct shape *shape, bool *closed)
{
	bool may = shape->both_close || e->side == 0 || (e->events & SPT_PEER_CLOSED);

	if (*closed || !(e->events & (SPT_CONNECTED | SPT_ACCEPTED)) || e->received < shape->bytes)
		return;
	if (!may)
		return;
	*closed = true;
	story_shutdown(e);
}

/* A life. Returns how many segments each side sent. */
static void
live(const struct shape *shape, int family, bool timestamps, unsigned int sent[2])
{
	struct story_config config = {
	    .family = family, .delay = 10 * SPT_NS_PER_MS, .connections = 4};
	struct story_end *a, *b = NULL;
	bool closed[2] = {false, false}, said = false;
	unsigned int again;

	config.options[0].no_timestamps = config.options[1].no_timestamps = !timestamps;
	config.deaf[0] = true;
	config.deaf[1] = shape->both_open;
	story_begin(&config);
	story_fates(fate);
	a = story_connect(0, PORT_A, shape->both_open ? PORT_B : STORY_PORT);
	if (shape->both_open)
		b = story_connect(1, PORT_B, PORT_A);
	story_send(a, shape->bytes);
	for (unsigned int ms = 0; ms < 60000; ms += 5) {
		if (b == NULL)
			b = story_other(a);
		if (b != NULL && !said) {
			story_send(b, shape->bytes);
			said = true;
		}
		close_when_done(a, shape, &closed[0]);
		if (b != NULL)
			close_when_done(b, shape, &closed[1]);
		if (b != NULL && !a->open && !b->open)
			break;
		story_run_ms(5);
	}
	story_check(b != NULL && !a->open && !b->open);
	story_check_eq(a->reason, 0);
	story_check_eq(b->reason, 0);
	story_check_eq(a->received, b->sent);
	story_check_eq(b->received, a->sent);
	story_run_s(130);
	story_check_state(a, CLOSED_STATE);
	story_check_state(b, CLOSED_STATE);
	/* Only what comes twice when all is over draws one (3.10.7.1), which TIME-WAIT ignores. */
	again = (chosen[0].fate != STORY_LOST) + (unsigned int)(chosen[1].fate != STORY_LOST);
	story_check(story_count(0, 0, P_RST) + story_count(0, 1, P_RST) <= again);
	sent[0] = sent[1] = 0;
	for (unsigned int i = 0; i < story_segments(); i++)
		sent[story_segment(i)->from]++;
	story_end();
}

static void
choose(unsigned int i, unsigned int at, const unsigned int sent[2], enum story_fate what)
{
	chosen[i].from = at >= sent[0];
	chosen[i].number = at >= sent[0] ? at - sent[0] + 1 : at + 1;
	chosen[i].fate = what;
}

/* A life that took another course than the one that was counted has one more to be chosen. */
static void
each(const struct shape *shape, int family, bool timestamps, bool pairs)
{
	unsigned int sent[2], other[2], n;

	chosen[0].number = chosen[1].number = 0;
	chosen[0].fate = chosen[1].fate = STORY_LOST; /* of nothing */
	live(shape, family, timestamps, sent);
	sent[0]++;
	sent[1]++;
	n = sent[0] + sent[1];
	for (unsigned int i = 0; i < n; i++) {
		for (enum story_fate f = STORY_LOST; f <= STORY_LATE; f++) {
			choose(0, i, sent, f);
			chosen[1].number = 0;
			chosen[1].fate = STORY_LOST;
			live(shape, family, timestamps, other);
			for (unsigned int k = i + 1; pairs && k < n; k++) {
				/* all fates of the second with a first that is lost, else the same
				 */
				for (enum story_fate g = STORY_LOST; g <= STORY_LATE; g++) {
					if (f != STORY_LOST && g != f)
						continue;
					choose(1, k, sent, g);
					live(shape, family, timestamps, other);
				}
			}
		}
	}
}

static void
test_each(void **state)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		each(&shapes[i], i % 2 ? 4 : 6, false, false);
}

static void
test_pairs(void **state)
{
	for (size_t i = 0; i < 4; i++)
		each(&shapes[i], i % 2 ? 4 : 6, true, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each),
	    cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

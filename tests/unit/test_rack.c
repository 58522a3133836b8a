/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RACK-TLP, RFC 8985, over a scoreboard: its examples, each step of 6.2, time-outs, probes. All
 * tests run where neither clock nor sequence numbers wrap, and where each does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcp/rack.h"

#include "env.h"

#define SEGMENT 1000
#define RTT     100000 /* microseconds */

/* A sender: its segments are numbered from 0 on; times are since 'us'. */
struct world {
	struct scoreboard sb;
	struct pool chunks;
	struct rack rack;
	uint32_t seq, us;
	uint32_t una, nxt; /* segments */
	uint32_t srtt;
	bool recovery;
};

static const struct {
	uint32_t seq, us;
} bases[] = {
    {0, 0},
    {1000, 50000},
    {UINT32_MAX - 1500, UINT32_MAX - 150000},
    {UINT32_MAX - 2999, UINT32_MAX - 50},
    {INT32_MAX - 1500, INT32_MAX - 150000},
    {UINT32_MAX - 5500, 7},
    {7, UINT32_MAX - 205000},
};
#define BASES (sizeof(bases) / sizeof(bases[0]))

static struct world world;

static void
begin(struct world *w, size_t base)
{
	memset(w, 0, sizeof(*w));
	w->seq = bases[base].seq;
	w->us = bases[base].us;
	w->srtt = RTT;
	scoreboard_init(&w->sb);
	rack_init(&w->rack);
	assert_int_equal(pool_init(&w->chunks, 64, sizeof(struct sent_chunk), -1), 0);
}

static void
end(struct world *w)
{
	assert_null(scoreboard_check(
	    &w->sb, &w->chunks, w->seq + w->una * SEGMENT, w->seq + w->nxt * SEGMENT));
	scoreboard_clear(&w->sb, &w->chunks);
	pool_fini(&w->chunks);
}

static void
send_segments(struct world *w, uint32_t n, uint32_t at)
{
	for (; n > 0; n--)
		assert_true(scoreboard_push(
		    &w->sb, &w->chunks, w->seq + w->nxt++ * SEGMENT, SEGMENT, w->us + at, 0));
}

static struct sent *
segment(struct world *w, uint32_t i)
{
	struct scoreboard_cursor at;
	struct sent *s = scoreboard_begin(&w->sb, &w->chunks, &at);

	while (s != NULL && s->seq != w->seq + i * SEGMENT)
		s = scoreboard_next(&w->chunks, &at);
	assert_non_null(s);
	return s;
}

static bool
is_lost(struct world *w, uint32_t i)
{
	return segment(w, i)->flags & SENT_LOST;
}

static void
send_again(struct world *w, uint32_t i, uint32_t at)
{
	scoreboard_sent_again(&w->sb, segment(w, i), w->us + at);
}

static struct rack_ack
circumstances(const struct world *w, uint32_t at)
{
	return (struct rack_ack){
	    .now_us = w->us + at,
	    .srtt_us = w->srtt,
	    .una = w->seq + w->una * SEGMENT,
	    .nxt = w->seq + w->nxt * SEGMENT,
	    .mss = SEGMENT,
	    .in_recovery = w->recovery,
	    .sacked = w->sb.segments,
	};
}

/* ACK of all before 'una', SACK of [from, to); returns the reordering timer. */
static uint32_t
ack(struct world *w, uint32_t at, uint32_t una, uint32_t from, uint32_t to)
{
	struct delivery d = {0};
	struct rack_ack a;
	uint32_t lost;

	scoreboard_ack(&w->sb, &w->chunks, w->seq + una * SEGMENT, &d);
	w->una = una;
	if (from < to)
		scoreboard_sack(
		    &w->sb, &w->chunks, w->seq + from * SEGMENT, w->seq + to * SEGMENT, &d);
	a = circumstances(w, at);
	rack_update(&w->rack, &a, &d);
	return rack_detect_loss(
	    &w->rack, &w->sb, &w->chunks, a.now_us, rack_reo_wnd(&w->rack, &a), &lost);
}

/* The reordering timer, or another look. */
static uint32_t
detect(struct world *w, uint32_t at, uint32_t *lost)
{
	struct rack_ack a = circumstances(w, at);

	return rack_detect_loss(
	    &w->rack, &w->sb, &w->chunks, a.now_us, rack_reo_wnd(&w->rack, &a), lost);
}

/* 3.4: P1, P2 and P3 are lost, the probe finds it, and a lost retransmission is found as well. */
static void
example_fast_recovery(struct world *w)
{
	send_segments(w, 4, 0);
	assert_int_equal(ack(w, RTT, 1, 0, 0), 0);
	assert_int_equal(tlp_pto(w->srtt, false, 0), 2 * RTT);
	assert_true(tlp_may_probe(&w->rack, w->srtt));
	send_again(w, 3, 3 * RTT);
	tlp_sent(&w->rack, w->seq + w->nxt * SEGMENT, true);
	assert_int_equal(scoreboard_flight(&w->sb), 3 * SEGMENT);
	assert_int_equal(ack(w, 4 * RTT, 1, 3, 4), 0);
	assert_true(is_lost(w, 1) && is_lost(w, 2));
	assert_int_equal(scoreboard_flight(&w->sb), 0);
	w->recovery = true;
	tlp_reset(&w->rack);
	send_again(w, 1, 4 * RTT);
	send_again(w, 2, 4 * RTT);
	assert_int_equal(ack(w, 5 * RTT, 1, 2, 4), 0);
	assert_true(is_lost(w, 1));
	send_again(w, 1, 5 * RTT);
	assert_int_equal(ack(w, 6 * RTT, 4, 0, 0), 0);
	assert_int_equal(w->sb.bytes, 0);
	assert_false(w->rack.reordering_seen);
}

/* 6.2 step 5: one that was sent a window before the one that came is lost at once. */
static void
sent_long_before(struct world *w)
{
	send_segments(w, 2, 0);
	ack(w, RTT, 1, 0, 0);
	send_segments(w, 4, RTT / 4 - 1);
	send_segments(w, 1, RTT / 4);
	assert_int_equal(ack(w, RTT + RTT / 4 - 1, 1, 2, 3), 1);
	assert_false(is_lost(w, 1));
	assert_int_equal(ack(w, RTT + RTT / 4, 1, 6, 7), RTT / 4 - 1);
	assert_true(is_lost(w, 1));
	assert_int_equal(w->sb.lost, SEGMENT);
}

/* 3.3.2, 6.2 step 4: no reordering was seen: three SACKed segments are enough, two wait. */
static void
three_sacked(struct world *w)
{
	send_segments(w, 1, 0);
	ack(w, RTT, 1, 0, 0);
	send_segments(w, 5, RTT);
	assert_int_equal(ack(w, 2 * RTT, 1, 2, 3), RTT / 4);
	assert_int_equal(ack(w, 2 * RTT + 10, 1, 2, 4), RTT / 4);
	assert_int_equal(w->sb.lost, 0);
	assert_int_equal(ack(w, 2 * RTT + 20, 1, 2, 5), 0);
	assert_true(is_lost(w, 1));
	assert_false(is_lost(w, 5));
	assert_int_equal(w->sb.lost, SEGMENT);
}

/* The same in recovery: one is enough. */
static void
one_sacked_in_recovery(struct world *w)
{
	w->recovery = true;
	send_segments(w, 1, 0);
	ack(w, RTT, 1, 0, 0);
	send_segments(w, 5, RTT);
	assert_int_equal(ack(w, 2 * RTT, 1, 2, 3), 0);
	assert_true(is_lost(w, 1));
	assert_int_equal(w->sb.lost, SEGMENT);
}

/* The timer: what was sent before, in a quarter of min_RTT; the greatest of what remains. */
static void
reordering_timer(struct world *w)
{
	uint32_t lost;

	send_segments(w, 1, 0);
	ack(w, RTT, 1, 0, 0);
	send_segments(w, 1, RTT);
	send_segments(w, 1, RTT + 300);
	send_segments(w, 1, RTT + 1000);
	send_segments(w, 1, RTT + 2000);
	assert_int_equal(ack(w, 2 * RTT + 1000, 1, 3, 4), RTT / 4 - 1000 + 300);
	assert_int_equal(w->sb.lost, 0);
	assert_int_equal(detect(w, 2 * RTT + RTT / 4 - 1, &lost), 301);
	assert_int_equal(lost, 0);
	assert_int_equal(detect(w, 2 * RTT + RTT / 4, &lost), 300);
	assert_int_equal(lost, SEGMENT);
	assert_true(is_lost(w, 1));
	assert_int_equal(detect(w, 2 * RTT + RTT / 4 + 300, &lost), 0);
	assert_int_equal(lost, SEGMENT);
	assert_true(is_lost(w, 2));
	assert_int_equal(detect(w, 9 * RTT, &lost), 0);
	assert_int_equal(lost, 0);
	assert_false(is_lost(w, 4)); /* sent after the one that arrived */
}

/* Segments of one microsecond are in the order of their numbers. */
static void
same_microsecond(struct world *w)
{
	w->recovery = true;
	send_segments(w, 4, 0);
	assert_int_equal(ack(w, RTT, 0, 1, 2), 0);
	assert_true(is_lost(w, 0));
	assert_false(is_lost(w, 2));
	assert_false(is_lost(w, 3));
}

/* 6.2 step 3: reordering was seen: from now on only time counts. */
static void
reordering_seen(struct world *w)
{
	struct rack_ack a;

	send_segments(w, 3, 0);
	assert_int_equal(ack(w, RTT, 0, 1, 2), RTT / 4);
	assert_int_equal(ack(w, RTT + 5000, 2, 0, 0), 0);
	assert_true(w->rack.reordering_seen);
	assert_int_equal(w->rack.end_seq, w->seq + 2 * SEGMENT); /* not back to P0's */
	send_segments(w, 6, 2 * RTT);
	ack(w, 2 * RTT, 3, 0, 0);
	assert_int_equal(ack(w, 3 * RTT, 3, 4, 9), RTT / 4);
	assert_int_equal(w->sb.lost, 0);
	w->recovery = true;
	a = circumstances(w, 3 * RTT);
	assert_int_equal(rack_reo_wnd(&w->rack, &a), RTT / 4);
	/* A retransmission that arrives late says nothing of the path. */
	w->rack.reordering_seen = 0;
	send_again(w, 3, 3 * RTT);
	ack(w, 4 * RTT, 9, 0, 0);
	assert_false(w->rack.reordering_seen);
}

/* 6.2 step 4: (N + 1) * min_RTT / 4 after N round trips with DSACK, SRTT at most. */
static void
dsack_widens(struct world *w)
{
	struct delivery d = {0};
	struct rack_ack a;

	w->rack.reordering_seen = 1;
	send_segments(w, 1, 0);
	ack(w, RTT, 1, 0, 0);
	w->srtt = RTT + 1;
	for (uint32_t n = 1; n < 8; n++) {
		uint32_t want = (n + 1) * RTT / 4;

		send_segments(w, 1, RTT);
		a = circumstances(w, RTT);
		a.dsack = true;
		rack_update(&w->rack, &a, &d);
		assert_int_equal(rack_reo_wnd(&w->rack, &a), want < w->srtt ? want : w->srtt);
		/* Another in the same round trip changes nothing. */
		send_segments(w, 1, RTT);
		a = circumstances(w, RTT);
		a.dsack = true;
		rack_update(&w->rack, &a, &d);
		assert_int_equal(w->rack.reo_wnd_mult, n + 1);
		ack(w, 2 * RTT, w->nxt - 1, 0, 0);
	}
	for (int i = 0; i < 15; i++) {
		rack_recovery_ended(&w->rack);
		assert_int_equal(w->rack.reo_wnd_mult, 8);
	}
	rack_recovery_ended(&w->rack);
	assert_int_equal(w->rack.reo_wnd_mult, 1);
	rack_recovery_ended(&w->rack);
	assert_int_equal(w->rack.reo_wnd_mult, 1);
}

/* The multiplier does not wrap, and a DSACK starts the sixteen recoveries anew. */
static void
dsack_for_ever(struct world *w)
{
	struct delivery d = {0};
	struct rack_ack a;

	for (int i = 0; i < 600; i++) {
		a = circumstances(w, RTT);
		a.dsack = true;
		rack_recovery_ended(&w->rack);
		rack_update(&w->rack, &a, &d);
		assert_true(w->rack.reo_wnd_mult > 1);
	}
	assert_int_equal(w->rack.reo_wnd_mult, 255);
	assert_int_equal(w->rack.reo_wnd_persist, 16);
}

/* 6.2 step 2: a retransmission whose ACK comes too early was acknowledged by the original. */
static void
ambiguous_early(struct world *w)
{
	send_segments(w, 1, 0);
	ack(w, RTT, 1, 0, 0);
	send_segments(w, 3, RTT);
	send_again(w, 1, 2 * RTT);
	ack(w, 2 * RTT + RTT / 2, 2, 0, 0);
	assert_int_equal(w->rack.xmit_us, w->us); /* still of the first */
	assert_int_equal(w->rack.rtt_us, RTT);
	send_again(w, 2, 3 * RTT);
	ack(w, 4 * RTT, 3, 0, 0);
	assert_int_equal(w->rack.xmit_us, w->us + 3 * RTT);
	assert_int_equal(w->rack.rtt_us, RTT);
	assert_int_equal(w->rack.end_seq, w->seq + 3 * SEGMENT);
}

static void
ambiguous_by_timestamp(struct world *w)
{
	static const struct {
		int32_t tsecr;
		bool taken;
	} cases[] = {{-RTT, false}, {-1, false}, {0, true}, {999, true}};

	send_segments(w, 6, 0);
	ack(w, RTT, 1, 0, 0);
	for (uint32_t i = 0; i < 4; i++) {
		struct delivery d = {0};
		uint32_t sent = (2 + 2 * i) * RTT;
		struct rack_ack a;

		send_again(w, 1 + i, sent);
		scoreboard_ack(&w->sb, &w->chunks, w->seq + (2 + i) * SEGMENT, &d);
		w->una = 2 + i;
		a = circumstances(w, sent + 2 * RTT);
		a.tsecr_valid = true;
		a.tsecr_us = w->us + sent + (uint32_t)cases[i].tsecr;
		rack_update(&w->rack, &a, &d);
		assert_int_equal(w->rack.xmit_us == w->us + sent, cases[i].taken);
		assert_int_equal(w->rack.rtt_us, cases[i].taken ? 2 * RTT : RTT);
	}
}

/* Step 1: the least RTT of ten seconds. */
static void
min_rtt(struct world *w)
{
	static const struct {
		uint32_t sent, rtt, least;
	} samples[] = {
	    {0, 5000, 5000},
	    {10000, 9000, 5000},
	    {30000, 3000, 3000},
	    {9000000, 6000, 3000},
	    {10020000, 6000, 3000},
	    {10040000, 6000, 6000},
	    {10050000, 0, 1},
	};

	for (uint32_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		send_segments(w, 1, samples[i].sent);
		ack(w, samples[i].sent + samples[i].rtt, i + 1, 0, 0);
		assert_int_equal(w->rack.min_rtt_us, samples[i].least);
	}
}

/* Without an RTT there is no window, and nothing to compare with. */
static void
no_rtt(struct world *w)
{
	struct rack_ack a = circumstances(w, 0);
	uint32_t lost = 7;

	assert_int_equal(rack_reo_wnd(&w->rack, &a), 0);
	send_segments(w, 3, 0);
	assert_int_equal(detect(w, 9 * RTT, &lost), 0);
	assert_int_equal(lost, 0);
	a.srtt_us = 0;
	w->rack.min_rtt_us = RTT;
	assert_int_equal(rack_reo_wnd(&w->rack, &a), 0);
}

/* What was sent before a long silence is not taken for later than what comes after it. */
static void
idle(struct world *w)
{
	static const uint32_t silences[] = {0x7fff0000, 0x80000000, 0xa0000000, 0xffffff00};

	w->recovery = true;
	for (uint32_t i = 0; i < 4; i++) {
		send_segments(w, 2, 0);
		ack(w, RTT, w->nxt, 0, 0);
		w->us += silences[i];
		send_segments(w, 1, 0);
		send_segments(w, 3, 10);
		ack(w, RTT, w->nxt - 3, 0, 0);
		assert_int_equal(w->sb.lost, 0);
		ack(w, RTT + 10, w->nxt - 3, w->nxt - 2, w->nxt - 1);
		assert_int_equal(w->sb.lost, SEGMENT);
		send_again(w, w->nxt - 3, RTT + 20);
		ack(w, 2 * RTT + 20, w->nxt, 0, 0);
	}
}

/* 6.3: the first, and whatever has been out for RACK.rtt and reo_wnd. */
static void
timeout(struct world *w)
{
	send_segments(w, 1, 0);
	ack(w, RTT, 1, 0, 0);
	send_segments(w, 2, RTT);
	send_segments(w, 1, 4 * RTT);
	send_segments(w, 1, 4 * RTT + 1);
	send_segments(w, 1, 4 * RTT + 2);
	send_again(w, 1, 5 * RTT);
	rack_timeout(&w->rack, &w->sb, &w->chunks, w->us + 5 * RTT + 501, 500);
	assert_true(is_lost(w, 1)); /* because it is the first */
	assert_true(is_lost(w, 2) && is_lost(w, 3) && is_lost(w, 4));
	assert_false(is_lost(w, 5));
	assert_int_equal(scoreboard_flight(&w->sb), SEGMENT);
	/* Once more, with one that is SACKed and those that are lost already. */
	scoreboard_mark_none_lost(&w->sb, &w->chunks);
	scoreboard_mark_lost(&w->sb, &w->chunks, segment(w, 3));
	ack(w, 5 * RTT + 502, 1, 2, 3);
	rack_timeout(&w->rack, &w->sb, &w->chunks, w->us + 30 * RTT, 500);
	assert_int_equal(scoreboard_flight(&w->sb), 0);
	assert_int_equal(w->sb.sacked, SEGMENT);
}

/* 7.3: one probe at a time, and none without a measurement since the last. */
static void
probe_conditions(struct world *w)
{
	assert_false(tlp_may_probe(&w->rack, 0));
	assert_true(tlp_may_probe(&w->rack, RTT));
	send_segments(w, 2, 0);
	send_again(w, 1, 3 * RTT);
	tlp_sent(&w->rack, w->seq + 2 * SEGMENT, true);
	assert_false(tlp_may_probe(&w->rack, RTT));
	tlp_reset(&w->rack);
	assert_false(tlp_may_probe(&w->rack, RTT));
	ack(w, 4 * RTT, 0, 1, 2); /* of a retransmission: no measurement */
	assert_false(tlp_may_probe(&w->rack, RTT));
	ack(w, 4 * RTT, 2, 0, 0);
	assert_true(tlp_may_probe(&w->rack, RTT));
}

/* 7.4.2, each line of TLP_process_ack. */
static void
probe_acknowledged(struct world *w)
{
	static const struct {
		bool again;
		uint32_t ack; /* TLP.end_seq is 5 segments */
		bool dsack, new_data, plain;
		bool repaired, ended;
	} cases[] = {
	    {false, 4, false, true, true, false, false},
	    {false, 5, false, true, true, false, true}, /* new data was delivered */
	    {false, 6, false, true, true, false, true},
	    {true, 4, false, true, true, false, false}, /* before the probe's end */
	    {true, 4, true, false, false, false, false},
	    {true, 5, false, true, true, false, false},   /* original, or probe: who knows */
	    {true, 5, false, false, false, false, false}, /* SACK, or data: no duplicate */
	    {true, 5, true, false, false, false, true},   /* case 1 */
	    {true, 6, true, true, false, false, true},
	    {true, 5, false, false, true, false, true}, /* case 2 */
	    {true, 6, false, true, true, true, true},   /* it repaired a loss */
	    {true, 6, false, true, false, true, true},
	};

	assert_false(tlp_process_ack(&w->rack, w->seq, false, true, true));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rack_init(&w->rack);
		tlp_sent(&w->rack, w->seq + 5 * SEGMENT, cases[i].again);
		assert_int_equal(tlp_process_ack(&w->rack, w->seq + cases[i].ack * SEGMENT,
		                     cases[i].dsack, cases[i].new_data, cases[i].plain),
		    cases[i].repaired);
		assert_int_equal(!w->rack.tlp_out, cases[i].ended);
		if (cases[i].ended)
			assert_false(
			    tlp_process_ack(&w->rack, w->seq + 9 * SEGMENT, false, true, true));
	}
}

/* 7.2. */
static void
probe_timeout(struct world *w)
{
	assert_int_equal(tlp_pto(0, false, 0), 1000000);
	assert_int_equal(tlp_pto(0, true, 200000), 1000000);
	assert_int_equal(tlp_pto(RTT, false, 200000), 2 * RTT);
	assert_int_equal(tlp_pto(RTT, true, 200000), 2 * RTT + 200000);
	assert_int_equal(tlp_pto(1, false, 0), 2);
}

/* RACK_detect_loss as the RFC writes it: all segments, no end before the last. */
static uint32_t
naive(struct world *w, uint32_t now, uint32_t reo_wnd, struct sent *lost[], uint32_t *n)
{
	const struct rack *r = &w->rack;
	struct scoreboard_cursor at;
	uint32_t timeout = 0;

	*n = 0;
	for (struct sent *s = scoreboard_begin(&w->sb, &w->chunks, &at); s != NULL;
	     s = scoreboard_next(&w->chunks, &at)) {
		int32_t age = (int32_t)(r->xmit_us - s->us);
		int32_t remaining = (int32_t)(s->us + r->rtt_us + reo_wnd - now);

		if (s->flags & (SENT_SACKED | SENT_LOST) || !r->valid || age < 0 ||
		    (age == 0 && (int32_t)(r->end_seq - s->seq - s->len) <= 0))
			continue;
		if (remaining <= 0)
			lost[(*n)++] = s;
		else if ((uint32_t)remaining > timeout)
			timeout = (uint32_t)remaining;
	}
	return timeout;
}

/* One random event: segments go out, some come, some again. */
static void
random_event(struct world *w, struct env_random *random, uint32_t now)
{
	uint32_t out = w->nxt - w->una, at = w->una + env_random_below(random, out + 1);
	struct delivery d = {0};
	struct rack_ack a;
	struct sent *s;

	switch (env_random_below(random, 4)) {
	case 0:
		if (out < 60)
			send_segments(w, 1 + env_random_below(random, 4), now);
		break;
	case 1:
		s = scoreboard_lost(&w->sb, &w->chunks);
		if (s != NULL)
			scoreboard_sent_again(&w->sb, s, w->us + now);
		break;
	case 2:
		scoreboard_sack(&w->sb, &w->chunks, w->seq + at * SEGMENT,
		    w->seq + (at + 1 + env_random_below(random, 3)) * SEGMENT, &d);
		break;
	default:
		if (env_random_below(random, 4) == 0 && out > 0)
			w->una += 1 + env_random_below(random, out);
		scoreboard_ack(&w->sb, &w->chunks, w->seq + w->una * SEGMENT, &d);
	}
	a = circumstances(w, now);
	rack_update(&w->rack, &a, &d);
}

static void
as_the_rfc(struct world *w)
{
	static struct env_random random;
	uint32_t now = 0;

	if (random.state == 0)
		env_random_seed(&random, 8985);
	for (int step = 0; step < 5000; step++) {
		uint32_t n, timeout, marked, wnd = env_random_below(&random, 3) * 200;
		struct sent *lost[512];

		now += env_random_below(&random, 200);
		random_event(w, &random, now);
		timeout = naive(w, w->us + now, wnd, lost, &n);
		assert_int_equal(
		    rack_detect_loss(&w->rack, &w->sb, &w->chunks, w->us + now, wnd, &marked),
		    timeout);
		assert_int_equal(marked, n * SEGMENT);
		for (uint32_t i = 0; i < n; i++)
			assert_true(lost[i]->flags & SENT_LOST);
	}
}

static void
everywhere(void (*test)(struct world *))
{
	for (size_t i = 0; i < BASES; i++) {
		begin(&world, i);
		test(&world);
		end(&world);
	}
}

#define TESTS(X)                                                                                   \
	X(example_fast_recovery)                                                                   \
	X(sent_long_before)                                                                        \
	X(three_sacked)                                                                            \
	X(one_sacked_in_recovery)                                                                  \
	X(reordering_timer)                                                                        \
	X(same_microsecond)                                                                        \
	X(reordering_seen)                                                                         \
	X(dsack_widens)                                                                            \
	X(dsack_for_ever)                                                                          \
	X(ambiguous_early)                                                                         \
	X(ambiguous_by_timestamp)                                                                  \
	X(min_rtt)                                                                                 \
	X(no_rtt)                                                                                  \
	X(idle)                                                                                    \
	X(timeout)                                                                                 \
	X(probe_conditions)                                                                        \
	X(probe_acknowledged)                                                                      \
	X(probe_timeout)                                                                           \
	X(as_the_rfc)

#define DEFINE(name)                                                                               \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		everywhere(name);                                                                  \
	}
TESTS(DEFINE)

#define LIST(name) cmocka_unit_test(test_##name),

int
main(void)
{
	const struct CMUnitTest tests[] = {TESTS(LIST)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving: segment text in and out of order, when it is acknowledged, and the window that
 * is offered (RFC 9293 3.4, 3.8.6, 3.10.7.4; RFC 5681 4.2; RFC 7323 2.4).
 */
#include <string.h>

#include <lib/script.h>

/* ---- in order, and when it is acknowledged -------------------------------------- */

SCRIPT(delayed_ack, "RFC 9293 3.8.6.3 SHLD-18, MUST-40; 3.10.7.4 seventh")
{
	given(ESTABLISHED);
	inject(ACK, .len = 100);
	expect_verdict(SPT_V_TCP_DATA);
	expect_data(100);
	expect_nothing();
	expect_after_ms(40, ACK, .ack = 101);
	expect_counted(acks_delayed, 1);
	expect_silence_ms(1000);
}

SCRIPT(delayed_ack_configured, "RFC 9293 3.8.6.3 MUST-40: less than half a second")
{
	given(ESTABLISHED, .config.delayed_ack_ms = 499);
	inject(ACK, .len = 1);
	expect_after_ms(499, ACK);
}

SCRIPT(delayed_ack_off, "RFC 9293 3.8.6.3: delaying is a SHOULD (SHLD-18)")
{
	given(ESTABLISHED, .conn.no_delayed_ack = true);
	inject(ACK, .len = 1);
	expect(ACK);
	inject(ACK, .len = 1);
	expect(ACK);
	expect_silence_ms(1000);
}

SCRIPT(second_segment_at_once, "RFC 9293 3.8.6.3 SHLD-19")
{
	given(ESTABLISHED);
	inject(ACK, .len = 1400);
	expect_silence_ms(10);
	inject(ACK, .len = 1400);
	expect(ACK);
	expect_data(2800);
	expect_silence_ms(1000);
	/* and again from the beginning */
	inject(ACK, .len = 1400);
	expect_after_ms(40, ACK);
}

/* The delay counts from the first segment that waits, not from the last. */
SCRIPT(delay_not_prolonged, "RFC 9293 3.8.6.3 MUST-40")
{
	given(ESTABLISHED);
	inject(ACK, .len = 100);
	expect_silence_ms(30);
	inject(ACK);
	expect_after_ms(10, ACK);
	expect_silence_ms(1000);
}

SCRIPT(burst_acknowledged_once, "RFC 9293 3.10.7.4 first, MUST-58, MUST-59")
{
	given(ESTABLISHED);
	inject(ACK, .len = 1000, .more = true);
	inject(ACK, .len = 1000, .more = true);
	inject(ACK, .len = 1000, .more = true);
	inject(ACK, .len = 1000, .more = true);
	inject(ACK, .len = 1000);
	expect_verdicts(SPT_V_TCP_DATA, 5);
	expect(ACK, .ack = 5001);
	expect_data(5000);
	expect_silence_ms(1000);
}

SCRIPT(ack_rides_on_data, "RFC 9293 3.10.7.4 seventh: piggybacked if possible")
{
	given(ESTABLISHED);
	inject(ACK, .len = 100);
	expect_silence_ms(39);
	app_send(30);
	expect(ACK, .ack = 101, .len = 30);
	inject(ACK);
	expect_silence_ms(1000);
}

static void
script_reply(void)
{
	script_app_send(20, 0, 0);
}

/* Two segments would draw an ACK at once, but the application answers in the same turn. */
SCRIPT(ack_rides_on_reply, "RFC 9293 3.10.7.4 seventh: piggybacked if possible")
{
	given(ESTABLISHED);
	app_on(SPT_RECEIVED, reply);
	inject(ACK, .len = 100, .more = true);
	inject(ACK, .len = 100);
	expect(ACK, .ack = 201, .len = 20);
	inject(ACK);
	expect_silence_ms(1000);
}

SCRIPT(push_is_not_needed, "RFC 9293 3.9.1.3 MAY-17: data is delivered with or without PSH")
{
	given(ESTABLISHED);
	inject(ACK, .len = 10);
	expect_data(10);
	inject(PSH | ACK, .len = 10);
	expect_data(10);
	expect(ACK);
}

SCRIPT(text_without_ack, "RFC 9293 3.10.7.4 fifth: if the ACK bit is off, drop the segment")
{
	given(ESTABLISHED);
	inject(PSH, .len = 10, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_ACK);
	expect_data(0);
	expect_silence_ms(1000);
	inject(ACK, .len = 10);
	expect_data(10);
	expect_after_ms(40, ACK);
}

/* ---- not in order ---------------------------------------------------------------- */

SCRIPT(duplicate, "RFC 9293 3.10.7.4 first: not acceptable, answered by an ACK")
{
	given(ESTABLISHED);
	inject(ACK, .len = 100);
	expect_after_ms(40, ACK);
	expect_data(100);
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 101);
	inject(ACK, .seq = 51, .len = 50);
	expect(ACK, .ack = 101);
	inject(ACK, .seq = 1, .len = 1);
	expect(ACK, .ack = 101);
	expect_data(0);
	expect_silence_ms(1000);
}

SCRIPT(partly_old, "RFC 9293 3.10.7.4 first: trimmed to begin at RCV.NXT")
{
	given(ESTABLISHED);
	inject(ACK, .len = 100);
	expect_after_ms(40, ACK);
	inject(ACK, .seq = 1, .len = 101);
	expect_data(101);
	expect_after_ms(40, ACK, .ack = 102);
	inject(ACK, .seq = 2, .len = 1000);
	expect_data(900);
	expect_after_ms(40, ACK, .ack = 1002);
}

SCRIPT(far_away, "RFC 9293 3.4: acceptable is what overlaps RCV.NXT to RCV.NXT+RCV.WND")
{
	given(ESTABLISHED, .conn.receive_buffer = 20000);
	inject(ACK, .seq = 20001, .len = 10, .rejected = true);
	expect_verdict(SPT_V_TCP_OUT_OF_WINDOW);
	expect(ACK, .ack = 1);
	inject(ACK, .seq = -1000, .len = 10, .rejected = true);
	expect(ACK, .ack = 1);
	inject(ACK, .seq = INT64_C(0x80000001), .len = 10, .rejected = true);
	expect(ACK, .ack = 1);
	/* the last number of the window is good */
	inject(ACK, .seq = 20000, .len = 1);
	expect_verdict(SPT_V_TCP_DATA_OUT_OF_ORDER);
	expect(ACK, .ack = 1);
	expect_data(0);
	check_eq(script_info().out_of_order, 1);
}

SCRIPT(gap, "RFC 5681 4.2: at once when out of order, at once when filled; RFC 9293 SHLD-31")
{
	given(ESTABLISHED);
	inject(ACK, .seq = 101, .len = 100);
	expect_verdict(SPT_V_TCP_DATA_OUT_OF_ORDER);
	expect(ACK, .ack = 1, .wnd = 65535);
	inject(ACK, .seq = 201, .len = 100);
	expect(ACK, .ack = 1, .wnd = 65535); /* a duplicate by RFC 5681 2: the same window */
	inject(ACK, .seq = 301, .len = 100);
	expect(ACK, .ack = 1, .wnd = 65535);
	expect_data(0);
	check_eq(script_info().out_of_order, 300);
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 401);
	expect_data(400);
	check_eq(script_info().out_of_order, 0);
	expect_silence_ms(1000);
}

SCRIPT(part_of_gap, "RFC 5681 4.2: an immediate ACK for what fills all or part of a gap")
{
	given(ESTABLISHED);
	inject(ACK, .seq = 201, .len = 100);
	expect(ACK, .ack = 1);
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 101);
	expect_data(100);
	inject(ACK, .seq = 101, .len = 50);
	expect(ACK, .ack = 151);
	expect_data(50);
	inject(ACK, .seq = 151, .len = 50);
	expect(ACK, .ack = 301);
	expect_data(150);
	expect_silence_ms(1000);
}

SCRIPT(two_gaps, "RFC 5681 4.2; RFC 9293 SHLD-31")
{
	given(ESTABLISHED);
	inject(ACK, .seq = 301, .len = 100);
	expect(ACK, .ack = 1);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1);
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 201);
	expect_data(200);
	inject(ACK, .seq = 201, .len = 100);
	expect(ACK, .ack = 401);
	expect_data(200);
}

SCRIPT(fin_behind_gap, "RFC 9293 3.10.7.4 eighth: the FIN counts when all before it is there")
{
	given(ESTABLISHED);
	inject(FIN | ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1);
	expect_state(ESTABLISHED);
	expect_no_event(SPT_PEER_CLOSED);
	inject(ACK, .seq = 1, .len = 100);
	expect_data(200);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 202);
	expect_state(CLOSE_WAIT);
}

struct piece {
	uint16_t from, len;
};

#define STREAM 700

/* What has arrived, byte by byte: the naive twin of the out-of-order queue. */
struct twin {
	bool there[STREAM + 1];
	uint32_t next; /* RCV.NXT */
};

static void
twin_arrives(struct twin *w, const struct piece *p)
{
	memset(w->there + p->from, true, p->len);
	while (w->next <= STREAM && w->there[w->next])
		w->next++;
}

static uint32_t
twin_waiting(const struct twin *w)
{
	uint32_t n = 0;

	for (uint32_t i = w->next; i <= STREAM; i++)
		n += w->there[i];
	return n;
}

/* The first hole, at most 'most' bytes of it; what follows it may be overlapped by 'over'. */
static struct piece
twin_hole(const struct twin *w, uint16_t most, uint16_t over)
{
	struct piece p = {.from = (uint16_t)w->next};

	while (p.len < most && p.from + p.len <= STREAM && !w->there[p.from + p.len])
		p.len++;
	p.len = (uint16_t)(p.from + p.len + over > STREAM ? STREAM + 1 - p.from : p.len + over);
	return p;
}

/* [101, 201) and [301, 401) wait; then 'third', then everything that is missing. */
static void
overlap(const struct piece *third, uint16_t most, uint16_t over)
{
	static const struct piece first[] = {{101, 100}, {301, 100}};
	struct twin w = {.next = 1};

	for (unsigned int i = 0; i < 3; i++) {
		const struct piece *p = i < 2 ? &first[i] : third;

		inject(ACK, .seq = p->from, .len = p->len);
		twin_arrives(&w, p);
		expect(ACK, .ack = w.next);
		check_eq(script_info().out_of_order, twin_waiting(&w));
	}
	while (w.next <= STREAM) {
		struct piece p = twin_hole(&w, most, over);

		inject(ACK, .seq = p.from, .len = p.len);
		twin_arrives(&w, &p);
		check_eq(script_info().rcv_nxt, script_irs_plus(w.next));
		check_eq(script_info().out_of_order, twin_waiting(&w));
		ignore_segments();
	}
	expect_data(STREAM);
	advance_ms(50);
	ignore_segments();
}

static const struct piece thirds[] = {
    {101, 100}, {101, 50}, {151, 50}, {120, 10},                /* within what is there */
    {51, 100}, {51, 50}, {100, 2},                              /* over its front, up to it */
    {151, 100}, {201, 50}, {200, 2},                            /* over its end, from it on */
    {51, 200}, {100, 102}, {101, 120},                          /* over all of it */
    {201, 100}, {151, 200}, {151, 150}, {201, 150}, {101, 300}, /* between two, across both */
    {51, 500}, {301, 101}, {401, 100}, {300, 1}, {2, 699},      /* over both, at the end */
};

SCRIPT(overlaps, "RFC 9293 3.10.7.4 seventh, SHLD-31: every byte once, whatever comes twice")
{
	given(ESTABLISHED);
	for (unsigned int i = 0; i < sizeof(thirds) / sizeof(thirds[0]); i++) {
		use_peer(i);
		if (i > 0)
			given(ESTABLISHED);
		overlap(&thirds[i], 1000, 0);
	}
}

/* What waits is not joined: two may touch, and a segment end within both and add nothing. */
SCRIPT(across_two_that_touch, "RFC 9293 3.10.7.4 seventh: a byte that came before is not new")
{
	given(ESTABLISHED);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1);
	inject(ACK, .seq = 201, .len = 200);
	expect(ACK, .ack = 1);
	inject(ACK, .seq = 151, .len = 150);
	expect_verdict(SPT_V_TCP_DATA_DUPLICATE);
	expect(ACK, .ack = 1);
	inject(ACK, .seq = 201, .len = 100);
	expect_verdict(SPT_V_TCP_DATA_DUPLICATE);
	expect(ACK, .ack = 1);
	check_eq(script_info().out_of_order, 300);
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 401);
	expect_data(400);
}

SCRIPT(overlaps_filled_by_pieces, "RFC 9293 3.10.7.4 seventh, SHLD-31")
{
	given(ESTABLISHED);
	for (unsigned int i = 0; i < sizeof(thirds) / sizeof(thirds[0]); i++) {
		use_peer(i);
		if (i > 0)
			given(ESTABLISHED);
		overlap(&thirds[i], 37, 64);
	}
}

/* ---- the edges of the window ------------------------------------------------------ */

SCRIPT(beyond_right_edge, "RFC 9293 3.10.7.4 first: text and FIN beyond the window are cut off")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000);
	inject(FIN | ACK, .len = 1300, .rejected = true);
	expect_data(1000);
	expect_no_event(SPT_PEER_CLOSED);
	expect_state(ESTABLISHED);
	expect_after_ms(40, ACK, .ack = 1001, .wnd = ZERO);
}

SCRIPT(fin_at_right_edge, "RFC 9293 3.10.7.4 first: the FIN is the first number that does not fit")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000);
	inject(FIN | ACK, .len = 1000, .rejected = true);
	expect_data(1000);
	expect_no_event(SPT_PEER_CLOSED);
	expect_after_ms(40, ACK, .ack = 1001, .wnd = ZERO);
	app_read(1000);
	expect(ACK, .ack = 1001, .wnd = 1000);
	inject(FIN | ACK, .seq = 1001);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 1002);
}

/* The test of 3.4 looks at both ends of a segment, and neither of this one is in the window. */
SCRIPT(over_both_edges, "RFC 9293 3.4, table 6; 3.10.7.4 first")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000);
	inject(ACK, .len = 500);
	expect_after_ms(40, ACK, .wnd = 500);
	expect_data(500);
	inject(ACK, .seq = 301, .len = 900, .rejected = true);
	expect_verdict(SPT_V_TCP_OUT_OF_WINDOW);
	expect(ACK, .ack = 501, .wnd = 500);
	inject(ACK, .seq = 301, .len = 700, .rejected = true);
	expect_data(500);
	expect_after_ms(40, ACK, .ack = 1001, .wnd = ZERO);
}

SCRIPT(ahead_over_right_edge, "RFC 9293 3.10.7.4 first, seventh")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000);
	inject(FIN | ACK, .seq = 901, .len = 300, .rejected = true);
	expect(ACK, .ack = 1, .wnd = 1000);
	check_eq(script_info().out_of_order, 100);
	inject(ACK, .seq = 1, .len = 900, .rejected = true);
	expect(ACK, .ack = 1001, .wnd = ZERO);
	expect_data(1000);
	expect_state(ESTABLISHED);
}

/* ---- the window offered ------------------------------------------------------------ */

SCRIPT(window_follows_the_reader, "RFC 9293 3.8.6.2.2: RCV.BUFF - RCV.USER, 3.10.3")
{
	given(ESTABLISHED, .conn.receive_buffer = 10000);
	inject(ACK, .len = 1000, .more = true);
	inject(ACK, .len = 1000);
	expect(ACK, .wnd = 8000);
	inject(ACK, .len = 1000, .more = true);
	inject(ACK, .len = 1000);
	expect(ACK, .wnd = 6000);
	check_eq(script_info().undelivered, 4000);
	app_read(4000);
	expect(ACK, .wnd = 10000);
	check_eq(script_info().undelivered, 0);
	expect_silence_ms(1000);
}

/* What arrived ahead of a gap takes its place in the window, not a second time in the buffer. */
SCRIPT(window_with_gap, "RFC 9293 3.8.6.2.2; RFC 5681 2 (e)")
{
	given(ESTABLISHED, .conn.receive_buffer = 5000);
	inject(ACK, .seq = 1001, .len = 1000);
	expect(ACK, .ack = 1, .wnd = 5000);
	inject(ACK, .seq = 1, .len = 1000);
	expect(ACK, .ack = 2001, .wnd = 3000);
}

SCRIPT(no_silly_window, "RFC 9293 3.8.6.2.2 MUST-39: opened by min (buffer / 2, MSS) at least")
{
	uint32_t full;

	given(ESTABLISHED, .conn.receive_buffer = 11200);
	full = FULL;
	for (unsigned int i = 0; i < 4; i++) {
		inject(ACK, .len = 1400, .more = true);
		inject(ACK, .len = 1400);
		expect(ACK, .wnd = i < 3 ? 8400 - 2800 * i : ZERO);
	}
	app_read(full - 1);
	expect_silence_ms(1000);
	inject(ACK, .len = 1, .rejected = true);
	expect(ACK, .ack = 11201, .wnd = ZERO);
	app_read(1);
	advance_ms(1);
	ignore_segments(); /* it may be told at once, and it must be told when asked */
	inject(ACK, .seq = 11200, .len = 1, .rejected = true);
	expect(ACK, .ack = 11201, .wnd = full);
	app_read(2 * full);
	expect(ACK, .ack = 11201, .wnd = 3 * full);
	expect_silence_ms(1000);
}

SCRIPT(no_silly_window_small_buffer, "RFC 9293 3.8.6.2.2 MUST-39: half the buffer is enough")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000);
	inject(ACK, .len = 1000);
	expect_after_ms(40, ACK, .wnd = ZERO);
	app_read(499);
	expect_silence_ms(1000);
	inject(ACK, .len = 1, .rejected = true);
	expect(ACK, .ack = 1001, .wnd = ZERO);
	app_read(1);
	expect(ACK, .ack = 1001, .wnd = 500);
	inject(ACK, .len = 500);
	expect_after_ms(40, ACK, .wnd = ZERO);
}

/* A reader in small steps: the right edge stays until a step is worth it. */
SCRIPT(right_edge_fixed, "RFC 9293 3.8.6.2.2: RCV.NXT+RCV.WND fixed until then")
{
	uint32_t edge = 10001, now;

	given(ESTABLISHED, .conn.receive_buffer = 10000, .conn.no_delayed_ack = true);
	for (uint32_t nxt = 11; nxt < 5000; nxt += 10) {
		inject(ACK, .len = 10);
		if (10000 - 10 - (edge - nxt) >= FULL)
			edge = nxt + 9990;
		expect(ACK, .wnd = edge - nxt);
		app_read(10);
		ignore_segments();
		now = script_info().rcv_nxt + script_info().rcv_wnd - script_irs_plus(0);
		check(now == edge || 10000 - (edge - nxt) >= FULL);
		edge = now;
	}
	check(edge > 10001);
}

SCRIPT(buffer_made_smaller, "RFC 9293 3.8.6 SHLD-14: the right edge does not move back")
{
	given(ESTABLISHED, .conn.receive_buffer = 20000, .conn.no_delayed_ack = true);
	app_set(.receive_buffer = 4000, .no_delayed_ack = true);
	expect_nothing();
	for (uint32_t i = 1; i <= 20; i++) {
		inject(ACK, .len = 1000);
		expect_verdict(SPT_V_TCP_DATA);
		expect(ACK, .wnd = i < 20 ? 20000 - 1000 * i : ZERO);
	}
	expect_data(20000);
	app_read(20000);
	expect(ACK, .wnd = 4000);
}

SCRIPT(buffer_made_larger, "RFC 9293 3.8.6: a window may grow")
{
	given(ESTABLISHED, .conn.receive_buffer = 2000, .conn.no_delayed_ack = true);
	app_set(.receive_buffer = 20000, .no_delayed_ack = true);
	expect(ACK, .wnd = 20000);
	inject(ACK, .len = 1000);
	expect(ACK, .wnd = 19000);
}

/*
 * A scaled window is told in units of 16: rounded so that the edge never moves back. After an
 * active open the third segment would have told the first edge already.
 */
SCRIPT(scaled_edge, "RFC 9293 3.8.6 SHLD-14; RFC 7323 2.3, 2.4")
{
	uint32_t sent = 0, edge;

	given(ESTABLISHED, .wscale = 7, .active = OFF, .conn.receive_buffer = 1000000,
	    .conn.receive_buffer_max = 1000000, .conn.no_delayed_ack = true);
	check_eq(script_info().rcv_wscale, 4);
	inject(ACK, .len = 1);
	expect(ACK, .ack = 2, .wnd = 999999 / 16);
	edge = 2 + 999999 / 16 * 16;
	sent = 1;
	for (uint32_t i = 1; i < 60; i++) {
		uint32_t left;

		inject(ACK, .len = i);
		sent += i;
		left = edge - (1 + sent);
		expect(ACK, .wnd = (left + 15) / 16);
		edge = 1 + sent + (left + 15) / 16 * 16;
		check_eq(script_info().rcv_nxt + script_info().rcv_wnd, script_irs_plus(edge));
	}
}

/* ---- the window that the peer offers ------------------------------------------------ */

SCRIPT(old_segment_brings_no_window, "RFC 9293 3.10.7.4 fifth: SND.WL1, SND.WL2")
{
	given(ESTABLISHED);
	inject(ACK, .seq = 101, .len = 10, .wnd = 2000);
	expect(ACK, .ack = 1);
	check_eq(script_info().snd_wnd, 2000);
	inject(ACK, .seq = 1, .len = 50, .wnd = 1000);
	expect(ACK, .ack = 51);
	check_eq(script_info().snd_wnd, 2000);
	inject(ACK, .seq = 51, .len = 60, .wnd = 1000); /* SND.WL1 < SEG.SEQ does not hold */
	expect(ACK, .ack = 111);
	check_eq(script_info().snd_wnd, 2000);
	inject(ACK, .seq = 111, .wnd = 3000);
	check_eq(script_info().snd_wnd, 3000);
	inject(ACK, .seq = 111, .wnd = 500); /* a smaller one is taken as well */
	check_eq(script_info().snd_wnd, 500);
}

SCRIPT(peer_shrinks_window, "RFC 9293 3.8.6 MUST-34, SHLD-15, SHLD-16")
{
	uint32_t full;

	given(ESTABLISHED);
	full = FULL;
	app_send(8 * full);
	for (unsigned int i = 0; i < 8; i++)
		expect(ACK, .len = full);
	/* The usable window is negative: nothing new ... */
	inject(ACK, .ack = 1, .wnd = full);
	app_send(full);
	expect_nothing();
	/* ... and what is inside is sent again as ever. */
	expect_after_ms(200, ACK, .seq = 1, .len = full);
	expect_silence_ms(100);
	inject(ACK, .ack = 1 + full, .wnd = full);
	expect(ACK, .seq = 1 + full, .len = full);
	expect_nothing();
	/* It grows again: what it covers of the old, then new. */
	inject(ACK, .ack = 1 + 8 * full, .wnd = 65535);
	expect(ACK, .seq = 1 + 8 * full, .len = full);
	inject(ACK);
	expect_acked(9 * full);
}

SCRIPT(peer_shrinks_window_before_una, "RFC 9293 3.8.6 MUST-34")
{
	uint32_t full;

	given(ESTABLISHED);
	full = FULL;
	app_send(6 * full);
	for (unsigned int i = 0; i < 6; i++)
		expect(ACK, .len = full);
	/* Acknowledged up to the third, with a window that ends within the fourth. */
	inject(ACK, .ack = 1 + 3 * full, .wnd = 100);
	app_send(1000);
	expect_silence_ms(100);
	inject(ACK, .ack = 1 + 6 * full, .wnd = 65535);
	expect(ACK, .seq = 1 + 6 * full, .len = 1000);
	inject(ACK);
	expect_acked(6 * full + 1000);
}

SCRIPT_MAIN()

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that the receive merging wrapper joined before TCP saw them: each script runs with it
 * and without, and what is answered must be the same. Where frames are in one buffer that nobody
 * else holds, and IPv4, they are joined; in the other variants the wrapper leaves them alone.
 */
#include "script.h"

#define B(from, to)                                                                                \
	{                                                                                          \
		from, to                                                                           \
	}

/* The same body with the wrapper and without. */
#define BOTH(name, cites)                                                                          \
	static void name(bool merge);                                                              \
	SCRIPT(name##_merged, cites)                                                               \
	{                                                                                          \
		name(true);                                                                        \
	}                                                                                          \
	SCRIPT(name##_apart, cites)                                                                \
	{                                                                                          \
		name(false);                                                                       \
	}                                                                                          \
	static void name(bool merge)

/* 'n' segments of 100 bytes in one burst. */
static void
burst(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		inject(ACK, .len = 100, .more = i < n - 1);
}

SCRIPT(joined, "what is joined is one segment for TCP, where it may be")
{
	given(ESTABLISHED, .merge = true);
	burst(3);
	expect_verdicts(SPT_V_TCP_DATA, script_frames_direct() && script_family() == 4 ? 1 : 3);
	expect(ACK, .ack = 301);
	expect_data(300);
}

BOTH(second_segment, "RFC 9293 3.8.6.3 SHLD-19, MUST-58: every second segment, once")
{
	given(ESTABLISHED, .merge = merge);
	burst(2);
	expect(ACK, .ack = 201);
	expect_nothing();
	expect_data(200);
	burst(1);
	expect_nothing();
	burst(3);
	expect(ACK, .ack = 601);
	expect_nothing();
	burst(1);
	expect_after_ms(40, ACK, .ack = 701);
}

BOTH(ahead_of_a_gap, "RFC 5681 4.2: each segment that is out of order is acknowledged at once")
{
	given(ESTABLISHED, .merge = merge, .sack_perm = true);
	inject(ACK, .seq = 101, .len = 100, .more = true);
	inject(ACK, .seq = 201, .len = 100, .more = true);
	inject(ACK, .seq = 301, .len = 100);
	expect(ACK, .ack = 1, .sack = {B(101, 201)});
	expect(ACK, .ack = 1, .sack = {B(101, 301)});
	expect(ACK, .ack = 1, .sack = {B(101, 401)});
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 401);
	expect_data(400);
}

BOTH(duplicates_without_sack, "RFC 5681 3.2: three duplicates are what a sender counts")
{
	given(ESTABLISHED, .merge = merge);
	inject(ACK, .seq = 101, .len = 100, .more = true);
	inject(ACK, .seq = 201, .len = 100, .more = true);
	inject(ACK, .seq = 301, .len = 100);
	expect(ACK, .ack = 1);
	expect(ACK, .ack = 1);
	expect(ACK, .ack = 1);
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 401);
}

BOTH(gap_filled, "RFC 5681 4.2: at once where a gap is filled")
{
	given(ESTABLISHED, .merge = merge, .sack_perm = true);
	inject(ACK, .seq = 201, .len = 100);
	expect(ACK, .ack = 1, .sack = {B(201, 301)});
	inject(ACK, .seq = 1, .len = 100, .more = true);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 301);
	expect_data(300);
}

BOTH(partly_known, "RFC 2883 4: what had come before is told once")
{
	given(ESTABLISHED, .merge = merge, .sack_perm = true);
	burst(2);
	expect(ACK, .ack = 201);
	inject(ACK, .seq = 151, .len = 100, .more = true);
	inject(ACK, .seq = 251, .len = 100);
	expect(ACK, .ack = 351, .sack = {B(151, 201)});
	expect_data(350);
}

BOTH(congestion, "RFC 3168 6.1.3: a mark is echoed, whichever segment of the burst had it")
{
	given(ESTABLISHED, .merge = merge, .ecn = true, .active = OFF);
	inject(ACK, .len = 100, .tos = 2, .more = true);
	inject(ACK, .len = 100, .tos = 3, .more = true);
	inject(ACK, .len = 100, .tos = 2);
	expect_counted(rx_congestion, 1);
	expect(ACK | ECE, .ack = 301);
}

BOTH(beyond_the_window, "RFC 9293 3.10.7.4: what lies beyond the window is cut off")
{
	given(ESTABLISHED, .merge = merge, .conn = {.receive_buffer = 2048});
	inject(ACK, .len = 1000, .more = true);
	inject(ACK, .len = 1000, .more = true);
	inject(ACK, .len = 1000, .rejected = true);
	expect_data(2048);
	ignore_segments();
	advance_ms(100);
	ignore_segments();
}

BOTH(fin_behind, "RFC 9293 3.10.7.4 eighth: the FIN comes after what was before it")
{
	given(ESTABLISHED, .merge = merge);
	inject(ACK, .len = 100, .more = true);
	inject(ACK, .len = 100, .more = true);
	inject(FIN | ACK, .len = 100);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 302);
	expect_data(300);
	app_close();
	expect(FIN | ACK);
	inject(ACK);
	expect_closed(0);
}

SCRIPT_MAIN()

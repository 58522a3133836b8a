/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the receiver tells of holes (RFC 2018) and of duplicates (RFC 2883). 'B' is a block of the
 * peer's numbers; segments of the examples are as long as theirs, from 1 on.
 */
#include "script.h"

#define B(from, to)                                                                                \
	{                                                                                          \
		from, to                                                                           \
	}
#define BLOCKS(...) .sack = {__VA_ARGS__}
#define NONE        .without = P_SACK

/* 1 to 'n' * 100 + 1 in order, and acknowledged. */
static void
in_order(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		inject(ACK, .len = 100, .more = i < n - 1);
	ignore_segments();
	advance_ms(41);
	ignore_segments();
}

/* ---- the handshake ------------------------------------------------------------- */

SCRIPT(offered, "RFC 2018 2: SACK-permitted on a SYN")
{
	given(LISTEN, .sack_perm = true);
	app_connect();
	expect(SYN, .with = P_SACK_PERM);
	check_eq(script_info().sack, true);
	inject(SYN | ACK);
	expect(ACK, NONE);
	expect_connected();
	check_eq(script_info().sack, true);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1, BLOCKS(B(101, 201)));
}

SCRIPT(offered_in_vain, "RFC 2018 2: the peer did not say it")
{
	given(LISTEN);
	app_connect();
	expect(SYN, .with = P_SACK_PERM);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	check_eq(script_info().sack, false);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1, NONE);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1, NONE);
	inject(ACK, .len = 100);
	expect(ACK, .ack = 201, NONE);
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 201, NONE);
}

SCRIPT(not_offered, "septet.h: no_sack")
{
	given(LISTEN, .sack_perm = true, .conn.no_sack = true);
	app_connect();
	expect(SYN, .without = P_SACK_PERM);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	check_eq(script_info().sack, false);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1, NONE);
}

SCRIPT(repeated_syn, "RFC 2018 2: every SYN and SYN-ACK says the same")
{
	given(LISTEN, .sack_perm = true);
	app_connect();
	expect(SYN, .with = P_SACK_PERM);
	expect_after_ms(1000, SYN, .seq = ZERO, .with = P_SACK_PERM);
	use_peer(1);
	inject(SYN);
	expect(SYN | ACK, .with = P_SACK_PERM);
	expect_after_ms(1000, SYN | ACK, .seq = ZERO, .with = P_SACK_PERM);
	inject(SYN);
	expect(SYN | ACK, .seq = ZERO, .with = P_SACK_PERM);
}

SCRIPT(simultaneous, "RFC 2018 2, RFC 9293 figure 7: both SYNs say it, and the SYN-ACKs")
{
	given(SYN_RECEIVED, .active = ON, .sack_perm = true);
	inject(SYN | ACK, .seq = ZERO);
	expect_connected();
	expect(ACK);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1, BLOCKS(B(101, 201)));
}

SCRIPT(simultaneous_without, "RFC 2018 2: the peer's SYN, which crossed ours, does not say it")
{
	given(LISTEN);
	app_connect();
	expect(SYN, .with = P_SACK_PERM);
	inject(SYN);
	expect(SYN | ACK, .seq = ZERO, .without = P_SACK_PERM);
	inject(ACK);
	expect_connected();
	check_eq(script_info().sack, false);
	expect_nothing();
}

SCRIPT(by_cookie, "DESIGN 6: SACK comes back with the cookie")
{
	given(LISTEN, .sack_perm = true, .config.syn_cookies = SPT_COOKIES_ALWAYS);
	inject(SYN);
	expect(SYN | ACK, .with = P_SACK_PERM);
	inject(ACK);
	check_eq(script_info().sack, true);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1, BLOCKS(B(101, 201)));
}

/* ---- RFC 2018 4 ---------------------------------------------------------------- */

SCRIPT(case_2, "RFC 2018 5, case 2: the first segment is lost, the others arrive")
{
	given(ESTABLISHED, .sack_perm = true);
	for (unsigned int i = 1; i < 8; i++) {
		inject(ACK, .seq = 1 + 500 * i, .len = 500);
		expect(ACK, .ack = 1, BLOCKS(B(501, 501 + 500 * i)));
	}
	inject(ACK, .seq = 1, .len = 500);
	expect(ACK, .ack = 4001, NONE);
}

SCRIPT(case_3, "RFC 2018 5, case 3: the second, fourth, sixth and eighth are lost")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(ACK, .len = 500);
	inject(ACK, .seq = 1001, .len = 500);
	expect(ACK, .ack = 501, BLOCKS(B(1001, 1501)));
	inject(ACK, .seq = 2001, .len = 500);
	expect(ACK, .ack = 501, BLOCKS(B(2001, 2501), B(1001, 1501)));
	inject(ACK, .seq = 3001, .len = 500);
	expect(ACK, .ack = 501, BLOCKS(B(3001, 3501), B(2001, 2501), B(1001, 1501)));
	/* the fourth arrives: two blocks are one, which is the newest */
	inject(ACK, .seq = 1501, .len = 500);
	expect(ACK, .ack = 501, BLOCKS(B(1001, 2501), B(3001, 3501)));
	/* and the second */
	inject(ACK, .seq = 501, .len = 500);
	expect(ACK, .ack = 2501, BLOCKS(B(3001, 3501)));
	inject(ACK, .seq = 2501, .len = 500);
	expect(ACK, .ack = 3501, NONE);
}

SCRIPT(most_recent, "RFC 2018 4: as many blocks as there is room for, the most recently told first")
{
	given(ESTABLISHED, .sack_perm = true);
	for (unsigned int i = 1; i <= 6; i++)
		inject(ACK, .seq = 1 + 200 * i, .len = 100, .more = i < 6);
	while (ignore_segments() > 0)
		;
	inject(ACK, .seq = 1401, .len = 100);
	if (script_timestamps())
		expect(ACK, .ack = 1, BLOCKS(B(1401, 1501), B(1201, 1301), B(1001, 1101)));
	else
		expect(ACK, .ack = 1,
		    BLOCKS(B(1401, 1501), B(1201, 1301), B(1001, 1101), B(801, 901)));
	/* one that was forgotten long ago, and has neighbours */
	inject(ACK, .seq = 301, .len = 100);
	if (script_timestamps())
		expect(ACK, .ack = 1, BLOCKS(B(201, 501), B(1401, 1501), B(1201, 1301)));
	else
		expect(ACK, .ack = 1,
		    BLOCKS(B(201, 501), B(1401, 1501), B(1201, 1301), B(1001, 1101)));
}

SCRIPT(grows_to_the_left, "RFC 2018 4: the block is the contiguous one that the segment lies in")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(ACK, .seq = 301, .len = 100);
	expect(ACK, .ack = 1, BLOCKS(B(301, 401)));
	inject(ACK, .seq = 201, .len = 100);
	expect(ACK, .ack = 1, BLOCKS(B(201, 401)));
	inject(ACK, .seq = 401, .len = 50);
	expect(ACK, .ack = 1, BLOCKS(B(201, 451)));
	inject(ACK, .seq = 451, .len = 600);
	expect(ACK, .ack = 1, BLOCKS(B(201, 1051)));
	inject(ACK, .len = 200);
	expect(ACK, .ack = 1051, NONE);
	expect_data(1050);
}

SCRIPT(fin_is_part, "RFC 2018 3: sequence numbers are told, a FIN that waits has one")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(FIN | ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1, BLOCKS(B(101, 202)));
	inject(ACK, .len = 100);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 202, NONE);
}

SCRIPT(fin_alone, "RFC 2018 3: a FIN behind a gap")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(FIN | ACK, .seq = 101);
	expect(ACK, .ack = 1, BLOCKS(B(101, 102)));
	inject(ACK, .seq = 51, .len = 50);
	expect(ACK, .ack = 1, BLOCKS(B(51, 102)));
	inject(ACK, .len = 50);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 102, NONE);
}

SCRIPT(
    on_data, "RFC 2018 4: in all ACKs while there is a hole, with as much text as fits beside them")
{
	uint32_t small = 200;

	given(ESTABLISHED, .sack_perm = true);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1, BLOCKS(B(101, 201)));
	app_send(small);
	expect(ACK, .len = small, .ack = 1, BLOCKS(B(101, 201)));
	inject(ACK, .len = 100, .ack = 1 + small);
	expect(ACK, .ack = 201, NONE);
	app_send(small);
	expect(ACK, .len = small, NONE);
}

/* ---- RFC 2883 4.1: whole segments ------------------------------------------------ */

SCRIPT(dsack_lost_acks, "RFC 2883 4.1.1: below the ACK, without other blocks")
{
	given(ESTABLISHED, .sack_perm = true);
	in_order(2);
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 201, BLOCKS(B(1, 101)));
	/* once: the next ACK says nothing of it */
	inject(ACK, .len = 10);
	expect_within_ms(40, ACK, .ack = 211, NONE);
}

SCRIPT(dsack_and_gap, "RFC 2883 4.1.2: below the ACK, then the blocks of RFC 2018")
{
	given(ESTABLISHED, .sack_perm = true);
	in_order(1);
	inject(ACK, .seq = 201, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(201, 301)));
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(1, 101), B(201, 301)));
	inject(ACK, .seq = 401, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(401, 501), B(201, 301)));
}

SCRIPT(dsack_in_a_block, "RFC 2883 4.1.3: above the ACK, then the block that it is part of")
{
	given(ESTABLISHED, .sack_perm = true);
	in_order(1);
	inject(ACK, .seq = 201, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(201, 301)));
	inject(ACK, .seq = 301, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(201, 401)));
	inject(ACK, .seq = 301, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(301, 401), B(201, 401)));
	/* of an older block: that one is the second, the newest behind it */
	inject(ACK, .seq = 601, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(601, 701), B(201, 401)));
	inject(ACK, .seq = 201, .len = 50);
	expect(ACK, .ack = 101, BLOCKS(B(201, 251), B(201, 401), B(601, 701)));
	/* with the FIN it is told by the next step, and all the same */
	inject(FIN | ACK, .seq = 701, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(601, 802), B(201, 401)));
	inject(FIN | ACK, .seq = 701, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(701, 801), B(601, 802), B(201, 401)));
}

/* ---- RFC 2883 4.2: parts of segments ----------------------------------------------- */

SCRIPT(dsack_part, "RFC 2883 4.2.1: the retransmission was longer than what was late")
{
	given(ESTABLISHED, .sack_perm = true);
	in_order(1);
	inject(ACK, .seq = 301, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(301, 401)));
	inject(ACK, .seq = 101, .len = 200);
	expect(ACK, .ack = 401, NONE);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 401, BLOCKS(B(101, 201)));
}

SCRIPT(dsack_two_parts_below, "RFC 2883 4.2.2: of two duplicates in a segment the first is told")
{
	given(ESTABLISHED, .sack_perm = true);
	in_order(1);
	inject(ACK, .seq = 201, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(201, 301)));
	/* 51 to 101 and 201 to 301 came before */
	inject(ACK, .seq = 51, .len = 300);
	expect(ACK, .ack = 351, BLOCKS(B(51, 101)));
	expect_data(350);
}

SCRIPT(dsack_in_order_overlap, "RFC 2883 4: what fills the gap repeats what waited behind it")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1, BLOCKS(B(101, 201)));
	inject(ACK, .seq = 1, .len = 150);
	expect(ACK, .ack = 201, BLOCKS(B(101, 151)));
}

SCRIPT(dsack_two_parts_above, "RFC 2883 4.2.3: two duplicates above the ACK, and the block of both")
{
	given(ESTABLISHED, .sack_perm = true);
	in_order(1);
	inject(ACK, .seq = 201, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(201, 301)));
	inject(ACK, .seq = 401, .len = 100);
	expect(ACK, .ack = 101, BLOCKS(B(401, 501), B(201, 301)));
	inject(ACK, .seq = 201, .len = 300);
	expect(ACK, .ack = 101, BLOCKS(B(201, 301), B(201, 501)));
}

SCRIPT(
    dsack_over_two_elements, "RFC 2883 4: the duplicate sequence is contiguous, not the segments")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(ACK, .seq = 101, .len = 600);
	expect(ACK, .ack = 1, BLOCKS(B(101, 701)));
	inject(ACK, .seq = 701, .len = 600);
	expect(ACK, .ack = 1, BLOCKS(B(101, 1301)));
	inject(ACK, .seq = 201, .len = 1000);
	expect_verdict(SPT_V_TCP_DATA_DUPLICATE);
	expect(ACK, .ack = 1, BLOCKS(B(201, 1201), B(101, 1301)));
	inject(ACK, .seq = 51, .len = 1350);
	expect(ACK, .ack = 1, BLOCKS(B(101, 1301), B(51, 1401)));
	inject(ACK, .len = 50);
	expect(ACK, .ack = 1401, NONE);
	expect_data(1400);
}

SCRIPT(dsack_partly_below, "RFC 2883 4: what lies before RCV.NXT, the rest is taken; told at once")
{
	given(ESTABLISHED, .sack_perm = true);
	in_order(1);
	inject(ACK, .seq = 51, .len = 100);
	expect(ACK, .ack = 151, BLOCKS(B(51, 101)));
	expect_data(150);
}

SCRIPT(dsack_one_byte, "RFC 8985 7.4.2: a probe of one byte that came twice")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(ACK, .len = 1);
	expect_within_ms(40, ACK, .ack = 2, NONE);
	inject(ACK, .seq = 1, .len = 1);
	expect(ACK, .ack = 2, BLOCKS(B(1, 2)));
	/* a keep-alive without text repeats nothing */
	inject(ACK, .seq = 1);
	expect(ACK, .ack = 2, NONE);
}

SCRIPT(nothing_before_the_first_byte, "RFC 2883 4: our peer's SYN is no text")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(ACK, .seq = ZERO, .len = 1, .rejected = true);
	expect(ACK, .ack = 1, NONE);
	inject(ACK, .seq = -100, .len = 50, .rejected = true);
	expect(ACK, .ack = 1, NONE);
}

SCRIPT(
    half_a_space_away, "RFC 9293 3.4: what is neither before RCV.NXT nor behind it repeats nothing")
{
	given(ESTABLISHED, .sack_perm = true);
	in_order(1);
	inject(ACK, .seq = INT64_C(0x80000064), .len = 100, .rejected = true);
	expect(ACK, .ack = 101, NONE);
	inject(ACK, .seq = INT64_C(0x80000065), .len = 100, .rejected = true);
	expect(ACK, .ack = 101, NONE);
	inject(ACK, .seq = INT64_C(0x80000066), .len = 100, .rejected = true);
	expect(ACK, .ack = 101, NONE);
}

SCRIPT(dsack_of_fin, "RFC 2018 3: the FIN that came twice")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(FIN | ACK, .len = 10);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 12);
	inject(FIN | ACK, .seq = 1, .len = 10);
	expect(ACK, .ack = 12, BLOCKS(B(1, 12)));
	inject(FIN | ACK, .seq = 11);
	expect(ACK, .ack = 12, BLOCKS(B(11, 12)));
}

SCRIPT(dsack_overtaken,
    "RFC 7323 5.2: the original, overtaken by its retransmission, is an old duplicate")
{
	given(ESTABLISHED, .sack_perm = true, .ts = ON);
	in_order(1);
	in_order(1);
	inject(ACK, .seq = 101, .len = 100, .tsval = script_tsval() - 80);
	expect_verdict(SPT_V_TCP_PAWS);
	expect(ACK, .ack = 201, BLOCKS(B(101, 201)));
}

SCRIPT(dsack_of_a_stranger, "RFC 9293 3.10.7.4, fifth: who acknowledges the unsent repeats nothing")
{
	given(ESTABLISHED, .sack_perm = true);
	in_order(1);
	inject(ACK, .seq = 1, .len = 100, .ack = 1000, .rejected = true);
	expect(ACK, .ack = 101, NONE);
}

SCRIPT(
    dsack_limited, "RFC 2883 4: an ACK that the limit held back; told with the next, the last one")
{
	unsigned int sent = 0;

	given(ESTABLISHED, .sack_perm = true);
	in_order(2);
	for (unsigned int i = 0; i < 200; i++)
		inject(ACK, .seq = 1 + (i & 1) * 100, .len = 100, .more = i < 199);
	sent = ignore_segments();
	check(sent > 0 && sent < 200);
	inject(ACK, .len = 100);
	expect_within_ms(40, ACK, .ack = 301, BLOCKS(B(101, 201)));
	inject(ACK, .len = 100);
	expect_within_ms(40, ACK, .ack = 401, NONE);
}

/* ---- memory ------------------------------------------------------------------------- */

SCRIPT(bytes_are_joined, "issue 6: a byte at a time behind a gap does not take an mbuf each")
{
	given(ESTABLISHED, .sack_perm = true);
	if (!script_frames_direct())
		return;
	for (unsigned int i = 0; i < 520; i++) {
		inject(ACK, .seq = 11 + i, .len = 1, .rejected = true);
		expect(ACK, .ack = 1, BLOCKS(B(11, 12 + i)));
	}
	inject(ACK, .len = 10, .rejected = true);
	expect_data(530);
	expect(ACK, .ack = 531, NONE);
}

SCRIPT(order_displaces_gaps, "RFC 2018 8: what is furthest ahead is given up for what is in order")
{
	given(ESTABLISHED, .sack_perm = true, .config.pinned_mbufs = 16);
	if (!script_frames_direct())
		return;
	for (unsigned int i = 0; i < 8; i++) {
		inject(ACK, .seq = 1001 + 2000 * i, .len = 1024, .rejected = true);
		expect_verdict(SPT_V_TCP_DATA_OUT_OF_ORDER);
		ignore_segments();
	}
	/* half of the budget holds gaps, the other what the application takes with the turn's end
	 */
	for (unsigned int i = 0; i < 10; i++)
		inject(ACK, .len = 10, .more = i < 9);
	expect_verdicts(SPT_V_TCP_DATA, 10);
	expect_counted(budget_refused, 0);
	expect_data(100);
	expect(ACK, .ack = 101, BLOCKS(B(11001, 12025), B(9001, 10025)));
	/* it comes again, and is no duplicate */
	inject(ACK, .seq = 15001, .len = 1024, .rejected = true);
	expect_verdict(SPT_V_TCP_DATA_OUT_OF_ORDER);
	expect(ACK, .ack = 101, BLOCKS(B(15001, 16025), B(11001, 12025), B(9001, 10025)));
}

SCRIPT(refused_is_not_told, "RFC 2018 8: rather refused than told and forgotten")
{
	given(ESTABLISHED, .sack_perm = true, .config.pinned_mbufs = 4096);
	for (unsigned int i = 0; i < 256; i++) { /* OUT_OF_ORDER_RUNS */
		inject(ACK, .seq = 11 + 20 * i, .len = 1, .rejected = true);
		expect_verdict(SPT_V_TCP_DATA_OUT_OF_ORDER);
		ignore_segments();
	}
	inject(ACK, .seq = 20001, .len = 1, .rejected = true);
	expect_verdict(SPT_V_TCP_DATA_NO_MEMORY);
	if (script_timestamps())
		expect(ACK, .ack = 1, BLOCKS(B(5111, 5112), B(5091, 5092), B(5071, 5072)));
	else
		expect(ACK, .ack = 1,
		    BLOCKS(B(5111, 5112), B(5091, 5092), B(5071, 5072), B(5051, 5052)));
	/* nor is one before all of them worth that one that was told is forgotten */
	inject(ACK, .seq = 21, .len = 1, .rejected = true);
	expect_verdict(SPT_V_TCP_DATA_NO_MEMORY);
	expect(ACK, .ack = 1);
	check_eq(script_info().out_of_order, 256);
	/* what closes a gap makes two runs one, and needs none */
	inject(ACK, .seq = 12, .len = 9, .rejected = true);
	expect_verdict(SPT_V_TCP_DATA_OUT_OF_ORDER);
	expect(ACK, .ack = 1);
	check_eq(script_info().out_of_order, 265);
	/* what is there already needs no room, and is told as a duplicate */
	inject(ACK, .seq = 11, .len = 1, .rejected = true);
	expect_verdict(SPT_V_TCP_DATA_DUPLICATE);
	ignore_segments();
}

SCRIPT_MAIN()

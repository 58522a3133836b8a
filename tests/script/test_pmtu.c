/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path MTU: whose word is acted on at once, whose only when a time-out confirms it (RFC 5927
 * 7.2), and what cannot be; black holes, of which nobody tells (RFC 2923 2.1); larger segments
 * tried (RFC 1191 6.3, RFC 4821 7). What a message does at once is in test_icmp, too.
 */
#include <lib/script.h>

/* Payload of a segment in packets of this size. */
static uint32_t
payload_in(uint32_t mtu)
{
	return mtu - (script_family() == 4 ? 40 : 60) - (script_timestamps() ? 12 : 0);
}

/* A connection on whose path full segments have arrived. */
static void
proven(void)
{
	app_send(2 * FULL);
	check_eq(ignore_segments(), 2);
	inject(ACK);
	expect_acked(2 * FULL);
	check_eq(script_info().path_mtu, 1500);
}

/* Two full segments are out, the first at the present 'sent', and a router says 1300. */
static uint32_t
claimed(uint32_t mtu)
{
	uint32_t first = 1 + 2 * FULL;

	proven();
	app_send(2 * FULL);
	expect(ACK, .seq = first, .len = FULL);
	expect(ACK, .seq = first + FULL, .len = FULL);
	inject_icmp(ICMP_TOO_BIG, .mtu = mtu);
	expect_verdict(SPT_V_ICMP_ERROR);
	expect_no_event(SPT_SOFT_ERROR);
	return first;
}

/* ---- a path that is known --------------------------------------------------------------- */

SCRIPT(waits_for_the_timeout, "RFC 5927 7.2: claimedmtu < maxsizeacked: pending, then true")
{
	uint32_t ssthresh, first, small;

	given(ESTABLISHED, .conn.nodelay = true, .conn.congestion = SPT_CONGESTION_NEWRENO);
	ssthresh = script_info().ssthresh;
	small = payload_in(1300);
	first = claimed(1300);
	expect_counted(pmtu_waiting, 1);
	expect_nothing();
	check_eq(script_info().mss, FULL);
	expect_after_ms(200, ACK, .seq = first, .len = small);
	check_eq(script_info().mss, small);
	check_eq(script_info().path_mtu, 1300);
	check_eq(script_info().ssthresh, ssthresh); /* RFC 8201 5.4: no congestion */
	check_eq(script_info().cwnd, small);
	inject(ACK, .ack = first + small);
	expect(ACK, .seq = first + small, .len = small);
	expect(ACK, .seq = first + 2 * small, .len = 2 * FULL - 2 * small);
	inject(ACK);
	expect_acked(2 * FULL);
	expect_silence_ms(10000);
}

SCRIPT(acknowledged_meanwhile, "RFC 5927 7.2: the acknowledgment shows that the claim was wrong")
{
	uint32_t first;

	given(ESTABLISHED, .conn.nodelay = true);
	first = claimed(1300);
	expect_counted(pmtu_waiting, 1);
	inject(ACK, .ack = first + FULL);
	/* the next one is lost by itself: its time-out confirms nothing */
	expect_after_ms(200, ACK, .seq = first + FULL, .len = FULL);
	check_eq(script_info().mss, FULL);
	inject(ACK);
	expect_acked(2 * FULL);
	expect_silence_ms(10000);
}

SCRIPT(acknowledged_before, "RFC 5927 4.1: what it quotes is not in flight any more")
{
	given(ESTABLISHED, .conn.nodelay = true);
	proven();
	inject_icmp(ICMP_TOO_BIG, .seq = 1, .mtu = 1300);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	app_send(FULL);
	expect(ACK, .len = FULL);
	inject_icmp(ICMP_TOO_BIG, .seq = 1, .mtu = 1300);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	inject_icmp(ICMP_TOO_BIG, .seq = 1 + 3 * FULL, .mtu = 1300);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	expect_after_ms(200, ACK, .seq = 1 + 2 * FULL, .len = FULL);
	inject(ACK);
	check_eq(script_info().mss, FULL);
}

SCRIPT(sacked_before, "RFC 2018, RFC 5927 4: what is SACKed has arrived")
{
	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true);
	proven();
	app_send(2 * FULL);
	check_eq(ignore_segments(), 2);
	inject(ACK, .ack = 1 + 2 * FULL, .sack = {{1 + 3 * FULL, 1 + 4 * FULL}});
	ignore_segments(); /* RACK fills the hole */
	inject_icmp(ICMP_TOO_BIG, .seq = 1 + 3 * FULL, .mtu = 1300);
	expect_verdict(SPT_V_ICMP_ERROR);
	expect_counted(pmtu_not_believed, 1);
	advance_ms(1000);
	ignore_segments();
	check_eq(script_info().mss, FULL);
	inject(ACK);
	expect_acked(2 * FULL);
}

SCRIPT(sacked_meanwhile, "RFC 5927 7.2: a SACK acknowledges as well")
{
	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true);
	proven();
	app_send(2 * FULL);
	check_eq(ignore_segments(), 2);
	inject_icmp(ICMP_TOO_BIG, .seq = 1 + 3 * FULL, .mtu = 1300);
	expect_counted(pmtu_waiting, 1);
	inject(ACK, .ack = 1 + 2 * FULL, .sack = {{1 + 3 * FULL, 1 + 4 * FULL}});
	ignore_segments();
	advance_ms(300); /* a time-out of the other */
	check(ignore_segments() > 0);
	check_eq(script_info().mss, FULL);
	inject(ACK);
	expect_acked(2 * FULL);
}

SCRIPT(after_the_timeout, "RFC 5927 7.2: nsegrto >= MAXSEGRTO: nothing more to wait for")
{
	uint32_t small;

	given(ESTABLISHED, .conn.nodelay = true);
	small = payload_in(1300);
	proven();
	app_send(FULL);
	expect(ACK, .len = FULL);
	expect_after_ms(200, ACK, .seq = 1 + 2 * FULL, .len = FULL);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	expect_counted(pmtu_decreased, 1);
	expect(ACK, .seq = 1 + 2 * FULL, .len = small);
	expect(ACK, .seq = 1 + 2 * FULL + small, .len = FULL - small);
	check_eq(script_info().mss, small);
	inject(ACK);
	expect_acked(FULL);
}

SCRIPT(first_claim_stays, "RFC 5927 7.2: a second one while the first waits changes nothing")
{
	uint32_t first;

	given(ESTABLISHED, .conn.nodelay = true);
	first = claimed(1400);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1281);
	expect_counted(pmtu_waiting, 0);
	expect_after_ms(200, ACK, .seq = first, .len = payload_in(1400));
	inject(ACK);
	expect_acked(2 * FULL);
}

SCRIPT(two_narrow_links, "RFC 5927 7.2: what arrived before came another way")
{
	uint32_t first, small;

	given(ESTABLISHED, .conn.nodelay = true);
	small = payload_in(1400);
	first = claimed(1400);
	expect_after_ms(200, ACK, .seq = first, .len = small);
	inject(ACK, .ack = first + small); /* ends the time-out */
	check(ignore_segments() > 0);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	expect_counted(pmtu_decreased, 1);
	check_eq(script_info().path_mtu, 1300);
	check(ignore_segments() > 0);
	inject(ACK);
	expect_acked(2 * FULL);
}

SCRIPT(duplicates_of_what_was_too_big, "RFC 5681 3.2: what is lost is not in flight")
{
	uint32_t full;

	given(ESTABLISHED, .conn.nodelay = true);
	full = FULL;
	app_send(2 * full + 500);
	check_eq(ignore_segments(), 3);
	inject(ACK, .ack = 1); /* the short one arrived */
	inject(ACK, .ack = 1);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	expect(ACK, .seq = 1, .len = payload_in(1300));
	ignore_segments();
	inject(ACK);
	expect_acked(2 * full + 500);
}

/* ---- what cannot be ------------------------------------------------------------------------ */

SCRIPT(impossible_sizes, "RFC 8201 4: below 1280 discarded; RFC 791: 68 everywhere; RFC 5927 7")
{
	static const uint32_t sizes4[] = {1, 67, 1500, 1501, 9000, 65535};
	static const uint32_t sizes6[] = {0, 68, 552, 1279, 1500, 1501, 9000, 65535};
	bool v4 = script_family() == 4;
	unsigned int n = v4 ? RTE_DIM(sizes4) : RTE_DIM(sizes6);

	given(ESTABLISHED, .conn.nodelay = true);
	app_send(FULL);
	expect(ACK, .len = FULL);
	for (unsigned int i = 0; i < n; i++) {
		inject_icmp(ICMP_TOO_BIG, .mtu = v4 ? sizes4[i] : sizes6[i]);
		expect_verdict(SPT_V_ICMP_ERROR);
		expect_counted(pmtu_not_believed, 1);
		expect_nothing();
		check_eq(script_info().path_mtu, 1500);
	}
	inject(ACK);
	expect_acked(FULL);
}

SCRIPT(not_below_the_floor, "RFC 5927 7: minimum_MTU; 552, or 1280")
{
	uint32_t floor;

	given(ESTABLISHED, .conn.nodelay = true);
	floor = script_family() == 4 ? 552 : 1280;
	app_send(FULL);
	expect(ACK, .len = FULL);
	inject_icmp(ICMP_TOO_BIG, .mtu = script_family() == 4 ? 68 : 1280);
	expect_counted(pmtu_decreased, 1);
	check_eq(script_info().path_mtu, floor);
	expect(ACK, .seq = 1, .len = payload_in(floor));
	ignore_segments();
	inject(ACK);
	expect_acked(FULL);
}

SCRIPT(was_not_too_big, "RFC 5927 7.2: no smaller than what was sent")
{
	given(ESTABLISHED, .conn.nodelay = true);
	app_send(1000);
	expect(ACK, .len = 1000);
	app_send(200);
	expect(ACK, .len = 200);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	expect_counted(pmtu_not_believed, 1);
	inject_icmp(ICMP_TOO_BIG, .seq = 1001, .mtu = 1280);
	expect_counted(pmtu_not_believed, 1);
	check_eq(script_info().path_mtu, 1500);
	/* sent again they share a packet, which may be as large as that */
	expect_after_ms(200, ACK, .seq = 1, .len = 1200);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	expect_counted(pmtu_decreased, 1);
	check_eq(script_info().path_mtu, 1300);
	check(ignore_segments() > 0); /* at once, though each part of it would fit */
	inject(ACK);
	expect_acked(1200);
}

SCRIPT(of_the_handshake, "RFC 5927 7.2: a SYN, or its ACK, is never too big")
{
	given(SYN_RECEIVED);
	inject_icmp(ICMP_TOO_BIG, .seq = ZERO, .mtu = 1280);
	expect_nothing();
	inject(ACK);
	check_eq(script_info().mss, FULL);
	use_peer(1);
	given(SYN_RECEIVED, .active = ON);
	inject_icmp(ICMP_TOO_BIG, .seq = ZERO, .mtu = 1280);
	expect_counted(pmtu_not_believed, 1);
	inject(ACK);
	expect_connected();
	check_eq(script_info().mss, FULL);
}

SCRIPT(with_many_out, "RFC 1191 5: the others in flight do not make it smaller once more")
{
	uint32_t mtu;

	given(ESTABLISHED, .conn.nodelay = true);
	app_send(8 * FULL);
	check_eq(ignore_segments(), 8);
	for (uint32_t i = 0; i < 8; i++) {
		/* the sizes of old routers, which say 0, and of new ones */
		inject_icmp(
		    ICMP_TOO_BIG, .seq = 1 + i * FULL, .mtu = script_family() == 4 ? 0 : 1280);
		check_eq(ignore_segments() > 8, i == 0);
	}
	mtu = script_info().path_mtu;
	check_eq(mtu, script_family() == 4 ? 576 : 1280);
	inject(ACK);
	expect_acked(8 * FULL);
}

SCRIPT(fin_is_no_payload, "RFC 8201 5.4: only what was too big is sent again")
{
	uint32_t small;

	given(ESTABLISHED, .conn.nodelay = true);
	small = payload_in(1300);
	app_send(FULL);
	expect(ACK, .seq = 1, .len = FULL);
	app_send_flags(small, SPT_MORE);
	app_shutdown();
	expect(FIN | ACK, .seq = 1 + FULL, .len = small);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	expect(ACK, .seq = 1, .len = small);
	expect(ACK, .seq = 1 + small, .len = FULL - small);
	expect_nothing();
	inject(ACK);
	expect_state(FIN_WAIT_2);
}

/* ---- black holes ------------------------------------------------------------------------------
 */

SCRIPT(black_hole, "RFC 2923 2.1: two time-outs of what is large, and smaller segments; four")
{
	uint32_t small, smaller;

	given(ESTABLISHED, .conn.nodelay = true);
	small = payload_in(1280);
	smaller = script_family() == 4 ? payload_in(576) : small;
	app_send(2 * FULL);
	check_eq(ignore_segments(), 2);
	expect_after_ms(200, ACK, .seq = 1, .len = FULL);
	expect_after_ms(400, ACK, .seq = 1, .len = small);
	expect_counted(pmtu_black_holes, 1);
	check_eq(script_info().path_mtu, 1280);
	expect_after_ms(800, ACK, .seq = 1, .len = small);
	expect_soft_error(-ETIMEDOUT);
	expect_after_ms(1600, ACK, .seq = 1, .len = smaller);
	expect_after_ms(3200, ACK, .seq = 1, .len = smaller);
	check_eq(script_info().mss, smaller);
	inject(ACK, .ack = 1 + smaller);
	expect(ACK, .seq = 1 + smaller, .len = smaller);
	expect(ACK, .seq = 1 + 2 * smaller, .len = RTE_MIN(smaller, 2 * FULL - 2 * smaller));
	ignore_segments();
	inject(ACK);
	ignore_segments();
	inject(ACK);
	ignore_segments();
	inject(ACK);
	expect_acked(2 * FULL);
}

SCRIPT(small_ones_are_no_black_hole, "RFC 2923 2.1: the size cannot be it")
{
	given(ESTABLISHED, .conn.r1_retries = 99);
	app_send(500);
	expect(ACK, .len = 500);
	for (unsigned int i = 0; i < 6; i++)
		expect_after_ms(200 << i, ACK, .seq = 1, .len = 500);
	check_eq(script_info().path_mtu, 1500);
	inject(ACK);
	expect_acked(500);
}

SCRIPT(large_ones_arrive, "RFC 2923 2.1: what is SACKed is as large")
{
	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true, .conn.r1_retries = 99);
	app_send(4 * FULL);
	check_eq(ignore_segments(), 4);
	inject(ACK, .ack = 1, .sack = {{1 + 2 * FULL, 1 + 4 * FULL}});
	check_eq(ignore_segments(), 2);
	advance_ms(2500);
	check(ignore_segments() >= 2);
	check(script_info().retransmissions >= 2);
	check_eq(script_info().path_mtu, 1500);
	inject(ACK);
	expect_acked(4 * FULL);
}

/* A short last segment passes: it tells nothing of larger ones. */
SCRIPT(only_the_last_arrives, "RFC 2923 2.1: large ones vanish, small ones pass")
{
	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true, .conn.r1_retries = 99);
	app_send(4 * FULL + 100);
	check_eq(ignore_segments(), 5);
	inject(ACK, .ack = 1, .sack = {{1 + 4 * FULL, 1 + 4 * FULL + 100}});
	ignore_segments();
	advance_ms(2500);
	check(ignore_segments() > 2);
	check(script_info().path_mtu <= 1280);
	inject(ACK);
	expect_acked(4 * FULL + 100);
}

/* ---- larger again ------------------------------------------------------------------------------
 */

/* What is out now is acknowledged, a few times. */
static void
rounds(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		ignore_segments();
		inject(ACK);
	}
}

/* A router said 1300; all is answered. */
static uint32_t
shrunk(void)
{
	app_send(4 * FULL);
	check_eq(ignore_segments(), 4);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	check(ignore_segments() >= 4);
	inject(ACK);
	expect_acked(4 * FULL);
	check_eq(script_info().path_mtu, 1300);
	return 1 + 4 * FULL;
}

/* The same, ten minutes ago: enough is sent for a larger segment to be tried. */
static uint32_t
tried(void)
{
	uint32_t first = shrunk(), small = payload_in(1300), large = payload_in(1400);

	advance_ms(14 * 60 * 1000);
	app_send(large + 4 * small);
	expect(ACK, .seq = first, .len = large);
	for (uint32_t i = 0; i < 4; i++)
		expect(ACK, .seq = first + large + i * small, .len = small);
	expect_nothing();
	check_eq(script_info().path_mtu, 1300);
	return first;
}

SCRIPT(not_before_ten_minutes, "RFC 1191 6.3, RFC 8201 4: MUST NOT be attempted in less")
{
	uint32_t first;

	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true);
	first = shrunk();
	advance_ms(10 * 60 * 1000);
	app_send(5 * FULL);
	expect(ACK, .seq = first, .len = payload_in(1300));
	ignore_segments();
	inject(ACK);
	expect_acked(5 * FULL);
	check_eq(script_info().path_mtu, 1300);
}

SCRIPT(larger_after_ten_minutes, "RFC 1191 6.3: attempted; RFC 4821 7.6.1: it arrives")
{
	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true);
	tried();
	inject(ACK);
	expect_counted(pmtu_increased, 1);
	check_eq(script_info().path_mtu, 1400);
	/* the next size at once */
	app_send(5 * FULL);
	expect(ACK, .len = payload_in(1420));
	ignore_segments();
	inject(ACK);
	check_eq(script_info().path_mtu, 1420);
}

SCRIPT(tried_and_lost, "RFC 4821 7.6.2: its loss alone is no congestion; later again")
{
	uint32_t ssthresh, cwnd, first, small, large;

	given(ESTABLISHED, .sack_perm = true, .conn.nodelay = true,
	    .conn.congestion = SPT_CONGESTION_NEWRENO);
	small = payload_in(1300);
	large = payload_in(1400);
	first = tried();
	ssthresh = script_info().ssthresh;
	cwnd = script_info().cwnd;
	inject(ACK, .ack = first, .sack = {{first + large, first + large + 4 * small}});
	expect_within_ms(50, ACK, .seq = first, .len = small);
	expect(ACK, .seq = first + small, .len = large - small);
	expect_nothing();
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	check_eq(script_info().ssthresh, ssthresh);
	check_eq(script_info().cwnd, cwnd);
	inject(ACK);
	check_eq(script_info().path_mtu, 1300);
	advance_ms(10 * 60 * 1000);
	app_send(4 * FULL);
	expect(ACK, .len = small);
	rounds(1);
	advance_ms(4 * 60 * 1000);
	app_send(5 * FULL);
	expect(ACK, .len = large);
	ignore_segments();
	inject(ACK);
	check_eq(script_info().path_mtu, 1400);
}

SCRIPT(tried_and_told, "RFC 1191 3: a router's answer to what was tried")
{
	uint32_t ssthresh, first, small, large;

	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true);
	small = payload_in(1300);
	large = payload_in(1400);
	first = tried();
	ssthresh = script_info().ssthresh;
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	expect_counted(pmtu_decreased, 0);
	expect(ACK, .seq = first, .len = small);
	expect(ACK, .seq = first + small, .len = large - small);
	expect_nothing();
	inject(ACK);
	check_eq(script_info().path_mtu, 1300);
	check_eq(script_info().ssthresh, ssthresh);
	app_send(5 * FULL);
	expect(ACK, .len = small);
	rounds(1);
	expect_silence_ms(10000);
}

SCRIPT(told_of_less_than_was_tried, "RFC 1191 3, RFC 8201 4: MUST NOT increase by such a message")
{
	uint32_t first, small, large;

	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true);
	small = payload_in(1300);
	large = payload_in(1400);
	first = tried();
	inject_icmp(ICMP_TOO_BIG, .mtu = 1350);
	expect_counted(pmtu_increased, 0);
	expect_counted(pmtu_decreased, 0);
	check_eq(script_info().path_mtu, 1300);
	expect(ACK, .seq = first, .len = small);
	expect(ACK, .seq = first + small, .len = large - small);
	expect_nothing();
	inject(ACK);
	check_eq(script_info().path_mtu, 1300);
}

SCRIPT(tried_and_timed_out, "RFC 6298: without SACK or others the time-out repairs it")
{
	uint32_t first, small;

	given(ESTABLISHED, .conn.nodelay = true);
	small = payload_in(1300);
	first = tried();
	expect_after_ms(200, ACK, .seq = first, .len = small);
	inject(ACK);
	check_eq(script_info().path_mtu, 1300);
	for (unsigned int i = 0; i < 8; i++) { /* not again, however much there is to send */
		app_send(5 * FULL);
		expect(ACK, .len = small);
		rounds(6);
	}
	check_eq(script_info().path_mtu, 1300);
}

SCRIPT(not_with_little_to_send, "RFC 4821 7.4: what follows it tells of its loss")
{
	uint32_t first;

	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true);
	first = shrunk();
	advance_ms(14 * 60 * 1000);
	app_send(2 * FULL);
	expect(ACK, .seq = first, .len = payload_in(1300));
	ignore_segments();
	inject(ACK);
	expect_acked(2 * FULL);
}

SCRIPT(not_with_a_fin_sent, "RFC 4821 7.4: nothing is due any more")
{
	uint32_t first, small;

	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true);
	small = payload_in(1300);
	first = shrunk();
	advance_ms(14 * 60 * 1000);
	app_send(2 * small);
	expect(ACK, .seq = first, .len = small);
	expect(ACK, .len = small);
	app_shutdown();
	ignore_segments();
	inject(ACK, .ack = first + small);
	expect_nothing();
	inject(ACK);
	expect_state(FIN_WAIT_2);
}

SCRIPT(not_beside_sack_blocks, "RFC 2018 3: they take of the payload's room")
{
	uint32_t first;

	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true);
	first = shrunk();
	advance_ms(14 * 60 * 1000);
	inject(ACK, .seq = 11, .len = 10, .rejected = true);
	expect(ACK, .sack = {{11, 21}});
	app_send(5 * FULL);
	expect(ACK, .seq = first, .len = payload_in(1300) - 12, .sack = {{11, 21}});
	ignore_segments();
	inject(ACK);
	expect_acked(5 * FULL);
}

SCRIPT(not_beyond_the_window, "RFC 9293 3.8.6: SND.UNA + SND.WND")
{
	uint32_t first;

	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true);
	first = shrunk();
	advance_ms(14 * 60 * 1000);
	inject(ACK, .wnd = payload_in(1400) - 1);
	app_send(5 * FULL);
	expect(ACK, .seq = first, .len = payload_in(1300));
	ignore_segments();
	inject(ACK);
	rounds(5);
	expect_acked(5 * FULL);
}

SCRIPT(not_in_a_small_window, "RFC 4821 7.4: what follows it tells of its loss")
{
	uint32_t first, small;

	given(ESTABLISHED, .conn.nodelay = true);
	small = payload_in(1300);
	first = shrunk();
	advance_ms(14 * 60 * 1000);
	app_send(small);
	expect(ACK, .seq = first, .len = small);
	expect_after_ms(200, ACK, .seq = first, .len = small);
	inject(ACK);
	check(script_info().cwnd <= 3 * small);
	app_send(8 * small);
	expect(ACK, .len = small);
	rounds(4);
}

SCRIPT(it_was_an_outage, "RFC 4821 7: after a suspected black hole all sizes, one after the other")
{
	given(ESTABLISHED, .conn.nodelay = true, .sack_perm = true);
	app_send(4 * FULL);
	check_eq(ignore_segments(), 4);
	advance_ms(1000);
	check(ignore_segments() >= 2);
	check_eq(script_info().path_mtu, 1280);
	rounds(6);
	expect_acked(4 * FULL);
	for (unsigned int i = 0; i < 6; i++) {
		app_send(12 * FULL);
		rounds(12);
		expect_acked(12 * FULL);
	}
	check_eq(script_info().path_mtu, 1500);
	app_send(2 * FULL);
	expect(ACK, .len = FULL);
	expect(ACK, .len = FULL);
	inject(ACK);
}

SCRIPT_MAIN()

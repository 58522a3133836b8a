/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Retransmission: the timer and what it is computed from (RFC 6298), fast retransmit and recovery
 * (RFC 5681, 6582, 3042).
 */
#include <stdlib.h>

#include <lib/script.h>

static void
expect_full(uint32_t first, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		script_expect(
		    &(struct expect){.flags = ACK, .seq = 1 + (first + i) * FULL, .len = FULL});
	script_expect_nothing();
}

static uint64_t
counted(size_t offset)
{
	struct spt_stats stats;

	spt_engine_stats(script_engine(), &stats);
	return *(const uint64_t *)((const char *)&stats + offset);
}

#define COUNTED(field) counted(offsetof(struct spt_stats, field))

/* ---- the time-out -------------------------------------------------------------------------- */

SCRIPT(before_any_sample, "RFC 6298 2.1: 1 s; 5.7: 3 s for data after a lost SYN")
{
	given(SYN_RECEIVED);
	expect_after_ms(1000, SYN | ACK, .seq = ZERO);
	inject(ACK);
	app_send(100);
	expect(ACK, .len = 100);
	expect_after_ms(3000, ACK, .seq = 1, .len = 100);
	expect_after_ms(6000, ACK, .seq = 1, .len = 100);
	inject(ACK);
	expect_acked(100);
}

SCRIPT(one_segment_after_lost_syn, "RFC 5681 3.1: the initial window is one segment then")
{
	given(SYN_RECEIVED);
	expect_after_ms(1000, SYN | ACK, .seq = ZERO);
	inject(ACK);
	app_send(5 * FULL);
	expect_full(0, 1);
	inject(ACK);
	expect_full(1, 2);
	inject(ACK);
	expect_full(3, 2);
	inject(ACK);
}

SCRIPT(first_sample, "RFC 6298 2.2: SRTT = R, RTTVAR = R / 2, RTO = SRTT + 4 RTTVAR")
{
	open_after_ms(100);
	check_eq(script_info().srtt_us, 100000);
	check_eq(script_info().rttvar_us, 50000);
	check_eq(script_info().rto_us, 300000);
	app_send(100);
	expect(ACK, .len = 100);
	expect_after_ms(300, ACK, .seq = 1, .len = 100);
	inject(ACK);
}

static void
sample(unsigned int ms, int srtt, int rttvar)
{
	struct spt_conn_info info;

	script_app_send(100, 0, 0);
	script_expect(&(struct expect){.flags = ACK, .len = 100});
	script_advance(ms * 1000);
	script_inject(&(struct inject){.flags = ACK});
	info = script_info();
	check(abs((int)info.srtt_us - srtt) <= 2);
	check(abs((int)info.rttvar_us - rttvar) <= 2);
	check(abs((int)info.rto_us - (srtt + 4 * rttvar)) <= 8);
}

SCRIPT(estimation, "RFC 6298 2.3: alpha 1/8, beta 1/4, RTTVAR before SRTT")
{
	open_after_ms(100);
	sample(200, 112500, 62500); /* 3/4 * 50 + 1/4 * |100 - 200|; 7/8 * 100 + 1/8 * 200 */
	sample(50, 104687, 62500);  /* 3/4 * 62.5 + 1/4 * |112.5 - 50|; 7/8 * 112.5 + 1/8 * 50 */
	sample(300, 129102, 95703); /* 3/4 * 62.5 + 1/4 * |104.7 - 300|; 7/8 * 104.7 + ... */
	sample(129, 129089, 71803); /* 3/4 * 95.7 + 1/4 * 0.1; 7/8 * 129.102 + 1/8 * 129 */
	app_send(100);
	expect(ACK, .len = 100);
	expect_after_us(416300, ACK, .seq = 401, .len = 100); /* 129.089 + 4 * 71.803 */
	inject(ACK);
}

SCRIPT(minimum, "RFC 6298 2.4, with the minimum of 200 ms (docs/decisions.md)")
{
	open_after_ms(1);
	check_eq(script_info().rto_us, 200000);
	app_send(1);
	expect(ACK, .len = 1);
	expect_after_ms(200, ACK, .seq = 1, .len = 1);
	inject(ACK);
}

SCRIPT(minimum_by_the_letter, "RFC 6298 2.4: 1 s")
{
	open_after_ms(1, .config.rto_min_ms = 1000);
	app_send(1);
	expect(ACK, .len = 1);
	expect_after_ms(1000, ACK, .seq = 1, .len = 1);
	inject(ACK);
}

SCRIPT(timer_starts_with_the_first, "RFC 6298 5.1: a running timer is not started again")
{
	open_after_ms(100, .conn.nodelay = true);
	app_send(100);
	expect(ACK, .len = 100);
	expect_silence_ms(200);
	app_send(50);
	expect(ACK, .len = 50);
	expect_within_ms(101, ACK, .seq = 1, .len = 150);
	inject(ACK);
}

SCRIPT(timer_off_when_all_is_acknowledged, "RFC 6298 5.2")
{
	open_after_ms(100);
	app_send(100);
	expect(ACK, .len = 100);
	expect_silence_ms(299);
	inject(ACK);
	expect_silence_ms(100000);
}

SCRIPT(timer_restarts_with_new_ack, "RFC 6298 5.3")
{
	open_after_ms(100, .conn.nodelay = true);
	app_send(100);
	expect(ACK, .len = 100);
	app_send(100);
	expect(ACK, .len = 100);
	expect_silence_ms(100);
	inject(ACK, .ack = 101); /* R = 100: SRTT 100, RTTVAR 37.5, RTO 250 ms */
	check_eq(script_info().rto_us, 250000);
	expect_after_ms(250, ACK, .seq = 101, .len = 100);
	inject(ACK);
}

/* A partial segment was held for more; the timer of what is sent then runs from there. */
SCRIPT(timer_after_held_data, "RFC 6298 5.1: for every packet with data, if it is not running")
{
	open_after_ms(1);
	app_send_flags(10, SPT_MORE);
	expect_silence_ms(90);
	app_send(10);
	expect(ACK, .len = 20);
	expect_after_ms(200, ACK, .seq = 1, .len = 20);
	inject(ACK);
}

SCRIPT(carries_the_present, "RFC 9293 3.8.1: window and acknowledgment may differ")
{
	open_after_ms(100, .conn.no_delayed_ack = true);
	app_send(100);
	expect(ACK, .ack = 1, .len = 100);
	inject(ACK, .ack = 1, .len = 50);
	expect(ACK, .ack = 51);
	expect_within_ms(301, ACK, .seq = 1, .ack = 51, .len = 100);
	inject(ACK);
}

/* ---- Karn ---------------------------------------------------------------------------------- */

SCRIPT(karn, "RFC 6298 3, 5.5 to 5.7; RFC 9293 MUST-18: no sample of what was sent twice")
{
	if (script_timestamps())
		return;
	open_after_ms(100, .ts = OFF);
	app_send(100);
	expect(ACK, .len = 100);
	expect_after_ms(300, ACK, .seq = 1, .len = 100);
	advance_ms(50);
	inject(ACK);
	check_eq(script_info().srtt_us, 100000);
	check_eq(script_info().rttvar_us, 50000);
	/* The back-off stays until there is a sample. */
	app_send(100);
	expect(ACK, .len = 100);
	expect_after_ms(600, ACK, .seq = 101, .len = 100);
	inject(ACK);
	app_send(100);
	expect(ACK, .len = 100);
	expect_silence_ms(100);
	inject(ACK);
	check_eq(script_info().rto_us, 250000); /* SRTT 100, RTTVAR 37.5 */
	app_send(100);
	expect(ACK, .len = 100);
	expect_after_ms(250, ACK, .seq = 301, .len = 100);
	inject(ACK);
}

SCRIPT(karn_of_fast_retransmit, "RFC 6298 3: not of what duplicates had us send again either")
{
	if (script_timestamps())
		return;
	open_after_ms(100, .ts = OFF);
	app_send(4 * FULL);
	expect_full(0, 4); /* the first of them is timed */
	advance_ms(100);
	inject(ACK, .ack = 1);
	inject(ACK, .ack = 1);
	inject(ACK, .ack = 1);
	expect_full(0, 1);
	advance_ms(100);
	inject(ACK);
	expect_acked(4 * FULL);
	check_eq(script_info().srtt_us, 100000);
	check_eq(script_info().rttvar_us, 50000);
}

SCRIPT(karn_with_timestamps, "RFC 6298 3; RFC 7323 4.1: TSecr tells which one was acknowledged")
{
	struct spt_conn_info info;

	open_after_ms(100, .ts = ON);
	app_send(100);
	expect(ACK, .len = 100);
	expect_after_ms(300, ACK, .seq = 1, .len = 100);
	advance_ms(50);
	inject(ACK); /* of the second: R = 50, RTTVAR 37.5 + 12.5, SRTT 87.5 + 6.25 */
	info = script_info();
	check(abs((int)info.srtt_us - 93750) <= 250); /* in milliseconds: R is 50 or 51 */
	check(abs((int)info.rttvar_us - 50000) <= 300);
	check(abs((int)info.rto_us - 293750) <= 1500);
}

SCRIPT(karn_with_original_acknowledged,
    "RFC 7323 4.1; RFC 4015 3.2: max (SRTT, R), max (RTTVAR, R / 2)")
{
	uint32_t tsval;

	open_after_ms(100, .ts = ON);
	app_send(100);
	expect(ACK, .len = 100);
	tsval = script_engine_tsval();
	expect_after_ms(300, ACK, .seq = 1, .len = 100);
	inject(ACK, .tsecr = tsval); /* it was only slow: R = 300 */
	check(abs((int)script_info().srtt_us - 300000) <= 1000);
	check(abs((int)script_info().rttvar_us - 150000) <= 500);
}

/* ---- after a time-out --------------------------------------------------------------------------
 */

SCRIPT(one_segment_after_timeout, "RFC 5681 3.1: ssthresh by (4), cwnd = LW = one segment")
{
	/* so small that no black hole is suspected (RFC 2923 2.1) */
	given(ESTABLISHED, .mss = 1200, .conn.congestion = SPT_CONGESTION_NEWRENO);
	app_send(10 * FULL);
	expect_full(0, 10);
	expect_after_ms(200, ACK, .seq = 1, .len = FULL);
	expect_nothing();
	check_eq(script_info().ssthresh, 5 * FULL);
	check_eq(script_info().cwnd, FULL);
	/* again: ssthresh is held constant */
	expect_after_ms(400, ACK, .seq = 1, .len = FULL);
	expect_nothing();
	check_eq(script_info().ssthresh, 5 * FULL);
	check_eq(script_info().cwnd, FULL);
	inject(ACK, .ack = 1 + FULL);
	expect_full(1, 2);
	inject(ACK, .ack = 1 + 3 * FULL);
	expect_full(3, 3);
	inject(ACK, .ack = 1 + 6 * FULL);
	expect_full(6, 4);
	inject(ACK, .ack = 1 + 10 * FULL);
	expect_acked(10 * FULL);
	expect_silence_ms(10000);
}

SCRIPT(ack_jumps, "RFC 9293 3.4: cumulative; only what is missing is sent again")
{
	uint64_t again;

	given(ESTABLISHED);
	again = COUNTED(segments_retransmitted);
	app_send(10 * FULL);
	expect_full(0, 10);
	expect_after_ms(200, ACK, .seq = 1, .len = FULL);
	inject(ACK, .ack = 1 + 10 * FULL);
	expect_acked(10 * FULL);
	expect_silence_ms(10000);
	check_eq(COUNTED(segments_retransmitted) - again, 1);
}

SCRIPT(ack_jumps_into_the_middle, "RFC 5681 3.1; RFC 9293 3.4")
{
	given(ESTABLISHED, .ts = ON); /* without timestamps F-RTO would send new data first */
	app_send(12 * FULL);
	expect_full(0, 10);
	expect_after_ms(200, ACK, .seq = 1, .len = FULL);
	inject(ACK, .ack = 1 + 7 * FULL);
	expect_full(7, 2);
	inject(ACK, .ack = 1 + 10 * FULL);
	expect_full(10, 2);
	inject(ACK);
	expect_acked(12 * FULL);
	expect_silence_ms(10000);
}

SCRIPT(ack_within_a_segment, "RFC 9293 3.4: SND.UNA < SEG.ACK =< SND.NXT, anywhere")
{
	given(ESTABLISHED);
	app_send(2 * FULL);
	expect_full(0, 2);
	inject(ACK, .ack = 1 + 100);
	expect_after_ms(200, ACK, .seq = 1 + 100, .len = FULL);
	inject(ACK, .ack = 1 + 100 + FULL);
	expect(ACK, .seq = 1 + 100 + FULL, .len = FULL - 100);
	inject(ACK);
	expect_acked(2 * FULL);
}

/* What the originals draw is no sign of another loss, and lets nothing out of the window. */
SCRIPT(duplicates_after_timeout, "RFC 6582 3.2 step 1, 4: recover; RFC 3042 2: unsent data only")
{
	uint64_t fast;

	given(ESTABLISHED);
	fast = COUNTED(fast_retransmits);
	app_send(10 * FULL);
	expect_full(0, 10);
	expect_after_ms(200, ACK, .seq = 1, .len = FULL);
	for (unsigned int i = 0; i < 5; i++) {
		inject(ACK, .ack = 1);
		expect_nothing();
	}
	check_eq(COUNTED(fast_retransmits), fast);
	check_eq(script_info().cwnd, FULL);
	inject(ACK, .ack = 1 + 10 * FULL);
	expect_acked(10 * FULL);
}

SCRIPT(congestion_avoidance, "RFC 5681 3.1 (3): one segment for each window acknowledged")
{
	uint32_t una = 1, full, window;

	given(ESTABLISHED, .wscale = 7, .conn.nodelay = true, .conn.send_buffer = 400000,
	    .conn.congestion = SPT_CONGESTION_NEWRENO);
	full = FULL;
	app_send(10 * full);
	expect_full(0, 10);
	expect_after_ms(200, ACK, .seq = 1, .len = full);
	inject(ACK);
	una += 10 * full;
	app_send(200 * full);
	ignore_segments();
	while (script_info().cwnd <= script_info().ssthresh) {
		una += full;
		inject(ACK, .ack = una);
		ignore_segments();
	}
	check_eq(script_info().ssthresh, 5 * full);
	for (unsigned int round = 0; round < 5; round++) {
		window = script_info().cwnd;
		for (uint32_t acked = 0; acked < window; acked += full) {
			check(script_info().cwnd <= window + full);
			una += full;
			inject(ACK, .ack = una);
			ignore_segments();
		}
		check_eq(script_info().cwnd, window + full);
	}
	app_abort();
	expect(RST | ACK);
	expect_closed(-ECONNABORTED);
}

/* ---- fast retransmit and fast recovery
 * ----------------------------------------------------------- */

/* PRR: from 10 in flight to 5, a segment for every second that has left, then one for each. */
SCRIPT(fast_retransmit, "RFC 5681 3.2; RFC 3042; RFC 6582 3.2; RFC 9937 6")
{
	uint32_t full, next = 12;

	given(ESTABLISHED, .mss = 1000, .conn.congestion = SPT_CONGESTION_NEWRENO);
	full = FULL;
	app_send(20 * full);
	expect_full(0, 10);
	inject(ACK, .ack = 1); /* limited transmit: one new segment for each of the first two */
	expect_full(10, 1);
	check_eq(script_info().cwnd, 10 * full);
	inject(ACK, .ack = 1);
	expect_full(11, 1);
	inject(ACK, .ack = 1);
	expect_full(0, 1);
	expect_counted(fast_retransmits, 1);
	/* half of the ten: what limited transmit sent does not count (RFC 5681 3.2 step 2) */
	check_eq(script_info().ssthresh, 5 * full);
	for (unsigned int dup = 4; dup <= 11; dup++) {
		inject(ACK, .ack = 1);
		if (dup == 6 || dup >= 9)
			expect_full(next++, 1);
		else
			expect_nothing();
		check(script_info().cwnd <= 9 * full);
	}
	/* all of it */
	inject(ACK, .ack = 1 + 12 * full);
	expect_acked(12 * full);
	expect_full(next, 1);
	check_eq(script_info().cwnd, 5 * full);
	for (unsigned int i = 0; i < 5; i++) {
		ignore_segments();
		inject(ACK);
	}
	expect_acked(8 * full);
}

SCRIPT(fast_retransmit_again, "RFC 6582 3.2 step 3: each partial ACK shows the next hole")
{
	uint32_t full;

	given(ESTABLISHED, .mss = 1000, .conn.congestion = SPT_CONGESTION_NEWRENO);
	full = FULL;
	app_send(10 * full);
	expect_full(0, 10);
	for (unsigned int i = 0; i < 2; i++)
		inject(ACK, .ack = 1);
	expect_nothing(); /* there is nothing unsent */
	inject(ACK, .ack = 1);
	expect_full(0, 1);
	check_eq(script_info().ssthresh, 5 * full);
	inject(ACK, .ack = 1 + 2 * full); /* the third is missing too */
	expect_full(2, 1);
	inject(ACK, .ack = 1 + 2 * full);
	expect_nothing();
	inject(ACK, .ack = 1 + 5 * full); /* and the sixth */
	expect_full(5, 1);
	check(script_info().cwnd <= 5 * full);
	inject(ACK, .ack = 1 + 10 * full);
	expect_acked(10 * full);
	check_eq(script_info().cwnd, 5 * full);
	expect_silence_ms(10000);
}

/* The first partial acknowledgment starts the timer again, the others let it run. */
SCRIPT(impatient, "RFC 6582 4: many holes are left to the time-out")
{
	uint32_t full;

	given(ESTABLISHED, .mss = 1000);
	full = FULL;
	app_send(10 * full);
	expect_full(0, 10);
	for (unsigned int i = 0; i < 3; i++)
		inject(ACK, .ack = 1);
	expect_full(0, 1);
	for (unsigned int i = 1; i <= 3; i++) {
		advance_ms(60);
		inject(ACK, .ack = 1 + i * full);
		expect_full(i, 1);
	}
	expect_within_ms(81, ACK, .seq = 1 + 3 * full, .len = full);
	inject(ACK);
	expect_acked(10 * full);
}

SCRIPT(not_for_the_same_window, "RFC 6582 3.2 step 2: not unless SEG.ACK covers more than recover")
{
	uint32_t full;

	given(ESTABLISHED, .mss = 1000, .conn.congestion = SPT_CONGESTION_NEWRENO);
	full = FULL;
	app_send(12 * full);
	expect_full(0, 10);
	inject(ACK, .ack = 1);
	expect_full(10, 1);
	inject(ACK, .ack = 1);
	expect_full(11, 1);
	inject(ACK, .ack = 1);
	expect_full(0, 1);
	app_send(2 * full);
	for (unsigned int dup = 4; dup <= 9; dup++) {
		inject(ACK, .ack = 1);
		if (dup == 6 || dup == 9)
			expect_full(10 + dup / 3, 1);
		else
			expect_nothing();
	}
	inject(ACK, .ack = 1 + 12 * full);
	expect_nothing();
	app_send(6 * full);
	ignore_segments(); /* as cwnd allows */
	for (unsigned int i = 0; i < 5; i++) {
		inject(ACK, .ack = 1 + 12 * full);
		check_eq(ignore_segments(), i < 2 ? 1 : 0); /* limited transmit */
	}
	expect_within_ms(1000, ACK, .seq = 1 + 12 * full, .len = full);
	for (unsigned int i = 0; i < 5; i++) {
		inject(ACK);
		ignore_segments();
	}
	expect_acked(20 * full);
}

SCRIPT(timeout_in_recovery, "RFC 6582 3.2 step 4: fast recovery ends")
{
	uint32_t full;

	given(ESTABLISHED, .mss = 1000);
	full = FULL;
	app_send(10 * full);
	expect_full(0, 10);
	for (unsigned int i = 0; i < 3; i++)
		inject(ACK, .ack = 1);
	expect_full(0, 1);
	expect_after_ms(200, ACK, .seq = 1, .len = full);
	expect_nothing();
	check_eq(script_info().cwnd, full);
	inject(ACK, .ack = 1 + full);
	expect_full(1, 2);
	inject(ACK);
	expect_acked(10 * full);
}

SCRIPT(no_duplicates, "RFC 5681 2: data, another window or another ACK make none")
{
	uint64_t fast;

	given(ESTABLISHED, .conn.no_delayed_ack = true);
	fast = COUNTED(fast_retransmits);
	for (unsigned int i = 0; i < 5; i++) /* (a) nothing is out */
		inject(ACK, .ack = 1);
	app_send(5 * FULL);
	expect_full(0, 5);
	for (unsigned int i = 0; i < 5; i++) { /* (b) data */
		inject(ACK, .ack = 1, .len = 10);
		expect(ACK);
	}
	for (unsigned int i = 0; i < 5; i++) /* (e) the window */
		inject(ACK, .ack = 1, .wnd = 50000 + (int64_t)i);
	expect_nothing();
	inject(ACK, .ack = 1, .wnd = 50004);
	inject(ACK, .ack = 1, .wnd = 50004);
	expect_nothing();
	inject(ACK, .ack = 1 + FULL, .wnd = 50004); /* (d) new */
	inject(ACK, .ack = 1 + FULL, .wnd = 50004);
	inject(ACK, .ack = 1 + FULL, .wnd = 50004);
	expect_nothing();
	check_eq(COUNTED(fast_retransmits), fast);
	inject(ACK, .ack = 1 + FULL, .wnd = 50004);
	expect_full(1, 1);
	check_eq(COUNTED(fast_retransmits), fast + 1);
	inject(ACK);
}

SCRIPT(limited_transmit_in_window, "RFC 3042 2: as far as the receiver's window allows")
{
	uint32_t full;

	given(ESTABLISHED);
	full = FULL;
	inject(ACK, .wnd = 6 * full);
	app_send(10 * full);
	expect_full(0, 6);
	for (unsigned int i = 0; i < 2; i++) {
		inject(ACK, .ack = 1, .wnd = 6 * full);
		expect_nothing();
	}
	inject(ACK, .ack = 1, .wnd = 6 * full);
	expect_full(0, 1);
	for (unsigned int i = 0; i < 4; i++) {
		inject(ACK);
		ignore_segments();
	}
	expect_acked(10 * full);
}

/* ---- FIN, and the port
 * ------------------------------------------------------------------------------ */

SCRIPT(fin_again, "RFC 9293 3.6, 3.8: a FIN is retransmitted like data")
{
	given(FIN_WAIT_1);
	expect_after_ms(200, FIN | ACK, .seq = 1);
	expect_after_ms(400, FIN | ACK, .seq = 1);
	expect_after_ms(800, FIN | ACK, .seq = 1);
	expect_soft_error(-ETIMEDOUT);
	inject(ACK);
	expect_state(FIN_WAIT_2);
	expect_silence_ms(100000);
}

SCRIPT(fin_again_with_data, "RFC 9293 3.6, 3.8")
{
	given(ESTABLISHED);
	app_send(100);
	expect(ACK, .len = 100);
	app_shutdown();
	expect(FIN | ACK, .seq = 101);
	advance_ms(201);
	/* in one segment or in two */
	expect(FIN | ACK, .seq = 1, .len = 100);
	inject(ACK, .ack = 101);
	advance_ms(1000);
	check(ignore_segments() >= 1);
	inject(ACK);
	expect_state(FIN_WAIT_2);
	expect_acked(100);
}

SCRIPT(last_fin_again, "RFC 9293 3.8.3: R2 ends LAST-ACK as well")
{
	given(LAST_ACK);
	expect_after_ms(200, FIN | ACK, .seq = 1);
	expect_after_ms(400, FIN | ACK, .seq = 1);
	advance_ms(99000);
	check(ignore_segments() >= 5);
	expect_state(LAST_ACK);
	advance_ms(61000);
	ignore_segments();
	expect_soft_error(-ETIMEDOUT);
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

/* The ring is full: what waits for it and what is sent again are the same bytes. */
SCRIPT(port_is_slow, "RFC 9293 3.8.1; payload is immutable once queued (design)")
{
	given(ESTABLISHED, .conn.nodelay = true, .config.rto_min_ms = 1);
	port_refuses(true);
	app_send(600);
	app_send_pieces(0, 300, 1, 299);
	expect_silence_ms(4); /* time-outs at 1 and 3 ms */
	port_refuses(false);
	advance_us(100);
	expect(ACK, .seq = 1, .len = 600);
	expect(ACK, .seq = 601, .len = 600);
	expect(ACK, .seq = 1, .len = 1200);
	expect(ACK, .seq = 1, .len = 1200);
	inject(ACK);
	expect_acked(1200);
	expect_silence_ms(10000);
}

SCRIPT(acknowledged_before_sent, "RFC 9293 3.8.1: frames still in the ring outlive the queue")
{
	given(ESTABLISHED, .conn.nodelay = true, .config.rto_min_ms = 1);
	app_send(700);
	expect(ACK, .len = 700);
	port_refuses(true);
	advance_ms(2);
	inject(ACK, .ack = 701);
	expect_acked(700);
	port_refuses(false);
	advance_ms(1);
	expect(ACK, .seq = 1, .len = 700);
	expect_silence_ms(10000);
}

SCRIPT_MAIN()

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Closed windows: the peer's, which we probe for ever, and our own, behind which ACK, RST and
 * URG still count (RFC 9293 3.4, 3.8.6, 3.8.6.1).
 */
#include <lib/script.h>

/* ---- the peer's window is closed ------------------------------------------------------ */

SCRIPT(first_probe, "RFC 9293 3.8.6.1 SHLD-29: when a zero window has existed for the RTO")
{
	given(SYN_RECEIVED);
	advance_ms(100); /* SRTT 100 ms, RTTVAR 50 ms: RTO 300 ms */
	inject(ACK, .wnd = ZERO);
	app_send(1000);
	expect_after_ms(300, ACK, .seq = 1, .len = 1);
	expect_counted(window_probes, 1);
	inject(ACK, .ack = 1, .wnd = ZERO);
	expect_after_ms(600, ACK, .seq = 1, .len = 1);
}

SCRIPT(probe_intervals, "RFC 9293 3.8.6.1 SHLD-30; RFC 6298 2.5: doubled, up to 60 s")
{
	uint32_t ms = 200;

	given(ESTABLISHED, .wnd = ZERO);
	app_send(100);
	for (unsigned int i = 0; i < 14; i++) {
		expect_after_ms(ms, ACK, .seq = 1, .len = 1);
		inject(ACK, .ack = 1);
		ms = ms * 2 > 60000 ? 60000 : ms * 2;
	}
	check_eq(ms, 60000);
	expect_state(ESTABLISHED);
}

SCRIPT(probed_without_answer, "RFC 9293 3.8.6.1: only a user time-out ends probing (design)")
{
	uint32_t ms = 200;

	given(ESTABLISHED, .wnd = ZERO);
	app_send(1);
	for (unsigned int i = 0; i < 20; i++) {
		expect_after_ms(ms, ACK, .seq = 1, .len = 1);
		ms = ms * 2 > 60000 ? 60000 : ms * 2;
	}
	expect_state(ESTABLISHED);
	inject(ACK, .wnd = 1000);
	expect_acked(1);
	expect_silence_ms(120000);
}

SCRIPT(probed_for_ever, "RFC 9293 3.8.6.1 MUST-37")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_send(2000);
	for (unsigned int i = 0; i < 1000; i++) {
		expect_within_ms(60001, ACK, .seq = 1, .len = 1);
		inject(ACK, .ack = 1);
	}
	expect_state(ESTABLISHED);
	expect_acked(0);
	inject(ACK, .ack = 1, .wnd = 65535);
	expect(ACK, .seq = 1, .len = 1);
	expect(ACK, .seq = 2, .len = FULL);
	expect_silence_ms(199); /* none of that time is held against the peer */
	inject(ACK, .wnd = 65535);
	expect(ACK, .len = 1999 - FULL);
	inject(ACK, .wnd = 65535);
	expect_acked(2000);
}

SCRIPT(probe_accepted, "RFC 9293 3.8.6.1: a probe is new data if the receiver takes it")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_send(100);
	for (unsigned int i = 1; i <= 5; i++) {
		expect_within_ms(60001, ACK, .seq = i, .len = 1);
		inject(ACK);
		expect_acked(1);
		expect_silence_ms(100);
	}
	inject(ACK, .wnd = 1000);
	expect(ACK, .seq = 6, .len = 95);
	inject(ACK, .wnd = 1000);
	expect_acked(95);
	expect_silence_ms(120000);
}

SCRIPT(probe_accepted_with_window, "RFC 9293 3.8.6.1")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_send(100);
	expect_after_ms(200, ACK, .seq = 1, .len = 1);
	inject(ACK, .wnd = 65535);
	expect(ACK, .seq = 2, .len = 99);
	inject(ACK, .wnd = 65535);
	expect_acked(100);
}

SCRIPT(opens_before_probe, "RFC 9293 3.8.6.1: a window update ends probing")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_send(100);
	expect_silence_ms(150);
	inject(ACK, .wnd = 65535);
	expect(ACK, .len = 100);
	inject(ACK, .wnd = 65535);
	expect_silence_ms(120000);
}

SCRIPT(opens_after_refused_probe, "RFC 9293 3.8.6.1: the byte that was refused comes again")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_send(100);
	expect_after_ms(200, ACK, .seq = 1, .len = 1);
	inject(ACK, .ack = 1);
	expect_silence_ms(100);
	inject(ACK, .ack = 1, .wnd = 65535);
	expect(ACK, .seq = 1, .len = 1);
	inject(ACK, .wnd = 65535);
	expect(ACK, .seq = 2, .len = 99);
	inject(ACK, .wnd = 65535);
	expect_acked(100);
	expect_silence_ms(120000);
}

SCRIPT(opens_after_refused_probe_nodelay, "RFC 9293 3.8.6.1, 3.7.4: nothing holds the rest")
{
	given(ESTABLISHED, .wnd = ZERO, .conn.nodelay = true);
	app_send(100);
	expect_after_ms(200, ACK, .seq = 1, .len = 1);
	inject(ACK, .ack = 1, .wnd = 65535);
	expect(ACK, .seq = 1, .len = 1);
	expect(ACK, .seq = 2, .len = 99);
	inject(ACK, .wnd = 65535);
	expect_acked(100);
}

SCRIPT(closes_again, "RFC 9293 3.8.6.1: each closing is probed from one RTO on")
{
	given(ESTABLISHED);
	for (unsigned int i = 0; i < 3; i++) {
		inject(ACK, .wnd = ZERO);
		app_send(100);
		expect_after_ms(200, ACK, .len = 1);
		inject(ACK, .wnd = ZERO);
		expect_after_ms(200, ACK, .len = 1);
		inject(ACK, .wnd = 1000);
		expect(ACK, .len = 98);
		inject(ACK);
	}
	expect_acked(300);
}

/* What is queued meanwhile changes neither the probe nor its time. */
SCRIPT(more_queued_while_closed, "RFC 9293 3.8.6.1")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_send(1);
	expect_silence_ms(100);
	app_send(50);
	expect_after_ms(100, ACK, .seq = 1, .len = 1);
	app_send(50);
	expect_silence_ms(300);
	expect_after_ms(100, ACK, .seq = 1, .len = 1);
	inject(ACK, .wnd = 65535);
	expect(ACK, .seq = 2, .len = 100);
	inject(ACK, .wnd = 65535);
	expect_acked(101);
}

SCRIPT(user_timeout_ends_probing, "RFC 9293 3.10.8; RFC 5482")
{
	given(ESTABLISHED, .wnd = ZERO, .conn.user_timeout_ms = 10000);
	app_send(100);
	for (unsigned int ms = 200; ms < 6400; ms *= 2) {
		expect_within_ms(ms + 1, ACK, .seq = 1, .len = 1);
		inject(ACK, .ack = 1);
	}
	/* now it is 6.2 s, and the next probe would come at 12.6 s */
	advance_ms(3700);
	expect_no_event(SPT_CLOSED);
	expect_state(ESTABLISHED);
	advance_ms(60000);
	check(ignore_segments() <= 1); /* a RST, if anything */
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

SCRIPT(fin_and_closed_window, "RFC 9293 3.10.4, 3.8.6.1: the FIN waits, and is the probe")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_shutdown();
	expect_state(FIN_WAIT_1);
	expect_within_ms(1000, FIN | ACK, .seq = 1);
	inject(ACK, .ack = 1);
	expect_within_ms(60001, FIN | ACK, .seq = 1);
	inject(ACK);
	expect_state(FIN_WAIT_2);
	expect_silence_ms(120000);
}

SCRIPT(fin_when_window_opens, "RFC 9293 3.10.4: as soon as it may be sent")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_shutdown();
	expect_silence_ms(100);
	inject(ACK, .wnd = 1000);
	expect(FIN | ACK);
	inject(ACK);
	expect_state(FIN_WAIT_2);
}

SCRIPT(fin_refused_for_long, "RFC 9293 3.8.6 SHLD-17, MUST-37: no time-out for a closed window")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_shutdown();
	for (unsigned int i = 0; i < 20; i++) {
		expect_within_ms(60001, FIN | ACK, .seq = 1);
		inject(ACK, .ack = 1);
	}
	expect_silence_ms(1000);
	inject(ACK, .ack = 1, .wnd = 1000);
	expect(FIN | ACK, .seq = 1);
	expect_silence_ms(199);
	inject(ACK);
	expect_state(FIN_WAIT_2);
}

SCRIPT(data_and_fin_behind_closed_window, "RFC 9293 3.10.4: CLOSE waits for all data")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_send(100);
	app_shutdown();
	expect_after_ms(200, ACK, .seq = 1, .len = 1);
	inject(ACK, .ack = 1);
	expect_after_ms(400, ACK, .seq = 1, .len = 1);
	inject(ACK, .wnd = 1000);
	expect(FIN | ACK, .seq = 2, .len = 99);
	inject(ACK);
	expect_state(FIN_WAIT_2);
	expect_acked(100);
}

/* ---- closed while data is in flight ----------------------------------------------------- */

SCRIPT(closed_over_data, "RFC 9293 3.8.6 MUST-35, SHLD-17: probed, and never timed out")
{
	uint32_t full;

	given(ESTABLISHED);
	full = FULL;
	app_send(4 * full);
	for (unsigned int i = 0; i < 4; i++)
		expect(ACK, .len = full);
	inject(ACK, .ack = 1 + full, .wnd = ZERO);
	expect_nothing();
	for (unsigned int i = 0; i < 50; i++) {
		expect_within_ms(60001, ACK, .seq = 1 + full, .len = 1);
		inject(ACK, .ack = 1 + full, .wnd = ZERO);
	}
	expect_no_event(SPT_SOFT_ERROR);
	expect_state(ESTABLISHED);
	inject(ACK, .ack = 1 + full, .wnd = 65535);
	expect(ACK, .seq = 1 + full, .len = full);
	expect(ACK, .seq = 1 + 2 * full, .len = full);
	expect(ACK, .seq = 1 + 3 * full, .len = full);
	expect_silence_ms(199);
	inject(ACK);
	expect_acked(4 * full);
}

/* A window that closed is no sign of congestion: after it all goes on as before. */
SCRIPT(closed_is_not_congested, "RFC 5681 3.1: ssthresh falls when loss is detected")
{
	uint32_t full;

	given(ESTABLISHED);
	full = FULL;
	app_send(10 * full);
	for (unsigned int i = 0; i < 10; i++)
		expect(ACK, .len = full);
	inject(ACK, .ack = 1 + full, .wnd = ZERO);
	for (unsigned int i = 0; i < 6; i++) {
		expect_within_ms(60001, ACK, .seq = 1 + full, .len = 1);
		inject(ACK, .ack = 1 + full, .wnd = ZERO);
	}
	check(script_info().ssthresh >= 10 * full);
	check(script_info().cwnd >= 10 * full);
	inject(ACK);
	expect_acked(10 * full);
}

SCRIPT(closed_with_the_last_ack, "RFC 9293 3.8.6.1: nothing to send, nothing to probe for")
{
	given(ESTABLISHED);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK, .wnd = ZERO);
	expect_silence_ms(200000);
	app_send(10);
	expect_after_ms(200, ACK, .seq = 101, .len = 1);
	inject(ACK, .wnd = 65535);
	expect(ACK, .len = 9);
	inject(ACK);
}

/* ---- our window is closed ------------------------------------------------------------------ */

#define BUFFER 1000

/* The application does not read: the window is closed, the peer at 1 + BUFFER. */
static void
close_our_window(void)
{
	given(ESTABLISHED, .conn.receive_buffer = BUFFER);
	inject(ACK, .len = BUFFER);
	expect_after_ms(40, ACK, .wnd = ZERO);
	expect_data(BUFFER);
}

SCRIPT(peer_probes, "RFC 9293 3.8.6.1: an ACK with RCV.NXT and the window, 3.10.7.4 first")
{
	close_our_window();
	for (unsigned int i = 0; i < 300; i++) {
		inject(ACK, .len = 1, .rejected = true);
		expect_verdict(SPT_V_TCP_WINDOW_PROBE);
		expect(ACK, .ack = 1 + BUFFER, .wnd = ZERO);
		advance_ms(1000);
	}
	expect_data(0);
	app_read(BUFFER);
	expect(ACK, .ack = 1 + BUFFER, .wnd = BUFFER);
	inject(ACK, .len = 1);
	expect_data(1);
	expect_after_ms(40, ACK, .wnd = BUFFER - 1);
}

SCRIPT(peer_probes_with_more, "RFC 9293 3.10.7.4 first: nothing fits, all is answered")
{
	close_our_window();
	inject(ACK, .len = 500, .rejected = true);
	expect(ACK, .ack = 1 + BUFFER, .wnd = ZERO);
	inject(FIN | ACK, .rejected = true);
	expect(ACK, .ack = 1 + BUFFER, .wnd = ZERO);
	expect_state(ESTABLISHED);
	inject(FIN | ACK, .len = 10, .rejected = true);
	expect(ACK, .ack = 1 + BUFFER, .wnd = ZERO);
	expect_state(ESTABLISHED);
	expect_data(0);
}

SCRIPT(ack_through_closed_window, "RFC 9293 3.4: transmitting and receiving ACKs goes on")
{
	close_our_window();
	app_send(100);
	expect(ACK, .len = 100, .wnd = ZERO);
	inject(ACK);
	expect_acked(100);
	expect_nothing();
	/* and on a segment whose text does not fit */
	app_send(100);
	expect(ACK, .len = 100, .wnd = ZERO);
	inject(ACK, .len = 10, .wnd = 5000, .rejected = true);
	expect_acked(100);
	check_eq(script_info().snd_wnd, 5000);
	expect(ACK, .ack = 1 + BUFFER, .wnd = ZERO);
	expect_silence_ms(10000);
}

SCRIPT(urgent_through_closed_window, "RFC 9293 3.4 MUST-66")
{
	close_our_window();
	inject(URG | ACK, .len = 1, .up = 1, .rejected = true);
	expect_event(SPT_URGENT);
	expect(ACK, .ack = 1 + BUFFER, .wnd = ZERO);
	check_eq(script_info().urgent, 1);
	inject(URG | ACK, .up = 20);
	expect_event(SPT_URGENT);
	check_eq(script_info().urgent, 20);
	expect_silence_ms(1000);
}

SCRIPT(reset_through_closed_window, "RFC 9293 3.4 MUST-66, 3.10.7.4 second")
{
	close_our_window();
	inject(RST | ACK, .seq = BUFFER); /* not at RCV.NXT: unacceptable */
	expect_verdict(SPT_V_TCP_RST_IGNORED);
	inject(RST | ACK, .seq = 2 + BUFFER);
	expect_verdict(SPT_V_TCP_RST_IGNORED);
	expect_silence_ms(100);
	expect_state(ESTABLISHED);
	inject(RST);
	expect_verdict(SPT_V_TCP_RST);
	expect_closed(-ECONNRESET);
	expect_gone();
}

SCRIPT(both_windows_closed, "RFC 9293 3.8.6.1: two ends that probe each other")
{
	close_our_window();
	inject(ACK, .wnd = ZERO);
	app_send(100);
	expect_after_ms(200, ACK, .seq = 1, .len = 1, .wnd = ZERO);
	inject(ACK, .ack = 1, .len = 1, .wnd = ZERO, .rejected = true);
	expect(ACK, .seq = ANY, .wnd = ZERO);
	expect_after_ms(400, ACK, .seq = 1, .len = 1, .wnd = ZERO);
	app_read(BUFFER);
	expect(ACK, .seq = ANY, .wnd = BUFFER);
	inject(ACK, .len = 1, .wnd = 1000);
	expect_data(1);
	expect(ACK, .seq = 2, .len = 99);
	inject(ACK);
	expect_acked(100);
	expect_silence_ms(1000);
}

SCRIPT_MAIN()

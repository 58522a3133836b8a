/* SPDX-License-Identifier: BSD-3-Clause */
/* What ends a silent connection: keep-alive (RFC 9293 3.8.4), idle time-out, FIN-WAIT-2. */
#include <lib/script.h>

#define HOUR   3600000
#define SECOND 1000

/* ---- keep-alive ---------------------------------------------------------------------- */

SCRIPT(off_by_default, "RFC 9293 3.8.4 MUST-25")
{
	given(ESTABLISHED);
	expect_silence_ms(48 * HOUR);
	expect_state(ESTABLISHED);
	inject(ACK, .len = 10);
	expect_data(10);
	expect_after_ms(40, ACK);
}

SCRIPT(nobody_answers, "RFC 9293 3.8.4 MUST-24, 28, 29, SHLD-12: 2 h, 75 s, 9 probes")
{
	given(ESTABLISHED, .conn.keepalive = true);
	expect_after_ms(2 * HOUR, ACK, .seq = ZERO); /* SND.NXT - 1 */
	expect_counted(keepalive_probes, 1);
	for (unsigned int i = 1; i < 9; i++)
		expect_after_ms(75 * SECOND, ACK, .seq = ZERO);
	expect_silence_ms(74 * SECOND + 900);
	expect_state(ESTABLISHED);
	advance_ms(200);
	check(ignore_segments() <= 1); /* a RST, if anything */
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

SCRIPT(peer_answers, "RFC 9293 3.8.4 MUST-26: idle for the interval, again")
{
	given(ESTABLISHED, .conn.keepalive = true);
	for (unsigned int i = 0; i < 4; i++) {
		expect_after_ms(2 * HOUR, ACK, .seq = ZERO);
		advance_ms(100);
		inject(ACK);
		expect_nothing();
	}
}

SCRIPT(late_answer, "RFC 9293 3.8.4 MUST-29: no answer to a probe means nothing")
{
	given(ESTABLISHED, .conn.keepalive = true);
	for (unsigned int round = 0; round < 2; round++) {
		expect_after_ms(2 * HOUR, ACK, .seq = ZERO);
		for (unsigned int i = 1; i < 9; i++)
			expect_after_ms(75 * SECOND, ACK, .seq = ZERO);
		expect_silence_ms(74 * SECOND);
		inject(ACK);
	}
	expect_after_ms(2 * HOUR, ACK, .seq = ZERO);
	inject(RST);
	expect_closed(-ECONNRESET);
}

SCRIPT(not_aligned_to_ticks, "RFC 9293 3.8.4 MUST-28: no less than two hours")
{
	given(ESTABLISHED, .conn.keepalive = true, .conn.no_delayed_ack = true);
	for (unsigned int i = 0; i < 20; i++) {
		advance_us(3337);
		inject(ACK, .len = 1);
		expect(ACK);
		expect_after_ms(2 * HOUR, ACK, .seq = ZERO);
	}
}

SCRIPT(configured, "RFC 9293 3.8.4 MUST-27")
{
	given(ESTABLISHED, .conn.keepalive = true, .conn.keepalive_idle_ms = 10000,
	    .conn.keepalive_interval_ms = 2000, .conn.keepalive_probes = 3);
	expect_after_ms(10000, ACK, .seq = ZERO);
	expect_after_ms(2000, ACK, .seq = ZERO);
	expect_after_ms(2000, ACK, .seq = ZERO);
	expect_silence_ms(1900);
	expect_state(ESTABLISHED);
	advance_ms(200);
	ignore_segments();
	expect_closed(-ETIMEDOUT);
}

/* The longest that can be asked for: longer than the wheel reaches. */
SCRIPT(a_day, "RFC 9293 3.8.4 MUST-27")
{
	given(ESTABLISHED, .conn.keepalive = true, .conn.keepalive_idle_ms = 24 * HOUR);
	expect_after_ms(24 * HOUR, ACK, .seq = ZERO);
	inject(ACK);
	expect_after_ms(24 * HOUR, ACK, .seq = ZERO);
}

/* Half ticks go round in 39 hours: an answered probe of then is none that waits for an answer. */
SCRIPT(a_probe_of_days_ago, "RFC 9293 3.8.4 MUST-28, 29")
{
	given(ESTABLISHED, .conn.keepalive = true, .conn.keepalive_probes = 1);
	expect_after_ms(2 * HOUR, ACK, .seq = ZERO);
	for (unsigned int i = 0; i < 77; i++) {
		inject(ACK);
		expect_silence_ms(HOUR / 2);
	}
	inject(ACK);
	expect_after_ms(2 * HOUR, ACK, .seq = ZERO);
}

SCRIPT(data_received, "RFC 9293 3.8.4 MUST-26: no data or ACK received within the interval")
{
	given(ESTABLISHED, .conn.keepalive = true);
	expect_silence_ms(1 * HOUR);
	inject(ACK, .len = 10);
	expect_after_ms(40, ACK);
	expect_after_ms(2 * HOUR - 40, ACK, .seq = ZERO);
}

SCRIPT(ack_received, "RFC 9293 3.8.4 MUST-26")
{
	given(ESTABLISHED, .conn.keepalive = true);
	expect_silence_ms(1 * HOUR);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK);
	expect_after_ms(2 * HOUR, ACK, .seq = 100); /* again one before SND.NXT */
	inject(ACK);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK);
	expect_acked(200);
}

SCRIPT(probes_are_reset_by_data, "RFC 9293 3.8.4 MUST-26")
{
	given(ESTABLISHED, .conn.keepalive = true);
	expect_after_ms(2 * HOUR, ACK, .seq = ZERO);
	expect_after_ms(75 * SECOND, ACK, .seq = ZERO);
	inject(ACK, .len = 10);
	expect_after_ms(40, ACK);
	expect_after_ms(2 * HOUR - 40, ACK, .seq = ZERO);
	for (unsigned int i = 1; i < 9; i++)
		expect_after_ms(75 * SECOND, ACK, .seq = ZERO);
	expect_state(ESTABLISHED);
}

SCRIPT(data_in_flight, "RFC 9293 3.8.4 MUST-26: when no sent data is outstanding")
{
	given(ESTABLISHED, .conn.keepalive = true, .conn.keepalive_idle_ms = 1000,
	    .conn.keepalive_interval_ms = 1000, .conn.keepalive_probes = 3, .conn.r1_retries = 99,
	    .conn.r2_ms = HOUR);
	app_send(100);
	expect(ACK, .len = 100);
	for (unsigned int ms = 200; ms < 60000; ms *= 2)
		expect_after_ms(ms, ACK, .seq = 1, .len = 100);
	inject(ACK);
	expect_after_ms(1000, ACK, .seq = 100);
	inject(ACK);
	expect_after_ms(1000, ACK, .seq = 100);
}

SCRIPT(closed_window, "RFC 9293 3.8.4, 3.8.6.1: window probes are not keep-alives")
{
	given(ESTABLISHED, .wnd = ZERO, .conn.keepalive = true, .conn.keepalive_idle_ms = 1000,
	    .conn.keepalive_interval_ms = 1000, .conn.keepalive_probes = 2);
	app_send(100);
	for (unsigned int ms = 200; ms < 60000; ms *= 2) {
		expect_within_ms(60001, ACK, .seq = 1, .len = 1);
		inject(ACK, .ack = 1);
	}
	expect_state(ESTABLISHED);
	inject(ACK);
	expect_acked(1);
}

SCRIPT(turned_on_later, "RFC 9293 3.8.4 MUST-24: for each connection")
{
	given(ESTABLISHED);
	expect_silence_ms(4000);
	app_set(.keepalive = true, .keepalive_idle_ms = 10000);
	expect_after_ms(6000, ACK, .seq = ZERO);
	inject(ACK);
	app_set(.keepalive = false);
	expect_silence_ms(4 * HOUR);
	app_set(.keepalive = true, .keepalive_idle_ms = 10000, .keepalive_interval_ms = 5000);
	expect_within_ms(10001, ACK, .seq = ZERO); /* idle for longer than that already */
	expect_after_ms(5000, ACK, .seq = ZERO);
}

SCRIPT(in_close_wait, "RFC 9293 3.8.4: the connection is half open, not over")
{
	given(CLOSE_WAIT, .conn.keepalive = true);
	expect_after_ms(2 * HOUR, ACK, .seq = ZERO);
	inject(ACK);
	expect_after_ms(2 * HOUR, ACK, .seq = ZERO);
}

/* ---- the peer's keep-alives -------------------------------------------------------------- */

SCRIPT(answered, "RFC 9293 3.8.4; 3.10.7.4 first: not acceptable, so an ACK")
{
	given(ESTABLISHED);
	inject(ACK, .seq = ZERO);
	expect_verdict(SPT_V_TCP_WINDOW_PROBE);
	expect(ACK, .seq = 1, .ack = 1);
	inject(ACK, .len = 100);
	expect_after_ms(40, ACK);
	expect_data(100);
	inject(ACK, .seq = 100);
	expect(ACK, .ack = 101);
	expect_nothing();
}

SCRIPT(answered_with_garbage, "RFC 9293 3.8.4 MAY-6: one octet of garbage")
{
	given(ESTABLISHED);
	inject(ACK, .seq = ZERO, .len = 1, .salt = 7);
	expect_verdict(SPT_V_TCP_WINDOW_PROBE);
	expect(ACK, .seq = 1, .ack = 1);
	inject(ACK, .len = 100);
	expect_after_ms(40, ACK);
	inject(ACK, .seq = 100, .len = 1, .salt = 7);
	expect(ACK, .ack = 101);
	expect_data(100);
	expect_nothing();
}

SCRIPT(answered_for_days, "RFC 9293 3.8.4; no limiter is in the way of an honest peer")
{
	given(ESTABLISHED);
	for (unsigned int i = 0; i < 100; i++) {
		advance_ms(1 * HOUR);
		inject(ACK, .seq = ZERO);
		expect(ACK, .seq = 1, .ack = 1);
	}
}

SCRIPT(answered_half_closed, "RFC 9293 3.8.4; 3.10.7.4 first")
{
	given(FIN_WAIT_2);
	inject(ACK, .seq = ZERO);
	expect(ACK, .seq = 2, .ack = 1);
	use_peer(1);
	given(CLOSE_WAIT);
	inject(ACK, .seq = 1);
	expect(ACK, .seq = 1, .ack = 2);
}

/* ---- idle time-out ------------------------------------------------------------------------ */

SCRIPT(idle_timeout, "septet.h: nothing received this long: abort")
{
	given(ESTABLISHED, .conn.idle_timeout_ms = 5000);
	expect_silence_ms(4000);
	inject(ACK, .len = 10);
	expect_after_ms(40, ACK);
	expect_silence_ms(4900);
	expect_state(ESTABLISHED);
	advance_ms(100);
	expect(RST | ACK);
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

SCRIPT(idle_timeout_while_sending, "septet.h: what we send does not count as received")
{
	given(ESTABLISHED, .conn.idle_timeout_ms = 5000, .conn.r1_retries = 99, .conn.r2_ms = HOUR);
	expect_silence_ms(3000);
	app_send(10);
	expect(ACK, .len = 10);
	advance_ms(1900);
	check(ignore_segments() > 0);
	expect_state(ESTABLISHED);
	advance_ms(200);
	expect(RST | ACK);
	expect_closed(-ETIMEDOUT);
}

SCRIPT(idle_timeout_and_keepalive, "septet.h: an answered keep-alive is something received")
{
	given(ESTABLISHED, .conn.idle_timeout_ms = 5000, .conn.keepalive = true,
	    .conn.keepalive_idle_ms = 2000, .conn.keepalive_interval_ms = 1000);
	for (unsigned int i = 0; i < 10; i++) {
		expect_after_ms(2000, ACK, .seq = ZERO);
		inject(ACK);
	}
	expect_after_ms(2000, ACK, .seq = ZERO);
	expect_after_ms(1000, ACK, .seq = ZERO);
	expect_after_ms(1000, ACK, .seq = ZERO);
	advance_ms(1100);
	check(ignore_segments() >= 1);
	expect_closed(-ETIMEDOUT);
}

/* ---- FIN-WAIT-2 ------------------------------------------------------------------------------ */

SCRIPT(fin_wait_2_after_close, "common practice, design section 6: 60 s after spt_close")
{
	given(FIN_WAIT_2, .by_close = true);
	expect_silence_ms(59900);
	expect_state(FIN_WAIT_2);
	advance_ms(200);
	ignore_segments();
	expect_event(SPT_CLOSED);
	expect_gone();
	inject(FIN | ACK, .rejected = true);
	expect_rst();
}

SCRIPT(fin_wait_2_configured, "septet.h: fin_wait2_ms")
{
	given(FIN_WAIT_2, .by_close = true, .conn.fin_wait2_ms = 1000);
	expect_silence_ms(990);
	expect_state(FIN_WAIT_2);
	advance_ms(20);
	ignore_segments();
	expect_event(SPT_CLOSED);
}

SCRIPT(fin_wait_2_after_shutdown, "RFC 9293 3.6: the peer may go on sending for ever")
{
	given(FIN_WAIT_2);
	expect_silence_ms(48 * HOUR);
	inject(ACK, .len = 10);
	expect_data(10);
	expect_after_ms(40, ACK);
	expect_state(FIN_WAIT_2);
	inject(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

SCRIPT(fin_wait_2_shutdown_then_close, "septet.h: bounded from spt_close on")
{
	given(FIN_WAIT_2);
	expect_silence_ms(1 * HOUR);
	app_close();
	expect_silence_ms(59900);
	expect_state(FIN_WAIT_2);
	advance_ms(200);
	ignore_segments();
	expect_event(SPT_CLOSED);
}

SCRIPT(fin_wait_2_keepalive, "RFC 9293 3.8.4: our FIN is acknowledged, nothing is outstanding")
{
	given(FIN_WAIT_2, .conn.keepalive = true);
	expect_after_ms(2 * HOUR, ACK, .seq = 1);
	inject(ACK);
	expect_after_ms(2 * HOUR, ACK, .seq = 1);
	for (unsigned int i = 1; i < 9; i++)
		expect_after_ms(75 * SECOND, ACK, .seq = 1);
	advance_ms(76 * SECOND);
	ignore_segments();
	expect_closed(-ETIMEDOUT);
}

SCRIPT_MAIN()

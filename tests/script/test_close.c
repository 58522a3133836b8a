/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ways in which a connection ends: RFC 9293 3.6 and 3.10.4, the FIN of 3.10.7.4, half-close,
 * what is lost on the way, and what the application's calls say meanwhile.
 */
#include <lib/script.h>

/* ---- the peer closes first ----------------------------------------------------- */

SCRIPT(passive_four_segments, "RFC 9293 3.6, case 2; 3.10.7.4 eighth; 3.10.4 CLOSE-WAIT")
{
	given(ESTABLISHED);
	inject(FIN | ACK);
	expect_verdict(SPT_V_TCP_FIN);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 2);
	expect_state(CLOSE_WAIT);
	expect_silence_ms(3600000); /* the application may take its time */
	app_close();
	expect(FIN | ACK, .seq = 1, .ack = 2);
	expect_state(LAST_ACK);
	inject(ACK);
	expect_verdict(SPT_V_TCP_LAST_ACK);
	expect_closed(0);
	expect_gone();
	expect_counted(closed, 1);
}

SCRIPT(passive_three_segments, "RFC 9293 3.6; DESIGN 5: our FIN rides on the ACK of the peer's")
{
	given(ESTABLISHED);
	app_on(SPT_PEER_CLOSED, app_close);
	inject(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	expect(FIN | ACK, .seq = 1, .ack = 2);
	expect_nothing();
	expect_state(LAST_ACK);
	inject(ACK);
	expect_closed(0);
}

SCRIPT(passive_by_shutdown, "RFC 9293 3.10.4, CLOSE-WAIT: one direction is left, and it ends")
{
	given(CLOSE_WAIT);
	app_shutdown();
	expect(FIN | ACK);
	expect_state(LAST_ACK);
	inject(ACK);
	expect_closed(0);
	expect_gone();
}

SCRIPT(half_close_by_peer, "RFC 9293 3.6, case 2: after the peer's FIN we go on sending")
{
	given(CLOSE_WAIT);
	app_send(100);
	expect(ACK, .len = 100, .ack = 2);
	inject(ACK);
	expect_acked(100);
	app_send(2 * FULL);
	expect(ACK, .len = FULL);
	expect(ACK, .len = FULL);
	inject(ACK);
	expect_acked(2 * FULL);
	expect_state(CLOSE_WAIT);
	app_close();
	expect(FIN | ACK);
	expect_state(LAST_ACK);
	inject(ACK);
	expect_closed(0);
}

SCRIPT(fin_after_what_is_queued, "RFC 9293 3.10.4, CLOSE-WAIT: queued until all SENDs are out")
{
	given(CLOSE_WAIT, .wnd = 1000);
	app_send(1500);
	expect(ACK, .len = 1000);
	app_close();
	expect_nothing();
	inject(ACK, .wnd = 1000);
	expect(FIN | ACK, .len = 500);
	expect_state(LAST_ACK);
	inject(ACK, .ack = 1501); /* all but the FIN */
	expect_state(LAST_ACK);
	expect_nothing();
	inject(ACK);
	expect_closed(0);
}

SCRIPT(fin_with_data, "RFC 9293 3.10.7.4, seventh and eighth: text first, then FIN")
{
	given(ESTABLISHED);
	inject(FIN | PSH | ACK, .len = 50);
	expect_data(50);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 52);
	expect_state(CLOSE_WAIT);
}

SCRIPT(fin_again_in_close_wait, "RFC 9293 3.10.7.4, first: not acceptable: <ACK=RCV.NXT>")
{
	given(CLOSE_WAIT);
	inject(FIN | ACK, .seq = 1);
	expect(ACK, .ack = 2);
	expect_state(CLOSE_WAIT);
	expect_no_event(SPT_PEER_CLOSED);
	app_close();
	expect(FIN | ACK);
	inject(FIN | ACK, .seq = 1, .ack = 1);
	expect(ACK, .ack = 2);
	expect_state(LAST_ACK);
	inject(ACK);
	expect_closed(0);
}

SCRIPT(text_after_fin, "RFC 9293 3.10.7.4, seventh: this should not occur; ignored")
{
	given(CLOSE_WAIT);
	inject(PSH | ACK, .len = 10, .rejected = true);
	ignore_segments();
	expect_data(0);
	expect_state(CLOSE_WAIT);
	inject(FIN | ACK, .len = 10, .rejected = true);
	ignore_segments();
	expect_data(0);
	expect_state(CLOSE_WAIT);
	check_eq(script_info().rcv_nxt, script_irs_plus(2));
	app_close();
	expect(FIN | ACK, .ack = 2);
	inject(ACK);
	expect_closed(0);
}

SCRIPT(fin_behind_gap, "RFC 9293 3.10.7.4, seventh (SHLD-31): the FIN waits for what is missing")
{
	given(ESTABLISHED);
	inject(FIN | ACK, .seq = 101);
	expect(ACK, .ack = 1);
	expect_state(ESTABLISHED);
	expect_no_event(SPT_PEER_CLOSED);
	inject(ACK, .seq = 1, .len = 100);
	expect_data(100);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 102);
	expect_state(CLOSE_WAIT);
}

SCRIPT(data_and_fin_behind_gap, "RFC 9293 3.10.7.4, seventh (SHLD-31) and eighth")
{
	given(ESTABLISHED);
	inject(FIN | ACK, .seq = 101, .len = 100);
	expect(ACK, .ack = 1);
	inject(FIN | ACK, .seq = 101, .len = 100); /* twice */
	expect(ACK, .ack = 1);
	expect_state(ESTABLISHED);
	expect_no_event(SPT_PEER_CLOSED);
	inject(ACK, .seq = 51, .len = 50);
	expect(ACK, .ack = 1);
	inject(ACK, .seq = 1, .len = 50);
	expect_data(200);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 202);
	expect_state(CLOSE_WAIT);
}

SCRIPT(fin_in_zero_window, "RFC 9293 3.4, 3.10.7.4 first: with a window of 0 a FIN does not fit")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000);
	inject(PSH | ACK, .len = 1000);
	expect_data(1000);
	expect_after_ms(40, ACK, .ack = 1001, .wnd = ZERO);
	inject(FIN | ACK, .rejected = true);
	expect(ACK, .ack = 1001, .wnd = ZERO);
	expect_state(ESTABLISHED);
	expect_no_event(SPT_PEER_CLOSED);
	app_read(1000);
	expect(ACK, .ack = 1001, .wnd = 1000);
	inject(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 1002);
	expect_state(CLOSE_WAIT);
}

SCRIPT(close_on_fin, "septet.h: a peer's FIN is answered by ours, as by spt_close")
{
	given(ESTABLISHED, .close_on_fin = true);
	inject(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	expect(FIN | ACK, .seq = 1, .ack = 2);
	expect_nothing();
	expect_state(LAST_ACK);
	app_send_fails(10, -EPIPE);
	inject(ACK);
	expect_closed(0);
	expect_gone();
}

SCRIPT(close_on_fin_with_data, "septet.h; RFC 9293 3.10.4: after what is queued")
{
	given(ESTABLISHED, .close_on_fin = true, .wnd = 1000);
	app_send(1500);
	expect(ACK, .len = 1000);
	inject(FIN | PSH | ACK, .len = 10, .ack = 1);
	expect_data(10);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 12);
	inject(ACK, .wnd = 1000);
	expect(FIN | ACK, .len = 500);
	expect_state(LAST_ACK);
	inject(ACK);
	expect_closed(0);
}

/* ---- we close first -------------------------------------------------------------- */

SCRIPT(active_four_segments, "RFC 9293 3.6, case 1, figure 12")
{
	given(ESTABLISHED);
	app_shutdown();
	expect(FIN | ACK, .seq = 1, .ack = 1);
	expect_state(FIN_WAIT_1);
	inject(ACK);
	expect_state(FIN_WAIT_2);
	expect_nothing();
	inject(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .seq = 2, .ack = 2);
	expect_state(TIME_WAIT);
	expect_closed(0);
}

SCRIPT(
    active_three_segments, "RFC 9293 3.10.7.4 eighth, FIN-WAIT-1: our FIN acknowledged: TIME-WAIT")
{
	given(FIN_WAIT_1, .by_close = true);
	inject(FIN | ACK);
	expect(ACK, .seq = 2, .ack = 2);
	expect_closed(0);
	expect_nothing();
	expect_state(TIME_WAIT);
	expect_counted(timewait_entered, 1);
}

SCRIPT(active_with_data, "RFC 9293 3.10.7.4: data, ACK of our FIN and FIN in one segment")
{
	given(FIN_WAIT_1);
	inject(FIN | PSH | ACK, .len = 77);
	expect_data(77);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .seq = 2, .ack = 79);
	expect_state(TIME_WAIT);
	expect_closed(0);
}

SCRIPT(fin_wait_1_at_once, "RFC 9293 3.10.4, ESTABLISHED: in any case, enter FIN-WAIT-1")
{
	given(ESTABLISHED, .wnd = 1000);
	app_send(1500);
	expect(ACK, .len = 1000);
	app_shutdown();
	expect_nothing();
	expect_state(FIN_WAIT_1);
	inject(ACK, .wnd = 1000);
	expect(FIN | ACK, .len = 500);
	expect_acked(1000);
	inject(ACK, .ack = 1501);
	expect_state(FIN_WAIT_1); /* the FIN is not acknowledged yet */
	expect_acked(500);
	inject(ACK);
	expect_acked(0); /* a FIN is no data */
	expect_state(FIN_WAIT_2);
}

SCRIPT(half_close_by_us, "RFC 9293 3.6, case 1: RECEIVE until told that the peer has closed too")
{
	given(FIN_WAIT_1);
	inject(PSH | ACK, .len = 100, .ack = 1);
	expect_data(100);
	expect_after_ms(40, ACK, .seq = 2, .ack = 101);
	expect_state(FIN_WAIT_1);
	inject(ACK);
	expect_state(FIN_WAIT_2);
	inject(PSH | ACK, .len = 1000);
	inject(PSH | ACK, .len = 1000);
	expect_data(2000);
	expect(ACK, .seq = 2, .ack = 2101);
	app_read(2100);
	inject(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 2102);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

SCRIPT(window_after_shutdown, "RFC 9293 3.8.6.2.2: reading opens the window in FIN-WAIT-2 as well")
{
	given(FIN_WAIT_2, .conn.receive_buffer = 1000);
	inject(PSH | ACK, .len = 1000);
	expect_after_ms(40, ACK, .ack = 1001, .wnd = ZERO);
	app_read(1000);
	expect(ACK, .seq = 2, .ack = 1001, .wnd = 1000);
	inject(PSH | ACK, .len = 500);
	expect_data(1500);
	expect_after_ms(40, ACK, .ack = 1501);
}

SCRIPT(simultaneous, "RFC 9293 3.6, case 3, figure 13: FIN-WAIT-1, CLOSING, TIME-WAIT")
{
	given(FIN_WAIT_1);
	inject(FIN | ACK, .ack = 1);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .seq = 2, .ack = 2);
	expect_state(CLOSING);
	inject(ACK, .seq = 2);
	expect_closed(0);
	expect_nothing();
	expect_state(TIME_WAIT);
}

SCRIPT(simultaneous_with_data, "RFC 9293 3.10.7.4 eighth, FIN-WAIT-1: the FIN not acknowledged")
{
	given(ESTABLISHED);
	app_send(100);
	expect(ACK, .len = 100);
	app_close();
	expect(FIN | ACK);
	inject(FIN | ACK, .ack = 101); /* the data, not the FIN */
	expect(ACK, .seq = 102, .ack = 2);
	expect_state(CLOSING);
	inject(FIN | ACK, .seq = 1, .ack = 101); /* again: not acceptable any more */
	expect(ACK, .seq = 102, .ack = 2);
	expect_state(CLOSING);
	inject(ACK, .seq = 2);
	expect_state(TIME_WAIT);
	expect_closed(0);
}

SCRIPT(fin_in_fin_wait_behind_gap, "RFC 9293 3.10.7.4 eighth: in FIN-WAIT-2 too, the gap first")
{
	given(FIN_WAIT_2);
	inject(FIN | ACK, .seq = 51);
	expect(ACK, .ack = 1);
	expect_state(FIN_WAIT_2);
	inject(ACK, .seq = 1, .len = 50);
	expect_data(50);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .seq = 2, .ack = 52);
	expect_state(TIME_WAIT);
	expect_closed(0);
}

/* ---- what is lost ------------------------------------------------------------------ */

SCRIPT(fin_lost, "RFC 6298 5.4 to 5.6: a FIN is sent again as data is")
{
	given(FIN_WAIT_1);
	expect_after_ms(200, FIN | ACK, .seq = 1);
	expect_after_ms(400, FIN | ACK, .seq = 1);
	expect_after_ms(800, FIN | ACK, .seq = 1);
	expect_event(SPT_SOFT_ERROR); /* R1, RFC 9293 3.8.3 */
	inject(ACK);
	expect_state(FIN_WAIT_2);
	expect_silence_ms(100000);
}

SCRIPT(fin_lost_in_last_ack, "RFC 6298 5.4; RFC 9293 3.10.7.4 fifth, LAST-ACK")
{
	given(LAST_ACK, .by_close = true);
	expect_after_ms(200, FIN | ACK, .seq = 1, .ack = 2);
	expect_state(LAST_ACK);
	inject(ACK);
	expect_closed(0);
	expect_gone();
}

SCRIPT(fin_lost_in_closing, "RFC 6298 5.4; RFC 9293 3.10.7.4 fifth, CLOSING")
{
	given(CLOSING, .by_close = true);
	expect_after_ms(200, FIN | ACK, .seq = 1, .ack = 2);
	expect_state(CLOSING);
	inject(ACK);
	expect_state(TIME_WAIT);
	expect_closed(0);
}

SCRIPT(
    fin_with_data_lost, "RFC 9293 3.8.1: what is sent again may be the same segment, FIN and all")
{
	given(ESTABLISHED, .wnd = 1000);
	app_send(1500);
	expect(ACK, .len = 1000);
	app_close();
	inject(ACK);
	expect(FIN | ACK, .len = 500);
	expect_after_ms(200, FIN | ACK, .seq = 1001, .len = 500);
	inject(ACK, .ack = 1501);
	expect_state(FIN_WAIT_1);
	/*
	 * Only the FIN is left, after the present RTO (RFC 6298 5.3): still backed off (Karn),
	 * unless timestamps allow a sample (RFC 7323 4.1).
	 */
	expect_after_ms(script_timestamps() ? 200 : 400, FIN | ACK, .seq = 1501);
	inject(ACK);
	expect_state(FIN_WAIT_2);
}

SCRIPT(never_acknowledged, "RFC 9293 3.8.3: R2 ends it, at least 100 s, in LAST-ACK as elsewhere")
{
	given(LAST_ACK, .by_close = true);
	advance_ms(200);
	ignore_segments();
	for (unsigned int s = 0; s < 99; s++) {
		advance_ms(1000);
		ignore_segments();
	}
	expect_state(LAST_ACK);
	for (unsigned int s = 0; s < 100; s++) {
		advance_ms(1000);
		ignore_segments();
	}
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

SCRIPT(fin_against_zero_window, "docs/decisions.md: a FIN on a closed window is the window probe")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_close();
	expect_state(FIN_WAIT_1);
	expect_after_ms(200, FIN | ACK, .seq = 1);
	expect_after_ms(400, FIN | ACK, .seq = 1);
	inject(ACK, .wnd = ZERO);
	expect_state(FIN_WAIT_2);
	inject(FIN | ACK, .wnd = ZERO);
	expect(ACK);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

/* ---- close that loses data --------------------------------------------------------- */

/* A turn whose events wait: what arrived is not handed to the application yet. */
static void
turn_without_events(void)
{
	check_eq(spt_poll(script_engine(), script_now(), NULL, 0), 0);
}

SCRIPT(close_with_unread_data, "RFC 9293 3.6.1 SHLD-3: data is pending in TCP: RST")
{
	given(ESTABLISHED);
	inject(PSH | ACK, .len = 100, .more = true);
	turn_without_events();
	app_close();
	expect(RST | ACK, .seq = 1);
	expect_closed(-ECONNABORTED);
	expect_gone();
}

SCRIPT(close_with_data_behind_gap, "RFC 9293 3.6.1 SHLD-3: what waits in TCP is pending too")
{
	given(ESTABLISHED);
	inject(PSH | ACK, .seq = 101, .len = 10);
	expect(ACK, .ack = 1);
	app_close();
	expect(RST | ACK, .seq = 1, .ack = 1);
	expect_closed(-ECONNABORTED);
	expect_gone();
}

SCRIPT(close_with_delivered_data, "RFC 9293 3.6.1: what the application was given is not pending")
{
	given(ESTABLISHED);
	inject(PSH | ACK, .len = 100);
	expect_data(100);
	app_close();
	expect(FIN | ACK, .ack = 101);
	expect_state(FIN_WAIT_1);
}

SCRIPT(data_after_close, "RFC 9293 3.6.1 SHLD-3: new data after CLOSE: RST, to show it was lost")
{
	given(FIN_WAIT_1, .by_close = true);
	inject(PSH | ACK, .len = 10, .ack = 1);
	expect_verdict(SPT_V_TCP_DATA_AFTER_CLOSE);
	expect(RST | ACK, .seq = 2, .ack = ANY);
	expect_closed(-ECONNABORTED);
	expect_gone();
	use_peer(1);
	given(FIN_WAIT_2, .by_close = true);
	inject(FIN | PSH | ACK, .len = 10);
	expect_verdict(SPT_V_TCP_DATA_AFTER_CLOSE);
	expect(RST | ACK, .seq = 2, .ack = ANY);
	expect_closed(-ECONNABORTED);
	expect_gone();
}

SCRIPT(old_data_after_close, "RFC 9293 3.10.7.4 first: what is sent again is no new data")
{
	given(ESTABLISHED);
	inject(PSH | ACK, .len = 10);
	app_close();
	expect(FIN | ACK, .ack = 11);
	inject(PSH | ACK, .seq = 1, .len = 10, .ack = 1);
	expect(ACK, .ack = 11);
	expect_state(FIN_WAIT_1);
	inject(FIN | ACK);
	expect(ACK, .ack = 12);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

SCRIPT(no_data_after_shutdown_lost, "RFC 9293 3.6: half-closed, data is taken; then close")
{
	given(FIN_WAIT_2);
	inject(PSH | ACK, .len = 10);
	expect_data(10);
	app_close();
	expect_after_ms(40, ACK, .ack = 11);
	inject(PSH | ACK, .len = 10);
	expect(RST | ACK, .ack = ANY);
	expect_closed(-ECONNABORTED);
}

/* ---- FIN-WAIT-2 -------------------------------------------------------------------- */

SCRIPT(fin_wait_2_after_close, "DESIGN 6: 60 s after close; RFC 9293 3.6.1, 3.10.7.1 afterwards")
{
	given(FIN_WAIT_2, .by_close = true);
	expect_silence_ms(59990);
	expect_state(FIN_WAIT_2);
	advance_ms(20);
	expect_closed(-ETIMEDOUT);
	expect_nothing();
	expect_gone();
	inject(FIN | ACK);
	expect_rst();
}

SCRIPT(fin_wait_2_after_shutdown, "DESIGN 6: never after shutdown, as long as the peer likes")
{
	given(FIN_WAIT_2);
	expect_silence_ms(86400000);
	inject(PSH | ACK, .len = 10);
	expect_data(10);
	expect_after_ms(40, ACK, .ack = 11);
	inject(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

SCRIPT(shutdown_then_close, "DESIGN 6: the bound begins with close")
{
	given(FIN_WAIT_2);
	expect_silence_ms(1000000);
	app_close();
	expect_silence_ms(59990);
	expect_state(FIN_WAIT_2);
	advance_ms(20);
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

SCRIPT(shutdown_then_close_at_once, "DESIGN 6: the bound is FIN-WAIT-2's, not FIN-WAIT-1's")
{
	given(FIN_WAIT_1);
	app_close();
	expect_nothing();
	expect_state(FIN_WAIT_1);
	advance_ms(150);
	inject(ACK);
	expect_state(FIN_WAIT_2);
	expect_silence_ms(59990);
	expect_state(FIN_WAIT_2);
	advance_ms(20);
	expect_closed(-ETIMEDOUT);
}

SCRIPT(fin_wait_2_bound_set, "septet.h, spt_conn_options.fin_wait2_ms")
{
	given(FIN_WAIT_2, .by_close = true, .conn.fin_wait2_ms = 5000);
	expect_silence_ms(4990);
	inject(FIN | ACK); /* in time */
	expect(ACK);
	expect_closed(0);
	expect_state(TIME_WAIT);
	use_peer(1);
	given(FIN_WAIT_2, .by_close = true);
	expect_silence_ms(4990);
	advance_ms(20);
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

/* ---- ABORT and RST ----------------------------------------------------------------- */

static const enum spt_state every[] = {
    SPT_ESTABLISHED,
    SPT_FIN_WAIT_1,
    SPT_FIN_WAIT_2,
    SPT_CLOSE_WAIT,
    SPT_CLOSING,
    SPT_LAST_ACK,
};

static void
given_state(unsigned int i)
{
	use_peer(i);
	SCRIPT_DO(script_given(&(struct given){.state = every[i]}));
}

SCRIPT(abort_in_each_state, "RFC 9293 3.10.5: <SEQ=SND.NXT><CTL=RST>; CLOSING, LAST-ACK: none")
{
	for (unsigned int i = 0; i < RTE_DIM(every); i++) {
		given_state(i);
		app_abort();
		if (every[i] != SPT_CLOSING && every[i] != SPT_LAST_ACK)
			expect(RST | ACK);
		expect_closed(-ECONNABORTED);
		expect_nothing();
		expect_gone();
		app_send_fails(1, -ESTALE);
		inject(ACK);
		expect_rst();
	}
}

SCRIPT(abort_with_data_queued, "RFC 9293 3.10.5: all that is queued is flushed")
{
	given(ESTABLISHED, .wnd = 1000);
	app_send(3000);
	expect(ACK, .len = 1000);
	app_abort();
	expect(RST | ACK, .seq = 1001);
	expect_closed(-ECONNABORTED);
	expect_gone();
	expect_silence_ms(10000);
}

SCRIPT(abort_at_once, "septet.h, spt_abort: the handle is stale when it returns")
{
	given(ESTABLISHED);
	check_eq(spt_abort(script_engine(), script_conn()), 0);
	check_eq(spt_abort(script_engine(), script_conn()), -ESTALE);
	check_eq(spt_close(script_engine(), script_conn()), -ESTALE);
	script_settle();
	expect(RST | ACK);
	expect_closed(-ECONNABORTED);
}

SCRIPT(rst_in_each_state, "RFC 9293 3.10.7.4 second: connection reset; CLOSING, LAST-ACK: closed")
{
	for (unsigned int i = 0; i < RTE_DIM(every); i++) {
		bool over = every[i] == SPT_CLOSING || every[i] == SPT_LAST_ACK;

		given_state(i);
		inject(RST);
		expect_verdict(SPT_V_TCP_RST);
		expect_counted(closed_reset_by_peer, 1);
		expect_closed(over ? 0 : -ECONNRESET);
		expect_nothing();
		expect_gone();
	}
}

SCRIPT(rst_with_data_unacknowledged, "RFC 9293 3.10.7.4 second: the end, but not of what is lost")
{
	given(CLOSE_WAIT);
	app_send(10);
	expect(ACK, .len = 10);
	app_close();
	expect(FIN | ACK);
	expect_state(LAST_ACK);
	inject(RST);
	expect_closed(-ECONNRESET);
	expect_gone();
	use_peer(1);
	given(ESTABLISHED);
	app_send(10);
	expect(ACK, .len = 10);
	app_close();
	expect(FIN | ACK);
	inject(FIN | ACK, .ack = 10); /* all but one byte */
	ignore_segments();
	expect_state(CLOSING);
	inject(RST);
	expect_closed(-ECONNRESET);
	expect_gone();
	use_peer(2);
	given(CLOSE_WAIT);
	app_send(10);
	expect(ACK, .len = 10);
	app_close();
	expect(FIN | ACK);
	inject(ACK, .ack = 11); /* all but the FIN */
	inject(RST);
	expect_closed(0);
	expect_gone();
}

/* ---- what the calls say -------------------------------------------------------------- */

SCRIPT(calls_while_closing, "RFC 9293 3.10.2, 3.10.4: connection closing; septet.h")
{
	for (unsigned int i = 0; i < RTE_DIM(every); i++) {
		if (every[i] == SPT_ESTABLISHED || every[i] == SPT_CLOSE_WAIT)
			continue;
		given_state(i);
		app_send_fails(10, -EPIPE);
		check_eq(spt_shutdown(script_engine(), script_conn()), -EALREADY);
		check_eq(spt_close(script_engine(), script_conn()), 0);
		check_eq(spt_close(script_engine(), script_conn()), 0);
		check_eq(spt_shutdown(script_engine(), script_conn()), -EALREADY);
		app_send_fails(10, -EPIPE);
		expect_nothing();
		SCRIPT_DO(script_expect_state(every[i]));
	}
}

static void
expect_stale(spt_conn conn)
{
	struct spt_engine *e = script_engine();
	struct spt_conn_options options = {0};
	struct spt_conn_info info;
	struct rte_mbuf *m = spt_buffer_alloc(e);

	rte_pktmbuf_append(m, 10);
	check_eq(spt_send(e, conn, m, 0), -ESTALE);
	rte_pktmbuf_free(m);
	check_eq(spt_receive_done(e, conn, 1), -ESTALE);
	check_eq(spt_shutdown(e, conn), -ESTALE);
	check_eq(spt_close(e, conn), -ESTALE);
	check_eq(spt_abort(e, conn), -ESTALE);
	check_eq(spt_conn_info(e, conn, &info), -ESTALE);
	check_eq(spt_conn_get(e, conn, &options), -ESTALE);
	check_eq(spt_conn_set(e, conn, &options), -ESTALE);
	check_eq(spt_conn_set_user(e, conn, NULL), -ESTALE);
}

SCRIPT(calls_afterwards, "RFC 9293 3.10.2 to 3.10.6, CLOSED: connection does not exist")
{
	spt_conn old;

	given(LAST_ACK);
	old = script_conn();
	inject(ACK);
	expect_closed(0);
	expect_stale(old);
	/* nor does it mean another one that lives in the same place */
	use_peer(1);
	given(ESTABLISHED);
	check(script_conn() != old);
	expect_stale(old);
	expect_state(ESTABLISHED);
	expect_stale(SPT_CONN_NONE);
	expect_stale(UINT64_MAX);
	use_peer(2);
	given(TIME_WAIT);
	expect_stale(script_conn());
	expect_nothing();
}

SCRIPT(closed_but_not_told, "DESIGN 5: CLOSED is the last event, its handle is stale before")
{
	given(ESTABLISHED);
	inject(RST, .more = true);
	turn_without_events();
	expect_stale(script_conn());
	expect_gone();
	script_settle();
	expect_closed(-ECONNRESET);
}

SCRIPT(a_life_in_one_turn, "DESIGN 5: events of one connection coalesce, with the reason")
{
	given(SYN_RECEIVED);
	inject(FIN | PSH | ACK, .len = 10, .more = true);
	inject(RST);
	ignore_segments();
	expect_event(SPT_ACCEPTED);
	expect_data(10);
	expect_event(SPT_PEER_CLOSED);
	expect_closed(-ECONNRESET);
	expect_gone();
}

SCRIPT_MAIN()

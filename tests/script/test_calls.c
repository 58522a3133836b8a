/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the matrix of calls (tests/matrix/test_calls.c) found: CLOSE, RECEIVE and STATUS where data
 * waits that the application has not taken, and what is no data.
 */
#include <lib/script.h>

/* 'n' bytes and perhaps a FIN arrive in a turn whose events wait. */
static void
arrives_unread(uint32_t n, bool fin)
{
	inject(PSH | ACK, .len = n, .ack = 1, .more = true);
	if (fin)
		inject(FIN | ACK, .ack = 1, .more = true);
	check_eq(spt_poll(script_engine(), script_now(), NULL, 0), 0);
}

SCRIPT(close_with_unread_data_in_last_ack,
    "RFC 9293 3.6.1 SHLD-3: CLOSE while received data is pending: a RST, also when all was said")
{
	given(ESTABLISHED);
	arrives_unread(100, true);
	check_eq(spt_shutdown(script_engine(), script_conn()), 0);
	check_eq(spt_poll(script_engine(), script_now(), NULL, 0), 0);
	expect(FIN | ACK, .ack = 102);
	expect_state(LAST_ACK);
	check_eq(spt_close(script_engine(), script_conn()), 0);
	script_settle();
	expect(RST | ACK, .seq = 2, .ack = 102);
	expect_event(SPT_PEER_CLOSED);
	expect_closed(-ECONNABORTED);
	expect_gone();
}

SCRIPT(abort_in_last_ack, "RFC 9293 3.10.5, LAST-ACK: ok, and no segment, unread data or not")
{
	given(ESTABLISHED);
	arrives_unread(100, true);
	check_eq(spt_shutdown(script_engine(), script_conn()), 0);
	check_eq(spt_poll(script_engine(), script_now(), NULL, 0), 0);
	expect(FIN | ACK, .ack = 102);
	check_eq(spt_abort(script_engine(), script_conn()), 0);
	script_settle();
	expect_event(SPT_PEER_CLOSED);
	expect_closed(-ECONNABORTED);
	expect_nothing();
	expect_gone();
}

SCRIPT(done_before_delivered,
    "septet.h, spt_receive_done: of received data: what was not handed out is not yet")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000);
	arrives_unread(600, false);
	check_eq(spt_receive_done(script_engine(), script_conn(), 1), -EINVAL);
	check_eq(spt_receive_done(script_engine(), script_conn(), 600), -EINVAL);
	check_eq(script_info().undelivered, 600);
	script_settle();
	expect_data(600);
	expect_within_ms(40, ACK, .ack = 601, .wnd = 400);
	check_eq(spt_receive_done(script_engine(), script_conn(), 601), -EINVAL);
	app_read(600);
	expect(ACK, .ack = 601, .wnd = 1000);
}

SCRIPT(unacked_are_bytes, "RFC 9293 3.10.6; septet.h, spt_conn_info: SYN and FIN are no bytes")
{
	given(SYN_SENT);
	check_eq(script_info().unacked, 0);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	app_send(100);
	expect(ACK, .len = 100);
	check_eq(script_info().unacked, 100);
	app_shutdown();
	expect(FIN | ACK);
	check_eq(script_info().unacked, 100);
	inject(ACK, .ack = 101);
	check_eq(script_info().unacked, 0);
	check_eq(script_info().snd_nxt, script_iss_plus(102));
	inject(ACK);
	expect_state(FIN_WAIT_2);
	check_eq(script_info().unacked, 0);
}

SCRIPT_MAIN()

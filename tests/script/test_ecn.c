/* SPDX-License-Identifier: BSD-3-Clause */
/* ECN (RFC 3168) in the handshake, and the receiver's half of it: CE is echoed until CWR comes. */
#include "script.h"

#define ECT0 2
#define ECT1 1
#define CE   3

/* ---- the handshake ---------------------------------------------------------------- */

SCRIPT(accepted, "RFC 3168 6.1.1: a SYN with ECE and CWR is answered with ECE, neither is ECT")
{
	given(LISTEN);
	inject(SYN | ECE | CWR);
	expect(SYN | ACK | ECE, .tos = ZERO);
	inject(ACK);
	check_eq(script_info().ecn, true);
	/* also when it is sent again by the timer, or because the SYN comes again */
	use_peer(1);
	inject(SYN | ECE | CWR);
	expect(SYN | ACK | ECE);
	expect_after_ms(1000, SYN | ACK | ECE, .seq = ZERO);
	inject(SYN | ECE | CWR);
	expect(SYN | ACK | ECE, .seq = ZERO);
}

SCRIPT(half_asked, "RFC 3168 6.1.1: one of the flags alone asks for nothing")
{
	given(LISTEN);
	inject(SYN | ECE);
	expect(SYN | ACK);
	inject(ACK);
	check_eq(script_info().ecn, false);
	use_peer(1);
	inject(SYN | CWR);
	expect(SYN | ACK);
	inject(ACK);
	check_eq(script_info().ecn, false);
}

SCRIPT(not_wanted, "septet.h: SPT_ECN_NEVER")
{
	given(LISTEN, .conn.ecn = SPT_ECN_NEVER);
	inject(SYN | ECE | CWR);
	expect(SYN | ACK);
	inject(ACK);
	check_eq(script_info().ecn, false);
	inject(ACK, .len = 10, .tos = CE);
	expect_within_ms(40, ACK);
}

SCRIPT(given_up_by_the_peer, "RFC 3168 6.1.1.1: the SYN that is repeated asks no more")
{
	given(LISTEN);
	inject(SYN | ECE | CWR);
	expect(SYN | ACK | ECE);
	inject(SYN);
	expect(SYN | ACK, .seq = ZERO);
	inject(ACK);
	check_eq(script_info().ecn, false);
	inject(ACK, .len = 10, .tos = CE);
	expect_within_ms(40, ACK);
	app_send(10);
	expect(ACK, .len = 10, .tos = ZERO);
}

SCRIPT(by_cookie, "DESIGN 6: ECN comes back with the cookie")
{
	given(LISTEN, .config.syn_cookies = SPT_COOKIES_ALWAYS);
	inject(SYN | ECE | CWR);
	expect(SYN | ACK | ECE);
	inject(ACK);
	check_eq(script_info().ecn, true);
	use_peer(1);
	inject(SYN);
	expect(SYN | ACK);
	inject(ACK);
	check_eq(script_info().ecn, false);
}

SCRIPT(not_asked, "septet.h: SPT_ECN_ACCEPT asks for nothing, and an ECE unasked is none")
{
	given(LISTEN);
	app_connect();
	expect(SYN, .tos = ZERO);
	inject(SYN | ACK | ECE);
	expect(ACK);
	expect_connected();
	check_eq(script_info().ecn, false);
}

SCRIPT(asked, "RFC 3168 6.1.1: ECE and CWR on our SYN, ECE alone on the SYN-ACK")
{
	given(LISTEN, .conn.ecn = SPT_ECN_ASK);
	app_connect();
	expect(SYN | ECE | CWR, .tos = ZERO);
	inject(SYN | ACK | ECE);
	expect(ACK, .tos = ZERO);
	expect_connected();
	check_eq(script_info().ecn, true);
}

SCRIPT(asked_in_vain, "RFC 3168 6.1.1: a SYN-ACK without ECE, or one that reflects our flags")
{
	given(LISTEN, .conn.ecn = SPT_ECN_ASK);
	app_connect();
	expect(SYN | ECE | CWR);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	check_eq(script_info().ecn, false);
	use_peer(1);
	app_connect();
	expect(SYN | ECE | CWR);
	inject(SYN | ACK | ECE | CWR);
	expect(ACK);
	expect_connected();
	check_eq(script_info().ecn, false);
	app_send(10);
	expect(ACK, .len = 10, .tos = ZERO);
}

SCRIPT(asked_once, "RFC 3168 6.1.1.1: the SYN that is repeated asks no more; 6.1.1: then no ECT, "
                   "but CE is echoed")
{
	given(LISTEN, .conn.ecn = SPT_ECN_ASK);
	app_connect();
	expect(SYN | ECE | CWR);
	expect_after_ms(1000, SYN, .seq = ZERO);
	/* the answer to the first */
	inject(SYN | ACK | ECE);
	expect(ACK);
	expect_connected();
	app_send(10);
	expect(ACK, .len = 10, .tos = ZERO);
	inject(ACK, .len = 10, .tos = CE);
	expect_within_ms(40, ACK | ECE);
}

SCRIPT(asked_once_answered, "RFC 3168 6.1.1.1: the answer to the SYN that asked for nothing")
{
	given(LISTEN, .conn.ecn = SPT_ECN_ASK);
	app_connect();
	expect(SYN | ECE | CWR);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	check_eq(script_info().ecn, false);
}

SCRIPT(simultaneous, "RFC 3168 6.1.1: both SYNs ask, both SYN-ACKs agree")
{
	given(SYN_RECEIVED, .active = ON, .ecn = true, .conn.ecn = SPT_ECN_ASK);
	/* the peer's SYN again: the SYN-ACK as before */
	inject(SYN | ECE | CWR);
	expect(SYN | ACK | ECE, .seq = ZERO);
	inject(SYN | ACK | ECE, .seq = ZERO);
	expect_connected();
	expect(ACK);
	check_eq(script_info().ecn, true);
	app_send(10);
	expect(ACK, .len = 10, .tos = ECT0);
}

SCRIPT(simultaneous_one, "RFC 3168 6.1.1: the peer's SYN asks, ours did not")
{
	given(SYN_RECEIVED, .active = ON, .ecn = true);
	inject(ACK);
	expect_connected();
	check_eq(script_info().ecn, false);
}

SCRIPT(simultaneous_other, "RFC 3168 6.1.1: ours asked, the peer's SYN does not; or its SYN-ACK")
{
	given(SYN_RECEIVED, .active = ON, .conn.ecn = SPT_ECN_ASK);
	inject(ACK);
	expect_connected();
	check_eq(script_info().ecn, false);
	use_peer(1);
	given(SYN_RECEIVED, .active = ON, .ecn = true);
	inject(SYN | ACK, .seq = ZERO);
	expect_connected();
	expect(ACK);
	check_eq(script_info().ecn, false);
}

SCRIPT(simultaneous_late, "RFC 3168 6.1.1: a SYN of ours asked, the one that was repeated did not")
{
	given(LISTEN, .conn.ecn = SPT_ECN_ASK);
	app_connect();
	expect(SYN | ECE | CWR);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(SYN | ECE | CWR);
	expect(SYN | ACK, .seq = ZERO);
	inject(ACK);
	expect_connected();
	check_eq(script_info().ecn, false);
}

/* ---- marks ------------------------------------------------------------------------- */

SCRIPT(ect, "RFC 3168 6.1.2, 6.1.4, 6.1.5: ECT(0) on new text, not on ACKs and what is sent again")
{
	given(ESTABLISHED, .ecn = true, .conn.ecn = SPT_ECN_ASK, .conn.dscp = 10);
	inject(ACK, .len = 10);
	expect_within_ms(40, ACK, .tos = 40);
	app_send(10);
	expect(ACK, .len = 10, .tos = 40 + ECT0);
	expect_within_ms(1500, ACK, .seq = 1, .len = 10, .tos = 40);
	inject(ACK);
	app_shutdown();
	expect(FIN | ACK, .tos = 40);
}

SCRIPT(no_ect, "RFC 3168 6.1.1: no ECT where ECN was not agreed on")
{
	given(ESTABLISHED);
	app_send(10);
	expect(ACK, .len = 10, .tos = ZERO);
}

/* ---- the echo ------------------------------------------------------------------------ */

SCRIPT(echo, "RFC 3168 6.1.3: ECE on every ACK until CWR comes")
{
	given(ESTABLISHED, .ecn = true, .conn.ecn = SPT_ECN_ASK);
	inject(ACK, .len = 10, .tos = ECT0);
	expect_within_ms(40, ACK);
	inject(ACK, .len = 10, .tos = CE);
	expect_counted(rx_congestion, 1);
	expect_within_ms(40, ACK | ECE);
	inject(ACK, .len = 10, .tos = ECT1);
	expect_within_ms(40, ACK | ECE);
	app_send(10);
	expect(ACK | ECE, .len = 10);
	inject(ACK | CWR, .len = 10, .tos = ECT0);
	expect_within_ms(40, ACK);
	inject(ACK, .len = 10, .tos = ECT0);
	expect_within_ms(40, ACK);
}

SCRIPT(echo_again, "RFC 3168 6.1.3: a segment with CWR that is marked itself")
{
	given(ESTABLISHED, .ecn = true, .conn.ecn = SPT_ECN_ASK);
	inject(ACK, .len = 10, .tos = CE);
	expect_within_ms(40, ACK | ECE);
	inject(ACK | CWR, .len = 10, .tos = CE);
	expect_within_ms(40, ACK | ECE);
	inject(ACK | CWR, .len = 10, .tos = ECT0);
	expect_within_ms(40, ACK);
}

SCRIPT(echo_out_of_order, "RFC 3168 6.1.3: a mark behind a gap counts, too")
{
	given(ESTABLISHED, .ecn = true, .conn.ecn = SPT_ECN_ASK, .sack_perm = true);
	inject(ACK, .seq = 11, .len = 10, .tos = CE);
	expect(ACK | ECE, .ack = 1, .sack = {{11, 21}});
}

SCRIPT(no_echo_outside, "RFC 3168 6.1.5, 6.1.6: marks on what the window does not take are ignored")
{
	given(ESTABLISHED, .ecn = true, .conn.ecn = SPT_ECN_ASK, .conn.receive_buffer = 1000);
	inject(ACK, .seq = 5000, .len = 10, .tos = CE, .rejected = true);
	expect(ACK);
	inject(ACK, .len = 500);
	expect_within_ms(40, ACK);
	inject(ACK, .seq = 1, .len = 100, .tos = CE);
	expect(ACK);
	inject(ACK, .len = 500);
	expect_within_ms(40, ACK, .wnd = ZERO);
	inject(ACK, .len = 1, .tos = CE, .rejected = true);
	expect(ACK, .wnd = ZERO);
}

SCRIPT(no_echo_of_acks, "RFC 3168 6.1.4: a mark on what has no text")
{
	given(ESTABLISHED, .ecn = true, .conn.ecn = SPT_ECN_ASK);
	inject(ACK, .tos = CE);
	inject(FIN | ACK, .tos = CE);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK);
}

SCRIPT(no_cwr_of_acks, "RFC 3168 6.1.3: CWR comes on text")
{
	given(ESTABLISHED, .ecn = true, .conn.ecn = SPT_ECN_ASK);
	inject(ACK, .len = 10, .tos = CE);
	expect_within_ms(40, ACK | ECE);
	inject(ACK | CWR);
	inject(ACK, .len = 10);
	expect_within_ms(40, ACK | ECE);
}

SCRIPT(no_echo_unagreed, "RFC 3168 6.1.1: a mark where ECN was not agreed on")
{
	given(ESTABLISHED);
	inject(ACK, .len = 10, .tos = CE);
	expect_within_ms(40, ACK);
	expect_counted(rx_congestion, 0);
}

SCRIPT(reset_says_nothing, "RFC 9293 3.10.5: RST has no ECE")
{
	given(ESTABLISHED, .ecn = true, .conn.ecn = SPT_ECN_ASK);
	inject(ACK, .len = 10, .tos = CE);
	expect_within_ms(40, ACK | ECE);
	app_abort();
	expect(RST | ACK, .tos = ZERO);
	expect_closed(-ECONNABORTED);
}

SCRIPT_MAIN()

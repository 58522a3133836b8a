/* SPDX-License-Identifier: BSD-3-Clause */
/* The passive open: LISTEN and SYN-RECEIVED (RFC 9293 3.10.7.2, 3.10.7.4). */
#include <lib/script.h>

SCRIPT(three_segments, "RFC 9293 3.5, figure 6; 3.10.7.2 third")
{
	given(LISTEN);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN);
	expect(SYN | ACK, .ack = 1, .with = P_MSS);
	expect_state(SYN_RECEIVED);
	expect_no_event(SPT_ACCEPTED);
	inject(ACK);
	expect_verdict(SPT_V_TCP_HANDSHAKE);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
	expect_nothing();
}

SCRIPT(data_both_ways, "RFC 9293 3.10.7.4 seventh")
{
	given(ESTABLISHED);
	inject(ACK, .len = 100);
	expect_data(100);
	app_send(50);
	expect(ACK, .len = 50);
	inject(ACK);
	expect_acked(50);
}

/* The variants are what they say: numbers of both sides cross 2^32 in the first bytes. */
SCRIPT(variants_wrap, "RFC 9293 3.4")
{
	given(ESTABLISHED);
	if (script_irs_plus(0) < 0xffffff00)
		return;
	check(script_iss_plus(0) >= 0xffffff00);
	inject(ACK, .len = 300);
	expect_data(300);
	app_send(300);
	expect(ACK, .len = 300);
	inject(ACK);
	check(script_irs_plus(0) > script_irs_plus(301));
	check(script_iss_plus(0) > script_iss_plus(301));
	check_eq(script_info().snd_una, script_iss_plus(301));
}

/* given() keeps its word in every state, and several connections live side by side. */
SCRIPT(states_by_shutdown, "RFC 9293 3.3.2")
{
	given(SYN_RECEIVED);
	use_peer(1);
	given(ESTABLISHED);
	use_peer(2);
	given(FIN_WAIT_1);
	use_peer(3);
	given(FIN_WAIT_2);
	use_peer(4);
	given(CLOSE_WAIT);
	use_peer(5);
	given(CLOSING);
	use_peer(6);
	given(LAST_ACK);
	use_peer(7);
	given(TIME_WAIT);
	use_peer(0);
	expect_state(SYN_RECEIVED);
	use_peer(3);
	expect_state(FIN_WAIT_2);
}

SCRIPT(states_by_close, "RFC 9293 3.3.2, 3.6.1")
{
	given(FIN_WAIT_1, .by_close = true);
	use_peer(1);
	given(FIN_WAIT_2, .by_close = true);
	use_peer(2);
	given(CLOSING, .by_close = true);
	use_peer(3);
	given(LAST_ACK, .by_close = true);
	use_peer(4);
	given(TIME_WAIT, .by_close = true);
	use_peer(0);
	expect_state(FIN_WAIT_1);
}

/* RFC 9293 figure 12: the whole life, seven segments when the FINs share their ACKs. */
SCRIPT(seven_segments, "RFC 9293 3.5 and 3.6, figures 6 and 12")
{
	given(LISTEN);
	app_on(SPT_PEER_CLOSED, app_close);
	inject(SYN);
	expect(SYN | ACK);
	inject(ACK);
	inject(FIN | ACK);
	expect(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	inject(ACK);
	expect_verdict(SPT_V_TCP_LAST_ACK);
	expect_closed(0);
	expect_gone();
}

SCRIPT_MAIN()

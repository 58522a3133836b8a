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

SCRIPT_MAIN()

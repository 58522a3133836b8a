/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN-RECEIVED of a passive open, a 64-byte record: the steps of RFC 9293 3.10.7.4 in their
 * order, SYN-ACKs sent again, and how a record becomes a connection or nothing.
 */
#include <base/ratelimit.h>

#include <lib/script.h>

/* ---- SYN --------------------------------------------------------------------- */

SCRIPT(syn_again, "DESIGN 6, in SYN-RECEIVED: repeated SYN: SYN-ACK again; RFC 9293 3.8.3")
{
	given(SYN_RECEIVED, .wscale = 3);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN_REPEATED);
	expect_counted(segments_retransmitted, 1);
	expect(SYN | ACK, .ack = 1, .with = P_MSS | P_WSCALE);
	expect_state(SYN_RECEIVED);
	inject(SYN | FIN, .len = 10, .rejected = true);
	expect(SYN | ACK, .ack = 1);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
}

SCRIPT(syn_again_limit, "DESIGN 6, blind attacks: what a repeated SYN draws is limited; RFC 5961 7")
{
	unsigned int answered = 0;

	given(SYN_RECEIVED);
	for (unsigned int i = 0; i < 40; i++) {
		inject(SYN);
		answered += ignore_segments();
	}
	check(answered > 0);
	check(answered <= RATELIMIT16_BURST);
	inject(ACK);
	expect_state(ESTABLISHED);
}

SCRIPT(syn_in_window, "RFC 9293 3.10.7.4, fourth: a passive open returns to LISTEN")
{
	given(SYN_RECEIVED);
	inject(SYN, .seq = 100, .rejected = true);
	expect_nothing();
	expect_gone();
	expect_no_event(SPT_ACCEPTED);
	new_life(500000);
	given(ESTABLISHED);
}

SCRIPT(syn_outside_window, "RFC 9293 3.10.7.4, first: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>")
{
	given(SYN_RECEIVED);
	inject(SYN, .seq = -100, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	expect_state(SYN_RECEIVED);
	inject(SYN, .seq = 1 + 65535, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	expect_state(SYN_RECEIVED);
	inject(SYN | ACK, .seq = ZERO, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	inject(ACK);
	expect_state(ESTABLISHED);
}

/* ---- sequence numbers -------------------------------------------------------- */

SCRIPT(ack_outside_window, "RFC 9293 3.10.7.4, first: an unacceptable segment draws an ACK")
{
	given(SYN_RECEIVED);
	inject(ACK, .seq = ZERO, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	expect_state(SYN_RECEIVED);
	inject(ACK, .seq = -1000, .len = 1000, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	inject(ACK, .seq = 1 + 65535, .len = 1, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	expect_state(SYN_RECEIVED);
	expect_no_event(SPT_ACCEPTED);
	inject(ACK);
	expect_state(ESTABLISHED);
}

SCRIPT(ack_outside_window_scaled, "RFC 7323 2.2: the window of all but SYNs is scaled")
{
	given(SYN_RECEIVED, .wscale = 2, .conn = {.receive_buffer = 262144});
	inject(ACK, .seq = ZERO, .rejected = true);
	/* rounded up: the SYN-ACK's edge stands at 65535 (RFC 9293 SHLD-14) */
	expect(ACK, .seq = 1, .ack = 1, .wnd = (65535 >> 7) + 1);
	inject(ACK);
	expect_state(ESTABLISHED);
	check_eq(script_info().rcv_wnd, 512 << 7);
}

SCRIPT(ack_outside_window_unscaled, "RFC 7323 2.2: but where both agreed to that")
{
	given(SYN_RECEIVED, .conn = {.receive_buffer = 262144});
	inject(ACK, .seq = ZERO, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1, .wnd = 65535);
}

SCRIPT(ack_outside_window_limit, "DESIGN 6, blind attacks: from records too; RFC 5961 7")
{
	unsigned int answered = 0;

	given(SYN_RECEIVED);
	for (unsigned int i = 0; i < 40; i++) {
		inject(ACK, .seq = -1000, .rejected = true);
		answered += ignore_segments();
	}
	check(answered > 0);
	check(answered <= RATELIMIT16_BURST);
	expect_state(SYN_RECEIVED);
}

SCRIPT(paws, "RFC 7323 5.3 R1: SEG.TSval < TS.Recent: an ACK, and it is dropped")
{
	given(SYN_RECEIVED, .ts = ON);
	inject(ACK, .tsval = script_tsval() - 1, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1, .tsecr = script_tsval());
	expect_state(SYN_RECEIVED);
	inject(ACK, .len = 10, .tsval = script_tsval() - 100000, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	expect_state(SYN_RECEIVED);
	inject(ACK, .tsval = script_tsval());
	expect_state(ESTABLISHED);
	expect_data(0);
}

SCRIPT(no_timestamp, "RFC 7323 3.2: without the TSopt agreed to: silently dropped")
{
	given(SYN_RECEIVED, .ts = ON);
	inject(ACK, .len = 10, .no_ts = true, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_TIMESTAMP);
	expect_nothing();
	expect_state(SYN_RECEIVED);
	inject(ACK);
	expect_state(ESTABLISHED);
}

/* ---- RST --------------------------------------------------------------------- */

SCRIPT(rst_at_rcv_nxt, "RFC 9293 3.10.7.4, second: back to LISTEN, the user is not told")
{
	given(SYN_RECEIVED);
	inject(RST, .seq = 1);
	expect_verdict(SPT_V_TCP_HANDSHAKE_RST);
	expect_nothing();
	expect_gone();
	expect_no_event(SPT_ACCEPTED);
	new_life(1000000);
	given(ESTABLISHED);
	use_peer(1);
	given(SYN_RECEIVED);
	inject(RST | ACK, .seq = 1, .ack = -7);
	expect_nothing();
	expect_gone();
}

SCRIPT(rst_in_window, "RFC 9293 3.10.7.4, second; RFC 5961 3.2: a challenge ACK, the record stays")
{
	given(SYN_RECEIVED);
	inject(RST, .seq = 2);
	expect_verdict(SPT_V_TCP_RST_CHALLENGED);
	expect(ACK, .seq = 1, .ack = 1);
	inject(RST | ACK, .seq = 65535);
	expect(ACK, .seq = 1, .ack = 1);
	expect_state(SYN_RECEIVED);
	inject(ACK);
	expect_state(ESTABLISHED);
}

SCRIPT(rst_outside_window, "RFC 9293 3.10.7.4, second: silently dropped")
{
	given(SYN_RECEIVED);
	inject(RST, .seq = ZERO);
	expect_verdict(SPT_V_TCP_RST_IGNORED);
	inject(RST, .seq = 1 + 65535);
	expect_verdict(SPT_V_TCP_RST_IGNORED);
	inject(RST | ACK, .seq = -1);
	expect_verdict(SPT_V_TCP_RST_IGNORED);
	expect_nothing();
	expect_state(SYN_RECEIVED);
	inject(ACK);
	expect_state(ESTABLISHED);
}

/* ---- ACK --------------------------------------------------------------------- */

SCRIPT(wrong_ack, "RFC 9293 3.10.7.4, fifth: <SEQ=SEG.ACK><CTL=RST>; DESIGN 6: the record stays")
{
	given(SYN_RECEIVED);
	inject(ACK, .ack = 2, .rejected = true);
	expect_verdict(SPT_V_TCP_HANDSHAKE_BAD_ACK);
	expect_rst();
	expect_state(SYN_RECEIVED);
	inject(ACK, .ack = ZERO, .rejected = true); /* SND.UNA < SEG.ACK does not hold */
	expect_rst();
	inject(PSH | ACK, .ack = -100000, .len = 10, .rejected = true);
	expect_rst();
	inject(FIN | ACK, .ack = 100000, .rejected = true);
	expect_rst();
	expect_state(SYN_RECEIVED);
	expect_no_event(SPT_ACCEPTED);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
	expect_data(0);
}

SCRIPT(no_ack_flag, "RFC 9293 3.10.7.4, fifth: the ACK bit is off: dropped")
{
	given(SYN_RECEIVED);
	inject(FIN, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_ACK);
	inject(PSH | URG, .len = 10, .up = 10, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_ACK);
	inject(0, .len = 1, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_ACK);
	expect_nothing();
	expect_state(SYN_RECEIVED);
	inject(ACK);
	expect_state(ESTABLISHED);
	expect_data(0);
}

SCRIPT(ack_with_data, "RFC 9293 3.10.7.4, fifth: ESTABLISHED, and processing continues")
{
	given(SYN_RECEIVED);
	inject(PSH | ACK, .len = 100);
	expect_verdict(SPT_V_TCP_HANDSHAKE);
	expect_event(SPT_ACCEPTED);
	expect_data(100);
	expect_state(ESTABLISHED);
	app_send(20);
	expect(ACK, .len = 20, .ack = 101);
	inject(ACK);
}

SCRIPT(ack_with_fin, "RFC 9293 3.10.7.4, fifth, eighth: from SYN-RECEIVED on to CLOSE-WAIT")
{
	given(SYN_RECEIVED);
	inject(FIN | ACK);
	expect_event(SPT_ACCEPTED);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 2);
	expect_state(CLOSE_WAIT);
	app_close();
	expect(FIN | ACK);
	inject(ACK);
	expect_closed(0);
}

SCRIPT(ack_with_data_and_fin, "RFC 9293 3.10.7.4, fifth to eighth")
{
	given(SYN_RECEIVED);
	app_on(SPT_PEER_CLOSED, app_close);
	inject(FIN | PSH | ACK, .len = 100);
	expect_event(SPT_ACCEPTED);
	expect_event(SPT_PEER_CLOSED);
	expect_data(100);
	expect(FIN | ACK, .ack = 102);
	expect_state(LAST_ACK);
	inject(ACK);
	expect_closed(0);
}

SCRIPT(ack_behind_gap, "RFC 9293 3.10.7.4, fifth: the ACK counts, its text waits (SHLD-31)")
{
	given(SYN_RECEIVED);
	inject(ACK, .seq = 101, .len = 100);
	expect_event(SPT_ACCEPTED);
	expect_data(0);
	expect(ACK, .ack = 1);
	expect_state(ESTABLISHED);
	inject(ACK, .seq = 1, .len = 100);
	expect_data(200);
	expect(ACK, .ack = 201);
}

SCRIPT(window_of_the_ack, "RFC 9293 3.10.7.4, fifth: SND.WND <- SEG.WND; RFC 7323 2.3: scaled")
{
	given(SYN_RECEIVED, .wscale = 4);
	inject(ACK, .wnd = 300);
	check_eq(script_info().snd_wnd, 300 << 4);
	check_eq(script_info().snd_una, script_iss_plus(1));
	check_eq(script_info().rcv_nxt, script_irs_plus(1));
}

/* ---- defer_accept ------------------------------------------------------------ */

SCRIPT(deferred_until_data, "septet.h, spt_listen_options.defer_accept")
{
	given(SYN_RECEIVED, .defer_accept = true);
	inject(ACK);
	expect_verdict(SPT_V_TCP_HANDSHAKE_DEFERRED);
	expect_no_event(SPT_ACCEPTED);
	expect_state(SYN_RECEIVED);
	expect_silence_ms(10000); /* our SYN is acknowledged: nothing is to be sent again */
	inject(PSH | ACK, .len = 10);
	expect_event(SPT_ACCEPTED);
	expect_data(10);
	expect_state(ESTABLISHED);
	/* the round trip was that of the handshake, not the time that the peer took to speak */
	check(script_info().rto_us <= 1000000);
	check(script_info().cwnd > FULL);
	app_send(10);
	expect(ACK, .len = 10, .ack = 11);
	inject(ACK);
}

SCRIPT(deferred_until_fin, "septet.h: ACCEPTED only when data or FIN is there")
{
	given(SYN_RECEIVED, .defer_accept = true);
	inject(ACK);
	expect_no_event(SPT_ACCEPTED);
	inject(FIN | ACK);
	expect_event(SPT_ACCEPTED);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK);
	expect_state(CLOSE_WAIT);
}

SCRIPT(deferred_at_once, "septet.h: the handshake's ACK brings data")
{
	given(SYN_RECEIVED, .defer_accept = true);
	inject(PSH | ACK, .len = 10);
	expect_event(SPT_ACCEPTED);
	expect_data(10);
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK);
}

SCRIPT(deferred_for_ever, "DESIGN 6: a passive open is given up after 63 s")
{
	given(SYN_RECEIVED, .defer_accept = true);
	inject(ACK);
	expect_silence_ms(62900);
	expect_state(SYN_RECEIVED);
	expect_silence_ms(200);
	expect_counted(half_open_expired, 1);
	expect_gone();
	expect_no_event(SPT_ACCEPTED);
	inject(ACK, .len = 10, .rejected = true);
	expect_rst();
}

/* ---- SYN-ACK again ----------------------------------------------------------- */

SCRIPT(syn_ack_series, "DESIGN 6: 5 retransmissions, 63 s; RFC 6298 2.1, 5.5: 1 s, then doubled")
{
	given(SYN_RECEIVED, .wscale = 2);
	expect_after_ms(1000, SYN | ACK, .ack = 1, .with = P_MSS | P_WSCALE);
	expect_counted(segments_retransmitted, 1);
	expect_after_ms(2000, SYN | ACK, .ack = 1);
	expect_after_ms(4000, SYN | ACK, .ack = 1);
	expect_after_ms(8000, SYN | ACK, .ack = 1);
	expect_after_ms(16000, SYN | ACK, .ack = 1);
	expect_silence_ms(31900);
	expect_state(SYN_RECEIVED);
	expect_silence_ms(200);
	expect_counted(half_open_expired, 1);
	expect_gone();
	inject(ACK, .rejected = true);
	expect_rst();
}

SCRIPT(syn_ack_retries, "septet.h, spt_config.syn_ack_retries")
{
	given(SYN_RECEIVED, .config.syn_ack_retries = 1);
	expect_after_ms(1000, SYN | ACK, .ack = 1);
	expect_silence_ms(1990);
	expect_state(SYN_RECEIVED);
	expect_silence_ms(20);
	expect_gone();
}

SCRIPT(late_handshake, "RFC 9293 3.10.7.4, fifth: after any of the SYN-ACKs")
{
	given(SYN_RECEIVED);
	expect_after_ms(1000, SYN | ACK, .ack = 1);
	expect_after_ms(2000, SYN | ACK, .ack = 1);
	expect_silence_ms(3900);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
	expect_silence_ms(100000);
}

SCRIPT(after_a_lost_syn_ack, "RFC 6298 5.7: RTO 3 s for data; RFC 5681 3.1: IW one segment")
{
	given(SYN_RECEIVED);
	expect_after_ms(1000, SYN | ACK, .ack = 1);
	inject(ACK);
	expect_state(ESTABLISHED);
	check_eq(script_info().cwnd, FULL);
	app_send(3 * FULL);
	expect(ACK, .len = FULL);
	expect_nothing();
	expect_after_ms(3000, ACK, .seq = 1, .len = FULL);
	expect_nothing();
	inject(ACK);
	expect(ACK, .len = FULL);
	expect(ACK, .len = FULL);
	inject(ACK);
}

SCRIPT(after_a_prompt_syn_ack, "RFC 6298 2.2: the handshake is a sample; RFC 6928 2: IW10")
{
	given(SYN_RECEIVED);
	advance_ms(100);
	inject(ACK);
	/* SRTT = 100 ms, RTTVAR = 50 ms */
	check_eq(script_info().srtt_us, 100000);
	check_eq(script_info().rto_us / 1000, 300);
	check(script_info().cwnd >= 10 * FULL);
	app_send(100);
	expect(ACK, .len = 100);
	expect_after_ms(300, ACK, .seq = 1, .len = 100);
	inject(ACK);
}

/* ---- no connection left ------------------------------------------------------ */

SCRIPT(no_connection_left, "DESIGN 4: a counted refusal; the record stays and serves later")
{
	given(ESTABLISHED, .config.connections = 1);
	use_peer(1);
	given(SYN_RECEIVED);
	inject(ACK);
	expect_verdict(SPT_V_TCP_HANDSHAKE_NO_CONN);
	expect_nothing();
	expect_state(SYN_RECEIVED);
	expect_no_event(SPT_ACCEPTED);
	expect_after_ms(1000, SYN | ACK, .ack = 1);
	inject(PSH | ACK, .len = 10, .rejected = true);
	expect_verdict(SPT_V_TCP_HANDSHAKE_NO_CONN);
	expect_nothing();
	use_peer(0);
	app_abort();
	expect(RST | ACK, .seq = 1);
	expect_closed(-ECONNABORTED);
	use_peer(1);
	inject(PSH | ACK, .len = 10);
	expect_event(SPT_ACCEPTED);
	expect_data(10);
	expect_state(ESTABLISHED);
	app_send(10);
	expect(ACK, .len = 10, .ack = 11);
	inject(ACK);
}

SCRIPT(no_connection_left_series, "RFC 9293 3.10.7.4: what did not fit in is asked for again")
{
	given(ESTABLISHED, .config.connections = 1);
	use_peer(1);
	given(SYN_RECEIVED);
	inject(ACK);
	expect_after_ms(1000, SYN | ACK, .ack = 1);
	inject(ACK);
	use_peer(0);
	app_abort();
	expect(RST | ACK, .seq = 1);
	expect_closed(-ECONNABORTED);
	use_peer(1);
	expect_after_ms(2000, SYN | ACK, .ack = 1);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
}

SCRIPT_MAIN()

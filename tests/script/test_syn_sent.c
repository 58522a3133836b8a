/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN-SENT: RFC 9293 3.10.7.3 rule by rule, in its order; and what an unexpected SYN-ACK draws
 * where nobody sent a SYN (3.10.7.1, 3.10.7.2).
 */
#include <lib/script.h>

/* Whatever was thrown at it, the open goes on and completes. */
static void
completes(void)
{
	expect_nothing();
	expect_state(SYN_SENT);
	inject(SYN | ACK);
	expect_verdict(SPT_V_TCP_CONNECTED);
	expect(ACK, .seq = 1, .ack = 1);
	expect_connected();
	expect_state(ESTABLISHED);
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK, .len = 10);
	expect_acked(10);
	expect_data(10);
	expect_after_ms(40, ACK);
}

/* ---- first: ACK ----------------------------------------------------------- */

SCRIPT(ack_not_acceptable, "RFC 9293 3.10.7.3 first: SEG.ACK =< ISS or > SND.NXT: RST, SEQ=SEG.ACK")
{
	static const int64_t wrong[] = {ZERO, -1, -70000, 2, 3, 65536, INT32_MAX};
	static const uint8_t flags[] = {SYN | ACK, ACK, FIN | ACK, PSH | ACK, SYN | FIN | ACK};

	given(SYN_SENT);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		for (unsigned int k = 0; k < sizeof(flags); k++) {
			inject(flags[k], .seq = 300, .ack = wrong[i], .rejected = true);
			expect_verdict(SPT_V_TCP_SYN_SENT_BAD_ACK);
			expect_rst();
			expect_state(SYN_SENT);
		}
	}
	completes();
}

SCRIPT(ack_not_acceptable_with_data, "RFC 9293 3.10.7.3 first: discard the segment, text and all")
{
	given(SYN_SENT);
	inject(SYN | ACK, .ack = 5, .len = 100, .rejected = true);
	expect_rst();
	inject(ACK, .seq = 9, .ack = ZERO, .len = 100, .rejected = true);
	expect_rst();
	expect_data(0);
	completes();
}

/* A queued byte is not yet sent: SND.NXT is ISS + 1. */
SCRIPT(ack_of_what_is_queued, "RFC 9293 3.10.7.3 first: SEG.ACK > SND.NXT")
{
	given(SYN_SENT);
	app_send(100);
	inject(SYN | ACK, .ack = 101, .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_SENT_BAD_ACK);
	expect_rst();
	expect_state(SYN_SENT);
	inject(SYN | ACK);
	expect(PSH | ACK, .len = 100);
	expect_connected();
}

SCRIPT(ack_not_acceptable_rst, "RFC 9293 3.10.7.3 first: unless the RST bit is set, if so drop")
{
	static const int64_t wrong[] = {ZERO, -1, 2, 65536, INT32_MAX};

	given(SYN_SENT);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		inject(RST | ACK, .seq = ZERO, .ack = wrong[i]);
		expect_verdict(SPT_V_TCP_SYN_SENT_IGNORED);
		expect_nothing();
		inject(RST | SYN | ACK, .seq = 7, .ack = wrong[i]);
		expect_verdict(SPT_V_TCP_SYN_SENT_IGNORED);
		expect_nothing();
	}
	completes();
}

/* The other end knows a connection that we have forgotten; our RST ends it there. */
SCRIPT(half_open_connection, "RFC 9293 3.5.1, figure 9: recovery from an old connection")
{
	given(SYN_SENT);
	inject(ACK, .seq = 300, .ack = 100, .rejected = true);
	expect(RST, .seq = 100);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
}

/* ---- second: RST ---------------------------------------------------------- */

static void
refused(void)
{
	expect_verdict(SPT_V_TCP_REFUSED);
	expect_counted(connects_refused, 1);
	expect_closed(-ECONNREFUSED);
	expect_nothing();
	expect_gone();
	check_eq(script_source_info().used, 0);
	expect_silence_ms(200000);
}

SCRIPT(rst_refuses, "RFC 9293 3.10.7.3 second: \"connection reset\", CLOSED, delete the TCB")
{
	given(SYN_SENT);
	inject(RST | ACK, .seq = ZERO);
	refused();
	check_eq(spt_abort(script_engine(), script_conn()), -ESTALE);
}

/* Nothing is known of the peer's numbers yet, so any will do; and a SYN is not looked at. */
SCRIPT(rst_refuses_at_any_seq, "RFC 9293 3.10.7.3 second comes before fourth")
{
	given(SYN_SENT);
	inject(RST | SYN | ACK, .seq = 123456);
	refused();
}

SCRIPT(rst_refuses_what_is_queued, "RFC 9293 3.10.7.3 second")
{
	given(SYN_SENT);
	app_send(5000);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(RST | ACK, .seq = ZERO);
	refused();
	expect_acked(0);
}

SCRIPT(rst_without_ack, "RFC 9293 3.10.7.3 second: otherwise (no ACK), drop the segment")
{
	static const int64_t at[] = {ZERO, 1, -1, 12345};

	given(SYN_SENT);
	for (unsigned int i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		inject(RST, .seq = at[i]);
		expect_verdict(SPT_V_TCP_SYN_SENT_IGNORED);
		inject(RST | SYN, .seq = at[i]);
		expect_verdict(SPT_V_TCP_SYN_SENT_IGNORED);
		expect_nothing();
	}
	completes();
}

SCRIPT(refused_and_dialled_again, "RFC 9293 3.10.1: the tuple is free at once")
{
	given(SYN_SENT);
	inject(RST | ACK, .seq = ZERO);
	expect_closed(-ECONNREFUSED);
	advance_ms(10);
	new_life(5000);
	given(ESTABLISHED, .active = ON);
	app_send(10);
	expect(ACK, .len = 10);
}

/* ---- fourth: SYN (simultaneous opens: test_simultaneous.c) ---------------- */

SCRIPT(syn_ack_bad_checksum, "RFC 9293 3.1 MUST-3")
{
	given(SYN_SENT);
	inject(SYN | ACK, .bad_checksum = true);
	expect_verdict(SPT_V_TCP_BAD_CHECKSUM);
	completes();
}

SCRIPT(syn_ack_of_another, "RFC 9293 3.10.7.1: to a port that nobody opened from")
{
	given(SYN_SENT);
	inject(SYN | ACK, .dport = SCRIPT_PORT + 1, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_LISTENER);
	check_eq(ignore_segments(), 1);
	inject(SYN | ACK, .local = 1, .rejected = true);
	check_eq(ignore_segments(), 1);
	completes();
}

SCRIPT(syn_ack_is_bound, "RFC 9293 3.10.7.3 fourth: RCV.NXT = SEG.SEQ+1, IRS = SEG.SEQ, SND.UNA")
{
	given(SYN_SENT, .mss = 1000);
	inject(SYN | ACK, .wnd = 2000);
	expect(ACK);
	expect_connected();
	check_eq(script_info().irs, script_irs_plus(0));
	check_eq(script_info().rcv_nxt, script_irs_plus(1));
	check_eq(script_info().snd_una, script_iss_plus(1));
	check_eq(script_info().snd_nxt, script_iss_plus(1));
	check_eq(script_info().snd_wnd, 2000);
	check_eq(script_info().mss, 1000 - (script_timestamps() ? 12 : 0));
}

/* After the first SYN-ACK another IRS is a stranger's. */
SCRIPT(second_syn_ack, "RFC 9293 3.10.7.4 fourth; RFC 5961 4.2: challenge ACK")
{
	given(SYN_SENT);
	inject(SYN | ACK, .more = true);
	inject(SYN | ACK, .seq = 70000, .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_CHALLENGED);
	check(ignore_segments() >= 1);
	expect_connected();
	expect_state(ESTABLISHED);
	inject(ACK, .len = 10);
	expect_data(10);
	expect_within_ms(40, ACK);
}

/* ---- fifth: neither SYN nor RST ------------------------------------------- */

SCRIPT(neither_syn_nor_rst, "RFC 9293 3.10.7.3 fifth: drop the segment and return")
{
	static const uint8_t flags[] = {0, ACK, FIN, FIN | ACK, PSH | ACK, URG, URG | ACK, PSH};

	given(SYN_SENT);
	for (unsigned int i = 0; i < sizeof(flags); i++) {
		inject(flags[i], .seq = 1, .len = i & 1 ? 10 : 0, .rejected = true);
		expect_verdict(SPT_V_TCP_SYN_SENT_IGNORED);
		expect_nothing();
	}
	expect_data(0);
	expect_no_event(SPT_PEER_CLOSED);
	completes();
}

/* Reordered: what came before the SYN-ACK is not kept, the peer repeats it. */
SCRIPT(data_before_syn_ack, "RFC 9293 3.10.7.3 fifth")
{
	given(SYN_SENT);
	inject(ACK, .seq = 1, .len = 100, .rejected = true, .more = true);
	inject(SYN | ACK, .seq = ZERO);
	expect(ACK, .ack = 1);
	expect_connected();
	expect_data(0);
	inject(ACK, .len = 100);
	expect_data(100);
	expect_within_ms(40, ACK, .ack = 101);
}

/* ---- an answer to a SYN that nobody sent ---------------------------------- */

SCRIPT(unexpected_syn_ack, "RFC 9293 3.10.7.2 second, 3.10.7.1: <SEQ=SEG.ACK><CTL=RST>")
{
	given(LISTEN);
	inject(SYN | ACK, .ack = 12345, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_LISTENER);
	expect(RST, .seq = 12345);
	inject(SYN | ACK, .ack = ZERO, .len = 20, .rejected = true);
	expect_rst();
	inject(SYN | ACK, .ack = 77, .dport = 9, .rejected = true);
	expect_rst();
	expect_gone();
}

/* Its own duplicate of an earlier life: RFC 9293 figure 8, from the other end. */
SCRIPT(answer_to_an_old_syn, "RFC 9293 3.5, figure 8: a SYN-ACK that acknowledges the old SYN")
{
	given(SYN_SENT);
	inject(SYN | ACK, .seq = 400, .ack = -10, .rejected = true);
	expect(RST, .seq = -10);
	completes();
}

/* The pointer counts from the SYN, which is stripped before the urgent step. */
SCRIPT(
    urgent_on_syn_ack, "RFC 9293 3.1, urgent pointer: an offset from the segment's sequence number")
{
	given(SYN_SENT);
	inject(SYN | URG | ACK, .up = 1);
	expect(ACK);
	expect_connected();
	expect_no_event(SPT_URGENT);
}

SCRIPT(urgent_text_on_syn_ack, "RFC 9293 3.10.7.3 fourth: other controls are processed")
{
	given(SYN_SENT);
	inject(SYN | URG | ACK, .up = 2, .len = 10);
	expect(ACK, .ack = 11);
	expect_connected();
	expect_event(SPT_URGENT);
	expect_data(10);
}

SCRIPT_MAIN()

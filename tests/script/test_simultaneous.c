/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Simultaneous open: both ends send a SYN (RFC 9293 3.5, figure 7), and SYN-RECEIVED is a full
 * connection. Its rules in the order of 3.10.7.4, each packet of the exchange lost in turn, and the
 * calls of 3.10.2 to 3.10.5.
 */
#include <base/ratelimit.h>

#include <lib/script.h>

/* Data flows both ways, and the peer's FIN ends it. */
static void
works(void)
{
	expect_state(ESTABLISHED);
	expect_nothing();
	app_send(100);
	expect(ACK, .seq = 1, .len = 100);
	inject(ACK, .len = 200);
	expect_acked(100);
	expect_data(200);
	expect_within_ms(40, ACK);
	inject(FIN | ACK);
	expect(ACK);
	expect_event(SPT_PEER_CLOSED);
	app_close();
	expect(FIN | ACK);
	inject(ACK);
	expect_closed(0);
	expect_gone();
}

/* The last segment of a handshake whose other segments were all there. */
static void
ack_completes(void)
{
	inject(ACK);
	expect_verdict(SPT_V_TCP_CONNECTED);
	expect_counted(opened_active, 1);
	expect_connected();
	works();
}

/* The peer's SYN-ACK stands at IRS, before the window, which is told by an ACK. */
static void
syn_ack_completes(void)
{
	inject(SYN | ACK);
	expect_verdict(SPT_V_TCP_CONNECTED);
	expect(ACK, .seq = 1, .ack = 1);
	expect_connected();
	works();
}

/* ---- the exchange --------------------------------------------------------- */

SCRIPT(figure_7, "RFC 9293 3.5, figure 7; 3.10.7.3 fourth")
{
	given(SYN_SENT);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SIMULTANEOUS);
	expect(SYN | ACK, .seq = ZERO, .ack = 1);
	expect_state(SYN_RECEIVED);
	check_eq(script_info().irs, script_irs_plus(0));
	check_eq(script_info().rcv_nxt, script_irs_plus(1));
	syn_ack_completes();
}

SCRIPT(bare_ack, "RFC 9293 3.10.7.4 fifth, SYN-RECEIVED: enter ESTABLISHED")
{
	given(SYN_RECEIVED, .active = ON);
	ack_completes();
}

SCRIPT(ack_with_text, "RFC 9293 3.10.7.4 fifth, seventh")
{
	given(SYN_RECEIVED, .active = ON);
	inject(PSH | ACK, .len = 50);
	expect_verdict(SPT_V_TCP_CONNECTED);
	expect_connected();
	expect_data(50);
	expect_within_ms(40, ACK, .ack = 51);
	works();
}

SCRIPT(ack_with_fin, "RFC 9293 3.10.7.4 fifth, eighth")
{
	given(SYN_RECEIVED, .active = ON);
	inject(FIN | ACK, .len = 50);
	expect_connected();
	expect_event(SPT_PEER_CLOSED);
	expect_data(50);
	expect(ACK, .ack = 52);
	expect_state(CLOSE_WAIT);
}

SCRIPT(syn_ack_with_text, "RFC 9293 3.10.7.4: what lies in the window of SYN-RECEIVED is taken")
{
	given(SYN_RECEIVED, .active = ON);
	inject(SYN | ACK, .len = 50);
	expect_connected();
	expect_data(50);
	expect(ACK, .ack = 51);
	works();
}

SCRIPT(
    text_before_ack, "RFC 9293 3.10.7.4 fifth: ACK on, but nothing new: wrong; text is not taken")
{
	given(SYN_RECEIVED, .active = ON);
	inject(ACK, .ack = ZERO, .len = 50, .rejected = true);
	expect_rst();
	expect_data(0);
	expect_state(SYN_RECEIVED);
	ack_completes();
}

/* What rides on the peer's SYN is its to repeat: only IRS + 1 is acknowledged. */
SCRIPT(text_on_syn, "RFC 9293 3.10.7.3 fourth; 3.4: data on a SYN may be left to be sent again")
{
	given(SYN_SENT);
	inject(SYN | FIN, .len = 50, .rejected = true);
	expect_verdict(SPT_V_TCP_SIMULTANEOUS);
	expect(SYN | ACK, .ack = 1);
	expect_state(SYN_RECEIVED);
	inject(SYN | ACK);
	expect(ACK, .ack = 1);
	expect_connected();
	expect_no_event(SPT_PEER_CLOSED);
	expect_data(0);
	inject(FIN | ACK, .seq = 1, .len = 50);
	expect(ACK, .ack = 52);
	expect_event(SPT_PEER_CLOSED);
	expect_data(50);
}

SCRIPT(data_queued_before, "RFC 9293 3.10.2, SYN-SENT, SYN-RECEIVED: queue until ESTABLISHED")
{
	given(SYN_SENT);
	app_send(60);
	inject(SYN);
	expect(SYN | ACK, .ack = 1);
	app_send(40);
	expect_nothing();
	inject(SYN | ACK);
	expect(PSH | ACK, .seq = 1, .len = 100);
	expect_connected();
	inject(ACK);
	expect_acked(100);
}

#define CROWD 2200 /* more SYNs than a turn sends */

/* Others' SYNs fill the turn's list, so the peer's SYN is here before ours went out. */
SCRIPT(syn_before_ours, "RFC 6298 3: a round trip is timed from when the SYN, or its ACK, was sent")
{
	static spt_conn conn[CROWD];
	struct spt_endpoint remote;
	struct spt_event e[64];
	unsigned int closed = 0;

	given(LISTEN, .config.connections = CROWD + 8);
	advance_ms(500);
	use_peer(1);
	remote = script_remote();
	for (unsigned int i = 0; i < CROWD; i++)
		check_eq(
		    spt_connect(script_engine(), script_source(), NULL, &remote, NULL, &conn[i]),
		    0);
	use_peer(0);
	inject(SYN, .more = true);
	app_connect(.lport = SCRIPT_PORT);
	expect_state(SYN_RECEIVED);
	ignore_segments();
	for (unsigned int i = 0; i < CROWD; i++)
		check_eq(spt_abort(script_engine(), conn[i]), 0);
	while (closed < CROWD) {
		unsigned int n = spt_poll(script_engine(), script_now(), e, 64);

		check(n > 0);
		closed += n;
	}
	ignore_segments();
	advance_ms(50);
	inject(ACK);
	expect_connected();
	check(script_info().srtt_us >= 50000 && script_info().srtt_us <= 51000);
}

SCRIPT(challenge_without_a_window, "RFC 9293 3.10.7.4 first: <SEQ=SND.NXT>, beyond our SYN")
{
	given(SYN_SENT, .wnd = ZERO);
	inject(SYN);
	expect(SYN | ACK, .ack = 1);
	inject(ACK, .seq = 100000, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	expect_state(SYN_RECEIVED);
}

/* ---- options and windows -------------------------------------------------- */

SCRIPT(options_of_both, "RFC 7323 2.2, 3.2: on if both SYNs have them; the SYN-ACK repeats them")
{
	given(SYN_SENT, .ts = ON, .wscale = 7);
	inject(SYN, .tsval = 5555);
	expect(SYN | ACK, .with = P_MSS | P_WSCALE | P_TIMESTAMP, .tsecr = 5555, .wscale = 7,
	    .wnd = 65535);
	inject(SYN | ACK, .tsval = 5556);
	expect(ACK, .with = P_TIMESTAMP, .wnd = 262144 >> 7);
	expect_connected();
	check_eq(script_info().snd_wscale, 7);
	check_eq(script_info().rcv_wscale, 7);
	check_eq(script_info().timestamps, true);
}

SCRIPT(window_told_by_an_ack, "RFC 7323 2.2: a SYN-ACK tells what 16 bits hold, not their rest")
{
	given(SYN_SENT, .wscale = 7);
	inject(SYN);
	expect(SYN | ACK, .ack = 1, .wnd = 65535);
	inject(ACK, .seq = 1000000, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1, .wnd = 262144 >> 7);
	expect_after_ms(1000, SYN | ACK, .seq = ZERO, .ack = 1, .wnd = 65535);
	inject(ACK);
	expect_connected();
	ignore_segments();
}

SCRIPT(options_of_one, "RFC 7323 2.2, 3.2: the SYN-ACK has only what the SYN had")
{
	given(SYN_SENT, .ts = OFF);
	inject(SYN);
	expect(SYN | ACK, .with = P_MSS, .without = P_WSCALE | P_TIMESTAMP);
	inject(ACK);
	expect_connected();
	check_eq(script_info().snd_wscale, 0);
	check_eq(script_info().rcv_wscale, 0);
	check_eq(script_info().timestamps, false);
	works();
}

SCRIPT(mss_of_syn, "RFC 9293 3.7.1 MUST-15, MUST-16")
{
	given(SYN_SENT, .mss = 700);
	inject(SYN);
	expect(SYN | ACK);
	inject(ACK);
	expect_connected();
	check_eq(script_info().mss, FULL);
	check_eq(FULL, 700 - (script_timestamps() ? 12 : 0));
}

SCRIPT(
    window_of_ack, "RFC 7323 2.3: scaled as soon as the segment is no SYN; RFC 9293 3.10.7.4 fifth")
{
	given(SYN_SENT, .wscale = 4, .wnd = 1000);
	inject(SYN);
	expect(SYN | ACK);
	check_eq(script_info().snd_wnd, 1000);
	inject(ACK);
	expect_connected();
	check_eq(script_info().snd_wnd, 16000);
}

SCRIPT(window_of_syn_ack, "RFC 7323 2.2: the window of a SYN-ACK is not scaled")
{
	given(SYN_SENT, .wscale = 4, .wnd = 1000);
	inject(SYN);
	expect(SYN | ACK);
	inject(SYN | ACK, .wnd = 2000);
	expect(ACK);
	expect_connected();
	check_eq(script_info().snd_wnd, 2000);
}

SCRIPT(window_update_after_ack, "RFC 9293 3.10.7.4 fifth: SND.WL1 <- SEG.SEQ")
{
	given(SYN_RECEIVED, .active = ON);
	inject(ACK, .seq = 101, .wnd = 5000, .rejected = true); /* text before it is on its way */
	expect_connected();
	check_eq(script_info().snd_wnd, 5000);
	app_send(10);
	expect(ACK, .len = 10, .ack = 1);
	inject(ACK, .seq = 1, .ack = 1, .len = 50, .wnd = 9000);
	check_eq(script_info().snd_wnd, 5000); /* older than what told 5000 */
	expect_within_ms(40, ACK, .ack = 51);
	inject(ACK, .ack = 1, .len = 50, .wnd = 9000);
	check_eq(script_info().snd_wnd, 5000);
	expect_within_ms(40, ACK, .ack = 101);
	inject(ACK, .wnd = 9000);
	check_eq(script_info().snd_wnd, 9000);
	expect_data(100);
}

SCRIPT(timestamp_of_ack, "RFC 7323 4.3 (2): Last.ACK.sent is that of our SYN-ACK")
{
	uint32_t tsval;

	given(SYN_RECEIVED, .active = ON, .ts = ON);
	advance_ms(20);
	tsval = script_tsval();
	inject(ACK, .tsval = tsval);
	expect_connected();
	app_send(10);
	expect(ACK, .len = 10, .tsecr = tsval ? tsval : ZERO);
}

/* ---- each packet lost ----------------------------------------------------- */

SCRIPT(our_syn_lost, "RFC 9293 3.5: the peer saw no SYN of ours; it answers our SYN-ACK")
{
	given(SYN_SENT); /* lost */
	inject(SYN);
	expect(SYN | ACK, .ack = 1);
	ack_completes();
}

SCRIPT(peers_syn_lost, "RFC 9293 3.5: the peer is in SYN-RECEIVED, we are not; its SYN-ACK has all")
{
	given(SYN_SENT);
	inject(SYN | ACK);
	expect(ACK, .ack = 1);
	expect_connected();
	works();
}

/* The peer has our SYN, but not our SYN-ACK: it repeats its own until it is acknowledged. */
SCRIPT(our_syn_ack_lost, "RFC 9293 3.5, 3.10.7.4 first")
{
	given(SYN_RECEIVED, .active = ON); /* the SYN-ACK is lost */
	inject(SYN | ACK);
	expect(ACK, .ack = 1); /* lost as well */
	expect_connected();
	advance_ms(1000);
	inject(SYN | ACK);
	expect(ACK, .seq = 1, .ack = 1);
	expect_no_event(SPT_CONNECTED);
	works();
}

SCRIPT(peers_syn_ack_lost, "RFC 9293 3.5, 3.8.1: our SYN-ACK comes again; the peer acknowledges it")
{
	given(SYN_RECEIVED, .active = ON);
	expect_after_ms(1000, SYN | ACK, .seq = ZERO, .ack = 1);
	expect_counted(segments_retransmitted, 1);
	ack_completes();
}

SCRIPT(both_syn_acks_lost, "RFC 9293 3.5: both ends repeat theirs")
{
	given(SYN_RECEIVED, .active = ON);
	expect_after_ms(1000, SYN | ACK, .seq = ZERO, .ack = 1); /* lost too */
	syn_ack_completes();
}

/* Neither our SYN nor our SYN-ACK arrived: the peer is in SYN-SENT still and repeats its SYN. */
SCRIPT(all_of_ours_lost, "RFC 9293 3.10.7.4: the SYN again, the SYN-ACK again")
{
	given(SYN_RECEIVED, .active = ON);
	advance_ms(500);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN_REPEATED);
	expect(SYN | ACK, .seq = ZERO, .ack = 1);
	expect_state(SYN_RECEIVED);
	expect_after_ms(500, SYN | ACK, .seq = ZERO, .ack = 1);
	ack_completes();
}

SCRIPT(both_syns_lost, "RFC 9293 3.5, 3.8.1: they meet at the second try")
{
	given(SYN_SENT);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(SYN);
	expect(SYN | ACK, .ack = 1);
	/* 2 s after our second SYN, whoever sent what meanwhile */
	expect_after_ms(2000, SYN | ACK, .seq = ZERO, .ack = 1);
	syn_ack_completes();
}

SCRIPT(peers_syn_late, "RFC 9293 3.10.7.4 first: the SYN overtaken by its SYN-ACK")
{
	given(SYN_SENT);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN_CHALLENGED);
	expect(ACK, .seq = 1, .ack = 1);
	works();
}

SCRIPT(all_in_one_burst, "RFC 9293 3.5, figure 7")
{
	given(SYN_SENT);
	inject(SYN, .more = true);
	inject(SYN | ACK, .more = true);
	inject(ACK, .len = 50);
	expect_connected();
	expect_data(50);
	/* the SYN-ACK was due when its SYN came; who saw it last sees the rest */
	expect(SYN | ACK, .seq = ZERO, .ack = 1);
	check(ignore_segments() >= 1);
	advance_ms(40);
	ignore_segments();
	works();
}

SCRIPT(no_sample_of_a_repetition, "RFC 6298 3: Karn; RFC 5681 3.1: one segment")
{
	given(SYN_RECEIVED, .active = ON);
	advance_ms(300);
	inject(SYN);
	expect(SYN | ACK, .ack = 1);
	advance_ms(100);
	inject(ACK);
	expect_connected();
	check_eq(script_info().srtt_us, 0);
	app_send(5000);
	expect(ACK, .len = FULL);
	expect_nothing();
}

/* A lost SYN slows the beginning, in this form too. */
SCRIPT(data_after_loss, "RFC 6298 5.7: RTO is 3 s; RFC 5681 3.1: one segment")
{
	given(SYN_RECEIVED, .active = ON);
	expect_after_ms(1000, SYN | ACK, .seq = ZERO, .ack = 1);
	inject(ACK);
	expect_connected();
	app_send(5000);
	expect(ACK, .len = FULL);
	expect_nothing();
	expect_after_ms(3000, ACK, .seq = 1, .len = FULL);
}

SCRIPT(gives_up,
    "RFC 9293 3.8.3 MUST-23: at least 3 minutes; the SYN-ACK continues the SYN's back-off")
{
	static const uint32_t gaps_ms[] = {2000, 4000, 8000, 16000, 32000, 60000};

	given(SYN_SENT);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(SYN);
	expect(SYN | ACK, .ack = 1);
	for (unsigned int i = 0; i < sizeof(gaps_ms) / sizeof(gaps_ms[0]); i++) {
		expect_after_ms(gaps_ms[i], SYN | ACK, .seq = ZERO, .ack = 1);
		if (i == 1)
			expect_soft_error(-ETIMEDOUT);
	}
	expect_silence_ms(59999);
	expect_state(SYN_RECEIVED);
	advance_ms(2);
	expect(RST | ACK, .seq = 1, .ack = 1);
	expect_counted(closed_timed_out, 1);
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

SCRIPT(gives_up_despite_repeated_syns, "RFC 9293 MUST-23: a repeated SYN is no time-out of ours")
{
	given(SYN_RECEIVED, .active = ON, .conn.r1_retries = 99);
	for (unsigned int i = 0; i < 5; i++) {
		inject(SYN);
		expect(SYN | ACK, .ack = 1);
	}
	advance_ms(1);
	for (uint64_t gap = 1000; gap <= 64000; gap *= 2) {
		uint64_t ms = gap > 60000 ? 60000 : gap;

		expect_within_ms(ms, SYN | ACK, .seq = ZERO, .ack = 1);
	}
	expect_silence_ms(59990);
	expect_state(SYN_RECEIVED);
	advance_ms(11);
	expect(RST | ACK, .seq = 1);
	expect_closed(-ETIMEDOUT);
}

/* ---- SYN-RECEIVED, 3.10.7.4 in its order ---------------------------------- */

SCRIPT(syn_again_limit, "RFC 5961 7; design 6: what a repeated SYN draws is limited")
{
	unsigned int answered = 0;

	given(SYN_RECEIVED, .active = ON);
	for (unsigned int i = 0; i < 40; i++) {
		inject(SYN);
		answered += ignore_segments();
	}
	check(answered > 0);
	check(answered <= RATELIMIT16_BURST);
	ack_completes();
}

SCRIPT(outside_window, "RFC 9293 3.10.7.4 first: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, and dropped")
{
	given(SYN_RECEIVED, .active = ON);
	inject(ACK, .seq = -1000, .len = 1000, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	inject(ACK, .seq = 1 + 65535, .len = 1, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	inject(SYN | ACK, .seq = -7, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	inject(SYN, .seq = -7, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1);
	inject(RST, .seq = ZERO);
	expect_verdict(SPT_V_TCP_RST_IGNORED);
	inject(RST, .seq = 1 + 65535);
	expect_verdict(SPT_V_TCP_RST_IGNORED);
	expect_nothing();
	expect_state(SYN_RECEIVED);
	expect_no_event(SPT_CONNECTED);
	ack_completes();
}

SCRIPT(old_timestamp, "RFC 7323 5.3 R1: SEG.TSval < TS.Recent: an ACK, and it is dropped")
{
	given(SYN_RECEIVED, .active = ON, .ts = ON);
	inject(ACK, .tsval = script_tsval() - 1, .rejected = true);
	expect_verdict(SPT_V_TCP_PAWS);
	expect(ACK, .seq = 1, .ack = 1);
	expect_state(SYN_RECEIVED);
	inject(ACK, .no_ts = true, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_TIMESTAMP);
	expect_nothing();
	ack_completes();
}

SCRIPT(rst_refuses, "RFC 9293 3.10.7.4 second: came from SYN-SENT: \"connection refused\"")
{
	given(SYN_RECEIVED, .active = ON);
	app_send(100);
	inject(RST, .seq = 1);
	expect_verdict(SPT_V_TCP_REFUSED);
	expect_counted(connects_refused, 1);
	expect_closed(-ECONNREFUSED);
	expect_nothing();
	expect_gone();
	check_eq(script_source_info().used, 0);
	use_peer(1);
	given(SYN_RECEIVED, .active = ON);
	inject(
	    RST | ACK, .seq = 1, .ack = -7); /* RFC 9293: the ACK of a RST is not looked at here */
	expect_closed(-ECONNREFUSED);
	expect_silence_ms(200000);
}

SCRIPT(rst_in_window, "RFC 9293 3.10.7.4 second, RFC 5961 3.2: challenge ACK")
{
	given(SYN_RECEIVED, .active = ON);
	inject(RST, .seq = 2);
	expect_verdict(SPT_V_TCP_RST_CHALLENGED);
	expect(ACK, .seq = 1, .ack = 1);
	inject(RST | ACK, .seq = 65535);
	expect_verdict(SPT_V_TCP_RST_CHALLENGED);
	expect(ACK, .seq = 1, .ack = 1);
	expect_state(SYN_RECEIVED);
	ack_completes();
}

/* Only a passive open returns to LISTEN. */
SCRIPT(syn_in_window, "RFC 9293 3.10.7.4 fourth, RFC 5961 4.2: challenge ACK, nothing else changes")
{
	given(SYN_RECEIVED, .active = ON);
	inject(SYN, .seq = 100, .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_CHALLENGED);
	expect(ACK, .seq = 1, .ack = 1);
	inject(SYN | ACK, .seq = 2, .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_CHALLENGED);
	expect(ACK, .seq = 1, .ack = 1);
	expect_state(SYN_RECEIVED);
	ack_completes();
}

SCRIPT(no_ack, "RFC 9293 3.10.7.4 fifth: the ACK bit is off: drop the segment")
{
	given(SYN_RECEIVED, .active = ON);
	inject(0, .len = 10, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_ACK);
	inject(FIN, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_ACK);
	expect_nothing();
	expect_data(0);
	expect_state(SYN_RECEIVED);
	ack_completes();
}

SCRIPT(wrong_ack, "RFC 9293 3.10.7.4 fifth: not acceptable: <SEQ=SEG.ACK><CTL=RST>, and it stays")
{
	static const int64_t wrong[] = {ZERO, -1, 2, 65536};

	given(SYN_RECEIVED, .active = ON);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		inject(ACK, .ack = wrong[i], .rejected = true);
		expect_verdict(SPT_V_TCP_HANDSHAKE_BAD_ACK);
		expect_rst();
		expect_state(SYN_RECEIVED);
		inject(SYN | ACK, .ack = wrong[i], .rejected = true);
		expect_rst();
		expect_state(SYN_RECEIVED);
	}
	expect_no_event(SPT_CONNECTED);
	ack_completes();
}

/* ---- calls in SYN-RECEIVED ------------------------------------------------ */

SCRIPT(shutdown, "RFC 9293 3.10.4, SYN-RECEIVED: FIN is queued until ESTABLISHED is entered")
{
	given(SYN_RECEIVED, .active = ON);
	app_send(50);
	app_shutdown();
	expect_nothing();
	expect_state(SYN_RECEIVED);
	check_eq(spt_shutdown(script_engine(), script_conn()), -EALREADY);
	app_send_fails(1, -EPIPE);
	inject(ACK);
	expect(FIN | PSH | ACK, .seq = 1, .len = 50);
	expect_connected();
	expect_state(FIN_WAIT_1);
	inject(ACK, .len = 10);
	expect_state(FIN_WAIT_2);
	expect_data(10);
	expect_within_ms(40, ACK);
	inject(FIN | ACK);
	expect(ACK);
	expect_event(SPT_PEER_CLOSED);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

/* Whoever closed is told of CLOSED only. */
SCRIPT(close, "RFC 9293 3.10.4, SYN-RECEIVED; 3.6.1")
{
	given(SYN_RECEIVED, .active = ON);
	app_close();
	expect_nothing();
	expect_state(SYN_RECEIVED);
	inject(SYN | ACK);
	expect(FIN | ACK, .seq = 1, .ack = 1);
	expect_state(FIN_WAIT_1);
	inject(FIN | ACK);
	expect(ACK, .ack = 2);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

SCRIPT(close_then_data, "RFC 9293 3.6.1: data after spt_close draws a RST")
{
	given(SYN_RECEIVED, .active = ON);
	app_close();
	inject(ACK, .len = 100);
	expect_verdict(SPT_V_TCP_CONNECTED);
	expect(RST | ACK, .seq = 1, .ack = ANY);
	expect_closed(-ECONNABORTED);
	expect_nothing();
	expect_gone();
}

SCRIPT(close_then_refused, "RFC 9293 3.10.4, 3.10.7.4 second")
{
	given(SYN_RECEIVED, .active = ON);
	app_close();
	inject(RST, .seq = 1);
	expect_closed(-ECONNREFUSED);
	expect_gone();
}

SCRIPT(close_and_nobody_answers, "RFC 9293 3.8.3 MUST-23")
{
	given(SYN_RECEIVED, .active = ON, .config.syn_retries = 1);
	app_close();
	expect_after_ms(1000, SYN | ACK, .seq = ZERO);
	expect_after_ms(2000, RST | ACK, .seq = 1);
	expect_closed(-ETIMEDOUT);
}

/* What is not data needs no window. */
SCRIPT(abort_at_a_closed_window, "RFC 9293 3.10.5: SEQ=SND.NXT")
{
	given(SYN_RECEIVED, .active = ON, .wnd = ZERO);
	app_abort();
	expect(RST | ACK, .seq = 1, .ack = 1);
	expect_closed(-ECONNABORTED);
}

SCRIPT(abort, "RFC 9293 3.10.5, SYN-RECEIVED: <SEQ=SND.NXT><CTL=RST>")
{
	given(SYN_RECEIVED, .active = ON);
	app_send(100);
	app_abort();
	expect(RST | ACK, .seq = 1, .ack = 1);
	expect_closed(-ECONNABORTED);
	expect_gone();
}

SCRIPT_MAIN()

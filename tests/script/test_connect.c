/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The active open: the SYN and what it offers (RFC 9293 3.10.1, RFC 7323), its retransmission
 * (RFC 6298, RFC 9293 3.8.3), the SYN-ACK and what it agrees to, and what rides on the third
 * segment.
 */
#include <rte_mbuf.h>

#include <lib/script.h>

#define SYN_OPTIONS (P_MSS | P_WSCALE | P_TIMESTAMP)

static struct spt_stats
stats(void)
{
	struct spt_stats s;

	spt_engine_stats(script_engine(), &s);
	return s;
}

/* ---- the SYN -------------------------------------------------------------- */

SCRIPT(three_segments, "RFC 9293 3.5, figure 6, from the left; 3.10.7.3 fourth")
{
	given(LISTEN);
	app_connect(.lport = SCRIPT_PORT);
	expect_counted(connects, 1);
	expect(SYN, .with = SYN_OPTIONS, .wnd = 65535, .tsecr = ZERO);
	expect_state(SYN_SENT);
	inject(SYN | ACK);
	expect_verdict(SPT_V_TCP_CONNECTED);
	expect_counted(opened_active, 1);
	expect_counted(opened_passive, 0);
	expect(ACK, .seq = 1, .ack = 1, .without = P_MSS | P_WSCALE);
	expect_connected();
	expect_no_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
	expect_nothing();
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK, .len = 20);
	expect_acked(10);
	expect_data(20);
	expect_within_ms(40, ACK);
}

/* RFC 9293 MUST-14: always an MSS option, of what the MTU of 1500 leaves (RFC 6691). */
SCRIPT(syn_offers, "RFC 9293 3.7.1 MUST-14, MUST-67; RFC 7323 2.2, 2.3, 3.2")
{
	given(LISTEN);
	app_connect();
	expect(SYN, .mss = script_family() == 4 ? 1460 : 1440, .wscale = 7, .wnd = 65535,
	    .tos = ZERO, .ttl = 64, .with = P_SACK_PERM, .without = P_SACK);
	app_close();
	expect_closed(-ECONNABORTED);
}

SCRIPT(syn_offers_less, "septet.h, spt_conn_options: no_timestamps, no_window_scale, mss")
{
	given(LISTEN, .conn.no_timestamps = true, .conn.no_window_scale = true, .conn.mss = 600,
	    .conn.receive_buffer = 5000, .conn.dscp = 10, .conn.ttl = 3);
	app_connect();
	expect(SYN, .with = P_MSS, .without = P_WSCALE | P_TIMESTAMP, .mss = 600, .wnd = 5000,
	    .tos = 40, .ttl = 3);
	inject(SYN | ACK, .no_ts = true);
	expect(ACK, .without = P_TIMESTAMP, .wnd = 5000);
	expect_connected();
	check_eq(script_info().timestamps, false);
	check_eq(script_info().rcv_wscale, 0);
}

SCRIPT(window_of_syn, "RFC 7323 2.2: the window of a SYN is never scaled")
{
	given(SYN_SENT, .wscale = 1, .conn.receive_buffer = 1000000,
	    .conn.receive_buffer_max = 1000000);
	app_close();
	expect_closed(-ECONNABORTED);
	use_peer(1);
	app_connect();
	expect(SYN, .wnd = 65535, .wscale = 4);
	inject(SYN | ACK);
	expect(ACK, .wnd = 1000000 / 16);
	expect_connected();
}

/* Two connections of one time have unrelated ISS: RFC 6528. */
SCRIPT(iss, "RFC 9293 3.4.1 MUST-8, SHLD-1; RFC 6528 3")
{
	uint32_t first, again;

	given(SYN_SENT);
	first = script_iss_plus(0);
	app_close();
	expect_closed(-ECONNABORTED);
	advance_ms(100);
	new_life(0);
	app_connect(.lport = SCRIPT_PORT);
	expect(SYN);
	again = script_iss_plus(0);
	/* the same tuple: the clock of 4 us goes on */
	check(again - first >= 20000 && again - first <= 30000);
	use_peer(1);
	app_connect(.lport = SCRIPT_PORT);
	expect(SYN);
	check(script_iss_plus(0) - again > 100 && again - script_iss_plus(0) > 100);
}

/* ---- nobody answers ------------------------------------------------------- */

SCRIPT(gives_up, "RFC 9293 3.8.3 MUST-23: R2 of a SYN is at least 3 minutes; RFC 6298 5.4 to 5.6")
{
	static const uint32_t gaps_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000};
	spt_time start;

	given(SYN_SENT, .ts = OFF);
	start = script_now();
	for (unsigned int i = 0; i < sizeof(gaps_ms) / sizeof(gaps_ms[0]); i++) {
		expect_after_ms(gaps_ms[i], SYN, .seq = ZERO, .with = SYN_OPTIONS);
		expect_counted(segments_retransmitted, 1);
		if (i == 2) /* R1 (SHLD-9, MUST-20) */
			expect_soft_error(-ETIMEDOUT);
		else
			expect_no_event(SPT_SOFT_ERROR);
	}
	expect_silence_ms(59999);
	expect_state(SYN_SENT);
	advance_ms(2);
	expect_counted(closed_timed_out, 1);
	expect_closed(-ETIMEDOUT);
	check((script_now() - start) / SPT_NS_PER_MS >= 183000);
	expect_nothing();
	expect_gone();
	expect_silence_ms(200000);
	inject(SYN | ACK, .rejected = true);
	expect_rst();
}

SCRIPT(gives_up_when_told, "RFC 9293 3.8.3 MUST-21: the application sets R2; septet.h, syn_retries")
{
	given(SYN_SENT, .config.syn_retries = 2);
	expect_after_ms(1000, SYN, .seq = ZERO);
	expect_after_ms(2000, SYN, .seq = ZERO);
	expect_silence_ms(3999);
	advance_ms(2);
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

SCRIPT(user_timeout, "RFC 9293 3.10.8, user time-out; 3.9.1.1, OPEN's time-out")
{
	given(SYN_SENT, .conn.user_timeout_ms = 5000);
	expect_after_ms(1000, SYN, .seq = ZERO);
	expect_after_ms(2000, SYN, .seq = ZERO);
	expect_silence_ms(1999);
	expect_state(SYN_SENT);
	advance_ms(2);
	expect_closed(-ETIMEDOUT);
	expect_counted(closed_timed_out, 1);
	expect_nothing();
	expect_gone();
}

/* The default of R2, 100 s of data, is not that of a SYN; and theirs are not data's. */
SCRIPT(r2_is_for_data, "RFC 9293 3.8.3 MUST-23")
{
	given(SYN_SENT, .conn.r2_ms = 2000, .conn.r1_retries = 1);
	expect_after_ms(1000, SYN, .seq = ZERO);
	expect_soft_error(-ETIMEDOUT);
	expect_after_ms(2000, SYN, .seq = ZERO);
	expect_after_ms(4000, SYN, .seq = ZERO);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	app_send(10);
	expect(ACK, .len = 10);
	expect_silence_ms(1999);
	advance_ms(2);
	ignore_segments();
	expect_closed(-ETIMEDOUT);
}

SCRIPT(initial_rto, "RFC 6298 2.1; septet.h, rto_initial_ms")
{
	given(SYN_SENT, .config.rto_initial_ms = 500);
	expect_after_ms(500, SYN, .seq = ZERO);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
}

SCRIPT(after_a_lost_syn, "RFC 6298 5.7: RTO is 3 s; RFC 5681 3.1: the window is one segment")
{
	given(SYN_SENT);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	app_send(5000);
	expect(ACK, .len = FULL);
	expect_nothing();
	check_eq(script_info().srtt_us, 0); /* Karn: to which of the two was the answer? */
	check_eq(script_info().rttvar_us, 0);
	expect_after_ms(3000, ACK, .seq = 1, .len = FULL);
	expect_nothing();
}

/* The SYN's tries are over when it is answered: what data takes is counted anew. */
SCRIPT(r1_of_data, "RFC 9293 3.8.3 MUST-20, SHLD-9")
{
	given(SYN_SENT, .conn.r1_retries = 1);
	expect_after_ms(1000, SYN, .seq = ZERO);
	expect_soft_error(-ETIMEDOUT);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	app_send(10);
	expect(ACK, .len = 10);
	expect_after_ms(3000, ACK, .seq = 1, .len = 10);
	expect_soft_error(-ETIMEDOUT);
}

SCRIPT(user_timeout_of_data, "RFC 9293 3.9.1.2: a SEND's time-out; data cannot be sent before")
{
	given(SYN_SENT, .conn.user_timeout_ms = 5000, .conn.r1_retries = 99);
	app_send(100);
	expect_after_ms(1000, SYN, .seq = ZERO);
	expect_after_ms(2000, SYN, .seq = ZERO);
	advance_ms(1000);
	inject(SYN | ACK);
	expect(PSH | ACK, .len = 100);
	expect_connected();
	expect_after_ms(3000, ACK, .seq = 1, .len = 100);
	advance_ms(1998);
	expect_state(ESTABLISHED);
	advance_ms(3);
	ignore_segments();
	expect_closed(-ETIMEDOUT);
}

SCRIPT(round_trip_of_syn, "RFC 6298 2.2: the handshake is the first measurement")
{
	given(SYN_SENT);
	advance_ms(300);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	check(script_info().srtt_us >= 299000 && script_info().srtt_us <= 301000);
	check(script_info().rto_us >= 898000 && script_info().rto_us <= 902000);
	app_send(5000);
	for (uint32_t sent = 0; sent + FULL <= 5000; sent += FULL)
		expect(ACK, .len = FULL);
	ignore_segments();
	expect_after_ms(900, ACK, .seq = 1, .len = FULL);
}

/* A SYN that finds no mbuf, or no room in the port, is one that was lost. */
SCRIPT(no_mbuf_for_the_syn, "DESIGN 4: a counted refusal; RFC 6298 5.4")
{
	static struct rte_mbuf *hoard[4096];
	unsigned int n = 0;

	given(LISTEN);
	for (unsigned int i = 0; i < 10; i++)
		script_settle(); /* a port may hold what it sent for a while */
	while (n < 4096 && (hoard[n] = spt_buffer_alloc(script_engine())) != NULL)
		n++;
	check(n > 1000 && n < 4096);
	app_connect();
	expect_counted(tx_no_mbuf, 1);
	expect_nothing();
	expect_state(SYN_SENT);
	rte_pktmbuf_free_bulk(hoard, n);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
}

SCRIPT(no_mbuf_for_the_third_segment, "DESIGN 4; RFC 9293 3.10.7.4 first: the SYN-ACK again")
{
	static struct rte_mbuf *hoard[4096];
	unsigned int n = 0;
	uint64_t missed;

	given(SYN_SENT);
	for (unsigned int i = 0; i < 10; i++)
		script_settle();
	while (n < 4096 && (hoard[n] = spt_buffer_alloc(script_engine())) != NULL)
		n++;
	missed = stats().tx_no_mbuf;
	inject(SYN | ACK);
	expect_connected();
	expect_nothing();
	check(stats().tx_no_mbuf > missed);
	rte_pktmbuf_free_bulk(hoard, n);
	expect_within_ms(1000, ACK, .seq = 1, .ack = 1);
	inject(SYN | ACK);
	expect(ACK, .seq = 1, .ack = 1);
	app_send(10);
	expect(ACK, .len = 10);
}

/* ---- the SYN-ACK ---------------------------------------------------------- */

SCRIPT(options_not_answered, "RFC 7323 2.2, 3.2: off unless both SYNs have them")
{
	given(SYN_SENT, .ts = OFF);
	inject(SYN | ACK);
	expect(ACK, .without = P_TIMESTAMP, .wnd = 65535);
	expect_connected();
	check_eq(script_info().timestamps, false);
	check_eq(script_info().snd_wscale, 0);
	check_eq(script_info().rcv_wscale, 0);
	app_send(10);
	expect(ACK, .len = 10, .without = P_TIMESTAMP, .wnd = 65535);
	inject(ACK);
}

SCRIPT(options_answered, "RFC 7323 2.2, 2.3, 3.2, 4.3")
{
	given(SYN_SENT, .ts = ON, .wscale = 5);
	inject(SYN | ACK, .tsval = 4444);
	expect(ACK, .with = P_TIMESTAMP, .tsecr = 4444, .wnd = 262144 >> 7);
	expect_connected();
	check_eq(script_info().timestamps, true);
	check_eq(script_info().snd_wscale, 5);
	check_eq(script_info().rcv_wscale, 7);
}

SCRIPT(scale_beyond_14, "RFC 7323 2.3: larger than 14: 14 is used")
{
	given(SYN_SENT, .wscale = 15);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	check_eq(script_info().snd_wscale, 14);
}

SCRIPT(no_mss_answered, "RFC 9293 3.7.1 MUST-15: 536, or 1220")
{
	given(SYN_SENT, .mss = ZERO, .conn.nodelay = true);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	app_send(2000);
	for (uint32_t left = 2000; left > 0; left -= left < FULL ? left : FULL)
		expect(ACK, .len = left < FULL ? left : FULL);
	inject(ACK);
}

SCRIPT(window_of_syn_ack, "RFC 7323 2.2: not scaled")
{
	given(SYN_SENT, .wscale = 7, .wnd = 1000);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	check_eq(script_info().snd_wnd, 1000);
	app_send(3000);
	expect(ACK, .len = 1000);
	expect_nothing();
	inject(ACK, .wnd = 10); /* 1280 */
	expect(ACK, .len = 1280);
	expect_nothing();
}

SCRIPT(window_of_syn_ack_closed, "RFC 9293 3.10.7.3: SND.WND from the SYN-ACK; 3.8.6.1")
{
	given(SYN_SENT);
	app_send(100);
	inject(SYN | ACK, .wnd = ZERO);
	expect(ACK);
	expect_connected();
	expect_nothing();
	inject(ACK);
	expect(PSH | ACK, .len = 100);
	inject(ACK);
	expect_acked(100);
}

SCRIPT(syn_ack_with_text, "RFC 9293 3.10.7.3 fourth: continue at the sixth step of 3.10.7.4")
{
	given(SYN_SENT);
	inject(SYN | PSH | ACK, .len = 50);
	expect_verdict(SPT_V_TCP_CONNECTED);
	expect(ACK, .seq = 1, .ack = 51);
	expect_connected();
	expect_data(50);
	expect_nothing();
	inject(ACK, .len = 20);
	expect_data(20);
	expect_after_ms(40, ACK, .ack = 71);
}

SCRIPT(syn_ack_with_fin, "RFC 9293 3.10.7.3 fourth, 3.10.7.4 eighth")
{
	given(SYN_SENT);
	inject(SYN | FIN | ACK, .len = 50);
	expect(ACK, .seq = 1, .ack = 52);
	expect_connected();
	expect_event(SPT_PEER_CLOSED);
	expect_data(50);
	expect_state(CLOSE_WAIT);
	app_close();
	expect(FIN | ACK);
	inject(ACK);
	expect_closed(0);
	expect_gone();
}

SCRIPT(syn_ack_in_a_burst, "RFC 9293 3.8.6.3: one ACK may acknowledge all that came")
{
	given(SYN_SENT);
	inject(SYN | ACK, .more = true);
	inject(ACK, .len = 100, .more = true);
	inject(FIN | ACK, .len = 100);
	expect(ACK, .seq = 1, .ack = 202);
	expect_connected();
	expect_event(SPT_PEER_CLOSED);
	expect_data(200);
	expect_state(CLOSE_WAIT);
	expect_nothing();
}

SCRIPT(third_segment_lost, "RFC 9293 3.10.7.4, first: an unacceptable segment draws an ACK")
{
	given(SYN_SENT);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	advance_ms(1000);
	inject(SYN | ACK);
	expect_verdict(SPT_V_TCP_SYN_CHALLENGED);
	expect(ACK, .seq = 1, .ack = 1);
	expect_no_event(SPT_CONNECTED);
	expect_state(ESTABLISHED);
}

/* ---- what rides on the third segment -------------------------------------- */

static void
script_request(void)
{
	script_app_send(100, 0, 0);
}

SCRIPT(seven_segments_less_one, "RFC 9293 3.5, 3.6: three out, three in; the service closes first")
{
	struct spt_stats before;

	given(LISTEN);
	before = stats();
	app_on(SPT_CONNECTED, request);
	app_on(SPT_PEER_CLOSED, app_close);
	app_connect();
	expect(SYN);
	inject(SYN | ACK);
	expect(PSH | ACK, .len = 100);
	expect_connected();
	inject(FIN | PSH | ACK, .len = 200);
	expect(FIN | ACK, .ack = 202);
	expect_event(SPT_PEER_CLOSED);
	expect_acked(100);
	expect_data(200);
	inject(ACK);
	expect_verdict(SPT_V_TCP_LAST_ACK);
	expect_closed(0);
	expect_gone();
	check_eq(stats().tx_frames - before.tx_frames, 3);
	check_eq(stats().rx_frames - before.rx_frames, 3);
}

SCRIPT(data_queued_before, "RFC 9293 3.10.2, SYN-SENT: queue the data until ESTABLISHED")
{
	given(SYN_SENT);
	app_send(100);
	expect_nothing();
	check_eq(script_info().unsent, 100);
	inject(SYN | ACK);
	expect(PSH | ACK, .seq = 1, .len = 100);
	expect_connected();
	expect_nothing();
	inject(ACK);
	expect_acked(100);
}

SCRIPT(much_data_queued_before, "RFC 9293 3.10.2; RFC 6928: ten segments at first")
{
	given(SYN_SENT);
	app_send(20 * 1400);
	expect_nothing();
	inject(SYN | ACK);
	for (unsigned int i = 0; i < 10; i++)
		expect(ACK, .len = FULL);
	expect_connected();
	expect_nothing();
	inject(ACK);
	check(ignore_segments() > 0);
}

SCRIPT(data_goes_after_a_lost_syn, "RFC 5681 3.1: one segment")
{
	given(SYN_SENT);
	app_send(5000);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(SYN | ACK);
	expect(ACK, .len = FULL);
	expect_connected();
	expect_nothing();
}

SCRIPT(urgent_data_queued_before, "RFC 9293 3.10.2, 3.8.5")
{
	given(SYN_SENT);
	app_send_flags(10, SPT_URGENT_DATA);
	inject(SYN | ACK);
	expect(URG | PSH | ACK, .len = 10, .up = 10);
	expect_connected();
	inject(ACK);
}

SCRIPT(held_data_queued_before, "septet.h, spt_send: SPT_MORE; the handshake does not wait for it")
{
	given(SYN_SENT);
	app_send_flags(10, SPT_MORE);
	inject(SYN | ACK);
	expect(ACK, .seq = 1);
	expect_connected();
	expect_nothing();
	app_send(10);
	expect(PSH | ACK, .len = 20);
	inject(ACK);
}

SCRIPT(fin_on_third_segment, "RFC 9293 3.10.4: FIN after what is queued")
{
	given(SYN_SENT);
	app_on(SPT_CONNECTED, app_shutdown);
	inject(SYN | ACK);
	expect(FIN | ACK, .seq = 1, .ack = 1);
	expect_connected();
	expect_state(FIN_WAIT_1);
	inject(ACK, .len = 10);
	expect_data(10);
	expect_state(FIN_WAIT_2);
	expect_within_ms(40, ACK);
	inject(FIN | ACK);
	expect(ACK, .ack = 12);
	expect_event(SPT_PEER_CLOSED);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

SCRIPT(data_and_fin_on_third_segment, "RFC 9293 3.10.2, 3.10.4")
{
	given(SYN_SENT);
	app_send(100);
	app_on(SPT_CONNECTED, app_close);
	inject(SYN | ACK);
	expect(FIN | PSH | ACK, .seq = 1, .len = 100);
	expect_connected();
	inject(FIN | ACK);
	expect(ACK, .ack = 2);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

SCRIPT(abort_when_connected, "RFC 9293 3.10.5, ESTABLISHED")
{
	given(SYN_SENT);
	app_send(100);
	app_on(SPT_CONNECTED, app_abort);
	inject(SYN | ACK);
	expect_connected();
	expect(RST | ACK, .seq = 1, .ack = 1);
	expect_closed(-ECONNABORTED);
	expect_gone();
}

SCRIPT_MAIN()

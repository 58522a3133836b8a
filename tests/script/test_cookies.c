/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies (RFC 4987 3.6): a SYN is answered without a record, and the ACK alone makes the
 * connection that the SYN asked for.
 */
#include <lib/script.h>

#define ALWAYS .config.syn_cookies = SPT_COOKIES_ALWAYS

static struct spt_stats
stats(void)
{
	struct spt_stats s;

	spt_engine_stats(script_engine(), &s);
	return s;
}

/* SYN, SYN-ACK; nothing is kept but so many records of others. */
static void
cookie_sent_beside(unsigned int records)
{
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN_COOKIE);
	expect(SYN | ACK, .ack = 1);
	check_eq(stats().half_open, records);
	expect_gone();
}

static void
cookie_sent(void)
{
	cookie_sent_beside(0);
}

SCRIPT(handshake_without_a_record, "RFC 4987 3.6; RFC 9293 3.5")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	inject(ACK);
	expect_verdict(SPT_V_TCP_COOKIE);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
	inject(ACK, .len = 100);
	expect_data(100);
	app_send(50);
	expect(ACK, .len = 50);
	inject(ACK);
	expect_acked(50);
	inject(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK);
	app_close();
	expect(FIN | ACK);
	inject(ACK);
	expect_closed(0);
}

SCRIPT(ack_with_data, "RFC 9293 3.10.7.2: the ACK may carry text and FIN")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	inject(ACK | PSH, .len = 300);
	expect_verdict(SPT_V_TCP_COOKIE);
	expect_event(SPT_ACCEPTED);
	expect_data(300);
	expect_after_ms(40, ACK);
	use_peer(1);
	given(LISTEN);
	cookie_sent();
	inject(FIN | ACK, .len = 20);
	expect_verdict(SPT_V_TCP_COOKIE);
	expect_event(SPT_PEER_CLOSED);
	expect_data(20);
	expect(ACK);
	expect_state(CLOSE_WAIT);
}

/* The client's ACK is lost: its first data is as good. */
SCRIPT(lost_third_ack, "RFC 4987 3.6: the ACK is repeated with every segment")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	advance_ms(3000);
	inject(ACK, .len = 10);
	expect_event(SPT_ACCEPTED);
	expect_data(10);
	expect_after_ms(40, ACK);
}

/* The ACK and the first data are lost: what follows is met with silence, not with a RST. */
SCRIPT(lost_first_data, "a cookie is found only by the segment at IRS + 1; then the rest")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	inject(ACK, .seq = 101, .len = 100, .rejected = true);
	expect_verdict(SPT_V_TCP_COOKIE_FORGED);
	expect_nothing();
	inject(ACK, .seq = 1, .len = 100);
	expect_verdict(SPT_V_TCP_COOKIE);
	expect_data(100);
	inject(ACK, .seq = 101, .len = 100);
	expect_data(100);
	ignore_segments();
}

/* The SYN-ACK is lost: the SYN comes again, and the first cookie is as good as the second. */
SCRIPT(syn_again, "RFC 9293 3.10.7.2")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	advance_ms(1000);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN_COOKIE);
	expect(SYN | ACK, .ack = 1);
	expect_silence_ms(2000); /* there is nothing that could be repeated */
	inject(ACK);
	expect_state(ESTABLISHED);
	check_eq(stats().segments_retransmitted, 0);
}

/* What the SYN offered is agreed on: MSS, scaling, timestamps. */
SCRIPT(options_survive, "RFC 7323 2.2, 3.2; RFC 9293 MUST-16")
{
	given(LISTEN, ALWAYS, .mss = 1380, .wscale = 7, .wnd = 512);
	cookie_sent();
	inject(ACK);
	expect_state(ESTABLISHED);
	check_eq(script_info().snd_wscale, 7);
	check_eq(script_info().snd_wnd, 512 << 7);
	check_eq(script_info().timestamps, script_timestamps());
	check(script_info().mss <= 1380);
	check(script_info().mss >= 1340 - (script_timestamps() ? 12 : 0));
	app_send(3 * script_info().mss);
	for (unsigned int i = 0; i < 3; i++)
		expect(ACK, .len = script_info().mss);
	inject(ACK, .wnd = 100);
	check_eq(script_info().snd_wnd, 100 << 7);
}

SCRIPT(options_not_offered, "RFC 9293 MUST-15; RFC 7323 2.2")
{
	given(LISTEN, ALWAYS, .mss = ZERO);
	inject(SYN);
	expect(SYN | ACK, .ack = 1, .without = P_WSCALE);
	inject(ACK);
	expect_state(ESTABLISHED);
	check_eq(script_info().snd_wscale, 0);
	check_eq(script_info().rcv_wscale, 0);
	check(script_info().mss <= (script_family() == 4 ? 536 : 1220));
}

/* What both agreed on of SACK and ECN stands in the low bits of TSval. */
SCRIPT(sack_and_ecn, "RFC 3168 6.1.1; RFC 2018 2")
{
	given(LISTEN, ALWAYS, .wscale = 5, .sack_perm = true);
	inject(SYN | ECE | CWR);
	expect_verdict(SPT_V_TCP_SYN_COOKIE);
	expect(SYN | ECE | ACK, .ack = 1);
	if (script_timestamps())
		check_eq(script_engine_tsval() & 63, 5 << 2 | 3);
	use_peer(1);
	given(LISTEN, .wscale = 5);
	inject(SYN | ECE);
	expect(SYN | ACK, .ack = 1);
	if (script_timestamps())
		check_eq(script_engine_tsval() & 63, 5 << 2);
}

/* A shift that the number cannot tell is rounded down: the window is taken for smaller. */
SCRIPT(scale_rounded_down, "never more than the peer offered")
{
	given(LISTEN, ALWAYS, .wscale = 9, .wnd = 100);
	cookie_sent();
	inject(ACK);
	check_eq(script_info().snd_wscale, script_timestamps() ? 9 : 8);
}

/* No RTT was measured: of the SYN-ACK only the number and the options come back. */
SCRIPT(no_rtt_sample, "RFC 6298 2.1: RTO is 1 s until a sample")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	advance_ms(3000);
	inject(ACK);
	check_eq(script_info().srtt_us, 0);
	check_eq(script_info().rto_us, 1000000);
}

SCRIPT(stale, "RFC 4987 3.6: secrets change, a cookie ends with its own")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	advance_ms(63000);
	use_peer(1);
	given(LISTEN);
	cookie_sent();
	use_peer(0);
	inject(ACK); /* the secret may have changed once */
	expect_verdict(SPT_V_TCP_COOKIE);
	use_peer(1);
	advance_ms(127000);
	use_peer(2);
	given(LISTEN);
	cookie_sent(); /* so that cookies are looked for */
	use_peer(1);
	advance_ms(10000);
	inject(ACK, .rejected = true);
	expect_verdict(SPT_V_TCP_COOKIE_STALE);
	expect_rst();
	inject(ACK, .len = 10, .rejected = true);
	expect_verdict(SPT_V_TCP_COOKIE_STALE);
	expect_rst();
	expect_gone();
}

SCRIPT(none_issued, "an ACK without connection draws a RST (RFC 9293 3.10.7.2)")
{
	given(LISTEN);
	inject(ACK, .seq = 1, .ack = 1, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_LISTENER);
	expect_rst();
	use_peer(1);
	given(LISTEN);
	inject(ACK, .seq = 1, .ack = 1, .len = 10, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_LISTENER);
	expect_rst();
}

/* Also to a bare ACK: it may be the answer to a second SYN-ACK, behind text that was lost. */
SCRIPT(forged, "a wrong number is met with silence while cookies are about")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	inject(ACK, .ack = 2, .rejected = true);
	expect_verdict(SPT_V_TCP_COOKIE_FORGED);
	expect_nothing();
	inject(ACK, .seq = 101, .rejected = true);
	expect_verdict(SPT_V_TCP_COOKIE_FORGED);
	expect_nothing();
	inject(ACK, .ack = 2, .len = 10, .rejected = true);
	expect_verdict(SPT_V_TCP_COOKIE_FORGED);
	expect_nothing();
	inject(SYN | ACK, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_LISTENER);
	expect_rst();
	inject(ACK);
	expect_verdict(SPT_V_TCP_COOKIE);
}

/* The cookie of one 4-tuple says nothing of another, nor of another port of ours. */
SCRIPT(another_tuple, "RFC 4987 3.6: the 4-tuple is part of it")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	inject(ACK, .sport = SCRIPT_PEER_PORT + 7, .rejected = true);
	expect_verdict(SPT_V_TCP_COOKIE_FORGED);
	ignore_segments();
	inject(ACK, .dport = SCRIPT_PORT + 1, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_LISTENER);
	ignore_segments();
	inject(ACK);
	expect_verdict(SPT_V_TCP_COOKIE);
}

/* RST and FIN without ACK to what has no record: nothing is there to be hurt. */
SCRIPT(rst_before_the_ack, "RFC 9293 3.10.7.2 first")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	inject(RST, .seq = 1, .rejected = true);
	expect_verdict(SPT_V_TCP_CLOSED_RST);
	expect_nothing();
	inject(FIN, .seq = 1, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_ACK);
	expect_nothing();
	inject(ACK);
	expect_state(ESTABLISHED);
}

SCRIPT(no_connection_left, "silence: the peer repeats its data, and nothing accepted is lost")
{
	given(ESTABLISHED, .active = OFF,
	    .config = {.connections = 1, .syn_cookies = SPT_COOKIES_ALWAYS});
	use_peer(1);
	given(LISTEN);
	cookie_sent();
	inject(ACK, .rejected = true);
	expect_verdict(SPT_V_TCP_COOKIE_NO_CONN);
	expect_nothing();
	use_peer(0);
	app_abort();
	expect_closed(-ECONNABORTED);
	expect(RST | ACK);
	use_peer(1);
	inject(ACK, .len = 10);
	expect_verdict(SPT_V_TCP_COOKIE);
	expect_data(10);
	ignore_segments();
}

SCRIPT(defer_accept, "nothing is kept for a bare ACK; data makes the connection")
{
	given(LISTEN, ALWAYS, .defer_accept = true);
	cookie_sent();
	inject(ACK);
	expect_verdict(SPT_V_TCP_COOKIE_DEFERRED);
	expect_gone();
	expect_no_event(SPT_ACCEPTED);
	advance_ms(20000);
	inject(ACK, .len = 10);
	expect_verdict(SPT_V_TCP_COOKIE);
	expect_event(SPT_ACCEPTED);
	expect_data(10);
	ignore_segments();
}

/* Past the backlog cookies serve those who come; records serve as many as it holds. */
SCRIPT(past_the_backlog, "DESIGN 6: backlog per listener; past it SYN cookies")
{
	given(LISTEN, .backlog = 2);
	for (unsigned int i = 0; i < 5; i++) {
		use_peer(i);
		inject(SYN);
		expect_verdict(i < 2 ? SPT_V_TCP_SYN : SPT_V_TCP_SYN_COOKIE);
		expect(SYN | ACK);
	}
	check_eq(stats().half_open, 2);
	check_eq(stats().cookies_on, 0);
	for (unsigned int i = 5; i-- > 0;) {
		use_peer(i);
		inject(ACK);
		expect_event(SPT_ACCEPTED);
		expect_state(ESTABLISHED);
	}
}

/* Three quarters of all records are taken: cookies for all, until half of them are free again. */
SCRIPT(records_run_out, "cookies begin before records end, and end with hysteresis")
{
	given(LISTEN, .config.half_open = 8);
	for (unsigned int i = 0; i < 6; i++) {
		use_peer(i);
		inject(SYN);
		expect_verdict(SPT_V_TCP_SYN);
		expect(SYN | ACK);
	}
	use_peer(6);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN_COOKIE);
	expect_counted(cookies_by_records, 1);
	expect(SYN | ACK);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	for (unsigned int i = 0; i < 3; i++) { /* half are free: not yet */
		use_peer(i);
		inject(ACK);
		expect_event(SPT_ACCEPTED);
	}
	use_peer(7);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN_COOKIE);
	expect(SYN | ACK);
	check_eq(stats().cookies_on, 1);
	advance_ms(1100); /* the three that are left are asked again */
	check_eq(ignore_segments(), 3);
	use_peer(8);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN);
	expect(SYN | ACK);
	check_eq(stats().cookies_on, 0);
	use_peer(7); /* and what was issued is still good */
	inject(ACK);
	expect_verdict(SPT_V_TCP_COOKIE);
}

/* A script remembers 4096 segments: a record's second SYN-ACK comes late, and is its last. */
#define FEW_ANSWERS .config = {.half_open = 4096, .syn_ack_retries = 1, .rto_initial_ms = 5000}

/* A thousand SYNs in a tenth of a second, that nobody completes. */
static void
flood(unsigned int port)
{
	for (unsigned int i = 0; i < 1000; i++) {
		inject(SYN, .sport = (uint16_t)(port + i), .more = i % 25 != 24);
		if (i % 25 == 24)
			ignore_segments();
	}
	advance_ms(100);
	ignore_segments();
}

/* The end is seen by time: no SYN has to come, and whoever jumps to deadlines comes to it. */
SCRIPT(flood_begins_and_ends, "SYNs that nobody completes, and their end")
{
	given(LISTEN, FEW_ANSWERS);
	flood(1000);
	check_eq(stats().cookies_on, 0);
	inject(SYN, .sport = 999);
	expect_verdict(SPT_V_TCP_SYN_COOKIE);
	check_eq(stats().cookies_by_rate, 1);
	check_eq(stats().cookies_on, 1);
	ignore_segments();
	advance_ms(850);
	ignore_segments();
	check_eq(stats().cookies_on, 1);
	check(spt_next_deadline(script_engine()) <= script_now() + 200 * SPT_NS_PER_MS);
	advance_ms(260);
	ignore_segments();
	check_eq(stats().cookies_on, 0);
	advance_ms(20000); /* the records are gone: nothing is left to wait for */
	ignore_segments();
	check_eq(stats().half_open, 0);
	check_eq(spt_next_deadline(script_engine()) == SPT_TIME_NEVER, 1);
}

/* What comes while it lasts begins the count of quiet windows again; a long silence ends it. */
SCRIPT(flood_goes_on, "ten quiet windows, and one that is not")
{
	given(LISTEN, FEW_ANSWERS);
	flood(1000);
	inject(SYN, .sport = 999);
	expect_verdict(SPT_V_TCP_SYN_COOKIE);
	ignore_segments();
	advance_ms(100);
	ignore_segments();
	check_eq(stats().cookies_on, 1);
	advance_ms(800);
	ignore_segments();
	flood(3000);
	advance_ms(800);
	ignore_segments();
	check_eq(stats().cookies_on, 1);
	check_eq(stats().cookies_by_rate, 1);
	advance_ms(400);
	ignore_segments();
	check_eq(stats().cookies_on, 0);
}

/* The window was a flood, but that is long ago. */
SCRIPT(flood_long_ago, "a burst that nobody looked at in time begins nothing")
{
	given(LISTEN, FEW_ANSWERS);
	flood(1000);
	advance_ms(1100);
	ignore_segments();
	inject(SYN, .sport = 999);
	expect_verdict(SPT_V_TCP_SYN);
	ignore_segments();
	check_eq(stats().cookies_by_rate, 0);
	check_eq(stats().cookies_on, 0);
}

/*
 * A repeated SYN made a record whose ISS is of another epoch; then comes the ACK of the cookie that
 * answered the first one.
 */
SCRIPT(cookie_beats_record, "an honest handshake is not reset for our change of mind")
{
	given(LISTEN, .config.half_open = 4);
	for (unsigned int i = 0; i < 3; i++) {
		use_peer(i);
		inject(SYN);
		expect(SYN | ACK);
	}
	use_peer(3);
	cookie_sent_beside(3);
	for (unsigned int i = 0; i < 3; i++) {
		use_peer(i);
		inject(ACK);
		expect_event(SPT_ACCEPTED);
	}
	advance_ms(70000); /* another epoch, and cookies are off */
	use_peer(3);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN);
	check_eq(stats().half_open, 1);
	ignore_segments(); /* lost; the peer has the first SYN-ACK */
	inject(ACK, .ack = 1);
	expect_verdict(SPT_V_TCP_COOKIE);
	expect_event(SPT_ACCEPTED);
	check_eq(stats().half_open, 0);
}

/* Cookies are in life, but off: peer 3 had one, the records of 0 to 2 are connections. */
static void
cookies_about(void)
{
	for (unsigned int i = 0; i < 4; i++) {
		use_peer(i);
		inject(SYN);
		expect_verdict(i < 3 ? SPT_V_TCP_SYN : SPT_V_TCP_SYN_COOKIE);
		expect(SYN | ACK);
	}
	for (unsigned int i = 0; i < 3; i++) {
		use_peer(i);
		inject(ACK, .len = 1);
		expect_event(SPT_ACCEPTED);
	}
	advance_ms(1100);
	ignore_segments();
}

/* Its number is a cookie's, so its TSval must tell what a cookie's tells. */
SCRIPT(record_that_ended, "a record that expires leaves a cookie, options and all")
{
	given(LISTEN, .config.half_open = 4, .mss = 1380, .wscale = 7, .wnd = 512);
	cookies_about();
	use_peer(4);
	given(LISTEN, .mss = 1380, .wscale = 7, .wnd = 512);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN);
	expect(SYN | ACK);
	advance_ms(64000);
	check_eq(ignore_segments(), 5);
	check_eq(stats().half_open, 0);
	inject(ACK, .len = 10);
	expect_verdict(SPT_V_TCP_COOKIE);
	expect_data(10);
	check_eq(script_info().snd_wscale, 7);
	check_eq(script_info().snd_wnd, 512 << 7);
	ignore_segments();
}

SCRIPT(deferred_record_that_ended, "the same, its ACK having come; and after a challenge")
{
	given(LISTEN, .config.half_open = 4, .wscale = 6, .wnd = 512, .defer_accept = true);
	cookies_about();
	use_peer(4);
	given(LISTEN, .wscale = 6, .wnd = 512);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN);
	expect(SYN | ACK);
	inject(ACK);
	expect_verdict(SPT_V_TCP_HANDSHAKE_DEFERRED);
	advance_ms(10037);
	inject(ACK, .seq = 70000, .rejected = true);
	expect(ACK, .ack = 1);
	advance_ms(64000);
	check_eq(stats().half_open, 0);
	inject(ACK, .len = 10);
	expect_verdict(SPT_V_TCP_COOKIE);
	expect_data(10);
	check_eq(script_info().snd_wscale, 6);
	ignore_segments();
}

/* TSval of the record's SYN-ACK is before those of the connection (RFC 7323 5.3 at the peer). */
SCRIPT(record_beside_cookies, "a record whose number is a cookie's is a record like others")
{
	given(LISTEN, .config.half_open = 4, .wscale = 6, .wnd = 512);
	cookies_about();
	use_peer(4);
	given(LISTEN, .wscale = 9, .wnd = 512);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN);
	expect(SYN | ACK);
	inject(ACK);
	expect_verdict(SPT_V_TCP_HANDSHAKE);
	check_eq(script_info().snd_wscale, 9);
	app_send(10);
	expect(ACK, .len = 10);
}

SCRIPT(never, "syn-cookies never: a full backlog refuses")
{
	given(LISTEN, .backlog = 1, .config.syn_cookies = SPT_COOKIES_NEVER);
	inject(SYN);
	expect(SYN | ACK);
	use_peer(1);
	inject(SYN, .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_BACKLOG);
	expect_nothing();
}

/* A reopened TIME-WAIT needs an ISS above the old one, which a cookie cannot promise. */
SCRIPT(time_wait_gets_a_record, "RFC 6191; RFC 9293 3.6.1")
{
	given(TIME_WAIT, .active = OFF, ALWAYS);
	inject(SYN, .seq = 70000);
	expect_verdict(SPT_V_TCP_TIMEWAIT_SYN);
	check_eq(stats().half_open, 1);
	ignore_segments();
	expect_state(SYN_RECEIVED);
}

/* A flood must not keep out who comes back: a quarter of the backlog is theirs. */
SCRIPT(time_wait_in_a_flood, "RFC 6191: state, also while a backlog is full")
{
	given(TIME_WAIT, .active = OFF, .backlog = 4);
	for (unsigned int i = 1; i < 9; i++) {
		use_peer(i);
		given(LISTEN, .mss = i < 6 ? 0 : 200);
		inject(SYN, .rejected = i >= 6);
		expect_verdict(i < 4   ? SPT_V_TCP_SYN
		               : i < 6 ? SPT_V_TCP_SYN_COOKIE
		                       : SPT_V_TCP_SYN_BACKLOG);
		ignore_segments();
	}
	use_peer(0);
	inject(SYN, .seq = 70000);
	expect_verdict(SPT_V_TCP_TIMEWAIT_SYN);
	check_eq(stats().half_open, 4);
	ignore_segments();
	expect_state(SYN_RECEIVED);
}

/* So is a quarter of all records. */
SCRIPT(time_wait_and_scarce_records, "the same, of all records")
{
	given(TIME_WAIT, .active = OFF, .config.half_open = 4);
	for (unsigned int i = 1; i < 9; i++) {
		use_peer(i);
		given(LISTEN, .mss = 200);
		inject(SYN, .rejected = i >= 4);
		expect_verdict(i < 4 ? SPT_V_TCP_SYN : SPT_V_TCP_SYN_NO_RECORD);
		ignore_segments();
	}
	use_peer(0);
	inject(SYN, .seq = 70000);
	expect_verdict(SPT_V_TCP_TIMEWAIT_SYN);
	check_eq(stats().half_open, 4);
	ignore_segments();
}

/* Smaller than any MSS that a cookie can tell: a record, as long as there are any. */
SCRIPT(tiny_mss, "RFC 9293 MUST-16")
{
	given(LISTEN, ALWAYS, .mss = 200, .backlog = 1);
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN);
	expect(SYN | ACK);
	use_peer(1);
	given(LISTEN, .mss = 200);
	inject(SYN, .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_BACKLOG);
	expect_nothing();
	use_peer(2);
	given(LISTEN, .mss = 216);
	cookie_sent_beside(1);
}

/* The listener went away between the SYN and the ACK. */
SCRIPT(listener_gone, "RFC 9293 3.10.7.1")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	app_unlisten(SPT_UNLISTEN_DRAIN);
	inject(ACK, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_LISTENER);
	expect_rst();
}

/* A replay of the ACK after the connection ended: TIME-WAIT keeps it out. */
SCRIPT(replayed_ack, "RFC 9293 3.6.1")
{
	given(LISTEN, ALWAYS);
	cookie_sent();
	inject(ACK);
	app_close();
	expect(FIN | ACK);
	inject(FIN | ACK, .ack = 2);
	expect(ACK, .ack = 2);
	expect_closed(0);
	inject(ACK, .seq = 1, .ack = 1);
	expect_verdict(SPT_V_TCP_TIMEWAIT_ACK);
	ignore_segments();
	expect_state(TIME_WAIT);
}

SCRIPT_MAIN()

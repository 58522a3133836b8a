/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recovery and ECN, where docs/conformance.md found no other test (RFC 5681 3.1, 3.2, RFC 3042,
 * RFC 3168 6.1.2 to 6.1.6, RFC 4015 3.2, RFC 6298 5).
 */
#include <lib/script.h>

#define FROM(n) (1 + (int64_t)(n)*FULL)
#define B(from, to)                                                                                \
	{                                                                                          \
		FROM(from), FROM(to)                                                               \
	}
#define BLOCKS(...) .sack = {__VA_ARGS__}
#define ECT0        2
#define CE          3

/* A round trip of 100 ms; ten segments are out, 'more' are unsent. */
static void
ten_out(unsigned int more, int ts)
{
	given(SYN_RECEIVED, .mss = 1000, .sack_perm = true, .ecn = true, .active = OFF, .ts = ts,
	    .conn.congestion = SPT_CONGESTION_NEWRENO);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	check_eq(script_info().ecn, true);
	app_send((10 + more) * FULL);
	for (unsigned int i = 0; i < 10; i++)
		expect(ACK, .len = FULL, .tos = ECT0);
	expect_nothing();
}

static void
finish(void)
{
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

/* ---- RFC 5681, 3042, 6298 ---------------------------------------------------------- */

SCRIPT(ssthresh_held, "RFC 5681 3.1: a segment that times out again changes ssthresh no more")
{
	uint32_t ssthresh;

	ten_out(0, 0);
	advance_ms(600); /* a probe, and the time-out */
	ignore_segments();
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	ssthresh = script_info().ssthresh;
	check_eq(ssthresh, 5 * FULL);
	advance_ms(600); /* as often as leaves the path's MTU undoubted */
	check(ignore_segments() >= 1);
	check_eq(script_info().retransmissions, 2);
	check_eq(script_info().ssthresh, ssthresh);
	check_eq(script_info().cwnd, FULL);
	finish();
}

SCRIPT(first_ssthresh, "RFC 5681 3.1: ssthresh is arbitrarily high until something is lost")
{
	given(ESTABLISHED, .wscale = 14, .wnd = 65535);
	check(script_info().ssthresh >= (uint32_t)65535 << 14);
	app_send(FULL);
	expect(ACK, .len = FULL);
	inject(ACK);
	check(script_info().ssthresh >= (uint32_t)65535 << 14);
}

SCRIPT(limited_by_news, "RFC 3042 2: with SACK only a block that tells something new lets data go")
{
	ten_out(10, 0);
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 2)));
	expect(ACK, .seq = FROM(10), .len = FULL);
	for (unsigned int i = 0; i < 5; i++) {
		inject(ACK, .ack = 1, BLOCKS(B(1, 2)));
		expect_nothing();
	}
	check_eq(script_info().cwnd, 10 * FULL);
	finish();
}

SCRIPT(not_too_early, "RFC 6298 5: no segment is sent again before an RTO since it was sent last")
{
	given(SYN_RECEIVED, .mss = 1000, .active = OFF);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send(FULL);
	expect(ACK, .len = FULL);
	expect_silence_ms(250);
	app_send(FULL);
	expect(ACK, .seq = FROM(1), .len = FULL);
	inject(ACK, .ack = FROM(1)); /* RTO is 350 ms after it or so, from now on */
	expect_silence_ms(script_info().rto_us / 1000 - 1);
	expect_within_ms(3, ACK, .seq = FROM(1), .len = FULL);
	expect_silence_ms(script_info().rto_us / 1000 - 3);
	finish();
}

/* ---- ECN: what has no ECT, where CWR stands ------------------------------------------ */

SCRIPT(window_probe, "RFC 3168 6.1.6: neither ECT nor CWR on a window probe")
{
	ten_out(10, 0);
	advance_ms(100);
	/* CWR is due, and there is no room for data that could carry it */
	inject(ACK | ECE, .ack = FROM(10), .wnd = ZERO);
	check_eq(script_info().cwnd, 5 * FULL);
	expect_within_ms(1000, ACK, .seq = FROM(10), .len = 1, .tos = ZERO);
	inject(ACK, .ack = FROM(10), .wnd = ZERO);
	expect_within_ms(2000, ACK, .seq = FROM(10), .len = 1, .tos = ZERO);
	inject(ACK, .ack = FROM(10) + 1);
	expect(ACK | CWR, .seq = FROM(10) + 1, .len = FULL, .tos = ECT0);
	expect(ACK, .len = FULL, .tos = ECT0);
	ignore_segments();
	finish();
}

SCRIPT(loss_probe, "RFC 3168 6.1.5: a loss probe of old data is a retransmission: no ECT")
{
	ten_out(0, 0);
	expect_within_ms(300, ACK, .seq = FROM(9), .len = FULL, .tos = ZERO);
	inject(ACK, .ack = FROM(10));
	app_send(FULL);
	expect(ACK, .len = FULL, .tos = ECT0); /* no reduction, no CWR */
	finish();
}

SCRIPT(
    cwr_after_timeout, "RFC 3168 6.1.2, 6.1.5: CWR of a time-out: on new data, not on what is old")
{
	ten_out(10, ON); /* without timestamps F-RTO would send new data first */
	expect_within_ms(300, ACK, .seq = FROM(10), .len = FULL, .tos = ECT0); /* a probe */
	expect_within_ms(600, ACK, .seq = FROM(0), .len = FULL, .tos = ZERO);
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	inject(ACK, .ack = FROM(1));
	expect(ACK, .seq = FROM(1), .len = FULL, .tos = ZERO);
	ignore_segments();
	inject(ACK, .ack = FROM(11));
	expect(ACK | CWR, .seq = FROM(11), .len = FULL, .tos = ECT0);
	expect(ACK, .len = FULL, .tos = ECT0);
	ignore_segments();
	finish();
}

SCRIPT(delayed_echo, "RFC 3168 6.1.3: an ACK of several segments echoes if one of them was marked")
{
	given(ESTABLISHED, .ecn = true, .conn.ecn = SPT_ECN_ASK);
	inject(ACK, .len = 10, .tos = CE, .more = true);
	inject(ACK, .len = 10, .tos = ECT0);
	expect(ACK | ECE, .ack = 21);
	inject(ACK | CWR, .len = 10, .tos = ECT0, .more = true);
	inject(ACK, .len = 10, .tos = CE);
	expect(ACK | ECE, .ack = 41);
}

/* ---- ECN: what an echo does ------------------------------------------------------------ */

SCRIPT(
    no_growth_by_echo, "RFC 3168 6.1.2: ECE never makes the window grow, after a time-out either")
{
	uint32_t cwnd;

	ten_out(10, 0);
	advance_ms(600);
	ignore_segments();
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	inject(ACK, .ack = FROM(2));
	ignore_segments();
	cwnd = script_info().cwnd;
	inject(ACK | ECE, .ack = FROM(3));
	ignore_segments();
	check(script_info().cwnd <= cwnd);
	inject(ACK | ECE, .ack = FROM(4));
	ignore_segments();
	check(script_info().cwnd <= cwnd);
	finish();
}

SCRIPT(window_of_one, "RFC 3168 6.1.2: with a window of one ECE restarts the timer; it stays one")
{
	ten_out(10, 0);
	advance_ms(600);
	ignore_segments();
	check_eq(script_info().cwnd, FULL);
	advance_ms(100);
	inject(ACK | ECE, .ack = FROM(1));
	check_eq(script_info().cwnd, FULL);
	expect(ACK, .seq = FROM(1), .len = FULL, .tos = ZERO);
	expect_silence_ms(script_info().rto_us / 1000 - 1);
	finish();
}

SCRIPT(echo_forbids_undo, "RFC 4015 3.2: a reduction that ECE asked for is not reversed")
{
	uint32_t tsval;

	ten_out(0, ON);
	tsval = script_engine_tsval();
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 4)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	check_eq(script_info().ssthresh, 5 * FULL);
	advance_ms(10);
	/* the loss was none, but there was a mark */
	inject(ACK | ECE, .ack = FROM(4), .tsecr = tsval);
	ignore_segments();
	inject(ACK, .ack = FROM(10));
	check(script_info().cwnd <= 6 * FULL);
	check(script_info().ssthresh <= 6 * FULL);
	expect_acked(10 * FULL);
}

SCRIPT(echo_then_undo, "RFC 4015 3.2: the same, where the mark was told of before")
{
	uint32_t tsval;

	ten_out(0, ON);
	tsval = script_engine_tsval();
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 4)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	inject(ACK | ECE, .ack = 1, BLOCKS(B(1, 5)));
	ignore_segments();
	advance_ms(10);
	inject(ACK, .ack = FROM(5), .tsecr = tsval);
	ignore_segments();
	inject(ACK, .ack = FROM(10));
	check(script_info().cwnd <= 6 * FULL);
	check(script_info().ssthresh <= 6 * FULL);
	expect_acked(10 * FULL);
}

SCRIPT_MAIN()

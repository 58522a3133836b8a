/* SPDX-License-Identifier: BSD-3-Clause */
/* ECN at the sender (RFC 3168 6.1.2): ECE reduces the window once for what is out, CWR says so. */
#include <lib/script.h>

#define FROM(n) (1 + (int64_t)(n)*FULL)
#define ECT0    2

/* A round trip of 100 ms; ten segments are out, 'more' are unsent. */
static void
ten_out(unsigned int more)
{
	given(SYN_RECEIVED, .mss = 1000, .sack_perm = true, .ecn = true, .active = OFF,
	    .conn.congestion = SPT_CONGESTION_NEWRENO);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	check_eq(script_info().ecn, true);
	app_send((10 + more) * FULL);
	for (unsigned int i = 0; i < 10; i++)
		expect(ACK, .len = FULL, .tos = ECT0);
	expect_nothing();
	advance_ms(100);
}

SCRIPT(once_a_window, "RFC 3168 6.1.2: ECE is a congestion event, one for each window of data")
{
	struct spt_stats stats;

	ten_out(20);
	inject(ACK | ECE, .ack = FROM(1));
	check_eq(script_info().recovery, SPT_RECOVERY_CWR);
	check_eq(script_info().ssthresh, 5 * FULL);
	ignore_segments();
	for (unsigned int i = 2; i <= 9; i++) {
		inject(ACK | ECE, .ack = FROM(i));
		ignore_segments();
		check_eq(script_info().ssthresh, 5 * FULL);
	}
	spt_engine_stats(script_engine(), &stats);
	check_eq(stats.ecn_reductions, 1);
	check_eq(stats.segments_retransmitted, 0);
	check(script_info().in_flight <= 6 * FULL);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(cwr, "RFC 3168 6.1.2: CWR on the first new data after the reduction, and only there")
{
	ten_out(20);
	inject(ACK | ECE, .ack = FROM(1));
	expect(ACK | CWR, .seq = FROM(10), .len = FULL, .tos = ECT0);
	expect_nothing();
	inject(ACK, .ack = FROM(5));
	expect(ACK, .seq = FROM(11), .len = FULL, .tos = ECT0);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(ends, "RFC 3168 6.1.2, RFC 9937 6: then the window is ssthresh, and the next ECE counts")
{
	struct spt_stats stats;

	ten_out(20);
	inject(ACK | ECE, .ack = FROM(1));
	ignore_segments();
	inject(ACK | ECE, .ack = FROM(5));
	ignore_segments();
	inject(ACK, .ack = FROM(10));
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	check_eq(script_info().cwnd, 5 * FULL);
	ignore_segments();
	advance_ms(100);
	inject(ACK | ECE, .ack = FROM(11));
	spt_engine_stats(script_engine(), &stats);
	check_eq(stats.ecn_reductions, 2);
	ignore_segments();
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(
    loss_too, "RFC 3168 6.1.2: loss in the same window is the same event; CWR for loss alone too")
{
	ten_out(20);
	inject(ACK | ECE, .ack = FROM(1));
	expect(ACK | CWR, .seq = FROM(10), .len = FULL, .tos = ECT0);
	inject(ACK, .ack = FROM(1), .sack = {{FROM(2), FROM(6)}});
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	check_eq(script_info().ssthresh, 5 * FULL);
	expect(ACK, .seq = FROM(1), .len = FULL, .tos = ZERO); /* not ECT: it is sent again */
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(loss_says_cwr, "RFC 3168 6.1.2: a window reduced for any reason is told")
{
	ten_out(20);
	inject(ACK, .ack = FROM(0), .sack = {{FROM(1), FROM(10)}});
	expect(ACK, .seq = FROM(0), .len = FULL, .tos = ZERO);
	expect(ACK | CWR, .seq = FROM(10), .len = FULL, .tos = ECT0);
	expect(ACK, .seq = FROM(11), .len = FULL, .tos = ECT0);
	ignore_segments();
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(last_ack, "RFC 3168 6.1.2: ECE with the acknowledgment of all: what is sent next is less")
{
	ten_out(0);
	inject(ACK | ECE, .ack = FROM(10));
	check_eq(script_info().cwnd, 5 * FULL);
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	app_send(10 * FULL);
	expect(ACK | CWR, .len = FULL, .tos = ECT0);
	check_eq(ignore_segments(), 4);
	inject(ACK, .ack = FROM(15));
	ignore_segments();
	inject(ACK, .ack = FROM(20));
	expect_acked(20 * FULL);
}

SCRIPT(unagreed, "RFC 3168 6.1.1: ECE where ECN was not agreed on says nothing")
{
	given(ESTABLISHED);
	app_send(5 * FULL);
	ignore_segments();
	inject(ACK | ECE, .ack = FROM(1));
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	check(script_info().cwnd >= 10 * FULL);
	inject(ACK, .ack = FROM(5));
	expect_acked(5 * FULL);
}

SCRIPT_MAIN()

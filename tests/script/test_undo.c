/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reductions that were made for nothing: the Eifel detection (RFC 3522), DSACK (RFC 3708), and the
 * response of RFC 4015.
 */
#include <rte_common.h>

#include <lib/script.h>

#define FROM(n) (1 + (int64_t)(n)*FULL)
#define B(from, to)                                                                                \
	{                                                                                          \
		FROM(from), FROM(to)                                                               \
	}
#define BLOCKS(...) .sack = {__VA_ARGS__}

static void
expect_full(uint32_t first, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		script_expect(&(struct expect){.flags = ACK, .seq = FROM(first + i), .len = FULL});
	script_expect_nothing();
}

static uint64_t
counted(size_t offset)
{
	struct spt_stats stats;

	spt_engine_stats(script_engine(), &stats);
	return *(const uint64_t *)((const char *)&stats + offset);
}

#define COUNTED(field) counted(offsetof(struct spt_stats, field))

/* A round trip of 100 ms; then 'n' segments are out, 'more' are unsent. */
static void
out_after_100_ms(unsigned int n, unsigned int more, int ts)
{
	given(SYN_RECEIVED, .mss = 1000, .sack_perm = true, .active = OFF, .ts = ts,
	    .conn.congestion = SPT_CONGESTION_NEWRENO);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send((n + more) * FULL);
	expect_full(0, n);
}

/* ---- time-outs ------------------------------------------------------------------------- */

SCRIPT(late_by_timestamp, "RFC 3522 3.2, RFC 4015 3.2: the time-out was too early")
{
	uint32_t tsval, full;

	out_after_100_ms(10, 10, ON);
	full = FULL;
	tsval = script_engine_tsval();
	inject(ACK, .ack = 1, BLOCKS(B(8, 10), B(2, 3))); /* no probe from now on */
	ignore_segments();
	advance_ms(1000);
	check(ignore_segments() >= 1);
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	check_eq(script_info().cwnd, full);
	inject(ACK, .ack = FROM(8), .tsecr = tsval, BLOCKS(B(9, 10)));
	ignore_segments();
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(timeout_undone, "RFC 4015 3.2: cwnd and ssthresh as before, new data, SRTT from the sample")
{
	uint32_t tsval, full;

	out_after_100_ms(10, 10, ON);
	full = FULL;
	tsval = script_engine_tsval();
	expect_after_ms(200, ACK, .seq = FROM(10), .len = full); /* the probe */
	expect_after_ms(300, ACK, .seq = FROM(0), .len = full);
	check_eq(script_info().cwnd, full);
	check(script_info().ssthresh < 10 * full);
	inject(ACK, .ack = FROM(1), .tsecr = tsval);
	check_eq(COUNTED(spurious_undone), 1);
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	check_eq(script_info().lost, 0);
	check_eq(script_info().cwnd, 10 * full);
	check(script_info().ssthresh > 10 * full);
	check(script_info().srtt_us >= 499000);
	ignore_segments();
	inject(ACK, .ack = FROM(11));
	ignore_segments();
	inject(ACK, .ack = FROM(20));
	expect_acked(20 * full);
	check_eq(COUNTED(segments_retransmitted), 1);
}

SCRIPT(timeout_was_right, "RFC 3522 3.2: the retransmission is echoed: all stays as it is")
{
	out_after_100_ms(4, 0, ON);
	expect_after_ms(200, ACK, .seq = FROM(3), .len = FULL);
	expect_after_ms(300, ACK, .seq = FROM(0), .len = FULL);
	advance_ms(100);
	inject(ACK, .ack = FROM(1));
	check_eq(COUNTED(spurious_undone), 0);
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	ignore_segments();
	inject(ACK, .ack = FROM(4));
	expect_acked(4 * FULL);
}

/* ---- fast recovery ------------------------------------------------------------------------ */

SCRIPT(fast_undone, "RFC 3522 3.2, RFC 4015 3.2: reordering looked like loss")
{
	uint32_t tsval, ssthresh;

	out_after_100_ms(10, 0, ON);
	ssthresh = script_info().ssthresh;
	tsval = script_engine_tsval();
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 4)));
	expect_full(0, 1);
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	advance_ms(10);
	inject(ACK, .ack = FROM(4), .tsecr = tsval);
	check_eq(COUNTED(spurious_undone), 1);
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	check(script_info().ssthresh >= ssthresh);
	check(script_info().cwnd >= 9 * FULL);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
}

SCRIPT(fast_undone_by_dsack, "RFC 2883 5, RFC 3708: all that was sent again came twice")
{
	uint32_t ssthresh;

	out_after_100_ms(10, 0, OFF);
	ssthresh = script_info().ssthresh;
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 2), B(3, 10)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	expect(ACK, .seq = FROM(2), .len = FULL);
	ignore_segments();
	inject(ACK, .ack = FROM(10));
	check_eq(script_info().cwnd, 5 * FULL);
	inject(ACK, .ack = FROM(10), BLOCKS(B(0, 1)));
	check_eq(COUNTED(spurious_undone), 0);
	check_eq(script_info().ssthresh, 5 * FULL);
	inject(ACK, .ack = FROM(10), BLOCKS(B(2, 3)));
	check_eq(COUNTED(spurious_undone), 1);
	check(script_info().ssthresh >= RTE_MIN(ssthresh, 10u * FULL));
	expect_acked(10 * FULL);
}

SCRIPT(not_by_other_dsacks, "RFC 2883 5: a duplicate that is not ours tells nothing")
{
	out_after_100_ms(10, 0, OFF);
	advance_ms(100);
	inject(ACK, .ack = FROM(2));
	inject(ACK, .ack = FROM(2), BLOCKS(B(3, 6)));
	expect_full(2, 1);
	inject(ACK, .ack = FROM(2), BLOCKS(B(0, 1), B(3, 6)));
	check_eq(COUNTED(spurious_undone), 0);
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	inject(ACK, .ack = FROM(10));
	check(script_info().cwnd < 10 * FULL);
	expect_acked(10 * FULL);
}

/* ---- F-RTO, without timestamps --------------------------------------------------------------- */

/* Ten out and a probe, which is new; the time-out sends the first one again. */
static void
first_sent_again(unsigned int more)
{
	out_after_100_ms(10, more, OFF);
	advance_ms(600);
	check_eq(ignore_segments(), 2);
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	check_eq(script_info().cwnd, FULL);
}

SCRIPT(forward_spurious, "RFC 5682 3.1: two that are new, then an original is acknowledged")
{
	first_sent_again(10);
	inject(ACK, .ack = FROM(1));
	expect_full(11, 2);
	inject(ACK, .ack = FROM(2));
	check_eq(COUNTED(spurious_undone), 1);
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	check_eq(script_info().lost, 0);
	check(script_info().ssthresh >= 10u * FULL);
	ignore_segments();
	check_eq(COUNTED(segments_retransmitted), 1);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(forward_spurious_by_sack, "RFC 5682 3.1 step 3b: a block tells of an original")
{
	first_sent_again(10);
	inject(ACK, .ack = FROM(1));
	expect_full(11, 2);
	inject(ACK, .ack = FROM(1), BLOCKS(B(2, 4)));
	check_eq(COUNTED(spurious_undone), 1);
	ignore_segments();
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(forward_was_right, "RFC 5682 3.1 step 3a: what is new has come, what was out has not")
{
	first_sent_again(10);
	inject(ACK, .ack = FROM(1));
	expect_full(11, 2);
	inject(ACK, .ack = FROM(1), BLOCKS(B(11, 12)));
	check_eq(COUNTED(spurious_undone), 0);
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	check(script_info().cwnd <= 3u * FULL);
	expect(ACK, .seq = FROM(1), .len = FULL);
	ignore_segments();
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(forward_waits, "RFC 5682 3.1 step 2: blocks before it is acknowledged leave it waiting")
{
	first_sent_again(10);
	inject(ACK, .ack = 1, BLOCKS(B(4, 5)));
	expect_nothing();
	inject(ACK, .ack = FROM(1), BLOCKS(B(4, 5)));
	expect_full(11, 2);
	inject(ACK, .ack = FROM(2), BLOCKS(B(4, 5)));
	check_eq(COUNTED(spurious_undone), 1);
	ignore_segments();
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(forward_nothing_new, "RFC 5682 3.1 step 2b: nothing to send: what is lost is sent again")
{
	first_sent_again(1);
	inject(ACK, .ack = FROM(1));
	expect_full(1, 2);
	inject(ACK, .ack = FROM(3));
	check_eq(COUNTED(spurious_undone), 0);
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	ignore_segments();
	inject(ACK, .ack = FROM(11));
	expect_acked(11 * FULL);
}

SCRIPT(forward_all_came, "RFC 5682 3.1 step 2a: all of it is acknowledged: nothing is told")
{
	first_sent_again(10);
	inject(ACK, .ack = FROM(11));
	check_eq(COUNTED(spurious_undone), 0);
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	ignore_segments();
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(forward_fin_is_no_data, "RFC 5682 3.1 step 2b: a FIN that went out meanwhile is nothing new")
{
	first_sent_again(0);
	app_shutdown();
	expect(FIN | ACK, .seq = FROM(10));
	inject(ACK, .ack = 1, .sack = {{FROM(9), FROM(10) + 1}});
	ignore_segments();
	inject(ACK, .ack = FROM(1), .sack = {{FROM(9), FROM(10) + 1}});
	expect(ACK, .seq = FROM(1), .len = FULL);
	ignore_segments();
	inject(ACK, .ack = FROM(10) + 1);
	expect_state(FIN_WAIT_2);
	expect_acked(10 * FULL);
}

SCRIPT(forward_window_reopened, "RFC 5682 3.1; RFC 9293 3.8.6.1: what was refused goes at once")
{
	first_sent_again(2);
	inject(ACK, .ack = FROM(1));
	expect_full(11, 1); /* the last one */
	advance_ms(150);
	inject(ACK, .ack = FROM(1), .wnd = ZERO);
	expect_nothing();
	inject(ACK, .ack = FROM(1));
	expect(ACK, .seq = FROM(1), .len = FULL);
	ignore_segments();
	inject(ACK, .ack = FROM(12));
	expect_acked(12 * FULL);
}

SCRIPT_MAIN()

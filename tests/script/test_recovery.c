/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recovery with SACK: what is sent again and when, what is not, and what is believed of the blocks
 * that tell of it (RFC 2018 5, RFC 6675, RFC 8985, RFC 5681). Segments are counted from 0, each as
 * long as FULL; B(2, 5) is the block of the third to the fifth.
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

/* A round trip of 100 ms, ten segments of 1000 bytes or a little less out, 'more' unsent. */
static void
ten_out_ts(unsigned int more, int ts)
{
	given(SYN_RECEIVED, .mss = 1000, .sack_perm = true, .active = OFF, .ts = ts,
	    .conn.congestion = SPT_CONGESTION_NEWRENO);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send((10 + more) * FULL);
	expect_full(0, 10);
	advance_ms(100);
}

static void
ten_out(unsigned int more)
{
	ten_out_ts(more, 0);
}

/* ---- fast recovery ---------------------------------------------------------------- */

SCRIPT(one_hole, "RFC 6675 5, RFC 8985 6.2: only what is missing is sent again, once")
{
	uint64_t again;

	ten_out(0);
	again = COUNTED(segments_retransmitted);
	inject(ACK, .ack = 1, BLOCKS(B(1, 2)));
	expect_nothing();
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	inject(ACK, .ack = 1, BLOCKS(B(1, 3)));
	expect_nothing();
	inject(ACK, .ack = 1, BLOCKS(B(1, 4))); /* three segments: there is no waiting any more */
	expect_full(0, 1);
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	check_eq(script_info().ssthresh, 5 * FULL);
	check_eq(script_info().sacked, 3 * FULL);
	check_eq(script_info().in_flight, 7 * FULL);
	check_eq(script_info().lost, 0);
	for (unsigned int i = 5; i <= 10; i++) {
		inject(ACK, .ack = 1, BLOCKS(B(1, i)));
		expect_nothing();
	}
	advance_ms(100);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	check_eq(script_info().cwnd, 5 * FULL);
	check_eq(COUNTED(segments_retransmitted), again + 1);
	expect_silence_ms(100000);
}

SCRIPT(three_holes, "RFC 6675 4: NextSeg (1): the lost ones in their order, none that was SACKed")
{
	ten_out(0);
	inject(ACK, .ack = 1, .more = true, BLOCKS(B(1, 2)));
	inject(ACK, .ack = 1, .more = true, BLOCKS(B(3, 4), B(1, 2)));
	inject(ACK, .ack = 1, .more = true, BLOCKS(B(3, 5), B(1, 2)));
	inject(ACK, .ack = 1, .more = true, BLOCKS(B(6, 7), B(3, 5), B(1, 2)));
	inject(ACK, .ack = 1, .more = true, BLOCKS(B(6, 8), B(3, 5), B(1, 2)));
	inject(ACK, .ack = 1, .more = true, BLOCKS(B(6, 9), B(3, 5), B(1, 2)));
	inject(ACK, .ack = 1, BLOCKS(B(6, 10), B(3, 5), B(1, 2)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	expect(ACK, .seq = FROM(2), .len = FULL);
	expect(ACK, .seq = FROM(5), .len = FULL);
	expect_nothing();
	advance_ms(100);
	inject(ACK, .ack = FROM(2), BLOCKS(B(6, 10), B(3, 5)));
	inject(ACK, .ack = FROM(5), BLOCKS(B(6, 10)));
	expect_nothing();
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
	expect_silence_ms(100000);
}

SCRIPT(limited_transmit, "RFC 3042 2, RFC 6675 5 (4.3): what has left the network lets new data go")
{
	ten_out(10);
	for (unsigned int i = 1; i <= 2; i++) {
		inject(ACK, .ack = 1, BLOCKS(B(1, 1 + i)));
		expect_full(9 + i, 1);
		check_eq(script_info().cwnd, 10 * FULL);
	}
	inject(ACK, .ack = 1, BLOCKS(B(1, 4)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	expect_nothing();
	app_abort();
	expect(RST | ACK, .seq = FROM(12));
	expect_closed(-ECONNABORTED);
}

SCRIPT(once_a_window, "RFC 6675 5: what was out when recovery began is one loss")
{
	ten_out(0);
	inject(ACK, .ack = 1, BLOCKS(B(1, 4)));
	expect_full(0, 1);
	check_eq(COUNTED(fast_recoveries), 1);
	advance_ms(100);
	inject(ACK, .ack = FROM(4), BLOCKS(B(5, 10)));
	expect_full(4, 1);
	check_eq(script_info().ssthresh, 5 * FULL);
	check_eq(COUNTED(fast_recoveries), 1);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
	check_eq(script_info().cwnd, 5 * FULL);
}

SCRIPT(lost_again, "RFC 8985 6.2: a retransmission is lost when what was sent after it arrives")
{
	unsigned int sent = 0;

	ten_out(10);
	inject(ACK, .ack = 1, BLOCKS(B(1, 5)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	ignore_segments();
	for (unsigned int i = 6; i <= 10; i++) {
		inject(ACK, .ack = 1, BLOCKS(B(1, i)));
		sent += ignore_segments();
	}
	check(sent > 1); /* new ones */
	advance_ms(110);
	inject(ACK, .ack = 1, BLOCKS(B(1, 10 + sent)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	ignore_segments();
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

/* The second hole is found late, so that recovery goes on when what is new is lost. */
SCRIPT(lost_of_the_next_window, "RFC 5681 4.3: loss in two successive windows lowers cwnd twice")
{
	ten_out(20);
	inject(ACK, .ack = 1, BLOCKS(B(1, 4)));
	expect_full(0, 1);
	for (unsigned int i = 5; i <= 8; i++)
		inject(ACK, .ack = 1, .more = i < 8, BLOCKS(B(1, i)));
	expect_full(10, 2);
	check_eq(script_info().ssthresh, 5 * FULL);
	advance_ms(50);
	inject(ACK, .ack = 1, BLOCKS(B(9, 10), B(1, 8)));
	expect(ACK, .seq = FROM(8), .len = FULL);
	ignore_segments();
	advance_ms(60);
	inject(ACK, .ack = FROM(8), BLOCKS(B(11, 12), B(9, 10)));
	expect(ACK, .seq = FROM(10), .len = FULL);
	ignore_segments();
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	check_eq(script_info().ssthresh, 2 * FULL + FULL / 2);
	/* once for all of that window */
	inject(ACK, .ack = FROM(10), BLOCKS(B(11, 12)));
	ignore_segments();
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	check_eq(script_info().ssthresh, 2 * FULL + FULL / 2);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(fin_is_a_hole, "RFC 9293 3.8, RFC 2018: a FIN is lost and sent again as data is")
{
	ten_out(0);
	app_shutdown();
	expect(FIN | ACK, .seq = FROM(10));
	inject(ACK, .ack = 1, BLOCKS(B(1, 10)));
	expect_full(0, 1);
	advance_ms(100);
	inject(ACK, .ack = FROM(10));
	expect_within_ms(400, FIN | ACK, .seq = FROM(10));
	inject(ACK, .ack = FROM(10) + 1);
	expect_state(FIN_WAIT_2);
	expect_acked(10 * FULL);
}

/* ---- blocks ------------------------------------------------------------------------- */

SCRIPT(blocks_not_believed, "RFC 2018 5.1, RFC 2883 4: old, reversed, or of what was never sent")
{
	uint64_t ignored;

	ten_out(0);
	inject(ACK, .ack = FROM(2));
	ignored = COUNTED(sack_blocks_ignored);
	inject(ACK, .ack = FROM(2), BLOCKS(B(9, 12))); /* beyond SND.NXT */
	inject(ACK, .ack = FROM(2), BLOCKS(B(8, 6)));
	inject(ACK, .ack = FROM(2), BLOCKS(B(5, 5)));
	inject(ACK, .ack = FROM(2), BLOCKS(B(1, 4))); /* from what is acknowledged on */
	check_eq(COUNTED(sack_blocks_ignored), ignored + 4);
	check_eq(script_info().sacked, 0);
	inject(ACK, .ack = FROM(2), BLOCKS(B(0, 1))); /* that is a duplicate */
	check_eq(COUNTED(dsacks_received), 1);
	inject(ACK, .ack = FROM(2), BLOCKS(B(4, 5), B(3, 7))); /* and this */
	check_eq(COUNTED(dsacks_received), 2);
	check_eq(script_info().sacked, 4 * FULL);
	expect_full(2, 1);
	inject(ACK, .ack = FROM(10));
	ignore_segments();
	expect_acked(10 * FULL);
}

SCRIPT(not_agreed_on, "RFC 2018 2: blocks without SACK-permitted say nothing")
{
	given(ESTABLISHED);
	app_send(5 * FULL);
	expect_full(0, 5);
	inject(ACK, .ack = 1, BLOCKS(B(1, 5)));
	check_eq(script_info().sacked, 0);
	expect_silence_ms(150);
	inject(ACK, .ack = FROM(5));
	expect_acked(5 * FULL);
}

SCRIPT(edges_within_segments, "RFC 2018 3: blocks have any edges")
{
	ten_out(0);
	inject(ACK, .ack = 1, .sack = {{FROM(1) + 10, FROM(5) - 10}});
	check_eq(script_info().sacked, 4 * FULL - 20);
	expect(ACK, .seq = FROM(0), .len = FULL);
	expect(ACK, .seq = FROM(1), .len = 10);
	expect_nothing();
	inject(ACK, .ack = FROM(5) - 10);
	check_eq(script_info().sacked, 0);
	inject(ACK, .ack = FROM(10));
	ignore_segments();
	expect_acked(10 * FULL);
}

/* ---- time-outs -------------------------------------------------------------------------- */

SCRIPT(timeout_with_rest_sacked, "RFC 6675 5.1, RFC 8985 6.3: SACKed segments are not sent again")
{
	uint64_t again;

	ten_out(0);
	inject(ACK, .ack = 1, BLOCKS(B(1, 4), B(6, 10)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	ignore_segments();
	again = COUNTED(segments_retransmitted);
	advance_ms(1000);
	check(ignore_segments() >= 1); /* all of that was lost again */
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	check_eq(script_info().cwnd, FULL);
	check(COUNTED(segments_retransmitted) > again);
	inject(ACK, .ack = FROM(4), BLOCKS(B(6, 10)));
	expect_full(4, 2);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	expect_silence_ms(100000);
}

SCRIPT(reneging, "RFC 2018 8: at a time-out SACKs are forgotten if the first is among them")
{
	ten_out(0);
	/* the first is SACKed: acknowledged in order, but let go of before that was said */
	inject(ACK, .ack = 1, BLOCKS(B(0, 3), B(4, 10)));
	ignore_segments();
	advance_ms(1000);
	expect(ACK, .seq = FROM(0), .len = FULL);
	ignore_segments();
	check_eq(COUNTED(reneged), 1);
	check_eq(script_info().sacked, 0);
	inject(ACK, .ack = FROM(1));
	expect(ACK, .seq = FROM(1), .len = FULL);
	expect(ACK, .seq = FROM(2), .len = FULL);
	expect_nothing();
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
	expect_silence_ms(100000);
}

SCRIPT(slow_start_after_timeout, "RFC 5681 3.1, 4.3; RFC 8985 6.3: over what is lost, then beyond")
{
	ten_out_ts(10, ON); /* without timestamps F-RTO would send new data first */
	advance_ms(450);    /* after 200 ms of them a probe, after 300 more the time-out */
	check_eq(ignore_segments(), 2);
	check_eq(script_info().cwnd, FULL);
	inject(ACK, .ack = FROM(1));
	expect_full(1, 2);
	inject(ACK, .ack = FROM(3));
	expect_full(3, 3);
	advance_ms(100);
	inject(ACK, .ack = FROM(3), BLOCKS(B(4, 6))); /* lost again: no window grows by that */
	expect(ACK, .seq = FROM(3), .len = FULL);
	expect(ACK, .seq = FROM(6), .len = FULL);
	expect(ACK, .seq = FROM(7), .len = FULL);
	expect_nothing();
	check_eq(script_info().cwnd, 3 * FULL);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

/* ---- the block that is kept ---------------------------------------------------------------- */

SCRIPT(window_beyond_idle, "what a loss taught outlives the queue: recovery is as before")
{
	ten_out(0);
	inject(ACK, .ack = 1, BLOCKS(B(1, 10)));
	expect_full(0, 1);
	advance_ms(100);
	inject(ACK, .ack = FROM(10));
	check_eq(script_info().cwnd, 5 * FULL);
	app_send(5 * FULL);
	expect_full(10, 5);
	advance_ms(100);
	inject(ACK, .ack = FROM(10), BLOCKS(B(11, 14)));
	expect(ACK, .seq = FROM(10), .len = FULL);
	expect_nothing();
	inject(ACK, .ack = FROM(15));
	expect_acked(15 * FULL);
}

/* ---- what bursts, and other orders of arrival, change ---------------------------------------- */

SCRIPT(window_of_a_burst, "RFC 5681 (4), RFC 9937 6: what was in flight when the burst began")
{
	ten_out(10);
	inject(ACK, .ack = FROM(2), .more = true);
	inject(ACK, .ack = FROM(4), .more = true);
	inject(ACK, .ack = FROM(4), BLOCKS(B(5, 8)));
	expect(ACK, .seq = FROM(4), .len = FULL);
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	/* not half of the six that were left: of the ten, and of what slow start opened */
	check(script_info().ssthresh >= 5u * FULL);
	ignore_segments();
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(each_of_a_burst_opens, "RFC 5681 3.1: slow start counts each of them")
{
	uint32_t cwnd;

	ten_out(30);
	cwnd = script_info().cwnd;
	inject(ACK, .ack = FROM(2), .more = true);
	inject(ACK, .ack = FROM(4), .more = true);
	inject(ACK, .ack = FROM(6));
	check_eq(script_info().cwnd, cwnd + 6 * FULL);
	check_eq(ignore_segments(), 12);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(blocks_of_an_old_ack, "RFC 2018 3: what a block tells is true, whatever overtook it")
{
	uint64_t again;

	ten_out(0);
	again = COUNTED(segments_retransmitted);
	inject(ACK, .ack = FROM(2));
	expect_nothing();
	inject(ACK, .ack = FROM(1), BLOCKS(B(5, 8)));
	check_eq(script_info().sacked, 3 * FULL);
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	expect(ACK, .seq = FROM(2), .len = FULL);
	ignore_segments();
	check(COUNTED(segments_retransmitted) > again);
	inject(ACK, .ack = FROM(1), BLOCKS(B(1, 3))); /* not of what is out any more */
	check_eq(script_info().sacked, 3 * FULL);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
}

SCRIPT(sent_again_and_lost, "RFC 5681 4.3: the loss of a retransmission lowers the window again")
{
	uint32_t ssthresh;

	ten_out(10);
	inject(ACK, .ack = 1, BLOCKS(B(1, 4)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	inject(ACK, .ack = 1, BLOCKS(B(1, 8)));
	check(ignore_segments() > 0);
	ssthresh = script_info().ssthresh;
	advance_ms(100);
	/* one that was sent after it has come, and a reordering window ago */
	inject(ACK, .ack = 1, BLOCKS(B(1, 11)));
	ignore_segments();
	advance_ms(50);
	ignore_segments();
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	check_eq(script_info().ssthresh, RTE_MAX(ssthresh / 2, 2u * FULL));
	check(COUNTED(fast_recoveries) == 1);
	ssthresh = script_info().ssthresh;
	inject(ACK, .ack = FROM(11));
	check_eq(script_info().cwnd, ssthresh);
	ignore_segments();
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT_MAIN()

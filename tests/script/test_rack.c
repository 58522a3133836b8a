/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RACK, RFC 8985 6: loss is told from reordering by time. RTT and min_RTT are 100 ms, so
 * RACK.reo_wnd is 25 ms at first. B(2, 5) is a block of the third to the fifth segment.
 */
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
out_after_100_ms(unsigned int n, unsigned int more)
{
	given(SYN_RECEIVED, .mss = 1000, .sack_perm = true, .active = OFF,
	    .conn.congestion = SPT_CONGESTION_NEWRENO);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send((n + more) * FULL);
	expect_full(0, n);
}

/* ---- the reordering window ----------------------------------------------------------- */

SCRIPT(waits_a_quarter, "RFC 8985 6.2 step 4, 5: min_RTT / 4 for what is SACKed out of order")
{
	out_after_100_ms(10, 0);
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 2)));
	expect_after_ms(25, ACK, .seq = FROM(0), .len = FULL);
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	check_eq(COUNTED(rack_lost), FULL);
	check_eq(COUNTED(rto_expirations), 0);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
	expect_silence_ms(100000);
}

SCRIPT(late_not_lost, "RFC 8985 6.2: what comes within the window is no loss")
{
	out_after_100_ms(10, 0);
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 2)));
	expect_silence_ms(24);
	inject(ACK, .ack = FROM(2));
	expect_silence_ms(50);
	check_eq(COUNTED(fast_recoveries), 0);
	check_eq(script_info().cwnd, 12 * FULL);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
}

SCRIPT(three_need_not_wait, "RFC 8985 6.2 step 4: DupThresh, as long as no reordering was seen")
{
	out_after_100_ms(10, 0);
	advance_ms(100);
	inject(ACK, .ack = 1, .more = true, BLOCKS(B(1, 2)));
	inject(ACK, .ack = 1, .more = true, BLOCKS(B(1, 3)));
	inject(ACK, .ack = 1, BLOCKS(B(1, 4)));
	expect_full(0, 1);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
}

SCRIPT(three_wait_where_reordered, "RFC 8985 6.2 step 3, 4: not once reordering was seen")
{
	out_after_100_ms(10, 0);
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 3)));
	inject(ACK, .ack = FROM(3)); /* the first came late */
	inject(ACK, .ack = FROM(3), BLOCKS(B(4, 8)));
	expect_after_ms(25, ACK, .seq = FROM(3), .len = FULL);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
}

SCRIPT(wider_by_dsack, "RFC 8985 6.2 step 4: a DSACK widens it by a quarter of min_RTT")
{
	out_after_100_ms(10, 0);
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 2)));
	expect_after_ms(25, ACK, .seq = FROM(0), .len = FULL);
	inject(ACK, .ack = FROM(2));                  /* the original, */
	inject(ACK, .ack = FROM(2), BLOCKS(B(0, 1))); /* and the other one */
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
	app_send(4 * FULL);
	expect_full(10, 4);
	advance_ms(100);
	inject(ACK, .ack = FROM(10), BLOCKS(B(11, 12)));
	expect_silence_ms(45);
	expect_within_ms(6, ACK, .seq = FROM(10), .len = FULL);
	inject(ACK, .ack = FROM(14));
	expect_acked(4 * FULL);
}

SCRIPT(all_that_is_late, "RFC 8985 6.2 step 5: one timer for all that is late")
{
	out_after_100_ms(10, 0);
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(3, 4)));
	expect_after_ms(25, ACK, .seq = FROM(0), .len = FULL);
	check_eq(script_info().lost, 2 * FULL); /* PRR lets them go as others arrive */
	inject(ACK, .ack = 1, BLOCKS(B(3, 10)));
	expect(ACK, .seq = FROM(1), .len = FULL);
	expect(ACK, .seq = FROM(2), .len = FULL);
	expect_nothing();
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
	expect_silence_ms(100000);
}

/* ---- and other timers ------------------------------------------------------------------- */

SCRIPT(time_out_first, "RFC 8985 6.3: the reordering timer puts the time-out off for nobody")
{
	uint32_t full;

	out_after_100_ms(10, 0);
	full = FULL;
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 2)));
	expect_after_ms(25, ACK, .seq = FROM(0), .len = full);
	expect_silence_ms(100);
	advance_ms(300);
	check(ignore_segments() > 0);
	check_eq(COUNTED(rto_expirations), 1);
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * full);
	expect_silence_ms(100000);
}

SCRIPT(closed_meanwhile, "RFC 9293 3.10.5: an abort leaves no timer")
{
	out_after_100_ms(10, 0);
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 2)));
	app_abort();
	expect(RST | ACK, .seq = FROM(10));
	expect_closed(-ECONNABORTED);
	expect_silence_ms(1000);
}

SCRIPT_MAIN()

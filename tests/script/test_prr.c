/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proportional rate reduction, RFC 9937: how much is sent in recovery, acknowledgment by
 * acknowledgment. NewReno halves the window, from ten segments to five.
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

/* The first is lost; 'n' acknowledgments tell of the others, one each. Returns what they let go. */
static unsigned int
arrive_one_by_one(unsigned int first, unsigned int n, unsigned int una)
{
	unsigned int sent = 0;

	for (unsigned int i = 1; i <= n; i++) {
		inject(ACK, .ack = FROM(una), BLOCKS(B(una + 1, first + i)));
		sent += ignore_segments();
		check(script_info().in_flight <= 10 * FULL);
	}
	return sent;
}

SCRIPT(
    proportional, "RFC 9937 6: while more than ssthresh is in flight, ssthresh / RecoverFS of it")
{
	out_after_100_ms(10, 20);
	advance_ms(100);
	check_eq(arrive_one_by_one(1, 2, 0), 2); /* limited transmit */
	advance_ms(1);
	inject(ACK, .ack = 1, BLOCKS(B(1, 4)));
	expect_full(0, 1);
	check_eq(script_info().ssthresh, 5 * FULL);
	check_eq(script_info().in_flight, 9 * FULL);
	/* RecoverFS = 10: of the six that arrive from then on every second lets one go */
	check(arrive_one_by_one(4, 6, 0) <= 3);
	check(script_info().in_flight <= 6 * FULL);
	check(script_info().in_flight >= 5 * FULL);
	/* two that limited transmit sent, one for one */
	advance_ms(99);
	check_eq(arrive_one_by_one(10, 2, 0), 2);
	check_eq(script_info().in_flight, 5 * FULL);
	advance_ms(100);
	inject(ACK, .ack = FROM(12)); /* the end */
	ignore_segments();
	check_eq(script_info().cwnd, 5 * FULL);
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(conservative, "RFC 9937 6: below ssthresh no more than what was delivered: PRR-CRB")
{
	out_after_100_ms(10, 20);
	advance_ms(100);
	/* seven are lost: three are in flight no more, none of the rest is */
	inject(ACK, .ack = 1, .more = true, BLOCKS(B(7, 8)));
	inject(ACK, .ack = 1, .more = true, BLOCKS(B(7, 9)));
	inject(ACK, .ack = 1, BLOCKS(B(7, 10)));
	check(ignore_segments() <= 4); /* limited transmit, and what one delivery lets go */
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	check(script_info().lost > 0);
	check(script_info().in_flight <= 5 * FULL);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(one_faster_when_safe, "RFC 9937 6: SafeACK, progress without further loss: PRR-SSRB")
{
	uint32_t before;

	out_after_100_ms(10, 20);
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(6, 10)));
	check(ignore_segments() >= 1);
	before = script_info().in_flight;
	check(before <= 5 * FULL);
	advance_ms(100);
	inject(ACK, .ack = FROM(1), BLOCKS(B(6, 10)));
	check_eq(ignore_segments(), 2); /* one for one, and one */
	check_eq(script_info().in_flight, before + FULL);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(never_stops, "RFC 9937 6: fast retransmit is sent at once, whatever is in flight")
{
	out_after_100_ms(10, 0);
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 4)));
	expect_full(0, 1);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
	check_eq(script_info().cwnd, 5 * FULL);
}

SCRIPT_MAIN()

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recovery against peers and paths that are worse than usual: what a review found, each as the
 * shortest script that shows it. Segments are counted from 0, each as long as FULL.
 */
#include <rte_common.h>

#include <lib/script.h>

#define FROM(n) (1 + (int64_t)(n)*FULL)
#define B(from, to)                                                                                \
	{                                                                                          \
		FROM(from), FROM(to)                                                               \
	}
#define BLOCKS(...) .sack = {__VA_ARGS__}

static struct spt_stats
stats(void)
{
	struct spt_stats s;

	spt_engine_stats(script_engine(), &s);
	return s;
}

/* A round trip of 100 ms, ten segments out for 100 ms more, 'more' unsent. */
static void
ten_out(unsigned int more, bool ecn, uint32_t r2_ms)
{
	given(SYN_RECEIVED, .mss = 1000, .sack_perm = true, .ecn = ecn, .active = OFF,
	    .conn.congestion = SPT_CONGESTION_NEWRENO, .conn.r2_ms = r2_ms);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send((10 + more) * FULL);
	check_eq(ignore_segments(), 10);
	advance_ms(100);
}

/* ---- ECN -------------------------------------------------------------------------- */

/* The receiver echoes CE until CWR comes, and that stands on the first segment beyond. */
SCRIPT(ece_up_to_cwr, "RFC 3168 6.1.2: one reduction, whatever comes before CWR is acknowledged")
{
	ten_out(20, true, 0);
	inject(ACK | ECE, .ack = FROM(1));
	expect(ACK | CWR, .seq = FROM(10), .len = FULL);
	ignore_segments();
	for (unsigned int i = 2; i <= 10; i++) {
		inject(ACK | ECE, .ack = FROM(i));
		ignore_segments();
		check_eq(stats().ecn_reductions, 1);
	}
	check_eq(script_info().ssthresh, 5 * FULL);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

/* All is acknowledged: what the peer says before CWR comes is the same echo. */
SCRIPT(ece_until_cwr_is_sent, "RFC 3168 6.1.2, 6.1.3: one reduction, though all was acknowledged")
{
	ten_out(0, true, 0);
	inject(ACK | ECE, .ack = FROM(10));
	check_eq(script_info().cwnd, 5 * FULL);
	inject(ACK | ECE, .ack = FROM(10), .len = 10); /* a request */
	expect_data(10);
	check_eq(script_info().cwnd, 5 * FULL);
	app_send(5 * FULL);
	expect(ACK | CWR, .seq = FROM(10), .len = FULL);
	ignore_segments();
	inject(ACK | ECE, .ack = FROM(10), .len = 10); /* one more, before CWR arrived */
	expect_data(10);
	check_eq(stats().ecn_reductions, 1);
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	inject(ACK | ECE, .ack = FROM(12)); /* CWR has arrived: that is another mark */
	check_eq(stats().ecn_reductions, 2);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

/* The same of a block that is kept, as what was learned of the path is in it. */
SCRIPT(ece_of_a_block_kept, "RFC 3168 6.1.2, 6.1.3: nor while nothing is out")
{
	ten_out(0, true, 0);
	inject(ACK, .ack = 1, BLOCKS(B(1, 2)));
	inject(ACK | ECE, .ack = FROM(10)); /* this path reorders, and marks */
	check_eq(stats().ecn_reductions, 1);
	check_eq(script_info().cwnd, 5 * FULL);
	inject(ACK | ECE, .ack = FROM(10), .len = 10);
	expect_data(10);
	check_eq(script_info().cwnd, 5 * FULL);
	check_eq(stats().ecn_reductions, 1);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

/* ---- timers ------------------------------------------------------------------------- */

/* Of two that are missing one is lost when the other is only late: its time has to come. */
SCRIPT(lost_and_late, "RFC 8985 6.2 step 5: the reordering timer runs beside fast recovery")
{
	ten_out(0, false, 0);
	inject(ACK, .ack = 1, BLOCKS(B(1, 2)));
	inject(ACK, .ack = FROM(2)); /* this path reorders: what is late may come 25 ms later */
	inject(ACK, .ack = FROM(10));
	for (unsigned int i = 10; i <= 12; i++) {
		app_send(FULL);
		expect(ACK, .seq = FROM(i), .len = FULL);
		if (i < 12)
			advance_ms(15);
	}
	advance_ms(100);
	inject(ACK, .ack = FROM(10), BLOCKS(B(12, 13)));
	expect(ACK, .seq = FROM(10), .len = FULL);
	expect_nothing();
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	expect_within_ms(11, ACK, .seq = FROM(11), .len = FULL);
	inject(ACK, .ack = FROM(13));
	expect_acked(13 * FULL);
}

/* ---- clocks that come round ------------------------------------------------------------ */

/* 2^31 us are 36 minutes: what was sent before such an outage is older than what is sent after. */
SCRIPT(outage_of_40_minutes, "RFC 8985 6.2: RACK_sent_after across half of the clock's space")
{
	uint64_t lost;
	int64_t una;

	ten_out(20, false, 3 * 3600 * 1000);
	inject(ACK, .ack = FROM(2));
	ignore_segments();
	for (unsigned int i = 0; i < 40; i++) {
		advance_ms(60000);
		ignore_segments();
	}
	expect_event(SPT_SOFT_ERROR);
	inject(ACK, .ack = FROM(3));
	ignore_segments();
	/* Each comes a round trip of 100 ms later, and all the time something is out. */
	for (unsigned int i = 0; i < 12; i++) {
		uint32_t out = script_info().snd_nxt - script_iss_plus(0);

		advance_ms(100);
		app_send(9 * FULL);
		inject(ACK, .ack = out - FULL);
		ignore_segments();
	}
	check(script_info().in_flight >= 2 * FULL);
	lost = stats().rack_lost;
	advance_ms(150);
	check_eq(stats().rack_lost, lost);
	/* And what is lost then is found by RACK, as before. */
	una = script_info().snd_una - script_iss_plus(0);
	lost = stats().segments_retransmitted;
	inject(ACK, .ack = una, .sack = {{una + FULL, script_info().snd_nxt - script_iss_plus(0)}});
	check(ignore_segments() > 0);
	check(stats().segments_retransmitted > lost);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

/* ---- what hostile peers may draw --------------------------------------------------------- */

SCRIPT(window_shut_and_opened, "RFC 5681 4.3: what is out is not sent again for a toggled window")
{
	uint64_t again;

	ten_out(0, false, 0);
	again = stats().segments_retransmitted;
	for (unsigned int i = 0; i < 50; i++) {
		inject(ACK, .ack = 1, .wnd = ZERO);
		inject(ACK, .ack = 1);
		ignore_segments();
	}
	check(stats().segments_retransmitted - again <= 20);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

/* What a probe repaired is a loss: a duplicate that comes later undoes another one. */
SCRIPT(undo_of_another, "RFC 4015 3.2, RFC 8985 7.4: only the reduction that was for nothing")
{
	ten_out(0, false, 0);
	inject(ACK, .ack = 1, BLOCKS(B(1, 10)));
	ignore_segments();
	advance_ms(100);
	inject(ACK, .ack = FROM(10));
	ignore_segments();
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	check_eq(script_info().cwnd, 5 * FULL);
	app_send(5 * FULL);
	ignore_segments();
	expect_within_ms(210, ACK, .seq = FROM(14), .len = FULL); /* the probe */
	inject(ACK, .ack = FROM(14));
	app_send(FULL);
	expect(ACK, .seq = FROM(15), .len = FULL);
	advance_ms(100);
	inject(ACK, .ack = FROM(16));
	check_eq(stats().tlp_recovered, 1);
	check_eq(script_info().cwnd, 2 * FULL + FULL / 2);
	for (unsigned int i = 0; i < 2; i++) { /* for all that was sent again, the probe too */
		inject(ACK, .ack = FROM(16), BLOCKS(B(0, 1)));
		check_eq(script_info().ssthresh, 2 * FULL + FULL / 2);
	}
	expect_acked(16 * FULL);
}

/* The largest of its segments has 64 bytes, and it acknowledges no more when many are out. */
static void
takes_all_it_may(void)
{
	uint32_t out, acked = 1;

	given(SYN_RECEIVED, .mss = 76, .sack_perm = true, .ts = OFF, .active = OFF,
	    .conn.nodelay = true, .config.pinned_mbufs = 64, .config.connections = 4);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send(60 * 1024);
	for (unsigned int i = 0; i < 5; i++) {
		ignore_segments();
		out = script_info().snd_nxt - script_iss_plus(0);
		advance_ms(100);
		for (; acked < out; acked = RTE_MIN(acked + 4 * FULL, out)) {
			inject(ACK, .ack = acked);
			ignore_segments();
		}
	}
	check(stats().no_chunk > 0);
}

static void
abort_both(void)
{
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
	use_peer(0);
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(records_for_others, "a peer with a small MSS does not take the records of all others")
{
	takes_all_it_may();
	use_peer(1);
	given(ESTABLISHED, .mss = 1000);
	app_send(FULL);
	expect(ACK, .len = FULL);
	abort_both();
}

SCRIPT(blocks_for_others, "RFC 2018 5, RFC 6675 5: nor what SACK blocks tell that cut no record")
{
	takes_all_it_may();
	use_peer(1);
	given(ESTABLISHED, .mss = 1000, .sack_perm = true);
	app_send(5 * FULL);
	check_eq(ignore_segments(), 5);
	inject(ACK, .ack = 1, BLOCKS(B(1, 5)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	check_eq(script_info().sacked, 4 * FULL);
	abort_both();
}

SCRIPT_MAIN()

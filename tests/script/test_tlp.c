/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tail loss probe, RFC 8985 7. SRTT is 100 ms, RTTVAR 50 ms, so the time-out is 300 ms, and the
 * probe comes after 200 ms where more than one segment is out.
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

/* ---- when --------------------------------------------------------------------------- */

SCRIPT(last_one_again, "RFC 8985 7.2: PTO = 2 SRTT; 7.3: the last segment, if none is unsent")
{
	out_after_100_ms(4, 0);
	expect_after_ms(200, ACK, .seq = FROM(3), .len = FULL);
	check_eq(COUNTED(tlp_probes), 1);
	check_eq(COUNTED(rto_expirations), 0);
	check_eq(script_info().cwnd, 10 * FULL);
	/* that it arrived tells that the others did not */
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(3, 4)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	ignore_segments();
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	check_eq(COUNTED(rto_expirations), 0);
	inject(ACK, .ack = FROM(4));
	expect_acked(4 * FULL);
	expect_silence_ms(100000);
}

SCRIPT(new_data, "RFC 8985 7.3: unsent data first, whatever cwnd says")
{
	out_after_100_ms(10, 3);
	expect_after_ms(200, ACK, .seq = FROM(10), .len = FULL);
	expect_nothing();
	check_eq(script_info().cwnd, 10 * FULL);
	inject(ACK, .ack = FROM(11));
	ignore_segments();
	inject(ACK, .ack = FROM(13));
	expect_acked(13 * FULL);
	check_eq(COUNTED(tlp_recovered), 0);
}

SCRIPT(not_beyond_the_window, "RFC 8985 7.3: the receiver's window allows it, else old data")
{
	given(SYN_RECEIVED, .mss = 1000, .sack_perm = true, .active = OFF);
	advance_ms(100);
	inject(ACK, .wnd = 3 * FULL);
	expect_event(SPT_ACCEPTED);
	app_send(5 * FULL);
	expect_full(0, 3);
	expect_after_ms(200, ACK, .seq = FROM(2), .len = FULL);
	inject(ACK, .ack = FROM(3));
	ignore_segments();
	inject(ACK, .ack = FROM(5));
	expect_acked(5 * FULL);
}

SCRIPT(one_segment, "RFC 8985 7.2: its ACK may be delayed; but no later than the time-out")
{
	out_after_100_ms(1, 0);
	expect_after_ms(300, ACK, .seq = FROM(0), .len = FULL);
	check_eq(COUNTED(tlp_probes), 1);
	check_eq(COUNTED(rto_expirations), 0);
	check_eq(script_info().cwnd, 10 * FULL);
	expect_after_ms(300, ACK, .seq = FROM(0), .len = FULL);
	check_eq(COUNTED(rto_expirations), 1);
	check_eq(script_info().cwnd, FULL);
	inject(ACK, .ack = FROM(1));
	expect_acked(FULL);
}

SCRIPT(once, "RFC 8985 7.2, 7.3: then the time-out, as long as from the probe on")
{
	out_after_100_ms(4, 0);
	expect_after_ms(200, ACK, .seq = FROM(3), .len = FULL);
	expect_after_ms(300, ACK, .seq = FROM(0), .len = FULL);
	check_eq(COUNTED(tlp_probes), 1);
	check_eq(COUNTED(rto_expirations), 1);
	expect_after_ms(600, ACK, .seq = FROM(0), .len = FULL);
	check_eq(COUNTED(tlp_probes), 1);
	inject(ACK, .ack = FROM(4));
	expect_acked(4 * FULL);
}

SCRIPT(from_the_last_on, "RFC 8985 7.2: new data, and a new acknowledgment, begin it again")
{
	out_after_100_ms(4, 0);
	expect_silence_ms(150);
	app_send(2 * FULL);
	expect_full(4, 2);
	/* 50 ms later the RTO of the first would be 100 ms ahead: it is the bound */
	expect_after_ms(150, ACK, .seq = FROM(5), .len = FULL);
	inject(ACK, .ack = FROM(6));
	expect_acked(6 * FULL);
}

SCRIPT(after_an_acknowledgment, "RFC 8985 7.2: one of new data begins it again: 2 SRTT from there")
{
	out_after_100_ms(4, 0);
	advance_ms(100);
	inject(ACK, .ack = FROM(2));
	expect_after_ms(200, ACK, .seq = FROM(3), .len = FULL);
	check_eq(COUNTED(tlp_probes), 1);
	inject(ACK, .ack = FROM(4));
	expect_acked(4 * FULL);
}

SCRIPT(not_in_recovery, "RFC 8985 7.2: nor while what was out when it began is not acknowledged")
{
	out_after_100_ms(10, 0);
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 4)));
	expect(ACK, .seq = FROM(0), .len = FULL);
	inject(ACK, .ack = FROM(4)); /* nothing is lost any more, nothing is SACKed */
	ignore_segments();
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	check_eq(script_info().lost, 0);
	expect_after_ms(script_info().rto_us / 1000, ACK, .seq = FROM(4), .len = FULL);
	check_eq(COUNTED(tlp_probes), 0);
	check_eq(COUNTED(rto_expirations), 1);
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	inject(ACK, .ack = FROM(5));
	ignore_segments();
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	expect_silence_ms(script_info().rto_us / 1000 - 1);
	check_eq(COUNTED(tlp_probes), 0);
	inject(ACK, .ack = FROM(10));
	expect_acked(10 * FULL);
}

SCRIPT(not_without_sack, "RFC 8985 7.2: SACK only")
{
	given(SYN_RECEIVED, .mss = 1000, .active = OFF);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send(4 * FULL);
	expect_full(0, 4);
	expect_after_ms(300, ACK, .seq = FROM(0), .len = FULL);
	check_eq(COUNTED(tlp_probes), 0);
	inject(ACK, .ack = FROM(4));
	expect_acked(4 * FULL);
}

SCRIPT(not_while_something_is_sacked, "RFC 8985 7.2: RACK's timer does it then")
{
	out_after_100_ms(4, 0);
	advance_ms(100);
	inject(ACK, .ack = 1, BLOCKS(B(1, 2)));
	expect_after_ms(25, ACK, .seq = FROM(0), .len = FULL);
	check_eq(COUNTED(tlp_probes), 0);
	inject(ACK, .ack = FROM(4));
	expect_acked(4 * FULL);
	expect_silence_ms(10000);
}

SCRIPT(with_fin, "RFC 8985 7.3: the last segment has our FIN")
{
	out_after_100_ms(2, 0);
	app_shutdown();
	expect(FIN | ACK, .seq = FROM(2));
	expect_after_ms(200, FIN | ACK, .seq = FROM(2));
	inject(ACK, .ack = FROM(2) + 1);
	expect_state(FIN_WAIT_2);
	expect_acked(2 * FULL);
}

/*
 * A time-out, a narrower path, and an acknowledgment of what was sent before both: nothing was
 * lost, and the records are longer than a segment can be now.
 */
SCRIPT(end_of_a_long_one, "RFC 8985 7.3: the highest-sequence segment, as large as one may be now")
{
	uint32_t tsval, small;

	given(SYN_RECEIVED, .ts = ON, .sack_perm = true, .active = OFF);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send(4 * FULL);
	expect_full(0, 4);
	tsval = script_engine_tsval();
	expect_within_ms(300, ACK, .seq = FROM(3), .len = FULL);
	expect_within_ms(500, ACK, .seq = FROM(0), .len = FULL);
	inject_icmp(ICMP_TOO_BIG, .seq = 1, .mtu = 1300);
	small = script_info().mss;
	check(small < FULL);
	ignore_segments();
	inject(ACK, .ack = FROM(2), .tsecr = tsval);
	expect_counted(spurious_undone, 1);
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	expect_nothing();
	expect_within_ms(1000, ACK, .seq = FROM(4) - (int64_t)small, .len = small);
	expect_counted(tlp_probes, 1);
	inject(ACK, .ack = FROM(4));
	expect_acked(4 * FULL);
	expect_silence_ms(10000);
}

/* ---- what it tells ------------------------------------------------------------------------ */

SCRIPT(repaired, "RFC 8985 7.4.2: a loss that the probe repaired is congestion all the same")
{
	out_after_100_ms(4, 0);
	advance_ms(100);
	inject(ACK, .ack = FROM(3)); /* the last is lost */
	expect_within_ms(500, ACK, .seq = FROM(3), .len = FULL);
	check_eq(COUNTED(tlp_probes), 1);
	advance_ms(100);
	inject(ACK, .ack = FROM(4)); /* of the one or of the other */
	check_eq(COUNTED(tlp_recovered), 0);
	app_send(2 * FULL);
	expect_full(4, 2);
	advance_ms(100);
	inject(ACK, .ack = FROM(5)); /* and no DSACK: the other never came */
	check_eq(COUNTED(tlp_recovered), 1);
	check(script_info().cwnd < 10 * FULL);
	check_eq(script_info().cwnd, script_info().ssthresh);
	inject(ACK, .ack = FROM(6));
	expect_acked(6 * FULL);
}

SCRIPT(for_nothing, "RFC 8985 7.4.2: a DSACK of the probe: nothing was lost")
{
	out_after_100_ms(4, 0);
	advance_ms(100);
	inject(ACK, .ack = FROM(3));
	expect_within_ms(500, ACK, .seq = FROM(3), .len = FULL);
	inject(ACK, .ack = FROM(4));
	inject(ACK, .ack = FROM(4), BLOCKS(B(3, 4)));
	app_send(2 * FULL);
	expect_full(4, 2);
	inject(ACK, .ack = FROM(6));
	check_eq(COUNTED(tlp_recovered), 0);
	check(script_info().cwnd >= 10 * FULL);
	expect_acked(6 * FULL);
}

SCRIPT_MAIN()

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large sends (TSO): where the port cuts them, the segments are those that are sent without. So
 * each script states segments, and how many sends they were where there are large ones. That those
 * are fit for a device, and FIN, CWR and URG not among them, the cutting port judges
 * (lib/port_cut.c).
 */
#include <lib/script.h>

#define FROM(n) (1 + (int64_t)(n)*FULL)

/* Sends of several segments so far, where the port takes such. */
static void
check_large(uint64_t n)
{
	struct spt_stats stats;

	spt_engine_stats(script_engine(), &stats);
	script_check_eq((int64_t)stats.large_sends, script_tso() ? (int64_t)n : 0, "large sends");
}

/* Full segments number 'first' to 'last', in this order and nothing else of them. */
static void
expect_full(unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last; i++)
		expect(ACK, .seq = FROM(i), .len = FULL);
}

/* A round trip of 100 ms. IW10 (RFC 6928): ten segments, or fewer by bytes, are the window. */
static void
established(void)
{
	given(SYN_RECEIVED, .mss = 1000, .sack_perm = true, .wscale = 4, .wnd = 65535,
	    .active = OFF, .conn.congestion = SPT_CONGESTION_NEWRENO);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
}

static void
end(void)
{
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

SCRIPT(half_of_cwnd, "large sends: half of the congestion window each, whatever is queued")
{
	established();
	app_send(30 * FULL);
	expect_full(0, 9);
	expect_nothing();
	check_large(2);
	check_eq(script_info().in_flight, 10 * FULL);
	/* Slow start: two of ten are acknowledged, two more than that may go. */
	inject(ACK, .ack = FROM(2));
	expect_full(10, 13);
	expect_nothing();
	check_large(3);
	end();
}

SCRIPT(counted_as_segments, "statistics count segments, not sends")
{
	struct spt_stats before, after;

	established();
	spt_engine_stats(script_engine(), &before);
	app_send(10 * FULL);
	expect_full(0, 9);
	spt_engine_stats(script_engine(), &after);
	check_eq(after.tx_frames - before.tx_frames, 10);
	check_eq(after.tx_tcp_bytes - before.tx_tcp_bytes, 10 * FULL);
	check_large(2);
	end();
}

SCRIPT(
    window_edge, "RFC 9293 3.8.6: nothing beyond the window, and silly window avoidance as always")
{
	given(ESTABLISHED, .mss = 1000, .wnd = 3 * 1000 + 300);
	app_send(10 * FULL);
	/* More than half of the largest window is no silly segment; what is left of it is. */
	expect_full(0, 2);
	check_large(1);
	ignore_segments();
	end();
}

SCRIPT(window_of_two, "a large send is two segments at least")
{
	given(ESTABLISHED, .mss = 1000, .wnd = 1999);
	app_send(10 * FULL);
	expect_full(0, 0);
	ignore_segments();
	check_large(script_timestamps() ? 1 : 0); /* 988 bytes twice fit */
	end();
}

SCRIPT(
    remainder_waits, "RFC 9293 3.7.4: Nagle holds what is not full, PSH is on the last that is not")
{
	established();
	app_send(3 * FULL + 10);
	for (unsigned int i = 0; i < 3; i++)
		expect(ACK, .seq = FROM(i), .len = FULL, .no_psh = true);
	expect_nothing();
	check_large(1);
	inject(ACK);
	expect(ACK | PSH, .seq = FROM(3), .len = 10);
	check_large(1);
	end();
}

SCRIPT(push, "RFC 9293 3.9.1: PSH where the queue ends: on the last segment of the send only")
{
	established();
	app_send(4 * FULL);
	for (unsigned int i = 0; i < 3; i++)
		expect(ACK, .seq = FROM(i), .len = FULL, .no_psh = true);
	expect(ACK | PSH, .seq = FROM(3), .len = FULL);
	check_large(1);
	end();
}

SCRIPT(fin, "RFC 9293 3.10.4: FIN rides on the last segment, which is sent by itself")
{
	established();
	app_send(4 * FULL);
	expect_full(0, 3);
	check_large(1);
	app_shutdown();
	expect(FIN | ACK, .seq = FROM(4));
	end();
}

SCRIPT(fin_with_it, "the same, FIN queued with the data")
{
	established();
	inject(ACK, .wnd = ZERO);
	app_send(4 * FULL);
	app_shutdown();
	expect_nothing();
	inject(ACK);
	expect_full(0, 2);
	expect(FIN | ACK | PSH, .seq = FROM(3), .len = FULL);
	check_large(1);
	end();
}

SCRIPT(loss_in_the_middle, "RFC 8985: of a large send what is lost is sent again, and only that")
{
	established();
	app_send(10 * FULL);
	expect_full(0, 9);
	check_large(2);
	advance_ms(100);
	inject(ACK, .ack = FROM(2), .sack = {{FROM(3), FROM(4)}});
	expect_nothing();
	inject(ACK, .ack = FROM(2), .sack = {{FROM(3), FROM(7)}});
	expect(ACK, .seq = FROM(2), .len = FULL);
	expect_nothing();
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	inject(ACK, .ack = FROM(7));
	ignore_segments();
	inject(ACK, .ack = FROM(10));
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	check_large(2);
	end();
}

SCRIPT(tail_loss, "RFC 8985 7: the probe is the last segment of the large send")
{
	established();
	app_send(4 * FULL);
	expect_full(0, 3);
	check_large(1);
	advance_ms(100);
	inject(ACK, .ack = FROM(1));
	expect_within_ms(400, ACK | PSH, .seq = FROM(3), .len = FULL);
	advance_ms(100);
	inject(ACK, .ack = FROM(1), .sack = {{FROM(3), FROM(4)}});
	expect_within_ms(60, ACK, .seq = FROM(1), .len = FULL);
	ignore_segments();
	check_large(1);
	end();
}

SCRIPT(time_out, "RFC 6298 5.4: after a time-out one segment goes, and no large send again")
{
	established();
	app_send(5 * FULL);
	expect_full(0, 4);
	check_large(1);
	advance_ms(350);
	ignore_segments();
	advance_ms(700);
	ignore_segments();
	inject(ACK, .ack = FROM(1));
	ignore_segments();
	inject(ACK, .ack = FROM(2));
	ignore_segments();
	check_large(1);
	end();
}

SCRIPT(urgent, "RFC 9293 3.8.5: while urgent data is pending each segment has a pointer of its own")
{
	established();
	app_send_flags(4 * FULL, SPT_URGENT_DATA);
	for (unsigned int i = 0; i < 4; i++)
		expect(ACK | URG, .seq = FROM(i), .len = FULL, .up = (uint16_t)((4 - i) * FULL));
	check_large(0);
	end();
}

SCRIPT(cwr, "RFC 3168 6.1.2: CWR is on one segment, so that one goes by itself")
{
	given(SYN_RECEIVED, .mss = 1000, .sack_perm = true, .ecn = true, .active = OFF,
	    .conn.congestion = SPT_CONGESTION_NEWRENO);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send(30 * FULL);
	for (unsigned int i = 0; i < 10; i++)
		expect(ACK, .seq = FROM(i), .len = FULL, .tos = 2);
	check_large(2);
	advance_ms(100);
	inject(ACK | ECE, .ack = FROM(9));
	expect(ACK | CWR, .seq = FROM(10), .len = FULL, .tos = 2);
	check_large(3); /* those after it may be one again */
	ignore_segments();
	end();
}

SCRIPT(echo_of_a_mark, "RFC 3168 6.1.3: ECE is on every segment until CWR comes")
{
	given(ESTABLISHED, .mss = 1000, .sack_perm = true, .ecn = true, .active = OFF);
	inject(ACK | PSH, .len = 10, .tos = 3);
	expect_data(10);
	app_send(4 * FULL);
	for (unsigned int i = 0; i < 4; i++)
		expect(ACK | ECE, .seq = FROM(i), .len = FULL);
	check_large(1);
	end();
}

SCRIPT(sack_blocks, "RFC 9293 MUST-16: blocks make the segments shorter, and are on each")
{
	uint32_t len;

	established();
	len = FULL - 12; /* two NOPs, kind and length, a block */
	inject(ACK, .seq = 101, .len = 50);
	expect(ACK, .sack = {{101, 151}});
	app_send(4 * len);
	for (unsigned int i = 0; i < 4; i++)
		expect(ACK, .seq = 1 + i * (int64_t)len, .len = len, .sack = {{101, 151}});
	check_large(1);
	end();
}

SCRIPT(small_pieces, "a segment that is of more mbufs than the device takes goes as it always did")
{
	established();
	app_send_pieces(SPT_MORE, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100,
	    100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100);
	check_large(0);
	ignore_segments();
	end();
}

SCRIPT(mss_changes, "RFC 1191: after a smaller path MTU large sends are of such segments")
{
	uint32_t len;

	given(ESTABLISHED, .mss = 1460, .sack_perm = true, .wscale = 4);
	app_send(10 * FULL);
	ignore_segments();
	check_large(2);
	if (script_family() == 6) {
		end();
		return;
	}
	inject_icmp(ICMP_TOO_BIG, .mtu = 1000);
	ignore_segments();
	len = 1000 - (1500 - FULL);
	inject(ACK, .ack = FROM(10));
	app_send(6 * len);
	for (unsigned int i = 0; i < 6; i++)
		expect(ACK, .seq = FROM(10) + i * (int64_t)len, .len = len);
	check_large(script_info().cwnd / 2 >= 6 * len ? 3 : 4);
	end();
}

SCRIPT(full_port, "a port that is full takes large sends later, nothing is lost or twice")
{
	established();
	port_refuses(true);
	app_send(10 * FULL);
	expect_nothing();
	port_refuses(false);
	advance_ms(1);
	expect_full(0, 9);
	expect_nothing();
	end();
}

SCRIPT_MAIN()

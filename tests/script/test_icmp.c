/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about our segments: RFC 9293 3.9.2.2, RFC 5927 (who is believed), RFC 1191 and
 * RFC 8201 (path MTU). A synchronized connection outlives them all (docs/decisions.md).
 */
#include <lib/script.h>

/* 100 bytes at 1 to 100 are in flight. */
static void
in_flight(void)
{
	given(ESTABLISHED, .conn.r1_retries = 99);
	app_send(100);
	expect(ACK, .len = 100);
}

/* The connection goes on: its data is sent again and acknowledged. */
static void
lives_on(void)
{
	expect_state(ESTABLISHED);
	expect_within_ms(200, ACK, .seq = 1, .len = 100);
	inject(ACK, .len = 10);
	expect_acked(100);
	expect_data(10);
	expect_after_ms(40, ACK);
}

static void
tells(enum script_icmp kind, int reason)
{
	in_flight();
	inject_icmp(kind);
	expect_verdict(SPT_V_ICMP_ERROR);
	expect_soft_error(reason);
	expect_nothing();
	lives_on();
}

SCRIPT(net_unreachable, "RFC 9293 3.9.2.2 SHLD-25, MUST-56: tell the application, do not abort")
{
	tells(ICMP_NET_UNREACHABLE, -ENETUNREACH);
}

SCRIPT(host_unreachable, "RFC 9293 3.9.2.2 SHLD-25, MUST-56")
{
	tells(ICMP_HOST_UNREACHABLE, -EHOSTUNREACH);
}

SCRIPT(time_exceeded, "RFC 9293 3.9.2.2 MUST-56")
{
	tells(ICMP_TIME_EXCEEDED, -EHOSTUNREACH);
}

SCRIPT(parameter_problem, "RFC 9293 3.9.2.2 MUST-56")
{
	tells(ICMP_PARAMETER_PROBLEM, -EHOSTUNREACH);
}

SCRIPT(port_unreachable, "RFC 5927 5.2: hard errors are soft ones of a synchronized connection")
{
	tells(ICMP_PORT_UNREACHABLE, -ECONNREFUSED);
}

/* In ICMPv6 it is a parameter problem (RFC 4443 3.4). */
SCRIPT(protocol_unreachable, "RFC 5927 5.2")
{
	tells(ICMP_PROTOCOL_UNREACHABLE, script_family() == 4 ? -ECONNREFUSED : -EHOSTUNREACH);
}

SCRIPT(told_each_time, "RFC 9293 3.9.2.2 MUST-54, SHLD-25")
{
	in_flight();
	for (unsigned int i = 0; i < 5; i++) {
		inject_icmp(ICMP_HOST_UNREACHABLE);
		expect_soft_error(-EHOSTUNREACH);
	}
	lives_on();
}

SCRIPT(source_quench, "RFC 9293 3.9.2.2 MUST-55: silently discarded")
{
	uint32_t cwnd;

	in_flight();
	cwnd = script_info().cwnd;
	inject_icmp(ICMP_SOURCE_QUENCH);
	if (script_family() == 4)
		expect_verdict(SPT_V_ICMP_IGNORED);
	expect_no_event(SPT_SOFT_ERROR);
	expect_nothing();
	check_eq(script_info().cwnd, cwnd);
	lives_on();
}

SCRIPT(half_closed, "RFC 9293 3.9.2.2: a FIN is in flight as well")
{
	given(FIN_WAIT_1);
	inject_icmp(ICMP_HOST_UNREACHABLE, .seq = 1);
	expect_soft_error(-EHOSTUNREACH);
	expect_state(FIN_WAIT_1);
	inject(ACK);
	expect_state(FIN_WAIT_2);
	/* nothing is in flight now */
	inject_icmp(ICMP_HOST_UNREACHABLE, .seq = 1);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	expect_no_event(SPT_SOFT_ERROR);
}

/* ---- who is believed --------------------------------------------------------------------- */

SCRIPT(forged_sequence, "RFC 5927 4.1: SND.UNA =< SEG.SEQ < SND.NXT of the quote")
{
	static const int64_t forged[] = {ZERO, 101, 102, 65536, -1, 0x7fffffff, 0x80000000};

	in_flight();
	for (unsigned int i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		inject_icmp(ICMP_PORT_UNREACHABLE, .seq = forged[i]);
		expect_verdict(SPT_V_ICMP_ERROR_STRAY);
		inject_icmp(ICMP_HOST_UNREACHABLE, .seq = forged[i]);
		expect_verdict(SPT_V_ICMP_ERROR_STRAY);
		inject_icmp(ICMP_TOO_BIG, .seq = forged[i], .mtu = 1280);
		expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	}
	expect_no_event(SPT_SOFT_ERROR);
	check_eq(script_info().mss, FULL);
	inject_icmp(ICMP_HOST_UNREACHABLE, .seq = 100);
	expect_soft_error(-EHOSTUNREACH);
	lives_on();
}

SCRIPT(nothing_in_flight, "RFC 5927 4.1")
{
	given(ESTABLISHED);
	inject_icmp(ICMP_PORT_UNREACHABLE, .seq = 1);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	inject_icmp(ICMP_TOO_BIG, .seq = 1, .mtu = 1280);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	expect_no_event(SPT_SOFT_ERROR);
	check_eq(script_info().mss, FULL);
}

SCRIPT(of_no_connection, "RFC 9293 3.9.2.2: no TCB, nobody to tell")
{
	in_flight();
	inject_icmp(ICMP_PORT_UNREACHABLE, .quoted_dport = SCRIPT_PEER_PORT + 1);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	expect_no_event(SPT_SOFT_ERROR);
	lives_on();
}

SCRIPT(of_another_connection, "RFC 9293 3.9.2.2: demultiplexed to the connection that is quoted")
{
	in_flight();
	use_peer(1);
	given(ESTABLISHED);
	app_send(50);
	expect(ACK, .len = 50);
	inject_icmp(ICMP_HOST_UNREACHABLE);
	expect_soft_error(-EHOSTUNREACH);
	inject(ACK);
	use_peer(0);
	expect_no_event(SPT_SOFT_ERROR);
	lives_on();
}

SCRIPT(after_time_wait, "RFC 5927 4.1: a record has nothing in flight")
{
	given(TIME_WAIT);
	inject_icmp(ICMP_PORT_UNREACHABLE, .seq = 1);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	expect_state(TIME_WAIT);
	expect_nothing();
}

/* ---- half open ------------------------------------------------------------------------------ */

SCRIPT(half_open_soft, "RFC 9293 3.9.2.2 MUST-56: the record stays, its SYN-ACK is sent again")
{
	given(SYN_RECEIVED);
	inject_icmp(ICMP_HOST_UNREACHABLE, .seq = ZERO);
	expect_verdict(SPT_V_ICMP_ERROR);
	expect_nothing();
	expect_state(SYN_RECEIVED);
	expect_after_ms(1000, SYN | ACK, .seq = ZERO);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
}

SCRIPT(half_open_forged, "RFC 5927 4.1: the SYN-ACK is all that is in flight")
{
	given(SYN_RECEIVED);
	inject_icmp(ICMP_PORT_UNREACHABLE, .seq = 1);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	inject_icmp(ICMP_PORT_UNREACHABLE, .seq = -1);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	expect_state(SYN_RECEIVED);
	inject(ACK);
	expect_state(ESTABLISHED);
}

/* ---- path MTU -------------------------------------------------------------------------------- */

/* Payload of a segment in packets of this size. */
static uint32_t
payload_in(uint32_t mtu)
{
	return mtu - (script_family() == 4 ? 40 : 60) - (script_timestamps() ? 12 : 0);
}

SCRIPT(too_big, "RFC 1191 3, RFC 8201 4: smaller segments, and at once what was too big")
{
	uint32_t full, small;

	given(ESTABLISHED);
	full = FULL;
	small = payload_in(1300);
	app_send(2 * full);
	expect(ACK, .len = full);
	expect(ACK, .len = full);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	expect_verdict(SPT_V_ICMP_ERROR);
	expect_no_event(SPT_SOFT_ERROR);
	check_eq(script_info().mss, small);
	expect(ACK, .seq = 1, .len = small);
	expect(ACK, .seq = 1 + small, .len = small);
	expect(ACK, .seq = 1 + 2 * small, .len = 2 * full - 2 * small);
	expect_nothing();
	inject(ACK);
	app_send(2 * small);
	expect(ACK, .len = small);
	expect(ACK, .len = small);
	inject(ACK);
	expect_acked(2 * full + 2 * small);
}

SCRIPT(too_big_is_no_congestion, "RFC 8201 5.4: no loss that congestion control should see")
{
	uint32_t ssthresh;

	given(ESTABLISHED);
	ssthresh = script_info().ssthresh;
	app_send(4 * FULL);
	check_eq(ignore_segments(), 4);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1400);
	check(ignore_segments() > 0);
	check_eq(script_info().ssthresh, ssthresh);
	inject(ACK);
}

SCRIPT(never_larger, "RFC 1191 3, RFC 8201 4: the estimate does not grow by such a message")
{
	uint32_t small;

	given(ESTABLISHED);
	small = payload_in(1300);
	app_send(FULL);
	expect(ACK, .len = FULL);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	ignore_segments();
	check_eq(script_info().mss, small);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1400);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	inject_icmp(ICMP_TOO_BIG, .mtu = 9000);
	expect_nothing();
	check_eq(script_info().mss, small);
	inject(ACK);
}

SCRIPT(absurdly_small, "RFC 8201 4: not below 1280; RFC 1191 3: a floor against forgers")
{
	uint32_t full;

	given(ESTABLISHED);
	full = FULL;
	app_send(full);
	expect(ACK, .len = full);
	inject_icmp(ICMP_TOO_BIG, .mtu = 68);
	ignore_segments();
	check(script_info().mss >= (script_family() == 4 ? 68 - 52 : 1280 - 72));
	check(script_info().mss <= full);
	inject(ACK);
	expect_acked(full);
}

SCRIPT(no_mtu_told, "RFC 1191 4, 5: old routers say 0")
{
	uint32_t full;

	given(ESTABLISHED);
	if (script_family() == 6)
		return;
	full = FULL;
	app_send(full);
	expect(ACK, .len = full);
	inject_icmp(ICMP_TOO_BIG, .mtu = 0);
	check(ignore_segments() >= 2);
	check(script_info().mss < full);
	check(script_info().mss >= 500);
	inject(ACK);
	expect_acked(full);
}

SCRIPT(too_big_again, "RFC 1191 3: each router on the path may have its own")
{
	uint32_t full, small, before;

	given(ESTABLISHED);
	full = FULL;
	app_send(full);
	expect(ACK, .len = full);
	before = full;
	for (uint32_t mtu = 1480; mtu >= 1280; mtu -= 100) {
		small = payload_in(mtu);
		inject_icmp(ICMP_TOO_BIG, .mtu = mtu);
		expect(ACK, .seq = 1, .len = small); /* what was cut off before was not too big */
		expect(ACK, .seq = 1 + small, .len = before - small);
		before = small;
	}
	inject(ACK, .ack = 1 + full);
	expect_acked(full);
}

SCRIPT_MAIN()

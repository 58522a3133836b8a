/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about a SYN: soft ones are told and the open goes on, hard ones refuse it (RFC 9293
 * 3.9.2.2, RFC 5461); only those are believed that quote what is in flight (RFC 5927 4.1).
 */
#include <lib/script.h>

/* The SYN comes again, and the handshake completes. */
static void
goes_on(void)
{
	expect_nothing();
	expect_state(SYN_SENT);
	expect_within_ms(1000, SYN, .seq = ZERO);
	inject(SYN | ACK);
	expect(ACK, .seq = 1, .ack = 1);
	expect_connected();
	expect_state(ESTABLISHED);
	expect_nothing();
}

static void
tells(enum script_icmp kind, int reason)
{
	given(SYN_SENT, .conn.r1_retries = 99);
	inject_icmp(kind);
	expect_verdict(SPT_V_ICMP_ERROR);
	expect_soft_error(reason);
	goes_on();
}

static void
refuses(enum script_icmp kind)
{
	given(SYN_SENT);
	app_send(1000);
	inject_icmp(kind);
	expect_verdict(SPT_V_ICMP_ERROR);
	expect_counted(connects_refused, 1);
	expect_closed(-ECONNREFUSED);
	expect_nothing();
	expect_gone();
	check_eq(script_source_info().used, 0);
	expect_silence_ms(200000);
}

/* ---- soft errors ---------------------------------------------------------- */

SCRIPT(net_unreachable, "RFC 9293 3.9.2.2 MUST-56, SHLD-25; RFC 5461 2")
{
	tells(ICMP_NET_UNREACHABLE, -ENETUNREACH);
}

SCRIPT(host_unreachable, "RFC 9293 3.9.2.2 MUST-56, SHLD-25; RFC 5461 2")
{
	tells(ICMP_HOST_UNREACHABLE, -EHOSTUNREACH);
}

SCRIPT(admin_prohibited, "RFC 9293 3.9.2.2 MUST-56: a filter on the way may be a forger's too")
{
	tells(ICMP_ADMIN_PROHIBITED, -EHOSTUNREACH);
}

SCRIPT(time_exceeded, "RFC 9293 3.9.2.2 MUST-56")
{
	tells(ICMP_TIME_EXCEEDED, -EHOSTUNREACH);
}

SCRIPT(parameter_problem, "RFC 9293 3.9.2.2 MUST-56")
{
	tells(ICMP_PARAMETER_PROBLEM, -EHOSTUNREACH);
}

SCRIPT(told_each_time, "RFC 9293 3.9.2.2 MUST-54, SHLD-25: the last one is what the user hears")
{
	given(SYN_SENT, .conn.r1_retries = 99);
	for (unsigned int i = 0; i < 4; i++) {
		inject_icmp(ICMP_HOST_UNREACHABLE);
		expect_soft_error(-EHOSTUNREACH);
	}
	inject_icmp(ICMP_NET_UNREACHABLE);
	expect_soft_error(-ENETUNREACH);
	goes_on();
}

/* A soft error takes nothing of the time that a SYN is given. */
SCRIPT(gives_up_as_ever, "RFC 9293 3.8.3 MUST-23; RFC 5461 2")
{
	given(SYN_SENT, .config.syn_retries = 1);
	inject_icmp(ICMP_HOST_UNREACHABLE);
	expect_soft_error(-EHOSTUNREACH);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject_icmp(ICMP_HOST_UNREACHABLE);
	expect_soft_error(-EHOSTUNREACH);
	expect_silence_ms(1999);
	advance_ms(2);
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

SCRIPT(source_quench, "RFC 9293 3.9.2.2 MUST-55: silently discarded")
{
	given(SYN_SENT, .conn.r1_retries = 99);
	inject_icmp(ICMP_SOURCE_QUENCH);
	expect_no_event(SPT_SOFT_ERROR);
	goes_on();
}

/* A SYN is never too big: who says so is answered by nothing, and breaks nothing. */
SCRIPT(too_big, "RFC 1191 3, RFC 8201 4")
{
	given(SYN_SENT, .conn.r1_retries = 99);
	inject_icmp(ICMP_TOO_BIG, .mtu = 1300);
	expect_no_event(SPT_SOFT_ERROR);
	goes_on();
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK);
}

SCRIPT(
    too_big_with_data_queued, "RFC 1191 3: what is sent again is what was out, and that is a SYN")
{
	given(SYN_SENT);
	app_send(10);
	inject_icmp(ICMP_TOO_BIG, .mtu = 552);
	expect_nothing();
	inject(SYN | ACK);
	expect(ACK, .seq = 1, .len = 10);
	expect_connected();
	inject(ACK);
	expect_acked(10);
	expect_nothing();
}

/* ---- hard errors ---------------------------------------------------------- */

SCRIPT(port_unreachable, "RFC 9293 3.9.2.2 SHLD-26; RFC 5461 2: abort in SYN-SENT")
{
	refuses(ICMP_PORT_UNREACHABLE);
}

/* In ICMPv6 it is a parameter problem (RFC 4443 3.4), which is none. */
SCRIPT(protocol_unreachable, "RFC 9293 3.9.2.2 SHLD-26; RFC 5461 2")
{
	if (script_family() == 4)
		refuses(ICMP_PROTOCOL_UNREACHABLE);
	else
		tells(ICMP_PROTOCOL_UNREACHABLE, -EHOSTUNREACH);
}

SCRIPT(hard_after_a_retransmission, "RFC 9293 3.9.2.2 SHLD-26: the SYN is in flight still")
{
	given(SYN_SENT);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject_icmp(ICMP_PORT_UNREACHABLE, .seq = ZERO);
	expect_closed(-ECONNREFUSED);
	expect_nothing();
	expect_gone();
}

SCRIPT(hard_in_syn_received, "RFC 9293 3.9.2.2 SHLD-26: simultaneous open; 3.10.5: RST")
{
	given(SYN_RECEIVED, .active = ON);
	inject_icmp(ICMP_PORT_UNREACHABLE);
	expect_verdict(SPT_V_ICMP_ERROR);
	expect_counted(connects_refused, 1);
	expect(RST | ACK, .seq = 1, .ack = 1);
	expect_closed(-ECONNREFUSED);
	expect_gone();
}

SCRIPT(soft_in_syn_received, "RFC 9293 3.9.2.2 MUST-56")
{
	given(SYN_RECEIVED, .active = ON);
	inject_icmp(ICMP_HOST_UNREACHABLE);
	expect_soft_error(-EHOSTUNREACH);
	expect_state(SYN_RECEIVED);
	app_close();
	inject_icmp(ICMP_HOST_UNREACHABLE);
	expect_no_event(SPT_SOFT_ERROR); /* who closed wants no more news */
	inject(ACK);
	expect(FIN | ACK);
}

/* A passive open is nobody's yet: the peer decides (RFC 5461 4). */
SCRIPT(hard_in_passive_syn_received, "RFC 5927 5.2: a listener's record stays")
{
	given(SYN_RECEIVED);
	inject_icmp(ICMP_PORT_UNREACHABLE, .seq = ZERO);
	expect_nothing();
	expect_state(SYN_RECEIVED);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
}

/* ---- who is believed ------------------------------------------------------ */

SCRIPT(forged_sequence, "RFC 5927 4.1: SND.UNA =< SEG.SEQ < SND.NXT: of a SYN, ISS only")
{
	static const int64_t forged[] = {1, 2, -1, 65536, INT32_MAX, 0x80000000};

	given(SYN_SENT, .conn.r1_retries = 99);
	app_send(1000); /* queued, not sent */
	for (unsigned int i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		inject_icmp(ICMP_PORT_UNREACHABLE, .seq = forged[i]);
		expect_verdict(SPT_V_ICMP_ERROR_STRAY);
		inject_icmp(ICMP_HOST_UNREACHABLE, .seq = forged[i]);
		expect_verdict(SPT_V_ICMP_ERROR_STRAY);
		expect_nothing();
	}
	expect_state(SYN_SENT);
	inject(SYN | ACK);
	expect(PSH | ACK, .len = 1000);
	expect_connected();
}

SCRIPT(forged_ports, "RFC 5927 4: the quote names the connection")
{
	given(SYN_SENT, .conn.r1_retries = 99);
	inject_icmp(ICMP_PORT_UNREACHABLE, .quoted_dport = SCRIPT_PEER_PORT + 5);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	inject_icmp(ICMP_PORT_UNREACHABLE, .quoted_sport = SCRIPT_PORT + 1);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	goes_on();
}

SCRIPT(late, "RFC 5927 4.1: the SYN is no longer in flight")
{
	given(ESTABLISHED, .active = ON);
	inject_icmp(ICMP_PORT_UNREACHABLE, .seq = ZERO);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	expect_nothing();
	expect_state(ESTABLISHED);
}

SCRIPT(too_late, "RFC 9293 3.10.5: the open was given up")
{
	given(SYN_SENT);
	app_abort();
	expect_closed(-ECONNABORTED);
	inject_icmp(ICMP_PORT_UNREACHABLE, .seq = ZERO);
	expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	expect_nothing();
}

SCRIPT_MAIN()

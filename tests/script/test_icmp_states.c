/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors in every state, each kind of them, for what is in flight and for what is not: a
 * table whose answers are those of RFC 9293 3.9.2.2 (soft errors: told, never an abort; hard ones:
 * abort, of which RFC 5927 5.2 leaves the states before ESTABLISHED; source quench: discarded; too
 * big: not believed of what was small, RFC 5927 7.2, and of what was large in every state that has
 * text in flight), believed only if it quotes what is in flight (RFC 5927 4.1): at and beside every
 * edge of that.
 */
#include <lib/script.h>

enum answer {
	TOLD,    /* SOFT_ERROR with this reason; the connection lives */
	REFUSES, /* before ESTABLISHED CLOSED with it, else told */
	IGNORED,
	IMPOSSIBLE,
};

static const struct kind {
	enum script_icmp icmp;
	enum answer answer4, answer6;
	int reason4, reason6;
} kinds[] = {
    {ICMP_NET_UNREACHABLE, TOLD, TOLD, -ENETUNREACH, -ENETUNREACH},
    {ICMP_HOST_UNREACHABLE, TOLD, TOLD, -EHOSTUNREACH, -EHOSTUNREACH},
    /* in ICMPv6 a parameter problem (RFC 4443 3.4) */
    {ICMP_PROTOCOL_UNREACHABLE, REFUSES, TOLD, -ECONNREFUSED, -EHOSTUNREACH},
    {ICMP_PORT_UNREACHABLE, REFUSES, REFUSES, -ECONNREFUSED, -ECONNREFUSED},
    {ICMP_ADMIN_PROHIBITED, TOLD, TOLD, -EHOSTUNREACH, -EHOSTUNREACH},
    {ICMP_TOO_BIG, IMPOSSIBLE, IMPOSSIBLE, 0, 0},
    {ICMP_TIME_EXCEEDED, TOLD, TOLD, -EHOSTUNREACH, -EHOSTUNREACH},
    {ICMP_PARAMETER_PROBLEM, TOLD, TOLD, -EHOSTUNREACH, -EHOSTUNREACH},
    {ICMP_SOURCE_QUENCH, IGNORED, IGNORED, 0, 0},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* The connection of this peer goes away, whatever it is in. */
static void
go_away(void)
{
	struct spt_conn_info info;

	if (spt_conn_info(script_engine(), script_conn(), &info) == 0) {
		app_abort();
		ignore_segments();
		expect_closed(-ECONNABORTED);
	}
	advance_ms(70000);
	ignore_segments();
}

static enum answer
answer_of(const struct kind *k)
{
	return script_family() == 4 ? k->answer4 : k->answer6;
}

static int
reason_of(const struct kind *k)
{
	return script_family() == 4 ? k->reason4 : k->reason6;
}

static void
quote(const struct kind *k, int64_t seq)
{
	inject_icmp(k->icmp, .seq = seq, .mtu = 1300);
}

/* The segment at 'seq' is in flight, of a connection that is synchronized. */
static void
in_flight(const struct kind *k, enum spt_state state, int64_t seq, bool closed)
{
	uint32_t mss = script_info().mss;

	quote(k, seq);
	if (answer_of(k) == IGNORED) {
		if (script_family() == 4)
			expect_verdict(SPT_V_ICMP_IGNORED);
	} else {
		expect_verdict(SPT_V_ICMP_ERROR);
	}
	check_eq(script_info().mss, mss);
	expect_counted(pmtu_not_believed, answer_of(k) == IMPOSSIBLE);
	if (!closed && (answer_of(k) == TOLD || answer_of(k) == REFUSES))
		expect_soft_error(reason_of(k));
	else
		expect_no_event(SPT_SOFT_ERROR);
	expect_nothing();
	script_expect_state(state);
}

/* It is not, or what it belonged to is no connection any more: nobody is told. */
static void
stray(const struct kind *k, enum spt_state state, int64_t seq)
{
	quote(k, seq);
	if (answer_of(k) != IGNORED)
		expect_verdict(SPT_V_ICMP_ERROR_STRAY);
	else if (script_family() == 4)
		expect_verdict(SPT_V_ICMP_IGNORED);
	expect_no_event(SPT_SOFT_ERROR);
	expect_nothing();
	script_expect_state(state);
}

/* Nothing that lies outside [first, next), which is in flight; near its edges, and far from them.
 */
static void
outside(const struct kind *k, enum spt_state state, int64_t first, int64_t next)
{
	stray(k, state, first == 1 ? ZERO : first - 1); /* 0 says: what is in flight */
	stray(k, state, next);
	stray(k, state, next + INT32_MAX);
	stray(k, state, first + INT32_MIN);
}

/* All of [first, next) is in flight, and nothing else. */
static void
edges(const struct kind *k, enum spt_state state, int64_t first, int64_t next, bool closed)
{
	outside(k, state, first, next);
	in_flight(k, state, first, closed);
	if (next > first + 1)
		in_flight(k, state, next - 1, closed);
}

/* Each kind about a peer of its own, so that one leaves nothing for the next. */
#define each_kind(k)                                                                               \
	for (const struct kind *k = kinds; k < kinds + KINDS && (use_peer(1 + (k - kinds)), true); \
	     k++)

SCRIPT(listen, "RFC 9293 3.9.2.2: no connection has sent what is quoted")
{
	given(LISTEN);
	each_kind(k)
	{
		stray(k, SPT_CLOSED_STATE, 1);
	}
}

SCRIPT(syn_sent, "RFC 9293 3.9.2.2 SHLD-25, 26, MUST-55, 56; RFC 5461 2; RFC 5927 4.1")
{
	given(LISTEN);
	each_kind(k)
	{
		given(SYN_SENT);
		stray(k, SPT_SYN_SENT, -1);
		stray(k, SPT_SYN_SENT, 1);
		stray(k, SPT_SYN_SENT, 1 + (int64_t)INT32_MAX);
		stray(k, SPT_SYN_SENT, INT32_MIN);
		if (answer_of(k) == REFUSES) {
			quote(k, ZERO);
			expect_verdict(SPT_V_ICMP_ERROR);
			expect_closed(reason_of(k));
			expect_nothing();
			expect_gone();
			continue;
		}
		quote(k, ZERO);
		if (answer_of(k) == TOLD)
			expect_soft_error(reason_of(k));
		expect_nothing();
		expect_after_ms(1000, SYN, .seq = ZERO);
		inject(SYN | ACK);
		expect(ACK);
		expect_connected();
		go_away();
	}
}

SCRIPT(syn_received_of_an_active_open, "RFC 9293 3.9.2.2 SHLD-26; 3.10.5: the peer is told")
{
	given(LISTEN);
	each_kind(k)
	{
		given(SYN_RECEIVED, .active = ON);
		stray(k, SPT_SYN_RECEIVED, -1);
		stray(k, SPT_SYN_RECEIVED, 1);
		quote(k, ZERO);
		if (answer_of(k) == REFUSES) {
			expect(RST | ACK, .seq = 1);
			expect_closed(reason_of(k));
			expect_gone();
			continue;
		}
		if (answer_of(k) == TOLD)
			expect_soft_error(reason_of(k));
		expect_nothing();
		inject(ACK);
		expect_connected();
		go_away();
	}
}

SCRIPT(syn_received_of_a_listener, "RFC 9293 3.9.2.2 MUST-56; RFC 5927 5.2: the record stays")
{
	given(LISTEN);
	each_kind(k)
	{
		given(SYN_RECEIVED);
		stray(k, SPT_SYN_RECEIVED, -1);
		stray(k, SPT_SYN_RECEIVED, 1);
		quote(k, ZERO);
		expect_nothing();
		expect_after_ms(1000, SYN | ACK, .seq = ZERO);
		inject(ACK);
		expect_event(SPT_ACCEPTED);
		go_away();
	}
}

SCRIPT(established, "RFC 9293 3.9.2.2 SHLD-25, MUST-54, 55, 56; RFC 5927 4.1, 5.2")
{
	given(LISTEN, .conn.r1_retries = 99);
	each_kind(k)
	{
		given(ESTABLISHED);
		stray(k, SPT_ESTABLISHED, 1); /* nothing is in flight */
		app_send(100);
		expect(ACK, .len = 100);
		edges(k, SPT_ESTABLISHED, 1, 101, false);
		inject(ACK);
		expect_acked(100);
		go_away();
	}
}

SCRIPT(fin_wait_1, "RFC 9293 3.9.2.2; RFC 5927 4.1: our FIN is in flight")
{
	given(LISTEN);
	each_kind(k)
	{
		given(FIN_WAIT_1);
		edges(k, SPT_FIN_WAIT_1, 1, 2, false);
		inject(ACK);
		expect_state(FIN_WAIT_2);
		stray(k, SPT_FIN_WAIT_2, 1);
		outside(k, SPT_FIN_WAIT_2, 2, 2);
		go_away();
	}
}

SCRIPT(fin_wait_1_closed, "septet.h: who closed hears of no soft error")
{
	given(LISTEN);
	each_kind(k)
	{
		given(FIN_WAIT_1, .by_close = true);
		edges(k, SPT_FIN_WAIT_1, 1, 2, true);
		inject(ACK);
		expect_state(FIN_WAIT_2);
		outside(k, SPT_FIN_WAIT_2, 2, 2);
		go_away();
	}
}

SCRIPT(close_wait, "RFC 9293 3.9.2.2; RFC 5927 5.2")
{
	given(LISTEN);
	each_kind(k)
	{
		given(CLOSE_WAIT);
		stray(k, SPT_CLOSE_WAIT, 1);
		app_send(100);
		expect(ACK, .len = 100);
		edges(k, SPT_CLOSE_WAIT, 1, 101, false);
		inject(ACK);
		go_away();
	}
}

SCRIPT(closing, "RFC 9293 3.9.2.2; RFC 5927 4.1: our FIN is in flight")
{
	given(LISTEN);
	each_kind(k)
	{
		given(CLOSING);
		edges(k, SPT_CLOSING, 1, 2, false);
		inject(ACK);
		expect_closed(0);
		stray(k, SPT_TIME_WAIT, 1);
		go_away();
	}
}

SCRIPT(last_ack, "RFC 9293 3.9.2.2; RFC 5927 4.1: our FIN is in flight")
{
	given(LISTEN);
	each_kind(k)
	{
		given(LAST_ACK);
		edges(k, SPT_LAST_ACK, 1, 2, false);
		inject(ACK);
		expect_closed(0);
		stray(k, SPT_CLOSED_STATE, 1);
	}
}

SCRIPT(time_wait, "RFC 9293 3.9.2.2; RFC 5927 4.1: nothing is in flight")
{
	given(LISTEN);
	each_kind(k)
	{
		given(TIME_WAIT);
		stray(k, SPT_TIME_WAIT, 1);
		outside(k, SPT_TIME_WAIT, 2, 2);
	}
}

/* Two full segments are in flight, and our FIN where the state has sent one. */
static void
bring_with_text(enum spt_state state, bool by_close)
{
	given(ESTABLISHED);
	if (state == SPT_CLOSE_WAIT || state == SPT_LAST_ACK) {
		inject(FIN | ACK);
		expect(ACK);
		expect_event(SPT_PEER_CLOSED);
	}
	app_send(2 * FULL);
	expect(ACK, .seq = 1, .len = FULL);
	expect(ACK, .seq = 1 + FULL, .len = FULL);
	if (by_close)
		app_close();
	else if (state != SPT_ESTABLISHED && state != SPT_CLOSE_WAIT)
		app_shutdown();
	ignore_segments();
	if (state == SPT_CLOSING) {
		inject(FIN | ACK, .ack = 1);
		expect(ACK);
		expect_event(SPT_PEER_CLOSED);
	}
	script_expect_state(state);
}

SCRIPT(
    too_big_with_text, "RFC 1191 6.3, RFC 8201 5.4: whatever the state, smaller at once; RFC 5927")
{
	static const struct {
		enum spt_state state;
		bool by_close, fin;
	} places[] = {
	    {SPT_ESTABLISHED, false, false},
	    {SPT_FIN_WAIT_1, false, true},
	    {SPT_FIN_WAIT_1, true, true},
	    {SPT_CLOSING, false, true},
	    {SPT_CLOSE_WAIT, false, false},
	    {SPT_LAST_ACK, false, true},
	};
	static const struct kind *const k = &kinds[ICMP_TOO_BIG];

	given(LISTEN, .conn.nodelay = true);
	for (unsigned int i = 0; i < RTE_DIM(places); i++) {
		uint32_t full, small = (script_family() == 4 ? 1260 : 1240);
		enum spt_state state = places[i].state;

		use_peer(1 + i);
		bring_with_text(state, places[i].by_close);
		full = FULL;
		small -= script_timestamps() ? 12 : 0;
		outside(k, state, 1, 1 + 2 * (int64_t)full + places[i].fin);
		check_eq(script_info().mss, full);
		quote(k, 1 + (int64_t)full);
		expect_verdict(SPT_V_ICMP_ERROR);
		expect_counted(pmtu_decreased, 1);
		expect_no_event(SPT_SOFT_ERROR);
		check_eq(script_info().mss, small);
		expect(ACK, .seq = 1, .len = small);
		check(ignore_segments() > 0);
		script_expect_state(state);
		inject(ACK);
		if (state == SPT_CLOSING || state == SPT_LAST_ACK)
			expect_closed(0);
		script_expect_state(state == SPT_FIN_WAIT_1 ? SPT_FIN_WAIT_2
		                    : state == SPT_CLOSING  ? SPT_TIME_WAIT
		                    : state == SPT_LAST_ACK ? SPT_CLOSED_STATE
		                                            : state);
		go_away();
	}
}

SCRIPT_MAIN()

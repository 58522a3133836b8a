/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each timer alone, from every phase of a tick: never early, at most 100 us late. Here the series
 * of SYN, SYN-ACK, data and window probes, and the estimator behind them; test_timers_idle.c has
 * those of a connection that waits, test_timers_mixed.c how they get along with each other, with a
 * clock that jumps and with segments.
 */
#include "test_timers.h"

/* ---- SYN and SYN-ACK ------------------------------------------------------------------- */

SCRIPT(syn_ack, "DESIGN 6: 5 retransmissions, 63 s; RFC 6298 2.1, 5.5, 5.6: 1 s, doubled each time")
{
	given(LISTEN);
	each_phase(p)
	{
		armed_now();
		inject(SYN);
		expect(SYN | ACK);
		for (unsigned int s = 1; s <= 16; s *= 2)
			due_ms(s * 1000, SYN | ACK, .seq = ZERO);
		ends_ms(32000);
		expect_counted(half_open_expired, 1);
		expect_nothing();
	}
}

SCRIPT(syn_ack_capped, "RFC 6298 2.5: a maximum may be placed on RTO; septet.h: rto_max_ms")
{
	given(LISTEN, .config.rto_max_ms = 1500, .config.syn_ack_retries = 3);
	each_phase(p)
	{
		armed_now();
		inject(SYN);
		expect(SYN | ACK);
		due_ms(1000, SYN | ACK, .seq = ZERO);
		due_ms(1500, SYN | ACK, .seq = ZERO);
		due_ms(1500, SYN | ACK, .seq = ZERO);
		ends_ms(1500);
	}
}

SCRIPT(syn, "RFC 6298 2.1, 2.5, 5.5; RFC 9293 MUST-23: at least 3 minutes; SHLD-9, 10: R1 = 3")
{
	spt_time first;

	given(LISTEN);
	each_phase(p)
	{
		armed_now();
		first = script_now();
		given(SYN_SENT);
		due_ms(1000, SYN);
		due_ms(2000, SYN);
		expect_no_event(SPT_SOFT_ERROR);
		due_ms(4000, SYN);
		expect_soft_error(-ETIMEDOUT);
		due_ms(8000, SYN);
		due_ms(16000, SYN);
		due_ms(32000, SYN);
		due_ms(60000, SYN);
		ends_ms(60000);
		check(script_now() - first >= 180 * SPT_NS_PER_SEC);
		expect_closed(-ETIMEDOUT);
		expect_nothing();
	}
}

SCRIPT(syn_ack_of_a_simultaneous_open, "RFC 9293 MUST-23; RFC 6298 5.1: the timer runs already")
{
	given(LISTEN);
	each_phase(p)
	{
		armed_now();
		given(SYN_SENT);
		advance_ms(300);
		inject(SYN);
		expect(SYN | ACK, .seq = ZERO);
		due_ms(1000, SYN | ACK, .seq = ZERO);
		due_ms(2000, SYN | ACK, .seq = ZERO);
		due_ms(4000, SYN | ACK, .seq = ZERO);
		expect_soft_error(-ETIMEDOUT);
		due_ms(8000, SYN | ACK, .seq = ZERO);
		due_ms(16000, SYN | ACK, .seq = ZERO);
		due_ms(32000, SYN | ACK, .seq = ZERO);
		due_ms(60000, SYN | ACK, .seq = ZERO);
		ends_ms(60000);
		expect(RST | ACK, .seq = 1);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(syn_user_timeout, "RFC 9293 3.10.1, 3.10.8: USER TIMEOUT for any state")
{
	given(LISTEN, .conn.user_timeout_ms = 1700, .conn.r1_retries = 9);
	each_phase(p)
	{
		armed_now();
		given(SYN_SENT);
		ends_ms(1700);
		ignore_segments();
		expect_closed(-ETIMEDOUT);
	}
}

/* ---- retransmission ---------------------------------------------------------------------- */

SCRIPT(rto, "RFC 6298 2.2, 5.1, 5.5; RFC 9293 3.8.3 SHLD-9 to 11, MUST-20: R1 = 3, R2 = 100 s")
{
	spt_time first;

	given(LISTEN);
	each_phase(p)
	{
		open_after_100_ms();
		to_phase(p);
		armed_now();
		first = script_now();
		app_send(100);
		expect(ACK, .len = 100);
		for (unsigned int i = 0; i < 8; i++) {
			due_ms(300u << i, ACK, .seq = 1, .len = 100);
			if (i < 2)
				expect_no_event(SPT_SOFT_ERROR);
			if (i == 2)
				expect_soft_error(-ETIMEDOUT);
		}
		/* the ninth would come at 153.3 s */
		armed_at = first;
		ends_ms(100000);
		expect(RST | ACK);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(rto_maximum, "RFC 6298 2.5; septet.h: rto_max_ms")
{
	given(LISTEN, .config.rto_max_ms = 1000, .conn.r2_ms = 20000, .conn.r1_retries = 99);
	each_phase(p)
	{
		spt_time first;

		open_after_100_ms();
		to_phase(p);
		armed_now();
		first = script_now();
		app_send(100);
		expect(ACK, .len = 100);
		due_ms(300, ACK, .seq = 1, .len = 100);
		due_ms(600, ACK, .seq = 1, .len = 100);
		for (unsigned int i = 0; i < 19; i++) /* the last at 19.9 s */
			due_ms(1000, ACK, .seq = 1, .len = 100);
		armed_at = first;
		ends_ms(20000);
		expect(RST | ACK);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(rto_of_a_fin, "RFC 9293 3.8.1; RFC 6298 5.1: a FIN is retransmitted like data")
{
	given(LISTEN);
	each_phase(p)
	{
		open_after_100_ms();
		to_phase(p);
		armed_now();
		app_shutdown();
		expect(FIN | ACK);
		due_ms(300, FIN | ACK, .seq = 1);
		due_ms(600, FIN | ACK, .seq = 1);
		inject(ACK);
		expect_state(FIN_WAIT_2);
		CLOSE();
	}
}

SCRIPT(rto_restarts, "RFC 6298 5.3: an ACK of new data restarts it; 5.2: of all data stops it")
{
	given(LISTEN, .conn.nodelay = true);
	each_phase(p)
	{
		open_after_100_ms();
		app_send(100);
		expect(ACK, .len = 100);
		app_send(100);
		expect(ACK, .len = 100);
		advance_ms(100);
		to_phase(p);
		armed_now();
		inject(ACK, .ack = 101);
		due_us(script_info().rto_us, ACK, .seq = 101, .len = 100);
		inject(ACK);
		expect_silence_ms(5000);
		CLOSE();
	}
}

SCRIPT(rto_does_not_restart, "RFC 6298 5.1, 5.3: not by sending, duplicates, data or windows")
{
	given(LISTEN, .conn.nodelay = true);
	each_phase(p)
	{
		open_after_100_ms();
		to_phase(p);
		armed_now();
		app_send(100);
		expect(ACK, .len = 100);
		advance_ms(50);
		app_send(100);
		expect(ACK, .len = 100);
		advance_ms(50);
		inject(ACK, .ack = 1); /* a duplicate */
		advance_ms(50);
		inject(ACK, .ack = 1, .wnd = 30000);
		advance_ms(50);
		inject(ACK, .ack = 1, .len = 10, .wnd = 30000);
		expect_within_ms(41, ACK);
		due_ms(300, ACK, .seq = 1, .len = 200);
		inject(ACK);
		CLOSE();
	}
}

SCRIPT(
    rto_before_a_sample, "RFC 6298 2.1: 1 s until a round trip is known; 5.7: 3 s after a lost SYN")
{
	given(LISTEN);
	each_phase(p)
	{
		given(SYN_RECEIVED, .active = OFF);
		expect_after_ms(1000, SYN | ACK, .seq = ZERO);
		inject(ACK);
		expect_event(SPT_ACCEPTED);
		to_phase(p);
		armed_now();
		app_send(100);
		expect(ACK, .len = 100);
		due_ms(3000, ACK, .seq = 1, .len = 100);
		due_ms(6000, ACK, .seq = 1, .len = 100);
		inject(ACK);
		CLOSE();
	}
}

/*
 * The estimator in whole microseconds, from the text: first sample SRTT = R, RTTVAR = R / 2; then
 * RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R| before SRTT = 7/8 SRTT + 1/8 R.
 */
struct estimate {
	double srtt, rttvar;
};

static void
estimate_sample(struct estimate *e, double r)
{
	double difference = e->srtt > r ? e->srtt - r : r - e->srtt;

	if (e->srtt == 0) {
		*e = (struct estimate){.srtt = r, .rttvar = r / 2};
		return;
	}
	e->rttvar = 0.75 * e->rttvar + 0.25 * difference;
	e->srtt = 0.875 * e->srtt + 0.125 * r;
}

/* SRTT + max (G, 4 RTTVAR), not below the minimum. */
static double
estimate_rto(const struct estimate *e, double minimum)
{
	double rto = e->srtt + 4 * e->rttvar;

	return rto < minimum ? minimum : rto;
}

static void
check_near(double got, double wanted, const char *what)
{
	if (got < wanted - 10 || got > wanted + 10)
		script_fail("%s is %.1f us, by RFC 6298 it is %.1f us", what, got, wanted);
}

/* A round trip of exactly so long. */
static void
round_trip(struct estimate *e, uint32_t us)
{
	struct spt_conn_info info;

	app_send(10);
	expect(ACK, .len = 10);
	advance_us(us);
	inject(ACK);
	expect_acked(10);
	estimate_sample(e, us);
	info = script_info();
	check_near(info.srtt_us, e->srtt, "SRTT");
	check_near(info.rttvar_us, e->rttvar, "RTTVAR");
	check_near(info.rto_us, estimate_rto(e, 1000), "RTO");
}

SCRIPT(estimator, "RFC 6298 2.2, 2.3: after every sample, and the timer runs for what they say")
{
	static const uint32_t us[] = {40000, 40000, 70000, 5000, 5000, 60000, 17, 81111, 60000};
	struct estimate e = {0};
	uint32_t at = 1;

	given(SYN_RECEIVED, .active = OFF, .config.rto_min_ms = 1);
	advance_us(50000);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	estimate_sample(&e, 50000);
	for (unsigned int i = 0; i < RTE_DIM(us); i++) {
		round_trip(&e, us[i]);
		at += 10;
	}
	armed_now();
	app_send(10);
	expect(ACK, .len = 10);
	due_us(script_info().rto_us, ACK, .seq = at, .len = 10);
	inject(ACK);
}

SCRIPT(estimator_granularity, "RFC 6298 2.3, 4: SRTT + max (G, 4 RTTVAR); finer than 100 ms")
{
	struct spt_conn_info info;

	given(SYN_RECEIVED, .active = OFF, .config.rto_min_ms = 1);
	advance_ms(10);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	for (unsigned int i = 0; i < 60; i++) {
		app_send(10);
		expect(ACK, .len = 10);
		advance_ms(10);
		inject(ACK);
	}
	info = script_info();
	check(info.rttvar_us <= 2); /* it never varied */
	check(info.srtt_us >= 9990 && info.srtt_us <= 10010);
	check(info.rto_us > info.srtt_us); /* G is not 0, ... */
	check(info.rto_us <= info.srtt_us + 100000);
	armed_now();
	app_send(10);
	expect(ACK, .len = 10);
	due_us(info.rto_us, ACK, .seq = 601, .len = 10);
	inject(ACK);
}

SCRIPT(estimator_once_a_flight, "RFC 6298 3: one sample for each flight at a time is enough")
{
	struct estimate e = {0};

	given(SYN_RECEIVED, .active = OFF, .conn.nodelay = true);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	estimate_sample(&e, 100000);
	app_send(10);
	expect(ACK, .len = 10);
	advance_ms(30);
	app_send(10);
	expect(ACK, .len = 10);
	advance_ms(30);
	inject(ACK); /* of both: the first is the one that was timed */
	estimate_sample(&e, 60000);
	check_near(script_info().srtt_us, e.srtt, "SRTT");
	check_near(script_info().rttvar_us, e.rttvar, "RTTVAR");
}

SCRIPT(estimator_karn, "RFC 6298 3; RFC 9293 MUST-18; RFC 7323 4.1: not of what was sent twice")
{
	struct spt_conn_info info;

	given(SYN_RECEIVED, .active = OFF);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send(10);
	expect(ACK, .len = 10);
	expect_after_ms(300, ACK, .seq = 1, .len = 10);
	advance_ms(40);
	inject(ACK);
	info = script_info();
	if (script_timestamps()) { /* TSecr tells: of the second, R = 40 ms by a clock of ms */
		check(info.srtt_us >= 92500 - 200 && info.srtt_us <= 92500 + 200);
		check(info.rttvar_us >= 52500 - 400 && info.rttvar_us <= 52500 + 400);
		return;
	}
	check_eq(info.srtt_us, 100000);
	check_eq(info.rttvar_us, 50000);
	check_eq(info.rto_us, 600000); /* and the back-off is kept until there is a sample */
}

SCRIPT(minimum, "RFC 6298 2.4, with 200 ms (docs/decisions.md); 1 s restores the letter")
{
	given(LISTEN, .config.rto_min_ms = 1000);
	each_phase(p)
	{
		given(ESTABLISHED, .active = OFF);
		to_phase(p);
		armed_now();
		app_send(10);
		expect(ACK, .len = 10);
		due_ms(1000, ACK, .seq = 1, .len = 10);
		due_ms(2000, ACK, .seq = 1, .len = 10);
		inject(ACK);
		CLOSE();
	}
}

SCRIPT(user_timeout, "RFC 9293 3.10.8, MUST-21; RFC 5482 3: since the oldest data was sent")
{
	given(LISTEN, .conn.user_timeout_ms = 2500, .conn.r1_retries = 9, .conn.nodelay = true);
	each_phase(p)
	{
		open_after_100_ms();
		to_phase(p);
		armed_now();
		app_send(100);
		expect(ACK, .len = 100);
		advance_ms(1);
		app_send(100);
		expect(ACK, .len = 100);
		ends_ms(2500);
		check_eq(ignore_segments(), 3 + 1); /* at 0.3, 0.9 and 2.1 s, and the RST */
		expect_closed(-ETIMEDOUT);
	}
}

/* ---- the closed window ---------------------------------------------------------------------- */

SCRIPT(persist, "RFC 9293 3.8.6.1 SHLD-29, 30, MUST-37: after one RTO, doubled, for ever")
{
	given(LISTEN);
	each_phase(p)
	{
		given(SYN_RECEIVED, .active = OFF);
		advance_ms(100);
		inject(ACK, .wnd = ZERO);
		expect_event(SPT_ACCEPTED);
		to_phase(p);
		armed_now();
		app_send(100);
		for (unsigned int i = 0; i < 8; i++) {
			due_ms(300u << i, ACK, .seq = 1, .len = 1);
			inject(ACK, .ack = 1, .wnd = ZERO);
		}
		for (unsigned int i = 0; i < 30; i++) {
			due_ms(60000, ACK, .seq = 1, .len = 1);
			inject(ACK, .ack = 1, .wnd = ZERO);
		}
		expect_no_event(SPT_SOFT_ERROR);
		CLOSE();
	}
}

SCRIPT(persist_maximum, "RFC 9293 3.8.6.1; RFC 6298 2.5; septet.h: rto_max_ms")
{
	given(LISTEN, .config.rto_max_ms = 2000);
	each_phase(p)
	{
		given(ESTABLISHED, .wnd = ZERO, .active = OFF);
		to_phase(p);
		armed_now();
		app_send(100);
		for (unsigned int ms = 200; ms < 2000; ms *= 2)
			due_ms(ms, ACK, .seq = 1, .len = 1);
		for (unsigned int i = 0; i < 5; i++)
			due_ms(2000, ACK, .seq = 1, .len = 1);
		CLOSE();
	}
}

SCRIPT(persist_user_timeout, "RFC 9293 3.10.8; DESIGN 6: only a user time-out ends probing")
{
	given(LISTEN, .conn.user_timeout_ms = 5000);
	each_phase(p)
	{
		given(ESTABLISHED, .wnd = ZERO, .active = OFF);
		to_phase(p);
		armed_now();
		app_send(100);
		ends_ms(5000);
		check_eq(ignore_segments(), 4 + 1); /* at 0.2, 0.6, 1.4, 3.0 s, and the RST */
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(override, "RFC 9293 3.8.6.2.1 MUST-38: 0.1 to 1.0 s")
{
	spt_time since;

	given(LISTEN);
	each_phase(p)
	{
		given(ESTABLISHED, .active = OFF);
		inject(ACK, .wnd = 100);
		to_phase(p);
		since = script_now();
		app_send(1000);
		expect_within_ms(1001, ACK, .len = 100);
		check(script_now() - since >= 100 * SPT_NS_PER_MS);
		check(script_now() - since <= 1000 * SPT_NS_PER_MS);
		CLOSE();
	}
}

SCRIPT_MAIN()

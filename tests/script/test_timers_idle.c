/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The timers of a connection that waits, each alone and from every phase of a tick: never early,
 * at most 100 us late. Delayed ACK, keep-alive, FIN-WAIT-2, idle time-out, 2MSL.
 */
#include "test_timers.h"

/* ---- delayed ACK ------------------------------------------------------------------------------
 */

SCRIPT(delayed_ack, "RFC 9293 3.8.6.3 MUST-58, SHLD-18, 19; DESIGN 6: 40 ms, every second at once")
{
	given(LISTEN);
	each_phase(p)
	{
		given(ESTABLISHED, .active = OFF);
		for (unsigned int i = 0; i < 3; i++) {
			to_phase(p);
			armed_now();
			inject(ACK, .len = 100);
			due_ms(40, ACK);
			inject(ACK, .len = 1460 - 12);
			inject(ACK, .len = 1460 - 12);
			expect(ACK);
			expect_silence_ms(1000);
		}
		/* the second only hastens the first: a third begins anew */
		inject(ACK, .len = 10);
		advance_ms(39);
		inject(ACK, .len = 10);
		expect(ACK);
		advance_ms(20);
		to_phase(p);
		armed_now();
		inject(ACK, .len = 10);
		due_ms(40, ACK);
		CLOSE();
	}
}

static void
delayed_ack_of(uint32_t ms)
{
	given(LISTEN, .config.delayed_ack_ms = ms);
	each_phase(p)
	{
		given(ESTABLISHED, .active = OFF);
		to_phase(p);
		armed_now();
		inject(ACK, .len = 100);
		due_ms(ms, ACK);
		CLOSE();
	}
}

SCRIPT(delayed_ack_shortest, "septet.h: delayed_ack_ms")
{
	delayed_ack_of(1);
}

SCRIPT(delayed_ack_longest, "RFC 9293 3.8.6.3 MUST-40: less than 0.5 seconds")
{
	delayed_ack_of(499); /* with 100 us the half second is not reached */
}

SCRIPT(delayed_ack_too_long, "RFC 9293 3.8.6.3 MUST-40; septet.h: delayed_ack_ms, at most 499")
{
	struct spt_config config = {.delayed_ack_ms = 500};
	struct spt_local local = {.first = script_local_address(0), .count = 1, .prefix = 24};
	struct spt_engine *engine = NULL;
	char error[200] = "";

	given(LISTEN);
	config.local = &local;
	config.n_local = 1;
	config.pool = script->engine_pool;
	check_eq(
	    spt_engine_create(&config, script->top, script->now, &engine, error, sizeof(error)),
	    -EINVAL);
	check(strstr(error, "delayed_ack_ms") != NULL);
}

SCRIPT(delayed_ack_never, "septet.h: no_delayed_ack")
{
	given(ESTABLISHED, .conn.no_delayed_ack = true);
	for (unsigned int i = 0; i < 5; i++) {
		inject(ACK, .len = 10);
		expect(ACK);
	}
	expect_silence_ms(1000);
}

/* ---- silence ----------------------------------------------------------------------------------
 */

SCRIPT(keepalive, "RFC 9293 3.8.4 MUST-28, 29, SHLD-12; DESIGN 6: 2 h, 75 s, 9 probes")
{
	given(LISTEN, .conn.keepalive = true);
	each_phase(p)
	{
		armed_now();
		given(ESTABLISHED, .active = OFF);
		due_us(2 * HOUR_US, ACK, .seq = ZERO);
		for (unsigned int i = 1; i < 9; i++)
			due_ms(75000, ACK, .seq = ZERO);
		ends_ms(75000);
		expect(RST | ACK);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(keepalive_answered, "RFC 9293 3.8.4 MUST-26: from the last segment that was received")
{
	given(LISTEN, .conn.keepalive = true, .conn.no_delayed_ack = true);
	each_phase(p)
	{
		given(ESTABLISHED, .active = OFF);
		to_phase(p);
		armed_now();
		inject(ACK, .len = 1);
		expect(ACK);
		due_us(2 * HOUR_US, ACK, .seq = ZERO);
		to_phase(p);
		armed_now();
		inject(ACK);
		due_us(2 * HOUR_US, ACK, .seq = ZERO);
		due_ms(75000, ACK, .seq = ZERO);
		to_phase(p);
		armed_now();
		inject(ACK);
		due_us(2 * HOUR_US, ACK, .seq = ZERO);
		CLOSE();
	}
}

SCRIPT(keepalive_off, "RFC 9293 3.8.4 MUST-25: off by default")
{
	given(ESTABLISHED);
	expect_silence_ms(30 * UINT64_C(3600000));
	check_eq(spt_next_deadline(script_engine()), SPT_TIME_NEVER);
}

SCRIPT(fin_wait_2, "DESIGN 6: 60 s from spt_close, if our FIN is acknowledged")
{
	given(LISTEN);
	each_phase(p)
	{
		given(FIN_WAIT_1, .by_close = true, .active = OFF);
		to_phase(p);
		armed_now();
		inject(ACK);
		expect_state(FIN_WAIT_2);
		ends_ms(60000);
		expect_closed(-ETIMEDOUT);
		expect_nothing(); /* the other side may be there still: nothing is said */
	}
}

SCRIPT(fin_wait_2_closed_later, "DESIGN 6: never after shutdown; from spt_close on")
{
	given(LISTEN);
	each_phase(p)
	{
		given(FIN_WAIT_2, .active = OFF);
		advance_ms(200000);
		to_phase(p);
		armed_now();
		app_close();
		ends_ms(60000);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(fin_wait_2_not_restarted, "DESIGN 6: a bound, whatever the peer says meanwhile but FIN")
{
	given(LISTEN, .conn.fin_wait2_ms = 3000);
	each_phase(p)
	{
		given(FIN_WAIT_1, .by_close = true, .active = OFF);
		to_phase(p);
		armed_now();
		inject(ACK);
		for (unsigned int i = 0; i < 5; i++) {
			advance_ms(500);
			inject(ACK);
			inject(ACK, .seq = ZERO); /* a keep-alive */
			expect(ACK);
		}
		ends_ms(3000);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(idle_timeout, "septet.h: idle_timeout_ms, nothing received this long")
{
	given(LISTEN, .conn.idle_timeout_ms = 5000, .conn.no_delayed_ack = true);
	each_phase(p)
	{
		armed_now();
		given(ESTABLISHED, .active = OFF);
		advance_ms(3000);
		to_phase(p);
		armed_now();
		inject(ACK, .len = 1);
		expect(ACK);
		ends_ms(5000);
		expect(RST | ACK);
		expect_closed(-ETIMEDOUT);
	}
}

/* ---- 2MSL -------------------------------------------------------------------------------------
 */

SCRIPT(two_msl, "RFC 9293 3.6.1, 3.10.8; DESIGN 6: 60 s")
{
	given(LISTEN);
	each_phase(p)
	{
		given(FIN_WAIT_2, .active = OFF);
		to_phase(p);
		armed_now();
		inject(FIN | ACK);
		expect(ACK);
		expect_event(SPT_PEER_CLOSED);
		expect_closed(0);
		expect_state(TIME_WAIT);
		ends_ms(60000);
		expect_counted(timewait_expired, 1);
	}
}

SCRIPT(two_msl_after_closing, "RFC 9293 3.10.7.4 fifth, CLOSING: from the ACK of our FIN")
{
	given(LISTEN);
	each_phase(p)
	{
		given(CLOSING, .active = OFF);
		to_phase(p);
		armed_now();
		inject(ACK);
		expect_closed(0);
		ends_ms(60000);
	}
}

SCRIPT(
    two_msl_restarted, "RFC 9293 3.10.7.4 eighth, TIME-WAIT: restart the 2 MSL time-wait timeout")
{
	given(LISTEN);
	each_phase(p)
	{
		given(TIME_WAIT, .active = OFF);
		advance_ms(59000);
		to_phase(p);
		armed_now();
		inject(FIN | ACK, .seq = 1);
		expect(ACK, .seq = 2, .ack = 2);
		ends_ms(60000);
	}
}

SCRIPT(two_msl_not_restarted, "RFC 9293 3.10.7.4, first, fifth; RFC 7323 5.3 R1: by nothing else")
{
	given(LISTEN);
	each_phase(p)
	{
		given(FIN_WAIT_2, .active = OFF);
		to_phase(p);
		armed_now();
		inject(FIN | ACK);
		expect(ACK);
		expect_event(SPT_PEER_CLOSED);
		expect_closed(0);
		advance_ms(30000);
		inject(FIN | ACK, .seq = 2, .rejected = true); /* another, behind it */
		ignore_segments();
		inject(FIN | ACK, .seq = ZERO, .rejected = true); /* one before it */
		ignore_segments();
		inject(ACK, .seq = 2);
		ignore_segments();
		inject(ACK, .seq = 1, .len = 1, .rejected = true);
		ignore_segments();
		inject(RST, .seq = 2);
		if (script_timestamps()) { /* it, but by an old incarnation */
			inject(FIN | ACK, .seq = 1, .tsval = (int64_t)script_tsval() - 40000,
			    .rejected = true);
			ignore_segments();
		}
		ends_ms(60000);
	}
}

SCRIPT_MAIN()

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock jumps, since nobody polled for hours or days: every timer that it passed fires once,
 * and its series goes on from there, without a burst.
 */
#include "test_timers.h"

/* ---- the clock jumps --------------------------------------------------------------------- */

/* Nobody polls for so long. The wheel's ticks go round in 78 hours. */
static const uint64_t jumps_us[] = {
    5 * HOUR_US, 30 * HOUR_US, 50 * HOUR_US, 77 * HOUR_US, 200 * HOUR_US, 5000 * HOUR_US};

#define each_jump(us, n)                                                                           \
	for (unsigned int n = 1; n <= RTE_DIM(jumps_us); n++)                                      \
		for (uint64_t us = (script_use_peer(n), jumps_us[n - 1]); us != 0; us = 0)

SCRIPT(jump_over_syn_ack, "RFC 6298 5.5, 5.6: sent once, and then backed off from there")
{
	given(LISTEN);
	each_jump(us, n)
	{
		inject(SYN);
		expect(SYN | ACK);
		jump_us(us);
		armed_now();
		expect(SYN | ACK, .seq = ZERO);
		expect_nothing();
		due_ms(2000, SYN | ACK, .seq = ZERO);
		inject(ACK);
		expect_event(SPT_ACCEPTED);
		CLOSE();
	}
}

SCRIPT(jump_over_syn, "RFC 6298 5.5, 5.6; RFC 9293 MUST-23: give-up is by count")
{
	given(LISTEN);
	each_jump(us, n)
	{
		given(SYN_SENT);
		jump_us(us);
		armed_now();
		expect(SYN);
		expect_nothing();
		due_ms(2000, SYN);
		inject(SYN | ACK);
		expect(ACK);
		expect_connected();
		CLOSE();
	}
}

SCRIPT(jump_over_rto, "RFC 6298 5.4 to 5.6: once, and then backed off from there")
{
	given(LISTEN, .conn.nodelay = true);
	for (unsigned int n = 1; n <= 3; n++) {
		use_peer(n);
		open_after_100_ms();
		app_send(100);
		expect(ACK, .len = 100);
		jump_ms(n * 30000); /* less than R2 */
		armed_now();
		expect(ACK, .seq = 1, .len = 100);
		expect_nothing();
		due_ms(600, ACK, .seq = 1, .len = 100);
		inject(ACK);
		expect_silence_ms(2000);
		CLOSE();
	}
}

SCRIPT(jump_over_r2, "RFC 9293 3.8.3: R2 is a time (DESIGN 6), and it has passed")
{
	given(LISTEN);
	each_jump(us, n)
	{
		open_after_100_ms();
		app_send(100);
		expect(ACK, .len = 100);
		jump_us(us);
		expect(RST | ACK);
		expect_closed(-ETIMEDOUT);
		expect_nothing();
	}
}

SCRIPT(jump_over_user_timeout, "RFC 9293 3.10.8; RFC 5482 3")
{
	given(LISTEN, .conn.user_timeout_ms = 20 * 3600000);
	for (unsigned int n = 1; n < RTE_DIM(jumps_us); n++) {
		use_peer(n);
		open_after_100_ms();
		app_send(100);
		expect(ACK, .len = 100);
		jump_us(jumps_us[n]);
		expect(RST | ACK);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(jump_over_probe, "RFC 9293 3.8.6.1 SHLD-30, MUST-37: once, and probed on")
{
	given(LISTEN);
	each_jump(us, n)
	{
		given(ESTABLISHED, .wnd = ZERO, .active = OFF);
		app_send(100);
		jump_us(us);
		armed_now();
		expect(ACK, .len = 1);
		expect_nothing();
		due_ms(400, ACK, .seq = 1, .len = 1);
		inject(ACK);
		CLOSE();
	}
}

SCRIPT(jump_over_override, "RFC 9293 3.8.6.2.1 (4)")
{
	given(LISTEN);
	each_jump(us, n)
	{
		given(ESTABLISHED, .active = OFF);
		inject(ACK, .wnd = 100);
		app_send(1000);
		jump_us(us);
		expect(ACK, .len = 100);
		expect_nothing();
		CLOSE();
	}
}

SCRIPT(jump_over_delayed_ack, "RFC 9293 3.8.6.3: late, but one")
{
	given(LISTEN);
	each_jump(us, n)
	{
		given(ESTABLISHED, .active = OFF);
		inject(ACK, .len = 10);
		jump_us(us);
		expect(ACK);
		expect_silence_ms(1000);
		armed_now();
		inject(ACK, .len = 10);
		due_ms(40, ACK);
		CLOSE();
	}
}

SCRIPT(jump_over_keepalive, "RFC 9293 3.8.4 MUST-29: one probe, and time to answer it")
{
	given(LISTEN, .conn.keepalive = true);
	each_jump(us, n)
	{
		given(ESTABLISHED, .active = OFF);
		jump_us(us);
		armed_now();
		expect(ACK, .seq = ZERO);
		expect_nothing();
		due_ms(75000, ACK, .seq = ZERO);
		armed_now();
		inject(ACK);
		due_us(2 * HOUR_US, ACK, .seq = ZERO);
		jump_us(us); /* over the interval */
		armed_now();
		expect(ACK, .seq = ZERO);
		expect_nothing();
		due_ms(75000, ACK, .seq = ZERO);
		CLOSE();
	}
}

SCRIPT(jump_over_idle_timeout, "septet.h: idle_timeout_ms")
{
	given(LISTEN, .conn.idle_timeout_ms = 3600000);
	each_jump(us, n)
	{
		given(ESTABLISHED, .active = OFF);
		jump_us(us);
		expect(RST | ACK);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(jump_over_fin_wait_2, "DESIGN 6")
{
	given(LISTEN);
	each_jump(us, n)
	{
		given(FIN_WAIT_2, .by_close = true, .active = OFF);
		jump_us(us);
		expect_closed(-ETIMEDOUT);
		expect_gone();
	}
}

SCRIPT(jump_over_2msl, "RFC 9293 3.10.8")
{
	given(LISTEN);
	each_jump(us, n)
	{
		for (unsigned int i = 10; i < 40; i++) {
			use_peer(i);
			given(TIME_WAIT, .active = OFF);
		}
		jump_us(us);
		for (unsigned int i = 10; i < 40; i++) {
			use_peer(i);
			expect_gone();
			new_life(1000000000);
		}
	}
}

/* Silence, not a jump: nothing has a deadline all that time. */
SCRIPT(
    keepalive_for_days, "RFC 9293 3.8.4 MUST-27, 29: 24 h, 24 h, 3 probes; septet.h: up to a day")
{
	given(LISTEN, .conn.keepalive = true, .conn.keepalive_idle_ms = 24 * 3600000,
	    .conn.keepalive_interval_ms = 24 * 3600000, .conn.keepalive_probes = 3);
	each_phase(p)
	{
		armed_now();
		given(ESTABLISHED, .active = OFF);
		for (unsigned int i = 0; i < 3; i++)
			due_us(24 * HOUR_US, ACK, .seq = ZERO);
		ends_us(24 * HOUR_US);
		expect(RST | ACK);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(keepalive_after_days, "RFC 9293 3.8.4: asked for when the connection has long been idle")
{
	given(ESTABLISHED);
	for (unsigned int days = 1; days <= 4; days++) {
		inject(ACK);
		expect_silence_ms(days * UINT64_C(86400000));
		app_set(.keepalive = true);
		expect_within_ms(75001, ACK, .seq = ZERO);
		inject(ACK);
		app_set(.keepalive = false);
	}
}

SCRIPT_MAIN()

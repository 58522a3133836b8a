/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers in company: of two of one connection each comes at its time; one that is cancelled at the
 * last nanosecond is silent; and a segment that comes in the turn in which the timer would fire is
 * looked at first (DESIGN 4: a turn receives, then serves timers; RFC 9293 3.10 has events one
 * after the other).
 */
#include "test_timers.h"

/* ---- two of one connection ---------------------------------------------------------------- */

SCRIPT(keepalive_then_rto, "RFC 9293 3.8.4: not while data is outstanding; RFC 6298 5.1")
{
	given(LISTEN, .conn.keepalive = true, .conn.keepalive_idle_ms = 10000);
	each_phase(p)
	{
		open_after_100_ms();
		advance_ms(9900);
		to_phase(p);
		armed_now();
		app_send(100);
		expect(ACK, .len = 100);
		due_ms(300, ACK, .seq = 1, .len = 100);
		due_ms(600, ACK, .seq = 1, .len = 100);
		to_phase(p);
		armed_now();
		inject(ACK);
		due_ms(10000, ACK, .seq = 100);
		CLOSE();
	}
}

SCRIPT(rto_cancelled_then_keepalive, "RFC 9293 3.8.4 MUST-26, 28: the node that moved moves back")
{
	given(LISTEN, .conn.keepalive = true, .conn.keepalive_idle_ms = 10000);
	each_phase(p)
	{
		open_after_100_ms();
		app_send(100);
		expect(ACK, .len = 100);
		advance_ms(200);
		to_phase(p);
		armed_now();
		inject(ACK);
		due_ms(10000, ACK, .seq = 100);
		advance_ms(1);
		app_send(100);
		expect(ACK, .len = 100);
		to_phase(p);
		armed_now();
		inject(ACK);
		due_ms(10000, ACK, .seq = 200);
		CLOSE();
	}
}

SCRIPT(idle_timeout_before_rto, "septet.h: idle_timeout_ms; the earlier one comes first")
{
	given(LISTEN, .conn.idle_timeout_ms = 250);
	each_phase(p)
	{
		given(SYN_RECEIVED, .active = OFF);
		advance_ms(100);
		to_phase(p);
		armed_now();
		inject(ACK);
		expect_event(SPT_ACCEPTED);
		app_send(100);
		expect(ACK, .len = 100);
		ends_ms(250);
		expect(RST | ACK);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(rto_before_idle_timeout, "septet.h: idle_timeout_ms; each at its time")
{
	given(LISTEN, .conn.idle_timeout_ms = 1000);
	each_phase(p)
	{
		spt_time opened;

		given(SYN_RECEIVED, .active = OFF);
		advance_ms(100);
		to_phase(p);
		armed_now();
		opened = script_now();
		inject(ACK);
		expect_event(SPT_ACCEPTED);
		app_send(100);
		expect(ACK, .len = 100);
		due_us(script_info().rto_us, ACK, .seq = 1, .len = 100);
		due_us(script_info().rto_us, ACK, .seq = 1, .len = 100);
		armed_at = opened;
		ends_ms(1000);
		expect(RST | ACK);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(delayed_ack_and_rto, "RFC 9293 3.8.6.3; RFC 6298 5.1: neither moves the other")
{
	given(LISTEN);
	each_phase(p)
	{
		spt_time sent;

		open_after_100_ms();
		to_phase(p);
		armed_now();
		sent = script_now();
		app_send(100);
		expect(ACK, .len = 100);
		advance_ms(30);
		armed_now();
		inject(ACK, .ack = 1, .len = 10);
		due_ms(40, ACK);
		advance_ms(200);
		inject(ACK, .ack = 1, .len = 10); /* its ACK is due after the other */
		armed_at = sent;
		due_ms(300, ACK, .seq = 1, .len = 100); /* and rides on it (MUST-58) */
		expect_silence_ms(100);
		inject(ACK);
		CLOSE();
	}
}

SCRIPT(delayed_ack_and_probe, "RFC 9293 3.8.6.1, 3.8.6.3: a probe acknowledges as well")
{
	given(LISTEN);
	each_phase(p)
	{
		spt_time queued;

		given(ESTABLISHED, .wnd = ZERO, .active = OFF);
		to_phase(p);
		armed_now();
		queued = script_now();
		app_send(100);
		advance_ms(100);
		armed_now();
		inject(ACK, .len = 10, .wnd = ZERO);
		due_ms(40, ACK);
		advance_ms(40);
		inject(ACK, .len = 10, .wnd = ZERO);
		armed_at = queued;
		due_ms(200, ACK, .len = 1); /* no ACK of its own at 220 ms */
		due_ms(400, ACK, .seq = 1, .len = 1);
		CLOSE();
	}
}

SCRIPT(fin_wait_2_and_idle_timeout, "DESIGN 6; septet.h: whichever comes first")
{
	given(LISTEN, .conn.idle_timeout_ms = 90000);
	each_phase(p)
	{
		given(FIN_WAIT_1, .by_close = true, .active = OFF);
		to_phase(p);
		armed_now();
		inject(ACK);
		advance_ms(10000);
		inject(ACK); /* moves the idle time-out only */
		ends_ms(60000);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(half_open_records_of_all_steps, "RFC 6298 5.5: each backs off by itself")
{
	/* three peers, at 0, 2.6 and 6.1 s; their SYN-ACKs 1, 3 and 7 s later */
	static const struct {
		uint32_t ms;
		unsigned int peer;
	} at[] = {{0, 1}, {1000, 1}, {2600, 2}, {3000, 1}, {3600, 2}, {5600, 2}, {6100, 3},
	    {7000, 1}, {7100, 3}, {9100, 3}, {9600, 2}, {13100, 3}};
	uint32_t sent[4] = {0};
	spt_time start;

	given(LISTEN, .config.syn_ack_retries = 3);
	to_phase(3);
	start = script_now();
	for (unsigned int i = 0; i < RTE_DIM(at); i++) {
		use_peer(at[i].peer);
		armed_at = start;
		if (sent[at[i].peer]++ == 0) {
			advance_us(left_us(at[i].ms * 1000));
			inject(SYN);
			expect(SYN | ACK);
			continue;
		}
		expect_after_us(left_us(at[i].ms * 1000), SYN | ACK, .seq = ZERO);
		check(script_now() <= start + at[i].ms * SPT_NS_PER_MS + 3 * 100000);
	}
	expect_silence_ms(8100); /* until the third one's is given up, 15 s after it began */
	expect_gone();
	check_eq(script->captures, script->taken);
}

/* ---- cancelled at the last nanosecond ---------------------------------------------------------
 */

SCRIPT(cancelled_syn_ack, "RFC 9293 3.10.7.4 fifth")
{
	given(LISTEN);
	each_phase(p)
	{
		armed_now();
		inject(SYN);
		expect(SYN | ACK);
		just_before_ms(1000);
		inject(ACK);
		expect_event(SPT_ACCEPTED);
		expect_silence_ms(70000);
		CLOSE();
	}
}

SCRIPT(cancelled_syn, "RFC 9293 3.10.7.3 fourth")
{
	given(LISTEN);
	each_phase(p)
	{
		armed_now();
		given(SYN_SENT);
		just_before_ms(1000);
		inject(SYN | ACK);
		expect(ACK);
		expect_connected();
		expect_silence_ms(200000);
		CLOSE();
	}
}

SCRIPT(cancelled_rto, "RFC 6298 5.2")
{
	given(LISTEN);
	each_phase(p)
	{
		open_after_100_ms();
		to_phase(p);
		armed_now();
		app_send(100);
		expect(ACK, .len = 100);
		just_before_ms(300);
		inject(ACK);
		expect_silence_ms(100000);
		CLOSE();
	}
}

SCRIPT(cancelled_user_timeout, "RFC 9293 3.10.8: data is acknowledged in time")
{
	given(LISTEN, .conn.user_timeout_ms = 2500, .conn.r1_retries = 9);
	each_phase(p)
	{
		open_after_100_ms();
		to_phase(p);
		armed_now();
		app_send(100);
		expect(ACK, .len = 100);
		while (script_now() < armed_at + 2500 * SPT_NS_PER_MS - 1) {
			timer_step(armed_at + 2500 * SPT_NS_PER_MS - 1);
			ignore_segments();
		}
		inject(ACK);
		expect_silence_ms(100000);
		CLOSE();
	}
}

SCRIPT(cancelled_probe, "RFC 9293 3.8.6.1: a window update ends probing")
{
	given(LISTEN);
	each_phase(p)
	{
		given(ESTABLISHED, .wnd = ZERO, .active = OFF);
		to_phase(p);
		armed_now();
		app_send(100);
		just_before_ms(200);
		inject(ACK, .wnd = 1000);
		expect(ACK, .len = 100);
		inject(ACK, .wnd = 1000);
		expect_silence_ms(100000);
		CLOSE();
	}
}

SCRIPT(cancelled_delayed_ack, "RFC 9293 3.8.6.3 MUST-58: it rode on data")
{
	given(LISTEN);
	each_phase(p)
	{
		given(ESTABLISHED, .active = OFF);
		to_phase(p);
		armed_now();
		inject(ACK, .len = 10);
		just_before_ms(40);
		app_send(10);
		expect(ACK, .len = 10);
		inject(ACK);
		expect_silence_ms(1000);
		CLOSE();
	}
}

SCRIPT(cancelled_keepalive, "RFC 9293 3.8.4 MUST-26")
{
	given(LISTEN, .conn.keepalive = true);
	each_phase(p)
	{
		armed_now();
		given(ESTABLISHED, .active = OFF);
		just_before_us(2 * HOUR_US);
		armed_now();
		inject(ACK);
		due_us(2 * HOUR_US, ACK, .seq = ZERO);
		for (unsigned int i = 1; i < 9; i++)
			due_ms(75000, ACK, .seq = ZERO);
		just_before_ms(75000);
		armed_now();
		inject(ACK); /* in time: the connection lives */
		due_us(2 * HOUR_US, ACK, .seq = ZERO);
		CLOSE();
	}
}

SCRIPT(cancelled_fin_wait_2, "RFC 9293 3.10.7.4 eighth: the FIN came in time")
{
	given(LISTEN);
	each_phase(p)
	{
		given(FIN_WAIT_1, .by_close = true, .active = OFF);
		to_phase(p);
		armed_now();
		inject(ACK);
		just_before_ms(60000);
		armed_now();
		inject(FIN | ACK);
		expect(ACK);
		expect_closed(0);
		expect_state(TIME_WAIT);
		ends_ms(60000);
	}
}

SCRIPT(cancelled_2msl, "RFC 9293 3.10.7.4 eighth: restart the 2 MSL time-wait timeout")
{
	given(LISTEN);
	each_phase(p)
	{
		armed_now();
		given(TIME_WAIT, .active = OFF);
		just_before_ms(60000);
		armed_now();
		inject(FIN | ACK, .seq = 1);
		expect(ACK, .seq = 2, .ack = 2);
		ends_ms(60000);
	}
}

/* ---- in the turn in which the timer fires ------------------------------------------------------
 */

/* The segment waits in the port, and the next turn is a millisecond after the deadline. */
#define TURN_AFTER_MS(ms)                                                                          \
	do {                                                                                       \
		script->now = armed_at + ((ms) + 1) * SPT_NS_PER_MS;                               \
		script_settle();                                                                   \
	} while (0)

SCRIPT(turn_of_syn_ack, "DESIGN 4; RFC 9293 3.10.7.4 fifth")
{
	given(LISTEN);
	each_phase(p)
	{
		armed_now();
		inject(SYN);
		expect(SYN | ACK);
		inject(ACK, .more = true);
		TURN_AFTER_MS(1000);
		expect_event(SPT_ACCEPTED);
		expect_silence_ms(70000);
		CLOSE();
	}
}

SCRIPT(turn_of_giving_up_a_record, "DESIGN 4; RFC 9293 3.10.7.4 fifth")
{
	given(LISTEN, .config.syn_ack_retries = 1);
	each_phase(p)
	{
		armed_now();
		inject(SYN);
		expect(SYN | ACK);
		due_ms(1000, SYN | ACK, .seq = ZERO);
		inject(ACK, .more = true);
		TURN_AFTER_MS(2000);
		expect_event(SPT_ACCEPTED);
		CLOSE();
	}
}

SCRIPT(turn_of_syn, "DESIGN 4; RFC 9293 3.10.7.3 fourth")
{
	given(LISTEN, .config.syn_retries = 1);
	each_phase(p)
	{
		armed_now();
		given(SYN_SENT);
		due_ms(1000, SYN);
		inject(SYN | ACK, .more = true);
		TURN_AFTER_MS(2000); /* of giving up */
		expect(ACK);
		expect_connected();
		expect_silence_ms(10000);
		CLOSE();
	}
}

SCRIPT(turn_of_rto, "DESIGN 4; RFC 6298 5.2")
{
	given(LISTEN);
	each_phase(p)
	{
		open_after_100_ms();
		armed_now();
		app_send(100);
		expect(ACK, .len = 100);
		inject(ACK, .more = true);
		TURN_AFTER_MS(300);
		expect_acked(100);
		expect_silence_ms(100000);
		CLOSE();
	}
}

SCRIPT(turn_of_rto_partial, "DESIGN 4; RFC 6298 5.3: an ACK of a part restarts it")
{
	given(LISTEN, .conn.nodelay = true);
	each_phase(p)
	{
		open_after_100_ms();
		armed_now();
		app_send(100);
		expect(ACK, .len = 100);
		app_send(100);
		expect(ACK, .len = 100);
		inject(ACK, .ack = 101, .more = true);
		TURN_AFTER_MS(300);
		armed_now();
		due_us(script_info().rto_us, ACK, .seq = 101, .len = 100);
		inject(ACK);
		CLOSE();
	}
}

SCRIPT(turn_of_r2, "DESIGN 4; RFC 9293 3.8.3: acknowledged in the turn that would end it")
{
	given(LISTEN, .conn.r2_ms = 500, .conn.r1_retries = 9);
	each_phase(p)
	{
		open_after_100_ms();
		armed_now();
		app_send(100);
		expect(ACK, .len = 100);
		while (script_now() < armed_at + 499 * SPT_NS_PER_MS) {
			timer_step(armed_at + 499 * SPT_NS_PER_MS);
			ignore_segments();
		}
		inject(ACK, .more = true);
		TURN_AFTER_MS(500);
		expect_acked(100);
		expect_silence_ms(100000);
		CLOSE();
	}
}

SCRIPT(turn_of_probe, "DESIGN 4; RFC 9293 3.8.6.1: the window opened: data, and no probe")
{
	given(LISTEN);
	each_phase(p)
	{
		given(ESTABLISHED, .wnd = ZERO, .active = OFF);
		armed_now();
		app_send(100);
		inject(ACK, .wnd = 1000, .more = true);
		TURN_AFTER_MS(200);
		expect(ACK, .len = 100);
		inject(ACK, .wnd = 1000);
		expect_silence_ms(100000);
		CLOSE();
	}
}

SCRIPT(turn_of_delayed_ack, "DESIGN 4; RFC 9293 3.8.6.3 MUST-58: one ACK of both")
{
	given(LISTEN);
	each_phase(p)
	{
		given(ESTABLISHED, .active = OFF);
		armed_now();
		inject(ACK, .len = 10);
		inject(ACK, .len = 10, .more = true);
		TURN_AFTER_MS(40);
		expect(ACK);
		expect_silence_ms(1000);
		CLOSE();
	}
}

SCRIPT(turn_of_keepalive, "DESIGN 4; RFC 9293 3.8.4 MUST-26: no probe, and two hours anew")
{
	given(LISTEN, .conn.keepalive = true);
	each_phase(p)
	{
		armed_now();
		given(ESTABLISHED, .active = OFF);
		inject(ACK, .more = true);
		TURN_AFTER_MS(7200000);
		armed_now();
		due_us(2 * HOUR_US, ACK, .seq = ZERO);
		CLOSE();
	}
}

SCRIPT(
    turn_of_keepalive_end, "DESIGN 4; RFC 9293 3.8.4 MUST-29: the answer to the last probe counts")
{
	given(LISTEN, .conn.keepalive = true, .conn.keepalive_probes = 2);
	each_phase(p)
	{
		armed_now();
		given(ESTABLISHED, .active = OFF);
		due_us(2 * HOUR_US, ACK, .seq = ZERO);
		due_ms(75000, ACK, .seq = ZERO);
		inject(ACK, .more = true);
		TURN_AFTER_MS(75000);
		armed_now();
		due_us(2 * HOUR_US, ACK, .seq = ZERO);
		CLOSE();
	}
}

SCRIPT(turn_of_idle_timeout, "DESIGN 4; septet.h: idle_timeout_ms")
{
	given(LISTEN, .conn.idle_timeout_ms = 5000);
	each_phase(p)
	{
		armed_now();
		given(ESTABLISHED, .active = OFF);
		inject(ACK, .more = true);
		TURN_AFTER_MS(5000);
		armed_now();
		ends_ms(5000);
		expect(RST | ACK);
		expect_closed(-ETIMEDOUT);
	}
}

SCRIPT(turn_of_fin_wait_2, "DESIGN 4; RFC 9293 3.10.7.4 eighth: TIME-WAIT")
{
	given(LISTEN);
	each_phase(p)
	{
		armed_now();
		given(FIN_WAIT_2, .by_close = true, .active = OFF);
		inject(FIN | ACK, .more = true);
		TURN_AFTER_MS(60000);
		armed_now();
		expect(ACK);
		expect_closed(0);
		ends_ms(60000);
	}
}

SCRIPT(turn_of_2msl, "DESIGN 4; RFC 9293 3.10.7.4 eighth: acknowledged, and 2MSL anew")
{
	given(LISTEN);
	each_phase(p)
	{
		armed_now();
		given(TIME_WAIT, .active = OFF);
		inject(FIN | ACK, .seq = 1, .more = true);
		TURN_AFTER_MS(60000);
		armed_now();
		expect(ACK, .seq = 2, .ack = 2);
		ends_ms(60000);
	}
}

SCRIPT(turn_of_2msl_and_syn, "DESIGN 4; RFC 6191 2: the record is there still, and is reopened")
{
	given(LISTEN);
	each_phase(p)
	{
		armed_now();
		given(TIME_WAIT, .active = OFF);
		new_life(1000);
		inject(SYN, .more = true);
		TURN_AFTER_MS(60000);
		expect(SYN | ACK);
		inject(ACK);
		expect_event(SPT_ACCEPTED);
		expect_silence_ms(100000);
		CLOSE();
	}
}

/* ---- address resolution ------------------------------------------------------------------------
 */

/* The next frame of any kind leaves so long after the last one, with 'timers' roundings between. */
static void
frame_after(uint32_t ms, unsigned int timers)
{
	uint64_t before = script->port->tx_frames;
	spt_time due = script->now + ms * SPT_NS_PER_MS;
	spt_time late = due + timers * TIMER_LATE_US * SPT_NS_PER_US;

	while (script->port->tx_frames == before && script->now < late)
		timer_step(late);
	check(script->port->tx_frames == before + 1);
	check(script->now >= due);
}

/*
 * A host that does not answer is asked three times, and after a pause not before something is to be
 * sent to it: with the SYNs, which RFC 6298 backs off meanwhile. When it speaks at last, what waits
 * goes out, once.
 */
SCRIPT(address_resolution, "RFC 4861 7.2.2, 10: 1 s, three times; RFC 1122 2.3.2.1, 2.3.2.2")
{
	static uint8_t flat[PACKET_MAX];
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 77}};
	struct spt_endpoint remote = {script->peer, 80};

	given(LISTEN, .conn.r1_retries = 99);
	to_phase(3);
	remote.addr.b[15] = 77;
	use_peer(1);
	check_eq(app_try_connect(.remote = &remote), 0);
	/* asked at once, and then until it is taken to have failed at 3 s, let alone until 5 s */
	frame_after(1000, 1);
	frame_after(1000, 1);
	/* SYNs at 1, 3, 7 and 15 s */
	frame_after(5000, 3);
	frame_after(1000, 1);
	frame_after(1000, 1);
	frame_after(6000, 4);
	expect_nothing();
	advance_ms(500);
	inject_frame(flat, packet_ask_resolution(&mac, &remote.addr, &script->local[0], flat));
	check_eq(ignore_segments(), 1);
	advance_ms(15400);
	check_eq(ignore_segments(), 0);
	advance_ms(200); /* 31 s */
	check_eq(ignore_segments(), 1);
	app_abort();
	expect_closed(-ECONNABORTED);
}

SCRIPT_MAIN()

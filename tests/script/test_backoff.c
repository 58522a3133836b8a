/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long the same is sent again: exponential back-off (RFC 6298 5.5), R1, R2 and the user
 * time-out (RFC 9293 3.8.3, RFC 5482).
 */
#include <lib/script.h>

static uint64_t
timeouts(void)
{
	struct spt_stats stats;

	spt_engine_stats(script_engine(), &stats);
	return stats.rto_expirations;
}

SCRIPT(back_off, "RFC 6298 5.5; RFC 9293 3.8.3: R1 = 3, told once (SHLD-9); R2 = 100 s (SHLD-11)")
{
	uint64_t before;

	open_after_ms(100);
	before = timeouts();
	app_send(100);
	expect(ACK, .len = 100);
	for (unsigned int i = 0; i < 8; i++) { /* 76.5 s */
		expect_no_event(SPT_SOFT_ERROR);
		expect_after_ms(300u << i, ACK, .seq = 1, .len = 100);
		check_eq(script_info().retransmissions, i + 1);
		if (i == 2)
			expect_soft_error(-ETIMEDOUT);
	}
	check_eq(timeouts() - before, 8);
	expect_silence_ms(23400);
	expect_state(ESTABLISHED);
	advance_ms(60000);
	check(ignore_segments() <= 2); /* once more at most, and a RST if it likes */
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

SCRIPT(back_off_maximum, "RFC 6298 2.5: at least 60 s; 5.5")
{
	uint32_t ms = 200;

	given(ESTABLISHED, .conn.r2_ms = 3600000);
	app_send(100);
	expect(ACK, .len = 100);
	for (unsigned int i = 0; i < 15; i++) {
		expect_after_ms(ms, ACK, .seq = 1, .len = 100);
		ms = ms * 2 > 60000 ? 60000 : ms * 2;
	}
	check_eq(ms, 60000);
	expect_soft_error(-ETIMEDOUT);
	inject(ACK);
	expect_acked(100);
}

SCRIPT(r1_again, "RFC 9293 3.8.3 SHLD-9: for each segment that reaches R1")
{
	open_after_ms(1, .conn.r1_retries = 2);
	for (unsigned int i = 0; i < 2; i++) {
		app_send(100);
		expect(ACK, .len = 100);
		expect_within_ms(100000, ACK, .seq = 1 + 100 * i, .len = 100);
		expect_no_event(SPT_SOFT_ERROR);
		expect_within_ms(100000, ACK, .seq = 1 + 100 * i, .len = 100);
		expect_soft_error(-ETIMEDOUT);
		inject(ACK);
	}
}

SCRIPT(r2_configured, "RFC 9293 3.8.3 MUST-21: the application sets R2")
{
	open_after_ms(100, .conn.r2_ms = 5000);
	app_send(100);
	expect(ACK, .len = 100);
	for (unsigned int i = 0; i < 4; i++) /* 4.5 s */
		expect_after_ms(300u << i, ACK, .seq = 1, .len = 100);
	expect_soft_error(-ETIMEDOUT);
	expect_silence_ms(490);
	expect_state(ESTABLISHED);
	advance_ms(4400);
	check(ignore_segments() <= 2);
	expect_closed(-ETIMEDOUT);
}

/* Time without progress counts, not the age of the connection or of the queue. */
SCRIPT(progress_begins_again, "RFC 9293 3.8.3: retransmissions of the same segment")
{
	open_after_ms(100, .conn.nodelay = true, .conn.r1_retries = 255);
	app_send(4 * FULL);
	ignore_segments();
	for (unsigned int i = 1; i <= 4; i++) {
		advance_ms(90000);
		check(ignore_segments() > 0);
		expect_state(ESTABLISHED);
		inject(ACK, .ack = 1 + i * FULL);
		ignore_segments();
	}
	expect_acked(4 * FULL);
	expect_silence_ms(200000);
}

SCRIPT(user_timeout, "RFC 9293 3.9.1.3, 3.10.8; RFC 5482 3")
{
	open_after_ms(100, .conn.user_timeout_ms = 2000, .conn.r1_retries = 9);
	app_send(100);
	expect(ACK, .len = 100);
	for (unsigned int i = 0; i < 2; i++)
		expect_after_ms(300u << i, ACK, .seq = 1, .len = 100);
	expect_silence_ms(1090);
	expect_state(ESTABLISHED);
	advance_ms(200);
	check(ignore_segments() <= 1);
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

SCRIPT(user_timeout_beyond_r2, "RFC 5482 3: it takes the place of R2")
{
	open_after_ms(100, .conn.user_timeout_ms = 300000, .conn.r1_retries = 99);
	app_send(100);
	expect(ACK, .len = 100);
	advance_ms(299000);
	check(ignore_segments() >= 10);
	expect_state(ESTABLISHED);
	advance_ms(61000);
	ignore_segments();
	expect_closed(-ETIMEDOUT);
}

SCRIPT(user_timeout_set_later, "RFC 9293 3.10.2: a SEND may change the time-out")
{
	open_after_ms(100, .conn.r1_retries = 99);
	app_send(100);
	expect(ACK, .len = 100);
	advance_ms(10000);
	ignore_segments();
	app_set(.user_timeout_ms = 20000, .r1_retries = 99);
	advance_ms(9000);
	ignore_segments();
	expect_state(ESTABLISHED);
	advance_ms(1100);
	check(ignore_segments() <= 1);
	expect_closed(-ETIMEDOUT);
}

SCRIPT_MAIN()

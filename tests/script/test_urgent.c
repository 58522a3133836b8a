/* SPDX-License-Identifier: BSD-3-Clause */
/* Urgent data, in and out: RFC 9293 3.8.5, 3.10.2, 3.10.7.4 sixth. */
#include <lib/script.h>

/* ---- received ---------------------------------------------------------------------------- */

SCRIPT(pointer_behind_the_data, "RFC 9293 3.8.5 MUST-30, MUST-62: the octet following urgent data")
{
	given(ESTABLISHED);
	inject(URG | ACK, .len = 10, .up = 10);
	expect_event(SPT_URGENT);
	expect_data(10);
	check_eq(script_info().urgent, 0); /* all of it is delivered */
	expect_after_ms(40, ACK);
}

SCRIPT(pointer_ahead, "RFC 9293 3.8.5 MUST-32, MUST-33: told at once, and how much is left")
{
	given(ESTABLISHED, .conn.no_delayed_ack = true);
	inject(URG | ACK, .len = 10, .up = 100);
	expect_event(SPT_URGENT);
	expect(ACK);
	expect_data(10);
	check_eq(script_info().urgent, 90);
	inject(ACK, .len = 40);
	expect(ACK);
	check_eq(script_info().urgent, 50);
	inject(ACK, .len = 49);
	expect(ACK);
	check_eq(script_info().urgent, 1);
	inject(ACK, .len = 100);
	expect(ACK);
	check_eq(script_info().urgent, 0);
	expect_no_event(SPT_URGENT);
}

SCRIPT(told_for_each_advance, "RFC 9293 3.8.5 MUST-32: whenever it advances, and only then")
{
	given(ESTABLISHED, .conn.no_delayed_ack = true);
	inject(URG | ACK, .len = 10, .up = 100); /* to 101 */
	expect_event(SPT_URGENT);
	expect(ACK);
	inject(URG | ACK, .len = 10, .up = 90); /* the same */
	expect_no_event(SPT_URGENT);
	expect(ACK);
	inject(URG | ACK, .len = 10, .up = 50); /* back: the greater one stays */
	expect_no_event(SPT_URGENT);
	expect(ACK);
	check_eq(script_info().urgent, 70);
	inject(URG | ACK, .len = 10, .up = 71); /* by one */
	expect_event(SPT_URGENT);
	expect(ACK);
	check_eq(script_info().urgent, 61);
	inject(ACK, .len = 61);
	expect(ACK);
	inject(URG | ACK, .len = 10, .up = 5); /* after all was read: pending once more */
	expect_event(SPT_URGENT);
	expect(ACK);
	check_eq(script_info().urgent, 0);
}

SCRIPT(without_data, "RFC 9293 3.8.5 MUST-32: also when the data has yet to come")
{
	given(ESTABLISHED);
	inject(URG | ACK, .up = 5);
	expect_event(SPT_URGENT);
	check_eq(script_info().urgent, 5);
	expect_nothing();
	inject(URG | ACK, .len = 5, .up = 5);
	expect_no_event(SPT_URGENT);
	expect_data(5);
	check_eq(script_info().urgent, 0);
	expect_after_ms(40, ACK);
}

SCRIPT(pointer_into_the_past, "RFC 9293 3.10.7.4 sixth: ahead of the data consumed")
{
	given(ESTABLISHED);
	inject(URG | ACK, .up = 0);
	expect_no_event(SPT_URGENT);
	inject(ACK, .len = 100);
	expect_after_ms(40, ACK);
	inject(URG | ACK, .seq = 51, .len = 60, .up = 50);
	expect_no_event(SPT_URGENT);
	expect_data(110);
	check_eq(script_info().urgent, 0);
	expect_after_ms(40, ACK);
}

SCRIPT(no_flag, "RFC 9293 3.1: the pointer counts only with URG")
{
	given(ESTABLISHED);
	inject(ACK, .len = 10, .up = 100);
	expect_no_event(SPT_URGENT);
	check_eq(script_info().urgent, 0);
	expect_after_ms(40, ACK);
}

SCRIPT(of_any_length, "RFC 9293 3.8.5 MUST-31: longer than a pointer reaches")
{
	uint32_t sent = 0, end = 200000;

	given(ESTABLISHED, .wscale = 7, .conn.no_delayed_ack = true, .read_at_once = true);
	while (sent < end) {
		uint32_t left = end - sent;

		inject(URG | ACK, .len = 1000, .up = (uint16_t)(left < 65535 ? left : 65535));
		ignore_segments();
		expect_data(1000);
		sent += 1000;
		if (left + 1000 > 65535)
			expect_event(SPT_URGENT); /* it moved on */
		else
			expect_no_event(SPT_URGENT);
		check_eq(script_info().urgent, (left < 65535 ? left : 65535) - 1000);
	}
}

SCRIPT(out_of_order, "RFC 9293 3.10.7.4 sixth: urgent mode does not wait for the gap")
{
	given(ESTABLISHED);
	inject(URG | ACK, .seq = 101, .len = 100, .up = 100);
	expect_event(SPT_URGENT);
	expect(ACK, .ack = 1);
	check_eq(script_info().urgent, 200);
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 201);
	expect_data(200);
	check_eq(script_info().urgent, 0);
}

SCRIPT(unacceptable, "RFC 9293 3.10.7.4 first: what is outside the window tells nothing")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000);
	inject(URG | ACK, .seq = 5000, .len = 10, .up = 10, .rejected = true);
	expect(ACK, .ack = 1);
	expect_no_event(SPT_URGENT);
	inject(URG, .len = 10, .up = 10, .rejected = true); /* no ACK */
	expect_no_event(SPT_URGENT);
	check_eq(script_info().urgent, 0);
	expect_nothing();
}

SCRIPT(half_closed, "RFC 9293 3.10.7.4 sixth: FIN-WAIT-1 and FIN-WAIT-2 too")
{
	given(FIN_WAIT_1);
	inject(URG | ACK, .ack = 1, .len = 10, .up = 20);
	expect_event(SPT_URGENT);
	expect_after_ms(40, ACK);
	inject(ACK);
	expect_state(FIN_WAIT_2);
	inject(URG | ACK, .len = 10, .up = 30);
	expect_event(SPT_URGENT);
	check_eq(script_info().urgent, 20);
	expect_after_ms(40, ACK);
}

SCRIPT(after_the_peers_fin, "RFC 9293 3.10.7.4 sixth: ignore the URG in CLOSE-WAIT")
{
	given(CLOSE_WAIT);
	inject(URG | ACK, .up = 10);
	expect_no_event(SPT_URGENT);
	check_eq(script_info().urgent, 0);
	expect_nothing();
}

/* ---- sent --------------------------------------------------------------------------------- */

SCRIPT(sent, "RFC 9293 3.8.5 MUST-62: points behind the urgent data")
{
	given(ESTABLISHED);
	app_send_flags(10, SPT_URGENT_DATA);
	expect(URG | ACK, .len = 10, .up = 10);
	inject(ACK);
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK);
	expect_acked(20);
}

SCRIPT(sent_with_data_before_it, "RFC 9293 3.10.2: the pointer in all segments before it")
{
	uint32_t full;

	given(ESTABLISHED, .conn.nodelay = true);
	full = FULL;
	inject(ACK, .wnd = full);
	app_send(2 * full);
	expect(ACK, .len = full);
	app_send_flags(100, SPT_URGENT_DATA);
	app_send(full);
	inject(ACK, .wnd = full);
	expect(URG | ACK, .len = full, .up = (uint16_t)(full + 100));
	inject(ACK, .wnd = full);
	expect(URG | ACK, .len = full, .up = 100);
	inject(ACK, .wnd = full);
	expect(ACK, .len = 100);
	inject(ACK);
	expect_acked(3 * full + 100);
}

SCRIPT(sent_long, "RFC 9293 3.8.5 MUST-31: urgent data of any length")
{
	uint32_t left = 100000, full;

	given(ESTABLISHED, .conn.nodelay = true);
	full = FULL;
	inject(ACK, .wnd = 10 * full);
	app_send_flags(left, SPT_URGENT_DATA);
	while (left > 0) {
		for (unsigned int i = 0; i < 10 && left > 0; i++) {
			uint32_t n = left < full ? left : full;

			expect(URG | ACK, .len = n, .up = (uint16_t)(left < 65535 ? left : 65535));
			left -= n;
		}
		expect_nothing();
		inject(ACK, .wnd = 10 * full);
	}
	app_send(1);
	expect(ACK, .len = 1);
	inject(ACK);
	expect_acked(100001);
}

SCRIPT(sent_again, "RFC 9293 3.8.5, 3.8.1: the peer hears of it even if the first was lost")
{
	given(ESTABLISHED);
	app_send_flags(10, SPT_URGENT_DATA);
	expect(URG | ACK, .len = 10, .up = 10);
	expect_after_ms(200, URG | ACK, .seq = 1, .len = 10, .up = 10);
	inject(ACK);
	expect_acked(10);
}

SCRIPT(sent_again_fast, "RFC 9293 3.8.5; RFC 5681 3.2")
{
	given(ESTABLISHED);
	app_send_flags(4 * FULL, SPT_URGENT_DATA);
	for (uint32_t i = 4; i > 0; i--)
		expect(URG | ACK, .len = FULL, .up = (uint16_t)(i * FULL));
	inject(ACK, .ack = 1);
	inject(ACK, .ack = 1);
	inject(ACK, .ack = 1);
	expect(URG | ACK, .seq = 1, .len = FULL, .up = (uint16_t)(4 * FULL));
	inject(ACK);
	expect_acked(4 * FULL);
}

SCRIPT(sent_twice, "RFC 9293 3.10.2: SND.UP moves on")
{
	given(ESTABLISHED, .conn.nodelay = true);
	app_send_flags(10, SPT_URGENT_DATA);
	expect(URG | ACK, .len = 10, .up = 10);
	app_send_flags(5, SPT_URGENT_DATA);
	expect(URG | ACK, .len = 5, .up = 5);
	app_send(7);
	expect(ACK, .len = 7);
	inject(ACK);
	expect_acked(22);
}

SCRIPT(sent_into_closed_window, "RFC 9293 3.8.5, 3.8.6.1: the probe tells of it")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_send_flags(10, SPT_URGENT_DATA);
	expect_within_ms(1000, URG | ACK, .seq = 1, .len = 1, .up = 10);
	inject(ACK, .wnd = 1000);
	expect(URG | ACK, .seq = 2, .len = 9, .up = 9);
	inject(ACK);
	expect_acked(10);
}

SCRIPT_MAIN()

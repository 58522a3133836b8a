/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive window auto-tuning (stack/tcp/tune.c), and windows that shrink: the offer grows with what
 * the application reads in a round trip, for nobody else, and never goes back.
 */
#include <lib/script.h>

#define BUFFER 65536
#define MOST   (1u << 18)
#define SEG    1400

/* Both directions take 10 ms: what the peer sends now echoes the engine's TSval of then. */
static uint32_t
flight(uint32_t bytes, uint32_t echo)
{
	uint32_t sent = 0;

	for (; sent + SEG <= bytes; sent += SEG) {
		inject(ACK, .len = SEG, .tsecr = echo);
		expect(ACK);
	}
	return sent;
}

/* Rounds of 10 ms: a window's share is sent, and read at once. Returns what came. */
static uint32_t
rounds(unsigned int n, unsigned int share)
{
	uint32_t echo = 0, all = 0;

	for (unsigned int i = 0; i < n; i++) {
		all += flight(script_info().receive_buffer / share, echo);
		echo = script_engine_tsval();
		advance_ms(10);
		ignore_segments();
	}
	return all;
}

static void
given_tuned(uint32_t most)
{
	given(ESTABLISHED, .ts = ON, .wscale = 4, .read_at_once = true, .conn.no_delayed_ack = true,
	    .conn.receive_buffer = BUFFER, .conn.receive_buffer_max = most);
	check_eq(script_info().receive_buffer, BUFFER);
}

SCRIPT(grows_with_what_is_read, "RFC 9293 3.8.6: a window of what is read in a round trip is small")
{
	uint32_t before;

	given_tuned(MOST);
	expect_data(rounds(2, 1));
	before = script_info().receive_buffer;
	expect_data(rounds(3, 1));
	check(script_info().receive_buffer > before);
	expect_data(rounds(5, 1));
	check_eq(script_info().receive_buffer, MOST);
	/* what is told is what is there, as exactly as the scale lets it */
	inject(ACK, .len = SEG);
	expect(ACK);
	check(script_info().rcv_wnd <= MOST);
	check(script_info().rcv_wnd > MOST - 2 * SEG);
	expect_data(SEG);
}

SCRIPT(stays_when_little_comes, "septet.h, receive_buffer_max: what is read in a round trip")
{
	given_tuned(MOST);
	expect_data(rounds(40, 10));
	check_eq(script_info().receive_buffer, BUFFER);
}

SCRIPT(stays_where_there_is_no_more, "septet.h: receive_buffer_max equal to receive_buffer")
{
	given_tuned(BUFFER);
	expect_data(rounds(20, 1));
	check_eq(script_info().receive_buffer, BUFFER);
}

SCRIPT(no_more_than_the_field_tells, "RFC 7323 2.2: without scaling the window is 65535 at most")
{
	given(ESTABLISHED, .ts = ON, .read_at_once = true, .conn.no_delayed_ack = true,
	    .conn.receive_buffer = 40000);
	expect_data(rounds(20, 1));
	check_eq(script_info().receive_buffer, 65535);
	check_eq(script_info().rcv_wscale, 0);
}

/* Whole windows, each read at once, but only when it has lain full: the reader is what is slow. */
SCRIPT(stays_for_a_slow_reader, "septet.h, receive_buffer_max: what the application reads")
{
	given(ESTABLISHED, .ts = ON, .wscale = 4, .conn.no_delayed_ack = true,
	    .conn.receive_buffer = BUFFER, .conn.receive_buffer_max = MOST);
	for (unsigned int i = 0; i < 12; i++) {
		uint32_t echo = 0, read = 0;

		for (unsigned int k = 0; k < 6; k++) {
			read += flight(10000, echo);
			echo = script_engine_tsval();
			advance_ms(10);
		}
		advance_ms(100);
		app_read(read);
		ignore_segments();
		expect_data(read);
	}
	check_eq(script_info().receive_buffer, BUFFER);
}

/* The same, all of it at once: what is read after a window has lain there fits into no round trip.
 */
SCRIPT(stays_for_a_reader_in_gulps, "septet.h, receive_buffer_max: what the application reads")
{
	uint32_t echo = 0;

	given(ESTABLISHED, .ts = ON, .wscale = 4, .conn.no_delayed_ack = true,
	    .conn.receive_buffer = BUFFER, .conn.receive_buffer_max = MOST);
	for (unsigned int i = 0; i < 12; i++) {
		uint32_t read = flight(BUFFER - SEG, echo);

		expect_data(read);
		advance_ms(100);
		app_read(read);
		expect(ACK);
		echo = script_engine_tsval();
		advance_ms(10);
	}
	check_eq(script_info().receive_buffer, BUFFER);
}

SCRIPT(set_leaves_it, "septet.h, spt_conn_set: while receive_buffer is left as it was")
{
	uint32_t tuned;

	given_tuned(MOST);
	expect_data(rounds(8, 1));
	tuned = script_info().receive_buffer;
	check(tuned > 2 * BUFFER);
	app_set(.receive_buffer = BUFFER, .receive_buffer_max = MOST, .nodelay = true,
	    .no_delayed_ack = true);
	ignore_segments();
	check_eq(script_info().receive_buffer, tuned);
	app_set(.receive_buffer = BUFFER, .receive_buffer_max = 2 * BUFFER, .no_delayed_ack = true);
	ignore_segments();
	check_eq(script_info().receive_buffer, 2 * BUFFER);
	app_set(.receive_buffer = BUFFER / 2, .receive_buffer_max = MOST, .no_delayed_ack = true);
	ignore_segments();
	check_eq(script_info().receive_buffer, BUFFER / 2);
}

/* Every connection that there may be transfers: each has a block all the same. */
SCRIPT(grows_for_all, "septet.h, receive_buffer_max: whoever reads as much")
{
	given(ESTABLISHED, .ts = ON, .wscale = 4, .read_at_once = true, .conn.no_delayed_ack = true,
	    .conn.receive_buffer = BUFFER, .conn.receive_buffer_max = MOST,
	    .config.connections = 3);
	for (unsigned int p = 0; p < 3; p++) {
		use_peer(p);
		if (p > 0)
			given(ESTABLISHED, .ts = ON, .wscale = 4);
		app_send(10); /* not acknowledged before the end */
		expect(ACK, .len = 10);
	}
	for (unsigned int p = 0; p < 3; p++) {
		use_peer(p);
		inject(ACK);
		expect_acked(10);
		expect_data(rounds(10, 1));
		check_eq(script_info().receive_buffer, MOST);
		app_send(10);
		expect(ACK, .len = 10);
	}
	for (unsigned int p = 0; p < 3; p++) {
		use_peer(p);
		inject(ACK);
	}
}

SCRIPT(set_opens_it, "RFC 9293 3.8.6.2.2; septet.h, spt_conn_set: a larger buffer is told of")
{
	given(ESTABLISHED, .conn.receive_buffer = 4200, .conn.receive_buffer_max = 60000,
	    .conn.no_delayed_ack = true);
	for (unsigned int i = 0; i < 3; i++) {
		inject(ACK, .len = SEG);
		expect(ACK);
	}
	expect_data(3 * SEG);
	check_eq(script_info().rcv_wnd, 0);
	app_set(.receive_buffer = 60000, .no_delayed_ack = true);
	expect(ACK, .wnd = 60000 - 3 * SEG);
	expect_nothing();
	app_read(3 * SEG);
	ignore_segments();
}

SCRIPT(a_unit_of_the_scale, "RFC 7323 2.3: less could not be told, and would be shut for ever")
{
	given(ESTABLISHED, .wscale = 5, .conn.receive_buffer = 1, .conn.no_delayed_ack = true);
	check_eq(script_info().rcv_wscale, 7);
	inject(ACK, .len = 128);
	expect(ACK, .wnd = ZERO);
	expect_data(128);
	app_read(128);
	expect(ACK, .wnd = 1);
	app_set(.receive_buffer = 2, .no_delayed_ack = true);
	inject(ACK, .seq = 129, .len = 128);
	expect(ACK, .wnd = ZERO);
	expect_data(128);
	app_read(128);
	expect(ACK, .wnd = 1);
}

/* ---- windows that shrink -------------------------------------------------------------- */

SCRIPT(peer_shrinks_below_what_is_out, "RFC 9293 3.8.6 MUST-34: robust against window shrinking")
{
	given(ESTABLISHED, .conn.nodelay = true);
	for (unsigned int i = 0; i < 5; i++) {
		app_send(100);
		expect(ACK, .len = 100);
	}
	inject(ACK, .ack = 101, .wnd = 150); /* 400 are out, 250 of them beyond it */
	check_eq(script_info().snd_wnd, 150);
	app_send(100);
	expect_silence_ms(100); /* SHLD-15: nothing new */
	check_eq(script_info().unacked, 400);
	inject(ACK, .ack = 501, .wnd = 150); /* it has taken them nevertheless */
	expect(ACK, .len = 100);
	inject(ACK);
}

SCRIPT(peer_shrinks_to_nothing, "RFC 9293 3.8.6 SHLD-17, MUST-37: probed, and never given up")
{
	given(ESTABLISHED, .conn.nodelay = true);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK, .ack = 51, .wnd = ZERO);
	for (unsigned int i = 0; i < 12; i++) {
		advance_ms(60000);
		check(ignore_segments() > 0);
		inject(ACK, .ack = 51, .wnd = ZERO);
	}
	expect_state(ESTABLISHED);
	inject(ACK, .ack = 101);
	expect_acked(100);
}

SCRIPT_MAIN()

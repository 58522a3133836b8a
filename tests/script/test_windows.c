/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows and timestamps at the edges of their rules, where other scripts and the matrix
 * (tests/matrix) do not go: which segment may bring a window (SND.WL1, SND.WL2), how its field is
 * read, and whose timestamp is remembered (Last.ACK.sent).
 */
#include <lib/script.h>

/* ---- SND.WND: which segment brings it --------------------------------------------- */

SCRIPT(straddling_segment_brings_its_window,
    "RFC 9293 3.10.7.4 first, fifth: the idealized segment begins at RCV.NXT = SND.WL1")
{
	given(ESTABLISHED, .conn.no_delayed_ack = true);
	inject(ACK, .len = 100);
	expect(ACK, .ack = 101);
	inject(ACK, .wnd = ZERO); /* SND.WL1 = RCV.NXT */
	app_send(10);
	expect_nothing();
	inject(ACK, .seq = 51, .len = 60, .wnd = 3000);
	expect(ACK, .ack = 111, .len = 10);
	check_eq(script_info().snd_wnd, 3000);
	inject(ACK);
}

SCRIPT(old_segment_brings_no_window_at_all,
    "RFC 9293 3.10.7.4 first: not acceptable: neither its ACK nor its window counts")
{
	given(ESTABLISHED, .conn.no_delayed_ack = true);
	inject(ACK, .len = 100, .wnd = 2000);
	expect(ACK, .ack = 101);
	inject(ACK, .seq = 1, .len = 100, .wnd = 9000, .rejected = true);
	expect(ACK, .ack = 101);
	inject(ACK, .seq = 100, .wnd = ZERO, .rejected = true); /* as a keep-alive */
	expect(ACK, .ack = 101);
	check_eq(script_info().snd_wnd, 2000);
}

SCRIPT(overtaken_segment_brings_no_window,
    "RFC 9293 3.10.7.4 fifth: SND.WL1 < SEG.SEQ: what fills a gap was sent before what lies ahead")
{
	given(ESTABLISHED, .conn.no_delayed_ack = true);
	inject(ACK, .seq = 101, .len = 10, .wnd = 2000); /* SND.WL1 = 101 */
	expect(ACK, .ack = 1);
	inject(ACK, .seq = 1, .len = 100, .wnd = 9000);
	expect(ACK, .ack = 111);
	check_eq(script_info().snd_wnd, 2000);
}

SCRIPT(old_ack_brings_no_window,
    "RFC 9293 3.10.7.4 fifth: SND.UNA =< SEG.ACK; SND.WL2, of segments with one SEG.SEQ")
{
	given(ESTABLISHED);
	app_send_flags(100, SPT_PUSH);
	expect(ACK, .len = 100);
	inject(ACK, .ack = 101, .wnd = 2000);
	inject(ACK, .ack = 51, .wnd = 9000, .rejected = true); /* both were sent from RCV.NXT */
	check_eq(script_info().snd_wnd, 2000);
	inject(ACK, .ack = 1, .wnd = ZERO, .len = 10);
	check_eq(script_info().snd_wnd, 2000);
	expect_data(10);
	expect_after_ms(40, ACK, .ack = 11);
}

SCRIPT(advance_brings_its_window, "docs/decisions.md: the window of what advances SND.UNA is taken")
{
	given(ESTABLISHED, .conn.no_delayed_ack = true);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK, .seq = 101, .len = 10, .ack = 1, .wnd = 2000); /* SND.WL1 = 101 */
	expect(ACK, .ack = 1);
	inject(ACK, .seq = 1, .len = 50, .ack = 51, .wnd = 1000);
	expect(ACK, .ack = 51);
	check_eq(script_info().snd_una, script_iss_plus(51));
	check_eq(script_info().snd_wnd, 1000);
	inject(ACK, .seq = 51, .len = 50, .ack = 101);
	expect(ACK, .ack = 111);
}

SCRIPT(unacceptable_ack_brings_no_window, "RFC 9293 3.10.7.4 fifth; RFC 5961 5.2: discarded")
{
	given(ESTABLISHED);
	inject(ACK, .wnd = 2000);
	inject(ACK, .ack = 2, .wnd = 9000, .rejected = true);
	expect(ACK);
	expect_silence_ms(2000); /* the limiter's */
	inject(ACK, .ack = -65535, .wnd = 9000, .rejected = true);
	expect(ACK);
	check_eq(script_info().snd_wnd, 2000);
}

/* ---- how the field is read ------------------------------------------------------------ */

SCRIPT(
    window_is_unsigned, "RFC 9293 3.1 MUST-1: an unsigned number, or large windows seem negative")
{
	given(ESTABLISHED, .wnd = 0x7fff);
	inject(ACK, .wnd = 0x8000);
	check_eq(script_info().snd_wnd, 32768);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK, .wnd = 0xffff);
	check_eq(script_info().snd_wnd, 65535);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK);
}

/* SND.UNA + SND.WND lies a quarter of the space ahead, for some variants on the other side of 0. */
SCRIPT(largest_window, "RFC 7323 2.3: 2^30 at most; RFC 9293 3.4, MUST-1")
{
	uint32_t full;

	given(ESTABLISHED, .wscale = 14);
	inject(ACK, .wnd = 0x8000);
	check_eq(script_info().snd_wnd, 1u << 29);
	inject(ACK, .wnd = 0xffff);
	check_eq(script_info().snd_wnd, 65535u << 14);
	full = FULL;
	app_send(3 * full);
	for (unsigned int i = 0; i < 3; i++)
		expect(ACK, .len = full);
	inject(ACK, .wnd = 1); /* it shrinks by nearly all, far beyond what is out */
	expect_acked(3 * full);
	check_eq(script_info().snd_wnd, 1u << 14);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK, .wnd = ZERO);
	app_send(100);
	expect_nothing();
	inject(ACK, .wnd = 1);
	expect(ACK, .len = 100);
	inject(ACK);
}

/* ---- a closed window of ours ------------------------------------------------------------ */

SCRIPT(keep_alive_into_closed_window, "RFC 9293 3.8.4, 3.8.6.1: RCV.NXT - 1 is answered as ever")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000);
	inject(ACK, .len = 1000);
	expect_after_ms(40, ACK, .ack = 1001, .wnd = ZERO);
	inject(ACK, .seq = 1000, .rejected = true);
	expect(ACK, .ack = 1001, .wnd = ZERO);
	inject(ACK, .seq = 1000, .len = 1, .rejected = true);
	expect(ACK, .ack = 1001, .wnd = ZERO);
	app_read(1000);
	expect(ACK, .ack = 1001, .wnd = 1000);
	inject(ACK, .seq = 1000, .rejected = true);
	expect(ACK, .ack = 1001, .wnd = 1000);
	expect_data(1000);
}

/* A peer whose probe has new text behind an ACK that it owes us, again and again. */
SCRIPT(acks_on_refused_probes, "RFC 9293 3.10.7.4 first: special allowance for valid ACKs")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000);
	inject(ACK, .len = 1000);
	expect_after_ms(40, ACK, .ack = 1001, .wnd = ZERO);
	for (unsigned int i = 0; i < 5; i++) {
		app_send(100);
		expect(ACK, .len = 100);
		inject(ACK, .len = 1, .rejected = true, .ack = 101 + 100 * i);
		expect(ACK, .ack = 1001, .wnd = ZERO);
		expect_acked(100);
		advance_ms(1000);
	}
	inject(FIN | ACK, .rejected = true); /* nor is there room for it */
	expect(ACK, .ack = 1001, .wnd = ZERO);
	expect_state(ESTABLISHED);
}

/* ---- Last.ACK.sent ------------------------------------------------------------------------- */

SCRIPT(timestamp_of_a_straddling_segment, "RFC 7323 4.3 (2): SEG.SEQ =< Last.ACK.sent")
{
	uint32_t t;

	given(ESTABLISHED, .ts = ON, .conn.no_delayed_ack = true);
	advance_ms(100);
	t = script_tsval();
	inject(ACK, .len = 100, .tsval = t - 50);
	expect(ACK, .ack = 101, .tsecr = t - 50);
	inject(ACK, .seq = 51, .len = 100, .tsval = t - 40); /* repacketized, newer */
	expect(ACK, .ack = 151, .tsecr = t - 40);
	inject(ACK, .seq = 161, .len = 10, .tsval = t - 30); /* ahead of Last.ACK.sent */
	expect(ACK, .ack = 151, .tsecr = t - 40);
	inject(ACK, .seq = 151, .len = 10, .tsval = t - 35);
	expect(ACK, .ack = 171, .tsecr = t - 35);
}

SCRIPT(timestamp_of_the_edge, "RFC 7323 4.3 (2): a bare ACK from beyond Last.ACK.sent is not it")
{
	uint32_t t;

	given(ESTABLISHED, .ts = ON, .conn.receive_buffer = 1000, .conn.no_delayed_ack = true);
	advance_ms(100);
	t = script_tsval();
	inject(ACK, .len = 10, .tsval = t - 50);
	expect(ACK, .ack = 11, .tsecr = t - 50);
	inject(ACK, .seq = 1001, .tsval = t - 10, .rejected = true);
	expect_nothing();
	inject(ACK, .seq = 11, .len = 10, .tsval = t - 40); /* no PAWS by what was not remembered */
	expect(ACK, .ack = 21, .tsecr = t - 40);
}

SCRIPT(timestamp_of_a_delayed_ack, "RFC 7323 4.2, 4.3 (2): what an ACK in flight acknowledged")
{
	uint32_t t;

	given(ESTABLISHED, .ts = ON);
	advance_ms(100);
	t = script_tsval();
	inject(ACK, .len = 10, .tsval = t - 50); /* SEG.SEQ = Last.ACK.sent */
	inject(ACK, .tsval = t - 40); /* SEG.SEQ > Last.ACK.sent: nothing was sent since */
	app_send(10);
	expect(ACK, .ack = 11, .len = 10, .tsecr = t - 50);
	inject(ACK, .tsval = t - 30); /* SEG.SEQ = Last.ACK.sent again */
	app_send(10);
	expect(ACK, .len = 10, .tsecr = t - 30);
	inject(ACK);
}

SCRIPT_MAIN()

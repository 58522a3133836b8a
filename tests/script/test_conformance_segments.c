/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments, where docs/conformance.md found no other test: options on all kinds of them (RFC 9293
 * 3.1), text on a RST (3.5.3), wrong checksums in each state, a next hop that is doubted (3.8.3),
 * and what lies beyond a window that has shrunk (3.8.6).
 */
#include <lib/script.h>

/* An option that nobody knows, and room that is padded. */
#define UNKNOWN .options = "\xfd\x06\xf9\x89\x00\x07\x4c\x02\x01\x01\x00\x00", .options_len = 12

static const enum spt_state every[] = {SPT_SYN_RECEIVED, SPT_ESTABLISHED, SPT_FIN_WAIT_1,
    SPT_FIN_WAIT_2, SPT_CLOSE_WAIT, SPT_CLOSING, SPT_LAST_ACK, SPT_TIME_WAIT};

/* A connection of its own in each state; a stated number: 0 would mean "left out". */
static void
given_state(unsigned int i)
{
	use_peer(i);
	SCRIPT_DO(script_given(&(struct given){.state = every[i], .ts = OFF}));
}

static uint64_t
resolved(void)
{
	struct spt_stats s;

	spt_engine_stats(script_engine(), &s);
	return s.verdict[SPT_V_ARP_REPLY] + s.verdict[SPT_V_ND_ADVERT];
}

/* ---- options ------------------------------------------------------------------------- */

SCRIPT(options_on_each_kind, "RFC 9293 3.1 MUST-5, MUST-6: a TCP Option in any segment")
{
	given(LISTEN, .ts = OFF);
	inject(SYN, UNKNOWN);
	expect(SYN | ACK);
	inject(ACK, UNKNOWN);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
	inject(PSH | ACK, .len = 10, UNKNOWN);
	expect_data(10);
	inject(URG | ACK, .len = 10, .up = 10, UNKNOWN);
	expect_data(10);
	expect_event(SPT_URGENT);
	expect(ACK, .ack = 21);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK, UNKNOWN);
	expect_acked(100);
	inject(SYN, .seq = ZERO, .rejected = true, UNKNOWN);
	expect_verdict(SPT_V_TCP_SYN_CHALLENGED);
	expect(ACK);
	inject(FIN | ACK, UNKNOWN);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 22);
	expect_state(CLOSE_WAIT);
	inject(RST, UNKNOWN);
	expect_closed(-ECONNRESET);
	use_peer(1);
	app_connect();
	expect(SYN);
	inject(SYN | ACK, UNKNOWN);
	expect_connected();
	expect(ACK);
	use_peer(2);
	given(TIME_WAIT, .ts = OFF);
	inject(FIN | ACK, .seq = 1, UNKNOWN);
	expect_verdict(SPT_V_TCP_TIMEWAIT_FIN);
	expect(ACK);
}

/* ---- RST ------------------------------------------------------------------------------- */

SCRIPT(reset_with_text, "RFC 9293 3.5.3 SHLD-2: a received RST may include data")
{
	for (unsigned int i = 1; i < RTE_DIM(every) - 1; i++) { /* not SYN-RECEIVED, TIME-WAIT */
		given_state(i);
		inject(RST | ACK, .len = 30);
		expect_verdict(SPT_V_TCP_RST);
		expect_event(SPT_CLOSED);
		expect_data(0);
		expect_nothing();
		expect_gone();
	}
	use_peer(20);
	given(SYN_RECEIVED, .active = OFF);
	inject(RST, .len = 30);
	expect_verdict(SPT_V_TCP_HANDSHAKE_RST);
	expect_nothing();
	expect_gone();
	use_peer(21);
	given(SYN_SENT);
	inject(RST | ACK, .len = 30);
	expect_closed(-ECONNREFUSED);
	expect_nothing();
	expect_gone();
}

/* The text does not fit, and is not looked for. */
SCRIPT(reset_with_text_through_closed_window, "RFC 9293 3.4 MUST-66; 3.5.3 SHLD-2")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000, .conn.no_delayed_ack = true);
	inject(ACK, .len = 1000);
	expect(ACK, .wnd = ZERO);
	expect_data(1000);
	inject(RST | ACK, .len = 30);
	expect_verdict(SPT_V_TCP_RST);
	expect_closed(-ECONNRESET);
	expect_data(0);
	expect_nothing();
	expect_gone();
}

/* ---- checksums ---------------------------------------------------------------------------- */

SCRIPT(bad_checksum_in_each_state, "RFC 9293 3.1 MUST-3: the receiver checks the checksum")
{
	for (unsigned int i = 0; i < RTE_DIM(every); i++) {
		static const uint8_t flags[] = {RST, RST | ACK, FIN | ACK, SYN, ACK};

		given_state(i);
		for (unsigned int k = 0; k < RTE_DIM(flags); k++) {
			inject(flags[k], .len = flags[k] == ACK ? 10 : 0, .bad_checksum = true);
			expect_verdict(SPT_V_TCP_BAD_CHECKSUM);
			expect_nothing();
			SCRIPT_DO(script_expect_state(every[i]));
		}
		expect_data(0);
		expect_no_event(SPT_PEER_CLOSED);
	}
	use_peer(20); /* LISTEN, CLOSED: not even a RST */
	inject(SYN, .bad_checksum = true);
	expect_verdict(SPT_V_TCP_BAD_CHECKSUM);
	inject(ACK, .dport = SCRIPT_PORT + 1, .bad_checksum = true);
	expect_verdict(SPT_V_TCP_BAD_CHECKSUM);
	expect_nothing();
}

/* ---- R1, and the layer below ----------------------------------------------------------------- */

SCRIPT(next_hop_doubted, "RFC 9293 3.8.3 MUST-20: at R1 negative advice to the IP layer")
{
	uint64_t before;

	given(ESTABLISHED);
	before = resolved();
	app_send(100);
	expect(ACK, .len = 100);
	expect_after_ms(200, ACK, .seq = 1, .len = 100);
	expect_after_ms(400, ACK, .seq = 1, .len = 100);
	check_eq(resolved(), before);
	expect_after_ms(800, ACK, .seq = 1, .len = 100);
	expect_soft_error(-ETIMEDOUT);
	check_eq(resolved(), before + 1); /* asked for once more, and answered */
	expect_after_ms(1600, ACK, .seq = 1, .len = 100);
	check_eq(resolved(), before + 1);
	inject(ACK);
	expect_acked(100);
}

SCRIPT(next_hop_doubted_by_syn, "RFC 9293 3.8.3 MUST-22: in the general way: SYNs as well")
{
	uint64_t before;

	given(SYN_SENT, .conn.r1_retries = 2); /* before a neighbour is asked again anyway */
	before = resolved();
	expect_after_ms(1000, SYN, .seq = ZERO);
	check_eq(resolved(), before);
	expect_after_ms(2000, SYN, .seq = ZERO);
	expect_soft_error(-ETIMEDOUT);
	check_eq(resolved(), before + 1);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
}

/* ---- windows that shrink ----------------------------------------------------------------------
 */

/* After a time-out what is still offered is sent again, not what lies beyond. */
SCRIPT(nothing_again_beyond_the_edge, "RFC 9293 3.8.6 SHLD-16: old data within the window")
{
	uint32_t full;

	given(ESTABLISHED);
	full = FULL;
	app_send(4 * full);
	for (unsigned int i = 0; i < 4; i++)
		expect(ACK, .len = full);
	inject(ACK, .ack = 1, .wnd = full + 100);
	expect_after_ms(200, ACK, .seq = 1, .len = full);
	inject(ACK, .ack = 1 + full, .wnd = 100);
	expect_within_ms(60001, ACK, .seq = 1 + full, .len = 100);
	inject(ACK, .ack = 1 + full + 100, .wnd = 65535);
	expect(ACK, .seq = 1 + full + 100, .len = full);
	ignore_segments();
	inject(ACK, .ack = 1 + 4 * full);
	expect_acked(4 * full);
}

/* Duplicates say which segment is missing: it is sent again whole, wherever the edge is now. */
SCRIPT(one_again_beyond_the_edge, "RFC 9293 3.8.6 MAY-7; RFC 5681 3.2: what appears to be missing")
{
	uint32_t full;

	given(ESTABLISHED);
	full = FULL;
	app_send(4 * full);
	for (unsigned int i = 0; i < 4; i++)
		expect(ACK, .len = full);
	inject(ACK, .ack = 1, .wnd = 100); /* that is no duplicate: the window is another */
	for (unsigned int i = 0; i < 3; i++)
		inject(ACK, .ack = 1, .wnd = 100);
	expect(ACK, .seq = 1, .len = full);
	expect_silence_ms(100);
	inject(ACK, .ack = 1 + 4 * full);
	expect_acked(4 * full);
}

SCRIPT_MAIN()

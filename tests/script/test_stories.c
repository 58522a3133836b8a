/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Special stories, with a peer who is exact: a SYN that was delayed, before, in and after the
 * connection that it is older than; text and FIN of an old incarnation in a new one; the FIN where
 * it does not fit. Stories in which both ends are real: tests/sim/test_story_*.c.
 */
#include <lib/script.h>

static void
works(void)
{
	inject(PSH | ACK, .len = 100);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK);
	expect_data(100);
	expect_acked(100);
}

/* ---- a delayed SYN ----------------------------------------------------------------------------
 */

/* The old SYN was first, the new one lies beyond its window. */
SCRIPT(old_syn_before_the_new, "RFC 9293 3.5, figure 8; 3.10.7.4 first, second")
{
	given(SYN_RECEIVED, .active = OFF);
	/* the peer's new life, in the numbers of the old one */
	inject(SYN, .seq = 1000000, .rejected = true);
	expect(ACK, .seq = 1, .ack = 1); /* as the letter has it; to SYN-SENT it is figure 9, (4) */
	inject(RST, .seq = 1);
	expect_gone();
	new_life(1000000);
	inject(SYN);
	expect(SYN | ACK, .ack = 1);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	works();
}

/* It lies within: the passive open returns to LISTEN, and the SYN comes again. */
SCRIPT(old_syn_just_before_the_new, "RFC 9293 3.10.7.4 fourth: return to the LISTEN state")
{
	given(SYN_RECEIVED, .active = OFF);
	inject(SYN, .seq = 1000, .rejected = true);
	expect_nothing();
	expect_gone();
	new_life(999);
	inject(SYN);
	expect(SYN | ACK, .ack = 1);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	works();
}

/* The peer closed first: nothing protects us, but nobody is told of what the SYN begins. */
SCRIPT(old_syn_after_all, "RFC 9293 3.5, figure 11: a RST, and B returns to LISTEN")
{
	given(LAST_ACK, .active = OFF);
	expect_event(SPT_ACCEPTED);
	inject(ACK);
	expect_closed(0);
	expect_gone();
	new_life((uint32_t)-50000); /* older */
	inject(SYN);
	expect(SYN | ACK, .ack = 1);
	expect_state(SYN_RECEIVED);
	inject(RST, .seq = 1);
	expect_no_event(SPT_ACCEPTED);
	expect_gone();
	expect_silence_ms(70000);
}

/* Whose RST is lost too. */
SCRIPT(old_syn_after_all_in_silence, "RFC 9293 3.8.3; DESIGN 6: given up after 63 s, unsaid")
{
	given(LAST_ACK, .active = OFF, .config.syn_ack_retries = 1);
	expect_event(SPT_ACCEPTED);
	inject(ACK);
	expect_closed(0);
	new_life((uint32_t)-50000);
	inject(SYN);
	expect(SYN | ACK, .ack = 1);
	expect_after_ms(1000, SYN | ACK, .ack = 1);
	expect_silence_ms(2010);
	expect_gone();
	expect_no_event(SPT_ACCEPTED);
}

static const enum spt_state synchronized[] = {SPT_ESTABLISHED, SPT_FIN_WAIT_1, SPT_FIN_WAIT_2,
    SPT_CLOSE_WAIT, SPT_CLOSING, SPT_LAST_ACK, SPT_TIME_WAIT};

static const int64_t old_places[] = {ZERO, -1, -70000, INT32_MIN + 100000};

static bool
is_closing(enum spt_state s)
{
	return s == SPT_CLOSE_WAIT || s == SPT_CLOSING || s == SPT_LAST_ACK || s == SPT_TIME_WAIT;
}

/* Our own numbers go on as if nothing had been. */
static void
nothing_changed(enum spt_state s, int64_t seq, int64_t ack)
{
	expect(ACK, .seq = seq, .ack = ack);
	SCRIPT_DO(script_expect_state(s));
	expect_nothing();
	expect_data(0);
}

static int64_t
our_next(enum spt_state s)
{
	return s == SPT_ESTABLISHED || s == SPT_CLOSE_WAIT ? 1 : 2;
}

/* A SYN of an old life, also the very first of this one, in every state and at every old place. */
SCRIPT(old_syn_in_each_state, "RFC 9293 3.10.7.4 first, fourth; RFC 5961 4.2; RFC 6191 2")
{
	for (unsigned int i = 0; i < RTE_DIM(synchronized) * RTE_DIM(old_places); i++) {
		enum spt_state s = synchronized[i / RTE_DIM(old_places)];

		use_peer(i);
		SCRIPT_DO(script_given(&(struct given){.state = s}));
		inject(SYN, .seq = old_places[i % RTE_DIM(old_places)], .rejected = true,
		    .tsval = script_tsval() - 5000);
		nothing_changed(s, our_next(s), is_closing(s) ? 2 : 1);
	}
}

/* ---- text and FIN of an old life
 * ------------------------------------------------------------------ */

/* Without timestamps the numbers must do: they are below what the new life has seen. */
SCRIPT(old_text_in_each_state, "RFC 9293 3.10.7.4 first: not acceptable: an ACK, and dropped")
{
	for (unsigned int i = 0; i < 2 * RTE_DIM(synchronized) * RTE_DIM(old_places); i++) {
		enum spt_state s = synchronized[i / 2 / RTE_DIM(old_places)];
		int64_t at = old_places[i / 2 % RTE_DIM(old_places)];

		use_peer(i);
		SCRIPT_DO(script_given(&(struct given){.state = s}));
		/* ends before RCV.NXT, and so does its FIN */
		at = (at == ZERO ? 0 : at) - 60;
		inject(i & 1 ? FIN | ACK : PSH | ACK, .seq = at, .len = 50, .salt = 1,
		    .rejected = true);
		nothing_changed(s, our_next(s), is_closing(s) ? 2 : 1);
	}
}

/* With timestamps they may lie anywhere, in the middle of the window too. */
SCRIPT(old_text_in_window, "RFC 7323 5.3 R1: SEG.TSval < TS.Recent: an ACK, and dropped")
{
	static const int64_t at[] = {1, 2, 500, 60000};

	for (unsigned int i = 0; i < 3 * RTE_DIM(at); i++) {
		static const enum spt_state states[] = {
		    SPT_ESTABLISHED, SPT_FIN_WAIT_1, SPT_FIN_WAIT_2};
		enum spt_state s = states[i % 3];

		use_peer(i);
		SCRIPT_DO(script_given(&(struct given){.state = s, .ts = ON}));
		inject(PSH | ACK, .seq = at[i / 3], .len = 50, .salt = 1, .rejected = true,
		    .tsval = script_tsval() - 1);
		expect_verdict(SPT_V_TCP_PAWS);
		nothing_changed(s, our_next(s), 1);
		inject(FIN | ACK, .seq = at[i / 3], .rejected = true,
		    .tsval = script_tsval() - 1000000);
		expect_verdict(SPT_V_TCP_PAWS);
		nothing_changed(s, our_next(s), 1);
		expect_no_event(SPT_PEER_CLOSED);
	}
}

/* The old life had no timestamps, the new one has: its segments lack the option. */
SCRIPT(old_text_without_option, "RFC 7323 3.2: SHOULD silently drop the segment; RFC 6191 2")
{
	given(ESTABLISHED, .ts = ON);
	inject(PSH | ACK, .len = 50, .salt = 1, .no_ts = true, .rejected = true);
	expect_nothing();
	inject(FIN | ACK, .no_ts = true, .rejected = true);
	expect_nothing();
	expect_data(0);
	expect_state(ESTABLISHED);
	works();
}

/* A RST of an old life is not subject to PAWS: its number must do. */
SCRIPT(old_reset_in_each_state, "RFC 5961 3.2; RFC 7323 5.2: outside the window: dropped, unsaid")
{
	for (unsigned int i = 0; i < RTE_DIM(synchronized) * RTE_DIM(old_places); i++) {
		enum spt_state s = synchronized[i / RTE_DIM(old_places)];

		use_peer(i);
		SCRIPT_DO(script_given(&(struct given){.state = s}));
		inject(i & 1 ? RST : RST | ACK, .seq = old_places[i % RTE_DIM(old_places)]);
		expect_nothing();
		SCRIPT_DO(script_expect_state(s));
	}
}

/* ---- the FIN where it does not fit
 * ------------------------------------------------------------------ */

#define BUFFER 1000

SCRIPT(fin_partly_beyond, "RFC 9293 3.10.7.4 first, eighth: text to the edge; the FIN is beyond")
{
	given(FIN_WAIT_2, .conn.receive_buffer = BUFFER);
	inject(FIN | PSH | ACK, .len = BUFFER + 200, .rejected = true);
	expect_data(BUFFER);
	expect_within_ms(40, ACK, .ack = BUFFER + 1, .wnd = ZERO);
	expect_no_event(SPT_PEER_CLOSED);
	expect_state(FIN_WAIT_2);
	app_read(BUFFER);
	expect(ACK, .ack = BUFFER + 1, .wnd = BUFFER);
	/* all of it again, or what is left: the FIN counts now */
	inject(FIN | PSH | ACK, .seq = 1, .len = BUFFER + 200);
	expect_data(200);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = BUFFER + 202);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

SCRIPT(fin_just_beyond, "RFC 9293 3.4: the FIN occupies a number, and that one is not offered")
{
	given(ESTABLISHED, .conn.receive_buffer = BUFFER);
	inject(FIN | PSH | ACK, .len = BUFFER, .rejected = true);
	expect_data(BUFFER);
	expect_within_ms(40, ACK, .ack = BUFFER + 1, .wnd = ZERO);
	expect_no_event(SPT_PEER_CLOSED);
	expect_state(ESTABLISHED);
	/* as a window probe */
	inject(FIN | ACK, .seq = BUFFER + 1, .rejected = true);
	expect(ACK, .ack = BUFFER + 1, .wnd = ZERO);
	expect_state(ESTABLISHED);
	app_read(BUFFER);
	expect(ACK, .ack = BUFFER + 1, .wnd = BUFFER);
	inject(FIN | ACK, .seq = BUFFER + 1);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = BUFFER + 2);
	expect_state(CLOSE_WAIT);
}

/* The FIN again says more each time: ACKs of ours that its first copy did not have. */
SCRIPT(fin_again_acknowledges_more, "RFC 9293 3.8.1: the acknowledgment is that of the moment")
{
	given(ESTABLISHED);
	app_send(100);
	expect(ACK, .len = 100);
	inject(FIN | ACK, .seq = 51, .ack = 1); /* overtook its text */
	expect(ACK, .ack = 1);
	inject(FIN | ACK, .seq = 51, .ack = 41);
	expect_acked(40);
	ignore_segments();
	inject(FIN | PSH | ACK, .seq = 1, .len = 50, .ack = 101);
	expect_acked(60);
	expect_data(50);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 52);
	expect_state(CLOSE_WAIT);
	app_close();
	expect(FIN | ACK);
	inject(ACK);
	expect_closed(0);
}

/* Our FIN, sent again with text; the ACK of part of it leaves the rest and the FIN. */
SCRIPT(our_fin_acknowledged_in_pieces, "RFC 9293 3.10.7.4 fifth, FIN-WAIT-1: only with all of it")
{
	given(ESTABLISHED);
	app_send(300);
	expect(ACK, .len = 300);
	app_close();
	expect(FIN | ACK, .seq = 301);
	expect_after_ms(200, FIN | ACK, .seq = 1, .len = 300); /* may go together (3.8.1) */
	ignore_segments();
	for (int64_t ack = 101; ack <= 301; ack += 100) {
		inject(ACK, .ack = ack);
		ignore_segments();
		expect_state(FIN_WAIT_1);
	}
	inject(ACK, .ack = 302);
	expect_state(FIN_WAIT_2);
	inject(FIN | ACK);
	expect(ACK, .ack = 2, .seq = 302);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

/* FIN and RST of the peer, in either order, in one burst. */
SCRIPT(fin_then_rst, "RFC 9293 3.10.7.4 second: at RCV.NXT, behind the FIN; in CLOSE-WAIT: reset")
{
	given(ESTABLISHED);
	inject(FIN | ACK, .more = true);
	inject(RST, .seq = 2);
	expect_event(SPT_PEER_CLOSED);
	expect_closed(-ECONNRESET);
	expect_nothing();
	expect_gone();
}

SCRIPT(rst_then_fin, "RFC 9293 3.10.7.4 second; 3.10.7.1: the FIN finds no connection")
{
	given(ESTABLISHED);
	inject(RST, .seq = 1, .more = true);
	inject(FIN | ACK, .rejected = true);
	expect_closed(-ECONNRESET);
	expect_rst();
	expect_gone();
}

/* ---- out of step, far away ---------------------------------------------------------------------
 */

/* How often a bare ACK that is not acceptable is answered, one each round trip. */
static unsigned int
answers(int64_t seq, int64_t ack, uint32_t rtt_ms)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < 100; i++) {
		inject(ACK, .seq = seq, .ack = ack, .rejected = true);
		if (ignore_segments() == 0)
			return n;
		n++;
		advance_ms(rtt_ms);
	}
	return n;
}

/*
 * Two ends that answer each other: RFC 5961 7 limits what either says, and over a satellite too the
 * limit is reached, so that the exchange ends.
 */
SCRIPT(out_of_step_by_satellite, "DESIGN 6, 9: no endless exchange; RFC 5961 7")
{
	given(ESTABLISHED);
	check(answers(-1000, 1, 600) < 20);
	use_peer(1);
	given(ESTABLISHED);
	check(answers(1, 1000, 1200) < 20);
	use_peer(2);
	given(FIN_WAIT_2);
	check(answers(ZERO, 1000, 1800) < 40);
}

/* But a keep-alive, or the probe of a window, is answered every time (RFC 9293 3.8.4, 3.8.6.1). */
SCRIPT(probes_are_answered, "RFC 9293 3.8.4; 3.8.6.1; 3.10.7.4 first")
{
	given(ESTABLISHED);
	check_eq(answers(ZERO, 1, 600), 100);
	use_peer(1);
	given(CLOSE_WAIT);
	check_eq(answers(1, 1, 1000), 100);
}

SCRIPT_MAIN()

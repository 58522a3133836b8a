/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that a stranger could have sent, in every synchronized state: RST, SYN and ACK outside
 * and inside the window (RFC 5961; RFC 9293 3.10.7.4 first to fifth), and what limits the answers,
 * so that two ends out of step stop talking.
 */
#include <base/ratelimit.h>

#include <lib/script.h>

static const enum spt_state every[] = {
    SPT_ESTABLISHED,
    SPT_FIN_WAIT_1,
    SPT_FIN_WAIT_2,
    SPT_CLOSE_WAIT,
    SPT_CLOSING,
    SPT_LAST_ACK,
};

/* Each state in turn, on a connection of its own; the first is given with the options. */
#define FOR_EACH_STATE(i, ...)                                                                     \
	for (unsigned int i = 0;                                                                   \
	     i < RTE_DIM(every) &&                                                                 \
	     (use_peer(i),                                                                         \
	         SCRIPT_DO(script_given(&(struct given){.state = every[i], __VA_ARGS__})), true);  \
	     i++)

#define expect_still(i) SCRIPT_DO(script_expect_state(every[i]))

/* A stated number: 0 would mean "left out". */
static int64_t
stated(uint32_t relative)
{
	return relative ? (int32_t)relative : ZERO;
}

static int64_t
rcv_nxt(int32_t more)
{
	return stated(script_info().rcv_nxt - script_irs_plus(0) + (uint32_t)more);
}

static int64_t
snd_nxt(int32_t more)
{
	return stated(script_info().snd_nxt - script_iss_plus(0) + (uint32_t)more);
}

static int64_t
snd_una(int32_t more)
{
	return stated(script_info().snd_una - script_iss_plus(0) + (uint32_t)more);
}

/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
static void
expect_challenge(void)
{
	expect(ACK, .seq = snd_nxt(0), .ack = rcv_nxt(0));
	expect_nothing();
}

static bool
receives(enum spt_state state)
{
	return state == SPT_ESTABLISHED || state == SPT_FIN_WAIT_1 || state == SPT_FIN_WAIT_2;
}

/* ---- RST -------------------------------------------------------------------------- */

SCRIPT(rst_at_rcv_nxt, "RFC 5961 3.2: exactly the next expected number: reset, whatever its ACK")
{
	FOR_EACH_STATE(i)
	{
		inject(RST | ACK, .seq = rcv_nxt(0), .ack = -123456);
		expect_verdict(SPT_V_TCP_RST);
		expect_event(SPT_CLOSED);
		expect_nothing();
		expect_gone();
	}
}

SCRIPT(rst_and_paws, "RFC 7323 5.2: a RST is not subject to PAWS")
{
	FOR_EACH_STATE(i, .ts = ON)
	{
		inject(RST, .tsval = script_tsval() - 1000000);
		expect_event(SPT_CLOSED);
		expect_nothing();
		expect_gone();
	}
}

SCRIPT(rst_in_window, "RFC 5961 3.2; RFC 9293 3.10.7.4 second: challenge ACK, no more")
{
	FOR_EACH_STATE(i)
	{
		inject(RST, .seq = rcv_nxt(1));
		expect_verdict(SPT_V_TCP_RST_CHALLENGED);
		expect_challenge();
		inject(RST | ACK, .seq = rcv_nxt((int32_t)script_info().rcv_wnd - 1));
		expect_challenge();
		expect_still(i);
		expect_no_event(SPT_CLOSED);
	}
}

SCRIPT(rst_outside_window, "RFC 5961 3.2; RFC 9293 3.10.7.4 second: silently dropped")
{
	FOR_EACH_STATE(i)
	{
		inject(RST, .seq = rcv_nxt(-1));
		expect_verdict(SPT_V_TCP_RST_IGNORED);
		inject(RST, .seq = rcv_nxt((int32_t)script_info().rcv_wnd));
		expect_verdict(SPT_V_TCP_RST_IGNORED);
		inject(RST | ACK, .seq = rcv_nxt(-2000000000));
		expect_verdict(SPT_V_TCP_RST_IGNORED);
		expect_nothing();
		expect_still(i);
	}
}

SCRIPT(rst_and_zero_window, "RFC 9293 3.4: with a window of 0 only SEG.SEQ = RCV.NXT is acceptable")
{
	given(ESTABLISHED, .conn.receive_buffer = 1000);
	inject(PSH | ACK, .len = 1000);
	expect_after_ms(40, ACK, .ack = 1001, .wnd = ZERO);
	inject(RST, .seq = 1002);
	expect_verdict(SPT_V_TCP_RST_IGNORED);
	expect_nothing();
	expect_state(ESTABLISHED);
	inject(RST, .seq = 1001); /* MUST-66 */
	expect_closed(-ECONNRESET);
}

SCRIPT(challenged_peer, "RFC 5961 3.2: the peer is gone: its RST answers the challenge exactly")
{
	FOR_EACH_STATE(i)
	{
		int64_t ack = rcv_nxt(0);

		inject(RST, .seq = rcv_nxt(100));
		expect_challenge();
		inject(RST, .seq = ack);
		expect_event(SPT_CLOSED);
		expect_gone();
	}
}

/* ---- SYN -------------------------------------------------------------------------- */

SCRIPT(syn, "RFC 5961 4.2: irrespective of its number: challenge ACK, and dropped")
{
	FOR_EACH_STATE(i)
	{
		const int64_t at[] = {rcv_nxt(0), rcv_nxt(1), ZERO, rcv_nxt(-2000000000),
		    rcv_nxt((int32_t)script_info().rcv_wnd)};

		for (unsigned int k = 0; k < RTE_DIM(at); k++) {
			inject(SYN, .seq = at[k], .rejected = true);
			expect_verdict(SPT_V_TCP_SYN_CHALLENGED);
			expect_challenge();
		}
		inject(SYN | ACK, .seq = ZERO, .rejected = true);
		expect_challenge();
		inject(SYN | FIN | PSH | ACK, .seq = rcv_nxt(0), .len = 10, .rejected = true);
		expect_challenge();
		expect_data(0);
		expect_still(i);
	}
}

SCRIPT(syn_without_timestamp, "RFC 5961 4.2: a SYN never had to have TSopt: challenged as well")
{
	FOR_EACH_STATE(i, .ts = ON)
	{
		inject(SYN, .seq = ZERO, .no_ts = true, .rejected = true);
		expect_challenge();
		inject(SYN, .seq = rcv_nxt(100), .no_ts = true, .rejected = true);
		expect_challenge();
		inject(
		    SYN, .seq = rcv_nxt(100), .tsval = script_tsval() - 1000000, .rejected = true);
		expect_challenge();
		expect_still(i);
	}
}

SCRIPT(rebooted_peer, "RFC 9293 3.5.1, figure 9: half-open connection discovered")
{
	FOR_EACH_STATE(i)
	{
		int64_t ack = rcv_nxt(0);

		inject(SYN, .seq = 7000000, .no_ts = true, .rejected = true);
		expect_challenge();
		inject(RST, .seq = ack);
		expect_event(SPT_CLOSED);
		expect_gone();
		new_life(7000000);
		inject(SYN, .no_ts = true);
		expect(SYN | ACK, .ack = 1, .without = P_TIMESTAMP);
		inject(ACK, .no_ts = true);
		expect_state(ESTABLISHED);
	}
}

/* ---- ACK -------------------------------------------------------------------------- */

SCRIPT(ack_too_new, "RFC 9293 3.10.7.4 fifth: ACKs something not yet sent: an ACK, and dropped")
{
	FOR_EACH_STATE(i)
	{
		uint32_t wnd = script_info().snd_wnd;

		inject(PSH | ACK, .ack = snd_nxt(1), .len = 10, .wnd = 5, .rejected = true);
		expect_verdict(SPT_V_TCP_ACK_AHEAD);
		expect_challenge();
		inject(ACK, .ack = snd_nxt(2000000000), .rejected = true);
		expect_challenge();
		inject(FIN | ACK, .ack = snd_nxt(100), .rejected = true);
		expect_challenge();
		expect_data(0);
		expect_no_event(SPT_PEER_CLOSED);
		check_eq(script_info().snd_wnd, wnd);
		expect_still(i);
	}
}

SCRIPT(ack_too_old, "RFC 5961 5.2: SEG.ACK < SND.UNA - MAX.SND.WND: an ACK, and dropped")
{
	FOR_EACH_STATE(i)
	{
		inject(PSH | ACK, .ack = snd_una(-65536), .len = 10, .rejected = true);
		expect_verdict(SPT_V_TCP_ACK_OLD);
		expect_challenge();
		inject(FIN | ACK, .ack = snd_una(-2000000000), .rejected = true);
		expect_challenge();
		expect_data(0);
		expect_no_event(SPT_PEER_CLOSED);
		expect_still(i);
	}
}

SCRIPT(ack_before_our_syn, "RFC 5961 5.2: of what was never sent, whatever MAX.SND.WND is")
{
	FOR_EACH_STATE(i)
	{
		inject(PSH | ACK, .ack = -1, .len = 10, .rejected = true);
		expect_verdict(SPT_V_TCP_ACK_OLD);
		expect_challenge();
		inject(FIN | ACK, .ack = -65534, .rejected = true);
		expect_verdict(SPT_V_TCP_ACK_OLD);
		expect_challenge();
		expect_data(0);
		expect_no_event(SPT_PEER_CLOSED);
		expect_still(i);
	}
}

/* So much is sent, and acknowledged, that MAX.SND.WND does not reach back to our SYN. */
static void
acknowledged(uint32_t bytes)
{
	for (uint32_t sent = 0; sent < bytes; sent += 4 * FULL) {
		app_send(4 * FULL);
		ignore_segments();
		inject(ACK);
		expect_acked(4 * FULL);
	}
}

SCRIPT(ack_a_window_old, "RFC 5961 5.2: SND.UNA - MAX.SND.WND =< SEG.ACK: text is taken")
{
	given(ESTABLISHED, .wnd = 10000);
	acknowledged(20000);
	inject(PSH | ACK, .ack = snd_una(-10001), .len = 10, .rejected = true);
	expect_verdict(SPT_V_TCP_ACK_OLD);
	expect_challenge();
	inject(PSH | ACK, .ack = snd_una(-10000), .len = 10);
	expect_data(10);
}

SCRIPT(ack_just_old_enough, "RFC 5961 5.2: SND.UNA - MAX.SND.WND =< SEG.ACK: text is taken")
{
	FOR_EACH_STATE(i)
	{
		uint32_t wnd = script_info().snd_wnd;
		bool taken = receives(every[i]);

		inject(PSH | ACK, .ack = ZERO, .len = 10, .wnd = 5, .rejected = !taken);
		ignore_segments();
		expect_data(taken ? 10 : 0);
		check_eq(script_info().snd_wnd, wnd);
		expect_still(i);
	}
}

SCRIPT(max_snd_wnd_is_scaled, "RFC 5961 5.2: the largest window received, in bytes; RFC 7323 2.3")
{
	given(ESTABLISHED, .wscale = 4, .wnd = 1000);
	acknowledged(40000);
	inject(PSH | ACK, .ack = snd_una(-(1000 << 4) - 1), .len = 10, .rejected = true);
	expect_verdict(SPT_V_TCP_ACK_OLD);
	expect_challenge();
	inject(ACK, .wnd = 100); /* it shrinks; the largest counts */
	inject(PSH | ACK, .ack = snd_una(-(1000 << 4)), .len = 10);
	expect_data(10);
}

SCRIPT(data_outside_window, "RFC 9293 3.10.7.4 first: an ACK, and dropped")
{
	FOR_EACH_STATE(i)
	{
		/* what its ACK would have said is not heard either */
		inject(ACK, .seq = rcv_nxt(-2), .ack = snd_nxt(0), .rejected = true);
		expect_challenge();
		inject(PSH | ACK, .seq = rcv_nxt(-2000), .len = 1000, .rejected = true);
		expect_challenge();
		inject(PSH | ACK, .seq = rcv_nxt((int32_t)script_info().rcv_wnd), .len = 1,
		    .rejected = true);
		expect_verdict(SPT_V_TCP_OUT_OF_WINDOW);
		expect_challenge();
		inject(FIN | ACK, .seq = rcv_nxt(-2000), .rejected = true);
		expect_challenge();
		expect_data(0);
		expect_still(i);
	}
}

SCRIPT(old_timestamp, "RFC 7323 5.3 R1: an ACK, and dropped")
{
	FOR_EACH_STATE(i, .ts = ON)
	{
		inject(PSH | ACK, .len = 10, .tsval = script_tsval() - 1, .rejected = true);
		expect_verdict(SPT_V_TCP_PAWS);
		expect_challenge();
		inject(FIN | ACK, .tsval = script_tsval() - 1000000, .rejected = true);
		expect_challenge();
		expect_data(0);
		expect_still(i);
	}
}

/* A stranger who guesses a number in the window would stop the peer by PAWS with one segment. */
SCRIPT(timestamp_of_the_discarded, "RFC 5961 5.2: discarded, so RFC 7323 4.3 (2) remembers nothing")
{
	FOR_EACH_STATE(i, .ts = ON)
	{
		int64_t t = script_tsval(), later = (uint32_t)t + 0x40000000u;

		inject(ACK, .ack = snd_una(0), .tsval = t);
		inject(PSH | ACK, .ack = snd_nxt(1), .len = 10, .tsval = later, .rejected = true);
		expect_verdict(SPT_V_TCP_ACK_AHEAD);
		expect(ACK, .tsecr = t);
		inject(
		    PSH | ACK, .ack = snd_una(-65536), .len = 10, .tsval = later, .rejected = true);
		expect_verdict(SPT_V_TCP_ACK_OLD);
		expect(ACK, .tsecr = t);
		inject(PSH, .len = 10, .tsval = later, .rejected = true);
		expect_verdict(SPT_V_TCP_NO_ACK);
		inject(SYN, .seq = rcv_nxt(0), .len = 10, .tsval = later, .rejected = true);
		expect_verdict(SPT_V_TCP_SYN_CHALLENGED);
		expect(ACK, .tsecr = t);
		inject(PSH | ACK, .ack = snd_una(0), .len = 10, .tsval = t,
		    .rejected = !receives(every[i]));
		expect_verdict(receives(every[i]) ? SPT_V_TCP_DATA : SPT_V_TCP_DATA_DUPLICATE);
		expect_data(receives(every[i]) ? 10 : 0);
		ignore_segments();
		expect_still(i);
	}
}

SCRIPT(no_ack_flag, "RFC 9293 3.10.7.4 fifth: the ACK bit is off: dropped")
{
	FOR_EACH_STATE(i)
	{
		inject(PSH, .len = 10, .rejected = true);
		expect_verdict(SPT_V_TCP_NO_ACK);
		inject(FIN, .rejected = true);
		expect_verdict(SPT_V_TCP_NO_ACK);
		inject(0, .len = 1, .rejected = true);
		expect_verdict(SPT_V_TCP_NO_ACK);
		expect_nothing();
		expect_data(0);
		expect_still(i);
	}
}

/* ---- limits ------------------------------------------------------------------------- */

static uint64_t
acks_limited(void)
{
	struct spt_stats stats;

	spt_engine_stats(script_engine(), &stats);
	return stats.acks_limited;
}

enum blind { BLIND_SYN, BLIND_RST, BLIND_ACK_NEW, BLIND_ACK_OLD, BLIND_DATA, BLIND_KINDS };

static void
blind(enum blind kind)
{
	switch (kind) {
	case BLIND_SYN: inject(SYN, .seq = ZERO, .rejected = true); break;
	case BLIND_RST: inject(RST, .seq = rcv_nxt(7)); break;
	case BLIND_ACK_NEW: inject(ACK, .ack = snd_nxt(9), .rejected = true); break;
	case BLIND_ACK_OLD: inject(ACK, .ack = snd_una(-70000), .rejected = true); break;
	case BLIND_DATA:
		inject(PSH | ACK, .seq = rcv_nxt(-100), .len = 50, .rejected = true);
		break;
	case BLIND_KINDS: break;
	}
}

/* The same of who knows no number of the connection. */
static void
stranger(enum blind kind)
{
	switch (kind) {
	case BLIND_SYN: inject(SYN, .seq = 1000000000, .rejected = true); break;
	case BLIND_RST: inject(RST, .seq = 1000000000); break;
	case BLIND_ACK_NEW:
		inject(PSH | ACK, .seq = -500, .ack = 1000000000, .len = 100, .rejected = true);
		break;
	case BLIND_ACK_OLD:
		inject(FIN | ACK, .seq = -500, .ack = -1000000000, .rejected = true);
		break;
	case BLIND_DATA: inject(PSH | ACK, .seq = 1000000000, .len = 50, .rejected = true); break;
	case BLIND_KINDS: break;
	}
}

SCRIPT(limit_in_each_state, "RFC 5961 7: challenge ACKs are throttled; DESIGN 6: of every kind")
{
	for (unsigned int i = 0; i < RTE_DIM(every) * BLIND_KINDS; i++) {
		uint64_t limited;
		unsigned int answered = 0;

		use_peer(i);
		SCRIPT_DO(script_given(&(struct given){.state = every[i / BLIND_KINDS]}));
		limited = acks_limited();
		for (unsigned int n = 0; n < 30; n++) {
			blind((enum blind)(i % BLIND_KINDS));
			answered += ignore_segments();
		}
		check(answered > 0);
		check(answered <= RATELIMIT16_BURST);
		check_eq(acks_limited() - limited, 30 - answered);
		SCRIPT_DO(script_expect_state(every[i / BLIND_KINDS]));
	}
}

SCRIPT(
    limit_of_overtaken_acks, "DESIGN 6: bare ACKs that data overtook; text that came twice is told")
{
	given(ESTABLISHED, .conn.no_delayed_ack = true);
	inject(ACK, .len = 1000);
	expect(ACK);
	inject(ACK, .seq = 1, .rejected = true);
	expect(ACK);
	for (unsigned int i = 1; i < 8; i++)
		inject(ACK, .seq = 1 + 100 * i, .rejected = true);
	expect_nothing();
	for (unsigned int i = 0; i < 3; i++) {
		inject(ACK, .seq = 1, .len = 1000, .rejected = true);
		expect(ACK);
	}
}

/* Our ACK is lost, and strangers who know the addresses have all that the limit gives. */
SCRIPT(limit_and_retransmission, "RFC 9293 3.10.7.4 first: what is sent again draws an ACK")
{
	for (unsigned int kind = 0; kind < BLIND_KINDS; kind++) {
		use_peer(kind);
		given(ESTABLISHED, .conn.no_delayed_ack = true);
		inject(PSH | ACK, .len = 1000);
		expect(ACK, .ack = 1001);
		for (unsigned int again = 0; again < 5; again++) {
			for (unsigned int n = 0; n < 50; n++) {
				stranger((enum blind)kind);
				ignore_segments();
				advance_ms(20);
			}
			inject(PSH | ACK, .seq = 1, .len = 1000, .rejected = true);
			expect(ACK, .ack = 1001);
		}
	}
}

SCRIPT(limit_and_time, "RFC 5961 7; the same connection goes on meanwhile")
{
	unsigned int answered = 0;

	given(ESTABLISHED);
	for (unsigned int n = 0; n < 50; n++) {
		blind((enum blind)(n % BLIND_KINDS));
		answered += ignore_segments();
	}
	check(answered > 0);
	check(answered <= RATELIMIT16_BURST);
	/* acceptable segments are acknowledged as ever */
	inject(PSH | ACK, .len = 1000);
	inject(PSH | ACK, .len = 1000);
	expect(ACK, .ack = 2001);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK);
	expect_silence_ms(1000);
	blind(BLIND_SYN);
	expect_challenge();
}

/* ---- ends out of step ------------------------------------------------------------------ */

/*
 * The other end answers every segment of ours by an ACK that we do not accept, as a correct end
 * would if its numbers were others. Returns how often it did before one was not answered.
 */
static unsigned int
exchange(int64_t seq, int64_t ack, uint32_t rtt_us)
{
	unsigned int rounds = 0, answers;

	do {
		inject(ACK, .seq = seq, .ack = ack, .rejected = true);
		answers = ignore_segments();
		advance_us(rtt_us);
		ignore_segments(); /* what a timer sent answers nothing */
		check(++rounds <= 100);
	} while (answers > 0);
	return rounds;
}

static void
exchanges_end(uint32_t rtt_us)
{
	given(ESTABLISHED);
	exchange(rcv_nxt(-1000), snd_nxt(0), rtt_us);
	expect_state(ESTABLISHED);
	use_peer(1);
	given(ESTABLISHED);
	exchange(rcv_nxt(0), snd_nxt(5000), rtt_us);
	use_peer(2);
	given(CLOSE_WAIT);
	exchange(rcv_nxt(100000), snd_nxt(-100000), rtt_us);
	use_peer(3);
	given(FIN_WAIT_2);
	exchange(rcv_nxt(-1), snd_nxt(1), rtt_us);
	use_peer(4);
	given(TIME_WAIT);
	exchange(-1000, 1000, rtt_us);
	use_peer(5);
	given(SYN_RECEIVED);
	exchange(-1000, 1000, rtt_us);
}

SCRIPT(out_of_step_near, "DESIGN 6, 9: two ends do not answer each other without end; RFC 5961 7")
{
	exchanges_end(0);
}

SCRIPT(out_of_step_lan, "DESIGN 6, 9: two ends do not answer each other without end; RFC 5961 7")
{
	exchanges_end(1000);
}

SCRIPT(out_of_step_far, "DESIGN 6, 9: two ends do not answer each other without end; RFC 5961 7")
{
	exchanges_end(50000);
}

static void
expect_no_event_or_closed(bool closed)
{
	if (closed)
		expect_event(SPT_CLOSED);
	expect_nothing();
}

SCRIPT(no_rst_to_rst, "RFC 9293 3.10.7.1, 3.5.2: a RST is never answered by a RST")
{
	static const int32_t from[] = {0, 1, -1, 70000, -70000};

	for (unsigned int i = 0; i < RTE_DIM(every) * RTE_DIM(from); i++) {
		uint8_t flags = i & 1 ? RST : RST | ACK;

		use_peer(i);
		SCRIPT_DO(script_given(&(struct given){.state = every[i / RTE_DIM(from)]}));
		inject(flags, .seq = rcv_nxt(from[i % RTE_DIM(from)]), .ack = 99);
		ignore_segments();
		expect_counted(resets_sent, 0);
		expect_no_event_or_closed(from[i % RTE_DIM(from)] == 0);
	}
}

SCRIPT_MAIN()

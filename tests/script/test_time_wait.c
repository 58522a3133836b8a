/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TIME-WAIT, a record of 64 bytes: 2MSL, what restarts it, what is answered (RFC 9293 3.6.1,
 * 3.10.7.4, RFC 1337), how a SYN reopens it (RFC 6191) and what happens if that SYN was an old one.
 */
#include <base/ratelimit.h>

#include <lib/script.h>

/* ---- 2MSL ------------------------------------------------------------------------ */

static void
expires_in_ms(uint32_t ms)
{
	expect_silence_ms(ms - 1);
	expect_state(TIME_WAIT);
	advance_us(1000 + SCRIPT_SLACK_US);
	expect_counted(timewait_expired, 1);
	expect_nothing();
	expect_gone();
}

SCRIPT(two_msl, "RFC 9293 3.6.1, 3.10.8: 2MSL; DESIGN 6: 60 s")
{
	given(TIME_WAIT);
	expires_in_ms(60000);
	inject(FIN | ACK, .seq = 1);
	expect_rst();
}

SCRIPT(two_msl_from_closing, "RFC 9293 3.10.7.4 fifth, CLOSING")
{
	given(CLOSING);
	advance_ms(100);
	inject(ACK);
	expect_closed(0);
	expires_in_ms(60000);
}

SCRIPT(two_msl_set, "septet.h, spt_config.msl_ms: TIME-WAIT lasts twice that")
{
	given(TIME_WAIT, .config.msl_ms = 1500);
	expires_in_ms(3000);
}

SCRIPT(data_before_closed, "DESIGN 4: the application has its data before it hears CLOSED")
{
	given(FIN_WAIT_2);
	inject(FIN | PSH | ACK, .len = 100, .more = true);
	check_eq(spt_poll(script_engine(), script_now(), NULL, 0), 0);
	expect(ACK, .ack = 102);
	advance_ms(1);
	expect_event(SPT_PEER_CLOSED);
	expect_data(100);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

/* ---- what restarts it -------------------------------------------------------------- */

SCRIPT(fin_restarts, "RFC 9293 3.10.7.4 fifth, eighth: acknowledge it and restart 2MSL")
{
	given(TIME_WAIT);
	expect_silence_ms(30000);
	inject(FIN | ACK, .seq = 1);
	expect_verdict(SPT_V_TCP_TIMEWAIT_FIN);
	expect(ACK, .seq = 2, .ack = 2);
	expect_silence_ms(59000);
	inject(FIN | ACK, .seq = 1);
	expect(ACK, .seq = 2, .ack = 2);
	expires_in_ms(60000);
}

SCRIPT(fin_with_data_restarts, "DESIGN 6: SEG.SEQ + SEG.LEN = RCV.NXT, however much comes with it")
{
	given(FIN_WAIT_2);
	inject(FIN | PSH | ACK, .len = 100);
	expect(ACK, .seq = 2, .ack = 102);
	expect_event(SPT_PEER_CLOSED);
	expect_closed(0);
	expect_silence_ms(30000);
	inject(FIN | PSH | ACK, .seq = 1, .len = 100);
	expect_verdict(SPT_V_TCP_TIMEWAIT_FIN);
	expect(ACK, .seq = 2, .ack = 102);
	expect_silence_ms(30000);
	inject(FIN | PSH | ACK, .seq = 51, .len = 50);
	expect_verdict(SPT_V_TCP_TIMEWAIT_FIN);
	expect(ACK, .seq = 2, .ack = 102);
	expires_in_ms(60000);
}

SCRIPT(nothing_else_restarts, "RFC 9293 3.10.7.4; DESIGN 6; RFC 1337 2")
{
	static const struct {
		uint8_t flags;
		int64_t seq, ack;
		uint32_t len;
	} other[] = {
	    {ACK, 2, 2, 0},
	    {ACK, 1, 2, 0},
	    {ACK, 2, 1, 0},
	    {ACK, 2, 1000, 0},
	    {PSH | ACK, -99, 2, 100},
	    {PSH | ACK, 2, 2, 100},
	    {FIN | ACK, 2, 2, 0},
	    {FIN | ACK, ZERO, 2, 0},
	    {FIN | PSH | ACK, 1, 2, 100},
	    {RST, 2, 0, 0},
	    {RST | ACK, 1, 2, 0},
	    {SYN, -1000, 0, 0},
	    {SYN | ACK, 2, 2, 0},
	    {PSH, 2, 0, 1},
	    {0, 1, 0, 1},
	};

	for (unsigned int i = 0; i < RTE_DIM(other); i++) {
		use_peer(i);
		given(TIME_WAIT);
	}
	expect_silence_ms(30000);
	for (unsigned int i = 0; i < RTE_DIM(other); i++) {
		use_peer(i);
		inject(other[i].flags, .seq = other[i].seq, .ack = other[i].ack,
		    .len = other[i].len, .rejected = true,
		    .tsval = other[i].flags & SYN ? script_tsval() - 40000 : 0);
		ignore_segments();
	}
	expect_silence_ms(29990);
	for (unsigned int i = 0; i < RTE_DIM(other); i++) {
		use_peer(i);
		expect_state(TIME_WAIT);
	}
	expect_silence_ms(20);
	expect_counted(timewait_expired, RTE_DIM(other));
	for (unsigned int i = 0; i < RTE_DIM(other); i++) {
		use_peer(i);
		expect_gone();
	}
}

/* ---- RST --------------------------------------------------------------------------- */

SCRIPT(rst_ignored, "RFC 1337 3, fix F1: RST segments are ignored in TIME-WAIT")
{
	given(TIME_WAIT);
	inject(RST);
	expect_verdict(SPT_V_TCP_TIMEWAIT_RST);
	inject(RST | ACK);
	inject(RST, .seq = 1);
	inject(RST, .seq = 100);
	expect_nothing();
	expect_state(TIME_WAIT);
}

SCRIPT(rst_closes, "RFC 9293 3.10.7.4 second, TIME-WAIT; spt_config.timewait_rst_closes")
{
	given(TIME_WAIT, .config.timewait_rst_closes = true);
	inject(RST, .seq = 1);
	inject(RST, .seq = 2 + 65535);
	expect_nothing();
	expect_state(TIME_WAIT);
	inject(RST, .seq = 3); /* in the window: a challenge (RFC 5961 3.2) */
	expect(ACK, .seq = 2, .ack = 2);
	expect_state(TIME_WAIT);
	inject(RST);
	expect_verdict(SPT_V_TCP_RST);
	expect_nothing();
	expect_gone();
}

/* ---- ACK --------------------------------------------------------------------------- */

SCRIPT(old_data, "RFC 9293 3.10.7.4 first: not acceptable: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>")
{
	given(TIME_WAIT);
	inject(PSH | ACK, .seq = -99, .len = 100);
	expect_verdict(SPT_V_TCP_TIMEWAIT_ACK);
	expect(ACK, .seq = 2, .ack = 2);
	inject(ACK, .seq = 1);
	expect(ACK, .seq = 2, .ack = 2);
	inject(ACK, .seq = -5);
	expect(ACK, .seq = 2, .ack = 2);
	expect_state(TIME_WAIT);
}

SCRIPT(bare_ack, "RFC 9293 3.10.7.4: acceptable, and asks for nothing: no answer, no ACK storm")
{
	given(TIME_WAIT);
	inject(ACK);
	expect_verdict(SPT_V_TCP_TIMEWAIT_ACK);
	expect_nothing();
	expect_state(TIME_WAIT);
}

SCRIPT(timestamp_of_the_record, "RFC 7323 3.2: TSopt on every segment, TSecr is TS.Recent")
{
	uint32_t tsval;

	given(TIME_WAIT, .ts = ON);
	tsval = script_tsval();
	advance_ms(1000);
	inject(FIN | ACK, .seq = 1, .tsval = tsval);
	expect(ACK, .with = P_TIMESTAMP, .tsecr = tsval);
}

static unsigned int
answers_to(unsigned int n, uint8_t flags, int64_t seq)
{
	unsigned int answered = 0;

	for (unsigned int i = 0; i < n; i++) {
		inject(flags, .seq = seq, .rejected = true);
		answered += ignore_segments();
	}
	return answered;
}

SCRIPT(ack_limit, "DESIGN 6, blind attacks: from records too; RFC 5961 7")
{
	unsigned int answered;

	given(TIME_WAIT);
	answered = answers_to(40, ACK, 1);
	check(answered > 0);
	check(answered <= RATELIMIT16_BURST);
	/* of what strangers can send; one is left for the peer's FIN, whose ACK was lost */
	check_eq(answers_to(40, PSH | ACK, -50), 0);
	check_eq(answers_to(40, FIN | ACK, -50), 0);
	check_eq(answers_to(40, FIN | ACK, 1), 1);
	expect_state(TIME_WAIT);
	expect_silence_ms(1000);
	inject(FIN | ACK, .seq = 1);
	expect(ACK, .seq = 2, .ack = 2);
}

/* ---- a new incarnation ---------------------------------------------------------------- */

static uint64_t
records(void)
{
	struct spt_stats stats;

	spt_engine_stats(script_engine(), &stats);
	return stats.timewait;
}

/* A new life whose SYN is accepted; what it begins works. 'old' is the old SND.NXT. */
static void
reopens(uint32_t old)
{
	inject(SYN);
	expect_verdict(SPT_V_TCP_TIMEWAIT_SYN);
	expect(SYN | ACK, .ack = 1);
	expect_state(SYN_RECEIVED);
	check((int32_t)(script_iss_plus(0) - old) > 65536);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
	check_eq(records(), 0);
	inject(PSH | ACK, .len = 100);
	expect_data(100);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK);
}

/* A SYN of the old life's numbers is refused. */
static void
refuses(int64_t seq, int64_t tsval)
{
	inject(SYN, .seq = seq, .tsval = tsval, .rejected = true);
	expect_verdict(SPT_V_TCP_TIMEWAIT_CHALLENGED);
	expect(ACK, .seq = 2, .ack = 2);
	expect_state(TIME_WAIT);
}

/* A SYN that is accepted, in the numbers of the old life: they are needed again. */
#define DUPLICATE 100000

static void
duplicate_syn(void)
{
	inject(SYN, .seq = DUPLICATE, .rejected = true);
	expect_verdict(SPT_V_TCP_TIMEWAIT_SYN);
	expect(SYN | ACK, .seq = ANY, .ack = DUPLICATE + 1);
	expect_state(SYN_RECEIVED);
}

SCRIPT(younger_timestamp, "RFC 6191 2: a TSval greater than the last one seen: honoured")
{
	uint32_t old;

	given(TIME_WAIT, .ts = ON);
	old = script_iss_plus(2);
	advance_ms(1);
	new_life((uint32_t)-100000);
	reopens(old);
}

SCRIPT(same_timestamp, "RFC 6191 2: the same TSval, but a greater sequence number: honoured")
{
	uint32_t old;

	given(TIME_WAIT, .ts = ON);
	refuses(1, script_tsval());
	refuses(-100000, script_tsval());
	old = script_iss_plus(2);
	new_life(1);
	reopens(old);
}

SCRIPT(older_timestamp, "RFC 6191 2: an older TSval is not honoured, whatever the sequence number")
{
	given(TIME_WAIT, .ts = ON);
	refuses(100000, script_tsval() - 1);
	refuses(-100000, script_tsval() - 1);
	refuses(3, script_tsval() - 1000000);
}

SCRIPT(higher_sequence, "RFC 6191 2; RFC 1122 4.2.2.13: larger than the largest used before")
{
	uint32_t old;

	given(TIME_WAIT, .ts = OFF);
	refuses(1, 0); /* the FIN's number */
	refuses(ZERO, 0);
	refuses(-1000000, 0);
	old = script_iss_plus(2);
	new_life(0); /* the first one behind it */
	reopens(old);
}

SCRIPT(timestamps_no_more, "RFC 6191 2: without TSopt now: by the sequence number")
{
	uint32_t old;

	given(TIME_WAIT, .ts = ON);
	advance_ms(1000);
	inject(SYN, .seq = 1, .no_ts = true, .rejected = true);
	expect(ACK, .seq = 2, .ack = 2);
	expect_state(TIME_WAIT);
	old = script_iss_plus(2);
	new_life(5000);
	given(LISTEN, .ts = OFF);
	reopens(old);
}

SCRIPT(
    timestamps_from_now_on, "RFC 6191 2: the old incarnation had none, the new one has: honoured")
{
	uint32_t old;

	given(TIME_WAIT, .ts = OFF);
	old = script_iss_plus(2);
	new_life((uint32_t)-100000);
	given(LISTEN, .ts = ON);
	reopens(old);
}

SCRIPT(timestamps_not_wanted, "RFC 6191 2: if TSopt would not be enabled: by the sequence number")
{
	given(TIME_WAIT, .ts = OFF, .conn.no_timestamps = true);
	inject(SYN, .seq = -100000, .options = "\1\1\x08\x0a\x7f\0\0\0\0\0\0\0", .options_len = 12,
	    .rejected = true);
	expect_verdict(SPT_V_TCP_TIMEWAIT_CHALLENGED);
	expect(ACK, .seq = 2, .ack = 2);
	expect_state(TIME_WAIT);
}

SCRIPT(syn_ack_is_no_syn, "RFC 9293 3.10.7.2 second; 3.10.7.4 fourth: challenged")
{
	given(TIME_WAIT);
	advance_ms(1000);
	inject(SYN | ACK, .seq = 100000, .rejected = true);
	expect_verdict(SPT_V_TCP_TIMEWAIT_CHALLENGED);
	expect(ACK, .seq = 2, .ack = 2);
	expect_state(TIME_WAIT);
}

SCRIPT(new_iss, "DESIGN 6: ISS = max(PRF ISN, old SND.NXT + 65537); RFC 6191 2; RFC 6528 3")
{
	uint32_t old;

	given(TIME_WAIT);
	old = script_iss_plus(2);
	new_life(1); /* at the same instant the PRF gives the old ISS again */
	inject(SYN);
	expect(SYN | ACK);
	check_eq(script_iss_plus(0) - old, 65537);
}

SCRIPT(new_iss_later, "RFC 6528 3: the clock of about 4 us goes on; DESIGN 6")
{
	uint32_t old;

	given(TIME_WAIT);
	old = script_iss_plus(0);
	advance_ms(30000);
	new_life(1);
	inject(SYN);
	expect(SYN | ACK);
	check((int32_t)(script_iss_plus(0) - old) > 30000000 / 5);
}

SCRIPT(syn_refused_for_want_of_room, "DESIGN 4: a counted refusal; the record stays what it was")
{
	given(TIME_WAIT, .backlog = 1);
	use_peer(1);
	given(SYN_RECEIVED);
	use_peer(0);
	inject(SYN, .seq = 70000, .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_BACKLOG);
	expect_nothing();
	expect_state(TIME_WAIT);
	inject(FIN | ACK, .seq = 1);
	expect(ACK, .seq = 2, .ack = 2);
	use_peer(1);
	inject(ACK); /* there is room again */
	use_peer(0);
	duplicate_syn();
}

/* ---- ... that was an old duplicate ------------------------------------------------------ */

SCRIPT(old_syn_by_rst, "DESIGN 6: falls back to the record; RFC 9293 3.10.7.4 second")
{
	given(TIME_WAIT);
	expect_silence_ms(30000);
	duplicate_syn();
	advance_ms(500);
	inject(RST, .seq = DUPLICATE + 1);
	expect_nothing();
	expect_state(TIME_WAIT);
	inject(ACK, .seq = 1, .ack = 2);
	expect(ACK, .seq = 2, .ack = 2);
	expires_in_ms(29500);
}

SCRIPT(old_syn_by_silence, "DESIGN 6: falls back to the record, which keeps its own expiry")
{
	given(TIME_WAIT, .config.syn_ack_retries = 1);
	expect_silence_ms(10000);
	duplicate_syn();
	expect_after_ms(1000, SYN | ACK, .seq = ANY, .ack = DUPLICATE + 1);
	expect_silence_ms(1990);
	expect_state(SYN_RECEIVED);
	expect_silence_ms(10);
	expect_silence_ms(1000);
	expires_in_ms(46000);
}

SCRIPT(expiry_while_half_open, "DESIGN 6: the record goes when its time is over, the SYN goes on")
{
	given(TIME_WAIT);
	expect_silence_ms(59500);
	new_life(1);
	inject(SYN);
	expect(SYN | ACK);
	expect_silence_ms(900);
	expect_counted(timewait_expired, 1);
	expect_state(SYN_RECEIVED);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
}

SCRIPT(expiry_then_rst, "DESIGN 6: nothing is left to fall back to: LISTEN")
{
	given(TIME_WAIT);
	expect_silence_ms(59500);
	duplicate_syn();
	expect_silence_ms(900);
	inject(RST, .seq = DUPLICATE + 1);
	expect_nothing();
	expect_gone();
	check_eq(records(), 0);
	inject(FIN | ACK, .seq = 1, .ack = 2);
	expect_rst();
}

SCRIPT(old_syn_twice, "DESIGN 6, in SYN-RECEIVED: SYN-ACK again; then a RST")
{
	given(TIME_WAIT);
	duplicate_syn();
	inject(SYN, .seq = DUPLICATE, .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_REPEATED);
	expect(SYN | ACK, .seq = ANY, .ack = DUPLICATE + 1);
	inject(RST, .seq = DUPLICATE + 1);
	expect_state(TIME_WAIT);
	duplicate_syn(); /* and it may be tried again */
	inject(RST, .seq = DUPLICATE + 1);
	expect_state(TIME_WAIT);
	expires_in_ms(60000);
}

/* ---- the pool ---------------------------------------------------------------------------- */

static void
to_time_wait(unsigned int peer)
{
	use_peer(peer);
	given(FIN_WAIT_2, .by_close = true);
	inject(FIN | ACK);
	expect(ACK);
	expect_closed(0);
	expect_state(TIME_WAIT);
}

SCRIPT(pool_full, "DESIGN 4: when full, the oldest is reaped early, counted")
{
	given(LISTEN, .config.timewait = 2);
	to_time_wait(0);
	expect_silence_ms(1000);
	to_time_wait(1);
	expect_counted(timewait_early, 0);
	expect_silence_ms(1000);
	to_time_wait(2);
	expect_counted(timewait_early, 1);
	expect_counted(timewait_expired, 0);
	use_peer(1);
	expect_state(TIME_WAIT);
	use_peer(0);
	expect_gone();
	inject(FIN | ACK, .seq = 1);
	expect_rst();
}

SCRIPT(pool_full_after_restart, "DESIGN 4: a restart moves the record to the FIFO's tail")
{
	given(LISTEN, .config.timewait = 2);
	to_time_wait(0);
	expect_silence_ms(1000);
	to_time_wait(1);
	expect_silence_ms(1000);
	use_peer(0);
	inject(FIN | ACK, .seq = 1);
	expect(ACK);
	to_time_wait(2);
	use_peer(1);
	expect_gone();
	use_peer(0);
	expect_state(TIME_WAIT);
}

SCRIPT(pool_full_while_half_open, "DESIGN 4, 6: a record that a SYN stands for is reaped as well")
{
	given(LISTEN, .config.timewait = 1);
	to_time_wait(0);
	duplicate_syn();
	to_time_wait(1);
	expect_counted(timewait_early, 1);
	use_peer(0);
	expect_state(SYN_RECEIVED);
	inject(RST, .seq = DUPLICATE + 1);
	expect_gone();
	use_peer(1);
	new_life(1);
	inject(SYN);
	expect(SYN | ACK);
	to_time_wait(2);
	use_peer(1);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
}

SCRIPT_MAIN()

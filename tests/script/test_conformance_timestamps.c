/* SPDX-License-Identifier: BSD-3-Clause */
/* Timestamps, where docs/conformance.md found no other test (RFC 7323 3.2, 4.1, 5.2 to 5.4). */
#include <lib/script.h>

#define DATA_LEN 10

/* A TSval of the peer's, 'ahead' of where its clock stands. */
static int64_t
ts(int32_t ahead)
{
	return (uint32_t)(script_tsval() + (uint32_t)ahead);
}

SCRIPT(not_agreed_on, "RFC 7323 3.2: a TSopt that was not negotiated MUST be ignored")
{
	given(ESTABLISHED, .ts = OFF);
	/* the second one is older than the first */
	inject(ACK, .len = DATA_LEN, .options_len = 12,
	    .options = "\x01\x01\x08\x0a\x00\x00\x10\x00\x00\x00\x00\x01");
	expect_data(DATA_LEN);
	inject(ACK, .len = DATA_LEN, .options_len = 12,
	    .options = "\x01\x01\x08\x0a\x00\x00\x00\x01\x00\x00\x00\x01");
	expect_data(DATA_LEN);
	expect(ACK, .ack = 1 + 2 * DATA_LEN, .without = P_TIMESTAMP);
}

SCRIPT(
    echo_in_a_syn, "RFC 7323 3.2: TSecr MUST be ignored where there is no ACK bit; ours is 0 there")
{
	given(LISTEN, .ts = ON, .active = OFF);
	inject(SYN, .tsecr = 0x12345678);
	expect(SYN | ACK, .with = P_TIMESTAMP);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	check(script_info().srtt_us < 1000000);
	check_eq(script_info().timestamps, true);
	use_peer(1);
	app_connect();
	expect(SYN, .with = P_TIMESTAMP, .tsecr = ZERO);
	inject(SYN | ACK);
	expect(ACK, .with = P_TIMESTAMP);
	expect_connected();
}

SCRIPT(
    on_each_segment, "RFC 7323 3.2: then on every segment but RST it MUST be, and on RST it SHOULD")
{
	given(ESTABLISHED, .ts = ON);
	app_send(DATA_LEN);
	expect(ACK, .len = DATA_LEN, .with = P_TIMESTAMP);
	expect_within_ms(1500, ACK, .seq = 1, .len = DATA_LEN, .with = P_TIMESTAMP);
	inject(ACK, .wnd = ZERO);
	app_send(DATA_LEN);
	expect_within_ms(1500, ACK, .len = 1, .with = P_TIMESTAMP); /* a window probe */
	inject(ACK, .wnd = 1000);
	ignore_segments();
	inject(ACK);
	inject(ACK, .len = DATA_LEN, .seq = 1 + DATA_LEN);
	expect(ACK, .ack = 1, .with = P_TIMESTAMP);
	app_shutdown();
	expect(FIN | ACK, .with = P_TIMESTAMP);
	app_abort();
	expect(RST | ACK, .with = P_TIMESTAMP);
	expect_closed(-ECONNABORTED);
}

SCRIPT(reset_teaches_nothing, "RFC 7323 5.2: a RST's TSval MUST NOT change what is known")
{
	int64_t t;

	given(ESTABLISHED, .ts = ON);
	t = ts(0);
	inject(ACK, .len = DATA_LEN);
	expect_within_ms(40, ACK, .tsecr = t);
	inject(RST, .seq = 2 + DATA_LEN, .tsval = ts(1000), .rejected = true);
	expect(ACK, .ack = 1 + DATA_LEN, .tsecr = t); /* the challenge */
	t = ts(0);
	inject(ACK, .len = DATA_LEN, .tsval = t); /* which the RST's would forbid */
	expect_data(2 * DATA_LEN);
	expect_within_ms(40, ACK, .tsecr = t);
}

SCRIPT(checked_before_it_is_queued, "RFC 7323 5.3: when a segment arrives, in order or not")
{
	given(ESTABLISHED, .ts = ON);
	inject(ACK, .len = DATA_LEN);
	expect_within_ms(40, ACK, .ack = 1 + DATA_LEN);
	inject(ACK, .len = DATA_LEN, .seq = 1 + 2 * DATA_LEN, .tsval = ts(-100), .rejected = true);
	expect_verdict(SPT_V_TCP_PAWS);
	expect(ACK, .ack = 1 + DATA_LEN);
	check_eq(script_info().out_of_order, 0);
	/* and what is queued is not looked at again when the gap is filled by a younger one */
	inject(ACK, .len = DATA_LEN, .seq = 1 + 2 * DATA_LEN, .tsval = ts(1));
	expect(ACK, .ack = 1 + DATA_LEN);
	inject(ACK, .len = DATA_LEN, .seq = 1 + DATA_LEN, .tsval = ts(5));
	expect(ACK, .ack = 1 + 3 * DATA_LEN, .tsecr = ts(5));
	expect_data(3 * DATA_LEN);
}

SCRIPT(sampled_by_progress_only, "RFC 7323 4.1: no RTT of a segment that does not advance SND.UNA")
{
	uint32_t tsval, srtt, rto;

	given(ESTABLISHED, .ts = ON);
	app_send(2 * FULL);
	expect(ACK, .len = FULL);
	tsval = script_engine_tsval();
	ignore_segments();
	expect_within_ms(1500, ACK, .seq = 1, .len = FULL); /* a time-out: what is echoed counts */
	srtt = script_info().srtt_us;
	rto = script_info().rto_us;
	inject(ACK, .ack = 1, .tsecr = tsval);
	inject(ACK, .ack = 1, .len = DATA_LEN, .tsecr = tsval);
	ignore_segments();
	check_eq(script_info().srtt_us, srtt);
	check_eq(script_info().rto_us, rto);
	inject(ACK, .ack = 1 + FULL, .tsecr = tsval);
	ignore_segments();
	check(script_info().srtt_us != srtt);
	inject(ACK);
	expect_acked(2 * FULL);
}

SCRIPT(clocks_of_their_own,
    "RFC 7323 5.4: ms, in proportion to time, from an offset of each connection")
{
	uint32_t tsval[8];

	for (unsigned int i = 0; i < 8; i++) {
		use_peer(i);
		given(ESTABLISHED, .ts = ON);
		inject(ACK, .len = DATA_LEN);
		expect_within_ms(40, ACK);
		tsval[i] = script_engine_tsval();
		for (unsigned int j = 0; j < i; j++) /* one that all share differs by a second */
			check((uint32_t)(tsval[i] - tsval[j] + 60000) > 120000);
		advance_ms(5000);
		inject(ACK, .len = DATA_LEN);
		expect_within_ms(40, ACK);
		check((uint32_t)(script_engine_tsval() - tsval[i]) >= 5000);
		check((uint32_t)(script_engine_tsval() - tsval[i]) <= 5041);
	}
}

SCRIPT(no_scale_without_syn, "RFC 7323 2.2: a window scale without SYN MUST be ignored")
{
	given(ESTABLISHED, .wscale = 3, .wnd = 1000, .ts = OFF);
	check_eq(script_info().snd_wnd, 8000);
	inject(ACK, .wnd = 1000, .options = "\x01\x03\x03\x07", .options_len = 4);
	check_eq(script_info().snd_wscale, 3);
	check_eq(script_info().snd_wnd, 8000);
	inject(ACK, .wnd = 1001);
	check_eq(script_info().snd_wnd, 8008);
}

SCRIPT_MAIN()

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP options: timestamps and PAWS (RFC 7323 3 to 5), window scale (RFC 7323 2), MSS
 * (RFC 9293 3.7.1), options unknown or broken (3.1, 3.2); and the connection's own, as
 * spt_conn_set changes them and the wire shows them.
 */
#include <string.h>

#include <lib/script.h>

#define DAY 86400000ull

/* ---- timestamps ------------------------------------------------------------------------- */

/* The peer's TSval, so many milliseconds from now. */
static int64_t
ts(int ms)
{
	return script_tsval() + (uint32_t)ms;
}

SCRIPT(timestamps_negotiated, "RFC 7323 3.2: on all segments once both SYNs had them")
{
	given(LISTEN, .ts = ON);
	inject(SYN, .tsval = 12345);
	expect(SYN | ACK, .with = P_TIMESTAMP, .tsecr = 12345);
	inject(ACK, .tsval = 12346);
	app_send(10);
	expect(ACK, .len = 10, .with = P_TIMESTAMP, .tsecr = 12346);
	inject(FIN | ACK, .tsval = 12347);
	expect(ACK, .with = P_TIMESTAMP, .tsecr = 12347);
	expect_event(SPT_PEER_CLOSED);
}

SCRIPT(timestamps_not_offered, "RFC 7323 3.2: not unless the SYN had them")
{
	given(ESTABLISHED, .ts = OFF);
	check(!script_info().timestamps);
	app_send(10);
	expect(ACK, .len = 10, .without = P_TIMESTAMP);
	inject(ACK);
}

SCRIPT(timestamps_refused, "RFC 7323 3.2; septet.h: no_timestamps")
{
	given(LISTEN, .ts = ON, .conn.no_timestamps = true);
	inject(SYN);
	expect(SYN | ACK, .without = P_TIMESTAMP);
	inject(ACK, .no_ts = true);
	inject(ACK, .len = 10, .no_ts = true);
	expect_data(10);
	expect_after_ms(40, ACK, .without = P_TIMESTAMP);
	/* one that was not negotiated MUST be ignored, the segment processed */
	inject(ACK, .len = 10, .tsval = 1);
	expect_data(10);
	expect_after_ms(40, ACK, .without = P_TIMESTAMP);
}

SCRIPT(tsval_runs, "RFC 7323 5.4: monotonic, a tick of 1 ms to 1 s")
{
	uint32_t first, last;

	given(ESTABLISHED, .ts = ON, .conn.nodelay = true);
	app_send(1);
	expect(ACK, .len = 1);
	first = last = script_engine_tsval();
	for (unsigned int i = 0; i < 10; i++) {
		inject(ACK);
		advance_ms(1000);
		app_send(1);
		expect(ACK, .len = 1);
		check(script_engine_tsval() - last >= 1);
		check(script_engine_tsval() - last <= 1001);
		last = script_engine_tsval();
	}
	check(last - first <= 10001);
	expect_after_ms(200, ACK, .seq = 11, .len = 1);
	check(script_engine_tsval() - last >= 199); /* sent again, with the time it is now */
	inject(ACK);
}

SCRIPT(echo_of_the_earliest, "RFC 7323 4.2: with delayed ACKs that of the first segment")
{
	int64_t t;

	given(ESTABLISHED, .ts = ON);
	inject(ACK, .len = 100, .tsval = ts(1), .more = true);
	inject(ACK, .len = 100, .tsval = ts(2));
	expect(ACK, .ack = 201, .tsecr = ts(1));
	t = ts(3);
	inject(ACK, .len = 100, .tsval = t);
	expect_silence_ms(30);
	inject(ACK, .tsval = t + 1);
	expect_after_ms(10, ACK, .ack = 301, .tsecr = t);
}

/* The table of RFC 7323 4.3, with its hole and its reordering. */
SCRIPT(echo_over_holes, "RFC 7323 4.3")
{
	int64_t t;

	given(ESTABLISHED, .ts = ON, .conn.no_delayed_ack = true);
	t = ts(0);
	inject(ACK, .seq = 1, .len = 100, .tsval = t + 1); /* A */
	expect(ACK, .ack = 101, .tsecr = t + 1);
	inject(ACK, .seq = 201, .len = 100, .tsval = t + 3); /* C */
	expect(ACK, .ack = 101, .tsecr = t + 1);
	inject(ACK, .seq = 101, .len = 100, .tsval = t + 2); /* B */
	expect(ACK, .ack = 301, .tsecr = t + 2);
	inject(ACK, .seq = 401, .len = 100, .tsval = t + 5); /* E */
	expect(ACK, .ack = 301, .tsecr = t + 2);
	inject(ACK, .seq = 301, .len = 100, .tsval = t + 4); /* D */
	expect(ACK, .ack = 501, .tsecr = t + 4);
	expect_data(500);
}

SCRIPT(echo_of_a_bare_ack, "RFC 7323 4.3 (2): SEG.SEQ =< Last.ACK.sent")
{
	given(ESTABLISHED, .ts = ON);
	inject(ACK, .tsval = ts(50));
	app_send(1);
	expect(ACK, .len = 1, .tsecr = ts(50));
	inject(ACK, .tsval = ts(50));
}

SCRIPT(no_echo_of_the_unacceptable, "RFC 7323 4.3, 5.3 R1: checked before it is remembered")
{
	int64_t t;

	given(ESTABLISHED, .ts = ON);
	t = ts(0);
	inject(ACK, .tsval = t);
	inject(ACK, .seq = 200000, .len = 10, .tsval = t + 1000, .rejected = true);
	expect(ACK, .tsecr = t);
	inject(ACK, .seq = -200000, .tsval = t + 1000, .rejected = true);
	expect(ACK, .tsecr = t);
	inject(ACK, .len = 10, .tsval = t);
	expect_data(10);
	expect_after_ms(40, ACK, .tsecr = t);
}

SCRIPT(paws, "RFC 7323 5.3 R1: dropped, and an ACK in reply")
{
	int64_t t;

	given(ESTABLISHED, .ts = ON);
	t = ts(100);
	inject(ACK, .tsval = t);
	inject(ACK, .len = 10, .tsval = t - 1, .rejected = true);
	expect_verdict(SPT_V_TCP_PAWS);
	expect_data(0);
	expect(ACK, .ack = 1, .tsecr = t);
	inject(ACK, .len = 10, .tsval = (uint32_t)t + 0x80000001u, .rejected = true);
	expect_verdict(SPT_V_TCP_PAWS);
	expect(ACK, .ack = 1, .tsecr = t);
	inject(FIN | ACK, .tsval = t - 1, .rejected = true);
	expect_verdict(SPT_V_TCP_PAWS);
	expect(ACK, .ack = 1, .tsecr = t);
	expect_state(ESTABLISHED);
	inject(ACK, .len = 10, .tsval = t); /* not less: good */
	expect_data(10);
	expect_after_ms(40, ACK, .ack = 11);
	inject(ACK, .len = 10, .tsval = (uint32_t)t + 0x7fffffffu);
	expect_data(10);
	expect_after_ms(40, ACK, .ack = 21, .tsecr = (uint32_t)t + 0x7fffffffu);
}

SCRIPT(paws_spares_rst, "RFC 7323 5.3 R1: and if the RST bit is not set")
{
	given(ESTABLISHED, .ts = ON);
	inject(ACK, .tsval = ts(100));
	inject(RST | ACK, .tsval = ts(-100));
	expect_verdict(SPT_V_TCP_RST);
	expect_closed(-ECONNRESET);
	expect_gone();
}

SCRIPT(rst_without_timestamp, "RFC 7323 3.2: a RST is taken without one")
{
	given(ESTABLISHED, .ts = ON);
	inject(RST, .no_ts = true);
	expect_verdict(SPT_V_TCP_RST);
	expect_closed(-ECONNRESET);
}

SCRIPT(timestamp_missing, "RFC 7323 3.2: SHOULD silently drop the segment")
{
	given(ESTABLISHED, .ts = ON);
	inject(ACK, .len = 10, .no_ts = true, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_TIMESTAMP);
	inject(FIN | ACK, .no_ts = true, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_TIMESTAMP);
	expect_data(0);
	expect_silence_ms(1000);
	expect_state(ESTABLISHED);
}

SCRIPT(idle_for_23_days, "RFC 7323 5.5: TS.Recent is valid for 24 days")
{
	int64_t t;

	given(ESTABLISHED, .ts = ON);
	t = ts(0);
	expect_silence_ms(23 * DAY);
	inject(ACK, .len = 10, .tsval = t - 1, .rejected = true);
	expect_verdict(SPT_V_TCP_PAWS);
	expect(ACK, .ack = 1);
}

SCRIPT(idle_for_25_days, "RFC 7323 5.5: invalidated when idle for longer than 24 days")
{
	int64_t t;

	given(ESTABLISHED, .ts = ON);
	t = ts(0);
	expect_silence_ms(25 * DAY);
	inject(ACK, .len = 10, .tsval = t - 1000);
	expect_data(10);
	expect_after_ms(40, ACK, .ack = 11, .tsecr = t - 1000);
	/* and from here on that one counts */
	inject(ACK, .len = 10, .tsval = t - 1001, .rejected = true);
	expect_verdict(SPT_V_TCP_PAWS);
	expect(ACK, .ack = 11);
}

SCRIPT(gap_after_25_days, "RFC 7323 5.5: also if what comes first stands behind a gap")
{
	int64_t t;

	given(ESTABLISHED, .ts = ON);
	t = ts(0);
	expect_silence_ms(25 * DAY);
	inject(ACK, .seq = 11, .len = 10, .tsval = t - 1000);
	expect(ACK, .ack = 1);
	inject(ACK, .seq = 1, .len = 10, .tsval = t - 999);
	expect_data(20);
	expect(ACK, .ack = 21, .tsecr = t - 999);
}

SCRIPT(stranger_after_25_days, "RFC 7323 5.5; RFC 5961 5.2: what is discarded renews nothing")
{
	int64_t t;

	given(ESTABLISHED, .ts = ON);
	t = ts(0);
	expect_silence_ms(25 * DAY);
	inject(PSH, .len = 10, .tsval = t - 1, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_ACK);
	inject(ACK, .len = 10, .tsval = t - 1000);
	expect_data(10);
	expect_after_ms(40, ACK, .ack = 11, .tsecr = t - 1000);
}

SCRIPT(peers_clock_wraps, "RFC 7323 5.2: timestamps are compared modulo 2^32")
{
	bool wrapped = false;

	given(ESTABLISHED, .ts = ON, .conn.no_delayed_ack = true);
	for (unsigned int i = 0; i < 10; i++) {
		int64_t t = ts(0);

		inject(ACK, .len = 10);
		expect_data(10);
		expect(ACK, .tsecr = t != 0 ? t : ZERO);
		advance_ms(50);
		wrapped = wrapped || ts(0) < t;
	}
	check(wrapped);
}

/* ---- window scale -------------------------------------------------------------------------- */

SCRIPT(every_shift, "RFC 7323 2.3: 0 to 14, larger ones are 14")
{
	static const uint8_t more[] = {15, 16, 31, 32, 128, 255};

	for (unsigned int i = 0; i < 15 + sizeof(more); i++) {
		unsigned int offered = i < 15 ? i : more[i - 15], shift = i < 15 ? i : 14;

		use_peer(i);
		given(ESTABLISHED, .wscale = offered ? (int64_t)offered : ZERO, .wnd = 1000);
		check_eq(script_info().snd_wscale, shift);
		check_eq(script_info().snd_wnd, 1000u << shift);
		inject(ACK, .wnd = 65535);
		check_eq(script_info().snd_wnd, 65535u << shift);
	}
}

SCRIPT(windows_of_syns_are_not_scaled, "RFC 7323 2.2, 2.3")
{
	struct spt_conn_info info[4];
	uint64_t cursor = 0;
	unsigned int n;
	bool found = false;

	given(LISTEN, .wscale = 7, .wnd = 1000, .conn.receive_buffer = 1000000,
	    .conn.receive_buffer_max = 1000000);
	inject(SYN);
	expect(SYN | ACK, .wnd = 65535, .wscale = 4);
	while ((n = spt_engine_walk(script_engine(), &cursor, info, 4)) > 0) {
		for (unsigned int i = 0; i < n; i++) {
			if (info[i].state != SPT_SYN_RECEIVED)
				continue;
			found = true;
			check_eq(info[i].snd_wnd, 1000);
		}
	}
	check(found);
	inject(ACK, .wnd = 10);
	check_eq(script_info().snd_wnd, 1280);
	inject(ACK, .len = 16);
	expect_after_ms(40, ACK, .wnd = (1000000 - 16) / 16);
}

SCRIPT(scale_needs_both, "RFC 7323 2.2: used if both SYNs had it")
{
	given(LISTEN, .conn.receive_buffer = 1000000);
	inject(SYN);
	expect(SYN | ACK, .without = P_WSCALE, .wnd = 65535);
	inject(ACK, .wnd = 1000);
	check_eq(script_info().snd_wnd, 1000);
	inject(ACK, .len = 16);
	expect_after_ms(40, ACK, .wnd = 65535);
}

SCRIPT(scale_refused, "RFC 7323 2.2; septet.h: no_window_scale")
{
	given(LISTEN, .wscale = 7, .conn.no_window_scale = true, .conn.receive_buffer = 1000000);
	inject(SYN);
	expect(SYN | ACK, .without = P_WSCALE, .wnd = 65535);
	inject(ACK, .wnd = 1000);
	check_eq(script_info().snd_wnd, 1000);
	inject(ACK, .len = 16);
	expect_after_ms(40, ACK, .wnd = 65535);
}

/* ---- MSS ------------------------------------------------------------------------------------- */

static uint32_t
payload_of_mss(uint32_t v4, uint32_t v6)
{
	return (script_family() == 4 ? v4 : v6) - (script_timestamps() ? 12 : 0);
}

/* Two full segments of this size go out for the peer's SYN as given. */
static void
expect_payload(uint32_t n)
{
	check_eq(script_info().mss, n);
	script_app_send(2 * n, 0, 0);
	script_expect(&(struct expect){.flags = ACK, .len = n});
	script_expect(&(struct expect){.flags = ACK, .len = n});
	script_expect_nothing();
	script_inject(&(struct inject){.flags = ACK});
}

SCRIPT(mss_announced, "RFC 9293 3.7.1 MUST-14, MUST-67: from the MTU, headers of fixed size")
{
	given(LISTEN);
	inject(SYN);
	expect(SYN | ACK, .mss = script_family() == 4 ? 1460 : 1440);
	inject(ACK);
	use_peer(1);
	given(LISTEN);
	inject(SYN, .mss = 300); /* it does not depend on the peer's */
	expect(SYN | ACK, .mss = script_family() == 4 ? 1460 : 1440);
	inject(ACK);
}

SCRIPT(mss_configured, "RFC 9293 3.7.1; septet.h: the largest that we announce")
{
	given(LISTEN, .conn.mss = 1000);
	inject(SYN);
	expect(SYN | ACK, .mss = 1000);
	inject(ACK);
}

SCRIPT(mss_missing, "RFC 9293 3.7.1 MUST-15: 536 or 1220")
{
	given(ESTABLISHED, .mss = ZERO);
	expect_payload(payload_of_mss(536, 1220));
}

SCRIPT(mss_huge, "RFC 9293 3.7.1 MUST-16: no more than the link takes")
{
	given(ESTABLISHED, .mss = 65535);
	expect_payload(payload_of_mss(1460, 1440));
}

SCRIPT(mss_tiny, "docs/decisions.md: below 76 it is 76")
{
	given(ESTABLISHED, .mss = 1);
	expect_payload(payload_of_mss(76, 76));
	use_peer(1);
	given(ESTABLISHED, .mss = 76);
	expect_payload(payload_of_mss(76, 76));
	use_peer(2);
	given(ESTABLISHED, .mss = 77);
	expect_payload(payload_of_mss(77, 77));
}

SCRIPT(mss_of_zero, "docs/decisions.md: below 76 it is 76")
{
	given(LISTEN, .ts = OFF);
	inject(SYN, .options = "\x02\x04\x00\x00", .options_len = 4);
	expect(SYN | ACK);
	inject(ACK);
	expect_payload(76);
}

SCRIPT(mss_on_other_segments, "RFC 9293 3.2: only in a SYN")
{
	given(ESTABLISHED, .ts = OFF);
	inject(ACK, .options = "\x02\x04\x00\x64\x03\x03\x05\x01", .options_len = 8);
	check_eq(script_info().snd_wscale, 0);
	expect_payload(script_family() == 4 ? 1460 : 1440);
}

/* ---- unknown and broken ------------------------------------------------------------------------
 */

SCRIPT(unknown_on_syn, "RFC 9293 3.1 MUST-6: ignored")
{
	given(LISTEN, .ts = OFF);
	inject(SYN, .options = "\xfd\x06\xf9\x89\x00\x00\x02\x04\x02\x00\x4c\x02\x01\x01\x01\x01",
	    .options_len = 16);
	expect(SYN | ACK, .without = P_TIMESTAMP | P_WSCALE | P_SACK_PERM);
	inject(ACK);
	expect_payload(512);
}

SCRIPT(unknown_on_data, "RFC 9293 3.1 MUST-5, MUST-6")
{
	given(ESTABLISHED, .ts = OFF);
	inject(ACK, .len = 10, .options = "\x4c\x08\xaa\xbb\xcc\xdd\xee\xff", .options_len = 8);
	expect_data(10);
	/* what a connection did not negotiate: SACK, SACK-permitted */
	inject(ACK, .len = 10, .options = "\x01\x01\x05\x0a\x00\x00\x00\x01\x00\x00\x00\x02",
	    .options_len = 12);
	expect_data(10);
	expect(ACK, .ack = 21);
	inject(ACK, .len = 10, .options = "\x04\x02\x01\x01", .options_len = 4);
	expect_data(10);
	/* the longest header, all padding; nothing counts behind the end of the list */
	inject(ACK, .len = 10, .options_len = 40,
	    .options = "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
	               "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
	               "\x00\xff\x00\xff");
	expect_data(10);
	expect(ACK, .ack = 41);
}

SCRIPT(timestamps_at_any_place, "RFC 9293 3.2 MUST-64: whatever the alignment")
{
	uint32_t t, engine;
	uint8_t raw[20];

	given(ESTABLISHED, .ts = ON, .conn.no_delayed_ack = true);
	app_send(1);
	expect(ACK, .len = 1);
	engine = script_engine_tsval();
	for (unsigned int before = 0; before <= 6; before++) {
		memset(raw, 1, sizeof(raw));
		if (before >= 3) {
			raw[0] = 0xfd;
			raw[1] = (uint8_t)before;
		}
		t = (uint32_t)ts((int)before);
		raw[before] = 8;
		raw[before + 1] = 10;
		for (unsigned int i = 0; i < 4; i++) {
			raw[before + 2 + i] = (uint8_t)(t >> (24 - 8 * i));
			raw[before + 6 + i] = (uint8_t)(engine >> (24 - 8 * i));
		}
		inject(ACK, .len = 10, .options = (const char *)raw, .options_len = 20);
		expect_data(10);
		expect(ACK, .tsecr = t);
	}
}

struct broken {
	const char *bytes;
	uint8_t n;
};

static const struct broken broken[] = {
    {"\xfd\x00\x01\x01", 4},                                  /* no length at all */
    {"\xfd\x01\x01\x01", 4},                                  /* shorter than itself */
    {"\x01\x01\x01\xfd", 4},                                  /* its length is missing */
    {"\xfd\x05\x01\x01", 4},                                  /* beyond the header */
    {"\x01\x01\x08\x0a\x00\x00\x00\x01", 8},                  /* cut */
    {"\x08\x09\x00\x00\x00\x01\x00\x00\x00\x01\x01\x01", 12}, /* timestamps of 9 */
    {"\x02\x03\x05\x01", 4},                                  /* MSS of 3 */
    {"\x03\x02\x01\x01", 4},                                  /* window scale of 2 */
    {"\x04\x03\x00\x01", 4},                                  /* SACK-permitted of 3 */
    {"\x05\x09\x00\x00\x00\x01\x00\x00\x00\x01\x01\x01", 12}, /* SACK of 9 */
};

SCRIPT(illegal_lengths, "RFC 9293 3.1 MUST-7: coped with; in septet such a segment is dropped")
{
	given(ESTABLISHED, .ts = OFF);
	for (unsigned int i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		inject(ACK, .len = 10, .options = broken[i].bytes, .options_len = broken[i].n,
		    .rejected = true);
		expect_verdict(SPT_V_TCP_BAD_OPTION);
		expect_nothing();
		use_peer(1);
		inject(
		    SYN, .options = broken[i].bytes, .options_len = broken[i].n, .rejected = true);
		expect_verdict(SPT_V_TCP_BAD_OPTION);
		expect_nothing();
		use_peer(0);
	}
	expect_data(0);
	inject(ACK, .len = 10);
	expect_data(10);
	expect_after_ms(40, ACK, .ack = 11);
}

/* ---- the options of a connection
 * ------------------------------------------------------------------ */

SCRIPT(dscp_and_ttl_of_the_listener, "RFC 9293 3.9.1.9 MUST-48, SHLD-22; 3.9.2 MUST-49")
{
	given(LISTEN, .conn.dscp = 10, .conn.ttl = 17);
	inject(SYN);
	expect(SYN | ACK, .tos = 40, .ttl = 17);
	inject(ACK);
	app_send(10);
	expect(ACK, .len = 10, .tos = 40, .ttl = 17);
	expect_after_ms(200, ACK, .seq = 1, .len = 10, .tos = 40, .ttl = 17);
	inject(FIN | ACK);
	expect(ACK, .tos = 40, .ttl = 17);
	expect_event(SPT_PEER_CLOSED);
}

SCRIPT(dscp_and_ttl_changed, "RFC 9293 3.9.1.9 SHLD-21: during the life of a connection")
{
	given(ESTABLISHED);
	use_peer(1);
	given(ESTABLISHED);
	app_send(10);
	expect(ACK, .len = 10, .tos = ZERO, .ttl = 64);
	inject(ACK);
	app_set(.dscp = 46, .ttl = 3);
	app_send(10);
	expect(ACK, .len = 10, .tos = 184, .ttl = 3);
	inject(ACK, .len = 1);
	expect_after_ms(40, ACK, .tos = 184, .ttl = 3);
	app_set(.ttl = 255);
	app_shutdown();
	expect(FIN | ACK, .tos = ZERO, .ttl = 255);
	inject(ACK);
	use_peer(0); /* of the same listener, and not concerned */
	app_send(10);
	expect(ACK, .len = 10, .tos = ZERO, .ttl = 64);
	inject(ACK);
}

SCRIPT(options_are_told, "septet.h: spt_conn_get, spt_conn_set")
{
	struct spt_conn_options o;

	given(ESTABLISHED, .conn.ttl = 9);
	check_eq(spt_conn_get(script_engine(), script_conn(), &o), 0);
	check_eq(o.ttl, 9);
	check_eq(o.keepalive_idle_ms, 7200000);
	check_eq(o.keepalive, false);
	o.dscp = 64;
	check_eq(spt_conn_set(script_engine(), script_conn(), &o), -EINVAL);
	o.dscp = 1;
	o.congestion = SPT_CONGESTION_ALGORITHMS;
	check_eq(spt_conn_set(script_engine(), script_conn(), &o), -EINVAL);
	o.congestion = SPT_CONGESTION_NEWRENO;
	o.ecn = SPT_ECN_NEVER + 1;
	check_eq(spt_conn_set(script_engine(), script_conn(), &o), -EINVAL);
	o.ecn = SPT_ECN_NEVER;
	o.receive_buffer_max = (UINT32_C(1) << 30) + 1;
	check_eq(spt_conn_set(script_engine(), script_conn(), &o), -EINVAL);
	o.receive_buffer_max = 1 << 30;
	o.r2_ms = (uint32_t)DAY + 1;
	check_eq(spt_conn_set(script_engine(), script_conn(), &o), -EINVAL);
	o.r2_ms = 0;
	o.send_buffer = (1u << 30) + 1;
	check_eq(spt_conn_set(script_engine(), script_conn(), &o), -EINVAL);
	app_send(10);
	expect(ACK, .len = 10, .tos = ZERO, .ttl = 9); /* nothing changed */
	inject(ACK);
	o.send_buffer = 1000;
	o.nodelay = true;
	check_eq(spt_conn_set(script_engine(), script_conn(), &o), 0);
	script_settle();
	check_eq(spt_conn_get(script_engine(), script_conn(), &o), 0);
	check_eq(o.send_buffer, 1000);
	check_eq(o.dscp, 1);
	check_eq(o.nodelay, true);
}

SCRIPT(send_buffer_changed, "septet.h: spt_conn_set")
{
	given(ESTABLISHED, .conn.send_buffer = 1000);
	app_send(1000);
	expect(ACK, .len = 1000);
	app_send_fails(1, -EAGAIN);
	app_set(.send_buffer = 2000, .nodelay = true);
	app_send(1);
	expect(ACK, .len = 1);
	inject(ACK);
	expect_acked(1001);
}

SCRIPT_MAIN()

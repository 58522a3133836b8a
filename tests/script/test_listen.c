/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that find no connection: CLOSED (RFC 9293 3.10.7.1) and LISTEN (3.10.7.2), what a SYN
 * may ask for, what refuses it, and the end of a listener (3.10.4, 3.10.5).
 */
#include <string.h>

#include <base/addr.h>
#include <engine/engine.h>

#include <lib/script.h>

#define CLOSED_PORT (SCRIPT_PORT + 1)

/* ---- CLOSED ------------------------------------------------------------------ */

SCRIPT(closed_syn, "RFC 9293 3.10.7.1: ACK off: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>")
{
	given(LISTEN);
	inject(SYN, .dport = CLOSED_PORT, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_LISTENER);
	expect_rst();
	expect_counted(resets_sent, 1);
	inject(SYN, .dport = CLOSED_PORT, .len = 10, .rejected = true);
	expect_rst();
	inject(SYN | FIN, .dport = CLOSED_PORT, .rejected = true);
	expect_rst();
	expect_gone();
}

SCRIPT(closed_no_ack, "RFC 9293 3.10.7.1: a segment without ACK or RST")
{
	given(LISTEN);
	inject(FIN, .dport = CLOSED_PORT, .rejected = true);
	expect_rst();
	inject(PSH, .dport = CLOSED_PORT, .len = 100, .rejected = true);
	expect_rst();
	inject(FIN | PSH | URG, .dport = CLOSED_PORT, .len = 3, .rejected = true);
	expect_rst();
	inject(0, .dport = CLOSED_PORT, .len = 1, .rejected = true);
	expect_rst();
}

SCRIPT(closed_ack, "RFC 9293 3.10.7.1: ACK on: <SEQ=SEG.ACK><CTL=RST>")
{
	given(LISTEN);
	inject(ACK, .dport = CLOSED_PORT, .ack = 12345, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_LISTENER);
	expect_rst();
	inject(SYN | ACK, .dport = CLOSED_PORT, .ack = 777, .rejected = true);
	expect_rst();
	inject(FIN | ACK, .dport = CLOSED_PORT, .ack = -1, .rejected = true);
	expect_rst();
	inject(PSH | ACK, .dport = CLOSED_PORT, .len = 500, .ack = 1, .rejected = true);
	expect_rst();
}

SCRIPT(closed_rst, "RFC 9293 3.10.7.1: a RST is discarded, never answered")
{
	given(LISTEN);
	inject(RST, .dport = CLOSED_PORT);
	expect_verdict(SPT_V_TCP_CLOSED_RST);
	inject(RST | ACK, .dport = CLOSED_PORT, .ack = 5);
	expect_verdict(SPT_V_TCP_CLOSED_RST);
	inject(RST | SYN, .dport = CLOSED_PORT);
	inject(RST | FIN | ACK, .dport = CLOSED_PORT, .len = 10);
	expect_nothing();
}

/* Thousands at one instant are not answered by thousands; later ones are answered again. */
SCRIPT(closed_rst_limit, "RFC 5961 7: limits on what is sent in response; RFC 9293 3.10.7.1")
{
	unsigned int answered = 0, sent = 0;

	given(LISTEN, .ts = OFF);
	for (; sent < 3000; sent++) {
		inject(ACK, .dport = CLOSED_PORT, .ack = 1, .rejected = true,
		    .more = sent % 250 != 249);
		if (sent % 250 == 249)
			answered += ignore_segments();
	}
	check(answered > 0);
	check(answered < sent);
	inject(ACK, .dport = CLOSED_PORT, .ack = 1, .rejected = true);
	expect_verdict(SPT_V_TCP_RST_LIMITED);
	expect_nothing();
	expect_silence_ms(1000);
	inject(ACK, .dport = CLOSED_PORT, .ack = 1, .rejected = true);
	expect_rst();
}

/* ---- LISTEN ------------------------------------------------------------------ */

SCRIPT(listen_rst, "RFC 9293 3.10.7.2, first: a RST is ignored")
{
	given(LISTEN);
	inject(RST);
	expect_nothing();
	inject(RST | ACK, .ack = 1);
	expect_nothing();
	inject(RST | SYN);
	expect_nothing();
	expect_gone();
}

SCRIPT(listen_ack, "RFC 9293 3.10.7.2, second: any ACK is bad: <SEQ=SEG.ACK><CTL=RST>")
{
	given(LISTEN);
	inject(ACK, .ack = 100, .rejected = true);
	expect_rst();
	inject(SYN | ACK, .ack = -100, .rejected = true);
	expect_rst();
	inject(FIN | ACK, .ack = 1, .rejected = true);
	expect_rst();
	inject(PSH | ACK, .ack = 1, .len = 1000, .rejected = true);
	expect_rst();
	expect_gone();
}

SCRIPT(listen_other, "RFC 9293 3.10.7.2, fourth: neither RST, ACK nor SYN: dropped")
{
	given(LISTEN);
	inject(FIN, .rejected = true);
	expect_nothing();
	inject(PSH | URG, .len = 100, .rejected = true);
	expect_nothing();
	inject(0, .len = 1, .rejected = true);
	expect_nothing();
	expect_gone();
}

SCRIPT(syn_with_data, "DESIGN 6: only IRS + 1 is acknowledged; RFC 9293 3.10.7.2, third; MAY-1")
{
	given(LISTEN);
	inject(SYN, .len = 100);
	expect_verdict(SPT_V_TCP_SYN);
	expect(SYN | ACK, .ack = 1);
	expect_state(SYN_RECEIVED);
	inject(ACK, .seq = 1, .len = 100);
	expect_event(SPT_ACCEPTED);
	expect_data(100);
	expect_after_ms(40, ACK, .ack = 101);
}

SCRIPT(syn_with_fin, "DESIGN 6: only IRS + 1 is acknowledged; RFC 9293 3.10.7.2, third")
{
	given(LISTEN);
	inject(SYN | FIN);
	expect(SYN | ACK, .ack = 1);
	expect_state(SYN_RECEIVED);
	inject(ACK, .seq = 1);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
	expect_nothing();
	inject(FIN | ACK, .seq = 1);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 2);
}

SCRIPT(syn_with_more_flags, "RFC 9293 3.10.7.2, third")
{
	given(LISTEN);
	inject(SYN | PSH | URG, .up = 1);
	expect(SYN | ACK);
}

/* ---- addresses --------------------------------------------------------------- */

static struct spt_addr
address(uint32_t v4, const char *v6)
{
	uint8_t bytes[16];

	if (script_family() == 4)
		return addr_from_v4(rte_cpu_to_be_32(v4));
	memcpy(bytes, v6, sizeof(bytes));
	return addr_from_v6(bytes);
}

#define OURS  address(0x0a010001, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1")
#define THEIR address(0x0a010009, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09")

static void
segment_between(struct spt_addr from, struct spt_addr to, const char *mac, uint8_t flags)
{
	static uint8_t flat[PACKET_MAX];
	struct packet p = {
	    .eth_src = {{2, 0, 0, 0, 0, 2}},
	    .family = (uint8_t)script_family(),
	    .src = from,
	    .dst = to,
	    .ttl = 64,
	    .sport = SCRIPT_PEER_PORT,
	    .dport = SCRIPT_PORT,
	    .seq = 5000,
	    .ack = 6000,
	    .wnd = 1000,
	    .flags = flags,
	};

	memcpy(p.eth_dst.addr_bytes, mac, 6);
	inject_frame(flat, packet_build(&p, flat));
	expect_nothing();
	expect_gone();
}

#define OUR_MAC "\2\0\0\0\0\1"

SCRIPT(to_group, "RFC 9293 MUST-57: a SYN to a broadcast or multicast address is discarded")
{
	struct spt_addr group =
	    address(0xe0000001, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1"); /* all hosts */
	struct spt_addr net = address(0x0a0100ff, "\xff\x0e\0\0\0\0\0\0\0\0\0\0\0\1\0\7");
	struct spt_addr all = address(0xffffffff, "\xff\5\0\0\0\0\0\0\0\0\0\0\0\1\0\3");

	given(LISTEN);
	segment_between(THEIR, group, OUR_MAC, SYN);
	expect_verdict(SPT_V_IP_GROUP);
	segment_between(THEIR, net, OUR_MAC, SYN);
	expect_verdict(SPT_V_IP_GROUP);
	segment_between(THEIR, all, OUR_MAC, SYN);
	expect_verdict(SPT_V_IP_GROUP);
	/* nor is anything else answered, by RST for one */
	segment_between(THEIR, group, OUR_MAC, ACK);
	segment_between(THEIR, net, OUR_MAC, FIN);
	segment_between(THEIR, all, "\xff\xff\xff\xff\xff\xff", SYN);
	/* RFC 1122 3.3.6: by link-layer broadcast, to a host's address */
	segment_between(THEIR, OURS, "\xff\xff\xff\xff\xff\xff", SYN);
}

SCRIPT(from_group, "RFC 9293 MUST-63: a SYN from an address that is no host's is ignored")
{
	struct spt_addr group = address(0xe0000001, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1");
	struct spt_addr loop = address(0x7f000001, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1");
	struct spt_addr none = address(0, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	struct spt_addr net = address(0x0a0100ff, "\xff\5\0\0\0\0\0\0\0\0\0\0\0\1\0\3");
	struct spt_addr all = address(0xffffffff, "\xff\x0e\0\0\0\0\0\0\0\0\0\0\0\1\0\3");
	enum spt_verdict v = script_family() == 4 ? SPT_V_IP4_BAD_SOURCE : SPT_V_IP6_BAD_SOURCE;

	given(LISTEN);
	segment_between(group, OURS, OUR_MAC, SYN);
	expect_verdict(v);
	segment_between(loop, OURS, OUR_MAC, SYN);
	expect_verdict(v);
	segment_between(none, OURS, OUR_MAC, SYN);
	expect_verdict(v);
	segment_between(net, OURS, OUR_MAC, SYN);
	expect_verdict(v);
	segment_between(all, OURS, OUR_MAC, SYN);
	expect_verdict(v);
}

SCRIPT(not_ours, "RFC 1122 3.2.1.3: a datagram for another host is discarded")
{
	given(LISTEN);
	segment_between(
	    THEIR, address(0x0a010003, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\3"), OUR_MAC, SYN);
	expect_verdict(SPT_V_IP_NOT_LOCAL);
}

static int
listen_to(uint8_t host, uint16_t port, uint16_t mss)
{
	struct spt_listen_options options = {.conn.mss = mss};
	struct spt_endpoint local = {.addr = OURS, .port = port};

	local.addr.b[15] = host;
	return spt_listen(script_engine(), &local, &options);
}

SCRIPT(most_specific_listener, "RFC 9293 3.10.1, 3.9.1.1 MUST-43: a local address in OPEN")
{
	int specific;

	given(LISTEN);
	specific = listen_to(2, SCRIPT_PORT, 700);
	check(specific >= 0);
	inject(SYN);
	expect(SYN | ACK, .mss = script_family() == 4 ? 1460 : 1440);
	use_peer(1);
	inject(SYN, .local = 1);
	expect(SYN | ACK, .mss = 700);
	check_eq(spt_unlisten(script_engine(), specific, SPT_UNLISTEN_DRAIN), 0);
	use_peer(2);
	inject(SYN, .local = 1);
	expect(SYN | ACK, .mss = script_family() == 4 ? 1460 : 1440);
}

SCRIPT(one_address_only, "RFC 9293 3.10.1, 3.10.7.1: elsewhere the port is closed")
{
	given(LISTEN);
	check(listen_to(2, CLOSED_PORT, 0) >= 0);
	inject(SYN, .dport = CLOSED_PORT, .rejected = true);
	expect_rst();
	inject(SYN, .dport = CLOSED_PORT, .local = 1);
	expect(SYN | ACK);
}

SCRIPT(listen_errors, "septet.h, spt_listen; RFC 9293 3.10.1")
{
	struct spt_endpoint any = {.port = 0};

	given(LISTEN);
	check_eq(spt_listen(script_engine(), &any, NULL), -EINVAL);
	any.port = SCRIPT_PORT;
	check_eq(spt_listen(script_engine(), &any, NULL), -EADDRINUSE);
	check_eq(listen_to(77, 99, 0), -EADDRNOTAVAIL);
	check_eq(spt_unlisten(script_engine(), 5, SPT_UNLISTEN_DRAIN), -ENOENT);
	check_eq(spt_unlisten(script_engine(), -1, SPT_UNLISTEN_DRAIN), -ENOENT);
	check_eq(spt_unlisten(script_engine(), 70000, SPT_UNLISTEN_RESET), -ENOENT);
	for (uint16_t port = 100; port < 107; port++)
		check(listen_to(1, port, 0) >= 0);
	check_eq(listen_to(1, 107, 0), -ENOSPC); /* the harness asked for 8 */
}

/* ---- options ----------------------------------------------------------------- */

static uint32_t
default_mss(void)
{
	return (script_family() == 4 ? 536 : 1220) - (script_timestamps() ? 12 : 0);
}

SCRIPT(no_mss_option, "RFC 9293 3.7.1 MUST-15: 536 bytes, over IPv6 1220")
{
	given(ESTABLISHED, .mss = ZERO);
	app_send(2 * default_mss());
	expect(ACK, .len = default_mss());
	expect(ACK, .len = default_mss());
	inject(ACK);
}

SCRIPT(small_mss, "RFC 9293 3.7.1 MUST-16: min(SendMSS + 20, MMS_S) - TCPhdrsize")
{
	uint32_t len = 700 - (script_timestamps() ? 12 : 0);

	given(ESTABLISHED, .mss = 700);
	len = 700 - (script_timestamps() ? 12 : 0);
	app_send(2 * len);
	expect(ACK, .len = len);
	expect(ACK, .len = len);
	inject(ACK);
}

SCRIPT(large_mss, "RFC 9293 3.7.1 MUST-16: never larger than our own link takes")
{
	uint32_t len;

	given(ESTABLISHED, .mss = 9000);
	len = (script_family() == 4 ? 1460 : 1440) - (script_timestamps() ? 12 : 0);
	app_send(2 * len);
	expect(ACK, .len = len);
	expect(ACK, .len = len);
	inject(ACK);
}

SCRIPT(our_mss, "RFC 9293 3.7.1 SHLD-5, MUST-67: MTU less fixed headers, options not counted")
{
	given(LISTEN);
	inject(SYN);
	expect(SYN | ACK, .with = P_MSS, .mss = script_family() == 4 ? 1460 : 1440);
}

SCRIPT(configured_mss, "RFC 9293 3.7.1; septet.h, spt_conn_options.mss")
{
	given(LISTEN, .conn.mss = 600);
	inject(SYN);
	expect(SYN | ACK, .mss = 600);
}

SCRIPT(window_scale_not_offered, "RFC 7323 2.2: only if the SYN had it")
{
	given(LISTEN);
	inject(SYN, .wnd = 5000);
	expect(SYN | ACK, .without = P_WSCALE);
	inject(ACK, .wnd = 5000);
	check_eq(script_info().snd_wscale, 0);
	check_eq(script_info().rcv_wscale, 0);
	check_eq(script_info().snd_wnd, 5000);
}

SCRIPT(window_scale_offered, "RFC 7323 2.2, 2.3: the window of a SYN itself is not scaled")
{
	given(LISTEN, .wscale = 7, .conn.receive_buffer = 1 << 20);
	inject(SYN, .wnd = 5000);
	expect(SYN | ACK, .with = P_WSCALE, .wnd = 65535);
	inject(ACK, .wnd = 5000);
	check_eq(script_info().snd_wscale, 7);
	check_eq(script_info().snd_wnd, 5000 << 7);
	check(script_info().rcv_wscale >= 5); /* 2^20 has to fit into 16 bits */
}

SCRIPT(window_scale_zero, "RFC 7323 2.2: a shift of 0 is an offer too")
{
	given(LISTEN, .wscale = ZERO);
	inject(SYN, .wnd = 5000);
	expect(SYN | ACK, .with = P_WSCALE);
	inject(ACK, .wnd = 5000);
	check_eq(script_info().snd_wnd, 5000);
}

SCRIPT(window_scale_fifteen, "RFC 7323 2.3: a shift above 14 is used as 14")
{
	given(ESTABLISHED, .wscale = 15, .wnd = 3);
	check_eq(script_info().snd_wscale, 14);
	check_eq(script_info().snd_wnd, 3 << 14);
}

SCRIPT(window_scale_off, "RFC 7323 2.2: both ends have to want it")
{
	given(LISTEN, .wscale = 7, .conn.no_window_scale = true);
	inject(SYN);
	expect(SYN | ACK, .without = P_WSCALE);
	inject(ACK, .wnd = 5000);
	check_eq(script_info().snd_wnd, 5000);
	check_eq(script_info().snd_wscale, 0);
}

SCRIPT(timestamps_not_offered, "RFC 7323 3.2: only if the SYN had TSopt")
{
	given(LISTEN, .ts = OFF);
	inject(SYN);
	expect(SYN | ACK, .without = P_TIMESTAMP);
	inject(ACK);
	app_send(10);
	expect(ACK, .len = 10, .without = P_TIMESTAMP);
	inject(ACK);
}

SCRIPT(timestamps_offered, "RFC 7323 3.2: then on every segment, TSecr echoing")
{
	given(LISTEN, .ts = ON);
	inject(SYN, .tsval = 4242);
	expect(SYN | ACK, .with = P_TIMESTAMP, .tsecr = 4242);
	inject(ACK, .tsval = 4243);
	app_send(10);
	expect(ACK, .len = 10, .with = P_TIMESTAMP, .tsecr = 4243);
	inject(ACK, .tsval = 4244);
}

SCRIPT(timestamps_off, "RFC 7323 3.2: both ends have to want them")
{
	given(LISTEN, .ts = ON, .conn.no_timestamps = true);
	inject(SYN);
	expect(SYN | ACK, .without = P_TIMESTAMP);
	inject(ACK, .no_ts = true);
	expect_state(ESTABLISHED);
}

SCRIPT(sack_agreed, "RFC 2018 2: SACK-permitted, when the peer sent it and the listener wants it")
{
	given(LISTEN, .sack_perm = true);
	inject(SYN);
	expect(SYN | ACK, .with = P_SACK_PERM);
	inject(ACK);
	check_eq(script_info().sack, true);
}

SCRIPT(sack_not_wanted, "septet.h: no_sack; RFC 2018 2")
{
	given(LISTEN, .sack_perm = true, .conn.no_sack = true);
	inject(SYN);
	expect(SYN | ACK, .without = P_SACK_PERM);
	inject(ACK);
	check_eq(script_info().sack, false);
}

struct options {
	const char *bytes;
	uint8_t len;
	int64_t mss; /* what they say of it; 0: nothing */
};

SCRIPT(odd_options, "RFC 9293 3.1 MUST-4, MUST-6, MUST-64: any order, any boundary, unknown kinds")
{
	static const struct options odd[] = {
	    {"\1\1\1\1", 4, 0}, {"\0\2\0\0", 4, 0},       /* nothing counts behind the end */
	    {"\xfd\4\xab\xcd", 4, 0},                     /* unknown */
	    {"\x4d\2\x4e\2", 4, 0},                       /* unknown, empty */
	    {"\1\2\4\3\xe8\0\0\0", 8, 1000},              /* MSS at an odd place */
	    {"\xfd\3\0\1\1\1\2\4\3\xe8\0\xff", 12, 1000}, /* MSS behind an unknown one */
	    {"\3\3\5\2\4\3\xe8\0", 8, 1000},              /* behind a window scale */
	};

	given(LISTEN, .ts = OFF);
	for (unsigned int i = 0; i < RTE_DIM(odd); i++) {
		int64_t mss = odd[i].mss ? odd[i].mss : default_mss();

		use_peer(i);
		given(LISTEN, .ts = OFF);
		inject(SYN, .options = odd[i].bytes, .options_len = odd[i].len);
		expect(SYN | ACK);
		inject(ACK);
		app_send(2 * (uint32_t)mss);
		expect(ACK, .len = (uint32_t)mss);
		expect(ACK, .len = (uint32_t)mss);
		inject(ACK);
	}
}

SCRIPT(illegal_options, "RFC 9293 3.1 MUST-7: an illegal length, such as zero")
{
	static const struct options bad[] = {
	    {"\xfd\0\0\0", 4, 0},                    /* an endless loop for the careless */
	    {"\2\0\5\xb4", 4, 0},                    /* the same of a known kind */
	    {"\xfd\1\0\0", 4, 0},                    /* shorter than itself */
	    {"\xfd\5\0\0", 4, 0},                    /* beyond the header */
	    {"\1\1\1\2", 4, 0},                      /* the length is missing */
	    {"\2\4\5\xb4\1\1\1\xfd", 8, 0},          /* the same behind a good one */
	    {"\2\3\5\0", 4, 0},                      /* MSS of 3 */
	    {"\2\5\5\xb4\0\0\0\0", 8, 0},            /* MSS of 5 */
	    {"\3\4\2\0", 4, 0},                      /* window scale of 4 */
	    {"\x08\x09\0\0\0\1\0\0\0\0\0\0", 12, 0}, /* timestamps of 9 */
	};

	given(LISTEN, .ts = OFF);
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		use_peer(i);
		inject(SYN, .options = bad[i].bytes, .options_len = bad[i].len, .rejected = true);
		expect_verdict(SPT_V_TCP_BAD_OPTION);
		expect_nothing();
		expect_gone();
	}
}

SCRIPT(options_later, "RFC 9293 3.1 MUST-4, MUST-6: in any segment; MSS and scale only on a SYN")
{
	given(ESTABLISHED, .ts = OFF);
	inject(ACK, .len = 10, .options = "\xfd\4\xab\xcd", .options_len = 4);
	expect_data(10);
	inject(ACK, .len = 10, .options = "\2\4\0\x64\3\3\x0e\0", .options_len = 8);
	expect_data(10);
	ignore_segments();
	app_send(FULL);
	expect(ACK, .len = FULL);
	inject(ACK, .wnd = 1000);
	check_eq(script_info().snd_wnd, 1000);
	inject(ACK, .len = 10, .options = "\xfd\0\0\0", .options_len = 4, .rejected = true);
	expect_verdict(SPT_V_TCP_BAD_OPTION);
	expect_data(0);
	expect_nothing();
}

/* ---- what runs out ----------------------------------------------------------- */

SCRIPT(backlog_full, "DESIGN 6: half-open records up to the listener's backlog")
{
	given(LISTEN, .backlog = 2, .config.syn_cookies = SPT_COOKIES_NEVER);
	for (unsigned int i = 0; i < 2; i++) {
		use_peer(i);
		inject(SYN);
		expect(SYN | ACK);
	}
	use_peer(2);
	inject(SYN, .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_BACKLOG);
	expect_nothing();
	expect_gone();
	use_peer(0);
	inject(SYN); /* a repeated one needs no place */
	expect(SYN | ACK);
	inject(ACK);
	expect_state(ESTABLISHED);
	use_peer(2);
	inject(SYN);
	expect(SYN | ACK);
	use_peer(1);
	inject(RST, .seq = 1);
	use_peer(3);
	inject(SYN);
	expect(SYN | ACK);
}

SCRIPT(no_record_left, "DESIGN 4: running out is a counted refusal")
{
	given(SYN_RECEIVED, .config = {.half_open = 1, .syn_cookies = SPT_COOKIES_NEVER});
	use_peer(1);
	inject(SYN, .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_NO_RECORD);
	expect_nothing();
	use_peer(0);
	inject(ACK);
	expect_state(ESTABLISHED);
	use_peer(1);
	inject(SYN);
	expect(SYN | ACK);
}

/* Whether a flow of the peer's 'port' has buckets 'a' and 'b' of the engine's table. */
static bool
flow_lies_in(const struct flow_table *t, uint16_t port, const struct flow_bucket *a,
    const struct flow_bucket *b)
{
	struct flow_key key = {
	    .raddr = THEIR,
	    .rport = rte_cpu_to_be_16(port),
	    .lport = rte_cpu_to_be_16(SCRIPT_PORT),
	};
	uint64_t hash = flow_hash(t, &key);
	const struct flow_bucket *first = flow_first_bucket(t, hash);
	const struct flow_bucket *other = flow_other_bucket(t, first, flow_tag(hash));

	return (first == a && other == b) || (first == b && other == a);
}

SCRIPT(flow_refused, "DESIGN 4: bounded insert, a refusal instead of growth")
{
	const struct flow_bucket *bucket;
	unsigned int n = 0;
	uint16_t port = 1;

	given(LISTEN, .config = {.connections = 1, .timewait = 1, .half_open = 64});
	bucket = script_engine()->tcp.flows.buckets;
	for (; n < 2 * FLOW_SLOTS; n++, port++) {
		while (!flow_lies_in(&script_engine()->tcp.flows, port, bucket, bucket + 1))
			check(++port < SCRIPT_PEER_PORT);
		inject(SYN, .sport = port, .rejected = true);
		expect_verdict(SPT_V_TCP_SYN);
		check_eq(ignore_segments(), 1);
	}
	while (!flow_lies_in(&script_engine()->tcp.flows, port, bucket, bucket + 1))
		check(++port < SCRIPT_PEER_PORT);
	inject(SYN, .sport = port, .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_NO_FLOW);
	expect_counted(flow_refused, 1);
	expect_nothing();
	inject(SYN, .rejected = true); /* others have room */
	expect_verdict(SPT_V_TCP_SYN);
	ignore_segments();
}

/* ---- the end of a listener ----------------------------------------------------- */

static void
unlisten_afterwards(void)
{
	inject(ACK, .rejected = true);
	expect_rst();
	use_peer(0);
	expect_state(ESTABLISHED);
	inject(ACK, .len = 100);
	expect_data(100);
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK);
	use_peer(2);
	inject(SYN, .rejected = true);
	expect_verdict(SPT_V_TCP_NO_LISTENER);
	expect_rst();
}

SCRIPT(unlisten_drain, "RFC 9293 3.10.4, LISTEN; septet.h, spt_unlisten: records are dropped")
{
	struct spt_endpoint any = {.port = SCRIPT_PORT};
	int again;

	given(ESTABLISHED);
	use_peer(1);
	given(SYN_RECEIVED);
	app_unlisten(SPT_UNLISTEN_DRAIN);
	expect_nothing();
	expect_gone();
	unlisten_afterwards();
	check_eq(spt_unlisten(script_engine(), 0, SPT_UNLISTEN_DRAIN), -ENOENT);
	again = spt_listen(script_engine(), &any, NULL);
	check(again >= 0);
	use_peer(3);
	inject(SYN);
	expect(SYN | ACK);
}

SCRIPT(unlisten_reset, "RFC 9293 3.10.5, SYN-RECEIVED: <SEQ=SND.NXT><CTL=RST>")
{
	given(ESTABLISHED);
	use_peer(1);
	given(SYN_RECEIVED);
	app_unlisten(SPT_UNLISTEN_RESET);
	expect(RST | ACK, .seq = 1);
	expect_gone();
	unlisten_afterwards();
}

SCRIPT(
    unlisten_after_the_last_syn_ack, "RFC 9293 3.10.5, SYN-RECEIVED: at every step of the back-off")
{
	given(SYN_RECEIVED);
	for (unsigned int seconds = 1; seconds <= 16; seconds *= 2)
		expect_after_ms(seconds * 1000, SYN | ACK, .seq = ZERO);
	app_unlisten(SPT_UNLISTEN_RESET);
	expect(RST | ACK, .seq = 1);
	expect_gone();
}

SCRIPT_MAIN()

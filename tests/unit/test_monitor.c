/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The monitor itself: correct traces pass, and each rule fires on a hand-made trace that
 * breaks it and nothing else. IN is what the watched end receives, OUT what it sends; numbers
 * are relative to the initial ones, which lie just below 2^32. The window is 1000 unless stated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/monitor.h>
#include <lib/packet.h>

#define ISS 0xfffffff0u
#define IRS 0xffffff00u

static struct rte_mempool *pool;
static struct monitor *monitor;
static spt_time now;
static uint8_t bytes[4096];

static const struct rte_ether_addr our_mac = {{2, 0, 0, 0, 0, 1}}, peer_mac = {{2, 0, 0, 0, 0, 2}};

static void
see(bool out, struct packet p, void (*mangle)(uint8_t *frame, unsigned int length))
{
	static uint8_t flat[PACKET_MAX];
	struct spt_addr ours = {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
	struct spt_addr theirs = {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}};
	struct rte_mbuf *m;
	unsigned int length;

	p.family = 4;
	p.wnd = p.wnd ? p.wnd : 1000;
	p.src = out ? ours : theirs;
	p.dst = out ? theirs : ours;
	p.eth_src = out ? our_mac : peer_mac;
	if (p.eth_dst.addr_bytes[0] == 0)
		p.eth_dst = out ? peer_mac : our_mac;
	p.sport = p.sport ? p.sport : (out ? 7 : 1000);
	p.dport = p.dport ? p.dport : (out ? 1000 : 7);
	p.seq += out ? ISS : IRS;
	if (p.flags & P_ACK)
		p.ack += out ? IRS : ISS;
	if (p.payload == NULL)
		p.payload = bytes + (p.seq & 0xff);
	length = packet_build(&p, flat);
	if (mangle != NULL)
		mangle(flat, length);
	m = packet_mbuf(pool, flat, length);
	assert_non_null(m);
	monitor_see(monitor, now, out, m);
	rte_pktmbuf_free(m);
}

#define IN(f, ...)               see(false, (struct packet){.flags = (f), __VA_ARGS__}, NULL)
#define OUT(f, ...)              see(true, (struct packet){.flags = (f), __VA_ARGS__}, NULL)
#define OUT_MANGLED(how, f, ...) see(true, (struct packet){.flags = (f), __VA_ARGS__}, how)

#define TS(val, ecr) .options = P_TIMESTAMP, .tsval = (val), .tsecr = (ecr)

static void
assert_broken(enum monitor_rule rule)
{
	if (monitor_broken(monitor) != rule && monitor_report(monitor) != NULL)
		print_error("%s\n", monitor_report(monitor));
	assert_string_equal(monitor_rule_name(monitor_broken(monitor)), monitor_rule_name(rule));
}

#define assert_fine() assert_broken(MONITOR_NONE)

static int
setup(void **state)
{
	monitor = monitor_create("septet", "peer", &our_mac, 1500);
	now = ENV_EPOCH;
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	return 0;
}

static int
teardown(void **state)
{
	monitor_destroy(monitor);
	return env_pool_in_use(pool) != 0;
}

/* A handshake: MSS 100 from the peer, window 1000, no other options. */
static void
handshake(void)
{
	IN(P_SYN, .options = P_MSS, .mss = 100);
	OUT(P_SYN | P_ACK, .ack = 1, .options = P_MSS, .mss = 1460);
	IN(P_ACK, .seq = 1, .ack = 1);
}

static void
handshake_ts(void)
{
	IN(P_SYN, TS(500, 0));
	OUT(P_SYN | P_ACK, .ack = 1, TS(9000, 500));
	IN(P_ACK, .seq = 1, .ack = 1, TS(501, 9000));
}

/* ---- good traces -------------------------------------------------------- */

static void
test_good_life(void **state)
{
	handshake();
	IN(P_ACK, .seq = 1, .ack = 1, .len = 50);
	OUT(P_ACK, .seq = 1, .ack = 51, .wnd = 950, .len = 80);
	OUT(P_ACK, .seq = 1, .ack = 51, .len = 80);  /* retransmission */
	OUT(P_ACK, .seq = 41, .ack = 51, .len = 60); /* half old, half new */
	IN(P_ACK, .seq = 51, .ack = 101, .wnd = 10);
	OUT(P_ACK, .seq = 101, .ack = 51, .len = 10);
	OUT(P_ACK, .seq = 111, .ack = 51, .len = 1); /* a probe of the window */
	IN(P_ACK, .seq = 61, .ack = 112, .len = 10); /* out of order */
	OUT(P_ACK, .seq = 112, .ack = 51);
	IN(P_ACK, .seq = 51, .ack = 112, .len = 10);
	OUT(P_ACK, .seq = 112, .ack = 71);
	OUT(P_FIN | P_ACK, .seq = 112, .ack = 71);
	OUT(P_FIN | P_ACK, .seq = 112, .ack = 71);
	IN(P_FIN | P_ACK, .seq = 71, .ack = 113);
	OUT(P_ACK, .seq = 113, .ack = 72);
	assert_fine();
	assert_int_equal(monitor_segments(monitor), 18);
}

static void
test_good_new_life(void **state)
{
	handshake();
	IN(P_FIN | P_ACK, .seq = 1, .ack = 1);
	OUT(P_FIN | P_ACK, .seq = 1, .ack = 2);
	IN(P_ACK, .seq = 2, .ack = 2);
	now += SPT_NS_PER_SEC;
	IN(P_SYN, .seq = 5000);
	OUT(P_SYN | P_ACK, .seq = 90000, .ack = 5001);
	IN(P_ACK, .seq = 5001, .ack = 90001);
	OUT(P_ACK, .seq = 90001, .ack = 5001, .len = 10);
	assert_fine();
}

/* An old SYN reopens TIME-WAIT; the peer resets what it never asked for; the record is back. */
static void
test_good_fall_back(void **state)
{
	handshake();
	OUT(P_FIN | P_ACK, .seq = 1, .ack = 1);
	IN(P_FIN | P_ACK, .seq = 1, .ack = 2);
	OUT(P_ACK, .seq = 2, .ack = 2);
	IN(P_SYN, .seq = 5000);
	OUT(P_SYN | P_ACK, .seq = 90000, .ack = 5001);
	IN(P_RST, .seq = 5001);
	now += SPT_NS_PER_SEC;
	IN(P_FIN | P_ACK, .seq = 1, .ack = 2);
	OUT(P_ACK, .seq = 2, .ack = 2);
	assert_fine();
}

#define SYN_OPTIONS P_MSS | P_WSCALE | P_TIMESTAMP
#define OUR_SYN     .options = SYN_OPTIONS, .mss = 1460, .wscale = 2, .tsval = 9000

/* An active open; what the peer does not answer is off; text and FIN ride on its SYN-ACK. */
static void
test_good_active(void **state)
{
	IN(P_RST, .seq = 4444); /* the peer's MAC is known */
	OUT(P_SYN, OUR_SYN);
	now += SPT_NS_PER_SEC;
	OUT(P_SYN, OUR_SYN);
	IN(P_SYN | P_ACK, .ack = 77, .seq = 5); /* a stranger's: a RST, and we wait on */
	OUT(P_RST, .seq = 77);
	IN(P_SYN | P_ACK | P_FIN, .ack = 1, .len = 20, .options = P_MSS, .mss = 100, .wnd = 500);
	OUT(P_ACK | P_PSH, .seq = 1, .ack = 22, .len = 50, .wnd = 979);
	OUT(P_FIN | P_ACK, .seq = 51, .ack = 22, .wnd = 979);
	IN(P_ACK, .seq = 22, .ack = 52);
	assert_fine();
	/* both FINs are done: the tuple again, from our side */
	now += SPT_NS_PER_SEC;
	OUT(P_SYN, .seq = 70000, OUR_SYN);
	IN(P_SYN | P_ACK, .seq = 900, .ack = 70001);
	OUT(P_ACK, .seq = 70001, .ack = 901);
	assert_fine();
}

/* RFC 9293 figure 8, with a SYN-ACK lost each way. */
static void
test_good_simultaneous(void **state)
{
	IN(P_RST, .seq = 4444);
	OUT(P_SYN, OUR_SYN);
	IN(P_SYN, .options = P_MSS | P_TIMESTAMP, .mss = 100, .tsval = 500);
	OUT(P_SYN | P_ACK, .ack = 1, .options = P_MSS | P_TIMESTAMP, .mss = 1460, .tsval = 9000,
	    .tsecr = 500);
	now += SPT_NS_PER_SEC;
	OUT(P_SYN | P_ACK, .ack = 1, .options = P_MSS | P_TIMESTAMP, .mss = 1460, .tsval = 9001,
	    .tsecr = 500);
	IN(P_SYN | P_ACK, .ack = 1, .options = P_TIMESTAMP, .tsval = 501, .tsecr = 9001);
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 50, TS(9001, 501));
	assert_fine();
}

/* Refused, and given up by the user: another ISS may follow at once. */
static void
test_good_given_up(void **state)
{
	struct spt_endpoint ours = {
	    {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}}, 7};
	struct spt_endpoint theirs = {
	    {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}}, 1000};

	IN(P_RST, .seq = 4444);
	OUT(P_SYN, OUR_SYN);
	IN(P_RST | P_ACK, .ack = 1);
	OUT(P_SYN, .seq = 5000, OUR_SYN);
	assert_fine();
	monitor_forget(monitor, &ours, &theirs);
	OUT(P_SYN, .seq = 10000, OUR_SYN);
	assert_fine();
}

static void
test_active_changes_iss(void **state)
{
	IN(P_RST, .seq = 4444);
	OUT(P_SYN, OUR_SYN);
	IN(P_RST, .seq = 0); /* without an ACK it refuses nothing */
	now += SPT_NS_PER_SEC;
	OUT(P_SYN, .seq = 1, OUR_SYN);
	assert_broken(MONITOR_SYN);
}

/* A SYN that was answered comes again, with the peer's acknowledged: as SYN-ACK only. */
static void
test_simultaneous_without_ack(void **state)
{
	IN(P_RST, .seq = 4444);
	OUT(P_SYN, .options = P_MSS, .mss = 1460);
	IN(P_SYN, .options = P_MSS, .mss = 100);
	OUT(P_SYN, .options = P_MSS, .mss = 1460); /* it was on its way */
	assert_fine();
	now += SPT_NS_PER_SEC;
	OUT(P_SYN, .options = P_MSS, .mss = 1460);
	assert_broken(MONITOR_SYN);
}

static void
test_simultaneous_options(void **state)
{
	IN(P_RST, .seq = 4444);
	OUT(P_SYN, OUR_SYN);
	IN(P_SYN, .options = P_MSS | P_TIMESTAMP, .mss = 100, .tsval = 500);
	OUT(P_SYN | P_ACK, .ack = 1, .options = P_MSS, .mss = 1460); /* no timestamps */
	assert_broken(MONITOR_SYN);
}

static void
test_data_in_syn_received(void **state)
{
	IN(P_RST, .seq = 4444);
	OUT(P_SYN, .options = P_MSS, .mss = 1460);
	IN(P_SYN, .options = P_MSS, .mss = 100);
	OUT(P_SYN | P_ACK, .ack = 1, .options = P_MSS, .mss = 1460);
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 10);
	assert_broken(MONITOR_SYN);
}

static void
test_ack_in_syn_sent(void **state)
{
	IN(P_RST, .seq = 4444);
	OUT(P_SYN, .options = P_MSS, .mss = 1460);
	IN(P_ACK, .seq = 10, .ack = 1);
	OUT(P_ACK, .seq = 1, .ack = 1);
	assert_broken(MONITOR_ADDRESS);
}

/* What a SYN offered is not taken back by the third segment. */
static void
test_edge_of_syn(void **state)
{
	IN(P_RST, .seq = 4444);
	OUT(P_SYN, .options = P_MSS, .mss = 1460, .wnd = 1000);
	IN(P_SYN | P_ACK, .ack = 1);
	OUT(P_ACK, .seq = 1, .ack = 1, .wnd = 999);
	assert_broken(MONITOR_EDGE_BACK);
}

static void
test_good_resets(void **state)
{
	IN(P_SYN, .seq = 0);
	OUT(P_RST | P_ACK, .seq = 0u - ISS, .ack = 1); /* a closed port */
	IN(P_ACK, .seq = 77, .ack = 3000, .len = 5);
	OUT(P_RST, .seq = 3000);
	assert_fine();
	handshake();
	IN(P_ACK, .seq = 1, .ack = 1, .len = 50);
	OUT(P_RST | P_ACK, .seq = 1, .ack = 51); /* an abort */
	IN(P_ACK, .seq = 51, .ack = 1, .len = 50);
	OUT(P_RST, .seq = 1);
	assert_fine();
}

static void
test_good_timestamps(void **state)
{
	handshake_ts();
	IN(P_ACK, .seq = 1, .ack = 1, .len = 10, TS(510, 9000));
	OUT(P_ACK, .seq = 1, .ack = 11, TS(9000, 510));
	OUT(P_ACK, .seq = 1, .ack = 11, .len = 10, TS(9001, 510));
	assert_fine();
}

static void
test_good_scaled_edge(void **state)
{
	IN(P_SYN, .options = P_WSCALE, .wscale = 7);
	OUT(P_SYN | P_ACK, .ack = 1, .options = P_WSCALE, .wscale = 4);
	IN(P_ACK, .seq = 1, .ack = 1);
	OUT(P_ACK, .seq = 1, .ack = 1, .wnd = 100); /* to 1601 */
	IN(P_ACK, .seq = 1, .ack = 1, .len = 5);
	OUT(P_ACK, .seq = 1, .ack = 6, .wnd = 99); /* 1590: within the unit */
	for (uint32_t at = 1; at < 1000 * 128; at += 500)
		OUT(P_ACK, .seq = at, .ack = 6, .len = 500, .wnd = 99);
	assert_fine();
	OUT(P_ACK, .seq = 1, .ack = 6, .wnd = 98);
	assert_broken(MONITOR_EDGE_BACK);
}

/* ---- a trace for each rule ---------------------------------------------- */

static void
spoil_checksum(uint8_t *frame, unsigned int length)
{
	frame[14 + 20 + 16] ^= 1;
}

static void
spoil_ip_checksum(uint8_t *frame, unsigned int length)
{
	frame[24] ^= 1;
}

static void
test_malformed(void **state)
{
	IN(P_SYN, .seq = 0);
	OUT_MANGLED(spoil_checksum, P_SYN | P_ACK, .ack = 1);
	assert_broken(MONITOR_MALFORMED);
}

static void
test_malformed_ip(void **state)
{
	IN(P_SYN, .seq = 0);
	OUT_MANGLED(spoil_ip_checksum, P_SYN | P_ACK, .ack = 1);
	assert_broken(MONITOR_MALFORMED);
}

static void
test_malformed_padding(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 1, .ack = 1, .raw_options = (const uint8_t[]){0, 0, 1, 0},
	    .options_len = 4);
	assert_broken(MONITOR_MALFORMED);
}

static void
test_malformed_option(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 1, .ack = 1, .raw_options = (const uint8_t[]){8, 0, 0, 0},
	    .options_len = 4);
	assert_broken(MONITOR_MALFORMED);
}

static void
test_option_on_data(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 1, .ack = 1, .options = P_MSS, .mss = 1460);
	assert_broken(MONITOR_OPTION);
}

static void
test_option_not_offered(void **state)
{
	IN(P_SYN, .options = P_MSS, .mss = 100);
	OUT(P_SYN | P_ACK, .ack = 1, .options = P_WSCALE, .wscale = 3);
	assert_broken(MONITOR_OPTION);
}

static void
test_address_stranger(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 1, .ack = 1, .dport = 1001);
	assert_broken(MONITOR_ADDRESS);
}

static void
test_address_mac(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 1, .ack = 1, .eth_dst = {{2, 0, 0, 0, 0, 9}});
	assert_broken(MONITOR_ADDRESS);
}

static void
test_flags_no_ack(void **state)
{
	handshake();
	OUT(P_PSH, .seq = 1, .len = 1);
	assert_broken(MONITOR_FLAGS);
}

static void
test_flags_ecn(void **state)
{
	handshake();
	OUT(P_ACK | P_ECE, .seq = 1, .ack = 1);
	assert_broken(MONITOR_FLAGS);
}

static void
test_syn_changes_iss(void **state)
{
	IN(P_SYN, .seq = 0);
	OUT(P_SYN | P_ACK, .ack = 1);
	IN(P_SYN, .seq = 0);
	OUT(P_SYN | P_ACK, .seq = 1, .ack = 1);
	assert_broken(MONITOR_SYN);
}

static void
test_syn_in_established(void **state)
{
	handshake();
	/* The ACK of the handshake could not be taken, so the record goes on. */
	OUT(P_SYN | P_ACK, .ack = 1, .options = P_MSS, .mss = 1460);
	IN(P_ACK, .seq = 1, .ack = 1, .len = 1);
	assert_fine();
	OUT(P_ACK, .seq = 1, .ack = 2);
	OUT(P_SYN | P_ACK, .ack = 1);
	assert_broken(MONITOR_SYN);
}

static void
test_syn_never_arrived(void **state)
{
	IN(P_SYN, .seq = 0);
	OUT(P_SYN | P_ACK, .ack = 2);
	assert_broken(MONITOR_SYN);
}

static void
test_window(void **state)
{
	handshake();
	IN(P_ACK, .seq = 1, .ack = 1, .wnd = 1000);
	for (uint32_t at = 1; at < 1001; at += 100)
		OUT(P_ACK, .seq = at, .ack = 1, .len = 100);
	OUT(P_ACK, .seq = 1001, .ack = 1, .len = 1);
	assert_fine();
	OUT(P_ACK, .seq = 1002, .ack = 1, .len = 1);
	assert_broken(MONITOR_WINDOW);
}

static void
test_gap(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 2, .ack = 1, .len = 1);
	assert_broken(MONITOR_GAP);
}

static void
test_seq_back(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 10);
	IN(P_ACK, .seq = 1, .ack = 11);
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 10); /* the same instant: may have crossed */
	assert_fine();
	now += 1000;
	IN(P_ACK, .seq = 1, .ack = 11);
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 9);
	assert_broken(MONITOR_SEQ_BACK);
}

/* Text that had arrived is not acceptable, and need not be heard on what it acknowledges. */
static void
test_seq_back_unheard(void **state)
{
	handshake();
	IN(P_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(P_ACK, .seq = 1, .ack = 11, .len = 10);
	IN(P_ACK, .seq = 1, .ack = 11, .len = 10);
	now += 1000;
	IN(P_ACK, .seq = 1, .ack = 11, .len = 10);
	OUT(P_ACK, .seq = 1, .ack = 11, .len = 10);
	assert_fine();
	IN(P_ACK, .seq = 11, .ack = 11);
	now += 1000;
	IN(P_ACK, .seq = 11, .ack = 11);
	OUT(P_ACK, .seq = 1, .ack = 11, .len = 9);
	assert_broken(MONITOR_SEQ_BACK);
}

/* Our own SYN answers nothing: the peer's, that came before it, may still be refused. */
static void
test_rst_behind_own_syn(void **state)
{
	IN(P_RST, .seq = 4444); /* the peer's MAC is known */
	now += 1000;
	IN(P_SYN);
	OUT(P_SYN);
	OUT(P_RST | P_ACK, .seq = 0u - ISS, .ack = 1);
	assert_fine();
	OUT(P_RST | P_ACK, .seq = 0u - ISS, .ack = 1);
	assert_broken(MONITOR_RST);
}

static void
test_retransmit(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 50);
	OUT(P_ACK, .seq = 51, .ack = 1, .len = 50);
	OUT(P_ACK, .seq = 51, .ack = 1, .len = 50, .payload = bytes + 3);
	assert_broken(MONITOR_RETRANSMIT);
}

static void
test_after_fin_data(void **state)
{
	handshake();
	OUT(P_FIN | P_ACK, .seq = 1, .ack = 1);
	OUT(P_ACK, .seq = 2, .ack = 1, .len = 1);
	assert_broken(MONITOR_AFTER_FIN);
}

static void
test_after_fin_moves(void **state)
{
	handshake();
	OUT(P_FIN | P_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(P_FIN | P_ACK, .seq = 1, .ack = 1, .len = 5);
	assert_broken(MONITOR_AFTER_FIN);
}

static void
test_ack_back(void **state)
{
	handshake();
	IN(P_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(P_ACK, .seq = 1, .ack = 11);
	OUT(P_ACK, .seq = 1, .ack = 10, .wnd = 1001);
	assert_broken(MONITOR_ACK_BACK);
}

static void
test_ack_ahead(void **state)
{
	handshake();
	IN(P_ACK, .seq = 11, .ack = 1, .len = 10); /* 1 .. 10 are missing */
	OUT(P_ACK, .seq = 1, .ack = 21);
	assert_broken(MONITOR_ACK_AHEAD);
}

static void
test_edge_back(void **state)
{
	handshake();
	IN(P_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(P_ACK, .seq = 1, .ack = 11, .wnd = 990);
	assert_fine();
	OUT(P_ACK, .seq = 1, .ack = 11, .wnd = 989);
	assert_broken(MONITOR_EDGE_BACK);
}

static void
test_timestamp_missing(void **state)
{
	handshake_ts();
	OUT(P_ACK, .seq = 1, .ack = 1);
	assert_broken(MONITOR_TIMESTAMP);
}

static void
test_timestamp_unasked(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 1, .ack = 1, TS(1, 1));
	assert_broken(MONITOR_TIMESTAMP);
}

static void
test_timestamp_val_back(void **state)
{
	handshake_ts();
	OUT(P_ACK, .seq = 1, .ack = 1, TS(8999, 501));
	assert_broken(MONITOR_TIMESTAMP);
}

static void
test_timestamp_ecr_nothing(void **state)
{
	handshake_ts();
	OUT(P_ACK, .seq = 1, .ack = 1, TS(9001, 502));
	assert_broken(MONITOR_TIMESTAMP);
}

static void
test_timestamp_ecr_back(void **state)
{
	handshake_ts();
	OUT(P_ACK, .seq = 1, .ack = 1, TS(9001, 501));
	OUT(P_ACK, .seq = 1, .ack = 1, TS(9001, 500));
	assert_broken(MONITOR_TIMESTAMP);
}

static void
test_mss(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 100);
	assert_fine();
	OUT(P_ACK, .seq = 101, .ack = 1, .len = 101);
	assert_broken(MONITOR_MSS);
}

static void
test_mss_mtu(void **state)
{
	IN(P_SYN, .options = P_MSS, .mss = 9000, .wnd = 9000);
	OUT(P_SYN | P_ACK, .ack = 1);
	IN(P_ACK, .seq = 1, .ack = 1, .wnd = 9000);
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 1461);
	assert_broken(MONITOR_MSS);
}

static void
test_rst_answers_rst(void **state)
{
	IN(P_RST | P_ACK, .seq = 5, .ack = 9);
	OUT(P_RST, .seq = 9);
	assert_broken(MONITOR_RST);
}

static void
test_rst_form(void **state)
{
	IN(P_ACK, .seq = 5, .ack = 9);
	OUT(P_RST, .seq = 10);
	assert_broken(MONITOR_RST);
}

static void
test_rst_twice(void **state)
{
	IN(P_ACK, .seq = 5, .ack = 9);
	OUT(P_RST, .seq = 9);
	assert_fine();
	OUT(P_RST, .seq = 9);
	assert_broken(MONITOR_RST);
}

static void
test_after_rst_received(void **state)
{
	handshake();
	IN(P_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(P_ACK, .seq = 1, .ack = 11);
	IN(P_RST, .seq = 11);
	now++;
	OUT(P_ACK, .seq = 1, .ack = 11);
	assert_broken(MONITOR_AFTER_RST);
}

static void
test_after_rst_sent(void **state)
{
	handshake();
	OUT(P_RST | P_ACK, .seq = 1, .ack = 1);
	now++;
	OUT(P_ACK, .seq = 1, .ack = 1);
	assert_broken(MONITOR_AFTER_RST);
}

static void
test_endless(void **state)
{
	handshake();
	for (int i = 0; i < 128; i++) {
		now += 10 * SPT_NS_PER_MS;
		IN(P_ACK, .seq = 5000, .ack = 1);
		OUT(P_ACK, .seq = 1, .ack = 1);
	}
	assert_fine();
	now += 2 * SPT_NS_PER_SEC; /* a pause, as between keep-alives, is no endless exchange */
	for (int i = 0; i < 128; i++)
		OUT(P_ACK, .seq = 1, .ack = 1);
	assert_fine();
	OUT(P_ACK, .seq = 1, .ack = 1);
	assert_broken(MONITOR_ENDLESS);
}

/* A RST is not excused by what was received, and answered, before the RST that it answers. */
static void
test_rst_answers_late(void **state)
{
	IN(P_ACK, .seq = 5, .ack = 9);
	now++;
	IN(P_RST, .seq = 5);
	OUT(P_RST, .seq = 9);
	assert_broken(MONITOR_RST);
}

/* Several segments of a burst are answered after all of them came. */
static void
test_good_reset_of_burst(void **state)
{
	handshake();
	now++;
	IN(P_ACK, .seq = 0, .ack = 1, .len = 1);
	IN(P_ACK, .seq = 1, .ack = 1, .len = 50);
	IN(P_ACK, .seq = 51, .ack = 1, .len = 50);
	OUT(P_ACK, .seq = 1, .ack = 1);
	OUT(P_RST | P_ACK, .seq = 1, .ack = 51);
	OUT(P_RST, .seq = 1);
	assert_fine();
}

/* The report names the rule and shows the ladder with relative numbers. */
static void
test_report(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 2, .ack = 1, .len = 1);
	assert_non_null(strstr(monitor_report(monitor), "GAP"));
	assert_non_null(strstr(monitor_report(monitor), "SYN,ACK seq 0 ack 1"));
	assert_non_null(strstr(monitor_report(monitor), "ACK seq 2 len 1 ack 1"));
}

/* The port's duty is taken into account: a checksum left to it is no fault, if asked for rightly.
 */
static void
see_offload(uint16_t l3_len)
{
	static uint8_t flat[PACKET_MAX];
	struct packet p = {.family = 4,
	    .flags = P_SYN | P_ACK,
	    .sport = 7,
	    .dport = 1000,
	    .seq = ISS,
	    .ack = IRS + 1,
	    .eth_src = our_mac,
	    .eth_dst = peer_mac,
	    .src = {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}},
	    .dst = {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}}};
	unsigned int length = packet_build(&p, flat);
	struct rte_mbuf *m;
	uint32_t sum = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6 + 20;

	flat[24] = flat[25] = 0;
	flat[50] = (uint8_t)(sum >> 8);
	flat[51] = (uint8_t)sum;
	m = packet_mbuf(pool, flat, length);
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	m->l2_len = 14;
	m->l3_len = l3_len;
	m->l4_len = 20;
	monitor_see(monitor, now, true, m);
	rte_pktmbuf_free(m);
}

static void
test_offload(void **state)
{
	IN(P_SYN, .seq = 0);
	see_offload(20);
	assert_fine();
	see_offload(24);
	assert_broken(MONITOR_MALFORMED);
}

static int
group_setup(void **state)
{
	env_start();
	pool = env_pool_create(64);
	return 0;
}

static int
group_teardown(void **state)
{
	env_pool_destroy(pool);
	return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(good_life),
	    T(good_new_life),
	    T(good_fall_back),
	    T(good_active),
	    T(good_simultaneous),
	    T(good_given_up),
	    T(good_resets),
	    T(good_timestamps),
	    T(good_scaled_edge),
	    T(malformed),
	    T(malformed_ip),
	    T(malformed_padding),
	    T(malformed_option),
	    T(option_on_data),
	    T(option_not_offered),
	    T(address_stranger),
	    T(address_mac),
	    T(flags_no_ack),
	    T(flags_ecn),
	    T(syn_changes_iss),
	    T(syn_in_established),
	    T(syn_never_arrived),
	    T(active_changes_iss),
	    T(simultaneous_without_ack),
	    T(simultaneous_options),
	    T(data_in_syn_received),
	    T(ack_in_syn_sent),
	    T(edge_of_syn),
	    T(window),
	    T(gap),
	    T(seq_back),
	    T(seq_back_unheard),
	    T(rst_behind_own_syn),
	    T(retransmit),
	    T(after_fin_data),
	    T(after_fin_moves),
	    T(ack_back),
	    T(ack_ahead),
	    T(edge_back),
	    T(timestamp_missing),
	    T(timestamp_unasked),
	    T(timestamp_val_back),
	    T(timestamp_ecr_nothing),
	    T(timestamp_ecr_back),
	    T(mss),
	    T(mss_mtu),
	    T(rst_answers_rst),
	    T(rst_form),
	    T(rst_answers_late),
	    T(good_reset_of_burst),
	    T(rst_twice),
	    T(after_rst_received),
	    T(after_rst_sent),
	    T(endless),
	    T(report),
	    T(offload),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

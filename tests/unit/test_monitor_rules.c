/* SPDX-License-Identifier: BSD-3-Clause */
/* The monitor itself: each rule fires on a hand-made trace that breaks it and nothing else. */
#include "monitor_trace.h"

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

/* All of it came before, and was refused; what is acknowledged now is new. */
static void
test_endless_but_acknowledged(void **state)
{
	handshake();
	for (uint32_t i = 0; i < 200; i++)
		IN(P_ACK, .seq = 1 + i, .len = 1, .ack = 1);
	now += SPT_NS_PER_MS;
	for (uint32_t i = 0; i < 200; i++) {
		IN(P_ACK, .seq = 1 + i, .len = 1, .ack = 1);
		OUT(P_ACK, .seq = 1, .ack = 2 + i);
	}
	assert_fine();
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(malformed),
	    T(malformed_ip),
	    T(malformed_padding),
	    T(malformed_option),
	    T(option_on_data),
	    T(option_not_offered),
	    T(address_stranger),
	    T(address_mac),
	    T(flags_no_ack),
	    T(syn_changes_iss),
	    T(syn_in_established),
	    T(syn_never_arrived),
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
	    T(endless_but_acknowledged),
	    T(report),
	    T(offload),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

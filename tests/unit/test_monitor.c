/* SPDX-License-Identifier: BSD-3-Clause */
/* The monitor itself: correct traces pass, and what is told from them apart by little does not. */
#include "monitor_trace.h"

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

/* RFC 9293 figure 7, with a SYN-ACK lost each way. */
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

/* Two attempts that waited for a link address, the first of them given up: both SYNs at once. */
static void
test_good_given_up_unresolved(void **state)
{
	IN(P_RST, .seq = 4444);
	OUT(P_SYN, OUR_SYN);
	OUT(P_SYN, .seq = 5000, OUR_SYN);
	assert_fine();
	now++;
	OUT(P_SYN, .seq = 10000, OUR_SYN);
	assert_broken(MONITOR_SYN);
}

/* Where a cookie stands for it a SYN-ACK is answered as in LISTEN, and the ACK opens all the same.
 */
static void
test_good_cookie_after_rst(void **state)
{
	monitor_allow_cookies(monitor);
	IN(P_SYN);
	OUT(P_SYN | P_ACK, .ack = 1);
	IN(P_SYN | P_ACK, .ack = 1);
	OUT(P_RST, .seq = 1);
	now++;
	IN(P_ACK | P_FIN, .seq = 1, .ack = 1);
	OUT(P_ACK, .seq = 1, .ack = 2);
	assert_fine();
}

/* An ACK in front of the window opens nothing, and the cookie for the next SYN has its own ISS. */
static void
test_good_cookie_after_old_ack(void **state)
{
	monitor_allow_cookies(monitor);
	IN(P_SYN);
	OUT(P_SYN | P_ACK, .ack = 1);
	IN(P_ACK, .seq = 0, .ack = 1);
	now++;
	IN(P_SYN);
	OUT(P_SYN | P_ACK, .seq = 777, .ack = 1);
	assert_fine();
}

/* It is over on both sides; the same SYN gets the same cookie once more. */
static void
test_good_cookie_again(void **state)
{
	monitor_allow_cookies(monitor);
	IN(P_SYN);
	OUT(P_SYN | P_ACK, .ack = 1);
	IN(P_ACK | P_FIN, .seq = 1, .ack = 1);
	OUT(P_ACK | P_FIN, .seq = 1, .ack = 2);
	IN(P_SYN);
	OUT(P_ACK, .seq = 2, .ack = 2);
	IN(P_ACK, .seq = 2, .ack = 2);
	IN(P_ACK | P_FIN, .seq = 2, .ack = 2); /* beyond the end of the stream */
	now++;
	IN(P_SYN);
	OUT(P_SYN | P_ACK, .ack = 1);
	assert_fine();
}

static void
test_cookie_not_over(void **state)
{
	monitor_allow_cookies(monitor);
	IN(P_SYN);
	OUT(P_SYN | P_ACK, .ack = 1);
	IN(P_ACK | P_FIN, .seq = 1, .ack = 1);
	OUT(P_ACK | P_FIN, .seq = 1, .ack = 2);
	now++;
	IN(P_SYN);
	OUT(P_SYN | P_ACK, .ack = 1);
	assert_broken(MONITOR_SYN);
}

/* Nor need the ACK be taken that completes a cookie's handshake: there is no record that keeps it.
 */
static void
test_good_cookie_not_taken(void **state)
{
	monitor_allow_cookies(monitor);
	IN(P_SYN);
	OUT(P_SYN | P_ACK, .ack = 1);
	IN(P_ACK, .seq = 1, .ack = 1);
	now++;
	IN(P_SYN);
	OUT(P_SYN | P_ACK, .seq = 777, .ack = 1);
	assert_fine();
	IN(P_ACK, .seq = 1, .ack = 778);
	IN(P_ACK, .seq = 1, .ack = 778, .len = 10);
	OUT(P_ACK, .seq = 778, .ack = 11);
	IN(P_SYN);
	OUT(P_SYN | P_ACK, .seq = 1777, .ack = 1);
	assert_broken(MONITOR_SYN);
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

/* The peer's link address is asked for, or told. */
static void
resolution(bool out)
{
	static uint8_t flat[PACKET_MAX];
	struct spt_addr ours = {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
	struct spt_addr theirs = {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}};
	unsigned int length = packet_ask_resolution(
	    out ? &our_mac : &peer_mac, out ? &ours : &theirs, out ? &theirs : &ours, flat);
	struct rte_mbuf *m = packet_mbuf(pool, flat, length);

	assert_non_null(m);
	monitor_see(monitor, now, out, m);
	rte_pktmbuf_free(m);
}

static void
syn_refused(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		IN(P_SYN, .seq = 0);
		now += SPT_NS_PER_MS;
	}
}

static void
resets(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		OUT(P_RST | P_ACK, .seq = 0u - ISS, .ack = 1);
}

static void
test_good_resets_that_waited(void **state)
{
	resolution(true);
	syn_refused(2);
	resolution(false);
	resets(2);
	assert_fine();
	OUT(P_RST | P_ACK, .seq = 0u - ISS, .ack = 1);
	assert_broken(MONITOR_RST);
}

/* Others ask us meanwhile, which tells nothing. */
static void
test_good_resets_that_wait_on(void **state)
{
	resolution(true);
	syn_refused(1);
	resolution(false);
	now += SPT_NS_PER_MS;
	syn_refused(1);
	resets(2);
	assert_fine();
}

/* Nothing waits any more: one was answered. */
static void
test_resets_of_long_ago(void **state)
{
	resolution(true);
	now += SPT_NS_PER_MS;
	syn_refused(1);
	resets(1);
	assert_fine();
	now += SPT_NS_PER_MS;
	syn_refused(2);
	resets(2);
	assert_broken(MONITOR_RST);
}

/* Nor does it when nobody asked for so long. */
static void
test_resets_that_waited_too_long(void **state)
{
	resolution(true);
	syn_refused(1);
	now += 4 * SPT_NS_PER_SEC;
	syn_refused(1);
	resets(2);
	assert_broken(MONITOR_RST);
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
	    T(good_resets_that_waited),
	    T(good_resets_that_wait_on),
	    T(resets_of_long_ago),
	    T(resets_that_waited_too_long),
	    T(good_timestamps),
	    T(good_scaled_edge),
	    T(good_given_up_unresolved),
	    T(good_cookie_after_rst),
	    T(good_cookie_after_old_ack),
	    T(good_cookie_not_taken),
	    T(good_cookie_again),
	    T(cookie_not_over),
	    T(active_changes_iss),
	    T(simultaneous_without_ack),
	    T(simultaneous_options),
	    T(data_in_syn_received),
	    T(ack_in_syn_sent),
	    T(edge_of_syn),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What the fuzz targets (docs/testing.md) found, each as the shortest script that shows it. */
#include <errno.h>
#include <string.h>

#include <lib/packet.h>
#include <lib/script.h>

/* The monitor sums what is sent: a checksum of 0 is wrong where everything else is 0 too. */
SCRIPT(echo_of_zeros, "RFC 1624 5: the sum of a message of zeros is +0, not -0")
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2}, ours[6] = {2, 0, 0, 0, 0, 1};
	static uint8_t flat[PACKET_MAX];
	struct packet p = {.family = 4, .protocol = 1, .ttl = 64};
	unsigned int at;

	given(LISTEN);
	if (script_family() != 4)
		return; /* where the pseudo-header is in the sum */
	memcpy(&p.eth_src, mac, sizeof(mac));
	memcpy(&p.eth_dst, ours, sizeof(ours));
	p.src = p.dst = script_local_address(0);
	p.src.b[15] = 9; /* the peer */
	at = packet_build_ip(&p, NULL, 0);
	memset(flat + at, 0, 8);
	flat[at] = 8;
	flat[at + 2] = 0xf7;
	flat[at + 3] = 0xff;
	packet_build_ip(&p, flat, 8);
	inject_frame(flat, at + 8);
	expect_verdict(SPT_V_ICMP_ECHO);
	expect_icmp(0, 0);
}

SCRIPT(abort_before_urgent_data, "RFC 9293 3.10.5: <SEQ=SND.NXT><CTL=RST>, and no urgent pointer")
{
	given(ESTABLISHED, .wnd = 5);
	app_send_flags(10, SPT_URGENT_DATA);
	ignore_segments();
	app_abort();
	expect(RST | ACK, .seq = ANY, .wnd = ANY);
	expect_closed(-ECONNABORTED);
}

/* The clock stands on a tick when the probe goes out: the wheel's next one is later than 'now'. */
SCRIPT(idle_timeout_that_has_passed,
    "spt_conn_set: a time-out that is over ends it with the next tick")
{
	given(ESTABLISHED, .conn.keepalive = true, .conn.keepalive_idle_ms = 1000);
	expect_after_ms(1000, ACK, .seq = ZERO);
	app_set(.idle_timeout_ms = 500);
	expect_within_ms(1, RST | ACK, .wnd = ANY);
	expect_closed(-ETIMEDOUT);
}

/* It was kept, and counted as pinned, until the connection ended. */
SCRIPT(data_beyond_the_fin, "RFC 9293 3.10.7.4, seventh: nothing follows the FIN")
{
	given(ESTABLISHED);
	inject(ACK, .seq = 2, .len = 10, .rejected = true);
	expect(ACK, .ack = 1);
	inject(FIN | ACK, .seq = 1);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 2);
	check_eq(script_info().out_of_order, 0);
	app_shutdown();
	expect(FIN | ACK, .ack = 2);
	inject(ACK, .seq = 2);
	expect_closed(0);
}

/* The deadline was the right one, the wheel kept that of the probe. */
SCRIPT(
    less_patience_than_for_a_probe, "RFC 5482 3.3, spt_conn_set: a smaller time-out counts at once")
{
	given(ESTABLISHED, .sack_perm = true);
	app_send(100);
	expect(ACK, .len = 100);
	app_set(.user_timeout_ms = 50);
	expect_within_ms(60, RST | ACK, .wnd = ANY);
	expect_closed(-ETIMEDOUT);
}

/* The peer had no memory for it, and a round trip took less than a microsecond. */
SCRIPT(sent_again_at_once_for_ever, "RFC 8985 6.2: what was sent just now is not lost yet")
{
	given(ESTABLISHED, .sack_perm = true, .conn.nodelay = true);
	app_send(4 * FULL);
	check_eq(ignore_segments(), 4);
	inject(ACK, .ack = 1, .sack = {{1 + FULL, 1 + 4 * FULL}});
	expect(ACK, .seq = 1, .len = FULL);
	for (unsigned int i = 0; i < 10; i++) {
		inject(ACK, .ack = 1, .sack = {{1 + FULL, 1 + 4 * FULL}});
		expect_nothing();
	}
	inject(ACK);
	expect_acked(4 * FULL);
}

/* It was told of beside the FIN, as if there were a gap between them. */
SCRIPT(data_beyond_a_fin_that_waits, "RFC 2018 3: blocks are apart, each is one run")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(FIN | ACK, .seq = 2, .rejected = true);
	expect(ACK, .ack = 1, .sack = {{2, 3}});
	inject(ACK, .seq = 3, .len = 10, .rejected = true);
	expect(ACK, .ack = 1, .sack = {{2, 13}});
	inject(ACK, .seq = 20, .len = 5, .rejected = true);
	expect(ACK, .ack = 1, .sack = {{20, 25}, {2, 13}});
	inject(ACK, .seq = 1, .len = 1);
	expect(ACK, .ack = 3);
	expect_event(SPT_PEER_CLOSED);
	check_eq(script_info().out_of_order, 0);
}

SCRIPT(two_fins_behind_a_gap, "RFC 2018 3; RFC 9293 3.10.7.4, eighth: the last that came counts")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(FIN | ACK, .seq = 2, .rejected = true);
	expect(ACK, .ack = 1, .sack = {{2, 3}});
	inject(FIN | ACK, .seq = 3, .len = 10, .rejected = true);
	expect(ACK, .ack = 1, .sack = {{3, 14}});
	inject(ACK, .seq = 1, .len = 2);
	expect(ACK, .ack = 14);
	expect_event(SPT_PEER_CLOSED);
}

/* The FIN's number was taken for one of the next run. */
SCRIPT(fin_before_data_that_waits, "RFC 2018 4: the first block has what came last")
{
	given(ESTABLISHED, .sack_perm = true);
	inject(ACK, .seq = 30, .len = 10, .rejected = true);
	expect(ACK, .ack = 1, .sack = {{30, 40}});
	inject(FIN | ACK, .seq = 10, .len = 10, .rejected = true);
	expect(ACK, .ack = 1, .sack = {{10, 21}, {30, 40}});
	inject(ACK, .seq = 21, .len = 9, .rejected = true);
	expect(ACK, .ack = 1, .sack = {{10, 40}});
}

SCRIPT_MAIN()

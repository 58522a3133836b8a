/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet shapes of dperf, both roles (docs/interop.md): it offers and understands no option
 * but the MSS, its client's request rides on the third ACK, its server's response carries the FIN.
 * A connection then costs three packets each way, which is what its rates are counted by.
 */
#include <lib/script.h>

#include <septet/septet.h>

#define REQUEST  80
#define RESPONSE 70

static uint64_t rx_before, tx_before;

/* From here on so many packets count. */
static void
count_from_here(void)
{
	struct spt_stats stats;

	spt_engine_stats(script_engine(), &stats);
	rx_before = stats.rx_frames;
	tx_before = stats.tx_frames;
}

static void
check_three_each_way(void)
{
	struct spt_stats stats;

	spt_engine_stats(script_engine(), &stats);
	check_eq((int64_t)(stats.rx_frames - rx_before), 3);
	check_eq((int64_t)(stats.tx_frames - tx_before), 3);
}

/* What an http service does with a request that says "Connection: close", or is its last. */
static void
script_respond(void)
{
	script_app_send(RESPONSE, SPT_PUSH, 0);
	script_app_close();
}

/* ---- dperf's client, our service ----------------------------------------------------------- */

static void
given_a_service(void)
{
	given(LISTEN, .ts = OFF, .wnd = 58400, .conn.nodelay = true);
	app_on(SPT_RECEIVED, respond);
	count_from_here();
}

/* What dperf's client sends, and all that it gets. */
static void
one_connection(void)
{
	inject(SYN);
	expect(SYN | ACK, .with = P_MSS, .without = P_TIMESTAMP | P_WSCALE | P_SACK_PERM);
	inject(PSH | ACK, .len = REQUEST);
	expect(FIN | PSH | ACK, .len = RESPONSE, .ack = 1 + REQUEST, .without = P_TIMESTAMP);
	inject(FIN | ACK);
	expect(ACK, .ack = 2 + REQUEST);
	expect_closed(0);
}

SCRIPT(client_costs_three_each_way, "docs/interop.md: SYN, ACK with the request, FIN")
{
	given_a_service();
	one_connection();
	check_three_each_way();
	expect_data(REQUEST);
	expect_state(TIME_WAIT);
}

/*
 * It has no TIME-WAIT and no clock: a tuple that comes again, at once, has the next sequence number
 * as its ISS. That lies beyond all that was received, which is enough (RFC 6191 2).
 */
SCRIPT(client_uses_a_tuple_again, "docs/interop.md; RFC 9293 3.6.1: SEG.SEQ beyond the old RCV.NXT")
{
	given_a_service();
	one_connection();
	for (int i = 0; i < 3; i++) {
		new_life(1);
		count_from_here();
		one_connection();
		check_three_each_way();
	}
	expect_state(TIME_WAIT);
}

/* Only a SYN-ACK of exactly these flags is one for it, and it sends the whole segment again. */
SCRIPT(client_lost_syn_ack, "docs/interop.md: the SYN again after 2 s, our SYN-ACK before")
{
	given_a_service();
	inject(SYN);
	expect(SYN | ACK);
	expect_after_ms(1000, SYN | ACK, .seq = ZERO);
	inject(PSH | ACK, .len = REQUEST);
	expect(FIN | PSH | ACK, .len = RESPONSE);
	inject(FIN | ACK);
	expect(ACK);
	expect_closed(0);
}

SCRIPT(
    client_lost_request, "docs/interop.md: the request again after 2 s; SYN-ACKs are acknowledged")
{
	given_a_service();
	inject(SYN);
	expect(SYN | ACK);
	expect_after_ms(1000, SYN | ACK, .seq = ZERO);
	inject(ACK);
	expect_silence_ms(1000);
	inject(PSH | ACK, .len = REQUEST);
	expect(FIN | PSH | ACK, .len = RESPONSE);
	inject(FIN | ACK);
	expect(ACK);
	expect_closed(0);
}

SCRIPT(client_lost_response, "docs/interop.md: it answers nothing that does not come in order")
{
	given_a_service();
	inject(SYN);
	expect(SYN | ACK);
	inject(PSH | ACK, .len = REQUEST);
	expect(FIN | PSH | ACK, .len = RESPONSE);
	expect_within_ms(1000, FIN | PSH | ACK, .seq = 1, .len = RESPONSE);
	inject(FIN | ACK);
	expect(ACK);
	expect_closed(0);
}

SCRIPT(client_lost_last_ack, "docs/interop.md: FIN again after 2 s; RFC 9293 3.10.7.4, eighth")
{
	given_a_service();
	one_connection();
	advance_ms(2000);
	inject(FIN | ACK, .seq = 1 + REQUEST);
	expect(ACK, .ack = 2 + REQUEST);
	expect_state(TIME_WAIT);
}

/* Where the service keeps the connection, dperf's client closes it: one segment more comes in. */
SCRIPT(
    client_closes, "docs/interop.md: without keepalive it closes at the first byte of a response")
{
	struct spt_stats stats;

	given(LISTEN, .ts = OFF, .wnd = 58400, .conn.nodelay = true);
	count_from_here();
	inject(SYN);
	expect(SYN | ACK);
	inject(PSH | ACK, .len = REQUEST);
	app_send(RESPONSE);
	expect(PSH | ACK, .len = RESPONSE, .ack = 1 + REQUEST);
	app_on(SPT_PEER_CLOSED, app_close);
	inject(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	expect(FIN | ACK, .ack = 2 + REQUEST);
	inject(ACK);
	expect_closed(0);
	expect_gone();
	spt_engine_stats(script_engine(), &stats);
	check_eq((int64_t)(stats.rx_frames - rx_before), 4);
	check_eq((int64_t)(stats.tx_frames - tx_before), 3);
}

/* ---- our client, dperf's server ------------------------------------------------------------ */

static void
given_a_client(void)
{
	given(LISTEN, .active = ON, .wnd = 58400);
	app_on(SPT_PEER_CLOSED, app_close);
}

static void
dial(void)
{
	count_from_here();
	app_connect();
	expect(SYN, .with = P_MSS);
	app_send(REQUEST);
}

/* Its answers, with whatever option of its SYN-ACK. */
static void
one_request(void)
{
	inject(SYN | ACK, .no_ts = true);
	expect(PSH | ACK, .len = REQUEST, .ack = 1, .without = P_TIMESTAMP | P_WSCALE);
	expect_connected();
	inject(FIN | PSH | ACK, .len = RESPONSE, .no_ts = true);
	expect_event(SPT_PEER_CLOSED);
	expect(FIN | ACK, .ack = 2 + RESPONSE);
	inject(ACK, .no_ts = true);
	expect_closed(0);
	expect_data(RESPONSE);
	expect_acked(REQUEST);
}

SCRIPT(server_costs_three_each_way, "docs/interop.md: the response carries the FIN")
{
	given_a_client();
	dial();
	one_request();
	check_three_each_way();
	expect_gone();
}

SCRIPT(server_without_options, "docs/interop.md, 'mss 0'; RFC 9293 MUST-15: 536, 1220 then")
{
	given(LISTEN, .active = ON, .wnd = 58400, .mss = ZERO);
	app_on(SPT_PEER_CLOSED, app_close);
	dial();
	one_request();
	check_three_each_way();
	expect_gone();
}

/* It keeps nothing of a connection, and the port is free at once: nobody waits for 2MSL. */
SCRIPT(server_again_and_again, "docs/interop.md; TIME-WAIT is on the side that closes first")
{
	given(LISTEN, .active = ON, .wnd = 58400,
	    .source = {.port_first = 40000, .port_last = 40000});
	app_on(SPT_PEER_CLOSED, app_close);
	dial();
	one_request();
	for (int i = 0; i < 3; i++) {
		new_life(1);
		advance_ms(1); /* the clock of our ISS is finer than that */
		dial();
		one_request();
		check_three_each_way();
	}
	expect_counted(connects_no_tuple, 0);
	expect_gone();
}

/* It answers a SYN again only a second after it answered one: our second comes after one. */
SCRIPT(server_lost_syn_ack, "docs/interop.md; RFC 6298 2.1: the SYN again after a second")
{
	given_a_client();
	dial();
	expect_after_ms(1000, SYN, .seq = ZERO);
	one_request();
	expect_gone();
}

/* It understands the last segment again, and only whole: what it has not acknowledged. */
SCRIPT(server_lost_request, "docs/interop.md: what is not in order is dropped without a word")
{
	given_a_client();
	dial();
	inject(SYN | ACK, .no_ts = true);
	expect(PSH | ACK, .len = REQUEST);
	expect_connected();
	expect_within_ms(1500, PSH | ACK, .seq = 1, .len = REQUEST);
	inject(FIN | PSH | ACK, .len = RESPONSE, .no_ts = true);
	expect_event(SPT_PEER_CLOSED);
	expect(FIN | ACK, .ack = 2 + RESPONSE);
	inject(ACK, .no_ts = true);
	expect_closed(0);
}

SCRIPT_MAIN()

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Running out: of connections, records, listeners, mbufs, budgets, room in the event array or
 * in the port. Each is a counted refusal, nothing leaks, and it goes on afterwards (design,
 * section 4). That nothing is left over is asserted by the harness at the end of each script.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include <lib/script.h>

static struct spt_stats
stats(void)
{
	struct spt_stats s;

	spt_engine_stats(script_engine(), &s);
	return s;
}

/* ---- connections, records, listeners ------------------------------------------------------- */

SCRIPT(no_connection_left, "design 4: a counted refusal; the half-open record stays")
{
	given(ESTABLISHED, .config.connections = 1);
	use_peer(1);
	given(SYN_RECEIVED);
	inject(ACK);
	expect_verdict(SPT_V_TCP_HANDSHAKE_NO_CONN);
	expect_nothing();
	expect_state(SYN_RECEIVED);
	check_eq(stats().connections, 1);
	check_eq(stats().half_open, 1);
	/* the SYN-ACK comes again, as if the ACK had been lost */
	expect_after_ms(1000, SYN | ACK, .seq = ZERO);
	inject(ACK);
	expect_verdict(SPT_V_TCP_HANDSHAKE_NO_CONN);
	use_peer(0);
	inject(RST);
	expect_closed(-ECONNRESET);
	use_peer(1);
	inject(ACK, .len = 10);
	expect_verdict(SPT_V_TCP_HANDSHAKE);
	expect_event(SPT_ACCEPTED);
	expect_data(10);
	expect_after_ms(40, ACK);
}

SCRIPT(no_half_open_record_left, "design 4: a counted refusal")
{
	given(SYN_RECEIVED, .config = {.half_open = 1, .syn_cookies = SPT_COOKIES_NEVER});
	use_peer(1);
	given(LISTEN);
	for (unsigned int i = 0; i < 3; i++) {
		inject(SYN);
		expect_verdict(SPT_V_TCP_SYN_NO_RECORD);
		expect_nothing();
	}
	check_eq(stats().half_open, 1);
	use_peer(0);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	use_peer(1);
	inject(SYN);
	expect(SYN | ACK);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
}

SCRIPT(no_time_wait_record_left, "design 4: the oldest is reaped early, and counted")
{
	given(TIME_WAIT, .config.timewait = 2);
	for (unsigned int i = 1; i < 5; i++) {
		use_peer(i);
		given(TIME_WAIT);
		check_eq(stats().timewait, i < 2 ? i + 1 : 2);
		check_eq(stats().timewait_early, i < 2 ? 0 : i - 1);
		expect_state(TIME_WAIT);
	}
	use_peer(0);
	expect_gone();
	use_peer(2);
	expect_gone();
	use_peer(3);
	expect_state(TIME_WAIT);
	advance_ms(60001);
	expect_gone();
	check_eq(stats().timewait, 0);
}

SCRIPT(no_listener_left, "septet.h: spt_listen, -ENOSPC")
{
	struct spt_endpoint at = {.port = 80};
	int first;

	given(ESTABLISHED, .config.listeners = 2);
	first = spt_listen(script_engine(), &at, NULL);
	check(first >= 0);
	at.port = 81;
	for (unsigned int i = 0; i < 2000; i++) /* none of them keeps anything */
		check_eq(spt_listen(script_engine(), &at, NULL), -ENOSPC);
	check_eq(spt_unlisten(script_engine(), first, SPT_UNLISTEN_DRAIN), 0);
	for (unsigned int i = 0; i < 2000; i++) {
		first = spt_listen(script_engine(), &at, NULL);
		check(first >= 0);
		check_eq(spt_unlisten(script_engine(), first, SPT_UNLISTEN_DRAIN), 0);
	}
	script_settle();
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK);
}

SCRIPT(options_changed_often, "septet.h: spt_conn_set; a block for private options, not one each")
{
	given(ESTABLISHED);
	for (unsigned int i = 0; i < 3000; i++) {
		struct spt_conn_options o = {.nodelay = i & 1, .ttl = (uint8_t)(1 + i % 255)};

		check_eq(spt_conn_set(script_engine(), script_conn(), &o), 0);
	}
	script_settle();
	app_send(10);
	expect(ACK, .len = 10, .ttl = 1 + 2999 % 255);
	inject(ACK);
}

/* ---- mbufs
 * --------------------------------------------------------------------------------------- */

static struct rte_mbuf *hoard[4096];
static unsigned int hoarded;

/* The application holds every mbuf of the engine's pool. */
static void
take_all_mbufs(void)
{
	for (unsigned int i = 0; i < 10; i++)
		script_settle(); /* a port may hold what it sent for a while */
	for (hoarded = 0; hoarded < 4096; hoarded++) {
		hoard[hoarded] = spt_buffer_alloc(script_engine());
		if (hoard[hoarded] == NULL)
			break;
	}
	check(hoarded > 1000 && hoarded < 4096);
}

static void
give_mbufs_back(void)
{
	rte_pktmbuf_free_bulk(hoard, hoarded);
	hoarded = 0;
}

/* SYN-ACKs and challenge ACKs are written in place where that is possible, else counted. */
SCRIPT(no_mbuf_for_a_syn_ack, "design 4: a counted refusal; the SYN-ACK comes with its timer")
{
	uint64_t missed;

	given(ESTABLISHED);
	use_peer(1);
	given(LISTEN);
	take_all_mbufs();
	missed = stats().tx_no_mbuf;
	inject(SYN);
	expect_verdict(SPT_V_TCP_SYN);
	check(ignore_segments() + (stats().tx_no_mbuf - missed) == 1);
	give_mbufs_back();
	expect_after_ms(1000, SYN | ACK, .seq = ZERO);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
}

SCRIPT(no_mbuf_for_an_ack, "design 4: what is not acknowledged comes again")
{
	uint64_t missed;

	given(ESTABLISHED);
	take_all_mbufs();
	missed = stats().tx_no_mbuf;
	inject(ACK, .len = 100, .more = true);
	inject(ACK, .len = 100);
	expect_data(200); /* it came in the port's mbufs */
	expect_silence_ms(100);
	check(stats().tx_no_mbuf > missed);
	give_mbufs_back();
	advance_ms(100);
	ignore_segments();
	inject(ACK, .seq = 1, .len = 100);
	expect(ACK, .ack = 201);
	inject(ACK, .len = 100);
	expect_data(100);
	expect_within_ms(40, ACK, .ack = 301);
}

SCRIPT(no_mbuf_for_headers, "design 4: data waits in the queue, and goes when there are mbufs")
{
	static uint8_t bytes[200];
	struct rte_mbuf *head, *tail;
	uint64_t missed;

	given(ESTABLISHED);
	head = spt_buffer_alloc(script_engine());
	tail = spt_buffer_alloc(script_engine());
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	memcpy(rte_pktmbuf_append(head, 100), bytes, 100);
	memcpy(rte_pktmbuf_append(tail, 100), bytes + 100, 100);
	rte_pktmbuf_chain(head, tail);
	take_all_mbufs();
	missed = stats().tx_no_mbuf;
	check_eq(spt_send(script_engine(), script_conn(), head, 0), 0);
	script_settle();
	expect_silence_ms(1000);
	check(stats().tx_no_mbuf > missed);
	give_mbufs_back();
	expect_within_ms(1000, ACK, .len = 200, .bytes = bytes);
	inject(ACK);
	expect_acked(200);
}

SCRIPT(no_mbuf_to_send_again, "design 4; RFC 6298 5.5: the next time-out tries again")
{
	given(ESTABLISHED, .conn.nodelay = true, .conn.r1_retries = 99);
	app_send(100);
	expect(ACK, .len = 100);
	app_send(200);
	expect(ACK, .len = 200);
	take_all_mbufs();
	expect_silence_ms(500);
	give_mbufs_back();
	expect_within_ms(1000, ACK, .seq = 1, .len = 300);
	inject(ACK);
	expect_acked(300);
}

SCRIPT(no_mbuf_for_a_loss_probe, "design 4; RFC 8985 7.3: the RTO is armed, a probe sent or not")
{
	given(SYN_RECEIVED, .sack_perm = true, .active = OFF);
	advance_ms(100); /* SRTT is 100 ms, the RTO 300, the PTO 200 */
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send(2 * FULL);
	check_eq(ignore_segments(), 2);
	take_all_mbufs();
	expect_silence_ms(250);
	check_eq(stats().tlp_probes, 0);
	check(stats().tx_no_mbuf > 0);
	give_mbufs_back();
	expect_after_ms(50, ACK, .seq = 1, .len = FULL);
	check_eq(stats().rto_expirations, 1);
	check_eq(stats().tlp_probes, 0);
	inject(ACK, .ack = 1 + 2 * FULL);
	expect_acked(2 * FULL);
	expect_silence_ms(10000);
}

SCRIPT(no_mbuf_for_a_fin, "design 4; RFC 9293 3.8: a FIN that was not sent is sent again")
{
	given(ESTABLISHED);
	take_all_mbufs();
	app_shutdown();
	expect_silence_ms(100);
	give_mbufs_back();
	expect_within_ms(1000, FIN | ACK);
	inject(ACK);
	expect_state(FIN_WAIT_2);
}

SCRIPT(no_mbuf_for_a_probe, "design 4; RFC 9293 3.8.6.1: probing goes on")
{
	given(ESTABLISHED, .wnd = ZERO);
	app_send(100);
	take_all_mbufs();
	expect_silence_ms(1000);
	give_mbufs_back();
	expect_within_ms(60000, ACK, .seq = 1, .len = 1);
	inject(ACK, .wnd = 1000);
	expect(ACK, .len = 99);
	inject(ACK);
	expect_acked(100);
}

SCRIPT(no_mbuf_for_a_keepalive, "design 4; RFC 9293 3.8.4 MUST-29")
{
	given(ESTABLISHED, .conn.keepalive = true, .conn.keepalive_idle_ms = 1000,
	    .conn.keepalive_interval_ms = 1000);
	take_all_mbufs();
	expect_silence_ms(3500);
	give_mbufs_back();
	expect_within_ms(1000, ACK, .seq = ZERO);
	inject(ACK);
	expect_after_ms(1000, ACK, .seq = ZERO);
}

SCRIPT(no_mbuf_for_a_reset, "design 4; RFC 9293 3.10.5: the connection is over all the same")
{
	given(ESTABLISHED);
	take_all_mbufs();
	app_abort();
	expect_closed(-ECONNABORTED);
	expect_gone();
	expect_nothing();
	give_mbufs_back();
	inject(ACK, .len = 10, .rejected = true);
	expect_rst();
}

/* Others refer to the mbuf as well, so that the queue needs one of its own for it. */
SCRIPT(
    no_mbuf_for_a_shared_one, "septet.h: -ENOBUFS, WRITABLE follows, the chain stays the caller's")
{
	static uint8_t bytes[100];
	struct rte_mbuf *m;

	given(ESTABLISHED);
	m = spt_buffer_alloc(script_engine());
	memset(rte_pktmbuf_append(m, 100), 'x', 100);
	memset(bytes, 'x', 100);
	rte_mbuf_refcnt_update(m, 1);
	take_all_mbufs();
	check_eq(spt_send(script_engine(), script_conn(), m, 0), -ENOBUFS);
	script_settle();
	check_eq(rte_mbuf_refcnt_read(m), 2);
	give_mbufs_back();
	advance_ms(1000);
	expect_event(SPT_WRITABLE);
	check_eq(spt_send(script_engine(), script_conn(), m, 0), 0);
	script_settle();
	expect(ACK, .len = 100, .bytes = bytes);
	inject(ACK);
	expect_acked(100);
	rte_pktmbuf_free(m);
}

/*
 * The pool is short when the application reads: the window stays shut. When the pool is not short
 * any more, nobody but us knows, and the peer probes once a minute only.
 */
SCRIPT(window_told_when_mbufs_are_back, "RFC 9293 3.8.6.2.2: the window opens when there is room")
{
	given(ESTABLISHED, .conn.receive_buffer = 8400, .conn.receive_buffer_max = 8400);
	for (unsigned int i = 0; i < 6; i++)
		inject(ACK, .len = 1400, .more = i < 5);
	expect_data(8400);
	ignore_segments();
	check_eq(script_info().rcv_wnd, 0);
	take_all_mbufs();
	rte_pktmbuf_free_bulk(hoard + hoarded - 20, 20);
	hoarded -= 20;
	advance_ms(2);
	app_read(7000);
	ignore_segments();
	check_eq(script_info().rcv_wnd, 0);
	expect_silence_ms(1000);
	give_mbufs_back();
	expect_within_ms(50, ACK, .wnd = 7000);
	expect_silence_ms(1000);
	app_read(1400);
	ignore_segments();
}

/* Refused, not acknowledged, and taken when it comes again after the application has read. */
SCRIPT(stalled_reader_reads_again,
    "design 4: who holds what it was given gets no more, until it reads")
{
	given(ESTABLISHED, .conn.no_delayed_ack = true);
	inject(ACK, .len = 1400);
	expect(ACK, .ack = 1401);
	expect_data(1400);
	take_all_mbufs();
	rte_pktmbuf_free_bulk(hoard + hoarded - 20, 20);
	hoarded -= 20;
	advance_ms(2);
	for (unsigned int i = 0; i < 3; i++) {
		inject(ACK, .seq = 1401, .len = 1000, .rejected = true);
		expect_verdict(SPT_V_TCP_DATA_NO_MEMORY);
		expect_silence_ms(100);
	}
	expect_data(0);
	app_read(1400);
	inject(ACK, .seq = 1401, .len = 1000);
	expect(ACK, .ack = 2401);
	expect_data(1000);
	expect_state(ESTABLISHED);
	app_read(1000);
	ignore_segments();
	give_mbufs_back();
}

/* ---- the budget of pinned mbufs
 * ---------------------------------------------------------------------- */

/* An application that takes no events: what waits for it is held to the budget as well. */
SCRIPT(budget_and_received_data, "design 4: windows close, drops are counted")
{
	struct spt_event e;
	unsigned int taken = 0;
	uint64_t refused;

	given(ESTABLISHED, .config.pinned_mbufs = 8);
	refused = stats().budget_refused;
	while (stats().budget_refused == refused) {
		inject(ACK, .seq = 1 + 10 * taken, .len = 10, .more = true, .rejected = true);
		check_eq(spt_poll(script_engine(), script_now(), &e, 0), 0);
		check(stats().pinned_mbufs <= 8);
		ignore_segments();
		check(++taken <= 9);
	}
	expect_verdict(SPT_V_TCP_DATA_NO_MEMORY);
	inject(FIN | ACK, .seq = 1 + 10 * (taken - 1), .len = 10, .more = true, .rejected = true);
	check_eq(spt_poll(script_engine(), script_now(), &e, 0), 0);
	expect_verdict(SPT_V_TCP_DATA_NO_MEMORY);
	ignore_segments();
	expect_state(ESTABLISHED); /* the FIN comes after data that was dropped */
	while (spt_poll(script_engine(), script_now(), &e, 1) > 0)
		script_dispatch(&e);
	expect_data(10 * (taken - 1));
	check_eq(stats().pinned_mbufs, 0);
	inject(FIN | ACK, .seq = 1, .len = 10 * taken);
	expect_data(10);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK, .ack = 2 + 10 * taken);
}

/* A chain of so many mbufs of a byte each. */
static int
send_chain(unsigned int mbufs)
{
	struct rte_mbuf *head = NULL, *m;
	int result;

	for (unsigned int i = 0; i < mbufs; i++) {
		m = spt_buffer_alloc(script_engine());
		check(m != NULL);
		*(uint8_t *)rte_pktmbuf_append(m, 1) = 0;
		if (head == NULL)
			head = m;
		else
			check_eq(rte_pktmbuf_chain(head, m), 0);
	}
	result = spt_send(script_engine(), script_conn(), head, 0);
	if (result != 0)
		rte_pktmbuf_free(head);
	return result;
}

SCRIPT(chain_beyond_the_budget, "septet.h, spt_send: -EINVAL, never to be had; -ENOBUFS, later")
{
	uint64_t refused;

	given(ESTABLISHED, .config.pinned_mbufs = 16);
	refused = stats().budget_refused;
	for (unsigned int i = 0; i < 3; i++)
		check_eq(send_chain(13), -EINVAL);
	check_eq(stats().budget_refused, refused);
	expect_no_event(SPT_WRITABLE);
	check_eq(send_chain(12), 0);
	check_eq(send_chain(13), -EINVAL);
	check_eq(send_chain(12), -ENOBUFS);
	check_eq(stats().pinned_mbufs, 12);
	script_settle();
	expect(ACK, .len = 12, .bytes = (const uint8_t[12]){0});
	inject(ACK);
	expect_event(SPT_WRITABLE);
	check_eq(send_chain(12), 0);
	script_settle();
	expect(ACK, .len = 12, .bytes = (const uint8_t[12]){0});
	inject(ACK);
}

SCRIPT(budget_and_gaps, "design 4: queues out of order pin no more than their part")
{
	unsigned int taken = 0;

	given(ESTABLISHED, .config.pinned_mbufs = 64);
	for (unsigned int i = 1; i <= 20; i++) {
		inject(ACK, .seq = 1 + 100 * i, .len = 10, .rejected = true);
		expect(ACK, .ack = 1);
		taken += script_info().out_of_order == 10 * (taken + 1);
		check_eq(script_info().out_of_order, 10 * taken);
		check(stats().pinned_mbufs <= 16);
	}
	check(taken >= 2);
	check(taken < 20);
	check(stats().budget_refused > 0);
	/* somebody else's data goes on, both ways */
	use_peer(1);
	given(ESTABLISHED);
	inject(ACK, .len = 100);
	expect_data(100);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK);
	expect_acked(100);
	/* what was refused comes again, and all is well */
	use_peer(0);
	for (unsigned int at = 0; at < 2100; at += 100) {
		inject(ACK, .seq = 1 + at, .len = 100);
		ignore_segments();
	}
	expect_data(2100);
	advance_ms(50);
	ignore_segments();
	check_eq(script_info().out_of_order, 0);
	check_eq(stats().pinned_mbufs, 0);
}

/* A byte in each mbuf, none beside another: the crowd gets a quarter, whoever comes later as much.
 */
SCRIPT(crowd_of_single_bytes, "design 4: Mbufs do not follow from the number of connections")
{
	given(ESTABLISHED, .wscale = 4, .config.pinned_mbufs = 200);
	for (unsigned int p = 1; p < 60; p++) {
		use_peer(p);
		given(ESTABLISHED, .wscale = 4);
		for (unsigned int i = 0; i < 20; i++) {
			inject(ACK, .seq = 11 + 2 * i, .len = 1, .rejected = true);
			ignore_segments();
		}
		check(stats().pinned_mbufs <= 50);
	}
	check(stats().pinned_mbufs > 25);
	/* an ordinary loss beside them is kept, and repaired, if its mbufs are well filled */
	if (!script_frames_direct())
		return;
	use_peer(0);
	for (unsigned int i = 1; i <= 20; i++) {
		inject(ACK, .seq = 1 + 1400 * i, .len = 1400, .rejected = true);
		expect_verdict(SPT_V_TCP_DATA_OUT_OF_ORDER);
		ignore_segments();
	}
	inject(ACK, .len = 1400);
	expect(ACK, .ack = 1 + 21 * 1400);
	expect_data(21 * 1400);
}

/* RFC 9293 MUST-15: 536 bytes is what a peer may send that never heard of more. */
SCRIPT(small_segments_behind_a_gap, "design 4: what waits behind a gap, in mbufs as full as can be")
{
	given(ESTABLISHED, .wscale = 4, .config.pinned_mbufs = 400);
	if (!script_frames_direct())
		return;
	for (unsigned int i = 1; i <= 200; i++) {
		inject(ACK, .seq = 1 + 536 * i, .len = 536, .rejected = true);
		expect_verdict(SPT_V_TCP_DATA_OUT_OF_ORDER);
		ignore_segments();
	}
	check(stats().pinned_mbufs < 100);
	inject(ACK, .len = 536);
	expect_data(201 * 536);
	ignore_segments();
}

/* ---- events
 * --------------------------------------------------------------------------------------------- */

#define PEERS 12

static spt_conn handles[PEERS];

static void
open_all(void)
{
	given(ESTABLISHED);
	handles[0] = script_conn();
	for (unsigned int i = 1; i < PEERS; i++) {
		use_peer(i);
		given(ESTABLISHED);
		handles[i] = script_conn();
	}
}

SCRIPT(room_for_one_event, "septet.h: what does not fit comes with the next turn; in order")
{
	struct spt_event e;
	uint64_t delayed;

	open_all();
	delayed = stats().events_delayed;
	for (unsigned int i = 0; i < PEERS; i++) {
		use_peer(PEERS - 1 - i);
		inject(ACK, .len = 10 + i, .more = true);
	}
	for (unsigned int i = 0; i < PEERS; i++) {
		check_eq(spt_poll(script_engine(), script_now(), &e, 1), 1);
		check(e.conn == handles[PEERS - 1 - i]);
		check_eq(e.events, SPT_RECEIVED);
		check_eq(e.bytes, 10 + i);
		script_dispatch(&e);
	}
	check_eq(spt_poll(script_engine(), script_now(), &e, 1), 0);
	check_eq(stats().events_delayed - delayed, PEERS - 1);
	for (unsigned int i = 0; i < PEERS; i++) {
		use_peer(PEERS - 1 - i);
		expect_data(10 + i);
	}
	advance_ms(50);
	check_eq(ignore_segments(), PEERS); /* the delayed ACKs */
}

SCRIPT(no_room_for_events, "septet.h: those of one connection coalesce; none is lost")
{
	struct spt_event e;
	uint32_t all = 0;

	given(ESTABLISHED);
	for (unsigned int i = 0; i < 5; i++) {
		inject(ACK, .len = 100, .more = true);
		check_eq(spt_poll(script_engine(), script_now(), &e, 0), 0);
		ignore_segments();
	}
	inject(FIN | ACK, .len = 100, .more = true);
	check_eq(spt_poll(script_engine(), script_now(), &e, 0), 0);
	check(spt_next_deadline(script_engine()) <= script_now() + 1000000);
	while (spt_poll(script_engine(), script_now(), &e, 1) > 0) {
		all |= e.events;
		script_dispatch(&e);
	}
	check_eq(all, SPT_RECEIVED | SPT_PEER_CLOSED);
	expect_data(600);
	expect_event(SPT_PEER_CLOSED);
	script_settle();
	check(ignore_segments() >= 1);
	expect_state(CLOSE_WAIT);
}

/* Data and end of a connection, each in a turn that has no room: the data, then CLOSED, last. */
SCRIPT(closed_while_events_wait, "septet.h: CLOSED is the last event of a handle, always")
{
	struct spt_event e;
	unsigned int polls = 0, of_first = 0;
	bool over = false;

	open_all();
	for (unsigned int i = 0; i < PEERS; i++) {
		use_peer(i);
		inject(ACK, .len = 10, .more = true);
		inject(RST, .more = true);
	}
	while (spt_poll(script_engine(), script_now(), &e, 1) > 0) {
		check(polls++ < 2 * PEERS);
		check(!over || e.conn != handles[0]);
		of_first += e.conn == handles[0];
		over = over || (e.conn == handles[0] && (e.events & SPT_CLOSED));
		script_dispatch(&e);
	}
	check(over);
	check(of_first >= 1);
	for (unsigned int i = 0; i < PEERS; i++) {
		use_peer(i);
		expect_data(10);
		expect_closed(-ECONNRESET);
		check_eq(spt_shutdown(script_engine(), handles[i]), -ESTALE);
	}
	check_eq(stats().connections, 0);
}

/* ---- the port
 * ------------------------------------------------------------------------------------------------
 */

SCRIPT(port_full, "design 4: more waits than the ring takes; nothing is lost")
{
	given(ESTABLISHED, .conn.nodelay = true);
	for (unsigned int i = 1; i < 60; i++) {
		use_peer(i);
		given(ESTABLISHED);
	}
	port_refuses(true);
	for (unsigned int i = 0; i < 60; i++) {
		use_peer(i);
		for (unsigned int k = 0; k < 12; k++)
			app_send(10);
	}
	port_refuses(false);
	advance_ms(1);
	check(ignore_segments() > 500);
	check_eq(stats().tx_dropped, 0);
	for (unsigned int i = 0; i < 60; i++) {
		use_peer(i);
		inject(ACK);
		expect_acked(120);
	}
}

SCRIPT_MAIN()

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending: segments cut from what the application queued, Nagle, silly windows, the
 * congestion window of a start, and what spt_send refuses (RFC 9293 3.7, 3.8.6.2.1, 3.9.1.2;
 * RFC 5681 3.1, 4.1; RFC 6928).
 */
#include <string.h>

#include <rte_mbuf.h>

#include <lib/script.h>

/* ---- segmentation ------------------------------------------------------------------ */

SCRIPT(cut_by_mss, "RFC 9293 3.7.1 MUST-16; 3.9.1.2 SHLD-28, MUST-61: PSH on the last")
{
	given(ESTABLISHED, .conn.nodelay = true);
	app_send(3 * FULL + 10);
	expect(ACK, .len = FULL, .no_psh = true);
	expect(ACK, .len = FULL, .no_psh = true);
	expect(ACK, .len = FULL, .no_psh = true);
	expect(PSH | ACK, .len = 10);
	expect_nothing();
	inject(ACK);
	expect_acked(3 * FULL + 10);
	expect_silence_ms(1000);
}

SCRIPT(cut_by_peers_mss, "RFC 9293 3.7.1 MUST-16: SendMSS less the options of each segment")
{
	given(ESTABLISHED, .mss = 1000, .conn.nodelay = true);
	check_eq(FULL, script_timestamps() ? 988 : 1000);
	check_eq(script_info().mss, FULL);
	app_send(2 * FULL);
	expect(ACK, .len = FULL);
	expect(PSH | ACK, .len = FULL);
	inject(ACK);
}

SCRIPT(one_byte, "RFC 9293 3.10.2")
{
	given(ESTABLISHED);
	app_send(1);
	expect(PSH | ACK, .len = 1);
	inject(ACK);
	expect_acked(1);
}

SCRIPT(odd_chains, "RFC 9293 3.8.1: segments need not follow the SEND calls")
{
	given(ESTABLISHED, .mss = 500, .ts = OFF, .conn.nodelay = true);
	app_send_pieces(0, 1, 3, 7, 0, 1, 255, 233, 499, 1, 0);
	expect(ACK, .len = 500);
	expect(PSH | ACK, .len = 500);
	inject(ACK);
	/* mbufs larger than a segment, smaller ones over its edges */
	app_send_pieces(0, 0, 0, 999, 2, 1501, 1, 1, 496);
	for (unsigned int i = 0; i < 5; i++)
		expect(ACK, .len = 500, .no_psh = true);
	expect(PSH | ACK, .len = 500);
	inject(ACK);
	expect_acked(4000);
}

SCRIPT(odd_chains_again, "RFC 9293 3.8.1: sent again, the bytes are the same")
{
	given(ESTABLISHED, .mss = 500, .ts = OFF, .conn.nodelay = true);
	app_send_pieces(0, 1, 3, 7, 0, 1, 255, 600, 499, 1);
	expect(ACK, .len = 500);
	expect(ACK, .len = 500);
	expect(ACK, .len = 367);
	inject(ACK, .ack = 334); /* within an mbuf, and within a segment */
	expect_within_ms(1000, ACK, .seq = 334, .len = 500);
	inject(ACK, .ack = 834);
	expect(ACK, .seq = 834, .len = 500);
	expect(ACK, .seq = 1334, .len = 34);
	inject(ACK);
	expect_acked(1367);
}

SCRIPT(many_small_sends, "RFC 9293 3.9.1.2 SHLD-28: one large segment, not many small ones")
{
	given(ESTABLISHED);
	app_send(1);
	expect(ACK, .len = 1);
	for (unsigned int i = 0; i < 100; i++)
		app_send(1 + i % 7);
	expect_nothing();
	inject(ACK);
	expect(PSH | ACK, .len = 395);
	inject(ACK);
	expect_acked(396);
}

static void
fill(uint8_t *bytes, uint16_t n, uint8_t seed)
{
	for (uint16_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(seed + i * 31 + (i >> 8));
}

static struct rte_mbuf *
buffer_of(const uint8_t *bytes, uint16_t n)
{
	struct rte_mbuf *m = spt_buffer_alloc(script_engine());

	check(m != NULL);
	memcpy(rte_pktmbuf_append(m, n), bytes, n);
	return m;
}

static void
send_chain(struct rte_mbuf *m)
{
	check_eq(spt_send(script_engine(), script_conn(), m, 0), 0);
	script_settle();
}

/* The same mbuf in the queues of two connections: each has its own headers, and its own end. */
SCRIPT(shared_mbuf, "RFC 9293 3.8.1; ownership as spt_send has it")
{
	static uint8_t bytes[700];
	struct rte_mbuf *m;

	given(ESTABLISHED);
	use_peer(1);
	given(ESTABLISHED);
	fill(bytes, sizeof(bytes), 5);
	m = buffer_of(bytes, sizeof(bytes));
	rte_mbuf_refcnt_update(m, 1);
	use_peer(0);
	send_chain(m);
	expect(ACK, .len = 700, .bytes = bytes);
	advance_ms(50);
	use_peer(1);
	send_chain(m);
	expect(ACK, .len = 700, .bytes = bytes);
	/* both again, after their time-outs */
	use_peer(0);
	expect_within_ms(1000, ACK, .seq = 1, .len = 700, .bytes = bytes);
	use_peer(1);
	expect_within_ms(1000, ACK, .seq = 1, .len = 700, .bytes = bytes);
	use_peer(0);
	inject(ACK);
	expect_acked(700);
	use_peer(1);
	expect_within_ms(1000, ACK, .seq = 1, .len = 700, .bytes = bytes);
	inject(ACK);
	expect_acked(700);
}

/* A reference that the application keeps: the bytes under it stay as they are. */
SCRIPT(kept_by_application, "RFC 9293 3.8.1; ownership as spt_send has it")
{
	static uint8_t bytes[1000], more[300];
	struct rte_mbuf *m, *tail;

	given(ESTABLISHED, .mss = 600, .conn.nodelay = true);
	fill(bytes, sizeof(bytes), 9);
	fill(more, sizeof(more), 77);
	m = buffer_of(bytes, sizeof(bytes));
	tail = buffer_of(more, sizeof(more));
	rte_mbuf_refcnt_update(m, 1);
	rte_pktmbuf_chain(tail, m);
	send_chain(tail);
	ignore_segments();
	expect_silence_ms(50);
	inject(ACK);
	expect_acked(1300);
	for (unsigned int i = 0; i < 10; i++)
		script_settle(); /* a port may hold what it sent for a while */
	check_eq(rte_mbuf_refcnt_read(m), 1);
	check_eq(memcmp(rte_pktmbuf_mtod(m, uint8_t *), bytes, sizeof(bytes)), 0);
	rte_pktmbuf_free_seg(m);
}

SCRIPT(indirect_mbuf, "RFC 9293 3.8.1; ownership as spt_send has it")
{
	static uint8_t bytes[900];
	struct rte_mbuf *m, *clone;

	given(ESTABLISHED);
	fill(bytes, sizeof(bytes), 21);
	m = buffer_of(bytes, sizeof(bytes));
	clone = rte_pktmbuf_clone(m, m->pool);
	check(clone != NULL);
	rte_pktmbuf_free(m);
	send_chain(clone);
	expect(ACK, .len = 900, .bytes = bytes);
	expect_within_ms(1000, ACK, .seq = 1, .len = 900, .bytes = bytes);
	inject(ACK);
	expect_acked(900);
}

/* No headroom for headers, and a payload that starts anywhere. */
SCRIPT(mbuf_without_headroom, "RFC 9293 3.8.1; ownership as spt_send has it")
{
	static uint8_t bytes[800];

	given(ESTABLISHED, .conn.nodelay = true);
	fill(bytes, sizeof(bytes), 33);
	for (uint16_t room = 0; room <= RTE_PKTMBUF_HEADROOM; room += 32) {
		struct rte_mbuf *m = spt_buffer_alloc(script_engine());

		m->data_off = room;
		memcpy(rte_pktmbuf_append(m, sizeof(bytes)), bytes, sizeof(bytes));
		send_chain(m);
		expect(ACK, .len = 800, .bytes = bytes);
		inject(ACK);
	}
	expect_acked(800 * (RTE_PKTMBUF_HEADROOM / 32 + 1));
}

/* ---- Nagle ---------------------------------------------------------------------------- */

SCRIPT(nagle, "RFC 9293 3.7.4 SHLD-7")
{
	given(ESTABLISHED);
	app_send(10);
	expect(ACK, .len = 10);
	app_send(20);
	app_send(30);
	expect_silence_ms(100);
	inject(ACK);
	expect(ACK, .len = 50);
	inject(ACK);
	expect_silence_ms(1000);
}

SCRIPT(nagle_lets_full_segments_go, "RFC 9293 3.7.4: until it can send a full-sized segment")
{
	given(ESTABLISHED);
	app_send(10);
	expect(ACK, .len = 10);
	app_send(FULL - 1);
	expect_nothing();
	app_send(2);
	expect(ACK, .len = FULL);
	expect_nothing();
	inject(ACK, .ack = 11);
	expect_silence_ms(10); /* something is still unacknowledged */
	inject(ACK);
	expect(ACK, .len = 1);
	inject(ACK);
}

SCRIPT(nagle_holds_the_rest, "RFC 9293 3.7.4: all but full-sized segments wait for the ACK")
{
	given(ESTABLISHED);
	app_send(2 * FULL + 10);
	expect(ACK, .len = FULL);
	expect(ACK, .len = FULL);
	expect_silence_ms(100);
	inject(ACK);
	expect(PSH | ACK, .len = 10);
	inject(ACK);
}

SCRIPT(nagle_off, "RFC 9293 3.7.4 MUST-17")
{
	given(ESTABLISHED, .conn.nodelay = true);
	for (unsigned int i = 1; i < 8; i++) {
		app_send(i);
		expect(PSH | ACK, .len = i);
	}
	inject(ACK);
	expect_acked(28);
}

SCRIPT(nagle_off_later, "RFC 9293 3.7.4 MUST-17: on an individual connection")
{
	given(ESTABLISHED);
	app_send(10);
	expect(ACK, .len = 10);
	app_send(10);
	expect_nothing();
	app_set(.nodelay = true);
	expect(ACK, .len = 10);
	app_send(10);
	expect(ACK, .len = 10);
	app_set(.nodelay = false);
	app_send(10);
	expect_nothing();
	inject(ACK);
	expect(ACK, .len = 10);
	inject(ACK);
}

SCRIPT(nagle_small_window, "RFC 9293 3.8.6.2.1 (3): a fraction of the window, if nothing is out")
{
	given(ESTABLISHED, .wnd = 2000);
	app_send(1000);
	expect(ACK, .len = 1000);
	app_send(1000);
	expect_silence_ms(100);
	inject(ACK);
	expect(ACK, .len = 1000);
	inject(ACK);
}

/* ---- more to come, push ----------------------------------------------------------------- */

SCRIPT(more, "RFC 9293 3.9.1.2 MAY-16: data that is not pushed may wait for more")
{
	given(ESTABLISHED);
	app_send_flags(10, SPT_MORE);
	expect_silence_ms(90);
	app_send(5);
	expect(PSH | ACK, .len = 15);
	inject(ACK);
}

SCRIPT(more_is_bounded, "RFC 9293 3.9.1.2 MUST-60: not indefinitely; 3.8.6.2.1: 0.1 to 1 s")
{
	given(ESTABLISHED);
	app_send_flags(10, SPT_MORE);
	expect_silence_ms(99);
	expect_within_ms(901, PSH | ACK, .len = 10);
	inject(ACK);
	/* also with Nagle off */
	app_set(.nodelay = true);
	app_send_flags(10, SPT_MORE);
	expect_silence_ms(99);
	expect_within_ms(901, PSH | ACK, .len = 10);
	inject(ACK);
	expect_acked(20);
}

SCRIPT(more_full, "RFC 9293 3.9.1.2 SHLD-28, MUST-60")
{
	given(ESTABLISHED);
	app_send_flags(FULL + 10, SPT_MORE);
	expect(ACK, .len = FULL);
	expect_silence_ms(100);
	inject(ACK);
	expect_within_ms(1000, PSH | ACK, .len = 10);
	inject(ACK);
}

SCRIPT(more_ended_by_shutdown, "RFC 9293 3.9.1.4: CLOSE implies push")
{
	given(ESTABLISHED);
	app_send_flags(10, SPT_MORE);
	expect_nothing();
	app_shutdown();
	expect(FIN | PSH | ACK, .len = 10);
	inject(ACK);
	expect_state(FIN_WAIT_2);
}

SCRIPT(push, "RFC 9293 3.9.1.2 MAY-15, SHLD-27: successive PSH collapse")
{
	given(ESTABLISHED);
	app_send(10);
	expect(PSH | ACK, .len = 10);
	app_send_flags(10, SPT_PUSH);
	app_send_flags(10, SPT_PUSH);
	expect_nothing();
	inject(ACK);
	expect(PSH | ACK, .len = 20);
	inject(ACK);
}

/* ---- the sender's silly window ------------------------------------------------------------ */

SCRIPT(silly_window, "RFC 9293 3.8.6.2.1 MUST-38: (4) only after the override time-out, 0.1 to 1 s")
{
	given(ESTABLISHED);
	inject(ACK, .wnd = 100);
	app_send(1000);
	expect_silence_ms(99);
	expect_within_ms(901, ACK, .len = 100);
	inject(ACK, .wnd = 65535);
	expect(ACK, .len = 900);
	inject(ACK);
}

SCRIPT(silly_window_but_all_fits, "RFC 9293 3.8.6.2.1 (2): all queued data can be sent now")
{
	given(ESTABLISHED);
	inject(ACK, .wnd = 100);
	app_send(100);
	expect(PSH | ACK, .len = 100);
	inject(ACK);
}

SCRIPT(window_below_mss, "RFC 9293 3.8.6.2.1 (3): half of the largest window that was offered")
{
	given(ESTABLISHED, .wnd = 1000);
	app_send(4000);
	expect(ACK, .len = 1000);
	inject(ACK);
	expect(ACK, .len = 1000);
	inject(ACK, .wnd = 500);
	expect(ACK, .len = 500);
	inject(ACK, .wnd = 499);
	expect_silence_ms(99);
	expect_within_ms(901, ACK, .len = 499);
	inject(ACK, .wnd = 1000);
	expect(ACK, .len = 1000);
	inject(ACK);
	expect(ACK, .len = 1);
	inject(ACK);
}

SCRIPT(rest_of_window, "RFC 9293 3.8.6.2.1 (1): no cut where the window ends within a segment")
{
	uint32_t full;

	given(ESTABLISHED);
	full = FULL;
	inject(ACK, .wnd = 2 * full + full / 2);
	app_send(5 * full);
	expect(ACK, .len = full);
	expect(ACK, .len = full);
	expect_silence_ms(100);
	inject(ACK, .ack = 1 + full, .wnd = 2 * full + full / 2);
	expect(ACK, .len = full);
	expect_nothing();
	inject(ACK, .wnd = 65535);
	expect(ACK, .len = full);
	expect(ACK, .len = full);
	inject(ACK, .wnd = 65535);
}

SCRIPT(window_edge_is_exact, "RFC 9293 3.8.6: nothing beyond SND.UNA+SND.WND")
{
	uint32_t full;

	given(ESTABLISHED);
	full = FULL;
	inject(ACK, .wnd = 2 * full);
	app_send(3 * full);
	expect(ACK, .len = full);
	expect(ACK, .len = full);
	expect_nothing();
	inject(ACK, .ack = 1, .wnd = 3 * full - 1);
	expect_nothing();
	inject(ACK, .ack = 1, .wnd = 3 * full);
	expect(ACK, .len = full);
	inject(ACK);
}

/* ---- the congestion window of a start -------------------------------------------------------- */

static void
expect_full(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		script_expect(&(struct expect){.flags = ACK, .len = FULL});
	script_expect_nothing();
}

SCRIPT(initial_window, "RFC 6928 2: min (10 * MSS, max (2 * MSS, 14600))")
{
	given(ESTABLISHED, .wscale = 7, .conn.congestion = SPT_CONGESTION_NEWRENO);
	check_eq(script_info().cwnd, 10 * FULL);
	app_send(30 * FULL);
	expect_full(10);
	inject(ACK);
	expect_full(12);
	inject(ACK);
	expect_full(8);
	inject(ACK);
	expect_acked(30 * FULL);
}

SCRIPT(initial_window_small_mss, "RFC 6928 2")
{
	given(ESTABLISHED, .mss = 400);
	app_send(30 * FULL);
	expect_full(10);
	inject(ACK, .ack = 1 + FULL);
	expect_full(2);
	app_abort();
	expect(RST | ACK);
	expect_closed(-ECONNABORTED);
}

SCRIPT(slow_start, "RFC 5681 3.1 (2), RFC 3465 2.2: cwnd += min (N, 2 * SMSS) for each ACK")
{
	uint32_t full;

	given(ESTABLISHED, .wscale = 7, .conn.congestion = SPT_CONGESTION_NEWRENO);
	full = FULL;
	app_send(60 * full);
	expect_full(10);
	inject(ACK, .ack = 1 + full);
	expect_full(2); /* 11 segments, 9 + 2 are out */
	check_eq(script_info().cwnd, 11 * full);
	inject(ACK, .ack = 1 + 3 * full);
	expect_full(4);
	check_eq(script_info().cwnd, 13 * full);
	inject(ACK, .ack = 1 + 3 * full + 100);
	check_eq(script_info().cwnd, 13 * full + 100);
	expect_nothing();
	inject(ACK);
	expect_full(15);
	app_abort();
	expect(RST | ACK);
	expect_closed(-ECONNABORTED);
}

SCRIPT(restart_after_idle, "RFC 5681 4.1: cwnd = min (IW, cwnd) when idle for more than an RTO")
{
	given(ESTABLISHED, .wscale = 7);
	app_send(10 * FULL);
	expect_full(10);
	for (uint32_t i = 1; i <= 10; i++)
		inject(ACK, .ack = 1 + i * FULL);
	check(script_info().cwnd >= 11 * FULL);
	advance_ms(10000);
	app_send(30 * FULL);
	expect_full(10);
	app_abort();
	expect(RST | ACK);
	expect_closed(-ECONNABORTED);
}

/* ---- what spt_send refuses ---------------------------------------------------------------------
 */

SCRIPT(send_buffer_full, "septet.h: a chain is taken whole while the buffer is not full")
{
	given(ESTABLISHED, .conn.send_buffer = 10000, .conn.nodelay = true);
	app_send(1000);
	ignore_segments();
	app_send(8999);
	ignore_segments();
	app_send(3000);
	ignore_segments();
	app_send_fails(1, -EAGAIN);
	app_send_fails(5000, -EAGAIN);
	expect_no_event(SPT_WRITABLE);
	inject(ACK, .ack = 3000); /* 10000 are left */
	expect_no_event(SPT_WRITABLE);
	app_send_fails(1, -EAGAIN);
	inject(ACK, .ack = 3001);
	expect_event(SPT_WRITABLE);
	expect_acked(3000);
	app_send(500);
	ignore_segments();
	inject(ACK);
	expect_no_event(SPT_WRITABLE); /* nobody was refused since */
	expect_acked(10499);
}

SCRIPT(send_buffer_full_closed_window, "septet.h: WRITABLE follows -EAGAIN")
{
	given(ESTABLISHED, .conn.send_buffer = 1000);
	inject(ACK, .wnd = ZERO);
	app_send(1000);
	app_send_fails(1, -EAGAIN);
	expect_silence_ms(150);
	expect_no_event(SPT_WRITABLE);
	inject(ACK, .wnd = 65535);
	expect(ACK, .len = 1000);
	expect_no_event(SPT_WRITABLE);
	inject(ACK);
	expect_event(SPT_WRITABLE);
}

/* One byte an mbuf until this connection's share of the budget is used up. Returns how many. */
static unsigned int
fill_budget(unsigned int limit)
{
	unsigned int n = 0;

	while (script_app_try_send(1) == 0) {
		script_expect(&(struct expect){.flags = ACK, .len = 1});
		check(++n <= limit);
	}
	check(n >= limit / 4);
	return n;
}

SCRIPT(mbuf_budget, "septet.h: -ENOBUFS, WRITABLE follows")
{
	unsigned int n;

	given(ESTABLISHED, .config.pinned_mbufs = 8, .conn.nodelay = true);
	n = fill_budget(8);
	app_send_fails(10, -ENOBUFS);
	expect_counted(budget_refused, 1);
	expect_no_event(SPT_WRITABLE);
	inject(ACK, .ack = 2);
	expect_event(SPT_WRITABLE);
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK);
	expect_acked(n + 10);
}

/* All that send queues may have of a budget of 8, in one chain. */
static void
take_budget(void)
{
	app_send_pieces(0, 1, 1, 1, 1, 1, 1);
	expect(ACK, .len = 6);
}

/* RFC 9293 says nothing of memory; DESIGN: budgets per connection and per core. */
SCRIPT(send_queues_leave_room,
    "septet.h, pinned_mbufs: room to receive, and for those that come later")
{
	given(ESTABLISHED, .config.pinned_mbufs = 16, .conn.nodelay = true);
	use_peer(1);
	given(ESTABLISHED);
	use_peer(0);
	fill_budget(16);
	app_send_fails(1, -ENOBUFS);
	use_peer(1);
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK | PSH, .len = 100);
	expect_data(100);
	use_peer(0);
	inject(ACK);
	expect_event(SPT_WRITABLE);
}

/* Another connection has it all: no ACK will come for the one that was refused. */
SCRIPT(mbuf_budget_held_by_another, "septet.h: -ENOBUFS, WRITABLE follows")
{
	given(ESTABLISHED, .config.pinned_mbufs = 8, .conn.nodelay = true);
	use_peer(1);
	given(ESTABLISHED);
	use_peer(0);
	take_budget();
	use_peer(1);
	app_send_fails(10, -ENOBUFS);
	advance_ms(100);
	expect_no_event(SPT_WRITABLE);
	use_peer(0);
	inject(ACK);
	use_peer(1);
	advance_ms(1000);
	expect_event(SPT_WRITABLE);
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK);
}

/* Nothing waits that a closed window could be probed with, and no FIN was asked for. */
SCRIPT(mbuf_budget_closed_window, "septet.h: -ENOBUFS, WRITABLE follows; RFC 9293 3.10.4")
{
	given(ESTABLISHED, .config.pinned_mbufs = 8, .conn.nodelay = true);
	use_peer(1);
	given(ESTABLISHED);
	inject(ACK, .wnd = ZERO);
	use_peer(0);
	take_budget();
	use_peer(1);
	app_send_fails(10, -ENOBUFS);
	expect_silence_ms(100);
	use_peer(0);
	inject(ACK);
	use_peer(1);
	expect_silence_ms(1000);
	expect_event(SPT_WRITABLE);
	app_send(10);
	expect_within_ms(1000, ACK, .len = 1); /* the probe */
	inject(ACK, .wnd = 65535);
	expect(ACK, .len = 9);
	inject(ACK);
	expect_state(ESTABLISHED);
}

static int
try_send(spt_conn conn, uint16_t n)
{
	struct rte_mbuf *m = spt_buffer_alloc(script_engine());
	int result;

	rte_pktmbuf_append(m, n);
	result = spt_send(script_engine(), conn, m, 0);
	if (result != 0)
		rte_pktmbuf_free(m);
	script_settle();
	return result;
}

SCRIPT(send_of_nothing, "septet.h: -EINVAL for an empty chain")
{
	given(ESTABLISHED);
	check_eq(spt_send(script_engine(), script_conn(), NULL, 0), -EINVAL);
	check_eq(try_send(script_conn(), 0), -EINVAL);
	expect_silence_ms(100);
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK);
}

SCRIPT(send_after_shutdown, "RFC 9293 3.10.2: error: connection closing")
{
	given(FIN_WAIT_1);
	check_eq(try_send(script_conn(), 10), -EPIPE);
	inject(ACK);
	check_eq(try_send(script_conn(), 10), -EPIPE);
	expect_silence_ms(100);
	expect_state(FIN_WAIT_2);
}

SCRIPT(send_after_close, "RFC 9293 3.10.2: error: connection closing")
{
	given(CLOSE_WAIT);
	app_send(10);
	expect(ACK, .len = 10);
	app_close();
	expect(FIN | ACK);
	check_eq(try_send(script_conn(), 10), -EPIPE);
	inject(ACK);
	expect_closed(0);
}

SCRIPT(send_on_a_stale_handle, "RFC 9293 3.10.2: error: connection does not exist")
{
	spt_conn old;

	given(ESTABLISHED);
	old = script_conn();
	check_eq(try_send(SPT_CONN_NONE, 10), -ESTALE);
	check_eq(try_send(old + 1, 10), -ESTALE);
	check_eq(try_send(old + (UINT64_C(1) << 32), 10), -ESTALE);
	check_eq(try_send(UINT64_MAX, 10), -ESTALE);
	app_abort();
	expect(RST | ACK);
	expect_closed(-ECONNABORTED);
	check_eq(try_send(old, 10), -ESTALE);
	use_peer(1);
	given(ESTABLISHED); /* perhaps in the same place */
	check_eq(try_send(old, 10), -ESTALE);
	check_eq(spt_receive_done(script_engine(), old, 0), -ESTALE);
	check_eq(spt_shutdown(script_engine(), old), -ESTALE);
	check_eq(spt_close(script_engine(), old), -ESTALE);
	check_eq(spt_abort(script_engine(), old), -ESTALE);
	check_eq(spt_conn_set_user(script_engine(), old, NULL), -ESTALE);
	expect_silence_ms(1000);
}

SCRIPT_MAIN()

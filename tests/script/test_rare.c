/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What shows only seldom: after gigabytes, when rings and pools are full, with mbufs that others
 * refer to, or when the end comes before all was said.
 */
#include <string.h>

#include <engine/engine.h>
#include <tcp/internal.h>

#include <lib/script.h>

static struct tcp *
tcp_of(void)
{
	return &script_engine()->tcp;
}

static struct conn *
conn_of(void)
{
	return conn_at(tcp_of(), (uint32_t)script_conn());
}

/* ---- sequence numbers that were noted two gigabytes ago ------------------------- */

/* As if the queue had not been empty since 2^31 - 3000 bytes ago. */
static void
age_transfer(void)
{
	struct conn *c = conn_of();
	struct xfer *x = conn_xfer(tcp_of(), c);

	check(x != NULL);
	x->recover = c->snd_una - (UINT32_C(1) << 31) + 3000;
}

SCRIPT(two_gigabytes, "RFC 9293 3.4: comparisons modulo 2^32 hold within half of the space")
{
	given(ESTABLISHED, .wnd = 4000, .mss = 1000, .conn.nodelay = true, .ts = OFF);
	app_send(20000);
	for (unsigned int i = 0; i < 4; i++)
		expect(ACK, .len = 1000);
	age_transfer();
	for (unsigned int i = 1; i < 9; i++) {
		inject(ACK, .ack = 1000 * i + 1);
		expect(ACK, .seq = 1000 * i + 3001, .len = 1000);
	}
	/* the first of the four is lost: fast retransmit works as on the first day */
	for (unsigned int i = 0; i < 3; i++)
		inject(ACK, .ack = 8001);
	expect(ACK, .seq = 8001, .len = 1000);
	expect_counted(fast_retransmits, 1);
	inject(ACK, .ack = 12001);
	ignore_segments();
}

/* ---- urgent data, sent again ------------------------------------------------------- */

SCRIPT(urgent_lost, "RFC 9293 3.8.5, 3.10.2: the pointer is in every segment before it")
{
	given(ESTABLISHED);
	app_send_flags(100, SPT_URGENT_DATA);
	expect(ACK | URG, .len = 100, .up = 100);
	expect_within_ms(1100, ACK | URG, .seq = 1, .len = 100, .up = 100);
	inject(ACK);
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK);
	expect_acked(110);
}

/* ---- mbufs that others refer to ---------------------------------------------------- */

static struct rte_mbuf *
buffer_of(uint8_t seed, uint16_t n)
{
	struct rte_mbuf *m = spt_buffer_alloc(script_engine());
	uint8_t *p;

	check(m != NULL);
	p = (uint8_t *)rte_pktmbuf_append(m, n);
	for (uint16_t i = 0; i < n; i++)
		p[i] = (uint8_t)(seed + i);
	return m;
}

/* Bytes 100 .. 199 of a buffer through an indirect mbuf, then 0 .. 99 through the direct one. */
SCRIPT(two_references_in_a_chain, "spt_send: a chain is sent as it is")
{
	uint8_t bytes[200];
	struct rte_mbuf *m, *part;

	given(ESTABLISHED);
	m = buffer_of(0, 200);
	for (unsigned int i = 0; i < 200; i++)
		bytes[i] = (uint8_t)(i < 100 ? i + 100 : i - 100);
	part = rte_pktmbuf_clone(m, m->pool);
	rte_pktmbuf_adj(part, 100);
	rte_pktmbuf_trim(m, 100);
	check_eq(rte_pktmbuf_chain(part, m), 0);
	check_eq(spt_send(script_engine(), script_conn(), part, 0), 0);
	script_settle();
	expect(ACK, .len = 200, .bytes = bytes);
	inject(ACK);
	expect_acked(200);
}

/* The application keeps a reference to each mbuf of a chain: it stays a chain. */
SCRIPT(chain_kept_by_application, "septet.h: an error or not, what others refer to is not changed")
{
	struct rte_mbuf *m, *tail;

	given(ESTABLISHED, .conn.nodelay = true);
	m = buffer_of(0, 100);
	tail = buffer_of(100, 100);
	check_eq(rte_pktmbuf_chain(m, tail), 0);
	rte_pktmbuf_refcnt_update(m, 1);
	check_eq(spt_send(script_engine(), script_conn(), m, 0), 0);
	script_settle();
	ignore_segments();
	inject(ACK);
	expect_acked(200);
	for (unsigned int i = 0; i < 10; i++)
		script_settle(); /* a port may hold what it sent for a while */
	check(m->next == tail);
	check_eq(m->nb_segs, 2);
	check_eq(m->pkt_len, 200);
	check_eq(rte_mbuf_refcnt_read(m), 1);
	check_eq(rte_mbuf_refcnt_read(tail), 1);
	rte_pktmbuf_free(m);
}

/* ---- CLOSING before our FIN went out ------------------------------------------------ */

static void
closing_with_data_queued(void)
{
	given(ESTABLISHED, .wnd = 1000);
	app_send(2000);
	expect(ACK, .len = 1000);
	app_shutdown();
	inject(FIN | ACK, .wnd = ZERO);
	expect_event(SPT_PEER_CLOSED);
	expect_acked(1000);
	ignore_segments();
	expect_state(CLOSING);
}

SCRIPT(
    reset_in_closing_loses_data, "RFC 9293 3.10.7.4 second: our data is lost, it was not in order")
{
	closing_with_data_queued();
	inject(RST, .rejected = true);
	expect_closed(-ECONNRESET);
}

SCRIPT(abort_in_closing_before_fin, "RFC 9293 3.10.5: the peer still waits for our FIN: RST")
{
	closing_with_data_queued();
	app_abort();
	expect(RST | ACK, .seq = ANY);
	expect_closed(-ECONNABORTED);
}

/* ---- the turn's list ------------------------------------------------------------------ */

/* The port may be full: then nothing empties the list before 64 segments want their answers. */
SCRIPT(unlisten_leaves_no_list, "base/txlist.h: there must be room, replies have theirs set aside")
{
	given(SYN_RECEIVED);
	port_refuses(true);
	check_eq(spt_unlisten(script_engine(), 0, SPT_UNLISTEN_RESET), 0);
	check_eq(script_engine()->out.n, 0);
	port_refuses(false);
	script_settle();
	expect(RST | ACK, .seq = 1);
	expect_gone();
}

/* ---- memory held by peers ------------------------------------------------------------ */

SCRIPT(
    gaps_do_not_starve, "RFC 9293 SHLD-31, DESIGN 4: what waits behind gaps never stops the rest")
{
	given(ESTABLISHED, .config.pinned_mbufs = 16, .read_at_once = true);
	use_peer(1);
	given(ESTABLISHED);
	for (unsigned int i = 0; i < 20; i++)
		inject(ACK, .seq = 1000 + 100 * i, .len = 10, .rejected = true, .more = i != 19);
	ignore_segments();
	use_peer(0);
	inject(ACK, .len = 10);
	expect_data(10);
	use_peer(1);
	inject(ACK, .seq = 1, .len = 10);
	expect_data(10);
	ignore_segments();
}

SCRIPT_MAIN()

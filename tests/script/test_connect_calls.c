/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls in SYN-SENT, of an application that does not wait: RFC 9293 3.10.2 to 3.10.6. */
#include <lib/script.h>

static struct spt_stats
stats(void)
{
	struct spt_stats s;

	spt_engine_stats(script_engine(), &s);
	return s;
}

SCRIPT(close_in_syn_sent, "RFC 9293 3.10.4, SYN-SENT: delete the TCB, \"closing\" to queued SENDs")
{
	given(SYN_SENT);
	app_send(100);
	app_close();
	expect_closed(-ECONNABORTED);
	expect_nothing();
	expect_gone();
	check_eq(stats().pinned_mbufs, 0);
	check_eq(spt_close(script_engine(), script_conn()), -ESTALE);
	expect_silence_ms(200000);
	inject(SYN | ACK, .rejected = true);
	expect_rst();
}

SCRIPT(abort_in_syn_sent, "RFC 9293 3.10.5, SYN-SENT: no segment; delete the TCB")
{
	given(SYN_SENT);
	app_send(100);
	app_abort();
	expect_closed(-ECONNABORTED);
	expect_nothing();
	expect_gone();
	check_eq(stats().pinned_mbufs, 0);
	expect_silence_ms(200000);
}

SCRIPT(shutdown_in_syn_sent, "septet.h, spt_shutdown: -ENOTCONN in SYN-SENT")
{
	given(SYN_SENT);
	check_eq(spt_shutdown(script_engine(), script_conn()), -ENOTCONN);
	expect_state(SYN_SENT);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	app_shutdown();
	expect(FIN | ACK);
}

/* Before the turn that would send the SYN: nothing of it is ever seen. */
SCRIPT(given_up_at_once, "RFC 9293 3.10.4, 3.10.5, SYN-SENT")
{
	struct spt_endpoint remote;
	struct spt_event e[4];
	spt_conn conn[2];

	given(LISTEN);
	remote = script_remote();
	for (unsigned int i = 0; i < 2; i++)
		check_eq(spt_connect(
		             script_engine(), script_source(), NULL, &remote, &conn[i], &conn[i]),
		    0);
	check_eq(stats().source_tuples, 2);
	check_eq(spt_close(script_engine(), conn[0]), 0);
	check_eq(spt_abort(script_engine(), conn[1]), 0);
	check_eq(spt_poll(script_engine(), script_now(), e, 4), 2);
	for (unsigned int i = 0; i < 2; i++) {
		check_eq(e[i].events, SPT_CLOSED);
		check_eq(e[i].reason, -ECONNABORTED);
		check(*(spt_conn *)e[i].user == e[i].conn);
	}
	check_eq(stats().source_tuples, 0);
	check_eq(stats().connections, 0);
	expect_silence_ms(5000);
}

SCRIPT(send_buffer_in_syn_sent, "RFC 9293 3.10.2; septet.h, spt_send: -EAGAIN, then WRITABLE")
{
	given(SYN_SENT, .conn.send_buffer = 1000);
	app_send(1000);
	app_send_fails(1, -EAGAIN);
	expect_no_event(SPT_WRITABLE);
	inject(SYN | ACK);
	expect(PSH | ACK, .len = 1000);
	expect_connected();
	inject(ACK);
	expect_event(SPT_WRITABLE);
	expect_acked(1000);
	app_send(10);
	expect(ACK, .len = 10);
}

static void
budget_frees(void)
{
	static const unsigned int peers[] = {0, 2, 3};

	for (unsigned int i = 0; i < 3; i++) {
		use_peer(peers[i]);
		inject(ACK);
	}
	check_eq(stats().pinned_mbufs, 0);
	use_peer(1);
}

/* The budget of mbufs is used up by another connection: who asked in SYN-SENT hears of room too. */
static void
budget_in_syn_sent(bool free_before)
{
	given(ESTABLISHED, .config.pinned_mbufs = 8, .conn.nodelay = true);
	while (app_try_send(10) == 0)
		check_eq(ignore_segments(), 1);
	check_eq(stats().pinned_mbufs, 3); /* one queue takes no more than it leaves */
	use_peer(2);
	given(ESTABLISHED);
	while (app_try_send(10) == 0)
		check_eq(ignore_segments(), 1);
	use_peer(3);
	given(ESTABLISHED);
	while (app_try_send(10) == 0)
		check_eq(ignore_segments(), 1);
	use_peer(1);
	given(SYN_SENT);
	app_send_fails(10, -ENOBUFS);
	expect_no_event(SPT_WRITABLE);
	if (free_before) {
		budget_frees();
	}
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	if (!free_before) {
		budget_frees();
	}
	advance_ms(1000);
	expect_event(SPT_WRITABLE);
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK);
}

SCRIPT(budget_freed_before_syn_ack, "septet.h, spt_send: -ENOBUFS, WRITABLE follows")
{
	budget_in_syn_sent(true);
}

SCRIPT(budget_freed_after_syn_ack, "septet.h, spt_send: -ENOBUFS, WRITABLE follows")
{
	budget_in_syn_sent(false);
}

SCRIPT(options_set_in_syn_sent, "septet.h, spt_conn_set")
{
	given(SYN_SENT);
	app_set(.nodelay = true, .ttl = 9, .user_timeout_ms = 2000);
	expect_after_ms(1000, SYN, .seq = ZERO, .ttl = 9);
	advance_ms(1001);
	expect_closed(-ETIMEDOUT);
	expect_gone();
}

/* What the SYN said stays said. */
SCRIPT(offers_set_in_syn_sent, "septet.h, spt_conn_set: mss, timestamps and scaling stay")
{
	given(SYN_SENT);
	app_set(.mss = 500, .no_timestamps = true, .no_window_scale = true);
	expect_after_ms(1000, SYN, .seq = ZERO, .with = P_MSS | P_WSCALE | P_TIMESTAMP,
	    .mss = script_family() == 4 ? 1460 : 1440);
	inject(SYN | ACK);
	expect(ACK, .with = script_timestamps() ? P_TIMESTAMP : 0);
	expect_connected();
}

SCRIPT(buffer_made_smaller_in_syn_sent, "RFC 9293 3.8.6 SHLD-14: the window is not taken back")
{
	given(SYN_SENT);
	app_set(.receive_buffer = 1000);
	inject(SYN | ACK);
	expect(ACK, .wnd = 65535);
	expect_connected();
	inject(ACK, .len = 1400);
	expect_data(1400);
	expect_within_ms(40, ACK, .ack = 1401);
}

SCRIPT(idle_times_set_in_syn_sent, "RFC 9293 3.8.4: keep-alives are for an open connection")
{
	given(SYN_SENT, .conn.keepalive = true, .conn.keepalive_idle_ms = 300);
	app_set(.keepalive = true, .keepalive_idle_ms = 200);
	expect_after_ms(1000, SYN, .seq = ZERO);
	advance_ms(500);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	expect_after_ms(200, ACK, .seq = ZERO); /* the probe stands before SND.UNA */
	inject(ACK);
}

SCRIPT(buffer_made_larger_in_syn_sent, "RFC 9293 3.8.6: a window may grow")
{
	given(SYN_SENT, .wscale = 0, .conn.receive_buffer = 1000);
	app_set(.receive_buffer = 20000);
	inject(SYN | ACK);
	expect(ACK, .wnd = 20000);
	expect_connected();
}

SCRIPT(info_in_syn_sent, "septet.h, spt_conn_info, spt_conn_get")
{
	struct spt_conn_options o;
	struct spt_conn_info i;

	given(SYN_SENT, .conn.receive_buffer = 7000);
	i = script_info();
	check_eq(i.state, SPT_SYN_SENT);
	check_eq(i.local.port, SCRIPT_PORT);
	check_eq(i.remote.port, SCRIPT_PEER_PORT);
	check_eq(i.iss, script_iss_plus(0));
	check_eq(i.snd_una, script_iss_plus(0));
	check_eq(i.snd_nxt, script_iss_plus(1));
	check_eq(i.unsent, 0);
	check_eq(spt_conn_get(script_engine(), script_conn(), &o), 0);
	check_eq(o.receive_buffer, 7000);
}

SCRIPT_MAIN()

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening, where docs/conformance.md found no other test: a passive open beside other connections
 * of its port (RFC 9293 3.9.1.1), the local address of a connection, and an MSS option on every SYN
 * (3.7.1).
 */
#include <string.h>

#include <lib/script.h>

#define OTHER_PORT (SCRIPT_PORT + 7)

/* 'host': which of the engine's addresses; -1: all. */
static int
listen_at(int host, uint16_t port)
{
	struct spt_endpoint local = {.port = port};

	if (host >= 0)
		local.addr = script_local_address((unsigned int)host);
	return spt_listen(script_engine(), &local, NULL);
}

/* Everything still works: data both ways. */
static void
talk(void)
{
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK, .len = 20);
	expect_acked(10);
	expect_data(20);
	expect_after_ms(40, ACK);
}

SCRIPT(listen_beside_syn_sent, "RFC 9293 3.9.1.1 MUST-41, MUST-42: LISTEN on a port in SYN-SENT")
{
	int listener;

	given(LISTEN);
	app_connect(.lport = OTHER_PORT);
	expect(SYN);
	listener = listen_at(-1, OTHER_PORT);
	check(listener >= 0);
	expect_state(SYN_SENT);
	/* the port answers others ... */
	use_peer(1);
	inject(SYN, .dport = OTHER_PORT);
	expect_verdict(SPT_V_TCP_SYN);
	expect(SYN | ACK);
	check_eq(spt_unlisten(script_engine(), listener, SPT_UNLISTEN_RESET), 0);
	script_settle();
	expect(RST | ACK, .seq = 1);
	/* ... and the open that was there first goes on, and survives the listener */
	use_peer(0);
	expect_nothing();
	expect_state(SYN_SENT);
	inject(SYN | ACK);
	expect_verdict(SPT_V_TCP_CONNECTED);
	expect(ACK);
	expect_connected();
	talk();
}

SCRIPT(listen_beside_syn_received, "RFC 9293 3.9.1.1 MUST-41, MUST-42: a port in SYN-RECEIVED")
{
	int listener;

	given(SYN_RECEIVED);
	listener = listen_at(0, SCRIPT_PORT); /* this address only; the first has all of them */
	check(listener >= 0);
	expect_state(SYN_RECEIVED);
	use_peer(1);
	inject(SYN);
	expect(SYN | ACK);
	/* its end takes the half-open ones that are its own, no others */
	check_eq(spt_unlisten(script_engine(), listener, SPT_UNLISTEN_DRAIN), 0);
	script_settle();
	expect_gone();
	use_peer(0);
	expect_state(SYN_RECEIVED);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
	talk();
}

SCRIPT(listen_beside_established, "RFC 9293 3.9.1.1 MUST-41: the others do not notice")
{
	static const enum spt_state states[] = {SPT_ESTABLISHED, SPT_FIN_WAIT_2, SPT_CLOSE_WAIT,
	    SPT_LAST_ACK, SPT_CLOSING, SPT_TIME_WAIT};
	int listener;

	for (unsigned int i = 0; i < RTE_DIM(states); i++) {
		use_peer(i);
		SCRIPT_DO(script_given(&(struct given){.state = states[i]}));
	}
	listener = listen_at(0, SCRIPT_PORT);
	check(listener >= 0);
	expect_nothing();
	check_eq(spt_unlisten(script_engine(), listener, SPT_UNLISTEN_RESET), 0);
	script_settle();
	for (unsigned int i = 0; i < RTE_DIM(states); i++) {
		use_peer(i);
		expect_nothing();
		SCRIPT_DO(script_expect_state(states[i]));
	}
	use_peer(0);
	talk();
}

/* Of two local addresses: every segment leaves from the one that the first one left from. */
SCRIPT(local_address_stays, "RFC 9293 3.9.1.1 MUST-45: the same local address at all other times")
{
	struct spt_addr wanted;
	struct spt_conn_info info;

	given(LISTEN);
	wanted = script_local_address(1);
	app_connect(.lport = SCRIPT_PORT, .local = 1);
	expect(SYN);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	app_send(10);
	expect(ACK, .len = 10);
	expect_within_ms(3001, ACK, .seq = 1, .len = 10);
	inject(ACK, .len = 20);
	expect_data(20);
	expect_after_ms(40, ACK);
	inject(ACK, .seq = 1, .len = 20);
	expect(ACK);
	info = script_info();
	check_eq(memcmp(&info.local.addr, &wanted, sizeof(wanted)), 0);
	app_shutdown();
	expect(FIN | ACK);
	inject(FIN | ACK);
	expect(ACK);
	expect_event(SPT_PEER_CLOSED);
	expect_closed(0);
	expect_state(TIME_WAIT);
	inject(FIN | ACK, .seq = 21);
	expect(ACK);
	/* a RST too */
	use_peer(1);
	app_connect(.lport = SCRIPT_PORT, .local = 1);
	expect(SYN);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	app_abort();
	expect(RST | ACK);
	expect_closed(-ECONNABORTED);
}

/* Also where it is the default of the family, which SHLD-5 would let us leave out. */
SCRIPT(mss_option_always, "RFC 9293 3.7.1 MAY-3: always")
{
	uint16_t mss = script_family() == 4 ? 536 : 1220;

	given(LISTEN, .conn.mss = mss);
	inject(SYN, .mss = ZERO);
	expect(SYN | ACK, .with = P_MSS, .mss = mss);
	expect_after_ms(1000, SYN | ACK, .seq = ZERO, .with = P_MSS, .mss = mss);
	use_peer(1);
	app_connect();
	expect(SYN, .with = P_MSS, .mss = mss);
	expect_after_ms(1000, SYN, .seq = ZERO, .with = P_MSS, .mss = mss);
	inject(SYN, .mss = ZERO);
	expect(SYN | ACK, .seq = ZERO, .with = P_MSS, .mss = mss);
}

SCRIPT_MAIN()

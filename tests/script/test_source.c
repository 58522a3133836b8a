/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sources of active opens: local addresses and ports, chosen (RFC 6056) or told, taken and free
 * again; running out is an error at once, never a time-out; tuples in TIME-WAIT, which are taken
 * again only where the peer can tell the new connection from the old (RFC 6191).
 */
#include <string.h>

#include <lib/script.h>

static struct spt_stats
stats(void)
{
	struct spt_stats s;

	spt_engine_stats(script_engine(), &s);
	return s;
}

static bool
same_address(const struct spt_addr *a, const struct spt_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- choosing ------------------------------------------------------------- */

/* Every tuple is had once: 2 addresses, 'ports' ports from 5000 on. */
static void
dial_all(unsigned int ports)
{
	bool seen[2][SCRIPT_PEERS] = {{false}};

	for (unsigned int i = 0; i < 2 * ports; i++) {
		struct spt_conn_info info;
		struct spt_addr first = script_local_address(0);
		unsigned int port;

		use_peer(i);
		app_connect(.to = ZERO);
		expect(SYN);
		info = script_info();
		port = info.local.port - 5000u;
		check(port < ports);
		check(!seen[same_address(&info.local.addr, &first)][port]);
		seen[same_address(&info.local.addr, &first)][port] = true;
		check_eq(script_source_info().used, i + 1);
		check_eq(stats().source_tuples, i + 1);
	}
}

SCRIPT(all_tuples, "RFC 6056 2.1: the 4-tuple is unique; septet.h, spt_connect: -EADDRNOTAVAIL")
{
	uint16_t port;

	given(LISTEN, .source.port_first = 5000, .source.port_last = 5006);
	check_eq(script_source_info().tuples, 14);
	check_eq(script_source_info().used, 0);
	dial_all(7);
	use_peer(20);
	app_connect_fails(-EADDRNOTAVAIL, .to = ZERO);
	expect_counted(connects_no_tuple, 1);
	expect_counted(connects, 0);
	expect_nothing();
	/* for another remote there are as many again */
	use_peer(21);
	app_connect();
	expect(SYN);
	check_eq(script_source_info().used, 15);
	/* and what is given back is had again */
	use_peer(9);
	port = script_local_port();
	inject(RST | ACK, .seq = ZERO);
	expect_closed(-ECONNREFUSED);
	check_eq(script_source_info().used, 14);
	use_peer(22);
	app_connect(.to = ZERO);
	expect(SYN);
	check_eq(script_local_port(), port);
	use_peer(23);
	app_connect_fails(-EADDRNOTAVAIL, .to = ZERO);
}

SCRIPT(exhaustion_is_told_at_once, "issue 3: never a time-out, the others do not notice")
{
	given(LISTEN, .source.port_first = 5000, .source.port_last = 5001);
	dial_all(2);
	for (unsigned int i = 0; i < 4; i++) {
		use_peer(i);
		inject(SYN | ACK);
		expect(ACK);
		expect_connected();
	}
	for (unsigned int i = 0; i < 50; i++) {
		use_peer(10);
		app_connect_fails(-EADDRNOTAVAIL, .to = ZERO);
		expect_counted(connects_no_tuple, 1);
	}
	expect_silence_ms(200000);
	for (unsigned int i = 0; i < 4; i++) {
		use_peer(i);
		app_send(10);
		expect(ACK, .len = 10);
		inject(ACK, .len = 20);
		expect_data(20);
		expect_acked(10);
		expect_within_ms(40, ACK);
	}
}

/* More tuples than one open looks at: it may have to be asked again, but never fails for good. */
SCRIPT(sparse, "septet.h, spt_connect: -EAGAIN none found yet, ask again")
{
	given(LISTEN, .source.port_first = 5000, .source.port_last = 5299);
	for (unsigned int i = 0; i < 40; i++) {
		int result;

		use_peer(i);
		do {
			result = script_app_try_connect(&(struct app_connect){.to = ZERO});
		} while (result == -EAGAIN);
		check_eq(result, 0);
		expect(SYN);
		check(script_local_port() >= 5000 && script_local_port() <= 5299);
	}
}

#define CROWD 200

/* spt_connect until it says something else than -EAGAIN; *asked tells how often. */
static int
dial(spt_conn *conn, unsigned int *asked)
{
	struct spt_endpoint remote = script_remote();
	int result;

	for (*asked = 1; *asked < 10; (*asked)++) {
		result = spt_connect(script_engine(), script_source(), NULL, &remote, NULL, conn);
		if (result != -EAGAIN)
			break;
	}
	return result;
}

/* Our own turns: these connections are no peer's. Returns how many were closed. */
static unsigned int
turns(void)
{
	struct spt_event e[32];
	unsigned int n, closed = 0, idle = 0;

	while (idle < 3) {
		n = spt_poll(script_engine(), script_now(), e, 32);
		for (unsigned int i = 0; i < n; i++)
			closed += e[i].events == SPT_CLOSED;
		idle = n ? 0 : idle + 1;
	}
	ignore_segments();
	return closed;
}

/* One open looks at a part of them only; what it says is true all the same. */
SCRIPT(crowd, "septet.h, spt_connect: -EADDRNOTAVAIL only if there is none; -EAGAIN is bounded")
{
	static spt_conn conn[CROWD + 1];
	unsigned int asked;

	given(LISTEN, .config.connections = CROWD + 8, .source.port_first = 5000,
	    .source.port_last = 5000 + CROWD / 2 - 1);
	for (unsigned int i = 0; i < CROWD; i++) {
		check_eq(dial(&conn[i], &asked), 0);
		check_eq(asked, 1);
		turns();
	}
	check_eq(script_source_info().used, CROWD);
	check_eq(dial(&conn[CROWD], &asked), -EADDRNOTAVAIL);
	check(asked > 1 && asked <= 5);
	check_eq(stats().connects_no_tuple, 1);
	/* it stays so, at one question */
	check_eq(dial(&conn[CROWD], &asked), -EADDRNOTAVAIL);
	/* the one that is given back is found, wherever it is */
	for (unsigned int i = 3; i < CROWD; i += 60) {
		check_eq(spt_abort(script_engine(), conn[i]), 0);
		check_eq(turns(), 1);
		check_eq(dial(&conn[i], &asked), 0);
		check(asked <= 5);
		turns();
	}
	for (unsigned int i = 0; i < CROWD; i++)
		check_eq(spt_abort(script_engine(), conn[i]), 0);
	check_eq(turns(), CROWD);
	check_eq(script_source_info().used, 0);
}

/* Remotes in turn, as a load generator with several targets asks: each is told. */
SCRIPT(crowds, "septet.h, spt_connect: -EADDRNOTAVAIL for this remote, whoever else is asked for")
{
	static spt_conn conn[2][CROWD + 1];
	unsigned int asked, rounds = 0;
	int told[2] = {-EAGAIN, -EAGAIN};

	given(LISTEN, .config.connections = 2 * CROWD + 8, .source.port_first = 5000,
	    .source.port_last = 5000 + CROWD / 2 - 1);
	for (unsigned int i = 0; i < 2 * CROWD; i++) {
		use_peer(i % 2);
		check_eq(dial(&conn[i % 2][i / 2], &asked), 0);
		check_eq(asked, 1);
		turns();
	}
	while ((told[0] == -EAGAIN || told[1] == -EAGAIN) && rounds++ < 10) {
		for (unsigned int i = 0; i < 2; i++) {
			struct spt_endpoint remote;

			use_peer(i);
			remote = script_remote();
			told[i] = spt_connect(
			    script_engine(), script_source(), NULL, &remote, NULL, &conn[i][CROWD]);
		}
	}
	check_eq(told[0], -EADDRNOTAVAIL);
	check_eq(told[1], -EADDRNOTAVAIL);
	for (unsigned int i = 0; i < 2 * CROWD; i++)
		check_eq(spt_abort(script_engine(), conn[i % 2][i / 2]), 0);
	check_eq(turns(), 2 * CROWD);
	check_eq(script_source_info().used, 0);
}

SCRIPT(ports_by_default, "RFC 6056 3.2: 1024 to 65535; septet.h, spt_source_options")
{
	given(LISTEN);
	check_eq(script_source_info().tuples, 2 * (65536 - 1024));
	for (unsigned int i = 0; i < 30; i++) {
		use_peer(i);
		app_connect();
		expect(SYN);
		check(script_local_port() >= 1024);
	}
}

/* Who sees one sequence of ports does not know the next port to another remote. */
SCRIPT(ports_of_two_remotes, "RFC 6056 3.3.3: each remote has an offset of its own")
{
	uint16_t last = 0;
	unsigned int neighbours = 0;

	given(LISTEN);
	for (unsigned int i = 0; i < 30; i++) {
		use_peer(i);
		app_connect();
		expect(SYN);
		neighbours += (uint16_t)(script_local_port() - last) <= 2;
		last = script_local_port();
	}
	check(neighbours <= 2);
}

SCRIPT(one_address, "septet.h, spt_source_options: first, count")
{
	struct spt_source_options o = {.port_first = 6000, .port_last = 6003};
	struct spt_addr wanted;
	int source;

	given(LISTEN);
	wanted = o.first = script_local_address(1);
	source = spt_source_add(script_engine(), &o);
	check(source >= 0);
	for (unsigned int i = 0; i < 4; i++) {
		struct spt_conn_info info;

		use_peer(i);
		app_connect(.to = ZERO, .source = source ? source : ZERO);
		expect(SYN);
		info = script_info();
		check(same_address(&info.local.addr, &wanted));
		check(info.local.port >= 6000 && info.local.port <= 6003);
	}
	use_peer(4);
	app_connect_fails(-EADDRNOTAVAIL, .to = ZERO, .source = source ? source : ZERO);
	/* told: an address of the source's, whatever the port */
	app_connect_fails(-EADDRNOTAVAIL, .to = ZERO, .source = source ? source : ZERO,
	    .lport = 6000, .local = 0);
	app_connect(.to = ZERO, .source = source ? source : ZERO, .lport = 80, .local = 1);
	expect(SYN);
	check_eq(script_local_port(), 80);
}

/* Connections from ports to one remote endpoint do not mix. */
SCRIPT(side_by_side, "RFC 9293 3.4.1: the 4-tuple tells connections apart")
{
	given(LISTEN, .source.port_first = 5000, .source.port_last = 5003);
	dial_all(4);
	for (unsigned int i = 0; i < 8; i++) {
		use_peer(i);
		inject(SYN | ACK, .wnd = 1000 + i);
		expect(ACK);
		expect_connected();
	}
	for (unsigned int i = 0; i < 8; i++) {
		use_peer(i);
		check_eq(script_info().snd_wnd, 1000 + i);
		inject(ACK, .len = 100 + i);
		expect_data(100 + i);
		expect_after_ms(40, ACK);
	}
}

/* ---- told ----------------------------------------------------------------- */

SCRIPT(told_and_taken, "RFC 9293 3.10.1, OPEN: \"connection already exists\"; MUST-42")
{
	given(SYN_SENT);
	use_peer(1);
	app_connect_fails(-EADDRINUSE, .to = ZERO, .lport = SCRIPT_PORT);
	app_connect(.lport = SCRIPT_PORT); /* another remote */
	expect(SYN);
	use_peer(2);
	app_connect(.to = ZERO, .lport = SCRIPT_PORT + 1);
	expect(SYN);
	use_peer(3);
	app_connect(.to = ZERO, .lport = SCRIPT_PORT, .local = 1);
	expect(SYN);
	use_peer(0);
	app_close();
	expect_closed(-ECONNABORTED);
	use_peer(4);
	app_connect(.to = ZERO, .lport = SCRIPT_PORT);
	expect(SYN);
}

SCRIPT(taken_by_a_passive_open, "RFC 9293 3.10.1; 3.9.1.1")
{
	given(ESTABLISHED, .active = OFF);
	use_peer(1);
	given(SYN_RECEIVED);
	use_peer(2);
	app_connect_fails(-EADDRINUSE, .to = ZERO, .lport = SCRIPT_PORT);
	app_connect_fails(-EADDRINUSE, .to = 1, .lport = SCRIPT_PORT);
	use_peer(1);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
}

SCRIPT(bad_locals, "septet.h, spt_connect: -EINVAL, -EADDRNOTAVAIL")
{
	struct spt_endpoint local = {.port = 0}, remote;
	spt_conn conn;

	given(LISTEN);
	remote = script_remote();
	local.addr = script_local_address(0);
	check_eq(
	    spt_connect(script_engine(), script_source(), &local, &remote, NULL, &conn), -EINVAL);
	local.port = 5000;
	local.addr = remote.addr;
	check_eq(spt_connect(script_engine(), script_source(), &local, &remote, NULL, &conn),
	    -EADDRNOTAVAIL);
	memset(&local.addr, 0, sizeof(local.addr));
	check_eq(spt_connect(script_engine(), script_source(), &local, &remote, NULL, &conn),
	    -EADDRNOTAVAIL);
	expect_counted(connects, 0);
	check_eq(script_source_info().used, 0);
	expect_silence_ms(2000);
}

static struct spt_addr
v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct spt_addr){.b = {[10] = 0xff, [11] = 0xff, [12] = a, b, c, d}};
}

SCRIPT(bad_remotes, "RFC 9293 3.9.2.3 MUST-46: invalid remote addresses are errors of the call")
{
	struct spt_endpoint remote, bad[10];
	unsigned int n = 0;

	given(LISTEN);
	remote = script_remote();
	bad[n] = remote;
	bad[n++].port = 0;
	bad[n++] = (struct spt_endpoint){.port = 80}; /* :: */
	bad[n++] = (struct spt_endpoint){v4(0, 0, 0, 0), 80};
	bad[n++] = (struct spt_endpoint){v4(127, 0, 0, 1), 80};
	bad[n++] = (struct spt_endpoint){v4(224, 0, 0, 1), 80};
	bad[n++] = (struct spt_endpoint){v4(255, 255, 255, 255), 80};
	bad[n++] = (struct spt_endpoint){{.b = {0xff, 0x02, [15] = 1}}, 80};
	bad[n++] = (struct spt_endpoint){{.b = {[15] = 1}}, 80}; /* ::1 */
	if (script_family() == 4)
		bad[n++] = (struct spt_endpoint){v4(10, 1, 0, 255), 80}; /* our link's broadcast */
	for (unsigned int i = 0; i < n; i++)
		app_connect_fails(-EINVAL, .remote = &bad[i]);
	expect_counted(connects, 0);
	expect_nothing();
}

SCRIPT(other_family, "septet.h, spt_connect: -EADDRNOTAVAIL no address of its family")
{
	struct spt_endpoint remote = {v4(192, 0, 2, 1), 80};

	given(LISTEN);
	if (script_family() == 4)
		remote.addr = (struct spt_addr){.b = {0x20, 0x01, 0x0d, 0xb8, [15] = 7}};
	app_connect_fails(-EADDRNOTAVAIL, .remote = &remote);
	expect_nothing();
	app_connect();
	expect(SYN);
}

SCRIPT(no_such_source, "septet.h, spt_connect, spt_source_remove, spt_source_info: -ENOENT")
{
	struct spt_source_info info;
	int source;

	given(ESTABLISHED, .active = ON);
	source = script_source();
	app_connect_fails(-ENOENT, .source = source + 1);
	app_connect_fails(-ENOENT, .source = -1);
	app_connect_fails(-ENOENT, .source = 254);
	check_eq(spt_source_info(script_engine(), source + 1, &info), -ENOENT);
	check_eq(spt_source_remove(script_engine(), source + 1), -ENOENT);
	check_eq(spt_source_remove(script_engine(), -1), -ENOENT);
	/* its connection lives on */
	check_eq(spt_source_remove(script_engine(), source), 0);
	check_eq(spt_source_remove(script_engine(), source), -ENOENT);
	check_eq(stats().source_tuples, 1);
	use_peer(1);
	app_connect_fails(-ENOENT);
	use_peer(0);
	app_send(10);
	expect(ACK, .len = 10);
	inject(FIN | ACK);
	expect(ACK);
	expect_event(SPT_PEER_CLOSED);
	app_close();
	expect(FIN | ACK);
	inject(ACK);
	expect_closed(0);
	check_eq(stats().source_tuples, 0);
}

SCRIPT(sources_run_out, "septet.h, spt_source_add: -ENOSPC, -EINVAL, -EADDRNOTAVAIL")
{
	struct spt_source_options o = {.port_first = 2000, .port_last = 1999};
	int first;

	given(LISTEN, .config.sources = 2);
	check_eq(spt_source_add(script_engine(), &o), -EINVAL);
	o.port_last = 2000;
	o.first = script_remote().addr;
	check_eq(spt_source_add(script_engine(), &o), -EADDRNOTAVAIL);
	o.first = script_local_address(1);
	o.count = 2;
	check_eq(spt_source_add(script_engine(), &o), -EADDRNOTAVAIL);
	o.count = UINT32_MAX;
	check_eq(spt_source_add(script_engine(), &o), -EADDRNOTAVAIL);
	o.count = 1;
	for (unsigned int i = 0; i < 3000; i++) { /* none of them keeps anything */
		first = spt_source_add(script_engine(), &o);
		check(first >= 0);
		check_eq(spt_source_remove(script_engine(), first), 0);
	}
	first = spt_source_add(script_engine(), &o);
	check(first >= 0);
	check(spt_source_add(script_engine(), NULL) >= 0);
	check_eq(spt_source_add(script_engine(), &o), -ENOSPC);
	check_eq(spt_source_remove(script_engine(), first), 0);
	check(spt_source_add(script_engine(), &o) >= 0);
	script_settle();
	expect_nothing();
}

SCRIPT(no_connection_left, "septet.h, spt_connect: -ENFILE; design 4: a counted refusal")
{
	given(SYN_SENT, .config.connections = 1);
	use_peer(1);
	app_connect_fails(-ENFILE);
	check_eq(stats().source_tuples, 1);
	expect_nothing();
	use_peer(0);
	inject(RST | ACK, .seq = ZERO);
	expect_closed(-ECONNREFUSED);
	use_peer(1);
	app_connect();
	expect(SYN);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
}

/* ---- TIME-WAIT ------------------------------------------------------------ */

/* The one tuple of the source is in TIME-WAIT. */
#define GIVEN_TIME_WAIT(...)                                                                       \
	given(TIME_WAIT, .active = ON, .source.port_first = SCRIPT_PORT,                           \
	    .source.port_last = SCRIPT_PORT, __VA_ARGS__)

/* Its one address too. */
static void
dial_refused(void)
{
	app_connect_fails(-EADDRINUSE, .lport = SCRIPT_PORT);
	expect_counted(connects_no_tuple, 0);
	expect_nothing();
	expect_state(TIME_WAIT);
}

SCRIPT(time_wait_without_timestamps, "RFC 9293 3.6.1 MUST-13; RFC 6191 2: no way to tell: 2MSL")
{
	GIVEN_TIME_WAIT(.ts = OFF);
	check_eq(script_source_info().used, 1);
	check_eq(stats().source_tuples, 1);
	dial_refused();
	advance_ms(2000);
	dial_refused();
	advance_ms(57999);
	dial_refused();
	advance_ms(2);
	expect_gone();
	check_eq(script_source_info().used, 0);
	new_life(100000);
	app_connect(.lport = SCRIPT_PORT);
	expect(SYN);
	expect_counted(timewait_reused, 0);
	check_eq(stats().timewait_reused, 0);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
}

SCRIPT(time_wait_chosen, "septet.h, spt_connect: -EADDRNOTAVAIL no local endpoint is left")
{
	given(TIME_WAIT, .active = ON, .ts = OFF, .config.msl_ms = 5000,
	    .source.port_first = SCRIPT_PORT, .source.port_last = SCRIPT_PORT);
	use_peer(1);
	app_connect(.to = ZERO); /* the other address */
	expect(SYN);
	use_peer(2);
	app_connect_fails(-EADDRNOTAVAIL, .to = ZERO);
	expect_counted(connects_no_tuple, 1);
	advance_ms(900);
	app_connect_fails(-EADDRNOTAVAIL, .to = ZERO);
	use_peer(1);
	app_close();
	expect_closed(-ECONNABORTED);
	new_life(0);
	app_connect(.to = ZERO); /* free at once: no TIME-WAIT of it */
	expect(SYN);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	use_peer(0);
	advance_ms(9099);
	expect_state(TIME_WAIT);
	advance_ms(2);
	expect_gone();
	new_life(100000);
	app_connect();
	expect(SYN);
	check_eq(script_local_port(), SCRIPT_PORT);
}

/* What the old incarnation was: its last numbers and timestamp. */
struct old {
	uint32_t snd_nxt, tsval;
};

static struct old
time_wait_with_timestamps(void)
{
	struct old old;

	GIVEN_TIME_WAIT(.ts = ON);
	old.snd_nxt = script_iss_plus(2);
	old.tsval = script_engine_tsval();
	dial_refused();
	advance_ms(900);
	dial_refused();
	advance_ms(101);
	return old;
}

SCRIPT(time_wait_reused, "RFC 6191 2: timestamps larger; RFC 9293 3.6.1 MAY-2: ISS larger")
{
	struct old old = time_wait_with_timestamps();

	new_life(100000);
	app_connect();
	expect_counted(timewait_reused, 1);
	expect(SYN, .with = P_TIMESTAMP);
	check_eq(script_local_port(), SCRIPT_PORT);
	check((int32_t)(script_iss_plus(0) - (old.snd_nxt + 65537)) >= 0);
	check((int32_t)(script_engine_tsval() - old.tsval) >= 1000);
	check_eq(script_source_info().used, 1);
	check_eq(stats().timewait, 0);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
	app_send(10);
	expect(ACK, .len = 10);
	inject(ACK, .len = 10);
	expect_data(10);
	expect_within_ms(40, ACK);
}

/* So many bytes were sent in no time: the clock of RFC 6528 lags behind, or is hardly ahead. */
static void
reused_after(uint32_t bytes)
{
	uint32_t last, old_iss;

	given(ESTABLISHED, .active = ON, .ts = ON);
	for (uint32_t sent = 0; sent < bytes; sent += 10000) {
		app_send(10000);
		while (ignore_segments() > 0)
			inject(ACK);
	}
	app_shutdown();
	expect(FIN | ACK, .seq = 1 + bytes);
	inject(FIN | ACK);
	expect(ACK, .ack = 2);
	expect_event(SPT_PEER_CLOSED);
	expect_closed(0);
	old_iss = script_iss_plus(0);
	last = script_iss_plus(2 + bytes);
	advance_ms(1001);
	new_life(100000);
	app_connect(.lport = SCRIPT_PORT);
	expect(SYN);
	check((int32_t)(script_iss_plus(0) - old_iss) > (int32_t)bytes);
	check((int32_t)(script_iss_plus(0) - (last + 65537)) >= 0);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
}

SCRIPT(time_wait_reused_after_much_data, "RFC 6191 2; RFC 9293 3.6.1 MAY-2: above the last number")
{
	reused_after(600000);
}

SCRIPT(time_wait_reused_with_little_room, "DESIGN 6: at least 65537 above the last number")
{
	reused_after(220000);
}

SCRIPT(time_wait_told_and_reused, "RFC 6191 2; septet.h, spt_connect: 'local' is taken as it is")
{
	time_wait_with_timestamps();
	new_life(100000);
	app_connect(.lport = SCRIPT_PORT);
	expect_counted(timewait_reused, 1);
	expect(SYN, .with = P_TIMESTAMP);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
}

/*
 * The peer is in LAST-ACK still, our last ACK was lost: it repeats its FIN, or challenges our SYN;
 * either is answered by a RST that takes its old connection away, and the SYN comes again.
 */
SCRIPT(time_wait_reused_too_early, "RFC 9293 3.10.7.3 first; RFC 5961 4.2, the other end of it")
{
	struct old old = time_wait_with_timestamps();
	uint32_t before = script_iss_plus(0);

	new_life(100000);
	app_connect();
	expect(SYN);
	/* its ACK is of the old incarnation */
	inject(FIN | ACK, .seq = -100000, .ack = (int32_t)(old.snd_nxt - script_iss_plus(0)),
	    .rejected = true);
	expect_verdict(SPT_V_TCP_SYN_SENT_BAD_ACK);
	expect_rst();
	check(before != script_iss_plus(0));
	expect_state(SYN_SENT);
	expect_after_ms(1000, SYN, .seq = ZERO);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
}

/* The engine's own switch: without timestamps on the new SYN the peer could tell nothing. */
SCRIPT(time_wait_and_a_source_without_timestamps, "RFC 6191 2")
{
	struct spt_source_options o = {.conn.no_timestamps = true};
	int source;

	time_wait_with_timestamps();
	source = spt_source_add(script_engine(), &o);
	check(source > 0);
	new_life(100000);
	app_connect_fails(-EADDRINUSE, .source = source, .lport = SCRIPT_PORT);
	expect_state(TIME_WAIT);
}

SCRIPT(time_wait_of_a_passive_open, "RFC 6191 2: whoever opened it")
{
	given(TIME_WAIT, .active = OFF, .ts = ON);
	check_eq(stats().source_tuples, 0);
	app_connect_fails(-EADDRINUSE, .lport = SCRIPT_PORT);
	advance_ms(1001);
	new_life(100000);
	app_connect(.lport = SCRIPT_PORT);
	expect(SYN);
	check_eq(stats().source_tuples, 1);
	inject(SYN | ACK);
	expect(ACK);
	expect_connected();
}

/* The other way: a client's TIME-WAIT, and the peer dials our listener from the same port. */
SCRIPT(time_wait_reopened_by_the_peer, "RFC 6191 2; RFC 9293 3.6.1 MAY-2: the tuple is no source's")
{
	GIVEN_TIME_WAIT(.ts = ON);
	advance_ms(1001);
	new_life(100000);
	inject(SYN);
	expect_verdict(SPT_V_TCP_TIMEWAIT_SYN);
	expect(SYN | ACK, .ack = 1);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	expect_state(ESTABLISHED);
	check_eq(stats().source_tuples, 0);
	check_eq(script_source_info().used, 0);
}

SCRIPT(time_wait_reaped_early, "design 4: the pool of TIME-WAIT records is full; tuples are free")
{
	given(TIME_WAIT, .active = ON, .config.timewait = 2);
	for (unsigned int i = 1; i < 5; i++) {
		use_peer(i);
		given(TIME_WAIT, .active = ON);
		check_eq(stats().source_tuples, i < 2 ? i + 1 : 2);
		check_eq(script_source_info().used, i < 2 ? i + 1 : 2);
	}
	use_peer(0);
	expect_gone();
}

SCRIPT(time_wait_source_removed, "septet.h, spt_source_remove: its connections live on")
{
	int source;

	GIVEN_TIME_WAIT(.ts = OFF);
	source = script_source();
	check_eq(spt_source_remove(script_engine(), source), 0);
	check_eq(stats().source_tuples, 1);
	expect_state(TIME_WAIT);
	advance_ms(60001);
	expect_gone();
	check_eq(stats().source_tuples, 0);
	check_eq(spt_source_add(script_engine(), NULL), source);
	expect_nothing();
}

SCRIPT_MAIN()

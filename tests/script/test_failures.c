/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the simulations of failing allocations do not say: answers to what belongs to nobody,
 * floods, ICMP, address resolution, urgent data and data that others refer to. Each such talk is
 * repeated with its n-th allocation failing, for every n, and with all of them failing; afterwards
 * the engine serves as before. Then a port that takes nothing for a time.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include <lib/alloc_fail.h>
#include <lib/script_priv.h>

#define ENGINE_POOL 2048
#define LIFE        1000000

/* What came of it is nobody's expectation: segments, and events of every connection. */
static void
whatever(void)
{
	static const uint32_t bits[] = {
	    SPT_CONNECTED, SPT_PEER_CLOSED, SPT_CLOSED, SPT_SOFT_ERROR, SPT_URGENT};

	ignore_segments();
	for (unsigned int i = 0; i < SCRIPT_PEERS; i++) {
		for (unsigned int b = 0; b < RTE_DIM(bits); b++) {
			while (script_take_event(&script->flow[i], bits[b]) != NULL)
				;
		}
	}
}

static void throw(uint8_t flags, uint16_t dport)
{
	script_inject(&(struct inject){.flags = flags, .dport = dport, .rejected = true});
	whatever();
}

/* A new connection works, both ways, from one end to the other. */
static void
serves(void)
{
	use_peer(63);
	new_life(LIFE);
	given(ESTABLISHED, .active = OFF);
	app_send(100);
	expect(ACK, .len = 100);
	inject(ACK, .len = 50);
	expect_acked(100);
	expect_data(50);
	expect_after_ms(40, ACK);
	inject(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK);
	app_close();
	expect(FIN | ACK);
	inject(ACK);
	expect_closed(0);
	expect_gone();
}

static void
each_fails(void (*talk)(void))
{
	uint64_t seen;

	for (unsigned int n = 1;; n++) {
		alloc_fail_from(ENGINE_POOL, n, 1);
		talk();
		seen = alloc_fail_seen();
		alloc_fail_from(ENGINE_POOL, 0, 0);
		serves();
		if (n > seen)
			break;
		check(n < 200);
	}
	alloc_fail_from(ENGINE_POOL, 1, UINT64_MAX);
	talk();
	alloc_fail_from(ENGINE_POOL, 0, 0);
	serves();
}

static void
to_nobody(void)
{
	use_peer(1);
	throw(SYN, 99);
	throw(ACK, 99);
	throw(FIN | ACK, 99);
	throw(PSH | ACK, SCRIPT_PORT);
	throw(RST, 99);
}

SCRIPT(answers_to_nobody, "RFC 9293 3.10.7.1: a RST is lost, as on the wire")
{
	given(LISTEN);
	each_fails(to_nobody);
}

static void
flood(void)
{
	for (unsigned int i = 1; i <= 12; i++) {
		use_peer(i);
		new_life(LIFE);
		inject(SYN);
		whatever();
	}
	for (unsigned int s = 0; s < 70; s++) {
		advance_ms(1000);
		whatever();
	}
}

SCRIPT(flood_of_syns, "RFC 4987; DESIGN 4: records run out, counted; SYN-ACKs are sent again")
{
	given(LISTEN, .config.half_open = 8, .config.syn_ack_retries = 2);
	each_fails(flood);
}

static void
icmp(void)
{
	static uint8_t flat[PACKET_MAX];
	struct packet p = {.family = (uint8_t)script_family(), .ttl = 64, .protocol = 99};
	unsigned int at;

	use_peer(1);
	inject_icmp(ICMP_ECHO_REQUEST);
	whatever();
	p.eth_src = script->peer_mac;
	p.eth_dst = script->mac;
	p.src = script->peer;
	p.dst = script->local[0];
	at = packet_build_ip(&p, NULL, 0);
	memset(flat + at, 0, 64);
	packet_build_ip(&p, flat, 64);
	advance_ms(1000); /* errors are limited in rate */
	inject_frame(flat, at + 64);
	whatever();
}

SCRIPT(answers_by_icmp, "RFC 792, RFC 4443: an answer is lost, as on the wire")
{
	given(LISTEN);
	each_fails(icmp);
}

/* The host with this last byte in its address. */
static struct spt_addr
host(uint8_t last)
{
	struct spt_addr a = script->peer;

	a.b[15] = last;
	return a;
}

static void
resolution(void)
{
	static uint8_t flat[PACKET_MAX], last = 20;
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, last}};
	struct spt_addr asker = host(last);
	struct spt_endpoint remote = {host((uint8_t)(last + 1)), 80};
	unsigned int n;

	last = last < 240 ? (uint8_t)(last + 2) : 20;
	use_peer(2);
	/* we are asked */
	n = packet_ask_resolution(&mac, &asker, &script->local[0], flat);
	inject_frame(flat, n);
	whatever();
	/* we ask, and are answered at last; the SYN that waited goes out, or comes again */
	if (app_try_connect(.remote = &remote) == 0) {
		unsigned int before = script->captures;

		advance_ms(2500);
		whatever();
		n = packet_ask_resolution(&mac, &remote.addr, &script->local[0], flat);
		inject_frame(flat, n);
		whatever();
		advance_ms(5000);
		check(alloc_fail_failed() > 1 || script->captures > before);
		whatever();
		script_app_abort();
		whatever();
	}
}

SCRIPT(address_resolution, "RFC 826; RFC 4861 7.2: requests are repeated; DESIGN 4")
{
	given(LISTEN, .config.neighbours = 256);
	each_fails(resolution);
}

/* What is sent is made before an allocation fails. */
static struct rte_mbuf *
payload(unsigned int n)
{
	struct rte_mbuf *m = spt_buffer_alloc(script->engine);

	if (m != NULL)
		pattern_fill((uint8_t *)rte_pktmbuf_append(m, (uint16_t)n), n,
		    SEED_ENGINE(script->f->number), script->f->app_sent + 1);
	return m;
}

/* Data with URG both ways, and a chain that the application refers to as well. */
static void
urgent(void)
{
	struct rte_mbuf *m;
	int rc;

	use_peer(3);
	new_life(LIFE);
	inject(SYN);
	for (unsigned int i = 0; i < 8; i++) { /* the SYN-ACK may be lost */
		whatever();
		advance_ms(1000);
	}
	whatever();
	inject(ACK, .ack = 1);
	whatever();
	if (!script->f->open)
		return; /* every SYN-ACK was lost */
	inject(ACK | URG, .ack = 1, .len = 20, .up = 10);
	whatever();
	m = payload(100);
	if (m != NULL) {
		rte_mbuf_refcnt_update(m, 1);
		rc = spt_send(script->engine, script->f->conn, m, SPT_URGENT_DATA);
		check(rc == 0 || rc == -ENOBUFS);
		rte_pktmbuf_free(m);
		if (rc != 0)
			rte_pktmbuf_free(m);
		script_settle();
	}
	for (unsigned int i = 0; i < 10; i++) {
		whatever();
		advance_ms(500);
	}
	whatever();
	inject(RST, .rejected = true);
	whatever();
	expect_gone();
}

SCRIPT(
    urgent_and_shared, "RFC 9293 3.8.5; septet.h, spt_send: -ENOBUFS, the chain stays the caller's")
{
	given(LISTEN);
	each_fails(urgent);
}

/* ---- the link is down ------------------------------------------------------------------------ */

/* A port that is full is asked again at once, for ever: here who polls takes his time. */
static void
polled_ms(uint32_t ms)
{
	for (uint32_t at = 0; at < ms; at += 100) {
		script->now += 100 * SPT_NS_PER_MS;
		script_settle();
	}
}

SCRIPT(
    link_down_for_a_while, "RFC 9293 3.8.3: R2 is 100 s; RFC 6298 5: what was lost is sent again")
{
	for (unsigned int s = 1; s <= 31; s += 30) {
		use_peer(s / 30 + 1);
		given(ESTABLISHED, .conn.nodelay = true);
		port_refuses(true);
		app_send(3000);
		polled_ms(s * 1000);
		check_eq(ignore_segments(), 0);
		port_refuses(false);
		advance_ms(40000); /* longer than the back-off, and before R2 */
		ignore_segments();
		inject(ACK, .ack = 3001);
		expect_acked(3000);
		script_take_event(script->f, SPT_SOFT_ERROR);
		inject(ACK, .len = 10);
		expect_after_ms(40, ACK);
		expect_data(10);
		app_abort();
		expect(RST | ACK);
		expect_closed(-ECONNABORTED);
	}
}

SCRIPT(
    link_down_for_good, "RFC 9293 3.8.3 SHLD-10, 11: told at R1, given up at R2; nothing is left")
{
	given(ESTABLISHED);
	port_refuses(true);
	app_send(3000);
	polled_ms(99900);
	expect_state(ESTABLISHED);
	expect_soft_error(-ETIMEDOUT);
	polled_ms(200);
	expect_closed(-ETIMEDOUT);
	expect_gone();
	port_refuses(false);
	advance_ms(1000);
	ignore_segments(); /* what waited in the ring */
	serves();
}

SCRIPT(link_down_while_opening, "RFC 9293 MUST-23; RFC 6298 5.5: a SYN that was lost comes again")
{
	given(LISTEN);
	use_peer(1);
	port_refuses(true);
	script_peer_is(script->f, &script->given);
	app_connect(.lport = SCRIPT_PORT);
	polled_ms(20000);
	port_refuses(false);
	advance_ms(33000);
	check(ignore_segments() > 0);
	inject(SYN | ACK);
	expect(ACK, .seq = 1);
	expect_event(SPT_SOFT_ERROR);
	expect_connected();
	serves();
}

SCRIPT(link_down_while_closing, "RFC 9293 3.8.1: a FIN is retransmitted")
{
	given(ESTABLISHED);
	port_refuses(true);
	app_shutdown();
	polled_ms(10000);
	port_refuses(false);
	advance_ms(15000);
	check(ignore_segments() > 0);
	script_take_event(script->f, SPT_SOFT_ERROR);
	inject(ACK, .ack = 2);
	expect_state(FIN_WAIT_2);
	inject(FIN | ACK);
	expect_event(SPT_PEER_CLOSED);
	expect(ACK);
	expect_closed(0);
	serves();
}

SCRIPT(silence_of_the_peer, "RFC 9293 3.8.3, 3.8.4: an idle connection has no time-out of its own")
{
	given(ESTABLISHED);
	expect_silence_ms(86400000);
	inject(ACK, .len = 10);
	expect_after_ms(40, ACK);
	expect_data(10);
	serves();
}

int
main(int argc, char **argv)
{
	alloc_fail_install();
	return script_main(argc, argv);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flood of SYNs in front of a port that sends less than it receives: the answers must not keep
 * the data of established connections from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <base/seq.h>
#include <lib/env.h>
#include <lib/packet.h>
#include <lib/simlink.h>
#include <port/port.h>
#include <septet/septet.h>

#define TURNS    4000
#define PER_TURN 16 /* frames that the port carries; of SYNs come 32 */

static const struct rte_ether_addr peer_mac = {{2, 0, 0, 0, 0, 9}};

static struct {
	struct spt_port *port[2];
	struct spt_engine *engine;
	spt_time now;
	spt_conn conn;
	bool accepted;
	uint32_t rcv_nxt, syn_acks, data; /* the peer's, and what it got */
} w;

static void
push(const uint8_t *flat, unsigned int length)
{
	struct rte_mbuf *m = packet_mbuf(simlink_pool(1), flat, length);

	assert_non_null(m);
	if (port_tx(w.port[1], w.now, &m, 1) != 1)
		rte_pktmbuf_free(m);
}

static void
send(uint16_t sport, uint8_t flags, uint32_t seq, uint32_t ack)
{
	const struct packet p = {.eth_src = peer_mac,
	    .eth_dst = w.port[0]->mac,
	    .family = 4,
	    .ttl = 64,
	    .src = simlink_address(4, 2),
	    .dst = simlink_address(4, 1),
	    .sport = sport,
	    .dport = 80,
	    .flags = flags,
	    .seq = seq,
	    .ack = ack,
	    .wnd = 65535};
	uint8_t flat[PACKET_MAX];

	push(flat, packet_build(&p, flat));
}

static void
turn(void)
{
	struct spt_event e[4];
	unsigned int n;

	w.now += SPT_NS_PER_MS;
	n = spt_poll(w.engine, w.now, e, 4);
	for (unsigned int i = 0; i < n; i++) {
		assert_null(e[i].data);
		if (e[i].events & SPT_ACCEPTED) {
			w.conn = e[i].conn;
			w.accepted = true;
		}
	}
}

/* What came over the link in this turn. Data in order is acknowledged. */
static void
take(unsigned int most)
{
	static uint8_t flat[PACKET_MAX];
	uint32_t before = w.data;
	struct rte_mbuf *m;

	while (most-- > 0 && port_rx(w.port[1], w.now, &m, 1) == 1) {
		unsigned int length = packet_flatten(m, flat);
		struct packet p;

		assert_null(packet_offload(m, flat, length));
		if (packet_parse(flat, length, &p) == PACKET_TCP) {
			if (p.dport == 40000 && (p.flags & P_SYN))
				w.rcv_nxt = p.seq + 1;
			w.syn_acks += (p.flags & P_SYN) != 0;
			if (p.len > 0 && p.seq == w.rcv_nxt) {
				w.rcv_nxt += p.len;
				w.data++;
			}
		}
		rte_pktmbuf_free(m);
	}
	if (w.data != before)
		send(40000, P_ACK, 1, w.rcv_nxt);
}

/* The application has always something to say. */
static void
fill(void)
{
	for (;;) {
		struct rte_mbuf *m = spt_buffer_alloc(w.engine);

		if (m == NULL)
			return;
		memset(rte_pktmbuf_append(m, 1000), 0, 1000);
		if (spt_send(w.engine, w.conn, m, 0) != 0) {
			rte_pktmbuf_free(m);
			return;
		}
	}
}

static void
test_data_beside_answers(void **state)
{
	const struct spt_local local = {.first = simlink_address(4, 1), .count = 1, .prefix = 24};
	const struct spt_memory_pair_config pair = {.name = "cookies",
	    .socket = -1,
	    .ring_size = 64,
	    .pool = {simlink_pool(0), simlink_pool(1)}};
	const struct spt_config config = {.local = &local,
	    .n_local = 1,
	    .pool = simlink_pool(0),
	    .socket = -1,
	    .connections = 16,
	    .syn_cookies = SPT_COOKIES_ALWAYS};
	const struct spt_listen_options listen = {.conn.send_buffer = 65536};
	const struct spt_endpoint any = {.port = 80};
	const struct spt_addr from = simlink_address(4, 2), to = simlink_address(4, 1);
	uint8_t flat[PACKET_MAX];
	struct spt_stats stats;
	char error[200];

	(void)state;
	w.now = SPT_NS_PER_SEC;
	assert_int_equal(spt_port_memory_pair_create(&pair, w.port), 0);
	assert_int_equal(
	    spt_engine_create(&config, w.port[0], w.now, &w.engine, error, sizeof(error)), 0);
	assert_true(spt_listen(w.engine, &any, &listen) >= 0);
	push(flat, packet_ask_resolution(&peer_mac, &from, &to, flat));
	send(40000, P_SYN, 0, 0);
	turn();
	take(64);
	send(40000, P_ACK, 1, w.rcv_nxt);
	turn();
	assert_true(w.accepted);
	for (unsigned int i = 0; i < TURNS; i++) {
		for (unsigned int k = 0; k < 2 * PER_TURN; k++)
			send((uint16_t)(1024 + (i * 2 * PER_TURN + k) % 30000), P_SYN, 7, 0);
		fill();
		turn();
		take(PER_TURN);
	}
	spt_engine_stats(w.engine, &stats);
	assert_null(spt_engine_check(w.engine));
	/* The link was full; data had its part, a window of 64 KB each time that the queue moved
	 * on. */
	assert_true(w.syn_acks + w.data > PER_TURN * TURNS * 9 / 10);
	assert_true(w.data > PER_TURN * TURNS / 8);
	assert_true(w.syn_acks > PER_TURN * TURNS / 10);
	spt_engine_destroy(w.engine);
	take(10000);
	spt_port_destroy(w.port[0]);
	spt_port_destroy(w.port[1]);
	assert_int_equal(env_pool_in_use(simlink_pool(0)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_data_beside_answers),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

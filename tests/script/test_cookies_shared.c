/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hosts that share a secret behind a router that spreads packets: the SYN comes to one, the ACK to
 * another, whose clocks differ. The handshake is completed and data flows, with timestamps that the
 * peer believes (RFC 7323 5), as long as the wall clocks are no more than 16 s apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <base/addr.h>
#include <base/seq.h>
#include <lib/env.h>
#include <lib/packet.h>
#include <lib/simlink.h>
#include <port/port.h>
#include <septet/septet.h>

#define SEC  ((int64_t)SPT_NS_PER_SEC)
#define WALL (INT64_C(1700000000) * SEC) /* an epoch of 64 s begins */

/* The instants at which SYNs come, from the begin of that epoch: around both its ends. */
static const int64_t instants[] = {-20 * SEC, -SEC / 1000, 0, 15 * SEC, 48 * SEC, 64 * SEC - 1};
/* How far the first host is ahead of the second, within what is allowed. */
static const int64_t skews[] = {-16 * SEC, -5 * SEC, 0, SEC / 500, 15 * SEC, 16 * SEC};

struct host {
	struct spt_port *port[2]; /* the engine's, and ours */
	struct spt_engine *engine;
	int64_t offset; /* of its wall clock, less its own */
	int64_t skew;   /* of its wall clock, less the right one */
	spt_conn conn;  /* accepted last */
	unsigned int accepted, received;
};

static struct {
	struct host host[2];
	int64_t wall;
	int family;
	bool timestamps;
	uint32_t irs, tsval; /* the peer's */
} w;

static struct spt_addr
server(void)
{
	return simlink_address(w.family, 1);
}

static struct spt_addr
client(void)
{
	return simlink_address(w.family, 2);
}

static spt_time
host_now(const struct host *h)
{
	return (spt_time)(w.wall + h->skew - h->offset);
}

static void
push(struct host *h, const uint8_t *flat, unsigned int length)
{
	struct rte_mbuf *m = packet_mbuf(simlink_pool(1), flat, length);

	assert_non_null(m);
	assert_int_equal(port_tx(h->port[1], host_now(h), &m, 1), 1);
}

/* Turns until nothing comes any more; what is received is read. */
static void
settle(struct host *h)
{
	struct spt_event e[4];

	for (unsigned int turn = 0; turn < 4; turn++) {
		unsigned int n = spt_poll(h->engine, host_now(h), e, 4);

		for (unsigned int i = 0; i < n; i++) {
			if (e[i].events & SPT_ACCEPTED) {
				h->conn = e[i].conn;
				h->accepted++;
			}
			h->received += e[i].bytes;
			spt_receive_done(h->engine, e[i].conn, e[i].bytes);
			rte_pktmbuf_free(e[i].data);
		}
	}
	assert_null(spt_engine_check(h->engine));
}

/* The last segment that it sent, if any. */
static bool
take(struct host *h, struct packet *last)
{
	static uint8_t flat[PACKET_MAX];
	struct rte_mbuf *m;
	bool found = false;

	while (port_rx(h->port[1], host_now(h), &m, 1) == 1) {
		unsigned int length = packet_flatten(m, flat);
		struct packet p;

		assert_null(packet_offload(m, flat, length));
		if (packet_parse(flat, length, &p) == PACKET_TCP) {
			*last = p;
			found = true;
		}
		rte_pktmbuf_free(m);
	}
	return found;
}

/* 'skew': of its wall clock; 'begun': what its own clock said when the wall clock said so. */
static void
host_start(struct host *h, int64_t skew, int64_t begun, enum spt_syn_cookies mode, uint8_t own)
{
	static const uint8_t secret[32] = {7, 7, 7};
	const struct spt_local local = {
	    .first = server(), .count = 1, .prefix = w.family == 4 ? 24 : 64};
	struct rte_mempool *const pool[2] = {simlink_pool(0), simlink_pool(1)};
	const struct spt_memory_pair_config pair = {
	    .name = own == 1 ? "first" : "second", .socket = -1, .pool = {pool[0], pool[1]}};
	struct spt_config config = {.local = &local,
	    .n_local = 1,
	    .pool = pool[0],
	    .socket = -1,
	    .connections = 16,
	    .syn_cookies = mode,
	    .cookie_secret = secret,
	    .master_secret = {own}};
	const struct spt_endpoint any = {.port = 80};
	const struct spt_listen_options listen = {0};
	struct spt_addr from = client(), to = server();
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 9}};
	uint8_t flat[PACKET_MAX];
	char error[200];

	*h = (struct host){.skew = skew, .offset = w.wall + skew - begun};
	config.wall_offset = (uint64_t)h->offset;
	assert_int_equal(spt_port_memory_pair_create(&pair, h->port), 0);
	assert_int_equal(spt_engine_create(&config, h->port[0], (spt_time)begun, &h->engine, error,
	                     sizeof(error)),
	    0);
	assert_true(spt_listen(h->engine, &any, &listen) >= 0);
	push(h, flat, packet_ask_resolution(&mac, &from, &to, flat));
	settle(h);
}

static void
host_end(struct host *h)
{
	struct packet p;

	spt_engine_destroy(h->engine);
	take(h, &p);
	spt_port_destroy(h->port[0]);
	spt_port_destroy(h->port[1]);
}

/* The peer's segment; with 'p->len' bytes of its stream. */
static void
send(struct host *h, struct packet *p)
{
	static const uint8_t text[100];
	uint8_t flat[PACKET_MAX];

	p->eth_src = (struct rte_ether_addr){{2, 0, 0, 0, 0, 9}};
	p->eth_dst = h->port[0]->mac;
	p->family = (uint8_t)w.family;
	p->ttl = 64;
	p->src = client();
	p->dst = server();
	p->sport = 40000;
	p->dport = 80;
	p->wnd = 500;
	p->payload = text;
	if (w.timestamps) {
		p->options |= P_TIMESTAMP;
		p->tsval = w.tsval++;
	}
	push(h, flat, packet_build(p, flat));
	settle(h);
}

static void
world_start(int64_t wall, int64_t skew, enum spt_syn_cookies mode)
{
	w.wall = wall - 2 * SEC; /* they run for a while before */
	w.irs = 0xffffff00;
	w.tsval = 0xfffffffe;
	host_start(&w.host[0], skew, 1000 * SEC, mode, 1);
	host_start(&w.host[1], 0, 77 * SEC + 123456789, mode, 2);
	w.wall = wall;
}

static void
world_end(void)
{
	host_end(&w.host[0]);
	host_end(&w.host[1]);
	assert_int_equal(env_pool_in_use(simlink_pool(0)), 0);
	assert_int_equal(env_pool_in_use(simlink_pool(1)), 0);
}

static uint64_t
verdict(const struct host *h, enum spt_verdict v)
{
	struct spt_stats s;

	spt_engine_stats(h->engine, &s);
	return s.verdict[v];
}

/* SYN and SYN-ACK with the first host; the ACK, with a little text, comes to the second. */
static struct packet
handshake(void)
{
	struct packet syn_ack;

	send(&w.host[0], &(struct packet){.flags = P_SYN,
	                     .seq = w.irs,
	                     .options = P_MSS | P_WSCALE,
	                     .mss = 1400,
	                     .wscale = 7});
	assert_true(take(&w.host[0], &syn_ack));
	assert_int_equal(syn_ack.flags, P_SYN | P_ACK);
	w.wall += SEC / 20;
	settle(&w.host[1]);
	send(&w.host[1], &(struct packet){.flags = P_ACK,
	                     .seq = w.irs + 1,
	                     .ack = syn_ack.seq + 1,
	                     .tsecr = syn_ack.tsval,
	                     .len = 10});
	return syn_ack;
}

static void
completes(int64_t wall, int64_t skew, enum spt_syn_cookies mode)
{
	struct host *b = &w.host[1];
	struct packet syn_ack, p;
	struct spt_conn_info info;
	struct rte_mbuf *m;

	world_start(wall, skew, mode);
	syn_ack = handshake();
	assert_int_equal(verdict(b, SPT_V_TCP_COOKIE), 1);
	assert_int_equal(b->accepted, 1);
	assert_int_equal(b->received, 10);
	assert_int_equal(spt_conn_info(b->engine, b->conn, &info), 0);
	assert_int_equal(info.snd_wscale, 7);
	assert_int_equal(info.snd_wnd, 500 << 7);
	assert_int_equal(info.timestamps, w.timestamps);
	/* Text both ways; of a peer with timestamps each is believed only if it is not older. */
	m = spt_buffer_alloc(b->engine);
	assert_non_null(m);
	memset(rte_pktmbuf_append(m, 30), 0, 30);
	assert_int_equal(spt_send(b->engine, b->conn, m, 0), 0);
	settle(b);
	assert_true(take(b, &p));
	assert_int_equal(p.len, 30);
	assert_int_equal(p.seq, syn_ack.seq + 1);
	assert_int_equal(p.ack, w.irs + 11);
	assert_int_equal(p.options & P_TIMESTAMP, w.timestamps ? P_TIMESTAMP : 0);
	if (w.timestamps) {
		assert_true(seq_geq(p.tsval, syn_ack.tsval));
		assert_int_equal(p.tsecr, w.tsval - 1);
	}
	send(b,
	    &(struct packet){
	        .flags = P_ACK, .seq = w.irs + 11, .ack = p.seq + 30, .tsecr = p.tsval, .len = 20});
	assert_int_equal(b->received, 30);
	assert_int_equal(spt_conn_info(b->engine, b->conn, &info), 0);
	assert_int_equal(info.unacked, 0);
	world_end();
}

static void
refuses(int64_t wall, int64_t skew, enum spt_verdict v)
{
	world_start(wall, skew, SPT_COOKIES_ALWAYS);
	handshake();
	assert_int_equal(verdict(&w.host[1], v), 1);
	assert_int_equal(w.host[1].accepted, 0);
	world_end();
}

static void
each(void (*body)(void))
{
	for (unsigned int i = 0; i < 4; i++) {
		w.family = i & 1 ? 6 : 4;
		w.timestamps = i & 2;
		body();
	}
}

static void
at_all_instants(void)
{
	for (unsigned int i = 0; i < RTE_DIM(instants); i++)
		for (unsigned int s = 0; s < RTE_DIM(skews); s++)
			completes(WALL + instants[i], skews[s], SPT_COOKIES_ALWAYS);
}

static void
test_other_host_completes(void **state)
{
	(void)state;
	each(at_all_instants);
}

static void
with_a_record(void)
{
	completes(WALL, 3 * SEC, SPT_COOKIES_AUTO);
	assert_int_equal(w.host[1].accepted, 1);
}

/* Nobody floods: the first host made a record, the second has issued nothing. */
static void
test_without_a_flood(void **state)
{
	(void)state;
	each(with_a_record);
}

/* Its epoch has not begun here, or, with timestamps, it answers what was not sent yet. */
static void
too_far_ahead(void)
{
	refuses(WALL - 30 * SEC, 31 * SEC, SPT_V_TCP_COOKIE_STALE);
	refuses(WALL - 17 * SEC, 17 * SEC + 1, SPT_V_TCP_COOKIE_STALE);
	if (w.timestamps)
		refuses(WALL + 10 * SEC, 17 * SEC, SPT_V_TCP_COOKIE_FORGED);
}

/* Older than a cookie may be. */
static void
too_far_behind(void)
{
	refuses(WALL + SEC, -66 * SEC, SPT_V_TCP_COOKIE_STALE);
	refuses(WALL + 63 * SEC, -129 * SEC, SPT_V_TCP_COOKIE_STALE);
}

static void
test_clocks_too_far_apart(void **state)
{
	(void)state;
	each(too_far_ahead);
	each(too_far_behind);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_other_host_completes),
	    cmocka_unit_test(test_without_a_flood),
	    cmocka_unit_test(test_clocks_too_far_apart),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}

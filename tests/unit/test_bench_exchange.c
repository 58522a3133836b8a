/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is said on a connection, against an engine that takes as many chains as it is told to and
 * keeps their bytes. Every answer also comes split at every place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "bench/exchange.h"
#include "common/address.h"
#include "env.h"

#define SENT_MAX  (1 << 18)
#define FAKE_CONN ((spt_conn)7)

/* ---- the engine --------------------------------------------------------- */

struct spt_engine {
	struct rte_mempool *pool;
	unsigned int room; /* chains that spt_send still takes */
	bool no_buffers;
	int error;
	uint32_t n_sent;
	uint8_t sent[SENT_MAX];
};

static struct spt_engine engine;

int
spt_send(struct spt_engine *e, spt_conn conn, struct rte_mbuf *chain, unsigned int flags)
{
	assert_true(conn == FAKE_CONN);
	if (e->error)
		return e->error;
	if (e->room == 0)
		return -EAGAIN;
	e->room--;
	assert_true(e->n_sent + chain->pkt_len <= SENT_MAX);
	for (struct rte_mbuf *m = chain; m; m = m->next) {
		memcpy(e->sent + e->n_sent, rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
		e->n_sent += m->data_len;
	}
	rte_pktmbuf_free(chain);
	return 0;
}

struct rte_mbuf *
spt_buffer_alloc(struct spt_engine *e)
{
	return e->no_buffers ? NULL : rte_pktmbuf_alloc(e->pool);
}

/* ---- the world ---------------------------------------------------------- */

static struct bench_options options;
static struct bench_totals totals;
static struct exchange x;
static struct {
	uint32_t head; /* where a connection's other fields are: the state is not at the start */
	struct exchange_state s;
	uint8_t more[256];
} __attribute__((aligned(16))) conn;

static void
open_exchange(enum bench_exchange exchange, uint32_t bytes)
{
	char error[100];

	options = (struct bench_options){
	    .exchange = exchange, .request_bytes = bytes, .n_target = 2, .path = "/some/path"};
	assert_int_equal(
	    address_parse_endpoint("10.0.0.2:80", &options.target[0], error, sizeof(error)), 0);
	assert_int_equal(
	    address_parse_endpoint("[fd00::2]:81", &options.target[1], error, sizeof(error)), 0);
	options.verify = exchange != EXCHANGE_DISCARD && exchange != EXCHANGE_NONE;
}

static void
next(void)
{
	exchange_begin(&x, &conn.s, 0, false);
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_SENT);
}

static void
begin(void)
{
	assert_true(exchange_room(&options) <= sizeof(conn.more));
	assert_int_equal(exchange_init(&x, &options, &engine, 5, &totals), 0);
	exchange_open(&x, &conn.s, 1);
	exchange_begin(&x, &conn.s, 0, false);
}

static int
setup(void **state)
{
	memset(&engine, 0, sizeof(engine));
	memset(&totals, 0, sizeof(totals));
	memset(&x, 0, sizeof(x));
	engine.pool = env_pool_create(255);
	engine.room = UINT_MAX;
	return 0;
}

static int
teardown(void **state)
{
	exchange_fini(&x);
	assert_int_equal(env_pool_in_use(engine.pool), 0);
	env_pool_destroy(engine.pool);
	return 0;
}

/* 'n' bytes in a chain of mbufs of at most 'piece' bytes. */
static enum exchange_result
receive(const void *data, uint32_t n, uint32_t piece)
{
	struct rte_mbuf *chain = NULL;
	enum exchange_result result;

	for (uint32_t at = 0; at < n; at += piece) {
		uint32_t length = RTE_MIN(piece, n - at);
		struct rte_mbuf *m = rte_pktmbuf_alloc(engine.pool);

		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)length), (const uint8_t *)data + at, length);
		if (chain)
			assert_int_equal(rte_pktmbuf_chain(chain, m), 0);
		else
			chain = m;
	}
	result = exchange_received(&x, &conn.s, chain);
	rte_pktmbuf_free(chain);
	return result;
}

/* ---- echo, discard, chargen ----------------------------------------------- */

static void
test_echo(void **state)
{
	static const uint32_t sizes[] = {1, 64, 256, 257, 5000, 40000};

	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		engine.n_sent = 0;
		memset(&totals, 0, sizeof(totals));
		open_exchange(EXCHANGE_ECHO, sizes[i]);
		begin();
		assert_false(exchange_whole(&x, &conn.s));
		assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_SENT);
		assert_int_equal(engine.n_sent, sizes[i]);
		for (uint32_t at = 0; at < sizes[i]; at += 1000) {
			uint32_t n = RTE_MIN(1000u, sizes[i] - at);

			assert_int_equal(receive(engine.sent + at, n, 300),
			    at + n == sizes[i] ? EXCHANGE_WHOLE : EXCHANGE_GOING);
		}
		assert_int_equal(totals.bytes_out, totals.bytes_verified);
		/* Another one on the same connection goes on in the text. */
		engine.n_sent = 0;
		next();
		assert_int_equal(receive(engine.sent, RTE_MIN(sizes[i], 1500u), 1500),
		    sizes[i] <= 1500 ? EXCHANGE_WHOLE : EXCHANGE_GOING);
		assert_true(exchange_persists(&x, &conn.s));
		exchange_fini(&x);
	}
}

static void
test_echo_wrong(void **state)
{
	open_exchange(EXCHANGE_ECHO, 2000);
	for (uint32_t at = 0; at < 2000; at += 37) {
		engine.n_sent = 0;
		begin();
		exchange_send(&x, FAKE_CONN, &conn.s);
		engine.sent[at] ^= 1;
		assert_int_equal(receive(engine.sent, 2000, 700), EXCHANGE_WRONG);
		exchange_fini(&x);
	}
	/* A piece of it twice, or left out, is found too. */
	engine.n_sent = 0;
	begin();
	exchange_send(&x, FAKE_CONN, &conn.s);
	assert_int_equal(receive(engine.sent, 100, 100), EXCHANGE_GOING);
	assert_int_equal(receive(engine.sent, 100, 100), EXCHANGE_WRONG);
	exchange_fini(&x);
	begin();
	exchange_send(&x, FAKE_CONN, &conn.s);
	assert_int_equal(receive(engine.sent + 64, 100, 100), EXCHANGE_WRONG);
	exchange_fini(&x);
	/* Without --verify only the number counts. */
	options.verify = false;
	begin();
	exchange_send(&x, FAKE_CONN, &conn.s);
	assert_int_equal(receive(engine.sent + 64, 2000, 700), EXCHANGE_WHOLE);
}

/* More than was sent, or the end before all of it came back. */
static void
test_echo_bad(void **state)
{
	open_exchange(EXCHANGE_ECHO, 100);
	begin();
	exchange_send(&x, FAKE_CONN, &conn.s);
	assert_int_equal(receive(engine.sent, 99, 50), EXCHANGE_GOING);
	assert_int_equal(exchange_peer_closed(&x, &conn.s), EXCHANGE_BAD);
	assert_int_equal(receive(engine.sent + 99, 2, 2), EXCHANGE_BAD);
	assert_int_equal(receive(engine.sent + 99, 1, 1), EXCHANGE_WHOLE);
	assert_int_equal(exchange_peer_closed(&x, &conn.s), EXCHANGE_WHOLE);
}

/* Another connection's bytes are not this one's. */
static void
test_echo_mixed(void **state)
{
	uint8_t other[64];

	open_exchange(EXCHANGE_ECHO, 64);
	begin();
	exchange_send(&x, FAKE_CONN, &conn.s);
	memcpy(other, engine.sent, 64);
	exchange_open(&x, &conn.s, 2);
	exchange_begin(&x, &conn.s, 0, false);
	engine.n_sent = 0;
	exchange_send(&x, FAKE_CONN, &conn.s);
	assert_memory_not_equal(other, engine.sent, 64);
	assert_int_equal(receive(other, 64, 64), EXCHANGE_WRONG);
}

static void
test_send_refused(void **state)
{
	open_exchange(EXCHANGE_DISCARD, 50000);
	begin();
	engine.room = 2;
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_BLOCKED);
	assert_int_equal(totals.bytes_out, engine.n_sent);
	engine.no_buffers = true;
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_NO_BUFFER);
	engine.no_buffers = false;
	engine.error = -ENOBUFS;
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_BLOCKED);
	engine.error = -EPIPE;
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_ENDED);
	engine.error = 0;
	engine.room = UINT_MAX;
	assert_false(exchange_whole(&x, &conn.s));
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_SENT);
	assert_int_equal(engine.n_sent, 50000);
	/* Nobody answers. */
	assert_true(exchange_whole(&x, &conn.s));
	assert_int_equal(receive("?", 1, 1), EXCHANGE_BAD);
}

/* Bulk: as much as TCP takes, whole segments, all of it due back when it is told to stop. */
static void
test_endless(void **state)
{
	open_exchange(EXCHANGE_ECHO, 64);
	options.mode = MODE_THROUGHPUT;
	begin();
	exchange_set_mss(&x, 1448);
	engine.room = 5;
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_BLOCKED);
	assert_int_equal(engine.n_sent, 5 * (TEXT_CHUNK / 1448 * 1448));
	assert_int_equal(receive(engine.sent, 10000, 1448), EXCHANGE_GOING);
	exchange_stop(&x, &conn.s);
	assert_false(exchange_whole(&x, &conn.s));
	for (uint32_t at = 10000; at < engine.n_sent; at += 1448) {
		uint32_t n = RTE_MIN(1448u, engine.n_sent - at);

		assert_int_equal(receive(engine.sent + at, n, 1448),
		    at + n == engine.n_sent ? EXCHANGE_WHOLE : EXCHANGE_GOING);
	}
}

static void
test_chargen(void **state)
{
	uint8_t text[20000];

	for (uint32_t i = 0; i < sizeof(text); i++)
		text[i] = text_chargen(i);
	open_exchange(EXCHANGE_CHARGEN, 15000);
	begin();
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_SENT);
	assert_int_equal(engine.n_sent, 0);
	assert_int_equal(receive(text, 14999, 1000), EXCHANGE_GOING);
	/* It goes on beyond what was wanted, and that must be right too. */
	assert_int_equal(receive(text + 14999, 2001, 1000), EXCHANGE_WHOLE);
	assert_int_equal(totals.bytes_verified, 17000);
	assert_int_equal(receive(text + 17001, 100, 100), EXCHANGE_WRONG);
	exchange_fini(&x);
	options.mode = MODE_THROUGHPUT;
	begin();
	for (uint32_t at = 0; at < 20000; at += 2000)
		assert_int_equal(receive(text + at, 2000, 900), EXCHANGE_GOING);
	exchange_stop(&x, &conn.s);
	assert_true(exchange_whole(&x, &conn.s));
}

/* ---- http ------------------------------------------------------------------ */

#define OK "HTTP/1.1 200 OK\r\n"

static void
begin_http(bool verify)
{
	open_exchange(EXCHANGE_HTTP, 0);
	options.verify = verify;
	begin();
	engine.n_sent = 0;
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_SENT);
}

static void
test_http_request(void **state)
{
	static const char first[] = "GET /some/path HTTP/1.1\r\nHost: 10.0.0.2:80\r\n"
	                            "User-Agent: septet\r\n\r\n";
	static const char last[] = "GET /some/path HTTP/1.1\r\nHost: [fd00::2]:81\r\n"
	                           "User-Agent: septet\r\nConnection: close\r\n\r\n";

	begin_http(false);
	assert_int_equal(engine.n_sent, sizeof(first) - 1);
	assert_memory_equal(engine.sent, first, sizeof(first) - 1);
	engine.n_sent = 0;
	exchange_begin(&x, &conn.s, 1, true);
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_SENT);
	assert_int_equal(engine.n_sent, sizeof(last) - 1);
	assert_memory_equal(engine.sent, last, sizeof(last) - 1);
}

/* The response, whole and split at every place, comes to 'want'; 'fin': by the server's FIN. */
static void
http_response(const char *text, enum exchange_result want, bool persists, bool fin)
{
	uint32_t n = (uint32_t)strlen(text);

	for (uint32_t split = 0; split < n; split++) {
		enum exchange_result result = EXCHANGE_GOING;

		begin_http(false);
		if (split)
			result = receive(text, split, 7);
		if (result == EXCHANGE_GOING)
			result = receive(text + split, n - split, n);
		if (fin) {
			assert_int_equal(result, EXCHANGE_GOING);
			result = exchange_peer_closed(&x, &conn.s);
		}
		if (result != want)
			fail_msg("split at %u: %d: %s", split, result, text);
		if (want == EXCHANGE_WHOLE)
			assert_int_equal(exchange_persists(&x, &conn.s), persists);
		exchange_fini(&x);
	}
}

static void
test_http_bodies(void **state)
{
	http_response(OK "Content-Length: 5\r\n\r\nhello", EXCHANGE_WHOLE, true, false);
	http_response(OK "Content-Length: 0\r\n\r\n", EXCHANGE_WHOLE, true, false);
	http_response(
	    OK "Content-Length: 2\r\nConnection: close\r\n\r\nhi", EXCHANGE_WHOLE, false, false);
	http_response(
	    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", EXCHANGE_WHOLE, false, false);
	http_response("HTTP/1.1 204 No Content\r\n\r\n", EXCHANGE_WHOLE, true, false);
	http_response(OK "Transfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n5;x=y\r\npedia\r\n0\r\n"
	                 "Trailer: t\r\n\r\n",
	    EXCHANGE_WHOLE, true, false);
	http_response("HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi",
	    EXCHANGE_WHOLE, true, false);
	/* Until the connection ends. */
	http_response(OK "\r\nas long as it takes", EXCHANGE_WHOLE, false, true);
}

static void
test_http_bad(void **state)
{
	http_response("SSH-2.0-OpenSSH\r\n", EXCHANGE_BAD, false, false);
	http_response(
	    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", EXCHANGE_BAD, false, false);
	http_response(
	    "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", EXCHANGE_BAD, false, false);
	http_response("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", EXCHANGE_BAD, false, false);
	http_response(OK "Content-Length: 5\r\n\r\nhell", EXCHANGE_BAD, false, true);
	http_response(
	    OK "Transfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n", EXCHANGE_BAD, false, true);
	http_response(OK "Content-Le", EXCHANGE_BAD, false, true);
	http_response(OK "Content-Length: x\r\n\r\n", EXCHANGE_BAD, false, false);
}

/* What nobody asked for: behind the response, or before the request. */
static void
test_http_surplus(void **state)
{
	static const char text[] = OK "Content-Length: 2\r\n\r\nhi";

	begin_http(false);
	assert_int_equal(receive(text, sizeof(text) - 1, 100), EXCHANGE_WHOLE);
	assert_int_equal(receive("x", 1, 1), EXCHANGE_BAD);
	next();
	assert_int_equal(receive(OK "Content-Length: 2\r\n\r\nhi!", 41, 100), EXCHANGE_BAD);
	next();
	assert_int_equal(exchange_peer_closed(&x, &conn.s), EXCHANGE_BAD);
}

/* The body of `septet serve`, its bytes whatever chunks it comes in; the next begins anew. */
static void
test_http_verify(void **state)
{
	char text[1000];
	int head = snprintf(text, sizeof(text), OK "Content-Length: 600\r\n\r\n");

	for (int i = 0; i < 600; i++)
		text[head + i] = (char)text_body((uint64_t)i);
	begin_http(true);
	for (int i = 0; i < 2; i++) {
		next();
		assert_int_equal(receive(text, (uint32_t)head + 600, 111), EXCHANGE_WHOLE);
	}
	assert_int_equal(totals.bytes_verified, 1200);
	text[head + 599] ^= 1;
	next();
	assert_int_equal(receive(text, (uint32_t)head + 600, 111), EXCHANGE_WRONG);
}

/* ---- http: bodies of any server ---------------------------------------------- */

#define BODY 600

/* Bodies of two servers that are not ours, and a response, built by respond_*(). */
static uint8_t bodies[2][BODY + 100];
static uint8_t response[4096];
static uint32_t response_bytes;
static uint8_t elsewhere[sizeof(conn)]; /* another connection */

static void
response_add(const void *data, uint32_t n)
{
	assert_true(response_bytes + n <= sizeof(response));
	memcpy(response + response_bytes, data, n);
	response_bytes += n;
}

static void
response_head(const char *status, const char *fields)
{
	char text[200];
	int n = snprintf(
	    text, sizeof(text), "HTTP/1.1 %s\r\nDate: %d\r\n%s\r\n\r\n", status, rand(), fields);

	response_bytes = 0;
	response_add(text, (uint32_t)n);
}

static void
respond_length(const uint8_t *body, uint32_t n)
{
	char fields[50];

	snprintf(fields, sizeof(fields), "Content-Length: %u", n);
	response_head("200 OK", fields);
	response_add(body, n);
}

static void
respond_chunked(const uint8_t *body, uint32_t n, uint32_t chunk)
{
	char size[16];

	response_head("200 OK", "Transfer-Encoding: chunked");
	for (uint32_t at = 0; at < n; at += chunk) {
		uint32_t length = RTE_MIN(chunk, n - at);

		response_add(size, (uint32_t)snprintf(size, sizeof(size), "%x\r\n", length));
		response_add(body + at, length);
		response_add("\r\n", 2);
	}
	response_add("0\r\n\r\n", 5);
}

/* A server that is not ours, on any port but memory. */
static void
begin_other(void)
{
	for (uint32_t i = 0; i < sizeof(bodies[0]); i++) {
		bodies[0][i] = (uint8_t)(i * 0x9e3779b1u >> 24);
		bodies[1][i] = (uint8_t)(i * 0x85ebca77u >> 24);
	}
	begin_http(true);
	memset(&totals, 0, sizeof(totals));
}

static void
ask(unsigned int target)
{
	exchange_begin(&x, &conn.s, target, false);
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_SENT);
}

/* Ask, and have the response that was built in pieces of 'piece'. */
static enum exchange_result
answer(unsigned int target, uint32_t piece)
{
	ask(target);
	return receive(response, response_bytes, piece);
}

/* Go on with the other connection. */
static void
swap(void)
{
	uint8_t here[sizeof(conn)];

	memcpy(here, &conn, sizeof(conn));
	memcpy(&conn, elsewhere, sizeof(conn));
	memcpy(elsewhere, here, sizeof(conn));
}

/* The first response is what the later ones are compared with, each target's own. */
static void
test_body_targets(void **state)
{
	begin_other();
	respond_length(bodies[0], BODY);
	assert_int_equal(answer(0, 111), EXCHANGE_WHOLE);
	assert_int_equal(totals.bytes_verified, 0);
	respond_length(bodies[1], BODY + 7);
	assert_int_equal(answer(1, 50), EXCHANGE_WHOLE);
	assert_int_equal(totals.bytes_verified, 0);
	assert_int_equal(answer(1, 1000), EXCHANGE_WHOLE);
	assert_int_equal(totals.bytes_verified, BODY + 7);
	assert_int_equal(answer(0, 1000), EXCHANGE_WRONG);
	respond_length(bodies[0], BODY);
	assert_int_equal(answer(0, 7), EXCHANGE_WHOLE);
	assert_int_equal(totals.bytes_verified, 2 * BODY + 7);
	assert_int_equal(answer(1, 1000), EXCHANGE_WRONG);
}

static void
test_body_changed(void **state)
{
	begin_other();
	respond_length(bodies[0], BODY);
	assert_int_equal(answer(0, 111), EXCHANGE_WHOLE);
	for (uint32_t i = 0; i < BODY; i++) {
		bodies[0][i] ^= 0x10;
		respond_length(bodies[0], BODY);
		assert_int_equal(answer(0, 7 + i), EXCHANGE_WRONG);
		respond_chunked(bodies[0], BODY, 1 + i);
		assert_int_equal(answer(0, 999), EXCHANGE_WRONG);
		bodies[0][i] ^= 0x10;
	}
	response_head("203 Changed", "Content-Length: 600");
	response_add(bodies[0], BODY);
	assert_int_equal(answer(0, 999), EXCHANGE_WRONG);
	/* None of them has become what others are compared with. */
	respond_length(bodies[0], BODY);
	assert_int_equal(answer(0, 999), EXCHANGE_WHOLE);
}

/* Without a body there is a length and a status too. */
static void
test_body_empty(void **state)
{
	begin_other();
	response_head("204 No Content", "Server: s");
	assert_int_equal(answer(0, 999), EXCHANGE_WHOLE);
	assert_int_equal(answer(0, 9), EXCHANGE_WHOLE);
	respond_length(bodies[0], 0);
	assert_int_equal(answer(0, 999), EXCHANGE_WRONG);
	assert_int_equal(answer(1, 999), EXCHANGE_WHOLE);
	respond_length(bodies[0], 1);
	assert_int_equal(answer(1, 999), EXCHANGE_WRONG);
}

/* By every way to say where a body ends; what came first has the length. */
static void
test_body_length(void **state)
{
	static const int differences[] = {-BODY, -100, -1, 0, 1, 100};

	begin_other();
	respond_length(bodies[0], BODY);
	assert_int_equal(answer(0, 111), EXCHANGE_WHOLE);
	for (size_t i = 0; i < RTE_DIM(differences); i++) {
		uint32_t n = (uint32_t)(BODY + differences[i]);
		enum exchange_result want = n == BODY ? EXCHANGE_WHOLE : EXCHANGE_WRONG, got;

		respond_length(bodies[0], n);
		assert_int_equal(answer(0, 100), want);
		respond_chunked(bodies[0], n, 64);
		assert_int_equal(answer(0, 100), want);
		response_head("200 OK", "Connection: close");
		response_add(bodies[0], n);
		got = answer(0, 100);
		if (n <= BODY) {
			assert_int_equal(got, EXCHANGE_GOING);
			got = exchange_peer_closed(&x, &conn.s);
		}
		assert_int_equal(got, want);
	}
	/* Ended early is not wrong, as long as what came was right. */
	respond_length(bodies[0], BODY);
	response_bytes--;
	assert_int_equal(answer(0, 100), EXCHANGE_GOING);
	assert_int_equal(exchange_peer_closed(&x, &conn.s), EXCHANGE_BAD);
}

/* Chunks are the way there, not the body. */
static void
test_body_chunks(void **state)
{
	begin_other();
	for (uint32_t chunk = 1; chunk < 50; chunk++) {
		respond_chunked(bodies[0], BODY, chunk);
		assert_int_equal(answer(0, 20 + chunk * 7 % 100), EXCHANGE_WHOLE);
	}
	assert_int_equal(totals.bytes_verified, 48 * BODY);
	respond_length(bodies[0], BODY);
	assert_int_equal(answer(0, 100), EXCHANGE_WHOLE);
}

/* Two connections under way before any has ended: each is compared with what the other brought. */
static void
test_body_interleaved(void **state)
{
	uint32_t head;

	begin_other();
	memcpy(elsewhere, &conn, sizeof(conn));
	respond_length(bodies[0], BODY);
	head = response_bytes - BODY;
	ask(0);
	assert_int_equal(receive(response, head + 100, 77), EXCHANGE_GOING);
	assert_int_equal(totals.bytes_verified, 0);
	swap();
	ask(0);
	assert_int_equal(receive(response, head + 250, 33), EXCHANGE_GOING);
	assert_int_equal(totals.bytes_verified, 100);
	swap();
	assert_int_equal(receive(response + head + 100, BODY - 100, 1000), EXCHANGE_WHOLE);
	assert_int_equal(totals.bytes_verified, 250);
	swap();
	assert_int_equal(receive(response + head + 250, BODY - 250, 1000), EXCHANGE_WHOLE);
	assert_int_equal(totals.bytes_verified, BODY);
}

static void
test_body_interleaved_wrong(void **state)
{
	uint32_t head;

	/* In what the other one brought, behind it, and by its end. */
	for (int i = 0; i < 3; i++) {
		begin_other();
		memcpy(elsewhere, &conn, sizeof(conn));
		respond_length(bodies[0], BODY);
		head = response_bytes - BODY;
		ask(0);
		assert_int_equal(receive(response, head + 400, 77), EXCHANGE_GOING);
		swap();
		if (i == 0) {
			response[head + 399] ^= 1;
			assert_int_equal(answer(0, 1000), EXCHANGE_WRONG);
		} else if (i == 1) {
			ask(0);
			response[head + 450] ^= 1;
			assert_int_equal(receive(response, head + 500, 1000), EXCHANGE_GOING);
			response[head + 450] ^= 1;
			swap();
			assert_int_equal(receive(response + head + 400, 200, 1000), EXCHANGE_WRONG);
		} else {
			respond_length(bodies[0], 399);
			assert_int_equal(answer(0, 1000), EXCHANGE_WRONG);
			/* The longer one may still be right. */
			swap();
			assert_int_equal(
			    receive(bodies[0] + 400, BODY - 400, 1000), EXCHANGE_WHOLE);
		}
		exchange_fini(&x);
	}
}

/* As far as it is our text nothing was kept of it: then it is another body after all. */
static void
test_body_half_ours(void **state)
{
	begin_other();
	for (uint32_t i = 0; i < 200; i++)
		bodies[0][i] = text_body(i);
	respond_length(bodies[0], BODY);
	for (int i = 0; i < 2; i++)
		assert_int_equal(answer(0, 50), EXCHANGE_WHOLE);
	assert_in_range(totals.bytes_verified, BODY, BODY + 200);
	for (uint32_t i = 0; i < BODY; i += 10) {
		bodies[0][i] ^= 1;
		respond_length(bodies[0], BODY);
		assert_int_equal(answer(0, 100), EXCHANGE_WRONG);
		bodies[0][i] ^= 1;
	}
}

/* 'bytes' of a body of 64 bytes that repeat, and then what comes of the last of them. */
static enum exchange_result
answer_large(const uint8_t *repeats, uint64_t bytes)
{
	uint8_t piece[64 * 1000];
	enum exchange_result result;

	for (uint32_t i = 0; i < sizeof(piece); i++)
		piece[i] = repeats[i % 64];
	response_head("200 OK", "Connection: close");
	result = answer(0, 100);
	for (uint64_t at = 0; at < bytes && result == EXCHANGE_GOING; at += sizeof(piece))
		result = receive(piece, (uint32_t)RTE_MIN(sizeof(piece), bytes - at), 2000);
	return result == EXCHANGE_GOING ? exchange_peer_closed(&x, &conn.s) : result;
}

static void
test_body_large(void **state)
{
	const uint64_t room = EXCHANGE_BODY_KEPT;
	uint8_t ours[64];

	begin_other();
	assert_int_equal(answer_large(bodies[0], room), EXCHANGE_WHOLE);
	assert_int_equal(answer_large(bodies[0], room), EXCHANGE_WHOLE);
	assert_int_equal(totals.bytes_verified, room);
	assert_int_equal(answer_large(bodies[0], room + 1), EXCHANGE_WRONG);
	exchange_fini(&x);
	begin_other();
	assert_int_equal(answer_large(bodies[0], room + 1), EXCHANGE_BAD);
	assert_int_equal(answer_large(bodies[0], room + 1), EXCHANGE_BAD);
	exchange_fini(&x);
	/* Ours needs no room. */
	begin_other();
	for (uint32_t i = 0; i < 64; i++)
		ours[i] = text_body(i);
	for (int i = 0; i < 2; i++)
		assert_int_equal(answer_large(ours, room + 100000), EXCHANGE_WHOLE);
	assert_int_equal(totals.bytes_verified, 2 * (room + 100000));
	assert_int_equal(answer_large(ours, room + 100001), EXCHANGE_WRONG);
	exchange_fini(&x);
	/* So long ours, and then not. */
	begin_other();
	ask(0);
	response_head("200 OK", "Connection: close");
	assert_int_equal(receive(response, response_bytes, 100), EXCHANGE_GOING);
	for (uint64_t at = 0; at < room; at += 64)
		assert_int_equal(receive(ours, 64, 64), EXCHANGE_GOING);
	assert_int_equal(receive("?", 1, 1), EXCHANGE_WRONG);
}

/* What the embedded server says is known before it says anything. */
static void
test_body_embedded(void **state)
{
	uint8_t text[BODY + 1];

	for (uint32_t i = 0; i < sizeof(text); i++)
		text[i] = text_body(i);
	for (int i = 0; i < 5; i++) {
		open_exchange(EXCHANGE_HTTP, BODY);
		options.spec.kind = SPT_PORT_MEMORY;
		memset(&totals, 0, sizeof(totals));
		begin();
		text[50] ^= i == 1;
		respond_length(text, BODY + (i == 2) - (i == 3));
		text[50] ^= i == 1;
		if (i == 4)
			memcpy(response, "HTTP/1.1 202 OK", 15);
		assert_int_equal(answer(0, 99), i == 0 ? EXCHANGE_WHOLE : EXCHANGE_WRONG);
		if (i == 0)
			assert_int_equal(totals.bytes_verified, BODY);
		exchange_fini(&x);
	}
}

/* Nothing is asked: what a server says of itself is thrown away. */
static void
test_none(void **state)
{
	open_exchange(EXCHANGE_NONE, 0);
	begin();
	assert_true(exchange_whole(&x, &conn.s));
	assert_int_equal(receive("220 welcome\r\n", 13, 5), EXCHANGE_WHOLE);
	assert_int_equal(engine.n_sent, 0);
}

static int
group_setup(void **state)
{
	env_start();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(test_echo),
	    T(test_echo_wrong),
	    T(test_echo_bad),
	    T(test_echo_mixed),
	    T(test_send_refused),
	    T(test_endless),
	    T(test_chargen),
	    T(test_http_request),
	    T(test_http_bodies),
	    T(test_http_bad),
	    T(test_http_surplus),
	    T(test_http_verify),
	    T(test_body_targets),
	    T(test_body_changed),
	    T(test_body_empty),
	    T(test_body_length),
	    T(test_body_chunks),
	    T(test_body_interleaved),
	    T(test_body_interleaved_wrong),
	    T(test_body_half_ours),
	    T(test_body_large),
	    T(test_body_embedded),
	    T(test_none),
#undef T
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

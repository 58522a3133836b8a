/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is said on a connection: sizes, ends, and what must be found wrong. Every answer of http
 * also comes split at every place.
 */
#include "test_exchange.h"

static void
next(void)
{
	exchange_begin(&x, &conn.s, 0, false);
	assert_int_equal(exchange_send(&x, FAKE_CONN, &conn.s), EXCHANGE_SENT);
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
	    T(test_none),
#undef T
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

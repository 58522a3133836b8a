/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The head of an HTTP request: each case at once, split at every byte, and byte by byte; the
 * answer must be the same, and what stands behind the head must be left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "serve/http_parse.h"

#define H "Host: x\r\n"

static const struct {
	const char *text; /* a whole head, then perhaps more */
	uint16_t status;  /* 0: not complete */
	uint8_t method;
	bool keep_alive;
	uint64_t content_length;
	const char *rest; /* what is not taken; NULL when status is an error */
} cases[] = {
    /* RFC 9112 3: request lines */
    {"GET / HTTP/1.1\r\n" H "\r\n", 200, HTTP_GET, true, 0, ""},
    {"HEAD /a/b?c=d HTTP/1.1\r\n" H "\r\n", 200, HTTP_HEAD, true, 0, ""},
    {"GET http://x/ HTTP/1.1\r\n" H "\r\nGET", 200, HTTP_GET, true, 0, "GET"},
    {"\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", 200, HTTP_GET, true, 0, ""},
    {"GET / HTTP/1.1\n"
     "Host: x\n\n",
        200, HTTP_GET, true, 0, ""},
    {"GET / HTTP/1.9\r\n" H "\r\n", 200, HTTP_GET, true, 0, ""},
    {"GET / HTTP/1.1\r\n" H, 0, 0, false, 0, ""},
    {"GET / HTTP/1.1\r\n" H "\r", 0, 0, false, 0, ""},
    {"GET /\r\n", 400, 0, false, 0, NULL}, /* HTTP/0.9 */
    {"GET  / HTTP/1.1\r\n", 400, 0, false, 0, NULL},
    {"GET / HTTP/1.1 \r\n", 400, 0, false, 0, NULL},
    {"GET / x HTTP/1.1\r\n", 400, 0, false, 0, NULL},
    {"GET / HTTP/1.1\rX", 400, 0, false, 0, NULL},
    {"GET / http/1.1\r\n", 400, 0, false, 0, NULL},
    {"GET / HTTP/11\r\n", 400, 0, false, 0, NULL},
    {"GET / HTTP/1.12\r\n", 400, 0, false, 0, NULL},
    {"GET /\x01 HTTP/1.1\r\n", 400, 0, false, 0, NULL},
    {" GET / HTTP/1.1\r\n", 400, 0, false, 0, NULL},
    {"G@T / HTTP/1.1\r\n", 400, 0, false, 0, NULL},
    {"\x16\x03\x01\x02", 400, 0, false, 0, NULL}, /* TLS */
    {"GET / HTTP/2.0\r\n", 505, 0, false, 0, NULL},
    {"PRI * HTTP/2.0\r\n", 505, 0, false, 0, NULL},
    /* RFC 9110 9: methods; the head is complete, so the connection lives on */
    {"POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 405, HTTP_OTHER, true, 3, "abc"},
    {"OPTIONS * HTTP/1.1\r\n" H "\r\n", 405, HTTP_OTHER, true, 0, ""},
    {"get / HTTP/1.1\r\n" H "\r\n", 501, HTTP_UNKNOWN, true, 0, ""},
    {"GETT / HTTP/1.1\r\n" H "\r\n", 501, HTTP_UNKNOWN, true, 0, ""},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\n" H "\r\n", 501, HTTP_UNKNOWN, true, 0, ""},
    /* RFC 9112 3.2: Host */
    {"GET / HTTP/1.1\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H H "\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\nhOsT:\r\n\r\n", 200, HTTP_GET, true, 0, ""},
    /* RFC 9112 9.3: persistence */
    {"GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", 200, HTTP_GET, false, 0, ""},
    {"GET / HTTP/1.1\r\n" H "connection:CLOSE\r\n\r\n", 200, HTTP_GET, false, 0, ""},
    {"GET / HTTP/1.1\r\n" H "Connection: a, close , b\r\n\r\n", 200, HTTP_GET, false, 0, ""},
    {"GET / HTTP/1.1\r\n" H "Connection: closed\r\n\r\n", 200, HTTP_GET, true, 0, ""},
    {"GET / HTTP/1.1\r\n" H "Connection: keep-alive\r\nConnection: close\r\n\r\n", 200, HTTP_GET,
        false, 0, ""},
    {"GET / HTTP/1.0\r\n\r\n", 200, HTTP_GET, false, 0, ""},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, HTTP_GET, true, 0, ""},
    {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", 200, HTTP_GET, false, 0, ""},
    /* RFC 9112 5: fields */
    {"GET / HTTP/1.1\r\n" H "A: \t b \t\r\nC:\r\n\r\n", 200, HTTP_GET, true, 0, ""},
    {"GET / HTTP/1.1\r\n" H "A : b\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H " folded: b\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H "no colon\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H ": b\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H "A: b\x01\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H "A: b\rc\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H "A: \xc3\xa4\r\n\r\n", 200, HTTP_GET, true, 0, ""},
    {"GET / HTTP/1.1\r\n" H "\rX", 400, HTTP_GET, false, 0, NULL},
    /* RFC 9110 8.6: Content-Length */
    {"GET / HTTP/1.1\r\n" H "Content-Length: 12 \r\n\r\nx", 200, HTTP_GET, true, 12, "x"},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 200, HTTP_GET, true,
        5, ""},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n", 200, HTTP_GET, true, 5, ""},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400, HTTP_GET, false,
        0, NULL},
    {"GET / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 1 2\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 0x10\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 999999999999999999\r\n\r\n", 200, HTTP_GET, true,
        UINT64_C(999999999999999999), ""},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 9999999999999999999\r\n\r\n", 400, HTTP_GET, false, 0,
        NULL},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 000000000000000000000000000001\r\n\r\n", 400, HTTP_GET,
        false, 0, NULL},
    /* RFC 9112 6.1: codings that we do not read */
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 411, HTTP_OTHER, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", 411, HTTP_GET, false, 0,
        NULL},
    {"GET / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n", 501, HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", 400,
        HTTP_GET, false, 0, NULL},
    {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, HTTP_GET, false, 0, NULL},
};

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

/* From a copy of exactly this size, so that a sanitizer sees a read beyond it. */
static size_t
feed(struct http_parser *p, const char *text, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	size_t taken;

	memcpy(copy, text, n);
	taken = http_parse(p, copy, n);
	free(copy);
	return taken;
}

static void
check(size_t i, const struct http_parser *p, size_t taken, size_t split)
{
	if (p->done != (cases[i].status != 0) || (p->done && p->status != cases[i].status))
		fail_msg("case %zu '%s' split at %zu: done %d status %u", i, cases[i].text, split,
		    p->done, p->status);
	if (!p->done)
		return;
	assert_int_equal(p->keep_alive, cases[i].keep_alive);
	if (!cases[i].rest)
		return;
	assert_int_equal(p->method, cases[i].method);
	assert_true(p->content_length == cases[i].content_length);
	assert_string_equal(cases[i].text + taken, cases[i].rest);
}

static void
test_split(void **state)
{
	struct http_parser p;

	for (size_t i = 0; i < N_CASES; i++) {
		size_t n = strlen(cases[i].text);

		for (size_t split = 0; split <= n; split++) {
			size_t taken;

			http_parser_reset(&p);
			taken = feed(&p, cases[i].text, split);
			if (!p.done) {
				assert_int_equal(taken, split);
				taken += feed(&p, cases[i].text + split, n - split);
			}
			check(i, &p, taken, split);
		}
	}
}

static void
test_bytewise(void **state)
{
	struct http_parser p;

	for (size_t i = 0; i < N_CASES; i++) {
		size_t n = strlen(cases[i].text), taken = 0;

		http_parser_reset(&p);
		while (taken < n && !p.done)
			taken += feed(&p, cases[i].text + taken, 1);
		check(i, &p, taken, 0);
	}
}

/* Requests one behind the other, in one buffer. */
static void
test_pipelined(void **state)
{
	static const char text[] = "GET /1 HTTP/1.1\r\n" H "\r\n"
	                           "HEAD /2 HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\n"
	                           "GET /3 HTTP/1.1\r\n" H "Connection: close\r\n\r\n";
	static const uint8_t methods[] = {HTTP_GET, HTTP_HEAD, HTTP_GET};
	struct http_parser p;
	size_t at = 0;

	for (size_t i = 0; i < 3; i++) {
		http_parser_reset(&p);
		assert_true(http_parser_idle(&p));
		at += feed(&p, text + at, strlen(text) - at);
		assert_true(p.done);
		assert_int_equal(p.status, 200);
		assert_int_equal(p.method, methods[i]);
		assert_int_equal(p.keep_alive, i < 2);
	}
	assert_int_equal(at, strlen(text));
}

/* Up to 8 KiB a head is read, then refused: 414 in the request line, 431 in the fields. */
static void
test_limit(void **state)
{
	static const char line[] = "GET / HTTP/1.1\r\n" H "A: ", begin[] = "GET /";
	char *text = malloc(HTTP_HEAD_MAX + 1);
	struct http_parser p;

	memset(text, 'x', HTTP_HEAD_MAX + 1);
	memcpy(text, begin, strlen(begin));
	http_parser_reset(&p);
	assert_int_equal(feed(&p, text, HTTP_HEAD_MAX - 1), HTTP_HEAD_MAX - 1);
	assert_false(p.done);
	assert_int_equal(feed(&p, text, 2), 1);
	assert_true(p.done);
	assert_int_equal(p.status, 414);
	assert_false(p.keep_alive);

	memset(text, 'x', HTTP_HEAD_MAX + 1);
	memcpy(text, line, strlen(line));
	http_parser_reset(&p);
	assert_int_equal(feed(&p, text, HTTP_HEAD_MAX + 1), HTTP_HEAD_MAX);
	assert_int_equal(p.status, 431);
	assert_false(p.keep_alive);

	/* One that just fits. */
	memcpy(text + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
	http_parser_reset(&p);
	assert_int_equal(feed(&p, text, HTTP_HEAD_MAX), HTTP_HEAD_MAX);
	assert_true(p.done);
	assert_int_equal(p.status, 200);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_split),
	    cmocka_unit_test(test_bytewise),
	    cmocka_unit_test(test_pipelined),
	    cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* --verify of http: the responses of a target are compared with each other, whoever serves it. */
#include "test_exchange.h"

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
		options.link.n_ports = 1;
		options.link.port[0].spec.kind = SPT_PORT_MEMORY;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
#undef T
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

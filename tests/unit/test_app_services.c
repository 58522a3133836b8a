/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The services against a fake engine: it takes as many bytes as it is told to, keeps what it
 * took, and lets a test raise any event. So back-pressure, splits, the lingering close and the
 * end of the program are exact.
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

#include "env.h"
#include "serve/serve.h"

#define FAKE_SENT (1 << 20)
#define FAKE_CONN ((spt_conn)7)

enum { L_ECHO, L_DISCARD, L_CHARGEN, L_HTTP };

/* ---- the engine --------------------------------------------------------- */

struct spt_engine {
	struct rte_mempool *pool;
	void *listener_user[SERVE_LISTENERS];
	int listening;
	void *user;
	uint32_t room; /* bytes that spt_send still takes; a chain may overshoot */
	bool no_buffers;
	bool wants_writable;
	uint8_t sent[FAKE_SENT];
	uint32_t n_sent;
	uint64_t received, done;
	unsigned int shutdowns, closes, aborts;
	int send_error;
};

static struct spt_engine engine;

int
spt_listen(struct spt_engine *e, const struct spt_endpoint *local,
    const struct spt_listen_options *options)
{
	e->listener_user[e->listening] = options->user;
	return e->listening++;
}

int
spt_unlisten(struct spt_engine *e, int listener, enum spt_unlisten how)
{
	e->listening--;
	return 0;
}

int
spt_shutdown(struct spt_engine *e, spt_conn conn)
{
	e->shutdowns++;
	return 0;
}

int
spt_close(struct spt_engine *e, spt_conn conn)
{
	e->closes++;
	return 0;
}

int
spt_abort(struct spt_engine *e, spt_conn conn)
{
	e->aborts++;
	return 0;
}

int
spt_send(struct spt_engine *e, spt_conn conn, struct rte_mbuf *chain, unsigned int flags)
{
	if (e->send_error)
		return e->send_error;
	assert_int_equal(e->shutdowns + e->closes + e->aborts, 0);
	if (e->room == 0) {
		e->wants_writable = true;
		return -EAGAIN;
	}
	assert_true(chain->pkt_len > 0 && e->n_sent + chain->pkt_len <= FAKE_SENT);
	e->room -= RTE_MIN(e->room, chain->pkt_len);
	for (struct rte_mbuf *m = chain; m; m = m->next) {
		memcpy(e->sent + e->n_sent, rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
		e->n_sent += m->data_len;
	}
	rte_pktmbuf_free(chain);
	return 0;
}

int
spt_receive_done(struct spt_engine *e, spt_conn conn, uint32_t bytes)
{
	e->done += bytes;
	assert_true(e->done <= e->received);
	return 0;
}

struct rte_mbuf *
spt_buffer_alloc(struct spt_engine *e)
{
	return e->no_buffers ? NULL : rte_pktmbuf_alloc(e->pool);
}

int
spt_conn_info(struct spt_engine *e, spt_conn conn, struct spt_conn_info *info)
{
	memset(info, 0, sizeof(*info));
	info->mss = 1448;
	return 0;
}

int
spt_conn_set_user(struct spt_engine *e, spt_conn conn, void *user)
{
	e->user = user;
	return 0;
}

/* ---- the world ---------------------------------------------------------- */

static struct serve serve;
static void *core;
static spt_time now;

static int
setup(void **state)
{
	static char args[][32] = {"--port=vdev:x", "--address=10.0.0.1/24", "--listen=echo:7",
	    "--listen=discard:9", "--listen=chargen:19", "--listen=http:80", "--connections=2"};
	char *argv[RTE_DIM(args)];
	char error[256];

	for (size_t i = 0; i < RTE_DIM(args); i++)
		argv[i] = args[i];
	memset(&engine, 0, sizeof(engine));
	engine.pool = env_pool_create(1023);
	engine.room = FAKE_SENT;
	now = ENV_EPOCH;
	memset(&serve, 0, sizeof(serve));
	assert_int_equal(
	    serve_options_parse(&serve.options, RTE_DIM(args), argv, error, sizeof(error)), 0);
	assert_int_equal(
	    serve_core_ops.start(&serve, 0, 0, &engine, now, &core, error, sizeof(error)), 0);
	assert_int_equal(engine.listening, 4);
	return 0;
}

static int
teardown(void **state)
{
	serve_core_ops.finish(core);
	/* Whatever the test did: every mbuf is back. */
	assert_int_equal(env_pool_in_use(engine.pool), 0);
	env_pool_destroy(engine.pool);
	return 0;
}

static bool
turn(const struct spt_event *e)
{
	return serve_core_ops.turn(core, now, e, e ? 1 : 0);
}

/* Anything but data. */
static bool
event(uint32_t bits, int32_t reason)
{
	const struct spt_event e = {
	    .conn = FAKE_CONN, .user = engine.user, .events = bits, .reason = reason};

	return turn(&e);
}

static void
accept_on(unsigned int listener)
{
	const struct spt_event e = {.conn = FAKE_CONN,
	    .user = engine.listener_user[listener],
	    .events = SPT_ACCEPTED,
	    .listener = listener};

	engine.user = engine.listener_user[listener];
	turn(&e);
}

/* 'n' bytes in a chain of mbufs of at most 'piece' bytes. */
static void
receive(const void *data, uint32_t n, uint32_t piece, uint32_t bits)
{
	struct spt_event e = {
	    .conn = FAKE_CONN, .user = engine.user, .events = SPT_RECEIVED | bits, .bytes = n};
	const uint8_t *from = data;

	for (uint32_t at = 0; at < n; at += piece) {
		uint32_t length = RTE_MIN(piece, n - at);
		struct rte_mbuf *m = rte_pktmbuf_alloc(engine.pool);

		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)length), from + at, length);
		if (e.data)
			assert_int_equal(rte_pktmbuf_chain(e.data, m), 0);
		else
			e.data = m;
	}
	engine.received += n;
	turn(&e);
}

static void
receive_text(const char *text)
{
	receive(text, (uint32_t)strlen(text), 1400, 0);
}

/* WRITABLE, with room for 'bytes' more, if it was promised. */
static bool
writable(uint32_t bytes)
{
	if (!engine.wants_writable)
		return false;
	engine.wants_writable = false;
	engine.room = bytes;
	event(SPT_WRITABLE, 0);
	return true;
}

static void
closed(int32_t reason)
{
	event(SPT_CLOSED, reason);
	engine.user = NULL;
}

/* How often 'text' stands in what was sent. */
static unsigned int
sent_count(const char *text)
{
	unsigned int count = 0;

	engine.sent[engine.n_sent] = '\0';
	for (const char *p = (char *)engine.sent; (p = strstr(p, text)); p++)
		count++;
	return count;
}

static const struct service_totals *
totals(unsigned int listener)
{
	return &serve.core[0]->totals[listener];
}

/* ---- echo --------------------------------------------------------------- */

static void
test_echo(void **state)
{
	accept_on(L_ECHO);
	receive("hello", 5, 2, 0);
	assert_int_equal(engine.n_sent, 5);
	assert_memory_equal(engine.sent, "hello", 5);
	assert_int_equal(engine.done, 5);
	/* Its FIN is answered in the same turn, so that ours can ride on the ACK. */
	receive("bye", 3, 3, SPT_PEER_CLOSED);
	assert_memory_equal(engine.sent, "hellobye", 8);
	assert_int_equal(engine.closes, 1);
	closed(0);
	assert_int_equal(totals(L_ECHO)->closed, 1);
	assert_int_equal(totals(L_ECHO)->bytes_in, 8);
	assert_int_equal(totals(L_ECHO)->bytes_out, 8);
}

/* What is not sent is not "done": the window closes and nothing is lost or reordered. */
static void
test_echo_blocked(void **state)
{
	uint8_t data[4000];
	unsigned int turns = 0;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	accept_on(L_ECHO);
	engine.room = 0;
	for (uint32_t at = 0; at < sizeof(data); at += 400)
		receive(data + at, 400, 100, 0);
	assert_int_equal(engine.n_sent, 0);
	assert_int_equal(engine.done, 0);
	event(SPT_PEER_CLOSED, 0);
	assert_int_equal(engine.closes, 0);
	while (writable(600))
		assert_true(turns++ < 20);
	assert_int_equal(engine.n_sent, sizeof(data));
	assert_memory_equal(engine.sent, data, sizeof(data));
	assert_int_equal(engine.done, sizeof(data));
	assert_int_equal(engine.closes, 1);
	closed(0);
}

/* The connection ends while something is held. */
static void
test_echo_reset(void **state)
{
	accept_on(L_ECHO);
	engine.room = 0;
	receive("lost", 4, 4, 0);
	receive("too", 3, 1, SPT_CLOSED);
	engine.user = NULL;
	assert_int_equal(totals(L_ECHO)->closed, 1);
	accept_on(L_ECHO);
	receive("lost", 4, 4, 0);
	closed(-ECONNRESET);
	assert_int_equal(totals(L_ECHO)->reset, 1);
	accept_on(L_ECHO);
	closed(-ETIMEDOUT);
	assert_int_equal(totals(L_ECHO)->timed_out, 1);
}

static void
test_echo_stop(void **state)
{
	accept_on(L_ECHO);
	engine.room = 0;
	receive("held", 4, 4, 0);
	serve_core_ops.stop(core, now, now + SPT_NS_PER_SEC);
	assert_int_equal(engine.listening, 0);
	assert_int_equal(engine.shutdowns, 0);
	assert_true(writable(100));
	assert_memory_equal(engine.sent, "held", 4);
	assert_int_equal(engine.shutdowns, 1);
	assert_true(turn(NULL));
	event(SPT_PEER_CLOSED, 0);
	assert_int_equal(engine.closes, 1);
	assert_false(event(SPT_CLOSED, 0));
}

/* Nobody closes: after the deadline the rest is aborted, and nothing can keep us for ever. */
static void
test_stop_deadline(void **state)
{
	accept_on(L_DISCARD);
	serve_core_ops.stop(core, now, now + SPT_NS_PER_SEC);
	assert_int_equal(engine.shutdowns, 1);
	now += SPT_NS_PER_SEC - 1;
	assert_true(turn(NULL));
	assert_int_equal(engine.aborts, 0);
	now += 1;
	assert_true(turn(NULL));
	assert_int_equal(engine.aborts, 1);
	assert_true(turn(NULL));
	assert_int_equal(engine.aborts, 1);
	now += SPT_NS_PER_SEC + 1;
	assert_false(turn(NULL));
}

/* ---- discard, chargen --------------------------------------------------- */

static void
test_discard(void **state)
{
	accept_on(L_DISCARD);
	receive("nothing", 7, 3, 0);
	assert_int_equal(engine.done, 7);
	assert_int_equal(engine.n_sent, 0);
	event(SPT_PEER_CLOSED, 0);
	assert_int_equal(engine.closes, 1);
	closed(0);
}

static void
test_chargen(void **state)
{
	engine.room = 100000;
	accept_on(L_CHARGEN);
	receive("ignored", 7, 7, 0);
	for (int i = 0; i < 10; i++)
		assert_true(writable(30000));
	assert_true(engine.n_sent > 400000 && engine.n_sent < 500000);
	/* RFC 864: 72 characters and CR LF, each line begins with the next of 95. */
	for (uint32_t i = 0; i < engine.n_sent; i++) {
		uint32_t line = i / 74, column = i % 74;
		uint8_t want = column == 72   ? '\r'
		               : column == 73 ? '\n'
		                              : (uint8_t)(' ' + (line + column) % 95);

		if (engine.sent[i] != want)
			fail_msg("byte %u is %u, not %u", i, engine.sent[i], want);
	}
	assert_int_equal(engine.done, 7);
	event(SPT_PEER_CLOSED, 0);
	assert_int_equal(engine.closes, 1);
	closed(0);
}

/* Without a buffer a service tries again in later turns, by itself. */
static void
test_no_buffers(void **state)
{
	engine.no_buffers = true;
	accept_on(L_CHARGEN);
	turn(NULL);
	assert_int_equal(engine.n_sent, 0);
	engine.no_buffers = false;
	engine.room = 1000;
	turn(NULL);
	assert_true(engine.n_sent > 0);
	closed(0);
	engine.n_sent = 0;
	engine.room = 1000;
	accept_on(L_HTTP);
	engine.no_buffers = true;
	receive_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	/* Gone while it waits: it must not be tried again. */
	closed(-ECONNRESET);
	engine.no_buffers = false;
	turn(NULL);
	assert_int_equal(engine.n_sent, 0);
}

/* ---- http --------------------------------------------------------------- */

#define GET       "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_CLOSE "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
#define TEXT      "septet: a TCP connection lives seven segments, this is payload.\n"

/* Two requests, the second with a body, split at every byte. */
static void
test_http_split(void **state)
{
	static const char text[] =
	    GET "HEAD /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" GET;
	uint32_t n = sizeof(text) - 1;

	for (uint32_t split = 1; split < n; split++) {
		engine.n_sent = 0;
		engine.received = engine.done = 0;
		accept_on(L_HTTP);
		receive(text, split, 7, 0);
		receive(text + split, n - split, 7, 0);
		assert_int_equal(sent_count("HTTP/1.1 200 OK\r\n"), 3);
		assert_int_equal(sent_count("Content-Length: 64\r\n"), 3);
		assert_int_equal(sent_count(TEXT), 2);
		assert_int_equal(sent_count("Connection:"), 0);
		assert_int_equal(engine.done, n);
		assert_int_equal(engine.shutdowns + engine.closes, 0);
		closed(0);
	}
	assert_int_equal(totals(L_HTTP)->requests, 3 * (n - 1));
}

/* The answer, our FIN, and only then, when the peer has said all, the close. */
static void
test_http_close(void **state)
{
	accept_on(L_HTTP);
	receive_text(GET_CLOSE GET);
	assert_int_equal(sent_count("HTTP/1.1 200 OK\r\n"), 1);
	assert_int_equal(sent_count("Connection: close\r\n"), 1);
	assert_int_equal(engine.shutdowns, 1);
	assert_int_equal(engine.closes, 0);
	/* What came behind it was thrown away, and what comes still is. */
	assert_int_equal(engine.done, engine.received);
	receive_text(GET);
	assert_int_equal(engine.done, engine.received);
	assert_int_equal(sent_count("HTTP/1.1 200 OK\r\n"), 1);
	event(SPT_PEER_CLOSED, 0);
	assert_int_equal(engine.closes, 1);
	closed(0);
	/* The peer's FIN came with its request. */
	engine.shutdowns = engine.closes = 0;
	accept_on(L_HTTP);
	receive(GET_CLOSE, sizeof(GET_CLOSE) - 1, 1400, SPT_PEER_CLOSED);
	assert_int_equal(sent_count("HTTP/1.1 200 OK\r\n"), 2);
	assert_int_equal(engine.closes, 1);
	closed(0);
}

/* Told to: HTTP/1.1 is answered and closed too, as a client that counts packets wants it. */
static void
test_http_close_always(void **state)
{
	serve.options.http_close = true;
	accept_on(L_HTTP);
	receive_text(GET GET);
	assert_int_equal(sent_count("HTTP/1.1 200 OK\r\n"), 1);
	assert_int_equal(sent_count("Connection: close\r\n"), 1);
	assert_int_equal(engine.shutdowns, 1);
	event(SPT_PEER_CLOSED, 0);
	assert_int_equal(engine.closes, 1);
	closed(0);
	serve.options.http_close = false;
}

static void
test_http_linger_bounds(void **state)
{
	static const char junk[4096];
	unsigned int n = 0;

	accept_on(L_HTTP);
	receive_text(GET_CLOSE);
	while (engine.closes == 0 && n++ <= LINGER_BYTES / sizeof(junk) + 1)
		receive(junk, sizeof(junk), 1400, 0);
	assert_int_equal(n, LINGER_BYTES / sizeof(junk) + 1);
	receive(junk, sizeof(junk), 1400, 0);
	closed(0);
	engine.shutdowns = engine.closes = 0;
	accept_on(L_HTTP);
	receive_text(GET_CLOSE);
	now += LINGER_TIME - 1;
	turn(NULL);
	assert_int_equal(engine.closes, 0);
	now += 1;
	turn(NULL);
	assert_int_equal(engine.closes, 1);
	closed(0);
}

/* A large body through a small opening; the next request waits for its turn. */
static void
test_http_large(void **state)
{
	const uint64_t body = 300001;
	unsigned int turns = 0;
	const char *at;

	serve.options.http_body = body;
	now += SPT_NS_PER_SEC; /* the prepared heads hold the length */
	turn(NULL);
	engine.room = 1;
	accept_on(L_HTTP);
	receive_text("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nHEAD / HTTP/1.0\r\n\r\n");
	assert_true(engine.done < engine.received);
	while (writable(5000))
		assert_true(turns++ < 100);
	assert_int_equal(sent_count("Content-Length: 300001\r\n"), 2);
	assert_int_equal(sent_count("Connection: keep-alive\r\n"), 1);
	assert_int_equal(sent_count("Connection: close\r\n"), 1);
	at = strstr((char *)engine.sent, "\r\n\r\n") + 4;
	for (uint64_t i = 0; i < body; i++)
		assert_int_equal(at[i], TEXT[i % 64]);
	assert_memory_equal(at + body, "HTTP/1.1 200 OK", 15);
	assert_int_equal(engine.done, engine.received);
	assert_int_equal(engine.shutdowns, 1);
	closed(0);
}

static void
test_http_errors(void **state)
{
	static const struct {
		const char *request, *says;
		bool closes;
	} cases[] = {
	    {"\x16\x03\x01", "HTTP/1.1 400 Bad Request\r\n", true},
	    {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", true},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
	        "HTTP/1.1 411 Length Required\r\n", true},
	    {"GET / HTTP/3.0\r\n\r\n", "HTTP/1.1 505 ", true},
	    {"PUT / HTTP/1.1\r\nHost: x\r\n\r\n", "Allow: GET, HEAD\r\n", false},
	    {"FOO / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 501 Not Implemented\r\n", false},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		engine.n_sent = engine.shutdowns = 0;
		accept_on(L_HTTP);
		receive_text(cases[i].request);
		assert_int_equal(sent_count(cases[i].says), 1);
		assert_int_equal(sent_count("Content-Length: 0\r\n"), 1);
		assert_int_equal(sent_count("Connection: close\r\n"), cases[i].closes);
		assert_int_equal(engine.shutdowns, cases[i].closes);
		closed(0);
	}
	assert_int_equal(totals(L_HTTP)->errors, RTE_DIM(cases));
}

static void
test_http_stop(void **state)
{
	/* Between requests: our FIN at once. */
	accept_on(L_HTTP);
	receive_text(GET);
	serve_core_ops.stop(core, now, now + SPT_NS_PER_SEC);
	assert_int_equal(engine.shutdowns, 1);
	closed(0);
	/* Accepted while we stop. */
	engine.shutdowns = 0;
	accept_on(L_HTTP);
	assert_int_equal(engine.shutdowns, 1);
	closed(0);
}

static void
test_http_stop_begun(void **state)
{
	/* In the middle of a request: it is answered first, and told that this was the last. */
	accept_on(L_HTTP);
	receive_text("GET / HTTP/1.1\r\nHo");
	serve_core_ops.stop(core, now, now + SPT_NS_PER_SEC);
	assert_int_equal(engine.shutdowns, 0);
	receive_text("st: x\r\n\r\n");
	assert_int_equal(sent_count("HTTP/1.1 200 OK\r\n"), 1);
	assert_int_equal(sent_count("Connection: close\r\n"), 1);
	assert_int_equal(engine.shutdowns, 1);
	closed(0);
}

/* ---- common ------------------------------------------------------------- */

/* A third connection where two may be: refused, counted, its data freed. */
static void
test_refused(void **state)
{
	void *users[2];

	for (int i = 0; i < 2; i++) {
		accept_on(L_ECHO);
		users[i] = engine.user;
	}
	accept_on(L_ECHO);
	assert_int_equal(engine.aborts, 1);
	assert_null(engine.user);
	receive("data", 4, 2, 0);
	closed(-ECONNABORTED);
	assert_int_equal(totals(L_ECHO)->refused, 1);
	engine.aborts = 0;
	for (int i = 0; i < 2; i++) {
		engine.user = users[i];
		closed(0);
	}
	accept_on(L_ECHO);
	assert_int_equal(engine.aborts, 0);
	receive("data", 4, 2, 0);
	assert_int_equal(engine.n_sent, 4);
	closed(0);
}

/* The engine no longer takes data: the service gives up. */
static void
test_send_refused(void **state)
{
	accept_on(L_ECHO);
	engine.send_error = -EPIPE;
	receive("data", 4, 4, 0);
	assert_int_equal(engine.closes, 1);
	receive("more", 4, 4, SPT_PEER_CLOSED);
	assert_int_equal(engine.closes, 1);
	closed(0);
}

static int
group_setup(void **state)
{
	env_start();
	return held_register();
}

/* A service on one address is where that address is; one on all is on every port. */
static void
test_ports(void **state)
{
	static char args[][32] = {"--port=vdev:x", "--address=10.0.0.1/24", "--port=vdev:y",
	    "--address=10.0.1.1/24", "--listen=http:10.0.1.1:80", "--listen=echo:7",
	    "--listen=discard:10.0.0.1:9"};
	static const int expected[2][3] = {{-1, 0, 1}, {0, 1, -1}};
	char *argv[RTE_DIM(args)];
	char error[256];

	for (size_t i = 0; i < RTE_DIM(args); i++)
		argv[i] = args[i];
	for (unsigned int port = 0; port < 2; port++) {
		serve_core_ops.finish(core);
		engine.listening = 0;
		assert_int_equal(
		    serve_options_parse(&serve.options, RTE_DIM(args), argv, error, sizeof(error)),
		    0);
		assert_int_equal(serve_core_ops.start(
		                     &serve, port, port, &engine, now, &core, error, sizeof(error)),
		    0);
		assert_int_equal(engine.listening, 2);
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(
			    ((struct serve_core *)core)->listener[i], expected[port][i]);
		serve_core_ops.stop(core, now, now);
		assert_int_equal(engine.listening, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(test_echo),
	    T(test_echo_blocked),
	    T(test_echo_reset),
	    T(test_echo_stop),
	    T(test_stop_deadline),
	    T(test_discard),
	    T(test_chargen),
	    T(test_no_buffers),
	    T(test_http_split),
	    T(test_http_close),
	    T(test_http_close_always),
	    T(test_http_linger_bounds),
	    T(test_http_large),
	    T(test_http_errors),
	    T(test_http_stop),
	    T(test_http_stop_begun),
	    T(test_refused),
	    T(test_send_refused),
	    T(test_ports),
#undef T
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thousand whose application takes what comes, keeps it, and never says that it is done with it;
 * a thousand peers who close their windows before an answer; or a thousand who send a byte in each
 * mbuf, to such an application, or with gaps between. And beside them ten who work. The pool holds
 * a fraction of what all windows together promise. Those who work get what they got when they were
 * alone.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include <lib/env.h>
#include <lib/port_crowd.h>
#include <lib/simlink.h>
#include <port/port.h>

#define MS       SPT_NS_PER_MS
#define CROWD    1000
#define POOL     16383 /* of the server */
#define GOOD     5     /* each way */
#define CONNS    (2 * CROWD + 2 * GOOD)
#define CHUNK    1448 /* a full segment: what goes over the line is a copy of the receiver's pool */
#define UNREAD   24   /* chunks that each of the crowd sends to who does not read */
#define EVENTS   64
#define WARM_UP  (8 * SPT_NS_PER_SEC)
#define RUN      (2 * SPT_NS_PER_SEC)
#define PORT_OUT 9 /* the server sends */
#define PORT_IN  10
#define PORT_RAW 11                   /* of those who send bytes */
#define RAW_EACH (50 * SPT_NS_PER_US) /* one of them in so long: 200 from each */
#define CLOSED   2000                 /* the window of who closes it */

enum { CLIENT, SERVER };
enum role { SILENT, CLOSER, GOOD_IN, GOOD_OUT };
enum crowd { NOBODY, STALLED, CRUMBS, GAPS };

struct one {
	enum role role;
	spt_conn conn[2];
	bool connected;
	unsigned int sent;
	uint64_t delivered;
	struct rte_mbuf *kept;
};

static struct world {
	spt_time now;
	struct rte_mempool *pool[2];
	struct spt_port *port[2];
	struct spt_engine *engine[2];
	int source[2]; /* with an ordinary window, and with a small one */
	struct one ones[CONNS];
	unsigned int n, opened, crowd;
	unsigned int least_free;
	struct rte_mbuf **crumbs; /* what the application took of those who send bytes */
	unsigned int n_crumbs;
} w;

static struct spt_engine *
engine_of(unsigned int s)
{
	struct spt_local local = {
	    .first = simlink_address(4, (uint8_t)(1 + s)), .count = 1, .prefix = 24};
	struct spt_config config = {.local = &local,
	    .n_local = 1,
	    .pool = w.pool[s],
	    .socket = -1,
	    .connections = CONNS + CROWD + 8,
	    .neighbours = 16,
	    .sources = 2,
	    .listeners = 3,
	    .pinned_mbufs = s == CLIENT ? 60000 : 0};
	struct spt_engine *engine;
	char error[200] = "";

	config.master_secret[0] = (uint8_t)(1 + s);
	assert_int_equal(
	    spt_engine_create(&config, w.port[s], w.now, &engine, error, sizeof(error)), 0);
	return engine;
}

static struct spt_port *
crowd_port(struct spt_port *inner, enum crowd crowd)
{
	struct port_crowd_config config = {.inner = inner,
	    .pool = w.pool[SERVER],
	    .from = simlink_address(4, 99),
	    .to = {.addr = simlink_address(4, 2), .port = PORT_RAW},
	    .peers = crowd == CRUMBS || crowd == GAPS ? CROWD : 0,
	    .gaps = crowd == GAPS,
	    .interval = RAW_EACH};

	return port_crowd_create(&config, w.now);
}

static void
begin(enum crowd crowd)
{
	const struct spt_impair line = {
	    .rate_bps = 100000000, .delay_ns = 5 * MS, .queue_limit = 3000};
	const struct spt_impair to[2] = {line, line};
	struct spt_port *memory[2];
	struct spt_source_options source = {0};
	struct spt_endpoint at = {0};

	memset(&w, 0, sizeof(w));
	w.now = ENV_EPOCH;
	w.pool[CLIENT] = env_pool_create(45000);
	w.pool[SERVER] = env_pool_create(POOL);
	w.least_free = UINT32_MAX;
	/* What goes over the line is copied into the pool of who receives it, as by a device. */
	w.port[CLIENT] = simlink_create(
	    1, to, (struct rte_mempool *const[]){w.pool[SERVER], w.pool[CLIENT]}, 0, memory);
	w.port[SERVER] = crowd_port(memory[1], crowd);
	for (unsigned int s = 0; s < 2; s++)
		w.engine[s] = engine_of(s);
	for (at.port = PORT_OUT; at.port <= PORT_RAW; at.port++)
		assert_true(spt_listen(w.engine[SERVER], &at, NULL) >= 0);
	w.source[0] = spt_source_add(w.engine[CLIENT], &source);
	source.conn.receive_buffer = source.conn.receive_buffer_max = CLOSED;
	w.source[1] = spt_source_add(w.engine[CLIENT], &source);
	w.crowd = crowd == STALLED ? CROWD : 0;
	w.n = 2 * w.crowd + 2 * GOOD;
	w.crumbs = calloc(1u << 16, sizeof(struct rte_mbuf *));
	assert_non_null(w.crumbs);
	for (unsigned int i = 0; i < w.n; i++)
		w.ones[i].role = i < w.crowd       ? SILENT
		                 : i < 2 * w.crowd ? CLOSER
		                 : i & 1           ? GOOD_IN
		                                   : GOOD_OUT;
}

static void
end(void)
{
	for (unsigned int i = 0; i < w.n; i++)
		rte_pktmbuf_free(w.ones[i].kept);
	for (unsigned int i = 0; i < w.n_crumbs; i++)
		rte_pktmbuf_free(w.crumbs[i]);
	free(w.crumbs);
	for (unsigned int s = 0; s < 2; s++) {
		assert_null(spt_engine_check(w.engine[s]));
		spt_engine_destroy(w.engine[s]);
	}
	w.port[CLIENT]->ops->destroy(w.port[CLIENT]);
	w.port[SERVER]->ops->destroy(w.port[SERVER]);
	for (unsigned int s = 0; s < 2; s++) {
		assert_int_equal(env_pool_in_use(w.pool[s]), 0);
		env_pool_destroy(w.pool[s]);
	}
}

/* The one whose opener has this port. */
static struct one *
one_of(spt_conn conn)
{
	struct spt_conn_info here, there;

	assert_int_equal(spt_conn_info(w.engine[SERVER], conn, &here), 0);
	if (here.local.port == PORT_RAW)
		return NULL;
	for (unsigned int i = 0; i < w.opened; i++)
		if (spt_conn_info(w.engine[CLIENT], w.ones[i].conn[CLIENT], &there) == 0 &&
		    there.local.port == here.remote.port)
			return &w.ones[i];
	return NULL;
}

static void
fill(unsigned int s, struct one *o)
{
	static const unsigned int most[] = {UNREAD, 3, UINT32_MAX, UINT32_MAX};

	if (!o || !o->connected || (s == CLIENT) != (o->role == SILENT || o->role == GOOD_IN))
		return;
	while (o->sent < most[o->role]) {
		struct rte_mbuf *m = spt_buffer_alloc(w.engine[s]);

		if (m == NULL)
			return;
		memset(rte_pktmbuf_append(m, CHUNK), 0x5a, CHUNK);
		if (spt_send(w.engine[s], o->conn[s], m, 0) != 0) {
			rte_pktmbuf_free(m);
			return;
		}
		o->sent++;
	}
}

static void
take(unsigned int s, struct one *o, const struct spt_event *e)
{
	if (o == NULL) {
		assert_true(w.n_crumbs < 1u << 16);
		w.crumbs[w.n_crumbs++] = e->data;
		return;
	}
	if (o->role == SILENT || o->role == CLOSER) {
		if (o->kept == NULL)
			o->kept = e->data;
		else
			assert_int_equal(rte_pktmbuf_chain(o->kept, e->data), 0);
		return;
	}
	rte_pktmbuf_free(e->data);
	assert_int_equal(spt_receive_done(w.engine[s], e->conn, e->bytes), 0);
	if (w.now >= ENV_EPOCH + WARM_UP)
		o->delivered += e->bytes;
}

/* NULL: one who sends bytes. */
static struct one *
accepted(spt_conn conn)
{
	struct one *o = one_of(conn);

	if (o == NULL)
		return NULL;
	o->conn[SERVER] = conn;
	spt_conn_set_user(w.engine[SERVER], conn, o);
	if (o->role == GOOD_OUT || o->role == CLOSER)
		o->connected = true;
	return o;
}

static bool
poll_one(unsigned int s)
{
	struct spt_event events[EVENTS];
	unsigned int n = spt_poll(w.engine[s], w.now, events, EVENTS);

	for (unsigned int i = 0; i < n; i++) {
		const struct spt_event *e = &events[i];
		struct one *o = e->user;

		if (e->events & SPT_ACCEPTED) {
			o = accepted(e->conn);
		}
		assert_int_equal(e->events & SPT_CLOSED, 0);
		if ((e->events & SPT_CONNECTED) && (o->role == SILENT || o->role == GOOD_IN))
			o->connected = true;
		if (e->events & SPT_RECEIVED)
			take(s, o, e);
		fill(s, o);
	}
	return n > 0;
}

static void
open_next(void)
{
	struct spt_endpoint remote = {.addr = simlink_address(4, 2)};
	struct one *o = &w.ones[w.opened];
	int rc;

	remote.port = o->role == GOOD_OUT || o->role == CLOSER ? PORT_OUT : PORT_IN;
	rc = spt_connect(
	    w.engine[CLIENT], w.source[o->role == CLOSER], NULL, &remote, o, &o->conn[CLIENT]);
	if (rc == -EAGAIN)
		return; /* no port was found yet: with the next turn */
	assert_int_equal(rc, 0);
	w.opened++;
}

/* One connection every two milliseconds, so that the good ones come last; returns goodput each way.
 */
static void
run(enum crowd crowd, uint64_t goodput[2])
{
	spt_time stop = ENV_EPOCH + WARM_UP + RUN, opens;
	static const char *const names[] = {"nobody", "stalled", "crumbs", "gaps"};
	uint64_t frames[2] = {0}, seen;

	begin(crowd);
	opens = w.now;
	while (w.now < stop) {
		bool busy = false;

		if (w.opened < w.n && w.now >= opens) {
			open_next();
			opens += 2 * MS; /* or a try */
		}
		for (unsigned int s = 0; s < 2; s++) {
			busy |= poll_one(s);
			seen = spt_engine_frames(w.engine[s]);
			busy |= seen != frames[s];
			frames[s] = seen;
		}
		w.least_free = RTE_MIN(w.least_free, rte_mempool_avail_count(w.pool[SERVER]));
		if (busy)
			continue;
		spt_time next = RTE_MIN(w.opened < w.n ? opens : stop, stop);
		for (unsigned int s = 0; s < 2; s++) {
			next = RTE_MIN(next, spt_next_deadline(w.engine[s]));
			next = RTE_MIN(next, port_next_deadline(w.port[s]));
		}
		w.now = RTE_MAX(next, w.now + 1);
	}
	goodput[0] = goodput[1] = 0;
	for (unsigned int i = 2 * w.crowd; i < w.n; i++)
		goodput[w.ones[i].role == GOOD_OUT] +=
		    w.ones[i].delivered * 8 * SPT_NS_PER_SEC / RUN;
	print_message("%s: %.3f Mbit/s in, %.3f out; of the server's pool %u were free at least\n",
	    names[crowd], (double)goodput[0] / 1e6, (double)goodput[1] / 1e6, w.least_free);
	if (crowd == CRUMBS || crowd == GAPS) {
		assert_int_equal(port_crowd_connected(w.port[SERVER]), CROWD);
		assert_true(port_crowd_sent(w.port[SERVER]) > 100 * CROWD);
	}
	assert_true(w.least_free > POOL / 64);
	end();
}

static uint64_t alone[2];

static void
beside(enum crowd crowd)
{
	uint64_t goodput[2];

	if (alone[0] == 0)
		run(NOBODY, alone);
	run(crowd, goodput);
	for (unsigned int i = 0; i < 2; i++)
		assert_true(goodput[i] >= alone[i] * 9 / 10);
}

static void
test_stalled_readers(void **state)
{
	beside(STALLED);
}

/* Nor do they read: what is counted in bytes is a hundredth of what it takes. */
static void
test_stalled_readers_of_crumbs(void **state)
{
	beside(CRUMBS);
}

static void
test_bytes_out_of_order(void **state)
{
	beside(GAPS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stalled_readers),
	    cmocka_unit_test(test_stalled_readers_of_crumbs),
	    cmocka_unit_test(test_bytes_out_of_order),
	};

	return cmocka_run_group_tests_name("sim: pressure", tests, env_group_setup, NULL);
}

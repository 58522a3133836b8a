/* SPDX-License-Identifier: BSD-3-Clause */
/* The end that is septet: an engine of its own for a conversation, over a memory pair. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/addr.h>
#include <lib/env.h>
#include <port/port.h>

#include "ends.h"

#define READ_MOST CONVERSATION_STREAM

struct engine_end {
	struct spt_engine *engine;
	struct spt_port *port[2];
	spt_conn conn;
	bool eof, gone;
	int error;
	uint32_t n_unread, taken;
	uint8_t unread[2 * READ_MOST];
};

static struct rte_mempool *pool;

static void
event(struct talk *t, const struct spt_event *e)
{
	struct engine_end *x = t->end;

	if (e->events & SPT_ACCEPTED) {
		/* A second connection of the tuple is nobody's. */
		if (!t->out.opened)
			x->conn = e->conn;
		if (!t->out.opened)
			t->may_call = true;
		t->out.opened = true;
	}
	if (e->conn != x->conn) {
		rte_pktmbuf_free(e->data);
		return;
	}
	if (e->events & SPT_CONNECTED)
		t->out.opened = true;
	for (const struct rte_mbuf *m = e->data; m != NULL; m = m->next) {
		if (x->taken + x->n_unread + m->data_len > sizeof(x->unread))
			abort();
		memcpy(
		    x->unread + x->taken + x->n_unread, rte_pktmbuf_mtod(m, void *), m->data_len);
		x->n_unread += m->data_len;
	}
	rte_pktmbuf_free(e->data);
	if (e->events & SPT_PEER_CLOSED)
		x->eof = true;
	if (e->events & SPT_CLOSED) {
		x->gone = true;
		x->error = e->reason;
	}
}

/* What the engine sent goes to the peer, or is answered for it. Whether there was any. */
static bool
carry(struct talk *t)
{
	struct engine_end *x = t->end;
	uint8_t flat[PACKET_MAX], reply[PACKET_MAX];
	struct rte_mbuf *m[32];
	uint16_t n = port_rx(x->port[1], t->now, m, RTE_DIM(m));

	for (uint16_t i = 0; i < n; i++) {
		unsigned int length = packet_flatten(m[i], flat), answer;

		rte_pktmbuf_free(m[i]);
		answer = packet_answer_resolution(
		    flat, length, &x->port[1]->mac, &t->remote.addr, reply);
		if (answer > 0)
			t->ops->deliver(t, reply, answer);
		else
			talk_input(t, flat, length);
	}
	return n > 0;
}

static void
engine_settle(struct talk *t)
{
	struct engine_end *x = t->end;
	struct spt_event events[16];
	unsigned int quiet = 0;

	while (quiet < 3) {
		unsigned int n = spt_poll(x->engine, t->now, events, RTE_DIM(events));

		for (unsigned int i = 0; i < n; i++)
			event(t, &events[i]);
		quiet = carry(t) || n > 0 ? 0 : quiet + 1;
	}
	if (spt_engine_check(x->engine) != NULL) {
		printf("seed %llu: spt_engine_check: %s\n", (unsigned long long)t->c->seed,
		    spt_engine_check(x->engine));
		talk_ladder(t, "septet");
		abort();
	}
}

static void
engine_deliver(struct talk *t, const uint8_t *frame, unsigned int length)
{
	struct engine_end *x = t->end;
	struct rte_mbuf *m = packet_mbuf(pool, frame, length);

	if (m == NULL || port_tx(x->port[1], t->now, &m, 1) != 1)
		abort();
}

static int
engine_connect(struct talk *t)
{
	struct engine_end *x = t->end;
	struct spt_source_options options = {.conn = {.nodelay = true}, .first = t->local.addr};
	int source = spt_source_add(x->engine, &options);

	t->may_call = true;
	return spt_connect(x->engine, source, &t->local, &t->remote, NULL, &x->conn);
}

static int
engine_read(struct talk *t, uint8_t *to, uint32_t n)
{
	struct engine_end *x = t->end;

	if (x->n_unread == 0) {
		if (x->eof)
			return 0;
		if (x->gone) {
			int error = x->error;

			x->error = 0;
			return error; /* 0 is the end, as for a socket */
		}
		return -EAGAIN;
	}
	n = RTE_MIN(n, x->n_unread);
	memcpy(to, x->unread + x->taken, n);
	x->taken += n;
	x->n_unread -= n;
	if (!x->gone)
		spt_receive_done(x->engine, x->conn, n);
	return (int)n;
}

static int
engine_write(struct talk *t, const uint8_t *from, uint32_t n)
{
	struct engine_end *x = t->end;
	struct rte_mbuf *head = NULL;
	uint32_t done = 0;
	int result;

	/* A socket that is still connecting takes nothing. */
	if (!t->out.opened)
		return -EAGAIN;
	while (done < n) {
		struct rte_mbuf *m = spt_buffer_alloc(x->engine);
		uint32_t part = RTE_MIN(n - done, 1000u);

		if (m == NULL)
			abort();
		memcpy(rte_pktmbuf_append(m, (uint16_t)part), from + done, part);
		done += part;
		if (head == NULL)
			head = m;
		else if (rte_pktmbuf_chain(head, m) != 0)
			abort();
	}
	result = spt_send(x->engine, x->conn, head, SPT_PUSH);
	if (result == 0)
		return (int)n;
	rte_pktmbuf_free(head);
	return result == -ESTALE ? -EPIPE : result;
}

static int
engine_shutdown(struct talk *t)
{
	struct engine_end *x = t->end;
	int result = spt_shutdown(x->engine, x->conn);

	return result == -EALREADY ? 0 : result == -ESTALE ? -ENOTCONN : result;
}

static void
engine_close(struct talk *t)
{
	struct engine_end *x = t->end;

	spt_close(x->engine, x->conn);
}

static void
engine_abort(struct talk *t)
{
	struct engine_end *x = t->end;

	spt_abort(x->engine, x->conn);
}

static int
engine_error(struct talk *t)
{
	struct engine_end *x = t->end;
	int error = x->gone ? x->error : 0;

	x->error = 0;
	return error;
}

static const struct end_ops engine_ops = {
    .connect = engine_connect,
    .deliver = engine_deliver,
    .settle = engine_settle,
    .read = engine_read,
    .write = engine_write,
    .shutdown = engine_shutdown,
    .close = engine_close,
    .abort = engine_abort,
    .error = engine_error,
};

static void
create(struct talk *t)
{
	static unsigned int number;
	struct engine_end *x = calloc(1, sizeof(*x));
	struct spt_local local[] = {{.first = ends_local(false), .count = 1, .prefix = 24},
	    {.first = ends_local(true), .count = 1, .prefix = 64}};
	char name[20], error[200];
	struct spt_memory_pair_config pair = {.name = name, .socket = -1, .pool = {pool, pool}};
	struct spt_config config = {.local = local,
	    .n_local = 2,
	    .pool = pool,
	    .socket = -1,
	    .connections = 8,
	    .half_open = 8,
	    .timewait = 8,
	    .listeners = 2,
	    .sources = 1,
	    .neighbours = 8};
	struct spt_listen_options options = {.conn = {.nodelay = true}};

	if (x == NULL)
		abort();
	t->end = x;
	snprintf(name, sizeof(name), "diff%u", number++);
	memcpy(config.master_secret, &t->c->seed, sizeof(t->c->seed));
	if (spt_port_memory_pair_create(&pair, x->port) != 0 ||
	    spt_engine_create(&config, x->port[0], ENV_EPOCH, &x->engine, error, sizeof(error)) !=
	        0) {
		fprintf(stderr, "no engine: %s\n", error);
		exit(2);
	}
	t->mac = x->port[0]->mac;
	t->peer_mac = x->port[1]->mac;
	if (!t->c->active)
		spt_listen(x->engine, &t->local, &options);
}

static enum spt_state
find_state(const struct talk *t)
{
	const struct engine_end *x = t->end;
	struct spt_conn_info infos[8];
	uint64_t cursor = 0;
	unsigned int n;

	while ((n = spt_engine_walk(x->engine, &cursor, infos, RTE_DIM(infos))) > 0) {
		for (unsigned int i = 0; i < n; i++) {
			if (infos[i].remote.port == t->remote.port)
				return infos[i].state;
		}
	}
	return SPT_CLOSED_STATE;
}

void
engine_converse(struct talk *t, const struct conversation *c)
{
	struct engine_end *x;
	uint64_t now = ENV_EPOCH;

	if (pool == NULL)
		pool = env_pool_create(4095);
	talk_init(t, c, &engine_ops);
	ends_address(t, ENDS_PORT);
	create(t);
	x = t->end;
	while (!talk_over(t)) {
		uint64_t next = talk_step(t, now), due;

		/* Timers have their time in between. */
		while ((due = spt_next_deadline(x->engine)) < next) {
			t->now = now = RTE_MAX(due, now + 1);
			engine_settle(t);
		}
		now = RTE_MAX(now + 1, next);
	}
	t->out.state = find_state(t);
	if (t->may_call)
		spt_abort(x->engine, x->conn);
	engine_settle(t);
	spt_engine_destroy(x->engine);
	spt_port_destroy(x->port[0]);
	spt_port_destroy(x->port[1]);
	free(x);
	if (env_pool_in_use(pool) != 0) {
		printf("seed %llu: %u mbufs are missing\n", (unsigned long long)c->seed,
		    env_pool_in_use(pool));
		exit(1);
	}
}

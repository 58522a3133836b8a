/* SPDX-License-Identifier: BSD-3-Clause */
/* Set-up and tear-down of TCP on one core: pools, tables, queues, secrets. */
#include <stdio.h>

#include <rte_common.h>
#include <rte_mbuf_dyn.h>

#include "../base/mem.h"
#include "../flow/steer.h"
#include "internal.h"

/* Blocks beyond one for each listener: connections with options of their own. */
#define PRIVATE_OPTIONS 1024

/* RSTs a second and in a burst that one core sends without a connection. */
#define RST_RATE  10000
#define RST_BURST 1000

#define DELACK_MIN 1024
#define DELACK_MAX (1 << 18)

static uint32_t
transfer_blocks(uint32_t connections)
{
	return connections <= 65536 ? connections : RTE_MAX(65536u, connections / 4);
}

/*
 * Records of what is out, five in a chunk: one for each block, and half as many as mbufs may be in
 * queues, of which a full segment takes one. That is what full segments need, with chunks at holes
 * that hold a single record; it is no bound. A peer with a small MSS makes many segments of an
 * mbuf, SACK edges cut records: where the pool is empty new data waits, edges are left aside, and
 * what is too long to be sent again goes in parts (output.c).
 */
static uint32_t
chunk_count(const struct spt_config *config)
{
	return config->pinned_mbufs / 2 + transfer_blocks(config->connections);
}

static uint32_t
option_blocks(const struct spt_config *config)
{
	return RTE_MIN(config->listeners + PRIVATE_OPTIONS, (uint32_t)UINT16_MAX);
}

static uint32_t
ring_size(uint32_t entries)
{
	return rte_align32pow2(entries + 1);
}

static uint32_t
delack_size(uint32_t connections)
{
	return rte_align32pow2(
	    RTE_MIN(RTE_MAX(connections, (uint32_t)DELACK_MIN), (uint32_t)DELACK_MAX));
}

static int
init_link_field(struct tcp *t)
{
	static const struct rte_mbuf_dynfield field = {
	    .name = "septet_mbuf_link",
	    .size = sizeof(struct mbuf_link),
	    .align = __alignof__(struct mbuf_link),
	};

	t->link_offset = rte_mbuf_dynfield_register(&field);
	return t->link_offset;
}

static int
init_pools(struct tcp *t, const struct spt_config *config)
{
	const struct pool *kinds[FLOW_KINDS] = {
	    [FLOW_CONN] = &t->conns,
	    [FLOW_HALF_OPEN] = &t->half_opens,
	    [FLOW_TIME_WAIT] = &t->time_waits,
	};
	uint32_t entries = config->connections + config->half_open + config->timewait;
	int socket = config->socket;

	if (pool_init(&t->conns, config->connections, sizeof(struct conn), socket) ||
	    pool_init(
	        &t->xfers, transfer_blocks(config->connections), sizeof(struct xfer), socket) ||
	    pool_init(&t->chunks, chunk_count(config), sizeof(struct sent_chunk), socket) ||
	    pool_init(&t->half_opens, config->half_open, sizeof(struct half_open), socket) ||
	    pool_init(&t->time_waits, config->timewait, sizeof(struct time_wait), socket) ||
	    pool_init(&t->events, config->connections, sizeof(struct event_slot), socket) ||
	    pool_init(&t->options, option_blocks(config), sizeof(struct option_block), socket) ||
	    flow_init(&t->flows, entries, t->secrets.flow, kinds, socket) ||
	    listener_init(&t->listeners, config->listeners, socket))
		return -ENOMEM;
	for (uint32_t i = 0; i < config->connections; i++)
		conn_at(t, i)->generation = 1;
	return 0;
}

static int
init_rings(struct tcp *t, const struct spt_config *config)
{
	t->delack_mask = delack_size(config->connections) - 1;
	t->bytes_delack = (size_t)(t->delack_mask + 1) * sizeof(*t->delack);
	t->delack = mem_alloc(t->bytes_delack, config->socket);
	t->output_mask = ring_size(config->connections) - 1;
	t->bytes_output = (size_t)(t->output_mask + 1) * sizeof(*t->output);
	t->output = mem_alloc(t->bytes_output, config->socket);
	t->bytes_listener = config->listeners * sizeof(*t->listener);
	t->listener = mem_alloc(t->bytes_listener, config->socket);
	t->n_sources = config->sources;
	t->bytes_source = config->sources * sizeof(*t->source);
	t->source = mem_alloc(t->bytes_source, config->socket);
	return t->delack && t->output && t->listener && t->source ? 0 : -ENOMEM;
}

static void
init_queues(struct tcp *t)
{
	wheel_init(&t->wheel, &t->conns, offsetof(struct conn, node), t->now_tick);
	for (unsigned int i = 0; i < RTE_DIM(t->syn_ack); i++)
		fifo_init(&t->syn_ack[i], &t->half_opens, offsetof(struct half_open, link));
	fifo_init(&t->time_wait_fifo, &t->time_waits, offsetof(struct time_wait, link));
}

static void
init_parameters(struct tcp *t, const struct tcp_init *init)
{
	const struct spt_config *config = init->config;

	t->out = init->out;
	t->stats = init->stats;
	t->mbufs = config->pool;
	t->multi_segment = init->multi_segment;
	t->merged = init->merged;
	t->most = init->most;
	t->most_mbufs = init->most_mbufs;
	t->segment_mbufs = init->segment_mbufs;
	SPT_ASSERT(t->most == 0 || t->multi_segment);
	t->mtu = init->mtu;
	if (!t->multi_segment) {
		/* Payload is copied behind headers into one buffer. */
		uint32_t room = rte_pktmbuf_data_room_size(config->pool) - RTE_PKTMBUF_HEADROOM;

		t->mtu = (uint16_t)RTE_MIN((uint32_t)t->mtu, room);
	}
	t->next_hop = init->next_hop;
	t->next_hop_context = init->next_hop_context;
	t->rto_initial = config->rto_initial_ms * SPT_NS_PER_MS;
	t->rto_min = config->rto_min_ms * SPT_NS_PER_MS;
	t->rto_max = config->rto_max_ms * SPT_NS_PER_MS;
	t->delayed_ack = config->delayed_ack_ms * SPT_NS_PER_MS;
	t->two_msl = 2 * config->msl_ms * SPT_NS_PER_MS;
	t->syn_ack_retries = config->syn_ack_retries;
	t->syn_retries = config->syn_retries;
	t->timewait_rst_closes = config->timewait_rst_closes;
	t->pinned_limit = config->pinned_mbufs;
	t->held_most = UINT32_MAX;
}

/* The device spreads flows: source ports are chosen so that answers come back here. */
static int
init_steer(struct tcp *t, const struct tcp_init *init, char *error, size_t error_size)
{
	t->steer = mem_alloc(sizeof(*t->steer), init->config->socket);
	if (t->steer && steer_init(t->steer, init->rss) == 0)
		return 0;
	snprintf(error, error_size, "no tables for the port's RSS key of %u bytes and %u entries",
	    init->rss->key_length, init->rss->reta_size);
	return -ENOMEM;
}

int
tcp_init(struct tcp *t, const struct tcp_init *init, spt_time now, char *error, size_t error_size)
{
	*t = (struct tcp){.now = now, .ready_head = POOL_NONE, .ready_tail = POOL_NONE};
	tcp_set_now(t, now);
	init_parameters(t, init);
	secrets_derive(&t->secrets, init->config->master_secret, init->config->cookie_secret);
	cookie_init(t, init->config);
	if (local_init(&t->local, init->config->local, init->config->n_local, error, error_size))
		return -EINVAL;
	if (init_link_field(t) < 0) {
		snprintf(error, error_size,
		    "no room for a dynamic field of %zu bytes in mbufs: too many other users",
		    sizeof(struct mbuf_link));
		return -ENOMEM;
	}
	if (init_pools(t, init->config) || init_rings(t, init->config)) {
		snprintf(error, error_size,
		    "not enough memory for %u connections: ask for fewer, or free some",
		    init->config->connections);
		tcp_fini(t);
		return -ENOMEM;
	}
	if (init->rss && init->rss->queues > 1 && init_steer(t, init, error, error_size)) {
		tcp_fini(t);
		return -ENOMEM;
	}
	init_queues(t);
	ratelimit_init(&t->rst_limit, RST_RATE, RST_BURST, now);
	return 0;
}

/* Queues of all connections and events not taken give their mbufs back. */
static void
fini_mbufs(struct tcp *t)
{
	while (t->ready_head != POOL_NONE) {
		struct event_slot *e = event_at(t, t->ready_head);

		rte_pktmbuf_free(e->data);
		t->ready_head = e->next;
	}
	for (uint32_t i = 0; i < t->conns.capacity; i++) {
		struct conn *c = conn_at(t, i);
		struct xfer *x;

		if (!conn_is_open(c) || !(x = conn_xfer(t, c)))
			continue;
		sendq_drop(t, x);
		reassembly_drop(t, x);
	}
}

void
tcp_fini(struct tcp *t)
{
	if (t->events.base && t->conns.base && t->xfers.base)
		fini_mbufs(t);
	listener_fini(&t->listeners);
	flow_fini(&t->flows);
	pool_fini(&t->conns);
	pool_fini(&t->xfers);
	pool_fini(&t->chunks);
	pool_fini(&t->half_opens);
	pool_fini(&t->time_waits);
	pool_fini(&t->events);
	pool_fini(&t->options);
	mem_free(t->delack, t->bytes_delack);
	mem_free(t->output, t->bytes_output);
	mem_free(t->listener, t->bytes_listener);
	mem_free(t->source, t->bytes_source);
	mem_free(t->steer, sizeof(*t->steer));
}

uint64_t
tcp_footprint(const struct spt_config *config)
{
	uint32_t n = config->connections;

	return pool_footprint(n, sizeof(struct conn)) +
	       pool_footprint(transfer_blocks(n), sizeof(struct xfer)) +
	       pool_footprint(chunk_count(config), sizeof(struct sent_chunk)) +
	       pool_footprint(config->half_open, sizeof(struct half_open)) +
	       pool_footprint(config->timewait, sizeof(struct time_wait)) +
	       pool_footprint(n, sizeof(struct event_slot)) +
	       pool_footprint(option_blocks(config), sizeof(struct option_block)) +
	       flow_footprint(n + config->half_open + config->timewait) +
	       (uint64_t)ring_size(n) * sizeof(uint32_t) +
	       (uint64_t)delack_size(n) * sizeof(struct delack) +
	       config->listeners * sizeof(struct tcp_listener) +
	       config->sources * sizeof(struct tcp_source);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of any bytes at the queues of a device that is shared by three engines: what is looked at
 * to find a frame's engine is read before anything has been checked. Each frame comes out once, at
 * the engine whose flow it is, as it came in; answers to neighbour discovery at every one.
 */
#include <string.h>

#include <rte_ring.h>

#include <lib/env.h>
#include <lib/packet.h>
#include <port/port.h>
#include <runtime/share.h>

#include "fuzz.h"

#define QUEUES  3
#define TABLE   128
#define CONTROL 5

enum control {
	CONTROL_EXACT = 4,
	CONTROL_SOFTWARE = 8,
};

struct queue {
	struct spt_port base;
	struct rss rss;
	struct rte_mbuf *next;
};

static struct rte_mempool *pool;
static struct queue queues[QUEUES];
static struct spt_port *ports[QUEUES];
static const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 7}};

static uint16_t
queue_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct queue *q = (struct queue *)p;

	(void)now;
	if (q->next == NULL || n == 0)
		return 0;
	*m = q->next;
	q->next = NULL;
	return 1;
}

static uint16_t
queue_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	(void)p;
	(void)now;
	rte_pktmbuf_free_bulk(m, n);
	return n;
}

static spt_time
queue_next_deadline(const struct spt_port *p)
{
	(void)p;
	return SPT_TIME_NEVER;
}

static void
queue_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	(void)p;
	memset(stats, 0, sizeof(*stats));
}

static void
queue_destroy(struct spt_port *p)
{
	(void)p;
}

static const struct port_ops queue_ops = {
    .rx = queue_rx,
    .tx = queue_tx,
    .next_deadline = queue_next_deadline,
    .stats = queue_stats,
    .destroy = queue_destroy,
};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	env_start();
	pool = env_pool_create(255);
	return 0;
}

static struct share *
create(bool software)
{
	struct share *share = NULL;

	for (unsigned int i = 0; i < QUEUES; i++) {
		struct queue *q = &queues[i];

		*q = (struct queue){.base = {.ops = &queue_ops, .mac = mac, .mtu = 1500},
		    .rss = {.key_length = 40,
		        .ports4 = true,
		        .ports6 = true,
		        .device = !software,
		        .queues = QUEUES,
		        .queue = (uint16_t)i,
		        .reta_size = TABLE}};
		for (unsigned int k = 0; k < 40; k++)
			((uint8_t *)q->rss.key)[k] = (uint8_t)(k * 37 + 11);
		for (unsigned int k = 0; k < TABLE; k++)
			q->rss.reta[k] = (uint16_t)((k * 7 + 1) % QUEUES);
		q->base.rss = &q->rss;
		ports[i] = &q->base;
	}
	EXPECT(share_create(0, ports, pool, QUEUES, &share) == 0);
	return share;
}

/* Whom a frame came to. Those that it is spread to have a copy. */
static unsigned int
collect(const uint8_t *frame, unsigned int n, unsigned int came[QUEUES])
{
	static uint8_t flat[PACKET_MAX];
	struct rte_mbuf *m[PORT_BURST];
	unsigned int all = 0;

	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < QUEUES; i++) {
			uint16_t got = port_rx(ports[i], ENV_EPOCH, m, PORT_BURST);

			for (uint16_t k = 0; k < got; k++) {
				EXPECT(packet_flatten(m[k], flat) == n);
				EXPECT(memcmp(flat, frame, n) == 0);
				rte_pktmbuf_free(m[k]);
			}
			came[i] += got;
			all += got;
		}
	}
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int first[QUEUES] = {0}, again[QUEUES] = {0}, all, n;
	uint8_t how;
	struct share *share;
	const uint8_t *frame = data + CONTROL;
	unsigned int shape;
	char line[256];

	if (size <= CONTROL || size > 1600)
		return 0;
	how = data[0];
	n = (unsigned int)(size - CONTROL);
	shape = FUZZ_CHAIN | (how & CONTROL_EXACT ? FUZZ_EXACT : 0);
	share = create(how & CONTROL_SOFTWARE);
	queues[(how & 3) % QUEUES].next = fuzz_mbuf(pool, frame, n, shape, data + 1);
	all = collect(frame, n, first);
	EXPECT(all == 1 || all == QUEUES);
	if (all == QUEUES)
		EXPECT(first[0] == 1 && first[1] == 1 && first[2] == 1);
	/* Where it arrives does not change whose it is, if it is somebody's. */
	queues[(data[4] & 3) % QUEUES].next = fuzz_mbuf(pool, frame, n, shape, data + 1);
	EXPECT(collect(frame, n, again) == all);
	if (share_steering(share) == SPT_STEERING_SOFTWARE && first[(how & 3) % QUEUES] == 0)
		EXPECT(memcmp(first, again, sizeof(first)) == 0);
	share_describe(share, line, sizeof(line));
	for (unsigned int i = 0; i < QUEUES; i++)
		spt_port_destroy(ports[i]);
	share_free(share);
	EXPECT(env_pool_in_use(pool) == 0);
	return 0;
}

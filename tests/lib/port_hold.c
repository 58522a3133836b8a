/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames are remembered a segment at a time, as a descriptor ring would have them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <wire/wire.h>

#include "port_hold.h"

#define HOLD_CALLS_DEFAULT 8

struct held {
	STAILQ_ENTRY(held) next;
	struct rte_mbuf *segment; /* one reference is ours */
	const uint8_t *at;        /* where the device would read */
	uint64_t frame;           /* which transmitted frame, from 0 */
	uint64_t release;         /* at this call */
	uint32_t offset;          /* of the segment in its frame */
	uint16_t length;
	uint8_t bytes[];
};

STAILQ_HEAD(held_list, held);

struct hold_port {
	struct spt_port base;
	struct spt_port *inner;
	struct port_hold_config config;
	uint64_t call;
	uint64_t frames;
	struct held_list held;
};

static void
hold_release(struct hold_port *self, struct held *h)
{
	char text[128];
	uint16_t i;

	STAILQ_REMOVE_HEAD(&self->held, next);
	for (i = 0; i < h->length && h->at[i] == h->bytes[i]; i++)
		;
	if (i < h->length) {
		snprintf(text, sizeof(text),
		    "byte %u of transmitted frame %llu changed from %02x to %02x while held",
		    h->offset + i, (unsigned long long)h->frame, h->bytes[i], h->at[i]);
		self->config.fault(self->config.arg, text);
	}
	rte_pktmbuf_free_seg(h->segment);
	free(h);
}

static void
hold_turn(struct hold_port *self)
{
	struct held *h;

	self->call++;
	while ((h = STAILQ_FIRST(&self->held)) != NULL && h->release <= self->call)
		hold_release(self, h);
}

static void
hold_segment(struct hold_port *self, struct rte_mbuf *segment, uint32_t offset)
{
	struct held *h = malloc(sizeof(*h) + segment->data_len);

	if (h == NULL)
		abort();
	rte_mbuf_refcnt_update(segment, 1);
	h->segment = segment;
	h->at = rte_pktmbuf_mtod(segment, const uint8_t *);
	h->frame = self->frames;
	h->release = self->call + self->config.calls;
	h->offset = offset;
	h->length = segment->data_len;
	memcpy(h->bytes, h->at, h->length);
	STAILQ_INSERT_TAIL(&self->held, h, next);
}

static uint16_t
hold_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct hold_port *self = (struct hold_port *)p;
	uint16_t i;

	hold_turn(self);
	for (i = 0; i < n; i++) {
		struct rte_mbuf *segment;
		uint32_t offset = 0;

		wire_checksum_tx(m[i]);
		for (segment = m[i]; segment != NULL; segment = segment->next) {
			hold_segment(self, segment, offset);
			offset += segment->data_len;
		}
		self->frames++;
	}
	/* Those that the inner port refuses are held too, which does no harm. */
	return port_tx(self->inner, now, m, n);
}

static uint16_t
hold_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct hold_port *self = (struct hold_port *)p;

	hold_turn(self);
	return port_rx(self->inner, now, m, n);
}

static spt_time
hold_next_deadline(const struct spt_port *p)
{
	return port_next_deadline(((const struct hold_port *)p)->inner);
}

static void
hold_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	spt_port_stats_get(((struct hold_port *)p)->inner, stats);
}

void
port_hold_flush(struct spt_port *port)
{
	struct hold_port *self = (struct hold_port *)port;

	while (!STAILQ_EMPTY(&self->held))
		hold_release(self, STAILQ_FIRST(&self->held));
}

static void
hold_destroy(struct spt_port *p)
{
	struct hold_port *self = (struct hold_port *)p;

	port_hold_flush(p);
	spt_port_destroy(self->inner);
	free(self);
}

static const struct port_ops hold_ops = {
    .rx = hold_rx,
    .tx = hold_tx,
    .next_deadline = hold_next_deadline,
    .stats = hold_stats,
    .destroy = hold_destroy,
};

struct spt_port *
port_hold_create(const struct port_hold_config *config, struct spt_port *inner)
{
	struct hold_port *self = calloc(1, sizeof(*self));

	if (self == NULL)
		abort();
	self->base = *inner;
	self->base.ops = &hold_ops;
	self->inner = inner;
	self->config = *config;
	if (self->config.calls == 0)
		self->config.calls = HOLD_CALLS_DEFAULT;
	STAILQ_INIT(&self->held);
	return &self->base;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The impairment wrapper: a bad line over a good port. Each direction has its own
 * generator and its own queue of frames ordered by when they are due, so that what
 * happens to a frame follows from the seed, the frames of that direction and their
 * times, and from nothing else. Time is what the caller says it is.
 *
 * Frames may be held here while the sender still has them on a retransmission queue:
 * payload is immutable once queued, and headers are rewritten only at reference count
 * 1. Bytes are changed in copies only.
 */
#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "../base/debug.h"
#include "../base/random.h"
#include "../wire/wire.h"

#include "copy.h"
#include "port.h"

#define IMPAIR_QUEUE_DEFAULT   1000
#define IMPAIR_QUEUE_MAX       (1u << 24)
#define IMPAIR_REORDER_DEFAULT SPT_NS_PER_MS
#define IMPAIR_PPM             1000000
#define IMPAIR_TIME_MAX        (3600 * SPT_NS_PER_SEC)
#define IMPAIR_RX_BURSTS       16 /* taken from the inner port in one call */

#define IMPAIR_RX_CHECKSUM_FLAGS (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK)

/* A frame held. Two that are due at the same time leave in the order they came. */
struct impair_entry {
	spt_time due;
	uint64_t order;
	struct rte_mbuf *m;
};

struct impair_direction {
	struct spt_impair cfg;
	uint64_t random;    /* state of the generator */
	spt_time line_free; /* when the last bit of the last frame has left, at cfg.rate_bps */
	uint64_t line_rest; /* parts of a nanosecond that line_free lacks, in 1 / rate_bps */
	spt_time last_due;  /* jitter keeps order: nothing in order is due before it */
	uint64_t order;
	uint32_t held;
	struct impair_entry *heap; /* cfg.queue_limit of them, the earliest first */
};

struct impair_port {
	struct spt_port base;
	struct spt_port *inner;
	struct rte_mempool *pool;
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t impaired[5];
	struct impair_direction rx;
	struct impair_direction tx;
};

static bool
impair_happens(struct impair_direction *d, uint32_t ppm)
{
	return ppm != 0 && random_below(&d->random, IMPAIR_PPM) < ppm;
}

static bool
impair_before(const struct impair_entry *a, const struct impair_entry *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void
impair_push(struct impair_direction *d, struct rte_mbuf *m, spt_time due)
{
	struct impair_entry e = {.due = due, .order = d->order++, .m = m};
	uint32_t i = d->held++;

	while (i > 0 && impair_before(&e, &d->heap[(i - 1) / 2])) {
		d->heap[i] = d->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	d->heap[i] = e;
}

/* The first frame that is due by 'now', or NULL. */
static struct rte_mbuf *
impair_pop(struct impair_direction *d, spt_time now)
{
	struct impair_entry last;
	struct rte_mbuf *m;
	uint32_t i = 0, child;

	if (d->held == 0 || d->heap[0].due > now)
		return NULL;
	m = d->heap[0].m;
	last = d->heap[--d->held];
	while ((child = 2 * i + 1) < d->held) {
		if (child + 1 < d->held && impair_before(&d->heap[child + 1], &d->heap[child]))
			child++;
		if (!impair_before(&d->heap[child], &last))
			break;
		d->heap[i] = d->heap[child];
		i = child;
	}
	d->heap[i] = last;
	return m;
}

static uint16_t
impair_pop_burst(struct impair_direction *d, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		m[i] = impair_pop(d, now);
		if (m[i] == NULL)
			break;
	}
	return i;
}

static void
impair_flip(struct rte_mbuf *m, uint32_t offset, uint8_t bits)
{
	while (offset >= m->data_len) {
		offset -= m->data_len;
		m = m->next;
	}
	*rte_pktmbuf_mtod_offset(m, uint8_t *, offset) ^= bits;
}

/*
 * ARP alone has no checksum of its own: it relies on the link's, which would have dropped what the
 * wrapper spoils. A wrong address believed is no error that anybody could find.
 */
static bool
impair_corruptible(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	return m->data_len < sizeof(*eth) || eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_ARP);
}

/*
 * Flip one to three bits of one 16-bit word in a copy of 'm', which is freed. In one word,
 * because the internet checksum finds every such error, but not all of those spread over two
 * words: whatever arrives wrong nevertheless is then the receiver's fault. NULL: no buffer.
 */
static struct rte_mbuf *
impair_corrupt(struct impair_port *self, struct impair_direction *d, struct rte_mbuf *m)
{
	struct rte_mbuf *copy = port_copy(m, self->pool);
	uint32_t offset, flips, width;
	uint16_t mask = 0;

	rte_pktmbuf_free(m);
	if (copy == NULL)
		return NULL;
	offset = 2 * (uint32_t)random_below(&d->random, (copy->pkt_len + 1) / 2);
	width = offset + 1 < copy->pkt_len ? 16 : 8;
	for (flips = 1 + (uint32_t)random_below(&d->random, 3); flips > 0; flips--)
		mask |= (uint16_t)(1u << random_below(&d->random, width));
	impair_flip(copy, offset, (uint8_t)mask);
	if (width == 16)
		impair_flip(copy, offset + 1, (uint8_t)(mask >> 8));
	copy->ol_flags &= ~IMPAIR_RX_CHECKSUM_FLAGS;
	return copy;
}

/* When a frame of 'bytes' that comes at 'now' has passed the line's bottleneck. */
static spt_time
impair_line(struct impair_direction *d, uint32_t bytes, spt_time now)
{
	uint64_t work;

	if (d->cfg.rate_bps == 0)
		return now;
	if (d->line_free <= now) {
		d->line_free = now;
		d->line_rest = 0;
	}
	work = (uint64_t)bytes * 8 * SPT_NS_PER_SEC + d->line_rest;
	d->line_free += work / d->cfg.rate_bps;
	d->line_rest = work % d->cfg.rate_bps;
	return d->line_free;
}

/* Put one frame into the queue of its direction, or drop it. */
static void
impair_hold(struct impair_port *self, struct impair_direction *d, struct rte_mbuf *m, spt_time now)
{
	spt_time due;

	if (impair_happens(d, d->cfg.corrupt_ppm) && impair_corruptible(m)) {
		m = impair_corrupt(self, d, m);
		if (m == NULL) {
			self->impaired[SPT_IMPAIR_LOST]++;
			return;
		}
		self->impaired[SPT_IMPAIR_CORRUPTED]++;
	}
	if (d->held == d->cfg.queue_limit) {
		self->impaired[SPT_IMPAIR_LOST]++;
		rte_pktmbuf_free(m);
		return;
	}
	due = impair_line(d, m->pkt_len, now) + d->cfg.delay_ns;
	if (d->cfg.jitter_ns != 0)
		due += random_below(&d->random, d->cfg.jitter_ns + 1);
	due = RTE_MAX(due, d->last_due);
	if (impair_happens(d, d->cfg.reorder_ppm)) {
		self->impaired[SPT_IMPAIR_REORDERED]++;
		due += d->cfg.reorder_ns;
	} else {
		d->last_due = due;
	}
	if (due > now)
		self->impaired[SPT_IMPAIR_DELAYED]++;
	impair_push(d, m, due);
}

static void
impair_take(struct impair_port *self, struct impair_direction *d, struct rte_mbuf *m, spt_time now)
{
	struct rte_mbuf *twin = NULL;

	if (impair_happens(d, d->cfg.loss_ppm)) {
		self->impaired[SPT_IMPAIR_LOST]++;
		rte_pktmbuf_free(m);
		return;
	}
	if (impair_happens(d, d->cfg.duplicate_ppm))
		twin = port_copy(m, self->pool);
	impair_hold(self, d, m, now);
	if (twin != NULL) {
		self->impaired[SPT_IMPAIR_DUPLICATED]++;
		impair_hold(self, d, twin, now);
	}
}

/* Hand to the inner port what is due; it counts what it refuses. */
static void
impair_flush(struct impair_port *self, spt_time now)
{
	struct rte_mbuf *burst[PORT_BURST];
	uint16_t n, sent;

	do {
		n = impair_pop_burst(&self->tx, now, burst, PORT_BURST);
		if (n == 0)
			return;
		sent = port_tx(self->inner, now, burst, n);
		rte_pktmbuf_free_bulk(burst + sent, n - sent);
	} while (n == PORT_BURST);
}

/*
 * What has arrived at the inner port enters the queue now, since its delay begins when it
 * arrives; but not while a whole burst is due, or frames would be lost to the queue limit that
 * the caller only had to ask for again. And no sender keeps us here for ever.
 */
static uint16_t
impair_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct impair_port *self = (struct impair_port *)p;
	struct rte_mbuf *burst[PORT_BURST];
	uint16_t i, got, out, bursts;

	impair_flush(self, now);
	out = impair_pop_burst(&self->rx, now, m, n);
	for (bursts = 0; out < n && bursts < IMPAIR_RX_BURSTS; bursts++) {
		got = port_rx(self->inner, now, burst, PORT_BURST);
		for (i = 0; i < got; i++)
			impair_take(self, &self->rx, burst[i], now);
		out += impair_pop_burst(&self->rx, now, m + out, n - out);
		if (got < PORT_BURST)
			break;
	}
	self->rx_frames += out;
	for (i = 0; i < out; i++)
		self->rx_bytes += m[i]->pkt_len;
	return out;
}

static uint16_t
impair_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct impair_port *self = (struct impair_port *)p;
	uint16_t i;

	impair_flush(self, now);
	self->tx_frames += n;
	for (i = 0; i < n; i++) {
		self->tx_bytes += m[i]->pkt_len;
		/* Before anything is changed, so that a changed bit is a wrong checksum. */
		wire_checksum_tx(m[i]);
		impair_take(self, &self->tx, m[i], now);
	}
	impair_flush(self, now);
	return n;
}

static spt_time
impair_next_deadline(const struct spt_port *p)
{
	const struct impair_port *self = (const struct impair_port *)p;
	spt_time next = port_next_deadline(self->inner);

	if (self->rx.held > 0)
		next = RTE_MIN(next, self->rx.heap[0].due);
	if (self->tx.held > 0)
		next = RTE_MIN(next, self->tx.heap[0].due);
	return next;
}

static void
impair_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	const struct impair_port *self = (const struct impair_port *)p;
	unsigned int i;

	self->inner->ops->stats(self->inner, stats);
	stats->rx_frames = self->rx_frames;
	stats->rx_bytes = self->rx_bytes;
	stats->tx_frames = self->tx_frames;
	stats->tx_bytes = self->tx_bytes;
	for (i = 0; i < RTE_DIM(self->impaired); i++)
		stats->impaired[i] += self->impaired[i];
}

static void
impair_direction_free(struct impair_direction *d)
{
	struct rte_mbuf *m;

	while ((m = impair_pop(d, SPT_TIME_NEVER)) != NULL)
		rte_pktmbuf_free(m);
	rte_free(d->heap);
}

static void
impair_destroy(struct spt_port *p)
{
	struct impair_port *self = (struct impair_port *)p;

	impair_direction_free(&self->rx);
	impair_direction_free(&self->tx);
	spt_port_destroy(self->inner);
	rte_free(self);
}

static const struct port_ops impair_ops = {
    .rx = impair_rx,
    .tx = impair_tx,
    .next_deadline = impair_next_deadline,
    .stats = impair_stats,
    .destroy = impair_destroy,
};

static bool
impair_valid(const struct spt_impair *cfg)
{
	return cfg->loss_ppm <= IMPAIR_PPM && cfg->duplicate_ppm <= IMPAIR_PPM &&
	       cfg->corrupt_ppm <= IMPAIR_PPM && cfg->reorder_ppm <= IMPAIR_PPM &&
	       cfg->reorder_ns <= IMPAIR_TIME_MAX && cfg->delay_ns <= IMPAIR_TIME_MAX &&
	       cfg->jitter_ns <= IMPAIR_TIME_MAX && cfg->queue_limit <= IMPAIR_QUEUE_MAX;
}

static int
impair_direction_init(struct impair_direction *d, const struct spt_impair *cfg, uint64_t seed)
{
	d->cfg = *cfg;
	if (d->cfg.reorder_ns == 0)
		d->cfg.reorder_ns = IMPAIR_REORDER_DEFAULT;
	if (d->cfg.queue_limit == 0)
		d->cfg.queue_limit = IMPAIR_QUEUE_DEFAULT;
	d->random = seed;
	d->heap = rte_malloc("spt_impair_heap", d->cfg.queue_limit * sizeof(*d->heap), 0);
	return d->heap != NULL ? 0 : -ENOMEM;
}

int
spt_port_impair_create(
    const struct spt_impair_config *config, struct spt_port *inner, struct spt_port **port)
{
	struct impair_port *self;

	if (inner == NULL || config->pool == NULL || !impair_valid(&config->rx) ||
	    !impair_valid(&config->tx))
		return -EINVAL;
	self = rte_zmalloc("spt_impair", sizeof(*self), RTE_CACHE_LINE_SIZE);
	if (self == NULL)
		return -ENOMEM;
	if (impair_direction_init(&self->rx, &config->rx, config->seed) != 0 ||
	    impair_direction_init(&self->tx, &config->tx, ~config->seed) != 0) {
		rte_free(self->rx.heap);
		rte_free(self->tx.heap);
		rte_free(self);
		return -ENOMEM;
	}
	self->base = *inner;
	self->base.ops = &impair_ops;
	self->inner = inner;
	self->pool = config->pool;
	*port = &self->base;
	return 0;
}

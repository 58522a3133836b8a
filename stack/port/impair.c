/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The impairment wrapper: a bad line over a good port. Each direction has its own
 * generator and its own queue of frames ordered by when they are due, so that what
 * happens to a frame follows from the seed, the frames of that direction and their
 * times, and from nothing else. Time is what the caller says it is.
 *
 * Frames may be held here while the sender still has them on a retransmission queue:
 * payload is immutable once queued, and headers are rewritten only at reference count
 * 1. Bytes are changed in copies only, but for the ECN field of a header that nobody else has.
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
#define IMPAIR_LINE_DEFAULT    16384 /* with a rate: the queue has a bound of its own */
#define IMPAIR_QUEUE_MAX       (1u << 24)
#define IMPAIR_CERTAIN         (UINT64_C(1) << 32) /* of the burst loss: probability 1 */
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

/* A frame in the bottleneck's buffer: until its last bit has left. */
struct impair_waiting {
	spt_time leaves;
	uint32_t bytes;
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
	/* The buffer, a ring: all of it is held too, so it has cfg.queue_limit slots. */
	struct impair_waiting *waiting; /* NULL without a rate */
	uint32_t first, waits;
	uint64_t waits_bytes;
	bool burst;      /* the chain of Gilbert and Elliott is in its bad state */
	uint64_t to_bad; /* its transitions for each frame, of IMPAIR_CERTAIN */
	uint64_t to_good;
	struct spt_impair_stats stats;
};

struct impair_port {
	struct spt_port base;
	struct spt_port *inner;
	struct rte_mempool *pool;
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	struct impair_direction rx;
	struct impair_direction tx;
};

static bool
impair_happens(struct impair_direction *d, uint32_t ppm)
{
	return ppm != 0 && random_below(&d->random, IMPAIR_PPM) < ppm;
}

static void
impair_count(struct impair_direction *d, enum spt_impairment what)
{
	d->stats.impaired[what]++;
}

/*
 * Gilbert and Elliott: a chain of a state in which every frame arrives and one in which none does.
 * With share p and mean length L the bad one is left with 1 / L, and entered with p / (L (1 - p)).
 */
static bool
impair_burst(struct impair_direction *d)
{
	uint64_t leave = d->burst ? d->to_good : d->to_bad;

	if (random_below(&d->random, IMPAIR_CERTAIN) < leave)
		d->burst = !d->burst;
	return d->burst;
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
	d->stats.out += i;
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

/* What has left the bottleneck by 'now' waits there no longer. */
static void
impair_queue_drain(struct impair_direction *d, spt_time now)
{
	while (d->waits > 0 && d->waiting[d->first].leaves <= now) {
		d->waits_bytes -= d->waiting[d->first].bytes;
		d->waits--;
		d->first = d->first + 1 == d->cfg.queue_limit ? 0 : d->first + 1;
	}
}

static bool
impair_queue_full(const struct impair_direction *d, uint32_t bytes)
{
	const struct spt_impair *cfg = &d->cfg;

	if (d->waits == 0)
		return false;
	return (cfg->buffer_frames != 0 && d->waits >= cfg->buffer_frames) ||
	       (cfg->buffer_bytes != 0 && d->waits_bytes + bytes > cfg->buffer_bytes);
}

/* There is room: what waits is held, and of that there are fewer than queue_limit. */
static void
impair_queue_add(struct impair_direction *d, uint32_t bytes, spt_time leaves)
{
	uint32_t at = d->first + d->waits;

	SPT_ASSERT(d->waits < d->cfg.queue_limit);
	at -= at >= d->cfg.queue_limit ? d->cfg.queue_limit : 0;
	d->waiting[at] = (struct impair_waiting){.leaves = leaves, .bytes = bytes};
	d->waits++;
	d->waits_bytes += bytes;
	d->stats.queue_longest = RTE_MAX(d->stats.queue_longest, d->waits);
	d->stats.queue_heaviest = RTE_MAX(d->stats.queue_heaviest, d->waits_bytes);
}

/* CE, where the packet says ECT; in a copy unless nobody else sees these bytes. */
static struct rte_mbuf *
impair_mark(struct impair_port *self, struct impair_direction *d, struct rte_mbuf *m)
{
	struct rte_mbuf *own = m;

	if (!wire_is_ect(m))
		return m;
	if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1) {
		own = port_copy(m, self->pool);
		if (own == NULL)
			return m;
		rte_pktmbuf_free(m);
	}
	wire_mark_ce(own);
	impair_count(d, SPT_IMPAIR_MARKED);
	return own;
}

/* Through the bottleneck and onto the line, whose end it reaches at the time that is chosen. */
static void
impair_hold(struct impair_port *self, struct impair_direction *d, struct rte_mbuf *m, spt_time now)
{
	spt_time due;
	bool mark;

	mark = d->cfg.ecn_threshold != 0 && d->waits >= d->cfg.ecn_threshold;
	if (impair_happens(d, d->cfg.ce_ppm) || mark)
		m = impair_mark(self, d, m);
	due = impair_line(d, m->pkt_len, now);
	if (d->waiting != NULL)
		impair_queue_add(d, m->pkt_len, due);
	due += d->cfg.delay_ns;
	if (d->cfg.jitter_ns != 0)
		due += random_below(&d->random, d->cfg.jitter_ns + 1);
	due = RTE_MAX(due, d->last_due);
	if (impair_happens(d, d->cfg.reorder_ppm)) {
		impair_count(d, SPT_IMPAIR_REORDERED);
		due += d->cfg.reorder_ns;
	} else {
		d->last_due = due;
	}
	if (due > now)
		impair_count(d, SPT_IMPAIR_DELAYED);
	impair_push(d, m, due);
}

/* Spoil it perhaps, and hold it; or drop it where there is no room. */
static void
impair_pass(struct impair_port *self, struct impair_direction *d, struct rte_mbuf *m, spt_time now)
{
	if (impair_happens(d, d->cfg.corrupt_ppm) && impair_corruptible(m)) {
		m = impair_corrupt(self, d, m);
		if (m == NULL) {
			impair_count(d, SPT_IMPAIR_LOST);
			return;
		}
		impair_count(d, SPT_IMPAIR_CORRUPTED);
	}
	impair_queue_drain(d, now);
	if (d->held == d->cfg.queue_limit || impair_queue_full(d, m->pkt_len)) {
		impair_count(d, SPT_IMPAIR_DROPPED);
		rte_pktmbuf_free(m);
		return;
	}
	impair_hold(self, d, m, now);
}

static void
impair_take(struct impair_port *self, struct impair_direction *d, struct rte_mbuf *m, spt_time now)
{
	struct rte_mbuf *twin = NULL;

	d->stats.in++;
	if (impair_happens(d, d->cfg.loss_ppm) || (d->to_bad != 0 && impair_burst(d))) {
		impair_count(d, SPT_IMPAIR_LOST);
		rte_pktmbuf_free(m);
		return;
	}
	if (impair_happens(d, d->cfg.duplicate_ppm))
		twin = port_copy(m, self->pool);
	impair_pass(self, d, m, now);
	if (twin != NULL) {
		impair_count(d, SPT_IMPAIR_DUPLICATED);
		impair_pass(self, d, twin, now);
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
	for (i = 0; i < SPT_IMPAIRMENTS; i++)
		stats->impaired[i] += self->rx.stats.impaired[i] + self->tx.stats.impaired[i];
}

static void
impair_direction_free(struct impair_direction *d)
{
	struct rte_mbuf *m;

	while ((m = impair_pop(d, SPT_TIME_NEVER)) != NULL)
		rte_pktmbuf_free(m);
	rte_free(d->heap);
	rte_free(d->waiting);
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

/* Can a chain with this share and length be? It would leave the good state more than always. */
static bool
impair_burst_valid(const struct spt_impair *cfg)
{
	return cfg->burst_ppm == 0 ||
	       (cfg->burst_ppm < IMPAIR_PPM && cfg->burst_frames <= IMPAIR_PPM &&
	           cfg->burst_ppm <=
	               (uint64_t)RTE_MAX(cfg->burst_frames, 1u) * (IMPAIR_PPM - cfg->burst_ppm));
}

static bool
impair_valid(const struct spt_impair *cfg)
{
	return cfg->loss_ppm <= IMPAIR_PPM && cfg->duplicate_ppm <= IMPAIR_PPM &&
	       cfg->corrupt_ppm <= IMPAIR_PPM && cfg->reorder_ppm <= IMPAIR_PPM &&
	       cfg->ce_ppm <= IMPAIR_PPM && impair_burst_valid(cfg) &&
	       cfg->reorder_ns <= IMPAIR_TIME_MAX && cfg->delay_ns <= IMPAIR_TIME_MAX &&
	       cfg->jitter_ns <= IMPAIR_TIME_MAX && cfg->queue_limit <= IMPAIR_QUEUE_MAX;
}

static void
impair_defaults(struct spt_impair *cfg)
{
	if (cfg->reorder_ns == 0)
		cfg->reorder_ns = IMPAIR_REORDER_DEFAULT;
	if (cfg->burst_frames == 0)
		cfg->burst_frames = 1;
	if (cfg->queue_limit != 0)
		return;
	if (cfg->buffer_frames == 0 && cfg->buffer_bytes == 0)
		cfg->buffer_frames = IMPAIR_QUEUE_DEFAULT;
	cfg->queue_limit = cfg->rate_bps == 0 ? IMPAIR_QUEUE_DEFAULT : IMPAIR_LINE_DEFAULT;
}

static int
impair_direction_init(struct impair_direction *d, const struct spt_impair *cfg, uint64_t seed)
{
	d->cfg = *cfg;
	impair_defaults(&d->cfg);
	d->random = seed;
	d->to_good = IMPAIR_CERTAIN / d->cfg.burst_frames;
	d->to_bad = d->cfg.burst_ppm * IMPAIR_CERTAIN /
	            ((uint64_t)d->cfg.burst_frames * (IMPAIR_PPM - d->cfg.burst_ppm));
	d->heap = rte_malloc("spt_impair_heap", d->cfg.queue_limit * sizeof(*d->heap), 0);
	if (d->cfg.rate_bps == 0)
		return d->heap != NULL ? 0 : -ENOMEM;
	d->waiting = rte_malloc("spt_impair_queue", d->cfg.queue_limit * sizeof(*d->waiting), 0);
	return d->heap != NULL && d->waiting != NULL ? 0 : -ENOMEM;
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
		impair_direction_free(&self->rx);
		impair_direction_free(&self->tx);
		rte_free(self);
		return -ENOMEM;
	}
	self->base = *inner;
	self->base.ops = &impair_ops;
	self->base.tso = (struct port_tso){0};
	self->inner = inner;
	self->pool = config->pool;
	*port = &self->base;
	return 0;
}

static void
impair_direction_stats(const struct impair_direction *d, struct spt_impair_stats *stats)
{
	*stats = d->stats;
	stats->held = d->held;
}

int
spt_port_impair_stats(
    const struct spt_port *port, struct spt_impair_stats *rx, struct spt_impair_stats *tx)
{
	const struct impair_port *self = (const struct impair_port *)port;

	if (port->ops != &impair_ops)
		return -EINVAL;
	impair_direction_stats(&self->rx, rx);
	impair_direction_stats(&self->tx, tx);
	return 0;
}

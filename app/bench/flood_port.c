/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flood. A frame is a copy of its target's template with three numbers put in, and what they
 * change in the checksums added to sums that were made beforehand: tens of cycles.
 */
#include <errno.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "base/addr.h"
#include "base/debug.h"
#include "base/random.h"
#include "bench/flood_port.h"
#include "port/port.h"
#include "wire/wire.h"

#define FLOOD_TARGETS   64
#define FLOOD_ROOM      80   /* bytes of a template: Ethernet, IPv6, TCP with MSS, and padding */
#define FLOOD_MSS       1460 /* what most who flood say */
#define FLOOD_TTL       64
#define FLOOD_WINDOW    65535
#define FLOOD_PORT_LOW  1024
#define FLOOD_RX_BURSTS 16 /* taken from the inner port in one call */

/* Offsets in a frame. */
#define AT_IP4_SUM (WIRE_ETH_LEN + 10)
#define AT_IP4_SRC (WIRE_ETH_LEN + 12)
#define AT_IP4_DST (WIRE_ETH_LEN + 16)
#define AT_IP4_TCP (WIRE_ETH_LEN + 20)
#define AT_IP6_SRC (WIRE_ETH_LEN + 8)
#define AT_IP6_DST (WIRE_ETH_LEN + 24)
#define AT_IP6_TCP (WIRE_ETH_LEN + 40)
#define IN_TCP_SEQ 4
#define IN_TCP_ACK 8
#define IN_TCP_SUM 16

struct flood_template {
	uint8_t frame[FLOOD_ROOM] __rte_aligned(16);
	uint16_t length;
	bool known;       /* its link address */
	uint32_t ip_sum;  /* of the IPv4 header without the source, not folded */
	uint32_t tcp_sum; /* with the pseudo-header, without source, port and numbers */
	struct spt_addr target;
};

struct flood_port {
	struct spt_port base;
	struct spt_port *inner;
	struct rte_mempool *pool;
	uint64_t random;
	/* what all frames have in common */
	bool v4;
	uint32_t ack_mask;      /* 0: the field is 0 */
	struct spt_addr prefix; /* of the sources */
	struct spt_addr mask;   /* of their random bits */
	unsigned int n_targets, unknown, next;
	/* the rate */
	bool running;
	double per_ns;
	spt_time start, last; /* 'start' moves on by what the clock stood still */
	uint64_t done;        /* frames since 'start' */
	/* What the engine has sent this turn. */
	struct rte_mbuf *held[PORT_BURST];
	unsigned int n_held;
	struct flood_counts counts;
	struct flood_template target[FLOOD_TARGETS];
};

/* ---- frames ------------------------------------------------------------------------ */

static uint8_t
flood_flags(enum flood_kind kind)
{
	switch (kind) {
	case FLOOD_ACK: return TCP_ACK;
	case FLOOD_RST: return TCP_RST;
	case FLOOD_FIN: return TCP_FIN | TCP_ACK;
	case FLOOD_SYN:
	case FLOOD_SILENT: break;
	}
	return TCP_SYN;
}

/* All of a frame but its source, port, numbers and where they count. */
static void
flood_template_init(struct flood_port *f, struct flood_template *t, enum flood_kind kind,
    const struct spt_endpoint *target)
{
	static const struct rte_ether_addr nobody;
	struct wire_tcp tcp = {
	    .dport = rte_cpu_to_be_16(target->port),
	    .wnd = FLOOD_WINDOW,
	    .flags = flood_flags(kind),
	    .options = kind == FLOOD_SYN ? SEG_HAS_MSS : 0,
	    .mss = FLOOD_MSS,
	};
	const struct wire_ip ip = {
	    .src = f->v4 ? addr_from_v4(0) : (struct spt_addr){.q = {0}},
	    .dst = target->addr,
	    .protocol = IP_PROTO_TCP,
	    .ttl = FLOOD_TTL,
	};
	uint16_t length = (uint16_t)wire_tcp_len(&tcp);
	uint8_t *l3 = t->frame + WIRE_ETH_LEN, *l4;

	wire_write_eth(
	    t->frame, &nobody, &f->base.mac, f->v4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
	l4 = l3 + wire_write_ip(l3, &ip, length);
	wire_write_tcp(l4, &tcp);
	t->length = (uint16_t)(l4 + length - t->frame);
	t->ip_sum = f->v4 ? wire_sum(l3, (size_t)(l4 - l3), 0) : 0;
	t->tcp_sum = wire_sum(l4, length, wire_sum_pseudo(&ip.src, &ip.dst, IP_PROTO_TCP, length));
	t->target = target->addr;
}

/* 16-bit words as they lie in memory. */
static inline uint32_t
flood_words(uint32_t value)
{
	return (value & UINT16_MAX) + (value >> 16);
}

/* The TCP header at 'l4'; 'sum' has the source in it. Two draws: port and sequence number, ACK. */
static inline void
flood_write_tcp(struct flood_port *f, uint8_t *l4, uint32_t sum)
{
	uint64_t r = random_next(&f->random);
	uint32_t seq = (uint32_t)(r >> 32);
	uint32_t ack = (uint32_t)random_next(&f->random) & f->ack_mask;
	uint16_t port = rte_cpu_to_be_16(
	    (uint16_t)(FLOOD_PORT_LOW +
	               ((r & UINT16_MAX) * (UINT16_MAX + 1 - FLOOD_PORT_LOW) >> 16)));
	uint16_t check;

	check = (uint16_t)~wire_fold(sum + port + flood_words(seq) + flood_words(ack));
	memcpy(l4, &port, sizeof(port));
	memcpy(l4 + IN_TCP_SEQ, &seq, sizeof(seq));
	memcpy(l4 + IN_TCP_ACK, &ack, sizeof(ack));
	memcpy(l4 + IN_TCP_SUM, &check, sizeof(check));
}

static void
flood_write4(
    struct flood_port *f, const struct flood_template *t, struct rte_mbuf **m, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *at = rte_pktmbuf_mtod(m[i], uint8_t *);
		uint32_t src = f->prefix.w[3] | ((uint32_t)random_next(&f->random) & f->mask.w[3]);
		uint16_t check = (uint16_t)~wire_fold(t->ip_sum + flood_words(src));

		memcpy(at, t->frame, sizeof(t->frame));
		memcpy(at + AT_IP4_SUM, &check, sizeof(check));
		memcpy(at + AT_IP4_SRC, &src, sizeof(src));
		flood_write_tcp(f, at + AT_IP4_TCP, t->tcp_sum + flood_words(src));
		m[i]->data_len = t->length;
		m[i]->pkt_len = t->length;
	}
}

static void
flood_write6(
    struct flood_port *f, const struct flood_template *t, struct rte_mbuf **m, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *at = rte_pktmbuf_mtod(m[i], uint8_t *);
		struct spt_addr src = f->prefix;

		src.q[0] |= random_next(&f->random) & f->mask.q[0];
		src.q[1] |= random_next(&f->random) & f->mask.q[1];
		memcpy(at, t->frame, sizeof(t->frame));
		memcpy(at + AT_IP6_SRC, &src, sizeof(src));
		flood_write_tcp(
		    f, at + AT_IP6_TCP, t->tcp_sum + wire_narrow(wire_add(src.q[0], src.q[1])));
		m[i]->data_len = t->length;
		m[i]->pkt_len = t->length;
	}
}

/* The next target whose link address is known: there is one. */
static const struct flood_template *
flood_next_target(struct flood_port *f)
{
	do {
		f->next = f->next + 1 < f->n_targets ? f->next + 1 : 0;
	} while (!f->target[f->next].known);
	return &f->target[f->next];
}

/* n <= PORT_BURST frames to one target. */
static bool
flood_make(struct flood_port *f, struct rte_mbuf **m, unsigned int n)
{
	const struct flood_template *t = flood_next_target(f);

	if (unlikely(rte_pktmbuf_alloc_bulk(f->pool, m, n) != 0))
		return false;
	if (f->v4)
		flood_write4(f, t, m, n);
	else
		flood_write6(f, t, m, n);
	return true;
}

/* ---- both into one queue --------------------------------------------------------------- */

/* One pass: the flood's frames that are due, and between them those of the engine. */
struct flood_pass {
	spt_time now;
	uint64_t due, made;
	unsigned int held;          /* handed on */
	uint64_t place[PORT_BURST]; /* of each: behind so many of the flood's */
	struct rte_mbuf *burst[PORT_BURST];
	unsigned int n;
	uint64_t honest; /* a bit for each frame of the burst that is the engine's */
	bool full;       /* the queue was, and is until the next turn */
};

static void
flood_places(struct flood_port *f, struct flood_pass *p)
{
	for (unsigned int i = 0; i < f->n_held; i++) {
		uint64_t place = random_below(&f->random, p->due + 1);
		unsigned int j = i;

		for (; j > 0 && p->place[j - 1] > place; j--)
			p->place[j] = p->place[j - 1];
		p->place[j] = place;
	}
}

static void
flood_hand_over(struct flood_port *f, struct flood_pass *p)
{
	unsigned int taken = port_tx(f->inner, p->now, p->burst, (uint16_t)p->n);
	unsigned int honest;
	uint64_t rest;

	rest = taken < PORT_BURST ? p->honest >> taken : 0;
	honest = (unsigned int)__builtin_popcountll(rest);
	f->counts.taken += taken - (unsigned int)__builtin_popcountll(p->honest) + honest;
	f->counts.honest_refused += honest;
	f->counts.refused += p->n - taken - honest;
	rte_pktmbuf_free_bulk(p->burst + taken, p->n - taken);
	p->full = taken < p->n;
	p->n = 0;
	p->honest = 0;
}

/* The next frame of the engine, or some of the flood's up to its place. */
static void
flood_add(struct flood_port *f, struct flood_pass *p)
{
	uint64_t until = p->held < f->n_held ? p->place[p->held] : p->due;
	unsigned int n = (unsigned int)RTE_MIN(until - p->made, (uint64_t)PORT_BURST - p->n);

	if (n == 0) {
		p->honest |= UINT64_C(1) << p->n;
		p->burst[p->n++] = f->held[p->held++];
		return;
	}
	if (likely(flood_make(f, p->burst + p->n, n)))
		p->n += n;
	else
		f->counts.no_mbuf += n;
	p->made += n;
}

/* What is behind the frame that found no room finds none either. */
static void
flood_drop_rest(struct flood_port *f, struct flood_pass *p)
{
	f->counts.refused += p->due - p->made;
	f->counts.honest_refused += f->n_held - p->held;
	rte_pktmbuf_free_bulk(f->held + p->held, f->n_held - p->held);
}

static void
flood_pass(struct flood_port *f, uint64_t due, spt_time now)
{
	struct flood_pass p;

	p.now = now;
	p.due = due;
	p.made = 0;
	p.held = 0;
	p.n = 0;
	p.honest = 0;
	p.full = false;
	flood_places(f, &p);
	while (!p.full && (p.made < due || p.held < f->n_held)) {
		flood_add(f, &p);
		if (p.n == PORT_BURST || (p.made == due && p.held == f->n_held))
			flood_hand_over(f, &p);
	}
	if (unlikely(p.full))
		flood_drop_rest(f, &p);
	f->counts.made += due;
	f->n_held = 0;
}

/* How many are due since the last turn, and no more than a stall leaves. */
static uint64_t
flood_due(struct flood_port *f, spt_time now)
{
	uint64_t all = (uint64_t)((double)(now - f->start) * f->per_ns);
	uint64_t due = all > f->done ? all - f->done : 0;
	spt_time stalled;

	if (unlikely(due > FLOOD_CATCH_UP)) {
		stalled = (spt_time)((double)(due - FLOOD_CATCH_UP) / f->per_ns);
		f->counts.stalled_ns += stalled;
		f->start += stalled;
		due = FLOOD_CATCH_UP;
	}
	f->done += due;
	return due;
}

/* The first call of a turn. */
static void
flood_turn(struct flood_port *f, spt_time now)
{
	uint64_t due;

	if (now == f->last)
		return;
	due = flood_due(f, now);
	f->counts.lasted_ns += now - f->last;
	f->last = now;
	if (due > 0 || f->n_held > 0)
		flood_pass(f, due, now);
}

/* ---- what the engine sends --------------------------------------------------------------- */

static bool
flood_is_for(const struct flood_port *f, const struct flood_template *t, const struct rte_mbuf *m)
{
	const uint8_t *at = rte_pktmbuf_mtod(m, const uint8_t *);
	size_t dst = f->v4 ? AT_IP4_DST : AT_IP6_DST, length = f->v4 ? 4 : 16;

	/* The family's type is in the template too. */
	return !t->known && m->data_len >= dst + length &&
	       memcmp(at + 2 * RTE_ETHER_ADDR_LEN, t->frame + 2 * RTE_ETHER_ADDR_LEN, 2) == 0 &&
	       memcmp(at + dst, &t->target.b[16 - length], length) == 0;
}

/* Where the engine sends its frames to, the flood goes. */
static void
flood_learn(struct flood_port *f, const struct rte_mbuf *m)
{
	for (unsigned int i = 0; i < f->n_targets; i++) {
		struct flood_template *t = &f->target[i];

		if (!flood_is_for(f, t, m))
			continue;
		memcpy(t->frame, rte_pktmbuf_mtod(m, const void *), RTE_ETHER_ADDR_LEN);
		t->known = true;
		f->unknown--;
	}
}

static uint16_t
flood_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct flood_port *f = (struct flood_port *)p;

	for (uint16_t i = 0; i < n && unlikely(f->unknown > 0); i++)
		flood_learn(f, m[i]);
	if (!f->running)
		return port_tx(f->inner, now, m, n);
	flood_turn(f, now);
	/* More than a turn's worth goes by itself. */
	if (f->n_held + n > PORT_BURST)
		flood_pass(f, 0, now);
	memcpy(f->held + f->n_held, m, n * sizeof(*m));
	f->n_held += n;
	return n;
}

/* ---- what comes back ------------------------------------------------------------------------ */

/* To one of the forged sources: in 'l4' where its TCP header is, 0: it has none. */
static inline bool
flood_is_answer(const struct flood_port *f, const struct rte_mbuf *m, unsigned int *l4)
{
	const uint8_t *at = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint8_t *l3 = at + WIRE_ETH_LEN;
	struct spt_addr dst;
	uint16_t type;

	if (unlikely(m->data_len < AT_IP4_TCP))
		return false;
	memcpy(&type, at + 2 * RTE_ETHER_ADDR_LEN, sizeof(type));
	if (f->v4 && type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		memcpy(&dst.w[3], at + AT_IP4_DST, 4);
		*l4 = l3[9] == IP_PROTO_TCP ? WIRE_ETH_LEN + 4u * (l3[0] & 0xf) : 0;
		return (dst.w[3] & ~f->mask.w[3]) == f->prefix.w[3];
	}
	if (f->v4 || type != RTE_BE16(RTE_ETHER_TYPE_IPV6) || m->data_len < AT_IP6_TCP)
		return false;
	memcpy(&dst, at + AT_IP6_DST, sizeof(dst));
	*l4 = l3[6] == IP_PROTO_TCP ? AT_IP6_TCP : 0;
	return (dst.q[0] & ~f->mask.q[0]) == f->prefix.q[0] &&
	       (dst.q[1] & ~f->mask.q[1]) == f->prefix.q[1];
}

static inline void
flood_count_answer(struct flood_port *f, const struct rte_mbuf *m, unsigned int l4)
{
	uint8_t flags = 0;

	if (l4 > 0 && m->data_len >= l4 + WIRE_TCP_LEN)
		flags = *rte_pktmbuf_mtod_offset(m, const uint8_t *, l4 + 13);
	if (flags & TCP_RST)
		f->counts.resets++;
	else if ((flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		f->counts.syn_acks++;
	else
		f->counts.other_answers++;
}

/* Take the answers to the flood out of a burst. Returns what is left. */
static uint16_t
flood_filter(struct flood_port *f, struct rte_mbuf **m, uint16_t n)
{
	struct rte_mbuf *answers[PORT_BURST];
	uint16_t kept = 0, n_answers = 0;
	unsigned int l4;

	for (uint16_t i = 0; i < n; i++) {
		if (!flood_is_answer(f, m[i], &l4)) {
			m[kept++] = m[i];
			continue;
		}
		flood_count_answer(f, m[i], l4);
		answers[n_answers++] = m[i];
	}
	rte_pktmbuf_free_bulk(answers, n_answers);
	return kept;
}

static uint16_t
flood_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct flood_port *f = (struct flood_port *)p;
	uint16_t out = 0, asked, got;

	if (f->running)
		flood_turn(f, now);
	for (unsigned int bursts = 0; out < n && bursts < FLOOD_RX_BURSTS; bursts++) {
		asked = (uint16_t)(n - out);
		got = port_rx(f->inner, now, m + out, asked);
		out += flood_filter(f, m + out, got);
		if (got < asked)
			break;
	}
	return out;
}

/* ---- a port -------------------------------------------------------------------------------- */

static spt_time
flood_next_deadline(const struct spt_port *p)
{
	const struct flood_port *f = (const struct flood_port *)p;
	spt_time next = port_next_deadline(f->inner);

	if (f->n_held > 0)
		return 0;
	if (f->running)
		next = RTE_MIN(next, f->start + (spt_time)((double)(f->done + 1) / f->per_ns));
	return next;
}

static void
flood_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	const struct flood_port *f = (const struct flood_port *)p;

	f->inner->ops->stats(f->inner, stats);
}

static void
flood_destroy(struct spt_port *p)
{
	struct flood_port *f = (struct flood_port *)p;

	rte_pktmbuf_free_bulk(f->held, f->n_held);
	spt_port_destroy(f->inner);
	rte_free(f);
}

static const struct port_ops flood_ops = {
    .rx = flood_rx,
    .tx = flood_tx,
    .next_deadline = flood_next_deadline,
    .stats = flood_stats,
    .destroy = flood_destroy,
};

struct spt_addr
flood_open_bits(const struct spt_addr *prefix, unsigned int length)
{
	unsigned int bits = length + (addr_is_v4(prefix) ? 96 : 0);
	struct spt_addr open;

	for (unsigned int i = 0; i < sizeof(open.b); i++)
		open.b[i] = bits >= 8 * (i + 1) ? 0
		            : bits <= 8 * i     ? 0xff
		                                : (uint8_t)(0xff >> bits % 8);
	return open;
}

int
flood_port_create(
    const struct flood_config *config, struct spt_port **port, struct flood_port **flood)
{
	struct flood_port *f = rte_zmalloc("septet flood", sizeof(*f), RTE_CACHE_LINE_SIZE);

	if (!f)
		return -ENOMEM;
	SPT_ASSERT(config->n_targets <= FLOOD_TARGETS);
	f->base = **port;
	f->base.ops = &flood_ops;
	f->base.tso = (struct port_tso){0};
	f->inner = *port;
	f->pool = config->pool;
	f->random = config->seed;
	f->v4 = addr_is_v4(&config->prefix);
	f->ack_mask = flood_flags(config->kind) & TCP_ACK ? UINT32_MAX : 0;
	f->prefix = config->prefix;
	f->mask = flood_open_bits(&config->prefix, config->length);
	f->n_targets = f->unknown = config->n_targets;
	for (unsigned int i = 0; i < f->n_targets; i++)
		flood_template_init(f, &f->target[i], config->kind, &config->target[i]);
	*port = &f->base;
	*flood = f;
	return 0;
}

bool
flood_port_ready(const struct flood_port *f)
{
	return f->unknown == 0;
}

void
flood_port_start(struct flood_port *f, double rate, spt_time now)
{
	f->running = f->unknown < f->n_targets;
	f->per_ns = rate / (double)SPT_NS_PER_SEC;
	f->start = f->last = now;
	f->done = 0;
}

void
flood_port_stop(struct flood_port *f, spt_time now)
{
	if (f->n_held > 0)
		flood_pass(f, 0, now);
	f->running = false;
}

const struct flood_counts *
flood_port_counts(const struct flood_port *f)
{
	return &f->counts;
}

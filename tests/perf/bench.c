/* SPDX-License-Identifier: BSD-3-Clause */
/* The benchmarks' stage: generator, application, and the spans that are timed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "bench.h"
#include "env.h"
#include "base/addr.h"

/* Turns of virtual time: a poll each microsecond. */
#define TURN SPT_NS_PER_US

static void
fail(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static void
bench_eth(struct bench *b, void *at, uint16_t type)
{
	wire_write_eth(at, &b->port[1]->mac, &b->port[0]->mac, type);
}

/* So that the engine knows the generator's link address before it has something to send. */
static void
bench_arp(struct bench *b, const struct spt_addr *addr)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(b->pool);
	uint8_t *p = (uint8_t *)rte_pktmbuf_append(m, WIRE_ETH_LEN + WIRE_ARP_LEN);
	struct wire_arp arp = {.op = 1, .sha = b->port[0]->mac};

	arp.spa = addr_v4(addr);
	arp.tpa = addr_v4(&b->server);
	bench_eth(b, p, RTE_ETHER_TYPE_ARP);
	wire_write_arp(p + WIRE_ETH_LEN, &arp);
	if (port_tx(b->port[0], b->now, &m, 1) != 1)
		fail("the ring took no ARP request");
}

void
bench_resolve(struct bench *b)
{
	for (unsigned int i = 0; i < b->n; i += 60000)
		bench_arp(b, &b->clients[i].addr);
	bench_run_engine(b);
	bench_collect(b);
}

static void
bench_clients(struct bench *b)
{
	b->clients = calloc(b->n, sizeof(*b->clients));
	for (unsigned int i = 0; i < b->n; i++) {
		b->clients[i].addr = addr_from_v4(rte_cpu_to_be_32(0x0a000002));
		b->clients[i].port = (uint16_t)(1024 + i % 60000);
		if (i >= 60000)
			b->clients[i].addr = addr_from_v4(rte_cpu_to_be_32(0x0a000002 + i / 60000));
	}
}

void
bench_start(struct bench *b, unsigned int connections, enum spt_syn_cookies cookies)
{
	bench_start_with(b, connections, &(struct bench_options){.cookies = cookies});
}

void
bench_start_with(struct bench *b, unsigned int connections, const struct bench_options *set)
{
	static unsigned int number;
	char name[16];
	struct spt_memory_pair_config pair = {.name = name, .ring_size = 2048, .socket = -1};
	struct spt_local local = {
	    .first = addr_from_v4(RTE_BE32(0x0a000001)), .count = 1, .prefix = 8};
	struct spt_config config = {.local = &local,
	    .n_local = 1,
	    .socket = -1,
	    .syn_cookies = set->cookies,
	    .timewait = set->timewait};
	struct spt_listen_options options = {.conn.no_timestamps = !set->timestamps};
	struct spt_endpoint any = {.port = BENCH_PORT};
	char error[200];

	env_start();
	snprintf(name, sizeof(name), "bench%u", number++);
	memset(b, 0, sizeof(*b));
	b->n = connections;
	b->now = ENV_EPOCH;
	b->timestamps = set->timestamps;
	b->server = local.first;
	bench_clients(b);
	b->pool = env_pool_create(4095);
	pair.pool[0] = pair.pool[1] = b->pool;
	if (spt_port_memory_pair_create(&pair, b->port))
		fail("no memory pair");
	config.pool = b->pool;
	config.connections = RTE_MAX(connections, 1024u);
	if (spt_engine_create(&config, b->port[1], b->now, &b->engine, error, sizeof(error)))
		fail(error);
	if (spt_listen(b->engine, &any, &options) < 0)
		fail("cannot listen");
	bench_resolve(b);
}

void
bench_stop(struct bench *b)
{
	const char *wrong = spt_engine_check(b->engine);

	if (wrong)
		fail(wrong);
	spt_engine_destroy(b->engine);
	spt_port_destroy(b->port[0]);
	spt_port_destroy(b->port[1]);
	if (env_pool_in_use(b->pool))
		fail("mbufs leaked");
	env_pool_destroy(b->pool);
	free(b->clients);
}

void
bench_inject(struct bench *b, unsigned int i, uint8_t flags, uint32_t len)
{
	struct bench_client *c = &b->clients[i];
	struct rte_mbuf *m = rte_pktmbuf_alloc(b->pool);
	uint8_t options =
	    (flags & TCP_SYN ? SEG_HAS_MSS : 0) | (b->timestamps ? SEG_HAS_TIMESTAMP : 0);
	struct wire_ip ip = {.src = c->addr, .dst = b->server, .protocol = IP_PROTO_TCP, .ttl = 64};
	struct wire_tcp w = {.sport = rte_cpu_to_be_16(c->port),
	    .dport = rte_cpu_to_be_16(BENCH_PORT),
	    .seq = c->seq,
	    .ack = c->ack,
	    .wnd = 65535,
	    .flags = flags,
	    .options = options,
	    .mss = 1460,
	    .tsval = b->tsval,
	    .tsecr = flags & TCP_ACK ? c->tsecr : 0};
	unsigned int l4 = wire_tcp_len(&w);
	uint16_t sum = wire_fold(wire_sum_pseudo(&ip.src, &ip.dst, IP_PROTO_TCP, l4 + len));
	uint8_t *p;

	if (!m)
		fail("the generator has no mbuf");
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(WIRE_ETH_LEN + WIRE_IP4_LEN + l4 + len));
	bench_eth(b, p, RTE_ETHER_TYPE_IPV4);
	wire_write_ip(p + WIRE_ETH_LEN, &ip, (uint16_t)(l4 + len));
	wire_write_tcp(p + WIRE_ETH_LEN + WIRE_IP4_LEN, &w);
	memcpy(p + WIRE_ETH_LEN + WIRE_IP4_LEN + 16, &sum, sizeof(sum));
	memset(p + WIRE_ETH_LEN + WIRE_IP4_LEN + l4, 'x', len);
	m->l2_len = WIRE_ETH_LEN;
	m->l3_len = WIRE_IP4_LEN;
	m->l4_len = l4;
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	if (port_tx(b->port[0], b->now, &m, 1) != 1)
		fail("the ring to the engine is full");
	c->seq += len + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
}

/* The echo service at its smallest: what a benchmark's application costs. */
static void
bench_application(struct bench *b, const struct spt_event *events, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct spt_event *e = &events[i];

		if (e->events & SPT_RECEIVED) {
			b->received++;
			spt_receive_done(b->engine, e->conn, e->bytes);
			if (spt_send(b->engine, e->conn, e->data, 0) != 0)
				rte_pktmbuf_free(e->data);
			else if (b->close_first)
				spt_close(b->engine, e->conn);
		}
		if ((e->events & (SPT_PEER_CLOSED | SPT_CLOSED)) == SPT_PEER_CLOSED)
			spt_close(b->engine, e->conn);
		if (e->events & SPT_CLOSED)
			b->closed++;
	}
}

uint64_t
bench_run_engine(struct bench *b)
{
	struct spt_event events[PORT_BURST];
	struct spt_stats before, after;
	uint64_t start, cycles = 0;
	bool busy = true;

	spt_engine_stats(b->engine, &before);
	while (busy) {
		start = rte_rdtsc();
		for (unsigned int turn = 0; turn < 3; turn++) {
			unsigned int n = spt_poll(b->engine, b->now, events, PORT_BURST);

			bench_application(b, events, n);
			b->now += TURN;
		}
		cycles += rte_rdtsc() - start;
		spt_engine_stats(b->engine, &after);
		busy = after.rx_frames != before.rx_frames || after.tx_frames != before.tx_frames;
		before = after;
	}
	return cycles;
}

/* TSval of a segment, or what was known before. */
static uint32_t
bench_tsval(const uint8_t *tcp, uint32_t before)
{
	const uint8_t *end = tcp + (tcp[12] >> 4) * 4;
	uint32_t tsval;

	for (const uint8_t *o = tcp + 20; o < end && *o != 0; o += *o == 1 ? 1 : o[1]) {
		if (*o != 8)
			continue;
		memcpy(&tsval, o + 2, sizeof(tsval));
		return rte_be_to_cpu_32(tsval);
	}
	return before;
}

/* A frame of the engine: the client's next sequence and acknowledgment numbers. */
static void
bench_learn(struct bench *b, struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint8_t *tcp = p + WIRE_ETH_LEN + WIRE_IP4_LEN;
	uint32_t dst, seq;
	uint16_t port;
	struct bench_client *c;

	if (p[12] != 8 || p[13] != 0)
		return;
	memcpy(&dst, p + WIRE_ETH_LEN + 16, 4);
	memcpy(&port, tcp + 2, 2);
	memcpy(&seq, tcp + 4, 4);
	c = &b->clients[(rte_be_to_cpu_32(dst) - 0x0a000002) * 60000 + rte_be_to_cpu_16(port) -
	                1024];
	c->ack = rte_be_to_cpu_32(seq) +
	         (m->pkt_len - WIRE_ETH_LEN - WIRE_IP4_LEN - (tcp[12] >> 4) * 4) +
	         !!(tcp[13] & TCP_SYN) + !!(tcp[13] & TCP_FIN);
	if (b->timestamps)
		c->tsecr = bench_tsval(tcp, c->tsecr);
	if (tcp[13] & TCP_RST)
		fail("the engine sent a RST");
}

unsigned int
bench_collect(struct bench *b)
{
	struct rte_mbuf *m[PORT_BURST];
	unsigned int total = 0, n;

	while ((n = port_rx(b->port[0], b->now, m, PORT_BURST)) > 0) {
		for (unsigned int i = 0; i < n; i++)
			bench_learn(b, m[i]);
		rte_pktmbuf_free_bulk(m, n);
		total += n;
	}
	return total;
}

uint64_t
bench_step(struct bench *b, unsigned int from, unsigned int to, uint8_t flags, uint32_t len)
{
	uint64_t cycles = 0;

	for (unsigned int i = from; i < to; i += BENCH_CHUNK) {
		for (unsigned int k = i; k < RTE_MIN(to, i + BENCH_CHUNK); k++)
			bench_inject(b, k, flags, len);
		cycles += bench_run_engine(b);
		bench_collect(b);
	}
	return cycles;
}

double
bench_step_floor(struct bench *b, unsigned int passes, bool flow)
{
	uint64_t cycles = 0;

	for (unsigned int i = 0; i < b->n; i += BENCH_CHUNK) {
		for (unsigned int pass = 0; pass < passes; pass++) {
			for (unsigned int k = i; k < RTE_MIN(b->n, i + BENCH_CHUNK); k++)
				bench_inject(b, k, TCP_ACK, 0);
			cycles += bench_run_floor(b, flow);
			bench_collect(b);
		}
	}
	return (double)cycles / passes / b->n;
}

/* What the engine counted, for whoever looks into a failure. */
void
bench_print_stats(const struct bench *b)
{
	struct spt_stats stats;

	spt_engine_stats(b->engine, &stats);
	for (int v = 0; v < SPT_V_COUNT; v++)
		if (stats.verdict[v])
			fprintf(stderr, "  %-26s %lu\n", spt_verdict_name((enum spt_verdict)v),
			    (unsigned long)stats.verdict[v]);
#define X(field, text)                                                                             \
	if (stats.field)                                                                           \
		fprintf(stderr, "  %-26s %lu\n", #field, (unsigned long)stats.field);
	SPT_COUNTERS(X)
#undef X
}

void
bench_expect(const struct bench *b, const char *what, uint64_t got, uint64_t wanted)
{
	if (got == wanted)
		return;
	fprintf(stderr, "%s: %s: %lu, not %lu\n", program_invocation_short_name, what,
	    (unsigned long)got, (unsigned long)wanted);
	bench_print_stats(b);
	exit(1);
}

void
bench_samples_alloc(double **samples, unsigned int figures, unsigned int rounds)
{
	for (unsigned int f = 0; f < figures; f++)
		samples[f] = calloc(rounds, sizeof(double));
}

void
bench_samples_free(double **samples, unsigned int figures)
{
	for (unsigned int f = 0; f < figures; f++)
		free(samples[f]);
}

void
bench_samples_keep(double **samples, unsigned int figures, unsigned int r, const double *sample)
{
	if (r < BENCH_WARM_UP)
		return;
	for (unsigned int f = 0; f < figures; f++)
		samples[f][r - BENCH_WARM_UP] = sample[f];
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct bench_spread
bench_spread(double *samples, unsigned int n)
{
	qsort(samples, n, sizeof(*samples), compare);
	return (struct bench_spread){samples[0], samples[n / 2], samples[n - 1]};
}

struct bench_spread
bench_print_spread(int width, const char *name, double *samples, unsigned int n)
{
	struct bench_spread s = bench_spread(samples, n);

	printf("%-*s %8.0f %8.0f %8.0f", width, name, s.least, s.median, s.most);
	return s;
}

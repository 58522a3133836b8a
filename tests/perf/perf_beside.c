/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Established connections beside a SYN flood, in the same bursts of the same port: what a segment
 * of theirs costs with the flood and without, the flood's own cost taken off: perf_beside
 * [CONNECTIONS [ROUNDS]]. It fails where that is more than it should be.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

/* A segment beside a flood may cost so much of what it costs without. */
#define TARGET 1.30

/* Mixtures: frames of either kind in a span. */
enum figure { FLOW_FLOOR, ALONE, FLOOD, EVENLY, THREEFOLD, ELEVENFOLD, FIGURES };

static const struct {
	const char *name;
	unsigned int conns, syns;
} figures[FIGURES] = {
    [FLOW_FLOOR] = {"flow floor, a frame", 0, 0},
    [ALONE] = {"segments of connections alone, a frame", BENCH_CHUNK, 0},
    [FLOOD] = {"SYNs of a flood alone, a frame", 0, BENCH_CHUNK},
    [EVENLY] = {"as many of either, a frame", BENCH_CHUNK / 2, BENCH_CHUNK / 2},
    [THREEFOLD] = {"3 SYNs for each segment, a frame", BENCH_CHUNK / 4, BENCH_CHUNK / 4 * 3},
    [ELEVENFOLD] = {"11 SYNs for each segment, a frame", BENCH_CHUNK / 12, BENCH_CHUNK / 12 * 11},
};

/* The first half of the clients are connected, the others send SYNs. */
struct stage {
	struct bench b;
	/* whose turn it is, in rings of half of b.n each */
	unsigned int next_conn, next_syn, next_floor;
};

/*
 * A frame 'flags' of each of 'conns' connections, and 'syns' SYNs spread among them evenly; the
 * engine's cycles.
 */
static uint64_t
span(struct stage *s, uint8_t flags, uint32_t len, unsigned int conns, unsigned int syns)
{
	unsigned int half = s->b.n / 2, due = 0, conn = s->next_conn;
	uint64_t cycles;

	for (unsigned int i = 0; i < conns + syns; i++) {
		due += syns;
		if (due >= conns + syns) {
			unsigned int k = half + s->next_syn++ % half;

			due -= conns + syns;
			s->b.clients[k].seq += 100000;
			bench_inject(&s->b, k, TCP_SYN, 0);
		} else {
			bench_inject(&s->b, conn++ % half, flags, len);
		}
	}
	cycles = bench_run_engine(&s->b);
	bench_collect(&s->b);
	return cycles;
}

/*
 * A byte of each of the next connections, which is sent back, then the acknowledgment of that.
 * Spans have as many frames whatever is in them, so that each carries the same part of what a turn
 * costs. Cycles of a frame.
 */
static double
spans_of(struct stage *s, enum figure f)
{
	unsigned int conns = figures[f].conns, syns = figures[f].syns;
	uint64_t cycles = span(s, TCP_ACK | TCP_PSH, 1, conns, syns);

	cycles += span(s, TCP_ACK, 0, conns, syns);
	s->next_conn += conns;
	return (double)cycles / (2 * BENCH_CHUNK);
}

/* Of flooding clients: what comes back to them spoils no connection's numbers. */
static double
spans_of_floor(struct stage *s)
{
	unsigned int half = s->b.n / 2;
	uint64_t cycles;

	for (unsigned int i = 0; i < BENCH_CHUNK; i++)
		bench_inject(&s->b, half + s->next_floor++ % half, TCP_ACK, 0);
	cycles = bench_run_floor(&s->b, true);
	bench_collect(&s->b);
	return (double)cycles / BENCH_CHUNK;
}

/* Each segment was data in order and came back, each SYN was answered by a cookie. */
static void
check(struct stage *s)
{
	struct spt_stats stats;

	spt_engine_stats(s->b.engine, &stats);
	bench_expect(&s->b, "segments", stats.verdict[SPT_V_TCP_DATA], s->next_conn);
	bench_expect(&s->b, "bytes that came back", stats.tx_tcp_bytes, s->next_conn);
	bench_expect(&s->b, "cookies", stats.verdict[SPT_V_TCP_SYN_COOKIE],
	    s->next_syn + s->b.n / 2); /* one for each connection too */
	bench_expect(&s->b, "connections", stats.connections, s->b.n / 2);
}

static void
connect_half(struct bench *b)
{
	for (unsigned int i = 0; i < b->n / 2; i += BENCH_CHUNK) {
		unsigned int to = RTE_MIN(b->n / 2, i + BENCH_CHUNK);

		bench_step(b, i, to, TCP_SYN, 0);
		bench_step(b, i, to, TCP_ACK, 0);
	}
}

/* What a segment costs in a mixture, the SYNs' own cost taken off, to what it costs alone. */
static bool
report_ratio(const struct bench_spread s[FIGURES], enum figure f)
{
	double conns = figures[f].conns, syns = figures[f].syns;
	double segment = (s[f].median * (conns + syns) - s[FLOOD].median * syns) / conns;
	double ratio = segment / s[ALONE].median;

	printf("a segment beside %.0f SYN%s: %.0f cycles, %.2f of one alone", syns / conns,
	    syns > conns ? "s" : "", segment, ratio);
	/* Of eleven an error of a hundredth would be one of an eighth. */
	if (f == ELEVENFOLD) {
		putchar('\n');
		return true;
	}
	printf(", at most %.2f\n", TARGET);
	return ratio <= TARGET;
}

static bool
report(double *samples[FIGURES], unsigned int n)
{
	struct bench_spread s[FIGURES];
	bool good = true;

	printf("%-44s %8s %8s %8s %12s\n", "cycles", "least", "median", "most", "flow floors");
	for (int f = 0; f < FIGURES; f++) {
		s[f] = bench_print_spread(44, figures[f].name, samples[f], n);
		printf(" %12.2f\n", s[f].median / s[FLOW_FLOOR].median);
	}
	for (int f = EVENLY; f < FIGURES; f++)
		good &= report_ratio(s, (enum figure)f);
	return good;
}

int
main(int argc, char **argv)
{
	unsigned int connections = argc > 1 ? (unsigned int)atoi(argv[1]) : 1000;
	unsigned int rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : 101;
	double *samples[FIGURES];
	struct stage s = {0};
	unsigned int groups;
	bool good;

	if (connections < BENCH_CHUNK || rounds < 1) {
		fprintf(stderr, "usage: perf_beside [CONNECTIONS [ROUNDS]], from %d and 1\n",
		    BENCH_CHUNK);
		return 2;
	}
	/* One of each after another, so that all of them meet what else the machine does. */
	groups = rounds * (connections / BENCH_CHUNK);
	bench_samples_alloc(samples, FIGURES, groups);
	bench_start(&s.b, 2 * connections, SPT_COOKIES_ALWAYS);
	bench_floor_init(connections);
	connect_half(&s.b);
	for (unsigned int g = 0; g < groups; g++) {
		if (g % (connections / BENCH_CHUNK) == 0)
			bench_resolve(&s.b);
		samples[FLOW_FLOOR][g] = spans_of_floor(&s);
		for (int f = ALONE; f < FIGURES; f++)
			samples[f][g] = spans_of(&s, (enum figure)f);
	}
	check(&s);
	printf("%u connections, %u spans of each, TSC %.2f GHz\n", connections, groups,
	    (double)rte_get_tsc_hz() / 1e9);
	good = report(samples, groups);
	if (!good)
		fprintf(stderr, "perf_beside: connections pay for more than the flood's share\n");
	/* What is open is left so: nothing is queued, all was acknowledged. */
	bench_stop(&s.b);
	bench_samples_free(samples, FIGURES);
	return good ? 0 : 1;
}

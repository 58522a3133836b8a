/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The result of a stretch of load. Rates are medians over its whole seconds, so that a second in
 * which the machine did something else does not count for much; what is spent on a connection is
 * taken over all of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "bench/result.h"

/* Preamble, start of frame, check sequence and gap of Ethernet, which port counters leave out. */
#define WIRE_OVERHEAD 24

static int
result_order(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

double
result_median(double *values, size_t n)
{
	if (n == 0)
		return 0;
	qsort(values, n, sizeof(*values), result_order);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

uint64_t
result_begun(const struct bench_options *o, const struct bench_totals *totals)
{
	if (o->mode == MODE_REQUESTS)
		return totals->requests;
	return totals->attempts - totals->failed.no_source_port - totals->failed.no_connection;
}

void
result_snapshot_diff(struct spt_runtime_snapshot *out, const struct spt_runtime_snapshot *after,
    const struct spt_runtime_snapshot *before)
{
	struct spt_runtime_snapshot d = *after;

	d.elapsed -= before->elapsed;
	d.busy -= before->busy;
#define X(field, text) d.stats.field -= before->stats.field;
	SPT_COUNTERS(X)
#undef X
	for (unsigned int v = 0; v < SPT_V_COUNT; v++)
		d.stats.verdict[v] -= before->stats.verdict[v];
	d.port.rx_frames -= before->port.rx_frames;
	d.port.rx_bytes -= before->port.rx_bytes;
	d.port.tx_frames -= before->port.tx_frames;
	d.port.tx_bytes -= before->port.tx_bytes;
	d.port.tx_refused -= before->port.tx_refused;
	d.port.rx_missed -= before->port.rx_missed;
	d.port.rx_no_mbuf -= before->port.rx_no_mbuf;
	d.port.rx_checksum_wrong -= before->port.rx_checksum_wrong;
	d.port.rx_merged -= before->port.rx_merged;
	for (unsigned int i = 0; i < RTE_DIM(d.port.impaired); i++)
		d.port.impaired[i] -= before->port.impaired[i];
	*out = d;
}

/* ---- rates ------------------------------------------------------------------ */

static double
rate_of(uint64_t count, const struct bench_second *s)
{
	return s->seconds > 0 ? (double)count / s->seconds : 0;
}

/*
 * Seconds that count: whole ones, of a run that has none all that loaded; and of those that hold
 * what they have, the ones in which something was opened.
 */
static bool
result_counts(const struct result_input *in, const struct bench_second *s, bool whole)
{
	if (in->options->mode == MODE_CONCURRENT && s->totals.attempts == 0)
		return false;
	return s->loading && (!whole || s->seconds > 0.9);
}

static void
result_rates(struct bench_result *r, const struct result_input *in)
{
	double *values = calloc(3 * in->n_seconds + 1, sizeof(*values));
	double *handshakes = values + in->n_seconds, *requests = handshakes + in->n_seconds;
	bool whole = false;
	size_t n = 0;

	if (!values)
		return;
	for (size_t i = 0; i < in->n_seconds; i++)
		whole |= result_counts(in, &in->seconds[i], true);
	for (size_t i = 0; i < in->n_seconds; i++) {
		const struct bench_second *s = &in->seconds[i];

		if (!result_counts(in, s, whole))
			continue;
		values[n] = rate_of(s->totals.completions, s);
		handshakes[n] = rate_of(s->totals.handshakes, s);
		requests[n] = rate_of(s->totals.responses, s);
		n++;
	}
	r->connections_median = result_median(values, n);
	r->connections_least = n ? values[0] : 0;
	r->connections_most = n ? values[n - 1] : 0;
	r->handshakes_median = result_median(handshakes, n);
	r->requests_median = result_median(requests, n);
	free(values);
}

static double
ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

/* Cycles that a role's cores were busy, for each of n. */
static double
cycles_each(const struct spt_runtime_snapshot *s, uint64_t hz, uint64_t n)
{
	return ratio((double)s->busy / 1e9 * (double)hz, (double)n);
}

static double
result_line_rate(const struct result_input *in)
{
	const struct spt_port_stats *p = &in->client.port;
	uint64_t in_bytes = p->rx_bytes + p->rx_frames * WIRE_OVERHEAD;
	uint64_t out_bytes = p->tx_bytes + p->tx_frames * WIRE_OVERHEAD;

	if (in->speed_mbps == 0 || in->loading <= 0)
		return -1;
	return (double)RTE_MAX(in_bytes, out_bytes) * 8 / in->loading /
	       ((double)in->speed_mbps * 1e6);
}

static void
result_costs(struct bench_result *r, const struct result_input *in)
{
	const struct spt_port_stats *all = &in->client_all.port;
	struct bench_totals sum;

	memset(&sum, 0, sizeof(sum));
	for (size_t i = 0; i < in->n_seconds; i++)
		if (in->seconds[i].loading)
			bench_totals_add(&sum, &in->seconds[i].totals);
	r->bits_in = ratio(8 * (double)sum.bytes_in, r->seconds);
	r->bits_out = ratio(8 * (double)sum.bytes_out, r->seconds);
	r->packets_per_connection =
	    ratio((double)(all->rx_frames + all->tx_frames), (double)in->totals.completions);
	r->cycles_per_connection = cycles_each(&in->client_all, in->hz, in->totals.completions);
	if (in->server_known)
		r->server_cycles_per_connection =
		    cycles_each(&in->server_all, in->hz, in->totals.completions);
	/* Of the loading part, as the bytes are. */
	r->cycles_per_byte = cycles_each(&in->client, in->hz, sum.bytes_in + sum.bytes_out);
	if (in->server_known)
		r->server_cycles_per_byte =
		    cycles_each(&in->server, in->hz, sum.bytes_in + sum.bytes_out);
	r->line_rate_share = result_line_rate(in);
	r->cpu_share = in->cpu_share;
	r->held = in->held;
	r->bytes_per_connection = in->held ? in->client_bytes / in->held : 0;
	r->client_busy = ratio((double)in->client.busy, (double)in->client.elapsed);
	r->server_busy =
	    in->server_known ? ratio((double)in->server.busy, (double)in->server.elapsed) : -1;
}

/* ---- the limit ---------------------------------------------------------------- */

const char *
bench_limit_name(enum bench_limit limit)
{
	static const char *const names[LIMITS] = {
	    [LIMIT_CLIENT_CPU] = "client CPU",
	    [LIMIT_SERVER_CPU] = "server CPU",
	    [LIMIT_CPU] = "CPU",
	    [LIMIT_PORT] = "port",
	    [LIMIT_SOURCE_PORTS] = "source ports",
	    [LIMIT_LOAD] = "load",
	    [LIMIT_CONCURRENCY] = "concurrency",
	    [LIMIT_PEER] = "peer",
	};

	return limit < LIMITS ? names[limit] : "?";
}

/* "the client is 99 % busy, the server 61 %" */
static void
limit_cpus(const struct bench_result *r, char *text, size_t size)
{
	if (r->server_known)
		snprintf(text, size, "the client is %.0f %% busy, the server %.0f %%",
		    100 * r->client_busy, 100 * r->server_busy);
	else
		snprintf(text, size, "the client is %.0f %% busy", 100 * r->client_busy);
}

/* Held connections were not used as often as was asked for. */
static bool
result_traffic_behind(const struct bench_totals *t)
{
	double due = (double)t->requests + (double)t->left_out;

	return (double)t->left_out > (1 - RESULT_REACHED) * due;
}

/* The load that was asked for, and reached. */
static bool
limit_load(struct bench_result *r, const struct result_input *in)
{
	const struct bench_options *o = in->options;
	double n = (double)result_begun(o, &in->totals), begun = ratio(n, in->loading);

	if (in->asked > 0 && n > 0 && n >= RESULT_REACHED * in->asked * in->loading) {
		snprintf(r->limit_text, sizeof(r->limit_text), "%.*f/s asked for and %.*f/s begun",
		    result_digits(in->asked), in->asked, result_digits(in->asked), begun);
		return true;
	}
	if (o->mode == MODE_CONCURRENT && !result_traffic_behind(&in->totals) &&
	    in->held >= RESULT_REACHED * o->connections) {
		snprintf(r->limit_text, sizeof(r->limit_text),
		    "%" PRIu32 " connections asked for and %" PRIu32 " held", o->connections,
		    in->held);
		return true;
	}
	return false;
}

static bool
limit_source_ports(struct bench_result *r, const struct result_input *in)
{
	const struct bench_totals *t = &in->totals;
	double waits = (double)t->waits_ports;

	if (t->failed.no_source_port == 0 && waits <= RESULT_WAITS * (double)t->attempts)
		return false;
	if (t->failed.no_source_port == 0 && t->waits_ports == 0)
		return false;
	snprintf(r->limit_text, sizeof(r->limit_text),
	    "%" PRIu64 " waits for a free one and %" PRIu64 " failures: add addresses, or "
	    "shorten 2MSL by --msl",
	    t->waits_ports, t->failed.no_source_port);
	return true;
}

static bool
limit_cpu(struct bench_result *r, const struct result_input *in, enum bench_limit *limit)
{
	double both = r->client_busy + (r->server_known ? r->server_busy : 0);
	/* Of the time that we had of the processors. */
	double had = in->cpu_share >= 0 ? RTE_MIN(in->cpu_share, 1.0) : 1;
	double most = RESULT_BUSY * RTE_MAX(had, RESULT_SHARED);
	bool server = r->server_known && r->server_busy >= most;

	if (in->one_lcore && both >= most) {
		*limit = LIMIT_CPU;
		snprintf(r->limit_text, sizeof(r->limit_text),
		    "one core does both ends: the client takes %.0f %% of it, the server %.0f %%",
		    100 * r->client_busy, 100 * r->server_busy);
		return true;
	}
	/* While one end waits for a processor the other has nothing to do. */
	if (had < RESULT_SHARED && RTE_MAX(r->client_busy, r->server_busy) >= RESULT_IDLE) {
		*limit = LIMIT_CPU;
		snprintf(r->limit_text, sizeof(r->limit_text),
		    "other programs had %.0f %% of our cores' time; the client is %.0f %% busy",
		    100 * (1 - had), 100 * r->client_busy);
		return true;
	}
	if (r->client_busy < most && !server)
		return false;
	*limit = server && r->server_busy > r->client_busy ? LIMIT_SERVER_CPU : LIMIT_CLIENT_CPU;
	limit_cpus(r, r->limit_text, sizeof(r->limit_text));
	return true;
}

/*
 * Frames that were lost at a port. One that it refused and took later, since the engine tries
 * again, is not among them: that the other end is slow is the peer's limit.
 */
static uint64_t
limit_lost(const struct spt_runtime_snapshot *s)
{
	return s->stats.tx_dropped + s->port.rx_missed + s->port.rx_no_mbuf;
}

static bool
limit_port(struct bench_result *r, const struct result_input *in)
{
	const struct spt_port_stats *p = &in->client.port;
	uint64_t lost = limit_lost(&in->client);

	if (in->server_known)
		lost += limit_lost(&in->server);
	if (r->line_rate_share >= RESULT_LINE) {
		snprintf(r->limit_text, sizeof(r->limit_text), "%.0f %% of its line rate are used",
		    100 * r->line_rate_share);
		return true;
	}
	if (lost == 0 || (double)lost < RESULT_REFUSED * (double)(p->rx_frames + p->tx_frames))
		return false;
	snprintf(r->limit_text, sizeof(r->limit_text),
	    "%" PRIu64 " frames not taken, missed or without a buffer, of %" PRIu64, lost,
	    p->rx_frames + p->tx_frames);
	return true;
}

static enum bench_limit
result_limit(struct bench_result *r, const struct result_input *in)
{
	enum bench_limit limit;
	char cpus[80];

	if (limit_load(r, in))
		return LIMIT_LOAD;
	if (limit_source_ports(r, in))
		return LIMIT_SOURCE_PORTS;
	if (limit_cpu(r, in, &limit))
		return limit;
	if (limit_port(r, in))
		return LIMIT_PORT;
	limit_cpus(r, cpus, sizeof(cpus));
	if (in->window_full >= RESULT_WINDOW) {
		snprintf(r->limit_text, sizeof(r->limit_text),
		    "always %" PRIu32 " in progress, and %s: more may help (%s)",
		    in->options->concurrency, cpus,
		    in->options->mode == MODE_REQUESTS || in->options->mode == MODE_THROUGHPUT
		        ? "--connections"
		        : "--concurrency");
		return LIMIT_CONCURRENCY;
	}
	snprintf(r->limit_text, sizeof(r->limit_text), "or the way to it: %s", cpus);
	return LIMIT_PEER;
}

bool
result_rate_behind(double asked, double seconds, uint64_t begun)
{
	double due = asked * seconds, n = (double)begun;

	/* Of a handful one more or less is no sign, nor where between two of them a second ends. */
	return n < RESULT_REACHED * due && n + 1.5 < due;
}

bool
result_behind(const struct bench_options *o, const struct bench_result *r)
{
	return result_rate_behind(r->asked, r->seconds, result_begun(o, &r->totals)) ||
	       result_traffic_behind(&r->totals);
}

void
result_compute(struct bench_result *r, const struct result_input *in)
{
	r->seconds = in->loading;
	r->totals = in->totals;
	r->asked = in->asked;
	r->client = in->client;
	r->server = in->server;
	r->client_all = in->client_all;
	r->server_all = in->server_all;
	r->flood = in->flood;
	r->server_known = in->server_known;
	result_rates(r, in);
	result_costs(r, in);
	r->limit = result_limit(r, in);
}

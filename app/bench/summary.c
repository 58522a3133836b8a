/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `septet bench` says at its start and its end: first what it is going to do and with what,
 * at the end the figures, the limit by name, and the laws that show that nothing was left out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "bench/check.h"
#include "bench/flood.h"
#include "bench/phase.h"
#include "bench/predict.h"
#include "common/address.h"
#include "serve/serve.h"

#define NAME_WIDTH 24

/* ---- the start ---------------------------------------------------------------- */

static void
start_load(const struct bench_options *o)
{
	char text[ADDRESS_TEXT];
	double seconds = o->duration_ms / 1e3;

	printf("load: %s, %s", bench_mode_name(o), bench_exchange_name(o->exchange));
	if (o->mode != MODE_CONNECTIONS)
		printf(", %" PRIu32 " connections", o->connections);
	if (o->search)
		printf(", search for the highest rate with at most %g %% failures",
		    100 * o->max_failures);
	else if (o->ramp)
		printf(", from %.*f/s to %.*f/s", result_digits(o->ramp_from), o->ramp_from,
		    result_digits(o->ramp_to), o->ramp_to);
	else if (o->rate > 0)
		printf(", %.*f/s", result_digits(o->rate), o->rate);
	else
		printf(", as fast as possible");
	if (o->mode == MODE_CONNECTIONS || o->mode == MODE_CONCURRENT)
		printf(", at most %" PRIu32 " in progress", o->concurrency);
	if (o->attempts)
		printf(", %" PRIu64 " attempts", o->attempts);
	if (o->duration_ms)
		printf(", %g s", seconds);
	printf("\n");
	for (unsigned int i = 0; i < o->n_target; i++)
		printf("target %s\n", address_endpoint_text(&o->target[i], text));
}

void
bench_print_start(const struct bench *bench, const char *user)
{
	const struct bench_options *o = &bench->options;
	const struct spt_runtime_info *info = &bench->info;
	char text[256];

	printf("%s\n", bench->eal.summary);
	ports_print_start(&o->link, info, bench_options_queues(o));
	printf("memory: %.1f MiB for tables and records, %.1f MiB for %" PRIu32
	       " mbufs; %u engine%s%s on %u core%s\n",
	    (double)info->table_bytes / (1 << 20), (double)info->mbuf_bytes / (1 << 20),
	    info->mbufs, info->engines, info->engines == 1 ? "" : "s",
	    info->peers ? " and as many for the server" : "", info->lcores,
	    info->lcores == 1 ? "" : "s");
	printf("%s\n", user);
	start_load(o);
	if (predict_text(o, predict_connections(o), text, sizeof(text)))
		printf("%s\n", text);
	if (o->flood.on)
		flood_print_start(bench);
	printf("ready\n");
	fflush(stdout);
}

/* ---- the figures ----------------------------------------------------------------- */

static void
summary_name(const char *name)
{
	printf("  %-*s", NAME_WIDTH, name);
}

static void
summary_rates(const struct bench *bench)
{
	const struct bench_result *r = &bench->result;
	const struct bench_options *o = &bench->options;

	/* Those that are held or used for as long as the run lasts are all closed after it. */
	if (r->connections_most > 0) {
		summary_name("connections/s");
		printf("%.0f (median; %.0f to %.0f over the seconds)\n", r->connections_median,
		    r->connections_least, r->connections_most);
	}
	summary_name("handshakes/s");
	printf("%.0f (median)\n", r->handshakes_median);
	if (r->totals.responses) {
		summary_name("requests/s");
		printf("%.0f (median)\n", r->requests_median);
	}
	if (r->totals.bytes_in || r->totals.bytes_out) {
		summary_name("payload");
		printf("%.3f Gbit/s in, %.3f Gbit/s out\n", r->bits_in / 1e9, r->bits_out / 1e9);
	}
	if (o->verify) {
		summary_name("verified");
		printf("%" PRIu64 " bytes, %" PRIu64 " connections with a wrong one\n",
		    r->totals.bytes_verified, r->totals.failed.wrong_data);
	}
}

static void
summary_latency(const char *name, const struct histogram *h)
{
	static const struct {
		const char *name;
		double share;
	} points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};
	char text[LIVE_TIME];

	/* What needs no answer takes no time. */
	if (h->max == 0)
		return;
	summary_name(name);
	for (size_t i = 0; i < RTE_DIM(points); i++)
		printf("%s %s  ", points[i].name,
		    live_time(histogram_percentile(h, points[i].share), text));
	printf("max %s\n", live_time(h->max, text));
}

static void
summary_costs(const struct bench *bench)
{
	const struct bench_result *r = &bench->result;

	/* Of a flood's frames and cycles none is a connection's. */
	if (r->totals.completions && !bench->options.flood.on) {
		summary_name("packets/connection");
		printf("%.2f\n", r->packets_per_connection);
		summary_name("cycles/connection");
		printf("client %.0f", r->cycles_per_connection);
		if (r->server_known)
			printf(", server %.0f", r->server_cycles_per_connection);
		printf("\n");
	}
	if (bench->options.mode == MODE_THROUGHPUT && r->cycles_per_byte > 0) {
		summary_name("cycles/byte");
		printf("client %.3f", r->cycles_per_byte);
		if (r->server_known)
			printf(", server %.3f", r->server_cycles_per_byte);
		printf("\n");
	}
	summary_name("busy");
	printf("client %.0f %%", 100 * r->client_busy);
	if (r->server_known)
		printf(", server %.0f %%", 100 * r->server_busy);
	printf(" of %u core%s\n", bench->info.lcores, bench->info.lcores == 1 ? "" : "s");
	if (r->cpu_share >= 0 && r->cpu_share < RESULT_SHARED) {
		summary_name("shared machine");
		printf("other programs had %.0f %% of these cores\n", 100 * (1 - r->cpu_share));
	}
	if (r->line_rate_share >= 0) {
		summary_name("line rate");
		printf("%.1f %% of %" PRIu64 " Mbit/s\n", 100 * r->line_rate_share,
		    ports_speed(&bench->info));
	}
}

static void
summary_held(const struct bench *bench)
{
	const struct bench_result *r = &bench->result;
	uint64_t server;

	if (bench->options.mode != MODE_CONCURRENT || r->held == 0)
		return;
	summary_name("held");
	printf("%" PRIu32 " connections at once\n", r->held);
	summary_name("bytes/connection");
	printf("client %" PRIu64, r->bytes_per_connection);
	if (bench->server) {
		server = spt_engine_footprint(&bench->server->options.engine);
		printf(", server %" PRIu64, server * bench->info.peers / r->held);
	}
	printf(" (all tables and records of the engines)\n");
}

/* Both ends, or ours: "client 12, server 0". */
static void
summary_both(const struct bench *bench, const char *name, uint64_t client, uint64_t server)
{
	if (client == 0 && (!bench->server || server == 0))
		return;
	summary_name(name);
	printf("client %" PRIu64, client);
	if (bench->server)
		printf(", server %" PRIu64, server);
	printf("\n");
}

static void
summary_failures(const struct bench_totals *t)
{
	const struct bench_failures *f = &t->failed;

#define X(field, text)                                                                             \
	if (f->field)                                                                              \
		printf("    %-22s%" PRIu64 "  %s\n", #field, f->field, text);
	BENCH_FAILURES(X)
#undef X
}

static void
summary_lateness(const struct bench *bench)
{
	const struct bench_totals *t = &bench->result.totals;
	bool requests = bench->options.mode == MODE_REQUESTS;
	double begun = (double)result_begun(&bench->options, t);
	double due = (double)(requests ? t->requests : t->attempts);
	char text[LIVE_TIME];

	if (t->left_out) {
		summary_name("--traffic");
		printf("%" PRIu64 " requests, and %" PRIu64 " that were due left out%s\n",
		    t->requests, t->left_out,
		    bench->behind ? ": FELL BEHIND, the limit says why" : "");
	}
	if (bench->result.asked <= 0)
		return;
	summary_name("load");
	printf("%.*f/s asked for, %.*f/s begun", result_digits(bench->result.asked),
	    bench->result.asked, result_digits(bench->result.asked),
	    bench->result.seconds > 0 ? begun / bench->result.seconds : 0);
	if (t->late)
		printf("; %.2f %% more than 1 ms late, the latest by %s",
		    due > 0 ? 100 * (double)t->late / due : 0, live_time(t->late_ns, text));
	printf("\n");
	if (bench->behind)
		printf("  FELL BEHIND: the client could not begin what was asked for; the limit "
		       "says why\n");
}

static void
summary_totals(const struct bench *bench)
{
	const struct bench_totals *t = &bench->result.totals;
	const struct spt_stats *c = &bench->end.stats, *s = &bench->server_end.stats;

	summary_name("failures");
	printf(
	    "%" PRIu64 " of %" PRIu64 " attempts\n", bench_failures_sum(&t->failed), t->attempts);
	summary_failures(t);
	/* Who it was for has no address on this link: that is not the peer's silence. */
	if (c->tx_no_neighbour)
		printf("    %-22s%" PRIu64
		       "  packets: nobody answered ARP or neighbour discovery\n",
		    "no link address", c->tx_no_neighbour);
	summary_both(
	    bench, "retransmissions", c->segments_retransmitted, s->segments_retransmitted);
	summary_both(bench, "fast recoveries", c->fast_recoveries, s->fast_recoveries);
	summary_both(bench, "time-outs", c->rto_expirations, s->rto_expirations);
	summary_both(bench, "tail loss probes", c->tlp_probes, s->tlp_probes);
	summary_both(bench, "spurious, undone", c->spurious_undone, s->spurious_undone);
	summary_both(
	    bench, "SACK blocks received", c->sack_blocks_received, s->sack_blocks_received);
	summary_both(bench, "reductions by ECN", c->ecn_reductions, s->ecn_reductions);
	summary_both(bench, "TIME-WAIT reaped early", c->timewait_early, s->timewait_early);
	summary_name("source ports");
	printf("%" PRIu64 " used of %" PRIu64 "\n", bench->source.used,
	    predict_tuples(&bench->options));
}

void
bench_print_summary(const struct bench *bench)
{
	const struct bench_result *r = &bench->result;

	if (bench->options.flood.on)
		flood_print_table(bench);
	printf("%s over %.1f s%s\n", bench->interrupted ? "interrupted: summary" : "summary",
	    r->seconds,
	    bench->options.search     ? " (of the last run)"
	    : bench->options.flood.on ? " (of the last step's honest clients)"
	                              : "");
	summary_rates(bench);
	summary_lateness(bench);
	if (!bench->options.link.quiet) {
		summary_latency("handshake", r->latency[LATENCY_HANDSHAKE]);
		summary_latency("connection", r->latency[LATENCY_CONNECTION]);
		summary_latency("request", r->latency[LATENCY_REQUEST]);
		summary_costs(bench);
		summary_held(bench);
		summary_totals(bench);
	}
	printf("limit: %s (%s)\n", bench_limit_name(r->limit), r->limit_text);
	fflush(stdout);
}

/* ---- the laws ------------------------------------------------------------------------ */

static const char *
law(bool holds)
{
	return holds ? "ok" : "WRONG";
}

bool
bench_print_end(const struct bench *bench, const struct spt_runtime_leaks *leaks)
{
	const struct bench_totals *t = &bench->totals;
	uint64_t failures = bench_failures_sum(&t->failed);
	bool fine = t->attempts == t->completions + failures, some;

	printf("attempts %" PRIu64 " = completions %" PRIu64 " + failures %" PRIu64 ": %s\n",
	    t->attempts, t->completions, failures, law(fine));
	if (bench->options.flood.on)
		fine &= flood_print_law(bench);
	fine &= ports_print_end(&bench->ports, bench->options.link.quiet);
	fine &= ports_print_law("client", &bench->end.stats);
	if (bench->server)
		fine &= ports_print_law("server", &bench->server_end.stats);
	printf("mbufs not given back: %u: %s\n", leaks->mbufs, law(leaks->mbufs == 0));
	if (leaks->driver && !bench->options.link.quiet)
		printf("mbufs that the driver kept, as it always does: %u\n", leaks->driver);
	fflush(stdout);
	some = t->attempts == 0 || t->completions > 0;
	if (!some)
		fprintf(
		    stderr, "septet bench: of %" PRIu64 " attempts none succeeded\n", t->attempts);
	return fine && leaks->mbufs == 0 && some;
}

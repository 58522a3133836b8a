/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `septet serve` says at its start and its end. The summary shows the law of the counters:
 * every frame received is in exactly one verdict.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_ether.h>

#include "common/address.h"
#include "serve/serve.h"

static const char *const impairment_names[] = {
    [SPT_IMPAIR_LOST] = "lost",
    [SPT_IMPAIR_DELAYED] = "delayed",
    [SPT_IMPAIR_REORDERED] = "reordered",
    [SPT_IMPAIR_DUPLICATED] = "duplicated",
    [SPT_IMPAIR_CORRUPTED] = "corrupted",
};

void
serve_print_start(const struct serve *serve, const struct spt_eal_info *eal)
{
	const struct serve_options *o = &serve->options;
	struct spt_runtime_info info;
	char text[2 * ADDRESS_TEXT];

	spt_runtime_info(serve->runtime, &info);
	printf("%s\n", eal->summary);
	printf("port %s: %s, MAC " RTE_ETHER_ADDR_PRT_FMT "\n", o->port,
	    info.port[0].device.summary, info.port[0].mac[0], info.port[0].mac[1],
	    info.port[0].mac[2], info.port[0].mac[3], info.port[0].mac[4], info.port[0].mac[5]);
	if (info.engines < o->cores)
		printf("port %s: %u queue%s for %u cores: %u engine%s\n", o->port,
		    info.port[0].device.queues, info.port[0].device.queues == 1 ? "" : "s",
		    o->cores, info.engines, info.engines == 1 ? " runs" : "s run");
	if (o->impair_text)
		printf("impaired: %s\n", o->impair_text);
	printf("memory: %.1f MiB for tables and records, %.1f MiB for %" PRIu32
	       " mbufs, %u engine%s\n",
	    (double)info.table_bytes / (1 << 20), (double)info.mbuf_bytes / (1 << 20), info.mbufs,
	    info.engines, info.engines == 1 ? "" : "s");
	for (unsigned int i = 0; i < o->n_local; i++)
		printf("address %s\n", address_local_text(&o->local[i], text));
	for (unsigned int i = 0; i < o->n_listen; i++)
		printf("serving %s\n", serve_listen_text(&o->listen[i], text, sizeof(text)));
	/* Scripts wait for this line. */
	printf("ready\n");
	fflush(stdout);
}

static uint64_t
report_verdicts(const struct spt_stats *s)
{
	uint64_t sum = 0;

	for (unsigned int v = 0; v < SPT_V_COUNT; v++)
		sum += s->verdict[v];
	return sum;
}

static void
report_line(const char *name, uint64_t value, const char *text)
{
	if (value)
		printf("  %-24s%16" PRIu64 "  %s\n", name, value, text);
}

static void
report_counters(const struct spt_runtime_snapshot *s)
{
	printf("frames received, each by what became of it:\n");
	for (unsigned int v = 0; v < SPT_V_COUNT; v++)
		report_line(spt_verdict_name((enum spt_verdict)v), s->stats.verdict[v],
		    spt_verdict_text((enum spt_verdict)v));
	printf("counters:\n");
#define X(field, text) report_line(#field, s->stats.field, text);
	SPT_COUNTERS(X)
#undef X
	report_line("timewait", s->stats.timewait, "TIME-WAIT records left, given up");
	report_line("port_rx_missed", s->port.rx_missed, "frames lost before us");
	report_line(
	    "port_rx_no_mbuf", s->port.rx_no_mbuf, "frames lost: no buffer to receive into");
	for (unsigned int i = 0; i < RTE_DIM(impairment_names); i++)
		report_line(impairment_names[i], s->port.impaired[i], "by --impair");
}

static void
report_services(const struct serve *serve)
{
	const struct serve_options *o = &serve->options;
	char text[2 * ADDRESS_TEXT];

	for (unsigned int i = 0; i < o->n_listen; i++) {
		const struct service_totals *t = &serve->totals[i];

		printf("service %s:\n", serve_listen_text(&o->listen[i], text, sizeof(text)));
#define X(field, help) report_line(#field, t->field, help);
		SERVICE_TOTALS(X)
#undef X
	}
}

static int
report_json(const struct serve *serve, const struct spt_runtime_snapshot *s,
    const struct spt_runtime_leaks *leaks, bool fine)
{
	const struct serve_options *o = &serve->options;
	FILE *f = fopen(o->json, "w");
	char text[ADDRESS_TEXT];

	if (!f)
		return -errno;
	fprintf(f, "{\n  \"counters\": {");
#define X(field, help) fprintf(f, "\n    \"" #field "\": %" PRIu64 ",", s->stats.field);
	SPT_COUNTERS(X)
#undef X
	fprintf(f, "\n    \"timewait\": %" PRIu64 "\n  },\n  \"verdicts\": {", s->stats.timewait);
	for (unsigned int v = SPT_V_CONTINUE + 1; v < SPT_V_COUNT; v++)
		fprintf(f, "%s\n    \"%s\": %" PRIu64, v > SPT_V_CONTINUE + 1 ? "," : "",
		    spt_verdict_name((enum spt_verdict)v), s->stats.verdict[v]);
	fprintf(f,
	    "\n  },\n  \"port\": {\"rx_frames\": %" PRIu64 ", \"rx_bytes\": %" PRIu64
	    ", \"tx_frames\": %" PRIu64 ", \"tx_bytes\": %" PRIu64 ", \"rx_missed\": %" PRIu64
	    ", \"rx_no_mbuf\": %" PRIu64 "},\n  \"services\": [",
	    s->port.rx_frames, s->port.rx_bytes, s->port.tx_frames, s->port.tx_bytes,
	    s->port.rx_missed, s->port.rx_no_mbuf);
	for (unsigned int i = 0; i < o->n_listen; i++) {
		const struct service_totals *t = &serve->totals[i];

		fprintf(f, "%s\n    {\"service\": \"%s\", \"local\": \"%s\"", i ? "," : "",
		    o->listen[i].service->name, address_endpoint_text(&o->listen[i].local, text));
#define X(field, help) fprintf(f, ", \"" #field "\": %" PRIu64, t->field);
		SERVICE_TOTALS(X)
#undef X
		fprintf(f, "}");
	}
	fprintf(f, "\n  ],\n  \"mbufs_lost\": %u,\n  \"ok\": %s\n}\n", leaks->mbufs,
	    fine ? "true" : "false");
	return fclose(f) ? -errno : 0;
}

bool
serve_print_summary(const struct serve *serve, const struct spt_runtime_snapshot *end,
    const struct spt_runtime_leaks *leaks)
{
	uint64_t sum = report_verdicts(&end->stats);
	bool fine = sum == end->stats.rx_frames, kept = leaks->mbufs == 0;
	int rc = 0;

	if (!serve->options.quiet) {
		report_services(serve);
		report_counters(end);
	}
	printf("rx_frames %" PRIu64 " = sum of verdicts %" PRIu64 ": %s\n", end->stats.rx_frames,
	    sum, fine ? "ok" : "WRONG");
	printf("mbufs not given back: %u: %s\n", leaks->mbufs, kept ? "ok" : "WRONG");
	if (leaks->driver && !serve->options.quiet)
		printf("mbufs that the driver kept, as it always does: %u\n", leaks->driver);
	if (serve->options.json)
		rc = report_json(serve, end, leaks, fine && kept);
	fflush(stdout);
	if (rc)
		fprintf(stderr, "septet: --json %s: %s\n", serve->options.json, strerror(-rc));
	return fine && kept && rc == 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `septet serve` says at its start and its end. The summary shows the law of the counters:
 * every frame received is in exactly one verdict.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/address.h"
#include "serve/serve.h"

static const char *const impairment_names[] = {
    [SPT_IMPAIR_LOST] = "lost",
    [SPT_IMPAIR_DELAYED] = "delayed",
    [SPT_IMPAIR_REORDERED] = "reordered",
    [SPT_IMPAIR_DUPLICATED] = "duplicated",
    [SPT_IMPAIR_CORRUPTED] = "corrupted",
    [SPT_IMPAIR_DROPPED] = "dropped",
    [SPT_IMPAIR_MARKED] = "marked",
};

void
serve_print_start(const struct serve *serve, const struct spt_eal_info *eal, const char *user)
{
	const struct serve_options *o = &serve->options;
	struct spt_runtime_info info;
	char text[2 * ADDRESS_TEXT];

	spt_runtime_info(serve->runtime, &info);
	printf("%s\n", eal->summary);
	ports_print_start(&o->link, &info, o->cores);
	printf("memory: %.1f MiB for tables and records, %.1f MiB for %" PRIu32
	       " mbufs, %u engine%s\n",
	    (double)info.table_bytes / (1 << 20), (double)info.mbuf_bytes / (1 << 20), info.mbufs,
	    info.engines, info.engines == 1 ? "" : "s");
	printf("%s\n", user);
	for (unsigned int i = 0; i < o->n_listen; i++)
		printf("serving %s\n", serve_listen_text(&o->listen[i], text, sizeof(text)));
	/* Scripts wait for this line. */
	printf("ready\n");
	fflush(stdout);
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
	report_line("port_rx_merged", s->port.rx_merged,
	    "segments that came up as part of the one before, outside of rx_frames");
	report_line("port_rx_vlan_other", s->port.rx_vlan_other,
	    "frames of no VLAN or another one, dropped before they counted");
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
report_json(struct serve *serve, const struct spt_runtime_snapshot *s,
    const struct spt_runtime_leaks *leaks, bool fine)
{
	struct serve_options *o = &serve->options;
	json_t *ports = ports_json(&serve->ports, &o->link);
	char text[ADDRESS_TEXT];
	FILE *f = o->json.f;

	output_begin(&o->json);
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
	    ", \"rx_no_mbuf\": %" PRIu64 "},\n  \"ports\": ",
	    s->port.rx_frames, s->port.rx_bytes, s->port.tx_frames, s->port.tx_bytes,
	    s->port.rx_missed, s->port.rx_no_mbuf);
	json_dumpf(ports, f, 0);
	json_decref(ports);
	fprintf(f, ",\n  \"services\": [");
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
	return output_end(&o->json);
}

bool
serve_print_summary(struct serve *serve, const struct spt_runtime_snapshot *end,
    const struct spt_runtime_leaks *leaks)
{
	bool quiet = serve->options.link.quiet, kept = leaks->mbufs == 0, fine, printed;
	int rc = 0;

	if (!quiet) {
		report_services(serve);
		report_counters(end);
	}
	fine = ports_print_end(&serve->ports, quiet);
	fine &= ports_print_law("", &end->stats);
	printf("mbufs not given back: %u: %s\n", leaks->mbufs, kept ? "ok" : "WRONG");
	if (leaks->driver && !quiet)
		printf("mbufs that the driver kept, as it always does: %u\n", leaks->driver);
	if (serve->options.json.f)
		rc = report_json(serve, end, leaks, fine && kept);
	printed = output_printed("septet serve");
	if (rc)
		fprintf(stderr, "septet serve: --json '%s' could not be written: %s\n",
		    serve->options.json.path, strerror(-rc));
	return fine && kept && printed && rc == 0;
}

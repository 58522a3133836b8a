/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything that a run came to, as JSON: docs/bench.md has the names, which do not change. A
 * figure that is unknown is null, never missing.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <rte_common.h>

#include "base/addr.h"
#include "bench/check.h"
#include "bench/flood.h"
#include "bench/predict.h"
#include "bench/search.h"
#include "common/address.h"
#include "common/rows.h"
#include "serve/serve.h"

#define JSON_SCHEMA 1

/* ---- small helpers: what cannot be had is null ------------------------------------ */

static void
put_count(json_t *to, const char *name, uint64_t value)
{
	json_object_set_new(to, name, json_integer((json_int_t)value));
}

static void
put_known(json_t *to, const char *name, bool known, uint64_t value)
{
	json_object_set_new(to, name, known ? json_integer((json_int_t)value) : json_null());
}

static void
put_real(json_t *to, const char *name, double value)
{
	json_object_set_new(to, name, isfinite(value) ? json_real(value) : json_null());
}

/* Negative: unknown. */
static void
put_share(json_t *to, const char *name, double value)
{
	json_object_set_new(to, name, value >= 0 ? json_real(value) : json_null());
}

static void
put_text(json_t *to, const char *name, const char *value)
{
	/* What the user typed may be no UTF-8. */
	json_t *text = value ? json_string(value) : NULL;

	json_object_set_new(to, name, text ? text : json_null());
}

static void
put_bool(json_t *to, const char *name, bool value)
{
	json_object_set_new(to, name, json_boolean(value));
}

/* A child that is filled in by the caller. */
static json_t *
put_object(json_t *to, const char *name)
{
	json_t *child = json_object();

	json_object_set_new(to, name, child);
	return child;
}

static json_t *
put_array(json_t *to, const char *name)
{
	json_t *child = json_array();

	json_object_set_new(to, name, child);
	return child;
}

/* ---- figures ------------------------------------------------------------------------ */

static void
put_latency(json_t *to, const char *name, const struct histogram *h)
{
	static const struct {
		const char *name;
		double share;
	} points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
	json_t *o = put_object(to, name);
	bool some = h->count > 0;

	for (size_t i = 0; i < RTE_DIM(points); i++)
		put_real(o, points[i].name,
		    some ? (double)histogram_percentile(h, points[i].share) / 1e3 : NAN);
	put_real(o, "max", some ? (double)h->max / 1e3 : NAN);
	put_real(o, "min", some ? (double)h->min / 1e3 : NAN);
	put_real(o, "mean", some ? h->sum / (double)h->count / 1e3 : NAN);
	put_count(o, "count", h->count);
}

static void
put_totals(json_t *to, const struct bench_totals *t)
{
	json_t *reasons;

#define X(field, text) put_count(to, #field, t->field);
	BENCH_TOTALS(X)
#undef X
	put_count(to, "failures", bench_failures_sum(&t->failed));
	reasons = put_object(to, "failures_by_reason");
#define X(field, text) put_count(reasons, #field, t->failed.field);
	BENCH_FAILURES(X)
#undef X
}

/* What latency_us means depends on what the mode is about. */
static const struct histogram *
json_main_latency(const struct bench *bench)
{
	const struct bench_result *r = &bench->result;

	switch (bench->options.mode) {
	case MODE_REQUESTS: return r->latency[LATENCY_REQUEST];
	case MODE_CONCURRENT: return r->latency[LATENCY_HANDSHAKE];
	case MODE_CONNECTIONS:
	case MODE_THROUGHPUT: break;
	}
	return r->latency[LATENCY_CONNECTION];
}

static void
put_rates(json_t *to, const struct bench *bench)
{
	const struct bench_result *r = &bench->result;
	/* Of a flood's frames and cycles none is a connection's. */
	bool alone = r->totals.completions && !bench->options.flood.on;
	bool bulk = bench->options.mode == MODE_THROUGHPUT && r->cycles_per_byte > 0;

	put_real(to, "seconds", r->seconds);
	put_real(to, "connections_per_second", r->connections_median);
	put_real(to, "connections_per_second_least", r->connections_least);
	put_real(to, "connections_per_second_most", r->connections_most);
	put_real(to, "handshakes_per_second", r->handshakes_median);
	put_real(to, "requests_per_second", r->requests_median);
	put_real(to, "bits_in_per_second", r->bits_in);
	put_real(to, "bits_out_per_second", r->bits_out);
	put_real(to, "rate_asked", r->asked > 0 ? r->asked : NAN);
	put_real(to, "packets_per_connection", alone ? r->packets_per_connection : NAN);
	put_real(to, "cycles_per_connection", alone ? r->cycles_per_connection : NAN);
	put_real(to, "server_cycles_per_connection",
	    r->server_known && alone ? r->server_cycles_per_connection : NAN);
	put_real(to, "cycles_per_byte", bulk ? r->cycles_per_byte : NAN);
	put_real(to, "server_cycles_per_byte",
	    bulk && r->server_known ? r->server_cycles_per_byte : NAN);
}

static void
put_machine(json_t *to, const struct bench *bench)
{
	const struct spt_runtime_info *info = &bench->info;
	const struct bench_result *r = &bench->result;

	put_text(to, "limit", bench_limit_name(r->limit));
	put_text(to, "limit_text", r->limit_text);
	put_share(to, "client_busy", r->client_busy);
	put_share(to, "server_busy", r->server_busy);
	put_share(to, "cpu_share", r->cpu_share);
	put_share(to, "line_rate_share", r->line_rate_share);
	put_text(to, "port", bench->options.link.port[0].spec.text);
	put_text(to, "port_driver", info->port[0].device.driver);
	if (ports_speed(info))
		put_count(to, "port_speed_mbps", ports_speed(info));
	else
		json_object_set_new(to, "port_speed_mbps", json_null());
	put_count(to, "cores", info->lcores);
	put_count(to, "engines", info->engines);
	put_count(to, "server_engines", info->peers);
	put_count(to, "table_bytes", info->table_bytes);
	put_count(to, "mbuf_bytes", info->mbuf_bytes);
	put_bool(to, "hugepages", bench->eal.hugepages);
	put_count(to, "clock_hz", spt_runtime_hz());
	put_count(to, "held", r->held);
	if (bench->options.mode == MODE_CONCURRENT)
		put_count(to, "bytes_per_connection", r->bytes_per_connection);
	else
		json_object_set_new(to, "bytes_per_connection", json_null());
	put_count(to, "source_ports", predict_tuples(&bench->options));
	put_count(to, "source_ports_used", bench->source.used);
}

static void
put_end(json_t *to, const char *name, const struct spt_runtime_snapshot *s)
{
	json_t *end = put_object(to, name), *o = put_object(end, "counters");

#define X(field, text) put_count(o, #field, s->stats.field);
	SPT_COUNTERS(X)
#undef X
	put_count(o, "timewait", s->stats.timewait);
	o = put_object(end, "verdicts");
	for (unsigned int v = SPT_V_CONTINUE + 1; v < SPT_V_COUNT; v++)
		put_count(o, spt_verdict_name((enum spt_verdict)v), s->stats.verdict[v]);
	o = put_object(end, "port");
	put_count(o, "rx_frames", s->port.rx_frames);
	put_count(o, "rx_bytes", s->port.rx_bytes);
	put_count(o, "tx_frames", s->port.tx_frames);
	put_count(o, "tx_bytes", s->port.tx_bytes);
	put_count(o, "tx_refused", s->port.tx_refused);
	put_count(o, "rx_missed", s->port.rx_missed);
	put_count(o, "rx_no_mbuf", s->port.rx_no_mbuf);
	put_count(o, "rx_merged", s->port.rx_merged);
}

/* What the server's services counted. */
static void
put_services(json_t *to, const struct bench *bench)
{
	json_t *list = put_array(json_object_get(to, "server"), "services");
	const struct serve *server = bench->server;
	char text[ADDRESS_TEXT];

	for (unsigned int i = 0; i < server->options.n_listen; i++) {
		const struct serve_listen *l = &server->options.listen[i];
		json_t *o = json_object();

		put_text(o, "service", l->service->name);
		put_text(o, "local", address_endpoint_text(&l->local, text));
#define X(field, help) put_count(o, #field, server->totals[i].field);
		SERVICE_TOTALS(X)
#undef X
		json_array_append_new(list, o);
	}
}

static void
put_samples(json_t *to, const struct bench *bench)
{
	json_t *list = put_array(to, "samples");

	for (size_t i = 0; i < bench->n_seconds; i++) {
		const struct bench_second *s = &bench->seconds[i];
		double per = s->seconds > 0 ? 1 / s->seconds : 0;
		json_t *o = json_object();

		put_real(o, "at", s->at);
		put_real(o, "seconds", s->seconds);
		put_count(o, "phase", s->phase);
		put_bool(o, "loading", s->loading);
		put_real(o, "rate_asked", s->asked > 0 ? s->asked : NAN);
		put_real(o, "connections_per_second", (double)s->totals.completions * per);
		put_real(o, "handshakes_per_second", (double)s->totals.handshakes * per);
		put_real(o, "requests_per_second", (double)s->totals.responses * per);
		put_share(o, "client_busy", s->client_busy);
		put_share(o, "server_busy", s->server_busy);
		put_count(o, "in_progress", s->in_progress);
		put_count(o, "open", s->open);
		/* Nothing ended in it: that is no latency of 0. */
		put_real(o, "p50_us", s->max ? (double)s->p50 / 1e3 : NAN);
		put_real(o, "p99_us", s->max ? (double)s->p99 / 1e3 : NAN);
		put_real(o, "max_us", s->max ? (double)s->max / 1e3 : NAN);
		put_totals(o, &s->totals);
		json_array_append_new(list, o);
	}
}

static void
put_trials(json_t *to, const struct bench *bench)
{
	json_t *list = put_array(to, "trials");

	for (size_t i = 0; i < bench->n_trials; i++) {
		const struct search_trial *t = &bench->trials[i];
		json_t *o = json_object();

		put_real(o, "rate_asked", t->asked);
		put_share(o, "begun_share", t->begun_share);
		put_share(o, "failures_share", t->failures_share);
		put_share(o, "late_share", t->late_share);
		put_real(o, "late_us", t->late_ns / 1e3);
		put_bool(o, "passed", t->verdict == SEARCH_PASSED);
		json_array_append_new(list, o);
	}
}

static void
put_step(json_t *to, const struct flood_step *s)
{
	bool server = s->server_busy >= 0, timed = s->max > 0;
	json_t *o;

	put_real(to, "flood_asked_per_second", s->asked);
	put_real(to, "flood_offered_per_second", s->offered);
	put_real(to, "flood_per_second", s->carried);
	put_count(to, "frames_lost", s->lost);
	put_share(to, "load_share", s->share);
	put_real(to, "seconds", s->seconds);
	put_count(to, "honest_attempts", s->totals.attempts);
	put_share(to, "honest_success_share", flood_success_share(s));
	put_share(to, "honest_first_syn_share", flood_first_syn_share(s));
	o = put_object(to, "handshake_us");
	put_real(o, "p50", timed ? (double)s->p50 / 1e3 : NAN);
	put_real(o, "p99", timed ? (double)s->p99 / 1e3 : NAN);
	put_real(o, "max", timed ? (double)s->max / 1e3 : NAN);
	put_totals(put_object(to, "honest"), &s->totals);
	o = put_object(to, "flood");
#define X(field, text) put_count(o, #field, s->counts.field);
	FLOOD_COUNTS(X)
#undef X
	put_share(to, "server_busy", s->server_busy);
	put_share(to, "cpu_share", s->cpu_share);
	put_known(to, "server_cookies", server, flood_cookies(s));
	put_known(to, "server_syns_dropped", server, flood_dropped(s));
}

/* Of --mode flood; of others the list is empty, and there is no flood. */
static void
put_flood(json_t *to, const struct bench *bench)
{
	const struct flood_options *f = &bench->options.flood;
	json_t *list = put_array(to, "steps"), *o;
	char text[ADDRESS_TEXT + 8];

	for (size_t i = 0; i < bench->n_steps; i++) {
		o = json_object();
		put_step(o, &bench->steps[i]);
		json_array_append_new(list, o);
	}
	if (!f->on) {
		json_object_set_new(to, "flood", json_null());
		return;
	}
	o = put_object(to, "flood");
	put_text(o, "kind", flood_kind_name(f->kind));
	address_text(&f->prefix, text);
	snprintf(text + strlen(text), 8, "/%u", f->length);
	put_text(o, "prefix", f->kind == FLOOD_SILENT ? NULL : text);
	put_text(o, "syn_cookies", bench->server ? rows_cookies_name(f->cookies) : NULL);
	put_known(
	    o, "backlog", bench->server, bench->server ? bench->server->options.conn.backlog : 0);
	json_object_set_new(
	    o, "defer_accept", bench->server ? json_boolean(f->defer_accept) : json_null());
	put_real(o, "idle_timeout_seconds", f->idle_timeout_ms ? f->idle_timeout_ms / 1e3 : NAN);
	put_real(o, "lossless_per_second", bench->flood_most > 0 ? bench->flood_most : NAN);
	put_bool(o, "lossless_confirmed", bench->confirmed);
#define X(field, text) put_count(o, #field, bench->flood_total.field);
	FLOOD_COUNTS(X)
#undef X
}

/* ---- the configuration ------------------------------------------------------------------ */

static void
put_where(json_t *to, const struct bench_options *o)
{
	const struct link_options *link = &o->link;
	const struct spt_runtime_port *port = link->port;
	char text[2 * ADDRESS_TEXT];
	json_t *list;

	put_text(to, "port", port[0].spec.text);
	list = put_array(to, "address");
	for (unsigned int i = 0; i < link->n_local; i++)
		json_array_append_new(list, json_string(address_local_text(&link->local[i], text)));
	list = put_array(to, "target");
	for (unsigned int i = 0; i < o->n_target; i++)
		json_array_append_new(
		    list, json_string(address_endpoint_text(&o->target[i], text)));
	list = put_array(to, "gateway");
	for (unsigned int i = 0; i < link->n_ports; i++) {
		if (!addr_is_zero(&port[i].gateway4))
			json_array_append_new(
			    list, json_string(address_text(&port[i].gateway4, text)));
		if (!addr_is_zero(&port[i].gateway6))
			json_array_append_new(
			    list, json_string(address_text(&port[i].gateway6, text)));
	}
	list = put_array(to, "source_ports");
	json_array_append_new(list, json_integer(o->port_first));
	json_array_append_new(list, json_integer(o->port_last));
	put_count(to, "mtu", port[0].mtu);
	put_text(to, "impair", link->of[0].impair_text);
}

static void
put_load(json_t *to, const struct bench_options *o)
{
	put_text(to, "mode", bench_mode_name(o));
	put_text(to, "request", bench_exchange_name(o->exchange));
	put_count(to, "request_bytes", o->request_bytes);
	put_text(to, "path", o->exchange == EXCHANGE_HTTP ? o->path : NULL);
	put_count(to, "requests", o->requests);
	put_count(to, "connections", o->connections);
	put_real(to, "traffic_seconds", o->traffic_ms ? o->traffic_ms / 1e3 : NAN);
	put_text(to, "close", bench_close_name(o->close));
	put_text(to, "direction",
	    o->mode == MODE_THROUGHPUT ? bench_direction_name(o->direction) : NULL);
	put_bool(to, "verify", o->verify);
	put_real(to, "duration_seconds", o->duration_ms ? o->duration_ms / 1e3 : NAN);
	put_real(to, "rate", o->rate > 0 ? o->rate : NAN);
	put_real(to, "ramp_from", o->ramp ? o->ramp_from : NAN);
	put_real(to, "ramp_to", o->ramp ? o->ramp_to : NAN);
	put_bool(to, "search", o->search);
	put_real(to, "max_failures_percent", 100 * o->max_failures);
	put_count(to, "concurrency", o->concurrency);
	put_count(to, "attempts", o->attempts);
	put_real(to, "timeout_seconds", o->timeout_ms / 1e3);
	put_real(to, "drain_seconds", o->drain_ms / 1e3);
}

static void
put_tcp(json_t *to, const struct bench_options *o)
{
	put_real(to, "msl_seconds", o->engine.msl_ms / 1e3);
	put_real(to, "rto_min_seconds", o->engine.rto_min_ms / 1e3);
	put_real(to, "delayed_ack_seconds", o->engine.delayed_ack_ms / 1e3);
	put_count(to, "timewait", o->engine.timewait);
	put_count(to, "receive_buffer", o->conn.receive_buffer);
	put_count(to, "receive_buffer_max", o->conn.receive_buffer_max);
	put_count(to, "send_buffer", o->conn.send_buffer);
	put_bool(to, "keepalive", o->conn.keepalive);
	put_bool(to, "nodelay", o->conn.nodelay);
	put_bool(to, "no_delayed_ack", o->conn.no_delayed_ack);
	put_bool(to, "no_timestamps", o->conn.no_timestamps);
	put_bool(to, "no_sack", o->conn.no_sack);
	put_text(to, "congestion", rows_congestion_name((enum spt_congestion)o->conn.congestion));
	put_text(to, "ecn", rows_ecn_name((enum spt_ecn)o->conn.ecn));
	put_count(to, "cores", o->cores);
	put_text(to, "lcores", o->link.lcores);
	put_count(to, "mbufs", o->mbufs);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static json_t *
json_all(const struct bench *bench, const struct spt_runtime_leaks *leaks, bool ok)
{
	const struct bench_result *r = &bench->result;
	json_t *root = json_object(), *o;

	put_count(root, "schema", JSON_SCHEMA);
	put_rates(root, bench);
	put_totals(root, &r->totals);
	put_latency(root, "latency_us", json_main_latency(bench));
	put_latency(root, "handshake_latency_us", r->latency[LATENCY_HANDSHAKE]);
	put_latency(root, "connection_latency_us", r->latency[LATENCY_CONNECTION]);
	put_latency(root, "request_latency_us", r->latency[LATENCY_REQUEST]);
	put_machine(root, bench);
	put_bool(root, "ok", ok);
	put_bool(root, "interrupted", bench->interrupted);
	put_bool(root, "behind", bench->behind);
	json_object_set_new(root, "confirmed",
	    bench->options.search ? json_boolean(bench->confirmed) : json_null());
	put_count(root, "mbufs_lost", leaks->mbufs);
	put_totals(put_object(root, "run"), &bench->totals);
	json_object_set_new(root, "ports", ports_json(&bench->ports, &bench->options.link));
	put_end(root, "client", &bench->end);
	if (bench->server) {
		put_end(root, "server", &bench->server_end);
		put_services(root, bench);
	} else {
		json_object_set_new(root, "server", json_null());
	}
	o = put_object(root, "configuration");
	put_where(o, &bench->options);
	put_load(o, &bench->options);
	put_tcp(o, &bench->options);
	put_trials(root, bench);
	put_flood(root, bench);
	put_samples(root, bench);
	return root;
}

int
bench_write_json(struct bench *bench, const struct spt_runtime_leaks *leaks, bool ok)
{
	struct output *out = &bench->options.json;
	json_t *root = json_all(bench, leaks, ok);
	int rc = 0, end;

	output_begin(out);
	if (json_dumpf(root, out->f, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) ||
	    fputc('\n', out->f) == EOF)
		rc = errno ? -errno : -EIO;
	json_decref(root);
	end = output_end(out);
	return rc ? rc : end;
}

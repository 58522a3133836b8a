/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is written down: the JSON is read back by the library that others use too and has every
 * name that is promised; the picture is well-formed, and its text stays inside and apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "bench/flood.h"
#include "bench/search.h"

#define SECONDS 12
#define DEPTH   16
#define TEXTS   64

static struct bench bench;
static struct bench_second seconds[SECONDS];
static struct search_trial trial;
static const struct spt_runtime_leaks leaks;
static char path[] = "/tmp/septet-bench-report-XXXXXX";
static char text[1 << 18];

static int
set_up(void **state)
{
	static char *none[] = {NULL};
	char error[256];

	memset(&bench, 0, sizeof(bench));
	assert_int_equal(bench_options_parse(&bench.options, 0, none, error, sizeof(error)), 0);
	for (unsigned int l = 0; l < LATENCIES; l++) {
		bench.result.latency[l] = histogram_create();
		for (uint64_t i = 1; i <= 1000; i++)
			histogram_record(bench.result.latency[l], i * 1000);
	}
	for (unsigned int i = 0; i < SECONDS; i++)
		seconds[i] = (struct bench_second){.at = i + 1,
		    .seconds = 1,
		    .phase = 1,
		    .loading = true,
		    .p50 = 100000,
		    .p99 = 900000,
		    .server_busy = -1,
		    .totals.completions = 500000 + 1000 * i};
	bench.seconds = seconds;
	bench.n_seconds = SECONDS;
	bench.trials = &trial;
	bench.n_trials = 1;
	bench.result.connections_median = 505000;
	bench.result.totals.attempts = 10;
	bench.result.totals.completions = 7;
	bench.result.totals.failed.refused = 2;
	bench.result.totals.failed.other = 1;
	bench.result.limit = LIMIT_CLIENT_CPU;
	bench.info.lcores = 2;
	return 0;
}

static int
tear_down(void **state)
{
	for (unsigned int l = 0; l < LATENCIES; l++)
		free(bench.result.latency[l]);
	return 0;
}

static size_t
file_read(void)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	assert_true(n < sizeof(text) - 1);
	return n;
}

/* ---- JSON ------------------------------------------------------------------------ */

static void
open_output(struct output *output, const char *to)
{
	char error[256];

	output->path = to;
	assert_int_equal(output_open(output, "file", error, sizeof(error)), 0);
}

static json_t *
json_written(bool ok)
{
	json_error_t error;
	json_t *root;

	open_output(&bench.options.json, path);
	assert_int_equal(bench_write_json(&bench, &leaks, ok), 0);
	root = json_load_file(path, 0, &error);
	if (!root)
		print_error("%s, line %d\n", error.text, error.line);
	assert_non_null(root);
	return root;
}

/* "latency_us.p50": a value that is there. */
static json_t *
json_at(json_t *root, const char *name)
{
	char word[64];
	json_t *at = root;

	while (*name) {
		size_t n = strcspn(name, ".");

		snprintf(word, sizeof(word), "%.*s", (int)n, name);
		at = json_object_get(at, word);
		if (!at)
			print_error("'%s' is missing\n", word);
		assert_non_null(at);
		name += n + (name[n] == '.');
	}
	return at;
}

static void
json_has_every_name(void **state)
{
	static const char *const names[] = {"schema", "connections_per_second",
	    "connections_per_second_least", "connections_per_second_most", "handshakes_per_second",
	    "requests_per_second", "bits_in_per_second", "bits_out_per_second",
	    "packets_per_connection", "cycles_per_connection", "server_cycles_per_connection",
	    "cycles_per_byte", "server_cycles_per_byte", "latency_us.p50", "latency_us.p90",
	    "latency_us.p99", "latency_us.p999", "latency_us.max", "latency_us.count",
	    "handshake_latency_us.p50", "connection_latency_us.p50", "request_latency_us.p50",
	    "attempts", "completions", "failures", "failures_by_reason.refused",
	    "failures_by_reason.no_source_port", "limit", "limit_text", "port", "cores", "engines",
	    "client_busy", "server_busy", "cpu_share", "line_rate_share", "held",
	    "bytes_per_connection", "source_ports", "source_ports_used", "ok", "interrupted",
	    "behind", "confirmed", "mbufs_lost", "run.attempts", "client.counters.rx_frames",
	    "client.verdicts.tcp_ack", "client.port.rx_frames", "server", "configuration.mode",
	    "configuration.port", "configuration.concurrency", "configuration.msl_seconds",
	    "configuration.congestion", "configuration.ecn", "configuration.no_sack",
	    "configuration.receive_buffer_max", "samples", "trials", "steps", "flood"};
	json_t *root = json_written(true);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_at(root, names[i]);
	json_decref(root);
}

static void
json_has_the_figures(void **state)
{
	json_t *root, *sample;

	seconds[0].max = 1000000;
	root = json_written(true);
	assert_true(json_number_value(json_at(root, "connections_per_second")) == 505000);
	assert_int_equal(json_integer_value(json_at(root, "attempts")), 10);
	assert_int_equal(json_integer_value(json_at(root, "failures")), 3);
	assert_int_equal(json_integer_value(json_at(root, "failures_by_reason.refused")), 2);
	assert_string_equal(json_string_value(json_at(root, "limit")), "client CPU");
	assert_string_equal(json_string_value(json_at(root, "port")), "memory");
	assert_int_equal(json_integer_value(json_at(root, "cores")), 2);
	assert_true(fabs(json_number_value(json_at(root, "latency_us.p50")) - 500) < 2);
	assert_true(json_number_value(json_at(root, "latency_us.max")) == 1000);
	assert_true(json_is_true(json_at(root, "ok")));
	/* What is unknown is null. */
	assert_true(json_is_null(json_at(root, "server")));
	assert_true(json_is_null(json_at(root, "rate_asked")));
	assert_true(json_is_null(json_at(root, "confirmed")));
	assert_true(json_is_null(json_at(root, "flood")));
	assert_int_equal(json_array_size(json_at(root, "steps")), 0);
	assert_int_equal(json_array_size(json_at(root, "samples")), SECONDS);
	sample = json_array_get(json_at(root, "samples"), 0);
	assert_true(json_number_value(json_at(sample, "connections_per_second")) == 500000);
	assert_true(json_is_null(json_at(sample, "server_busy")));
	assert_true(json_number_value(json_at(sample, "p50_us")) == 100);
	sample = json_array_get(json_at(root, "samples"), 1);
	assert_true(json_is_null(json_at(sample, "p50_us")));
	assert_true(json_is_null(json_at(sample, "max_us")));
	json_decref(root);
}

/* What is no number is no JSON: it is written as null. */
static void
json_of_nothing(void **state)
{
	json_t *root;

	for (unsigned int l = 0; l < LATENCIES; l++)
		histogram_clear(bench.result.latency[l]);
	memset(&bench.result.totals, 0, sizeof(bench.result.totals));
	bench.n_seconds = 0;
	bench.result.packets_per_connection = NAN;
	bench.result.bits_in = INFINITY;
	snprintf(bench.options.link.port[0].spec.text, 64, "vdev:\xff");
	snprintf(bench.ports.info.port[0].text, 64, "vdev:\xff");
	bench.ports.info.n_ports = 1;
	root = json_written(false);
	assert_true(json_is_null(json_at(root, "latency_us.p50")));
	assert_true(json_is_null(json_at(root, "packets_per_connection")));
	assert_true(json_is_null(json_at(root, "bits_in_per_second")));
	assert_true(json_is_false(json_at(root, "ok")));
	assert_int_equal(json_array_size(json_at(root, "ports")), 1);
	assert_true(json_is_null(json_at(json_array_get(json_at(root, "ports"), 0), "name")));
	json_decref(root);
}

/* Each port by itself, what it is called and what went through it. */
static void
json_of_several_ports(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0xab, 1};
	json_t *root, *port;

	bench.ports.info.n_ports = bench.options.link.n_ports = 2;
	snprintf(bench.ports.info.port[0].text, 64, "tap:a");
	snprintf(bench.ports.info.port[1].text, 64, "tap:b");
	memcpy(bench.ports.info.port[1].mac, mac, sizeof(mac));
	bench.options.link.port[1].vlan = 100;
	bench.ports.port[0].port.rx_frames = 7;
	bench.ports.port[1].port.tx_refused = 8;
	bench.ports.port[1].port.rx_missed = 9;
	root = json_written(true);
	assert_int_equal(json_array_size(json_at(root, "ports")), 2);
	port = json_array_get(json_at(root, "ports"), 0);
	assert_string_equal(json_string_value(json_at(port, "name")), "tap:a");
	assert_true(json_is_null(json_at(port, "vlan")));
	assert_int_equal(json_integer_value(json_at(port, "rx_frames")), 7);
	port = json_array_get(json_at(root, "ports"), 1);
	assert_string_equal(json_string_value(json_at(port, "mac")), "02:00:00:00:ab:01");
	assert_int_equal(json_integer_value(json_at(port, "vlan")), 100);
	assert_int_equal(json_integer_value(json_at(port, "tx_refused")), 8);
	assert_int_equal(json_integer_value(json_at(port, "rx_missed")), 9);
	json_decref(root);
}

/* ---- a flood ------------------------------------------------------------------------ */

#define STEPS 3

static struct flood_step steps[STEPS];

/* Of ten honest clients at each step one more is lost, and one more had to say SYN twice. */
static void
flood_set_up(double most)
{
	bench.options.flood.on = true;
	bench.options.flood.prefix = (struct spt_addr){.b = {0x20, 0x01, 0, 2}};
	bench.options.flood.length = 48;
	bench.options.rate = 2000;
	for (unsigned int i = 0; i < STEPS; i++)
		steps[i] = (struct flood_step){.asked = most * (i + 1) / STEPS,
		    .offered = most / 2,
		    .carried = most / 4,
		    .share = i ? (i + 1.0) / STEPS : -1,
		    .seconds = 5,
		    .lost = 33,
		    .counts = {.made = 100 + i, .taken = 100, .refused = i, .second_syns = i},
		    .totals = {.attempts = 10, .completions = 10 - i, .handshakes = 10 - i},
		    .p50 = 5000,
		    .p99 = 900000,
		    .max = 1000000,
		    .server_busy = i ? 0.5 : -1,
		    .cpu_share = 1};
	steps[1].server.stats.verdict[SPT_V_TCP_SYN_COOKIE] = 77;
	bench.steps = steps;
	bench.n_steps = STEPS;
	bench.flood_most = most;
	bench.flood_total.taken = 5;
}

static void
json_of_a_flood(void **state)
{
	json_t *root, *step;

	flood_set_up(3e6);
	root = json_written(true);
	assert_string_equal(json_string_value(json_at(root, "configuration.mode")), "flood");
	assert_string_equal(json_string_value(json_at(root, "flood.kind")), "syn");
	assert_string_equal(json_string_value(json_at(root, "flood.prefix")), "2001:2::/48");
	assert_true(json_number_value(json_at(root, "flood.lossless_per_second")) == 3e6);
	assert_int_equal(json_integer_value(json_at(root, "flood.taken")), 5);
	/* Of an embedded server, if there is one. */
	assert_true(json_is_null(json_at(root, "flood.backlog")));
	assert_true(json_is_null(json_at(root, "flood.defer_accept")));
	assert_true(json_is_null(json_at(root, "flood.idle_timeout_seconds")));
	assert_true(json_is_null(json_at(root, "packets_per_connection")));
	assert_int_equal(json_array_size(json_at(root, "steps")), STEPS);
	step = json_array_get(json_at(root, "steps"), 0);
	assert_true(json_is_null(json_at(step, "load_share")));
	assert_true(json_is_null(json_at(step, "server_busy")));
	assert_true(json_is_null(json_at(step, "server_cookies")));
	step = json_array_get(json_at(root, "steps"), 1);
	assert_true(json_number_value(json_at(step, "flood_asked_per_second")) == 2e6);
	assert_true(json_number_value(json_at(step, "flood_offered_per_second")) == 1.5e6);
	assert_true(json_number_value(json_at(step, "flood_per_second")) == 0.75e6);
	assert_int_equal(json_integer_value(json_at(step, "frames_lost")), 33);
	assert_true(fabs(json_number_value(json_at(step, "load_share")) - 2 / 3.0) < 1e-6);
	assert_int_equal(json_integer_value(json_at(step, "honest_attempts")), 10);
	assert_true(fabs(json_number_value(json_at(step, "honest_success_share")) - 0.9) < 1e-9);
	assert_true(fabs(json_number_value(json_at(step, "honest_first_syn_share")) - 0.8) < 1e-9);
	assert_true(json_number_value(json_at(step, "handshake_us.p50")) == 5);
	assert_true(json_number_value(json_at(step, "handshake_us.p99")) == 900);
	assert_int_equal(json_integer_value(json_at(step, "flood.made")), 101);
	assert_int_equal(json_integer_value(json_at(step, "honest.completions")), 9);
	assert_int_equal(json_integer_value(json_at(step, "server_cookies")), 77);
	json_decref(root);
}

/* Nobody was honest, or nobody got in: that is no share, and no latency. */
static void
json_of_a_flood_alone(void **state)
{
	json_t *root, *step;

	flood_set_up(0);
	steps[0].totals = (struct bench_totals){.attempts = 0};
	steps[0].max = 0;
	root = json_written(true);
	assert_true(json_is_null(json_at(root, "flood.lossless_per_second")));
	step = json_array_get(json_at(root, "steps"), 0);
	assert_true(json_is_null(json_at(step, "honest_success_share")));
	assert_true(json_is_null(json_at(step, "honest_first_syn_share")));
	assert_true(json_is_null(json_at(step, "handshake_us.p99")));
	json_decref(root);
}

static void
files_that_cannot_be_written(void **state)
{
	struct output none = {.path = "/nonexistent/file"};
	char error[256];

	assert_true(output_open(&none, "json", error, sizeof(error)) < 0);
	assert_string_equal(error,
	    "--json '/nonexistent/file': No such file or directory; expected "
	    "a file that can be written, give another");
	open_output(&bench.options.json, "/dev/full");
	open_output(&bench.options.plot, "/dev/full");
	assert_int_equal(bench_write_json(&bench, &leaks, true), -ENOSPC);
	assert_int_equal(bench_write_plot(&bench), -ENOSPC);
}

/* A run that was refused leaves what was there; one that ended leaves nothing of it. */
static void
files_keep_what_they_hold_until_the_end(void **state)
{
	struct output output;
	FILE *f = fopen(path, "w");

	fprintf(f, "%0100d", 1);
	fclose(f);
	open_output(&output, path);
	output_close(&output);
	file_read();
	assert_int_equal(strlen(text), 100);
	open_output(&output, path);
	output_begin(&output);
	fputs("{}", output.f);
	assert_int_equal(output_end(&output), 0);
	file_read();
	assert_string_equal(text, "{}");
}

/* ---- the picture ------------------------------------------------------------------- */

/* The end of a tag: quotes hold anything but '<'. NULL: it has none. */
static const char *
svg_tag_end(const char *at)
{
	bool quoted = false;

	for (; *at; at++) {
		if (*at == '"')
			quoted = !quoted;
		if (*at == '<')
			return NULL;
		if (*at == '>' && !quoted)
			return at;
	}
	return NULL;
}

/* Tags nest, text has no bare '&', numbers are numbers. */
static void
svg_well_formed(const char *svg)
{
	char names[DEPTH][16];
	unsigned int depth = 0;
	const char *end;

	for (const char *at = svg; *at; at++) {
		assert_true(at[0] != '&' || at[1] == '#');
		if (*at != '<' || at[1] == '?')
			continue;
		end = svg_tag_end(at + 1);
		assert_non_null(end);
		if (at[1] == '/') {
			assert_true(depth > 0);
			depth--;
			assert_memory_equal(at + 2, names[depth], strlen(names[depth]));
		} else if (end[-1] != '/') {
			assert_true(depth < DEPTH);
			assert_int_equal(sscanf(at + 1, "%15[a-z]", names[depth]), 1);
			depth++;
		}
		at = end;
	}
	assert_int_equal(depth, 0);
	assert_null(strstr(svg, "nan"));
	assert_null(strstr(svg, "inf"));
}

/* Where a text stands, at about 0.56 of its size a letter. */
struct box {
	double left, right, top, bottom;
};

static struct box
svg_text_box(const char *at)
{
	const char *from = strchr(at, '>') + 1, *end = strchr(from, '<');
	double size = strstr(at, "class=\"title\"") == at + 6 ? 18 : 12;
	double x = atof(strstr(at, " x=\"") + 4), y = atof(strstr(at, " y=\"") + 4);
	double wide = (double)(end - from) * size * 0.56;
	const char *anchor = strstr(at, "text-anchor=\"");

	if (anchor && anchor < from)
		x -= strncmp(anchor + 13, "end", 3) == 0 ? wide : wide / 2;
	return (struct box){x, x + wide, y - 0.7 * size, y};
}

static void
svg_text_is_apart(const char *svg)
{
	struct box boxes[TEXTS];
	unsigned int n = 0;

	for (const char *at = strstr(svg, "<text"); at; at = strstr(at + 1, "<text")) {
		struct box b = svg_text_box(at);

		assert_true(n < TEXTS);
		assert_true(b.left >= 0 && b.right <= 960 && b.top >= 0 && b.bottom <= 640);
		for (unsigned int i = 0; i < n; i++) {
			bool apart = b.left > boxes[i].right || b.right < boxes[i].left ||
			             b.top > boxes[i].bottom || b.bottom < boxes[i].top;

			if (!apart)
				print_error("overlap: %.60s\n", at);
			assert_true(apart);
		}
		boxes[n++] = b;
	}
	assert_true(n > 10);
}

static void
svg_check(void)
{
	open_output(&bench.options.plot, path);
	assert_int_equal(bench_write_plot(&bench), 0);
	file_read();
	svg_well_formed(text);
	svg_text_is_apart(text);
}

static void
plot_is_well_formed_and_readable(void **state)
{
	svg_check();
	assert_non_null(strstr(text, "505K connections/s"));
	assert_non_null(strstr(text, ">time, s<"));
	assert_non_null(strstr(text, ">p99<"));
	assert_non_null(strstr(text, "client CPU"));
}

static unsigned int
svg_count(const char *words)
{
	unsigned int n = 0;

	for (const char *at = strstr(text, words); at; at = strstr(at + 1, words))
		n++;
	return n;
}

/* Seconds in which nothing completed are drawn as that, and nobody's latency bridges them. */
static void
plot_shows_a_stall(void **state)
{
	char zero[40];

	for (unsigned int i = 4; i < 7; i++)
		seconds[i].totals.completions = seconds[i].p50 = seconds[i].p99 = 0;
	svg_check();
	/* One line of rates; two for each percentile. */
	assert_int_equal(svg_count("<polyline"), 5);
	assert_int_equal(svg_count("<circle"), SECONDS + 2 * (SECONDS - 3));
	/* The bottom of the upper panel. */
	snprintf(zero, sizeof(zero), "cy=\"%.1f\"", 84.0 + 210);
	assert_int_equal(svg_count(zero), 3);
}

/* Figures from one to thousands of millions, times from nanoseconds to minutes, all its lines. */
static void
plot_scales(void **state)
{
	static const double rates[] = {0, 1, 7, 950, 12345, 1999999, 3.2e9};

	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++)
		for (uint64_t ns = 90; ns < UINT64_C(100000000000); ns *= 37) {
			bench.result.connections_median = rates[r];
			for (unsigned int i = 0; i < SECONDS; i++) {
				seconds[i].totals.completions = (uint64_t)rates[r];
				seconds[i].totals.failed.reset = (uint64_t)rates[r] / 3;
				seconds[i].asked = r % 2 ? rates[r] * 1.1 : 0;
				seconds[i].at = (i + 1) * (r % 3 ? 1.0 : 97.3);
				seconds[i].p50 = ns;
				seconds[i].p99 = ns * 3;
			}
			svg_check();
		}
}

static void
plot_of_a_flood(void **state)
{
	static const double most[] = {0, 1, 999, 123456, 3e6, 1e8};

	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++)
		for (uint64_t ns = 90; ns < UINT64_C(100000000000); ns *= 37) {
			flood_set_up(most[i]);
			/* Its line stands anywhere, and is left out beyond the last step. */
			bench.flood_most *= i % 3 ? 0.4 : i % 2 ? 0.9 : 2;
			for (unsigned int s = 0; s < STEPS; s++) {
				steps[s].p50 = ns;
				steps[s].p99 = steps[s].max = 3 * ns;
			}
			svg_check();
		}
	flood_set_up(3e6);
	svg_check();
	/* Two lines in each panel, a point for each step. */
	assert_int_equal(svg_count("<polyline"), 4);
	assert_int_equal(svg_count("<circle"), 4 * STEPS);
	assert_non_null(strstr(text, ">success<"));
	assert_int_equal(svg_count(">the largest rate without loss<"), 1);
	/* Who never got in has no latency. */
	steps[2].max = 0;
	svg_check();
	assert_int_equal(svg_count("<circle"), 4 * STEPS - 2);
	bench.n_steps = 0;
	svg_check();
}

static void
plot_of_nothing(void **state)
{
	bench.n_seconds = 0;
	svg_check();
}

static void
plot_escapes_what_the_user_typed(void **state)
{
	snprintf(bench.options.link.port[0].spec.text, 64, "vdev:<&\"\x01\xff>");
	svg_check();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(json_has_every_name, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(json_has_the_figures, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(json_of_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(json_of_several_ports, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(json_of_a_flood, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(json_of_a_flood_alone, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(plot_of_a_flood, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        files_keep_what_they_hold_until_the_end, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(files_that_cannot_be_written, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(plot_is_well_formed_and_readable, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(plot_shows_a_stall, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(plot_scales, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(plot_of_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(plot_escapes_what_the_user_typed, set_up, tear_down),
	};
	int fd = mkstemp(path), rc;

	if (fd < 0)
		return 1;
	close(fd);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The run as a picture, in SVG 1.1 without anything from outside: above what happened each second,
 * below how long it took, both over the same time. Only seconds in which there was load are drawn.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "bench/flood.h"
#include "bench/plot.h"

#define TICKS 6 /* about so many on an axis */

typedef double (*plot_value)(const struct bench *bench, const struct bench_second *s);

/* ---- values -------------------------------------------------------------------------- */

static double
per_second(uint64_t count, const struct bench_second *s)
{
	return s->seconds > 0 ? (double)count / s->seconds : 0;
}

/* What the mode is about. */
static double
value_rate(const struct bench *bench, const struct bench_second *s)
{
	switch (bench->options.mode) {
	case MODE_REQUESTS: return per_second(s->totals.responses, s);
	case MODE_CONCURRENT: return per_second(s->totals.handshakes, s);
	case MODE_THROUGHPUT: return per_second(s->totals.bytes_in + s->totals.bytes_out, s) * 8;
	case MODE_CONNECTIONS: break;
	}
	return per_second(s->totals.completions, s);
}

static const char *
rate_name(enum bench_mode mode)
{
	static const char *const names[] = {
	    [MODE_CONNECTIONS] = "connections/s",
	    [MODE_CONCURRENT] = "handshakes/s",
	    [MODE_REQUESTS] = "requests/s",
	    [MODE_THROUGHPUT] = "bit/s",
	};

	return names[mode];
}

static double
value_failures(const struct bench *bench, const struct bench_second *s)
{
	return per_second(bench_failures_sum(&s->totals.failed), s);
}

static double
value_asked(const struct bench *bench, const struct bench_second *s)
{
	return s->asked;
}

static double
value_p50(const struct bench *bench, const struct bench_second *s)
{
	return (double)s->p50 / 1e3;
}

static double
value_p99(const struct bench *bench, const struct bench_second *s)
{
	return (double)s->p99 / 1e3;
}

static double
plot_most(const struct bench *bench, plot_value value)
{
	double most = 0;

	for (size_t i = 0; i < bench->n_seconds; i++)
		if (bench->seconds[i].loading)
			most = RTE_MAX(most, value(bench, &bench->seconds[i]));
	return most;
}

static double
plot_least(const struct bench *bench, plot_value value)
{
	double least = INFINITY, v;

	for (size_t i = 0; i < bench->n_seconds; i++) {
		v = value(bench, &bench->seconds[i]);
		if (bench->seconds[i].loading && v > 0)
			least = RTE_MIN(least, v);
	}
	return isfinite(least) ? least : 1;
}

/* ---- axes ------------------------------------------------------------------------------ */

/* 1, 2 or 5 times a power of ten, so that about TICKS of them make 'range'. */
double
plot_step(double range)
{
	double raw = range / TICKS, power = pow(10, floor(log10(raw))), times = raw / power;

	return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

/* "0", "250K", "1.2M", "0.5" */
const char *
plot_number(double value, char text[24])
{
	static const struct {
		double least, unit;
		const char *name;
	} units[] = {{1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e3, 1e3, "K"}, {0, 1, ""}};
	size_t i = 0;

	/* Steps are never so fine that 0.9995K would be another thing than 1K. */
	while (value < units[i].least * 0.9995)
		i++;
	snprintf(text, 24, "%.4g%s", value / units[i].unit, units[i].name);
	return text;
}

/* Microseconds as people say them. */
const char *
plot_time(double us, char text[24])
{
	if (us >= 0.9995e6)
		snprintf(text, 24, "%.4g s", us / 1e6);
	else if (us >= 999.5)
		snprintf(text, 24, "%.4g ms", us / 1e3);
	else
		snprintf(text, 24, "%.4g us", us);
	return text;
}

double
plot_x(const struct panel *p, double at)
{
	return PLOT_LEFT + at / p->x_to * PLOT_WIDE;
}

double
plot_y(const struct panel *p, double value)
{
	double v = p->log ? log10(RTE_MAX(value, 1e-3)) : value;

	v = RTE_MIN(RTE_MAX(v, p->low), p->high);
	return p->top + PLOT_PANEL - (v - p->low) / (p->high - p->low) * PLOT_PANEL;
}

void
plot_horizontal(const struct panel *p, double value, const char *label)
{
	double y = plot_y(p, value);

	fprintf(p->f, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n",
	    PLOT_LEFT, y, PLOT_LEFT + PLOT_WIDE, y);
	fprintf(p->f, "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
	    PLOT_LEFT - 8, y + 4, label);
}

void
plot_vertical(const struct panel *p, double at, const char *label)
{
	double x = plot_x(p, at);
	int bottom = p->top + PLOT_PANEL;

	fprintf(p->f, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n", x,
	    p->top, x, bottom);
	fprintf(p->f, "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
	    x, bottom + 18, label);
}

void
plot_axis(const struct panel *p, const char *name)
{
	fprintf(p->f, "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
	    PLOT_LEFT + PLOT_WIDE / 2, p->top + PLOT_PANEL + 36, name);
}

static void
plot_times(const struct panel *p)
{
	double step = plot_step(p->x_to);
	char text[24];

	for (double at = 0; at <= p->x_to * 1.0001; at += step) {
		snprintf(text, sizeof(text), "%.4g", at);
		plot_vertical(p, at, text);
	}
	plot_axis(p, "time, s");
}

void
plot_time_scale(struct panel *p, double least, double most)
{
	char text[24];

	p->log = true;
	p->low = floor(log10(least));
	p->high = ceil(log10(RTE_MAX(most, 1.0)));
	if (p->high <= p->low)
		p->high = p->low + 1;
	for (double decade = p->low; decade <= p->high; decade++)
		plot_horizontal(p, pow(10, decade), plot_time(pow(10, decade), text));
	/* A decade or two have room for ticks between. */
	for (double decade = p->low; decade < p->high && p->high - p->low <= 3; decade++) {
		plot_horizontal(p, 2 * pow(10, decade), plot_time(2 * pow(10, decade), text));
		plot_horizontal(p, 5 * pow(10, decade), plot_time(5 * pow(10, decade), text));
	}
}

void
plot_frame(const struct panel *p, const char *name)
{
	fprintf(p->f, "<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n",
	    PLOT_LEFT, p->top, PLOT_WIDE, PLOT_PANEL);
	fprintf(p->f, "<text class=\"name\" x=\"%d\" y=\"%d\">%s</text>\n", PLOT_LEFT, p->top - 10,
	    name);
}

/* ---- lines and their names ----------------------------------------------------------------- */

/*
 * Whether a second has a point: nothing done is 0, and drawn as that; without a rate nothing was
 * asked for ('dashed'), and where nothing ended there is no latency.
 */
static bool
plot_has(const struct panel *p, const struct bench_second *s, double value, bool dashed)
{
	return s->loading && (value > 0 || (!p->log && !dashed));
}

/* A line through the middles of the seconds; broken where a phase ends, and where points lack. */
static void
plot_line(const struct panel *p, plot_value value, const char *colour, bool dashed)
{
	const struct bench *b = p->bench;
	const struct bench_second *s, *before = NULL;
	bool open = false, has;

	for (size_t i = 0; i < b->n_seconds; i++) {
		s = &b->seconds[i];
		has = plot_has(p, s, value(b, s), dashed);
		if (open && (!has || before->phase != s->phase)) {
			fprintf(p->f, "\"/>\n");
			open = false;
		}
		if (!has)
			continue;
		if (!open)
			fprintf(p->f,
			    "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s "
			    "stroke-linejoin=\"round\" stroke-linecap=\"round\" points=\"",
			    colour, dashed ? " stroke-dasharray=\"6 5\"" : "");
		open = true;
		fprintf(
		    p->f, "%.1f,%.1f ", plot_x(p, s->at - s->seconds / 2), plot_y(p, value(b, s)));
		before = s;
	}
	if (open)
		fprintf(p->f, "\"/>\n");
	if (dashed)
		return;
	for (size_t i = 0; i < b->n_seconds; i++) {
		s = &b->seconds[i];
		if (plot_has(p, s, value(b, s), dashed) && b->n_seconds <= 120)
			fprintf(p->f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.6\" fill=\"%s\"/>\n",
			    plot_x(p, s->at - s->seconds / 2), plot_y(p, value(b, s)), colour);
	}
}

/* On the right, in the line of the panel's name; 'place' counts from the right. */
void
plot_legend(const struct panel *p, unsigned int place, const char *colour, const char *name)
{
	double x = PLOT_WIDTH - PLOT_RIGHT - 130.0 * (place + 1), y = p->top - 14;

	fprintf(p->f,
	    "<line x1=\"%.0f\" y1=\"%.0f\" x2=\"%.0f\" y2=\"%.0f\" stroke=\"%s\" "
	    "stroke-width=\"3\"/>\n",
	    x, y, x + 22, y, colour);
	fprintf(
	    p->f, "<text class=\"tick\" x=\"%.0f\" y=\"%.0f\">%s</text>\n", x + 28, y + 4, name);
}

static void
plot_rates(struct panel *p)
{
	double asked = plot_most(p->bench, value_asked), step, most;
	double failed = plot_most(p->bench, value_failures);
	const char *name = rate_name(p->bench->options.mode);
	char text[24];

	most = RTE_MAX(RTE_MAX(plot_most(p->bench, value_rate), asked), failed);
	step = plot_step(most > 0 ? most * 1.05 : 1);
	p->low = 0;
	p->high = step * ceil((most > 0 ? most * 1.05 : 1) / step);
	plot_times(p);
	for (double v = 0; v <= p->high * 1.0001; v += step)
		plot_horizontal(p, v, plot_number(v, text));
	plot_frame(p, "rate, a second");
	plot_legend(p, 0, PLOT_BLUE, name);
	if (asked > 0) {
		plot_line(p, value_asked, PLOT_GREY, true);
		plot_legend(p, 1, PLOT_GREY, "asked for");
	}
	plot_line(p, value_rate, PLOT_BLUE, false);
	if (failed > 0) {
		plot_line(p, value_failures, PLOT_RED, false);
		plot_legend(p, asked > 0 ? 2 : 1, PLOT_RED, "failures/s");
	}
}

static void
plot_latencies(struct panel *p)
{
	static const char *const names[] = {
	    [MODE_CONNECTIONS] = "latency of a connection",
	    [MODE_CONCURRENT] = "latency of a handshake",
	    [MODE_REQUESTS] = "latency of a request",
	    [MODE_THROUGHPUT] = "latency of a connection",
	};

	plot_times(p);
	plot_time_scale(p, plot_least(p->bench, value_p50), plot_most(p->bench, value_p99));
	plot_frame(p, names[p->bench->options.mode]);
	plot_line(p, value_p99, PLOT_ORANGE, false);
	plot_line(p, value_p50, PLOT_GREEN, false);
	plot_legend(p, 0, PLOT_ORANGE, "p99");
	plot_legend(p, 1, PLOT_GREEN, "p50");
}

/* ---- the picture --------------------------------------------------------------------------- */

/* Text that may hold what the user typed. */
static void
plot_escaped(FILE *f, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (strchr("<>&\"", c))
			fprintf(f, "&#%d;", c);
		else
			/* Neither control characters nor what is no UTF-8 by itself. */
			fputc(c < 0x20 || c > 0x7e ? '?' : c, f);
	}
}

static void
plot_title(FILE *f, const struct bench *bench)
{
	const struct bench_options *o = &bench->options;
	const struct bench_result *r = &bench->result;
	double rate = o->mode == MODE_REQUESTS     ? r->requests_median
	              : o->mode == MODE_CONCURRENT ? r->handshakes_median
	              : o->mode == MODE_THROUGHPUT ? r->bits_in + r->bits_out
	                                           : r->connections_median;
	char text[24];

	fprintf(f, "<text class=\"title\" x=\"%d\" y=\"26\">septet bench: ", PLOT_LEFT);
	if (o->flood.on)
		fprintf(f, "%s honest connections/s beside a flood</text>\n",
		    plot_number(o->flood.alone ? 0 : o->rate, text));
	else
		fprintf(f, "%s %s%s</text>\n", plot_number(rate, text), rate_name(o->mode),
		    o->mode == MODE_THROUGHPUT ? " (mean)" : " (median)");
	fprintf(f, "<text class=\"axis\" x=\"%d\" y=\"46\">", PLOT_LEFT);
	fprintf(f, "mode %s, request %s, ", bench_mode_name(o), bench_exchange_name(o->exchange));
	if (o->search)
		fprintf(f, "search, ");
	else if (o->flood.on)
		fprintf(f, "%s, ", flood_kind_name(o->flood.kind));
	else if (o->ramp)
		fprintf(f, "ramp, ");
	else if (o->rate > 0)
		fprintf(f, "%s/s asked for, ", plot_number(o->rate, text));
	else
		fprintf(f, "as fast as possible, ");
	fprintf(f, "port ");
	plot_escaped(f, o->link.port[0].spec.text);
	if (o->link.n_ports > 1)
		fprintf(f, " and %u more", o->link.n_ports - 1);
	fprintf(f, ", %u core%s; limit: %s%s</text>\n", bench->info.lcores,
	    bench->info.lcores == 1 ? "" : "s", bench_limit_name(r->limit),
	    bench->interrupted ? "; interrupted" : "");
}

static double
plot_end_time(const struct bench *bench)
{
	double end = 1;

	for (size_t i = 0; i < bench->n_seconds; i++)
		if (bench->seconds[i].loading)
			end = RTE_MAX(end, bench->seconds[i].at);
	return end;
}

static void
plot_all(FILE *f, const struct bench *bench)
{
	struct panel rates = {.f = f, .bench = bench, .top = PLOT_TOP};
	struct panel latencies = {.f = f, .bench = bench, .top = PLOT_TOP + PLOT_PANEL + PLOT_GAP};

	rates.x_to = latencies.x_to = plot_end_time(bench);
	fprintf(f,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	    "viewBox=\"0 0 %d %d\" font-family=\"Helvetica, Arial, sans-serif\">\n"
	    "<style>.grid{stroke:#e4e4e4;stroke-width:1} .frame{fill:none;stroke:#888} "
	    ".tick{font-size:12px;fill:#444} .axis{font-size:13px;fill:#444} "
	    ".name{font-size:14px;fill:#222} .title{font-size:18px;fill:#111}</style>\n"
	    "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
	    PLOT_WIDTH, PLOT_HEIGHT, PLOT_WIDTH, PLOT_HEIGHT, PLOT_WIDTH, PLOT_HEIGHT);
	plot_title(f, bench);
	if (bench->options.flood.on) {
		flood_plot(f, bench);
	} else {
		plot_rates(&rates);
		plot_latencies(&latencies);
	}
	fprintf(f, "</svg>\n");
}

int
bench_write_plot(struct bench *bench)
{
	struct output *out = &bench->options.plot;

	output_begin(out);
	plot_all(out->f, bench);
	return output_end(out);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The steps of a flood as a picture: above how many honest clients got in, and with their first
 * SYN, below how long their handshakes took, both over the flood's rate.
 */
#include <math.h>

#include <rte_common.h>

#include "bench/flood.h"
#include "bench/plot.h"

typedef double (*step_value)(const struct flood_step *s);

static double
step_success(const struct flood_step *s)
{
	return flood_success_share(s);
}

static double
step_first_syn(const struct flood_step *s)
{
	return flood_first_syn_share(s);
}

static double
step_p50(const struct flood_step *s)
{
	return s->max ? (double)s->p50 / 1e3 : -1;
}

static double
step_p99(const struct flood_step *s)
{
	return s->max ? (double)s->p99 / 1e3 : -1;
}

/* The rates, as they were asked for; and a dashed line where the port's end is. */
static void
steps_axis(const struct panel *p)
{
	double step = plot_step(p->x_to), most = p->bench->flood_most;
	bool left = most > p->x_to / 2;
	char text[24];

	for (double at = 0; at <= p->x_to * 1.0001; at += step)
		plot_vertical(p, at, plot_number(at, text));
	plot_axis(p, p->bench->options.flood.kind == FLOOD_SILENT
	                 ? "silent handshakes, a second"
	                 : "frames of the flood, a second");
	if (most <= 0 || most > p->x_to)
		return;
	fprintf(p->f,
	    "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\" "
	    "stroke-dasharray=\"6 5\"/>\n",
	    plot_x(p, most), p->top, plot_x(p, most), p->top + PLOT_PANEL, PLOT_GREY);
	/* Said once, where no line of a flood that did little harm is. */
	if (p->top != PLOT_TOP)
		return;
	/* On the side where there is more room. */
	fprintf(p->f,
	    "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">the largest rate "
	    "without loss</text>\n",
	    plot_x(p, most) + (left ? -6 : 6), p->top + PLOT_PANEL - 8, left ? "end" : "start");
}

/* By rising rate, in whatever order they were run; a step without a value has no point. */
static void
steps_line(const struct panel *p, step_value value, const char *colour)
{
	const struct bench *b = p->bench;
	const struct flood_step *next;
	double from = -1;

	fprintf(p->f, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colour);
	do {
		next = NULL;
		for (size_t i = 0; i < b->n_steps; i++)
			if (b->steps[i].asked > from && (!next || b->steps[i].asked < next->asked))
				next = &b->steps[i];
		if (!next)
			break;
		from = next->asked;
		if (value(next) >= 0)
			fprintf(p->f, "%.1f,%.1f ", plot_x(p, from), plot_y(p, value(next)));
	} while (next);
	fprintf(p->f, "\"/>\n");
	for (size_t i = 0; i < b->n_steps; i++)
		if (value(&b->steps[i]) >= 0)
			fprintf(p->f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
			    plot_x(p, b->steps[i].asked), plot_y(p, value(&b->steps[i])), colour);
}

static void
steps_shares(struct panel *p)
{
	char text[24];

	p->low = 0;
	p->high = 1.05;
	steps_axis(p);
	for (int percent = 0; percent <= 100; percent += 20) {
		snprintf(text, sizeof(text), "%d %%", percent);
		plot_horizontal(p, percent / 100.0, text);
	}
	plot_frame(p, "honest connections");
	plot_legend(p, 0, PLOT_BLUE, "success");
	plot_legend(p, 1, PLOT_GREEN, "by the first SYN");
	steps_line(p, step_success, PLOT_BLUE);
	steps_line(p, step_first_syn, PLOT_GREEN);
}

static void
steps_latencies(struct panel *p)
{
	const struct bench *b = p->bench;
	double least = INFINITY, most = 1;

	for (size_t i = 0; i < b->n_steps; i++) {
		if (b->steps[i].max == 0)
			continue;
		least = RTE_MIN(least, RTE_MAX(step_p50(&b->steps[i]), 0.1));
		most = RTE_MAX(most, step_p99(&b->steps[i]));
	}
	steps_axis(p);
	plot_time_scale(p, isfinite(least) ? least : 1, most);
	plot_frame(p, "latency of an honest handshake");
	plot_legend(p, 0, PLOT_ORANGE, "p99");
	plot_legend(p, 1, PLOT_GREEN, "p50");
	steps_line(p, step_p99, PLOT_ORANGE);
	steps_line(p, step_p50, PLOT_GREEN);
}

void
flood_plot(FILE *f, const struct bench *bench)
{
	struct panel shares = {.f = f, .bench = bench, .top = PLOT_TOP};
	struct panel latencies = {.f = f, .bench = bench, .top = PLOT_TOP + PLOT_PANEL + PLOT_GAP};
	double most = 1;

	for (size_t i = 0; i < bench->n_steps; i++)
		most = RTE_MAX(most, bench->steps[i].asked);
	shares.x_to = latencies.x_to = most * 1.05;
	steps_shares(&shares);
	steps_latencies(&latencies);
}

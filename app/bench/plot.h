/* SPDX-License-Identifier: BSD-3-Clause */
/* Panels, axes and numbers of a picture in SVG, for whoever draws one. */
#ifndef SPT_APP_PLOT_H
#define SPT_APP_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/bench.h"

#define PLOT_WIDTH  960
#define PLOT_HEIGHT 640
#define PLOT_LEFT   92
#define PLOT_RIGHT  24
#define PLOT_TOP    84
#define PLOT_PANEL  210 /* height of each */
#define PLOT_GAP    72  /* between them */
#define PLOT_WIDE   (PLOT_WIDTH - PLOT_LEFT - PLOT_RIGHT)

#define PLOT_BLUE   "#1f6fb4"
#define PLOT_RED    "#c9302c"
#define PLOT_GREY   "#7a7a7a"
#define PLOT_GREEN  "#2a8a4a"
#define PLOT_ORANGE "#d9822b"

/* A part of the picture, and which values it shows. */
struct panel {
	FILE *f;
	const struct bench *bench;
	int top;
	double x_to;      /* from 0 */
	double low, high; /* values at its bottom and top; of logarithms, when 'log' */
	bool log;
};

/* 1, 2 or 5 times a power of ten, so that a handful of them make 'range'. */
double plot_step(double range);

/* "0", "250K", "1.2M", "0.5"; microseconds: "20 us", "1.5 ms". Each returns 'text'. */
const char *plot_number(double value, char text[24]);
const char *plot_time(double us, char text[24]);

double plot_x(const struct panel *p, double at);
double plot_y(const struct panel *p, double value);

/* Lines of the grid with their labels. */
void plot_horizontal(const struct panel *p, double value, const char *label);
void plot_vertical(const struct panel *p, double at, const char *label);
/* Of times, on a logarithmic scale that is chosen here, from 'least' to 'most' microseconds. */
void plot_time_scale(struct panel *p, double least, double most);

/* What the x-axis counts; the frame and the panel's name. */
void plot_axis(const struct panel *p, const char *name);
void plot_frame(const struct panel *p, const char *name);

/* On the right, in the line of the panel's name; 'place' counts from the right. */
void plot_legend(const struct panel *p, unsigned int place, const char *colour, const char *name);

#endif

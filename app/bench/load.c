/* SPDX-License-Identifier: BSD-3-Clause */
/* The load of a phase as a function of time. */
#include <math.h>

#include "bench/load.h"

/*
 * Attempts that are due x seconds after the start: n(x) = from x + (to - from) x^2 / 2d, d being
 * the duration; attempt k is due when n(x) = k. Solved for x in the form that divides by a sum
 * instead of subtracting two numbers that are almost equal.
 */
spt_time
load_time(const struct load *l, uint64_t number)
{
	double k = (double)number, mean = l->from, seconds, square, ns;

	if (number == 0)
		return l->start;
	if (l->from != l->to && l->duration) {
		seconds = (double)l->duration / (double)SPT_NS_PER_SEC;
		square = l->from * l->from + 2 * (l->to - l->from) / seconds * k;
		mean = square < 0 ? 0 : (l->from + sqrt(square)) / 2;
	}
	/* The rate sank to nothing before so many were due. */
	if (mean <= 0)
		return SPT_TIME_NEVER;
	ns = k / mean * (double)SPT_NS_PER_SEC;
	if (ns >= (double)(l->duration ? l->duration : SPT_TIME_NEVER / 2))
		return SPT_TIME_NEVER;
	return l->start + (spt_time)ns;
}

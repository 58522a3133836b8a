/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A histogram of high dynamic range: whole numbers up to an hour of nanoseconds, kept to three
 * significant digits (1 in 1024 of the value), in constant time and space. Recording touches one
 * word.
 */
#ifndef SPT_APP_BENCH_HISTOGRAM_H
#define SPT_APP_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 11 /* 2048 steps in the first span, 1024 in each that doubles it */
#define HISTOGRAM_SPANS    32
#define HISTOGRAM_SLOTS    ((HISTOGRAM_SPANS + 1) << (HISTOGRAM_SUB_BITS - 1))

struct histogram {
	uint64_t count, min, max;
	double sum;
	uint64_t slot[HISTOGRAM_SLOTS];
};

/* An empty one, or NULL. free() ends it. */
struct histogram *histogram_create(void);
void histogram_clear(struct histogram *h);

static inline unsigned int
histogram_slot(uint64_t value)
{
	unsigned int span, bits = value ? 64 - (unsigned int)__builtin_clzll(value) : 0;

	if (bits <= HISTOGRAM_SUB_BITS)
		return (unsigned int)value;
	span = bits - HISTOGRAM_SUB_BITS;
	if (span >= HISTOGRAM_SPANS)
		return HISTOGRAM_SLOTS - 1;
	return (span << (HISTOGRAM_SUB_BITS - 1)) + (unsigned int)(value >> span);
}

static inline void
histogram_record(struct histogram *h, uint64_t value)
{
	h->slot[histogram_slot(value)]++;
	h->count++;
	h->sum += (double)value;
	if (value > h->max)
		h->max = value;
	if (value < h->min)
		h->min = value;
}

void histogram_add(struct histogram *sum, const struct histogram *one);

/* The value that 'share' (0 .. 1) of all do not exceed: within a step of it; 0 when empty. */
uint64_t histogram_percentile(const struct histogram *h, double share);

#endif

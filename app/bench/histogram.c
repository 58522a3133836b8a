/* SPDX-License-Identifier: BSD-3-Clause */
/* A histogram of high dynamic range: the parts that are not on the hot path. */
#include <stdlib.h>
#include <string.h>

#include "bench/histogram.h"

/* The largest value that is counted in a slot: the inverse of histogram_slot. */
static uint64_t
histogram_highest(unsigned int slot)
{
	unsigned int half = 1u << (HISTOGRAM_SUB_BITS - 1);
	unsigned int span = slot < 2 * half ? 0 : slot / half - 1;
	uint64_t step = slot - span * half;

	return ((step + 1) << span) - 1;
}

void
histogram_clear(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

struct histogram *
histogram_create(void)
{
	struct histogram *h = malloc(sizeof(*h));

	if (h)
		histogram_clear(h);
	return h;
}

void
histogram_add(struct histogram *sum, const struct histogram *one)
{
	if (one->count == 0)
		return;
	for (unsigned int i = 0; i < HISTOGRAM_SLOTS; i++)
		sum->slot[i] += one->slot[i];
	sum->count += one->count;
	sum->sum += one->sum;
	if (one->max > sum->max)
		sum->max = one->max;
	if (one->min < sum->min)
		sum->min = one->min;
}

uint64_t
histogram_percentile(const struct histogram *h, double share)
{
	double wanted = share * (double)h->count;
	uint64_t seen = 0, value;

	if (h->count == 0)
		return 0;
	for (unsigned int i = 0; i < HISTOGRAM_SLOTS; i++) {
		seen += h->slot[i];
		if (seen == 0 || (double)seen < wanted)
			continue;
		value = histogram_highest(i);
		/* The last slot also has what is too large for any. */
		return value > h->max || i == HISTOGRAM_SLOTS - 1 ? h->max : value;
	}
	return h->max;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The counts of a core, of all cores, and of a stretch of time. */
#include <rte_common.h>

#include "bench/bench.h"

uint64_t
bench_failures_sum(const struct bench_failures *f)
{
	uint64_t sum = 0;

#define X(field, text) sum += f->field;
	BENCH_FAILURES(X)
#undef X
	return sum;
}

void
bench_totals_add(struct bench_totals *sum, const struct bench_totals *one)
{
	uint64_t latest = RTE_MAX(sum->late_ns, one->late_ns);

#define X(field, text) sum->field += one->field;
	BENCH_TOTALS(X)
#undef X
#define X(field, text) sum->failed.field += one->failed.field;
	BENCH_FAILURES(X)
#undef X
	sum->late_ns = latest;
}

void
bench_flood_add(struct flood_counts *sum, const struct flood_counts *one)
{
#define X(field, text) sum->field += one->field;
	FLOOD_COUNTS(X)
#undef X
}

void
bench_flood_diff(
    struct flood_counts *out, const struct flood_counts *a, const struct flood_counts *b)
{
#define X(field, text) out->field = a->field - b->field;
	FLOOD_COUNTS(X)
#undef X
}

void
bench_totals_diff(
    struct bench_totals *out, const struct bench_totals *a, const struct bench_totals *b)
{
	uint64_t latest = a->late_ns;

#define X(field, text) out->field = a->field - b->field;
	BENCH_TOTALS(X)
#undef X
#define X(field, text) out->failed.field = a->failed.field - b->failed.field;
	BENCH_FAILURES(X)
#undef X
	out->late_ns = latest;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What `septet serve` says of a SYN flood: one line when cookies begin, one when they end. */
#include <inttypes.h>
#include <stdio.h>

#include <rte_common.h>

#include "common/address.h"
#include "serve/serve.h"

/* What SYNs came to. */
static uint64_t
flood_syns(const struct spt_stats *s)
{
	return s->verdict[SPT_V_TCP_SYN] + s->verdict[SPT_V_TCP_SYN_COOKIE] +
	       s->verdict[SPT_V_TCP_SYN_REPEATED];
}

static uint64_t
flood_begun(const struct spt_stats *s)
{
	return s->cookies_by_records + s->cookies_by_rate;
}

/* 64 classes of addresses: about as many are hit as there are sources, while these are few. */
static const char *
flood_sources(uint64_t classes)
{
	int n = __builtin_popcountll(classes);

	return n <= 1 ? "one source" : n <= 16 ? "a few sources" : "many sources";
}

/* "9.8 M", "12.3 k", "700". */
static void
flood_rate(double rate, char text[32])
{
	if (rate >= 1e6)
		snprintf(text, 32, "%.1f M", rate / 1e6);
	else if (rate >= 1e4)
		snprintf(text, 32, "%.1f k", rate / 1e3);
	else
		snprintf(text, 32, "%.0f", rate);
}

static void
flood_begins(const struct spt_runtime_snapshot *s, double rate)
{
	char to[ADDRESS_TEXT], text[32];

	flood_rate(rate, text);
	printf("SYN flood: %s SYN/s from %s to %s; cookies on\n", text,
	    flood_sources(s->defence.sources), address_endpoint_text(&s->defence.to, to));
}

static void
flood_ends(const struct spt_stats *s)
{
	printf("SYN flood over: %" PRIu64 " SYNs answered by cookies so far, %" PRIu64
	       " completed; cookies off\n",
	    s->verdict[SPT_V_TCP_SYN_COOKIE], s->verdict[SPT_V_TCP_COOKIE]);
}

void
serve_flood_watch(struct serve_flood *flood, const struct spt_runtime_snapshot *now,
    const struct spt_runtime_snapshot *before)
{
	double seconds = (double)(now->now - before->now) / 1e9;
	uint64_t syns = flood_syns(&now->stats) - flood_syns(&before->stats);
	/* Also one that began and ended within the second. */
	bool begun = flood_begun(&now->stats) != flood_begun(&before->stats);
	bool begins = begun && !before->defence.on;

	if (before->now == 0 || seconds <= 0)
		return;
	flood->rate =
	    begins ? (double)syns / seconds : RTE_MAX(flood->rate, (double)syns / seconds);
	/* Of the second in which it began it had a part only. */
	if (flood->seen || (begins && !now->defence.on))
		flood_begins(now, flood->rate);
	flood->seen = begins && now->defence.on;
	if ((begun || before->defence.on) && !now->defence.on)
		flood_ends(&now->stats);
}

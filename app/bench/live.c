/* SPDX-License-Identifier: BSD-3-Clause */
/* What is seen while the load runs: a line each second, and on a terminal a bar below it. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_common.h>

#include "bench/phase.h"
#include "bench/predict.h"
#include "common/wait.h"

#define BAR_WIDTH 40

const char *
live_time(uint64_t ns, char text[LIVE_TIME])
{
	if (ns < 1000)
		snprintf(text, LIVE_TIME, "%" PRIu64 " ns", ns);
	else if (ns < 1000000)
		snprintf(text, LIVE_TIME, "%.*f us", ns < 100000 ? 1 : 0, (double)ns / 1e3);
	else if (ns < 1000000000)
		snprintf(text, LIVE_TIME, "%.*f ms", ns < 100000000 ? 1 : 0, (double)ns / 1e6);
	else
		snprintf(text, LIVE_TIME, "%.2f s", (double)ns / 1e9);
	return text;
}

void
live_clear(void)
{
	if (isatty(STDOUT_FILENO))
		printf("\r\033[K");
}

/* How far the run is, and the time left; it stays without a line's end until it is overwritten. */
static void
live_bar(const struct phase_runner *r)
{
	spt_time now = wait_now();
	double done, left;
	unsigned int full;

	if (r->expected <= r->begun || !isatty(STDOUT_FILENO))
		return;
	left = r->expected > now ? (double)(r->expected - now) / 1e9 : 0;
	done = RTE_MIN((double)(now - r->begun) / (double)(r->expected - r->begun), 1.0);
	full = (unsigned int)(done * BAR_WIDTH);
	printf("[");
	for (unsigned int i = 0; i < BAR_WIDTH; i++)
		putchar(i < full ? '=' : ' ');
	printf("] %3.0f %%, %.0f s left", 100 * done, left);
}

/* What the mode is about. */
static void
live_rate(const struct bench_options *o, const struct bench_second *s)
{
	const struct bench_totals *t = &s->totals;
	double per = s->seconds > 0 ? 1 / s->seconds : 0;

	switch (o->mode) {
	case MODE_CONNECTIONS:
		printf("%8.0f connections/s", (double)t->completions * per);
		if (o->requests > 1)
			printf("  %.0f requests/s", (double)t->responses * per);
		break;
	case MODE_CONCURRENT:
		printf(
		    "%8.0f handshakes/s  %" PRIu32 " held", (double)t->handshakes * per, s->open);
		if (o->traffic_ms)
			printf("  %.0f requests/s", (double)t->responses * per);
		break;
	case MODE_REQUESTS: printf("%8.0f requests/s", (double)t->responses * per); break;
	case MODE_THROUGHPUT:
		printf("%6.3f Gbit/s in  %6.3f out", 8e-9 * (double)t->bytes_in * per,
		    8e-9 * (double)t->bytes_out * per);
		break;
	}
}

/* Nobody knew the rate before: now it is known how long the source ports last. */
static void
live_predict(const struct bench *bench, const struct bench_second *s)
{
	const struct bench_options *o = &bench->options;
	char text[256];

	if (bench->n_seconds > 1 || s->seconds <= 0 || predict_connections(o) > 0)
		return;
	if (!predict_text(o, (double)s->totals.completions / s->seconds, text, sizeof(text)))
		return;
	live_clear();
	printf("%s\n", text);
}

void
live_second(const struct phase_runner *r, const struct bench_second *s)
{
	const struct bench_options *o = &r->bench->options;
	uint64_t failed = bench_failures_sum(&s->totals.failed);
	char p50[LIVE_TIME], p99[LIVE_TIME];
	double begun;

	live_predict(r->bench, s);
	/* What is left of a second, while it drains. */
	if (o->link.quiet || r->hushed || (!s->loading && s->seconds < 0.5))
		return;
	live_clear();
	printf("%6.1f s  ", s->at);
	live_rate(o, s);
	if (o->flood.on)
		printf("  flood %.0f/s", s->flood);
	printf("  in progress %" PRIu32 "  failed %" PRIu64, s->in_progress, failed);
	if (s->max)
		printf("  p50 %s  p99 %s", live_time(s->p50, p50), live_time(s->p99, p99));
	printf("  CPU client %.0f %%", 100 * s->client_busy);
	if (s->server_busy >= 0)
		printf(" server %.0f %%", 100 * s->server_busy);
	begun = s->seconds > 0 ? (double)result_begun(o, &s->totals) / s->seconds : 0;
	if (!s->loading)
		printf("  closing");
	else if (result_rate_behind(s->asked, s->seconds, result_begun(o, &s->totals)))
		printf("  BEHIND: %.*f/s begun of %.*f/s", result_digits(s->asked), begun,
		    result_digits(s->asked), s->asked);
	if (s->totals.left_out)
		printf("  BEHIND: %" PRIu64 " requests left out", s->totals.left_out);
	printf("\n");
	live_bar(r);
	fflush(stdout);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What `septet bench --mode flood` says: what floods whom, a line for each step, and the law. */
#include <inttypes.h>
#include <stdio.h>

#include "bench/flood.h"
#include "common/address.h"
#include "common/rows.h"
#include "serve/serve.h"

#define OFFERED 0.99 /* of what was asked for */

void
flood_print_start(const struct bench *bench)
{
	const struct flood_options *f = &bench->options.flood;
	char text[ADDRESS_TEXT];

	if (f->kind == FLOOD_SILENT)
		printf("flood: silent, whole handshakes from our own addresses, at most %" PRIu32
		       " held\n",
		    bench->options.connections);
	else
		printf("flood: %s, from random sources in %s/%u\n", flood_kind_name(f->kind),
		    address_text(&f->prefix, text), f->length);
	if (bench->server)
		printf("server: SYN cookies %s, backlog %" PRIu32 "%s\n",
		    rows_cookies_name(f->cookies), bench->server->options.conn.backlog,
		    f->defer_accept ? ", connections begin with their first data" : "");
}

static void
print_share(double share)
{
	if (share < 0)
		printf("  %8s", "-");
	else
		printf("  %6.*f %%", share >= 1 || share <= 0 ? 0 : 2, 100 * share);
}

static void
print_heading(void)
{
	printf("%11s  %11s  %8s  %8s  %9s  %8s  %8s  %9s  %9s  %11s  %11s  %8s\n", "flood/s",
	    "carried/s", "of most", "lost", "honest", "success", "1st SYN", "p50", "p99", "cookies",
	    "SYN dropped", "server");
}

static void
print_row(const struct flood_step *s)
{
	char p50[LIVE_TIME], p99[LIVE_TIME];
	bool server = s->server_busy >= 0;

	printf("%11.0f  %11.0f", s->asked, s->carried);
	print_share(s->share);
	print_share(flood_lost_share(s));
	printf("  %9" PRIu64, s->totals.attempts);
	print_share(flood_success_share(s));
	print_share(flood_first_syn_share(s));
	printf("  %9s  %9s", s->max ? live_time(s->p50, p50) : "-",
	    s->max ? live_time(s->p99, p99) : "-");
	if (server)
		printf("  %11" PRIu64 "  %11" PRIu64, flood_cookies(s), flood_dropped(s));
	else
		printf("  %11s  %11s", "-", "-");
	print_share(s->server_busy);
	printf("\n");
}

/* The rate was kept, or the line of the step is of another. */
static void
print_slow(const struct flood_step *s)
{
	if (s->offered < OFFERED * s->asked)
		printf("of %.0f/s only %.0f/s were made: the client's core was too slow for more\n",
		    s->asked, s->offered);
}

void
flood_print_step(const struct bench *bench)
{
	/* All of them stand at the end. */
	if (bench->options.link.quiet)
		return;
	if (bench->n_steps == 1)
		print_heading();
	print_row(&bench->steps[bench->n_steps - 1]);
	fflush(stdout);
}

void
flood_print_table(const struct bench *bench)
{
	const struct flood_counts *c = &bench->flood_total;

	if (bench->flood_most > 0)
		printf("without loss the port carries %.0f/s%s\n", bench->flood_most,
		    bench->confirmed ? "" : " (not confirmed)");
	if (bench->n_steps > 0)
		print_heading();
	for (size_t i = 0; i < bench->n_steps; i++)
		print_row(&bench->steps[i]);
	for (size_t i = 0; i < bench->n_steps; i++)
		print_slow(&bench->steps[i]);
	printf("answers to the flood: %" PRIu64 " SYN-ACK, %" PRIu64 " RST, %" PRIu64 " other\n",
	    c->syn_acks, c->resets, c->other_answers);
}

bool
flood_print_law(const struct bench *bench)
{
	const struct flood_counts *c = &bench->flood_total;
	bool fine = c->made == c->taken + c->refused + c->no_mbuf;

	printf("flood frames %" PRIu64 " = carried %" PRIu64 " + refused by the port %" PRIu64
	       " + without a buffer %" PRIu64 ": %s\n",
	    c->made, c->taken, c->refused, c->no_mbuf, fine ? "ok" : "WRONG");
	if (c->honest_refused)
		printf("honest frames refused by the port: %" PRIu64 "\n", c->honest_refused);
	return fine;
}

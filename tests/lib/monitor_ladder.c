/* SPDX-License-Identifier: BSD-3-Clause */
/* The ladder: the last segments, an arrow each, with relative sequence numbers. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "monitor_priv.h"

#define WIDTH 76 /* of the space between the two ends */

void
mon_ladder_add(struct monitor *m, const struct mon_conn *c, bool out, const struct packet *p)
{
	struct mon_rung *r = &m->ladder[m->rungs++ % MON_LADDER];

	*r = (struct mon_rung){.at = m->now, .out = out, .p = *p};
	r->rport = out ? p->dport : p->sport;
	if (c == NULL)
		return;
	r->conn = c->id;
	if (c->life != NULL) {
		r->known_out = c->life->have_iss;
		r->iss = c->life->iss;
		r->known_in = c->life->have_irs;
		r->irs = c->life->irs;
	}
	/* A SYN stands at 0 of its own numbers. */
	if ((p->flags & P_SYN) && out) {
		r->known_out = true;
		r->iss = p->seq;
	} else if (p->flags & P_SYN) {
		r->known_in = true;
		r->irs = p->seq;
	}
	if ((p->flags & P_SYN) && (p->flags & P_ACK)) {
		*(out ? &r->known_in : &r->known_out) = true;
		*(out ? &r->irs : &r->iss) = p->ack - 1;
	}
}

static void
number(FILE *to, const char *name, bool known, uint32_t base, uint32_t value)
{
	if (known)
		fprintf(to, " %s %" PRId32, name, (int32_t)(value - base));
	else
		fprintf(to, " %s #%" PRIu32, name, value);
}

static void
rung_text(const struct mon_rung *r, FILE *to)
{
	const struct packet *p = &r->p;
	char flags[40];

	fprintf(to, " %s", packet_flags_text(p->flags, flags));
	if (r->out)
		number(to, "seq", r->known_out, r->iss, p->seq);
	else
		number(to, "seq", r->known_in, r->irs, p->seq);
	if (p->len > 0)
		fprintf(to, " len %" PRIu32, p->len);
	if ((p->flags & P_ACK) && r->out)
		number(to, "ack", r->known_in, r->irs, p->ack);
	else if (p->flags & P_ACK)
		number(to, "ack", r->known_out, r->iss, p->ack);
	if (!(p->flags & P_RST))
		fprintf(to, " win %u", p->wnd);
	if (p->flags & P_URG)
		fprintf(to, " up %u", p->up);
	if (p->options & P_MSS)
		fprintf(to, " mss %u", p->mss);
	if (p->options & P_WSCALE)
		fprintf(to, " ws %u", p->wscale);
	if (p->options & P_SACK_PERM)
		fprintf(to, " sackOK");
	if (p->options & P_TIMESTAMP)
		fprintf(to, " ts %" PRIu32 "/%" PRIu32, p->tsval, p->tsecr);
	for (unsigned int i = 0; i < p->n_sack; i++) {
		uint32_t base = r->out ? (r->known_in ? r->irs : 0) : r->known_out ? r->iss : 0;

		fprintf(
		    to, " sack %" PRIu32 "-%" PRIu32, p->sack[i][0] - base, p->sack[i][1] - base);
	}
	if (p->fault != NULL)
		fprintf(to, " BAD: %s", p->fault);
	fprintf(to, " ");
}

/* "--- text --->" of WIDTH columns, or longer if the text is. */
static void
print_rung(const struct mon_rung *r, FILE *to)
{
	static const char line[] =
	    "-----------------------------------------------------------------"
	    "-------------------------";
	size_t size = 0;
	char *text = NULL;
	FILE *into = open_memstream(&text, &size);
	int pad;

	if (into == NULL)
		exit(2);
	rung_text(r, into);
	fclose(into);
	pad = (int)size < WIDTH - 4 ? WIDTH - 4 - (int)size : 0;
	if (r->out)
		fprintf(to, "%14.6f %5u |<%.*s%s--|\n", (double)r->at / 1e9, r->rport, pad + 1,
		    line, text);
	else
		fprintf(to, "%14.6f %5u |--%s%.*s>|\n", (double)r->at / 1e9, r->rport, text,
		    pad + 1, line);
	free(text);
}

void
monitor_print(const struct monitor *m, FILE *to)
{
	unsigned long first = m->rungs > MON_LADDER ? m->rungs - MON_LADDER : 0;

	fprintf(to, "%14s %5s  %-*s%s\n", "seconds", "port", WIDTH - (int)strlen(m->name) / 2,
	    m->peer, m->name);
	if (first > 0)
		fprintf(to, "%14s (%lu segments before)\n", "", first);
	for (unsigned long i = first; i < m->rungs; i++)
		print_rung(&m->ladder[i % MON_LADDER], to);
}

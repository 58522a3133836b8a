/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of SACK blocks and of ECN. Blocks tell of what arrived behind a gap, the newest first
 * (RFC 2018 4), and once of what arrived twice (RFC 2883 4). Marks and their echo are said only
 * where both ends agreed, and only on what may carry them (RFC 3168 6.1).
 */
#include <inttypes.h>

#include <base/seq.h>

#include "monitor_priv.h"

#define ECN_SETUP (P_ECE | P_CWR)

enum { ECT_NONE, ECT_1, ECT_0, CE };

/* ---- what arrives ------------------------------------------------------- */

/* Something of [from, to), relative to IRS, arrived before. */
static bool
any_arrived(const struct mon_life *l, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < l->n_spans; i++)
		if (l->span[i].from < to && from < l->span[i].to)
			return true;
	return false;
}

void
mon_sack_input(const struct monitor *m, struct mon_life *l, const struct packet *p, bool text)
{
	uint32_t from = p->seq - l->irs, to = from + packet_seg_len(p);

	if (packet_seg_len(p) == 0 || (p->flags & (P_SYN | P_RST)))
		return;
	/* What reaches before the first byte wraps. */
	if (from > UINT32_MAX / 2)
		from = 1;
	if (to > UINT32_MAX / 2 || from >= to)
		return;
	if (any_arrived(l, from, to))
		l->again[l->n_again++ % MON_AGAIN] = (struct mon_span){from, to};
	if (l->news_at != m->now)
		l->n_news = 0;
	l->news_at = m->now;
	/* Behind what arrived, refused or not, there is a gap for certain. */
	if (text && seq_gt(p->seq, mon_life_received(l)))
		l->news[l->n_news++ % MON_NEWS] = (struct mon_span){from, to};
	if (l->n_spans == MON_SPANS)
		l->lost_count = true;
}

void
mon_ecn_input(const struct monitor *m, struct mon_life *l, const struct packet *p)
{
	uint32_t from = p->seq - l->irs;

	if (p->len == 0)
		return;
	/* What came before is not acceptable, and its flags say nothing (RFC 9293 3.10.7.4). */
	if ((p->flags & P_CWR) && !any_arrived(l, from, from + p->len)) {
		/* Of a burst the monitor sees all before the first answer. */
		l->ece_until = m->now;
		l->ece = false;
	}
	if ((p->tos & 3) == CE)
		l->ece = true;
}

/* ---- what is sent: SACK ------------------------------------------------- */

static bool
within(const struct mon_span *outer, const struct mon_span *inner)
{
	return outer->from <= inner->from && inner->to <= outer->to;
}

/* Told once for each segment that repeated it. */
static void
rule_dsack(struct monitor *m, struct mon_life *l, const struct mon_span *b)
{
	uint32_t n = RTE_MIN(l->n_again, MON_AGAIN);

	for (uint32_t i = 0; i < n; i++) {
		if (l->again[i].to != 0 && within(&l->again[i], b)) {
			l->again[i].to = l->again[i].from = 0;
			return;
		}
	}
	mon_fail(m, MONITOR_SACK, "%" PRIu32 " to %" PRIu32 " did not come twice", b->from, b->to);
}

/* A block of what waits: behind the gap at 'ack', of what arrived, apart from the others. */
static void
rule_block(
    struct monitor *m, const struct mon_life *l, uint32_t ack, const struct mon_span *b, uint32_t n)
{
	bool arrived = false;

	for (uint32_t i = 0; i < l->n_spans; i++)
		arrived = arrived || within(&l->span[i], &b[n]);
	if (!arrived)
		mon_fail(m, MONITOR_SACK, "%" PRIu32 " to %" PRIu32 " did not arrive", b[n].from,
		    b[n].to);
	if (b[n].from <= ack)
		mon_fail(m, MONITOR_SACK, "%" PRIu32 " to %" PRIu32 " touches the ACK", b[n].from,
		    b[n].to);
	for (uint32_t i = 0; i < n; i++)
		if (b[i].from <= b[n].to && b[n].from <= b[i].to)
			mon_fail(m, MONITOR_SACK, "blocks touch: %" PRIu32 " to %" PRIu32,
			    b[n].from, b[n].to);
}

/* RFC 2018 4: the first block is that of the newest segment, if any of them is. */
static void
rule_newest(struct monitor *m, const struct mon_life *l, const struct mon_span *b, uint32_t n)
{
	const struct mon_span *other = NULL;
	bool first = false;

	for (uint32_t i = 0; i < RTE_MIN(l->n_news, MON_NEWS); i++) {
		first = first || within(&b[0], &l->news[i]);
		for (uint32_t k = 1; k < n; k++)
			if (within(&b[k], &l->news[i]))
				other = &l->news[i];
	}
	if (other && !first)
		mon_fail(m, MONITOR_SACK,
		    "the newest segment, %" PRIu32 " to %" PRIu32 ", is not in the first block",
		    other->from, other->to);
}

void
mon_sack_output(struct monitor *m, struct mon_life *l, const struct packet *p)
{
	uint32_t ack = p->ack - l->irs, n = p->n_sack, first;
	struct mon_span b[4] = {{0, 0}};

	if (!(p->options & P_SACK) || l->lost_count)
		return;
	for (uint32_t i = 0; i < n; i++) {
		b[i] = (struct mon_span){p->sack[i][0] - l->irs, p->sack[i][1] - l->irs};
		if (b[i].from >= b[i].to || b[i].to > UINT32_MAX / 2) {
			mon_fail(m, MONITOR_SACK, "block %" PRIu32 " is none", i);
			return;
		}
	}
	first = b[0].to <= ack || (n > 1 && within(&b[1], &b[0]));
	if (first)
		rule_dsack(m, l, &b[0]);
	for (uint32_t i = first; i < n; i++)
		rule_block(m, l, ack, b + first, i - first);
	if (n > first)
		rule_newest(m, l, b + first, n - first);
}

/* ---- what is sent: ECN -------------------------------------------------- */

/* RFC 3168 6.1.1: ECE and CWR ask, ECE alone answers who asked. */
void
mon_ecn_syn(struct monitor *m, const struct mon_conn *c, struct mon_life *l, const struct packet *p)
{
	uint8_t setup = p->flags & ECN_SETUP;
	bool asked = false;

	if ((p->tos & 3) != ECT_NONE)
		mon_fail(m, MONITOR_ECN, "ECT on a SYN");
	if (!(p->flags & P_ACK)) {
		if (setup != 0 && setup != ECN_SETUP)
			mon_fail(m, MONITOR_ECN, "a SYN with one of ECE and CWR");
		l->ecn_said = l->ecn_said || setup == ECN_SETUP;
		l->ecn_silent = l->ecn_silent || setup == 0;
		return;
	}
	for (uint32_t i = 0; i < RTE_MIN(c->n_recent, MON_RECENT); i++)
		asked =
		    asked || ((c->recent[i].flags & (P_SYN | ECN_SETUP)) == (P_SYN | ECN_SETUP));
	if (setup & P_CWR)
		mon_fail(m, MONITOR_ECN, "CWR on a SYN-ACK");
	if (setup && (!asked || (l->active && (!l->ecn_said || l->ecn_silent))))
		mon_fail(m, MONITOR_ECN, "ECE on a SYN-ACK, but they did not both ask");
	if (!l->active) {
		l->ecn_said = l->ecn_said || setup;
		l->ecn_silent = l->ecn_silent || !setup;
	}
	l->ecn_peer = l->ecn_peer || asked;
}

void
mon_ecn_output(struct monitor *m, const struct mon_life *l, const struct packet *p)
{
	bool agreed = l->ecn_said && l->ecn_peer;
	bool fresh = p->len > 0 && seq_geq(p->seq, l->snd_max);
	uint8_t ecn = p->tos & 3;

	if ((p->flags & ECN_SETUP) && !agreed)
		mon_fail(m, MONITOR_ECN, "ECE or CWR, but ECN was not agreed on");
	if ((p->flags & P_ECE) && !l->ece && l->ece_until != m->now)
		mon_fail(m, MONITOR_ECN, "ECE, but no CE came, or CWR did");
	if ((p->flags & P_CWR) && !fresh)
		mon_fail(m, MONITOR_ECN, "CWR on what is not new text");
	if (ecn == ECT_1 || ecn == CE)
		mon_fail(m, MONITOR_ECN, "neither ECT(0) nor not ECT");
	if (ecn == ECT_0 && (!agreed || l->ecn_silent || !fresh || seq_geq(p->seq, l->edge_in)))
		mon_fail(m, MONITOR_ECN,
		    "ECT on what is not new text, or without having been agreed on");
}

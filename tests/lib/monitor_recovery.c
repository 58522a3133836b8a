/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of loss recovery. What the peer said to have is not sent again, until the peer seems to
 * have let go of it (RFC 2018 8); and no more is out than a window that slow start opened with
 * every acknowledgment could allow (RFC 6928, RFC 5681 3.1, RFC 3042).
 */
#include <inttypes.h>

#include <base/seq.h>

#include "monitor_priv.h"

/* Beyond cwnd: limited transmit's two segments, and a tail loss probe. */
#define BEYOND_CWND 3

static void
sacked_forget(struct mon_life *l, uint32_t una)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->n_sacked; i++) {
		if (seq_leq(l->sacked[i].to, una))
			continue;
		/* The first that is missing is SACKed: a time-out takes nothing for sure any more.
		 */
		if (seq_leq(l->sacked[i].from, una))
			l->reneges = true;
		l->sacked[kept++] = l->sacked[i];
	}
	l->n_sacked = l->reneges ? 0 : kept;
}

/* The first block is a D-SACK above the ACK: it lies within the second (RFC 2883 4, (4)). */
static bool
is_dsack(const struct packet *p, unsigned int i)
{
	return i == 0 && p->n_sack > 1 && seq_leq(p->sack[1][0], p->sack[0][0]) &&
	       seq_leq(p->sack[0][1], p->sack[1][1]);
}

/* An ACK that had to be taken; l->una has moved already. */
void
mon_recovery_input(const struct monitor *m, struct mon_life *l, const struct packet *p)
{
	if (l->una_moved != l->una)
		l->reneges = false;
	if (!l->acked)
		l->high_sacked = l->una;
	l->acked = true;
	l->una_moved = l->una;
	if (l->sack_ok && p->ack == l->una) {
		for (unsigned int i = 0; i < p->n_sack; i++) {
			uint32_t from = p->sack[i][0], to = p->sack[i][1];

			if (!seq_lt(from, to) || seq_lt(from, l->una) || seq_gt(to, l->snd_max) ||
			    is_dsack(p, i))
				continue;
			l->high_sacked = seq_max(l->high_sacked, to);
			if (l->n_sacked == MON_SACKED) /* the oldest is known no more */
				memmove(l->sacked, l->sacked + 1,
				    (--l->n_sacked) * sizeof(l->sacked[0]));
			l->sacked[l->n_sacked++] =
			    (struct mon_sacked){.from = from, .to = to, .at = m->now};
		}
	}
	l->high_sacked = seq_max(l->high_sacked, l->una);
	sacked_forget(l, l->una);
}

static void
rule_sacked(struct monitor *m, const struct mon_life *l, const struct packet *p)
{
	for (uint32_t i = 0; i < l->n_sacked; i++) {
		const struct mon_sacked *s = &l->sacked[i];

		if (s->at == m->now || seq_geq(p->seq, s->to) || seq_leq(p->seq + p->len, s->from))
			continue;
		mon_fail(m, MONITOR_SACKED,
		    "%" PRIu32 " bytes at %" PRIu32 " sent again, [%" PRIu32 ", %" PRIu32
		    ") was SACKed",
		    p->len, p->seq - l->iss, s->from - l->iss, s->to - l->iss);
		return;
	}
}

static void
rule_flight(struct monitor *m, const struct mon_life *l, const struct packet *p)
{
	uint32_t mss = l->mss, acked = l->una - l->iss - 1;
	uint32_t window = 2 * mss > 14600 ? 2 * mss : 14600;
	uint32_t high = seq_max(l->high_sacked, l->una), out = p->seq + p->len - high;

	window = 10 * mss < window ? 10 * mss : window;
	if (acked > UINT32_MAX / 4 || out <= window + (high - l->una) + acked + BEYOND_CWND * mss)
		return;
	mon_fail(m, MONITOR_FLIGHT,
	    "%" PRIu32 " bytes are out, the initial window is %" PRIu32 ", %" PRIu32
	    " were acknowledged",
	    out, window, acked);
}

void
mon_recovery_output(struct monitor *m, const struct mon_life *l, const struct packet *p)
{
	if (p->len == 0 || !l->acked || !l->sack_ok)
		return;
	if (seq_leq(p->seq + p->len, l->snd_max)) {
		if (!m->go_back)
			rule_sacked(m, l, p);
	} else {
		rule_flight(m, l, p);
	}
}

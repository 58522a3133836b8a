/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tail loss probe, RFC 8985 7: when the end of what was sent draws no acknowledgment, one more
 * segment does, so that loss is found by RACK and not by a time-out. It shares the connection's
 * deadline with the time-out, which waits in the transfer block meanwhile.
 */
#include "internal.h"

/* TLP.max_ack_delay: what others delay the acknowledgment of a single segment by. */
#define MAX_ACK_DELAY_US 200000

void
timer_only_rto(struct conn *c, const struct xfer *x)
{
	if (!(c->timers & (TIMER_REORDER | TIMER_PROBE)))
		return;
	c->t_rtx = x->rto;
	conn_timer_clear(c, TIMER_REORDER | TIMER_PROBE);
}

void
timer_before_rto(struct tcp *t, struct conn *c, struct xfer *x, enum conn_timer which, uint32_t us)
{
	uint32_t deadline = tcp_deadline(t, us * SPT_NS_PER_US);

	timer_only_rto(c, x);
	if (!(c->timers & TIMER_RTX))
		return;
	x->rto = c->t_rtx;
	/* A time-out that comes first makes no probe superfluous (7.2), but the other timer. */
	if (seq_geq(deadline, x->rto)) {
		if (which == TIMER_REORDER)
			return;
		deadline = x->rto;
	}
	c->t_rtx = deadline;
	c->timers |= which;
	conn_wheel(t, c, deadline);
}

/* 7.2: in open state, with nothing SACKed; one probe until it is answered. */
static bool
probe_wanted(const struct conn *c, const struct xfer *x)
{
	return (c->features & FEATURE_SACK) && (c->timers & TIMER_RTX) && c->snd_wnd > 0 &&
	       x->recovery == RECOVERY_OPEN && x->sb.bytes > 0 && x->sb.sacked == 0 &&
	       x->sb.lost == 0 && tlp_may_probe(&x->rack, c->srtt >> 3);
}

void
probe_arm(struct tcp *t, struct conn *c, struct xfer *x)
{
	bool one;

	if (!probe_wanted(c, x)) {
		if (c->timers & TIMER_PROBE)
			timer_only_rto(c, x);
		return;
	}
	if (c->timers & TIMER_REORDER)
		return;
	one = x->sb.bytes <= c->mss;
	timer_before_rto(t, c, x, TIMER_PROBE, tlp_pto(c->srtt >> 3, one, MAX_ACK_DELAY_US));
}

/*
 * The segment with the highest number: the end of the last record, which is longer than a segment
 * where the path has become narrower and what it lost was late.
 */
static bool
probe_last(struct tcp *t, struct conn *c, struct xfer *x)
{
	struct sent *last = scoreboard_last(&x->sb, &t->chunks);
	uint32_t len = last->len - !!(last->flags & SENT_FIN);

	if (len > c->mss && !scoreboard_split(&x->sb, &t->chunks, last, (uint16_t)(len - c->mss))) {
		t->stats->no_chunk++;
		return false;
	}
	return output_again(t, c, x, scoreboard_last(&x->sb, &t->chunks));
}

/* 7.3: one segment of what is unsent, if the receiver lets it go; else the last one again. */
static bool
probe_send(struct tcp *t, struct conn *c, struct xfer *x)
{
	uint32_t unsent = c->flags & CONN_FIN_SENT ? 0 : x->snd_end - c->snd_nxt;
	uint32_t edge = c->snd_una + c->snd_wnd;
	uint32_t mss = c->mss - sack_option_len(t, c);

	if (unsent > 0 && seq_lt(c->snd_nxt, edge)) {
		if (!output_new(t, c, x, RTE_MIN(RTE_MIN(unsent, mss), edge - c->snd_nxt)))
			return false;
		tlp_sent(&x->rack, c->snd_nxt, false);
		return true;
	}
	if (!probe_last(t, c, x))
		return false;
	tlp_sent(&x->rack, c->snd_nxt, true);
	x->learned = 1; /* what answers it has to find it */
	return true;
}

void
probe_expired(struct tcp *t, struct conn *c)
{
	struct xfer *x = conn_xfer(t, c);

	timer_only_rto(c, x);
	if (!probe_wanted(c, x))
		return;
	if (!probe_send(t, c, x))
		return; /* the time-out remains */
	t->stats->tlp_probes++;
	retransmit_arm(t, c);
}

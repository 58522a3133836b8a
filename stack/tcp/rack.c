/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RACK-TLP, RFC 8985. What the RFC says of each segment newly delivered is said here of the one
 * that was sent last, which scoreboard.c has found: only that one can move RACK.xmit_ts.
 */
#include "rack.h"

#define MIN_RTT_WINDOW_US 10000000
#define DUP_THRESH        3
#define REO_WND_PERSIST   16
#define PTO_WITHOUT_RTT   1000000

/* Longer ago than this, 18 minutes, xmit_us says nothing: the clock goes round. */
#define XMIT_OLD (UINT32_C(1) << 30)

void
rack_init(struct rack *r)
{
	*r = (struct rack){.reo_wnd_mult = 1};
}

/* Step 1. The least of a window of time, not of ever: paths change. */
static void
update_min_rtt(struct rack *r, uint32_t now_us, uint32_t rtt_us)
{
	if (rtt_us == 0)
		rtt_us = 1; /* 0 says that there is none */
	if (r->min_rtt_us != 0 && rtt_us > r->min_rtt_us &&
	    now_us - r->min_rtt_since <= MIN_RTT_WINDOW_US)
		return;
	r->min_rtt_us = rtt_us;
	r->min_rtt_since = now_us;
}

/* Step 2: whether what is delivered may be an earlier transmission than the last one. */
static bool
is_ambiguous(const struct rack *r, const struct rack_ack *a, const struct delivered *again)
{
	if (a->tsecr_valid && (int32_t)(a->tsecr_us - again->us) < 0)
		return true;
	return a->now_us - again->us < r->min_rtt_us;
}

/* Step 2: the segment that was sent last of those delivered. */
static void
update_xmit(struct rack *r, uint32_t now_us, const struct delivered *last)
{
	r->rtt_us = now_us - last->us;
	if (r->valid && now_us - r->xmit_us < XMIT_OLD &&
	    !scoreboard_sent_after(last->us, last->end, r->xmit_us, r->end_seq))
		return;
	r->xmit_us = last->us;
	r->end_seq = last->end;
	r->valid = 1;
}

/* Step 4, the part that remembers: once a round trip a DSACK widens the window by a step. */
static void
update_reo_wnd(struct rack *r, const struct rack_ack *a)
{
	if (r->dsack_in_round && seq_geq(a->una, r->dsack_round))
		r->dsack_in_round = 0;
	if (r->dsack_in_round || !a->dsack)
		return;
	r->dsack_in_round = 1;
	r->dsack_round = a->nxt;
	if (r->reo_wnd_mult < UINT8_MAX)
		r->reo_wnd_mult++;
	r->reo_wnd_persist = REO_WND_PERSIST;
}

void
rack_update(struct rack *r, const struct rack_ack *a, const struct delivery *d)
{
	const struct delivered *last = d->once.any ? &d->once : NULL;

	if (d->once.any) {
		update_min_rtt(r, a->now_us, a->now_us - d->once.us);
		r->tlp_waits = 0;
	}
	if (d->again.any && !is_ambiguous(r, a, &d->again) &&
	    (last == NULL || scoreboard_sent_after(d->again.us, d->again.end, last->us, last->end)))
		last = &d->again;
	if (last != NULL)
		update_xmit(r, a->now_us, last);
	if (d->reordered)
		r->reordering_seen = 1;
	update_reo_wnd(r, a);
	/* What is sent from now on is later than xmit_us, however long this is idle. */
	if (a->una == a->nxt)
		r->valid = 0;
}

uint32_t
rack_reo_wnd(const struct rack *r, const struct rack_ack *a)
{
	uint64_t wnd = (uint64_t)r->reo_wnd_mult * r->min_rtt_us / 4;

	if (!r->reordering_seen && (a->in_recovery || a->sacked >= DUP_THRESH))
		return 0;
	return wnd < a->srtt_us ? (uint32_t)wnd : a->srtt_us;
}

uint32_t
rack_detect_loss(const struct rack *r, struct scoreboard *sb, struct pool *chunks, uint32_t now_us,
    uint32_t reo_wnd, uint32_t *lost)
{
	uint32_t flight = scoreboard_flight(sb);
	struct scoreboard_cursor at;
	int32_t timeout = 0;

	*lost = 0;
	if (!r->valid || now_us - r->xmit_us >= XMIT_OLD)
		return 0;
	for (struct sent *s = scoreboard_begin(sb, chunks, &at); s != NULL && flight > 0;
	     s = scoreboard_next(chunks, &at)) {
		int32_t remaining;

		if (s->flags & (SENT_SACKED | SENT_LOST))
			continue;
		flight -= s->len;
		/* Where a round trip is less than that: it would be sent for ever now. */
		if ((s->flags & SENT_AGAIN) && s->us == now_us)
			continue;
		if (!scoreboard_sent_after(r->xmit_us, r->end_seq, s->us, s->seq + s->len)) {
			if (s->flags & SENT_AGAIN)
				continue;
			break; /* all beyond it were sent, or sent again, later still */
		}
		remaining = (int32_t)(s->us + r->rtt_us + reo_wnd - now_us);
		if (remaining <= 0) {
			scoreboard_mark_lost(sb, chunks, s);
			*lost += s->len;
		} else if (remaining > timeout) {
			timeout = remaining;
		}
	}
	return (uint32_t)timeout;
}

void
rack_timeout(const struct rack *r, struct scoreboard *sb, struct pool *chunks, uint32_t now_us,
    uint32_t reo_wnd)
{
	uint32_t flight = scoreboard_flight(sb);
	struct scoreboard_cursor at;
	struct sent *first = scoreboard_begin(sb, chunks, &at);

	for (struct sent *s = first; s != NULL && flight > 0; s = scoreboard_next(chunks, &at)) {
		if (s->flags & (SENT_SACKED | SENT_LOST))
			continue;
		flight -= s->len;
		if (s == first || (int32_t)(s->us + r->rtt_us + reo_wnd - now_us) <= 0)
			scoreboard_mark_lost(sb, chunks, s);
	}
}

void
rack_recovery_ended(struct rack *r)
{
	if (r->reo_wnd_persist > 0)
		r->reo_wnd_persist--;
	if (r->reo_wnd_persist == 0)
		r->reo_wnd_mult = 1;
}

uint32_t
tlp_pto(uint32_t srtt_us, bool flight_one, uint32_t max_ack_delay_us)
{
	if (srtt_us == 0)
		return PTO_WITHOUT_RTT;
	return 2 * srtt_us + (flight_one ? max_ack_delay_us : 0);
}

bool
tlp_may_probe(const struct rack *r, uint32_t srtt_us)
{
	return !r->tlp_out && !r->tlp_waits && srtt_us > 0;
}

void
tlp_sent(struct rack *r, uint32_t nxt, bool again)
{
	r->tlp_end_seq = nxt;
	r->tlp_is_retrans = again;
	r->tlp_out = 1;
	r->tlp_waits = 1;
}

void
tlp_reset(struct rack *r)
{
	r->tlp_out = 0;
	r->tlp_is_retrans = 0;
}

bool
tlp_process_ack(struct rack *r, uint32_t ack, bool dsack_of_probe, bool new_data, bool plain)
{
	bool repaired = false;

	if (!r->tlp_out || seq_lt(ack, r->tlp_end_seq))
		return false;
	if (r->tlp_is_retrans && !dsack_of_probe) {
		repaired = seq_gt(ack, r->tlp_end_seq);
		/* The probe's own duplicate ACK (case 2) ends it; until then nothing is known. */
		if (!repaired && (new_data || !plain))
			return false;
	}
	tlp_reset(r);
	return repaired;
}

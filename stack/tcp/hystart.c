/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HyStart++, RFC 9406: slow start ends when the round trip becomes longer, before loss says so.
 * Rounds that merely looked so are told by Conservative Slow Start (CSS), which grows by a quarter
 * for five rounds and gives way when the delay falls again. For the first slow start only (4.3):
 * later ones know their ssthresh.
 */
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "../base/seq.h"
#include "congestion.h"

/* RFC 9406 4.3. */
#define MIN_RTT_THRESH     4000 /* us */
#define MAX_RTT_THRESH     16000
#define MIN_RTT_DIVISOR    8
#define N_RTT_SAMPLE       8
#define CSS_GROWTH_DIVISOR 4
#define CSS_ROUNDS         5
#define L                  8 /* segments, as nothing is paced */

static void
hystart_grow(struct congestion_hystart *h, struct congestion_event *e)
{
	uint32_t n = RTE_MIN(e->acked, L * e->mss);

	if (h->in_css) {
		n += h->css_acked;
		h->css_acked = n % CSS_GROWTH_DIVISOR;
		n /= CSS_GROWTH_DIVISOR;
	}
	e->cwnd = RTE_MIN(e->cwnd + n, CONGESTION_CWND_MAX);
}

/* 4.2, on each sample from the eighth of a round on. */
static void
hystart_judge(struct congestion_hystart *h)
{
	uint32_t last = h->last_min_us, current = h->current_min_us, thresh;

	if (h->in_css) {
		if (current < h->css_baseline_us)
			h->in_css = 0; /* it was spurious: on with slow start */
		return;
	}
	if (last == 0)
		return; /* of the first round there is nothing to compare with */
	thresh = RTE_MAX(MIN_RTT_THRESH, RTE_MIN(last / MIN_RTT_DIVISOR, MAX_RTT_THRESH));
	if (current >= last && current - last >= thresh) {
		h->in_css = 1;
		h->css_baseline_us = current;
		h->css_rounds = 0;
		h->css_acked = 0;
	}
}

static void
hystart_begin_round(struct congestion_hystart *h, uint32_t nxt)
{
	h->started = 1;
	h->window_end = nxt;
	h->last_min_us = h->current_min_us;
	h->current_min_us = 0;
	h->samples = 0;
}

void
hystart_acked(struct congestion_hystart *h, struct congestion_event *e)
{
	if (unlikely(!h->started))
		hystart_begin_round(h, e->nxt);
	hystart_grow(h, e);
	if (e->rtt_us) {
		if (h->current_min_us == 0 || e->rtt_us < h->current_min_us)
			h->current_min_us = e->rtt_us;
		if (h->samples < N_RTT_SAMPLE)
			h->samples++;
		if (h->samples == N_RTT_SAMPLE)
			hystart_judge(h);
	}
	/* An end beyond what is out is of so long ago that the numbers have come round. */
	if (seq_lt(e->una, h->window_end) && seq_leq(h->window_end, e->nxt))
		return;
	hystart_begin_round(h, e->nxt);
	/* the round in which CSS began counts, too */
	if (h->in_css && ++h->css_rounds == CSS_ROUNDS) {
		h->in_css = 0;
		e->ssthresh = e->cwnd;
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NewReno's window: slow start and congestion avoidance of RFC 5681 with bytes counted (RFC 3465).
 * What happens within a recovery (RFC 6582) is recovery.c's.
 */
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "congestion.h"

/* RFC 3465 2.3: no more than 2 segments an ACK, and 1 in the slow start that follows a time-out. */
#define ABC_L           2
#define ABC_L_AFTER_RTO 1

static void
newreno_init(struct congestion *cc)
{
	memset(cc, 0, sizeof(*cc));
}

void
newreno_slow_start(const struct congestion *cc, struct congestion_event *e)
{
	uint32_t limit = (cc->after_rto ? ABC_L_AFTER_RTO : ABC_L) * e->mss;
	uint32_t edge = RTE_MIN(e->ssthresh, CONGESTION_CWND_MAX);

	e->cwnd = RTE_MIN(e->cwnd + RTE_MIN(e->acked, limit), edge);
}

/* RFC 5681 3.1: a segment for each cwnd of acknowledged bytes, so about one a round trip. */
static void
newreno_acked(struct congestion *cc, struct congestion_event *e)
{
	if (e->cwnd < e->ssthresh) {
		cc->epoch = 0;
		newreno_slow_start(cc, e);
		return;
	}
	if (unlikely(!cc->epoch)) {
		cc->epoch = 1;
		cc->after_rto = 0;
		cc->cubic.acked = 0;
	}
	cc->cubic.acked += RTE_MIN(e->acked, e->cwnd);
	if (cc->cubic.acked < e->cwnd)
		return;
	cc->cubic.acked -= e->cwnd;
	e->cwnd = RTE_MIN(e->cwnd + e->mss, CONGESTION_CWND_MAX);
}

/* RFC 5681 (4). What limited transmit sent beyond cwnd does not count (3.2 step 2). */
static void
newreno_reduce(struct congestion *cc, struct congestion_event *e, bool ecn)
{
	cc->epoch = 0;
	e->ssthresh = RTE_MAX(RTE_MIN(e->flight, e->cwnd) / 2, 2 * e->mss);
}

static void
newreno_timeout(struct congestion *cc, struct congestion_event *e)
{
	newreno_reduce(cc, e, false);
	cc->after_rto = 1;
}

static void
newreno_undo(struct congestion *cc, const struct congestion *before)
{
	*cc = *before;
}

/* Growth follows what is acknowledged, not time. */
static void
newreno_idle(struct congestion *cc, uint32_t us)
{
}

const struct congestion_algorithm newreno_algorithm = {
    .name = "newreno",
    .init = newreno_init,
    .acked = newreno_acked,
    .reduce = newreno_reduce,
    .timeout = newreno_timeout,
    .undo = newreno_undo,
    .idle = newreno_idle,
};

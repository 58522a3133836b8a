/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proportional Rate Reduction, RFC 9937: while what is in flight is more than ssthresh, sending
 * follows what is delivered in the proportion that the window shrinks by; then it follows one to
 * one (the conservative bound), or a segment faster as long as no further loss shows (slow start).
 */
#include "internal.h"

void
prr_begin(struct xfer *x, uint32_t recover_fs)
{
	x->prr_delivered = 0;
	x->prr_out = 0;
	x->recover_fs = RTE_MAX(recover_fs, 1u);
}

/* RFC 9937 6, in bytes; 'safe' is SafeACK. 'delivered' 0: no acknowledgment, a timer found loss. */
void
prr_acknowledged(struct conn *c, struct xfer *x, uint32_t delivered, bool safe)
{
	uint32_t inflight = conn_flight(x);
	int64_t sndcnt;

	if (delivered == 0 && x->prr_out > 0)
		return;
	x->prr_delivered += delivered;
	if (inflight > c->ssthresh) {
		uint64_t share = (uint64_t)x->prr_delivered * c->ssthresh;

		sndcnt = (int64_t)((share + x->recover_fs - 1) / x->recover_fs) - x->prr_out;
	} else {
		sndcnt = RTE_MAX((int64_t)x->prr_delivered - x->prr_out, (int64_t)delivered);
		if (safe)
			sndcnt += c->mss;
		sndcnt = RTE_MIN((int64_t)c->ssthresh - inflight, sndcnt);
	}
	/* Fast retransmit is not put off; a part of a segment would be no segment. */
	if (x->prr_out == 0)
		sndcnt = RTE_MAX(sndcnt, (int64_t)c->mss);
	c->cwnd = inflight + (uint32_t)RTE_MAX(sndcnt, 0);
}

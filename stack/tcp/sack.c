/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the peer is told of what came out of order, RFC 2018 4: the runs of the out-of-order queue,
 * that of the newest segment first, then those most recently told. And of what came twice, RFC 2883
 * 4: once, before them.
 */
#include "internal.h"

#define SACK_MOST 4 /* blocks that fit into the options (RFC 2018 3), with timestamps one fewer */

static unsigned int
sack_most(const struct conn *c)
{
	return c->flags & CONN_TIMESTAMPS ? SACK_MOST - 1 : SACK_MOST;
}

static bool
sack_holds(const struct sack_block *b, uint32_t start, uint32_t end)
{
	return seq_leq(b->start, start) && seq_leq(end, b->end);
}

/*
 * The run that 'seq' lies in. A FIN that waits is the last number of the last run, or a run by
 * itself; of a peer that goes on behind its own FIN it may be any.
 */
static struct sack_block
sack_run(const struct tcp *t, const struct xfer *x, uint32_t seq)
{
	struct sack_block run = {.start = seq, .end = seq + (x->fin_waits && x->fin_seq == seq)};
	struct sack_block alone = run;
	bool found = false;

	for (struct rte_mbuf *m = x->ooo; m; m = link_of(t, m)->next) {
		uint32_t start = link_of(t, m)->seq;

		if (m == x->ooo || start != run.end) {
			if (found)
				return run;
			run.start = start - (x->fin_waits && x->fin_seq == start - 1);
		}
		run.end = start + m->pkt_len;
		run.end += x->fin_waits && x->fin_seq == run.end;
		found = seq_leq(run.start, seq) && seq_lt(seq, run.end);
	}
	return found ? run : alone;
}

void
sack_out_of_order(const struct tcp *t, struct xfer *x, uint32_t start, uint32_t end)
{
	struct rte_mbuf *tail = x->ooo_tail;
	struct sack_block told[SACK_MOST];
	unsigned int n = 0;

	/* What follows a gap comes in order, mostly: the newest run grows at the queue's end. */
	if (likely(x->n_sack > 0 && x->sack[0].end == start && tail && !x->fin_waits &&
	           link_of(t, tail)->seq + tail->pkt_len == end)) {
		x->sack[0].end = end;
		return;
	}
	told[n++] = sack_run(t, x, start);
	/* Runs do not touch: those that do have become parts of this one. */
	for (unsigned int i = 0; i < x->n_sack && n < SACK_MOST; i++)
		if (!sack_holds(&told[0], x->sack[i].start, x->sack[i].end))
			told[n++] = x->sack[i];
	memcpy(x->sack, told, n * sizeof(told[0]));
	x->n_sack = (uint8_t)n;
}

void
sack_advanced(struct xfer *x, uint32_t rcv_nxt)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < x->n_sack; i++)
		if (seq_gt(x->sack[i].start, rcv_nxt))
			x->sack[n++] = x->sack[i];
	x->n_sack = (uint8_t)n;
}

void
sack_dropped(struct xfer *x, uint32_t from)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < x->n_sack; i++) {
		struct sack_block b = x->sack[i];

		if (seq_geq(b.start, from))
			continue;
		b.end = seq_min(b.end, from);
		x->sack[n++] = b;
	}
	x->n_sack = (uint8_t)n;
	if (x->dsack_due && seq_gt(x->dsack.end, from))
		x->dsack_due = 0;
}

/*
 * If one is due still, its ACK was not sent: only what the last packet repeated is told (RFC 2883
 * 4, (1)), and an ACK that was not sent is as good as one that was lost.
 */
void
sack_duplicate(struct tcp *t, struct conn *c, uint32_t start, uint32_t end)
{
	struct xfer *x;

	if (!(c->features & FEATURE_SACK))
		return;
	/* Nothing came before IRS + 1, whatever an attacker repeats. */
	if (seq_lt(start, c->rcv_nxt) && c->rcv_nxt - start >= c->rcv_nxt - c->irs)
		return;
	x = xfer_get(t, c);
	if (!x)
		return;
	x->dsack = (struct sack_block){.start = start, .end = end};
	x->dsack_due = 1;
	/* Above RCV.NXT the block that it lies in comes second (RFC 2883 4, (4)). */
	if (seq_gt(end, c->rcv_nxt))
		sack_out_of_order(t, x, start, end);
}

void
sack_unacceptable(struct tcp *t, struct conn *c, const struct seg *s)
{
	uint32_t end = seq_min(s->seq + seg_len(s), c->rcv_nxt);

	/* What acknowledges the unsent is not of this connection. */
	if ((s->flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK && seq_leq(s->ack, c->snd_nxt) &&
	    seq_lt(s->seq, c->rcv_nxt) && seq_lt(s->seq, end))
		sack_duplicate(t, c, s->seq, end);
}

unsigned int
sack_blocks(const struct tcp *t, const struct conn *c, struct wire_sack_block blocks[4])
{
	const struct xfer *x = conn_xfer(t, c);
	unsigned int most = sack_most(c), n = 0, second = SACK_MOST;

	if (!x)
		return 0;
	if (x->dsack_due) {
		blocks[n++] = (struct wire_sack_block){x->dsack.start, x->dsack.end};
		if (seq_gt(x->dsack.end, c->rcv_nxt)) {
			for (second = 0; second < x->n_sack; second++)
				if (sack_holds(&x->sack[second], x->dsack.start, x->dsack.end))
					break;
			/* Without it, it would look like any other block. */
			if (second == x->n_sack)
				n = 0;
			else
				blocks[n++] = (struct wire_sack_block){
				    x->sack[second].start, x->sack[second].end};
		}
	}
	for (unsigned int i = 0; i < x->n_sack && n < most; i++)
		if (i != second)
			blocks[n++] = (struct wire_sack_block){x->sack[i].start, x->sack[i].end};
	return n;
}

void
sack_told(struct tcp *t, struct conn *c)
{
	struct xfer *x = conn_xfer(t, c);

	if (!x->dsack_due)
		return;
	x->dsack_due = 0;
	xfer_put_if_idle(t, c);
}

unsigned int
sack_option_len(const struct tcp *t, const struct conn *c)
{
	const struct xfer *x = conn_xfer(t, c);
	unsigned int n = x ? x->n_sack + x->dsack_due : 0;

	return n > 0 ? WIRE_SACK_LEN(RTE_MIN(n, sack_most(c))) : 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules. What arrives is taken into account by mon_input(); what is sent is judged by
 * mon_output(), a function for each group of rules. "We" is the end that is watched.
 */
#include <inttypes.h>
#include <string.h>

#include <base/seq.h>

#include "monitor_priv.h"

/* RFC 9293 MUST-15: default send MSS. */
#define DEFAULT_MSS(family) ((family) == 4 ? 536 : 1220)

/* docs/decisions.md: a peer's smaller MSS is taken for this one. */
#define MSS_FLOOR 76

/* Timestamps so far apart cannot be compared (RFC 7323 5.5). */
#define TS_RECENT_NS (23 * 86400 * SPT_NS_PER_SEC)

#define OPTIONS_OF_SYN (P_MSS | P_WSCALE | P_SACK_PERM)

/* Of what waits for a link address the oldest may have given way (RFC 1122 2.3.2.2). */
#define UNRESOLVED (4 * SPT_NS_PER_SEC)

static bool
is_unresolved(const struct monitor *m)
{
	return m->asked != 0 && m->now - m->asked < UNRESOLVED;
}

/*
 * What this connection answers may wait: since a link address was asked for it sent nothing, or
 * does so just now. What was told meanwhile says less: it may be of others, or not be believed.
 */
static bool
answers_wait(const struct monitor *m, const struct mon_conn *c)
{
	return is_unresolved(m) && (m->asked >= c->output_at || c->output_at == m->now);
}

/* ---- what arrives ------------------------------------------------------- */

static void
remember_tsval(struct mon_life *l, uint32_t tsval)
{
	if (l->n_tsvals > 0 && l->tsvals[(l->n_tsvals - 1) % MON_TSVALS] == tsval)
		return;
	l->tsvals[l->n_tsvals++ % MON_TSVALS] = tsval;
}

/* The peer's SYN 's' is the one of this life. */
static void
bind_syn(struct mon_conn *c, struct mon_life *l, const struct mon_recent *s)
{
	l->have_irs = true;
	l->irs = s->seq;
	l->irs_at = c->input_at;
	l->mss = s->options & P_MSS ? RTE_MAX(s->mss, MSS_FLOOR) : DEFAULT_MSS(c->family);
	l->ws_ok = (s->options & P_WSCALE) && (l->syn_options & P_WSCALE);
	l->ws_in = l->ws_ok ? RTE_MIN(s->wscale, 14) : 0;
	l->ws_out = l->ws_ok ? l->syn_wscale : 0;
	l->ts_ok = (s->options & P_TIMESTAMP) && (l->syn_options & P_TIMESTAMP);
	l->sack_ok = (s->options & P_SACK_PERM) && (l->syn_options & P_SACK_PERM);
	if (l->active)
		l->ecn_peer = s->flags & P_ACK ? (s->flags & (P_ECE | P_CWR)) == P_ECE
		                               : (s->flags & P_ECE) && (s->flags & P_CWR);
	l->edge_in = l->iss + 1 + s->wnd;
	if (l->active) {
		/* The window of our SYN counts from here on. */
		l->edge_out = l->irs + 1 + l->syn_wnd;
		l->have_edge = true;
	}
	/* The SYN may have come several times, and any of them may be answered late. */
	for (uint32_t i = RTE_MIN(c->n_recent, MON_RECENT); i > 0; i--) {
		const struct mon_recent *r = &c->recent[(c->n_recent - i) % MON_RECENT];

		if ((r->flags & P_SYN) && r->seq == s->seq && (r->options & P_TIMESTAMP))
			remember_tsval(l, r->tsval);
	}
}

/*
 * 'sure': the segment was acceptable, so that its ACK had to be taken. Of one that was not, as a
 * retransmission of what had arrived, it need not be (RFC 9293 3.10.7.4, first).
 */
static void
input_ack(struct monitor *m, struct mon_life *l, const struct packet *p, bool sure)
{
	uint32_t edge;

	if (seq_lt(p->ack, l->una) || seq_gt(p->ack, l->snd_max))
		return;
	if (l->una_at != m->now) {
		l->una_before = l->una_sure;
		l->una_at = m->now;
	}
	/* In SYN-RECEIVED a SYN comes before the ACK (3.10.7.4, fourth). */
	if (sure && p->ack != l->iss && (l->active || !(p->flags & P_SYN)))
		l->established = true;
	l->una = p->ack;
	if (sure)
		l->una_sure = p->ack;
	edge = p->ack + ((uint32_t)p->wnd << (p->flags & P_SYN ? 0 : l->ws_in));
	l->edge_in = seq_max(l->edge_in, edge);
}

static void
input_rst(struct monitor *m, struct mon_conn *c, struct mon_life *l, const struct packet *p)
{
	/* In SYN-SENT the ACK tells whether it is meant (RFC 9293 3.10.7.3, second). */
	if (l->active && !l->have_irs && (p->flags & P_ACK) && p->ack == l->snd_max) {
		l->rst_in = true;
		l->rst_at = m->now;
	}
	/* Only where both views of RCV.NXT agree is it certain that the RST was accepted. */
	if (!l->have_irs || p->seq != mon_life_received(l) || !l->have_ack || p->seq != l->last_ack)
		return;
	/* In TIME-WAIT it is ignored (RFC 1337), or ends what is over anyway. */
	if (mon_life_over(l))
		return;
	l->rst_in = true;
	l->rst_at = m->now;
	/* It was an old duplicate's SYN that reopened TIME-WAIT: the record is back. */
	if (!l->established && !l->active && c->past != NULL) {
		c->back_at = m->now;
		c->gone_iss = l->iss;
		mon_life_free(l);
		c->life = c->past;
		c->past = NULL;
	}
}

/*
 * The peer's SYN, as SYN-SENT takes it: its own, whose text and FIN we may leave to be repeated,
 * or the answer to ours, with all that it carries.
 */
static void
input_syn(struct mon_conn *c, struct mon_life *l, const struct packet *p, struct mon_recent *r)
{
	bool answers = (p->flags & P_ACK) && p->ack == l->iss + 1;

	/* RFC 9293 3.10.7.4, fourth; whether it was acceptable in other ways is not known. */
	if (l->have_irs && !l->active && seq_gt(p->seq, l->irs) && seq_lt(p->seq, l->edge_out))
		l->returned = true;
	if (!l->have_irs && (answers || (l->active && !(p->flags & P_ACK))))
		bind_syn(c, l, r);
	if (l->active && answers && p->seq == l->irs && packet_seg_len(p) > 1) {
		mon_life_arrived(l, p->seq + 1, packet_seg_len(p) - 1);
		if (p->flags & P_FIN) {
			l->fin_in = true;
			l->fin_in_seq = p->seq + 1 + p->len;
		}
	}
}

/*
 * Text and FIN come after the ACK (RFC 9293 3.10.7.4, fifth): a segment that acknowledges what was
 * not sent brings nothing. It is an old incarnation's, or forged. Nor does one whose timestamp is
 * older than what was echoed (RFC 7323 5.3).
 */
static bool
may_take_text(const struct mon_life *l, spt_time now, const struct packet *p)
{
	if ((p->flags & (P_SYN | P_ACK)) != P_ACK)
		return false;
	if (l->ts_ok && l->have_tsecr && now - l->tsopt_at < TS_RECENT_NS &&
	    seq_lt(p->tsval, l->last_tsecr))
		return false;
	return l->established ? seq_leq(p->ack, l->snd_max) : p->ack == l->snd_max;
}

/*
 * The first block tells of what arrived last (RFC 2018 4): another one above the ACK is of another
 * segment, so what is sent again during a recovery of many losses does bring something.
 */
static bool
input_sacks_more(struct mon_life *l, const struct packet *p)
{
	if (p->n_sack == 0 || !seq_gt(p->sack[0][0], p->ack) ||
	    (p->sack[0][0] == l->sack_in[0] && p->sack[0][1] == l->sack_in[1]))
		return false;
	memcpy(l->sack_in, p->sack[0], sizeof(l->sack_in));
	return true;
}

void
mon_input(struct monitor *m, struct mon_conn *c, const struct packet *p)
{
	struct mon_life *l = c->life;
	struct mon_recent *r = &c->recent[c->n_recent++ % MON_RECENT];
	bool progress = p->flags & P_SYN, acceptable;

	*r = (struct mon_recent){.seq = p->seq,
	    .ack = p->ack,
	    .seg_len = packet_seg_len(p),
	    .wnd = p->wnd,
	    .mss = p->mss,
	    .flags = p->flags,
	    .options = p->options,
	    .wscale = p->wscale,
	    .tsval = p->tsval};
	/* What came earlier was answered then, or not at all, unless a link address was missing. */
	if (c->input_at != m->now && !answers_wait(m, c))
		c->rst_credit = 0;
	c->input_at = m->now;
	if (!(p->flags & P_RST))
		c->rst_credit++;
	if (l == NULL)
		return;
	if (p->flags & P_RST) {
		input_rst(m, c, l, p);
		return;
	}
	if (p->flags & P_SYN)
		input_syn(c, l, p, r);
	if (!l->have_irs)
		return;
	if (p->options & P_TIMESTAMP)
		remember_tsval(l, p->tsval);
	/* Of a SYN to what is established nothing need be taken (RFC 5961 4). */
	acceptable = (p->flags & P_SYN)
	                 ? !l->established
	                 : seq_geq(p->seq, mon_life_received(l)) ||
	                       seq_gt(p->seq + packet_seg_len(p), mon_life_received(l));
	mon_sack_input(m, l, p, may_take_text(l, m->now, p));
	if (may_take_text(l, m->now, p)) {
		mon_ecn_input(m, l, p);
		if (mon_life_arrived(l, p->seq, packet_seg_len(p)))
			progress = true;
		if ((p->flags & P_FIN) && !l->fin_in && acceptable &&
		    seq_leq(p->seq + p->len, l->edge_out)) {
			l->fin_in = true;
			l->fin_in_seq = p->seq + p->len;
		}
	}
	if (p->flags & P_ACK) {
		uint32_t una = l->una;

		input_ack(m, l, p, acceptable);
		if (acceptable && may_take_text(l, m->now, p) && seq_leq(p->seq, l->edge_out))
			mon_recovery_input(m, l, p);
		progress = progress || una != l->una || input_sacks_more(l, p);
	}
	if (progress)
		c->quiet = 0;
}

/* ---- what is sent: SYN and RST ------------------------------------------ */

/* Of several the last one that had these options: others may be no repetitions, but forged. */
static const struct mon_recent *
find_syn(const struct mon_conn *c, uint32_t seq, uint8_t options)
{
	const struct mon_recent *last = NULL;
	uint32_t n = RTE_MIN(c->n_recent, MON_RECENT);

	for (uint32_t i = 1; i <= n; i++) {
		const struct mon_recent *r = &c->recent[(c->n_recent - i) % MON_RECENT];

		if (!(r->flags & P_SYN) || (r->flags & P_RST) || r->seq != seq)
			continue;
		if ((options & ~r->options & ~P_MSS) == 0)
			return r;
		if (last == NULL)
			last = r;
	}
	return last;
}

/* Whether another SYN of ours may begin a new life now. */
static bool
may_begin(const struct monitor *m, const struct mon_life *l)
{
	if (mon_life_over(l) || l->forgotten)
		return true;
	/* What completes a cookie's handshake need not be taken: records may be full, accept
	 * deferred. */
	if (m->cookies && !l->active && !l->spoke)
		return true;
	/* FIN-WAIT-2 and half-open connections end without a word: by a time-out. */
	if (!l->established)
		/* Both may have waited for a link address, and the first was given up meanwhile. */
		return l->returned || (m->cookies && !l->active) ||
		       (l->active && !l->have_irs && (m->now == l->syn_at || is_unresolved(m))) ||
		       m->now - l->syn_at >= (l->active ? MON_SYN_SENT_NS : MON_HALF_OPEN_NS);
	return false;
}

static void
begin_life(struct monitor *m, struct mon_conn *c, const struct packet *p)
{
	struct mon_life *l = mon_life_new();

	mon_life_free(c->past);
	c->past = c->life;
	c->life = l;
	l->have_iss = true;
	l->active = !(p->flags & P_ACK);
	l->iss = l->una = l->una_sure = l->una_before = p->seq;
	l->snd_max = p->seq + 1;
	l->edge_in = l->snd_max;
	l->syn_options = p->options;
	l->syn_mss = p->mss;
	l->syn_wscale = p->wscale;
	l->syn_wnd = p->wnd;
	c->quiet = 0;
}

/* A SYN again: as it was. Into a simultaneous open it is answered with what both offered. */
static void
repeat_syn(
    struct monitor *m, struct mon_life *l, const struct packet *p, const struct mon_recent *s)
{
	uint8_t options = l->syn_options;

	if (l->active && s != NULL)
		options &= s->options | P_MSS;
	/* Before that the ACK may have been refused: no connection left for it. */
	if (l->spoke)
		mon_fail(m, MONITOR_SYN, "SYN sent again in a synchronized state");
	else if (options != p->options || l->syn_mss != p->mss ||
	         ((options & P_WSCALE) && l->syn_wscale != p->wscale))
		mon_fail(m, MONITOR_SYN, "options changed when the SYN was sent again");
	else if (!(p->flags & P_ACK) && l->have_irs && m->now > l->irs_at)
		mon_fail(m, MONITOR_SYN, "a SYN without ACK, but the peer's has arrived");
	l->syn_wnd = RTE_MAX(l->syn_wnd, p->wnd);
}

static void
output_syn(struct monitor *m, struct mon_conn *c, const struct packet *p)
{
	const struct mon_recent *s = p->flags & P_ACK ? find_syn(c, p->ack - 1, p->options) : NULL;
	struct mon_life *l = c->life;
	bool same = l != NULL && l->have_iss && l->iss == p->seq && !mon_life_over(l) &&
	            (!l->have_irs || !s || l->irs == s->seq) && (l->active || s != NULL);

	if (p->flags & (P_FIN | P_RST))
		mon_fail(m, MONITOR_FLAGS, "SYN with FIN or RST");
	if (p->len > 0)
		mon_fail(m, MONITOR_SYN, "%" PRIu32 " bytes of data on a SYN", p->len);
	if ((p->flags & P_ACK) && s == NULL)
		mon_fail(m, MONITOR_SYN, "acknowledges a SYN that never arrived");
	if ((p->options & P_WSCALE) && p->wscale > 14)
		mon_fail(m, MONITOR_OPTION, "window shift %u above 14", p->wscale);
	if (s != NULL && (p->options & ~s->options & ~P_MSS) != 0)
		mon_fail(m, MONITOR_OPTION, "the SYN-ACK has options that the SYN had not");
	if (!same) {
		if (l != NULL && !may_begin(m, l))
			mon_fail(m, MONITOR_SYN, "a new ISS while the connection lives");
		begin_life(m, c, p);
		l = c->life;
	} else {
		repeat_syn(m, l, p, s);
	}
	l->syn_at = m->now;
	if (s != NULL && !l->have_irs)
		bind_syn(c, l, s);
	mon_ecn_syn(m, c, l, p);
}

/* Whether a RST has the form of RFC 9293 3.5.2 as an answer to 'r'. */
static bool
rst_answers(const struct mon_recent *r, const struct packet *p)
{
	if (r->flags & P_RST)
		return false;
	if (r->flags & P_ACK)
		return p->seq == r->ack;
	return p->seq == 0 && (p->flags & P_ACK) && p->ack == r->seq + r->seg_len;
}

static void
output_rst(struct monitor *m, struct mon_conn *c, const struct packet *p)
{
	struct mon_life *l = c->life;
	bool form = false, lives = l != NULL && !l->rst_in && !l->rst_out;
	bool ours =
	    lives && l->have_iss && seq_geq(p->seq, l->una_before) && seq_leq(p->seq, l->snd_max);

	if (p->flags & ~(P_RST | P_ACK))
		mon_fail(m, MONITOR_FLAGS, "RST with other flags than ACK");
	if (p->tos & 3)
		mon_fail(m, MONITOR_ECN, "ECT on a RST");
	if (p->len > 0)
		mon_fail(m, MONITOR_RST, "RST with data");
	for (uint32_t i = 0; i < RTE_MIN(c->n_recent, MON_RECENT); i++)
		form = form || rst_answers(&c->recent[i], p);
	/* Our own, of an abort or of data after close, need not answer; the next that came may. */
	if (!ours && c->rst_credit == 0)
		mon_fail(m, MONITOR_RST, "no segment arrived that it could answer");
	if (!ours && c->rst_credit > 0)
		c->rst_credit--;
	if (!form && !ours)
		mon_fail(m, MONITOR_RST, "its numbers answer no segment that arrived");
	if ((p->flags & P_ACK) && ours && p->seq != 0 && l->have_irs &&
	    seq_gt(p->ack, mon_life_received(l)))
		mon_fail(m, MONITOR_ACK_AHEAD, "RST acknowledges what did not arrive");
	/*
	 * In SYN-RECEIVED a wrong ACK draws a RST, and the connection stays; so does LISTEN's
	 * answer to a SYN-ACK, where a cookie stands for it.
	 */
	if (ours &&
	    (l->established || (p->seq == l->snd_max && !(form && m->cookies && !l->active)))) {
		l->rst_out = true;
		l->rst_at = m->now;
	}
}

/* ---- what is sent: everything else -------------------------------------- */

static void
rule_options(struct monitor *m, const struct mon_life *l, const struct packet *p)
{
	if (!(p->flags & P_ACK))
		mon_fail(m, MONITOR_FLAGS, "no ACK");
	if (p->options & OPTIONS_OF_SYN)
		mon_fail(m, MONITOR_OPTION, "an option that belongs on a SYN");
	if ((p->options & P_SACK) && !l->sack_ok)
		mon_fail(m, MONITOR_OPTION, "SACK was not negotiated");
	if ((p->flags & P_URG) == 0 && p->up != 0)
		mon_fail(m, MONITOR_FLAGS, "an urgent pointer without URG");
}

static void
rule_timestamps(struct monitor *m, struct mon_life *l, const struct packet *p)
{
	uint32_t n = RTE_MIN(l->n_tsvals, MON_TSVALS), i;
	bool has = p->options & P_TIMESTAMP, recent;

	if (!(p->flags & P_SYN) && has != l->ts_ok)
		mon_fail(
		    m, MONITOR_TIMESTAMP, has ? "TSopt was not negotiated" : "TSopt is missing");
	if (!has)
		return;
	recent = m->now - l->tsopt_at < TS_RECENT_NS;
	l->tsopt_at = m->now;
	if (l->have_tsval && recent && seq_lt(p->tsval, l->last_tsval))
		mon_fail(m, MONITOR_TIMESTAMP, "TSval went back from %" PRIu32 " to %" PRIu32,
		    l->last_tsval, p->tsval);
	l->have_tsval = true;
	l->last_tsval = p->tsval;
	if (!(p->flags & P_ACK)) {
		if (p->tsecr != 0)
			mon_fail(m, MONITOR_TIMESTAMP, "TSecr without ACK is not 0");
		return;
	}
	for (i = 1; i <= n; i++) {
		if (l->tsvals[(l->n_tsvals - i) % MON_TSVALS] == p->tsecr)
			break;
	}
	if (i > n)
		mon_fail(m, MONITOR_TIMESTAMP, "TSecr %" PRIu32 " echoes nothing", p->tsecr);
	if (l->have_tsecr && recent && seq_lt(p->tsecr, l->last_tsecr))
		mon_fail(m, MONITOR_TIMESTAMP, "TSecr went back from %" PRIu32 " to %" PRIu32,
		    l->last_tsecr, p->tsecr);
	l->have_tsecr = true;
	l->last_tsecr = p->tsecr;
}

static void
rule_sequence(struct monitor *m, struct mon_life *l, const struct packet *p)
{
	uint32_t end = p->seq + packet_seg_len(p), edge = l->edge_in;

	if (packet_seg_len(p) > 0 && !l->established)
		mon_fail(m, MONITOR_SYN, "data or FIN before our SYN was acknowledged");
	if (seq_gt(p->seq, l->snd_max) && !is_unresolved(m))
		mon_fail(m, MONITOR_GAP, "seq %" PRIu32 ", but %" PRIu32 " comes next",
		    p->seq - l->iss, l->snd_max - l->iss);
	/* A keep-alive stands one before SND.UNA (RFC 9293 3.8.4). */
	if (seq_lt(p->seq, l->una_before - 1))
		mon_fail(m, MONITOR_SEQ_BACK, "seq %" PRIu32 ", but %" PRIu32 " was acknowledged",
		    p->seq - l->iss, l->una_before - l->iss);
	if (packet_seg_len(p) > 0 && seq_lt(end, l->una_before))
		mon_fail(m, MONITOR_SEQ_BACK, "sent again though acknowledged up to %" PRIu32,
		    l->una_before - l->iss);
	/* A probe, or a FIN, may stand on the first number beyond the window. */
	if (seq_gt(end, edge) && packet_seg_len(p) > 0 &&
	    !(packet_seg_len(p) == 1 && p->seq == edge) &&
	    !(p->seq + p->len == edge && (p->flags & P_FIN)))
		mon_fail(m, MONITOR_WINDOW, "up to %" PRIu32 ", but the window ends at %" PRIu32,
		    end - l->iss, edge - l->iss);
}

static void
rule_stream(struct monitor *m, struct mon_life *l, const struct packet *p)
{
	uint32_t end = p->seq + packet_seg_len(p);

	if (l->fin_out) {
		if (seq_gt(p->seq + p->len, l->fin_out_seq) && p->len > 0)
			mon_fail(m, MONITOR_AFTER_FIN, "data behind the FIN");
		if ((p->flags & P_FIN) && p->seq + p->len != l->fin_out_seq)
			mon_fail(m, MONITOR_AFTER_FIN, "the FIN moved from %" PRIu32 " to %" PRIu32,
			    l->fin_out_seq - l->iss, p->seq + p->len - l->iss);
	} else if (p->flags & P_FIN) {
		if (p->seq + p->len != l->snd_max && seq_lt(end, l->snd_max + 1))
			mon_fail(m, MONITOR_AFTER_FIN, "a FIN before data that was sent");
		l->fin_out = true;
		l->fin_out_seq = p->seq + p->len;
	}
	if (p->len > 0 && seq_geq(p->seq, l->iss + 1) &&
	    !mon_life_sent(l, p->seq, p->payload, p->len))
		mon_fail(m, MONITOR_RETRANSMIT, "the bytes are not those sent first");
	l->snd_max = seq_max(l->snd_max, end);
}

static void
rule_ack(struct monitor *m, struct mon_life *l, const struct packet *p)
{
	unsigned int shift = p->flags & P_SYN ? 0 : l->ws_out;
	uint32_t edge = p->ack + ((uint32_t)p->wnd << shift), slack = (1u << l->ws_out) - 1;

	if (seq_gt(p->ack, mon_life_received(l)))
		mon_fail(m, MONITOR_ACK_AHEAD, "ack %" PRIu32 ", but %" PRIu32 " arrived",
		    p->ack - l->irs, mon_life_received(l) - l->irs);
	if (l->have_ack && seq_lt(p->ack, l->last_ack))
		mon_fail(m, MONITOR_ACK_BACK, "ack went back from %" PRIu32 " to %" PRIu32,
		    l->last_ack - l->irs, p->ack - l->irs);
	/* A SYN can tell no more (RFC 7323 2.2), whatever an ACK in SYN-RECEIVED did. */
	if ((p->flags & P_SYN) && p->wnd == UINT16_MAX && l->have_edge)
		edge = seq_max(edge, l->edge_out);
	/* A scaled edge can be told only to the unit of the scale (RFC 7323 2.4). */
	if (l->have_edge && seq_lt(edge + slack, l->edge_out))
		mon_fail(m, MONITOR_EDGE_BACK, "from %" PRIu32 " to %" PRIu32, l->edge_out - l->irs,
		    edge - l->irs);
	l->edge_out = l->have_edge ? seq_max(l->edge_out, edge) : edge;
	l->have_ack = l->have_edge = true;
	l->last_ack = p->ack;
}

static void
rule_endless(struct monitor *m, struct mon_conn *c)
{
	if (c->quiet == 0 || m->now - c->quiet_at > MON_QUIET_NS)
		c->quiet = 0;
	c->quiet++;
	c->quiet_at = m->now;
	if (c->quiet > MON_QUIET_LIMIT)
		mon_fail(
		    m, MONITOR_ENDLESS, "%" PRIu32 " segments in a row with nothing new", c->quiet);
}

void
mon_output(struct monitor *m, struct mon_conn *c, const struct packet *p)
{
	struct mon_life *l;
	bool repeats;

	c->output_at = m->now;
	if (p->flags & P_RST) {
		output_rst(m, c, p);
		return;
	}
	/* A SYN of our own accord answers nothing: it may have waited for a link address. */
	if (c->rst_credit > 0 && (p->flags & (P_SYN | P_ACK)) != P_SYN)
		c->rst_credit--;
	/* The answer to what came with the RST that ended a half-open life (input_rst). */
	if (c->back_at == m->now && p->seq == c->gone_iss + 1)
		return;
	if (p->flags & P_SYN)
		output_syn(m, c, p);
	l = c->life;
	if (l == NULL || !l->have_iss || (!l->have_irs && !(p->flags & P_SYN))) {
		mon_fail(m, MONITOR_ADDRESS, "a segment of no connection");
		return;
	}
	if ((l->rst_in || l->rst_out) && m->now > l->rst_at)
		mon_fail(m, MONITOR_AFTER_RST, "a RST ended this connection");
	repeats = !(p->flags & P_SYN) &&
	          (packet_seg_len(p) == 0 || seq_leq(p->seq + packet_seg_len(p), l->snd_max));
	rule_timestamps(m, l, p);
	if (!(p->flags & P_SYN)) {
		/* A half-open record sends ACKs too (RFC 9293 3.10.7.4, first), but no more. */
		if (packet_seg_len(p) > 0 || p->ack != l->irs + 1)
			l->spoke = true;
		rule_options(m, l, p);
		mon_sack_output(m, l, p);
		mon_ecn_output(m, l, p);
		mon_recovery_output(m, l, p);
		rule_sequence(m, l, p);
		rule_stream(m, l, p);
		if (p->len > 0 && p->len + p->options_len > l->mss)
			mon_fail(m, MONITOR_MSS,
			    "%" PRIu32 " bytes and %u of options, the MSS is %u", p->len,
			    p->options_len, l->mss);
	}
	/* Text may have come before and been refused: that it is taken now is new. */
	if (p->flags & P_ACK) {
		repeats = repeats && l->have_ack && p->ack == l->last_ack;
		rule_ack(m, l, p);
	}
	if (repeats)
		rule_endless(m, c);
	else
		c->quiet = 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about segments of ours, RFC 9293 3.9.2.2. Only those that quote data in flight
 * are believed (RFC 5927 4). A synchronized connection is never aborted by one, hard or soft
 * (RFC 5927 5.2, a recorded deviation from SHLD-26): the application hears of it. An active open is
 * refused by a hard one (SHLD-26), and goes on after a soft one (MUST-56).
 */
#include "internal.h"

/* Below these a router's word is no reason to send smaller segments (RFC 1191 3, RFC 8200 5). */
#define PMTU_MIN_V4 552
#define PMTU_MIN_V6 1280

/* What is too big now is lost, without congestion (RFC 8201 5.4). */
static void
icmp_resend(struct tcp *t, struct conn *c, struct xfer *x)
{
	struct scoreboard_cursor at;

	for (struct sent *s = scoreboard_begin(&x->sb, &t->chunks, &at); s;
	     s = scoreboard_next(&t->chunks, &at)) {
		if (s->len > c->mss && !(s->flags & (SENT_SACKED | SENT_LOST)))
			scoreboard_mark_lost(&x->sb, &t->chunks, s);
	}
	x->dup_bytes = RTE_MIN(x->dup_bytes, scoreboard_flight(&x->sb));
	x->rtt_timed = 0;
	conn_want_output(t, c);
}

/* RFC 1191, RFC 8201: segments shrink, and what was too big is sent again. */
static void
icmp_too_big(struct tcp *t, struct conn *c, uint32_t mtu)
{
	bool v4 = addr_is_v4(&c->key.raddr);
	uint32_t headers = WIRE_TCP_LEN + (v4 ? WIRE_IP4_LEN : WIRE_IP6_LEN);
	struct xfer *x = conn_xfer(t, c);
	uint32_t mss;

	if (c->flags & CONN_TIMESTAMPS)
		headers += 12;
	mss = RTE_MAX(mtu, v4 ? PMTU_MIN_V4 : PMTU_MIN_V6) - headers;
	if (mss >= c->mss)
		return;
	c->mss = (uint16_t)mss;
	/* Before the handshake nothing of the queue is out, but a SYN, which is never too big. */
	if (x && x->sendq && conn_is_synchronized(c))
		icmp_resend(t, c, x);
}

bool
tcp_icmp_error(
    struct tcp *t, const struct flow_key *key, uint32_t seq, int error, bool hard, uint32_t mtu)
{
	flow_ref ref = flow_lookup(&t->flows, key, flow_hash(&t->flows, key));
	struct conn *c;

	if (ref == FLOW_NONE)
		return false;
	if (flow_ref_kind(ref) == FLOW_HALF_OPEN) {
		const struct half_open *h = half_open_at(t, flow_ref_index(ref));

		return seq == h->iss; /* noted; the SYN-ACK timer goes on (RFC 5461 4) */
	}
	if (flow_ref_kind(ref) != FLOW_CONN)
		return false;
	c = conn_at(t, flow_ref_index(ref));
	if (!(seq_leq(c->snd_una, seq) && seq_lt(seq, c->snd_nxt)))
		return false;
	if (hard && !conn_is_synchronized(c)) {
		t->stats->connects_refused++;
		conn_refuse(t, c, error);
		return true;
	}
	if (error == -EMSGSIZE)
		icmp_too_big(t, c, mtu);
	else if (!(c->flags & CONN_APP_CLOSED))
		event_soft_error(t, c, error);
	return true;
}

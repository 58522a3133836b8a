/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Active OPEN, RFC 9293 3.10.1: the connection from the call on, its SYN, and the SYN's
 * retransmission. What comes in answer is in synsent.c.
 */
#include <rte_byteorder.h>

#include "internal.h"

/* RFC 9293 MUST-46: no open to an address that is no host's. */
static bool
connect_remote_fit(const struct tcp *t, const struct spt_endpoint *remote)
{
	const struct spt_addr *a = &remote->addr;

	if (remote->port == 0 || addr_is_zero(a) || local_is_broadcast(&t->local, a))
		return false;
	if (!addr_is_v4(a)) /* a group, or loopback */
		return a->b[0] != 0xff && (a->q[0] | (a->q[1] ^ RTE_BE64(1))) != 0;
	return a->b[12] != 0 && a->b[12] != 127 && a->b[12] < 224;
}

/* The tuple is ours from here on: in the table, and counted with its source. */
static int
connect_insert(struct tcp *t, uint64_t hash, flow_ref old, struct conn *c, uint32_t *snd_nxt)
{
	flow_ref ref = flow_ref_make(FLOW_CONN, conn_index(t, c));
	struct time_wait *w;

	*snd_nxt = 0;
	if (likely(old == FLOW_NONE)) {
		if (flow_insert(&t->flows, hash, ref) == 0)
			return 0;
		t->stats->flow_refused++;
		return -ENOBUFS;
	}
	w = time_wait_at(t, flow_ref_index(old));
	*snd_nxt = w->snd_nxt;
	flow_replace(&t->flows, hash, old, ref);
	time_wait_free(t, flow_ref_index(old));
	t->stats->timewait_reused++;
	return 0;
}

/* Everything but the key, which the flow table wants first. */
static void
connect_init(struct tcp *t, struct conn *c, const struct tcp_source *src, uint32_t iss)
{
	const struct option_block *o = option_at(t, src->options);
	bool v4 = addr_is_v4(&c->key.raddr);

	*c = (struct conn){
	    .key = c->key,
	    .state = SPT_SYN_SENT,
	    .snd_una = iss,
	    .snd_nxt = iss + 1,
	    .rcv_free = (int32_t)o->set.receive_buffer,
	    .xfer = POOL_NONE,
	    .event = POOL_NONE,
	    .next_hop = t->next_hop(t->next_hop_context, t->now, &c->key.raddr),
	    .generation = c->generation,
	    .last_rcv = t->now_half,
	    .rcv_epoch = t->now_epoch,
	    .iss = iss,
	    .unacked_since = t->now_half,
	    .rcv_limit = o->set.receive_buffer,
	    .options = src->options,
	    .listener = CONN_NO_LISTENER,
	    .mss_peer = v4 ? 536 : 1220, /* MUST-15, until it tells */
	    .marks = MARK_SYN,
	    .source = (uint8_t)(src - t->source + 1),
	};
	if (!o->set.no_timestamps) {
		c->flags |= CONN_TIMESTAMPS;
		c->ts_offset = ts_offset_generate(t, &c->key);
	}
	if (!o->set.no_window_scale) {
		c->marks |= MARK_SCALING;
		c->scales = (uint8_t)(o->rcv_shift << 4);
	}
	if (!o->set.no_sack)
		c->features |= FEATURE_SACK;
	if (o->set.ecn == SPT_ECN_ASK)
		c->features |= FEATURE_ECN;
	option_hold(t, c->options);
	option_apply(t, c);
}

int
tcp_connect(struct tcp *t, int source, const struct spt_endpoint *local,
    const struct spt_endpoint *remote, void *user, spt_conn *conn)
{
	struct tcp_source *src = source_find(t, source);
	struct flow_key key = {.raddr = remote->addr, .rport = rte_cpu_to_be_16(remote->port)};
	uint32_t index, iss, snd_nxt;
	struct conn *c;
	uint64_t hash;
	flow_ref old;
	int rc;

	if (!src)
		return -ENOENT;
	if (!connect_remote_fit(t, remote))
		return -EINVAL;
	index = pool_get(&t->conns);
	if (index == POOL_NONE)
		return -ENFILE;
	pool_prefetch(&t->conns, 0);
	rc = local ? source_claim(t, src, local, &key, &hash, &old)
	           : source_choose(t, src, &key, &hash, &old);
	c = conn_at(t, index);
	if (rc == 0) {
		c->key = key;
		rc = connect_insert(t, hash, old, c, &snd_nxt);
	}
	if (rc) {
		t->stats->connects_no_tuple += rc == -EADDRNOTAVAIL;
		pool_put(&t->conns, index);
		return rc;
	}
	iss = isn_generate(t, &key);
	if (old != FLOW_NONE) {
		src->reused++;
		/* Above all that the old incarnation used, so no old segment fits (RFC 6191). */
		if (seq_lt(iss, snd_nxt + 65537))
			iss = snd_nxt + 65537;
	}
	connect_init(t, c, src, iss);
	source_take(t, c->source);
	c->user = user;
	t->stats->connects++;
	conn_want_output(t, c);
	*conn = (uint64_t)c->generation << 32 | index;
	return 0;
}

/* Our SYN, or the SYN-ACK of a simultaneous open, when it is due: the output list's turn. */
void
connect_output(struct tcp *t, struct conn *c)
{
	if (!(c->marks & MARK_SYN))
		return;
	c->marks &= ~MARK_SYN;
	if (c->retries == 0)
		c->rttvar = t->now_us; /* until the first sample: when it was sent */
	segment_send_syn(t, c, NULL);
	if (!(c->timers & TIMER_RTX))
		retransmit_arm(t, c);
}

/* Nobody answers: the peer of a simultaneous open is told, in case it hears. */
static void
connect_give_up(struct tcp *t, struct conn *c)
{
	t->stats->closed_timed_out++;
	conn_refuse(t, c, -ETIMEDOUT);
}

/* RFC 6298 5.4 to 5.7; R2 of a SYN is at least 3 minutes (MUST-23), the user may want less. */
void
connect_expired(struct tcp *t, struct conn *c)
{
	uint32_t timeout_ms = conn_options(t, c)->set.user_timeout_ms;

	conn_timer_clear(c, TIMER_RTX);
	if (c->retries >= t->syn_retries ||
	    (timeout_ms && retransmit_due(t, c, timeout_ms * SPT_NS_PER_MS) <= t->now)) {
		connect_give_up(t, c);
		return;
	}
	t->stats->rto_expirations++;
	t->stats->segments_retransmitted++;
	retransmit_back_off(c);
	retransmit_r1(t, c);
	c->marks |= MARK_RTO_SYN;
	if (c->state == SPT_SYN_SENT)
		c->features |= FEATURE_NO_ECT; /* it may be ECN that is not let through */
	segment_send_syn(t, c, NULL);
	retransmit_arm(t, c);
}

/* An open that came to nothing. In SYN-SENT no segment is sent (RFC 9293 3.10.5). */
void
conn_refuse(struct tcp *t, struct conn *c, int reason)
{
	if (c->state == SPT_SYN_RECEIVED)
		conn_abort(t, c, reason);
	else
		conn_finish(t, c, reason);
}

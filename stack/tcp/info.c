/* SPDX-License-Identifier: BSD-3-Clause */
/* STATUS, RFC 9293 3.10.6: what a connection or a record looks like, and a walk over all of them.
 */
#include <rte_byteorder.h>

#include "internal.h"

static void
info_key(const struct tcp *t, const struct flow_key *k, struct spt_conn_info *info)
{
	*info = (struct spt_conn_info){
	    .local = {.addr = local_at(&t->local, k->laddr), .port = rte_be_to_cpu_16(k->lport)},
	    .remote = {.addr = k->raddr, .port = rte_be_to_cpu_16(k->rport)},
	};
}

/* Of SND.UNA to SND.NXT what is no byte: our SYN, or FIN. */
static uint32_t
info_control(const struct conn *c)
{
	if (!conn_is_synchronized(c))
		return 1;
	return (c->flags & CONN_FIN_SENT) && c->snd_una != c->snd_nxt;
}

void
info_conn(const struct tcp *t, const struct conn *c, struct spt_conn_info *info)
{
	const struct xfer *x = conn_xfer(t, c);

	info_key(t, &c->key, info);
	info->state = (enum spt_state)c->state;
	info->user = c->user;
	info->iss = c->iss;
	info->irs = c->irs;
	info->snd_una = c->snd_una;
	info->snd_nxt = c->snd_nxt;
	info->snd_wnd = c->snd_wnd;
	info->snd_max = c->snd_nxt;
	info->rcv_nxt = c->rcv_nxt;
	info->rcv_wnd = conn_rcv_wnd(c);
	info->mss = c->mss;
	info->path_mtu = pmtu_of(c);
	info->cwnd = c->cwnd;
	info->ssthresh = c->ssthresh;
	info->srtt_us = c->srtt >> 3;
	info->rttvar_us = c->rttvar >> 2;
	info->rto_us = (uint32_t)(retransmit_rto(t, c) / SPT_NS_PER_US);
	info->congestion = (enum spt_congestion)c->congestion;
	if (x) {
		info->in_flight = conn_flight(x);
		info->sacked = x->sb.sacked;
		info->lost = x->sb.lost;
		info->min_rtt_us = x->rack.min_rtt_us;
		info->recovery = (enum spt_recovery)x->recovery;
		info->unsent = c->flags & CONN_FIN_SENT ? 0 : x->snd_end - c->snd_nxt;
		info->out_of_order = x->ooo_bytes;
	}
	info->unacked = c->snd_nxt - c->snd_una - info_control(c);
	info->receive_buffer = c->rcv_limit;
	info->undelivered = c->rcv_limit - (uint32_t)c->rcv_free;
	info->urgent = c->flags & CONN_URG_RCVD ? c->rcv_up - c->rcv_nxt : 0;
	info->retransmissions = c->retries;
	info->syn_retransmitted = c->marks & MARK_RTO_SYN;
	info->snd_wscale = conn_snd_shift(c);
	info->rcv_wscale = conn_rcv_shift(c);
	info->timestamps = c->flags & CONN_TIMESTAMPS;
	info->sack = c->features & FEATURE_SACK;
	info->ecn = c->features & FEATURE_ECN;
}

static void
info_half_open(const struct tcp *t, const struct half_open *h, struct spt_conn_info *info)
{
	info_key(t, &h->key, info);
	info->state = SPT_SYN_RECEIVED;
	info->iss = h->iss;
	info->irs = h->irs;
	info->snd_una = h->iss;
	info->snd_nxt = info->snd_max = h->iss + 1;
	info->snd_wnd = h->wnd;
	info->rcv_nxt = h->irs + 1;
	info->rcv_wnd = half_open_initial_window(t, h);
	info->mss = h->mss;
	info->retransmissions = h->tries;
	info->snd_wscale = h->scales & 0xf;
	info->rcv_wscale = h->scales >> 4;
	info->timestamps = h->flags & RECORD_TIMESTAMPS;
	info->sack = h->flags & RECORD_SACK;
	info->ecn = h->flags & RECORD_ECN;
}

static void
info_time_wait(const struct tcp *t, const struct time_wait *w, struct spt_conn_info *info)
{
	info_key(t, &w->key, info);
	info->state = SPT_TIME_WAIT;
	info->snd_una = info->snd_nxt = info->snd_max = w->snd_nxt;
	info->rcv_nxt = w->rcv_nxt;
	info->timestamps = w->flags & RECORD_TIMESTAMPS;
}

/* Connections first, then half-open, then TIME-WAIT records: one running number. */
static bool
walk_one(const struct tcp *t, uint64_t at, struct spt_conn_info *info)
{
	if (at < t->conns.capacity) {
		const struct conn *c = conn_at(t, (uint32_t)at);

		if (!conn_is_open(c))
			return false;
		info_conn(t, c, info);
		return true;
	}
	at -= t->conns.capacity;
	if (at < t->half_opens.capacity) {
		const struct half_open *h = half_open_at(t, (uint32_t)at);

		if (h->key.lport == 0)
			return false;
		info_half_open(t, h, info);
		return true;
	}
	at -= t->half_opens.capacity;
	const struct time_wait *w = time_wait_at(t, (uint32_t)at);

	if (w->key.lport == 0 || (w->flags & RECORD_SHADOWED))
		return false;
	info_time_wait(t, w, info);
	return true;
}

unsigned int
tcp_walk(const struct tcp *t, uint64_t *cursor, struct spt_conn_info *infos, unsigned int max)
{
	uint64_t end =
	    (uint64_t)t->conns.capacity + t->half_opens.capacity + t->time_waits.capacity;
	unsigned int n = 0;

	while (n < max && *cursor < end)
		n += walk_one(t, (*cursor)++, &infos[n]);
	return n;
}

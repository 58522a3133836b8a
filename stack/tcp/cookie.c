/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The listener's side of SYN cookies: when they are used, the SYN-ACK without a record, and the
 * ACK that makes a connection of it.
 */
#include <rte_byteorder.h>

#include "internal.h"

/* SYNs are weighed against completions over so long. */
#define WINDOW (100 * SPT_NS_PER_MS)
/* Fewer of them in a window are no flood, whether completed or not. */
#define WINDOW_SYNS 1000
/* Cookies end when nothing spoke for them over so many windows. */
#define QUIET_WINDOWS 10

void
cookie_init(struct tcp *t, const struct spt_config *config)
{
	syncookie_init(&t->cookie, t->secrets.cookie, config->wall_offset,
	    config->cookie_secret != NULL, t->now);
	if (config->cookie_secret)
		t->ts_base = (uint32_t)(config->wall_offset / SPT_NS_PER_MS);
	t->defence.available = config->syn_cookies != SPT_COOKIES_NEVER;
	t->defence.always = config->syn_cookies == SPT_COOKIES_ALWAYS;
	t->defence.on = t->defence.always;
}

void
tcp_defence_info(const struct tcp *t, struct spt_defence *info)
{
	const struct tcp_defence *d = &t->defence;

	*info = (struct spt_defence){.on = d->on, .since = d->since, .sources = d->sources};
	if (d->lport == 0)
		return;
	info->to.addr = local_at(&t->local, d->laddr);
	info->to.port = rte_be_to_cpu_16(d->lport);
}

static void
defence_switch(struct tcp *t, bool on)
{
	t->defence.on = on;
	t->defence.since = t->now;
	t->defence.quiet = 0;
	if (on)
		t->defence.sources = 0;
}

static bool
records_scarce(const struct tcp *t)
{
	return pool_used(&t->half_opens) >= t->half_opens.capacity - t->half_opens.capacity / 4;
}

/* The last quarters are for SYNs that need a record: those that meet TIME-WAIT. */
static bool
backlog_scarce(const struct tcp_listener *l)
{
	return l->half_open >= l->backlog - l->backlog / 4;
}

static bool
records_plenty(const struct tcp *t)
{
	return pool_used(&t->half_opens) <= t->half_opens.capacity / 2;
}

/* A window is over: did it speak for cookies? */
static void
defence_window(struct tcp *t)
{
	struct tcp_defence *d = &t->defence;
	const struct spt_stats *stats = t->stats;
	uint64_t syns = stats->verdict[SPT_V_TCP_SYN] + stats->verdict[SPT_V_TCP_SYN_COOKIE];
	uint64_t opened = stats->opened_passive;
	bool flood = syns - d->syns >= WINDOW_SYNS && (opened - d->opened) * 2 < syns - d->syns;
	/* SYNs look at once, so a window that nobody looked at ended with nothing in it. */
	uint64_t missed = RTE_MIN((t->now - d->window_end) / WINDOW, (uint64_t)QUIET_WINDOWS);

	d->syns = syns;
	d->opened = opened;
	d->window_end = t->now + WINDOW;
	if (flood && !d->on && missed < QUIET_WINDOWS) {
		defence_switch(t, true);
		t->stats->cookies_by_rate++;
	}
	if (!records_plenty(t))
		d->quiet = 0;
	else
		d->quiet = (flood ? 0 : d->quiet + 1) + (uint32_t)missed;
	if (d->on && d->quiet >= QUIET_WINDOWS && !d->always)
		defence_switch(t, false);
}

void
cookie_timers(struct tcp *t)
{
	const struct tcp_defence *d = &t->defence;

	if (unlikely(d->on && !d->always && t->now >= d->window_end))
		defence_window(t);
}

spt_time
cookie_deadline(const struct tcp *t)
{
	const struct tcp_defence *d = &t->defence;

	/* Where records are scarce the next deadline is one of theirs. */
	if (likely(!d->on) || d->always || !records_plenty(t))
		return SPT_TIME_NEVER;
	return d->window_end + (QUIET_WINDOWS - 1 - d->quiet) * WINDOW;
}

bool
cookie_wanted(struct tcp *t, const struct tcp_listener *l)
{
	struct tcp_defence *d = &t->defence;

	if (!d->available)
		return false;
	if (unlikely(t->now >= d->window_end))
		defence_window(t);
	if (unlikely(!d->on && records_scarce(t))) {
		defence_switch(t, true);
		t->stats->cookies_by_records++;
	}
	return d->on || backlog_scarce(l);
}

static void
cookie_flow(const struct tcp *t, const struct flow_key *key, uint32_t irs, struct syncookie_flow *f)
{
	f->remote = key->raddr;
	f->local = local_at(&t->local, key->laddr);
	f->rport = key->rport;
	f->lport = key->lport;
	f->irs = irs;
}

static void
cookie_offered(const struct half_open *h, struct syncookie_options *o)
{
	*o = (struct syncookie_options){
	    .mss = h->mss,
	    .wscale = h->flags & RECORD_SCALING ? h->scales & 0xf : SYNCOOKIE_NO_WSCALE,
	    .sack = h->flags & RECORD_SACK,
	    .ecn = h->flags & RECORD_ECN,
	    .timestamps = h->flags & RECORD_TIMESTAMPS,
	};
}

/*
 * The record's numbers are a cookie's, if there is one for its MSS. Inline where a flood is
 * answered: 15 cycles a SYN.
 */
static __rte_always_inline bool
cookie_issue(struct tcp *t, struct half_open *h)
{
	struct syncookie_options offered;
	struct syncookie_flow f;

	cookie_offered(h, &offered);
	if (!syncookie_fits(&offered, addr_is_v4(&h->key.raddr)))
		return false;
	cookie_flow(t, &h->key, h->irs, &f);
	h->iss = syncookie_issue(&t->cookie, &f, &offered);
	h->flags |= RECORD_COOKIE;
	return true;
}

uint32_t
cookie_isn(struct tcp *t, struct half_open *h)
{
	if (unlikely(syncookie_in_life(&t->cookie, t->now)) && cookie_issue(t, h))
		return h->iss;
	return isn_generate(t, &h->key);
}

uint32_t
cookie_tsval(const struct half_open *h, uint32_t tsval)
{
	struct syncookie_options offered;

	cookie_offered(h, &offered);
	return syncookie_tsval(&offered, tsval);
}

/* Who asks, and for what: a few bits for the line that tells of a flood. */
static inline void
cookie_note(struct tcp_defence *d, const struct flow_key *key)
{
	uint64_t address = key->raddr.q[0] ^ key->raddr.q[1];

	d->sources |= UINT64_C(1) << (address * UINT64_C(0x9e3779b97f4a7c15) >> 58);
	d->laddr = key->laddr;
	d->lport = key->lport;
}

enum spt_verdict
cookie_answer(struct tcp *t, struct half_open *h, struct seg *s)
{
	if (!cookie_issue(t, h)) {
		if (backlog_scarce(&t->listener[h->listener]))
			return seg_discard(s, SPT_V_TCP_SYN_BACKLOG);
		return records_scarce(t) ? seg_discard(s, SPT_V_TCP_SYN_NO_RECORD) : SPT_V_CONTINUE;
	}
	syncookie_issued(&t->cookie, t->now);
	cookie_note(&t->defence, &h->key);
	segment_send_syn_ack(t, h, s, half_open_tsval(t, h));
	return SPT_V_TCP_SYN_COOKIE;
}

/* The record that a cookie and its ACK stand for. */
static void
cookie_record(struct tcp *t, struct half_open *h, const struct seg *s, int listener,
    const struct syncookie_options *agreed)
{
	const struct option_block *o = option_at(t, t->listener[listener].options);

	*h = (struct half_open){
	    .key = s->key,
	    .iss = s->ack - 1,
	    .irs = s->seq - 1,
	    .listener = (uint16_t)listener,
	    .mss = agreed->mss,
	    .wnd = s->wnd,
	    .tos = s->tos,
	    .next_hop = t->next_hop(t->next_hop_context, t->now, &s->key.raddr),
	};
	if (agreed->timestamps) {
		h->flags |= RECORD_TIMESTAMPS;
		h->ts_recent = s->tsval;
	}
	if (agreed->wscale != SYNCOOKIE_NO_WSCALE) {
		h->flags |= RECORD_SCALING;
		h->scales = (uint8_t)(agreed->wscale | o->rcv_shift << 4);
	}
	if (agreed->sack)
		h->flags |= RECORD_SACK;
	if (agreed->ecn)
		h->flags |= RECORD_ECN;
}

/*
 * Without a connection, or a place in the table, for it: silence. Nothing was acknowledged, so no
 * accepted byte is lost; a peer that sent data repeats it, and gets in when there is room again.
 */
static enum spt_verdict
cookie_accept(struct tcp *t, struct seg *s, int listener, const struct syncookie_options *agreed)
{
	uint32_t index = pool_get(&t->conns);
	struct half_open h;
	struct conn *c;

	if (index == POOL_NONE)
		return seg_discard(s, SPT_V_TCP_COOKIE_NO_CONN);
	c = conn_at(t, index);
	cookie_record(t, &h, s, listener, agreed);
	c->key = h.key;
	if (flow_insert(&t->flows, s->hash, flow_ref_make(FLOW_CONN, index)) != 0) {
		pool_put(&t->conns, index);
		t->stats->flow_refused++;
		return seg_discard(s, SPT_V_TCP_COOKIE_NO_CONN);
	}
	half_open_establish(t, c, &h, s);
	/* Another host's clock may be ahead: older than its TSval the peer takes nothing (PAWS). */
	if (agreed->timestamps && seq_gt(s->tsecr, conn_tsval(t, c)))
		c->ts_offset = s->tsecr - t->now_ms;
	conn_input_from_ack(t, c, s);
	return SPT_V_TCP_COOKIE;
}

/*
 * The cookie's life is over, or there never was a connection: a RST, within the limit of all RSTs,
 * as RFC 9293 3.10.7.2 wants it.
 */
static enum spt_verdict
cookie_stale(struct tcp *t, struct seg *s)
{
	reply_reset(t, s, SPT_V_TCP_COOKIE_STALE);
	return SPT_V_TCP_COOKIE_STALE;
}

static enum syncookie_verdict
cookie_check(
    const struct tcp *t, const struct seg *s, int listener, struct syncookie_options *agreed)
{
	const struct option_block *o = option_at(t, t->listener[listener].options);
	bool timestamps = (s->options & SEG_HAS_TIMESTAMP) && !o->set.no_timestamps;
	enum syncookie_verdict v;
	struct syncookie_flow f;

	cookie_flow(t, &s->key, s->seq - 1, &f);
	v = syncookie_check(&t->cookie, &f, s->ack - 1, timestamps, s->tsecr, t->now, agreed);
	if (v == SYNCOOKIE_VALID && timestamps &&
	    !syncookie_echo_fits(&t->cookie, s->tsecr, t->now_ms + ts_offset_generate(t, &s->key)))
		return SYNCOOKIE_FORGED;
	return v;
}

bool
cookie_acknowledged(const struct tcp *t, const struct seg *s, int listener)
{
	struct syncookie_options agreed;

	return syncookie_in_life(&t->cookie, t->now) &&
	       cookie_check(t, s, listener, &agreed) == SYNCOOKIE_VALID;
}

enum spt_verdict
cookie_input(struct tcp *t, struct seg *s, int listener)
{
	struct syncookie_options agreed;

	if (s->flags & TCP_SYN)
		return reply_reset(t, s, SPT_V_TCP_NO_LISTENER);
	switch (cookie_check(t, s, listener, &agreed)) {
	case SYNCOOKIE_VALID: break;
	case SYNCOOKIE_NONE_ISSUED: return reply_reset(t, s, SPT_V_TCP_NO_LISTENER);
	case SYNCOOKIE_STALE: return cookie_stale(t, s);
	/*
	 * Silence: a peer whose first segment was lost sends numbers behind it, also in ACKs
	 * without text, and a RST would end an honest handshake.
	 */
	case SYNCOOKIE_FORGED: return seg_discard(s, SPT_V_TCP_COOKIE_FORGED);
	}
	if (t->listener[listener].defer_accept && seg_len(s) == 0)
		return seg_discard(s, SPT_V_TCP_COOKIE_DEFERRED);
	return cookie_accept(t, s, listener, &agreed);
}

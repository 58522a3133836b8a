/* SPDX-License-Identifier: BSD-3-Clause */
/* The peer and the application of a conversation. */
#include <errno.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lib/pattern.h>

#include "talk.h"

#define SEED_PEER 1
#define SEED_APP  2

#define ENDING_QUIET (300 * SPT_NS_PER_MS) /* delayed ACKs and probes of the tail have passed */
#define ENDING_MOST  (4000 * SPT_NS_PER_MS)
#define ENDING_TICK  (50 * SPT_NS_PER_MS)

static void note(struct talk *t, char direction, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
note(struct talk *t, char direction, const char *format, ...)
{
	struct talk_line *l = &t->line[t->n_lines % TALK_LINES];
	va_list args;

	t->n_lines++;
	l->at = t->now - t->began;
	l->direction = direction;
	va_start(args, format);
	vsnprintf(l->text, sizeof(l->text), format, args);
	va_end(args);
}

void
talk_ladder(const struct talk *t, const char *who)
{
	unsigned int first = t->n_lines > TALK_LINES ? t->n_lines - TALK_LINES : 0;

	printf("  %s:\n", who);
	for (unsigned int i = first; i < t->n_lines; i++) {
		const struct talk_line *l = &t->line[i % TALK_LINES];
		const char *arrow = l->direction == '>'   ? "peer -->"
		                    : l->direction == '<' ? "     <--"
		                    : l->direction == 'x' ? "lost X--"
		                                          : "app  ...";

		printf("  %9.3f %s %s\n", (double)l->at / 1e6, arrow, l->text);
	}
}

void
talk_init(struct talk *t, const struct conversation *c, const struct end_ops *ops)
{
	memset(t, 0, sizeof(*t));
	t->c = c;
	t->ops = ops;
	t->fd = t->other_fd = -1;
	t->stamp = 1000000;
	t->line = calloc(TALK_LINES, sizeof(*t->line));
	if (t->line == NULL)
		abort();
}

void
talk_fini(struct talk *t)
{
	free(t->line);
	t->line = NULL;
}

/* ---- what arrives at the peer -------------------------------------------------------- */

static void
take_syn(struct talk *t, const struct packet *p)
{
	if (t->irs_known)
		return;
	t->irs_known = true;
	t->irs = p->seq;
	t->their_ts = p->options & P_TIMESTAMP;
	t->their_sack = p->options & P_SACK_PERM;
	t->their_wscale = p->options & P_WSCALE;
	t->rcv_next = t->rcv_seen = t->last_ack = 1;
	t->got[0] = true;
}

/* Losses are of numbers, not of segments, so that they do not depend on how a stream was cut. */
static bool
is_lost(const struct talk *t, uint32_t at)
{
	return at >= t->lose_from && at < t->lose_to;
}

static void
take_text(struct talk *t, const struct packet *p)
{
	uint32_t seq = p->seq - t->irs, end;

	/* What lies before the stream, or so far ahead, is not of it. */
	if ((int32_t)seq < 1 || seq + p->len > CONVERSATION_STREAM) {
		t->out.wrong_bytes |= p->len > 1; /* a probe before its SYN's end has one */
		return;
	}
	if (pattern_match(p->payload, p->len, SEED_APP, seq - 1) != p->len && p->len > 0)
		t->out.wrong_bytes = true;
	for (uint32_t i = 0; i < p->len && seq + i < t->edge; i++)
		t->got[seq + i] |= !is_lost(t, seq + i);
	end = seq + p->len;
	if (end > t->rcv_seen)
		t->rcv_seen = end;
	if ((p->flags & P_FIN) && end < t->edge && !is_lost(t, end)) {
		if (t->their_fin != 0 && t->their_fin != end)
			t->out.wrong_bytes = true;
		t->their_fin = end;
		t->got[end] = true;
		if (end + 1 > t->rcv_seen)
			t->rcv_seen = end + 1;
	}
	if (end + !!(p->flags & P_FIN) > t->lose_from)
		t->lose_from = end + !!(p->flags & P_FIN);
	while (t->got[t->rcv_next])
		t->rcv_next++;
	t->out.peer_fin = t->their_fin != 0 && t->rcv_next > t->their_fin;
	t->out.peer_received = t->rcv_next - 1 - t->out.peer_fin;
}

/* Both FINs came, and ours is acknowledged: what draws a RST now is a matter of pace. */
static bool
is_orderly(const struct talk *t)
{
	uint32_t fin = t->c->fin != 0 || t->c->ending == ENDING_LEAVE ? t->c->fin : t->c->max;

	return t->out.peer_fin && fin != 0 && t->out.acknowledged > fin;
}

void
talk_input(struct talk *t, const uint8_t *frame, unsigned int length)
{
	struct packet p;
	enum packet_kind kind = packet_parse(frame, length, &p);
	char flags[40];
	bool lost = false;
	uint32_t ack;

	if (kind != PACKET_TCP && !(kind == PACKET_BAD && p.tolerable))
		return;
	if (p.flags & P_SYN)
		take_syn(t, &p);
	ack = p.ack - t->c->iss;
	lost = t->irs_known && p.len > 0 && is_lost(t, p.seq - t->irs) &&
	       is_lost(t, p.seq - t->irs + p.len - 1);
	note(t, lost ? 'x' : '<', "%s seq %d len %u ack %d win %u%s%s",
	    packet_flags_text(p.flags, flags), (int32_t)(p.seq - t->irs), p.len,
	    p.flags & P_ACK ? (int32_t)ack : 0, p.wnd, p.options & P_SACK ? " sack" : "",
	    p.options & P_TIMESTAMP ? " ts" : "");
	if (p.flags & P_RST) {
		t->any_rst = true;
		t->out.peer_rst |= !is_orderly(t);
		return;
	}
	if ((p.flags & P_ACK) && (int32_t)(ack - t->out.acknowledged) > 0)
		t->out.acknowledged = ack;
	/* In SYN-RECEIVED Linux takes the echo of its SYN-ACK alone. */
	if ((p.options & P_TIMESTAMP) &&
	    (t->out.opened || (p.flags & P_SYN) || t->c->odd == ODD_TSECR))
		t->ts_recent = p.tsval;
	if (p.len > 0 || (p.flags & (P_FIN | P_SYN)))
		t->must_ack = true;
	if (t->irs_known && (p.len > 0 || (p.flags & P_FIN)) && !(p.flags & P_SYN))
		take_text(t, &p);
}

/* ---- what the peer sends ------------------------------------------------------------- */

static uint32_t
choose_ack(struct talk *t, enum step_ack how)
{
	switch (how) {
	case STEP_ACK_ALL: t->last_ack = t->rcv_next; break;
	case STEP_ACK_PART: t->last_ack += (t->rcv_next - t->last_ack) / 2; break;
	case STEP_ACK_SAME: break;
	case STEP_ACK_OLD: return t->last_ack > 101 ? t->last_ack - 100 : 1;
	case STEP_ACK_BEFORE: return (uint32_t)-77;
	case STEP_ACK_STALE: return t->last_ack - CONVERSATION_FAR;
	case STEP_ACK_AHEAD: return t->rcv_seen + 100000;
	}
	return t->last_ack;
}

/* True blocks: the ranges behind the first gap, as they lie. */
static void
true_blocks(const struct talk *t, struct packet *p)
{
	uint32_t at = t->rcv_next;

	while (p->n_sack < 3) {
		uint32_t first;

		while (at < t->rcv_seen && !t->got[at])
			at++;
		if (at >= t->rcv_seen)
			return;
		first = at;
		while (at < t->rcv_seen && t->got[at])
			at++;
		p->sack[p->n_sack][0] = t->irs + first;
		p->sack[p->n_sack++][1] = t->irs + at;
	}
}

static void
add_sack(const struct talk *t, enum step_sack how, struct packet *p)
{
	uint32_t at = t->irs + (how == STEP_SACK_AHEAD ? t->rcv_seen + 1000 : t->last_ack - 2000);

	if (how == STEP_SACK_NONE || !t->c->sack || !t->their_sack || !t->irs_known)
		return;
	if (how == STEP_SACK_TRUE) {
		true_blocks(t, p);
	} else {
		p->n_sack = 1;
		p->sack[0][0] = at;
		p->sack[0][1] = at + 500;
	}
	if (p->n_sack > 0)
		p->options |= P_SACK;
}

static void
add_stamp(struct talk *t, enum step_stamp how, struct packet *p)
{
	bool first = (p->flags & P_SYN) != 0;

	if (!t->c->ts || (!first && !t->their_ts) || (t->irs_known && !t->their_ts) ||
	    how == STEP_STAMP_MISSING)
		return;
	p->options |= P_TIMESTAMP;
	p->tsecr = t->ts_recent;
	switch (how) {
	case STEP_STAMP_NOW:
		t->stamp += 10;
		p->tsval = t->stamp;
		break;
	case STEP_STAMP_OLD: p->tsval = t->stamp - 100000; break;
	case STEP_STAMP_ONE_OLD: p->tsval = t->stamp - 1; break;
	case STEP_STAMP_MISSING: break;
	}
}

/* The window as it goes on the wire, and what the peer has promised by it. */
static void
add_window(struct talk *t, const struct step *s, uint32_t ack, struct packet *p)
{
	unsigned int shift = !(s->flags & P_SYN) && t->their_wscale && t->c->wscale > 0
	                         ? (unsigned int)t->c->wscale
	                         : 0;
	uint32_t edge;

	p->wnd = (uint16_t)(s->wnd >> shift);
	edge = ack + ((uint32_t)p->wnd << shift);
	if ((p->flags & P_ACK) && s->ack <= STEP_ACK_SAME && !s->bad_checksum &&
	    (int32_t)(edge - t->edge) > 0)
		t->edge = edge;
}

static void
add_syn_options(struct talk *t, struct packet *p)
{
	p->options |= P_MSS;
	p->mss = t->c->mss;
	if (t->c->sack && (!t->irs_known || t->their_sack))
		p->options |= P_SACK_PERM;
	if (t->c->wscale >= 0 && (!t->irs_known || t->their_wscale)) {
		p->options |= P_WSCALE;
		p->wscale = (uint8_t)t->c->wscale;
	}
}

static void
send_segment(struct talk *t, const struct step *s)
{
	uint8_t payload[1500], frame[PACKET_MAX];
	uint32_t ack = s->flags & P_ACK ? choose_ack(t, s->ack) : 0;
	unsigned int length;
	struct packet p = {.family = t->c->ipv6 ? 6 : 4,
	    .eth_src = t->peer_mac,
	    .eth_dst = t->mac,
	    .src = t->remote.addr,
	    .dst = t->local.addr,
	    .sport = t->remote.port,
	    .dport = t->local.port,
	    .seq = t->c->iss + (uint32_t)s->seq,
	    .ack = s->flags & P_ACK ? t->irs + ack : 0,
	    .flags = s->flags,
	    .up = s->up,
	    .payload = payload,
	    .len = s->len};
	uint32_t first = (uint32_t)s->seq - (s->flags & P_SYN ? 0 : 1);
	char flags[40];

	pattern_fill(payload, s->len, SEED_PEER, first);
	if (s->flags & P_SYN)
		add_syn_options(t, &p);
	add_stamp(t, s->stamp, &p);
	if (s->flags & P_ACK)
		add_sack(t, s->sack, &p);
	add_window(t, s, ack, &p);
	length = packet_build(&p, frame);
	if (s->bad_checksum)
		frame[length - 1 - s->len] ^= 0x55;
	note(t, '>', "%s seq %d len %u ack %d win %u%s%s%s", packet_flags_text(p.flags, flags),
	    s->seq, s->len, s->flags & P_ACK ? (int32_t)ack : 0, p.wnd,
	    p.options & P_SACK ? " sack" : "",
	    s->stamp == STEP_STAMP_OLD       ? " ts old"
	    : s->stamp == STEP_STAMP_ONE_OLD ? " ts one old"
	    : (p.options & P_TIMESTAMP) != 0 ? " ts"
	                                     : "",
	    s->bad_checksum ? " bad checksum" : "");
	t->ops->deliver(t, frame, length);
}

/* ---- the application ------------------------------------------------------------------- */

static void
failed(struct talk *t, int error)
{
	if (error == -EAGAIN || error == -ENOTCONN)
		return;
	if (t->out.error == 0 && error != -EPIPE)
		t->out.error = -error;
}

static void
app_read(struct talk *t, uint32_t most)
{
	uint8_t bytes[4096];
	uint32_t all = 0;

	while (t->may_call && t->out.opened && most > 0) {
		int n = t->ops->read(t, bytes, RTE_MIN(most, (uint32_t)sizeof(bytes)));

		/* Behind an error a socket says that it is at its end. */
		if (n == 0 && t->out.error == 0)
			t->out.eof = true;
		if (n < 0)
			failed(t, n);
		if (n <= 0)
			break;
		if (pattern_match(bytes, (uint32_t)n, SEED_PEER, t->out.read) != (uint32_t)n)
			t->out.wrong_bytes = true;
		t->out.read += (uint32_t)n;
		all += (uint32_t)n;
		most -= (uint32_t)n;
	}
	if (all > 0 || !t->ending)
		note(t, '.', "read: %u%s", all, t->out.eof ? ", end" : "");
}

static void
app_write(struct talk *t, uint32_t n)
{
	uint8_t bytes[4096];
	int result;

	if (!t->may_call || !t->out.opened || t->out.written + n > CONVERSATION_STREAM / 2)
		return;
	failed(t, t->ops->error(t));
	pattern_fill(bytes, n, SEED_APP, t->out.written);
	result = t->ops->write(t, bytes, n);
	note(t, '.', "write %u: %d", n, result);
	if (result < 0)
		failed(t, result);
	else
		t->out.written += (uint32_t)result;
}

static void
app_close(struct talk *t, enum step_kind how)
{
	if (!t->may_call)
		return;
	if (how == STEP_SHUTDOWN) {
		int result;

		if (!t->out.opened)
			return;
		result = t->ops->shutdown(t);

		note(t, '.', "shutdown: %d", result);
		t->will_finish |= result == 0;
		if (result < 0)
			failed(t, result);
		return;
	}
	/* What the connection had told by now counts; later nobody is there to hear it. */
	failed(t, t->ops->error(t));
	t->may_call = false;
	t->out.app_closed = true;
	note(t, '.', how == STEP_CLOSE ? "close" : "abort");
	t->will_finish |= how == STEP_CLOSE && t->out.opened;
	if (how == STEP_CLOSE)
		t->ops->close(t);
	else
		t->ops->abort(t);
}

/* ---- steps ------------------------------------------------------------------------------ */

static void
renege(struct talk *t)
{
	for (uint32_t i = t->rcv_next; i < t->rcv_seen; i++)
		t->got[i] = false;
	if (t->their_fin >= t->rcv_next)
		t->their_fin = 0;
	note(t, '.', "the peer forgets what is behind gaps");
}

static uint64_t
do_step(struct talk *t, const struct step *s)
{
	switch (s->kind) {
	case STEP_SEGMENT: send_segment(t, s); break;
	case STEP_LOSE:
		t->lose_from = t->rcv_seen;
		t->lose_to = t->rcv_seen + s->bytes;
		break;
	case STEP_RENEGE: renege(t); break;
	case STEP_WAIT: note(t, '.', "wait %u ms", s->bytes); return s->bytes * SPT_NS_PER_MS;
	case STEP_READ: app_read(t, s->bytes); break;
	case STEP_WRITE: app_write(t, s->bytes); break;
	case STEP_SHUTDOWN:
	case STEP_ABORT: app_close(t, s->kind); break;
	case STEP_CLOSE:
		if (s->bytes == 0)
			app_read(t, UINT32_MAX);
		app_close(t, s->kind);
		break;
	}
	return SPT_NS_PER_MS;
}

/* All of the peer's stream that was not acknowledged, and its FIN. */
static void
send_rest(struct talk *t)
{
	uint32_t at = RTE_MAX(t->out.acknowledged, 1u), end = t->c->max;
	unsigned int most = 32;

	for (; at <= end && most > 0; most--) {
		uint32_t len = RTE_MIN(end - at, 1200u);
		struct step s = {.kind = STEP_SEGMENT,
		    .flags = P_ACK,
		    .seq = (int32_t)at,
		    .len = len,
		    .wnd = CONVERSATION_WINDOW};

		at += len;
		if (at == end) {
			s.flags |= P_FIN;
			most = 1;
		}
		send_segment(t, &s);
	}
}

static bool
is_complete(const struct talk *t)
{
	bool sent = t->out.peer_received == t->out.written && !t->must_ack &&
	            (!t->will_finish || t->out.peer_fin);

	if (t->c->ending == ENDING_FINISH)
		sent &= t->out.peer_fin && t->out.acknowledged > t->c->max;
	return sent || t->any_rst;
}

/* The peer takes all, acknowledges all, and where both are to finish it sends all. */
static void
end_tick(struct talk *t, bool first)
{
	struct step s = {.kind = STEP_SEGMENT,
	    .flags = P_ACK,
	    .seq = (int32_t)(t->c->max + (t->c->fin != 0)),
	    .wnd = CONVERSATION_WINDOW};

	bool rest =
	    t->c->ending == ENDING_FINISH && t->irs_known && t->out.acknowledged <= t->c->max;

	t->lose_to = 0;
	if (rest) {
		send_rest(t);
	} else if (t->irs_known && (t->must_ack || first)) {
		if (t->c->ending == ENDING_FINISH)
			s.seq = (int32_t)t->c->max + 1;
		t->must_ack = false;
		send_segment(t, &s);
	}
	t->ops->settle(t);
	app_read(t, UINT32_MAX);
	if (t->may_call)
		failed(t, t->ops->error(t));
	if (t->c->ending == ENDING_FINISH && t->may_call)
		app_close(t, STEP_CLOSE);
	t->ops->settle(t);
}

uint64_t
talk_step(struct talk *t, uint64_t now)
{
	uint64_t wait;
	bool first;

	t->now = now;
	if (t->began == 0) {
		t->began = now;
		if (t->c->active)
			t->ops->connect(t);
		t->ops->settle(t);
	}
	if (t->step < t->c->n) {
		wait = do_step(t, &t->c->step[t->step++]);
		t->ops->settle(t);
		return now + wait;
	}
	first = !t->ending;
	if (first) {
		t->ending = true;
		t->ends_at = now + ENDING_MOST;
		t->any_rst =
		    false; /* the ending's first segment draws one, if there is nothing left */
		note(t, '.', "the ending: %s", t->c->ending == ENDING_LEAVE ? "leave" : "finish");
	}
	end_tick(t, first);
	t->quiet = is_complete(t) ? t->quiet + 1 : 0;
	t->done = now >= t->ends_at || t->quiet * ENDING_TICK >= ENDING_QUIET;
	return now + ENDING_TICK;
}

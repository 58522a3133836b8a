/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The simulated TCP host. Numbers of a stream are 64-bit offsets: 0 is the SYN, the bytes
 * are 1 .. send, the FIN is send + 1; on the wire they are added to the initial number.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <port/port.h>

#include "env.h"
#include "packet.h"
#include "pattern.h"
#include "simclient.h"

#define RTO_INITIAL  SPT_NS_PER_SEC
#define RTO_MIN      (200 * SPT_NS_PER_MS)
#define RTO_MAX      (8 * SPT_NS_PER_SEC)
#define CWND_MAX     32u
#define TIME_WAIT_NS (60 * SPT_NS_PER_SEC)
#define SILENCE_NS   (120 * SPT_NS_PER_SEC)
#define SPANS        32

struct span {
	uint64_t from, to;
};

struct simconn {
	struct simconn *next;
	struct simclient *client;
	struct simconn_config config;
	enum simconn_state state;
	bool listening;
	char error[120];
	/* sending */
	uint32_t iss;
	uint64_t una, nxt, max; /* offsets */
	uint64_t edge;          /* right edge of the peer's window */
	uint32_t cwnd, dupacks; /* segments */
	uint16_t peer_mss;
	uint8_t peer_wscale, our_wscale;
	spt_time rto, rto_at, srtt;
	uint64_t timed; /* offset whose acknowledgment is a sample; 0: none */
	spt_time timed_at;
	/* receiving */
	uint32_t irs;
	uint64_t rcv_nxt;
	uint64_t read;    /* offset up to which the reader came */
	uint64_t offered; /* right edge offered */
	uint64_t fin_at;  /* offset of the peer's FIN; 0: not seen */
	struct span span[SPANS];
	unsigned int n_spans;
	bool ack_now;
	spt_time delack_at, read_at, time_wait_until;
	spt_time silent_until; /* then it gives up, if it may */
	uint64_t closed_windows;
	bool window_closed;
	/* timestamps */
	bool ts;
	uint32_t ts_recent;
	uint64_t last_ack_sent;
};

struct simclient {
	struct simclient_config config;
	struct rte_ether_addr mac;
	struct env_random random;
	spt_time now, epoch;
	struct simconn *conns;
	uint64_t progress;
	bool active; /* something was received or sent in this poll */
};

static void
fail(struct simconn *s, const char *why, uint64_t where)
{
	if (s->state == SIMCONN_FAILED || s->state == SIMCONN_DONE)
		return;
	s->state = SIMCONN_FAILED;
	snprintf(s->error, sizeof(s->error), "%s at offset %" PRIu64, why, where);
	s->client->progress++;
}

struct simclient *
simclient_create(const struct simclient_config *config, spt_time now)
{
	struct simclient *c = calloc(1, sizeof(*c));

	if (c == NULL)
		exit(2);
	c->config = *config;
	c->mac = config->port->mac;
	c->now = c->epoch = now;
	env_random_seed(&c->random, config->seed);
	return c;
}

void
simclient_destroy(struct simclient *c)
{
	if (c == NULL)
		return;
	for (struct simconn *s = c->conns, *next; s != NULL; s = next) {
		next = s->next;
		free(s);
	}
	free(c);
}

struct simconn *
simclient_open(struct simclient *c, const struct simconn_config *config)
{
	struct simconn *s = calloc(1, sizeof(*s));

	if (s == NULL)
		exit(2);
	s->client = c;
	s->config = *config;
	s->next = c->conns;
	c->conns = s;
	s->iss = c->config.iss ? c->config.iss : (uint32_t)env_random_next(&c->random);
	s->rto = RTO_INITIAL;
	s->rto_at = s->delack_at = s->read_at = SPT_TIME_NEVER;
	s->cwnd = 4;
	s->peer_mss = 536;
	s->our_wscale = config->wscale >= 0 ? (uint8_t)config->wscale : 0;
	return s;
}

struct simconn *
simclient_listen(struct simclient *c, const struct simconn_config *config)
{
	struct simconn *s = simclient_open(c, config);

	s->listening = true;
	return s;
}

/* ---- sending ------------------------------------------------------------------- */

static void
transmit(struct simclient *c, const struct packet *p)
{
	static uint8_t flat[PACKET_MAX];
	unsigned int length = packet_build(p, flat);
	struct rte_mbuf *m = packet_mbuf(c->config.pool, flat, length);

	c->active = true;
	if (m != NULL && port_tx(c->config.port, c->now, &m, 1) != 1)
		rte_pktmbuf_free(m); /* a full ring is a loss like any other */
}

static void
address(const struct simclient *c, struct packet *p)
{
	p->family = c->config.addr.w[2] == RTE_BE32(0xffff) && c->config.addr.q[0] == 0 ? 4 : 6;
	p->eth_src = c->mac;
	p->eth_dst = *c->config.peer_mac;
	p->src = c->config.addr;
	p->dst = c->config.peer;
}

/* Our buffer, or what of it the window field can tell. */
static uint32_t
window(const struct simconn *s)
{
	return RTE_MIN(s->config.window, 65535u << s->our_wscale);
}

/* The window to offer; its edge never retreats and moves in worthwhile steps only. */
static uint16_t
offer(struct simconn *s, bool syn)
{
	uint64_t edge = s->read + window(s);
	uint32_t step = RTE_MIN(window(s) / 2, 1000u);
	uint64_t wnd;

	if (edge < s->offered + step)
		edge = RTE_MAX(s->offered, s->rcv_nxt);
	wnd = edge - s->rcv_nxt;
	if (syn)
		wnd = RTE_MIN(wnd, 65535u);
	else
		wnd = RTE_MIN(wnd >> s->our_wscale, 65535u);
	edge = s->rcv_nxt + (syn ? wnd : wnd << s->our_wscale);
	s->offered = RTE_MAX(s->offered, edge);
	if (wnd == 0 && !s->window_closed)
		s->closed_windows++;
	s->window_closed = wnd == 0;
	return (uint16_t)wnd;
}

static void
syn_options(const struct simconn *s, struct packet *p)
{
	if (s->config.mss != 0) {
		p->options |= P_MSS;
		p->mss = s->config.mss;
	}
	if (s->config.wscale >= 0 && (s->state == SIMCONN_SYN_SENT || s->our_wscale > 0)) {
		p->options |= P_WSCALE;
		p->wscale = s->our_wscale;
	}
	if (s->config.sack_permitted && s->state == SIMCONN_SYN_SENT)
		p->options |= P_SACK_PERM;
	if (s->state == SIMCONN_SYN_SENT ? s->config.timestamps : s->ts)
		p->options |= P_TIMESTAMP;
}

/* A segment of [at, at + n) of our offsets, its SYN, bytes and FIN as they fall. */
static void
emit(struct simconn *s, uint64_t at, uint32_t n)
{
	struct simclient *c = s->client;
	static uint8_t payload[PACKET_MAX];
	struct packet p = {.sport = s->config.port, .dport = s->config.peer_port};

	address(c, &p);
	p.seq = s->iss + (uint32_t)at;
	if (n > 0 && at == 0) {
		p.flags |= P_SYN;
		syn_options(s, &p);
	} else if (n > 0) {
		p.len = n;
		if (at + n == s->config.send + 2) {
			p.flags |= P_FIN;
			p.len--;
		}
		pattern_fill(payload, p.len, s->config.seed_send, at);
		p.payload = payload;
		if (s->ts)
			p.options |= P_TIMESTAMP;
	} else if (s->ts) {
		p.options |= P_TIMESTAMP;
	}
	if (s->state != SIMCONN_SYN_SENT) {
		p.flags |= P_ACK;
		p.ack = s->irs + (uint32_t)s->rcv_nxt;
		p.tsecr = s->ts_recent;
		s->last_ack_sent = s->rcv_nxt;
	}
	p.wnd = offer(s, p.flags & P_SYN);
	p.tsval = (uint32_t)((c->now - c->epoch) / SPT_NS_PER_MS) + 0xfffff000u;
	if (p.len > 0)
		p.flags |= P_PSH;
	s->ack_now = false;
	s->delack_at = SPT_TIME_NEVER;
	transmit(c, &p);
}

static uint32_t
segment_size(const struct simconn *s)
{
	uint32_t n = s->peer_mss - (s->ts ? 12u : 0u);

	return s->config.segment ? RTE_MIN(n, s->config.segment) : n;
}

/* How far we have something to send: SYN, data, FIN. */
static uint64_t
sendable(const struct simconn *s)
{
	bool peer_closed = s->fin_at != 0 && s->rcv_nxt > s->fin_at;

	if (s->state == SIMCONN_SYN_SENT || s->state == SIMCONN_SYN_RCVD)
		return 1;
	if (s->config.send_last && !peer_closed)
		return 1;
	if (s->config.fin_last && !peer_closed)
		return s->config.send + 1;
	return s->config.send + 2;
}

static void
arm(struct simconn *s)
{
	s->rto_at = s->client->now + s->rto;
}

/* New data as window and cwnd allow. */
static void
send_data(struct simconn *s)
{
	uint64_t end = sendable(s), limit;
	uint32_t n;

	limit = RTE_MIN(end, s->una + (uint64_t)s->cwnd * segment_size(s));
	limit = RTE_MIN(limit, s->edge);
	while (s->nxt < limit) {
		n = (uint32_t)RTE_MIN((uint64_t)segment_size(s), limit - s->nxt);
		if (s->timed == 0 && s->nxt == s->max) {
			s->timed = s->nxt + n;
			s->timed_at = s->client->now;
		}
		emit(s, s->nxt, n);
		s->nxt += n;
		s->max = RTE_MAX(s->max, s->nxt);
		if (s->rto_at == SPT_TIME_NEVER)
			arm(s);
	}
	/* Nothing may be sent, but something waits: the timer will probe the window. */
	if (s->nxt < end && s->una == s->nxt && s->rto_at == SPT_TIME_NEVER)
		arm(s);
}

static void
on_timeout(struct simconn *s)
{
	uint64_t end = sendable(s);

	s->rto = RTE_MIN(2 * s->rto, RTO_MAX);
	s->timed = 0;
	if (s->una >= end) {
		s->rto_at = SPT_TIME_NEVER;
		return;
	}
	arm(s);
	if (s->state == SIMCONN_SYN_SENT || s->state == SIMCONN_SYN_RCVD) {
		emit(s, 0, 1);
		return;
	}
	if (s->edge <= s->una) { /* a zero window is probed with one byte */
		emit(s, s->una, 1);
		s->nxt = s->una + 1;
		s->max = RTE_MAX(s->max, s->nxt);
		return;
	}
	s->nxt = s->una; /* go back */
	s->cwnd = 1;
}

/* ---- receiving --------------------------------------------------------------------- */

static void
sample(struct simconn *s)
{
	spt_time r = s->client->now - s->timed_at;

	s->srtt = s->srtt ? (7 * s->srtt + r) / 8 : r;
	s->rto = RTE_MIN(RTE_MAX(3 * s->srtt, RTO_MIN), RTO_MAX);
	s->timed = 0;
}

static void
input_ack(struct simconn *s, const struct packet *p)
{
	uint64_t ack = s->una + (uint64_t)(int64_t)(int32_t)(p->ack - (s->iss + (uint32_t)s->una));
	uint64_t edge = ack + ((uint64_t)p->wnd << (p->flags & P_SYN ? 0 : s->peer_wscale));

	if (ack > s->max || ack < s->una)
		return;
	if (ack == s->una) {
		/* Three repeated ones: send the first segment again (RFC 5681 3.2). */
		if (p->len == 0 && s->max > s->una && edge == s->edge && ++s->dupacks == 3 &&
		    s->una > 0) {
			uint64_t n = RTE_MIN((uint64_t)segment_size(s), s->max - s->una);

			s->timed = 0;
			emit(s, s->una, (uint32_t)n);
			arm(s);
		}
		/* The window opens: the probe's byte was not taken, begin with it. */
		if (s->edge <= s->una && edge > s->una)
			s->nxt = s->una;
		s->edge = RTE_MAX(s->edge, edge);
		return;
	}
	s->client->progress += ack - s->una;
	s->dupacks = 0;
	s->una = ack;
	s->nxt = RTE_MAX(s->nxt, ack);
	s->cwnd = RTE_MIN(s->cwnd + 1, CWND_MAX);
	s->edge = RTE_MAX(s->edge, edge);
	if (s->timed != 0 && ack >= s->timed)
		sample(s);
	if (s->una == s->max)
		s->rto_at = SPT_TIME_NEVER;
	else
		arm(s);
}

/*
 * [from, to) arrived, with to > rcv_nxt: rcv_nxt moves over what is contiguous. What would be
 * one hole too many is forgotten, as if it had been lost.
 */
static void
arrived(struct simconn *s, uint64_t from, uint64_t to)
{
	bool moved = true;

	if (from <= s->rcv_nxt) {
		s->client->progress += to - s->rcv_nxt;
		s->rcv_nxt = to;
	} else if (s->n_spans < SPANS) {
		s->span[s->n_spans++] = (struct span){from, to};
	}
	while (moved) {
		moved = false;
		for (unsigned int i = 0; i < s->n_spans; i++) {
			if (s->span[i].from > s->rcv_nxt)
				continue;
			if (s->span[i].to > s->rcv_nxt) {
				s->client->progress += s->span[i].to - s->rcv_nxt;
				s->rcv_nxt = s->span[i].to;
			}
			s->span[i] = s->span[--s->n_spans];
			moved = true;
			break;
		}
	}
}

static void
input_data(struct simconn *s, const struct packet *p)
{
	uint64_t at =
	    s->rcv_nxt + (uint64_t)(int64_t)(int32_t)(p->seq - (s->irs + (uint32_t)s->rcv_nxt));
	uint64_t end = at + p->len, before = s->rcv_nxt;
	uint32_t good;

	if (at < 1 || end > s->offered + 1) {
		s->ack_now = true; /* an old one, or beyond the window: a probe */
		return;
	}
	good = pattern_match(p->payload, p->len, s->config.seed_receive, at);
	if (good != p->len)
		fail(s, "a wrong byte", at + good);
	if (end > s->config.receive + 1)
		fail(s, "more data than the peer was to send", end);
	if ((p->flags & P_FIN) && end != s->config.receive + 1 && !s->config.may_reset)
		fail(s, "the peer's FIN is at the wrong place", end);
	/* A probe stands on the first number beyond the window: not taken. */
	if (end > s->offered) {
		s->ack_now = true;
		return;
	}
	if (p->flags & P_FIN) {
		s->fin_at = end;
		end++;
	}
	if (end > s->rcv_nxt)
		arrived(s, at, end);
	if (s->rcv_nxt == before || end > s->rcv_nxt || (p->flags & P_FIN) ||
	    s->config.delayed_ack == 0 || s->delack_at != SPT_TIME_NEVER)
		s->ack_now = true;
	else
		s->delack_at = s->client->now + s->config.delayed_ack;
}

static void
bind_syn(struct simconn *s, const struct packet *p)
{
	s->irs = p->seq;
	s->rcv_nxt = s->read = s->last_ack_sent = 1;
	/* What our SYN offered counts from here; a listener has offered nothing yet. */
	s->offered = 1 + (s->state == SIMCONN_SYN_SENT ? RTE_MIN(s->config.window, 65535u) : 0);
	if (p->options & P_MSS)
		s->peer_mss = p->mss;
	s->peer_wscale = 0;
	if (!(p->options & P_WSCALE) || s->config.wscale < 0)
		s->our_wscale = 0;
	else
		s->peer_wscale = RTE_MIN(p->wscale, 14);
	s->ts = (p->options & P_TIMESTAMP) && s->config.timestamps;
	s->ts_recent = p->tsval;
	s->edge = 1 + p->wnd;
	s->client->progress++;
}

static void
input_syn_sent(struct simconn *s, const struct packet *p)
{
	bool acceptable = (p->flags & P_ACK) && p->ack == s->iss + 1;

	if ((p->flags & P_RST) && acceptable)
		fail(s, "connection refused", 0);
	if ((p->flags & (P_RST | P_SYN)) != P_SYN || ((p->flags & P_ACK) && !acceptable))
		return;
	bind_syn(s, p);
	if (!(p->flags & P_ACK)) { /* simultaneous open */
		s->state = SIMCONN_SYN_RCVD;
		emit(s, 0, 1);
		return;
	}
	s->state = SIMCONN_OPEN;
	input_ack(s, p);
	s->rto = RTE_MAX(s->rto, RTO_MIN);
	s->ack_now = true;
	if (s->config.read_interval != 0)
		s->read_at = s->client->now + s->config.read_interval;
}

static void
input_rst(struct simconn *s, const struct packet *p)
{
	if (p->seq != s->irs + (uint32_t)s->rcv_nxt)
		return;
	if (s->state == SIMCONN_TIME_WAIT)
		return;
	if (s->config.may_reset) {
		s->state = SIMCONN_DONE;
		s->client->progress++;
	}
	fail(s, "reset by the peer", s->rcv_nxt);
}

static void
input_open(struct simconn *s, const struct packet *p)
{
	uint32_t rcv = s->irs + (uint32_t)s->rcv_nxt;

	if (p->flags & P_RST) {
		input_rst(s, p);
		return;
	}
	/* A SYN here is an old one, or our ACK was lost: acknowledge (RFC 5961 4.2). */
	if (p->flags & P_SYN) {
		s->ack_now = true;
		if (s->state != SIMCONN_SYN_RCVD || !(p->flags & P_ACK))
			return;
	}
	if (!(p->flags & P_ACK))
		return;
	if (s->ts && (p->options & P_TIMESTAMP)) {
		if ((int32_t)(p->tsval - s->ts_recent) < 0) { /* PAWS */
			s->ack_now = true;
			return;
		}
		if ((int32_t)(p->seq - (s->irs + (uint32_t)s->last_ack_sent)) <= 0)
			s->ts_recent = p->tsval;
	}
	if (s->state == SIMCONN_SYN_RCVD && p->ack == s->iss + 1) {
		s->state = SIMCONN_OPEN;
		s->client->progress++;
		if (s->config.read_interval != 0)
			s->read_at = s->client->now + s->config.read_interval;
	}
	/* Beyond what was offered: not acceptable (RFC 9293 3.10.7.4), its ACK is not looked at. */
	if ((int32_t)(p->seq - (s->irs + (uint32_t)s->offered)) > 0) {
		s->ack_now = true;
		return;
	}
	input_ack(s, p);
	if (p->flags & P_SYN)
		return;
	if (p->len > 0 || (p->flags & P_FIN))
		input_data(s, p);
	else if (p->seq != rcv && (int32_t)(p->seq - rcv) < 0)
		s->ack_now = s->ack_now || p->seq == rcv - 1; /* a keep-alive */
}

static void
input_stranger(struct simclient *c, const struct packet *p)
{
	struct packet r = {.sport = p->dport, .dport = p->sport, .flags = P_RST};

	if (p->flags & P_RST)
		return;
	address(c, &r);
	if (p->flags & P_ACK) {
		r.seq = p->ack;
	} else {
		r.flags |= P_ACK;
		r.ack = p->seq + packet_seg_len(p);
	}
	transmit(c, &r);
}

static void
input(struct simclient *c, const struct packet *p)
{
	struct simconn *s;

	if (memcmp(&p->dst, &c->config.addr, sizeof(p->dst)) != 0 ||
	    !rte_is_same_ether_addr(&p->eth_dst, &c->mac))
		return;
	for (s = c->conns; s != NULL; s = s->next) {
		if (s->config.port == p->dport && (s->listening || s->config.peer_port == p->sport))
			break;
	}
	if (s == NULL || s->state == SIMCONN_IDLE || s->state == SIMCONN_DONE) {
		if (s != NULL && s->listening && (p->flags & (P_SYN | P_ACK | P_RST)) == P_SYN) {
			s->listening = false;
			s->config.peer_port = p->sport;
			s->state = SIMCONN_SYN_RCVD;
			bind_syn(s, p);
			emit(s, 0, 1);
			s->nxt = s->max = 1;
			arm(s);
			return;
		}
		input_stranger(c, p);
		return;
	}
	if (s->state == SIMCONN_FAILED)
		return;
	s->silent_until = c->now + SILENCE_NS;
	if (s->state == SIMCONN_SYN_SENT)
		input_syn_sent(s, p);
	else
		input_open(s, p);
}

/* ---- the turn ------------------------------------------------------------------------ */

static void
reader(struct simconn *s)
{
	uint64_t there = s->rcv_nxt;

	if (s->config.read_interval == 0) {
		s->read = there;
	} else if (s->read_at <= s->client->now) {
		s->read = RTE_MIN(there, s->read + s->config.read_bytes);
		s->read_at = s->client->now + s->config.read_interval;
	}
	/* The window is worth telling again. */
	if (s->rcv_nxt > 0 && s->fin_at == 0 && s->state == SIMCONN_OPEN &&
	    s->read + window(s) >= s->offered + RTE_MIN(window(s) / 2, 1000u) &&
	    s->offered - s->rcv_nxt < window(s) / 2)
		s->ack_now = true;
}

/* RFC 9293 3.10.5: <SEQ=SND.NXT><CTL=RST>, and nothing is known of the connection any more. */
static void
abort_connection(struct simconn *s)
{
	struct packet p = {.sport = s->config.port,
	    .dport = s->config.peer_port,
	    .flags = P_RST | P_ACK,
	    .seq = s->iss + (uint32_t)s->max,
	    .ack = s->irs + (uint32_t)s->rcv_nxt};

	address(s->client, &p);
	transmit(s->client, &p);
	s->state = SIMCONN_DONE;
	s->client->progress++;
}

static void
turn(struct simconn *s)
{
	struct simclient *c = s->client;
	bool closed = s->fin_at != 0 && s->rcv_nxt > s->fin_at;

	if (s->state == SIMCONN_IDLE && !s->listening && s->config.start <= c->now) {
		s->state = SIMCONN_SYN_SENT;
		emit(s, 0, 1);
		s->nxt = s->max = 1;
		s->timed = 1;
		s->timed_at = c->now;
		arm(s);
	}
	if (s->state == SIMCONN_TIME_WAIT && s->time_wait_until <= c->now)
		s->state = SIMCONN_DONE;
	if (s->state == SIMCONN_IDLE || s->state == SIMCONN_DONE || s->state == SIMCONN_FAILED)
		return;
	if (s->config.abort_at != 0 && s->rcv_nxt > s->config.abort_at) {
		abort_connection(s);
		return;
	}
	if (s->config.may_reset && s->state == SIMCONN_OPEN && s->silent_until <= c->now) {
		s->state = SIMCONN_DONE;
		return;
	}
	if (s->rto_at <= c->now)
		on_timeout(s);
	if (s->state == SIMCONN_OPEN) {
		reader(s);
		send_data(s);
	}
	/* An ACK behind a probe's byte that was refused would not be acceptable to the peer. */
	if (s->ack_now || s->delack_at <= c->now)
		emit(s, RTE_MIN(s->max, RTE_MAX(s->edge, s->una)), 0);
	if (s->state == SIMCONN_OPEN && closed && s->una == s->config.send + 2) {
		if (!s->config.may_reset &&
		    (s->n_spans != 0 || s->rcv_nxt != s->config.receive + 2))
			fail(s, "closed with a part of the stream missing", s->rcv_nxt);
		/* Whoever closed first waits; whoever was last is done with the ACK of its FIN. */
		s->state =
		    s->config.fin_last || s->config.send_last ? SIMCONN_DONE : SIMCONN_TIME_WAIT;
		s->time_wait_until = c->now + TIME_WAIT_NS;
		s->rto_at = s->read_at = SPT_TIME_NEVER;
		c->progress++;
	}
}

bool
simclient_poll(struct simclient *c, spt_time now)
{
	static uint8_t flat[PACKET_MAX], reply[PACKET_MAX];
	struct rte_mbuf *m[PORT_BURST];
	struct packet p;
	unsigned int length, n;
	uint16_t got;

	c->now = now;
	c->active = false;
	while ((got = port_rx(c->config.port, now, m, PORT_BURST)) > 0) {
		c->active = true;
		for (uint16_t i = 0; i < got; i++) {
			length = packet_flatten(m[i], flat);
			rte_pktmbuf_free(m[i]);
			n = packet_answer_resolution(flat, length, &c->mac, &c->config.addr, reply);
			m[i] = n ? packet_mbuf(c->config.pool, reply, n) : NULL;
			if (m[i] != NULL && port_tx(c->config.port, now, &m[i], 1) != 1)
				rte_pktmbuf_free(m[i]);
			if (packet_parse(flat, length, &p) == PACKET_TCP)
				input(c, &p);
		}
	}
	for (struct simconn *s = c->conns; s != NULL; s = s->next)
		turn(s);
	return c->active;
}

spt_time
simclient_next_deadline(const struct simclient *c)
{
	spt_time t = SPT_TIME_NEVER;

	for (const struct simconn *s = c->conns; s != NULL; s = s->next) {
		if (s->state == SIMCONN_IDLE && !s->listening)
			t = RTE_MIN(t, s->config.start);
		if (s->state == SIMCONN_TIME_WAIT)
			t = RTE_MIN(t, s->time_wait_until);
		if (s->state == SIMCONN_IDLE || s->state == SIMCONN_DONE ||
		    s->state == SIMCONN_FAILED)
			continue;
		t = RTE_MIN(t, RTE_MIN(s->rto_at, s->delack_at));
		if (s->config.may_reset && s->state == SIMCONN_OPEN)
			t = RTE_MIN(t, s->silent_until);
		if (s->read < s->rcv_nxt) /* an idle reader needs no clock */
			t = RTE_MIN(t, s->read_at);
	}
	return t;
}

uint64_t
simclient_progress(const struct simclient *c)
{
	return c->progress;
}

enum simconn_state
simconn_state(const struct simconn *s)
{
	return s->state;
}

uint64_t
simconn_closed_windows(const struct simconn *s)
{
	return s->closed_windows;
}

const char *
simconn_text(const struct simconn *s)
{
	static const char *const names[] = {
	    "idle", "SYN-SENT", "SYN-RECEIVED", "open", "TIME-WAIT", "done", "failed"};
	static char text[300];

	snprintf(text, sizeof(text),
	    "client port %u %s: sent %" PRIu64 ", acknowledged %" PRIu64 " of %" PRIu64
	    ", window to %" PRIu64 "; received %" PRIu64 " of %" PRIu64 ", read %" PRIu64 "%s; %s",
	    s->config.port, names[s->state], s->max, s->una, s->config.send + 2, s->edge,
	    s->rcv_nxt, s->config.receive + 2, s->read, s->fin_at ? ", FIN seen" : "", s->error);
	return text;
}

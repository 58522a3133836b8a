/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine's world: port, clock, application, and a peer that only knows the wire. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/addr.h>

#include <lib/env.h>
#include <lib/pattern.h>

#include "world_priv.h"

#define PORT_FIRST 20000

/* Numbers just below 2^32: what the connection says before its cell takes it across. */
#define PEER_ISS_WRAP   0xfffffff0u
#define ENGINE_ISS_WRAP 0xffffffe0u

/* ISS of each 4-tuple at the epoch, by family: found out by asking. */
static uint32_t iss_at_epoch[2][WORLD_PORTS];
static bool iss_known[2];

_Noreturn void
world_die(const char *what)
{
	fprintf(stderr, "matrix: %s\n", what);
	exit(2);
}

/* ---- the port -------------------------------------------------------------- */

static uint16_t
world_port_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct world_port *wp = (struct world_port *)p;
	uint16_t got = (uint16_t)RTE_MIN(wp->n_rx, n);

	memcpy(m, wp->rx, got * sizeof(*m));
	memmove(wp->rx, wp->rx + got, (wp->n_rx - got) * sizeof(*m));
	wp->n_rx -= got;
	return got;
}

static void
push(struct world *w, const uint8_t *flat, unsigned int length)
{
	struct rte_mbuf *m = packet_mbuf(w->peer_pool, flat, length);

	if (m == NULL || w->port->n_rx == WORLD_RX_FRAMES)
		world_die("no room for a frame to the engine");
	w->port->rx[w->port->n_rx++] = m;
}

/* What the engine's segment tells of its variables. */
static void
learn(struct world *w, const struct packet *p)
{
	struct tcb *t = &w->tcb;
	uint32_t end = p->seq + packet_seg_len(p);

	if (p->options & P_TIMESTAMP)
		w->engine_tsval = p->tsval;
	if (p->flags & P_RST)
		return;
	if ((p->flags & P_SYN) && !w->have_iss) {
		w->have_iss = true;
		t->iss = t->snd_una = t->snd_nxt = p->seq;
	}
	if ((int32_t)(end - t->snd_nxt) > 0)
		t->snd_nxt = end;
	t->fin_sent = t->fin_sent || (p->flags & P_FIN);
	if (p->flags & P_ACK)
		t->rcv_nxt = p->ack;
	t->rcv_wnd = p->wnd; /* no scaling is agreed to */
	if (w->have_iss && p->len != pattern_match(p->payload, p->len, WORLD_ENGINE_SEED,
	                                 p->seq + !!(p->flags & P_SYN) - t->iss - 1))
		w->broken = "bytes were sent that are not the stream's";
}

static uint16_t
world_port_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct world *w = ((struct world_port *)p)->world;
	static uint8_t flat[PACKET_MAX], reply[PACKET_MAX];
	struct packet q;

	for (uint16_t i = 0; i < n; i++) {
		unsigned int length = packet_flatten(m[i], flat), answer;

		packet_offload(m[i], flat, length);
		rte_pktmbuf_free(m[i]);
		answer = packet_answer_resolution(flat, length, &w->peer_mac, &w->remote, reply);
		if (answer > 0)
			push(w, reply, answer);
		if (packet_parse(flat, length, &q) != PACKET_TCP || q.dport != w->rport)
			continue;
		if (w->n_seen < WORLD_SEEN)
			w->seen[w->n_seen++] = (struct seen){.at = now, .p = q};
		learn(w, &q);
	}
	return n;
}

static spt_time
world_port_next_deadline(const struct spt_port *p)
{
	return SPT_TIME_NEVER;
}

static void
world_port_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	*stats = (struct spt_port_stats){0};
}

static void
world_port_destroy(struct spt_port *p)
{
	struct world_port *wp = (struct world_port *)p;

	rte_pktmbuf_free_bulk(wp->rx, wp->n_rx);
	free(wp);
}

static const struct port_ops world_port_ops = {
    .rx = world_port_rx,
    .tx = world_port_tx,
    .next_deadline = world_port_next_deadline,
    .stats = world_port_stats,
    .destroy = world_port_destroy,
};

static void
check_turn(struct world *w)
{
	struct spt_stats stats;
	uint64_t sum = 0;

	if (monitor_broken(w->monitor) != MONITOR_NONE)
		w->broken = monitor_report(w->monitor);
	spt_engine_stats(w->engine, &stats);
	for (unsigned int i = 0; i < SPT_V_COUNT; i++)
		sum += stats.verdict[i];
	if (sum != stats.rx_frames)
		w->broken = "the verdicts do not add up to the frames received";
	if (stats.errors != 0)
		w->broken = "the engine counted an error of its own";
}

void
world_settle(struct world *w)
{
	struct spt_event events[8];
	unsigned int n, turns = 0, before;

	do {
		before = w->n_seen;
		n = spt_poll(w->engine, w->now, events, w->deaf ? 0 : RTE_DIM(events));
		for (unsigned int i = 0; i < n; i++)
			world_dispatch(w, &events[i]);
		if (++turns > 100)
			world_die("the engine does not come to rest");
	} while (n > 0 || w->port->n_rx > 0 || w->n_seen != before || turns < 2);
	check_turn(w);
}

void
world_advance(struct world *w, spt_time ns)
{
	spt_time until = w->now + ns;

	while (w->now < until) {
		spt_time next = spt_next_deadline(w->engine);

		/* Events that nobody takes are always due. */
		w->now = RTE_MIN(until, RTE_MAX(next, w->now + (w->deaf ? SPT_NS_PER_MS : 1)));
		world_settle(w);
	}
}

/* ---- the peer -------------------------------------------------------------------- */

static uint32_t
peer_tsval(const struct world *w)
{
	return 0xffffff00u + (uint32_t)(w->now / SPT_NS_PER_MS);
}

uint32_t
world_window(const struct world *w, uint8_t flags, uint16_t wire)
{
	return (uint32_t)wire << (flags & P_SYN ? 0 : RTE_MIN(w->v->wscale, 14));
}

void
world_inject(struct world *w, struct arrival *s, enum world_stamp stamp)
{
	static uint8_t flat[PACKET_MAX], payload[PACKET_MAX];
	uint32_t at = s->seq + !!(s->flags & P_SYN) - (w->peer_iss + 1);
	struct packet p = {.family = (uint8_t)w->v->family,
	    .eth_src = w->peer_mac,
	    .eth_dst = w->mac,
	    .src = w->remote,
	    .dst = w->local,
	    .sport = w->rport,
	    .dport = w->lport,
	    .seq = s->seq,
	    .ack = s->flags & P_ACK ? s->ack : 0,
	    .wnd = (uint16_t)(s->wnd / world_window(w, s->flags, 1)),
	    .flags = s->flags,
	    .up = s->up,
	    .len = s->len,
	    .payload = payload};

	for (uint32_t i = 0; i < s->len; i++)
		payload[i] = pattern_byte(WORLD_PEER_SEED, at + i);
	if ((s->flags & P_SYN) && (w->tcb.state <= SPT_SYN_SENT || w->again))
		w->delivered_before = at;
	if (s->flags & P_SYN) {
		p.options |= P_MSS;
		p.mss = 1400;
		p.options |= w->v->wscale ? P_WSCALE : 0;
		p.wscale = w->v->wscale;
	}
	/* RFC 7323 3.2: a RST may have one, which proves nothing (5.2). */
	s->has_ts =
	    w->v->ts && stamp != STAMP_MISSING && (!(s->flags & P_RST) || stamp == STAMP_OLD);
	if (s->has_ts) {
		p.options |= P_TIMESTAMP;
		s->tsval = peer_tsval(w) - (stamp == STAMP_OLD ? 100000 : 0);
		if (stamp == STAMP_SAME && w->tcb.timestamps)
			s->tsval = w->tcb.ts_recent;
		p.tsval = s->tsval;
		p.tsecr = s->flags & P_ACK ? w->engine_tsval : 0;
	}
	push(w, flat, packet_build(&p, flat));
	world_settle(w);
}

/* An orderly segment while the connection is brought into its state. */
static void
peer(struct world *w, uint8_t flags, uint32_t len, uint32_t ack)
{
	struct arrival s = {.flags = flags,
	    .seq = w->peer_nxt,
	    .ack = ack,
	    .wnd = world_window(w, flags, WORLD_PEER_WND),
	    .len = len};
	struct tcb *t = &w->tcb;

	w->peer_nxt += len + !!(flags & P_SYN) + !!(flags & P_FIN);
	if (flags & P_SYN)
		t->irs = s.seq;
	t->snd_wnd = t->max_snd_wnd = s.wnd;
	t->snd_wl1 = s.seq;
	if (flags & P_ACK) {
		t->snd_wl2 = ack;
		t->snd_una = ack;
	}
	world_inject(w, &s, STAMP_NOW);
	if (s.has_ts)
		t->ts_recent = s.tsval;
}

/* ---- bringing about ------------------------------------------------------------------ */

static void
bring_open(struct world *w)
{
	if (world_connect(w) != 0)
		world_die("spt_connect refuses");
	world_settle(w);
}

static void
bring_text(struct world *w)
{
	if (world_send(w, 20, 0) != 0)
		world_die("spt_send refuses");
	world_settle(w);
}

static void
bring_established(struct world *w, bool active)
{
	struct tcb *t = &w->tcb;

	if (active) {
		bring_open(w);
		peer(w, P_SYN | P_ACK, 0, t->snd_nxt);
	} else {
		peer(w, P_SYN, 0, 0);
		peer(w, P_ACK, 0, t->snd_nxt);
	}
	/* Both sides have said something, so that there are old numbers. */
	peer(w, P_ACK, 10, t->snd_nxt);
	world_advance(w, 50 * SPT_NS_PER_MS);
	if (!w->open || world_receive_done(w, 10) != 0)
		world_die("the first bytes were not received");
	bring_text(w);
	peer(w, P_ACK, 0, t->snd_nxt);
}

/* Text up to the right edge; the peer's FIN, if it is to come, has room behind it. */
static void
bring_full(struct world *w, bool fin_follows)
{
	peer(w, P_ACK, w->tcb.rcv_wnd - fin_follows, w->tcb.snd_nxt);
	world_advance(w, 50 * SPT_NS_PER_MS);
}

/* From ESTABLISHED on. In every state that may have it, text is in flight. */
static void
bring_on(struct world *w, enum spt_state state)
{
	struct tcb *t = &w->tcb;

	if (w->full)
		bring_full(w, state >= SPT_CLOSE_WAIT);
	if (state == SPT_CLOSE_WAIT || state == SPT_LAST_ACK)
		peer(w, P_FIN | P_ACK, 0, t->snd_nxt);
	if (state != SPT_FIN_WAIT_2 && state != SPT_TIME_WAIT)
		bring_text(w);
	if (state == SPT_ESTABLISHED || state == SPT_CLOSE_WAIT)
		return;
	if ((t->closed ? world_close : world_shutdown)(w) != 0)
		world_die("spt_close, or spt_shutdown, refuses");
	world_settle(w);
	if (state == SPT_FIN_WAIT_2 || state == SPT_TIME_WAIT)
		peer(w, P_ACK, 0, t->snd_nxt);
	if (state == SPT_CLOSING) /* the FINs cross */
		peer(w, P_FIN | P_ACK, 0, t->snd_una);
	if (state == SPT_TIME_WAIT)
		peer(w, P_FIN | P_ACK, 0, t->snd_nxt);
}

/* Engine and clock: the ISS of this 4-tuple is to be a certain one (RFC 6528: F + 4 us clock). */
static void
await_iss(struct world *w, unsigned int n)
{
	uint32_t at_epoch = iss_at_epoch[w->v->family == 6][n];
	spt_time at = ENV_EPOCH + ((uint64_t)(ENGINE_ISS_WRAP - at_epoch) << 12);

	while (at < w->now)
		at += UINT64_C(1) << 44;
	w->now = at;
	world_settle(w);
}

static void
begin(struct world *w, unsigned int n, enum spt_state state)
{
	w->rport = (uint16_t)(PORT_FIRST + n);
	w->lport = state == SPT_CLOSED_STATE ? WORLD_NOBODY : WORLD_LISTENING;
	w->peer_iss = w->peer_nxt = w->v->wrap ? PEER_ISS_WRAP : 1000;
	w->tcb = (struct tcb){.state = state};
	w->have_iss = w->again = false;
	w->conn = SPT_CONN_NONE;
	w->open = false;
	w->delivered_before = w->delivered = 0;
	w->deaf = false;
	w->sent = 0;
	w->user = NULL;
	w->n_old = 0;
	world_forget(w);
	if (n >= WORLD_PORTS)
		world_die("more cells than 4-tuples");
}

void
world_begin(struct world *w, unsigned int n, bool well_known, bool opens)
{
	begin(w, n, well_known ? SPT_LISTEN : SPT_CLOSED_STATE);
	if (w->v->wrap && well_known && opens)
		await_iss(w, n);
}

const char *
world_bring(struct world *w, unsigned int n, enum spt_state state, bool active, bool by_close)
{
	static char text[200];
	struct tcb *t = &w->tcb;
	enum spt_state got, wanted = state == SPT_LISTEN ? SPT_CLOSED_STATE : state;

	begin(w, n, state);
	if (w->v->wrap && state > SPT_LISTEN)
		await_iss(w, n);
	t->active = active;
	t->closed = by_close;
	if (state == SPT_SYN_SENT || (state == SPT_SYN_RECEIVED && active))
		bring_open(w);
	if (state == SPT_SYN_RECEIVED)
		peer(w, P_SYN, 0, 0);
	if (state > SPT_SYN_RECEIVED) {
		bring_established(w, active);
		bring_on(w, state);
	}
	t->timestamps = w->v->ts && state > SPT_SYN_SENT;
	/* "or may be hard-coded to a maximum permissible window value" (3.10.7.4, fifth) */
	if (state == SPT_TIME_WAIT)
		t->max_snd_wnd = 65535u << 14;
	got = world_state(w);
	snprintf(text, sizeof(text), "brought to %s, not to %s", spt_state_name(got),
	    spt_state_name(state));
	if (got != wanted)
		return text;
	if (w->full && t->rcv_wnd != 0)
		return "the window did not close";
	if (w->v->wrap && w->have_iss && t->iss != ENGINE_ISS_WRAP)
		return "the ISS is not the one that was waited for";
	return world_broken(w);
}

void
world_fill(struct world *w, bool full)
{
	w->full = full;
}

const struct tcb *
world_tcb(const struct world *w)
{
	return &w->tcb;
}

uint32_t
world_peer_iss(const struct world *w)
{
	return w->peer_iss;
}

/* ---- questions -------------------------------------------------------------------------- */

void
world_forget(struct world *w)
{
	w->n_seen = 0;
	w->events = 0;
	w->reason = 0;
	w->acked = 0;
	w->delivered_before += w->delivered;
	w->delivered = 0;
}

unsigned int
world_seen(const struct world *w, const struct seen **seen)
{
	*seen = w->seen;
	return w->n_seen;
}

uint32_t
world_events(const struct world *w, int *reason)
{
	*reason = w->reason;
	return w->events & (SPT_ACCEPTED | SPT_CONNECTED | SPT_PEER_CLOSED | SPT_URGENT |
	                       SPT_CLOSED | SPT_SOFT_ERROR);
}

uint32_t
world_delivered(const struct world *w)
{
	return w->delivered;
}

int
world_info(const struct world *w, struct spt_conn_info *info)
{
	return w->open ? spt_conn_info(w->engine, w->conn, info) : -ENOENT;
}

bool
world_find(const struct world *w, struct spt_conn_info *info)
{
	struct spt_conn_info infos[8];
	uint64_t cursor = 0;
	unsigned int n;

	while ((n = spt_engine_walk(w->engine, &cursor, infos, RTE_DIM(infos))) > 0) {
		for (unsigned int i = 0; i < n; i++) {
			*info = infos[i];
			if (info->remote.port == w->rport)
				return true;
		}
	}
	return false;
}

enum spt_state
world_state(const struct world *w)
{
	struct spt_conn_info info;

	return world_find(w, &info) ? info.state : SPT_CLOSED_STATE;
}

const char *
world_broken(const struct world *w)
{
	return w->broken != NULL ? w->broken : spt_engine_check(w->engine);
}

const char *
world_wrong(const struct world *w)
{
	return w->broken;
}

void
world_ladder(const struct world *w)
{
	monitor_print(w->monitor, stderr);
}

spt_time
world_now(const struct world *w)
{
	return w->now;
}

/* ---- end of a cell ---------------------------------------------------------------------- */

const char *
world_end(struct world *w)
{
	static char text[200];
	struct spt_stats stats;

	if (w->open && spt_abort(w->engine, w->conn) != 0)
		return "spt_abort finds the handle stale";
	world_settle(w);
	world_advance(w, 400 * SPT_NS_PER_SEC);
	if (w->open)
		return "no CLOSED event came, not even after an abort";
	spt_engine_stats(w->engine, &stats);
	if (stats.connections || stats.half_open || stats.timewait || stats.pinned_mbufs ||
	    stats.source_tuples || env_pool_in_use(w->peer_pool) ||
	    env_pool_in_use(w->engine_pool)) {
		snprintf(text, sizeof(text),
		    "left after 400 s: %u connections, %u half open, %u in TIME-WAIT, %u mbufs "
		    "in queues, %u + %u mbufs not in their pools",
		    (unsigned int)stats.connections, (unsigned int)stats.half_open,
		    (unsigned int)stats.timewait, (unsigned int)stats.pinned_mbufs,
		    env_pool_in_use(w->engine_pool), env_pool_in_use(w->peer_pool));
		return text;
	}
	return world_broken(w);
}

/* ---- creation ------------------------------------------------------------------------------ */

struct spt_conn_options
world_options(void)
{
	return (struct spt_conn_options){.receive_buffer = WORLD_WINDOW,
	    .receive_buffer_max = WORLD_WINDOW,
	    .send_buffer = WORLD_SEND_BUFFER};
}

void
world_listen_again(struct world *w)
{
	struct spt_listen_options listen = {.conn = world_options()};
	struct spt_endpoint any = {.port = WORLD_LISTENING};

	w->listener = spt_listen(w->engine, &any, &listen);
	if (w->listener < 0)
		world_die("no listener");
}

void
world_source_again(struct world *w)
{
	struct spt_source_options source = {.conn = world_options()};

	w->source = spt_source_add(w->engine, &source);
	if (w->source < 0)
		world_die(strerror(-w->source));
}

static void
create_engine(struct world *w)
{
	struct spt_local local = {
	    .first = w->local, .count = 1, .prefix = w->v->family == 4 ? 24 : 64};
	struct spt_config config = {.local = &local,
	    .n_local = 1,
	    .pool = w->engine_pool,
	    .socket = -1,
	    .connections = 8,
	    .half_open = 8,
	    .timewait = 8,
	    .listeners = 4,
	    .neighbours = 4};
	char error[200] = "";

	for (unsigned int i = 0; i < sizeof(config.master_secret); i++)
		config.master_secret[i] = (uint8_t)(i * 37 + 1);
	if (spt_engine_create(&config, w->top, w->now, &w->engine, error, sizeof(error)) != 0)
		world_die(error);
	world_listen_again(w);
	world_source_again(w);
}

/* Half-open records, each ended by a RST: the clock does not move meanwhile. */
static void
find_iss(struct world *w)
{
	for (unsigned int n = 0; n < WORLD_PORTS; n++) {
		struct arrival rst = {.flags = P_RST};

		begin(w, n, SPT_SYN_RECEIVED);
		peer(w, P_SYN, 0, 0);
		iss_at_epoch[w->v->family == 6][n] = w->tcb.iss;
		rst.seq = w->peer_nxt;
		world_inject(w, &rst, STAMP_NOW);
	}
}

static struct world *
create(const struct world_variant *v)
{
	static const uint8_t net6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0};
	struct world *w = calloc(1, sizeof(*w));
	static uint8_t flat[PACKET_MAX];

	env_start();
	if (w == NULL || (w->port = calloc(1, sizeof(*w->port))) == NULL)
		world_die("no memory");
	w->v = v;
	w->now = ENV_EPOCH;
	w->engine_pool = env_pool_create(511);
	w->peer_pool = env_pool_create(511);
	w->mac = (struct rte_ether_addr){{2, 0, 0, 0, 0, 1}};
	w->peer_mac = (struct rte_ether_addr){{2, 0, 0, 0, 0, 2}};
	w->local = w->remote =
	    v->family == 4 ? addr_from_v4(RTE_BE32(0x0a010000)) : addr_from_v6(net6);
	w->local.b[15] = 1;
	w->remote.b[15] = 9;
	w->port->base = (struct spt_port){.ops = &world_port_ops,
	    .mac = w->mac,
	    .mtu = 1500,
	    .multi_segment = true,
	    .headroom = 14};
	w->port->world = w;
	w->monitor = monitor_create("septet", "peer", &w->mac, 1500);
	w->top = monitor_port_create(w->monitor, &w->port->base);
	create_engine(w);
	push(w, flat, packet_ask_resolution(&w->peer_mac, &w->remote, &w->local, flat));
	world_settle(w);
	return w;
}

struct world *
world_create(const struct world_variant *v)
{
	unsigned int family = v->family == 6;

	if (v->wrap && !iss_known[family]) {
		struct world *w = create(v);

		find_iss(w);
		world_destroy(w);
		iss_known[family] = true;
	}
	return create(v);
}

const char *
world_destroy(struct world *w)
{
	static char text[100];
	unsigned int left;

	spt_engine_destroy(w->engine);
	w->top->ops->destroy(w->top);
	monitor_destroy(w->monitor);
	left = env_pool_in_use(w->engine_pool) + env_pool_in_use(w->peer_pool);
	snprintf(text, sizeof(text), "%u mbufs leaked", left);
	env_pool_destroy(w->engine_pool);
	env_pool_destroy(w->peer_pool);
	free(w);
	return left ? text : NULL;
}

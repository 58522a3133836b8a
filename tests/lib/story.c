/* SPDX-License-Identifier: BSD-3-Clause */
/* The world of a story: two engines, a link that does as told, a clock that jumps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <base/addr.h>
#include <port/port.h>

#include "env.h"
#include "monitor.h"
#include "pattern.h"
#include "story.h"

#define ENDS_MAX   4096
#define EVENTS_MAX 32

/* The stream that side s sends in life l. */
#define SEED(l, s) (2 * (l) + 1 + (s))

/* A frame on its way, or just arrived. */
struct frame {
	struct frame *next;
	spt_time at;
	struct rte_mbuf *m;
};

struct link_port {
	struct spt_port base;
	unsigned int side;
	struct frame *first, **last; /* towards this side */
};

struct side {
	struct rte_mempool *pool;
	struct spt_addr addr;
	struct link_port link;
	struct spt_port *port;
	struct monitor *monitor;
	struct spt_engine *engine;
	int source;
	bool cut;
	unsigned int lose_next;
	unsigned int born; /* how often its engine began */
};

struct story {
	struct story_config config;
	spt_time now;
	struct side side[2];
	bool (*lose)(const struct story_segment *s);
	struct story_segment *segment;
	unsigned int n_segments, room;
	unsigned int frames; /* of any kind, for settling */
	struct story_end end[ENDS_MAX];
	unsigned int n_ends;
	uint32_t lives;
	char wrong[200];
};

static struct story *story;
static struct rte_mempool *pools[2];

/* ---- failing ---------------------------------------------------------------------- */

static void
show_monitor(const struct monitor *m)
{
	if (monitor_report(m) != NULL)
		fprintf(stderr, "%s", monitor_report(m));
	else
		monitor_print(m, stderr);
}

static void
show(void)
{
	fprintf(stderr, "  at %.6f s virtual\n", (double)story->now / 1e9);
	show_monitor(story->side[0].monitor);
	show_monitor(story->side[1].monitor);
}

void
story_check_at(bool holds, const char *text, const char *file, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
	show();
	fail();
}

void
story_check_eq_at(int64_t got, int64_t expected, const char *text, const char *file, int line)
{
	if (got == expected)
		return;
	fprintf(stderr, "%s:%d: %s is %lld, expected %lld\n", file, line, text, (long long)got,
	    (long long)expected);
	show();
	fail();
}

void
story_check_state_at(const struct story_end *e, enum spt_state state, const char *file, int line)
{
	enum spt_state is = story_state(e);

	if (is == state)
		return;
	fprintf(stderr, "%s:%d: side %u is in %s, expected %s\n", file, line, e->side,
	    spt_state_name(is), spt_state_name(state));
	show();
	fail();
}

/* Noted where no test may be left in the middle of a turn; told by the next settle. */
static void
wrong(const char *why)
{
	if (story->wrong[0] == '\0')
		snprintf(story->wrong, sizeof(story->wrong), "%s", why);
}

/* ---- the link ---------------------------------------------------------------------- */

static void
deliver(unsigned int to, spt_time at, const uint8_t *bytes, unsigned int length)
{
	struct link_port *l = &story->side[to].link;
	struct frame *f = malloc(sizeof(*f));

	if (f == NULL)
		exit(2);
	*f = (struct frame){.at = at, .m = packet_mbuf(story->side[to].pool, bytes, length)};
	if (f->m == NULL) {
		fprintf(stderr, "story: no mbuf left for a frame\n");
		exit(2);
	}
	*l->last = f;
	l->last = &f->next;
}

/* Note a segment. Returns whether it is lost. */
static bool
note(unsigned int from, const uint8_t *bytes, unsigned int length, const struct packet *p)
{
	struct side *side = &story->side[from];
	struct story_segment *s;

	if (story->n_segments == story->room) {
		story->room = story->room ? 2 * story->room : 256;
		story->segment = realloc(story->segment, story->room * sizeof(*s));
	}
	s = story->segment == NULL ? NULL : &story->segment[story->n_segments++];
	if (s == NULL)
		exit(2);
	*s = (struct story_segment){
	    .from = from, .at = story->now, .p = *p, .bytes = malloc(length), .length = length};
	if (s->bytes == NULL)
		exit(2);
	memcpy(s->bytes, bytes, length);
	s->p.payload = s->bytes + (p->payload - bytes);
	s->lost = side->cut || side->lose_next > 0 || (story->lose != NULL && story->lose(s));
	if (side->lose_next > 0)
		side->lose_next--;
	return s->lost;
}

static uint16_t
link_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	static uint8_t flat[PACKET_MAX];
	unsigned int from = ((struct link_port *)p)->side;

	for (uint16_t i = 0; i < n; i++) {
		unsigned int length = packet_flatten(m[i], flat);
		struct packet packet;

		packet_offload(m[i], flat, length);
		if (packet_parse(flat, length, &packet) != PACKET_TCP ||
		    !note(from, flat, length, &packet))
			deliver(!from, now + story->config.delay, flat, length);
		rte_pktmbuf_free(m[i]);
		story->frames++;
	}
	return n;
}

static uint16_t
link_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct link_port *l = (struct link_port *)p;
	struct frame **at = &l->first;
	uint16_t got = 0;

	while (*at != NULL && got < n) {
		struct frame *f = *at;

		if (f->at > now) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		if (l->last == &f->next)
			l->last = at;
		m[got++] = f->m;
		free(f);
		story->frames++;
	}
	return got;
}

static spt_time
link_next_deadline(const struct spt_port *p)
{
	spt_time t = SPT_TIME_NEVER;

	for (const struct frame *f = ((const struct link_port *)p)->first; f != NULL; f = f->next)
		t = RTE_MIN(t, f->at);
	return t;
}

static void
link_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	*stats = (struct spt_port_stats){0};
}

static void
link_drain(struct link_port *l)
{
	while (l->first != NULL) {
		struct frame *f = l->first;

		l->first = f->next;
		rte_pktmbuf_free(f->m);
		free(f);
	}
	l->last = &l->first;
}

static void
link_destroy(struct spt_port *p)
{
	link_drain((struct link_port *)p);
}

static const struct port_ops link_ops = {
    .rx = link_rx,
    .tx = link_tx,
    .next_deadline = link_next_deadline,
    .stats = link_stats,
    .destroy = link_destroy,
};

/* ---- the engines -------------------------------------------------------------------- */

static void
start_engine(unsigned int s)
{
	struct side *side = &story->side[s];
	struct spt_local local = {
	    .first = side->addr, .count = 1, .prefix = story->config.family == 4 ? 24 : 64};
	struct spt_config config = story->config.config;
	struct spt_source_options source = {.conn = story->config.options[s]};
	struct spt_listen_options listen = {
	    .conn = story->config.options[s], .close_on_fin = story->config.close_on_fin};
	struct spt_endpoint any = {.port = STORY_PORT};
	char error[200] = "";

	config.local = &local;
	config.n_local = 1;
	config.pool = side->pool;
	config.socket = -1;
	config.connections = story->config.connections ? story->config.connections : 64;
	if (config.half_open == 0)
		config.half_open = config.connections;
	if (config.timewait == 0)
		config.timewait = config.connections;
	config.neighbours = 16;
	config.listeners = 4;
	config.sources = 2;
	/* Another secret in each life: nobody who crashed knows the old one. */
	config.master_secret[0] = (uint8_t)(s + 1);
	config.master_secret[1] = (uint8_t)++side->born;
	side->monitor = monitor_create(
	    s == 0 ? "side 0" : "side 1", s == 0 ? "side 1" : "side 0", &side->link.base.mac, 1500);
	side->port = monitor_port_create(side->monitor, &side->link.base);
	if (spt_engine_create(
	        &config, side->port, story->now, &side->engine, error, sizeof(error)) != 0) {
		fprintf(stderr, "story: %s\n", error);
		exit(2);
	}
	side->source = spt_source_add(side->engine, &source);
	if (side->source < 0 ||
	    (!story->config.deaf[s] && spt_listen(side->engine, &any, &listen) < 0)) {
		fprintf(stderr, "story: spt_source_add or spt_listen fails\n");
		exit(2);
	}
}

/* The other side asks for our link address, and so tells its own: no answer has to wait for it. */
static void
introduce(unsigned int s)
{
	static uint8_t flat[PACKET_MAX];
	const struct side *us = &story->side[s], *them = &story->side[!s];

	deliver(s, story->now, flat,
	    packet_ask_resolution(&them->link.base.mac, &them->addr, &us->addr, flat));
	story_settle();
}

static void
stop_engine(unsigned int s)
{
	struct side *side = &story->side[s];

	spt_engine_destroy(side->engine);
	side->port->ops->destroy(side->port); /* and what was under way to it */
	monitor_destroy(side->monitor);
}

void
story_begin(const struct story_config *config)
{
	static const uint8_t net6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};

	/* The story before failed: what it held is lost. */
	if (story != NULL)
		pools[0] = pools[1] = NULL;
	story = calloc(1, sizeof(*story));
	if (story == NULL)
		exit(2);
	story->config = *config;
	story->now = ENV_EPOCH;
	for (unsigned int s = 0; s < 2; s++) {
		struct side *side = &story->side[s];

		if (pools[s] == NULL)
			pools[s] = env_pool_create(8192);
		side->pool = pools[s];
		side->addr =
		    config->family == 4 ? addr_from_v4(RTE_BE32(0x0a020001)) : addr_from_v6(net6);
		side->addr.b[15] = (uint8_t)(1 + s);
		side->link = (struct link_port){.base = {.ops = &link_ops,
		                                    .mac = {{2, 0, 0, 0, 0, (uint8_t)(1 + s)}},
		                                    .mtu = 1500,
		                                    .multi_segment = true,
		                                    .headroom = 14},
		    .side = s};
		side->link.last = &side->link.first;
		start_engine(s);
	}
	introduce(0);
	introduce(1);
}

void
story_end(void)
{
	story_settle();
	for (unsigned int s = 0; s < 2; s++) {
		story_check_eq(monitor_broken(story->side[s].monitor), MONITOR_NONE);
		story_check(spt_engine_check(story->side[s].engine) == NULL);
		story_check_eq(story_stats(s).errors, 0);
	}
	stop_engine(0);
	stop_engine(1);
	for (unsigned int s = 0; s < 2; s++)
		assert_int_equal(env_pool_in_use(pools[s]), 0);
	for (unsigned int i = 0; i < story->n_segments; i++)
		free(story->segment[i].bytes);
	free(story->segment);
	free(story);
	story = NULL;
}

void
story_crash(unsigned int side)
{
	for (unsigned int i = 0; i < story->n_ends; i++) {
		if (story->end[i].side == side)
			story->end[i].open = false;
	}
	stop_engine(side);
	start_engine(side);
	introduce(side);
}

struct spt_engine *
story_engine(unsigned int side)
{
	return story->side[side].engine;
}

/* ---- the applications ----------------------------------------------------------------- */

static struct story_end *
new_end(unsigned int side, spt_conn conn)
{
	struct story_end *e = &story->end[story->n_ends];
	struct spt_conn_info info;

	if (story->n_ends++ == ENDS_MAX) {
		fprintf(stderr, "story: too many ends\n");
		exit(2);
	}
	*e = (struct story_end){.side = side, .conn = conn, .open = true};
	if (spt_conn_info(story->side[side].engine, conn, &info) == 0) {
		e->local = info.local;
		e->remote = info.remote;
	} else {
		wrong("no info of a new connection");
	}
	return e;
}

/* The youngest of the other side between the same endpoints. */
struct story_end *
story_other(const struct story_end *e)
{
	for (unsigned int i = story->n_ends; i > 0; i--) {
		struct story_end *o = &story->end[i - 1];

		if (o->side != e->side && o->local.port == e->remote.port &&
		    o->remote.port == e->local.port)
			return o;
	}
	return NULL;
}

static struct story_end *
accepted(unsigned int side, const struct spt_event *event)
{
	struct story_end *e = new_end(side, event->conn), *opener = story_other(e);

	if (opener == NULL)
		wrong("accepted what nobody opened");
	else
		e->life = opener->life;
	spt_conn_set_user(story->side[side].engine, event->conn, e);
	return e;
}

static void
take_data(struct story_end *e, const struct spt_event *event)
{
	uint32_t n = 0;

	for (const struct rte_mbuf *m = event->data; m != NULL; m = m->next) {
		if (pattern_match(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
		        SEED(e->life, !e->side), e->received) != m->data_len)
			wrong("bytes delivered that are not of this connection's stream");
		e->received += m->data_len;
		n += m->data_len;
	}
	e->unread += n;
	if (!story->config.by_hand && !(event->events & SPT_CLOSED)) {
		spt_receive_done(story->side[e->side].engine, e->conn, n);
		e->unread = 0;
	}
}

static void
on_event(unsigned int side, const struct spt_event *event)
{
	struct story_end *e = event->user;

	/* Accepted and gone in one turn: nobody to ask whose it was. */
	if ((event->events & SPT_ACCEPTED) && (event->events & SPT_CLOSED)) {
		rte_pktmbuf_free(event->data);
		return;
	}
	if (event->events & SPT_ACCEPTED)
		e = accepted(side, event);
	if (e == NULL || !e->open || e->conn != event->conn) {
		wrong("an event of no connection, or after CLOSED");
		rte_pktmbuf_free(event->data);
		return;
	}
	if (event->data != NULL)
		take_data(e, event);
	rte_pktmbuf_free(event->data);
	e->events |= event->events;
	e->acked += event->acked;
	if (event->events & SPT_CLOSED) {
		e->open = false;
		e->reason = event->reason;
	}
}

struct story_end *
story_connect(unsigned int side, uint16_t lport, uint16_t rport)
{
	struct side *s = &story->side[side];
	struct spt_endpoint local = {s->addr, lport}, remote = {story->side[!side].addr, rport};
	struct story_end *e, *other;
	spt_conn conn;

	if (spt_connect(s->engine, s->source, &local, &remote, NULL, &conn) != 0)
		return NULL;
	e = new_end(side, conn);
	other = story_other(e);
	/* Both open: one connection. */
	e->life = other != NULL && other->open && other->events == 0 ? other->life : ++story->lives;
	spt_conn_set_user(s->engine, conn, e);
	story_settle();
	return e;
}

struct story_end *
story_established(uint16_t lport)
{
	struct story_end *e = story_connect(0, lport, STORY_PORT);

	story_check(e != NULL);
	story_run_us(6 * story->config.delay / SPT_NS_PER_US);
	story_check_state(e, ESTABLISHED);
	story_check(story_other(e) != NULL && story_other(e)->open);
	story_check_state(story_other(e), ESTABLISHED);
	return e;
}

void
story_send(struct story_end *e, uint32_t n)
{
	struct spt_engine *engine = story->side[e->side].engine;

	while (n > 0) {
		struct rte_mbuf *m = spt_buffer_alloc(engine);
		uint16_t take = (uint16_t)RTE_MIN(n, rte_pktmbuf_tailroom(m));

		pattern_fill(
		    (uint8_t *)rte_pktmbuf_append(m, take), take, SEED(e->life, e->side), e->sent);
		story_check_eq(spt_send(engine, e->conn, m, 0), 0);
		e->sent += take;
		n -= take;
	}
	story_settle();
}

void
story_read(struct story_end *e, uint32_t n)
{
	if (n == 0)
		n = (uint32_t)e->unread;
	story_check_eq(spt_receive_done(story->side[e->side].engine, e->conn, n), 0);
	e->unread -= n;
	story_settle();
}

void
story_shutdown(struct story_end *e)
{
	story_check_eq(spt_shutdown(story->side[e->side].engine, e->conn), 0);
	story_settle();
}

void
story_close(struct story_end *e)
{
	story_check_eq(spt_close(story->side[e->side].engine, e->conn), 0);
	story_settle();
}

void
story_abort(struct story_end *e)
{
	story_check_eq(spt_abort(story->side[e->side].engine, e->conn), 0);
	story_settle();
}

/* ---- time -------------------------------------------------------------------------------- */

static void
check_side(unsigned int s)
{
	struct spt_stats stats;
	uint64_t sum = 0;

	spt_engine_stats(story->side[s].engine, &stats);
	for (unsigned int i = 0; i < SPT_V_COUNT; i++)
		sum += stats.verdict[i];
	story_check(sum == stats.rx_frames);
	if (story->wrong[0] == '\0' && monitor_broken(story->side[s].monitor) == MONITOR_NONE)
		return;
	fprintf(stderr, "story: %s\n", story->wrong);
	show();
	fail();
}

void
story_settle(void)
{
	struct spt_event events[EVENTS_MAX];
	unsigned int turns = 0, n, before;

	do {
		before = story->frames;
		n = 0;
		for (unsigned int s = 0; s < 2; s++) {
			unsigned int got =
			    spt_poll(story->side[s].engine, story->now, events, EVENTS_MAX);

			for (unsigned int i = 0; i < got; i++)
				on_event(s, &events[i]);
			n += got;
		}
		story_check(++turns < 20000);
	} while (n > 0 || before != story->frames || turns < 3);
	check_side(0);
	check_side(1);
}

void
story_run_us(uint64_t us)
{
	spt_time end = story->now + us * SPT_NS_PER_US;

	story_settle();
	while (story->now < end) {
		spt_time t = end;

		for (unsigned int s = 0; s < 2; s++) {
			t = RTE_MIN(t, spt_next_deadline(story->side[s].engine));
			t = RTE_MIN(t, link_next_deadline(&story->side[s].link.base));
		}
		story_check(t > story->now);
		story->now = t;
		story_settle();
	}
}

spt_time
story_now(void)
{
	return story->now;
}

/* ---- what is known ------------------------------------------------------------------------- */

struct spt_conn_info
story_look(const struct story_end *e)
{
	struct spt_conn_info info[16];
	uint64_t cursor = 0;
	unsigned int n;

	while (
	    (n = spt_engine_walk(story->side[e->side].engine, &cursor, info, RTE_DIM(info))) > 0) {
		for (unsigned int i = 0; i < n; i++) {
			if (info[i].local.port == e->local.port &&
			    info[i].remote.port == e->remote.port)
				return info[i];
		}
	}
	return (struct spt_conn_info){.state = SPT_CLOSED_STATE};
}

enum spt_state
story_state(const struct story_end *e)
{
	return story_look(e).state;
}

unsigned int
story_segments(void)
{
	return story->n_segments;
}

const struct story_segment *
story_segment(unsigned int i)
{
	return &story->segment[i];
}

unsigned int
story_count(unsigned int since, unsigned int from, uint8_t flags)
{
	unsigned int n = 0;

	for (unsigned int i = since; i < story->n_segments; i++) {
		if (story->segment[i].from == from && (story->segment[i].p.flags & flags) == flags)
			n++;
	}
	return n;
}

struct spt_stats
story_stats(unsigned int side)
{
	struct spt_stats stats;

	spt_engine_stats(story->side[side].engine, &stats);
	return stats;
}

/* ---- what the link is told ------------------------------------------------------------------ */

void
story_lose(bool (*lose)(const struct story_segment *s))
{
	story->lose = lose;
}

void
story_cut(unsigned int from, bool cut)
{
	story->side[from].cut = cut;
}

void
story_lose_next(unsigned int from, unsigned int n)
{
	story->side[from].lose_next = n;
}

void
story_repeat(unsigned int i)
{
	const struct story_segment *s = &story->segment[i];

	deliver(!s->from, story->now, s->bytes, s->length);
	story_settle();
}

/* The last timestamps that passed between the victim and its peer. */
static void
last_timestamps(const struct story_end *victim, struct packet *p)
{
	bool have_val = false, have_ecr = false;

	for (unsigned int i = story->n_segments; i > 0 && !(have_val && have_ecr); i--) {
		const struct story_segment *s = &story->segment[i - 1];

		if (!(s->p.options & P_TIMESTAMP))
			continue;
		if (s->from != victim->side && s->p.sport == victim->remote.port && !have_val) {
			p->tsval = s->p.tsval;
			have_val = true;
		} else if (s->from == victim->side && s->p.dport == victim->remote.port &&
		           !have_ecr) {
			p->tsecr = s->p.tsval;
			have_ecr = true;
		}
	}
}

void
story_forge(const struct story_end *victim, const struct story_forged *f)
{
	static uint8_t flat[PACKET_MAX], payload[PACKET_MAX];
	struct spt_conn_info info = story_look(victim);
	unsigned int to = victim->side;
	struct packet p = {.eth_src = story->side[!to].link.base.mac,
	    .eth_dst = story->side[to].link.base.mac,
	    .family = (uint8_t)story->config.family,
	    .ttl = 64,
	    .src = victim->remote.addr,
	    .dst = victim->local.addr,
	    .sport = victim->remote.port,
	    .dport = victim->local.port,
	    .seq = info.rcv_nxt + (uint32_t)f->seq,
	    .ack = f->flags & P_ACK ? info.snd_nxt + (uint32_t)f->ack : 0,
	    .wnd = f->wnd ? f->wnd : 8192,
	    .flags = f->flags,
	    .len = f->len,
	    .payload = payload};

	memset(payload, 'x', f->len); /* the pattern of no stream for long */
	if (info.timestamps && !f->no_ts && !(f->flags & P_RST)) {
		p.options = P_TIMESTAMP;
		last_timestamps(victim, &p);
		p.tsval -= (uint32_t)f->ts_older;
	}
	deliver(to, story->now, flat, packet_build(&p, flat));
	story_settle();
}

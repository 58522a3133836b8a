/* SPDX-License-Identifier: BSD-3-Clause */
/* given(): an engine that listens, and a connection in a state; what a script may ask of it. */
#include <string.h>

#include <base/addr.h>

#include "script_priv.h"

static uint32_t
or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static void
create_engine(const struct given *g)
{
	struct spt_config config = g->config;
	struct spt_local local = {.first = script->local[0],
	    .count = 2,
	    .prefix = script->variant->family == 4 ? 24 : 64};
	struct spt_listen_options listen = {.conn = g->conn,
	    .backlog = g->backlog,
	    .defer_accept = g->defer_accept,
	    .close_on_fin = g->close_on_fin};
	struct spt_endpoint any = {.port = SCRIPT_PORT};
	char error[200] = "";

	config.local = &local;
	config.n_local = 1;
	config.pool = script->engine_pool;
	config.socket = -1;
	config.connections = or_default(config.connections, 64);
	config.half_open = or_default(config.half_open, 64);
	config.timewait = or_default(config.timewait, 64);
	config.listeners = or_default(config.listeners, 8);
	config.neighbours = or_default(config.neighbours, 16);
	for (unsigned int i = 0; i < sizeof(config.master_secret); i++)
		config.master_secret[i] = (uint8_t)(i * 37 + 1);
	if (g->merge && spt_port_merge_create(script->top, &script->top) != 0)
		script_fail("no receive merging wrapper");
	if (spt_engine_create(
	        &config, script->top, script->now, &script->engine, error, sizeof(error)) != 0)
		script_fail("spt_engine_create: %s", error);
	script->listener = spt_listen(script->engine, &any, &listen);
	if (script->listener < 0)
		script_fail("spt_listen returned %d", script->listener);
}

/* The peer speaks to our neighbour table first, so that no answer waits for resolution. */
static void
introduce(void)
{
	static uint8_t flat[PACKET_MAX];
	unsigned int n;

	n = packet_ask_resolution(&script->peer_mac, &script->peer, &script->local[0], flat);
	script_port_push(flat, n, true);
	script_settle();
}

static void
peer(uint8_t flags)
{
	script_inject(&(struct inject){.flags = flags});
}

static void
engine(uint8_t flags)
{
	script_expect(&(struct expect){.flags = flags});
}

static void
we_close(const struct given *g)
{
	if (g->by_close)
		script_app_close();
	else
		script_app_shutdown();
	engine(P_FIN | P_ACK);
}

static void
peer_closes(const struct given *g)
{
	peer(P_FIN | P_ACK);
	if (!g->by_close)
		script_expect_event(SPT_PEER_CLOSED);
	else
		script_take_event(script->f, SPT_PEER_CLOSED);
	engine(P_ACK);
}

/* Flags of the peer's SYN. */
static uint8_t
peer_syn(const struct given *g)
{
	return P_SYN | (g->ecn ? P_ECE | P_CWR : 0);
}

/* Of the engine's, and of the peer's answer to it. */
static uint8_t
engine_syn(void)
{
	return P_SYN | (script->given.conn.ecn == SPT_ECN_ASK ? P_ECE | P_CWR : 0);
}

static uint8_t
peer_syn_ack(const struct given *g)
{
	return P_SYN | P_ACK | (g->ecn && script->given.conn.ecn == SPT_ECN_ASK ? P_ECE : 0);
}

/* The engine's answer to the peer's, which crossed its own SYN or did not. */
static uint8_t
engine_syn_ack(const struct given *g, bool crossed)
{
	uint8_t mode = script->given.conn.ecn;
	bool agrees = crossed ? mode == SPT_ECN_ASK : mode != SPT_ECN_NEVER;

	return P_SYN | P_ACK | (g->ecn && agrees ? P_ECE : 0);
}

/* The engine opens. What its window scale multiplies comes with a segment of its own. */
static void
to_connected(const struct given *g)
{
	script_app_connect(&(struct app_connect){.lport = SCRIPT_PORT}, 0);
	engine(engine_syn());
	peer(peer_syn_ack(g));
	engine(P_ACK);
	script_expect_event(SPT_CONNECTED);
	if (script->given.wscale > 0)
		peer(P_ACK);
}

static void
to_established(const struct given *g)
{
	if (g->active == ON) {
		to_connected(g);
		return;
	}
	peer(peer_syn(g));
	engine(engine_syn_ack(g, false));
	peer(P_ACK);
	if (!script->f->open)
		script_fail("the handshake is complete, but no ACCEPTED came");
}

static void
to_state(const struct given *g)
{
	switch (g->state) {
	case SPT_CLOSED_STATE: script_fail("given(CLOSED_STATE) is given(LISTEN)");
	case SPT_LISTEN: break;
	case SPT_SYN_SENT:
		script_app_connect(&(struct app_connect){.lport = SCRIPT_PORT}, 0);
		engine(engine_syn());
		break;
	case SPT_SYN_RECEIVED:
		if (g->active == ON) {
			script_app_connect(&(struct app_connect){.lport = SCRIPT_PORT}, 0);
			engine(engine_syn());
		}
		peer(peer_syn(g));
		engine(engine_syn_ack(g, g->active == ON));
		break;
	case SPT_ESTABLISHED: to_established(g); break;
	case SPT_FIN_WAIT_1:
		to_established(g);
		we_close(g);
		break;
	case SPT_FIN_WAIT_2:
		to_established(g);
		we_close(g);
		peer(P_ACK);
		break;
	case SPT_CLOSE_WAIT:
		to_established(g);
		peer_closes(&(struct given){0});
		break;
	case SPT_CLOSING:
		to_established(g);
		we_close(g);
		/* The FINs cross: the peer's does not acknowledge ours. */
		script_inject(&(struct inject){.flags = P_FIN | P_ACK, .ack = 1});
		script_take_event(script->f, SPT_PEER_CLOSED);
		engine(P_ACK);
		break;
	case SPT_LAST_ACK:
		to_established(g);
		peer_closes(&(struct given){0});
		we_close(g);
		break;
	case SPT_TIME_WAIT:
		to_established(g);
		we_close(g);
		peer(P_ACK);
		peer_closes(g);
		script_take_event(script->f, SPT_CLOSED);
		break;
	}
}

/* Whether this connection is opened by the engine: what the listener does is left alone. */
static bool
is_active(const struct given *g)
{
	const struct given *first = &script->given;

	if (g->active != SCRIPT_DEFAULT || g->state == SPT_SYN_RECEIVED)
		return g->active == ON;
	return script->variant->active && !first->backlog && !first->defer_accept &&
	       !first->close_on_fin;
}

void
script_peer_is(struct flow *f, const struct given *g)
{
	f->ts = g->ts == ON || (g->ts == SCRIPT_DEFAULT && script->variant->ts);
	f->mss = script->variant->family == 4 ? 1460 : 1440;
	if (g->mss != 0)
		f->mss = (uint16_t)script_stated(g->mss);
	f->wnd = g->wnd ? (uint16_t)script_stated(g->wnd) : 65535;
	f->known = true;
}

void
script_given(const struct given *stated)
{
	struct given copy = *stated, *g = &copy;
	struct flow *f = script->f;
	bool first = script->engine == NULL;

	if (first) {
		script->given = *g;
		create_engine(g);
		introduce();
	} else {
		script->given.wscale = g->wscale;
		script->given.sack_perm = g->sack_perm;
	}
	script_peer_is(f, g);
	g->active = is_active(g) ? ON : OFF;
	to_state(g);
	if (g->state != SPT_LISTEN)
		script_expect_state(g->state);
}

/* ---- questions ------------------------------------------------------------------ */

struct spt_conn_info
script_info(void)
{
	struct spt_conn_info info;
	int result = spt_conn_info(script->engine, script->f->conn, &info);

	if (result != 0)
		script_fail("spt_conn_info returned %d", result);
	return info;
}

struct spt_engine *
script_engine(void)
{
	return script->engine;
}

spt_conn
script_conn(void)
{
	return script->f->conn;
}

spt_time
script_now(void)
{
	return script->now;
}

uint32_t
script_full(void)
{
	const struct flow *f = script->f;
	uint32_t mss = f->mss ? f->mss : script->variant->family == 4 ? 536 : 1220;

	return mss - (f->ts ? 12 : 0);
}

int
script_family(void)
{
	return script->variant->family;
}

bool
script_frames_direct(void)
{
	return script->variant->shape == SHAPE_DIRECT;
}

bool
script_tso(void)
{
	return script->variant->tso;
}

bool
script_timestamps(void)
{
	return script->f->ts;
}

uint16_t
script_local_port(void)
{
	return script->f->lport;
}

struct spt_addr
script_local_address(unsigned int n)
{
	return script->local[n];
}

struct spt_endpoint
script_remote(void)
{
	return (struct spt_endpoint){script->peer, script->f->port};
}

uint32_t
script_engine_tsval(void)
{
	return script->f->ts_recent;
}

uint32_t
script_iss_plus(uint32_t relative)
{
	return script->f->engine_iss + relative;
}

uint32_t
script_irs_plus(uint32_t relative)
{
	return script->f->peer_iss + relative;
}

void
script_port_refuses(bool on)
{
	script->port->refuses = on;
}

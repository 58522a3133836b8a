/* SPDX-License-Identifier: BSD-3-Clause */
/* An end: its port, its turns, and what must hold after each. */
#include <string.h>

#include <base/addr.h>

#include "end.h"

static struct rte_mempool *pools[2][2];

uint32_t
end_seed(
    const struct spt_addr *from, uint16_t from_port, const struct spt_addr *to, uint16_t to_port)
{
	return from->b[15] * 0x01000193u ^ to->b[15] * 0x9e3779b1u ^
	       ((uint32_t)from_port << 16 | to_port) ^ (addr_is_v4(from) ? 0 : 0x5bd1e995u);
}

/* ---- the port ----------------------------------------------------------------- */

static uint16_t
end_port_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct end_port *port = (struct end_port *)p;
	uint16_t got = (uint16_t)RTE_MIN(port->n_rx, n);

	(void)now;
	memcpy(m, port->rx, got * sizeof(*m));
	memmove(port->rx, port->rx + got, (port->n_rx - got) * sizeof(*m));
	port->n_rx -= got;
	port->end->rx_frames += got;
	return got;
}

/* What is sent again is what was sent first, and that is what the application gave. */
static void
check_segment(struct end *e, const struct rte_mbuf *m, const uint8_t *flat, unsigned int length)
{
	struct packet p;
	uint32_t seed;

	if (packet_parse(flat, length, &p) != PACKET_TCP)
		return;
	/* What costs a copy there; an echo may have come as a chain and goes as one. */
	if (!e->port->base.multi_segment)
		EXPECT(m->nb_segs == 1 && RTE_MBUF_DIRECT(m));
	if (p.len == 0)
		return;
	e->tx_text++;
	seed = end_seed(&p.src, p.sport, &p.dst, p.dport);
	if (!e->echo && !e->tainted)
		EXPECT(end_match(p.payload, p.len, seed, p.seq));
}

static uint16_t
end_port_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct end_port *port = (struct end_port *)p;
	static uint8_t flat[PACKET_MAX];
	uint16_t i;

	(void)now;
	for (i = 0; i < n && port->room > 0; i++, port->room--) {
		unsigned int length = packet_flatten(m[i], flat);

		EXPECT(length > 0 && length == m[i]->pkt_len);
		EXPECT(length <= 14u + port->base.mtu);
		rte_mbuf_sanity_check(m[i], 1);
		EXPECT(packet_offload(m[i], flat, length) == NULL);
		check_segment(port->end, m[i], flat, length);
		port->end->tx_frames++;
		port->end->sent(port->end, flat, length);
		rte_pktmbuf_free(m[i]);
	}
	return i;
}

static spt_time
end_port_next_deadline(const struct spt_port *p)
{
	const struct end_port *port = (const struct end_port *)p;

	/* As the contract has it: in the past where something was left behind. */
	return port->n_rx > 0 ? 0 : SPT_TIME_NEVER;
}

static void
end_port_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	(void)p;
	memset(stats, 0, sizeof(*stats));
}

static void
end_port_destroy(struct spt_port *p)
{
	struct end_port *port = (struct end_port *)p;

	rte_pktmbuf_free_bulk(port->rx, port->n_rx);
	free(port);
}

static const struct port_ops end_port_ops = {
    .rx = end_port_rx,
    .tx = end_port_tx,
    .next_deadline = end_port_next_deadline,
    .stats = end_port_stats,
    .destroy = end_port_destroy,
};

void
end_push(struct end *e, struct rte_mbuf *m)
{
	if (m == NULL)
		return;
	if (e->port->n_rx == END_RX) {
		rte_pktmbuf_free(m);
		return;
	}
	e->port->rx[e->port->n_rx++] = m;
}

/* ---- beginning and end ---------------------------------------------------------- */

static void
create_port(struct end *e, const struct end_config *config)
{
	e->port = calloc(1, sizeof(*e->port));
	EXPECT(e->port != NULL);
	e->port->base = (struct spt_port){.ops = &end_port_ops,
	    .mac = config->mac,
	    .mtu = config->mtu,
	    .multi_segment = config->multi_segment,
	    .headroom = 14};
	e->port->end = e;
	e->port->room = UINT32_MAX;
	e->monitor = monitor_create("septet", "peer", &config->mac, config->mtu);
	monitor_allow_cookies(e->monitor);
	e->top = monitor_port_create(e->monitor, &e->port->base);
}

void
end_create(struct end *e, const struct end_config *config, spt_time now)
{
	struct spt_local local[2] = {{.first = config->local4, .count = 2, .prefix = 24},
	    {.first = config->local6, .count = 2, .prefix = 64}};
	struct spt_config engine = {.local = local,
	    .n_local = 2,
	    .gateway4 = config->gateway4,
	    .gateway6 = config->gateway6,
	    .socket = -1,
	    .connections = config->connections,
	    .half_open = config->half_open,
	    .timewait = config->timewait,
	    .listeners = RTE_DIM(e->listener),
	    .sources = 2,
	    .neighbours = 16,
	    .pinned_mbufs = config->pinned,
	    .timewait_rst_closes = config->timewait_rst_closes};
	unsigned int which = config->mac.addr_bytes[5] & 1;
	char error[200] = "";

	memset(e, 0, sizeof(*e));
	if (pools[which][0] == NULL) {
		pools[which][0] = env_pool_create(END_MBUFS);
		pools[which][1] = env_pool_create(END_FRAMES);
	}
	e->pool = engine.pool = pools[which][0];
	e->frames = pools[which][1];
	e->now = now;
	e->mac = config->mac;
	e->max_events = 16;
	for (unsigned int i = 0; i < RTE_DIM(e->listener); i++)
		e->listener[i] = e->source[i] = -1;
	for (unsigned int i = 0; i < sizeof(engine.master_secret); i++)
		engine.master_secret[i] = (uint8_t)(i * 37 + config->secret);
	create_port(e, config);
	EXPECT(spt_engine_create(&engine, e->top, now, &e->engine, error, sizeof(error)) == 0);
}

void
end_relent(struct end *e)
{
	e->port->room = UINT32_MAX;
	rte_pktmbuf_free_bulk(e->drained, e->n_drained);
	rte_pktmbuf_free_bulk(e->kept, e->n_kept);
	e->n_drained = e->n_kept = 0;
	e->keep_data = false;
}

void
end_check_empty(struct end *e)
{
	struct spt_stats stats;

	for (unsigned int i = 0; i < END_CONNS; i++)
		EXPECT(!e->conn[i].used);
	spt_engine_stats(e->engine, &stats);
	EXPECT(stats.connections == 0);
	EXPECT(stats.half_open == 0);
	EXPECT(stats.timewait == 0);
	EXPECT(stats.source_tuples == 0);
	EXPECT(stats.pinned_mbufs == 0);
	/* Nor does anything wait for a link address any more. */
	EXPECT(env_pool_in_use(e->pool) == 0);
	EXPECT(env_pool_in_use(e->frames) == 0);
}

void
end_destroy(struct end *e)
{
	spt_engine_destroy(e->engine);
	e->top->ops->destroy(e->top);
	monitor_destroy(e->monitor);
}

/* ---- turns -------------------------------------------------------------------------- */

bool
end_poll(struct end *e)
{
	struct spt_event events[16];
	uint64_t frames = e->tx_frames + e->rx_frames;
	unsigned int n = spt_poll(e->engine, e->now, events, e->max_events);

	EXPECT(n <= e->max_events);
	for (unsigned int i = 0; i < n; i++)
		end_event(e, &events[i]);
	return n > 0 || frames != e->tx_frames + e->rx_frames;
}

static void
check_conn(const struct spt_conn_info *info)
{
	EXPECT((int32_t)(info->snd_nxt - info->snd_una) >= 0);
	EXPECT((int32_t)(info->snd_max - info->snd_nxt) >= 0);
	EXPECT(info->state > SPT_LISTEN && info->state <= SPT_TIME_WAIT);
	if (info->state < SPT_ESTABLISHED || info->state == SPT_TIME_WAIT)
		return;
	EXPECT((int32_t)(info->snd_una - info->iss) > 0);
	EXPECT(info->mss > 0);
	EXPECT(info->cwnd > 0);
	EXPECT(info->out_of_order <= info->rcv_wnd);
	EXPECT(info->snd_wscale <= 14 && info->rcv_wscale <= 14);
}

/* Both ways of asking, and no more of them than there are. */
static void
check_infos(struct end *e, const struct spt_stats *stats)
{
	struct spt_conn_info infos[4];
	uint64_t cursor = 0, full = 0, found = 0;
	unsigned int n;

	while ((n = spt_engine_walk(e->engine, &cursor, infos, RTE_DIM(infos))) > 0) {
		found += n;
		for (unsigned int i = 0; i < n; i++)
			check_conn(&infos[i]);
	}
	for (unsigned int i = 0; i < END_CONNS; i++) {
		struct end_conn *c = &e->conn[i];

		if (!c->used || spt_conn_info(e->engine, c->conn, &infos[0]) != 0)
			continue;
		full++;
		check_conn(&infos[0]);
		EXPECT(infos[0].user == c);
		EXPECT(infos[0].iss == c->iss);
		EXPECT(addr_eq(&infos[0].remote.addr, &c->remote.addr) &&
		       infos[0].remote.port == c->remote.port);
	}
	EXPECT(full <= stats->connections);
	EXPECT(found <= stats->connections + stats->half_open + stats->timewait);
}

/* Counters do not go back. */
static void
check_counters(const struct spt_stats *before, const struct spt_stats *now)
{
#define X(field, text) EXPECT(now->field >= before->field);
	SPT_COUNTERS(X)
#undef X
}

/*
 * Of what ends a half-open record, or answers for it, the monitor knows the ordinary: not that its
 * ACK was deferred, found no connection left or stood in a segment that is not acceptable, and the
 * record was given up later; nor which of two SYNs of a simultaneous open was answered.
 */
static bool
half_open_ended(const uint64_t *verdict)
{
	return verdict[SPT_V_TCP_HANDSHAKE_NO_CONN] + verdict[SPT_V_TCP_HANDSHAKE_DEFERRED] +
	           verdict[SPT_V_TCP_HANDSHAKE_IGNORED] + verdict[SPT_V_TCP_HANDSHAKE_RST] +
	           verdict[SPT_V_TCP_SIMULTANEOUS] >
	       0;
}

/*
 * What peers that mean no harm could not make untrue. The other rules know an order: of a burst the
 * monitor sees all segments before the first answer, and what waited may be lost or come late.
 */
static bool
holds_always(enum monitor_rule rule)
{
	return rule == MONITOR_MALFORMED || rule == MONITOR_OPTION || rule == MONITOR_FLAGS ||
	       rule == MONITOR_RETRANSMIT || rule == MONITOR_MSS || rule == MONITOR_ENDLESS;
}

/*
 * An ACK beyond the window counts for the monitor, not for the engine; and a TIME-WAIT that was
 * reopened and came back (RFC 6191) is to it a connection that a RST ended. A cookie lives on
 * beside others of the same ends, and after a RST: whoever brings it has a connection, the monitor
 * the last one that it saw. Simulations and scripts judge those.
 */
static bool
misjudged(const uint64_t *verdict)
{
	return verdict[SPT_V_TCP_OUT_OF_WINDOW] + verdict[SPT_V_TCP_TIMEWAIT_SYN] +
	           verdict[SPT_V_TCP_COOKIE] >
	       0;
}

static void
check_monitor(const struct end *e)
{
	enum monitor_rule broken = monitor_broken(e->monitor);

	if (broken == MONITOR_NONE || e->wild)
		return;
	if ((e->late || misjudged(e->before.verdict)) && !holds_always(broken))
		return;
	if (broken == MONITOR_SYN && half_open_ended(e->before.verdict))
		return;
	/* Which of several cookies came back, each with its SYN's MSS, is not known; the MTU is. */
	if (broken == MONITOR_MSS && e->before.verdict[SPT_V_TCP_COOKIE] > 0)
		return;
	/* A cookie says in the TSval of its SYN-ACK what the SYN at hand asked for. */
	if (broken == MONITOR_TIMESTAMP && e->before.verdict[SPT_V_TCP_SYN_COOKIE] > 0)
		return;
	/* Keep-alive probes may be asked for ten times a second, for as long as one likes. */
	if (broken == MONITOR_ENDLESS && (e->probed || e->before.keepalive_probes > 0))
		return;
	/* Without a chunk the edge of a SACK block cuts no record (stack/tcp/scoreboard.h). */
	if (broken == MONITOR_SACKED && e->before.no_chunk > 0)
		return;
	fprintf(stderr, "ERROR: monitor: %s\n", monitor_report(e->monitor));
	EXPECT(!"the monitor is content");
}

void
end_check(struct end *e)
{
	const char *wrong = spt_engine_check(e->engine);
	struct spt_stats stats;
	uint64_t sum = 0;

	if (wrong != NULL)
		fprintf(stderr, "ERROR: spt_engine_check: %s\n", wrong);
	EXPECT(wrong == NULL);
	spt_engine_stats(e->engine, &stats);
	for (unsigned int v = 0; v < SPT_V_COUNT; v++)
		sum += stats.verdict[v];
	EXPECT(sum == stats.rx_frames);
	EXPECT(stats.rx_frames == e->rx_frames);
	EXPECT(stats.tx_frames == e->tx_frames);
	EXPECT(stats.errors == 0);
	check_counters(&e->before, &stats);
	e->before = stats;
	check_infos(e, &stats);
	check_monitor(e);
	EXPECT(spt_next_deadline(e->engine) > e->now);
}

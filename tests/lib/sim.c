/* SPDX-License-Identifier: BSD-3-Clause */
/* The simulated world: both ends, the link, the clock that jumps, and what must hold at the end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <port/port.h>

#include "env.h"
#include "monitor.h"
#include "port_hold.h"
#include "port_lose.h"
#include "sim.h"
#include "simapp.h"
#include "simlink.h"

#define PATIENCE (300 * SPT_NS_PER_SEC)

/* Connection i comes from this port on; its streams are patterns of these seeds. */
#define FIRST_PORT     10000
#define SEED_CLIENT(i) (2 * (i) + 1)
#define SEED_SERVER(i) (2 * (i) + 2)

struct world {
	const struct sim_config *config;
	const char *what;
	spt_time now;
	struct rte_mempool *engine_pool, *client_pool;
	struct spt_port *memory[2], *engine_port, *client_port;
	struct monitor *engine_monitor, *client_monitor;
	struct rte_ether_addr engine_mac;
	struct spt_addr engine_addr, client_addr;
	struct spt_engine *engine;
	struct simapp *server;
	struct simclient *client;
	struct simflood *flood;
	uint64_t half_open_most, half_open_limit;
	struct simconn *conn[SIM_CONNS_MAX];
	struct port_lose lose; /* at the client's port */
	spt_time progress_at;
	uint64_t progress;
	unsigned int checks;
	char failed[400];
};

static void
fail(struct world *w, const char *why)
{
	if (w->failed[0] == '\0')
		snprintf(w->failed, sizeof(w->failed), "%s", why);
}

/* ---- building and taking down -------------------------------------------------------- */

static void
on_hold_fault(void *arg, const char *text)
{
	fail(arg, text);
}

static void
build_link(struct world *w)
{
	struct rte_mempool *const pool[2] = {w->engine_pool, w->client_pool};
	const struct spt_impair to[2] = {w->config->to_engine, w->config->to_client};
	struct port_hold_config hold = {.fault = on_hold_fault, .arg = w};
	struct spt_port *p = simlink_create(w->config->seed, to, pool, 0, w->memory);

	w->engine_mac = w->memory[0]->mac;
	w->engine_monitor = monitor_create("septet", "client", &w->engine_mac, 1500);
	if (w->config->syn_cookies != SPT_COOKIES_NEVER)
		monitor_allow_cookies(w->engine_monitor);
	w->client_monitor = monitor_create("client", "septet", &w->memory[1]->mac, 1500);
	monitor_allow_go_back(w->client_monitor);
	monitor_learn(w->client_monitor, &w->engine_mac);
	w->engine_port = monitor_port_create(w->engine_monitor, port_hold_create(&hold, p));
	w->lose.which[PORT_LOSE_RX] = w->config->lose_to_client;
	w->lose.which[PORT_LOSE_TX] = w->config->lose_to_engine;
	w->client_port =
	    monitor_port_create(w->client_monitor, port_lose_create(&w->lose, w->memory[1]));
}

static void
build_engine(struct world *w)
{
	struct spt_local local = {
	    .first = w->engine_addr, .count = 1, .prefix = w->config->family == 4 ? 24 : 64};
	struct spt_config config = {.local = &local,
	    .n_local = 1,
	    .pool = w->engine_pool,
	    .socket = -1,
	    .connections = SIM_CONNS_MAX,
	    .half_open = SIM_CONNS_MAX,
	    .timewait = SIM_CONNS_MAX,
	    .neighbours = 16,
	    .rto_max_ms = w->config->rto_max_ms,
	    .syn_cookies = w->config->syn_cookies,
	    .listeners = 4};
	char error[200] = "";

	if (w->config->connections != 0)
		config.connections = config.half_open = config.timewait = w->config->connections;
	if (w->config->half_open != 0)
		config.half_open = w->config->half_open;
	w->half_open_limit = config.half_open;
	if (w->config->backlog != 0)
		w->half_open_limit = RTE_MIN(w->half_open_limit, (uint64_t)w->config->backlog);
	/* What answers forged sources has to go somewhere. */
	if (w->config->flood.burst != 0 && w->config->family == 4)
		config.gateway4 = w->client_addr;
	else if (w->config->flood.burst != 0)
		config.gateway6 = w->client_addr;
	memcpy(config.master_secret, &w->config->seed, sizeof(w->config->seed));
	if (spt_engine_create(&config, w->engine_port, w->now, &w->engine, error, sizeof(error)) !=
	    0) {
		fprintf(stderr, "sim: spt_engine_create: %s\n", error);
		exit(2);
	}
}

/* Which connection was accepted: each client has a port of its own. */
static int
which(void *arg, const struct spt_conn_info *info)
{
	return (int)info->remote.port - FIRST_PORT;
}

static void
build_server(struct world *w)
{
	struct simapp_config app = {.engine = w->engine,
	    .name = "server",
	    .seed = w->config->seed,
	    .n = w->config->n,
	    .which = which};
	struct spt_listen_options options = {
	    .conn = w->config->options, .backlog = w->config->backlog};

	w->server = simapp_create(&app, w->now);
	for (unsigned int i = 0; i < w->config->n; i++)
		simapp_session(w->server, i,
		    &(struct simapp_session){.end = &w->config->conn[i].server,
		        .receive = w->config->conn[i].client.send,
		        .seed_send = SEED_SERVER(i),
		        .seed_receive = SEED_CLIENT(i)});
	simapp_listen(w->server, SIM_PORT, &options);
}

static void
build_flood(struct world *w)
{
	struct simflood_config config = {.flood = w->config->flood,
	    .port = w->memory[1],
	    .pool = w->client_pool,
	    .peer_mac = w->engine_mac,
	    .peer = {.addr = w->engine_addr, .port = SIM_PORT},
	    .family = w->config->family,
	    .seed = w->config->seed + 99};

	config.flood.start += w->now;
	config.flood.stop += w->now;
	w->flood = simflood_create(&config);
}

static void
build(struct world *w)
{
	struct simclient_config client;

	w->now = w->progress_at = ENV_EPOCH;
	w->engine_pool = w->config->mbufs ? env_pool_create(w->config->mbufs) : simlink_pool(0);
	w->client_pool = simlink_pool(1);
	w->engine_addr = simlink_address(w->config->family, 1);
	w->client_addr = simlink_address(w->config->family, 9);
	build_link(w);
	build_engine(w);
	build_server(w);
	build_flood(w);
	client = (struct simclient_config){.port = w->client_port,
	    .pool = w->client_pool,
	    .peer_mac = &w->engine_mac,
	    .addr = w->client_addr,
	    .peer = w->engine_addr,
	    .seed = w->config->seed,
	    .iss = w->config->iss};
	w->client = simclient_create(&client, w->now);
	for (unsigned int i = 0; i < w->config->n; i++) {
		struct simconn_config c = w->config->conn[i].client;

		c.port = (uint16_t)(FIRST_PORT + i);
		c.peer_port = SIM_PORT;
		c.receive = w->config->conn[i].server.send;
		c.seed_send = SEED_CLIENT(i);
		c.seed_receive = SEED_SERVER(i);
		c.start += w->now;
		w->conn[i] = simclient_open(w->client, &c);
	}
}

static void
take_down(struct world *w)
{
	unsigned int engine_mbufs, client_mbufs;
	char text[100];

	spt_engine_destroy(w->engine);
	w->engine_port->ops->destroy(w->engine_port);
	w->client_port->ops->destroy(w->client_port);
	engine_mbufs = env_pool_in_use(w->engine_pool);
	client_mbufs = env_pool_in_use(w->client_pool);
	snprintf(text, sizeof(text), "mbufs leaked: %u of the engine's pool, %u of the client's",
	    engine_mbufs, client_mbufs);
	if (w->config->mbufs != 0)
		env_pool_destroy(w->engine_pool);
	if (engine_mbufs == 0 && client_mbufs == 0)
		return;
	fail(w, text);
	simlink_pools_lost();
}

static void
tell(const struct world *w)
{
	fprintf(stderr, "\nsimulation %s, seed %" PRIu64 ": %s\n  at %.6f s virtual\n", w->what,
	    w->config->seed, w->failed, (double)w->now / 1e9);
	for (unsigned int i = 0, told = 0; i < w->config->n && told < 4; i++) {
		if (w->config->n > 4 && simconn_state(w->conn[i]) == SIMCONN_DONE &&
		    simapp_over(w->server, i))
			continue;
		told++;
		fprintf(stderr, "  %s\n", simconn_text(w->conn[i]));
		fprintf(stderr, "  %s\n", simapp_text(w->server, i));
	}
	simlink_tell(w->engine_monitor);
	simlink_tell(w->client_monitor);
}

/* ---- running ------------------------------------------------------------------------- */

static void
check(struct world *w)
{
	struct spt_stats stats;
	const char *wrong;

	if (monitor_broken(w->engine_monitor) != MONITOR_NONE)
		fail(w, "the engine broke a rule of the monitor");
	if (monitor_broken(w->client_monitor) != MONITOR_NONE)
		fail(w, "the client broke a rule of the monitor");
	if (simapp_error(w->server) != NULL)
		fail(w, simapp_error(w->server));
	spt_engine_stats(w->engine, &stats);
	wrong = simlink_check_stats(&stats);
	w->half_open_most = RTE_MAX(w->half_open_most, stats.half_open);
	if (stats.half_open > w->half_open_limit)
		fail(w, "more half-open records than the backlog, or all there are");
	if (++w->checks % 64 == 0 && wrong == NULL) /* slow */
		wrong = spt_engine_check(w->engine);
	if (wrong != NULL)
		fail(w, wrong);
	for (unsigned int i = 0; i < w->config->n; i++) {
		if (simconn_state(w->conn[i]) == SIMCONN_FAILED)
			fail(w, "a client failed");
	}
}

/* Both ends work until the instant holds nothing more to do. */
static void
settle(struct world *w)
{
	unsigned long before;
	unsigned int turns = 0;
	bool busy;

	do {
		before = monitor_segments(w->engine_monitor) + monitor_segments(w->client_monitor);
		busy = simapp_poll(w->server, w->now);
		busy |= simclient_poll(w->client, w->now);
		busy |= simflood_poll(w->flood, w->now);
		if (before !=
		    monitor_segments(w->engine_monitor) + monitor_segments(w->client_monitor))
			busy = true;
		if (++turns > 20000) {
			fail(w, "20000 turns at one instant");
			return;
		}
	} while (busy || turns < 2);
}

static spt_time
next_deadline(const struct world *w)
{
	spt_time t = spt_next_deadline(w->engine);

	t = RTE_MIN(t, port_next_deadline(w->engine_port));
	t = RTE_MIN(t, port_next_deadline(w->client_port));
	t = RTE_MIN(t, simapp_next_deadline(w->server));
	t = RTE_MIN(t, simflood_next_deadline(w->flood));
	return RTE_MIN(t, simclient_next_deadline(w->client));
}

static bool
all_over(const struct world *w)
{
	for (unsigned int i = 0; i < w->config->n; i++) {
		if (simconn_state(w->conn[i]) != SIMCONN_DONE || !simapp_over(w->server, i))
			return false;
	}
	return true;
}

static bool
all_streams_done(const struct world *w)
{
	for (unsigned int i = 0; i < w->config->n; i++) {
		if (simconn_state(w->conn[i]) < SIMCONN_TIME_WAIT)
			return false;
	}
	return true;
}

static void
step(struct world *w)
{
	spt_time next = next_deadline(w);
	uint64_t progress;

	if (next == SPT_TIME_NEVER) {
		fail(w, "nothing will ever happen again");
		return;
	}
	if (next <= w->now) {
		fail(w, "a deadline that is not later than its turn");
		return;
	}
	w->now = next;
	settle(w);
	check(w);
	progress = simclient_progress(w->client) + simapp_progress(w->server);
	if (progress != w->progress || all_streams_done(w)) {
		w->progress = progress;
		w->progress_at = w->now;
	} else if (w->now - w->progress_at > PATIENCE) {
		fail(w, "no progress for 300 s");
	}
}

/* After the last connection: 2MSL, and nothing may be left. */
static void
wind_down(struct world *w)
{
	spt_time end = w->now + 200 * SPT_NS_PER_SEC;
	struct spt_stats stats;
	const char *wrong;

	while (w->now < end && w->failed[0] == '\0') {
		w->now = RTE_MIN(end, next_deadline(w));
		settle(w);
		check(w);
	}
	spt_engine_stats(w->engine, &stats);
	if (stats.connections || stats.half_open || stats.timewait || stats.pinned_mbufs)
		fail(w, "connections, records or queued mbufs are left 200 s after the end");
	wrong = spt_engine_check(w->engine);
	if (wrong != NULL)
		fail(w, wrong);
}

bool
sim_run(const struct sim_config *config, const char *what, struct sim_result *result)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sim_result r = {0};
	bool good;

	if (w == NULL)
		exit(2);
	w->config = config;
	w->what = what;
	build(w);
	settle(w);
	while (w->failed[0] == '\0' && !all_over(w)) {
		step(w);
		if (r.took == 0 && all_streams_done(w))
			r.took = w->now - ENV_EPOCH;
	}
	if (w->failed[0] == '\0')
		wind_down(w);
	r.to_engine = w->lose.seen[PORT_LOSE_TX];
	r.to_client = w->lose.seen[PORT_LOSE_RX];
	r.flooded = simflood_sent(w->flood);
	r.half_open_most = w->half_open_most;
	spt_engine_stats(w->engine, &r.stats);
	for (unsigned int i = 0; i < config->n; i++) {
		r.bytes += config->conn[i].client.send + config->conn[i].server.send;
		r.closed_windows += simconn_closed_windows(w->conn[i]);
	}
	if (result != NULL)
		*result = r;
	if (w->failed[0] != '\0') {
		tell(w);
		take_down(w);
	} else {
		take_down(w);
		if (w->failed[0] != '\0')
			fprintf(stderr, "\nsimulation %s, seed %" PRIu64 ": %s\n", what,
			    config->seed, w->failed);
	}
	good = w->failed[0] == '\0';
	simapp_destroy(w->server);
	simclient_destroy(w->client);
	simflood_destroy(w->flood);
	monitor_destroy(w->engine_monitor);
	monitor_destroy(w->client_monitor);
	free(w);
	return good;
}

void
sim_conn_default(struct sim_conn *c)
{
	*c = (struct sim_conn){
	    .client = {.send = 10000,
	        .timestamps = true,
	        .mss = 1400,
	        .wscale = 2,
	        .window = 65535,
	        .sack_permitted = true},
	    .server = {.send = 10000, .fin_last = true},
	};
}

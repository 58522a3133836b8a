/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A runtime from the ground up: on its ports (ports.c) an engine on each queue, a core for each
 * engine, lcores that turn them; and down again, counting what did not come back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "core.h"
#include "share.h"

#define VLAN_MAX 4094 /* IEEE 802.1Q: 4095 is reserved */

/* What runs on the cores of a role. */
struct program {
	enum spt_role role;
	const struct spt_core_ops *ops;
	void *app;
	struct spt_config engine;
};

spt_time
runtime_clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (spt_time)ts.tv_sec * SPT_NS_PER_SEC + (spt_time)ts.tv_nsec;
}

static struct core *
runtime_alloc_core(const struct spt_runtime *rt, const struct program *program, unsigned int port,
    unsigned int queue)
{
	struct core *c = rte_zmalloc("septet core", sizeof(*c), SPT_CACHE_LINE);
	unsigned int index = rt->n_cores;

	if (!c || mailbox_init(&c->mailbox, index, SOCKET_ID_ANY)) {
		rte_free(c);
		return NULL;
	}
	c->index = index;
	c->port_index = port;
	c->queue = queue;
	c->share = rt->share[port];
	c->role = program->role;
	c->ops = program->ops;
	c->stop_seen = UINT32_MAX;
	c->running = 1;
	return c;
}

/* The next core, with its engine, for a port's queue. '*end' is the core's, and NULL, on success.
 */
static int
runtime_create_core(struct spt_runtime *rt, const struct program *program, unsigned int port,
    unsigned int queue, struct spt_port **end, char *error, size_t error_size)
{
	struct core *c = runtime_alloc_core(rt, program, port, queue);
	spt_time start = clock_read(&rt->clock, rte_rdtsc());
	const struct spt_config *engine = &program->engine;
	int rc;

	if (!c) {
		snprintf(error, error_size, "no memory for core %u", rt->n_cores);
		return -ENOMEM;
	}
	c->stopping = &rt->stopping;
	rc = spt_engine_create(engine, *end, start, &c->engine, error, error_size);
	if (rc == -ENOMEM)
		snprintf(error, error_size,
		    "no memory for the tables of core %u (%" PRIu64 " MiB): ask for fewer "
		    "--connections",
		    c->index, spt_engine_footprint(engine) >> 20);
	if (rc) {
		mailbox_fini(&c->mailbox);
		rte_free(c);
		return rc;
	}
	c->port = *end;
	*end = NULL;
	rt->info.table_bytes += spt_engine_footprint(engine);
	rt->core[rt->n_cores++] = c;
	return c->ops->start(
	    program->app, c->index, port, c->engine, start, &c->state, error, error_size);
}

/* The cores of a port's queues; of what is in ports[] those that have a core are NULL then. */
static int
runtime_create_port_cores(struct spt_runtime *rt, const struct spt_runtime_config *config,
    struct program *program, unsigned int port, struct spt_port **ports, char *error,
    size_t error_size)
{
	const struct spt_runtime_port *from = &config->port[port];
	int rc = 0;

	if (program->role == SPT_ROLE_OWN) {
		program->engine.local = from->local;
		program->engine.n_local = from->n_local;
		program->engine.gateway4 = from->gateway4;
		program->engine.gateway6 = from->gateway6;
	}
	for (unsigned int q = 0; q < rt->info.port[port].engines && rc == 0; q++) {
		program->engine.pool = runtime_pool(rt, port, q);
		rc = runtime_create_core(
		    rt, program, port, q, &ports[rt->n_cores], error, error_size);
	}
	if (rc)
		runtime_name_port(config, port, error, error_size);
	return rc;
}

/* The cores of a role, one for each own engine. */
static int
runtime_create_cores(struct spt_runtime *rt, const struct spt_runtime_config *config,
    enum spt_role role, struct spt_port **ports, char *error, size_t error_size)
{
	bool own = role == SPT_ROLE_OWN;
	struct program program = {
	    .role = role,
	    .ops = own ? config->ops : config->peer_ops,
	    .app = own ? config->app : config->peer_app,
	    .engine = own ? config->engine : config->peer_engine,
	};
	struct spt_config *engine = &program.engine;
	int rc = 0;

	engine->socket = SOCKET_ID_ANY;
	engine->wall_offset = runtime_clock_ns(CLOCK_REALTIME) - runtime_clock_ns(CLOCK_MONOTONIC);
	/* Half of an end's share: of a pool for several the engine's default would be too much. */
	if (engine->pinned_mbufs == 0)
		engine->pinned_mbufs = config->mbufs / 2;
	if (getrandom(engine->master_secret, sizeof(engine->master_secret), 0) !=
	    (ssize_t)sizeof(engine->master_secret)) {
		snprintf(error, error_size, "no entropy from getrandom: %s", strerror(errno));
		rc = -EIO;
	}
	for (unsigned int p = 0; p < config->n_ports && rc == 0; p++)
		rc = runtime_create_port_cores(rt, config, &program, p, ports, error, error_size);
	/* Secrets stay in the engines alone. */
	explicit_bzero(engine->master_secret, sizeof(engine->master_secret));
	return rc;
}

/* Own cores turned by the one lcore that has most of them: a queue of each port. */
static unsigned int
runtime_queues(const struct spt_runtime *rt)
{
	unsigned int most = 0;

	for (unsigned int p = 0; p < rt->info.n_ports; p++)
		most = RTE_MAX(most, rt->info.port[p].engines);
	return most;
}

/*
 * Who turns whom. Of devices: queue i of each port is lcore i's. Of pairs: an lcore for each core,
 * own and peer side by side; where there are too few for that, one for each pair.
 */
static int
runtime_create_lcores(struct spt_runtime *rt, const struct spt_runtime_config *config)
{
	unsigned int id = rte_get_main_lcore(), queues = runtime_queues(rt);
	unsigned int ends = rt->pairs && rt->n_cores <= rte_lcore_count() ? 2 : 1;

	rt->n_lcores = queues * ends;
	rt->lcore = rte_zmalloc("septet lcores", rt->n_lcores * sizeof(*rt->lcore), SPT_CACHE_LINE);
	if (!rt->lcore)
		return -ENOMEM;
	for (unsigned int i = 0; i < rt->n_lcores; i++) {
		rt->lcore[i].id = id;
		rt->lcore[i].clock = rt->clock;
		rt->lcore[i].idle_sleep = config->idle_sleep;
		id = i == 0 ? rte_get_next_lcore(-1, 1, 0) : rte_get_next_lcore(id, 1, 0);
	}
	for (unsigned int i = 0; i < rt->n_cores; i++) {
		struct core *c = rt->core[i];
		bool beside = ends > 1 && c->role == SPT_ROLE_PEER;
		struct lcore *l = &rt->lcore[c->queue * ends + beside];

		SPT_ASSERT(l->n < LCORE_CORES);
		l->core[l->n++] = c;
		l->n_cores = l->n;
	}
	return 0;
}

static int
runtime_check_port(
    const struct spt_runtime_config *config, unsigned int p, char *error, size_t error_size)
{
	const struct spt_runtime_port *port = &config->port[p];

	if (port->vlan > VLAN_MAX) {
		snprintf(error, error_size, "port '%s': VLAN %u, expected 1 to %u", port->spec.text,
		    port->vlan, VLAN_MAX);
		return -EINVAL;
	}
	if (port->spec.kind != SPT_PORT_MEMORY)
		return 0;
	if (config->n_ports > 1) {
		snprintf(error, error_size,
		    "port '%s' cannot be one of several: leave it or the others away",
		    port->spec.text);
		return -EINVAL;
	}
	if (config->peer_ops)
		return 0;
	snprintf(error, error_size,
	    "port '%s' leads to nobody outside of this process: expected one that does, such as "
	    "tap:NAME; 'septet bench' brings its own server",
	    port->spec.text);
	return -EINVAL;
}

static int
runtime_check(const struct spt_runtime_config *config, char *error, size_t error_size)
{
	int rc = 0;

	if (config->n_ports == 0 || config->n_ports > SPT_PORTS) {
		snprintf(
		    error, error_size, "%u ports: expected 1 to %u", config->n_ports, SPT_PORTS);
		return -EINVAL;
	}
	for (unsigned int p = 0; p < config->n_ports && rc == 0; p++)
		rc = runtime_check_port(config, p, error, error_size);
	return rc;
}

/* How many own engines each port should have. */
static unsigned int
runtime_wanted(const struct spt_runtime_config *config)
{
	unsigned int ends = config->port[0].spec.kind == SPT_PORT_MEMORY ? 2 : 1;
	unsigned int lcores = rte_lcore_count();
	unsigned int wanted = config->engines ? config->engines : lcores / ends;
	unsigned int most = CORE_MAX / (ends * config->n_ports);

	return RTE_MAX(1u, RTE_MIN(RTE_MIN(wanted, lcores), most));
}

static void
runtime_clock_init(struct clock *clock)
{
	clock_init(clock, rte_get_tsc_hz(), rte_rdtsc(), runtime_clock_ns(CLOCK_MONOTONIC));
}

/* Everything below the loops. What is in 'ports' afterwards has no core. */
static int
runtime_build(struct spt_runtime *rt, const struct spt_runtime_config *config, unsigned int wanted,
    struct spt_port **ports, char *error, size_t error_size)
{
	int rc = runtime_create_ports(rt, config, wanted, ports, error, error_size);

	if (rc == 0)
		rc = runtime_create_cores(rt, config, SPT_ROLE_OWN, ports, error, error_size);
	if (rc == 0 && rt->pairs)
		rc = runtime_create_cores(rt, config, SPT_ROLE_PEER, ports, error, error_size);
	if (rc == 0)
		rc = runtime_create_lcores(rt, config);
	return rc;
}

int
spt_runtime_create(const struct spt_runtime_config *config, struct spt_runtime **runtime,
    char *error, size_t error_size)
{
	struct spt_port *ports[CORE_MAX] = {NULL};
	int rc = runtime_check(config, error, error_size);
	struct spt_runtime *rt;
	unsigned int wanted;

	*runtime = NULL;
	if (rc)
		return rc;
	wanted = runtime_wanted(config);
	/* Whoever knows better says so. */
	snprintf(error, error_size, "no memory for a runtime of %u engines a port", wanted);
	rt = calloc(1, sizeof(*rt));
	if (!rt)
		return -ENOMEM;
	rt->pairs = config->port[0].spec.kind == SPT_PORT_MEMORY;
	rt->info.n_ports = config->n_ports;
	runtime_clock_init(&rt->clock);
	rc = runtime_build(rt, config, wanted, ports, error, error_size);
	if (rc) {
		for (unsigned int i = 0; i < CORE_MAX; i++)
			spt_port_destroy(ports[i]);
		spt_runtime_destroy(rt, NULL);
		return rc;
	}
	rt->stopping.own = rt->n_own;
	rt->stopping.grace = PEER_GRACE;
	rt->info.engines = rt->n_own;
	rt->info.peers = rt->n_cores - rt->n_own;
	rt->info.lcores = rt->n_lcores;
	telemetry_start(rt);
	*runtime = rt;
	return 0;
}

void
spt_runtime_info(const struct spt_runtime *runtime, struct spt_runtime_info *info)
{
	*info = runtime->info;
	for (unsigned int p = 0; p < info->n_ports; p++) {
		struct spt_runtime_port_info *port = &info->port[p];

		port->steering = share_steering(runtime->share[p]);
		share_describe(runtime->share[p], port->steering_line, sizeof(port->steering_line));
	}
}

void
spt_runtime_run(struct spt_runtime *rt)
{
	for (unsigned int i = 1; i < rt->n_lcores; i++)
		rte_eal_remote_launch(lcore_loop, &rt->lcore[i], rt->lcore[i].id);
	lcore_loop(&rt->lcore[0]);
	rte_eal_mp_wait_lcore();
}

/* Pool i: of pairs there are no drivers, of devices it is port i's. */
static void
runtime_destroy_pool(struct spt_runtime *rt, unsigned int i, struct spt_runtime_leaks *found)
{
	unsigned int mbufs = rte_mempool_in_use_count(rt->pool[i]), driver = 0;

	if (!rt->pairs && strcmp(rt->info.port[i].device.driver, "net_af_xdp") == 0)
		driver = RTE_MIN(mbufs, (unsigned int)AF_XDP_RINGS);
	found->mbufs += mbufs - driver;
	found->driver += driver;
	rte_mempool_free(rt->pool[i]);
}

void
spt_runtime_destroy(struct spt_runtime *rt, struct spt_runtime_leaks *leaks)
{
	struct spt_runtime_leaks found = {0};

	if (leaks)
		*leaks = found;
	if (!rt)
		return;
	telemetry_stop();
	for (unsigned int i = 0; i < rt->n_cores; i++) {
		struct core *c = rt->core[i];

		if (c->state)
			c->ops->finish(c->state);
		spt_engine_destroy(c->engine);
	}
	/* A device is closed with its last queue, and only then gives back what its rings hold. */
	for (unsigned int i = 0; i < rt->n_cores; i++) {
		spt_port_destroy(rt->core[i]->port);
		mailbox_fini(&rt->core[i]->mailbox);
		rte_free(rt->core[i]);
	}
	rte_free(rt->lcore);
	for (unsigned int p = 0; p < rt->info.n_ports; p++)
		share_free(rt->share[p]);
	for (unsigned int i = 0; i < rt->n_pools; i++)
		runtime_destroy_pool(rt, i, &found);
	if (leaks)
		*leaks = found;
	free(rt);
}

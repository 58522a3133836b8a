/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A runtime from the ground up: pools, the device's queues or memory pairs, an engine on each, a
 * core for each engine, lcores that turn them; and down again, counting what did not come back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "core.h"
#include "port/port.h"
#include "share.h"

#define POOL_CACHE 256
#define SMALL_PAGE 4096u
/* Entries of net_af_xdp's fill and completion rings, whose mbufs its close forgets. */
#define AF_XDP_RINGS 4096
#define FRAME_ROOM   (2048 + RTE_PKTMBUF_HEADROOM) /* what every driver can receive into */

static uint16_t
runtime_room(uint16_t mtu)
{
	uint32_t frame = (mtu ? mtu : RTE_ETHER_MTU) + RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
	uint32_t room = RTE_ALIGN_CEIL(frame + RTE_PKTMBUF_HEADROOM, SPT_CACHE_LINE);

	return (uint16_t)RTE_MIN(RTE_MAX(room, (uint32_t)FRAME_ROOM), (uint32_t)UINT16_MAX);
}

uint64_t
runtime_mbuf_bytes(uint32_t mbufs, uint16_t mtu, bool hugepages)
{
	struct rte_mempool_objsz size;
	uint64_t bytes;

	rte_mempool_calc_obj_size(sizeof(struct rte_mbuf) + runtime_room(mtu), 0, &size);
	/* An mbuf does not cross a page: on small ones there is room for one, and a remainder. */
	bytes = hugepages ? size.total_size : RTE_ALIGN_CEIL(size.total_size, SMALL_PAGE);
	/* And a pointer each in the pool's ring, whose size is the next power of two. */
	return (bytes + 2 * sizeof(void *)) * mbufs;
}

/* Engines that each port, or pair of ports, joins here. */
static unsigned int
runtime_ends(const struct spt_runtime_config *config)
{
	return config->spec->kind == SPT_PORT_MEMORY ? 2 : 1;
}

static int
runtime_create_pools(struct spt_runtime *rt, const struct spt_runtime_config *config,
    unsigned int n, char *error, size_t error_size)
{
	/*
	 * The ends of a pair share a pool of both's size: what one sends the other holds, so of two
	 * pools a flow in one direction could empty one, with the other full. So do all the engines
	 * of a device: what arrives at the queue of one may be handed to another.
	 */
	bool pairs = config->spec->kind == SPT_PORT_MEMORY;
	unsigned int pools = pairs ? n : 1;
	uint32_t mbufs = (pairs ? 2 : n) * config->mbufs;
	char name[RTE_MEMPOOL_NAMESIZE];

	for (unsigned int i = 0; i < pools; i++) {
		snprintf(name, sizeof(name), "septet_mbufs_%u", i);
		rt->pool[i] = rte_pktmbuf_pool_create(
		    name, mbufs, POOL_CACHE, 0, runtime_room(config->mtu), SOCKET_ID_ANY);
		if (!rt->pool[i]) {
			snprintf(error, error_size,
			    "no memory for %" PRIu32 " mbufs (%" PRIu64 " MiB): ask for fewer with "
			    "--mbufs, or give EAL more with '-- -m MIB'",
			    mbufs,
			    runtime_mbuf_bytes(mbufs, config->mtu, rte_eal_has_hugepages()) >> 20);
			return -ENOMEM;
		}
		rt->n_pools++;
		rt->info.mbufs += mbufs;
	}
	for (unsigned int i = pools; i < n; i++)
		rt->pool[i] = rt->pool[0];
	rt->info.mbuf_bytes =
	    runtime_mbuf_bytes(rt->info.mbufs, config->mtu, rte_eal_has_hugepages());
	return 0;
}

/*
 * net_tap gives both ends of its wire the same address: the driver's MAC is the kernel
 * interface's (it sets the one from the other, whichever is changed). A host does not
 * resolve, nor accept, its own address; so the engine takes another, the neighbouring one, locally
 * administered. The driver filters nothing, so frames to it arrive.
 */
static void
runtime_choose_mac(struct spt_port *port, const struct spt_port_spec *spec)
{
	if (spec->kind != SPT_PORT_TAP && !strstr(spec->argument, "=net_tap"))
		return;
	port->mac.addr_bytes[0] = (port->mac.addr_bytes[0] & 0xfe) | RTE_ETHER_LOCAL_ADMIN_ADDR;
	port->mac.addr_bytes[5] ^= 1;
}

static int
runtime_create_queues(struct spt_runtime *rt, const struct spt_runtime_config *config,
    unsigned int wanted, struct spt_port **ports, char *error, size_t error_size)
{
	/* The device asked for is the first that EAL was told of, thus port 0. */
	const struct spt_ethdev_config ethdev = {
	    .port_id = 0,
	    .queues = (uint16_t)wanted,
	    .mtu = config->mtu,
	    .socket = SOCKET_ID_ANY,
	    .pool = rt->pool,
	};
	int rc = spt_port_ethdev_create(&ethdev, ports, &rt->info.port, error, error_size);

	if (rc == -ENODEV)
		snprintf(error, error_size,
		    "port '%s': DPDK made no device of it; '-- --log-level=8' shows why",
		    config->spec->text);
	for (unsigned int i = 0; rc == 0 && i < rt->info.port.queues; i++)
		runtime_choose_mac(ports[i], config->spec);
	return rc;
}

static int
runtime_impair(struct spt_runtime *rt, const struct spt_runtime_config *config,
    struct spt_port **ports, char *error, size_t error_size)
{
	struct spt_impair_config impair;
	int rc = 0;

	for (unsigned int i = 0; i < rt->n_own && config->impair && rc == 0; i++) {
		impair = *config->impair;
		impair.seed += i;
		impair.pool = rt->pool[i];
		rc = spt_port_impair_create(&impair, ports[i], &ports[i]);
	}
	if (rc)
		snprintf(error, error_size, "no memory for the impairment wrapper");
	return rc;
}

/*
 * A port for each engine, own ones first; these behind the impairment wrapper when there is one:
 * outermost, for flows are compared with the device's rule as they came, not as it mangled them.
 */
static int
runtime_create_ports(struct spt_runtime *rt, const struct spt_runtime_config *config,
    unsigned int wanted, struct spt_port **ports, char *error, size_t error_size)
{
	bool pairs = config->spec->kind == SPT_PORT_MEMORY;
	int rc;

	if (pairs)
		rc = pair_create_ports(rt, config, wanted, ports, error, error_size);
	else
		rc = runtime_create_queues(rt, config, wanted, ports, error, error_size);
	if (rc)
		return rc;
	rt->n_own = rt->info.port.queues;
	if (!pairs && rt->n_own > 1) {
		rc = share_create(ports, rt->pool, rt->n_own, &rt->share);
		if (rc)
			snprintf(error, error_size, "no memory for rings between the engines");
	}
	if (rc == 0)
		rc = runtime_impair(rt, config, ports, error, error_size);
	memcpy(rt->info.mac, ports[0]->mac.addr_bytes, sizeof(rt->info.mac));
	return rc;
}

static spt_time
runtime_clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (spt_time)ts.tv_sec * SPT_NS_PER_SEC + (spt_time)ts.tv_nsec;
}

/* One core with its engine. 'port' is the core's on success. */
static int
runtime_create_core(struct spt_runtime *rt, const struct spt_core_ops *ops, void *app,
    const struct spt_config *engine, struct spt_port *port, char *error, size_t error_size)
{
	spt_time start = clock_read(&rt->clock, rte_rdtsc());
	unsigned int index = rt->n_cores;
	struct core *c;
	int rc;

	c = rte_zmalloc("septet core", sizeof(*c), SPT_CACHE_LINE);
	if (!c || mailbox_init(&c->mailbox, index, SOCKET_ID_ANY)) {
		rte_free(c);
		snprintf(error, error_size, "no memory for core %u", index);
		return -ENOMEM;
	}
	c->index = index;
	c->share = rt->share;
	c->role = index < rt->n_own ? SPT_ROLE_OWN : SPT_ROLE_PEER;
	c->ops = ops;
	c->stopping = &rt->stopping;
	c->stop_seen = UINT32_MAX;
	c->running = 1;
	rc = spt_engine_create(engine, port, start, &c->engine, error, error_size);
	if (rc == -ENOMEM)
		snprintf(error, error_size,
		    "no memory for the tables of core %u (%" PRIu64 " MiB): ask for fewer "
		    "--connections",
		    index, spt_engine_footprint(engine) >> 20);
	if (rc) {
		mailbox_fini(&c->mailbox);
		rte_free(c);
		return rc;
	}
	c->port = port;
	rt->info.table_bytes += spt_engine_footprint(engine);
	rt->core[rt->n_cores++] = c;
	return ops->start(app, index, c->engine, start, &c->state, error, error_size);
}

/* The cores of a role, one for each own engine; ports[i] becomes NULL when core i has it. */
static int
runtime_create_cores(struct spt_runtime *rt, const struct spt_runtime_config *config,
    enum spt_role role, struct spt_port **ports, char *error, size_t error_size)
{
	bool own = role == SPT_ROLE_OWN;
	struct spt_config engine = own ? config->engine : config->peer_engine;
	int rc = 0;

	engine.socket = SOCKET_ID_ANY;
	engine.wall_offset = runtime_clock_ns(CLOCK_REALTIME) - runtime_clock_ns(CLOCK_MONOTONIC);
	/* Half of an end's share: of a pool for two the engine's default would be all of it. */
	if (engine.pinned_mbufs == 0)
		engine.pinned_mbufs = config->mbufs / 2;
	if (getrandom(engine.master_secret, sizeof(engine.master_secret), 0) !=
	    (ssize_t)sizeof(engine.master_secret)) {
		snprintf(error, error_size, "no entropy from getrandom: %s", strerror(errno));
		rc = -EIO;
	}
	for (unsigned int i = 0; i < rt->n_own && rc == 0; i++) {
		unsigned int index = rt->n_cores;

		engine.pool = rt->pool[i];
		rc = runtime_create_core(rt, own ? config->ops : config->peer_ops,
		    own ? config->app : config->peer_app, &engine, ports[index], error, error_size);
		if (rt->n_cores > index)
			ports[index] = NULL;
	}
	/* Secrets stay in the engines alone. */
	explicit_bzero(engine.master_secret, sizeof(engine.master_secret));
	return rc;
}

/*
 * Who turns whom: an lcore for each core, own and peer of a pair side by side; where there are
 * too few for that, one for each pair.
 */
static int
runtime_create_lcores(struct spt_runtime *rt, const struct spt_runtime_config *config)
{
	unsigned int id = rte_get_main_lcore();
	bool together = rt->n_cores > rte_lcore_count();

	rt->n_lcores = together ? rt->n_own : rt->n_cores;
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
		unsigned int ends = rt->n_cores / rt->n_own, pair = i % rt->n_own;
		struct lcore *l = &rt->lcore[together ? pair : pair * ends + i / rt->n_own];

		l->core[l->n++] = rt->core[i];
	}
	return 0;
}

static int
runtime_check(const struct spt_runtime_config *config, char *error, size_t error_size)
{
	if (config->spec->kind != SPT_PORT_MEMORY || config->peer_ops)
		return 0;
	snprintf(error, error_size,
	    "port '%s' leads to nobody outside of this process: expected one that does, such as "
	    "tap:NAME; 'septet bench' brings its own server",
	    config->spec->text);
	return -EINVAL;
}

/* How many own engines there should be. */
static unsigned int
runtime_wanted(const struct spt_runtime_config *config)
{
	unsigned int ends = runtime_ends(config), lcores = rte_lcore_count();
	unsigned int wanted = config->engines ? config->engines : lcores / ends;

	return RTE_MAX(1u, RTE_MIN(RTE_MIN(wanted, lcores), CORE_MAX / ends));
}

static void
runtime_clock_init(struct clock *clock)
{
	clock_init(clock, rte_get_tsc_hz(), rte_rdtsc(), runtime_clock_ns(CLOCK_MONOTONIC));
}

int
spt_runtime_create(const struct spt_runtime_config *config, struct spt_runtime **runtime,
    char *error, size_t error_size)
{
	struct spt_port *ports[CORE_MAX] = {NULL};
	unsigned int wanted = runtime_wanted(config);
	struct spt_runtime *rt;
	int rc = runtime_check(config, error, error_size);

	*runtime = NULL;
	if (rc)
		return rc;
	/* Whoever knows better says so. */
	snprintf(error, error_size, "no memory for a runtime of %u engines", wanted);
	rt = calloc(1, sizeof(*rt));
	if (!rt)
		return -ENOMEM;
	runtime_clock_init(&rt->clock);
	rc = runtime_create_pools(rt, config, wanted, error, error_size);
	if (rc == 0)
		rc = runtime_create_ports(rt, config, wanted, ports, error, error_size);
	if (rc == 0)
		rc = runtime_create_cores(rt, config, SPT_ROLE_OWN, ports, error, error_size);
	if (rc == 0 && config->spec->kind == SPT_PORT_MEMORY)
		rc = runtime_create_cores(rt, config, SPT_ROLE_PEER, ports, error, error_size);
	if (rc == 0)
		rc = runtime_create_lcores(rt, config);
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
	info->steering = share_steering(runtime->share);
	share_describe(runtime->share, info->steering_line, sizeof(info->steering_line));
}

void
spt_runtime_run(struct spt_runtime *rt)
{
	for (unsigned int i = 1; i < rt->n_lcores; i++)
		rte_eal_remote_launch(lcore_loop, &rt->lcore[i], rt->lcore[i].id);
	lcore_loop(&rt->lcore[0]);
	rte_eal_mp_wait_lcore();
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
	share_free(rt->share);
	for (unsigned int i = 0; i < rt->n_pools; i++) {
		found.mbufs += rte_mempool_in_use_count(rt->pool[i]);
		rte_mempool_free(rt->pool[i]);
	}
	if (strcmp(rt->info.port.driver, "net_af_xdp") == 0)
		found.driver = RTE_MIN(found.mbufs, AF_XDP_RINGS * rt->n_pools);
	found.mbufs -= found.driver;
	if (leaks)
		*leaks = found;
	free(rt);
}

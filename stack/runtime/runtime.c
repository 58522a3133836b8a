/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A runtime from the ground up: pools, the device's queues, an engine on each, a core for each
 * engine; and down again, counting what did not come back.
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

static int
runtime_create_pools(struct spt_runtime *rt, const struct spt_runtime_config *config,
    unsigned int n, char *error, size_t error_size)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "septet_mbufs_%u", i);
		rt->pool[i] = rte_pktmbuf_pool_create(
		    name, config->mbufs, POOL_CACHE, 0, runtime_room(config->mtu), SOCKET_ID_ANY);
		if (!rt->pool[i]) {
			snprintf(error, error_size,
			    "no memory for %" PRIu32 " mbufs (%" PRIu64 " MiB): ask for fewer with "
			    "--mbufs, or give EAL more with '-- -m MIB'",
			    config->mbufs,
			    runtime_mbuf_bytes(
			        config->mbufs, config->mtu, rte_eal_has_hugepages()) >>
			        20);
			return -ENOMEM;
		}
		rt->n_pools++;
	}
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

/* The queues of the device, each behind the impairment wrapper when there is one. */
static int
runtime_create_ports(struct spt_runtime *rt, const struct spt_runtime_config *config,
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
	struct spt_impair_config impair;
	int rc;

	rc = spt_port_ethdev_create(&ethdev, ports, &rt->info.port, error, error_size);
	if (rc == -ENODEV)
		snprintf(error, error_size,
		    "port '%s': DPDK made no device of it; '-- --log-level=8' shows why",
		    config->spec->text);
	if (rc)
		return rc;
	for (unsigned int i = 0; i < rt->info.port.queues; i++) {
		runtime_choose_mac(ports[i], config->spec);
		if (!config->impair)
			continue;
		impair = *config->impair;
		impair.seed += i;
		impair.pool = rt->pool[i];
		rc = spt_port_impair_create(&impair, ports[i], &ports[i]);
		if (rc) {
			snprintf(error, error_size, "no memory for the impairment wrapper");
			break;
		}
	}
	if (rc == 0 && rt->info.port.queues > 1) {
		rc = share_create(ports, rt->pool, rt->info.port.queues, &rt->share);
		if (rc)
			snprintf(error, error_size, "no memory for rings between the engines");
	}
	if (rc) {
		for (unsigned int i = 0; i < rt->info.port.queues; i++)
			spt_port_destroy(ports[i]);
		return rc;
	}
	memcpy(rt->info.mac, ports[0]->mac.addr_bytes, sizeof(rt->info.mac));
	return 0;
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
runtime_create_core(struct spt_runtime *rt, const struct spt_runtime_config *config,
    unsigned int index, const struct spt_config *engine, struct spt_port *port, char *error,
    size_t error_size)
{
	spt_time start = runtime_clock_ns(CLOCK_MONOTONIC);
	struct spt_config own = *engine;
	struct core *c;
	int rc;

	c = rte_zmalloc("septet core", sizeof(*c), SPT_CACHE_LINE);
	if (!c || mailbox_init(&c->mailbox, index, SOCKET_ID_ANY)) {
		rte_free(c);
		snprintf(error, error_size, "no memory for core %u", index);
		return -ENOMEM;
	}
	clock_init(&c->clock, rte_get_tsc_hz(), rte_rdtsc(), start);
	own.wall_offset = runtime_clock_ns(CLOCK_REALTIME) - start;
	own.pool = rt->pool[index];
	c->index = index;
	c->pool = rt->pool[index];
	c->ops = config->ops;
	c->idle_sleep = config->idle_sleep;
	c->quiet_since = start;
	c->running = 1;
	rc = spt_engine_create(&own, port, start, &c->engine, error, error_size);
	if (rc == -ENOMEM)
		snprintf(error, error_size,
		    "no memory for the tables of core %u (%" PRIu64 " MiB): ask for fewer "
		    "--connections",
		    index, spt_engine_footprint(&own) >> 20);
	if (rc) {
		mailbox_fini(&c->mailbox);
		rte_free(c);
		return rc;
	}
	c->port = port;
	rt->info.table_bytes += spt_engine_footprint(&own);
	rt->core[rt->n_cores++] = c;
	return config->ops->start(
	    config->app, index, c->engine, start, &c->state, error, error_size);
}

static int
runtime_create_cores(struct spt_runtime *rt, const struct spt_runtime_config *config,
    struct spt_port **ports, char *error, size_t error_size)
{
	struct spt_config engine = config->engine;
	unsigned int n = rt->info.port.queues, lcore = rte_get_main_lcore(), i;
	int rc = 0;

	engine.socket = SOCKET_ID_ANY;
	if (getrandom(engine.master_secret, sizeof(engine.master_secret), 0) !=
	    (ssize_t)sizeof(engine.master_secret)) {
		snprintf(error, error_size, "no entropy from getrandom: %s", strerror(errno));
		rc = -EIO;
	}
	for (i = 0; i < n && rc == 0; i++) {
		rc = runtime_create_core(rt, config, i, &engine, ports[i], error, error_size);
		if (rt->n_cores == i + 1) {
			ports[i] = NULL;
			rt->core[i]->lcore = lcore;
		}
		lcore = i == 0 ? rte_get_next_lcore(-1, 1, 0) : rte_get_next_lcore(lcore, 1, 0);
	}
	for (i = 0; i < n; i++)
		spt_port_destroy(ports[i]);
	/* Secrets stay in the engines alone. */
	explicit_bzero(engine.master_secret, sizeof(engine.master_secret));
	return rc;
}

int
spt_runtime_create(const struct spt_runtime_config *config, struct spt_runtime **runtime,
    char *error, size_t error_size)
{
	struct spt_port *ports[CORE_MAX] = {NULL};
	struct spt_runtime *rt = calloc(1, sizeof(*rt));
	unsigned int wanted = rte_lcore_count();
	int rc;

	*runtime = NULL;
	if (!rt)
		return -ENOMEM;
	if (config->engines && config->engines < wanted)
		wanted = config->engines;
	wanted = RTE_MIN(wanted, (unsigned int)CORE_MAX);
	rc = runtime_create_pools(rt, config, wanted, error, error_size);
	if (rc == 0)
		rc = runtime_create_ports(rt, config, wanted, ports, error, error_size);
	if (rc == 0)
		rc = runtime_create_cores(rt, config, ports, error, error_size);
	if (rc) {
		spt_runtime_destroy(rt, NULL);
		return rc;
	}
	rt->info.engines = rt->n_cores;
	rt->info.mbufs = config->mbufs * rt->n_pools;
	rt->info.mbuf_bytes =
	    runtime_mbuf_bytes(rt->info.mbufs, config->mtu, rte_eal_has_hugepages());
	telemetry_start(rt);
	*runtime = rt;
	return 0;
}

void
spt_runtime_info(const struct spt_runtime *runtime, struct spt_runtime_info *info)
{
	*info = runtime->info;
}

void
spt_runtime_run(struct spt_runtime *rt)
{
	for (unsigned int i = 1; i < rt->n_cores; i++)
		rte_eal_remote_launch(core_loop, rt->core[i], rt->core[i]->lcore);
	core_loop(rt->core[0]);
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

int
spt_runtime_stop(struct spt_runtime *rt, spt_time grace)
{
	int rc = 0;

	for (unsigned int i = 0; i < rt->n_cores; i++) {
		struct message *m = mailbox_acquire(rt->core[i], MESSAGE_STOP);

		if (!m) {
			rc = -EBUSY;
			continue;
		}
		m->grace = grace;
		mailbox_ask(rt->core[i], m);
		mailbox_release(rt->core[i]);
	}
	return rc;
}

int
spt_runtime_snapshot(
    struct spt_runtime *rt, unsigned int core, struct spt_runtime_snapshot *snapshot)
{
	struct message *m;
	struct core *c;
	int rc;

	if (core >= rt->n_cores)
		return -EINVAL;
	c = rt->core[core];
	if (!__atomic_load_n(&c->running, __ATOMIC_ACQUIRE)) {
		/* The loop has ended: nobody else touches the engine. */
		snapshot->now = c->clock.last;
		spt_engine_stats(c->engine, &snapshot->stats);
		spt_port_stats_get(c->port, &snapshot->port);
		return 0;
	}
	m = mailbox_acquire(c, MESSAGE_SNAPSHOT);
	if (!m)
		return -EBUSY;
	rc = mailbox_ask(c, m);
	if (rc == 0)
		*snapshot = m->snapshot;
	mailbox_release(c);
	return rc == -ESHUTDOWN ? spt_runtime_snapshot(rt, core, snapshot) : rc;
}

static void
snapshot_add(struct spt_runtime_snapshot *sum, const struct spt_runtime_snapshot *one)
{
	struct spt_stats *s = &sum->stats;
	const struct spt_stats *o = &one->stats;

	sum->now = RTE_MAX(sum->now, one->now);
#define X(field, text) s->field += o->field;
	SPT_COUNTERS(X)
#undef X
	for (unsigned int v = 0; v < SPT_V_COUNT; v++)
		s->verdict[v] += o->verdict[v];
	s->connections += o->connections;
	s->half_open += o->half_open;
	s->timewait += o->timewait;
	s->pinned_mbufs += o->pinned_mbufs;
	sum->port.rx_frames += one->port.rx_frames;
	sum->port.rx_bytes += one->port.rx_bytes;
	sum->port.tx_frames += one->port.tx_frames;
	sum->port.tx_bytes += one->port.tx_bytes;
	sum->port.tx_refused += one->port.tx_refused;
	sum->port.rx_missed += one->port.rx_missed;
	sum->port.rx_no_mbuf += one->port.rx_no_mbuf;
	for (unsigned int i = 0; i < RTE_DIM(sum->port.impaired); i++)
		sum->port.impaired[i] += one->port.impaired[i];
}

int
spt_runtime_snapshot_sum(
    struct spt_runtime *rt, enum spt_role role, struct spt_runtime_snapshot *snapshot)
{
	struct spt_runtime_snapshot one;
	int rc;

	memset(snapshot, 0, sizeof(*snapshot));
	for (unsigned int i = 0; i < rt->n_cores; i++) {
		rc = spt_runtime_snapshot(rt, i, &one);
		if (rc)
			return rc;
		snapshot_add(snapshot, &one);
	}
	return 0;
}

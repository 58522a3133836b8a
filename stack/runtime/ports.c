/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the engines of a runtime stand on: pools, the devices' queues or memory pairs, and around
 * each queue what brings an engine its flows and what impairs them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "core.h"
#include "port/port.h"
#include "share.h"

#define POOL_CACHE 256
#define SMALL_PAGE 4096u
#define FRAME_ROOM (2048 + RTE_PKTMBUF_HEADROOM) /* what every driver can receive into */

static uint16_t
ports_room(uint16_t mtu)
{
	uint32_t link = RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN;
	uint32_t frame = (mtu ? mtu : RTE_ETHER_MTU) + link;
	uint32_t room = RTE_ALIGN_CEIL(frame + RTE_PKTMBUF_HEADROOM, SPT_CACHE_LINE);

	return (uint16_t)RTE_MIN(RTE_MAX(room, (uint32_t)FRAME_ROOM), (uint32_t)UINT16_MAX);
}

uint64_t
runtime_mbuf_bytes(uint32_t mbufs, uint16_t mtu, bool hugepages)
{
	struct rte_mempool_objsz size;
	uint64_t bytes;

	rte_mempool_calc_obj_size(sizeof(struct rte_mbuf) + ports_room(mtu), 0, &size);
	/* An mbuf does not cross a page: on small ones there is room for one, and a remainder. */
	bytes = hugepages ? size.total_size : RTE_ALIGN_CEIL(size.total_size, SMALL_PAGE);
	/* And a pointer each in the pool's ring, whose size is the next power of two. */
	return (bytes + 2 * sizeof(void *)) * mbufs;
}

void
runtime_name_port(
    const struct spt_runtime_config *config, unsigned int port, char *error, size_t error_size)
{
	char line[512];
	size_t n = (size_t)snprintf(line, sizeof(line), "port '%s'", config->port[port].spec.text);

	/* Some say it of themselves, for a port that is the only one. */
	if (config->n_ports == 1 || strncmp(error, line, n) == 0)
		return;
	snprintf(line, sizeof(line), "%s", error);
	snprintf(error, error_size, "port '%s': %s", config->port[port].spec.text, line);
}

struct rte_mempool *
runtime_create_pool(
    unsigned int number, uint32_t mbufs, uint16_t mtu, char *error, size_t error_size)
{
	uint64_t bytes = runtime_mbuf_bytes(mbufs, mtu, rte_eal_has_hugepages());
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *pool;

	snprintf(name, sizeof(name), "septet_mbufs_%u", number);
	pool = rte_pktmbuf_pool_create(name, mbufs, POOL_CACHE, 0, ports_room(mtu), SOCKET_ID_ANY);
	if (!pool)
		snprintf(error, error_size,
		    "no memory for %" PRIu32 " mbufs (%" PRIu64 " MiB): ask for fewer with "
		    "--mbufs, or give EAL more with '-- -m MIB'",
		    mbufs, bytes >> 20);
	return pool;
}

static int
ports_create_pool(
    struct spt_runtime *rt, uint32_t mbufs, uint16_t mtu, char *error, size_t error_size)
{
	struct rte_mempool *pool = runtime_create_pool(rt->n_pools, mbufs, mtu, error, error_size);

	if (!pool)
		return -ENOMEM;
	rt->pool[rt->n_pools++] = pool;
	rt->info.mbufs += mbufs;
	rt->info.mbuf_bytes += runtime_mbuf_bytes(mbufs, mtu, rte_eal_has_hugepages());
	return 0;
}

/*
 * The ends of a pair share a pool of both's size: what one sends the other holds, so of two
 * pools a flow in one direction could empty one, with the other full. So do all the engines
 * of a device: what arrives at the queue of one may be handed to another. No frame goes from one
 * device to another, so each has its own, with room for its MTU.
 */
static int
ports_create_pools(struct spt_runtime *rt, const struct spt_runtime_config *config,
    unsigned int wanted, char *error, size_t error_size)
{
	unsigned int pools = rt->pairs ? wanted : config->n_ports;
	uint32_t mbufs = (rt->pairs ? 2 : wanted) * config->mbufs;
	int rc = 0;

	for (unsigned int i = 0; i < pools && rc == 0; i++)
		rc = ports_create_pool(
		    rt, mbufs, config->port[rt->pairs ? 0 : i].mtu, error, error_size);
	return rc;
}

/*
 * net_tap gives both ends of its wire the same address: the driver's MAC is the kernel
 * interface's (it sets the one from the other, whichever is changed). A host does not
 * resolve, nor accept, its own address; so the engine takes another, locally administered one. The
 * driver filters nothing, so frames to it arrive. The bit that differs is none of the byte in
 * which the addresses of several taps differ where the user asked for fixed ones.
 */
static void
ports_choose_mac(struct spt_port *port, const char *device)
{
	if (strncmp(device, "net_tap", strlen("net_tap")) != 0)
		return;
	port->mac.addr_bytes[0] = (port->mac.addr_bytes[0] & 0xfe) | RTE_ETHER_LOCAL_ADMIN_ADDR;
	port->mac.addr_bytes[3] ^= 0x80;
}

int
runtime_open_device(const struct spt_runtime_port *port, unsigned int position,
    struct spt_ethdev_config *ethdev, struct spt_port **ports, struct spt_ethdev_info *info,
    char *error, size_t error_size)
{
	char device[SPEC_NAME];
	int rc;

	port_spec_name(&port->spec, position, device);
	rc = spt_port_ethdev_find(device, &ethdev->port_id);
	if (rc) {
		snprintf(error, error_size,
		    "port '%s': DPDK made no device of it; '-- --log-level=8' shows why",
		    port->spec.text);
		return rc;
	}
	return spt_port_ethdev_create(ethdev, ports, info, error, error_size);
}

static int
ports_create_queues(struct spt_runtime *rt, const struct spt_runtime_config *config, unsigned int p,
    unsigned int wanted, struct spt_port **ports, char *error, size_t error_size)
{
	const struct spt_runtime_port *port = &config->port[p];
	struct spt_ethdev_info *info = &rt->info.port[p].device;
	struct rte_mempool *pools[CORE_MAX];
	char device[SPEC_NAME];
	struct spt_ethdev_config ethdev = {
	    .queues = (uint16_t)wanted,
	    .mtu = port->mtu,
	    .socket = SOCKET_ID_ANY,
	    .pool = pools,
	    .no_tso = port->no_tso,
	};
	int rc;

	for (unsigned int i = 0; i < wanted; i++)
		pools[i] = runtime_pool(rt, p, i);
	rc = runtime_open_device(port, p, &ethdev, ports, info, error, error_size);
	if (rc) {
		runtime_name_port(config, p, error, error_size);
		return rc;
	}
	port_spec_name(&port->spec, p, device);
	for (unsigned int i = 0; i < info->queues; i++)
		ports_choose_mac(ports[i], device);
	return 0;
}

/* On both ends of a pair. */
static int
ports_tag(struct spt_runtime *rt, const struct spt_runtime_config *config, unsigned int p,
    struct spt_port **ports, char *error, size_t error_size)
{
	unsigned int engines = rt->info.port[p].engines, ends = rt->pairs ? 2 : 1;
	struct spt_vlan_config vlan = {.vlan = config->port[p].vlan};
	int rc = 0;

	for (unsigned int i = 0; i < ends * engines && vlan.vlan && rc == 0; i++) {
		vlan.pool = runtime_pool(rt, p, i % engines);
		rc = spt_port_vlan_create(&vlan, ports[i], &ports[i]);
	}
	if (rc)
		snprintf(error, error_size, "port '%s': no VLAN %u: %s", config->port[p].spec.text,
		    vlan.vlan, strerror(-rc));
	return rc;
}

static int
ports_impair(struct spt_runtime *rt, const struct spt_runtime_config *config, unsigned int p,
    struct spt_port **ports, char *error, size_t error_size)
{
	const struct spt_runtime_port_info *info = &rt->info.port[p];
	struct spt_impair_config impair;
	int rc = 0;

	for (unsigned int i = 0; i < info->engines && config->port[p].impair && rc == 0; i++) {
		impair = *config->port[p].impair;
		impair.seed += info->core + i;
		impair.pool = runtime_pool(rt, p, i);
		rc = spt_port_impair_create(&impair, ports[i], &ports[i]);
	}
	if (rc)
		snprintf(error, error_size,
		    "no memory for the impairment's queue: give a smaller queue=, or more memory, "
		    "as in -- -m 1024");
	return rc;
}

/* On both ends of a pair. Outermost: all below see frames as they are on the wire. */
static int
ports_merge(struct spt_runtime *rt, const struct spt_runtime_config *config, unsigned int p,
    struct spt_port **ports, char *error, size_t error_size)
{
	unsigned int engines = rt->info.port[p].engines, ends = rt->pairs ? 2 : 1;
	int rc = 0;

	for (unsigned int i = 0; i < ends * engines && config->port[p].merge && rc == 0; i++)
		rc = spt_port_merge_create(ports[i], &ports[i]);
	if (rc)
		snprintf(error, error_size, "no memory for the receive merging wrapper");
	return rc;
}

/* Whatever the program has to say to each frame of its own engines. */
static int
ports_wrap(struct spt_runtime *rt, const struct spt_runtime_config *config, unsigned int p,
    struct spt_port **ports, char *error, size_t error_size)
{
	const struct spt_runtime_port_info *info = &rt->info.port[p];
	int rc = 0;

	for (unsigned int i = 0; i < info->engines && config->wrap_port && rc == 0; i++)
		rc = config->wrap_port(config->app, info->core + i, p, runtime_pool(rt, p, i),
		    &ports[i], error, error_size);
	return rc;
}

/*
 * A port for each engine of one device, or of the memory port. Directly above the device is the
 * VLAN, since a rule for flows does not know of tags; own ones are behind the impairment wrapper
 * when there is one: outermost, for flows are compared with the device's rule as they came, not as
 * it mangled them.
 */
static int
ports_create(struct spt_runtime *rt, const struct spt_runtime_config *config, unsigned int p,
    unsigned int wanted, struct spt_port **ports, char *error, size_t error_size)
{
	struct spt_runtime_port_info *info = &rt->info.port[p];
	int rc;

	snprintf(info->text, sizeof(info->text), "%s", config->port[p].spec.text);
	info->core = rt->n_own;
	if (rt->pairs)
		rc = pair_create_ports(rt, config, wanted, ports, error, error_size);
	else
		rc = ports_create_queues(rt, config, p, wanted, ports, error, error_size);
	if (rc)
		return rc;
	info->engines = info->device.queues;
	rt->n_own += info->engines;
	rc = ports_tag(rt, config, p, ports, error, error_size);
	if (rc == 0 && !rt->pairs && info->engines > 1) {
		rc = share_create(p, ports, rt->pool[p], info->engines, &rt->share[p]);
		if (rc)
			snprintf(error, error_size, "no memory for rings between the engines");
	}
	if (rc == 0)
		rc = ports_impair(rt, config, p, ports, error, error_size);
	if (rc == 0)
		rc = ports_wrap(rt, config, p, ports, error, error_size);
	if (rc == 0)
		rc = ports_merge(rt, config, p, ports, error, error_size);
	memcpy(info->mac, ports[0]->mac.addr_bytes, sizeof(info->mac));
	return rc;
}

int
runtime_create_ports(struct spt_runtime *rt, const struct spt_runtime_config *config,
    unsigned int wanted, struct spt_port *ports[CORE_MAX], char *error, size_t error_size)
{
	int rc = ports_create_pools(rt, config, wanted, error, error_size);

	for (unsigned int p = 0; p < config->n_ports && rc == 0; p++)
		rc = ports_create(rt, config, p, wanted, ports + rt->n_own, error, error_size);
	return rc;
}

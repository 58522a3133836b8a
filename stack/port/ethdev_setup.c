/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Negotiation with an ethdev device: ask for what it offers, start it with fewer queues
 * rather than not at all, and say in one line what came of it. Never asked for is
 * MBUF_FAST_FREE: payload that is waiting for its acknowledgement has other references.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "../base/debug.h"
#include "../wire/wire.h"

#include "ethdev.h"

#define ETHDEV_MTU_DEFAULT         1500
#define ETHDEV_DESCRIPTORS_DEFAULT 1024
/* What a device may put around the IP packet in its receive buffer: Ethernet, FCS, a VLAN tag. */
#define ETHDEV_FRAME_OVERHEAD (WIRE_ETH_LEN + 8)

/* 2 s in all: links of real devices negotiate, those of virtual ones wait for a peer. */
#define ETHDEV_LINK_STEP_US 10000
#define ETHDEV_LINK_STEPS   200

#define ETHDEV_RX_CHECKSUMS (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)
/*
 * A large send (TSO): IP's length and some devices' are 16 bits, its headers counted. Of mbufs no
 * more than a part of the ring; a device with rings of 256 gets four at once.
 */
#define ETHDEV_TSO_MOST                                                                            \
	(UINT16_MAX - WIRE_ETH_LEN - RTE_VLAN_HLEN - WIRE_IP6_LEN - WIRE_TCP_LEN -                 \
	    WIRE_TCP_MAX_OPTS)
#define ETHDEV_TSO_RING_PART 4
#define ETHDEV_TSO_MBUFS     64

#define ETHDEV_TX_CHECKSUMS (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM)

/* Everything between the wish and the running device. */
struct ethdev_plan {
	const struct spt_ethdev_config *config;
	uint16_t port_id;
	uint16_t wanted; /* queue pairs */
	uint16_t queues; /* that we try with */
	uint16_t mtu;
	uint16_t rx_descriptors;
	uint16_t tx_descriptors;
	struct rte_eth_dev_info device;
	struct rte_eth_conf conf;
	const char *step; /* where the last try ended */
	char retried[96]; /* why fewer queues than the device says it has, or "" */
	enum ethdev_checksums rx_checksums;
	enum ethdev_checksums tx_checksums;
	struct port_tso tso;
	const char *multicast; /* which addresses it lets through, in words */
	struct rte_eth_link link;
	struct rss rss; /* with several queues */
	char *error;
	size_t error_size;
};

static int __attribute__((format(printf, 3, 4)))
ethdev_fail(const struct ethdev_plan *plan, int rc, const char *format, ...)
{
	va_list args;
	int length;

	length = snprintf(plan->error, plan->error_size, "port %u%s%s%s: ", plan->port_id,
	    plan->device.driver_name != NULL ? " (" : "",
	    plan->device.driver_name != NULL ? plan->device.driver_name : "",
	    plan->device.driver_name != NULL ? ")" : "");
	if (length < 0 || (size_t)length >= plan->error_size)
		return rc;
	va_start(args, format);
	vsnprintf(plan->error + length, plan->error_size - (size_t)length, format, args);
	va_end(args);
	return rc;
}

/* Is what the caller wants possible at all? */
static int
ethdev_check(struct ethdev_plan *plan)
{
	const struct spt_ethdev_config *config = plan->config;
	uint32_t room, needed = (uint32_t)plan->mtu + ETHDEV_FRAME_OVERHEAD;
	uint16_t i;
	int rc;

	if (!rte_eth_dev_is_valid_port(plan->port_id))
		return ethdev_fail(plan, -ENODEV,
		    "no such port, EAL found %u: name one with --vdev or bind a NIC to vfio-pci",
		    rte_eth_dev_count_avail());
	rc = rte_eth_dev_info_get(plan->port_id, &plan->device);
	if (rc != 0)
		return ethdev_fail(plan, rc,
		    "the driver says nothing about it (%s): it may have "
		    "been removed",
		    rte_strerror(-rc));
	if (plan->device.max_rx_queues == 0 || plan->device.max_tx_queues == 0)
		return ethdev_fail(plan, -EINVAL,
		    "%u receive and %u transmit queues, expected one of each at least: create the "
		    "device with both",
		    plan->device.max_rx_queues, plan->device.max_tx_queues);
	if (plan->mtu < plan->device.min_mtu || plan->mtu > plan->device.max_mtu)
		return ethdev_fail(plan, -EINVAL, "MTU %u, expected %u to %u: choose another MTU",
		    plan->mtu, plan->device.min_mtu, plan->device.max_mtu);
	for (i = 0; i < plan->wanted; i++) {
		if (config->pool == NULL || config->pool[i] == NULL)
			return ethdev_fail(plan, -EINVAL,
			    "no receive pool for queue %u of %u: give one for each", i,
			    plan->wanted);
		room = rte_pktmbuf_data_room_size(config->pool[i]);
		if (room < RTE_PKTMBUF_HEADROOM + needed)
			return ethdev_fail(plan, -EINVAL,
			    "buffers of %u bytes for MTU %u, expected %u: use larger ones or a "
			    "smaller MTU",
			    room, plan->mtu, RTE_PKTMBUF_HEADROOM + needed);
	}
	return 0;
}

/*
 * net_tap sums a chain piece by piece without regard to odd lengths (DPDK 22.11), so what it
 * offers is wrong for some of our segments.
 */
static bool
ethdev_sums_chains(const struct rte_eth_dev_info *device)
{
	return strcmp(device->driver_name, "net_tap") != 0;
}

/*
 * Large sends: the device sums what it cuts, and takes chains, which they are. The sum of IPv4's
 * header may be ours, as virtio has it: who cuts then writes one for each segment. net_tap would
 * cut in software, and sum wrongly (above): that is excluded with its checksums.
 */
static bool
ethdev_cuts(const struct ethdev_plan *plan)
{
	const uint64_t needed = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;

	return !plan->config->no_tso &&
	       (plan->device.tx_offload_capa & RTE_ETH_TX_OFFLOAD_TCP_TSO) &&
	       (plan->conf.txmode.offloads & needed) == needed;
}

/*
 * The configuration for plan->queues. The checksum of TCP is the one worth having, since it
 * covers the payload; without it that of the IPv4 header saves nothing.
 */
static void
ethdev_negotiate(struct ethdev_plan *plan)
{
	const struct rte_eth_dev_info *device = &plan->device;
	struct rte_eth_conf *conf = &plan->conf;
	bool checksums = !plan->config->transparent;

	memset(conf, 0, sizeof(*conf));
	conf->rxmode.mtu = plan->mtu;
	if (checksums && (device->rx_offload_capa & RTE_ETH_RX_OFFLOAD_TCP_CKSUM))
		conf->rxmode.offloads |= device->rx_offload_capa & ETHDEV_RX_CHECKSUMS;
	if (checksums && (device->tx_offload_capa & RTE_ETH_TX_OFFLOAD_TCP_CKSUM) &&
	    ethdev_sums_chains(device))
		conf->txmode.offloads |= device->tx_offload_capa & ETHDEV_TX_CHECKSUMS;
	conf->txmode.offloads |= device->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (ethdev_cuts(plan))
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_TCP_TSO;
	if (plan->queues > 1) {
		conf->rx_adv_conf.rss_conf.rss_hf =
		    device->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP);
		if (conf->rx_adv_conf.rss_conf.rss_hf != 0)
			conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	}
}

static int
ethdev_setup_queues(struct ethdev_plan *plan)
{
	struct rte_eth_rxconf rx = plan->device.default_rxconf;
	struct rte_eth_txconf tx = plan->device.default_txconf;
	int rc, node = plan->config->socket;
	uint16_t q;

	rx.offloads = plan->conf.rxmode.offloads;
	tx.offloads = plan->conf.txmode.offloads;
	for (q = 0; q < plan->queues; q++) {
		plan->step = "set up a receive queue";
		rc = rte_eth_rx_queue_setup(plan->port_id, q, plan->rx_descriptors,
		    (unsigned int)node, &rx, plan->config->pool[q]);
		if (rc != 0)
			return rc;
		plan->step = "set up a transmit queue";
		rc = rte_eth_tx_queue_setup(
		    plan->port_id, q, plan->tx_descriptors, (unsigned int)node, &tx);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* From nothing to started with plan->queues. 0 or what the driver said; plan->step says when. */
static int
ethdev_try(struct ethdev_plan *plan)
{
	const struct spt_ethdev_config *config = plan->config;
	int rc;

	ethdev_negotiate(plan);
	plan->step = "configure the device";
	rc = rte_eth_dev_configure(plan->port_id, plan->queues, plan->queues, &plan->conf);
	if (rc != 0)
		return rc;
	plan->rx_descriptors =
	    config->rx_descriptors != 0 ? config->rx_descriptors : ETHDEV_DESCRIPTORS_DEFAULT;
	plan->tx_descriptors =
	    config->tx_descriptors != 0 ? config->tx_descriptors : ETHDEV_DESCRIPTORS_DEFAULT;
	plan->step = "adjust the number of descriptors";
	rc = rte_eth_dev_adjust_nb_rx_tx_desc(
	    plan->port_id, &plan->rx_descriptors, &plan->tx_descriptors);
	if (rc != 0)
		return rc;
	rc = ethdev_setup_queues(plan);
	if (rc != 0)
		return rc;
	/* Drivers without the call carry 1500 all the same; smaller is a matter of ours. */
	plan->step = "set the MTU";
	rc = rte_eth_dev_set_mtu(plan->port_id, plan->mtu);
	if (rc != 0 && plan->mtu != ETHDEV_MTU_DEFAULT &&
	    !(rc == -ENOTSUP && plan->mtu < ETHDEV_MTU_DEFAULT))
		return rc;
	plan->step = "start the device";
	return rte_eth_dev_start(plan->port_id);
}

/* Start with as many queues as can be had; the device's word about that is not always true. */
static int
ethdev_start(struct ethdev_plan *plan)
{
	uint16_t offered = RTE_MIN(plan->device.max_rx_queues, plan->device.max_tx_queues);
	int rc;

	plan->queues = RTE_MIN(plan->wanted, offered);
	rc = ethdev_try(plan);
	if (rc != 0 && plan->queues > 1) {
		snprintf(plan->retried, sizeof(plan->retried), "with %u it did not %s (%s)",
		    plan->queues, plan->step, rte_strerror(-rc));
		plan->queues = 1;
		rc = ethdev_try(plan);
	}
	if (rc != 0)
		return ethdev_fail(plan, rc,
		    "could not %s (MTU %u, %u+%u descriptors): %s; --log-level=pmd:debug after -- "
		    "shows what the driver says",
		    plan->step, plan->mtu, plan->rx_descriptors, plan->tx_descriptors,
		    rte_strerror(-rc));
	return 0;
}

/*
 * Neighbour solicitations come to multicast addresses (RFC 4861 7.2.2), so a device that
 * filters must let these through; and everything where frames are passed on. Then wait for the
 * link, but not for ever: a peer may come later.
 */
static void
ethdev_open_up(struct ethdev_plan *plan)
{
	unsigned int i;

	if (plan->config->transparent)
		plan->multicast = rte_eth_promiscuous_enable(plan->port_id) == 0
		                      ? "promiscuous"
		                      : "addresses as the device has it";
	else if (rte_eth_allmulticast_enable(plan->port_id) == 0)
		plan->multicast = "all multicast";
	else if (rte_eth_promiscuous_enable(plan->port_id) == 0)
		plan->multicast = "promiscuous (no all-multicast)";
	else
		plan->multicast = "multicast as the device has it";
	for (i = 0; i < ETHDEV_LINK_STEPS; i++) {
		if (rte_eth_link_get_nowait(plan->port_id, &plan->link) != 0 ||
		    plan->link.link_status == RTE_ETH_LINK_UP || plan->config->pause == NULL)
			break;
		plan->config->pause(ETHDEV_LINK_STEP_US);
	}
}

/* What of the checksums is the device's, by its offloads of one direction. */
static enum ethdev_checksums
ethdev_checksums(uint64_t offloads, uint64_t tcp, uint64_t ip)
{
	if (!(offloads & tcp))
		return ETHDEV_CHECKSUM_NONE;
	return offloads & ip ? ETHDEV_CHECKSUM_BOTH : ETHDEV_CHECKSUM_TCP;
}

/* A limit that a device tells, 0: none, and one of ours. */
static uint16_t
ethdev_limit(uint16_t told, uint32_t most)
{
	return (uint16_t)(told != 0 ? RTE_MIN((uint32_t)told, most) : most);
}

/* How large those sends may be, once it is known what the device was granted. */
static void
ethdev_tso_settle(struct ethdev_plan *plan)
{
	const struct rte_eth_desc_lim *lim = &plan->device.tx_desc_lim;
	uint32_t ring = plan->tx_descriptors / ETHDEV_TSO_RING_PART;

	if (!(plan->conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_TCP_TSO))
		return;
	plan->tso = (struct port_tso){
	    .most = ETHDEV_TSO_MOST,
	    .mbufs = ethdev_limit(lim->nb_seg_max, RTE_MIN(ring, (uint32_t)ETHDEV_TSO_MBUFS)),
	    .segment_mbufs = ethdev_limit(lim->nb_mtu_seg_max, ETHDEV_TSO_MBUFS),
	};
}

static const char *
ethdev_rss_text(bool claimed, bool known)
{
	if (!claimed)
		return ", no RSS: steering in software";
	return known ? ", RSS claimed" : ", RSS of unknown key or table: steering in software";
}

static void
ethdev_info_fill(const struct ethdev_plan *plan, struct spt_ethdev_info *info)
{
	static const char *const checksums[] = {
	    [ETHDEV_CHECKSUM_NONE] = "in software",
	    [ETHDEV_CHECKSUM_TCP] = "TCP by device, IPv4 in software",
	    [ETHDEV_CHECKSUM_BOTH] = "by device",
	};
	const char *link = plan->link.link_status == RTE_ETH_LINK_UP ? "up" : "down";
	char queues[128];

	memset(info, 0, sizeof(*info));
	info->queues = plan->queues;
	info->rss = plan->conf.rxmode.mq_mode == RTE_ETH_MQ_RX_RSS;
	info->rx_checksum = plan->rx_checksums != ETHDEV_CHECKSUM_NONE;
	info->tx_checksum = plan->tx_checksums != ETHDEV_CHECKSUM_NONE;
	info->multi_segment = (plan->conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
	info->tso = plan->tso.most > 0;
	if (plan->link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
		info->speed_mbps = plan->link.link_speed;
	snprintf(info->driver, sizeof(info->driver), "%s", plan->device.driver_name);

	if (plan->queues == plan->wanted)
		snprintf(queues, sizeof(queues), "%u", plan->queues);
	else
		snprintf(queues, sizeof(queues), "%u of %u, %s", plan->queues, plan->wanted,
		    plan->retried[0] != '\0' ? plan->retried : "the device has no more");
	snprintf(info->summary, sizeof(info->summary),
	    "%s: queues %s%s; checksums rx %s%s, tx %s; chains %s%s; %s; link %s", info->driver,
	    queues, plan->queues == 1 ? "" : ethdev_rss_text(info->rss, plan->rss.device),
	    checksums[plan->rx_checksums], info->rx_checksum ? " (once proven)" : "",
	    checksums[plan->tx_checksums], info->multi_segment ? "as they are" : "copied",
	    info->tso ? "; TSO" : "", plan->multicast, link);
}

static enum ethdev_chains
ethdev_chains(const struct spt_ethdev_info *info)
{
	if (info->tso)
		return ETHDEV_SEGMENTS;
	return info->multi_segment ? ETHDEV_CHAINS : ETHDEV_COPIED;
}

static void
ethdev_port_init(struct ethdev_device *device, uint16_t queue, const struct ethdev_plan *plan,
    const struct spt_ethdev_info *info)
{
	struct ethdev_port *self = &device->port[queue];

	self->ops.rx = info->rx_checksum ? ethdev_rx_confirm : ethdev_rx_software;
	self->ops.tx = ethdev_tx[plan->tx_checksums][ethdev_chains(info)];
	self->ops.next_deadline = ethdev_next_deadline;
	self->ops.stats = ethdev_stats;
	self->ops.destroy = ethdev_destroy;
	self->base.ops = &self->ops;
	self->base.mtu = plan->mtu;
	self->base.multi_segment = info->multi_segment;
	self->base.tso = plan->tso;
	self->base.headroom = WIRE_ETH_LEN;
	self->port_id = plan->port_id;
	self->queue_id = queue;
	self->unconfirmed = ETHDEV_CONFIRM_FRAMES;
	self->pool = plan->config->pool[queue];
	self->device = device;
	if (plan->queues == 1)
		return;
	self->rss = plan->rss;
	self->rss.queue = queue;
	self->base.rss = &self->rss;
}

int
spt_port_ethdev_find(const char *name, uint16_t *port_id)
{
	struct rte_eth_dev_info device;
	uint16_t id;

	if (rte_eth_dev_get_port_by_name(name, port_id) == 0)
		return 0;
	/* Some drivers call their port otherwise than the device is called that it belongs to. */
	RTE_ETH_FOREACH_DEV (id) {
		if (rte_eth_dev_info_get(id, &device) != 0 || device.device == NULL ||
		    strcmp(rte_dev_name(device.device), name) != 0)
			continue;
		*port_id = id;
		return 0;
	}
	return -ENODEV;
}

int
spt_port_ethdev_create(const struct spt_ethdev_config *config, struct spt_port **ports,
    struct spt_ethdev_info *info, char *error, size_t error_size)
{
	struct ethdev_plan plan = {
	    .config = config,
	    .port_id = config->port_id,
	    .wanted = RTE_MAX(config->queues, 1),
	    .mtu = config->mtu != 0 ? config->mtu : ETHDEV_MTU_DEFAULT,
	    .error = error,
	    .error_size = error_size,
	};
	struct rte_eth_stats stats = {0};
	struct rte_ether_addr mac;
	struct ethdev_device *device;
	uint16_t q;
	int rc;

	rc = ethdev_check(&plan);
	if (rc != 0)
		return rc;
	rc = ethdev_start(&plan);
	if (rc != 0)
		return rc;
	rc = rte_eth_macaddr_get(plan.port_id, &mac);
	device = rte_zmalloc_socket("spt_ethdev",
	    sizeof(*device) + plan.queues * sizeof(device->port[0]), RTE_CACHE_LINE_SIZE,
	    config->socket);
	if (rc != 0 || device == NULL) {
		rte_free(device);
		rte_eth_dev_stop(plan.port_id);
		return ethdev_fail(&plan, rc != 0 ? rc : -ENOMEM, "%s",
		    rc != 0 ? "it has no MAC address: give it one"
		            : "no memory for its queues: give EAL more with -m");
	}
	ethdev_open_up(&plan);
	plan.rx_checksums = ethdev_checksums(
	    plan.conf.rxmode.offloads, RTE_ETH_RX_OFFLOAD_TCP_CKSUM, RTE_ETH_RX_OFFLOAD_IPV4_CKSUM);
	plan.tx_checksums = ethdev_checksums(
	    plan.conf.txmode.offloads, RTE_ETH_TX_OFFLOAD_TCP_CKSUM, RTE_ETH_TX_OFFLOAD_IPV4_CKSUM);
	ethdev_tso_settle(&plan);
	if (plan.queues > 1)
		ethdev_rss_read(plan.port_id, &plan.device,
		    plan.conf.rxmode.mq_mode == RTE_ETH_MQ_RX_RSS, plan.queues, &plan.rss);
	ethdev_info_fill(&plan, info);
	rte_eth_stats_get(plan.port_id, &stats);
	device->open = plan.queues;
	device->missed_base = stats.imissed;
	device->no_mbuf_base = stats.rx_nombuf;
	for (q = 0; q < plan.queues; q++) {
		ethdev_port_init(device, q, &plan, info);
		device->port[q].base.mac = mac;
		ports[q] = &device->port[q].base;
	}
	return 0;
}

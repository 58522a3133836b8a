/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a device with several queues spreads flows: its key and its table, read back. They are what
 * it says, not what it does; whoever uses them compares where frames arrive
 * (stack/runtime/share.h).
 */
#include <string.h>

#include <rte_ethdev.h>

#include "ethdev.h"

#define RSS_KEY_MIN 40  /* 36 bytes of an IPv6 tuple, each bit times 32 of the key */
#define RSS_OWN     128 /* entries of a table of our own */
#define RSS_GROUPS  (RSS_RETA_MAX / RTE_ETH_RETA_GROUP_SIZE)
#define RSS_TCP6    (RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_IPV6_TCP_EX)

/*
 * For devices that have no key: the one that Microsoft publishes to verify RSS with, as good as
 * any other constant.
 */
static const uint8_t rss_own_key[RSS_KEY_MIN] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2,
    0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4,
    0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

/* The key, and what of a frame it is applied to. */
static bool
rss_read_key(uint16_t port_id, const struct rte_eth_dev_info *device, struct rss *rss)
{
	uint8_t key[UINT8_MAX + 1] = {0}; /* room for whatever length a driver copies */
	struct rte_eth_rss_conf conf = {
	    .rss_key = key,
	    .rss_key_len = device->hash_key_size ? device->hash_key_size : RSS_KEY_MIN,
	};

	if (rte_eth_dev_rss_hash_conf_get(port_id, &conf) != 0)
		return false;
	if (conf.rss_key_len < RSS_KEY_MIN || conf.rss_hf == 0)
		return false;
	rss->key_length = (uint8_t)RTE_MIN(conf.rss_key_len, RSS_KEY_MAX);
	memcpy(rss->key, key, rss->key_length);
	rss->ports4 = conf.rss_hf & RTE_ETH_RSS_NONFRAG_IPV4_TCP;
	rss->ports6 = conf.rss_hf & RSS_TCP6;
	/* A driver that knows no key leaves the buffer as it was. */
	memset(key, 0, sizeof(key));
	return memcmp(rss->key, key, rss->key_length) != 0;
}

static void
rss_fill_table(struct rss *rss)
{
	for (unsigned int i = 0; i < rss->reta_size; i++)
		rss->reta[i] = (uint16_t)(i % rss->queues);
}

/* Every entry is a queue of ours, and none is left out: its engine could open no connection. */
static bool
rss_table_complete(const struct rss *rss)
{
	unsigned int found = 0;

	for (unsigned int q = 0; q < rss->queues; q++)
		for (unsigned int i = 0; i < rss->reta_size; i++)
			if (rss->reta[i] == q) {
				found++;
				break;
			}
	for (unsigned int i = 0; i < rss->reta_size; i++)
		if (rss->reta[i] >= rss->queues)
			return false;
	return found == rss->queues;
}

static bool
rss_query_table(uint16_t port_id, struct rss *rss)
{
	struct rte_eth_rss_reta_entry64 group[RSS_GROUPS];

	memset(group, 0, sizeof(group));
	for (unsigned int i = 0; i < RSS_GROUPS; i++)
		group[i].mask = UINT64_MAX;
	if (rte_eth_dev_rss_reta_query(port_id, group, rss->reta_size) != 0)
		return false;
	for (unsigned int i = 0; i < rss->reta_size; i++)
		rss->reta[i] = group[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
	return true;
}

static void
rss_update_table(uint16_t port_id, struct rss *rss)
{
	struct rte_eth_rss_reta_entry64 group[RSS_GROUPS];

	rss_fill_table(rss);
	memset(group, 0, sizeof(group));
	for (unsigned int i = 0; i < rss->reta_size; i++) {
		struct rte_eth_rss_reta_entry64 *g = &group[i / RTE_ETH_RETA_GROUP_SIZE];

		g->mask |= RTE_BIT64(i % RTE_ETH_RETA_GROUP_SIZE);
		g->reta[i % RTE_ETH_RETA_GROUP_SIZE] = rss->reta[i];
	}
	/* Whether that was of use is seen by reading again. */
	(void)rte_eth_dev_rss_reta_update(port_id, group, rss->reta_size);
}

static bool
rss_read_table(uint16_t port_id, const struct rte_eth_dev_info *device, struct rss *rss)
{
	rss->reta_size = device->reta_size;
	if (!rte_is_power_of_2(rss->reta_size) || rss->reta_size > RSS_RETA_MAX)
		return false;
	if (!rss_query_table(port_id, rss))
		return false;
	if (rss_table_complete(rss))
		return true;
	rss_update_table(port_id, rss);
	return rss_query_table(port_id, rss) && rss_table_complete(rss);
}

void
ethdev_rss_read(uint16_t port_id, const struct rte_eth_dev_info *device, bool claimed,
    uint16_t queues, struct rss *rss)
{
	memset(rss, 0, sizeof(*rss));
	rss->queues = queues;
	rss->device =
	    claimed && rss_read_key(port_id, device, rss) && rss_read_table(port_id, device, rss);
	if (rss->device)
		return;
	memset(rss->key, 0, sizeof(rss->key));
	memcpy(rss->key, rss_own_key, sizeof(rss_own_key));
	rss->key_length = sizeof(rss_own_key);
	rss->ports4 = rss->ports6 = true;
	rss->reta_size = RSS_OWN;
	while (rss->reta_size < queues)
		rss->reta_size *= 2;
	rss_fill_table(rss);
}

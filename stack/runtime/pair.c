/* SPDX-License-Identifier: BSD-3-Clause */
/* The ports of a runtime without a device: each own engine is joined with a peer's in memory. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include <septet/port.h>

#include "core.h"

/*
 * Slots each way at most. With 2048 connections in progress 1024 of them refuse frames whenever an
 * end loses its processor for a moment; more than 4096 only take mbufs out of the caches.
 */
#define PAIR_RING     4096u
#define PAIR_RING_MIN 64u

/* A ring full of frames must leave most mbufs to the two ends. */
static uint32_t
pair_ring_size(uint32_t mbufs)
{
	return rte_align32prevpow2(RTE_MIN(RTE_MAX(mbufs / 4, PAIR_RING_MIN), PAIR_RING));
}

static int
pair_create(struct spt_runtime *rt, const struct spt_runtime_config *config, unsigned int i,
    struct spt_port *port[2], char *error, size_t error_size)
{
	char name[16];
	const struct spt_memory_pair_config pair = {
	    .name = name,
	    .ring_size = pair_ring_size(config->mbufs),
	    .mtu = config->port[0].mtu,
	    .socket = SOCKET_ID_ANY,
	    .pool = {rt->pool[i], rt->pool[i]},
	};
	int rc;

	snprintf(name, sizeof(name), "pair_%u", i);
	rc = spt_port_memory_pair_create(&pair, port);
	if (rc)
		snprintf(error, error_size, "no memory pair %u: %s", i, strerror(-rc));
	return rc;
}

int
pair_create_ports(struct spt_runtime *rt, const struct spt_runtime_config *config, unsigned int n,
    struct spt_port **ports, char *error, size_t error_size)
{
	struct spt_ethdev_info *info = &rt->info.port[0].device;
	struct spt_port *port[2];

	for (unsigned int i = 0; i < n; i++) {
		int rc = pair_create(rt, config, i, port, error, error_size);

		if (rc)
			return rc;
		ports[i] = port[0];
		ports[n + i] = port[1];
	}
	info->queues = (uint16_t)n;
	snprintf(info->driver, sizeof(info->driver), "memory");
	snprintf(info->summary, sizeof(info->summary),
	    "memory: %u pair%s of engines, rings of %u frames; checksums in software", n,
	    n == 1 ? "" : "s", pair_ring_size(config->mbufs));
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What the worlds of simulations share. */
#include <stdio.h>
#include <stdlib.h>

#include <base/addr.h>
#include <port/port.h>

#include "env.h"
#include "monitor.h"
#include "simlink.h"

static struct rte_mempool *pools[2];

struct rte_mempool *
simlink_pool(unsigned int side)
{
	if (pools[side] == NULL)
		pools[side] = env_pool_create(8192);
	return pools[side];
}

void
simlink_pools_lost(void)
{
	pools[0] = pools[1] = NULL;
}

struct spt_addr
simlink_address(int family, uint8_t host)
{
	static const uint8_t net6[16] = {0x20, 0x01, 0x0d, 0xb8};
	struct spt_addr a = family == 4 ? addr_from_v4(RTE_BE32(0x0a010000)) : addr_from_v6(net6);

	a.b[15] = host;
	return a;
}

struct spt_port *
simlink_create(uint64_t seed, const struct spt_impair to[2], struct rte_mempool *const pool[2],
    uint16_t mtu, struct spt_port *memory[2])
{
	static unsigned int number;
	char name[16];
	struct spt_memory_pair_config pair = {
	    .name = name, .mtu = mtu, .socket = -1, .pool = {pool[0], pool[1]}};
	struct spt_impair_config impair = {
	    .seed = seed + 77, .rx = to[0], .tx = to[1], .pool = pool[0]};
	struct spt_port *p = NULL;

	snprintf(name, sizeof(name), "sim%u", number++);
	if (spt_port_memory_pair_create(&pair, memory) != 0 ||
	    spt_port_impair_create(&impair, memory[0], &p) != 0) {
		fprintf(stderr, "no memory pair or impairment wrapper\n");
		exit(2);
	}
	return p;
}

void
simlink_tell(const struct monitor *m)
{
	if (monitor_report(m) != NULL)
		fprintf(stderr, "%s", monitor_report(m));
	else
		monitor_print(m, stderr);
}

const char *
simlink_check_stats(const struct spt_stats *stats)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < SPT_V_COUNT; i++)
		sum += stats->verdict[i];
	if (sum != stats->rx_frames)
		return "rx_frames is not the sum of the verdicts";
	return stats->errors != 0 ? "an engine counted an error of its own" : NULL;
}

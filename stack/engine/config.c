/* SPDX-License-Identifier: BSD-3-Clause */
/* What a configuration means: defaults, ranges, and what is wrong with it in one line. */
#include <errno.h>
#include <stdio.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "engine.h"

#define DEFAULT(field, value)                                                                      \
	do {                                                                                       \
		if ((field) == 0)                                                                  \
			(field) = (value);                                                         \
	} while (0)

void
engine_defaults(struct spt_config *c)
{
	DEFAULT(c->connections, 4096);
	DEFAULT(c->half_open, c->connections);
	DEFAULT(c->timewait, 4 * c->connections);
	DEFAULT(c->listeners, 64);
	DEFAULT(c->sources, 16);
	DEFAULT(c->neighbours, 1024);
	DEFAULT(c->msl_ms, 30000);
	DEFAULT(c->rto_initial_ms, 1000);
	DEFAULT(c->rto_min_ms, 200);
	DEFAULT(c->rto_max_ms, 60000);
	DEFAULT(c->syn_ack_retries, 5);
	DEFAULT(c->syn_retries, 7);
	DEFAULT(c->delayed_ack_ms, 40);
}

struct range {
	const char *name;
	uint64_t value, least, most;
};

static int
config_ranges(const struct spt_config *c, char *error, size_t error_size)
{
	const struct range ranges[] = {
	    {"connections", c->connections, 1, FLOW_INDEX_MASK / 4},
	    {"half_open", c->half_open, 1, FLOW_INDEX_MASK / 4},
	    {"timewait", c->timewait, 1, FLOW_INDEX_MASK / 4},
	    {"listeners", c->listeners, 1, 60000},
	    {"neighbours", c->neighbours, NEIGHBOURS_MIN, NEIGHBOURS_MAX},
	    {"pinned_mbufs", c->pinned_mbufs, 1, UINT32_MAX / 2},
	    {"msl_ms", c->msl_ms, 1, 3600000},
	    {"rto_initial_ms", c->rto_initial_ms, 1, 60000},
	    {"rto_min_ms", c->rto_min_ms, 1, 60000},
	    {"rto_max_ms", c->rto_max_ms, c->rto_initial_ms, 3600000},
	    {"sources", c->sources, 1, TCP_SOURCES_MAX},
	    {"syn_retries", c->syn_retries, 1, 16},
	    {"syn_ack_retries", c->syn_ack_retries, 1, TCP_SYN_ACK_STEPS},
	    {"delayed_ack_ms", c->delayed_ack_ms, 1, 499},
	};

	for (size_t i = 0; i < RTE_DIM(ranges); i++) {
		const struct range *r = &ranges[i];

		if (r->value >= r->least && r->value <= r->most)
			continue;
		snprintf(error, error_size, "%s is %lu: it must be from %lu to %lu", r->name,
		    (unsigned long)r->value, (unsigned long)r->least, (unsigned long)r->most);
		return -EINVAL;
	}
	return 0;
}

int
engine_config(struct spt_config *c, const struct spt_port *port, char *error, size_t error_size)
{
	if (!c->pool) {
		snprintf(error, error_size, "no mempool: the engine needs one for what it sends");
		return -EINVAL;
	}
	if (rte_pktmbuf_data_room_size(c->pool) < RTE_PKTMBUF_HEADROOM + 256 ||
	    RTE_PKTMBUF_HEADROOM < WIRE_ETH_LEN + WIRE_IP6_LEN + WIRE_TCP_LEN + WIRE_TCP_MAX_OPTS) {
		snprintf(error, error_size,
		    "the mempool's buffers are too small: %u bytes of data "
		    "room, at least %u are needed",
		    rte_pktmbuf_data_room_size(c->pool), RTE_PKTMBUF_HEADROOM + 256);
		return -EINVAL;
	}
	if (port->mtu < 576) {
		snprintf(
		    error, error_size, "the port's MTU is %u: at least 576 is needed", port->mtu);
		return -EINVAL;
	}
	engine_defaults(c);
	DEFAULT(c->pinned_mbufs, c->pool->size / 2);
	return config_ranges(c, error, error_size);
}

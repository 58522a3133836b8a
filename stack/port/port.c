/* SPDX-License-Identifier: BSD-3-Clause */
/* What every kind of port shares: the public calls that go through its operations. */
#include <string.h>

#include "port.h"

void
spt_port_stats_get(struct spt_port *port, struct spt_port_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	port->ops->stats(port, stats);
}

void
spt_port_destroy(struct spt_port *port)
{
	if (port != NULL)
		port->ops->destroy(port);
}

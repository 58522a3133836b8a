/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices by name for a program that has no engines: opened, and closed with what they leave. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "core.h"
#include "port/port.h"

static int
open_one(struct spt_open_ports *open, const struct spt_runtime_port *port, unsigned int position,
    uint16_t mtu, char *error, size_t error_size)
{
	struct spt_runtime_port_info *info = &open->info.port[position];
	struct spt_ethdev_config ethdev = {
	    .queues = 1,
	    .mtu = mtu,
	    .socket = SOCKET_ID_ANY,
	    .pool = &open->pool,
	    .transparent = true,
	};
	int rc = runtime_open_device(
	    port, position, &ethdev, &open->port[position], &info->device, error, error_size);

	if (rc)
		return rc;
	snprintf(info->text, sizeof(info->text), "%s", port->spec.text);
	info->engines = 1;
	memcpy(info->mac, open->port[position]->mac.addr_bytes, sizeof(info->mac));
	return 0;
}

int
spt_ports_open(const struct spt_runtime_port *port, unsigned int n_ports, uint32_t mbufs,
    struct spt_open_ports *open, char *error, size_t error_size)
{
	const struct spt_runtime_config config = {.port = port, .n_ports = n_ports};
	uint16_t mtu = port[0].mtu;
	int rc = 0;

	SPT_ASSERT(n_ports >= 1 && n_ports <= SPT_PORTS);
	memset(open, 0, sizeof(*open));
	open->info.n_ports = n_ports;
	open->info.mbufs = mbufs;
	open->info.mbuf_bytes = runtime_mbuf_bytes(mbufs, mtu, rte_eal_has_hugepages());
	open->pool = runtime_create_pool(0, mbufs, mtu, error, error_size);
	if (!open->pool)
		return -ENOMEM;
	for (unsigned int i = 0; i < n_ports && rc == 0; i++) {
		rc = open_one(open, &port[i], i, mtu, error, error_size);
		if (rc)
			runtime_name_port(&config, i, error, error_size);
	}
	if (rc)
		spt_ports_close(open, NULL);
	return rc;
}

void
spt_ports_close(struct spt_open_ports *open, struct spt_runtime_leaks *leaks)
{
	unsigned int mbufs, driver = 0;

	for (unsigned int i = 0; i < open->info.n_ports; i++) {
		spt_port_destroy(open->port[i]);
		open->port[i] = NULL;
		if (strcmp(open->info.port[i].device.driver, "net_af_xdp") == 0)
			driver += AF_XDP_RINGS;
	}
	mbufs = rte_mempool_in_use_count(open->pool);
	driver = RTE_MIN(mbufs, driver);
	if (leaks)
		*leaks = (struct spt_runtime_leaks){.mbufs = mbufs - driver, .driver = driver};
	rte_mempool_free(open->pool);
	open->pool = NULL;
}

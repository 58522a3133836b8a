/* SPDX-License-Identifier: BSD-3-Clause */
/* `septet bridge`: from the command line to the summary. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/bridge.h"
#include "common/start.h"
#include "common/wait.h"

static int
bridge_refuse(const char *error)
{
	return output_refuse("septet bridge", error);
}

static int
bridge_eal(
    const struct bridge_options *o, struct spt_eal_info *info, char *error, size_t error_size)
{
	const struct spt_eal_config config = {
	    .port = o->link.port,
	    .n_ports = o->link.n_ports,
	    .cores = 1,
	    .lcores = o->link.lcores,
	    .mbufs = o->mbufs,
	    .extra = o->eal,
	    .n_extra = o->n_eal,
	};

	return start_eal("bridge", &config, info, error, error_size);
}

static int
bridge_open(struct bridge *bridge, char *error, size_t error_size)
{
	const struct link_options *link = &bridge->options.link;
	const struct spt_impair_config *impair[2] = {link->port[0].impair, link->port[1].impair};
	struct spt_open_ports *ports = &bridge->ports;
	int rc = spt_ports_open(
	    link->port, link->n_ports, bridge->options.mbufs, ports, error, error_size);

	if (rc)
		return rc;
	bridge->idle_sleep =
	    link->idle == LINK_IDLE_ON || (link->idle == LINK_IDLE_AUTO && link_virtual(link));
	rc = bridge_core_init(&bridge->core, ports->port, impair, ports->pool);
	/* They are the core's now. */
	ports->port[0] = ports->port[1] = NULL;
	if (rc == 0)
		return 0;
	spt_ports_close(ports, NULL);
	snprintf(error, error_size,
	    "no memory for the impairments' queues: give a smaller queue=, or more memory, as in "
	    "-- -m 1024");
	return rc;
}

static void
bridge_close(struct bridge *bridge, struct spt_runtime_leaks *leaks)
{
	bridge_core_fini(&bridge->core);
	spt_ports_close(&bridge->ports, leaks);
}

/* The loop and what it leaves. Returns the exit code. */
static int
bridge_run(struct bridge *bridge, const struct spt_eal_info *eal)
{
	const struct link_options *link = &bridge->options.link;
	char user[192], error[512];
	struct spt_runtime_leaks leaks;

	/* The ports are open: what follows needs no privileges. */
	if (spt_privileges_drop(
	        link->port, link->n_ports, link->user, user, sizeof(user), error, sizeof(error))) {
		bridge_close(bridge, NULL);
		return bridge_refuse(error);
	}
	bridge_print_start(bridge, eal, user);
	if (bridge_control_start(bridge) != 0) {
		bridge_close(bridge, NULL);
		return bridge_refuse("no thread for control");
	}
	bridge_loop(bridge);
	bridge_control_join();
	bridge_close(bridge, &leaks);
	return bridge_print_end(bridge, &leaks) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
bridge_free(struct bridge *bridge)
{
	bridge_options_free(&bridge->options);
	free(bridge);
}

int
bridge_main(int argc, char **argv)
{
	struct bridge *bridge = calloc(1, sizeof(*bridge));
	struct spt_eal_info eal;
	char error[1024] = "";
	int rc;

	if (!bridge)
		return bridge_refuse("no memory");
	rc = bridge_options_parse(&bridge->options, argc, argv, error, sizeof(error));
	if (rc == 1) {
		bridge_options_help(stdout);
		bridge_free(bridge);
		return output_printed("septet bridge") ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (rc == 0)
		rc = link_check_ports(&bridge->options.link, error, sizeof(error));
	wait_block_signals();
	if (rc == 0)
		rc = bridge_eal(&bridge->options, &eal, error, sizeof(error));
	if (rc) {
		bridge_free(bridge);
		return bridge_refuse(error);
	}
	rc = bridge_open(bridge, error, sizeof(error)) ? bridge_refuse(error)
	                                               : bridge_run(bridge, &eal);
	spt_eal_stop();
	bridge_free(bridge);
	return rc;
}

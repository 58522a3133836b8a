/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of `septet bridge`: a table, and the checks that need several of them. */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "bridge/bridge.h"
#include "common/rows.h"

#define BRIDGE_SETS   4
#define BRIDGE_BUFFER 1000 /* frames of a bottleneck that nothing was said of */

#define SIZED(field)                                                                               \
	.offset = offsetof(struct bridge_options, field),                                          \
	.width = sizeof(((struct bridge_options *)0)->field)

static const struct option_row port_rows[] = {
    {GROUP_PORT, "port", "SPEC", NULL, "tap:sept0",
        "where frames come from and go to, twice: tap:NAME, af_packet:IFACE, af_xdp:IFACE, "
        "memif:SOCKET[,role=server], vhost:PATH, virtio_user:PATH, pci:ADDRESS, "
        "vdev:DPDK-DEVICE-STRING",
        OPTION_PARSED, .many = true, .parse = link_parse_port},
};

static const struct option_row rows[] = {
    {GROUP_ROOM, "mbufs", "N", "32768", NULL, "packet buffers: what is on the line is in them",
        OPTION_NUMBER, SIZED(mbufs), .min = 4096, .max = 16 << 20},
    {GROUP_ROOM, "mtu", "BYTES", "1500", NULL, "largest IP packet, of both ports", OPTION_BYTES,
        SIZED(mtu), .min = 1280, .max = 9600},
    {GROUP_RUN, "duration", "TIME", NULL, "10s",
        "end by itself (default: at SIGINT, SIGTERM or SIGHUP)", OPTION_TIME, SIZED(duration_ms),
        .min = 1, .max = ROWS_MS_MOST},
    {GROUP_RUN, "json", "FILE", NULL, "bridge.json", "write the summary there too", OPTION_STRING,
        .offset = offsetof(struct bridge_options, json.path)},
};

static const char *const groups[] = {GROUP_PORT, GROUP_ROOM, GROUP_CORES, GROUP_RUN};

static void
command_line(void *argument, bool anew)
{
	link_command_line(argument, anew);
}

static struct option_table
table_of(struct bridge_options *o, struct option_set sets[BRIDGE_SETS])
{
	sets[0] = (struct option_set){port_rows, RTE_DIM(port_rows), &o->link};
	sets[1] = rows_impair(&o->link);
	sets[2] = (struct option_set){rows, RTE_DIM(rows), o};
	sets[3] = rows_run(&o->link);
	return (struct option_table){
	    .command = "bridge",
	    .set = sets,
	    .n_sets = BRIDGE_SETS,
	    .group = groups,
	    .n_groups = RTE_DIM(groups),
	    .anew = "port",
	    .command_line = command_line,
	    .argument = &o->link,
	};
}

static int
check_ports(const struct link_options *link, char *error, size_t error_size)
{
	for (unsigned int i = 0; i < link->n_ports; i++) {
		if (link->port[i].spec.kind != SPT_PORT_MEMORY)
			continue;
		snprintf(error, error_size,
		    "--port 'memory' leads to nobody: expected one that leads out of this process, "
		    "such as tap:sept0");
		return -EINVAL;
	}
	if (link->n_ports == 2)
		return 0;
	if (link->n_ports == 0)
		snprintf(error, error_size,
		    "missing --port: expected two, such as --port tap:sept0 --port tap:sept1");
	else if (link->n_ports == 1)
		snprintf(error, error_size,
		    "--port '%s' is the only one: expected two, such as --port %s --port tap:sept1",
		    link->port[0].spec.text, link->port[0].spec.text);
	else
		snprintf(error, error_size,
		    "--port '%s' is one too many: expected two, leave it away",
		    link->port[2].spec.text);
	return -EINVAL;
}

/* The line has room for what a fast and long one holds, as far as the buffers go. */
static void
make_room(const struct bridge_options *o, struct spt_impair *impair)
{
	if (impair->queue_limit)
		return;
	impair->queue_limit = o->mbufs / 4;
	if (!impair->buffer_frames && !impair->buffer_bytes)
		impair->buffer_frames = BRIDGE_BUFFER;
}

int
bridge_options_parse(
    struct bridge_options *o, int argc, char **argv, char *error, size_t error_size)
{
	struct option_set sets[BRIDGE_SETS];
	struct option_table table = table_of(o, sets);
	int rest, rc;

	memset(o, 0, sizeof(*o));
	rc = option_parse(&table, argc, argv, &rest, error, error_size);
	if (rc)
		return rc;
	o->eal = argv + rest;
	o->n_eal = (unsigned int)(argc - rest);
	rc = check_ports(&o->link, error, error_size);
	if (rc == 0)
		rc = output_open(&o->json, "json", error, error_size);
	if (rc)
		return rc;
	for (unsigned int i = 0; i < 2; i++) {
		o->link.port[i].mtu = o->mtu;
		make_room(o, &o->link.of[i].impair.rx);
		make_room(o, &o->link.of[i].impair.tx);
	}
	link_finish(&o->link);
	return 0;
}

void
bridge_options_free(struct bridge_options *o)
{
	output_close(&o->json);
	link_free(&o->link);
}

void
bridge_options_help(FILE *out)
{
	struct option_set sets[BRIDGE_SETS];
	struct option_table table = table_of(&(struct bridge_options){0}, sets);

	fprintf(out,
	    "septet bridge: every frame from one port to the other, over a line that may be bad\n\n"
	    "  septet bridge --port SPEC --port SPEC [--impair SPEC] [...] [-- EAL-ARGUMENTS]\n"
	    "  septet bridge --port af_packet:eth1 --port af_packet:eth2 --impair "
	    "loss=1%%,delay=20ms,rate=1Gbit\n"
	    "  septet bridge --config FILE [...]\n\n"
	    "An --impair spoils both ways through the port before it: tx. is towards that port, "
	    "rx. "
	    "from it.\n");
	option_help(&table, out);
	fprintf(out,
	    "\nBYTES take K, M, G; a TIME takes ms, s, m, h, without a unit it is seconds. What "
	    "takes no\nargument may be given one, such as --quiet=no.\n"
	    "The exit code is 0; 1 when frames or buffers were lost track of, or the summary could "
	    "not be\nwritten; 2 when it could not start.\n");
}

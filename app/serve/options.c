/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of `septet serve`: the one table, and the checks that need several of them.
 * The defaults are written out here and handed to the engine as they are, so the help is true.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "base/addr.h"
#include "common/address.h"
#include "common/link.h"
#include "common/option.h"
#include "serve/serve.h"

static const struct service *const services[] = {
    &service_echo, &service_discard, &service_chargen, &service_http};

static int
parse_port(void *target, const char *value, char *error, size_t error_size)
{
	struct serve_options *o = target;

	if (o->port) {
		snprintf(error, error_size, "given twice: one program serves one port");
		return -EINVAL;
	}
	o->port = value;
	return spt_port_spec_parse(value, &o->spec, error, error_size);
}

static int
parse_address(void *target, const char *value, char *error, size_t error_size)
{
	struct serve_options *o = target;

	if (o->n_local == SERVE_LOCALS) {
		snprintf(error, error_size,
		    "at most %d times: a run like 10.0.0.1-10.0.0.9/24 is one", SERVE_LOCALS);
		return -EINVAL;
	}
	return address_parse_local(value, &o->local[o->n_local++], error, error_size);
}

static int
parse_gateway(void *target, const char *value, char *error, size_t error_size)
{
	struct serve_options *o = target;

	return link_parse_gateway(value, &o->engine, error, error_size);
}

static int
parse_listen(void *target, const char *value, char *error, size_t error_size)
{
	const char *colon = strchr(value, ':'), *names[RTE_DIM(services)], *nearest;
	struct serve_options *o = target;
	struct serve_listen *l;
	char name[16];

	if (o->n_listen == SERVE_LISTENERS) {
		snprintf(error, error_size, "at most %d times", SERVE_LISTENERS);
		return -EINVAL;
	}
	l = &o->listen[o->n_listen];
	snprintf(name, sizeof(name), "%.*s", (int)(colon ? colon - value : 15), value);
	l->service = NULL;
	for (size_t i = 0; i < RTE_DIM(services); i++) {
		names[i] = services[i]->name;
		if (strcmp(name, names[i]) == 0)
			l->service = services[i];
	}
	if (!l->service) {
		nearest = option_nearest(name, names, RTE_DIM(names));
		snprintf(error, error_size,
		    "no service '%s'%s%s%s: there are echo, discard, chargen and http, as in "
		    "http:80",
		    name, nearest ? " (did you mean '" : "", nearest ? nearest : "",
		    nearest ? "'?)" : "");
		return -EINVAL;
	}
	o->n_listen++;
	return address_parse_endpoint(colon ? colon + 1 : "", &l->local, error, error_size);
}

static int
parse_impair(void *target, const char *value, char *error, size_t error_size)
{
	struct serve_options *o = target;

	o->impair_text = value;
	return spt_impair_parse(value, &o->impair, error, error_size);
}

static int
parse_idle(void *target, const char *value, char *error, size_t error_size)
{
	static const char *const words[] = {
	    [SERVE_IDLE_AUTO] = "auto", [SERVE_IDLE_ON] = "on", [SERVE_IDLE_OFF] = "off"};
	int chosen = option_choice(value, words, RTE_DIM(words), error, error_size);

	if (chosen < 0)
		return chosen;
	((struct serve_options *)target)->idle = (uint32_t)chosen;
	return 0;
}

#define AT(field) .offset = offsetof(struct serve_options, field)
#define SIZED(field)                                                                               \
	.offset = offsetof(struct serve_options, field),                                           \
	.width = sizeof(((struct serve_options *)0)->field)

#define G_WHERE "Where"
#define G_WHAT  "What"
#define G_ROOM  "Room, for each core"
#define G_TCP   "Behaviour of TCP"
#define G_CORES "Cores and memory"
#define G_RUN   "The run"

#define MS_DAY 86400000

static const struct option_row rows[] = {
    {G_WHERE, "port", "SPEC", NULL,
        "where frames come from: tap:NAME, af_packet:IFACE, af_xdp:IFACE, "
        "memif:SOCKET[,role=server], vhost:PATH, virtio_user:PATH, pci:ADDRESS or "
        "vdev:DPDK-DEVICE-STRING",
        OPTION_PARSED, .parse = parse_port},
    {G_WHERE, "address", "IP/PREFIX", NULL,
        "a local address, or a run of them such as 10.0.0.1-10.0.0.9/24; may be repeated, IPv4 "
        "and IPv6",
        OPTION_PARSED, .parse = parse_address},
    {G_WHERE, "gateway", "IP", NULL, "the router for everything else; one for each family",
        OPTION_PARSED, .parse = parse_gateway},
    {G_WHERE, "mtu", "BYTES", "1500", "largest IP packet of the link", OPTION_BYTES, SIZED(mtu),
        .min = 1280, .max = 9600},
    {G_WHERE, "impair", "SPEC", NULL,
        "spoil the link, by a list joined with commas: loss=2%, delay=20ms, jitter=1ms, "
        "reorder=0.5%, duplicate=1%, corrupt=0.1%, rate=100Mbit, queue=1000, seed=7; rx.loss= or "
        "tx.loss= for one direction",
        OPTION_PARSED, .parse = parse_impair},
    {G_WHAT, "listen", "SERVICE:PORT", NULL,
        "echo, discard, chargen or http on a port of every address; SERVICE:ADDRESS:PORT or "
        "SERVICE:[IPV6]:PORT of one; may be repeated",
        OPTION_PARSED, .parse = parse_listen},
    {G_WHAT, "http-body", "BYTES", "64", "length of http's body", OPTION_BYTES, SIZED(http_body),
        .max = UINT64_C(1) << 40},
    {G_WHAT, "http-close", NULL, NULL,
        "http closes after each response, as clients such as dperf expect", OPTION_FLAG,
        AT(http_close)},
    {G_ROOM, "connections", "N", "4096", "most connections", OPTION_NUMBER,
        SIZED(engine.connections), .min = 1, .max = SERVE_CONNS_MAX},
    {G_ROOM, "half-open", "N", NULL, "most half-open records (default: as --connections)",
        OPTION_NUMBER, SIZED(engine.half_open), .min = 1, .max = SERVE_CONNS_MAX},
    {G_ROOM, "timewait", "N", NULL, "most TIME-WAIT records (default: 4 times --connections)",
        OPTION_NUMBER, SIZED(engine.timewait), .min = 1, .max = 4 * SERVE_CONNS_MAX},
    {G_ROOM, "backlog", "N", NULL, "most half-open records of one --listen (default: all)",
        OPTION_NUMBER, SIZED(conn.backlog), .min = 1, .max = SERVE_CONNS_MAX},
    {G_ROOM, "receive-buffer", "BYTES", "256K", "largest window of a connection", OPTION_BYTES,
        SIZED(conn.conn.receive_buffer), .min = 1024, .max = 1 << 30},
    {G_ROOM, "send-buffer", "BYTES", "256K", "unacknowledged and unsent bytes of a connection",
        OPTION_BYTES, SIZED(conn.conn.send_buffer), .min = 1024, .max = 1 << 30},
    {G_ROOM, "mbufs", "N", NULL,
        "packet buffers (default: 16384 and 4 a connection, at most 262144)", OPTION_NUMBER,
        SIZED(mbufs), .min = 4096, .max = 16 << 20},
    {G_TCP, "msl", "TIME", "30s", "maximum segment lifetime; TIME-WAIT lasts twice that",
        OPTION_TIME, SIZED(engine.msl_ms), .min = 1, .max = 600000},
    {G_TCP, "rto-min", "TIME", "200ms", "shortest retransmission time-out; RFC 6298 says 1s",
        OPTION_TIME, SIZED(engine.rto_min_ms), .min = 1, .max = 60000},
    {G_TCP, "keepalive", NULL, NULL, "probe idle connections (after 2 h, 9 times in 75 s)",
        OPTION_FLAG, AT(conn.conn.keepalive)},
    {G_TCP, "user-timeout", "TIME", NULL,
        "end a connection whose data stays unacknowledged this long (default: 100s and more)",
        OPTION_TIME, SIZED(conn.conn.user_timeout_ms), .min = 100, .max = MS_DAY},
    {G_TCP, "idle-timeout", "TIME", NULL,
        "abort a connection that receives nothing this long (default: never)", OPTION_TIME,
        SIZED(conn.conn.idle_timeout_ms), .min = 100, .max = MS_DAY},
    {G_TCP, "defer-accept", NULL, NULL, "a connection begins with its first data", OPTION_FLAG,
        AT(conn.defer_accept)},
    {G_TCP, "nodelay", NULL, NULL, "without Nagle's algorithm (http always is)", OPTION_FLAG,
        AT(conn.conn.nodelay)},
    {G_TCP, "no-delayed-ack", NULL, NULL, "acknowledge at once", OPTION_FLAG,
        AT(conn.conn.no_delayed_ack)},
    {G_TCP, "no-timestamps", NULL, NULL, "without the timestamps option (RFC 7323)", OPTION_FLAG,
        AT(conn.conn.no_timestamps)},
    {G_CORES, "cores", "N", "1", "engines, one a core and a queue of the port", OPTION_NUMBER,
        SIZED(cores), .min = 1, .max = SERVE_CORES},
    {G_CORES, "lcores", "LIST", NULL,
        "which cores, as EAL's --lcores (default: the first that we may use)", OPTION_STRING,
        AT(lcores)},
    {G_CORES, "idle-sleep", "WHEN", "auto",
        "nap up to 100 us when nothing happens: on, off, or auto: on ports without a NIC",
        OPTION_PARSED, .parse = parse_idle},
    {G_RUN, "duration", "TIME", NULL, "end by itself (default: at SIGINT, SIGTERM or SIGHUP)",
        OPTION_TIME, SIZED(duration_ms), .min = 1, .max = UINT32_MAX},
    {G_RUN, "drain-timeout", "TIME", "5s",
        "at the end, how long connections may take to close in order", OPTION_TIME, SIZED(drain_ms),
        .max = MS_DAY},
    {G_RUN, "json", "FILE", NULL, "write the summary there too", OPTION_STRING, AT(json)},
    {G_RUN, "quiet", NULL, NULL, "no status line, and only the sums at the end", OPTION_FLAG,
        AT(quiet)},
};

static int
check_listen(const struct serve_options *o, char *error, size_t error_size)
{
	char text[ADDRESS_TEXT * 2];

	for (unsigned int i = 0; i < o->n_listen; i++) {
		const struct spt_endpoint *e = &o->listen[i].local;
		bool local = addr_is_zero(&e->addr);

		for (unsigned int j = 0; j < o->n_local && !local; j++)
			local = address_in_run(&e->addr, &o->local[j]);
		serve_listen_text(&o->listen[i], text, sizeof(text));
		if (!local) {
			snprintf(error, error_size,
			    "--listen %s: the address is none of ours; give it with --address too",
			    text);
			return -EINVAL;
		}
		for (unsigned int j = 0; j < i; j++) {
			if (o->listen[j].local.port != e->port ||
			    !addr_eq(&o->listen[j].local.addr, &e->addr))
				continue;
			snprintf(
			    error, error_size, "--listen %s: another service has that port", text);
			return -EINVAL;
		}
	}
	return 0;
}

static int
check_all(struct serve_options *o, char *error, size_t error_size)
{
	const char *missing = NULL;
	int rc;

	if (!o->port)
		missing = "--port: where frames come from, such as --port tap:sept0";
	else if (o->n_local == 0)
		missing = "--address: who we are, such as --address 10.0.0.1/24";
	else if (o->n_listen == 0)
		missing = "--listen: what to serve, such as --listen http:80";
	if (missing) {
		snprintf(error, error_size, "missing %s", missing);
		return -EINVAL;
	}
	rc = link_check(o->local, o->n_local, &o->engine, error, error_size);
	if (rc == 0)
		rc = check_listen(o, error, error_size);
	return rc ? rc : option_check_output("json", o->json, error, error_size);
}

int
serve_options_parse(struct serve_options *o, int argc, char **argv, char *error, size_t error_size)
{
	int rest, rc;

	memset(o, 0, sizeof(*o));
	rc = option_parse(rows, RTE_DIM(rows), o, argc, argv, &rest, error, error_size);
	if (rc)
		return rc;
	o->eal = argv + rest;
	o->n_eal = (unsigned int)(argc - rest);
	rc = check_all(o, error, error_size);
	if (rc)
		return rc;
	if (o->mbufs == 0)
		o->mbufs = RTE_MIN(16384 + 4 * o->engine.connections, 262144u);
	o->engine.local = o->local;
	o->engine.n_local = o->n_local;
	o->engine.listeners = SERVE_LISTENERS;
	return 0;
}

void
serve_options_help(FILE *out)
{
	fprintf(out, "septet serve: a TCP server on a DPDK port\n\n"
	             "  septet serve --port SPEC --address IP/PREFIX --listen SERVICE:PORT [...] "
	             "[-- EAL-ARGUMENTS]\n"
	             "  septet serve --port tap:sept0 --address 10.0.0.1/24 --listen http:80 "
	             "--listen echo:7\n\nServices\n");
	for (size_t i = 0; i < RTE_DIM(services); i++)
		fprintf(out, "  %-28s%s\n", services[i]->name, services[i]->help);
	option_help(rows, RTE_DIM(rows), out);
	fprintf(out,
	    "\nBYTES take K, M, G; a TIME takes ms, s, m, h, without a unit it is seconds.\n"
	    "The exit code is 0; 1 when frames or buffers were lost track of; 2 when it "
	    "could not start.\n");
}

const char *
serve_listen_text(const struct serve_listen *listen, char *text, size_t size)
{
	char endpoint[ADDRESS_TEXT];

	snprintf(text, size, "%s %s", listen->service->name,
	    address_endpoint_text(&listen->local, endpoint));
	return text;
}

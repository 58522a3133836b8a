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
#include "common/rows.h"
#include "serve/serve.h"

static const struct service *const services[] = {
    &service_echo, &service_discard, &service_chargen, &service_http};

static int
parse_listen(void *target, const char *value, char *error, size_t error_size)
{
	const char *colon = strchr(value, ':'), *names[RTE_DIM(services)], *nearest;
	struct serve_options *o = target;
	struct serve_listen *l;
	char name[16];

	if (o->n_listen == SERVE_LISTENERS) {
		snprintf(error, error_size,
		    "'%s' is one too many: expected at most %d, leave it away", value,
		    SERVE_LISTENERS);
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
		    "'%s' names no service: expected echo, discard, chargen or http, such as "
		    "http:80%s%s%s",
		    value, nearest ? "; did you mean " : "", nearest ? nearest : "",
		    nearest ? "?" : "");
		return -EINVAL;
	}
	o->n_listen++;
	if (address_parse_endpoint(colon ? colon + 1 : "", &l->local, error, error_size) == 0)
		return 0;
	snprintf(error, error_size,
	    "'%s' names no port that can be: expected SERVICE:PORT, SERVICE:ADDRESS:PORT or "
	    "SERVICE:[IPV6]:PORT, a port from 1 to 65535, such as %s:80",
	    value, name);
	return -EINVAL;
}

static int
parse_cookies(void *target, const char *value, char *error, size_t error_size)
{
	struct serve_options *o = target;

	return rows_choose_cookies(value, &o->engine.syn_cookies, error, error_size);
}

static int
parse_secret(void *target, const char *value, char *error, size_t error_size)
{
	struct serve_options *o = target;

	o->engine.cookie_secret = o->cookie_secret;
	return secret_read(value, o->cookie_secret, error, error_size) ? -EINVAL : 0;
}

#define AT(field) .offset = offsetof(struct serve_options, field)
#define SIZED(field)                                                                               \
	.offset = offsetof(struct serve_options, field),                                           \
	.width = sizeof(((struct serve_options *)0)->field)

static const struct option_row rows[] = {
    {GROUP_WHAT, "listen", "SERVICE:PORT", NULL, "http:80",
        "echo, discard, chargen or http on a port of every address; SERVICE:ADDRESS:PORT or "
        "SERVICE:[IPV6]:PORT of one; may be repeated",
        OPTION_PARSED, .many = true, .parse = parse_listen},
    {GROUP_WHAT, "http-body", "BYTES", "64", NULL, "length of http's body", OPTION_BYTES,
        SIZED(http_body), .max = UINT64_C(1) << 40},
    {GROUP_WHAT, "http-close", NULL, NULL, NULL,
        "http closes after each response, as clients such as dperf expect", OPTION_FLAG,
        AT(http_close)},
    {GROUP_ROOM, "connections", "N", "4096", NULL, "most connections", OPTION_NUMBER,
        SIZED(engine.connections), .min = 1, .max = SERVE_CONNS_MAX},
    {GROUP_ROOM, "half-open", "N", NULL, "4096",
        "most half-open records (default: as --connections)", OPTION_NUMBER,
        SIZED(engine.half_open), .min = 1, .max = SERVE_CONNS_MAX},
    {GROUP_ROOM, "timewait", "N", NULL, "16384",
        "most TIME-WAIT records (default: 4 times --connections)", OPTION_NUMBER,
        SIZED(engine.timewait), .min = 1, .max = 4 * SERVE_CONNS_MAX},
    {GROUP_ROOM, "backlog", "N", NULL, "1024",
        "most half-open records of one --listen (default: all)", OPTION_NUMBER, SIZED(conn.backlog),
        .min = 1, .max = SERVE_CONNS_MAX},
    {GROUP_ROOM, "mbufs", "N", NULL, "32768",
        "packet buffers (default: 16384 and 4 a connection, at most 262144)", OPTION_NUMBER,
        SIZED(mbufs), .min = 4096, .max = 16 << 20},
    {GROUP_TCP, "user-timeout", "TIME", NULL, "100s",
        "end a connection whose data stays unacknowledged this long (default: 100s and more)",
        OPTION_TIME, SIZED(conn.conn.user_timeout_ms), .min = 100, .max = ROWS_MS_DAY},
    {GROUP_TCP, "idle-timeout", "TIME", NULL, "1m",
        "abort a connection that receives nothing this long (default: never)", OPTION_TIME,
        SIZED(conn.conn.idle_timeout_ms), .min = 100, .max = ROWS_MS_DAY},
    {GROUP_TCP, "defer-accept", NULL, NULL, NULL, "a connection begins with its first data",
        OPTION_FLAG, AT(conn.defer_accept)},
    {GROUP_TCP, "syn-cookies", "WHEN", "auto", NULL,
        "answer SYNs without keeping state: always, never, or auto: past a backlog, and under a "
        "flood (docs/syn-flood.md)",
        OPTION_PARSED, .parse = parse_cookies},
    {GROUP_TCP, "cookie-secret", "FILE", NULL, "cookie.secret",
        "64 hexadecimal digits that several hosts share: each completes handshakes that another "
        "began (default: a secret of this run)",
        OPTION_PARSED, .parse = parse_secret},
    {GROUP_CORES, "cores", "N", "1", NULL, "cores, and queues and engines of each port",
        OPTION_NUMBER, SIZED(cores), .min = 1, .max = SERVE_CORES},
    {GROUP_RUN, "duration", "TIME", NULL, "10s",
        "end by itself (default: at SIGINT, SIGTERM or SIGHUP)", OPTION_TIME, SIZED(duration_ms),
        .min = 1, .max = ROWS_MS_MOST},
    {GROUP_RUN, "drain-timeout", "TIME", "5s", NULL,
        "at the end, how long connections may take to close in order", OPTION_TIME, SIZED(drain_ms),
        .max = ROWS_MS_DAY},
    {GROUP_RUN, "json", "FILE", NULL, "serve.json", "write the summary there too", OPTION_STRING,
        AT(json.path)},
};

static const char *const groups[] = {
    GROUP_PORT, GROUP_WHAT, GROUP_ROOM, GROUP_TCP, GROUP_CORES, GROUP_RUN};

static void
command_line(void *argument, bool anew)
{
	link_command_line(argument, anew);
}

static struct option_table
table_of(struct serve_options *o, struct option_set sets[ROWS_SETS])
{
	const struct option_set own = {rows, RTE_DIM(rows), o};

	rows_common(sets, own, &o->link, &o->engine, &o->conn.conn);
	return (struct option_table){
	    .command = "serve",
	    .set = sets,
	    .n_sets = ROWS_SETS,
	    .group = groups,
	    .n_groups = RTE_DIM(groups),
	    .anew = "port",
	    .command_line = command_line,
	    .argument = &o->link,
	};
}

/* Two services on one port of one address. */
static bool
listens_again(const struct serve_options *o, unsigned int at)
{
	const struct spt_endpoint *e = &o->listen[at].local;

	for (unsigned int i = 0; i < at; i++)
		if (o->listen[i].local.port == e->port &&
		    addr_eq(&o->listen[i].local.addr, &e->addr))
			return true;
	return false;
}

/* As it is written on a command line. */
static const char *
listen_value(const struct serve_listen *l, char *text, size_t size)
{
	char endpoint[ADDRESS_TEXT];

	if (addr_is_zero(&l->local.addr))
		snprintf(text, size, "%s:%u", l->service->name, l->local.port);
	else
		snprintf(text, size, "%s:%s", l->service->name,
		    address_endpoint_text(&l->local, endpoint));
	return text;
}

static int
check_listen(struct serve_options *o, char *error, size_t error_size)
{
	char text[ADDRESS_TEXT * 2];

	for (unsigned int i = 0; i < o->n_listen; i++) {
		struct serve_listen *l = &o->listen[i];
		bool every = addr_is_zero(&l->local.addr);

		l->port = every ? -1 : link_port_of(&o->link, &l->local.addr);
		listen_value(l, text, sizeof(text));
		if (!every && addr_is_v4(&l->local.addr) && addr_v4(&l->local.addr) == 0) {
			snprintf(error, error_size,
			    "--listen '%s': 0.0.0.0 is no address of ours; expected --listen %s:%u "
			    "for every address, IPv4 and IPv6, write that",
			    text, l->service->name, l->local.port);
			return -EINVAL;
		}
		if (!every && l->port < 0) {
			snprintf(error, error_size,
			    "--listen '%s': the address is none of ours; expected one of "
			    "--address, "
			    "or give it there too",
			    text);
			return -EINVAL;
		}
		if (listens_again(o, i)) {
			snprintf(error, error_size,
			    "--listen '%s': another service has that port; expected one for each, "
			    "choose another port",
			    text);
			return -EINVAL;
		}
	}
	return 0;
}

static int
check_all(struct serve_options *o, char *error, size_t error_size)
{
	const struct link_options *link = &o->link;
	const char *missing = NULL;
	int rc;

	if (link->n_ports == 0)
		missing = "--port: expected where frames come from, such as --port tap:sept0";
	else if (link->n_local == 0)
		missing = "--address: expected who we are, such as --address 10.0.0.1/24";
	else if (o->n_listen == 0)
		missing = "--listen: expected what to serve, such as --listen http:80";
	if (missing) {
		snprintf(error, error_size, "missing %s", missing);
		return -EINVAL;
	}
	rc = link_check(link, error, error_size);
	if (rc == 0 && link_is_memory(link)) {
		snprintf(error, error_size,
		    "--port 'memory' leads to nobody: expected one that leads out of this process, "
		    "or use 'septet bench', which has a server of its own");
		rc = -EINVAL;
	}
	for (unsigned int i = 0; i < link->n_ports && rc == 0; i++) {
		if (link->of[i].n_local)
			continue;
		snprintf(error, error_size,
		    "--port '%s' has no --address: expected one behind it, such as --address "
		    "10.0.%u.1/24",
		    link->port[i].spec.text, i);
		rc = -EINVAL;
	}
	if (rc == 0)
		rc = check_listen(o, error, error_size);
	return rc ? rc : output_open(&o->json, "json", error, error_size);
}

int
serve_options_parse(struct serve_options *o, int argc, char **argv, char *error, size_t error_size)
{
	struct option_set sets[ROWS_SETS];
	struct option_table table = table_of(o, sets);
	int rest, rc;

	memset(o, 0, sizeof(*o));
	rc = option_parse(&table, argc, argv, &rest, error, error_size);
	if (rc)
		return rc;
	o->eal = argv + rest;
	o->n_eal = (unsigned int)(argc - rest);
	rc = check_all(o, error, error_size);
	if (rc)
		return rc;
	if (o->mbufs == 0)
		o->mbufs = RTE_MIN(16384 + 4 * o->engine.connections, 262144u);
	o->engine.listeners = SERVE_LISTENERS;
	link_finish(&o->link);
	return 0;
}

void
serve_options_free(struct serve_options *o)
{
	output_close(&o->json);
	link_free(&o->link);
}

void
serve_options_help(FILE *out)
{
	struct option_set sets[ROWS_SETS];
	struct option_table table = table_of(&(struct serve_options){0}, sets);

	fprintf(out, "septet serve: a TCP server on DPDK ports\n\n"
	             "  septet serve --port SPEC --address IP/PREFIX --listen SERVICE:PORT [...] "
	             "[-- EAL-ARGUMENTS]\n"
	             "  septet serve --port tap:sept0 --address 10.0.0.1/24 --listen http:80 "
	             "--listen echo:7\n"
	             "  septet serve --config FILE [...]\n\nServices\n");
	for (size_t i = 0; i < RTE_DIM(services); i++)
		fprintf(out, "  %-28s%s\n", services[i]->name, services[i]->help);
	option_help(&table, out);
	fprintf(out, "\nBYTES take K, M, G; a TIME takes ms, s, m, h, without a unit it is "
	             "seconds. What takes "
	             "no\nargument may be given one, such as --quiet=no.\n"
	             "The exit code is 0; 1 when frames or buffers were lost track of, or the "
	             "summary could not\nbe "
	             "written; 2 when it could not start.\n");
}

const char *
serve_listen_text(const struct serve_listen *listen, char *text, size_t size)
{
	char endpoint[ADDRESS_TEXT];

	snprintf(text, size, "%s %s", listen->service->name,
	    address_endpoint_text(&listen->local, endpoint));
	return text;
}

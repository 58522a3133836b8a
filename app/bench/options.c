/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of `septet bench`: the one table, and how their values are read. What they mean
 * together is in check.c.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "bench/check.h"
#include "bench/options.h"
#include "common/address.h"
#include "common/rows.h"

#define RATE_MAX  1e9
#define BYTES_MAX (1u << 30)

#define BENCH_SETS (ROWS_SETS + 1)

/* What the table fills in: the options, which were given, and what belongs to others. */
struct bench_parsed {
	struct bench_options o;
	struct bench_given given;
	uint32_t http_body;
};

static const char *const mode_words[] = {
    [MODE_CONNECTIONS] = "connections",
    [MODE_CONCURRENT] = "concurrent",
    [MODE_REQUESTS] = "requests",
    [MODE_THROUGHPUT] = "throughput",
    "flood",
};

static const char *const exchange_words[] = {
    [EXCHANGE_NONE] = "none",
    [EXCHANGE_ECHO] = "echo",
    [EXCHANGE_DISCARD] = "discard",
    [EXCHANGE_CHARGEN] = "chargen",
    [EXCHANGE_HTTP] = "http",
};

static const char *const close_words[] = {
    [CLOSE_CLIENT] = "client", [CLOSE_SERVER] = "server", [CLOSE_RESET] = "reset"};

/* The first is DIRECTION_UP, 1. */
static const char *const direction_words[] = {"up", "down", "both"};

const char *
bench_mode_name(const struct bench_options *options)
{
	return options->flood.on ? "flood" : mode_words[options->mode];
}

const char *
bench_exchange_name(enum bench_exchange exchange)
{
	return exchange_words[exchange];
}

const char *
bench_close_name(enum bench_close close)
{
	return close_words[close];
}

const char *
bench_direction_name(enum bench_direction direction)
{
	return direction_words[direction - 1];
}

static int
parse_target(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_options *o = target;
	int at = link_at(&o->link, "target", error, error_size);
	struct spt_endpoint *e;

	if (at < 0)
		return at;
	if (o->n_target == BENCH_TARGETS) {
		snprintf(error, error_size,
		    "'%s' is one too many: expected at most %d, leave it away", value,
		    BENCH_TARGETS);
		return -EINVAL;
	}
	e = &o->target[o->n_target];
	if (!strchr(value, ':') || address_parse_endpoint(value, e, error, error_size) != 0) {
		snprintf(error, error_size,
		    "'%s' is no address and port: expected ADDRESS:PORT or [IPV6]:PORT, a port "
		    "from 1 to 65535, such as 10.0.0.2:80",
		    value);
		return -EINVAL;
	}
	o->target_port[o->n_target++] = (uint8_t)at;
	return 0;
}

static int
parse_source_ports(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_options *o = target;
	unsigned int low, high;
	int end = 0;

	if (!isdigit((unsigned char)value[0]) ||
	    sscanf(value, "%5u-%5u%n", &low, &high, &end) != 2 || value[end] || low < 1 ||
	    high > UINT16_MAX || low > high) {
		snprintf(error, error_size,
		    "'%s' is no range of ports: expected LOW-HIGH, from 1 to 65535, such as "
		    "1024-65535",
		    value);
		return -EINVAL;
	}
	o->port_first = (uint16_t)low;
	o->port_last = (uint16_t)high;
	return 0;
}

static int
parse_mode(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_parsed *p = target;
	int chosen = option_choice(value, mode_words, RTE_DIM(mode_words), error, error_size);

	p->o.flood.on = chosen > MODE_THROUGHPUT;
	p->o.mode = chosen < 0 || p->o.flood.on ? MODE_CONNECTIONS : (enum bench_mode)chosen;
	p->given.mode = true;
	return RTE_MIN(chosen, 0);
}

static int
parse_close(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_parsed *p = target;
	int chosen = option_choice(value, close_words, RTE_DIM(close_words), error, error_size);

	p->o.close = chosen < 0 ? CLOSE_CLIENT : (enum bench_close)chosen;
	p->given.close = true;
	return RTE_MIN(chosen, 0);
}

static int
parse_direction(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_parsed *p = target;
	int chosen =
	    option_choice(value, direction_words, RTE_DIM(direction_words), error, error_size);

	p->o.direction = (enum bench_direction)(chosen + 1);
	p->given.direction = true;
	return RTE_MIN(chosen, 0);
}

/* "64", "16K", "2M" of payload; 0 or -EINVAL. */
static int
parse_size(const char *text, uint32_t *bytes)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t value;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	value = strtoull(text, &end, 10);
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (*end && (!unit || end[1]))
		return -EINVAL;
	if (value > BYTES_MAX)
		return -EINVAL;
	value <<= unit ? 10 * (unit - units + 1) : 0;
	if (value < 1 || value > BYTES_MAX)
		return -EINVAL;
	*bytes = (uint32_t)value;
	return 0;
}

static int
parse_request_rest(struct bench_options *o, const char *rest, char *error, size_t error_size)
{
	if (o->exchange == EXCHANGE_HTTP) {
		if (rest[0] != '/' || strlen(rest) >= sizeof(o->path) || strpbrk(rest, " \t\r\n")) {
			snprintf(error, error_size,
			    "'http:%.60s' has no path: expected one that begins with / and has no "
			    "blanks, at most %d bytes, such as --request http:/index.html",
			    rest, BENCH_PATH - 1);
			return -EINVAL;
		}
		memcpy(o->path, rest, strlen(rest) + 1);
		return 0;
	}
	if (o->exchange == EXCHANGE_NONE || parse_size(rest, &o->request_bytes) != 0) {
		snprintf(error, error_size,
		    "'%s:%.60s' has no length that fits: expected 1 to 1G bytes (K, M, G) of echo, "
		    "discard or chargen, such as --request echo:16K",
		    exchange_words[o->exchange], rest);
		return -EINVAL;
	}
	return 0;
}

static int
parse_request(void *target, const char *value, char *error, size_t error_size)
{
	const char *colon = strchr(value, ':');
	struct bench_parsed *p = target;
	char word[16];
	int chosen;

	snprintf(word, sizeof(word), "%.*s", (int)(colon ? colon - value : 15), value);
	chosen = option_choice(word, exchange_words, RTE_DIM(exchange_words), error, error_size);
	if (chosen < 0)
		return chosen;
	p->o.exchange = (enum bench_exchange)chosen;
	p->o.request_bytes = 0;
	p->o.path[0] = '\0';
	p->given.request = true;
	return colon ? parse_request_rest(&p->o, colon + 1, error, error_size) : 0;
}

static int
parse_http_body(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_parsed *p = target;

	p->given.http_body = true;
	if (parse_size(value, &p->http_body) == 0)
		return 0;
	snprintf(error, error_size,
	    "'%s' is no length: expected 1 to 1G bytes (K, M, G), such as --http-body 16K", value);
	return -EINVAL;
}

int
bench_options_rate(const char *text, char stop, double *rate, const char **rest)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	*rate = strtod(text, &end);
	if (*end == 'K' || *end == 'k') {
		*rate *= 1e3;
		end++;
	} else if (*end == 'M' || *end == 'm') {
		*rate *= 1e6;
		end++;
	}
	*rest = end + 1;
	return *end == stop && isfinite(*rate) && *rate > 0 && *rate <= RATE_MAX ? 0 : -EINVAL;
}

static int
parse_rate(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_parsed *p = target;
	const char *rest;

	p->given.rate = true;
	p->o.flood.alone = strcmp(value, "0") == 0;
	if (p->o.flood.alone)
		return 0;
	if (bench_options_rate(value, '\0', &p->o.rate, &rest) == 0)
		return 0;
	snprintf(error, error_size,
	    "'%s' is no rate: expected a number above 0 and at most 1000M a second, such as "
	    "250000, 500K or 1.5M",
	    value);
	return -EINVAL;
}

static int
parse_ramp(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_options *o = target;
	const char *to = NULL, *rest;

	o->ramp = true;
	if (bench_options_rate(value, ':', &o->ramp_from, &to) == 0 &&
	    bench_options_rate(to, '\0', &o->ramp_to, &rest) == 0)
		return 0;
	snprintf(error, error_size,
	    "'%s' is no ramp: expected FROM:TO, two rates above 0 and at most 1000M, such as "
	    "10K:1.5M",
	    value);
	return -EINVAL;
}

static int
parse_max_failures(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_parsed *p = target;
	double percent = -1;
	char *end = NULL;

	if (isdigit((unsigned char)value[0]))
		percent = strtod(value, &end);
	if (end && *end == '%')
		end++;
	if (!end || *end || !(percent >= 0 && percent <= 100)) {
		snprintf(error, error_size,
		    "'%s' is no share: expected a percentage from 0%% to 100%%, such as 0.1%%",
		    value);
		return -EINVAL;
	}
	p->o.max_failures = percent / 100;
	p->given.max_failures = true;
	return 0;
}

#define AT(field) .offset = offsetof(struct bench_options, field)
#define SIZED(field)                                                                               \
	.offset = offsetof(struct bench_options, field),                                           \
	.width = sizeof(((struct bench_options *)0)->field)

static const struct option_row rows[] = {
    {GROUP_PORT, "target", "IP:PORT", NULL, "10.0.0.2:80",
        "whom to connect to; may be repeated: taken in turn (with --port memory 10.0.0.2 or "
        "fd00::2 and any port)",
        OPTION_PARSED, .many = true, .parse = parse_target},
    {GROUP_WHAT, "mode", "MODE", "connections", NULL,
        "connections: open, exchange, close, again and again; concurrent: open many and hold "
        "them; requests: many on each connection; throughput: bulk data; flood: connections "
        "beside a flood of forged SYNs",
        OPTION_PARSED, .parse = parse_mode},
    {GROUP_WHAT, "request", "WHAT", NULL, "http",
        "what is said on a connection: none, echo[:BYTES], discard[:BYTES], chargen[:BYTES] or "
        "http[:PATH] (default: none, of --mode requests http)",
        OPTION_PARSED, .parse = parse_request},
    {GROUP_WHAT, "http-body", "BYTES", "64", NULL,
        "length of the body that the embedded server sends", OPTION_PARSED,
        .parse = parse_http_body},
    {GROUP_WHAT, "requests", "N", NULL, "10",
        "on each connection (default: 1; of --mode requests as many as fit)", OPTION_NUMBER,
        SIZED(requests), .min = 1, .max = UINT32_MAX},
    {GROUP_WHAT, "connections", "N", NULL, "10000",
        "to hold in --mode concurrent (default 10000); in parallel in requests (64) and "
        "throughput (1)",
        OPTION_NUMBER, SIZED(connections), .min = 1, .max = 16 << 20},
    {GROUP_WHAT, "traffic", "TIME", NULL, "10s",
        "--mode concurrent: a request on each connection so often (default: none)", OPTION_TIME,
        SIZED(traffic_ms), .min = 1, .max = ROWS_MS_DAY},
    {GROUP_WHAT, "close", "WHO", "client", NULL,
        "who ends a connection: client or server by FIN, or the client by reset", OPTION_PARSED,
        .parse = parse_close},
    {GROUP_WHAT, "direction", "WAY", "up", NULL,
        "--mode throughput: up (to the server), down or both", OPTION_PARSED,
        .parse = parse_direction},
    {GROUP_WHAT, "verify", NULL, NULL, NULL,
        "compare every byte that comes back: of http with the other responses of the target",
        OPTION_FLAG, AT(verify)},
    {GROUP_MUCH, "duration", "TIME", NULL, "10s",
        "how long the load lasts (default: 10s, with --attempts until they are begun; each step of "
        "--mode flood: 5s)",
        OPTION_TIME, SIZED(duration_ms), .min = 10, .max = ROWS_MS_MOST},
    {GROUP_MUCH, "rate", "N", NULL, "500K",
        "a second: connections, in --mode requests requests; 500K and 1.5M are understood "
        "(default: as fast as possible; --mode flood 2000, and 0 is a flood alone)",
        OPTION_PARSED, .parse = parse_rate},
    {GROUP_MUCH, "ramp", "FROM:TO", NULL, "10K:1.5M", "the rate goes evenly from one to the other",
        OPTION_PARSED, .parse = parse_ramp},
    {GROUP_MUCH, "search", NULL, NULL, NULL,
        "look for the highest rate that fails no more than --max-failures, to about 1 %",
        OPTION_FLAG, AT(search)},
    {GROUP_MUCH, "max-failures", "PERCENT", "0.1%", NULL, "of --search", OPTION_PARSED,
        .parse = parse_max_failures},
    {GROUP_MUCH, "concurrency", "N", NULL, "256",
        "connections in progress at most (default: 256; in --mode flood, and with a rate and "
        "another --port than memory 16384)",
        OPTION_NUMBER, SIZED(concurrency), .min = 1, .max = 4 << 20},
    {GROUP_MUCH, "attempts", "N", NULL, "1000000", "end when so many connections were begun",
        OPTION_NUMBER, SIZED(attempts), .min = 1, .max = INT64_MAX},
    {GROUP_MUCH, "timeout", "TIME", "5s", NULL,
        "a handshake or a response that takes longer has failed", OPTION_TIME, SIZED(timeout_ms),
        .min = 1, .max = ROWS_MS_DAY},
    {GROUP_MUCH, "drain", "TIME", "10s", NULL, "how long what is in progress at the end may take",
        OPTION_TIME, SIZED(drain_ms), .max = ROWS_MS_DAY},
    {GROUP_TCP, "source-ports", "LOW-HIGH", "1024-65535", NULL, "of each source address",
        OPTION_PARSED, .parse = parse_source_ports},
    {GROUP_TCP, "timewait", "N", NULL, "1048576",
        "most TIME-WAIT records of an engine (default: what the mode needs, at most 1048576)",
        OPTION_NUMBER, SIZED(engine.timewait), .min = 1, .max = 64 << 20},
    {GROUP_CORES, "cores", "N", NULL, "2",
        "cores, and queues and engines of each port (default: 1; with --port memory 2 where there "
        "are two: one for each end)",
        OPTION_NUMBER, SIZED(cores), .min = 1, .max = BENCH_CORES},
    {GROUP_CORES, "mbufs", "N", NULL, "32768",
        "packet buffers of an engine (default: what connections and data need)", OPTION_NUMBER,
        SIZED(mbufs), .min = 4096, .max = 16 << 20},
    {GROUP_RUN, "json", "FILE", NULL, "bench.json",
        "write every figure there: docs/bench.md has the names", OPTION_STRING, AT(json.path)},
    {GROUP_RUN, "plot", "FILE.svg", NULL, "bench.svg", "draw rate and latency over time",
        OPTION_STRING, AT(plot.path)},
    {GROUP_RUN, "hold", NULL, NULL, NULL,
        "after the summary keep the port open until SIGTERM or SIGINT (memif: its other end "
        "does not survive that this one goes first)",
        OPTION_FLAG, AT(hold)},
};

static const char *const groups[] = {
    GROUP_PORT, GROUP_WHAT, GROUP_MUCH, GROUP_FLOOD, GROUP_TCP, GROUP_CORES, GROUP_RUN};

/* Targets go with the ports of the file. */
static void
command_line(void *argument, bool anew)
{
	struct bench_options *o = argument;

	if (link_command_line(&o->link, anew))
		o->n_target = 0;
}

static struct option_table
table_of(struct bench_parsed *p, struct option_set sets[BENCH_SETS])
{
	const struct option_set own = {rows, RTE_DIM(rows), p};

	rows_common(sets, own, &p->o.link, &p->o.engine, &p->o.conn);
	sets[ROWS_SETS] = (struct option_set){flood_rows, n_flood_rows, &p->o.flood};
	return (struct option_table){
	    .command = "bench",
	    .set = sets,
	    .n_sets = BENCH_SETS,
	    .group = groups,
	    .n_groups = RTE_DIM(groups),
	    .anew = "port",
	    .command_line = command_line,
	    .argument = &p->o,
	};
}

/* The picture would take the place of the figures. */
static int
open_outputs(struct bench_options *o, char *error, size_t error_size)
{
	int rc;

	rc = output_open(&o->json, "json", error, error_size);
	if (rc == 0)
		rc = output_open(&o->plot, "plot", error, error_size);
	if (rc || !output_same(&o->json, &o->plot))
		return rc;
	snprintf(error, error_size,
	    "--json and --plot are both '%s': expected two files, give another for one",
	    o->plot.path);
	return -EINVAL;
}

int
bench_options_parse(struct bench_options *o, int argc, char **argv, char *error, size_t error_size)
{
	struct option_set sets[BENCH_SETS];
	struct bench_parsed parsed;
	struct option_table table = table_of(&parsed, sets);
	int rest, rc;

	memset(&parsed, 0, sizeof(parsed));
	parsed.o.direction = DIRECTION_UP;
	parsed.o.max_failures = 0.001;
	rc = option_parse(&table, argc, argv, &rest, error, error_size);
	*o = parsed.o;
	if (rc)
		return rc;
	o->eal = argv + rest;
	o->n_eal = (unsigned int)(argc - rest);
	if (parsed.given.http_body)
		o->request_bytes = parsed.http_body;
	if (o->link.n_ports == 0)
		rc = link_parse_port(&o->link, "memory", error, error_size);
	if (rc == 0)
		rc = bench_options_check(o, &parsed.given, error, error_size);
	if (rc == 0)
		rc = open_outputs(o, error, error_size);
	if (rc)
		return rc;
	bench_options_size(o);
	link_finish(&o->link);
	return 0;
}

void
bench_options_free(struct bench_options *o)
{
	output_close(&o->json);
	output_close(&o->plot);
	link_free(&o->link);
}

void
bench_options_help(FILE *out)
{
	struct option_set sets[BENCH_SETS];
	struct bench_parsed none;
	struct option_table table = table_of(&none, sets);

	fprintf(out,
	    "septet bench: how many connections, requests or bits a second\n\n"
	    "  septet bench                                client and server in this process\n"
	    "  septet bench --search                       the highest rate without failures\n"
	    "  septet bench --port SPEC --address IP/PREFIX --target IP:PORT [...] "
	    "[-- EAL-ARGUMENTS]\n"
	    "  septet bench --port tap:sept0 --address 10.0.0.1/24 --target 10.0.0.2:80 "
	    "--request http\n"
	    "  septet bench --config FILE [...]\n");
	option_help(&table, out);
	fprintf(out,
	    "\nBYTES take K, M, G; a TIME takes ms, s, m, h, without a unit it is seconds. What "
	    "takes "
	    "no\nargument may be given one, such as --quiet=no.\n"
	    "The exit code is 0; 1 when nothing succeeded, counts disagree, buffers were lost or "
	    "something\n"
	    "could not be written; 2 when it could not start.\n");
}

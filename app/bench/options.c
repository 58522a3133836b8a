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
#include "common/link.h"
#include "common/option.h"

#define RATE_MAX  1e9
#define BYTES_MAX (1u << 30)

/* What the table fills in: the options, and which were given. */
struct bench_parsed {
	struct bench_options o;
	struct bench_given given;
};

static const char *const mode_words[] = {
    [MODE_CONNECTIONS] = "connections",
    [MODE_CONCURRENT] = "concurrent",
    [MODE_REQUESTS] = "requests",
    [MODE_THROUGHPUT] = "throughput",
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
bench_mode_name(enum bench_mode mode)
{
	return mode_words[mode];
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
parse_port(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_options *o = target;

	if (o->port) {
		snprintf(error, error_size, "given twice: the load goes through one port");
		return -EINVAL;
	}
	o->port = value;
	return spt_port_spec_parse(value, &o->spec, error, error_size);
}

static int
parse_address(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_options *o = target;

	if (o->n_local == BENCH_LOCALS) {
		snprintf(error, error_size,
		    "at most %d times: a run like 10.0.0.1-10.0.0.9/24 is one", BENCH_LOCALS);
		return -EINVAL;
	}
	return address_parse_local(value, &o->local[o->n_local++], error, error_size);
}

static int
parse_gateway(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_options *o = target;

	return link_parse_gateway(value, &o->engine, error, error_size);
}

static int
parse_target(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_options *o = target;
	struct spt_endpoint *e;

	if (o->n_target == BENCH_TARGETS) {
		snprintf(error, error_size, "at most %d times", BENCH_TARGETS);
		return -EINVAL;
	}
	if (!strchr(value, ':')) {
		snprintf(error, error_size, "'%s': expected ADDRESS:PORT or [IPV6]:PORT", value);
		return -EINVAL;
	}
	e = &o->target[o->n_target++];
	return address_parse_endpoint(value, e, error, error_size);
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
		    "'%s': expected LOW-HIGH, ports from 1 to 65535, such as 1024-65535", value);
		return -EINVAL;
	}
	o->port_first = (uint16_t)low;
	o->port_last = (uint16_t)high;
	return 0;
}

static int
parse_impair(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_options *o = target;

	o->impair_text = value;
	return spt_impair_parse(value, &o->impair, error, error_size);
}

static int
parse_mode(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_parsed *p = target;
	int chosen = option_choice(value, mode_words, RTE_DIM(mode_words), error, error_size);

	p->o.mode = chosen < 0 ? MODE_CONNECTIONS : (enum bench_mode)chosen;
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

static int
parse_idle(void *target, const char *value, char *error, size_t error_size)
{
	static const char *const words[] = {
	    [BENCH_IDLE_AUTO] = "auto", [BENCH_IDLE_ON] = "on", [BENCH_IDLE_OFF] = "off"};
	int chosen = option_choice(value, words, RTE_DIM(words), error, error_size);

	((struct bench_options *)target)->idle =
	    chosen < 0 ? BENCH_IDLE_AUTO : (enum bench_idle)chosen;
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
			    "'%.60s': expected a path that begins with / and has no blanks, at "
			    "most %d bytes",
			    rest, BENCH_PATH - 1);
			return -EINVAL;
		}
		memcpy(o->path, rest, strlen(rest) + 1);
		return 0;
	}
	if (o->exchange == EXCHANGE_NONE || parse_size(rest, &o->request_bytes) != 0) {
		snprintf(error, error_size,
		    "'%.60s': expected bytes such as 64, 16K or 2M, 1 to 1G, as in echo:64", rest);
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
	p->given.request = true;
	return colon ? parse_request_rest(&p->o, colon + 1, error, error_size) : 0;
}

static int
parse_http_body(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_parsed *p = target;

	p->given.http_body = true;
	if (parse_size(value, &p->o.request_bytes) == 0)
		return 0;
	snprintf(error, error_size, "'%s': expected bytes such as 64, 16K or 2M, 1 to 1G", value);
	return -EINVAL;
}

/* A rate ends at 'stop'. 0 or -EINVAL. */
static int
parse_rate_value(const char *text, char stop, double *rate, const char **rest)
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
	if (parse_rate_value(value, '\0', &p->o.rate, &rest) == 0)
		return 0;
	snprintf(error, error_size, "'%s': expected a rate such as 250000, 500K or 1.5M", value);
	return -EINVAL;
}

static int
parse_ramp(void *target, const char *value, char *error, size_t error_size)
{
	struct bench_options *o = target;
	const char *to = NULL, *rest;

	o->ramp = true;
	if (parse_rate_value(value, ':', &o->ramp_from, &to) == 0 &&
	    parse_rate_value(to, '\0', &o->ramp_to, &rest) == 0)
		return 0;
	snprintf(error, error_size, "'%s': expected FROM:TO, two rates such as 10K:1.5M", value);
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
		snprintf(error, error_size, "'%s': expected a percentage such as 0.1%%", value);
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

#define G_WHERE "Where"
#define G_WHAT  "What"
#define G_MUCH  "How much"
#define G_TCP   "Room and behaviour of TCP"
#define G_CORES "Cores and memory"
#define G_OUT   "Output"

#define MS_DAY 86400000

static const struct option_row rows[] = {
    {G_WHERE, "port", "SPEC", "memory",
        "memory: the server is in this process, joined in memory; or tap:NAME, "
        "af_packet:IFACE, af_xdp:IFACE, memif:SOCKET[,role=server], vhost:PATH, "
        "virtio_user:PATH, pci:ADDRESS or vdev:DPDK-DEVICE-STRING",
        OPTION_PARSED, .parse = parse_port},
    {G_WHERE, "address", "IP/PREFIX", NULL,
        "a source address, or a run of them such as 10.0.0.1-10.0.0.9/24; may be repeated, IPv4 "
        "and IPv6",
        OPTION_PARSED, .parse = parse_address},
    {G_WHERE, "gateway", "IP", NULL, "the router for everything else; one for each family",
        OPTION_PARSED, .parse = parse_gateway},
    {G_WHERE, "target", "IP:PORT", NULL,
        "whom to connect to; may be repeated: taken in turn (with --port memory 10.0.0.2 or "
        "fd00::2 and any port)",
        OPTION_PARSED, .parse = parse_target},
    {G_WHERE, "source-ports", "LOW-HIGH", "1024-65535", "of each source address", OPTION_PARSED,
        .parse = parse_source_ports},
    {G_WHERE, "mtu", "BYTES", "1500", "largest IP packet of the link", OPTION_BYTES, SIZED(mtu),
        .min = 1280, .max = 9600},
    {G_WHERE, "impair", "SPEC", NULL,
        "spoil the link, by a list joined with commas: loss=2%, delay=20ms, jitter=1ms, "
        "reorder=0.5%, duplicate=1%, corrupt=0.1%, rate=100Mbit, queue=1000, seed=7; rx.loss= or "
        "tx.loss= for one direction",
        OPTION_PARSED, .parse = parse_impair},
    {G_WHAT, "mode", "MODE", "connections",
        "connections: open, exchange, close, again and again; concurrent: open many and hold "
        "them; requests: many on each connection; throughput: bulk data",
        OPTION_PARSED, .parse = parse_mode},
    {G_WHAT, "request", "WHAT", NULL,
        "what is said on a connection: none, echo[:BYTES], discard[:BYTES], chargen[:BYTES] or "
        "http[:PATH] (default: none, of --mode requests http)",
        OPTION_PARSED, .parse = parse_request},
    {G_WHAT, "http-body", "BYTES", "64", "length of the body that the embedded server sends",
        OPTION_PARSED, .parse = parse_http_body},
    {G_WHAT, "requests", "N", NULL,
        "on each connection (default: 1; of --mode requests as many as fit)", OPTION_NUMBER,
        SIZED(requests), .min = 1, .max = UINT32_MAX},
    {G_WHAT, "connections", "N", NULL,
        "to hold in --mode concurrent (default 10000); in parallel in requests (64) and "
        "throughput (1)",
        OPTION_NUMBER, SIZED(connections), .min = 1, .max = 16 << 20},
    {G_WHAT, "traffic", "TIME", NULL,
        "--mode concurrent: a request on each connection so often (default: none)", OPTION_TIME,
        SIZED(traffic_ms), .min = 1, .max = MS_DAY},
    {G_WHAT, "close", "WHO", "client",
        "who ends a connection: client or server by FIN, or the client by reset", OPTION_PARSED,
        .parse = parse_close},
    {G_WHAT, "direction", "WAY", "up", "--mode throughput: up (to the server), down or both",
        OPTION_PARSED, .parse = parse_direction},
    {G_WHAT, "verify", NULL, NULL,
        "compare every byte that comes back: of http with the other responses of the target",
        OPTION_FLAG, AT(verify)},
    {G_MUCH, "duration", "TIME", NULL,
        "how long the load lasts (default: 10s, with --attempts until they are begun)", OPTION_TIME,
        SIZED(duration_ms), .min = 10, .max = UINT32_MAX},
    {G_MUCH, "rate", "N", NULL,
        "a second: connections, in --mode requests requests; 500K and 1.5M are understood "
        "(default: as fast as possible)",
        OPTION_PARSED, .parse = parse_rate},
    {G_MUCH, "ramp", "FROM:TO", NULL, "the rate goes evenly from one to the other", OPTION_PARSED,
        .parse = parse_ramp},
    {G_MUCH, "search", NULL, NULL,
        "look for the highest rate that fails no more than --max-failures, to about 1 %",
        OPTION_FLAG, AT(search)},
    {G_MUCH, "max-failures", "PERCENT", "0.1%", "of --search", OPTION_PARSED,
        .parse = parse_max_failures},
    {G_MUCH, "concurrency", "N", NULL,
        "connections in progress at most (default: 256; with a rate and another --port than memory "
        "16384)",
        OPTION_NUMBER, SIZED(concurrency), .min = 1, .max = 4 << 20},
    {G_MUCH, "attempts", "N", NULL, "end when so many connections were begun", OPTION_NUMBER,
        SIZED(attempts), .min = 1, .max = INT64_MAX},
    {G_MUCH, "timeout", "TIME", "5s", "a handshake or a response that takes longer has failed",
        OPTION_TIME, SIZED(timeout_ms), .min = 1, .max = MS_DAY},
    {G_MUCH, "drain", "TIME", "10s", "how long what is in progress at the end may take",
        OPTION_TIME, SIZED(drain_ms), .max = MS_DAY},
    {G_TCP, "msl", "TIME", "30s", "maximum segment lifetime; TIME-WAIT lasts twice that",
        OPTION_TIME, SIZED(engine.msl_ms), .min = 1, .max = 600000},
    {G_TCP, "timewait", "N", NULL,
        "most TIME-WAIT records of an engine (default: what the mode needs, at most 1048576)",
        OPTION_NUMBER, SIZED(engine.timewait), .min = 1, .max = 64 << 20},
    {G_TCP, "rto-min", "TIME", "200ms", "shortest retransmission time-out; RFC 6298 says 1s",
        OPTION_TIME, SIZED(engine.rto_min_ms), .min = 1, .max = 60000},
    {G_TCP, "receive-buffer", "BYTES", "256K", "largest window of a connection", OPTION_BYTES,
        SIZED(conn.receive_buffer), .min = 1024, .max = 1 << 30},
    {G_TCP, "send-buffer", "BYTES", "256K", "unacknowledged and unsent bytes of a connection",
        OPTION_BYTES, SIZED(conn.send_buffer), .min = 1024, .max = 1 << 30},
    {G_TCP, "keepalive", NULL, NULL, "probe idle connections (after 2 h, 9 times in 75 s)",
        OPTION_FLAG, AT(conn.keepalive)},
    {G_TCP, "nodelay", NULL, NULL, "without Nagle's algorithm", OPTION_FLAG, AT(conn.nodelay)},
    {G_TCP, "no-delayed-ack", NULL, NULL, "acknowledge at once", OPTION_FLAG,
        AT(conn.no_delayed_ack)},
    {G_TCP, "no-timestamps", NULL, NULL, "without the timestamps option (RFC 7323)", OPTION_FLAG,
        AT(conn.no_timestamps)},
    {G_CORES, "cores", "N", NULL,
        "cores to use (default: 1; with --port memory 2 where there are two: one for each end)",
        OPTION_NUMBER, SIZED(cores), .min = 1, .max = BENCH_CORES},
    {G_CORES, "lcores", "LIST", NULL,
        "which cores, as EAL's --lcores (default: the first that we may use)", OPTION_STRING,
        AT(lcores)},
    {G_CORES, "mbufs", "N", NULL,
        "packet buffers of an engine (default: what connections and data need)", OPTION_NUMBER,
        SIZED(mbufs), .min = 4096, .max = 16 << 20},
    {G_CORES, "idle-sleep", "WHEN", "auto",
        "nap up to 100 us when nothing happens: on, off, or auto: on ports without a NIC that "
        "lead out of this process",
        OPTION_PARSED, .parse = parse_idle},
    {G_OUT, "json", "FILE", NULL, "write every figure there: docs/bench.md has the names",
        OPTION_STRING, AT(json)},
    {G_OUT, "plot", "FILE.svg", NULL, "draw rate and latency over time", OPTION_STRING, AT(plot)},
    {G_OUT, "quiet", NULL, NULL, "no line each second, a short summary", OPTION_FLAG, AT(quiet)},
    {G_OUT, "hold", NULL, NULL,
        "after the summary keep the port open until SIGTERM or SIGINT (memif: its other end "
        "does not survive that this one goes first)",
        OPTION_FLAG, AT(hold)},
};

/* The picture would take the place of the figures. */
static int
check_outputs(const struct bench_options *o, char *error, size_t error_size)
{
	if (!o->json || !o->plot || strcmp(o->json, o->plot) != 0 ||
	    strncmp(o->json, "/dev/", 5) == 0)
		return 0;
	snprintf(
	    error, error_size, "--json and --plot: both are '%s'; expected two files", o->json);
	return -EINVAL;
}

int
bench_options_parse(struct bench_options *o, int argc, char **argv, char *error, size_t error_size)
{
	struct bench_parsed parsed;
	int rest, rc;

	memset(&parsed, 0, sizeof(parsed));
	parsed.o.direction = DIRECTION_UP;
	parsed.o.max_failures = 0.001;
	rc = option_parse(rows, RTE_DIM(rows), &parsed, argc, argv, &rest, error, error_size);
	if (rc)
		return rc;
	*o = parsed.o;
	o->eal = argv + rest;
	o->n_eal = (unsigned int)(argc - rest);
	if (!o->port) {
		o->port = "memory";
		rc = spt_port_spec_parse(o->port, &o->spec, error, error_size);
	}
	if (rc == 0)
		rc = bench_options_check(o, &parsed.given, error, error_size);
	if (rc == 0)
		rc = check_outputs(o, error, error_size);
	if (rc == 0)
		rc = option_check_output("json", o->json, error, error_size);
	if (rc == 0)
		rc = option_check_output("plot", o->plot, error, error_size);
	if (rc)
		return rc;
	bench_options_size(o);
	o->engine.local = o->local;
	o->engine.n_local = o->n_local;
	return 0;
}

void
bench_options_help(FILE *out)
{
	fprintf(out,
	    "septet bench: how many connections, requests or bits a second\n\n"
	    "  septet bench                                client and server in this process\n"
	    "  septet bench --search                       the highest rate without failures\n"
	    "  septet bench --port SPEC --address IP/PREFIX --target IP:PORT [...] "
	    "[-- EAL-ARGUMENTS]\n"
	    "  septet bench --port tap:sept0 --address 10.0.0.1/24 --target 10.0.0.2:80 "
	    "--request http\n");
	option_help(rows, RTE_DIM(rows), out);
	fprintf(out,
	    "\nBYTES take K, M, G; a TIME takes ms, s, m, h, without a unit it is seconds.\n"
	    "The exit code is 0; 1 when nothing succeeded, counts disagree or buffers were lost; "
	    "2 when it\ncould not start.\n");
}

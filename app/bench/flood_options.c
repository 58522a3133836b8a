/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of the flood: how they are read, their defaults, and where it may go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "base/addr.h"
#include "bench/check.h"
#include "bench/flood_options.h"
#include "common/address.h"
#include "common/rows.h"

#define V4(b0, b1, b2, b3)                                                                         \
	{                                                                                          \
		.b = { [10] = 0xff, 0xff, b0, b1, b2, b3 }                                         \
	}

/* A network that is nobody's own: private, or for tests and documents. */
struct test_network {
	struct spt_addr network;
	uint8_t length;
};

static const struct test_network test_networks[] = {
    {V4(10, 0, 0, 0), 8},                  /* RFC 1918 */
    {V4(172, 16, 0, 0), 12},               /* RFC 1918 */
    {V4(192, 168, 0, 0), 16},              /* RFC 1918 */
    {V4(198, 18, 0, 0), 15},               /* RFC 2544, benchmarking */
    {V4(192, 0, 2, 0), 24},                /* RFC 5737, documentation */
    {V4(198, 51, 100, 0), 24},             /* RFC 5737 */
    {V4(203, 0, 113, 0), 24},              /* RFC 5737 */
    {{.b = {0xfc}}, 7},                    /* RFC 4193, unique local */
    {{.b = {0x20, 0x01, 0x00, 0x02}}, 48}, /* RFC 5180, benchmarking */
    {{.b = {0x20, 0x01, 0x0d, 0xb8}}, 32}, /* RFC 3849, documentation */
};

static const char *const kind_words[] = {
    [FLOOD_SYN] = "syn",
    [FLOOD_ACK] = "ack",
    [FLOOD_RST] = "rst",
    [FLOOD_FIN] = "fin",
    [FLOOD_SILENT] = "silent",
};

const char *
flood_kind_name(enum flood_kind kind)
{
	return kind_words[kind];
}

/* Is all of it in one of the networks above? */
static bool
in_test_network(const struct spt_addr *address, unsigned int length)
{
	for (size_t i = 0; i < RTE_DIM(test_networks); i++) {
		const struct test_network *n = &test_networks[i];

		if (length >= n->length && address_in_network(address, &n->network, n->length))
			return true;
	}
	return false;
}

/* ---- values ------------------------------------------------------------------ */

static int
parse_kind(void *target, const char *value, char *error, size_t error_size)
{
	int chosen = option_choice(value, kind_words, RTE_DIM(kind_words), error, error_size);
	struct flood_options *f = target;

	f->given = "flood";
	f->kind = chosen < 0 ? FLOOD_SYN : (enum flood_kind)chosen;
	return RTE_MIN(chosen, 0);
}

/* "198.18.0.0/15": the whole network, no host's address in it. */
static int
parse_prefix_parts(const char *value, struct spt_addr *prefix, unsigned int *length)
{
	const char *slash = strchr(value, '/');
	char text[ADDRESS_TEXT], error[256], *end;
	struct spt_addr open;
	bool v4;

	if (!slash || (size_t)(slash - value) >= sizeof(text) || slash[1] < '0' || slash[1] > '9')
		return -EINVAL;
	snprintf(text, sizeof(text), "%.*s", (int)(slash - value), value);
	if (address_parse(text, prefix, error, sizeof(error)) != 0)
		return -EINVAL;
	*length = (unsigned int)strtoul(slash + 1, &end, 10);
	v4 = addr_is_v4(prefix);
	if (*end || *length < 7 || *length > (v4 ? 30 : 124))
		return -EINVAL;
	open = flood_open_bits(prefix, *length);
	return (prefix->q[0] & open.q[0]) | (prefix->q[1] & open.q[1]) ? -EINVAL : 0;
}

static int
parse_prefix(void *target, const char *value, char *error, size_t error_size)
{
	struct flood_options *f = target;
	unsigned int length = 0;

	f->given = "flood-prefix";
	if (parse_prefix_parts(value, &f->prefix, &length) != 0) {
		snprintf(error, error_size,
		    "'%s' is no prefix: expected NETWORK/LENGTH, 7 to 30 bits of IPv4 or to 124 of "
		    "IPv6, such as 198.18.0.0/15 or 2001:2::/48",
		    value);
		return -EINVAL;
	}
	if (!in_test_network(&f->prefix, length)) {
		snprintf(error, error_size,
		    "'%s' has addresses that belong to somebody: expected sources from a private "
		    "or test network, such as 198.18.0.0/15 or 2001:2::/48",
		    value);
		return -EINVAL;
	}
	f->length = (uint8_t)length;
	return 0;
}

/* "90%", "10x", "500K". */
static int
parse_step(const char *text, size_t length, struct flood_ask *ask)
{
	const char *rest;
	char number[24];
	double most;

	if (length == 0 || length >= sizeof(number))
		return -EINVAL;
	snprintf(number, sizeof(number), "%.*s", (int)length, text);
	ask->unit = number[length - 1] == '%'   ? FLOOD_SHARE
	            : number[length - 1] == 'x' ? FLOOD_TIMES
	                                        : FLOOD_RATE;
	if (ask->unit != FLOOD_RATE)
		number[length - 1] = '\0';
	if (bench_options_rate(number, '\0', &ask->value, &rest) != 0)
		return -EINVAL;
	if (ask->unit == FLOOD_SHARE)
		ask->value /= 100;
	most = ask->unit == FLOOD_SHARE ? FLOOD_SHARE_MOST : FLOOD_RATE_MOST;
	return ask->value <= most ? 0 : -EINVAL;
}

static int
parse_rates(void *target, const char *value, char *error, size_t error_size)
{
	struct flood_options *f = target;
	const char *at = value;
	size_t length;

	f->given = "flood-rates";
	for (;;) {
		length = strcspn(at, ",");
		if (f->n_steps == FLOOD_STEPS || parse_step(at, length, &f->step[f->n_steps]) != 0)
			break;
		f->n_steps++;
		if (!at[length])
			return 0;
		at += length + 1;
	}
	snprintf(error, error_size,
	    "'%s' is no list of rates: expected up to %d, joined with commas, of 50K (a second, at "
	    "most 100M), 90%% (of the largest without loss, at most 1000%%) or 10x (the honest "
	    "rate), such as 10x,90%%,1.5M",
	    value, FLOOD_STEPS);
	return -EINVAL;
}

static int
parse_anywhere(void *target, const char *value, char *error, size_t error_size)
{
	struct flood_options *f = target;

	f->given = "flood-anywhere";
	if (f->n_anywhere == FLOOD_ANYWHERE) {
		snprintf(error, error_size, "'%s' is one too many: expected at most %d", value,
		    FLOOD_ANYWHERE);
		return -EINVAL;
	}
	return address_parse(value, &f->anywhere[f->n_anywhere++], error, error_size);
}

static int
parse_cookies(void *target, const char *value, char *error, size_t error_size)
{
	struct flood_options *f = target;

	f->server_given = "syn-cookies";
	return rows_choose_cookies(value, &f->cookies, error, error_size);
}

static int
stored_backlog(void *target, const char *value, char *error, size_t error_size)
{
	((struct flood_options *)target)->server_given = "backlog";
	return 0;
}

static int
stored_idle(void *target, const char *value, char *error, size_t error_size)
{
	((struct flood_options *)target)->server_given = "idle-timeout";
	return 0;
}

#define SIZED(field)                                                                               \
	.offset = offsetof(struct flood_options, field),                                           \
	.width = sizeof(((struct flood_options *)0)->field)

const struct option_row flood_rows[] = {
    {GROUP_FLOOD, "flood", "KIND", NULL, "syn",
        "what floods: syn, ack, rst or fin, forged; or silent: whole handshakes from our own "
        "addresses that then say nothing (default: syn)",
        OPTION_PARSED, .parse = parse_kind},
    {GROUP_FLOOD, "flood-prefix", "NET/LENGTH", NULL, "198.18.0.0/15",
        "where the forged sources are from, at random (default: 198.18.0.0/15, or 2001:2::/48)",
        OPTION_PARSED, .parse = parse_prefix},
    {GROUP_FLOOD, "flood-rates", "LIST", NULL, "10x,90%,1.5M",
        "the steps: frames a second, a share of the largest rate that the port carries without "
        "loss, which is looked for first, or times the honest --rate (default: "
        "10x,25%,50%,75%,90%,100%,125%,150%; silent 0.5x,1x,2x)",
        OPTION_PARSED, .parse = parse_rates},
    {GROUP_FLOOD, "flood-anywhere", "IP", NULL, "10.0.0.2",
        "name the target's address again: it may be flooded though it lies outside of the test "
        "networks, is not on the link, or the port is hardware; may be repeated",
        OPTION_PARSED, .many = true, .parse = parse_anywhere},
    {GROUP_FLOOD, "syn-cookies", "WHEN", NULL, "never",
        "of the embedded server: always, never or auto (the default)", OPTION_PARSED,
        .parse = parse_cookies},
    {GROUP_FLOOD, "backlog", "N", NULL, "1024",
        "half-open records of the embedded server (default: 4096)", OPTION_NUMBER, SIZED(backlog),
        .min = 1, .max = 16 << 20, .parse = stored_backlog},
    {GROUP_FLOOD, "defer-accept", NULL, NULL, NULL,
        "of the embedded server: a connection begins with its first data", OPTION_FLAG,
        .offset = offsetof(struct flood_options, defer_accept)},
    {GROUP_FLOOD, "idle-timeout", "TIME", NULL, "1s",
        "the embedded server aborts a connection that receives nothing this long (default: never)",
        OPTION_TIME, SIZED(idle_timeout_ms), .min = 100, .max = ROWS_MS_DAY, .parse = stored_idle},
};

const size_t n_flood_rows = RTE_DIM(flood_rows);

/* ---- together ---------------------------------------------------------------- */

static int
refuse(char *error, size_t error_size, bool wrong, const char *why)
{
	if (wrong)
		snprintf(error, error_size, "%s", why);
	return wrong ? -EINVAL : 0;
}

/* An option that was given and is of the server; NULL: none. */
static const char *
server_option(const struct flood_options *f)
{
	return f->server_given ? f->server_given : f->defer_accept ? "defer-accept" : NULL;
}

/* Without --mode flood nothing of it makes sense. */
static int
check_off(const struct bench_options *o, char *error, size_t error_size)
{
	const char *given = o->flood.given ? o->flood.given : server_option(&o->flood);

	if (!given)
		return 0;
	snprintf(error, error_size,
	    "--%s is of --mode flood only: expected that too, add it or leave --%s away", given,
	    given);
	return -EINVAL;
}

static bool
has_unit(const struct flood_options *f, enum flood_unit unit)
{
	bool has = false;

	for (unsigned int i = 0; i < f->n_steps; i++)
		has |= f->step[i].unit == unit;
	return has;
}

/* On a link that loses some of whatever there is no rate is free of loss. */
static bool
link_loses(const struct bench_options *o)
{
	bool loses = false;

	for (unsigned int i = 0; i < o->link.n_ports; i++) {
		const struct spt_impair_config *c = &o->link.of[i].impair;

		loses |= c->rx.loss_ppm || c->tx.loss_ppm || c->rx.corrupt_ppm || c->tx.corrupt_ppm;
	}
	return loses;
}

int
flood_check_words(
    const struct bench_options *o, const struct bench_given *given, char *error, size_t error_size)
{
	const struct flood_options *f = &o->flood;
	bool silent = f->kind == FLOOD_SILENT;
	int rc = 0;

	if (!f->on)
		return check_off(o, error, error_size);
	rc = refuse(error, error_size, o->search || o->ramp || o->attempts,
	    "--mode flood has steps of its own: expected --flood-rates and --rate, leave --search, "
	    "--ramp and --attempts away");
	if (rc == 0)
		rc = refuse(error, error_size, f->alone && has_unit(f, FLOOD_TIMES),
		    "--flood-rates: there is no honest rate to multiply with --rate 0; expected "
		    "numbers or percentages, give these");
	if (rc == 0)
		rc = refuse(error, error_size, silent && has_unit(f, FLOOD_SHARE),
		    "--flood-rates: whole handshakes are no frames that a port loses; expected "
		    "numbers or multiples with --flood silent, such as 5000 or 2x");
	if (rc == 0)
		rc = refuse(error, error_size,
		    link_loses(o) &&
		        (has_unit(f, FLOOD_SHARE) || (f->n_steps == 0 && !f->alone && !silent)),
		    "--flood-rates: a link that loses frames by --impair does so at any rate; "
		    "expected numbers or multiples with it, such as --flood-rates 10x,1M");
	if (rc == 0)
		rc = refuse(error, error_size, silent && f->length,
		    "--flood-prefix: whole handshakes come from our own addresses; expected none "
		    "with --flood silent, leave it away");
	if (rc == 0 && server_option(f) && !link_is_memory(&o->link)) {
		snprintf(error, error_size,
		    "--%s is of the embedded server: expected --port memory, or give it to 'septet "
		    "serve'",
		    server_option(f));
		rc = -EINVAL;
	}
	return rc;
}

static void
default_steps(struct flood_options *f)
{
	static const struct flood_ask frames[] = {{FLOOD_TIMES, 10}, {FLOOD_SHARE, 0.25},
	    {FLOOD_SHARE, 0.5}, {FLOOD_SHARE, 0.75}, {FLOOD_SHARE, 0.9}, {FLOOD_SHARE, 1},
	    {FLOOD_SHARE, 1.25}, {FLOOD_SHARE, 1.5}};
	static const struct flood_ask silent[] = {
	    {FLOOD_TIMES, 0.5}, {FLOOD_TIMES, 1}, {FLOOD_TIMES, 2}};
	static const struct flood_ask alone[] = {{FLOOD_RATE, 10000}};
	const struct flood_ask *from = frames;
	unsigned int n = RTE_DIM(frames);

	if (f->alone) {
		from = alone;
		n = RTE_DIM(alone);
	} else if (f->kind == FLOOD_SILENT) {
		from = silent;
		n = RTE_DIM(silent);
	}
	memcpy(f->step, from, n * sizeof(*from));
	f->n_steps = n;
}

void
flood_default(struct bench_options *o, const struct bench_given *given)
{
	static const struct spt_addr prefix4 = V4(198, 18, 0, 0);
	static const struct spt_addr prefix6 = {.b = {0x20, 0x01, 0x00, 0x02}};
	struct flood_options *f = &o->flood;
	bool v6 = o->n_target > 0 && !addr_is_v4(&o->target[0].addr);

	if (!f->on)
		return;
	if (f->n_steps == 0)
		default_steps(f);
	if (f->length == 0) {
		f->prefix = v6 ? prefix6 : prefix4;
		f->length = v6 ? 48 : 15;
	}
	if (!given->rate)
		o->rate = FLOOD_HONEST;
	if (!o->duration_ms)
		o->duration_ms = FLOOD_DURATION_MS;
	if (!o->concurrency)
		o->concurrency = BENCH_WINDOW_OPEN;
	if (f->kind == FLOOD_SILENT && !o->connections)
		o->connections = FLOOD_SILENT_HELD;
	/* Both ends take turns: then no end can lose its processor while the other goes on. */
	if (!o->cores && link_is_memory(&o->link))
		o->cores = 1;
}

/* ---- where ------------------------------------------------------------------- */

/* Is it certain that what the port sends stays in this machine? */
static bool
port_is_harmless(const struct spt_port_spec *spec)
{
	char path[128];

	switch (spec->kind) {
	case SPT_PORT_MEMORY:
	case SPT_PORT_TAP:
	case SPT_PORT_MEMIF:
	case SPT_PORT_VHOST:
	case SPT_PORT_VIRTIO_USER: return true;
	case SPT_PORT_AF_PACKET:
	case SPT_PORT_AF_XDP:
		/* The kernel says so of what is behind a bus. */
		snprintf(path, sizeof(path), "/sys/class/net/%s/device", spec->device);
		return access(path, F_OK) != 0;
	case SPT_PORT_PCI:
	case SPT_PORT_VDEV: break;
	}
	return false;
}

/* Why a target may not be flooded without more words, in words that follow it; NULL: it may. */
static const char *
target_unsafe(const struct bench_options *o, unsigned int at)
{
	const struct spt_addr *a = &o->target[at].addr;
	unsigned int port = o->target_port[at];
	const struct spt_local *local = link_locals(&o->link, port);
	bool on_link = false;

	if (!in_test_network(a, addr_is_v4(a) ? 32 : 128))
		return "is in no private or test network";
	for (unsigned int i = 0; i < o->link.of[port].n_local; i++)
		on_link |= addr_is_v4(&local[i].first) == addr_is_v4(a) &&
		           address_in_network(a, &local[i].first, local[i].prefix);
	if (!on_link)
		return "is on the link of no --address";
	return port_is_harmless(&o->link.port[port].spec) ? NULL
	                                                  : "is behind a port that is hardware, or "
	                                                    "may be";
}

static int
check_target(const struct bench_options *o, unsigned int at, char *error, size_t error_size)
{
	const struct flood_options *f = &o->flood;
	const struct spt_addr *a = &o->target[at].addr;
	const char *why = target_unsafe(o, at);
	char text[ADDRESS_TEXT], endpoint[ADDRESS_TEXT];

	address_endpoint_text(&o->target[at], endpoint);
	if (f->kind != FLOOD_SILENT && addr_is_v4(a) != addr_is_v4(&f->prefix)) {
		snprintf(error, error_size,
		    "--target '%s' is not of the family of --flood-prefix: expected targets of one "
		    "family with --mode flood, leave the others away",
		    endpoint);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < f->n_anywhere && why; i++)
		if (addr_eq(a, &f->anywhere[i]))
			why = NULL;
	if (f->kind != FLOOD_SILENT && address_in_network(a, &f->prefix, f->length)) {
		snprintf(error, error_size,
		    "--target '%s' is of --flood-prefix: expected sources that are not the "
		    "target's, give another prefix",
		    endpoint);
		return -EINVAL;
	}
	if (!why)
		return 0;
	snprintf(error, error_size,
	    "--target '%s' %s, and is not flooded: expected one of a private or test network, on "
	    "the link of --address and no hardware; who owns it says so twice, add "
	    "--flood-anywhere %s",
	    endpoint, why, address_text(a, text));
	return -EINVAL;
}

/* Answers to the sources must not be mistaken for ours. */
static int
check_prefix(const struct bench_options *o, char *error, size_t error_size)
{
	const struct flood_options *f = &o->flood;
	char text[2 * ADDRESS_TEXT];

	for (unsigned int i = 0; i < o->link.n_local; i++) {
		const struct spt_local *l = &o->link.local[i];

		if (addr_is_v4(&l->first) != addr_is_v4(&f->prefix) ||
		    (!address_in_network(&l->first, &f->prefix, f->length) &&
		        !address_in_run(&f->prefix, l)))
			continue;
		snprintf(error, error_size,
		    "--address '%s' is of --flood-prefix: expected sources that are not ours, give "
		    "another prefix",
		    address_local_text(l, text));
		return -EINVAL;
	}
	return 0;
}

int
flood_check_where(const struct bench_options *o, char *error, size_t error_size)
{
	const struct flood_options *f = &o->flood;
	int rc;

	if (!f->on)
		return 0;
	if (((uint64_t)o->duration_ms + o->drain_ms) * f->n_steps >
	    FLOOD_MINUTES * UINT64_C(60000)) {
		snprintf(error, error_size,
		    "--duration: %u steps of it, each with its --drain, take more than %d minutes; "
		    "expected a flood that ends, shorten them",
		    f->n_steps, FLOOD_MINUTES);
		return -EINVAL;
	}
	rc = f->kind == FLOOD_SILENT ? 0 : check_prefix(o, error, error_size);
	for (unsigned int i = 0; i < o->n_target && rc == 0; i++)
		rc = check_target(o, i, error, error_size);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which options of `septet bench` make sense together. Every refusal says what was expected and
 * what to do, before DPDK starts. Then the defaults that depend on the mode, and the sizes of
 * tables.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "base/addr.h"
#include "bench/check.h"
#include "bench/embedded.h"
#include "common/address.h"
#include "common/link.h"

#define CONNECTIONS_HELD     10000
#define CONNECTIONS_REQUESTS 64
#define REQUEST_BYTES        64
#define DURATION_MS          10000
#define ROOM_SPARE           64 /* connections that are closed but not yet forgotten */
#define HALF_OPEN_OWN        64 /* simultaneous opens: nobody else connects to us */
#define MBUFS_LEAST          16384
#define MBUFS_MOST           262144

/* A combination that makes no sense, and what to do instead. */
struct refusal {
	bool wrong;
	const char *why;
};

static int
refuse_any(const struct refusal *r, size_t n, char *error, size_t error_size)
{
	for (size_t i = 0; i < n; i++) {
		if (!r[i].wrong)
			continue;
		snprintf(error, error_size, "%s", r[i].why);
		return -EINVAL;
	}
	return 0;
}

/* ---- refusals ------------------------------------------------------------ */

static int
check_memory(const struct bench_options *o, char *error, size_t error_size)
{
	const struct spt_runtime_port *port = &o->link.port[0];
	const struct refusal refusals[] = {
	    {o->link.n_local,
	        "--address: the memory port has its own; expected none, leave it away, or give a "
	        "--port that leads somewhere"},
	    {!addr_is_zero(&port->gateway4) || !addr_is_zero(&port->gateway6),
	        "--gateway: the memory port has no router; expected none, leave it away, or give a "
	        "--port that leads somewhere"},
	    {o->hold, "--hold keeps the port open for a peer in another process, which --port "
	              "memory has not: expected another port, or leave it away"},
	};

	return refuse_any(refusals, RTE_DIM(refusals), error, error_size);
}

/* Each port has somebody who speaks and somebody to speak to. */
static int
check_where(const struct bench_options *o, char *error, size_t error_size)
{
	bool memory = link_is_memory(&o->link);

	if (memory && o->link.n_ports == 1)
		return check_memory(o, error, error_size);
	for (unsigned int p = 0; p < o->link.n_ports; p++) {
		bool target = false;

		for (unsigned int i = 0; i < o->n_target; i++)
			target |= o->target_port[i] == p;
		if (o->link.port[p].spec.kind == SPT_PORT_MEMORY ||
		    (target && o->link.of[p].n_local))
			continue;
		snprintf(error, error_size, "--port '%s' has no %s, such as --%s 10.0.%u.%s",
		    o->link.port[p].spec.text,
		    o->link.of[p].n_local ? "--target: expected whom to connect to"
		                          : "--address: expected who we are there",
		    o->link.of[p].n_local ? "target" : "address", p,
		    o->link.of[p].n_local ? "2:80" : "1/24");
		return -EINVAL;
	}
	return 0;
}

/* Those of a silent flood are held. */
static bool
check_holds_silent(const struct bench_options *o)
{
	return o->flood.on && o->flood.kind == FLOOD_SILENT;
}

static int
check_mode(
    const struct bench_options *o, const struct bench_given *given, char *error, size_t error_size)
{
	bool connections = o->mode == MODE_CONNECTIONS, concurrent = o->mode == MODE_CONCURRENT;
	bool requests = o->mode == MODE_REQUESTS, throughput = o->mode == MODE_THROUGHPUT;
	const struct refusal refusals[] = {
	    {connections && o->connections && !check_holds_silent(o),
	        "--connections is for the modes concurrent, requests and throughput: expected "
	        "--concurrency for connections in progress, or --attempts for connections in all"},
	    {(requests || throughput) && o->concurrency,
	        "--concurrency is for the modes connections and concurrent: expected "
	        "--connections, "
	        "give that instead"},
	    {!concurrent && o->traffic_ms,
	        "--traffic is for --mode concurrent only: expected that too, add it or leave "
	        "--traffic away"},
	    {!throughput && given->direction,
	        "--direction is for --mode throughput only: expected that too, add it or leave "
	        "--direction away"},
	    {throughput && given->request,
	        "--request is not for --mode throughput, which sends bulk data: expected "
	        "--direction up, down or both, give that instead"},
	    {throughput && (given->rate || o->ramp),
	        "--rate and --ramp are not for --mode throughput, which goes as fast as possible: "
	        "expected another mode, or leave them away"},
	    {throughput && o->requests,
	        "--requests is not for --mode throughput, which has none: expected another mode, "
	        "or leave it away"},
	    {concurrent && o->requests,
	        "--requests is not for --mode concurrent: expected --traffic TIME, how often each "
	        "connection is used; give that instead"},
	    {concurrent && given->request && o->exchange != EXCHANGE_NONE && !o->traffic_ms,
	        "--request: --mode concurrent holds connections silently; expected --traffic TIME "
	        "too, how often each is used, add it"},
	    {requests && given->request && o->exchange == EXCHANGE_NONE,
	        "--request none: --mode requests has to say something; expected echo or http, give "
	        "one of them"},
	    {o->attempts && (requests || throughput || concurrent),
	        "--attempts is for --mode connections: expected --duration or --connections, give "
	        "these instead"},
	};

	return refuse_any(refusals, RTE_DIM(refusals), error, error_size);
}

/* 'o' has its defaults by now, where they are words. */
static int
check_exchange(
    const struct bench_options *o, const struct bench_given *given, char *error, size_t error_size)
{
	bool answered = o->exchange == EXCHANGE_ECHO || o->exchange == EXCHANGE_HTTP;
	bool server = o->close == CLOSE_SERVER, memory = link_is_memory(&o->link);
	bool many = o->mode == MODE_REQUESTS || o->requests > 1 || o->traffic_ms;
	const struct refusal refusals[] = {
	    {o->exchange == EXCHANGE_NONE && o->requests,
	        "--requests: nothing is said on a connection; expected --request echo or http too, "
	        "add it"},
	    {o->mode != MODE_THROUGHPUT && many && !answered,
	        "--request: one request after another needs answers; expected echo or http, give "
	        "one of them"},
	    {server && o->mode != MODE_CONNECTIONS && o->mode != MODE_REQUESTS,
	        "--close server is for the modes connections and requests: expected client or "
	        "reset, give one of them"},
	    {server && o->mode == MODE_REQUESTS && !o->requests,
	        "--close server: in --mode requests the last request asks for it; expected "
	        "--requests N too, add it"},
	    {server && memory && o->exchange == EXCHANGE_NONE,
	        "--close server: the embedded server closes first only when asked to; expected "
	        "--request http too, add it"},
	    {server && o->exchange != EXCHANGE_HTTP && o->exchange != EXCHANGE_NONE,
	        "--close server: servers of echo, discard and chargen wait for the client's end; "
	        "expected --request http, or none of a server that closes by itself"},
	    {o->verify && (o->exchange == EXCHANGE_NONE || o->exchange == EXCHANGE_DISCARD),
	        "--verify: nothing comes back that could be compared; expected --request echo, "
	        "chargen or http (--mode throughput: --direction down or both)"},
	    {given->http_body && (!memory || o->exchange != EXCHANGE_HTTP),
	        "--http-body is of the embedded server: expected --port memory and --request http, "
	        "or leave it away"},
	};

	return refuse_any(refusals, RTE_DIM(refusals), error, error_size);
}

static int
check_load(
    const struct bench_options *o, const struct bench_given *given, char *error, size_t error_size)
{
	bool rated = o->mode == MODE_CONNECTIONS || o->mode == MODE_REQUESTS;
	const struct refusal refusals[] = {
	    {o->flood.alone && !o->flood.on,
	        "--rate '0' is no rate: expected a number above 0 and at most 1000M a second, such "
	        "as 250000, 500K or 1.5M"},
	    {given->rate && o->ramp,
	        "--rate and --ramp exclude each other: expected one of them, leave the other away"},
	    {o->ramp && o->attempts && !o->duration_ms,
	        "--ramp with --attempts: expected --duration too, the time that the rate takes "
	        "from one to the other; add it"},
	    {o->search && (given->rate || o->ramp),
	        "--search finds the rate itself: expected neither --rate nor --ramp with it, leave "
	        "them away"},
	    {o->search && !rated,
	        "--search is for the modes connections and requests: expected one of them, such as "
	        "--mode connections"},
	    {o->search && o->attempts,
	        "--search decides how long a trial takes: expected --duration for the last "
	        "one, leave --attempts away"},
	    {given->max_failures && !o->search,
	        "--max-failures is the bound of --search: expected that too, add it"},
	};

	return refuse_any(refusals, RTE_DIM(refusals), error, error_size);
}

/* As the engine routes: by the networks of its port, or by the gateway of that family. */
static bool
target_routed(const struct bench_options *o, unsigned int at)
{
	const struct spt_addr *a = &o->target[at].addr;
	unsigned int port = o->target_port[at];
	const struct spt_local *local = link_locals(&o->link, port);
	const struct spt_runtime_port *p = &o->link.port[port];

	if (!addr_is_zero(addr_is_v4(a) ? &p->gateway4 : &p->gateway6))
		return true;
	for (unsigned int i = 0; i < o->link.of[port].n_local; i++)
		if (addr_is_v4(&local[i].first) == addr_is_v4(a) &&
		    address_in_network(a, &local[i].first, local[i].prefix))
			return true;
	return link_is_link_local(a);
}

/* Why a target is none, in words that follow it; NULL: it is one. */
static const char *
target_wrong(const struct bench_options *o, unsigned int at)
{
	const struct spt_addr *a = &o->target[at].addr;
	unsigned int port = o->target_port[at];
	const struct spt_local *local = link_locals(&o->link, port);
	bool from = false;

	if (link_port_of(&o->link, a) >= 0)
		return "is one of our own addresses: expected the server's, give that";
	for (unsigned int i = 0; i < o->link.of[port].n_local; i++)
		from |= addr_is_v4(&local[i].first) == addr_is_v4(a);
	if (!from)
		return "has no --address of its family on its port: expected one to connect from, "
		       "add it";
	if (!target_routed(o, at))
		return "is in no network of its port's --address: expected a --gateway of its "
		       "family behind that port, add one";
	for (unsigned int i = 0; i < at; i++)
		if (o->target_port[i] == port && addr_eq(&o->target[i].addr, a) &&
		    o->target[i].port == o->target[at].port)
			return "is given twice: expected each once, leave one away";
	return NULL;
}

/* Every target can be reached from an address of its own family. */
static int
check_targets(const struct bench_options *o, char *error, size_t error_size)
{
	char text[ADDRESS_TEXT];

	for (unsigned int i = 0; i < o->n_target; i++) {
		const struct spt_addr *a = &o->target[i].addr;
		const char *unfit = address_unfit(a, addr_is_v4(a) ? 32 : 128);
		const char *wrong = unfit ? NULL : target_wrong(o, i);

		address_endpoint_text(&o->target[i], text);
		if (unfit)
			snprintf(error, error_size,
			    "--target '%s': its address is %s; expected a host's, give that", text,
			    unfit);
		else if (wrong)
			snprintf(error, error_size, "--target '%s' %s", text, wrong);
		if (unfit || wrong)
			return -EINVAL;
	}
	return 0;
}

/* ---- defaults -------------------------------------------------------------- */

static void
default_exchange(struct bench_options *o, const struct bench_given *given)
{
	static const enum bench_exchange bulk[] = {
	    [DIRECTION_UP] = EXCHANGE_DISCARD,
	    [DIRECTION_DOWN] = EXCHANGE_CHARGEN,
	    [DIRECTION_BOTH] = EXCHANGE_ECHO,
	};

	if (o->mode == MODE_THROUGHPUT)
		o->exchange = bulk[o->direction];
	else if (o->mode == MODE_REQUESTS && !given->request)
		o->exchange = EXCHANGE_HTTP;
	else if (o->mode == MODE_CONCURRENT && o->traffic_ms && !given->request)
		o->exchange = EXCHANGE_ECHO;
	if (!o->request_bytes)
		o->request_bytes = REQUEST_BYTES;
	if (!o->path[0])
		memcpy(o->path, "/", 2);
}

static void
default_numbers(struct bench_options *o)
{
	static const uint32_t connections[] = {
	    [MODE_CONCURRENT] = CONNECTIONS_HELD,
	    [MODE_REQUESTS] = CONNECTIONS_REQUESTS,
	    [MODE_THROUGHPUT] = 1,
	};
	bool open_loop = o->rate > 0 || o->ramp || o->search;
	bool memory = link_is_memory(&o->link);

	if (!o->connections && o->mode != MODE_CONNECTIONS)
		o->connections = connections[o->mode];
	if (!o->concurrency)
		o->concurrency = !open_loop ? BENCH_WINDOW
		                 : memory   ? BENCH_WINDOW_MEMORY
		                            : BENCH_WINDOW_OPEN;
	if (o->mode == MODE_REQUESTS || o->mode == MODE_THROUGHPUT)
		o->concurrency = o->connections;
	if (o->mode == MODE_CONNECTIONS && o->exchange != EXCHANGE_NONE && !o->requests)
		o->requests = 1;
	if (!o->duration_ms && !o->attempts)
		o->duration_ms = DURATION_MS;
	if (!o->port_first) {
		o->port_first = 1024;
		o->port_last = UINT16_MAX;
	}
}

int
bench_options_check(
    struct bench_options *o, const struct bench_given *given, char *error, size_t error_size)
{
	int rc = check_where(o, error, error_size);

	if (rc == 0)
		rc = check_mode(o, given, error, error_size);
	if (rc == 0)
		rc = check_load(o, given, error, error_size);
	if (rc == 0)
		rc = flood_check_words(o, given, error, error_size);
	if (rc)
		return rc;
	flood_default(o, given);
	default_exchange(o, given);
	rc = check_exchange(o, given, error, error_size);
	if (rc)
		return rc;
	default_numbers(o);
	if (link_is_memory(&o->link) && o->link.n_ports == 1)
		rc = embedded_link(o, error, error_size);
	if (rc == 0)
		rc = link_check(&o->link, error, error_size);
	if (rc == 0)
		rc = check_targets(o, error, error_size);
	return rc ? rc : flood_check_where(o, error, error_size);
}

/* ---- sizes ------------------------------------------------------------------- */

/* Connections of one engine at once; a few are shared out unevenly, many are not. */
static uint32_t
size_active(const struct bench_options *o)
{
	uint32_t most = o->mode == MODE_CONNECTIONS ? o->concurrency : o->connections;
	uint32_t share = most / bench_options_engines(o);

	return most <= 65536 ? most : share + 1;
}

/* A connection that we end first stays behind as a record for 2MSL. */
static uint32_t
size_timewait(const struct bench_options *o, uint32_t active)
{
	if (o->close != CLOSE_CLIENT)
		return RTE_MAX(active, 1024u);
	if (o->mode == MODE_CONNECTIONS || (o->mode == MODE_REQUESTS && o->requests))
		return BENCH_TIMEWAIT;
	return RTE_MAX(active, 1024u);
}

static uint32_t
size_mbufs(const struct bench_options *o, uint32_t active)
{
	/* Full-sized segments that a connection's send queue and receive window hold. */
	uint64_t each = 4, most;

	if (o->mode == MODE_THROUGHPUT)
		each += ((uint64_t)o->conn.send_buffer +
		            RTE_MAX(o->conn.receive_buffer, o->conn.receive_buffer_max)) /
		        1024;
	else if (o->exchange != EXCHANGE_NONE)
		each += RTE_MIN(o->request_bytes, o->conn.send_buffer) / 1024;
	/* Those that are held in silence need none. */
	if (o->mode == MODE_CONCURRENT && !o->traffic_ms)
		active = RTE_MIN(active, o->concurrency);
	most = MBUFS_LEAST + each * active;
	return (uint32_t)RTE_MIN(most, (uint64_t)MBUFS_MOST);
}

void
bench_options_size(struct bench_options *o)
{
	uint32_t active = size_active(o);

	if (check_holds_silent(o))
		active += o->connections / bench_options_engines(o) + 1;
	o->engine.connections = active + ROOM_SPARE;
	o->engine.half_open = HALF_OPEN_OWN;
	o->engine.listeners = 1;
	if (!o->engine.timewait)
		o->engine.timewait = size_timewait(o, active);
	if (!o->mbufs)
		o->mbufs = size_mbufs(o, active);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server in the same process: the services of `septet serve` on peer engines, with their
 * options filled in here instead of by a command line. The client is the server's router, so that
 * a prefix full of source addresses takes one entry of its neighbour table.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "base/addr.h"
#include "bench/check.h"
#include "bench/embedded.h"
#include "common/address.h"
#include "common/link.h"
#include "serve/serve.h"

#define SERVER4      UINT32_C(0x0a000002) /* 10.0.0.2/30 */
#define CLIENT4      UINT32_C(0x0a000001) /* 10.0.0.1/30 */
#define SOURCES4     UINT32_C(0x0a400001) /* from 10.64.0.1/10 on */
#define PREFIX4      30
#define PREFIX4_MANY 10
#define PREFIX6      64
#define SERVER_SPARE 65536 /* connections that the client is done with and the server is not */

static const struct spt_addr server6 = {.b = {0xfd, [15] = 2}};
static const struct spt_addr client6 = {.b = {0xfd, [15] = 1}};
static const struct spt_addr sources6 = {.b = {0xfd, [7] = 1, [15] = 1}};

static struct spt_addr
embedded_v4(uint32_t host_order)
{
	return addr_from_v4(rte_cpu_to_be_32(host_order));
}

/* The ports that serve knows by heart. */
static uint16_t
embedded_port(enum bench_exchange exchange)
{
	static const uint16_t ports[] = {
	    [EXCHANGE_NONE] = 9,
	    [EXCHANGE_ECHO] = 7,
	    [EXCHANGE_DISCARD] = 9,
	    [EXCHANGE_CHARGEN] = 19,
	    [EXCHANGE_HTTP] = 80,
	};

	return ports[exchange];
}

static void
embedded_local(struct bench_options *o, struct spt_addr first, uint32_t count, uint8_t prefix)
{
	o->link.of[0].n_local++;
	o->link.local[o->link.n_local++] =
	    (struct spt_local){.first = first, .count = count, .prefix = prefix};
}

int
embedded_link(struct bench_options *o, char *error, size_t error_size)
{
	const struct spt_addr server4 = embedded_v4(SERVER4);
	bool v4 = false, v6 = false;
	uint32_t sources;

	if (o->n_target == 0)
		o->target[o->n_target++] =
		    (struct spt_endpoint){.addr = server4, .port = embedded_port(o->exchange)};
	for (unsigned int i = 0; i < o->n_target; i++) {
		const struct spt_addr *a = &o->target[i].addr;
		char text[ADDRESS_TEXT];

		v4 |= addr_eq(a, &server4);
		v6 |= addr_eq(a, &server6);
		if (addr_eq(a, &server4) || addr_eq(a, &server6))
			continue;
		snprintf(error, error_size,
		    "--target '%s' is not the embedded server: expected 10.0.0.2 or fd00::2; leave "
		    "it "
		    "away, or give a --port that leads somewhere",
		    address_endpoint_text(&o->target[i], text));
		return -EINVAL;
	}
	sources = (LINK_ADDRESSES_MAX - (uint32_t)v4 - (uint32_t)v6) / (v4 && v6 ? 2 : 1);
	if (v4) {
		embedded_local(o, embedded_v4(CLIENT4), 1, PREFIX4);
		embedded_local(o, embedded_v4(SOURCES4), sources, PREFIX4_MANY);
	}
	if (v6) {
		embedded_local(o, client6, 1, PREFIX6);
		embedded_local(o, sources6, sources, PREFIX6);
	}
	return 0;
}

static const struct service *
embedded_service(enum bench_exchange exchange)
{
	switch (exchange) {
	case EXCHANGE_ECHO: return &service_echo;
	case EXCHANGE_CHARGEN: return &service_chargen;
	case EXCHANGE_HTTP: return &service_http;
	case EXCHANGE_NONE:
	case EXCHANGE_DISCARD: break;
	}
	return &service_discard;
}

/* It holds what the client holds, and what the client has already forgotten. */
static void
embedded_size(const struct bench_options *o, struct spt_config *engine)
{
	uint32_t active = o->engine.connections;

	engine->connections = active + RTE_MIN(active, (uint32_t)SERVER_SPARE) + 1024;
	engine->half_open = RTE_MAX(RTE_MIN(active, o->concurrency), 1024u);
	engine->timewait =
	    o->close == CLOSE_SERVER ? RTE_MAX(o->engine.timewait, BENCH_TIMEWAIT) : 1024;
	engine->listeners = o->n_target;
	if (!o->flood.on)
		return;
	engine->half_open = o->flood.backlog ? o->flood.backlog : FLOOD_BACKLOG;
	engine->syn_cookies = o->flood.cookies;
	if (o->flood.kind == FLOOD_SILENT)
		engine->connections = FLOOD_CONNECTIONS;
}

static void
embedded_options(const struct bench_options *o, struct serve_options *s)
{
	struct link_options *link = &s->link;

	link->local[link->n_local++] =
	    (struct spt_local){.first = embedded_v4(SERVER4), .count = 1, .prefix = PREFIX4};
	link->local[link->n_local++] =
	    (struct spt_local){.first = server6, .count = 1, .prefix = PREFIX6};
	s->engine = (struct spt_config){
	    .local = link->local,
	    .n_local = link->n_local,
	    .gateway4 = embedded_v4(CLIENT4),
	    .gateway6 = client6,
	    .msl_ms = o->engine.msl_ms,
	    .rto_min_ms = o->engine.rto_min_ms,
	    .delayed_ack_ms = o->engine.delayed_ack_ms,
	};
	for (unsigned int i = 0; i < o->n_target; i++)
		s->listen[s->n_listen++] = (struct serve_listen){
		    .service = embedded_service(o->exchange), .local = o->target[i], .port = -1};
	s->http_body = o->request_bytes;
	s->conn.conn = o->conn;
	s->drain_ms = o->drain_ms;
	embedded_size(o, &s->engine);
	if (o->flood.on) {
		s->conn.backlog = s->engine.half_open;
		s->conn.defer_accept = o->flood.defer_accept;
		s->conn.conn.idle_timeout_ms = o->flood.idle_timeout_ms;
	}
}

int
embedded_create(struct bench *bench, char *error, size_t error_size)
{
	int rc = held_register();

	bench->server = calloc(1, sizeof(*bench->server));
	if (!bench->server)
		rc = -ENOMEM;
	if (rc) {
		snprintf(error, error_size, "no room for the embedded server: %s", strerror(-rc));
		return rc;
	}
	embedded_options(&bench->options, &bench->server->options);
	return 0;
}

void
embedded_destroy(struct bench *bench)
{
	free(bench->server);
	bench->server = NULL;
}

void
embedded_config(const struct bench *bench, struct spt_runtime_config *config)
{
	config->peer_engine = bench->server->options.engine;
	config->peer_ops = &serve_core_ops;
	config->peer_app = bench->server;
}

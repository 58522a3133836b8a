/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * http: a GET (RFC 9112) and its response, whose body ends by Content-Length, by its last chunk,
 * or by the server's FIN; told apart by libhttp-parser. Only a 2xx is a response that was asked
 * for. --verify is exchange_body.c's.
 *
 * to_receive is 1 while a response is outstanding: how long it is, only the parser knows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <http_parser.h>
#include <rte_mbuf.h>

#include "base/debug.h"
#include "bench/exchange.h"
#include "common/address.h"

#define REQUEST_ROOM 512 /* path, host and the rest: one mbuf has it all */

struct exchange_request {
	uint16_t length;
	char text[REQUEST_ROOM - sizeof(uint16_t)];
};

SPT_STATIC_ASSERT(BENCH_PATH + ADDRESS_TEXT + 100 < REQUEST_ROOM, "every request has room");

/* Behind the exchange_state of a connection. */
struct exchange_http {
	http_parser parser;
	uint64_t at;     /* --verify: bytes of the body that came */
	uint8_t request; /* index in x->requests */
	bool persists;
	bool wrong;
};

/* What the callbacks need; parser.data while http_parser_execute runs. */
struct exchange_http_context {
	struct exchange *x;
	struct exchange_state *s;
	struct exchange_http *h;
};

static struct exchange_http *
exchange_http_of(const struct exchange_state *s)
{
	/* The state of a connection is aligned so that this is too. */
	return (struct exchange_http *)(uintptr_t)(s + 1);
}

size_t
exchange_http_room(void)
{
	return sizeof(struct exchange_http);
}

/* ---- requests ------------------------------------------------------------ */

int
exchange_http_init(struct exchange *x)
{
	const struct bench_options *o = x->options;
	char host[ADDRESS_TEXT];

	x->requests = calloc(2 * o->n_target, sizeof(*x->requests));
	if (!x->requests)
		return -ENOMEM;
	for (unsigned int i = 0; i < 2 * o->n_target; i++) {
		struct exchange_request *r = &x->requests[i];
		int n = snprintf(r->text, sizeof(r->text),
		    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: septet\r\n%s\r\n", o->path,
		    address_endpoint_text(&o->target[i / 2], host),
		    i % 2 ? "Connection: close\r\n" : "");

		SPT_ASSERT(n > 0 && (size_t)n < sizeof(r->text));
		r->length = (uint16_t)n;
	}
	return 0;
}

void
exchange_http_begin(
    const struct exchange *x, struct exchange_state *s, unsigned int target, bool last)
{
	struct exchange_http *h = exchange_http_of(s);

	h->request = (uint8_t)(2 * target + last);
	h->at = 0;
	h->persists = true;
	h->wrong = false;
	http_parser_init(&h->parser, HTTP_RESPONSE);
	s->to_send = x->requests[h->request].length;
	s->to_receive = 1;
}

struct rte_mbuf *
exchange_http_request(const struct exchange *x, const struct exchange_state *s)
{
	const struct exchange_request *r = &x->requests[exchange_http_of(s)->request];
	struct rte_mbuf *m = spt_buffer_alloc(x->engine);
	char *to;

	if (!m)
		return NULL;
	to = rte_pktmbuf_append(m, r->length);
	SPT_ASSERT(to);
	memcpy(to, r->text, r->length);
	return m;
}

/* ---- responses ----------------------------------------------------------- */

static unsigned int
exchange_http_target(const struct exchange_http *h)
{
	return h->request / 2;
}

/* Below 0 ends the parsing. 1xx says that the response is still to come (RFC 9110 15.2). */
static int
exchange_on_head(http_parser *p)
{
	const struct exchange_http_context *context = p->data;
	struct exchange_http *h = context->h;
	bool wanted = p->status_code < 300 && p->status_code >= 100 && p->status_code != 101;

	if (!wanted)
		return -1;
	if (context->x->compare && p->status_code >= 200)
		h->wrong = !exchange_body_status(
		    context->x, exchange_http_target(h), (uint16_t)p->status_code);
	return h->wrong ? -1 : 0;
}

static int
exchange_on_body(http_parser *p, const char *data, size_t bytes)
{
	const struct exchange_http_context *context = p->data;
	struct exchange_http *h = context->h;
	enum exchange_result result;

	if (!context->x->compare)
		return 0;
	result = exchange_body_received(
	    context->x, exchange_http_target(h), h->at, (const uint8_t *)data, (uint32_t)bytes);
	h->at += bytes;
	h->wrong = result == EXCHANGE_WRONG;
	return result == EXCHANGE_GOING ? 0 : -1;
}

/* The parser stops behind the response: nothing may follow that was not asked for. */
static int
exchange_on_end(http_parser *p)
{
	const struct exchange_http_context *context = p->data;
	struct exchange_http *h = context->h;

	if (p->status_code < 200)
		return 0;
	if (context->x->compare)
		h->wrong = !exchange_body_ended(context->x, exchange_http_target(h), h->at);
	if (h->wrong)
		return -1;
	context->s->to_receive = 0;
	h->persists = http_should_keep_alive(p) != 0;
	http_parser_pause(p, 1);
	return 0;
}

static const http_parser_settings exchange_http_settings = {
    .on_headers_complete = exchange_on_head,
    .on_body = exchange_on_body,
    .on_message_complete = exchange_on_end,
};

/* 'bytes' 0 is the end of the stream. */
static enum exchange_result
exchange_http_run(struct exchange *x, struct exchange_state *s, const uint8_t *data, uint32_t bytes)
{
	struct exchange_http *h = exchange_http_of(s);
	struct exchange_http_context context = {.x = x, .s = s, .h = h};
	size_t taken;

	h->parser.data = &context;
	taken = http_parser_execute(&h->parser, &exchange_http_settings, (const char *)data, bytes);
	h->parser.data = NULL;
	if (h->wrong)
		return EXCHANGE_WRONG;
	if (s->to_receive == 0)
		return taken == bytes ? EXCHANGE_WHOLE : EXCHANGE_BAD;
	return HTTP_PARSER_ERRNO(&h->parser) == HPE_OK && taken == bytes ? EXCHANGE_GOING
	                                                                 : EXCHANGE_BAD;
}

enum exchange_result
exchange_http_received(
    struct exchange *x, struct exchange_state *s, const uint8_t *data, uint32_t bytes)
{
	/* Before anything was asked for, or behind the response. */
	if (s->to_receive == 0)
		return EXCHANGE_BAD;
	return exchange_http_run(x, s, data, bytes);
}

enum exchange_result
exchange_http_peer_closed(struct exchange *x, struct exchange_state *s)
{
	enum exchange_result result = exchange_http_run(x, s, NULL, 0);

	return result == EXCHANGE_GOING ? EXCHANGE_BAD : result;
}

bool
exchange_http_persists(const struct exchange_state *s)
{
	return exchange_http_of(s)->persists;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * http: the same body for every GET, its head alone for every HEAD (RFC 9110, 9112).
 * Requests are answered in their order, one at a time; while an answer does not fit into the
 * send buffer nothing more is read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_mbuf.h>

#include "serve/serve.h"

#define HTTP_COPY 1024 /* bodies up to this are copied behind their head */

_Static_assert(HTTP_COPY <= TEXT_CHUNK, "a copied body is one run of the text");

static const char *
http_reason(uint16_t status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 405: return "Method Not Allowed";
	case 411: return "Length Required";
	case 414: return "URI Too Long";
	case 431: return "Request Header Fields Too Large";
	case 501: return "Not Implemented";
	case 505: return "HTTP Version Not Supported";
	default: return "Internal Server Error";
	}
}

/* Bytes of body that the response announces. */
static uint64_t
http_body_length(const struct serve_core *core, uint16_t status)
{
	return status == 200 ? core->options->http_body : 0;
}

static void
http_write_head(const struct serve_core *core, uint16_t status, enum http_persistence persistence,
    struct http_text *head)
{
	static const char *const connection[] = {
	    [HTTP_KEEP] = "",
	    [HTTP_KEEP_EXPLICIT] = "Connection: keep-alive\r\n",
	    [HTTP_CLOSE] = "Connection: close\r\n",
	};
	int n = snprintf(head->text, sizeof(head->text),
	    "HTTP/1.1 %u %s\r\nServer: septet\r\nDate: %s\r\n%s%s"
	    "Content-Type: text/plain\r\nContent-Length: %" PRIu64 "\r\n\r\n",
	    status, http_reason(status), core->date, status == 405 ? "Allow: GET, HEAD\r\n" : "",
	    connection[persistence], http_body_length(core, status));

	head->length = (uint16_t)RTE_MIN((size_t)n, sizeof(head->text) - 1);
}

void
http_prepare(struct serve_core *core)
{
	for (unsigned int i = 0; i < HTTP_PERSISTENCES; i++)
		http_write_head(core, 200, (enum http_persistence)i, &core->http[i]);
}

/* Head and, if it is short, body in one mbuf. NULL: no buffer. */
static struct rte_mbuf *
http_head_mbuf(const struct serve_core *core, const struct http_conn *h, uint32_t body)
{
	/* An HTTP/1.1 connection persists unless told otherwise, an HTTP/1.0 one does not. */
	enum http_persistence persistence = h->close_after         ? HTTP_CLOSE
	                                    : h->parser.minor == 0 ? HTTP_KEEP_EXPLICIT
	                                                           : HTTP_KEEP;
	const struct http_text *head = &core->http[persistence];
	struct rte_mbuf *m = spt_buffer_alloc(core->engine);
	struct http_text error;
	uint8_t *to;

	if (!m)
		return NULL;
	if (h->parser.status != 200) {
		http_write_head(core, h->parser.status, persistence, &error);
		head = &error;
	}
	to = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(head->length + body));
	if (!to) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(to, head->text, head->length);
	memcpy(to + head->length, core->body.zone->addr, body);
	return m;
}

static bool
http_send_head(struct serve_core *core, struct serve_conn *c)
{
	struct http_conn *h = &c->http;
	uint64_t body =
	    h->parser.method == HTTP_HEAD ? 0 : http_body_length(core, h->parser.status);
	uint32_t copied = body <= HTTP_COPY ? (uint32_t)body : 0;
	struct rte_mbuf *m = http_head_mbuf(core, h, copied);

	if (!m) {
		serve_retry(core, c);
		return false;
	}
	if (!serve_send(core, c, m)) {
		rte_pktmbuf_free(m);
		return false;
	}
	h->head_due = false;
	h->body_left = body - copied;
	c->at = 0;
	serve_totals(core, c)->requests += h->parser.status == 200;
	serve_totals(core, c)->errors += h->parser.status != 200;
	return true;
}

static bool
http_send_body(struct serve_core *core, struct serve_conn *c)
{
	uint32_t length = (uint32_t)RTE_MIN(c->http.body_left, (uint64_t)TEXT_CHUNK);
	struct rte_mbuf *m = text_attach(&core->body, core->engine, c->at, length);

	if (!m) {
		serve_retry(core, c);
		return false;
	}
	if (!serve_send(core, c, m)) {
		rte_pktmbuf_free(m);
		return false;
	}
	c->at += length;
	c->http.body_left -= length;
	return true;
}

/*
 * Take what is held: a body that nobody wants, or the next head. True when a response
 * became due.
 */
static bool
http_take(struct serve_core *core, struct serve_conn *c)
{
	struct http_conn *h = &c->http;
	uint32_t done = 0;
	struct rte_mbuf *m;
	size_t n;

	while ((m = c->held.head) && !h->parser.done) {
		if (h->skip) {
			n = RTE_MIN(h->skip, (uint64_t)m->data_len);
			h->skip -= n;
		} else {
			n = http_parse(
			    &h->parser, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
		}
		done += (uint32_t)n;
		held_consume(&c->held, (uint32_t)n);
	}
	if (done)
		spt_receive_done(core->engine, c->conn, done);
	if (!h->parser.done)
		return false;
	h->head_due = true;
	h->skip = h->parser.content_length;
	h->close_after = !h->parser.keep_alive || c->stopping || core->options->http_close;
	return true;
}

static void
http_run(struct serve_core *core, struct serve_conn *c)
{
	struct http_conn *h = &c->http;

	while (c->phase == PHASE_SERVING) {
		if (h->head_due) {
			if (!http_send_head(core, c))
				return;
		} else if (h->body_left) {
			if (!http_send_body(core, c))
				return;
		} else if (h->close_after) {
			serve_linger(core, c);
		} else {
			if (h->parser.done)
				http_parser_reset(&h->parser);
			if (!http_take(core, c))
				break;
		}
	}
	/* Everything is answered. A request cut short by the peer's FIN gets no answer. */
	if (c->phase != PHASE_SERVING)
		return;
	if (c->peer_closed)
		serve_close(core, c);
	else if (c->stopping && http_parser_idle(&h->parser) && h->skip == 0)
		serve_linger(core, c);
}

static void
http_open(struct serve_core *core, struct serve_conn *c)
{
	memset(&c->http, 0, sizeof(c->http));
	http_parser_reset(&c->http.parser);
}

static void
http_received(struct serve_core *core, struct serve_conn *c, struct rte_mbuf *chain, uint32_t bytes)
{
	held_push(&c->held, chain);
	if (!c->http.head_due && !c->http.body_left)
		http_run(core, c);
}

/* Not while an answer waits for room: it goes on when it is told so. */
static void
http_end(struct serve_core *core, struct serve_conn *c)
{
	if (!c->http.head_due && !c->http.body_left)
		http_run(core, c);
}

const struct service service_http = {
    .name = "http",
    .help = "answers GET and HEAD with a fixed body (RFC 9112)",
    .nodelay = true,
    .open = http_open,
    .received = http_received,
    .ready = http_run,
    .peer_closed = http_end,
    .stop = http_end,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is said on a connection: echo, discard, chargen; http is in exchange_http.c and
 * exchange_body.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_mbuf.h>

#include "base/debug.h"
#include "bench/exchange.h"

/*
 * Pieces up to this are copied into their mbuf: cheaper than attaching, for which the engine
 * would chain a header before them, and a port in memory copy them after all.
 */
#define EXCHANGE_COPY 256

/* What echo and discard send repeats after so many bytes: they look random, so that what is out
 * of its place is found. */
#define EXCHANGE_PERIOD 4096

SPT_STATIC_ASSERT(
    CHARGEN_PERIOD <= UINT16_MAX && EXCHANGE_PERIOD <= UINT16_MAX, "a position fits its field");

static uint8_t
exchange_byte(uint64_t at)
{
	uint32_t x = (uint32_t)(at % EXCHANGE_PERIOD) * UINT32_C(0x9e3779b1);

	x = (x ^ x >> 15) * UINT32_C(0x85ebca77);
	return (uint8_t)(x >> 24);
}

static int
exchange_text(struct exchange *x, unsigned int number)
{
	switch (x->options->exchange) {
	case EXCHANGE_ECHO:
	case EXCHANGE_DISCARD:
		return text_init(&x->text, "bench", number, EXCHANGE_PERIOD, exchange_byte);
	case EXCHANGE_CHARGEN:
		return x->compare
		           ? text_init(&x->text, "bench", number, CHARGEN_PERIOD, text_chargen)
		           : 0;
	case EXCHANGE_HTTP:
		return x->compare
		           ? text_init(&x->text, "bench", number, HTTP_BODY_PERIOD, text_body)
		           : 0;
	case EXCHANGE_NONE: break;
	}
	return 0;
}

int
exchange_init(struct exchange *x, const struct bench_options *options, struct spt_engine *engine,
    unsigned int number, struct bench_totals *totals)
{
	int rc;

	*x = (struct exchange){
	    .engine = engine,
	    .options = options,
	    .totals = totals,
	    .endless = options->mode == MODE_THROUGHPUT,
	    .compare = options->verify,
	    .piece = TEXT_CHUNK,
	};
	rc = exchange_text(x, number);
	if (rc == 0 && options->exchange == EXCHANGE_HTTP)
		rc = exchange_http_init(x);
	if (rc == 0 && options->exchange == EXCHANGE_HTTP && x->compare)
		rc = exchange_body_init(x);
	if (rc)
		exchange_fini(x);
	return rc;
}

void
exchange_fini(struct exchange *x)
{
	exchange_body_fini(x);
	free(x->requests);
	x->requests = NULL;
	text_fini(&x->text);
}

size_t
exchange_room(const struct bench_options *options)
{
	return options->exchange == EXCHANGE_HTTP ? exchange_http_room() : 0;
}

void
exchange_open(const struct exchange *x, struct exchange_state *s, uint32_t seed)
{
	bool ours =
	    x->options->exchange == EXCHANGE_ECHO || x->options->exchange == EXCHANGE_DISCARD;
	uint16_t at = ours ? (uint16_t)(seed * UINT32_C(0x9e3779b1) >> 16) % EXCHANGE_PERIOD : 0;

	*s = (struct exchange_state){.send_at = at, .receive_at = at};
}

void
exchange_begin(const struct exchange *x, struct exchange_state *s, unsigned int target, bool last)
{
	switch (x->options->exchange) {
	case EXCHANGE_ECHO:
	case EXCHANGE_DISCARD: s->to_send = x->options->request_bytes; break;
	case EXCHANGE_CHARGEN: s->to_receive = x->options->request_bytes; break;
	case EXCHANGE_HTTP: exchange_http_begin(x, s, target, last); break;
	case EXCHANGE_NONE: break;
	}
}

void
exchange_set_mss(struct exchange *x, uint32_t mss)
{
	x->piece = mss > 0 && mss < TEXT_CHUNK ? TEXT_CHUNK / mss * mss : TEXT_CHUNK;
}

/* ---- sending ------------------------------------------------------------- */

/* The next piece of a text, or NULL. */
static struct rte_mbuf *
exchange_piece(struct exchange *x, const struct exchange_state *s)
{
	uint32_t bytes = x->endless ? x->piece : RTE_MIN(s->to_send, x->piece);
	struct rte_mbuf *m;
	uint8_t *to;

	if (bytes > EXCHANGE_COPY)
		return text_attach(&x->text, x->engine, s->send_at, bytes);
	m = spt_buffer_alloc(x->engine);
	if (!m)
		return NULL;
	to = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)bytes);
	SPT_ASSERT(to);
	memcpy(to, (const uint8_t *)x->text.zone->addr + s->send_at, bytes);
	return m;
}

static void
exchange_taken(struct exchange *x, struct exchange_state *s, uint32_t bytes)
{
	x->totals->bytes_out += bytes;
	if (!x->endless)
		s->to_send -= bytes;
	if (x->options->exchange == EXCHANGE_HTTP)
		return;
	s->send_at = (uint16_t)((s->send_at + bytes) % EXCHANGE_PERIOD);
	if (x->options->exchange == EXCHANGE_ECHO)
		s->to_receive += bytes;
}

enum exchange_sent
exchange_send(struct exchange *x, spt_conn conn, struct exchange_state *s)
{
	struct rte_mbuf *m;
	uint32_t bytes;
	int rc;

	while (s->to_send > 0) {
		m = x->options->exchange == EXCHANGE_HTTP ? exchange_http_request(x, s)
		                                          : exchange_piece(x, s);
		if (unlikely(!m))
			return EXCHANGE_NO_BUFFER;
		bytes = m->pkt_len;
		rc = spt_send(x->engine, conn, m, 0);
		if (rc) {
			rte_pktmbuf_free(m);
			return rc == -EAGAIN || rc == -ENOBUFS ? EXCHANGE_BLOCKED : EXCHANGE_ENDED;
		}
		exchange_taken(x, s, bytes);
	}
	return EXCHANGE_SENT;
}

/* ---- receiving ----------------------------------------------------------- */

bool
exchange_text_equal(const struct text *text, uint64_t at, const uint8_t *data, uint32_t bytes)
{
	const uint8_t *base = text->zone->addr;

	while (bytes > 0) {
		uint32_t n = RTE_MIN(bytes, (uint32_t)TEXT_CHUNK);

		if (memcmp(data, base + at % text->period, n) != 0)
			return false;
		at += n;
		data += n;
		bytes -= n;
	}
	return true;
}

/* Compare with the text from receive_at on, and go on behind it. */
static bool
exchange_compare(struct exchange *x, struct exchange_state *s, const uint8_t *data, uint32_t bytes)
{
	if (!exchange_text_equal(&x->text, s->receive_at, data, bytes))
		return false;
	x->totals->bytes_verified += bytes;
	s->receive_at = (uint16_t)((s->receive_at + bytes) % x->text.period);
	return true;
}

/* Echo returns no more than was sent; chargen goes on for ever, wanted or not. */
static enum exchange_result
exchange_text_received(
    struct exchange *x, struct exchange_state *s, const uint8_t *data, uint32_t bytes)
{
	if (x->options->exchange == EXCHANGE_ECHO && bytes > s->to_receive)
		return EXCHANGE_BAD;
	if (x->compare && !exchange_compare(x, s, data, bytes))
		return EXCHANGE_WRONG;
	if (x->options->exchange == EXCHANGE_ECHO || !x->endless)
		s->to_receive -= RTE_MIN(bytes, s->to_receive);
	return EXCHANGE_GOING;
}

bool
exchange_whole(const struct exchange *x, const struct exchange_state *s)
{
	return s->to_send == 0 && s->to_receive == 0;
}

enum exchange_result
exchange_received(struct exchange *x, struct exchange_state *s, const struct rte_mbuf *chain)
{
	enum exchange_result result = EXCHANGE_GOING;

	for (const struct rte_mbuf *m = chain; m; m = m->next) {
		const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

		switch (x->options->exchange) {
		case EXCHANGE_ECHO:
		case EXCHANGE_CHARGEN:
			result = exchange_text_received(x, s, data, m->data_len);
			break;
		case EXCHANGE_HTTP: result = exchange_http_received(x, s, data, m->data_len); break;
		/* Nothing was asked for, but some servers greet, and some speak and close. */
		case EXCHANGE_NONE: break;
		case EXCHANGE_DISCARD: result = EXCHANGE_BAD; break;
		}
		if (result == EXCHANGE_BAD || result == EXCHANGE_WRONG)
			return result;
	}
	return exchange_whole(x, s) ? EXCHANGE_WHOLE : EXCHANGE_GOING;
}

enum exchange_result
exchange_peer_closed(struct exchange *x, struct exchange_state *s)
{
	if (exchange_whole(x, s))
		return EXCHANGE_WHOLE;
	return x->options->exchange == EXCHANGE_HTTP ? exchange_http_peer_closed(x, s)
	                                             : EXCHANGE_BAD;
}

void
exchange_stop(const struct exchange *x, struct exchange_state *s)
{
	s->to_send = 0;
	if (x->options->exchange == EXCHANGE_CHARGEN)
		s->to_receive = 0;
}

bool
exchange_persists(const struct exchange *x, const struct exchange_state *s)
{
	return x->options->exchange != EXCHANGE_HTTP || exchange_http_persists(s);
}

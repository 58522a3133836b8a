/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is said on a connection: the bytes that are sent and those that must come back. The life
 * of the connection around it is conn.c's.
 */
#ifndef SPT_APP_BENCH_EXCHANGE_H
#define SPT_APP_BENCH_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <septet/septet.h>

#include "bench/bench.h"
#include "bench/options.h"
#include "serve/text.h"

/*
 * Of each connection, at the end of its state; what http has besides lies behind it. Bytes are
 * said by their position in the text, which repeats.
 */
struct exchange_state {
	uint32_t to_send;    /* bytes of the request that TCP has not taken yet */
	uint32_t to_receive; /* bytes of the response to come; of echo so many as were sent */
	uint16_t send_at, receive_at;
};

struct exchange_request; /* of http, ready to be sent */
struct exchange_body;    /* of http with --verify, what is known of it */

struct exchange {
	struct spt_engine *engine;
	const struct bench_options *options;
	struct bench_totals *totals; /* bytes_out and bytes_verified are counted here */
	bool endless;                /* --mode throughput: a request has no end, nor a response */
	bool compare;                /* --verify, and there is what it can be compared with */
	uint32_t piece;              /* bytes of one chain */
	/* What is sent, and with --verify what is expected. */
	struct text text;
	struct exchange_request *requests; /* http: two of each target */
	struct exchange_body *bodies;      /* http with --verify: one of each target */
};

/* 'number' is unique in the process. 0 or -ENOMEM. */
int exchange_init(struct exchange *x, const struct bench_options *options,
    struct spt_engine *engine, unsigned int number, struct bench_totals *totals);
void exchange_fini(struct exchange *x);

/* Bytes that a connection needs behind its struct exchange_state. */
size_t exchange_room(const struct bench_options *options);

/* A new connection; those with another 'seed' begin elsewhere in what echo and discard send. */
void exchange_open(const struct exchange *x, struct exchange_state *s, uint32_t seed);

/* The next request; with http the 'last' one asks the server to close. */
void exchange_begin(
    const struct exchange *x, struct exchange_state *s, unsigned int target, bool last);

/* Chains become segments of 'mss' bytes without a rest. */
void exchange_set_mss(struct exchange *x, uint32_t mss);

enum exchange_sent {
	EXCHANGE_SENT,      /* all of the request is TCP's */
	EXCHANGE_BLOCKED,   /* WRITABLE follows, then try again */
	EXCHANGE_NO_BUFFER, /* try again in a later turn */
	EXCHANGE_ENDED,     /* the connection takes no more data */
};

enum exchange_sent exchange_send(struct exchange *x, spt_conn conn, struct exchange_state *s);

enum exchange_result {
	EXCHANGE_GOING, /* more must come */
	EXCHANGE_WHOLE, /* the response is whole */
	EXCHANGE_BAD,   /* it is none, or more than one, or ended early */
	EXCHANGE_WRONG, /* --verify: a byte was wrong, missing or too much */
};

/* All is sent, and nothing more has to come. */
bool exchange_whole(const struct exchange *x, const struct exchange_state *s);

/* Data came; the chain stays the caller's. */
enum exchange_result exchange_received(
    struct exchange *x, struct exchange_state *s, const struct rte_mbuf *chain);

/* The peer's FIN, in the middle of a response: WHOLE or BAD. */
enum exchange_result exchange_peer_closed(struct exchange *x, struct exchange_state *s);

/* Of an endless one: enough was sent; what of it comes back is still to come. */
void exchange_stop(const struct exchange *x, struct exchange_state *s);

/* After a response: another request may follow on this connection. */
bool exchange_persists(const struct exchange *x, const struct exchange_state *s);

/* ---- exchange_http.c ------------------------------------------------------- */

int exchange_http_init(struct exchange *x);
size_t exchange_http_room(void);
void exchange_http_begin(
    const struct exchange *x, struct exchange_state *s, unsigned int target, bool last);
/* An mbuf with the request, or NULL. */
struct rte_mbuf *exchange_http_request(const struct exchange *x, const struct exchange_state *s);
enum exchange_result exchange_http_received(
    struct exchange *x, struct exchange_state *s, const uint8_t *data, uint32_t bytes);
enum exchange_result exchange_http_peer_closed(struct exchange *x, struct exchange_state *s);
bool exchange_http_persists(const struct exchange_state *s);

/* ---- exchange_body.c ------------------------------------------------------- */

/* So much is kept of a body that is not the text of `septet serve`; a longer one is BAD. */
#define EXCHANGE_BODY_KEPT ((size_t)16 << 20)

int exchange_body_init(struct exchange *x); /* 0 or -ENOMEM */
/* Says of which targets the body was longer than what is kept. */
void exchange_body_fini(struct exchange *x);

/* False: the others had another one. */
bool exchange_body_status(struct exchange *x, unsigned int target, uint16_t status);

/* Of a response that is right so far, the bytes behind its first 'at': GOING, WRONG or BAD. */
enum exchange_result exchange_body_received(
    struct exchange *x, unsigned int target, uint64_t at, const uint8_t *data, uint32_t bytes);

/* The response ended after 'at' bytes. False: others were longer. */
bool exchange_body_ended(struct exchange *x, unsigned int target, uint64_t at);

/* ---- for all ---------------------------------------------------------------- */

/* Whether 'data' is what the text has from 'at' on. */
bool exchange_text_equal(const struct text *text, uint64_t at, const uint8_t *data, uint32_t bytes);

#endif

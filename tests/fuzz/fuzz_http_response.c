/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Responses to the bench: any bytes, in chains of exact buffers that the first bytes of the input
 * cut, and the peer's FIN behind them. However they are cut, the verdict is the same.
 */
#include <string.h>

#include <bench/exchange.h>
#include <common/address.h>
#include <lib/env.h>

#include "fuzz.h"

#define CONTROL 4 /* a byte of flags, three cuts */

static struct rte_mempool *pool;
static struct bench_options options;
static struct bench_totals totals;

struct result {
	enum exchange_result end;
	bool persists;
};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char error[100];

	(void)argc;
	(void)argv;
	env_start();
	pool = env_pool_create(511);
	options =
	    (struct bench_options){.exchange = EXCHANGE_HTTP, .n_target = 1, .path = "/some/path"};
	EXPECT(
	    address_parse_endpoint("10.0.0.2:80", &options.target[0], error, sizeof(error)) == 0);
	return 0;
}

/* Nothing is sent here, so no engine is needed. */
static struct result
run(const uint8_t *data, size_t n, const uint8_t *cuts)
{
	struct {
		uint32_t
		    head; /* where a connection's other fields are: what is behind is aligned */
		struct exchange_state s;
	} * conn;
	struct exchange x;
	struct exchange_state *s;
	struct result r = {.end = EXCHANGE_GOING};
	size_t at = 0;

	EXPECT(exchange_init(&x, &options, NULL, 5, &totals) == 0);
	conn = malloc(sizeof(*conn) + exchange_room(&options));
	EXPECT(conn != NULL);
	s = &conn->s;
	exchange_open(&x, s, 1);
	exchange_begin(&x, s, 0, false);
	s->to_send = 0; /* it went out */
	while (r.end == EXCHANGE_GOING && at < n) {
		size_t piece = cuts == NULL ? n - at : RTE_MIN(n - at, 1u + cuts[0] + cuts[1]);
		struct rte_mbuf *m =
		    fuzz_mbuf(pool, data + at, piece, FUZZ_EXACT | (cuts ? FUZZ_CHAIN : 0), cuts);

		EXPECT(m != NULL);
		r.end = exchange_received(&x, s, m);
		rte_pktmbuf_free(m);
		at += piece;
	}
	/* Behind a whole response there may be more only if that is one piece with it. */
	if (r.end == EXCHANGE_WHOLE && at < n)
		r.end = EXCHANGE_BAD;
	if (r.end == EXCHANGE_GOING)
		r.end = exchange_peer_closed(&x, s);
	EXPECT(r.end != EXCHANGE_GOING);
	r.persists = r.end == EXCHANGE_WHOLE && exchange_persists(&x, s);
	free(conn);
	exchange_fini(&x);
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, cut;

	if (size < CONTROL || size > 60000)
		return 0;
	options.verify = data[0] & 1;
	whole = run(data + CONTROL, size - CONTROL, NULL);
	cut = run(data + CONTROL, size - CONTROL, data + 1);
	if (!options.verify)
		EXPECT(whole.end == cut.end && whole.persists == cut.persists);
	else
		EXPECT((whole.end == EXCHANGE_WHOLE) == (cut.end == EXCHANGE_WHOLE));
	EXPECT(env_pool_in_use(pool) == 0);
	return 0;
}

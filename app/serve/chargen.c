/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * chargen (RFC 864): lines of text for ever, as fast as the peer takes them. What the peer
 * sends is thrown away; it ends the connection.
 */
#include <rte_common.h>
#include <rte_mbuf.h>

#include "serve/serve.h"

static void
chargen_run(struct serve_core *core, struct serve_conn *c)
{
	struct rte_mbuf *m;

	for (;;) {
		m = text_attach(&core->chargen, core->engine, c->at, c->chunk);
		if (!m) {
			serve_retry(core, c);
			return;
		}
		if (!serve_send(core, c, m)) {
			rte_pktmbuf_free(m);
			return;
		}
		c->at += c->chunk;
	}
}

/* Chains of whole segments: none is split over two, or sent short in between. */
static void
chargen_open(struct serve_core *core, struct serve_conn *c)
{
	struct spt_conn_info info;
	uint32_t mss = 0;

	if (spt_conn_info(core->engine, c->conn, &info) == 0)
		mss = info.mss;
	c->chunk = mss > 0 && mss < TEXT_CHUNK ? TEXT_CHUNK / mss * mss : TEXT_CHUNK;
	chargen_run(core, c);
}

static void
chargen_received(
    struct serve_core *core, struct serve_conn *c, struct rte_mbuf *chain, uint32_t bytes)
{
	rte_pktmbuf_free(chain);
	spt_receive_done(core->engine, c->conn, bytes);
}

const struct service service_chargen = {
    .name = "chargen",
    .help = "sends lines of text until the peer closes (RFC 864)",
    .open = chargen_open,
    .received = chargen_received,
    .ready = chargen_run,
    .peer_closed = serve_close,
    .stop = serve_linger,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/* discard (RFC 863): what comes is thrown away. */
#include <rte_mbuf.h>

#include "serve/serve.h"

static void
discard_received(
    struct serve_core *core, struct serve_conn *c, struct rte_mbuf *chain, uint32_t bytes)
{
	rte_pktmbuf_free(chain);
	spt_receive_done(core->engine, c->conn, bytes);
}

const struct service service_discard = {
    .name = "discard",
    .help = "throws away what it receives (RFC 863)",
    .received = discard_received,
    .peer_closed = serve_close,
    .stop = serve_linger,
};

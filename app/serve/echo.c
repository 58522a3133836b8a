/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * echo (RFC 862): what comes goes back, in the very mbufs it came in. While the peer
 * does not read, neither do we: the window closes, and nothing more is buffered.
 */
#include <rte_mbuf.h>

#include "serve/serve.h"

/* Send what is held; done, follow the peer's or the program's end. */
static void
echo_run(struct serve_core *core, struct serve_conn *c)
{
	struct rte_mbuf *m;
	uint32_t bytes;

	while ((m = held_pop(&c->held))) {
		bytes = m->pkt_len;
		if (!serve_send(core, c, m)) {
			held_push_front(&c->held, m);
			return;
		}
		spt_receive_done(core->engine, c->conn, bytes);
	}
	if (c->peer_closed)
		serve_close(core, c);
	else if (c->stopping)
		serve_linger(core, c);
}

static void
echo_received(struct serve_core *core, struct serve_conn *c, struct rte_mbuf *chain, uint32_t bytes)
{
	bool waiting = c->held.head != NULL;

	held_push(&c->held, chain);
	/* Someone waits already: 'ready' will come. */
	if (!waiting)
		echo_run(core, c);
}

static void
echo_end(struct serve_core *core, struct serve_conn *c)
{
	if (!c->held.head)
		echo_run(core, c);
}

const struct service service_echo = {
    .name = "echo",
    .help = "sends back what it receives (RFC 862)",
    .received = echo_received,
    .ready = echo_run,
    .peer_closed = echo_end,
    .stop = echo_end,
};

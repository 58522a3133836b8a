/* SPDX-License-Identifier: BSD-3-Clause */
/* The public calls: an engine's protocol, under the names of the header. */
#include <errno.h>

#include "engine.h"

int
spt_listen(struct spt_engine *engine, const struct spt_endpoint *local,
    const struct spt_listen_options *options)
{
	return tcp_listen(&engine->tcp, local, options);
}

int
spt_unlisten(struct spt_engine *engine, int listener, enum spt_unlisten how)
{
	int rc;

	/* A turn begins with an empty list: it counts on the room. */
	do {
		rc = tcp_unlisten(&engine->tcp, listener, how);
		engine_flush(engine);
	} while (rc == -EAGAIN);
	return rc;
}

int
spt_source_add(struct spt_engine *engine, const struct spt_source_options *options)
{
	return tcp_source_add(&engine->tcp, options);
}

int
spt_source_remove(struct spt_engine *engine, int source)
{
	return tcp_source_remove(&engine->tcp, source);
}

int
spt_source_info(struct spt_engine *engine, int source, struct spt_source_info *info)
{
	return tcp_source_info(&engine->tcp, source, info);
}

int
spt_connect(struct spt_engine *engine, int source, const struct spt_endpoint *local,
    const struct spt_endpoint *remote, void *user, spt_conn *conn)
{
	return tcp_connect(&engine->tcp, source, local, remote, user, conn);
}

int
spt_send(struct spt_engine *engine, spt_conn conn, struct rte_mbuf *chain, unsigned int flags)
{
	return tcp_send(&engine->tcp, conn, chain, flags);
}

int
spt_receive_done(struct spt_engine *engine, spt_conn conn, uint32_t bytes)
{
	return tcp_receive_done(&engine->tcp, conn, bytes);
}

int
spt_shutdown(struct spt_engine *engine, spt_conn conn)
{
	return tcp_shutdown(&engine->tcp, conn);
}

int
spt_close(struct spt_engine *engine, spt_conn conn)
{
	return tcp_close(&engine->tcp, conn);
}

int
spt_abort(struct spt_engine *engine, spt_conn conn)
{
	return tcp_abort(&engine->tcp, conn);
}

struct rte_mbuf *
spt_buffer_alloc(struct spt_engine *engine)
{
	return rte_pktmbuf_alloc(engine->pool);
}

int
spt_conn_info(struct spt_engine *engine, spt_conn conn, struct spt_conn_info *info)
{
	return tcp_conn_info(&engine->tcp, conn, info);
}

int
spt_conn_get(struct spt_engine *engine, spt_conn conn, struct spt_conn_options *options)
{
	return tcp_conn_get(&engine->tcp, conn, options);
}

int
spt_conn_set(struct spt_engine *engine, spt_conn conn, const struct spt_conn_options *options)
{
	return tcp_conn_set(&engine->tcp, conn, options);
}

int
spt_conn_set_user(struct spt_engine *engine, spt_conn conn, void *user)
{
	return tcp_conn_set_user(&engine->tcp, conn, user);
}

unsigned int
spt_engine_walk(const struct spt_engine *engine, uint64_t *cursor, struct spt_conn_info *infos,
    unsigned int max)
{
	return tcp_walk(&engine->tcp, cursor, infos, max);
}

void
spt_engine_stats(const struct spt_engine *engine, struct spt_stats *stats)
{
	const struct tcp *t = &engine->tcp;

	*stats = engine->stats;
	stats->tx_no_neighbour += engine->net.dropped_unresolved;
	stats->tx_no_mbuf += engine->net.no_mbuf;
	stats->neighbours_replaced += engine->net.evicted;
	stats->neighbours_not_asked += engine->net.requests_limited;
	stats->connections = pool_used(&t->conns);
	stats->cookies_on = t->defence.on;
	stats->half_open = pool_used(&t->half_opens);
	stats->timewait = pool_used(&t->time_waits);
	stats->source_tuples = t->source_tuples;
	stats->pinned_mbufs = t->pinned;
}

void
spt_engine_defence(const struct spt_engine *engine, struct spt_defence *defence)
{
	tcp_defence_info(&engine->tcp, defence);
}

uint64_t
spt_engine_frames(const struct spt_engine *engine)
{
	return engine->stats.rx_frames + engine->stats.tx_frames;
}

const char *
spt_engine_check(const struct spt_engine *engine)
{
	const struct spt_stats *s = &engine->stats;
	const char *wrong = tcp_check(&engine->tcp);
	uint64_t verdicts = 0;

	if (!wrong)
		wrong = net_check(&engine->net);
	if (wrong)
		return wrong;
	for (unsigned int v = 0; v < SPT_V_COUNT; v++)
		verdicts += s->verdict[v];
	if (verdicts != s->rx_frames)
		return "the verdicts do not add up to the frames received";
	return s->verdict[SPT_V_CONTINUE] ? "a frame ended without a verdict" : NULL;
}

static const char *const state_names[] = {
    [SPT_CLOSED_STATE] = "CLOSED",
    [SPT_LISTEN] = "LISTEN",
    [SPT_SYN_SENT] = "SYN-SENT",
    [SPT_SYN_RECEIVED] = "SYN-RECEIVED",
    [SPT_ESTABLISHED] = "ESTABLISHED",
    [SPT_FIN_WAIT_1] = "FIN-WAIT-1",
    [SPT_FIN_WAIT_2] = "FIN-WAIT-2",
    [SPT_CLOSE_WAIT] = "CLOSE-WAIT",
    [SPT_CLOSING] = "CLOSING",
    [SPT_LAST_ACK] = "LAST-ACK",
    [SPT_TIME_WAIT] = "TIME-WAIT",
};

const char *
spt_state_name(enum spt_state state)
{
	return (unsigned int)state < RTE_DIM(state_names) ? state_names[state] : "UNKNOWN";
}

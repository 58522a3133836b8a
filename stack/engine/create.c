/* SPDX-License-Identifier: BSD-3-Clause */
/* An engine's beginning and end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/mem.h"
#include "engine.h"

static uint16_t
engine_next_hop(void *context, spt_time now, const struct spt_addr *remote)
{
	return net_next_hop(context, now, remote);
}

static int
engine_net_init(struct spt_engine *e, const struct spt_config *c, char *error, size_t error_size)
{
	struct net_config config = {
	    .local = &e->tcp.local,
	    .mac = e->port->mac,
	    .gateway4 = c->gateway4,
	    .gateway6 = c->gateway6,
	    .pool = c->pool,
	    .neighbours = c->neighbours,
	    .seed = e->tcp.secrets.net.k0,
	    .socket = c->socket,
	    .mtu = e->port->mtu,
	};
	int rc = net_init(&e->net, &config, e->now);

	explicit_bzero(&config.seed, sizeof(config.seed)); /* stacks are in core dumps */
	if (rc == -EINVAL)
		snprintf(error, error_size,
		    "a gateway is one of our own addresses or of the wrong family");
	else if (rc != 0)
		snprintf(error, error_size, "not enough memory for %u neighbours", c->neighbours);
	return rc;
}

int
spt_engine_create(const struct spt_config *config, struct spt_port *port, spt_time now,
    struct spt_engine **engine, char *error, size_t error_size)
{
	struct spt_config filled = *config;
	struct tcp_init init;
	struct spt_engine *e;
	int rc = engine_config(&filled, port, error, error_size);

	if (rc != 0)
		return rc;
	e = mem_alloc(sizeof(*e), filled.socket);
	if (!e) {
		snprintf(error, error_size, "not enough memory for an engine");
		return -ENOMEM;
	}
	mem_hide(e, sizeof(*e));
	e->port = port;
	e->pool = filled.pool;
	e->now = now;
	init = (struct tcp_init){
	    .config = &filled,
	    .mtu = port->mtu,
	    .multi_segment = port->multi_segment,
	    .merged = port->merged,
	    .most = port->tso.most,
	    .most_mbufs = port->tso.mbufs,
	    .segment_mbufs = port->tso.segment_mbufs,
	    .out = &e->out,
	    .stats = &e->stats,
	    .next_hop = engine_next_hop,
	    .next_hop_context = &e->net,
	    .rss = port->rss,
	};
	rc = tcp_init(&e->tcp, &init, now, error, error_size);
	explicit_bzero(filled.master_secret, sizeof(filled.master_secret));
	if (rc == 0) {
		rc = engine_net_init(e, &filled, error, error_size);
		if (rc == 0) {
			e->n_ready = net_announce(&e->net, now, e->ready, ENGINE_NET_BURST);
			*engine = e;
			return 0;
		}
		tcp_fini(&e->tcp);
	}
	mem_free(e, sizeof(*e));
	return rc;
}

void
spt_engine_destroy(struct spt_engine *engine)
{
	if (!engine)
		return;
	for (unsigned int i = 0; i < engine->n_ready; i++)
		rte_pktmbuf_free(engine->ready[i]);
	for (unsigned int i = 0; i < engine->out.n; i++)
		rte_pktmbuf_free(engine->out.entry[i].m);
	tcp_fini(&engine->tcp);
	net_fini(&engine->net);
	mem_free(engine, sizeof(*engine));
}

uint64_t
spt_engine_footprint(const struct spt_config *config)
{
	struct spt_config c = *config;

	engine_defaults(&c);
	return sizeof(struct spt_engine) + tcp_footprint(&c) + net_footprint(c.neighbours);
}

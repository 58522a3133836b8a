/* SPDX-License-Identifier: BSD-3-Clause */
/* Set-up, the entry for received frames, and announcements. */
#include <errno.h>

#include "../base/addr.h"
#include "internal.h"

/* A second, and in one go. */
#define ECHO_RATE     10000
#define ECHO_BURST    1000
#define ERROR_RATE    1000
#define ERROR_BURST   50
#define REQUEST_RATE  2000 /* broadcasts and multicasts: all of the link hears them */
#define REQUEST_BURST 1024
#define PROBE_RATE    20000
#define PROBE_BURST   1024

static bool
gateway_ok(const struct net_config *c, const struct spt_addr *gateway, bool v4)
{
	if (addr_is_zero(gateway))
		return true;
	return addr_is_v4(gateway) == v4 && local_find(c->local, gateway) == LOCAL_NONE;
}

static uint16_t
make_gateway(struct net *n, const struct spt_addr *gateway)
{
	struct neighbour *e;

	if (addr_is_zero(gateway))
		return NEXT_HOP_NONE;
	e = neighbour_make(n, gateway, false);
	SPT_ASSERT(e != NULL);
	e->gateway = true;
	n->unresolved_max++; /* the shares are for others */
	n->unresolved_min++;
	return neighbour_index(n, e);
}

int
net_init(struct net *n, const struct net_config *config, spt_time now)
{
	int rc;

	if (config->neighbours < NEIGHBOURS_MIN || config->neighbours > NEIGHBOURS_MAX ||
	    !gateway_ok(config, &config->gateway4, true) ||
	    !gateway_ok(config, &config->gateway6, false))
		return -EINVAL;
	*n = (struct net){
	    .config = *config,
	    .secret = config->seed,
	    .random = config->seed | 1, /* the generator's one bad state is 0 */
	};
	rc = neighbour_table_init(n);
	if (rc)
		return rc;
	ratelimit_init(&n->echo_limit, ECHO_RATE, ECHO_BURST, now);
	ratelimit_init(&n->error_limit, ERROR_RATE, ERROR_BURST, now);
	ratelimit_init(&n->request_limit, REQUEST_RATE, REQUEST_BURST, now);
	ratelimit_init(&n->probe_limit, PROBE_RATE, PROBE_BURST, now);
	n->gateway_hop[0] = make_gateway(n, &config->gateway4);
	n->gateway_hop[1] = make_gateway(n, &config->gateway6);
	return 0;
}

void
net_fini(struct net *n)
{
	neighbour_table_fini(n);
}

struct rte_mbuf *
net_alloc(struct net *n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(n->config.pool);

	n->no_mbuf += m == NULL;
	return m;
}

/* Room for the longest answer of our own making: a neighbour advertisement. */
#define ANSWER_ROOM (RTE_PKTMBUF_HEADROOM + 128)

struct rte_mbuf *
net_alloc_answer(struct net *n, struct frame *f)
{
	struct rte_mbuf *m = f->m;

	if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1 || m->nb_segs != 1 ||
	    m->buf_len < ANSWER_ROOM)
		return net_alloc(n);
	f->m = NULL;
	rte_pktmbuf_reset(m);
	return m;
}

enum spt_verdict
net_check_destination(const struct net *n, const struct frame *f)
{
	if (f->group_mac || f->group_dst || local_is_broadcast(n->config.local, &f->dst))
		return SPT_V_IP_GROUP;
	if (local_find(n->config.local, &f->dst) == LOCAL_NONE)
		return SPT_V_IP_NOT_LOCAL;
	return SPT_V_CONTINUE;
}

enum spt_verdict
net_input(struct net *n, spt_time now, struct frame *f, struct txlist *out, struct net_error *error)
{
	enum spt_verdict v = SPT_V_INTERNAL_ERROR;

	switch (f->class) {
	case WIRE_ARP: v = net_arp_input(n, now, f, out); break;
	case WIRE_ICMP4:
	case WIRE_ICMP6: v = net_icmp_input(n, now, f, out, error); break;
	case WIRE_OTHER_PROTOCOL: v = net_unknown_input(n, now, f, out); break;
	case WIRE_TCP: SPT_ASSERT(!"TCP is not for net"); break;
	}
	rte_pktmbuf_free(f->m); /* unless an answer took it */
	f->m = NULL;
	return v;
}

unsigned int
net_announce(struct net *n, spt_time now, struct rte_mbuf **ready, unsigned int max)
{
	const struct local_table *local = n->config.local;
	unsigned int count = 0;

	for (unsigned int i = 0; i < local->n && count < max; i++) {
		const struct local_run *run = &local->run[i];
		struct rte_mbuf *m = run->v4 ? net_arp_announcement(n, &run->first)
		                             : net_nd_announcement(n, &run->first);

		if (m != NULL)
			ready[count++] = m;
	}
	return count;
}

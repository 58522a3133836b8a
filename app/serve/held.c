/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chains of received mbufs that wait for their service. Joining them into one chain would
 * walk it again and again, and a chain ends at 65535 mbufs: they are linked instead.
 */
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include "serve/serve.h"

static int held_offset = -1;

static struct rte_mbuf **
held_next(struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, held_offset, struct rte_mbuf **);
}

int
held_register(void)
{
	static const struct rte_mbuf_dynfield field = {
	    .name = "septet_serve_held",
	    .size = sizeof(struct rte_mbuf *),
	    .align = __alignof__(struct rte_mbuf *),
	};

	held_offset = rte_mbuf_dynfield_register(&field);
	return held_offset < 0 ? -rte_errno : 0;
}

void
held_push(struct held *held, struct rte_mbuf *chain)
{
	*held_next(chain) = NULL;
	if (held->tail)
		*held_next(held->tail) = chain;
	else
		held->head = chain;
	held->tail = chain;
}

void
held_push_front(struct held *held, struct rte_mbuf *chain)
{
	*held_next(chain) = held->head;
	held->head = chain;
	if (!held->tail)
		held->tail = chain;
}

struct rte_mbuf *
held_pop(struct held *held)
{
	struct rte_mbuf *m = held->head;

	if (!m)
		return NULL;
	held->head = *held_next(m);
	if (!held->head)
		held->tail = NULL;
	return m;
}

void
held_free(struct held *held)
{
	struct rte_mbuf *m;

	while ((m = held_pop(held)))
		rte_pktmbuf_free(m);
}

void
held_consume(struct held *held, uint32_t bytes)
{
	struct rte_mbuf *m = held->head, *next = m->next;

	if (bytes < m->data_len) {
		rte_pktmbuf_adj(m, (uint16_t)bytes);
		return;
	}
	if (!next) {
		rte_pktmbuf_free(held_pop(held));
		return;
	}
	/* The second mbuf becomes the first of its chain. */
	next->pkt_len = m->pkt_len - m->data_len;
	next->nb_segs = (uint16_t)(m->nb_segs - 1);
	*held_next(next) = *held_next(m);
	held->head = next;
	if (held->tail == m)
		held->tail = next;
	m->next = NULL;
	m->nb_segs = 1;
	rte_pktmbuf_free_seg(m);
}

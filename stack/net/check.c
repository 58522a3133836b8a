/* SPDX-License-Identifier: BSD-3-Clause */
/* Invariants of the neighbour table, for tests and debuggers. */
#include "../base/addr.h"
#include "neighbour.h"

static const char *
check_hash(const struct net *n)
{
	uint32_t found = 0;

	for (uint32_t b = 0; b <= n->bucket_mask; b++) {
		for (uint16_t i = n->buckets[b]; i != NEIGHBOUR_NIL; i = n->table[i].hash_next) {
			if (i >= n->used)
				return "a hash chain leaves the table";
			if (++found > n->used)
				return "an entry is in two hash chains, or a chain is a circle";
			if (neighbour_find(n, &n->table[i].addr) != &n->table[i])
				return "an address has two entries, or is in the wrong chain";
		}
	}
	return found == n->used ? NULL : "an entry is in no hash chain";
}

static const char *
check_timers(const struct net *n)
{
	uint16_t prev = NEIGHBOUR_NIL;
	uint32_t listed = 0, armed = 0;
	spt_time last = 0;

	for (uint16_t i = n->timer_head; i != NEIGHBOUR_NIL; i = n->table[i].timer_next) {
		const struct neighbour *e = &n->table[i];

		if (++listed > n->used)
			return "the timer list is a circle";
		if (!e->armed || e->timer_prev != prev)
			return "the timer list is broken";
		if (e->deadline < last)
			return "the timer list is not in time order";
		last = e->deadline;
		prev = i;
	}
	if (n->timer_tail != prev)
		return "the timer list's tail is not its last";
	for (uint32_t i = 0; i < n->used; i++)
		armed += n->table[i].armed;
	return armed == listed ? NULL : "an armed entry is not in the timer list";
}

static const char *
check_entry(const struct net *n, const struct neighbour *e)
{
	bool asked = e->state == NEIGHBOUR_INCOMPLETE || e->state == NEIGHBOUR_PROBE;
	bool due = neighbour_resolved(e) && e->n_pending;

	if (e->state > NEIGHBOUR_REACHABLE)
		return "no such state";
	if (e->v4 != addr_is_v4(&e->addr))
		return "the family is wrong";
	if (e->armed != (asked || due))
		return "armed without a reason, or waits without being armed";
	if (asked && (e->tries < 1 || e->tries > NEIGHBOUR_TRIES))
		return "the tries are out of range";
	if (due && (e->deadline != 0 || e->state == NEIGHBOUR_PROBE))
		return "pending packets of a resolved neighbour are not due";
	if (!neighbour_resolved(e) && e->until != 0)
		return "packets pass without a link address";
	if (e->n_pending > NEIGHBOUR_PENDING ||
	    (e->n_pending && !neighbour_resolved(e) && e->state != NEIGHBOUR_INCOMPLETE))
		return "packets wait where nobody asks";
	for (unsigned int i = 0; i < e->n_pending; i++) {
		const struct rte_mbuf *m = neighbour_pending(n, e)[i];

		if (m == NULL || rte_mbuf_refcnt_read(m) == 0)
			return "a pending packet is freed";
	}
	return NULL;
}

static const char *
check_gateways(const struct net *n)
{
	const struct spt_addr *gateway[2] = {&n->config.gateway4, &n->config.gateway6};
	uint32_t gateways = 0;

	for (unsigned int i = 0; i < 2; i++) {
		uint16_t hop = n->gateway_hop[i];

		if ((hop == NEXT_HOP_NONE) != addr_is_zero(gateway[i]))
			return "a gateway without an entry, or an entry without a gateway";
		if (hop == NEXT_HOP_NONE)
			continue;
		gateways++;
		if (hop >= n->used || !n->table[hop].gateway ||
		    !addr_eq(&n->table[hop].addr, gateway[i]))
			return "a gateway's entry was replaced";
	}
	for (uint32_t i = 0; i < n->used; i++)
		gateways -= n->table[i].gateway;
	return gateways == 0 ? NULL : "an entry believes to be a gateway";
}

const char *
net_check(const struct net *n)
{
	const char *wrong;
	uint32_t unresolved = 0, pending = 0;

	if (n->used > n->capacity || n->hand >= n->capacity)
		return "more entries than there is room for";
	for (uint32_t i = 0; i < n->used; i++) {
		wrong = check_entry(n, &n->table[i]);
		if (wrong != NULL)
			return wrong;
		unresolved += !neighbour_resolved(&n->table[i]);
		pending += n->table[i].n_pending;
	}
	if (unresolved != n->unresolved || unresolved > n->unresolved_max + 1)
		return "entries without a link address are miscounted or too many";
	if (pending != n->n_pending || pending > n->pending_max)
		return "pending packets are miscounted or too many";
	wrong = check_hash(n);
	if (wrong == NULL)
		wrong = check_timers(n);
	return wrong != NULL ? wrong : check_gateways(n);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The neighbour table: a chained hash of 64-byte entries, replaced by a clock.
 *
 * A flood towards addresses that nobody has (RFC 6583), or SYNs from them that we answer, must not
 * push out neighbours that exist, in use or not: entries without a link address may take half of
 * the table while it is not full, and replace one another when they want more. In a full table
 * those that answered take their places too, down to an eighth.
 */
#include <errno.h>

#include <rte_common.h>

#include "../base/addr.h"
#include "../base/mem.h"
#include "../base/siphash.h"
#include "neighbour.h"

/* Entries that one replacement looks at. */
#define CLOCK_STEPS 64

static uint32_t
buckets_for(uint32_t capacity)
{
	return rte_align32pow2(capacity);
}

size_t
net_footprint(uint32_t neighbours)
{
	return (size_t)neighbours * sizeof(struct neighbour) +
	       (size_t)neighbours * NEIGHBOUR_PENDING * sizeof(struct rte_mbuf *) +
	       (size_t)buckets_for(neighbours) * sizeof(uint16_t);
}

int
neighbour_table_init(struct net *n)
{
	uint32_t buckets;

	n->capacity = n->config.neighbours;
	buckets = buckets_for(n->capacity);
	n->bucket_mask = buckets - 1;
	n->unresolved_max = n->capacity / 2;
	n->unresolved_min = RTE_MAX(n->capacity / 8, 1u);
	n->pending_max = RTE_MAX(n->config.pool->size / 8, (uint32_t)NEIGHBOUR_PENDING);
	n->timer_head = n->timer_tail = NEIGHBOUR_NIL;
	n->bytes_table = n->capacity * sizeof(struct neighbour);
	n->bytes_pending = (size_t)n->capacity * NEIGHBOUR_PENDING * sizeof(struct rte_mbuf *);
	n->bytes_buckets = buckets * sizeof(uint16_t);
	n->table = mem_alloc(n->bytes_table, n->config.socket);
	n->pending = mem_reserve(n->bytes_pending, n->config.socket);
	n->buckets = mem_alloc(n->bytes_buckets, n->config.socket);
	if (n->table == NULL || n->pending == NULL || n->buckets == NULL) {
		neighbour_table_fini(n);
		return -ENOMEM;
	}
	memset(n->buckets, 0xff, n->bytes_buckets); /* NEIGHBOUR_NIL */
	return 0;
}

static void
drop_pending(struct net *n, struct neighbour *e)
{
	struct rte_mbuf *m[NEIGHBOUR_PENDING];
	unsigned int count = neighbour_take(n, e, m, NEIGHBOUR_PENDING);

	n->dropped_unresolved += count;
	for (unsigned int i = 0; i < count; i++)
		rte_pktmbuf_free(m[i]);
}

void
neighbour_table_fini(struct net *n)
{
	for (uint32_t i = 0; i < n->used; i++)
		drop_pending(n, &n->table[i]);
	mem_free(n->table, n->bytes_table);
	mem_free(n->pending, n->bytes_pending);
	mem_free(n->buckets, n->bytes_buckets);
	n->table = NULL;
	n->pending = NULL;
	n->buckets = NULL;
	n->used = 0;
}

/* ---- timer list ------------------------------------------------------- */

static void
insert_after(struct net *n, struct neighbour *e, uint16_t prev)
{
	uint16_t i = neighbour_index(n, e);
	uint16_t next = prev == NEIGHBOUR_NIL ? n->timer_head : n->table[prev].timer_next;

	SPT_ASSERT(!e->armed);
	e->armed = true;
	e->timer_prev = prev;
	e->timer_next = next;
	if (prev == NEIGHBOUR_NIL)
		n->timer_head = i;
	else
		n->table[prev].timer_next = i;
	if (next == NEIGHBOUR_NIL)
		n->timer_tail = i;
	else
		n->table[next].timer_prev = i;
}

void
neighbour_arm(struct net *n, struct neighbour *e, spt_time deadline)
{
	e->deadline = deadline;
	insert_after(n, e, n->timer_tail);
}

void
neighbour_disarm(struct net *n, struct neighbour *e)
{
	if (!e->armed)
		return;
	e->armed = false;
	if (e->timer_prev == NEIGHBOUR_NIL)
		n->timer_head = e->timer_next;
	else
		n->table[e->timer_prev].timer_next = e->timer_next;
	if (e->timer_next == NEIGHBOUR_NIL)
		n->timer_tail = e->timer_prev;
	else
		n->table[e->timer_next].timer_prev = e->timer_prev;
}

/* ---- pending packets -------------------------------------------------- */

void
neighbour_hold(struct net *n, struct neighbour *e, struct rte_mbuf *m)
{
	struct rte_mbuf **pending = neighbour_pending(n, e);

	if (e->n_pending == NEIGHBOUR_PENDING) {
		struct rte_mbuf *oldest;

		neighbour_take(n, e, &oldest, 1);
		rte_pktmbuf_free(oldest);
		n->dropped_unresolved++;
	}
	if (n->n_pending == n->pending_max) {
		rte_pktmbuf_free(m);
		n->dropped_unresolved++;
		return;
	}
	pending[e->n_pending++] = m;
	n->n_pending++;
}

unsigned int
neighbour_take(struct net *n, struct neighbour *e, struct rte_mbuf **m, unsigned int max)
{
	struct rte_mbuf **pending = neighbour_pending(n, e);
	unsigned int count = RTE_MIN(max, (unsigned int)e->n_pending);

	memcpy(m, pending, count * sizeof(*m));
	memmove(pending, pending + count, (e->n_pending - count) * sizeof(*m));
	e->n_pending -= count;
	n->n_pending -= count;
	return count;
}

/* ---- states ----------------------------------------------------------- */

void
neighbour_set(struct net *n, struct neighbour *e, enum neighbour_state state, spt_time until)
{
	n->unresolved -= !neighbour_resolved(e);
	e->state = state;
	e->until = until;
	n->unresolved += !neighbour_resolved(e);
}

void
neighbour_ask(struct net *n, spt_time now, struct neighbour *e, enum neighbour_state state)
{
	neighbour_set(n, e, state, state == NEIGHBOUR_PROBE ? SPT_TIME_NEVER : 0);
	e->tries = 1;
	neighbour_arm(n, e, now + NEIGHBOUR_RETRANS_TIMER);
}

/* RFC 4861 6.3.2: uniformly between 0.5 and 1.5 of it, so that a network does not probe in step. */
static spt_time
reachable_time(struct net *n)
{
	n->random ^= n->random << 13;
	n->random ^= n->random >> 7;
	n->random ^= n->random << 17;
	return NEIGHBOUR_REACHABLE_TIME / 2 + n->random % NEIGHBOUR_REACHABLE_TIME;
}

void
neighbour_learn(struct net *n, spt_time now, struct neighbour *e,
    const struct rte_ether_addr *lladdr, bool confirmed)
{
	wire_write_eth(
	    e->header, lladdr, &n->config.mac, e->v4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
	neighbour_disarm(n, e);
	if (confirmed)
		neighbour_set(n, e, NEIGHBOUR_REACHABLE, now + reachable_time(n));
	else
		neighbour_set(n, e, NEIGHBOUR_STALE, 0);
	if (e->n_pending) {
		e->deadline = 0;
		insert_after(n, e, NEIGHBOUR_NIL);
	}
}

/* ---- hash ------------------------------------------------------------- */

static uint16_t *
bucket_of(const struct net *n, const struct spt_addr *a)
{
	struct siphash_key key = {n->secret, ~n->secret};

	return &n->buckets[siphash13_3w(key, a->q[0], a->q[1], 0) & n->bucket_mask];
}

struct neighbour *
neighbour_find(const struct net *n, const struct spt_addr *a)
{
	for (uint16_t i = *bucket_of(n, a); i != NEIGHBOUR_NIL; i = n->table[i].hash_next)
		if (addr_eq(&n->table[i].addr, a))
			return &n->table[i];
	return NULL;
}

static void
unlink_hash(struct net *n, const struct neighbour *e)
{
	uint16_t *link = bucket_of(n, &e->addr);

	while (&n->table[*link] != e)
		link = &n->table[*link].hash_next;
	*link = e->hash_next;
}

/*
 * The clock: one that was not used since the hand last passed. New entries have a lap of time to
 * be used. 'unresolved_only' while those without a link address have more than their due.
 */
static struct neighbour *
replace_one(struct net *n, bool unresolved_only)
{
	uint32_t steps = RTE_MIN(2 * n->used, (uint32_t)CLOCK_STEPS);

	while (steps--) {
		struct neighbour *e = &n->table[n->hand];

		n->hand = n->hand + 1 < n->used ? n->hand + 1 : 0;
		if (e->gateway || (unresolved_only && neighbour_resolved(e)))
			continue;
		if (e->referenced) {
			e->referenced = false;
			continue;
		}
		drop_pending(n, e);
		neighbour_disarm(n, e);
		unlink_hash(n, e);
		n->unresolved -= !neighbour_resolved(e);
		n->evicted++;
		return e;
	}
	return NULL;
}

struct neighbour *
neighbour_make(struct net *n, const struct spt_addr *a, bool answered)
{
	struct neighbour *e = neighbour_find(n, a);
	uint16_t *bucket;

	if (e != NULL)
		return e;
	if (n->used < n->capacity && (answered || n->unresolved < n->unresolved_max))
		e = &n->table[n->used++];
	else
		e = replace_one(n, n->unresolved >= n->unresolved_min);
	if (e == NULL && answered)
		e = replace_one(n, false);
	if (e == NULL)
		return NULL;
	bucket = bucket_of(n, a);
	*e = (struct neighbour){
	    .addr = *a,
	    .hash_next = *bucket,
	    .state = NEIGHBOUR_NONE,
	    .v4 = addr_is_v4(a),
	};
	n->unresolved++;
	*bucket = neighbour_index(n, e);
	return e;
}

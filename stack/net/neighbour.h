/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The neighbour table: who on the link has which link address. States are those of
 * RFC 4861 7.3.2, for ARP as well; only entries that were asked wait in the timer list,
 * all others age when they are next used. Private to net.
 */
#ifndef SPT_NET_NEIGHBOUR_H
#define SPT_NET_NEIGHBOUR_H

#include "net.h"

#define NEIGHBOUR_NIL 0xffff

/* RFC 4861 10: MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT, RETRANS_TIMER, ... */
#define NEIGHBOUR_TRIES          3
#define NEIGHBOUR_RETRANS_TIMER  SPT_NS_PER_SEC
#define NEIGHBOUR_REACHABLE_TIME (30 * SPT_NS_PER_SEC)
#define NEIGHBOUR_DELAY_TIME     (5 * SPT_NS_PER_SEC)

/* How long an unanswered neighbour is not asked again (RFC 1122 2.3.2.1: no ARP floods). */
#define NEIGHBOUR_HOLD_DOWN (2 * SPT_NS_PER_SEC)

/* In the order of use: from STALE on the link address is known. */
enum neighbour_state {
	NEIGHBOUR_NONE,       /* no link address, nobody asked */
	NEIGHBOUR_INCOMPLETE, /* asked by broadcast or multicast; packets wait */
	NEIGHBOUR_FAILED,     /* did not answer: packets are dropped until 'deadline' */
	NEIGHBOUR_STALE,      /* not confirmed lately */
	NEIGHBOUR_DELAY,      /* used since it was stale: probed if used after 'until' */
	NEIGHBOUR_PROBE,      /* asked by unicast; packets pass */
	NEIGHBOUR_REACHABLE,  /* confirmed: believed before 'until' */
};

/* What transmission reads is one line. */
struct neighbour {
	struct spt_addr addr;
	uint8_t header[RTE_ETHER_HDR_LEN]; /* Ethernet header of packets to it, ready-made */
	bool gateway;
	bool referenced;   /* used since the clock's hand was here */
	spt_time until;    /* packets pass without a thought before this time */
	spt_time deadline; /* if armed: of the next request, or 0: pending packets may go */
	uint16_t hash_next;
	uint16_t timer_prev, timer_next;
	uint8_t state; /* enum neighbour_state */
	uint8_t tries;
	uint8_t n_pending;
	bool armed; /* is in the timer list */
	bool v4;
} __rte_aligned(SPT_CACHE_LINE);

SPT_STATIC_ASSERT(sizeof(struct neighbour) == SPT_CACHE_LINE, "an entry is one line");

static inline uint16_t
neighbour_index(const struct net *n, const struct neighbour *e)
{
	return (uint16_t)(e - n->table);
}

static inline bool
neighbour_resolved(const struct neighbour *e)
{
	return e->state >= NEIGHBOUR_STALE;
}

static inline struct rte_mbuf **
neighbour_pending(const struct net *n, const struct neighbour *e)
{
	return n->pending + (size_t)neighbour_index(n, e) * NEIGHBOUR_PENDING;
}

static inline const struct rte_ether_addr *
neighbour_lladdr(const struct neighbour *e)
{
	return (const struct rte_ether_addr *)e->header;
}

int neighbour_table_init(struct net *n);
void neighbour_table_fini(struct net *n);

struct neighbour *neighbour_find(const struct net *n, const struct spt_addr *a);

/*
 * Find or make. 'answered': the entry is about to get a link address. NULL when the table is full
 * and nothing near the clock's hand may be replaced.
 */
struct neighbour *neighbour_make(struct net *n, const struct spt_addr *a, bool answered);

/*
 * It has this link address: REACHABLE if 'confirmed' by an answer to us, else STALE. Pending
 * packets become due.
 */
void neighbour_learn(struct net *n, spt_time now, struct neighbour *e,
    const struct rte_ether_addr *lladdr, bool confirmed);

/* Change to a state without a timer. */
void neighbour_set(struct net *n, struct neighbour *e, enum neighbour_state state, spt_time until);

/* Change to INCOMPLETE or PROBE, the first request being sent now. */
void neighbour_ask(struct net *n, spt_time now, struct neighbour *e, enum neighbour_state state);

/* Let 'm' wait; the oldest gives way. */
void neighbour_hold(struct net *n, struct neighbour *e, struct rte_mbuf *m);

/* Take up to 'max' of the pending packets, oldest first. */
unsigned int neighbour_take(
    struct net *n, struct neighbour *e, struct rte_mbuf **m, unsigned int max);

/* Into the timer list's tail, due at 'deadline', which is not before any other's; out of it. */
void neighbour_arm(struct net *n, struct neighbour *e, spt_time deadline);
void neighbour_disarm(struct net *n, struct neighbour *e);

#endif

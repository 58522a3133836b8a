/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What surrounds TCP on one core: neighbours (ARP, neighbour discovery), routes,
 * ICMP echo and errors. Knows no connections; the engine carries ICMP errors and
 * advice between net and tcp.
 */
#ifndef SPT_NET_NET_H
#define SPT_NET_NET_H

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <septet/septet.h>

#include "../base/ratelimit.h"
#include "../base/txlist.h"
#include "../flow/local.h"
#include "../wire/wire.h"

/* Packets that wait for one neighbour's address; the oldest gives way (RFC 1122 2.3.2.2). */
#define NEIGHBOUR_PENDING 8

struct neighbour;

struct net_config {
	const struct local_table *local; /* outlives net */
	struct rte_ether_addr mac;
	struct spt_addr gateway4, gateway6; /* zero: none */
	struct rte_mempool *pool;           /* for requests and errors of our own */
	uint32_t neighbours;                /* capacity, at most 65534 */
	uint64_t seed;                      /* for the neighbour hash; jitter of timers */
	int socket;
	uint16_t mtu;
};

struct net {
	struct net_config config;
	struct neighbour *table;
	uint32_t capacity, used;
	uint32_t *buckets;                  /* heads of hash chains */
	uint32_t bucket_mask;
	uint16_t gateway_hop[2];            /* entries of the gateways, never evicted; [0]: IPv4 */
	uint32_t timer_head, timer_tail;    /* entries that wait for an answer or age, in time order */
	uint64_t secret;
	struct ratelimit echo_limit, error_limit;
	uint64_t dropped_unresolved;        /* packets given up (tx_no_neighbour) */
	uint64_t no_mbuf;
	size_t bytes_table, bytes_buckets;
};

/* 0, -ENOMEM or -EINVAL. */
int net_init(struct net *n, const struct net_config *config, spt_time now);
void net_fini(struct net *n); /* frees pending packets too */
size_t net_footprint(uint32_t neighbours);

/* What an ICMP error says of a packet of ours (RFC 1122 4.2.3.9, RFC 5461, RFC 5927). */
struct net_error {
	struct wire_quote quote;
	int error;        /* -EHOSTUNREACH, -ENETUNREACH, -ECONNREFUSED, -EMSGSIZE ... */
	bool hard;        /* codes that RFC 9293 SHLD-26 lets abort a connection */
	uint32_t mtu;     /* with -EMSGSIZE: next-hop MTU, 0 if not told */
};

/*
 * Everything that is not TCP: ARP, ICMP, ICMPv6, unknown protocols. Takes f->m: answers are
 * written into it where possible and appended to 'out' (there is room for one). Returns the
 * verdict; SPT_V_ICMP_ERROR means that *error was filled in for the transport.
 */
enum spt_verdict net_input(struct net *n, spt_time now, struct frame *f, struct txlist *out,
    struct net_error *error);

/* The neighbour entry that leads to 'remote' (made if need be), or NEXT_HOP_NONE: no route, or table full. */
uint16_t net_next_hop(struct net *n, spt_time now, const struct spt_addr *remote);

/*
 * Give each packet of the list its link header; those whose neighbour is resolved go to
 * 'ready' (room for list->n), others wait in their entry, for which a request is
 * appended to 'ready' too (so there must be room for 2 x list->n). Empties the list and its
 * advice. Returns how many are ready.
 */
unsigned int net_transmit(struct net *n, spt_time now, struct txlist *list, struct rte_mbuf **ready);

/*
 * Repeat requests that went unanswered (1 s apart, 3 of them; then pending packets are
 * dropped), age entries (probe by unicast before forgetting). Appends to 'ready', at most 'max'.
 */
unsigned int net_timers(struct net *n, spt_time now, struct rte_mbuf **ready, unsigned int max);
spt_time net_next_deadline(const struct net *n);

/*
 * Announce our addresses: gratuitous ARP and unsolicited advertisements for the first
 * address of each run. At most 'max' frames. Returns how many.
 */
unsigned int net_announce(struct net *n, spt_time now, struct rte_mbuf **ready, unsigned int max);

const char *net_check(const struct net *n); /* NULL, or what is wrong. Slow. */

#endif

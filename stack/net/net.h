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

/* Neighbours that a net can have at least and at most. */
#define NEIGHBOURS_MIN 4
#define NEIGHBOURS_MAX 65534

/* In a txlist: the mbuf begins with its link header (ARP, neighbour discovery); send as it is. */
#define NEXT_HOP_FRAME 0xfffe

struct neighbour;

struct net_config {
	const struct local_table *local; /* outlives net */
	struct rte_ether_addr mac;
	struct spt_addr gateway4, gateway6; /* zero: none */
	struct rte_mempool *pool;           /* for requests and errors of our own */
	uint32_t neighbours;                /* NEIGHBOURS_MIN .. NEIGHBOURS_MAX */
	uint64_t seed;                      /* for the neighbour hash; jitter of timers */
	int socket;
	uint16_t mtu;
};

struct net {
	struct net_config config;
	struct neighbour *table;
	struct rte_mbuf **pending; /* NEIGHBOUR_PENDING for each entry, oldest first */
	uint16_t *buckets;         /* heads of hash chains */
	uint32_t bucket_mask;
	uint32_t capacity, used;         /* entries are replaced, never freed */
	uint32_t unresolved;             /* entries without a link address */
	uint32_t unresolved_max;         /* more than this many replace one another ... */
	uint32_t unresolved_min;         /* ... and from this many on no others */
	uint32_t n_pending;              /* packets that wait, in all ... */
	uint32_t pending_max;            /* ... and at most: receiving needs the pool too */
	uint32_t hand;                   /* of the clock that chooses whom to replace */
	uint16_t gateway_hop[2];         /* entries of the gateways, never replaced; [0]: IPv4 */
	uint16_t last_hop;               /* the entry that was looked up last */
	uint16_t timer_head, timer_tail; /* entries that wait for time to pass, in time order */
	uint64_t secret;
	uint64_t random; /* state of the jitter */
	struct ratelimit echo_limit, error_limit, request_limit, probe_limit;
	spt_time next_defence;       /* of an address that somebody else claims */
	uint64_t dropped_unresolved; /* packets given up (tx_no_neighbour) */
	uint64_t no_mbuf;            /* requests and answers not sent: no mbuf */
	uint64_t requests_limited;   /* ARP requests and solicitations not sent: rate limit */
	uint64_t evicted;            /* entries replaced by others */
	uint64_t conflicts;          /* ARP and advertisements that claim our addresses */
	size_t bytes_table, bytes_pending, bytes_buckets;
};

/* 0, -ENOMEM or -EINVAL (neighbours out of range; a gateway of the wrong family or our own). */
int net_init(struct net *n, const struct net_config *config, spt_time now);
void net_fini(struct net *n); /* frees pending packets too */
size_t net_footprint(uint32_t neighbours);

/* What an ICMP error says of a packet of ours (RFC 1122 4.2.3.9, RFC 5461, RFC 5927). */
struct net_error {
	struct wire_quote quote;
	int error;    /* -EHOSTUNREACH, -ENETUNREACH, -ECONNREFUSED or -EMSGSIZE */
	bool hard;    /* codes that RFC 9293 SHLD-26 lets abort a connection */
	uint32_t mtu; /* with -EMSGSIZE: next-hop MTU, 0 if not told */
};

/*
 * Everything that is not TCP: ARP, ICMP, ICMPv6, unknown protocols. Takes f->m: answers are
 * written into it where possible and appended to 'out' (there is room for one). Checks the
 * destination of what it takes itself. Returns the verdict; SPT_V_ICMP_ERROR means that *error
 * was filled in for the transport. Packets that an answer has set free leave with the next
 * net_timers: call that after the burst was taken in and before net_transmit.
 */
enum spt_verdict net_input(
    struct net *n, spt_time now, struct frame *f, struct txlist *out, struct net_error *error);

/*
 * The neighbour entry that leads to 'remote' (made if need be), or NEXT_HOP_NONE: no route, a
 * group or our own address, or no entry could be replaced.
 */
uint16_t net_next_hop(struct net *n, spt_time now, const struct spt_addr *remote);

/*
 * Give each packet of the list its link header; those whose neighbour is resolved go to
 * 'ready' (room for 2 x list->n), others wait in their entry, for which a request is
 * appended to 'ready' too. An entry's index is a hint that is verified against the packet's
 * destination. Empties the list and its advice. Returns how many are ready.
 */
unsigned int net_transmit(
    struct net *n, spt_time now, struct txlist *list, struct rte_mbuf **ready);

/*
 * Repeat requests that went unanswered (1 s apart, 3 of them; then pending packets are
 * dropped), probe doubtful entries by unicast, send what waited for an answer that came. Appends
 * to 'ready', at most 'max'; what did not fit stays due.
 */
unsigned int net_timers(struct net *n, spt_time now, struct rte_mbuf **ready, unsigned int max);

/* When net_timers has something to do: SPT_TIME_NEVER if nothing, 0 if at once. */
spt_time net_next_deadline(const struct net *n);

/*
 * Announce our addresses: gratuitous ARP and unsolicited advertisements for the first
 * address of each run. At most 'max' frames. Returns how many.
 */
unsigned int net_announce(struct net *n, spt_time now, struct rte_mbuf **ready, unsigned int max);

const char *net_check(const struct net *n); /* NULL, or what is wrong. Slow. */

#endif

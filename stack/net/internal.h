/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of net ask of one another. */
#ifndef SPT_NET_INTERNAL_H
#define SPT_NET_INTERNAL_H

#include "neighbour.h"

/* Handlers of net_input: they set f->m to NULL when they took it. */
enum spt_verdict net_arp_input(struct net *n, spt_time now, struct frame *f, struct txlist *out);
enum spt_verdict net_nd_input(struct net *n, spt_time now, struct frame *f, struct txlist *out);
enum spt_verdict net_icmp_input(
    struct net *n, spt_time now, struct frame *f, struct txlist *out, struct net_error *error);
enum spt_verdict net_unknown_input(
    struct net *n, spt_time now, struct frame *f, struct txlist *out);

/*
 * Whether a unicast packet is for us: SPT_V_CONTINUE, SPT_V_IP_GROUP (also by its link-layer
 * destination, RFC 1122 3.3.6) or SPT_V_IP_NOT_LOCAL.
 */
enum spt_verdict net_check_destination(const struct net *n, const struct frame *f);

/* ff02::1 (RFC 4291 2.7.1). */
extern const struct spt_addr net_all_nodes;

/* Whether 'a' is reached without a gateway: by prefix, or link-local. */
bool net_on_link(const struct net *n, const struct spt_addr *a);

/* A unicast address that a neighbour can have. */
bool net_is_unicast(const struct net *n, const struct spt_addr *a);

/* An empty mbuf, or NULL (counted). */
struct rte_mbuf *net_alloc(struct net *n);

/* The same for an answer to 'f', which uses the mbuf of 'f' (and takes it) if that may be. */
struct rte_mbuf *net_alloc_answer(struct net *n, struct frame *f);

/* Ask for the link address of 'e': by unicast in PROBE. 'source' is ours. NULL: no mbuf. */
struct rte_mbuf *net_arp_request(
    struct net *n, const struct neighbour *e, const struct spt_addr *source);
struct rte_mbuf *net_nd_request(
    struct net *n, const struct neighbour *e, const struct spt_addr *source);

/* Tell everybody that 'a' is ours. NULL: no mbuf. */
struct rte_mbuf *net_arp_announcement(struct net *n, const struct spt_addr *a);
struct rte_mbuf *net_nd_announcement(struct net *n, const struct spt_addr *a);

#endif

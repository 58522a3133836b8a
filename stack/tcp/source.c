/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sources of active opens: which local address and port a new connection has. Ports are taken in
 * turn from a start that only we can compute for each remote (RFC 6056 3.3.3), address after
 * address; a port whose answers would arrive at another core is passed over. A tuple in TIME-WAIT
 * is taken only where the peer can tell the new connection from the old (RFC 6191).
 */
#include <string.h>

#include <rte_byteorder.h>

#include "../flow/steer.h"
#include "internal.h"

#define PORT_FIRST 1024 /* above the well-known ones (RFC 6056 3.2) */
#define PORT_LAST  65535

/* Tuples looked at for one open: what is left is found by the next. */
#define SOURCE_PROBES 64

/* Cursors that a remote's may be among. */
#define SOURCE_WAYS 16

/* After this long in TIME-WAIT our timestamps have moved on whatever the peer's clock counts. */
#define REUSE_AFTER SPT_NS_PER_SEC

/* ---- sources ------------------------------------------------------------- */

struct tcp_source *
source_find(const struct tcp *t, int source)
{
	if (source < 0 || (uint32_t)source >= t->n_sources || !t->source[source].open)
		return NULL;
	return &t->source[source];
}

/* Addresses [first, first + count) of the local table, which lie in one run. */
static void
source_add_span(struct tcp_source *src, const struct local_run *r, uint32_t first, uint32_t count)
{
	struct source_family *f = &src->family[r->v4];

	f->span[f->n_spans++] = (struct source_span){
	    .first = (uint16_t)first,
	    .count = (uint16_t)count,
	};
	f->addresses += count;
}

static int
source_addresses(struct tcp *t, struct tcp_source *src, const struct spt_source_options *o)
{
	uint32_t count = RTE_MAX(o->count, 1u);
	int first = LOCAL_NONE;

	if (!addr_is_zero(&o->first)) {
		first = local_find(&t->local, &o->first);
		if (first == LOCAL_NONE)
			return -EADDRNOTAVAIL;
	} else if (o->count != 0) {
		return -EINVAL;
	}
	for (unsigned int i = 0; i < t->local.n; i++) {
		const struct local_run *r = &t->local.run[i];

		if (first == LOCAL_NONE) {
			source_add_span(src, r, r->index, r->count);
		} else if (first >= r->index && (uint32_t)first < r->index + r->count) {
			if (count > r->index + r->count - (uint32_t)first)
				return -EADDRNOTAVAIL;
			source_add_span(src, r, (uint32_t)first, count);
		}
	}
	return 0;
}

int
tcp_source_add(struct tcp *t, const struct spt_source_options *options)
{
	static const struct spt_source_options none;
	const struct spt_source_options *o = options ? options : &none;
	uint16_t low = o->port_first ? o->port_first : PORT_FIRST;
	uint16_t high = o->port_last ? o->port_last : PORT_LAST;
	struct tcp_source *src;
	uint32_t slot = 0;
	int rc;

	if (low > high)
		return -EINVAL;
	while (slot < t->n_sources && (t->source[slot].open || t->source[slot].used > 0))
		slot++;
	if (slot == t->n_sources)
		return -ENOSPC;
	src = &t->source[slot];
	memset(src, 0, sizeof(*src));
	src->port_first = low;
	src->ports = (uint32_t)high - low + 1;
	rc = source_addresses(t, src, o);
	if (rc)
		return rc;
	rc = option_get(t, &o->conn);
	if (rc < 0)
		return rc;
	src->options = (uint16_t)rc;
	src->open = true;
	return (int)slot;
}

int
tcp_source_remove(struct tcp *t, int source)
{
	struct tcp_source *src = source_find(t, source);

	if (!src)
		return -ENOENT;
	src->open = false;
	option_put(t, src->options);
	return 0;
}

int
tcp_source_info(const struct tcp *t, int source, struct spt_source_info *info)
{
	const struct tcp_source *src = source_find(t, source);

	if (!src)
		return -ENOENT;
	*info = (struct spt_source_info){
	    .tuples = (uint64_t)(src->family[0].addresses + src->family[1].addresses) * src->ports,
	    .used = src->used,
	    .reused = src->reused,
	    .engines = t->steer ? t->steer->rss.queues : 1,
	};
	return 0;
}

/* A connection, or the TIME-WAIT record that it became, holds a tuple; 'number' is one more. */
void
source_take(struct tcp *t, uint8_t number)
{
	t->source[number - 1].used++;
	t->source_tuples++;
}

void
source_release(struct tcp *t, uint8_t number)
{
	struct tcp_source *src = &t->source[number - 1];

	SPT_ASSERT(src->used > 0);
	src->used--;
	src->freed++;
	t->source_tuples--;
}

/* ---- tuples -------------------------------------------------------------- */

/* The index of a family's address number 'at'. */
static uint16_t
source_address(const struct source_family *f, uint32_t at)
{
	const struct source_span *s = f->span;

	while (at >= s->count) {
		at -= s->count;
		s++;
	}
	return (uint16_t)(s->first + at);
}

static bool
source_has_address(const struct source_family *f, uint16_t laddr)
{
	for (unsigned int i = 0; i < f->n_spans; i++)
		if (laddr >= f->span[i].first && laddr - f->span[i].first < f->span[i].count)
			return true;
	return false;
}

/* On to the next tuple: ports first, then addresses. */
static void
source_advance(
    const struct tcp_source *src, const struct source_family *f, struct source_cursor *at)
{
	if (++at->port < src->ports)
		return;
	at->port = 0;
	if (++at->address == f->addresses)
		at->address = 0;
}

static uint64_t
source_remote(const struct tcp *t, const struct flow_key *key)
{
	return siphash13_3w(t->secrets.ports, key->raddr.q[0], key->raddr.q[1], key->rport) | 1;
}

/* What a remote adds to the port, so that the sequence seen by one tells nothing of another's. */
static uint32_t
source_offset(const struct tcp_source *src, uint64_t remote)
{
	return (uint32_t)(((remote & UINT32_MAX) * src->ports) >> 32);
}

/*
 * The search of a remote, so that it is seen when all tuples were looked at for it, whoever else is
 * asked for in between. Of too many remotes one goes on where another was.
 */
static struct source_cursor *
source_cursor(const struct tcp_source *src, struct source_family *f, uint64_t remote)
{
	uint32_t home = (uint32_t)(remote >> 32);
	struct source_cursor *at = &f->cursor[home % SOURCE_REMOTES];

	for (uint32_t i = 0; i < SOURCE_WAYS; i++) {
		struct source_cursor *way = &f->cursor[(home + i) % SOURCE_REMOTES];

		if (way->remote != remote && way->remote != 0)
			continue;
		at = way;
		break;
	}
	if (at->remote != remote || at->freed != src->freed)
		at->missed = 0;
	at->remote = remote;
	at->freed = src->freed;
	return at;
}

/*
 * RFC 6191 from the other side: our timestamps go on across incarnations, so the peer believes our
 * SYN; and a second has passed, so that they have grown on its clock too.
 */
static bool
source_may_reuse(const struct tcp *t, const struct tcp_source *src, const struct time_wait *w)
{
	spt_time left = (spt_time)(w->expires - t->now_tick) << WHEEL_TICK_SHIFT;

	return (w->flags & (RECORD_TIMESTAMPS | RECORD_SHADOWED)) == RECORD_TIMESTAMPS &&
	       !option_at(t, src->options)->set.no_timestamps && seq_geq(w->expires, t->now_tick) &&
	       left + REUSE_AFTER <= t->two_msl;
}

/* Whether the tuple of 'key' can be had; *old is what holds it now, FLOW_NONE if nothing. */
static bool
source_free(const struct tcp *t, const struct tcp_source *src, const struct flow_key *key,
    uint64_t hash, flow_ref *old)
{
	*old = flow_lookup(&t->flows, key, hash);
	if (likely(*old == FLOW_NONE))
		return true;
	return flow_ref_kind(*old) == FLOW_TIME_WAIT &&
	       source_may_reuse(t, src, time_wait_at(t, flow_ref_index(*old)));
}

/* Whether the answers to this tuple come back to this engine. */
static bool
source_returns(const struct tcp *t, struct source_family *f, const struct flow_key *key)
{
	uint32_t hash;

	if (likely(!t->steer))
		return true;
	if (f->hashed != key->laddr || !addr_eq(&f->hashed_remote, &key->raddr)) {
		struct spt_addr local = local_at(&t->local, key->laddr);

		f->hash = steer_hash_addresses(t->steer, &key->raddr, &local);
		f->hashed = key->laddr;
		f->hashed_remote = key->raddr;
	}
	hash =
	    f->hash ^ steer_hash_ports(t->steer, addr_is_v4(&key->raddr), key->rport, key->lport);
	return steer_queue(t->steer, hash) == t->steer->rss.queue;
}

/* Where the search stands, as a key; 'offset' is the remote's. */
static void
source_tuple(const struct tcp_source *src, const struct source_family *f,
    const struct source_cursor *at, uint32_t offset, struct flow_key *key)
{
	uint32_t port = at->port + offset;

	if (port >= src->ports)
		port -= src->ports;
	key->laddr = source_address(f, at->address);
	key->lport = rte_cpu_to_be_16((uint16_t)(src->port_first + port));
}

static uint64_t
source_hash(const struct tcp *t, const struct source_cursor *at, const struct flow_key *key)
{
	return flow_key_eq(&at->ahead, key) ? at->ahead_hash : flow_hash(&t->flows, key);
}

/* The next open to the same remote is likely: its bucket comes in meanwhile. */
static void
source_look_ahead(const struct tcp *t, const struct tcp_source *src, const struct source_family *f,
    struct source_cursor *at, uint32_t offset, const struct flow_key *key)
{
	source_advance(src, f, at);
	at->ahead = *key;
	source_tuple(src, f, at, offset, &at->ahead);
	at->ahead_hash = flow_hash(&t->flows, &at->ahead);
	flow_prefetch_bucket(&t->flows, at->ahead_hash);
}

int
source_choose(
    struct tcp *t, struct tcp_source *src, struct flow_key *key, uint64_t *hash, flow_ref *old)
{
	struct source_family *f = &src->family[addr_is_v4(&key->raddr)];
	uint64_t tuples = (uint64_t)f->addresses * src->ports;
	uint32_t engines = t->steer ? t->steer->rss.queues : 1;
	uint64_t probes = RTE_MIN((uint64_t)SOURCE_PROBES * engines, tuples);
	uint64_t remote = source_remote(t, key);
	uint32_t offset = source_offset(src, remote);
	struct source_cursor *at;

	if (tuples == 0)
		return -EADDRNOTAVAIL;
	at = source_cursor(src, f, remote);
	for (uint64_t i = 0; i < probes; i++, source_advance(src, f, at)) {
		source_tuple(src, f, at, offset, key);
		at->missed++;
		if (!source_returns(t, f, key))
			continue;
		*hash = source_hash(t, at, key);
		if (!source_free(t, src, key, *hash, old))
			continue;
		at->missed = 0;
		source_look_ahead(t, src, f, at, offset, key);
		return 0;
	}
	/* Only when all were looked at, one after another, is it known that none is left. */
	return at->missed >= tuples ? -EADDRNOTAVAIL : -EAGAIN;
}

int
source_claim(struct tcp *t, struct tcp_source *src, const struct spt_endpoint *local,
    struct flow_key *key, uint64_t *hash, flow_ref *old)
{
	const struct source_family *f = &src->family[addr_is_v4(&key->raddr)];
	int laddr = local_find(&t->local, &local->addr);

	if (local->port == 0)
		return -EINVAL;
	if (laddr == LOCAL_NONE || !source_has_address(f, (uint16_t)laddr))
		return -EADDRNOTAVAIL;
	key->laddr = (uint16_t)laddr;
	key->lport = rte_cpu_to_be_16(local->port);
	*hash = flow_hash(&t->flows, key);
	return source_free(t, src, key, *hash, old) ? 0 : -EADDRINUSE;
}

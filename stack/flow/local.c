/* SPDX-License-Identifier: BSD-3-Clause */
/* The local addresses of an engine: reading the configuration, and questions about links. */
#include <errno.h>
#include <stdio.h>

#include <rte_common.h>

#include "../base/addr.h"
#include "../base/debug.h"
#include "local.h"

#define V4_PREFIX_BITS 96
#define V4_MAPPED_LOW  (UINT64_C(0xffff) << 32) /* the last 8 bytes of ::ffff:0.0.0.0 */

/* Addresses of one upper half that no interface can have. */
struct local_forbidden {
	uint64_t first, last;
	const char *what;
};

static const struct local_forbidden v4_forbidden[] = {
    {V4_MAPPED_LOW, V4_MAPPED_LOW | 0x00ffffff, "unspecified (0.0.0.0/8)"},
    {V4_MAPPED_LOW | 0x7f000000, V4_MAPPED_LOW | 0x7fffffff, "loopback (127.0.0.0/8)"},
    {V4_MAPPED_LOW | 0xe0000000, V4_MAPPED_LOW | 0xffffffff, "group or reserved (224.0.0.0/3)"},
    {V4_MAPPED_LOW + (UINT64_C(1) << 32), UINT64_MAX, "past the last IPv4 address"},
};

static const struct local_forbidden v6_forbidden[] = {
    {0, 0, "unspecified (::)"},
    {1, 1, "loopback (::1)"},
    {V4_MAPPED_LOW, V4_MAPPED_LOW | 0xffffffff, "IPv4-mapped (::ffff:0:0/96)"},
};

static uint64_t
local_last(const struct local_run *r)
{
	return r->low + r->count - 1;
}

static const char *
local_check_ranges(const struct local_run *r, const struct local_forbidden *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (r->low <= f[i].last && local_last(r) >= f[i].first)
			return f[i].what;
	return NULL;
}

/* The host part of a run's prefix, IPv4: the last 32 bits. */
static uint64_t
local_v4_host_mask(const struct local_run *r)
{
	return (UINT64_C(1) << (128 - r->prefix)) - 1;
}

/* Whether a run's prefix has a broadcast address at all; *low is its last 8 bytes. */
static bool
local_broadcast_of(const struct local_run *r, uint64_t *low)
{
	if (!r->v4 || r->prefix > 126)
		return false;
	*low = r->low | local_v4_host_mask(r);
	return true;
}

/* What the run contains that it must not, or NULL. */
static const char *
local_check_addresses(const struct local_run *r)
{
	uint64_t broadcast;

	if (local_last(r) < r->low)
		return "past the end of its 64 bits";
	if (local_broadcast_of(r, &broadcast) && r->low <= broadcast && local_last(r) >= broadcast)
		return "the broadcast address of its prefix";
	if (r->v4)
		return local_check_ranges(r, v4_forbidden, RTE_DIM(v4_forbidden));
	if (r->first.b[0] == 0xff)
		return "group (ff00::/8)";
	if (r->first.q[0] == 0)
		return local_check_ranges(r, v6_forbidden, RTE_DIM(v6_forbidden));
	return NULL;
}

static bool
local_overlap(const struct local_run *a, const struct local_run *b)
{
	return a->first.q[0] == b->first.q[0] && a->low <= local_last(b) && b->low <= local_last(a);
}

/* One run, and against those before it. 0 or -EINVAL. */
static int
local_add(struct local_table *t, const struct spt_local *l, char *error, size_t error_size)
{
	bool v4 = addr_is_v4(&l->first);
	unsigned int widest = v4 ? 32 : 128;
	struct local_run *r = &t->run[t->n];
	const char *wrong;

	if (l->prefix < 1 || l->prefix > widest) {
		snprintf(error, error_size, "local address %u: prefix /%u, expected /1 to /%u",
		    t->n + 1, l->prefix, widest);
		return -EINVAL;
	}
	if (l->count < 1 || l->count > LOCAL_MAX - t->count) {
		snprintf(error, error_size,
		    "local address %u: %u consecutive ones, expected at least 1 and at most %u "
		    "in all",
		    t->n + 1, l->count, LOCAL_MAX);
		return -EINVAL;
	}
	*r = (struct local_run){
	    .first = l->first,
	    .low = rte_be_to_cpu_64(l->first.q[1]),
	    .count = l->count,
	    .index = (uint16_t)t->count,
	    .prefix = (uint8_t)(v4 ? V4_PREFIX_BITS + l->prefix : l->prefix),
	    .v4 = v4,
	};
	wrong = local_check_addresses(r);
	if (wrong != NULL) {
		snprintf(error, error_size,
		    "local address %u: it or one of its run is no host's address: %s", t->n + 1,
		    wrong);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < t->n; i++) {
		if (local_overlap(r, &t->run[i])) {
			snprintf(error, error_size, "local address %u: overlaps local address %u",
			    t->n + 1, i + 1);
			return -EINVAL;
		}
	}
	t->n++;
	t->count += l->count;
	return 0;
}

int
local_init(struct local_table *t, const struct spt_local *local, unsigned int n, char *error,
    size_t error_size)
{
	*t = (struct local_table){0};
	if (n < 1 || n > LOCAL_RUNS) {
		snprintf(error, error_size, "%u runs of local addresses, expected 1 to %u", n,
		    LOCAL_RUNS);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < n; i++) {
		int rc = local_add(t, &local[i], error, error_size);

		if (rc < 0)
			return rc;
	}
	return 0;
}

struct spt_addr
local_at(const struct local_table *t, uint16_t index)
{
	const struct local_run *r = &t->run[0];
	struct spt_addr a;

	SPT_ASSERT(index < t->count);
	while (index - r->index >= (int)r->count)
		r++;
	a = r->first;
	a.q[1] = rte_cpu_to_be_64(r->low + (uint16_t)(index - r->index));
	return a;
}

/* Whether the first 'bits' of two addresses are the same. */
static bool
local_same_prefix(const struct spt_addr *a, const struct spt_addr *b, unsigned int bits)
{
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t difference = rte_be_to_cpu_64(a->q[i] ^ b->q[i]);

		if (bits < 64)
			return bits == 0 || difference >> (64 - bits) == 0;
		if (difference != 0)
			return false;
		bits -= 64;
	}
	return true;
}

static bool
local_is_link_local(const struct spt_addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool
local_on_link(const struct local_table *t, const struct spt_addr *a, uint16_t *index)
{
	bool v4 = addr_is_v4(a), link_local = !v4 && local_is_link_local(a);
	int longest = -1;

	for (unsigned int i = 0; i < t->n; i++) {
		const struct local_run *r = &t->run[i];
		int length;

		if (r->v4 != v4)
			continue;
		if (link_local)
			length = local_is_link_local(&r->first);
		else if (local_same_prefix(&r->first, a, r->prefix))
			length = r->prefix;
		else
			continue;
		if (length > longest) {
			longest = length;
			*index = r->index;
		}
	}
	return longest >= 0;
}

bool
local_is_broadcast(const struct local_table *t, const struct spt_addr *a)
{
	uint64_t low = rte_be_to_cpu_64(a->q[1]), broadcast;

	if (!addr_is_v4(a))
		return false;
	if (addr_v4(a) == UINT32_MAX)
		return true;
	for (unsigned int i = 0; i < t->n; i++)
		if (local_broadcast_of(&t->run[i], &broadcast) && low == broadcast)
			return true;
	return false;
}

int
local_first(const struct local_table *t, bool v4)
{
	for (unsigned int i = 0; i < t->n; i++)
		if (t->run[i].v4 == v4)
			return t->run[i].index;
	return LOCAL_NONE;
}

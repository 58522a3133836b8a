/* SPDX-License-Identifier: BSD-3-Clause */
/* The local addresses of an engine: runs of consecutive addresses <-> 16-bit index. */
#ifndef SPT_FLOW_LOCAL_H
#define SPT_FLOW_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include <septet/septet.h>

#define LOCAL_RUNS 16
#define LOCAL_MAX  65535 /* index 65535 stays free: to a listener it means any address */
#define LOCAL_NONE (-1)

struct local_run {
	struct spt_addr first;
	uint64_t low; /* host order: the last 8 bytes of first */
	uint32_t count;
	uint16_t index; /* of 'first' */
	uint8_t prefix; /* as if IPv6: an IPv4 /24 is 120 */
	bool v4;
};

struct local_table {
	unsigned int n;
	uint32_t count; /* addresses in all */
	struct local_run run[LOCAL_RUNS];
};

/*
 * 0, or -EINVAL with one line in 'error': no address, too many, overlapping runs,
 * group, reserved, loopback or unspecified addresses, the broadcast address of the run's
 * own prefix, prefix out of range (1 .. 32, 1 .. 128).
 */
int local_init(struct local_table *t, const struct spt_local *local, unsigned int n, char *error,
    size_t error_size);

/* The index of a local address, or LOCAL_NONE. */
static inline int
local_find(const struct local_table *t, const struct spt_addr *a)
{
	uint64_t low = rte_be_to_cpu_64(a->q[1]);

	for (unsigned int i = 0; i < t->n; i++) {
		const struct local_run *r = &t->run[i];

		/* A run stays within one upper half, so IPv4 needs no case of its own. */
		if (a->q[0] == r->first.q[0] && low - r->low < r->count)
			return (int)(r->index + (low - r->low));
	}
	return LOCAL_NONE;
}

struct spt_addr local_at(const struct local_table *t, uint16_t index);

/*
 * Whether 'a' is on the link of one of our prefixes; sets *index to the first address of the
 * run with the longest such. IPv6 link-local addresses are on the link of every IPv6 run
 * (RFC 4861 5.1), a link-local one preferred.
 */
bool local_on_link(const struct local_table *t, const struct spt_addr *a, uint16_t *index);

/*
 * Whether 'a' is the subnet-directed broadcast of one of our IPv4 prefixes, or
 * 255.255.255.255. A /31 or /32 has no such address (RFC 3021 2.1).
 */
bool local_is_broadcast(const struct local_table *t, const struct spt_addr *a);

/* First index of the first run of a family (for our own packets' source), or LOCAL_NONE. */
int local_first(const struct local_table *t, bool v4);

#endif

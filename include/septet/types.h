/* SPDX-License-Identifier: BSD-3-Clause */
/* The types that every public header shares: addresses, handles, limits. */
#ifndef SEPTET_TYPES_H
#define SEPTET_TYPES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * An IP address of either family, network byte order. IPv4 is stored mapped
 * (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so one key serves both families.
 */
struct spt_addr {
	union {
		uint8_t b[16];
		uint32_t w[4]; /* big endian */
		uint64_t q[2]; /* big endian */
	};
};

/* An address and a TCP port; the port is in host byte order. */
struct spt_endpoint {
	struct spt_addr addr;
	uint16_t port;
};

/*
 * A connection handle: generation in the upper 32 bits, index in the lower.
 * A handle whose connection ended gets -ESTALE, never another connection.
 */
typedef uint64_t spt_conn;

#define SPT_CONN_NONE ((spt_conn)0)

/* Nanoseconds of a monotonic clock that the caller owns; 0 is not special. */
typedef uint64_t spt_time;

#define SPT_TIME_NEVER UINT64_MAX
#define SPT_NS_PER_SEC UINT64_C(1000000000)
#define SPT_NS_PER_MS  UINT64_C(1000000)
#define SPT_NS_PER_US  UINT64_C(1000)

struct rte_mbuf;
struct rte_mempool;
struct spt_engine;
struct spt_port;

#endif

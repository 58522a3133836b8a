/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A simulation between two engines: connections opened by one and accepted by the other, or
 * opened by both at once, over an impaired link, in virtual time, with a monitor at either end.
 *
 *	engine 0 - monitor - hold - loser - impairment -+
 *	                                                memory pair
 *	engine 1 - monitor - hold - loser --------------+
 *
 * A run ends when every connection ended as it was asked to, then 2MSL pass, and nothing may be
 * left on either side. Streams differ from connection to connection, so what belongs to an old
 * incarnation of a 4-tuple is told from what belongs to the new one by its bytes.
 */
#ifndef TESTS_LIB_SIMPAIR_H
#define TESTS_LIB_SIMPAIR_H

#include <septet/septet.h>

#include "simapp.h"

#define SIMPAIR_PORT 7

/* end[0] is that of the side that opens: engine 0, or engine 1 where 'reversed'. */
struct simpair_conn {
	struct sim_end end[2];
	spt_time start;
	bool reversed;
	/* Both open, from these ports to each other; engine 1 so much later than engine 0. */
	bool simultaneous;
	uint16_t port[2]; /* of engine 0, of engine 1 */
	spt_time later;
};

struct simpair_side {
	struct spt_conn_options options;  /* of what it accepts and opens */
	struct spt_source_options source; /* 'conn' apart */
	uint32_t connections;             /* and records of each kind; 0: enough */
	uint32_t timewait;                /* records of that kind; 0: as connections */
	uint32_t mbufs;                   /* of its pool; 0: enough */
	uint32_t rto_max_ms, msl_ms;      /* 0: the default */
	uint32_t syn_retries;             /* 0: so many that nobody gives up */
	bool timewait_rst_closes;
	enum spt_syn_cookies syn_cookies;
	bool deaf;  /* listens to nothing */
	bool merge; /* receive merging, above its monitor */
	bool tso;   /* its port cuts large sends into segments: above the monitor */
};

struct simpair_config {
	uint64_t seed;
	int family;              /* 4 or 6 */
	struct spt_impair to[2]; /* towards engine 0, towards engine 1 */
	unsigned int lose[2];    /* the TCP segment towards it that is lost, from 1; 0: none */
	struct simpair_side side[2];
	unsigned int addresses; /* of engine 0; 0 = 1 */
	unsigned int at_once; /* most connections open at a time (none of them simultaneous); 0: any
	                         number */
	spt_time retry;       /* a refused spt_connect is tried again after; 0 = 10 ms */
	unsigned int n;
	const struct simpair_conn *conn;
};

struct simpair_result {
	unsigned int segments[2]; /* TCP segments towards engine 0, towards engine 1 */
	spt_time took;            /* virtual time until the last connection ended */
	uint64_t refused_tuple;   /* spt_connect that said -EADDRNOTAVAIL, */
	uint64_t refused_conn;    /* -ENFILE, */
	uint64_t refused_other;   /* -EAGAIN, -ENOBUFS, -EADDRINUSE */
	unsigned int in_order;    /* connections whose opener was told reason 0 */
	unsigned int reset, timed_out, refused, aborted; /* and the other reasons */
	struct spt_stats stats[2];
	struct spt_port_stats port[2];
};

/*
 * Run it. Returns false after printing why. 'what' names the run in that print.
 * 'result' may be NULL.
 */
bool simpair_run(
    const struct simpair_config *config, const char *what, struct simpair_result *result);

/* 'bytes' each way, the opener closes first, over a default connection. */
struct simpair_conn simpair_conn_default(uint64_t bytes);

#endif

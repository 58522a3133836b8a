/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A simulation: an engine with a small application on one side, simulated hosts on the other, an
 * impaired link between, all in virtual time. A run ends when every connection ended in
 * order, or fails with the seed, the state of both ends and the ladder.
 *
 *	engine - monitor - hold - impairment - memory pair - loser - monitor - client
 */
#ifndef TESTS_LIB_SIM_H
#define TESTS_LIB_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include <septet/septet.h>

#include "simapp.h"
#include "simclient.h"
#include "simflood.h"

#define SIM_PORT      7
#define SIM_CONNS_MAX 256

struct sim_conn {
	struct simconn_config client; /* ports, seeds and 'receive' are filled in */
	struct sim_end server;
};

struct sim_config {
	uint64_t seed;
	int family; /* 4 or 6 */
	struct spt_impair to_engine, to_client;
	/* Lose exactly this TCP segment, counted from 1; 0: none. */
	unsigned int lose_to_engine, lose_to_client;
	struct spt_conn_options options;
	uint32_t rto_max_ms;              /* of the engine; 0: its default */
	uint32_t connections;             /* of the engine, and records of each kind; 0: enough */
	uint32_t mbufs;                   /* of the engine's pool; 0: enough */
	uint32_t iss;                     /* of clients; 0: by the seed */
	enum spt_syn_cookies syn_cookies; /* of the engine */
	uint32_t half_open;               /* records of the engine; 0: as connections */
	uint32_t backlog;                 /* of the listener; 0: all records */
	struct sim_flood flood;           /* from forged sources; times from the run's start */
	unsigned int n;
	struct sim_conn conn[SIM_CONNS_MAX];
};

struct sim_result {
	unsigned int to_engine, to_client; /* TCP segments that the loser saw */
	spt_time took;                     /* virtual time until the last stream ended */
	uint64_t bytes;                    /* of all streams */
	uint64_t closed_windows;
	uint64_t flooded;        /* SYNs of the flood */
	uint64_t half_open_most; /* records at a time */
	struct spt_stats stats;
};

/* A connection with everything at its default: 10 kB each way, the client closes first. */
void sim_conn_default(struct sim_conn *c);

/*
 * Run it. Returns false after printing why. 'what' names the run in that print.
 * 'result' may be NULL.
 */
bool sim_run(const struct sim_config *config, const char *what, struct sim_result *result);

#endif

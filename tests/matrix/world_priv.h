/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the world share: world.c, world_app.c. */
#ifndef TESTS_MATRIX_WORLD_PRIV_H
#define TESTS_MATRIX_WORLD_PRIV_H

#include <port/port.h>

#include "world.h"

#define WORLD_PEER_SEED   77
#define WORLD_ENGINE_SEED 55
#define WORLD_LISTENING   7
#define WORLD_NOBODY      9 /* nobody listens */
#define WORLD_OLD         4
#define WORLD_EXTRA       4
#define WORLD_RX_FRAMES   8

struct world_port {
	struct spt_port base;
	struct world *world;
	struct rte_mbuf *rx[WORLD_RX_FRAMES];
	unsigned int n_rx;
};

struct world {
	const struct world_variant *v;
	spt_time now;
	struct rte_mempool *engine_pool, *peer_pool;
	struct world_port *port;
	struct spt_port *top;
	struct monitor *monitor;
	struct spt_engine *engine;
	int listener, source;
	struct rte_ether_addr mac, peer_mac;
	struct spt_addr local, remote;
	/* the connection */
	uint16_t rport, lport;
	struct tcb tcb;
	uint32_t peer_iss, peer_nxt;
	bool have_iss;
	bool full;  /* RCV.WND is to be 0 */
	bool again; /* the tuple is opened anew: another SYN of the peer will come */
	uint32_t engine_tsval;
	spt_conn conn;
	bool open;
	/* the application */
	bool deaf;     /* takes no events */
	uint32_t sent; /* bytes that were queued in this incarnation */
	void *user;
	spt_conn old[WORLD_OLD]; /* earlier incarnations, whose CLOSED is still to come */
	unsigned int n_old;
	int extra[WORLD_EXTRA]; /* listeners of this cell */
	unsigned int n_extra;
	/* what happened */
	struct seen seen[WORLD_SEEN];
	unsigned int n_seen;
	uint32_t events;
	int reason;
	uint32_t acked;
	uint32_t delivered, delivered_before;
	const char *broken;
};

_Noreturn void world_die(const char *what);
/* Turns until nothing happens any more. */
void world_settle(struct world *w);
struct spt_conn_options world_options(void);
/* A listener, and a source, as every world has them. */
void world_listen_again(struct world *w);
void world_source_again(struct world *w);

void world_dispatch(struct world *w, const struct spt_event *e);

#endif

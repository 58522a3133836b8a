/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of the script harness. */
#ifndef TESTS_LIB_SCRIPT_PRIV_H
#define TESTS_LIB_SCRIPT_PRIV_H

#include <base/addr.h>
#include <port/port.h>

#include "env.h"
#include "monitor.h"
#include "pattern.h"
#include "script.h"

#define SCRIPT_CAPTURES 4096
#define SCRIPT_RX       512
#define SCRIPT_EVENTS   512
#define SCRIPT_HOLES    16

/* Seeds of the two streams of a peer's connection. */
#define SEED_PEER(flow)   (2 * (flow) + 1)
#define SEED_ENGINE(flow) (2 * (flow) + 2)

/* How received frames lie in memory. */
enum shape { SHAPE_DIRECT, SHAPE_CHAINED, SHAPE_SHARED };

struct variant {
	const char *name;
	int family;
	uint32_t peer_iss;
	uint32_t engine_iss; /* wished; 0: any */
	enum shape shape;
	bool ts;
	bool active; /* the engine opens, where a script does not say otherwise */
	bool multi_segment;
	bool tso;  /* the port cuts large sends into segments */
	bool hold; /* transmitted frames are held and compared */
};

struct capture {
	spt_time at;
	enum packet_kind kind;
	struct packet p;
	uint8_t icmp_type, icmp_code;
	uint8_t *bytes;
};

/* A reference of the harness to a frame that the engine received, and what it held. */
struct shared {
	struct rte_mbuf *m;
	uint8_t *bytes;
	unsigned int length;
};

struct script_port {
	struct spt_port base;
	struct rte_mempool *pool;
	struct rte_mbuf *rx[SCRIPT_RX];
	unsigned int n_rx;
	uint64_t rx_frames, tx_frames;
	bool refuses;
};

struct script_event {
	uint32_t bit;
	int reason;
};

/* A peer: one connection, both sides' relative numbers. */
struct flow {
	unsigned int number;
	uint16_t port;
	uint16_t local; /* the engine's address that it talks to */
	uint16_t lport; /* the engine's port */
	bool dialled;   /* by the engine: others may have the same port of the peer */
	uint32_t peer_iss, engine_iss;
	bool have_engine_iss;
	uint32_t peer_nxt;   /* relative: behind what was sent in order */
	uint32_t engine_nxt; /* relative: behind what was expected */
	uint32_t engine_una; /* relative: acknowledged by the peer */
	struct {
		uint32_t from, to;
	} hole[SCRIPT_HOLES]; /* what was sent beyond peer_nxt */
	unsigned int n_holes;
	bool known; /* what follows was given */
	bool ts;
	uint16_t mss;
	uint16_t wnd;
	uint32_t ts_recent; /* the engine's last TSval */
	struct inject last; /* resolved: absolute numbers in seq, ack */
	uint32_t last_seg_len;
	/* application */
	spt_conn conn;
	bool open; /* between ACCEPTED, or spt_connect, and CLOSED */
	uint8_t salt;
	uint64_t delivered, delivered_told;
	uint64_t acked;
	uint64_t app_sent;
	struct script_event event[SCRIPT_EVENTS];
	unsigned int n_events;
};

struct script {
	const char *file;
	int line;
	const struct variant *variant;
	const struct script_entry *entry;
	spt_time start, now;
	struct rte_mempool *engine_pool, *peer_pool;
	struct script_port *port;
	struct spt_port *top;
	struct monitor *monitor;
	struct spt_engine *engine;
	int listener;
	int source; /* -1: not made yet */
	struct given given;
	struct rte_ether_addr mac, peer_mac;
	struct spt_addr local[2], peer;
	struct flow flow[SCRIPT_PEERS];
	struct flow *f;
	struct capture capture[SCRIPT_CAPTURES];
	unsigned int captures, taken;
	struct shared shared[SCRIPT_CAPTURES];
	unsigned int n_shared;
	struct spt_stats before;
	struct {
		uint32_t bit;
		void (*verb)(void);
	} on[8];
	unsigned int n_on;
	bool settling;
	bool finishing;
	char *fault; /* of the holding port */
};

extern struct script *script;

_Noreturn void script_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* script_port.c */
struct script_port *script_port_create(
    struct rte_mempool *pool, const struct rte_ether_addr *mac, bool multi_segment);
/* A frame for the engine, in the variant's shape (or direct). */
void script_port_push(const uint8_t *flat, unsigned int length, bool plain);
bool script_port_release(void);

/* script_given.c */
/* What this peer offers in its SYN: as given. */
void script_peer_is(struct flow *f, const struct given *g);

/* script_app.c */
/* Take an event of this bit out; NULL if there is none. Valid until the next. */
const struct script_event *script_take_event(struct flow *f, uint32_t bit);

/* Whether a segment of the engine belongs to this connection. */
static inline bool
script_is_of(const struct flow *f, const struct packet *p)
{
	return p->dport == f->port &&
	       (!f->dialled ||
	           (p->sport == f->lport && addr_eq(&p->src, &script->local[f->local])));
}

/* script_expect.c */
const char *script_strict_event(void);
void script_strict_segments(void);

/* The relative number that a field states: ZERO is 0. */
static inline uint32_t
script_stated(int64_t field)
{
	return field == ZERO ? 0 : (uint32_t)field;
}

#endif

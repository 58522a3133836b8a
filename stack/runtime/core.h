/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of the runtime: cores, the lcores that turn them, and the mailbox through which other
 * threads reach a core. Nothing but the mailbox, the messages in it, and the order of stopping is
 * shared.
 */
#ifndef SPT_RUNTIME_CORE_H
#define SPT_RUNTIME_CORE_H

#include <pthread.h>
#include <time.h>

#include <rte_common.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include <septet/runtime.h>

#include "base/debug.h"
#include "clock.h"

#define CORE_EVENTS 256 /* handed out in a turn at most */
#define CORE_WALK   64  /* connections in an answer at most */
#define CORE_MAX    128
#define LCORE_CORES SPT_PORTS /* a queue of each port; the ends of a pair are two */
#define SPEC_NAME   64        /* RTE_DEV_NAME_MAX_LEN */

/* Entries of net_af_xdp's fill and completion rings, whose mbufs its close forgets. */
#define AF_XDP_RINGS  4096
#define MAILBOX_SLOTS 8 /* a power of two above the number of kinds of messages */

/* How long peers may go on where the own loops ended without being asked to. */
#define PEER_GRACE SPT_NS_PER_SEC

/* When an lcore may nap: none of its cores received, sent or told anything for IDLE_GRACE. */
#define IDLE_GRACE      (200 * SPT_NS_PER_US)
#define IDLE_NAP        (50 * SPT_NS_PER_US)  /* soon after traffic */
#define IDLE_LONG       (100 * SPT_NS_PER_US) /* after IDLE_LONG_AFTER without any */
#define IDLE_LONG_AFTER (100 * SPT_NS_PER_MS)

/* One of each kind for each core, so a request that nobody answers holds no memory hostage. */
enum message_kind {
	MESSAGE_STOP,
	MESSAGE_SNAPSHOT,
	MESSAGE_WALK,
	MESSAGE_CALL,
	MESSAGE_KINDS,
};

enum message_state {
	MESSAGE_FREE,
	MESSAGE_POSTED, /* the core's */
	MESSAGE_DONE,   /* the poster's again */
};

struct message {
	enum message_kind kind;
	uint32_t state; /* atomic */
	union {
		spt_time grace;
		struct spt_runtime_snapshot snapshot;
		struct {
			uint64_t cursor;
			unsigned int n;
			struct spt_conn_info infos[CORE_WALK];
		} walk;
		struct {
			void (*function)(void *state, spt_time now, void *argument);
			void *argument;
		} call;
	};
};

struct mailbox {
	struct rte_ring *ring;
	pthread_mutex_t lock; /* among posters: the ring has a single producer */
	struct message message[MESSAGE_KINDS];
};

/*
 * The order of stopping, what cores look at of one another: peers serve the own cores, so they are
 * asked to end when the last of those has, and again whenever somebody asks again.
 */
struct stopping {
	uint32_t own;   /* atomic: own loops that have not ended */
	uint32_t asked; /* atomic: how often spt_runtime_stop was called; 'grace' is its last */
	spt_time grace; /* atomic */
};

struct core {
	/* the loop's own */
	struct spt_engine *engine;
	struct spt_port *port;
	const struct spt_core_ops *ops;
	void *state;
	spt_time now;   /* of the last turn; after the loop, its end */
	spt_time begun; /* when the loop began */
	spt_time busy;  /* the turns in which something moved */
	uint64_t frames;
	struct stopping *stopping;
	uint32_t stop_seen; /* of a peer: the 'asked' that it was told of */
	enum spt_role role;
	struct spt_event events[CORE_EVENTS];
	/* shared */
	uint32_t running __rte_aligned(SPT_CACHE_LINE); /* atomic: the loop answers its mailbox */
	struct mailbox mailbox;
	/* set-up */
	unsigned int index;
	unsigned int port_index; /* of a peer 0 */
	unsigned int queue;      /* of that port */
	struct share *share;     /* whose port it has: the queue 'queue' of several; or NULL */
};

/* A thread of EAL's, and the cores whose turn it takes, one after another. */
struct lcore {
	struct clock clock;
	spt_time tune_at;     /* when the clock is compared with the system's again */
	spt_time quiet_since; /* nothing moved on any of the cores */
	bool idle_sleep;
	unsigned int n; /* that have not ended: the first of 'core' */
	unsigned int n_cores;
	struct core *core[LCORE_CORES];
	unsigned int id; /* EAL's */
} __rte_cache_aligned;

/* What EAL calls the device of the port at 'position'; not for a memory port. */
void port_spec_name(const struct spt_port_spec *spec, unsigned int position, char name[SPEC_NAME]);

/* Is it one of our effective capabilities? */
bool privilege_has(unsigned int capability);

/* Around rte_eal_init: where EAL is to have its run-time directory, so that we can remove it. */
void directory_prepare(void);
void directory_prepared(void);
/* It is to be another user's. As root. 0 or a negative errno. */
int directory_give(uid_t uid, gid_t gid);
/* With what is in it, when EAL has ended; also if it has not begun. */
void directory_remove(void);

/* Bytes of EAL's memory that pools of 'mbufs' buffers take. */
uint64_t runtime_mbuf_bytes(uint32_t mbufs, uint16_t mtu, bool hugepages);

/* 0 or -ENOMEM. */
int mailbox_init(struct mailbox *mailbox, unsigned int index, int socket);
void mailbox_fini(struct mailbox *mailbox);

/*
 * Acquire the message of a kind (NULL: an earlier one is still unanswered), fill it in, ask
 * (wait for the answer: 0 or -ETIMEDOUT), read the answer, release. Between acquire and release
 * other posters wait. Once the loop has ended the poster answers for it, by 'ask'.
 */
struct message *mailbox_acquire(struct core *core, enum message_kind kind);
int mailbox_ask(struct core *core, struct message *message);
void mailbox_release(struct core *core);

/* Answer what is in the mailbox, on the core's own thread. */
void mailbox_drain(struct core *core, spt_time now);

/* What a snapshot tells, at the core's 'now'. On its own thread, or after its loop. */
void core_snapshot(const struct core *core, struct spt_runtime_snapshot *snapshot);

/* The loop: an lcore function. Returns 0 when the programs' turns on all cores said: done. */
int lcore_loop(void *lcore);

/* The system's clock: CLOCK_MONOTONIC is the one that the lcores' follow (runtime.c). */
spt_time runtime_clock_ns(clockid_t id);

/*
 * The pools, and a port for each engine: own ones in the order of the cores, then peers. What is in
 * 'ports' is the caller's, also when this fails. 'wanted' queues of each device, or so many pairs.
 * 0, or a negative errno with one line in 'error'.
 */
int runtime_create_ports(struct spt_runtime *rt, const struct spt_runtime_config *config,
    unsigned int wanted, struct spt_port *ports[CORE_MAX], char *error, size_t error_size);

/* A pool with room for frames of 'mtu'; 'number' makes its name. NULL, with one line in 'error'. */
struct rte_mempool *runtime_create_pool(
    unsigned int number, uint32_t mbufs, uint16_t mtu, char *error, size_t error_size);

/* Find the device of the port at 'position' and open it. 0, or a negative errno with one line. */
int runtime_open_device(const struct spt_runtime_port *port, unsigned int position,
    struct spt_ethdev_config *ethdev, struct spt_port **ports, struct spt_ethdev_info *info,
    char *error, size_t error_size);

/* Where there are several ports a line says which it is about: put its name in front. */
void runtime_name_port(
    const struct spt_runtime_config *config, unsigned int port, char *error, size_t error_size);

/*
 * n memory pairs: own ends are ports[0 .. n-1], the peers' follow. Both ends of pair i copy
 * into rt->pool[i]. 0, or a negative errno with one line in 'error'.
 */
int pair_create_ports(struct spt_runtime *rt, const struct spt_runtime_config *config,
    unsigned int n, struct spt_port **ports, char *error, size_t error_size);

/* /septet/stats and /septet/connections; one runtime at a time is shown. */
void telemetry_start(struct spt_runtime *runtime);
void telemetry_stop(void);

struct spt_runtime {
	bool pairs;           /* a memory port */
	unsigned int n_cores; /* own ones, then peers */
	unsigned int n_own;
	unsigned int n_lcores;
	unsigned int n_pools;
	struct core *core[CORE_MAX];
	struct lcore *lcore;
	struct rte_mempool *pool[CORE_MAX]; /* one for each port; for both ends of each pair */
	struct clock clock;                 /* from which the lcores' are copied */
	struct share *share[SPT_PORTS];     /* NULL with one engine, or with peers */
	struct stopping stopping;
	struct spt_runtime_info info;
};

/* Where the engine of a port's queue, or of an end of the pair 'queue', takes its mbufs. */
static inline struct rte_mempool *
runtime_pool(const struct spt_runtime *rt, unsigned int port, unsigned int queue)
{
	return rt->pool[rt->pairs ? queue : port];
}

#endif

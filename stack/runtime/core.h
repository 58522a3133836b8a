/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of the runtime: a core with its loop, and the mailbox through which other
 * threads reach it. Nothing but the mailbox and the messages in it is shared.
 */
#ifndef SPT_RUNTIME_CORE_H
#define SPT_RUNTIME_CORE_H

#include <pthread.h>

#include <rte_common.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include <septet/runtime.h>

#include "base/debug.h"
#include "clock.h"

#define CORE_EVENTS   256 /* handed out in a turn at most */
#define CORE_WALK     64  /* connections in an answer at most */
#define CORE_MAX      128
#define MAILBOX_SLOTS 8 /* a power of two above the number of kinds of messages */

/* When a core may nap: nothing received or sent for IDLE_GRACE, looked at every IDLE_TURNS. */
#define IDLE_TURNS      (1 << 7)
#define IDLE_GRACE      (200 * SPT_NS_PER_US)
#define IDLE_NAP        (50 * SPT_NS_PER_US)  /* soon after traffic */
#define IDLE_LONG       (100 * SPT_NS_PER_US) /* after IDLE_LONG_AFTER without any */
#define IDLE_LONG_AFTER (100 * SPT_NS_PER_MS)

/* One of each kind for each core, so a request that nobody answers holds no memory hostage. */
enum message_kind {
	MESSAGE_STOP,
	MESSAGE_SNAPSHOT,
	MESSAGE_WALK,
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
	};
};

struct mailbox {
	struct rte_ring *ring;
	pthread_mutex_t lock; /* among posters: the ring has a single producer */
	struct message message[MESSAGE_KINDS];
};

struct core {
	/* the loop's own */
	struct spt_engine *engine;
	struct spt_port *port;
	const struct spt_core_ops *ops;
	void *state;
	struct clock clock;
	bool idle_sleep;
	bool napping;
	uint32_t quiet_turns;
	uint64_t frames_seen;
	spt_time quiet_since;
	struct spt_event events[CORE_EVENTS];
	/* shared */
	uint32_t running __rte_aligned(SPT_CACHE_LINE); /* atomic: the loop answers its mailbox */
	struct mailbox mailbox;
	/* set-up */
	unsigned int index;
	unsigned int lcore;
	struct rte_mempool *pool;
};

/* Bytes of EAL's memory that pools of 'mbufs' buffers take. */
uint64_t runtime_mbuf_bytes(uint32_t mbufs, uint16_t mtu, bool hugepages);

/* 0 or -ENOMEM. */
int mailbox_init(struct mailbox *mailbox, unsigned int index, int socket);
void mailbox_fini(struct mailbox *mailbox);

/*
 * Acquire the message of a kind (NULL: an earlier one is still unanswered), fill it in, ask
 * (wait for the answer: 0, -ETIMEDOUT, or -ESHUTDOWN when the loop has ended), read the answer,
 * release. Between acquire and release other posters wait.
 */
struct message *mailbox_acquire(struct core *core, enum message_kind kind);
int mailbox_ask(struct core *core, struct message *message);
void mailbox_release(struct core *core);

/* Answer what is in the mailbox, on the core's own thread. */
void mailbox_drain(struct core *core, spt_time now);

/* The loop: an lcore function. Returns 0 when the program's turn says that it is done. */
int core_loop(void *core);

/* /septet/stats and /septet/connections; one runtime at a time is shown. */
void telemetry_start(struct spt_runtime *runtime);
void telemetry_stop(void);

struct spt_runtime {
	unsigned int n_cores;
	unsigned int n_pools;
	struct core *core[CORE_MAX];
	struct rte_mempool *pool[CORE_MAX];
	struct share *share; /* NULL with one engine */
	struct spt_runtime_info info;
};

#endif

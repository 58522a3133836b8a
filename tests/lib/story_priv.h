/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a story's world. */
#ifndef TESTS_LIB_STORY_PRIV_H
#define TESTS_LIB_STORY_PRIV_H

#include <port/port.h>

#include "env.h"
#include "monitor.h"
#include "pattern.h"
#include "story.h"

#define ENDS_MAX   4096
#define EVENTS_MAX 32

/* The stream that side s sends in life l. */
#define SEED(l, s) (2 * (l) + 1 + (s))

/* A frame on its way, or just arrived. */
struct frame {
	struct frame *next;
	spt_time at;
	struct rte_mbuf *m;
};

struct link_port {
	struct spt_port base;
	unsigned int side;
	struct frame *first, **last; /* towards this side */
	struct frame *late;          /* of them: waits for the next */
};

struct side {
	struct rte_mempool *pool;
	struct spt_addr addr;
	struct link_port link;
	struct spt_port *port;
	struct monitor *monitor;
	struct spt_engine *engine;
	int source;
	bool cut;
	unsigned int lose_next;
	unsigned int sent; /* segments */
	unsigned int born; /* how often its engine began */
};

struct story {
	struct story_config config;
	spt_time now;
	struct side side[2];
	enum story_fate (*fate)(const struct story_segment *s);
	struct story_segment *segment;
	unsigned int n_segments, room;
	unsigned int frames; /* of any kind, for settling */
	struct story_end end[ENDS_MAX];
	unsigned int n_ends;
	uint32_t lives;
	char wrong[200];
};

extern struct story *story;

/* story.c: noted where no test may be left in the middle of a turn; told by the next settle. */
void story_wrong(const char *why);

/* story_link.c */
void story_link_init(unsigned int side);
/* A frame comes to this side at that time. */
void story_deliver(unsigned int to, spt_time at, const uint8_t *bytes, unsigned int length);
spt_time story_link_next(unsigned int side);

/* story_app.c */
void story_on_event(unsigned int side, const struct spt_event *event);

#endif

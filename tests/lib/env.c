/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL once a process, mempools, random numbers. */
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include "env.h"

/* EAL pins us to one core, and so would pin all test programs to the same one: undo that. */
void
env_start(void)
{
	static bool started;
	static char text[] = "test\0--no-huge\0--no-pci\0--no-shconf\0--no-telemetry\0-m\000256\0"
	                     "--log-level\0004\0-l";
	char prefix[48], core[16];
	char *argv[16];
	int argc = 0;
	cpu_set_t cpus;
	unsigned int first = 0;

	if (started)
		return;
	for (char *at = text; at < text + sizeof(text); at += strlen(at) + 1)
		argv[argc++] = at;
	sched_getaffinity(0, sizeof(cpus), &cpus);
	while (first < CPU_SETSIZE - 1 && !CPU_ISSET(first, &cpus))
		first++;
	snprintf(core, sizeof(core), "%u", first);
	argv[argc++] = core;
	snprintf(prefix, sizeof(prefix), "--file-prefix=septet-test-%d", (int)getpid());
	argv[argc++] = prefix;
	argv[argc] = NULL;
	if (rte_eal_init(argc, argv) < 0) {
		fprintf(stderr, "EAL does not start: %s\n", rte_strerror(rte_errno));
		exit(2);
	}
	sched_setaffinity(0, sizeof(cpus), &cpus);
	started = true;
}

int
env_group_setup(void **state)
{
	(void)state;
	env_start();
	return 0;
}

struct rte_mempool *
env_pool_create(unsigned int mbufs)
{
	return env_pool_create_room(mbufs, 2048);
}

struct rte_mempool *
env_pool_create_room(unsigned int mbufs, uint16_t room)
{
	static unsigned int number;
	struct rte_mempool *pool;
	char name[32];

	env_start();
	snprintf(name, sizeof(name), "env%u", number++);
	pool = rte_pktmbuf_pool_create(name, mbufs, 0, 0, room + RTE_PKTMBUF_HEADROOM, -1);
	if (pool == NULL) {
		fprintf(stderr, "no pool of %u mbufs: %s\n", mbufs, rte_strerror(rte_errno));
		exit(2);
	}
	return pool;
}

unsigned int
env_pool_in_use(const struct rte_mempool *pool)
{
	return rte_mempool_in_use_count(pool);
}

void
env_pool_destroy(struct rte_mempool *pool)
{
	rte_mempool_free(pool);
}

void
env_random_seed(struct env_random *r, uint64_t seed)
{
	r->state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	if (r->state == 0)
		r->state = 1;
	env_random_next(r);
	env_random_next(r);
}

uint64_t
env_random_next(struct env_random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * UINT64_C(0x2545f4914f6cdd1d);
}

uint32_t
env_random_below(struct env_random *r, uint32_t n)
{
	return n == 0 ? 0 : (uint32_t)((env_random_next(r) >> 32) * n >> 32);
}

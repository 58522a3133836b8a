/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mailbox of a core: how a thread that serves nobody asks one that must not wait.
 * The loop looks into an SPSC ring once a turn; only posters take a lock.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "core.h"

#define MAILBOX_WAIT_US 200
#define MAILBOX_TRIES   1250 /* times MAILBOX_WAIT_US: a quarter of a second */

int
mailbox_init(struct mailbox *mailbox, unsigned int index, int socket)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "septet_mail_%u", index);
	mailbox->ring = rte_ring_create(name, MAILBOX_SLOTS, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (!mailbox->ring)
		return -ENOMEM;
	for (unsigned int i = 0; i < MESSAGE_KINDS; i++)
		mailbox->message[i] = (struct message){.kind = (enum message_kind)i};
	pthread_mutex_init(&mailbox->lock, NULL);
	return 0;
}

void
mailbox_fini(struct mailbox *mailbox)
{
	if (!mailbox->ring)
		return;
	rte_ring_free(mailbox->ring);
	pthread_mutex_destroy(&mailbox->lock);
	mailbox->ring = NULL;
}

static void
mailbox_answer(struct core *core, struct message *m, spt_time now)
{
	switch (m->kind) {
	case MESSAGE_STOP:
		if (__atomic_load_n(&core->running, __ATOMIC_RELAXED))
			core->ops->stop(core->state, now, now + m->grace);
		break;
	case MESSAGE_SNAPSHOT: core_snapshot(core, &m->snapshot); break;
	case MESSAGE_CALL: m->call.function(core->state, now, m->call.argument); break;
	case MESSAGE_WALK:
		m->walk.n =
		    spt_engine_walk(core->engine, &m->walk.cursor, m->walk.infos, CORE_WALK);
		break;
	case MESSAGE_KINDS: break;
	}
	__atomic_store_n(&m->state, MESSAGE_DONE, __ATOMIC_RELEASE);
}

void
mailbox_drain(struct core *core, spt_time now)
{
	void *message;

	while (rte_ring_sc_dequeue(core->mailbox.ring, &message) == 0)
		mailbox_answer(core, message, now);
}

/* For a loop that has ended, whose lock the caller holds: nobody else empties its mailbox now. */
static void
mailbox_serve_ended(struct core *core)
{
	if (!__atomic_load_n(&core->running, __ATOMIC_ACQUIRE))
		mailbox_drain(core, core->now);
}

struct message *
mailbox_acquire(struct core *core, enum message_kind kind)
{
	struct message *m = &core->mailbox.message[kind];

	pthread_mutex_lock(&core->mailbox.lock);
	mailbox_serve_ended(core);
	if (__atomic_load_n(&m->state, __ATOMIC_ACQUIRE) != MESSAGE_POSTED)
		return m;
	pthread_mutex_unlock(&core->mailbox.lock);
	return NULL;
}

void
mailbox_release(struct core *core)
{
	pthread_mutex_unlock(&core->mailbox.lock);
}

int
mailbox_ask(struct core *core, struct message *message)
{
	SPT_ASSERT(message->state != MESSAGE_POSTED);
	__atomic_store_n(&message->state, MESSAGE_POSTED, __ATOMIC_RELAXED);
	/* A message is in the ring at most once and there are fewer kinds than slots. */
	if (rte_ring_sp_enqueue(core->mailbox.ring, message) != 0) {
		__atomic_store_n(&message->state, MESSAGE_FREE, __ATOMIC_RELAXED);
		return -EBUSY;
	}
	for (unsigned int i = 0; i < MAILBOX_TRIES; i++) {
		mailbox_serve_ended(core);
		if (__atomic_load_n(&message->state, __ATOMIC_ACQUIRE) == MESSAGE_DONE)
			return 0;
		usleep(MAILBOX_WAIT_US);
	}
	return -ETIMEDOUT;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What other threads ask of the cores, by their mailboxes: to stop, what they counted, to call a
 * function.
 */
#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

#include "core.h"

int
spt_runtime_stop(struct spt_runtime *rt, spt_time grace)
{
	int rc = 0;

	/* First, so that peers find it however soon the last of the own loops has ended. */
	__atomic_store_n(&rt->stopping.grace, grace, __ATOMIC_RELAXED);
	__atomic_add_fetch(&rt->stopping.asked, 1, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < rt->n_own; i++) {
		struct message *m = mailbox_acquire(rt->core[i], MESSAGE_STOP);

		if (!m) {
			rc = -EBUSY;
			continue;
		}
		m->grace = grace;
		mailbox_ask(rt->core[i], m);
		mailbox_release(rt->core[i]);
	}
	return rc;
}

void
core_snapshot(const struct core *c, struct spt_runtime_snapshot *snapshot)
{
	snapshot->now = c->now;
	snapshot->elapsed = c->now - c->begun;
	snapshot->busy = c->busy;
	spt_engine_stats(c->engine, &snapshot->stats);
	spt_port_stats_get(c->port, &snapshot->port);
	spt_engine_defence(c->engine, &snapshot->defence);
}

int
spt_runtime_snapshot(
    struct spt_runtime *rt, unsigned int core, struct spt_runtime_snapshot *snapshot)
{
	struct message *m;
	struct core *c;
	int rc;

	if (core >= rt->n_cores)
		return -EINVAL;
	c = rt->core[core];
	m = mailbox_acquire(c, MESSAGE_SNAPSHOT);
	if (!m)
		return -EBUSY;
	rc = mailbox_ask(c, m);
	if (rc == 0)
		*snapshot = m->snapshot;
	mailbox_release(c);
	return rc;
}

static void
defence_add(struct spt_defence *sum, const struct spt_defence *one)
{
	if (one->on > sum->on || (one->on == sum->on && one->to.port)) {
		uint64_t sources = sum->sources;
		spt_time since = sum->since;
		bool both = one->on && sum->on;

		*sum = *one;
		if (both) {
			sum->sources |= sources;
			sum->since = RTE_MIN(since, one->since);
		}
	}
}

static void
snapshot_add(struct spt_runtime_snapshot *sum, const struct spt_runtime_snapshot *one)
{
	struct spt_stats *s = &sum->stats;
	const struct spt_stats *o = &one->stats;

	sum->now = RTE_MAX(sum->now, one->now);
	sum->busy += one->busy;
	defence_add(&sum->defence, &one->defence);
#define X(field, text) s->field += o->field;
	SPT_COUNTERS(X)
#undef X
	for (unsigned int v = 0; v < SPT_V_COUNT; v++)
		s->verdict[v] += o->verdict[v];
	s->connections += o->connections;
	s->half_open += o->half_open;
	s->cookies_on += o->cookies_on;
	s->timewait += o->timewait;
	s->source_tuples += o->source_tuples;
	s->pinned_mbufs += o->pinned_mbufs;
	sum->port.rx_frames += one->port.rx_frames;
	sum->port.rx_bytes += one->port.rx_bytes;
	sum->port.tx_frames += one->port.tx_frames;
	sum->port.tx_bytes += one->port.tx_bytes;
	sum->port.tx_refused += one->port.tx_refused;
	sum->port.rx_missed += one->port.rx_missed;
	sum->port.rx_no_mbuf += one->port.rx_no_mbuf;
	sum->port.rx_vlan_other += one->port.rx_vlan_other;
	sum->port.rx_checksum_wrong += one->port.rx_checksum_wrong;
	sum->port.rx_merged += one->port.rx_merged;
	for (unsigned int i = 0; i < RTE_DIM(sum->port.impaired); i++)
		sum->port.impaired[i] += one->port.impaired[i];
}

int
spt_runtime_snapshot_sum(
    struct spt_runtime *rt, enum spt_role role, struct spt_runtime_snapshot *snapshot)
{
	spt_time elapsed[CORE_MAX] = {0}; /* of the lcore that has queue i of each port */
	struct spt_runtime_snapshot one;
	int rc;

	memset(snapshot, 0, sizeof(*snapshot));
	for (unsigned int i = 0; i < rt->n_cores; i++) {
		const struct core *c = rt->core[i];

		if (c->role != role)
			continue;
		rc = spt_runtime_snapshot(rt, i, &one);
		if (rc)
			return rc;
		snapshot_add(snapshot, &one);
		elapsed[c->queue] = RTE_MAX(elapsed[c->queue], one.elapsed);
	}
	for (unsigned int q = 0; q < RTE_DIM(elapsed); q++)
		snapshot->elapsed += elapsed[q];
	return 0;
}

int
spt_runtime_snapshot_port(
    struct spt_runtime *rt, unsigned int port, struct spt_runtime_snapshot *snapshot)
{
	const struct spt_runtime_port_info *info;
	struct spt_runtime_snapshot one;
	int rc;

	memset(snapshot, 0, sizeof(*snapshot));
	if (port >= rt->info.n_ports)
		return -EINVAL;
	info = &rt->info.port[port];
	for (unsigned int i = 0; i < info->engines; i++) {
		rc = spt_runtime_snapshot(rt, info->core + i, &one);
		if (rc)
			return rc;
		snapshot_add(snapshot, &one);
		snapshot->elapsed += one.elapsed;
	}
	return 0;
}

int
spt_runtime_call(struct spt_runtime *rt, unsigned int core,
    void (*function)(void *state, spt_time now, void *argument), void *argument)
{
	struct message *m;
	struct core *c;
	int rc;

	if (core >= rt->n_cores)
		return -EINVAL;
	c = rt->core[core];
	m = mailbox_acquire(c, MESSAGE_CALL);
	if (!m)
		return -EBUSY;
	m->call.function = function;
	m->call.argument = argument;
	rc = mailbox_ask(c, m);
	mailbox_release(c);
	return rc;
}

uint64_t
spt_runtime_hz(void)
{
	return rte_get_tsc_hz();
}

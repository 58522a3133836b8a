/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `dpdk-telemetry.py` shows of us:
 *	/septet/stats            counters and verdicts of all own engines, added up
 *	/septet/stats,N          those of core N, which may be a peer, and its port
 *	/septet/connections,N,C  up to 64 connections of core N after cursor C
 * The callbacks run on EAL's thread; the cores answer through their mailboxes.
 */
#include <errno.h>
#include <inttypes.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_telemetry.h>

#include "base/addr.h"
#include "core.h"

/* A callback has no argument in this release of DPDK. Cleared before the runtime goes. */
static struct spt_runtime *telemetry_runtime;
static pthread_mutex_t telemetry_lock = PTHREAD_MUTEX_INITIALIZER;

static void
telemetry_add_stats(struct rte_tel_data *d, const struct spt_stats *s)
{
#define X(field, text) rte_tel_data_add_dict_u64(d, #field, s->field);
	SPT_COUNTERS(X)
#undef X
	for (unsigned int v = SPT_V_CONTINUE + 1; v < SPT_V_COUNT; v++)
		if (s->verdict[v])
			rte_tel_data_add_dict_u64(
			    d, spt_verdict_name((enum spt_verdict)v), s->verdict[v]);
	rte_tel_data_add_dict_u64(d, "connections", s->connections);
	rte_tel_data_add_dict_u64(d, "half_open", s->half_open);
	rte_tel_data_add_dict_u64(d, "cookies_on", s->cookies_on);
	rte_tel_data_add_dict_u64(d, "timewait", s->timewait);
	rte_tel_data_add_dict_u64(d, "source_tuples", s->source_tuples);
	rte_tel_data_add_dict_u64(d, "pinned_mbufs", s->pinned_mbufs);
}

static const char *
telemetry_port(const struct spt_runtime *rt, unsigned int core)
{
	return rt->info.port[rt->core[core]->port_index].text;
}

static int
telemetry_stats(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct spt_runtime_snapshot snapshot;
	const char *port = NULL;
	unsigned int core;
	int rc = -ENODEV;

	pthread_mutex_lock(&telemetry_lock);
	if (telemetry_runtime && params && params[0]) {
		core = (unsigned int)strtoul(params, NULL, 10);
		rc = spt_runtime_snapshot(telemetry_runtime, core, &snapshot);
		if (rc == 0)
			port = telemetry_port(telemetry_runtime, core);
	} else if (telemetry_runtime) {
		rc = spt_runtime_snapshot_sum(telemetry_runtime, SPT_ROLE_OWN, &snapshot);
	}
	if (rc == 0) {
		rte_tel_data_start_dict(d);
		if (port)
			rte_tel_data_add_dict_string(d, "port", port);
		telemetry_add_stats(d, &snapshot.stats);
	}
	pthread_mutex_unlock(&telemetry_lock);
	return rc;
}

static void
telemetry_endpoint(char *text, size_t size, const struct spt_endpoint *e)
{
	char address[INET6_ADDRSTRLEN] = "";

	if (addr_is_v4(&e->addr))
		inet_ntop(AF_INET, &e->addr.w[3], address, sizeof(address));
	else
		inet_ntop(AF_INET6, e->addr.b, address, sizeof(address));
	snprintf(text, size, addr_is_v4(&e->addr) ? "%s:%u" : "[%s]:%u", address, e->port);
}

/* "STATE local remote cwnd srtt_us unsent unacked": one string a connection keeps it short. */
static void
telemetry_add_walk(struct rte_tel_data *d, const struct message *m)
{
	char local[INET6_ADDRSTRLEN + 10], remote[INET6_ADDRSTRLEN + 10];
	char line[RTE_TEL_MAX_STRING_LEN];

	rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
	snprintf(line, sizeof(line), "cursor %" PRIu64, m->walk.cursor);
	rte_tel_data_add_array_string(d, line);
	for (unsigned int i = 0; i < m->walk.n; i++) {
		const struct spt_conn_info *c = &m->walk.infos[i];

		telemetry_endpoint(local, sizeof(local), &c->local);
		telemetry_endpoint(remote, sizeof(remote), &c->remote);
		/* Two long IPv6 addresses leave little room: what does not fit is cut off. */
		if (snprintf(line, sizeof(line), "%s %s %s", spt_state_name(c->state), local,
		        remote) < (int)sizeof(line))
			rte_tel_data_add_array_string(d, line);
	}
}

static int
telemetry_connections(const char *cmd, const char *params, struct rte_tel_data *d)
{
	unsigned int index = 0;
	uint64_t cursor = 0;
	struct message *m = NULL;
	struct core *core = NULL;
	int rc = -ENODEV;

	if (params && params[0])
		sscanf(params, "%u,%" SCNu64, &index, &cursor);
	pthread_mutex_lock(&telemetry_lock);
	if (telemetry_runtime && index < telemetry_runtime->n_cores) {
		core = telemetry_runtime->core[index];
		m = mailbox_acquire(core, MESSAGE_WALK);
		rc = m ? 0 : -EBUSY;
	}
	if (m) {
		m->walk.cursor = cursor;
		rc = mailbox_ask(core, m);
		if (rc == 0)
			telemetry_add_walk(d, m);
		mailbox_release(core);
	}
	pthread_mutex_unlock(&telemetry_lock);
	return rc;
}

void
telemetry_start(struct spt_runtime *runtime)
{
	static bool registered;

	pthread_mutex_lock(&telemetry_lock);
	telemetry_runtime = runtime;
	pthread_mutex_unlock(&telemetry_lock);
	if (registered)
		return;
	registered = true;
	/* Without telemetry (--no-telemetry) registering fails, and nothing is lost. */
	rte_telemetry_register_cmd("/septet/stats", telemetry_stats,
	    "Counters and verdicts; parameter: core, none for the sum of own ones");
	rte_telemetry_register_cmd("/septet/connections", telemetry_connections,
	    "Up to 64 connections; parameters: core,cursor (the first line of the answer)");
}

void
telemetry_stop(void)
{
	pthread_mutex_lock(&telemetry_lock);
	telemetry_runtime = NULL;
	pthread_mutex_unlock(&telemetry_lock);
}

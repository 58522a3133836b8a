/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of connections: blocks with a reference count, shared by all connections of a
 * listener until spt_conn_set gives one its own. What segments need of them is copied into the
 * connection.
 */
#include "internal.h"

/* Smallest payload that we send for a peer's tiny MSS: it cannot make us a packet cannon. */
#define MSS_FLOOR 64

#define DEFAULT(field, value)                                                                      \
	do {                                                                                       \
		if ((field) == 0)                                                                  \
			(field) = (value);                                                         \
	} while (0)

/* Deadlines are 32-bit ticks: 39 hours ahead is as far as they reach. */
#define LONGEST_MS (24 * 3600 * 1000)

#define WINDOW_MAX (UINT32_C(1) << 30) /* RFC 7323 2.3 */

/* Fill in defaults; -EINVAL where a value cannot be. */
int
options_defaults(struct spt_conn_options *o)
{
	DEFAULT(o->receive_buffer, 256 * 1024);
	DEFAULT(o->send_buffer, 256 * 1024);
	DEFAULT(o->r1_retries, 3);
	DEFAULT(o->r2_ms, 100 * 1000);
	DEFAULT(o->keepalive_idle_ms, 2 * 3600 * 1000);
	DEFAULT(o->keepalive_interval_ms, 75 * 1000);
	DEFAULT(o->keepalive_probes, 9);
	DEFAULT(o->fin_wait2_ms, 60 * 1000);
	DEFAULT(o->ttl, 64);
	DEFAULT(o->receive_buffer_max, 4 * 1024 * 1024);
	o->receive_buffer_max = RTE_MAX(o->receive_buffer_max, o->receive_buffer);
	if (o->receive_buffer_max > WINDOW_MAX || o->send_buffer > WINDOW_MAX)
		return -EINVAL;
	if (o->congestion >= SPT_CONGESTION_ALGORITHMS || o->ecn > SPT_ECN_NEVER)
		return -EINVAL;
	if (o->user_timeout_ms > LONGEST_MS || o->r2_ms > LONGEST_MS ||
	    o->keepalive_idle_ms > LONGEST_MS || o->keepalive_interval_ms > LONGEST_MS ||
	    o->fin_wait2_ms > LONGEST_MS || o->idle_timeout_ms > LONGEST_MS)
		return -EINVAL;
	if (o->dscp > 63 || o->r1_retries > 255 || o->keepalive_probes > 255)
		return -EINVAL;
	return 0;
}

int
option_get(struct tcp *t, const struct spt_conn_options *set)
{
	struct option_block *o;
	uint32_t index;
	struct spt_conn_options filled = *set;

	if (options_defaults(&filled) != 0)
		return -EINVAL;
	index = pool_get(&t->options);
	if (index == POOL_NONE)
		return -ENOMEM;
	o = option_at(t, index);
	*o = (struct option_block){.set = filled, .references = 1};
	if (!filled.no_window_scale)
		while (
		    o->rcv_shift < 14 && (filled.receive_buffer_max >> o->rcv_shift) > UINT16_MAX)
			o->rcv_shift++;
	/* Less could not be told: the window would stay shut. */
	o->set.receive_buffer = RTE_MAX(filled.receive_buffer, 1u << o->rcv_shift);
	return (int)index;
}

void
option_hold(struct tcp *t, uint16_t index)
{
	option_at(t, index)->references++;
}

void
option_put(struct tcp *t, uint16_t index)
{
	struct option_block *o = option_at(t, index);

	SPT_ASSERT(o->references > 0);
	if (--o->references == 0)
		pool_put(&t->options, index);
}

/* MUST-14, MUST-67: what we can receive; headers of fixed size, options not counted (RFC 6691). */
uint16_t
option_mss_announced(const struct tcp *t, const struct option_block *o, bool v4)
{
	uint16_t most = t->mtu - WIRE_TCP_LEN - (v4 ? WIRE_IP4_LEN : WIRE_IP6_LEN);

	return o->set.mss != 0 ? RTE_MIN(o->set.mss, most) : most;
}

/* The peer's, ours, and less the timestamps that each segment carries. */
uint16_t
option_mss(const struct tcp *t, const struct conn *c)
{
	bool v4 = addr_is_v4(&c->key.raddr);
	uint16_t most = t->mtu - WIRE_TCP_LEN - (v4 ? WIRE_IP4_LEN : WIRE_IP6_LEN);
	uint16_t mss = RTE_MIN(c->mss_peer, most);

	mss = RTE_MAX(mss, MSS_FLOOR + 12);
	return c->flags & CONN_TIMESTAMPS ? mss - 12 : mss;
}

void
option_apply(struct tcp *t, struct conn *c)
{
	const struct option_block *o = conn_options(t, c);
	struct xfer *x = conn_xfer(t, c);

	if (c->congestion != o->set.congestion) {
		c->congestion = o->set.congestion & 3;
		if (x)
			congestion_of(c)->init(&x->cc);
	}
	c->flags &= ~(CONN_NODELAY | CONN_NO_DELACK);
	if (o->set.nodelay)
		c->flags |= CONN_NODELAY;
	if (o->set.no_delayed_ack)
		c->flags |= CONN_NO_DELACK;
	c->node.owner = (uint16_t)(o->set.ttl | o->set.dscp << 10);
	if (c->mss == 0)
		c->mss = option_mss(t, c);
}

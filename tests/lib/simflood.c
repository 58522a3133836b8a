/* SPDX-License-Identifier: BSD-3-Clause */
/* Forged SYNs at a steady rate, of every kind that hosts send. */
#include <stdlib.h>

#include <base/addr.h>
#include <port/port.h>

#include "env.h"
#include "packet.h"
#include "simflood.h"

struct simflood {
	struct simflood_config config;
	struct env_random random;
	spt_time next;
	uint64_t sent;
};

struct simflood *
simflood_create(const struct simflood_config *config)
{
	struct simflood *f = calloc(1, sizeof(*f));

	if (f == NULL)
		exit(2);
	f->config = *config;
	f->next = config->flood.burst != 0 ? config->flood.start : SPT_TIME_NEVER;
	env_random_seed(&f->random, config->seed);
	return f;
}

void
simflood_destroy(struct simflood *f)
{
	free(f);
}

/* Anywhere in 198.18.0.0/15 (RFC 2544), or 2001:db8:1::/64: behind a router. */
static struct spt_addr
simflood_source(struct simflood *f)
{
	static const uint8_t net6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 1};
	struct spt_addr a;

	if (f->config.family == 4)
		return addr_from_v4(
		    rte_cpu_to_be_32(0xc6120000 | env_random_below(&f->random, 1u << 17)));
	a = addr_from_v6(net6);
	a.q[1] = env_random_next(&f->random);
	return a;
}

static void
simflood_syn(struct simflood *f, spt_time now)
{
	static const uint16_t mss[] = {0, 536, 1220, 1400, 1440, 1460};
	static uint8_t flat[PACKET_MAX];
	struct packet p = {.family = f->config.family,
	    .eth_src = f->config.port->mac,
	    .eth_dst = f->config.peer_mac,
	    .src = simflood_source(f),
	    .dst = f->config.peer.addr,
	    .sport = (uint16_t)(1 + env_random_below(&f->random, 65535)),
	    .dport = f->config.peer.port,
	    .seq = (uint32_t)env_random_next(&f->random),
	    .wnd = (uint16_t)env_random_below(&f->random, 65536),
	    .flags = P_SYN,
	    .mss = mss[env_random_below(&f->random, 6)],
	    .wscale = (uint8_t)env_random_below(&f->random, 15),
	    .tsval = (uint32_t)env_random_next(&f->random)};
	struct rte_mbuf *m;

	p.options = (uint8_t)(env_random_next(&f->random) & (P_WSCALE | P_TIMESTAMP | P_SACK_PERM));
	if (p.mss != 0)
		p.options |= P_MSS;
	m = packet_mbuf(f->config.pool, flat, packet_build(&p, flat));
	if (m != NULL && port_tx(f->config.port, now, &m, 1) != 1)
		rte_pktmbuf_free(m);
	f->sent++;
}

bool
simflood_poll(struct simflood *f, spt_time now)
{
	if (now < f->next)
		return false;
	for (unsigned int i = 0; i < f->config.flood.burst; i++)
		simflood_syn(f, now);
	f->next += f->config.flood.interval;
	if (f->next >= f->config.flood.stop)
		f->next = SPT_TIME_NEVER;
	return true;
}

spt_time
simflood_next_deadline(const struct simflood *f)
{
	return f->next;
}

uint64_t
simflood_sent(const struct simflood *f)
{
	return f->sent;
}

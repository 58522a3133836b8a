/* SPDX-License-Identifier: BSD-3-Clause */
/* The crowd: a port in front of another. */
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include <port/port.h>

#include "packet.h"
#include "port_crowd.h"

#define FIRST_PORT 2000
#define WINDOW     30000 /* bytes of the engine's window that are used */

struct member {
	uint32_t iss; /* the engine's */
	uint32_t sent;
	enum { CLOSED, ANSWERED, OPEN } state;
};

struct crowd {
	struct spt_port base;
	struct port_crowd_config config;
	struct rte_ether_addr mac;
	struct rte_mbuf *resolution; /* the answer to the engine's question for our address */
	spt_time next;
	unsigned int turn, connected;
	uint64_t sent;
	struct member members[];
};

static uint32_t
crowd_isn(unsigned int i)
{
	return i * 100003u;
}

/* The next frame of member 'i'. */
static struct rte_mbuf *
crowd_frame(struct crowd *w, unsigned int i)
{
	static uint8_t flat[PACKET_MAX];
	struct member *one = &w->members[i];
	struct packet p = {.family = 4,
	    .eth_src = w->mac,
	    .eth_dst = w->base.mac,
	    .src = w->config.from,
	    .dst = w->config.to.addr,
	    .sport = (uint16_t)(FIRST_PORT + i),
	    .dport = w->config.to.port,
	    .seq = crowd_isn(i),
	    .wnd = 65535,
	    .flags = P_SYN};

	if (one->state != CLOSED) {
		p.flags = P_ACK;
		p.ack = one->iss + 1;
		p.seq++;
	}
	if (one->state == OPEN) {
		p.seq += w->config.gaps ? 2 + 2 * (one->sent % (WINDOW / 2)) : one->sent;
		p.payload = (const uint8_t *)"x";
		p.len = 1;
		one->sent++;
		w->sent++;
	}
	if (one->state == ANSWERED)
		one->state = OPEN;
	return packet_mbuf(w->config.pool, flat, packet_build(&p, flat));
}

static uint16_t
crowd_rx(struct spt_port *port, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct crowd *w = (struct crowd *)port;
	uint16_t got = port_rx(w->config.inner, now, m, n);

	if (w->resolution && got < n) {
		m[got++] = w->resolution;
		w->resolution = NULL;
	}
	while (got < n && w->next <= now) {
		m[got] = crowd_frame(w, w->turn++ % w->config.peers);
		got += m[got] != NULL;
		w->next += w->config.interval;
	}
	return got;
}

/* Whether 'm' was for the crowd; then it is freed. */
static bool
crowd_takes(struct crowd *w, struct rte_mbuf *m)
{
	static uint8_t flat[PACKET_MAX], reply[PACKET_MAX];
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(eth + 1);
	unsigned int length;
	struct packet p;

	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	    memcmp(&ip->dst_addr, &w->config.from.b[12], 4) != 0)
		return false;
	length = packet_flatten(m, flat);
	if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		length = packet_answer_resolution(flat, length, &w->mac, &w->config.from, reply);
		if (length == 0 || w->resolution)
			return false;
		w->resolution = packet_mbuf(w->config.pool, reply, length);
	} else {
		packet_offload(m, flat, length);
		if (packet_parse(flat, length, &p) == PACKET_TCP && (p.flags & P_SYN)) {
			struct member *one = &w->members[p.dport - FIRST_PORT];

			w->connected += one->state == CLOSED;
			*one = (struct member){.iss = p.seq, .state = ANSWERED};
		}
	}
	rte_pktmbuf_free(m);
	return true;
}

static uint16_t
crowd_tx(struct spt_port *port, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct crowd *w = (struct crowd *)port;
	uint16_t sent = 0;

	while (sent < n &&
	       (crowd_takes(w, m[sent]) || port_tx(w->config.inner, now, &m[sent], 1) == 1))
		sent++;
	return sent;
}

static spt_time
crowd_next_deadline(const struct spt_port *port)
{
	const struct crowd *w = (const struct crowd *)port;

	return RTE_MIN(w->resolution ? 0 : w->next, port_next_deadline(w->config.inner));
}

static void
crowd_stats(struct spt_port *port, struct spt_port_stats *stats)
{
	struct crowd *w = (struct crowd *)port;

	w->config.inner->ops->stats(w->config.inner, stats);
}

static void
crowd_destroy(struct spt_port *port)
{
	struct crowd *w = (struct crowd *)port;

	rte_pktmbuf_free(w->resolution);
	w->config.inner->ops->destroy(w->config.inner);
	free(w);
}

struct spt_port *
port_crowd_create(const struct port_crowd_config *config, spt_time now)
{
	static const struct port_ops ops = {.rx = crowd_rx,
	    .tx = crowd_tx,
	    .next_deadline = crowd_next_deadline,
	    .stats = crowd_stats,
	    .destroy = crowd_destroy};
	struct crowd *w = calloc(1, sizeof(*w) + config->peers * sizeof(w->members[0]));

	if (w == NULL)
		exit(2);
	w->base = *config->inner;
	w->base.ops = &ops;
	w->config = *config;
	w->mac = (struct rte_ether_addr){{2, 0, 0, 0, 0, 0x99}};
	w->next = config->peers > 0 ? now : SPT_TIME_NEVER;
	return &w->base;
}

unsigned int
port_crowd_connected(const struct spt_port *p)
{
	return ((const struct crowd *)p)->connected;
}

uint64_t
port_crowd_sent(const struct spt_port *p)
{
	return ((const struct crowd *)p)->sent;
}

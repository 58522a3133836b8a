/* SPDX-License-Identifier: BSD-3-Clause */
/* The monitor: finding the connection of a frame, its lives, the port around a port. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <base/seq.h>
#include <port/port.h>

#include "monitor_priv.h"

static void *
zalloc(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL) {
		fprintf(stderr, "monitor: no memory\n");
		exit(2);
	}
	return p;
}

const char *
monitor_rule_name(enum monitor_rule rule)
{
	static const char *const text[MONITOR_RULE_COUNT] = {[MONITOR_NONE] = "nothing is broken",
#define X(name, what) [MONITOR_##name] = #name ": " what,
	    MONITOR_RULES(X)
#undef X
	};

	return text[rule];
}

struct monitor *
monitor_create(const char *name, const char *peer, const struct rte_ether_addr *mac, uint16_t mtu)
{
	struct monitor *m = zalloc(sizeof(*m));

	snprintf(m->name, sizeof(m->name), "%s", name);
	snprintf(m->peer, sizeof(m->peer), "%s", peer);
	m->mac = *mac;
	m->mtu = mtu;
	return m;
}

struct mon_life *
mon_life_new(void)
{
	return zalloc(sizeof(struct mon_life));
}

void
mon_life_free(struct mon_life *l)
{
	if (l != NULL)
		free(l->stream);
	free(l);
}

void
monitor_destroy(struct monitor *m)
{
	if (m == NULL)
		return;
	for (unsigned int i = 0; i < MON_BUCKETS; i++) {
		for (struct mon_conn *c = m->bucket[i], *next; c != NULL; c = next) {
			next = c->next;
			mon_life_free(c->life);
			mon_life_free(c->past);
			free(c);
		}
	}
	free(m->report);
	free(m);
}

bool
mon_life_over(const struct mon_life *l)
{
	if (l->rst_in || l->rst_out)
		return true;
	return l->fin_in && l->fin_out && l->una == l->fin_out_seq + 1 &&
	       seq_gt(mon_life_received(l), l->fin_in_seq); /* beyond a FIN anything may come */
}

uint32_t
mon_life_received(const struct mon_life *l)
{
	if (l->n_spans > 0 && l->span[0].from <= 1)
		return l->irs + l->span[0].to;
	return l->irs + 1;
}

bool
mon_life_arrived(struct mon_life *l, uint32_t seq, uint32_t n)
{
	uint32_t from = seq - l->irs, to = from + n;
	uint32_t i = 0, j;

	/* What lies before IRS wraps to the far end: nothing new, but what reaches over it is. */
	if (from > UINT32_MAX / 2 && to > 1 && to <= UINT32_MAX / 2)
		from = 1;
	if (n == 0 || from > UINT32_MAX / 2 || to > UINT32_MAX / 2)
		return false;
	while (i < l->n_spans && l->span[i].to < from)
		i++;
	if (i < l->n_spans && l->span[i].from <= from && l->span[i].to >= to)
		return false;
	for (j = i; j < l->n_spans && l->span[j].from <= to; j++) {
		from = RTE_MIN(from, l->span[j].from);
		to = RTE_MAX(to, l->span[j].to);
	}
	if (j == i && l->n_spans == MON_SPANS)
		return true; /* too many holes to remember: an ACK beyond would only be missed */
	memmove(&l->span[i + 1], &l->span[j], (l->n_spans - j) * sizeof(l->span[0]));
	l->n_spans = l->n_spans - (j - i) + 1;
	l->span[i] = (struct mon_span){from, to};
	return true;
}

bool
mon_life_sent(struct mon_life *l, uint32_t seq, const uint8_t *bytes, uint32_t n)
{
	uint32_t at = seq - (l->iss + 1), keep, same;

	/* Forget what was acknowledged long ago. */
	if (l->stream_len > 2 * MON_STREAM) {
		keep = RTE_MIN(l->una - (l->iss + 1) - l->stream_base, l->stream_len);
		if (keep > MON_STREAM) {
			keep -= MON_STREAM / 2;
			memmove(l->stream, l->stream + keep, l->stream_len - keep);
			l->stream_base += keep;
			l->stream_len -= keep;
		}
	}
	if (at < l->stream_base)
		return true;
	at -= l->stream_base;
	if (at > l->stream_len)
		return true; /* a gap: another rule's affair */
	same = RTE_MIN(n, l->stream_len - at);
	if (same > 0 && memcmp(l->stream + at, bytes, same) != 0)
		return false;
	if (at + n > l->stream_cap) {
		l->stream_cap = RTE_MAX(2 * l->stream_cap, at + n + 4096);
		l->stream = realloc(l->stream, l->stream_cap);
		if (l->stream == NULL)
			exit(2);
	}
	if (n > same)
		memcpy(l->stream + at + same, bytes + same, n - same);
	l->stream_len = RTE_MAX(l->stream_len, at + n);
	return true;
}

void
mon_fail(struct monitor *m, enum monitor_rule rule, const char *format, ...)
{
	char *text = NULL;
	size_t size = 0;
	va_list args;
	FILE *to;

	if (m->broken != MONITOR_NONE)
		return;
	m->broken = rule;
	to = open_memstream(&text, &size);
	if (to == NULL)
		exit(2);
	fprintf(to, "%s broke a rule at %.6f s\n  %s\n  ", m->name, (double)m->now / 1e9,
	    monitor_rule_name(rule));
	va_start(args, format);
	vfprintf(to, format, args);
	va_end(args);
	fprintf(to, "\n");
	monitor_print(m, to);
	fclose(to);
	m->report = text;
}

enum monitor_rule
monitor_broken(const struct monitor *m)
{
	return m->broken;
}

const char *
monitor_report(const struct monitor *m)
{
	return m->report;
}

unsigned long
monitor_segments(const struct monitor *m)
{
	return m->segments;
}

void
monitor_forget_half_open(struct monitor *m)
{
	for (unsigned int i = 0; i < MON_BUCKETS; i++) {
		for (struct mon_conn *c = m->bucket[i]; c != NULL; c = c->next) {
			if (c->life != NULL && !c->life->established) {
				c->life->rst_in = true;
				c->life->rst_at = m->now;
			}
		}
	}
}

void
monitor_allow_cookies(struct monitor *m)
{
	m->cookies = true;
}

void
monitor_allow_go_back(struct monitor *m)
{
	m->go_back = true;
}

void
monitor_forget(
    struct monitor *m, const struct spt_endpoint *local, const struct spt_endpoint *remote)
{
	for (unsigned int i = 0; i < MON_BUCKETS; i++) {
		for (struct mon_conn *c = m->bucket[i]; c != NULL; c = c->next) {
			if (c->life != NULL && c->lport == local->port &&
			    c->rport == remote->port &&
			    memcmp(&c->local, &local->addr, sizeof(c->local)) == 0 &&
			    memcmp(&c->remote, &remote->addr, sizeof(c->remote)) == 0)
				c->life->forgotten = true;
		}
	}
}

static struct mon_conn *
find_conn(struct monitor *m, const struct packet *p, bool out)
{
	const struct spt_addr *local = out ? &p->src : &p->dst, *remote = out ? &p->dst : &p->src;
	uint16_t lport = out ? p->sport : p->dport, rport = out ? p->dport : p->sport;
	uint32_t b = (remote->w[3] * 31 + local->w[3] * 17 + rport * 7u + lport) % MON_BUCKETS;
	struct mon_conn *c;

	for (c = m->bucket[b]; c != NULL; c = c->next) {
		if (c->lport == lport && c->rport == rport &&
		    memcmp(&c->local, local, sizeof(*local)) == 0 &&
		    memcmp(&c->remote, remote, sizeof(*remote)) == 0)
			return c;
	}
	/* A 4-tuple begins with something received, or with a SYN of ours. */
	if (out && (p->flags & (P_SYN | P_ACK | P_RST)) != P_SYN)
		return NULL;
	c = zalloc(sizeof(*c));
	c->id = ++m->n_conns;
	c->family = p->family;
	c->local = *local;
	c->remote = *remote;
	c->lport = lport;
	c->rport = rport;
	c->next = m->bucket[b];
	m->bucket[b] = c;
	return c;
}

void
monitor_learn(struct monitor *m, const struct rte_ether_addr *mac)
{
	for (uint32_t i = 0; i < RTE_MIN(m->n_macs, MON_MACS); i++) {
		if (rte_is_same_ether_addr(&m->macs[i], mac))
			return;
	}
	m->macs[m->n_macs++ % MON_MACS] = *mac;
}

static bool
knows_mac(const struct monitor *m, const struct rte_ether_addr *mac)
{
	for (uint32_t i = 0; i < RTE_MIN(m->n_macs, MON_MACS); i++) {
		if (rte_is_same_ether_addr(&m->macs[i], mac))
			return true;
	}
	return false;
}

static void
see_in(struct monitor *m, unsigned int length)
{
	struct mon_conn *c;
	struct packet p;
	enum packet_kind kind = packet_parse(m->flat, length, &p);

	/* A fault of the sender is nothing to us; what is malformed has not arrived. */
	if ((kind == PACKET_TCP || p.tolerable) && rte_is_same_ether_addr(&p.eth_dst, &m->mac)) {
		m->segments++;
		c = find_conn(m, &p, false);
		mon_ladder_add(m, c, false, &p);
		mon_input(m, c, &p);
	} else if (p.fault != NULL && p.sport != 0) {
		mon_ladder_add(m, NULL, false, &p);
	}
	monitor_learn(m, &p.eth_src);
}

static void
see_out(struct monitor *m, const struct rte_mbuf *frame, unsigned int length)
{
	const char *fault = packet_offload(frame, m->flat, length);
	enum packet_kind kind;
	struct mon_conn *c;
	struct packet p;

	kind = packet_parse(m->flat, length, &p);
	if (kind == PACKET_TCP) {
		m->segments++;
		c = find_conn(m, &p, true);
		mon_ladder_add(m, c, true, &p);
		if (c == NULL)
			mon_fail(m, MONITOR_ADDRESS, "nobody spoke to us from there");
		else if (!knows_mac(m, &p.eth_dst))
			mon_fail(m, MONITOR_ADDRESS, "to a MAC that never sent us anything");
		else
			mon_output(m, c, &p);
	} else if (kind == PACKET_ARP || kind == PACKET_ICMP) {
		m->asked = m->now;
	} else if (kind == PACKET_BAD) {
		mon_ladder_add(m, NULL, true, &p);
		mon_fail(m, MONITOR_MALFORMED, "%s", p.fault);
	}
	if (fault != NULL)
		mon_fail(m, MONITOR_MALFORMED, "offload request: %s", fault);
	if (!rte_is_same_ether_addr(&p.eth_src, &m->mac))
		mon_fail(m, MONITOR_ADDRESS, "source MAC is not the port's");
	if (length > 14u + m->mtu)
		mon_fail(m, MONITOR_MSS, "%u bytes of IP exceed the MTU %u", length - 14, m->mtu);
}

void
monitor_see(struct monitor *m, spt_time now, bool out, const struct rte_mbuf *frame)
{
	unsigned int length = packet_flatten(frame, m->flat);

	m->now = now;
	if (length == 0 || length != frame->pkt_len) {
		if (out)
			mon_fail(m, MONITOR_MALFORMED, "pkt_len %u, but %u bytes in the chain",
			    frame->pkt_len, length);
		return;
	}
	if (out)
		see_out(m, frame, length);
	else
		see_in(m, length);
}

/* ---- the port ----------------------------------------------------------- */

struct monitor_port {
	struct spt_port base;
	struct spt_port *inner;
	struct monitor *monitor;
	/* refused at the last call: seen already when they are offered again */
	struct rte_mbuf *refused[PORT_BURST];
	uint16_t n_refused;
};

static uint16_t
monitor_port_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct monitor_port *mp = (struct monitor_port *)p;
	uint16_t got = port_rx(mp->inner, now, m, n);

	for (uint16_t i = 0; i < got; i++)
		monitor_see(mp->monitor, now, false, m[i]);
	return got;
}

/*
 * Shown before they are sent: afterwards they are another's. Refused ones count as sent, once:
 * who offers them again offers them first.
 */
static uint16_t
monitor_port_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct monitor_port *mp = (struct monitor_port *)p;

	uint16_t taken;

	for (uint16_t i = 0; i < n; i++) {
		if (i >= mp->n_refused || m[i] != mp->refused[i])
			monitor_see(mp->monitor, now, true, m[i]);
	}
	taken = port_tx(mp->inner, now, m, n);
	mp->n_refused = RTE_MIN(n - taken, PORT_BURST);
	memcpy(mp->refused, m + taken, mp->n_refused * sizeof(m[0]));
	return taken;
}

static spt_time
monitor_port_next_deadline(const struct spt_port *p)
{
	return port_next_deadline(((const struct monitor_port *)p)->inner);
}

static void
monitor_port_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	struct spt_port *inner = ((struct monitor_port *)p)->inner;

	inner->ops->stats(inner, stats);
}

static void
monitor_port_destroy(struct spt_port *p)
{
	struct monitor_port *mp = (struct monitor_port *)p;

	mp->inner->ops->destroy(mp->inner);
	free(mp);
}

static const struct port_ops monitor_port_ops = {
    .rx = monitor_port_rx,
    .tx = monitor_port_tx,
    .next_deadline = monitor_port_next_deadline,
    .stats = monitor_port_stats,
    .destroy = monitor_port_destroy,
};

struct spt_port *
monitor_port_create(struct monitor *m, struct spt_port *inner)
{
	struct monitor_port *mp = zalloc(sizeof(*mp));

	mp->base = *inner;
	mp->base.ops = &monitor_port_ops;
	mp->inner = inner;
	mp->monitor = m;
	return &mp->base;
}

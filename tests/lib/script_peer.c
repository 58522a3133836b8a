/* SPDX-License-Identifier: BSD-3-Clause */
/* The scripted peer: segments and ICMP messages to the engine, its numbers kept for it. */
#include <stdlib.h>
#include <string.h>

#include <base/seq.h>

#include "script_priv.h"

uint32_t
script_tsval(void)
{
	/* A millisecond clock that wraps a little after the start. */
	return 0xffffff00u + (uint32_t)((script->now - script->start) / SPT_NS_PER_MS);
}

/* [from, to) was sent: move peer_nxt over what is now contiguous. */
static void
count_sent(struct flow *f, uint32_t from, uint32_t to)
{
	bool moved = true;

	if (seq_gt(from, f->peer_nxt)) {
		if (f->n_holes == SCRIPT_HOLES)
			script_fail("more than %d holes", SCRIPT_HOLES);
		f->hole[f->n_holes].from = from;
		f->hole[f->n_holes++].to = to;
		return;
	}
	f->peer_nxt = seq_max(f->peer_nxt, to);
	while (moved) {
		moved = false;
		for (unsigned int i = 0; i < f->n_holes; i++) {
			if (seq_gt(f->hole[i].from, f->peer_nxt))
				continue;
			f->peer_nxt = seq_max(f->peer_nxt, f->hole[i].to);
			f->hole[i] = f->hole[--f->n_holes];
			moved = true;
			break;
		}
	}
}

static void
syn_options(const struct flow *f, const struct inject *i, struct packet *p)
{
	const struct given *g = &script->given;
	int64_t mss = i->mss ? i->mss : f->mss ? f->mss : ZERO;
	int64_t wscale = i->wscale ? i->wscale : g->wscale;

	if (mss != ZERO) {
		p->options |= P_MSS;
		p->mss = (uint16_t)mss;
	}
	if (wscale != 0) {
		p->options |= P_WSCALE;
		p->wscale = (uint8_t)script_stated(wscale);
	}
	if (g->sack_perm)
		p->options |= P_SACK_PERM;
}

static void
fill_options(const struct flow *f, const struct inject *i, struct packet *p)
{
	if (i->flags & P_SYN)
		syn_options(f, i, p);
	if (f->ts && !i->no_ts && (!(i->flags & P_RST) || i->tsval != 0)) {
		p->options |= P_TIMESTAMP;
		p->tsval = i->tsval ? script_stated(i->tsval) : script_tsval();
		p->tsecr = i->tsecr ? script_stated(i->tsecr) : i->flags & P_ACK ? f->ts_recent : 0;
	}
	for (; p->n_sack < 4 && (i->sack[p->n_sack][0] || i->sack[p->n_sack][1]); p->n_sack++) {
		p->options |= P_SACK;
		for (unsigned int edge = 0; edge < 2; edge++)
			p->sack[p->n_sack][edge] =
			    f->engine_iss + script_stated(i->sack[p->n_sack][edge]);
	}
	if (i->options != NULL) {
		p->raw_options = (const uint8_t *)i->options;
		p->options_len = i->options_len;
	}
}

/* Faults asked for, in the finished frame; the checksum is made right again but for its own. */
static unsigned int
spoil(const struct inject *i, const struct packet *p, uint8_t *flat, unsigned int length)
{
	uint8_t *tcp = flat + packet_build_ip(p, NULL, 0);
	unsigned int n = length - (unsigned int)(tcp - flat);
	struct packet q = *p;
	uint16_t sum;

	q.protocol = 6;
	if (i->data_offset != 0) {
		tcp[12] = (uint8_t)(i->data_offset << 4);
		tcp[16] = tcp[17] = 0;
		sum = packet_l4_checksum(&q, tcp, n);
		tcp[16] = (uint8_t)(sum >> 8);
		tcp[17] = (uint8_t)sum;
	}
	if (i->bad_checksum)
		tcp[17] ^= 0x01;
	return length - i->cut;
}

/* From relative to absolute. Stated numbers and automatic ones. */
static void
resolve_numbers(struct flow *f, struct inject *i)
{
	uint32_t seq = f->peer_nxt;

	if (i->seq != 0)
		seq = script_stated(i->seq);
	else if (i->flags & P_SYN)
		seq = 0;
	i->seq = (int64_t)(f->peer_iss + seq);
	if (i->ack == 0)
		i->ack = (int64_t)(f->engine_iss + f->engine_nxt);
	else
		i->ack = (int64_t)(f->engine_iss + script_stated(i->ack));
	if (!(i->flags & P_ACK))
		i->ack = 0;
}

void
script_inject(const struct inject *given)
{
	static uint8_t flat[PACKET_MAX], payload[PACKET_MAX];
	struct flow *f = script->f;
	struct inject i = *given;
	struct packet p = {.family = (uint8_t)script->variant->family};
	uint32_t relative, seg_len = i.len + !!(i.flags & P_SYN) + !!(i.flags & P_FIN);
	unsigned int length;

	if (script->engine == NULL)
		script_fail("inject before given");
	script_strict_segments();
	if (script->port->n_rx == 0)
		spt_engine_stats(script->engine, &script->before);
	resolve_numbers(f, &i);
	relative = (uint32_t)i.seq - f->peer_iss;
	p.eth_src = script->peer_mac;
	p.eth_dst = script->mac;
	p.src = script->peer;
	p.dst = script->local[i.local ? i.local : f->local];
	p.ttl = i.ttl;
	p.tos = i.tos;
	p.sport = i.sport ? i.sport : f->port;
	p.dport = i.dport ? i.dport : f->lport;
	p.seq = (uint32_t)i.seq;
	p.ack = (uint32_t)i.ack;
	p.wnd = i.wnd ? (uint16_t)script_stated(i.wnd) : f->wnd;
	p.flags = i.flags;
	p.up = i.up;
	p.len = i.len;
	pattern_fill(
	    payload, i.len, SEED_PEER(f->number) + 1000u * i.salt, relative + !!(i.flags & P_SYN));
	p.payload = payload;
	fill_options(f, &i, &p);
	length = spoil(&i, &p, flat, packet_build(&p, flat));
	script_port_push(flat, length, false);
	if (!i.rejected && !i.bad_checksum && !(i.flags & P_RST))
		count_sent(f, relative, relative + seg_len);
	if ((i.flags & P_ACK) && !i.rejected && !i.bad_checksum &&
	    seq_gt(p.ack - f->engine_iss, f->engine_una) &&
	    seq_leq(p.ack - f->engine_iss, f->engine_nxt))
		f->engine_una = p.ack - f->engine_iss;
	f->last = i;
	f->last_seg_len = seg_len;
	if (!i.more)
		script_settle();
}

void
script_inject_frame(const uint8_t *bytes, unsigned int length)
{
	script_strict_segments();
	spt_engine_stats(script->engine, &script->before);
	script_port_push(bytes, length, true);
	script_settle();
}

void
script_use_peer(unsigned int n)
{
	if (n >= SCRIPT_PEERS)
		script_fail("there are %d peers", SCRIPT_PEERS);
	script_strict_segments();
	script->f = &script->flow[n];
}

void
script_new_life(uint32_t ahead)
{
	struct flow *f = script->f;

	f->peer_iss += f->peer_nxt + ahead;
	f->peer_nxt = f->engine_nxt = f->engine_una = 0;
	f->have_engine_iss = false;
	f->n_holes = 0;
	f->delivered = f->delivered_told = 0;
	f->app_sent = 0;
}

/* ---- ICMP --------------------------------------------------------------------- */

struct icmp_code {
	uint8_t type, code;
};

static const struct icmp_code codes[][2] = {
    [ICMP_NET_UNREACHABLE] = {{3, 0}, {1, 0}},
    [ICMP_HOST_UNREACHABLE] = {{3, 1}, {1, 3}},
    [ICMP_PROTOCOL_UNREACHABLE] = {{3, 2}, {4, 1}},
    [ICMP_PORT_UNREACHABLE] = {{3, 3}, {1, 4}},
    [ICMP_ADMIN_PROHIBITED] = {{3, 13}, {1, 1}},
    [ICMP_TOO_BIG] = {{3, 4}, {2, 0}},
    [ICMP_TIME_EXCEEDED] = {{11, 0}, {3, 0}},
    [ICMP_PARAMETER_PROBLEM] = {{12, 0}, {4, 0}},
    [ICMP_SOURCE_QUENCH] = {{4, 0}, {0, 0}},
    [ICMP_ECHO_REQUEST] = {{8, 0}, {128, 0}},
};

/* The packet that the engine is said to have sent: its headers and the first payload bytes. */
static unsigned int
quote(const struct inject_icmp *i, uint8_t *at)
{
	static uint8_t flat[PACKET_MAX], payload[64];
	const struct flow *f = script->f;
	struct packet p = {.family = (uint8_t)script->variant->family,
	    .flags = P_ACK,
	    .len = 64,
	    .payload = payload};
	unsigned int length;

	p.src = script->local[f->local];
	p.dst = script->peer;
	p.sport = i->quoted_sport ? i->quoted_sport : f->lport;
	p.dport = i->quoted_dport ? i->quoted_dport : f->port;
	p.seq = f->engine_iss + (i->seq ? script_stated(i->seq) : f->engine_una);
	p.ack = f->peer_iss + f->peer_nxt;
	if (p.seq == f->engine_iss) {
		p.flags = f->peer_nxt ? P_SYN | P_ACK : P_SYN;
		p.len = 0;
	}
	length = packet_build(&p, flat) - 14;
	memcpy(at, flat + 14, length);
	return length;
}

void
script_inject_icmp(const struct inject_icmp *i)
{
	static uint8_t flat[PACKET_MAX], quoted[PACKET_MAX];
	bool v6 = script->variant->family == 6;
	const struct icmp_code *c = &codes[i->kind][v6];
	struct packet p = {.family = (uint8_t)script->variant->family, .ttl = 64};
	unsigned int n = 0;

	script_strict_segments();
	spt_engine_stats(script->engine, &script->before);
	if (c->type == 0)
		return;
	p.eth_src = script->peer_mac;
	p.eth_dst = script->mac;
	p.src = script->peer;
	p.dst = script->local[script->f->local];
	if (i->kind != ICMP_ECHO_REQUEST)
		n = quote(i, quoted);
	n = packet_build_icmp(&p, c->type, c->code, i->mtu, quoted, n, flat);
	script_port_push(flat, n, true);
	script_settle();
}

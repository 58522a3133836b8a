/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments of the peers: what fits the connection, but for what the input says. */
#include <string.h>

#include <base/addr.h>
#include <base/seq.h>

#include "peer.h"

#define TEXT_MOST 1460

void
peer_send(struct world *w, struct peer *p, struct packet *s)
{
	static uint8_t flat[PACKET_MAX], text[TEXT_MOST];
	uint32_t seed = end_seed(&p->addr, p->port, &p->local, p->local_port);

	s->family = addr_is_v4(&p->addr) ? 4 : 6;
	s->eth_src = p->mac;
	s->eth_dst = w->end.mac;
	s->src = p->addr;
	s->dst = p->local;
	s->sport = p->port;
	s->dport = p->local_port;
	s->len = RTE_MIN(s->len, (uint32_t)TEXT_MOST);
	/* The text stands behind the SYN. */
	end_fill(text, s->len, seed, s->seq + !!(s->flags & P_SYN));
	s->payload = text;
	w->last = p;
	if (s->flags & P_ACK) {
		p->told = s->ack;
		p->unacked = 0;
	}
	if ((s->flags & (P_SYN | P_RST)) == 0 && p->ce)
		s->flags |= P_ECE;
	peer_push(w, flat, packet_build(s, flat));
}

/* As it should be: all is acknowledged, the window is open. */
struct packet
peer_proper(const struct world *w, const struct peer *p, uint8_t flags)
{
	return (struct packet){.flags = flags,
	    .seq = p->nxt,
	    .ack = flags & P_ACK ? p->rcv : 0,
	    .wnd = 60000,
	    .options = w->ts ? P_TIMESTAMP : 0,
	    .tsval = (uint32_t)(w->end.now / SPT_NS_PER_MS),
	    .tsecr = flags & P_ACK ? p->ts_recent : 0};
}

static struct peer *
pick(struct world *w, struct fuzz_input *in, uint8_t *how)
{
	*how = fuzz_u8(in);
	return &w->peer[*how & 7];
}

/* What was sent in order moves on; what lies elsewhere does not. */
static void
sent(struct peer *p, const struct packet *s)
{
	if (s->flags & P_RST)
		return;
	if (s->flags & P_SYN)
		p->iss = s->seq;
	if (s->seq == p->nxt)
		p->nxt += packet_seg_len(s);
}

/* ---- ordinary ones -------------------------------------------------------------------- */

void
peer_data(struct world *w, struct fuzz_input *in)
{
	uint8_t how;
	struct peer *p = pick(w, in, &how);
	struct packet s = peer_proper(w, p, P_ACK | (how & 8 ? P_PSH : 0) | (how & 16 ? P_FIN : 0));
	uint8_t size = fuzz_u8(in);

	s.len = size < 200 ? size : (size - 190u) * 24;
	if (p->ecn)
		s.tos = w->path.tos;
	peer_send(w, p, &s);
	sent(p, &s);
}

void
peer_ack(struct world *w, struct fuzz_input *in)
{
	static const uint16_t windows[] = {60000, 0, 1, 536};
	uint8_t how;
	struct peer *p = pick(w, in, &how);
	struct packet s = peer_proper(w, p, P_ACK);

	s.wnd = windows[how >> 3 & 3];
	path_blocks(w, p, &s);
	peer_send(w, p, &s);
}

void
peer_fin(struct world *w, struct fuzz_input *in)
{
	uint8_t how;
	struct peer *p = pick(w, in, &how);
	struct packet s = peer_proper(w, p, P_FIN | P_ACK);

	peer_send(w, p, &s);
	sent(p, &s);
}

/* A new life, above the old one or somewhere else. */
void
peer_syn(struct world *w, struct fuzz_input *in)
{
	uint8_t how;
	struct peer *p = pick(w, in, &how);
	struct packet s;

	if (how & 8)
		p->nxt += 100000;
	if (how & 16)
		p->nxt = p->iss;
	p->iss = p->nxt;
	p->n_runs = 0;
	p->ask_sack = how & 128;
	p->ask_ecn = w->path.tos != 0;
	p->sack = p->ecn = p->ce = p->was_twice = false;
	s = peer_proper(w, p, P_SYN | (p->ask_ecn ? P_ECE | P_CWR : 0));
	s.mss = how & 32 ? 536 : 1460;
	s.options |= P_MSS | (how & 64 ? P_WSCALE : 0) | (how & 128 ? P_SACK_PERM : 0);
	s.wscale = 7;
	peer_send(w, p, &s);
	sent(p, &s);
}

void
peer_handshake_ack(struct world *w)
{
	struct packet s = peer_proper(w, w->last, P_ACK);

	peer_send(w, w->last, &s);
}

void
peer_answer(struct world *w, struct fuzz_input *in)
{
	uint8_t how;
	struct peer *p = pick(w, in, &how);
	struct packet s;

	p->nxt = p->iss;
	p->sack = p->ask_sack && how & 128; /* the SYN of the engine's asked */
	p->ecn = p->ask_ecn && w->path.tos != 0;
	s = peer_proper(w, p, P_SYN | P_ACK | (p->ecn ? P_ECE : 0));
	s.mss = how & 32 ? 536 : 1460;
	s.options |= P_MSS | (how & 64 ? P_WSCALE : 0) | (p->sack ? P_SACK_PERM : 0);
	s.wscale = how >> 3 & 3;
	peer_send(w, p, &s);
	sent(p, &s);
}

void
peer_rst(struct world *w, struct fuzz_input *in)
{
	uint8_t how;
	struct peer *p = pick(w, in, &how);
	struct packet s = peer_proper(w, p, P_RST | (how & 8 ? P_ACK : 0));

	s.seq = p->acked;
	s.ack = p->rcv;
	s.options = 0;
	peer_send(w, p, &s);
}

/* ---- all others ------------------------------------------------------------------------- */

/* A number: one byte near 'usual', or one of the places that matter, or all four bytes. */
static uint32_t
number(struct fuzz_input *in, uint32_t usual, const uint32_t places[8])
{
	uint8_t v = fuzz_u8(in);

	if (v < 96)
		return usual + v;
	if (v < 192)
		return usual - (v - 95);
	if (v < 255)
		return places[(v - 192) & 7] + ((v - 192u) >> 3) - 3;
	return fuzz_u32(in);
}

static uint32_t
seq_number(struct fuzz_input *in, const struct peer *p)
{
	const uint32_t places[8] = {p->nxt, p->iss, p->acked, p->edge, p->nxt + (1u << 31),
	    p->acked + 2000, p->edge - 1460, p->nxt - 65536};

	return number(in, p->nxt, places);
}

static uint32_t
ack_number(struct fuzz_input *in, const struct peer *p)
{
	const uint32_t places[8] = {p->rcv, p->engine_iss, p->engine_iss + 1, p->rcv - 1460,
	    p->rcv + (1u << 31), p->rcv + 65536, p->rcv - 65536, 0};

	return number(in, p->rcv, places);
}

static void
odd_options(struct world *w, struct fuzz_input *in, struct packet *s)
{
	static uint8_t raw[40];
	uint8_t how = fuzz_u8(in);
	size_t n;

	if (how & 1)
		s->options ^= P_TIMESTAMP;
	if (how & 2)
		s->tsval += (how & 4 ? 1u << 30 : (uint32_t)-1000);
	if (how & 8)
		s->tsecr += fuzz_u8(in);
	if (how & 16) {
		s->options |= P_MSS;
		s->mss = fuzz_u16(in);
	}
	if (how & 32) {
		s->options |= P_WSCALE;
		s->wscale = fuzz_u8(in) & 15;
	}
	if (how & 64) {
		s->options |= P_SACK;
		s->n_sack = 1;
		s->sack[0][0] = s->ack + fuzz_u8(in);
		s->sack[0][1] = s->ack + fuzz_u16(in);
	}
	if (!(how & 128))
		return;
	n = 4u * (1 + (fuzz_u8(in) & 7));
	memset(raw, 0, sizeof(raw));
	s->options_len = (uint8_t)n;
	s->raw_options = raw;
	memcpy(raw, fuzz_bytes(in, &n), n);
}

void
peer_segment(struct world *w, struct fuzz_input *in)
{
	static const uint32_t lengths[] = {0, 1, 2, 100, 536, 1000, 1448, 1460};
	static const uint16_t windows[] = {60000, 0, 1, 2, 100, 536, 1460, 65535};
	uint8_t how, flags, size;
	struct peer *p = pick(w, in, &how);
	struct packet s;

	flags = fuzz_u8(in);
	s = peer_proper(w, p, flags);
	s.seq = seq_number(in, p);
	s.ack = ack_number(in, p);
	size = fuzz_u8(in);
	s.len = size & 64 ? size & 63u : lengths[size & 7];
	s.wnd = windows[size >> 3 & 7];
	if (size & 128)
		s.up = fuzz_u16(in);
	if (how & 8)
		odd_options(w, in, &s);
	if (how & 16)
		s.tos = fuzz_u8(in);
	peer_send(w, p, &s);
	if (how & 32) /* what was sent counts, as with a peer that means it */
		sent(p, &s);
	if (how & 64)
		p->nxt = p->acked;
}

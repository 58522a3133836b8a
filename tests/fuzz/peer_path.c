/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path between the engine and its peers, as the input says: what it loses, delays, reorders and
 * marks; and the peers' receivers, which tell of it as RFC 2018 and 2883 have it, or lie.
 */
#include <string.h>

#include <base/seq.h>

#include "peer.h"

/* ---- the receiver ------------------------------------------------------------------- */

/* [start, end) came ahead of a gap: runs that it touches become one, which is told first. */
static void
add_run(struct peer *p, uint32_t start, uint32_t end)
{
	struct run newest = {start, end};
	struct run kept[PEER_RUNS];
	unsigned int n = 0;

	for (unsigned int i = 0; i < p->n_runs; i++) {
		struct run r = p->run[i];

		if (seq_lt(newest.end, r.start) || seq_lt(r.end, newest.start)) {
			if (n < PEER_RUNS - 1)
				kept[n++] = r;
			continue;
		}
		newest.start = seq_min(newest.start, r.start);
		newest.end = seq_max(newest.end, r.end);
	}
	p->run[0] = newest;
	memcpy(&p->run[1], kept, n * sizeof(kept[0]));
	p->n_runs = (uint8_t)(n + 1);
}

/* Runs that have become in order go, and those that lie before it. */
static void
drain_runs(struct peer *p)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < p->n_runs; i++) {
		if (seq_leq(p->run[i].start, p->rcv) && seq_gt(p->run[i].end, p->rcv)) {
			p->rcv = p->run[i].end;
			i = (unsigned int)-1; /* from the first again */
		}
	}
	for (unsigned int i = 0; i < p->n_runs; i++)
		if (seq_gt(p->run[i].start, p->rcv))
			p->run[n++] = p->run[i];
	p->n_runs = (uint8_t)n;
}

static bool
had(const struct peer *p, uint32_t start, uint32_t end)
{
	if (seq_leq(end, p->rcv))
		return true;
	for (unsigned int i = 0; i < p->n_runs; i++)
		if (seq_leq(p->run[i].start, start) && seq_leq(end, p->run[i].end))
			return true;
	return false;
}

void
path_received(struct peer *p, uint32_t seq, uint32_t end)
{
	if (seq == end)
		return;
	if (had(p, seq, end)) {
		p->was_twice = true;
		p->twice = (struct run){seq, end};
	} else if (seq_gt(seq, p->rcv)) {
		add_run(p, seq, end);
	} else {
		p->rcv = end;
		drain_runs(p);
	}
}

static void
add_block(struct packet *s, uint32_t start, uint32_t end)
{
	unsigned int most = s->options & P_TIMESTAMP ? 3 : 4;

	if (s->n_sack >= most)
		return;
	s->options |= P_SACK;
	s->sack[s->n_sack][0] = start;
	s->sack[s->n_sack++][1] = end;
}

void
path_blocks(const struct world *w, struct peer *p, struct packet *s)
{
	if (!w->path.tell || !p->sack)
		return;
	if (p->was_twice)
		add_block(s, p->twice.start, p->twice.end);
	p->was_twice = false;
	for (unsigned int i = 0; i < p->n_runs; i++)
		add_block(s, p->run[i].start, p->run[i].end);
}

/* ---- the way there -------------------------------------------------------------------- */

static bool
next_bit(uint16_t *mask)
{
	bool set = *mask & 1;

	*mask = (uint16_t)(*mask >> 1 | *mask << 15);
	return set;
}

static bool
next_late(uint8_t *mask)
{
	bool set = *mask & 1;

	*mask = (uint8_t)(*mask >> 1 | *mask << 7);
	return set;
}

/* Later than those that came before it and are as fast. */
static void
under_way(struct path *path, const struct packet *p, spt_time due)
{
	unsigned int i = path->n_ways;

	if (i == PATH_MOST)
		return;
	for (; i > 0 && path->way[i - 1].due > due; i--)
		path->way[i] = path->way[i - 1];
	path->way[i] = (struct way){.due = due, .packet = *p};
	path->n_ways++;
}

void
path_takes(struct world *w, const struct packet *p)
{
	struct path *path = &w->path;
	struct packet copy = *p;
	spt_time delay = path->delay;

	copy.payload = NULL;
	if (p->len > 0) {
		if (next_bit(&path->lose))
			return;
		if (next_bit(&path->mark) && (p->tos & 3) != 0)
			copy.tos |= 3;
		if (next_late(&path->late))
			delay += delay / 4 + 2 * SPT_NS_PER_MS;
	}
	if (path->delay == 0)
		peer_learn(w, p);
	else
		under_way(path, &copy, w->end.now + delay);
}

spt_time
path_next(const struct world *w)
{
	return w->path.n_ways > 0 && !w->silent ? w->path.way[0].due : SPT_TIME_NEVER;
}

static void
acknowledge(struct world *w, struct peer *p)
{
	struct packet s = peer_proper(w, p, P_ACK);

	path_blocks(w, p, &s);
	peer_send(w, p, &s);
}

/* A peer answers at once what is out of order, and a FIN. */
static void
arrive(struct world *w, const struct packet *packet)
{
	struct peer *p = peer_learn(w, packet);

	if (p == NULL || (packet->flags & P_SYN))
		return;
	if (packet->flags & P_CWR)
		p->ce = false;
	if ((packet->tos & 3) == 3 && p->ecn)
		p->ce = true;
	if (packet_seg_len(packet) == 0 || w->path.each == 0)
		return;
	if (++p->unacked >= w->path.each || p->n_runs > 0 || p->was_twice ||
	    (packet->flags & P_FIN))
		acknowledge(w, p);
}

bool
path_run(struct world *w)
{
	struct path *path = &w->path;
	bool any = false;

	while (path->n_ways > 0 && path->way[0].due <= w->end.now && !w->silent) {
		struct packet packet = path->way[0].packet;

		path->n_ways--;
		memmove(path->way, path->way + 1, path->n_ways * sizeof(path->way[0]));
		arrive(w, &packet);
		any = true;
	}
	return any;
}

/* ---- instructions ------------------------------------------------------------------------ */

void
peer_path(struct world *w, struct fuzz_input *in)
{
	static const uint8_t each[] = {0, 1, 2, 4}, tos[] = {0, 2, 3, 1};
	struct path *path = &w->path;
	uint8_t how = fuzz_u8(in), delay = fuzz_u8(in);

	path->each = each[how & 3];
	path->tell = how & 4;
	path->tos = tos[how >> 3 & 3];
	path->delay = (spt_time)delay * (how & 128 ? 16 : 1) * SPT_NS_PER_MS;
	path->lose = fuzz_u16(in);
	path->late = fuzz_u8(in);
	path->mark = how & 32 ? fuzz_u16(in) : 0;
	if (how & 64) /* what was ahead of a gap is let go of (RFC 2018 8) */
		for (unsigned int i = 0; i < PEERS; i++)
			w->peer[i].n_runs = 0;
}

/* A place among what is out: by halves of a segment, or an odd one. */
static uint32_t
place(const struct peer *p, uint8_t v)
{
	const uint32_t places[] = {p->rcv, p->rcv + 1, p->told - 1, p->told - 1460, p->rcv + 5000,
	    p->told + (UINT32_C(1) << 31), p->engine_iss, p->told + 1};

	if (v < 192)
		return p->told + v * 724u;
	if (v < 224)
		return p->told + (v - 191u) * 100;
	return places[v & 7] + (v >> 3 & 3);
}

void
peer_sack(struct world *w, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in), ack = fuzz_u8(in);
	struct peer *p = &w->peer[how & 7];
	struct packet s = peer_proper(w, p, P_ACK | (how & 64 ? P_ECE : 0));

	s.ack = ack < 64 ? p->told + ack * 724u : place(p, ack);
	if (how & 128) /* what an honest one had told first */
		path_blocks(w, p, &s);
	for (unsigned int n = 1 + (how >> 3 & 3); n > 0; n--) {
		uint8_t start = fuzz_u8(in), length = fuzz_u8(in);

		add_block(&s, place(p, start),
		    length < 128 ? place(p, start) + length * 724u : place(p, length));
	}
	if (how & 32)
		s.wnd = fuzz_u8(in);
	peer_send(w, p, &s);
}

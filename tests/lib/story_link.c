/* SPDX-License-Identifier: BSD-3-Clause */
/* The link of a story: it keeps every segment, and loses, repeats and makes up what it is told to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "story_priv.h"

/* A segment that is late waits so long for the next. */
#define LATE (100 * SPT_NS_PER_MS)

/* ---- the link ---------------------------------------------------------------------- */

void
story_deliver(unsigned int to, spt_time at, const uint8_t *bytes, unsigned int length)
{
	struct link_port *l = &story->side[to].link;
	struct frame *f = malloc(sizeof(*f));

	if (f == NULL)
		exit(2);
	*f = (struct frame){.at = at, .m = packet_mbuf(story->side[to].pool, bytes, length)};
	if (f->m == NULL) {
		fprintf(stderr, "story: no mbuf left for a frame\n");
		exit(2);
	}
	*l->last = f;
	l->last = &f->next;
}

/* Note a segment. Returns what becomes of it. */
static enum story_fate
note(unsigned int from, const uint8_t *bytes, unsigned int length, const struct packet *p)
{
	struct side *side = &story->side[from];
	enum story_fate fate = STORY_PASSES;
	struct story_segment *s;

	if (story->n_segments == story->room) {
		story->room = story->room ? 2 * story->room : 256;
		story->segment = realloc(story->segment, story->room * sizeof(*s));
	}
	s = story->segment == NULL ? NULL : &story->segment[story->n_segments++];
	if (s == NULL)
		exit(2);
	*s = (struct story_segment){
	    .from = from, .at = story->now, .p = *p, .bytes = malloc(length), .length = length};
	if (s->bytes == NULL)
		exit(2);
	memcpy(s->bytes, bytes, length);
	s->p.payload = s->bytes + (p->payload - bytes);
	s->number = ++side->sent;
	if (story->fate != NULL)
		fate = story->fate(s);
	if (side->cut || side->lose_next > 0)
		fate = STORY_LOST;
	if (side->lose_next > 0)
		side->lose_next--;
	s->lost = fate == STORY_LOST;
	return fate;
}

/* Out of its place in the queue, and behind all others. */
static void
to_the_end(struct link_port *l, struct frame *f)
{
	struct frame **at = &l->first;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	if (l->last == &f->next)
		l->last = at;
	f->next = NULL;
	*l->last = f;
	l->last = &f->next;
}

/* A segment goes to the other side, as its fate wants it. */
static void
pass(unsigned int to, enum story_fate fate, const uint8_t *flat, unsigned int length)
{
	struct link_port *l = &story->side[to].link;
	spt_time at = story->now + story->config.delay;

	if (fate == STORY_LOST)
		return;
	story_deliver(to, fate == STORY_LATE ? at + LATE : at, flat, length);
	if (fate == STORY_LATE) {
		l->late = container_of(l->last, struct frame, next);
		return;
	}
	if (fate == STORY_TWICE)
		story_deliver(to, at, flat, length);
	if (l->late != NULL) {
		l->late->at = at;
		to_the_end(l, l->late);
		l->late = NULL;
	}
}

static uint16_t
link_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	static uint8_t flat[PACKET_MAX];
	unsigned int from = ((struct link_port *)p)->side;

	for (uint16_t i = 0; i < n; i++) {
		unsigned int length = packet_flatten(m[i], flat);
		struct packet packet;

		packet_offload(m[i], flat, length);
		if (packet_parse(flat, length, &packet) == PACKET_TCP)
			pass(!from, note(from, flat, length, &packet), flat, length);
		else
			story_deliver(!from, now + story->config.delay, flat, length);
		rte_pktmbuf_free(m[i]);
		story->frames++;
	}
	return n;
}

static uint16_t
link_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct link_port *l = (struct link_port *)p;
	struct frame **at = &l->first;
	uint16_t got = 0;

	while (*at != NULL && got < n) {
		struct frame *f = *at;

		if (f->at > now) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		if (l->last == &f->next)
			l->last = at;
		if (l->late == f)
			l->late = NULL;
		m[got++] = f->m;
		free(f);
		story->frames++;
	}
	return got;
}

static spt_time
link_next_deadline(const struct spt_port *p)
{
	spt_time t = SPT_TIME_NEVER;

	for (const struct frame *f = ((const struct link_port *)p)->first; f != NULL; f = f->next)
		t = RTE_MIN(t, f->at);
	return t;
}

static void
link_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	*stats = (struct spt_port_stats){0};
}

static void
link_drain(struct link_port *l)
{
	while (l->first != NULL) {
		struct frame *f = l->first;

		l->first = f->next;
		rte_pktmbuf_free(f->m);
		free(f);
	}
	l->last = &l->first;
	l->late = NULL;
}

static void
link_destroy(struct spt_port *p)
{
	link_drain((struct link_port *)p);
}

static const struct port_ops link_ops = {
    .rx = link_rx,
    .tx = link_tx,
    .next_deadline = link_next_deadline,
    .stats = link_stats,
    .destroy = link_destroy,
};

void
story_link_init(unsigned int side)
{
	struct link_port *l = &story->side[side].link;

	*l = (struct link_port){.base = {.ops = &link_ops,
	                            .mac = {{2, 0, 0, 0, 0, (uint8_t)(1 + side)}},
	                            .mtu = 1500,
	                            .multi_segment = true,
	                            .headroom = 14},
	    .side = side};
	l->last = &l->first;
}

spt_time
story_link_next(unsigned int side)
{
	return link_next_deadline(&story->side[side].link.base);
}

/* ---- what the link is told ------------------------------------------------------------------ */

void story_fates(enum story_fate (*fate)(const struct story_segment *s))
{
	story->fate = fate;
}

void
story_cut(unsigned int from, bool cut)
{
	story->side[from].cut = cut;
}

void
story_lose_next(unsigned int from, unsigned int n)
{
	story->side[from].lose_next = n;
}

void
story_repeat(unsigned int i)
{
	const struct story_segment *s = &story->segment[i];

	story_deliver(!s->from, story->now, s->bytes, s->length);
	story_settle();
}

/* The last timestamps that passed between the victim and its peer. */
static void
last_timestamps(const struct story_end *victim, struct packet *p)
{
	bool have_val = false, have_ecr = false;

	for (unsigned int i = story->n_segments; i > 0 && !(have_val && have_ecr); i--) {
		const struct story_segment *s = &story->segment[i - 1];

		if (!(s->p.options & P_TIMESTAMP))
			continue;
		if (s->from != victim->side && s->p.sport == victim->remote.port && !have_val) {
			p->tsval = s->p.tsval;
			have_val = true;
		} else if (s->from == victim->side && s->p.dport == victim->remote.port &&
		           !have_ecr) {
			p->tsecr = s->p.tsval;
			have_ecr = true;
		}
	}
}

void
story_forge(const struct story_end *victim, const struct story_forged *f)
{
	static uint8_t flat[PACKET_MAX], payload[PACKET_MAX];
	struct spt_conn_info info = story_look(victim);
	unsigned int to = victim->side;
	struct packet p = {.eth_src = story->side[!to].link.base.mac,
	    .eth_dst = story->side[to].link.base.mac,
	    .family = (uint8_t)story->config.family,
	    .ttl = 64,
	    .src = victim->remote.addr,
	    .dst = victim->local.addr,
	    .sport = victim->remote.port,
	    .dport = victim->local.port,
	    .seq = info.rcv_nxt + (uint32_t)f->seq,
	    .ack = f->flags & P_ACK ? info.snd_nxt + (uint32_t)f->ack : 0,
	    .wnd = f->wnd ? f->wnd : 8192,
	    .flags = f->flags,
	    .len = f->len,
	    .payload = payload};

	memset(payload, 'x', f->len); /* the pattern of no stream for long */
	if (info.timestamps && !f->no_ts && !(f->flags & P_RST)) {
		p.options = P_TIMESTAMP;
		last_timestamps(victim, &p);
		p.tsval -= (uint32_t)f->ts_older;
	}
	story_deliver(to, story->now, flat, packet_build(&p, flat));
	story_settle();
}

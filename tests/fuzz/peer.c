/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts beside the engine: the link, what is not TCP, and what they learn of what it sends. */
#include <string.h>

#include <base/addr.h>
#include <base/seq.h>

#include "peer.h"

#define ETH_LEN 14

static const uint8_t net6[16] = {0x20, 0x01, 0x0d, 0xb8};

static struct spt_addr
addr4(uint32_t host_order)
{
	return addr_from_v4(rte_cpu_to_be_32(host_order));
}

static struct spt_addr
addr6(uint8_t net, uint8_t host)
{
	struct spt_addr a = addr_from_v6(net6);

	a.b[7] = net;
	a.b[15] = host;
	return a;
}

/* Two of each family on the link, two behind the router. */
static void
create_peers(struct world *w, const struct end_config *config)
{
	for (unsigned int i = 0; i < PEERS; i++) {
		struct peer *p = &w->peer[i];
		bool v6 = i & 1, far = (i & 6) == 4;
		uint8_t host = (uint8_t)(100 + (i >> 1));

		*p = (struct peer){
		    .addr = v6 ? addr6(far ? 1 : 0, host)
		               : addr4((far ? 0x0a020000 : 0x0a010000) | host),
		    .local = v6 ? config->local6 : config->local4,
		    .port = (uint16_t)(1000 + i),
		    .local_port = 80,
		    .mac = {{2, 0, 0, 0, 1, far ? 254 : host}},
		    .iss = i & 2 ? 0xfffffff0u : 1000,
		};
		if (i >= 6)
			p->local.b[15]++;
		p->nxt = p->iss;
	}
}

/* ---- frames to the engine ------------------------------------------------------------- */

static void
push_shared(struct world *w, struct rte_mbuf *m, const uint8_t *frame, unsigned int length)
{
	struct shared *s = &w->shared[w->n_shared++];

	rte_mbuf_refcnt_update(m, 1);
	*s = (struct shared){.m = m, .bytes = malloc(length), .length = length};
	EXPECT(s->bytes != NULL);
	memcpy(s->bytes, frame, length);
}

void
peer_push(struct world *w, const uint8_t *frame, unsigned int length)
{
	struct rte_mempool *pool = w->own_pool ? w->end.pool : w->end.frames;
	bool plain = w->share && w->n_shared < END_RX;
	struct rte_mbuf *m;

	if (length == 0 || length > 2000)
		return;
	m = fuzz_mbuf(pool, frame, length, plain ? 0 : w->shape, w->cuts);
	if (m == NULL)
		return;
	if (plain)
		push_shared(w, m, frame, length);
	/* Headers that lie in several foreign buffers cannot be mended: the monitor sees them all.
	 */
	w->end.wild |= !RTE_MBUF_DIRECT(m) && m->nb_segs > 1;
	memcpy(w->past[w->n_past % PEER_PAST].bytes, frame, length);
	w->past[w->n_past++ % PEER_PAST].length = length;
	end_push(&w->end, m);
}

void
peer_check(struct world *w)
{
	for (unsigned int i = 0; i < w->n_shared; i++) {
		const struct shared *s = &w->shared[i];

		/* Headers may be taken off; the bytes stay where they were. */
		EXPECT(memcmp((const uint8_t *)s->m->buf_addr + RTE_PKTMBUF_HEADROOM, s->bytes,
		           s->length) == 0);
	}
}

void
peer_release(struct world *w)
{
	peer_check(w);
	for (unsigned int i = 0; i < w->n_shared; i++) {
		struct shared *s = &w->shared[i];

		free(s->bytes);
		s->m->next = NULL;
		s->m->nb_segs = 1;
		rte_pktmbuf_free_seg(s->m);
	}
	w->n_shared = 0;
}

static void
put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

void
peer_fix_checksums(uint8_t *frame, unsigned int length)
{
	struct packet p = {0};
	unsigned int l3 = ETH_LEN, l4 = 0, at;
	uint32_t sum = 0;

	if (length < ETH_LEN + 20)
		return;
	if (get16(frame + 12) == 0x0800 && (frame[l3] & 15) >= 5) {
		unsigned int header = (frame[l3] & 15u) * 4, total = get16(frame + l3 + 2);

		if (l3 + header > length)
			return;
		put16(frame + l3 + 10, 0);
		for (unsigned int i = 0; i < header; i += 2)
			sum += get16(frame + l3 + i);
		sum = (sum & 0xffff) + (sum >> 16);
		put16(frame + l3 + 10, (uint16_t) ~((sum & 0xffff) + (sum >> 16)));
		p.protocol = frame[l3 + 9];
		memcpy(p.src.b + 12, frame + l3 + 12, 4);
		memcpy(p.dst.b + 12, frame + l3 + 16, 4);
		p.family = 4;
		l4 = l3 + header;
		length = RTE_MIN(length, l3 + total);
	} else if (get16(frame + 12) == 0x86dd && length >= ETH_LEN + 40) {
		p.protocol = frame[l3 + 6];
		memcpy(p.src.b, frame + l3 + 8, 16);
		memcpy(p.dst.b, frame + l3 + 24, 16);
		p.family = 6;
		l4 = l3 + 40;
		length = RTE_MIN(length, l4 + get16(frame + l3 + 4));
	}
	at = p.protocol == 6 ? 16 : 2;
	if (l4 == 0 || length < l4 + at + 2 ||
	    (p.protocol != 6 && p.protocol != (p.family == 4 ? 1 : 58)))
		return;
	put16(frame + l4 + at, 0);
	if (p.protocol == 1) { /* no pseudo-header */
		p.protocol = 0;
		memset(&p.src, 0, sizeof(p.src));
		memset(&p.dst, 0, sizeof(p.dst));
		/* Its length is in the sum: taken out again. */
		sum = (uint32_t)(uint16_t)~packet_l4_checksum(&p, frame + l4, length - l4) +
		      (uint16_t) ~(length - l4);
		put16(frame + l4 + at, (uint16_t) ~((sum & 0xffff) + (sum >> 16)));
		return;
	}
	put16(frame + l4 + at, packet_l4_checksum(&p, frame + l4, length - l4));
}

/* ---- what is not TCP --------------------------------------------------------------------- */

void
peer_introduce(struct world *w)
{
	static uint8_t flat[PACKET_MAX];

	for (unsigned int i = 0; i < PEERS; i++) {
		const struct peer *p = &w->peer[i];
		struct spt_addr addr = p->addr;

		if (p->mac.addr_bytes[5] == 254) { /* the router */
			addr = p->local;
			addr.b[15] = 254;
		}
		peer_push(w, flat, packet_ask_resolution(&p->mac, &addr, &p->local, flat));
	}
}

void
peer_raw(struct world *w, struct fuzz_input *in)
{
	static uint8_t flat[256];
	uint8_t how = fuzz_u8(in);
	size_t n = fuzz_u8(in);
	const uint8_t *bytes = fuzz_bytes(in, &n);

	if (n == 0)
		return;
	memcpy(flat, bytes, n);
	if (!(how & 1) && n >= sizeof(w->end.mac))
		memcpy(flat, &w->end.mac, sizeof(w->end.mac));
	if (how & 2)
		peer_fix_checksums(flat, (unsigned int)n);
	w->end.wild = w->end.tainted = true;
	peer_push(w, flat, (unsigned int)n);
}

void
peer_mangle(struct world *w, struct fuzz_input *in)
{
	static uint8_t flat[2048];
	uint8_t which = fuzz_u8(in), n = fuzz_u8(in);
	unsigned int past = (which & 7) + 1, length;

	if (past > RTE_MIN(w->n_past, (unsigned int)PEER_PAST))
		return;
	past = (w->n_past - past) % PEER_PAST;
	length = w->past[past].length;
	memcpy(flat, w->past[past].bytes, length);
	if (which & 8)
		length = RTE_MIN(length, fuzz_u16(in));
	if (length == 0)
		return;
	for (unsigned int i = 0; i < (n & 3u); i++) {
		unsigned int at = fuzz_u8(in) % length;

		flat[at] ^= fuzz_u8(in);
	}
	if (which & 16)
		peer_fix_checksums(flat, length);
	if ((n & 3) != 0 || (which & 8))
		w->end.wild = w->end.tainted = true;
	peer_push(w, flat, length);
}

static void
push_icmp(struct world *w, const struct peer *p, const uint8_t *message, unsigned int n)
{
	static uint8_t flat[PACKET_MAX];
	struct packet packet = {.family = addr_is_v4(&p->addr) ? 4 : 6,
	    .eth_src = p->mac,
	    .eth_dst = w->end.mac,
	    .src = p->addr,
	    .dst = p->local,
	    .ttl = 255};
	unsigned int at = packet_build_ip(&packet, NULL, 0);

	packet.protocol = packet.family == 4 ? 1 : 58;
	memcpy(flat + at, message, n);
	packet_build_ip(&packet, flat, n);
	peer_fix_checksums(flat, at + n);
	peer_push(w, flat, at + n);
}

/* An error that quotes a segment of the engine's, with any type, code, MTU and number. */
void
peer_icmp(struct world *w, struct fuzz_input *in)
{
	static uint8_t quoted[PACKET_MAX], message[8 + 600];
	uint8_t how = fuzz_u8(in), type = fuzz_u8(in), code = fuzz_u8(in);
	uint16_t mtu = fuzz_u16(in);
	int8_t delta = (int8_t)fuzz_u8(in);
	const struct peer *p = &w->peer[how & 7];
	struct packet packet = {.family = addr_is_v4(&p->addr) ? 4 : 6,
	    .src = p->local,
	    .dst = p->addr,
	    .sport = p->local_port,
	    .dport = p->port,
	    .seq = p->rcv + (uint32_t)(int32_t)delta,
	    .ack = p->nxt,
	    .flags = P_ACK};
	unsigned int n = packet_build(&packet, quoted) - ETH_LEN;

	if (how & 8)
		packet.seq = p->engine_iss;
	if (how & 16) /* what must be quoted: 8 bytes; else all of it */
		n = RTE_MIN(n, (packet.family == 4 ? 28u : 48u));
	if (how & 32)
		n = RTE_MIN(n, (unsigned int)fuzz_u8(in));
	memset(message, 0, 8);
	message[0] = type;
	message[1] = code;
	put16(message + 6, mtu);
	memcpy(message + 8, quoted + ETH_LEN, n);
	push_icmp(w, p, message, 8 + n);
}

/* An advertisement that nobody asked for, of a link address that may be another. */
static void
push_advert(struct world *w, const struct peer *p, uint8_t how)
{
	static uint8_t flat[64];
	uint8_t message[32] = {136, 0, 0, 0, how & 0xe0};
	struct rte_ether_addr mac = p->mac;

	if (how & 1)
		mac.addr_bytes[4]++;
	monitor_learn(w->end.monitor, &mac);
	if (!addr_is_v4(&p->addr)) {
		memcpy(message + 8, &p->addr, 16);
		message[24] = 2;
		message[25] = 1;
		memcpy(message + 26, &mac, 6);
		push_icmp(w, p, message, how & 2 ? 24 : 32);
		return;
	}
	memcpy(flat, &w->end.mac, 6);
	memcpy(flat + 6, &mac, 6);
	memcpy(flat + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02", 10);
	memcpy(flat + 22, &mac, 6);
	memcpy(flat + 28, p->addr.b + 12, 4);
	memcpy(flat + 32, &w->end.mac, 6);
	memcpy(flat + 38, how & 2 ? p->addr.b + 12 : p->local.b + 12, 4);
	peer_push(w, flat, 42);
}

void
peer_link(struct world *w, struct fuzz_input *in)
{
	static uint8_t flat[PACKET_MAX];
	uint8_t how = fuzz_u8(in);
	const struct peer *p = &w->peer[how & 7];
	uint8_t echo[40] = {addr_is_v4(&p->addr) ? 8 : 128};

	switch (how >> 3 & 3) {
	case 0:
		peer_push(w, flat, packet_ask_resolution(&p->mac, &p->addr, &p->local, flat));
		break;
	case 1: push_advert(w, p, fuzz_u8(in)); break;
	case 2: push_icmp(w, p, echo, 8 + (how >> 5)); break;
	case 3: /* a claim to our own address */
		peer_push(w, flat, packet_ask_resolution(&p->mac, &p->local, &p->local, flat));
		break;
	}
}

void
peer_habit(struct world *w, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);

	w->deaf = how & 1;
	w->ts = how & 2;
	w->shape = how >> 2 & 3;
	w->share = how & 16;
	w->own_pool = how & 32;
	w->hold = how & 64;
	w->end.late |= w->hold;
	if (!(w->shape & FUZZ_CHAIN))
		return;
	for (unsigned int i = 0; i < RTE_DIM(w->cuts); i++)
		w->cuts[i] = fuzz_u8(in);
}

/* ---- what the engine sends ------------------------------------------------------------------- */

static struct peer *
peer_of(struct world *w, const struct packet *p)
{
	struct peer *peer;

	for (unsigned int i = 0; i < PEERS; i++) {
		peer = &w->peer[i];
		if (addr_eq(&peer->addr, &p->dst) && peer->port == p->dport &&
		    addr_eq(&peer->local, &p->src) && peer->local_port == p->sport)
			return peer;
	}
	if ((p->flags & (P_SYN | P_ACK)) != P_SYN)
		return NULL;
	/* From a port of its own choice: the peer of this address goes there. */
	for (unsigned int i = 0; i < PEERS; i++) {
		peer = &w->peer[i];
		if (!addr_eq(&peer->addr, &p->dst) || peer->port != p->dport)
			continue;
		peer->local = p->src;
		peer->local_port = p->sport;
		return peer;
	}
	return NULL;
}

/* SACK and ECN: what its SYN asks for, or agrees to. */
static void
learn_syn(struct peer *peer, const struct packet *p)
{
	bool ecn = (p->flags & (P_ACK | P_ECE | P_CWR)) ==
	           (p->flags & P_ACK ? P_ACK | P_ECE : P_ECE | P_CWR);
	bool sack = p->options & P_SACK_PERM;

	peer->wscale = p->options & P_WSCALE ? p->wscale : 0;
	peer->n_runs = 0;
	peer->ce = peer->was_twice = false;
	if (p->flags & P_ACK) {
		peer->sack = sack && peer->ask_sack;
		peer->ecn = ecn && peer->ask_ecn;
	} else {
		peer->ask_sack = sack;
		peer->ask_ecn = ecn;
	}
}

struct peer *
peer_learn(struct world *w, const struct packet *p)
{
	struct peer *peer = peer_of(w, p);
	uint32_t end = p->seq + packet_seg_len(p);

	if (peer == NULL || (p->flags & P_RST))
		return NULL;
	if (p->flags & P_SYN) {
		peer->engine_iss = p->seq;
		peer->rcv = peer->told = end;
		learn_syn(peer, p);
	} else {
		path_received(peer, p->seq, end);
	}
	if (p->options & P_TIMESTAMP)
		peer->ts_recent = p->tsval;
	if (p->flags & P_ACK) {
		peer->acked = p->ack;
		peer->edge = p->ack + ((uint32_t)p->wnd << (p->flags & P_SYN ? 0 : peer->wscale));
	}
	return peer;
}

static void
swap(uint8_t *a, uint8_t *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint8_t t = a[i];

		a[i] = b[i];
		b[i] = t;
	}
}

/* As if its peer had said the same. */
static void
mirror(struct world *w, const uint8_t *frame, unsigned int length)
{
	static uint8_t flat[PACKET_MAX];

	memcpy(flat, frame, length);
	swap(flat, flat + 6, 6);
	if (get16(flat + 12) == 0x0800) {
		swap(flat + 26, flat + 30, 4);
		swap(flat + 34, flat + 36, 2);
	} else if (get16(flat + 12) == 0x86dd) {
		swap(flat + 22, flat + 38, 16);
		swap(flat + 54, flat + 56, 2);
	}
	peer_fix_checksums(flat, length);
	peer_push(w, flat, length);
}

static void
resolve(struct world *w, const uint8_t *frame, unsigned int length)
{
	static uint8_t reply[PACKET_MAX];
	unsigned int n;

	for (unsigned int i = 0; i < PEERS; i++) {
		const struct peer *p = &w->peer[i];
		struct spt_addr addr = p->addr;

		if (p->mac.addr_bytes[5] == 254) {
			addr = addr_is_v4(&addr) ? addr4(0x0a0100fe) : addr6(0, 254);
		}
		n = packet_answer_resolution(frame, length, &p->mac, &addr, reply);
		if (n > 0) {
			peer_push(w, reply, n);
			return;
		}
	}
}

static void
engine_sent(struct end *e, const uint8_t *frame, unsigned int length)
{
	struct world *w = e->arg;
	struct packet p;

	if (w->silent)
		return;
	if (packet_parse(frame, length, &p) == PACKET_TCP)
		path_takes(w, &p);
	else if (!w->deaf)
		resolve(w, frame, length);
	else
		e->late = true;
	if (w->mirror)
		mirror(w, frame, length);
}

void
world_create(struct world *w, const struct end_config *given, spt_time now)
{
	struct end_config config = *given;

	memset(w, 0, sizeof(*w));
	config.mac = (struct rte_ether_addr){{2, 0, 0, 0, 0, 2}};
	config.local4 = addr4(0x0a010001);
	config.local6 = addr6(0, 1);
	config.gateway4 = addr4(0x0a0100fe);
	config.gateway6 = addr6(0, 254);
	create_peers(w, &config);
	w->last = &w->peer[0];
	end_create(&w->end, &config, now);
	w->end.sent = engine_sent;
	w->end.arg = w;
}

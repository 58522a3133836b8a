/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path MTU, of each connection for itself. It shrinks when a router says so (RFC 1191, RFC
 * 8201), and when nothing large arrives and nobody says why (a black hole, RFC 2923 2.1); what was
 * too big is sent again in smaller segments. It grows when a larger segment, tried with data that
 * is due anyway (RFC 4821 7), arrives.
 *
 * A router's word may be forged. It must quote what is out (RFC 5927 4.1), and where segments
 * larger than it says have arrived before, it waits for the time-out of what it quotes (7.2, with
 * MAXSEGRTO = 1): if that is acknowledged, the word was wrong. What has arrived is 'path_acked',
 * the maxsizeacked of RFC 5927, in units of 64 bytes.
 */
#include "internal.h"

/* A host never goes below 68 (RFC 791), and we not below what Linux accepts: no packet cannons. */
#define MTU_LEAST_V4   68
#define MTU_FLOOR_V4   552
#define MTU_UNTOLD_V4  576 /* RFC 1191 5: routers that do not tell */
#define MTU_MINIMUM_V6 1280

/* Sizes of black holes that are tried one after the other; most tunnels leave the first. */
#define BLACK_HOLE_FIRST  1280
#define BLACK_HOLE_SECOND 576
#define BLACK_HOLE_AFTER  2 /* time-outs in a row; for the second as many more */

/*
 * The age of an estimate is told in units of 137 s, in 6 bits: after 2.4 hours it seems young once
 * more. Ten minutes at least (RFC 1191 6.3, RFC 8201 4): 11.5 to 13.7.
 */
#define EPOCH_SHIFT 37
#define EPOCH_MASK  63
#define EPOCHS_OLD  6

/* Congestion window left beside a segment that is tried: its loss shows by duplicates. */
#define SEGMENTS_BESIDE 3

/* Sizes of links, and of tunnels over them (RFC 1191 7.1, brought up to date). */
static const uint16_t plateaus[] = {576, 1006, 1280, 1400, 1420, 1460, 1480, 1492, 1500, 2002, 4352,
    8166, 9000, 17914, 32000, UINT16_MAX};

/* Bytes of a full packet that are no payload; SACK blocks take of the payload's. */
static uint32_t
pmtu_headers(const struct conn *c)
{
	uint32_t ip = addr_is_v4(&c->key.raddr) ? WIRE_IP4_LEN : WIRE_IP6_LEN;

	return ip + (c->flags & CONN_TIMESTAMPS ? WIRE_TCP_LEN + 12 : WIRE_TCP_LEN);
}

uint32_t
pmtu_of(const struct conn *c)
{
	return c->mss + pmtu_headers(c);
}

static void
pmtu_changed(const struct tcp *t, struct conn *c)
{
	c->path_epoch = (t->now >> EPOCH_SHIFT) & EPOCH_MASK;
}

static bool
pmtu_is_old(const struct tcp *t, const struct conn *c)
{
	return (((t->now >> EPOCH_SHIFT) - c->path_epoch) & EPOCH_MASK) >= EPOCHS_OLD;
}

/* The record that 'seq' lies in. */
static struct sent *
pmtu_record(struct tcp *t, const struct xfer *x, uint32_t seq)
{
	struct scoreboard_cursor at;
	struct sent *s = scoreboard_begin(&x->sb, &t->chunks, &at);

	while (s && seq_leq(s->seq + s->len, seq))
		s = scoreboard_next(&t->chunks, &at);
	return s;
}

/* ---- smaller ---------------------------------------------------------------------------- */

/*
 * What is too big now is lost, and so is what lies at 'seq', which may have shared its packet with
 * others; without congestion (RFC 1191 6.2, RFC 8201 5.4).
 */
static void
pmtu_resend(struct tcp *t, struct conn *c, struct xfer *x, uint32_t mss, uint32_t seq)
{
	struct scoreboard_cursor at;

	for (struct sent *s = scoreboard_begin(&x->sb, &t->chunks, &at); s;
	     s = scoreboard_next(&t->chunks, &at)) {
		uint32_t len = s->len - !!(s->flags & SENT_FIN);

		if ((len > mss || s->seq == seq) && !(s->flags & (SENT_SACKED | SENT_LOST)))
			scoreboard_mark_lost(&x->sb, &t->chunks, s);
	}
	x->dup_bytes = RTE_MIN(x->dup_bytes, scoreboard_flight(&x->sb));
	x->rtt_timed = 0;
	conn_want_output(t, c);
}

/* What arrived before, came another way. */
static void
pmtu_shrink(const struct tcp *t, struct conn *c, struct xfer *x, uint32_t mss)
{
	c->mss = (uint16_t)mss;
	c->features |= FEATURE_PATH;
	c->path_acked = 0;
	x->path = PATH_NONE;
	pmtu_changed(t, c);
}

/* The payload that fits into what a router tells; 0: it cannot be. */
static uint32_t
pmtu_payload(const struct conn *c, uint32_t mtu)
{
	if (!addr_is_v4(&c->key.raddr))
		return mtu < MTU_MINIMUM_V6 ? 0 : mtu - pmtu_headers(c); /* RFC 8201 4 */
	if (mtu == 0)
		mtu = MTU_UNTOLD_V4;
	else if (mtu < MTU_LEAST_V4)
		return 0;
	return RTE_MAX(mtu, MTU_FLOOR_V4) - pmtu_headers(c);
}

/*
 * Whether a packet that began with 's' may have been larger. One that is sent again may have
 * shared a packet with those after it, as large as the MSS.
 */
static bool
pmtu_was_too_big(const struct conn *c, const struct sent *s, uint32_t mss)
{
	if (!s || (s->flags & SENT_SACKED))
		return false;
	return s->len > mss || ((s->flags & SENT_AGAIN) && c->mss > mss);
}

void
pmtu_told(struct tcp *t, struct conn *c, uint32_t seq, uint32_t mtu)
{
	uint32_t mss = pmtu_payload(c, mtu);
	struct xfer *x = conn_xfer(t, c);
	const struct sent *s;

	/* Before the handshake a SYN is out, which is never too big. */
	s = x && conn_is_synchronized(c) ? pmtu_record(t, x, seq) : NULL;
	if (mss == 0 || !pmtu_was_too_big(c, s, mss)) {
		t->stats->pmtu_not_believed++;
	} else if (mss >= c->mss) {
		if (x->path == PATH_SIZE && x->path_len > mss)
			x->path = PATH_NONE; /* that is what we tried */
		pmtu_changed(t, c);
		pmtu_resend(t, c, x, mss, seq);
	} else if (mss >> PATH_ACKED_SHIFT >= c->path_acked || c->retries > 0) {
		t->stats->pmtu_decreased++;
		pmtu_shrink(t, c, x, mss);
		pmtu_resend(t, c, x, mss, seq);
	} else if (x->path != PATH_CLAIM) {
		t->stats->pmtu_waiting++;
		x->path = PATH_CLAIM;
		x->path_seq = seq + 1;
		x->path_len = (uint16_t)mss;
	}
}

/* Whether something longer than 'len' is SACKed: of those merged into one the mean counts. */
static bool
pmtu_arrives(struct tcp *t, const struct xfer *x, uint32_t len)
{
	struct scoreboard_cursor at;

	for (const struct sent *s = scoreboard_begin(&x->sb, &t->chunks, &at); s;
	     s = scoreboard_next(&t->chunks, &at)) {
		if ((s->flags & SENT_SACKED) && s->len > len * RTE_MAX(s->tries, 1u))
			return true;
	}
	return false;
}

/* Large segments vanish, small ones may not: RFC 2923 2.1, RFC 4821 7.7. */
static void
pmtu_black_hole(struct tcp *t, struct conn *c, struct xfer *x)
{
	uint32_t headers = pmtu_headers(c), size = BLACK_HOLE_FIRST;
	uint8_t after = BLACK_HOLE_AFTER;

	if (addr_is_v4(&c->key.raddr) && c->mss + headers <= size) {
		size = BLACK_HOLE_SECOND;
		after = 2 * BLACK_HOLE_AFTER;
	}
	if (c->retries < after || c->mss + headers <= size || x->sb.bytes <= size - headers ||
	    pmtu_arrives(t, x, size - headers))
		return;
	t->stats->pmtu_black_holes++;
	pmtu_shrink(t, c, x, size - headers);
	/* Or the path was down for a while: larger ones are tried as soon as there is an answer. */
	c->path_epoch = (c->path_epoch - EPOCHS_OLD) & EPOCH_MASK;
}

bool
pmtu_timed_out(struct tcp *t, struct conn *c, struct xfer *x)
{
	uint32_t mss = x->path_len, seq = x->path_seq - 1;

	if (x->path == PATH_CLAIM) {
		x->path = PATH_NONE;
		if (!(pmtu_record(t, x, seq)->flags & SENT_SACKED)) {
			t->stats->pmtu_decreased++;
			pmtu_shrink(t, c, x, mss);
			pmtu_resend(t, c, x, mss, seq);
			return true;
		}
	}
	pmtu_black_hole(t, c, x);
	return false;
}

/* ---- what arrives ------------------------------------------------------------------------- */

void
pmtu_acknowledged(struct tcp *t, struct conn *c, struct xfer *x)
{
	if (x->path == PATH_SIZE) {
		c->path_acked = (uint8_t)RTE_MIN(x->path_len >> PATH_ACKED_SHIFT, UINT8_MAX);
		if (x->path_len > c->mss) { /* the next size is tried at once */
			t->stats->pmtu_increased++;
			c->mss = x->path_len;
			c->cwnd = RTE_MAX(c->cwnd, (uint32_t)c->mss);
			if (c->mss == option_mss(t, c))
				c->features &= ~FEATURE_PATH;
		}
	}
	x->path = PATH_NONE;
}

void
pmtu_sent_again(const struct tcp *t, struct conn *c, struct xfer *x, uint32_t seq, uint32_t len)
{
	if (seq_leq(x->path_seq, seq) || seq_leq(seq + len, x->path_seq - x->path_len))
		return;
	x->path = PATH_NONE;
	if (x->path_len > c->mss)
		pmtu_changed(t, c);
}

/* ---- larger --------------------------------------------------------------------------------- */

/* The next larger segment that might fit; both ends take more than the present one. */
static uint32_t
pmtu_next(const struct tcp *t, const struct conn *c)
{
	uint32_t most = option_mss(t, c), headers = pmtu_headers(c);
	unsigned int i = 0;

	while (plateaus[i] <= c->mss + headers)
		i++;
	return RTE_MIN(most, plateaus[i] - headers);
}

bool
pmtu_try(struct tcp *t, struct conn *c, struct xfer *x)
{
	uint32_t len, unsent = x->snd_end - c->snd_nxt;

	if (!pmtu_is_old(t, c) || x->path != PATH_NONE || x->recovery != RECOVERY_OPEN ||
	    (c->flags & CONN_FIN_SENT) || sack_option_len(t, c) > 0 ||
	    txlist_room(t->out) <= OUTPUT_RESERVE)
		return true;
	len = pmtu_next(t, c);
	/* What follows it tells of its loss (RFC 4821 7.4). */
	if (unsent < len + SEGMENTS_BESIDE * c->mss || c->cwnd < len + SEGMENTS_BESIDE * c->mss ||
	    seq_gt(c->snd_nxt + len, c->snd_una + c->snd_wnd))
		return true;
	if (conn_cwnd_room(c, x) < len)
		return false;
	if (output_new(t, c, x, len))
		pmtu_watch(c, x, len);
	return true;
}

/* RFC 4821 7.6.2: its loss alone is no congestion. */
uint32_t
pmtu_tried(struct tcp *t, struct conn *c, struct xfer *x, uint32_t lost)
{
	if (x->path_len <= c->mss || lost != x->path_len || x->sb.lost != lost ||
	    x->recovery != RECOVERY_OPEN)
		return lost;
	x->path = PATH_NONE;
	pmtu_changed(t, c);
	conn_want_output(t, c);
	return 0;
}

const char *
pmtu_check(const struct tcp *t, const struct conn *c, const struct xfer *x)
{
	if (!conn_is_synchronized(c))
		return x->path != PATH_NONE ? "path MTU: something is watched already" : NULL;
	if (x->path != PATH_NONE &&
	    !(seq_lt(c->snd_una, x->path_seq) && seq_leq(x->path_seq, c->snd_nxt)))
		return "path MTU: what is watched is not out";
	if (!(c->features & FEATURE_PATH) != (c->mss == option_mss(t, c)))
		return "path MTU: the MSS is not what both ends take, or it is";
	return NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Expectations: the engine's segments, states, events and counters, compared and told in words. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/addr.h>
#include <base/seq.h>

#include "script_priv.h"

static void
tell_numbers(FILE *to, const struct flow *f, const struct packet *p)
{
	char flags[40];

	fprintf(to, "%s", packet_flags_text(p->flags, flags));
	fprintf(to, " .seq = %" PRId32, (int32_t)(p->seq - f->engine_iss));
	if (p->flags & P_ACK)
		fprintf(to, " .ack = %" PRId32, (int32_t)(p->ack - f->peer_iss));
	fprintf(to, " .len = %" PRIu32 " .wnd = %u", p->len, p->wnd);
	if (p->options & P_TIMESTAMP)
		fprintf(to, " .tsval = %" PRIu32 " .tsecr = %" PRIu32, p->tsval, p->tsecr);
	for (unsigned int i = 0; i < p->n_sack; i++)
		fprintf(to, "%s{%" PRId32 ", %" PRId32 "}", i == 0 ? " .sack = " : ", ",
		    (int32_t)(p->sack[i][0] - f->peer_iss), (int32_t)(p->sack[i][1] - f->peer_iss));
	if (p->tos != 0)
		fprintf(to, " .tos = %u", p->tos);
}

/* What was sent, as a script would have to write it. Static storage. */
static const char *
tell(const struct capture *c)
{
	static char text[300];
	FILE *to;

	if (c->kind == PACKET_ICMP) {
		snprintf(text, sizeof(text), "an ICMP message of type %u code %u", c->icmp_type,
		    c->icmp_code);
		return text;
	}
	to = fmemopen(text, sizeof(text), "w");
	tell_numbers(to, script->f, &c->p);
	if (!script_is_of(script->f, &c->p))
		fprintf(to, " from port %u to peer %d", c->p.sport, c->p.dport - SCRIPT_PEER_PORT);
	fclose(to);
	return text;
}

void
script_strict_segments(void)
{
	if (script->taken < script->captures && !script->finishing)
		script_fail("the engine sent what no line expected: %s",
		    tell(&script->capture[script->taken]));
}

static struct capture *
next_capture(enum packet_kind kind, const char *wanted)
{
	struct capture *c = &script->capture[script->taken];

	if (script->taken == script->captures)
		script_fail("expected %s, but nothing was sent", wanted);
	if (c->kind != kind || (kind == PACKET_TCP && !script_is_of(script->f, &c->p)))
		script_fail("expected %s, got %s", wanted, tell(c));
	script->taken++;
	return c;
}

static void
differ(const struct capture *c, const char *field, int64_t expected, int64_t got)
{
	script_fail(
	    "expected .%s = %" PRId64 ", got %" PRId64 " in: %s", field, expected, got, tell(c));
}

static void
compare(const struct capture *c, const char *field, int64_t stated, int64_t got)
{
	if (stated == 0 || stated == ANY)
		return;
	stated = stated == ZERO ? 0 : stated;
	if (stated != got)
		differ(c, field, stated, got);
}

/* Relative numbers are compared modulo 2^32. */
static void
compare_number(
    const struct capture *c, const char *field, int64_t stated, uint32_t automatic, uint32_t got)
{
	uint32_t wanted = stated ? script_stated(stated) : automatic;

	if (stated != ANY && wanted != got)
		differ(c, field, (int32_t)wanted, (int32_t)got);
}

static void
compare_payload(const struct expect *e, const struct capture *c, const struct flow *f)
{
	uint32_t relative = c->p.seq - f->engine_iss, good = 0;

	if (e->bytes == NULL)
		good = pattern_match(c->p.payload, c->p.len, SEED_ENGINE(f->number), relative);
	else
		while (good < c->p.len && c->p.payload[good] == e->bytes[good])
			good++;
	if (good != c->p.len)
		script_fail("byte %" PRIu32 " of the payload is wrong in: %s", good, tell(c));
}

static void
compare_flags(const struct expect *e, const struct capture *c)
{
	uint8_t mask = (uint8_t) ~(e->flags & P_PSH ? 0 : P_PSH);
	char wanted[40];

	packet_flags_text(e->flags, wanted);
	if ((c->p.flags & mask) != e->flags)
		script_fail("expected %s, got %s", wanted, tell(c));
	if (e->no_psh && (c->p.flags & P_PSH))
		script_fail("expected no PSH in: %s", tell(c));
	if ((c->p.options & e->with) != e->with)
		script_fail("options are missing (%#x) in: %s", e->with & ~c->p.options, tell(c));
	if (c->p.options & e->without)
		script_fail("options that should not be there (%#x) in: %s",
		    c->p.options & e->without, tell(c));
}

static void
compare_sack(const struct expect *e, const struct capture *c, const struct flow *f)
{
	unsigned int n = 0;

	for (; n < 4 && (e->sack[n][0] || e->sack[n][1]); n++)
		for (unsigned int edge = 0; edge < 2; edge++)
			if (n < c->p.n_sack &&
			    c->p.sack[n][edge] - f->peer_iss != script_stated(e->sack[n][edge]))
				script_fail(
				    "block %u of the SACK option is wrong in: %s", n, tell(c));
	if (n > 0 && n != c->p.n_sack)
		script_fail("expected %u SACK blocks, got %u in: %s", n, c->p.n_sack, tell(c));
}

static void
compare_rest(const struct expect *e, const struct capture *c)
{
	if (c->p.len != e->len)
		differ(c, "len", e->len, c->p.len);
	compare(c, "wnd", e->wnd, c->p.wnd);
	compare(c, "up", e->up, c->p.up);
	compare(c, "tos", e->tos, c->p.tos);
	compare(c, "ttl", e->ttl, c->p.ttl);
	compare(c, "mss", e->mss, c->p.options & P_MSS ? c->p.mss : -1);
	compare(c, "wscale", e->wscale, c->p.options & P_WSCALE ? c->p.wscale : -1);
	if (e->tsval != 0)
		compare_number(c, "tsval", e->tsval, 0, c->p.tsval);
	if (e->tsecr != 0)
		compare_number(c, "tsecr", e->tsecr, 0, c->p.tsecr);
}

/* Its first SYN tells where the engine's numbers begin. */
static void
learn_iss(struct flow *f, const struct packet *p)
{
	if ((p->flags & P_SYN) && !f->have_engine_iss) {
		f->engine_iss = p->seq;
		f->have_engine_iss = true;
	}
}

/* The engine's numbers move on by what was just expected. */
static void
count_expected(struct flow *f, const struct packet *p)
{
	uint32_t end;

	learn_iss(f, p);
	end = p->seq - f->engine_iss + packet_seg_len(p);
	if (!(p->flags & P_RST) && seq_gt(end, f->engine_nxt))
		f->engine_nxt = end;
	if (p->options & P_TIMESTAMP)
		f->ts_recent = p->tsval;
}

void
script_expect(const struct expect *e)
{
	struct flow *f = script->f;
	char wanted[40];
	struct capture *c = next_capture(PACKET_TCP, packet_flags_text(e->flags, wanted));
	uint32_t relative;

	compare_flags(e, c);
	learn_iss(f, &c->p);
	relative = c->p.seq - f->engine_iss;
	compare_number(c, "seq", e->seq, e->flags & P_SYN ? 0 : f->engine_nxt, relative);
	if (e->flags & P_ACK)
		compare_number(c, "ack", e->ack, f->peer_nxt, c->p.ack - f->peer_iss);
	compare_rest(e, c);
	compare_sack(e, c, f);
	compare_payload(e, c, f);
	count_expected(f, &c->p);
}

void
script_expect_rst(void)
{
	const struct flow *f = script->f;
	const struct inject *last = &f->last;
	struct capture *c = next_capture(PACKET_TCP, "RST");
	uint8_t flags = last->flags & P_ACK ? P_RST : P_RST | P_ACK;
	char wanted[40];

	if (c->p.flags != flags)
		script_fail("expected %s, got %s", packet_flags_text(flags, wanted), tell(c));
	if (last->flags & P_ACK) {
		if (c->p.seq != (uint32_t)last->ack)
			script_fail("a RST with SEQ = SEG.ACK was expected, got %s", tell(c));
	} else if (c->p.seq != 0 || c->p.ack != (uint32_t)last->seq + f->last_seg_len) {
		script_fail(
		    "a RST with SEQ = 0 and ACK = SEG.SEQ + SEG.LEN was expected, got %s", tell(c));
	}
}

void
script_expect_icmp(unsigned int type, unsigned int code)
{
	struct capture *c = next_capture(PACKET_ICMP, "an ICMP message");

	if (c->icmp_type != type || c->icmp_code != code)
		script_fail("expected ICMP type %u code %u, got %s", type, code, tell(c));
}

void
script_expect_nothing(void)
{
	const char *event = script_strict_event();

	if (script->taken < script->captures)
		script_fail("nothing was expected, got %s", tell(&script->capture[script->taken]));
	if (event != NULL)
		script_fail("an event that no line expected: %s", event);
}

unsigned int
script_ignore_segments(void)
{
	unsigned int n = script->captures - script->taken;

	for (; script->taken < script->captures; script->taken++) {
		struct capture *c = &script->capture[script->taken];

		for (unsigned int i = 0; i < SCRIPT_PEERS; i++) {
			if (c->kind == PACKET_TCP && script_is_of(&script->flow[i], &c->p))
				count_expected(&script->flow[i], &c->p);
		}
	}
	return n;
}

/* ---- states and counters ------------------------------------------------------ */

static enum spt_state
find_state(const struct flow *f)
{
	struct spt_conn_info info[32];
	uint64_t cursor = 0;
	unsigned int n;

	while ((n = spt_engine_walk(script->engine, &cursor, info, RTE_DIM(info))) > 0) {
		for (unsigned int i = 0; i < n; i++) {
			if (info[i].state != SPT_LISTEN && info[i].remote.port == f->port &&
			    (!f->dialled ||
			        (info[i].local.port == f->lport &&
			            addr_eq(&info[i].local.addr, &script->local[f->local]))) &&
			    addr_eq(&info[i].remote.addr, &script->peer))
				return info[i].state;
		}
	}
	return SPT_CLOSED_STATE;
}

void
script_expect_state(enum spt_state state)
{
	enum spt_state got = find_state(script->f);

	if (got != state)
		script_fail("expected %s, the connection is in %s", spt_state_name(state),
		    spt_state_name(got));
}

void
script_expect_verdict(enum spt_verdict v, uint64_t n)
{
	struct spt_stats stats;
	char text[512] = "";
	size_t at = 0;

	spt_engine_stats(script->engine, &stats);
	if (stats.verdict[v] - script->before.verdict[v] == n)
		return;
	for (unsigned int i = 0; i < SPT_V_COUNT && at < sizeof(text) - 60; i++) {
		if (stats.verdict[i] != script->before.verdict[i])
			at += (size_t)snprintf(text + at, sizeof(text) - at, " %s %" PRIu64,
			    spt_verdict_name((enum spt_verdict)i),
			    stats.verdict[i] - script->before.verdict[i]);
	}
	script_fail("expected %s %" PRIu64 " times; the verdicts were:%s", spt_verdict_name(v), n,
	    at ? text : " none");
}

void
script_expect_counted(const char *name, size_t offset, uint64_t n)
{
	struct spt_stats stats;
	uint64_t now, then;

	spt_engine_stats(script->engine, &stats);
	memcpy(&now, (const char *)&stats + offset, sizeof(now));
	memcpy(&then, (const char *)&script->before + offset, sizeof(then));
	if (now - then != n)
		script_fail(
		    "expected %s to go up by %" PRIu64 ", it did by %" PRIu64, name, n, now - then);
}

void
script_check(bool holds, const char *text)
{
	if (!holds)
		script_fail("does not hold: %s", text);
}

void
script_check_eq(int64_t got, int64_t expected, const char *text)
{
	if (got != expected)
		script_fail("%s is %" PRId64 ", expected %" PRId64, text, got, expected);
}

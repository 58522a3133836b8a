/* SPDX-License-Identifier: BSD-3-Clause */
/* Initial sequence numbers (RFC 6528) and timestamp offsets (RFC 7323 5.4). */
#include <string.h>

#include "../base/addr_prf.h"
#include "internal.h"

/* The bytes of a key that name a flow. */
#define KEY_BYTES offsetof(struct flow_key, pad)

/*
 * ISN = M + F(4-tuple, secret): M ticks every 4.096 us (RFC 9293 3.4.1 asks for about 4), so a
 * new incarnation starts above the old one; F is a PRF that nobody outside can compute (MUST-9).
 */
uint32_t
isn_generate(const struct tcp *t, const struct flow_key *key)
{
	return (uint32_t)(t->now >> 12) + (uint32_t)siphash24(t->secrets.isn, key, KEY_BYTES);
}

/*
 * Constant for a 4-tuple, so that TSval goes up across incarnations (RFC 6191); of the addresses
 * themselves, for hosts that share the secret number theirs in ways of their own.
 */
uint32_t
ts_offset_generate(const struct tcp *t, const struct flow_key *key)
{
	struct spt_addr local = local_at(&t->local, key->laddr);
	uint64_t ports = (uint64_t)key->lport << 16 | key->rport;

	return t->ts_base + (uint32_t)addr_prf(t->secrets.ts, &key->raddr, &local, ports, 0);
}

/* Every secret is a PRF of the master secret and a label, so they tell nothing of each other. */
static struct siphash_key
secret_derive(const uint8_t master[32], const char *label)
{
	struct siphash_key low, high, out;
	uint8_t message[16 + 16] = {0};

	memcpy(&low, master, sizeof(low));
	memcpy(&high, master + 16, sizeof(high));
	memcpy(message, &high, sizeof(high));
	strncpy((char *)message + 16, label, 15);
	out.k0 = siphash24(low, message, sizeof(message));
	message[31] = 1;
	out.k1 = siphash24(low, message, sizeof(message));
	/* Stacks are in core dumps. */
	explicit_bzero(&low, sizeof(low));
	explicit_bzero(&high, sizeof(high));
	explicit_bzero(message, sizeof(message));
	return out;
}

void
secrets_derive(struct tcp_secrets *s, const uint8_t master[32], const uint8_t *shared)
{
	if (!shared)
		shared = master;

	s->isn = secret_derive(master, "isn");
	s->ts = secret_derive(shared, "timestamp");
	s->cookie = secret_derive(shared, "syn cookie");
	s->flow = secret_derive(master, "flow table");
	s->net = secret_derive(master, "neighbours");
	s->ports = secret_derive(master, "source ports");
}

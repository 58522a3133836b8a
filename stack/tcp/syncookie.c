/* SPDX-License-Identifier: BSD-3-Clause */
/* SYN cookies: keys, the two layouts, issue and check. */
#include <rte_common.h>

#include "../base/addr_prf.h"
#include "../base/debug.h"
#include "../base/seq.h"
#include "syncookie.h"

#define EPOCH_BITS     2
#define MSS_BITS       3
#define WSCALE_BITS    3
#define PLAIN_BITS     (MSS_BITS + WSCALE_BITS + 2) /* fields of a cookie without timestamps */
#define PLAIN_MAC      (32 - EPOCH_BITS - PLAIN_BITS)
#define TIMED_MAC      (32 - EPOCH_BITS - MSS_BITS)
#define TSVAL_BITS     6
#define KEYS           (1 << EPOCH_BITS)
#define SKEW_MS        ((uint32_t)(SYNCOOKIE_SKEW / SPT_NS_PER_MS))
#define LIFE_MS        ((uint32_t)(2 * SYNCOOKIE_EPOCH / SPT_NS_PER_MS))
#define LOW_BITS(n)    ((UINT32_C(1) << (n)) - 1)
#define MAC_BITS(time) ((time) ? TIMED_MAC : PLAIN_MAC)

SPT_STATIC_ASSERT(PLAIN_MAC == 22, "odds of a forged ACK in docs/syn-flood.md");
SPT_STATIC_ASSERT(TIMED_MAC == 27, "odds of a forged ACK in docs/syn-flood.md");

/*
 * Steps where peers are: Ethernet (1460, 1440), PPPoE and tunnels below it, the defaults of
 * RFC 9293 MUST-15, jumbo frames; the lowest is what survives of old modems' 256-byte MTU.
 */
static const uint16_t mss_steps[2][1 << MSS_BITS] = {
    {216, 536, 1200, 1360, 1400, 1440, 1460, 8960},
    {216, 536, 1220, 1340, 1380, 1420, 1440, 8940},
};

/* Linux and Android 7 to 9, Windows 8, macOS and iOS 5 and 6, BSDs 3 and 6, and what is small. */
static const uint8_t wscale_steps[1 << WSCALE_BITS] = {SYNCOOKIE_NO_WSCALE, 0, 2, 4, 6, 7, 8, 10};

static void
derive(struct syncookie *sc, uint64_t epoch)
{
	struct siphash_key *key = &sc->key[epoch % KEYS];
	uint64_t message[2] = {rte_cpu_to_le_64(epoch), 0};

	key->k0 = siphash24(sc->master, message, sizeof(message));
	message[1] = rte_cpu_to_le_64(1);
	key->k1 = siphash24(sc->master, message, sizeof(message));
}

void
syncookie_rotate(struct syncookie *sc, spt_time now)
{
	spt_time wall = now + sc->wall_offset;

	sc->epoch = wall / SYNCOOKIE_EPOCH;
	sc->epoch_end = (sc->epoch + 1) * SYNCOOKIE_EPOCH - sc->wall_offset;
	memset(sc->key, 0, sizeof(sc->key));
	derive(sc, sc->epoch - 1);
	derive(sc, sc->epoch);
	derive(sc, sc->epoch + 1);
}

void
syncookie_init(struct syncookie *sc, struct siphash_key master, uint64_t wall_offset, bool shared,
    spt_time now)
{
	*sc = (struct syncookie){.master = master, .wall_offset = wall_offset, .shared = shared};
	syncookie_rotate(sc, now);
}

/* One PRF: SipHash-2-4 of addresses, ports, IRS and a byte that tells the layouts apart. */
static uint64_t
prf(struct siphash_key key, const struct syncookie_flow *f, bool timestamps)
{
	uint64_t ports = (uint64_t)f->irs << 32 | (uint32_t)f->lport << 16 | f->rport;

	return addr_prf(key, &f->remote, &f->local, ports, timestamps);
}

/* The highest step that is not above 'value'; -1: none. */
static int
step_down(const uint16_t *steps, int n, uint16_t value)
{
	while (--n >= 0 && steps[n] > value)
		;
	return n;
}

bool
syncookie_fits(const struct syncookie_options *o, bool v4)
{
	return o->mss >= mss_steps[!v4][0];
}

static uint32_t
wscale_code(uint8_t wscale)
{
	uint32_t code = RTE_DIM(wscale_steps) - 1;

	if (wscale == SYNCOOKIE_NO_WSCALE)
		return 0;
	while (wscale_steps[code] > wscale)
		code--;
	return code;
}

static uint32_t
fields_pack(const struct syncookie_options *o, bool v4)
{
	int step = step_down(mss_steps[!v4], 1 << MSS_BITS, o->mss);

	SPT_ASSERT(step >= 0);
	if (o->timestamps)
		return (uint32_t)step;
	return (uint32_t)step << (WSCALE_BITS + 2) | wscale_code(o->wscale) << 2 |
	       (uint32_t)o->sack << 1 | o->ecn;
}

static void
fields_unpack(struct syncookie_options *o, uint32_t fields, bool v4, uint32_t tsecr)
{
	if (o->timestamps) {
		o->mss = mss_steps[!v4][fields];
		o->wscale = tsecr >> 2 & 0xf;
		o->sack = tsecr >> 1 & 1;
		o->ecn = tsecr & 1;
		return;
	}
	o->mss = mss_steps[!v4][fields >> (WSCALE_BITS + 2)];
	o->wscale = wscale_steps[fields >> 2 & LOW_BITS(WSCALE_BITS)];
	o->sack = fields >> 1 & 1;
	o->ecn = fields & 1;
}

uint32_t
syncookie_issue(
    const struct syncookie *sc, const struct syncookie_flow *f, const struct syncookie_options *o)
{
	uint64_t r = prf(sc->key[sc->epoch % KEYS], f, o->timestamps);
	unsigned int mac = MAC_BITS(o->timestamps);
	uint32_t hidden = fields_pack(o, addr_is_v4(&f->remote)) << mac;

	/* The low bits of r are the MAC, those above it the mask of the fields. */
	return (uint32_t)(sc->epoch % KEYS) << (32 - EPOCH_BITS) |
	       (((uint32_t)r ^ hidden) & LOW_BITS(32 - EPOCH_BITS));
}

uint32_t
syncookie_tsval(const struct syncookie_options *o, uint32_t tsval)
{
	uint32_t bits = (uint32_t)o->wscale << 2 | (uint32_t)o->sack << 1 | o->ecn;
	uint32_t told = (tsval & ~LOW_BITS(TSVAL_BITS)) | bits;

	return seq_gt(told, tsval) ? told - (1u << TSVAL_BITS) : told;
}

/* Do we accept cookies of the epoch whose low bits these are? Then its key. */
static const struct siphash_key *
key_find(const struct syncookie *sc, uint32_t low, spt_time now)
{
	uint32_t ahead = (low - (uint32_t)sc->epoch) % KEYS;

	if (ahead == 0 || ahead == KEYS - 1)
		return &sc->key[low];
	if (ahead == 1 && sc->shared && sc->epoch_end - now <= SYNCOOKIE_SKEW)
		return &sc->key[low];
	return NULL;
}

bool
syncookie_echo_fits(const struct syncookie *sc, uint32_t tsecr, uint32_t tsval)
{
	uint32_t skew = sc->shared ? SKEW_MS : 0;

	return tsval - tsecr + skew <= LIFE_MS + (1u << TSVAL_BITS) + 2 * skew;
}

enum syncookie_verdict
syncookie_check(const struct syncookie *sc, const struct syncookie_flow *f, uint32_t iss,
    bool timestamps, uint32_t tsecr, spt_time now, struct syncookie_options *o)
{
	unsigned int mac = MAC_BITS(timestamps);
	const struct siphash_key *key;
	uint32_t r;

	if (!syncookie_in_life(sc, now))
		return SYNCOOKIE_NONE_ISSUED;
	key = key_find(sc, iss >> (32 - EPOCH_BITS), now);
	if (!key)
		return SYNCOOKIE_STALE;
	r = (uint32_t)prf(*key, f, timestamps) ^ iss;
	if (r & LOW_BITS(mac))
		return SYNCOOKIE_FORGED;
	o->timestamps = timestamps;
	fields_unpack(o, (r & LOW_BITS(32 - EPOCH_BITS)) >> mac, addr_is_v4(&f->remote), tsecr);
	return SYNCOOKIE_VALID;
}

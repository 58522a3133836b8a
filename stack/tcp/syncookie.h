/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies: a SYN is answered without state, and what it agreed to comes back with the
 * handshake's last ACK (RFC 4987 3.6). Pure functions over a small state that holds keys only.
 *
 * The initial sequence number, most significant bit first:
 *
 *	without timestamps   epoch 2 | MSS 3, window scale 3, SACK 1, ECN 1 | MAC 22
 *	with timestamps      epoch 2 | MSS 3                                | MAC 27
 *
 * and then the low 6 bits of TSval: window scale 4, SACK 1, ECN 1. MAC and the mask that hides the
 * fields between it and the epoch are bits of one PRF over both addresses, both ports, the peer's
 * ISN and the layout, under a key that lives as long as an epoch. The fields are not authenticated:
 * a peer that alters its own lies to itself, as it could in its SYN.
 */
#ifndef SPT_TCP_SYNCOOKIE_H
#define SPT_TCP_SYNCOOKIE_H

#include <stdbool.h>

#include <rte_branch_prediction.h>

#include <septet/types.h>

#include "../base/siphash.h"

/* A cookie is good for at least one epoch and at most two. */
#define SYNCOOKIE_EPOCH (64 * SPT_NS_PER_SEC)
/* How far the clocks of hosts that share a secret may be apart. */
#define SYNCOOKIE_SKEW (16 * SPT_NS_PER_SEC)

#define SYNCOOKIE_NO_WSCALE 15 /* window scale was not offered */

/* Who asks: addresses themselves, not indexes, which other hosts number otherwise. */
struct syncookie_flow {
	struct spt_addr remote, local;
	uint16_t rport, lport; /* network order */
	uint32_t irs;
};

/* What the SYN offered. 'mss' and, without timestamps, 'wscale' come back rounded down. */
struct syncookie_options {
	uint16_t mss;
	uint8_t wscale; /* 0 .. 14, or SYNCOOKIE_NO_WSCALE */
	bool sack, ecn, timestamps;
};

struct syncookie {
	struct siphash_key key[4]; /* of the epochs around the present one, at epoch % 4 */
	struct siphash_key master;
	uint64_t epoch;       /* wall-clock time in units of SYNCOOKIE_EPOCH */
	spt_time epoch_end;   /* by the engine's clock */
	spt_time in_life;     /* until then one that we issued may come back; 0: none was */
	spt_time wall_offset; /* wall-clock time less the engine's */
	bool shared;          /* other hosts issue cookies that are ours to complete */
};

enum syncookie_verdict {
	SYNCOOKIE_VALID,
	SYNCOOKIE_NONE_ISSUED, /* none that is still good, so no PRF was spent */
	SYNCOOKIE_STALE,       /* of an epoch whose key is gone, or that has not begun */
	SYNCOOKIE_FORGED,      /* the MAC is none of ours */
};

/* 'master' is a secret for this purpose alone; 'shared': so that other hosts have it as well. */
void syncookie_init(struct syncookie *sc, struct siphash_key master, uint64_t wall_offset,
    bool shared, spt_time now);

/* The epoch has ended: keys are derived anew, the oldest is forgotten. */
void syncookie_rotate(struct syncookie *sc, spt_time now);

/* Once a turn. */
static inline void
syncookie_set_now(struct syncookie *sc, spt_time now)
{
	if (unlikely(now >= sc->epoch_end))
		syncookie_rotate(sc, now);
}

/* May one come back? Other hosts do not tell when they issued theirs. */
static inline bool
syncookie_in_life(const struct syncookie *sc, spt_time now)
{
	return now < sc->in_life || sc->shared;
}

/* Can this MSS be told without saying more than the peer did? */
bool syncookie_fits(const struct syncookie_options *options, bool v4);

/* The initial sequence number; 'options' must fit. */
uint32_t syncookie_issue(const struct syncookie *sc, const struct syncookie_flow *flow,
    const struct syncookie_options *options);

/* It was sent without a record: from now on, for two epochs, ACKs are looked at. */
static inline void
syncookie_issued(struct syncookie *sc, spt_time now)
{
	sc->in_life = now + 2 * SYNCOOKIE_EPOCH;
}

/*
 * TSval of the SYN-ACK: that of now, or up to 64 ms earlier, never later; so its echo must not be
 * taken as an RTT sample.
 */
uint32_t syncookie_tsval(const struct syncookie_options *options, uint32_t tsval);

/*
 * Whether 'iss' is a cookie of this flow: one PRF at most. 'timestamps': the segment carries
 * 'tsecr', which is believed where the MAC is, if syncookie_echo_fits says so too. On
 * SYNCOOKIE_VALID *options is what the SYN offered.
 */
enum syncookie_verdict syncookie_check(const struct syncookie *sc,
    const struct syncookie_flow *flow, uint32_t iss, bool timestamps, uint32_t tsecr, spt_time now,
    struct syncookie_options *options);

/*
 * Can we have sent TSval 'tsecr' within a cookie's life, when our TSval for this flow is 'tsval'
 * now? To be asked of a valid cookie only: 'tsval' costs another PRF.
 */
bool syncookie_echo_fits(const struct syncookie *sc, uint32_t tsecr, uint32_t tsval);

#endif

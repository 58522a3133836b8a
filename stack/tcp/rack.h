/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RACK-TLP, RFC 8985: a segment is lost when one that was sent later has arrived, and what
 * reordering may explain is over. Pure functions over the scoreboard; times are microseconds modulo
 * 2^32. Names are the RFC's.
 */
#ifndef SPT_TCP_RACK_H
#define SPT_TCP_RACK_H

#include "scoreboard.h"

/* The state of RFC 8985 5.3 that is not in the scoreboard. */
struct rack {
	uint32_t xmit_us;                   /* RACK.xmit_ts; with 'valid' */
	uint32_t end_seq;                   /* RACK.end_seq */
	uint32_t rtt_us;                    /* RACK.rtt */
	uint32_t min_rtt_us, min_rtt_since; /* RACK.min_RTT, of ten seconds; 0: none yet */
	uint32_t dsack_round;               /* RACK.dsack_round, if dsack_in_round */
	uint32_t tlp_end_seq;               /* TLP.end_seq, if tlp_out */
	uint8_t reo_wnd_mult;               /* 1 at first */
	uint8_t reo_wnd_persist;            /* recoveries left of 16 */
	/* 'valid': something that is out may have been sent before xmit_us. */
	uint8_t valid : 1, reordering_seen : 1, dsack_in_round : 1;
	uint8_t tlp_out : 1; /* TLP.end_seq is not none */
	uint8_t tlp_is_retrans : 1;
	uint8_t tlp_waits : 1; /* no RTT was measured since the last probe (7.3) */
};

void rack_init(struct rack *r);

/* What an ACK's circumstances are, apart from what it delivered. */
struct rack_ack {
	uint32_t now_us;
	uint32_t srtt_us;  /* 0: none yet */
	uint32_t una, nxt; /* SND.UNA after this ACK, SND.NXT */
	uint32_t mss;
	bool tsecr_valid;  /* timestamps are used, and TSecr echoes one of ours: */
	uint32_t tsecr_us; /* when that was sent, rounded up to what a millisecond may hide */
	bool dsack;        /* it reported a duplicate (RFC 2883) */
	bool in_recovery;  /* fast recovery, or after a time-out */
	uint32_t sacked;   /* segments that are SACKed now (duplicate ACKs without SACK) */
};

/*
 * RFC 8985 6.2, steps 1 to 4: RACK.rtt, min_RTT, xmit_ts, reordering, reo_wnd_mult. With each ACK
 * that delivered something or carries a DSACK.
 */
void rack_update(struct rack *r, const struct rack_ack *a, const struct delivery *d);

/* 6.2 step 4: RACK.reo_wnd, microseconds. */
uint32_t rack_reo_wnd(const struct rack *r, const struct rack_ack *a);

/*
 * 6.2 step 5: marks what is lost, when an ACK has come (after rack_update) or the reordering timer
 * has run out. Returns after how many microseconds all that is late now will be lost, when nothing
 * else comes (the reordering timer; the RFC takes the greatest, so that one timer marks all), or 0.
 * *lost: sequence numbers newly marked.
 * Cost: records up to the last in flight, or to the first in flight that was sent once and later
 * than RACK.xmit_ts.
 */
uint32_t rack_detect_loss(const struct rack *r, struct scoreboard *sb, struct pool *chunks,
    uint32_t now_us, uint32_t reo_wnd, uint32_t *lost);

/*
 * 6.3: at a time-out the first segment, and those that have been out for RACK.rtt + reo_wnd. The
 * caller has looked for reneging: the first one is not SACKed.
 */
void rack_timeout(const struct rack *r, struct scoreboard *sb, struct pool *chunks, uint32_t now_us,
    uint32_t reo_wnd);

/*
 * 7.2: the probe time-out, microseconds from now. 'flight_one': only one segment is out, so a
 * delayed ACK of 'max_ack_delay_us' may be waited for. Without an RTT sample 1 s.
 */
uint32_t tlp_pto(uint32_t srtt_us, bool flight_one, uint32_t max_ack_delay_us);

/* 7.3: when the PTO ran out: no probe is out, and an RTT was measured since the last one. */
bool tlp_may_probe(const struct rack *r, uint32_t srtt_us);

/* 7.3: a probe went out: TLP.end_seq = nxt, SND.NXT after it. 'again': old data, not new. */
void tlp_sent(struct rack *r, uint32_t nxt, bool again);

/* 7.1: fast recovery, or recovery from a time-out, begins: its own reductions are enough. */
void tlp_reset(struct rack *r);

/*
 * 7.4.2: an ACK while a probe is out. True: the probe repaired a loss, congestion control has to
 * respond as to one. 'dsack_of_probe': a DSACK block that ends at TLP.end_seq; 'new_data': the ACK
 * moved SND.UNA; 'plain': no SACK block, no data.
 */
bool tlp_process_ack(struct rack *r, uint32_t ack, bool dsack_of_probe, bool new_data, bool plain);

/* Fast recovery, or that from a time-out, ended (6.2 step 4: 16 of them without DSACK). */
void rack_recovery_ended(struct rack *r);

#endif

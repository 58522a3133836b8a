/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Congestion control: how the window grows and shrinks, behind a const table of functions. When it
 * does so is decided elsewhere (recovery.c). Integer arithmetic over a small state; bytes and
 * microseconds (modulo 2^32).
 */
#ifndef SPT_TCP_CONGESTION_H
#define SPT_TCP_CONGESTION_H

#include <stdbool.h>
#include <stdint.h>

#include <septet/septet.h>

#include "../base/debug.h"

/* No window is wider than what can be advertised (RFC 7323 2.3), and cwnd grows to no more. */
#define CONGESTION_CWND_MAX (UINT32_C(1) << 30)
/* Arbitrarily high (RFC 5681 3.1): above any cwnd. The first slow start is known by it. */
#define CONGESTION_SSTHRESH_INITIAL (UINT32_MAX / 2)

/* CUBIC, RFC 9438; of NewReno only 'acked' is used. */
struct congestion_cubic {
	uint32_t w_max;          /* W_max, bytes; 0: undefined (4.8, 4.10) */
	uint32_t cwnd_prior;     /* when ssthresh was last set, before the reduction; 0: never */
	uint32_t cwnd_epoch;     /* at the begin of this stage of congestion avoidance */
	uint32_t epoch_us;       /* when it began, plus the time that does not count; if 'epoch' */
	uint32_t k_us;           /* K */
	uint32_t w_est;          /* W_est, bytes */
	uint32_t w_est_fraction; /* and 2^-32 of them */
	uint32_t acked;          /* bytes that have not made the window grow yet */
};

/* HyStart++, RFC 9406. */
struct congestion_hystart {
	uint32_t window_end;                  /* windowEnd, if 'started' */
	uint32_t last_min_us, current_min_us; /* lastRoundMinRTT, currentRoundMinRTT; 0: infinity */
	uint32_t css_baseline_us;             /* cssBaselineMinRtt, if 'in_css' */
	uint16_t samples;                     /* rttSampleCount, of N_RTT_SAMPLE */
	uint8_t css_rounds;                   /* complete ones, and the one in which it began */
	uint8_t in_css : 1, started : 1;
	uint32_t css_acked; /* bytes that have not made the window grow yet */
};

struct congestion {
	struct congestion_cubic cubic;
	struct congestion_hystart hystart;
	uint8_t epoch : 1;     /* a stage of congestion avoidance has begun */
	uint8_t after_rto : 1; /* no congestion avoidance since a time-out */
};
SPT_STATIC_ASSERT(sizeof(struct congestion) <= 64, "one line");

/* What happened. 'cwnd' and 'ssthresh' are the connection's, and are changed. */
struct congestion_event {
	uint32_t cwnd, ssthresh; /* cwnd from 1 MSS to CONGESTION_CWND_MAX */
	uint32_t mss;
	uint32_t now_us;
	uint32_t acked;    /* bytes newly delivered */
	uint32_t flight;   /* bytes that were in flight before */
	uint32_t rtt_us;   /* of this ACK, 0: no sample */
	uint32_t srtt_us;  /* 0: none yet */
	uint32_t una, nxt; /* after this ACK */
};

struct congestion_algorithm {
	const char *name;
	/* A new connection, or one whose state was given up while it was idle. */
	void (*init)(struct congestion *cc);
	/*
	 * Bytes were delivered and the window was what held the sender back (RFC 7661's concern;
	 * the caller looks); not in fast recovery. Slow start below ssthresh, else congestion
	 * avoidance: with cwnd = ssthresh either is right by RFC 5681 3.1. cwnd never shrinks.
	 */
	void (*acked)(struct congestion *cc, struct congestion_event *e);
	/*
	 * A congestion event by loss or ECN: sets ssthresh (never below 2 MSS), not cwnd. The
	 * caller does: after ECE cwnd may be 1 MSS where 0.7 (NewReno: 0.5) of the flight is less
	 * than 2 (RFC 9438 4.6, RFC 3168 6.1.2).
	 */
	void (*reduce)(struct congestion *cc, struct congestion_event *e, bool ecn);
	/* The first time-out of a segment: ssthresh; the caller sets cwnd to 1 MSS. */
	void (*timeout)(struct congestion *cc, struct congestion_event *e);
	/*
	 * The last reduction was for nothing (RFC 4015, RFC 9438 4.9): back to what it knew before.
	 * For the caller: cwnd and ssthresh, and this call only while cwnd is below what it was.
	 */
	void (*undo)(struct congestion *cc, const struct congestion *before);
	/*
	 * The sender was idle, or held back by the application, for 'us' (modulo 2^32, as the
	 * clock): time that does not count (RFC 9438 4.2). Told once it is over, before the next
	 * 'acked'.
	 */
	void (*idle)(struct congestion *cc, uint32_t us);
};

/* enum spt_congestion -> its functions. */
extern const struct congestion_algorithm *const congestion_algorithms[SPT_CONGESTION_ALGORITHMS];
extern const struct congestion_algorithm cubic_algorithm, newreno_algorithm;

/* RFC 6928: min (10 * MSS, max (2 * MSS, 14600)). */
static inline uint32_t
congestion_initial_window(uint32_t mss)
{
	uint32_t most = 2 * mss > 14600 ? 2 * mss : 14600;

	return 10 * mss < most ? 10 * mss : most;
}

/*
 * Slow start, RFC 5681 (2) with bytes counted (RFC 3465): L is 2 segments, 1 after a time-out. Up
 * to ssthresh, where congestion avoidance begins.
 */
void newreno_slow_start(const struct congestion *cc, struct congestion_event *e);

/*
 * The first slow start, with HyStart++: grows e->cwnd by what was acked (L is 8 segments: nothing
 * here is paced), and sets e->ssthresh = e->cwnd when delay says that it is enough.
 */
void hystart_acked(struct congestion_hystart *h, struct congestion_event *e);

/* floor (cube root (n)), n < 2^96. */
uint32_t cubic_root(unsigned __int128 n);

#endif

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

/* CUBIC, RFC 9438; of NewReno only 'acked' is used. */
struct congestion_cubic {
	uint32_t w_max;      /* W_max, bytes */
	uint32_t cwnd_prior; /* before the last reduction */
	uint32_t cwnd_epoch; /* at the begin of this stage of congestion avoidance */
	uint32_t epoch_us;   /* when it began, less the time without growth; if 'epoch' */
	uint32_t k_us;       /* K */
	uint32_t w_est;      /* W_est, bytes */
	uint32_t acked;      /* bytes towards the next segment of increase */
	uint32_t est_acked;  /* and of W_est */
};

/* HyStart++, RFC 9406. */
struct congestion_hystart {
	uint32_t window_end;                  /* of the round */
	uint32_t last_min_us, current_min_us; /* lastRoundMinRTT, currentRoundMinRTT; 0: infinity */
	uint32_t css_baseline_us;
	uint16_t samples;   /* rttSampleCount */
	uint8_t css_rounds; /* 0: not in Conservative Slow Start */
	uint8_t in_css : 1, started : 1;
	uint32_t css_acked; /* bytes towards growth by a quarter */
};

struct congestion {
	struct congestion_cubic cubic;
	struct congestion_hystart hystart;
	uint8_t epoch : 1; /* a stage of congestion avoidance has begun */
};
SPT_STATIC_ASSERT(sizeof(struct congestion) <= 64, "one line");

/* What happened. 'cwnd' and 'ssthresh' are the connection's, and are changed. */
struct congestion_event {
	uint32_t cwnd, ssthresh;
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
	 * the caller looks). Slow start and congestion avoidance.
	 */
	void (*acked)(struct congestion *cc, struct congestion_event *e);
	/* A congestion event by loss or ECN: sets ssthresh (never below 2 MSS), not cwnd. */
	void (*reduce)(struct congestion *cc, struct congestion_event *e, bool ecn);
	/* The first time-out of a segment: ssthresh; the caller sets cwnd to 1 MSS. */
	void (*timeout)(struct congestion *cc, struct congestion_event *e);
	/* The last reduction was for nothing (RFC 4015, RFC 9438 4.9.2): what it knew before. */
	void (*undo)(struct congestion *cc, const struct congestion *before);
	/* The sender was idle, or held back by the application, for 'us' (RFC 9438 4.2). */
	void (*idle)(struct congestion *cc, uint32_t us);
};

/* enum spt_congestion -> its functions. */
extern const struct congestion_algorithm *const congestion_algorithms[SPT_CONGESTION_ALGORITHMS];

/* RFC 6928: min (10 * MSS, max (2 * MSS, 14600)). */
static inline uint32_t
congestion_initial_window(uint32_t mss)
{
	uint32_t most = 2 * mss > 14600 ? 2 * mss : 14600;

	return 10 * mss < most ? 10 * mss : most;
}

/*
 * Slow start with HyStart++: grows e->cwnd by what was acked (RFC 5681 (2), L = 8 segments for
 * HyStart++), and sets e->ssthresh = e->cwnd when delay says that it is enough.
 */
void hystart_acked(struct congestion_hystart *h, struct congestion_event *e);
void hystart_init(struct congestion_hystart *h);

#endif

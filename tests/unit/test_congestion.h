/* SPDX-License-Identifier: BSD-3-Clause */
/* A sender for the tests of congestion control: time, ACKs and losses, and a window always full. */
#ifndef TESTS_UNIT_TEST_CONGESTION_H
#define TESTS_UNIT_TEST_CONGESTION_H

#include <math.h>
#include <string.h>

#include <rte_common.h>

#include <tcp/congestion.h>

#define MS     1000u
#define SECOND 1000000u

struct sender {
	const struct congestion_algorithm *algorithm;
	struct congestion cc;
	struct congestion_event e;
	uint32_t rtt_us;
	double us; /* of the clock, as fractions of a microsecond add up */
};

static inline struct sender
sender_new(const struct congestion_algorithm *algorithm, uint32_t segments, uint32_t rtt_us)
{
	struct sender s = {.algorithm = algorithm, .rtt_us = rtt_us};

	s.e.mss = 1448;
	s.e.cwnd = segments * s.e.mss;
	s.e.ssthresh = CONGESTION_SSTHRESH_INITIAL;
	s.e.srtt_us = rtt_us;
	memset(&s.cc, 0xff, sizeof(s.cc));
	algorithm->init(&s.cc);
	return s;
}

static inline double
sender_segments(const struct sender *s)
{
	return (double)s->e.cwnd / s->e.mss;
}

static inline void
sender_wait(struct sender *s, double us)
{
	double whole = floor(s->us + us);

	s->e.now_us += (uint32_t)((uint64_t)whole - (uint64_t)s->us);
	s->us += us;
}

static inline void
sender_ack(struct sender *s, uint32_t bytes)
{
	s->e.acked = bytes;
	s->e.flight = s->e.cwnd;
	s->e.una += bytes;
	s->e.nxt = s->e.una + s->e.cwnd - bytes;
	s->algorithm->acked(&s->cc, &s->e);
}

/* A round trip: a window is acknowledged, by at most 'acks' ACKs. */
static inline void
sender_round(struct sender *s, uint32_t acks)
{
	uint32_t cwnd = s->e.cwnd, n = RTE_MIN(acks, cwnd / s->e.mss), done = 0;

	for (uint32_t i = 1; i <= n; i++) {
		uint32_t upto = (uint32_t)((uint64_t)cwnd * i / n);

		sender_wait(s, (double)s->rtt_us / n);
		sender_ack(s, upto - done);
		done = upto;
	}
}

/* Loss, and the recovery that follows it, in no time. */
static inline void
sender_loss(struct sender *s)
{
	s->e.flight = s->e.cwnd;
	s->algorithm->reduce(&s->cc, &s->e, false);
	s->e.cwnd = s->e.ssthresh;
}

#endif

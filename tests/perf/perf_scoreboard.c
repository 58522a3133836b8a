/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles of the scoreboard and of RACK for a segment: without loss, and with one segment in a
 * hundred lost while a thousand are out; and for an acknowledgment whose blocks lie anywhere in 4
 * MiB that are out, once whole segments, once single bytes as a hostile peer has them. Network and
 * receiver work outside the timed spans, whose own cost is taken off: perf_scoreboard [ROUNDS].
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "env.h"
#include "tcp/rack.h"

#define SEGMENT     1448
#define WINDOW      1000
#define SEGMENTS    20000 /* in a round */
#define RING        8192  /* segments that the receiver remembers; a power of two */
#define BLOCKS      8
#define INTERRUPTED 1000000
#define STEP_US     12 /* a segment at 1 Gbit/s */
#define LARGE       ((4 << 20) / SEGMENT)
#define ANYWHERE    400 /* acknowledgments with blocks anywhere in that */
#define CHUNKS      4096

enum figure {
	SHORT_PAIRS,
	LONG_PAIRS,
	LONG_TRAINS,
	LOSS_SCOREBOARD,
	LOSS_RACK,
	SEGMENTS_SCOREBOARD,
	SEGMENTS_RACK,
	BYTES_SCOREBOARD,
	BYTES_RACK,
	FIGURES
};

static const char *const names[FIGURES] = {
    [SHORT_PAIRS] = "no loss, 10 out, ACK of 2: a segment",
    [LONG_PAIRS] = "no loss, 1000 out, ACK of 2: a segment",
    [LONG_TRAINS] = "no loss, 1000 out, ACK of 45: a segment",
    [LOSS_SCOREBOARD] = "1 % loss, 1000 out: scoreboard, an ACK",
    [LOSS_RACK] = "1 % loss, 1000 out: RACK, an ACK",
    [SEGMENTS_SCOREBOARD] = "4 MiB out, 3 segments anywhere: scoreboard",
    [SEGMENTS_RACK] = "4 MiB out, 3 segments anywhere: RACK",
    [BYTES_SCOREBOARD] = "4 MiB out, 3 bytes anywhere: scoreboard",
    [BYTES_RACK] = "4 MiB out, 3 bytes anywhere: RACK",
};

struct block {
	uint32_t start, end; /* segments */
};

/* A path of WINDOW segments, and a receiver that answers each. Segments are numbered. */
struct path {
	struct env_random random;
	uint32_t queue[WINDOW];
	uint32_t head, n;
	uint8_t have[RING];
	uint32_t rcv_nxt;
	struct block blocks[BLOCKS]; /* newest first (RFC 2018 4) */
	unsigned int n_blocks;
};

static struct pool chunks;
static struct scoreboard sb;
static struct path path;
static uint64_t span_cost; /* of rdtsc itself */

static void
calibrate(void)
{
	span_cost = UINT64_MAX;
	for (int i = 0; i < 1000; i++) {
		uint64_t t = rte_rdtsc();

		span_cost = RTE_MIN(span_cost, rte_rdtsc() - t);
	}
}

/* What was interrupted on the way is left out. */
static uint64_t
span(uint64_t since)
{
	uint64_t cycles = rte_rdtsc() - since;

	if (cycles < span_cost || cycles > INTERRUPTED)
		return 0;
	return cycles - span_cost;
}

/* 'out' segments are out all the time, an ACK is for 'train' of them. Timed as a whole. */
static double
no_loss(uint32_t out, uint32_t train)
{
	uint32_t una = 0, nxt = 0, now = 0;
	uint64_t t;

	scoreboard_init(&sb);
	for (; nxt < out * SEGMENT; nxt += SEGMENT)
		scoreboard_push(&sb, &chunks, nxt, SEGMENT, now, 0);
	t = rte_rdtsc();
	for (uint32_t i = 0; i < SEGMENTS; i += train) {
		struct delivery d = {0};

		now += train * STEP_US;
		una += train * SEGMENT;
		scoreboard_ack(&sb, &chunks, una, &d);
		if (d.news != train * SEGMENT)
			abort();
		for (uint32_t k = 0; k < train; k++, nxt += SEGMENT)
			scoreboard_push(&sb, &chunks, nxt, SEGMENT, now, 0);
	}
	t = rte_rdtsc() - t;
	scoreboard_clear(&sb, &chunks);
	return (double)t / SEGMENTS;
}

/* A block, the newest: those that it touches are part of it. */
static void
path_block(struct path *p, uint32_t i)
{
	struct block b = {i, i + 1};
	unsigned int n = 0;
	struct block kept[BLOCKS];

	while (b.start > p->rcv_nxt && p->have[(b.start - 1) % RING])
		b.start--;
	while (p->have[b.end % RING])
		b.end++;
	for (unsigned int k = 0; k < p->n_blocks && n < BLOCKS - 1; k++)
		if (p->blocks[k].end < b.start || p->blocks[k].start > b.end)
			kept[n++] = p->blocks[k];
	p->blocks[0] = b;
	memcpy(&p->blocks[1], kept, n * sizeof(kept[0]));
	p->n_blocks = n + 1;
}

/* The oldest segment on the way comes, or is lost. */
static bool
path_arrives(struct path *p)
{
	uint32_t i = p->queue[p->head];
	unsigned int n = 0;

	p->head = (p->head + 1) % WINDOW;
	p->n--;
	if (env_random_below(&p->random, 100) == 0)
		return false;
	if (i < p->rcv_nxt)
		return true;
	p->have[i % RING] = 1;
	if (i > p->rcv_nxt) {
		path_block(p, i);
		return true;
	}
	while (p->have[p->rcv_nxt % RING])
		p->have[p->rcv_nxt++ % RING] = 0;
	for (unsigned int k = 0; k < p->n_blocks; k++)
		if (p->blocks[k].start > p->rcv_nxt)
			p->blocks[n++] = p->blocks[k];
	p->n_blocks = n;
	return true;
}

static void
path_send(struct path *p, uint32_t seq)
{
	p->queue[(p->head + p->n++) % WINDOW] = seq / SEGMENT;
}

/* An ACK with the three blocks that fit beside timestamps, and what the sender does with it. */
static void
one_ack(struct rack *rack, uint32_t now, uint32_t nxt, uint64_t cycles[2])
{
	uint32_t una = path.rcv_nxt * SEGMENT, blocks = RTE_MIN(path.n_blocks, 3u), lost;
	struct delivery d = {0};
	struct rack_ack a;
	uint64_t t = rte_rdtsc();

	scoreboard_ack(&sb, &chunks, una, &d);
	for (uint32_t k = 0; k < blocks; k++)
		scoreboard_sack(
		    &sb, &chunks, path.blocks[k].start * SEGMENT, path.blocks[k].end * SEGMENT, &d);
	cycles[0] += span(t);
	a = (struct rack_ack){
	    .now_us = now,
	    .srtt_us = WINDOW * STEP_US,
	    .una = una,
	    .nxt = nxt,
	    .mss = SEGMENT,
	    .in_recovery = sb.sacked > 0,
	    .sacked = sb.segments,
	};
	t = rte_rdtsc();
	rack_update(rack, &a, &d);
	rack_detect_loss(rack, &sb, &chunks, now, rack_reo_wnd(rack, &a), &lost);
	cycles[1] += span(t);
}

/* Cycles of an ACK: [0] of the scoreboard, with sending, [1] of RACK. */
static void
with_loss(double result[2])
{
	uint64_t cycles[2] = {0};
	uint32_t nxt = 0, now = 0, acks = 0;
	struct rack rack;

	scoreboard_init(&sb);
	rack_init(&rack);
	path.head = path.n = path.rcv_nxt = path.n_blocks = 0;
	memset(path.have, 0, sizeof(path.have));
	while (acks < SEGMENTS) {
		uint64_t t = rte_rdtsc();
		struct sent *s = scoreboard_lost(&sb, &chunks);

		now += STEP_US;
		if (s != NULL) {
			path_send(&path, s->seq);
			scoreboard_sent_again(&sb, s, now);
		} else {
			path_send(&path, nxt);
			if (!scoreboard_push(&sb, &chunks, nxt, SEGMENT, now, 0))
				abort();
			nxt += SEGMENT;
		}
		cycles[0] += span(t);
		if (path.n < WINDOW || !path_arrives(&path))
			continue;
		one_ack(&rack, now, nxt, cycles);
		acks++;
	}
	scoreboard_clear(&sb, &chunks);
	result[0] = (double)cycles[0] / acks;
	result[1] = (double)cycles[1] / acks;
}

/* Cycles of an ACK of three blocks of 'len' at multiples of it in LARGE: as with_loss() has it. */
static void
anywhere(uint32_t len, double result[2])
{
	uint64_t cycles[2] = {0};
	struct rack rack;

	scoreboard_init(&sb);
	rack_init(&rack);
	for (uint32_t i = 0; i < LARGE; i++)
		if (!scoreboard_push(&sb, &chunks, i * SEGMENT, SEGMENT, i, 0))
			abort();
	for (unsigned int i = 0; i < ANYWHERE; i++) {
		struct delivery d = {0};
		uint32_t at[3], lost, now = LARGE + 50000;
		struct rack_ack a = {.now_us = now, .srtt_us = 40000, .nxt = LARGE * SEGMENT};
		uint64_t t;

		for (unsigned int k = 0; k < 3; k++)
			at[k] =
			    (1 + env_random_below(&path.random, LARGE * SEGMENT / len - 1)) * len;
		t = rte_rdtsc();
		for (unsigned int k = 0; k < 3; k++)
			scoreboard_sack(&sb, &chunks, at[k], at[k] + len, &d);
		cycles[0] += span(t);
		t = rte_rdtsc();
		rack_update(&rack, &a, &d);
		rack_detect_loss(&rack, &sb, &chunks, now, 1u << 20, &lost);
		cycles[1] += span(t);
	}
	scoreboard_clear(&sb, &chunks);
	result[0] = (double)cycles[0] / ANYWHERE;
	result[1] = (double)cycles[1] / ANYWHERE;
}

int
main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : 21;
	double *samples[FIGURES];

	if (rounds < 1) {
		fprintf(stderr, "usage: perf_scoreboard [ROUNDS], from 1\n");
		return 2;
	}
	for (int f = 0; f < FIGURES; f++)
		samples[f] = calloc(rounds, sizeof(double));
	if (pool_init(&chunks, CHUNKS, sizeof(struct sent_chunk), -1) != 0)
		return 1;
	env_random_seed(&path.random, 1);
	calibrate();
	for (unsigned int r = 0; r < rounds + 1; r++) {
		unsigned int at = r == 0 ? 0 : r - 1; /* a round to warm up */
		double loss[2];

		samples[SHORT_PAIRS][at] = no_loss(10, 2);
		samples[LONG_PAIRS][at] = no_loss(WINDOW, 2);
		samples[LONG_TRAINS][at] = no_loss(WINDOW, 45);
		with_loss(loss);
		samples[LOSS_SCOREBOARD][at] = loss[0];
		samples[LOSS_RACK][at] = loss[1];
		anywhere(SEGMENT, loss);
		samples[SEGMENTS_SCOREBOARD][at] = loss[0];
		samples[SEGMENTS_RACK][at] = loss[1];
		anywhere(1, loss);
		samples[BYTES_SCOREBOARD][at] = loss[0];
		samples[BYTES_RACK][at] = loss[1];
	}
	printf("%-45s %8s %8s %8s\n", "cycles", "least", "median", "most");
	for (int f = 0; f < FIGURES; f++) {
		struct bench_spread s = bench_spread(samples[f], rounds);

		printf("%-45s %8.1f %8.1f %8.1f\n", names[f], s.least, s.median, s.most);
		free(samples[f]);
	}
	pool_fini(&chunks);
	return 0;
}

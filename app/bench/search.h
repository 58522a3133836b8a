/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The search for the highest rate that is sustained (RFC 2544 26.1 seeks throughput so): which
 * rate is tried next follows from what became of those before. It only reckons; control.c runs
 * the trials. A machine shared with others has bad moments: a rate fails when it failed twice.
 */
#ifndef SPT_APP_BENCH_SEARCH_H
#define SPT_APP_BENCH_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/bench.h"

#define SEARCH_PRECISION 0.01  /* the bracket at the end, of the rate */
#define SEARCH_STEP      0.10  /* until there is a bracket */
#define SEARCH_BACK      0.02  /* down at least, when a longer run did not confirm the rate */
#define SEARCH_OFFERED   0.99  /* of the rate asked for: less has fallen behind */
#define SEARCH_LATE      0.50  /* of the attempts begun late ... */
#define SEARCH_LATE_NS   500e6 /* ... and the latest by more than this: fallen behind, too */
#define SEARCH_TRIALS    40    /* rates that are tried at most */
#define SEARCH_CONFIRMS  8     /* rates that are tried for longer at most */

enum search_state {
	SEARCH_TRYING,     /* run a short trial of 'rate' */
	SEARCH_CONFIRMING, /* run a long one */
	SEARCH_FOUND,      /* 'rate' was confirmed */
	SEARCH_NOTHING,    /* none was; 'rate' is the last that was tried */
};

struct search {
	enum search_state state;
	double rate;        /* to be tried next */
	double low, high;   /* highest that passed, lowest that failed twice; 0: none */
	double asked_again; /* that 'high' was tried once more at the end */
	bool again;         /* it failed once, and then this much was achieved */
	double achieved;
	unsigned int trials, confirms;
};

enum search_verdict {
	SEARCH_PASSED,
	SEARCH_FAILURES, /* too many attempts failed */
	SEARCH_BEHIND,   /* fewer were begun than asked for */
	SEARCH_LATENESS, /* most of them late, and by much */
	SEARCH_EMPTY,    /* nothing was attempted */
};

/* What became of one trial. */
struct search_trial {
	double asked;          /* rate */
	double begun_share;    /* begun of what was asked for in that time */
	double done_share;     /* of the same, what did not fail */
	double failures_share; /* of the attempts */
	double late_share;     /* of the attempts */
	double late_ns;        /* the latest */
	enum search_verdict verdict;
};

/* 'region': about the rate at which the search begins, from a moment as fast as possible. */
void search_begin(struct search *s, double region);

/*
 * Judge a stretch of load of 'seconds' at 'rate'; 'attempted' is what the rate counts:
 * connections, or requests. Shares of failures are of all that was due, also of what could not be
 * begun.
 */
void search_judge(struct search_trial *t, double rate, double seconds, uint64_t attempted,
    const struct bench_totals *totals, double max_failures);

/* The next state and rate, after a trial of s->rate. */
void search_next(struct search *s, const struct search_trial *t);

/* "612000/s: passed", "...: falls behind, 97.2 % begun; once more" */
const char *search_text(
    const struct search *before, const struct search_trial *t, char *text, size_t size);

#endif

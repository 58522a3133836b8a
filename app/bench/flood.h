/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `septet bench --mode flood`: first the way to the targets, then the largest rate that the port
 * carries without loss, if a step is a share of it, then the steps: honest clients at their rate
 * beside a flood, for --duration each.
 */
#ifndef SPT_APP_FLOOD_H
#define SPT_APP_FLOOD_H

#include "bench/phase.h"
#include "bench/search.h"

/* What a step came to. */
struct flood_step {
	struct flood_ask ask;
	double asked;   /* frames a second */
	double offered; /* the same, that were made: fewer, if a core was too slow for them */
	double carried; /* the same, that the port took */
	double share;   /* asked, of the largest rate without loss; < 0: that is unknown */
	double seconds; /* see flood_seconds */
	uint64_t lost;  /* frames of either kind, either way */
	struct flood_counts counts;
	struct bench_totals totals;         /* of the honest clients */
	uint64_t p50, p99, max;             /* ns, of their handshakes; 0: none */
	struct spt_runtime_snapshot server; /* its differences, if it is here */
	double server_busy, cpu_share;      /* < 0: unknown */
};

/* Around the port of an own core: spt_runtime_config.wrap_port. */
int flood_wrap_port(void *app, unsigned int core, unsigned int port_index, struct rte_mempool *pool,
    struct spt_port **port, char *error, size_t error_size);

/* All of it, on the thread beside the cores. 0, or a negative errno with bench->error. */
int flood_run(struct phase_runner *r);

/* How long the flood of 'cores' lasted, without what others had of our processors meanwhile. */
double flood_seconds(const struct bench_result *r, unsigned int cores);

/*
 * Did nobody lose a frame of either kind, and was it the rate that was asked for? done_share is
 * what went through.
 */
void flood_judge(
    struct search_trial *t, double asked, const struct bench_result *r, unsigned int cores);

/* Of all attempts of a step, those that completed; whose first SYN sufficed. < 0: there are none.
 */
double flood_success_share(const struct flood_step *s);
double flood_first_syn_share(const struct flood_step *s);

/* Frames that were lost, for each that the flood made. < 0: it made none. */
double flood_lost_share(const struct flood_step *s);

/* SYNs that the server answered by a cookie, and those that it dropped for want of a record. */
uint64_t flood_cookies(const struct flood_step *s);
uint64_t flood_dropped(const struct flood_step *s);

/* ---- flood_report.c ------------------------------------------------------------ */

/* What is going to happen. */
void flood_print_start(const struct bench *bench);
/* The line of the step that was the last; all of them with a heading. */
void flood_print_step(const struct bench *bench);
void flood_print_table(const struct bench *bench);
/* Are the flood's frames accounted for? */
bool flood_print_law(const struct bench *bench);

/* ---- flood_plot.c ---------------------------------------------------------------- */

/* The steps as a picture: shares over the flood's rate, and how long handshakes took. */
void flood_plot(FILE *f, const struct bench *bench);

#endif

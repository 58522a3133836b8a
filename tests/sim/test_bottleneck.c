/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Congestion control against theory, through a bottleneck in virtual time: the macroscopic model
 * of Mathis et al. (RFC 3649 1 has it: W = 1.2 / sqrt(p)), the curve of RFC 9438, and how equally
 * flows share a line. 'sim_bottleneck --plot FILE newreno|cubic' draws the window of a long
 * transfer instead.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lib/bottleneck.h>
#include <lib/env.h>

#define MS      SPT_NS_PER_MS
#define SEC     SPT_NS_PER_SEC
#define SAMPLES 4096
#define QUEUE   15000 /* frames on the line at most: more than any window here */

static struct {
	unsigned int n;
	spt_time every;
	uint32_t mss, cwnd[SAMPLES], ssthresh[SAMPLES];
} trace;

static void
trace_sample(void *arg, spt_time since, unsigned int flow, const struct spt_conn_info *info)
{
	if (trace.n == SAMPLES)
		return;
	trace.mss = info->mss;
	trace.cwnd[trace.n] = info->cwnd;
	trace.ssthresh[trace.n++] = info->ssthresh;
}

static void
trace_into(struct bottleneck_config *config, spt_time every)
{
	memset(&trace, 0, sizeof(trace));
	trace.every = every;
	config->sample_every = every;
	config->sample = trace_sample;
}

/* ---- Mathis ------------------------------------------------------------------------------ */

/* Payload a second that losses let through: MSS / RTT * sqrt(3/2) / sqrt(p). */
static double
mathis(double mss, double rtt, double p)
{
	return mss * 8 / rtt * sqrt(1.5) / sqrt(p);
}

static void
test_mathis(void **state)
{
	static const uint32_t ppm[] = {500, 1000, 2000, 5000};
	struct bottleneck_config config = {
	    .forward = {.delay_ns = 50 * MS, .queue_limit = QUEUE},
	    .back = {.delay_ns = 50 * MS, .queue_limit = QUEUE},
	    .sender = {.congestion = SPT_CONGESTION_NEWRENO},
	    /* The model's constant is that of a receiver that acknowledges each segment. */
	    .receiver = {.no_delayed_ack = true},
	    .warm_up = 20 * SEC,
	    .run = 300 * SEC,
	    .unwatched = true,
	};
	struct bottleneck_result r;

	for (unsigned int i = 0; i < 4; i++) {
		double ratio, p, theory;

		config.seed = 10 + i;
		config.forward.loss_ppm = ppm[i];
		trace_into(&config, SEC);
		assert_true(bottleneck_run(&config, "mathis", &r));
		/* What was lost, not what was meant to be: a run has some hundred losses. */
		p = (double)r.forward.impaired[SPT_IMPAIR_LOST] / (double)r.forward.in;
		theory = mathis(trace.mss, 0.1, p);
		ratio = (double)r.goodput_bps / theory;
		print_message("loss %.3f %%: %.3f Mbit/s, %.2f of Mathis\n", 100 * p,
		    (double)r.goodput_bps / 1e6, ratio);
		assert_true(ratio > 0.8 && ratio < 1.2);
	}
}

/* ---- bursts ------------------------------------------------------------------------------- */

/*
 * Without a rate a window arrives at once, and so do its acknowledgments: in one turn, which sends
 * for them when all are read. What a loss costs, and what they let grow, is to be the same.
 */
static void
test_bursts(void **state)
{
	uint64_t paced = 0, bursts = 0;

	for (unsigned int i = 0; i < 10; i++) {
		struct bottleneck_config config = {
		    .seed = 100 + i,
		    .forward = {.delay_ns = 20 * MS, .loss_ppm = 10000, .rate_bps = 100000000},
		    .back = {.delay_ns = 20 * MS, .loss_ppm = 10000, .rate_bps = 100000000},
		    .warm_up = SEC,
		    .run = 60 * SEC,
		    .unwatched = true,
		};
		struct bottleneck_result r;

		assert_true(bottleneck_run(&config, "paced", &r));
		paced += r.goodput_bps / 10;
		config.forward.rate_bps = 0;
		config.back.rate_bps = 0;
		assert_true(bottleneck_run(&config, "bursts", &r));
		bursts += r.goodput_bps / 10;
	}
	print_message("loss 1 %%, 40 ms: %.3f Mbit/s, in bursts %.3f Mbit/s\n", (double)paced / 1e6,
	    (double)bursts / 1e6);
	assert_true((double)bursts > 0.85 * (double)paced);
}

/* ---- fairness ------------------------------------------------------------------------------ */

static double
fairness(unsigned int flows, enum spt_congestion which)
{
	struct bottleneck_config config = {
	    .seed = 3,
	    .forward = {.rate_bps = 20000000, .delay_ns = 25 * MS, .buffer_bytes = 125000},
	    /* No two hosts are in step by the nanosecond. */
	    .back = {.delay_ns = 25 * MS, .jitter_ns = MS, .queue_limit = QUEUE},
	    .sender = {.congestion = (uint8_t)which},
	    .flows = flows,
	    .stagger = 300 * MS,
	    .warm_up = 15 * SEC,
	    .run = 40 * SEC,
	};
	struct bottleneck_result r;
	double index;

	assert_true(bottleneck_run(&config, "fairness", &r));
	index = bottleneck_jain(r.delivered, flows);
	print_message("%u flows of %s: Jain's index %.3f, %.3f Mbit/s together\n", flows,
	    which == SPT_CONGESTION_CUBIC ? "CUBIC" : "NewReno", index,
	    (double)r.goodput_bps / 1e6);
	assert_true(r.goodput_bps > 17000000);
	return index;
}

static void
test_fairness_of_two(void **state)
{
	assert_true(fairness(2, SPT_CONGESTION_NEWRENO) >= 0.95);
	assert_true(fairness(2, SPT_CONGESTION_CUBIC) >= 0.95);
}

static void
test_fairness_of_ten(void **state)
{
	assert_true(fairness(10, SPT_CONGESTION_NEWRENO) >= 0.95);
	assert_true(fairness(10, SPT_CONGESTION_CUBIC) >= 0.95);
}

static void
test_jain(void **state)
{
	static const uint64_t equal[] = {7, 7, 7, 7}, one[] = {9, 0, 0, 0}, none[] = {0, 0};

	assert_true(fabs(bottleneck_jain(equal, 4) - 1.0) < 1e-9);
	assert_true(fabs(bottleneck_jain(one, 4) - 0.25) < 1e-9);
	assert_true(bottleneck_jain(none, 2) == 0);
}

/* ---- a long transfer ----------------------------------------------------------------------- */

/* A small buffer, so that the round trip hardly changes, and windows of hundreds of segments. */
static void
long_transfer(enum spt_congestion which, struct bottleneck_result *r)
{
	struct bottleneck_config config = {
	    .seed = 1,
	    .forward = {.rate_bps = 50000000,
	        .delay_ns = 50 * MS,
	        .buffer_bytes = 62500,
	        .queue_limit = QUEUE},
	    .back = {.delay_ns = 50 * MS, .queue_limit = QUEUE},
	    .sender = {.congestion = (uint8_t)which},
	    .run = 60 * SEC,
	};

	trace_into(&config, 50 * MS);
	assert_true(bottleneck_run(&config, "long transfer", r));
}

static int
plot(const char *path, const char *name)
{
	struct bottleneck_result r;
	double most = 1, width = 900, height = 360, left = 60, top = 40;
	FILE *f = fopen(path, "w");

	if (f == NULL) {
		perror(path);
		return 2;
	}
	long_transfer(
	    strcmp(name, "cubic") == 0 ? SPT_CONGESTION_CUBIC : SPT_CONGESTION_NEWRENO, &r);
	for (unsigned int i = 0; i < trace.n; i++)
		most = fmax(most, (double)trace.cwnd[i] / trace.mss);
	fprintf(f,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
	    "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" "
	    "fill=\"white\"/>\n<text x=\"%.0f\" y=\"20\">cwnd of a bulk transfer, %s: 50 Mbit/s, "
	    "100 ms, buffer 62.5 kB; %.1f Mbit/s of payload</text>\n",
	    width + left + 20, height + top + 40, left, name, (double)r.goodput_bps / 1e6);
	for (unsigned int i = 0; i <= 5; i++) {
		double x = left + width * i / 5, y = top + height * (5 - i) / 5;

		fprintf(f,
		    "<path d=\"M%.0f %.0fH%.0f\" stroke=\"#ddd\"/><text x=\"%.0f\" y=\"%.0f\" "
		    "text-anchor=\"end\">%.0f</text><text x=\"%.0f\" y=\"%.0f\" "
		    "text-anchor=\"middle\">%.0f s</text>\n",
		    left, y, left + width, left - 6, y + 4, most * i / 5, x, top + height + 18,
		    (double)trace.n * (double)trace.every / 1e9 * i / 5);
	}
	fprintf(f,
	    "<text x=\"6\" y=\"%.0f\">segments</text>\n<polyline fill=\"none\" "
	    "stroke=\"#06c\" points=\"",
	    top - 8);
	for (unsigned int i = 0; i < trace.n; i++)
		fprintf(f, "%.1f,%.1f ", left + width * i / trace.n,
		    top + height * (1 - (double)trace.cwnd[i] / trace.mss / most));
	fprintf(f, "\"/>\n</svg>\n");
	return fclose(f) == 0 ? 0 : 2;
}

/* ---- RFC 9438 ------------------------------------------------------------------------------ */

/* Of one stage of congestion avoidance: from the sample 'from', to the next reduction. */
struct stage {
	unsigned int from, to;
	double w_max; /* segments */
};

/* 4.2, Figure 1 and 2: segments at 't' seconds into a stage. */
static double
w_cubic(double w_max, double cwnd_epoch, double t)
{
	double k = cbrt((w_max - cwnd_epoch) / 0.4);

	return 0.4 * pow(t - k, 3) + w_max;
}

/* Compare samples of a stage with the curve; returns the largest deviation, as a share. */
static double
stage_deviation(const struct stage *s)
{
	double epoch = (double)trace.cwnd[s->from] / trace.mss, worst = 0;

	for (unsigned int i = s->from; i < s->to; i++) {
		double t = (double)(i - s->from) * (double)trace.every / 1e9;
		double w = (double)trace.cwnd[i] / trace.mss;

		worst = fmax(worst, fabs(w / w_cubic(s->w_max, epoch, t) - 1));
	}
	return worst;
}

/* Where the window is least, at last, in the samples of half a second: there recovery is over. */
static unsigned int
find_least(unsigned int i)
{
	unsigned int least = i, end = i + (unsigned int)(SEC / 2 / trace.every);

	for (; i < end && i < trace.n; i++)
		if (trace.cwnd[i] <= trace.cwnd[least])
			least = i;
	return least;
}

/*
 * Stages that begin with a reduction by loss: ssthresh changes, the window is brought to it during
 * recovery, and begins to grow when that is over.
 */
static unsigned int
find_stages(struct stage *stages, unsigned int most)
{
	double w_max = 0, before;
	unsigned int n = 0;

	for (unsigned int i = 1; i < trace.n && n < most; i++) {
		if (trace.ssthresh[i] == trace.ssthresh[i - 1]) {
			if (n > 0)
				stages[n - 1].to = i;
			continue;
		}
		before = (double)trace.cwnd[i - 1] / trace.mss;
		/* 4.7: who finds less than the last time gives way (fast convergence). */
		w_max = before < w_max ? before * (1 + 0.7) / 2 : before;
		stages[n].from = stages[n].to = find_least(i);
		stages[n++].w_max = w_max;
	}
	return n;
}

static void
test_cubic_curve(void **state)
{
	struct stage stages[32];
	struct bottleneck_result r;
	unsigned int n, clean = 0;

	long_transfer(SPT_CONGESTION_CUBIC, &r);
	n = find_stages(stages, 32);
	for (unsigned int i = 1; i < n; i++) {
		double seconds =
		    (double)(stages[i].to - stages[i].from) * (double)trace.every / 1e9;
		double worst = stage_deviation(&stages[i]);

		print_message("a stage of %.1f s from %.1f s, W_max %.0f: within %.1f %%\n",
		    seconds, (double)stages[i].from * (double)trace.every / 1e9, stages[i].w_max,
		    100 * worst);
		if (seconds < 3)
			continue;
		assert_true(worst < 0.05);
		clean++;
	}
	assert_true(clean >= 3);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_jain),
	    cmocka_unit_test(test_mathis),
	    cmocka_unit_test(test_bursts),
	    cmocka_unit_test(test_fairness_of_two),
	    cmocka_unit_test(test_fairness_of_ten),
	    cmocka_unit_test(test_cubic_curve),
	};

	if (argc == 4 && strcmp(argv[1], "--plot") == 0) {
		env_start();
		return plot(argv[2], argv[3]);
	}
	return cmocka_run_group_tests_name("sim: bottleneck", tests, env_group_setup, NULL);
}

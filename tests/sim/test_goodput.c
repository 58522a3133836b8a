/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Goodput of a bulk transfer over loss x delay x buffer x congestion control, through a bottleneck
 * of 20 Mbit/s: a table in goodput.snapshot beside this file. Whoever changes it shows a diff:
 *
 *	GOODPUT_SNAPSHOT=write build/tests/sim_goodput
 *
 * writes it anew. Everything is integers and virtual time, so it is the same with every compiler.
 */
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <lib/bottleneck.h>
#include <lib/env.h>

#define RATE    UINT64_C(20000000)
#define MTU     1514 /* bytes of a full frame */
#define WARM_UP (2 * SPT_NS_PER_SEC)
#define RUN     (12 * SPT_NS_PER_SEC)
#define LINES   64
#define LENGTH  120

static const struct {
	const char *name;
	uint32_t loss_ppm, burst_ppm, burst_frames;
} losses[] = {
    {"0", 0, 0, 0},
    {"0.1%", 1000, 0, 0},
    {"1%", 10000, 0, 0},
    {"5%", 50000, 0, 0},
    {"1%:4", 0, 10000, 4},
};
static const unsigned int delays_ms[] = {5, 50};         /* one way */
static const unsigned int buffers_percent[] = {25, 100}; /* of rate x round trip */
static const struct {
	const char *name;
	enum spt_congestion which;
} congestions[] = {{"newreno", SPT_CONGESTION_NEWRENO}, {"cubic", SPT_CONGESTION_CUBIC}};

static char table[LINES][LENGTH];
static unsigned int n_lines;

static void
add_line(const char *format, ...)
{
	va_list args;

	assert_true(n_lines < LINES);
	va_start(args, format);
	vsnprintf(table[n_lines++], LENGTH, format, args);
	va_end(args);
}

static void
add_cell(size_t loss, unsigned int delay_ms, unsigned int percent, size_t congestion)
{
	uint64_t product = RATE / 8 * 2 * delay_ms / 1000, bytes = product * percent / 100;
	struct bottleneck_config config = {
	    .seed = 1,
	    .forward = {.rate_bps = RATE,
	        .delay_ns = delay_ms * SPT_NS_PER_MS,
	        .buffer_bytes = bytes > 4 * MTU ? bytes : 4 * MTU,
	        .loss_ppm = losses[loss].loss_ppm,
	        .burst_ppm = losses[loss].burst_ppm,
	        .burst_frames = losses[loss].burst_frames},
	    .back = {.delay_ns = delay_ms * SPT_NS_PER_MS, .queue_limit = 10000},
	    .sender = {.congestion = (uint8_t)congestions[congestion].which},
	    .warm_up = WARM_UP,
	    .run = RUN,
	};
	struct bottleneck_result r;
	char name[64];

	snprintf(name, sizeof(name), "%s %u ms %u %% %s", losses[loss].name, delay_ms, percent,
	    congestions[congestion].name);
	assert_true(bottleneck_run(&config, name, &r));
	/* The longest RTO that any of these may come to: nothing is ever silent for longer. */
	assert_true(r.longest_silence < 30 * SPT_NS_PER_SEC);
	assert_true(r.goodput_bps <= RATE);
	add_line("%-6s %5u %6u  %-8s %3" PRIu64 ".%03" PRIu64 " %6" PRIu64 " %4" PRIu64 "\n",
	    losses[loss].name, delay_ms, percent, congestions[congestion].name,
	    r.goodput_bps / 1000000, r.goodput_bps / 1000 % 1000, r.sender.segments_retransmitted,
	    r.sender.rto_expirations);
}

/* goodput.snapshot beside this file, which compilers call by a path from the build's folder. */
static FILE *
snapshot_open(const char *mode)
{
	char path[2 * PATH_MAX], exe[PATH_MAX], file[] = __FILE__;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n > 0 ? n : 0] = '\0';
	for (int up = 0; up < 2; up++)
		*strrchr(exe, '/') = '\0';
	*strrchr(file, '/') = '\0';
	snprintf(path, sizeof(path), "%s%s%s/goodput.snapshot", file[0] == '/' ? "" : exe,
	    file[0] == '/' ? "" : "/", file);
	return fopen(path, mode);
}

static void
make_table(void)
{
	add_line("# loss delay buffer congestion goodput retransmitted time-outs\n");
	add_line("# (ms one way, %% of rate x round trip, Mbit/s of 20, segments, in 14 s)\n");
	for (size_t l = 0; l < sizeof(losses) / sizeof(losses[0]); l++)
		for (size_t d = 0; d < 2; d++)
			for (size_t b = 0; b < 2; b++)
				for (size_t c = 0; c < 2; c++)
					add_cell(l, delays_ms[d], buffers_percent[b], c);
}

static void
test_snapshot(void **state)
{
	const char *how = getenv("GOODPUT_SNAPSHOT");
	bool write = how && strcmp(how, "write") == 0, same = true;
	FILE *f = snapshot_open(write ? "w" : "r");
	char line[LENGTH];

	assert_non_null(f);
	make_table();
	for (unsigned int i = 0; i < n_lines; i++) {
		if (write) {
			fputs(table[i], f);
			continue;
		}
		if (fgets(line, sizeof(line), f) == NULL)
			line[0] = '\0';
		if (strcmp(line, table[i]) == 0)
			continue;
		print_error("- %s+ %s", line[0] ? line : "\n", table[i]);
		same = false;
	}
	same = same && (write || fgets(line, sizeof(line), f) == NULL);
	fclose(f);
	if (!same)
		fail_msg("the goodput is another: if it is meant to be, GOODPUT_SNAPSHOT=write");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_snapshot)};

	return cmocka_run_group_tests_name("sim: goodput", tests, env_group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of `septet bridge`: its options, its loop, and the thread that watches it. */
#ifndef SPT_APP_BRIDGE_H
#define SPT_APP_BRIDGE_H

#include "bridge/core.h"
#include "common/link.h"
#include "common/output.h"

struct bridge_options {
	struct link_options link;
	uint16_t mtu; /* of both ports */
	uint32_t mbufs;
	uint32_t duration_ms; /* 0: until a signal */
	struct output json;
	char *const *eal;
	unsigned int n_eal;
};

struct bridge {
	struct bridge_options options;
	struct spt_open_ports ports;
	struct bridge_core core;
	bool idle_sleep;
	spt_time begun, ended; /* the loop */
	/* Between the loop and the thread beside it; all atomic but 'stats'. */
	uint32_t stop;
	uint32_t asked, answered; /* 'stats' is as of the answer to that question */
	struct bridge_stats stats;
};

/* 0; 1: --help was asked for; or a negative errno with one line in 'error'. */
int bridge_options_parse(
    struct bridge_options *o, int argc, char **argv, char *error, size_t error_size);
void bridge_options_free(struct bridge_options *o);
void bridge_options_help(FILE *out);

/* The loop, on the calling thread until 'stop'; leaves its end in 'stats'. */
void bridge_loop(struct bridge *bridge);

/* The thread that waits for signals and the time, and prints a line each second. 0 or an errno. */
int bridge_control_start(struct bridge *bridge);
void bridge_control_join(void);

/* Lines at the start; 'user': what became of privileges. */
void bridge_print_start(
    const struct bridge *bridge, const struct spt_eal_info *eal, const char *user);

/* What happened since 'last'. */
void bridge_print_second(const struct bridge_stats *now, const struct bridge_stats *last);

/* The summary and the JSON file. False: the sums do not match, mbufs were lost, or not written. */
bool bridge_print_end(struct bridge *bridge, const struct spt_runtime_leaks *leaks);

/* The subcommand: argv[0] is its first argument. Returns the exit code. */
int bridge_main(int argc, char **argv);

#endif

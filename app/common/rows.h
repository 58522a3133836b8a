/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows of options that subcommands have in common, and the headings of the help. */
#ifndef SPT_APP_ROWS_H
#define SPT_APP_ROWS_H

#include "common/link.h"
#include "common/option.h"

#define GROUP_PORT  "Ports: what follows a --port belongs to it; with one the order does not matter"
#define GROUP_WHAT  "What"
#define GROUP_MUCH  "How much"
#define GROUP_ROOM  "Room, for each core"
#define GROUP_TCP   "Behaviour of TCP"
#define GROUP_CORES "Cores, memory and privileges"
#define GROUP_RUN   "The run and its output"

#define ROWS_MS_DAY 86400000
/* What fits into 32 bits of milliseconds, in whole hours. */
#define ROWS_MS_MOST UINT64_C(4294800000)

#define ROWS_SETS 6

/* All sets of a subcommand: its own rows among the common ones, and what those fill in. */
void rows_common(struct option_set sets[ROWS_SETS], struct option_set own,
    struct link_options *link, struct spt_config *engine, struct spt_conn_options *conn);

/* Of a subcommand that only passes frames on: what a port does to them, and the run. */
struct option_set rows_impair(struct link_options *link);
struct option_set rows_run(struct link_options *link);

/* "auto", "always", "never": of --syn-cookies. 0, or -EINVAL with the words in 'error'. */
int rows_choose_cookies(
    const char *value, enum spt_syn_cookies *cookies, char *error, size_t error_size);
const char *rows_cookies_name(enum spt_syn_cookies cookies);

/* "cubic", "accept": as --congestion and --ecn call them. */
const char *rows_congestion_name(enum spt_congestion congestion);
const char *rows_ecn_name(enum spt_ecn ecn);

#endif

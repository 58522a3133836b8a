/* SPDX-License-Identifier: BSD-3-Clause */
/* The ports of a run, as they are shown: at its start, at its end, and in JSON. */
#ifndef SPT_APP_PORTS_H
#define SPT_APP_PORTS_H

#include <jansson.h>
#include <stdbool.h>

#include "common/link.h"

/* What each of them came to. */
struct ports_end {
	struct spt_runtime_info info;
	struct spt_runtime_snapshot port[SPT_PORTS];
};

/* For each a line that says what it is, and then who we are there. 'cores': wanted of each. */
void ports_print_start(
    const struct link_options *link, const struct spt_runtime_info *info, unsigned int cores);

/* Mbit/s of all together; 0 unless every one has a speed. */
uint64_t ports_speed(const struct spt_runtime_info *info);

/* After the loops, before the runtime is destroyed. */
void ports_take(struct ports_end *end, struct spt_runtime *runtime);

/* The law of the counters: every frame received is in exactly one verdict. Does it hold? */
bool ports_print_law(const char *who, const struct spt_stats *stats);

/* Where there are several, each by itself: frames, if not 'quiet', and the law. */
bool ports_print_end(const struct ports_end *end, bool quiet);

/* An array, also of one. */
json_t *ports_json(const struct ports_end *end, const struct link_options *link);

#endif

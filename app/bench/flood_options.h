/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of `septet bench --mode flood`: what floods, how much, and where it may not. A flood
 * is a weapon: without more words it goes only to an address of a private or test range, on the
 * link of an --address, by a port that is no hardware; its sources are never public.
 */
#ifndef SPT_APP_FLOOD_OPTIONS_H
#define SPT_APP_FLOOD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <septet/septet.h>

#include "bench/flood_port.h"
#include "common/option.h"

#define FLOOD_STEPS       32
#define FLOOD_ANYWHERE    64
#define FLOOD_RATE_MOST   100e6 /* frames a second */
#define FLOOD_SHARE_MOST  10    /* times the largest rate without loss */
#define FLOOD_MINUTES     60    /* all steps together */
#define FLOOD_DURATION_MS 5000  /* of a step, unless told otherwise */
#define FLOOD_HONEST      2000  /* connections a second: 10,000 of them in a step */
#define FLOOD_SILENT_HELD 100000
/* Of the embedded server, as 'septet serve' has them without further words; and twice as many. */
#define FLOOD_BACKLOG     4096
#define FLOOD_CONNECTIONS 8192 /* with a silent flood */

/* What a step's number counts. */
enum flood_unit {
	FLOOD_RATE,  /* frames a second */
	FLOOD_SHARE, /* of the largest rate without loss, 0.9 is 90 % */
	FLOOD_TIMES, /* times the honest rate */
};

struct flood_ask {
	enum flood_unit unit;
	double value;
};

struct flood_options {
	bool on;
	bool alone; /* no honest clients: --rate 0 */
	enum flood_kind kind;
	struct spt_addr prefix;
	uint8_t length;
	struct flood_ask step[FLOOD_STEPS];
	unsigned int n_steps;
	struct spt_addr anywhere[FLOOD_ANYWHERE]; /* targets that were named again */
	unsigned int n_anywhere;
	/* of the embedded server */
	enum spt_syn_cookies cookies;
	uint32_t backlog, idle_timeout_ms;
	bool defer_accept;
	/* An option that was given and is of the flood, or of its server, no flag; NULL: none. */
	const char *given, *server_given;
};

struct bench_options;
struct bench_given;

/* The rows of the table that fill in struct flood_options, and their heading. */
#define GROUP_FLOOD "The flood of --mode flood"
extern const struct option_row flood_rows[];
extern const size_t n_flood_rows;

/*
 * What does not fit together: before the defaults of 'o' are filled in. 0, or -EINVAL with one line
 * that says what was expected and what to do.
 */
int flood_check_words(
    const struct bench_options *o, const struct bench_given *given, char *error, size_t error_size);

/* What is not said has its default; before those of 'o'. */
void flood_default(struct bench_options *o, const struct bench_given *given);

/* May it go there? When the targets and addresses of 'o' are known. The same. */
int flood_check_where(const struct bench_options *o, char *error, size_t error_size);

/* "syn", "ack", "rst", "fin", "silent" */
const char *flood_kind_name(enum flood_kind kind);

#endif

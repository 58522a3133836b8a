/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of `septet serve`. */
#ifndef SPT_APP_SERVE_OPTIONS_H
#define SPT_APP_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <septet/runtime.h>
#include <septet/septet.h>

#include "common/secret.h"

#include "common/link.h"
#include "common/output.h"

#define SERVE_LISTENERS 64
#define SERVE_CORES     128
#define SERVE_CONNS_MAX (16u << 20)

struct service;

struct serve_listen {
	const struct service *service;
	struct spt_endpoint local;
	int port; /* index of the port that has the address; -1: all of them */
};

struct serve_options {
	struct link_options link;
	struct serve_listen listen[SERVE_LISTENERS];
	unsigned int n_listen;
	uint64_t http_body;
	bool http_close; /* every response is the last of its connection */
	uint32_t cores;  /* queues of each port */
	uint32_t mbufs;
	struct spt_config engine; /* what the engine is asked for */
	uint8_t cookie_secret[SECRET_BYTES];
	struct spt_listen_options conn;
	uint32_t duration_ms;
	uint32_t drain_ms;
	struct output json;
	char *const *eal; /* arguments after "--" */
	unsigned int n_eal;
};

/*
 * Parse and check everything that can be checked without EAL, and open the files. 0; 1: help was
 * asked for; or a negative errno with one line in 'error'. serve_options_free in any case; until
 * then they must not move.
 */
int serve_options_parse(
    struct serve_options *options, int argc, char **argv, char *error, size_t error_size);

void serve_options_free(struct serve_options *options);

void serve_options_help(FILE *out);

#endif

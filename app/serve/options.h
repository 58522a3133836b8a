/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of `septet serve`. */
#ifndef SPT_APP_SERVE_OPTIONS_H
#define SPT_APP_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <septet/runtime.h>
#include <septet/septet.h>

#define SERVE_LOCALS    64
#define SERVE_LISTENERS 64
#define SERVE_CORES     128
#define SERVE_CONNS_MAX (16u << 20)

struct service;

struct serve_listen {
	const struct service *service;
	struct spt_endpoint local;
};

enum serve_idle {
	SERVE_IDLE_AUTO,
	SERVE_IDLE_ON,
	SERVE_IDLE_OFF,
};

struct serve_options {
	const char *port;
	struct spt_port_spec spec;
	struct spt_local local[SERVE_LOCALS];
	unsigned int n_local;
	struct serve_listen listen[SERVE_LISTENERS];
	unsigned int n_listen;
	uint64_t http_body;
	bool http_close; /* every response is the last of its connection */
	uint32_t cores;
	const char *lcores;
	uint32_t mbufs;
	uint16_t mtu;
	uint32_t idle; /* enum serve_idle */
	const char *impair_text;
	struct spt_impair_config impair;
	struct spt_config engine; /* what the engine is asked for */
	struct spt_listen_options conn;
	uint32_t duration_ms;
	uint32_t drain_ms;
	const char *json;
	bool quiet;
	char *const *eal; /* arguments after "--" */
	unsigned int n_eal;
};

/*
 * Parse and check everything that can be checked without EAL. 0; 1: help was asked for; or
 * -EINVAL (and others) with one line in 'error'.
 */
int serve_options_parse(
    struct serve_options *options, int argc, char **argv, char *error, size_t error_size);

void serve_options_help(FILE *out);

#endif

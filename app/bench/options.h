/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of `septet bench`. */
#ifndef SPT_APP_BENCH_OPTIONS_H
#define SPT_APP_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <septet/runtime.h>
#include <septet/septet.h>

#include "bench/flood_options.h"
#include "common/link.h"
#include "common/output.h"

#define BENCH_TARGETS 64
#define BENCH_CORES   64
#define BENCH_PATH    256

enum bench_mode { MODE_CONNECTIONS, MODE_CONCURRENT, MODE_REQUESTS, MODE_THROUGHPUT };

/* Who ends a connection, and how. */
enum bench_close { CLOSE_CLIENT, CLOSE_SERVER, CLOSE_RESET };

/* What is said on a connection. */
enum bench_exchange {
	EXCHANGE_NONE,    /* nothing: handshake and close */
	EXCHANGE_ECHO,    /* 'bytes' there and back (RFC 862) */
	EXCHANGE_DISCARD, /* 'bytes' there (RFC 863) */
	EXCHANGE_CHARGEN, /* 'bytes' here (RFC 864) */
	EXCHANGE_HTTP,    /* GET 'path' and its response (RFC 9112) */
};

enum bench_direction { DIRECTION_UP = 1, DIRECTION_DOWN = 2, DIRECTION_BOTH = 3 };

struct bench_options {
	/* where; without a port "memory": the server is in this process */
	struct link_options link;
	struct spt_endpoint target[BENCH_TARGETS]; /* each port takes its own in turn */
	uint8_t target_port[BENCH_TARGETS];
	unsigned int n_target;
	uint16_t port_first, port_last; /* source ports */
	/* what */
	enum bench_mode mode;
	enum bench_close close;
	enum bench_exchange exchange;
	uint32_t request_bytes; /* echo, discard, chargen; of http the embedded server's body */
	char path[BENCH_PATH];  /* http */
	uint32_t requests;      /* of each connection; 0: until the end (mode requests) */
	uint32_t connections; /* held in mode concurrent; in parallel in requests and throughput */
	uint32_t traffic_ms; /* mode concurrent: an exchange on each connection so often; 0: none */
	enum bench_direction direction; /* mode throughput */
	bool verify;
	/* how much */
	double rate;               /* a second, of all cores; 0: as fast as possible */
	double ramp_from, ramp_to; /* with 'ramp': the rate goes from one to the other */
	bool ramp, search;
	uint32_t concurrency; /* in progress at most, of all cores */
	double max_failures;  /* --search: share of attempts, 0.001 is 0.1 % */
	uint32_t duration_ms, drain_ms;
	uint32_t timeout_ms; /* handshake and response: then the attempt failed */
	uint64_t attempts;   /* in all; 0: no limit */
	/* --mode flood: mode connections, beside this */
	struct flood_options flood;
	/* cores, memory, TCP */
	uint32_t cores; /* queues of each port */
	uint32_t mbufs;
	struct spt_config engine; /* what an engine is asked for */
	struct spt_conn_options conn;
	/* output */
	struct output json, plot;
	bool hold; /* after the summary keep the port open until SIGTERM or SIGINT */
	char *const *eal;
	unsigned int n_eal;
};

/*
 * Parse and check everything that can be checked without EAL, and open the files. 0; 1: help was
 * asked for; or a negative errno with one line in 'error'. bench_options_free in any case; until
 * then they must not move.
 */
int bench_options_parse(
    struct bench_options *options, int argc, char **argv, char *error, size_t error_size);

void bench_options_free(struct bench_options *options);

void bench_options_help(FILE *out);

/*
 * A rate that ends at 'stop', such as 250000, 500K or 1.5M; *rest is what follows that. 0 or
 * -EINVAL.
 */
int bench_options_rate(const char *text, char stop, double *rate, const char **rest);

/* The words of the command line: "connections" or "flood", "http", "client", "both". */
const char *bench_mode_name(const struct bench_options *options);
const char *bench_exchange_name(enum bench_exchange exchange);
const char *bench_close_name(enum bench_close close);
const char *bench_direction_name(enum bench_direction direction);

#endif

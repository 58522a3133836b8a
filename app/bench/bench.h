/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of `septet bench`: who does what. The thread beside the cores (control.c) runs
 * phases of load one after another and takes a sample each second; the cores (core.c and what it
 * calls) open connections and count. Nothing is shared while a loop runs: control reaches a core
 * through spt_runtime_call, so every function marked "on the core" runs there between two turns.
 *
 * The law of the counts: when a phase is over, attempts = completions + failures.
 */
#ifndef SPT_APP_BENCH_H
#define SPT_APP_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <septet/runtime.h>
#include <septet/septet.h>

#include "bench/histogram.h"
#include "bench/options.h"
#include "common/ports.h"

struct bench_core;   /* core.h */
struct serve;        /* the embedded server, serve/serve.h */
struct search_trial; /* search.h */
struct flood_step;   /* flood.h */

/*
 * X(field, "what it counts"): counts of one core, monotonic over the run. A connection attempt
 * begins when the load says so, completes when the connection did all that its mode asks
 * and both ends closed it as asked, and fails for exactly one of BENCH_FAILURES.
 */
#define BENCH_TOTALS(X)                                                                            \
	X(attempts, "connection attempts begun")                                                   \
	X(handshakes, "handshakes completed")                                                      \
	X(completions, "connections that did everything and closed in order")                      \
	X(requests, "requests sent")                                                               \
	X(responses, "responses received whole")                                                   \
	X(bytes_in, "payload bytes received")                                                      \
	X(bytes_out, "payload bytes handed to TCP")                                                \
	X(bytes_verified, "payload bytes compared with what was expected")                         \
	X(late, "attempts begun more than a millisecond after their intended start")               \
	X(late_ns, "by how much the latest of this phase was late, nanoseconds")                   \
	X(waits_ports, "times that a free source port had to be waited for")                       \
	X(waits_conns, "times that a free connection had to be waited for")                        \
	X(left_out, "requests of --traffic that were due and not sent")

/* X(field, "json_name is the field", "why"): an attempt that failed did so for one of these. */
#define BENCH_FAILURES(X)                                                                          \
	X(refused, "refused: RST in answer to the SYN")                                            \
	X(unreachable, "ICMP: no route, host or port")                                             \
	X(handshake_timeout, "nobody answered the SYN")                                            \
	X(reset, "reset by the peer")                                                              \
	X(timed_out, "data or FIN was not acknowledged, or no response came in time")              \
	X(bad_response, "no HTTP, a status other than 2xx, or ended early")                        \
	X(wrong_data, "--verify: a byte was wrong")                                                \
	X(no_source_port, "no source port was free")                                               \
	X(no_connection, "no connection was free: see --concurrency")                              \
	X(unfinished, "not finished when the time to drain was over, aborted")                     \
	X(other, "any other reason")

struct bench_totals {
#define X(field, text) uint64_t field;
	BENCH_TOTALS(X)
#undef X
	struct bench_failures {
#define X(field, text) uint64_t field;
		BENCH_FAILURES(X)
#undef X
	} failed;
};

uint64_t bench_failures_sum(const struct bench_failures *f);
void bench_totals_add(struct bench_totals *sum, const struct bench_totals *one);
void bench_flood_add(struct flood_counts *sum, const struct flood_counts *one);
void bench_flood_diff(
    struct flood_counts *out, const struct flood_counts *a, const struct flood_counts *b);
/* a - b, field by field; late_ns is a's. */
void bench_totals_diff(
    struct bench_totals *out, const struct bench_totals *a, const struct bench_totals *b);

/* What is timed, nanoseconds; from the intended start where the load has a rate. */
enum bench_latency {
	LATENCY_HANDSHAKE,  /* start to CONNECTED */
	LATENCY_CONNECTION, /* start to CLOSED, of completions */
	LATENCY_REQUEST,    /* request due to response whole */
	LATENCIES,
};

/* ---- phases: control asks, the core does ---------------------------------- */

/* A stretch of load on one core. In mode requests rates count requests, else connections. */
struct bench_phase {
	spt_time duration;         /* 0: until told, or 'attempts' are begun */
	uint64_t attempts;         /* at most; 0: no limit */
	double rate_from, rate_to; /* a second; equal: constant; 0: as fast as the window allows */
	uint32_t window;           /* connections in progress at most */
	spt_time drain;            /* afterwards, for what is in progress; then it is aborted */
	double flood_rate;         /* --mode flood: beside it, until the last of it has ended */
	uint32_t *honest; /* atomic: cores whose clients have not ended; NULL: ask nobody */
	bool idle;        /* nothing is attempted: a flood alone */
};

/* All of these run on the core; 'state' is its struct bench_core. */
void bench_core_begin(void *state, spt_time now, void *phase);   /* const struct bench_phase * */
void bench_core_end(void *state, spt_time now, void *argument);  /* stop opening, drain; NULL */
void bench_core_sample(void *state, spt_time now, void *sample); /* struct bench_core_sample * */

struct bench_core_sample {
	spt_time now;
	bool over;                  /* the phase has ended and nothing is in progress */
	uint32_t in_progress;       /* attempts begun, neither completed nor failed */
	uint32_t open;              /* of them established: what is held in mode concurrent */
	spt_time all_at;            /* when the last attempt of the phase had begun; 0: not yet */
	struct bench_totals totals; /* since the beginning of the run */
	struct flood_counts flood;  /* the same */
	struct spt_source_info source;
	/*
	 * What was timed since the last sample. In: three empty histograms that the core takes;
	 * out: the three that it filled until now.
	 */
	struct histogram *latency[LATENCIES];
};

/* The program on each own core; 'app' is the struct bench. */
extern const struct spt_core_ops bench_core_ops;

/* ---- samples and results ---------------------------------------------------- */

/* One second, or what was left of one, of all cores together; rates are its own. */
struct bench_second {
	double at, seconds;              /* its end, since the start of the run; its length */
	uint32_t phase;                  /* number of the phase that it belongs to */
	bool loading;                    /* all of it lies in the loading part of its phase */
	struct bench_totals totals;      /* of this second */
	double client_busy, server_busy; /* shares of their time; server < 0: unknown */
	uint32_t in_progress, open;      /* at its end */
	double asked;                    /* mean rate asked for; 0: as fast as possible */
	double flood;                    /* frames of it, or handshakes, carried a second */
	uint64_t p50, p99, max;          /* ns: connection latency, in mode requests of requests */
};

enum bench_limit {
	LIMIT_CLIENT_CPU,
	LIMIT_SERVER_CPU,
	LIMIT_CPU, /* both ends take turns on one core */
	LIMIT_PORT,
	LIMIT_SOURCE_PORTS,
	LIMIT_LOAD,        /* the load asked for: nothing else stood in its way */
	LIMIT_CONCURRENCY, /* connections in progress at most */
	LIMIT_PEER,        /* the peer, or the way to it: we had time to spare */
	LIMITS,
};

/* "client CPU", "server CPU", "CPU", "port", "source ports", "load", "concurrency", "peer" */
const char *bench_limit_name(enum bench_limit limit);

/* What one stretch of load came to; of --search the confirmed one. */
struct bench_result {
	double seconds;             /* of its loading part */
	struct bench_totals totals; /* of all of it, drained */
	/* a second, over the whole seconds of the loading part */
	double connections_median, connections_least, connections_most;
	double handshakes_median, requests_median;
	double asked;             /* the rate asked for; 0: none */
	double bits_in, bits_out; /* payload a second */
	struct histogram *latency[LATENCIES];
	struct spt_runtime_snapshot client, server;         /* differences over the loading part */
	struct spt_runtime_snapshot client_all, server_all; /* over all of it */
	struct flood_counts flood;                          /* the same */
	bool server_known;
	double client_busy, server_busy;
	double packets_per_connection; /* frames both ways, client's port */
	double cycles_per_connection;  /* client's busy cycles; server's if it is here */
	double server_cycles_per_connection;
	double cycles_per_byte; /* the same for each payload byte, either way; 0: there was none */
	double server_cycles_per_byte;
	double cpu_share;              /* of the processors' time, that we had; < 0: unknown */
	double cpu_share_all;          /* the same, with what was drained */
	double line_rate_share;        /* of the port's speed, the busier way; < 0: it has none */
	uint64_t bytes_per_connection; /* tables of a client engine for each held connection */
	uint32_t held;                 /* most connections established at once */
	enum bench_limit limit;
	char limit_text[160]; /* the same in a sentence with its figure */
};

struct bench {
	struct bench_options options;
	struct serve *server; /* embedded, or NULL */
	struct spt_runtime *runtime;
	struct spt_eal_info eal;
	struct spt_runtime_info info;
	struct bench_second *seconds; /* all of them, in order */
	size_t n_seconds;
	struct bench_result result;
	struct bench_totals totals;  /* of the whole run, all phases */
	struct search_trial *trials; /* of --search, in order */
	size_t n_trials;
	struct flood_port *flood[BENCH_CORES * SPT_PORTS]; /* of each own core, which owns it */
	struct flood_counts flood_total;                   /* of the whole run */
	double flood_most;        /* the largest rate that was carried without loss; 0: unknown */
	struct flood_step *steps; /* in order */
	size_t n_steps;
	bool confirmed; /* --search: the last one by a longer run */
	/* Of all engines of a role, when the loops were over. */
	struct spt_runtime_snapshot end, server_end;
	struct ports_end ports;
	struct spt_source_info source;
	bool naps; /* idle cores sleep */
	bool interrupted;
	bool behind;     /* a load with a rate fell behind it */
	char error[256]; /* why the run could not go on; empty: it could */
};

/* ---- control.c: the thread beside the cores ----------------------------------- */

int bench_control_start(struct bench *bench); /* 0 or a negative errno */
/* After the loops: wait for it, and take the last counts. */
void bench_control_join(void);
/* What the results point to. */
void bench_control_free(void);

/* ---- what is written ---------------------------------------------------------- */

/* 'user': what became of privileges. */
void bench_print_start(const struct bench *bench, const char *user);
/* The figures; the loops may still be turning. */
void bench_print_summary(const struct bench *bench);
/*
 * The laws, after everything has ended. False: the counts do not add up, verdicts are wrong, mbufs
 * were lost, or nothing that was attempted succeeded.
 */
bool bench_print_end(const struct bench *bench, const struct spt_runtime_leaks *leaks);
/* 0 or a negative errno. docs/bench.md has the schema. */
int bench_write_json(struct bench *bench, const struct spt_runtime_leaks *leaks, bool ok);
int bench_write_plot(struct bench *bench);

/* The subcommand: argv[0] is its first argument. Returns the exit code: 0, 1 failed, 2 not started.
 */
int bench_main(int argc, char **argv);

#endif

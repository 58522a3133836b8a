/* SPDX-License-Identifier: BSD-3-Clause */
/* `septet bench`: from the command line to the summary. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/check.h"
#include "bench/embedded.h"
#include "bench/flood.h"
#include "common/start.h"
#include "common/wait.h"

static int
bench_refuse(const char *error)
{
	return output_refuse("septet bench", error);
}

/* Engines, and their peers on a memory port. */
static uint32_t
bench_ends(const struct bench_options *o)
{
	return bench_options_engines(o) * (link_is_memory(&o->link) ? 2 : 1);
}

static int
bench_eal(struct bench *bench, char *error, size_t error_size)
{
	const struct bench_options *o = &bench->options;
	const struct spt_eal_config config = {
	    .port = o->link.port,
	    .n_ports = o->link.n_ports,
	    .cores = o->cores,
	    .lcores = o->link.lcores,
	    .mbufs = o->mbufs * bench_ends(o),
	    .extra = o->eal,
	    .n_extra = o->n_eal,
	};

	return start_eal("bench", &config, &bench->eal, error, error_size);
}

/* A load generator polls; on a virtual port it leaves the peer's process some of the core. */
static bool
bench_naps(const struct bench_options *o)
{
	if (o->link.idle != LINK_IDLE_AUTO)
		return o->link.idle == LINK_IDLE_ON;
	return link_virtual(&o->link) && !link_is_memory(&o->link);
}

static int
bench_create(struct bench *bench, char *error, size_t error_size)
{
	const struct bench_options *o = &bench->options;
	struct spt_runtime_config config = {
	    .port = o->link.port,
	    .n_ports = o->link.n_ports,
	    .engines = bench_options_queues(o),
	    .mbufs = o->mbufs,
	    .engine = o->engine,
	    .ops = &bench_core_ops,
	    .app = bench,
	    .wrap_port = o->flood.on ? flood_wrap_port : NULL,
	    .idle_sleep = bench_naps(o),
	};
	int rc = 0;

	bench->naps = config.idle_sleep;
	if (link_is_memory(&o->link)) {
		rc = embedded_create(bench, error, error_size);
		if (rc == 0)
			embedded_config(bench, &config);
	}
	if (rc == 0)
		rc = spt_runtime_create(&config, &bench->runtime, error, error_size);
	if (rc == 0)
		spt_runtime_info(bench->runtime, &bench->info);
	return rc;
}

static bool
bench_written(const char *option, const struct output *output, int rc)
{
	if (rc)
		fprintf(stderr, "septet bench: --%s '%s' could not be written: %s\n", option,
		    output->path, strerror(-rc));
	return rc == 0;
}

/* What was asked to be written. False: it could not be. */
static bool
bench_write(struct bench *bench, const struct spt_runtime_leaks *leaks, bool fine)
{
	struct bench_options *o = &bench->options;
	bool written = true;

	if (o->json.f)
		written &= bench_written("json", &o->json, bench_write_json(bench, leaks, fine));
	if (o->plot.f)
		written &= bench_written("plot", &o->plot, bench_write_plot(bench));
	return written;
}

/*
 * The port stays open though nobody polls it any more. A driver that is polled may not survive
 * that the other end goes (net_memif): so we stop polling first, the other end goes, then we do.
 */
static void
bench_hold(void)
{
	sigset_t signals;

	printf("holding the port open until SIGTERM or SIGINT\n");
	fflush(stdout);
	wait_signals(&signals);
	while (!wait_until(&signals, wait_now() + SPT_NS_PER_SEC))
		continue;
}

/* The loops and what they leave. Returns the exit code. */
static int
bench_run(struct bench *bench)
{
	const struct link_options *link = &bench->options.link;
	struct spt_runtime_leaks leaks;
	char user[192], error[512];
	bool fine;

	/* The ports are open: what follows needs no privileges. */
	if (spt_privileges_drop(
	        link->port, link->n_ports, link->user, user, sizeof(user), error, sizeof(error))) {
		spt_runtime_destroy(bench->runtime, NULL);
		return bench_refuse(error);
	}
	bench_print_start(bench, user);
	if (bench_control_start(bench) != 0) {
		spt_runtime_destroy(bench->runtime, NULL);
		return bench_refuse("no thread for control");
	}
	spt_runtime_run(bench->runtime);
	bench_control_join();
	ports_take(&bench->ports, bench->runtime);
	if (bench->options.hold && !bench->error[0])
		bench_hold();
	spt_runtime_destroy(bench->runtime, &leaks);
	bench->runtime = NULL;
	if (bench->error[0])
		fprintf(stderr, "septet bench: %s\n", bench->error);
	fine = bench_print_end(bench, &leaks) && !bench->error[0];
	/* Without a result there is nothing to write down. */
	if (!bench->error[0])
		fine &= bench_write(bench, &leaks, fine);
	bench_control_free();
	fine &= output_printed("septet bench");
	return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
bench_free(struct bench *bench)
{
	embedded_destroy(bench);
	bench_options_free(&bench->options);
	free(bench->seconds);
	free(bench->trials);
	free(bench->steps);
	free(bench);
}

int
bench_main(int argc, char **argv)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	char error[1024] = "";
	int rc;

	if (!bench)
		return bench_refuse("no memory");
	rc = bench_options_parse(&bench->options, argc, argv, error, sizeof(error));
	if (rc == 1) {
		bench_options_help(stdout);
		bench_free(bench);
		return output_printed("septet bench") ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (rc == 0)
		rc = link_check_ports(&bench->options.link, error, sizeof(error));
	wait_block_signals();
	if (rc == 0)
		rc = bench_eal(bench, error, sizeof(error));
	if (rc) {
		bench_free(bench);
		return bench_refuse(error);
	}
	rc = bench_create(bench, error, sizeof(error)) ? bench_refuse(error) : bench_run(bench);
	spt_eal_stop();
	bench_free(bench);
	return rc;
}

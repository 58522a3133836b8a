/* SPDX-License-Identifier: BSD-3-Clause */
/* `septet serve`: from the command line to the summary. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/wait.h"
#include "serve/serve.h"

#define EXIT_NOT_STARTED 2

static int
serve_refuse(const char *error)
{
	fprintf(stderr, "septet serve: %s\n", error);
	return EXIT_NOT_STARTED;
}

static struct spt_runtime_port
serve_port(const struct serve_options *o)
{
	return (struct spt_runtime_port){
	    .spec = o->spec,
	    .mtu = o->mtu,
	    .impair = o->impair_text ? &o->impair : NULL,
	    .local = o->local,
	    .n_local = o->n_local,
	    .gateway4 = o->engine.gateway4,
	    .gateway6 = o->engine.gateway6,
	};
}

static int
serve_eal(const struct serve_options *o, struct spt_eal_info *info, char *error, size_t error_size)
{
	const struct spt_runtime_port port = serve_port(o);
	const struct spt_eal_config config = {
	    .port = &port,
	    .n_ports = 1,
	    .cores = o->cores,
	    .lcores = o->lcores,
	    .mbufs = o->mbufs * o->cores,
	    .extra = o->eal,
	    .n_extra = o->n_eal,
	};

	return spt_eal_start(&config, info, error, error_size);
}

static int
serve_create(struct serve *serve, char *error, size_t error_size)
{
	const struct serve_options *o = &serve->options;
	const struct spt_runtime_port port = serve_port(o);
	const struct spt_runtime_config config = {
	    .port = &port,
	    .n_ports = 1,
	    .engines = o->cores,
	    .mbufs = o->mbufs,
	    .engine = o->engine,
	    .ops = &serve_core_ops,
	    .app = serve,
	    .idle_sleep =
	        o->idle == SERVE_IDLE_ON || (o->idle == SERVE_IDLE_AUTO && o->spec.virtual_port),
	};
	int rc = held_register();

	if (rc) {
		snprintf(error, error_size, "no room for a field in mbufs: %s", strerror(-rc));
		return rc;
	}
	return spt_runtime_create(&config, &serve->runtime, error, error_size);
}

/* The loops and what they leave. Returns the exit code. */
static int
serve_run(struct serve *serve, const struct spt_eal_info *eal)
{
	struct spt_runtime_snapshot end;
	struct spt_runtime_leaks leaks;

	serve_print_start(serve, eal);
	if (serve_control_start(serve) != 0) {
		spt_runtime_destroy(serve->runtime, NULL);
		return serve_refuse("no thread for control");
	}
	spt_runtime_run(serve->runtime);
	serve_control_join();
	spt_runtime_snapshot_sum(serve->runtime, SPT_ROLE_OWN, &end);
	spt_runtime_destroy(serve->runtime, &leaks);
	serve->runtime = NULL;
	return serve_print_summary(serve, &end, &leaks) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
serve_main(int argc, char **argv)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	struct spt_eal_info eal;
	char error[512] = "";
	int rc;

	if (!serve)
		return serve_refuse("no memory");
	rc = serve_options_parse(&serve->options, argc, argv, error, sizeof(error));
	if (rc == 1) {
		serve_options_help(stdout);
		free(serve);
		return EXIT_SUCCESS;
	}
	if (rc == 0)
		rc = spt_port_spec_check(&serve->options.spec, error, sizeof(error));
	wait_block_signals();
	if (rc == 0)
		rc = serve_eal(&serve->options, &eal, error, sizeof(error));
	if (rc) {
		free(serve);
		return serve_refuse(error);
	}
	rc = serve_create(serve, error, sizeof(error)) ? serve_refuse(error)
	                                               : serve_run(serve, &eal);
	spt_eal_stop();
	free(serve);
	return rc;
}

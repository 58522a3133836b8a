/* SPDX-License-Identifier: BSD-3-Clause */
/* `septet serve`: from the command line to the summary. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/start.h"
#include "common/wait.h"
#include "serve/serve.h"

static int
serve_refuse(const char *error)
{
	return output_refuse("septet serve", error);
}

static int
serve_eal(const struct serve_options *o, struct spt_eal_info *info, char *error, size_t error_size)
{
	const struct spt_eal_config config = {
	    .port = o->link.port,
	    .n_ports = o->link.n_ports,
	    .cores = o->cores,
	    .lcores = o->link.lcores,
	    .mbufs = o->mbufs * o->cores * o->link.n_ports,
	    .extra = o->eal,
	    .n_extra = o->n_eal,
	};

	return start_eal("serve", &config, info, error, error_size);
}

static int
serve_create(struct serve *serve, char *error, size_t error_size)
{
	const struct serve_options *o = &serve->options;
	const struct spt_runtime_config config = {
	    .port = o->link.port,
	    .n_ports = o->link.n_ports,
	    .engines = o->cores,
	    .mbufs = o->mbufs,
	    .engine = o->engine,
	    .ops = &serve_core_ops,
	    .app = serve,
	    .idle_sleep = o->link.idle == LINK_IDLE_ON ||
	                  (o->link.idle == LINK_IDLE_AUTO && link_virtual(&o->link)),
	};
	int rc = held_register();

	if (rc) {
		snprintf(error, error_size, "no room for a field in mbufs: %s", strerror(-rc));
		return rc;
	}
	rc = spt_runtime_create(&config, &serve->runtime, error, error_size);
	/* The engines have made their own of it. */
	explicit_bzero(serve->options.cookie_secret, sizeof(serve->options.cookie_secret));
	return rc;
}

/* The ports are open: what follows needs no privileges. */
static int
serve_drop(struct serve *serve, char *line, size_t line_size, char *error, size_t error_size)
{
	const struct link_options *link = &serve->options.link;
	int rc = spt_privileges_drop(
	    link->port, link->n_ports, link->user, line, line_size, error, error_size);

	if (rc)
		spt_runtime_destroy(serve->runtime, NULL);
	return rc;
}

/* The loops and what they leave. Returns the exit code. */
static int
serve_run(struct serve *serve, const struct spt_eal_info *eal)
{
	char user[192], error[512];

	struct spt_runtime_snapshot end;
	struct spt_runtime_leaks leaks;

	if (serve_drop(serve, user, sizeof(user), error, sizeof(error)))
		return serve_refuse(error);
	serve_print_start(serve, eal, user);
	if (serve_control_start(serve) != 0) {
		spt_runtime_destroy(serve->runtime, NULL);
		return serve_refuse("no thread for control");
	}
	spt_runtime_run(serve->runtime);
	serve_control_join();
	spt_runtime_snapshot_sum(serve->runtime, SPT_ROLE_OWN, &end);
	ports_take(&serve->ports, serve->runtime);
	spt_runtime_destroy(serve->runtime, &leaks);
	serve->runtime = NULL;
	return serve_print_summary(serve, &end, &leaks) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
serve_free(struct serve *serve)
{
	serve_options_free(&serve->options);
	free(serve);
}

int
serve_main(int argc, char **argv)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	struct spt_eal_info eal;
	char error[1024] = "";
	int rc;

	if (!serve)
		return serve_refuse("no memory");
	rc = serve_options_parse(&serve->options, argc, argv, error, sizeof(error));
	if (rc == 1) {
		serve_options_help(stdout);
		serve_free(serve);
		return output_printed("septet serve") ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (rc == 0)
		rc = link_check_ports(&serve->options.link, error, sizeof(error));
	wait_block_signals();
	if (rc == 0)
		rc = serve_eal(&serve->options, &eal, error, sizeof(error));
	if (rc) {
		serve_free(serve);
		return serve_refuse(error);
	}
	rc = serve_create(serve, error, sizeof(error)) ? serve_refuse(error)
	                                               : serve_run(serve, &eal);
	spt_eal_stop();
	serve_free(serve);
	return rc;
}

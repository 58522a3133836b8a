/* SPDX-License-Identifier: BSD-3-Clause */
/* The program `septet`: its subcommands. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "bench/bench.h"
#include "bridge/bridge.h"
#include "common/option.h"
#include "common/output.h"
#include "serve/serve.h"

static const struct command {
	const char *name;
	const char *help;
	int (*main)(int argc, char **argv);
} commands[] = {
    {"bench", "how many connections, requests or bits a second", bench_main},
    {"bridge", "every frame from one port to the other, over a bad line", bridge_main},
    {"serve", "a TCP server: echo, discard, chargen, http", serve_main},
};

static void
main_help(FILE *out)
{
	fprintf(out,
	    "septet %s: a TCP endpoint on DPDK\n\n"
	    "  septet COMMAND [OPTIONS]\n"
	    "  septet COMMAND --help\n"
	    "  septet --version\n\n"
	    "Commands\n",
	    SEPTET_VERSION);
	for (size_t i = 0; i < RTE_DIM(commands); i++)
		fprintf(out, "  %-16s%s\n", commands[i].name, commands[i].help);
}

static int
main_refuse(const char *word)
{
	const char *names[RTE_DIM(commands)], *nearest;
	char error[256];

	for (size_t i = 0; i < RTE_DIM(commands); i++)
		names[i] = commands[i].name;
	nearest = word ? option_nearest(word, names, RTE_DIM(names)) : NULL;
	if (!word)
		snprintf(error, sizeof(error),
		    "missing command: expected bench, bridge or serve, such as septet bench; "
		    "'septet "
		    "--help' lists them");
	else
		snprintf(error, sizeof(error),
		    "unknown %s '%.100s': expected a command, bench, bridge or serve; "
		    "%s%s%s'septet "
		    "--help' lists "
		    "them",
		    word[0] == '-' ? "option" : "command", word, nearest ? "did you mean " : "",
		    nearest ? nearest : "", nearest ? "? " : "");
	return output_refuse("septet", error);
}

/*
 * What is closed would be the number of the next file that is opened, and what is printed would
 * land in there. Nothing can be written to what takes its place here, so that it is told.
 */
static bool
main_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			return false;
	return true;
}

int
main(int argc, char **argv)
{
	if (!main_streams())
		return EXIT_NOT_STARTED;
	if (argc < 2)
		return main_refuse(NULL);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		main_help(stdout);
		return output_printed("septet") ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("septet %s\n", SEPTET_VERSION);
		return output_printed("septet") ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	for (size_t i = 0; i < RTE_DIM(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(argc - 2, argv + 2);
	return main_refuse(argv[1]);
}

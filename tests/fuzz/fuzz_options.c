/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Command lines of 'serve' and 'bench', and configuration files: the first byte chooses which; of a
 * command line each line of the rest is an argument.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bench/options.h>
#include <serve/options.h>

#include "fuzz.h"

#define ARGUMENTS 24

enum control {
	CONTROL_BENCH = 1,
	CONTROL_FILE = 2, /* the rest is a file, given by --config */
};

/* In place of the one that makes the file: nothing is written anywhere. */
int __wrap_output_open(struct output *o, const char *option, char *error, size_t error_size);

int
__wrap_output_open(struct output *o, const char *option, char *error, size_t error_size)
{
	(void)option;
	(void)error;
	(void)error_size;
	o->f = NULL;
	return 0;
}

static char error[64];

static void
verdict(int rc)
{
	EXPECT(rc <= 1);
	EXPECT(memchr(error, '\0', sizeof(error)) != NULL);
	if (rc < 0)
		EXPECT(error[0] != '\0');
}

static void
parse(uint8_t how, int argc, char **argv)
{
	struct serve_options *serve = calloc(1, sizeof(*serve));
	struct bench_options *bench = calloc(1, sizeof(*bench));

	EXPECT(serve != NULL && bench != NULL);
	memset(error, 0, sizeof(error));
	if (how & CONTROL_BENCH) {
		verdict(bench_options_parse(bench, argc, argv, error, sizeof(error)));
		bench_options_free(bench);
	} else {
		verdict(serve_options_parse(serve, argc, argv, error, sizeof(error)));
		serve_options_free(serve);
	}
	free(serve);
	free(bench);
}

static void
file(uint8_t how, const uint8_t *data, size_t n)
{
	int fd = memfd_create("fuzz", 0);
	char path[32], option[] = "--config", *argv[] = {option, path, NULL};

	EXPECT(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	parse(how, 2, argv);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[ARGUMENTS + 1];
	int argc = 0;

	if (size == 0)
		return 0;
	if (data[0] & CONTROL_FILE) {
		file(data[0], data + 1, size - 1);
		return 0;
	}
	for (size_t at = 1; at < size && argc < ARGUMENTS; argc++) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t n = end != NULL ? (size_t)(end - (data + at)) : size - at;

		argv[argc] = fuzz_text(data + at, n);
		at += n + 1;
	}
	argv[argc] = NULL;
	parse(data[0], argc, argv);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return 0;
}

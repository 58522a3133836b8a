/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL answers a wrong argument with pages of its own, on both streams. So it is let speak into a
 * file in memory while it starts.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>

#include "common/start.h"

#define FAILED "DPDK did not start"

struct start_capture {
	int fd;      /* of the file; -1: nothing is caught */
	int kept[2]; /* what stdout and stderr were */
};

static bool
start_wants(const struct spt_eal_config *config, const char *const *words, size_t n)
{
	for (unsigned int i = 0; i < config->n_extra; i++)
		for (size_t w = 0; w < n; w++)
			if (strncmp(config->extra[i], words[w], strlen(words[w])) == 0)
				return true;
	return false;
}

static void
start_catch(struct start_capture *c)
{
	fflush(stdout);
	c->fd = memfd_create("eal", MFD_CLOEXEC);
	if (c->fd < 0)
		return;
	for (int i = 0; i < 2; i++) {
		c->kept[i] = dup(i + 1);
		dup2(c->fd, i + 1);
	}
}

static void
start_let_go(const struct start_capture *c)
{
	fflush(stdout);
	for (int i = 0; i < 2 && c->fd >= 0; i++) {
		dup2(c->kept[i], i + 1);
		close(c->kept[i]);
	}
}

/* The first line, without the name of who said it. */
static void
start_first_line(int fd, char *line, size_t size)
{
	ssize_t n = pread(fd, line, size - 1, 0);
	char *text = line, *end;

	line[RTE_MAX(n, 0)] = '\0';
	text += strspn(text, " \n");
	end = strchrnul(text, '\n');
	*end = '\0';
	if (strncmp(text, "EAL: ", 5) == 0 || strncmp(text, "septet: ", 8) == 0)
		text = strchr(text, ' ') + 1;
	memmove(line, text, strlen(text) + 1);
}

/* All of it, for who asked or who may need it. */
static void
start_tell(int fd)
{
	char part[4096];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, part, sizeof(part), at)) > 0) {
		if (write(STDERR_FILENO, part, (size_t)n) != n)
			return;
		at += n;
	}
}

static void
start_explain(const char *command, const struct spt_eal_config *config, int fd, char *error,
    size_t error_size)
{
	char line[256];

	if (strncmp(error, FAILED, strlen(FAILED)) != 0)
		return;
	start_first_line(fd, line, sizeof(line));
	if (!line[0])
		return;
	if (config->lcores && strstr(line, "--lcores"))
		snprintf(error, error_size,
		    "--lcores '%s' is no list of cores: expected EAL's syntax, such as 0-3 or "
		    "0@2,1@3",
		    config->lcores);
	else if (config->n_extra)
		snprintf(error, error_size,
		    FAILED ": %s; expected EAL's own arguments after --, 'septet %s -- --help' "
		           "lists them",
		    line, command);
	else
		snprintf(error, error_size, FAILED ": %s; '-- --log-level=8' shows more", line);
}

/* What EAL would pass over: a word behind no option, and a -m that is no number (it takes 0). */
static int
start_check(
    const char *command, const struct spt_eal_config *config, char *error, size_t error_size)
{
	const char *before = "";

	for (unsigned int i = 0; i < config->n_extra; before = config->extra[i++]) {
		const char *word = config->extra[i];

		if (word[0] != '-' && before[0] != '-') {
			snprintf(error, error_size,
			    "'%s' after -- is no argument of EAL: expected its own options there, "
			    "'septet %s -- --help' lists them",
			    word, command);
			return -EINVAL;
		}
		if (strcmp(before, "-m") == 0 && !isdigit((unsigned char)word[0])) {
			snprintf(error, error_size,
			    "-m '%s' after -- is no number: expected EAL's memory in MiB, such as "
			    "-- -m 512",
			    word);
			return -EINVAL;
		}
	}
	return 0;
}

int
start_eal(const char *command, const struct spt_eal_config *config, struct spt_eal_info *info,
    char *error, size_t error_size)
{
	static const char *const ends[] = {"-h", "--help", "-v", "--version"};
	static const char *const talks[] = {"--log-level"};
	bool asked = start_wants(config, talks, RTE_DIM(talks));
	struct start_capture c = {.fd = -1};
	int rc = start_check(command, config, error, error_size);

	if (rc)
		return rc;
	/* With these EAL says what was asked for and ends the program. */
	if (!start_wants(config, ends, RTE_DIM(ends)))
		start_catch(&c);
	rc = spt_eal_start(config, info, error, error_size);
	start_let_go(&c);
	if (c.fd < 0)
		return rc;
	if (rc == 0 || asked)
		start_tell(c.fd);
	if (rc)
		start_explain(command, config, c.fd, error, error_size);
	close(c.fd);
	return rc;
}

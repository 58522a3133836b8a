/* SPDX-License-Identifier: BSD-3-Clause */
/* What a program writes. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/output.h"

int
output_open(struct output *o, const char *option, char *error, size_t error_size)
{
	int fd;

	o->f = NULL;
	if (!o->path)
		return 0;
	/* What it holds stays until there is something better. */
	fd = open(o->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	o->made = fd >= 0;
	if (fd < 0 && errno == EEXIST)
		fd = open(o->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0)
		o->f = fdopen(fd, "w");
	if (o->f)
		return 0;
	snprintf(error, error_size,
	    "--%s '%s': %s; expected a file that can be written, give another", option, o->path,
	    strerror(errno));
	if (fd >= 0)
		close(fd);
	return -EINVAL;
}

void
output_begin(struct output *o)
{
	/* A pipe or a terminal has nothing that could be in the way. */
	if (ftruncate(fileno(o->f), 0) != 0)
		clearerr(o->f);
}

int
output_end(struct output *o)
{
	FILE *f = o->f;
	int rc = 0;

	o->f = NULL;
	errno = 0;
	if (fflush(f) || ferror(f))
		rc = errno ? -errno : -EIO;
	if (fclose(f) && rc == 0)
		rc = -errno;
	return rc;
}

void
output_close(struct output *o)
{
	if (!o->f)
		return;
	/* Who has given up privileges meanwhile may not be able to. */
	if (o->made)
		unlink(o->path);
	fclose(o->f);
	o->f = NULL;
}

bool
output_same(const struct output *a, const struct output *b)
{
	struct stat first, second;

	return a->f && b->f && fstat(fileno(a->f), &first) == 0 &&
	       fstat(fileno(b->f), &second) == 0 && S_ISREG(first.st_mode) &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool
output_printed(const char *program)
{
	int rc = fflush(stdout), saved = errno;

	if (rc == 0 && !ferror(stdout))
		return true;
	fprintf(stderr, "%s: what was printed did not all get there: %s\n", program,
	    rc ? strerror(saved) : "an earlier line failed");
	return false;
}

int
output_refuse(const char *program, const char *error)
{
	fprintf(stderr, "%s: ", program);
	for (const char *c = error; *c; c++)
		fputc(iscntrl((unsigned char)*c) ? '?' : *c, stderr);
	fputc('\n', stderr);
	return EXIT_NOT_STARTED;
}

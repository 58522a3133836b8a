/* SPDX-License-Identifier: BSD-3-Clause */
/* Secrets from files. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/secret.h"

#define DIGITS (2 * SECRET_BYTES)
#define WANTED "expected 64 hexadecimal digits; 'od -An -tx1 -N32 /dev/urandom' makes them"

/* Digits, blanks, and what a careless editor adds. */
#define TEXT_MAX 512

static int
secret_check_file(int fd, const char *path, char *error, size_t error_size)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		snprintf(error, error_size, "'%s': %s", path, strerror(errno));
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(error, error_size, "'%s' is no regular file: " WANTED, path);
		return -EINVAL;
	}
	if (st.st_mode & (S_IRWXG | S_IRWXO)) {
		snprintf(error, error_size,
		    "'%s' is open to others (mode %03o): expected a secret of its owner alone, "
		    "'chmod 600' makes it one",
		    path, (unsigned int)(st.st_mode & 0777));
		return -EPERM;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		snprintf(error, error_size,
		    "'%s' belongs to user %u: expected root's or that of who runs this, 'chown' it",
		    path, (unsigned int)st.st_uid);
		return -EPERM;
	}
	return 0;
}

static int
digit(int c)
{
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* NULL, or what is wrong with the text, which is not shown. */
static const char *
secret_decode(const char *text, size_t size, uint8_t secret[SECRET_BYTES])
{
	unsigned int n = 0;

	for (size_t i = 0; i < size; i++) {
		int c = (unsigned char)text[i];

		if (isspace(c))
			continue;
		if (!isxdigit(c))
			return "holds something else than digits";
		if (n == DIGITS)
			return "holds too many digits";
		secret[n / 2] = (uint8_t)(secret[n / 2] << 4 | digit(c));
		n++;
	}
	return n == 0 ? "is empty" : n < DIGITS ? "holds too few digits" : NULL;
}

/* All of the file, or as much as is too much. */
static ssize_t
secret_read_text(int fd, char *text, size_t size)
{
	size_t all = 0;
	ssize_t n;

	do {
		n = read(fd, text + all, size - all);
		all += n > 0 ? (size_t)n : 0;
	} while (n > 0 && all < size);
	return n < 0 ? -errno : (ssize_t)all;
}

int
secret_read(const char *path, uint8_t secret[SECRET_BYTES], char *error, size_t error_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc;
	const char *wrong = NULL;
	char text[TEXT_MAX + 1];
	ssize_t n;

	if (fd < 0) {
		rc = -errno;
		snprintf(
		    error, error_size, "'%s' cannot be read: %s; " WANTED, path, strerror(-rc));
		return rc;
	}
	rc = secret_check_file(fd, path, error, error_size);
	n = rc ? 0 : secret_read_text(fd, text, sizeof(text));
	close(fd);
	if (rc)
		return rc;
	if (n < 0)
		wrong = strerror((int)-n);
	else if (n > TEXT_MAX)
		wrong = "is too long";
	else
		wrong = secret_decode(text, (size_t)n, secret);
	explicit_bzero(text, sizeof(text));
	if (!wrong)
		return 0;
	explicit_bzero(secret, SECRET_BYTES);
	snprintf(error, error_size, "'%s' %s: " WANTED, path, wrong);
	return -EINVAL;
}

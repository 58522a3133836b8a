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

#define HOW "'od -An -tx1 -N32 /dev/urandom' makes one"

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
		snprintf(error, error_size, "'%s' is no file: expected 64 hexadecimal digits; " HOW,
		    path);
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

/* Exactly 64 digits. */
static bool
secret_decode(const char *text, uint8_t secret[SECRET_BYTES])
{
	unsigned int n = 0;

	for (; *text; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (!isxdigit((unsigned char)*text) || n == 2 * SECRET_BYTES)
			return false;
		secret[n / 2] = (uint8_t)(secret[n / 2] << 4 | digit((unsigned char)*text));
		n++;
	}
	return n == 2 * SECRET_BYTES;
}

int
secret_read(const char *path, uint8_t secret[SECRET_BYTES], char *error, size_t error_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	char text[TEXT_MAX + 1];
	ssize_t n;

	if (fd < 0) {
		rc = -errno;
		snprintf(error, error_size, "'%s' cannot be read: %s", path, strerror(errno));
		return rc;
	}
	rc = secret_check_file(fd, path, error, error_size);
	if (rc) {
		close(fd);
		return rc;
	}
	n = read(fd, text, TEXT_MAX);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (n < 0 || !secret_decode(text, secret)) {
		snprintf(error, error_size,
		    "'%s' holds no secret: expected 64 hexadecimal digits; " HOW, path);
		rc = -EINVAL;
	}
	explicit_bzero(text, sizeof(text));
	return rc;
}

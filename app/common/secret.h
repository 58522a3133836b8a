/* SPDX-License-Identifier: BSD-3-Clause */
/* A secret that several hosts share, from a file that nobody else may read. */
#ifndef SPT_APP_SECRET_H
#define SPT_APP_SECRET_H

#include <stddef.h>
#include <stdint.h>

#define SECRET_BYTES 32

/*
 * 64 hexadecimal digits; blanks and line ends between them do not count. The file must be the
 * reader's or root's, and closed to everybody else. 0, or a negative errno with one line in 'error'
 * that never shows what was read.
 */
int secret_read(const char *path, uint8_t secret[SECRET_BYTES], char *error, size_t error_size);

#endif

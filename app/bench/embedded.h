/* SPDX-License-Identifier: BSD-3-Clause */
/* The server in the same process, and the link in memory between it and the client. */
#ifndef SPT_APP_EMBEDDED_H
#define SPT_APP_EMBEDDED_H

#include "bench/bench.h"

/*
 * Who is who on the link in memory: the client's addresses, and the target unless one was asked
 * for, which must be the server. 0, or -EINVAL with one line in 'error'.
 */
int embedded_link(struct bench_options *o, char *error, size_t error_size);

/* The server that fits the client's options, as bench->server. 0, or negative with 'error'. */
int embedded_create(struct bench *bench, char *error, size_t error_size);
void embedded_destroy(struct bench *bench);

/* What its engines are asked for. */
void embedded_config(const struct bench *bench, struct spt_runtime_config *config);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a program writes: a line that refuses, and files. Those are opened before the run, for two
 * reasons: that one cannot be written is better known then, and who gives up privileges may not
 * open it afterwards.
 */
#ifndef SPT_APP_OUTPUT_H
#define SPT_APP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define EXIT_NOT_STARTED 2

struct output {
	const char *path; /* NULL: not asked for */
	FILE *f;
	bool made; /* there was no such file before */
};

/* 'option' is its name without dashes. 0, or -EINVAL with one line in 'error'. */
int output_open(struct output *o, const char *option, char *error, size_t error_size);

/* What was in the file gives way to what is written to o->f from now on. */
void output_begin(struct output *o);

/* Nothing more comes. 0, or a negative errno: not all of it could be written. */
int output_end(struct output *o);

/* Of a run that never was: a file that was not there before goes. */
void output_close(struct output *o);

/* Are both open, and one regular file, whatever their paths? */
bool output_same(const struct output *a, const struct output *b);

/* Did all that was printed get there? Else a line says that it did not. */
bool output_printed(const char *program);

/* "septet serve: ERROR", in one line whatever the user typed. Returns EXIT_NOT_STARTED. */
int output_refuse(const char *program, const char *error);

#endif

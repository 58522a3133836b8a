/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Command-line options from one table: it parses them, gives them their defaults and
 * prints the help, so that the three cannot disagree.
 */
#ifndef SPT_APP_OPTION_H
#define SPT_APP_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_NUMBER, /* within min .. max */
	OPTION_BYTES,  /* 1500, 64K, 2M, 1G */
	OPTION_TIME,   /* stored as milliseconds: 200ms, 5s, 2m, 1h; a bare number is seconds */
	OPTION_STRING, /* const char * */
	OPTION_PARSED, /* 'parse' knows; may be given several times */
};

struct option_row {
	const char *group;    /* heading in the help; rows of a group stand together */
	const char *name;     /* without its dashes */
	const char *argument; /* what the help calls it; NULL for a flag */
	const char *initial;  /* the default as a user would write it, or NULL: zero */
	const char *help;
	enum option_kind kind;
	size_t offset; /* into the target structure */
	size_t width;  /* of the number there: 1, 2, 4 or 8 bytes */
	uint64_t min, max;
	/* 0, or -EINVAL with the reason in 'error' */
	int (*parse)(void *target, const char *value, char *error, size_t error_size);
};

/*
 * Fill 'target' with the defaults, then with what argv[0 .. argc - 1] says. Everything after
 * "--" is not looked at: *rest is the index of what follows it (argc if nothing does).
 * 0; 1 when --help was asked for; -EINVAL with one line in 'error'.
 */
int option_parse(const struct option_row *rows, size_t n, void *target, int argc, char **argv,
    int *rest, char *error, size_t error_size);

/* A line or more for each row, by group, with the defaults. */
void option_help(const struct option_row *rows, size_t n, FILE *out);

/* The word of 'words' closest to 'word', or NULL when none is close. */
const char *option_nearest(const char *word, const char *const *words, size_t n);

/* The index of 'value' among 'words', or -EINVAL with the words in 'error'. */
int option_choice(
    const char *value, const char *const *words, size_t n, char *error, size_t error_size);

/*
 * A file that cannot be written is better known before the run than after it: it is made now.
 * NULL is no file. 0, or -EINVAL with one line in 'error'.
 */
int option_check_output(const char *name, const char *path, char *error, size_t error_size);

#endif

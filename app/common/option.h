/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options from tables: they parse the command line and a file, give defaults and print the help,
 * so that the four cannot disagree. Every refusal is one line that names the option and the value,
 * says what was expected, and what to write.
 */
#ifndef SPT_APP_OPTION_H
#define SPT_APP_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct config;

enum option_kind {
	OPTION_FLAG,   /* bool: alone, or with a word that means yes or no */
	OPTION_NUMBER, /* within min .. max */
	OPTION_BYTES,  /* 1500, 64K, 2M, 1G */
	OPTION_TIME,   /* stored as milliseconds: 200ms, 5s, 2m, 1h; a bare number is seconds */
	OPTION_STRING, /* const char *, not empty */
	OPTION_PARSED, /* 'parse' knows */
	OPTION_CONFIG, /* the file: struct config *, read before the command line counts */
};

struct option_row {
	const char *group;    /* heading in the help */
	const char *name;     /* without its dashes */
	const char *argument; /* what the help calls it; NULL for a flag */
	const char *initial;  /* the default as a user would write it, or NULL: zero */
	const char *example;  /* for those who got it wrong; NULL: 'initial' */
	const char *help;
	enum option_kind kind;
	bool many;     /* may be given several times; else twice is an error */
	size_t offset; /* into the target structure */
	size_t width;  /* of the number there: 1, 2, 4 or 8 bytes */
	uint64_t min, max;
	/*
	 * OPTION_PARSED: reads the value. Of numbers: what else happens when one was stored. 0, or
	 * -EINVAL with the reason in 'error': "'VALUE' is ...", or what follows a colon.
	 */
	int (*parse)(void *target, const char *value, char *error, size_t error_size);
};

/* Rows that fill in one structure. */
struct option_set {
	const struct option_row *rows;
	size_t n;
	void *target;
};

struct option_table {
	const char *command; /* whose section of a file counts */
	const struct option_set *set;
	size_t n_sets;
	const char *const *group; /* headings of the help, in order */
	size_t n_groups;
	/*
	 * Between the file and the command line. 'anew': the latter has the option of that name,
	 * which takes the place of all that the file said of it and of what belongs to it. NULL:
	 * none.
	 */
	const char *anew;
	void (*command_line)(void *argument, bool anew);
	void *argument;
};

/*
 * Fill the targets with the defaults, with what the file says, then with what argv[0 .. argc - 1]
 * says. Everything after "--" is not looked at: *rest is the index of what follows it (argc if
 * nothing does). 0; 1 when --help was asked for; or a negative errno with one line in 'error'.
 */
int option_parse(const struct option_table *table, int argc, char **argv, int *rest, char *error,
    size_t error_size);

/* A line or more for each row, by group, with the defaults. */
void option_help(const struct option_table *table, FILE *out);

/* The word of 'words' closest to 'word', or NULL when none is close. */
const char *option_nearest(const char *word, const char *const *words, size_t n);

/* The index of 'value' among 'words', or -EINVAL with the words in 'error'. */
int option_choice(
    const char *value, const char *const *words, size_t n, char *error, size_t error_size);

#endif

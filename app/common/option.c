/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options from tables. The command line is cut into options and values first: only then is it
 * known whether there is a file, and what of it the command line takes the place of.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/option.h"
#include "common/option_value.h"

#define OPTION_NAME  64
#define OPTION_NAMES 128

/* An option that was given. */
struct option_token {
	const struct option_row *row;
	void *target;
	const char *value; /* NULL: a flag that stands alone */
	unsigned int line; /* of the file; 0: the command line */
};

struct option_tokens {
	const struct option_table *table;
	struct option_token *token;
	size_t n;
	const char *path; /* of the file, or NULL */
};

static bool
option_find(const struct option_table *table, const char *name, struct option_token *token)
{
	for (size_t s = 0; s < table->n_sets; s++) {
		for (size_t i = 0; i < table->set[s].n; i++) {
			if (strcmp(table->set[s].rows[i].name, name) != 0)
				continue;
			token->row = &table->set[s].rows[i];
			token->target = table->set[s].target;
			return true;
		}
	}
	return false;
}

static const char *
option_near(const struct option_table *table, const char *word)
{
	const char *names[OPTION_NAMES];
	size_t n = 0;

	for (size_t s = 0; s < table->n_sets; s++)
		for (size_t i = 0; i < table->set[s].n && n < OPTION_NAMES; i++)
			names[n++] = table->set[s].rows[i].name;
	return option_nearest(word, names, n);
}

/* ---- the command line ------------------------------------------------------ */

static int
option_unknown(const struct option_table *table, const char *word, char *error, size_t error_size)
{
	const char *nearest = option_near(table, word);

	if (nearest)
		snprintf(error, error_size,
		    "unknown option --%s: did you mean --%s? 'septet %s --help' lists them all",
		    word, nearest, table->command);
	else
		snprintf(error, error_size,
		    "unknown option --%s: expected one of those that 'septet %s --help' lists",
		    word, table->command);
	return -EINVAL;
}

/* One option at argv[*at], and its value, which may be the next argument. */
static int
option_take(
    struct option_tokens *tokens, int argc, char **argv, int *at, char *error, size_t error_size)
{
	struct option_token *t = &tokens->token[tokens->n];
	const char *word = argv[*at], *equals = strchr(word, '=');
	char name[OPTION_NAME];
	int length;

	if (word[0] != '-' || word[1] != '-') {
		snprintf(error, error_size,
		    "'%s' is no option: expected --NAME, see 'septet %s --help'; what is for EAL "
		    "comes after a bare --",
		    word, tokens->table->command);
		return -EINVAL;
	}
	length = (int)(equals ? (size_t)(equals - word) : strlen(word)) - 2;
	snprintf(name, sizeof(name), "%.*s", length, word + 2);
	*t = (struct option_token){.value = equals ? equals + 1 : NULL};
	if (!option_find(tokens->table, name, t))
		return option_unknown(tokens->table, name, error, error_size);
	tokens->n++;
	if (t->row->kind == OPTION_FLAG || t->value)
		return 0;
	/* What begins with two dashes is the next option, or the end. */
	if (*at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0) {
		t->value = argv[++*at];
		return 0;
	}
	snprintf(error, error_size, "--%s has no value: expected --%s %s, such as --%s %s", name,
	    name, t->row->argument, name, t->row->example ? t->row->example : t->row->initial);
	return -EINVAL;
}

static int
option_tokenize(
    struct option_tokens *tokens, int argc, char **argv, int *rest, char *error, size_t error_size)
{
	int rc;

	for (int at = 0; at < argc; at++) {
		*rest = at + 1;
		if (strcmp(argv[at], "--") == 0)
			return 0;
		if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
			return 1;
		rc = option_take(tokens, argc, argv, &at, error, error_size);
		if (rc)
			return rc;
	}
	*rest = argc;
	return 0;
}

/* ---- the file -------------------------------------------------------------- */

static int
option_key(
    struct option_tokens *tokens, const struct config_entry *entry, char *error, size_t error_size)
{
	struct option_token *t = &tokens->token[tokens->n++];
	const char *command = tokens->table->command, *nearest;

	*t = (struct option_token){.value = entry->e.value, .line = entry->line};
	if (!option_find(tokens->table, entry->e.name, t)) {
		nearest = option_near(tokens->table, entry->e.name);
		snprintf(error, error_size,
		    "%s line %u: unknown key '%s': expected an option of 'septet %s --help' "
		    "without its dashes%s%s%s",
		    tokens->path, entry->line, entry->e.name, command,
		    nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
		return -EINVAL;
	}
	if (t->row->kind != OPTION_CONFIG)
		return 0;
	snprintf(error, error_size,
	    "%s line %u: a file names no other: expected %s on the command line only, leave it "
	    "away here",
	    tokens->path, entry->line, "--config");
	return -EINVAL;
}

/* ---- from options to values --------------------------------------------------- */

/* Where it was written, in front of the reason. */
static int
option_where(const struct option_tokens *tokens, const struct option_token *t, const char *why,
    char *error, size_t error_size)
{
	if (t->line)
		snprintf(error, error_size, "%s line %u: %s", tokens->path, t->line, why);
	else
		snprintf(error, error_size, "%s", why);
	return -EINVAL;
}

static int
option_twice(const struct option_tokens *tokens, const struct option_token *t, char *error,
    size_t error_size)
{
	const struct option_token *first = tokens->token;
	const char *dashes = t->line ? "" : "--";
	char why[384];

	while (first->row != t->row)
		first++;
	if (first == t || t->row->many)
		return 0;
	if (!first->value || !t->value)
		snprintf(why, sizeof(why), "%s%s is given twice: expected once, leave one away",
		    dashes, t->row->name);
	else
		snprintf(why, sizeof(why),
		    "%s%s is given twice, '%.100s' and '%.100s': expected once, leave one away",
		    dashes, t->row->name, first->value, t->value);
	return option_where(tokens, t, why, error, error_size);
}

static int
option_apply(const struct option_tokens *tokens, char *error, size_t error_size)
{
	char why[448];
	int rc = 0;

	for (size_t i = 0; i < tokens->n && rc == 0; i++) {
		const struct option_token *t = &tokens->token[i];

		rc = option_twice(tokens, t, error, error_size);
		if (rc)
			break;
		rc = option_value_set(t->row, t->target, t->value, t->line > 0, why, sizeof(why));
		if (rc)
			option_where(tokens, t, why, error, error_size);
	}
	return rc;
}

static int
option_defaults(const struct option_table *table, char *error, size_t error_size)
{
	int rc = 0;

	for (size_t s = 0; s < table->n_sets; s++) {
		for (size_t i = 0; i < table->set[s].n && rc == 0; i++) {
			const struct option_row *r = &table->set[s].rows[i];

			if (r->initial && !r->parse)
				rc = option_value_set(
				    r, table->set[s].target, r->initial, false, error, error_size);
		}
	}
	return rc;
}

/* The file that --config names, whose text the target keeps. */
static int
option_file(
    const struct option_table *table, const struct option_token *t, char *error, size_t error_size)
{
	struct option_tokens tokens = {.table = table, .path = t->value};
	struct config *config = NULL;
	int rc;

	rc = config_load(t->value, table->command, &config, error, error_size);
	if (rc)
		return rc;
	memcpy((uint8_t *)t->target + t->row->offset, &config, sizeof(config));
	tokens.token = calloc(config->n + 1, sizeof(*tokens.token));
	if (!tokens.token) {
		snprintf(error, error_size, "no memory for %s", t->value);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < config->n && rc == 0; i++)
		rc = option_key(&tokens, &config->entry[i], error, error_size);
	if (rc == 0)
		rc = option_apply(&tokens, error, error_size);
	free(tokens.token);
	return rc;
}

/* Everything but the cutting: the file first, then what wins over it. */
static int
option_fill(const struct option_tokens *tokens, char *error, size_t error_size)
{
	const struct option_table *table = tokens->table;
	const struct option_token *file = NULL;
	bool anew = false;
	int rc = 0;

	for (size_t i = 0; i < tokens->n && rc == 0; i++) {
		const struct option_token *t = &tokens->token[i];

		anew |= table->anew && strcmp(t->row->name, table->anew) == 0;
		if (t->row->kind != OPTION_CONFIG)
			continue;
		rc = option_twice(tokens, t, error, error_size);
		file = t;
	}
	if (rc == 0 && file)
		rc = option_file(table, file, error, error_size);
	if (rc)
		return rc;
	if (table->command_line)
		table->command_line(table->argument, anew);
	return option_apply(tokens, error, error_size);
}

int
option_parse(const struct option_table *table, int argc, char **argv, int *rest, char *error,
    size_t error_size)
{
	struct option_tokens tokens = {.table = table};
	int rc = option_defaults(table, error, error_size);

	if (rc)
		return rc;
	tokens.token = calloc((size_t)argc + 1, sizeof(*tokens.token));
	if (!tokens.token) {
		snprintf(error, error_size, "no memory for options");
		return -ENOMEM;
	}
	rc = option_tokenize(&tokens, argc, argv, rest, error, error_size);
	if (rc == 0)
		rc = option_fill(&tokens, error, error_size);
	free(tokens.token);
	return rc;
}

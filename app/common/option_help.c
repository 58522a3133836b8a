/* SPDX-License-Identifier: BSD-3-Clause */
/* What is printed of the tables: the help, and words that were meant. */
#include <errno.h>
#include <string.h>

#include "common/option.h"

#define OPTION_WORD 32 /* longest word that is compared for a suggestion */
#define HELP_COLUMN 30
#define HELP_WIDTH  100

/* Edit distance; longer words than OPTION_WORD are far from everything. */
static unsigned int
option_distance(const char *a, const char *b)
{
	unsigned int row[OPTION_WORD + 1], diagonal, above;
	size_t la = strlen(a), lb = strlen(b);

	if (la > OPTION_WORD || lb > OPTION_WORD)
		return OPTION_WORD;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			above = row[j];
			row[j] = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = above;
		}
	}
	return row[lb];
}

const char *
option_nearest(const char *word, const char *const *words, size_t n)
{
	unsigned int best = OPTION_WORD, distance;
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		distance = option_distance(word, words[i]);
		/* What begins alike is meant more likely than what is spelled alike. */
		if (word[0] && strncmp(word, words[i], strlen(word)) == 0)
			distance = 1;
		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
	}
	return best <= 1 + strlen(word) / 3 ? nearest : NULL;
}

int
option_choice(const char *value, const char *const *words, size_t n, char *error, size_t error_size)
{
	const char *nearest;
	size_t used = 0;
	char list[256];

	for (size_t i = 0; i < n; i++) {
		if (strcmp(value, words[i]) == 0)
			return (int)i;
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
		    i == 0       ? ""
		    : i == n - 1 ? " or "
		                 : ", ",
		    words[i]);
		used = used < sizeof(list) ? used : sizeof(list) - 1;
	}
	nearest = option_nearest(value, words, n);
	snprintf(error, error_size, "'%s' is unknown: expected %s%s%s%s", value, list,
	    nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
	return -EINVAL;
}

/* 'text' broken at blanks, every line but the first indented. */
static void
option_help_text(const char *text, int column, FILE *out)
{
	while (*text) {
		const char *end = strchrnul(text, ' ');
		int word = (int)(end - text);

		if (column + 1 + word > HELP_WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		fprintf(out, "%s%.*s", column == HELP_COLUMN ? "" : " ", word, text);
		column += word + (column != HELP_COLUMN);
		text = *end ? end + 1 : end;
	}
}

/* The rows of a group, of all sets. */
static void
option_help_row(const struct option_row *r, FILE *out)
{
	char text[512];
	int used;

	used = fprintf(
	    out, "  --%s%s%s", r->name, r->argument ? " " : "", r->argument ? r->argument : "");
	if (used >= HELP_COLUMN) {
		fputc('\n', out);
		used = 0;
	}
	fprintf(out, "%*s", HELP_COLUMN - used, "");
	snprintf(text, sizeof(text), r->initial ? "%s (default %s)" : "%s", r->help, r->initial);
	option_help_text(text, HELP_COLUMN, out);
	fputc('\n', out);
}

void
option_help(const struct option_table *table, FILE *out)
{
	for (size_t g = 0; g < table->n_groups; g++) {
		fprintf(out, "\n%s\n", table->group[g]);
		for (size_t s = 0; s < table->n_sets; s++)
			for (size_t i = 0; i < table->set[s].n; i++)
				if (strcmp(table->set[s].rows[i].group, table->group[g]) == 0)
					option_help_row(&table->set[s].rows[i], out);
	}
}

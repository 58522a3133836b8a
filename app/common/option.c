/* SPDX-License-Identifier: BSD-3-Clause */
/* Command-line options from one table. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/option.h"

#define OPTION_WORD  32 /* longest word that is compared for a suggestion */
#define HELP_COLUMN  30
#define HELP_WIDTH   100
#define OPTION_NAMES 128

/* A number and its unit. 0, or -EINVAL. */
static int
option_number(const char *value, uint64_t *number, const char **unit)
{
	char *end;

	/* strtoull takes signs and blanks: a digit must come first. */
	if (!isdigit((unsigned char)value[0]))
		return -EINVAL;
	errno = 0;
	*number = strtoull(value, &end, 10);
	*unit = end;
	return errno ? -EINVAL : 0;
}

/* Multiply by the unit's factor; -ERANGE when that does not fit. */
static int
option_scale(
    uint64_t *number, const char *unit, const char *const *units, const uint64_t *factors, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcasecmp(unit, units[i]) != 0)
			continue;
		return __builtin_mul_overflow(*number, factors[i], number) ? -ERANGE : 0;
	}
	return -EINVAL;
}

static int
option_value(const struct option_row *row, const char *value, uint64_t *number)
{
	static const char *const byte_units[] = {"", "K", "KiB", "M", "MiB", "G", "GiB", "T"};
	static const uint64_t byte_factors[] = {
	    1, 1 << 10, 1 << 10, 1 << 20, 1 << 20, 1 << 30, 1 << 30, UINT64_C(1) << 40};
	static const char *const time_units[] = {"", "ms", "s", "m", "h"};
	static const uint64_t time_factors[] = {1000, 1, 1000, 60000, 3600000};
	const char *unit;
	int rc = option_number(value, number, &unit);

	if (rc)
		return rc;
	if (row->kind == OPTION_BYTES)
		rc = option_scale(number, unit, byte_units, byte_factors, 8);
	else if (row->kind == OPTION_TIME)
		rc = option_scale(number, unit, time_units, time_factors, 5);
	else
		rc = unit[0] ? -EINVAL : 0;
	if (rc)
		return rc;
	return *number < row->min || *number > row->max ? -ERANGE : 0;
}

static const char *
option_expected(const struct option_row *row)
{
	if (row->kind == OPTION_BYTES)
		return "bytes, such as 1500, 64K or 2M";
	if (row->kind == OPTION_TIME)
		return "a time, such as 200ms, 5s, 2m or 1h";
	return "a number";
}

/* min .. max as the user would write them. */
static void
option_range(const struct option_row *row, char *text, size_t size)
{
	const char *unit = row->kind == OPTION_TIME ? "ms" : "";

	snprintf(text, size, "%" PRIu64 "%s to %" PRIu64 "%s", row->min, unit, row->max, unit);
}

static void
option_store(uint8_t *field, size_t width, uint64_t number)
{
	uint32_t u32 = (uint32_t)number;
	uint16_t u16 = (uint16_t)number;

	if (width == sizeof(number))
		memcpy(field, &number, sizeof(number));
	else if (width == sizeof(u32))
		memcpy(field, &u32, sizeof(u32));
	else if (width == sizeof(u16))
		memcpy(field, &u16, sizeof(u16));
	else
		*field = (uint8_t)number;
}

static int
option_set(
    const struct option_row *row, void *target, const char *value, char *error, size_t error_size)
{
	uint8_t *field = (uint8_t *)target + row->offset;
	char range[64], why[256];
	uint64_t number;
	int rc;

	if (row->kind == OPTION_STRING) {
		memcpy(field, &value, sizeof(value));
		return 0;
	}
	if (row->kind == OPTION_PARSED) {
		rc = row->parse(target, value, why, sizeof(why));
		if (rc)
			snprintf(error, error_size, "--%s: %s", row->name, why);
		return rc;
	}
	rc = option_value(row, value, &number);
	if (rc) {
		option_range(row, range, sizeof(range));
		snprintf(error, error_size, "--%s %s: expected %s, %s", row->name, value,
		    option_expected(row), range);
		return -EINVAL;
	}
	option_store(field, row->width, number);
	return 0;
}

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
	snprintf(error, error_size, "'%s': expected %s", value, list);
	return -EINVAL;
}

int
option_check_output(const char *name, const char *path, char *error, size_t error_size)
{
	FILE *f = path ? fopen(path, "a") : NULL;

	if (f)
		fclose(f);
	if (f || !path)
		return 0;
	snprintf(error, error_size, "--%s '%s': %s; expected a file that can be written", name,
	    path, strerror(errno));
	return -EINVAL;
}

static int
option_unknown(
    const struct option_row *rows, size_t n, const char *word, char *error, size_t error_size)
{
	const char *names[OPTION_NAMES], *nearest;

	for (size_t i = 0; i < n; i++)
		names[i] = rows[i].name;
	nearest = option_nearest(word, names, n);
	if (nearest)
		snprintf(
		    error, error_size, "unknown option --%s: did you mean --%s?", word, nearest);
	else
		snprintf(error, error_size, "unknown option --%s: --help lists them all", word);
	return -EINVAL;
}

static const struct option_row *
option_find(const struct option_row *rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* One option at argv[*at], and its value, which may be the next argument. */
static int
option_take(const struct option_row *rows, size_t n, void *target, int argc, char **argv, int *at,
    char *error, size_t error_size)
{
	const char *value = strchr(argv[*at], '=');
	char name[OPTION_WORD + 1];
	const struct option_row *row;
	int length;

	if (argv[*at][0] != '-' || argv[*at][1] != '-') {
		snprintf(error, error_size,
		    "'%s' is no option: options begin with --, and EAL's own "
		    "arguments come after a bare --",
		    argv[*at]);
		return -EINVAL;
	}
	length = (int)(value ? (size_t)(value - argv[*at]) : strlen(argv[*at])) - 2;
	snprintf(name, sizeof(name), "%.*s", length, argv[*at] + 2);
	row = option_find(rows, n, name);
	if (!row)
		return option_unknown(rows, n, name, error, error_size);
	if (row->kind == OPTION_FLAG) {
		if (value) {
			snprintf(error, error_size, "--%s takes no value", name);
			return -EINVAL;
		}
		*(bool *)((uint8_t *)target + row->offset) = true;
		return 0;
	}
	if (!value && *at + 1 < argc && strcmp(argv[*at + 1], "--") != 0)
		value = argv[++*at];
	else if (value)
		value++;
	if (!value) {
		snprintf(
		    error, error_size, "--%s needs a value: --%s %s", name, name, row->argument);
		return -EINVAL;
	}
	return option_set(row, target, value, error, error_size);
}

int
option_parse(const struct option_row *rows, size_t n, void *target, int argc, char **argv,
    int *rest, char *error, size_t error_size)
{
	int rc;

	for (size_t i = 0; i < n; i++) {
		rc = rows[i].initial && rows[i].kind != OPTION_PARSED
		         ? option_set(&rows[i], target, rows[i].initial, error, error_size)
		         : 0;
		if (rc)
			return rc;
	}
	for (int at = 0; at < argc; at++) {
		*rest = at + 1;
		if (strcmp(argv[at], "--") == 0)
			return 0;
		if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
			return 1;
		rc = option_take(rows, n, target, argc, argv, &at, error, error_size);
		if (rc)
			return rc;
	}
	*rest = argc;
	return 0;
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

void
option_help(const struct option_row *rows, size_t n, FILE *out)
{
	const char *group = "";
	char text[512];
	int used;

	for (size_t i = 0; i < n; i++) {
		const struct option_row *r = &rows[i];

		if (strcmp(group, r->group) != 0)
			fprintf(out, "\n%s\n", r->group);
		group = r->group;
		used = fprintf(out, "  --%s%s%s", r->name, r->argument ? " " : "",
		    r->argument ? r->argument : "");
		if (used >= HELP_COLUMN) {
			fputc('\n', out);
			used = 0;
		}
		fprintf(out, "%*s", HELP_COLUMN - used, "");
		snprintf(
		    text, sizeof(text), r->initial ? "%s (default %s)" : "%s", r->help, r->initial);
		option_help_text(text, HELP_COLUMN, out);
		fputc('\n', out);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The values of options. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "common/option_value.h"

struct option_unit {
	const char *name;
	uint64_t factor;
};

static const struct option_unit byte_units[] = {
    {"", 1},
    {"K", 1 << 10},
    {"KiB", 1 << 10},
    {"M", 1 << 20},
    {"MiB", 1 << 20},
    {"G", 1 << 30},
    {"GiB", 1 << 30},
    {"T", UINT64_C(1) << 40},
};

/* Milliseconds. */
static const struct option_unit time_units[] = {
    {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};

static const struct option_unit number_units[] = {{"", 1}};

/* What makes of a text a number, by kind. */
static const struct option_class {
	const struct option_unit *unit;
	size_t n_units;
	const char *noun;
	const char *with; /* which units the user may write */
} classes[] = {
    [OPTION_NUMBER] = {number_units, RTE_DIM(number_units), "number", ""},
    [OPTION_BYTES] = {byte_units, RTE_DIM(byte_units), "number of bytes", " bytes (K, M, G)"},
    [OPTION_TIME] = {time_units, RTE_DIM(time_units), "time", " (ms, s, m, h)"},
};

/* "" or why 'value' is no number of that class within the row's bounds. */
static const char *
option_number(const struct option_row *row, const char *value, uint64_t *number)
{
	const struct option_class *c = &classes[row->kind];
	const struct option_unit *unit = NULL;
	char *end;

	/* strtoull takes signs and blanks: a digit must come first. */
	if (!isdigit((unsigned char)value[0]))
		return "no";
	errno = 0;
	*number = strtoull(value, &end, 10);
	for (size_t i = 0; i < c->n_units; i++)
		if (strcasecmp(end, c->unit[i].name) == 0)
			unit = &c->unit[i];
	if (!unit)
		return "no";
	if (errno || __builtin_mul_overflow(*number, unit->factor, number) || *number > row->max)
		return "too large";
	return *number < row->min ? "too small" : "";
}

/* In the largest unit that divides it. */
static void
option_bound(const struct option_row *row, uint64_t number, char text[32])
{
	const struct option_class *c = &classes[row->kind];
	const struct option_unit *best = &c->unit[0];

	if (row->kind == OPTION_TIME)
		best = &c->unit[1];
	for (size_t i = 0; number && i < c->n_units; i++)
		if (number % c->unit[i].factor == 0 && c->unit[i].factor > best->factor)
			best = &c->unit[i];
	snprintf(text, 32, "%" PRIu64 "%s", number / best->factor, best->name);
}

/* "--cores '0' is too small: expected 1 to 128, such as --cores 4" */
static int
option_refuse(const struct option_row *row, const char *value, const char *why, bool file,
    char *error, size_t error_size)
{
	const struct option_class *c = &classes[row->kind];
	const char *dashes = file ? "" : "--", *is = file ? " = " : " ";
	char least[32], most[32], noun[32];

	option_bound(row, row->min, least);
	option_bound(row, row->max, most);
	snprintf(noun, sizeof(noun), "no %s", c->noun);
	snprintf(error, error_size, "%s%s%s'%s' is %s: expected %s to %s%s, such as %s%s%s%s",
	    dashes, row->name, is, value, strcmp(why, "no") == 0 ? noun : why, least, most, c->with,
	    dashes, row->name, is, row->example ? row->example : row->initial);
	return -EINVAL;
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
option_flag(const struct option_row *row, uint8_t *field, const char *value, bool file, char *error,
    size_t error_size)
{
	static const char *const words[][2] = {
	    {"no", "yes"}, {"off", "on"}, {"false", "true"}, {"0", "1"}};

	for (size_t i = 0; value && i < RTE_DIM(words); i++) {
		if (strcasecmp(value, words[i][0]) != 0 && strcasecmp(value, words[i][1]) != 0)
			continue;
		*(bool *)field = strcasecmp(value, words[i][1]) == 0;
		return 0;
	}
	if (!value) {
		*(bool *)field = true;
		return 0;
	}
	snprintf(error, error_size,
	    "%s%s%s'%s' is neither yes nor no: expected yes, no, on, off, true, false, 1 or 0, "
	    "such as %s%s%s",
	    file ? "" : "--", row->name, file ? " = " : "=", value, file ? "" : "--", row->name,
	    file ? " = yes" : "=yes");
	return -EINVAL;
}

/* What the row's own function says follows the name, with a colon unless it begins by the value. */
static int
option_own(const struct option_row *row, void *target, const char *value, bool file, char *error,
    size_t error_size)
{
	char why[384] = "";
	int rc = row->parse(target, value, why, sizeof(why));

	if (rc)
		snprintf(error, error_size, "%s%s%s%s", file ? "" : "--", row->name,
		    why[0] != '\'' ? ": "
		    : file         ? " = "
		                   : " ",
		    why);
	return rc;
}

int
option_value_set(const struct option_row *row, void *target, const char *value, bool file,
    char *error, size_t error_size)
{
	uint8_t *field = (uint8_t *)target + row->offset;
	uint64_t number;
	const char *why;

	switch (row->kind) {
	case OPTION_FLAG: return option_flag(row, field, value, file, error, error_size);
	case OPTION_PARSED: return option_own(row, target, value, file, error, error_size);
	case OPTION_STRING:
		if (!value[0]) {
			snprintf(error, error_size,
			    "--%s '' is empty: expected %s, such as --%s %s", row->name,
			    row->argument, row->name, row->example);
			return -EINVAL;
		}
		memcpy(field, &value, sizeof(value));
		return 0;
	case OPTION_CONFIG: return 0;
	case OPTION_NUMBER:
	case OPTION_BYTES:
	case OPTION_TIME: break;
	}
	why = option_number(row, value, &number);
	if (why[0])
		return option_refuse(row, value, why, file, error, error_size);
	option_store(field, row->width, number);
	return row->parse ? option_own(row, target, value, file, error, error_size) : 0;
}

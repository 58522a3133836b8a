/* SPDX-License-Identifier: BSD-3-Clause */
/* The option table: defaults, values, refusals, suggestions, and a help that holds them all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_common.h>

#include "common/option.h"

struct target {
	bool flag;
	uint8_t byte;
	uint16_t half;
	uint32_t number;
	uint32_t time;
	uint64_t bytes;
	const char *text;
	unsigned int parsed;
	struct config *config;
	unsigned int layers; /* times that the command line began */
	bool anew;
};

static int
parse_even(void *target, const char *value, char *error, size_t error_size)
{
	struct target *t = target;

	if (atoi(value) % 2) {
		snprintf(error, error_size, "'%s' is odd", value);
		return -EINVAL;
	}
	t->parsed++;
	return 0;
}

#define AT(field)                                                                                  \
	.offset = offsetof(struct target, field), .width = sizeof(((struct target *)0)->field)

static const struct option_row first_rows[] = {
    {"First", "flag", NULL, NULL, NULL, "a flag", OPTION_FLAG, AT(flag)},
    {"First", "byte", "N", "7", NULL, "a byte", OPTION_NUMBER, AT(byte), .max = 63},
    {"Second", "text", "TEXT", NULL, "words", "text", OPTION_STRING, AT(text)},
};

static const struct option_row second_rows[] = {
    {"First", "half", "N", "1500", NULL, "a half", OPTION_BYTES, AT(half), .min = 100, .max = 9000},
    {"Second", "number", "N", "4096", NULL, "a number", OPTION_NUMBER, AT(number), .min = 1,
        .max = 1 << 20},
    {"Second", "time", "TIME", "30s", NULL, "a time", OPTION_TIME, AT(time), .max = 3600000},
    {"Second", "bytes", "BYTES", NULL, "64K", "bytes", OPTION_BYTES, AT(bytes), .max = UINT64_MAX},
    {"Second", "even", "N", NULL, "2", "even numbers, again and again", OPTION_PARSED, .many = true,
        .parse = parse_even},
    {"Second", "config", "FILE", NULL, "a.ini", "more of them", OPTION_CONFIG, AT(config)},
};

static const char *const groups[] = {"First", "Second"};

static char error_text[256];

static void
command_line(void *argument, bool anew)
{
	struct target *t = argument;

	t->layers++;
	t->anew = anew;
}

static struct option_table
table_of(struct target *t, struct option_set sets[2])
{
	sets[0] = (struct option_set){first_rows, RTE_DIM(first_rows), t};
	sets[1] = (struct option_set){second_rows, RTE_DIM(second_rows), t};
	return (struct option_table){
	    .command = "serve",
	    .set = sets,
	    .n_sets = 2,
	    .group = groups,
	    .n_groups = RTE_DIM(groups),
	    .anew = "even",
	    .command_line = command_line,
	    .argument = t,
	};
}

/* Up to 8 arguments, NULL-terminated. */
static int
parse(struct target *t, int *rest, const char *first, ...)
{
	struct option_set sets[2];
	struct option_table table = table_of(t, sets);
	char *argv[8];
	int argc = 0;
	va_list ap;

	memset(t, 0, sizeof(*t));
	error_text[0] = '\0';
	va_start(ap, first);
	for (const char *a = first; a; a = va_arg(ap, const char *))
		argv[argc++] = (char *)(uintptr_t)a;
	va_end(ap);
	return option_parse(&table, argc, argv, rest, error_text, sizeof(error_text));
}

static void
test_defaults(void **state)
{
	struct target t;
	int rest;

	assert_int_equal(parse(&t, &rest, NULL), 0);
	assert_int_equal(rest, 0);
	assert_false(t.flag);
	assert_int_equal(t.byte, 7);
	assert_int_equal(t.half, 1500);
	assert_int_equal(t.number, 4096);
	assert_int_equal(t.time, 30000);
	assert_int_equal(t.bytes, 0);
	assert_null(t.text);
}

static void
test_values(void **state)
{
	struct target t;
	int rest;

	assert_int_equal(parse(&t, &rest, "--flag", "--byte", "63", "--half=2K", "--number=5",
	                     "--text=x y", "--even=2", NULL),
	    0);
	assert_true(t.flag);
	assert_int_equal(t.byte, 63);
	assert_int_equal(t.half, 2048);
	assert_int_equal(t.number, 5);
	assert_string_equal(t.text, "x y");
	assert_int_equal(t.parsed, 1);
	assert_int_equal(parse(&t, &rest, "--even=2", "--even", "4", "--number", "9", NULL), 0);
	assert_int_equal(t.parsed, 2);
	assert_int_equal(t.number, 9);
	/* A flag may say no. */
	assert_int_equal(parse(&t, &rest, "--flag=no", NULL), 0);
	assert_false(t.flag);
	assert_int_equal(parse(&t, &rest, "--flag=ON", NULL), 0);
	assert_true(t.flag);
	assert_int_equal(t.layers, 1);
	assert_false(t.anew);
}

static void
test_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} times[] = {{"0", 0}, {"5", 5000}, {"5s", 5000}, {"200ms", 200}, {"2m", 120000},
	    {"1h", 3600000}, {"1H", 3600000}},
	  bytes[] = {{"0", 0}, {"1500", 1500}, {"64K", 65536}, {"64k", 65536}, {"2MiB", 2 << 20},
	      {"3G", UINT64_C(3) << 30}, {"18446744073709551615", UINT64_MAX}};
	struct target t;
	int rest;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_int_equal(parse(&t, &rest, "--time", times[i].text, NULL), 0);
		assert_int_equal(t.time, times[i].value);
	}
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		assert_int_equal(parse(&t, &rest, "--bytes", bytes[i].text, NULL), 0);
		assert_true(t.bytes == bytes[i].value);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *argument;
		const char *says;
	} cases[] = {
	    {"--number=0", "'0' is too small: expected 1 to 1048576, such as --number 4096"},
	    {"--number=1048577", "'1048577' is too large: expected 1 to 1048576"},
	    {"--number=5K", "'5K' is no number"},
	    {"--number=-1", "'-1' is no number"},
	    {"--number= 1", "' 1' is no number"},
	    {"--number=", "'' is no number"},
	    {"--number=99999999999999999999", "too large"},
	    {"--byte=64", "0 to 63"},
	    {"--time=2h", "'2h' is too large: expected 0ms to 1h"},
	    {"--time=5x", "is no time: expected 0ms to 1h (ms, s, m, h), such as --time 30s"},
	    {"--time=ms", "is no time"},
	    {"--half=99", "'99' is too small: expected 100 to 9000 bytes"},
	    {"--bytes=17179869184G", "too large"},
	    {"--bytes=1.5K", "'1.5K' is no number of bytes"},
	    {"--bytes=1.5K", "such as --bytes 64K"},
	    {"--even=3", "--even '3' is odd"},
	    {"--flag=maybe", "--flag='maybe' is neither yes nor no: expected yes, no, on"},
	    {"--text=", "--text '' is empty: expected TEXT, such as --text words"},
	    {"--number", "--number has no value: expected --number N, such as --number 4096"},
	    {"--numbr=1", "did you mean --number?"},
	    {"--num=1", "did you mean --number?"},
	    {"--nubmer", "did you mean --number?"},
	    {"--zzzzzz", "'septet serve --help' lists"},
	    {"--config=/nonexistent/file", "No such file or directory; expected a file"},
	    {"--", NULL}, /* not refused: the end of the options */
	    {"---flag", "did you mean --flag?"},
	    {"-flag", "'-flag' is no option"},
	    {"word", "'word' is no option"},
	    {"", "'' is no option"},
	};
	struct target t;
	int rest;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = parse(&t, &rest, cases[i].argument, NULL);

		assert_int_equal(rc < 0, cases[i].says != NULL);
		if (cases[i].says && !strstr(error_text, cases[i].says))
			fail_msg("%s: '%s'", cases[i].argument, error_text);
		assert_null(strchr(error_text, '\n'));
	}
}

/* Also when the other is written otherwise; what may be repeated may. */
static void
test_twice(void **state)
{
	struct target t;
	int rest;

	assert_int_equal(parse(&t, &rest, "--number", "8", "--number=9", NULL), -EINVAL);
	assert_string_equal(
	    error_text, "--number is given twice, '8' and '9': expected once, leave one away");
	assert_int_equal(parse(&t, &rest, "--flag", "--number=8", "--flag=no", NULL), -EINVAL);
	assert_string_equal(error_text, "--flag is given twice: expected once, leave one away");
	assert_int_equal(parse(&t, &rest, "--even=2", "--even=2", NULL), 0);
}

static void
test_rest(void **state)
{
	struct target t;
	int rest;

	assert_int_equal(parse(&t, &rest, "--flag", "--", "-m", "64", NULL), 0);
	assert_int_equal(rest, 2);
	/* A value is never taken from behind the dashes, nor is the next option one. */
	assert_int_equal(parse(&t, &rest, "--number", "--flag", NULL), -EINVAL);
	assert_non_null(strstr(error_text, "has no value"));
	assert_int_equal(parse(&t, &rest, "--number", "--", "5", NULL), -EINVAL);
	assert_int_equal(parse(&t, &rest, "--help", "--nonsense", NULL), 1);
	assert_int_equal(parse(&t, &rest, "--", "--help", NULL), 0);
}

static void
test_nearest(void **state)
{
	static const char *const words[] = {"echo", "discard", "chargen", "http"};

	assert_string_equal(option_nearest("ecoh", words, 4), "echo");
	assert_string_equal(option_nearest("https", words, 4), "http");
	assert_string_equal(option_nearest("disc", words, 4), "discard");
	assert_null(option_nearest("ftp-server", words, 4));
	assert_null(option_nearest("", words, 4));
	assert_null(option_nearest("a word that is longer than anything we have", words, 4));
}

static void
test_help(void **state)
{
	struct target t;
	struct option_set sets[2];
	struct option_table table;
	char *text = NULL, line[64];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	table = table_of(&t, sets);
	option_help(&table, f);
	fclose(f);
	for (size_t g = 0; g < 2; g++) {
		for (size_t i = 0; i < sets[g].n; i++) {
			const struct option_row *r = &sets[g].rows[i];

			snprintf(line, sizeof(line), "  --%s", r->name);
			assert_non_null(strstr(text, line));
			assert_non_null(strstr(text, r->help));
			snprintf(line, sizeof(line), "(default %s)", r->initial);
			if (r->initial)
				assert_non_null(strstr(text, line));
		}
	}
	/* What belongs together stands together, whoever's table it is in. */
	assert_true(strstr(text, "--half") < strstr(text, "Second"));
	assert_true(strstr(text, "--text") > strstr(text, "Second"));
	/* A group has one heading. */
	assert_null(strstr(strstr(text, "Second") + 1, "Second"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_units),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_twice),
	    cmocka_unit_test(test_rest),
	    cmocka_unit_test(test_nearest),
	    cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

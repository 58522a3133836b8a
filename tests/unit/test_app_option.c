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

static const struct option_row rows[] = {
    {"First", "flag", NULL, NULL, "a flag", OPTION_FLAG, AT(flag)},
    {"First", "byte", "N", "7", "a byte", OPTION_NUMBER, AT(byte), .max = 63},
    {"First", "half", "N", "1500", "a half", OPTION_BYTES, AT(half), .min = 100, .max = 9000},
    {"Second", "number", "N", "4096", "a number", OPTION_NUMBER, AT(number), .min = 1,
        .max = 1 << 20},
    {"Second", "time", "TIME", "30s", "a time", OPTION_TIME, AT(time), .max = 3600000},
    {"Second", "bytes", "BYTES", NULL, "bytes", OPTION_BYTES, AT(bytes), .max = UINT64_MAX},
    {"Second", "text", "TEXT", NULL, "text", OPTION_STRING, AT(text)},
    {"Second", "even", "N", NULL, "even numbers, again and again", OPTION_PARSED,
        .parse = parse_even},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static char error_text[256];

/* Up to 8 arguments, NULL-terminated. */
static int
parse(struct target *t, int *rest, const char *first, ...)
{
	char *argv[8];
	int argc = 0;
	va_list ap;

	memset(t, 0, sizeof(*t));
	error_text[0] = '\0';
	va_start(ap, first);
	for (const char *a = first; a; a = va_arg(ap, const char *))
		argv[argc++] = (char *)(uintptr_t)a;
	va_end(ap);
	return option_parse(rows, N_ROWS, t, argc, argv, rest, error_text, sizeof(error_text));
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
	                     "--text=", "--even=2", NULL),
	    0);
	assert_true(t.flag);
	assert_int_equal(t.byte, 63);
	assert_int_equal(t.half, 2048);
	assert_int_equal(t.number, 5);
	assert_string_equal(t.text, "");
	assert_int_equal(t.parsed, 1);
	assert_int_equal(parse(&t, &rest, "--even=2", "--even", "4", "--number", "9", NULL), 0);
	assert_int_equal(t.parsed, 2);
	/* The last one counts. */
	assert_int_equal(parse(&t, &rest, "--number", "8", "--number", "9", NULL), 0);
	assert_int_equal(t.number, 9);
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
	    {"--number=0", "1 to 1048576"},
	    {"--number=1048577", "1 to 1048576"},
	    {"--number=5K", "expected a number"},
	    {"--number=-1", "expected a number"},
	    {"--number= 1", "expected a number"},
	    {"--number=", "expected a number"},
	    {"--number=99999999999999999999", "expected a number"},
	    {"--byte=64", "0 to 63"},
	    {"--time=2h", "0ms to 3600000ms"},
	    {"--time=5x", "200ms, 5s, 2m or 1h"},
	    {"--time=ms", "200ms, 5s, 2m or 1h"},
	    {"--half=99", "100 to 9000"},
	    {"--bytes=17179869184G", "bytes, such as"},
	    {"--bytes=1.5K", "bytes, such as"},
	    {"--even=3", "--even: '3' is odd"},
	    {"--flag=1", "takes no value"},
	    {"--number", "--number N"},
	    {"--numbr=1", "did you mean --number?"},
	    {"--num=1", "did you mean --number?"},
	    {"--nubmer", "did you mean --number?"},
	    {"--zzzzzz", "--help lists them all"},
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

		assert_int_equal(rc, cases[i].says ? -EINVAL : 0);
		if (cases[i].says && !strstr(error_text, cases[i].says))
			fail_msg("%s: '%s'", cases[i].argument, error_text);
		assert_null(strchr(error_text, '\n'));
	}
}

static void
test_rest(void **state)
{
	struct target t;
	int rest;

	assert_int_equal(parse(&t, &rest, "--flag", "--", "-m", "64", NULL), 0);
	assert_int_equal(rest, 2);
	/* A value is never taken from behind the dashes. */
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
	char *text = NULL, line[64];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	option_help(rows, N_ROWS, f);
	fclose(f);
	for (size_t i = 0; i < N_ROWS; i++) {
		snprintf(line, sizeof(line), "  --%s", rows[i].name);
		assert_non_null(strstr(text, line));
		assert_non_null(strstr(text, rows[i].help));
		snprintf(line, sizeof(line), "(default %s)", rows[i].initial);
		if (rows[i].initial)
			assert_non_null(strstr(text, line));
	}
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
	    cmocka_unit_test(test_rest),
	    cmocka_unit_test(test_nearest),
	    cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

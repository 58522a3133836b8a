/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `septet serve` says of a SYN flood, second by second: a line when it begins and one when it
 * ends, of all engines together, with the rate of a whole second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/address.h"
#include "serve/serve.h"

static struct spt_runtime_snapshot now, before;
static struct serve_flood flood;
static char said[1024];

static int
set_up(void **state)
{
	char error[100];

	memset(&flood, 0, sizeof(flood));
	memset(&now, 0, sizeof(now));
	memset(&before, 0, sizeof(before));
	now.now = SPT_NS_PER_SEC;
	now.defence.sources = UINT64_MAX;
	now.defence.to.port = 80;
	return address_parse("10.0.0.2", &now.defence.to.addr, error, sizeof(error));
}

/* What serve says when a second is over in which so many SYNs came. */
static const char *
second(uint64_t syns)
{
	int out = dup(STDOUT_FILENO);
	FILE *f = tmpfile();
	size_t n;

	now.now += SPT_NS_PER_SEC;
	now.stats.verdict[SPT_V_TCP_SYN_COOKIE] += syns;
	assert_non_null(f);
	fflush(stdout);
	dup2(fileno(f), STDOUT_FILENO);
	serve_flood_watch(&flood, &now, &before);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	rewind(f);
	n = fread(said, 1, sizeof(said) - 1, f);
	said[n] = '\0';
	fclose(f);
	before = now;
	return said;
}

static void
begins(void)
{
	now.stats.cookies_by_rate++;
	now.defence.on = true;
}

/* It begins a tenth of a second before the second ends: the rate is not a tenth of what it is. */
static void
the_rate_is_of_a_whole_second(void **state)
{
	second(0);
	assert_string_equal(second(0), "");
	begins();
	assert_string_equal(second(2000), "");
	assert_string_equal(second(20000),
	    "SYN flood: 20.0 k SYN/s from many sources to 10.0.0.2:80; cookies on\n");
	assert_string_equal(second(20000), "");
	now.defence.on = false;
	now.stats.verdict[SPT_V_TCP_COOKIE] = 7;
	assert_string_equal(second(100),
	    "SYN flood over: 42100 SYNs answered by cookies so far, 7 completed; cookies off\n");
	assert_string_equal(second(0), "");
	/* And another. */
	now.stats.cookies_by_records++;
	now.defence.on = true;
	now.defence.sources = 1;
	assert_string_equal(second(9800000), "");
	assert_string_equal(
	    second(700), "SYN flood: 9.8 M SYN/s from one source to 10.0.0.2:80; cookies on\n");
}

/* Shorter than the time between two looks: both lines, at once. */
static void
a_short_one_has_both_lines(void **state)
{
	second(0);
	now.stats.cookies_by_rate++;
	now.defence.sources = 5;
	assert_string_equal(second(900),
	    "SYN flood: 900 SYN/s from a few sources to 10.0.0.2:80; cookies on\n"
	    "SYN flood over: 900 SYNs answered by cookies so far, 0 completed; cookies off\n");
	begins();
	assert_string_equal(second(1500), "");
	now.defence.on = false;
	assert_string_equal(second(0),
	    "SYN flood: 1500 SYN/s from a few sources to 10.0.0.2:80; cookies on\n"
	    "SYN flood over: 2400 SYNs answered by cookies so far, 0 completed; cookies off\n");
}

/* The engines of several cores begin one after another: that is one flood. */
static void
engines_have_one_line(void **state)
{
	second(0);
	begins();
	assert_string_equal(second(1000), "");
	begins();
	assert_non_null(strstr(second(5000), "SYN flood: 5000 SYN/s"));
	begins();
	assert_string_equal(second(5000), "");
	now.defence.on = false;
	assert_non_null(strstr(second(0), "SYN flood over"));
	assert_string_equal(second(0), "");
}

/* Where cookies are always on, or never, nothing begins. */
static void
no_flood_no_line(void **state)
{
	second(0);
	assert_string_equal(second(50000), "");
	now.defence.on = true;
	before.defence.on = true;
	assert_string_equal(second(50000), "");
	assert_string_equal(second(50000), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_rate_is_of_a_whole_second, set_up),
	    cmocka_unit_test_setup(a_short_one_has_both_lines, set_up),
	    cmocka_unit_test_setup(engines_have_one_line, set_up),
	    cmocka_unit_test_setup(no_flood_no_line, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

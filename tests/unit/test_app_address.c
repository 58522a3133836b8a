/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses as people write them: what is taken, what is refused and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "common/address.h"

static const struct {
	const char *text;
	const char *shown; /* NULL: refused */
	uint32_t count;
	uint8_t prefix;
} locals[] = {
    {"10.0.0.1/24", "10.0.0.1/24", 1, 24},
    {"10.0.0.1-10.0.0.9/24", "10.0.0.1-10.0.0.9/24", 9, 24},
    {"10.0.0.1-10.0.0.1/32", "10.0.0.1/32", 1, 32},
    {"10.0.0.0/31", "10.0.0.0/31", 1, 31},
    {"10.1.0.1-10.1.255.255/8", "10.1.0.1-10.1.255.255/8", 65535, 8},
    {"fd00::1/64", "fd00::1/64", 1, 64},
    {"fd00::1-fd00::ff/64", "fd00::1-fd00::ff/64", 255, 64},
    {"fe80::1/10", "fe80::1/10", 1, 10},
    {"10.0.0.1", NULL, 0, 0},
    {"10.0.0.1/", NULL, 0, 0},
    {"10.0.0.1/0", NULL, 0, 0},
    {"10.0.0.1/33", NULL, 0, 0},
    {"10.0.0.1/24x", NULL, 0, 0},
    {"10.0.0.1/-1", NULL, 0, 0},
    {"10.0.0/24", NULL, 0, 0},
    {"", NULL, 0, 0},
    {"/24", NULL, 0, 0},
    {"10.0.0.9-10.0.0.1/24", NULL, 0, 0},
    {"10.0.0.1-fd00::1/64", NULL, 0, 0},
    {"10.0.0.1-10.1.0.1/8", NULL, 0, 0}, /* 65537 */
    {"fd00::1-fd01::1/64", NULL, 0, 0},
    {"10.0.0.0/24", NULL, 0, 0},   /* the network */
    {"10.0.0.255/24", NULL, 0, 0}, /* its broadcast address */
    {"10.0.0.250-10.0.0.255/24", NULL, 0, 0},
    {"127.0.0.1/8", NULL, 0, 0},
    {"0.0.0.0/24", NULL, 0, 0},
    {"224.0.0.1/24", NULL, 0, 0},
    {"255.255.255.255/32", NULL, 0, 0},
    {"::/64", NULL, 0, 0},
    {"::1/128", NULL, 0, 0},
    {"ff02::1/64", NULL, 0, 0},
    {"::ffff:10.0.0.1/120", NULL, 0, 0},
    {"fd00::1/129", NULL, 0, 0},
};

static void
test_local(void **state)
{
	char error[256], text[2 * ADDRESS_TEXT];
	struct spt_local local;

	for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++) {
		int rc = address_parse_local(locals[i].text, &local, error, sizeof(error));

		if ((rc == 0) != (locals[i].shown != NULL))
			fail_msg("'%s' gave %d", locals[i].text, rc);
		if (rc) {
			/* One line that repeats what was wrong. */
			assert_null(strchr(error, '\n'));
			assert_int_equal(error[0], '\'');
			continue;
		}
		assert_int_equal(local.count, locals[i].count);
		assert_int_equal(local.prefix, locals[i].prefix);
		assert_string_equal(address_local_text(&local, text), locals[i].shown);
	}
}

static const struct {
	const char *text;
	const char *shown; /* NULL: refused */
} endpoints[] = {
    {"80", "*:80"},
    {"10.0.0.1:80", "10.0.0.1:80"},
    {"[fd00::1]:65535", "[fd00::1]:65535"},
    {"1", "*:1"},
    {"0", NULL},
    {"65536", NULL},
    {"080", "*:80"},
    {"", NULL},
    {":80", NULL},
    {"[]:80", NULL},
    {"[fd00::1]", NULL},
    {"[fd00::1]80", NULL},
    {"fd00::1:80", NULL},
    {"[10.0.0.1]:80", NULL},
    {"10.0.0.1", NULL},
    {"10.0.0.1:", NULL},
    {"10.0.0.1:+80", NULL},
    {"10.0.0.1: 80", NULL},
    {"10.0.0.256:80", NULL},
    {"http", NULL},
    {"99999999999999999999", NULL},
};

static void
test_endpoint(void **state)
{
	char error[256], text[ADDRESS_TEXT];
	struct spt_endpoint e;

	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		int rc = address_parse_endpoint(endpoints[i].text, &e, error, sizeof(error));

		if ((rc == 0) != (endpoints[i].shown != NULL))
			fail_msg("'%s' gave %d", endpoints[i].text, rc);
		if (rc == 0)
			assert_string_equal(address_endpoint_text(&e, text), endpoints[i].shown);
	}
}

static void
test_in_run(void **state)
{
	char error[256];
	struct spt_local run, other;
	struct spt_addr a;

	assert_int_equal(address_parse_local("10.0.0.3-10.0.0.5/24", &run, error, 256), 0);
	for (uint8_t last = 1; last < 8; last++) {
		a = addr_from_v4(rte_cpu_to_be_32(0x0a000000u + last));
		assert_int_equal(address_in_run(&a, &run), last >= 3 && last <= 5);
	}
	assert_int_equal(address_parse_local("fd00::3-fd00::5/64", &other, error, 256), 0);
	assert_false(address_in_run(&a, &other));
	assert_int_equal(address_parse("fd00::4", &a, error, sizeof(error)), 0);
	assert_true(address_in_run(&a, &other));
	assert_false(address_in_run(&a, &run));
	assert_int_equal(address_parse("fd01::4", &a, error, sizeof(error)), 0);
	assert_false(address_in_run(&a, &other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_local),
	    cmocka_unit_test(test_endpoint),
	    cmocka_unit_test(test_in_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

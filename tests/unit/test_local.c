/* SPDX-License-Identifier: BSD-3-Clause */
/* Local addresses: what a configuration may say, and the questions that follow from it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "base/addr.h"
#include "flow/local.h"

static struct spt_addr
ip(const char *text)
{
	uint8_t v6[16];
	uint32_t v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return addr_from_v4(v4);
	assert_int_equal(inet_pton(AF_INET6, text, v6), 1);
	return addr_from_v6(v6);
}

static struct spt_local
run(const char *first, uint32_t count, uint8_t prefix)
{
	return (struct spt_local){.first = ip(first), .count = count, .prefix = prefix};
}

static int
find(const struct local_table *t, const char *text)
{
	struct spt_addr a = ip(text);

	return local_find(t, &a);
}

/* The index of the run on whose link 'text' is, or LOCAL_NONE. */
static int
on_link(const struct local_table *t, const char *text)
{
	struct spt_addr a = ip(text);
	uint16_t index = 4711;

	if (local_on_link(t, &a, &index))
		return index;
	assert_int_equal(index, 4711);
	return LOCAL_NONE;
}

static bool
broadcast(const struct local_table *t, const char *text)
{
	struct spt_addr a = ip(text);

	return local_is_broadcast(t, &a);
}

static void
init(struct local_table *t, const struct spt_local *l, unsigned int n)
{
	char error[100] = "";

	if (local_init(t, l, n, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	assert_int_equal(strlen(error), 0);
	assert_int_equal(t->n, n);
}

static void
test_every_address_has_its_index(void **state)
{
	struct local_table t;
	const struct spt_local l[] = {
	    run("10.0.0.1", 1, 24), run("10.1.255.250", 20, 8), run("2001:db8::fff0", 40, 64),
	    run("192.168.0.0", 60000, 16), run("fe80::1", 1, 64), run("2001:db8:1::", 2, 64),
	    run("2001:db8::ffff:0:0", 3, 64), /* not mapped, although it looks so below */
	};
	uint32_t expected = 0;

	init(&t, l, 7);
	for (unsigned int i = 0; i < 7; i++) {
		struct spt_addr a = l[i].first;

		for (uint32_t j = 0; j < l[i].count; j++, expected++) {
			struct spt_addr back = local_at(&t, (uint16_t)expected);

			assert_int_equal(local_find(&t, &a), expected);
			assert_true(addr_eq(&a, &back));
			for (int b = 15; b >= 0 && ++a.b[b] == 0; b--)
				; /* the next one */
		}
		assert_int_equal(local_find(&t, &a), LOCAL_NONE);
	}
	assert_int_equal(t.count, expected);
	assert_int_equal(find(&t, "10.0.0.0"), LOCAL_NONE);
	assert_int_equal(find(&t, "10.1.255.249"), LOCAL_NONE);
	assert_int_equal(find(&t, "10.1.255.250"), 1);
	assert_int_equal(find(&t, "10.2.0.13"), 20);
	assert_int_equal(find(&t, "2001:db8::ffef"), LOCAL_NONE);
	assert_int_equal(find(&t, "2001:db8:2::"), LOCAL_NONE);
	assert_int_equal(find(&t, "::"), LOCAL_NONE);
	assert_int_equal(find(&t, "::10.0.0.1"), LOCAL_NONE); /* not mapped */
	assert_int_equal(local_first(&t, true), 0);
	assert_int_equal(local_first(&t, false), 21);
}

static void
test_most_and_fewest(void **state)
{
	struct local_table t;
	struct spt_local l[LOCAL_RUNS + 1], all[] = {run("10.0.0.0", LOCAL_MAX, 8)};
	char error[100];

	init(&t, all, 1);
	assert_int_equal(find(&t, "10.0.255.254"), LOCAL_MAX - 1);
	assert_int_equal(find(&t, "10.0.255.255"), LOCAL_NONE);
	assert_int_equal(local_first(&t, false), LOCAL_NONE);
	for (unsigned int i = 0; i <= LOCAL_RUNS; i++) {
		l[i] = run("10.0.0.1", 4095, 8);
		l[i].first.b[13] = (uint8_t)i;
	}
	init(&t, l, LOCAL_RUNS);
	assert_int_equal(find(&t, "10.15.15.255"), 16 * 4095 - 1);
	assert_int_equal(local_init(&t, l, LOCAL_RUNS + 1, error, sizeof(error)), -EINVAL);
	assert_int_equal(local_init(&t, l, 0, error, sizeof(error)), -EINVAL);
	l[3].count += LOCAL_MAX - LOCAL_RUNS * 4095;
	init(&t, l, LOCAL_RUNS);
	assert_int_equal(t.count, LOCAL_MAX);
	l[3].count++;
	assert_int_equal(local_init(&t, l, LOCAL_RUNS, error, sizeof(error)), -EINVAL);
}

static void
test_configurations_refused(void **state)
{
	static const struct {
		const char *first;
		uint32_t count;
		uint8_t prefix;
		const char *says;
	} refused[] = {
	    {"10.0.0.1", 0, 24, "consecutive"},
	    {"10.0.0.1", 65536, 8, "consecutive"},
	    {"10.0.0.1", UINT32_MAX, 8, "consecutive"},
	    {"10.0.0.1", 1, 0, "prefix"},
	    {"10.0.0.1", 1, 33, "prefix"},
	    {"2001:db8::1", 1, 0, "prefix"},
	    {"2001:db8::1", 1, 129, "prefix"},
	    {"0.0.0.0", 1, 24, "unspecified"},
	    {"0.0.0.1", 1, 24, "unspecified"},
	    {"127.0.0.1", 1, 8, "loopback"},
	    {"126.255.255.254", 3, 9, "broadcast"},
	    {"126.255.255.254", 3, 6, "loopback"},
	    {"224.0.0.1", 1, 24, "group"},
	    {"239.255.255.255", 1, 32, "group"},
	    {"223.255.255.255", 2, 2, "group"},
	    {"240.0.0.1", 1, 24, "reserved"},
	    {"255.255.255.255", 1, 32, "group or reserved"},
	    {"10.0.0.255", 1, 24, "broadcast"},
	    {"10.0.0.250", 10, 24, "broadcast"},
	    {"10.0.0.0", 256, 24, "broadcast"},
	    {"10.0.0.3", 1, 30, "broadcast"},
	    {"::", 1, 64, "unspecified"},
	    {"::1", 1, 128, "loopback"},
	    {"::fffe:ffff:ffff", 2, 64, "mapped"},
	    {"ff02::1", 1, 64, "group"},
	    {"ff00::", 1, 8, "group"},
	    {"2001:db8::ffff:ffff:ffff:ffff", 2, 64, "64 bits"},
	};
	struct local_table t;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct spt_local l[] = {
		    run("10.99.0.1", 5, 24),
		    run(refused[i].first, refused[i].count, refused[i].prefix),
		};
		char error[200] = "", brief[10];

		if (local_init(&t, l, 2, error, sizeof(error)) != -EINVAL ||
		    strstr(error, refused[i].says) == NULL ||
		    strncmp(error, "local address 2: ", 17) != 0)
			fail_msg(
			    "%s: '%s' does not say '%s'", refused[i].first, error, refused[i].says);
		assert_int_equal(local_init(&t, &l[1], 1, brief, sizeof(brief)), -EINVAL);
		assert_int_equal(strlen(brief), sizeof(brief) - 1);
	}
}

static void
test_runs_must_not_overlap(void **state)
{
	static const struct {
		const char *first;
		uint32_t count;
		bool ok;
	} second[] = {
	    {"10.0.0.15", 5, true},
	    {"10.0.0.15", 6, false},
	    {"10.0.0.20", 1, false},
	    {"10.0.0.25", 1, false},
	    {"10.0.0.29", 9, false},
	    {"10.0.0.30", 9, true},
	    {"10.0.0.1", 99, false},
	    {"10.0.1.20", 1, true},
	    {"2001:db8::a00:14", 1, true},
	};
	struct local_table t;

	for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
		const struct spt_local l[] = {
		    run("2001:db8:9::1", 3, 64),
		    run("10.0.0.20", 10, 16),
		    run(second[i].first, second[i].count, 16),
		};
		char error[200] = "";

		assert_int_equal(
		    local_init(&t, l, 3, error, sizeof(error)), second[i].ok ? 0 : -EINVAL);
		assert_int_equal(strstr(error, "overlaps local address 2") == NULL, second[i].ok);
	}
}

static void
test_on_link(void **state)
{
	struct local_table t;
	const struct spt_local l[] = {run("10.0.0.1", 1, 8), run("10.1.0.1", 2, 16),
	    run("192.0.2.5", 1, 32), run("192.0.2.8", 1, 31), run("2001:db8::1", 1, 64),
	    run("fe80::1", 1, 64), run("2001:db8:f::1", 1, 48), run("4000::1", 1, 2),
	    run("2001:db8:8::1", 1, 128)};

	init(&t, l, 9);
	assert_int_equal(on_link(&t, "10.0.0.1"), 0);
	assert_int_equal(on_link(&t, "10.255.255.254"), 0);
	assert_int_equal(on_link(&t, "11.0.0.1"), LOCAL_NONE);
	assert_int_equal(on_link(&t, "9.255.255.255"), LOCAL_NONE);
	assert_int_equal(on_link(&t, "10.1.255.1"), 1); /* the longest prefix */
	assert_int_equal(on_link(&t, "10.2.0.0"), 0);
	assert_int_equal(on_link(&t, "192.0.2.5"), 3);
	assert_int_equal(on_link(&t, "192.0.2.4"), LOCAL_NONE);
	assert_int_equal(on_link(&t, "192.0.2.9"), 4);
	assert_int_equal(on_link(&t, "192.0.2.10"), LOCAL_NONE);
	assert_int_equal(on_link(&t, "2001:db8::ffff:ffff:ffff:ffff"), 5);
	assert_int_equal(on_link(&t, "2001:db8:0:1::"), LOCAL_NONE);
	assert_int_equal(on_link(&t, "2001:db8:f:ffff::1"), 7);
	assert_int_equal(on_link(&t, "2001:db8:10::1"), LOCAL_NONE);
	assert_int_equal(on_link(&t, "7fff::1"), 8);
	assert_int_equal(on_link(&t, "8000::1"), LOCAL_NONE);
	assert_int_equal(on_link(&t, "2001:db8:8::1"), 9);
	assert_int_equal(on_link(&t, "2001:db8:8::2"), LOCAL_NONE);
	assert_int_equal(on_link(&t, "fe80::2"), 6);
	assert_int_equal(on_link(&t, "febf::2"), 6); /* link-local, not in our /64 */
	assert_int_equal(on_link(&t, "fec0::2"), LOCAL_NONE);
}

static void
test_link_local_peers_and_families(void **state)
{
	struct local_table t;
	const struct spt_local v4[] = {run("10.0.0.1", 1, 8)};
	const struct spt_local v6[] = {run("2001:db8::1", 1, 64), run("2001:db8:1::1", 1, 64)};
	const struct spt_local wide[] = {run("2001:db8::1", 1, 1)};

	init(&t, v4, 1);
	assert_int_equal(on_link(&t, "fe80::1"), LOCAL_NONE);
	assert_int_equal(on_link(&t, "::1"), LOCAL_NONE);
	init(&t, v6, 2);
	assert_int_equal(on_link(&t, "fe80::1"), 0); /* no link-local address of ours: the first */
	assert_int_equal(on_link(&t, "10.0.0.1"), LOCAL_NONE);
	assert_int_equal(local_first(&t, true), LOCAL_NONE);
	init(&t, wide, 1);
	assert_int_equal(on_link(&t, "2::"), 0);
	assert_int_equal(on_link(&t, "10.0.0.1"), LOCAL_NONE); /* mapped, but IPv4 */
}

static void
test_broadcasts(void **state)
{
	struct local_table t;
	const struct spt_local l[] = {run("10.0.0.1", 1, 8), run("192.168.3.4", 1, 23),
	    run("192.0.2.5", 1, 32), run("192.0.2.8", 1, 31), run("192.0.2.129", 1, 30),
	    run("2001:db8::1", 1, 64)};

	init(&t, l, 6);
	assert_true(broadcast(&t, "255.255.255.255"));
	assert_true(broadcast(&t, "10.255.255.255"));
	assert_true(broadcast(&t, "192.168.3.255"));
	assert_true(broadcast(&t, "192.0.2.131"));
	assert_false(broadcast(&t, "192.168.2.255"));
	assert_false(broadcast(&t, "10.0.0.255"));
	assert_false(broadcast(&t, "10.0.0.1"));
	assert_false(broadcast(&t, "192.0.2.5"));
	assert_false(broadcast(&t, "192.0.2.9"));
	assert_false(broadcast(&t, "2001:db8::ffff:ffff:ffff:ffff"));
	assert_false(broadcast(&t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_address_has_its_index),
	    cmocka_unit_test(test_most_and_fewest),
	    cmocka_unit_test(test_configurations_refused),
	    cmocka_unit_test(test_runs_must_not_overlap),
	    cmocka_unit_test(test_on_link),
	    cmocka_unit_test(test_link_local_peers_and_families),
	    cmocka_unit_test(test_broadcasts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Initial sequence numbers (RFC 9293 3.4.1, RFC 6528 3): a clock, and a function of the 4-tuple
 * that nobody can compute who does not know the secret.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tcp/internal.h>

static const struct flow_key one = {.raddr = {.b = {[10] = 0xff, 0xff, 192, 0, 2, 1}},
    .rport = RTE_BE16(40000),
    .lport = RTE_BE16(80),
    .laddr = 3};

static uint32_t
isn_of(const uint8_t master[32], spt_time now, const struct flow_key *key)
{
	struct tcp *t = calloc(1, sizeof(*t));
	uint32_t isn;

	assert_non_null(t);
	t->now = now;
	secrets_derive(&t->secrets, master, NULL);
	isn = isn_generate(t, key);
	free(t);
	return isn;
}

/* MUST-8: about every 4 us (here 4.096) it goes up by one, for 4.9 hours until it wraps. */
static void
test_clock(void **state)
{
	const uint8_t master[32] = {1, 2, 3};
	uint32_t isn = isn_of(master, 0, &one);

	(void)state;
	assert_int_equal(isn_of(master, 4095, &one), isn);
	assert_int_equal(isn_of(master, 4096, &one), isn + 1);
	assert_int_equal(isn_of(master, SPT_NS_PER_SEC, &one), isn + 244140);
	assert_int_equal(isn_of(master, 3600 * SPT_NS_PER_SEC, &one), isn + 878906250);
	assert_int_equal(isn_of(master, (spt_time)1 << 44, &one), isn);
}

/* SHLD-1: each part of the 4-tuple counts, and what is no part of it does not. */
static void
test_tuple(void **state)
{
	const uint8_t master[32] = {1, 2, 3};
	uint32_t isn[24], n = 0;
	struct flow_key key;

	(void)state;
	isn[n++] = isn_of(master, 0, &one);
	for (unsigned int i = 0; i < 16; i++) {
		key = one;
		key.raddr.b[i] ^= 1;
		isn[n++] = isn_of(master, 0, &key);
	}
	key = one;
	key.rport ^= 1;
	isn[n++] = isn_of(master, 0, &key);
	key = one;
	key.lport ^= 1;
	isn[n++] = isn_of(master, 0, &key);
	key = one;
	key.laddr ^= 1;
	isn[n++] = isn_of(master, 0, &key);
	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int k = 0; k < i; k++)
			assert_int_not_equal(isn[i], isn[k]);
	}
	key = one;
	key.pad = 77;
	assert_int_equal(isn_of(master, 0, &key), isn[0]);
}

/* MUST-9: every bit of the secret counts; about half of the answer's bits change with any. */
static void
test_secret(void **state)
{
	uint8_t master[32] = {1, 2, 3};
	uint32_t isn = isn_of(master, 0, &one);
	unsigned int changed = 0, bits;

	(void)state;
	for (unsigned int i = 0; i < 256; i++) {
		master[i / 8] ^= (uint8_t)(1 << i % 8);
		bits = (unsigned int)__builtin_popcount(isn ^ isn_of(master, 0, &one));
		assert_in_range(bits, 1, 31);
		changed += bits;
		master[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_in_range(changed, 256 * 15, 256 * 17);
}

/* One secret that becomes known tells nothing of another: none is equal to it. */
static void
test_secrets_differ(void **state)
{
	const uint8_t master[32] = {9};
	struct tcp_secrets s;
	const struct siphash_key *k[] = {&s.isn, &s.ts, &s.flow, &s.net, &s.ports};

	(void)state;
	secrets_derive(&s, master, NULL);
	for (unsigned int i = 0; i < 5; i++) {
		assert_true(k[i]->k0 != k[i]->k1);
		for (unsigned int j = 0; j < i; j++)
			assert_true(k[i]->k0 != k[j]->k0 && k[i]->k1 != k[j]->k1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_clock),
	    cmocka_unit_test(test_tuple),
	    cmocka_unit_test(test_secret),
	    cmocka_unit_test(test_secrets_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

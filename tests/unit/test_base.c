/* SPDX-License-Identifier: BSD-3-Clause */
/* The ground: sequence arithmetic, SipHash, memory, pools, rate limiters, verdict names. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <septet/stats.h>

#include "base/addr_prf.h"
#include "base/flow_key.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/ratelimit.h"
#include "base/seq.h"
#include "base/siphash.h"

#include "env.h"

#define HUGE_PAGE ((size_t)2 << 20)

static void
test_seq_compares_around_the_wrap(void **state)
{
	static const uint32_t around[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};

	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		uint32_t a = around[i];

		for (uint32_t d = 1; d != 0 && d < 0x80000000; d <<= 1) {
			uint32_t b = a + d; /* d ahead, whatever the bits say */

			assert_true(seq_lt(a, b) && !seq_lt(b, a) && !seq_lt(a, a));
			assert_true(seq_leq(a, b) && !seq_leq(b, a) && seq_leq(a, a));
			assert_true(seq_gt(b, a) && !seq_gt(a, b) && !seq_gt(a, a));
			assert_true(seq_geq(b, a) && !seq_geq(a, b) && seq_geq(a, a));
			assert_int_equal(seq_max(a, b), b);
			assert_int_equal(seq_max(b, a), b);
			assert_int_equal(seq_min(a, b), a);
			assert_int_equal(seq_min(b, a), a);
		}
		assert_true(seq_lt(a, a + 0x7fffffff));
		assert_true(seq_gt(a + 0x7fffffff, a));
	}
}

static void
test_addr_holds_both_families(void **state)
{
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7};
	struct spt_addr a = addr_from_v4(RTE_BE32(0x0a000001)), b = addr_from_v6(v6);

	assert_true(addr_is_v4(&a) && !addr_is_v4(&b));
	assert_int_equal(addr_v4(&a), RTE_BE32(0x0a000001));
	assert_int_equal(a.b[12], 10);
	assert_int_equal(a.b[15], 1);
	assert_int_equal(a.b[10], 0xff);
	assert_memory_equal(b.b, v6, 16);
	assert_false(addr_eq(&a, &b));
	assert_true(addr_eq(&a, &a));
	assert_false(addr_is_zero(&a));
	assert_true(addr_is_zero(&(struct spt_addr){0}));
}

static void
test_flow_keys_differ_in_every_byte_but_pad(void **state)
{
	struct flow_key a, b;

	memset(&a, 0x5a, sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++) {
		for (int bit = 0; bit < 8; bit++) {
			b = a;
			((uint8_t *)&b)[i] ^= (uint8_t)(1 << bit);
			assert_int_equal(flow_key_eq(&a, &b), i >= offsetof(struct flow_key, pad));
		}
	}
}

/* SipHash-c-d as the paper's section 2 describes it, byte by byte; nothing shared. */
static uint64_t
naive_siphash(int c, int d, const uint8_t key[16], const uint8_t *m, size_t length)
{
	uint64_t k[2] = {0, 0}, v[4];

	for (int i = 0; i < 16; i++)
		k[i / 8] |= (uint64_t)key[i] << (i % 8 * 8);
	v[0] = k[0] ^ UINT64_C(0x736f6d6570736575);
	v[1] = k[1] ^ UINT64_C(0x646f72616e646f6d);
	v[2] = k[0] ^ UINT64_C(0x6c7967656e657261);
	v[3] = k[1] ^ UINT64_C(0x7465646279746573);
	for (size_t block = 0; block <= length / 8 + 1; block++) {
		int rounds = block <= length / 8 ? c : d;
		uint64_t word = 0;

		for (size_t i = block * 8; i < length && i < block * 8 + 8; i++)
			word |= (uint64_t)m[i] << (i % 8 * 8);
		if (block == length / 8)
			word |= (uint64_t)(length & 0xff) << 56;
		if (rounds == d && block > length / 8)
			v[2] ^= 0xff;
		else
			v[3] ^= word;
		while (rounds-- > 0) {
			v[0] += v[1];
			v[2] += v[3];
			v[1] = v[1] << 13 | v[1] >> 51;
			v[3] = v[3] << 16 | v[3] >> 48;
			v[1] ^= v[0];
			v[3] ^= v[2];
			v[0] = v[0] << 32 | v[0] >> 32;
			v[2] += v[1];
			v[0] += v[3];
			v[1] = v[1] << 17 | v[1] >> 47;
			v[3] = v[3] << 21 | v[3] >> 43;
			v[1] ^= v[2];
			v[3] ^= v[0];
			v[2] = v[2] << 32 | v[2] >> 32;
		}
		if (block <= length / 8)
			v[0] ^= word;
	}
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void
test_siphash24_reference_vectors(void **state)
{
	/* Key 00 .. 0f, message 00 .. (length - 1); the one of 15 bytes is in appendix A. */
	static const uint64_t vectors[] = {
	    UINT64_C(0x726fdb47dd0e0e31),
	    UINT64_C(0x74f839c593dc67fd),
	    UINT64_C(0x0d6c8009d9a94f5a),
	    UINT64_C(0x85676696d7fb7e2d),
	    UINT64_C(0xcf2794e0277187b7),
	    UINT64_C(0x18765564cd99a68d),
	    UINT64_C(0xcbc9466e58fee3ce),
	    UINT64_C(0xab0200f58b01d137),
	    UINT64_C(0x93f5f5799a932462),
	    UINT64_C(0x9e0082df0ba9e4b0),
	    UINT64_C(0x7a5dbbc594ddb9f3),
	    UINT64_C(0xf4b32f46226bada7),
	    UINT64_C(0x751e8fbc860ee5fb),
	    UINT64_C(0x14ea5627c0843d90),
	    UINT64_C(0xf723ca908e7af2ee),
	    UINT64_C(0xa129ca6149be45e5),
	};
	struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	uint8_t bytes[257];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t n = 0; n < sizeof(vectors) / sizeof(vectors[0]); n++) {
		assert_true(siphash24(key, bytes, n) == vectors[n]);
		assert_true(naive_siphash(2, 4, bytes, bytes, n) == vectors[n]);
	}
	for (size_t n = 0; n <= 256; n++) /* unaligned, and past the length's byte */
		assert_true(
		    siphash24(key, bytes + 1, n) == naive_siphash(2, 4, bytes, bytes + 1, n));
}

/* What is signed of a connection is a message of 17 bytes in IPv4, of 41 in IPv6. */
static void
test_prf_of_addresses(void **state)
{
	struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	const uint64_t rest = UINT64_C(0x1122334455667788);
	struct spt_addr remote = addr_from_v4(RTE_BE32(0x0a000001));
	struct spt_addr local = addr_from_v4(RTE_BE32(0x0a000002));
	uint8_t message[41];

	memcpy(message, &remote.w[3], 4);
	memcpy(message + 4, &local.w[3], 4);
	memcpy(message + 8, &rest, 8);
	message[16] = 7;
	assert_true(addr_prf(key, &remote, &local, rest, 7) == siphash24(key, message, 17));
	remote.q[0] = UINT64_C(0xb80d0120);
	local.q[0] = UINT64_C(0xb90d0120);
	memcpy(message, &remote, 16);
	memcpy(message + 16, &local, 16);
	memcpy(message + 32, &rest, 8);
	message[40] = 7;
	assert_true(addr_prf(key, &remote, &local, rest, 7) == siphash24(key, message, 41));
}

static void
test_siphash13_of_three_words(void **state)
{
	struct env_random random;

	env_random_seed(&random, 13);
	for (int i = 0; i < 10000; i++) {
		uint64_t w[5];

		for (int j = 0; j < 5; j++)
			w[j] = env_random_next(&random);
		assert_true(siphash13_3w((struct siphash_key){w[0], w[1]}, w[2], w[3], w[4]) ==
		            naive_siphash(1, 3, (const uint8_t *)w, (const uint8_t *)&w[2], 24));
	}
}

/* Pages of address space that this process has. */
static long
mapped_pages(void)
{
	long pages = -1;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld", &pages), 1);
	fclose(f);
	return pages;
}

static void
test_mem_is_zeroed_aligned_and_given_back(void **state)
{
	static const size_t sizes[] = {0, 1, 4096, 4097, HUGE_PAGE - 1, HUGE_PAGE, HUGE_PAGE + 1,
	    3 * HUGE_PAGE - 1, 5 * HUGE_PAGE};
	long before, after;
	void *between[30];

	mapped_pages(); /* what stdio takes the first time is not ours */
	before = mapped_pages();
	for (int i = 0; i < 30; i++) {
		/* Odd lengths between them, so that mappings begin anywhere. */
		size_t odd = (size_t)(i * 7 + 1) * 4096;
		size_t n = sizes[(size_t)i % (sizeof(sizes) / sizeof(sizes[0]))];
		uint8_t *m = i % 2 ? mem_alloc(n, -1) : mem_reserve(n, 0);

		assert_non_null(m);
		between[i] = mem_reserve(odd, -1);
		assert_non_null(between[i]);
		assert_int_equal((uintptr_t)m % (n >= HUGE_PAGE ? HUGE_PAGE : 4096), 0);
		assert_true(mem_footprint(n) >= n && mem_footprint(n) - n <= HUGE_PAGE);
		for (size_t j = 0; j < n; j += 511)
			assert_int_equal(m[j], 0);
		if (n > 0) {
			assert_int_equal(m[n - 1], 0);
			memset(m, 0xff, n);
		}
		mem_free(m, n);
	}
	for (int i = 0; i < 30; i++)
		mem_free(between[i], (size_t)(i * 7 + 1) * 4096);
	after = mapped_pages();
	assert_int_equal(before, after);
	mem_free(NULL, 12345);
}

static void
test_mem_refuses_what_there_is_not(void **state)
{
	assert_null(mem_alloc(SIZE_MAX, -1));
	assert_null(mem_alloc(SIZE_MAX - HUGE_PAGE, -1));
	assert_null(mem_reserve(SIZE_MAX / 2, 0));
	assert_null(mem_reserve(SIZE_MAX / 4, 4711)); /* no such node: a wish */
}

static void
test_pool_hands_out_each_object_once(void **state)
{
	struct pool p;
	uint32_t index[100];

	assert_int_equal(pool_init(&p, 100, 72, -1), 0);
	assert_true(pool_footprint(100, 72) >= 100 * 72 + 100 * 4);
	assert_null(pool_check(&p));
	for (uint32_t i = 0; i < 100; i++) {
		uint64_t *object;

		assert_int_equal(pool_used(&p), i);
		index[i] = pool_get(&p);
		assert_int_equal(index[i], i);
		object = pool_at(&p, index[i]);
		assert_int_equal(*object, 0);
		*object = i;
		assert_int_equal(pool_index(&p, object), i);
		assert_int_equal(pool_index(&p, (uint8_t *)object + 71), i);
	}
	assert_int_equal(pool_get(&p), POOL_NONE);
	assert_null(pool_check(&p));
	pool_put(&p, 17);
	pool_put(&p, 42);
	assert_null(pool_check(&p));
	assert_int_equal(pool_get(&p), 42); /* freed last, first out */
	assert_int_equal(pool_get(&p), 17);
	assert_int_equal(*(uint64_t *)pool_at(&p, 17), 17);
	pool_put(&p, 3);
	pool_put(&p, 3);
	assert_non_null(pool_check(&p));
	p.free[1] = 100;
	assert_non_null(pool_check(&p));
	pool_fini(&p);
	assert_null(p.base);
}

static void
test_pool_refuses_cleanly(void **state)
{
	struct pool p;

	assert_int_equal(pool_init(&p, UINT32_MAX - 1, UINT32_C(1) << 31, -1), -ENOMEM);
	assert_null(p.base);
	assert_null(p.free);
	pool_fini(&p);
}

/*
 * Takes at random times, never more from any one to any later than the header says. The
 * bound holds for all pairs if it holds for the worst earlier one, the running minimum.
 */
static void
test_ratelimit16_is_never_early(void **state)
{
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct env_random random;
		uint16_t limiter = 0;
		int64_t taken = 0, lowest = INT64_MAX;
		spt_time now;

		env_random_seed(&random, seed);
		now = env_random_next(&random) >> 8;
		for (int i = 0; i < 20000; i++) {
			int64_t unit = (int64_t)(now >> RATELIMIT16_SHIFT);
			uint32_t shift;

			lowest = taken - unit < lowest ? taken - unit : lowest;
			taken += ratelimit16_take(&limiter, now);
			assert_true(taken - unit - lowest <= RATELIMIT16_BURST);
			/* from a fraction of a unit to beyond the wrap of the limiter's time */
			shift = 64 - RATELIMIT16_SHIFT - 14 + env_random_below(&random, 20);
			now += env_random_next(&random) >> shift;
		}
		assert_true(taken > 0);
	}
}

static void
test_ratelimit16_gives_burst_then_rate(void **state)
{
	const spt_time unit = UINT64_C(1) << RATELIMIT16_SHIFT;

	for (uint64_t start = 0; start < 3 * 4096; start += 4095) {
		uint16_t limiter = 0;
		spt_time now = start * unit;

		for (int i = 0; i < 2 * RATELIMIT16_BURST; i++)
			assert_int_equal(ratelimit16_take(&limiter, now), i < RATELIMIT16_BURST);
		for (int i = 1; i < 100; i++) {
			assert_true(ratelimit16_take(&limiter, now + (spt_time)i * unit));
			assert_false(ratelimit16_take(&limiter, now + (spt_time)i * unit));
		}
		now += 200 * unit; /* full again */
		for (int i = 0; i < 2 * RATELIMIT16_BURST; i++)
			assert_int_equal(ratelimit16_take(&limiter, now), i < RATELIMIT16_BURST);
		/* One turn of its clock later it takes nothing for past: late, for 8 units. */
		now += 4096 * unit;
		assert_false(ratelimit16_take(&limiter, now));
		assert_true(ratelimit16_take(&limiter, now + unit));
		assert_true(ratelimit16_take(&limiter, now + RATELIMIT16_BURST * unit));
	}
}

/* An answer that costs four: one in four units; and it always leaves three of one. */
static void
test_ratelimit16_costs(void **state)
{
	const spt_time unit = UINT64_C(1) << RATELIMIT16_SHIFT;
	const uint16_t cost = 4;
	uint16_t limiter = 0;
	spt_time now = 77 * unit;

	for (int i = 0; i < 10; i++)
		assert_int_equal(ratelimit16_take_cost(&limiter, now, cost, cost - 1), i == 0);
	for (unsigned int i = 1; i < 100; i++)
		assert_int_equal(
		    ratelimit16_take_cost(&limiter, now + i * unit, cost, cost - 1), i % cost == 3);
	/* Just taken: the others have three. */
	now += 99 * unit;
	for (int i = 0; i < 5; i++)
		assert_int_equal(ratelimit16_take(&limiter, now), i < 3);
	assert_false(ratelimit16_take_cost(&limiter, now, cost, cost - 1));
}

static void
test_ratelimit_keeps_rate_and_burst(void **state)
{
	static const uint64_t rates[] = {1, 3, 1000, 7777, 400000000, 600000000, 5000000000};
	struct env_random random;

	env_random_seed(&random, 7);
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		for (uint64_t burst = 1; burst < 200; burst = burst * 3 + 1) {
			/* 0 is a time as any other */
			spt_time start = burst % 2 ? 0 : env_random_next(&random) >> 4, now = start;
			struct ratelimit limiter;
			uint64_t taken = 0;

			ratelimit_init(&limiter, rates[r], burst, start);
			while (taken < 10000 && ratelimit_take(&limiter, now))
				taken++;
			assert_int_equal(taken, burst);
			assert_false(ratelimit_take(&limiter, now + limiter.interval - 1));
			/* Asked at every moment, it gives all that the rate allows, no more. */
			for (int i = 0; i < 5000; i++) {
				now +=
				    env_random_below(&random, (uint32_t)limiter.interval / 2 + 2);
				taken += ratelimit_take(&limiter, now);
				assert_true((double)taken <=
				            (double)burst +
				                (double)(now - start) * (double)rates[r] / 1e9 +
				                1e-6);
				assert_true(taken <= burst + (now - start) / limiter.interval);
			}
			if (burst > 1 && limiter.interval > 2) /* else asked too seldom for all */
				assert_int_equal(taken, burst + (now - start) / limiter.interval);
			now += 2 * limiter.span;
			for (uint64_t i = 0; i < 2 * burst; i++)
				assert_int_equal(ratelimit_take(&limiter, now), i < burst);
		}
	}
}

static void
test_verdicts_have_names(void **state)
{
	for (int v = 0; v < SPT_V_COUNT; v++) {
		const char *name = spt_verdict_name((enum spt_verdict)v);

		assert_true(name != NULL && strlen(name) > 0);
		assert_true(strlen(spt_verdict_text((enum spt_verdict)v)) > 0);
		for (int w = 0; w < v; w++)
			assert_string_not_equal(name, spt_verdict_name((enum spt_verdict)w));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_seq_compares_around_the_wrap),
	    cmocka_unit_test(test_addr_holds_both_families),
	    cmocka_unit_test(test_flow_keys_differ_in_every_byte_but_pad),
	    cmocka_unit_test(test_siphash24_reference_vectors),
	    cmocka_unit_test(test_prf_of_addresses),
	    cmocka_unit_test(test_siphash13_of_three_words),
	    cmocka_unit_test(test_mem_is_zeroed_aligned_and_given_back),
	    cmocka_unit_test(test_mem_refuses_what_there_is_not),
	    cmocka_unit_test(test_pool_hands_out_each_object_once),
	    cmocka_unit_test(test_pool_refuses_cleanly),
	    cmocka_unit_test(test_ratelimit16_is_never_early),
	    cmocka_unit_test(test_ratelimit16_gives_burst_then_rate),
	    cmocka_unit_test(test_ratelimit16_costs),
	    cmocka_unit_test(test_ratelimit_keeps_rate_and_burst),
	    cmocka_unit_test(test_verdicts_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

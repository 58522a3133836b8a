/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies as functions: what a SYN offered comes back, for so long and for nobody else; and
 * their bits tell nothing to whom has no key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <base/addr.h>
#include <base/seq.h>
#include <tcp/syncookie.h>

#define SEC   SPT_NS_PER_SEC
#define WALL  (UINT64_C(1700000000) * SEC) /* an epoch began 0 s ago: divisible by 64 */
#define START (5 * SEC)

static const struct siphash_key master = {UINT64_C(0x0123456789abcdef), 42};

static uint32_t
issue(struct syncookie *sc, const struct syncookie_flow *f, const struct syncookie_options *o,
    spt_time now)
{
	syncookie_issued(sc, now);
	return syncookie_issue(sc, f, o);
}

static struct syncookie_flow
flow_v4(void)
{
	return (struct syncookie_flow){
	    .remote = {.b = {[10] = 0xff, 0xff, 198, 18, 7, 9}},
	    .local = {.b = {[10] = 0xff, 0xff, 192, 0, 2, 1}},
	    .rport = RTE_BE16(40000),
	    .lport = RTE_BE16(80),
	    .irs = 0xfffffff0,
	};
}

static struct syncookie_flow
flow_v6(void)
{
	struct syncookie_flow f = flow_v4();

	f.remote = (struct spt_addr){.b = {0x20, 0x01, 0x0d, 0xb8, [15] = 7}};
	f.local = (struct spt_addr){.b = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	return f;
}

static struct syncookie
make(bool shared)
{
	struct syncookie sc;

	syncookie_init(&sc, master, WALL - START, shared, START);
	return sc;
}

/* The check as a connection would ask it: 'tsecr' is what our SYN-ACK said. */
static enum syncookie_verdict
check_at(struct syncookie *sc, const struct syncookie_flow *f, uint32_t iss,
    const struct syncookie_options *asked, spt_time now, struct syncookie_options *got)
{
	uint32_t sent = syncookie_tsval(asked, 5000), tsval = (uint32_t)(now / SPT_NS_PER_MS);

	enum syncookie_verdict v;

	syncookie_set_now(sc, now);
	v = syncookie_check(sc, f, iss, asked->timestamps, sent, now, got);
	return asked->timestamps && v == SYNCOOKIE_VALID && !syncookie_echo_fits(sc, sent, tsval)
	           ? SYNCOOKIE_FORGED
	           : v;
}

static void
round_trip(const struct syncookie_flow *f, const struct syncookie_options *o)
{
	struct syncookie sc = make(false);
	struct syncookie_options got = {0};
	uint32_t iss = issue(&sc, f, o, START);

	assert_int_equal(check_at(&sc, f, iss, o, START + SEC, &got), SYNCOOKIE_VALID);
	assert_int_equal(got.timestamps, o->timestamps);
	assert_int_equal(got.sack, o->sack);
	assert_int_equal(got.ecn, o->ecn);
	assert_true(got.mss <= o->mss);
	if (o->timestamps || o->wscale == SYNCOOKIE_NO_WSCALE)
		assert_int_equal(got.wscale, o->wscale);
	else
		assert_true(got.wscale <= o->wscale);
}

/* Every combination of options, with timestamps and without, of both families. */
static void
test_options_come_back(void **state)
{
	static const uint16_t mss[] = {216, 217, 535, 536, 1220, 1380, 1459, 1460, 8999, 65535};
	const struct syncookie_flow flows[] = {flow_v4(), flow_v6()};

	(void)state;
	for (unsigned int n = 0; n < 2 * RTE_DIM(mss) * 16 * 8; n++) {
		const struct syncookie_options o = {
		    .mss = mss[n / 2 % RTE_DIM(mss)],
		    .wscale = (uint8_t)(n / 2 / RTE_DIM(mss) % 16),
		    .sack = n / 2 / RTE_DIM(mss) / 16 & 1,
		    .ecn = n / 2 / RTE_DIM(mss) / 32 & 1,
		    .timestamps = n / 2 / RTE_DIM(mss) / 64 & 1,
		};

		assert_true(syncookie_fits(&o, n % 2 == 0));
		round_trip(&flows[n % 2], &o);
	}
}

/* MSS and shifts that most peers send come back as they are. */
static void
test_common_values_are_exact(void **state)
{
	static const uint8_t shifts[] = {0, 2, 4, 6, 7, 8, SYNCOOKIE_NO_WSCALE};
	static const uint16_t mss[2][3] = {{536, 1440, 1460}, {1220, 1420, 1440}};
	struct syncookie_options o = {.sack = true}, got;
	struct syncookie sc = make(false);

	(void)state;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct syncookie_flow f = v6 ? flow_v6() : flow_v4();

		for (unsigned int i = 0; i < 3 * RTE_DIM(shifts); i++) {
			o.mss = mss[v6][i % 3];
			o.wscale = shifts[i / 3];
			assert_int_equal(
			    check_at(&sc, &f, issue(&sc, &f, &o, START), &o, START, &got),
			    SYNCOOKIE_VALID);
			assert_int_equal(got.mss, o.mss);
			assert_int_equal(got.wscale, o.wscale);
		}
	}
	o.mss = 215;
	assert_false(syncookie_fits(&o, true));
}

/* Good for one epoch at least and two at most; then stale, and at last nobody asks. */
static void
test_life(void **state)
{
	const struct syncookie_options o = {.mss = 1460, .wscale = 7};
	struct syncookie_flow f = flow_v4();
	struct syncookie_options got;

	(void)state;
	for (spt_time late = 0; late < SYNCOOKIE_EPOCH; late += SYNCOOKIE_EPOCH / 8) {
		spt_time at = START + late, end = START + 2 * SYNCOOKIE_EPOCH;
		struct syncookie sc = make(false);
		uint32_t iss;

		syncookie_set_now(&sc, at);
		iss = issue(&sc, &f, &o, at);
		for (spt_time t = at; t < end; t += SYNCOOKIE_EPOCH / 16)
			assert_int_equal(check_at(&sc, &f, iss, &o, t, &got), SYNCOOKIE_VALID);
		if (late > 0)
			assert_int_equal(check_at(&sc, &f, iss, &o, end, &got), SYNCOOKIE_STALE);
		assert_int_equal(check_at(&sc, &f, iss, &o, at + 2 * SYNCOOKIE_EPOCH, &got),
		    SYNCOOKIE_NONE_ISSUED);
		/* Others are issued, the number of the epoch is the same again: not the key. */
		issue(&sc, &f, &o, at + 4 * SYNCOOKIE_EPOCH);
		assert_int_equal(
		    check_at(&sc, &f, iss, &o, at + 4 * SYNCOOKIE_EPOCH, &got), SYNCOOKIE_FORGED);
	}
}

static void
test_none_issued(void **state)
{
	const struct syncookie_options o = {.mss = 1460};
	struct syncookie sc = make(false), other = make(false);
	struct syncookie_flow f = flow_v4();
	struct syncookie_options got;
	uint32_t iss = issue(&other, &f, &o, START);

	(void)state;
	assert_int_equal(check_at(&sc, &f, iss, &o, START, &got), SYNCOOKIE_NONE_ISSUED);
}

/* Whatever names the flow is vouched for; so is who of the two is which, and the layout. */
static void
test_another_flow_is_forged(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		const struct syncookie_options o = {.mss = 1440, .timestamps = i & 1};
		struct syncookie sc = make(false);
		struct syncookie_options got, turned = o;
		struct syncookie_flow f = i & 2 ? flow_v6() : flow_v4(), g;
		uint32_t iss = issue(&sc, &f, &o, START);

		(void)state;
		for (unsigned int bit = 0; bit < 8 * (16 + 16 + 8); bit++) {
			g = f;
			((uint8_t *)&g)[bit / 8] ^= 1 << bit % 8;
			if (!(i & 2) && !addr_is_v4(&g.local))
				continue; /* no connection has two families */
			assert_int_equal(check_at(&sc, &g, iss, &o, START, &got), SYNCOOKIE_FORGED);
		}
		g = f;
		g.remote = f.local;
		g.local = f.remote;
		assert_int_equal(check_at(&sc, &g, iss, &o, START, &got), SYNCOOKIE_FORGED);
		turned.timestamps = !o.timestamps;
		assert_int_equal(check_at(&sc, &f, iss, &turned, START, &got), SYNCOOKIE_FORGED);
	}
}

/* Each bit of the MAC counts. The fields are the peer's own affair (see syncookie.h). */
static void
test_altered_number(void **state)
{
	for (unsigned int timestamps = 0; timestamps < 2; timestamps++) {
		const struct syncookie_options o = {.mss = 1460, .timestamps = timestamps};
		unsigned int mac = timestamps ? 27 : 22;
		struct syncookie sc = make(false);
		struct syncookie_flow f = flow_v4();
		struct syncookie_options got;
		uint32_t iss = issue(&sc, &f, &o, START);

		(void)state;
		for (unsigned int bit = 0; bit < 32; bit++) {
			enum syncookie_verdict v =
			    check_at(&sc, &f, iss ^ UINT32_C(1) << bit, &o, START, &got);

			if (bit < mac)
				assert_int_equal(v, SYNCOOKIE_FORGED);
			else if (bit < 30)
				assert_int_equal(v, SYNCOOKIE_VALID);
			else
				assert_int_not_equal(v, SYNCOOKIE_VALID);
		}
	}
}

/* The echoed timestamp must be one that we can have sent within a cookie's life. */
static void
test_echo(void **state)
{
	const struct syncookie_options o = {.mss = 1460, .wscale = 7, .timestamps = true};
	struct syncookie sc = make(false), shared = make(true);

	(void)state;
	for (uint32_t now_ms = 0; now_ms < 3; now_ms++) {
		uint32_t now = now_ms - 1;

		assert_true(syncookie_echo_fits(&sc, syncookie_tsval(&o, now), now));
		assert_false(syncookie_echo_fits(&sc, now + 1, now));
		assert_true(syncookie_echo_fits(&sc, now - 128000, now));
		assert_false(syncookie_echo_fits(&sc, now - 129000, now));
		/* Another host's clock may be ahead, or behind, by 16 s. */
		assert_true(syncookie_echo_fits(&shared, now + 16000, now));
		assert_false(syncookie_echo_fits(&shared, now + 16001, now));
		assert_true(syncookie_echo_fits(&shared, now - 144000, now));
		assert_false(syncookie_echo_fits(&shared, now - 145000, now));
	}
}

/* Never later than the clock, never by more than 127 ms earlier; it holds the options. */
static void
test_tsval(void **state)
{
	(void)state;
	for (uint32_t tsval = UINT32_MAX - 300; tsval != 300; tsval++) {
		for (unsigned int bits = 0; bits < 64; bits++) {
			const struct syncookie_options o = {
			    .wscale = bits >> 2, .sack = bits >> 1 & 1, .ecn = bits & 1};
			uint32_t told = syncookie_tsval(&o, tsval);

			assert_int_equal(told % 64, bits);
			assert_in_range(tsval - told, 0, 63);
		}
	}
}

/*
 * Hosts that share a secret complete each other's handshakes, also with clocks 16 s apart and
 * engines that began at other times; hosts that do not share one never.
 */
static void
test_shared(void **state)
{
	const struct syncookie_options o = {.mss = 1460, .wscale = 7, .timestamps = true};
	struct syncookie_flow f = flow_v4();
	struct syncookie a, b, alone;
	struct syncookie_options got;

	(void)state;
	syncookie_init(&a, master, WALL, true, 0);
	syncookie_init(&b, master, WALL - 1000 * SEC - 16 * SEC, true, 1000 * SEC);
	syncookie_init(&alone, (struct siphash_key){1, 2}, WALL, true, 0);
	for (spt_time t = 0; t < 5 * SYNCOOKIE_EPOCH; t += SEC) {
		/* wall-clock of a: WALL + t; of b 16 s less */
		uint32_t wall_ms = (uint32_t)((WALL + t) / SPT_NS_PER_MS), iss;

		syncookie_set_now(&a, t);
		syncookie_set_now(&b, 1000 * SEC + t);
		syncookie_set_now(&alone, t);
		iss = issue(&a, &f, &o, t);
		assert_int_equal(
		    syncookie_check(&b, &f, iss, true, 0, 1000 * SEC + t, &got), SYNCOOKIE_VALID);
		assert_true(syncookie_echo_fits(&b, syncookie_tsval(&o, wall_ms), wall_ms - 16000));
		iss = issue(&b, &f, &o, 1000 * SEC + t);
		assert_int_equal(syncookie_check(&a, &f, iss, true, 0, t, &got), SYNCOOKIE_VALID);
		assert_true(syncookie_echo_fits(&a, syncookie_tsval(&o, wall_ms - 16000), wall_ms));
		assert_int_not_equal(
		    syncookie_check(&alone, &f, iss, true, 0, t, &got), SYNCOOKIE_VALID);
	}
}

/* No key twice, neither in time nor for another master secret. */
static void
test_keys_never_repeat(void **state)
{
	enum { EPOCHS = 2000 };
	struct siphash_key *seen = calloc(2 * EPOCHS, sizeof(*seen));
	struct syncookie sc = make(false), other;

	(void)state;
	syncookie_init(
	    &other, (struct siphash_key){master.k0, master.k1 + 1}, sc.wall_offset, false, START);
	for (unsigned int i = 0; i < EPOCHS; i++) {
		spt_time now = START + i * SYNCOOKIE_EPOCH;

		syncookie_set_now(&sc, now);
		syncookie_set_now(&other, now);
		seen[2 * i] = sc.key[sc.epoch % 4];
		seen[2 * i + 1] = other.key[other.epoch % 4];
	}
	for (unsigned int i = 0; i < 2 * EPOCHS; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_false(seen[i].k0 == seen[j].k0 || seen[i].k1 == seen[j].k1);
	free(seen);
}

/*
 * For flows that differ by one in the port, each bit below the epoch is set in half of the
 * numbers, any two differ in half of them, and no step from one to the next is common.
 */
static void
test_bits_look_random(void **state)
{
	enum { N = 1 << 15 };
	const struct syncookie_options o = {.mss = 1460, .wscale = 7, .sack = true};
	unsigned int set[30] = {0}, flipped[30] = {0};
	struct syncookie sc = make(false);
	struct syncookie_flow f = flow_v4();
	uint32_t last = 0;

	(void)state;
	for (unsigned int i = 0; i < N; i++) {
		uint32_t iss;

		f.rport = (uint16_t)i;
		iss = issue(&sc, &f, &o, START);
		for (unsigned int bit = 0; bit < 30; bit++) {
			set[bit] += iss >> bit & 1;
			flipped[bit] += (iss ^ last) >> bit & 1;
		}
		last = iss;
	}
	/* six standard deviations of a fair coin: sqrt(N) / 2 each */
	for (unsigned int bit = 0; bit < 30; bit++) {
		assert_in_range(set[bit], N / 2 - 543, N / 2 + 543);
		assert_in_range(flipped[bit], N / 2 - 543, N / 2 + 543);
	}
}

/* A number guessed at random is taken as often as 22 bits of MAC and two epochs of four say. */
static void
test_guesses(void **state)
{
	enum { SHIFT = 25 };
	const struct syncookie_options o = {.mss = 1460};
	struct syncookie sc = make(false);
	struct syncookie_flow f = flow_v4();
	struct syncookie_options got;
	unsigned int taken = 0;
	uint32_t guess = 1;

	(void)state;
	issue(&sc, &f, &o, START);
	for (unsigned int i = 0; i < 1u << SHIFT; i++) {
		guess = guess * 1664525 + 1013904223; /* every number once in 2^32 */
		taken += syncookie_check(&sc, &f, guess, false, 0, START, &got) == SYNCOOKIE_VALID;
	}
	/* 2^25 / 2^22 / 2 = 4 */
	assert_in_range(taken, 0, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_options_come_back),
	    cmocka_unit_test(test_common_values_are_exact),
	    cmocka_unit_test(test_life),
	    cmocka_unit_test(test_none_issued),
	    cmocka_unit_test(test_another_flow_is_forged),
	    cmocka_unit_test(test_altered_number),
	    cmocka_unit_test(test_echo),
	    cmocka_unit_test(test_tsval),
	    cmocka_unit_test(test_shared),
	    cmocka_unit_test(test_keys_never_repeat),
	    cmocka_unit_test(test_bits_look_random),
	    cmocka_unit_test(test_guesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

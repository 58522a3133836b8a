/* SPDX-License-Identifier: BSD-3-Clause */
/* The impairment wrapper's command line form: good strings, and what is said about bad ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <septet/port.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *text;
	struct spt_impair_config expected;
} good[] = {
    {"loss=2%", {.rx.loss_ppm = 20000, .tx.loss_ppm = 20000}},
    {"loss=0%", {.seed = 0}},
    {"loss=100%", {.rx.loss_ppm = 1000000, .tx.loss_ppm = 1000000}},
    {"loss=0.0001%", {.rx.loss_ppm = 1, .tx.loss_ppm = 1}},
    {"loss=0.00010000%", {.rx.loss_ppm = 1, .tx.loss_ppm = 1}},
    {"loss=250ppm", {.rx.loss_ppm = 250, .tx.loss_ppm = 250}},
    {"duplicate=1%", {.rx.duplicate_ppm = 10000, .tx.duplicate_ppm = 10000}},
    {"corrupt=0.1%", {.rx.corrupt_ppm = 1000, .tx.corrupt_ppm = 1000}},
    {"reorder=0.5%", {.rx.reorder_ppm = 5000, .tx.reorder_ppm = 5000}},
    {"reorder-delay=3us", {.rx.reorder_ns = 3000, .tx.reorder_ns = 3000}},
    {"delay=20ms", {.rx.delay_ns = 20000000, .tx.delay_ns = 20000000}},
    {"delay=1.5s", {.rx.delay_ns = 1500000000, .tx.delay_ns = 1500000000}},
    {"jitter=7ns", {.rx.jitter_ns = 7, .tx.jitter_ns = 7}},
    {"delay=3600s",
        {.rx.delay_ns = UINT64_C(3600000000000), .tx.delay_ns = UINT64_C(3600000000000)}},
    {"rate=100Mbit", {.rx.rate_bps = 100000000, .tx.rate_bps = 100000000}},
    {"rate=2.5gbit", {.rx.rate_bps = UINT64_C(2500000000), .tx.rate_bps = UINT64_C(2500000000)}},
    {"rate=64kbit", {.rx.rate_bps = 64000, .tx.rate_bps = 64000}},
    {"rate=1bit", {.rx.rate_bps = 1, .tx.rate_bps = 1}},
    {"queue=1000", {.rx.queue_limit = 1000, .tx.queue_limit = 1000}},
    {"burst-loss=1%:4", {.rx = {.burst_ppm = 10000, .burst_frames = 4},
                            .tx = {.burst_ppm = 10000, .burst_frames = 4}}},
    {"tx.burst-loss=50%:1", {.tx = {.burst_ppm = 500000, .burst_frames = 1}}},
    {"buffer=100", {.rx.buffer_frames = 100, .tx.buffer_frames = 100}},
    {"rx.buffer=1500B", {.rx.buffer_bytes = 1500}},
    {"tx.buffer=62.5kB", {.tx.buffer_bytes = 62500}},
    {"tx.buffer=5,tx.buffer=1MB", {.tx.buffer_bytes = 1000000}},
    {"tx.buffer=1MB,tx.buffer=5", {.tx.buffer_frames = 5}},
    {"ecn=20", {.rx.ecn_threshold = 20, .tx.ecn_threshold = 20}},
    {"ce=1%", {.rx.ce_ppm = 10000, .tx.ce_ppm = 10000}},
    {"seed=18446744073709551615", {.seed = UINT64_MAX}},
    {"rx.loss=1%", {.rx.loss_ppm = 10000}},
    {"tx.delay=1ms, rx.rate=1Gbit", {.tx.delay_ns = 1000000, .rx.rate_bps = 1000000000}},
    {"loss=1%,tx.loss=3%", {.rx.loss_ppm = 10000, .tx.loss_ppm = 30000}},
    {"loss=2%,delay=20ms,jitter=1ms,reorder=0.5%,duplicate=1%,corrupt=0.1%,rate=100Mbit,"
     "queue=1000,seed=7",
        {.seed = 7,
            .rx = {20000, 10000, 1000, 5000, 0, 20000000, 1000000, 100000000, 1000, 0, 0, 0, 0, 0,
                0},
            .tx = {20000, 10000, 1000, 5000, 0, 20000000, 1000000, 100000000, 1000, 0, 0, 0, 0, 0,
                0}}},
};

/* The fault and the words that the message must have: what was wrong, what was expected. */
static const struct {
	const char *text;
	const char *wrong;
	const char *expected;
} bad[] = {
    {"", "missing", "loss=2%"},
    {",loss=2%", "missing", "loss=2%"},
    {"loss=2%,", "missing", "loss=2%"},
    {"loss=2%,,delay=1ms", "missing", "loss=2%"},
    {"loss", "\"loss\"", "name=value"},
    {"lose=2%", "\"lose\" is no impairment", "duplicate"},
    {"rx.seed=2", "\"rx.seed\" is no impairment", "and seed"},
    {"xx.loss=2%", "\"xx.loss\" is no impairment", "rx. or tx."},
    {"loss=", "loss=:", "such as 2%"},
    {"loss=2", "loss=2:", "such as 2%"},
    {"loss=-2%", "loss=-2%:", "from 0% to 100%"},
    {"loss=100.0001%", "loss=100.0001%:", "from 0% to 100%"},
    {"loss=0.00001%", "loss=0.00001%:", "not finer than 0.0001%"},
    {"loss=1000001ppm", "loss=1000001ppm:", "from 0% to 100%"},
    {"loss=2 %", "loss=2 %:", "such as 2%"},
    {"loss=.%", "loss=.%:", "such as 2%"},
    {"loss=1.%", "loss=1.%:", "such as 2%"},
    {"loss=.5%", "loss=.5%:", "such as 2%"},
    {"loss=1.2.3%", "loss=1.2.3%:", "such as 2%"},
    {"loss=2%x", "loss=2%x:", "such as 2%"},
    {"delay=20", "delay=20:", "unit (ns, us, ms, s)"},
    {"delay=20m", "delay=20m:", "unit (ns, us, ms, s)"},
    {"delay=0.5ns", "delay=0.5ns:", "unit (ns, us, ms, s)"},
    {"delay=3600.000000001s", "delay=3600.000000001s:", "up to 3600s"},
    {"reorder-delay=0ms", "reorder-delay=0ms:", "not 0"},
    {"rate=0bit", "rate=0bit:", "from 1bit"},
    {"rate=1001Gbit", "rate=1001Gbit:", "to 1000Gbit"},
    {"rate=100Mbyte", "rate=100Mbyte:", "100Mbit"},
    {"rate=99999999999999999999999Gbit", "Gbit:", "to 1000Gbit"},
    {"rate=18446744073709551616bit", "bit:", "to 1000Gbit"},
    {"queue=0", "queue=0:", "from 1 to 1000000"},
    {"queue=1e3", "queue=1e3:", "number of frames"},
    {"queue=10.5", "queue=10.5:", "number of frames"},
    {"burst-loss=1%", "burst-loss=1%:", "such as 1%:4"},
    {"burst-loss=1:4", "burst-loss=1:4:", "such as 1%:4"},
    {"burst-loss=1%:", "burst-loss=1%::", "such as 1%:4"},
    {"burst-loss=1%:0", "burst-loss=1%:0:", "from 1 to 1000000"},
    {"burst-loss=1%:1000001", "burst-loss=1%:1000001:", "from 1 to 1000000"},
    {"burst-loss=50.0001%:1", "burst-loss=50.0001%:1:", "frames between them"},
    {"burst-loss=100%:1000000", "burst-loss=100%:1000000:", "frames between them"},
    {"buffer=0", "buffer=0:", "from 1 to 1000000"},
    {"buffer=1000001", "buffer=1000001:", "from 1 to 1000000"},
    {"buffer=0B", "buffer=0B:", "such as 150KB"},
    {"buffer=1001MB", "buffer=1001MB:", "up to 1000MB"},
    {"buffer=5GB", "buffer=5GB:", "B, KB, MB"},
    {"ecn=0", "ecn=0:", "from 1 to 1000000"},
    {"ce=101%", "ce=101%:", "from 0% to 100%"},
    {"seed=-1", "seed=-1:", "below 2^64"},
    {"seed=18446744073709551616", "seed=18446744073709551616:", "below 2^64"},
    {"loss=00000000000000000000000000000000000000000000000000000000000002%", "too long",
        "name=value"},
};

static void
test_good(void **state)
{
	struct spt_impair_config config;
	char error[256];
	size_t i;

	for (i = 0; i < LEN(good); i++) {
		memset(&config, 0, sizeof(config));
		strcpy(error, "untouched");
		if (spt_impair_parse(good[i].text, &config, error, sizeof(error)) != 0)
			fail_msg("%s: %s", good[i].text, error);
		assert_string_equal(error, "untouched");
		assert_int_equal(config.seed, good[i].expected.seed);
		assert_memory_equal(&config.rx, &good[i].expected.rx, sizeof(config.rx));
		assert_memory_equal(&config.tx, &good[i].expected.tx, sizeof(config.tx));
	}
}

static void
test_bad(void **state)
{
	struct spt_impair_config config, before;
	char error[256], tight[9];
	size_t i;

	memset(&before, 0x5a, sizeof(before));
	for (i = 0; i < LEN(bad); i++) {
		config = before;
		error[0] = '\0';
		assert_int_equal(
		    spt_impair_parse(bad[i].text, &config, error, sizeof(error)), -EINVAL);
		if (strstr(error, bad[i].wrong) == NULL || strstr(error, bad[i].expected) == NULL ||
		    strchr(error, '\n') != NULL)
			fail_msg("'%s' drew: %s", bad[i].text, error);
		assert_memory_equal(&config, &before, sizeof(config));
		/* However little room there is. */
		assert_int_equal(
		    spt_impair_parse(bad[i].text, &config, tight, sizeof(tight)), -EINVAL);
		assert_memory_equal(tight, error, sizeof(tight) - 1);
		assert_int_equal(tight[8], '\0');
	}
}

/* What the text does not name stays as the caller had it. */
static void
test_rest_is_kept(void **state)
{
	struct spt_impair_config config = {.seed = 5, .rx.loss_ppm = 1, .tx.delay_ns = 2};
	char error[256];

	assert_int_equal(spt_impair_parse("tx.loss=1ppm", &config, error, sizeof(error)), 0);
	assert_int_equal(config.seed, 5);
	assert_int_equal(config.rx.loss_ppm, 1);
	assert_int_equal(config.tx.loss_ppm, 1);
	assert_int_equal(config.tx.delay_ns, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_rest_is_kept),
	};

	return cmocka_run_group_tests_name("port: impairment parser", tests, NULL, NULL);
}

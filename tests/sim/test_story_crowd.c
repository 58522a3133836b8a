/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thousand connections that end at one instant: by RST, by FIN, by a crash whose RSTs come back,
 * by silence until R2, by silence until keep-alives give up, out of FIN-WAIT-2 and of TIME-WAIT.
 * All timers fall into one tick; nobody says more than his share, all are told, nothing is left.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/story.h>

#define CROWD 1000

static struct story_end *opener[CROWD], *other[CROWD];

static void
gather(int family, bool timestamps, struct story_config *config)
{
	config->family = family;
	config->delay = SPT_NS_PER_MS;
	config->connections = CROWD;
	config->options[0].no_timestamps = config->options[1].no_timestamps = !timestamps;
	story_begin(config);
	for (unsigned int i = 0; i < CROWD; i++)
		opener[i] = story_connect(0, (uint16_t)(10000 + i), STORY_PORT);
	story_run_ms(100);
	for (unsigned int i = 0; i < CROWD; i++) {
		other[i] = story_other(opener[i]);
		story_check(other[i] != NULL && other[i]->open);
		story_check(opener[i]->events & SPT_CONNECTED);
	}
}

/* All were told this reason, of one side. */
static void
all_told(struct story_end *const end[CROWD], int reason)
{
	for (unsigned int i = 0; i < CROWD; i++) {
		story_check(!end[i]->open);
		story_check_eq(end[i]->reason, reason);
	}
}

static void
nothing_left(void)
{
	for (unsigned int s = 0; s < 2; s++) {
		struct spt_stats stats = story_stats(s);

		story_check_eq(stats.connections + stats.half_open + stats.timewait, 0);
		story_check_eq(stats.pinned_mbufs, 0);
		story_check_eq(stats.source_tuples, 0);
		story_check(spt_engine_check(story_engine(s)) == NULL);
	}
	story_end();
}

/* RFC 9293 3.10.5: a RST each, and none comes back. */
static void
test_all_aborted(void **state)
{
	struct story_config config = {0};
	unsigned int since;

	gather(4, true, &config);
	since = story_segments();
	for (unsigned int i = 0; i < CROWD; i++)
		assert_int_equal(spt_abort(story_engine(1), other[i]->conn), 0);
	story_run_ms(100);
	story_check_eq(story_segments() - since, CROWD);
	all_told(other, -ECONNABORTED);
	all_told(opener, -ECONNRESET);
	nothing_left();
}

/* RFC 9293 3.6: three or four segments each; TIME-WAIT of all ends within one tick. */
static void
test_all_closed(void **state)
{
	for (unsigned int both = 0; both < 2; both++) {
		struct story_config config = {.close_on_fin = !both};
		unsigned int since;

		gather(6, false, &config);
		since = story_segments();
		for (unsigned int i = 0; i < CROWD; i++) {
			assert_int_equal(spt_close(story_engine(0), opener[i]->conn), 0);
			if (both)
				assert_int_equal(spt_close(story_engine(1), other[i]->conn), 0);
		}
		story_run_s(1);
		story_check(story_segments() - since >= (both ? 4 : 3) * CROWD);
		story_check(story_segments() - since <= 4 * CROWD);
		all_told(opener, 0);
		all_told(other, 0);
		story_check_eq(story_stats(0).timewait, CROWD);
		since = story_segments();
		story_run_s(58);
		story_check_eq(story_stats(0).timewait, CROWD);
		story_run_s(2);
		story_check_eq(story_stats(0).timewait_expired, CROWD);
		story_check_eq(story_segments() - since, 0);
		nothing_left();
	}
}

/*
 * The server crashed and is back: the data of all draws RSTs (RFC 9293 3.5.2, group 1) as far as
 * those are limited; who got none asks again when his timer says so.
 */
static void
test_server_reborn(void **state)
{
	struct story_config config = {0};
	unsigned int since, seconds = 0, left = CROWD;

	gather(4, true, &config);
	story_crash(1);
	since = story_segments();
	for (unsigned int i = 0; i < CROWD; i++)
		story_send(opener[i], 100);
	while (left > 0 && seconds++ < 100) {
		story_run_s(1);
		left = 0;
		for (unsigned int i = 0; i < CROWD; i++)
			left += opener[i]->open;
	}
	story_check_eq(left, 0);
	all_told(opener, -ECONNRESET);
	story_check_eq(story_count(since, 1, P_RST), CROWD);
	story_check_eq(story_count(since, 0, P_RST), 0);
	story_check(story_segments() - since <= 4 * CROWD);
	nothing_left();
}

/* Silence: all have data out, all retransmit at once, and R2 (RFC 9293 3.8.3) ends all at once. */
static void
test_silence_with_data(void **state)
{
	struct story_config config = {0};
	unsigned int since;

	gather(6, true, &config);
	story_cut(0, true);
	story_cut(1, true);
	since = story_segments();
	for (unsigned int i = 0; i < CROWD; i++)
		story_send(opener[i], 100);
	story_run_s(99);
	for (unsigned int i = 0; i < CROWD; i++)
		story_check(opener[i]->open);
	/* a probe (RFC 8985 7.2), then RTO 200 ms, doubled: 0.4, 0.8, ... 51.2 s (RFC 6298 5.5) */
	story_check_eq(story_segments() - since, CROWD * (1 + 1 + 8));
	story_run_s(101);
	all_told(opener, -ETIMEDOUT);
	/* One more each, or none, and a RST. */
	story_check(story_segments() - since <= CROWD * (1 + 1 + 9 + 1));
	story_check_eq(story_count(since, 0, P_RST), CROWD);
	story_cut(0, false);
	story_cut(1, false);
	story_check_eq(story_count(since, 1, P_ACK), 0);
	/* The others know nothing of it, until they speak. */
	since = story_segments();
	for (unsigned int i = 0; i < CROWD; i++)
		story_send(other[i], 10);
	story_run_s(60);
	all_told(other, -ECONNRESET);
	story_check_eq(story_count(since, 0, P_RST), CROWD);
	nothing_left();
}

/* Silence, and nothing to send: keep-alives (RFC 9293 3.8.4), of all at once, and the end. */
static void
test_silence_and_keepalives(void **state)
{
	struct story_config config = {.options = {{.keepalive = true}, {.keepalive = true}}};
	unsigned int since;

	gather(4, false, &config);
	story_cut(0, true);
	story_cut(1, true);
	since = story_segments();
	story_run_s(7200 + 9 * 75 + 1);
	all_told(opener, -ETIMEDOUT);
	all_told(other, -ETIMEDOUT);
	/* 9 probes and a RST of either end */
	story_check_eq(story_segments() - since, 2 * CROWD * 10);
	nothing_left();
}

/* FIN-WAIT-2 after spt_close ends within one tick for all; the other end asks later: RST. */
static void
test_fin_wait_2(void **state)
{
	struct story_config config = {0};
	unsigned int since;

	gather(6, false, &config);
	for (unsigned int i = 0; i < CROWD; i++)
		assert_int_equal(spt_close(story_engine(0), opener[i]->conn), 0);
	story_run_s(1);
	since = story_segments();
	story_run_s(60);
	all_told(opener, -ETIMEDOUT);
	story_check_eq(story_segments() - since, 0);
	for (unsigned int i = 0; i < CROWD; i++)
		assert_int_equal(spt_close(story_engine(1), other[i]->conn), 0);
	story_run_s(60);
	/* In LAST-ACK: the RST says that nobody waits any more (3.10.7.4, second). */
	all_told(other, 0);
	story_check_eq(story_count(since, 0, P_RST), CROWD);
	story_check(story_segments() - since <= 4 * CROWD);
	nothing_left();
}

/* A thousand half-open: the last ACKs of all are lost; the series of SYN-ACKs, then all give up. */
static void
test_half_open(void **state)
{
	struct story_config config = {
	    .family = 4,
	    .delay = SPT_NS_PER_MS,
	    .connections = CROWD,
	    .config.syn_cookies = SPT_COOKIES_NEVER,
	};
	unsigned int since;

	story_begin(&config);
	story_cut(1, true); /* no SYN-ACK arrives */
	for (unsigned int i = 0; i < CROWD; i++)
		opener[i] = story_connect(0, (uint16_t)(10000 + i), STORY_PORT);
	story_run_ms(10);
	story_cut(0, true); /* nor does another SYN */
	story_check_eq(story_stats(1).half_open, CROWD);
	story_run_s(64);
	story_check_eq(story_stats(1).half_open_expired, CROWD);
	story_check_eq(story_count(0, 1, P_SYN), 6 * CROWD);
	since = story_segments();
	story_run_s(121);
	all_told(opener, -ETIMEDOUT);
	story_check_eq(story_count(0, 0, P_SYN), 8 * CROWD);
	story_check_eq(story_count(since, 1, 0), 0);
	nothing_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_aborted),
	    cmocka_unit_test(test_all_closed),
	    cmocka_unit_test(test_server_reborn),
	    cmocka_unit_test(test_silence_with_data),
	    cmocka_unit_test(test_silence_and_keepalives),
	    cmocka_unit_test(test_fin_wait_2),
	    cmocka_unit_test(test_half_open),
	};

	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}
